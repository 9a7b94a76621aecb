"""1+16+N: reach, load and span of branches, and the branch each orphan base could join."""

import dataclasses
import math
import shutil

import numpy as np
import pytest
from hypothesis import given, settings

from tests.golden.test_minicity import CELLS, HERE, people_by_hand
from tests.unit.test_closures import covered, in_districts, questions
from tests.unit.test_network_ties import one_by_one
from tests.unit.test_properties import people, persons, travel, venues
from venuenet import pipeline
from venuenet.model import KINDS, UNREACHED, Question
from venuenet.network.system import BRANCH, HUB, adopt, duty
from venuenet.publish.answers import coverage
from venuenet.publish.network_system import system

always = settings(max_examples=80, deadline=None)
SECONDS_PER_METRE = 0.75
FOOT = Question(mode="walk", minutes=30)


@given(people(), venues(min_size=1), questions)
@always
def test_load_and_span_of_a_branch_are_those_counted_one_by_one(demand, places, question):
    demand = in_districts(demand, 3)
    times, asked = travel(demand, places, question.mode), persons(demand, question)
    found = duty(demand, times, question, asked, BRANCH)
    only = dataclasses.replace(question, kinds=(BRANCH,), k=1)
    assert found.reach.tolist() == covered(demand, times, only).tolist()
    assert found.within.sum() == found.reach.sum()

    reached = {v: [] for v in range(len(places))}
    for (cell, _), near in one_by_one(demand, places, only).items():
        here = int(asked[demand.row_cell == cell].sum())
        if near:
            reached[near[0][2]] += [near[0][0]] * here
    towns = len(demand.township_flags)
    for v, seconds in reached.items():
        assert abs(found.nearest[v] - len(seconds) / times.samples) < towns + 1
        if seconds:
            arrived = sorted(seconds)[math.ceil(0.9 * len(seconds) - 1e-9) - 1]
            assert found.span_s[v] == arrived
        else:
            assert math.isnan(found.span_s[v])


@given(people(samples=1), venues(min_size=1))
@always
def test_a_base_joins_the_branch_nearest_to_its_cell(demand, places):
    times = travel(demand, places)
    spots = np.column_stack([demand.x + 3.0, demand.y + 4.0])
    found = adopt(demand, times, spots)
    every = one_by_one(demand, places, Question(mode="walk", kinds=(BRANCH,)))
    for base, spot in enumerate(spots):
        apart = np.hypot(demand.x - spot[0], demand.y - spot[1])
        assert found.off_m[base] == pytest.approx(apart.min())
        near = {(every[c, 0][0] if every[c, 0] else None) for c in np.flatnonzero(
            apart == apart.min()
        )}  # fmt: skip
        mine = None if found.branch[base] < 0 else (found.seconds[base], int(found.branch[base]))
        assert mine in {n and (n[0], n[2]) for n in near}
        assert (found.branch[base] < 0) == (found.seconds[base] == UNREACHED)


def test_nobody_to_stand_for_a_base_is_no_branch(beijing):
    times = beijing.times["walk"]
    none = dataclasses.replace(beijing.demand, cell=beijing.demand.cell[:0])
    assert adopt(none, times, np.zeros((2, 2))).branch.tolist() == [-1, -1]


# The embedded data: no branch has a position


def test_beijings_branches_have_no_data_and_no_zeros(beijing):
    answer = system(beijing, Question())
    assert len(answer["items"]) == len(answer["branches"]) == 16
    for item in answer["items"]:
        assert item["branch_reach"] is item["branch_share"] is None
        assert item["flags"] == ["branch:no_data:venues_unlocated"]
        assert len(item["branches"]) == 1
        assert item["branches_located"] == 0
    for branch in answer["branches"]:
        assert branch["within"] is branch["nearest"] is branch["span_minutes"] is None
        assert "no_data:venues_unlocated" in branch["flags"]
    assert answer["nodes"]["by_theme"] is None
    assert answer["nodes"]["flags"] == ["no_data:theme"]
    assert {b["branch"] for b in answer["bases"]} == {None}
    assert all("no_data:venues_unlocated" in b["flags"] for b in answer["bases"])


def test_beijings_hub_is_answered_as_coverage_answers_it(beijing):
    answer = system(beijing, Question())
    rows = coverage(beijing, Question(kinds=(HUB,)))
    assert [i["hub_reach"] for i in answer["items"]] == [r["covered"] for r in rows]
    assert [i["hub_share"] for i in answer["items"]] == [r["share"] for r in rows]
    (hub,) = answer["hub"]
    assert hub["within"] == sum(r["covered"] for r in rows)
    whole = coverage(beijing, Question(kinds=(HUB,)), "city")[0]
    assert hub["nearest"] == whole["people"]
    assert hub["span_minutes"] == pytest.approx(whole["p90_minutes"], abs=2)


