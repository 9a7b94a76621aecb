"""The best few plans against a list of all plans, best to worst."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venuenet.siting.alternatives import how_often, in_all, near_optimal
from venuenet.siting.rooms import cover_with_room, nearest_with_room
from venuenet.siting.types import Rules, Sites


def towns(seed, sites=6):
    rng = np.random.default_rng(seed)
    return rng.integers(1, 40, (8, sites)).astype(float), rng.integers(1, 50, 8)


@given(
    seed=st.integers(0, 9999),
    count=st.integers(1, 4),
    differ=st.integers(1, 2),
    most=st.integers(1, 5),
    within=st.sampled_from([0, 0.02, 0.1, 0.5]),
    better=st.sampled_from([1, -1]),
)
@settings(max_examples=120, deadline=None)
def test_plans_are_the_best_that_differ_enough_from_those_before(
    seed, count, differ, most, within, better
):
    cost, people = towns(seed)
    free = np.full(6, np.inf)

    def solve(rules):
        if better == 1:
            return nearest_with_room(cost, people, free, rules)
        return cover_with_room(cost <= 20, people, free, rules)

    def value(plan):
        if better == 1:
            return people @ cost[:, plan].min(axis=1)
        return people[(cost <= 20)[:, plan].any(axis=1)].sum()

    rules = Rules(count=count, differ=differ)
    plans = near_optimal(solve, solve(rules), rules, sense=better, most=most, within=within)
    left = {plan: value(list(plan)) for plan in combinations(range(6), count)}
    limit = None
    for plan in plans:
        best = better * min(better * v for v in left.values())
        limit = best + better * within * best if limit is None else limit
        assert plan.objective == pytest.approx(best)
        assert better * best <= better * limit + 1e-6
        left = {p: v for p, v in left.items() if len(set(plan.chosen) - set(p)) >= differ}
    if len(plans) < most:
        assert all(better * v > better * limit for v in left.values())
    assert len(plans) <= most


def found(objective, *chosen):
    return Sites(chosen, objective, objective, 0.0, "optimal")


def test_choices_ruled_out_before_stay_ruled_out():
    asked = []

    def solve(rules):
        asked.append(rules.other_than)
        return found(99.0, 0, len(asked))

    rules = Rules(other_than=((7, 8),))
    near_optimal(solve, found(100.0, 0, 9), rules, sense=-1, within=0.05)
    assert asked == [((7, 8), (0, 9)), ((7, 8), (0, 9), (0, 1))]


def test_a_plan_exactly_at_the_limit_is_in_and_one_beyond_ends_the_search():
    answers = iter([found(99.0, 1), found(98.999, 2), found(99.5, 3)])
    plans = near_optimal(lambda _: next(answers), found(100.0, 0), Rules(), sense=-1, most=9)
    assert [plan.chosen for plan in plans] == [(0,), (1,)]


def test_a_better_plan_found_late_comes_first():
    answers = iter([found(101.0, 1), found(100.0, 2)])
    plans = near_optimal(lambda _: next(answers), found(100.0, 0), Rules(), sense=-1)
    assert [plan.chosen for plan in plans] == [(1,), (0,), (2,)]


def test_a_better_plan_by_rounding_alone_does_not_come_first():
    plans = near_optimal(lambda _: found(100 + 1e-9, 1), found(100.0, 0), Rules(), sense=-1, most=2)
    assert [plan.chosen for plan in plans] == [(0,), (1,)]


def test_without_an_answer_there_are_no_plans():
    none = Sites((), np.nan, np.nan, np.inf, "infeasible")
    assert near_optimal(lambda _: none, none, Rules(), sense=1) == ()
    best = found(5.0, 1)
    assert near_optimal(lambda _: none, best, Rules(), sense=1) == (best,)


@pytest.mark.parametrize("wrong", [{"most": 0}, {"within": -0.1}, {"within": np.nan}])
def test_senseless_wishes_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        near_optimal(lambda _: found(1.0, 0), found(1.0, 0), Rules(), sense=1, **wrong)


def test_sites_of_all_plans_are_told_from_those_of_some():
    plans = (found(9.0, 1, 4, 7), found(9.0, 1, 5, 7), found(8.0, 1, 4, 6))
    assert in_all(plans) == (1,)
    assert list(how_often(plans).items()) == [(1, 3), (4, 2), (5, 1), (6, 1), (7, 2)]
    assert in_all(()) == ()
    assert how_often(()) == {}
