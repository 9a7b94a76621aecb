"""The embedded Beijing pack is what it says it is."""

import re
from itertools import combinations
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import yaml

from venuenet import area, crs
from venuenet.errors import UnknownNameError
from venuenet.model import LocatedVenue, Source
from venuenet.packformat import TABLES, AreaMeta, Group, PackSource, Period, Tolerances

ROOT = area.default_root()
DOCS = Path(__file__).parents[2] / "docs" / "area-pack.md"


@pytest.fixture(scope="module")
def beijing():
    return area.load()


def test_pack_has_no_faults():
    assert [fault.en() for fault in area.check(ROOT)] == []


def test_counts_are_those_of_the_facts(beijing):
    assert len(beijing.districts) == 16
    assert len(beijing.townships) == 343
    assert len(beijing.venues) == 233
    assert sum(isinstance(v, LocatedVenue) for v in beijing.venues) == 153
    assert (len(beijing.stations), len(beijing.links), len(beijing.transfers)) == (425, 1034, 252)


def test_districts_come_in_national_order(beijing):
    assert beijing.districts["name_zh"].str[:-1].str.cat(sep=" ") == (
        "东城 西城 朝阳 丰台 石景山 海淀 门头沟 房山 通州 顺义 昌平 大兴 怀柔 平谷 密云 延庆"
    )
    assert beijing.townships["township_code"].is_monotonic_increasing
    assert [v.venue_id for v in beijing.venues] == sorted(v.venue_id for v in beijing.venues)


def test_people_sum_to_the_census(beijing):
    assert int(beijing.districts["people"].sum()) == 21_893_095 == beijing.meta.total_people
    known = beijing.townships.groupby("adcode")["residents"].sum()
    assert (known <= beijing.districts.set_index("adcode")["people"]).all()
    assert beijing.districts["area_km2"].sum() == pytest.approx(16_410.54)


def test_ids_are_unique(beijing):
    assert beijing.districts["adcode"].is_unique
    assert beijing.townships["township_code"].is_unique
    assert beijing.venue_table["venue_id"].is_unique
    assert beijing.stations["station_id"].is_unique


def test_polygons_are_valid_and_apart(beijing):
    shapes = beijing.districts.to_crs(beijing.meta.crs_metric).geometry
    assert shapes.is_valid.all()
    assert all(a.intersection(b).area < 1 for a, b in combinations(shapes, 2))
    assert np.allclose(shapes.area / 1e6, beijing.districts["area_km2"], rtol=0.03)


@pytest.mark.parametrize(
    ("table", "limit_m"), [("townships", 300), ("venue_table", 300)], ids=["townships", "venues"]
)
def test_points_lie_in_their_own_district(beijing, table, limit_m):
    rows = getattr(beijing, table).dropna(subset=["lon"])
    rows = rows[rows["adcode"] != ""]
    own = beijing.districts.set_index("adcode").to_crs(beijing.meta.crs_metric).geometry
    points = gpd.GeoSeries(gpd.points_from_xy(*beijing.metric(rows["lon"], rows["lat"])))
    away = points.distance(gpd.GeoSeries(own.reindex(rows["adcode"]).to_numpy()), align=False)
    assert len(rows) > 100
    assert away.max() <= limit_m
    if table == "venue_table":
        flagged = rows["flags"].str.contains("outside_own_district").to_numpy()
        assert (flagged == (away > 0).to_numpy()).all()


def test_stations_lie_within_a_kilometre_of_the_city(beijing):
    city = beijing.districts.to_crs(beijing.meta.crs_metric).union_all()
    points = gpd.GeoSeries(
        gpd.points_from_xy(*beijing.metric(beijing.stations["lon"], beijing.stations["lat"]))
    )
    away = points.distance(city)
    assert away.max() <= 1000
    assert beijing.stations.loc[away.to_numpy() > 0, "name_zh"].tolist() == ["大兴机场"]


def test_hub_is_one_and_branches_are_sixteen_unlocated_placeholders(beijing):
    hubs = [v for v in beijing.venues if v.tier == "hub"]
    branches = [v for v in beijing.venues if v.tier == "branch"]
    assert [v.name_zh for v in hubs] == ["北京科学中心"]
    assert sorted(v.adcode for v in branches) == beijing.districts["adcode"].tolist()
    assert not any(isinstance(v, LocatedVenue) for v in branches)
    assert all({"placeholder", "unlocated"} <= set(v.flags) for v in branches)


def test_status_follows_the_notes(beijing):
    status = {v.name_zh: v.status for v in beijing.venues}
    assert status["索尼探梦科技馆"] == "closed"
    assert status["坦克博物馆"] == "unknown"
    assert status["中国科学技术馆"] == "open"
    for venue in beijing.venues:
        assert ("status_unverified" in venue.flags) == (venue.status == "unknown")


def test_building_area_is_not_taken_for_exhibition_area(beijing):
    museum = next(v for v in beijing.venues if v.name_zh == "中国科学技术馆")
    milu = next(v for v in beijing.venues if v.name_zh == "北京南海子麋鹿苑博物馆")
    assert museum.exhibition_m2 is None
    assert milu.visits_per_year == 500_000


