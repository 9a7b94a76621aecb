"""Some venues more, fewer or elsewhere: new TravelTimes without searching for all the others.

They equal what the engine finds for the new list of venues from scratch; on a network that of
venues in one second either may be named first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venuenet.model import (
    BEYOND,
    KINDS,
    NEAREST,
    REASONS,
    UNREACHED,
    DemandPoints,
    Kind,
    LocatedVenue,
    TravelTimes,
)
from venuenet.travel.engine import TravelEngine

Positions = NDArray[np.intp]


def with_venues(
    times: TravelTimes,
    engine: TravelEngine,
    demand: DemandPoints,
    before: Sequence[LocatedVenue],
    after: Sequence[LocatedVenue],
) -> TravelTimes:
    """Search only for what differs between two lists of venues.

    Parameters
    ----------
    times : TravelTimes
        Of ``engine``, ``demand`` and ``before``.
    engine : TravelEngine
    demand : DemandPoints
    before, after : sequences of LocatedVenue
        All venues that count, in the order of ``venue_ids``; those that stay keep their order.
    """
    old = {_told(v): i for i, v in enumerate(before)}
    new = {_told(v): j for j, v in enumerate(after)}
    gone = [i for told, i in old.items() if told not in new]
    come = [j for told, j in new.items() if told not in old]
    place = np.array([*(new.get(_told(v), -1) for v in before), -1], dtype=np.int16)
    near_s, near_venue = times.near_s.copy(), place[times.near_venue]
    own_s = None if times.own_s is None else times.own_s.copy()
    change = replace(times, near_s=near_s, near_venue=near_venue, own_s=own_s)
    if gone:
        lost = engine.times(demand, [before[i] for i in gone], times.cutoff_s)
        for kind in sorted({before[i].kind for i in gone}):
            left = [j for told, j in new.items() if told in old and after[j].kind == kind]
            cells = _touched(times, lost, kind)
            if len(cells):
                again = engine.times(demand.some(cells), [after[j] for j in left], times.cutoff_s)
                _put(change, again, kind, cells, left)
    added = engine.times(demand, [after[j] for j in come], times.cutoff_s) if come else None
    if added is not None:
        for kind in sorted({after[j].kind for j in come}):
            _add(change, added, kind, come)
    rows = _rows(times, added, [old.get(_told(v)) for v in after], come)
    return replace(
        change,
        venue_ids=tuple(v.venue_id for v in after),
        reason=_reason(times, near_s),
        **rows,
    )


def _told(venue: LocatedVenue) -> tuple[object, ...]:
    """Return all that travel times depend on."""
    v = venue
    return v.venue_id, v.kind, v.lon, v.lat, v.precision_m, v.adcode, v.status == "unknown"


def _touched(times: TravelTimes, lost: TravelTimes, kind: Kind) -> Positions:
    """Cells where a venue that is gone may have been among the nearest that are kept."""
    k = KINDS.index(kind)
    soonest, last = lost.near_s[:, k, 0], times.near_s[:, k, NEAREST - 1]
    touched = ((soonest <= last) & (soonest < UNREACHED)).any(axis=(0, 2))
    if times.own_s is not None and lost.own_s is not None:
        own = lost.own_s[:, k]
        touched |= ((own <= times.own_s[:, k]) & (own < BEYOND)).any(axis=(0, 2))
    return np.flatnonzero(touched)


def _put(
    change: TravelTimes, again: TravelTimes, kind: Kind, cells: Positions, place: Sequence[int]
) -> None:
    """Take over what was found anew for some cells and one kind."""
    k = KINDS.index(kind)
    names = np.array([*place, -1], dtype=np.int16)
    change.near_s[:, k, :, cells] = again.near_s[:, k].transpose(2, 0, 1, 3)
    change.near_venue[k, :, cells] = names[again.near_venue[k]].transpose(1, 0, 2)
    if change.own_s is not None and again.own_s is not None:
        change.own_s[:, k, cells] = again.own_s[:, k]


def _add(change: TravelTimes, added: TravelTimes, kind: Kind, come: Sequence[int]) -> None:
    """Put the nearest of some new venues of one kind between those that are there."""
    k = KINDS.index(kind)
    near_s, near_venue = change.near_s[:, k], change.near_venue[k]
    names = np.array([*come, -1], dtype=np.int16)
    for one in range(NEAREST):
        new_s, new_venue = added.near_s[:, k, one], names[added.near_venue[k, one]]
        if (new_s == UNREACHED).all():
            break
        for i in range(NEAREST):
            sooner = new_s < near_s[:, i]
            # Of two at one time the one that comes first in the list stands first.
            sooner[0] |= (new_s[0] == near_s[0, i]) & (new_venue < near_venue[i]) & (new_venue >= 0)
            held, who = near_s[:, i].copy(), near_venue[i].copy()
            near_s[:, i] = np.where(sooner, new_s, held)
            near_venue[i] = np.where(sooner[0], new_venue, who)
            new_s = np.where(sooner, held, new_s)
            new_venue = np.where(sooner[0], who, new_venue)
    if change.own_s is not None and added.own_s is not None:
        np.minimum(change.own_s[:, k], added.own_s[:, k], out=change.own_s[:, k])


def _rows(
    times: TravelTimes,
    added: TravelTimes | None,
    of_old: Sequence[int | None],
    come: Sequence[int],
) -> dict[str, Any]:
    """Put the rows of the matrix together: those that stay, and the new ones in their places."""
    parts = []
    for j, i in enumerate(of_old):
        at, table = (come.index(j), added) if i is None else (i, times)
        assert table is not None  # only new venues lack an old row
        parts.append((table, slice(table.indptr[at], table.indptr[at + 1])))
    counts = [part.stop - part.start for _, part in parts]

    def joined(name: str, empty: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate([empty[:0], *(_array(t, name)[part] for t, part in parts)])

    return {
        "indptr": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        "cell": joined("cell", times.cell),
        "seconds": joined("seconds", times.seconds),
        "spread": {name: joined(name, values) for name, values in times.spread.items()},
    }


def _array(table: TravelTimes, name: str) -> NDArray[Any]:
    found: NDArray[Any] = table.spread[name] if name in table.spread else getattr(table, name)  # type: ignore[index]
    return found


def _reason(times: TravelTimes, near_s: NDArray[np.int32]) -> NDArray[np.uint8] | None:
    """Say anew which cells have a time at all; whether they lie on a street has not changed."""
    if times.reason is None or times.snap_m is None:
        return None
    lost = (near_s[0, :, 0, :, 0] == UNREACHED).all(axis=0)
    why = np.where(np.isnan(times.snap_m), REASONS.index("no_street"), REASONS.index("no_way"))
    return np.where(lost, why, REASONS.index("reached")).astype(np.uint8)
