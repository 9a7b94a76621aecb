"""Days out of the mobile hall, against every choice there is."""

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venuenet.errors import BadQueryError
from venuenet.model import Question
from venuenet.proposals.mobile_ask import clock, parse_mobile, parse_point
from venuenet.siting import daytrips, routes
from venuenet.siting.daytrips import Season, feasible_sets, knapsack_bound, ordered
from venuenet.siting.routes import best_routes, collapse, day_seconds, shortest, too_far
from venuenet.siting.types import Limits

QUICK = Limits(seconds=5.0)


def town(seed, stops, places=12, side=20_000.0, reach_m=6_000.0):
    """Random points: drives in seconds (one-way streets too), who reaches which stop, people."""
    rng = np.random.default_rng(seed)
    at = rng.uniform(0, side, (stops + 1, 2))
    drive = np.hypot(*(at[:, None] - at).T).T / 10 * rng.uniform(1, 1.5, (stops + 1, stops + 1))
    homes = rng.uniform(0, side, (places, 2))
    reach = np.hypot(*(homes[:, None] - at[1:]).transpose(2, 0, 1)) <= reach_m
    return drive, reach, rng.integers(0, 50, places)


def quickest(drive):
    """Quickest ways by relaxing every pair through every point, in plain Python."""
    n = len(drive)
    ways = [[0 if a == b else int(np.ceil(drive[a, b])) for b in range(n)] for a in range(n)]
    for k, a, b in itertools.product(range(n), repeat=3):
        ways[a][b] = min(ways[a][b], ways[a][k] + ways[k][b])
    return ways


def shortest_day(ways, stops, stop_s):
    """Seconds of the best of all orders."""
    best = float("inf")
    for order in itertools.permutations(stops):
        at = [0, *(s + 1 for s in order), 0]
        best = min(best, sum(ways[a][b] for a, b in itertools.pairwise(at)))
    return best + stop_s * len(stops)


def most_people(drive, reach, people, season):
    """People of the best plan among all: every stop on some day or on none."""
    ways, n = quickest(drive), reach.shape[1]
    fits = {
        s
        for k in range(n + 1)
        for s in itertools.combinations(range(n), k)
        if not s or shortest_day(ways, s, season.stop_s) <= season.day_s
    }
    best = 0
    for plan in itertools.product(range(season.days + 1), repeat=n):
        days = [tuple(s for s in range(n) if plan[s] == d + 1) for d in range(season.days)]
        if all(day in fits for day in days):
            visited = [s for s in range(n) if plan[s]]
            best = max(best, int(people[reach[:, visited].any(axis=1)].sum()))
    return best


SEASONS = st.builds(
    Season, st.integers(1, 3), st.integers(1_000, 12_000), st.sampled_from([0, 600, 1_800])
)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5), SEASONS)
def test_the_plan_is_the_best_of_all_plans(seed, stops, season):
    drive, reach, people = town(seed, stops)
    found = best_routes(drive, reach, people, season, QUICK)
    assert found.people == most_people(drive, reach, people, season)
    assert (found.status, found.bound, found.gap) == ("optimal", found.people, 0.0)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 5), SEASONS)
def test_without_the_list_of_days_the_best_lies_between_plan_and_bound(seed, stops, season):
    drive, reach, people = town(seed, stops)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(daytrips, "feasible_sets", lambda *_: None)
        found = best_routes(drive, reach, people, season, QUICK)
    best = most_people(drive, reach, people, season)
    assert found.people <= best <= found.bound
    assert found.people >= 0.8 * best


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6), SEASONS)
def test_the_days_listed_are_those_that_fit_and_take_no_further_stop(seed, stops, season):
    drive, _, _ = town(seed, stops)
    ways = quickest(drive)
    fits = {
        frozenset(s)
        for k in range(1, stops + 1)
        for s in itertools.combinations(range(stops), k)
        if shortest_day(ways, s, season.stop_s) <= season.day_s
    }
    largest = {s for s in fits if not any(s < other for other in fits)}
    listed = feasible_sets(shortest(drive), season)
    assert sorted(map(sorted, largest)) == sorted(np.flatnonzero(row).tolist() for row in listed)


