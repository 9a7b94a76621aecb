"""The HTTP contract (shared/API.md), over a store with Beijing in it."""

import json
import re
import warnings
from dataclasses import replace
from datetime import date
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote, unquote

import jsonschema
import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely import transform
from shapely.geometry import shape
from shapely.validation import explain_validity

from api.app import STATIC, create_app
from api.caching import CSP
from venuenet.errors import SnapshotError
from venuenet.model import KINDS, SCIENCE_KINDS
from venuenet.publish.snapshot import write
from venuenet.store import SnapshotFolder

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette would rather have httpx2, which is not httpx
    from starlette.testclient import TestClient

CENSUS = 21_893_095
ORDER = [
    "110101", "110102", "110105", "110106", "110107", "110108", "110109", "110111",
    "110112", "110113", "110114", "110115", "110116", "110117", "110118", "110119",
]  # fmt: skip
ENVELOPE = {"snapshot", "as_of", "sources"}
ASKED = {
    "standard", "mode", "minutes", "k", "group", "kinds", "surface_transit", "own_district",
    "capacitated",
}  # fmt: skip
NEEDS = {
    "decay_at": "&measure=gravity",
    "steps": "&measure=gravity&decay=stepped&minutes=60",
    "interval": "&measure=cumulative_interval",
}
"""Parameters that are refused alone, with what makes sense of them."""
USELESS = {
    ("/equity/spots", "minutes"), ("/equity/spots", "group"),
    ("/network/system", "standard"), ("/network/system", "kinds"),
}  # fmt: skip
"""What one route of many refuses: there it would change nothing."""

TRAVEL = {"mode", "engine", "basis", "estimated", "period", "zh", "en", "traveller"}
ITEM = {
    "adcode", "name_zh", "name_en", "people", "covered", "uncovered", "share", "low", "high",
    "median_minutes", "p90_minutes", "nearest", "flags",
}  # fmt: skip
GAP = {
    "gap_id", "adcode", "township_code", "township_zh", "people", "area_km2", "nearest_venue_id",
    "nearest_venue_zh", "nearest_minutes", "cause", "gap_type", "severity", "flags",
}  # fmt: skip
QUESTIONS = [
    "",
    "standard=walk15",
    "standard=transit30",
    "standard=transit60",
    "standard=choice60",
    "mode=drive&minutes=15",
    "mode=walk&minutes=15&group=seniors",
    "mode=transit&minutes=45&surface_transit=true",
    "standard=walk15&kinds=base",
]


@pytest.fixture(scope="module")
def client(beijing_data):
    with TestClient(create_app(SnapshotFolder(beijing_data)), raise_server_exceptions=False) as c:
        yield c


@pytest.fixture(scope="module")
def get(client):
    """JSON of a path that must answer."""

    def ask(path):
        response = client.get(path)
        assert response.status_code == 200, response.text
        return response.json()

    return ask


def refused(client, path, status=422):
    """Ask what cannot be answered; return the problem after checking it is a whole one."""
    response = client.get(path)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert set(problem) <= {
        "type", "title", "title_en", "status", "detail", "detail_en", "param", "allowed",
    }  # fmt: skip
    assert problem["status"] == status
    assert re.match(r"urn:venuenet:problem:[a-z0-9-]+$", problem["type"])
    for zh, en in (("title", "title_en"), ("detail", "detail_en")):
        assert re.search(r"[\u4e00-\u9fff]", problem[zh])
        assert re.search(r"[A-Za-z]{3}", problem[en])
    return problem


# GET /coverage


def test_sixteen_districts_in_national_order_sum_to_the_census(get):
    answer = get("/coverage")
    assert [i["adcode"] for i in answer["items"]] == ORDER
    assert sum(i["people"] for i in answer["items"]) == CENSUS == answer["total"]["people"]


@pytest.mark.parametrize("path", ["/coverage", "/coverage/海淀区", "/gaps"])
def test_every_answer_says_what_when_from_where_and_as_understood(get, path):
    answer = get(path)
    assert set(answer) >= ENVELOPE | ASKED
    assert date.fromisoformat(answer["as_of"])
    assert {"id", "title", "date", "licence"} <= set(answer["sources"][0])
    assert answer["snapshot"] == get("/healthz")["snapshot"]
    asked = {k: answer[k] for k in ASKED}
    assert asked == {
        "standard": None, "mode": "transit", "minutes": 45, "k": 1, "group": "all",
        "kinds": list(SCIENCE_KINDS), "surface_transit": False, "own_district": False,
        "capacitated": False,
    }  # fmt: skip


