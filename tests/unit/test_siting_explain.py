"""Why there is no plan, against every choice there is; whom a plan reaches and leaves out."""

from dataclasses import replace
from itertools import combinations
from string import Formatter

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from venuenet.siting.elastic import least_relaxation
from venuenet.siting.explain import STANDINGS, catchments, left_out, why_infeasible
from venuenet.siting.explain_words import REASONS, Reason, worded
from venuenet.siting.rows import checked
from venuenet.siting.types import Rules
from venuenet.siting.wishes import as_reach, wish

MOST_SITES = 7


@st.composite
def tasks(draw):
    """Rules, often contradicting one another, and what is to be reached."""
    rng = np.random.default_rng(draw(st.integers(0, 100_000)))
    places, sites = draw(st.integers(1, 5)), draw(st.integers(1, MOST_SITES))
    some = st.sets(st.integers(0, sites - 1), max_size=3)
    fixed = draw(some) if draw(st.booleans()) else set()
    pairs = [p for p in combinations(range(sites), 2) if rng.random() < 0.3]
    several = st.dictionaries(st.integers(0, 2), st.integers(0, 4), max_size=2)
    rules = Rules(
        count=draw(st.none() | st.integers(0, sites + 1)),
        cost=rng.integers(0, 6, sites).astype(float),
        budget=draw(st.none() | st.integers(0, 12)),
        fixed=tuple(sorted(fixed)),
        forced=tuple(sorted(draw(some) - fixed)) if draw(st.booleans()) else (),
        forbidden=tuple(sorted(draw(some))) if draw(st.booleans()) else (),
        district=rng.integers(-1, 3, sites),
        at_least=draw(several) if draw(st.booleans()) else {},
        at_most=draw(several) if draw(st.booleans()) else {},
        place=rng.integers(-1, 4, sites) if draw(st.booleans()) else None,
        apart=tuple(pairs) if draw(st.booleans()) else (),
    )
    if draw(st.booleans()):
        known = tuple(sorted(draw(some) - fixed))
        rules = replace(rules, other_than=(known,), differ=draw(st.integers(1, 2)))
    reach = rng.random((places, sites)) < draw(st.sampled_from([0.3, 0.6]))
    people = rng.integers(0, 30, places).astype(float)
    room = rng.integers(0, 40, sites).astype(float)
    room[rng.random(sites) < 0.2] = np.inf
    asks = draw(st.sampled_from(["nothing", "every", "share"]))
    asked = {"every": asks == "every", "share": None}
    if asks == "share":
        asked["share"] = draw(st.sampled_from([0.0, 0.3, 0.5, 0.9, 1.0]))
    if asks != "nothing":
        asked |= {"reach": reach, "people": people}
        if draw(st.booleans()):
            asked["room"] = room
    return rules, sites, asked


def kept(rules, choice, place=True):
    """Whether a choice keeps the rules, said in plain words."""
    picked, there = set(choice), set(choice) | set(rules.fixed)
    by_district = {d: sum(rules.district[j] == d for j in picked) for d in range(-1, 6)}
    shared = [] if rules.place is None else [rules.place[j] for j in picked if rules.place[j] >= 0]
    return (
        (rules.count is None or len(picked) == rules.count)
        and (rules.budget is None or sum(rules.cost[j] for j in picked) <= rules.budget + 1e-9)
        and set(rules.forced) <= picked
        and not picked & (set(rules.forbidden) | set(rules.fixed))
        and all(by_district.get(d, 0) >= least for d, least in rules.at_least.items())
        and all(by_district.get(d, 0) <= most for d, most in rules.at_most.items())
        and len(shared) == len(set(shared))
        and not any(set(p) <= there and picked & set(p) for p in rules.apart)
        and all(len(set(k) - picked) >= rules.differ for k in rules.other_than)
    )


def granted(asked, there):
    """Whether sites that are there serve whom they are asked to serve."""
    if not asked["every"] and asked["share"] is None:
        return True
    reach, people, there = asked["reach"], asked["people"], sorted(there)
    share = 1.0 if asked["every"] else asked["share"]
    if "room" not in asked:
        reached = reach[:, there].any(axis=1)
        if asked["every"]:
            return reached.all()
        return people[reached].sum() >= share * people.sum() - 1e-6
    town = nx.DiGraph()
    town.add_nodes_from(["home", "gone"])
    for i, persons in enumerate(people):
        town.add_edge("home", ("place", i), capacity=persons)
        town.add_edges_from((("place", i), ("site", j)) for j in there if reach[i, j])
    for j in there:
        limit = {} if np.isinf(asked["room"][j]) else {"capacity": asked["room"][j]}
        town.add_edge(("site", j), "gone", **limit)
    return nx.maximum_flow_value(town, "home", "gone") >= share * people.sum() - 1e-6


