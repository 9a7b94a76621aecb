"""Contraction hierarchies: a graph made ready once, so that later searches look at little of it.

Nodes are taken out one by one, the least important first; shortcuts keep all distances [1]_.

References
----------
.. [1] R. Geisberger, P. Sanders, D. Schultes, C. Vetter (2012). Exact routing in large road
   networks using contraction hierarchies. Transportation Science 46(3), 388-404.
   https://doi.org/10.1287/trsc.1110.0401
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from venuenet.travel.compiled import kernel
from venuenet.travel.graph import FAR, Graph, Ints

_NO_WAY = int(FAR)

_SLICE = 30_000
"""Pairs of neighbours looked at between two calls of ``progress``: some 30 ms."""

_SETTLE = 10
"""Nodes a witness search settles at most, once and again for each node it looks for: where the
last nodes have dozens of neighbours a constant is too few, and shortcuts breed shortcuts."""

_LEVEL, _ADDED = 1000, 8000
"""What a level, and a shortcut for every arc that goes, add to the weight of a node."""

_SPARE = 100_000
"""Arcs there is room for beyond twice those there are."""

_SHORT = 10_000
"""Shortcuts of one node there is room for at first."""


@dataclass(frozen=True)
class Hierarchy:
    """A contracted graph, ready for searches from venues against the direction of travel.

    Nodes are renumbered to *places*, the most important first; within a level places keep the
    graph's own order. An arc joins places of different levels, so that all arcs out of a place
    upwards lead to lower numbers. Searching "from" a place means towards it in terms of travel.

    Attributes
    ----------
    place : (n,) int32
        The place of each node of the graph.
    up_at : (n + 1,) int32
        The arcs from place p to more important ones are ``up_at[p]:up_at[p + 1]``.
    up_to, up_cost : (u,) int32
        Places they lead to, ascending; deciseconds.
    down_at : (n + 1,) int32
        The arcs from more important places to place p are ``down_at[p]:down_at[p + 1]``.
    down_from, down_cost : (d,) int32
        Places they come from, ascending; deciseconds.
    """

    place: Ints
    up_at: Ints
    up_to: Ints
    up_cost: Ints
    down_at: Ints
    down_from: Ints
    down_cost: Ints

    def __post_init__(self) -> None:
        """Let nobody write: compiled code is another for arrays that may be written to."""
        for name, array in vars(self).items():
            frozen = array.view()
            frozen.flags.writeable = False
            object.__setattr__(self, name, frozen)


class _Lists(NamedTuple):
    """Arcs of every node in one pool; a list that outgrows its room moves to the pool's end."""

    start: NDArray[np.int64]
    size: Ints
    room: Ints
    node: Ints
    cost: Ints
    used: NDArray[np.int64]


class _Desk(NamedTuple):
    """What is written on while a node is weighed.

    Between witness searches ``dist`` is all FAR and ``goal`` all -1; ``short`` holds the
    shortcuts last found, (from, to, cost).
    """

    dist: Ints
    goal: Ints
    touched: Ints
    heap: NDArray[np.int64]
    short: Ints


@kernel
def _push(heap: NDArray[np.int64], size: int, key: int) -> None:
    """Add a key to a binary heap of ``size`` keys."""
    i = size
    while i > 0:
        parent = (i - 1) >> 1
        if heap[parent] <= key:
            break
        heap[i] = heap[parent]
        i = parent
    heap[i] = key


@kernel
def _pop(heap: NDArray[np.int64], size: int) -> int:
    """Take the least key off a binary heap of ``size`` keys."""
    least = heap[0]
    key = heap[size - 1]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size - 1:
            break
        if child + 1 < size - 1 and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= key:
            break
        heap[i] = heap[child]
        i = child
    heap[i] = key
    return int(least)


@kernel
def _reach(out: _Lists, desk: _Desk, source: int, without: int, most: int, goals: int) -> int:
    """Find ways from ``source`` that avoid a node; return how many nodes were come to.

    What ``desk.dist`` says of them are lengths of real ways up to ``most``, not always of the
    shortest: the search ends with all ``goals`` settled, or when it has settled enough.
    """
    dist, touched, heap = desk.dist, desk.touched, desk.heap
    settle = _SETTLE * (1 + goals)
    dist[source] = 0
    touched[0] = source
    count = 1
    heap[0] = source
    size = 1
    while size > 0 and settle > 0:
        key = _pop(heap, size)
        size -= 1
        d, v = key >> 32, key & 0xFFFFFFFF
        if d > dist[v]:
            continue
        settle -= 1
        if desk.goal[v] == source:
            goals -= 1
            if goals == 0:
                break
        for a in range(out.start[v], out.start[v] + out.size[v]):
            w = out.node[a]
            far = d + out.cost[a]
            if far <= most and far < dist[w] and w != without:
                if dist[w] == _NO_WAY:
                    touched[count] = w
                    count += 1
                dist[w] = far
                if size < len(heap):
                    _push(heap, size, (far << 32) | w)
                    size += 1
    return count