@pytest.mark.parametrize("path", ["/coverage", "/coverage/海淀区", "/gaps", "/gaps.geojson"])
@pytest.mark.parametrize("mode", ["walk", "transit", "drive"])
def test_every_answer_says_how_its_times_were_made_and_for_whom(get, path, mode):
    travel = get(f"{path}?mode={mode}")["travel"]
    assert set(travel) == TRAVEL
    assert travel["mode"] == mode
    assert travel["estimated"] is True
    assert "直线距离" in travel["zh"]
    assert "estimated" in travel["en"]
    assert travel["traveller"] == {"id": "adult", "name_zh": "成年人", "name_en": "adult"}


def test_assumed_buses_are_in_the_sentence_only_when_asked_for(get):
    plain, buses = (
        get(f"/coverage?surface_transit={s}")["travel"]["zh"] for s in ("false", "true")
    )
    assert "假设的地面公交" in buses
    assert "假设的地面公交" not in plain


def test_the_page_is_told_what_each_mode_rests_on(get):
    words = get("/map/words")
    assert words["modes"] == {
        "walk": {"basis": "straight", "estimated": True},
        "transit": {"basis": "headways", "estimated": True},
        "drive": {"basis": "straight", "estimated": True},
    }
    assert words["traveller"] is None


def test_another_traveller_is_named_in_answers_and_to_the_page(beijing, tmp_path):
    rules = {"walk_ratio": {"value": 0.5}, "stairs": True, "name_zh": "挑夫", "name_en": "porter"}
    travel = {"traveller": "porter", "networks": {}, "rules": {"travellers": {"porter": rules}}}
    manifest = beijing.manifest
    manifest = replace(manifest, parameters={**manifest.parameters, "travel": travel})
    asked, store = replace(beijing, manifest=manifest), SnapshotFolder(tmp_path)
    store.publish(asked, lambda folder: write(asked, folder))
    with TestClient(create_app(store)) as client:
        answer = client.get("/coverage").json()
        words = client.get("/map/words").json()
    assert answer["travel"]["traveller"] == {"id": "porter", "name_zh": "挑夫", "name_en": "porter"}
    assert all("traveller:porter" in item["flags"] for item in answer["items"])
    assert words["traveller"] == ["出行者：挑夫", "traveller: porter"]
    assert "porter" in words["flags"]["traveller:porter"][1]


@pytest.mark.parametrize("query", QUESTIONS)
@pytest.mark.parametrize("level", ["district", "township"])
def test_covered_and_uncovered_are_all_and_the_share_lies_in_its_interval(get, query, level):
    answer = get(f"/coverage?{query}&level={level}".replace("?&", "?"))
    total = answer["total"]
    for item in [*answer["items"], total]:
        assert set(item) >= ITEM
        assert item["covered"] + item["uncovered"] == item["people"]
        assert item["share"] == item["covered"] / item["people"]
        assert 0 <= item["low"] <= item["share"] <= item["high"] <= 1
        assert {"demand_modelled", "travel_estimated"} <= set(item["flags"])
    for name in ("people", "covered", "uncovered", "no_access"):
        assert sum(i[name] for i in answer["items"]) == total[name]


