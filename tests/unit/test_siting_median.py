"""The distance models against every choice there is, published values and a plain solver model."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csc_array
from scipy.sparse.csgraph import shortest_path

from venuenet.siting.centre import nearest_at_worst
from venuenet.siting.median import nearest_on_average
from venuenet.siting.types import Limits, Rules


def choices(rules, sites):
    """Every choice that keeps the rules, each rule read anew from its sentence."""
    cost = np.ones(sites) if rules.cost is None else rules.cost
    free = [j for j in range(sites) if j not in rules.fixed]
    sizes = range(len(free) + 1) if rules.count is None else [rules.count]
    for chosen in itertools.chain.from_iterable(itertools.combinations(free, k) for k in sizes):
        mine, there = set(chosen), {*chosen, *rules.fixed}
        districts = [] if rules.district is None else [int(rules.district[j]) for j in chosen]
        places = [] if rules.place is None else [rules.place[j] for j in chosen]
        places = [place for place in places if place >= 0]
        if (
            mine.issuperset(rules.forced)
            and mine.isdisjoint(rules.forbidden)
            and (rules.budget is None or sum(cost[j] for j in chosen) <= rules.budget)
            and all(districts.count(d) >= least for d, least in rules.at_least.items())
            and all(districts.count(d) <= most for d, most in rules.at_most.items())
            and len(places) == len(set(places))
            and not any({a, b} <= there and {a, b} & mine for a, b in rules.apart)
            and all(len(set(known) - mine) >= rules.differ for known in rules.other_than)
        ):
            yield list(chosen)


def average(cost, people, rules, chosen):
    nearest = cost[:, [*chosen, *rules.fixed]].min(axis=1, initial=np.inf)
    return float(people[people > 0] @ nearest[people > 0])


def worst(cost, people, rules, chosen):
    nearest = cost[:, [*chosen, *rules.fixed]].min(axis=1, initial=np.inf)
    return float(nearest[people > 0].max(initial=0))


@st.composite
def some_rules(draw, sites):
    site = st.integers(0, sites - 1)

    def some(most):
        return draw(st.lists(site, max_size=most, unique=True).map(tuple))

    fixed = some(2)
    number = st.dictionaries(st.integers(0, 2), st.integers(0, 2), max_size=2)
    per_site = st.lists(st.integers(-1, 2), min_size=sites, max_size=sites).map(np.array)
    price = st.lists(st.integers(0, 5), min_size=sites, max_size=sites)
    with_districts = draw(st.booleans())
    return Rules(
        count=draw(st.none() | st.integers(0, min(4, sites))),
        cost=draw(st.none() | price.map(lambda cost: np.array(cost, dtype=float))),
        budget=draw(st.none() | st.integers(0, 12).map(float)),
        fixed=fixed,
        forced=tuple(set(some(1)) - set(fixed)),
        forbidden=some(2),
        district=draw(per_site) if with_districts else None,
        at_least=draw(number) if with_districts else {},
        at_most=draw(number) if with_districts else {},
        place=draw(st.none() | per_site),
        apart=tuple(pair for pair in (some(2) for _ in range(2)) if len(pair) == 2),
        other_than=tuple(known for known in (some(3),) if known),
        differ=draw(st.integers(1, 2)),
    )


@st.composite
def cities(draw):
    places, sites = draw(st.integers(0, 8)), draw(st.integers(1, 9))
    rng = np.random.default_rng(draw(st.integers(0, 100_000)))
    cost = rng.integers(0, 40, (places, sites)) * draw(st.sampled_from([1.0, 0.37, 1e4]))
    cost[rng.random(cost.shape) < draw(st.sampled_from([0, 0.2, 0.5]))] = np.inf
    people = rng.integers(0, 9, places) * draw(st.sampled_from([1.0, 0.123]))
    return cost, people, draw(some_rules(sites))


def agrees(found, values):
    """Whether an answer is the least of the values, proven, and one of the choices."""
    finite = {tuple(chosen): value for chosen, value in values if np.isfinite(value)}
    if not finite:
        assert (found.status, found.chosen) == ("infeasible", ())
        assert np.isnan(found.objective)
        return
    least = min(finite.values())
    assert found.status == "optimal"
    assert finite[found.chosen] == pytest.approx(least)
    assert found.objective == pytest.approx(least)
    assert found.bound == pytest.approx(least)


@given(city=cities())
@settings(max_examples=250, deadline=None)
def test_no_choice_under_any_rules_is_nearer_on_average(city):
    cost, people, rules = city
    values = [(c, average(cost, people, rules, c)) for c in choices(rules, cost.shape[1])]
    agrees(nearest_on_average(cost, people, rules), values)


@given(city=cities())
@settings(max_examples=150, deadline=None)
def test_branch_and_bound_alone_comes_to_the_same(city):
    cost, people, rules = city
    values = [(c, average(cost, people, rules, c)) for c in choices(rules, cost.shape[1])]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("venuenet.siting.median._STEPS", 1)
        patch.setattr("venuenet.siting.median._improved", lambda _task, chosen: chosen)
        agrees(nearest_on_average(cost, people, rules), values)


@given(city=cities())
@settings(max_examples=200, deadline=None)
def test_no_choice_under_any_rules_has_a_shorter_longest_way(city):
    cost, people, rules = city
    values = [(c, worst(cost, people, rules, c)) for c in choices(rules, cost.shape[1])]
    agrees(nearest_at_worst(cost, rules, people=people), values)


@given(seed=st.integers(0, 100_000), p=st.integers(1, 4), fixed=st.booleans())
@settings(max_examples=25, deadline=None)
def test_twenty_sites_equal_every_choice_there_is(seed, p, fixed):
    rng = np.random.default_rng(seed)
    cost, people = rng.random((30, 20)) * 1000, rng.random(30) * 50
    rules = Rules(count=p, fixed=(3, 7) if fixed else ())
    options = list(choices(rules, 20))
    agrees(
        nearest_on_average(cost, people, rules),
        [(c, average(cost, people, rules, c)) for c in options],
    )
    agrees(nearest_at_worst(cost, rules), [(c, worst(cost, people + 1, rules, c)) for c in options])


def in_full(cost, people, p):
    """Solve the model as it stands in the textbook, with another solver interface."""
    places, sites = cost.shape
    pair = np.arange(places * sites)
    one = csc_array((np.ones(len(pair)), (pair // sites, pair)), shape=(places, len(pair) + sites))
    link = csc_array(
        (
            np.repeat([1.0, -1.0], len(pair)),
            (np.tile(pair, 2), [*pair, *(len(pair) + pair % sites)]),
        )
    )
    number = np.concatenate([np.zeros(len(pair)), np.ones(sites)])
    return milp(
        np.concatenate([(people[:, None] * cost).ravel(), np.zeros(sites)]),
        constraints=[
            LinearConstraint(one, 1, 1),
            LinearConstraint(link, -np.inf, 0),
            LinearConstraint(number[None, :], p, p),
        ],
        bounds=Bounds(0, 1),
        integrality=number,
    ).fun


@pytest.mark.parametrize("seed", range(6))
def test_sixty_sites_equal_the_textbook_model(seed):
    rng = np.random.default_rng(seed)
    points = rng.random((60, 2))
    cost = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    people = rng.integers(1, 100, 60).astype(float)
    found = nearest_on_average(cost, people, Rules(count=3 + seed))
    assert found.status == "optimal"
    assert found.objective == pytest.approx(in_full(cost, people, 3 + seed))


def pmed1():
    """OR-Library's pmed1 (Beasley 1985): 100 nodes, 5 medians; a repeated edge counts last."""
    edge = np.zeros((100, 100))
    for a, b, length in np.array(PMED1.split(), dtype=int).reshape(-1, 3):
        edge[a - 1, b - 1] = edge[b - 1, a - 1] = length
    return shortest_path(edge, directed=False)


