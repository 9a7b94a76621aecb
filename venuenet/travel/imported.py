"""Times that somebody else computed, from a file of origin, destination and minutes, as an engine.

``docs/imported-matrix.md`` says what a file may look like and what becomes of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import h3
import numpy as np
from numpy.typing import NDArray

from venuenet.area import StudyArea
from venuenet.model import (
    REASONS,
    UNREACHED,
    DemandPoints,
    LocatedVenue,
    Mode,
    TravelTimes,
    Variant,
)
from venuenet.standards import Walk
from venuenet.travel.engine import Progress, Seconds, collect
from venuenet.travel.imported_check import Completeness, completeness
from venuenet.travel.imported_ends import (
    NOBODY,
    CellOrigins,
    PointOrigins,
    VenueNames,
    positions,
)
from venuenet.travel.imported_faults import Faults
from venuenet.travel.imported_file import SECONDS, Batch, OpenFile

Datum = Literal["WGS84", "CGCS2000", "GCJ-02", "BD-09"]
MOST_HOURS = 24
"""The longest time a pair may have."""
PAIRS = 600_000_000
"""Most (origin, venue) pairs held at once: 4 bytes each."""
FAR_KM, FAST_KMH, EVIDENCE = 5, 150, 100
"""Nobody travels faster through a city: where most far pairs do, if so many, the unit is wrong."""


@dataclass(frozen=True)
class MatrixFile:
    """A file and what its giver says of it.

    Attributes
    ----------
    path : Path
        ``.csv``, ``.tsv``, ``.txt`` or ``.parquet``; one mode.
    mode : Mode
    made_by : str
        Who computed it and with what, such as ``AMap, 2026-10``; told with every time.
    datum : Datum
        Of the origins' lon and lat, if the file has them; online maps give GCJ-02 or BD-09.
    require_complete : float
        Share of the inhabited cells that must have a time to at least one venue, 0..1.
    partial : bool
        Whether the giver agrees to cells without any time; they are then ``UNREACHED``.
    """

    path: Path
    mode: Mode
    made_by: str
    datum: Datum = "WGS84"
    require_complete: float = 1.0
    partial: bool = False


@dataclass(frozen=True, eq=False)
class ImportedMatrix:
    """The TravelEngine that knows what a file says; made by :func:`read_matrix`.

    A cell's points all share its times. Where a venue's position is known to p metres only,
    ``late`` and ``early`` add and take off what walking p metres takes (times the detour): the
    walk at the trip's end is the part that a wrong position changes first.

    Attributes
    ----------
    source : MatrixFile
    sha256 : str
        Of the file.
    check : Completeness
        What the file gives and what it leaves out.
    walk : Walk
        The speed and detour that ``late`` and ``early`` assume.
    cell : (n,) uint64
        Ascending.
    venue_ids : tuple of str
    seconds : (n, v) int32
        UNREACHED where the file has no time.
    """

    source: MatrixFile
    sha256: str
    check: Completeness
    walk: Walk
    cell: NDArray[np.uint64]
    venue_ids: tuple[str, ...]
    seconds: Seconds

    def times(
        self,
        demand: DemandPoints,
        venues: Sequence[LocatedVenue],
        cutoff_s: int,
        progress: Progress | None = None,
    ) -> TravelTimes:
        """See TravelEngine.times; cells and venues the file was not read for are UNREACHED."""
        samples = demand.sample_xy.shape[1]
        column = {venue_id: i for i, venue_id in enumerate(self.venue_ids)}
        columns = np.array([column.get(v.venue_id, -1) for v in venues], dtype=np.int64)
        rows = positions(self.cell, demand.cell)
        pace = self.walk.detour.value / (self.walk.speed_kmh.value / 3.6)
        off = np.rint([v.precision_m * pace for v in venues]).astype(np.int32)

        def given(at: NDArray[np.int64]) -> Seconds:
            found = self.seconds[rows[at]][:, columns]
            found[rows[at] < 0] = UNREACHED
            found[:, columns < 0] = UNREACHED
            return found

        def block(at: NDArray[np.int64]) -> Mapping[Variant, Seconds]:
            point = np.repeat(given(at), samples, axis=0)
            return {
                "point": point,
                "late": np.minimum(point, UNREACHED - off) + off,
                "early": np.where(point == UNREACHED, UNREACHED, np.maximum(point - off, 0)),
            }

        times = collect(
            block,
            demand,
            venues,
            cutoff_s,
            progress,
            mode=self.source.mode,
            engine=f"imported matrix {self.source.path.name} ({self.source.made_by})",
            estimated=False,
        )
        reached = (times.near_s[0, :, 0, :, 0] < UNREACHED).any(axis=0)
        reasons = np.where(reached, REASONS.index("reached"), REASONS.index("no_way"))
        return replace(times, reason=reasons.astype(np.uint8))

    def meta(self) -> dict[str, object]:
        """Tell all about it in plain values, for a manifest."""
        return {
            "file": self.source.path.name,
            "sha256": self.sha256,
            "mode": self.source.mode,
            "made_by": self.source.made_by,
            "partial": self.source.partial,
            **self.check.plain(),
        }


def read_matrix(
    source: MatrixFile,
    area: StudyArea,
    demand: DemandPoints,
    venues: Sequence[LocatedVenue],
    walk: Walk,
    progress: Progress | None = None,
) -> ImportedMatrix:
    """Read a file for some cells and venues.

    Parameters
    ----------
    source : MatrixFile
    area : StudyArea
        Its venues that are not among ``venues`` (closed, or without a position) may stand in the
        file; their rows are left out and counted.
    demand : DemandPoints
        Inhabited cells; rows of other cells are left out and counted.
    venues : sequence of LocatedVenue
        The venues that count.
    walk : Walk
        See :class:`ImportedMatrix`.
    progress : callable, optional
        Told how many more rows are read.

    Raises
    ------
    MatrixFaultsError
        The file's faults, all of them; or the cells it has no time for, unless ``partial``.
    """
    faults = Faults(source.path.name)
    opened = OpenFile(source.path, faults)
    pairs = _Pairs(opened, source, area, demand, venues)
    for batch in opened.batches():
        pairs.add(batch)
        if progress:
            progress(len(batch.row))
    faults.refuse_any()
    seconds = pairs.by_cell()
    _check_unit(seconds, area, demand, venues, faults, opened.names[opened.unit])
    faults.refuse_any()
    ids = tuple(v.venue_id for v in venues)
    check = completeness(seconds, demand, ids, pairs.counts)
    if not source.partial and check.cells_reached_share < source.require_complete:
        _tell_lonely(check, demand, faults)
        faults.refuse_any()
    return ImportedMatrix(source, opened.sha256, check, walk, demand.cell, ids, seconds)


class _Pairs:
    """Gathers the times of (origin, venue) pairs, batch by batch, and what is wrong with them."""

    def __init__(
        self,
        opened: OpenFile,
        source: MatrixFile,
        area: StudyArea,
        demand: DemandPoints,
        venues: Sequence[LocatedVenue],
    ) -> None:
        self.faults, self.column = opened.faults, opened.names[opened.unit]
        self.unit_s = SECONDS[opened.unit]
        resolution, names = area.meta.h3_resolution, opened.names
        self.origins: CellOrigins | PointOrigins = (
            PointOrigins(demand, resolution, source.datum, names, self.faults)
            if "lon" in names
            else CellOrigins(demand, resolution, names["origin"], self.faults)
        )
        self.venues = VenueNames(area, venues, names["destination"], self.faults)
        self.shape = len(demand.cell), len(venues)
        self.seconds = np.full((0, len(venues)), UNREACHED, dtype=np.int32)
        self.counts = dict.fromkeys(("rows", "blank", "other_cells", "other_venues", "repeated"), 0)

    def add(self, batch: Batch) -> None:
        """Take a batch's rows."""
        origin, venue = self.origins.rows(batch), self.venues.positions(batch)
        seconds, known = self._whole(batch)
        self._make_room()
        self.counts["rows"] += len(batch.row)
        self.counts["blank"] += int(np.count_nonzero(np.isnan(batch.time)))
        self.counts["other_cells"] += int(np.count_nonzero(origin == NOBODY))
        self.counts["other_venues"] += int(np.count_nonzero(venue == NOBODY))
        use = known & (origin >= 0) & (venue >= 0)
        at = origin[use] * self.shape[1] + venue[use]
        given, flat = seconds[use], self.seconds.reshape(-1)
        new = np.flatnonzero(flat[at] == UNREACHED)[::-1]
        flat[at[new]] = given[new]  # backwards: of rows that repeat a pair the first stays
        first = flat[at]
        other = first != given
        each = {"value": given[other].tolist(), "other": first[other].tolist()}
        self.faults.add("disagrees", batch.row[use][other], self.column, each=each)
        self.counts["repeated"] += len(at)  # less those that were new: see by_cell

    def by_cell(self) -> Seconds:
        """Return seconds (cells, venues): of several origins in a cell the median.

        Of an even number of times it is the longer of the two in the middle: one of the times
        given, and one that at least half of the origins keep.
        """
        self._make_room()
        self.counts["repeated"] -= int(np.count_nonzero(self.seconds < UNREACHED))
        if isinstance(self.origins, CellOrigins):
            return self.seconds
        cell = np.array(self.origins.cell, dtype=np.int64)
        out = np.full(self.shape, UNREACHED, dtype=np.int32)
        order = np.argsort(cell, kind="stable")
        for rows in np.split(order, np.flatnonzero(np.diff(cell[order])) + 1):
            here = np.sort(self.seconds[rows], axis=0)
            middle = np.count_nonzero(here < UNREACHED, axis=0) // 2
            if len(rows):  # there may be no origins at all
                out[cell[rows[0]]] = here[middle, np.arange(self.shape[1])]
        return out

    def _whole(self, batch: Batch) -> tuple[Seconds, NDArray[np.bool_]]:
        """Return whole seconds and which rows have any, having told the impossible ones."""
        seconds = batch.time * self.unit_s
        given = np.isfinite(seconds)
        negative, absurd = given & (seconds < 0), given & (seconds > MOST_HOURS * 3600)
        each = {"value": batch.time[negative].tolist()}
        self.faults.add("negative", batch.row[negative], self.column, each=each)
        each = {"value": batch.time[absurd].tolist(), "hours": (seconds[absurd] / 3600).tolist()}
        self.faults.add("absurd", batch.row[absurd], self.column, each=each, limit=MOST_HOURS)
        known = given & ~(negative | absurd)
        return np.rint(np.where(known, seconds, 0)).astype(np.int32), known

    def _make_room(self) -> None:
        """Give every origin known so far a row; refuses more pairs than are held at once."""
        wanted, venues = len(self.origins.cell), self.shape[1]
        if wanted * venues > PAIRS:
            self.faults.add("pairs", origins=wanted, venues=venues, limit=PAIRS)
            raise self.faults.error()
        more = wanted - len(self.seconds)
        if more > 0:
            more = max(more, len(self.seconds) // 2)
            fresh = np.full((more, venues), UNREACHED, dtype=np.int32)
            self.seconds = np.concatenate([self.seconds, fresh])


def _check_unit(
    seconds: Seconds,
    area: StudyArea,
    demand: DemandPoints,
    venues: Sequence[LocatedVenue],
    faults: Faults,
    column: str,
) -> None:
    """Tell times most of which nobody could keep: minutes called seconds, mostly."""
    x, y = area.metric([v.lon for v in venues], [v.lat for v in venues])
    far = fast = 0
    for i in range(0, len(seconds), 1024):
        here = slice(i, i + 1024)
        metres = np.hypot(demand.x[here, None] - x, demand.y[here, None] - y)
        there = (seconds[here] < UNREACHED) & (metres > 1000 * FAR_KM)
        far += int(np.count_nonzero(there))
        fast += int(np.count_nonzero(there & (metres * 3.6 > FAST_KMH * seconds[here])))
    if far >= EVIDENCE and 2 * fast > far:
        faults.add("unit", column=column, km=FAR_KM, speed=FAST_KMH)


def _tell_lonely(check: Completeness, demand: DemandPoints, faults: Faults) -> None:
    """Tell the cells without any time, most people first."""
    people = np.bincount(demand.row_cell, demand.people, minlength=len(demand.cell))
    cells = check.cells_without
    each = {
        "value": [h3.int_to_str(int(c)) for c in demand.cell[cells]],
        "people": people[cells].astype(int).tolist(),
    }
    faults.add("lonely", [None] * len(cells), each=each)
