"""A user's own numbers for the yardsticks: registered people, indicators, objectives of the plan.

Three small tables, each imported whole or refused whole (docs/yardsticks.md).
"""

from __future__ import annotations

import csv
import io
import os
import re
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from venuenet.area import StudyArea, resolve_district
from venuenet.errors import Fault, SourceError, UnknownNameError
from venuenet.faults import say
from venuenet.planformat import (
    CITY,
    CITY_NAMES,
    COLUMNS,
    DIRECTIONS,
    KEYS,
    MAX_CHARS,
    MAX_ROWS,
    SAME,
    SAYS,
    WHATS,
    Column,
    What,
    word,
)
from venuenet.sources import files
from venuenet.sources.values import Unclear, clean, date, is_blank, number
from venuenet.standards import load_standards
from venuenet.standards.yardsticks import load_yardsticks

Row = dict[str, Any]
_ID = re.compile(r"[\w.-]{1,40}")
_ADCODE = re.compile(r"\d{6}")


def read_table(
    path: Path, what: What, area: StudyArea, metrics: Collection[str] | None = None
) -> list[Row]:
    """Read a user's table, csv or xlsx.

    Parameters
    ----------
    path : Path
        The file; at most ``sources.limits.FILE_BYTES`` and ``MAX_ROWS`` rows.
    what : str
        Which table it is.
    area : StudyArea
        Whose districts may be named, by code or in words; ``city`` or 全市 is the whole.
    metrics : collection of str, optional
        What objectives may be about; anything by default.

    Returns
    -------
    list of dict
        Plain values by column name: numbers, ISO dates, None where blank; ``adcode`` None for the
        whole city.

    Raises
    ------
    SourceError
        Carrying every fault found: file, row and column, and how to mend it.
    """
    names = {*CITY_NAMES, area.meta.name_zh, area.meta.name_en.casefold()}

    def named(text: str) -> str | None:
        return None if text.casefold() in names else resolve_district(area, text)

    return _Reading(path.name, what, named, metrics).rows(files.content(path, path.name))


