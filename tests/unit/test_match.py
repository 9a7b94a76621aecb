"""Doubles are found, homonyms and branches told apart, and every verdict says why."""

import csv
import itertools
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from benchmarks.dedupe import make, run, subjects
from venuenet.area import load
from venuenet.registry import match
from venuenet.registry.match import ASK_AT, MERGE_AT, compare, pairs
from venuenet.registry.model import Subject
from venuenet.registry.names import GENERIC, normalise

AREA = load()
KNOWN = subjects(AREA)
BY_NAME = {k.names[0]: k for k in KNOWN}
MESSY = Path(__file__).parents[3] / "shared" / "data" / "messy_venues.csv"
M_PER_DEG = 111_035  # along the meridian at 40° north
HERE = Subject("a", ("中国电影博物馆",), "110105", "朝阳区南影路9号", "", 116.5, 40.0, 80.0)


def venue(name, adcode=None, address="", **other):
    return Subject("b", (name,), adcode, address, **other)


def verdict(a, b):
    return compare(a, b).verdict


def north(subject, metres, precision_m=80.0):
    return replace(subject, id="b", lat=subject.lat + metres / M_PER_DEG, precision_m=precision_m)


def said(pair):
    return "；".join(r.zh for r in pair.reasons)


NAMES = [
    "中国铁道博物馆(东郊展馆)", "中国铁道博物馆正阳门馆", "中国铁道博物馆", "北京天文馆A馆",
    "詹天佑纪念馆(中国铁道博物馆)", "北京天文馆", "北京天文馆B馆", "中国科学技术馆", "科技馆",
    "中国科技馆", "中国古动物馆", "中国古植物馆", "北京市房山区科技馆", "房山科技馆", "天文馆",
    "中国军事博物馆",
    "中国人民革命军事博物馆", "国家自然博物馆", "北京自然博物馆", "China Railway Museum",
    "Beijing Tianwenguan", "Zhongguo Kejiguan", "十渡(房山世界地质公园园区)",
    "北京大学地质博物馆", "北大地质博物馆",
]  # fmt: skip
slips = st.sampled_from(
    [lambda n, _: n, lambda n, i: n[:i] + n[i + 1 :], lambda n, i: n[:i] + "某" + n[i + 1 :]]
)


@st.composite
def subject(draw, key="s"):
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=2))
    first = draw(slips)(names[0], draw(st.integers(0, len(names[0]) - 1)))
    point = draw(st.none() | st.tuples(st.integers(0, 4), st.sampled_from([None, 50.0, 2000.0])))
    return Subject(
        key,
        (first, *names[1:]),
        draw(st.sampled_from([None, "110101", "110105"])),
        draw(
            st.sampled_from(
                ["", "东城区前门大街甲2号", "前门大街9号院", "房山区十渡镇", "南春路4号院"]
            )
        ),
        draw(st.sampled_from(["", "010-64156715", "64156715、67891234", "(010)6789 1234"])),
        None if point is None else 116.4 + point[0] * 0.012,
        None if point is None else 39.9,
        None if point is None else point[1],
        draw(st.sampled_from([None, "base", "science_museum"])),
    )


@st.composite
def lists(draw, prefix, most):
    return [draw(subject(f"{prefix}{i}")) for i in range(draw(st.integers(0, most)))]


def same_pair(pair):
    return (frozenset((pair.a, pair.b)), pair.score, pair.verdict, pair.reasons)


@settings(deadline=None, max_examples=300)
@given(subject("a"), subject("b"))
def test_comparing_goes_both_ways(a, b):
    assert same_pair(compare(a, b)) == same_pair(compare(b, a))


@settings(deadline=None, max_examples=300)
@given(subject("a"), subject("b"))
def test_the_score_and_the_rules_make_the_verdict(a, b):
    pair = compare(a, b)
    assert 0 <= pair.score <= 1
    expected = "merge" if pair.score >= MERGE_AT else "ask" if pair.score >= ASK_AT else "apart"
    assert pair.verdict == expected
    assert all(r.zh and r.en for r in pair.reasons)
    if pair.verdict == "merge":
        # Never on a name alone, nor across districts without a distance.
        fields = ("adcode", "address", "phone", "lon")
        assert any(getattr(a, f) and getattr(b, f) for f in fields) or "同属一区" in said(pair)
        assert None in (a.adcode, b.adcode) or a.adcode == b.adcode or "相距" in said(pair)


