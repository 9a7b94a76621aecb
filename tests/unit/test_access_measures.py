"""Every measure against loops over dictionaries that share no code with it; then its truths."""

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venuenet.access.catchment import (
    availability,
    balanced,
    three_step,
    two_step,
    unclaimed,
)
from venuenet.access.decay import Decay
from venuenet.access.measures import cumulative, cumulative_interval, gravity, nearest_minutes
from venuenet.access.pairs import from_arrays

DECAYS = [
    Decay("binary"),
    Decay("exponential", at=12),
    Decay("power", at=5),
    Decay("gaussian", at=20),
    Decay("logistic", at=30, spread=8),
    Decay("stepped", steps=((10, 1), (30, 0.68), (60, 0.22))),
]


def worth(decay, t):
    """The weight of t minutes, written once more from the formulas."""
    if decay.name == "binary":
        return 1.0
    if decay.name == "exponential":
        return math.exp(-math.log(2) / decay.at * t)
    if decay.name == "power":
        return max(t, 1.0) ** (math.log(0.5) / math.log(decay.at))
    if decay.name == "gaussian":
        return math.exp(-math.log(2) * t * t / decay.at**2)
    if decay.name == "logistic":
        return 1 / (1 + math.exp(math.pi * (t - decay.at) / (decay.spread * math.sqrt(3))))
    return next((w for end, w in decay.steps if t <= end), 0.0)


def sums(cells):
    out = defaultdict(float)
    for key, value in cells:
        out[key] += value
    return out


def naive_two_step(cost, people, supply, f):
    wanted = sums((j, people[i] * f[i, j]) for i, j in cost)
    ratio = {j: supply[j] / wanted[j] if wanted[j] > 0 else 0.0 for j in range(len(supply))}
    return sums((i, ratio[j] * f[i, j]) for i, j in cost)


def naive_three_step(cost, people, supply, f):
    choice = sums((i, f[i, j]) for i, j in cost)
    g = {(i, j): f[i, j] * f[i, j] / choice[i] if choice[i] else 0.0 for i, j in cost}
    return naive_two_step(cost, people, supply, g)


def naive_balanced(cost, people, supply, f):
    of_place, of_venue = (sums((key[a], f[key]) for key in cost) for a in (0, 1))
    wanted = sums((j, people[i] * f[i, j] / of_place[i]) for i, j in cost if of_place[i])
    out = defaultdict(float)
    for i, j in cost:
        if wanted[j] > 0 and of_venue[j]:
            out[i] += supply[j] / wanted[j] * f[i, j] / of_venue[j]
    return out


def naive_availability(cost, people, supply, f):
    """With the paper's population and impedance factors as they stand there."""
    everybody = sum(people)
    impeded = sums((j, f[i, j]) for i, j in cost)
    out = defaultdict(float)
    for i, j in cost:

        def both(k, j=j):
            return (people[k] / everybody) * (f[k, j] / impeded[j])

        total = sum(both(k) for k, other in cost if other == j)
        if total > 0:
            out[i] += supply[j] * both(i) / total
    return out


NAIVE = {
    two_step: naive_two_step,
    three_step: naive_three_step,
    balanced: naive_balanced,
    availability: naive_availability,
}
minutes_ = st.integers(0, 240).map(lambda q: q / 4)
amounts = st.integers(0, 5000)


@st.composite
def cases(draw, least_people=0):
    """Some places and venues, asymmetric minutes for some of the pairs, people, supply."""
    n, m = draw(st.integers(1, 6)), draw(st.integers(0, 5))
    keys = [(i, j) for i in range(n) for j in range(m)]
    there = draw(st.lists(st.sampled_from(keys), unique=True)) if keys else []
    cost = {key: draw(minutes_) for key in there}
    people = draw(st.lists(st.integers(least_people, 5000), min_size=n, max_size=n))
    supply = draw(st.lists(amounts, min_size=m, max_size=m))
    return cost, people, supply


def table(cost, people, supply):
    """Pairs, people and supply as the measures take them; pairs in the order they were drawn."""
    pairs = from_arrays(
        len(people), len(supply), [i for i, _ in cost], [j for _, j in cost], list(cost.values())
    )
    return pairs, np.array(people, dtype=float), np.array(supply, dtype=float)