def test_too_many_days_are_not_listed():
    drive, _, _ = town(1, 12)
    assert feasible_sets(shortest(drive), Season(1, 10**6, 0), most=50) is None
    assert len(feasible_sets(shortest(drive), Season(1, 10**6, 0))) == 1


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5), SEASONS)
def test_the_knapsack_bound_holds_for_every_plan(seed, stops, season):
    drive, reach, people = town(seed, stops)
    sets, weight = collapse(reach, people)
    bound = knapsack_bound(shortest(drive), sets, weight, season, 10)
    assert bound >= most_people(drive, reach, people, season)


@pytest.mark.parametrize("listed", [True, False])
def test_a_plan_keeps_the_hours_and_counts_everybody_once(listed, monkeypatch):
    drive, reach, people = town(7, 30, places=200, side=40_000)
    season = Season(4, 12_000, 1_800)
    if not listed:
        monkeypatch.setattr(daytrips, "feasible_sets", lambda *_: None)
    found = best_routes(drive, reach, people, season, QUICK)
    visited = [s for day in found.days for s in day]
    assert len(visited) == len(set(visited)) > 4
    assert 0 < len(found.days) <= 4
    ways = np.array(quickest(drive))
    assert all(day_seconds(ways, day, season) <= season.day_s for day in found.days)
    assert found.people == people[reach[:, visited].any(axis=1)].sum() <= found.bound
    assert found.bound <= people[reach.any(axis=1)].sum()
    sizes = [people[reach[:, day].any(axis=1)].sum() for day in found.days]
    assert sizes == sorted(sizes, reverse=True)


def test_more_days_never_serve_fewer_people():
    drive, reach, people = town(11, 16, places=150, side=30_000)
    served = [
        best_routes(drive, reach, people, Season(d, 9_000, 1_800), QUICK).people for d in range(6)
    ]
    assert served[0] == 0
    assert served == sorted(served)
    assert served[1] < served[-1]


@pytest.mark.parametrize("listed", [True, False])
def test_the_same_question_has_the_same_answer(listed, monkeypatch):
    drive, reach, people = town(5, 20, places=120, side=30_000)
    if not listed:
        monkeypatch.setattr(daytrips, "feasible_sets", lambda *_: None)
    plans = {
        best_routes(drive, reach, people, Season(3, 9_000, 1_800), QUICK).days for _ in range(3)
    }
    assert len(plans) == 1


def test_a_day_exactly_as_long_as_allowed_is_possible():
    drive = np.array([[0.0, 600.0], [900.0, 0.0]])
    reach, people = np.ones((1, 1), dtype=bool), np.array([7])
    found = best_routes(drive, reach, people, Season(1, 3_300, 1_800), QUICK)
    assert (found.days, found.people) == (((0,),), 7)
    short = best_routes(drive, reach, people, Season(1, 3_299, 1_800), QUICK)
    assert (short.days, short.people, short.bound) == ((), 0, 0)
    assert too_far(shortest(drive), Season(1, 3_299, 1_800)).tolist() == [True]


def test_a_stop_without_a_way_is_never_visited():
    drive = np.array([[0, 60, np.inf], [60, 0, np.inf], [60, 60, 0]])
    found = best_routes(
        drive, np.eye(2, dtype=bool), np.array([1, 99]), Season(2, 3_600, 60), QUICK
    )
    assert (found.days, found.bound) == (((0,),), 1)


def test_ways_of_no_length_are_ways():
    drive = np.zeros((3, 3))
    found = best_routes(drive, np.eye(2, dtype=bool), np.array([3, 4]), Season(1, 120, 60), QUICK)
    assert found.people == 7


