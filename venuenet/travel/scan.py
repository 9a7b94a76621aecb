"""The profile connection scan: for every stop and second of a window, when one gets to each venue.

Compiled, exact, for many venues at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from venuenet.errors import BadQueryError
from venuenet.travel.compiled import kernel
from venuenet.travel.legs import Legs
from venuenet.travel.timetable import Timetable

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]

NEVER = np.int32(2**30)
"""An arrival that never comes; a day's seconds added to it still fit into 32 bits."""

SCAN_BYTES = 256 * 2**20
"""Room for scanning, all threads together: more venues than fit are scanned in batches."""


class Walks(NamedTuple):
    """Legs as compiled code takes them; see Legs."""

    at: Longs
    to: Ints
    seconds: Ints


def walks(legs: Legs) -> Walks:
    """Make legs ready for compiled code: one type for all, whatever they were mapped from."""
    return Walks(
        np.require(legs.at, np.int64, ["C", "W"]),
        np.require(legs.to, np.int32, ["C", "W"]),
        np.require(legs.seconds, np.int32, ["C", "W"]),
    )


class Boardings(NamedTuple):
    """The moments at which one can board, by stop.

    Attributes
    ----------
    at : (s + 1,) int64
        The boardings of stop i are ``at[i]:at[i + 1]``.
    time : (b,) int32
        Seconds after midnight, ascending for each stop.
    """

    at: Longs
    time: Ints


class Day(NamedTuple):
    """What of a timetable can still be ridden from some second on, made ready for scanning.

    Attributes
    ----------
    boardings : Boardings
    after : (b,) int64
        The next boarding at the same stop, -1 for the last.
    leaves, arrives, end, trip : (h,) int32
        The hops, in the timetable's order.
    alights : (h,) bool
    row : (h,) int64
        The boarding of each hop, -1 where it takes nobody.
    ways : Walks
        Ways between stops, as in the timetable; the one from a stop to itself is always there.
    """

    boardings: Boardings
    after: Longs
    leaves: Ints
    arrives: Ints
    end: Ints
    trip: Ints
    alights: NDArray[np.bool_]
    row: Longs
    ways: Walks


def day_from(timetable: Timetable, earliest: int) -> Day:
    """Prepare what leaves at ``earliest`` (seconds after midnight) or later."""
    stops = len(timetable.stop_ids)
    first = int(np.searchsorted(timetable.leaves, earliest))
    leaves, start = timetable.leaves[first:], timetable.start[first:].astype(np.int64)
    takes = np.flatnonzero(timetable.boards[first:])
    span = int(leaves.max(initial=earliest)) - earliest + 1
    moments, which = np.unique(start[takes] * span + leaves[takes] - earliest, return_inverse=True)
    stop = moments // span
    at = np.searchsorted(stop, np.arange(stops + 1)).astype(np.int64)
    row = np.full(len(leaves), -1, dtype=np.int64)
    row[takes] = which
    after = np.arange(1, len(moments) + 1, dtype=np.int64)
    after[np.append(stop[1:] != stop[:-1], True)[: len(moments)]] = -1

    def kept(column: NDArray[np.int32]) -> Ints:
        return np.array(column[first:], dtype=np.int32)  # a copy: files are mapped read-only

    return Day(
        boardings=Boardings(at, (moments % span + earliest).astype(np.int32)),
        after=after,
        leaves=kept(timetable.leaves),
        arrives=kept(timetable.arrives),
        end=kept(timetable.end),
        trip=kept(timetable.trip),
        alights=np.array(timetable.alights[first:]),
        row=row,
        ways=_ways(timetable),
    )


def _ways(timetable: Timetable) -> Walks:
    """List the ways out of every stop, with the free one to itself where no row says otherwise."""
    stops = len(timetable.stop_ids)
    out = np.repeat(np.arange(stops), np.diff(timetable.change_at))
    own = np.setdiff1d(np.arange(stops), out[out == timetable.change_to])
    start = np.concatenate([out, own])
    order = np.argsort(start, kind="stable")
    at = np.concatenate([[0], np.cumsum(np.bincount(start, minlength=stops))]).astype(np.int64)
    to = np.concatenate([timetable.change_to, own])[order].astype(np.int32)
    seconds = np.concatenate([timetable.change_s, np.zeros(len(own), np.int32)])[order]
    return Walks(at, to, seconds.astype(np.int32))


