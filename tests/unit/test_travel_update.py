"""Adding, taking out or moving venues gives what a search for all of them gives."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.unit.test_street_times import TURNS, demand_of, engine_of, towns
from venuenet.model import UNREACHED, LocatedVenue
from venuenet.travel.estimate import DriveEstimate, TransitEstimate, WalkEstimate
from venuenet.travel.update import with_venues

PARTS = (
    "venue_ids",
    "indptr",
    "cell",
    "seconds",
    "near_s",
    "own_s",
    "reason",
)


def same(found, expected, all_pairs):
    for name in PARTS:
        a, b = getattr(found, name), getattr(expected, name)
        assert np.array_equal(a, b), name
    # Venues within one second of each other may stand in either order; nobody stands twice.
    names_its_venues(found, all_pairs)
    names_its_venues(expected, all_pairs)
    assert found.near_venue.dtype == expected.near_venue.dtype
    assert found.near_s.dtype == expected.near_s.dtype


def names_its_venues(times, all_pairs):
    of = [all_pairs.venue_ids.index(i) for i in times.venue_ids]
    seconds = {
        (int(c), v): int(s)
        for v in range(len(all_pairs.venue_ids))
        for c, s in zip(*row(all_pairs, v), strict=True)
    }
    for (k, i, c, point), v in np.ndenumerate(times.near_venue):
        mine = times.near_venue[k, : i + 1, c, point].tolist()
        told = times.near_s[0, k, i, c, point]
        if v >= 0 and told <= all_pairs.cutoff_s:
            assert point > 0 or seconds[c, of[v]] == told
            assert mine.count(v) == 1
        assert (v < 0) == (told == UNREACHED)


def row(times, v):
    here = slice(times.indptr[v], times.indptr[v + 1])
    return times.cell[here], times.seconds[here]


def places_of(town):
    """Make the demand of a town, of which some cells can be taken."""
    whole = demand_of(town)

    def some(cells):
        part = {name: getattr(whole, name)[cells] for name in ("sample_xy", "cell_district")}
        return SimpleNamespace(**vars(whole) | part)

    return SimpleNamespace(**vars(whole), some=some)


@given(town=towns(), turns=st.sampled_from([None, TURNS]), data=st.data())
@settings(max_examples=150, deadline=None)
def test_one_venue_changed_on_streets(town, turns, data):
    assume(town.rows)
    engine, venues = engine_of(town, turns)
    demand = places_of(town)
    xy = {v.venue_id: town.venues[i][0] for i, v in enumerate(venues)}
    # The engine asks the area where a venue lies; here the latitude holds the venue's number.
    venues = [dataclasses.replace(v, lat=float(i)) for i, v in enumerate(venues)]
    spots = np.array([xy[v.venue_id] for v in venues])
    object.__setattr__(
        engine.area, "metric", lambda lon, lat: spots[np.array(lat, dtype=int).reshape(-1)].T
    )
    some = data.draw(st.integers(0, len(venues) - 1))
    others = [v for v in venues if v is not venues[some]]
    everything = engine.times(demand, venues, 700)
    pairs = engine.times(demand, venues, 65_535)

    less = with_venues(everything, engine, demand, venues, others)
    same(less, engine.times(demand, others, 700), pairs)
    more = with_venues(less, engine, demand, others, venues)
    same(more, everything, pairs)

    elsewhere = dataclasses.replace(venues[some], lat=0.0)
    there = [elsewhere if v is venues[some] else v for v in venues]
    moved = with_venues(everything, engine, demand, venues, there)
    again = engine.times(demand, there, 65_535)
    same(moved, engine.times(demand, there, 700), again)


@pytest.fixture(scope="module")
def few(beijing):
    rng = np.random.default_rng(5)
    return beijing.demand.some(np.sort(rng.choice(len(beijing.demand.cell), 120, replace=False)))


@pytest.fixture(scope="module")
def located(beijing):
    return [v for v in beijing.area.venues if isinstance(v, LocatedVenue) and v.counts]


ENGINES = {
    "walk": WalkEstimate,
    "drive": DriveEstimate,
    "transit": TransitEstimate,
    "surface": lambda area, rules: TransitEstimate(area, rules, surface=True),
}


@pytest.mark.parametrize("mode", ENGINES)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_venues_changed_in_beijing(mode, beijing, few, located, data):
    plain = ENGINES[mode](beijing.area, beijing.assumptions)
    engine = plain.prepared(few) if isinstance(plain, TransitEstimate) else plain
    everything = engine.times(few, located, 3600)
    gone = data.draw(st.sets(st.integers(0, len(located) - 1), max_size=6))
    moved = data.draw(st.sets(st.integers(0, len(located) - 1), max_size=3))
    # Whole hundredths of a degree: two new venues may well stand on one spot.
    at = st.tuples(st.integers(11600, 11680), st.integers(3970, 4020))
    opened = data.draw(st.lists(at, max_size=5))
    here = [
        dataclasses.replace(v, lon=116.4, status="unknown") if i in moved else v
        for i, v in enumerate(located)
        if i not in gone
    ]
    new = [
        dataclasses.replace(
            located[len(opened) * 7 + i], venue_id=f"V{i * 13:06}", lon=x / 100, lat=y / 100
        )
        for i, (x, y) in enumerate(opened)
    ]
    after = sorted([*here, *new], key=lambda v: v.venue_id)
    found = with_venues(everything, engine, few, located, after)
    expected = plain.times(few, after, 3600)
    for name in (*PARTS, "near_venue"):
        a, b = getattr(found, name), getattr(expected, name)
        assert np.array_equal(a, b), name
    with_nothing = with_venues(everything, engine, few, located, [])
    assert (with_nothing.near_s == UNREACHED).all()
    assert len(with_nothing.cell) == 0


def test_two_new_venues_on_one_spot_stand_in_the_order_of_the_list(beijing, few, located):
    engine = WalkEstimate(beijing.area, beijing.assumptions)
    everything = engine.times(few, located, 3600)
    spot = located[50]
    for name in ("V000000-0", "V999999-9"):
        twin = dataclasses.replace(spot, venue_id=name)
        after = sorted([*located, twin], key=lambda v: v.venue_id)
        found = with_venues(everything, engine, few, located, after)
        assert np.array_equal(found.near_venue, engine.times(few, after, 3600).near_venue)


@pytest.mark.parametrize(
    "change",
    [{"adcode": "110119"}, {"precision_m": 4000.0}, {"status": "unknown"}, {"kind": "base"}],
)
def test_venues_that_stay_where_they_are_but_are_told_otherwise(beijing, few, located, change):
    engine = WalkEstimate(beijing.area, beijing.assumptions)
    everything = engine.times(few, located, 3600)
    differ = 0
    # Those near the cells looked at: of others nothing would show.
    near = [v for v in np.unique(everything.near_venue[:, 0]) if v >= 0]
    for i in near[::6]:
        after = [dataclasses.replace(v, **change) if v is located[i] else v for v in located]
        found = with_venues(everything, engine, few, located, after)
        expected = engine.times(few, after, 3600)
        for name in (*PARTS, "near_venue"):
            a, b = getattr(found, name), getattr(expected, name)
            assert np.array_equal(a, b), name
            differ += not np.array_equal(b, getattr(everything, name))
    assert differ