NAMES = [
    "海淀区",
    "海淀",
    "110108",
    "haidian",
    "Haidian",
    "HAIDIAN",
    "Haidian District",
    "haidian qu",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_district_answers_to_all_its_names(get, name):
    by_code = get("/coverage?district=110108")
    assert [i["adcode"] for i in by_code["items"]] == ["110108"]
    assert get(f"/coverage?district={quote(name)}") == by_code
    assert get(f"/coverage/{quote(name)}") == get("/coverage/110108")


def test_the_issue_s_own_question_agrees_in_all_its_forms(get):
    ask = "mode=transit&minutes=45"
    one, two, three = (
        get(f"/coverage?district={d}&{ask}") for d in ("海淀区", "110108", "haidian")
    )
    assert one == two == three
    assert one["items"][0] == get("/coverage?standard=transit45")["items"][5]
    assert one["items"][0] == get(f"/coverage/海淀?{ask}")["item"]


def test_several_districts_come_once_each_in_national_order(get):
    answer = get("/coverage?district=延庆&district=东城&district=110119")
    assert [i["name_zh"] for i in answer["items"]] == ["东城区", "延庆区"]
    assert answer["total"]["people"] == CENSUS


@pytest.mark.parametrize("query", ["", "standard=walk15", "group=seniors", "mode=drive"])
def test_one_district_holds_its_townships_and_every_group(get, query):
    answer = get(f"/coverage/朝阳?{query}")
    assert answer["item"] == get(f"/coverage?district=朝阳&{query}")["items"][0]
    for name in ("people", "covered", "uncovered"):
        assert sum(t[name] for t in answer["townships"]) == answer["item"][name]
    assert {t["adcode"] for t in answer["townships"]} == {"110105"}
    by_group = {g["group"]: g for g in answer["groups"]}
    assert by_group["seniors"]["standing"] == "known"
    assert by_group["youth"]["standing"] == "estimated"
    assert by_group["farmers"]["standing"] == "unknown"
    for row in by_group.values():
        if row["standing"] == "unknown":
            assert row["people"] is row["covered"] is row["share"] is row["nearest"] is None
            assert "no_data:group_unknown" in row["flags"]
        else:
            assert row["covered"] + row["uncovered"] == row["people"]
            assert ("group_estimated" in row["flags"]) == (row["standing"] == "estimated")


def test_townships_are_all_343(get):
    items = get("/coverage?level=township")["items"]
    assert len({i["township_code"] for i in items}) == len(items) == 343


@pytest.mark.parametrize("level", ["district", "township"])
def test_a_standard_nobody_can_answer_is_null_with_its_reason_never_zero(get, level):
    answer = get(f"/coverage?standard=branch45&level={level}")
    for item in [*answer["items"], answer["total"]]:
        assert item["people"] > 0
        for name in ("covered", "uncovered", "share", "low", "high", "median_minutes", "nearest"):
            assert item[name] is None
        assert "no_data:venues_unlocated" in item["flags"]


def test_assumed_buses_stand_beside_the_headline_never_in_it(get):
    plain = get("/coverage?mode=transit&minutes=45")["items"]
    bus = get("/coverage?mode=transit&minutes=45&surface_transit=true")["items"]
    for item, with_bus in zip(plain, bus, strict=True):
        assert item["with_surface"]["covered"] == with_bus["covered"] >= item["covered"]
        assert item["with_surface"]["share"] == with_bus["share"]
        assert "surface_transit_assumed" in with_bus["flags"]
        assert "surface_transit_assumed" not in item["flags"]
    assert any(i["with_surface"]["covered"] > i["covered"] for i in plain)


# one test per parameter: it changes the answer, or it is refused


def test_mode_changes_the_answer(get):
    covered = {
        m: get(f"/coverage?mode={m}")["total"]["covered"] for m in ("walk", "transit", "drive")
    }
    assert len(set(covered.values())) == 3
    assert covered["walk"] < covered["transit"]


def test_minutes_change_the_answer(get):
    covered = [get(f"/coverage?minutes={m}")["total"]["covered"] for m in (1, 15, 45, 120)]
    assert covered == sorted(set(covered))


def test_standard_changes_the_answer(get):
    ids = [s["id"] for s in get("/standards")["items"]]
    answers = [get(f"/coverage?standard={i}") for i in ids]
    assert [a["standard"] for a in answers] == ids
    assert len({json.dumps(a["items"]) for a in answers}) == len(ids)


def test_group_changes_the_answer(get):
    everyone, seniors = (get(f"/coverage?group={g}") for g in ("all", "seniors"))
    assert seniors["total"]["people"] == pytest.approx(0.196 * CENSUS, abs=16)
    assert seniors["total"]["covered"] < everyone["total"]["covered"]
    assert everyone == get("/coverage")


def test_kinds_change_the_answer(get):
    ask = "/coverage?mode=walk&minutes=15"
    covered = [
        get(f"{ask}&kinds={k}")["total"]["covered"] for k in ("base", "base,science_museum", "all")
    ]
    assert covered == sorted(set(covered))
    assert get(f"{ask}&kinds=science")["items"] == get(ask)["items"]
    assert get(f"{ask}&kinds=science_museum,base") == get(f"{ask}&kinds=base,science_museum")


def test_level_changes_the_answer(get):
    assert get("/coverage?level=district") == get("/coverage")
    assert len(get("/coverage?level=township")["items"]) > 16


def test_surface_transit_changes_the_answer(get):
    with_bus = get("/coverage?surface_transit=true")
    assert with_bus["total"]["covered"] > get("/coverage")["total"]["covered"]
    assert get("/coverage?surface_transit=false") == get("/coverage")


def test_lang_changes_the_report(client):
    assert client.get("/reports/海淀?lang=en").text != client.get("/reports/海淀?lang=zh").text
    assert client.get("/reports/海淀?lang=zh").text == client.get("/reports/海淀").text


BAD = {
    "mode": ["bike", "", "Walk", "walk "],
    "minutes": ["0", "121", "-5", "4.5", "abc", "", "1e1", "٤٥", "99999999999999999999"],
    "standard": ["walk16", "", "WALK15"],
    "group": ["everyone", "", "Seniors"],
    "kinds": ["zoo", "", ",", "base,zoo"],
    "surface_transit": ["yes", "1", "", "True"],
    "district": ["天津", "", "区", "1101", "110199"],
}
ALLOWED = {
    "mode": {"walk", "transit", "drive"},
    "minutes": {"1..120"},
    "standard": {"walk15", "transit30", "transit45", "transit60", "branch45", "choice60"},
    "group": {"all", "youth", "seniors", "seniors_65", "rural", "farmers", "workers", "cadres"},
    "kinds": {"science", "all", *KINDS},
    "surface_transit": {"true", "false"},
    "district": {"海淀区", "110108"},
}


@pytest.mark.parametrize("path", ["/coverage", "/gaps", "/gaps.geojson"])
@pytest.mark.parametrize(("param", "value"), [(p, v) for p, vs in BAD.items() for v in vs])
def test_a_bad_value_is_refused_with_the_allowed_ones(client, path, param, value):
    problem = refused(client, f"{path}?{param}={quote(value)}")
    assert problem["param"] == param
    assert ALLOWED[param] <= set(problem["allowed"])
    assert param == "district" or ALLOWED[param] == set(problem["allowed"])


@pytest.mark.parametrize(
    ("path", "param", "allowed"),
    [
        ("/coverage?level=city", "level", {"district", "township"}),
        ("/coverage?level=", "level", {"district", "township"}),
        ("/reports/海淀?lang=fr", "lang", {"zh", "en"}),
        ("/venues?kinds=zoo", "kinds", {"science", "all", *KINDS}),
        ("/reports/海淀?minutes=0", "minutes", {"1..120"}),
        ("/reports/海淀.xlsx?mode=bike", "mode", {"walk", "transit", "drive"}),
        ("/coverage/海淀?group=none", "group", ALLOWED["group"]),
    ],
)
def test_other_bad_values_are_refused_too(client, path, param, allowed):
    problem = refused(client, path)
    assert (problem["param"], set(problem["allowed"])) == (param, allowed)


@pytest.mark.parametrize(
    "query",
    [
        "standard=walk15&mode=walk",
        "standard=walk15&minutes=15",
        "mode=walk&surface_transit=true",
        "standard=walk15&surface_transit=true",
        "mode=walk&mode=drive",
        "minutes=30&minutes=45",
        "&".join(["district=海淀"] * 41),
    ],
)
def test_what_contradicts_itself_is_refused(client, query):
    for path in ("/coverage", "/gaps", "/gaps.geojson"):
        assert refused(client, f"{path}?{query}")["param"] in query


@pytest.mark.parametrize(
    "path",
    [
        "/coverage?modes=walk",
        "/coverage?MODE=walk",
        "/coverage?minute=30",
        "/coverage?limit=5",
        "/coverage?",
        "/coverage/海淀?district=海淀",
        "/coverage/海淀?level=township",
        "/gaps?level=township",
        "/gaps.geojson?format=zip",
        "/venues?mode=walk",
        "/venues/V110101-001?kinds=all",
        "/standards?x=1",
        "/network?cells=true",
        "/reports/海淀?language=en",
        "/reports/海淀.xlsx?lang=en",
        "/map/districts.geojson?district=海淀",
    ],
)
def test_a_parameter_nobody_reads_is_refused_not_ignored(client, path):
    if path.endswith("?"):
        assert client.get(path).status_code == 200
        return
    problem = refused(client, path)
    assert problem["param"] == path.partition("?")[2].partition("=")[0]
    assert problem["param"] not in problem["allowed"]


# 404 and 422


@pytest.mark.parametrize(
    "path",
    ["/coverage/天津", "/coverage/1101", "/reports/nowhere", "/reports/nowhere.xlsx", "/venues/V0"],
)
def test_an_unknown_name_in_the_path_is_not_found(client, path):
    problem = refused(client, path, 404)
    assert problem["type"] == "urn:venuenet:problem:unknown-name"
    assert problem["param"] in ("district", "venue_id")


def test_an_unknown_district_in_the_query_is_a_bad_query(client):
    assert refused(client, "/coverage?district=天津", 422)["param"] == "district"


@pytest.mark.parametrize(
    "path", ["/nothing", "/coverage/", "/coverage/海淀/x", "/reports/", "/docs"]
)
def test_an_unknown_path_is_not_found_in_both_languages(client, path):
    refused(client, path, 404)


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_nothing_can_be_changed_from_outside(client, method):
    response = getattr(client, method)("/coverage")
    assert response.status_code == 405
    assert response.headers["content-type"] == "application/problem+json"


def test_head_answers_like_get_without_a_body(client):
    response = client.head("/coverage")
    assert response.status_code == 200
    assert response.content == b""


# GET /gaps and /gaps.geojson


@pytest.mark.parametrize("query", QUESTIONS)
def test_gap_people_are_the_uncovered_people_of_every_district(get, query):
    coverage = get(f"/coverage?{query}")["items"]
    gaps = get(f"/gaps?{query}")
    outlines = get(f"/gaps.geojson?{query}")["features"]
    assert [f["properties"] for f in outlines] == gaps["items"]
    for district in coverage:
        mine = [g["people"] for g in gaps["items"] if g["adcode"] == district["adcode"]]
        assert sum(mine) == district["uncovered"]
    assert sum(c["people"] for c in gaps["causes"]) == sum(g["people"] for g in gaps["items"])
    assert sum(c["gaps"] for c in gaps["causes"]) == len(gaps["items"])


def test_gaps_name_their_place_cause_and_weight_most_people_first(get):
    items = get("/gaps")["items"]
    assert len({i["gap_id"] for i in items}) == len(items) > 16
    assert [i["people"] for i in items] == sorted((i["people"] for i in items), reverse=True)
    towns = {t["township_code"]: t["adcode"] for t in get("/coverage?level=township")["items"]}
    venues = {v["venue_id"] for v in get("/venues")["items"]}
    for item in items:
        assert set(item) >= GAP
        assert towns[item["township_code"]] == item["adcode"]
        assert item["nearest_venue_id"] in venues
        assert item["gap_type"] in ("service", "data")
        assert item["severity"] in ("high", "medium", "low")
        assert item["people"] > 0
        assert item["area_km2"] > 0


def test_gaps_can_be_asked_of_some_districts(get):
    every, some = get("/gaps"), get("/gaps?district=平谷&district=密云")
    kept = [i for i in every["items"] if i["adcode"] in ("110117", "110118")]
    assert some["items"] == kept
    assert len(kept) > 1


def test_where_nothing_can_be_answered_all_is_a_data_gap(get):
    gaps = get("/gaps?standard=branch45")
    assert {g["gap_type"] for g in gaps["items"]} == {"data"}
    assert {g["cause"] for g in gaps["items"]} == {"venues_unlocated"}
    hub = get("/coverage?kinds=center_city&mode=transit&minutes=45")["total"]
    assert sum(g["people"] for g in gaps["items"]) == hub["uncovered"] > CENSUS / 2


def test_a_group_nobody_counted_has_no_gaps(get):
    assert get("/gaps?group=workers")["items"] == []
    assert get("/gaps.geojson?group=workers")["features"] == []


def rings(geometry):
    polygons = geometry["coordinates"]
    for polygon in [polygons] if geometry["type"] == "Polygon" else polygons:
        yield from ((i, ring) for i, ring in enumerate(polygon))


def turns_left(ring):
    area = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(ring))
    return area > 0