def possible(rules, sites, asked):
    return any(
        kept(rules, choice) and granted(asked, {*choice, *rules.fixed})
        for size in range(sites + 1)
        for choice in combinations(range(sites), size)
    )


def followed(reasons, rules, asked):
    """Rules and wishes after every reason's relaxation was granted."""
    for reason in reasons:
        name, new = reason.code.removeprefix("relax_"), reason.numbers.get("possible")
        if name in ("count", "budget"):
            rules = replace(rules, **{name: new})
        elif name in ("forced", "forbidden"):
            left = tuple(j for j in getattr(rules, name) if j not in reason.sites)
            rules = replace(rules, **{name: left})
        elif name in ("at_least", "at_most"):
            limits = {**getattr(rules, name), reason.districts[0]: new}
            rules = replace(rules, **{name: limits})
        elif name == "spacing":
            named = set(reason.sites)
            rules = replace(rules, apart=tuple(p for p in rules.apart if not set(p) <= named))
        elif name == "other_than":
            rules = replace(rules, other_than=())
        elif name == "share":
            asked = {**asked, "share": new - 1e-9}
        else:
            assert name == "every"
            if "room" in asked:
                total = asked["people"].sum()
                asked = {**asked, "every": False, "share": 1 - reason.numbers["people"] / total}
            else:
                stay = np.setdiff1d(np.arange(len(asked["people"])), reason.places)
                asked = {**asked, "reach": asked["reach"][stay], "people": asked["people"][stay]}
    return rules, asked


@given(task=tasks())
@settings(max_examples=200, deadline=None)
def test_reasons_are_given_exactly_when_no_choice_keeps_the_rules(task):
    rules, sites, asked = task
    reasons = why_infeasible(rules, sites, **asked)
    assert bool(reasons) == (not possible(rules, sites, asked))
    for reason in reasons:
        assert reason.code != "not_known"
        assert all(worded(reason))


@given(task=tasks())
@settings(max_examples=200, deadline=None)
def test_following_the_least_relaxation_makes_the_rules_possible(task):
    rules, sites, asked = task
    reach, people, room = (asked.get(name) for name in ("reach", "people", "room"))
    wanted = None
    if reach is not None:
        share = None if asked["every"] else asked["share"]
        wanted = wish(as_reach(reach), people, rules.fixed, share=share, room=room)
    reasons = least_relaxation(checked(rules, sites), sites, wanted)
    assert bool(reasons) == (not possible(rules, sites, asked))
    assert possible(*_between(*followed(reasons, rules, asked), sites))
    for left in range(len(reasons)):  # fewer do not do
        fewer = [*reasons[:left], *reasons[left + 1 :]]
        assert not possible(*_between(*followed(fewer, rules, asked), sites))


def _between(rules, asked, sites):
    return rules, sites, asked


REACH = np.array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1]], dtype=bool)
EAST_WEST = np.array([0, 0, 1, 1])


