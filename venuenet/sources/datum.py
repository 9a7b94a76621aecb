"""Which datum are a list's coordinates in? Known places and districts testify; people are asked.

Nothing is guessed: a list that cannot be told, or that does not add up, gets no datum.

**The likelihood.** Every row *i* is read under each hypothesis H (WGS84, GCJ-02, BD-09) and taken
to WGS84. Two witnesses speak, each heavy-tailed and with a floor, so no single row can decide:

- *a known place of the same name*, at distance r, itself known to a precision p that holds in 95
  of 100 cases (standard deviation p / 2.45 per axis), with s² = 50² + (p / 2.45)²:

      L = 0.9 t(r) + 0.1 / (pi 1000²),   t(r) = (1 + r² / 4s²)^-3 / (2 pi s²)

  t is the bivariate Student density with 4 degrees of freedom (as in Lange, Little and Taylor
  1989); 50 m stands for geocoders and entrances, the floor for wrong names and homonyms. Places
  known worse than 300 m are not heard. Rows that name one place share its vote, and below five
  places each says a fifth of its word per place, so that one or two cannot decide.
- *the district the row names*, at signed distance d from its polygon (negative inside):

      L = 0.95 S(d) + 0.05,   S(d) = (1 - d / sqrt(d² + 2 c²)) / 2,   c = 110 m

  S is the chance that the true border runs outside the point: Student's t with 2 degrees of
  freedom, fitted to the borders' error (median 73 m, 90 % point 321 m) and a list's own noise.
  Neighbours share a border's error, so the rows of a 3 km square share one vote. GCJ-02 moves a
  point by a fiftieth of a district: only hundreds of rows add up to anything.

**The verdict.** With l(H) the sum of log L over the rows, a list is told when the best H leads by
7 nats (odds of a thousand); a declared one is believed when it leads by 3 and contradicted when it
trails by 7. Two ways not to add up come first: a *mix*, when shares of the three datums fitted by
expectation-maximisation explain the rows better than one datum does by 3.5 nats; and *another
shift*, when moving all rows by their median residual explains them better by 8 nats and is 200 m
or more (a conversion done twice, a datum unknown here). ``python -m benchmarks.datum`` measures
how often each goes wrong.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod

from venuenet import crs
from venuenet.crs import Floats
from venuenet.registry.model import Datum, Reason

DatumStanding = Literal["sure", "contradicted", "mixed", "doubtful", "cannot_tell"]
Place = tuple[float, float, float]
"""WGS84 degrees, longitude first, and the precision in metres."""

HYPOTHESES: tuple[Datum, ...] = ("WGS84", "GCJ-02", "BD-09")
ENOUGH = 5
"""Known places from which a list is tested without a district column."""
FINE_M = 300.0
"""Places known worse than this say nothing of a shift of 530 m."""
APART_M = 300.0
"""Two places of one name further apart than this (and than their precision) are homonyms."""

SURE, BELIEVED, MIXED, SHIFTED = 7.0, 3.0, 3.5, 8.0
"""Nats: to tell or contradict a datum; to believe one, or a single row; to see a mix; a shift."""
SHIFT_M = 200.0

_TO_SIGMA = float(np.sqrt(2 * np.log(20)))  # 95 % radius over the deviation per axis
_NOISE_M, _WRONG_NAME, _HOMONYM_M = 50.0, 0.1, 1000.0
_BORDER_M, _WRONG_DISTRICT, _BLOCK_M = 110.0, 0.05, 3000.0
_ROUNDS = 200
_BRACKETS = str.maketrans("", "", "()[]{}<>《》〈〉【】〔〕「」『』“”\"'·")


@dataclass(frozen=True)
class DatumVerdict:
    """What the evidence says of a list's datum.

    Attributes
    ----------
    datum : Datum, optional
        What to convert from; None unless ``standing`` is ``sure``.
    standing : DatumStanding
        ``sure``: told, or declared and agreed with. ``contradicted``: another datum than the
        declared one is clearly better. ``mixed``: two datums own several rows each. ``doubtful``:
        the list could be tested and does not add up. ``cannot_tell``: it could not be tested;
        whoever asks may trust a declaration then, and has to ask where there is none.
    known : int
        Places of the list found among the known ones and known finely enough.
    reasons : tuple of Reason
        The verdict first, then the figures it rests on.
    odd : tuple of int
        Positions of rows that fit another datum than the rest, ascending; of a list that is
        ``sure`` too, where they are for review.
    offsets_m : mapping of Datum to float
        Median distance to the known places under each hypothesis; empty where none is known.
    scores : mapping of Datum to float
        Nats behind the best hypothesis (0 for the best, negative for the others).
    """

    datum: Datum | None
    standing: DatumStanding
    known: int
    reasons: tuple[Reason, ...]
    odd: tuple[int, ...]
    offsets_m: Mapping[Datum, float]
    scores: Mapping[Datum, float]


def to_wgs84(lon: ArrayLike, lat: ArrayLike, datum: Datum) -> tuple[Floats, Floats]:
    """Convert degrees of a datum to WGS84 degrees, longitude first; CGCS2000 is the same here."""
    if datum == "GCJ-02":
        return crs.wgs84_from_gcj02(lon, lat)
    if datum == "BD-09":
        return crs.wgs84_from_bd09(lon, lat)
    return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)


def plain_name(name: str) -> str:
    """Fold a name to what two lists spell alike: NFKC, no spaces, brackets or leading 北京."""
    folded = "".join(unicodedata.normalize("NFKC", name).casefold().split())
    folded = folded.translate(_BRACKETS)
    short = folded.removeprefix("北京").removeprefix("市")
    return short if folded.startswith("北京") and len(short) > 1 else folded


def known_places(
    places: Iterable[tuple[str, Place]], normalise: Callable[[str], str] = plain_name
) -> dict[str, Place]:
    """Gather the known places of :func:`judge`: the finest place of each normalised name.

    A name of places further apart than ``APART_M`` and their precision explain (动物园 the zoo,
    动物园 the station) means none of them and is left out.
    """
    found: dict[str, list[Place]] = {}
    for name, place in places:
        found.setdefault(normalise(name), []).append(place)
    metres = Geod(ellps="WGS84").inv
    finest = {name: min(group, key=lambda p: p[2]) for name, group in found.items() if name}
    return {
        name: a
        for name, a in finest.items()
        if all(metres(*a[:2], *b[:2])[2] <= max(APART_M, a[2] + b[2]) for b in found[name])
    }


def judge(
    lon: ArrayLike,
    lat: ArrayLike,
    adcodes: Sequence[str | None],
    names: Sequence[str],
    known: Mapping[str, Place],
    districts: gpd.GeoDataFrame,
    crs_metric: str,
    declared: Datum | None = None,
    normalise: Callable[[str], str] = plain_name,
) -> DatumVerdict:
    """Judge which datum a list's points are in.

    Parameters
    ----------
    lon, lat : (n,) array_like of float
        Degrees in the list's own datum, NaN where a row has no point.
    adcodes : (n,) sequence of str or None
        The district each row names; one that ``districts`` does not hold counts as none.
    names : (n,) sequence of str
        As the list writes them.
    known : mapping of normalised name to (lon, lat, precision_m)
        Places whose WGS84 degrees do not come from this list; see :func:`known_places`.
    districts : GeoDataFrame
        ``adcode`` and polygons, EPSG:4326.
    crs_metric : str
        The projected CRS distances are measured in.
    declared : Datum, optional
        What the list itself or its sender says.
    normalise : callable
        Folds a name to the keys of ``known``.

    Returns
    -------
    DatumVerdict
        See the module for the method. A list of fewer than ``ENOUGH`` known places without a
        district column is always ``cannot_tell``.
    """
    lon, lat = (np.where(np.abs(v) <= 180, v, np.nan) for v in (lon, lat))
    xy = np.stack([_metres(*to_wgs84(lon, lat, h), crs_metric) for h in HYPOTHESES])
    homes = [known.get(normalise(name)) for name in names]
    near = _near(xy, homes, crs_metric)
    outside = _outside(xy, adcodes, districts, crs_metric)
    likely = _weigh(near, outside, xy)
    total = likely.sum(axis=1)
    best = int(total.argmax())
    odd = np.flatnonzero((likely - likely[best]).max(axis=0) >= BELIEVED)
    fits = np.flatnonzero(likely[best] - np.delete(likely, best, axis=0).max(axis=0) >= BELIEVED)
    several = min(len({homes[i] for i in rows}) for rows in (fits, odd)) > 1
    told = int(np.isfinite(outside[0]).sum())
    standing, why = _verdict(
        total, near.places, told, _mix(likely), several, _leftover(near, best), declared
    )
    offsets = np.median(near.far, axis=1).tolist() if near.places else []
    return DatumVerdict(
        datum=(declared or HYPOTHESES[best]) if standing == "sure" else None,
        standing=standing,
        known=near.places,
        reasons=(why, *_figures(near, outside, total, len(odd))),
        odd=tuple(odd.tolist()),
        offsets_m=dict(zip(HYPOTHESES, offsets, strict=False)),
        scores=dict(zip(HYPOTHESES, (total - total[best]).tolist(), strict=True)),
    )


@dataclass(frozen=True)
class _Near:
    """What the known places say: k rows that name one, under each of the three hypotheses.

    ``row`` (k,) positions in the list; ``residual`` (3, k, 2) metres, place to point; ``spread``
    (k,) metres expected per axis; ``vote`` (k,) what a row's word counts; ``places`` distinct.
    """

    row: NDArray[np.intp]
    residual: Floats
    spread: Floats
    vote: Floats
    places: int

    @property
    def far(self) -> Floats:
        """Distances in metres, (3, k)."""
        return np.hypot(self.residual[..., 0], self.residual[..., 1])


def _metres(lon: Floats, lat: Floats, crs_metric: str) -> Floats:
    return np.stack(crs.to_metric(lon, lat, crs_metric), axis=-1)


def _near(xy: Floats, homes: Sequence[Place | None], crs_metric: str) -> _Near:
    """Measure every row that names a finely known place; rows of one place share a vote."""
    real = np.isfinite(xy.sum(axis=(0, 2)))
    found = [(i, p) for i, p in enumerate(homes) if p and p[2] <= FINE_M and real[i]]
    row = np.array([i for i, _ in found], dtype=np.intp)
    place = np.array([p for _, p in found]).reshape(-1, 3)
    times = Counter(p for _, p in found)
    return _Near(
        row=row,
        residual=xy[:, row] - _metres(place[:, 0], place[:, 1], crs_metric),
        spread=np.hypot(_NOISE_M, place[:, 2] / _TO_SIGMA),
        vote=min(1, len(times) / ENOUGH) / np.array([times[p] for _, p in found], dtype=float),
        places=len(times),
    )


def _log_near(far: Floats, spread: Floats) -> Floats:
    """Return the log-likelihood of lying ``far`` metres from a place of the same name."""
    student = (1 + far**2 / (4 * spread**2)) ** -3 / (2 * np.pi * spread**2)
    return np.log((1 - _WRONG_NAME) * student + _WRONG_NAME / (np.pi * _HOMONYM_M**2))


def _outside(
    xy: Floats, adcodes: Sequence[str | None], districts: gpd.GeoDataFrame, crs_metric: str
) -> Floats:
    """Metres each point lies outside the district its row names, negative inside: (3, n).

    NaN where the row names none or has no point.
    """
    shapes = districts.set_index("adcode").geometry.to_crs(crs_metric)
    signed = np.full(xy.shape[:2], np.nan)
    real = np.isfinite(xy.sum(axis=(0, 2)))
    codes = np.array([code or "" for code in adcodes], dtype=object)
    for code in shapes.index.intersection(codes[real]):
        rows = np.flatnonzero(real & (codes == code))
        points = shapely.points(xy[:, rows])
        edge = shapely.distance(points, shapes[code].boundary)
        signed[:, rows] = np.where(shapely.intersects(points, shapes[code]), -edge, edge)
    return signed


def _weigh(near: _Near, outside: Floats, xy: Floats) -> Floats:
    """Return the log-likelihood of every row under each hypothesis, (3, n)."""
    beyond = (1 - outside / np.hypot(outside, np.sqrt(2) * _BORDER_M)) / 2
    inside = np.log((1 - _WRONG_DISTRICT) * beyond + _WRONG_DISTRICT)
    likely = np.zeros_like(outside)
    heard = np.isfinite(outside[0])
    block = [tuple(b) for b in xy[0, heard] // _BLOCK_M]
    crowd = Counter(block)
    likely[:, heard] = inside[:, heard] / np.array([crowd[b] for b in block])
    likely[:, near.row] += near.vote * _log_near(near.far, near.spread)
    return likely


def _mix(likely: Floats) -> tuple[Floats, float]:
    """Fit the share of each datum; return the shares and the nats they gain over one datum."""
    heard = likely[:, np.ptp(likely, axis=0) > 0]
    row = np.exp(heard - heard.max(axis=0))
    share = np.full(len(row), 1 / len(row))
    if not row.size:
        return share, 0.0
    for _ in range(_ROUNDS):
        chance = share[:, None] * row
        share = (chance / chance.sum(axis=0)).mean(axis=1)
    return share, float(np.log(share @ row).sum() - np.log(row).sum(axis=1).max())


def _leftover(near: _Near, best: int) -> tuple[float, float]:
    """Return how far all rows are off together under the best datum, metres, and its nats."""
    if not near.places:
        return 0.0, 0.0
    residual = near.residual[best]
    shift = np.median(residual, axis=0)
    moved = _log_near(np.hypot(*(residual - shift).T), near.spread)
    gain = (near.vote * (moved - _log_near(near.far[best], near.spread))).sum()
    return float(np.hypot(*shift)), float(gain)


def _verdict(
    total: Floats,
    places: int,
    told: int,
    mix: tuple[Floats, float],
    several: bool,
    left: tuple[float, float],
    declared: Datum | None,
) -> tuple[DatumStanding, Reason]:
    """Weigh the case; what does not add up comes before what is clear.

    ``told`` rows name a district; ``mix`` is the share of each datum and the nats gained by it;
    ``several``: two datums are each clearly that of several places; ``left`` is :func:`_leftover`.
    """
    tested = places >= ENOUGH
    best = int(total.argmax())
    name = HYPOTHESES[best]
    said = (
        best
        if declared is None
        else HYPOTHESES.index("WGS84" if declared == "CGCS2000" else declared)
    )
    lead = float(total[said] - np.delete(total, said).max())
    (share, mixed), (shift_m, shifted) = mix, left
    standing: DatumStanding = "doubtful" if tested else "cannot_tell"
    zh = "证据不足以判断坐标系，请询问名单提供单位"
    en = "the evidence is too weak to tell the datum; ask who made the list"
    if not tested and not told:
        zh = f"已知场所仅 {places} 处（需 {ENOUGH} 处），又无所属区，无法判断，请询问名单提供单位"
        en = f"{places} known places ({ENOUGH} needed) and no district: ask who made the list"
    elif mixed >= max(MIXED, shifted):
        standing = "mixed" if several else "doubtful"
        zh = f"疑似混用坐标系，各占约：{_each(100 * share, '{:.0f} %', '，')}"
        en = f"datums seem to be mixed, in shares of about {_each(100 * share, '{:.0f} %')}"
    elif shifted >= SHIFTED and shift_m >= SHIFT_M:
        standing = "doubtful"
        zh = f"三种坐标系都不符：按最接近的 {name} 仍整体偏移 {shift_m:.0f} 米，可能重复转换过"
        en = (
            f"fits none of the three: read as {name}, the closest, all points are still "
            f"{shift_m:.0f} m off; they may have been converted twice"
        )
    elif declared is None and lead >= SURE:
        standing = "sure"
        zh, en = f"坐标系为 {name}", f"the datum is {name}"
    elif declared is not None and lead >= BELIEVED:
        standing = "sure"
        zh, en = f"与申报的 {declared} 相符", f"agrees with the declared {declared}"
    elif lead <= -SURE:
        standing, zh = "contradicted", f"申报为 {declared}，但坐标明显符合 {name}"
        en = f"declared as {declared}, but the points clearly fit {name}"
    return standing, Reason(zh, en)


def _each(values: Iterable[float], form: str, joint: str = ", ") -> str:
    """Word one figure per hypothesis."""
    return joint.join(f"{h} {form.format(v)}" for h, v in zip(HYPOTHESES, values, strict=True))


def _figures(near: _Near, outside: Floats, total: Floats, odd: int) -> list[Reason]:
    """Word the figures the verdict rests on."""
    said = []
    if near.places:
        offsets = np.median(near.far, axis=1)
        zh = f"与 {near.places} 处已知场所的中位偏差：{_each(offsets, '{:.0f} 米', '，')}"
        en = f"median distance to {near.places} known places: {_each(offsets, '{:.0f} m')}"
        said.append(Reason(zh, en))
    if told := int(np.isfinite(outside[0]).sum()):
        inside = (outside <= 0).sum(axis=1)
        zh = f"{told} 行写明所属区，落在区内的行数：{_each(inside, '{}', '，')}"
        en = f"{told} rows name a district, inside it lie: {_each(inside, '{}')}"
        said.append(Reason(zh, en))
    if said:
        score = total - total.max()
        zh = f"证据得分（最佳为 0，越低越不符）：{_each(score, '{:.1f}', '，')}"
        en = f"score of the evidence (0 is best, lower fits worse): {_each(score, '{:.1f}')}"
        said.append(Reason(zh, en))
    if odd:
        said.append(Reason(f"{odd} 行更符合其他坐标系", f"rows that fit another datum: {odd}"))
    elif near.places:
        # With none of k places in another datum, fewer than 1 - 0.05^(1/k) are, at 95 %.
        most = 100 * (1 - 0.05 ** (1 / near.places))
        zh = f"若仅有不足 {most:.0f} % 的行属其他坐标系，凭 {near.places} 处已知场所可能看不出"
        en = f"{near.places} known places may miss another datum in under {most:.0f} % of the rows"
        said.append(Reason(zh, en))
    return said
