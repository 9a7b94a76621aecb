"""Residents of another year: exact to townships, districts and the new total."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venuenet.area import check, load
from venuenet.errors import BadQueryError, UnknownNameError
from venuenet.scenarios.apply import applied, edited
from venuenet.scenarios.edits import Close, NewLine, NewStation, Population
from venuenet.scenarios.pack import write_scenario_pack
from venuenet.scenarios.people import MOST_PEOPLE, edited_demand, edited_people

MINI = load(Path(__file__).parents[1] / "golden" / "minicity" / "pack")


def residents(townships):
    return dict(zip(townships["township_code"], townships["residents"], strict=True))


def test_known_townships_change_in_proportion_and_keep_their_sum():
    # A has 9000, all on record: 3500 and 5500. Of 10001: 3889.28 and 6111.72.
    districts, townships, meta = edited_people(MINI, [Population(2035, {"A": 10_001})])
    assert list(districts["people"]) == [10_001, 4000]
    assert meta.total_people == 14_001
    assert residents(townships)["A1"] == 3889
    assert residents(townships)["A2"] == 6112


def test_unknown_townships_keep_their_part_of_the_district():
    # B has 4000, of whom B1 has 800 on record and B2 the rest: a fifth stays a fifth.
    _, townships, _ = edited_people(MINI, [Population(2035, {"B": 5000})])
    assert residents(townships)["B1"] == 1000
    assert np.isnan(residents(townships)["B2"])


def test_a_forecast_says_that_it_is_one():
    districts, townships, _ = edited_people(MINI, [Population(2035, {"A": 9100})])
    said = dict(zip(districts["adcode"], districts["people_source"], strict=True))
    assert "2035 年预测" in said["A"]
    assert "forecast for 2035" in said["A"]
    assert said["B"] == "invented"
    sources = dict(zip(townships["township_code"], townships["residents_source"], strict=True))
    assert sources["A1"] == said["A"]
    assert (sources["B1"], sources["B2"]) == ("invented", "")


def test_the_base_is_left_as_it_was():
    before = MINI.districts.copy(), MINI.townships.copy()
    edited_people(MINI, [Population(2035, {"A": 1, "B": 2})])
    assert before[0].equals(MINI.districts)
    assert before[1].equals(MINI.townships)


def test_other_edits_leave_the_very_tables_of_the_base():
    districts, townships, meta = edited_people(MINI, [Close("V1")])
    assert districts is MINI.districts
    assert townships is MINI.townships
    assert meta is MINI.meta


def test_a_later_forecast_replaces_an_earlier_one():
    twice = [Population(2030, {"A": 9500}), Population(2035, {"A": 9900})]
    districts, _, meta = edited_people(MINI, twice)
    assert list(districts["people"]) == [9900, 4000]
    assert meta.total_people == 13_900


@pytest.mark.parametrize("people", [0, -1, MOST_PEOPLE + 1])
def test_a_district_of_nobody_or_of_too_many_is_refused(people):
    with pytest.raises(BadQueryError) as error:
        edited_people(MINI, [Population(2035, {"A": people})])
    assert error.value.param == "population"


def test_an_unknown_district_is_refused():
    with pytest.raises(UnknownNameError, match="火星"):
        edited_people(MINI, [Population(2035, {"火星": 5})])


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_any_forecast_makes_a_pack_without_faults(tmp_path_factory, a, b):
    area = edited(MINI, [Population(2035, {"A": a, "B": b})])
    folder = tmp_path_factory.mktemp("people") / "pack"
    write_scenario_pack(area, folder)
    assert [f.en() for f in check(folder)] == []
    back = load(folder)
    assert back.meta.total_people == a + b
    assert back.townships.equals(area.townships)
    assert back.districts.equals(area.districts)


def test_cells_add_up_to_townships_districts_and_the_new_total(beijing):
    table = beijing.area.districts
    people = {str(a): int(p * 1.05) for a, p in zip(table["adcode"], table["people"], strict=True)}
    area = edited(beijing.area, [Population(2035, people)])
    demand = edited_demand(beijing, area)
    assert int(demand.people.sum()) == sum(people.values()) == area.meta.total_people
    district = np.bincount(demand.cell_district[demand.row_cell], demand.people)
    assert district.tolist() == [people[adcode] for adcode in demand.adcodes]
    town = np.bincount(demand.row_township, demand.people, len(area.townships))
    known = area.townships["residents"].notna().to_numpy()
    assert known.sum() > 100
    assert np.array_equal(town[known], area.townships["residents"].to_numpy()[known])


def test_imported_shares_are_not_left_out_in_silence(beijing):
    groups = {**beijing.manifest.parameters["groups"], "declared": [{"id": "farmers"}]}
    manifest = replace(
        beijing.manifest, parameters={**beijing.manifest.parameters, "groups": groups}
    )
    some = replace(beijing, manifest=manifest)
    with pytest.raises(BadQueryError, match="导入的人群比例") as error:
        applied(some, [Population(2035, {"110108": 3_000_000})])
    assert error.value.param == "population"


def test_nobody_moves_house_to_a_new_station(beijing):
    area = beijing.area
    ends = [str(s) for s in area.stations["station_id"].iloc[[3, 200]]]
    # In the middle of a township, where a station of today would draw its residents.
    home = int(np.argmax(np.bincount(beijing.demand.row_cell, beijing.demand.people)))
    at = float(beijing.demand.lon[home]), float(beijing.demand.lat[home])
    new = NewStation("S-00000001", "情景站", *at)
    line = NewLine("情景线", (ends[0], new.station_id, ends[1]), (9.0, 14.0), 6.0, stations=(new,))
    year = Population(2035, {str(area.districts["adcode"].iloc[9]): 1_900_000})
    with_line, without = (
        edited_demand(beijing, edited(area, edits)) for edits in ([line, year], [year])
    )
    assert np.array_equal(with_line.cell, without.cell)
    assert np.array_equal(with_line.people, without.people)
    real = edited(area, [line, year])
    real.stations["method"] = "osm"
    assert not np.array_equal(edited_demand(beijing, real).people, without.people)
