"""What the pack and the registry know of a place, and the rule that no answer may break."""

import csv
import math
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from pyproj import Geod

from venuenet import area
from venuenet.errors import GeocodeError, UnknownNameError
from venuenet.geocode import cache as answer_cache
from venuenet.geocode import gazetteer as gazetteer_module
from venuenet.geocode.cache import AnswerCache
from venuenet.geocode.cascade import GOOD_M, Cascade, check_point, outside_m
from venuenet.geocode.districts import Districts
from venuenet.geocode.gazetteer import Gazetteer
from venuenet.geocode.model import GeoAnswer, GeoQuery
from venuenet.geocode.names import NameIndex, Place, sound
from venuenet.geocode.places import Places, length_en, length_zh
from venuenet.geocode.registry_places import registry_places
from venuenet.geocode.text import AddressReader
from venuenet.model import LocatedVenue
from venuenet.registry.model import Reason, Subject

GEOD = Geod(ellps="WGS84")
BEIJING = area.load()
READER = AddressReader(BEIJING)
DISTRICTS = Districts(BEIJING)
GAZETTEER = Gazetteer(BEIJING, READER, DISTRICTS)
ADCODE = dict(zip(BEIJING.districts["name_zh"], BEIJING.districts["adcode"], strict=True))
VENUE = {v.name_zh: v for v in BEIJING.venues}
LOCATED = [v for v in BEIJING.venues if isinstance(v, LocatedVenue)]
MESSY = Path(__file__).parents[3] / "shared" / "data" / "messy_venues.csv"


def metres(a, b):
    return abs(GEOD.inv(a.lon, a.lat, b.lon, b.lat)[2])


def ask(name="", address="", district=None, **point):
    return GeoQuery(name, address, ADCODE[district] if district else None, **point)


def cascade(*steps):
    return Cascade(steps, BEIJING, READER, DISTRICTS)


class Says:
    """A step that gives one answer, or fails, and counts how often it was asked."""

    def __init__(self, answer, name="provider"):
        self.name = name
        self.answer = answer
        self.asked = 0

    def locate(self, query):
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def answer(lon, lat, precision_m=50.0, level="door", provider="amap"):
    return GeoAnswer(lon, lat, precision_m, level, 0.8, provider, (Reason("试", "test"),), {"a": 1})


TSINGHUA = (116.3270, 40.0000)
SHIJIAZHUANG = (114.5149, 38.0428)


# --- which district holds a point ---------------------------------------------------------------


def test_many_points_are_measured_as_one_polygon_after_another_would():
    rng = np.random.default_rng(7)
    lon, lat = rng.uniform(115.2, 117.7, 400), rng.uniform(39.3, 41.2, 400)
    named = [*rng.choice(list(ADCODE.values()), 350), *[None] * 50]
    found, holders = outside_m(BEIJING, lon, lat, named)
    shapes = BEIJING.districts.set_index("adcode").geometry.to_crs(BEIJING.meta.crs_metric)
    whole = shapes.union_all()
    x, y = BEIJING.metric(lon, lat)
    for i, adcode in enumerate(named):
        point = shapely.Point(x[i], y[i])
        holding = [code for code, shape in shapes.items() if shape.intersects(point)]
        assert holders[i] == (holding[0] if holding else None)
        shape = whole if adcode is None else shapes[adcode]
        assert found[i] == pytest.approx(shape.distance(point), abs=1e-6)


def test_the_hub_and_four_venues_lie_just_outside_their_district():
    """As data/geo says: 20-159 m, which is why the tolerance is 300 m."""
    own = [v.adcode for v in LOCATED]
    away, _ = outside_m(BEIJING, [v.lon for v in LOCATED], [v.lat for v in LOCATED], own)
    out = {v.name_zh: m for v, m in zip(LOCATED, away, strict=True) if m > 0}
    assert len(out) == 5
    assert "北京科学中心" in out
    assert 19 < min(out.values()) < max(out.values()) < 160


