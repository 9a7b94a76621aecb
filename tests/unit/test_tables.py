import dataclasses
import io
import zipfile

import openpyxl
import pandas as pd
import pytest

from venuenet.errors import UnknownNameError
from venuenet.model import KINDS, Question
from venuenet.publish.answers import coverage, gap_rows, groups, venue_rows
from venuenet.publish.csv_files import coverage_csv, gaps_csv
from venuenet.publish.tables import SHEETS, report_xlsx
from venuenet.questions import parse_question

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "＝1+1", "\t=1", "\r=1")


@pytest.fixture(scope="session")
def question(beijing):
    return parse_question(beijing.standards, (), standard="transit45")


@pytest.fixture(scope="session")
def workbook(beijing, question):
    return report_xlsx(beijing, "110112", question)


def opened(content):
    return openpyxl.load_workbook(io.BytesIO(content))


def lines(sheet, first):
    """The rows of a table as dicts, keyed by the Chinese heading."""
    rows = list(sheet.iter_rows(values_only=True))
    at = next(i for i, row in enumerate(rows) if str(row[0]).split("\n")[0] == first)
    names = [str(name).split("\n")[0] for name in rows[at] if name]
    table = []
    for row in rows[at + 1 :]:
        if str(row[0]).startswith(("各行均适用", "截至")):
            break
        table.append(dict(zip(names, row, strict=False)))
    return table


def test_sheets_headings_and_frozen_panes(beijing, workbook):
    book = opened(workbook)
    assert tuple(book.sheetnames) == SHEETS
    for sheet in book:
        assert sheet.freeze_panes
        texts = [str(c.value) for row in sheet.iter_rows() for c in row if c.value is not None]
        assert any(
            t.startswith(f"截至 {beijing.manifest.as_of.isoformat()} · 数据来源：") for t in texts
        )
        assert any("\n" in t and t.split("\n")[1].isascii() for t in texts)


def test_townships_equal_the_answers(beijing, question, workbook):
    rows = {
        r["name_zh"]: r for r in coverage(beijing, question, "township") if r["adcode"] == "110112"
    }
    *towns, total = lines(opened(workbook)["覆盖(街道乡镇)"], "街道乡镇")
    assert {t["街道乡镇"] for t in towns} == set(rows)
    for town in towns:
        row = rows[town["街道乡镇"]]
        assert town["人口"] == row["people"]
        assert town["可达"] == row["covered"]
        assert town["不可达"] == row["uncovered"]
        assert town["覆盖率"] == pytest.approx(row["share"])
        assert town["低"] == pytest.approx(row["low"])
        assert town["含假设公交（参考）"] == pytest.approx(row["with_surface"]["share"])
    assert total["可达"] == sum(t["可达"] for t in towns)


def test_groups_equal_the_answers_and_unknown_is_no_data(beijing, question, workbook):
    found = lines(opened(workbook)["人群"], "人群")
    for line, row in zip(found, groups(beijing, question, "110112"), strict=True):
        assert line["人群"] == row["group_zh"]
        assert line["可达"] == ("无数据" if row["covered"] is None else row["covered"])
        assert line["人口"] == ("无数据" if row["people"] is None else row["people"])


@pytest.mark.parametrize(("sheet", "kind"), [("服务缺口", "service"), ("数据缺口", "data")])
def test_gap_sheets_stand_apart_and_hold_every_gap(beijing, question, workbook, sheet, kind):
    mine = [r for r in gap_rows(beijing, question, ["110112"]) if r["gap_type"] == kind]
    found = lines(opened(workbook)[sheet], "所在街道乡镇")
    assert [(r["缺口编号"], r["人口"]) for r in found] == [(r["gap_id"], r["people"]) for r in mine]


def test_venue_sheet_lists_the_district(beijing, workbook):
    mine = {v["venue_id"]: v for v in venue_rows(beijing, KINDS) if v["adcode"] == "110112"}
    found = lines(opened(workbook)["场馆"], "编号")
    assert {r["场馆编号"] for r in found} == set(mine)
    for line in found:
        lon = mine[line["场馆编号"]]["lon"]
        assert line["经度"] == ("无数据" if lon is None else pytest.approx(lon))


def test_summary_has_every_standard(beijing, workbook):
    found = lines(opened(workbook)["摘要"], "标准")
    assert len(found) == 2 * (1 + len(beijing.standards))


