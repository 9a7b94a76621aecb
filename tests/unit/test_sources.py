"""Lists as planners hold them: every filled row is a record or rejected, with the reason why."""

import base64
import csv
import datetime as dt
import gzip
import hashlib
import io
import json
import re
import shutil
import sqlite3
from collections import Counter
from pathlib import Path

import geopandas as gpd
import openpyxl
import pytest
from pyproj import Transformer
from shapely.geometry import MultiPoint, Point, Polygon

from venuenet import area
from venuenet.errors import SourceError
from venuenet.registry.model import RowRef
from venuenet.sources import FIELDS, limits, read_list, recognise, signature
from venuenet.sources.headers import meaning
from venuenet.sources.says import SAYS

SHARED = Path(__file__).parents[3] / "shared"
ROOT = Path(__file__).parents[2]
HEADER = ["名称", "所属区", "地址"]


@pytest.fixture(scope="module")
def districts():
    return area.load().districts


@pytest.fixture
def read(tmp_path, districts):
    """Write a file and read it as a list."""

    def reading(name, content, mapping=None):
        path = tmp_path / name
        if isinstance(content, dict):
            book(path, content)
        elif isinstance(content, list):
            text = io.StringIO(newline="")
            csv.writer(text).writerows(content)
            path.write_text(text.getvalue(), encoding="utf-8", newline="")
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_list(path, districts, mapping)

    return reading


