"""Geocodes by the area pack alone: its venues, stations, townships, districts. No network.

Coarse answers say so: a township is as fine as it is large, a district as far as it reaches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from venuenet.area import StudyArea
from venuenet.geocode.districts import Districts
from venuenet.geocode.model import GeoAnswer, GeoQuery, MatchLevel
from venuenet.geocode.names import NameIndex, Place
from venuenet.geocode.places import Places
from venuenet.geocode.text import (
    Address,
    AddressReader,
    station_name,
    town_stem,
    without_brackets,
)
from venuenet.model import LocatedVenue
from venuenet.registry.model import Reason

NAME = "gazetteer"
STATION_M = 1000.0
"""A place that says which station it is at lies within a walk of it."""
NAMESAKE_M = 1500.0
"""A station called after a place is farther from the place's middle: parks are large."""
TOWNSHIP_M = 3000.0
"""Radius of a township of unknown area, at least."""
TOWNSHIP_REACH = 1.5
"""A township's venues lie within this many radii of the circle of its area: townships are long and
their seats not in the middle. With 1 radius 30 of 33 embedded venues do, with 1.5 32 of 33."""
NAMED_AFTER_M = 3000.0
"""A road lies this near the station or township it is called after: measured on the embedded
venues, 28 of 30 doors do; 中关村南大街 and an airport road do not."""


class Gazetteer:
    """The embedded Geocoder.

    Parameters
    ----------
    area : StudyArea
    reader : AddressReader
    districts : Districts
    """

    name = NAME

    def __init__(self, area: StudyArea, reader: AddressReader, districts: Districts) -> None:
        self._reader = reader
        self._districts = districts
        self._venues = Places(NAME, NameIndex(_venues(area, reader), area), reader, districts)
        self._stations = NameIndex(_stations(area), area)
        self._towns = _townships(area)
        self._town_codes = tuple(self._towns)
        self._town_names = NameIndex(tuple(self._towns.values()), area)
        self._centres = _centres(area, districts)
        self._district_names = NameIndex(tuple(self._centres.values()), area)
        self._roots = _roots(self._stations.places, self._towns, districts)

    def locate(self, query: GeoQuery) -> GeoAnswer | None:
        """See Geocoder: the finest thing the pack knows of the query."""
        address = self._reader.read(query.address)
        district = address.adcode or query.adcode
        answer, notes = self._venues.precise(query, address)
        answer = (
            answer
            or self._station(query, address)
            or self._venues.street(query, address)
            or self._around(district, address)
            or self._region(query)
            or self._district(district)
        )
        return answer and replace(answer, reasons=answer.reasons + notes)

    def _station(self, query: GeoQuery, address: Address) -> GeoAnswer | None:
        """Take the station that the text names, or the one that is called as the venue is."""
        district = query.adcode or address.adcode
        said = station_name(address.rest) or station_name(query.name)
        for text, precision, sure in ((said, STATION_M, 0.55), (query.name, NAMESAKE_M, 0.4)):
            positions = self._station_positions(text) if text else ()
            one = self._stations.site(positions) if positions else None
            if one is None or self._district_names.named(text or "", None)[0]:
                continue  # 昌平 alone is the district, not its station
            place = self._stations.places[one]
            metres, _ = self._districts.outside(place.lon, place.lat, district)
            if metres <= self._districts.tolerance_m:
                zh, en = f"取{place.names[0]}站的位置", f"the position of {place.names[0]} station"
                return _coarse(place, "street", precision, sure, Reason(zh, en))
        return None

    def _station_positions(self, text: str) -> tuple[int, ...]:
        found, _ = self._stations.named(text, None)
        return found or self._stations.named(f"{text}站", None)[0]

    def _around(self, district: str | None, address: Address) -> GeoAnswer | None:
        """Take the township named or the place the road is called after, whichever is finer."""
        found = (self._township(address.township_code), self._named_after(district, address.road))
        return min(filter(None, found), key=lambda a: a.precision_m, default=None)

    def _named_after(self, district: str | None, road: str) -> GeoAnswer | None:
        roots = self._roots.get(district or "", {})
        for length in range(len(road), 1, -1):
            place = roots.get(road[:length])
            if place is not None:
                why = Reason(
                    f"按地名“{place.names[0]}”推断{road}的位置",
                    f"{road} is taken to lie by {place.names[0]}, whose name it bears",
                )
                return _coarse(place, "street", NAMED_AFTER_M, 0.35, why)
        return None

    def _region(self, query: GeoQuery) -> GeoAnswer | None:
        """Take the name itself for a district's or a township's."""
        positions, _ = self._district_names.named(query.name, query.adcode)
        if positions:
            return self._district(self._district_names.places[positions[0]].adcode)
        positions, _ = self._town_names.named(query.name, query.adcode)
        return self._township(self._town_codes[positions[0]]) if len(positions) == 1 else None

    def _township(self, code: str | None) -> GeoAnswer | None:
        place = self._towns.get(code or "")
        if place is None:
            return None
        why = Reason(
            f"只知在{place.names[0]}，取其代表点",
            f"only the township {place.names[0]} is known; its centre or seat is taken",
        )
        return _coarse(place, "township", place.precision_m, 0.4, why)

    def _district(self, adcode: str | None) -> GeoAnswer | None:
        place = self._centres.get(adcode or "")
        if place is None:
            return None
        why = Reason(
            f"只知在{place.names[0]}，取其中心；误差可达全区",
            f"only the district {place.names[0]} is known; its middle stands for all of it",
        )
        return _coarse(place, "district", place.precision_m, 0.2, why)