def close(found, expected):
    assert found == pytest.approx([expected[i] for i in range(len(found))], rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("measure", NAIVE, ids=lambda f: f.__name__)
@settings(deadline=None)
@given(case=cases(), decay=st.sampled_from(DECAYS))
def test_a_catchment_measure_is_what_loops_over_dictionaries_give(measure, case, decay):
    cost, people, supply = case
    if measure is availability and not sum(people):
        people = [1, *people[1:]]
    f = {key: worth(decay, t) for key, t in cost.items()}
    close(measure(*table(cost, people, supply), decay), NAIVE[measure](cost, people, supply, f))


@settings(deadline=None)
@given(case=cases(), decay=st.sampled_from(DECAYS))
def test_gravity_is_the_sum_of_supply_by_weight(case, decay):
    cost, people, supply = case
    pairs, _, there = table(*case)
    expected = sums((i, supply[j] * worth(decay, t)) for (i, j), t in cost.items())
    close(gravity(pairs, there, decay), expected)
    assert len(people) == len(gravity(pairs, there, decay))


@settings(deadline=None)
@given(case=cases(), cut=minutes_)
def test_the_cumulative_measure_counts_what_is_within_the_minutes_and_at_them(case, cut):
    cost, _, supply = case
    pairs, _, there = table(*case)
    expected = sums((i, supply[j]) for (i, j), t in cost.items() if t <= cut)
    close(cumulative(pairs, there, cut), expected)


@settings(deadline=None)
@given(case=cases(), ends=st.tuples(st.integers(0, 60), st.integers(0, 60)).map(sorted))
def test_the_interval_measure_is_the_mean_over_its_cut_offs(case, ends):
    low, high = ends
    pairs, _, supply = table(*case)
    every = [cumulative(pairs, supply, cut) for cut in range(low, high + 1)]
    found = cumulative_interval(pairs, supply, low, high)
    assert found == pytest.approx(np.mean(every, axis=0), rel=1e-12, abs=1e-9)


@settings(deadline=None)
@given(case=cases(), k=st.integers(1, 4))
def test_the_kth_nearest_is_the_kth_of_the_sorted_minutes(case, k):
    cost, people, _ = case
    found = nearest_minutes(table(*case)[0], k)
    for i in range(len(people)):
        mine = sorted(t for (a, _), t in cost.items() if a == i)
        assert (found[i] == mine[k - 1]) if len(mine) >= k else np.isnan(found[i])


# The truths


@settings(deadline=None)
@given(case=cases(), cut=minutes_, more=amounts, data=st.data())
def test_one_venue_more_never_lowers_the_cumulative_measure(case, cut, more, data):
    cost, people, supply = case
    before = cumulative(*table(*case)[::2], cut)
    extra = {(i, len(supply)): data.draw(minutes_) for i in range(len(people))}
    after = cumulative(*table({**cost, **extra}, people, [*supply, more])[::2], cut)
    assert (after >= before).all()


@settings(deadline=None)
@given(case=cases(), cuts=st.tuples(minutes_, minutes_).map(sorted))
def test_a_longer_cut_off_never_lowers_the_cumulative_measure(case, cuts):
    pairs, _, supply = table(*case)
    short, long = (cumulative(pairs, supply, cut) for cut in cuts)
    assert (long >= short).all()


@settings(deadline=None)
@given(people=st.lists(amounts, min_size=1, max_size=5), decay=st.sampled_from(DECAYS))
def test_no_venue_no_access(people, decay):
    pairs, persons, supply = table({}, people, [])
    for measure in NAIVE:
        assert measure(pairs, persons, supply, decay).tolist() == [0.0] * len(people)
    assert gravity(pairs, supply, decay).tolist() == [0.0] * len(people)
    assert cumulative(pairs, supply, 60).tolist() == [0.0] * len(people)
    assert np.isnan(nearest_minutes(pairs)).all()


def claimed(pairs, people, supply, decay):
    return supply[~unclaimed(pairs, people, supply, decay)].sum()


@pytest.mark.parametrize("measure", [two_step, three_step], ids=lambda f: f.__name__)
@settings(deadline=None)
@given(case=cases(), decay=st.sampled_from(DECAYS))
def test_what_people_get_adds_up_to_the_supply_somebody_reaches(measure, case, decay):
    pairs, people, supply = table(*case)
    got = float(people @ measure(pairs, people, supply, decay))
    assert got == pytest.approx(claimed(pairs, people, supply, decay), rel=1e-9, abs=1e-9)


@settings(deadline=None)
@given(case=cases(), decay=st.sampled_from(DECAYS))
def test_availability_adds_up_to_the_supply_somebody_reaches(case, decay):
    pairs, people, supply = table(*case)
    got = float(availability(pairs, people, supply, decay).sum())
    assert got == pytest.approx(claimed(pairs, people, supply, decay), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("measure", [two_step, three_step, availability], ids=lambda f: f.__name__)
@settings(deadline=None)
@given(case=cases(), decay=st.sampled_from(DECAYS), data=st.data())
def test_splitting_a_place_in_two_changes_no_sum(measure, case, decay, data):
    cost, people, supply = case
    i = data.draw(st.integers(0, len(people) - 1))
    part = data.draw(st.integers(0, people[i]))
    new = len(people)
    halves = [*people, part]
    halves[i] -= part
    twice = {**cost, **{(new, j): t for (a, j), t in cost.items() if a == i}}
    before = measure(*table(cost, people, supply), decay)
    after = measure(*table(twice, halves, supply), decay)
    if measure is availability:
        assert after[i] + after[new] == pytest.approx(before[i], rel=1e-9, abs=1e-9)
        assert after.sum() == pytest.approx(before.sum(), rel=1e-9, abs=1e-9)
    else:
        whole, split = np.array(people), np.array(halves)
        assert split @ after == pytest.approx(whole @ before, rel=1e-9, abs=1e-9)
        if people[i] and split[i]:
            assert after[i] == pytest.approx(before[i], rel=1e-9, abs=1e-9)


@settings(deadline=None)
@given(case=cases(), decay=st.sampled_from(DECAYS))
def test_balanced_access_adds_up_to_the_level_of_service(case, decay):
    cost, people, supply = case
    f = {key: worth(decay, t) for key, t in cost.items()}
    of_place = sums((i, f[i, j]) for i, j in cost)
    wanted = sums((j, people[i] * f[i, j] / of_place[i]) for i, j in cost if of_place[i])
    level = sum(s / wanted[j] for j, s in enumerate(supply) if wanted[j] > 0)
    found = balanced(*table(*case), decay).sum()
    assert found == pytest.approx(level, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("measure", [two_step, three_step, balanced], ids=lambda f: f.__name__)
@settings(deadline=None)
@given(case=cases(), decay=st.sampled_from(DECAYS))
def test_rivals_who_travel_alike_change_nothing(measure, case, decay):
    pairs, people, supply = table(*case)
    alone = measure(pairs, people, supply, decay)
    assert np.array_equal(measure(pairs, people, supply, decay, pairs), alone)


@pytest.mark.parametrize("measure", [two_step, three_step, balanced], ids=lambda f: f.__name__)
def test_who_travels_more_slowly_finds_venues_as_crowded_as_they_are(measure):
    decay = Decay("exponential", at=10)
    everybody, people, supply = table({(0, 0): 10.0, (1, 0): 10.0}, [100, 100], [8])
    slower, *_ = table({(0, 0): 20.0, (1, 0): 10.0}, [100, 100], [8])
    crowded = measure(everybody, people, supply, decay)
    found = measure(slower, people, supply, decay, everybody)
    # One venue: shares of choice are 1. Balanced access is shared among the two by weight.
    factor = {balanced: 2 / 3}.get(measure, 1 / 2)
    assert found[0] == pytest.approx(crowded[0] * factor)
    assert found[0] < measure(slower, people, supply, decay)[0] or measure is balanced


def test_balanced_access_of_a_slower_group_meets_the_choices_of_everybody():
    """Everybody in place 0 has a second venue: half of them are no rivals for the first."""
    decay = Decay("exponential", at=10)
    cost = {(0, 0): 10.0, (1, 0): 10.0}
    slower, people, supply = table(cost, [100, 100], [8, 4])
    everybody, *_ = table({**cost, (0, 1): 10.0}, [100, 100], [8, 4])
    found = balanced(slower, people, supply, decay, everybody)
    assert found == pytest.approx([8 / 150 / 2] * 2)
    assert balanced(slower, people, supply, decay) == pytest.approx([8 / 200 / 2] * 2)


def test_a_venue_nobody_lives_near_is_told_and_gives_nobody_an_infinite_access():
    pairs, people, supply = table({(0, 0): 5.0, (1, 1): 5.0}, [100, 0], [3, 7])
    assert two_step(pairs, people, supply).tolist() == [0.03, 0.0]
    assert unclaimed(pairs, people, supply).tolist() == [False, True]
    assert unclaimed(pairs, people, np.zeros(2)).tolist() == [False, False]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
@pytest.mark.parametrize("measure", NAIVE, ids=lambda f: f.__name__)
def test_people_and_supply_that_are_no_amounts_are_refused(measure, bad):
    pairs, people, supply = table({(0, 0): 1.0, (1, 0): 2.0}, [1, 2], [3])
    with pytest.raises(ValueError, match="demand must be finite"):
        measure(pairs, np.array([1.0, bad]), supply, DECAYS[1])
    with pytest.raises(ValueError, match="supply must be finite"):
        measure(pairs, people, np.array([bad]), DECAYS[1])
    for free in (
        lambda s: cumulative(pairs, s, 5),
        lambda s: gravity(pairs, s, DECAYS[1]),
        lambda s: cumulative_interval(pairs, s, 1, 5),
    ):
        with pytest.raises(ValueError, match="supply must be finite"):
            free(np.array([bad]))


def test_amounts_of_the_wrong_number_are_refused():
    pairs, people, supply = table({(0, 0): 1.0}, [1, 2], [3])
    with pytest.raises(ValueError, match="demand must be 2 numbers"):
        two_step(pairs, people[:1], supply)
    with pytest.raises(ValueError, match="supply must be 1 numbers"):
        two_step(pairs, people, np.ones(2))
    with pytest.raises(ValueError, match="at least 1"):
        nearest_minutes(pairs, 0)
