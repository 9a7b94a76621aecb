"""What one profile may use of the streets: a search graph, and how places on streets join it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from venuenet.travel.graph import FAR, Ends, Graph, Ints, graph_of, spans
from venuenet.travel.reach import Direct
from venuenet.travel.snap import Placed, same_street
from venuenet.travel.streets import CLOSED, Streets


@dataclass(frozen=True)
class Turns:
    """What a driver loses at a junction, deciseconds; traffic keeps to the right.

    Going on within 45 degrees costs nothing. A U-turn is made at dead ends only.
    """

    right: int
    left: int
    back: int


@dataclass(frozen=True)
class Ways:
    """The search graph of one profile.

    A way is a street in one direction: column 0 from its start to its end, 1 back.

    Attributes
    ----------
    graph : Graph
        Its nodes are junctions, or, where turns cost, ways: "at the end of this way".
    cost : (e, 2) int32
        Deciseconds along each way; ``CLOSED`` where the profile may not go.
    after : (e, 2) int32
        The node one is at after a way.
    before_at : (2 e + 1,) int64
    before, before_cost : int32
        The nodes from which one enters way ``2 * street + column``, and the deciseconds lost in
        turning: ``before_at[way]:before_at[way + 1]``.
    """

    graph: Graph
    cost: Ints
    after: Ints
    before_at: NDArray[np.int64]
    before: Ints
    before_cost: Ints

    def leaving(self, placed: Placed, extra: Ints) -> Ends:
        """Join the points people start from: along the rest of their street, either way.

        ``extra`` are deciseconds to get to the street, (p,).
        """
        point, column = self._open(placed)
        street = placed.street[point]
        left = np.where(column == 0, 1 - placed.along[point], placed.along[point])
        cost = np.rint(left * self.cost[street, column]).astype(np.int32) + extra[point]
        return _ends(len(placed.street), point, self.after[street, column], cost)

    def reaching(self, placed: Placed, extra: Ints) -> Ends:
        """Join venues: into their street at either end, and along it as far as they lie."""
        point, column = self._open(placed)
        street = placed.street[point]
        gone = np.where(column == 0, placed.along[point], 1 - placed.along[point])
        cost = np.rint(gone * self.cost[street, column]).astype(np.int32) + extra[point]
        way = 2 * street.astype(np.int64) + column
        count = self.before_at[way + 1] - self.before_at[way]
        at = spans(self.before_at[way], count)
        return _ends(
            len(placed.street),
            np.repeat(point, count),
            self.before[at],
            np.repeat(cost, count) + self.before_cost[at],
        )

    def between(self, points: Placed, leave: Ints, venues: Placed, reach: Ints) -> Direct:
        """Find the ways from points to venues on the same street.

        ``leave`` and ``reach`` are deciseconds between each point, each venue and the street.
        """
        point, venue = same_street(points, venues)
        street = points.street[point]
        # On one spot, neither is ahead of the other by what rounding leaves between them.
        ahead = np.round(venues.along[venue] - points.along[point], 9)
        best = np.full(len(point), FAR, dtype=np.int32)
        for column, way in ((0, ahead), (1, -ahead)):
            cost = self.cost[street, column]
            ds = np.rint(np.maximum(way, 0) * cost).astype(np.int32) + leave[point] + reach[venue]
            open_ = (cost != CLOSED) & (way >= 0)
            best[open_] = np.minimum(best, ds)[open_]
        known = best < FAR
        at = np.concatenate([[0], np.cumsum(np.bincount(venue[known], minlength=len(reach)))])
        return Direct(at.astype(np.int64), point[known].astype(np.int32), best[known])

    def _open(self, placed: Placed) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (point, column) of all ways that placed points lie on and may use."""
        on = np.flatnonzero(placed.street >= 0)
        point, column = np.repeat(on, 2), np.tile([0, 1], len(on))
        usable = self.cost[placed.street[point], column] != CLOSED
        return point[usable], column[usable]


def _ends(n: int, point: NDArray[np.int64], node: Ints, cost: Ints) -> Ends:
    counts = np.bincount(point, minlength=n)
    return Ends(
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        node.astype(np.int32),
        cost.astype(np.int32),
    )


