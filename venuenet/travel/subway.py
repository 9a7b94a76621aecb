"""Station-to-station times of a rail network from headways and running times alone.

Pure: three frames in, one matrix out. No timetable of single trains is needed.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse.csgraph import csgraph_from_dense, dijkstra

from venuenet.errors import AreaPackError, BadQueryError, Fault
from venuenet.model import UNREACHED

_Minutes = NDArray[np.float64]


def station_seconds(
    stations: pd.DataFrame,
    links: pd.DataFrame,
    transfers: pd.DataFrame,
    period: str,
    period_minutes: float,
    *,
    tick_minutes: float = 1.0,
) -> NDArray[np.int32]:
    """Return the expected seconds from every station to every other in one period.

    The clock starts when a traveller comes to any platform of the first station, at a moment
    unrelated to the timetable, and stops when they step off at the last one:

        wait for the first train + rides + (walk between lines + wait for the next train) ...

    Trains of a line come evenly, so a wait is half a headway in the mean (frequency-based
    assignment, [1]_; the rule of lines without a timetable in hand, [2]_). Lines are not combined
    into one shared headway (the common lines problem of [1]_): a traveller takes the single path
    with the least expected time.

    A ride is only served by trains that run all the way. Of one line and direction, that is the
    number of trains on its least served link, so trains that turn short do not shorten the wait
    of those who ride beyond. Among a slow frequent and a fast rare way to run from one station
    to another (expresses that skip stations) the one with the least wait + ride counts. A link
    without trains in the period is not there.

    Timetables and running times come in whole minutes (``tick_minutes``). Whoever changes trains
    comes from a train on such a minute, so a walk of 2.5 min catches what a walk of 3 min does,
    and the next train leaves after 0, 1, ... h - 1 minutes, in the mean (h - 1) / 2. Only the
    first wait, begun at any second, is h / 2.

    Parameters
    ----------
    stations : DataFrame
        ``station_id``; ``lines``, the names of its lines joined by ``|``.
    links : DataFrame
        One row per line, direction and pair of consecutive stops: ``line``, ``direction``,
        ``from_id``, ``to_id``, ``run_min`` (minutes, dwell included), ``trains_<period>``
        (trains that leave ``from_id`` in the period).
    transfers : DataFrame
        ``station_id``, ``from_line``, ``to_line``, ``walk_min`` (minutes). Lines of a station
        that are not listed cannot be changed between; trains of the same line always can.
    period : str
        Which ``trains_<period>`` column to read, e.g. ``weekend_daytime``.
    period_minutes : float
        Length of that period, minutes.
    tick_minutes : float
        The minutes times are given in; 0 for timetables to the second.

    Returns
    -------
    (n, n) int32 array
        Seconds from row to column in the order of ``stations``; 0 on the diagonal,
        ``model.UNREACHED`` where no train leads.

    Raises
    ------
    BadQueryError
        No ``trains_<period>`` column, or a period without length.
    AreaPackError
        A link or transfer at a station, or on a line of it, that ``stations`` does not name.

    Notes
    -----
    What the model leaves out: trains timed to meet, uneven headways, and the gain of a traveller
    who knows the timetable and takes whichever of two near-equal ways leaves first. Where two
    patterns of trains overlap without one holding the other, the least served link counts some
    trains that do not run all the way.

    References
    ----------
    .. [1] H. Spiess, M. Florian (1989). Optimal strategies: a new assignment model for transit
       networks. Transportation Research Part B 23(2), 83-102.
       https://doi.org/10.1016/0191-2615(89)90034-9
    .. [2] E. E. Osuna, G. F. Newell (1972). Control strategies for an idealized public
       transportation system. Transportation Science 6(1), 52-72.
       https://doi.org/10.1287/trsc.6.1.52
    """
    column = f"trains_{period}"
    if column not in links.columns:
        raise BadQueryError(
            f"线路表没有时段 {period}",
            f"the links have no period {period}",
            param="period",
            allowed=[c.removeprefix("trains_") for c in links.columns if c.startswith("trains_")],
        )
    if not period_minutes > 0:
        raise BadQueryError(
            f"时段长度应为正数，得到 {period_minutes}",
            f"a period needs a positive length, not {period_minutes}",
            param="period_minutes",
        )

    names = stations["lines"].str.split("|").explode()
    platforms = pd.MultiIndex.from_arrays(
        [stations["station_id"].loc[names.index], names], names=["station_id", "line"]
    )
    start = _platforms_at(platforms, links, "links", "from_id", "line")
    end = _platforms_at(platforms, links, "links", "to_id", "line")
    leave = _platforms_at(platforms, transfers, "transfers", "station_id", "from_line")
    board = _platforms_at(platforms, transfers, "transfers", "station_id", "to_line")

    cost = np.full((len(platforms), len(platforms)), np.inf)
    np.minimum.at(cost, (leave, board), _whole(transfers["walk_min"].to_numpy(float), tick_minutes))
    run = links["run_min"].to_numpy(float)
    trains = links[column].to_numpy(float)
    for rows in links.groupby(["line", "direction"], sort=False).indices.values():
        used = rows[trains[rows] > 0]
        stops, ends = np.unique([start[used], end[used]], return_inverse=True)
        here = np.ix_(stops, stops)
        rides = _rides(ends, run[used], period_minutes / trains[used], tick_minutes)
        cost[here] = np.minimum(cost[here], rides)

    minutes = _shortest(cost) + tick_minutes / 2
    station = pd.Index(stations["station_id"]).get_indexer(platforms.get_level_values(0))
    return _seconds(minutes, station, len(stations))


def _platforms_at(
    platforms: pd.MultiIndex, frame: pd.DataFrame, table: str, station: str, line: str
) -> NDArray[np.intp]:
    """Return which platform (station, line) each row means; refuse rows that mean none."""
    at: NDArray[np.intp] = platforms.get_indexer(pd.MultiIndex.from_frame(frame[[station, line]]))
    if (at < 0).any():
        raise AreaPackError(
            [
                Fault(
                    file=f"{table}.csv",
                    row=int(row) + 2,
                    column=station,
                    what_zh=f"车站 {frame[station].iloc[row]} 没有 {frame[line].iloc[row]}",
                    what_en=f"station {frame[station].iloc[row]} has no {frame[line].iloc[row]}",
                    mend_zh="请在 stations.csv 的 lines 列补上",
                    mend_en="add it to the column lines of stations.csv",
                )
                for row in np.flatnonzero(at < 0)
            ]
        )
    return at


def _rides(
    ends: NDArray[np.intp], run: _Minutes, headway: _Minutes, tick_minutes: float
) -> _Minutes:
    """Return wait + ride between all stops of one line and direction.

    For each headway that occurs, only the links served at least that often are ridden: the best
    of these is the best over all ways of ride + wait for the least served link on the way.
    """
    stops = int(ends.max(initial=-1)) + 1
    best = np.full((stops, stops), np.inf)
    for longest in np.unique(headway):
        often = headway <= longest
        hops = np.full_like(best, np.inf)
        np.minimum.at(hops, (ends[0, often], ends[1, often]), run[often])
        best = np.minimum(best, _shortest(hops) + max(longest - tick_minutes, 0) / 2)
    return best


def _whole(minutes: _Minutes, tick_minutes: float) -> _Minutes:
    """Return minutes rounded up to whole ticks."""
    if tick_minutes == 0:
        return minutes
    return np.ceil(minutes / tick_minutes - 1e-9) * tick_minutes


def _shortest(cost: _Minutes) -> _Minutes:
    """Return least costs between all nodes; an edge of no cost is still an edge."""
    return np.asarray(dijkstra(csgraph_from_dense(cost, null_value=np.inf)), dtype=np.float64)


def _seconds(minutes: _Minutes, station: NDArray[np.intp], n_stations: int) -> NDArray[np.int32]:
    """Return whole seconds between the best platforms of all stations."""
    best = np.full((n_stations, n_stations), np.inf)
    np.minimum.at(best, (station[:, None], station[None, :]), minutes)
    np.fill_diagonal(best, 0)
    reached = np.isfinite(best)
    seconds = np.full(best.shape, UNREACHED, dtype=np.int32)
    seconds[reached] = np.rint(best[reached] * 60)
    return seconds
