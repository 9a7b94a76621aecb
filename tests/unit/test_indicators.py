"""A user's own tables: taken whole or refused whole, every fault told at once."""

import json
import os
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venuenet import area as areas
from venuenet import planformat
from venuenet.errors import SourceError, VenuenetError
from venuenet.indicators import read_extras, read_table, store, template
from venuenet.planformat import COLUMNS, SAYS, WHATS

POPULATION = "区 adcode,户籍人口 registered,年份 year,数据来源 source\n"
INDICATORS = "indicator,name_zh,name_en,unit,adcode,value,target,year,direction,source\n"
OBJECTIVES = (
    "objective,name_zh,name_en,adcode,metric,baseline,baseline_date,target,target_date,owner,"
    "source\n"
)
HEADS = {"population": POPULATION, "indicators": INDICATORS, "objectives": OBJECTIVES}
ROW = {
    "population": "110101,500000,2024,公安\n",
    "indicators": "甲,甲数,,个,110101,1,2,2025,at_least,自报\n",
    "objectives": "o1,步行可达,,110101,walk15,0.4,2025-12-31,0.6,2030-12-31,区科协,规划\n",
}


@pytest.fixture(scope="module")
def place():
    return areas.load()


@pytest.fixture
def read(place, tmp_path):
    def go(what, text, metrics=None, name="table.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return read_table(path, what, place, metrics)

    return go


def faults_of(read, what, text, **more):
    with pytest.raises(SourceError) as refused:
        read(what, text, **more)
    return refused.value.faults


def test_registered_people_are_read_however_a_planner_writes_them(read):
    lines = (
        "东城区,98.3万,2024,公安",
        '西城,"1,480,000",２０２４,公安',
        "haidian,2400000人,,年鉴",
        "全市,14130000,2024,年鉴",
    )
    rows = read("population", POPULATION + "\n".join(lines))
    assert [(r["adcode"], r["registered"], r["year"]) for r in rows] == [
        ("110101", 983_000, 2024), ("110102", 1_480_000, 2024), ("110108", 2_400_000, None),
        (None, 14_130_000, 2024),
    ]  # fmt: skip


def test_what_is_stored_is_read_back_the_same_as_plain_json(read, tmp_path):
    folder = tmp_path / "inputs"
    text = {
        "population": POPULATION + '东城,500000,2024,"甲,""乙"""\n全市,14000000,,年鉴\n',
        "indicators": INDICATORS
        + "甲,甲数,A,个,东城,1.25,,2025,不低于,自报\n甲,甲数,A,个,全市,无,3,2025,at_least,自报\n",
        "objectives": OBJECTIVES + "o1,步行可达,,东城,walk15,,,0.6,2030,区科协,=规划\n",
    }
    rows = {what: read(what, text[what]) for what in WHATS}
    for what in WHATS:
        store(rows[what], what, folder)
    found = read_extras(folder)
    assert json.loads(json.dumps(found)) == found
    assert found["indicators"] == rows["indicators"]
    assert found["objectives"] == rows["objectives"]
    assert found["population"] == {
        "110101": {"registered": 500_000, "year": 2024, "source": '甲,"乙"'},
        "city": {"registered": 14_000_000, "year": None, "source": "年鉴"},
    }
    assert found["indicators"][1]["value"] is None
    assert found["objectives"][0]["target_date"] == "2030-12-31"
    assert read_extras(folder) == found


def test_nothing_imported_is_nothing(tmp_path):
    assert read_extras(tmp_path) == {}
    assert read_extras(tmp_path / "nowhere") == {}


def test_a_workbook_is_read_as_well(place, tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["区", "户籍人口", "数据来源"])
    book.active.append(["石景山", 380000, "年鉴"])
    book.save(tmp_path / "户籍.xlsx")
    (row,) = read_table(tmp_path / "户籍.xlsx", "population", place)
    assert row == {"adcode": "110107", "registered": 380_000, "year": None, "source": "年鉴"}


@pytest.mark.parametrize("what", WHATS)
def test_the_template_is_a_table_that_only_lacks_rows(read, what):
    empty = template(what).decode("utf-8-sig")
    assert [f.what_zh for f in faults_of(read, what, empty)] == ["没有数据行"]
    assert len(read(what, empty + ROW[what])) == 1
    assert all(c.zh in empty and c.name in empty for c in COLUMNS[what])


def test_all_faults_are_told_at_once_with_row_and_column(read):
    faults = faults_of(
        read,
        "indicators",
        INDICATORS
        + "a b,甲,,个,110101,1,2,2025,at_least,x\n"
        + "甲,甲,,个,上海,一些,-2,1800,up,\n"
        + "乙,乙,,个,110101,1,,2025,at_least,x\n"
        + "乙,乙,,家,110101,2,,2025,at_most,x\n",
    )
    told = {(f.row, f.column) for f in faults}
    assert told == {
        (2, "indicator"), (3, "adcode"), (3, "value"), (3, "target"), (3, "year"),
        (3, "direction"), (3, "source"), (5, "indicator"), (5, "unit"), (5, "direction"),
    }  # fmt: skip
    for f in faults:
        assert f.file == "table.csv"
        assert f.what_zh
        assert f.mend_en


@pytest.mark.parametrize("number", ["nan", "inf", "-1", "1e400", "abc", "12-15", "9" * 400, "5%"])
@pytest.mark.parametrize(
    ("what", "column"),
    [("population", "registered"), ("indicators", "value"), ("objectives", "target")],
)
def test_no_nasty_number_gets_in(read, what, column, number):
    names = [c.name for c in COLUMNS[what]]
    cells = ROW[what].strip().split(",")
    cells[names.index(column)] = number
    (fault,) = faults_of(read, what, HEADS[what] + ",".join(cells) + "\n")
    assert (fault.row, fault.column) == (2, column)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        (POPULATION + "110101,500.5,2024,x\n", "registered"),
        (POPULATION + "110101,0,2024,x\n", "registered"),
        (POPULATION + "110101,,2024,x\n", "registered"),
        (POPULATION + "110101,5,2024,x\n东城,6,2024,x\n", "adcode"),
        (POPULATION + "110101,5,2024,{}\n".format("长" * 201), "source"),
        ("区,户籍人口,年份\n110101,5,2024\n", "数据来源 source"),
        ("区,户籍人口,数据来源,考核\n110101,5,x,1\n", "考核"),
        ("区,户籍人口,数据来源,区\n110101,5,x,1\n", "区"),
    ],
)
def test_a_population_that_is_not_whole_is_refused_where_it_fails(read, text, column):
    assert column in [f.column for f in faults_of(read, "population", text)]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("o1,甲,,110101,walk15,0.4,2025,0.4,2030,,x", "target"),
        ("o1,甲,,110101,walk15,0.4,2031,0.6,2030,,x", "target_date"),
        ("o1,甲,,110101,walk15,0.4,2030,0.6,2030,,x", "target_date"),
        ("o1,甲,,110101,walk15,0.4,2025,0.6,明年,,x", "target_date"),
        ("o1,甲,,110101,walk15,0.4,2025,0.6,长期,,x", "target_date"),
        ("o1,甲,,110101,walk16,0.4,2025,0.6,2030,,x", "metric"),
        ("o1,甲,,110101,walk15,0.4,2025,,2030,,x", "target"),
    ],
)
def test_an_objective_without_a_way_to_go_is_refused(read, row, column):
    (fault,) = faults_of(read, "objectives", OBJECTIVES + row + "\n", metrics={"walk15"})
    assert (fault.row, fault.column) == (2, column)