def test_one_point_is_measured_as_many_are():
    assert check_point(BEIJING, *TSINGHUA, ADCODE["海淀区"]) == (0.0, ADCODE["海淀区"])
    away, holder = check_point(BEIJING, *TSINGHUA, ADCODE["朝阳区"])
    assert holder == ADCODE["海淀区"]
    assert 2_000 < away < 6_000
    away, holder = check_point(BEIJING, *SHIJIAZHUANG, ADCODE["海淀区"])
    assert holder is None
    assert 200_000 < away < 300_000
    assert check_point(BEIJING, *TSINGHUA, None) == (0.0, ADCODE["海淀区"])
    assert check_point(BEIJING, *SHIJIAZHUANG, None)[0] > 100_000


def test_a_point_that_is_none_is_nowhere():
    away, holder = check_point(BEIJING, math.nan, 39.9, ADCODE["海淀区"])
    assert math.isnan(away)
    assert holder is None
    found, holders = outside_m(BEIJING, [math.inf, 116.3], [39.9, 40.0], [None, None])
    assert math.isnan(found[0])
    assert list(holders) == [None, ADCODE["海淀区"]]
    assert [len(part) for part in outside_m(BEIJING, [], [], [])] == [0, 0]


def test_a_shared_edge_belongs_to_the_district_named():
    shapes = BEIJING.districts.set_index("adcode").geometry
    corner = next(
        shapely.get_point(edge, 0) if edge.geom_type == "LineString" else edge.geoms[0]
        for edge in [shapes["110101"].intersection(shapes["110102"])]
    )
    point = shapely.get_coordinates(corner)[0]
    for adcode in ("110101", "110102"):
        away, holder = check_point(BEIJING, *point, adcode)
        assert away < 0.01
        assert holder == adcode or away > 0


def test_an_unknown_district_is_told():
    with pytest.raises(UnknownNameError):
        check_point(BEIJING, *TSINGHUA, "310101")


def test_a_district_s_middle_is_inside_and_reaches_its_far_end():
    shapes = BEIJING.districts.set_index("adcode").geometry
    for adcode, shape in shapes.items():
        lon, lat, reach = DISTRICTS.centre(adcode)
        assert shape.covers(shapely.Point(lon, lat))
        corners = shapely.get_coordinates(shape)
        far = max(abs(GEOD.inv(lon, lat, *c)[2]) for c in corners)
        assert reach == pytest.approx(far, rel=0.001)


# --- names --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "北京天文馆",
        " 北京 天文馆 ",
        "Beijing Planetarium",
        "beijing planetarium",
        "beijing tianwenguan",
        "Běijīng Tiānwénguǎn",
        "BEIJINGTIANWENGUAN",
    ],
)
def test_a_venue_is_found_by_its_chinese_english_and_pinyin_name(name):
    found = GAZETTEER.locate(ask(name))
    venue = VENUE["北京天文馆"]
    assert (found.lon, found.lat, found.precision_m) == (venue.lon, venue.lat, venue.precision_m)
    assert found.level == "exact"


def test_a_renamed_venue_is_found_by_its_old_name():
    found = GAZETTEER.locate(ask("北京自然博物馆", district="东城区"))
    assert metres(found, VENUE["国家自然博物馆"]) == 0
    assert found.level == "exact"


@pytest.mark.parametrize(
    ("district", "venue"),
    [
        ("东城区", "中国铁道博物馆(正阳门展馆)"),
        ("朝阳区", "中国铁道博物馆(东郊展馆)"),
        ("延庆区", "詹天佑纪念馆(中国铁道博物馆)"),
    ],
)
def test_a_museum_with_three_sites_is_the_one_in_the_district_named(district, venue):
    found = cascade(GAZETTEER).locate(ask("中国铁道博物馆", district=district))
    assert metres(found, VENUE[venue]) == 0
    assert (found.level, found.ok) == ("exact", True)