@settings(deadline=None, max_examples=200)
@given(subject("a"))
def test_a_subject_is_itself_when_it_has_a_place(a):
    assume(a.adcode or a.lon)
    assume(any(normalise(n) for n in a.names))
    generic = any(normalise(n) in GENERIC for n in a.names)
    assume(not generic or a.adcode or a.precision_m != 2000)
    assert verdict(a, replace(a, id="b")) == "merge"


@settings(deadline=None, max_examples=150)
@given(lists("n", 8), lists("k", 6), st.booleans(), st.randoms(use_true_random=False))
def test_finding_pairs_is_comparing_all(new, known, within, rng):
    every = list(itertools.product(new, known))
    if within:
        every += [tuple(sorted(p, key=lambda s: s.id)) for p in itertools.combinations(new, 2)]
    brute = {(a.id, b.id): compare(a, b) for a, b in every}
    found = {(p.a, p.b): p for p in pairs(new, known, within=within)}
    assert all(brute[key] == pair for key, pair in found.items())
    assert {k for k, p in brute.items() if p.verdict == "merge"} <= set(found)
    shuffled = rng.sample(new, len(new)), rng.sample(known, len(known))
    assert pairs(*shuffled, within=within) == list(found.values())


def test_blocking_loses_no_merge_and_few_questions():
    records = [r.subject for r in make(AREA, 11, test=True, every=4)][:160]
    brute = [compare(a, b) for a in records for b in KNOWN]
    found = {(p.a, p.b): p for p in pairs(records, KNOWN, within=False)}
    merges = {(p.a, p.b) for p in brute if p.verdict == "merge"}
    asks = {(p.a, p.b) for p in brute if p.verdict == "ask"}
    assert len(merges) > 50
    assert merges <= set(found)
    assert len(asks & set(found)) >= 0.85 * len(asks) > 20


def test_the_bars_hold_on_venues_never_looked_at():
    c = run(AREA, 7, test=True, every=2)
    assert c["doubles"] > 400
    assert c["records"] - c["doubles"] > 150
    assert c["merges"] - c["merged wrong"] >= 0.99 * c["merges"]
    assert c["found"] >= 0.95 * c["doubles"]
    assert c["merged"] >= 0.6 * c["doubles"]
    assert c["queued"] <= 0.4 * c["records"]


@pytest.mark.parametrize(
    ("name", "adcode", "address", "expected"),
    [
        ("中国电影博物馆", "110105", "", "merge"),
        ("中国电影博物馆", None, "北京市朝阳区南影路９号", "merge"),
        ("电影博物馆", "110105", "南影路9号", "merge"),
        ("中国电彰博物馆", "110105", "南影路9号", "merge"),
        ("Zhongguo Dianying Bowuguan", "110105", "南影路9号", "merge"),
        ("中国电影博物馆", None, "", "ask"),  # nothing but the name
        ("中国电影博物馆", "110101", "", "ask"),  # another district
        ("中国电影博物馆", "110105", "南影路11号", "ask"),  # another door on its road
        ("中国电影博物馆", "110105", "酒仙桥路10号", "ask"),
        ("中国电彰博物馆", "110105", "", "ask"),
        ("北京电影博物馆", "110105", "南影路9号", "ask"),
        ("中国电影博物院", "110105", "南影路9号", "ask"),
        ("中国电影博物馆科普小屋", "110105", "南影路9号", "ask"),
        ("中国电影博物馆", "110101", "前门大街2号", "ask"),
        ("中国邮政博物馆", "110105", "南影路9号", "apart"),
        ("中国铁道博物馆", "110105", "", "apart"),
        ("……", "110105", "南影路9号", "apart"),
    ],
)
def test_what_a_record_without_a_point_is(name, adcode, address, expected):
    assert verdict(HERE, venue(name, adcode, address)) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("中国铁道博物馆(东郊展馆)", "中国铁道博物馆正阳门馆", "apart"),
        ("中国铁道博物馆詹天佑馆", "中国铁道博物馆正阳门馆", "apart"),
        ("中国铁道博物馆詹天佑馆", "詹天佑纪念馆(中国铁道博物馆)", "merge"),
        ("中国铁道博物馆", "中国铁道博物馆正阳门馆", "ask"),
        ("北京天文馆", "北京天文馆A馆", "ask"),
        ("北京天文馆A馆", "北京天文馆B馆", "apart"),
        ("北京天文馆B馆", "北京天文馆 B馆", "merge"),
        ("国家植物园(北园)", "国家植物园(南园)", "apart"),
        ("天坛公园", "天坛公园科普小屋", "ask"),
        ("北京动物园科普馆", "北京动物园科普小屋", "apart"),
        ("中国铁道博物馆正阴门馆", "中国铁道博物馆正阳门馆", "ask"),
    ],
)
def test_parts_on_one_site_with_one_phone_are_never_merged(one, other, expected):
    site = Subject("a", (one,), "110101", "前门大街甲2号", "010-67051638", 116.394, 39.898, 50)
    assert verdict(site, replace(site, id="b", names=(other,))) == expected