def test_the_published_optimum_of_pmed1_is_found():
    found = nearest_on_average(pmed1(), np.ones(100), Rules(count=5))
    assert (found.status, found.objective, found.bound) == ("optimal", 5819, 5819)


def test_the_published_radius_of_pmed1_is_found():
    found = nearest_at_worst(pmed1(), Rules(count=5))
    assert (found.status, found.objective, found.bound) == ("optimal", 127, 127)


def test_places_with_nobody_and_no_way_ask_for_nothing():
    cost = np.array([[np.inf, np.inf], [4.0, 9.0]])
    assert nearest_on_average(cost, [0, 2], Rules(count=1)).objective == 8
    assert nearest_at_worst(cost, Rules(count=1), people=[0, 2]).objective == 4
    assert nearest_on_average(cost, [1, 2], Rules(count=1)).status == "infeasible"
    assert nearest_at_worst(cost, Rules(count=1)).status == "infeasible"


def test_without_a_count_no_site_is_chosen_that_nobody_would_miss():
    cost = np.array([[1.0, 5.0, 1.0], [7.0, 6.0, 7.0]])
    rules = Rules(cost=np.array([2.0, 1.0, 3.0]))
    assert nearest_on_average(cost, [1, 1], rules).chosen == (0, 1)
    assert nearest_at_worst(cost, rules).chosen == (1,)


