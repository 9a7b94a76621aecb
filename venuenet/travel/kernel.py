"""The compiled searches: bounded one-to-all from one venue, and the few nearest of many venues.

Both are Dijkstra's algorithm with a bucket queue (R. B. Dial 1969, Communications of the ACM
12(11), https://doi.org/10.1145/363269.363610) over arcs turned around. A bucket is wider than one
decisecond; a node improved after it was looked at is looked at again, so times are exact whatever
the width (U. Meyer, P. Sanders 2003, Journal of Algorithms 49(1),
https://doi.org/10.1016/S0196-6774(03)00076-2). Nothing here holds the GIL.

Numbers that index arrays are unsigned: for signed ones numba asks each time whether they count from
the end, and a search takes half as long again. All of it is in one file: what numba keeps of a
function does not notice a change of another file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from venuenet.travel.compiled import kernel
from venuenet.travel.graph import FAR, Graph, Ints

NO_WAY = int(FAR)
NONE = 0xFFFFFFFF
Index = NDArray[np.uint32]


@dataclass
class Queue:
    """Buckets of a circular queue; one for each thread.

    Attributes
    ----------
    first : (buckets,) uint32
        First entry of each bucket or ``NONE``; a power of two of them, all empty between searches.
    entry : (room, 3) uint32
        A node, whatever belongs to the entry, and the next entry of the same bucket.
    shift : int
        A bucket is ``2 ** shift`` deciseconds wide.
    """

    first: Index
    entry: Index
    shift: int

    def grow(self) -> None:
        """Double the room and empty the buckets, after a search has run out of it."""
        self.first.fill(NONE)
        self.entry = np.empty((2 * len(self.entry), 3), dtype=np.uint32)


def queue_for(graph: Graph) -> Queue:
    """Make an empty queue for searches in a graph."""
    buckets = (graph.longest >> graph.shift) + 2
    return Queue(
        first=np.full(1 << buckets.bit_length(), NONE, dtype=np.uint32),
        entry=np.empty((graph.nodes + 64, 3), dtype=np.uint32),
        shift=graph.shift,
    )


def unsigned(graph: Graph) -> tuple[Index, Index, Ints]:
    """Return a graph's arrays as the searches take them: ``indptr, tail, cost``."""
    return graph.indptr.view(np.uint32), graph.tail.view(np.uint32), graph.cost


@kernel
def _slot(entry: Index, used: np.uint32, free: np.uint32) -> tuple[np.uint32, np.uint32, np.uint32]:
    """Take a slot of the queue: the one freed last, else one never used.

    Returns it, and how many were used and which was freed last then. Three numbers, not an array:
    they stay in the processor's registers.
    """
    if free != NONE:
        return free, used, entry[free, 2]
    return used, np.uint32(used + 1), np.uint32(NONE)


@kernel
def _put(first: Index, entry: Index, slot: np.uint32, bucket: int, node: int, extra: int) -> None:
    """Put an entry into a bucket."""
    b = np.uint32(bucket & (len(first) - 1))
    entry[slot, 0] = node
    entry[slot, 1] = extra
    entry[slot, 2] = first[b]
    first[b] = slot


@kernel
def search(
    indptr: Index,
    tail: Index,
    cost: Ints,
    seed: Index,
    seed_cost: Ints,
    limit: int,
    time: Ints,
    touched: Index,
    first: Index,
    entry: Index,
    shift: int,
) -> int:
    """Fill ``time`` with deciseconds from every node to the nearest seed, up to ``limit``.

    Parameters
    ----------
    indptr, tail, cost
        See :func:`unsigned`.
    seed, seed_cost : (s,) uint32, int32
        Where the venue is joined to the graph, and deciseconds from there to it.
    limit : int
        Longer times are left out; one exactly that long is in.
    time : (n,) int32
        Room; ``FAR`` before, see :func:`forget`.
    touched : (n,) uint32
        Room; nodes with a time afterwards.
    first, entry, shift
        A Queue.

    Returns
    -------
    int
        How many nodes have a time, or -1 when the queue was too small.
    """
    mask = len(first) - 1
    used, free = np.uint32(0), np.uint32(NONE)
    count = waiting = bucket = 0
    for s in range(len(seed)):
        v, d = seed[s], seed_cost[s]
        if d < time[v] and d <= limit:
            if time[v] == NO_WAY:
                touched[count] = v
                count += 1
            time[v] = d
            slot, used, free = _slot(entry, used, free)
            if slot >= len(entry):
                return -1
            _put(first, entry, slot, d >> shift, v, d)
            waiting += 1
    while waiting > 0:
        b = np.uint32(bucket & mask)
        e = first[b]
        while e != NONE:
            first[b] = NONE
            while e != NONE:
                v, d = entry[e, 0], entry[e, 1]
                following = entry[e, 2]
                entry[e, 2] = free
                free = e
                waiting -= 1
                e = following
                if d > time[v]:  # improved since; a later entry says so
                    continue
                for a in range(indptr[v], indptr[v + 1]):
                    u = tail[a]
                    t = d + cost[a]
                    if t < time[u] and t <= limit:
                        if time[u] == NO_WAY:
                            touched[count] = u
                            count += 1
                        time[u] = t
                        slot, used, free = _slot(entry, used, free)
                        if slot >= len(entry):
                            return -1
                        _put(first, entry, slot, t >> shift, u, t)
                        waiting += 1
            e = first[b]
        bucket += 1
    return count


