"""Times from many places to many venues at once: one sweep down a contraction hierarchy.

Only what the targets need is swept, PHAST [1]_ restricted to targets [2]_.

References
----------
.. [1] D. Delling, A. V. Goldberg, A. Nowatzyk, R. F. Werneck (2013). PHAST: hardware-accelerated
   shortest path trees. Journal of Parallel and Distributed Computing 73(7), 940-952.
   https://doi.org/10.1016/j.jpdc.2012.02.007
.. [2] D. Delling, A. V. Goldberg, R. F. Werneck (2011). Faster batched shortest paths in road
   networks. ATMOS 2011, 52-63. https://doi.org/10.4230/OASIcs.ATMOS.2011.52
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core.base import BaseContext
from numba.core.typing.templates import Signature
from numba.extending import intrinsic
from numpy.typing import NDArray

from venuenet.travel.compiled import kernel
from venuenet.travel.contract import Hierarchy
from venuenet.travel.graph import FAR, Ends, Ints

LANES = 16
"""Venues swept at once; their distances from one place fill one line of the cache."""

_NO_WAY = int(FAR)


@dataclass(frozen=True)
class Restricted:
    """The part of a hierarchy that the targets need, in the order it is swept.

    Attributes
    ----------
    hierarchy : Hierarchy
        What it is a part of; venues may lie anywhere in it.
    row : (n,) int32
        The row of each place, -1 where it is not needed.
    down_at : (r + 1,) int32
        The arcs into row i are ``down_at[i]:down_at[i + 1]``.
    down_from, down_cost : (a,) int32
        Rows they come from, all lower than i; deciseconds.
    target : (t,) int32
        The row of each target.
    """

    hierarchy: Hierarchy
    row: Ints
    down_at: Ints
    down_from: Ints
    down_cost: Ints
    target: Ints


class Room(NamedTuple):
    """What one thread writes on; of no meaning between sweeps but for ``found``."""

    up: Ints
    todo: NDArray[np.uint64]
    touched: Ints
    dist: Ints
    seeded: NDArray[np.bool_]
    near: NDArray[np.bool_]
    found: Ints


def room_for(restricted: Restricted) -> Room:
    """Make room for the sweeps of one thread: about 64 bytes per place, row and target."""
    n, rows = len(restricted.row), len(restricted.down_at) - 1
    return Room(
        up=np.full((n, LANES), FAR, dtype=np.int32),
        todo=np.zeros(n // 64 + 1, dtype=np.uint64),
        touched=np.empty(n, dtype=np.int32),
        dist=np.empty((rows, LANES), dtype=np.int32),
        seeded=np.zeros(rows, dtype=np.bool_),
        near=np.zeros(rows, dtype=np.bool_),
        found=np.empty((len(restricted.target), LANES), dtype=np.int32),
    )


def restrict(hierarchy: Hierarchy, targets: Ints) -> Restricted:
    """Pick what sweeps to the targets need.

    Parameters
    ----------
    hierarchy : Hierarchy
    targets : (t,) int32
        Nodes of the graph; the same one may come several times.
    """
    places = hierarchy.place[targets]
    needed = np.zeros(len(hierarchy.place), dtype=np.bool_)
    needed[places] = True
    _need(hierarchy.down_at, hierarchy.down_from, needed)
    picked = np.flatnonzero(needed)
    row = np.full(len(needed), -1, dtype=np.int32)
    row[picked] = np.arange(len(picked), dtype=np.int32)
    counts = np.diff(hierarchy.down_at)
    arcs = np.repeat(needed, counts)
    return Restricted(
        hierarchy=hierarchy,
        row=row,
        down_at=np.concatenate([[0], np.cumsum(counts[picked])]).astype(np.int32),
        down_from=row[hierarchy.down_from[arcs]],
        down_cost=hierarchy.down_cost[arcs],
        target=row[places],
    )


def sweep(
    restricted: Restricted, venues: Ends, first: int, last: int, limit: int, room: Room
) -> Ints:
    """Find the times from all targets to the venues ``first`` to ``last`` (excluded).

    Does not hold the GIL; threads need a room each.

    Parameters
    ----------
    restricted : Restricted
    venues : Ends
        From nodes to each venue, costs in 0..FAR. Neighbours in the list should be neighbours in
        the city: what is beyond the limit for all of them is passed over.
    first, last : int
        At most ``LANES`` venues.
    limit : int
        Deciseconds; longer times are left out, one exactly that long is in.
    room : Room
        Made by :func:`room_for` for the same ``restricted``.

    Returns
    -------
    (t, LANES) int32 array
        Deciseconds from each target to venue ``first + lane``, ``FAR`` where that is beyond the
        limit or there is no way, and in lanes without a venue. Part of ``room``: the next sweep
        writes over it.
    """
    if not 0 <= last - first <= LANES:
        raise ValueError(f"a sweep takes up to {LANES} venues, not {last - first}")
    h, limit = restricted.hierarchy, min(limit, _NO_WAY - 1)
    _seed(h.place, venues.at, venues.node, venues.cost, first, last, room.up, room.todo)
    count = _climb(h.up_at, h.up_to, h.up_cost, room.up, room.todo, room.touched, limit)
    _hand_over(restricted.row, room.touched[:count], room.up, room.dist, room.seeded)
    _sweep(
        restricted.down_at, restricted.down_from, restricted.down_cost,
        room.dist, room.seeded, room.near, limit,
    )  # fmt: skip
    _gather(restricted.target, room.dist, room.near, room.found, limit)
    return room.found


_Emit = Callable[[BaseContext, ir.IRBuilder, Signature, list[ir.Value]], ir.Value]
_VECTOR = ir.VectorType(ir.IntType(32), LANES)

# Written as loops, these three are not turned into vector instructions: the compiler cannot know
# that two rows of one table do not overlap. They cost four times as much then.


def _row(
    context: BaseContext, builder: ir.IRBuilder, kind: types.Array, array: ir.Value, i: ir.Value
) -> ir.Value:
    """Return the address of row i of an (n, LANES) int32 array."""
    data = context.make_array(kind)(context, builder, array).data  # type: ignore[no-untyped-call]
    step = builder.mul(i, ir.Constant(i.type, LANES))
    return builder.bitcast(builder.gep(data, [step]), _VECTOR.as_pointer())


def _spread(builder: ir.IRBuilder, number: ir.Value) -> ir.Value:
    """Return a vector of the same number in all lanes."""
    nothing = ir.Constant(_VECTOR, ir.Undefined)
    one = builder.insert_element(nothing, number, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, nothing, ir.Constant(_VECTOR, [0] * LANES))


def _emit_relax(
    _: object, target: types.Type, i: types.Type, source: types.Type, j: types.Type, c: types.Type
) -> tuple[Signature, _Emit]:
    """Let row i of ``target`` be no more than row j of ``source`` plus the cost c."""

    def emit(
        context: BaseContext, builder: ir.IRBuilder, sig: Signature, args: list[ir.Value]
    ) -> ir.Value:
        to = _row(context, builder, sig.args[0], args[0], args[1])
        come = _row(context, builder, sig.args[2], args[2], args[3])
        old = builder.load(to, align=4)
        new = builder.add(builder.load(come, align=4), _spread(builder, args[4]))
        less = builder.icmp_signed("<", new, old)
        builder.store(builder.select(less, new, old), to, align=4)
        return ir.Constant(ir.IntType(8).as_pointer(), None)

    return types.void(target, types.intp, source, types.intp, types.int32), emit


def _emit_any_within(
    _: object, rows: types.Type, i: types.Type, limit: types.Type
) -> tuple[Signature, _Emit]:
    """Tell whether any lane of row i is at most ``limit``."""

    def emit(
        context: BaseContext, builder: ir.IRBuilder, sig: Signature, args: list[ir.Value]
    ) -> ir.Value:
        here = builder.load(_row(context, builder, sig.args[0], args[0], args[1]), align=4)
        within = builder.icmp_signed("<=", here, _spread(builder, args[2]))
        bits = ir.IntType(LANES)
        return builder.icmp_unsigned("!=", builder.bitcast(within, bits), ir.Constant(bits, 0))

    return types.boolean(rows, types.intp, types.int32), emit


def _emit_copy_within(
    _: object, target: types.Type, i: types.Type, source: types.Type, j: types.Type, m: types.Type
) -> tuple[Signature, _Emit]:
    """Copy row j of ``source`` to row i of ``target``, FAR in lanes that are more than m."""

    def emit(
        context: BaseContext, builder: ir.IRBuilder, sig: Signature, args: list[ir.Value]
    ) -> ir.Value:
        come = _row(context, builder, sig.args[2], args[2], args[3])
        here = builder.load(come, align=4)
        within = builder.icmp_signed("<=", here, _spread(builder, args[4]))
        far = ir.Constant(_VECTOR, [_NO_WAY] * LANES)
        to = _row(context, builder, sig.args[0], args[0], args[1])
        builder.store(builder.select(within, here, far), to, align=4)
        return ir.Constant(ir.IntType(8).as_pointer(), None)

    return types.void(target, types.intp, source, types.intp, types.int32), emit


_relax = cast("Callable[[Ints, int, Ints, int, int], None]", intrinsic(_emit_relax))
_any_within = cast("Callable[[Ints, int, int], bool]", intrinsic(_emit_any_within))
_copy_within = cast("Callable[[Ints, int, Ints, int, int], None]", intrinsic(_emit_copy_within))


@kernel
def _need(down_at: Ints, down_from: Ints, needed: NDArray[np.bool_]) -> None:
    """Mark all that lies above what is marked, from the least important place up."""
    for p in range(len(needed) - 1, -1, -1):
        if needed[p]:
            for a in range(down_at[p], down_at[p + 1]):
                needed[down_from[a]] = True


@kernel
def _mark(todo: NDArray[np.uint64], p: int) -> None:
    todo[p >> 6] |= np.uint64(1) << np.uint64(p & 63)


@kernel
def _fill(rows: Ints, i: int) -> None:
    for lane in range(LANES):
        rows[i, lane] = _NO_WAY


@kernel
def _seed(
    place: Ints, at: NDArray[np.int64], node: Ints, cost: Ints, first: int, last: int,
    up: Ints, todo: NDArray[np.uint64],
) -> None:  # fmt: skip
    """Put each venue's joints into its lane."""
    for venue in range(first, last):
        for s in range(at[venue], at[venue + 1]):
            p = place[node[s]]
            up[p, venue - first] = min(up[p, venue - first], cost[s])
            _mark(todo, p)