def test_a_museum_with_three_sites_is_none_of_them_without_a_district():
    assert GAZETTEER.locate(ask("中国铁道博物馆")) is None
    told = GAZETTEER.locate(ask("中国铁道博物馆", "丰台区王佐镇", "丰台区"))
    assert told.level == "township"
    assert sum("未采用" in r.zh for r in told.reasons) == 3


def test_a_homonym_in_another_district_is_not_taken_and_is_told():
    """北京天文馆 is in Xicheng; a list that says Tongzhou means something else, or is wrong."""
    found = cascade(GAZETTEER).locate(ask("北京天文馆", district="通州区"))
    assert metres(found, VENUE["北京天文馆"]) > 15_000
    assert found.level == "district"
    assert any("未采用" in r.zh and "not used" in r.en for r in found.reasons)
    assert check_point(BEIJING, found.lon, found.lat, ADCODE["通州区"])[0] == 0


def test_a_venue_by_the_border_may_be_listed_in_the_next_district():
    """北京海洋馆 is Haidian's by its address and stands beside Xicheng's zoo."""
    found = cascade(GAZETTEER).locate(ask("北京海洋馆", district="西城区"))
    assert (found.level, found.ok) == ("exact", True)
    assert found.confidence < GAZETTEER.locate(ask("北京海洋馆", district="海淀区")).confidence
    assert "邻区" in found.reasons[0].zh


@pytest.mark.parametrize(
    ("name", "district", "venue"),
    [
        ("北京天文官", "西城区", "北京天文馆"),
        ("中国古动物官", "西城区", "中国古动物馆"),
        ("中国地址博物馆", "西城区", "中国地质博物馆"),
        ("北京航空航博物馆", "海淀区", "北京航空航天博物馆"),
    ],
)
def test_a_slip_of_the_pen_is_near_but_less_sure(name, district, venue):
    found = GAZETTEER.locate(ask(name, district=district))
    right = GAZETTEER.locate(ask(venue, district=district))
    assert metres(found, right) == 0
    assert found.confidence < 0.7 < right.confidence
    assert GAZETTEER.locate(ask(name, district="大兴区")).level == "district"


def places(*names, adcode="110108"):
    return [Place((n,), adcode, 116.3 + i / 100, 40.0, 50.0) for i, n in enumerate(names)]


@pytest.mark.parametrize(
    ("known", "asked"),
    [
        ("中国航空博物馆", "中国航天博物馆"),
        ("首都博物馆东馆", "首都博物馆西馆"),
        ("国家植物园北园", "国家植物园南园"),
        ("海淀区第一青少年馆", "海淀区第二青少年馆"),
        ("海淀青少年科技馆", "海淀青少年文化馆"),
        ("昌平区民俗博物馆", "昌平区博物馆"),
        ("北京天文馆A馆", "北京天文馆B馆"),
    ],
)
def test_two_names_that_tell_two_places_apart_are_never_near(known, asked):
    assert NameIndex(places(known), BEIJING).near(asked, "110108") is None
    assert NameIndex(places(known), BEIJING).near(known, "110108") is not None


def test_near_names_are_those_a_search_through_all_finds():
    """The buckets by length and sound leave nothing out that the full comparison would find."""
    from rapidfuzz import fuzz  # noqa: PLC0415

    names = sorted({v.name_zh for v in BEIJING.venues if v.adcode == "110108"})
    index = NameIndex(places(*names), BEIJING)
    slips = [n.replace("馆", "官") for n in names] + [n[:2] + n[3:] for n in names]
    for slip in (s for s in slips if s not in names and len(s) > 4):
        close = [n for n in names if fuzz.ratio(slip, n) >= 80 and sound(slip) == sound(n)]
        found = index.near(slip, "110108")
        if close:
            assert index.places[found[0]].names[0] in close