def test_the_railway_museum_stays_three():
    three = [k for k in KNOWN if any("铁道博物馆" in n for n in k.names)]
    assert len(three) == 3
    assert {verdict(a, b) for a, b in itertools.combinations(three, 2)} == {"apart"}
    told = pairs(three, [])
    assert len(told) == 3
    assert all("所指分馆或局部不同" in said(p) for p in told)


def test_only_two_known_venues_may_be_one():
    # The pack itself holds no double: what it asks about is a venue and what is on its site.
    told = [p for p in pairs(KNOWN, []) if p.verdict != "apart"]
    assert [p for p in told if p.verdict == "merge"] == []
    assert len(told) <= 5


def test_a_point_far_off_is_asked_about_a_vague_one_is_not_believed():
    assert verdict(HERE, north(HERE, 100)) == "merge"
    assert verdict(HERE, north(HERE, 2300)) == "ask"  # for all that name and door agree
    far = compare(replace(HERE, address=""), north(HERE, 2300))
    assert far.verdict == "ask"
    assert "相距 2300 米" in said(far)
    assert verdict(replace(HERE, address=""), north(HERE, 2300, precision_m=3000)) == "merge"


def test_the_same_name_far_off_in_another_district_is_a_homonym():
    other = replace(north(HERE, 20_000), adcode="110101", address="东城区前门大街2号")
    assert verdict(HERE, other) == "apart"
    assert len(pairs([other], [HERE])) == 1


def test_a_border_may_run_between_two_lists():
    # Another district, but the same place: the distance may tell, its absence may not.
    assert verdict(HERE, replace(north(HERE, 30), adcode="110101")) == "merge"
    assert verdict(HERE, venue("中国电影博物馆", "110101", phone="")) == "ask"
    with_phone = replace(HERE, phone="64156715", lon=None, lat=None)
    assert verdict(with_phone, replace(with_phone, id="b", adcode="110101")) == "ask"


def test_a_phone_confirms_a_name_but_not_another_name():
    a = venue("中国电影博物馆", phone="+86 10 6415-6715")
    assert verdict(HERE, a) == "ask"
    assert verdict(replace(HERE, phone="010-84355959；010-64156715"), a) == "merge"
    assert verdict(replace(a, id="c"), replace(a, names=("中国邮政博物馆",))) == "apart"


def test_a_generic_name_means_its_districts_only():
    a = Subject("a", ("科技馆",), "110105")
    assert verdict(a, venue("科技馆", "110105")) == "merge"
    assert verdict(a, venue("科技馆", "110101")) == "apart"
    assert verdict(a, venue("中国科学技术馆", "110105")) == "ask"
    assert verdict(a, venue("北京市朝阳区科技馆", "110105")) == "ask"


def test_only_an_alias_tells_of_a_new_name():
    listed = BY_NAME["国家自然博物馆"]
    old = venue("北京自然博物馆", "110101", "东城区天桥南大街126号")
    assert verdict(listed, old) == "merge"
    assert verdict(replace(listed, names=listed.names[:1]), old) == "ask"


def test_reasons_carry_figures_in_both_languages():
    a = replace(HERE, names=("中国电影博物馆", "China National Film Museum"), phone="64156715")
    b = replace(north(a, 120, 50), names=("中国电彰博物馆",), address="", kind="base")
    pair = compare(replace(a, kind="other"), b)
    assert "名称一字之差 0.86：中国电彰博物馆 / 中国电影博物馆" in said(pair)
    assert "相距 120 米（精度 50、80 米）" in said(pair)
    assert "电话相同：64156715" in said(pair)
    assert "类别不同：base / other" in said(pair)
    assert "120 m apart (± 50, 80 m)" in [r.en for r in pair.reasons]


