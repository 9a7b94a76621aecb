"""The user's own networks beside the snapshots: roads, timetables and matrices, each one file.

Kept in ``<data>/networks``; a build uses what is there in place of the estimates.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, cast

import geopandas as gpd
import pandas as pd
import shapely

from venuenet.area import StudyArea
from venuenet.crs import WGS84
from venuenet.errors import BadQueryError
from venuenet.model import Mode, Source
from venuenet.progress import Stage, silent
from venuenet.travel.gtfs import Feed, read_feed
from venuenet.travel.gtfs_calendar import choose_day
from venuenet.travel.gtfs_frequency import FrequencyTables, frequency_tables
from venuenet.travel.gtfs_store import load_timetable, save_timetable, timetable_meta
from venuenet.travel.gtfs_timetable import timetable
from venuenet.travel.roadfile import load_streets, read_osm, save_streets
from venuenet.travel.streets import Streets
from venuenet.travel.timetable import Timetable

Model = Literal["frequency", "timetable"]
MARGIN_M = 10_000
"""Roads are kept this far beyond the area's border: ways to venues may lead around it."""

OSM = "© OpenStreetMap contributors"


@dataclass(frozen=True)
class Transit:
    """One day of the user's feeds, both as a timetable and as headways."""

    timetable: Timetable
    tables: FrequencyTables
    meta: dict[str, Any]

    @property
    def model(self) -> Model:
        """Which of the two a build uses."""
        return cast("Model", self.meta["model"])

    @property
    def window(self) -> tuple[int, int]:
        """Seconds after midnight between which people leave."""
        return self.meta["from_s"], self.meta["to_s"]

    @property
    def tick_minutes(self) -> float:
        """The minutes times are given in: 1 for whole minutes, 0 for seconds."""
        return float(not (self.timetable.leaves % 60).any())


