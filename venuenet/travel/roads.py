"""Streets from the ways of an extract: cut at junctions, merged between them, numbered by place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from pyproj import Geod

from venuenet import crs as datum
from venuenet.travel.osm import Extract, fault
from venuenet.travel.osm_tags import Rule
from venuenet.travel.osm_turns import Arm, Arms, no_turns
from venuenet.travel.streets import CLOSED, Streets

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]
BARRIER_M = 1.0
"""How deep a barrier is: the metre of a street that those it stops may not use."""
FASTEST_FERRY_KMH = 100
"""A duration that means more is a slip; the table's speed is used instead."""
_HILBERT_BITS = 16


@dataclass
class _Pieces:
    """Straight pieces of ways, node to node (positions), each with its rule and its way."""

    a: Ints
    b: Ints
    rule: Ints
    way: Ints

    def only(self, keep: NDArray[np.bool_]) -> _Pieces:
        return _Pieces(self.a[keep], self.b[keep], self.rule[keep], self.way[keep])


@dataclass(frozen=True)
class _Chains:
    """Pieces strung to streets: ``piece[at[i]:at[i + 1]]`` is street i, turned where ``back``."""

    piece: Ints
    back: NDArray[np.bool_]
    at: NDArray[np.int64]


def streets_of(found: Extract, crs: str) -> Streets:
    """Make the street network of an extract.

    Parameters
    ----------
    found : Extract
        Ways, nodes and restrictions; barriers are worked in and reasons are counted there.
    crs : str
        The projected CRS of the result.

    Returns
    -------
    Streets
        Lengths on the WGS84 ellipsoid; a street's time is rounded once, to at least 1 decisecond.

    Raises
    ------
    TravelDataError
        No street is left, or the CRS cannot project one.
    """
    pieces = _cut(found)
    if not len(pieces.a):
        nowhere = found.ignored["pieces_without_position"] > 0
        raise fault(found.path, "no_places" if nowhere else "no_roads")
    _bar(found, pieces)
    pieces = pieces.only(~np.array([r.closed for r in found.rules])[pieces.rule])
    length = _ellipsoid_m(found, pieces)
    _time_ferries(found, pieces, length)
    kinds, kind_of, back_rule = _kinds(found.rules)
    oriented = kind_of[pieces.rule]
    mate, busy = _mates(found, pieces, oriented, back_rule)
    chains = _Chains(*_string(mate))
    nodes, node_at = _drawn(pieces, chains)
    start, end = nodes[node_at[:-1]], nodes[node_at[1:] - 1]
    x, y = datum.to_metric(found.lon, found.lat, crs)
    xy = np.column_stack([x, y])
    if not np.isfinite(xy[nodes]).all():
        raise fault(found.path, "crs", value=crs)
    junction, place = _numbered(xy, start, end)
    start, end = place[start], place[end]
    order = np.lexsort((end, start))
    first, turned = chains.piece[chains.at[:-1]], chains.back[chains.at[:-1]]
    kind = np.where(turned, back_rule[oriented[first]], oriented[first])[order]
    line_at, line = _reordered(nodes, node_at, order)
    seconds = {
        profile: _seconds(found, pieces, chains, length, profile, busy)[order]
        for profile in ("cycle", "drive")
    }
    walk = np.array([k.walk for k in kinds], np.bool_)[kind]
    street = np.empty(len(pieces.a), np.int32)
    street[chains.piece] = np.repeat(np.argsort(order), np.diff(chains.at))
    return Streets(
        crs=crs,
        junction_xy=xy[junction],
        start=start[order],
        end=end[order],
        length_m=np.add.reduceat(length[chains.piece], chains.at[:-1])[order],
        line_at=line_at,
        line_xy=xy[line],
        walk=walk,
        stairs=np.array([k.stairs for k in kinds], np.bool_)[kind],
        cycle_ds=_whole_ds(seconds["cycle"]),
        drive_ds=_whole_ds(seconds["drive"]),
        no_turn=no_turns(found.restrictions, _arms(found, pieces, street), place, found.ignored),
    )


