"""What a scenario changes: differences of two answers, and the truths they keep."""

import csv
import dataclasses
import gc
import io
import weakref
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from venuenet import pipeline
from venuenet.errors import BadQueryError
from venuenet.model import LocatedVenue, Question
from venuenet.publish.answers import coverage, gap_rows, groups
from venuenet.publish.delta import FIGURES, FLAG, delta, delta_csv, gap_delta, side_by_side
from venuenet.scenarios.apply import applied, edited
from venuenet.scenarios.edits import Close, Headway, Move, Open, Population
from venuenet.scenarios.pack import write_scenario_pack

MINICITY = Path(__file__).parents[1] / "golden" / "minicity"
INPUTS = pipeline.Inputs(
    *(MINICITY / name for name in ("pack", "standards.yaml", "assumptions.yaml"))
)
WALK = Question(mode="walk", minutes=15)
QUESTIONS = (WALK, Question(minutes=30), Question(mode="drive", minutes=10), Question(k=2))
COUNTS = ("people", "covered", "uncovered", "no_access")


@pytest.fixture(scope="module")
def city():
    return pipeline.compute(INPUTS)


def opened(lon, lat=40.004, kind="science_museum", adcode="B"):
    return Open(
        LocatedVenue(
            venue_id="N1", name_zh="新馆", name_en="New", kind=kind, tier="-", level="city",
            adcode=adcode, address_zh=None, status="open", exhibition_m2=None,
            visits_per_year=None, source="scenario", confidence="low", flags=(), note=None,
            lon=lon, lat=lat, precision_m=0.0, method="scenario",
        )
    )  # fmt: skip


places = st.builds(opened, st.floats(116.99, 117.2), st.floats(39.995, 40.013))
moves = st.builds(
    Move, st.sampled_from(["V1", "V2", "V5"]), st.floats(116.99, 117.2), st.floats(39.995, 40.013)
)
closes = st.builds(Close, st.sampled_from(["V1", "V2", "V5"]))
others = st.sampled_from([Headway("一号线", 40.0), Population(2035, {"B": 5210})])
some = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def test_before_and_after_are_the_answers_and_change_is_their_difference(city):
    after = applied(city, [opened(117.164)])
    for level in ("district", "township", "city"):
        rows = delta(city, after, WALK, level)
        was, now = coverage(city, WALK, level), coverage(after, WALK, level)
        for row, one, other in zip(rows, was, now, strict=True):
            assert row["adcode"] == one["adcode"]
            assert row.get("township_code") == one.get("township_code")
            for name in (*FIGURES, "nearest"):
                assert row["before"][name] == one[name]
                assert row["after"][name] == other[name]
            for name in FIGURES:
                assert row["change"][name] == pytest.approx(other[name] - one[name], abs=1e-9)
            assert set(one["flags"]) | set(other["flags"]) | {FLAG} == set(row["flags"])
    near = delta(city, after, WALK, "township")[3]
    assert near["before"]["nearest"]["venue_id"] == "V5"
    assert near["change"]["covered"] > 0
    assert near["change"]["mean_minutes"] < 0


def test_flags_of_either_side_are_told(city):
    placed = applied(city, [Move("V4", 117.07, 40.004)])
    assert "venues_unlocated" not in coverage(placed, WALK)[0]["flags"]
    for before, after in ((city, placed), (placed, city)):
        for row in delta(before, after, WALK):
            assert "venues_unlocated" in row["flags"]


def test_minutes_change_by_tenths_as_they_are_told(city):
    after = applied(city, [opened(117.164)])
    for row in delta(city, after, WALK, "township"):
        for name in ("mean_minutes", "median_minutes", "p90_minutes"):
            assert row["change"][name] == round(row["change"][name], 1)


@some
@given(edit=st.one_of(places, moves, closes, others), question=st.sampled_from(QUESTIONS))
def test_changes_of_townships_add_up_to_districts_and_these_to_the_city(city, edit, question):
    after = applied(city, [edit])
    levels = [delta(city, after, question, n) for n in ("township", "district", "city")]
    towns, districts, (whole,) = levels
    for name in COUNTS:
        sums = Counter()
        for row in towns:
            sums[row["adcode"]] += row["change"][name]
        assert {r["adcode"]: r["change"][name] for r in districts} == dict(sums)
        assert whole["change"][name] == sum(sums.values())
    for row in (*towns, *districts, whole):
        change = row["change"]
        assert change["covered"] + change["uncovered"] == change["people"]
    asked = Population(2035, {"B": 5210})
    assert whole["change"]["people"] == (1210 if edit == asked else 0)


@some
@given(edit=places, question=st.sampled_from(QUESTIONS))
def test_opening_a_venue_never_lowers_coverage(city, edit, question):
    for row in delta(city, applied(city, [edit]), question, "township"):
        assert row["change"]["covered"] >= 0
        assert row["change"]["mean_minutes"] <= 0
        assert row["change"]["low"] >= 0


@some
@given(edit=closes, question=st.sampled_from(QUESTIONS))
def test_closing_a_venue_never_raises_coverage(city, edit, question):
    for row in delta(city, applied(city, [edit]), question, "township"):
        assert row["change"]["covered"] <= 0
        assert row["change"]["mean_minutes"] >= 0
        assert row["change"]["high"] <= 0


def test_a_delta_equals_that_to_a_build_of_the_scenario_s_pack(city, tmp_path):
    edits = [opened(117.164), Close("V2"), Headway("一号线", 20.0), Population(2035, {"A": 9500})]
    after = applied(city, edits)
    write_scenario_pack(edited(city.area, edits), tmp_path / "pack")
    built = pipeline.compute(dataclasses.replace(INPUTS, area=tmp_path / "pack"))
    for question in QUESTIONS:
        for level in ("district", "township", "city", "group"):
            assert delta(city, after, question, level) == delta(city, built, question, level)
        assert gap_delta(city, after, question) == gap_delta(city, built, question)


