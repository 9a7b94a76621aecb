"""Which district holds a point, and how far outside the district named it lies.

Distances are metres in the area's projected CRS; the polygons are sketches (area.yaml).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from venuenet import crs
from venuenet.area import StudyArea
from venuenet.errors import UnknownNameError

Floats = NDArray[np.float64]
Holders = NDArray[np.object_]


class Districts:
    """The districts of an area, projected and indexed once.

    Parameters
    ----------
    area : StudyArea

    Attributes
    ----------
    adcodes : tuple of str
        As in ``area.districts``.
    tolerance_m : float
        How far outside its district a venue may lie: ``area.yaml``, tolerances.venue_m.
    bounds : (west, south, east, north)
        Of the whole area, WGS84 degrees.
    """

    def __init__(self, area: StudyArea) -> None:
        self.adcodes: tuple[str, ...] = tuple(area.districts["adcode"])
        self.tolerance_m = area.meta.tolerances.venue_m
        west, south, east, north = map(float, area.districts.total_bounds)
        self.bounds = (west, south, east, north)
        self._crs = area.meta.crs_metric
        self._shapes = np.array(area.districts.geometry.to_crs(self._crs))
        shapely.prepare(self._shapes)
        self._tree = shapely.STRtree(self._shapes)
        self._position = {adcode: i for i, adcode in enumerate(self.adcodes)}
        self.outside = lru_cache(maxsize=65_536)(self._outside)
        """One point: ``outside(lon, lat, adcode) -> (metres, holder)``; remembers its answers."""

    def outside_m(
        self, lon: ArrayLike, lat: ArrayLike, adcodes: Sequence[str | None]
    ) -> tuple[Floats, Holders]:
        """Measure how far points lie outside the districts named.

        Parameters
        ----------
        lon, lat : (n,) array_like of float
            WGS84 degrees.
        adcodes : (n,) sequence of str or None
            The district named for each; None measures to the whole area.

        Returns
        -------
        metres : (n,) float64
            0 inside or on the edge; NaN where the point is not finite.
        holders : (n,) object
            Adcode of the district that holds the point, None where none does. On a shared edge
            the district named, else the first in order.

        Raises
        ------
        UnknownNameError
            An adcode that is not one of the area's.
        """
        x, y = crs.to_metric(np.atleast_1d(lon), np.atleast_1d(lat), self._crs)
        points = shapely.points(x, y)
        usable = np.isfinite(x) & np.isfinite(y)
        named = np.array([-1 if a is None else self._index(a) for a in adcodes], dtype=np.int64)
        holder = np.full(len(points), -1, dtype=np.int64)
        which, held_by = self._tree.query(points[usable], predicate="intersects")
        which = np.flatnonzero(usable)[which]
        holder[which[::-1]] = held_by[::-1]
        own = held_by == named[which]
        holder[which[own]] = held_by[own]
        metres = np.where(usable, 0.0, np.nan)
        away = np.flatnonzero(usable & np.where(named < 0, holder < 0, holder != named))
        if len(away):
            nowhere = away[named[away] < 0]
            if len(nowhere):
                metres[nowhere] = self._tree.query_nearest(
                    points[nowhere], all_matches=False, return_distance=True
                )[1]
            for district in np.unique(named[away][named[away] >= 0]):
                those = away[named[away] == district]
                metres[those] = shapely.distance(self._shapes[district], points[those])
        names = np.array([*self.adcodes, None], dtype=np.object_)
        return metres, names[holder]

    def _outside(self, lon: float, lat: float, adcode: str | None) -> tuple[float, str | None]:
        metres, holders = self.outside_m([lon], [lat], [adcode])
        return float(metres[0]), holders[0]

    def centre(self, adcode: str) -> tuple[float, float, float]:
        """Return a point inside a district and the metres from it to the district's far end.

        The centroid where the district holds it, else the point shapely picks inside.
        """
        shape = self._shapes[self._index(adcode)]
        point = shapely.centroid(shape)
        if not shapely.covers(shape, point):
            point = shapely.point_on_surface(shape)
        lon, lat = crs.to_degrees(point.x, point.y, self._crs)
        corners = shapely.points(shapely.get_coordinates(shape))
        return float(lon), float(lat), float(shapely.distance(point, corners).max())

    def _index(self, adcode: str) -> int:
        found = self._position.get(adcode)
        if found is None:
            raise UnknownNameError(
                f"没有代码为“{adcode[:20]}”的区",
                f"no district has the code {adcode[:20]!r}",
                param="adcode",
                allowed=self.adcodes,
            )
        return found
