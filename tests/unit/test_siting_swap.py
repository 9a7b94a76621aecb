"""Interchange and annealing: never worse, within the rules, and as good as trying all choices."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from venuenet.siting.again import improved_again
from venuenet.siting.most import coverage_of, start_of
from venuenet.siting.reduce import task
from venuenet.siting.rows import checked, rule_rows, site_bounds
from venuenet.siting.swap import Coverage, improved
from venuenet.siting.types import Limits, Rules


def town(seed: int, places: int, sites: int, rules: Rules, near: float = 0.06) -> Coverage:
    rng = np.random.default_rng(seed)
    at, spots = rng.random((places, 1, 2)), rng.random((1, sites, 2))
    reach = csr_array((np.square(at - spots).sum(axis=2) < near).astype(float))
    rules = checked(rules, sites)
    rows, low, high = rule_rows(rules, sites)
    people = rng.integers(1, 30, places).astype(float)
    again = np.zeros(len(people))
    return Coverage(reach, people, again, rows, low, high, *site_bounds(rules, sites))


@pytest.mark.parametrize("seed", range(20))
def test_annealing_finds_the_best_of_all_choices(seed: int) -> None:
    city = town(seed, 60, 20, Rules(count=4))
    choices = [np.isin(np.arange(20), c) for c in combinations(range(20), 4)]
    worst, best = (f(choices, key=city.reached) for f in (min, max))
    assert city.reached(improved(city, worst, 4, work=1_000_000)) == city.reached(best)


@pytest.mark.parametrize("seed", range(20))
def test_rules_stay_kept_and_nothing_gets_worse(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    cost = rng.integers(1, 6, 40).astype(float)
    rules = Rules(
        cost=cost, budget=25.0, district=np.arange(40) % 4, at_least={1: 1}, at_most={0: 2},
        forced=(3,), forbidden=(4,), apart=((5, 6), (6, 7)),
    )  # fmt: skip
    city = town(seed, 200, 40, rules, near=0.01)
    start = np.isin(np.arange(40), [3, 1])
    assert city.keeps(start)
    plain = improved(city, start, 25)
    found = improved(city, start, 25, work=500_000, seed=seed)
    assert city.keeps(plain)
    assert city.keeps(found)
    assert city.reached(start) < city.reached(plain) <= city.reached(found)
    assert np.array_equal(found, improved(city, start, 25, work=500_000, seed=seed))


def test_annealing_gets_beyond_where_interchange_ends() -> None:
    gains = []
    for seed in range(10):
        city = town(seed, 2_000, 300, Rules(count=15), near=0.012)
        start = np.arange(300) < 15
        plain = improved(city, start, 15)
        gains.append(city.reached(improved(city, start, 15, work=3_000_000)) - city.reached(plain))
    assert min(gains) >= 0
    assert sum(gain > 0 for gain in gains) >= 6


@pytest.mark.parametrize(("large", "best"), [(50, 57.0), (58, 58.0)])
def test_a_budget_may_go_to_one_dear_site_or_many_cheap_ones(large: int, best: float) -> None:
    # site 0 costs the whole budget of 20; the other 19 cost 1 and reach three people each
    people = np.append(np.full(19, 3.0), large)
    reach = np.zeros((20, 20), dtype=np.bool_)
    reach[19, 0], reach[np.arange(19), np.arange(1, 20)] = True, True
    rules = Rules(cost=np.append(20.0, np.ones(19)), budget=20.0)
    asked = task(reach, rules, Limits())
    coverage = coverage_of(asked, csr_array(reach.astype(float)), people, asked.sites)
    start = start_of(asked, coverage, asked.sites)
    assert isinstance(start, np.ndarray)
    assert coverage.keeps(start)
    assert coverage.reached(start) == best


def test_with_nothing_to_choose_from_nothing_is_chosen() -> None:
    city = town(0, 30, 5, Rules(count=2, forbidden=(0, 1, 2, 3, 4)))
    assert not improved(city, np.zeros(5, dtype=np.bool_), 2, work=10_000).any()


@pytest.mark.parametrize("seed", range(10))
def test_annealing_finds_the_best_where_a_second_site_counts(seed: int) -> None:
    city = town(seed, 60, 20, Rules(count=4))
    city = replace(city, again=np.random.default_rng(seed).uniform(0, 1, 60) * city.people)
    choices = [np.isin(np.arange(20), c) for c in combinations(range(20), 4)]
    worst, best = (f(choices, key=city.reached) for f in (min, max))
    found = improved_again(city, worst, 4, work=3_000_000, seed=seed)
    assert city.reached(found) == pytest.approx(city.reached(best))


@pytest.mark.parametrize("seed", range(10))
def test_annealing_for_two_keeps_the_rules_and_is_never_worse(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rules = Rules(
        cost=rng.integers(1, 4, 40).astype(float), budget=20, district=rng.integers(0, 4, 40),
        at_least={0: 1, 1: 1}, at_most={2: 2}, place=rng.integers(0, 30, 40), forced=(5,),
    )  # fmt: skip
    city = town(seed, 80, 40, rules, near=0.02)
    city = replace(city, again=0.5 * city.people)
    start = next(c for _ in range(100_000) if city.keeps(c := choice(rng, 40)))
    found = improved_again(city, start, 20, work=200_000, seed=seed)
    assert city.keeps(found)
    assert city.reached(found) > city.reached(start)


def choice(rng: np.random.Generator, sites: int) -> NDArray[np.bool_]:
    drawn = rng.random(sites) < 0.2
    drawn[5] = True
    return drawn
