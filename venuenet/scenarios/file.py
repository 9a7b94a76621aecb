"""A scenario as a file, YAML or JSON: read with all its faults at once, and written again.

docs/scenarios.md is the format.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from venuenet.area import StudyArea
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
from venuenet.scenarios.entries import MOST_EDITS, HeadSaid, OpenSaid, entry, read
from venuenet.scenarios.plain import MOST_BYTES, plain_values
from venuenet.scenarios.resolve import Resolver
from venuenet.scenarios.words import ScenarioError, Told

__all__ = ["Scenario", "ScenarioError", "parse_scenario", "plain_edit", "read_scenario",
           "scenario_text"]  # fmt: skip


@dataclass(frozen=True)
class Scenario:
    """A named set of edits.

    Attributes
    ----------
    name_zh, name_en : str
        ``name_en`` is ``name_zh`` where the file gives none.
    note : str
        Whatever its author says of it; may be blank.
    edits : tuple of Edit
        One after the other; every id, district and station in them is one of the area's or new.
    """

    name_zh: str
    name_en: str
    note: str
    edits: tuple[Edit, ...]


def read_scenario(area: StudyArea, path: Path) -> Scenario:
    """Read a file; see :func:`parse_scenario`.

    Raises
    ------
    ScenarioError
        Also where there is no such file, or one larger than ``plain.MOST_BYTES``.
    """
    told = Told(path.name)
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        told.say("unreadable", value=error.strerror or type(error).__name__)
        told.refuse()
    return parse_scenario(area, content, path.name)


def parse_scenario(
    area: StudyArea, said: str | bytes | Mapping[str, Any], file: str = "scenario"
) -> Scenario:
    """Understand a scenario.

    Parameters
    ----------
    area : StudyArea
        The base's: names of districts, venues, stations and lines are looked up in it.
    said : str, bytes or mapping
        YAML or JSON text, at most ``plain.MOST_BYTES`` bytes, or what JSON text stands for.
    file : str
        What to call it in faults.

    Returns
    -------
    Scenario
        Its edits name ids only. A new venue or station without an id has one of its content.

    Raises
    ------
    ScenarioError
        With every fault: its line where there is a text, where it stands (``edits[1].open.lon`` is
        in the first edit), what is wrong and how to mend it.
    """
    told = Told(file)
    plain = plain_values(told, said) if isinstance(said, str | bytes) else said
    told.refuse()
    head = read(told, HeadSaid, plain, ())
    resolver = Resolver(told, area)
    edits = []
    listed = plain.get("edits") if isinstance(plain, Mapping) else None
    for i, value in enumerate(listed[:MOST_EDITS] if isinstance(listed, list) else []):
        found = entry(told, value, ("edits", i))
        edits.append(None if found is None else resolver.edit(*found, ("edits", i)))
    told.refuse()
    return Scenario(
        head.name_zh,
        head.name_en or head.name_zh,
        head.note,
        tuple(edit for edit in edits if edit is not None),
    )


def scenario_text(scenario: Scenario) -> str:
    """Write a scenario as YAML that :func:`parse_scenario` reads to the same scenario.

    Names of districts, venues and stations are written as the ids they stand for.
    """
    plain: dict[str, Any] = {"name_zh": scenario.name_zh}
    if scenario.name_en != scenario.name_zh:
        plain["name_en"] = scenario.name_en
    if scenario.note:
        plain["note"] = scenario.note
    plain["edits"] = [plain_edit(edit) for edit in scenario.edits]
    return yaml.safe_dump(plain, allow_unicode=True, sort_keys=False)


def plain_edit(edit: Edit) -> dict[str, Any]:  # noqa: PLR0911  one per edit
    """Say an edit as the file does: one key, plain values that JSON and YAML can hold."""
    match edit:
        case Open(venue):
            return {"open": _plain_venue(venue)}
        case Close(venue_id):
            return {"close": venue_id}
        case Move():
            at: dict[str, Any] = {"venue": edit.venue_id, "lon": edit.lon, "lat": edit.lat}
            if edit.precision_m:
                at["precision_m"] = edit.precision_m
            return {"move": at if edit.adcode is None else {**at, "district": edit.adcode}}
        case Upgrade(venue_id, changes):
            return {"upgrade": {"venue": venue_id, **changes}}
        case NewLine():
            return {"line": _plain_line(edit)}
        case Headway(line, minutes):
            return {"headway": {"line": line, "minutes": minutes}}
        case Population(year, people):
            return {"population": {"year": year, "districts": dict(people)}}


def _plain_venue(venue: LocatedVenue) -> dict[str, Any]:
    """Say a new venue: what every one needs, and what is not as it would be without saying."""
    plain = {_KEYS.get(name, name): value for name, value in asdict(venue).items()}
    plain["flags"] = list(venue.flags)
    shape = OpenSaid.model_fields
    return {
        name: plain[name]
        for name in shape
        if shape[name].is_required() or name == "id" or plain[name] != shape[name].default
    }


_KEYS = {"venue_id": "id", "adcode": "district"}


def _plain_line(edit: NewLine) -> dict[str, Any]:
    new = {s.station_id: s for s in edit.stations}
    stops: list[Any] = []
    for stop in edit.stops:
        said = new.pop(stop, None)  # at its second stop a new station is one that is known
        stops.append(_plain_station(said) if said else stop)
    return {
        "name": edit.line,
        "stops": stops,
        "run_min": list(edit.run_min),
        "headway_min": edit.headway_min,
        "change_min": edit.change_min,
    }


def _plain_station(station: NewStation) -> dict[str, Any]:
    return {
        "id": station.station_id,
        "name": station.name_zh,
        "lon": station.lon,
        "lat": station.lat,
    }
