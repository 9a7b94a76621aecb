"""From searches to answers at points: matrix rows up to a limit, and the nearest few without one.

Venues are shared out among threads in batches; results do not depend on how.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import local
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from venuenet.model import UNREACHED
from venuenet.travel import kernel
from venuenet.travel.contract import Hierarchy
from venuenet.travel.graph import FAR, Ends, Graph, Ints, spans
from venuenet.travel.sweep import LANES, restrict, room_for, sweep

T = TypeVar("T")
Progress = Callable[[int], None]

BATCH = 8
"""Venues searched in one call: a stop is noticed between calls."""

SLAB = 1 << 25
"""Pairs put down together: 192 MB, of which only what is filled is taken."""

MOST_S = np.iinfo(np.uint16).max
"""The matrix holds seconds in 16 bits."""


@dataclass(frozen=True)
class Direct:
    """Ways from points to venues on the same street, which lead through no node.

    Sparse by venue: those of venue v are ``at[v]:at[v + 1]``.

    Attributes
    ----------
    at : (venues + 1,) int64
    point : (d,) int32
    cost : (d,) int32
        Deciseconds.
    """

    at: NDArray[np.int64]
    point: Ints
    cost: Ints

    @property
    def ends(self) -> Ends:
        """The same table under the names of Ends."""
        return Ends(self.at, self.point, self.cost)


def no_direct(venues: int) -> Direct:
    """Return no direct ways at all."""
    none = np.zeros(0, dtype=np.int32)
    return Direct(np.zeros(venues + 1, dtype=np.int64), none, none)


@dataclass(frozen=True)
class Rows:
    """Seconds from points to venues, sparse by venue, points ascending: 6 bytes per pair.

    Attributes
    ----------
    at : (venues + 1,) int64
    point : (pairs,) int32
    seconds : (pairs,) uint16
    """

    at: NDArray[np.int64]
    point: Ints
    seconds: NDArray[np.uint16]


def turned(n: int, at: NDArray[np.int64], to: Ints, cost: Ints) -> Ends:
    """Turn a sparse table around: rows become columns; ``n`` rows come out, in order."""
    order = np.argsort(to, kind="stable")
    counts = np.bincount(to, minlength=n)
    row = np.repeat(np.arange(len(at) - 1, dtype=np.int32), np.diff(at))
    return Ends(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), row[order], cost[order])


def seconds_of(deciseconds: Ints) -> NDArray[np.int32]:
    """Round to whole seconds, halves up; ``UNREACHED`` where there is no way."""
    whole = (deciseconds + 5) // 10
    return np.where(deciseconds >= FAR, UNREACHED, whole).astype(np.int32)


def rows(
    graph: Graph,
    points: Ends,
    venues: Ends,
    direct: Direct,
    most_s: int,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Rows:
    """Find every pair of point and venue not more than ``most_s`` seconds apart (included).

    Parameters
    ----------
    graph : Graph
    points : Ends
        From each point to nodes.
    venues : Ends
        From nodes to each venue.
    direct : Direct
    most_s : int
        At most 65,535.
    threads : int, optional
        How many to use; one per core by default. The answer is the same.
    progress : callable, optional
        Told how many more venues are done.
    """
    if most_s > MOST_S:
        raise ValueError(f"the matrix holds times up to {MOST_S} s")
    n, p, n_venues = graph.nodes, len(points.at) - 1, len(venues.at) - 1
    by_node = turned(n, points.at, points.node, points.cost)

    class Room(local):
        def __init__(self) -> None:
            self.queue = kernel.queue_for(graph)
            self.out_point = np.empty(BATCH * p, dtype=np.int32)
            self.out_s = np.empty(BATCH * p, dtype=np.uint16)
            self.best = np.full(p, FAR, dtype=np.int32)
            self.hit = np.empty(p, dtype=np.int32)
            self.touched = np.empty(n, dtype=np.uint32)
            self.clean()

        def clean(self) -> None:
            self.time = np.full(n, FAR, dtype=np.int32)

    room = Room()

    def batch(first: int) -> tuple[Ints, Ints, NDArray[np.uint16]]:
        last = min(first + BATCH, n_venues)
        counts = np.zeros(last - first, dtype=np.int32)
        while not kernel.rows(
            kernel.unsigned(graph),
            (venues.at, venues.node.view(np.uint32), venues.cost),
            (direct.at, direct.point, direct.cost),
            (by_node.at.view(np.uint64), by_node.node.view(np.uint32), by_node.cost),
            (first, last, 10 * most_s + 4),
            (room.time, room.touched, room.best, room.hit),
            (room.queue.first, room.queue.entry, room.queue.shift),
            (room.out_point, room.out_s, counts),
        ):
            room.queue.grow()
            room.clean()
        kept = int(counts.sum())
        return counts, room.out_point[:kept].copy(), room.out_s[:kept].copy()

    return _joined(_shared_out(batch, n_venues, BATCH, threads, progress))


_Piece = tuple[Ints, Ints, NDArray[np.uint16]]
"""Some venues' rows: how long each is, points, seconds."""