@pytest.mark.parametrize(
    ("rules", "asked", "reason"),
    [
        (Rules(forced=(0, 1), forbidden=(1,)), {}, Reason("forced_forbidden", sites=(1,))),
        (
            Rules(forced=(0, 1), apart=((1, 0),)),
            {},
            Reason("forced_too_near", {"pairs": 1}, (0, 1)),
        ),
        (
            Rules(fixed=(2,), forced=(0,), apart=((0, 2), (1, 2))),
            {},
            Reason("forced_too_near", {"pairs": 1}, (0, 2)),
        ),
        (
            Rules(forced=(0, 3), place=np.array([5, 1, 1, 5])),
            {},
            Reason("forced_same_place", sites=(0, 3)),
        ),
        (
            Rules(forced=(0, 2), cost=np.array([4.0, 1, 3, 1]), budget=5),
            {},
            Reason("forced_cost", {"cost": 7, "budget": 5}, (0, 2)),
        ),
        (
            Rules(forced=(0, 1, 2), count=2),
            {},
            Reason("forced_above_count", {"forced": 3, "count": 2}, (0, 1, 2)),
        ),
        (
            Rules(forced=(2, 3), district=EAST_WEST, at_most={1: 1}),
            {},
            Reason("forced_above_district", {"forced": 2, "at_most": 1}, (2, 3), districts=(1,)),
        ),
        (
            Rules(count=3, fixed=(0,), forbidden=(1,)),
            {},
            Reason("count_above_candidates", {"count": 3, "candidates": 2}),
        ),
        (
            Rules(district=EAST_WEST, at_least={1: 2, 7: 1}, forbidden=(3,)),
            {},
            Reason("district_above_candidates", {"at_least": 1, "candidates": 0}, districts=(7,)),
        ),
        (
            Rules(district=EAST_WEST, at_least={1: 2}, at_most={1: 1}),
            {},
            Reason("district_limits", {"at_least": 2, "at_most": 1}, districts=(1,)),
        ),
        (
            Rules(district=EAST_WEST, at_least={0: 2, 1: 1}, count=2),
            {},
            Reason("at_least_above_count", {"at_least": 3, "count": 2}, districts=(0, 1)),
        ),
        (
            Rules(district=EAST_WEST, at_most={0: 1}, count=4),
            {},
            Reason("at_most_below_count", {"at_most": 3, "count": 4}, districts=(0,)),
        ),
        (
            Rules(count=3, place=np.array([0, 0, 1, 1])),
            {},
            Reason("places_below_count", {"largest": 2, "count": 3}),
        ),
        (
            Rules(count=3, apart=((0, 1), (1, 2), (0, 2))),
            {},
            Reason("spacing_below_count", {"largest": 2, "count": 3}),
        ),
        (
            Rules(count=2, cost=np.array([3.0, 4, 5, 9]), budget=6),
            {},
            Reason("budget_below_cheapest", {"budget": 6, "cheapest": 7}),
        ),
        (
            Rules(count=2),
            {"reach": REACH[:, [0, 1, 2, 2]], "people": [5, 6, 7], "every": True},
            Reason("no_site_in_reach", {"people": 7}, places=(2,)),
        ),
        (
            Rules(forbidden=(3,)),
            {"reach": REACH, "every": True},
            Reason("only_forbidden_in_reach", places=(2,)),
        ),
        (
            Rules(forbidden=(3,)),
            {"reach": REACH, "people": [5, 5, 10], "share": 0.6},
            Reason("share_above_reachable", {"share": 0.6, "reachable": 0.5}),
        ),
        (
            Rules(count=2, fixed=(0,)),
            {"reach": REACH, "people": [5, 5, 10], "every": True, "room": [3, 9, 1, 5]},
            Reason("room_below_people", {"room": 17, "people": 20}),
        ),
        (
            Rules(count=1),
            {"reach": REACH, "every": True},
            Reason("count_below_reach", {"least": 2, "count": 1}),
        ),
        (
            Rules(budget=4, cost=np.array([1.0, 2, 1, 3])),
            {"reach": REACH, "every": True},
            Reason("budget_below_reach", {"budget": 4, "cheapest": 5}),
        ),
    ],
    ids=lambda value: value.code if isinstance(value, Reason) else "",
)
def test_one_contradiction_is_told_with_its_numbers(rules, asked, reason):
    reasons = why_infeasible(rules, 4, **asked)
    assert reason.code in {found.code for found in reasons}
    found = next(
        r for r in reasons if r.code == reason.code and r.districts[-1:] == reason.districts[-1:]
    )
    assert found.numbers == pytest.approx(reason.numbers)
    assert (found.sites, found.places, found.districts) == (
        reason.sites,
        reason.places,
        reason.districts,
    )


def test_every_contradiction_is_told_at_once():
    rules = Rules(
        forced=(0, 1), forbidden=(1,), count=9, district=EAST_WEST, at_least={0: 3}, at_most={0: 1}
    )
    assert {reason.code for reason in why_infeasible(rules, 4)} == {
        "forced_forbidden",
        "forced_above_district",
        "district_above_candidates",
        "district_limits",
        "count_above_candidates",
    }


