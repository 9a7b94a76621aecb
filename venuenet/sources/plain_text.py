"""Text files: which encoding, which delimiter, which line a record stands on."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
from collections.abc import Iterator

from venuenet.errors import Fault
from venuenet.sources import limits
from venuenet.sources.grid import Grid
from venuenet.sources.headers import score
from venuenet.sources.says import refused, say

DELIMITERS = ",\t;|"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DAMAGED_SHARE = 0.1
_TRIED_CHARS = 200_000


def decode(content: bytes, file: str) -> str:
    """Decode text: by its byte-order mark, else UTF-8, else GB18030, strictly.

    Raises
    ------
    SourceError
        It is neither, or it is UTF-8 with a few damaged bytes, which GB18030 would read as other
        characters altogether.
    """
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError as error:
                raise refused("encoding", file, _line(content, error.start)) from None
    if content.count(0) * 10 > len(content):
        raise refused("encoding", file)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        broken = error
    guess = content.decode("utf-8", errors="replace")
    foreign = len(guess) - len(guess.encode("ascii", errors="ignore"))
    if guess.count("\ufffd") < _DAMAGED_SHARE * foreign:
        raise refused("damaged_utf8", file, _line(content, broken.start))
    try:
        return content.decode("gb18030")
    except UnicodeDecodeError as error:
        raise refused("encoding", file, _line(content, error.start)) from None


def grid(text: str, file: str) -> tuple[Grid, list[Fault]]:
    """Cut a text file into cells; a row's number is the line its record begins on.

    The delimiter is the one of comma, tab, semicolon and bar under which the best header shows.

    Raises
    ------
    SourceError
        More rows or columns than are taken, or a quote that is never closed.
    """
    csv.field_size_limit(limits.FILE_BYTES)  # of the whole process; the default is 128 kB
    rows: list[tuple[int, list[str]]] = []
    filled = 0
    for record, (number, cells) in enumerate(_records(text, _delimiter(text), file)):
        if record == limits.LINES:
            raise refused("rows", file, number, limit=limits.LINES)
        here = len(cells) - cells.count("")
        if not here or not any(c and not c.isspace() for c in cells):
            continue
        filled += here
        if len(cells) > limits.COLUMNS and any(cells[limits.COLUMNS :]):
            raise refused("columns", file, number, limit=limits.COLUMNS)
        if len(rows) == limits.ROWS:
            raise refused("rows", file, number, limit=limits.ROWS)
        if filled > limits.CELLS:
            raise refused("cells", file, number, limit=limits.CELLS)
        rows.append((number, cells[: limits.COLUMNS]))
    nuls = text.count("\0")
    return Grid(None, rows), [say("nul", file, value=nuls)] if nuls else []


def _delimiter(text: str) -> str:
    """Return the delimiter whose first rows hold the best header, the widest where none does."""
    head = text[:_TRIED_CHARS]

    def promise(delimiter: str) -> tuple[int, int]:
        reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
        first = list(itertools.islice(reader, limits.HEADER_ROWS))
        return max((score(r) for r in first), default=0), max(map(len, first), default=0)

    return max(DELIMITERS, key=promise)


def _records(text: str, delimiter: str, file: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the line it begins on; a record may run over several lines."""
    reader = csv.reader(_lines(text, delimiter, file), delimiter=delimiter)
    begins = 1
    try:
        for cells in reader:
            yield begins, cells
            last, begins = begins, reader.line_num + 1
    except csv.Error as error:
        raise refused("damaged", file, begins, value=str(error)) from None
    if begins > 1 and begins - last > 1 and _left_open(text, last, delimiter):
        raise refused("open_quote", file, last)


def _lines(text: str, delimiter: str, file: str) -> Iterator[str]:
    """Yield lines, none of which would be cut into millions of cells."""
    for number, line in enumerate(io.StringIO(text, newline=""), 1):
        if line.count(delimiter) > limits.LINE_DELIMITERS:
            raise refused("columns", file, number, limit=limits.COLUMNS)
        yield line


def _left_open(text: str, line: int, delimiter: str) -> bool:
    """Tell whether the record from this line on would swallow one more line."""
    rest = itertools.islice(io.StringIO(text, newline=""), line - 1, None)
    *_, last = csv.reader(itertools.chain(rest, ["end"]), delimiter=delimiter)
    return last != ["end"]


def _line(content: bytes, position: int) -> int:
    return content.count(b"\n", 0, position) + 1
