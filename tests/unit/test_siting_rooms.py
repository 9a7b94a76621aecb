"""Siting with rooms against every choice there is, people shared out by other solvers."""

from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import csr_array

from venuenet.siting import firstlook, rooms
from venuenet.siting.filling import filled
from venuenet.siting.rooms import cover_with_room, nearest_with_room
from venuenet.siting.rows import checked, rule_rows, site_bounds
from venuenet.siting.solver import Solved
from venuenet.siting.swap import Coverage
from venuenet.siting.types import Limits, Rules


@st.composite
def towns(draw):
    places, sites = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    cost = rng.integers(0, 40, (places, sites)).astype(float)
    cost[rng.random(cost.shape) < draw(st.sampled_from([0, 0.3, 0.6]))] = np.inf
    people = rng.integers(0, 30, places)
    room = rng.integers(0, 50, sites).astype(float)
    room[rng.random(sites) < draw(st.sampled_from([0, 0.3]))] = np.inf
    fixed = tuple(np.flatnonzero(rng.random(sites) < 0.25).tolist())
    count = draw(st.none() | st.integers(0, sites))
    budget = draw(st.none() | st.integers(0, 12))
    price = rng.integers(0, 6, sites).astype(float)
    return cost, people, room, Rules(count=count, budget=budget, cost=price, fixed=fixed)


def allowed(rules, sites):
    """Every choice that keeps a count and a budget."""
    free = [j for j in range(sites) if j not in rules.fixed]
    for size in range(len(free) + 1):
        for choice in combinations(free, size):
            if rules.count is not None and size != rules.count:
                continue
            if rules.budget is not None and sum(rules.cost[list(choice)]) > rules.budget:
                continue
            yield choice


def most_served(reach, people, room, there):
    """Persons that can be served, by a maximal flow."""
    town = nx.DiGraph()
    town.add_nodes_from(["home", "gone"])
    for i, persons in enumerate(people):
        town.add_edge("home", ("place", i), capacity=float(persons))
        for j in there:
            if reach[i, j]:
                town.add_edge(("place", i), ("site", j))
    for j in there:
        limit = {} if np.isinf(room[j]) else {"capacity": room[j]}
        town.add_edge(("site", j), "gone", **limit)
    return nx.maximum_flow_value(town, "home", "gone")


def least_way(cost, people, room, there):
    """Person-seconds of the best sharing out; None where somebody stays at home."""
    there = list(there)
    asking = np.flatnonzero(people)
    if not len(asking):
        return 0.0
    if not there:
        return None
    ways = cost[np.ix_(asking, there)]
    n, m = ways.shape
    from_place = np.kron(np.eye(n), np.ones(m))
    to_site = np.kron(np.ones(n), np.eye(m))
    limited = np.isfinite(room[there])
    answer = linprog(
        np.where(np.isfinite(ways), ways, 0).ravel(),
        A_eq=from_place,
        b_eq=people[asking],
        A_ub=to_site[limited] if limited.any() else None,
        b_ub=room[there][limited] if limited.any() else None,
        bounds=[(0, None if np.isfinite(way) else 0) for way in ways.ravel()],
        method="highs-ds",
    )
    return answer.fun if answer.status == 0 else None


@given(town=towns(), small=st.sampled_from([1, 10**9]))
@settings(max_examples=200, deadline=None)
def test_no_choice_serves_more_people_within_its_rooms(town, small):
    cost, people, room, rules = town
    reach = cost <= 25
    served = {
        choice: most_served(reach, people, room, (*rules.fixed, *choice))
        for choice in allowed(rules, len(room))
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rooms, "SMALL", small)  # with a first look as well as without
        found = cover_with_room(reach, people, room, rules)
    if not served:
        assert (found.status, found.chosen) == ("infeasible", ())
        return
    assert found.status == "optimal"
    assert found.objective == pytest.approx(max(served.values()))
    assert served[found.chosen] == pytest.approx(found.objective)
    assert found.bound == pytest.approx(found.objective)
    assert found.gap == 0
    assert found.seen == len(room) - len(rules.fixed)


def middling(seed, **more):
    """A town of a size to look at first, with every choice of three sites and whom it serves."""
    rng = np.random.default_rng(seed)
    at, spots = rng.random((30, 1, 2)), rng.random((1, 9, 2))
    reach = np.square(at - spots).sum(axis=2) < 0.08
    people = rng.integers(1, 30, 30)
    room = np.where(rng.random(9) < 0.2, np.inf, rng.integers(10, 90, 9))
    rules = Rules(count=3, fixed=(0,), cost=np.ones(9), **more)
    served = {c: most_served(reach, people, room, (0, *c)) for c in allowed(rules, 9)}
    return reach, people, room, rules, served


