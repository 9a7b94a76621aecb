"""A matrix file in batches: CSV or Parquet, its encoding, its delimiter and what its columns mean.

At most a batch is in memory at a time, whatever the file's length.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from venuenet.travel.imported_faults import Faults

TEXT, PARQUET = (".csv", ".tsv", ".txt"), ".parquet"
FILE_BYTES = 8 * 2**30
"""Largest file taken."""
ROWS = 300_000_000
"""Most rows taken."""
BLOCK_BYTES = 4 * 2**20
BATCH_ROWS = 2**19

_HEAD_BYTES = 2**16
_DELIMITERS = ",;\t"
_NOTHING = pa.array(["", "na", "n/a", "nan", "null", "none"])

# By what a column holds: names as people and programs write them, without case and signs.
_WORDS = {
    "origin": (
        "origin originid from fromid fromcell cell cellid h3 h3cell h3index"
        " 出发 出发地 出发点 起点 起点编号 起点id 起点名称 格网 格网编号"
    ),
    "destination": (
        "destination destinationid dest destid to toid tovenue venue venueid venuename"
        " 到达 到达地 到达点 终点 终点编号 终点id 终点名称 目的地 目的地编号"
        " 场馆 场馆编号 场馆名称"
    ),
    "minutes": (
        "minutes minute mins min traveltime traveltimep50 traveltimemin traveltimeminutes"
        " durationmin durationminutes timemin 分钟 分钟数 时间分钟 用时分钟 耗时分钟 时长分钟"
        " 出行时间分钟 行程时间分钟"
    ),
    "seconds": (
        "seconds second secs sec duration durations durationsec durationseconds traveltimesec"
        " traveltimeseconds 秒 秒数 时间秒 用时秒 耗时秒 时长秒 出行时间秒 行程时间秒"
    ),
    "lon": "lon lng longitude fromlon fromlng originlon originlng 经度 起点经度 出发经度",
    "lat": "lat latitude fromlat originlat 纬度 起点纬度 出发纬度",
}
_MEANS = {word: field for field, words in _WORDS.items() for word in words.split()}
SECONDS = {"minutes": 60.0, "seconds": 1.0}
"""Seconds in each unit a column of times may be in."""


@dataclass(frozen=True)
class Batch:
    """Some rows of a file.

    Attributes
    ----------
    row : (n,) int64
        Numbers as an editor shows them (CSV: the header is line 1) or counted from 1 (Parquet).
    origin, destination : (n,) arrays of text
        Without blanks around them.
    time : (n,) float64
        In the column's unit; NaN where blank, infinite where no number, which is told by then.
    lon, lat : (n,) float64, optional
        The same.
    """

    row: NDArray[np.int64]
    origin: pa.Array
    destination: pa.Array
    time: NDArray[np.float64]
    lon: NDArray[np.float64] | None
    lat: NDArray[np.float64] | None


class OpenFile:
    """A file whose columns are understood.

    Attributes
    ----------
    names : mapping
        What the file calls ``origin``, ``destination``, ``minutes`` or ``seconds``, ``lon``,
        ``lat``.
    sha256 : str
        Of the whole file.
    """

    def __init__(self, path: Path, faults: Faults) -> None:
        """Look at the file; raises MatrixFaultsError if it cannot be read at all."""
        self.path, self.faults = path, faults
        _check_file(path, faults)
        self._encoding: str | None = None
        if path.suffix.lower() == PARQUET:
            self.sha256 = _sha256(path)
            with _damage_told(faults), pq.ParquetFile(path) as opened:
                self._header = list(opened.schema_arrow.names)
        else:
            self.sha256, self._encoding = _sha256_and_encoding(path, faults)
            self._header, self._delimiter = _header(path, self._encoding)
        self.names = _columns(self._header, faults)
        self.unit = "minutes" if "minutes" in self.names else "seconds"
        faults.refuse_any()

    def batches(self) -> Iterator[Batch]:
        """Yield all rows that hold anything; adds faults of width and numbers."""
        total = 0
        with _damage_told(self.faults):
            for rows, table in self._parquet() if self._encoding is None else self._text():
                batch = self._batch(rows, table)
                total += len(batch.row)
                if total > ROWS:
                    self.faults.add("rows", limit=ROWS)
                    raise self.faults.error()
                yield batch
        if total == 0 and not len(self.faults):
            self.faults.add("empty")

    def _batch(self, rows: NDArray[np.int64], table: pa.RecordBatch) -> Batch:
        columns = dict(zip(self.names, table.columns, strict=True))
        origin, destination = _words(columns["origin"]), _words(columns["destination"])
        held = np.asarray(pc.or_(pc.not_equal(origin, ""), pc.not_equal(destination, "")))
        if not held.all():
            origin, destination = origin.filter(held), destination.filter(held)
            columns = {field: column.filter(held) for field, column in columns.items()}
            rows = rows[held]

        def numbers(field: str) -> NDArray[np.float64]:
            return _numbers(columns[field], rows, self.names[field], self.faults)

        return Batch(
            row=rows,
            origin=origin,
            destination=destination,
            time=numbers(self.unit),
            lon=numbers("lon") if "lon" in columns else None,
            lat=numbers("lat") if "lat" in columns else None,
        )

    def _parquet(self) -> Iterator[tuple[NDArray[np.int64], pa.RecordBatch]]:
        first = 1
        with pq.ParquetFile(self.path) as opened:
            wanted = list(self.names.values())
            for batch in opened.iter_batches(BATCH_ROWS, columns=wanted):
                rows = np.arange(first, first + batch.num_rows)
                first += batch.num_rows
                yield rows, batch.select(wanted)

    def _text(self) -> Iterator[tuple[NDArray[np.int64], pa.RecordBatch]]:
        wide: list[int] = []

        def skip(row: pacsv.InvalidRow) -> str:
            wide.append(row.number)
            total = row.expected_columns
            self.faults.add("width", [row.number], value=row.actual_columns, total=total)
            return "skip"

        wanted = [str(self._header.index(name)) for name in self.names.values()]
        reader = pacsv.open_csv(
            self.path,
            # One thread: only then are the rows numbered.
            pacsv.ReadOptions(
                use_threads=False,
                block_size=BLOCK_BYTES,
                skip_rows=1,
                column_names=[str(i) for i in range(len(self._header))],
                encoding=self._encoding,
            ),
            pacsv.ParseOptions(
                delimiter=self._delimiter, ignore_empty_lines=False, invalid_row_handler=skip
            ),
            pacsv.ConvertOptions(
                include_columns=wanted,
                column_types={name: pa.string() for name in wanted},
                strings_can_be_null=False,
            ),
        )
        line = 2
        with reader:
            for batch in reader:
                numbers = np.arange(line, line + batch.num_rows + len(wide))
                rows = numbers[~np.isin(numbers, wide)][: batch.num_rows]
                line = int(rows[-1]) + 1 if len(rows) else line
                yield rows, batch


class _damage_told:  # noqa: N801  a context manager reads like a function
    """Turn what pyarrow says of a broken file into a fault."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, (pa.ArrowException, OSError, UnicodeError)):
            self.faults.add("damaged", value=str(error).splitlines()[0][:200])
            raise self.faults.error() from error


