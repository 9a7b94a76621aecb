"""People-weighted sums, means and quantiles of times by area, and whose venue is nearest. Pure.

Rows are people of one area at one time: ``area`` (r,), ``seconds`` (r,) int32 and ``weight`` (r,)
persons. ``n`` areas are answered; None is no data.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from venuenet.model import UNREACHED

Seconds = NDArray[np.int32]
Ints = NDArray[np.int64]


def sums_of(area: NDArray[np.int32], weight: Ints, n: int) -> Ints:
    """Persons per area, (n,)."""
    return np.bincount(area, weight, minlength=n).astype(np.int64)


def quantiles_of(
    area: NDArray[np.int32], seconds: Seconds, weight: Ints, n: int, levels: Sequence[float]
) -> list[list[float | None]]:
    """Minutes by which at least that share of an area's people has arrived, per level."""
    order = np.lexsort((seconds, area))
    area, seconds, weight = area[order], seconds[order], weight[order]
    bounds = np.searchsorted(area, np.arange(n + 1))
    out: list[list[float | None]] = [[] for _ in levels]
    for a in range(n):
        part = slice(bounds[a], bounds[a + 1])
        total = np.cumsum(weight[part])
        for level, row in zip(levels, out, strict=True):
            if len(total) == 0 or total[-1] == 0:
                row.append(None)
                continue
            at = int(np.searchsorted(total, np.ceil(level * total[-1])))
            row.append(_minutes(float(seconds[part][at])))
    return out


def means_of(area: NDArray[np.int32], seconds: Seconds, weight: Ints, n: int) -> list[float | None]:
    """Mean minutes of an area's people who can reach a venue at all."""
    ok = seconds < UNREACHED
    total = np.bincount(area[ok], weight[ok] * seconds[ok].astype(np.float64), minlength=n)
    people = np.bincount(area[ok], weight[ok], minlength=n)
    return [_minutes(float(t / p)) if p else None for t, p in zip(total, people, strict=True)]


def nearest_of(
    venue: Ints,
    venue_ids: Sequence[str],
    area: NDArray[np.int32],
    seconds: Seconds,
    weight: Ints,
    n: int,
) -> list[tuple[str, float] | None]:
    """Find the venue nearest to most of an area's people, and those people's mean minutes.

    Parameters
    ----------
    venue : (r,) int64
        Position in ``venue_ids`` of the venue nearest to each row; -1 where there is none.
    """
    # On a network a cell's centre may have a way and another of its points none.
    ok = (venue >= 0) & (weight > 0) & (seconds < UNREACHED)
    n_venues = max(len(venue_ids), 1)
    key = area[ok].astype(np.int64) * n_venues + venue[ok]
    people = np.bincount(key, weight[ok], minlength=n * n_venues).reshape(n, n_venues)
    spent = np.bincount(
        key, weight[ok] * seconds[ok].astype(np.float64), minlength=n * n_venues
    ).reshape(n, n_venues)
    best = people.argmax(axis=1)
    return [
        (venue_ids[b], round(float(spent[a, b] / people[a, b]) / 60, 1)) if people[a, b] else None
        for a, b in enumerate(best)
    ]


def _minutes(seconds: float) -> float | None:
    return round(seconds / 60, 1) if seconds < UNREACHED else None
