"""An isochrone draws exactly the cells within reach, and counts people by the travel times."""

import dataclasses
import json
from itertools import pairwise

import h3
import numpy as np
import pytest
import shapely
import typer
from shapely.geometry import shape
from typer.testing import CliRunner

from venuenet.cli_isochrone import isochrone_command, resolve_venue
from venuenet.errors import BadQueryError, UnknownNameError
from venuenet.model import SCIENCE_KINDS, LocatedVenue, Question
from venuenet.publish.answers import coverage
from venuenet.publish.geo import outline
from venuenet.publish.isochrone_page import isochrone_html
from venuenet.publish.isochrones import isochrone_collection, isochrone_geojson
from venuenet.travel.isochrone import kinds_reach, venue_reach

MUSEUM = "V110105-002"
MINUTES = (15, 30, 45)


def hexagon(cell):
    return shapely.Polygon([(lon, lat) for lat, lon in h3.cell_to_boundary(cell)])


def cells_of(reach):
    return [h3.int_to_str(int(c)) for c in reach.cell]


@pytest.fixture(scope="module")
def reaches(beijing):
    return venue_reach(beijing.demand, beijing.times["transit"], MUSEUM, MINUTES)


@pytest.fixture(scope="module")
def drawn(beijing):
    return isochrone_collection(beijing, MUSEUM, "transit", MINUTES)


@pytest.mark.parametrize("mode", ["walk", "transit", "drive"])
def test_people_are_those_of_the_matrix(beijing, mode):
    times, demand = beijing.times[mode], beijing.demand
    v = times.venue_ids.index(MUSEUM)
    seconds = {}
    for i in range(int(times.indptr[v]), int(times.indptr[v + 1])):
        seconds[int(times.cell[i])] = int(times.seconds[i])
    features = isochrone_collection(beijing, MUSEUM, mode, MINUTES)["features"]
    assert [f["properties"]["minutes"] for f in features] == [45, 30, 15]
    for feature in features:
        near = {c for c, s in seconds.items() if s <= 60 * feature["properties"]["minutes"]}
        people = 0
        for cell, persons in zip(demand.row_cell.tolist(), demand.people.tolist(), strict=True):
            if cell in near:
                people += persons
        assert feature["properties"]["people"] == people > 0


def test_no_cell_is_lost_and_holes_stay_open(reaches, drawn):
    holes = 0
    for reach, feature in zip(reversed(reaches), drawn["features"], strict=True):
        picture = shape(feature["geometry"])
        assert picture.is_valid
        # Neighbours share corners, so that even areas in square degrees add up.
        total = sum(hexagon(c).area for c in cells_of(reach))
        assert outline(reach.cell).area == pytest.approx(total, rel=1e-9)
        assert picture.area == pytest.approx(total, rel=1e-4)  # six decimals are written
        parts = shapely.get_parts(picture)
        holes += sum(len(p.interiors) for p in parts)
        for cell in cells_of(reach):
            lat, lon = h3.cell_to_latlng(cell)
            assert picture.contains(shapely.Point(lon, lat))
        assert reach.area_km2 == pytest.approx(sum(h3.cell_area(c) for c in cells_of(reach)))
    assert holes


def test_cells_out_of_reach_are_not_drawn(beijing, reaches, drawn):
    inside = set(reaches[-1].cell.tolist())
    picture = shape(drawn["features"][0]["geometry"])
    for c in beijing.demand.cell[::7].tolist():
        lat, lon = h3.cell_to_latlng(h3.int_to_str(c))
        assert picture.contains(shapely.Point(lon, lat)) == (c in inside)


def test_a_longer_cutoff_contains_the_shorter(reaches, drawn):
    for short, long in pairwise(reaches):
        assert set(short.cell.tolist()) < set(long.cell.tolist())
        assert short.people < long.people
    long, *shorter = [shape(f["geometry"]) for f in drawn["features"]]
    for short in shorter:
        assert short.difference(long.buffer(1e-6)).is_empty


def test_cutoffs_may_come_in_any_order_and_twice(beijing, reaches):
    found = venue_reach(beijing.demand, beijing.times["transit"], MUSEUM, [45, 15, 30, 15])
    assert [(r.minutes, r.people) for r in found] == [(r.minutes, r.people) for r in reaches]