def scan(day: Day, egress: Ints, most_rides: int | None = None) -> Ints:
    """Find the earliest arrival at each venue for one who stands at a stop when one can board.

    The profile connection scan of J. Dibbelt, T. Pajor, B. Strasser, D. Wagner (2018),
    "Connection Scan Algorithm", https://doi.org/10.1145/3274661: hops in decreasing order of
    departure, each asking what its passengers can do once they are at its end. A stop's profile is
    kept at all its moments of boarding instead of at its Pareto pairs only: these moments are the
    same for every venue, so one scan serves many.

    Parameters
    ----------
    day : Day
    egress : (stops, venues) int32
        Seconds on foot from alighting to the venue, ``NEVER`` where that is too far.
    most_rides : int, optional
        Vehicles anybody boards, at least 1; None is any number.

    Returns
    -------
    (boardings, venues) int32
        Seconds after midnight, ``NEVER`` where there is no way. It does not decrease along a
        stop's boardings: whoever is ready between two of them waits for the second.

    Raises
    ------
    BadQueryError
        ``most_rides`` is less than one.
    """
    if most_rides is not None and most_rides < 1:
        raise BadQueryError(
            f"最多乘车次数为 {most_rides}，至少为 1；不限则留空",
            f"at most {most_rides} rides; give at least 1, or none for any number",
            param="most_rides",
        )
    layers, venues = most_rides or 1, egress.shape[1]
    board = np.full((layers, len(day.after), venues), NEVER, dtype=np.int32)
    aboard = np.full((layers, day.trip.max(initial=-1) + 1, venues), NEVER, dtype=np.int32)
    egress = np.ascontiguousarray(egress, dtype=np.int32)
    leads_out: NDArray[np.bool_] = np.any(egress < NEVER, axis=1)
    _scan(day, egress, leads_out, most_rides is not None, board, aboard)
    last: Ints = board[-1]
    return last


class Profiles(NamedTuple):
    """When one gets to the venues from the stops.

    Attributes
    ----------
    boardings : Boardings
    arrives : (b, c) int32
        Seconds after midnight, ``NEVER`` where there is no way; see :func:`scan`.
    venue : (c,) int32
        The venues some stop has a way to; only they have a column.
    """

    boardings: Boardings
    arrives: Ints
    venue: Ints


