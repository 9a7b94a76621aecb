"""Names of places, indexed: the same name, nearly the same, by sound, by door, by what is inside.

Serves the embedded gazetteer and the registry's own venues alike. Answers are positions in
``places``; near names are only ever looked for within one district.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from rapidfuzz import fuzz, process
from rapidfuzz.distance import Levenshtein

from venuenet.area import StudyArea
from venuenet.geocode.text import Address, door_key, has_han, plain, without_brackets

NEAR = 80.0
"""Least likeness (rapidfuzz ``ratio``, 0-100): one wrong character in five, two in ten."""
LEAST = 4
"""Characters a part of a name needs before it may stand for the place."""
SITE_M = 300.0
"""Records this near each other are one site."""
# Two names that differ in one of these are two places: 东馆 and 西馆, A馆 and B馆, 一期 and 二期.
_TELLING = re.compile("[东西南北中前后左右上下新旧老大小内外一二三四五六七八九十0-9a-z]")
# A site of its own although its name begins with the main house's.
_ELSEWHERE = re.compile("分中心|[分新旧东西南北]馆|[分东西南北]院|分园|校区|旧址|店$|站$")


@dataclass(frozen=True, slots=True)
class Place:
    """A place that is known; WGS84 degrees, metres."""

    names: tuple[str, ...]
    adcode: str | None
    lon: float
    lat: float
    precision_m: float
    address: Address | None = None


@lru_cache(maxsize=65_536)
def sound(name: str) -> str:
    """Return a name by its sound for comparing: pinyin without tones, spaces, marks; ü as u."""
    if has_han(name):
        from pypinyin import lazy_pinyin  # noqa: PLC0415  0.3 s others need not wait for

        name = "".join(lazy_pinyin(unicodedata.normalize("NFKC", name)))
    letters = unicodedata.normalize("NFKD", name).casefold().replace("v", "u")
    return "".join(c for c in letters if c.isascii() and c.isalpha())


class NameIndex:
    """Finds places of an area by what they are called.

    Parameters
    ----------
    places : sequence of Place
    area : StudyArea
        Its city's and districts' names are what a name may begin with or leave out.
    """

    def __init__(self, places: Sequence[Place], area: StudyArea) -> None:
        self.places = tuple(places)
        lon, lat = [p.lon for p in places], [p.lat for p in places]
        self._xy = np.column_stack(area.metric(lon, lat)) if places else np.zeros((0, 2))
        city = area.meta.name_zh
        self._stems = {
            name: name[:-1] if len(name) > 2 else name for name in area.districts["name_zh"]
        }
        self._head = re.compile(
            f"(?:{re.escape(city)}|{re.escape(city.removesuffix('市'))})?"
            f"({'|'.join(map(re.escape, self._stems))})?"
        )
        self._shorter = lru_cache(maxsize=4096)(self._shortened)
        self._exact: dict[str, list[int]] = defaultdict(list)
        self._short: dict[str, list[int]] = defaultdict(list)
        self._sound: dict[str, list[int]] = defaultdict(list)
        self._doors: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        self._roads: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._keys: dict[str | None, dict[str, int]] = defaultdict(dict)
        self._alike: dict[tuple[str | None, int, str], list[str]] = defaultdict(list)
        for i, place in enumerate(places):
            self._add(i, place)
        self._sorted = {adcode: sorted(keys) for adcode, keys in self._keys.items()}

    def _add(self, i: int, place: Place) -> None:
        for name in place.names:
            key = plain(name)
            if not key:
                continue
            self._exact[key].append(i)
            if key not in self._keys[place.adcode]:
                self._keys[place.adcode][key] = i
                self._alike[place.adcode, len(key), sound(key[-2:])].append(key)
            for short in self._shorter(name):
                self._short[short].append(i)
            for heard in {sound(name), sound(without_brackets(name)[0])}:
                self._sound[heard].append(i)
        address = place.address
        if address is None or not address.road:
            return
        adcode = address.adcode or place.adcode or ""
        road, number = door_key(address.road, address.number)
        self._roads[adcode, road].append(i)
        if number:
            self._doors[adcode, road, number].append(i)

    def named(self, name: str, adcode: str | None) -> tuple[tuple[int, ...], float]:
        """Find the places of a name.

        Parameters
        ----------
        name : str
            Chinese, English or pinyin.
        adcode : str or None
            Only this district's; None looks everywhere.

        Returns
        -------
        positions : tuple of int
            Empty where nobody is called that; several are homonyms (or one site: :meth:`site`).
        likeness : float
            1 the name itself; 0.9 with brackets, city or district left out; 0.85 by sound.
        """
        key = plain(name)
        if not key:
            return (), 0.0
        for table, likeness in ((self._exact, 1.0), (self._short, 0.9)):
            if here := self._here(table.get(key), adcode):
                return here, likeness
        shorter = self._shorter(name)
        for table in (self._exact, self._short):
            if here := self._here([i for k in shorter for i in table.get(k, ())], adcode):
                return here, 0.9
        here = () if has_han(name) else self._here(self._sound.get(sound(name)), adcode)
        return here, 0.85 if here else 0.0

    def _here(self, positions: list[int] | None, adcode: str | None) -> tuple[int, ...]:
        if not positions:
            return ()
        return tuple(sorted({i for i in positions if adcode in (None, self.places[i].adcode)}))

    def near(self, name: str, adcode: str) -> tuple[int, float] | None:
        """Find the place of a district whose name is nearly this: position and likeness (0..1).

        One character may be missing or too many, others may be different ones of the same sound.
        Whatever else differs makes two places, a compass point or number above all: 航空博物馆 is
        no 航天博物馆, 博物馆 no 民俗博物馆.
        """
        key = plain(name)
        if len(key) < LEAST:
            return None
        # ratio = 2 x common / (length + length): other lengths cannot reach the cut-off
        reach = (200 - NEAR) / NEAR
        tail = sound(key[-2:])
        choices = [
            k
            for length in range(int(np.ceil(len(key) / reach)), int(len(key) * reach) + 1)
            for k in self._alike.get((adcode, length, tail), ())
        ]
        found = process.extractOne(key, choices, scorer=fuzz.ratio, score_cutoff=NEAR)
        if found is None or _tells_apart(key, found[0]):
            return None
        return self._keys[adcode][found[0]], float(found[1]) / 100

    def around(self, text: str, adcode: str) -> tuple[tuple[int, ...], bool]:
        """Find a known part of what the text names, or the known whole that it is a part of.

        北京动物园 is the whole of 北京动物园科普馆, 北京天文馆A馆 a part of 北京天文馆.

        Returns
        -------
        positions : tuple of int
            Several where several parts are known.
        whole : bool
            True where the text is the whole.
        """
        key = plain(text)
        names, known = self._sorted.get(adcode, []), self._keys.get(adcode, {})
        if len(key) < LEAST:
            return (), False
        parts: list[int] = []
        for name in (names[i] for i in range(bisect_left(names, key), len(names))):
            if not name.startswith(key):
                break
            if not _ELSEWHERE.search(name[len(key) :]):
                parts.append(known[name])
        if parts:
            return tuple(dict.fromkeys(parts)), True
        for length in range(len(key) - 1, LEAST - 1, -1):
            whole = known.get(key[:length])
            if whole is not None and not _ELSEWHERE.search(key[length:]):
                return (whole,), False
        return (), False

    def at_door(self, adcode: str, road: str, number: str) -> tuple[int, ...]:
        """Find the places of a door."""
        road_key, number_key = door_key(road, number)
        return tuple(self._doors.get((adcode, road_key, number_key), ())) if number_key else ()

    def on_road(self, adcode: str, road: str) -> tuple[int, ...]:
        """Find the places of a road."""
        return tuple(self._roads.get((adcode, plain(road)), ())) if road else ()

    def site(self, positions: Iterable[int]) -> int | None:
        """Return the finest of the places when all lie on one site, None when they do not."""
        order = sorted(positions, key=lambda i: self.places[i].precision_m)
        away = self._xy[order] - self._xy[order[0]]
        return order[0] if np.hypot(*away.T).max() <= SITE_M else None

    def _shortened(self, name: str) -> tuple[str, ...]:
        """Return the keys of a name without its brackets and without the city's name."""
        outside, inside = without_brackets(name)
        full = plain(name)
        keys = {self._home(full)}
        if inside:
            keys |= {plain(outside), self._home(plain(outside)), *map(plain, inside)}
        return tuple(sorted(k for k in keys if len(k) >= LEAST and k != full))

    def _home(self, key: str) -> str:
        """Write a name as the district does: no city before it, and 海淀 for 海淀区.

        A city's house loses the city, a district's keeps the district: they are two houses.
        """
        return self._head.sub(lambda head: self._stems.get(head[1], ""), key, count=1)


def _tells_apart(a: str, b: str) -> bool:
    spare = 0
    for op in Levenshtein.opcodes(a, b):
        here, there = a[op.src_start : op.src_end], b[op.dest_start : op.dest_end]
        if op.tag == "replace" and sound(here) != sound(there):
            return True
        if op.tag in ("insert", "delete"):
            spare += len(here + there)
            if _TELLING.search(here + there):
                return True
    return spare > 1