def _check_file(path: Path, faults: Faults) -> None:
    """Refuse what is no file of a known kind and of a size we take."""
    if not path.exists():
        faults.add("no_file")
    elif not path.is_file():
        faults.add("no_plain_file")
    elif path.suffix.lower() not in (*TEXT, PARQUET):
        faults.add("extension", value=path.suffix, allowed=" ".join((*TEXT, PARQUET)))
    elif path.stat().st_size > FILE_BYTES:
        faults.add("too_large", limit=FILE_BYTES // 2**20)
    elif path.stat().st_size == 0:
        faults.add("empty")
    faults.refuse_any()


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _sha256_and_encoding(path: Path, faults: Faults) -> tuple[str, str]:
    """Read a text file once: its digest, and whether it is UTF-8, else GB18030, throughout."""
    digest = hashlib.sha256()
    tried = {name: codecs.getincrementaldecoder(name)() for name in ("utf-8", "gb18030")}
    with path.open("rb") as opened:
        while tried:
            block = opened.read(BLOCK_BYTES)
            digest.update(block)
            if b"\0" in block:
                tried.clear()
            for name in list(tried):
                if block.isascii() and block and not tried[name].getstate()[0]:
                    continue  # the same in both, and quick to see
                try:
                    tried[name].decode(block, final=not block)
                except UnicodeDecodeError:
                    del tried[name]
            if not block:
                break
    if not tried:
        faults.add("encoding")
        raise faults.error()
    return digest.hexdigest(), next(iter(tried))


def _header(path: Path, encoding: str) -> tuple[list[str], str]:
    """Read the first line, cut by the delimiter under which most columns are understood."""
    with path.open("rb") as opened:
        first = opened.readline(_HEAD_BYTES)
    line = first.decode(encoding, errors="replace").removeprefix("\ufeff").strip("\r\n")
    headers = {d: next(csv.reader([line], delimiter=d), []) for d in _DELIMITERS}
    best = max(headers, key=lambda d: (sum(_plain(n) in _MEANS for n in headers[d]), line.count(d)))
    return headers[best], best


def _plain(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", name).lower() if c.isalnum())


def _columns(header: list[str], faults: Faults) -> Mapping[str, str]:
    """Tell which column holds what; adds a fault for each that is missing or given twice."""
    names: dict[str, str] = {}
    for name in header:
        field = _MEANS.get(_plain(name))
        same = {"minutes", "seconds"} if field in SECONDS else {field}
        rival = next((names[f] for f in same if f in names), None)
        if rival is not None:
            faults.add("two_columns", [1], name, value=rival)
        elif field is not None:
            names[field] = name
    for field in ("origin", "destination"):
        if field not in names:
            faults.add(f"no_{field}", [1])
    if not SECONDS.keys() & names:
        faults.add("no_time", [1])
    if ("lon" in names) != ("lat" in names):
        faults.add("half_point", [1], names.get("lon") or names.get("lat"))
    return names


def _words(column: pa.Array) -> pa.Array:
    """Return any column as text without blanks around it; nothing becomes the empty text."""
    return pc.fill_null(pc.utf8_trim_whitespace(column.cast(pa.string())), "")


def _numbers(
    column: pa.Array, rows: NDArray[np.int64], name: str, faults: Faults
) -> NDArray[np.float64]:
    """Return a column as numbers, NaN where there is none; what is no number is told: infinite."""
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        values = column.cast(pa.float64())
        text = None
    else:
        text = _words(column)
        nothing = pc.is_in(pc.utf8_lower(text), value_set=_NOTHING)
        given = pc.if_else(nothing, pa.scalar(None, pa.string()), text)
        try:
            values = given.cast(pa.float64())
        except pa.ArrowInvalid:
            values = pa.array([_number(word) for word in given.to_pylist()], pa.float64())
    found: NDArray[np.float64] = np.asarray(pc.fill_null(values, np.nan), dtype=np.float64)
    if text is None:
        wrong = np.isinf(found)
        says = found[wrong].tolist()
    else:
        wrong = ~np.isfinite(found) & ~np.asarray(nothing)
        says = text.filter(pa.array(wrong)).to_pylist()
    faults.add("number", rows[wrong], name, each={"value": says})
    return np.where(wrong, np.inf, found)


def _number(word: str | None) -> float | None:
    try:
        return None if word is None or "_" in word else float(word)
    except ValueError:
        return None
