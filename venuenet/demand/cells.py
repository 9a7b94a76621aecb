"""H3 cells over the districts: each cell belongs to the one district that holds its centre."""

from __future__ import annotations

from dataclasses import dataclass

import h3.api.numpy_int as h3n
import numpy as np
from numpy.typing import NDArray

from venuenet.area import StudyArea
from venuenet.errors import BadQueryError


@dataclass(frozen=True)
class Cells:
    """All cells of a study area, inhabited or not; ``district`` is a position in its table."""

    cell: NDArray[np.uint64]
    district: NDArray[np.int32]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    area_km2: NDArray[np.float64]


def cover(area: StudyArea, resolution: int) -> Cells:
    """Fill every district with the H3 cells whose centre lies in it.

    Membership by centre makes the districts' cells a partition: no cell is shared, none is
    counted twice. Areas are the cells' own (``h3.cell_area``), in km².
    """
    per_district = [
        np.asarray(h3n.geo_to_cells(geometry, resolution), dtype=np.uint64)
        for geometry in area.districts.geometry
    ]
    for name, cells in zip(area.districts["name_zh"], per_district, strict=True):
        if len(cells) == 0:
            raise BadQueryError(
                f"{name}面积太小，在当前 H3 分辨率下没有格网，请在 area.yaml 中调大 h3_resolution",
                f"{name} is too small to hold a cell; raise h3_resolution in area.yaml",
                param="h3_resolution",
            )
    cell = np.concatenate(per_district)
    district = np.repeat(np.arange(len(per_district)), [len(c) for c in per_district])
    cell, first = np.unique(cell, return_index=True)
    centres = np.array([h3n.cell_to_latlng(c) for c in cell])
    return Cells(
        cell=cell,
        district=district[first].astype(np.int32),
        lon=centres[:, 1],
        lat=centres[:, 0],
        area_km2=np.array([h3n.cell_area(c) for c in cell]),
    )


def sample_points(cell: NDArray[np.uint64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centres of each cell's children one resolution finer, (n, 7) lon and lat degrees.

    The middle child comes first; its centre is the cell's own.
    """
    points = np.array(
        [[h3n.cell_to_latlng(child) for child in h3n.cell_to_children(c)] for c in cell]
    )
    return points[:, :, 1], points[:, :, 0]


def neighbour_pairs(cell: NDArray[np.uint64]) -> NDArray[np.int32]:
    """Pairs (i, j), i < j, of positions in the ascending ``cell`` whose hexagons share an edge."""
    near = np.zeros((len(cell), 6), dtype=np.uint64)
    for i, c in enumerate(cell):
        ring = h3n.grid_ring(c, 1)
        near[i, : len(ring)] = ring
    at = np.searchsorted(cell, near.ravel()).clip(max=len(cell) - 1)
    found = cell[at] == near.ravel()
    pairs = np.column_stack([np.repeat(np.arange(len(cell)), 6)[found], at[found]])
    return pairs[pairs[:, 0] < pairs[:, 1]].astype(np.int32)


def hexagon(cell: np.uint64) -> list[tuple[float, float]]:
    """Corners of a cell as (lon, lat) degrees."""
    return [(lon, lat) for lat, lon in h3n.cell_to_boundary(cell)]
