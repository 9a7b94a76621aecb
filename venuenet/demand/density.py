"""The density model: township residents onto cells. Every value it gives is modelled.

A township's people go to the cells nearest to its point within its own district: those nearer to
it than to any other township's point and, where these have too little room, the next nearest. The
weight of a cell of area a, d metres from the township's point and s metres from the nearest
station, is

    a * exp(-d / L) * (1 + pull * exp(-s / reach)),   L = R * clip(density / uniform, 1/4, 4)

with R the radius of a disc of the township's area: a dense subdistrict is nearly even, a rural
township gathers around its seat (a negative exponential, Clark 1951, Journal of the Royal
Statistical Society A 114). Cells that would fall below ``floor`` are left empty; none is filled
above ``cap`` while there is room elsewhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from venuenet.standards import Demand

Floats = NDArray[np.float64]


def weights(
    rules: Demand,
    people: float,
    township_km2: float | None,
    area_km2: Floats,
    from_centre_m: Floats,
    from_station_m: Floats,
) -> Floats:
    """Relative weight of each cell of one township, (n,), before floor and cap.

    Parameters
    ----------
    people : float
        Residents of the township.
    township_km2 : float or None
        Its published area; the area of its cells where unknown or larger than that.
    area_km2, from_centre_m, from_station_m : (n,) float
        Of each of its cells.
    """
    km2 = min(township_km2 or np.inf, float(area_km2.sum()))
    radius_m = 1000 * np.sqrt(km2 / np.pi)
    length = radius_m * np.clip(people / km2 / rules.uniform_per_km2.value, 0.25, 4)
    pull = rules.station_pull.value * np.exp(-from_station_m / rules.station_reach_m.value)
    decay = np.exp(-(from_centre_m - from_centre_m.min()) / length)
    return np.asarray(area_km2 * decay * (1 + pull), dtype=np.float64)


def spread(rules: Demand, people: float, weight: Floats, area_km2: Floats, room: Floats) -> Floats:
    """Persons per cell, (n,) fractions summing to ``people``, within floor and room.

    ``room`` is how many more persons each cell may take. A township that is too thin everywhere
    keeps its best cell; one without room enough is spread evenly over its area.
    """
    if people >= room.sum():
        return np.asarray(people * area_km2 / area_km2.sum(), dtype=np.float64)
    share = people * weight / weight.sum()
    keep = share >= rules.floor_per_km2.value * area_km2
    if not keep.any():
        keep[np.argmax(weight)] = True
    weight = np.where(keep, weight, 0.0)
    if people >= room[keep].sum():
        weight = np.maximum(weight, 1e-9 * area_km2)
    return _fill(people, weight, room)


def _fill(people: float, weight: Floats, cap: Floats) -> Floats:
    """Share ``people`` by weight, pouring what exceeds a cell's cap over the others."""
    full = np.zeros(len(weight), dtype=bool)
    while True:
        left = people - cap[full].sum()
        open_weight = np.where(full, 0.0, weight)
        share = np.where(full, cap, left * open_weight / open_weight.sum())
        over = ~full & (share > cap)
        if not over.any():
            return share
        full |= over


def unknown_residents(
    rules: Demand,
    remainder: float,
    units: Floats,
    from_station_m: Floats,
    other_year: Floats,
) -> Floats:
    """Share a district's remaining residents among townships without a census figure.

    First by ``(units + 1) * (1 + km to the nearest station) ** -decay``; then a township with a
    count of another year takes that count instead, and all are scaled to the remainder.

    Parameters
    ----------
    units, from_station_m, other_year : (n,) float
        NaN where unknown; an unknown unit count or distance takes the median of the known.
    """
    if remainder <= 0:
        return np.zeros(len(units))
    km = _known(from_station_m, 0.0) / 1000
    first = (_known(units, 1.0) + 1) * (1 + km) ** -rules.unknown_station_decay.value
    first = remainder * first / first.sum()
    weight = np.where(np.isfinite(other_year), other_year, first)
    return np.asarray(remainder * weight / weight.sum(), dtype=np.float64)


def _known(values: Floats, default: float) -> Floats:
    known = values[np.isfinite(values)]
    filler = np.median(known) if len(known) else default
    return np.where(np.isfinite(values), values, filler)