@kernel
def _set(lists: _Lists, v: int, w: int, cost: int) -> None:
    """Let the arc between v and w cost no more than ``cost``."""
    first, size = lists.start[v], lists.size[v]
    for a in range(first, first + size):
        if lists.node[a] == w:
            lists.cost[a] = min(lists.cost[a], cost)
            return
    if size == lists.room[v]:
        moved = lists.used[0]
        lists.room[v] = 2 * size + 2
        lists.used[0] += 2 * size + 2
        for i in range(size):
            lists.node[moved + i] = lists.node[first + i]
            lists.cost[moved + i] = lists.cost[first + i]
        lists.start[v] = moved
        first = moved
    lists.node[first + size] = w
    lists.cost[first + size] = cost
    lists.size[v] = size + 1


@kernel
def _drop(lists: _Lists, v: int, w: int) -> None:
    """Forget the arc between v and w."""
    last = lists.start[v] + lists.size[v] - 1
    for a in range(lists.start[v], last + 1):
        if lists.node[a] == w:
            lists.node[a] = lists.node[last]
            lists.cost[a] = lists.cost[last]
            lists.size[v] -= 1
            return


@kernel
def _shortcuts(out: _Lists, into: _Lists, desk: _Desk, v: int) -> int:
    """Find the shortcuts needed when v is taken out: where no other way is as short.

    They are written to ``desk.short`` as far as there is room; returns how many there are.
    """
    needed = 0
    for a in range(into.start[v], into.start[v] + into.size[v]):
        x = into.node[a]
        goals = longest = 0
        for b in range(out.start[v], out.start[v] + out.size[v]):
            if out.node[b] != x:
                goals += 1
                desk.goal[out.node[b]] = x
                longest = max(longest, out.cost[b])
        if goals == 0:
            continue
        count = _reach(out, desk, x, v, into.cost[a] + longest, goals)
        for b in range(out.start[v], out.start[v] + out.size[v]):
            y = out.node[b]
            desk.goal[y] = -1
            cost = into.cost[a] + out.cost[b]
            if y != x and cost < desk.dist[y]:
                if needed < len(desk.short):
                    desk.short[needed, 0] = x
                    desk.short[needed, 1] = y
                    desk.short[needed, 2] = cost
                needed += 1
        for i in range(count):
            desk.dist[desk.touched[i]] = _NO_WAY
    return needed


