import dataclasses
import json
import re
from html import escape
from importlib.resources import files

import pytest

from venuenet.model import KINDS, Question
from venuenet.publish import words
from venuenet.publish.answers import CITY, coverage, gap_rows, venue_rows
from venuenet.publish.folium_page import folium_html
from venuenet.publish.offline_map import LEAFLET, refuse_outside_requests
from venuenet.questions import parse_question

SCRIPT = "</script><script>alert('馆')</script>"


@pytest.fixture(scope="session")
def question(beijing):
    return parse_question(beijing.standards, (), standard="transit45")


@pytest.fixture(scope="session")
def page(beijing, question):
    return folium_html(beijing, question)


def collections(html):
    """Every feature that the page adds to the map, by id."""
    found = {}
    for data in re.findall(r"_add\((\{.*\})\);", html):
        for feature in json.loads(data)["features"]:
            if feature["properties"]["tip"]:
                found[str(feature["id"])] = feature
    return found


def test_nothing_is_loaded_from_elsewhere(page):
    refuse_outside_requests(page)
    assert "cdn" not in page.lower()
    assert "sourceMappingURL" not in page
    assert "jquery" not in page.lower()
    assert "tileLayer(" not in page.replace("t.tileLayer", "").replace("L.tileLayer(null", "")


@pytest.mark.parametrize(
    "bad",
    [
        '<script src="https://a.example/x.js"></script>',
        '<link rel="stylesheet" href="//a.example/x.css">',
        "<style>a{background:url(http://a.example/x.png)}</style>",
        '<style>@import "https://a.example/x.css";</style>',
        '<img src="x.png">',
        '<p style="background:url(https://a.example)">',
    ],
)
def test_a_page_that_loads_is_refused(bad):
    with pytest.raises(RuntimeError, match="loads from elsewhere"):
        refuse_outside_requests(f"<html><head></head><body>{bad}</body></html>")


def test_inline_pictures_and_patterns_are_allowed():
    refuse_outside_requests(
        "<style>a{background:url(data:image/png;base64,AA)} b{fill:url(#hatch)}</style>"
        '<a href="#x">'
    )


def test_page_is_of_reasonable_size_and_the_same_each_time(beijing, question, page):
    assert len(page.encode()) < 6_000_000
    assert folium_html(beijing, question) == page


def test_coordinates_have_five_decimals(page):
    for data in re.findall(r'"coordinates": (\[.*?\]), "type"', page)[:500]:
        assert not re.search(r"\d\.\d{6,}", data)


def test_districts_gaps_and_venues_are_all_there_with_their_numbers(beijing, question, page):
    features = collections(page)
    for row in coverage(beijing, question):
        pop = features[row["adcode"]]["properties"]["pop"]
        assert f"{row['covered']:,}" in pop
        assert escape(words.percent(row["share"], "zh")) in pop
        assert row["name_en"] in pop
    for row in gap_rows(beijing, question):
        pop = features[row["gap_id"]]["properties"]["pop"]
        assert f"{row['people']:,}" in pop
        assert row["cause_zh"] in pop
        assert row["cause_en"] in pop
    drawn = {k for k in features if k.startswith("V")}
    assert drawn == {
        v["venue_id"]
        for v in venue_rows(beijing, KINDS)
        if v["lon"] is not None and v["status"] in ("open", "unknown")
    }


def test_city_title_legend_and_notes(beijing, question, page):
    city = coverage(beijing, question, CITY)[0]
    assert f"{city['covered']:,}" in page
    assert words.interval(city["low"], city["high"], "zh") in page
    for text in (
        "<title>北京市科普场馆覆盖与缺口",
        "公共交通45分钟可达",
        "Within 45 minutes by transit",
        "示意图，不作为划界依据",
        "审图号",
        f"{beijing.manifest.as_of.isoformat()}",
        "OpenStreetMap contributors",
        beijing.manifest.snapshot,
    ):
        assert text in page


def test_layers_can_be_switched(page):
    control = re.search(r"overlays :  \{(.*?)\},", page, flags=re.S).group(1)
    names = re.findall(r'"(.*?)" : ', control.encode().decode("unicode_escape", "ignore"))
    assert len(names) >= 7
    assert "Rail lines" in control
    assert "Service gaps" in control
    assert "Data gaps" in control


def test_names_are_escaped(beijing, question):
    venues = list(beijing.area.venues)
    at = next(i for i, v in enumerate(venues) if v.adcode == "110112" and hasattr(v, "lon"))
    venues[at] = dataclasses.replace(venues[at], name_zh=SCRIPT, name_en=SCRIPT, address_zh=SCRIPT)
    area = dataclasses.replace(beijing.area, venues=tuple(venues))
    html = folium_html(dataclasses.replace(beijing, area=area), question)
    assert "<script>alert" not in html
    assert SCRIPT not in json.dumps(collections(html), ensure_ascii=False)


@pytest.mark.parametrize(
    "question",
    [
        Question(mode="walk", minutes=15),
        Question(mode="drive", minutes=120, kinds=KINDS),
        Question(group="farmers"),
        Question(surface_transit=True, group="seniors"),
    ],
    ids=lambda q: f"{q.mode}-{q.group}",
)
def test_any_question_has_a_page(beijing, question):
    html = folium_html(beijing, question)
    assert words.question_text(beijing, question, "en") in html


def test_no_data_is_hatched_and_said(beijing):
    question = parse_question(beijing.standards, (), standard="branch45")
    html = folium_html(beijing, question)
    fills = [f["properties"].get("fill") for k, f in collections(html).items() if len(k) == 6]
    assert set(fills) == {"url(#nothing)"}
    assert "所问场馆多数没有位置，无法回答" in html


def test_vendored_leaflet_is_the_version_its_readme_names():
    folder = files("venuenet.publish") / "vendor" / "leaflet"
    assert f't.version="{LEAFLET}"' in (folder / "leaflet.js").read_text(encoding="utf-8")
    assert f"# Leaflet {LEAFLET}" in (folder / "README.md").read_text(encoding="utf-8")
    assert "BSD 2-Clause" in (folder / "LICENSE").read_text(encoding="utf-8")
