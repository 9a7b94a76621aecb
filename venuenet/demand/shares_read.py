"""Reads a table of shares, from a user or kept: every fault of it at once, or all of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from venuenet.area import StudyArea, resolve_district
from venuenet.demand.shares import Share, Shares, contradictions, merged
from venuenet.demand.shares_faults import say
from venuenet.errors import Fault, SourceError, UnknownNameError
from venuenet.sources.grid import Grid
from venuenet.sources.values import clean
from venuenet.standards.groups import GROUP_ID, GroupRules

ROWS = 20_000
GROUPS = 40
HEADER_ROWS = 20
TEXT_CHARS = 200
"""Limits of one file: rows, groups, rows among which the header is looked for, and
characters of a source or a name."""

COLUMNS = ("district", "township", "group", "share", "year", "source", "name_zh", "name_en")
NEEDED = ("group", "share", "year", "source")
_WORDS = {
    "district": "district adcode 区 所属区 行政区 区县 区划代码",
    "township": "township townshipcode 街道乡镇 乡镇街道 街道 乡镇 街镇",
    "group": "group 人群 群体 人群编号",
    "share": "share 比例 占比 比重 人口比例",
    "year": "year 年份 年 年度",
    "source": "source 来源 数据来源 出处",
    "name_zh": "namezh 人群中文名 中文名 中文名称",
    "name_en": "nameen 人群英文名 英文名 英文名称",
    "": "note 备注 说明 序号",
}
_FIELD = {word: field for field, words in _WORDS.items() for word in words.split()}
_TOWN = re.compile("(?:街道办事处|地区办事处|街道|地区|镇|乡)$")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?")
_YEAR = re.compile(r"((?:19|20|21)\d\d)年?")


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


@dataclass(frozen=True)
class Imported:
    """A user's file, read.

    Attributes
    ----------
    shares : Shares
        What the file gives.
    blank : int
        Rows without a share: nothing is said, nothing is changed.
    """

    shares: Shares
    blank: int


@dataclass(frozen=True)
class _Table:
    """A sheet's table: which column is which field, and whether its shares are in percent."""

    grid: Grid
    headers: Mapping[str, str]
    columns: Mapping[str, int]
    first: int
    percent: bool


