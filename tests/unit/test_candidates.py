"""What may be chosen from: every place of every source, and a user's list with all its faults."""

import json
import math
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from venuenet import crs
from venuenet.errors import BadQueryError, SourceError
from venuenet.pipeline import Inputs, compute
from venuenet.proposals.candidates import sites_of
from venuenet.proposals.request import PARAMETERS, parse_request
from venuenet.proposals.user_sites import ROWS, parse_sites, read_sites
from venuenet.standards.siting import load_siting_rules

HERE = Path(__file__).parents[1] / "golden" / "minicity"
INSIDE = {"name": "甲区图书馆", "lon": 117.03, "lat": 40.005, "sort": "图书馆"}


@pytest.fixture(scope="module")
def city():
    return compute(Inputs(HERE / "pack", HERE / "standards.yaml", HERE / "assumptions.yaml"))


def sites(snapshot, **given):
    return sites_of(snapshot, parse_request(snapshot, {"count": 1, **given}))


def refused(snapshot, **given):
    with pytest.raises(BadQueryError) as caught:
        parse_request(snapshot, {"count": 1, **given})
    return caught.value


def test_every_township_with_a_position_is_seen_and_the_others_are_counted(beijing):
    found = sites(beijing)
    placed = int(beijing.area.townships["lon"].notna().sum())
    assert found.seen == {"townships": placed}
    assert len(found.sites) == placed
    assert found.unplaced == len(beijing.area.townships) - placed > 0


def test_each_source_gives_its_places_in_its_own_words(city):
    found = sites(city, sources=["townships", "stations", "cells"], resolution=7, options=["node"])
    assert found.seen["townships"] == 4
    assert found.seen["stations"] == 3
    by_source = {s.source: s for s in reversed(found.sites)}
    assert by_source["townships"].site_id == "TA1:node"
    assert by_source["townships"].flags == ("culture_centre_assumed",)
    assert by_source["stations"].place == "SS1"
    assert by_source["cells"].flags == ("ground_unchecked",)
    assert {s.venue.kind for s in found.sites} == {"center_n"}


def test_a_larger_cell_stands_where_most_of_its_people_are(city):
    people = np.bincount(city.demand.row_cell, city.demand.people)
    for site in sites(city, sources="cells", resolution=6).sites:
        at = np.flatnonzero(
            np.isclose(city.demand.lon, site.venue.lon)
            & np.isclose(city.demand.lat, site.venue.lat)
        )
        assert len(at) == 1
        parent = site.place.removeprefix("C")
        cells = [c for c in range(len(people)) if _parent(city.demand.cell[c], 6) == parent]
        assert people[at[0]] == max(people[c] for c in cells) > 0


def _parent(cell, resolution):
    import h3.api.numpy_int as h3n  # noqa: PLC0415

    return h3n.int_to_str(h3n.cell_to_parent(cell, resolution))


def test_only_the_districts_asked_for_are_looked_in(city):
    assert {s.venue.adcode for s in sites(city, districts=["乙区"]).sites} == {"B"}
    assert sites(city, districts=["乙区"]).seen == {"townships": 2}


def test_what_would_change_nothing_is_left_out_and_counted(city):
    everything = list(load_siting_rules().upgrades)
    found = sites(city, sources="none", upgrades=everything)
    # V3 is closed; V1, V2 and V5 count already, whatever they are called and however full.
    assert [s.site_id for s in found.sites] == ["VV3:reopen"]
    assert found.without_effect == {"raise_to_node": 1}
    assert found.seen == {"upgrade": 4}
    nodes = sites(city, sources="none", upgrades="raise_to_node", kinds="center_n")
    assert [s.site_id for s in nodes.sites] == ["VV2:raise_to_node"]
    assert nodes.sites[0].venue.kind == "center_n"


def test_a_new_site_of_a_kind_nobody_asked_for_is_no_candidate(city):
    error = refused(city, kinds="science_museum")
    assert error.param == "options"
    assert "branch 4" in error.detail


def test_a_corner_needs_a_building_that_can_hold_it(city):
    listed = [INSIDE, {**INSIDE, "name": "空地", "lat": 40.006, "sort": "空地"}]
    found = sites(city, sites=listed, options="corner")
    assert [s.venue.name_zh for s in found.sites] == ["甲区图书馆（拟建科普角）"]
    assert found.without_effect == {"corner": 1}


def test_more_candidates_than_a_model_takes_are_refused_with_their_number(beijing):
    error = refused(beijing, sources="cells", resolution=8)
    assert error.param == "sources"
    assert f"{len(beijing.demand.cell):,}" in error.detail
    assert f"{len(beijing.demand.cell):,}" in error.detail_en


