"""Every outlet says how times were made, and for whom; never more than the tables hold."""

import dataclasses
import io
import json

import geopandas as gpd
import numpy as np
import openpyxl
import pyogrio
import pytest
from rich.console import Console

from venuenet import console
from venuenet.engines import Engines, NoWay
from venuenet.model import MODES, REASONS, UNREACHED, Question
from venuenet.publish import how, words
from venuenet.publish.answers import CITY, coverage, gap_rows
from venuenet.publish.cause_words import CAUSES, cause_words
from venuenet.publish.csv_files import coverage_csv, gaps_csv
from venuenet.publish.files import write_geopackage
from venuenet.publish.folium_page import folium_html
from venuenet.publish.geo import gap_collection
from venuenet.publish.isochrone_page import isochrone_html
from venuenet.publish.isochrones import isochrone_collection
from venuenet.publish.quality import quality
from venuenet.publish.report import assumption_rows, report_html
from venuenet.publish.tables import report_xlsx
from venuenet.standards import load_travel_rules

DISTRICT = "110112"
ESTIMATED = ("估算", "estimated")
STREET = {"engine": "walk on streets", "estimated": False}
FEED = {"engine": "walk and ride by frequency", "period": "2026-11-22 09:00-17:00"}
TIMETABLE = {
    "engine": "walk and timetable, 2026-11-22, 09:00-17:00",
    "period": "09:00-17:00",
    "spread": {"mean": np.zeros(0, dtype=np.uint16)},
}
MATRIX = {"engine": "imported matrix a (b).csv (高德 (2026))", "estimated": False, "period": None}


def with_times(snapshot, **changes):
    """The snapshot with some fields of some modes' tables changed."""
    times = {
        mode: dataclasses.replace(table, **changes.get(mode, {}))
        for mode, table in snapshot.times.items()
    }
    return dataclasses.replace(snapshot, times=times)


def with_traveller(snapshot, traveller):
    """The snapshot as a build for a traveller describes it."""
    rules = load_travel_rules(None).model_dump(mode="json")
    travel = {"networks": {}, "traveller": traveller, "rules": rules}
    manifest = snapshot.manifest
    parameters = {**manifest.parameters, "travel": travel}
    return dataclasses.replace(
        snapshot, manifest=dataclasses.replace(manifest, parameters=parameters)
    )


@pytest.fixture(scope="module")
def streets(beijing):
    """Walking and driving on streets, transit by a feed's headways; some cells off the streets."""
    n = len(beijing.demand.cell)
    reason, snap = np.zeros(n, dtype=np.uint8), np.full(n, 12.34, dtype=np.float32)
    reason[:5], snap[:5] = REASONS.index("no_street"), np.nan
    reason[5:7] = REASONS.index("no_way")
    return with_times(
        beijing,
        walk={**STREET, "reason": reason, "snap_m": snap},
        transit={**FEED, "estimated": False},
        drive={"engine": "drive on streets", "estimated": False},
    )


@pytest.fixture(scope="module")
def senior(beijing):
    return with_traveller(beijing, "senior")


def made(snapshot, mode, **changes):
    return how.made_of(snapshot, dataclasses.replace(snapshot.times[mode], **changes))


