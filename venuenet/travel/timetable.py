"""One day of public transport as arrays: who runs from where to where, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Timetable:
    """The hops of one service day and the ways between stops.

    A hop is a ride from one stop of a trip to its next. Times are seconds after the day's
    midnight (noon minus 12 h), past 86,400 where a trip runs into the night; trips that began on
    the day before are there too, with their times less 86,400.

    Attributes
    ----------
    stop_ids, stop_names : tuple of str
        Stops people board at (platforms, not the stations around them).
    stop_lon, stop_lat : (s,) float64
        Where they enter and leave by, WGS84 degrees.
    station : (s,) int32
        Stops with one number belong to one station; numbered from 0.
    leaves, arrives : (h,) int32
        Seconds; hops sorted by ``leaves``, then ``arrives``, a trip's own hops in their order.
    start, end : (h,) int32
        Stops. A hop takes no riders where boarding is not allowed at ``start`` (``boards``), and
        lets none out where that is not allowed at ``end`` (``alights``).
    boards, alights : (h,) bool
    trip : (h,) int32
        Trips numbered from 0; who is aboard may stay aboard.
    change_at : (s + 1,) int64
        The ways out of stop i are ``change_to[change_at[i]:change_at[i + 1]]``.
    change_to, change_s : (c,) int32
        Changing from one stop to another takes so many seconds. From a stop to itself it takes
        none, unless there is a row that says otherwise.
    lines : tuple of str
        Line (route) and direction of every trip's pattern, as ``line`` counts them.
    line : (trips,) int32
    """

    stop_ids: tuple[str, ...]
    stop_names: tuple[str, ...]
    stop_lon: NDArray[np.float64]
    stop_lat: NDArray[np.float64]
    station: NDArray[np.int32]
    leaves: NDArray[np.int32]
    arrives: NDArray[np.int32]
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    boards: NDArray[np.bool_]
    alights: NDArray[np.bool_]
    trip: NDArray[np.int32]
    change_at: NDArray[np.int64]
    change_to: NDArray[np.int32]
    change_s: NDArray[np.int32]
    lines: tuple[str, ...]
    line: NDArray[np.int32]