def _joined(pieces: Iterable[_Piece]) -> Rows:
    """Put pieces one after the other.

    They are poured into large slabs as they come: small pieces, freed later, would leave their
    memory with the process, and all would be held twice.
    """
    counts: list[Ints] = [np.zeros(1, dtype=np.int32)]
    slabs: list[tuple[Ints, NDArray[np.uint16]]] = []
    used = SLAB
    for count, point, seconds in pieces:
        counts.append(count)
        begin = 0
        while begin < len(point):
            if used == SLAB:
                slabs.append((np.empty(SLAB, dtype=np.int32), np.empty(SLAB, dtype=np.uint16)))
                used = 0
            step = min(SLAB - used, len(point) - begin)
            slabs[-1][0][used : used + step] = point[begin : begin + step]
            slabs[-1][1][used : used + step] = seconds[begin : begin + step]
            used, begin = used + step, begin + step
    at = np.cumsum(np.concatenate(counts), dtype=np.int64)
    if len(slabs) == 1:
        return Rows(at, slabs[0][0][:used], slabs[0][1][:used])
    all_points, all_seconds = np.empty(at[-1], dtype=np.int32), np.empty(at[-1], dtype=np.uint16)
    while slabs:
        some_points, some_seconds = slabs.pop()
        here = slice(SLAB * len(slabs), min(SLAB * (len(slabs) + 1), int(at[-1])))
        all_points[here] = some_points[: here.stop - here.start]
        all_seconds[here] = some_seconds[: here.stop - here.start]
    return Rows(at, all_points, all_seconds)