def test_an_objective_may_be_about_anything_where_nobody_says_what_there_is(read):
    text = OBJECTIVES + "o1,甲,,110101,walk16,0.4,2025,0.6,2030,,x\n"
    assert read("objectives", text)[0]["metric"] == "walk16"


def test_an_indicator_may_not_pass_for_a_yardstick_of_the_tool(read):
    row = "hall_101,甲,,个,110101,1,2,2025,at_least,x\n"
    (fault,) = faults_of(read, "indicators", INDICATORS + row)
    assert "hall_101" in fault.what_zh
    assert read("indicators", INDICATORS + row.replace("hall_101", "hall_m2_per_10k"))


def test_a_share_of_people_is_at_most_one(read):
    row = "walk15,步行,,比例,110101,{},{},2025,at_least,x\n"
    faults = faults_of(read, "indicators", INDICATORS + row.format(41, 60))
    assert [(f.row, f.column) for f in faults] == [(2, "value"), (2, "target")]
    assert read("indicators", INDICATORS + row.format(0.41, 1))
    row = "o1,甲,,110101,walk15,40,2025,60,2030,,x\n"
    faults = faults_of(read, "objectives", OBJECTIVES + row)
    assert [f.column for f in faults] == ["baseline", "target"]


def test_the_same_objective_twice_is_refused(read):
    faults = faults_of(read, "objectives", OBJECTIVES + 2 * ROW["objectives"])
    assert [(f.row, f.column) for f in faults] == [(3, "objective")]


