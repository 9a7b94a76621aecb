"""Pairs of places and venues: made of tables, arrays and matrices, and what is refused."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venuenet.access.pairs import from_arrays, from_table, from_times
from venuenet.errors import BadQueryError

cells = st.one_of(st.just(math.nan), st.just(math.inf), st.floats(0, 90))
tables = st.integers(1, 5).flatmap(
    lambda m: st.lists(st.lists(cells, min_size=m, max_size=m), min_size=1, max_size=6)
)


def as_table(pairs):
    out = np.full((pairs.places, pairs.venues), np.nan)
    out[pairs.place, pairs.venue] = pairs.minutes
    return out


@settings(deadline=None)
@given(rows=tables)
def test_a_table_comes_back_without_what_is_beyond_reach(rows):
    table = np.array(rows)
    expected = np.where(np.isfinite(table), table, np.nan)
    assert np.array_equal(as_table(from_table(table)), expected, equal_nan=True)


@settings(deadline=None)
@given(rows=tables, seed=st.integers(0, 99))
def test_pairs_may_come_in_any_order(rows, seed):
    pairs = from_table(rows)
    mixed = np.random.default_rng(seed).permutation(len(pairs.place))
    again = from_arrays(
        pairs.places, pairs.venues, pairs.place[mixed], pairs.venue[mixed], pairs.minutes[mixed]
    )
    for name in ("place", "venue", "minutes"):
        assert np.array_equal(getattr(again, name), getattr(pairs, name))


@settings(deadline=None)
@given(rows=tables)
def test_each_place_has_its_run_of_pairs(rows):
    pairs = from_table(rows)
    for i in range(pairs.places):
        run = pairs.venue[pairs.at[i] : pairs.at[i + 1]]
        assert run.tolist() == np.flatnonzero(np.isfinite(rows[i])).tolist()


@settings(deadline=None)
@given(rows=tables, cut=st.floats(0, 90))
def test_within_keeps_what_is_at_the_cut_off(rows, cut):
    pairs = from_table(rows)
    for limit in (cut, *pairs.minutes[:1]):
        assert pairs.within(limit).minutes.tolist() == [m for m in pairs.minutes if m <= limit]


@pytest.mark.parametrize(
    ("place", "venue", "minutes", "why"),
    [
        ([0], [0, 1], [1.0], "one length"),
        ([2], [0], [1.0], "place must lie"),
        ([-1], [0], [1.0], "place must lie"),
        ([0], [3], [1.0], "venue must lie"),
        ([0], [0], [-0.1], "not negative"),
        ([0], [0], [math.nan], "finite"),
        ([0], [0], [math.inf], "finite"),
        ([0, 1, 0], [0, 1, 0], [1.0, 2.0, 1.0], "twice"),
    ],
)
def test_pairs_that_cannot_be_are_refused(place, venue, minutes, why):
    with pytest.raises(ValueError, match=why):
        from_arrays(2, 3, place, venue, minutes)


@pytest.mark.parametrize("table", [[1.0, 2.0], [[-1.0]], [[-math.inf]]])
def test_tables_that_cannot_be_are_refused(table):
    with pytest.raises(ValueError, match=r"table must be|not negative"):
        from_table(table)


# Two venues by three cells: venue 0 reaches cells 2, 0; venue 1 cells 0, 1, 2.
MATRIX = SimpleNamespace(
    cutoff_s=3600,
    venue_ids=("A", "B"),
    indptr=np.array([0, 2, 5]),
    cell=np.array([0, 2, 0, 1, 2], dtype=np.int32),
    seconds=np.array([1800, 1801, 60, 3600, 90], dtype=np.uint16),
)


def test_a_matrix_is_turned_from_venues_to_places():
    expected = [[30, 1], [np.nan, 60], [1801 / 60, 1.5]]
    assert np.array_equal(as_table(from_times(MATRIX, 60, 3)), expected, equal_nan=True)
    assert (np.diff(from_times(MATRIX, 60, 3).place) >= 0).all()


def test_a_matrix_gives_what_takes_at_most_the_minutes():
    expected = [[30, 1], [np.nan, np.nan], [np.nan, 1.5]]
    assert np.array_equal(as_table(from_times(MATRIX, 30, 3)), expected, equal_nan=True)


def test_venues_left_out_keep_the_places_of_the_others():
    pairs = from_times(MATRIX, 60, 3, np.array([False, True]))
    assert pairs.venues == 2
    assert pairs.venue.tolist() == [1, 1, 1]
    assert pairs.minutes.tolist() == [1, 60, 1.5]


def test_more_minutes_than_the_matrix_holds_are_refused_with_those_it_does():
    with pytest.raises(BadQueryError) as error:
        from_times(MATRIX, 61, 3)
    assert (error.value.param, error.value.allowed) == ("minutes", ["1..60"])


def test_the_pairs_of_beijing_are_its_matrix(beijing):
    times = beijing.times["walk"]
    pairs = from_times(times, 60, len(beijing.demand.cell))
    back = {
        (int(c), v): s / 60
        for v in range(len(times.venue_ids))
        for c, s in zip(
            times.cell[times.indptr[v] : times.indptr[v + 1]],
            times.seconds[times.indptr[v] : times.indptr[v + 1]].astype(int),
            strict=True,
        )
        if s <= 3600
    }
    found = zip(pairs.place.tolist(), pairs.venue.tolist(), pairs.minutes.tolist(), strict=True)
    assert {(i, j): m for i, j, m in found} == back
    shorter = replace(times, cutoff_s=1200)
    with pytest.raises(BadQueryError):
        from_times(shorter, 21, len(beijing.demand.cell))