@pytest.mark.parametrize("query", ["standard=walk15&district=海淀", "standard=transit30", ""])
def test_the_download_is_geojson_as_rfc_7946_has_it(client, query):
    response = client.get(f"/gaps.geojson?{query}")
    assert response.headers["content-type"] == "application/geo+json"
    collection = json.loads(response.content.decode("utf-8"))
    assert collection["type"] == "FeatureCollection"
    assert "crs" not in collection
    for feature in collection["features"]:
        assert set(feature) == {"type", "geometry", "properties"}
        assert feature["type"] == "Feature"
        assert feature["geometry"]["type"] in ("Polygon", "MultiPolygon")
        for i, ring in rings(feature["geometry"]):
            assert ring[0] == ring[-1]
            assert len(ring) >= 4
            assert turns_left(ring) == (i == 0), "outside turns left, holes turn right"
            for x, y in ring:
                assert 115.3 < x < 117.6
                assert 39.3 < y < 41.2
        outline = shape(feature["geometry"])
        assert outline.is_valid, explain_validity(outline)


def test_some_gaps_have_holes_and_some_are_of_several_pieces(get):
    geometries = [f["geometry"] for f in get("/gaps.geojson?standard=walk15")["features"]]
    assert any(i > 0 for g in geometries for i, _ in rings(g))
    assert {g["type"] for g in geometries} == {"Polygon", "MultiPolygon"}