def store(rows: Sequence[Row], what: What, folder: Path) -> Path:
    """Keep a table in ``folder`` in place of the one there, all at once; returns its file."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    names = [c.name for c in COLUMNS[what]]
    writer.writerow(names)
    for row in rows:
        cells = {**row, "adcode": row["adcode"] or CITY}
        writer.writerow(["" if cells[n] is None else cells[n] for n in names])
    folder.mkdir(parents=True, exist_ok=True)
    handle, fresh = tempfile.mkstemp(prefix=f".{what}-", suffix=".new", dir=folder)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(out.getvalue())
            file.flush()
            os.fsync(file.fileno())
        return Path(fresh).replace(folder / f"{what}.csv")
    except BaseException:
        Path(fresh).unlink(missing_ok=True)
        raise


def read_extras(folder: Path) -> dict[str, Any]:
    """Read what was imported, as plain JSON values for the next build.

    Returns
    -------
    dict
        ``population``: by adcode (``city`` for the whole), ``registered``, ``year``, ``source``;
        ``indicators`` and ``objectives``: lists of rows, by their keys. A table that was never
        imported is absent; {} when nothing was.

    Raises
    ------
    SourceError
        A file was changed by hand and does not hold together.
    """
    found: dict[str, Any] = {}
    for what in WHATS:
        path = folder / f"{what}.csv"
        if not path.is_file():
            continue
        content = files.content(path, path.name)
        rows = _Reading(path.name, what, _stored_name).rows(content)
        if what == "population":
            found[what] = {
                r["adcode"] or CITY: {k: v for k, v in r.items() if k != "adcode"} for r in rows
            }
        else:
            found[what] = rows
    return found


def template(what: What) -> bytes:
    """Return an empty table with its headings, as CSV a spreadsheet reads (UTF-8 with BOM)."""
    heads = ",".join(f"{c.zh} {c.name}" for c in COLUMNS[what])
    return f"{heads}\r\n".encode("utf-8-sig")


def _stored_name(text: str) -> str | None:
    if text == CITY:
        return None
    if _ADCODE.fullmatch(text):
        return text
    raise UnknownNameError(f"“{text[:60]}”", f"{text[:60]!r}")


class _Reading:
    """One table being read: its columns found, its cells understood, its faults gathered."""

    def __init__(
        self,
        file: str,
        what: What,
        named: Callable[[str], str | None],
        metrics: Collection[str] | None = None,
    ) -> None:
        self.file, self.what, self.named, self.metrics = file, what, named, metrics
        self.faults: list[Fault] = []

    def rows(self, content: bytes) -> list[Row]:
        """Return the rows; raises SourceError with every fault."""
        grids, faults = files.grids(self.file, content)
        filled = [g for g in grids if g.rows and not g.hidden]
        self.faults += faults
        if len(filled) != 1:
            code = "sheets" if filled else "empty"
            raise SourceError([*self.faults, word(code, self.file)])
        (_, head), *body = filled[0].rows
        if len(body) > MAX_ROWS:
            raise SourceError([*self.faults, word("rows", self.file)])
        places = self._columns([clean(c) for c in head])
        whole, sound = not self.faults, []
        if not body:
            self.faults.append(word("empty", self.file))
        for number_, cells in body:
            before = len(self.faults)
            row = self._row(number_, [clean(c) for c in cells], places)
            if len(self.faults) == before:
                sound.append((number_, row))
        if whole:
            self.faults += self._between(sound)
        if self.faults:
            raise SourceError(self.faults)
        return [row for _, row in sound]

    def _columns(self, head: list[str]) -> dict[str, int]:
        """Find each column's place by its heading."""
        places: dict[str, int] = {}
        wanted = COLUMNS[self.what]
        for at, written in enumerate(head):
            if not written:
                continue
            words = {written.casefold(), *written.casefold().split()}
            found = [c.name for c in wanted if words & {c.name, c.zh}]
            if not found:
                allowed = "、".join(f"{c.zh} {c.name}" for c in wanted)
                self.faults.append(word("extra", self.file, column=written[:60], allowed=allowed))
            elif found[0] in places:
                self.faults.append(say("same_column", self.file, column=written[:60]))
            else:
                places[found[0]] = at
        for column in wanted:
            if column.name not in places and column.filled:
                name = f"{column.zh} {column.name}"
                self.faults.append(say("no_column", self.file, column=name))
        return places

    def _row(self, row: int, cells: list[str], places: dict[str, int]) -> Row:
        out: Row = {}
        for column in COLUMNS[self.what]:
            at = places.get(column.name)
            text = cells[at] if at is not None and at < len(cells) else ""
            out[column.name] = None
            if is_blank(text):
                if column.filled and at is not None:
                    self.faults.append(say("blank", self.file, row - 2, column.name))
                continue
            try:
                out[column.name] = self._cell(column, text)
            except _Wrong as wrong:
                self.faults.append(wrong.fault(self.file, row, column))
        return out

    def _cell(self, column: Column, text: str) -> object:
        """Understand one filled cell; raises _Wrong."""
        shown = text[:60]
        if column.kind in ("number", "whole"):
            return _number(column, text)
        if len(text) > MAX_CHARS:
            raise _Wrong("long")
        if column.kind == "id" and not _ID.fullmatch(text):
            raise _Wrong("id", value=shown)
        if column.kind == "direction":
            if text.casefold() not in DIRECTIONS:
                raise _Wrong("allowed", value=shown, allowed="at_least 不低于, at_most 不高于")
            return DIRECTIONS[text.casefold()]
        try:
            if column.kind == "district":
                return self.named(text)
            if column.kind == "date":
                return _day(text)
        except (Unclear, UnknownNameError):
            raise _Wrong(column.kind, value=shown) from None
        return text

    def _between(self, rows: list[tuple[int, Row]]) -> Iterator[Fault]:
        """Check what only several cells together can get wrong."""
        seen: dict[tuple[object, ...], int] = {}
        first: dict[str, Row] = {}
        taken = {y.id for y in load_yardsticks().yardsticks if y.value is not None or y.bands}
        shares = {s.id for s in load_standards()}
        for number_, row in rows:
            about = row.get("metric", row.get("indicator"))
            for name in ("value", "baseline", "target"):
                if about in shares and (row.get(name) or 0) > 1:
                    yield word("share", self.file, number_, name, value=about)
            names = KEYS[self.what]
            key = tuple(row[n] for n in names)
            if seen.setdefault(key, number_) != number_:
                shown = " ".join(str(k) for k in key if k is not None) or CITY
                words = {"value": shown, "other": str(seen[key])}
                yield say("twice", self.file, number_ - 2, names[0], **words)
            if self.what == "indicators":
                known = first.setdefault(row["indicator"], row)
                for column in (c for c in SAME if row[c] != known[c]):
                    yield word("differs", self.file, number_, column, value=row["indicator"])
                if row["indicator"] in taken:
                    value = row["indicator"]
                    yield word("reserved", self.file, number_, "indicator", value=value)
            if self.what == "objectives":
                yield from self._objective(number_, row)

    def _objective(self, number_: int, row: Row) -> Iterator[Fault]:
        if self.metrics is not None and row["metric"] not in self.metrics:
            allowed = "、".join(sorted(self.metrics))
            words = {"value": row["metric"], "allowed": allowed}
            yield word("metric", self.file, number_, "metric", **words)
        if row["baseline"] == row["target"]:
            yield word("still", self.file, number_, "target")
        if row["baseline_date"] is not None and row["baseline_date"] >= row["target_date"]:
            yield word("backwards", self.file, number_, "target_date")


class _Wrong(Exception):  # noqa: N818  it becomes a fault
    """A cell that cannot be taken; ``code`` is of this room's sentences, or of ``faults.SAYS``."""

    def __init__(self, code: str, **words: str | float) -> None:
        super().__init__(code)
        self.code, self.words = code, words

    def fault(self, file: str, row: int, column: Column) -> Fault:
        """Word it."""
        if self.code in SAYS:
            words = {k: str(v) for k, v in self.words.items()}
            return word(self.code, file, row, column.name, **words)
        return say(self.code, file, row - 2, column.name, **self.words)


def _number(column: Column, text: str) -> float | int:
    shown = text[:60]
    try:
        value = number(text, "people", low=column.low, high=column.high)
    except Unclear as unclear:
        code = "range" if unclear.code == "absurd" else "number"
        raise _Wrong(code, value=shown, low=column.low, high=column.high) from None
    if value is None:
        raise _Wrong("number", value=shown)
    if column.kind == "number":
        return value
    if value != round(value):
        raise _Wrong("whole", value=shown)
    return round(value)


def _day(text: str) -> str:
    """Read a day, a year or month standing for its last; raises Unclear."""
    day = date(text, end=True)
    if day is None:  # 长期: without an end
        raise Unclear("date")
    return day.isoformat()
