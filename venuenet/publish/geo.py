"""Shapes: gaps, districts and rail lines as GeoJSON (RFC 7946), WGS84 degrees."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import h3.api.numpy_int as h3n
import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from shapely.geometry import mapping

from venuenet.coverage import inside
from venuenet.model import Question
from venuenet.publish.answers import Row, gap_rows, gaps, times_for
from venuenet.publish.how import describe_travel
from venuenet.publish.remembered import remembered
from venuenet.publish.snapshot import Snapshot

Json = dict[str, Any]


def outline(cells: NDArray[np.uint64]) -> MultiPolygon:
    """Outline of H3 cells of one resolution, holes kept."""
    return MultiPolygon(
        [
            Polygon(_lonlat(shape.outer), [_lonlat(hole) for hole in shape.holes])
            for shape in h3n.cells_to_h3shape(cells, tight=False)
        ]
    )


def _lonlat(corners: Iterable[tuple[float, float]]) -> NDArray[np.float64]:
    return np.array(corners)[:, ::-1]


@remembered(most=2)
def _children(snapshot: Snapshot) -> NDArray[np.uint64]:
    """Children of every cell with people, (n, 7), in the order of its points."""
    return np.array([h3n.cell_to_children(c) for c in snapshot.demand.cell])


@remembered(most=16)
def gap_shapes(snapshot: Snapshot, question: Question) -> dict[str, MultiPolygon]:
    """Outline of every gap of a question by gap id: the children of its cells out of reach."""
    demand = snapshot.demand
    out_of_reach = ~inside(times_for(snapshot, question), question)
    whole = out_of_reach.shape[1] == 1
    shapes = {}
    for gap in gaps(snapshot, question):
        cells = demand.cell[gap.cells]
        if not whole:
            out = out_of_reach[gap.cells]
            out |= ~out.any(axis=1, keepdims=True)  # a cell lacks room, not a venue: all of it
            cells = _children(snapshot)[gap.cells][out]
        shapes[gap.gap_id] = outline(cells)
    return shapes


def gap_collection(snapshot: Snapshot, question: Question, adcodes: Sequence[str] = ()) -> Json:
    """Gaps as a FeatureCollection whose foreign members carry date, sources and parameters."""
    shapes = gap_shapes(snapshot, question)
    return {
        "type": "FeatureCollection",
        **credits(snapshot),
        "question": describe(question),
        "travel": describe_travel(snapshot, question),
        "features": [
            _feature(rounded(shapes[row["gap_id"]]), row)
            for row in gap_rows(snapshot, question, adcodes)
        ],
    }


@remembered(most=32)
def gap_geojson(snapshot: Snapshot, question: Question, adcodes: tuple[str, ...] = ()) -> bytes:
    """Give the gap collection as the bytes of a .geojson file, UTF-8."""
    collection = gap_collection(snapshot, question, adcodes)
    return json.dumps(collection, ensure_ascii=False, separators=(",", ":")).encode()


def describe(question: Question) -> Row:
    """Return a question's parameters as understood, under the API's names."""
    return {
        "standard": question.standard,
        "mode": question.mode,
        "minutes": question.minutes,
        "k": question.k,
        "group": question.group,
        "kinds": list(question.kinds),
        "surface_transit": question.surface_transit,
        "own_district": question.own_district,
        "capacitated": question.capacitated,
    }


def credits(snapshot: Snapshot) -> Json:
    """Snapshot id, as-of date, sources and the note every own-drawn map must carry."""
    meta = snapshot.area.meta
    return {
        "snapshot": snapshot.manifest.snapshot,
        "as_of": snapshot.manifest.as_of.isoformat(),
        "attribution": "; ".join(dict.fromkeys(s.attribution for s in snapshot.manifest.sources)),
        "note_zh": meta.map_note_zh,
        "note_en": meta.map_note_en,
        "review_number": meta.review_number,
    }


def _feature(geometry: Json, properties: Row) -> Json:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def rounded(geometry: MultiPolygon) -> Json:
    """Six decimals, a tenth of a metre: enough, and a third of the size."""

    def ring(coordinates: Iterable[tuple[float, ...]]) -> list[list[float]]:
        return [[round(x, 6), round(y, 6)] for x, y, *_ in coordinates]

    polygons = [
        [ring(p.exterior.coords), *(ring(i.coords) for i in p.interiors)] for p in geometry.geoms
    ]
    if len(polygons) == 1:
        return {"type": "Polygon", "coordinates": polygons[0]}
    return {"type": "MultiPolygon", "coordinates": polygons}


def district_collection(snapshot: Snapshot) -> Json:
    """District polygons with a point for the label."""
    features = []
    for row in snapshot.area.districts.itertuples():
        label = row.geometry.representative_point()
        properties = {
            "adcode": row.adcode,
            "name_zh": row.name_zh,
            "name_en": row.name_en,
            "label_lon": round(label.x, 5),
            "label_lat": round(label.y, 5),
        }
        features.append(_feature(mapping(row.geometry), properties))
    return {"type": "FeatureCollection", **credits(snapshot), "features": features}


def subway_collection(snapshot: Snapshot) -> Json:
    """Rail lines as straight links between stations, and the stations as points."""
    area = snapshot.area
    stations = area.stations.set_index("station_id")
    features = []
    links = area.links[area.links["track_m"].notna()]
    for line, rows in links.groupby("line", sort=True):
        pairs = {tuple(sorted(p)) for p in zip(rows["from_id"], rows["to_id"], strict=True)}
        lines = [
            [[stations.at[s, "lon"], stations.at[s, "lat"]] for s in pair] for pair in sorted(pairs)
        ]
        features.append(_feature({"type": "MultiLineString", "coordinates": lines}, {"line": line}))
    for row in area.stations.itertuples():
        properties = {"station_id": row.station_id, "name_zh": row.name_zh, "name_en": row.pinyin}
        features.append(_feature({"type": "Point", "coordinates": [row.lon, row.lat]}, properties))
    return {"type": "FeatureCollection", **credits(snapshot), "features": features}
