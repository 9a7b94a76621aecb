"""Equity measures: the inequality package, brute force person by person, and their axioms."""

import math

import inequality.gini
import inequality.theil
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import rankdata

from venuenet.equity import (
    concentration,
    fgt,
    fgt_excess,
    gini,
    lorenz,
    mean,
    palma,
    theil,
    theil_between_within,
)

INDICES = {
    "mean": mean,
    "gini": gini,
    "palma": palma,
    "theil": theil,
    "fgt": lambda v, p: fgt(v, p, 30),
    "fgt_excess": lambda v, p: fgt_excess(v, p, 30),
    "lorenz": lorenz,
}
RELATIVE = ("gini", "palma", "theil", "lorenz")

VALUES = st.floats(0, 1e4).map(lambda x: round(x, 3))
CITY = st.lists(
    st.tuples(VALUES, st.integers(0, 500), st.integers(0, 4)), min_size=1, max_size=30
).map(lambda rows: tuple(np.array(c) for c in zip(*rows, strict=True)))


def provided(city):
    value, people, part = city
    assume((value * people).sum() > 0)
    return value, people, part


def same(one, other, tolerance=1e-12):
    if one is None or other is None:
        return one is other
    return np.allclose(one, other, rtol=tolerance, atol=tolerance)


# Second implementations: every person apart, by the definitions


def everybody(value, people):
    return np.repeat(value, people)


def gini_of_all_pairs(x):
    return np.abs(np.subtract.outer(x, x)).mean() / (2 * x.mean())