def rows_by_sweep(
    hierarchy: Hierarchy,
    points: Ends,
    venues: Ends,
    direct: Direct,
    most_s: int,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Rows:
    """Find what :func:`rows` finds, many venues at a time, in a graph contracted before.

    The parameters are the same but for the graph's ``hierarchy``. It pays for many venues and
    long times: a sweep looks at the whole of what the points need.
    """
    if most_s > MOST_S:
        raise ValueError(f"the matrix holds times up to {MOST_S} s")
    p, n_venues, limit = len(points.at) - 1, len(venues.at) - 1, 10 * most_s + 4
    targets, joint = np.unique(points.node, return_inverse=True)
    part = restrict(hierarchy, targets.astype(np.int32))
    joined = (points.at, joint.astype(np.int32), points.cost)
    # Venues of one sweep should be neighbours: by the important place nearest to them.
    order = _by_place(hierarchy, venues)
    seeds, straight = _reordered(venues, order), _reordered(direct.ends, order)

    class Room(local):
        def __init__(self) -> None:
            self.sweep = room_for(part)
            self.best = np.full((p, LANES), FAR, dtype=np.int32)
            self.lane = np.empty(LANES, dtype=np.int64)
            self.out_point = np.empty(LANES * p, dtype=np.int32)
            self.out_s = np.empty(LANES * p, dtype=np.uint16)

    room = Room()

    def batch(first: int) -> list[tuple[Ints, NDArray[np.uint16]]]:
        last = min(first + LANES, n_venues)
        counts = np.zeros(LANES, dtype=np.int32)
        kernel.rows_of_sweep(
            sweep(part, seeds, first, last, limit, room.sweep),
            joined,
            (straight.at, straight.node, straight.cost),
            (first, last, limit),
            (room.best, room.lane),
            (room.out_point, room.out_s, counts),
        )
        ends = [(lane * p, lane * p + int(counts[lane])) for lane in range(last - first)]
        return [(room.out_point[a:b].copy(), room.out_s[a:b].copy()) for a, b in ends]

    one_by_one = [
        (np.array([len(point)], dtype=np.int32), point, seconds)
        for swept in _shared_out(batch, n_venues, LANES, threads, progress)
        for point, seconds in swept
    ]
    pieces = [one_by_one[i] for i in np.argsort(order)]
    del one_by_one
    return _joined(pieces)


def _by_place(hierarchy: Hierarchy, venues: Ends) -> NDArray[np.int64]:
    """Order venues so that neighbours in the list are neighbours in the city.

    Nodes of a graph are numbered along a curve (see Streets); so the first node will do.
    """
    count = np.diff(venues.at)
    first = np.full(len(count), len(hierarchy.place))
    first[count > 0] = venues.node[venues.at[:-1][count > 0]]
    return np.argsort(first, kind="stable")


def _reordered(ends: Ends, order: NDArray[np.int64]) -> Ends:
    count = np.diff(ends.at)[order]
    first = np.take(ends.at, order)
    keep = spans(first, count)
    at = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    return Ends(at, ends.node[keep], ends.cost[keep])


def nearest(
    graph: Graph,
    points: Ends,
    venues: Ends,
    direct: Direct,
    k: int,
) -> tuple[Ints, Ints]:
    """Find every point's ``k`` nearest venues, however far.

    Returns
    -------
    time : (p, k) int32
        Deciseconds, ascending; ``FAR`` where there are fewer.
    who : (p, k) int32
        Which venues, the lower number first in a tie; -1 where there are fewer.
    """
    time, who = _from_one(graph, venues) if len(venues.at) == 2 else _few(graph, venues, k)
    p = len(points.at) - 1
    at_points = (np.full((p, k), FAR, dtype=np.int32), np.full((p, k), -1, dtype=np.int32))
    on_street = turned(p, direct.at, direct.point, direct.cost)
    kernel.few_at_points(
        (points.at, points.node, points.cost),
        (on_street.at, on_street.node, on_street.cost),
        (time, who),
        (*at_points, np.zeros((p, k), dtype=np.bool_)),
    )
    return at_points


def _shared_out(
    work: Callable[[int], T],
    total: int,
    batch: int,
    threads: int | None,
    progress: Progress | None,
) -> Iterator[T]:
    """Give the results of all batches in order, worked on by threads.

    On an interrupt no new batch is begun; those under way take milliseconds.
    """
    starts = range(0, total, batch)
    pool = ThreadPoolExecutor(threads or os.cpu_count())
    try:
        for start, result in zip(starts, pool.map(work, starts), strict=True):
            yield result
            if progress:
                progress(min(batch, total - start))
    finally:
        pool.shutdown(cancel_futures=True)


def _few(graph: Graph, venues: Ends, k: int) -> tuple[Ints, Ints]:
    """Find the nodes' nearest few of many venues, (n, k)."""
    seed_who = np.repeat(np.arange(len(venues.at) - 1, dtype=np.int32), np.diff(venues.at))
    queue = kernel.queue_for(graph)
    while True:
        time = np.full((graph.nodes, k), FAR, dtype=np.int32)
        who = np.full((graph.nodes, k), -1, dtype=np.int32)
        done = np.zeros((graph.nodes, k), dtype=np.bool_)
        if kernel.nearest_few(
            *kernel.unsigned(graph), venues.node.view(np.uint32), seed_who, venues.cost,
            time, who, done, queue.first, queue.entry, queue.shift,
        ):  # fmt: skip
            return time, who
        queue.grow()


def _from_one(graph: Graph, venue: Ends) -> tuple[Ints, Ints]:
    """Find the nodes' times to the only venue there is, (n, 1): the plain search is faster."""
    queue = kernel.queue_for(graph)
    touched = np.empty(graph.nodes, dtype=np.uint32)
    while True:
        time = np.full(graph.nodes, FAR, dtype=np.int32)
        if (
            kernel.search(
                *kernel.unsigned(graph), venue.node.view(np.uint32), venue.cost, int(FAR) - 1,
                time, touched, queue.first, queue.entry, queue.shift,
            )
            >= 0
        ):  # fmt: skip
            return time[:, None], np.where(time < FAR, 0, -1).astype(np.int32)[:, None]
        queue.grow()
