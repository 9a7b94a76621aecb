"""Shared catchments, weak points and communities, beside networkx, scikit-learn and the papers."""

import dataclasses

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.golden.test_minicity import city  # noqa: F401  the fixture
from tests.unit.test_properties import people, travel, venues
from venuenet.errors import BadQueryError
from venuenet.model import Question
from venuenet.network import shape
from venuenet.publish.answers import coverage
from venuenet.publish.network_shape import communities, flow

metrics = pytest.importorskip("sklearn.metrics")
always = settings(max_examples=80, deadline=None)
KARATE = nx.karate_club_graph()
CLUB = np.array([d["club"] == "Officer" for _, d in KARATE.nodes(data=True)], dtype=np.int64)
ADJACENT = nx.to_numpy_array(KARATE, weight=None).astype(np.int64)


@st.composite
def ties(draw):
    """A few venues and the people some pairs of them share."""
    n = draw(st.integers(1, 9))
    upper = draw(
        st.lists(st.sampled_from([0, 0, 0, 1, 5, 40]), min_size=n * n, max_size=n * n).map(
            lambda values: np.triu(np.array(values, dtype=np.int64).reshape(n, n), 1)
        )
    )
    return upper + upper.T


def labels(n):
    return st.lists(st.integers(0, 3), min_size=n, max_size=n).map(np.array)


# Catchments


@given(people(), venues(min_size=1), st.integers(1, 60), st.data())
@always
def test_people_shared_are_those_whose_cell_reaches_both(demand, places, minutes, data):
    which = sorted(data.draw(st.sets(st.integers(0, len(places) - 1), min_size=1)))
    times = travel(demand, places)
    shared = shape.shared_people(demand, times, demand.people, np.array(which), 60 * minutes)
    within = []
    for v in which:
        alone = travel(demand, [places[v]]).near_s[0, :, 0, :, 0].min(axis=0)
        within.append({c for c in range(len(demand.cell)) if alone[c] <= 60 * minutes})
    for a, one in enumerate(within):
        for b, other in enumerate(within):
            both = [
                int(p)
                for c, p in zip(demand.row_cell, demand.people, strict=True)
                if c in one & other
            ]
            assert shared[a, b] == sum(both)
    reach = shape.reach(demand, times, demand.people, 60 * minutes)
    assert reach[which].tolist() == np.diag(shared).tolist()


def test_a_venue_exactly_at_the_cut_off_is_reached(city):  # noqa: F811
    """C02, 500 people, is 900 s from V1, C03, 2300 people, 541 s."""
    times, persons = city.times["walk"], city.demand.people
    assert shape.reach(city.demand, times, persons, 900)[0] == 500 + 2300
    assert shape.reach(city.demand, times, persons, 899)[0] == 2300


def test_more_cells_than_fit_at_once_make_no_difference(beijing, monkeypatch):
    times, persons = beijing.times["walk"], beijing.demand.people
    some = np.arange(len(times.venue_ids))
    whole = shape.shared_people(beijing.demand, times, persons, some, 1800)
    monkeypatch.setattr(shape, "BLOCK", 1000)
    assert (shape.shared_people(beijing.demand, times, persons, some, 1800) == whole).all()


def test_more_minutes_than_the_matrix_holds_are_refused(beijing):
    times = beijing.times["walk"]
    with pytest.raises(ValueError, match="3601"):
        shape.shared_people(beijing.demand, times, beijing.demand.people, np.arange(2), 3601)


# Weak points


def test_the_karate_club_hangs_on_its_instructor():
    """Zachary (1977): member 12 knows nobody but the instructor, member 1."""
    weak = shape.weak_points(ADJACENT)
    assert weak.bridges == [(0, 11)]
    assert weak.cut_venues == [0]
    assert weak.parts == [list(range(34))]


@given(ties())
@always
def test_a_weak_point_is_one_without_which_there_are_more_parts(shared):
    weak, n = shape.weak_points(shared), len(shared)
    assert sorted(v for part in weak.parts for v in part) == list(range(n))
    assert len(weak.parts) == parts(shared)
    for a in range(n):
        for b in range(a + 1, n):
            cut = shared.copy()
            cut[a, b] = cut[b, a] = 0
            breaks = shared[a, b] > 0 and parts(cut) > len(weak.parts)
            assert ((a, b) in weak.bridges) == breaks
        left = np.delete(np.delete(shared, a, 0), a, 1)
        alone = not shared[a].any()
        assert (a in weak.cut_venues) == (parts(left) > len(weak.parts) - alone)


def parts(shared):
    """How many parts there are, by colouring from every venue."""
    colour = list(range(len(shared)))
    for _ in colour:
        for a, b in np.argwhere(shared):
            colour[a] = colour[b] = min(colour[a], colour[b])
    return len(set(colour))


# Communities and borders


def test_the_split_of_the_karate_club_has_its_published_modularity():
    """Zachary's own model puts member 9 with the officers; that split is known to score 0.3715."""
    split = np.where(np.arange(34) == 8, 1, CLUB)
    assert shape.modularity(ADJACENT, split) == pytest.approx(0.3715, abs=5e-5)


def test_communities_of_the_karate_club_are_nearly_the_best_there_are():
    """The optimum is 0.4198 (Brandes et al. 2008)."""
    found = shape.modularity(ADJACENT, shape.communities(ADJACENT))
    assert 0.41 < found <= 0.4198 + 5e-5


