"""A street network as every profile shares it: junctions, the streets between them, their rules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CLOSED = -1
"""Deciseconds of a street that may not be used that way."""


@dataclass(frozen=True)
class Streets:
    """Streets between junctions, one row per street however many ways it may be used.

    A street runs from its ``start`` to its ``end`` junction along ``line_xy``; column 0 of the
    two-column arrays is that way, column 1 the way back.

    Attributes
    ----------
    crs : str
        The projected CRS of all metres, such as ``EPSG:4548``.
    junction_xy : (n, 2) float64
        Junctions, metres; near ones lie near in the array (numbered along a Hilbert curve).
    start, end : (e,) int32
        Positions of a street's junctions. Nobody turns between two junctions.
    length_m : (e,) float64
        Length on the ellipsoid, metres.
    line_at : (e + 1,) int64
        Street i is drawn through ``line_xy[line_at[i]:line_at[i + 1]]``.
    line_xy : (p, 2) float64
        Corners of the streets, metres; first and last are the junctions.
    walk : (e, 2) bool
        Whether people may walk there; how fast is the walker's affair.
    stairs : (e,) bool
        Steps on the way, which not everyone can take.
    cycle_ds, drive_ds : (e, 2) int32
        Deciseconds to ride or drive the whole street, delays at the junction it leads to
        included; ``CLOSED`` where that is not allowed.
    no_turn : (t, 3) int32
        (street, junction, street) a driver may not take one after the other at that junction.
    """

    crs: str
    junction_xy: NDArray[np.float64]
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    length_m: NDArray[np.float64]
    line_at: NDArray[np.int64]
    line_xy: NDArray[np.float64]
    walk: NDArray[np.bool_]
    stairs: NDArray[np.bool_]
    cycle_ds: NDArray[np.int32]
    drive_ds: NDArray[np.int32]
    no_turn: NDArray[np.int32]
