"""Addresses are read as their writers meant them, and names that mean two things are left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuenet import area
from venuenet.geocode.text import (
    Address,
    AddressReader,
    door_key,
    parse_address,
    plain,
    station_name,
    without_brackets,
)

BEIJING = area.load()
READER = AddressReader(BEIJING)
ZH = dict(zip(BEIJING.districts["name_zh"], BEIJING.districts["adcode"], strict=True))
TOWN = {
    (row["adcode"], row["name_zh"]): row["township_code"]
    for row in BEIJING.townships.to_dict("records")
}


def read(text):
    """An address with district and township by name, for comparing."""
    found = READER.read(text)
    district = next((zh for zh, a in ZH.items() if a == found.adcode), None)
    town = next((zh for (_, zh), code in TOWN.items() if code == found.township_code), None)
    return district, town, found.road, found.number, found.rest


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("海淀区香山路北京植物园内", ("海淀区", None, "香山路", "", "北京植物园")),
        (
            "西城区西直门外大街137号北京动物园内",
            ("西城区", None, "西直门外大街", "137号", "北京动物园"),
        ),
        (
            "朝阳区国家体育场北路1号院1号楼",
            ("朝阳区", None, "国家体育场北路", "1号院", "1号楼"),
        ),
        ("昌平区小汤山镇", ("昌平区", "小汤山镇", "", "", "")),
        ("北京市北京市海淀区颐和园路5号", ("海淀区", None, "颐和园路", "5号", "")),
        ("北京 海淀区 学院路37号 北京航空航天大学院内",
         ("海淀区", None, "学院路", "37号", "北京航空航天大学")),
        ("西城区德胜门西大街甲60号", ("西城区", None, "德胜门西大街", "甲60号", "")),
        ("石景山区玉泉路19号乙", ("石景山区", None, "玉泉路", "19号乙", "")),
        ("海淀区上地十街十号", ("海淀区", None, "上地十街", "10号", "")),
        ("东城区安定门外大街一百二十三号", ("东城区", None, "安定门外大街", "123号", "")),
        ("海淀区复兴路9", ("海淀区", None, "复兴路", "9", "")),
        ("顺义区鑫牛南路12号楼", ("顺义区", None, "鑫牛南路", "", "12号楼")),
        ("大兴区庞各庄镇幸福路1号", ("大兴区", "庞各庄镇", "幸福路", "1号", "")),
        ("海淀区中央音乐学院内", ("海淀区", None, "", "", "中央音乐学院")),
        ("平谷区顺平路与洳河交叉口", ("平谷区", None, "顺平路", "", "与洳河交叉口")),
        ("西城区西四南大街与羊肉胡同5号", ("西城区", None, "西四南大街", "5号", "")),
        ("东城区天坛东路甲1号(公园)", ("东城区", None, "天坛东路", "甲1号", "")),
        ("西城区地铁4号线西四站", ("西城区", None, "", "", "地铁4号线西四站")),
        ("", (None, None, "", "", "")),
    ],
)  # fmt: skip
def test_a_chinese_address(text, meant):
    assert read(text) == meant


@pytest.mark.parametrize(
    ("text", "district", "town"),
    [
        ("海淀上地信息路甲9号", "海淀区", None),
        ("昌平县小汤山", "昌平区", "小汤山镇"),
        ("延庆永宁镇", "延庆区", "永宁镇"),
        ("海淀区四季青地区巨山路", "海淀区", "四季青镇"),
        ("海淀区上地街道办事处", "海淀区", "上地街道"),
        ("怀柔区喇叭沟门乡喇叭沟门村2号", "怀柔区", "喇叭沟门满族乡"),
        ("通州区于家务回族乡", "通州区", "于家务回族乡"),
        ("丰台区花乡大葆台158号", "丰台区", "花乡街道"),
        ("延庆区八达岭特区", "延庆区", "八达岭镇"),
        ("怀柔区雁栖经济开发区", "怀柔区", "雁栖镇"),
        ("香山路12号（海淀区）", "海淀区", None),
        ("小汤山镇", "昌平区", "小汤山镇"),
    ],
)
def test_districts_and_townships_with_and_without_their_suffix(text, district, town):
    assert read(text)[:2] == (district, town)


@pytest.mark.parametrize(
    "text",
    ["朝阳北路101号", "朝阳公园南路1号", "昌平路12号", "密云水库", "通州北苑", "北京城市图书馆"],
)
def test_a_name_that_only_begins_like_a_district_is_none(text):
    assert READER.read(text).adcode is None


@pytest.mark.parametrize(
    "text", ["吉林省长春市朝阳区人民大街1号", "长春市朝阳区人民大街1号", "辽宁省朝阳市双塔区"]
)
def test_a_namesake_in_another_city_is_not_ours(text):
    assert READER.read(text) == Address(rest=text)


def test_a_township_that_two_districts_have_is_not_taken_without_one():
    assert TOWN["110105", "八里庄街道"] != TOWN["110108", "八里庄街道"]
    assert READER.read("八里庄街道") == Address(rest="八里庄街道")
    assert read("朝阳区八里庄街道朝阳路1号") == ("朝阳区", "八里庄街道", "朝阳路", "1号", "")
    assert READER.read("海淀区八里庄街道").township_code == TOWN["110108", "八里庄街道"]


def test_a_stem_that_two_townships_share_needs_its_suffix():
    assert read("海淀区海淀镇苏州街") == ("海淀区", "海淀镇", "苏州街", "", "")
    assert READER.read("海淀区海淀公园").township_code is None


def test_a_road_that_begins_like_a_township_is_a_road():
    assert read("海淀区香山路") == ("海淀区", None, "香山路", "", "")
    assert read("朝阳区望京西路2号") == ("朝阳区", None, "望京西路", "2号", "")


def test_two_districts_in_one_address_name_none():
    assert READER.read("由海淀区与西城区共管").adcode is None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("No. 138 Xizhimenwai Street, Xicheng District, Beijing",
         ("西城区", None, "Xizhimenwai Street", "138", "")),
        ("138 Xizhimenwai Dajie, Xicheng, Beijing 100044, China",
         ("西城区", None, "Xizhimenwai Dajie", "138", "")),
        ("Xiaotangshan Town, Changping District", ("昌平区", "小汤山镇", "", "", "")),
        ("Tank Museum, Yangfang Town", ("昌平区", "阳坊镇", "", "", "Tank Museum")),
        ("haidian qu, Fuxing Lu No.9", ("海淀区", None, "Fuxing Lu", "9", "")),
        ("Xiaotangshan Town, Haidian District", ("海淀区", None, "", "", "")),
    ],
)  # fmt: skip
def test_an_english_address_loosely(text, meant):
    assert read(text) == meant


def test_every_address_of_the_pack_names_the_district_of_its_row():
    told = [(v.adcode, READER.read(v.address_zh).adcode) for v in BEIJING.venues if v.address_zh]
    named = [(row, read) for row, read in told if read is not None]
    assert len(told) - len(named) == 2  # 北京经济技术开发区 is no district
    assert all(row == read for row, read in named)


def test_one_address_is_read_as_many_are():
    text = "西城区西直门外大街137号北京动物园内"
    assert parse_address(text, BEIJING) == READER.read(text)


def test_doors_are_compared_without_what_is_only_said():
    assert door_key("北辰路", "9号院") == door_key("北辰路", "9号") == door_key(" 北辰路", "9")
    assert len({door_key("玉泉路", n) for n in ("19号", "甲19号", "19号乙", "9号")}) == 4


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("地铁4号线西四站", "西四"),
        ("地铁西四", "西四"),
        ("西四站", "西四"),
        ("国家图书馆地铁站A口", "国家图书馆"),
        ("动物园站附近", "动物园"),
        ("地铁西郊线植物园站", "植物园"),
        ("天安门东", None),
        ("", None),
    ],
)
def test_the_station_a_text_names(text, name):
    assert station_name(text) == name


def test_names_are_compared_without_marks_and_width():
    assert plain("Ｂeijing  Zoo·（北园）") == plain("beijing zoo(北园)") == "beijingzoo北园"
    assert without_brackets("国家植物园（北园）") == ("国家植物园", ["北园"])


@given(st.text(max_size=40))
def test_any_text_is_read_without_a_fault(text):
    found = READER.read(text)
    assert found.adcode is None or found.adcode in set(ZH.values())
    assert found == READER.read(text)


@given(
    st.sampled_from(sorted(ZH)),
    st.sampled_from(["学府", "西直门外", "和平里东", "莲花池"]),
    st.sampled_from(["路", "大街", "胡同"]),
    st.integers(1, 999),
    st.sampled_from(["", "院"]),
)
def test_what_is_put_together_is_taken_apart_again(district, stem, kind, number, yard):
    text = f"北京市{district}{stem}{kind}{number}号{yard}"
    assert read(text) == (district, None, stem + kind, f"{number}号{yard}", "")
