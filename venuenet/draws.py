"""What coverage is likely to be: seeded draws of everything that is not known for sure. Pure.

Each draw moves every venue by one share of its position precision, opens or closes those of
unknown opening, takes one departure of the day for each, and shifts people between places as far
as `uncertainty.DemandDoubt` lets them go. Bounds say what is possible; draws say what is usual,
under assumptions of their own (docs/uncertainty.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from venuenet.coverage import inside
from venuenet.model import KINDS, NEAREST, DemandPoints, Question, TravelTimes
from venuenet.uncertainty import DemandDoubt, flagged, kept_total, township_bounds

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
TOGETHER = 50
"""Draws worked on at a time: their tables stay within some tens of MB."""

WAVES = 2


@dataclass(frozen=True)
class VenueDoubt:
    """How far venues may be off.

    Attributes
    ----------
    off_s : (venues,) float64
        Seconds a venue's position precision may add to every way to it, or take.
    doubtful : (venues,) bool
        Whether its opening is unknown.
    open_probability : float
        Of a doubtful venue.
    """

    off_s: Floats
    doubtful: Bools
    open_probability: float


@dataclass(frozen=True)
class _Pairs:
    """Points whose coverage is open, and the venues that may reach them.

    Attributes
    ----------
    first : (q,) int64
        Where a point's pairs begin; every point has some.
    cell : (q,) int64
        Cell of each point.
    venue : (p,) int64
    slack : (p,) float64
        Seconds left to the cut-off, as given; negative beyond it.
    slower, faster : (p,) float64
        Seconds the slow and the quick departure differ from the median.
    """

    first: Ints
    cell: Ints
    venue: Ints
    slack: Floats
    slower: Floats
    faster: Floats


def draw_covered(
    demand: DemandPoints,
    times: TravelTimes,
    question: Question,
    persons: Ints,
    venues: VenueDoubt,
    doubt: DemandDoubt,
    error_m: float,
    *,
    draws: int,
    seed: int,
) -> Floats:
    """Draw how many persons of each district are covered, (draws, districts).

    Parameters
    ----------
    question : Question
        Not ``own_district`` nor ``capacitated``: what is kept for these names no venues.
    persons : (r,) int64
        Of the group asked for.
    venues : VenueDoubt
        In the order of ``times.venue_ids``.
    error_m : float
        Metres within which places are misjudged alike.
    draws, seed : int
        More draws of a seed begin with the same ones.

    Notes
    -----
    A point that ``early`` does not reach, or ``late`` does, is decided: it is the same in every
    draw, so draws stay within the bounds. For the others a venue is in reach when ``t + u off_s +
    w`` is at most the cut-off; u is uniform in [-1, 1], w between the quick and the slow departure.
    A cell's people are off by ``cell ** z``, z the mean of two plane waves across the city in
    random directions (in [-1, 1], so that neighbours are misjudged alike); townships are scaled
    back to their totals. An estimated township's total is off by ``township ** z``, z uniform,
    scaled back to the district's. A township without a place is like one placed township of its
    district, drawn by its people.
    """
    if question.own_district or question.capacitated:
        raise ValueError("own_district and capacitated cannot be drawn")
    n_towns = len(demand.township_flags)
    streams = np.random.default_rng(seed).spawn(6)
    shape = (draws, len(times.venue_ids))
    shift = streams[0].uniform(-1, 1, shape)
    luck = streams[1].uniform(-1, 1, shape)
    shut = venues.doubtful & (streams[2].random(shape) >= venues.open_probability)
    angle = streams[3].uniform(0, 2 * np.pi, (draws, WAVES, 2))
    scale = streams[4].uniform(-1, 1, (draws, n_towns))
    pick = streams[5].random((draws, n_towns))

    pairs, certain = _pairs(times, question, venues.off_s)
    towns = _Towns.of(demand, persons)
    people = towns.people
    x = _totals(towns, flagged(demand, "residents_estimated"), doubt.township, scale)
    lost = flagged(demand, "point_unknown") & (doubt.cell > 1)
    like = _like(towns, lost, pick)
    out = np.zeros((draws, towns.member.shape[1]))
    for start in range(0, draws, TOGETHER):
        now = slice(start, start + TOGETHER)
        late_s = shift[now][:, pairs.venue] * venues.off_s[pairs.venue]
        w = luck[now][:, pairs.venue] if times.spread else np.zeros(1)
        late_s += np.where(w > 0, w * pairs.slower, w * pairs.faster)
        hit = (late_s <= pairs.slack) & ~shut[now][:, pairs.venue]
        part = (certain[:, None] + _hits(hit, pairs, question.k, len(certain))) / times.samples
        weight = doubt.cell ** _waves(demand, angle[now], error_m)
        given = towns.rows @ part
        moved = towns.rows @ (weight * part)
        total = towns.rows @ weight
        share = np.divide(moved, total, out=np.zeros_like(moved), where=total > 0)
        low, high = township_bounds(given, people[:, None], doubt.cell, lost[:, None])
        covered = np.clip(share * people[:, None], low, high)
        share = np.divide(covered, people[:, None], out=share, where=people[:, None] > 0)
        share = np.take_along_axis(share, like[now].T, axis=0)
        # An unplaced township that is like another stays where its district's people are.
        covered = np.clip(share * people[:, None], low, high)
        out[now] = (x[now] * covered.T) @ towns.member
    return out


def _pairs(times: TravelTimes, question: Question, off_s: Floats) -> tuple[_Pairs, Ints]:
    """Find the undecided points with their venues, and how many points of each cell are certain."""
    late, early = inside(times, question, "late"), inside(times, question, "early")
    cell, point = np.nonzero(early & ~late)
    rows = [KINDS.index(kind) for kind in question.kinds]
    kept = (len(rows) * NEAREST, len(cell))
    near = times.near_s[0, rows][:, :, cell, point].reshape(kept).T
    who = times.near_venue[rows][:, :, cell, point].reshape(kept).T
    at, column = np.nonzero(who >= 0)
    venue = who[at, column].astype(np.int64)
    slack = (60 * question.minutes - near[at, column]).astype(np.float64)
    slower, faster = _departures(times, cell[at], venue)
    able = slack + off_s[venue] + faster >= 0
    at, venue, slack = at[able], venue[able], slack[able]
    points, first = np.unique(at, return_index=True)
    pairs = _Pairs(
        first=first.astype(np.int64),
        cell=cell[points].astype(np.int64),
        venue=venue,
        slack=slack,
        slower=slower[able],
        faster=faster[able],
    )
    return pairs, np.count_nonzero(late, axis=1).astype(np.int64)


def _departures(times: TravelTimes, cell: Ints, venue: Ints) -> tuple[Floats, Floats]:
    """Seconds by which slow and quick departures differ from the median at a cell's centre."""
    none = np.zeros(len(cell))
    if not times.spread or not len(times.seconds):
        return none, none
    n = times.near_s.shape[3]
    key = np.repeat(np.arange(len(times.venue_ids)), np.diff(times.indptr)) * n + times.cell
    wanted = venue * n + cell
    place = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
    there = key[place] == wanted
    median = times.seconds[place].astype(np.float64)
    slow, quick = (times.spread[name][place].astype(np.float64) for name in ("p85", "p15"))
    # 65,535, no way or none shorter, is later than anybody can ask for.
    return (
        np.where(there, np.maximum(slow - median, 0), 0.0),
        np.where(there, np.maximum(median - quick, 0), 0.0),
    )