def test_two_stops_for_the_same_people_are_not_both_made():
    drive = np.full((3, 3), 60.0)
    reach = np.array([[True, True]])
    found = best_routes(drive, reach, np.array([10]), Season(2, 3_600, 60), QUICK)
    assert found.people == 10
    assert sum(map(len, found.days)) == 1


def test_the_day_with_the_most_people_comes_first():
    drive = np.full((3, 3), 600.0)
    found = best_routes(
        drive, np.eye(2, dtype=bool), np.array([3, 9]), Season(2, 1_800, 600), QUICK
    )
    assert found.days == ((1,), (0,))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6))
def test_the_order_of_a_day_drives_least(seed, stops):
    drive, _, _ = town(seed, stops)
    day = ordered(shortest(drive), tuple(range(stops)))
    assert sorted(day) == list(range(stops))
    season = Season(1, 0, 0)
    assert day_seconds(shortest(drive), day, season) == shortest_day(
        quickest(drive), range(stops), 0
    )


@pytest.mark.parametrize(
    "change",
    [
        {"drive": np.zeros((2, 2))},
        {"drive": np.full((3, 3), np.nan)},
        {"drive": np.full((3, 3), -1.0)},
        {"people": np.array([1, 2])},
        {"people": np.array([-1, 1, 1])},
        {"season": Season(-1, 10, 10)},
    ],
)
def test_arrays_that_cannot_be_are_refused(change):
    usual = {
        "drive": np.ones((3, 3)),
        "reach": np.ones((3, 2), dtype=bool),
        "people": np.array([1, 1, 1]),
        "season": Season(1, 100, 1),
    }
    assert best_routes(**usual).people == 3
    with pytest.raises(ValueError, match=r"\w"):
        best_routes(**{**usual, **change})


def test_the_search_for_a_plan_alone_comes_near_the_best():
    drive, reach, people = town(3, 14, places=150, side=30_000)
    season = Season(3, 9_000, 1_800)
    best = best_routes(drive, reach, people, season, QUICK)
    sets, weight = collapse(reach, people)
    plan, late = routes._searched(shortest(drive), sets, weight, season, time.monotonic() + 20)
    visited = [s for day in plan for s in day]
    assert not late
    assert 0.8 * best.people <= people[reach[:, visited].any(axis=1)].sum() <= best.people


BAD = [
    ("days", ["0", "121", "1.5", "-1", "nan", "十", "", "1e3", "９", "1" * 400]),
    ("hours", ["0.9", "14.1", "inf", "NaN", "八", "-8", "0x8"]),
    ("stop_minutes", ["14", "601", "90.0", "ninety"]),
    ("set_up_minutes", ["-1", "241", "none"]),
    ("reach_km", ["0", "20.5", "3km", "-3"]),
    ("start", ["24:00", "8", "08:60", "早上", "８:00", "-1:00"]),
    ("stops", ["", "villages", "townships,村", ","]),
    ("time_limit_s", ["0", "21", "1e9"]),
]


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in BAD for v in values])
def test_a_bad_parameter_is_refused_by_its_name(name, value):
    with pytest.raises(BadQueryError) as caught:
        parse_mobile(Question(), **{name: value})
    assert caught.value.param == name
    assert caught.value.allowed


def test_parameters_are_understood():
    asked = parse_mobile(
        Question(), ("1",), days="3", hours="7.5", start="8：30", stops="gaps，townships"
    )
    assert (asked.days, asked.hours, asked.start) == (3, 7.5, 510)
    assert asked.stops == ("townships", "gaps")
    assert parse_point("116.4，39.9") == (116.4, 39.9)
    assert parse_point("116.4 39.9") is None
    assert clock(3_599) == "01:00"


def test_a_day_past_midnight_is_refused():
    assert parse_mobile(Question(), start="16:00", hours="8").start == 960
    with pytest.raises(BadQueryError) as caught:
        parse_mobile(Question(), start="16:01", hours="8")
    assert caught.value.param == "start"
    assert caught.value.allowed == ["00:00..16:00"]
