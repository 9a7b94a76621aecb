"""The list of venues after some edits. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
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
    old, same = area.venue_table, {v.venue_id: v for v in area.venues}
    changed = [v for v in venues if same.get(v.venue_id) is not v]
    if not changed and len(venues) == len(same):
        return old
    rows = pd.DataFrame([_row(v) for v in changed], columns=_COLUMNS).set_index("venue_id")
    before = old.set_index("venue_id")
    beside = before.reindex(rows.index)[[c for c in before.columns if c not in rows.columns]]
    for column in beside.columns:
        if not pd.api.types.is_numeric_dtype(before[column]):
            beside[column] = beside[column].fillna("")
    fresh = pd.concat([rows, beside], axis=1).reset_index()[old.columns].astype(dict(old.dtypes))
    kept = old[~old["venue_id"].isin(rows.index)]
    return pd.concat([kept, fresh]).sort_values("venue_id", ignore_index=True)


def _of(known: Mapping[str, Venue], venue_id: str) -> Venue:
    if venue_id not in known:
        raise UnknownNameError(
            f"没有编号为“{venue_id[:60]}”的场馆",
            f"there is no venue {venue_id[:60]!r}",
            param="venue",
        )
    return known[venue_id]


def _moved(venue: Venue, to: Move) -> LocatedVenue:
    told = {**asdict(venue), "lon": to.lon, "lat": to.lat, "precision_m": to.precision_m}
    flags = tuple(f for f in venue.flags if f not in ("unlocated", "position_uncertain"))
    told |= {"method": SCENARIO, "flags": flags, "adcode": to.adcode or venue.adcode}
    return LocatedVenue(**told)


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


_BLANK = {
    **dict.fromkeys(("adcode", "address_zh", "note", "method"), ""),
    **dict.fromkeys(("exhibition_m2", "visits_per_year", "lon", "lat", "precision_m"), math.nan),
}
"""What stands in ``venues.csv`` where nothing is known."""
_COLUMNS = [f.name for f in fields(LocatedVenue)]


def _row(venue: Venue) -> dict[str, Any]:
    """Say a venue in the columns of ``venues.csv``."""
    told = {name: value for name, value in vars(venue).items() if value is not None}
    return {**_BLANK, **told, "flags": "|".join(venue.flags)}
