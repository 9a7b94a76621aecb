"""What venues can take, and who is served when they are full."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from venuenet.access.capacity import capacities, persons_served, served_share
from venuenet.access.pairs import from_table
from venuenet.errors import BadQueryError
from venuenet.model import KINDS
from venuenet.standards import HERE
from venuenet.standards.capacity import load_capacity_rules

NAN = np.nan
LEAST = {"base": 5000.0, "science_museum": 20000.0}
KIND = ["base", "base", "base", "science_museum", "base"]
VISITS = np.array([1000.0, NAN, NAN, NAN, 0.0])
AREA = np.array([999.0, 200.0, NAN, NAN, NAN])


@pytest.mark.parametrize(
    ("rule", "expected", "assumed"),
    [
        ("leave_out", [1000, 9000, 0, 0, 0], []),
        ("minimum", [1000, 9000, 5000, 20000, 0], [2, 3]),
        ("median", [1000, 9000, 1000, 0, 0], [2]),
    ],
)
def test_visits_known_go_before_area_and_the_rule_fills_the_rest(rule, expected, assumed):
    found = capacities(VISITS, AREA, KIND, 45.0, LEAST, rule)
    assert found.visits.tolist() == expected
    assert found.known.tolist() == [True, True, False, False, True]
    assert found.from_area.tolist() == [False, True, False, False, False]
    assert np.flatnonzero(found.assumed).tolist() == assumed


@pytest.mark.parametrize("bad", [-1.0, np.inf])
def test_visits_and_areas_that_are_no_amounts_are_refused(bad):
    for visits, area in (([bad], [NAN]), ([NAN], [bad])):
        with pytest.raises(ValueError, match="finite"):
            capacities(np.array(visits), np.array(area), ["base"], 45.0, LEAST)


def test_an_unknown_capacity_serves_everybody_or_nobody_as_told():
    capacity = capacities(VISITS, AREA, KIND, 45.0, LEAST)
    assert persons_served(capacity, 0.5).tolist() == [2000, 18000, np.inf, np.inf, 0]
    assert persons_served(capacity, 0.5, unknown=0.0).tolist() == [2000, 18000, 0, 0, 0]
    with pytest.raises(ValueError, match="positive"):
        persons_served(capacity, 0.0)


def test_every_rule_of_capacity_has_unit_source_and_confidence_and_every_kind_its_least():
    rules = load_capacity_rules()
    for value in (rules.visits_per_m2, rules.visits_per_person, *rules.least_visits.values()):
        assert value.unit
        assert value.source
        assert value.confidence in ("high", "medium", "low")
    assert set(rules.least_visits) == set(KINDS)
    assert rules.visits_per_m2.value == 45
    assert rules.visits_per_person.value == pytest.approx(33 / 10_000 * 45, abs=0.002)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("value: 45", "value: -45"),
        ("value: 45", "value: .nan"),
        ("value: 0.15", "value: 0"),
        ("  center_n:", "  palace:"),
        ("  other: {", "  # other: {"),
        ("visits_per_m2:", "visits:"),
    ],
)
def test_a_file_of_rules_with_a_fault_is_refused(tmp_path, old, new):
    text = (HERE / "capacity.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "capacity.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(BadQueryError):
        load_capacity_rules(path)


# Who is served


@st.composite
def towns(draw):
    n, m = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    reach = np.array(
        draw(st.lists(st.lists(st.booleans(), min_size=m, max_size=m), min_size=n, max_size=n))
    )
    people = np.array(draw(st.lists(st.integers(0, 3000), min_size=n, max_size=n)))
    room = np.array(draw(st.lists(st.integers(0, 4000), min_size=m, max_size=m)), dtype=float)
    return reach, people, room


def pairs_of(reach):
    return from_table(np.where(reach, 1.0, NAN))


@settings(deadline=None)
@given(town=towns())
def test_with_endless_room_exactly_those_in_reach_are_served(town):
    reach, people, room = town
    served = served_share(pairs_of(reach), people, np.full(len(room), np.inf))
    assert served.people.tolist() == (people * reach.any(axis=1)).tolist()
    assert served.total == served.people.sum() == served.load.sum()


@settings(deadline=None)
@given(town=towns())
def test_nobody_is_served_twice_nor_beyond_a_venues_room(town):
    reach, people, room = town
    served = served_share(pairs_of(reach), people, room)
    assert (served.people >= 0).all()
    assert (served.people <= people * reach.any(axis=1)).all()
    assert (served.load <= room + 1e-9).all()
    assert served.people.sum() == served.total
    assert served.load.sum() == pytest.approx(served.total, abs=1)


class Shares:
    """Fairest shares by linear programmes, one level of share after another."""

    def __init__(self, reach, people, room):
        self.people, self.room = people, room
        self.arcs = np.argwhere(reach)
        self.by_place = np.array([self.arcs[:, 0] == i for i in range(len(people))], dtype=float)
        self.by_venue = np.array([self.arcs[:, 1] == j for j in range(len(room))], dtype=float)

    def best(self, gain, floor, live):
        """Most of ``gain`` where places get at least ``floor``; the last variable is the share."""
        share = np.where(live, self.people, 0.0)[:, None]
        zeros = np.zeros((len(self.room), 1))
        above = np.hstack([-self.by_place, share])
        below = np.hstack([-self.by_place, 0 * share])
        most = np.hstack([self.by_place, 0 * share])
        full = np.hstack([self.by_venue, zeros])
        limits = np.concatenate([np.zeros(len(live)), -floor, self.people, self.room])
        found = linprog(
            -gain,
            A_ub=np.vstack([above, below, most, full]),
            b_ub=limits + 1e-9,
            bounds=[(0, None)] * len(self.arcs) + [(0, 1)],
        )
        return -found.fun

    def solve(self):
        n = len(self.people)
        live = (self.people > 0) & (self.by_place.sum(axis=1) > 0)
        served = np.zeros(n)
        only_share = np.append(np.zeros(len(self.arcs)), 1.0)
        while live.any():
            level = self.best(only_share, served, live)
            floor = np.where(live, level * self.people, served)
            stuck = [
                i
                for i in np.flatnonzero(live)
                if self.best(np.append(self.by_place[i], 0.0), floor - 1e-6, live & False)
                <= floor[i] + 1e-3
            ]
            for i in stuck or np.flatnonzero(live):
                served[i], live[i] = floor[i], False
        return served


@settings(max_examples=60, deadline=None)
@given(town=towns())
def test_what_is_short_is_shared_as_linear_programmes_share_it(town):
    reach, people, room = town
    expected = Shares(reach, people, room).solve() if reach.any() else np.zeros(len(people))
    served = served_share(pairs_of(reach), people, room)
    assert served.total == pytest.approx(expected.sum(), abs=0.1)
    assert np.abs(served.people - expected).max() <= 1.1


@settings(deadline=None)
@given(town=towns(), seed=st.integers(0, 99))
def test_the_order_of_places_changes_nobodys_share(town, seed):
    reach, people, room = town
    order = np.random.default_rng(seed).permutation(len(people))
    one = served_share(pairs_of(reach), people, room).people
    other = served_share(pairs_of(reach[order]), people[order], room).people
    assert np.abs(one[order] - other).max() <= 1


@settings(deadline=None)
@given(town=towns(), more=st.integers(0, 3000), j=st.integers(0, 3))
def test_more_room_never_serves_fewer(town, more, j):
    reach, people, room = town
    wider = room.copy()
    wider[j % len(room)] += more
    totals = [served_share(pairs_of(reach), people, r).total for r in (room, wider)]
    assert totals[0] <= totals[1] <= totals[0] + more


def test_those_with_another_choice_leave_room_for_those_without():
    """Venue 0 (10) is all the first place has; the second can go to venue 1 (20) as well."""
    reach = np.array([[True, False], [True, True]])
    served = served_share(pairs_of(reach), np.array([10, 20]), np.array([10.0, 20.0]))
    assert served.people.tolist() == [10, 20]
    assert served.load.tolist() == [10, 20]


def test_competitors_for_one_full_venue_have_the_same_share():
    reach = np.ones((3, 1), dtype=bool)
    served = served_share(pairs_of(reach), np.array([100, 200, 700]), np.array([500.0]))
    assert served.people.tolist() == [50, 100, 350]


def test_parts_of_a_person_find_no_room():
    assert served_share(pairs_of(np.array([[True]])), np.array([5]), np.array([2.9])).total == 2


@pytest.mark.parametrize(
    ("people", "room", "why"),
    [
        ([-1], [1.0], "negative"),
        ([1], [-1.0], "negative"),
        ([1], [NAN], "NaN"),
        ([1, 2], [1.0], "one demand"),
        ([1], [1.0, 2.0], "one demand"),
        ([2**31], [1.0], "32 bits"),
    ],
)
def test_people_and_room_that_cannot_be_are_refused(people, room, why):
    with pytest.raises(ValueError, match=why):
        served_share(pairs_of(np.array([[True]])), np.array(people), np.array(room))


def test_as_many_people_as_32_bits_hold_are_served():
    people = np.array([2**30, 2**30 - 1])
    served = served_share(pairs_of(np.ones((2, 1), dtype=bool)), people, np.array([2.0**30]))
    assert served.total == 2**30
    assert abs(served.people - people / 2).max() <= 2
