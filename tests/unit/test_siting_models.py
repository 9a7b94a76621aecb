"""The siting models against every choice there is, on random small cities."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venuenet.siting.models import cover_all, cover_most, nearest_on_average


@st.composite
def cities(draw):
    places, sites = draw(st.integers(1, 8)), draw(st.integers(1, 7))
    seed = draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    cost = rng.integers(0, 40, (places, sites)).astype(float)
    cost[rng.random(cost.shape) < draw(st.sampled_from([0, 0.2, 0.6]))] = np.inf
    return cost, rng.integers(0, 50, places), draw(st.integers(0, sites))


def choices(sites, p):
    return [list(c) for c in combinations(range(sites), p)]


@given(city=cities())
@settings(max_examples=150, deadline=None)
def test_no_choice_of_as_many_sites_reaches_more_people(city):
    cost, people, p = city
    reach = cost <= 20
    best = max(people[reach[:, c].any(axis=1)].sum() for c in choices(cost.shape[1], p))
    found = cover_most(reach, people, p)
    assert found.objective == pytest.approx(best)
    assert len(found.chosen) == p
    assert people[reach[:, list(found.chosen)].any(axis=1)].sum() == best
    assert found.bound == pytest.approx(best)


@given(city=cities())
@settings(max_examples=150, deadline=None)
def test_no_fewer_sites_reach_everybody(city):
    cost, *_ = city
    reach = cost <= 20
    found = cover_all(reach)
    if not reach.any(axis=1).all():
        assert (found.status, found.chosen) == ("infeasible", ())
        return
    assert reach[:, list(found.chosen)].any(axis=1).all()
    assert not any(
        reach[:, c].any(axis=1).all() for c in choices(cost.shape[1], len(found.chosen) - 1)
    )


@given(city=cities())
@settings(max_examples=150, deadline=None)
def test_no_choice_of_as_many_sites_is_nearer_on_average(city):
    cost, people, p = city
    p = max(p, 1)
    ways = [people @ cost[:, c].min(axis=1) for c in choices(cost.shape[1], p)
            if np.isfinite(cost[:, c].min(axis=1)).all()]  # fmt: skip
    found = nearest_on_average(cost, people, p)
    if not ways:
        assert (found.status, found.chosen) == ("infeasible", ())
        return
    assert found.objective == pytest.approx(min(ways))
    assert people @ cost[:, list(found.chosen)].min(axis=1) == pytest.approx(min(ways))


def test_what_makes_no_sense_is_refused():
    reach = np.array([[True, False]])
    with pytest.raises(ValueError, match="between 0 and the 2 sites"):
        cover_most(reach, [1], 3)
    with pytest.raises(ValueError, match="not negative"):
        cover_most(reach, [-1], 1)
    with pytest.raises(ValueError, match="one finite number per place"):
        nearest_on_average([[1.0, 2.0]], [np.nan], 1)
    with pytest.raises(ValueError, match="true or false"):
        cover_all([[0.5, 1]])
