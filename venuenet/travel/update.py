"""One venue more, one less, one elsewhere: new TravelTimes without searching for the others.

Each equals what the engine finds for the new list of venues from scratch, but that of venues in
one second either may be named first.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from venuenet.model import (
    KINDS,
    NEAREST,
    REASONS,
    SPREAD,
    UNREACHED,
    DemandPoints,
    LocatedVenue,
    TravelTimes,
)
from venuenet.travel.engine import TravelEngine

T = TypeVar("T", bound=np.generic)


def with_venue(
    times: TravelTimes, engine: TravelEngine, demand: DemandPoints, venue: LocatedVenue
) -> TravelTimes:
    """Add a venue, as the last one.

    Parameters
    ----------
    times : TravelTimes
        Of ``engine`` and ``demand``.
    engine : TravelEngine
    demand : DemandPoints
    venue : LocatedVenue
        One that counts and is not there yet.
    """
    n = len(demand.cell)
    with ThreadPoolExecutor(1) as pool:  # copying the matrix takes as long as the search
        cell = pool.submit(_with_room, times.cell, n)
        seconds = pool.submit(_with_room, times.seconds, n)
        alone = engine.times(demand, [venue], times.cutoff_s)
    k = KINDS.index(venue.kind)
    near_s, near_venue = times.near_s.copy(), times.near_venue.copy()
    # Earlier venues win ties, so the new one comes before the i-th only if it is faster.
    new_s = alone.near_s[:, k, 0]
    new_venue = np.where(alone.near_venue[k, 0] < 0, -1, len(times.venue_ids)).astype(np.int16)
    for i in range(NEAREST):
        faster = new_s < near_s[:, k, i]
        held = near_s[:, k, i].copy()
        near_s[:, k, i] = np.where(faster, new_s, held)
        new_s = np.where(faster, held, new_s)
        was = near_venue[k, i].copy()
        near_venue[k, i] = np.where(faster[0], new_venue, was)
        new_venue = np.where(faster[0], was, new_venue)
    return replace(
        times,
        venue_ids=(*times.venue_ids, venue.venue_id),
        indptr=np.append(times.indptr, times.indptr[-1] + alone.indptr[-1]),
        cell=_filled(cell.result(), alone.cell, n),
        seconds=_filled(seconds.result(), alone.seconds, n),
        near_s=near_s,
        near_venue=near_venue,
        spread={s: np.concatenate([times.spread[s], alone.spread[s]]) for s in times.spread},
        reason=_reason(times, near_s),
        own_s=_sooner(times.own_s, alone.own_s),
    )


def without_venue(
    times: TravelTimes,
    engine: TravelEngine,
    demand: DemandPoints,
    venues: Sequence[LocatedVenue],
    venue_id: str,
) -> TravelTimes:
    """Take a venue out; the nearest of its kind are searched for again.

    Parameters
    ----------
    times : TravelTimes
        Of ``engine``, ``demand`` and ``venues``.
    engine : TravelEngine
    demand : DemandPoints
    venues : sequence of LocatedVenue
        All venues, in the order of ``times.venue_ids``.
    venue_id : str
        One of them.
    """
    gone = times.venue_ids.index(venue_id)
    kind = venues[gone].kind
    k = KINDS.index(kind)
    left = [i for i, v in enumerate(venues) if v.kind == kind and i != gone]
    again = engine.times(demand, [venues[i] for i in left], times.cutoff_s)
    near_s, near_venue = times.near_s.copy(), _renumbered(times.near_venue, gone)
    near_s[:, k] = again.near_s[:, k]
    own_s = times.own_s
    if own_s is not None and again.own_s is not None:
        own_s = own_s.copy()
        own_s[:, k] = again.own_s[:, k]
    place = np.array([i - (i > gone) for i in left] + [-1], dtype=np.int16)
    near_venue[k] = place[again.near_venue[k]]
    first, last = times.indptr[gone], times.indptr[gone + 1]
    keep = np.r_[0:first, last : len(times.cell)]
    count = np.delete(np.diff(times.indptr), gone)
    return replace(
        times,
        venue_ids=times.venue_ids[:gone] + times.venue_ids[gone + 1 :],
        indptr=np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        cell=times.cell[keep],
        seconds=times.seconds[keep],
        near_s=near_s,
        near_venue=near_venue,
        spread={s: times.spread[s][keep] for s in SPREAD if s in times.spread},
        reason=_reason(times, near_s),
        own_s=own_s,
    )


def with_venue_moved(
    times: TravelTimes,
    engine: TravelEngine,
    demand: DemandPoints,
    venues: Sequence[LocatedVenue],
    venue: LocatedVenue,
) -> TravelTimes:
    """Put the venue of the same id elsewhere; it becomes the last one."""
    return with_venue(
        without_venue(times, engine, demand, venues, venue.venue_id), engine, demand, venue
    )


def _sooner(
    one: NDArray[np.uint16] | None, other: NDArray[np.uint16] | None
) -> NDArray[np.uint16] | None:
    return None if one is None or other is None else np.minimum(one, other)


def _with_room(values: NDArray[T], room: int) -> NDArray[T]:
    """Copy an array into a longer one."""
    out = np.empty(len(values) + room, dtype=values.dtype)
    out[: len(values)] = values
    return out


def _filled(array: NDArray[T], last: NDArray[T], room: int) -> NDArray[T]:
    """Put ``last`` where there is room, and leave off the rest of it."""
    end = len(array) - room + len(last)
    array[end - len(last) : end] = last
    return array[:end]


def _renumbered(near_venue: NDArray[np.int16], gone: int) -> NDArray[np.int16]:
    """Give the venues after ``gone`` numbers one lower."""
    return np.where(near_venue > gone, near_venue - 1, near_venue).astype(np.int16)


def _reason(times: TravelTimes, near_s: NDArray[np.int32]) -> NDArray[np.uint8] | None:
    """Say anew which cells have a time at all; whether they lie on a street has not changed."""
    if times.reason is None or times.snap_m is None:
        return None
    lost = (near_s[0, :, 0, :, 0] == UNREACHED).all(axis=0)
    why = np.where(np.isnan(times.snap_m), REASONS.index("no_street"), REASONS.index("no_way"))
    return np.where(lost, why, REASONS.index("reached")).astype(np.uint8)
