"""From a request to a plan: the best there is by hand, and the figures a rebuild gives."""

import dataclasses
import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from venuenet.coverage import sample_seconds
from venuenet.errors import BadQueryError
from venuenet.model import LocatedVenue
from venuenet.pipeline import Inputs, compute
from venuenet.proposals.candidates import sites_of
from venuenet.proposals.matrix import matrix_of
from venuenet.proposals.request import parse_request
from venuenet.proposals.solve import propose, rules_of
from venuenet.publish.answers import coverage
from venuenet.scenarios.apply import edited
from venuenet.scenarios.file import parse_scenario
from venuenet.scenarios.pack import write_scenario_pack

HERE = Path(__file__).parents[1] / "golden" / "minicity"
WALK = {"mode": "walk", "minutes": 12}
EVERYWHERE = {"sources": ["townships", "stations", "cells"], "resolution": 7}


def build(pack):
    return compute(Inputs(pack, HERE / "standards.yaml", HERE / "assumptions.yaml"))


@pytest.fixture(scope="module")
def city():
    return build(HERE / "pack")


def plan(snapshot, **given):
    return propose(snapshot, parse_request(snapshot, {**WALK, **EVERYWHERE, **given}))


def chosen(answer):
    return {item["site_id"] for item in answer["items"]}


class ByHand:
    """The same question worked out from points and distances, with nothing of the code's."""

    def __init__(self, snapshot, **given):
        self.request = parse_request(snapshot, {**WALK, **EVERYWHERE, **given})
        self.sites = sites_of(snapshot, self.request).sites
        demand, rules = snapshot.demand, snapshot.assumptions.walk
        n, m = demand.sample_xy.shape[:2]
        xy = demand.sample_xy.reshape(n * m, 2)
        there = np.column_stack(
            snapshot.area.metric(
                [s.venue.lon for s in self.sites], [s.venue.lat for s in self.sites]
            )
        )
        metres = np.sqrt(((xy[:, None, :] - there[None, :, :]) ** 2).sum(axis=2))
        self.seconds = np.rint(metres * rules.detour.value * 3.6 / rules.speed_kmh.value)
        question = self.request.question
        self.limit = 60 * question.minutes
        table = snapshot.times["walk"]
        self.now = [sample_seconds(table, question.kinds, k).ravel() for k in (1, 2)]
        cells = np.bincount(demand.row_cell, demand.people, n)
        seniors = np.bincount(demand.row_cell, demand.groups["seniors"], n)
        self.m, self.people = m, np.repeat(cells, m) / m
        self.seniors = np.repeat(seniors, m) / m
        self.district = np.repeat(demand.cell_district, m)

    def reached(self, some, times=1):
        here = sum((seconds <= self.limit).astype(int) for seconds in self.now)
        return here + (self.seconds[:, list(some)] <= self.limit).sum(axis=1) >= times

    def nearest(self, some):
        """Seconds from each cell's centre to the nearest of what is there and some more."""
        both = np.column_stack([self.now[0][:, None], self.seconds[:, list(some)]])
        return both.min(axis=1)[:: self.m]

    def combinations(self, count):
        return itertools.combinations(range(len(self.sites)), count)

    def ids(self, some):
        return {self.sites[i].site_id for i in some}


def test_two_sites_reach_as_many_people_as_any_two(city):
    hand = ByHand(city, count=2)
    assert len(hand.sites) > 7
    best = max(hand.people[hand.reached(some)].sum() for some in hand.combinations(2))
    found = plan(city, count=2)
    assert found["status"] == "optimal"
    assert found["objective"] == pytest.approx(best)
    assert found["bound"] == pytest.approx(best)
    mine = [i for i, s in enumerate(hand.sites) if s.site_id in chosen(found)]
    assert hand.people[hand.reached(mine)].sum() == pytest.approx(best)


def test_weights_are_added_to_everybodys_one(city):
    hand = ByHand(city, count=1)
    weight = hand.people + 40 * hand.seniors
    best = max(weight[hand.reached(some)].sum() for some in hand.combinations(1))
    assert plan(city, count=1, weights={"seniors": 40})["objective"] == pytest.approx(best)


