"""Hot spots: equal to esda called directly, and to the formulas written out in numpy."""

import math

import numpy as np
import pytest
from esda import G_Local, Moran_Local
from hypothesis import given, settings
from hypothesis import strategies as st
from libpysal.graph import Graph
from scipy.stats import norm

from venuenet.spots import adjust, gi_star, local_moran

BAND = 2500.0
SEEDS = st.integers(0, 2**32 - 1)


def town(seed, n=80):
    """Points in a square of ten kilometres whose values rise to the north-east."""
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, 10_000, (n, 2))
    return rng.gamma(2, 10, n) + xy.sum(axis=1) / 500, xy


def ties(xy, band):
    """Binary weights by brute force, nobody their own neighbour."""
    near = np.hypot(*(xy[:, None] - xy[None]).T) <= band
    np.fill_diagonal(near, val=False)
    return near.astype(float)


def gi_by_hand(y, xy, band):
    """Ord & Getis (1995), binary weights with oneself."""
    w = ties(xy, band) + np.eye(len(y))
    n, s = len(y), y.std()
    count = w.sum(axis=1)
    spread = s * np.sqrt((n * count - count**2) / (n - 1))
    return (w @ y - y.mean() * count) / spread


def moran_by_hand(y, xy, band):
    """Sokal et al. (1998), A7 and A8, row-standardised."""
    w = ties(xy, band)
    k = w.sum(axis=1)
    n, z = len(y), (y - y.mean()) / y.std()
    lag = w @ z / k
    found = (n - 1) / n * z * lag
    expected = -(z**2) / (n - 1)
    variance = z**2 * n / (n - 2) * (1 / k - 1 / (n - 1)) * (1 - z**2 / (n - 1))
    return (found - expected) / np.sqrt(variance), z > 0, lag > 0


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_gi_star_equals_esda_and_the_formula(seed):
    y, xy = town(seed)
    graph = Graph.build_distance_band(xy, BAND)
    theirs = G_Local(y, graph, transform="B", star=True, permutations=0)
    ours = gi_star(y, xy, BAND)
    judged = np.isfinite(ours.z)
    assert (~judged == graph.cardinalities.eq(0).to_numpy()).all()
    assert ours.z[judged] == pytest.approx(theirs.Zs[judged], abs=1e-9)
    assert ours.z[judged] == pytest.approx(gi_by_hand(y, xy, BAND)[judged], abs=1e-9)
    assert ours.p[judged] == pytest.approx(2 * norm.sf(abs(theirs.Zs[judged])), abs=1e-12)


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_local_moran_equals_esda_and_the_formula(seed):
    y, xy = town(seed)
    graph = Graph.build_distance_band(xy, BAND)
    theirs = Moran_Local(y, graph, permutations=0)
    ours = local_moran(y, xy, BAND, significance=1.0)
    judged = np.isfinite(ours.z)
    z = (theirs.Is - theirs.EIc)[judged] / np.sqrt(theirs.VIc[judged])
    assert ours.z[judged] == pytest.approx(z, abs=1e-9)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_hand, high, among_high = moran_by_hand(y, xy, BAND)
    assert ours.z[judged] == pytest.approx(by_hand[judged], abs=1e-9)
    names = {(1, 1): "high_high", (0, 0): "low_low", (1, 0): "high_low", (0, 1): "low_high"}
    expected = [names[int(a), int(b)] for a, b in zip(high, among_high, strict=True)]
    assert ours.spot[judged].tolist() == np.array(expected)[judged].tolist()


def test_the_probability_of_local_moran_is_near_that_of_permutations():
    y, xy = town(3, n=200)
    ours = local_moran(y, xy, BAND)
    k = ties(xy, BAND).sum(axis=1)
    rng = np.random.default_rng(1)
    z = (y - y.mean()) / y.std()
    for i in np.flatnonzero(k >= 8)[:40]:
        others, size = np.delete(z, i), int(k[i])
        drawn = np.array([rng.permutation(others)[:size].mean() for _ in range(2000)])
        lag = (ties(xy, BAND)[i] @ z) / size
        middle = drawn.mean()
        p = np.mean(abs(drawn - middle) >= abs(lag - middle))
        assert ours.p[i] == pytest.approx(p, abs=0.06)


def test_adjusted_probabilities_follow_benjamini_and_hochberg_step_by_step():
    p = np.random.default_rng(5).uniform(0, 1, 50) ** 3
    order, n = np.argsort(p), len(p)
    by_hand, lowest = np.empty(n), 1.0
    for rank in range(n, 0, -1):
        lowest = min(lowest, p[order[rank - 1]] * n / rank)
        by_hand[order[rank - 1]] = lowest
    assert adjust(p) == pytest.approx(by_hand, abs=1e-15)


def block(high, n=12, size=4):
    """A grid a kilometre apart with a block in one corner that differs, and a little noise."""
    xy = np.array([[x, y] for x in range(n) for y in range(n)], dtype=float) * 1000
    corner = (xy < size * 1000).all(axis=1)
    noise = np.random.default_rng(0).uniform(0, 1, len(xy))
    return np.where(corner, 60.0 if high else 0.0, 30.0) + noise, xy


@pytest.mark.parametrize(
    ("high", "gi", "moran"), [(True, "high", "high_high"), (False, "low", "low_low")]
)
def test_a_block_that_differs_is_found_and_named_by_its_side(high, gi, moran):
    y, xy = block(high)
    heart = (xy <= 2000).all(axis=1)
    assert set(gi_star(y, xy, 1500).spot[heart].tolist()) == {gi}
    assert set(local_moran(y, xy, 1500).spot[heart].tolist()) == {moran}
    far = (xy >= 6000).any(axis=1)
    assert gi not in gi_star(y, xy, 1500).spot[far]