def test_own_costs_take_the_place_of_assumed_ones_and_never_stand_beside_them(city):
    assert all(s.cost_assumed for s in sites(city).sites)
    own = sites(city, costs={"branch": 300}, unit="万元").sites
    assert {(s.cost, s.cost_assumed) for s in own} == {(300.0, False)}
    listed = sites(city, sites=[{**INSIDE, "cost": "1,200"}]).sites
    assert [s.cost for s in listed] == [1200.0]
    error = refused(city, sites=[{**INSIDE, "cost": 5}], sources=["townships", "file"])
    assert (error.param, error.allowed) == ("costs", ["branch"])
    error = refused(city, options="branch,node", costs={"branch": 300})
    assert (error.param, error.allowed) == ("costs", ["node"])


def test_sites_are_forced_and_forbidden_by_id_place_or_name(city):
    assert sites(city, force="TA2").forced == (1,)
    assert sites(city, force="TA2:branch").forced == (1,)
    assert sites(city, forbid=["乙一镇综合文化中心", "TB2"]).forbidden == (2, 3)
    assert refused(city, force="T999").param == "force"
    both = {"options": "branch,node"}
    assert refused(city, force="TA2", **both).allowed == ["TA2:branch", "TA2:node"]
    assert sites(city, forbid="TA2", **both).forbidden == (2, 3)


def test_a_list_is_read_from_csv_xlsx_and_json_alike(city, tmp_path):
    (tmp_path / "a.csv").write_text(
        "序号,名称,经度（°）,纬度,所属区,类型,造价（万元）\n1,甲区图书馆,117.03,40.005,甲区,区图书馆,30\n",
        encoding="gb18030",
    )
    book = openpyxl.Workbook()
    book.active.append(["名称", "经度", "纬度", "区", "类型", "造价"])
    book.active.append(["甲区图书馆", 117.03, 40.005, "A", "图书馆", 30])
    book.save(tmp_path / "a.xlsx")
    rows = [
        {"name": "甲区图书馆", "lon": 117.03, "lat": 40.005, "adcode": "甲区", "sort": "library"}
    ]
    (tmp_path / "a.json").write_text(json.dumps([{**rows[0], "cost": 30}]), encoding="utf-8")
    read = [parse_sites(city, read_sites(tmp_path / f"a.{end}")) for end in ("csv", "xlsx", "json")]
    assert read[0] == read[1] == read[2]
    assert (read[0][0].sort, read[0][0].cost, read[0][0].adcode) == ("library", 30.0, "A")


def test_points_of_another_datum_are_converted_and_else_lie_half_a_kilometre_off(beijing):
    there = beijing.area.townships.dropna(subset=["lon"]).iloc[5]
    lon, lat = crs.gcj02_from_wgs84([there["lon"]], [there["lat"]])
    row = {"name": "某校", "lon": float(lon[0]), "lat": float(lat[0])}
    site = parse_sites(beijing, [row], "GCJ-02")[0]
    assert site.lon == pytest.approx(there["lon"], abs=2e-6)
    x, y = beijing.area.metric(*np.array([[site.lon, row["lon"]], [site.lat, row["lat"]]]))
    assert math.hypot(x[1] - x[0], y[1] - y[0]) > 300
    assert refused(beijing, sites=[row], datum="火星").param == "datum"


def test_every_fault_of_a_list_is_told_at_once_with_its_row(city):
    listed = [
        {**INSIDE, "cost": 5},
        {"name": "", "lon": 117.03, "lat": 40.005},
        {"name": "颠倒", "lon": 40.005, "lat": 117.03},
        {"name": "无穷", "lon": "inf", "lat": "NaN"},
        {"name": "外地", "lon": 121.47, "lat": 31.23},
        {"name": "别区", "lon": 117.03, "lat": 40.005, "adcode": "火星区"},
        {"name": "负价", "lon": 117.03, "lat": 40.005, "cost": -1},
        {"name": "多一列", "lon": 117.03, "lat": 40.005, "造孽": 1},
        {**INSIDE, "name": "长" * 121},
        {**INSIDE, "name": "没写价"},
    ]
    with pytest.raises(SourceError) as caught:
        parse_sites(city, listed)
    faults = [(f.row, f.column) for f in caught.value.faults]
    assert {row for row, _ in faults} >= {2, 3, 4, 6, 7, 8, 9}
    assert (2, "name") in faults
    assert (7, "cost") in faults
    assert all(f.mend_zh and f.mend_en for f in caught.value.faults)
    with pytest.raises(SourceError) as caught:
        parse_sites(city, [listed[0], listed[9], {**listed[0]}, {**listed[4], "cost": 1}])
    assert [(f.row, f.column) for f in caught.value.faults] == [(2, "cost")]
    with pytest.raises(SourceError) as caught:
        parse_sites(city, [INSIDE, INSIDE, listed[4]])
    assert [(f.row, f.column) for f in caught.value.faults] == [(2, "name"), (3, "lon")]


