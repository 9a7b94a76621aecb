"""How long it takes to change between a feed's platforms.

What transfers.txt says, else pathways, else within a station an estimate.
"""

from __future__ import annotations

from itertools import permutations

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import Geod

from venuenet.travel.gtfs import Feed

NOT_POSSIBLE_S = 1_000_000
"""Seconds a change takes that a feed says cannot be made: more than eleven days."""
LEAST_ESTIMATE_S = 120
"""Seconds an estimated change takes at least: levels and corridors do not show on a map."""
_STRAIGHT_M_PER_S = 1.0  # 4.8 km/h on ways 1.3 times as long as the straight line: 1.03 m/s
_TIMED, _NOT_POSSIBLE = 1, 3

_Pairs = dict[tuple[int, int], int]


def changes(feed: Feed, platforms: pd.Index) -> NDArray[np.int32]:
    """Return all changes a feed knows the time of.

    Within a station the least sum of ``traversal_time`` along ``pathways.txt`` counts; pathways
    without a time are not walked. A row of ``transfers.txt`` overrides that: type 2 takes its
    ``min_transfer_time``, type 1 too or else none (the vehicle waits), type 0 too or else says
    nothing about time; type 3 takes ``NOT_POSSIBLE_S``. A row that names a station holds for
    each of its platforms, also for changes on one platform, unless a row that names platforms
    says otherwise.

    Between platforms of a station that no row and no timed pathway joins in any way, and where a
    row of type 0 gives no time and no pathway does, the change is estimated: one second per metre
    of straight line, at least ``LEAST_ESTIMATE_S``. Where a station has some changes, a pair
    without one cannot be changed between.

    Parameters
    ----------
    feed : Feed
    platforms : Index of str
        Stop ids in the order changes are to count them.

    Returns
    -------
    (c, 3) int32 array
        From, to, seconds; ascending, every pair once.
    """
    told, hinted = _by_transfers(feed, platforms)
    seconds = _by_pathways(feed, platforms) | told
    seconds = _estimates(feed, platforms, seconds, hinted) | seconds
    rows = [(start, end, s) for (start, end), s in sorted(seconds.items())]
    return np.array(rows, np.int32).reshape(-1, 3)


def _by_pathways(feed: Feed, platforms: pd.Index) -> _Pairs:
    """Return the least time along pathways between platforms of one station."""
    ways: nx.DiGraph[str] = nx.DiGraph()
    for start, end, both, seconds in feed.pathways.itertuples(index=False):
        for a, b in ((start, end), (end, start)) if both else ((start, end),):
            least = min(seconds, ways.get_edge_data(a, b, {"s": seconds})["s"])
            ways.add_edge(a, b, s=least)
    areas = feed.stops[feed.stops["location_type"].eq(4)]
    for area, platform in zip(areas["stop_id"], areas["parent"], strict=True):
        ways.add_edge(area, platform, s=0)
        ways.add_edge(platform, area, s=0)
    number = {stop: i for i, stop in enumerate(platforms) if stop in ways}
    station = dict(zip(feed.stops["stop_id"], feed.stops["parent"], strict=True))
    return {
        (i, number[other]): int(seconds)
        for stop, i in number.items()
        for other, seconds in nx.single_source_dijkstra_path_length(ways, stop, weight="s").items()
        if other != stop and other in number and station[other] == station[stop] != ""
    }


def _by_transfers(feed: Feed, platforms: pd.Index) -> tuple[_Pairs, set[tuple[int, int]]]:
    """Return what transfers.txt says, and the pairs it joins without a time.

    Rows that name platforms count over those that name stations.
    """
    members: dict[str, list[int]] = {stop: [i] for i, stop in enumerate(platforms)}
    single = set(members)
    parents = feed.stops.set_index("stop_id")["parent"].loc[platforms]
    for i, parent in enumerate(parents):
        if parent:
            members.setdefault(parent, []).append(i)
    told: list[tuple[int, int, int, int]] = []
    hinted: set[tuple[int, int]] = set()
    for start, end, kind, given in feed.transfers.itertuples(index=False):
        pairs = [(a, b) for a in members.get(start, []) for b in members.get(end, [])]
        if kind == _NOT_POSSIBLE:
            seconds = NOT_POSSIBLE_S
        elif not np.isnan(given):
            seconds = int(given)
        elif kind == _TIMED:
            seconds = 0
        else:
            hinted.update(pairs)
            continue
        rank = (start in single) + (end in single)
        told += [(rank, a, b, seconds) for a, b in pairs]
    told.sort(key=lambda row: row[0])
    return {(a, b): seconds for _, a, b, seconds in told}, hinted


def _estimates(
    feed: Feed, platforms: pd.Index, known: _Pairs, hinted: set[tuple[int, int]]
) -> _Pairs:
    """Return estimated changes within stations, where nothing is known of them."""
    at = feed.stops.set_index("stop_id").loc[platforms]
    pairs: list[tuple[int, int]] = []
    for parent, members in at.groupby("parent").indices.items():
        if parent:
            ways = list(permutations(np.asarray(members).tolist(), 2))
            joined = any(way in known or way in hinted for way in ways)
            pairs += [way for way in ways if way in hinted or not joined]
    if not pairs:
        return {}
    lon, lat = at["lon"].to_numpy(), at["lat"].to_numpy()
    a, b = np.array(pairs).T
    metres = Geod(ellps="WGS84").inv(lon[a], lat[a], lon[b], lat[b])[2]
    seconds = np.ceil(np.maximum(metres / _STRAIGHT_M_PER_S, LEAST_ESTIMATE_S)).astype(int)
    return dict(zip(pairs, seconds.tolist(), strict=True))