@pytest.mark.parametrize(
    ("mode", "changes", "basis", "zh", "en"),
    [
        ("walk", {}, "straight", "步行按直线距离乘绕行系数估算", "straight line times a detour"),
        ("drive", {}, "straight", "分区车速估算", "zonal speeds"),
        ("transit", {}, "headways", "轨道交通按周末白天的发车间隔", "headways (weekend daytime)"),
        ("walk", STREET, "streets", "步行沿导入的路网", "imported street network"),
        (
            "drive",
            {"engine": "drive on streets", "estimated": False},
            "streets",
            "不含实时路况",
            "no live traffic",
        ),
        ("transit", FEED, "feed", "2026-11-22 09:00-17:00 的发车间隔", "2026-11-22 09:00-17:00"),
        (
            "transit",
            TIMETABLE,
            "timetable",
            "2026-11-22 09:00-17:00 各出发时刻所需时间的中位数（p50）",
            "median (p50) over departures of 2026-11-22 09:00-17:00",
        ),
        ("transit", MATRIX, "matrix", "提供者：高德 (2026)", "imported matrix a (b).csv"),
        ("drive", {"engine": "no car", "estimated": False}, "no_car", "无车", "no car"),
        ("walk", {"engine": "R5"}, "other", "R5", "R5"),
    ],
)
def test_a_table_tells_how_it_was_made(beijing, mode, changes, basis, zh, en):
    assert how.basis_of(dataclasses.replace(beijing.times[mode], **changes)) == basis
    said = made(beijing, mode, **changes)
    assert zh in said[0]
    assert en in said[1]


@pytest.mark.parametrize("ride", [FEED, TIMETABLE, {"engine": "walk and ride by frequency"}])
def test_walking_to_the_stop_is_told_by_what_it_was_made_of(beijing, ride):
    straight = made(beijing, "transit", **ride, estimated=True)
    on_streets = made(beijing, "transit", **ride, estimated=False)
    assert "直线距离" in straight[0]
    assert "沿导入的路网" not in straight[0]
    assert "直线距离" not in on_streets[0]
    assert "沿导入的路网" in on_streets[0]
    assert ("estimated" in straight[1], "estimated" in on_streets[1]) == (True, False)


def test_the_embedded_rail_walked_to_on_streets_is_no_feed(beijing):
    table = dataclasses.replace(
        beijing.times["transit"], engine="walk and ride by frequency", estimated=False
    )
    assert how.basis_of(table) == "headways"
    assert "周末白天" in how.made_of(beijing, table)[0]


def test_assumed_buses_are_said(beijing):
    assert "假设的地面公交" in how.made_of(beijing, beijing.surface)[0]
    assert "假设的地面公交" not in how.made_of(beijing, beijing.times["transit"])[0]


def test_every_engine_of_a_default_build_is_known(beijing):
    assert {how.basis_of(t) for t in (*beijing.times.values(), beijing.surface)} <= {
        "straight",
        "headways",
    }
    assert how.all_estimated(beijing)


def test_who_has_no_car_is_told_so(beijing):
    rules = load_travel_rules(None)
    engines = Engines(beijing.area, beijing.assumptions, rules, "no_car")
    each = {e.mode: e for _, _, e in engines.each(beijing.demand, ()) if isinstance(e, NoWay)}
    table = dataclasses.replace(beijing.times["drive"], engine=each["drive"].engine)
    assert how.basis_of(table) == "no_car"


@pytest.mark.parametrize("mode", MODES)
def test_only_an_estimated_table_is_flagged_as_such(beijing, streets, mode):
    question = Question(mode=mode)
    for level in ("district", "township", CITY):
        assert all("travel_estimated" in r["flags"] for r in coverage(beijing, question, level))
        assert not any("travel_estimated" in r["flags"] for r in coverage(streets, question, level))


def test_a_mode_left_to_the_estimates_keeps_its_flag(beijing):
    mixed = with_times(beijing, walk=STREET)
    flags = [coverage(mixed, Question(mode=m), CITY)[0]["flags"] for m in MODES]
    assert ["travel_estimated" in f for f in flags] == [False, True, True]


def test_assumed_buses_stay_estimated(streets):
    row = coverage(streets, Question(surface_transit=True), CITY)[0]
    assert "travel_estimated" in row["flags"]


@pytest.mark.parametrize("ride", [FEED, TIMETABLE])
def test_services_walked_to_on_straight_lines_are_flagged_for_the_walk_only(beijing, ride):
    half = with_times(beijing, transit={**ride, "estimated": True})
    flags = coverage(half, Question(), CITY)[0]["flags"]
    assert "walk_estimated" in flags
    assert "travel_estimated" not in flags


