"""Whatever the file: a list, or a SourceError that says why in both languages; never a hang."""

import base64
import gzip
import io
import json
import math
import os
import re
import sqlite3
import struct
import zipfile
from pathlib import Path

import geopandas as gpd
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import Point

from venuenet import area
from venuenet.errors import SourceError
from venuenet.registry.model import SourceList
from venuenet.sources import limits, read_list, zips
from venuenet.sources.files import EXTENSIONS
from venuenet.sources.plain_text import decode, grid
from venuenet.sources.values import clean

DISTRICTS = area.load().districts
ADCODES = set(DISTRICTS["adcode"])
HERE = Path(__file__).parent
RARELY = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
OFTEN = settings(RARELY, max_examples=100)
SHEET = "xl/worksheets/sheet1.xml"


def taken(path):
    """Read a list and see that whatever comes back is fit for use."""
    try:
        found = read_list(path, DISTRICTS)
    except SourceError as error:
        assert error.faults
        for fault in error.faults:
            told_in_both_languages(fault)
        return error
    assert isinstance(found, SourceList)
    for fault in (*found.faults, *(fault for *_, fault in found.rejected)):
        told_in_both_languages(fault)
    for record in found.records:
        said = json.dumps([record.name_zh, record.note, dict(record.raw)], ensure_ascii=False)
        assert "\\u0000" not in said
        assert said.encode("utf-8")
        assert any(c.isalpha() for c in record.name_zh)
        assert len(record.name_zh) <= limits.NAME_CHARS
        assert record.adcode is None or record.adcode in ADCODES
        assert (record.lon is None) == (record.lat is None)
        if record.lon is not None:
            assert -180 <= record.lon <= 180
            assert -90 <= record.lat <= 90
        for figure in (record.exhibition_m2, record.building_m2, record.visits_per_year):
            assert figure is None or (math.isfinite(figure) and figure >= 0)
    return found


def told_in_both_languages(fault):
    assert re.search(r"[\u4e00-\u9fff]", fault.what_zh)
    assert re.search(r"[a-z]{2}", fault.what_en)
    assert fault.mend_zh
    assert fault.mend_en
    (fault.zh() + fault.en()).encode("utf-8")


def wrong(path):
    """The first fault's English sentence of a file that must be refused."""
    found = taken(path)
    assert isinstance(found, SourceError), found
    return found.faults[0].what_en


@pytest.fixture(scope="module")
def workbook():
    made = openpyxl.Workbook()
    for row in (
        ["名称", "所属区", "经度", "纬度"],
        *(["甲馆", "海淀区", 116.3, 39.9] for _ in range(40)),
    ):
        made.active.append(row)
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


@pytest.fixture(scope="module")
def old_workbook():
    packed = (HERE / "lists" / "old_directory.xls.gz.b64").read_text()
    return gzip.decompress(base64.b64decode(packed))


@pytest.fixture(scope="module")
def geopackage(tmp_path_factory):
    path = tmp_path_factory.mktemp("gpkg") / "x.gpkg"
    frame = gpd.GeoDataFrame({"名称": ["甲馆"] * 9}, geometry=[Point(116.3, 39.9)] * 9, crs=4326)
    frame.to_file(path, driver="GPKG")
    return path.read_bytes()


def remade(workbook, change):
    """The workbook with its first sheet's XML changed."""
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(content, "w", 8) as new:
        for name in old.namelist():
            text = old.read(name)
            new.writestr(name, change(text) if name == SHEET else text)
    return content.getvalue()


def written(path, content):
    path.write_bytes(content)
    return path


# Files that are none


def test_what_is_no_file_at_all(tmp_path):
    assert wrong(tmp_path / "missing.csv") == "does not exist"
    (tmp_path / "folder.csv").mkdir()
    assert wrong(tmp_path / "folder.csv") == "is not a regular file"
    os.mkfifo(tmp_path / "pipe.csv")
    assert wrong(tmp_path / "pipe.csv") == "is not a regular file"
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    assert wrong(tmp_path / "loop.csv").startswith("cannot be opened")
    assert wrong(tmp_path / "a\0b.csv") == "does not exist"
    assert wrong(tmp_path / ("长" * 300 + ".csv")).startswith("cannot be opened")
    assert wrong(written(tmp_path / "x.pdf", b"%PDF")) == "unknown kind of file '.pdf'"
    assert wrong(written(tmp_path / "none", b"x")) == "unknown kind of file ''"


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_empty_files(tmp_path, extension):
    assert wrong(written(tmp_path / f"x{extension}", b"")) == "is empty"