def test_the_download_carries_its_sources_date_and_question(get):
    collection = get("/gaps.geojson?standard=walk15")
    answer = get("/gaps?standard=walk15")
    assert collection["as_of"] == answer["as_of"]
    assert collection["snapshot"] == answer["snapshot"]
    for source in answer["sources"]:
        assert source["attribution"] in collection["attribution"]
    assert "OpenStreetMap" in collection["attribution"]
    assert collection["question"] == {k: answer[k] for k in ASKED}
    assert collection["note_zh"] == "示意图，不作为划界依据"


@pytest.mark.parametrize(
    ("query", "place", "what"),
    [
        ("", "北京市", "transit45"),
        ("district=haidian&standard=walk15", "海淀区", "walk15"),
        ("district=昌平&mode=drive&minutes=20", "昌平区", "drive20"),
        ("district=昌平&district=延庆", "昌平区-延庆区", "transit45"),
    ],
)
def test_the_download_is_named_by_district_standard_and_date(client, get, query, place, what):
    disposition = client.get(f"/gaps.geojson?{query}").headers["content-disposition"]
    assert disposition.startswith("attachment;")
    assert disposition.isascii()
    name = unquote(disposition.partition("filename*=UTF-8''")[2])
    for part in (place, what, get("/healthz")["as_of"]):
        assert part in name
    assert name.endswith(".geojson")


