"""The compiled searches: bounded one-to-all from one venue, and the few nearest of many venues.

Both are Dijkstra's algorithm with a bucket queue (R. B. Dial 1969, Communications of the ACM
12(11), https://doi.org/10.1145/363269.363610) over arcs turned around. A bucket is wider than one
decisecond; a node improved after it was looked at is looked at again, so times are exact whatever
the width (U. Meyer, P. Sanders 2003, Journal of Algorithms 49(1),
https://doi.org/10.1016/S0196-6774(03)00076-2). Nothing here holds the GIL.

All of it is in one file: what numba keeps of a function does not notice a change of another file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from venuenet.travel.compiled import kernel
from venuenet.travel.graph import FAR, Graph, Ints

NO_WAY = int(FAR)


@dataclass
class Queue:
    """Buckets of a circular queue; one for each thread.

    Attributes
    ----------
    first : (buckets,) int32
        First entry of each bucket, -1 for none; a power of two of them, all empty between searches.
    entry : (room, 3) int32
        A node, whatever belongs to the entry, and the next entry of the same bucket.
    shift : int
        A bucket is ``2 ** shift`` deciseconds wide.
    """

    first: Ints
    entry: Ints
    shift: int

    def grow(self) -> None:
        """Double the room and empty the buckets, after a search has run out of it."""
        self.first.fill(-1)
        self.entry = np.empty((2 * len(self.entry), 3), dtype=np.int32)


def queue_for(graph: Graph) -> Queue:
    """Make an empty queue for searches in a graph."""
    buckets = (graph.longest >> graph.shift) + 2
    return Queue(
        first=np.full(1 << buckets.bit_length(), -1, dtype=np.int32),
        entry=np.empty((graph.nodes + 64, 3), dtype=np.int32),
        shift=graph.shift,
    )


@kernel
def _push(first: Ints, entry: Ints, room: Ints, bucket: int, node: int, who: int) -> bool:
    """Put an entry into a bucket; ``room`` holds the first unused slot and the last freed one."""
    slot = room[1]
    if slot >= 0:
        room[1] = entry[slot, 2]
    elif room[0] == len(entry):
        return False
    else:
        slot = room[0]
        room[0] += 1
    b = bucket & (len(first) - 1)
    entry[slot, 0] = node
    entry[slot, 1] = who
    entry[slot, 2] = first[b]
    first[b] = slot
    return True


@kernel
def search(
    indptr: Ints,
    tail: Ints,
    cost: Ints,
    seed: Ints,
    seed_cost: Ints,
    limit: int,
    time: Ints,
    seen: Ints,
    touched: Ints,
    first: Ints,
    entry: Ints,
    shift: int,
) -> int:
    """Fill ``time`` with deciseconds from every node to the nearest seed, up to ``limit``.

    Parameters
    ----------
    indptr, tail, cost
        A Graph's arrays.
    seed, seed_cost : (s,) int32
        Where the venue is joined to the graph, and deciseconds from there to it.
    limit : int
        Longer times are left out; one exactly that long is in.
    time, seen : (n,) int32
        Room; ``FAR`` and -1 before, see :func:`forget`.
    touched : (n,) int32
        Room; nodes with a time afterwards.
    first, entry, shift
        A Queue.

    Returns
    -------
    int
        How many nodes have a time, or -1 when the queue was too small.
    """
    mask = len(first) - 1
    room = np.array([0, -1], dtype=np.int32)
    count = waiting = bucket = 0
    for s in range(len(seed)):
        v, d = seed[s], seed_cost[s]
        if d < time[v] and d <= limit:
            if time[v] == NO_WAY:
                touched[count] = v
                count += 1
            time[v] = d
            if not _push(first, entry, room, d >> shift, v, 0):
                return -1
            waiting += 1
    while waiting > 0:
        e = first[bucket & mask]
        while e >= 0:
            first[bucket & mask] = -1
            while e >= 0:
                v = entry[e, 0]
                following = entry[e, 2]
                entry[e, 2] = room[1]
                room[1] = e
                waiting -= 1
                e = following
                d = time[v]
                if seen[v] == d:
                    continue
                seen[v] = d
                for a in range(indptr[v], indptr[v + 1]):
                    u = tail[a]
                    t = d + cost[a]
                    if t < time[u] and t <= limit:
                        if time[u] == NO_WAY:
                            touched[count] = u
                            count += 1
                        time[u] = t
                        if not _push(first, entry, room, t >> shift, u, 0):
                            return -1
                        waiting += 1
            e = first[bucket & mask]
        bucket += 1
    return count


@kernel
def forget(time: Ints, seen: Ints, touched: Ints, count: int) -> None:
    """Make the room of :func:`search` as it was, in as many steps as nodes were touched."""
    for i in range(count):
        time[touched[i]] = NO_WAY
        seen[touched[i]] = -1


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
    indptr: Ints,
    tail: Ints,
    cost: Ints,
    seed: Ints,
    seed_who: Ints,
    seed_cost: Ints,
    time: Ints,
    who: Ints,
    done: NDArray[np.bool_],
    first: Ints,
    entry: Ints,
    shift: int,
) -> bool:
    """Fill ``time`` and ``who`` with every node's k nearest venues, without a limit, in one sweep.

    A venue among the k nearest of a node is among the k nearest of the next node on the way to
    it, ties broken by the venue's number, since one arc adds the same to all: keeping k per node
    loses nothing.

    Parameters
    ----------
    indptr, tail, cost
        A Graph's arrays.
    seed, seed_who, seed_cost : (s,) int32
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
    room = np.array([0, -1], dtype=np.int32)
    waiting = bucket = 0
    for s in range(len(seed)):
        if improve(time, who, done, seed[s], seed_who[s], seed_cost[s]):
            if not _push(first, entry, room, seed_cost[s] >> shift, seed[s], seed_who[s]):
                return False
            waiting += 1
    while waiting > 0:
        e = first[bucket & mask]
        while e >= 0:
            first[bucket & mask] = -1
            while e >= 0:
                v, w = entry[e, 0], entry[e, 1]
                following = entry[e, 2]
                entry[e, 2] = room[1]
                room[1] = e
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
                        if not _push(first, entry, room, t >> shift, u, w):
                            return False
                        waiting += 1
            e = first[bucket & mask]
        bucket += 1
    return True


Table = tuple[NDArray[np.int64], Ints, Ints]


@kernel
def rows(
    graph: tuple[Ints, Ints, Ints],
    venues: Table,
    direct: Table,
    by_node: Table,
    bounds: tuple[int, int, int],
    room: tuple[Ints, Ints, Ints, Ints, Ints],
    queue: tuple[Ints, Ints, int],
    out: tuple[Ints, NDArray[np.uint16], Ints],
) -> bool:
    """Write the rows of some venues one after the other; False when the queue was too small."""
    indptr, tail, cost = graph
    first, last, limit = bounds
    time, seen, touched, best, hit = room
    out_point, out_s, counts = out
    end = 0
    for v in range(first, last):
        seeds = slice(venues[0][v], venues[0][v + 1])
        count = search(
            indptr, tail, cost, venues[1][seeds], venues[2][seeds], limit,
            time, seen, touched, queue[0], queue[1], queue[2],
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
        forget(time, seen, touched, count)
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