def test_a_cell_exactly_at_the_cutoff_is_inside(beijing):
    times = beijing.times["transit"]
    v = times.venue_ids.index(MUSEUM)
    row = slice(times.indptr[v], times.indptr[v + 1])
    at = int(np.flatnonzero(times.seconds[row] % 60 == 0)[0])
    cell, minutes = beijing.demand.cell[times.cell[row][at]], int(times.seconds[row][at]) // 60
    before, after = venue_reach(beijing.demand, times, MUSEUM, [minutes - 1, minutes])
    assert cell not in before.cell
    assert cell in after.cell


@pytest.mark.parametrize(("mode", "surface"), [("walk", False), ("transit", True)])
def test_the_nearest_of_some_kinds_is_what_coverage_says(beijing, mode, surface):
    for minutes in (15, 70):
        question = Question(mode, minutes, SCIENCE_KINDS, surface_transit=surface)
        feature = isochrone_collection(
            beijing, SCIENCE_KINDS, mode, [minutes], surface_transit=surface
        )["features"][0]
        city = coverage(beijing, question, "city")[0]
        assert feature["properties"]["people"] == city["covered"]
        assert feature["properties"]["surface_transit"] == surface


def test_the_picture_of_kinds_is_made_of_the_points_within_reach(beijing):
    times, demand = beijing.times["walk"], beijing.demand
    (reach,) = kinds_reach(demand, times, SCIENCE_KINDS, [15])
    near = times.near_s[0, : len(SCIENCE_KINDS)].min(axis=(0, 1)) <= 900
    wanted = set()
    for c, points in zip(demand.cell.tolist(), near, strict=True):
        children = h3.cell_to_children(h3.int_to_str(c))
        wanted |= {child for child, ok in zip(children, points, strict=True) if ok}
    assert set(cells_of(reach)) == wanted
    assert reach.area_km2 == pytest.approx(sum(h3.cell_area(c) for c in wanted))


def test_a_feature_says_what_it_is_and_that_it_is_a_picture(beijing, drawn):
    read = json.loads(isochrone_geojson(beijing, MUSEUM, "transit", MINUTES))
    assert read == json.loads(json.dumps(drawn))
    for key in ("snapshot", "as_of", "attribution", "note_zh", "review_number"):
        assert key in read
    assert read["label_zh"].startswith("示意图")
    assert "人数以出行时间矩阵计算为准" in read["label_zh"]
    own = read["features"][0]["properties"]
    assert own["venue_id"] == MUSEUM
    assert own["name_zh"] == "中国科学技术馆"
    assert own["mode"] == "transit"
    assert own["estimated"] is True
    assert own["engine"] == beijing.times["transit"].engine
    assert own["label_zh"] == read["label_zh"]
    assert own["label_en"].startswith("A picture")


def test_reach_of_nobody_is_a_null_geometry(beijing):
    """A venue in the mountains, on foot for a minute."""
    times = beijing.times["walk"]
    v = next(
        v
        for i, v in enumerate(times.venue_ids)
        if (times.seconds[times.indptr[i] : times.indptr[i + 1]] > 60).all()
    )
    feature = isochrone_collection(beijing, v, "walk", [1])["features"][0]
    assert feature["geometry"] is None
    assert feature["properties"]["people"] == 0
    assert feature["properties"]["area_km2"] == 0
    assert "<svg" in isochrone_html(beijing, v, "walk", [1])


@pytest.mark.parametrize("minutes", [[], [0], [15, 61], range(1, 11)])
def test_cutoffs_the_matrix_cannot_answer_are_refused(beijing, minutes):
    with pytest.raises(BadQueryError) as caught:
        isochrone_collection(beijing, MUSEUM, "walk", minutes)
    assert caught.value.param == "minutes"


def test_venues_without_times_are_refused_with_the_reason(beijing):
    unlocated = next(v for v in beijing.area.venues if not isinstance(v, LocatedVenue))
    for venue_id, reason in ((unlocated.venue_id, "没有位置"), ("V0", "没有该场馆")):
        with pytest.raises(BadQueryError, match=reason):
            isochrone_collection(beijing, venue_id, "walk", [15])
    shut = [
        dataclasses.replace(v, status="closed") if v.venue_id == MUSEUM else v
        for v in beijing.area.venues
    ]
    area = dataclasses.replace(beijing.area, venues=tuple(shut))
    closed = dataclasses.replace(beijing, area=area)
    with pytest.raises(BadQueryError, match="未开放"):
        isochrone_collection(closed, MUSEUM, "walk", [15])