def test_a_gap_outline_covers_the_area_it_tells(get, beijing):
    features = get("/gaps.geojson?standard=walk15&district=石景山")["features"]
    assert len(features) > 5
    for feature in features:
        flat = transform(shape(feature["geometry"]), beijing.area.metric, interleaved=False)
        assert flat.area / 1e6 == pytest.approx(feature["properties"]["area_km2"], rel=0.02)


# venues, standards, network, reports, map, health


def test_venues_lists_everything_and_guesses_no_place(get):
    items = get("/venues")["items"]
    assert len(items) == 233
    lost = [v for v in items if v["lon"] is None]
    assert len(lost) == 80
    assert all(v["lat"] is None and v["precision_m"] is None for v in lost)
    assert sum("unlocated" in v["flags"] for v in lost) == 80


def test_venues_can_be_asked_by_kind_and_district(get):
    items = get("/venues?kinds=base&district=海淀")["items"]
    assert {(v["kind"], v["adcode"]) for v in items} == {("base", "110108")}
    every = get("/venues")["items"]
    assert items == [v for v in every if v["kind"] == "base" and v["adcode"] == "110108"]
    assert get("/venues?kinds=science")["kinds"] == list(SCIENCE_KINDS)


def test_one_venue_is_the_one_of_the_list(get):
    for venue in get("/venues")["items"][::20]:
        answer = get(f"/venues/{venue['venue_id']}")
        assert answer["item"] == venue
        assert set(answer) >= ENVELOPE


def test_standards_name_their_source_and_standing(get):
    items = get("/standards")["items"]
    assert {s["id"] for s in items} == ALLOWED["standard"]
    assert all(s["source"] and s["confidence"] for s in items)


def test_the_network_is_node_link_json_of_all_districts_townships_and_venues(get):
    graph = get("/network")["items"]
    kinds = [n["type"] for n in graph["nodes"]]
    counts = {k: kinds.count(k) for k in set(kinds)}
    assert counts == {"district": 16, "township": 343, "venue": 233}
    ids = {n["id"] for n in graph["nodes"]}
    assert all(e["source"] in ids and e["target"] in ids for e in graph["edges"])
    hub = [e for e in graph["edges"] if e["relation"] == "affiliated"]
    assert len([e for e in hub if e["source"] == hub[0]["source"]]) == 16


@pytest.mark.parametrize("name", ["海淀", "110108", "haidian"])
def test_a_report_is_a_page_with_the_same_numbers(client, get, name):
    response = client.get(f"/reports/{name}")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    item = get("/coverage/海淀")["item"]
    assert f"{item['people']:,}" in response.text.replace("\u202f", ",")
    assert get("/healthz")["as_of"] in response.text


def test_a_report_s_tables_come_as_a_workbook(client, get):
    response = client.get("/reports/海淀.xlsx")
    assert "海淀区" in unquote(response.headers["content-disposition"])
    book = openpyxl.load_workbook(BytesIO(response.content), read_only=True)
    values = {cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row}
    item = get("/coverage/海淀")["item"]
    assert {item["people"], item["covered"]} <= values


@pytest.mark.parametrize(("name", "n"), [("districts", 16), ("subway", 425)])
def test_the_page_s_shapes_are_geojson_with_credits(get, name, n):
    collection = get(f"/map/{name}.geojson")
    assert {"as_of", "attribution", "note_zh"} <= set(collection)
    kinds = {"districts": ("Polygon", "MultiPolygon"), "subway": ("Point",)}[name]
    assert sum(f["geometry"]["type"] in kinds for f in collection["features"]) == n


def test_health_names_version_and_snapshot(get, beijing):
    health = get("/healthz")
    assert health["status"] == "ok"
    assert health["snapshot"] == beijing.manifest.snapshot
    assert health["version"] == beijing.manifest.version


@pytest.mark.skipif(not (STATIC / "index.html").is_file(), reason="the page is not built here")
def test_the_page_is_served_at_the_root(client):
    response = client.get("/")
    assert response.status_code == 200
    assert "text/html" in response.headers["content-type"]
    for asset in re.findall(r'(?:src|href)="([^"]+)"', response.text):
        assert not asset.startswith(("http:", "https:", "//"))
        assert client.get(asset).status_code == 200


# headers


@pytest.mark.parametrize(
    "path", ["/coverage", "/nothing", "/coverage?mode=x", "/reports/海淀", "/healthz"]
)
def test_every_answer_keeps_the_page_inside_its_own_walls(client, path):
    headers = client.get(path).headers
    assert headers["content-security-policy"] == CSP
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'self'" in CSP
    assert "http" not in CSP


