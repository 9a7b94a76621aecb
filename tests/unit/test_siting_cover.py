"""Every model of coverage, under every rule, gives what trying all choices gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array

from venuenet.siting import cover, fairly, least, most, reduce
from venuenet.siting.solver import Solved, solve
from venuenet.siting.types import Rules, Sites

Bools = NDArray[np.bool_]
RULES = (
    "count", "budget", "fixed", "forced", "forbidden", "at_least", "at_most", "place", "apart",
    "other_than",
)  # fmt: skip


def instance(seed: int, kept: set[str]) -> tuple[Bools, NDArray[np.float64], Rules]:
    """A random town of up to nine sites under some rules, not always to be kept."""
    rng = np.random.default_rng(seed)
    sites, places = int(rng.integers(1, 10)), int(rng.integers(1, 14))
    reach = rng.random((places, sites)) < rng.uniform(0.15, 0.6)
    people = rng.integers(0, 20, places).astype(np.float64)
    if rng.random() < 0.3:
        people = people * 0.37
    mixed = [int(site) for site in rng.permutation(sites)]
    rules = Rules(district=rng.integers(-1, 3, sites))
    some = {
        "count": {"count": int(rng.integers(0, min(sites, 4) + 1))},
        "budget": {
            "cost": rng.integers(0, 6, sites).astype(np.float64),
            "budget": float(rng.integers(0, 12)),
        },
        "fixed": {"fixed": tuple(mixed[: sites // 3])},
        "forced": {"forced": tuple(mixed[sites // 3 : sites // 3 + 1])},
        "forbidden": {"forbidden": tuple(mixed[-(sites // 4) :] if sites > 3 else ())},
        "at_least": {"at_least": {0: 1, 1: int(rng.integers(0, 2))}},
        "at_most": {"at_most": {0: 1, 2: int(rng.integers(0, 2))}},
        "place": {"place": rng.integers(-1, 3, sites)},
        "apart": {
            "apart": tuple(
                (i, j) for i in range(sites) for j in range(i + 1, sites) if rng.random() < 0.2
            )
        },
        "other_than": {
            "other_than": (tuple(mixed[:3]), tuple(mixed[1:3])),
            "differ": int(rng.integers(1, 3)),
        },
    }
    for name in sorted(kept):
        rules = replace(rules, **some[name])  # type: ignore[arg-type]
    return reach, people, rules


def choices(rules: Rules, sites: int) -> Iterator[tuple[int, ...]]:
    """All choices that keep the rules, by their words and not by rows."""
    cost = np.ones(sites) if rules.cost is None else rules.cost
    may = [site for site in range(sites) if site not in (*rules.fixed, *rules.forbidden)]
    for size in range(len(may) + 1):
        for chosen in combinations(may, size):
            there = {*chosen, *rules.fixed}
            if rules.count is not None and size != rules.count:
                continue
            if rules.budget is not None and sum(cost[j] for j in chosen) > rules.budget:
                continue
            if not set(rules.forced) <= set(chosen):
                continue
            if rules.district is not None:
                number = [sum(rules.district[j] == d for j in chosen) for d in range(3)]
                if any(number[d] < n for d, n in rules.at_least.items()):
                    continue
                if any(number[d] > n for d, n in rules.at_most.items()):
                    continue
            if rules.place is not None:
                at = [rules.place[j] for j in chosen if rules.place[j] >= 0]
                if len(at) != len(set(at)):
                    continue
            near = [pair for pair in rules.apart if not set(pair) <= set(rules.fixed)]
            if any(set(pair) <= there for pair in near):
                continue
            if any(len(set(k) - set(chosen)) < rules.differ for k in rules.other_than):
                continue
            yield chosen


def counts(reach: Bools, rules: Rules, chosen: tuple[int, ...]) -> NDArray[np.int64]:
    return np.asarray(reach[:, [*rules.fixed, *chosen]].sum(axis=1), dtype=np.int64)


def agree(found: Sites, reach: Bools, rules: Rules, value: Callable[..., float], sign: int) -> None:
    """The answer is a choice that keeps the rules, of the best value there is, and proven."""
    best = max(
        (sign * v for c in choices(rules, reach.shape[1]) if np.isfinite(v := value(c))),
        default=None,
    )
    if best is None:
        assert found.status == "infeasible"
        assert found.chosen == ()
        assert np.isnan(found.objective)
        return
    assert found.status == "optimal"
    assert found.objective == pytest.approx(sign * best, abs=1e-5)
    assert sign * found.bound >= best - 1e-5
    assert found.gap <= 1e-6
    assert found.chosen in set(choices(rules, reach.shape[1]))
    assert value(found.chosen) == pytest.approx(found.objective, abs=1e-5)


towns = st.tuples(
    st.integers(0, 10**6), st.sets(st.sampled_from(RULES), max_size=4), st.booleans()
)  # fmt: skip
often = settings(max_examples=120, deadline=None)


@often
@given(towns, st.sampled_from([1, 10**9]))
def test_the_most_people_are_reached(town: tuple[int, set[str], bool], small: int) -> None:
    reach, people, rules = instance(*town[:2])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(most, "SMALL", small)  # with prices as well as without
        patch.setattr(most, "_WORK", 1000)
        given_as = csr_array(reach) if town[2] else reach
        found = cover.cover_most(given_as, people, rules)
    agree(found, reach, rules, lambda c: float(people @ (counts(reach, rules, c) > 0)), 1)


@pytest.mark.parametrize("second", [0.0, 0.4, 0.7])
def test_prices_rule_out_no_site_of_a_better_choice(
    second: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    squeezed, ruled_out = most._squeezed, 0

    def second_best(_task: Any, coverage: Any, sites: NDArray[np.intp]) -> Bools:
        tried = [np.isin(np.arange(len(sites)), c) for c in combinations(range(len(sites)), 3)]
        value = np.array([coverage.reached(choice) for choice in tried])
        return tried[int(np.flatnonzero(value == np.unique(value)[-2])[0])]

    def watched(*given: Any) -> Any:
        nonlocal ruled_out
        found = squeezed(*given)
        ruled_out += int((~found[2]).sum())
        return found

    # The best choice is found only if the prices leave the search all its sites.
    monkeypatch.setattr(most, "SMALL", 1)
    monkeypatch.setattr(most, "_STEPS", 10)  # rough prices: less slack
    monkeypatch.setattr(most, "start_of", second_best)
    monkeypatch.setattr(most, "_squeezed", watched)
    for name in ("improved", "improved_again"):
        monkeypatch.setattr(most, name, lambda _coverage, chosen, *_, **__: chosen)
    three = np.array([np.isin(np.arange(20), c) for c in combinations(range(20), 3)])
    for seed in range(60):
        rng = np.random.default_rng(seed)
        at, spots = rng.random((40, 1, 2)), rng.random((1, 20, 2))
        reach = np.square(at - spots).sum(axis=2) < 0.06
        people = rng.integers(1, 30, 40).astype(np.float64)
        count = reach @ three.T.astype(float)
        best = ((1 - second) * people @ (count > 0) + second * people @ (count > 1)).max()
        if second:
            found = cover.cover_twice(reach, people, Rules(count=3), second=second)
        else:
            found = cover.cover_most(reach, people, Rules(count=3))
        assert (found.objective, found.bound) == pytest.approx((best, best))
    assert ruled_out > 100


@often
@given(towns)
def test_every_place_is_reached_at_the_least_cost(town: tuple[int, set[str], bool]) -> None:
    reach, _, rules = instance(*town[:2])
    cost = np.ones(reach.shape[1]) if rules.cost is None else rules.cost

    def value(chosen: tuple[int, ...]) -> float:
        served = (counts(reach, rules, chosen) > 0).all()
        return float(cost[list(chosen)].sum()) if served else np.inf

    agree(cover.cover_all(reach, rules), reach, rules, value, -1)


@often
@given(towns, st.sampled_from([0.0, 0.3, 0.5, 0.8, 1.0]), st.sampled_from([1, 10**9]))
def test_a_share_is_reached_at_the_least_cost(
    town: tuple[int, set[str], bool], share: float, small: int
) -> None:
    reach, people, rules = instance(*town[:2])
    cost = np.ones(reach.shape[1]) if rules.cost is None else rules.cost

    def value(chosen: tuple[int, ...]) -> float:
        served = people @ (counts(reach, rules, chosen) > 0) >= share * people.sum() - 1e-9
        return float(cost[list(chosen)].sum()) if served else np.inf

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(least, "SMALL", small)  # with budgets and prices as well as without
        patch.setattr(least, "_WORK", 1000)
        patch.setattr(least, "_MOST_WORK", 10_000)
        found = cover.cover_share(reach, people, share, rules)
    agree(found, reach, rules, value, -1)


EVERY_CHOICE = np.array(list(np.ndindex((2,) * 12)), dtype=np.float64)
"""Of twelve sites: 4,096 rows."""


def spread_town(seed: int, cost: NDArray[np.float64]) -> tuple[Any, ...]:
    """Places and twelve sites on a square, a share to reach, and what each choice then costs."""
    rng = np.random.default_rng(seed)
    at, spots = rng.random((40, 1, 2)), rng.random((1, 12, 2))
    reach = np.square(at - spots).sum(axis=2) < 0.06
    people = rng.integers(1, 30, 40).astype(np.float64)
    share = 0.6 * float(people @ reach.any(axis=1) / people.sum())
    enough = people @ (reach @ EVERY_CHOICE.T > 0) >= share * people.sum() - 1e-9
    return reach, people, share, np.where(enough, EVERY_CHOICE @ cost, np.inf)


def test_prices_rule_out_no_site_of_a_cheaper_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    squeezed, ruled_out = least._squeezed, 0

    def watched(*given: Any) -> Any:
        nonlocal ruled_out
        found = squeezed(*given)
        ruled_out += int((~found[2]).sum())
        return found

    # Beginning with a choice a little too dear, the cheapest is found only if no site of it was
    # ruled out.
    monkeypatch.setattr(least, "SMALL", 1)
    monkeypatch.setattr(least, "_STEPS", 10)  # rough prices: less slack
    monkeypatch.setattr(least, "_WORK", 10_000)
    monkeypatch.setattr(least, "_squeezed", watched)
    monkeypatch.setattr(least, "_cheaper", lambda *_: None)
    monkeypatch.setattr(cover, "needed", lambda _reach, _rules, sites: sites)
    for seed in range(60):
        whole = np.random.default_rng(seed).integers(1, 5, 12).astype(np.float64)
        cost = whole * (0.5 if seed % 2 else 1.37001)
        reach, people, share, price = spread_town(seed, cost)
        second = int(np.argmin(np.where(price > price.min() + 1e-9, price, np.inf)))
        dear = EVERY_CHOICE[second] > 0
        monkeypatch.setattr(least, "_start", lambda *_, dear=dear: dear)
        found = cover.cover_share(reach, people, share, Rules(cost=cost))
        assert (found.objective, found.bound) == pytest.approx((price.min(), price.min()))
    assert ruled_out > 100


@pytest.mark.parametrize("steps", [200, 3])
def test_budgets_and_prices_find_and_prove_the_cheapest(
    steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(least, "SMALL", 1)
    monkeypatch.setattr(least, "_STEPS", steps)
    monkeypatch.setattr(least, "_WORK", 10_000)
    monkeypatch.setattr(least, "_MOST_WORK", 10_000)
    without_search = 0
    for seed in range(30):
        cost = np.random.default_rng(seed).integers(1, 4, 12).astype(np.float64)
        reach, people, share, price = spread_town(seed, cost)
        found = cover.cover_share(reach, people, share, Rules(cost=cost))
        assert (found.objective, found.status) == (price.min(), "optimal")
        without_search += found.method == "heuristic"
    assert without_search >= (10 if steps == 200 else 0)


def test_of_the_cheapest_it_takes_one_that_reaches_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(least, "SMALL", 1)
    monkeypatch.setattr(least, "_WORK", 10_000)
    monkeypatch.setattr(least, "_cheaper", lambda *_: None)
    monkeypatch.setattr(cover, "needed", lambda _reach, _rules, sites: sites)
    fuller = 0
    for seed in range(30):
        reach, people, share, price = spread_town(seed, np.ones(12))
        reached = np.where(price == price.min(), people @ (reach @ EVERY_CHOICE.T > 0), np.inf)
        poor = EVERY_CHOICE[np.argmin(reached)] > 0
        monkeypatch.setattr(least, "_start", lambda *_, poor=poor: poor)
        found = cover.cover_share(reach, people, share, Rules(cost=np.ones(12)))
        mine = np.isin(np.arange(12), found.chosen)
        near = (EVERY_CHOICE.astype(bool) ^ mine).sum(axis=1) <= 2  # one exchanged
        got = people @ reach[:, mine].any(axis=1)
        assert got == reached[near & (price == price.min())].max()
        fuller += got > reached.min()
    assert fuller > 10


def test_the_cheapest_is_told_with_its_gap_where_time_runs_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_search(programme: Any, **given: Any) -> Solved:
        if programme.integer.any():
            return Solved("time_limit", None, np.inf, 0.0)
        return solve(programme, **given)

    monkeypatch.setattr(least, "SMALL", 1)
    monkeypatch.setattr(least, "_STEPS", 3)
    monkeypatch.setattr(least, "_WORK", 10_000)
    monkeypatch.setattr(least, "_cheaper", lambda *_: None)
    monkeypatch.setattr(reduce, "solve", no_search)
    unproven = 0
    for seed in range(30):
        cost = np.random.default_rng(seed).uniform(1, 4, 12)
        reach, people, share, price = spread_town(seed, cost)
        found = cover.cover_share(reach, people, share, Rules(cost=cost))
        assert 0 < found.bound <= price.min() + 1e-6 <= found.objective + 2e-6
        assert (found.status == "optimal") == (found.gap <= 1e-9)
        unproven += found.status == "time_limit"
    assert unproven > 10


@often
@given(towns, st.sampled_from([0.0, 0.3, 0.5, 0.7, 1.0]), st.sampled_from([1, 10**9]))
def test_people_are_reached_twice(
    town: tuple[int, set[str], bool], second: float, small: int
) -> None:
    reach, people, rules = instance(*town[:2])

    def value(chosen: tuple[int, ...]) -> float:
        n = counts(reach, rules, chosen)
        return float((1 - second) * people @ (n > 0) + second * people @ (n > 1))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(most, "SMALL", small)  # with annealing and prices as well as without
        patch.setattr(most, "_WORK", 1000)
        found = cover.cover_twice(reach, people, rules, second=second)
    agree(found, reach, rules, value, 1)


@often
@given(towns)
def test_the_worst_served_area_comes_first(town: tuple[int, set[str], bool]) -> None:
    reach, people, rules = instance(*town[:2])
    area = np.random.default_rng(town[0]).integers(0, 3, len(people))
    total = np.bincount(area, people)

    def worst(chosen: tuple[int, ...]) -> float:
        served = np.bincount(area, people * (counts(reach, rules, chosen) > 0), len(total))
        return float((served[total > 0] / total[total > 0]).min(initial=1.0))

    highest = max(map(worst, choices(rules, reach.shape[1])), default=0.0)

    def value(chosen: tuple[int, ...]) -> float:
        n = counts(reach, rules, chosen)
        return float(people @ (n > 0)) if worst(chosen) >= highest - 1e-9 else -np.inf

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fairly, "_WORK", 1000)
        patch.setattr(fairly, "_LEVEL_WORK", 1000)
        found = fairly.cover_fairly(reach, people, area, rules)
    agree(found, reach, rules, value, 1)


def test_more_forced_sites_than_the_count_are_infeasible() -> None:
    reach = np.ones((3, 9), dtype=np.bool_)
    found = cover.cover_most(reach, np.ones(3), Rules(count=1, forced=(0, 1, 2, 3, 4, 5)))
    assert (found.status, found.chosen) == ("infeasible", ())


@pytest.mark.parametrize("lazy", [True, False])
def test_the_fair_choice_does_not_hang_on_a_good_start(
    lazy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fairly, "_WORK", 1000)
    monkeypatch.setattr(fairly, "_LEVEL_WORK", 1000)
    monkeypatch.setattr(fairly, "_STEPS", 10)
    if lazy:  # nothing improves the first choice: bounds and programmes must be right alone
        monkeypatch.setattr(fairly, "improved", lambda _coverage, chosen, *_, **__: chosen)
        monkeypatch.setattr(fairly, "levelled", lambda *given, **_: given[4])
    bounded, ruled_out = fairly._bounded, list[int]()
    for seed in range(40):
        rng = np.random.default_rng(seed)
        at, spots = rng.random((40, 1, 2)), rng.random((1, 14, 2))
        reach = np.square(at - spots).sum(axis=2) < 0.06
        people, area = rng.integers(1, 30, 40), rng.integers(0, 4, 40)
        fixed = tuple(int(j) for j in rng.integers(0, 14, seed % 2))
        free = sorted(set(range(14)) - set(fixed))
        three = np.array(list(combinations(range(len(free)), 3)))
        got = np.array([people * reach[:, [*np.take(free, c), *fixed]].any(axis=1) for c in three])
        total = np.bincount(area, people)
        worst = (got @ np.eye(4)[area] / total).min(axis=1)
        full = got.sum(axis=1)
        best = full[worst >= worst.max() - 1e-9].max()

        def watched(
            *given: Any, three: Any = three, worst: Any = worst, full: Any = full
        ) -> tuple[float, Bools]:
            highest, stays = bounded(*given)
            wanted, value = given[3:]
            base = given[1].had.sum()
            better = (worst >= wanted) & (full > base + value + 1e-6)
            assert stays[np.unique(three[better])].all()
            assert base + highest >= full[worst >= wanted].max() - 1e-6
            ruled_out.append((~stays).sum())
            return highest, stays

        monkeypatch.setattr(fairly, "_bounded", watched)
        rules = Rules(count=3, fixed=fixed)
        found = fairly.cover_fairly(reach, people, area, rules)
        assert (found.status, found.objective) == ("optimal", pytest.approx(best))
        with pytest.MonkeyPatch.context() as patch:  # as when time runs out
            patch.setattr(fairly, "_level", lambda _task, _city, chosen, _: (chosen, False))
            hasty = fairly.cover_fairly(reach, people, area, rules)
        assert hasty.status == "time_limit"
        assert hasty.bound >= full.max() - 1e-6
    assert sum(ruled_out) > 100


def test_of_nobody_nobody_is_reached_and_whole_people_stay_whole() -> None:
    reach = np.array([[1, 0, 1], [0, 1, 1], [1, 1, 0]], dtype=np.bool_)
    area = np.array([0, 0, 1])
    for rules in (Rules(count=1), Rules(count=0), Rules(count=1, fixed=(0, 1))):
        nobody = fairly.cover_fairly(reach, np.zeros(3), area, rules)
        assert (str(nobody.objective), nobody.status) == ("0.0", "optimal")
    assert fairly.cover_fairly(reach, [1, 2, 3], area, Rules(count=1)).objective == 5
