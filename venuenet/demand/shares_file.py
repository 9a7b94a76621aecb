"""Keeps the shares of groups users bring: ``<data>/inputs/shares.csv``, replaced all at once.

The kept table is read by the same code as a user's list.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from pathlib import Path

from venuenet.area import StudyArea
from venuenet.demand.shares import Shares, declared, with_groups
from venuenet.demand.shares_faults import say
from venuenet.demand.shares_read import COLUMNS, Imported, read_tables
from venuenet.errors import SourceError
from venuenet.sources import files
from venuenet.standards.groups import GroupRules

FILE = "shares.csv"
FILE_BYTES = 4 * 2**20
"""Size from which a file is refused unread."""


def read_list(
    path: Path, area: StudyArea, rules: GroupRules, kept: Shares | None = None
) -> Imported:
    """Read a user's table of shares (.csv, .xlsx and what else lists may be).

    Parameters
    ----------
    path : Path
    area : StudyArea
        As its pack has it.
    rules : GroupRules
        Name the groups the pack does not have.
    kept : Shares, optional
        What was imported before, against which nothing may contradict.

    Raises
    ------
    SourceError
        Every fault of the file at once; it is larger than ``FILE_BYTES``, or has more than
        ``shares_read.ROWS`` rows.
    """
    if path.is_file() and path.stat().st_size > FILE_BYTES:
        raise SourceError([say("too_large", path.name, limit=FILE_BYTES // 2**20)])
    grids, faults = files.grids(path.name, files.content(path, path.name))
    if faults:
        raise SourceError(faults)
    return read_tables(path.name, grids, area, rules, kept or Shares())


def load_shares(folder: Path | None, area: StudyArea, rules: GroupRules) -> Shares:
    """Read what is kept in a folder; nothing where there is no such file.

    Raises
    ------
    SourceError
        The file was changed by hand, or belongs to another area.
    """
    path = None if folder is None else folder / FILE
    if path is None or not path.exists():
        return Shares()
    shares = read_list(path, area, rules).shares
    return Shares(tuple(sorted(shares.rows, key=lambda row: row.key)), shares.names)


def to_csv(shares: Shares) -> bytes:
    """Write shares as the table that is kept: UTF-8, one row per share, names beside each."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in shares.rows:
        names = shares.names.get(row.group, ("", ""))
        writer.writerow(
            [row.adcode, row.township, row.group, repr(row.share), row.year, row.source, *names]
        )
    return text.getvalue().encode()


def store_shares(shares: Shares, folder: Path) -> None:
    """Keep shares in a folder, all at once; without any, the file goes."""
    path = folder / FILE
    if not shares.rows:
        path.unlink(missing_ok=True)
        return
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f".{FILE}.new"
    with fresh.open("wb") as file:
        file.write(to_csv(shares))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def digest(shares: Shares) -> str | None:
    """Name shares by their content; None where there are none."""
    return hashlib.sha256(to_csv(shares)).hexdigest() if shares.rows else None


def template(area: StudyArea, rules: GroupRules) -> bytes:
    """Write a table to fill in: every group of every district, shares blank; for Excel (BOM)."""
    ids = [*(g.id for g in area.meta.groups)]
    ids += [group for group in rules.groups if group not in ids]
    names = {group: rule.name_zh for group, rule in rules.groups.items()}
    names |= {g.id: g.name_zh for g in area.meta.groups}
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["区", "街道乡镇", "人群", "比例", "年份", "来源", "备注"])
    for district in area.districts.itertuples():
        for group in ids:
            writer.writerow([district.name_zh, "", group, "", "", "", names[group]])
    return text.getvalue().encode("utf-8-sig")


def described(area: StudyArea, rules: GroupRules, shares: Shares) -> StudyArea:
    """Give the area the groups the imports bring, under the names the rules have for them."""
    names = {group: (rule.name_zh, rule.name_en) for group, rule in rules.groups.items()}
    return with_groups(area, declared(area, shares, names))
