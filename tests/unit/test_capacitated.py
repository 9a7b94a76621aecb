"""When venues can be full: how many find room is a maximum flow, and who they are is fair."""

import dataclasses

import networkx as nx
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.test_properties import CUTOFF_S, PLANE, RULES, people, persons, placed, venues
from venuenet.capacitated import in_reach, served_cells, served_rows, split
from venuenet.coverage import coverage_by, covered_people, covered_points, covered_rows
from venuenet.model import KINDS, NEAREST, VARIANTS, DemandPoints, Question
from venuenet.travel.estimate import WalkEstimate

INF = np.inf
WHOLE = 10**9


def always(*strategies, **named):
    return lambda test: settings(deadline=None, max_examples=40)(given(*strategies, **named)(test))


questions = st.builds(
    Question,
    mode=st.just("walk"),
    minutes=st.integers(1, 60),
    kinds=st.sets(st.sampled_from(KINDS), min_size=1).map(lambda s: tuple(sorted(s))),
    group=st.sampled_from(["all", "seniors"]),
    capacitated=st.just(True),
)


def one_cell():
    """A thousand people on the spot of the venue, a hundred of them seniors."""
    none = np.zeros(1, dtype=np.int32)
    return DemandPoints(
        cell=np.ones(1, np.uint64), lon=none, lat=none, x=none, y=none, area_km2=np.ones(1),
        cell_district=none, cell_township=none, sample_xy=np.zeros((1, 1, 2)),
        neighbours=np.zeros((0, 2), np.int32), row_cell=none, row_township=none,
        people=np.array([1000]), groups={"seniors": np.array([100])}, township_flags=((),),
        group_standing={},
    )  # fmt: skip


def walking(demand, places):
    return WalkEstimate(PLANE, RULES).times(demand, places, CUTOFF_S)


@st.composite
def crowds(draw):
    """People of some cells, the venues they reach, and the venues' rooms; some are never full."""
    n, m = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    wanting = np.array(draw(st.lists(st.integers(0, 40), min_size=n, max_size=n)))
    reach = np.array(draw(st.lists(st.booleans(), min_size=n * m, max_size=n * m))).reshape(n, m)
    room = st.one_of(st.integers(0, 60), st.just(INF))
    return wanting, reach, np.array(draw(st.lists(room, min_size=m, max_size=m)), dtype=float)


def flow(wanting, reach, rooms):
    """Most people served, by networkx."""
    graph = nx.DiGraph()
    graph.add_nodes_from(["from", "to"])
    for c, number in enumerate(wanting):
        graph.add_edge("from", ("cell", c), capacity=int(number))
        for v in np.flatnonzero(reach[c]):
            graph.add_edge(("cell", c), ("venue", int(v)))
    for v, room in enumerate(rooms):
        graph.add_edge(("venue", v), "to", capacity=int(min(room, WHOLE)))
    return nx.maximum_flow_value(graph, "from", "to")


@always(crowds())
def test_as_many_find_room_as_networkx_says(crowd):
    wanting, reach, rooms = crowd
    served = served_cells(wanting, reach, rooms)
    assert served.sum() == flow(wanting, reach, rooms)
    assert (served >= 0).all()
    assert (served <= wanting).all()


@always(crowds())
def test_those_served_can_be_served_all_at_once(crowd):
    wanting, reach, rooms = crowd
    served = served_cells(wanting, reach, rooms)
    assert flow(served, reach, rooms) == served.sum()


@always(crowds(), st.data())
def test_more_room_never_serves_fewer(crowd, data):
    wanting, reach, rooms = crowd
    v = data.draw(st.integers(0, len(rooms) - 1))
    more = rooms.copy()
    more[v] += data.draw(st.integers(1, 30))
    assert served_cells(wanting, reach, more).sum() >= served_cells(wanting, reach, rooms).sum()


@always(crowds(), st.randoms())
def test_nobody_gains_by_standing_earlier_in_the_list(crowd, random):
    wanting, reach, rooms = crowd
    order = list(range(len(wanting)))
    random.shuffle(order)
    served = served_cells(wanting, reach, rooms)
    moved = served_cells(wanting[order], reach[order], rooms)
    assert np.abs(moved - served[order]).max() <= 2  # whole persons of even shares


def test_two_places_before_one_door_get_in_at_the_same_share():
    reach = np.ones((3, 1), dtype=bool)
    served = served_cells(np.array([100, 200, 700]), reach, np.array([500.0]))
    assert served.tolist() == [50, 100, 350]


def test_who_has_a_venue_of_their_own_leaves_the_shared_one_to_others():
    reach = np.array([[True, True], [True, False]])
    served = served_cells(np.array([100, 100]), reach, np.array([100.0, 100.0]))
    assert served.tolist() == [100, 100]


def test_a_venue_of_unknown_room_takes_everybody_and_leaves_the_known_to_others():
    reach = np.array([[True, True], [True, False]])
    served = served_cells(np.array([100, 100]), reach, np.array([60.0, INF]))
    assert served.tolist() == [100, 60]


def test_a_venue_without_room_serves_nobody():
    assert served_cells(np.array([5]), np.ones((1, 1), bool), np.zeros(1)).tolist() == [0]


@always(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 500)), min_size=1, max_size=12),
    st.lists(st.floats(0, 1), min_size=3, max_size=3),
)
@example([(0, 1), (0, 1), (0, 1)], [0.34, 1, 0])
def test_parts_of_a_place_get_its_share_and_add_up_to_it(parts, shares):
    place, number = np.array(parts, dtype=np.int64).T
    total = np.bincount(place, number, 3).astype(np.int64)
    whole = np.floor(total * np.array(shares)).astype(np.int64)
    out = split(number, whole, total, place)
    assert np.bincount(place, out, 3).astype(np.int64).tolist() == whole.tolist()
    exact = number * whole[place] / np.maximum(total[place], 1)
    assert (np.abs(out - exact) < 1).all()
    assert (out <= number).all()


