"""Adding, taking out or moving one venue gives what a search for all of them gives."""

import dataclasses

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.unit.test_street_times import TURNS, demand_of, engine_of, towns
from venuenet.model import UNREACHED, LocatedVenue
from venuenet.travel.estimate import TransitEstimate
from venuenet.travel.update import with_venue, with_venue_moved, without_venue

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


@given(town=towns(), turns=st.sampled_from([None, TURNS]), data=st.data())
@settings(max_examples=150, deadline=None)
def test_one_venue_changed_on_streets(town, turns, data):
    assume(town.rows)
    engine, venues = engine_of(town, turns)
    demand = demand_of(town)
    demand.cell = np.arange(len(town.cells))
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

    less = without_venue(everything, engine, demand, venues, venues[some].venue_id)
    same(less, engine.times(demand, others, 700), pairs)
    more = with_venue(less, engine, demand, venues[some])
    same(more, engine.times(demand, [*others, venues[some]], 700), pairs)

    elsewhere = dataclasses.replace(venues[some], lat=0.0)
    moved = with_venue_moved(everything, engine, demand, venues, elsewhere)
    again = engine.times(demand, [*others, elsewhere], 65_535)
    same(moved, engine.times(demand, [*others, elsewhere], 700), again)


@pytest.fixture(scope="module")
def few(beijing):
    rng = np.random.default_rng(5)
    cells = np.sort(rng.choice(len(beijing.demand.cell), 60, replace=False))
    names = ("cell", "lon", "lat", "x", "y", "area_km2", "cell_district", "sample_xy")
    return dataclasses.replace(
        beijing.demand, **{name: getattr(beijing.demand, name)[cells] for name in names}
    )


def test_one_venue_changed_in_beijing(beijing, few):
    venues = [v for v in beijing.area.venues if isinstance(v, LocatedVenue) and v.counts]
    engine = TransitEstimate(beijing.area, beijing.assumptions)
    everything = engine.times(few, venues, 3600)
    pairs = engine.times(few, venues, 65_535)
    gone = 40
    left = venues[:gone] + venues[gone + 1 :]
    less = without_venue(everything, engine, few, venues, venues[gone].venue_id)
    same(less, engine.times(few, left, 3600), pairs)
    more = with_venue(less, engine, few, venues[gone])
    same(more, engine.times(few, [*left, venues[gone]], 3600), pairs)