def test_records_of_one_site_are_one_and_homonyms_apart_are_none():
    here = Place(("少年宫",), "110108", 116.30, 40.0, 80.0)
    finer = replace(here, precision_m=20.0, lon=116.301)
    far = replace(here, lon=116.36)
    assert NameIndex([here, finer], BEIJING).site([0, 1]) == 1
    assert NameIndex([here, finer, far], BEIJING).site([0, 1, 2]) is None
    search = Places("registry", NameIndex([here, far], BEIJING), READER, DISTRICTS)
    found, notes = search.precise(ask("少年宫", district="海淀区"), READER.read(""))
    assert found is None
    assert "2 处" in notes[0].zh


def test_a_city_s_house_is_not_its_district_s():
    index = NameIndex(places("北京市青少年科技馆", "海淀区青少年科技馆"), BEIJING)
    assert index.named("青少年科技馆", None)[0] == (0,)
    assert index.named("海淀青少年科技馆", None)[0] == (1,)
    assert index.named("北京市海淀区青少年科技馆", None)[0] == (1,)


# --- addresses ----------------------------------------------------------------------------------


def test_another_venue_s_door_is_a_door():
    found = GAZETTEER.locate(ask("", "西城区西直门外大街138号"))
    assert found.level == "door"
    assert metres(found, VENUE["北京天文馆"]) == 0
    assert found.precision_m >= VENUE["北京天文馆"].precision_m


def test_a_place_inside_of_a_known_one_has_its_point_and_300_m_at_least():
    found = GAZETTEER.locate(ask("某展厅", "西城区中国古动物馆内"))
    assert metres(found, VENUE["中国古动物馆"]) == 0
    assert VENUE["中国古动物馆"].precision_m < found.precision_m == 300
    part = GAZETTEER.locate(ask("北京天文馆B馆", district="西城区"))
    assert metres(part, VENUE["北京天文馆"]) == 0
    assert part.precision_m >= 300


def test_a_park_of_which_only_a_part_is_known_is_coarser_still():
    found = GAZETTEER.locate(ask("某馆", "西城区北京动物园内"))
    assert metres(found, VENUE["北京动物园科普馆"]) == 0
    assert found.precision_m >= 1000


def test_a_branch_is_not_where_the_main_house_is():
    found = GAZETTEER.locate(ask("北京科学中心西城分中心", district="西城区"))
    assert found.level == "district"


def test_an_address_that_only_names_a_station_is_good_to_a_kilometre():
    for address in ("地铁4号线西四站", "西城区西四站附近"):
        found = GAZETTEER.locate(ask("", address))
        assert (found.level, found.precision_m) == ("street", 1000)
        assert metres(found, VENUE["中国地质博物馆"]) < 300


def test_a_station_in_another_district_is_not_taken():
    assert GAZETTEER.locate(ask("", "通州区地铁西四站")).level == "district"


def test_a_neighbour_on_the_road_is_as_far_as_the_numbers_between():
    near = GAZETTEER.locate(ask("", "西城区西直门外大街140号"))
    far = GAZETTEER.locate(ask("", "西城区西直门外大街40号"))
    assert near.level == far.level == "street"
    assert near.precision_m < 1700
    assert far.precision_m > 5000


def test_a_road_called_after_a_station_lies_by_it():
    found = GAZETTEER.locate(ask("", "西城区平安里西大街1号"))
    assert found.level == "street"
    found = GAZETTEER.locate(ask("", "东城区建国门北大街99号"))
    assert (found.level, found.precision_m) == ("street", 3000)
    assert abs(GEOD.inv(found.lon, found.lat, 116.4292, 39.9072)[2]) < 300  # 建国门


@pytest.mark.parametrize(
    "query",
    [ask("", "昌平区小汤山镇"), ask("小汤山"), ask("Xiaotangshan Town"), ask("xiaotangshan")],
)
def test_a_township_is_as_coarse_as_it_is_large(query):
    row = BEIJING.townships.set_index("name_zh").loc["小汤山镇"]
    found = GAZETTEER.locate(query)
    assert found.level == "township"
    assert (found.lon, found.lat) == (row["lon"], row["lat"])
    radius = 1000 * math.sqrt(row["area_km2"] / math.pi)
    wanted = gazetteer_module.TOWNSHIP_REACH * radius + row["point_precision_m"]
    assert found.precision_m == pytest.approx(wanted, abs=1)


