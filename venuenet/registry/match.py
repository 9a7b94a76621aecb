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
from math import isnan, nan
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
    "generic": (2.0, "名称相同，但只是通称", "same name, but a generic one"),
    "near": (4.0, "名称相近", "names are close"),
    "contained": (1.0, "一名包含另一名", "one name holds the other"),
    "similar": (-1.0, "名称相似", "names are similar"),
    "place": (-2.0, "名称所冠地名不同", "names begin with different places"),
    "telling": (-4.0, "名称有关键字词之别", "names differ in a word that tells venues apart"),
    "different": (-10.0, "名称不同", "different names"),
}
_MERGEABLE, _TOLD_APART = {"same", "sound", "weak", "moved", "typo"}, {"place", "telling"}
# Which parts they speak of (see names.Part).
_PART = {
    "same": (0.0, "所指部分相同", "same part"),
    "unsure": (-3.0, "所指部分或有笔误", "parts differ by a slip, or really"),
    "one": (-5.0, "仅一方指明分馆或局部", "only one speaks of a part"),
    "different": (-12.0, "所指分馆或局部不同", "different parts"),
}
_ADDRESS = {
    "door": (6.0, "门牌相同", "same door"),
    "road": (2.0, "同一道路", "same road"),
    "spot": (1.0, "地址文字相同", "same place in the address"),
    "other_door": (-4.0, "同一道路，门牌不同", "same road, another door"),
    "other_road": (-4.0, "道路不同", "another road"),
}
_DISTRICT_SAID = ((-4.0, "所属区不同", "different districts"), (3.0, "同属一区", "same district"))
_PHONE = ((-0.5, "电话不同", "different phones"), (7.0, "电话相同", "same phone"))
_OTHER_KIND = (-0.5, "类别不同", "different kinds")
POINT_BITS, PLACE_BITS = (-7.0, 5.0), (-9.0, 9.0)
"""Limits of a point's bits, and of district, address and point together: they tell one thing."""

_DISTRICT = re.compile(r"^(?:中国)?(?:北京市?)?([\u4e00-\u9fff]{2,3}?)(?<![社校园景小片发])[区县]")
_TOWN = re.compile(r"^.{2,7}?(?:街道|地区|镇|乡)(?=.{2})")
_DOOR = re.compile(
    r"(?P<road>[\u4e00-\u9fff]{2,}?)(?P<no>[甲乙丙丁]?\d+)(?:-\d+)?(?:号(?!楼|线|门)|院|$)(?P<more>[甲乙丙丁]?)"
)
_ROAD = re.compile(r"^[\u4e00-\u9fff]{1,9}?(?:大街|大道|胡同|路|街|巷|条)")
_GEOD = Geod(ellps="WGS84")
_CHUNK = 1 << 20

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
        unless a rule forbids it (its last reason says so), ``ask`` from :data:`ASK_AT` on.
    """
    x, y = _ready(a), _ready(b)
    return _judge(x, y, *_apart(np.array([x.point]), np.array([y.point]))[0], tell=True)


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
            pair = _judge(x, y, *measured[at])
            if pair.reasons:
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
    phone = re.sub(r"[ ()+-]", "", unicodedata.normalize("NFKC", subject.phone))
    precision = UNSTATED_M if subject.precision_m is None else subject.precision_m
    point = (subject.lon, subject.lat, precision)
    return _Ready(
        subject=subject,
        han=tuple(n for n in names if n.han),
        latin=tuple(n for n in names if not n.han),
        district=next((m[1] for m in named if m), ""),
        road=door["road"] if door else road[0] if road else "",
        door=door["more"] + door["no"] if door else "",
        spot=spot,
        phones=frozenset(number[-8:] for number in re.findall(r"\d{7,}", phone)),
        point=(nan, nan, nan) if None in point else point,  # type: ignore[arg-type]
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

    Of doubles, four in five are as far apart as the precisions say, most others a datum's shift
    more, one in a hundred anywhere; chance candidates are anywhere within 3 km or the precisions.
    """
    spread = np.maximum((precision_a**2 + precision_b**2) / 5.99, 30.0**2)
    likely = np.full(len(metres), 1e-30)
    for share, more_m in ((0.80, 0.0), (0.19, 500.0), (0.01, 20_000.0)):
        wide = spread + more_m**2
        likely += share * np.exp(-(metres**2) / (2 * wide)) / (2 * np.pi * wide)
    chance_m2 = np.pi * np.maximum(3000.0**2, 2 * spread)
    return np.asarray(np.clip(np.log2(likely * chance_m2), *POINT_BITS))