def test_rules_that_contradict_only_together_are_relaxed_by_name_and_number():
    apart = ((0, 1), (0, 2), (0, 3))  # either the first alone, or up to three others
    rules = Rules(forced=(0,), district=EAST_WEST, at_least={1: 1}, apart=apart)
    (reason,) = why_infeasible(rules, 4)
    assert reason.code in {"relax_forced", "relax_at_least", "relax_spacing"}
    rules = Rules(count=2, other_than=((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)))
    assert [r.code for r in why_infeasible(rules, 4)] in (["relax_count"], ["relax_other_than"])


def test_of_as_few_rules_those_give_way_that_give_least():
    rules = checked(Rules(count=2, cost=np.array([3.0, 4, 5, 9]), budget=6), 4)
    assert least_relaxation(rules, 4) == [Reason("relax_budget", {"asked": 6, "possible": 7})]


def test_a_choice_that_exists_has_no_reason_against_it():
    assert why_infeasible(Rules(count=2, forced=(1,), apart=((0, 1),)), 4) == []
    assert why_infeasible(Rules(), 0) == []


def test_no_time_is_told_as_not_known():
    rng = np.random.default_rng(1)
    known = tuple(combinations(range(30), 3))
    rules = Rules(count=3, other_than=known, cost=rng.random(30))
    (reason,) = why_infeasible(rules, 30, seconds=0)
    assert reason.code == "not_known"


def test_every_code_is_worded_in_both_languages_with_its_numbers():
    for code, texts in REASONS.items():
        gaps = [{gap for _, gap, _, _ in Formatter().parse(text) if gap} for text in texts]
        assert gaps[0] == gaps[1], code
        numbers = dict.fromkeys(gaps[0] - {"n_sites", "n_places", "n_districts"}, 0.5)
        zh, en = worded(Reason(code, numbers))
        assert zh != en
        assert "{" not in zh + en


def test_people_without_a_site_are_told_beside_their_places():
    zh, en = worded(Reason("no_site_in_reach", {"people": 12345.0}, places=(1, 2)))
    assert "2 处" in zh
    assert zh.endswith("涉及 12,345 人")
    assert en.endswith("(12,345 people)")


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"every": True}, "reach"),
        ({"share": 0.5}, "reach"),
        ({"share": 1.5, "reach": REACH, "people": [1, 1, 1]}, "share"),
        ({"share": np.nan, "reach": REACH, "people": [1, 1, 1]}, "share"),
        ({"share": 0.5, "reach": REACH}, "people"),
        ({"every": True, "reach": REACH, "room": [1, 1, 1, 1]}, "people"),
        ({"every": True, "reach": REACH[:, :3]}, "sites"),
        ({"every": True, "reach": REACH.astype(float)}, "reach"),
        ({"every": True, "reach": REACH, "people": [1, -1, 1]}, "people"),
        ({"every": True, "reach": REACH, "people": [1, 1, 1], "room": [1, 1, 1, -1]}, "room"),
    ],
)
def test_a_senseless_question_is_refused_by_name(asked, says):
    with pytest.raises(ValueError, match=says):
        why_infeasible(Rules(), 4, **asked)


@given(seed=st.integers(0, 10_000), sparse=st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_site_adds_whom_nobody_else_reaches(seed, sparse):
    rng = np.random.default_rng(seed)
    reach, people = rng.random((12, 6)) < 0.3, rng.integers(0, 50, 12)
    order = rng.permutation(6).tolist()
    fixed, chosen = order[:2], order[2:5]
    table = csr_array(reach) if sparse else reach
    for catchment in catchments(table, people, chosen, fixed):
        others = [j for j in (*fixed, *chosen) if j != catchment.site]
        everybody = people[reach[:, [*others, catchment.site]].any(axis=1)].sum()
        assert catchment.people == people[reach[:, catchment.site]].sum()
        assert catchment.adds == everybody - people[reach[:, others].any(axis=1)].sum()
        assert catchment.shared == catchment.people - catchment.adds


def test_each_place_stands_as_served_not_chosen_or_out_of_reach():
    reach = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]) > 0
    standing = left_out(reach, chosen=(0,), fixed=(1,), forbidden=(3,))
    assert [STANDINGS[s] for s in standing] == [
        "served",
        "served",
        "not_chosen",
        "no_site_in_reach",
        "no_site_in_reach",
    ]
