"""From what a scenario file says to edits: names looked up in the area as edited so far."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from venuenet.area import StudyArea, resolve_district
from venuenet.errors import UnknownNameError, VenuenetError
from venuenet.geocode.districts import Districts
from venuenet.model import LocatedVenue
from venuenet.scenarios.edits import (
    Close,
    Edit,
    Headway,
    Move,
    NewLine,
    NewStation,
    Open,
    Population,
    Upgrade,
)
from venuenet.scenarios.entries import (
    CloseSaid,
    HeadwaySaid,
    LineSaid,
    MoveSaid,
    OpenSaid,
    PopulationSaid,
    StationSaid,
    UpgradeSaid,
)
from venuenet.scenarios.people import edited_people
from venuenet.scenarios.rail import edited_rail, line_faults
from venuenet.scenarios.words import Path, Told

FAR_M = 1_000_000
"""Metres from which a projected distance is no distance any more."""
_SHOWN = 5
"""How many ids are offered where a name is that of several."""


class Resolver:
    """Makes edits, one after the other: a later edit may name what an earlier one made.

    Parameters
    ----------
    told : Told
        Where faults are noted.
    area : StudyArea
    """

    def __init__(self, told: Told, area: StudyArea) -> None:
        self._told, self._area = told, area
        self._districts = Districts(area)
        self._ids = {v.venue_id for v in area.venues}
        self._names: dict[str, set[str]] = {}
        for v in area.venues:
            self._name(v.venue_id, v.name_zh, v.name_en)

    def edit(self, key: str, said: Any, at: Path) -> Edit | None:  # noqa: ANN401  see entries
        """Make one edit of what :func:`entries.entry` read; None after faults."""
        make: Mapping[str, Callable[[Any, Path], Edit | None]] = {
            "open": self._open, "close": self._close, "move": self._move, "upgrade": self._upgrade,
            "line": self._line, "headway": self._headway, "population": self._population,
        }  # fmt: skip
        return make[key](said, (*at, key))

    def _open(self, said: OpenSaid, at: Path) -> Open | None:
        adcode = self._place(said.lon, said.lat, said.district, at)
        if adcode is None:
            return None
        about = said.model_dump(exclude={"id", "district"}) | {"adcode": adcode}
        about["flags"] = tuple(said.flags)
        venue = LocatedVenue(venue_id=said.id or _named_by(about), **about)
        if venue.venue_id in self._ids:
            self._told.say("taken", at, value=said.id or said.name_zh)
            return None
        self._ids.add(venue.venue_id)
        self._name(venue.venue_id, venue.name_zh, venue.name_en)
        return Open(venue)

    def _close(self, said: CloseSaid, at: Path) -> Close | None:
        found = self._venue(said.close, at)
        return None if found is None else Close(found)

    def _move(self, said: MoveSaid, at: Path) -> Move | None:
        found = self._venue(said.venue, (*at, "venue"))
        adcode = self._place(said.lon, said.lat, said.district, at)
        if found is None or adcode is None:
            return None
        return Move(found, said.lon, said.lat, said.precision_m, adcode)

    def _upgrade(self, said: UpgradeSaid, at: Path) -> Upgrade | None:
        found = self._venue(said.venue, (*at, "venue"))
        changes = said.model_dump(exclude_unset=True, exclude={"venue"})
        if not changes:
            names = [name for name in UpgradeSaid.model_fields if name != "venue"]
            self._told.say("nothing", at, limit=", ".join(names))
        return None if found is None else Upgrade(found, changes)

    def _line(self, said: LineSaid, at: Path) -> NewLine | None:
        new: dict[str, NewStation] = {}
        stops = [
            self._station(stop, (*at, "stops", i), new)
            if isinstance(stop, StationSaid)
            else self._stop(stop, (*at, "stops", i), new)
            for i, stop in enumerate(said.stops)
        ]
        known = tuple(stop for stop in stops if stop is not None)
        if len(known) < len(stops):
            return None
        line = NewLine(
            said.name,
            known,
            tuple(said.run_min),
            said.headway_min,
            said.change_min,
            tuple(new.values()),
        )
        return line if self._lay(line, at, {"line": "name", "stations": "stops"}) else None

    def _headway(self, said: HeadwaySaid, at: Path) -> Headway | None:
        edit = Headway(said.line, said.minutes)
        return edit if self._lay(edit, at, {"headway_min": "minutes"}) else None

    def _population(self, said: PopulationSaid, at: Path) -> Population | None:
        table = self._area.districts
        now = dict(zip(table["adcode"], table["people"].astype(int), strict=True))
        people: dict[str, int] = {}
        if isinstance(said.change, float):
            people = {adcode: _changed(n, said.change) for adcode, n in now.items()}
        for key in ("districts", "change"):
            given = getattr(said, key)
            for name, value in given.items() if isinstance(given, Mapping) else ():
                adcode = self._district(name, (*at, key, name))
                if adcode in people:
                    self._told.say("same_district", (*at, key, name), value=name)
                elif adcode is not None:
                    people[adcode] = value if key == "districts" else _changed(now[adcode], value)
        edit = Population(said.year, people)
        try:
            districts, townships, meta = edited_people(self._area, [edit])
        except VenuenetError as error:
            self._told.say("refused", at, limit=error.detail_en, limit_zh=error.detail)
            return None
        self._area = replace(self._area, districts=districts, townships=townships, meta=meta)
        return edit

    def _lay(self, edit: NewLine | Headway, at: Path, keys: Mapping[str, str]) -> bool:
        """Put an edit in the tables so far, by the rules of :mod:`rail`; False after faults."""
        faults = list(line_faults(self._area, edit)) if isinstance(edit, NewLine) else []
        try:
            if not faults:
                stations, links, transfers = edited_rail(self._area, [edit])
        except VenuenetError as error:
            faults.append((error.param or "", error.detail, error.detail_en))
        for param, zh, en in faults:
            self._told.say("refused", (*at, keys.get(param, param)), limit=en, limit_zh=zh)
        if faults:
            return False
        self._area = replace(self._area, stations=stations, links=links, transfers=transfers)
        return True

    def _name(self, venue_id: str, *names: str) -> None:
        for name in filter(None, names):
            self._names.setdefault(name, set()).add(venue_id)

    def _venue(self, text: str, at: Path) -> str | None:
        """Return the id of the venue someone means: an id, or the exact name of one only."""
        if text in self._ids:
            return text
        return self._one("no_venue", text, self._names.get(text, ()), at)

    def _one(self, code: str, text: str, found: Any, at: Path) -> str | None:  # noqa: ANN401
        ids = sorted(found)
        if len(ids) == 1:
            return str(ids[0])
        if ids:
            self._told.say("homonym", at, value=text, limit=", ".join(ids[:_SHOWN]))
        else:
            self._told.say(code, at, value=text)
        return None

    def _district(self, name: str, at: Path) -> str | None:
        try:
            return resolve_district(self._area, name)
        except UnknownNameError:
            self._told.say("no_district", at, value=name)
            return None

    def _place(self, lon: float, lat: float, district: str | None, at: Path) -> str | None:
        """Return the district of a point: the one named, else the one that holds it or is nearest.

        Either way the point may lie as far outside as the area pack lets venues lie.
        """
        if district is None:
            adcodes: Sequence[str] = self._districts.adcodes
        else:
            named = self._district(district, (*at, "district"))
            if named is None:
                return None
            adcodes = [named]
        away, _ = self._districts.outside_m([lon] * len(adcodes), [lat] * len(adcodes), adcodes)
        nearest = int(away.argmin())
        if away[nearest] <= self._districts.tolerance_m:
            return adcodes[nearest]
        west, south, east, north = self._districts.bounds
        if west <= lat <= east and south <= lon <= north:
            self._told.say("swapped", (*at, "lon"))
            return None
        meta, table = self._area.meta, self._area.districts.set_index("adcode")
        zh, en = meta.name_zh, meta.name_en
        if district is not None:
            zh, en = (str(table.loc[adcodes[0], name]) for name in ("name_zh", "name_en"))
        metres = f"{away[nearest]:.0f}" if away[nearest] < FAR_M else f"> {FAR_M:.0f}"
        told = {"value": metres, "limit": en, "limit_zh": zh}
        self._told.say("outside", (*at, "lon"), **told)
        return None

    def _stop(self, text: str, at: Path, new: Mapping[str, NewStation]) -> str | None:
        """Return the id of the station someone means."""
        ids = self._area.stations["station_id"]
        if text in new or (ids == text).any():
            return text
        named = set(ids[self._area.stations["name_zh"] == text])
        named |= {s.station_id for s in new.values() if s.name_zh == text}
        return self._one("no_station", text, named, at)

    def _station(self, said: StationSaid, at: Path, new: dict[str, NewStation]) -> str | None:
        """Return the id of a new station; one described the same before is that one."""
        about = said.model_dump(exclude={"id"})
        station = NewStation(said.id or _named_by(about), said.name, said.lon, said.lat)
        table = self._area.stations
        same = [
            s for s in new.values() if said.name == s.name_zh or station.station_id == s.station_id
        ]
        if station in same:
            return station.station_id
        there = table[(table["name_zh"] == said.name) | (table["station_id"] == station.station_id)]
        mine = (there["station_id"] == station.station_id) & (there["name_zh"] == said.name)
        if (mine & (there["lon"] == said.lon) & (there["lat"] == said.lat)).any():
            return station.station_id
        if same or len(there):
            self._told.say("taken", at, value=said.name)
            return None
        new[station.station_id] = station
        return station.station_id


def _changed(people: int, change: float) -> int:
    """Return persons after a change given as a share, at least one."""
    return max(1, round(people * (1 + change)))


def _named_by(content: Mapping[str, Any]) -> str:
    """Return an id made of what something is: ``S-`` and 8 hex digits."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return f"S-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
