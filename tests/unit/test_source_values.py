"""What a cell says: numbers, dates, coordinates and words, as lists write them."""

import datetime as dt
import math
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuenet import area
from venuenet.sources import limits, points, values, words
from venuenet.sources.values import Unclear, clean


@pytest.fixture(scope="module")
def districts():
    return area.load().districts


def outcome(reader, *about, **more):
    """What a reader reads, or the code of what is unclear."""
    try:
        return reader(*about, **more)
    except Unclear as unclear:
        return unclear.code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3000", 3000), ("3,000㎡", 3000), ("３０００", 3000), ("约3000平方米", 3000),
        ("2000余", 2000),
        ("2000余平方米", 2000), ("1.2万", 12000), ("1.2万余平方米", 12000), ("0.3万平方米", 3000),
        ("近5000平米", 5000), ("1.5公顷", 15000), ("3亩", 2000), ("一千五百", 1500), ("两千", 2000),
        ("十五", 15), ("一万二", 12000), ("一万零二", 10002), ("一百零五", 105), ("二〇二四", 2024),
        ("壹仟贰佰", 1200), ("1万2千", 12000), ("1,234,567.5", 1234567.5), ("12 345", 12345),
        ("1.2E+04", 12000), ("100平方米以上", 100), ("0", 0), ("2000 m²", 2000),
        ("无", None), ("—", None), ("暂无", None), ("/", None), ("N/A", None), ("-", None),
        ("NaN", "not_finite"), ("inf", "not_finite"), ("-Infinity", "not_finite"),
        ("5000-8000", "number_range"), ("5000至8000平方米", "number_range"),
        ("3~5万", "number_range"),
        ("-5", "absurd"), ("负5", "absurd"), ("99999999999", "absurd"), ("1e99", "absurd"),
        ("1e999", "not_finite"),
        ("200人次", "unit"), ("300天", "unit"), ("很大", "number"), ("1,2", "number"),
        ("12 34", "number"), ("1.2.3", "number"), ("万", "number"), ("约", "number"),
        ("9" * 61, "number"),
    ],
)  # fmt: skip
def test_areas(text, expected):
    found = outcome(values.number, clean(text), "area", high=1e8)
    assert found == (pytest.approx(expected) if isinstance(expected, int | float) else expected)


@pytest.mark.parametrize(
    ("unit", "text", "expected"),
    [
        ("万人次", "1.5", 15000), ("万人次", "1.5万", 15000), ("万人次", "15000人次", 15000),
        ("千人次", "3", 3000), ("", "3", 3), ("人次/年", "3", 3), ("单位：万", "2", 20000),
    ],
)  # fmt: skip
def test_a_unit_in_the_header_scales_cells_that_name_none(unit, text, expected):
    scale = values.scale_of(unit, "people")
    assert values.number(text, "people", scale=scale) == pytest.approx(expected)


def test_units_of_area():
    found = {
        u: values.scale_of(u, "area") for u in ("平方米", "㎡", "m2", "亩", "公顷", "万平方米")
    }
    assert found == pytest.approx(
        {"平方米": 1, "㎡": 1, "m2": 1, "亩": 2000 / 3, "公顷": 1e4, "万平方米": 1e4}
    )


