"""Geocodes by known places: the name itself, its door, a near name, what it is inside of, its road.

The same search runs over the embedded venues and over the registry's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from venuenet.geocode.districts import Districts
from venuenet.geocode.model import GeoAnswer, GeoQuery, MatchLevel
from venuenet.geocode.names import NameIndex, Place
from venuenet.geocode.text import Address, AddressReader
from venuenet.registry.model import Reason

UNKNOWN_M = 500.0
"""Taken for a point whose precision nobody states."""
INSIDE_M = 300.0
"""Least precision of something inside of a place that is known."""
DOOR_M = 100.0
"""Least precision of a door that another venue has."""
PART_M = 1000.0
"""Least precision of a whole (a park) of which only a part (its museum) is known."""
ROAD_M = 2500.0
"""Precision of a road where a door number is missing."""
NEIGHBOUR_M = 1500.0
PER_NUMBER_M = 60.0
"""Two doors of a road lie within NEIGHBOUR_M + PER_NUMBER_M x the numbers between them: holds
for all eleven pairs of the embedded venues, and for 复兴路 9 and 69, 3.7 km apart."""

_DIGITS = re.compile(r"\d+")


def length_zh(metres: float) -> str:
    """Word a distance in Chinese."""
    return f"{metres:.0f} 米" if metres < 1000 else f"{metres / 1000:.1f} 公里"


def length_en(metres: float) -> str:
    """Word a distance in English."""
    return f"{metres:.0f} m" if metres < 1000 else f"{metres / 1000:.1f} km"


class Places:
    """A Geocoder over known places.

    Parameters
    ----------
    name : str
        Printed as the position's method.
    index : NameIndex
    reader : AddressReader
    districts : Districts
    """

    def __init__(
        self, name: str, index: NameIndex, reader: AddressReader, districts: Districts
    ) -> None:
        self.name = name
        self._index = index
        self._reader = reader
        self._districts = districts

    def locate(self, query: GeoQuery) -> GeoAnswer | None:
        """See Geocoder. Never leaves the district named by more than the tolerance."""
        address = self._reader.read(query.address)
        answer, _ = self.precise(query, address)
        return answer or self.street(query, address)

    def precise(
        self, query: GeoQuery, address: Address
    ) -> tuple[GeoAnswer | None, tuple[Reason, ...]]:
        """Find the thing, its door or what it is inside of.

        Returns
        -------
        answer : GeoAnswer or None
        notes : tuple of Reason
            Homonyms that were not used, and why.
        """
        district = query.adcode or address.adcode
        answer, notes = self._by_name(query.name, district)
        if answer is not None:
            return answer, notes
        answer = self._by_door(address.adcode or district, address) or self._by_near(
            query.name, district
        )
        if answer is None and district is not None:
            answer = self._by_inside(address.rest, address.adcode or district)
            answer = answer or self._by_inside(query.name, district)
        return answer, notes

    def street(self, query: GeoQuery, address: Address) -> GeoAnswer | None:
        """Find another place on the same road of the same district."""
        district = address.adcode or query.adcode
        if district is None:
            return None
        positions = self._index.on_road(district, address.road)
        if not positions:
            return None
        reach = {i: self._along(i, address.number) for i in positions}
        nearest = min(reach, key=lambda i: (reach[i], self._index.places[i].precision_m))
        place = self._index.places[nearest]
        why = Reason(
            f"取同在{address.road}的“{place.names[0]}”的位置",
            f"the position of {place.names[0]}, on the same road {address.road}",
        )
        return self._answer(place, "street", 0.45, reach[nearest], why)

    def _along(self, position: int, number: str) -> float:
        """Return how far along the road a door may lie from a known place's."""
        known = self._index.places[position].address
        here, there = _DIGITS.search(number), _DIGITS.search(known.number if known else "")
        if here is None or there is None:
            return ROAD_M
        return NEIGHBOUR_M + PER_NUMBER_M * abs(int(here[0]) - int(there[0]))

    def _by_name(
        self, name: str, district: str | None
    ) -> tuple[GeoAnswer | None, tuple[Reason, ...]]:
        here, likeness = self._index.named(name, district)
        away = 1.0
        if not here and district is not None:
            here, likeness = self._index.named(name, None)
            here, outside = self._within(here, district)
            if not here:
                return None, outside
            away = 0.8
        if not here:
            return None, ()
        one = self._index.site(here)
        if one is None:
            return None, (
                Reason(
                    f"名为“{name}”的有 {len(here)} 处，无法确定是哪一处",
                    f"{len(here)} places are called {name}; which one is not known",
                ),
            )
        place = self._index.places[one]
        why = Reason(f"与“{place.names[0]}”同名", f"has the name of {place.names[0]}")
        if away < 1:
            why = Reason(
                f"{why.zh}；后者登记在邻区，位于交界处",
                f"{why.en}, which is registered in the next district, by the border",
            )
        sure = 0.95 * likeness * away * (0.85 if district is None else 1.0)
        return self._answer(place, "exact", sure, 0.0, why), ()

    def _within(
        self, positions: Iterable[int], district: str
    ) -> tuple[tuple[int, ...], tuple[Reason, ...]]:
        """Part homonyms of other districts into those within the tolerance and the rest, told."""
        kept: list[int] = []
        told: list[Reason] = []
        for i in positions:
            place = self._index.places[i]
            metres, _ = self._districts.outside(place.lon, place.lat, district)
            if metres <= self._districts.tolerance_m:
                kept.append(i)
            else:
                told.append(
                    Reason(
                        f"同名的“{place.names[0]}”在所述区外 {length_zh(metres)}，未采用",
                        f"its namesake {place.names[0]} lies {length_en(metres)} outside the "
                        "district named and was not used",
                    )
                )
        return tuple(kept), tuple(told)

    def _by_door(self, district: str | None, address: Address) -> GeoAnswer | None:
        if district is None:
            return None
        positions = self._index.at_door(district, address.road, address.number)
        if not positions:
            return None
        place = min((self._index.places[i] for i in positions), key=lambda p: p.precision_m)
        why = Reason(
            f"与“{place.names[0]}”同一门牌：{address.road}{address.number}",
            f"the door of {place.names[0]}: {address.road}{address.number}",
        )
        return self._answer(place, "door", 0.85, DOOR_M, why)

    def _by_near(self, name: str, district: str | None) -> GeoAnswer | None:
        found = self._index.near(name, district) if district is not None else None
        if found is None:
            return None
        place, likeness = self._index.places[found[0]], found[1]
        why = Reason(
            f"名称与“{place.names[0]}”相近（{likeness:.0%}）",
            f"its name is near that of {place.names[0]} ({likeness:.0%})",
        )
        return self._answer(place, "exact", 0.7 * likeness, 0.0, why)

    def _by_inside(self, text: str, district: str) -> GeoAnswer | None:
        floor = INSIDE_M
        positions, _ = self._index.named(text, district)
        if not positions:
            positions, whole = self._index.around(text, district)
            floor = PART_M if whole else INSIDE_M
        one = self._index.site(positions) if positions else None
        if one is None:
            return None
        place = self._index.places[one]
        why = Reason(
            f"“{text}”与“{place.names[0]}”同在一处，取其位置",
            f"{text} and {place.names[0]} are one site; its position is taken",
        )
        return self._answer(place, "door", 0.6, floor, why)

    def _answer(
        self, place: Place, level: MatchLevel, sure: float, floor_m: float, why: Reason
    ) -> GeoAnswer:
        precision = max(floor_m, place.precision_m)
        coarse = 1.0 if precision <= 500 else 0.9 if precision <= 2000 else 0.75
        return GeoAnswer(
            lon=place.lon,
            lat=place.lat,
            precision_m=precision,
            level=level,
            confidence=round(sure * coarse, 3),
            provider=self.name,
            reasons=(why,),
            raw={"name": place.names[0], "adcode": place.adcode},
        )