@pytest.mark.parametrize("path", ["/coverage?mode=walk", "/gaps.geojson?district=海淀", "/venues"])
def test_who_has_the_answer_is_not_sent_it_again(client, path):
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = client.get(path, headers={"If-None-Match": 'W/"another"'})
    assert other.status_code == 200
    assert other.content == first.content


@pytest.mark.parametrize("wrap", ['"a", {}', '{}, W/"b"', "*"])
def test_if_none_match_may_be_a_list_or_a_star(client, wrap):
    etag = client.get("/venues").headers["etag"]
    assert client.get("/venues", headers={"If-None-Match": wrap.format(etag)}).status_code == 304


def test_another_question_has_another_tag(client):
    paths = ["/coverage", "/coverage?mode=walk", "/gaps", "/gaps.geojson", "/venues"]
    assert len({client.get(p).headers["etag"] for p in paths}) == len(paths)


def test_a_refusal_has_no_tag(client):
    assert "etag" not in client.get("/coverage?mode=x").headers


@pytest.fixture
def other_snapshot(beijing):
    """A service over a snapshot of another name."""

    class Other(SnapshotFolder):
        def __init__(self):
            """Hold it in memory."""

        def current(self):
            return replace(beijing, manifest=replace(beijing.manifest, snapshot="0" * 16))

    with TestClient(create_app(Other())) as other:
        yield other


def test_another_snapshot_has_another_tag(client, other_snapshot):
    tags = {c.get("/venues").headers["etag"] for c in (client, other_snapshot)}
    assert len(tags) == 2


@pytest.mark.skipif(not (STATIC / "index.html").is_file(), reason="the page is not built here")
def test_the_page_s_files_are_tagged_by_their_own_content(client, other_snapshot):
    tags = {c.get("/index.html").headers["etag"] for c in (client, other_snapshot)}
    assert len(tags) == 1


def test_long_answers_are_compressed(client):
    response = client.get("/coverage", headers={"Accept-Encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip"


def test_a_store_without_a_snapshot_says_so_at_the_start(tmp_path):
    with (
        pytest.raises(SnapshotError, match="venuenet build"),
        TestClient(create_app(SnapshotFolder(tmp_path))),
    ):
        pass


# never a 5xx for input

ROUTES = [
    "/coverage", "/coverage/海淀", "/gaps", "/gaps.geojson", "/venues", "/venues/V110101-001",
    "/standards", "/network", "/reports/海淀", "/reports/海淀.xlsx", "/healthz",
    "/map/districts.geojson", "/openapi.json",
]  # fmt: skip
PARAMS = [*BAD, "level", "lang", "x"]
anything = st.text(max_size=30) | st.sampled_from(
    [
        "\x00",
        "a\x00b",
        "\r\n",
        "%",
        "%00",
        "../..",
        "x" * 5000,
        "🧪",
        "\u202e",
        "' OR 1=1--",
        "[/x]",
    ]
)
raw = st.binary(max_size=12).map(lambda b: "".join(f"%{c:02x}" for c in b))


def answers_or_refuses(response):
    assert response.status_code < 500, response.text
    if response.status_code >= 400:
        assert response.headers["content-type"] == "application/problem+json"
        json.loads(response.content)


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(ROUTES),
    st.lists(
        st.tuples(
            st.sampled_from(PARAMS) | anything, anything | st.sampled_from(["海淀", "walk", "15"])
        ),
        min_size=1,
        max_size=4,
    ),
)
@example("/coverage", [("district", "\x00")])
@example("/coverage", [("\x00", "\x00")])
@example("/gaps.geojson", [("district", "海淀"), ("x" * 9000, "")])
def test_no_query_breaks_the_service(client, route, pairs):
    query = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in pairs)
    answers_or_refuses(client.get(f"{route}?{query}"))


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(ROUTES), raw)
def test_no_raw_bytes_in_the_query_break_the_service(client, route, query):
    answers_or_refuses(client.get(f"{route}?{query}"))


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(["", "coverage/", "venues/", "reports/", "map/", "assets/", "gaps/"]),
    anything.map(lambda text: quote(text, safe="")) | raw,
    st.sampled_from(["", ".xlsx", "/", "/x"]),
)
@example("", "%00", "")
@example("assets/", "%00", "")
@example("assets/", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "")
@example("reports/", "", ".xlsx")
@example("", "a" * 9000, "")
def test_no_path_breaks_the_service(client, start, middle, end):
    response = client.get(f"/{start}{middle}{end}")
    answers_or_refuses(response)
    assert "root:" not in response.text


def test_what_is_refused_is_not_repeated_at_length(client):
    for path in ("/coverage?minutes=", "/coverage?district=", "/coverage/", "/venues/", "/"):
        assert len(client.get(path + "9" * 20_000).content) < 5_000


# OpenAPI


@pytest.fixture(scope="module")
def document(get):
    return get("/openapi.json")