def town(places, sites, seed=0):
    rng = np.random.default_rng(seed)
    spots = rng.random((places, 2)) * 1e4
    far = np.hypot(*(spots[:, None] - spots[None, :sites]).transpose(2, 0, 1))
    return far, rng.integers(1, 99, places).astype(float)


def test_no_time_gives_no_answer_and_no_wrong_bound():
    cost, people = town(200, 60)
    best = nearest_on_average(cost, people, Rules(count=6))
    hasty = nearest_on_average(cost, people, Rules(count=6), Limits(seconds=0))
    assert hasty.status == "time_limit"
    assert hasty.bound <= best.objective
    assert hasty.chosen == () or hasty.objective >= best.objective
    hasty = nearest_at_worst(cost, Rules(count=6), Limits(seconds=0))
    assert hasty.status == "time_limit"
    assert hasty.bound <= nearest_at_worst(cost, Rules(count=6)).objective


@pytest.mark.parametrize("seed", range(4))
def test_a_gap_allowed_is_kept_and_the_bound_stays_true(seed):
    cost, people = town(80, 40, seed)
    best = nearest_on_average(cost, people, Rules(count=4))
    loose = nearest_on_average(cost, people, Rules(count=4), Limits(gap=0.05))
    assert loose.status == "optimal"
    assert loose.bound <= best.objective <= loose.objective
    assert loose.gap == pytest.approx((loose.objective - loose.bound) / loose.objective)
    assert loose.gap <= 0.05


@pytest.mark.parametrize("model", ["average", "worst"])
def test_what_is_told_only_gets_better_and_may_end_the_work(model):
    cost, people = town(150, 60)

    def solve(limits):
        if model == "average":
            return nearest_on_average(cost, people, Rules(count=5), limits)
        return nearest_at_worst(cost, Rules(count=5), limits)

    said = []
    found = solve(Limits(tell=lambda *now: said.append(now)))
    objectives = [o for o, _ in said if not np.isnan(o)]
    assert objectives == sorted(objectives, reverse=True)
    assert objectives[-1] == pytest.approx(found.objective)
    assert all(not b > found.objective * (1 + 1e-9) for _, b in said)

    def stop(*_):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        solve(Limits(tell=stop))


def test_too_large_a_rest_keeps_plan_and_bound(monkeypatch):
    monkeypatch.setattr("venuenet.siting.radius._MOST_PAIRS", 0)
    cost, people = town(60, 60)
    found = nearest_on_average(cost, people, Rules(count=2))
    monkeypatch.undo()
    best = nearest_on_average(cost, people, Rules(count=2))
    assert found.bound <= best.objective <= found.objective
    assert (found.status == "optimal") == (found.gap == 0)


