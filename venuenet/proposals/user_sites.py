"""A user's own list of places where something might be built: every fault of it at once."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from venuenet.area import resolve_district
from venuenet.errors import BadQueryError, Fault, SourceError, UnknownNameError
from venuenet.geocode.districts import Districts
from venuenet.proposals.types import MOST_SITES, UserSite
from venuenet.publish.snapshot import Snapshot
from venuenet.sources import files, points
from venuenet.sources.datum import to_wgs84
from venuenet.sources.grid import Grid
from venuenet.sources.values import Unclear, clean

FILE_BYTES = 4 * 2**20
"""Size from which a file is refused unread."""
ROWS, TEXT, HEADER_ROWS = MOST_SITES, 120, 20
"""Rows of a list, characters of a cell, and rows among which the header is looked for."""
MOST_FAULTS = 200
"""Faults told one by one; the rest are counted."""
DATUMS = ("WGS84", "CGCS2000", "GCJ-02", "BD-09")
LISTED = "sites"
"""What the list is called where it is no file."""

_WORDS = {
    "name": "name namezh 名称 地点 场所 名字 单位名称 馆名",
    "lon": "lon lng longitude x 经度",
    "lat": "lat latitude y 纬度",
    "adcode": "adcode district 区 所属区 行政区 区县 区划代码",
    "sort": "sort type kind 类型 类别 种类 性质",
    "cost": "cost 造价 费用 成本 投资 预算 金额",
    "": "note id 备注 说明 序号 编号 地址 address",
}
_FIELD = {word: field for field, words in _WORDS.items() for word in words.split()}
FIELDS = ("name", "lon", "lat", "adcode", "sort", "cost")
SORTS: Mapping[str, tuple[str, str]] = {
    "culture_centre": ("综合文化中心", "culture centre"),
    "library": ("图书馆", "library"),
    "school": ("学校", "school"),
    "practice_station": ("新时代文明实践站", "civilized-practice station"),
}
_SORT_WORDS = (
    ("图书", "library"), ("library", "library"), ("学校", "school"), ("中学", "school"),
    ("小学", "school"), ("school", "school"), ("文明实践", "practice_station"),
    ("practice", "practice_station"), ("文化", "culture_centre"), ("culture", "culture_centre"),
)  # fmt: skip

# What a fault says: zh, en, and how to mend it, zh, en.
SAYS: dict[str, tuple[str, str, str, str]] = {
    "too_large": (
        "超过 {value} MB", "is larger than {value} MB", "只保留地点表", "keep only the table",
    ),
    "rows": (
        "有 {value} 行，最多 {limit} 行", "has {value} rows; at most {limit} are taken",
        "拆成几个文件", "split it into several",
    ),
    "no_header": (
        "没有表头：须有 名称、经度、纬度", "has no header with name, lon and lat",
        "补上表头", "add a header",
    ),
    "no_rows": ("没有一行地点", "has no place", "填上地点", "add places"),
    "shape": (
        "应为对象的列表", "must be a list of objects",
        "写成 [{{'name': …, 'lon': …, 'lat': …}}]", "write [{{'name': …, 'lon': …, 'lat': …}}]",
    ),
    "field": (
        "不认识的字段“{value}”", "unknown field {value!r}",
        "可用：{limit}", "use: {limit}",
    ),
    "blank": ("不能为空", "must not be blank", "填上取值", "fill it in"),
    "long": ("超过 {limit} 个字符", "is longer than {limit} characters", "缩短", "shorten it"),
    "point": (
        "“{value}”不是经纬度", "{value!r} is no coordinate",
        "填十进制度，经度在前", "give decimal degrees, longitude first",
    ),
    "swapped": (
        "经纬度颠倒", "longitude and latitude are swapped", "两列互换", "exchange the two",
    ),
    "district": (
        "没有名为“{value}”的区", "no district is called {value!r}",
        "填本市一个区的名称或代码", "give a district's name or code",
    ),
    "outside": (
        "在{value}外 {limit} 米", "lies {limit} m outside {value}",
        "核对坐标、所属区与坐标系（datum）", "check the point, its district and the datum",
    ),
    "cost": (
        "“{value}”不是不小于 0 的数", "{value!r} is no number of 0 or more",
        "只填数字", "digits only",
    ),
    "cost_blank": (
        "其他行有造价，此行没有", "has no cost, while other rows do",
        "补上造价，或全部留空", "give a cost, or none in any row",
    ),
    "twice": (
        "与第 {value} 行同名同址", "repeats row {value}: the same name and point",
        "只留一行", "keep one of them",
    ),
    "more": ("另有 {value} 处问题", "has {value} more faults", "先改以上各处", "mend these first"),
}  # fmt: skip


class _Told(list[Fault]):
    """Faults of one list."""

    def __init__(self, file: str) -> None:
        super().__init__()
        self.file = file

    def say(
        self, code: str, row: int | None = None, column: str | None = None, **w: object
    ) -> None:
        """Note a fault."""
        short = {"value": "", "limit": ""} | {k: str(v)[:80] for k, v in w.items()}
        zh, en, mend_zh, mend_en = (text.format(**short) for text in SAYS[code])
        self.append(Fault(self.file, row, column, zh, en, mend_zh, mend_en))

    def refuse(self) -> None:
        """Raise SourceError if there is any fault."""
        if len(self) > MOST_FAULTS:
            more = len(self) - MOST_FAULTS
            del self[MOST_FAULTS:]
            self.say("more", value=more)
        if self:
            raise SourceError(list(self))


def read_sites(path: Path) -> list[dict[str, Any]]:
    """Read a file (.csv, .xlsx, .json, GeoJSON ...) into rows ``parse_sites`` understands.

    Each row keeps its number as a spreadsheet shows it under ``row``.

    Raises
    ------
    SourceError
        The file cannot be read, is larger than ``FILE_BYTES``, or has no header.
    """
    told = _Told(path.name)
    if path.is_file() and path.stat().st_size > FILE_BYTES:
        told.say("too_large", value=FILE_BYTES // 2**20)
        told.refuse()
    found = files.content(path, path.name)
    if path.suffix.lower() == ".json" and found.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        try:
            rows = json.loads(found.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            rows = None
        if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
            told.say("shape")
            told.refuse()
        return [{**r, "row": i} for i, r in enumerate(rows, 1)]
    grids, faults = files.grids(path.name, found)
    if faults:
        raise SourceError(faults)
    tables = [table for grid in grids if (table := _table(grid)) is not None]
    if not tables:
        told.say("no_header")
        told.refuse()
    return [row for table in tables for row in table]


def _plain(text: str) -> str:
    text = re.sub(r"[（(].*[)）]", "", text)
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def _table(grid: Grid) -> list[dict[str, Any]] | None:
    """Read a sheet under the first row that names a place and its point."""
    for at, (_, cells) in enumerate(grid.rows[:HEADER_ROWS]):
        columns = {f: i for i, c in enumerate(cells) if (f := _FIELD.get(_plain(c)))}
        if "name" not in columns or not (grid.points or {"lon", "lat"} <= columns.keys()):
            continue
        out = []
        for number, row in grid.rows[at + 1 :]:
            said: dict[str, Any] = {
                f: clean(row[i]) if i < len(row) else "" for f, i in columns.items()
            }
            if grid.points is not None and number in grid.points:
                said["lon"], said["lat"] = grid.points[number]
            if any(said.values()):
                out.append({**said, "row": number})
        return out
    return None


def parse_sites(
    snapshot: Snapshot, rows: object, datum: object = None, file: str = LISTED
) -> tuple[UserSite, ...]:
    """Understand rows of ``name, lon, lat`` and, where known, ``adcode, sort, cost``.

    Parameters
    ----------
    snapshot : Snapshot
    rows : list of mapping
        Values as text or numbers; ``row`` may number them.
    datum : str, optional
        Of the coordinates: one of ``DATUMS``, WGS84 by default.
    file : str
        What to call the list in faults.

    Raises
    ------
    BadQueryError
        No such datum.
    SourceError
        With every fault of the rows.
    """
    known = datum or "WGS84"
    if known not in DATUMS:
        shown = str(datum)[:60]
        raise BadQueryError(
            f"没有坐标系“{shown}”", f"there is no datum {shown!r}", param="datum", allowed=DATUMS
        )
    told = _Told(file)
    if not isinstance(rows, list | tuple) or not all(isinstance(r, Mapping) for r in rows):
        told.say("shape")
    elif len(rows) > ROWS:
        told.say("rows", value=f"{len(rows):,}", limit=f"{ROWS:,}")
    elif not rows:
        told.say("no_rows")
    told.refuse()
    listed: list[Mapping[str, Any]] = list(rows) if isinstance(rows, list | tuple) else []
    numbers = [_number(row, at) for at, row in enumerate(listed, 1)]
    read = [_row(told, snapshot, row, n) for row, n in zip(listed, numbers, strict=True)]
    _check_costs(told, read, numbers)
    sites = [s for s in read if s is not None]
    if not told:
        sites = _placed(told, snapshot, sites, numbers, known)
    told.refuse()
    return tuple(sites)


def _number(row: Mapping[str, Any], at: int) -> int:
    """Return the number a row has in its file, else its place in the list."""
    number = row.get("row", at)
    return number if isinstance(number, int) and 0 < number < 10**7 else at


def _row(told: _Told, snapshot: Snapshot, row: Mapping[str, Any], number: int) -> UserSite | None:
    """Read one row; None where something of it is wrong."""
    before = len(told)
    for name in row:
        if name not in (*FIELDS, "row"):
            told.say("field", number, None, value=name, limit=" ".join(FIELDS))
    said = {f: "" if row.get(f) is None else clean(str(row[f])[: 2 * TEXT]) for f in FIELDS}
    for f, text in said.items():
        if len(text) > TEXT:
            told.say("long", number, f, limit=TEXT)
        elif not text and f in ("name", "lon", "lat"):
            told.say("blank", number, f)
    point = _point(told, number, said)
    adcode = _adcode(told, snapshot, number, said["adcode"])
    cost = _cost(told, number, said["cost"])
    if len(told) > before or point is None:
        return None
    return UserSite(said["name"], *point, adcode, _sort(said["sort"]), cost)


def _point(told: _Told, number: int, said: Mapping[str, str]) -> tuple[float, float] | None:
    lon, lat = (_angle(told, number, f, said[f]) for f in ("lon", "lat"))
    if lon is None or lat is None:
        return None
    try:
        return points.checked(lon, lat)
    except Unclear as error:
        code = "swapped" if error.code == "swapped" else "point"
        told.say(code, number, "lon", value=f"{lon}, {lat}")
        return None


def _adcode(told: _Told, snapshot: Snapshot, number: int, text: str) -> str | None:
    if not text:
        return None
    try:
        return resolve_district(snapshot.area, text)
    except UnknownNameError:
        told.say("district", number, "adcode", value=text)
        return None


def _cost(told: _Told, number: int, text: str) -> float | None:
    if not text:
        return None
    try:
        cost = float(text.replace(",", "").replace("，", ""))
    except ValueError:
        cost = math.nan
    if not 0 <= cost <= 1e9:
        told.say("cost", number, "cost", value=text)
    return cost


def _angle(told: _Told, number: int, field: str, text: str) -> float | None:
    if not text:
        return None
    try:
        return points.angle(text, "lon" if field == "lon" else "lat")
    except Unclear as error:
        code = "swapped" if error.code == "swapped" else "point"
        told.say(code, number, field, value=text)
        return None


def _sort(text: str) -> str | None:
    """Name the sort of building; what is none of ``SORTS`` stays as written."""
    plain = text.casefold()
    return next((sort for word, sort in _SORT_WORDS if word in plain), text or None)


def _check_costs(told: _Told, read: Sequence[UserSite | None], numbers: Sequence[int]) -> None:
    """Costs of some places cannot be weighed against places without."""
    if any(s is not None and s.cost is not None for s in read):
        for site, number in zip(read, numbers, strict=True):
            if site is not None and site.cost is None:
                told.say("cost_blank", number, "cost")


def _placed(
    told: _Told, snapshot: Snapshot, sites: list[UserSite], numbers: Sequence[int], datum: str
) -> list[UserSite]:
    """Take the points to WGS84 and find, or confirm, the district of each."""
    lon, lat = to_wgs84([s.lon for s in sites], [s.lat for s in sites], datum)  # type: ignore[arg-type]
    districts = Districts(snapshot.area)
    off, holders = districts.outside_m(lon, lat, [s.adcode for s in sites])
    table = snapshot.area.districts
    names = dict(zip(table["adcode"], table["name_zh"], strict=True))
    seen: dict[tuple[str, float, float], Any] = {}
    out = []
    for i, site in enumerate(sites):
        adcode = site.adcode or holders[i]
        if off[i] > districts.tolerance_m:
            where = names.get(site.adcode or "", snapshot.area.meta.name_zh)
            told.say("outside", numbers[i], "lon", value=where, limit=round(float(off[i])))
        key = (site.name_zh, round(float(lon[i]), 6), round(float(lat[i]), 6))
        near = seen.setdefault(key, numbers[i])
        if near != numbers[i]:
            told.say("twice", numbers[i], "name", value=near)
        out.append(
            UserSite(site.name_zh, float(lon[i]), float(lat[i]), adcode, site.sort, site.cost)
        )
    return out