@pytest.mark.parametrize(
    "rows", ["x", {}, [], [1], [INSIDE] * (ROWS + 1), [None], [[1, 2]]], ids=range(7)
)
def test_what_is_no_list_of_places_is_refused(city, rows):
    with pytest.raises(SourceError):
        parse_sites(city, rows)


def test_files_too_large_or_without_a_header_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text("名称,哪里\n甲,乙\n", encoding="utf-8")
    (tmp_path / "b.json").write_text('["a"]', encoding="utf-8")
    (tmp_path / "c.csv").write_bytes(b"name,lon,lat\n" + b"x" * (4 * 2**20))
    for name in ("a.csv", "b.json", "c.csv", "none.csv"):
        with pytest.raises(SourceError) as caught:
            read_sites(tmp_path / name)
        assert caught.value.faults[0].file == name


NASTY = [
    ("goal", "build_everything"), ("goal", 7), ("mode", "fly"), ("minutes", 0), ("minutes", "１e9"),
    ("minutes", True), ("minutes", 10**400), ("minutes", 12.5), ("minutes", {}),
    ("standard", "choice60"), ("kinds", "center_district"), ("kinds", ["甲"]), ("group", "nobody"),
    ("group", ["all"]), ("capacitated", True), ("weights", {"nobody": 1}),
    ("weights", {"seniors": -1}), ("weights", {"seniors": math.nan}), ("weights", [1]),
    ("sources", ["moon"]), ("sources", 5), ("resolution", 7),
    ("districts", ["火星"]), ("districts", 3), ("datum", "WGS84"), ("options", ["castle"]),
    ("options", []), ("upgrades", ["gild"]), ("costs", {"branch": "多"}), ("costs", {"node": 1}),
    ("costs", {"branch": math.inf}), ("unit", "万元"), ("unit", "长" * 21), ("count", -1),
    ("count", 1.5), ("count", "many"), ("count", 1e300), ("count", None), ("budget", -1),
    ("budget", math.nan), ("budget", "１２x"), ("share", 0.5), ("min_per_district", {"火星": 1}),
    ("min_per_district", -1), ("max_per_district", {"甲区": "x"}), ("force", ["nowhere"]),
    ("forbid", [1]), ("force", ["a"] * 3 + [str(i) for i in range(2000)]), ("spacing_km", 0),
    ("spacing_km", math.inf), ("time_limit_s", 301), ("time_limit_s", 0), ("gap", 1),
    ("alternatives", 6), ("differ", 2), ("own_distrct", True),
]  # fmt: skip


@pytest.mark.parametrize(("param", "value"), NASTY, ids=[f"{p}={str(v)[:20]}" for p, v in NASTY])
def test_nasty_parameters_are_refused_by_name(city, param, value):
    error = refused(city, **{param: value})
    assert error.param == param
    assert error.detail
    assert error.detail_en


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"goal": "cover_share"}, "share"),
        ({"goal": "cover_twice", "own_district": True}, "own_district"),
        ({"goal": "nearest_on_average", "own_district": True}, "own_district"),
        ({"goal": "nearest_at_worst", "weights": {"seniors": 1}}, "weights"),
        ({"group": "seniors", "weights": {"seniors": 1}}, "weights"),
        ({"sites": [INSIDE], "sources": "townships"}, "sites"),
        ({"sources": "file"}, "sites"),
        ({"sources": "none", "options": "branch"}, "options"),
        ({"sources": "none"}, "options"),
        ({"min_per_district": {"乙区": 1}, "districts": ["甲区"]}, "min_per_district"),
        ({"min_per_district": {"乙区": 1, "B": 1}}, "min_per_district"),
        ({"resolution": 9, "sources": "cells"}, "resolution"),
    ],
)
def test_parameters_that_do_not_go_together_are_refused(city, given, param):
    assert refused(city, **given).param == param


def test_a_request_that_is_no_object_is_refused(city):
    for given in ([], "count=5", 5, None):
        with pytest.raises(BadQueryError):
            parse_request(city, given)


def test_every_parameter_is_described_where_users_read():
    text = (Path(__file__).parents[2] / "docs" / "siting.md").read_text(encoding="utf-8")
    assert [name for name in PARAMETERS if f"`{name}`" not in text] == []


def test_every_cost_and_effect_names_its_source_and_confidence():
    rules = load_siting_rules()
    for rule in (*rules.new.values(), *rules.upgrades.values()):
        assert rule.cost.source
        assert rule.cost.confidence in ("low", "medium", "high")
