"""Who serves whose residents and how many choices they have, beside a plain count by hand."""

import dataclasses
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.golden.test_minicity import city  # noqa: F401  the fixture
from tests.unit.test_closures import covered, in_districts, mini, questions  # noqa: F401
from tests.unit.test_properties import people, persons, travel, venues
from venuenet.coverage import coverage_by
from venuenet.model import KINDS, NEAREST, UNREACHED, Question
from venuenet.network.ties import choices, dependence, redundancy, served
from venuenet.publish import network
from venuenet.publish.answers import coverage

always = settings(max_examples=80, deadline=None)


def one_by_one(demand, places, question):
    """Seconds from each point to each venue of the asked kinds, nearest first: no merging."""
    alone = [travel(demand, [p], question.mode) for p in places]
    n, m = demand.sample_xy.shape[:2]
    found = {}
    for cell in range(n):
        for point in range(m):
            reached = []
            for v, place in enumerate(places):
                if place.kind in question.kinds:
                    k = KINDS.index(place.kind)
                    reached.append((int(alone[v].near_s[0, k, 0, cell, point]), k, v))
            found[cell, point] = sorted(r for r in reached if r[0] < UNREACHED)
    return found


@given(people(), venues(min_size=1), questions)
@always
def test_the_nearest_few_of_several_kinds_are_those_found_one_by_one(demand, places, question):
    times = travel(demand, places, question.mode)
    few = choices(times, question.kinds, NEAREST)
    for (cell, point), expected in one_by_one(demand, places, question).items():
        mine = few.venue[:, cell, point]
        assert [int(v) for v in mine if v >= 0] == [v for _, _, v in expected[:NEAREST]]
        seconds = few.seconds[:, cell, point]
        assert [int(s) for s in seconds if s < UNREACHED] == [s for s, _, _ in expected[:NEAREST]]


@given(people(), venues(min_size=1), questions, st.data())
@always
def test_dependence_is_the_count_of_people_by_their_nearest_venue(demand, places, question, data):
    demand = in_districts(demand, 3)
    places = [
        dataclasses.replace(p, adcode=data.draw(st.sampled_from(["0", "1", "2", None])))
        for p in places
    ]
    times = travel(demand, places, question.mode)
    home = np.array([-1 if p.adcode is None else int(p.adcode) for p in places], dtype=np.int32)
    asked = persons(demand, question)
    found = dependence(demand, times, question, asked, home)

    points = one_by_one(demand, places, question)
    exact = Counter()
    for cell, town, n in zip(demand.row_cell, demand.row_township, asked, strict=True):
        for point in range(times.samples):
            near = [r for r in points[cell, point] if r[0] <= 60 * question.minutes]
            if len(near) >= question.k:
                exact[int(town), int(home[near[0][2]]) % 4] += Fraction(int(n), times.samples)
    for (town, district), n in np.ndenumerate(found.towns):
        several = len(places)  # each venue's people are off by less than one
        assert abs(n - exact[town, district]) < several + 1
    assert found.people.sum(axis=1).tolist() == covered(demand, times, question).tolist()
    assert found.imported.sum() == found.exported.sum()
    diagonal = np.trace(found.people)
    assert diagonal + found.imported.sum() + found.people[:, -1].sum() == found.people.sum()


@given(people(samples=1), venues(min_size=1), questions)
@always
def test_where_a_cell_is_one_point_every_person_is_counted_exactly(demand, places, question):
    times = travel(demand, places, question.mode)
    asked = persons(demand, question)
    expected = np.zeros((len(demand.township_flags), len(places)), dtype=int)
    points = one_by_one(demand, places, question)
    for cell, town, n in zip(demand.row_cell, demand.row_township, asked, strict=True):
        near = [r for r in points[cell, 0] if r[0] <= 60 * question.minutes]
        if len(near) >= question.k:
            expected[town, near[0][2]] += n
    assert served(demand, times, question, asked).tolist() == expected.tolist()


@given(people(), venues(min_size=1), questions, st.data())
@always
def test_own_reach_is_the_coverage_of_the_districts_own_venues(demand, places, question, data):
    demand = in_districts(demand, 3)
    places = [
        dataclasses.replace(p, adcode=data.draw(st.sampled_from(["0", "1", "2", None])))
        for p in places
    ]
    home = np.array([-1 if p.adcode is None else int(p.adcode) for p in places], dtype=np.int32)
    times = travel(demand, places, question.mode)
    own = dependence(demand, times, question, persons(demand, question), home).own_reach
    if question.k > 1 or question.minutes > 60:
        assert own is None
        return
    for district in range(3):
        mine = [p for p in places if p.adcode == str(district)]
        alone = covered(demand, travel(demand, mine, question.mode), question)
        assert own[district] == alone[district]