def _judge(a: _Ready, b: _Ready, metres: float, point_bits: float, *, tell: bool = False) -> Pair:
    """Weigh everything; without ``tell``, a pair not worth telling of is left without reasons."""
    sa, sb = a.subject, b.subject
    said = (sa.adcode, sb.adcode) if sa.adcode and sb.adcode else (a.district, b.district)
    district = said[0] == said[1] if all(said) else None
    address, shared = _address(a, b), sorted(a.phones & b.phones)
    found = _names(a, b, point_bits > 1 if district is None and not isnan(metres) else district)
    never = found.level not in _MERGEABLE or found.part not in ("", "same")
    told = [(_NAME[found.level], found.names, found.ratio)]
    if found.part:
        told.append((_PART[found.part], found.parts, 1))
    place = []
    if district is not None:
        never |= not district and isnan(metres)
        place.append(_DISTRICT_SAID[district][0])
        named = tuple(sorted(r.district or str(r.subject.adcode) for r in (a, b)))
        told.append((_DISTRICT_SAID[district], named[district:], 1))
    if address is not None:
        place.append(_ADDRESS[address][0])
        spots = tuple(f"{r.road}{r.door and r.door + '号'}" or r.spot for r in (a, b))
        told.append((_ADDRESS[address], spots, 1))
    if not isnan(metres):
        place.append(point_bits)
        near, far = sorted((a.point[2], b.point[2]))
        never |= metres - near - far > FAR_M
        zh = f"相距 {metres:.0f} 米（精度 {near:.0f}、{far:.0f} 米）"
        told.append(((0, zh, f"{metres:.0f} m apart (± {near:.0f}, {far:.0f} m)"), (), 1))
    bits = PRIOR + found.bits + min(max(sum(place), PLACE_BITS[0]), PLACE_BITS[1])
    if a.phones and b.phones:
        bits += _PHONE[bool(shared)][0]
        told.append((_PHONE[bool(shared)], tuple(shared), 1))
    if not place and not shared:
        never = True
        told.append(((0, "无地点、电话可比", "no place or phone to compare"), (), 1))
    if sa.kind and sb.kind and sa.kind != sb.kind:
        bits += _OTHER_KIND[0]
        told.append((_OTHER_KIND, (sa.kind, sb.kind), 1))
    score = 1 / (1 + 2.0**-bits)
    if found.part == "different":
        score = min(score, ASK_AT - 0.01)
    elif never and score >= MERGE_AT:
        score = MERGE_AT - 0.01
        told.append(((0, "按规则不自动合并", "a rule forbids to merge it unasked"), (), 1))
    verdict = "merge" if score >= MERGE_AT else "ask" if score >= ASK_AT else "apart"
    tell |= verdict != "apart" or found.level in _MERGEABLE
    tell |= not found.part and found.level in _TOLD_APART
    reasons = tuple(_say(*words) for words in told) if tell else ()
    return Pair(sa.id, sb.id, score, verdict, reasons)  # type: ignore[arg-type]


def _say(words: tuple[float, str, str], values: tuple[str, ...], ratio: float) -> Reason:
    """Put what was compared behind the words, each value once, in an order of its own."""
    told = " / ".join(sorted({v for v in values if v}))
    zh, en = (f"{w} {ratio:.2f}" if ratio < 1 else w for w in words[1:])
    return Reason(f"{zh}：{told}", f"{en}: {told}") if told else Reason(zh, en)


def _names(a: _Ready, b: _Ready, near: bool | None) -> _Found:
    """Find the two names that agree best; where both have Chinese names, these decide.

    ``near`` tells whether both are in one district (or place): there a generic name means one.
    """
    every = product(a.han, b.han) if a.han and b.han else product(a.han + a.latin, b.han + b.latin)
    nothing = _Found(-10.0, 0.0, "different", "", (), ())
    return max((_found(x, y, near) for x, y in every), default=nothing)


def _found(x: Name, y: Name, near: bool | None) -> _Found:
    level: str
    level, part, ratio = agree(x, y)
    if level == "generic" and near is not None:
        level = "same" if near else "different"
    bits = _NAME[level][0] + (_PART[part][0] if part else 0)
    # Sorted, so that among equals the same is taken whichever comes first.
    names, parts = sorted((x.text, y.text)), sorted((x.branch, y.branch))
    return _Found(bits, ratio, level, part, tuple(names), tuple(parts))


def _address(a: _Ready, b: _Ready) -> str | None:
    if a.road and b.road:
        if not (a.road.endswith(b.road) or b.road.endswith(a.road)):
            # An address inside of another place may name that place's road.
            return None if a.road in b.spot or b.road in a.spot else "other_road"
        if a.door and a.door == b.door:
            return "door"
        numbers = {r.door.strip("甲乙丙丁") for r in (a, b)}
        return "road" if len(numbers) == 1 or "" in numbers else "other_door"
    short, long = sorted((a.spot, b.spot), key=lambda s: (len(s), s))
    return "spot" if len(short) > 1 and short in long else None


