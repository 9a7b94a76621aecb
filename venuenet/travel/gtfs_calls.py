"""The stops a feed's trips call at, in order, with a time for each.

Times that a feed leaves out between two given ones are interpolated.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from venuenet.travel.gtfs_faults import Faults
from venuenet.travel.gtfs_tables import BLANK, Bools, Table

_NEEDED = ("trip_id", "stop_id", "stop_sequence", "arrival_time", "departure_time")
_Ints = NDArray[np.integer[Any]]


def ordered_calls(table: Table, faults: Faults) -> pd.DataFrame:
    """Return usable stop times by trip and sequence, every one with its times.

    Parameters
    ----------
    table : Table
        ``stop_times.txt``; trips whose times are missing at an end or run backwards are marked.
    faults : Faults
        Gathers what is wrong.

    Returns
    -------
    DataFrame
        The columns of ``stop_times.txt``, indexed by line, without bad rows and bad trips.
    """
    if not table.has(*_NEEDED):
        return table.rows.iloc[:0]
    code = table.rows["trip_id"].cat.codes.to_numpy()
    good = np.flatnonzero(~table.bad & ~_of_bad_trips(code, table.bad_trip))
    order = good[np.lexsort((table.rows["stop_sequence"].to_numpy()[good], code[good]))]
    trip = code[order]
    arrives, leaves = _both(table.rows, order)
    first = np.r_[True, trip[1:] != trip[:-1]][: len(trip)]
    last = np.r_[first[1:], True][: len(trip)]
    given = arrives != BLANK

    def mark(kind: str, at: Bools, column: str) -> None:
        where = np.zeros(len(table.rows), bool)
        where[order[at]] = True
        table.mark(faults, kind, where, column, table.rows["trip_id"], spoils="trip")

    mark("no_end", (first | last) & ~given, "arrival_time")
    place = np.arange(len(trip))
    before = np.maximum.accumulate(np.where(given, place, -1)) if len(trip) else place
    before = np.r_[-1, before[:-1]][: len(trip)]
    start = place[first][np.cumsum(first) - 1]
    follows = given & (before >= start)
    late = follows & (arrives < leaves[before])
    mark("backward", (given & (leaves < arrives)) | late, "arrival_time")

    keep = ~_of_bad_trips(code, table.bad_trip)[order]
    calls = table.rows.iloc[order[keep]]
    dist = calls["shape_dist_traveled"].to_numpy()
    arrives, leaves = _interpolated(arrives[keep], leaves[keep], dist)
    return calls.assign(arrival_time=arrives, departure_time=leaves)


def _of_bad_trips(code: _Ints, bad: Bools) -> Bools:
    """Return which rows belong to a trip that has a bad row."""
    return np.isin(code, np.unique(code[bad])) if bad.any() else np.zeros(len(code), bool)


def _both(rows: pd.DataFrame, order: _Ints) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return arrivals and departures; where one is not given, it is the other."""
    arrives = rows["arrival_time"].to_numpy()[order]
    leaves = rows["departure_time"].to_numpy()[order]
    return np.where(arrives == BLANK, leaves, arrives), np.where(leaves == BLANK, arrives, leaves)


def _interpolated(
    arrives: NDArray[np.int32], leaves: NDArray[np.int32], dist: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Fill times between two given ones: by distance along the shape, or else evenly.

    Every trip's first and last time is given, so neighbours never lie in another trip. Distances
    are used where the whole gap has them and they rise. Rounded to whole seconds.
    """
    blank = np.flatnonzero(arrives == BLANK)
    if not len(blank):
        return arrives, leaves
    given = np.flatnonzero(arrives != BLANK)
    after = np.searchsorted(given, blank)
    left, right = given[after - 1], given[after]
    rises = np.cumsum(np.r_[0, ~(np.diff(dist) >= 0)])  # NaN does not rise
    along = (rises[left] == rises[right]) & (dist[right] > dist[left])
    share = (blank - left) / (right - left)
    share[along] = ((dist[blank] - dist[left])[along]) / (dist[right] - dist[left])[along]
    filled = np.rint(leaves[left] + share * (arrives[right] - leaves[left])).astype(np.int32)
    arrives, leaves = arrives.copy(), leaves.copy()
    arrives[blank] = leaves[blank] = filled
    return arrives, leaves