def test_level_group_lists_every_group_and_says_where_nothing_is_known(city):
    after = applied(city, [opened(117.164)])
    seniors, workers = delta(city, after, WALK, "group")
    assert (seniors["group"], workers["group"]) == ("seniors", "workers")
    assert seniors["before"]["people"] == 2200
    assert seniors["change"]["covered"] > 0
    for name in ("covered", "share", "low", "median_minutes"):
        assert workers["before"][name] is None
        assert workers["change"][name] is None
    assert {"no_data:before", "no_data:after"} <= set(workers["flags"])
    of_b = delta(city, after, WALK, "group", ["B"])
    expected = [row["covered"] for row in groups(after, WALK, "B")]
    assert [row["after"]["covered"] for row in of_b] == expected


def test_only_the_districts_asked_for_are_told(city):
    after = applied(city, [Close("V5")])
    assert [r["adcode"] for r in delta(city, after, WALK, "district", ["B"])] == ["B"]
    codes = [r["township_code"] for r in delta(city, after, WALK, "township", ["B"])]
    assert codes == ["B1", "B2"]


@pytest.mark.parametrize(
    ("question", "level", "adcodes", "param"),
    [
        (WALK, "village", (), "level"),
        (WALK, "city", ("A",), "district"),
        (dataclasses.replace(WALK, group="seniors"), "group", (), "group"),
    ],
)
def test_what_nobody_would_read_is_refused(city, question, level, adcodes, param):
    with pytest.raises(BadQueryError) as error:
        delta(city, city, question, level, adcodes)
    assert error.value.param == param


def test_nothing_is_worked_out_that_was_not_asked(city):
    after = applied(city, [Close("V5")])
    delta(city, after, WALK)
    assert list(after.times._made) == ["walk"]
    delta(city, after, Question())
    assert list(after.times._made) == ["walk", "transit"]
    assert not after.surfaces._made


def test_gaps_gone_and_new_are_those_of_one_side_only(city):
    for edits in ([opened(117.164)], [Close("V2")], [Move("V2", 117.13, 40.004)]):
        after = applied(city, edits)
        found = gap_delta(city, after, WALK)
        was, now = ({r["gap_id"]: r["people"] for r in gap_rows(s, WALK)} for s in (city, after))
        assert found["gone"] == sorted(set(was) - set(now))
        assert found["new"] == sorted(set(now) - set(was))
        assert found["people_before"] == sum(was.values())
        assert found["people_after"] == sum(now.values())
        (whole,) = delta(city, after, WALK, "city")
        assert found["people_change"] == whole["change"]["uncovered"] != 0
        assert sum(found["counts"].values()) >= len(found["items"]) > 0


def test_gaps_of_one_district_are_its_own(city):
    after = applied(city, [Close("V5")])
    found = gap_delta(city, after, WALK, ["A"])
    assert found["people_change"] == 0
    assert found["people_before"] == coverage(city, WALK)[0]["uncovered"]
    assert not found["items"]


def test_gaps_of_a_group_nobody_knows_are_no_data(city):
    found = gap_delta(
        city, applied(city, [Close("V5")]), dataclasses.replace(WALK, group="workers")
    )
    assert found["people_before"] is None
    assert found["people_change"] is None
    assert found["gone"] is None
    assert found["counts"] is None


def test_scenarios_side_by_side_are_each_its_own_delta(city):
    edits = {"one": [Close("V5")], "two": [opened(117.164)]}
    items = side_by_side(city, [(n, lambda e=e: applied(city, e)) for n, e in edits.items()], WALK)
    assert [i["adcode"] for i in items] == [None, "A", "B"]
    for at, name in enumerate(edits):
        after = applied(city, edits[name])
        rows = [*delta(city, after, WALK, "city"), *delta(city, after, WALK)]
        for item, row in zip(items, rows, strict=True):
            one = item["scenarios"][at]
            assert one["id"] == name
            assert (one["after"], one["change"]) == (row["after"], row["change"])
            assert item["before"] == row["before"]
    of_b = side_by_side(city, [("one", lambda: applied(city, edits["one"]))], WALK, ["B"])
    assert [i["adcode"] for i in of_b] == [None, "B"]


def test_scenarios_side_by_side_are_let_go_of_one_by_one(city):
    alive = weakref.WeakSet()
    most = []

    def make():
        gc.collect()
        most.append(len(alive))
        snapshot = applied(city, [Close("V5")])
        alive.add(snapshot)
        return snapshot

    side_by_side(city, [(str(i), make) for i in range(4)], WALK)
    gc.collect()
    assert not alive
    assert max(most) <= 1  # the one before is still being read when the next is opened


def test_a_delta_as_csv_has_every_figure_and_blanks_for_no_data(city):
    after = applied(city, [opened(117.164)])
    rows = delta(city, after, WALK, "group")
    text = delta_csv(rows).decode("utf-8-sig")
    seniors, workers = csv.DictReader(io.StringIO(text))
    for name in FIGURES:
        for side in ("before", "after", "change"):
            value = rows[0][side][name]
            assert float(seniors[f"{name}_{side}"]) == pytest.approx(value)
    assert seniors["nearest_venue_id_after"] == rows[0]["after"]["nearest"]["venue_id"]
    assert workers["covered_change"] == workers["share_before"] == ""
    assert "township_code" not in seniors
    assert FLAG in seniors["flags"].split("|")