def in_chinese(number):
    """Write a number below 10^12 as it is read aloud: digit by digit, then the zeros thinned."""
    text = ""
    for at, digit in zip(range(len(str(number)) - 1, -1, -1), str(number), strict=True):
        text += "零" if digit == "0" else "零一二三四五六七八九"[int(digit)] + "\0十百千"[at % 4]
        if at % 4 == 0 and number // 10**at % 10**4:
            text += ("", "万", "亿")[at // 4]
    text = re.sub("零+(万|亿|$)", r"\1", text.replace("\0", ""))
    return re.sub("零+", "零", text) or "零"


def test_the_numbers_the_next_test_writes_are_good_chinese():
    known = {105: "一百零五", 1005: "一千零五", 1050: "一千零五十", 12_000: "一万二千",
             10_002: "一万零二", 100_300: "一十万零三百",
             120_000_005: "一亿二千万零五"}  # fmt: skip
    assert {n: in_chinese(n) for n in known} == known


@given(st.integers(0, 10**9))
def test_chinese_numerals_of_every_size(number):
    assert values.number(in_chinese(number), "people") == number


@given(st.floats(0, 1e9, allow_nan=False))
def test_numbers_as_computers_write_them(number):
    assert values.number(repr(number), "area") == number
    assert values.number(f"{number:,.2f}", "area") == pytest.approx(float(f"{number:.2f}"))


FIRST, LAST = dt.date(2024, 3, 1), dt.date(2024, 3, 31)


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("2024年3月", FIRST, LAST), ("2024-03", FIRST, LAST), ("2024.3", FIRST, LAST),
        ("2024/3/1", FIRST, FIRST), ("2024.03.01", FIRST, FIRST), ("2024年3月1日", FIRST, FIRST),
        ("２０２４年３月１日", FIRST, FIRST), ("20240301", FIRST, FIRST), ("202403", FIRST, LAST),
        ("2024-03-01 00:00:00", FIRST, FIRST), ("2024-03-01T08:00:00Z", FIRST, FIRST),
        ("2024年3月底", LAST, LAST), ("2025", dt.date(2025, 1, 1), dt.date(2025, 12, 31)),
        ("2025年底", dt.date(2025, 12, 31), dt.date(2025, 12, 31)),
        ("2025年初", dt.date(2025, 1, 1), dt.date(2025, 1, 1)),
        ("2024年2月", dt.date(2024, 2, 1), dt.date(2024, 2, 29)),
        ("2021-2025", "date_range", dt.date(2025, 12, 31)),
        ("2021—2025年", "date_range", dt.date(2025, 12, 31)),
        ("2021.1-2025.12", "date_range", dt.date(2025, 12, 31)),
        ("2021-1-2025-6", "date_range", dt.date(2025, 6, 30)),
        ("2021年1月1日至2025年6月30日", "date_range", dt.date(2025, 6, 30)),
        ("20210101-20250630", "date_range", dt.date(2025, 6, 30)),
        ("有效期至2025年12月", dt.date(2025, 12, 1), dt.date(2025, 12, 31)),
        ("2025年12月31日前", dt.date(2025, 12, 31), dt.date(2025, 12, 31)),
        ("2018年至今", dt.date(2018, 1, 1), "date"), ("自2018年起", dt.date(2018, 1, 1), "date"),
        ("长期", None, None), ("长期有效", None, None), ("无", None, None),
        ("2024-02-30", "date", "date"), ("2024-13", "date", "date"), ("五年", "date", "date"),
        ("45352", "date", "date"), ("9:00-17:00", "date", "date"), ("周一", "date", "date"),
        ("0001-01-01", "date", "date"), ("NaN", "not_finite", "not_finite"),
    ],
)  # fmt: skip
def test_dates(text, begin, end):
    text = clean(text)
    assert (outcome(values.date, text, end=False), outcome(values.date, text, end=True)) == (
        begin, end,
    )  # fmt: skip


@given(st.dates(dt.date(1000, 1, 1), dt.date(2200, 12, 31)))
def test_every_day_in_every_way_of_writing_it(day):
    y, m, d = day.year, day.month, day.day
    ways = (
        day.isoformat(),
        f"{y}/{m}/{d}",
        f"{y}.{m:02}.{d:02}",
        f"{y}年{m}月{d}日",
        f"{y}{m:02}{d:02}",
    )
    assert {values.date(way, end=end) for way in ways for end in (False, True)} == {day}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("116.39", 116.39), ("-116.39", -116.39), ("116.39°", 116.39), ("E116.39", 116.39),
        ("116.39E", 116.39), ("116.39 e", 116.39), ("W116.39", -116.39), ("东经116.39", 116.39),
        ("经度：116.39", 116.39), ("116°23′30″E", 116 + 23.5 / 60),
        ("116度23分30秒", 116 + 23.5 / 60),
        ("116º23'30''", 116 + 23.5 / 60), ("116° 23.5'", 116 + 23.5 / 60), ("１１６．３９", 116.39),
        ("无", None), ("", None), ("39.9N", "swapped"), ("北纬39.9", "swapped"),
        ("NaN", "not_finite"),
        ("116°75′", "coordinate"), ("116,39", "coordinate"), ("北京", "coordinate"),
        ("116 23 30", "coordinate"), ("1" * 101, "coordinate"),
    ],
)  # fmt: skip
def test_one_coordinate(text, expected):
    found = outcome(points.angle, clean(text), "lon")
    assert found == (pytest.approx(expected) if isinstance(expected, float) else expected)