def test_a_mode_is_named_by_its_table(beijing, streets):
    def named(snapshot, mode, lang):
        return words.question_text(snapshot, Question(mode=mode, minutes=30), lang)

    assert named(beijing, "drive", "zh") == "驾车（估算）30分钟内可达场馆"
    assert named(beijing, "drive", "en").endswith("by car (estimated)")
    assert named(beijing, "transit", "zh") == "公共交通（步行+轨道）30分钟内可达场馆"
    assert named(beijing, "walk", "en").endswith("on foot")
    assert named(streets, "drive", "zh") == "驾车30分钟内可达场馆"
    assert named(streets, "drive", "en").endswith("by car")
    assert "轨道" not in named(streets, "transit", "zh")
    surface = Question(minutes=30, surface_transit=True)
    assert words.question_text(streets, surface, "zh").startswith("公共交通（步行+轨道）")


def test_a_cause_says_estimated_only_where_driving_is(beijing, streets):
    assert cause_words(estimated=True) == CAUSES
    assert list(cause_words(estimated=False, car=False)) == list(CAUSES)
    told = {r["cause"]: r["cause_zh"] for r in gap_rows(beijing, Question())}
    assert told["poor_transit"] == "驾车可达，公共交通不便（驾车为估算）"
    told = {r["cause"]: r["cause_zh"] for r in gap_rows(streets, Question())}
    assert told["poor_transit"] == "驾车可达，公共交通不便"


def test_without_a_car_nothing_is_said_of_what_is_near(beijing):
    nowhere = np.full_like(beijing.times["drive"].near_s, UNREACHED)
    drive = {"engine": "no car", "estimated": False, "near_s": nowhere}
    rows = gap_rows(with_times(beijing, drive=drive), Question())
    assert {r["cause_en"] for r in rows if r["cause"] == "no_venue_near"} == {
        "out of reach without a car"
    }


@pytest.mark.parametrize("lang", words.LANGS)
def test_the_report_of_networks_calls_no_time_estimated(beijing, streets, lang):
    old = report_html(beijing, DISTRICT, Question(), lang)
    new = report_html(streets, DISTRICT, Question(), lang)
    was = ("时间是估算的", "Times are estimated")[lang == "en"]
    assert was in old
    assert was not in new
    for said in how.ways_made(streets):
        assert words.pick(said, lang) in new
    modelled = ("人口和时间都是模型估计", "People and times are modelled")[lang == "en"]
    assert modelled in old
    assert modelled not in new
    missing = ("真实步行和道路网络", "real walking and road networks")[lang == "en"]
    assert missing in old
    assert missing not in new
    apart = ("口径不同，两者之差", "not what buses would add")[lang == "en"]
    assert apart in new
    assert apart not in old


@pytest.mark.parametrize("lang", words.LANGS)
def test_a_timetable_s_report_says_medians_of_which_departures(beijing, lang):
    timed = with_times(beijing, transit={**TIMETABLE, "estimated": False})
    said = words.pick(how.median_note(timed.times["transit"]), lang)
    assert "p50" in said
    assert "2026-11-22 09:00-17:00" in said
    assert said in report_html(timed, DISTRICT, Question(), lang)
    assert said not in report_html(timed, DISTRICT, Question(mode="walk"), lang)
    assert "p50" not in report_html(beijing, DISTRICT, Question(), lang)


def sheet_texts(snapshot):
    book = openpyxl.load_workbook(io.BytesIO(report_xlsx(snapshot, DISTRICT, Question())))
    return {
        sheet.title: [str(c.value) for row in sheet.iter_rows() for c in row if c.value is not None]
        for sheet in book
    }


def test_the_workbook_says_mode_by_mode_how_times_were_made(beijing, streets):
    old, new = (sheet_texts(s)["来源与方法"] for s in (beijing, streets))
    assert any(t.startswith("时间为估算：") for t in old)
    assert not any(t.startswith("时间为估算：") for t in new)
    for zh, en in how.ways_made(streets):
        assert f"{zh}。{en}." in new