def book(path, sheets):
    """Write {sheet: rows} as .xlsx; a sheet's "merged" and "hidden" stand beside its rows."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, about in sheets.items():
        rows, merged, state = about if isinstance(about, tuple) else (about, (), "visible")
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
        for span in merged:
            sheet.merge_cells(span)
        sheet.sheet_state = state
    made.save(path)


def names(found):
    return [r.name_zh for r in found.records]


def codes(faults):
    """The key in SAYS of each fault: whose English sentence it is, the wordiest of several."""
    shapes = {
        code: ".*".join(map(re.escape, re.split(r"\{[^}]*\}", said[1])))
        for code, said in SAYS.items()
    }
    return [
        max(
            (c for c, s in shapes.items() if re.fullmatch(s, f.what_en)),
            key=lambda c: len(shapes[c]),
        )
        for f in faults
    ]


def told(faults, about):
    """(its file, row or column, its key in SAYS) of each fault."""
    return [(getattr(f, about), code) for f, code in zip(faults, codes(faults), strict=True)]


def reasons(found):
    return {ref.row: fault.what_zh for ref, _, fault in found.rejected}


# The real lists


@pytest.fixture(scope="module")
def messy(districts):
    path = SHARED / "data" / "messy_venues.csv"
    if not path.exists():
        pytest.skip("the messy list is not beside the project")
    return read_list(path, districts), path


def test_the_messy_list_gives_a_record_for_every_row(messy):
    found, path = messy
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(found.records) == 116
    assert found.rejected == ()
    for number, (row, record) in enumerate(zip(rows, found.records, strict=True), 2):
        assert record.ref == RowRef("messy_venues.csv", None, number)
        assert (record.name_zh, record.district_text, record.kind_text, record.address_zh) == (
            row["name"], row["district"], row["type"], row["address"],
        )  # fmt: skip
        assert record.raw == row
        assert record.adcode is not None


def test_the_messy_list_is_understood_as_people_would(messy, districts):
    found, path = messy
    assert found.columns == {
        "name": "name_zh", "district": "adcode", "type": "kind", "address": "address_zh",
    }  # fmt: skip
    assert {r.status for r in found.records} == {None}
    assert [(f.column, f.row) for f in found.faults] == [("status", None)]
    assert found.datum is None
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    by_code = dict(zip(districts["adcode"], districts["name_zh"], strict=True))
    assert all(by_code[r.adcode] == r.district_text for r in found.records)
    kinds = {r.name_zh: r.kind for r in found.records}
    assert Counter(kinds.values()).keys() == {"science_museum", "other"}
    science = {
        "中国科学技术馆",
        "北京天文馆",
        "中国地质博物馆",
        "中国航空博物馆",
        "国家自然博物馆",
        "中国古动物馆",
    }
    other = {
        "世界公园",
        "首都图书馆",
        "国家大剧院",
        "中国军事博物馆",
        "故宫博物院",
        "五棵松体育馆",
        "首钢园",
    }
    assert {kinds[n] for n in science} == {"science_museum"}
    assert {kinds[n] for n in other} == {"other"}


@pytest.mark.parametrize(
    ("path", "datum"),
    [(SHARED / "facts" / "venues.csv", "WGS84"), (ROOT / "data" / "geo" / "venues.csv", None)],
    ids=["facts", "pack"],
)
def test_our_own_venues_come_back_as_they_are(path, datum, districts):
    if not path.exists():
        pytest.skip("the facts are not beside the project")
    found = read_list(path, districts)
    assert (found.faults, found.rejected, found.datum) == ((), (), datum)
    by_name = dict(zip(districts["name_zh"], districts["adcode"], strict=True))
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row, record in zip(rows, found.records, strict=True):
        assert record.venue_id == row.get("venue_id", row.get("id"))
        for field in ("name_zh", "name_en", "kind", "address_zh", "confidence", "note"):
            assert getattr(record, field) == row[field], field
        assert record.aliases == tuple(filter(None, row.get("aliases", "").split("|")))
        assert record.adcode == (row.get("adcode") or by_name.get(row.get("district_zh")))
        assert record.level == (None if row["level"] == "unknown" else row["level"])
        assert record.status == row.get("status")
        for field, column in (
            ("lon", "lon_wgs84"), ("lat", "lat_wgs84"), ("precision_m", "coord_precision_m"),
            ("exhibition_m2", ""), ("visits_per_year", ""),
        ):  # fmt: skip
            text = row.get(field, row.get(column, ""))
            assert getattr(record, field) == (float(text) if text else None), field


# Spreadsheets


HEAD = [
    ["序号", "基地\n名称", "所属区", "坐标（GCJ-02）", None, "面积（平方米）", None,
     "年接待量\n（万人次）", "有效期", "开放状态", "备注"],
    [None, None, None, "经度", "纬度", "建筑", "展厅", None, None, None, None],
]  # fmt: skip
HAIDIAN = [
    ["2025年海淀区科普基地一览表"],
    ["填报单位：海淀区科协", None, None, None, None, None, "2025年6月"],
    *HEAD,
    [1, "海淀公共安全馆", "海淀区", 116.3, 39.98, "5,000", "约3000", 1.2,
     "2021-2025", "正常开放", "无"],
    [2, "中国古动物馆", None, "116°19′30″E", "39°56′N", "—", "1.5亩", "2万",
     "2025年底", "装修", "x"],
    [3, "某某馆", None, 39.9, 116.3, "5000-8000", "inf", "3000人次", "长期", "已关闭", None],
    ["小计", None, None, None, None, 5000],
    *HEAD,
    [4, "廊坊科技馆", "河北省廊坊市", 116.7, 39.5],
    [5, "没有区的馆", None, 116.4, 39.9],
    [6, None, "朝阳区"],
    [7, "1234", "朝阳区"],
    [8, "长" * 121, "朝阳区"],
    [None] * 11,
    ["注：1.本表由各区填报。"],
    ["填表人：张三", None, None, "联系电话：010-1"],
    ["合  计", "8家", None, None, None, "99999"],
]  # fmt: skip
SPANS = ("A1:K1", "A3:A4", "D3:E3", "F3:G3", "C5:C7", "A17:K17")


@pytest.fixture
def haidian(read):
    return read("海淀.xlsx", {"海淀区": (HAIDIAN, SPANS, "visible")})


def test_a_districts_spreadsheet_is_read_as_it_is(haidian):
    assert [(r.name_zh, r.ref.row) for r in haidian.records] == [
        ("海淀公共安全馆", 5), ("中国古动物馆", 6), ("某某馆", 7), ("没有区的馆", 12),
    ]  # fmt: skip
    assert haidian.columns == {
        "基地 名称": "name_zh", "所属区": "adcode", "坐标（GCJ-02） 经度": "lon",
        "坐标（GCJ-02） 纬度": "lat", "面积（平方米） 建筑": "building_m2",
        "面积（平方米） 展厅": "exhibition_m2", "年接待量 （万人次）": "visits_per_year",
        "有效期": "valid_until", "开放状态": "status", "备注": "note",
    }  # fmt: skip
    assert haidian.datum == "GCJ-02"
    first, second, third, _ = haidian.records
    assert (first.lon, first.lat) == (116.3, 39.98)
    assert (first.building_m2, first.exhibition_m2, first.visits_per_year) == (5000, 3000, 12000)
    assert (first.status, first.note, first.valid_until) == ("open", "", dt.date(2025, 12, 31))
    assert (second.lon, second.lat) == pytest.approx((116.325, 39 + 56 / 60))
    assert (second.building_m2, second.exhibition_m2, second.visits_per_year) == (None, 1000, 20000)
    assert (second.status, second.note) == ("unknown", "x；状态：装修")
    assert (third.lon, third.lat, third.status) == (None, None, "closed")
    assert first.raw["序号"] == "1"


def test_every_filled_row_of_it_is_accounted_for(haidian):
    filled = {n for n, row in enumerate(HAIDIAN, 1) if any(c is not None for c in row)}
    header = {3, 4}
    assert {r.ref.row for r in haidian.records} | reasons(haidian).keys() == filled - header
    assert reasons(haidian) == {
        1: "表头之上的标题或说明", 2: "表头之上的标题或说明", 8: "合计行", 9: "重复的表头",
        10: "重复的表头",
        11: "在外地：河北省廊坊市", 13: "没有名称", 14: "名称“1234”没有汉字或字母",
        15: "名称超过 120 个字符", 17: "表中的标题或表下的说明", 18: "表中的标题或表下的说明",
        19: "合计行",
    }  # fmt: skip
    assert all(raw for _, raw, _ in haidian.rejected)


def test_its_faults_name_sheet_row_and_column(haidian):
    assert sorted((f.file, f.row, f.column) for f in haidian.faults) == [
        ("海淀.xlsx[海淀区]", 7, "坐标（GCJ-02） 经度"),
        ("海淀.xlsx[海淀区]", 7, "面积（平方米） 展厅"),
        ("海淀.xlsx[海淀区]", 7, "面积（平方米） 建筑"),
    ]
    assert sorted(codes(haidian.faults)) == ["not_finite", "number_range", "swapped"]


def test_a_group_over_two_columns_is_read_where_no_cells_are_merged(read):
    rows = [
        ["科普基地一览", "", "", "", ""], ["名称", "百度坐标", "", "面积", "", "电话"],
        ["", "经度", "纬度", "建筑", "展厅（亩）", ""], ["甲馆", "116.3", "39.9", "100", "3", "1"],
    ]  # fmt: skip
    found = read("x.csv", rows)
    record = found.records[0]
    assert (record.building_m2, record.exhibition_m2, record.phone) == (100, 2000, "1")
    assert (found.datum, record.lon, record.lat) == ("BD-09", 116.3, 39.9)
    assert list(record.raw) == [
        "名称", "百度坐标 经度", "百度坐标 纬度", "面积 建筑", "面积 展厅（亩）", "电话",
    ]  # fmt: skip


def test_only_a_merged_district_runs_down(haidian, read):
    assert [r.adcode for r in haidian.records] == ["110108", "110108", "110108", None]
    blank = read("x.csv", [["名称", "所属区"], ["甲馆", "海淀区"], ["乙馆", ""]])
    assert [r.adcode for r in blank.records] == ["110108", None]


def test_a_merged_figure_is_not_shared_out(read):
    rows = [["名称", "年接待量", "类别"], ["甲馆", 900, "科技馆"], ["乙馆", None, None]]
    found = read("x.xlsx", {"s": (rows, ("B2:B3", "C2:C3"), "visible")})
    assert [(r.visits_per_year, r.kind) for r in found.records] == [
        (900, "science_museum"), (None, "science_museum"),
    ]  # fmt: skip


def test_overlapping_merged_ranges_do_not_multiply(read):
    rows = [["名称", "所属区"], ["甲馆", "海淀区"], ["乙馆", None], ["丙馆", None]]
    found = read("x.xlsx", {"s": (rows, ("B2:B3", "B3:B4", "B2:B4"), "visible")})
    assert [r.adcode for r in found.records][:2] == ["110108", "110108"]


def test_each_sheet_with_a_header_is_read(read):
    found = read(
        "x.xlsx",
        {
            "甲": [HEADER, ["甲馆", "海淀区", "1号"]],
            "说明": [["填表说明"], ["字段", "要求"], ["名称", "填写全称"], ["地址", "填写门牌号"]],
            "空": [],
            "乙": ([["馆名", "电话"], ["乙馆", 62345678]], (), "hidden"),
        },
    )
    assert [(r.ref, r.name_zh) for r in found.records] == [
        (RowRef("x.xlsx", "甲", 2), "甲馆"), (RowRef("x.xlsx", "乙", 2), "乙馆"),
    ]  # fmt: skip
    assert told(found.faults, "file") == [
        ("x.xlsx[说明]", "sheet_no_header"), ("x.xlsx[乙]", "hidden_sheet"),
    ]  # fmt: skip
    assert found.records[1].phone == "62345678"


def test_a_second_table_under_the_first_is_read_by_its_own_header(read):
    """Though the second names more fields than the first."""
    first = [["名称", "地址", "电话"], ["甲馆", "海淀区1号", 1]]
    second = [["序号", "名称", "经度", "纬度", "类别"], [1, "乙馆", 116.3, 39.9, "科技馆"]]
    found = read("x.xlsx", {"s": first + second})
    assert [(r.name_zh, r.phone, r.lon, r.ref.row) for r in found.records] == [
        ("甲馆", "1", None, 2), ("乙馆", "", 116.3, 4),
    ]  # fmt: skip
    assert (found.rejected, found.faults) == ((), ())


@pytest.mark.parametrize("rows", [25, 5])
def test_a_header_is_looked_for_among_the_first_twenty_rows(read, rows):
    above = [[f"说明第{n}行", "x"] for n in range(rows)]
    table = [*above, ["序号", *HEADER], [1, "甲馆", "海淀区", "1号"]]
    if rows > limits.HEADER_ROWS:
        with pytest.raises(SourceError) as error:
            read("x.xlsx", {"s": table})
        assert codes(error.value.faults) == ["no_header", "sheet_no_header"]
    else:
        found = read("x.xlsx", {"s": table})
        assert names(found) == ["甲馆"]
        assert len(found.rejected) == rows


def test_numbers_dates_and_booleans_of_excel(read):
    found = read(
        "x.xlsx",
        {
            "s": [
                ["名称", "电话", "有效期至", "开馆日期", "场馆编号", "营业"],
                [
                    "甲馆",
                    1062345678,
                    dt.datetime(2025, 6, 30),
                    dt.date(2001, 5, 1),
                    "V110108-007",
                    True,
                ],
                ["乙馆", 62345678.0, 2025, 2001, "v110108-008", None],
                ["丙馆", None, None, None, "甲7", None],
            ]
        },
    )
    first, second, third = found.records
    assert (first.phone, first.valid_until, first.opened_on, first.venue_id) == (
        "1062345678", dt.date(2025, 6, 30), dt.date(2001, 5, 1), "V110108-007",
    )  # fmt: skip
    assert first.raw["营业"] == "True"
    assert (second.phone, second.valid_until, second.opened_on) == (
        "62345678", dt.date(2025, 12, 31), dt.date(2001, 1, 1),
    )  # fmt: skip
    assert (second.venue_id, third.venue_id) == ("V110108-008", None)
    assert codes(found.faults) == ["venue_id"]


def test_a_workbook_of_excel_97(districts, tmp_path):
    packed = (Path(__file__).parent / "lists" / "old_directory.xls.gz.b64").read_text()
    path = tmp_path / "old_directory.xls"
    path.write_bytes(gzip.decompress(base64.b64decode(packed)))
    found = read_list(path, districts)
    assert [(r.ref.row, r.name_zh, r.adcode, r.level, r.lon) for r in found.records] == [
        (4, "中国地质博物馆", "110102", "national", 116.365),
        (5, "北京天文馆", "110102", "national", 116.3293),
        (6, "密云水库展览馆", "110118", "district", None),
    ]
    assert [r.valid_until.isoformat() for r in found.records] == [
        "2020-12-31", "2020-12-31", "2018-12-31",
    ]  # fmt: skip
    assert found.records[0].phone == "66557858"
    assert reasons(found) == {1: "表头之上的标题或说明", 7: "合计行"}
    assert found.faults == ()
    renamed = shutil.copy(path, tmp_path / "renamed.xlsm")
    assert names(read_list(Path(renamed), districts)) == names(found)


# Text files


ROWS = "名称{0}所属区{0}备注\n中国科学技术馆{0}朝阳区{0}“x”\n"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "gb18030"])
def test_encodings_and_delimiters(read, delimiter, encoding):
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    found = read("x.txt", mark + ROWS.format(delimiter).encode(encoding))
    assert [(r.name_zh, r.adcode, r.note) for r in found.records] == [
        ("中国科学技术馆", "110105", "“x”"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "code", "row"),
    [
        (ROWS.format(",").encode("utf-16-le"), "encoding", None),
        (b"\xef\xbb\xbf" + "名称\n馆".encode() + b"\xff", "encoding", 2),
        ("名称\n".encode() + b"\xff\xfe\x81", "encoding", 2),
        (ROWS.format(",").encode()[:-4] + b"\xff\n", "damaged_utf8", 2),
        (("名称,备注\n甲馆,好\n乙馆,\"开\n" + "丙馆,x\n" * 9).encode(), "open_quote", 3),
        (b"a,b\n1,2\n", "no_header", None),
        (b" \n\t\n", "empty", None),
    ],
)  # fmt: skip
def test_text_that_cannot_be_taken(read, content, code, row):
    with pytest.raises(SourceError) as error:
        read("x.csv", content)
    assert codes(error.value.faults)[0] == code
    assert error.value.faults[0].row == row


def test_rows_are_numbered_by_the_line_they_begin_on(read):
    found = read("x.csv", '名称,备注\r\n"甲\n馆","一\n二"\r\n\r\n乙馆,x\r\n,"没有\n名称"\r\n丙馆,y')
    assert [(r.name_zh, r.ref.row) for r in found.records] == [
        ("甲 馆", 2),
        ("乙馆", 6),
        ("丙馆", 9),
    ]
    assert reasons(found) == {7: "没有名称"}


def test_a_row_wider_than_the_header_is_told(read):
    found = read("x.csv", "名称,地址\n甲馆,海淀区1号,院内\n乙馆,海淀区2号,\n")
    assert told(found.faults, "row") == [(2, "wider")]
    assert found.records[0].raw == {"名称": "甲馆", "地址": "海淀区1号", "[C]": "院内"}


def test_formulas_html_and_sql_stay_text_and_nul_never_passes(read):
    wild = [
        '=HYPERLINK("x")馆',
        "+甲馆",
        "-乙馆",
        "@SUM(馆)",
        "<script>alert('馆')</script>",
        "');DROP TABLE 馆;--",
    ]
    found = read("x.csv", [["名称", "备注"], *([w, w] for w in wild), ["甲\0馆", "\0"]])
    assert names(found) == [*wild, "甲馆"]
    assert [r.note for r in found.records] == [*wild, ""]
    assert codes(found.faults) == ["nul"]


def test_a_long_cell_is_cut_and_told(read):
    found = read("x.csv", [["名称", "备注"], ["甲馆", "长" * 10_000_000], ["乙馆", "长" * 2000]])
    assert [len(r.note) for r in found.records] == [limits.CELL_CHARS] * 2
    assert [(f.row, f.column) for f in found.faults] == [(2, "备注")]


# Columns


def test_columns_are_recognised_however_they_are_written():
    headers = {
        "场馆\n名称": "name_zh", "＊单位名称": "name_zh", "Ｎａｍｅ": "name_zh", "场馆": "name_zh",
        "基地名称：": "name_zh",
        "名称（英文）": "name_en", "曾用名": "aliases", "场馆类型": "kind", "type": "kind",
        "认定级别": "level",
        "所属区（县）": "adcode", "行政区": "adcode", "adname": "adcode", "district_zh": "adcode",
        "详细地址": "address_zh",
        "所在地": "address_zh", "联系电话": "phone", "tel": "phone", "经 度": "lon", "lng": "lon",
        "X": "lon", "lon_wgs84": "lon",
        "Latitude": "lat", "高德纬度": "lat", "坐标（经度，纬度）": "point", "经纬度": "point",
        "location": "point", "百度坐标": "point",
        "coord_precision_m": "precision_m", "开放状态": "status", "开馆时间": "opened_on",
        "关闭日期": "closed_on",
        "有效期至": "valid_until", "到期时间": "valid_until", "展厅面积（㎡）": "exhibition_m2",
        "建筑面积/平方米": "building_m2",
        "年参观人次（万）": "visits_per_year", "2023年接待量": "visits_per_year",
        "年开放天数": "open_days",
        "可信度": "confidence", "备 注": "note", "id": "venue_id",
    }  # fmt: skip
    assert recognise(list(headers)) == headers
    unknown = [
        "序号",
        "主管单位",
        "联系人",
        "开放时间",
        "交通",
        "地址（英文）",
        "年接待能力",
        "城市",
        "面积",
        "",
        "  ",
        "()",
    ]
    assert recognise(unknown) == {}
    assert set(headers.values()) == set(FIELDS)


def test_every_field_can_be_recognised_by_its_own_name():
    assert recognise(FIELDS) == {field: field for field in FIELDS}


def test_datums_in_headers():
    told = {
        "经度(GCJ02)": "GCJ-02", "火星坐标系经度": "GCJ-02", "高德经度": "GCJ-02",
        "百度坐标": "BD-09", "bd09_lng": "BD-09",
        "经度（WGS-84）": "WGS84", "GPS坐标": "WGS84", "经度（CGCS2000）": "CGCS2000",
        "2000坐标系经度": "CGCS2000", "经度": None,
    }  # fmt: skip
    assert {h: meaning(h).datum for h in told} == told


def test_a_signature_is_the_same_for_the_same_columns():
    one = signature(["名 称", "经度(GCJ02)", "", "Name"])
    assert one == signature(["name", "经度（ＧＣＪ02）", "名称"])
    assert one != signature(["名称", "name"])
    assert one != signature(["名称", "经度", "name"])
    assert len(one) == 64


def test_a_mapping_overrules_what_is_recognised(read):
    rows = [["馆", "甲", "名称", "备注"], ["甲馆", "海淀区", "乙", "x"]]
    found = read("x.csv", rows, {"馆": "name_zh", "甲": "adcode", "备注": ""})
    assert found.columns == {"馆": "name_zh", "甲": "adcode"}
    record = found.records[0]
    assert (record.name_zh, record.adcode, record.note) == ("甲馆", "110108", "")
    assert record.raw == {"馆": "甲馆", "甲": "海淀区", "名称": "乙", "备注": "x"}


def test_a_mapping_holds_for_other_spellings_and_tells_what_is_not_there(read):
    found = read("x.csv", [["名称", "简  介"], ["甲馆", "x"]], {"简介": "note", "没有": "phone"})
    assert found.records[0].note == "x"
    assert told(found.faults, "column") == [("没有", "mapping_absent")]


def test_a_mapping_to_no_field_is_refused_with_the_fields_there_are(read):
    with pytest.raises(SourceError) as error:
        read("x.csv", [HEADER, ["甲馆"]], {"名称": "title", "地址": "raw", "所属区": "adcode"})
    assert told(error.value.faults, "column") == [
        ("名称", "bad_mapping"), ("地址", "bad_mapping"),
    ]  # fmt: skip
    assert all(field in error.value.faults[0].mend_zh for field in FIELDS)


def test_of_two_columns_the_better_filled_is_kept(read):
    rows = [
        ["名称", "电话", "联系电话", "2022年接待量", "2023年接待量"],
        ["甲馆", "1", "", 5, 6],
        ["乙馆", "2", "3", 7, 8],
    ]
    found = read("x.csv", rows)
    assert [(r.phone, r.visits_per_year) for r in found.records] == [("1", 6), ("2", 8)]
    assert told(found.faults, "column") == [
        ("联系电话", "two_columns"), ("2022年接待量", "two_columns"),
    ]  # fmt: skip


def test_two_columns_of_one_name_keep_both_cells(read):
    found = read("x.csv", [["名称", "附件", "附件"], ["甲馆", "一", "二"]])
    assert found.records[0].raw == {"名称": "甲馆", "附件": "一", "附件 (2)": "二"}


def test_longitude_and_latitude_are_never_of_two_datums(read):
    rows = [
        ["名称", "高德经度", "高德纬度", "百度经度", "百度纬度", "经纬度(WGS84)"],
        ["甲馆", 116.31, 39.91, 116.32, 39.92, ""],
        ["乙馆", "", 39.91, 116.32, 39.92, "116.3,39.9"],
    ]
    found = read("x.csv", rows)
    assert (found.datum, found.columns["百度经度"], found.columns["百度纬度"]) == (
        "BD-09",
        "lon",
        "lat",
    )
    assert [(r.lon, r.lat) for r in found.records] == [(116.32, 39.92)] * 2


def test_a_datum_named_once_holds_for_the_pair(read):
    found = read("x.csv", [["名称", "经度(GCJ02)", "纬度"], ["甲馆", 116.3, 39.9]])
    assert (found.datum, found.records[0].lon) == ("GCJ-02", 116.3)


def test_half_a_point_is_no_point(read):
    found = read("x.csv", [["名称", "经度", "纬度"], ["甲馆", 116.3, ""], ["乙馆", "", ""]])
    assert [r.lon for r in found.records] == [None, None]
    assert codes(found.faults) == ["half_point"]
    lone = read("x.csv", [["名称", "经度"], ["甲馆", 116.3]])
    assert (codes(lone.faults), lone.columns) == (["half_point"], {"名称": "name_zh"})


def test_a_place_column_without_points_is_no_address_when_it_is_called_coordinates(read):
    found = read("x.csv", [["名称", "坐标"], ["甲馆", "见附图"]])
    assert (found.records[0].address_zh, told(found.faults, "column")) == (
        "",
        [("坐标", "not_meant")],
    )


def test_columns_that_hold_something_else_are_not_taken(read):
    rows = [
        ["编号", "名称", "状态", "开馆时间", "location"],
        [1, "甲馆", "auto", "9:00-17:00", "海淀区1号"],
        [2, "乙馆", "curated", "全天", "朝阳区2号"],
    ]
    found = read("x.csv", rows)
    assert found.columns == {"名称": "name_zh", "location": "address_zh"}
    assert told(found.faults, "column") == [
        ("状态", "not_meant"), ("开馆时间", "not_meant"),
    ]  # fmt: skip
    assert [r.adcode for r in found.records] == ["110108", "110105"]
    forced = read("x.csv", rows, {"状态": "status"})
    assert codes(forced.faults) == ["not_meant", "status", "status"]


def test_an_export_of_a_map_service(read):
    rows = [
        [
            "id",
            "name",
            "type",
            "location",
            "pname",
            "cityname",
            "adname",
            "adcode",
            "address",
            "tel",
        ],
        [
            "B0FFF1",
            "中国航空博物馆",
            "科教文化服务;博物馆;博物馆",
            "116.36,40.18",
            "北京市",
            "北京市",
            "昌平区",
            110114,
            "小汤山镇",
            "x",
        ],
        [
            "B0FFF2",
            "长春科技馆",
            "科教文化服务;科技馆;科技馆",
            "125.3,43.8",
            "吉林省",
            "长春市",
            "朝阳区",
            220104,
            "x路1号",
            "",
        ],
    ]
    found = read("高德.csv", rows)
    assert [(r.name_zh, r.kind, r.lon, r.lat, r.adcode) for r in found.records] == [
        ("中国航空博物馆", "science_museum", 116.36, 40.18, "110114"),
    ]  # fmt: skip
    assert reasons(found) == {3: "在外地：吉林省"}
    assert (found.datum, found.records[0].venue_id) == (None, None)


def test_a_district_nobody_knows_is_told_and_not_guessed_from_the_address(read):
    found = read("x.csv", [HEADER, ["甲馆", "经开区", "大兴区1号"], ["乙馆", "", "大兴区1号"]])
    assert [(r.adcode, r.district_text) for r in found.records] == [
        (None, "经开区"),
        ("110115", ""),
    ]
    assert codes(found.faults) == ["district"]


def test_other_names_are_split_and_a_comma_within_an_english_one_is_not(read):
    rows = [
        ["名称", "别名"],
        ["甲馆", "原甲馆、老甲馆；Old Hall"],
        ["乙馆", "乙|Hall, East"],
        ["丙馆", "无"],
        ["丁馆", "丁一，丁二"],
    ]
    found = read("x.csv", rows)
    assert [r.aliases for r in found.records] == [
        ("原甲馆", "老甲馆", "Old Hall"), ("乙", "Hall, East"), (), ("丁一", "丁二"),
    ]  # fmt: skip


def test_sheets_in_two_datums_are_not_mixed(read):
    table = [["甲馆", 116.3, 39.9]]
    one = [["名称", "经度(GCJ02)", "纬度(GCJ02)"], *table]
    other = [["名称", "经度(BD09)", "纬度(BD09)"], *table]
    none = [["名称", "经度", "纬度"], *table]
    found = read("x.xlsx", {"a": one, "b": other, "c": one})
    assert (found.datum, [r.lon for r in found.records]) == ("GCJ-02", [116.3, None, 116.3])
    assert codes(found.faults) == ["datum_other"]
    found = read("x.xlsx", {"a": one, "b": none})
    assert (found.datum, [r.lon for r in found.records]) == (None, [116.3, 116.3])
    assert codes(found.faults) == ["datum_mixed"]


def test_of_many_faults_alike_only_the_first_are_told_one_by_one(read, monkeypatch):
    monkeypatch.setattr(limits, "SAME_FAULTS", 3)
    found = read("x.csv", [["名称", "级别", "类别"], *(["馆", "甲", "乙"] for _ in range(10))])
    assert Counter(codes(found.faults)) == {"level": 3, "kind": 3, "more": 2}
    assert {f.what_zh for f in found.faults if f.row is None} == {
        "该列另有 7 格有同样问题，不再逐条列出"
    }
    assert len(found.records) == 10


# GeoJSON and GeoPackage


def collection(*features, **more):
    made = [{"type": "Feature", "properties": p, "geometry": g} for p, g in features]
    return json.dumps({"type": "FeatureCollection", "features": made, **more})


def test_geojson_without_a_crs_says_nothing_of_its_datum(read):
    square = {
        "type": "Polygon",
        "coordinates": [[[116, 39], [116.2, 39], [116.2, 39.2], [116, 39]]],
    }
    found = read(
        "x.geojson",
        collection(
            (
                {"名称": "甲馆", "编码": "007", "标签": ["一", "二"], "n": 1.0},
                {"type": "Point", "coordinates": [116.3, 39.9, 5]},
            ),
            ({"名称": "乙园", "所属区": "海淀区"}, square),
            ({"名称": "丙馆"}, None),
            ({"名称": "丁馆"}, {"type": "Point", "coordinates": ["x"]}),
            ({"所属区": "海淀区"}, None),
            crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}},
        ),
    )
    assert found.datum is None
    assert [(r.name_zh, r.lon, r.ref.row) for r in found.records[::2]] == [
        ("甲馆", 116.3, 1),
        ("丙馆", None, 3),
    ]
    inside = found.records[1]
    assert Polygon(square["coordinates"][0]).contains(Point(inside.lon, inside.lat))
    assert found.records[0].raw == {
        "名称": "甲馆", "编码": "007", "标签": "一、二", "n": "1", "所属区": "",
    }  # fmt: skip
    assert reasons(found) == {5: "没有名称"}
    assert told(found.faults, "row") == [(4, "geometry")]


@pytest.mark.parametrize(
    ("epsg", "datum"), [(4548, "CGCS2000"), (4490, "CGCS2000"), (32650, "WGS84"), (3857, "WGS84")]
)
def test_geojson_in_another_crs_is_turned_into_degrees(read, epsg, datum):
    """Against PROJ itself; CGCS2000 and WGS84 degrees are one to within decimetres."""
    x, y = Transformer.from_crs(
        4490 if datum == "CGCS2000" else 4326, epsg, always_xy=True
    ).transform(116.3, 39.9)
    crs = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{epsg}"}}
    found = read(
        "x.geojson",
        collection(({"名称": "甲馆"}, {"type": "Point", "coordinates": [x, y]}), crs=crs),
    )
    assert found.datum == datum
    assert (found.records[0].lon, found.records[0].lat) == pytest.approx((116.3, 39.9), abs=1e-8)


def test_without_geometries_the_columns_are_read(read):
    found = read(
        "x.json", collection(({"名称": "甲馆", "经度(GCJ02)": 116.3, "纬度": "39.9"}, None))
    )
    assert (found.datum, found.records[0].lon, found.records[0].lat) == ("GCJ-02", 116.3, 39.9)
    point = {"type": "Point", "coordinates": [116.4, 40]}
    found = read("x.json", collection(({"名称": "甲馆", "经度": 116.3, "纬度": 39.9}, point)))
    assert (found.records[0].lon, found.records[0].raw["经度"]) == (116.4, "116.3")
    assert "经度" not in found.columns


def test_geojson_in_a_crs_nobody_knows_loses_its_points_not_its_rows(read):
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::999999"}}
    feature = ({"名称": "甲馆"}, {"type": "Point", "coordinates": [116.3, 39.9]})
    found = read("x.json", collection(feature, crs=crs))
    assert (found.records[0].lon, found.datum, codes(found.faults)) == (None, None, ["crs"])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("{", "not_json"), ("[" * 100_000, "not_json"), ("[]", "not_geojson"),
        ('{"a": 1}', "not_geojson"),
        ('{"type": "FeatureCollection", "features": 3}', "not_geojson"),
        ('{"type": "FeatureCollection", "features": []}', "empty"),
        ('{"type": "FeatureCollection", "features": [1, null, {"properties": 5}]}', "empty"),
        (b"\xff\xfe\x00\xd8", "encoding"),
    ],
)  # fmt: skip
def test_json_that_is_no_list(read, content, code):
    with pytest.raises(SourceError) as error:
        read("x.json", content)
    assert codes(error.value.faults)[0] == code


def geopackage(path, layers):
    for name, (crs, rows) in layers.items():
        frame = gpd.GeoDataFrame(
            {"名称": [r[0] for r in rows], "年": [r[1] for r in rows]},
            geometry=[r[2] for r in rows],
            crs=crs,
        )
        frame.to_file(path, layer=name, driver="GPKG", mode="a" if path.exists() else "w")


def test_a_geopackage_declares_its_datum(tmp_path, districts):
    x, y = Transformer.from_crs(4490, 4548, always_xy=True).transform(116.3, 39.9)
    path = tmp_path / "x.gpkg"
    three = [("甲馆", 1, Point(x, y)), ("乙馆", None, None), ("丙馆", 3, MultiPoint([(x, y)]))]
    geopackage(
        path,
        {
            "甲": ("EPSG:4548", three),
            "乙": ("EPSG:4326", [("丁馆", 2, Point(116.4, 39.9))]),
        },
    )
    before = path.read_bytes()
    found = read_list(path, districts)
    assert [(r.name_zh, r.ref.sheet, r.ref.row) for r in found.records] == [
        ("甲馆", "甲", 1), ("乙馆", "甲", 2), ("丙馆", "甲", 3), ("丁馆", "乙", 1),
    ]  # fmt: skip
    assert [r.lon for r in found.records] == [
        pytest.approx(116.3), None, pytest.approx(116.3), pytest.approx(116.4),
    ]  # fmt: skip
    assert (found.datum, found.faults) == ("CGCS2000", ())
    assert [r.raw["年"] for r in found.records] == ["1", "", "3", "2"]
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["x.gpkg"]


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_geopackage_of_wgs84_says_so_and_one_without_a_crs_does_not(tmp_path, districts):
    for crs, datum in (("EPSG:4326", "WGS84"), (None, None)):
        path = tmp_path / f"{datum}.gpkg"
        geopackage(path, {"s": (crs, [("甲馆", 1, Point(116.3, 39.9))])})
        found = read_list(path, districts)
        assert (found.datum, found.records[0].lon) == (datum, 116.3)


def test_an_endless_view_in_a_geopackage_is_not_run(tmp_path, districts):
    path = tmp_path / "x.gpkg"
    geopackage(path, {"s": ("EPSG:4326", [("甲馆", 1, Point(116.3, 39.9))])})
    with sqlite3.connect(path) as base:
        base.execute(
            "CREATE VIEW v AS WITH RECURSIVE n(fid) AS (SELECT 1 UNION ALL SELECT fid + 1 FROM n)"
            " SELECT fid, '馆' AS 名称 FROM n"
        )
        base.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier)"
            " VALUES ('v', 'attributes', 'v')"
        )
    base.close()
    found = read_list(path, districts)
    assert (names(found), codes(found.faults)) == (["甲馆"], ["layer_view"])


# What is said


def test_every_sentence_is_said_in_both_languages():
    for zh, en, mend_zh, mend_en in SAYS.values():
        assert any("\u4e00" <= c <= "\u9fff" for c in zh)
        assert any("\u4e00" <= c <= "\u9fff" for c in mend_zh) or mend_zh == "{zh}"
        assert not any("\u4e00" <= c <= "\u9fff" for c in en)
        assert mend_en