def _candidates(
    ready: Sequence[_Ready], n_known: int, within: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of positions (newcomer, earlier one) whose names share a key, by newcomer.

    A sure key (one spelling, sound, set of characters, all characters but one; a phone) is enough.
    A loose one (rare characters, a door) needs like names and no other district as well.
    """
    names = [(i, r, n) for i, r in enumerate(ready) for n in (*r.han, *r.latin)]
    common = Counter(b for *_, n in names for b in _pieces(n))
    hashes, holders, kinds = array("q"), array("q"), array("q")
    for at, (_, r, n) in enumerate(names):
        for kind, found in enumerate((_loose(n, r, common), _sure(n, r))):
            keys = {hash(k) for k in found}
            hashes.extend(keys)
            holders.extend([at] * len(keys))
            kinds.extend([kind] * len(keys))
    columns = np.array([kinds, holders, hashes], dtype=np.int64)
    sure, holder, hashed = columns[:, np.argsort(columns[2], kind="stable")]
    subject = np.array([i for i, *_ in names], dtype=np.int64)
    starts = np.flatnonzero(np.r_[True, hashed[1:] != hashed[:-1]][: len(hashed)])
    size = np.diff(np.r_[starts, len(hashed)])
    first, size = np.repeat(starts, size), np.repeat(size, size)
    is_new = subject[holder] >= n_known
    news = np.r_[0, np.cumsum(is_new)]
    # Of those that share a key the known come first: so do the earlier ones.
    partners = np.arange(len(first)) - first if within else size - news[first + size] + news[first]
    partners[~is_new | (size > np.where(sure, MAX_SURE, MAX_LOOSE))] = 0
    total = np.cumsum(partners)
    content = np.array([n.whole.content or n.whole.stem for *_, n in names], dtype=object)
    length = np.array([len(c) for c in content])
    district = np.array([hash(r.subject.adcode) for _, r, _ in names])
    none, seen = hash(None), [np.empty(0, dtype=np.int64)]
    for start in range(0, int(partners.sum()), _CHUNK):
        rows = np.arange(*np.searchsorted(total, [start, start + _CHUNK], side="right"))
        before = total[rows] - partners[rows]
        one = np.repeat(rows, partners[rows])
        other = first[one] + np.arange(len(one)) - np.repeat(before - before[0], partners[rows])
        x, y = holder[one], holder[other]
        near = (district[x] == district[y]) | (district[x] == none) | (district[y] == none)
        keep = (sure[one] > 0) | near
        x, y, one = x[keep], y[keep], one[keep]
        alike = process.cpdist(content[x], content[y], scorer=LCSseq.similarity, workers=2)
        shorter, mean = np.minimum(length[x], length[y]), (length[x] + length[y]) / 2
        like = (alike > 1) & (alike >= np.minimum(shorter, SIMILAR * mean))
        seen.append(np.unique((subject[x] * len(ready) + subject[y])[(sure[one] > 0) | like]))
    ones, others = np.divmod(np.unique(np.concatenate(seen)), max(len(ready), 1))
    differ = ones != others
    return ones[differ], others[differ]


def _sure(name: Name, ready: _Ready) -> Iterator[tuple[str, ...]]:
    for form in {name.whole, name.parent}:
        yield from (("short", form.short), ("sound", form.sound))
        yield from (("moved", *sorted(spelling)) for spelling in {form.text, form.stem})
        yield from (("local", form.stem, d) for d in (ready.subject.adcode, ready.district) if d)
        if form.stem not in GENERIC:
            yield "stem", form.stem
        # Names one character apart share one of the names with a character left out.
        for spelling in {form.text, form.stem} if name.han else ():
            yield "but one", spelling
            yield from (("but one", spelling[:i] + spelling[i + 1 :]) for i in range(len(spelling)))
    yield from (("phone", p) for p in ready.phones)


def _loose(name: Name, ready: _Ready, common: Counter[str]) -> Iterator[tuple[object, ...]]:
    rare = sorted((b for b in _pieces(name) if common[b] > 1), key=lambda b: (common[b], b))[:3]
    yield from (("rare", b, where) for b in rare for where in ("", ready.subject.adcode))
    if ready.door:
        yield "door", ready.road[-3:], ready.door
    if not isnan(ready.point[0]):
        # Points less than a cell apart, at least 300 m up to 60° north, share one of the four.
        corner = int(ready.point[0] // 0.0054), int(ready.point[1] // 0.0027)
        cells = product(*((at, at + 1) for at in corner))
        yield from ((*cell, b) for cell in cells for b in rare[:1])


def _pieces(name: Name) -> set[str]:
    """Pairs of characters of a Chinese name, words of another."""
    stem = name.whole.stem
    return {stem[i : i + 2] for i in range(len(stem) - 1)} if name.han else set(stem.split())
