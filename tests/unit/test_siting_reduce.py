"""Less to look at, and the same answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from venuenet.siting.cover import cover_most
from venuenet.siting.reduce import merged, needed, table
from venuenet.siting.rows import checked, keeps, rule_rows, site_bounds
from venuenet.siting.solver import Programme, solve
from venuenet.siting.types import Limits, Rules


@given(st.integers(0, 10**6), st.booleans())
def test_places_are_one_group_exactly_when_the_same_sites_reach_them(
    seed: int, areas: bool
) -> None:
    rng = np.random.default_rng(seed)
    reach = rng.random((int(rng.integers(0, 30)), 3)) < 0.5
    area = rng.integers(0, 2, len(reach)) if areas else np.zeros(len(reach), dtype=np.int64)
    groups = merged(table(reach), area)
    for i, j in np.ndindex(len(reach), len(reach)):
        same = bool((reach[i] == reach[j]).all() and area[i] == area[j])
        assert (groups.group[i] == groups.group[j]) == same
    people = rng.random(len(reach))
    assert groups.total(people).sum() == pytest.approx(people.sum())
    assert (groups.reach.toarray()[groups.group] == reach).all()
    assert (groups.any(area)[groups.group] == area).all()


def test_a_site_no_better_than_another_is_left_out() -> None:
    reach = table(np.array([[1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]], dtype=np.bool_))
    every = np.arange(4)
    assert needed(reach, checked(Rules(budget=1), 4), every).tolist() == [1, 2]
    assert needed(reach, checked(Rules(count=3), 4), every).tolist() == [1, 2, 3]
    dear = checked(Rules(cost=np.array([1.0, 2, 1, 1]), budget=1), 4)
    assert needed(reach, dear, every).tolist() == [0, 1, 2]
    assert needed(reach, checked(Rules(budget=1, forced=(0,)), 4), every).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "rules",
    [
        Rules(district=np.zeros(4, dtype=np.int64), at_least={0: 1}),
        Rules(district=np.zeros(4, dtype=np.int64), at_most={0: 1}),
        Rules(place=np.zeros(4, dtype=np.int64)),
        Rules(apart=((1, 2),)),
        Rules(other_than=((1, 2),)),
        Rules(count=2, cost=np.array([0.0, 1, 1, 1])),
    ],
)
def test_where_a_rule_looks_at_sites_all_stay(rules: Rules) -> None:
    reach = table(np.array([[1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]], dtype=np.bool_))
    assert needed(reach, checked(rules, 4), np.arange(4)).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (Rules(count=-1), "count"),
        (Rules(budget=float("nan")), "budget"),
        (Rules(budget=-1), "budget"),
        (Rules(differ=0), "differ"),
        (Rules(cost=np.array([1.0])), "cost"),
        (Rules(cost=np.array([1.0, np.nan])), "cost"),
        (Rules(cost=np.array([1.0, -1.0])), "cost"),
        (Rules(fixed=(2,)), "fixed"),
        (Rules(forced=(-1,)), "forced"),
        (Rules(forbidden=(9,)), "forbidden"),
        (Rules(fixed=(0,), forced=(0,)), "cannot be forced"),
        (Rules(apart=((1, 1),)), "apart"),
        (Rules(apart=((0, 7),)), "apart"),
        (Rules(other_than=((0, 5),)), "other_than"),
        (Rules(other_than=((0, 0),)), "twice"),
        (Rules(at_least={0: 1}), "district"),
        (Rules(district=np.zeros(2, dtype=np.int64), at_most={0: -1}), "negative"),
        (Rules(district=np.zeros(3, dtype=np.int64)), "district"),
        (Rules(place=np.array([0.5, 1])), "place"),
    ],
)
def test_rules_that_make_no_sense_are_refused(rules: Rules, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        checked(rules, 2)


def test_rows_stand_where_the_sites_stand() -> None:
    rules = checked(Rules(count=1, fixed=(0,), apart=((0, 2), (1, 2))), 3)
    rows, low, high = rule_rows(rules, 3, first=2, width=6)
    assert rows.toarray().tolist() == [[0, 0, 0, 1, 1, 0], [0, 0, 0, 1, 1, 0]]
    assert (low.tolist(), high.tolist()) == ([1, -np.inf], [1, 1])
    lower, upper = site_bounds(rules, 3)
    assert (lower.tolist(), upper.tolist()) == ([0, 0, 0], [0, 1, 0])
    assert keeps(rules, 3, [1])
    assert not keeps(rules, 3, [2])
    assert not keeps(rules, 3, [])


def town(places: int = 400, sites: int = 120) -> tuple[csr_array, np.ndarray]:
    rng = np.random.default_rng(3)
    homes, seats = rng.random((places, 1, 2)), rng.random((1, sites, 2))
    near = np.square(homes - seats).sum(axis=2) < 0.03
    return csr_array(near), rng.integers(1, 100, places).astype(float)


class EnoughError(Exception):
    """Somebody pressed the button."""


def test_what_tell_raises_ends_the_search() -> None:
    reach, people = town()

    def tell(objective: float, bound: float) -> None:
        raise EnoughError

    with pytest.raises(EnoughError):
        cover_most(reach, people, Rules(count=9), Limits(tell=tell))


def test_what_is_told_gets_better_and_never_crosses() -> None:
    reach, people = town()
    told: list[tuple[float, float]] = []
    found = cover_most(reach, people, Rules(count=9), Limits(tell=lambda o, b: told.append((o, b))))
    known = np.array(told)
    assert len(known)
    known = known[~np.isnan(known).any(axis=1)]
    assert (known[:, 0] <= found.objective + 1e-6).all()
    assert (known[:, 1] >= found.objective - 1e-6).all()


def test_without_time_the_heuristic_choice_and_a_true_bound_are_given() -> None:
    reach, people = town()
    best = cover_most(reach, people, Rules(count=9))
    hasty = cover_most(reach, people, Rules(count=9), Limits(seconds=0))
    assert best.status == "optimal"
    assert len(hasty.chosen) == 9
    assert hasty.objective <= best.objective <= hasty.bound
    assert hasty.status == "time_limit"


def test_a_start_that_breaks_a_row_does_no_harm() -> None:
    one = Programme(
        cost=-np.ones(2), rows=csr_array(np.ones((1, 2))), row_low=np.zeros(1),
        row_high=np.ones(1), upper=np.ones(2), integer=np.ones(2, dtype=np.bool_),
    )  # fmt: skip
    assert solve(one, start=np.ones(2)).objective == -1
    assert solve(one, start=np.array([0.0, 1])).objective == -1