def test_numbers_are_numbers_with_a_format(workbook):
    sheet = opened(workbook)["覆盖(街道乡镇)"]
    formats = {c.number_format for row in sheet.iter_rows() for c in row if c.data_type == "n"}
    assert {"#,##0", "0.0%", "#,##0.0"} <= formats


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_is_a_formula_whatever_a_list_says(beijing, question, text):
    venues = [
        dataclasses.replace(v, name_zh=text, name_en=text, address_zh=text, note=text, source=text)
        if v.adcode == "110112"
        else v
        for v in beijing.area.venues
    ]
    area = dataclasses.replace(beijing.area, venues=tuple(venues))
    content = report_xlsx(dataclasses.replace(beijing, area=area), "110112", question)
    cells = [c for sheet in opened(content) for row in sheet.iter_rows() for c in row]
    assert not [c for c in cells if c.data_type == "f"]
    quoted = [c for c in cells if c.data_type == "s" and c.value.strip() == text.strip()]
    assert quoted
    assert all(c.quotePrefix for c in quoted)
    with zipfile.ZipFile(io.BytesIO(content)) as files:
        for name in files.namelist():
            if name.startswith("xl/worksheets/sheet"):
                assert b"<f>" not in files.read(name)


def test_characters_a_workbook_cannot_hold_are_dropped(beijing, question):
    venues = [
        dataclasses.replace(v, name_zh="馆\x00\x0b名") if v.adcode == "110112" else v
        for v in beijing.area.venues
    ]
    area = dataclasses.replace(beijing.area, venues=tuple(venues))
    content = report_xlsx(dataclasses.replace(beijing, area=area), "110112", question)
    assert {r["名称"] for r in lines(opened(content)["场馆"], "编号")} == {"馆名"}


def test_same_bytes_each_time_dated_by_the_data(beijing, question, workbook):
    assert report_xlsx(beijing, "110112", question) == workbook
    properties = opened(workbook).properties
    assert properties.created.date() == properties.modified.date() == beijing.manifest.as_of


def test_a_question_without_data(beijing):
    branch = parse_question(beijing.standards, (), standard="branch45")
    book = opened(report_xlsx(beijing, "110112", branch))
    for town in lines(book["覆盖(街道乡镇)"], "街道乡镇"):
        assert town["可达"] == town["覆盖率"] == "无数据"
    assert lines(book["服务缺口"], "所在街道乡镇") == []


def test_unknown_district_is_refused(beijing):
    with pytest.raises(UnknownNameError):
        report_xlsx(beijing, "火星", Question())


@pytest.mark.parametrize("level", ["district", "township", "city"])
def test_coverage_csv_reads_back(beijing, question, level):
    rows = coverage(beijing, question, level)
    content = coverage_csv(rows)
    assert content.startswith(b"\xef\xbb\xbf")
    frame = pd.read_csv(io.BytesIO(content), dtype={"adcode": str, "township_code": str})
    assert list(frame["name_zh"]) == [r["name_zh"] for r in rows]
    assert list(frame["covered"]) == [r["covered"] for r in rows]
    assert frame["share"].tolist() == pytest.approx([r["share"] for r in rows])
    assert frame["nearest_venue_id"].tolist() == [r["nearest"]["venue_id"] for r in rows]
    assert ("township_code" in frame.columns) == (level == "township")
    assert frame["flags"][0].split("|") == rows[0]["flags"]


def test_no_data_is_blank_in_csv(beijing):
    rows = groups(beijing, Question(), "110112")
    frame = pd.read_csv(io.BytesIO(coverage_csv(rows))).set_index("group")
    assert pd.isna(frame.loc["farmers", "covered"])
    assert "no_data:group_unknown" in frame.loc["farmers", "flags"]


def test_gaps_csv_reads_back(beijing, question):
    rows = gap_rows(beijing, question, ["110112"])
    frame = pd.read_csv(io.BytesIO(gaps_csv(rows)))
    assert list(frame["gap_id"]) == [r["gap_id"] for r in rows]
    assert frame["people"].sum() == sum(r["people"] for r in rows)
    assert list(frame["cause_zh"]) == [r["cause_zh"] for r in rows]


def test_empty_csv_has_its_headings():
    assert pd.read_csv(io.BytesIO(coverage_csv([]))).empty
    assert "gap_id" in pd.read_csv(io.BytesIO(gaps_csv([]))).columns


@pytest.mark.parametrize("text", FORMULAS)
def test_text_in_csv_is_never_a_formula(beijing, text):
    row = {**coverage(beijing, Question())[0], "name_zh": text, "uncovered": -1}
    frame = pd.read_csv(io.BytesIO(coverage_csv([row])), keep_default_na=False)
    assert frame["name_zh"][0] == f"'{text}"
    assert frame["uncovered"][0] == -1