@pytest.mark.parametrize("extension", EXTENSIONS)
@OFTEN
@given(content=st.binary(min_size=1, max_size=300))
def test_random_bytes_under_every_extension(tmp_path, extension, content):
    taken(written(tmp_path / f"x{extension}", content))


@pytest.mark.parametrize(
    ("extension", "magic"),
    [
        (".xlsx", b"PK\x03\x04"), (".xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        (".xls", b"\x09\x08"),
        (".gpkg", b"SQLite format 3\x00"), (".geojson", b'{"type": "FeatureCollection", '),
    ],
)  # fmt: skip
@settings(RARELY, max_examples=8)
@given(content=st.binary(max_size=2000))
def test_random_bytes_behind_the_right_signature(tmp_path, extension, magic, content):
    assert wrong(written(tmp_path / f"x{extension}", magic + content))


def test_a_file_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "FILE_BYTES", 2**20)
    path = written(tmp_path / "x.csv", b"name\n" + b"x" * 2**20)
    assert wrong(path) == "is larger than 1 MB"


# Spreadsheets


@RARELY
@given(share=st.floats(0, 0.999))
def test_a_workbook_cut_short(tmp_path, workbook, share):
    assert wrong(written(tmp_path / "x.xlsx", workbook[: max(1, int(len(workbook) * share))]))


@RARELY
@given(share=st.floats(0, 1), cut=st.booleans(), data=st.data())
def test_an_old_workbook_cut_short_or_scratched(tmp_path, old_workbook, share, cut, data):
    """Run in this very process, some of these abort it."""
    content = bytearray(old_workbook)
    if cut:
        content = content[: max(1, int(len(content) * share))]
    else:
        for _ in range(5):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    taken(written(tmp_path / "x.xls", bytes(content)))


def test_a_cell_in_the_last_corner_does_not_end_the_process(tmp_path, workbook):
    corner = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    content = remade(workbook, lambda xml: xml.replace(b"</sheetData>", corner))
    assert wrong(written(tmp_path / "x.xlsx", content)).startswith("takes too much memory")


def test_a_billion_laughs_are_not_laughed(tmp_path, workbook):
    entities = '<!ENTITY a0 "哈">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)
    )
    laugh = f"<!DOCTYPE worksheet [{entities}]><worksheet".encode()
    content = remade(
        workbook,
        lambda xml: xml.replace(b"<worksheet", laugh, 1).replace("甲馆".encode(), b"&a9;", 1),
    )
    assert wrong(written(tmp_path / "x.xlsx", content)).startswith("is damaged")


def test_what_unpacks_beyond_reason_is_refused(tmp_path, workbook, monkeypatch):
    bomb = remade(workbook, lambda xml: xml + b" " * 2**24)
    assert wrong(written(tmp_path / "x.xlsx", bomb)) == "unpacks to over 200 times its size"
    monkeypatch.setattr(limits, "UNZIPPED_BYTES", 2**20)
    assert wrong(written(tmp_path / "x.xlsx", bomb)).startswith("unpacks to more than 1 MB")
    monkeypatch.undo()
    monkeypatch.setattr(limits, "ZIP_ENTRIES", 5)
    assert wrong(written(tmp_path / "x.xlsx", workbook)).startswith("unpacks to more than")


