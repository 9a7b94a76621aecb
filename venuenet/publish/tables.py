"""The district workbook: the report's tables for a spreadsheet."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.functions import tostring

from venuenet.area import resolve_district
from venuenet.model import Question
from venuenet.publish import words
from venuenet.publish.answers import Row
from venuenet.publish.csv_files import FORMULA_STARTS
from venuenet.publish.district import (
    Answer,
    DistrictFacts,
    count_venues,
    district_facts,
    findings,
    rank_text,
)
from venuenet.publish.geo import credits
from venuenet.publish.how import (
    all_estimated,
    group_note,
    traveller_note,
    traveller_suffix,
    ways_made,
)
from venuenet.publish.report import assumption_rows
from venuenet.publish.snapshot import Snapshot
from venuenet.publish.words import word

SHEETS = ("摘要", "覆盖(街道乡镇)", "人群", "服务缺口", "数据缺口", "场馆", "来源与方法")
PEOPLE, SHARE, DECIMAL = "#,##0", "0.0%", "#,##0.0"
CORE = "docProps/core.xml"

_HEAD = PatternFill("solid", fgColor="E4EAF1")
_LINE = Border(bottom=Side("thin", color="C9CED4"))
_PLAIN = Font(name="Calibri", size=11)
_BOLD = Font(name="Calibri", size=11, bold=True)
_TITLE = Font(name="Calibri", size=14, bold=True)
_SOFT = Font(name="Calibri", size=9, color="5B636D")
_LINE_POINTS = 15


@dataclass(frozen=True)
class _Column:
    """One column: heading in both languages, what a row puts there, width and number format."""

    zh: str
    en: str
    value: Callable[[Row], object]
    width: float = 12
    form: str | None = None


@dataclass
class _Sheet:
    """A worksheet being written from the top."""

    sheet: Worksheet
    origin: str
    widths: dict[int, float] = field(default_factory=dict)
    row: int = 0

    def line(self, *values: object, font: Font = _PLAIN) -> list[Cell]:
        """Write one row."""
        self.row += 1
        cells = [_put(self.sheet, self.row, i, v) for i, v in enumerate(values, 1)]
        for cell in cells:
            cell.font = font
        return cells

    def table(self, columns: Sequence[_Column], rows: Sequence[Row]) -> None:
        """Write headings, rows, what all rows have in common, and the line of origin."""
        head = self.line(*(f"{c.zh}\n{c.en}" for c in columns), font=_BOLD)
        for cell, column in zip(head, columns, strict=True):
            cell.fill, cell.border = _HEAD, _LINE
            cell.alignment = Alignment(
                horizontal="right" if column.form else "left",
                indent=0 if column.form else 1,
                vertical="center",
                wrap_text=True,
            )
        self.sheet.row_dimensions[self.row].height = 3 * _LINE_POINTS + 4
        for row in rows:
            self._row(columns, row)
        shared = _shared(rows)
        if shared:
            self.line(f"各行均适用：{_flag_texts(shared)}", font=_SOFT)
        self.line(self.origin, font=_SOFT)
        for i, column in enumerate(columns, 1):
            self.widths[i] = max(self.widths.get(i, 0), column.width)

    def _row(self, columns: Sequence[_Column], row: Row) -> None:
        cells = self.line(*(c.value(row) for c in columns))
        lines = 1
        for cell, column in zip(cells, columns, strict=True):
            number = isinstance(cell.value, int | float)
            if number and column.form:
                cell.number_format = column.form
            if not number:
                wide = sum(2 if ord(c) > 0x2E7F else 1 for c in str(cell.value or ""))
                lines = max(lines, -(-wide // int(column.width)))
            cell.alignment = Alignment(
                horizontal="right" if column.form else "left",
                indent=0 if column.form else 1,
                vertical="top",
                wrap_text=not number,
            )
        self.sheet.row_dimensions[self.row].height = min(lines, 6) * _LINE_POINTS


def report_xlsx(snapshot: Snapshot, adcode: str, question: Question) -> bytes:
    """Write one district's numbers as a workbook.

    The sheets are named in ``SHEETS``; headings are in Chinese and English. Cells hold values,
    never formulas, and text that looks like one stays text. The bytes depend on the snapshot
    and the question alone.

    Raises
    ------
    UnknownNameError
        No such district.
    """
    adcode = resolve_district(snapshot.area, adcode)
    facts = district_facts(snapshot, adcode, question)
    book = Workbook()
    book.remove(book.active)
    origin = _origin(snapshot)
    sheets = [_Sheet(book.create_sheet(name), origin) for name in SHEETS]
    _summary(sheets[0], snapshot, facts)
    _towns(sheets[1], snapshot, facts)
    _groups(sheets[2], snapshot, facts)
    _gaps(sheets[3], snapshot, facts, "service")
    _gaps(sheets[4], snapshot, facts, "data")
    _venues(sheets[5], snapshot, facts, question)
    _method(sheets[6], snapshot)
    for written in sheets:
        for i, width in written.widths.items():
            written.sheet.column_dimensions[get_column_letter(i)].width = width
        written.sheet.sheet_view.showGridLines = False
        written.sheet.page_setup.orientation = "landscape"
        written.sheet.page_setup.paperSize = 9
        written.sheet.page_setup.fitToHeight = 0
        written.sheet.sheet_properties.pageSetUpPr.fitToPage = True
    traveller = traveller_suffix(snapshot.manifest, "zh")
    book.properties.title = f"{facts.name_zh}科普场馆与基地覆盖分析及缺口{traveller}"
    book.properties.creator = f"venuenet {snapshot.manifest.version}"
    return _saved(book, snapshot.manifest.as_of)


def _origin(snapshot: Snapshot) -> str:
    m = snapshot.manifest
    return (
        f"截至 {m.as_of.isoformat()} · 数据来源：{credits(snapshot)['attribution']}；"
        f"覆盖与缺口为 venuenet {m.version} 估算 · 快照 {m.snapshot}"
    )


def _put(sheet: Worksheet, row: int, column: int, value: object) -> Cell:
    """Write a value; text stays text, whatever it begins with."""
    cell = sheet.cell(row, column)
    if not isinstance(value, str):
        cell.value = float(value) if isinstance(value, float) else value
        return cell
    text = ILLEGAL_CHARACTERS_RE.sub("", value)
    cell.value = text
    cell.data_type = "s"
    if text.startswith(FORMULA_STARTS):
        cell.quotePrefix = True
    return cell


def _saved(book: Workbook, day: dt.date) -> bytes:
    """Return the bytes of a workbook, dated by its data and not by the clock."""
    noon = dt.datetime.combine(day, dt.time(12))
    raw, out = io.BytesIO(), io.BytesIO()
    book.save(raw)
    book.properties.created = book.properties.modified = noon
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = tostring(book.properties.to_tree()) if name == CORE else old.read(name)
            entry = zipfile.ZipInfo(name, noon.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, content)
    return out.getvalue()


def _known(row: Row, key: str) -> object:
    """Return a number, or 无数据 where there is none."""
    return words.no_data("zh") if row[key] is None else row[key]


def _get(key: str) -> Callable[[Row], object]:
    return lambda row: _known(row, key)


def _flag_texts(flags: Sequence[str]) -> str:
    return "；".join(words.flag_text(f, "zh") for f in flags)


def _shared(rows: Sequence[Row]) -> list[str]:
    """List the flags every row has; they are said once, under the table."""
    sets = [set(r.get("flags", ())) for r in rows]
    return sorted(set.intersection(*sets)) if sets else []


def _flags(rows: Sequence[Row]) -> _Column:
    """Make the column of what holds for a row and not for all rows."""
    shared = _shared(rows)
    return _Column(
        "说明", "Flags", lambda r: _flag_texts([f for f in r["flags"] if f not in shared]), 44
    )


def _surface(row: Row) -> object:
    return _known(row["with_surface"], "share") if "with_surface" in row else "—"


_SHARES = (
    _Column("人口", "People", _get("people"), 13, PEOPLE),
    _Column("可达", "Within reach", _get("covered"), 13, PEOPLE),
    _Column("不可达", "Not within reach", _get("uncovered"), 13, PEOPLE),
    _Column("覆盖率", "Share", _get("share"), 10, SHARE),
    _Column("低", "Low", _get("low"), 10, SHARE),
    _Column("高", "High", _get("high"), 10, SHARE),
    _Column("含假设公交（参考）", "Incl. assumed surface transit", _surface, 18, SHARE),
)
_MEDIAN = _Column("中位分钟", "Median minutes", _get("median_minutes"), 11, DECIMAL)


def _title(sheet: _Sheet, snapshot: Snapshot, text: str, english: str) -> None:
    sheet.line(text + traveller_suffix(snapshot.manifest, "zh"), font=_TITLE)
    sheet.line(english + traveller_suffix(snapshot.manifest, "en"), font=_SOFT)


def _frozen(sheet: _Sheet, columns: Sequence[_Column], rows: Sequence[Row], column: str) -> None:
    """Write a table whose headings, and the columns before ``column``, stay in sight."""
    sheet.sheet.freeze_panes = f"{column}{sheet.row + 2}"
    sheet.table(columns, rows)


def _asked(sheet: _Sheet, snapshot: Snapshot, facts: DistrictFacts) -> None:
    question = facts.asked.question
    sheet.line(
        f"衡量标准：{words.question_text(snapshot, question, 'zh')}"
        f" · {words.question_text(snapshot, question, 'en')}",
        font=_SOFT,
    )


def _summary(sheet: _Sheet, snapshot: Snapshot, facts: DistrictFacts) -> None:
    _title(
        sheet,
        snapshot,
        f"《{facts.name_zh}科普场馆与基地覆盖分析及缺口报告》",
        f"{facts.name_en} District: coverage and gaps of science venues and bases",
    )
    _asked(sheet, snapshot, facts)
    for heading, text in findings(snapshot, facts, "zh"):
        cell = sheet.line(f"{heading}：{text}")[0]
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.sheet.merge_cells(
            start_row=sheet.row, end_row=sheet.row, start_column=1, end_column=10
        )
        sheet.sheet.row_dimensions[sheet.row].height = 15 * (1 + len(text) // 62)
    sheet.line()
    answers = [("本问题 This question", facts.asked)] + [
        (f"{a.standard.name_zh} {a.standard.name_en}" if a.standard else "", a)
        for a in facts.standards
    ]
    rows = [
        {**row, "asked": name, "area": f"{row['name_zh']} {row['name_en']}", "rank": rank}
        for name, a in answers
        for row, rank in _both(a)
    ]
    columns = (
        _Column("标准", "Standard", lambda r: r["asked"], 44),
        _Column("范围", "Area", lambda r: r["area"], 18),
        *_SHARES,
        _MEDIAN,
        _Column("90%分位分钟", "90 % minutes", _get("p90_minutes"), 12, DECIMAL),
        _Column("位次（参考）", "Place", lambda r: r["rank"], 12),
        _flags(rows),
    )
    sheet.table(columns, rows)
    sheet.sheet.freeze_panes = "A3"


def _both(answer: Answer) -> list[tuple[Row, str]]:
    return [(answer.district, rank_text(answer.rank, "zh")), (answer.city, "—")]


def _towns(sheet: _Sheet, snapshot: Snapshot, facts: DistrictFacts) -> None:
    names = f"{facts.name_zh}：按街道乡镇的覆盖", f"{facts.name_en}: coverage by township"
    _title(sheet, snapshot, *names)
    _asked(sheet, snapshot, facts)
    total = {**facts.asked.district, "name_zh": "全区", "name_en": "District"}
    rows = [*facts.towns, {**total, "township_code": facts.adcode}]
    columns = (
        _Column("街道乡镇", "Township", lambda r: r["name_zh"], 18),
        _Column("英文名", "English name", lambda r: r["name_en"], 30),
        _Column("区划代码", "Code", lambda r: r["township_code"], 12),
        *_SHARES,
        _MEDIAN,
        _flags(rows),
    )
    _frozen(sheet, columns, rows, "B")


def _groups(sheet: _Sheet, snapshot: Snapshot, facts: DistrictFacts) -> None:
    names = f"{facts.name_zh}：各人群的覆盖", f"{facts.name_en}: coverage by group"
    _title(sheet, snapshot, *names)
    _asked(sheet, snapshot, facts)
    notes = {g.id: group_note(snapshot, g.id)[0] for g in snapshot.area.meta.groups}
    columns = (
        _Column("人群", "Group", lambda r: r["group_zh"], 24),
        _Column("英文名", "English name", lambda r: r["group_en"], 24),
        _Column("人口数据", "Figure", lambda r: word(words.STANDINGS, r["standing"], "zh"), 20),
        *_SHARES,
        _MEDIAN,
        _Column("来由", "Remarks", lambda r: notes[r["group"]], 50),
        _flags(facts.groups),
    )
    _frozen(sheet, columns, facts.groups, "B")


def _gaps(
    sheet: _Sheet, snapshot: Snapshot, facts: DistrictFacts, kind: Literal["service", "data"]
) -> None:
    part = facts.service if kind == "service" else facts.data
    zh, en = {"service": ("服务缺口", "Service gaps"), "data": ("数据缺口", "Data gaps")}[kind]
    _title(sheet, snapshot, f"{facts.name_zh}：{zh}", f"{facts.name_en}: {en}")
    sheet.line(f"共 {len(part.rows)} 处 zones，{part.people:,} 人 people", font=_SOFT)
    columns = (
        _Column("所在街道乡镇", "Township", lambda r: r["township_zh"], 18),
        _Column("英文名", "English name", lambda r: r["township_en"], 30),
        _Column("人口", "People", _get("people"), 12, PEOPLE),
        _Column("平方公里", "km²", _get("area_km2"), 10, "#,##0.00"),
        _Column("程度", "Severity", lambda r: word(words.SEVERITIES, r["severity"], "zh"), 9),
        _Column("原因", "Cause", lambda r: r["cause_zh"], 38),
        _Column("原因（英文）", "Cause in English", lambda r: r["cause_en"], 38),
        _Column("最近场馆", "Nearest venue", lambda r: r["nearest_venue_zh"] or "无数据", 30),
        _Column("场馆编号", "Venue id", lambda r: r["nearest_venue_id"] or "无数据", 14),
        _Column("平均分钟", "Mean minutes", _get("nearest_minutes"), 10, DECIMAL),
        _Column("缺口编号", "Gap id", lambda r: r["gap_id"], 28),
        _flags(part.rows),
    )
    _frozen(sheet, columns, part.rows, "B")


def _venues(sheet: _Sheet, snapshot: Snapshot, facts: DistrictFacts, question: Question) -> None:
    names = f"{facts.name_zh}：场馆与基地名录", f"{facts.name_en}: venues and bases"
    _title(sheet, snapshot, *names)
    science = next(r for r in count_venues(facts, question) if r["kind"] == "science")
    sheet.line(
        f"科普场馆 {science['total']} 处，计入覆盖 {science['counted']} 处，"
        f"无位置 {science['unlocated']} 处；名录可能不全",
        font=_SOFT,
    )
    columns = (
        _Column("编号", "No.", lambda r: facts.numbers[r["venue_id"]], 7, "0"),
        _Column("名称", "Name", lambda r: r["name_zh"], 32),
        _Column("英文名", "English name", lambda r: r["name_en"], 38),
        _Column("类别", "Kind", lambda r: word(words.KINDS, r["kind"], "zh"), 18),
        _Column("1+16+N", "Tier", lambda r: word(words.TIERS, r["tier"], "zh"), 11),
        _Column("级别", "Level", lambda r: word(words.LEVELS, r["level"], "zh"), 10),
        _Column("状态", "Status", lambda r: word(words.STATUSES, r["status"], "zh"), 12),
        _Column("地址", "Address", lambda r: r["address_zh"] or "无数据", 34),
        _Column("经度", "Longitude", _get("lon"), 12, "0.000000"),
        _Column("纬度", "Latitude", _get("lat"), 12, "0.000000"),
        _Column("位置精度（米）", "Position ± (m)", _get("precision_m"), 12, PEOPLE),
        _Column("把握", "Confidence", lambda r: word(words.CONFIDENCES, r["confidence"], "zh"), 9),
        _Column("场馆编号", "Venue id", lambda r: r["venue_id"], 14),
        _Column("来源", "Source", lambda r: r["source"], 60),
        _Column("备注", "Note", lambda r: r["note"] or "", 60),
        _flags(facts.venues),
    )
    _frozen(sheet, columns, facts.venues, "C")


def _travel(snapshot: Snapshot) -> list[str]:
    """Say how times were made: in a line for the embedded estimates, else mode by mode."""
    said = [
        "时间为估算：步行按直线距离乘绕行系数，公共交通为步行加轨道；无地面公交数据，另列的假设公交不计入其他数字。"
    ]
    if not all_estimated(snapshot):
        said = [f"{zh}。{en}." for zh, en in ways_made(snapshot)]
    if note := traveller_note(snapshot):
        said.append(f"{note[0]}。{note[1]}.")
    return said


def _method(sheet: _Sheet, snapshot: Snapshot) -> None:
    _title(sheet, snapshot, "来源与方法", "Sources and method")
    for zh in (
        "人口为模型推算到网格的估计值，不是点数；街道乡镇无普查数的按本区余数估计。",
        *_travel(snapshot),
        "时间不超过时限即为可达；低、高是各种不确定（人口分布、场馆位置与开放情况、班次早晚）同时最坏、最好时的界限，不是常见范围。没有数据写“无数据”，不是零。",
        "标准均为参考值或建议指标。缺口按网格就近归属街道乡镇，与按居民所属统计可能略有不同，全区合计一致。",
    ):
        sheet.line(zh)
    sheet.line()
    sheet.table(
        (
            _Column("来源", "Source", lambda r: r["title"], 46),
            _Column("英文名", "In English", lambda r: r["title_en"], 46),
            _Column("日期", "Date", lambda r: r["date"], 14),
            _Column("许可", "Licence", lambda r: word(words.LICENCES, r["licence"], "zh"), 34),
            _Column("署名", "Attribution", lambda r: r["attribution"], 44),
        ),
        [vars(s) for s in snapshot.manifest.sources],
    )
    sheet.line()
    sheet.table(
        (
            _Column("假设", "Assumption", lambda r: r["name"], 46),
            _Column("取值", "Value", lambda r: r["value"], 46, "#,##0.##"),
            _Column("单位", "Unit", lambda r: r["unit"], 14),
            _Column("把握", "Confidence", lambda r: r["confidence"], 34),
            _Column("依据", "Source", lambda r: r["source"], 44),
        ),
        assumption_rows(snapshot, "zh"),
    )
    sheet.sheet.freeze_panes = "A3"
