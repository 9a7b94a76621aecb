"""What may be asked of a measure, and that what it has no use for is refused by name."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venuenet.access.ask import (
    ACCESS,
    MEASURES,
    PARAMETERS,
    AccessSpec,
    parse_access,
    scale_of,
    unit_of,
)
from venuenet.access.decay import DECAYS, Decay, thirds
from venuenet.errors import BadQueryError
from venuenet.model import Question

VALUE = {
    "k": "2",
    "interval": "20-40",
    "decay": "gaussian",
    "decay_at": "10",
    "decay_spread": "4",
    "steps": "10:1,30:0.5",
    "supply": "capacity",
    "unknown_capacity": "median",
}
NEEDS = {
    "decay_at": {"decay": "gaussian"},
    "decay_spread": {"decay": "logistic"},
    "steps": {"decay": "stepped"},
    "unknown_capacity": {"supply": "capacity"},
}


def ask(question=None, **given_):
    return parse_access(question or Question(), given_)


def refused(question=None, **given_):
    with pytest.raises(BadQueryError) as error:
        ask(question, **given_)
    assert max(error.value.detail) > "\u4e00"
    return error.value


@pytest.mark.parametrize("given_", [{}, {"measure": None}, {"measure": "covered"}])
def test_plain_coverage_is_asked_by_saying_nothing(given_):
    assert ask(**given_) is None


@pytest.mark.parametrize("measure", PARAMETERS)
@pytest.mark.parametrize("param", VALUE)
def test_a_parameter_changes_what_is_asked_or_is_refused(measure, param):
    given_ = {"measure": measure, param: VALUE[param]}
    if param in PARAMETERS[measure]:
        given_ |= NEEDS.get(param, {})
        plain = ask(**{"measure": measure, **NEEDS.get(param, {})})
        assert ask(**given_) != plain
    else:
        assert refused(**given_).param == param
        assert refused(**given_).allowed == list(PARAMETERS[measure])


def test_every_parameter_is_of_some_use():
    assert {p for names in PARAMETERS.values() for p in names} == set(ACCESS) - {"measure"}
    assert set(VALUE) == set(ACCESS) - {"measure"}


def test_the_usual_parameters():
    question = Question(minutes=30, k=2)
    assert ask(question, measure="nearest").k == 2
    assert ask(question, measure="cumulative_interval").interval == (15, 45)
    assert ask(Question(minutes=5), measure="cumulative_interval").interval == (1, 20)
    assert ask(question, measure="gravity").decay == Decay("exponential", at=15)
    assert ask(question, measure="e2sfca").decay == thirds(30)
    assert ask(question, measure="2sfca") == AccessSpec("2sfca")
    assert ask(question, measure="gravity", decay="binary").decay == Decay("binary")
    logistic = ask(question, measure="gravity", decay="logistic", decay_at="20.5").decay
    assert logistic == Decay("logistic", at=20.5, spread=10)
    short = ask(Question(minutes=1), measure="gravity", decay="power").decay
    assert short == Decay("power", at=2)


def test_steps_are_read_as_minutes_and_weights():
    asked = ask(measure="e2sfca", steps="10:1, 30:0.68,45:0")
    assert asked.decay.steps == ((10, 1), (30, 0.68), (45, 0))


NASTY = [
    "",
    " ",
    "nan",
    "-1",
    "1e9",
    "1" * 500,
    "公里",
    "0x10",
    "１５",
    "null",
    "inf",
    ";drop",
    "\x00",
]


@pytest.mark.parametrize("param", ["measure", *VALUE])
@pytest.mark.parametrize("value", NASTY)
def test_nonsense_is_refused_by_the_name_of_its_parameter(param, value):
    measure = next(m for m, names in PARAMETERS.items() if param in names or param == "measure")
    given_ = {"measure": measure, **NEEDS.get(param, {}), param: value}
    error = refused(**given_)
    assert error.param == param
    assert len(error.detail) < 400


@pytest.mark.parametrize(
    ("param", "value"),
    [
        ("k", "0"),
        ("k", "4"),
        ("decay_at", "0"),
        ("decay_at", "0.00"),
        ("decay_at", "241"),
        ("interval", "30"),
        ("interval", "40-30"),
        ("interval", "30-30"),
        ("interval", "0-30"),
        ("steps", "10:1,30:1.1"),
        ("steps", "10:0.5,30:0.6"),
        ("steps", "30:1,10:0.5"),
        ("steps", "10:1,10:0.5"),
        ("steps", "0:1"),
        ("steps", "10:1,60:0.5"),
        ("steps", ",".join(f"{i}:0.5" for i in range(1, 30))),
        ("steps", "10:1,"),
    ],
)
def test_values_out_of_their_range_are_refused(param, value):
    measure = next(m for m, names in PARAMETERS.items() if param in names)
    assert refused(**{"measure": measure, **NEEDS.get(param, {}), param: value}).param == param


def test_a_power_that_halves_within_a_minute_is_refused():
    assert refused(measure="gravity", decay="power", decay_at="1").param == "decay_at"


@pytest.mark.parametrize("decay", DECAYS)
@pytest.mark.parametrize("param", ["decay_at", "decay_spread", "steps"])
def test_a_parameter_of_another_decay_is_refused(decay, param):
    mine = {"decay_at": ("exponential", "power", "gaussian", "logistic"),
            "decay_spread": ("logistic",), "steps": ("stepped",)}  # fmt: skip
    given_ = {"measure": "gravity", "decay": decay, param: VALUE[param]}
    if decay in mine[param]:
        assert ask(**given_).decay != ask(measure="gravity", decay=decay).decay
    else:
        assert refused(**given_).param == param


def test_only_the_nearest_of_the_own_district_is_known():
    own = Question(own_district=True)
    assert ask(own, measure="nearest", k="1").k == 1
    assert refused(own, measure="nearest", k="2").allowed == ["1"]


@settings(deadline=None)
@given(given_=st.dictionaries(st.sampled_from(ACCESS), st.text(max_size=30)))
def test_whatever_is_asked_is_understood_or_refused(given_):
    try:
        asked = ask(**given_)
    except BadQueryError as error:
        assert error.param in ACCESS
    else:
        assert asked is None or asked.measure in MEASURES


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("counts", ["venues", "capacity"])
def test_every_unit_is_told_in_both_languages_and_per_people_where_it_is_scaled(measure, counts):
    spec = AccessSpec(measure, counts)
    zh, en = unit_of(spec).split(" · ")
    assert any("\u4e00" <= c <= "\u9fff" for c in zh)
    assert en.isascii()
    if measure != "availability":
        assert ("每10万人" in zh) == ("100,000" in en) == (scale_of(spec) == 100_000)
