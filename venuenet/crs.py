"""Datums and projections: WGS84 (CGCS2000 is the same here), GCJ-02, BD-09, metres on a plane.

Degrees are longitude first everywhere; nothing measures in degrees.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import Transformer

Floats = NDArray[np.float64]

WGS84 = "EPSG:4326"
# Krasovsky 1940, the ellipsoid the GCJ-02 offset is defined on.
_SEMI_MAJOR_M = 6_378_245.0
_ECCENTRICITY_2 = 0.00669342162296594323
# Terms of the offset, in metres before scaling: (amplitude, wave number / pi).
_SHARED = ((20.0, 6.0), (20.0, 2.0))
_EAST = ((20.0, 1.0), (40.0, 1 / 3), (150.0, 1 / 12), (300.0, 1 / 30))
_NORTH = ((20.0, 1.0), (40.0, 1 / 3), (160.0, 1 / 12), (320.0, 1 / 30))
# Mainland China, roughly: west, south, east, north.
_MAINLAND = (73.0, 18.0, 135.5, 54.0)


@lru_cache(maxsize=16)
def _transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)


def to_metric(lon: ArrayLike, lat: ArrayLike, crs_metric: str) -> tuple[Floats, Floats]:
    """Project WGS84 degrees.

    Parameters
    ----------
    lon, lat : array_like of float
        WGS84 (or CGCS2000) degrees.
    crs_metric : str
        The projected CRS, such as ``EPSG:4548``.

    Returns
    -------
    x, y : arrays of float64
        Easting and northing in metres; NaN where the point cannot be projected.
    """
    x, y = _transformer(WGS84, crs_metric).transform(_floats(lon), _floats(lat))
    return _finite(x), _finite(y)


def to_degrees(x: ArrayLike, y: ArrayLike, crs_metric: str) -> tuple[Floats, Floats]:
    """Undo :func:`to_metric`: metres to WGS84 degrees, longitude first."""
    lon, lat = _transformer(crs_metric, WGS84).transform(_floats(x), _floats(y))
    return _finite(lon), _finite(lat)


def gcj02_from_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Shift WGS84 degrees to GCJ-02, as maps sold in mainland China show them.

    Parameters
    ----------
    lon, lat : array_like of float
        WGS84 degrees inside mainland China; elsewhere no such shift exists.

    Returns
    -------
    lon, lat : arrays of float64
        GCJ-02 degrees; around Beijing some 530 m east and 150 m north of the input.
    """
    lon, lat = _floats(lon), _floats(lat)
    east, north = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(east))
    both = 0.1 * (east * north + root) + (2 / 3) * _waves(east, _SHARED)
    shift_e = 300.0 + east + 2.0 * north + 0.1 * east**2
    shift_e = shift_e + both + (2 / 3) * _waves(east, _EAST)
    shift_n = -100.0 + 2.0 * east + 3.0 * north + 0.2 * north**2 + 0.1 * root
    shift_n = shift_n + both + (2 / 3) * _waves(north, _NORTH)
    flat = 1 - _ECCENTRICITY_2 * np.sin(np.radians(lat)) ** 2
    metres_n = _SEMI_MAJOR_M * (1 - _ECCENTRICITY_2) / flat**1.5
    metres_e = _SEMI_MAJOR_M / np.sqrt(flat) * np.cos(np.radians(lat))
    return lon + np.degrees(shift_e / metres_e), lat + np.degrees(shift_n / metres_n)


def wgs84_from_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Take the GCJ-02 shift off again: a round trip is off by less than a millimetre."""
    return _undone(gcj02_from_wgs84, _floats(lon), _floats(lat))


def bd09_from_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Shift GCJ-02 degrees to BD-09, as Baidu's maps show them; some 900 m further.

    Baidu's own curve is a rotation and a stretch that ripple with the place, then a fixed step.
    """
    lon, lat = _floats(lon), _floats(lat)
    ripple = np.pi * 3000 / 180
    reach = np.hypot(lon, lat) + 0.00002 * np.sin(lat * ripple)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * ripple)
    return reach * np.cos(angle) + 0.0065, reach * np.sin(angle) + 0.006


def gcj02_from_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Take the BD-09 shift off again: a round trip is off by less than a millimetre."""
    return _undone(bd09_from_gcj02, _floats(lon), _floats(lat))


def bd09_from_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Shift WGS84 degrees to BD-09, by way of GCJ-02."""
    return bd09_from_gcj02(*gcj02_from_wgs84(lon, lat))


def wgs84_from_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Take both shifts off BD-09 degrees."""
    return wgs84_from_gcj02(*gcj02_from_bd09(lon, lat))


def has_gcj02(lon: ArrayLike, lat: ArrayLike) -> bool:
    """Tell whether most of these points (WGS84 degrees) lie where GCJ-02 is in use."""
    west, south, east, north = _MAINLAND
    lon, lat = _floats(lon), _floats(lat)
    inside = (lon > west) & (lon < east) & (lat > south) & (lat < north)
    return bool(inside.size and inside.mean() > 0.5)


def _undone(
    shift: Callable[[Floats, Floats], tuple[Floats, Floats]], lon: Floats, lat: Floats
) -> tuple[Floats, Floats]:
    """Invert a shift that changes slowly: six fixed-point steps, each some 100 times closer."""
    back_lon, back_lat = lon, lat
    for _ in range(6):
        there_lon, there_lat = shift(back_lon, back_lat)
        back_lon, back_lat = back_lon - (there_lon - lon), back_lat - (there_lat - lat)
    return back_lon, back_lat


def _floats(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64)


def _finite(values: ArrayLike) -> Floats:
    found = _floats(values)
    return np.where(np.isfinite(found), found, np.nan)


def _waves(along: Floats, terms: tuple[tuple[float, float], ...]) -> Floats:
    """Sum the sine terms of the offset at each place, in metres before scaling."""
    total = np.zeros_like(along)
    for amplitude, wave in terms:
        total += amplitude * np.sin(along * wave * np.pi)
    return total
