"""The user's own networks beside the snapshots: roads, timetables and matrices, each one file.

Kept in ``<data>/networks``; a build uses what is there in place of the estimates.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, cast

import geopandas as gpd
import pandas as pd
import shapely

from venuenet.area import StudyArea
from venuenet.crs import WGS84
from venuenet.demand import build as demand_build
from venuenet.errors import BadQueryError, NetworkFileError
from venuenet.model import LocatedVenue, Mode, Source
from venuenet.progress import Stage, silent
from venuenet.standards import load_assumptions
from venuenet.travel.arrayfile import read_arrays, write_arrays

# What reads roads and feeds is imported by the functions that do (and so is the compiler that
# comes with it): every command imports this module, and `serve` describes the networks.
if TYPE_CHECKING:
    from venuenet.travel.contract import Hierarchy
    from venuenet.travel.gtfs_frequency import FrequencyTables
    from venuenet.travel.imported_check import Completeness
    from venuenet.travel.streets import Streets
    from venuenet.travel.timetable import Timetable

Model = Literal["frequency", "timetable"]
MARGIN_M = 10_000
"""Roads are kept this far beyond the area's border: ways to venues may lead around it."""

OSM = "© OpenStreetMap contributors"

LEFT_S = 24 * 3600
"""Unfinished work older than this was left by a process that was killed."""


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
        from venuenet.travel.roadfile import load_streets  # noqa: PLC0415  see above

        return load_streets(self._streets) if self._streets.exists() else None

    def streets_meta(self) -> dict[str, Any] | None:
        """Return what the roads were made of, without them, or None. Raises NetworkFileError."""
        return read_arrays(self._streets, "streets")[1] if self._streets.exists() else None

    def transit(self) -> Transit | None:
        """Return the feeds' day, or None. Raises NetworkFileError."""
        from venuenet.travel.gtfs_frequency import FrequencyTables  # noqa: PLC0415  see above
        from venuenet.travel.gtfs_store import load_timetable  # noqa: PLC0415

        if not self._transit.exists():
            return None
        table, meta = load_timetable(self._transit)
        frames = {name: _frame(text) for name, text in meta.pop("frequency").items()}
        return Transit(table, FrequencyTables(**frames), meta)

    def transit_meta(self) -> dict[str, Any] | None:
        """Return what the feeds' day was made of, without it. Raises NetworkFileError."""
        if not self._transit.exists():
            return None
        meta: dict[str, Any] = read_arrays(self._transit, "timetable")[1]["meta"]
        return {name: value for name, value in meta.items() if name != "frequency"}

    def matrices(self) -> dict[Mode, tuple[Path, dict[str, Any]]]:
        """Return the matrix file of each mode that has one, and what is known of it.

        Raises NetworkFileError.
        """
        found: dict[Mode, tuple[Path, dict[str, Any]]] = {}
        for about in sorted(self.folder.glob("matrix-*.json")):
            try:
                said = json.loads(about.read_text(encoding="utf-8"))
                found[said["mode"]] = (self._matrix(said) / said["file"], said)
            except (ValueError, KeyError, TypeError) as error:
                raise NetworkFileError(about.name, "matrix") from error
        return found

    def _matrix(self, said: dict[str, Any]) -> Path:
        """Name the folder of a matrix by its content: a new one never lies where an old one is."""
        return self.folder / f"matrix-{said['mode']}-{said['sha256'][:16]}"

    def describe(self) -> dict[str, Any]:
        """Say in plain values what is there; a build depends on it. Empty where there is none."""
        said: dict[str, Any] = {}
        if streets := self.streets_meta():
            said["streets"] = {k: streets[k] for k in ("file", "key", "timestamp")}
        if transit := self.transit_meta():
            said["transit"] = transit
        for mode, (_, about) in self.matrices().items():
            said[f"matrix_{mode}"] = about
        plain: dict[str, Any] = json.loads(json.dumps(said))
        return plain

    def sources(self) -> tuple[Source, ...]:
        """Return what must be credited where times by these networks are shown."""
        out = []
        if streets := self.streets_meta():
            out.append(
                _source(
                    "streets", f"道路：{streets['file']}", f"roads: {streets['file']}",
                    str(streets["timestamp"] or "")[:10], "ODbL-1.0", OSM,
                )
            )  # fmt: skip
        if transit := self.transit_meta():
            for i, feed in enumerate(transit["feeds"]):
                names = "、".join(feed["agencies"]) or feed["name"]
                out.append(
                    _source(
                        f"feed-{i + 1}", f"时刻表：{feed['name']}", f"timetable: {feed['name']}",
                        transit["day"], "", names,
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

    @contextmanager
    def changed(self) -> Iterator[Networks]:
        """Give an empty place to add networks to; when the context ends well, all take effect.

        Each file then replaces its predecessor at once: whoever is killed leaves old or new ones.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in self.folder.glob(".new-*"):
            if left.stat().st_mtime < time.time() - LEFT_S:
                shutil.rmtree(left, ignore_errors=True)
        with TemporaryDirectory(dir=self.folder, prefix=".new-") as made:
            new = Networks(Path(made))
            yield new
            self._take(new)

    def _take(self, new: Networks) -> None:
        files = [path.relative_to(new.folder) for path in new.folder.rglob("*") if path.is_file()]
        # A matrix lies deeper than what points to it and so comes first.
        for path in sorted(files, key=lambda p: -len(p.parts)):
            (self.folder / path).parent.mkdir(exist_ok=True)
            (new.folder / path).replace(self.folder / path)
        kept = {path.parent for path, _ in self.matrices().values()}
        for card in (path.stem for path in files if len(path.parts) == 1):
            for old in self.folder.glob(f"{card}-*"):
                if old not in kept:
                    shutil.rmtree(old, ignore_errors=True)

    def add_streets(
        self, osm: Path, area: StudyArea, speeds: Path | None = None, stage: Stage = silent
    ) -> dict[str, Any]:
        """Make the network of an OpenStreetMap extract; returns what it holds.

        Raises
        ------
        TravelDataError
            The extract or the speed table cannot be used; nothing has changed.
        """
        from venuenet.travel.roadfile import read_osm, save_streets  # noqa: PLC0415  see above

        streets, meta = read_osm(osm, area.meta.crs_metric, _clip(area), speeds, stage)
        meta["area"] = area.meta.id
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
        from venuenet.travel.gtfs import read_feed  # noqa: PLC0415  see above
        from venuenet.travel.gtfs_calendar import choose_day  # noqa: PLC0415
        from venuenet.travel.gtfs_frequency import frequency_tables  # noqa: PLC0415
        from venuenet.travel.gtfs_store import save_timetable, timetable_meta  # noqa: PLC0415
        from venuenet.travel.gtfs_timetable import timetable  # noqa: PLC0415

        feeds = [read_feed(path, drop_faulty) for path in paths]
        day = day or choose_day(feeds, weekday, dt.date.today())
        # Who leaves as the window ends may still ride for hours.
        table = timetable(feeds, day, window[0], window[1] + 6 * 3600)
        tables = frequency_tables(feeds, day, *window)
        if tables.links.empty:
            raise BadQueryError(
                f"{day} 该出发时段内没有车次，请换一个时段",
                f"nothing leaves within that window on {day}; choose another window",
                param="window",
            )
        meta = timetable_meta(feeds, day, *window)
        meta["model"] = model
        frames = {
            k: v.to_json(orient="split", force_ascii=False) for k, v in tables._asdict().items()
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        save_timetable(self._transit, table, {**meta, "frequency": frames})
        return {**meta, "trips": len(table.line), "stops": len(table.stop_ids)}

    def add_matrix(
        self, path: Path, mode: Mode, made_by: str, date: str, partial: bool, area: StudyArea
    ) -> Completeness:
        """Keep a copy of a matrix for one mode, having checked it against an area.

        A build checks it again: cells and venues may be others by then.

        Raises
        ------
        TravelDataError
            The matrix has faults, or leaves out cells and ``partial`` is false; nothing changed.
        """
        from venuenet.travel.imported import MatrixFile, read_matrix  # noqa: PLC0415  see above

        if not path.is_file():
            raise BadQueryError(f"没有文件 {path}", f"no file {path}", param="matrix")
        self.folder.mkdir(parents=True, exist_ok=True)
        rules = load_assumptions()
        venues = [v for v in area.venues if isinstance(v, LocatedVenue) and v.counts]
        with TemporaryDirectory(dir=self.folder, prefix=".new-") as made:
            copy = Path(made) / path.name
            shutil.copyfile(path, copy)
            source = MatrixFile(copy, mode, made_by, partial=partial)
            demand = demand_build.build_demand(area, rules.demand)
            found = read_matrix(source, area, demand, venues, rules.walk)
            about = {**found.meta(), "date": date}
            kept = self._matrix(about)
            kept.mkdir(exist_ok=True)
            copy.replace(kept / path.name)
            text = Path(made) / "about.json"
            text.write_text(json.dumps(about, ensure_ascii=False, indent=1), encoding="utf-8")
            text.replace(self.folder / f"matrix-{mode}.json")
        return found.check

    def hierarchy(self, key: str) -> Hierarchy | None:
        """Return the contracted graph made for exactly those ways, or None."""
        from venuenet.travel.contract import Hierarchy  # noqa: PLC0415  see above

        try:
            arrays, meta = read_arrays(self.folder / "hierarchy.arrow", "hierarchy")
        except NetworkFileError:
            return None
        return Hierarchy(**arrays) if meta["key"] == key else None

    def add_hierarchy(self, key: str, hierarchy: Hierarchy) -> None:
        """Keep a contracted graph; it changes no time, only how long times take to find."""
        write_arrays(self.folder / "hierarchy.arrow", "hierarchy", vars(hierarchy), {"key": key})

    def remove(self, what: str) -> bool:
        """Forget ``streets``, ``transit`` or ``matrix-<mode>``; tells whether it was there."""
        file = self.folder / (f"{what}.json" if what.startswith("matrix-") else f"{what}.arrow")
        there = file.exists()
        file.unlink(missing_ok=True)
        for folder in self.folder.glob(f"{what}-*"):
            shutil.rmtree(folder)
        return there


def _frame(text: str) -> pd.DataFrame:
    # Not pandas' own reader: it takes ids such as "01" for numbers.
    return pd.DataFrame(**json.loads(text))


def _clip(area: StudyArea) -> shapely.Geometry:
    """Return the area and its margin in degrees; a box would keep too much."""
    metric = area.districts.geometry.to_crs(area.meta.crs_metric)
    wide = metric.union_all().simplify(500).buffer(MARGIN_M)
    return gpd.GeoSeries([wide], crs=area.meta.crs_metric).to_crs(WGS84).iloc[0]


def _source(id_: str, zh: str, en: str, date: str, licence: str, credit: str) -> Source:
    return Source(id=id_, title=zh, title_en=en, date=date, licence=licence, attribution=credit)