def plain_ways(streets: Streets, cost: Ints) -> Ways:
    """Let a profile turn freely at junctions.

    Parameters
    ----------
    streets : Streets
    cost : (e, 2) int32
        Deciseconds along each way, or ``CLOSED``.
    """
    ends = np.column_stack([streets.start, streets.end])
    street, column = np.nonzero(cost != CLOSED)
    graph = graph_of(
        len(streets.junction_xy),
        ends[street, column],
        ends[street, 1 - column],
        cost[street, column],
    )
    return Ways(
        graph=graph,
        cost=cost,
        after=ends[:, ::-1].astype(np.int32),
        before_at=np.arange(2 * len(cost) + 1, dtype=np.int64),
        before=ends.reshape(-1).astype(np.int32),
        before_cost=np.zeros(2 * len(cost), dtype=np.int32),
    )


def turning_ways(streets: Streets, cost: Ints, turns: Turns) -> Ways:
    """Make turns cost time, and forbid those the streets forbid.

    The graph's nodes are the open ways; an arc leads from a way to the next and costs the turn
    between them and the whole of the next way.
    """
    street, column = np.nonzero(cost != CLOSED)
    ways = len(street)
    ends = np.column_stack([streets.start, streets.end])
    tail, head = ends[street, column], ends[street, 1 - column]
    node = np.full(cost.shape, -1, dtype=np.int32)
    node[street, column] = np.arange(ways)

    by_tail = np.argsort(tail, kind="stable")
    out_at = np.concatenate([[0], np.cumsum(np.bincount(tail, minlength=len(streets.junction_xy)))])
    count = out_at[head + 1] - out_at[head]
    come = np.repeat(np.arange(ways), count)
    go = by_tail[spans(out_at[head], count)]
    back = (street[come] == street[go]) & (column[come] != column[go])
    # A loop's other direction begins where the loop ends: that is no U-turn but going round.
    back &= streets.start[street[come]] != streets.end[street[come]]
    allowed = (~back | (count[come] == 1)) & ~_forbidden(
        streets, street[come], head[come], street[go]
    )
    come, go, back = come[allowed], go[allowed], back[allowed]
    lost = _turn_cost(streets, street, column, come, go, turns)
    lost[back] = turns.back
    graph = graph_of(ways, come, go, lost + cost[street[go], column[go]])

    way = 2 * street[go] + column[go]
    order = np.argsort(way, kind="stable")
    before_at = np.concatenate([[0], np.cumsum(np.bincount(way, minlength=2 * len(cost)))])
    return Ways(
        graph=graph,
        cost=cost,
        after=node,
        before_at=before_at.astype(np.int64),
        before=come[order].astype(np.int32),
        before_cost=lost[order].astype(np.int32),
    )


def _forbidden(
    streets: Streets, come: NDArray[np.int64], junction: Ints, go: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Tell which (street, junction, street) are among the streets' forbidden turns."""
    e, n = len(streets.start), len(streets.junction_xy)

    def key(a: NDArray[np.int64], j: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
        # Junction and first street name the turn's beginning; e * e * n would not fit into 64 bits.
        pair: NDArray[np.int64] = np.searchsorted(begins, a * n + j)
        known = (pair < len(begins)) & (begins[np.minimum(pair, len(begins) - 1)] == a * n + j)
        return np.where(known, pair * e + b, -1)

    if len(streets.no_turn) == 0:
        return np.zeros(len(come), dtype=np.bool_)
    a, j, b = streets.no_turn.astype(np.int64).T
    begins = np.unique(a * n + j)
    return np.isin(key(come, junction.astype(np.int64), go), key(a, j, b))


def _turn_cost(
    streets: Streets,
    street: NDArray[np.int64],
    column: NDArray[np.int64],
    come: NDArray[np.int64],
    go: NDArray[np.int64],
    turns: Turns,
) -> Ints:
    """Return the deciseconds lost by the angle between two ways' pieces at the junction."""
    first, last = streets.line_at[street], streets.line_at[street + 1] - 1
    xy = streets.line_xy
    ahead = column == 0
    out = np.where(ahead[:, None], xy[first + 1] - xy[first], xy[last - 1] - xy[last])
    into = np.where(ahead[:, None], xy[last] - xy[last - 1], xy[first] - xy[first + 1])
    a, b = into[come], out[go]
    angle = np.degrees(np.arctan2(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0], (a * b).sum(axis=1)))
    cost = np.where(angle > 45, turns.left, np.where(angle < -45, turns.right, 0))
    return cost.astype(np.int32)
