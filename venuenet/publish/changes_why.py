"""Why coverage changed: its difference split over rule, people, travel and venues, exactly.

Pure. Counterfactuals in a fixed order, each step changing one thing and counting again:

=============  ====================================================================================
step           from → to
=============  ====================================================================================
rule           the standard's old definition → the new one, all else as before
venues lost    before's venues → those that also count after, where they were (*kept* venues)
people         before's people and districts → after's
travel         before's times to the kept venues → after's
venues gained  the kept venues → after's venues
=============  ====================================================================================

``venues`` is lost and gained together: a venue that moved is in both. Telescoping makes the parts
sum to the whole difference. Of a cell nobody lived in before no times are known from then: after's
to the kept venues stand for them, so that it has no ``travel``.

The nearest venues of a point are stored, not all. Where so many of those listed are not kept that
nobody knows whether a kept one is in reach, a difference is ``venues`` if no stored time to a kept
venue has changed, and ``unexplained`` if any has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from venuenet.coverage import covered_people, group_people, inside
from venuenet.model import KINDS, NEAREST, DemandPoints, LocatedVenue, Question, TravelTimes
from venuenet.rounding import apportion

CAUSES = ("rule", "people", "travel", "venues", "unexplained")
"""The parts of a difference; ``venues`` sums two steps."""

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Side:
    """What one snapshot holds of a question.

    ``places`` are the districts' codes that ``demand.cell_district`` counts; ``venues`` those of
    ``times.venue_ids``, in that order.
    """

    demand: DemandPoints
    times: TravelTimes
    question: Question
    places: tuple[str, ...]
    venues: tuple[LocatedVenue, ...]


@dataclass(frozen=True)
class Share:
    """What one venue that is not kept has to do with one district's difference.

    ``people`` are those whose nearest such venue it is (the *first cause*), of whom ``shared``
    have another that is not kept in reach as well; ``venue_id`` None where it cannot be told.
    """

    venue_id: str | None
    people: int
    shared: int


@dataclass(frozen=True)
class Why:
    """One district's difference.

    Attributes
    ----------
    people : mapping of cause to int
        Covered people more (or fewer, negative); sums exactly to the difference.
    points : mapping of cause to float, optional
        Share of people covered, difference in percentage points; None where nobody lives.
    gained, lost : tuple of Share
        The two steps of ``venues`` by venue, whole persons, most people first.
    """

    people: Mapping[str, int]
    points: Mapping[str, float] | None
    gained: tuple[Share, ...]
    lost: tuple[Share, ...]


def explain(
    before: Side, after: Side, adcodes: Sequence[str], was: tuple[TravelTimes, Question]
) -> list[Why]:
    """Split the difference in people covered between two snapshots, per district.

    Parameters
    ----------
    before, after : Side
        Both of one question, as it is understood after; something is known of its group.
    adcodes : sequence of str
        Districts to answer for, of either side.
    was : tuple of TravelTimes, Question
        Before's times and question where its standard was defined otherwise.

    Returns
    -------
    list of Why
        In the order of ``adcodes``, and last of all districts together, without shares by venue
        (these are the districts' summed). If the cells or the points they are sampled at are of
        another make, nothing can be compared and all is ``unexplained``.
    """
    if _grid(before) != _grid(after):
        ends = [
            _count(before, inside(*was), adcodes),
            _count(after, inside(after.times, after.question), adcodes),
        ]
        return _told(ends, ("unexplained",), {})
    kept_before, kept_after = _kept(before, after)
    asked = after.question
    full_before, full_after = inside(before.times, asked), inside(after.times, asked)
    left, known = _reached(before, asked, kept_before, full_before)
    stays, known_after = _reached(after, asked, kept_after, full_after)
    b, a = _common(before.demand, after.demand)
    unsure = ~known[b] | ~known_after[a]
    # What is not known is taken as it was: neither lost nor gained.
    left[~known], stays[~known_after] = full_before[~known], full_after[~known_after]
    if unsure.any() and _same_times(before, after, kept_before, kept_after, (b, a)):
        # The kept venues reach what they reached: as either side knows, else no more than either.
        both = np.where(known_after[a], stays[a], full_before[b] & full_after[a])
        both = np.where(known[b], left[b], both)
        left[b], stays[a] = np.where(unsure, both, left[b]), np.where(unsure, both, stays[a])
        unsure[:] = False
    carried, settled = stays.copy(), stays.copy()
    carried[a] = left[b]
    settled[a] = np.where(unsure, left[b], stays[a])
    states = [
        _count(before, inside(*was), adcodes),
        _count(before, full_before, adcodes),
        _count(before, left, adcodes),
        _count(after, carried, adcodes),
        _count(after, settled, adcodes),
        _count(after, stays, adcodes),
        _count(after, full_after, adcodes),
    ]
    steps = ("rule", "venues", "people", "travel", "unexplained", "venues")
    shares = {
        "lost": _shares(before, full_before & ~left, kept_before, adcodes, states[1], states[2]),
        "gained": _shares(after, full_after & ~stays, kept_after, adcodes, states[6], states[5]),
    }
    return _told(states, steps, shares)


def _grid(side: Side) -> tuple[int, int]:
    """Give the samples of a cell and the H3 resolution, bits 52 to 55 of an index."""
    cell = int(side.demand.cell[0]) if len(side.demand.cell) else 0
    return side.times.samples, (cell >> 52) & 0xF


def _count(side: Side, covered: Bools, adcodes: Sequence[str]) -> tuple[Ints, Ints]:
    """People and people covered of every district asked for, then of all.

    0 where the side has no such district.
    """
    demand = side.demand
    persons = group_people(demand, side.question.group)
    if persons is None:
        raise ValueError("nothing is known of the group")
    points = np.count_nonzero(covered, axis=1).astype(np.int64)
    whole = covered_people(demand, persons, points, side.times.samples)
    at = {code: i for i, code in enumerate(side.places)}
    place = np.array([at.get(code, len(at)) for code in adcodes], dtype=np.int64)
    row = demand.cell_district[demand.row_cell]
    sums = (np.bincount(row, w, minlength=len(at) + 1).astype(np.int64) for w in (persons, whole))
    people, reached = (np.append(s[place], s.sum()) for s in sums)
    return people, reached


def _kept(before: Side, after: Side) -> tuple[Bools, Bools]:
    """Which venues of either side also count on the other, at the same place, as the same kind."""

    def same(v: LocatedVenue) -> tuple[object, ...]:
        return v.venue_id, v.lon, v.lat, v.kind, v.adcode

    both = {same(v) for v in before.venues} & {same(v) for v in after.venues}
    one, other = (np.array([same(v) in both for v in s.venues], bool) for s in (before, after))
    return one, other


def _listed(side: Side, question: Question) -> tuple[NDArray[np.int32], NDArray[np.int16]]:
    """Seconds and venue of the nearest of each asked kind, (kinds, NEAREST, n, m)."""
    rows = [KINDS.index(kind) for kind in question.kinds]
    return side.times.near_s[0, rows], side.times.near_venue[rows]


def _reached(side: Side, question: Question, kept: Bools, full: Bools) -> tuple[Bools, Bools]:
    """Which points the kept venues alone would cover, and where that is known, (n, m) each."""
    changed = [v for v, k in zip(side.venues, kept, strict=True) if not k]
    changed = [v for v in changed if v.kind in question.kinds]
    if not changed:
        return full.copy(), np.ones_like(full)
    if question.own_district:
        # Which venue it is has not been kept: known only where no venue of the district changed.
        touched = np.isin(np.array(side.places), [str(v.adcode) for v in changed])
        known = ~full | ~touched[side.demand.cell_district][:, None]
        return full.copy(), known
    seconds, venue = _listed(side, question)
    within = seconds <= 60 * question.minutes
    stays = np.append(kept, False)[venue]  # -1, no venue, is the last
    enough = np.count_nonzero(within & stays, axis=(0, 1)) >= question.k
    # A list that holds all there are of a kind hides nobody.
    more = [sum(v.kind == kind for v in side.venues) > NEAREST for kind in question.kinds]
    cut_short = (within[:, -1] & np.array(more)[:, None, None]).any(axis=0)
    return enough, enough | ~cut_short


def _common(before: DemandPoints, after: DemandPoints) -> tuple[Ints, Ints]:
    """Positions of the cells both have, on either side."""
    _, b, a = np.intersect1d(before.cell, after.cell, assume_unique=True, return_indices=True)
    return b.astype(np.int64), a.astype(np.int64)


def _same_times(
    before: Side, after: Side, kept_before: Bools, kept_after: Bools, common: tuple[Ints, Ints]
) -> bool:
    """Whether every stored time from a common cell's centre to a kept venue is as it was."""
    one, other = before.times, after.times
    if (one.engine, one.period, one.cutoff_s) != (other.engine, other.period, other.cutoff_s):
        return False
    found = []
    names = sorted(v.venue_id for v, k in zip(before.venues, kept_before, strict=True) if k)
    number = {name: i for i, name in enumerate(names)}
    for side, kept, shared in (
        (before, kept_before, common[0]),
        (after, kept_after, common[1]),
    ):
        venue = [number[v.venue_id] if k else -1 for v, k in zip(side.venues, kept, strict=True)]
        row = np.repeat(np.array(venue, dtype=np.int64), np.diff(side.times.indptr))
        cell = np.full(len(side.demand.cell), -1, dtype=np.int64)
        cell[shared] = np.arange(len(shared))
        at = cell[side.times.cell]
        use = (row >= 0) & (at >= 0)
        key = row[use] * len(shared) + at[use]
        order = np.argsort(key, kind="stable")
        found.append((key[order], side.times.seconds[use][order]))
    return all(np.array_equal(x, y) for x, y in zip(*found, strict=True))


def _shares(
    side: Side,
    points: Bools,
    kept: Bools,
    adcodes: Sequence[str],
    more: tuple[Ints, Ints],
    less: tuple[Ints, Ints],
) -> list[tuple[Share, ...]]:
    """Share one step's people among the venues that are not kept, per district.

    ``points`` are those in reach through these venues only, ``more`` and ``less`` the counts with
    and without. A point's people go to the nearest; whole persons by largest remainder.
    """
    seconds, venue = _listed(side, side.question)
    flat_s = seconds.reshape(-1, *points.shape)
    flat_v = venue.reshape(-1, *points.shape)
    reach = (flat_s <= 60 * side.question.minutes) & ~np.append(kept, True)[flat_v]
    if side.question.own_district:
        codes = np.array([str(v.adcode) for v in side.venues] + [""])
        home = np.array(side.places)[side.demand.cell_district]
        reach &= codes[flat_v] == home[None, :, None]
    none = len(side.venues)
    first = np.where(reach, flat_s, np.iinfo(np.int32).max).argmin(axis=0)
    who = np.take_along_axis(flat_v, first[None], axis=0)[0].astype(np.int64)
    who[~reach.any(axis=0)] = none
    many = points & (np.count_nonzero(reach, axis=0) > 1)
    persons = group_people(side.demand, side.question.group)
    weight = np.bincount(side.demand.row_cell, persons, minlength=len(points)) / points.shape[1]
    out: list[tuple[Share, ...]] = []
    for i, code in enumerate(adcodes):
        total = int(more[1][i] - less[1][i])
        here = side.demand.cell_district == side.places.index(code) if code in side.places else None
        if total <= 0 or here is None:
            out.append(())
            continue
        exact, shared = (
            np.bincount(
                who[here][some[here]],
                np.broadcast_to(weight[:, None], points.shape)[here][some[here]],
                minlength=none + 1,
            )
            for some in (points, many)
        )
        whole = apportion(total, exact)
        named = [
            Share(
                side.venues[v].venue_id if v < none else None,
                int(whole[v]),
                min(int(np.rint(shared[v])), int(whole[v])),
            )
            for v in np.argsort(-whole, kind="stable")
            if whole[v]
        ]
        out.append(tuple(named))
    return out


def _told(
    states: Sequence[tuple[Ints, Ints]],
    steps: Sequence[str],
    shares: Mapping[str, Sequence[tuple[Share, ...]]],
) -> list[Why]:
    """Give every district its parts: the differences of neighbouring states, summed by cause."""
    out = []
    for i in range(len(states[0][0])):
        people = dict.fromkeys(CAUSES, 0)
        points = dict.fromkeys(CAUSES, 0.0)
        lived = all(state[0][i] > 0 for state in states)
        for cause, one, other in zip(steps, states[:-1], states[1:], strict=True):
            people[cause] += int(other[1][i] - one[1][i])
            if lived:
                points[cause] += 100 * float(other[1][i] / other[0][i] - one[1][i] / one[0][i])
        gained, lost = (
            shares[s][i] if i < len(shares.get(s, ())) else () for s in ("gained", "lost")
        )
        out.append(Why(people, points if lived else None, gained, lost))
    return out
