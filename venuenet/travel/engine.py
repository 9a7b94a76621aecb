"""The TravelEngine protocol, and how blocks of times become TravelTimes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from venuenet.model import (
    BEYOND,
    KINDS,
    NEAREST,
    SPREAD,
    UNREACHED,
    VARIANTS,
    DemandPoints,
    LocatedVenue,
    Mode,
    Spread,
    TravelTimes,
    Variant,
)

Seconds = NDArray[np.int32]
Block = Callable[
    [NDArray[np.int64]],
    Mapping[Variant, Seconds] | Mapping[Variant | Spread, Seconds] | Mapping[str, Seconds],
]
Progress = Callable[[int], None]
CHUNK = 48
"""Cells worked on at a time: few enough for their times to stay in the processor's cache."""

FULL = 128
"""Venues with which chunks are that small; with fewer they hold more cells."""

LONGEST = np.iinfo(np.uint16).max
"""Seconds the matrix can tell; in a spread it stands for all that is longer."""


class TravelEngine(Protocol):
    """Anything that knows how long people travel from cells to venues."""

    def times(
        self,
        demand: DemandPoints,
        venues: Sequence[LocatedVenue],
        cutoff_s: int,
        progress: Progress | None = None,
    ) -> TravelTimes:
        """Find the times from every cell to every venue, whole seconds.

        Parameters
        ----------
        demand : DemandPoints
            Origins: the points its cells are sampled at.
        venues : sequence of LocatedVenue
            Destinations, each with a point and its precision in metres.
        cutoff_s : int
            The sparse matrix keeps pairs up to and including this many seconds; the nearest
            venues are found without it.
        progress : callable, optional
            Told how many more cells are done.
        """
        ...


def collect(
    block: Block,
    demand: DemandPoints,
    venues: Sequence[LocatedVenue],
    cutoff_s: int,
    progress: Progress | None,
    *,
    mode: Mode,
    engine: str,
    surface_transit: bool = False,
    estimated: bool = True,
    period: str | None = None,
) -> TravelTimes:
    """Run ``block`` over chunks of cells and keep the sparse matrix and the nearest venues.

    All processors work at once; the answer does not depend on how many there are. ``progress``
    is told by the calling thread, and Ctrl-C stops the work after the chunks begun.

    Parameters
    ----------
    block : callable
        Maps positions of cells (c,) int64 to int32 seconds (c * samples, venues) per variant, a
        cell's points together and its centre first; UNREACHED where there is no way, or where the
        venue is neither among the ``NEAREST`` of its kind nor within the cut-off. It may also
        hold the keys of ``SPREAD``: seconds (c, venues) of the centres. Called by several threads
        at a time.
    demand, venues, cutoff_s, progress
        See :meth:`TravelEngine.times`; ``cutoff_s`` at most 65,535.
    mode, engine, surface_transit, estimated, period
        What the times are; see TravelTimes.
    """
    if cutoff_s > LONGEST:
        raise ValueError(f"the matrix holds times up to {LONGEST} s")
    n, samples = demand.sample_xy.shape[:2]
    near_s = np.full((len(VARIANTS), len(KINDS), NEAREST, n, samples), UNREACHED, dtype=np.int32)
    near_venue = np.full(near_s.shape[1:], -1, dtype=np.int16)
    own_s = np.full((len(VARIANTS), len(KINDS), n, samples), BEYOND, dtype=np.uint16)
    work = _Work(
        block,
        samples,
        cutoff_s,
        Told.of(demand, venues),
        _by_kind(venues),
        demand.cell_district,
        near_s,
        near_venue,
        own_s,
    )
    found = []
    for entries, done in _in_threads(work, n):
        found.append(entries)
        if progress:
            progress(done)
    indptr, cell, seconds, spread = _rows(found, len(venues))
    return TravelTimes(
        mode=mode,
        engine=engine,
        surface_transit=surface_transit,
        estimated=estimated,
        period=period,
        cutoff_s=cutoff_s,
        venue_ids=tuple(v.venue_id for v in venues),
        indptr=indptr,
        cell=cell,
        seconds=seconds,
        near_s=near_s,
        near_venue=near_venue,
        samples=samples,
        spread=spread,
        own_s=own_s,
    )


@dataclass(frozen=True)
class Told:
    """What lists say of venues, as arrays.

    Attributes
    ----------
    kind : (venues,) int64
        Position in ``KINDS``.
    district : (venues,) int32
        Position in ``DemandPoints.adcodes`` of the address's district; -1 where unknown.
    doubtful : (venues,) bool
        Whether nobody knows that it is open: the ``late`` variant does without it.
    """

    kind: NDArray[np.int64]
    district: NDArray[np.int32]
    doubtful: NDArray[np.bool_]

    @classmethod
    def of(cls, demand: DemandPoints, venues: Sequence[LocatedVenue]) -> Told:
        """Read it from venues."""
        place = {adcode: i for i, adcode in enumerate(demand.adcodes)}
        return cls(
            kind=np.array([KINDS.index(v.kind) for v in venues], dtype=np.int64),
            district=np.array([place.get(v.adcode or "", -1) for v in venues], dtype=np.int32),
            doubtful=np.array([v.status == "unknown" for v in venues], dtype=np.bool_),
        )