def test_communities_are_numbered_by_size_and_the_same_every_time():
    label = shape.communities(ADJACENT)
    assert (np.diff(np.bincount(label)) <= 0).all()
    assert (shape.communities(ADJACENT) == label).all()


@pytest.mark.parametrize(("heavy", "expected"), [(0, [0, 0, 1, 1]), (1, [0, 1, 1, 0])])
def test_communities_follow_the_weights_and_not_the_edges_alone(heavy, expected):
    """A ring of four: two heavy ties make the pairs."""
    ring = np.zeros((4, 4), dtype=np.int64)
    for a in range(4):
        b = (a + 1) % 4
        ring[a, b] = ring[b, a] = 900 if a % 2 == heavy else 1
    assert shape.communities(ring).tolist() == expected


@given(ties(), st.data())
@always
def test_modularity_is_that_of_networkx(shared, data):
    label = data.draw(labels(len(shared)))
    graph = nx.from_numpy_array(shared)
    groups = [set(np.flatnonzero(label == g).tolist()) for g in np.unique(label)]
    mine = shape.modularity(shared, label)
    if shared.any():
        assert mine == pytest.approx(nx.community.modularity(graph, groups), abs=1e-12)
    else:
        assert mine is None


@given(st.integers(2, 12).flatmap(lambda n: st.tuples(labels(n), labels(n))))
@always
def test_groupings_are_compared_as_scikit_learn_compares_them(two):
    assert shape.adjusted_rand(*two) == pytest.approx(metrics.adjusted_rand_score(*two))
    expected = metrics.normalized_mutual_info_score(*two)
    if len(set(two[0])) == len(set(two[1])) == 1:
        expected = 1.0
    assert shape.mutual_information(*two) == pytest.approx(expected)


def test_nothing_cannot_be_compared():
    none = np.zeros(0, dtype=np.int64)
    assert shape.adjusted_rand(none, none) is shape.mutual_information(none, none) is None
    assert shape.adjusted_rand(np.zeros(1), np.zeros(1)) is None


# What is published of Beijing


def test_every_venue_is_in_one_community_or_alone(beijing):
    question = Question(mode="walk", minutes=15)
    answer = communities(beijing, question)
    listed = [v["venue_id"] for item in answer["items"] for v in item["venues"]]
    listed += [v["venue_id"] for v in answer["alone"]]
    kinds = {v.venue_id: v.kind for v in beijing.area.venues}
    ids = [i for i in beijing.times["walk"].venue_ids if kinds[i] in question.kinds]
    assert sorted(listed) == sorted(ids)
    for item in answer["items"]:
        assert len(item["venues"]) == sum(d["venues"] for d in item["districts"]) > 1
    assert 0 < answer["borders"]["mutual_information"] <= 1
    assert answer["borders"]["modularity"] > answer["borders"]["modularity_of_districts"]
    assert "cell_centres" in answer["flags"]
    assert all(b["people"] > 0 for b in answer["bridges"])


def test_communities_know_no_more_minutes_than_the_matrix(beijing):
    assert communities(beijing, Question(minutes=60))["parts"]
    with pytest.raises(BadQueryError) as refusal:
        communities(beijing, Question(minutes=61))
    assert refusal.value.param == "minutes"
    assert list(refusal.value.allowed) == ["1..60"]


@pytest.mark.parametrize("question", [Question(), Question(group="seniors", minutes=30)], ids=str)
def test_the_flow_from_a_district_is_its_covered_people(beijing, question):
    answer = flow(beijing, question)
    for row in coverage(beijing, question):
        mine = [i["people"] for i in answer["items"] if i["from_adcode"] == row["adcode"]]
        assert sum(mine) == row["covered"]
    for venue in answer["venues"]:
        mine = [i["people"] for i in answer["items"] if i["venue_id"] == venue["venue_id"]]
        assert sum(mine) == venue["nearest"]
    people_ = [i["people"] for i in answer["items"]]
    assert people_ == sorted(people_, reverse=True)


def test_far_more_could_come_than_have_a_venue_nearest(beijing):
    within = flow(beijing, Question(minutes=60))
    total = {k: sum(v[k] for v in within["venues"]) for k in ("nearest", "reach")}
    assert total["reach"] > 2 * total["nearest"] > 0
    beyond = flow(beijing, Question(minutes=61))
    assert all(v["reach"] is None for v in beyond["venues"])
    assert "no_data:reach_beyond_matrix" in beyond["flags"]


def test_a_city_of_which_nothing_is_known_has_no_shape(beijing):
    nobody = Question(group="workers")
    assert communities(beijing, nobody)["borders"] is communities(beijing, nobody)["parts"] is None
    assert flow(beijing, nobody)["items"] == []
    assert "no_data:group_unknown" in flow(beijing, nobody)["flags"]
    assert "no_data:group_unknown" in communities(beijing, nobody)["flags"]


def test_a_venue_of_unknown_district_is_left_out_of_the_comparison(beijing):
    area = beijing.area
    nowhere = tuple(dataclasses.replace(v, adcode=None) for v in area.venues)
    lost = dataclasses.replace(beijing, area=dataclasses.replace(area, venues=nowhere))
    borders = communities(lost, Question(mode="walk", minutes=15))["borders"]
    assert borders["compared"] == 0
    assert borders["adjusted_rand"] is borders["modularity"] is None
    assert borders["zh"] == "没有可比较的场馆"
