"""The TravelEngine protocol, and how blocks of times become TravelTimes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from venuenet.model import (
    KINDS,
    NEAREST,
    UNREACHED,
    VARIANTS,
    DemandPoints,
    LocatedVenue,
    Mode,
    TravelTimes,
    Variant,
)

Seconds = NDArray[np.int32]
Block = Callable[[NDArray[np.int64]], Mapping[Variant, Seconds]]
Progress = Callable[[int], None]
CHUNK = 256


class TravelEngine(Protocol):
    """Anything that knows how long people travel from cells to venues."""

    def times(
        self,
        demand: DemandPoints,
        venues: Sequence[LocatedVenue],
        cutoff_s: int,
        progress: Progress | None = None,
    ) -> TravelTimes:
        """Times from every cell to every venue, whole seconds.

        Parameters
        ----------
        demand : DemandPoints
            Origins: the cells' centres.
        venues : sequence of LocatedVenue
            Destinations, each with a point and its precision in metres.
        cutoff_s : int
            The sparse matrix keeps pairs up to and including this many seconds; the nearest
            venues are found without it.
        progress : callable, optional
            Told how many more cells are done.
        """
        ...


def whole_seconds(seconds: NDArray[np.float64]) -> Seconds:
    """Round to the nearest second; every comparison with a cut-off is made on these."""
    return np.rint(np.minimum(seconds, UNREACHED)).astype(np.int64).astype(np.int32)


def shifted(metres: NDArray[np.float64], venues: Sequence[LocatedVenue]) -> dict[Variant, NDArray[np.float64]]:
    """Distances (n, venues) as they are, and with each venue its precision farther and nearer."""
    off = np.array([v.precision_m for v in venues])
    return {"point": metres, "late": metres + off, "early": np.maximum(metres - off, 0)}


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
    period: str | None = None,
) -> TravelTimes:
    """Run ``block`` over chunks of cells and keep the sparse matrix and the nearest venues.

    ``block`` maps positions of cells (n,) to seconds (n, venues) per variant.
    """
    n = len(demand.cell)
    near_s = np.full((len(VARIANTS), len(KINDS), NEAREST, n), UNREACHED, dtype=np.int32)
    near_venue = np.full((len(KINDS), NEAREST, n), -1, dtype=np.int16)
    columns = [np.flatnonzero([v.kind == kind for v in venues]) for kind in KINDS]
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]] = []
    for start in range(0, n, CHUNK):
        cells = np.arange(start, min(start + CHUNK, n))
        seconds = block(cells)
        for v, variant in enumerate(VARIANTS):
            for k, column in enumerate(columns):
                _keep_nearest(
                    seconds[variant][:, column],
                    near_s[v, k, :, cells[0] : cells[-1] + 1],
                    near_venue[k, :, cells[0] : cells[-1] + 1] if variant == "point" else None,
                    column,
                )
        at, venue = np.nonzero(seconds["point"] <= cutoff_s)
        found.append((venue, cells[at], seconds["point"][at, venue]))
        if progress:
            progress(len(cells))
    indptr, cell, kept = _rows(found, len(venues))
    return TravelTimes(
        mode=mode,
        engine=engine,
        surface_transit=surface_transit,
        estimated=True,
        period=period,
        cutoff_s=cutoff_s,
        venue_ids=tuple(v.venue_id for v in venues),
        indptr=indptr,
        cell=cell,
        seconds=kept,
        near_s=near_s,
        near_venue=near_venue,
    )


def _keep_nearest(
    seconds: Seconds,
    near_s: Seconds,
    near_venue: NDArray[np.int16] | None,
    column: NDArray[np.int64],
) -> None:
    """Write the nearest few of one kind, nearest first, the earlier venue winning a tie."""
    keep = min(NEAREST, len(column))
    if keep == 0:
        return
    rest = seconds.astype(np.int64)
    rows = np.arange(len(rest))
    for i in range(keep):
        best = rest.argmin(axis=1)
        value = rest[rows, best]
        near_s[i] = value
        if near_venue is not None:
            near_venue[i] = np.where(value < UNREACHED, column[best], -1)
        rest[rows, best] = np.iinfo(np.int64).max


def _rows(
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]], n_venues: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.uint16]]:
    """Turn (venue, cell, seconds) triples into CSR rows, cells ascending within a venue."""
    venue = np.concatenate([f[0] for f in found]).astype(np.int16)
    order = np.argsort(venue, kind="stable")
    cell = np.concatenate([f[1] for f in found]).astype(np.int32)[order]
    seconds = np.concatenate([f[2] for f in found]).astype(np.uint16)[order]
    counts = np.bincount(venue, minlength=n_venues)
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), cell, seconds