@pytest.mark.parametrize("district", ["甲区", "乙区"])
def test_only_the_residents_asked_for_count_wherever_the_site_is(city, district):
    hand = ByHand(city, count=1)
    demand, towns = city.demand, city.area.townships
    code = city.area.districts.set_index("name_zh").loc[district, "adcode"]
    home = towns["adcode"].to_numpy()[demand.row_township] == code
    people = np.repeat(np.bincount(demand.row_cell, demand.people * home, len(demand.cell)), hand.m)
    best = max(people[hand.reached(some)].sum() / hand.m for some in hand.combinations(1))
    found = plan(city, count=1, residents=district)
    assert found["objective"] == pytest.approx(best)
    after = {row["adcode"]: row["after"] for row in found["districts"]}
    assert after[code]["covered"] == pytest.approx(best, abs=2)
    assert {row["adcode"] for row in found["left_out"]} <= {code}
    assert "some_residents" in found["flags"]
    every = plan(city, goal="cover_share", share=1, residents=district)
    assert every["status"] == "infeasible" or (
        next(r for r in every["districts"] if r["adcode"] == code)["after"]["uncovered"] <= 2
    )


def test_a_share_is_reached_at_the_least_cost_there_is(city):
    hand = ByHand(city, goal="cover_share", share=0.75)
    total = hand.people.sum()
    fewest = next(
        size
        for size in range(5)
        if any(hand.people[hand.reached(c)].sum() >= 0.75 * total for c in hand.combinations(size))
    )
    found = plan(city, goal="cover_share", share=0.75)
    assert 0 < fewest == len(found["items"])
    assert found["cost"] == found["objective"] == 20 * fewest
    assert found["city"]["after"]["share"] >= 0.75 - 4 / total


def test_a_second_venue_counts_half(city):
    far = {"goal": "cover_twice", "count": 1, "minutes": 35}
    hand = ByHand(city, **far)
    assert hand.people[hand.reached([], 2)].sum() > 0

    def worth(some):
        once, twice = (hand.people[hand.reached(some, k)].sum() for k in (1, 2))
        return 0.5 * once + 0.5 * twice

    best = max(worth(some) for some in hand.combinations(1))
    assert plan(city, **far)["objective"] == pytest.approx(best)


def test_the_worst_served_district_comes_first(city):
    hand = ByHand(city, count=2)

    def shares(some):
        inside = hand.reached(some)
        got = np.bincount(hand.district, hand.people * inside)
        return round((got / np.bincount(hand.district, hand.people)).min(), 9), got.sum()

    worst, most = max(shares(some) for some in hand.combinations(2))
    found = plan(city, goal="cover_fairly", count=2)
    after = [row["after"]["share"] for row in found["districts"]]
    assert min(after) == pytest.approx(worst, abs=1e-3)
    assert found["city"]["after"]["covered"] == pytest.approx(most, abs=2)


def test_the_mean_way_is_as_short_as_two_sites_can_make_it(city):
    hand = ByHand(city, count=2)
    people = hand.people[:: hand.m]
    best = min((people * hand.nearest(some)).sum() for some in hand.combinations(2)) / people.sum()
    assert plan(city, goal="nearest_on_average", count=2)["objective"] == pytest.approx(best)


def test_the_longest_way_is_as_short_as_two_sites_can_make_it(city):
    hand = ByHand(city, count=2)
    lived = hand.people[:: hand.m] > 0
    best = min(hand.nearest(some)[lived].max() for some in hand.combinations(2))
    assert plan(city, goal="nearest_at_worst", count=2)["objective"] == pytest.approx(best)


def test_only_residents_of_its_district_are_served_where_others_do_not_count(city):
    far = {"count": 1, "own_district": True, "minutes": 30}
    hand = ByHand(city, **far)
    matrix = matrix_of(city, hand.request, hand.sites)
    code = {a: i for i, a in enumerate(city.area.districts["adcode"])}
    across = 0
    for i, site in enumerate(hand.sites):
        inside = hand.seconds[:, i] <= hand.limit
        mine = hand.district == code[site.venue.adcode]
        across += (inside & ~mine).sum()
        reached = matrix.reach[:, [matrix.fixed + i]].toarray().ravel()
        assert np.array_equal(reached, (inside & mine)[matrix.places.point])
    assert across > 0


@pytest.fixture(scope="module")
def upgraded(city):
    return plan(
        city, count=3, mode="transit", minutes=15, upgrades=["reopen"], force=["VV3:reopen"]
    )


def test_after_is_what_a_build_from_scratch_says(city, upgraded, tmp_path):
    pack = tmp_path / "pack"
    said = {"name_zh": "方案", "edits": upgraded["edits"]}
    write_scenario_pack(edited(city.area, parse_scenario(city.area, said).edits), pack)
    again = build(pack)
    asked = parse_request(city, {"count": 1, "mode": "transit", "minutes": 15}).question
    for level, rows in (("city", [upgraded["city"]]), ("district", upgraded["districts"])):
        for row, was, now in zip(
            rows, coverage(city, asked, level), coverage(again, asked, level), strict=True
        ):
            assert row["before"] == {name: was[name] for name in row["before"]}
            assert row["after"] == {name: now[name] for name in row["after"]}
            assert row["gained"] == now["covered"] - was["covered"]