@pytest.mark.parametrize("declared", [10, 2**31])
def test_a_zip_that_lies_of_its_sizes(workbook, declared):
    """In the central directory, at byte 24 of an entry: the size unpacked (APPNOTE 4.3.12)."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as opened:
        at = opened.start_dir
        size = max(opened.infolist(), key=lambda e: e.file_size)
    content = bytearray(workbook)
    while struct.unpack_from("<I", content, at + 24)[0] != size.file_size:
        at = content.index(b"PK\x01\x02", at + 4)
    struct.pack_into("<I", content, at + 24, declared)
    with pytest.raises(SourceError) as error:
        zips.check(bytes(content), "x.xlsx")
    lies = "holds other sizes" if declared == 10 else "unpacks to more than"
    assert error.value.faults[0].what_en.startswith(lies)


def test_sizes_that_are_true_pass(workbook):
    zips.check(workbook, "x.xlsx")
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_STORED) as made:
        made.writestr("a", b"x" * 1000)
        made.writestr("b", b"")
    zips.check(stored.getvalue(), "x.xlsx")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_packed_otherwise_and_a_zip_of_something_else(tmp_path, method):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as made:
        made.writestr("x", b"x" * 99)
    assert wrong(written(tmp_path / "x.xlsx", content.getvalue())).startswith("is damaged")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        made.writestr("readme.txt", b"x" * 99)
    assert wrong(written(tmp_path / "x.xlsx", content.getvalue())).startswith("is damaged")


def test_passwords(tmp_path, workbook):
    """Excel wraps an encrypted workbook in an OLE2 file with a stream named EncryptedPackage."""
    stream = "EncryptedPackage".encode("utf-16-le")
    protected = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + stream + bytes(512)
    assert wrong(written(tmp_path / "x.xlsx", protected)) == "is protected by a password"
    content = bytearray(workbook)
    with zipfile.ZipFile(io.BytesIO(workbook)) as opened:
        content[opened.start_dir + 8] |= 1
    assert wrong(written(tmp_path / "x.xlsx", bytes(content))) == "is protected by a password"


def test_web_pages_and_text_under_the_name_of_excel(tmp_path):
    page = "\n<html><table><tr><td>名称</td></tr></table></html>".encode()
    assert wrong(written(tmp_path / "x.xls", page)).startswith("is a web page")
    assert wrong(written(tmp_path / "x.xls", "名称\t地址\n".encode())) == "is not an Excel workbook"


def test_a_text_of_ten_megabytes_in_a_cell(tmp_path, workbook):
    rng = os.urandom(5 * 2**20).hex().encode()
    content = remade(workbook, lambda xml: xml.replace("甲馆".encode(), "馆".encode() + rng, 1))
    found = taken(written(tmp_path / "x.xlsx", content))
    assert (len(found.records), len(found.rejected)) == (39, 1)
    assert [f.row for f in found.faults] == [2]
    assert max(len(v) for v in found.rejected[0][1].values()) == limits.CELL_CHARS


# Text


TEXT = "名称,所属区,备注\n中国科学技术馆,朝阳区,ゐ馆\n".replace("ゐ", "é")


@pytest.mark.parametrize("encoding", ["shift-jis", "big5", "cp1252", "utf-32", "utf-7", "euc-kr"])
def test_text_in_another_encoding(tmp_path, encoding):
    taken(written(tmp_path / "x.csv", TEXT.encode(encoding, errors="ignore")))


@OFTEN
@given(at=st.integers(0, len(TEXT.encode()) - 1), byte=st.integers(0x80, 0xFF))
def test_one_damaged_byte_of_utf8_never_turns_into_other_characters(at, byte):
    content = bytearray((TEXT * 3).encode())
    content[at] = byte
    try:
        text = decode(bytes(content), "x.csv")
    except SourceError:
        return
    assert bytes(content).decode("utf-8") == text


WORDS = (
    "名称 合计 注： 海淀区 河北省 116.3 39.9 NaN inf -1 1e999 39.9,116.3 116.3,39.9 2021-2025 =1+1"
    " <b>馆</b> ';DROP 甲馆 无 開 一千五百 116°23′30″E 1.2万 V110108-001 科技馆"
)
CELLS = st.one_of(
    st.text(max_size=20),
    st.sampled_from([*WORDS.split(), "长" * 200, "\0", "\ud800", "\u202e馆", "甲 馆"]),
)
HEADER = "名称 所属区 类别 经度 纬度 展厅面积 年接待量（万人次） 有效期 状态 地址".split()  # noqa: SIM905


@OFTEN
@given(rows=st.lists(st.lists(CELLS, min_size=1, max_size=len(HEADER)), max_size=12))
def test_any_table_is_accounted_for_row_by_row(tmp_path, rows):
    """As GeoJSON, whose cells hold any text at all."""
    features = [{"properties": dict(zip(HEADER, r, strict=False))} for r in ([HEADER[0]], *rows)]
    features[0]["properties"] = dict.fromkeys(HEADER, "甲馆")
    text = json.dumps({"type": "FeatureCollection", "features": features})
    found = taken(written(tmp_path / "x.json", text.encode()))
    refs = [r.ref.row for r in found.records] + [ref.row for ref, *_ in found.rejected]
    assert len(refs) == len(set(refs))
    cells = {n: [clean(c) for c in f["properties"].values()] for n, f in enumerate(features, 1)}
    filled = {n for n, row in cells.items() if any(row)}
    assert set(refs) <= filled
    headers = {n for n, row in cells.items() if "名称" in row}
    assert filled - set(refs) <= headers


@OFTEN
@given(text=st.text(st.sampled_from('名称,地址\n\r"\t;|馆x\0'), max_size=60))
def test_any_text_of_quotes_and_delimiters(text):
    try:
        found, _ = grid(text, "x.csv")
    except SourceError as error:
        assert error.faults[0].what_en.startswith("a quote opened")
        return
    numbers = [number for number, _ in found.rows]
    assert numbers == sorted(set(numbers))
    kept = "".join("".join(cells) for _, cells in found.rows)
    assert sum(kept.count(c) for c in "名称地址馆") == sum(text.count(c) for c in "名称地址馆")


# GeoPackages


def test_a_database_that_is_no_geopackage(tmp_path):
    with sqlite3.connect(tmp_path / "x.gpkg") as base:
        base.execute("CREATE TABLE 名称 (名称 TEXT)")
    base.close()
    assert wrong(tmp_path / "x.gpkg") == "is not a GeoPackage"


@settings(RARELY, max_examples=8)
@given(share=st.floats(0, 0.99), places=st.lists(st.integers(0), max_size=8), cut=st.booleans())
def test_a_geopackage_cut_short_or_scratched(tmp_path, geopackage, share, places, cut):
    content = bytearray(geopackage)
    if cut:
        content = content[: max(1, int(len(content) * share))]
    for place in places:
        content[place % len(content)] ^= 0x55
    taken(written(tmp_path / "x.gpkg", bytes(content)))


def test_a_geopackage_left_in_write_ahead_mode(tmp_path, geopackage):
    """As QGIS leaves it: bytes 18 and 19 are 2 (SQLite file format, 1.3.3)."""
    content = geopackage[:18] + b"\x02\x02" + geopackage[20:]
    assert len(taken(written(tmp_path / "x.gpkg", content)).records) == 9


# Limits, and parsers that do not come back


@pytest.mark.parametrize(
    ("limit", "value", "says"),
    [
        ("ROWS", 9, "has more than 9 rows"), ("COLUMNS", 3, "has more than 3 columns"),
        ("CELLS", 50, "holds more than 50 filled cells"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("extension", [".csv", ".xlsx", ".geojson"])
def test_limits(tmp_path, monkeypatch, extension, limit, value, says):
    row = {"名称": "甲馆", "a": "1", "b": "2", "c": "3"}
    rows = [row] * 20
    path = tmp_path / f"x{extension}"
    if extension == ".csv":
        path.write_text("\n".join([",".join(row), *(",".join(r.values()) for r in rows)]))
    elif extension == ".xlsx":
        made = openpyxl.Workbook()
        for cells in (list(row), *(list(r.values()) for r in rows)):
            made.active.append(cells)
        made.save(path)
    else:
        features = [{"properties": r} for r in rows]
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    assert len(taken(path).records) == 20
    monkeypatch.setattr(limits, limit, value)
    assert wrong(path).startswith(says)


def test_a_limit_of_sheets(tmp_path, monkeypatch):
    made = openpyxl.Workbook()
    for _ in range(3):
        made.create_sheet().append(["名称"])
    made.save(tmp_path / "x.xlsx")
    monkeypatch.setattr(limits, "SHEETS", 3)
    assert wrong(tmp_path / "x.xlsx") == "has 4 sheets; 3 are taken"


def test_a_limit_of_tables_one_under_another(tmp_path, monkeypatch):
    two = "名称,地址\n甲馆,1\n地址,名称\n1,乙馆\n"
    assert len(taken(written(tmp_path / "x.csv", two.encode())).records) == 2
    monkeypatch.setattr(limits, "TABLES", 3)
    assert wrong(written(tmp_path / "x.csv", (two * 2).encode())) == "has more than 3 headers"


def test_a_parser_that_takes_too_long_is_ended(tmp_path, workbook, monkeypatch):
    monkeypatch.setattr(limits, "APART_SECONDS", 0.001)
    assert wrong(written(tmp_path / "x.xlsx", workbook)) == "could not be read within 0.001 s"


def test_a_parser_that_takes_too_much_memory_is_ended(tmp_path, workbook, monkeypatch):
    monkeypatch.setattr(limits, "APART_BYTES", 2**24)
    found = wrong(written(tmp_path / "x.xlsx", workbook))
    assert found.startswith(("takes too much memory", "is damaged"))
