"""Coordinates as people write them: decimal degrees, degrees with minutes, one cell or two.

Nothing is set right: swapped, projected or zero coordinates count as unknown, with a fault.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Literal

from venuenet.sources.values import Unclear, is_blank

Axis = Literal["lon", "lat"]

_SIGNS = str.maketrans({
    "º": "°", "˚": "°", "度": "°", "’": "'", "‘": "'", "′": "'", "´": "'", "`": "'", "分": "'",
    "”": '"', "“": '"', "″": '"', "秒": '"', "−": "-", "，": ",", "；": ";", "：": ":",
})  # fmt: skip
_SIDES: dict[str, tuple[Axis, float]] = {
    "东经": ("lon", 1), "西经": ("lon", -1), "北纬": ("lat", 1), "南纬": ("lat", -1),
    "E": ("lon", 1), "W": ("lon", -1), "N": ("lat", 1), "S": ("lat", -1),
    "经°": ("lon", 1), "纬°": ("lat", 1), "LON": ("lon", 1), "LNG": ("lon", 1), "LAT": ("lat", 1),
    "X": ("lon", 1), "Y": ("lat", 1),
}  # fmt: skip
_SIDE = "|".join(sorted(_SIDES, key=len, reverse=True))
_ANGLE = re.compile(
    rf"(?:(?P<before>{_SIDE})[\s:=\"']*)?(?P<sign>[+-])?\s*(?P<degrees>\d{{1,9}}(?:\.\d{{1,20}})?)\s*°?"
    r"(?:(?<=°)\s*(?P<minutes>\d{1,2}(?:\.\d{1,20})?)\s*'(?!')"
    r"(?:\s*(?P<seconds>\d{1,2}(?:\.\d{1,20})?)\s*(?:\"|'')?)?)?"
    rf"(?:\s*(?P<after>[EWNS])(?![A-Z]))?"
)
_DECIMAL = re.compile(r"-?[0-9]{1,9}\.[0-9]{1,20}")
_NOT_FINITE = re.compile(r"[+-]?(?:NAN|INF(?:INITY)?)")
_AROUND = re.compile(r"POINT|[\s,;/|()\[\]{}:=\"']|和|与")


def angle(text: str, axis: Axis) -> float | None:
    """Read one coordinate: 116.39, E116.39, 116°23′30″E, 东经116度23分30秒.

    Returns degrees as written, whatever their size (see :func:`checked`), None for a blank.

    Raises
    ------
    Unclear
        It cannot be read, or names the other axis.
    """
    if _DECIMAL.fullmatch(text):
        return float(text)
    folded = _folded(text)
    if not folded:
        return None
    if _NOT_FINITE.fullmatch(folded):
        raise Unclear("not_finite")
    found = _ANGLE.fullmatch(folded)
    if found is None:
        raise Unclear("coordinate")
    side, value = _value(found)
    if side not in (None, axis):
        raise Unclear("swapped")
    return value


def pair(text: str, *, lat_first: bool = False) -> tuple[float, float] | None:
    """Read a point in one cell: "116.39,39.9", [116.39, 39.9], POINT(…), "39.9N 116.39E".

    Parameters
    ----------
    text : str
        A clean cell.
    lat_first : bool
        Whether the column says that latitude comes first; letters in the cell say it as well.

    Returns
    -------
    (lon, lat), optional
        Degrees as written.

    Raises
    ------
    Unclear
        Not two numbers, or both of one axis.
    """
    folded = _folded(text)
    if not folded:
        return None
    if _NOT_FINITE.search(folded):
        raise Unclear("not_finite")
    found = list(_ANGLE.finditer(folded))
    if len(found) != 2 or _AROUND.sub("", _ANGLE.sub("", folded)):
        raise Unclear("coordinate")
    (first_side, first), (second_side, second) = map(_value, found)
    if first_side is not None and first_side == second_side:
        raise Unclear("coordinate")
    if first_side == "lat" or second_side == "lon":
        lat_first = True
    elif first_side == "lon" or second_side == "lat":
        lat_first = False
    return (second, first) if lat_first else (first, second)


def checked(lon: float, lat: float) -> tuple[float, float]:
    """Return a point that can be degrees on Earth, longitude first.

    Raises
    ------
    Unclear
        Swapped (east of 70 degrees as a latitude), radians, zero, metres, or out of range.
    """
    if not (math.isfinite(lon) and math.isfinite(lat)):
        raise Unclear("not_finite")
    if lon == lat == 0:
        raise Unclear("zero")
    if abs(lon) > 1000 or abs(lat) > 1000:
        raise Unclear("metres")
    if lon < 60 and 70 < lat <= 180:
        raise Unclear("swapped")
    if abs(lon) <= 2 * math.pi and abs(lat) <= math.pi / 2:
        raise Unclear("radians")
    if abs(lon) > 180 or abs(lat) > 90:
        raise Unclear("outside")
    return lon, lat


def _folded(text: str) -> str:
    """Return the text with one sign for each meaning; blank where it says nothing."""
    if is_blank(text):
        return ""
    if len(text) > 100:
        raise Unclear("coordinate")
    # Degree and prime signs first: the compatibility forms of some are letters.
    return unicodedata.normalize("NFKC", text.translate(_SIGNS)).upper().strip()


def _value(found: re.Match[str]) -> tuple[Axis | None, float]:
    """Return the axis a letter names, None without one, and the angle in degrees."""
    minutes, seconds = (float(found[g] or 0) for g in ("minutes", "seconds"))
    if minutes >= 60 or seconds >= 60:
        raise Unclear("coordinate")
    value = float(found["degrees"]) + minutes / 60 + seconds / 3600
    value = -value if found["sign"] == "-" else value
    letter = found["before"] or found["after"]
    if letter is None:
        return None, value
    axis, sign = _SIDES[letter]
    return axis, sign * value