def test_assumed_buses_are_for_transit_only(beijing):
    with pytest.raises(BadQueryError, match="surface_transit"):
        isochrone_collection(beijing, MUSEUM, "walk", [15], surface_transit=True)


def test_the_page_shows_the_matrixs_numbers_and_its_label(beijing, drawn):
    page = isochrone_html(beijing, MUSEUM, "transit", MINUTES)
    for feature in drawn["features"]:
        assert f"<td>{feature['properties']['people']:,}</td>" in page
    assert page.count('class="reach"') == len(MINUTES)
    for text in ("示意图", "A picture", "审图号", "截至", beijing.manifest.as_of.isoformat()):
        assert text in page
    assert drawn["attribution"].split(";")[0] in page
    assert "<script" not in page


def test_the_page_of_kinds_marks_their_venues(beijing):
    bases = [
        v
        for v in beijing.area.venues
        if isinstance(v, LocatedVenue) and v.counts and v.kind == "base"
    ]
    gone, *counted = bases
    venues = [
        dataclasses.replace(v, status="closed") if v is gone else v for v in beijing.area.venues
    ]
    area = dataclasses.replace(beijing.area, venues=tuple(venues))
    page = isochrone_html(dataclasses.replace(beijing, area=area), ("base",), "walk", [15])
    assert page.count('class="venue"') == len(counted) + 1  # and one in the legend
    assert "最近的科普基地" in page


def test_a_venue_is_found_by_id_or_a_name_of_its_own(beijing):
    venues = beijing.area.venues
    for text in (MUSEUM, "中国科学技术馆", "china science and technology museum "):
        assert resolve_venue(venues, text) == MUSEUM
    with pytest.raises(UnknownNameError) as caught:
        resolve_venue(venues, "中国科学技木馆")
    assert MUSEUM in caught.value.allowed[0]
    twin = dataclasses.replace(venues[0], venue_id="V1", name_zh="中国科学技术馆")
    with pytest.raises(UnknownNameError) as caught:
        resolve_venue((*venues, twin), "中国科学技术馆")
    assert caught.value.allowed == [MUSEUM, "V1"]


@pytest.fixture
def run(beijing_data):
    app = typer.Typer()
    app.command("isochrone")(isochrone_command)

    def run(*words):
        return CliRunner().invoke(app, [*words, "--data", str(beijing_data)])

    return run


def test_the_command_writes_geojson_and_pages(run, tmp_path, beijing):
    out = tmp_path / "it.geojson"
    done = run("中国科学技术馆", "--mode", "walk", "--minutes", "15,30", "-o", str(out))
    assert done.exit_code == 0
    assert out.read_bytes() == isochrone_geojson(beijing, MUSEUM, "walk", [15, 30])
    page = tmp_path / "it.html"
    assert run("--kinds", "science", "--minutes", "30", "-o", str(page)).exit_code == 0
    assert page.read_text(encoding="utf-8") == isochrone_html(
        beijing, SCIENCE_KINDS, "transit", [30]
    )


def test_the_command_says_what_it_does_not_understand(run, tmp_path):
    out = str(tmp_path / "it.geojson")
    for words, told in (
        (["中国科学技木馆", "-o", out], MUSEUM),
        (["-o", out], "--kinds"),
        ([MUSEUM, "--kinds", "base", "-o", out], "--kinds"),
        ([MUSEUM], ".geojson"),
        ([MUSEUM, "-o", str(tmp_path / "it.pdf")], ".geojson"),
        ([MUSEUM, "--minutes", "15,soon", "-o", out], "soon"),
        ([MUSEUM, "--minutes", "90", "-o", out], "60"),
        ([MUSEUM, "--mode", "fly", "-o", out], "transit"),
    ):
        done = run(*words)
        assert done.exit_code == 2
        assert told in done.stderr
    assert not list(tmp_path.iterdir())