def test_a_group_nobody_counted_has_no_data(beijing):
    answer = system(beijing, Question(group="workers"))
    assert {i["hub_reach"] for i in answer["items"]} == {None}
    assert "hub:no_data:group_unknown" in answer["items"][0]["flags"]


# The mini-city with its branch placed, and two bases more


PLACES = {"V4": (5600.0, 0.0), "V6": (990.0, 10.0)}
BASE = "{id},{id}馆,{id} hall,,base,-,city,A,甲区,{at},{method},{off},open,,,,invented,high,,\n"


@pytest.fixture(scope="module")
def placed(tmp_path_factory):
    """The mini-city, its branch V4 with a place, and bases V6 in C02 and V7 nowhere."""
    pack = tmp_path_factory.mktemp("placed") / "pack"
    shutil.copytree(HERE / "pack", pack)
    file = pack / "venues.csv"
    text = file.read_text(encoding="utf-8").replace(
        "乙区乙一镇4号,,,,,open,,,,invented,high,unlocated,",
        f"乙区乙一镇4号,{degrees(*PLACES['V4'])},invented,0,open,,,,invented,high,,",
    )
    text += BASE.format(id="V6", at=degrees(*PLACES["V6"]), method="invented", off=0)
    text += BASE.format(id="V7", at=",", method="", off="")
    file.write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            pipeline,
            "build_demand",
            lambda *_: dataclasses.replace(people_by_hand(), adcodes=("A", "B")),
        )
        return pipeline.compute(
            pipeline.Inputs(pack, HERE / "standards.yaml", HERE / "assumptions.yaml")
        )


def degrees(x, y):
    """Degrees of a place in the mini-city's metres; EPSG:4548 has 117° E at x = 0."""
    from pyproj import Transformer  # noqa: PLC0415

    back = Transformer.from_crs("EPSG:4548", "EPSG:4326", always_xy=True)
    lon, lat = back.transform(x + 500_000, y + 4_430_000)
    return f"{lon:.9f},{lat:.9f}"


def walk_seconds():
    """From every cell to V4, and its people: a cell is one point on the line y = 0 or near it."""
    rows = []
    for row in CELLS.values():
        apart = math.hypot(float(row["x"]) - 5600, float(row["y"]))
        rows.append((round(SECONDS_PER_METRE * apart), row))
    return rows


def test_a_branch_with_a_place_has_reach_load_and_span(placed):
    answer = system(placed, FOOT)
    (branch,) = answer["branches"]
    demand = placed.demand
    everyone = np.bincount(demand.row_cell, demand.people)
    seconds = np.array([s for s, _ in walk_seconds()])
    district = demand.cell_district
    inside = seconds <= 1800
    reach = [int(everyone[inside & (district == d)].sum()) for d in (0, 1)]
    assert reach[0] > 0
    assert reach[1] > 0
    assert [i["branch_reach"] for i in answer["items"]] == reach
    assert [i["branches"] for i in answer["items"]] == [[], ["V4"]]
    assert branch["within"] == sum(reach)
    assert branch["nearest"] == everyone.sum()
    order = np.argsort(seconds)
    arrived = np.cumsum(everyone[order]) >= 0.9 * everyone.sum()
    assert branch["span_minutes"] == round(seconds[order][arrived][0] / 60, 1)
    assert branch["flags"] == []


def test_an_orphan_base_joins_the_branch_by_the_way_from_its_cell(placed):
    bases = {b["venue_id"]: b for b in system(placed, FOOT)["bases"]}
    assert set(bases) == {"V6", "V7"}  # V3 is closed
    c02 = next(r for r in CELLS.values() if r["cell"] == "C02")
    assert float(c02["x"]) == 1000
    assert bases["V6"]["branch"]["venue_id"] == "V4"
    assert bases["V6"]["minutes"] == round(0.75 * 4600 / 60, 1)
    assert bases["V6"]["off_m"] == 14
    assert bases["V6"]["flags"] == ["by_cell"]
    assert bases["V7"]["branch"] is bases["V7"]["minutes"] is None
    assert bases["V7"]["flags"] == ["no_data:base_unlocated"]


def test_a_base_tied_as_a_node_is_no_orphan(placed):
    tied = tuple(
        dataclasses.replace(v, tier="node") if v.venue_id == "V6" else v for v in placed.area.venues
    )
    other = dataclasses.replace(placed, area=dataclasses.replace(placed.area, venues=tied))
    assert [b["venue_id"] for b in system(other, FOOT)["bases"]] == ["V7"]


def test_a_branch_of_another_tier_is_told(placed):
    odd = tuple(
        dataclasses.replace(v, tier="-") if v.venue_id == "V4" else v for v in placed.area.venues
    )
    other = dataclasses.replace(placed, area=dataclasses.replace(placed.area, venues=odd))
    assert system(other, FOOT)["branches"][0]["flags"] == ["tier_not_kind"]


def test_the_kinds_looked_at_are_those_of_the_contract():
    assert {HUB, BRANCH} < set(KINDS)
