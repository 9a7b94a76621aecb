import dataclasses
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from venuenet.errors import BadQueryError, UnknownNameError
from venuenet.model import KINDS, SCIENCE_KINDS, Question, Source
from venuenet.publish import words
from venuenet.publish.answers import CITY, coverage, gap_rows, groups, venue_rows
from venuenet.publish.district import district_facts, marked
from venuenet.publish.offline_map import refuse_outside_requests
from venuenet.publish.report import TOP_GAPS, assumption_rows, report_html
from venuenet.publish.sketch import district_sketch
from venuenet.publish.words import flag_text
from venuenet.questions import parse_question

DISTRICTS = ("110101", "110111", "110114", "110116")
SECTIONS = (
    "summary", "map", "inventory", "coverage", "townships", "groups", "gaps", "service-gaps",
    "data-gaps", "method", "sources",
)  # fmt: skip
SCRIPT = "<script>alert('馆')</script>"
CHINESE = re.compile(r"[\u2e80-\u9fff\uff00-\uffef]")


class Tables(HTMLParser):
    """Every table of a page by its caption: rows of cell texts, and the foot."""

    def __init__(self, html):
        super().__init__()
        self.rows, self.feet = {}, {}
        self.part, self.caption, self.row, self.cell = "", None, None, None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag in ("caption", "thead", "tbody", "tfoot"):
            self.part = tag
        if tag == "caption":
            self.caption = ""
        if tag == "tr":
            self.row = []
        if tag in ("td", "th"):
            self.cell = ""
        if tag == "br" and self.cell is not None:
            self.cell += " "

    def handle_data(self, data):
        if self.part == "caption" and self.cell is None:
            self.caption += data
        if self.cell is not None:
            self.cell += data

    def handle_endtag(self, tag):
        if tag == "caption":
            self.caption = self.caption.split()[0] + " " + self.caption.split()[1]
            self.rows[self.caption], self.feet[self.caption], self.part = [], "", ""
        if tag in ("td", "th") and self.cell is not None:
            self.row.append(self.cell.strip())
            self.cell = None
        if tag == "tr" and self.part == "tbody":
            self.rows[self.caption].append(self.row)
        if tag == "tr" and self.part == "tfoot":
            self.feet[self.caption] = self.row[0]

    def of(self, number):
        return next(rows for caption, rows in self.rows.items() if f" {number}" in f"{caption} ")


def standard(beijing, name="transit45"):
    return parse_question(beijing.standards, (), standard=name)


def item(rows, adcode):
    return next(r for r in rows if r["adcode"] == adcode)


@pytest.fixture(scope="session")
def tongzhou(beijing):
    return report_html(beijing, "110112", standard(beijing))


@pytest.fixture(scope="session")
def tables(tongzhou):
    return Tables(tongzhou)


def share_cells(row):
    return [
        f"{row['covered']:,}",
        f"{row['uncovered']:,}",
        words.percent(row["share"], "zh"),
        words.interval(row["low"], row["high"], "zh"),
    ]


def test_title_sections_and_date_are_there(beijing, tongzhou):
    assert "《通州区科普场馆与基地覆盖分析及缺口报告》" in tongzhou
    for section in SECTIONS:
        assert tongzhou.count(f'id="{section}"') == 1
    assert tongzhou.index('id="service-gaps"') < tongzhou.index('id="data-gaps"')
    assert beijing.manifest.as_of.isoformat() in tongzhou
    assert beijing.manifest.snapshot in tongzhou


def test_every_table_names_date_and_source(beijing, tables):
    assert len(tables.feet) == 11
    for foot in tables.feet.values():
        assert foot.startswith(f"截至 {beijing.manifest.as_of.isoformat()} · 数据来源：")
        assert "OpenStreetMap" in foot