def operations(document):
    return [(p, op) for p, item in document["paths"].items() for op in item.values()]


def test_the_document_names_every_route_of_the_contract(document):
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) >= {
        "/coverage", "/coverage/{district}", "/gaps", "/gaps.geojson", "/venues",
        "/venues/{venue_id}", "/network", "/reports/{district}", "/reports/{district}.xlsx",
        "/healthz",
    }  # fmt: skip
    ids = [op["operationId"] for _, op in operations(document)]
    assert len(set(ids)) == len(ids)


def test_every_reference_in_the_document_resolves(document):
    found = re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))
    assert found
    for path in found:
        node = document
        for part in path.split("/"):
            node = node[part]


def test_every_schema_in_the_document_is_a_valid_schema(document):
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for _, op in operations(document):
        for parameter in op.get("parameters", []):
            jsonschema.Draft202012Validator.check_schema(parameter["schema"])


def test_every_parameter_of_a_path_is_declared_and_every_query_parameter_explained(document):
    for path, op in operations(document):
        given_ = op.get("parameters", [])
        in_path = {p["name"] for p in given_ if p["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path))
        for parameter in given_:
            if parameter["in"] == "query":
                assert parameter["description"]


def test_every_question_parameter_has_an_example_that_answers(document, client):
    for path, op in operations(document):
        if path.startswith("/scenarios/"):  # of a scenario that is kept: test_scenarios_api.py
            continue
        for parameter in op.get("parameters", []):
            for value in parameter["schema"].get("examples", []):
                url = path.replace("{district}", "海淀").replace("{venue_id}", "V110101-001")
                one = value[0] if isinstance(value, list) else value
                asked = f"{url}?{parameter['name']}={one}{NEEDS.get(parameter['name'], '')}"
                told = client.get(asked)
                useless = (path, parameter["name"]) in USELESS
                assert told.status_code == (422 if useless else 200), asked
                assert not useless or told.json()["param"] == parameter["name"]
    asked = {p["name"]: p for p in document["paths"]["/coverage"]["get"]["parameters"]}
    assert {n for n, p in asked.items() if p["schema"].get("examples")} >= set(BAD)


def test_the_shapes_have_examples(document):
    item = document["components"]["schemas"]["Item"]["properties"]
    assert item["adcode"]["examples"] == ["110108"]
    assert item["name_zh"]["examples"] == ["海淀区"]


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/coverage", "/coverage"),
        ("/coverage?standard=branch45&level=township", "/coverage"),
        ("/coverage/海淀?group=farmers", "/coverage/{district}"),
        ("/gaps?standard=branch45", "/gaps"),
        ("/venues", "/venues"),
        ("/standards", "/standards"),
        ("/network", "/network"),
        ("/healthz", "/healthz"),
    ],
)
def test_answers_have_the_shape_the_document_tells(document, get, path, route):
    content = document["paths"][route]["get"]["responses"]["200"]["content"]
    schema = {**content["application/json"]["schema"], "components": document["components"]}
    jsonschema.validate(get(path), schema)


@pytest.mark.parametrize(
    "route", ["/coverage", "/gaps", "/venues", "/standards", "/network", "/healthz"]
)
def test_the_document_tells_the_fields_of_every_answer(document, route):
    schema = document["paths"][route]["get"]["responses"]["200"]["content"]["application/json"]
    shapes = schema["schema"].get("anyOf", [schema["schema"]])
    assert all("$ref" in shape for shape in shapes)


def test_a_problem_has_the_shape_the_document_tells(document, client):
    problem = document["components"]["schemas"]["Problem"]
    for path in ("/coverage?mode=x", "/coverage/x", "/nothing"):
        jsonschema.validate(client.get(path).json(), problem)


def test_refusals_are_documented_as_problems(document):
    for path, op in operations(document):
        if path not in ("/network", "/healthz"):
            content = op["responses"]["422"]["content"]
            assert set(content) == {"application/problem+json"}
            assert content["application/problem+json"]["schema"]["$ref"].endswith("/Problem")


def test_nothing_of_the_checkout_is_served(client):
    for path in ("/../pyproject.toml", "/%2e%2e/pyproject.toml", "/..%2fapp.py", "/app.py"):
        assert client.get(path).status_code == 404
    assert Path(STATIC).name == "static"


def test_quality_counts_the_records_of_the_districts_asked_for(get):
    city, one = get("/quality"), get("/quality?district=房山")
    assert sum(item["venues"] for item in city["items"]) == 233
    assert one["items"] == [i for i in city["items"] if i["adcode"] == "110111"]
    assert {v["adcode"] for v in one["to_confirm"]} == {"110111"}
    assert len(city["to_confirm"]) > len(one["to_confirm"]) > 0


def test_quality_takes_no_other_parameter(client):
    assert client.get("/quality?mode=walk").status_code == 422