@dataclass(frozen=True)
class Networks:
    """What lies in the folder, read when asked for."""

    folder: Path

    @property
    def _streets(self) -> Path:
        return self.folder / "streets.arrow"

    @property
    def _transit(self) -> Path:
        return self.folder / "transit.arrow"

    def streets(self) -> tuple[Streets, dict[str, Any]] | None:
        """Return the roads and what they were made of, or None. Raises NetworkFileError."""
        return load_streets(self._streets) if self._streets.exists() else None

    def transit(self) -> Transit | None:
        """Return the feeds' day, or None. Raises NetworkFileError."""
        if not self._transit.exists():
            return None
        table, meta = load_timetable(self._transit)
        frames = {name: _frame(text) for name, text in meta.pop("frequency").items()}
        return Transit(table, FrequencyTables(**frames), meta)

    def matrices(self) -> dict[Mode, tuple[Path, dict[str, Any]]]:
        """Return the matrix file of each mode that has one, with what its giver said."""
        found: dict[Mode, tuple[Path, dict[str, Any]]] = {}
        for about in sorted(self.folder.glob("matrix-*/about.json")):
            said = json.loads(about.read_text(encoding="utf-8"))
            found[said["mode"]] = (about.parent / said["file"], said)
        return found

    def describe(self) -> dict[str, Any]:
        """Say in plain values what is there; a build depends on it. Empty where there is none."""
        said: dict[str, Any] = {}
        if streets := self.streets():
            said["streets"] = {k: streets[1][k] for k in ("file", "key", "timestamp")}
        if transit := self.transit():
            said["transit"] = transit.meta
        for mode, (_, about) in self.matrices().items():
            said[f"matrix_{mode}"] = about
        plain: dict[str, Any] = json.loads(json.dumps(said))
        return plain

    def sources(self) -> tuple[Source, ...]:
        """Return what must be credited where times by these networks are shown."""
        out = []
        if streets := self.streets():
            meta = streets[1]
            out.append(
                _source(
                    "streets", f"道路：{meta['file']}", f"roads: {meta['file']}",
                    str(meta["timestamp"] or "")[:10], "ODbL-1.0", OSM,
                )
            )  # fmt: skip
        if transit := self.transit():
            for i, feed in enumerate(transit.meta["feeds"]):
                names = "、".join(feed["agencies"]) or feed["name"]
                out.append(
                    _source(
                        f"feed-{i + 1}", f"时刻表：{feed['name']}", f"timetable: {feed['name']}",
                        transit.meta["day"], "", names,
                    )
                )  # fmt: skip
        for mode, (_, about) in self.matrices().items():
            out.append(
                _source(
                    f"matrix-{mode}", f"出行时间矩阵：{about['file']}",
                    f"travel-time matrix: {about['file']}", about["date"], "", about["made_by"],
                )
            )  # fmt: skip
        return tuple(out)

    def add_streets(
        self, osm: Path, area: StudyArea, speeds: Path | None = None, stage: Stage = silent
    ) -> dict[str, Any]:
        """Make the network of an OpenStreetMap extract; returns what it holds.

        Raises
        ------
        TravelDataError
            The extract or the speed table cannot be used; nothing has changed.
        """
        streets, meta = read_osm(osm, area.meta.crs_metric, _clip(area), speeds, stage)
        self.folder.mkdir(parents=True, exist_ok=True)
        save_streets(self._streets, streets, meta)
        return meta

    def add_feeds(
        self,
        paths: Sequence[Path],
        model: Model,
        window: tuple[int, int],
        *,
        day: dt.date | None = None,
        weekday: Literal["weekday", "saturday", "sunday"] = "sunday",
        drop_faulty: bool = False,
    ) -> dict[str, Any]:
        """Take one day of GTFS feeds; returns what it holds.

        Raises
        ------
        TravelDataError
            Feeds with faults, all of them told; nothing has changed.
        BadQueryError
            Nothing runs on that day or in that window.
        """
        feeds: list[Feed] = [read_feed(path, drop_faulty) for path in paths]
        day = day or choose_day(feeds, weekday, dt.date.today())
        # Who leaves as the window ends may still ride for hours.
        table = timetable(feeds, day, window[0], window[1] + 6 * 3600)
        tables = frequency_tables(feeds, day, *window)
        meta = timetable_meta(feeds, day, *window)
        meta["model"] = model
        frames = {
            k: v.to_json(orient="split", force_ascii=False) for k, v in tables._asdict().items()
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        save_timetable(self._transit, table, {**meta, "frequency": frames})
        return {**meta, "trips": len(table.line), "stops": len(table.stop_ids)}

    def add_matrix(self, path: Path, mode: Mode, made_by: str, date: str, partial: bool) -> None:
        """Keep a copy of a matrix for one mode; a build reads and checks it."""
        if not path.is_file():
            raise BadQueryError(f"没有文件 {path}", f"no file {path}", param="matrix")
        self.folder.mkdir(parents=True, exist_ok=True)
        about = {
            "mode": mode, "file": path.name, "made_by": made_by, "date": date, "partial": partial,
        }  # fmt: skip
        kept = self.folder / f"matrix-{mode}"
        with TemporaryDirectory(dir=self.folder, prefix=".new-") as made:
            new = Path(made) / "matrix"
            new.mkdir()
            shutil.copyfile(path, new / path.name)
            text = json.dumps(about, ensure_ascii=False, indent=1)
            (new / "about.json").write_text(text, encoding="utf-8")
            if kept.exists():
                kept.rename(Path(made) / "old")
            new.rename(kept)

    def remove(self, what: str) -> bool:
        """Forget ``streets``, ``transit`` or ``matrix-<mode>``; tells whether it was there."""
        kept = self.folder / what
        if kept.is_dir():
            shutil.rmtree(kept)
            return True
        file = self.folder / f"{what}.arrow"
        there = file.exists()
        file.unlink(missing_ok=True)
        return there


def _frame(text: str) -> pd.DataFrame:
    ids = dict.fromkeys(("station_id", "line", "direction", "from_id", "to_id", "stop_id"), str)
    return pd.read_json(StringIO(text), orient="split", dtype=ids, convert_dates=False)


def _clip(area: StudyArea) -> shapely.Geometry:
    """Return the area and its margin in degrees; a box would keep too much."""
    metric = area.districts.geometry.to_crs(area.meta.crs_metric)
    wide = metric.union_all().simplify(500).buffer(MARGIN_M)
    return gpd.GeoSeries([wide], crs=area.meta.crs_metric).to_crs(WGS84).iloc[0]


def _source(id_: str, zh: str, en: str, date: str, licence: str, credit: str) -> Source:
    return Source(id=id_, title=zh, title_en=en, date=date, licence=licence, attribution=credit)
