"""Scenario files: understood, refused with every fault at once, and written back the same."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from venuenet.area import check, load
from venuenet.errors import BadQueryError
from venuenet.model import LocatedVenue
from venuenet.scenarios.apply import edited
from venuenet.scenarios.edits import (
    Close,
    Headway,
    Move,
    NewLine,
    NewStation,
    Open,
    Population,
    Upgrade,
)
from venuenet.scenarios.entries import ENTRIES
from venuenet.scenarios.file import (
    Scenario,
    ScenarioError,
    parse_scenario,
    plain_edit,
    read_scenario,
    scenario_text,
)
from venuenet.scenarios.pack import write_scenario_pack
from venuenet.scenarios.plain import MOST_BYTES
from venuenet.scenarios.rail import line_faults
from venuenet.scenarios.words import MOST_FAULTS, SAYS, in_words

ROOT = Path(__file__).parents[2]
MINI = load(ROOT / "tests" / "golden" / "minicity" / "pack")
BEIJING = load()
HERE = {"lon": 117.05, "lat": 40.004}  # in district A
HALL = {"name_zh": "新馆", "kind": "base", **HERE}


def parsed(*edits, area=MINI, **head):
    return parse_scenario(area, {"name_zh": "试", **head, "edits": list(edits)})


def only(edit, area=MINI):
    (found,) = parsed(edit, area=area).edits
    return found


def faults(said, area=MINI):
    with pytest.raises(ScenarioError) as error:
        parse_scenario(area, said)
    for fault in error.value.faults:
        assert fault.what_zh != fault.what_en
        assert fault.mend_zh != fault.mend_en
    return error.value.faults


def fault(edit, area=MINI):
    """Where the only fault of an edit stands, and what it says in English."""
    (found,) = faults({"name_zh": "试", "edits": [edit]}, area)
    return found.column, found.what_en


# Understood


def test_a_new_venue_lies_in_the_district_that_holds_it_and_is_flagged_as_made_up():
    made = only({"open": HALL}).venue
    assert isinstance(made, LocatedVenue)
    assert (made.adcode, made.lon, made.lat, made.precision_m) == ("A", 117.05, 40.004, 0.0)
    assert (made.status, made.tier, made.level) == ("open", "-", "unknown")
    assert (made.method, made.source, made.confidence) == ("scenario", "scenario", "low")
    assert made.exhibition_m2 is None
    assert made.visits_per_year is None


def test_a_new_venue_without_an_id_is_named_by_its_content():
    ids = [only({"open": HALL | more}).venue.venue_id for more in ({}, {"kind": "other"}, {})]
    assert ids[0] == ids[2] != ids[1]
    assert ids[0].startswith("S-")
    assert len(ids[0]) == len("S-") + 8
    assert only({"open": HALL | {"id": "X-1"}}).venue.venue_id == "X-1"


def test_districts_are_understood_by_every_name_they_have():
    for name in ("A", "甲区", "District A", "jia qu", "Jia"):
        assert only({"open": HALL | {"district": name}}).venue.adcode == "A"
        edit = only({"population": {"year": 2035, "districts": {name: 9100}}})
        assert edit == Population(2035, {"A": 9100})


def test_venues_are_named_by_id_or_by_their_whole_name():
    for name in ("V2", "甲区科技馆", "Science Hall A"):
        assert only({"close": name}) == Close("V2")
    assert fault({"close": "甲区科技"})[0] == "edits[1].close"


def test_a_venue_that_moves_takes_the_district_of_its_point():
    there = {"venue": "V2", "lon": 117.126, "lat": 40.0042}
    assert only({"move": there}) == Move("V2", 117.126, 40.0042, 0.0, "B")
    assert only({"move": there | {"precision_m": 50}}).precision_m == 50


def test_an_upgrade_says_only_what_changes_and_can_take_a_value_away():
    said = {"venue": "V5", "tier": "branch", "visits_per_year": None}
    assert only({"upgrade": said}) == Upgrade("V5", {"tier": "branch", "visits_per_year": None})


def test_stops_are_ids_names_or_new_stations():
    stops = ["S1", "中站", {"name": "新站", "lon": 117.1, "lat": 40.004}]
    line = {"name": "二号线", "stops": stops, "run_min": [3, 4], "headway_min": 5}
    found = only({"line": line})
    assert found.stops[:2] == ("S1", "S2")
    assert found.stations == (NewStation(found.stops[2], "新站", 117.1, 40.004),)
    assert (found.run_min, found.headway_min, found.change_min) == ((3.0, 4.0), 5.0, 3.0)


def test_a_change_of_people_is_a_share_of_what_a_district_has_by_then():
    first = {"population": {"year": 2030, "change": {"甲区": 0.1}}}
    again = {"population": {"year": 2035, "change": 0.1}}
    scenario = parsed(first, again)
    assert [e.people for e in scenario.edits] == [{"A": 9900}, {"A": 10_890, "B": 4400}]
    assert only({"population": {"year": 2035, "change": -0.5}}).people == {"A": 4500, "B": 2000}


def test_people_are_whole_and_a_district_is_never_empty():
    little = {"population": {"year": 2030, "districts": {"A": 1, "B": 10_000}}}
    after = {"population": {"year": 2035, "change": {"A": -0.9, "B": 0.00006}}}
    assert parsed(little, after).edits[1].people == {"A": 1, "B": 10_001}


def test_a_new_station_may_be_passed_twice_and_is_described_once():
    new = {"name": "新站", "lon": 117.1, "lat": 40.004}
    ring = LINE | {"stops": [new, "S1", "S2", new], "run_min": [3, 4, 5]}
    found = only({"line": ring})
    assert found.stops[0] == found.stops[3]
    assert len(found.stations) == 1
    written = plain_edit(found)["line"]["stops"]
    assert (written[0]["name"], written[3]) == ("新站", found.stops[0])


def test_how_far_off_a_moved_point_may_be_is_written_back():
    scenario = parsed({"move": {"venue": "V2", **HERE, "precision_m": 70}})
    assert parse_scenario(MINI, scenario_text(scenario)) == scenario


def test_later_edits_may_name_what_earlier_ones_made():
    new = {"name": "新站", "lon": 117.1, "lat": 40.004}
    line = {"name": "二号线", "stops": ["S2", new], "run_min": [4], "headway_min": 5}
    more = {"name": "三号线", "stops": ["新站", "S3"], "run_min": [4], "headway_min": 5}
    again = {"name": "四号线", "stops": [new, "S1"], "run_min": [4], "headway_min": 5}
    scenario = parsed(
        {"open": HALL}, {"move": {"venue": "新馆", "lon": 117.056, "lat": 40.0042}},
        {"close": "新馆"}, {"line": line}, {"line": more}, {"line": again},
        {"headway": {"line": "三号线", "minutes": 8}},
    )  # fmt: skip
    made = scenario.edits[0].venue.venue_id
    assert scenario.edits[2] == Close(made)
    assert scenario.edits[4].stops[0] == scenario.edits[3].stops[1] == scenario.edits[5].stops[0]
    assert scenario.edits[5].stations == ()
    assert scenario.edits[6] == Headway("三号线", 8.0)
    edited(MINI, scenario.edits)


def test_json_yaml_bytes_and_mappings_say_the_same(tmp_path):
    plain = {"name_zh": "试", "name_en": "Try", "note": "注😀", "edits": [{"open": HALL}]}
    scenario = parse_scenario(MINI, plain)
    assert (scenario.name_zh, scenario.name_en, scenario.note) == ("试", "Try", "注😀")
    texts = [json.dumps(plain), yaml.safe_dump(plain), "{name_zh: 试, name_en: Try, note: 注😀, "
             f"edits: [{{open: {json.dumps(HALL)}}}]}}"]  # fmt: skip
    for text in texts:
        assert parse_scenario(MINI, text) == scenario
        assert parse_scenario(MINI, b"\xef\xbb\xbf" + text.encode()) == scenario
    (tmp_path / "a.yaml").write_text(texts[1], encoding="utf-8")
    assert read_scenario(MINI, tmp_path / "a.yaml") == scenario


def test_without_an_english_name_the_chinese_one_stands_in():
    assert parsed({"close": "V1"}).name_en == "试"


# Refused

LINE = {"name": "二号线", "stops": ["S1", "S3"], "run_min": [9], "headway_min": 5}
YEAR = {"year": 2035, "districts": {"A": 9100}}
BAD = [
    (3, "edits[1]", "must be a mapping"),
    ({}, "edits[1]", "one key"),
    ({"close": "V1", "open": HALL}, "edits[1]", "one key, got close, open"),
    ({"shut": "V1"}, "edits[1]", "one key, got shut"),
    ({"close": "V99"}, "edits[1].close", "no venue"),
    ({"close": 3}, "edits[1].close", "text"),
    ({"close": None}, "edits[1].close", "blank"),
    ({"open": None}, "edits[1].open", "a mapping"),
    ({"open": HALL | {"colour": "red"}}, "edits[1].open.colour", "no key"),
    ({"open": {k: v for k, v in HALL.items() if k != "kind"}}, "edits[1].open.kind", "missing"),
    ({"open": HALL | {"kind": "zoo"}}, "edits[1].open.kind", "zoo is not allowed"),
    ({"open": HALL | {"tier": "top"}}, "edits[1].open.tier", "not allowed"),
    ({"open": HALL | {"level": "galaxy"}}, "edits[1].open.level", "not allowed"),
    ({"open": HALL | {"status": "maybe"}}, "edits[1].open.status", "not allowed"),
    ({"open": HALL | {"name_zh": "  "}}, "edits[1].open.name_zh", "blank"),
    ({"open": HALL | {"name_zh": "馆" * 201}}, "edits[1].open.name_zh", "200 characters"),
    ({"open": HALL | {"name_zh": "a\x00b"}}, "edits[1].open.name_zh", "characters"),
    ({"open": HALL | {"name_zh": "a\nb"}}, "edits[1].open.name_zh", "characters"),
    ({"open": HALL | {"name_zh": "\ud800"}}, "edits[1].open.name_zh", "characters"),
    ({"open": HALL | {"id": "a b"}}, "edits[1].open.id", "characters"),
    ({"open": HALL | {"id": "V1"}}, "edits[1].open", "there already"),
    ({"open": HALL | {"lon": "x"}}, "edits[1].open.lon", "not a number"),
    ({"open": HALL | {"lon": True}}, "edits[1].open.lon", "not a number"),
    ({"open": HALL | {"lon": float("nan")}}, "edits[1].open.lon", "not a number"),
    ({"open": HALL | {"lon": float("inf")}}, "edits[1].open.lon", "not a number"),
    ({"open": HALL | {"lon": 10**400}}, "edits[1].open.lon", "not a number"),
    ({"open": HALL | {"lon": 181}}, "edits[1].open.lon", "out of range"),
    ({"open": HALL | {"lon": -60.0}}, "edits[1].open.lon", "outside Minicity"),
    ({"open": HALL | {"lon": 40.004, "lat": 117.05}}, "edits[1].open.lon", "swapped"),
    ({"open": HALL | {"district": "乙区"}}, "edits[1].open.lon", "outside District B"),
    ({"open": HALL | {"district": "火星"}}, "edits[1].open.district", "no district"),
    ({"open": HALL | {"precision_m": -1}}, "edits[1].open.precision_m", "out of range"),
    ({"open": HALL | {"exhibition_m2": -1}}, "edits[1].open.exhibition_m2", "out of range"),
    ({"open": HALL | {"visits_per_year": 2e9}}, "edits[1].open.visits_per_year", "out of range"),
    ({"open": HALL | {"method": "amap"}}, "edits[1].open.method", "not allowed"),
    ({"move": {"venue": "V9", **HERE}}, "edits[1].move.venue", "no venue"),
    ({"move": {"venue": "V2", "lon": 117.05, "lat": 41.0}}, "edits[1].move.lon", "outside"),
    ({"upgrade": {"venue": "V2"}}, "edits[1].upgrade", "nothing"),
    ({"upgrade": {"venue": "V2", "lon": 1.0}}, "edits[1].upgrade.lon", "no key"),
    ({"upgrade": {"venue": "V2", "kind": None}}, "edits[1].upgrade.kind", "not allowed"),
    ({"line": LINE | {"stops": ["S1", "S8"]}}, "edits[1].line.stops[2]", "no station"),
    ({"line": LINE | {"stops": ["S1"]}}, "edits[1].line.stops", "≥ 2"),
    ({"line": LINE | {"stops": ["S1", "S1"]}}, "edits[1].line.stops", "neighbouring"),
    ({"line": LINE | {"stops": "S1"}}, "edits[1].line.stops", "a list"),
    ({"line": LINE | {"name": "一|二"}}, "edits[1].line.name", "characters"),
    ({"line": LINE | {"run_min": [1, 2]}}, "edits[1].line.run_min", "take 1 run_min"),
    ({"line": LINE | {"run_min": [0]}}, "edits[1].line.run_min[1]", "out of range"),
    ({"line": LINE | {"headway_min": 0.1}}, "edits[1].line.headway_min", "out of range"),
    ({"line": LINE | {"change_min": 500}}, "edits[1].line.change_min", "out of range"),
    ({"line": LINE | {"stops": ["S1", {"name": "中站", **HERE}]}}, "edits[1].line.stops[2]",
     "there already"),
    ({"line": LINE | {"stops": ["S1", {"name": "远", "lon": 1, "lat": 1}]}},
     "edits[1].line.stops", "outside Minicity"),
    ({"line": LINE | {"stops": ["S1", {"name": "新", **HERE, "x": 1}]}},
     "edits[1].line.stops[2].x", "no key"),
    ({"headway": {"line": "九号线", "minutes": 5}}, "edits[1].headway.line", "no line"),
    ({"headway": {"line": "一号线", "minutes": 0}}, "edits[1].headway.minutes", "out of range"),
    ({"population": {"year": 2035}}, "edits[1].population", "districts or change"),
    ({"population": YEAR | {"change": 0.1}}, "edits[1].population", "districts or change"),
    ({"population": YEAR | {"year": 1950}}, "edits[1].population.year", "out of range"),
    ({"population": YEAR | {"year": "2035"}}, "edits[1].population.year", "not whole"),
    ({"population": YEAR | {"districts": {}}}, "edits[1].population.districts", "≥ 1"),
    ({"population": YEAR | {"districts": {"A": 1.5}}}, "edits[1].population.districts.A",
     "not whole"),
    ({"population": YEAR | {"districts": {"A": 0}}}, "edits[1].population.districts.A", "≥ 1"),
    ({"population": YEAR | {"districts": {"C": 5}}}, "edits[1].population.districts.C",
     "no district"),
    ({"population": YEAR | {"districts": {"A": 5, "甲区": 6}}},
     "edits[1].population.districts.甲区", "named already"),
    ({"population": {"year": 2035, "change": -1}}, "edits[1].population.change", "out of range"),
    ({"population": {"year": 2035, "change": "x"}}, "edits[1].population.change", "not a number"),
    ({"population": {"year": 2035, "change": {"A": 99}}}, "edits[1].population.change.A",
     "out of range"),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "where", "what"), BAD, ids=range(len(BAD)))
def test_what_cannot_be_meant_is_refused_where_it_stands(edit, where, what):
    column, said = fault(edit)
    assert column == where
    assert what in said


def test_a_name_that_several_venues_have_offers_their_ids():
    venues = (*MINI.venues, replace(MINI.venues[1], venue_id="V9"))
    (found,) = faults({"name_zh": "试", "edits": [{"close": "甲区科技馆"}]},
                      replace(MINI, venues=venues))  # fmt: skip
    assert "V2, V9" in found.mend_en


def test_one_venue_cannot_be_opened_twice():
    found = faults({"name_zh": "试", "edits": [{"open": HALL}, {"open": HALL}]})
    assert [f.column for f in found] == ["edits[2].open"]


def test_two_stations_of_one_name_are_not_two_stations():
    stops = [{"name": "新", "lon": 117.1, "lat": 40.004}, {"name": "新", "lon": 117.11,
             "lat": 40.004}]  # fmt: skip
    assert fault({"line": LINE | {"stops": stops}})[0] == "edits[1].line.stops[2]"


@pytest.mark.parametrize(
    ("head", "where"),
    [
        ({"edits": [{"close": "V1"}]}, "name_zh"),
        ({"name_zh": "试"}, "edits"),
        ({"name_zh": "试", "edits": []}, "edits"),
        ({"name_zh": "试", "edits": {}}, "edits"),
        ({"name_zh": "试", "edits": [{"close": "V1"}] * 201}, "edits"),
        ({"name_zh": "试", "edits": [{"close": "V1"}], "base": 1}, "base"),
        ({"name_zh": "试", "edits": [{"close": "V1"}], "note": "注" * 2001}, "note"),
        ({"name_zh": 2035, "edits": [{"close": "V1"}]}, "name_zh"),
    ],
)
def test_what_a_scenario_says_of_itself_is_checked_too(head, where):
    assert {f.column for f in faults(head)} == {where}


def test_all_faults_are_told_at_once_with_their_lines():
    text = """\