def test_the_first_look_rules_out_no_site_of_a_better_choice(monkeypatch):
    # Begun with the second best choice, the best is found only if its sites stay.
    first_look, ruled_out = rooms.first_look, 0

    def watched(*given):
        nonlocal ruled_out
        known = first_look(*given)
        assert -known.bound >= max(served.values()) - already - 1e-6
        ruled_out += int((~known.stays).sum())
        return known

    monkeypatch.setattr(rooms, "SMALL", 1)
    monkeypatch.setattr(rooms, "first_look", watched)
    monkeypatch.setattr(firstlook, "_STEPS", 5)
    for seed in range(40):
        reach, people, room, rules, served = middling(seed)
        second = max(served, key=lambda c: (served[c] < max(served.values()), served[c]))
        chosen = np.isin(np.arange(9), second)
        monkeypatch.setattr(firstlook, "filled", lambda *_, chosen=chosen: chosen)
        settled = reach[:, 0] & bool(room[0] >= people @ reach[:, 0])
        already = float(people @ settled)
        found = cover_with_room(reach, people, room, rules)
        assert (found.objective, found.bound) == pytest.approx((max(served.values()),) * 2)
    assert ruled_out > 20


def test_exchanges_fill_sites_up_within_the_rules():
    district = np.arange(9) % 3
    there, best = np.arange(9) == 0, 0
    for seed in range(30):
        more = {"district": district, "at_least": {1: 1}, "at_most": {2: 1}}
        reach, people, room, rules, served = middling(seed, **more)
        kept = [c for c in served if 1 in district[list(c)] and (district[list(c)] == 2).sum() < 2]
        town = Coverage(
            csr_array(reach.astype(float)), people.astype(float), np.zeros(30),
            *rule_rows(checked(rules, 9), 9), *site_bounds(rules, 9),
        )  # fmt: skip
        start = min(kept, key=served.get)
        chosen, before = np.isin(np.arange(9), start), None
        while before is None or (before != chosen).any():
            before, chosen = chosen, filled(town, room, there, chosen, 3)
        picked = tuple(np.flatnonzero(chosen).tolist())
        assert picked in kept
        assert served[picked] >= served[start]
        best += served[picked] == max(map(served.get, kept))
    assert best >= 20


def test_the_first_look_is_the_answer_where_the_search_finds_none(monkeypatch):
    monkeypatch.setattr(rooms, "SMALL", 1)
    monkeypatch.setattr(rooms, "solved", lambda *_, **__: Solved("time_limit", None, np.inf, -1e9))
    unproven = 0
    for seed in range(20):
        reach, people, room, rules, served = middling(seed)
        found = cover_with_room(reach, people, room, rules)
        assert served[found.chosen] == pytest.approx(found.objective)
        assert found.bound >= max(served.values()) - 1e-6
        assert (found.status == "optimal") == (found.gap == 0)
        unproven += found.status == "time_limit"
    assert 0 < unproven < 20


@given(town=towns())
@settings(max_examples=150, deadline=None)
def test_no_choice_has_shorter_ways_with_room_for_everybody(town):
    cost, people, room, rules = town
    ways = {
        choice: least_way(cost, people, room, (*rules.fixed, *choice))
        for choice in allowed(rules, len(room))
    }
    ways = {choice: way for choice, way in ways.items() if way is not None}
    found = nearest_with_room(cost, people, room, rules)
    if not ways:
        assert (found.status, found.chosen) == ("infeasible", ())
        assert np.isnan(found.objective)
        return
    assert found.status == "optimal"
    assert found.objective == pytest.approx(min(ways.values()), abs=1e-6)
    assert ways[found.chosen] == pytest.approx(found.objective, abs=1e-6)
    assert found.bound == pytest.approx(found.objective, abs=1e-6)


def test_two_small_rooms_beat_the_site_everybody_reaches():
    reach = np.array([[1, 1, 0], [1, 0, 1]], dtype=bool)
    found = cover_with_room(reach, [10, 10], [8, 9, 10], Rules(count=2))
    assert (found.chosen, found.objective) == ((1, 2), 19)


def test_more_room_at_a_venue_is_a_site_of_its_own():
    reach = np.array([[1, 1, 0], [0, 0, 1]], dtype=bool)
    rules = Rules(fixed=(0,), count=1)
    extended = cover_with_room(reach, [100, 20], [40, 60, np.inf], rules)
    assert (extended.chosen, extended.objective) == ((1,), 100)


