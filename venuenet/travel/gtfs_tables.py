"""A feed's text files as typed tables: every cell read, every bad cell told with its line.

Words are kept as categories, so each different word is parsed once however often it occurs.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from venuenet.travel.gtfs_faults import Faults, Spoils
from venuenet.travel.gtfs_format import CALENDARS, FORMAT, REQUIRED, Column

BLANK = -(2**31)
"""A time that is not given."""
_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d):([0-5]\d)")
_DATE = re.compile(r"\d{8}")

Bools = NDArray[np.bool_]


@dataclass
class Table:
    """One file of a feed.

    Attributes
    ----------
    file : str
    rows : DataFrame
        Typed columns as ``gtfs_format.FORMAT`` says, indexed by line in the file. A required
        column that is missing is missing here; other missing columns are blank throughout.
    bad : (n,) bool
        Rows that cannot be used.
    bad_trip : (n,) bool
        Rows whose whole trip cannot be used.
    """

    file: str
    rows: pd.DataFrame
    bad: Bools
    bad_trip: Bools

    def has(self, *columns: str) -> bool:
        """Return whether there are rows and all these columns."""
        return len(self.rows) > 0 and set(columns) <= set(self.rows.columns)

    def mark(
        self,
        faults: Faults,
        kind: str,
        at: Bools,
        column: str | None,
        values: pd.Series | None = None,
        *,
        spoils: Spoils = "row",
        others: list[int] | None = None,
        **words: object,
    ) -> None:
        """Add a fault for every row ``at`` and set aside what it spoils.

        Of the sentence's words ``values`` (by row) are its ``value``, ``others`` (by fault) its
        ``other``, and ``words`` are the same for all.
        """
        if not at.any():
            return
        self.bad |= at & (spoils == "row")
        self.bad_trip |= at & (spoils == "trip")
        spoilt = None
        if spoils == "trip" and self.has("trip_id"):
            spoilt = int(self.rows["trip_id"].cat.codes[at].nunique())
        each = {} if values is None else {"value": values[at].tolist()}
        if others is not None:
            each["other"] = others
        faults.add(
            kind, self.file, self.rows.index[at], column,
            spoils=spoils, spoilt=spoilt, each=each, words=words,
        )  # fmt: skip


def read_tables(texts: Mapping[str, bytes], faults: Faults) -> dict[str, Table]:
    """Read all files of a feed; a file that is absent or unreadable has no rows.

    Parameters
    ----------
    texts : mapping of file name to bytes
    faults : Faults
        Gathers what is wrong.
    """
    for name in REQUIRED:
        if name not in texts:
            faults.add("no_file", name)
    if not set(CALENDARS) & set(texts):
        faults.add("no_calendar", CALENDARS[0])
    tables = {}
    for file, columns in FORMAT.items():
        words = _words(file, texts[file], faults) if file in texts else None
        if words is not None and words.empty and file in REQUIRED:
            faults.add("empty", file)
        tables[file] = _typed(file, words, columns, faults)
    return tables


def _words(file: str, text: bytes, faults: Faults) -> pd.DataFrame | None:
    """Split a file into categories of words, indexed by line; None if it cannot be read."""
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        faults.add("not_utf8", file, [text.count(b"\n", 0, error.start) + 1])
        return None
    if b"\n" not in text:
        text = text.replace(b"\r", b"\n")
    first, _, rest = text.removeprefix(b"\xef\xbb\xbf").partition(b"\n")
    header = [name.strip() for name in next(csv.reader([first.decode().strip("\r")]), [])]
    doubles = [name for i, name in enumerate(header) if name in header[:i]]
    for name in doubles:
        faults.add("same_column", file, [1], words={"value": name})
    if doubles:
        return None
    missing = [c for c, what in FORMAT[file].items() if what.required and c not in header]
    for name in missing:
        faults.add("no_column", file, [1], name)
    if not rest.strip() or not header:
        return pd.DataFrame({name: pd.Categorical([]) for name in header})
    return _split(file, rest, header, faults)


def _split(file: str, rest: bytes, header: list[str], faults: Faults) -> pd.DataFrame:
    """Split all lines below the header."""
    wide: list[pacsv.InvalidRow] = []

    def skip(row: pacsv.InvalidRow) -> str:
        wide.append(row)
        return "skip"

    table = pacsv.read_csv(
        io.BytesIO(rest),
        # One thread: only then are the rows numbered.
        read_options=pacsv.ReadOptions(
            column_names=header, use_threads=False, block_size=max(len(rest), 1)
        ),
        parse_options=pacsv.ParseOptions(
            newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=skip
        ),
        convert_options=pacsv.ConvertOptions(
            column_types={name: pa.dictionary(pa.int32(), pa.string()) for name in header},
            strings_can_be_null=False,
        ),
    )
    columns = {name: _trimmed(table[name]) for name in header}
    skipped = np.array([row.number - 1 for row in wide], np.int64)
    taken = np.delete(np.arange(table.num_rows + len(wide)), skipped)
    breaks = _breaks(columns)
    line = _lines(breaks, taken, wide)
    faults.add("break", file, line[taken][breaks > 0], spoils="row")
    if wide:
        faults.add(
            "width", file, line[skipped], spoils="row", words={"total": len(header)},
            each={"value": [row.actual_columns for row in wide]},
        )  # fmt: skip
    blank = np.logical_and.reduce([(c == "") for c in columns.values()])
    frame = pd.DataFrame(columns, index=line[taken])
    return frame.iloc[np.flatnonzero(~blank & (breaks == 0))]


def _breaks(columns: Mapping[str, pd.Categorical]) -> NDArray[np.int64]:
    """Return how many line breaks the cells of each row hold."""
    breaks = np.zeros(len(next(iter(columns.values()))), np.int64)
    for column in columns.values():
        within = np.array([word.count("\n") for word in column.categories], np.int64)
        if within.any():
            breaks += within[column.codes]
    return breaks


def _lines(
    breaks: NDArray[np.int64], taken: NDArray[np.int64], wide: list[pacsv.InvalidRow]
) -> NDArray[np.int64]:
    """Return the line every record begins on; line breaks within quoted cells count."""
    more = np.zeros(len(taken) + len(wide), np.int64)
    more[taken] = breaks
    for row in wide:
        more[row.number - 1] = row.text.rstrip("\r\n").count("\n")
    return np.arange(2, 2 + len(more)) + np.cumsum(more) - more


def _trimmed(column: pa.ChunkedArray) -> pd.Categorical:
    """Return words without the blanks around them."""
    words = column.combine_chunks()
    if isinstance(words, pa.ChunkedArray):
        words = words.chunk(0)
    codes, different = pd.factorize(
        np.array([w.strip(" \t") for w in words.dictionary.to_pylist()], dtype=object)
    )
    at = words.indices.to_numpy(zero_copy_only=False)
    return pd.Categorical.from_codes(codes[at], categories=pd.Index(different))


def _typed(
    file: str, words: pd.DataFrame | None, columns: Mapping[str, Column], faults: Faults
) -> Table:
    """Turn words into what each column holds."""
    n = 0 if words is None else len(words)
    rows = pd.DataFrame(index=pd.RangeIndex(0) if words is None else words.index)
    table = Table(file, rows, np.zeros(n, bool), np.zeros(n, bool))
    wrong_cells: list[tuple[str, Bools, str, pd.Series, Column]] = []
    for name, column in columns.items():
        if words is not None and name in words:
            given = words[name]
        elif column.required and words is not None and not words.empty:
            continue
        else:
            given = pd.Series(pd.Categorical([""] * n, categories=[""]), index=rows.index)
        blank = (given == "").to_numpy()
        values, wrong = _PARSE[column.kind](given.cat.categories.tolist(), column)
        codes = given.cat.codes.to_numpy()
        rows[name] = given if values is None else values[codes]
        if column.filled:
            wrong_cells.append(("blank", blank, name, given, column))
        for kind, bad in wrong.items():
            wrong_cells.append((kind, bad[codes] & ~blank, name, given, column))
    for kind, at, name, given, column in wrong_cells:
        allowed = ", ".join(map(str, column.choices))
        table.mark(
            faults, kind, at, name, given, spoils=column.spoils,
            low=f"{column.low:g}", high=f"{column.high:g}", allowed=allowed,
        )  # fmt: skip
    return table


_Parsed = tuple[NDArray[Any] | None, dict[str, Bools]]


def _text(words: list[str], column: Column) -> _Parsed:
    return None, {}


def _number(words: list[str], column: Column) -> _Parsed:
    values = pd.to_numeric(pd.Series(words, dtype=object), errors="coerce").to_numpy(float)
    infinite = ~np.isfinite(values)
    whole = ~infinite & (np.mod(values, 1, where=~infinite, out=np.zeros_like(values)) != 0)
    outside = ~infinite & ((values < column.low) | (values > column.high))
    wrong = {"number": infinite, "range": outside}
    if column.whole:
        wrong["whole"] = whole & ~outside
    bad = np.logical_or.reduce(list(wrong.values()))
    return np.where(bad, np.nan, values), wrong


def _clock(words: list[str], column: Column) -> _Parsed:
    found = [_CLOCK.fullmatch(word) for word in words]
    values = [BLANK if m is None else int(m[1]) * 3600 + int(m[2]) * 60 + int(m[3]) for m in found]
    return np.array(values, np.int32), {"clock": np.array([m is None for m in found], bool)}


def _date(words: list[str], column: Column) -> _Parsed:
    values = np.array([_ordinal(word) for word in words], np.int32)
    return values, {"date": values == 0}


def _ordinal(word: str) -> int:
    try:
        return dt.date.fromisoformat(word).toordinal() if _DATE.fullmatch(word) else 0
    except ValueError:
        return 0


def _choice(words: list[str], column: Column) -> _Parsed:
    known = {str(choice): choice for choice in column.choices}
    values = [known.get(word, column.choices[0]) for word in words]
    return np.array(values, np.int8), {"choice": np.array([w not in known for w in words], bool)}


_PARSE: dict[str, Callable[[list[str], Column], _Parsed]] = {
    "text": _text,
    "number": _number,
    "clock": _clock,
    "date": _date,
    "choice": _choice,
}