name_zh: 试
colour: red
edits:
- close: V99
- open:
    name_zh: 新馆
    kind: zoo
    lon: 117.05
- line: {name: 二号线, stops: [S1, S3], run_min: [9, 9], headway_min: 5}
- population: {year: 2035, districts: {C: 5,
    D: 6}}
"""
    found = [(f.row, f.column) for f in faults(text)]
    assert sorted(found) == [
        (2, "colour"),
        (4, "edits[1].close"),
        (5, "edits[2].open.lat"),
        (7, "edits[2].open.kind"),
        (9, "edits[3].line.run_min"),
        (10, "edits[4].population.districts.C"),
        (11, "edits[4].population.districts.D"),
    ]


def test_edits_beyond_the_limit_are_not_looked_at():
    assert len(faults({"name_zh": "试", "edits": [{"close": "V1"}] * 200 + [3, 4]})) == 1


def test_a_text_that_cannot_be_read_is_one_fault():
    assert len(faults("a: &x [1]")) == len(faults("a" * (MOST_BYTES + 1))) == 1


def test_of_very_many_faults_the_first_are_told_and_the_rest_counted():
    found = faults({"name_zh": "试", **{f"k{i}": 1 for i in range(300)}, "edits": [1]})
    assert len(found) == MOST_FAULTS + 1
    assert "101 more" in found[-1].what_en


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a" * (MOST_BYTES + 1), "1 MiB"),
        (b"a" * (MOST_BYTES + 1), "1 MiB"),
        ("馆" * (MOST_BYTES // 2), "1 MiB"),
        (b"\xff\xfe\x00", "UTF-8"),
        ("\ud800", "UTF-8"),
        ("a: [", "cannot be read"),
        ("name_zh: \x01", "cannot be read"),
        ("a: &x 1\nb: *x", "aliases"),
        ("a: &x [1]\n", "aliases"),
        ("[" * 100_000, "deep"),
        ('{"a":' * 100_000, "deep"),
        ("a: !!python/object/apply:os.system [ls]", "tag"),
        ("a: !!binary aGk=", "tag"),
        ("a: !!set {x, y}", "tag"),
        ("a: " + "9" * 5000, "not a number"),
        ("name_zh: a\nname_zh: b", "stands there twice"),
        ('{"name_zh": "a", "name_zh": "b"}', "stands there twice"),
        ("? [a]\n: b", "plain keys"),
        ("", "a mapping"),
        ("null", "a mapping"),
        ("- 1", "a mapping"),
        ("a: 1\n---\nb: 2", "cannot be read"),
    ],
)
def test_hostile_text_is_a_fault_and_no_more(text, what):
    assert any(what in f.what_en for f in faults(text))


def test_a_date_for_a_name_is_what_is_written():
    text = "name_zh: 2035-01-01\nedits: [close: V1]"
    assert parse_scenario(MINI, text).name_zh == "2035-01-01"


def test_a_file_that_is_not_there_is_a_fault(tmp_path):
    with pytest.raises(ScenarioError):
        read_scenario(MINI, tmp_path / "none.yaml")
    (tmp_path / "big.yaml").write_bytes(b"a" * (MOST_BYTES + 5))
    with pytest.raises(ScenarioError, match="1 MiB"):
        read_scenario(MINI, tmp_path / "big.yaml")


@settings(max_examples=150, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda below: (
            st.lists(below, max_size=3)
            | st.dictionaries(
                st.sampled_from(["name_zh", "edits", "open", "line", "stops", "population",
                                 "change", "move", "venue", "lon", "year", "close"])
                | st.text(max_size=3),
                below, max_size=4,
            )
        ),
        max_leaves=12,
    )
)  # fmt: skip
def test_no_value_whatever_ends_in_anything_but_faults(value):
    with pytest.raises(ScenarioError):
        parse_scenario(MINI, {"name_zh": "试", "colour": 1, "edits": [value]})
    if isinstance(value, dict):
        with pytest.raises(ScenarioError):
            parse_scenario(MINI, {"colour": 1, **value})


# Written back

NAMES = st.text(min_size=1, max_size=12).filter(
    lambda t: t.isprintable() and t == t.strip() and t not in {"S1", "S2", "S3"}
)
POINTS = st.tuples(st.floats(117.0, 117.07), st.floats(39.998, 40.01))


@st.composite
def said(draw):  # noqa: PLR0911  one per edit
    """Describe an edit of the mini-city as a file may."""
    lon, lat = draw(POINTS)
    amount = st.none() | st.floats(0, 1e9)
    sort = draw(st.integers(0, 6))
    if sort == 0:
        venue = {"name_zh": draw(NAMES), "kind": "base", "lon": lon, "lat": lat, "district": "A"}
        more = {
            "name_en": draw(NAMES), "note": draw(NAMES), "visits_per_year": draw(amount),
            "exhibition_m2": draw(amount), "precision_m": draw(st.floats(0, 5000)),
            "tier": draw(st.sampled_from(["hub", "-"])), "flags": ["proposed"], "status": "unknown",
            "source": draw(NAMES), "address_zh": draw(NAMES), "method": "proposal",
        }  # fmt: skip
        kept = draw(st.sets(st.sampled_from(sorted(more))))
        return {"open": venue | {name: more[name] for name in kept}}
    if sort == 1:
        return {"close": draw(st.sampled_from(["V1", "V2", "V5", "乙区分中心"]))}
    if sort == 2:
        return {"move": {"venue": "V4", "lon": lon, "lat": lat, "district": "A"}}
    if sort == 3:
        return {"upgrade": {"venue": "V5", "visits_per_year": draw(amount), "kind": "other"}}
    if sort == 4:
        new = {"name": draw(NAMES.filter(lambda t: "|" not in t)), "lon": lon, "lat": lat}
        line = draw(st.uuids()).hex[:6]
        return {"line": LINE | {"name": line, "stops": ["S1", new, "S2"],
                                "run_min": draw(st.lists(st.floats(0.01, 600), min_size=2,
                                                         max_size=2))}}  # fmt: skip
    if sort == 5:
        return {"headway": {"line": "一号线", "minutes": draw(st.floats(0.5, 120))}}
    return {"population": {"year": draw(st.integers(2000, 2100)),
                           "change": draw(st.floats(-0.9, 9))}}  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(said(), min_size=1, max_size=6), NAMES, st.text(max_size=40))
def test_what_is_written_reads_back_the_same(edits, name, note):
    try:
        scenario = parsed(*edits, name_en=name, note=note)
    except ScenarioError as error:  # two of one name, say: then there is nothing to write
        assert {f.what_en for f in error.faults}
        return
    text = scenario_text(scenario)
    assert parse_scenario(MINI, text) == scenario
    assert scenario_text(parse_scenario(MINI, text)) == text
    plain = {"name_zh": "试", "name_en": name, "note": note,
             "edits": [plain_edit(edit) for edit in scenario.edits]}  # fmt: skip
    assert parse_scenario(MINI, json.dumps(plain)) == scenario


def test_a_proposed_site_is_written_with_all_that_is_said_of_it():
    proposed = replace(only({"open": HALL}).venue, venue_id="P-t-A1-branch", source="proposal",
                       method="proposal", flags=("proposed", "not_permanent"),
                       visits_per_year=12_000.0)  # fmt: skip
    scenario = Scenario("方案", "Plan", "", (Open(proposed),))
    assert parse_scenario(MINI, scenario_text(scenario)) == scenario


# The area pack of a scenario

STOP = {"name": "情景站", "lon": 116.95, "lat": 40.35}
CITY = [
    {"open": {"name_zh": "新馆", "kind": "base", "lon": 116.3, "lat": 40.0,
              "exhibition_m2": 1 / 3}},
    {"close": "V110105-002"},
    {"move": {"venue": "V110105-002", "lon": 116.31, "lat": 39.9}},
    {"upgrade": {"venue": "中国地质博物馆", "tier": "node", "visits_per_year": 50000}},
    {"line": {"name": "情景线", "stops": ["七里庄", STOP, "BJS001"], "run_min": [0.1, 20.7],
              "headway_min": 7}},
    {"line": {"name": "1号线", "stops": ["七里庄", "BJS342"], "run_min": [9], "headway_min": 7}},
    {"headway": {"line": "1号线", "minutes": 2}},
    {"population": {"year": 2035, "change": 0.05}},
    {"population": {"year": 2035, "districts": {"海淀": 3_000_001}}},
]  # fmt: skip


@pytest.mark.parametrize("edit", CITY, ids=[next(iter(edit)) for edit in CITY])
def test_the_pack_of_each_edit_of_beijing_is_sound_and_reads_back_the_same(edit, tmp_path):
    area = edited(BEIJING, [only(edit, BEIJING)])
    write_scenario_pack(area, tmp_path / "pack")
    assert [f.en() for f in check(tmp_path / "pack")] == []
    back = load(tmp_path / "pack")
    assert back.venues == area.venues != () and back.meta == area.meta
    for table in ("districts", "townships", "venue_table", "stations", "links", "transfers"):
        assert getattr(back, table).equals(getattr(area, table)), table


def test_the_pack_of_all_edits_of_the_mini_city_is_sound(tmp_path):
    line = LINE | {"stops": ["S1", {"name": "新站", "lon": 117.1, "lat": 40.004}], "name": "一号线"}
    scenario = parsed(
        {"open": HALL}, {"close": "V2"}, {"move": {"venue": "V4", **HERE}}, {"line": line},
        {"upgrade": {"venue": "V5", "status": "open"}}, {"population": {"year": 2035, "change": 2}},
    )  # fmt: skip
    area = edited(MINI, scenario.edits)
    write_scenario_pack(area, tmp_path / "a" / "pack")
    assert [f.en() for f in check(tmp_path / "a" / "pack")] == []
    assert load(tmp_path / "a" / "pack").venues == area.venues
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["pack"]


def test_a_pack_takes_nobody_s_place_and_is_whole_or_not_there(tmp_path, monkeypatch):
    with pytest.raises(BadQueryError) as error:
        write_scenario_pack(MINI, tmp_path)
    assert error.value.param == "to"

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pandas.DataFrame.to_csv", full)
    with pytest.raises(OSError, match="No space"):
        write_scenario_pack(MINI, tmp_path / "pack")
    assert list(tmp_path.iterdir()) == []


# Words


def test_every_edit_is_said_in_a_sentence_of_both_languages():
    scenario = parse_scenario(BEIJING, {"name_zh": "试", "edits": CITY})
    words = in_words(BEIJING, scenario.edits)
    assert len(words) == len(CITY)
    assert all(zh and en for zh, en in words)
    assert words[0] == ("新开海淀区“新馆”（科普基地）", "open 新馆, Science base (Haidian)")
    assert words[3] == (
        "“中国地质博物馆”改为：层级 N 节点，年接待人次 50,000",
        "Geological Museum of China becomes: tier node, visits a year 50,000",
    )
    assert words[4][0] == "情景线：七里庄 至 2号航站楼（3 站，每 7 分钟一班）"
    assert words[8][0] == "2035 年人口：海淀区 3,000,001"


def test_no_sentence_is_kept_that_nothing_says():
    used = "".join(
        (ROOT / "venuenet" / "scenarios" / f"{name}.py").read_text(encoding="utf-8")
        for name in ("file", "plain", "entries", "resolve", "words")
    )
    assert [code for code in SAYS if used.count(f'"{code}"') < 2] == []


# The documentation

DOCS = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")


def test_the_documented_example_is_a_scenario_of_beijing():
    example = DOCS.split("```yaml\n")[1].split("```")[0]
    scenario = parse_scenario(BEIJING, example)
    assert {type(edit) for edit in scenario.edits} == {
        Open, Close, Move, Upgrade, NewLine, Headway, Population,
    }  # fmt: skip
    assert scenario.edits[-1].people == {"110112": round(1_840_295 * 1.12)}
    assert not [f.en() for f in line_faults(BEIJING, scenario.edits[4])]


@pytest.mark.parametrize("sort", ENTRIES)
def test_every_key_of_an_edit_is_documented(sort):
    part = DOCS.split(f"### {sort} ·")[1].split("\n### ")[0]
    for name in ENTRIES[sort].model_fields:
        assert f"`{name}`" in part or (sort == "close" and name == "close"), name