def test_the_nearest_site_turns_away_whom_it_has_no_room_for():
    found = nearest_with_room([[1, 5], [2, 9]], [10, 10], [10, 10], Rules(count=2))
    assert found.objective == 10 * 5 + 10 * 2


def test_sites_nobody_would_go_to_are_left_out():
    reach = np.ones((2, 4), dtype=bool)
    found = cover_with_room(reach, [5, 5], [np.inf, np.inf, 3, 0], Rules(budget=4))
    assert len(found.chosen) == 1
    assert found.objective == 10


def test_a_required_site_stays_though_nobody_goes_there():
    reach = np.array([[True, False]])
    found = cover_with_room(reach, [5], [9, 9], Rules(forced=(1,), budget=2))
    assert found.chosen == (0, 1)


def test_sparse_rows_say_the_same_as_a_table():
    rng = np.random.default_rng(3)
    reach, people = rng.random((60, 12)) < 0.2, rng.integers(0, 99, 60)
    room = rng.integers(50, 400, 12)
    table = cover_with_room(reach, people, room, Rules(count=4))
    rows = cover_with_room(csr_array(reach), people, room, Rules(count=4))
    assert (rows.chosen, rows.objective) == (table.chosen, table.objective)


def test_contradicting_rules_have_no_answer():
    reach = np.array([[True, True]])
    for rules in (
        Rules(forced=(0,), forbidden=(0,)),
        Rules(count=3),
        Rules(forced=(0, 1), count=1),
    ):
        assert cover_with_room(reach, [1], [1, 1], rules).status == "infeasible"
        assert nearest_with_room([[1, 1]], [1], [1, 1], rules).status == "infeasible"


@pytest.mark.parametrize("model", [cover_with_room, nearest_with_room])
def test_without_places_or_sites_there_is_nothing_to_do_but_keep_the_rules(model):
    def ask(places, sites, rules):
        table = np.ones((places, sites), dtype=bool)
        return model(table, np.ones(places), np.ones(sites), rules)

    for sites in (0, 3):
        nobody = ask(0, sites, Rules())
        assert (nobody.status, nobody.chosen, nobody.objective) == ("optimal", (), 0)
    assert ask(0, 0, Rules(count=1)).status == "infeasible"
    alone = "optimal" if model is cover_with_room else "infeasible"
    assert ask(2, 0, Rules()).status == alone


def test_no_time_gives_no_answer_or_an_honest_one():
    rng = np.random.default_rng(5)
    reach, people = rng.random((200, 60)) < 0.1, rng.integers(1, 99, 200)
    room = rng.integers(50, 400, 60)
    found = cover_with_room(reach, people, room, Rules(count=9), Limits(seconds=0))
    best = cover_with_room(reach, people, room, Rules(count=9))
    assert found.status == "time_limit"
    assert found.bound >= best.objective - 1e-6
    assert not found.objective > best.objective + 1e-6


def test_what_is_told_ends_at_the_answer():
    rng = np.random.default_rng(8)
    reach, people = rng.random((120, 30)) < 0.15, rng.integers(1, 99, 120)
    room, told = rng.integers(50, 300, 30), []
    limits = Limits(tell=lambda *news: told.append(news))
    found = cover_with_room(reach, people, room, Rules(count=7, fixed=(0,)), limits)
    assert told
    assert all(not best > found.objective + 1e-6 for best, _ in told)
    assert all(not bound < found.objective - 1e-6 for _, bound in told)


@pytest.mark.parametrize(
    ("people", "room", "says"),
    [
        ([1, -1], [1, 1], "people"),
        ([1, np.nan], [1, 1], "people"),
        ([1, np.inf], [1, 1], "people"),
        ([1], [1, 1], "people"),
        ([1, 1], [1, -1], "room"),
        ([1, 1], [1, np.nan], "room"),
        ([1, 1], [1], "room"),
    ],
)
def test_senseless_numbers_are_refused_by_name(people, room, says):
    with pytest.raises(ValueError, match=says):
        cover_with_room(np.ones((2, 2), dtype=bool), people, room, Rules())
    with pytest.raises(ValueError, match=says):
        nearest_with_room(np.ones((2, 2)), people, room, Rules())


@pytest.mark.parametrize("cost", [[[np.nan]], [[-1.0]], [1.0]])
def test_senseless_ways_are_refused(cost):
    with pytest.raises(ValueError, match="cost"):
        nearest_with_room(cost, [1], [1], Rules())
