"""What the origins and destinations of an imported matrix mean: cells, points, venues."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import h3
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from rapidfuzz import process

from venuenet import crs
from venuenet.area import StudyArea
from venuenet.model import DemandPoints, LocatedVenue
from venuenet.travel.imported_faults import Faults
from venuenet.travel.imported_file import Batch

Ints = NDArray[np.int64]
NOBODY, FAULTY = -1, -2
"""Stand for an origin or venue that is of no use here, and for one that is at fault."""
ALIKE = 60
"""Least likeness (rapidfuzz, 0-100) of a name that is suggested for an unknown one."""

_TO_WGS84 = {"GCJ-02": crs.wgs84_from_gcj02, "BD-09": crs.wgs84_from_bd09}


def positions(ascending: NDArray[np.uint64], wanted: NDArray[np.uint64]) -> Ints:
    """Positions of cells among ascending ones; ``NOBODY`` where not among them."""
    at = np.searchsorted(ascending, wanted).clip(max=len(ascending) - 1)
    return np.where(ascending[at] == wanted, at, NOBODY)


def _different(words: pa.Array) -> tuple[list[str], Ints, Ints]:
    """Return the different words, the first row of each, and which of them each row holds."""
    coded = words.dictionary_encode()
    codes = np.asarray(coded.indices, dtype=np.int64)
    first = np.full(len(coded.dictionary), len(codes), dtype=np.int64)
    np.minimum.at(first, codes, np.arange(len(codes)))
    return coded.dictionary.to_pylist(), first, codes


class CellOrigins:
    """Origins named by H3 cell: each inhabited cell is a row of its own.

    Attributes
    ----------
    cell : list of int
        Position in ``demand`` of each row.
    """

    def __init__(self, demand: DemandPoints, resolution: int, column: str, faults: Faults) -> None:
        self.demand, self.resolution, self.column, self.faults = demand, resolution, column, faults
        self.cell: Sequence[int] = range(len(demand.cell))
        self._row: dict[str, int] = {}
        self._kind: dict[str, str] = {}

    def rows(self, batch: Batch) -> Ints:
        """Return the row of each row's origin, or ``NOBODY``, or ``FAULTY``, told by then."""
        words, _, codes = _different(batch.origin)
        fresh = [word for word in words if word not in self._row]
        self._kind |= {w: kind for w in fresh if (kind := self._fault(w))}
        cells = [0 if w in self._kind else h3.str_to_int(w) for w in fresh]
        found = positions(self.demand.cell, np.array(cells, dtype=np.uint64)).tolist()
        self._row |= {
            w: FAULTY if w in self._kind else row for w, row in zip(fresh, found, strict=True)
        }
        rows = np.array([self._row[w] for w in words], dtype=np.int64)[codes]
        by_kind: dict[str, list[int]] = defaultdict(list)
        for i in np.flatnonzero(rows == FAULTY).tolist():
            by_kind[self._kind[words[codes[i]]]].append(i)
        for kind, at in by_kind.items():
            value = [words[codes[i]] for i in at]
            found = [h3.get_resolution(w) if kind in ("finer", "coarser") else None for w in value]
            each = {"value": value, "found": found}
            lines, resolution = batch.row[at], self.resolution
            self.faults.add(kind, lines, self.column, each=each, resolution=resolution)
        return rows

    def _fault(self, word: str) -> str:
        """Return what is wrong with a cell's name; nothing if nothing is."""
        if word == "":
            return "blank"
        if not h3.is_valid_cell(word):
            return "cell"
        found = h3.get_resolution(word)
        return "" if found == self.resolution else "finer" if found > self.resolution else "coarser"