@given(st.integers(-180 * 3600 * 100, 180 * 3600 * 100))
def test_degrees_minutes_and_seconds_say_what_decimal_degrees_say(hundredths):
    """Exact in hundredths of a second, so that the two writings mean one angle."""
    size = abs(hundredths)
    degrees, minutes, seconds = size // 360_000, size // 6000 % 60, size % 6000 / 100
    side = "W" if hundredths < 0 else "E"
    found = points.angle(f"{degrees}°{minutes}′{seconds:.2f}″{side}", "lon")
    assert found == pytest.approx(hundredths / 360_000, abs=1e-9)
    assert points.angle(f"{hundredths / 360_000:.10f}", "lon") == pytest.approx(found, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("116.39,39.9", (116.39, 39.9)), ("116.39，39.9", (116.39, 39.9)),
        ("[116.39, 39.9]", (116.39, 39.9)),
        ("116.39;39.9", (116.39, 39.9)), ("116.39 39.9", (116.39, 39.9)),
        ("POINT(116.39 39.9)", (116.39, 39.9)),
        ("39.9N, 116.39E", (116.39, 39.9)), ("116.39E, 39.9N", (116.39, 39.9)),
        ("北纬39°54′，东经116°24′", (116.4, 39.9)), ('{"lng":116.39,"lat":39.9}', (116.39, 39.9)),
        ("39.9,116.39", (39.9, 116.39)), ("无", None), ("116.39", "coordinate"),
        ("nan,nan", "not_finite"),
        ("116.39,39.9,50", "coordinate"), ("海淀区1号2号楼", "coordinate"),
        ("116E,117E", "coordinate"),
    ],
)  # fmt: skip
def test_two_coordinates_in_one_cell(text, expected):
    found = outcome(points.pair, clean(text))
    assert found == (pytest.approx(expected) if isinstance(expected, tuple) else expected)


def test_a_column_may_say_that_latitude_comes_first_and_letters_overrule_it():
    assert points.pair("39.9,116.39", lat_first=True) == (116.39, 39.9)
    assert points.pair("116.39E,39.9N", lat_first=True) == (116.39, 39.9)


@pytest.mark.parametrize(
    ("lon", "lat", "expected"),
    [
        (116.4, 39.9, (116.4, 39.9)), (-0.1, 51.5, (-0.1, 51.5)), (39.9, 116.4, "swapped"),
        (2.0315, 0.6964, "radians"), (0.0, 0.0, "zero"), (440000.0, 4420000.0, "metres"),
        (39440000.0, 4420000.0, "metres"), (190.0, 40.0, "outside"), (116.4, -91.0, "outside"),
        (math.nan, 39.9, "not_finite"), (116.4, math.inf, "not_finite"),
    ],
)  # fmt: skip
def test_points_that_cannot_be_degrees_are_dropped_never_mended(lon, lat, expected):
    assert outcome(points.checked, lon, lat) == expected


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("科技馆", "x", "science_museum"), ("科学中心", "x", "science_museum"),
        ("科普馆", "x", "science_museum"),
        ("自然博物馆", "x", "science_museum"), ("天文馆", "x", "science_museum"),
        ("Science Museum", "x", "science_museum"),
        ("科普基地", "x", "base"), ("全国科普教育基地", "x", "base"),
        ("科普教育基地", "中国科技馆", "base"),
        ("博物馆", "中国地质博物馆", "science_museum"),
        ("博物馆", "北京汽车博物馆", "science_museum"),
        ("博物馆", "中国铁道博物馆", "science_museum"), ("博物馆", "首都博物馆", "other"),
        ("museum", "Art Museum", "other"),
        ("科教文化服务;博物馆;博物馆", "中国航空博物馆", "science_museum"),
        ("科教文化服务;科技馆;科技馆", "x", "science_museum"),
        ("公园", "北京植物园", "other"), ("图书馆", "x", "other"), ("会展中心", "x", "other"),
        ("演出场馆", "x", "other"),
        ("科技馆", "北京科学中心海淀分中心", "center_district"),
        ("", "北京科学中心海淀分中心", "center_district"),
        ("科技馆", "北京科学中心", "science_museum"), ("base", "x", "base"),
        ("center_city", "x", "center_city"),
        ("", "中国科技馆", None), ("其他", "x", "kind"), ("非科普场馆", "x", "kind"),
        ("甲类", "x", "kind"),
    ],
)  # fmt: skip
def test_kinds(text, name, expected):
    assert outcome(words.kind, text, name) == expected


