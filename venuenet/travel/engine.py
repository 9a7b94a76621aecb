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
CHUNK = 48
"""Cells worked on at a time: few enough to lie close together."""


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


def whole_seconds(seconds: NDArray[np.float64]) -> Seconds:
    """Round to the nearest second; every comparison with a cut-off is made on these."""
    return np.rint(np.minimum(seconds, UNREACHED)).astype(np.int64).astype(np.int32)


def shifted(
    metres: NDArray[np.float64], venues: Sequence[LocatedVenue]
) -> dict[Variant, NDArray[np.float64]]:
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

    ``block`` maps positions of cells (c,) to seconds (c * samples, venues) per variant, a cell's
    points together and its centre first. It may leave UNREACHED what is neither among the
    ``NEAREST`` of its kind nor within the cut-off.
    """
    if cutoff_s > np.iinfo(np.uint16).max:
        raise ValueError(f"the matrix holds times up to {np.iinfo(np.uint16).max} s")
    n, samples = demand.sample_xy.shape[:2]
    shape = (len(VARIANTS), len(KINDS), NEAREST, n, samples)
    near_s = np.full(shape, UNREACHED, dtype=np.int32)
    near_venue = np.full(shape[1:4], -1, dtype=np.int16)
    kind = np.array([KINDS.index(v.kind) for v in venues], dtype=np.int64)
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]] = []
    for start in range(0, n, CHUNK):
        cells = np.arange(start, min(start + CHUNK, n))
        here = slice(start, start + len(cells))
        seconds = block(cells)
        near = (seconds["early"] < UNREACHED).any(axis=0)
        for v, variant in enumerate(VARIANTS):
            for k in range(len(KINDS)):
                column = np.flatnonzero(near & (kind == k))
                value, venue = _nearest(seconds[variant], column, samples)
                near_s[v, k, : len(value), here] = value
                if variant == "point":
                    near_venue[k, : len(venue), here] = venue
        centre = seconds["point"][::samples]
        at, venue_at = np.nonzero(centre <= cutoff_s)
        found.append((venue_at, cells[at], centre[at, venue_at]))
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
        samples=samples,
    )


def _nearest(
    seconds: Seconds, column: NDArray[np.int64], samples: int
) -> tuple[Seconds, NDArray[np.int16]]:
    """Pick the nearest few of some venues, nearest first, the earlier venue winning a tie.

    Returns seconds (few, cells, samples), and for the cells' centres which venues (few, cells).
    """
    few = min(NEAREST, len(column))
    rest = seconds[:, column]
    rows = np.arange(len(rest))
    value = np.empty((few, len(rest)), dtype=np.int32)
    venue = np.empty((few, len(rest) // samples), dtype=np.int16)
    for i in range(few):
        best = rest.argmin(axis=1)
        value[i] = rest[rows, best]
        venue[i] = np.where(value[i] < UNREACHED, column[best], -1)[::samples]
        rest[rows, best] = UNREACHED
    return value.reshape(few, len(rest) // samples, samples), venue


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