class PointOrigins:
    """Origins with a name and a point of their own: one row each, where people live.

    Attributes
    ----------
    cell : list of int
        Position in ``demand`` of the cell around each row's point.
    """

    def __init__(
        self,
        demand: DemandPoints,
        resolution: int,
        datum: str,
        names: Mapping[str, str],
        faults: Faults,
    ) -> None:
        self.demand, self.resolution, self.names, self.faults = demand, resolution, names, faults
        self.to_wgs84 = _TO_WGS84.get(datum)
        self.cell: list[int] = []
        self._row: dict[str, int] = {"": FAULTY}
        self._point: dict[str, tuple[float, float]] = {"": (np.nan, np.nan)}

    def rows(self, batch: Batch) -> Ints:
        """Return the row of each row's origin, or ``NOBODY``, or ``FAULTY``, told by then."""
        if batch.lon is None or batch.lat is None:
            raise ValueError("origins of their own need lon and lat")
        words, first, codes = _different(batch.origin)
        fresh = [i for i, word in enumerate(words) if word not in self._row]
        at = first[fresh]
        self._find([words[i] for i in fresh], batch.lon[at], batch.lat[at])
        blank = np.array([word == "" for word in words], dtype=bool)[codes]
        self.faults.add("blank", batch.row[blank], self.names["origin"])
        stood = np.array([self._point[w] for w in words]).reshape(-1, 2)[codes]
        for name, now, before, most in (
            ("lon", batch.lon, stood[:, 0], 180),
            ("lat", batch.lat, stood[:, 1], 90),
        ):
            self.faults.add("blank", batch.row[np.isnan(now)], self.names[name])
            wrong = np.isfinite(now) & (np.abs(now) > most)
            value = now[wrong].tolist()
            self.faults.add("degrees", batch.row[wrong], self.names[name], each={"value": value})
            moved = np.isfinite(now) & ~wrong & (np.abs(now - before) > 1e-6)
            value = [words[c] for c in codes[moved]]
            self.faults.add("moved", batch.row[moved], self.names[name], each={"value": value})
        return np.array([self._row[w] for w in words], dtype=np.int64)[codes]

    def _find(self, words: list[str], lon: NDArray[np.float64], lat: NDArray[np.float64]) -> None:
        """Give origins not seen before a row if their point lies in an inhabited cell."""
        self._point |= dict(zip(words, zip(lon.tolist(), lat.tolist(), strict=True), strict=True))
        valid = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
        if self.to_wgs84 is not None:
            lon[valid], lat[valid] = self.to_wgs84(lon[valid], lat[valid])
        cells = [
            h3.str_to_int(h3.latlng_to_cell(b, a, self.resolution)) if ok else 0
            for a, b, ok in zip(lon, lat, valid, strict=True)
        ]
        at = positions(self.demand.cell, np.array(cells, dtype=np.uint64))
        rows = np.where(valid, NOBODY, FAULTY)
        held = at >= 0
        rows[held] = np.arange(len(self.cell), len(self.cell) + np.count_nonzero(held))
        self.cell += at[held].tolist()
        self._row |= dict(zip(words, rows.tolist(), strict=True))


class VenueNames:
    """Destinations by venue id, or by a name that only one venue of the area has."""

    def __init__(
        self, area: StudyArea, venues: Sequence[LocatedVenue], column: str, faults: Faults
    ) -> None:
        self.column, self.faults = column, faults
        self._at = {v.venue_id: NOBODY for v in area.venues}
        self._at |= {v.venue_id: i for i, v in enumerate(venues)}
        self._ids: dict[str, set[str]] = defaultdict(set)
        self._names: dict[str, str] = {}
        for v in (*area.venues, *venues):
            for name in filter(None, (v.name_zh, v.name_en)):
                self._ids[name.strip().casefold()].add(v.venue_id)
                self._names[name] = name.strip().casefold()
        self._found: dict[str, int] = {}

    def positions(self, batch: Batch) -> Ints:
        """Return the position of each row's venue, or ``NOBODY``, or ``FAULTY``, told by then."""
        words, _, codes = _different(batch.destination)
        self._found |= {w: self._look_up(w) for w in words if w not in self._found}
        at = np.array([self._found[w] for w in words], dtype=np.int64)[codes]
        for w in {words[c] for c in np.unique(codes[at == FAULTY])}:
            self._tell(w, batch.row[codes == words.index(w)])
        return at

    def _look_up(self, word: str) -> int:
        if word in self._at:
            return self._at[word]
        ids = self._ids.get(word.casefold(), set())
        return self._at[next(iter(ids))] if len(ids) == 1 else FAULTY

    def _tell(self, word: str, rows: Ints) -> None:
        if word == "":
            self.faults.add("blank", rows, self.column)
            return
        ids = self._ids.get(word.casefold())
        each: dict[str, Sequence[object]] = {"value": [word] * len(rows)}
        if ids:
            said = ", ".join(sorted(ids))
            self.faults.add("namesakes", rows, self.column, each=each, ids=said)
            return
        near = process.extractOne(word.casefold(), self._names, score_cutoff=ALIKE)
        hint, hint_en = (f"，是否为“{near[2]}”？", f"; is it {near[2]!r}?") if near else ("", "")
        self.faults.add("venue", rows, self.column, each=each, hint=hint, hint_en=hint_en)