@given(people(), venues(), questions)
@always
def test_people_by_choices_are_the_coverage_answers_for_one_two_and_three(demand, places, question):
    times, asked = travel(demand, places, question.mode), persons(demand, question)
    by_choices, only = redundancy(demand, times, question, asked)
    n = len(demand.township_flags)
    everyone = np.bincount(demand.row_township, asked, minlength=n)
    assert by_choices.sum(axis=1).tolist() == everyone.tolist()
    assert (by_choices >= 0).all()
    for k in range(1, NEAREST):
        answers = coverage_by(
            demand, times, dataclasses.replace(question, k=k), demand.row_township, n
        )
        assert by_choices[:, k:].sum(axis=1).tolist() == [a.covered for a in answers]
    assert only.sum(axis=1).tolist() == by_choices[:, 1].tolist()


@given(people(samples=1), venues(min_size=1), questions)
@always
def test_the_only_choice_of_people_is_the_one_venue_they_reach(demand, places, question):
    times, asked = travel(demand, places, question.mode), persons(demand, question)
    expected = np.zeros((len(demand.township_flags), len(places)), dtype=int)
    points = one_by_one(demand, places, question)
    for cell, town, n in zip(demand.row_cell, demand.row_township, asked, strict=True):
        near = [r for r in points[cell, 0] if r[0] <= 60 * question.minutes]
        if len(near) == 1:
            expected[town, near[0][2]] += n
    assert redundancy(demand, times, question, asked)[1].tolist() == expected.tolist()


def test_a_choice_exactly_at_the_cut_off_is_one(mini):  # noqa: F811
    """C02, 500 people, is 900 s from V1, and C07 901 s from V2."""
    at_15, at_14 = (
        network.redundancy(mini, Question(mode="walk", minutes=m))["items"][0] for m in (15, 14)
    )
    assert at_15["one"] - at_14["one"] == at_14["none"] - at_15["none"] == 500


# What is published of Beijing


QUESTIONS = [
    Question(),
    Question(mode="walk", minutes=15),
    Question(mode="drive", minutes=90),
    Question(minutes=60, k=2),
    Question(group="seniors"),
    Question(surface_transit=True),
    Question(kinds=("base",)),
]


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_dependence_and_choices_agree_with_coverage_to_the_person(beijing, question):
    answers = coverage(beijing, question)
    items = network.dependence(beijing, question)["items"]
    choice = network.redundancy(beijing, question)
    for answer, item, few in zip(answers, items, choice["items"], strict=True):
        assert item["covered"] == answer["covered"] == sum(s["people"] for s in item["served_by"])
        assert item["people"] == few["people"] == answer["people"]
        if question.k == 1:
            assert few["people"] - few["none"] == answer["covered"]
    assert sum(i["imported"] for i in items) == sum(i["exported"] for i in items)
    assert sum(v["only_choice_of"] for v in choice["venues"]) == choice["total"]["one"]


def test_people_in_need_of_other_districts_are_those_own_venues_do_not_cover(beijing):
    own = coverage(beijing, Question(own_district=True))
    for item, answer in zip(network.dependence(beijing, Question())["items"], own, strict=True):
        assert item["own_reach"] == answer["covered"]
        assert item["needs_others"] == item["covered"] - answer["covered"]
    far = network.dependence(beijing, Question(minutes=90))["items"]
    assert all(i["own_reach"] is i["needs_others"] is None for i in far)
    assert all(i["flags"] == ["no_data:own_district_times"] for i in far)


def test_a_township_leans_on_others_when_they_serve_more_than_half_of_it(beijing):
    answer = network.dependence(beijing, Question())
    towns = {t["township_code"]: t for t in coverage(beijing, Question(), "township")}
    assert answer["townships"]
    for row in answer["townships"]:
        assert row["covered"] == towns[row["township_code"]]["covered"]
        others = [s for s in row["served_by"] if s["adcode"] not in (row["adcode"], None)]
        assert row["from_others"] == sum(s["people"] for s in others)
        assert row["share"] == row["from_others"] / row["covered"] > 0.5


def test_critical_people_have_just_as_many_choices_as_are_asked_for(beijing):
    one, two = (network.redundancy(beijing, Question(minutes=60, k=k))["total"] for k in (1, 2))
    assert (one["critical"], two["critical"]) == (one["one"], two["two"])
    assert one["one"] != two["two"]


@pytest.mark.parametrize(
    ("question", "why"),
    [
        (Question(group="workers"), "no_data:group_unknown"),
        (Question(kinds=("center_district",)), "no_data:venues_unlocated"),
    ],
)
def test_no_data_is_told_and_never_zero(beijing, question, why):
    answers = (
        network.dependence(beijing, question),
        network.redundancy(beijing, question),
        network.closure_rows(beijing, question),
    )
    for answer in answers:
        assert why in answer["flags"]
    assert all(i["covered"] is i["own"] is None for i in answers[0]["items"])
    assert all(i["none"] is i["one"] is None for i in [*answers[1]["items"], answers[1]["total"]])
    assert answers[2]["items"] == []
    assert answers[2]["venues"] is None