@pytest.mark.parametrize(
    ("cost", "people", "says"),
    [
        ([[np.nan]], [1], "without NaN"),
        ([[-1.0]], [1], "not negative"),
        ([1.0], [1], "table of places by sites"),
        ([[1.0]], [np.inf], "one finite number per place"),
        ([[1.0]], [-1], "not negative"),
        ([[1.0]], [1, 2], "one finite number per place"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(cost, people, says):
    with pytest.raises(ValueError, match=says):
        nearest_on_average(cost, people, Rules(count=1))
    with pytest.raises(ValueError, match=says):
        nearest_at_worst(cost, Rules(count=1), people=people)


PMED1 = """
1 2 30 2 3 46 3 4 1 4 5 28 5 6 31 6 7 69 7 8 39 8 9 14 9 10 84 10 11 59 11 12 10 12 13 28 13 14 63
14 15 9 15 16 100 16 17 98 17 18 70 18 19 94 19 20 22 20 21 14 21 22 87 22 23 82 23 24 55 24 25 2
25 26 32 26 27 77 27 28 95 28 29 29 29 30 59 30 31 91 31 32 89 32 33 50 33 34 40 34 35 88 35 36 94
36 37 60 37 38 21 38 39 89 39 40 47 40 41 63 41 42 45 42 43 46 43 44 24 44 45 77 45 46 60 46 47 45
47 48 50 48 49 93 49 50 22 50 51 84 51 52 16 52 53 85 53 54 68 54 55 93 55 56 37 56 57 26 57 58 29
58 59 38 59 60 10 60 61 32 61 62 67 62 63 66 63 64 52 64 65 19 65 66 39 66 67 12 67 68 86 68 69 72
69 70 73 70 71 65 71 72 2 72 73 8 73 74 96 74 75 43 75 76 39 76 77 61 77 78 90 78 79 8 79 80 58 80
81 91 81 82 58 82 83 13 83 84 79 84 85 59 85 86 28 86 87 46 87 88 24 88 89 63 89 90 81 90 91 14 91
92 52 92 93 64 93 94 75 94 95 71 95 96 51 96 97 75 97 98 57 98 99 31 99 100 49 100 1 88 80 5 90 85
69 51 20 19 30 85 13 22 81 95 54 58 73 37 64 51 89 39 76 89 13 8 77 91 76 51 52 95 96 91 75 33 80
91 84 35 80 46 54 86 35 30 70 5 19 7 9 74 53 50 11 37 4 19 92 70 62 94 96 60 52 34 24 59 63 42 45
68 19 60 53 60 27 86 15 50 31 38 18 27 81 30 99 1 29 6 22 52 11 54 59 75 5 7 8 41 44 80 41 76 42
44 12 56 61 65 73 20 93 35 9 99 28 45 68 19 16 79 96 13 42 3 68 4 28 58 17 60 21 81 34 35 7 7 21
14 82 26 32 26 6 63 83 31 69 53 91 78 32 45 59 33 42 57 5 8 53 66 65 94 61 94 90 63 73 33 88 39 21
59 42 85 34 30 57 37 34 94 52 62 38 56 26 29 20 48 98 53 4 33 45 31 63 82 8 52 31 37 81 14 50 27
16 27 14 48 88 33 8 56 30 76 87 91 17 33 49 77 70 30 74 25 99 19 95 30 96 14 85 90 49 8 96 96 5 87
73 4 41 99 32 35 95 1 31 99 3 49 18 75 100 58 47 68 35 60 5 38 16 70 54 40 52 95 55 47 54 17 45 9
83 75 97 66 81 9 48 92 90 95 96 4 27 27 75 22 48 62 7 55 79 3 57 15 69 46
"""
