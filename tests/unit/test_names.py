"""What a venue's name says, in whichever spelling a list gives it."""

import csv
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pypinyin import lazy_pinyin

from venuenet.area import load
from venuenet.registry.names import EQUIVALENT, agree, branch, normalise, read, sound

VENUES = [v.name_zh for v in load().venues]
MESSY = Path(__file__).parents[3] / "shared" / "data" / "messy_venues.csv"
words = st.text(alphabet="北京中国科学技术博物馆东西城区公园动植天文 ()（）A１b-'，", max_size=14)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("中国铁道博物馆（东郊展馆）", "中国铁道博物馆东郊展馆"),
        (" 北京　天文馆 A馆", "北京天文馆a馆"),
        ("《北京市规划展览馆》（筹）", "北京市规划展览馆"),
        ("国家自然博物馆(原北京自然博物馆)", "国家自然博物馆"),
        ("Beijing Science Centre, Dongcheng  Branch", "beijing science center dongcheng branch"),
        ("China Women’s & Children's Museum", "china womens and childrens museum"),
        ("９号院〇五", "9号院〇五"),
        ("……", ""),
    ],
)
def test_a_name_is_written_in_one_way(written, plain):
    assert normalise(written) == plain


@given(words)
def test_writing_a_name_twice_changes_nothing(name):
    assert normalise(normalise(name)) == normalise(name)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("中国铁道博物馆(东郊展馆)", "东郊馆"),
        ("中国铁道博物馆东郊馆", "东郊馆"),
        ("中国铁道博物馆（正阳门馆）", "正阳门馆"),
        ("中国铁道博物馆詹天佑馆", "詹天佑馆"),
        ("詹天佑纪念馆(中国铁道博物馆)", "詹天佑纪念馆"),
        ("北京天文馆A馆", "a馆"),
        ("北京天文馆天象厅", "天象厅"),
        ("首都博物馆东馆", "东馆"),
        ("上海天文台新馆", "新馆"),
        ("中国科技馆二期", "二期"),
        ("城南规划院一期工程", "一期"),
        ("首都图书馆大兴机场分馆", "大兴机场分馆"),
        ("北京科学中心东城区分中心", "东城分中心"),
        ("中国科学院大学雁栖湖校区", "雁栖湖校区"),
        ("中国科学技术馆儿童科学乐园", "儿童科学乐园"),
        ("北京植物园温室", "温室"),
        ("北京植物园樱桃沟", "樱桃沟"),
        ("天坛公园科普小屋", "科普小屋"),
        ("北京动物园科普馆", "科普馆"),
        ("Beijing Science Center, Dongcheng Branch", "dongcheng branch"),
        ("China National Botanical Garden (North)", "north"),
    ],
)
def test_the_part_a_name_speaks_of(name, part):
    assert branch(name) == part


@pytest.mark.parametrize(
    "name",
    [
        "中国科学技术馆", "国家自然博物馆", "北京市规划展览馆", "中国地质大学(北京)博物馆",
        "活的3D博物馆",
        "光科技馆(北京)", "新馆(筹)", "湖北馆", "北京大学地质博物馆", "中国第四纪冰川遗迹陈列馆",
        "中关村国家自主创新示范区展示中心", "北京动物园管理处", "Sony ExploraScience", "",
    ],
)  # fmt: skip
def test_a_name_that_speaks_of_a_venue_as_a_whole(name):
    assert branch(name) is None


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("中国科学技术馆", "中国科技馆", "same"),
        ("北京航空航天博物馆", "北航博物馆", "same"),
        ("北京大学地质博物馆", "北大地质博物馆", "same"),
        ("北京市房山区科技馆", "房山科技馆", "same"),
        ("北京通州博物馆", "通州区博物馆", "same"),
        ("光科技馆(北京)", "北京光科技馆", "same"),
        ("北京市科技馆", "北京科技馆", "same"),
        ("科技馆", "科技馆", "generic"),
        ("科技馆", "中国科学技术馆", "contained"),
        ("房山区科技馆", "科技馆", "contained"),
        ("中国古动物馆", "古动物馆", "weak"),
        ("国家自然博物馆", "北京自然博物馆", "place"),
        ("房山区科技馆", "昌平区科技馆", "different"),
        ("北京警察博物馆", "北京警查博物馆", "sound"),
        ("中国科靴技术馆", "中国科学技术馆", "sound"),
        ("中国铁道博物馆", "博物馆中国铁道", "moved"),
        ("中国古动物馆", "中国古植物馆", "telling"),
        ("中国航空博物馆", "中国航天博物馆", "telling"),
        ("黄松峪国家地质公园", "黄松峪国家矿山公园", "telling"),
        ("中国地质大学(北京)博物馆", "中国地质大学(南京)博物馆", "telling"),
        ("3号科普馆", "4号科普馆", "telling"),
        ("中国电影博物馆", "中国电彰博物馆", "typo"),
        ("中国印刷博物馆", "中国印刷博馆", "typo"),
        ("银狐洞馆", "银虾洞馆", "near"),
        ("中国妇女儿童博物馆", "中国妇儿童博物", "near"),
        ("云蒙山国家地质公园", "北京云蒙山景区", "contained"),
        ("中国军事博物馆", "中国人民革命军事博物馆", "similar"),
        ("京东大溶洞", "京东大峡谷", "similar"),
        ("中国电影博物馆", "中国邮政博物馆", "different"),
        ("首都博物馆", "首都博物院", "telling"),
        ("Beijing Science Center", "Science Centre, Beijing", "same"),
        ("Science Museum", "science museum", "generic"),
        ("Planetarium Building", "Beijing Planetarium Building", "same"),
        ("China Railway Museum", "Railway Museum", "weak"),
        ("China Railways Museum", "China Railway Museum", "near"),
        ("Fangshan District Science Hall", "Changping District Science Hall", "different"),
        ("China Railway Museum", "China Railway Model Museum", "contained"),
        ("Zhongguo Kexue Jishu Guan", "中国科学技术馆", "sound"),
        ("beijing shi gui hua zhan lan guan", "北京市规划展览馆", "sound"),
        ("Shou Du Bo Wu Guan", "首都博物馆", "sound"),
        ("Zhongguo Kexue Jishu Gun", "中国科学技术馆", "near"),
        ("China Railway Museum", "中国铁道博物馆", "different"),
    ],
)
def test_how_two_names_agree(one, other, level):
    assert agree(read(one), read(other)).level == level


