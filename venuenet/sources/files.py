"""Opens a list's file: reads its bytes once and hands them to the reader of its kind."""

from __future__ import annotations

import stat
from pathlib import Path

from venuenet.errors import Fault
from venuenet.sources import apart, limits, plain_text, zips
from venuenet.sources.grid import Grid
from venuenet.sources.says import refused

EXCEL, TEXT = (".xlsx", ".xlsm", ".xls"), (".csv", ".tsv", ".txt")
GEOJSON, GEOPACKAGE = (".geojson", ".json"), (".gpkg",)
EXTENSIONS = (*EXCEL, *TEXT, *GEOJSON, *GEOPACKAGE)
_ZIP, _OLE2, _SQLITE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"SQLite format 3\x00"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def content(path: Path, file: str) -> bytes:
    """Read a file's bytes; ``file`` is its name in faults.

    Raises
    ------
    SourceError
        There is none, it is no regular file, empty or too large, or its kind is not known.
    """
    try:
        plain = stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, ValueError):  # or a NUL in the path
        raise refused("no_file", file) from None
    except OSError as error:
        raise refused("unreadable", file, value=str(error.strerror)) from None
    if not plain:
        raise refused("no_plain_file", file)
    suffix = Path(file).suffix
    if suffix.lower() not in EXTENSIONS:
        raise refused("extension", file, value=suffix, allowed=" ".join(EXTENSIONS))
    try:
        with path.open("rb") as opened:
            found = opened.read(limits.FILE_BYTES + 1)
    except OSError as error:
        raise refused("unreadable", file, value=str(error.strerror)) from None
    if len(found) > limits.FILE_BYTES:
        raise refused("too_large", file, limit=limits.FILE_BYTES // 2**20)
    if not found.strip():
        raise refused("empty", file)
    return found


def grids(file: str, found: bytes) -> tuple[list[Grid], list[Fault]]:
    """Read a file's sheets.

    Parameters
    ----------
    file : str
        Its name; the suffix says which reader takes it.
    found : bytes
        What it holds.

    Returns
    -------
    list of Grid, list of Fault
        Sheets that hold anything; what of them could not be read.

    Raises
    ------
    SourceError
        The file cannot be taken as a whole.
    """
    suffix = Path(file).suffix.lower()
    if suffix in EXCEL:
        _check_excel(found, file)
        return apart.grids("excel", found, file)
    if suffix in GEOPACKAGE:
        if not found.startswith(_SQLITE):
            raise refused("not_gpkg", file)
        return apart.grids("gpkg", found, file)
    text = plain_text.decode(found, file)
    if suffix in GEOJSON:
        return apart.grids("geojson", text.encode(), file)
    sheet, faults = plain_text.grid(text, file)
    return ([sheet] if sheet.rows else []), faults


def _check_excel(found: bytes, file: str) -> None:
    """Refuse what is no workbook, by what it holds: .xls and .xlsx are often mixed up."""
    if found.startswith(_ZIP):
        zips.check(found, file)
    elif found.startswith(_OLE2):
        if _ENCRYPTED in found:
            raise refused("password", file)
    elif found.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise refused("web_page", file)
    elif found[:1] != b"\x09":  # the first record of a workbook older than Excel 97
        raise refused("not_excel", file)