def test_a_township_of_unknown_area_or_place_is_not_made_finer_than_known():
    towns = BEIJING.townships.set_index("name_zh")
    assert math.isnan(towns.loc["清水镇", "area_km2"])
    found = GAZETTEER.locate(ask("", "门头沟区清水镇"))
    assert found.precision_m >= 1.5 * 3000 + towns.loc["清水镇", "point_precision_m"]
    placeless = towns[towns["lon"].isna()].iloc[0]
    found = GAZETTEER.locate(ask("", "", None))
    assert found is None
    zh = {a: n for n, a in ADCODE.items()}[placeless["adcode"]]
    assert GAZETTEER.locate(ask("", zh + placeless.name)).level == "district"


@pytest.mark.parametrize("name", ["海淀", "海淀区", "Haidian", "haidian qu", "Haidian District"])
def test_a_district_by_any_of_its_names(name):
    found = GAZETTEER.locate(ask(name))
    assert found.level == "district"
    assert check_point(BEIJING, found.lon, found.lat, ADCODE["海淀区"])[0] == 0
    assert found.precision_m == round(DISTRICTS.centre(ADCODE["海淀区"])[2])


def test_nothing_known_is_no_answer():
    assert GAZETTEER.locate(ask("不知何处的馆")) is None
    assert cascade(GAZETTEER).locate(ask()) is None


def test_an_area_without_rails_or_venues_answers_as_far_as_it_can():
    bare = replace(
        BEIJING,
        venues=(),
        venue_table=BEIJING.venue_table.iloc[:0],
        stations=BEIJING.stations.iloc[:0],
    )
    found = Gazetteer(bare, READER, DISTRICTS).locate(ask("北京天文馆", "昌平区小汤山镇"))
    assert found.level == "township"


# --- the registry's own venues ------------------------------------------------------------------


def registry(*subjects):
    return registry_places(subjects, BEIJING, READER, DISTRICTS)


def test_the_registry_s_own_venue_is_found_by_any_of_its_names():
    garden = Subject(
        "v1", ("国家植物园北园", "北京植物园"), "110108", "海淀区香山路", "", 116.2013, 40.0018, 800
    )
    step = registry(garden)
    found = step.locate(ask("北京植物园", district="海淀区"))
    assert (found.lon, found.lat, found.precision_m) == (116.2013, 40.0018, 800)
    assert (found.level, found.provider) == ("exact", "registry")
    inside = step.locate(ask("北京植物园樱桃沟", "海淀区香山路北京植物园内"))
    assert (inside.lon, inside.level) == (116.2013, "door")


def test_a_subject_without_point_is_left_out_and_one_without_precision_is_coarse():
    step = registry(
        Subject("a", ("甲馆",), "110108"),
        Subject("b", ("乙科技馆",), None, lon=TSINGHUA[0], lat=TSINGHUA[1]),
    )
    assert step.locate(ask("甲馆", district="海淀区")) is None
    found = step.locate(ask("乙科技馆", district="海淀区"))
    assert found.precision_m == 500
    assert registry().locate(ask("乙科技馆")) is None


def test_a_registered_homonym_in_another_district_is_not_taken():
    step = registry(Subject("a", ("少年科技馆",), "110108", "", "", *TSINGHUA, 50))
    assert step.locate(ask("少年科技馆", district="大兴区")) is None
    assert step.locate(ask("少年科技馆", district="海淀区")).confidence > 0.9
    assert step.locate(ask("少年科技馆")).confidence < 0.9


# --- the cascade and its rule -------------------------------------------------------------------


def test_the_first_good_answer_ends_the_search():
    good, never = Says(answer(*TSINGHUA)), Says(answer(*TSINGHUA))
    found = cascade(Says(None), good, never).locate(ask("x", district="海淀区"))
    assert (good.asked, never.asked) == (1, 0)
    assert found.raw == {"a": 1}