def test_former_names_are_aliases(beijing):
    row = beijing.venue_table.set_index("name_zh").loc["国家自然博物馆"]
    assert row["aliases"] == "北京自然博物馆"


def test_implausible_density_is_flagged_and_kept(beijing):
    doubtful = beijing.townships[beijing.townships["flags"].str.contains(r"\barea_doubtful")]
    assert doubtful[["name_zh", "area_km2", "residents"]].to_numpy().tolist() == [
        ["永定路街道", 0.7, 90_879]
    ]


def test_unknown_is_not_zero(beijing):
    assert beijing.townships["residents"].isna().sum() == 239
    assert beijing.districts["share_0_14"].isna().all()
    rural = beijing.districts.set_index("name_zh")["share_rural"]
    assert rural["东城区"] == 0
    assert np.isnan(rural["海淀区"])


@pytest.mark.parametrize(
    ("text", "adcode"),
    [
        ("110105", "110105"),
        ("朝阳区", "110105"),
        ("朝阳", "110105"),
        ("Chaoyang", "110105"),
        ("chaoyang district", "110105"),
        ("CHAOYANG QU", "110105"),
        (" mentougou ", "110109"),
    ],
)
def test_district_is_found_by_any_of_its_names(beijing, text, adcode):
    assert area.resolve_district(beijing, text) == adcode
    assert area.resolve_district(beijing.districts, text) == adcode


@pytest.mark.parametrize("text", ["", "天津", "1101", "区"])
def test_unknown_district_is_refused_with_the_allowed_names(beijing, text):
    with pytest.raises(UnknownNameError) as refused:
        area.resolve_district(beijing, text)
    assert "东城区" in refused.value.allowed
    assert "110119" in refused.value.allowed


def test_sources_are_border_types_and_name_every_file(beijing):
    assert all(type(s) is Source for s in beijing.meta.sources)
    named = {file for s in beijing.meta.provenance for file in s.files}
    assert named == {"districts.geojson", *(t.file for t in TABLES)}
    assert "© OpenStreetMap contributors" in [s.attribution for s in beijing.meta.sources]


def test_periods_have_the_hours_the_trains_were_counted_in(beijing):
    hours = {p.id: p.hours for p in beijing.meta.periods}
    assert hours == {
        "weekday_am_peak": 2,
        "weekday_midday": 6,
        "weekday_pm_peak": 2,
        "weekend_daytime": 8,
    }


def test_readme_counts_the_rows_there_are():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for table in TABLES:
        rows = (ROOT / table.file).read_text(encoding="utf-8").count("\n") - 1
        counts = set(re.findall(rf"`{re.escape(table.file)}` \| ([\d,]+)", text))
        assert counts == {f"{rows:,}"}


def test_files_are_plain_text_with_unix_line_ends():
    for path in ROOT.iterdir():
        content = path.read_bytes()
        assert b"\r" not in content
        assert not content.startswith(b"\xef\xbb\xbf")
        content.decode("utf-8")


def test_digest_changes_with_any_byte(beijing, tmp_path):
    for path in ROOT.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert area.load(tmp_path).digest == beijing.digest
    with (tmp_path / "area.yaml").open("a", encoding="utf-8") as file:
        file.write("# touched\n")
    assert area.load(tmp_path).digest != beijing.digest


def test_every_column_key_and_flag_is_documented(beijing):
    text = DOCS.read_text(encoding="utf-8")
    columns = {c.name for t in TABLES for c in t.columns}
    keys = {k for m in (Group, Period, PackSource, Tolerances) for k in m.model_fields}
    keys |= {f.alias or k for k, f in AreaMeta.model_fields.items()}
    cells = [*beijing.townships["flags"], *beijing.venue_table["flags"]]
    flags = {flag for cell in cells for flag in cell.split("|") if flag}
    assert {n for n in columns | keys | flags if f"`{n}`" not in text} == set()


def test_yaml_reads_without_the_model():
    plain = yaml.safe_load((ROOT / "area.yaml").read_text(encoding="utf-8"))
    assert plain["review_number"] is None
    assert plain["map_note_zh"] == "示意图，不作为划界依据"


def test_metres_come_back_as_degrees(beijing):
    x, y = beijing.metric([116.4, 117.2], [39.9, 40.6])
    lon, lat = crs.to_degrees(x, y, beijing.meta.crs_metric)
    assert np.allclose(lon, [116.4, 117.2], atol=1e-9)
    assert np.allclose(lat, [39.9, 40.6], atol=1e-9)


def test_gcj02_offset_is_half_a_kilometre_and_can_be_undone(beijing):
    there = crs.gcj02_from_wgs84([116.4], [39.9])
    (x0,), (y0,) = beijing.metric([116.4], [39.9])
    (x1,), (y1,) = beijing.metric(*there)
    assert 500 < np.hypot(x1 - x0, y1 - y0) < 600
    assert np.allclose(crs.wgs84_from_gcj02(*there), [[116.4], [39.9]], atol=1e-7)