def _cut(found: Extract) -> _Pieces:
    """Cut ways into pieces; those of no extent and those without a position are left out."""
    first = np.ones(len(found.ref), np.bool_)
    first[found.way_at[1:] - 1] = False
    at = np.flatnonzero(first)
    way = np.repeat(np.arange(len(found.way_id), dtype=np.int32), np.diff(found.way_at) - 1)
    a, b = found.ref[at], found.ref[at + 1]
    known = np.isfinite(found.lon[a]) & np.isfinite(found.lon[b])
    found.ignored["pieces_without_position"] = int((~known).sum())
    keep = known & (a != b)
    return _Pieces(a[keep], b[keep], found.way_rule[way[keep]], way[keep])


def _bar(found: Extract, pieces: _Pieces) -> None:
    """Close the last metre before each barrier to those it stops.

    A barrier where more than two pieces meet says not which of them it closes: it is counted.
    """
    nodes = np.array(sorted(found.passes), np.int32)
    arms = np.bincount(pieces.a, minlength=len(found.lon))
    arms = arms + np.bincount(pieces.b, minlength=len(found.lon))
    found.ignored["barrier_at_junction"] = int((arms[nodes] > 2).sum())
    ends = np.concatenate([pieces.a, pieces.b])
    near = np.flatnonzero(np.isin(ends, nodes[arms[nodes] == 2]))
    _, first = np.unique(ends[near], return_index=True)
    number = {rule: i for i, rule in enumerate(found.rules) if rule.ferry_s is None}
    lon: list[float] = []
    lat: list[float] = []
    new: list[tuple[int, ...]] = []
    for arm in near[first]:
        node, piece, at_end = int(ends[arm]), arm % len(pieces.a), arm >= len(pieces.a)
        rule = found.rules[pieces.rule[piece]]
        left = rule.behind(found.passes[node])
        if left == rule:
            continue
        other = int((pieces.a if at_end else pieces.b)[piece])
        places = [
            (lon[i - len(found.lon)], lat[i - len(found.lon)])
            if i >= len(found.lon)
            else (found.lon[i], found.lat[i])
            for i in (node, other)
        ]
        (x, y), (x2, y2) = places
        metres = max(_GEOD.inv(x, y, x2, y2)[2], 1e-9)
        share = min(BARRIER_M / metres, 0.5)
        lon.append(x + share * (x2 - x))
        lat.append(y + share * (y2 - y))
        cut = len(found.lon) + len(lon) - 1
        (pieces.b if at_end else pieces.a)[piece] = cut
        at = number.setdefault(left, len(found.rules))
        found.rules += [left] * (at == len(found.rules))
        new.append((*((cut, node) if at_end else (node, cut)), at, pieces.way[piece]))
    if new:
        more = np.array(new, np.int32).T
        pieces.a, pieces.b = np.append(pieces.a, more[0]), np.append(pieces.b, more[1])
        pieces.rule, pieces.way = np.append(pieces.rule, more[2]), np.append(pieces.way, more[3])
        found.lon, found.lat = np.append(found.lon, lon), np.append(found.lat, lat)
        for profile, delay in found.delay_s.items():
            found.delay_s[profile] = np.concatenate([delay, np.zeros((len(lon), 2))])


_GEOD = Geod(ellps="WGS84")


def _ellipsoid_m(found: Extract, pieces: _Pieces) -> Floats:
    a, b = pieces.a, pieces.b
    metres = _GEOD.inv(found.lon[a], found.lat[a], found.lon[b], found.lat[b])[2]
    return np.asarray(metres, np.float64)