@pytest.mark.parametrize("adcode", DISTRICTS)
def test_district_and_city_numbers_are_the_answers(beijing, adcode):
    question = standard(beijing)
    rows = {r[0]: r[1:] for r in Tables(report_html(beijing, adcode, question)).of(1)}
    both = [item(coverage(beijing, question), adcode), coverage(beijing, question, CITY)[0]]
    assert rows["可达（人）"] == [f"{r['covered']:,}" for r in both]
    assert rows["不可达（人）"] == [f"{r['uncovered']:,}" for r in both]
    assert rows["覆盖率"] == [words.percent(r["share"], "zh") for r in both]
    assert rows["常住人口（人）"] == [f"{r['people']:,}" for r in both]
    assert rows["覆盖率，含假设的地面公交（仅作参考）"] == [
        words.percent(r["with_surface"]["share"], "zh") for r in both
    ]


def test_every_standard_has_its_line(beijing, tables):
    lines = tables.of(4)
    assert len(lines) == len(beijing.standards)
    for line, known in zip(lines, beijing.standards, strict=True):
        row = item(coverage(beijing, standard(beijing, known.id)), "110112")
        assert line[0].startswith(known.name_zh)
        if row["share"] is None:
            assert line[1] == "无数据：所问场馆多数没有位置，无法回答"
        else:
            assert line[1] == f"{row['covered']:,}"
            assert line[2] == words.percent(row["share"], "zh")


def test_townships_are_the_answers_most_uncovered_first_and_add_up(beijing, tables):
    rows = [r for r in coverage(beijing, standard(beijing), "township") if r["adcode"] == "110112"]
    rows.sort(key=lambda r: (-r["uncovered"], r["township_code"]))
    *lines, total = tables.of(5)
    assert [re.sub(r"[*†‡§]+$", "", line[0]) for line in lines] == [r["name_zh"] for r in rows]
    for line, row in zip(lines, rows, strict=True):
        assert line[1:6] == [f"{row['people']:,}", *share_cells(row)]
    assert sum(int(line[3].replace(",", "")) for line in lines) == int(total[3].replace(",", ""))


def test_groups_are_the_answers_and_no_data_is_never_zero(beijing, tables):
    for line, row in zip(tables.of(6), groups(beijing, standard(beijing), "110112"), strict=True):
        assert line[0] == row["group_zh"]
        if row["share"] is None:
            assert line[2:4] == ["无数据", "无数据：该人群无公开人口数据"]
        else:
            assert line[2:7] == [f"{row['people']:,}", *share_cells(row)]


@pytest.mark.parametrize("adcode", ["110112", "110105"])
def test_service_and_data_gaps_stand_apart_and_add_up(beijing, adcode):
    question = standard(beijing)
    page = Tables(report_html(beijing, adcode, question))
    rows = gap_rows(beijing, question, [adcode])
    for number, kind in ((8, "service"), (9, "data")):
        mine = [r for r in rows if r["gap_type"] == kind]
        *lines, total = page.of(number)
        assert total[1] == f"合计 {len(mine)} 处"
        assert total[2] == f"{sum(r['people'] for r in mine):,}"
        for line, row in zip(lines[:TOP_GAPS], mine[:TOP_GAPS], strict=True):
            assert line[2] == f"{row['people']:,}"
            assert line[5] == f"{row['cause_zh']} {row['evidence_zh']}"
            assert line[6] == row["nearest_venue_zh"]
        if len(mine) > TOP_GAPS:
            assert lines[-1][2] == f"{sum(r['people'] for r in mine[TOP_GAPS:]):,}"
    uncovered = item(coverage(beijing, question), adcode)["uncovered"]
    assert page.of(7)[-1][-1] == f"{uncovered:,}"


def test_inventory_lists_every_venue_of_the_district(beijing, tables):
    mine = [v for v in venue_rows(beijing, KINDS) if v["adcode"] == "110112"]
    lines = tables.of(3)
    assert sorted(line[1].split()[0] for line in lines) == sorted(v["name_zh"] for v in mine)
    assert sum("无位置" in line for line in lines) == sum(v["lon"] is None for v in mine)
    total = next(line for line in tables.of(2) if line[0] == "科普场馆合计")
    assert total[1] == str(sum(v["kind"] in SCIENCE_KINDS for v in mine))