def _coarse(
    place: Place, level: MatchLevel, precision_m: float, confidence: float, why: Reason
) -> GeoAnswer:
    return GeoAnswer(
        lon=place.lon,
        lat=place.lat,
        precision_m=precision_m,
        level=level,
        confidence=confidence,
        provider=NAME,
        reasons=(why,),
        raw={"name": place.names[0], "adcode": place.adcode},
    )


def _venues(area: StudyArea, reader: AddressReader) -> list[Place]:
    aliases = dict(zip(area.venue_table["venue_id"], area.venue_table["aliases"], strict=True))
    return [
        Place(
            names=tuple(filter(None, (v.name_zh, v.name_en, *aliases[v.venue_id].split("|")))),
            adcode=v.adcode,
            lon=v.lon,
            lat=v.lat,
            precision_m=v.precision_m,
            address=reader.read(v.address_zh) if v.address_zh else None,
        )
        for v in area.venues
        if isinstance(v, LocatedVenue)
    ]


def _stations(area: StudyArea) -> list[Place]:
    return [
        Place(
            names=tuple(filter(None, (str(row["name_zh"]), str(row["pinyin"] or "")))),
            adcode=None,
            lon=row["lon"],
            lat=row["lat"],
            precision_m=row["precision_m"],
        )
        for row in area.stations.to_dict("records")
    ]


def _townships(area: StudyArea) -> dict[str, Place]:
    """Place every township that has a point, by code.

    As fine as the circle of its area is wide, times ``TOWNSHIP_REACH``. Where the area is
    unknown, an equal share of what the district's known townships leave over counts, but never
    less than ``TOWNSHIP_M`` of radius.
    """
    placed: dict[str, Place] = {}
    km2_of = dict(zip(area.districts["adcode"], area.districts["area_km2"], strict=True))
    for adcode, towns in area.townships.groupby("adcode"):
        blank = int(towns["area_km2"].isna().sum())
        left_over = max(0.0, km2_of[adcode] - float(towns["area_km2"].sum()))
        share_m = 1000 * np.sqrt(left_over / max(blank, 1) / np.pi)
        for row in towns[towns["lon"].notna()].to_dict("records"):
            known = not pd.isna(row["area_km2"])
            radius = 1000 * np.sqrt(row["area_km2"] / np.pi) if known else max(TOWNSHIP_M, share_m)
            zh, en = str(row["name_zh"]), str(row["name_en"] or "")
            placed[row["township_code"]] = Place(
                names=tuple(filter(None, (zh, town_stem(zh), en, en.rpartition(" ")[0]))),
                adcode=str(adcode),
                lon=row["lon"],
                lat=row["lat"],
                precision_m=float(round(TOWNSHIP_REACH * radius + row["point_precision_m"])),
            )
    return placed


def _centres(area: StudyArea, districts: Districts) -> dict[str, Place]:
    """Place every district, by code: a point inside it, as fine as its far end is away."""
    placed: dict[str, Place] = {}
    for row in area.districts.to_dict("records"):
        zh, adcode = str(row["name_zh"]), str(row["adcode"])
        lon, lat, reach = districts.centre(adcode)
        names = (zh, zh[:-1], str(row["name_en"]), f"{row['name_en']} District", str(row["pinyin"]))
        placed[adcode] = Place(names, adcode, lon, lat, float(round(reach)))
    return placed


def _roots(
    stations: Sequence[Place], townships: Mapping[str, Place], districts: Districts
) -> dict[str, dict[str, Place]]:
    """List by district what roads are called after: stations near it, then its townships."""
    lon, lat = [p.lon for p in stations], [p.lat for p in stations]
    roots: dict[str, dict[str, Place]] = {}
    for adcode in districts.adcodes:
        metres, _ = districts.outside_m(lon, lat, [adcode] * len(stations))
        near = [p for p, m in zip(stations, metres, strict=True) if m <= districts.tolerance_m]
        roots[adcode] = {without_brackets(p.names[0])[0]: p for p in reversed(near)}
    for place in townships.values():
        roots[place.adcode or ""].setdefault(town_stem(place.names[0]), place)
    return roots