def search(
    timetable: Timetable,
    egress: Legs,
    ready: tuple[int, int],
    most_rides: int | None,
    threads: int,
) -> Profiles:
    """Scan a timetable for all venues, in batches side by side.

    Parameters
    ----------
    timetable : Timetable
    egress : Legs
        From stops to venues.
    ready : (int, int)
        The first and the last second at which anybody arrives at a stop on foot; only boardings
        they can take are kept.
    most_rides : int, optional
        Vehicles anybody boards.
    threads : int
        The result does not depend on it.
    """
    day = day_from(timetable, ready[0])
    at, time = day.boardings
    # Who is ready last takes the first boarding from then on; what leaves later is for changing.
    keep = (time < ready[1]) | np.isin(np.arange(len(time)), at[:-1])
    keep[1:] |= time[:-1] < ready[1]
    stop = np.repeat(np.arange(len(at) - 1), np.diff(egress.at))
    venue, column = np.unique(egress.to, return_inverse=True)
    table = np.empty((keep.sum(), len(venue)), dtype=np.int32)
    one = 4 * (most_rides or 1) * (len(time) + int(timetable.trip.max(initial=-1)) + 1)
    width = max(1, min(SCAN_BYTES // threads // max(one, 1), -(-len(venue) // threads)))

    def batch(first: int) -> None:
        mine = (first <= column) & (column < first + width)
        walk = np.full((len(at) - 1, min(width, len(venue) - first)), NEVER, dtype=np.int32)
        walk[stop[mine], column[mine] - first] = egress.seconds[mine]
        table[:, first : first + width] = scan(day, walk, most_rides)[keep]

    _all_done(threads, batch, range(0, len(venue), width))
    kept = np.concatenate([[0], np.cumsum(keep)])[at].astype(np.int64)
    return Profiles(Boardings(kept, time[keep]), table, venue.astype(np.int32))


def _all_done(threads: int, do: Callable[[int], None], parts: Sequence[int]) -> None:
    """Do all parts side by side; if one fails or somebody interrupts, leave out those not begun."""
    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(do, part) for part in parts]
        try:
            for future in futures:
                future.result()
        finally:
            for future in futures:
                future.cancel()


@kernel
def _scan(
    day: Day, egress: Ints, leads_out: NDArray[np.bool_], capped: bool, board: Ints, aboard: Ints
) -> None:
    """Fill ``board`` (layers, boardings, venues): arrivals with at most 1, 2, ... rides left.

    ``aboard`` (layers, trips, venues) is what those gain who sit in a trip; without a cap there is
    one layer, and changing leads back into it. ``leads_out`` tells which stops have any egress.
    """
    last = len(day.leaves)
    while last > 0:
        moment = day.leaves[last - 1]
        first = last
        while first > 0 and day.leaves[first - 1] == moment:
            first -= 1
            r = day.row[first]
            if r >= 0 and day.after[r] >= 0:
                for k in range(len(board)):
                    lower(board[k, r], board[k, day.after[r]], 0)
        longer = first  # hops that take no time come first among those of one moment
        while longer < last and day.arrives[longer] == moment:
            longer += 1
        for h in range(last - 1, longer - 1, -1):
            _ride(day, egress, leads_out, capped, board, aboard, h)
        if longer - first == 1:
            _ride(day, egress, leads_out, capped, board, aboard, first)
        elif longer > first:
            _ride_at_once(day, egress, leads_out, capped, board, aboard, first, longer)
        last = first


@kernel
def _ride_at_once(
    day: Day,
    egress: Ints,
    leads_out: NDArray[np.bool_],
    capped: bool,
    board: Ints,
    aboard: Ints,
    first: int,
    last: int,
) -> None:
    """Go through hops ``first:last`` of no duration, which lead into each other in any order.

    They are gone through until nobody who boards gains. Who boards must not get off at an earlier
    end of the same trip, though its second is the same: each time, those aboard begin anew with
    what lies behind these hops.
    """
    behind = np.empty((last - first, len(aboard), aboard.shape[2]), dtype=np.int32)
    for h in range(first, last):
        for k in range(len(aboard)):
            _copy(behind[h - first, k], aboard[k, day.trip[h]])
    gains = True
    while gains:
        gains = False
        for h in range(first, last):
            for k in range(len(aboard)):
                _copy(aboard[k, day.trip[h]], behind[h - first, k])
        for h in range(last - 1, first - 1, -1):
            gains |= _ride(day, egress, leads_out, capped, board, aboard, h)


@kernel
def _ride(
    day: Day,
    egress: Ints,
    leads_out: NDArray[np.bool_],
    capped: bool,
    board: Ints,
    aboard: Ints,
    h: int,
) -> bool:
    """Let those aboard hop h get off at its end, and others board it; tell whether these gain."""
    gains = False
    end, arrives, row = day.end[h], day.arrives[h], day.row[h]
    for k in range(len(board)):
        here = aboard[k, day.trip[h]]
        if day.alights[h]:
            if leads_out[end]:
                lower(here, egress[end], arrives)
            if k > 0 or not capped:
                onward = board[k - 1 if capped else k]
                for w in range(day.ways.at[end], day.ways.at[end + 1]):
                    stop = day.ways.to[w]
                    last = day.boardings.at[stop + 1]
                    ready = arrives + day.ways.seconds[w]
                    r = _first_from(day.boardings.time, day.boardings.at[stop], last, ready)
                    if r < last:
                        lower(here, onward[r], 0)
        if row >= 0:
            gains |= lower(board[k, row], here, 0)
    return gains


@kernel
def lower(into: Ints, other: Ints, plus: int) -> bool:
    """Lower ``into`` to ``other + plus`` wherever that is less; tell whether it was anywhere."""
    lower = False
    for v in range(len(into)):
        x = np.int32(other[v] + plus)
        lower |= x < into[v]
        into[v] = min(x, into[v])
    return lower


@kernel
def _copy(into: Ints, other: Ints) -> None:
    for v in range(len(into)):
        into[v] = other[v]


@kernel
def _first_from(time: Ints, first: int, last: int, ready: int) -> int:
    """Find the first moment not before ``ready`` among ``time[first:last]``; last if none is."""
    while first < last:
        middle = (first + last) // 2
        if time[middle] < ready:
            first = middle + 1
        else:
            last = middle
    return first