class _Reader:
    """Reads the rows of one file against an area and its groups; gathers faults."""

    def __init__(self, file: str, area: StudyArea, rules: GroupRules, kept: Shares) -> None:
        self.file, self.area, self.kept = file, area, kept
        self.faults: list[Fault] = []
        self.names: dict[str, dict[str, str]] = {}
        self.new: dict[str, int] = {}
        self.blank = 0
        known = {group: (r.name_zh, r.name_en) for group, r in rules.groups.items()}
        known |= {g.id: (g.name_zh, g.name_en) for g in area.meta.groups}
        self.fixed = known
        self.groups = {**known, **kept.names}
        # What the rules call a group is as good as what the pack does: 老年人 is seniors.
        self.called = {
            _plain(n): g for g, r in rules.groups.items() for n in (r.name_zh, r.name_en)
        }
        self.called |= {_plain(n): g for g, names in self.groups.items() for n in (g, *names)}
        self.towns: dict[str, list[tuple[str, str]]] = {}
        for town in area.townships.to_dict("records"):
            code, zh, en = (str(town[c]) for c in ("township_code", "name_zh", "name_en"))
            for name in {_plain(n) for n in (code, zh, _TOWN.sub("", zh), en)} - {""}:
                self.towns.setdefault(name, []).append((code, str(town["adcode"])))

    def tell(self, code: str, row: int | None, column: str | None, **words: str | float) -> None:
        """Note a fault."""
        self.faults.append(say(code, self.file, row, column, **words))

    def table(self, grid: Grid) -> _Table | None:
        """Find the header of a sheet."""
        for at, (number, cells) in enumerate(grid.rows[:HEADER_ROWS]):
            fields = [_FIELD.get(_plain(re.sub(r"[（(].*[)）]|[%％]", "", c))) for c in cells]
            if not {"group", "share"} <= set(fields) or not {"district", "township"} & set(fields):
                continue
            columns: dict[str, int] = {}
            for column, (name, cell) in enumerate(zip(fields, cells, strict=True)):
                if name in columns and name:
                    self.tell("twice_column", number, clean(cell), value=cells[columns[name]])
                elif name is None and clean(cell):
                    self.tell("column", number, clean(cell), allowed=" ".join(COLUMNS))
                elif name:
                    columns[name] = column
            if set(NEEDED) - columns.keys():
                return None
            headers = {name: clean(cells[column]) for name, column in columns.items()}
            percent = bool(re.search("[%％]", cells[columns["share"]]))
            return _Table(grid, headers, columns, at + 1, percent)
        return None

    def rows(self, table: _Table) -> Iterator[Share]:
        """Read the rows under a header."""
        width = len(table.grid.rows[table.first - 1][1])
        for number, cells in table.grid.rows[table.first :]:
            if any(clean(c) for c in cells[width:]):
                self.tell("wide", number, None, value=len(cells) - width)
                continue
            said = {
                field: clean(cells[column]) if column < len(cells) else ""
                for field, column in table.columns.items()
            }
            if not any(said.values()):
                continue
            if not said["share"]:
                self.blank += 1
                continue
            share = self.row(number, said, table)
            if share is not None:
                yield share

    def row(self, number: int, said: Mapping[str, str], table: _Table) -> Share | None:
        """Read one row; None where something of it is wrong."""
        before = len(self.faults)
        for field, text in said.items():
            if not text and field in NEEDED:
                self.tell("blank", number, table.headers[field])
            elif len(text) > TEXT_CHARS:
                self.tell("long", number, table.headers[field], limit=TEXT_CHARS)
        area = self.place(number, said, table)
        group = self.group(number, said, table) if said["group"] else ""
        share = self.share(number, said["share"], table)
        year = _YEAR.fullmatch(said["year"])
        if year is None and said["year"]:
            self.tell("year", number, table.headers["year"], value=said["year"])
        if len(self.faults) > before or area is None or share is None or year is None:
            return None
        return Share(group, *area, share, int(year[1]), said["source"], row=number)

    def place(self, number: int, said: Mapping[str, str], table: _Table) -> tuple[str, str] | None:
        """Find (adcode, township code or "")."""
        wanted, town, adcode = said.get("district", ""), said.get("township", ""), ""
        if not wanted and not town:
            self.tell("no_area", number, None)
            return None
        if wanted:
            try:
                adcode = resolve_district(self.area, wanted)
            except UnknownNameError:
                self.tell("district", number, table.headers["district"], value=wanted)
                return None
        if not town:
            return adcode, ""
        found = [t for t in self.towns.get(_plain(town), []) if adcode in ("", t[1])]
        column = table.headers["township"]
        if not found:
            where = wanted or self.area.meta.name_zh
            self.tell("township", number, column, value=town, where=where)
        elif len(found) > 1:
            codes = " ".join(code for code, _ in found[:10])
            self.tell("which_township", number, column, value=town, allowed=codes)
        else:
            return found[0][1], found[0][0]
        return None

    def group(self, number: int, said: Mapping[str, str], table: _Table) -> str:
        """Find the group meant, or take down a new one."""
        text, names = said["group"], {f: said.get(f, "") for f in ("name_zh", "name_en")}
        group = self.called.get(_plain(text), text)
        if group not in self.groups:
            if not re.fullmatch(GROUP_ID, group) or group == "all":
                allowed = " ".join(self.groups)
                self.tell("group", number, table.headers["group"], value=text, allowed=allowed)
                return ""
            self.new.setdefault(group, number)
        fixed = self.fixed.get(group)
        if fixed:
            told = {"name_zh": fixed[0], "name_en": fixed[1]}
        else:
            told = self.names.setdefault(group, {})
        for field, name in names.items():
            if name and told.setdefault(field, name) != name:
                column, other = table.headers[field], told[field]
                self.tell("other_name", number, column, value=name, other=other)
        return group

    def share(self, number: int, text: str, table: _Table) -> float | None:
        """Read 0.205, 20.5% or, under a header with %, 20.5."""
        column = table.headers["share"]
        folded = unicodedata.normalize("NFKC", text).replace(" ", "").replace("−", "-").lower()
        bare = folded.removesuffix("%")
        if not _NUMBER.fullmatch(bare):
            self.tell("number", number, column, value=text)
            return None
        value, marked = float(bare), bare != folded
        if table.percent and not marked and 0 < value <= 1:
            self.tell("percent", number, column, value=text, hundred=100 * value)
            return None
        share = value / 100 if marked or table.percent else value
        if not 0 <= share <= 1:
            self.tell("range", number, column, value=text)
            return None
        return share

    def shares(self, rows: list[Share]) -> Shares:
        """Put the rows together: nothing twice, every new group with its names."""
        seen: dict[tuple[str, str, str], Share] = {}
        for row in rows:
            other = seen.setdefault(row.key, row)
            if other is not row:
                self.tell("twice", row.row, None, value=str(other.row))
        names = {}
        for group, told in self.names.items():
            old = self.kept.names.get(group, ("", ""))
            both = told.get("name_zh", old[0]), told.get("name_en", old[1])
            if not all(both):
                self.tell("names", self.new.get(group), None, value=group)
            names[group] = both
        if len({row.group for row in rows}) > GROUPS:
            self.tell("groups", None, None, limit=GROUPS)
        return Shares(tuple(sorted(seen.values(), key=lambda row: row.key)), names)


def read_tables(
    file: str, grids: Sequence[Grid], area: StudyArea, rules: GroupRules, kept: Shares
) -> Imported:
    """Read a file's sheets as one table of shares.

    Parameters
    ----------
    file : str
        Its name, for faults.
    grids : sequence of Grid
        Its sheets; those without the header are passed over.
    area : StudyArea
        As its pack has it.
    rules : GroupRules
        Name the groups the pack does not have.
    kept : Shares
        What was imported before, against which nothing may contradict.

    Raises
    ------
    SourceError
        With every fault of the file.
    """
    reader = _Reader(file, area, rules, kept)
    if sum(len(grid.rows) for grid in grids) > ROWS:
        raise SourceError([say("rows", file, limit=ROWS)])
    tables = [table for grid in grids if (table := reader.table(grid)) is not None]
    if not tables:
        raise SourceError([*reader.faults, say("no_header", file)])
    rows = [share for table in tables for share in reader.rows(table)]
    shares = reader.shares(rows)
    names = dict(zip(area.districts["adcode"], area.districts["name_zh"], strict=True))
    for found in contradictions(merged(kept, shares), area):
        reader.tell(
            "contradicts", found.district.row or found.townships.row, None,
            where=names[found.district.adcode], group=found.district.group,
            value=found.district.share, low=found.low, high=found.high,
        )  # fmt: skip
    if not rows and not reader.faults:
        reader.tell("no_rows", None, None)
    if reader.faults:
        raise SourceError(sorted(reader.faults, key=lambda f: f.row or 0))
    return Imported(shares, reader.blank)