def test_sources_and_assumptions_are_all_listed(beijing, tables):
    assert len(tables.of(11)) == len(beijing.manifest.sources)
    assert len(tables.of(10)) == len(assumption_rows(beijing, "zh"))
    assert ["步行速度", "4.8"] in [line[:2] for line in tables.of(10)]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nothing_is_loaded_and_nothing_runs(beijing, lang):
    html = report_html(beijing, "110112", standard(beijing), lang)
    refuse_outside_requests(html)
    assert "<script" not in html
    assert not re.search(r"(?:src|href)=", html)


def hostile(beijing):
    """The same snapshot with a venue, a source and a note that try to break out of the page."""
    venues = list(beijing.area.venues)
    at = next(i for i, v in enumerate(venues) if v.adcode == "110112" and hasattr(v, "lon"))
    venues[at] = dataclasses.replace(venues[at], name_zh=SCRIPT, name_en=SCRIPT, address_zh=SCRIPT)
    evil = Source(*["<img src=x onerror=alert(1)>"] * 6)
    return dataclasses.replace(
        beijing,
        area=dataclasses.replace(beijing.area, venues=tuple(venues)),
        manifest=dataclasses.replace(beijing.manifest, sources=(*beijing.manifest.sources, evil)),
    )


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_names_are_escaped(beijing, lang):
    html = report_html(hostile(beijing), "110112", standard(beijing), lang)
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html


def test_english_report_has_chinese_in_names_only(beijing):
    for adcode in DISTRICTS:
        html = report_html(beijing, adcode, standard(beijing), "en")
        html = re.sub(r"<style>.*?</style>", "", html, flags=re.S)
        rest = re.sub(r'<span lang="zh">.*?</span>', "", html)
        found = CHINESE.search(rest)
        assert found is None, rest[max(found.start() - 80, 0) : found.end() + 20]


def test_chinese_report_has_english_beside(tongzhou):
    for heading in ("Summary", "Inventory", "Coverage by township", "Service gaps", "Sources"):
        assert f'lang="en">{heading}</span>' in tongzhou


def test_unknown_language_and_district_are_refused(beijing):
    with pytest.raises(BadQueryError) as refused:
        report_html(beijing, "110112", Question(), "fr")
    assert refused.value.param == "lang"
    assert refused.value.allowed == ["zh", "en"]
    with pytest.raises(UnknownNameError):
        report_html(beijing, "999999", Question())


def test_a_name_is_understood_and_the_page_is_the_same_each_time(beijing, tongzhou):
    assert report_html(beijing, "通州", standard(beijing)) == tongzhou


def test_a_question_without_data_says_so_and_why(beijing):
    page = Tables(report_html(beijing, "110111", standard(beijing, "branch45")))
    rows = {r[0]: r[1:] for r in page.of(1)}
    assert rows["覆盖率"] == ["无数据", "无数据"]
    assert rows["可达（人）"] == ["无数据", "无数据"]
    html = report_html(beijing, "110111", standard(beijing, "branch45"))
    assert "所问场馆多数没有位置，无法回答" in html
    assert "无数据，不能判断有无服务缺口" in html
    assert 'class="reached"' not in html


@pytest.mark.parametrize(
    "question",
    [
        Question(mode="walk", minutes=15),
        Question(mode="drive", minutes=30),
        Question(mode="transit", minutes=60, k=2),
        Question(surface_transit=True),
        Question(group="seniors"),
        Question(group="farmers"),
        Question(kinds=("science_museum",)),
        Question(kinds=KINDS, minutes=120),
    ],
    ids=lambda q: f"{q.mode}{q.minutes}-{q.group}-k{q.k}",
)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_any_question_has_a_report(beijing, question, lang):
    html = report_html(beijing, "110109", question, lang)
    assert words.question_text(beijing, question, lang) in html
    assert html.rstrip().endswith("</html>")


def test_assumed_buses_stay_out_of_the_headline(beijing, tongzhou):
    row = item(coverage(beijing, standard(beijing)), "110112")
    share = words.percent(row["with_surface"]["share"], "zh")
    assert share != words.percent(row["share"], "zh")
    assert f'<div class="value">{words.percent(row["share"], "zh")}</div>' in tongzhou
    assert f'<div class="value">{share}</div>' not in tongzhou