def palma_of_tenths(x):
    """Ten copies of everybody, so that tenths are whole people."""
    x = np.sort(np.repeat(x, 10))
    n = len(x)
    return x[n - n // 10 :].sum() / x[: 4 * n // 10].sum()


@given(CITY)
def test_gini_is_half_the_mean_difference_between_any_two_people(city):
    value, people, _ = provided(city)
    keep = np.minimum(people, 20)
    assume((value * keep).sum() > 0)
    assert gini(value, keep) == pytest.approx(gini_of_all_pairs(everybody(value, keep)), abs=1e-9)


@given(CITY)
def test_palma_compares_the_top_tenth_with_the_bottom_four_counted_one_by_one(city):
    value, people, _ = provided(city)
    x = everybody(value, people)
    below = np.sort(np.repeat(x, 10))[: 4 * len(x)].sum()
    assume(below > 1e-6 * x.sum())
    assert palma(value, people) == pytest.approx(palma_of_tenths(x), rel=1e-6)


def test_palma_splits_the_people_of_a_place_across_the_border():
    # Ten people: 4 with 1 each would be the bottom; but places hold 3 with 1 and 7 with 2.
    assert palma([1, 2], [3, 7]) == pytest.approx(2 / (3 * 1 + 1 * 2))


@given(st.lists(st.floats(0.1, 1e4), min_size=2, max_size=40))
def test_gini_and_theil_equal_the_inequality_package(values):
    x = np.array(values)
    assert gini(x, np.ones(len(x))) == pytest.approx(inequality.gini.Gini(x).g, abs=1e-10)
    assert theil(x, np.ones(len(x))) == pytest.approx(inequality.theil.Theil(x).T, abs=1e-10)


@given(st.lists(st.tuples(st.floats(0.1, 1e4), st.integers(0, 3)), min_size=2, max_size=40))
def test_between_and_within_equal_the_inequality_package(rows):
    x, part = (np.array(c) for c in zip(*rows, strict=True))
    theirs = inequality.theil.TheilD(x, part)
    between, within = theil_between_within(x, np.ones(len(x)), part)
    assert between == pytest.approx(float(np.squeeze(theirs.bg)), abs=1e-10)
    assert within == pytest.approx(float(np.squeeze(theirs.wg)), abs=1e-10)


@given(CITY)
def test_theil_within_is_the_parts_own_theil_weighted_by_what_they_have(city):
    value, people, part = provided(city)
    total = (value * people).sum()
    own = sum(
        (theil(value[part == g], people[part == g]) or 0) * (value * people)[part == g].sum()
        for g in set(part.tolist())
    )
    assert theil_between_within(value, people, part)[1] == pytest.approx(own / total, abs=1e-10)


@given(CITY, st.floats(0.5, 1e4))
def test_fgt_is_the_mean_gap_of_everybody_counted_one_by_one(city, line):
    value, people, _ = city
    assume(people.sum() > 0)
    x = everybody(value, people)
    for ours, sign in ((fgt, 1), (fgt_excess, -1)):
        gaps = [sign * (line - v) / line for v in x if sign * (line - v) > 0]
        by_hand = [sum(g**a for g in gaps) / len(x) for a in (0, 1, 2)]
        assert ours(value, people, line) == pytest.approx(by_hand, rel=1e-9, abs=1e-12)


@given(CITY, st.randoms(use_true_random=False))
def test_concentration_is_the_covariance_with_mid_ranks_of_everybody(city, random):
    value, people, part = provided(city)
    keep = np.minimum(people, 20)
    assume((value * keep).sum() > 0)
    assume(len(set(part[keep > 0].tolist())) > 1)
    x, rank = everybody(value, keep), everybody(part, keep)
    at = (rankdata(rank, method="average") - 0.5) / len(x)
    by_hand = 2 * np.cov(x, at, bias=True)[0, 1] / x.mean()
    assert concentration(value, keep, part) == pytest.approx(by_hand, abs=1e-9)


def test_concentration_by_oneself_is_the_gini():
    value, people = [3, 1, 4, 1, 5, 9, 2, 6], [5, 3, 8, 9, 7, 9, 3, 2]
    assert concentration(value, people, value) == pytest.approx(gini(value, people))
    reversed_rank = [-v for v in value]
    assert concentration(value, people, reversed_rank) == pytest.approx(-gini(value, people))


def test_a_share_split_in_two_halves_has_the_values_of_the_textbook():
    # Half the people have all: G = 1/2, T = ln 2, L(1/2) = 0.
    assert gini([0, 1], [7, 7]) == pytest.approx(0.5)
    assert theil([0, 1], [7, 7]) == pytest.approx(math.log(2))
    assert lorenz([0, 1], [7, 7], 3).tolist() == [[0, 0], [0.5, 0], [1, 1]]
    assert palma([0, 1], [7, 7]) is None
    assert palma([5, 5], [1, 9]) == pytest.approx(0.25)


# Exactly at the line


def test_somebody_exactly_at_the_line_is_not_poor_by_either_measure():
    assert fgt([45], [10], 45) == (0, 0, 0)
    assert fgt_excess([45], [10], 45) == (0, 0, 0)
    assert fgt([44], [10], 45)[0] == 1
    assert fgt_excess([46], [10], 45)[0] == 1


def test_the_excess_of_ninety_minutes_at_a_standard_of_forty_five_is_one_standard():
    assert fgt_excess([90, 30], [1, 1], 45) == pytest.approx((0.5, 0.5, 0.5))
    assert fgt_excess([135], [4], 45) == pytest.approx((1, 2, 4))


# Axioms


@pytest.mark.parametrize("name", INDICES)
@given(city=CITY, at=st.integers(0, 29), share=st.floats(0, 1))
def test_splitting_a_place_in_two_changes_nothing(name, city, at, share):
    value, people, _ = city
    at %= len(value)
    first = share * people[at]
    split = np.append(people.astype(float), people[at] - first)
    split[at] = first
    ours = INDICES[name]
    assert same(ours(value, people), ours(np.append(value, value[at]), split))


@given(city=CITY, at=st.integers(0, 29), share=st.floats(0, 1))
def test_splitting_a_place_changes_neither_concentration_nor_decomposition(city, at, share):
    value, people, part = city
    at %= len(value)
    first = share * people[at]
    split = np.append(people.astype(float), people[at] - first)
    split[at] = first
    value2, part2 = np.append(value, value[at]), np.append(part, part[at])
    for ours in (concentration, theil_between_within):
        assert same(ours(value, people, part), ours(value2, split, part2))


@pytest.mark.parametrize("name", INDICES)
@given(city=CITY, times=st.integers(2, 9))
def test_counting_everybody_several_times_changes_nothing(name, city, times):
    value, people, _ = city
    ours = INDICES[name]
    assert same(ours(value, people), ours(value, times * people))
    assert same(ours(value, people), ours(np.tile(value, times), np.tile(people, times)))


@pytest.mark.parametrize("name", RELATIVE)
@given(city=CITY, scale=st.floats(1e-6, 1e6))
def test_the_unit_of_the_value_does_not_matter(name, city, scale):
    value, people, _ = provided(city)
    ours = INDICES[name]
    assert same(ours(value, people), ours(scale * value, people), 1e-10)


@given(city=CITY, scale=st.floats(1e-6, 1e6))
def test_the_unit_matters_neither_for_poverty_nor_for_concentration(city, scale):
    value, people, part = provided(city)
    # Nobody within rounding of the line.
    assume(not np.isclose(value, 30, rtol=1e-9).any())
    for ours in (fgt, fgt_excess):
        assert same(ours(value, people, 30), ours(scale * value, people, scale * 30), 1e-9)
    one, other = (concentration(v, people, part) for v in (value, scale * value))
    assert same(one, other, 1e-10)


@given(CITY)
def test_theil_is_between_plus_within(city):
    value, people, part = provided(city)
    assert sum(theil_between_within(value, people, part)) == pytest.approx(
        theil(value, people), abs=1e-12, rel=1e-12
    )


@given(CITY)
def test_gini_lies_between_nothing_and_one(city):
    value, people, _ = provided(city)
    assert 0 <= gini(value, people) < 1


@given(st.floats(0.001, 1e6), st.lists(st.integers(1, 999), min_size=1, max_size=20))
def test_equality_is_zero(level, people):
    value = [level] * len(people)
    assert gini(value, people) == pytest.approx(0, abs=1e-12)
    assert theil(value, people) == pytest.approx(0, abs=1e-12)
    assert palma(value, people) == pytest.approx(0.25)
    assert lorenz(value, people)[:, 1] == pytest.approx(lorenz(value, people)[:, 0])


@given(
    st.lists(st.floats(1, 1000), min_size=3, max_size=20),
    st.floats(0.05, 0.45),
)
def test_giving_from_the_rich_to_the_poor_lowers_inequality(values, share):
    value = np.sort(np.array(values))
    assume(value[-1] - value[0] > 1)
    after = value.copy()
    moved = share * (value[-1] - value[0])
    after[0] += moved
    after[-1] -= moved
    people = np.ones(len(value))
    assert gini(after, people) < gini(value, people)
    assert theil(after, people) < theil(value, people)


@given(CITY)
def test_the_lorenz_curve_is_convex_and_never_above_equality(city):
    value, people, _ = provided(city)
    x, y = lorenz(value, people).T
    assert len(x) == 21
    assert (x[0], y[0], x[-1]) == (0, 0, 1)
    assert y[-1] == pytest.approx(1)
    assert (np.diff(y, 2) >= -1e-12).all()
    assert (y <= x + 1e-12).all()


@given(CITY, st.floats(0.5, 1e4))
def test_poverty_falls_with_the_power_for_benefits(city, line):
    value, people, _ = city
    assume(people.sum() > 0)
    p0, p1, p2 = fgt(value, people, line)
    assert 1 >= p0 >= p1 >= p2 >= 0


def test_the_excess_of_a_cost_may_exceed_its_head_count():
    e0, e1, e2 = fgt_excess([200], [1], 20)
    assert e0 < e1 < e2


# No data, and refusals


@pytest.mark.parametrize("name", INDICES)
@pytest.mark.parametrize("city", [([], []), ([5, 6], [0, 0])])
def test_nobody_is_no_data(name, city):
    assert INDICES[name](*city) is None


def test_nobody_is_no_data_for_concentration_and_decomposition():
    assert concentration([1, 2], [0, 0], [1, 2]) is None
    assert theil_between_within([1, 2], [0, 0], [1, 2]) is None


def test_nothing_to_share_is_no_data_but_a_mean_of_zero():
    for name in RELATIVE:
        assert INDICES[name]([0, 0], [3, 4]) is None
    assert concentration([0, 0], [3, 4], [1, 2]) is None
    assert theil_between_within([0, 0], [3, 4], [1, 2]) is None
    assert mean([0, 0], [3, 4]) == 0
    assert fgt([0, 0], [3, 4], 10) == (1, 1, 1)


def test_all_ranked_alike_has_no_concentration():
    assert concentration([1, 2], [3, 4], [7, 7]) is None
    # Nor does a rank that nobody holds count.
    assert concentration([1, 2, 3], [3, 4, 0], [7, 7, 8]) is None


def test_a_part_that_has_nothing_has_no_inequality_of_its_own():
    between, within = theil_between_within([0, 0, 0, 10, 10, 10], [1] * 6, [1, 1, 1, 2, 2, 2])
    assert (between, within) == pytest.approx((math.log(2), 0))


@pytest.mark.parametrize("name", INDICES)
@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
def test_negative_infinite_or_missing_numbers_are_refused(name, bad):
    with pytest.raises(ValueError, match="value must be finite"):
        INDICES[name]([1, bad], [1, 1])
    with pytest.raises(ValueError, match="people must be finite"):
        INDICES[name]([1, 1], [1, bad])
    with pytest.raises(ValueError, match="one length"):
        INDICES[name]([1, 1], [1])


@pytest.mark.parametrize("line", [0, -1, math.nan, math.inf])
@pytest.mark.parametrize("measure", [fgt, fgt_excess])
def test_a_line_that_is_no_line_is_refused(measure, line):
    with pytest.raises(ValueError, match="line"):
        measure([1], [1], line)


def test_ranks_and_parts_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="rank"):
        concentration([1, 2], [1, 1], [1])
    with pytest.raises(ValueError, match="rank"):
        concentration([1, 2], [1, 1], [1, math.nan])
    with pytest.raises(ValueError, match="part"):
        theil_between_within([1, 2], [1, 1], [1])


def test_very_large_and_very_small_values_do_not_overflow():
    for scale in (1e306, 1e-300):
        assert gini([scale, 3 * scale], [1000, 1000]) == pytest.approx(0.25)
        assert mean([scale, 3 * scale], [1000, 1000]) == pytest.approx(2 * scale)
