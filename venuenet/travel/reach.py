"""From searches to answers at points: matrix rows up to a limit, and the nearest few without one.

Venues are shared out among threads in batches; results do not depend on how.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import local
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from venuenet.model import UNREACHED
from venuenet.travel import kernel
from venuenet.travel.graph import FAR, Ends, Graph, Ints

T = TypeVar("T")
Progress = Callable[[int], None]

BATCH = 8
"""Venues searched in one call: a stop is noticed between calls."""

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
            self.touched = np.empty(n, dtype=np.int32)
            self.clean()

        def clean(self) -> None:
            self.time = np.full(n, FAR, dtype=np.int32)
            self.seen = np.full(n, -1, dtype=np.int32)

    room = Room()

    def batch(first: int) -> tuple[Ints, Ints, NDArray[np.uint16]]:
        last = min(first + BATCH, n_venues)
        counts = np.zeros(last - first, dtype=np.int32)
        while not kernel.rows(
            (graph.indptr, graph.tail, graph.cost),
            (venues.at, venues.node, venues.cost),
            (direct.at, direct.point, direct.cost),
            (by_node.at, by_node.node, by_node.cost),
            (first, last, 10 * most_s + 4),
            (room.time, room.seen, room.touched, room.best, room.hit),
            (room.queue.first, room.queue.entry, room.queue.shift),
            (room.out_point, room.out_s, counts),
        ):
            room.queue.grow()
            room.clean()
        kept = int(counts.sum())
        return counts, room.out_point[:kept].copy(), room.out_s[:kept].copy()

    found = list(_shared_out(batch, range(0, n_venues, BATCH), threads, progress, n_venues))
    counts = np.concatenate([[0], *(f[0] for f in found)])
    at = np.cumsum(counts).astype(np.int64)
    point, seconds = np.empty(at[-1], dtype=np.int32), np.empty(at[-1], dtype=np.uint16)
    end = int(at[-1])
    while found:  # from the back, letting go of each piece: the whole is never held twice
        _, some_points, some_seconds = found.pop()
        here = slice(end - len(some_points), end)
        point[here], seconds[here] = some_points, some_seconds
        end = here.start
    return Rows(at, point, seconds)


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
    n, n_venues = graph.nodes, len(venues.at) - 1
    seed_who = np.repeat(np.arange(n_venues, dtype=np.int32), np.diff(venues.at))
    queue = kernel.queue_for(graph)
    while True:
        time = np.full((n, k), FAR, dtype=np.int32)
        who = np.full((n, k), -1, dtype=np.int32)
        done = np.zeros((n, k), dtype=np.bool_)
        if kernel.nearest_few(
            graph.indptr, graph.tail, graph.cost, venues.node, seed_who, venues.cost,
            time, who, done, queue.first, queue.entry, queue.shift,
        ):  # fmt: skip
            break
        queue.grow()
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
    starts: Sequence[int],
    threads: int | None,
    progress: Progress | None,
    total: int,
) -> Iterator[T]:
    """Give the results of all batches in order, worked on by threads.

    On an interrupt no new batch is begun; those under way take milliseconds.
    """
    pool = ThreadPoolExecutor(threads or os.cpu_count())
    try:
        for start, result in zip(starts, pool.map(work, starts), strict=True):
            yield result
            if progress:
                progress(min(BATCH, total - start))
    finally:
        pool.shutdown(cancel_futures=True)
