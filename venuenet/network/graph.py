"""The coverage graph: districts, townships, cells and venues, and how they hang together. Pure.

A ``networkx.MultiDiGraph``; the key of an edge is its relation. See docs/network.md for the
table of node and edge attributes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from venuenet.coverage import kth_seconds, nearest_venue
from venuenet.model import (
    SCIENCE_KINDS,
    DemandPoints,
    LocatedVenue,
    Mode,
    TravelTimes,
    Venue,
)

Graph: TypeAlias = "nx.MultiDiGraph[str]"

NODE_ATTRIBUTES = {
    "type": "district, township, cell or venue",
    "name_zh": "name (not on cells)",
    "name_en": "English name (not on cells)",
    "people": "residents, whole persons (not on venues)",
    "adcode": "district code (townships, venues; empty where unknown)",
    "lon": "WGS84 degrees (cells, located venues)",
    "lat": "WGS84 degrees (cells, located venues)",
    "area_km2": "cell area, h3.cell_area (cells)",
    "kind": "kind of venue (venues)",
    "tier": "hub, branch, node or - (venues)",
    "status": "open, closed, planned, lapsed or unknown (venues)",
}
EDGE_ATTRIBUTES = {
    "relation": "serves, adjacent, part_of or affiliated; also the edge's key, with the mode",
    "mode": "walk, transit or drive (serves)",
    "minutes": "minutes to the venue, one decimal; people-weighted mean for areas (serves)",
    "people": "residents for whom this venue is the nearest (serves), or who live in the "
    "overlap (part_of, from cells)",
}


@dataclass(frozen=True)
class Names:
    """Codes and names of districts and townships, in table order."""

    adcodes: Sequence[str]
    district_names: Sequence[tuple[str, str]]
    township_codes: Sequence[str]
    township_names: Sequence[tuple[str, str]]
    township_adcodes: Sequence[str]


def coverage_graph(
    demand: DemandPoints,
    times: Mapping[Mode, TravelTimes],
    venues: Sequence[Venue],
    names: Names,
    district_borders: Iterable[tuple[str, str]],
    *,
    cells: bool = True,
) -> Graph:
    """Build the graph; with ``cells=False`` townships stand for their cells.

    ``serves`` runs from the nearest science venue to each cell (or township) that reaches it
    within the cut-off of the travel times, one edge per mode.
    """
    graph: Graph = nx.MultiDiGraph(name="coverage graph")
    _add_areas(graph, demand, names, district_borders)
    _add_venues(graph, venues)
    if cells:
        _add_cells(graph, demand, names)
    for mode, table in times.items():
        _add_serves(graph, demand, mode, table, names, cells=cells)
    return graph


def _edge(graph: Graph, a: str, b: str, relation: str, **attributes: object) -> None:
    key = f"{relation}:{attributes['mode']}" if "mode" in attributes else relation
    graph.add_edge(a, b, key=key, relation=relation, **attributes)


def _add_areas(
    graph: Graph,
    demand: DemandPoints,
    names: Names,
    district_borders: Iterable[tuple[str, str]],
) -> None:
    towns = np.bincount(demand.row_township, demand.people, minlength=len(names.township_codes))
    people = dict.fromkeys(names.adcodes, 0)
    for adcode, p in zip(names.township_adcodes, towns, strict=True):
        people[adcode] += int(p)
    for adcode, (zh, en) in zip(names.adcodes, names.district_names, strict=True):
        graph.add_node(
            f"district:{adcode}", type="district", name_zh=zh, name_en=en, people=people[adcode]
        )
    for t, code in enumerate(names.township_codes):
        zh, en = names.township_names[t]
        adcode = names.township_adcodes[t]
        graph.add_node(
            f"township:{code}",
            type="township",
            name_zh=zh,
            name_en=en,
            adcode=adcode,
            people=int(towns[t]),
        )
        _edge(graph, f"township:{code}", f"district:{adcode}", "part_of")
    for a, b in district_borders:
        _edge(graph, f"district:{a}", f"district:{b}", "adjacent")
        _edge(graph, f"district:{b}", f"district:{a}", "adjacent")
    home = demand.cell_township[demand.neighbours]
    pairs = np.unique(np.sort(home[home[:, 0] != home[:, 1]], axis=1), axis=0)
    for i, j in pairs:
        a, b = f"township:{names.township_codes[i]}", f"township:{names.township_codes[j]}"
        _edge(graph, a, b, "adjacent")
        _edge(graph, b, a, "adjacent")


def _add_venues(graph: Graph, venues: Sequence[Venue]) -> None:
    hubs = [v for v in venues if v.tier == "hub"]
    for v in venues:
        point = {"lon": v.lon, "lat": v.lat} if isinstance(v, LocatedVenue) else {}
        graph.add_node(
            f"venue:{v.venue_id}",
            type="venue",
            name_zh=v.name_zh,
            name_en=v.name_en,
            adcode=v.adcode or "",
            kind=v.kind,
            tier=v.tier,
            status=v.status,
            **point,
        )
        if v.adcode:
            _edge(graph, f"venue:{v.venue_id}", f"district:{v.adcode}", "part_of")
    for branch in (v for v in venues if v.tier == "branch"):
        for hub in hubs:
            _edge(graph, f"venue:{hub.venue_id}", f"venue:{branch.venue_id}", "affiliated")
        for node in (v for v in venues if v.tier == "node" and v.adcode == branch.adcode):
            _edge(graph, f"venue:{branch.venue_id}", f"venue:{node.venue_id}", "affiliated")


def _cell_ids(demand: DemandPoints) -> list[str]:
    return [f"cell:{c:x}" for c in demand.cell]


def _add_cells(graph: Graph, demand: DemandPoints, names: Names) -> None:
    ids = _cell_ids(demand)
    people = np.bincount(demand.row_cell, demand.people, minlength=len(ids))
    for i, node in enumerate(ids):
        graph.add_node(
            node,
            type="cell",
            people=int(people[i]),
            lon=round(float(demand.lon[i]), 6),
            lat=round(float(demand.lat[i]), 6),
            area_km2=round(float(demand.area_km2[i]), 4),
        )
    for cell, town, p in zip(demand.row_cell, demand.row_township, demand.people, strict=True):
        code = names.township_codes[town]
        _edge(graph, ids[cell], f"township:{code}", "part_of", people=int(p))


def _add_serves(
    graph: Graph,
    demand: DemandPoints,
    mode: Mode,
    times: TravelTimes,
    names: Names,
    *,
    cells: bool,
) -> None:
    seconds = kth_seconds(times, SCIENCE_KINDS)
    venue = nearest_venue(times, SCIENCE_KINDS)
    reached = (venue >= 0) & (seconds <= times.cutoff_s)
    if cells:
        ids = _cell_ids(demand)
        people = np.bincount(demand.row_cell, demand.people, minlength=len(ids))
        for i in np.flatnonzero(reached):
            minutes = round(float(seconds[i]) / 60, 1)
            source = f"venue:{times.venue_ids[venue[i]]}"
            _edge(
                graph, source, ids[i], "serves", mode=mode, minutes=minutes, people=int(people[i])
            )
        return
    for town, v, people_, minutes in _by_township(demand, venue, seconds, reached):
        source, target = f"venue:{times.venue_ids[v]}", f"township:{names.township_codes[town]}"
        _edge(graph, source, target, "serves", mode=mode, minutes=minutes, people=people_)


def _by_township(
    demand: DemandPoints,
    venue: NDArray[np.int16],
    seconds: NDArray[np.int32],
    reached: NDArray[np.bool_],
) -> list[tuple[int, int, int, float]]:
    """(township, venue, people, mean minutes) of every pair that occurs."""
    rows = reached[demand.row_cell]
    cell = demand.row_cell[rows]
    pair = np.column_stack([demand.row_township[rows], venue[cell]])
    pairs, at = np.unique(pair, axis=0, return_inverse=True)
    weight = demand.people[rows].astype(np.float64)
    people = np.bincount(at.ravel(), weight)
    spent = np.bincount(at.ravel(), weight * seconds[cell])
    return [
        (int(t), int(v), int(p), round(float(s / p) / 60, 1))
        for (t, v), p, s in zip(pairs, people, spent, strict=True)
    ]
