"""The places where something new might be: township seats, stations, cells, a list of one's own."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import h3.api.numpy_int as h3n
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from venuenet.geocode.districts import Districts
from venuenet.proposals.types import Request
from venuenet.publish.snapshot import Snapshot
from venuenet.standards.siting import Origin

PREFIX: Mapping[Origin, str] = {"townships": "T", "stations": "S", "cells": "C", "file": "F"}


@dataclass(frozen=True)
class Spot:
    """A place where something new might be: WGS84 degrees; ``precision_m`` of its position."""

    place: str
    origin: Origin
    name_zh: str
    name_en: str
    lon: float
    lat: float
    precision_m: float
    adcode: str | None
    township: int
    sort: str | None = None
    cost: float | None = None
    flags: tuple[str, ...] = ()


def spots(snapshot: Snapshot, request: Request) -> Iterator[Spot]:
    """Give every place of the sources asked for, within the districts asked for."""
    where = frozenset(request.districts)
    for source in request.sources:
        for spot in _SOURCES[source](snapshot, request):
            if not where or spot.adcode in where:
                yield spot


def _townships(snapshot: Snapshot, _: Request) -> Iterator[Spot]:
    """Give township seats: a culture centre is assumed to stand at each."""
    for at, town in enumerate(snapshot.area.townships.to_dict("records")):
        if not math.isnan(town["lon"]):
            yield Spot(
                f"{PREFIX['townships']}{town['township_code']}",
                "townships",
                f"{town['name_zh']}综合文化中心",
                f"{town['name_en'] or town['name_zh']} culture centre",
                float(town["lon"]),
                float(town["lat"]),
                float(town["point_precision_m"]),
                str(town["adcode"]),
                at,
                "culture_centre",
                flags=("culture_centre_assumed",),
            )


def _stations(snapshot: Snapshot, _: Request) -> Iterator[Spot]:
    table = snapshot.area.stations
    near = _Near(snapshot, table["lon"].to_numpy(float), table["lat"].to_numpy(float))
    for at, row in enumerate(table.to_dict("records")):
        yield Spot(
            f"{PREFIX['stations']}{row['station_id']}",
            "stations",
            f"{row['name_zh']}站",
            f"{row['pinyin'] or row['name_zh']} station",
            float(row["lon"]),
            float(row["lat"]),
            float(row["precision_m"]),
            near.adcode[at],
            near.township[at],
        )


def _cells(snapshot: Snapshot, request: Request) -> Iterator[Spot]:
    """Give, of each larger cell with people, its most populous cell: where the people are."""
    demand = snapshot.demand
    people = np.bincount(demand.row_cell, demand.people, minlength=len(demand.cell))
    parents = np.array([h3n.cell_to_parent(c, request.resolution) for c in demand.cell])
    order = np.lexsort((demand.cell, -people, parents))
    order = order[people[order] > 0]
    first = order[np.flatnonzero(np.diff(parents[order], prepend=0) != 0)]
    codes = snapshot.area.districts["adcode"].to_numpy()
    towns = snapshot.area.townships
    zh, en = towns["name_zh"].to_numpy(), towns["name_en"].to_numpy()
    for at in first:
        town = int(demand.cell_township[at])
        code = h3n.int_to_str(parents[at])
        yield Spot(
            f"{PREFIX['cells']}{code}",
            "cells",
            f"{zh[town]}格网 {code}",
            f"cell {code}, {en[town] or zh[town]}",
            float(demand.lon[at]),
            float(demand.lat[at]),
            0.0,
            str(codes[demand.cell_district[at]]),
            town,
            flags=("ground_unchecked",),
        )


def _listed(snapshot: Snapshot, request: Request) -> Iterator[Spot]:
    lon, lat = (np.array([getattr(s, axis) for s in request.sites]) for axis in ("lon", "lat"))
    near = _Near(snapshot, lon, lat)
    for at, site in enumerate(request.sites):
        yield Spot(
            f"{PREFIX['file']}{at + 1}",
            "file",
            site.name_zh,
            site.name_zh,
            site.lon,
            site.lat,
            0.0,
            site.adcode or near.adcode[at],
            near.township[at],
            site.sort,
            site.cost,
        )


_SOURCES = {"townships": _townships, "stations": _stations, "cells": _cells, "file": _listed}


class _Near:
    """District and township of points: the polygon that holds each, else the nearest cell's."""

    def __init__(
        self, snapshot: Snapshot, lon: NDArray[np.float64], lat: NDArray[np.float64]
    ) -> None:
        demand, codes = snapshot.demand, list(snapshot.area.districts["adcode"])
        _, cell = cKDTree(np.column_stack([demand.x, demand.y])).query(
            np.column_stack(snapshot.area.metric(lon, lat))
        )
        _, holders = Districts(snapshot.area).outside_m(lon, lat, [None] * len(lon))
        beside = [codes[d] for d in demand.cell_district[cell]]
        self.adcode = [h or b for h, b in zip(holders, beside, strict=True)]
        self.township = [int(t) for t in demand.cell_township[cell]]
