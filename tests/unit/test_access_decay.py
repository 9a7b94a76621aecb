"""Decays: one half where it is said, never rising, never above 1, and told as a formula."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venuenet.access.decay import HALVED, Decay, interval_weights, thirds
from venuenet.errors import BadQueryError

halves = st.floats(1.01, 240)


def smooth(name, at, spread=10.0):
    return Decay(name, at=at, spread=spread if name == "logistic" else None)


@st.composite
def decays(draw):
    name = draw(st.sampled_from([*HALVED, "stepped", "binary"]))
    if name == "stepped":
        ends = sorted(draw(st.sets(st.integers(1, 120), min_size=1, max_size=20)))
        weights = sorted(draw(st.lists(st.floats(0, 1), min_size=len(ends), max_size=len(ends))))
        return Decay("stepped", steps=tuple(zip(ends, reversed(weights), strict=True)))
    if name == "binary":
        return Decay("binary")
    return smooth(name, draw(halves), draw(st.floats(0.1, 60)))


@pytest.mark.parametrize("name", HALVED)
@settings(deadline=None)
@given(at=halves)
def test_the_weight_is_one_half_at_the_minutes_named(name, at):
    assert smooth(name, at).weights(np.array([at])) == pytest.approx([0.5], rel=1e-12)


@settings(deadline=None)
@given(decay=decays(), minutes=st.lists(st.floats(0, 300), min_size=2, max_size=30))
def test_a_weight_lies_in_0_to_1_and_never_rises(decay, minutes):
    weights = decay.weights(np.sort(np.array(minutes)))
    assert ((weights >= 0) & (weights <= 1)).all()
    assert (np.diff(weights) <= 0).all()


@settings(deadline=None)
@given(decay=decays())
def test_a_decay_says_its_formula_in_ascii(decay):
    assert decay.formula().isascii()
    if decay.name in HALVED:
        assert f"{decay.at:.4g}" in decay.formula()
    if decay.name == "logistic":
        assert f"{decay.spread:.4g}" in decay.formula()


@pytest.mark.parametrize(
    ("decay", "at_10", "at_40"),
    [
        (Decay("exponential", at=20), 2**-0.5, 0.25),
        (Decay("power", at=2), 0.1, 0.025),
        (Decay("gaussian", at=20), 2**-0.25, 2**-4),
        (Decay("logistic", at=25, spread=5), 0.995685277, 0.004314723),
        (Decay("stepped", steps=((10, 1), (39, 0.5))), 1, 0),
        (Decay("stepped", steps=((9.5, 1), (40, 0.5))), 0.5, 0.5),
        (Decay("binary"), 1, 1),
    ],
    ids=lambda v: v.name if isinstance(v, Decay) else "",
)
def test_weights_at_10_and_40_minutes(decay, at_10, at_40):
    assert decay.weights(np.array([10.0, 40.0])) == pytest.approx([at_10, at_40], rel=1e-5)


def test_a_power_decay_is_1_up_to_a_minute():
    assert Decay("power", at=2).weights(np.array([0, 0.3, 1, 4])).tolist() == [1, 1, 1, 0.25]


def test_a_steep_logistic_far_from_its_middle_is_nothing_and_overflows_not():
    with np.errstate(all="raise"):
        weights = Decay("logistic", at=5, spread=0.01).weights(np.array([0.0, 120.0]))
    assert weights.tolist() == [1, 0]


def test_the_zones_of_luo_and_qi_are_thirds_of_the_catchment():
    assert thirds(30).steps == ((10, 1), (20, 0.68), (30, 0.22))
    thirty_three = thirds(20).weights(np.array([400, 401, 800, 801, 1200, 1201]) / 60)
    assert thirty_three.tolist() == [1, 0.68, 0.68, 0.22, 0.22, 0]


@settings(deadline=None)
@given(low=st.integers(0, 60), wide=st.integers(0, 60), minutes=st.floats(0, 130))
def test_an_interval_weight_is_the_share_of_cut_offs_a_trip_is_within(low, wide, minutes):
    within = [minutes <= cut for cut in range(low, low + wide + 1)]
    weight = interval_weights(np.array([minutes]), low, low + wide)
    assert weight == pytest.approx([np.mean(within)], abs=1e-12)


BAD = [
    ({"name": "linear"}, "decay"),
    ({"name": "exponential"}, "decay_at"),
    ({"name": "exponential", "at": 0}, "decay_at"),
    ({"name": "exponential", "at": -5}, "decay_at"),
    ({"name": "gaussian", "at": math.nan}, "decay_at"),
    ({"name": "gaussian", "at": math.inf}, "decay_at"),
    ({"name": "power", "at": 1}, "decay_at"),
    ({"name": "power", "at": 0.5}, "decay_at"),
    ({"name": "binary", "at": 5}, "decay_at"),
    ({"name": "logistic", "at": 5}, "decay_spread"),
    ({"name": "logistic", "at": 5, "spread": -1}, "decay_spread"),
    ({"name": "exponential", "at": 5, "spread": 5}, "decay_spread"),
    ({"name": "exponential", "at": 5, "steps": ((5, 1),)}, "steps"),
    ({"name": "stepped"}, "steps"),
    ({"name": "stepped", "steps": ((5, 0.5), (10, 0.6))}, "steps"),
    ({"name": "stepped", "steps": ((5, 1.1),)}, "steps"),
    ({"name": "stepped", "steps": ((5, -0.1),)}, "steps"),
    ({"name": "stepped", "steps": ((5, math.nan),)}, "steps"),
    ({"name": "stepped", "steps": ((10, 1), (10, 0.5))}, "steps"),
    ({"name": "stepped", "steps": ((10, 1), (5, 0.5))}, "steps"),
    ({"name": "stepped", "steps": ((0, 1),)}, "steps"),
    ({"name": "stepped", "steps": ((math.inf, 1),)}, "steps"),
    ({"name": "stepped", "steps": tuple((i, 0.5) for i in range(1, 22))}, "steps"),
]


@pytest.mark.parametrize(("given_", "param"), BAD)
def test_a_decay_that_rises_or_makes_no_sense_is_refused_by_name(given_, param):
    with pytest.raises(BadQueryError) as error:
        Decay(**given_)
    assert error.value.param == param


@pytest.mark.parametrize("ends", [(30, 20), (-1, 5)])
def test_an_interval_that_ends_before_it_begins_is_refused(ends):
    with pytest.raises(BadQueryError) as error:
        interval_weights(np.array([1.0]), *ends)
    assert error.value.param == "interval"