@kernel
def forget(time: Ints, touched: Index, count: int) -> None:
    """Make the room of :func:`search` as it was, in as many steps as nodes were touched."""
    for i in range(count):
        time[touched[i]] = NO_WAY


@kernel
def improve(time: Ints, who: Ints, done: NDArray[np.bool_], u: int, w: int, t: int) -> bool:
    """Put venue ``w`` at ``t`` into node ``u``'s few nearest, ascending by (time, venue)."""
    k = time.shape[1]
    if t > time[u, k - 1] or (t == time[u, k - 1] and w >= who[u, k - 1] >= 0):
        return False
    at = k - 1
    for i in range(k):
        if who[u, i] == w:
            if t >= time[u, i]:
                return False
            at = i
            break
    while at > 0 and (time[u, at - 1] > t or (time[u, at - 1] == t and who[u, at - 1] > w)):
        time[u, at] = time[u, at - 1]
        who[u, at] = who[u, at - 1]
        done[u, at] = done[u, at - 1]
        at -= 1
    time[u, at] = t
    who[u, at] = w
    done[u, at] = False
    return True


@kernel
def nearest_few(
    indptr: Index,
    tail: Index,
    cost: Ints,
    seed: Index,
    seed_who: Ints,
    seed_cost: Ints,
    time: Ints,
    who: Ints,
    done: NDArray[np.bool_],
    first: Index,
    entry: Index,
    shift: int,
) -> bool:
    """Fill ``time`` and ``who`` with every node's k nearest venues, without a limit, in one sweep.

    A venue among the k nearest of a node is among the k nearest of the next node on the way to
    it, ties broken by the venue's number, since one arc adds the same to all: keeping k per node
    loses nothing.

    Parameters
    ----------
    indptr, tail, cost
        See :func:`unsigned`.
    seed, seed_who, seed_cost : (s,) uint32, int32, int32
        Nodes that venues are joined to, which venue, and deciseconds from there to it.
    time : (n, k) int32
        Ascending times; ``FAR`` before.
    who : (n, k) int32
        The venues, the lower number first in a tie; -1 before.
    done : (n, k) bool
        Room; False before.
    first, entry, shift
        A Queue.

    Returns
    -------
    bool
        False when the queue was too small.
    """
    mask = len(first) - 1
    used, free = np.uint32(0), np.uint32(NONE)
    waiting = bucket = 0
    for s in range(len(seed)):
        if improve(time, who, done, seed[s], seed_who[s], seed_cost[s]):
            slot, used, free = _slot(entry, used, free)
            if slot >= len(entry):
                return False
            _put(first, entry, slot, seed_cost[s] >> shift, seed[s], seed_who[s])
            waiting += 1
    while waiting > 0:
        b = np.uint32(bucket & mask)
        e = first[b]
        while e != NONE:
            first[b] = NONE
            while e != NONE:
                v, w = entry[e, 0], entry[e, 1]
                following = entry[e, 2]
                entry[e, 2] = free
                free = e
                waiting -= 1
                e = following
                at = 0
                while at < who.shape[1] and who[v, at] != w:
                    at += 1
                if at == who.shape[1] or done[v, at]:
                    continue
                done[v, at] = True
                d = time[v, at]
                for a in range(indptr[v], indptr[v + 1]):
                    u = tail[a]
                    t = d + cost[a]
                    if improve(time, who, done, u, w, t):
                        slot, used, free = _slot(entry, used, free)
                        if slot >= len(entry):
                            return False
                        _put(first, entry, slot, t >> shift, u, w)
                        waiting += 1
            e = first[b]
        bucket += 1
    return True


Table = tuple[NDArray[np.int64], Ints, Ints]