def test_else_the_best_by_level_then_precision():
    coarse = [
        Says(answer(*TSINGHUA, 900, "district")),
        Says(answer(*TSINGHUA, 2500, "street")),
        Says(answer(*TSINGHUA, 2000, "street", "best")),
        Says(answer(*TSINGHUA, 800, "township")),
    ]
    found = cascade(*coarse).locate(ask("x", district="海淀区"))
    assert found.provider == "best"
    assert [s.asked for s in coarse] == [1, 1, 1, 1]


def test_a_step_that_fails_is_told_of_and_passed_over():
    failing = Says(GeocodeError("天地图：配额用尽", "Tianditu: quota used up"), "tianditu")
    line = cascade(failing, Says(answer(*TSINGHUA)))
    found = line.locate(ask("x", district="海淀区"))
    assert found.ok
    assert found.reasons[-1] == Reason("天地图：配额用尽", "Tianditu: quota used up")
    assert set(line.failures) == {"tianditu"}
    assert cascade(failing).locate(ask("x", district="海淀区")) is None


@pytest.mark.parametrize(
    ("point", "where_zh", "where_en"),
    [
        (TSINGHUA, "落在海淀区", "in Haidian"),
        (SHIJIAZHUANG, "不在北京市", "not in Beijing at all"),
    ],
)
def test_an_answer_outside_the_district_named_is_refused(point, where_zh, where_en):
    found = cascade(Says(answer(*point))).locate(ask("x", district="通州区"))
    assert not found.ok
    assert found.confidence == 0
    assert "通州区之外" in found.reasons[-1].zh
    assert "公里" in found.reasons[-1].zh
    assert where_zh in found.reasons[-1].zh
    assert where_en in found.reasons[-1].en
    assert found.raw == {"a": 1}


def test_the_district_in_the_address_rules_where_the_list_names_none():
    line = cascade(Says(answer(*TSINGHUA)))
    assert not line.locate(ask("x", "通州区新华大街1号")).ok
    assert line.locate(ask("x", "海淀区双清路1号")).ok
    assert line.locate(ask("x")).ok
    assert not cascade(Says(answer(*SHIJIAZHUANG))).locate(ask("x")).ok


def test_the_tolerance_is_the_pack_s():
    """The hub lies outside Xicheng by less than 300 m."""
    hub = VENUE["北京科学中心"]
    step = Says(answer(hub.lon, hub.lat))
    assert check_point(BEIJING, hub.lon, hub.lat, hub.adcode)[0] > 0
    assert cascade(step).locate(ask("x", district="西城区")).ok
    strict = replace(
        BEIJING,
        meta=BEIJING.meta.model_copy(
            update={"tolerances": BEIJING.meta.tolerances.model_copy(update={"venue_m": 10.0})}
        ),
    )
    assert not Cascade([step], strict).locate(ask("x", district="西城区")).ok


def test_a_refused_answer_is_passed_over_for_a_coarser_one_that_holds_and_told_of():
    found = cascade(Says(answer(*TSINGHUA)), GAZETTEER).locate(ask("x", district="通州区"))
    assert (found.ok, found.level, found.provider) == (True, "district", "gazetteer")
    assert "高德地图" in found.reasons[-1].zh


def test_a_list_s_own_point_is_taken_first():
    step = Says(answer(*TSINGHUA))
    found = cascade(step).locate(
        ask("x", district="海淀区", lon=116.30, lat=39.98, precision_m=20.0)
    )
    assert (found.provider, found.lon, found.precision_m, step.asked) == ("list", 116.30, 20.0, 0)
    unstated = cascade(step).locate(ask("x", district="海淀区", lon=116.30, lat=39.98))
    assert unstated.precision_m == 500
    assert unstated.confidence < found.confidence


def test_a_list_s_coarse_point_does_not_end_the_search():
    line = cascade(Says(answer(*TSINGHUA)))
    query = ask("x", district="海淀区", lon=116.30, lat=39.98, precision_m=3000.0)
    assert line.locate(query).provider == "amap"
    assert cascade().locate(query).provider == "list"


