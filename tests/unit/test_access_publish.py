"""Measures over Beijing: each cell as plain loops give it, each area as its people weigh it."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from venuenet.access.ask import AccessSpec
from venuenet.access.capacity import UNKNOWN_RULES
from venuenet.access.decay import Decay, thirds
from venuenet.coverage import kth_seconds
from venuenet.errors import BadQueryError
from venuenet.model import KINDS, Question
from venuenet.publish.access import (
    access_csv,
    access_rows,
    cell_people,
    cell_values,
    describe_access,
    pairs_for,
    supply_for,
)
from venuenet.publish.answers import coverage

WALK = Question(mode="walk", minutes=60)
TRANSIT = Question()
MILU = "V110115-002"  # the one venue that tells its visits, 500,000


@pytest.fixture(scope="module")
def cost(beijing):
    """(cell, venue id) to minutes on foot, science venues within the hour."""
    times = beijing.times["walk"]
    kind = {v.venue_id: v.kind for v in beijing.area.venues}
    out = {}
    for v, name in enumerate(times.venue_ids):
        if kind[name] in WALK.kinds:
            run = slice(times.indptr[v], times.indptr[v + 1])
            for c, s in zip(times.cell[run].tolist(), times.seconds[run].tolist(), strict=True):
                out[c, name] = s / 60
    return out


def people_of(beijing):
    out = defaultdict(int)
    rows = zip(beijing.demand.row_cell.tolist(), beijing.demand.people.tolist(), strict=True)
    for c, p in rows:
        out[c] += p
    return out


def test_two_steps_on_foot_are_what_loops_give(beijing, cost):
    people = people_of(beijing)
    wanted, expected = defaultdict(float), defaultdict(float)
    for c, v in cost:
        wanted[v] += people[c]
    for c, v in cost:
        expected[c] += 100_000 / wanted[v]
    found = cell_values(beijing, WALK, AccessSpec("2sfca"))
    assert found == pytest.approx([expected[c] for c in range(len(found))], rel=1e-9)
    assert cell_people(beijing).tolist() == [people[c] for c in range(len(found))]


def test_venues_within_the_minutes_are_counted(beijing, cost):
    near = Question(mode="walk", minutes=30)
    expected = defaultdict(int)
    for (c, _), minutes in cost.items():
        expected[c] += minutes <= 30
    found = cell_values(beijing, near, AccessSpec("cumulative"))
    assert found.tolist() == [expected[c] for c in range(len(found))]


@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_kth_nearest_is_that_of_the_coverage_however_far(beijing, k):
    seconds = kth_seconds(beijing.times["transit"], TRANSIT.kinds, k)
    found = cell_values(beijing, TRANSIT, AccessSpec("nearest", k=k))
    assert found == pytest.approx(seconds / 60)
    assert found.max() > 60


def test_under_own_district_only_venues_of_the_own_district_are_shared(beijing, cost):
    own = replace(WALK, own_district=True)
    home = {v.venue_id: v.adcode for v in beijing.area.venues}
    codes = list(beijing.area.districts["adcode"])
    expected = defaultdict(int)
    for c, v in cost:
        expected[c] += home[v] == codes[beijing.demand.cell_district[c]]
    found = cell_values(beijing, own, AccessSpec("cumulative"))
    assert found.tolist() == [expected[c] for c in range(len(found))]
    assert found.sum() < cell_values(beijing, WALK, AccessSpec("cumulative")).sum()


SPECS = [
    AccessSpec("nearest", k=2),
    AccessSpec("cumulative"),
    AccessSpec("cumulative_interval", interval=(30, 60)),
    AccessSpec("gravity", decay=Decay("exponential", at=20)),
    AccessSpec("2sfca"),
    AccessSpec("e2sfca", decay=thirds(45)),
    AccessSpec("3sfca", decay=thirds(45)),
    AccessSpec("balanced", decay=thirds(45)),
]


def weighted(beijing, values, rows):
    """(value, persons) of some rows of the demand, those without a value left out."""
    pairs = [(values[beijing.demand.row_cell[r]], int(beijing.demand.people[r])) for r in rows]
    return sorted(p for p in pairs if not np.isnan(p[0]) and p[1])


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.measure)
def test_an_area_is_the_people_weighted_mean_and_quantiles_of_its_cells(beijing, spec):
    values = cell_values(beijing, TRANSIT, spec)
    district = beijing.demand.cell_district[beijing.demand.row_cell]
    rows = access_rows(beijing, TRANSIT, spec)
    for a in (0, 8, 15):
        found = rows[a]["access"]
        pairs = weighted(beijing, values, np.flatnonzero(district == a))
        everybody = sum(p for _, p in pairs)
        mean = sum(v * p for v, p in pairs) / everybody
        assert found["value"] == pytest.approx(mean, rel=1e-5)
        assert found["people_zero"] == sum(p for v, p in pairs if v == 0)
        for name, level in (("p10", 0.1), ("median", 0.5), ("p90", 0.9)):
            run = 0
            for value, persons in pairs:
                run += persons
                if run >= level * everybody:
                    assert found[name] == pytest.approx(value, rel=1e-5)
                    break


@pytest.mark.parametrize("level", ["district", "township", "city"])
@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.measure)
def test_items_are_those_of_the_coverage_with_the_measure_beside(beijing, spec, level):
    rows = access_rows(beijing, TRANSIT, spec, level)
    bare = [{k: v for k, v in r.items() if k != "access"} for r in rows]
    assert bare == coverage(beijing, TRANSIT, level)
    for row in rows:
        one = row["access"]
        assert one["p10"] <= one["median"] <= one["p90"]
        assert 0 <= one["people_zero"] <= row["people"]


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.measure)
def test_people_without_access_add_up_over_townships_districts_and_the_city(beijing, spec):
    zero = {
        level: sum(r["access"]["people_zero"] for r in access_rows(beijing, TRANSIT, spec, level))
        for level in ("district", "township", "city")
    }
    assert len(set(zero.values())) == 1


@pytest.mark.parametrize("level", ["district", "township", "city"])
def test_availability_adds_up_to_the_venues_somebody_reaches(beijing, level):
    spec = AccessSpec("availability", decay=Decay("exponential", at=20))
    rows = access_rows(beijing, TRANSIT, spec, level)
    supply = describe_access(beijing, TRANSIT, spec)["supply"]
    assert supply["unclaimed"] > 0
    total = sum(r["access"]["value"] for r in rows)
    assert total == pytest.approx(supply["known"] - supply["unclaimed"], rel=1e-4)
    assert all(r["access"]["median"] is None for r in rows)
    assert all("total_not_mean" in r["access"]["flags"] for r in rows)


def test_a_group_competes_with_everybody_at_everybodys_pace(beijing):
    """Seniors walk more slowly: they get less of what is as crowded as it is."""
    walk, seniors = (Question(mode="walk", minutes=60, group=g) for g in ("all", "seniors"))
    mine, theirs = (pairs_for(beijing, q) for q in (seniors, walk))
    wanted, expected = defaultdict(float), defaultdict(float)
    people = people_of(beijing)
    for c, v in zip(theirs.place.tolist(), theirs.venue.tolist(), strict=True):
        wanted[v] += people[c]
    for c, v in zip(mine.place.tolist(), mine.venue.tolist(), strict=True):
        expected[c] += 100_000 / wanted[v]
    found = cell_values(beijing, seniors, AccessSpec("2sfca"))
    assert found == pytest.approx([expected[c] for c in range(len(found))], rel=1e-9)
    assert (found <= cell_values(beijing, walk, AccessSpec("2sfca")) + 1e-9).all()
    assert len(mine.place) < len(theirs.place)


@pytest.mark.parametrize("rule", UNKNOWN_RULES)
def test_known_assumed_and_left_out_venues_are_counted(beijing, rule):
    spec = AccessSpec("2sfca", "capacity", rule)
    told = describe_access(beijing, TRANSIT, spec)["supply"]
    supply = supply_for(beijing, TRANSIT, spec)
    counted = int(supply.counted.sum())
    assert counted == 107
    assert told["known"] + told["assumed"] + told["left_out"] == counted
    assert told["known"] == 1
    halls = 49 - 1
    expected = {"leave_out": (0, 106), "minimum": (106, 0), "median": (halls, 106 - halls)}
    assert (told["assumed"], told["left_out"]) == expected[rule]
    at = beijing.times["transit"].venue_ids.index(MILU)
    assert supply.weight[at] == 500_000
    flags = access_rows(beijing, TRANSIT, spec, "city")[0]["access"]["flags"]
    assert ("capacity_assumed" in flags) == (told["assumed"] > 0)
    assert ("capacity_unknown" in flags) == (told["left_out"] > 0)


def test_capacity_from_the_exhibition_area_is_known_and_flagged(beijing):
    venues = tuple(
        replace(v, exhibition_m2=1000.0) if v.kind == "base" else v for v in beijing.area.venues
    )
    told = replace(beijing, area=replace(beijing.area, venues=venues))
    spec = AccessSpec("2sfca", "capacity")
    about = describe_access(told, TRANSIT, spec)["supply"]
    assert (about["known"], about["from_area"]) == (58, 57)
    supply = supply_for(told, TRANSIT, spec)
    assert sorted(set(supply.weight.tolist())) == [0, 45_000, 500_000]
    flags = access_rows(told, TRANSIT, spec, "city")[0]["access"]["flags"]
    assert "capacity_from_area" in flags


def test_who_reaches_only_venues_of_unknown_capacity_has_no_data_not_zero(beijing):
    spec = AccessSpec("cumulative", "capacity")
    values = cell_values(beijing, TRANSIT, spec)
    venues = cell_values(beijing, TRANSIT, AccessSpec("cumulative"))
    assert np.array_equal(np.isnan(values), (venues > 0) & ~(values > 0))
    assert (values[venues == 0] == 0).all()
    assert (values > 0).any()


def test_where_most_people_have_no_value_the_area_has_none(beijing):
    """One venue of 107 tells its visits: who reaches others only is unknown, not badly off."""
    spec = AccessSpec("cumulative", "capacity")
    values = cell_values(beijing, TRANSIT, spec)
    demand = beijing.demand
    unknown = np.isnan(values)[demand.row_cell]
    told = 0
    for d, row in enumerate(access_rows(beijing, TRANSIT, spec)):
        here = demand.cell_district[demand.row_cell] == d
        share = demand.people[here & ~unknown].sum() / demand.people[here].sum()
        told += row["access"]["value"] is not None
        assert (row["access"]["value"] is None) == (share < 0.5)
        assert ("no_data:capacity_unknown" in row["access"]["flags"]) == (share < 0.5)
        if 0.5 <= share < 1:
            assert "some_unknown" in row["access"]["flags"]
    assert 0 < told < 16


def test_with_no_capacity_known_there_is_no_data(beijing):
    bases = Question(kinds=("base",))
    spec = AccessSpec("gravity", "capacity", decay=Decay("exponential", at=20))
    assert np.isnan(cell_values(beijing, bases, spec)).all()
    for row in access_rows(beijing, bases, spec):
        assert row["access"]["flags"] == ["no_data:capacity_unknown"]
        assert row["access"]["value"] is row["access"]["people_zero"] is None
        assert row["people"] > 0


def test_where_coverage_has_no_data_the_measure_has_none_for_the_same_reason(beijing):
    branches = Question(kinds=("center_district",))
    spec = AccessSpec("2sfca")
    assert np.isnan(cell_values(beijing, branches, spec)).all()
    for row in access_rows(beijing, branches, spec):
        assert row["access"]["value"] is None
        assert "no_data:venues_unlocated" in row["access"]["flags"]


def test_who_cannot_get_to_any_venue_is_counted_and_not_averaged(beijing):
    own = replace(TRANSIT, own_district=True)
    row = access_rows(beijing, own, AccessSpec("nearest"), "city")[0]
    assert "some_unreached" in row["access"]["flags"]
    assert row["access"]["people_zero"] > 0
    assert row["access"]["value"] < 60


@pytest.mark.parametrize(
    ("minutes", "spec", "param"),
    [
        (61, AccessSpec("2sfca"), "minutes"),
        (45, AccessSpec("cumulative_interval", interval=(30, 61)), "interval"),
    ],
)
def test_what_lies_beyond_the_matrix_is_refused(beijing, minutes, spec, param):
    with pytest.raises(BadQueryError) as error:
        cell_values(beijing, replace(TRANSIT, minutes=minutes), spec)
    assert error.value.param == param


def test_more_kinds_never_lower_what_is_in_reach(beijing):
    spec = AccessSpec("cumulative")
    some, every = (cell_values(beijing, Question(kinds=k), spec) for k in (("base",), KINDS))
    assert (every >= some).all()


def test_csv_holds_the_measure_of_every_area(beijing):
    rows = access_rows(beijing, TRANSIT, SPECS[4], "township")
    lines = access_csv(rows, SPECS[4]).decode("utf-8-sig").split("\r\n")
    assert lines[0].startswith("adcode,township_code,name_zh")
    assert len(lines) == len(rows) + 2
    assert str(rows[0]["access"]["value"]) in lines[1].split(",")