@kernel
def _weight(out: _Lists, into: _Lists, level: Ints, v: int, added: int) -> int:
    """Tell how unwelcome it is to take v out now: deep below others, or more arcs than before."""
    arcs = max(out.size[v] + into.size[v], 1)
    return int(_LEVEL * level[v] + (_ADDED * added) // arcs)


@kernel
def _weigh(
    out: _Lists, into: _Lists, desk: _Desk, level: Ints, queue: NDArray[np.int64], first: int
) -> None:
    """Weigh some nodes from ``first`` on for the first time."""
    for v in range(first, min(first + _SLICE // 10, len(queue))):
        weight = _weight(out, into, level, v, _shortcuts(out, into, desk, v))
        queue[v] = (weight << 32) | v


@kernel
def _room_needed(out: _Lists, into: _Lists, v: int) -> int:
    """Bound what the pools may grow by when v is taken out."""
    most = 0
    for a in range(into.start[v], into.start[v] + into.size[v]):
        most += 2 * (out.size[into.node[a]] + out.size[v]) + 2
    for a in range(out.start[v], out.start[v] + out.size[v]):
        most += 2 * (into.size[out.node[a]] + into.size[v]) + 2
    return most


@kernel
def _take_out(out: _Lists, into: _Lists, desk: _Desk, level: Ints, v: int, added: int) -> None:
    """Put the shortcuts in ``desk.short`` in place of v; v keeps its arcs, all to later nodes."""
    for i in range(added):
        x, y, cost = desk.short[i, 0], desk.short[i, 1], desk.short[i, 2]
        _set(out, x, y, cost)
        _set(into, y, x, cost)
    for a in range(into.start[v], into.start[v] + into.size[v]):
        x = into.node[a]
        _drop(out, x, v)
        level[x] = max(level[x], level[v] + 1)
    for a in range(out.start[v], out.start[v] + out.size[v]):
        y = out.node[a]
        _drop(into, y, v)
        level[y] = max(level[y], level[v] + 1)


@kernel
def _contract(
    out: _Lists, into: _Lists, desk: _Desk, level: Ints, queue: NDArray[np.int64], size: int
) -> tuple[int, bool]:
    """Take out nodes for a while; return the new length of the queue, and whether room ran out.

    A weight is brought up to date when it comes first in the queue, no earlier.
    """
    budget = _SLICE
    while budget > 0 and size > 0:
        v = _pop(queue, size) & 0xFFFFFFFF
        size -= 1
        budget -= 10 + out.size[v] * into.size[v]
        added = _shortcuts(out, into, desk, v)
        weight = _weight(out, into, level, v, added)
        free = min(len(out.node) - out.used[0], len(into.node) - into.used[0])
        full = free < _room_needed(out, into, v) or len(desk.short) < added
        if full or (size > 0 and weight > (queue[0] >> 32)):
            _push(queue, size, (weight << 32) | v)
            size += 1
            if full:
                return size, True
        else:
            _take_out(out, into, desk, level, v, added)
    return size, False


def contract(graph: Graph, progress: Callable[[int], None] | None = None) -> Hierarchy:
    """Build the contraction hierarchy of a graph.

    Parameters
    ----------
    graph : Graph
        Any graph with costs >= 0; loops and all but the cheapest of parallel arcs are left out,
        and so are ways of ``FAR`` or more.
    progress : callable, optional
        Told every few hundredths of a second how many more nodes are done; what it raises, and
        Ctrl-C, ends the work.
    """
    n = graph.nodes
    out, into = _adjacency(graph)
    desk = _Desk(
        dist=np.full(n, FAR, dtype=np.int32),
        goal=np.full(n, -1, dtype=np.int32),
        touched=np.empty(n, dtype=np.int32),
        heap=np.empty(4096, dtype=np.int64),  # when full, witnesses are missed, nothing else
        short=np.empty((_SHORT, 3), dtype=np.int32),
    )
    level = np.zeros(n, dtype=np.int32)
    queue = np.empty(n, dtype=np.int64)
    for first in range(0, n, _SLICE // 10):
        _weigh(out, into, desk, level, queue, first)
    queue.sort()
    size = n
    while size > 0:
        left, full = _contract(out, into, desk, level, queue, size)
        if full:
            out, into = _larger(out), _larger(into)
            desk = desk._replace(short=np.empty((2 * len(desk.short) + 1, 3), dtype=np.int32))
        if progress is not None:
            progress(size - left)
        size = left
    order = np.argsort(-level, kind="stable").astype(np.int32)
    place = np.empty(n, dtype=np.int32)
    place[order] = np.arange(n, dtype=np.int32)
    return Hierarchy(place, *_placed(out, order, place), *_placed(into, order, place))


def _adjacency(graph: Graph) -> tuple[_Lists, _Lists]:
    """Return the arcs out of and into each node, seen from venues."""
    head = np.repeat(np.arange(graph.nodes, dtype=np.int32), np.diff(graph.indptr))
    order = np.lexsort((graph.cost, graph.tail, head))
    start, to, cost = head[order], graph.tail[order], graph.cost[order]
    again = np.zeros(len(order), dtype=np.bool_)
    again[1:] = (start[1:] == start[:-1]) & (to[1:] == to[:-1])
    keep = ~again & (start != to) & (cost < FAR)
    start, to, cost = start[keep], to[keep], cost[keep]
    back = np.lexsort((start, to))
    return (
        _lists(graph.nodes, start, to, cost),
        _lists(graph.nodes, to[back], start[back], cost[back]),
    )


def _lists(n: int, of: Ints, node: Ints, cost: Ints) -> _Lists:
    """Pool arcs sorted by the node they are listed at, with room for as many again."""
    size = np.bincount(of, minlength=n).astype(np.int32)
    start = np.cumsum(size, dtype=np.int64) - size
    used = np.array([len(node)], dtype=np.int64)
    return _larger(_Lists(start, size, size.copy(), node, cost, used))


def _larger(lists: _Lists) -> _Lists:
    """Return the same lists in a pool of twice the room, and some."""
    more = np.zeros(len(lists.node) + _SPARE, dtype=np.int32)
    return lists._replace(
        node=np.concatenate([lists.node, more]), cost=np.concatenate([lists.cost, more])
    )


def _placed(lists: _Lists, order: Ints, place: Ints) -> tuple[Ints, Ints, Ints]:
    """Return arcs by place, those of a place ascending: where they begin, other ends, costs."""
    size = lists.size[order]
    at = np.concatenate([[0], np.cumsum(size)]).astype(np.int32)
    owner = np.repeat(np.arange(len(order)), size)
    arc = np.arange(at[-1]) - at[:-1][owner] + lists.start[order][owner]
    other = place[lists.node[arc]]
    sort = np.lexsort((other, owner))
    return at, other[sort], lists.cost[arc][sort]