def test_a_rule_that_forbids_a_merge_says_so():
    pair = compare(HERE, replace(HERE, id="b", names=("中国电影博物馆科普小屋",)))
    assert pair.verdict == "ask"
    assert pair.reasons[-1].zh == "按规则不自动合并"


def test_points_weigh_by_their_precision():
    def bits(metres, precision):
        one = match.np.array([precision])
        return float(match._point_bits(match.np.array([float(metres)]), one, one)[0])

    assert bits(0, 50) == match.POINT_BITS[1]
    assert bits(10_000, 50) == match.POINT_BITS[0]
    along = [bits(m, 200) for m in range(0, 5000, 100)]
    assert along == sorted(along, reverse=True)
    assert bits(550, 50) > -1  # a datum read as another is no proof against
    assert abs(bits(0, 6000)) < 0.1  # known to 6 km: says nothing
    # By hand: 500 m apart, both known to 100 m in 95 of 100, so 57.8 m each way.
    parts = [(0.80, 0), (0.19, 500), (0.01, 20_000)]
    spread = 2 * 100**2 / 5.99
    likely = sum(
        w * match.np.exp(-(500**2) / 2 / (spread + m * m)) / (spread + m * m) / 2 for w, m in parts
    )
    assert bits(500, 100) == pytest.approx(match.np.log2(likely * 3000**2))


def test_newcomers_are_told_of_one_by_one():
    told = []
    new = [replace(k, id=f"n{i}") for i, k in enumerate(KNOWN[:40])]
    found = pairs(new, KNOWN, progress=told.append)
    assert sum(told) == len(new)
    assert [(p.a, p.b) for p in found] == sorted((p.a, p.b) for p in found)
    placed = [n.id for n in new if n.adcode or n.lon]
    assert {p.a for p in found if p.verdict == "merge"} == set(placed)


def test_nobody_and_nothing():
    assert pairs([], []) == []
    assert pairs([], KNOWN) == []
    assert pairs([replace(HERE, names=())], KNOWN) == []
    assert verdict(replace(HERE, names=()), HERE) == "apart"
    assert pairs([HERE, replace(HERE, id="b")], [], within=False) == []


def test_a_name_shared_by_hundreds_is_still_paired_in_its_district():
    rng = random.Random(1)
    crowd = [Subject(f"k{i:04d}", ("流动科普展",), f"{990000 + i}") for i in range(600)]
    new = [Subject(f"n{i}", ("流动科普展",), rng.choice(crowd).adcode) for i in range(5)]
    merges = {(p.a, p.b) for p in pairs(new, crowd, within=False) if p.verdict == "merge"}
    assert merges == {(n.id, c.id) for n in new for c in crowd if n.adcode == c.adcode}


def test_the_messy_list_against_the_pack():
    if not MESSY.exists():
        pytest.skip("the messy list is not beside the project")
    codes = dict(zip(AREA.districts["name_zh"], AREA.districts["adcode"], strict=True))
    with MESSY.open(encoding="utf-8") as lines:
        rows = [
            Subject(f"m{i}", (row["name"],), codes[row["district"]], row["address"])
            for i, row in enumerate(csv.DictReader(lines))
        ]
    name = {s.id: s.names[0] for s in (*rows, *KNOWN)}
    found = {(name[p.a], name[p.b]): p.verdict for p in pairs(rows, KNOWN)}
    merged = {pair for pair, v in found.items() if v == "merge"}
    # Every name that both hold is merged, but for one whose districts and roads differ.
    shared = {n for n in BY_NAME if n in {s.names[0] for s in rows}} - {"北京海洋馆"}
    assert {(n, n) for n in shared} <= merged
    assert merged - {(n, n) for n in shared} == {
        ("北京通州博物馆", "通州区博物馆"),
        ("北京上方山国家森林公园", "上方山国家森林公园"),
        ("北京京东大峡谷", "京东大峡谷"),
    }
    for pair in [
        ("北京海洋馆", "北京海洋馆"),
        ("中国军事博物馆", "中国人民革命军事博物馆"),
        ("中国科学技术馆儿童科学乐园", "中国科学技术馆"),
        ("北京天文馆A馆", "北京天文馆"),
        ("北京运河森林公园", "大运河森林公园"),
        ("天坛公园", "天坛公园科普小屋"),
    ]:
        assert found[pair] == "ask", pair
    assert found["中国古动物馆", "中国古植物馆"] == "apart"
    assert found["北京天文馆A馆", "北京天文馆B馆"] == "apart"
