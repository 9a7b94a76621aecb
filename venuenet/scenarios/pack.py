"""A scenario as an area pack: ``venuenet build --area FOLDER`` is its full rebuild."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import yaml

from venuenet.area import StudyArea
from venuenet.errors import BadQueryError
from venuenet.packformat import META


def write_scenario_pack(area: StudyArea, folder: Path) -> None:
    """Write an edited area's pack into a folder that must not exist; all of it, or nothing.

    Numbers are written so that they read back to the same; files of the base's pack that no edit
    touches are copied.

    Parameters
    ----------
    area : StudyArea
        From :func:`venuenet.scenarios.apply.edited`.
    folder : Path

    Raises
    ------
    BadQueryError
        There is something of that name.
    """
    if folder.exists():
        raise BadQueryError(
            f"{folder.name} 已经存在，请换一个目录",
            f"{folder.name} is there already; choose another folder",
            param="to",
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as fresh:
        _fill(area, Path(fresh) / "pack")
        (Path(fresh) / "pack").rename(folder)


def _fill(area: StudyArea, folder: Path) -> None:
    folder.mkdir()
    for path in sorted(p for p in area.root.iterdir() if p.is_file()):
        shutil.copyfile(path, folder / path.name)
    tables = {
        "districts.csv": pd.DataFrame(area.districts.drop(columns=area.districts.geometry.name)),
        "townships.csv": area.townships,
        "venues.csv": area.venue_table,
        "stations.csv": area.stations,
        "links.csv": area.links,
        "transfers.csv": area.transfers,
    }
    for file, table in tables.items():
        if len(table) or (folder / file).is_file():
            _plain(table).to_csv(folder / file, index=False, lineterminator="\n")
    meta = yaml.safe_load((folder / META).read_text(encoding="utf-8"))
    if meta["total_people"] != area.meta.total_people:
        meta["total_people"] = area.meta.total_people
        text = yaml.safe_dump(meta, allow_unicode=True, sort_keys=False)
        (folder / META).write_text(text, encoding="utf-8")


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Turn numbers into text: whole ones without a point, blank where there is none."""
    out = table.copy()
    for column in out.columns:
        if pd.api.types.is_numeric_dtype(out[column]):
            out[column] = [_text(value) for value in out[column]]
    return out.fillna("")


def _text(value: float) -> str:
    if pd.isna(value):
        return ""
    return str(int(value)) if float(value).is_integer() else repr(float(value))