LEVELS = {
    "国家级": "national", "全国科普教育基地": "national", "national": "national",
    "市级": "city", "省级": "city", "City": "city", "北京市科普基地": "city",
    "区级": "district", "区县级": "district", "海淀区科普基地": "district",
    "unknown": None, "无": None, "一级": "level",
}  # fmt: skip
STATES = {
    "开放": "open", "正常运营": "open", "试运营": "open", "open": "open",
    "关闭": "closed", "已拆除": "closed", "停业": "closed", "永久闭馆": "closed",
    "在建": "planned", "筹建中": "planned", "规划": "planned", "未开放": "planned",
    "已到期": "lapsed", "失效": "lapsed", "暂停开放": "unknown", "装修闭馆": "unknown",
    "unknown": "unknown", "无": None, "auto": "status", "curated": "status",
}  # fmt: skip
SURE = {"high": "high", "中": "medium", "低": "low", "": None, "约": "confidence"}


@pytest.mark.parametrize(
    ("reader", "told"),
    [(words.level, LEVELS), (words.status, STATES), (words.confidence, SURE)],
    ids=["level", "status", "confidence"],
)
def test_levels_states_and_confidence(reader, told):
    assert {text: outcome(reader, text) for text in told} == told


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("海淀区", "110108"), ("海淀", "110108"), ("北京市海淀区", "110108"),
        ("北京海淀", "110108"),
        ("110108", "110108"), ("110108001", "110108"), ("Haidian District", "110108"),
        ("haidian", "110108"),
        ("海淀区中关村街道", "110108"), ("密云县", "110118"), ("北京市市辖区西城区", "110102"),
        ("无", None),
        ("宣武区", "district"), ("经开区", "district"), ("北京市", "district"),
        ("东城区、西城区", "district"),
        ("119999", "district"), ("区" * 500, "district"),
    ],
)  # fmt: skip
def test_districts_of_a_column(districts, text, expected):
    named, _ = words.district_reader(districts)
    assert outcome(named, text) == expected


@pytest.mark.parametrize(
    ("address", "adcode", "elsewhere"),
    [
        ("海淀区中关村1号", "110108", False), ("北京市海淀区中关村1号", "110108", False),
        ("北京市 海淀区中关村1号", "110108", False), ("中国北京朝阳区1号", "110105", False),
        ("No. 5, Chaoyang District, Beijing", "110105", False),
        ("房山区河北镇1号", "110111", False),
        ("河北镇1号", None, False), ("朝阳路1号", None, False), ("复兴路9号", None, False),
        ("河北省廊坊市1号", None, True), ("上海市浦东新区1号", None, True),
        ("天津市和平区1号", None, True),
        ("内蒙古自治区1号", None, True), ("", None, False),
    ],
)  # fmt: skip
def test_addresses(districts, address, adcode, elsewhere):
    _, addressed = words.district_reader(districts)
    found = words.elsewhere_reader(districts)((address,), ())
    assert (addressed(address), found) == (adcode, address if elsewhere else None)


def test_cities_of_their_own_column(districts):
    """朝阳区 is a district of Changchun as well."""
    elsewhere = words.elsewhere_reader(districts)
    told = {
        "长春市": True,
        "吉林省": True,
        "吉林": True,
        "北京市": False,
        "北京": False,
        "北京城区": False,
    }
    assert {c: elsewhere(("朝阳区",), (c,)) is not None for c in told} == told


def test_clean_keeps_what_people_wrote():
    assert clean("  国家 自然\n博物馆（原，北京）　Ａ１ ") == "国家 自然 博物馆（原，北京） A1"
    assert clean("a\x00b\u200b\ufeffc\ud800\u202ed\x85e") == "abcd e"
    assert clean("<b>'; DROP TABLE x;--</b>") == "<b>'; DROP TABLE x;--</b>"
    assert clean("=1+1") == "=1+1"
    assert clean("e\u0301") == "é"


@given(st.text(st.characters(), max_size=300))
def test_clean_text_is_fit_to_keep(text):
    found = clean(text)
    found.encode("utf-8")
    assert clean(found) == found
    assert "  " not in found
    assert found == found.strip()
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in found)


def test_clean_cuts_ten_million_characters():
    assert len(clean("长" * 10_000_000)) == limits.CELL_CHARS


@given(st.text(max_size=70))
def test_no_reader_of_values_dies_of_any_text(text):
    text = clean(text)
    for measure in ("area", "people", "days", "metres"):
        found = outcome(values.number, text, measure, high=1e8)
        assert found is None or isinstance(found, str) or 0 <= found <= 1e8
    for end in (False, True):
        found = outcome(values.date, text, end=end)
        assert found is None or isinstance(found, str | dt.date)
    outcome(points.angle, text, "lat")
    outcome(points.pair, text)
    outcome(words.kind, text, text)
    outcome(words.level, text)
    outcome(words.status, text)
