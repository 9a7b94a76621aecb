"""Finds records that are one venue, tells homonyms and branches apart, and says why. Pure.

Evidence is weighed as record linkage does (Fellegi & Sunter 1969, J. Am. Stat. Assoc. 64): each
field that can be compared adds the logarithm (base 2: bits) of how much likelier its agreement is
among doubles than among chance candidates. The weights are set by hand. Names decide, place and
phone confirm; what weights cannot tell (branches, words that tell venues apart) is a rule.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod
from rapidfuzz import process
from rapidfuzz.distance import LCSseq

from venuenet.registry.model import Pair, Reason, Subject
from venuenet.registry.names import GENERIC, SIMILAR, Name, agree, read

MERGE_AT = 0.98
"""Score from which two records are one without asking: at most one in fifty would be wrong."""
ASK_AT = 0.15
"""Score from which a person is asked; below, nobody is, and doubles would be lost."""
FAR_M = 2000.0
"""Points further apart than this beyond both their precisions are never merged."""
UNSTATED_M = 500.0
"""Precision taken for a point that states none: what an unnoticed GCJ-02 shift may be off."""
MAX_SURE, MAX_LOOSE = 400, 64
"""Names that share a sure or a loose key beyond which it is too common to pair by."""

PRIOR = -6.0
"""Bits before any evidence: of 65 candidates one is a double."""
# How names agree (see names.Level): bits, and what is said.
_NAME = {
    "same": (12.0, "名称相同", "same name"),
    "sound": (9.0, "名称读音相同", "names sound alike"),
    "weak": (8.0, "名称仅差国别、区名等前缀", "names differ in a prefix only"),
    "moved": (8.0, "名称用字相同、次序不同", "same words in another order"),
    "typo": (5.0, "名称一字之差", "names differ in one character"),
    "english": (3.0, "中文名称不同，英文名称相同", "only the English names agree"),
    "generic": (2.0, "名称相同，但只是通称", "same name, but a generic one"),
    "near": (4.0, "名称相近", "names are close"),
    "contained": (1.0, "一名包含另一名", "one name holds the other"),
    "similar": (-1.0, "名称相似", "names are similar"),
    "place": (-2.0, "名称所冠地名不同", "names begin with different places"),
    "telling": (-4.0, "名称有关键字词之别", "names differ in a word that tells venues apart"),
    "different": (-10.0, "名称不同", "different names"),
}
_NEVER_MERGED = {
    "near",
    "english",
    "generic",
    "contained",
    "similar",
    "place",
    "telling",
    "different",
}
_SAME_PARENT = {"same", "sound", "weak", "moved", "typo"}
_NEAR_EQUAL = _SAME_PARENT | {"place", "telling"}
# Which parts they speak of (see names.Part).
_PART = {
    "same": (0.0, "所指部分相同", "same part"),
    "unsure": (-3.0, "所指部分或有笔误，不自动合并", "parts differ by a slip, or really"),
    "one": (-4.5, "仅一方指明分馆或局部，不自动合并", "only one speaks of a part"),
    "different": (-12.0, "所指分馆或局部不同", "different parts"),
}
_ADDRESS = {
    "door": (6.0, "门牌相同", "same door"),
    "road": (2.0, "同一道路", "same road"),
    "spot": (1.0, "地址文字相同", "same place in the address"),
    "other_door": (-4.0, "同一道路，门牌不同", "same road, another door"),
    "other_road": (-3.5, "道路不同", "another road"),
}
SAME_DISTRICT, OTHER_DISTRICT = 3.0, -4.5
POINT_BITS = (-7.0, 5.0)
PLACE_BITS = (-9.0, 9.0)
"""Limits of district, address and point together: they tell much the same thing."""
SAME_PHONE, OTHER_PHONE, OTHER_KIND = 7.0, -0.5, -0.5

_DISTRICT = re.compile(r"^(?:中国)?(?:北京市?)?([\u4e00-\u9fff]{2,3}?)(?<![社校园景小片发])[区县]")
_TOWN = re.compile(r"^.{2,7}?(?:街道|地区|镇|乡)(?=.{2})")
_DOOR = re.compile(
    r"(?P<road>[\u4e00-\u9fff]{2,}?)(?P<no>[甲乙丙丁]?\d+)(?:-\d+)?(?:号(?!楼|线|门)|院|$)(?P<more>[甲乙丙丁]?)"
)
_ROAD = re.compile(r"^[\u4e00-\u9fff]{1,9}?(?:大街|大道|胡同|路|街|巷|条)")
_GEOD = Geod(ellps="WGS84")
_GRID_M = 300.0
_CHUNK = 1 << 22

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class _Found(NamedTuple):
    """How two names agree; the greatest of several is the best."""

    bits: float
    ratio: float
    level: str
    part: str
    names: tuple[str, ...]
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Ready:
    """A subject, read once; "" and NaN where it says nothing."""

    subject: Subject
    han: tuple[Name, ...]
    latin: tuple[Name, ...]
    district: str
    road: str
    door: str
    spot: str
    phones: frozenset[str]
    point: tuple[float, float, float]


def compare(a: Subject, b: Subject) -> Pair:
    """Judge whether two subjects are one venue.

    Parameters
    ----------
    a, b : Subject
        WGS84 degrees, metres.

    Returns
    -------
    Pair
        The same for ``(b, a)`` but for which is called ``a``. ``merge`` from :data:`MERGE_AT` on
        unless a rule forbids it (its reason says so), ``ask`` from :data:`ASK_AT` on.
    """
    x, y = _ready(a), _ready(b)
    return _judge(x, y, *_apart(np.array([x.point]), np.array([y.point]))[0])[0]


def pairs(
    new: Sequence[Subject],
    known: Sequence[Subject],
    *,
    within: bool = True,
    progress: Callable[[int], None] | None = None,
) -> list[Pair]:
    """Find the pairs worth telling among many subjects.

    Parameters
    ----------
    new, known : sequences of Subject
        Newcomers, and what they are compared with; known ones are not compared among themselves.
    within : bool
        Whether newcomers are also compared with each other.
    progress : callable, optional
        Told of newcomers done since it was last told.

    Returns
    -------
    list of Pair
        ``merge`` and ``ask``; ``apart`` only where names are all but equal and something tells
        them apart. ``a`` is a newcomer, of two the one with the lesser id; sorted by ids.
    """
    ready = [_ready(s) for s in (*known, *new)]
    ones, others = _candidates(ready, len(known), within)
    points = np.array([r.point for r in ready]).reshape(-1, 3)
    measured = _apart(points[ones], points[others])
    ends = np.searchsorted(ones, np.arange(len(known), len(ready)), side="right")
    found: list[Pair] = []
    for start, end in pairwise([0, *ends.tolist()]):
        for at in range(start, end):
            x, y = ready[ones[at]], ready[others[at]]
            if others[at] >= len(known) and y.subject.id < x.subject.id:
                x, y = y, x
            pair, near_equal = _judge(x, y, *measured[at])
            if near_equal or pair.verdict != "apart":
                found.append(pair)
        if progress is not None:
            progress(1)
    return sorted(found, key=lambda p: (p.a, p.b))


def _ready(subject: Subject) -> _Ready:
    names = [n for n in map(read, dict.fromkeys(subject.names)) if n.text]
    address = re.sub(r"\([^()]*\)|\s", "", unicodedata.normalize("NFKC", subject.address))
    named = (_DISTRICT.match(t) for t in (address, *(n.text for n in names)))
    spot = _DISTRICT.sub("", address)
    where = _TOWN.sub("", spot)
    door, road = _DOOR.search(where), _ROAD.match(where)
    numbers = re.split(r"[^\d()+ -]+", unicodedata.normalize("NFKC", subject.phone))
    digits = (re.sub(r"\D", "", n) for n in numbers)
    point = (subject.lon, subject.lat, subject.precision_m or UNSTATED_M)
    nowhere = (np.nan, np.nan, np.nan)
    return _Ready(
        subject=subject,
        han=tuple(n for n in names if n.han),
        latin=tuple(n for n in names if not n.han),
        district=next((m[1] for m in named if m), ""),
        road=door["road"] if door else road[0] if road else "",
        door=door["more"] + door["no"] if door else "",
        spot=spot,
        phones=frozenset(d[-8:] for d in digits if len(d) >= 7),
        point=nowhere if None in point else point,  # type: ignore[arg-type]
    )


def _apart(a: Floats, b: Floats) -> list[tuple[float, float]]:
    """Distances on the ellipsoid between rows of (lon, lat, precision), and their bits."""
    # The last digits of a geodesic depend on its direction: always go east, then north.
    swap = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    west, east = np.where(swap[:, None], b, a), np.where(swap[:, None], a, b)
    both = np.isfinite(west + east).all(axis=1)
    metres = np.full(len(a), np.nan)
    metres[both] = _GEOD.inv(west[both, 0], west[both, 1], east[both, 0], east[both, 1])[2]
    return list(zip(metres.tolist(), _point_bits(metres, a[:, 2], b[:, 2]).tolist(), strict=True))


def _point_bits(metres: Floats, precision_a: Floats, precision_b: Floats) -> Floats:
    """Weigh distances by what both precisions (95 of 100 within) leave open.

    Of doubles, four in five are as far apart as their precisions say, most others up to a datum's
    shift more, one in a hundred anywhere; chance candidates lie anywhere within 3 km.
    """
    spread = np.maximum((precision_a**2 + precision_b**2) / 5.99, 30.0**2)
    likely = np.full(len(metres), 1e-30)
    for share, more_m in ((0.80, 0.0), (0.19, 500.0), (0.01, 20_000.0)):
        wide = spread + more_m**2
        likely += share * np.exp(-(metres**2) / (2 * wide)) / (2 * np.pi * wide)
    return np.clip(np.log2(likely * np.pi * 3000.0**2), *POINT_BITS)


def _judge(a: _Ready, b: _Ready, metres: float, point_bits: float) -> tuple[Pair, bool]:
    """Weigh everything; also tell whether the names are all but equal."""
    sa, sb = a.subject, b.subject
    district, address, shared = _district(a, b), _address(a, b), sorted(a.phones & b.phones)
    found = _names(a, b, district)
    never = found.level in _NEVER_MERGED or found.part not in ("", "same")
    reasons = [_say(_NAME[found.level][1:], *found.names, ratio=found.ratio)]
    if found.part:
        reasons.append(_say(_PART[found.part][1:], *found.parts))
    place: list[float] = []
    if district is not None:
        place.append(SAME_DISTRICT if district else OTHER_DISTRICT)
        never |= not district and np.isnan(metres)
        told = ("同属一区", "same district") if district else ("所属区不同", "different districts")
        reasons.append(_say(told, *(r.district or str(r.subject.adcode) for r in (a, b))))
    if address is not None:
        place.append(_ADDRESS[address][0])
        spots = (f"{r.road}{r.door and r.door + '号'}" or r.spot for r in (a, b))
        reasons.append(_say(_ADDRESS[address][1:], *spots))
    if not np.isnan(metres):
        place.append(point_bits)
        near, far = sorted((a.point[2], b.point[2]))
        never |= metres - near - far > FAR_M
        zh = f"相距 {metres:.0f} 米（精度 {near:.0f}、{far:.0f} 米）"
        reasons.append(Reason(zh, f"{metres:.0f} m apart (± {near:.0f}, {far:.0f} m)"))
    bits = PRIOR + found.bits + min(max(sum(place), PLACE_BITS[0]), PLACE_BITS[1])
    if a.phones and b.phones:
        bits += SAME_PHONE if shared else OTHER_PHONE
        reasons.append(
            _say(
                ("电话相同", "same phone") if shared else ("电话不同", "different phones"), *shared
            )
        )
    if not place and not shared:
        never = True
        reasons.append(_say(("无地点、电话可比，不自动合并", "no place or phone to compare")))
    if sa.kind and sb.kind and sa.kind != sb.kind:
        bits += OTHER_KIND
        reasons.append(_say(("类别不同", "different kinds"), sa.kind, sb.kind))
    score = 1 / (1 + 2.0**-bits)
    if found.part == "different":
        score = min(score, ASK_AT - 0.01)
    elif never:
        score = min(score, MERGE_AT - 0.01)
    verdict = "merge" if score >= MERGE_AT else "ask" if score >= ASK_AT else "apart"
    pair = Pair(sa.id, sb.id, score, verdict, tuple(reasons))  # type: ignore[arg-type]
    return pair, found.level in (_SAME_PARENT if found.part else _NEAR_EQUAL)


def _say(words: Sequence[object], *values: str, ratio: float = 1.0) -> Reason:
    """Put what was compared behind the words, each value once, in an order of its own."""
    told = " / ".join(sorted({v for v in values if v}))
    zh, en = (f"{w} {ratio:.2f}" if ratio < 1 else str(w) for w in words)
    return Reason(f"{zh}：{told}", f"{en}: {told}") if told else Reason(zh, en)


def _district(a: _Ready, b: _Ready) -> bool | None:
    """Whether both name the same district: by code, else by what address or name says of it."""
    codes = (a.subject.adcode, b.subject.adcode)
    told = codes if all(codes) else (a.district, b.district)
    return told[0] == told[1] if all(told) else None


def _names(a: _Ready, b: _Ready, district: bool | None) -> _Found:
    """Find the two names that agree best; where both have Chinese names, these decide."""
    if not (a.han and b.han):
        return max(_found(x, y, district) for x, y in product(a.han + a.latin, b.han + b.latin))
    best = max(_found(x, y, district) for x, y in product(a.han, b.han))
    if best.level != "different":
        return best
    english = (_found(x, y, district) for x, y in product(a.latin, b.latin))
    same = [
        f._replace(bits=_NAME["english"][0], level="english") for f in english if f.level == "same"
    ]
    return max([best, *same])


def _found(x: Name, y: Name, district: bool | None) -> _Found:
    level: str
    level, part, ratio = agree(x, y)
    if level == "generic" and district is not None:
        level = "same" if district else "different"
    bits = _NAME[level][0] + (_PART[part][0] if part else 0)
    # Sorted, so that among equals the same is taken whichever comes first.
    names, parts = sorted((x.text, y.text)), sorted((x.branch, y.branch))
    return _Found(bits, ratio, level, part, tuple(names), tuple(parts))


def _address(a: _Ready, b: _Ready) -> str | None:
    if a.road and b.road:
        if not (a.road.endswith(b.road) or b.road.endswith(a.road)):
            # An address inside of another place may name that place's road.
            return None if a.road in b.spot or b.road in a.spot else "other_road"
        if not (a.door and b.door):
            return "road"
        if a.door == b.door:
            return "door"
        return "road" if a.door.strip("甲乙丙丁") == b.door.strip("甲乙丙丁") else "other_door"
    short, long = sorted((a.spot, b.spot), key=lambda s: (len(s), s))
    return "spot" if len(short) > 1 and short in long else None


def _candidates(ready: Sequence[_Ready], n_known: int, within: bool) -> tuple[Ints, Ints]:
    """Pairs of positions (newcomer, earlier one) whose names share a key, by newcomer.

    A sure key (one spelling, sound, set of characters, all characters but one; a phone) is enough.
    A loose one (rare characters in a district or around a place, a door) also needs like names.
    """
    names = [(i, n) for i, r in enumerate(ready) for n in (*r.han, *r.latin)]
    common = Counter(b for _, n in names for b in _pieces(n))
    hashes, holders, kinds = array("q"), array("q"), array("q")
    for at, (i, name) in enumerate(names):
        for sure, found in enumerate((_loose(name, ready[i], common), _sure(name, ready[i]))):
            keys = {hash(k) for k in found}
            hashes.extend(keys)
            holders.extend([at] * len(keys))
            kinds.extend([sure] * len(keys))
    order = np.lexsort((holders, hashes))
    hashed, holder, sure_key = (
        np.array(v, dtype=np.int64)[order] for v in (hashes, holders, kinds)
    )
    subject = np.array([i for i, _ in names], dtype=np.int64)
    first = np.searchsorted(hashed, hashed, side="left")
    size = np.searchsorted(hashed, hashed, side="right") - first
    is_new = subject[holder] >= n_known
    news = np.r_[0, np.cumsum(is_new)]
    # Of those that share a key the known come first: so do the earlier ones.
    partners = np.arange(len(first)) - first if within else size - news[first + size] + news[first]
    partners[~is_new | (size > np.where(sure_key, MAX_SURE, MAX_LOOSE))] = 0
    total = np.cumsum(partners)
    content = np.array([n.whole.content or n.whole.stem for _, n in names], dtype=object)
    length = np.array([len(c) for c in content])
    seen = [np.empty(0, dtype=np.int64)]
    for start in range(0, int(partners.sum()), _CHUNK):
        rows = np.arange(*np.searchsorted(total, [start, start + _CHUNK], side="right"))
        before = total[rows] - partners[rows]
        one = np.repeat(rows, partners[rows])
        other = first[one] + np.arange(len(one)) - np.repeat(before - before[0], partners[rows])
        x, y, sure = holder[one], holder[other], sure_key[one] > 0
        alike = process.cpdist(content[x], content[y], scorer=LCSseq.similarity, workers=2)
        like = 2 * alike >= SIMILAR * (length[x] + length[y])
        like |= (alike > 1) & (alike == np.minimum(length[x], length[y]))
        seen.append(np.unique((subject[x] * len(ready) + subject[y])[sure | like]))
    ones, others = np.divmod(np.unique(np.concatenate(seen)), max(len(ready), 1))
    differ = ones != others
    return ones[differ], others[differ]


def _sure(name: Name, ready: _Ready) -> Iterator[tuple[str, ...]]:
    for form in {name.whole, name.parent}:
        yield "short", form.short
        yield "sound", form.sound
        yield from (("moved", *sorted(spelling)) for spelling in {form.text, form.short})
        yield from (("local", form.stem, d) for d in (ready.subject.adcode, ready.district) if d)
        if form.stem not in GENERIC:
            yield "stem", form.stem
        # Two names one character apart share one of the names with a character left out.
        for spelling in {form.text, form.short, form.stem} if name.han else ():
            yield "but one", spelling
            yield from (("but one", spelling[:i] + spelling[i + 1 :]) for i in range(len(spelling)))
    yield from (("phone", p) for p in ready.phones)


def _loose(name: Name, ready: _Ready, common: Counter[str]) -> Iterator[tuple[object, ...]]:
    rare = sorted((b for b in _pieces(name) if common[b] > 1), key=lambda b: (common[b], b))[:4]
    yield from (("rare", b, where) for b in rare for where in ("", ready.subject.adcode))
    if ready.door:
        yield "door", ready.road[-3:], ready.door
    lon, lat, _ = ready.point
    if np.isfinite(lat):
        east, north = lon * np.cos(np.radians(round(lat))) * 111_320, lat * 111_320
        # Points less than a cell apart share one of the four.
        cells = product(*((int(v // _GRID_M), int(v // _GRID_M) + 1) for v in (east, north)))
        yield from ((*cell, b) for cell in cells for b in rare)


def _pieces(name: Name) -> set[str]:
    """Pairs of characters of a Chinese name, words of another."""
    stem = name.whole.stem
    return {stem[i : i + 2] for i in range(len(stem) - 1)} if name.han else set(stem.split())