def test_the_map_pages_say_how_times_were_made(beijing, streets):
    old, new = (folium_html(s, Question()) for s in (beijing, streets))
    assert "人口和时间为估算" in old
    assert "人口和时间为估算" not in new
    venue = beijing.times["walk"].venue_ids[0]
    for snapshot in (beijing, streets):
        said = how.made_of(snapshot, snapshot.times["transit"])
        page = isochrone_html(snapshot, venue, "transit", [30])
        assert all(s in folium_html(snapshot, Question()) and s in page for s in said)
        feature = isochrone_collection(snapshot, venue, "transit", [30])["features"][0]
        assert (feature["properties"]["how_zh"], feature["properties"]["how_en"]) == said


def test_the_gaps_file_carries_how_times_were_made(streets):
    travel = gap_collection(streets, Question())["travel"]
    assert travel["estimated"] is False
    assert travel["zh"] == how.made_of(streets, streets.times["transit"])[0]


@pytest.fixture
def printed(monkeypatch):
    """What the terminal shows of coverage; it wraps anywhere, so without blanks."""

    def show(snapshot, question):
        out = Console(file=io.StringIO(), width=1000)
        monkeypatch.setattr(console, "out", out)
        console.print_coverage(snapshot, question, coverage(snapshot, question))
        return "".join(out.file.getvalue().split())

    return show


def test_the_terminal_s_footer_tells_the_same(beijing, streets, printed):
    assert "人口分布与时间为模型估算" in printed(beijing, Question())
    footer = printed(streets, Question())
    assert "与时间为模型估算" not in footer
    assert "没有公交数据" in printed(beijing, Question())
    assert "没有公交数据" not in footer
    assert all("".join(s.split()) in footer for s in how.made_of(streets, streets.times["transit"]))


def test_the_terminal_s_json_has_the_same_block_as_the_interface(streets, capsys):
    console.print_json(streets, Question(), [])
    said = json.loads(capsys.readouterr().out)
    assert said["travel"] == how.describe_travel(streets, Question())


def test_an_adult_is_nowhere_named(beijing):
    assert how.traveller_words(beijing.manifest) is None
    assert how.traveller_suffix(beijing.manifest, "zh") == ""
    assert how.traveller_of(beijing.manifest)["id"] == "adult"
    assert how.traveller_words(with_traveller(beijing, "adult").manifest) is None
    # Of the groups of residents that walk as somebody else it is said, in the remarks on them.
    assert "出行者：" not in report_html(beijing, DISTRICT, Question())
    assert "出行者" not in folium_html(beijing, Question())


@pytest.mark.parametrize("traveller", ["senior", "child", "no_car"])
def test_every_outlet_names_another_traveller_in_its_title(beijing, printed, traveller):
    asked = with_traveller(beijing, traveller)
    zh, en = how.traveller_words(asked.manifest)
    assert load_travel_rules(None).travellers[traveller].name_zh in zh
    for lang, said in zip(words.LANGS, (zh, en), strict=True):
        page = report_html(asked, DISTRICT, Question(), lang)
        for tag in ("title", "h1"):
            assert said in page.split(f"<{tag}>")[1].split(f"</{tag}>")[0]
        assert said in words.question_text(asked, Question(), lang)
    for texts in sheet_texts(asked).values():
        assert texts[0].endswith(zh)
        assert texts[1].endswith(en)
    for page in (
        folium_html(asked, Question()),
        isochrone_html(asked, beijing.times["walk"].venue_ids[0], "walk", [30]),
    ):
        assert zh in page.split("<title>")[1].split("</title>")[0]
        heading = page.split("<h1>")[1].split("</h1>")[0]
        assert zh in heading
        assert en in heading
    assert "".join(f"{zh}{en}".split()) in printed(asked, Question())