@pytest.mark.parametrize(
    ("one", "other", "part"),
    [
        ("北京天文馆", "北京自然博物馆", ""),
        ("中国铁道博物馆(东郊展馆)", "中国铁道博物馆东郊馆", "same"),
        ("中国铁道博物馆东郊馆", "中国铁路博物馆（东郊馆）", "same"),
        ("中国铁道博物馆詹天佑馆", "詹天佑纪念馆(中国铁道博物馆)", "same"),
        ("中国铁道博物馆正阳们馆", "中国铁道博物馆正阳门馆", "same"),
        ("中国铁道博物馆正阴门馆", "中国铁道博物馆正阳门馆", "unsure"),
        ("北京科学走心东城分中心", "北京科学中心东城分中心", "unsure"),
        ("北京天文馆", "北京天文馆A馆", "one"),
        ("Beijing Tianwenguan", "北京天文馆A馆", "one"),
        ("北京天文馆B馆", "北京天文馆A馆", "different"),
        ("北京科学中心东城分中心", "北京科学中心西城分中心", "different"),
        ("国家植物园(北园)", "国家植物园南园", "different"),
        ("北京动物园科普馆", "北京动物园科普小屋", "different"),
        # The other name holds the part, only not where a part is looked for.
        ("国家天文台密云观测站(不老屯)", "国家天文台密云观测站不老屯", ""),
    ],
)
def test_which_parts_two_names_speak_of(one, other, part):
    assert agree(read(one), read(other)).part == part


@given(words, words)
@example("中国科学某技术馆", "中国学技术馆")
@example("某京市房山区科技馆", "北某市房山区科技馆")
def test_agreement_goes_both_ways(one, other):
    x, y = read(one), read(other)
    assert agree(x, y) == agree(y, x)


@given(words.filter(normalise))
def test_a_name_is_the_same_as_itself(name):
    level, part, ratio = agree(read(name), read(name))
    assert level in ("same", "generic")
    assert part in ("", "same")
    assert ratio == 1


@pytest.mark.parametrize("name", VENUES)
def test_pinyin_is_that_of_the_library_for_words(name):
    # Two readings differ on purpose or by a longer word of the library's: 朝阳, and 台长 in 台长城.
    ours = sound(normalise(name))
    assert ours == "".join(lazy_pinyin(normalise(name).replace("朝", "潮"))).replace(" ", "")


def test_the_venues_of_the_messy_list_read_like_the_library():
    if not MESSY.exists():
        pytest.skip("the messy list is not beside the project")
    with MESSY.open(encoding="utf-8") as lines:
        names = [normalise(row["name"]) for row in csv.DictReader(lines)]
    differ = {n for n in names if sound(n) != "".join(lazy_pinyin(n.replace("朝", "潮")))}
    assert differ <= {"北京司马台长城"}
    assert sound("北京司马台长城") == "beijingsimataichangcheng"


def test_equivalents_are_applied_longest_first():
    for at, (long, _) in enumerate(EQUIVALENT):
        assert not any(early in long for early, _ in EQUIVALENT[:at] if long.startswith(early)), (
            long
        )


def test_venues_of_the_pack_are_not_the_same_by_name_alone():
    read_all = [read(n) for n in VENUES]
    same = [
        (x.text, y.text)
        for i, x in enumerate(read_all)
        for y in read_all[:i]
        if agree(x, y)[:2] in (("same", ""), ("same", "same"), ("sound", ""))
    ]
    assert same == []
