"""Rides by expected waits as a search graph: what ``subway`` works out for every pair of stations.

A feed may have too many stops for that; here each venue is searched for on its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from venuenet.travel.graph import Ends, Graph, Ints, graph_of, spans
from venuenet.travel.legs import Legs

_DS = 600
"""Deciseconds in a minute."""


@dataclass(frozen=True)
class Rides:
    """Boarding, riding, alighting and changing as arcs.

    Attributes
    ----------
    graph : Graph
    enter : (p,) int32
        The node "ready at this platform, all rides left" of each platform.
    leave : (p, layers) int32
        The nodes one may walk away from at each platform: after any number of rides.
    first_ds : int
        Deciseconds that everyone waits beside: see ``tick`` in ``subway.station_seconds``.
    """

    graph: Graph
    enter: Ints
    leave: Ints
    first_ds: int

    def entering(self, platforms_of: Legs) -> Ends:
        """Join stops: ``platforms_of`` lists the platforms of each, in its ``to``."""
        cost = np.full(len(platforms_of.to), self.first_ds, dtype=np.int32)
        return Ends(platforms_of.at, self.enter[platforms_of.to], cost)

    def leaving(self, egress: Legs) -> Ends:
        """Join venues: ``egress`` lists for each the platforms people walk to it from."""
        layers = self.leave.shape[1]
        return Ends(
            egress.at * layers,
            self.leave[egress.to].ravel(),
            np.repeat(10 * egress.seconds, layers),
        )


def rides(
    platforms: pd.DataFrame,
    links: pd.DataFrame,
    transfers: pd.DataFrame,
    walks: pd.DataFrame,
    minutes: float,
    *,
    most_rides: int | None = None,
    tick_minutes: float = 1.0,
) -> Rides:
    """Build the graph of the frequency model; its rules are those of ``subway.station_seconds``.

    A wait belongs to the least served link of a ride. So every line and direction is there once
    for each headway that occurs on it, with the links served at least that often.

    Parameters
    ----------
    platforms : DataFrame
        ``station_id``, ``line``: one row per line at a station.
    links : DataFrame
        ``line``, ``direction``, ``from_id``, ``to_id``, ``run_min``, ``trains_window``.
    transfers : DataFrame
        ``station_id``, ``from_line``, ``to_line``, ``walk_min``.
    walks : DataFrame
        ``start``, ``end``, positions in ``platforms``, and ``seconds``: walks between stations.
    minutes : float
        Length of the window.
    most_rides : int, optional
        Vehicles anybody boards; any number by default.
    tick_minutes : float
        The minutes times are given in; 0 for timetables to the second.
    """
    index = pd.MultiIndex.from_frame(platforms[["station_id", "line"]])
    p = len(index)
    change_from, change_to, change = _changes(index, transfers, walks, tick_minutes)
    board = _boardings(index, links, minutes, tick_minutes)
    layers = 1 if most_rides is None else most_rides + 1
    # Layer r holds those with r rides left (any number: one layer); its vehicles come behind it.
    size = p + board.size
    start = size * np.arange(layers)
    tails, heads, costs = [], [], []
    for r in range(layers):
        below = start[r] if most_rides is None else start[r - 1]
        tails.append(start[r] + change_from)
        heads.append(start[r] + change_to)
        costs.append(change)
        if r > 0 or most_rides is None:
            on = below + p
            tails += [start[r] + board.platform, on + board.ride_from, on + board.vehicle]
            heads += [on + board.vehicle, on + board.ride_to, below + board.platform]
            costs += [board.wait, board.run, np.zeros(len(board.vehicle))]
    tail, head, cost = (np.concatenate(x) for x in (tails, heads, costs))
    every = np.arange(p)[:, None]
    return Rides(
        graph=graph_of(
            size * layers,
            tail.astype(np.int32),
            head.astype(np.int32),
            np.rint(_DS * cost).astype(np.int32),
        ),
        enter=(start[-1] + every[:, 0]).astype(np.int32),
        leave=(start + every).astype(np.int32),
        first_ds=round(_DS * tick_minutes / 2),
    )


@dataclass(frozen=True)
class _Boardings:
    """Vehicles: one node per line, direction, headway and stop, and what leads to and from it."""

    size: int
    vehicle: NDArray[np.int64]
    platform: NDArray[np.int64]
    wait: NDArray[np.float64]
    ride_from: NDArray[np.int64]
    ride_to: NDArray[np.int64]
    run: NDArray[np.float64]


def _boardings(
    index: pd.MultiIndex, links: pd.DataFrame, minutes: float, tick: float
) -> _Boardings:
    used = links[links["trains_window"] > 0]
    ends = np.column_stack(
        [
            index.get_indexer(pd.MultiIndex.from_frame(used[[end, "line"]]))
            for end in ("from_id", "to_id")
        ]
    )
    if (ends < 0).any():
        raise ValueError("a link at a platform that is not listed")
    headway = minutes / used["trains_window"].to_numpy(float)
    run = used["run_min"].to_numpy(float)
    size = 0
    platform, wait, ride_from, ride_to, runs = [], [], [], [], []
    for rows in used.groupby(["line", "direction"], sort=True).indices.values():
        for longest in np.unique(headway[rows]):
            often = rows[headway[rows] <= longest]
            stops, local = np.unique(ends[often], return_inverse=True)
            local = local.reshape(-1, 2) + size
            size += len(stops)
            platform.append(stops)
            wait.append(np.full(len(stops), max(longest - tick, 0) / 2))
            ride_from.append(local[:, 0])
            ride_to.append(local[:, 1])
            runs.append(run[often])

    none = np.zeros(0)
    at, waits, start, end, riding = (
        np.concatenate([none, *parts]) for parts in (platform, wait, ride_from, ride_to, runs)
    )
    ints = [x.astype(np.int64) for x in (at, start, end)]
    return _Boardings(size, np.arange(size), ints[0], waits, ints[1], ints[2], riding)


def _changes(
    index: pd.MultiIndex, transfers: pd.DataFrame, walks: pd.DataFrame, tick: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return (from, to, minutes) between platforms; whoever changes waits for a whole tick."""
    ends = [
        index.get_indexer(pd.MultiIndex.from_frame(transfers[["station_id", line]]))
        for line in ("from_line", "to_line")
    ]
    # Empty frames may have columns of no type.
    minutes = np.concatenate(
        [transfers["walk_min"].to_numpy(float), walks["seconds"].to_numpy(float) / 60]
    )
    if tick:
        minutes = np.ceil(minutes / tick - 1e-9) * tick
    return (
        np.concatenate([ends[0], walks["start"]]).astype(np.int64),
        np.concatenate([ends[1], walks["end"]]).astype(np.int64),
        minutes,
    )


def onto(legs: Legs, platforms_of: Legs) -> Legs:
    """Lead legs to stops on to the stops' platforms."""
    count = np.diff(platforms_of.at)[legs.to]
    at = np.concatenate([[0], np.cumsum(count)])[legs.at]
    first = np.take(platforms_of.at, legs.to)
    to = platforms_of.to[spans(first, count)]
    return Legs(at.astype(np.int64), to, np.repeat(legs.seconds, count))
