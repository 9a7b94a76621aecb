"""Floating catchments against PySAL's access, where it is installed (the extra ``bench``)."""

import warnings

import numpy as np
import pandas as pd
import pytest

from venuenet.access.catchment import three_step, two_step
from venuenet.access.decay import Decay
from venuenet.access.pairs import from_arrays

pysal = pytest.importorskip("access", reason="the extra bench is not installed")
pytestmark = pytest.mark.external

STEPS = {10: 1, 30: 0.68, 60: 0.22}
STEPPED = Decay("stepped", steps=tuple(STEPS.items()))


def town(seed):
    """Random asymmetric minutes among the very same places and venues, not all in reach."""
    rng = np.random.default_rng(seed)
    n, m = rng.integers(2, 40, 2)
    place, venue = np.nonzero(rng.random((n, m)) < rng.uniform(0.2, 1))
    minutes = rng.uniform(0, 90, len(place)).round(1)
    return n, m, place, venue, minutes, rng.integers(1, 999, n), rng.integers(0, 99, m)


def asked(ask, seed, **more):
    n, m, place, venue, minutes, people, supply = town(seed)
    cost = pd.DataFrame({"origin": place, "dest": venue, "cost": minutes})
    demand, there = (
        pd.DataFrame({name: values.astype(float)}, index=pd.RangeIndex(len(values), name="geoid"))
        for name, values in (("demand", people), ("supply", supply))
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = ask(demand, there, cost[cost["cost"] <= 60].copy(), max_cost=60, **more)
    pairs = from_arrays(n, m, place, venue, minutes).within(60)
    expected = found.reindex(range(n), fill_value=0).to_numpy()
    return pairs, people.astype(float), supply.astype(float), expected


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", ["2SFCA", "E2SFCA", "3SFCA"])
def test_catchments_equal_pysals_to_the_ninth_digit(name, seed):
    step = pysal.weights.step_fn(STEPS)
    ask, measure, more = {
        "2SFCA": (pysal.fca.two_stage_fca, two_step, {}),
        "E2SFCA": (pysal.fca.two_stage_fca, two_step, {"weight_fn": step}),
        "3SFCA": (pysal.fca.three_stage_fca, three_step, {"weight_fn": step}),
    }[name]
    index = {"demand_index": True, "supply_index": True}
    pairs, people, supply, expected = asked(ask, seed, **index, **more)
    decay = STEPPED if more else Decay("binary")
    found = measure(pairs, people, supply, decay)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert (found > 0).any()