def test_sketch_is_sound_and_draws_each_gap_and_venue(beijing):
    question = standard(beijing)
    facts = district_facts(beijing, "110112", question)
    sketch = district_sketch(beijing, "110112", question, facts.numbers, "zh")
    root = ElementTree.fromstring(sketch.svg)
    drawn = [e.get("class") for e in root.iter() if (e.get("class") or "").startswith("gap ")]
    assert drawn.count("gap service") >= len(facts.service.rows) > 0
    assert drawn.count("gap data") >= len(facts.data.rows) > 0
    numbers = {e.text for g in root.iter("g") if g.get("class") == "venue" for e in g.iter("text")}
    assert numbers == {
        str(facts.numbers[v["venue_id"]]) for v in facts.venues if v["lon"] is not None
    }


def test_map_carries_its_note_and_room_for_a_review_number(beijing, tongzhou):
    assert "示意图，不作为划界依据" in tongzhou
    assert "审图号：</span>" not in tongzhou
    assert "审图号：____" in tongzhou
    meta = beijing.area.meta.model_copy(update={"review_number": "京S(2026)001号"})
    approved = dataclasses.replace(beijing, area=dataclasses.replace(beijing.area, meta=meta))
    assert "京S(2026)001号" in report_html(approved, "110112", standard(beijing))


def test_marks_stand_for_what_only_some_rows_have():
    rows = [{"flags": ["demand_modelled"]}, {"flags": ["demand_modelled", "residents_estimated"]}]
    notes = marked(rows, "en")
    assert notes.marks == ["", "*"]
    assert notes.legend == [("*", flag_text("residents_estimated", "en"))]
    assert notes.everywhere == [flag_text("demand_modelled", "en")]


def real_flags(beijing):
    questions = [standard(beijing, s.id) for s in beijing.standards]
    questions += [
        Question(surface_transit=True),
        Question(mode="drive"),
        *(Question(group=g.id) for g in beijing.area.meta.groups),
    ]
    for question in questions:
        for level in ("district", "township", CITY):
            for row in coverage(beijing, question, level):
                yield from row["flags"]
        for row in gap_rows(beijing, question):
            yield from row["flags"]
    for venue in beijing.area.venues:
        yield from venue.flags
    for flags in beijing.demand.township_flags:
        yield from flags
    for flags in beijing.area.townships["flags"]:
        yield from filter(None, flags.split("|"))


def test_every_flag_of_the_real_data_has_words(beijing):
    found = set(real_flags(beijing))
    assert len(found) > 20
    for flag in found:
        assert flag in words.FLAGS, flag
    for zh, en in words.FLAGS.values():
        assert CHINESE.search(zh)
        assert not CHINESE.search(en)


def test_every_code_of_the_real_data_has_words(beijing):
    venues = venue_rows(beijing, KINDS)
    for key, table in (
        ("kind", words.KINDS),
        ("tier", words.TIERS),
        ("level", words.LEVELS),
        ("status", words.STATUSES),
        ("confidence", words.CONFIDENCES),
    ):
        assert {v[key] for v in venues} <= set(table)
    assert set(KINDS) <= set(words.KINDS)
    assert {s.source for s in beijing.standards} <= set(words.STANDARD_SOURCES)
    for lang in words.LANGS:
        names = [r["name"] for r in assumption_rows(beijing, lang)]
        assert not [n for n in names if "." in n and "_" in n]


def test_numbers_are_written_as_people_read_them():
    assert words.persons(1_283_908, "zh") == "128.4 万人"
    assert words.persons(9_999, "zh") == "9,999 人"
    assert words.persons(1, "en") == "1 person"
    assert words.persons(None, "zh") == "无数据"
    assert words.percent(None, "en") == "no data"
    assert words.percent(0.00001, "zh") == "<0.1%"
    assert words.percent(0.99999, "zh") == ">99.9%"
    assert words.percent(0.0, "zh") == "0.0%"
    assert words.percent(1.0, "zh") == "100.0%"