def _time_ferries(found: Extract, pieces: _Pieces, length: Floats) -> None:
    """Give ferries with a duration the speed that follows from their length."""
    for i in [i for i, rule in enumerate(found.rules) if rule.ferry_s]:
        rule = found.rules[i]
        metres = float(length[pieces.rule == i].sum())
        kmh = metres / (rule.ferry_s or 1) * 3.6
        found.rules[i] = rule.timed(kmh if 1 <= kmh <= FASTEST_FERRY_KMH else None)


def _kinds(rules: list[Rule]) -> tuple[list[Rule], Ints, Ints]:
    """Give the rules that differ in effect: the kinds, each rule's kind, each kind's way back."""
    kinds = list(dict.fromkeys(k for rule in rules for k in (rule, rule.back())))
    number = {kind: i for i, kind in enumerate(kinds)}
    kind = np.array([number[rule] for rule in rules], np.int32)
    return kinds, kind, np.array([number[k.back()] for k in kinds], np.int32)


def _mates(
    found: Extract, pieces: _Pieces, kind: Ints, back: Ints
) -> tuple[Ints, NDArray[np.bool_]]:
    """Find where one piece goes on as another: nodes of two arms where nothing changes.

    An arm is an end of a piece: 2 x piece, + 1 for its ``b``. Returns each arm's mate or -1, and
    which nodes have more than two arms.
    """
    n = len(found.lon)
    node = np.column_stack([pieces.a, pieces.b]).reshape(-1)
    leaving = np.column_stack([kind, back[kind]]).reshape(-1)
    arms = np.bincount(node, minlength=n)
    stay = np.zeros(n, np.bool_)
    for delay in found.delay_s.values():
        stay |= (delay > 0).any(axis=1)
    stay[[r.via for r in found.restrictions if r.via >= 0]] = True
    order = np.argsort(node, kind="stable")
    pairs = order[(arms[node[order]] == 2) & ~stay[node[order]]].reshape(-1, 2)
    through = leaving[pairs[:, 0]] == back[leaving[pairs[:, 1]]]
    pairs = pairs[through].astype(np.int32)
    mate = np.full(len(node), -1, np.int32)
    mate[pairs[:, 0]], mate[pairs[:, 1]] = pairs[:, 1], pairs[:, 0]
    return mate, arms > 2