@dataclass(frozen=True)
class _Entries:
    """What one chunk of cells adds to the matrix, (e,) each, by cell and then by venue."""

    venue: NDArray[np.int16]
    cell: NDArray[np.int32]
    seconds: NDArray[np.uint16]
    spread: Mapping[Spread, NDArray[np.uint16]]


@dataclass(frozen=True)
class _Work:
    """What a thread needs to know; of the last three it fills its own cells."""

    block: Block
    samples: int
    cutoff_s: int
    told: Told
    by_kind: tuple[NDArray[np.int64], NDArray[np.int64]]
    home: NDArray[np.int32]
    near_s: Seconds
    near_venue: NDArray[np.int16]
    own_s: NDArray[np.uint16]

    def do(self, cells: NDArray[np.int64]) -> _Entries:
        """Find the times of some cells that follow one another."""
        # numba comes with it, which commands that build nothing should not wait for.
        from venuenet.travel.nearest import keep_nearest, keep_own  # noqa: PLC0415

        times = cast("Mapping[str, Seconds]", self.block(cells))
        kind, district = self.told.kind, self.told.district
        first = int(cells[0])
        for v, variant in enumerate(VARIANTS):
            seconds = np.ascontiguousarray(times[variant], dtype=np.int32)
            named = variant == "point"
            if variant == "late" and self.told.doubtful.any():
                seconds = np.where(self.told.doubtful, np.int32(UNREACHED), seconds)
            keep_nearest(seconds, *self.by_kind, first, self.near_s[v], self.near_venue, named)
            # 65,535 s stand for "beyond".
            most = min(self.cutoff_s, int(BEYOND) - 1)
            keep_own(seconds, kind, district, self.home, first, most, self.own_s[v])
        centre = times["point"][:: self.samples]
        at, venue = np.nonzero(centre <= self.cutoff_s)
        return _Entries(
            venue=venue.astype(np.int16),
            cell=cells[at].astype(np.int32),
            seconds=centre[at, venue].astype(np.uint16),
            spread={
                name: np.minimum(times[name][at, venue], LONGEST).astype(np.uint16)
                for name in SPREAD
                if name in times
            },
        )


def _by_kind(venues: Sequence[LocatedVenue]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of venues sorted by kind, and where each kind begins and ends among them."""
    kind = np.array([KINDS.index(v.kind) for v in venues], dtype=np.int64)
    counts = np.bincount(kind, minlength=len(KINDS))
    return np.argsort(kind, kind="stable"), np.concatenate([[0], np.cumsum(counts)])


def _in_threads(work: _Work, n: int) -> Iterator[tuple[_Entries, int]]:
    """Do all cells, chunk by chunk: what each adds and how many cells it had, in order."""
    few = CHUNK * FULL // max(1, len(work.told.kind))
    step = max(CHUNK, min(few, n // (2 * (os.cpu_count() or 1))))
    chunks = [np.arange(start, min(start + step, n)) for start in range(0, n, step)]
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        waiting = [pool.submit(work.do, cells) for cells in chunks]
        for cells, future in zip(chunks, waiting, strict=True):
            yield future.result(), len(cells)
    finally:
        pool.shutdown(cancel_futures=True)


def _rows(
    found: Sequence[_Entries], n_venues: int
) -> tuple[
    NDArray[np.int64],
    NDArray[np.int32],
    NDArray[np.uint16],
    dict[Spread, NDArray[np.uint16]],
]:
    """Put chunks of entries into CSR rows, cells ascending within a venue."""
    from venuenet.travel.nearest import take_places  # noqa: PLC0415  as above

    counts = np.zeros(n_venues, dtype=np.int64)
    for chunk in found:
        counts += np.bincount(chunk.venue, minlength=n_venues)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    cell = np.empty(indptr[-1], dtype=np.int32)
    seconds = np.empty(indptr[-1], dtype=np.uint16)
    spread = {name: np.empty(indptr[-1], dtype=np.uint16) for name in found[0].spread}
    free = indptr[:-1].copy()
    for chunk in found:
        at = take_places(chunk.venue, free)
        cell[at], seconds[at] = chunk.cell, chunk.seconds
        for name, values in chunk.spread.items():
            spread[name][at] = values
    return indptr, cell, seconds, spread