def test_rows_carry_the_traveller_into_a_spreadsheet(senior):
    flag = "traveller:senior"
    rows = coverage(senior, Question())
    assert all(flag in r["flags"] for r in rows)
    gaps = gap_rows(senior, Question())
    assert all(flag in r["flags"] for r in gaps)
    assert flag in coverage_csv(rows).decode()
    assert flag in gaps_csv(gaps).decode()
    assert "老年人" in words.flag_text(flag, "zh")
    assert words.flag_text("traveller:porter", "en").endswith("“porter”")


def test_a_traveller_is_explained_with_their_pace(senior, streets):
    zh, en = how.traveller_note(senior)
    assert "3.6 公里" in zh
    assert "3.6 km/h" in en
    assert "台阶" not in zh
    assert "不走已知的台阶" in how.traveller_note(with_traveller(streets, "senior"))[0]
    assert zh in report_html(senior, DISTRICT, Question())


def test_the_assumptions_of_another_traveller_are_listed(beijing, senior):
    plain = {r["name"] for r in assumption_rows(beijing, "zh")}
    rows = {r["name"]: r for r in assumption_rows(senior, "zh") if r["name"] not in plain}
    assert rows["出行者步行速度（上列步行速度的倍数）"]["value"] == 0.75
    assert rows["驾车左转耗时（有导入路网时）"]["unit"] == "秒"
    assert len(rows) == 7
    assert not any("." in name and "_" in name for name in rows)
    assert "Traveller's pace" in " ".join(r["name"] for r in assumption_rows(senior, "en"))


def test_cells_off_the_streets_are_counted_with_their_people(beijing, streets):
    assert {r["people_no_street"] for r in quality(beijing)} == {None}
    assert {r["cells_no_way"] for r in quality(beijing)} == {None}
    rows, demand = quality(streets), streets.demand
    for reason, cells in (("no_street", range(5)), ("no_way", range(5, 7))):
        assert sum(r[f"cells_{reason}"] for r in rows) == len(cells)
        lost = demand.people[np.isin(demand.row_cell, list(cells))].sum()
        assert sum(r[f"people_{reason}"] for r in rows) == lost > 0
        home = streets.area.districts["adcode"].to_numpy()[demand.cell_district[list(cells)]]
        assert {r["adcode"] for r in rows if r[f"cells_{reason}"]} == set(home)


def test_the_terminal_sums_who_is_off_the_streets(beijing, streets, monkeypatch):
    shown = []
    for snapshot in (beijing, streets):
        out = Console(file=io.StringIO(), width=80)
        monkeypatch.setattr(console, "out", out)
        console.print_quality(snapshot, quality(snapshot))
        shown.append("".join(out.file.getvalue().split()))
    lost = sum(r["people_no_street"] for r in quality(streets))
    assert f"附近没有道路{lost:,}人" in shown[1]
    assert "没有道路" not in shown[0]
    assert "海淀区" in shown[1]


def test_the_geopackage_says_why_a_cell_has_no_time(beijing, streets, tmp_path):
    plain, own = tmp_path / "plain.gpkg", tmp_path / "own.gpkg"
    write_geopackage(beijing, plain)
    write_geopackage(streets, own)
    assert not {"snap_m", "walk_reason"} & set(gpd.read_file(plain, layer="cells", rows=1))
    cells = gpd.read_file(own, layer="cells")
    assert list(cells["walk_reason"].fillna("")[:8]) == ["no_street"] * 5 + ["no_way"] * 2 + [""]
    assert list(cells["walk_reason_zh"][4:6]) == ["附近没有道路", "没有路通到任何场馆"]
    assert list(cells["walk_reason_en"][4:6]) == ["no street near", "no way to any venue"]
    assert cells["snap_m"][:5].isna().all()
    assert (cells["snap_m"][5:] == 12.3).all()
    assert "drive_reason" not in cells
    about = pyogrio.read_dataframe(own, layer="about").set_index("key")["value"]
    assert about["travel_walk"] == " · ".join(how.made_of(streets, streets.times["walk"]))
    assert about["traveller"] == "成年人 adult"