@pytest.mark.parametrize(("value", "name"), [(90.0, "high_low"), (0.0, "low_high")])
def test_one_place_unlike_its_neighbours_is_an_outlier(value, name):
    y, xy = block(high=True)
    y = np.where((xy >= 6000).all(axis=1), 60.0 if name == "low_high" else 5.0, 30.0) + y / 100
    at = int(np.flatnonzero((xy == 9000).all(axis=1))[0])
    y[at] = value
    assert local_moran(y, xy, 1500).spot[at] == name


@pytest.mark.parametrize("statistic", [gi_star, local_moran])
def test_fewer_places_stand_out_the_stricter_the_significance(statistic):
    y, xy = town(11)
    counts = [int((statistic(y, xy, BAND, s).p_adjusted <= s).sum()) for s in (0.001, 0.05, 0.5)]
    named = [
        int((~np.isin(statistic(y, xy, BAND, s).spot, ["none", "no_data"])).sum())
        for s in (0.001, 0.05, 0.5)
    ]
    assert named == counts
    assert counts[0] < counts[1] < counts[2]


@pytest.mark.parametrize("statistic", [gi_star, local_moran])
def test_the_adjustment_is_over_the_places_judged_and_never_lowers_a_probability(statistic):
    y, xy = town(7)
    found = statistic(y, xy, BAND)
    judged = np.isfinite(found.p)
    assert found.p_adjusted[judged] == pytest.approx(adjust(found.p[judged]))
    assert (found.p_adjusted[judged] >= found.p[judged]).all()


@pytest.mark.parametrize("statistic", [gi_star, local_moran])
def test_a_place_with_no_neighbour_is_no_data_and_changes_nobody_to_no_data(statistic):
    y, xy = town(2)
    xy = np.vstack([xy, [[90_000, 90_000]]])
    found = statistic(np.append(y, 500.0), xy, 4000)
    assert found.spot[-1] == "no_data"
    assert np.isnan([found.z[-1], found.p[-1], found.p_adjusted[-1]]).all()
    assert "no_data" not in found.spot[:-1]


@pytest.mark.parametrize("statistic", [gi_star, local_moran])
@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_too_few_places_or_none_that_differ_are_no_data(statistic, n):
    found = statistic(np.full(n, 7.0), np.arange(2.0 * n).reshape(n, 2), 100)
    assert found.spot.tolist() == ["no_data"] * n
    assert np.isnan(found.z).all()
    if n == 2:
        found = statistic([1.0, 2.0], [[0, 0], [1, 1]], 100)
        assert found.spot.tolist() == ["no_data"] * 2


@pytest.mark.parametrize("seed", range(8))
def test_everybody_a_neighbour_of_everybody_is_no_data(seed):
    # Rounding leaves nothing or next to nothing over a spread of zero: NaN or infinite.
    y, xy = town(seed, n=50)
    found = gi_star(y, xy, 1e6)
    assert set(found.spot.tolist()) == {"no_data"}
    assert np.isnan(found.z).all()


def test_nobody_within_the_band_of_anybody_is_no_data():
    found = gi_star([1.0, 2.0, 3.0], [[0, 0], [9e5, 0], [0, 9e5]], 100)
    assert found.spot.tolist() == ["no_data"] * 3


def test_a_place_exactly_at_the_band_is_a_neighbour():
    xy = np.array([[0.0, 0], [1000, 0], [5000, 0], [6500, 0]])
    assert gi_star([1.0, 2, 3, 5], xy, 1000).spot[:2].tolist() != ["no_data"] * 2
    assert gi_star([1.0, 2, 3, 5], xy, 999.9).spot[:2].tolist() == ["no_data"] * 2


@pytest.mark.parametrize("statistic", [gi_star, local_moran])
@given(seed=SEEDS, scale=st.sampled_from([1e-200, 1e-6, 1e6, 1e200]))
@settings(max_examples=10, deadline=None)
def test_the_unit_of_the_value_does_not_matter(statistic, seed, scale):
    y, xy = town(seed)
    one, other = statistic(y, xy, BAND), statistic(scale * y, xy, BAND)
    assert one.z == pytest.approx(other.z, abs=1e-6, nan_ok=True)


@pytest.mark.parametrize("statistic", [gi_star, local_moran])
def test_the_same_question_has_the_same_answer(statistic):
    y, xy = town(9)
    assert (statistic(y, xy, BAND).p == statistic(y, xy, BAND).p).all()


@pytest.mark.parametrize("statistic", [gi_star, local_moran])
@pytest.mark.parametrize(
    ("value", "xy", "band", "why"),
    [
        ([1, math.nan, 2], [[0, 0]] * 3, 10, "finite"),
        ([1, math.inf, 2], [[0, 0]] * 3, 10, "finite"),
        ([1, -1, 2], [[0, 0]] * 3, 10, "negative"),
        ([1, 1, 2], [[0, math.nan]] * 3, 10, "finite"),
        ([1, 1, 2], [[0, 0]] * 2, 10, "xy"),
        ([1, 1, 2], [[0, 0]] * 3, 0, "band_m"),
        ([1, 1, 2], [[0, 0]] * 3, math.nan, "band_m"),
    ],
)
def test_numbers_that_are_none_are_refused(statistic, value, xy, band, why):
    with pytest.raises(ValueError, match=why):
        statistic(value, xy, band)