def _hits(hit: Bools, pairs: _Pairs, k: int, n: int) -> Ints:
    """Count per cell the undecided points that k venues reach, (n, draws)."""
    if not len(pairs.first):
        return np.zeros((n, len(hit)), dtype=np.int64)
    enough = np.add.reduceat(hit, pairs.first, axis=1, dtype=np.int16) >= k
    cells, start = np.unique(pairs.cell, return_index=True)
    out = np.zeros((n, len(hit)), dtype=np.int64)
    out[cells] = np.add.reduceat(enough, start, axis=1, dtype=np.int64).T
    return out


def _waves(demand: DemandPoints, angle: Floats, error_m: float) -> Floats:
    """Mean of plane waves over cells, (n, draws) in [-1, 1]; ``angle``: direction and phase."""
    # From crest to slope: a quarter of a wave.
    length = 2 * np.pi / (4 * error_m)
    # Beside the area's own middle, so that large coordinates cost no digits.
    x, y = demand.x - demand.x.mean(), demand.y - demand.y.mean()
    out = np.zeros((len(x), len(angle)))
    for wave in range(WAVES):
        way, phase = angle[:, wave, 0], angle[:, wave, 1]
        out += np.sin(
            length * (np.outer(x, np.cos(way)) + np.outer(y, np.sin(way))) + phase[None, :]
        )
    return out / WAVES


@dataclass(frozen=True)
class _Towns:
    """Townships: persons per cell, (t, n) sparse, in all, (t,), and of which district, (t, d)."""

    rows: csr_array
    people: Floats
    member: Floats

    @classmethod
    def of(cls, demand: DemandPoints, persons: Ints) -> _Towns:
        from scipy.sparse import csr_array  # noqa: PLC0415  only draws need it

        n_towns, n_districts = len(demand.township_flags), len(demand.adcodes)
        n_districts = max(n_districts, int(demand.cell_district.max(initial=0)) + 1)
        rows = csr_array(
            (persons.astype(np.float64), (demand.row_township, demand.row_cell)),
            shape=(n_towns, len(demand.cell)),
        )
        member = np.zeros((n_towns, n_districts))
        member[demand.row_township, demand.cell_district[demand.row_cell]] = 1
        people = np.bincount(demand.row_township, persons, n_towns).astype(np.float64)
        return cls(rows, people, member)


def _totals(towns: _Towns, estimated: Bools, factor: float, scale: Floats) -> Floats:
    """Draw by how much each township's total is off, (draws, t); 1 where it was counted."""
    x = np.ones_like(scale)
    district = towns.member[estimated].argmax(axis=1).astype(np.int64)
    wanted = factor ** scale[:, estimated]
    x[:, estimated] = kept_total(wanted, towns.people[estimated], district, factor)
    return x


def _like(towns: _Towns, lost: Bools, pick: Floats) -> Ints:
    """Draw which township each one is like, (draws, t): itself, unless its place is unknown."""
    like = np.tile(np.arange(len(lost)), (len(pick), 1))
    for t in np.flatnonzero(lost):
        near = np.flatnonzero(~lost & (towns.member @ towns.member[t] > 0) & (towns.people > 0))
        if len(near):
            run = np.cumsum(towns.people[near])
            at = np.searchsorted(run, pick[:, t] * run[-1], side="right")
            like[:, t] = near[np.minimum(at, len(near) - 1)]
    return like