def test_the_objective_is_the_figure_that_is_published(city, upgraded):
    towns = len(city.area.townships)
    assert abs(upgraded["objective"] - upgraded["city"]["after"]["covered"]) <= towns / 2


def test_an_upgrade_becomes_an_edit_of_what_is_there(upgraded):
    assert {"upgrade": {"venue": "V3", "status": "open"}} in upgraded["edits"]
    item = next(i for i in upgraded["items"] if i["option"] == "reopen")
    assert (item["venue_id"], item["source"], item["township_code"]) == ("V3", "upgrade", None)


def test_whom_a_site_adds_is_whom_nobody_else_reaches(city):
    found = plan(city, count=2)
    hand = ByHand(city, count=2)
    at = {s.site_id: i for i, s in enumerate(hand.sites)}
    mine = [at[i["site_id"]] for i in found["items"]]
    for item, i in zip(found["items"], mine, strict=True):
        inside = hand.seconds[:, i] <= hand.limit
        others = hand.reached([j for j in mine if j != i])
        assert item["people_in_reach"] == round(hand.people[inside].sum())
        assert item["people_marginal"] == round(hand.people[inside & ~others].sum())
        assert item["people_shared"] == item["people_in_reach"] - item["people_marginal"]
    assert [i["rank"] for i in found["items"]] == [1, 2]


def test_those_left_out_are_those_uncovered_and_some_never_had_a_chance(city):
    found = plan(city, count=1)
    hand = ByHand(city, count=1)
    left = {row["adcode"]: row for row in found["left_out"]}
    for row in found["districts"]:
        if row["after"]["uncovered"]:
            assert left[row["adcode"]]["people"] == row["after"]["uncovered"]
    never = hand.people[~hand.reached(range(len(hand.sites)))].sum()
    assert sum(r["no_candidate_in_reach"] for r in found["left_out"]) == pytest.approx(never, abs=2)


def test_rules_are_kept_and_change_the_plan(city):
    free = plan(city, count=2)
    names = {i["site_id"]: i for i in free["items"]}
    first = free["items"][0]["site_id"]
    assert first not in chosen(plan(city, count=2, forbid=[first]))
    other = next(
        s.site_id
        for s in ByHand(city, count=1).sites
        if s.site_id not in names and s.place == "TA1"
    )
    assert other in chosen(plan(city, count=2, force=[other]))
    there = free["items"][0]["adcode"]
    lone = plan(city, count=2, max_per_district={there: 0})
    assert there not in {i["adcode"] for i in lone["items"]}
    each = plan(city, count=2, min_per_district=1)
    assert {i["adcode"] for i in each["items"]} == {"A", "B"}
    far = plan(city, count=2, spacing_km=9)
    lon, lat = ([i[axis] for i in far["items"]] for axis in ("lon", "lat"))
    at = np.column_stack(city.area.metric(lon, lat))
    assert np.hypot(*(at[0] - at[1])) >= 9000
    poor = plan(city, budget=45)
    assert (len(poor["items"]), poor["cost"]) == (2, 40)


def test_the_cheaper_of_two_options_with_one_effect_is_taken(city):
    found = plan(city, budget=6, options=["branch", "node"])
    assert {i["option"] for i in found["items"]} == {"node"}
    forced = plan(city, budget=26, options=["branch", "node"], force=["TA1:branch"])
    assert "TA1:branch" in chosen(forced)


def test_options_at_one_place_exclude_each_other(city):
    request = parse_request(city, {"count": 1, "options": ["branch", "node"], **WALK})
    candidates = sites_of(city, request)
    matrix = matrix_of(city, request, candidates.sites)
    rules = rules_of(city, request, candidates, matrix.fixed)
    assert matrix.fixed == 1
    pairs = rules.place[1:].reshape(-1, 2)
    assert (pairs[:, 0] == pairs[:, 1]).all()
    assert len(set(pairs[:, 0])) == 4
    assert rules.place[0] == -1