@kernel
def _climb(
    up_at: Ints, up_to: Ints, up_cost: Ints, up: Ints, todo: NDArray[np.uint64], touched: Ints,
    limit: int,
) -> int:  # fmt: skip
    """Settle all that lies above the seeds, the most important last; return how many.

    Arcs lead from higher places to lower ones, so places in descending order are settled when
    their turn comes, in all lanes, without a priority queue.
    """
    count = 0
    for word in range(len(todo) - 1, -1, -1):
        if todo[word] == 0:
            continue
        for bit in range(63, -1, -1):
            if (todo[word] >> np.uint64(bit)) & np.uint64(1):
                p = word * 64 + bit
                touched[count] = p
                count += 1
                if _any_within(up, p, limit):
                    for a in range(up_at[p], up_at[p + 1]):
                        _relax(up, up_to[a], up, p, up_cost[a])
                        _mark(todo, up_to[a])
        todo[word] = 0
    return count


@kernel
def _hand_over(row: Ints, touched: Ints, up: Ints, dist: Ints, seeded: NDArray[np.bool_]) -> None:
    """Start the rows of settled places with what the climb found, and forget the climb."""
    for p in touched:
        r = row[p]
        if r >= 0:
            seeded[r] = True
            _copy_within(dist, r, up, p, _NO_WAY)
        _fill(up, p)


@kernel
def _sweep(
    down_at: Ints, down_from: Ints, down_cost: Ints, dist: Ints, seeded: NDArray[np.bool_],
    near: NDArray[np.bool_], limit: int,
) -> None:  # fmt: skip
    """Carry times down to every row; rows beyond the limit in all lanes are not even written."""
    for r in range(len(near)):
        begun = seeded[r]
        seeded[r] = False
        for a in range(down_at[r], down_at[r + 1]):
            if near[down_from[a]]:
                if not begun:
                    _fill(dist, r)
                    begun = True
                _relax(dist, r, dist, down_from[a], down_cost[a])
        near[r] = begun and _any_within(dist, r, limit)


@kernel
def _gather(target: Ints, dist: Ints, near: NDArray[np.bool_], found: Ints, limit: int) -> None:
    """Copy the targets' rows."""
    for t in range(len(target)):
        if near[target[t]]:
            _copy_within(found, t, dist, target[t], limit)
        else:
            _fill(found, t)