def test_a_list_s_point_that_contradicts_the_list_goes_to_people_at_once():
    step = Says(answer(*TSINGHUA))
    point = dict(zip(("lon", "lat"), TSINGHUA, strict=True))
    found = cascade(step).locate(ask("x", district="通州区", **point))
    assert (found.ok, found.provider, step.asked) == (False, "list", 0)
    nowhere = cascade(step).locate(ask("x", district="通州区", lon=math.nan, lat=40.0))
    assert not nowhere.ok


def test_a_list_and_an_address_that_disagree_are_told():
    found = cascade(GAZETTEER).locate(ask("x", "海淀区复兴路9号", "通州区"))
    assert any("清单写通州区，地址写海淀区" in r.zh for r in found.reasons)
    assert check_point(BEIJING, found.lon, found.lat, ADCODE["海淀区"])[0] == 0
    assert not found.ok


def test_every_reason_is_in_both_languages():
    line = cascade(registry(), GAZETTEER)
    for venue in BEIJING.venues:
        for district in (venue.adcode, "110112"):
            found = line.locate(GeoQuery(venue.name_zh, venue.address_zh or "", district))
            for reason in found.reasons if found else ():
                assert any("\u4e00" <= c <= "\u9fff" for c in reason.zh)
                assert any(c.isascii() and c.isalpha() for c in reason.en)


def test_no_answer_of_the_cascade_that_is_ok_breaks_the_rule():
    """Every venue asked for in its own district and in every other."""
    line = cascade(GAZETTEER)
    queries = [
        GeoQuery(v.name_zh, address, adcode)
        for v in BEIJING.venues
        for address in (v.address_zh or "", "")
        for adcode in ADCODE.values()
    ]
    found = [(q, a) for q in queries if (a := line.locate(q)) is not None and a.ok]
    assert len(found) > 5000
    away, _ = outside_m(
        BEIJING, [a.lon for _, a in found], [a.lat for _, a in found], [q.adcode for q, _ in found]
    )
    assert away.max() <= BEIJING.meta.tolerances.venue_m
    assert all(0 <= a.confidence <= 1 and a.precision_m > 0 for _, a in found)


# --- how far the offline part can be trusted ----------------------------------------------------


def test_venues_found_by_address_alone_lie_within_the_precision_stated(monkeypatch):
    """Leave one out: each located venue unknown to the gazetteer, asked for by its address."""
    known = gazetteer_module._venues(BEIJING, READER)
    gazetteer = Gazetteer(BEIJING, READER, DISTRICTS)
    within: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for i, venue in enumerate(LOCATED):
        if not venue.address_zh:
            continue
        others = NameIndex(known[:i] + known[i + 1 :], BEIJING)
        monkeypatch.setattr(gazetteer, "_venues", Places("gazetteer", others, READER, DISTRICTS))
        found = gazetteer.locate(GeoQuery("", venue.address_zh, venue.adcode))
        total[found.level] += 1
        within[found.level] += metres(found, venue) <= found.precision_m
    assert sum(total.values()) == 114
    assert sum(within.values()) >= 0.95 * sum(total.values())
    assert all(within[level] >= 0.8 * total[level] for level in total)
    assert total["district"] < 0.4 * sum(total.values())


@pytest.mark.skipif(not MESSY.is_file(), reason="the messy list is not beside the project")
def test_every_row_of_a_messy_list_lands_in_its_district():
    with MESSY.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    line = cascade(GAZETTEER)
    found = [line.locate(ask(r["name"], r["address"], r["district"])) for r in rows]
    assert all(a is not None and a.ok for a in found)
    levels = Counter(a.level for a in found)
    assert levels["exact"] >= 25
    assert levels["exact"] + levels["door"] + levels["street"] > len(rows) / 2
    good = [r["name"] for r, a in zip(rows, found, strict=True) if a.precision_m <= GOOD_M]
    assert {"中国军事博物馆", "北京天文馆A馆", "北京通州博物馆", "北京海洋馆"} <= set(good)


