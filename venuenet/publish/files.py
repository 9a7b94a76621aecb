"""The files of a snapshot for other programs: GeoPackage, GraphML and node-link JSON."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pyogrio
from numpy.typing import NDArray
from shapely import linearrings, points, polygons

from venuenet.coverage import kth_seconds
from venuenet.crs import WGS84
from venuenet.demand.cells import hexagon
from venuenet.model import KINDS, REASONS, SCIENCE_KINDS, UNREACHED, Question
from venuenet.network import Graph, Names, coverage_graph
from venuenet.publish.answers import (
    GAP_COLUMNS,
    VENUE_COLUMNS,
    coverage,
    gap_rows,
    venue_rows,
)
from venuenet.publish.geo import credits, gap_shapes
from venuenet.publish.graphml import write_graphml
from venuenet.publish.how import REASON_WORDS, made_of, network_table, traveller_of
from venuenet.publish.snapshot import Snapshot
from venuenet.questions import parse_question

GPKG = "venuenet.gpkg"


def standard_questions(snapshot: Snapshot) -> list[Question]:
    """One question per standard, for all residents."""
    return [parse_question(snapshot.standards, (), standard=s.id) for s in snapshot.standards]


def write_files(snapshot: Snapshot, folder: Path) -> None:
    """Write the GeoPackage and the coverage graph beside a snapshot's arrays."""
    write_geopackage(snapshot, folder / GPKG)
    graph = snapshot_graph(snapshot, cells=True)
    write_graph(graph, folder / "network.graphml")
    write_graph(graph, folder / "network.json")


def snapshot_graph(snapshot: Snapshot, *, cells: bool) -> Graph:
    """Build the coverage graph of a snapshot; without cells, townships stand for them."""
    area = snapshot.area
    towns = area.townships
    names = Names(
        adcodes=list(area.districts["adcode"]),
        district_names=list(zip(area.districts["name_zh"], area.districts["name_en"], strict=True)),
        township_codes=list(towns["township_code"]),
        township_names=list(zip(towns["name_zh"], towns["name_en"], strict=True)),
        township_adcodes=list(towns["adcode"]),
    )
    return coverage_graph(
        snapshot.demand,
        snapshot.times,
        area.venues,
        names,
        district_borders(area.districts),
        cells=cells,
    )


def district_borders(districts: gpd.GeoDataFrame) -> list[tuple[str, str]]:
    """Pairs of districts whose polygons touch, within 100 m of drawing error."""
    metric = districts.geometry.to_crs(districts.estimate_utm_crs())
    codes = list(districts["adcode"])
    return [
        (codes[i], codes[j])
        for i in range(len(codes))
        for j in range(i + 1, len(codes))
        if metric.iloc[i].distance(metric.iloc[j]) <= 100
    ]


def write_graph(graph: Graph, path: Path) -> None:
    """Write a graph as GraphML (``.graphml``) or node-link JSON (any other name)."""
    if path.suffix == ".graphml":
        write_graphml(graph, path)
        return
    data = nx.node_link_data(graph, edges="edges")
    path.write_text(json.dumps(data, ensure_ascii=False) + "\n", encoding="utf-8")


def write_geopackage(snapshot: Snapshot, path: Path) -> None:
    """Write districts, townships, cells, venues, and the gaps of every standard as layers.

    EPSG:4326. A non-spatial ``about`` layer holds snapshot id, date, sources and notes.
    """
    layers: list[tuple[str, gpd.GeoDataFrame]] = [
        ("districts", _district_layer(snapshot)),
        ("townships", _township_layer(snapshot)),
        ("venues", _venue_layer(snapshot)),
        ("cells", _cell_layer(snapshot)),
    ]
    layers += [
        (f"gaps_{q.standard}", _gap_layer(snapshot, q)) for q in standard_questions(snapshot)
    ]
    sources = [dataclasses.asdict(s) for s in snapshot.manifest.sources]
    about = credits(snapshot) | {"sources": json.dumps(sources, ensure_ascii=False)}
    about |= {f"travel_{m}": " · ".join(made_of(snapshot, t)) for m, t in snapshot.times.items()}
    who = traveller_of(snapshot.manifest)
    about["traveller"] = f"{who['name_zh']} {who['name_en']}"
    frame = pd.DataFrame({"key": list(about), "value": [str(v) for v in about.values()]})
    with _synced_once(path):
        for name, layer in layers:
            layer.to_file(path, layer=name, driver="GPKG", engine="pyogrio")
        pyogrio.write_dataframe(frame, path, layer="about", driver="GPKG")


