"""Walking between any points, on streets or on straight lines: the legs around every ride."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from venuenet.model import NEAREST

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Legs:
    """Who can walk where, and how long it takes; sparse, by starting point.

    Attributes
    ----------
    at : (n + 1,) int64
        The legs of starting point i are ``at[i]:at[i + 1]``.
    to : (m,) int32
        Places they lead to, ascending for each starting point.
    seconds : (m,) int32
        Whole seconds.
    """

    at: NDArray[np.int64]
    to: NDArray[np.int32]
    seconds: NDArray[np.int32]


class Walking(Protocol):
    """Anything that knows how long people walk from points to places.

    Points are (n, 2), places (k, 2) float64: metres in the area's projected CRS.
    """

    def legs(self, points: Floats, places: Floats, most_s: int) -> Legs:
        """Find all walks of at most ``most_s`` seconds (included)."""
        ...

    def nearest(self, points: Floats, places: Floats, k: int) -> Legs:
        """Find the walks to the ``k`` nearest places, however far."""
        ...


@dataclass(frozen=True)
class StraightWalking:
    """Straight lines at a pace that allows for their detours.

    Attributes
    ----------
    s_per_m : float
        Seconds for each metre of the straight line.
    """

    s_per_m: float

    def legs(self, points: Floats, places: Floats, most_s: int) -> Legs:
        """See Walking.legs."""
        # Half a second more is still rounded down to the longest walk.
        radius = (most_s + 0.5) / self.s_per_m
        found = cast(
            "list[list[int]]",
            KDTree(places).query_ball_point(points, radius, return_sorted=True, workers=-1),
        )
        counts = np.array([len(f) for f in found], dtype=np.int64)
        to = np.fromiter(chain.from_iterable(found), dtype=np.int32, count=int(counts.sum()))
        legs = self._legs(points, places, np.repeat(np.arange(len(points)), counts), to)
        return _kept(legs, legs.seconds <= most_s)

    def nearest(self, points: Floats, places: Floats, k: int) -> Legs:
        """See Walking.nearest."""
        k = min(k, len(places))
        _, to = KDTree(places).query(points, k=list(range(1, k + 1)), workers=-1)
        near: NDArray[np.int32] = np.sort(to, axis=1).ravel().astype(np.int32)
        return self._legs(points, places, np.repeat(np.arange(len(points)), k), near)

    def _legs(
        self, points: Floats, places: Floats, point: NDArray[np.int64], to: NDArray[np.int32]
    ) -> Legs:
        metres = np.hypot(*(points[point] - places[to]).T)
        at = np.concatenate([[0], np.cumsum(np.bincount(point, minlength=len(points)))])
        seconds = np.rint(metres * self.s_per_m).astype(np.int32)
        return Legs(at.astype(np.int64), to.astype(np.int32), seconds)


def direct_legs(
    walking: Walking, points: Floats, places: Floats, kind: NDArray[np.int64], most_s: int
) -> Legs:
    """Find the walks to all places up to ``most_s`` and to the nearest few of each kind beyond.

    Parameters
    ----------
    walking : Walking
    points, places : (n, 2) and (k, 2) float64
    kind : (k,) int64
        The kind of each place.
    most_s : int
    """
    near = walking.legs(points, places, most_s)
    parts = [_triples(near)]
    for k in np.unique(kind):
        mine = np.flatnonzero(kind == k)
        point, to, seconds = _triples(walking.nearest(points, places[mine], NEAREST))
        parts.append((point, mine[to], seconds))
    point, to, seconds = (np.concatenate(p) for p in zip(*parts, strict=True))
    # One walk per pair: both lists hold the same time where both hold the pair.
    _, first = np.unique(point * len(places) + to, return_index=True)
    at = np.concatenate([[0], np.cumsum(np.bincount(point[first], minlength=len(points)))])
    return Legs(at.astype(np.int64), to[first].astype(np.int32), seconds[first])


def _triples(
    legs: Legs,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    point = np.repeat(np.arange(len(legs.at) - 1), np.diff(legs.at))
    return point, legs.to.astype(np.int64), legs.seconds


def _kept(legs: Legs, keep: NDArray[np.bool_]) -> Legs:
    point, _, _ = _triples(legs)
    at = np.concatenate([[0], np.cumsum(np.bincount(point[keep], minlength=len(legs.at) - 1))])
    return Legs(at.astype(np.int64), legs.to[keep], legs.seconds[keep])