# --- the cache ----------------------------------------------------------------------------------

DAY = 86_400.0


class Clock:
    def __init__(self, now=0.0):
        self.now = now

    def __call__(self):
        return self.now


def test_an_answer_is_kept_as_long_as_its_terms_allow(tmp_path):
    clock = Clock(1e9)
    kept = AnswerCache(tmp_path / "new" / "folder", clock)
    assert kept.get("tianditu", "q") is None
    kept.put("tianditu", "q", {"status": "0"}, 30, empty=False)
    clock.now += 29 * DAY
    assert kept.get("tianditu", "q") == {"status": "0"}
    assert kept.get("nominatim", "q") is None
    clock.now += 2 * DAY
    assert kept.get("tianditu", "q") is None


def test_that_nothing_was_found_is_kept_a_week_only(tmp_path):
    clock = Clock(1e9)
    kept = AnswerCache(tmp_path, clock)
    kept.put("nominatim", "q", [], 180, empty=True)
    clock.now += 6 * DAY
    assert kept.get("nominatim", "q") == []
    clock.now += 2 * DAY
    assert kept.get("nominatim", "q") is None


def test_what_may_not_be_stored_never_reaches_the_disk(tmp_path):
    AnswerCache(tmp_path / "c").put("amap", "q", {"a": 1}, 0, empty=False)
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize("content", [b"not a database at all, but long enough" * 200, b"SQLite"])
def test_a_damaged_cache_is_put_aside_and_begun_again(tmp_path, content):
    (tmp_path / answer_cache.FILE).write_bytes(content)
    kept = AnswerCache(tmp_path)
    assert kept.get("tianditu", "q") is None
    kept.put("tianditu", "q", {"a": 1}, 30, empty=False)
    assert kept.get("tianditu", "q") == {"a": 1}
    assert [p.read_bytes() for p in tmp_path.glob("*.damaged-*")] == [content]


def test_a_cache_of_another_version_is_put_aside(tmp_path):
    import sqlite3  # noqa: PLC0415

    with sqlite3.connect(tmp_path / answer_cache.FILE) as database:
        database.execute("PRAGMA user_version = 99")
        database.execute("CREATE TABLE answers (something REAL)")
    database.close()
    kept = AnswerCache(tmp_path)
    kept.put("tianditu", "q", 1, 30, empty=False)
    kept.put("tianditu", "q", 2, 30, empty=False)
    assert kept.get("tianditu", "q") == 2


def test_a_cache_that_cannot_be_written_costs_nothing(tmp_path):
    (tmp_path / "file").write_text("no folder")
    kept = AnswerCache(tmp_path / "file" / "below")
    kept.put("tianditu", "q", {"a": 1}, 30, empty=False)
    assert kept.get("tianditu", "q") is None


def test_a_kept_answer_that_is_no_json_is_missing(tmp_path):
    import sqlite3  # noqa: PLC0415

    kept = AnswerCache(tmp_path)
    kept.put("tianditu", "q", {"a": 1}, 30, empty=False)
    with sqlite3.connect(kept.path) as database:
        database.execute("UPDATE answers SET body = '{half'")
    database.close()
    assert kept.get("tianditu", "q") is None


def test_many_threads_may_use_one_cache(tmp_path):
    def work(n):
        kept = AnswerCache(tmp_path)
        for i in range(20):
            kept.put("tianditu", f"{n}-{i}", [n, i], 30, empty=False)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = AnswerCache(tmp_path)
    assert all(kept.get("tianditu", f"{n}-{i}") == [n, i] for n in range(8) for i in range(20))


def test_lengths_are_worded_in_both_languages():
    assert (length_zh(320.4), length_en(320.4)) == ("320 米", "320 m")
    assert (length_zh(5234), length_en(5234)) == ("5.2 公里", "5.2 km")