@contextmanager
def _synced_once(path: Path) -> Iterator[None]:
    """Wait for the disk when a GeoPackage is complete, not several times for every layer."""
    before = pyogrio.get_gdal_config_option("OGR_SQLITE_SYNCHRONOUS")
    pyogrio.set_gdal_config_options({"OGR_SQLITE_SYNCHRONOUS": "OFF"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_SQLITE_SYNCHRONOUS": before})
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _answer_columns(snapshot: Snapshot, level: str) -> pd.DataFrame:
    """One row per area: people, then every standard's numbers as columns."""
    columns: dict[str, list[Any]] = {}
    for question in standard_questions(snapshot):
        rows = coverage(snapshot, question, level)
        columns["people"] = [r["people"] for r in rows]
        for name in ("covered", "uncovered", "share", "low", "high", "median_minutes"):
            columns[f"{question.standard}_{name}"] = [r[name] for r in rows]
        if "with_surface" in rows[0]:
            columns[f"{question.standard}_share_with_assumed_surface"] = [
                r["with_surface"]["share"] for r in rows
            ]
    whole = [c for c in columns if c.endswith("covered") or c == "people"]
    return pd.DataFrame(columns).astype(dict.fromkeys(whole, "Int64"))


def _district_layer(snapshot: Snapshot) -> gpd.GeoDataFrame:
    frame = snapshot.area.districts[["adcode", "name_zh", "name_en", "zone_zh", "geometry"]]
    return frame.join(_answer_columns(snapshot, "district"))


def _township_layer(snapshot: Snapshot) -> gpd.GeoDataFrame:
    towns = snapshot.area.townships
    names = towns[["township_code", "name_zh", "name_en", "adcode", "point_precision_m"]]
    frame = names.join(_answer_columns(snapshot, "township"))
    frame["flags"] = ["|".join(f) for f in snapshot.demand.township_flags]
    where = points(towns["lon"].to_numpy(float), towns["lat"].to_numpy(float))
    where[towns["lon"].isna().to_numpy()] = None
    return gpd.GeoDataFrame(frame, geometry=where, crs=WGS84)


def _venue_layer(snapshot: Snapshot) -> gpd.GeoDataFrame:
    frame = pd.DataFrame(venue_rows(snapshot, KINDS), columns=VENUE_COLUMNS)
    frame["flags"] = ["|".join(f) for f in frame["flags"]]
    where = points(frame["lon"].to_numpy(float), frame["lat"].to_numpy(float))
    where[frame["lon"].isna().to_numpy()] = None
    return gpd.GeoDataFrame(frame, geometry=where, crs=WGS84)


def _cell_layer(snapshot: Snapshot) -> gpd.GeoDataFrame:
    demand = snapshot.demand
    codes = snapshot.area.townships["township_code"].to_numpy()
    adcodes = snapshot.area.districts["adcode"].to_numpy()
    columns: dict[str, Any] = {
        "cell": [f"{c:x}" for c in demand.cell],
        "adcode": adcodes[demand.cell_district],
        "township_code": codes[demand.cell_township],
        "people": np.bincount(demand.row_cell, demand.people).astype(np.int64),
        "area_km2": demand.area_km2,
        "origin": demand.origin,
    }
    for times in snapshot.times.values():
        columns[f"{times.mode}_minutes"] = _minutes(kth_seconds(times, SCIENCE_KINDS))
    columns["transit_minutes_with_assumed_surface"] = _minutes(
        kth_seconds(snapshot.surface, SCIENCE_KINDS)
    )
    columns |= _street_columns(snapshot)
    rings = [hexagon(c) for c in demand.cell]
    at = np.repeat(np.arange(len(rings)), [len(r) for r in rings])
    shapes = polygons(linearrings(np.concatenate(rings), indices=at))
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=WGS84)


def _street_columns(snapshot: Snapshot) -> dict[str, Any]:
    """Metres to the street, and why a cell has no time by a mode; nothing without a network."""
    table = network_table(snapshot)
    columns: dict[str, Any] = {}
    if table is not None and table.snap_m is not None:
        columns["snap_m"] = np.round(table.snap_m.astype(np.float64), 1)
    for times in snapshot.times.values():
        if times.reason is None:
            continue
        words = [REASON_WORDS.get(r, (None, None)) for r in REASONS]
        for name, of in (
            ("reason", [r if r in REASON_WORDS else None for r in REASONS]),
            ("reason_zh", [zh for zh, _ in words]),
            ("reason_en", [en for _, en in words]),
        ):
            columns[f"{times.mode}_{name}"] = np.array(of, dtype=object)[times.reason]
    return columns


def _minutes(seconds: NDArray[np.int32]) -> NDArray[np.float64]:
    return np.where(seconds < UNREACHED, np.round(seconds / 60, 1), np.nan)


def _gap_layer(snapshot: Snapshot, question: Question) -> gpd.GeoDataFrame:
    shapes = gap_shapes(snapshot, question)
    rows = gap_rows(snapshot, question)
    frame = pd.DataFrame(rows, columns=GAP_COLUMNS)
    frame["flags"] = ["|".join(f) for f in frame["flags"]]
    return gpd.GeoDataFrame(frame, geometry=[shapes[i] for i in frame["gap_id"]], crs=WGS84)