@kernel
def rows(
    graph: tuple[Index, Index, Ints],
    venues: tuple[NDArray[np.int64], Index, Ints],
    direct: Table,
    by_node: tuple[NDArray[np.uint64], Index, Ints],
    bounds: tuple[int, int, int],
    room: tuple[Ints, Index, Ints, Ints],
    queue: tuple[Index, Index, int],
    out: tuple[Ints, NDArray[np.uint16], Ints],
) -> bool:
    """Write the rows of some venues one after the other; False when the queue was too small."""
    indptr, tail, cost = graph
    first, last, limit = bounds
    time, touched, best, hit = room
    out_point, out_s, counts = out
    end = 0
    for v in range(first, last):
        seeds = slice(venues[0][v], venues[0][v + 1])
        count = search(
            indptr, tail, cost, venues[1][seeds], venues[2][seeds], limit,
            time, touched, queue[0], queue[1], queue[2],
        )  # fmt: skip
        if count < 0:
            return False
        hits = 0
        for i in range(count):
            node = touched[i]
            for j in range(by_node[0][node], by_node[0][node + 1]):
                hits = _reached(best, hit, hits, by_node[1][j], time[node] + by_node[2][j], limit)
        for j in range(direct[0][v], direct[0][v + 1]):
            hits = _reached(best, hit, hits, direct[1][j], direct[2][j], limit)
        forget(time, touched, count)
        begin = end
        if 16 * hits > len(best):  # sorting many costs more than looking at all
            for p in range(len(best)):
                if best[p] != NO_WAY:
                    out_point[end] = p
                    end += 1
        else:
            out_point[end : end + hits] = np.sort(hit[:hits])
            end += hits
        for i in range(begin, end):
            out_s[i] = (best[out_point[i]] + 5) // 10
            best[out_point[i]] = NO_WAY
        counts[v - first] = end - begin
    return True


@kernel
def _reached(best: Ints, hit: Ints, hits: int, point: int, t: int, limit: int) -> int:
    """Note that a point can get there in ``t``; returns how many points have been reached."""
    if t <= limit and t < best[point]:
        if best[point] == NO_WAY:
            hit[hits] = point
            hits += 1
        best[point] = t
    return hits


@kernel
def rows_of_sweep(
    found: Ints,
    points: Table,
    direct: Table,
    bounds: tuple[int, int, int],
    room: tuple[Ints, NDArray[np.int64]],
    out: tuple[Ints, NDArray[np.uint16], Ints],
) -> None:
    """Write the rows of the venues of one sweep one after the other.

    ``found`` (targets, lanes) is what the sweep found, ``points`` joins points to targets, and
    ``room`` is a table (points, lanes) of ``NO_WAY`` and ``lanes`` numbers.
    """
    first, last, limit = bounds
    best, lane_end = room
    lanes = best.shape[1]
    for p in range(len(points[0]) - 1):
        for j in range(points[0][p], points[0][p + 1]):
            target, cost = points[1][j], points[2][j]
            for lane in range(lanes):
                best[p, lane] = min(best[p, lane], found[target, lane] + cost)
    for v in range(first, last):
        for j in range(direct[0][v], direct[0][v + 1]):
            p = direct[1][j]
            best[p, v - first] = min(best[p, v - first], direct[2][j])
    # By point, so that memory is read once; each venue has its own stretch of ``out``.
    n = len(best)
    for lane in range(lanes):
        lane_end[lane] = lane * n
    for p in range(n):
        for lane in range(last - first):
            if best[p, lane] <= limit:
                out[0][lane_end[lane]] = p
                out[1][lane_end[lane]] = (best[p, lane] + 5) // 10
                lane_end[lane] += 1
        for lane in range(lanes):
            best[p, lane] = NO_WAY
    for lane in range(last - first):
        out[2][lane] = lane_end[lane] - lane * n


@kernel
def few_at_points(
    points: Table,
    direct: Table,
    at_nodes: tuple[Ints, Ints],
    at_points: tuple[Ints, Ints, NDArray[np.bool_]],
) -> None:
    """Carry the nodes' nearest few over to the points joined to them."""
    time, who = at_nodes
    best, venue, flag = at_points
    for p in range(len(best)):
        for j in range(points[0][p], points[0][p + 1]):
            node = points[1][j]
            for i in range(time.shape[1]):
                if who[node, i] >= 0:
                    improve(best, venue, flag, p, who[node, i], time[node, i] + points[2][j])
        for j in range(direct[0][p], direct[0][p + 1]):
            improve(best, venue, flag, p, direct[1][j], direct[2][j])
