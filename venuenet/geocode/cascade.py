"""Asks one geocoder after another, and lets no answer contradict the district in the text.

The list's own point first, then what is known here, then whoever must be asked over the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite
from typing import get_args

from numpy.typing import ArrayLike

from venuenet.area import StudyArea
from venuenet.errors import GeocodeError
from venuenet.geocode.districts import Districts, Floats, Holders
from venuenet.geocode.model import GeoAnswer, Geocoder, GeoQuery, MatchLevel
from venuenet.geocode.places import UNKNOWN_M, length_en, length_zh
from venuenet.geocode.text import AddressReader
from venuenet.registry.model import Reason

GOOD_M = 500.0
"""An answer this fine ends the search."""
LEVELS: tuple[MatchLevel, ...] = get_args(MatchLevel)
_WHO = {
    "list": ("清单", "the list"),
    "registry": ("登记簿", "the registry"),
    "gazetteer": ("内置地名库", "the gazetteer"),
    "tianditu": ("天地图", "Tianditu"),
    "amap": ("高德地图", "AMap"),
    "baidu": ("百度地图", "Baidu Maps"),
}


def outside_m(
    area: StudyArea, lon: ArrayLike, lat: ArrayLike, adcodes: Sequence[str | None]
) -> tuple[Floats, Holders]:
    """Measure how far many points lie outside the districts named, and who holds them.

    See :meth:`venuenet.geocode.districts.Districts.outside_m`.
    """
    return Districts(area).outside_m(lon, lat, adcodes)


def check_point(
    area: StudyArea, lon: float, lat: float, adcode: str | None
) -> tuple[float, str | None]:
    """Measure how far a point lies outside the district named; for many use :func:`outside_m`.

    Parameters
    ----------
    area : StudyArea
    lon, lat : float
        WGS84 degrees.
    adcode : str or None
        The district named; None measures to the whole area.

    Returns
    -------
    metres : float
        0 inside; NaN where the point is not finite.
    holder : str or None
        Adcode of the district that holds the point.

    Raises
    ------
    UnknownNameError
        The area has no such district.
    """
    return Districts(area).outside(lon, lat, adcode)


class Cascade:
    """A Geocoder made of others.

    The first answer good to ``GOOD_M`` is taken, else the best by level, then by precision. A
    point farther outside the district named than the pack's tolerance is never used: it is
    returned as not ok when nobody knows better, and told of when somebody does. A list's own
    point that contradicts the list's own district is returned at once: only people can tell
    which of the two is wrong.

    Parameters
    ----------
    steps : sequence of Geocoder
        In the order they are asked.
    area : StudyArea
    reader : AddressReader, optional
    districts : Districts, optional
        Where the steps share theirs; made from ``area`` otherwise.

    Attributes
    ----------
    failures : dict of str to GeocodeError
        What the steps that could not answer said last, by name of the step.
    """

    name = "cascade"

    def __init__(
        self,
        steps: Sequence[Geocoder],
        area: StudyArea,
        reader: AddressReader | None = None,
        districts: Districts | None = None,
    ) -> None:
        self.steps = tuple(steps)
        self.failures: dict[str, GeocodeError] = {}
        self._reader = reader or AddressReader(area)
        self._districts = districts or Districts(area)
        self._names = dict(zip(area.districts["adcode"], area.districts["name_zh"], strict=True))
        self._names_en = dict(zip(area.districts["adcode"], area.districts["name_en"], strict=True))
        self._city = (area.meta.name_zh, area.meta.name_en)

    def locate(self, query: GeoQuery) -> GeoAnswer | None:
        """See Geocoder; a step's GeocodeError becomes a reason, never an error of the cascade.

        Raises
        ------
        UnknownNameError
            ``query.adcode`` is not a district of the area.
        """
        written = self._reader.read(query.address).adcode
        notes = self._disagree(query.adcode, written)
        query = replace(query, adcode=query.adcode or written)
        given = _given(query)
        if given is not None:
            given = self._ruled(given, query.adcode)
            if not given.ok or given.precision_m <= GOOD_M:
                return replace(given, reasons=(*given.reasons, *notes))
        best, refused = given, None
        for step in self.steps:
            try:
                answer = step.locate(query)
            except GeocodeError as error:
                self.failures[step.name] = error
                notes.append(Reason(error.detail, error.detail_en))
                continue
            if answer is None:
                continue
            answer = self._ruled(answer, query.adcode)
            if not answer.ok:
                refused = refused or answer
                continue
            if answer.precision_m <= GOOD_M:
                best = answer
                break
            best = answer if best is None or _rank(answer) < _rank(best) else best
        if best is None:
            best = refused
        elif refused is not None:
            notes.append(refused.reasons[-1])
        return best and replace(best, reasons=(*best.reasons, *notes))

    def _ruled(self, answer: GeoAnswer, adcode: str | None) -> GeoAnswer:
        """Refuse a point that the district named, or the city, does not hold."""
        away, holder = self._districts.outside(answer.lon, answer.lat, adcode)
        if away <= self._districts.tolerance_m:
            return answer
        zh = self._names.get(adcode, self._city[0])
        en = self._names_en.get(adcode, self._city[1])
        if holder is None:
            holder_zh, holder_en = f"不在{self._city[0]}", f"not in {self._city[1]} at all"
        else:
            holder_zh = f"落在{self._names[holder]}"
            holder_en = f"in {self._names_en[holder]}"
        who_zh, who_en = _WHO.get(answer.provider, (answer.provider, answer.provider))
        far_zh = f"{length_zh(away)}处" if isfinite(away) else "处，坐标无效"
        why = Reason(
            f"{who_zh}的点位在{zh}之外 {far_zh}，{holder_zh}，未采用",
            f"the point of {who_en} lies {length_en(away)} outside {en}, {holder_en}; not used",
        )
        return replace(answer, ok=False, confidence=0.0, reasons=(*answer.reasons, why))

    def _disagree(self, listed: str | None, written: str | None) -> list[Reason]:
        if listed is None or written is None or listed == written:
            return []
        return [
            Reason(
                f"清单写{self._names.get(listed, listed)}，地址写{self._names[written]}",
                f"the list says {self._names_en.get(listed, listed)}, the address "
                f"{self._names_en[written]}",
            )
        ]


def _given(query: GeoQuery) -> GeoAnswer | None:
    """Take the list's own point."""
    if query.lon is None or query.lat is None:
        return None
    known = query.precision_m is not None
    return GeoAnswer(
        lon=query.lon,
        lat=query.lat,
        precision_m=query.precision_m if query.precision_m is not None else UNKNOWN_M,
        level="exact",
        confidence=0.85 if known else 0.7,
        provider="list",
        reasons=(
            Reason("清单自带坐标", "the list's own point")
            if known
            else Reason(
                f"清单自带坐标，未注明精度，按 {UNKNOWN_M:.0f} 米计",
                f"the list's own point, of unstated precision: taken as {UNKNOWN_M:.0f} m",
            ),
        ),
    )


def _rank(answer: GeoAnswer) -> tuple[int, float]:
    return LEVELS.index(answer.level), answer.precision_m