def test_more_rows_than_anybody_reports_are_refused(read, monkeypatch):
    rows = "".join(f"甲{i},甲,,个,110101,1,2,2025,at_least,x\n" for i in range(5))
    monkeypatch.setattr("venuenet.indicators.MAX_ROWS", 5)
    assert len(read("indicators", INDICATORS + rows)) == 5
    monkeypatch.setattr("venuenet.indicators.MAX_ROWS", 4)
    assert len(faults_of(read, "indicators", INDICATORS + rows)) == 1


def test_two_filled_sheets_are_one_too_many(place, tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["区", "户籍人口", "数据来源"])
    book.create_sheet().append(["区"])
    book.save(tmp_path / "x.xlsx")
    with pytest.raises(SourceError) as refused:
        read_table(tmp_path / "x.xlsx", "population", place)
    assert refused.value.faults[0].what_en == SAYS["sheets"][1]


@pytest.mark.parametrize("name", ["none.csv", "x.pdf", ".", "x\x00.csv"])
def test_what_is_no_table_is_refused_in_both_languages(place, tmp_path, name):
    with pytest.raises(VenuenetError) as refused:
        read_table(tmp_path / name, "population", place)
    assert refused.value.detail
    assert refused.value.detail_en


def test_a_stored_table_spoilt_by_hand_is_refused_at_the_next_build(read, tmp_path):
    folder = tmp_path / "inputs"
    kept = store(read("population", POPULATION + ROW["population"]), "population", folder)
    kept.write_text(kept.read_text("utf-8").replace("110101", "东城"), "utf-8")
    with pytest.raises(SourceError) as refused:
        read_extras(folder)
    assert [(f.row, f.column) for f in refused.value.faults] == [(2, "adcode")]


def test_a_write_that_fails_leaves_the_table_before_and_nothing_else(read, tmp_path, monkeypatch):
    folder = tmp_path / "inputs"
    rows = read("population", POPULATION + ROW["population"])
    kept = store(rows, "population", folder)
    before = kept.read_bytes()

    def full(_):
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        store([{**rows[0], "registered": 1}], "population", folder)
    assert kept.read_bytes() == before
    assert [p.name for p in folder.iterdir()] == ["population.csv"]


def test_an_import_takes_the_place_of_the_one_before(read, tmp_path):
    store(read("population", POPULATION + ROW["population"]), "population", tmp_path)
    store(read("population", POPULATION + "西城,7,2024,x\n"), "population", tmp_path)
    assert list(read_extras(tmp_path)["population"]) == ["110102"]


@pytest.mark.parametrize("code", SAYS)
def test_every_fault_of_these_tables_says_what_and_how_to_mend_it_in_both_languages(code):
    zh, en, mend_zh, mend_en = SAYS[code]
    assert any("\u4e00" <= c <= "\u9fff" for c in zh) and mend_zh
    assert not any("\u4e00" <= c <= "\u9fff" for c in en + mend_en)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(WHATS), st.text(max_size=200))
def test_any_text_is_read_or_refused_never_more(what, text):
    place = areas.load() if not _PLACE else _PLACE[0]
    _PLACE[:] = [place]
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"venuenet-any-{os.getpid()}.csv"
    path.write_text(HEADS[what] + text, encoding="utf-8", errors="replace")
    try:
        for row in read_table(path, what, place):
            assert list(row) == [c.name for c in COLUMNS[what]]
    except SourceError as refused:
        assert refused.faults
    finally:
        path.unlink()


_PLACE: list = []


def test_the_limits_are_those_the_documents_name():
    text = (Path(__file__).parents[2] / "docs" / "yardsticks.md").read_text("utf-8")
    assert f"{planformat.MAX_ROWS:,}" in text