@njit(cache=True, nogil=True)
def _string(mate: Ints) -> tuple[Ints, NDArray[np.bool_], NDArray[np.int64]]:
    """Join pieces to chains: first those with an end, then rings, in the pieces' order."""
    n = len(mate) // 2
    piece = np.empty(n, np.int32)
    back = np.empty(n, np.bool_)
    at = np.zeros(n + 1, np.int64)
    seen = np.zeros(n, np.bool_)
    filled, chains = 0, 0
    for turn in range(3):  # chains that begin with an a, with a b, and rings
        for first in range(n):
            arm = 2 * first + (1 if turn == 1 else 0)
            if seen[first] or (turn < 2 and mate[arm] >= 0):
                continue
            while arm >= 0 and not seen[arm // 2]:
                piece[filled] = arm // 2
                back[filled] = arm % 2 == 1
                seen[arm // 2] = True
                filled += 1
                arm = mate[arm ^ 1]
            chains += 1
            at[chains] = filled
    return piece, back, at[: chains + 1]


def _arms(found: Extract, pieces: _Pieces, street: Ints) -> Arms:
    """Describe the arms at the nodes that turn restrictions name."""
    node = np.column_stack([pieces.a, pieces.b]).reshape(-1)
    vias = np.array([r.via for r in found.restrictions], np.int32)
    arm = np.flatnonzero(np.isin(node, vias))
    drive = np.array([r.drive_kmh for r in found.rules]) > 0
    rule, at_b = pieces.rule[arm // 2], arm % 2
    table: Arms = {}
    for n, way, s, enters, leaves in zip(
        node[arm].tolist(),
        found.way_id[pieces.way[arm // 2]].tolist(),
        street[arm // 2].tolist(),
        drive[rule, 1 - at_b].tolist(),
        drive[rule, at_b].tolist(),
        strict=True,
    ):
        table.setdefault(n, []).append(Arm(way, s, enters, leaves))
    return table


def _drawn(pieces: _Pieces, chains: _Chains) -> tuple[Ints, NDArray[np.int64]]:
    """List the nodes each street runs through."""
    a = np.where(chains.back, pieces.b[chains.piece], pieces.a[chains.piece])
    b = np.where(chains.back, pieces.a[chains.piece], pieces.b[chains.piece])
    at = chains.at + np.arange(len(chains.at))
    nodes = np.empty(len(b) + len(chains.at) - 1, np.int32)
    first = np.zeros(len(nodes), np.bool_)
    first[at[:-1]] = True
    nodes[first], nodes[~first] = a[chains.at[:-1]], b
    return nodes, at


def _seconds(
    found: Extract,
    pieces: _Pieces,
    chains: _Chains,
    length: Floats,
    profile: str,
    busy: NDArray[np.bool_],
) -> Floats:
    """Add up a profile's seconds along each street and back; infinite where it is closed."""
    speed = [r.cycle_kmh if profile == "cycle" else r.drive_kmh for r in found.rules]
    kmh = np.array(speed)[pieces.rule]
    delay = found.delay_s[profile].copy()
    delay[busy] = delay[busy].max(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        seconds = length[:, None] * 3.6 / kmh
    seconds[kmh == 0] = np.inf
    seconds += np.column_stack([delay[pieces.b, 0], delay[pieces.a, 1]])
    seconds = seconds[chains.piece]
    seconds[chains.back] = seconds[chains.back, ::-1]
    return np.asarray(np.add.reduceat(seconds, chains.at[:-1], axis=0))


def _whole_ds(seconds: Floats) -> Ints:
    open_ = np.isfinite(seconds)
    ds = np.maximum(np.rint(10 * np.where(open_, seconds, 0)), 1)
    return np.where(open_, ds, CLOSED).astype(np.int32)


def _numbered(xy: Floats, start: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Place the junctions along a Hilbert curve: the nodes in order, and each node's number."""
    used = np.unique(np.concatenate([start, end]))
    order = np.argsort(hilbert(xy[used]), kind="stable")
    junction = used[order].astype(np.int32)
    place = np.full(len(xy), -1, np.int32)
    place[junction] = np.arange(len(junction))
    return junction, place


def hilbert(xy: Floats) -> NDArray[np.int64]:
    """Return how far along a Hilbert curve over their bounding square points lie.

    Parameters
    ----------
    xy : (n, 2) float64
        Points; the curve fills their square with cells of 1/65,536 of its side.
    """
    low = xy.min(axis=0)
    side = max(float((xy.max(axis=0) - low).max()), 1e-9)
    x, y = ((xy - low) / side * (2**_HILBERT_BITS - 1)).astype(np.int64).T
    along = np.zeros(len(xy), np.int64)
    for bit in range(_HILBERT_BITS - 1, -1, -1):
        half = np.int64(1) << bit
        right, up = (x & half) > 0, (y & half) > 0
        along += half * half * ((3 * right) ^ up)
        x, y = x & (half - 1), y & (half - 1)
        flip = right & ~up
        x, y = np.where(flip, half - 1 - x, x), np.where(flip, half - 1 - y, y)
        x, y = np.where(up, x, y), np.where(up, y, x)
    return along


def _reordered(
    nodes: Ints, at: NDArray[np.int64], order: NDArray[np.int64]
) -> tuple[NDArray[np.int64], Ints]:
    """Put the streets' nodes into another order of streets."""
    counts = np.diff(at)[order]
    new_at = np.concatenate([[0], np.cumsum(counts)])
    take = np.repeat(at[:-1][order] - new_at[:-1], counts) + np.arange(new_at[-1])
    return new_at.astype(np.int64), nodes[take]