def test_other_plans_differ_and_what_all_share_is_named(city):
    found = plan(city, count=2, alternatives=2, time_limit_s=60)
    best = chosen(found)
    for other in found["alternatives"]:
        assert set(other["chosen"]) != best
        assert set(other["chosen"]) == best - set(other["instead_of"]) | set(other["new"])
        assert other["objective"] <= found["objective"] + 1e-6
    plans = [best, *(set(o["chosen"]) for o in found["alternatives"])]
    assert len(plans) > 1
    assert set(found["in_all"]) == set.intersection(*plans)


def test_what_cannot_be_is_explained_in_both_languages(city):
    found = plan(city, goal="cover_all", minutes=1)
    assert (found["status"], found["items"], found["edits"]) == ("infeasible", [], [])
    assert found["objective"] is None
    assert found["city"]["after"] is None
    assert [r["code"] for r in found["reasons"]] == ["no_site_in_reach"]
    assert all(r["zh"] and r["en"] for r in found["reasons"])
    many = plan(city, count=500)
    assert "count_above_candidates" in {r["code"] for r in many["reasons"]}


def test_a_corner_serves_no_more_people_than_it_has_room_for(city):
    """A hundred times the residents: what is there takes everybody, a corner 13,333 persons."""
    crowd = dataclasses.replace(
        city.demand,
        people=city.demand.people * 100,
        groups={g: p * 100 for g, p in city.demand.groups.items()},
    )
    crowded = dataclasses.replace(city, demand=crowd)
    hand = ByHand(crowded, count=1)
    room = 2000 / 0.15
    here = hand.people[hand.reached([])].sum()
    new = [hand.people[hand.reached([i])].sum() - here for i in range(len(hand.sites))]
    assert max(new) > 2 * room
    found = plan(crowded, goal="cover_with_room", count=2, options=["corner"], kinds="science")
    assert found["status"] == "optimal"
    assert found["objective"] == pytest.approx(here + 2 * int(room))
    assert found["request"]["capacitated"] is True
    # The published figure lets a cell's people use whatever any point of it reaches: no fewer.
    assert found["city"]["gained"] >= 2 * int(room) - 2
    assert "room_by_point" in found["flags"]


def test_a_plan_is_plain_json_and_says_what_was_asked(city, upgraded):
    text = json.dumps(upgraded, ensure_ascii=False, allow_nan=False)
    assert json.loads(text) == upgraded
    asked = upgraded["request"]
    assert (asked["goal"], asked["mode"], asked["minutes"]) == ("cover_most", "transit", 15)
    assert upgraded["candidates"]["townships"] == 4
    assert {"options_assumed", "costs_assumed", "demand_modelled"} <= set(upgraded["flags"])


def test_who_listens_hears_every_stage_and_can_stop_the_work(city):
    heard = []
    request = parse_request(city, {"count": 1, **WALK})
    propose(city, request, tell=lambda zh, en, *_: heard.append((zh, en)))
    assert heard[0] == ("列出候选", "listing candidates")
    assert ("求解", "solving") in heard
    assert ("核算方案效果", "working out what the plan brings") in heard

    def stop(_zh, en, *_):
        if en.startswith("travel times"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        propose(city, request, tell=stop)


def test_spacing_with_too_many_pairs_is_refused(beijing):
    request = parse_request(
        beijing, {"count": 5, "sources": "cells", "spacing_km": 100, "mode": "walk"}
    )
    candidates = sites_of(beijing, request)
    with pytest.raises(BadQueryError) as caught:
        rules_of(beijing, request, candidates, 1)
    assert caught.value.param == "spacing_km"


def test_a_group_is_asked_at_its_own_pace(beijing):
    """Seniors walk slower: their own table's times, not everybody's."""
    given = {"mode": "walk", "minutes": 15, "count": 1, "kinds": "science"}
    request = parse_request(beijing, {**given, "group": "seniors", "districts": ["东城"]})
    sites = sites_of(beijing, request).sites
    venue = next(v for v in beijing.area.venues if isinstance(v, LocatedVenue) and v.counts)
    here = dataclasses.replace(sites[0], venue=dataclasses.replace(sites[0].venue, lon=venue.lon,
                                                                   lat=venue.lat))  # fmt: skip
    matrix = matrix_of(beijing, request, [here])
    times = beijing.others["senior"]["walk"]
    row = times.venue_ids.index(venue.venue_id)
    kept = slice(*times.indptr[row : row + 2])
    within = set(times.cell[kept][times.seconds[kept] <= 900].tolist())
    centre = matrix.places.point % matrix.places.scale == 0
    reached = matrix.reach[:, [1]].toarray().ravel()
    lived = set(matrix.places.cell[centre].tolist())
    assert set(matrix.places.cell[centre & reached].tolist()) == within & lived
