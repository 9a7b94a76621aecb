"""The list of venues after some edits. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import pandas as pd

from venuenet.area import StudyArea
from venuenet.errors import BadQueryError, UnknownNameError
from venuenet.model import SCENARIO, LocatedVenue, Venue
from venuenet.scenarios.edits import Close, Edit, Move, Open, Upgrade

UPGRADABLE = ("kind", "tier", "level", "status", "exhibition_m2", "visits_per_year")


def edited_venues(area: StudyArea, edits: Sequence[Edit]) -> tuple[Venue, ...]:
    """Return the venues of an area after edits, by id, as a built pack would list them.

    Raises
    ------
    UnknownNameError
        An edit names a venue that is not there.
    BadQueryError
        A new venue has the id of another, a venue without a position is moved to nowhere, or an
        upgrade changes what is no matter of upgrades.
    """
    known = {v.venue_id: v for v in area.venues}
    for edit in edits:
        match edit:
            case Open(venue):
                if venue.venue_id in known:
                    raise BadQueryError(
                        f"编号 {venue.venue_id} 已有场馆使用，请换一个",
                        f"there is a venue {venue.venue_id} already; choose another id",
                        param="open",
                    )
                known[venue.venue_id] = venue
            case Close(venue_id):
                known[venue_id] = replace(_of(known, venue_id), status="closed")
            case Move():
                known[edit.venue_id] = _moved(_of(known, edit.venue_id), edit)
            case Upgrade(venue_id, changes):
                known[venue_id] = _upgraded(_of(known, venue_id), changes)
    return tuple(known[venue_id] for venue_id in sorted(known))


def venue_table(area: StudyArea, venues: Sequence[Venue]) -> pd.DataFrame:
    """Return ``StudyArea.venue_table`` for other venues: what a Venue does not carry stays."""
    old = area.venue_table.set_index("venue_id")
    rows = pd.DataFrame([_row(v) for v in venues]).set_index("venue_id")
    beside = old.reindex(rows.index)[[c for c in old.columns if c not in rows.columns]]
    for column in beside.columns:
        if not pd.api.types.is_numeric_dtype(old[column]):
            beside[column] = beside[column].fillna("")
    both = pd.concat([rows, beside], axis=1).reset_index()
    return both[area.venue_table.columns]


def _of(known: Mapping[str, Venue], venue_id: str) -> Venue:
    if venue_id not in known:
        raise UnknownNameError(
            f"没有编号为“{venue_id[:60]}”的场馆",
            f"there is no venue {venue_id[:60]!r}",
            param="venue",
        )
    return known[venue_id]


def _moved(venue: Venue, to: Move) -> LocatedVenue:
    fields = {**asdict(venue), "lon": to.lon, "lat": to.lat, "precision_m": to.precision_m}
    flags = tuple(f for f in venue.flags if f not in ("unlocated", "position_uncertain"))
    fields |= {"method": SCENARIO, "flags": flags, "adcode": to.adcode or venue.adcode}
    return LocatedVenue(**fields)


def _upgraded(venue: Venue, changes: Mapping[str, Any]) -> Venue:
    strange = [name for name in changes if name not in UPGRADABLE]
    if strange or not changes:
        raise BadQueryError(
            f"提升场馆只能改动 {'、'.join(UPGRADABLE)}，收到 {'、'.join(strange) or '（无）'}",
            f"an upgrade changes {', '.join(UPGRADABLE)}; got {', '.join(strange) or 'nothing'}",
            param="upgrade",
            allowed=list(UPGRADABLE),
        )
    return replace(venue, **changes)


def _row(venue: Venue) -> dict[str, Any]:
    """Say a venue in the columns of ``venues.csv``."""
    row = {name: value for name, value in asdict(venue).items() if name != "flags"}
    row |= {name: row[name] or "" for name in ("adcode", "address_zh", "note")}
    for name in ("exhibition_m2", "visits_per_year", "lon", "lat", "precision_m"):
        value = row.get(name)
        row[name] = math.nan if value is None else float(value)
    row["method"] = row.get("method", "")
    row["flags"] = "|".join(venue.flags)
    return row