@always(people(), venues(), questions)
def test_the_venues_in_reach_are_those_a_point_of_the_cell_reaches(demand, places, question):
    times = walking(demand, places)
    found = in_reach(times, question)
    assert not found[:, -1].any()
    kinds = np.array([KINDS.index(v.kind) for v in places], dtype=int)
    for cell, spots in enumerate(demand.sample_xy):
        near = set()
        for x, y in spots:
            metres = [np.hypot(x - v.lon * 1000, y - v.lat * 1000) for v in places]
            seconds = np.rint(np.array(metres) * 1.3 / (4.8 / 3.6))
            for kind in (KINDS.index(k) for k in question.kinds):
                mine = sorted((seconds[v], v) for v in np.flatnonzero(kinds == kind))[:NEAREST]
                near |= {int(v) for s, v in mine if s <= 60 * question.minutes}
        assert set(np.flatnonzero(found[cell]).tolist()) == near


def test_who_is_reached_in_a_variant_only_counts_as_having_a_venue_that_is_never_full():
    """A quick departure may reach what no median does: nobody kept which venue that is."""
    demand = one_cell()
    times = walking(demand, [placed(0, "base", (0, 0))])
    lost = dataclasses.replace(
        times, near_s=np.zeros_like(times.near_s), near_venue=np.full_like(times.near_venue, -1)
    )
    question = Question(mode="walk", kinds=("base",), capacitated=True)
    covered = covered_people(demand, demand.people, covered_points(lost, question), 1)
    served = served_rows(demand, lost, question, demand.people, covered, {"V0": 0})
    assert served.tolist() == covered.tolist() == demand.people.tolist()


@always(people(), venues(), questions, st.sampled_from(VARIANTS))
def test_where_no_venue_is_full_the_answer_is_the_plain_one_row_by_row(
    demand, places, question, variant
):
    times = walking(demand, places)
    plain = dataclasses.replace(question, capacitated=False)
    number = persons(demand, question)
    rooms = {v.venue_id: WHOLE for v in places}
    for known in (None, {}, rooms):
        got = covered_rows(demand, times, question, number, variant, rooms=known)
        assert got.tolist() == covered_rows(demand, times, plain, number, variant).tolist()


@always(people(), venues(), questions, st.lists(st.integers(0, 4000), min_size=7, max_size=7))
def test_a_full_answer_adds_up_and_its_interval_holds_it(demand, places, question, room):
    times = walking(demand, places)
    rooms = {v.venue_id: r for v, r in zip(places, room, strict=False)}
    plain = dataclasses.replace(question, capacitated=False)
    district = demand.cell_district[demand.row_cell]
    answers = coverage_by(demand, times, question, district, 3, rooms=rooms)
    without = coverage_by(demand, times, plain, district, 3)
    for answer, more in zip(answers, without, strict=True):
        assert answer.covered + answer.uncovered == answer.people
        assert answer.covered <= more.covered
        if answer.people:
            assert 0 <= answer.low <= answer.share <= answer.high <= 1
    if question.group == "all":
        assert sum(a.covered for a in answers) <= sum(rooms.values())


@pytest.mark.parametrize(("metres", "covered"), [(0, [100, 0]), (400, [50, 50])])
def test_the_interval_holds_the_answer_where_a_nearer_venue_draws_more_people(metres, covered):
    """The venue, known to 420 m, has room for 100; 15 minutes are 923 m, B lives 1,000 m away.

    As marked (0): A has it alone, nearer B would take half of it. Put 400 m toward B: they share,
    and farther away B would leave it all to A.
    """
    two = np.arange(2, dtype=np.int32)
    spots = np.array([[[metres if metres == 0 else -100, 0]], [[1000, 0]]], dtype=float)
    demand = dataclasses.replace(
        one_cell(), cell=two.astype(np.uint64), cell_district=two, cell_township=two,
        sample_xy=spots, row_cell=two, row_township=two, people=np.array([100, 100]),
        township_flags=((), ()), area_km2=np.ones(2),
    )  # fmt: skip
    times = walking(demand, [placed(0, "base", (metres, 0), precision=420)])
    question = Question(mode="walk", minutes=15, kinds=("base",), capacitated=True)
    answers = coverage_by(demand, times, question, two, 2, rooms={"V0": 100})
    assert [a.covered for a in answers] == covered
    for answer in answers:
        assert answer.low <= answer.share <= answer.high


def test_a_group_competes_with_everybody_for_room():
    """Of 1,000 people in reach 100 are seniors; half find room, so do half of the seniors."""
    demand = one_cell()
    times = walking(demand, [placed(0, "base", (0, 0))])
    question = Question(mode="walk", kinds=("base",), capacitated=True)
    for group, number in (("all", [500]), ("seniors", [50])):
        asked = dataclasses.replace(question, group=group)
        got = covered_rows(demand, times, asked, persons(demand, asked), rooms={"V0": 500})
        assert got.tolist() == number


@pytest.mark.parametrize("minutes", [15, 45])
def test_rooms_are_not_asked_where_the_question_does_not_want_them(minutes):
    demand = one_cell()
    times = walking(demand, [placed(0, "base", (0, 0))])
    question = Question(mode="walk", minutes=minutes, kinds=("base",))
    plain = covered_rows(demand, times, question, demand.people)
    assert (
        plain.tolist()
        == covered_rows(demand, times, question, demand.people, rooms={"V0": 0}).tolist()
    )
