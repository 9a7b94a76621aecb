"""The loss of a closure, read off the nearest few, is the loss of a city without the venue."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.golden.test_minicity import city  # noqa: F401  the fixture
from tests.unit.test_properties import people, persons, travel, venues
from venuenet.coverage import coverage_by, sample_seconds
from venuenet.model import (
    KINDS,
    MODES,
    MOST_CHOICES,
    SCIENCE_KINDS,
    UNREACHED,
    LocatedVenue,
    Question,
)
from venuenet.network.closures import closures
from venuenet.publish.network import closure_rows
from venuenet.travel.estimate import TransitEstimate, WalkEstimate
from venuenet.travel.update import with_venues


@pytest.fixture(scope="module")
def mini(city):  # noqa: F811
    return dataclasses.replace(city, demand=dataclasses.replace(city.demand, adcodes=("A", "B")))


questions = st.builds(
    Question,
    mode=st.sampled_from(MODES),
    minutes=st.integers(1, 120),
    kinds=st.sets(st.sampled_from(KINDS), min_size=1).map(
        lambda s: tuple(k for k in KINDS if k in s)
    ),
    k=st.integers(1, MOST_CHOICES),
    group=st.sampled_from(["all", "seniors"]),
)


def in_districts(demand, n):
    return dataclasses.replace(demand, adcodes=tuple(map(str, range(n))))


def covered(demand, times, question):
    """Covered people per district, as the coverage answers have them."""
    areas = demand.cell_district[demand.row_cell]
    answers = coverage_by(demand, times, question, areas, len(demand.adcodes))
    return np.array([a.covered for a in answers])


def recomputed(demand, before, after, question):
    """Person-seconds more and persons stranded per district, from the times without the venue."""
    asked = persons(demand, question)
    old = sample_seconds(before, question.kinds, question.k).astype(np.int64)
    new = sample_seconds(after, question.kinds, question.k).astype(np.int64)
    out = np.zeros((2, len(demand.adcodes)))
    for cell, town_people in zip(demand.row_cell, asked, strict=True):
        for a, b in zip(old[cell], new[cell], strict=True):
            if a <= 60 * question.minutes:
                which, what = (1, 1) if b == UNREACHED else (0, b - a)
                share = town_people / before.samples
                out[which, demand.cell_district[cell]] += what * share
    return out


def check(demand, times, question, v, after):
    loss = closures(demand, times, question, persons(demand, question))
    expected = covered(demand, times, question) - covered(demand, after, question)
    assert loss.lost[v].tolist() == expected.tolist()
    extra, stranded = recomputed(demand, times, after, question)
    assert np.allclose(loss.extra_s[v], extra)
    assert np.allclose(loss.stranded[v], stranded)


@given(people(), venues(min_size=1), questions)
@settings(max_examples=150, deadline=None)
def test_a_closure_loses_what_a_city_without_the_venue_lacks(demand, places, question):
    demand = in_districts(demand, 3)
    times = travel(demand, places, question.mode)
    for v in range(len(places)):
        after = travel(demand, places[:v] + places[v + 1 :], question.mode)
        check(demand, times, question, v, after)


@given(people(), venues(min_size=2), questions)
@settings(max_examples=60, deadline=None)
def test_a_venue_with_a_twin_at_its_door_is_no_loss(demand, places, question):
    question = dataclasses.replace(question, k=1)
    demand = in_districts(demand, 3)
    twins = [*places, *(dataclasses.replace(p, venue_id=f"{p.venue_id}'") for p in places)]
    loss = closures(
        demand, travel(demand, twins, question.mode), question, persons(demand, question)
    )
    assert not loss.lost.any()
    assert not loss.extra_s.any()
    assert not loss.stranded.any()


@given(people(), venues(), questions)
@settings(max_examples=60, deadline=None)
def test_everyone_covered_has_one_nearest_venue(demand, places, question):
    demand = in_districts(demand, 3)
    times = travel(demand, places, question.mode)
    loss = closures(demand, times, question, persons(demand, question))
    assert loss.nearest.sum(axis=0).tolist() == covered(demand, times, question).tolist()


@pytest.mark.parametrize("asked", [{"own_district": True}, {"capacitated": True}, {"k": 4}])
def test_what_the_nearest_few_cannot_tell_is_refused(mini, asked):
    question = Question(**asked)
    with pytest.raises(ValueError, match=r"closures|nearest"):
        closures(mini.demand, mini.times["transit"], question, mini.demand.people)


@pytest.mark.parametrize("mode", ["walk", "transit"])
@pytest.mark.parametrize(("minutes", "k"), [(15, 1), (30, 1), (45, 2), (60, 1)])
def test_every_closure_of_the_mini_city_is_a_recomputation(mini, mode, minutes, k):
    engine = {"walk": WalkEstimate, "transit": TransitEstimate}[mode](mini.area, mini.assumptions)
    located = [v for v in mini.area.venues if isinstance(v, LocatedVenue) and v.counts]
    question = Question(mode=mode, minutes=minutes, k=k)
    for v in range(len(located)):
        after = engine.times(mini.demand, located[:v] + located[v + 1 :], 3600)
        check(mini.demand, mini.times[mode], question, v, after)


def test_the_mini_city_on_foot_by_hand(mini):
    """In a quarter of an hour 500 + 2300 reach V1 alone, and 2 x 1200 m are the way to another."""
    rows = {
        r["venue_id"]: r for r in closure_rows(mini, Question(mode="walk", minutes=15))["items"]
    }
    assert rows["V1"]["lost"] == rows["V1"]["nearest"] == 500 + 2300
    # C02 goes on to V2, 3799 m = 2849 s instead of 900; C03, 2799 m = 2099 s instead of 541.
    assert rows["V1"]["extra_person_minutes"] == round((500 * 1949 + 2300 * 1558) / 60)


@pytest.mark.parametrize(
    "question",
    [
        Question(mode="walk", minutes=15),
        Question(mode="transit", minutes=45),
        Question(mode="transit", minutes=60, k=2),
        Question(mode="walk", minutes=30, kinds=("base",), group="seniors"),
    ],
    ids=lambda q: f"{q.mode}{q.minutes}k{q.k}",
)
def test_closures_of_beijing_equal_a_recomputation(beijing, without, question):
    demand = beijing.demand
    for v, tables in without.items():
        check(demand, beijing.times[question.mode], question, v, tables[question.mode])


@pytest.fixture(scope="module")
def without(beijing):
    """Beijing's times without each of some venues: the one that loses most, and two others."""
    located = [v for v in beijing.area.venues if isinstance(v, LocatedVenue) and v.counts]
    engines = {
        "walk": WalkEstimate(beijing.area, beijing.assumptions),
        "transit": TransitEstimate(beijing.area, beijing.assumptions),
    }
    table = beijing.times["transit"]
    loss = closures(beijing.demand, table, Question(), beijing.demand.people)
    some = {int(loss.lost.sum(axis=1).argmax()), 0, len(located) // 2}
    return {
        v: {
            mode: with_venues(
                beijing.times[mode], engine, beijing.demand, located, located[:v] + located[v + 1 :]
            )
            for mode, engine in engines.items()
        }
        for v in some
        if located[v].kind in SCIENCE_KINDS or v == 0
    }
