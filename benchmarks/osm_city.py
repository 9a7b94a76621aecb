"""A made-up city as large as Beijing as one .osm.pbf: what the travel benchmarks run on.

Run ``python -m benchmarks.osm_city [OUT.osm.pbf] [--junctions N] [--seed N]``; same numbers, same
city. Cells of 1 km, bounded by arterials, hold local streets, dense in the middle (every
125 m) and sparse outside; 4 km apart arterials are dual carriageways; ring roads and radial
expressways lie over them with ramps; a river is crossed on few bridges; there are signals, turn
restrictions, bends, dead ends, footpaths, stairs and bollards.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import osmium
from osmium.osm.mutable import Node, Relation, Way
from scipy.spatial import cKDTree

from benchmarks.build import machine
from venuenet.travel.roadfile import load_streets, read_osm, save_streets

CENTRE = (116.4, 39.9)
FULL = 289_000
SIDE_KM = 128
"""Side of the city with ``FULL`` junctions: 16,384 km², Beijing has 16,410."""
PER_KM = 8
STEP_M = 1000 / PER_KM
RAW = 0.95
"""Crossings drawn per junction left after missing links took some away."""
RINGS_KM = (4.5, 7.6, 10.4, 15.6, 30.0)
TWIN_M = 30.0
DEGREE_M = 111_320.0


class City:
    """Nodes and ways as they grow; metres from the centre until they are written."""

    def __init__(self, seed: int, side: int) -> None:
        self.side = side
        self.dice = np.random.default_rng(seed)
        self.x: list[float] = []
        self.y: list[float] = []
        self.node_tags: dict[int, dict[str, str]] = {}
        self.ways: list[tuple[list[int], dict[str, str]]] = []
        self.turns: list[tuple[int, int, int]] = []

    def node(self, x: float, y: float) -> int:
        self.x.append(float(x))
        self.y.append(float(y))
        return len(self.x) - 1

    def bent(self, a: int, b: int) -> list[int]:
        """Give the nodes after ``a`` up to ``b``: half of all links have a bend or two."""
        dice = self.dice.random()
        bends = 0 if dice < 0.5 else 1 if dice < 0.8 else 2
        off = self.dice.normal(0, 5, 4)
        path = []
        for k in range(bends):
            t = (k + 1) / (bends + 1)
            x = self.x[a] + t * (self.x[b] - self.x[a]) + off[2 * k]
            path.append(self.node(x, self.y[a] + t * (self.y[b] - self.y[a]) + off[2 * k + 1]))
        return [*path, b]


def steps_per_cell(junctions: int, side: int) -> np.ndarray:
    """Choose how far apart each cell's local streets are, in lattice steps: 1, 2, 4 or 8."""
    middle = np.arange(side) + 0.5 - side / 2
    far = np.hypot(middle[:, None], middle[None, :])
    low, high = 0.0, side * 1.0
    for _ in range(40):
        reach = (low + high) / 2
        step = np.select([far < reach, far < 1.4 * reach, far < 2 * reach], [1, 2, 4], 8)
        low, high = (
            (reach, high) if ((PER_KM / step) ** 2).sum() < RAW * junctions else (low, reach)
        )
    return step


def river_x(y: np.ndarray | float, side: int) -> np.ndarray | float:
    """Return where the river flows: metres east of the centre at a northing."""
    return -1000 * side * (0.09 + 0.03 * np.sin(y / (70 * side)))


def lattice(city: City, step: np.ndarray) -> dict[tuple[int, int], int]:
    """Draw local streets and arterials; return the node at each lattice place (i, j)."""
    side = len(step)
    at: dict[tuple[int, int], int] = {}
    twin: dict[int, int] = {}
    half = side * PER_KM / 2

    def node(i: int, j: int) -> int:
        if (i, j) not in at:
            jitter = city.dice.normal(0, 12, 2)
            x, y = (i - half) * STEP_M + jitter[0], (j - half) * STEP_M + jitter[1]
            at[i, j] = city.node(x, y)
            if dual(j) or dual(i):
                up = dual(j)
                twin[at[i, j]] = city.node(x + TWIN_M * (not up), y + TWIN_M * up)
                tags = {"highway": "primary_link"}
                city.ways.append(([at[i, j], twin[at[i, j]]], tags))
            if i % PER_KM == 0 and j % PER_KM == 0:
                for crossing in (at[i, j], twin.get(at[i, j])):
                    if crossing is not None:
                        city.node_tags[crossing] = {"highway": "traffic_signals"}
        return at[i, j]

    def dual(line: int) -> bool:
        return line % (4 * PER_KM) == 0

    ending: dict[int, int] = {}
    for along_x in (True, False):
        for line in range(side * PER_KM + 1):
            for cell in range(side):
                _street(city, node, twin, dual, step, ending, along_x, line, cell)
    return at


def _street(city, node, twin, dual, step, ending, along_x, line, cell) -> None:
    """Draw one line of streets through one cell."""
    side = len(step)
    rows = [r for r in ((line - 1) // PER_KM, line // PER_KM) if 0 <= r < side]
    m = min(int(step[cell, r] if along_x else step[r, cell]) for r in rows)
    if line % m:
        return
    artery = line % PER_KM == 0
    tags = _tags(city, line, artery)
    places = [
        ((k, line) if along_x else (line, k))
        for k in range(cell * PER_KM, (cell + 1) * PER_KM + 1, m)
    ]
    nodes = [node(*p) for p in places]
    lanes = [(nodes, nodes, {**tags, "oneway": "yes"} if dual(line) else tags)]
    if dual(line):
        # The other carriageway; where two dual lines cross, the row's twins serve both.
        back = [twin[n] for n in nodes]
        lanes.append((back[::-1], back[::-1], {**tags, "oneway": "yes"}))
    else:
        # Streets across a dual carriageway begin at its far side.
        begin = [twin.get(n, n) for n in nodes]
        lanes = [(begin, nodes, tags)]
    for begins, ends, kept in lanes:
        _run(city, begins, ends, kept, artery, line, ending)


def _tags(city: City, line: int, artery: bool) -> dict[str, str]:
    if line % (4 * PER_KM) == 0:
        return {"highway": "primary", "maxspeed": "60"}
    if line % (2 * PER_KM) == 0:
        return {"highway": "secondary", "maxspeed": "50"}
    if artery:
        return {"highway": "tertiary"}
    dice = city.dice.random()
    road = "residential" if dice < 0.8 else "unclassified" if dice < 0.9 else "living_street"
    return {"highway": road} | ({"oneway": "yes"} if city.dice.random() < 0.06 else {})


def _run(city, begins, ends, tags, artery, line, ending) -> None:
    """Draw links along a line as ways, leaving some out, and restrict some turns at its end."""
    side_km = city.side
    way: list[int] = []
    first = len(city.ways)
    for a, b in zip(begins[:-1], ends[1:], strict=True):
        wet = (city.x[a] > river_x(city.y[a], side_km)) != (city.x[b] > river_x(city.y[b], side_km))
        bridge = wet and line % (2 * PER_KM) == 0
        if (wet and not bridge) or city.dice.random() < (0.02 if artery else 0.26):
            way = []
            continue
        if not way or way[-1] != a or bridge:
            way = [a]
            city.ways.append((way, {**tags, "bridge": "yes"} if bridge else tags))
        way.extend(city.bent(a, b))
    if artery and len(city.ways) > first:
        start = city.ways[first][0][0]
        if start in ending and city.dice.random() < 0.1:
            city.turns.append((ending[start], start, first))
        ending[city.ways[-1][0][-1]] = len(city.ways) - 1


def alleys(city: City, at: dict[tuple[int, int], int], step: np.ndarray) -> None:
    """Add dead ends, footpaths across blocks, and stairs."""
    for (i, j), start in list(at.items()):
        dice = city.dice.random()
        cell = (min(i // PER_KM, len(step) - 1), min(j // PER_KM, len(step) - 1))
        m = int(step[cell])
        across = at.get((i + m, j + m))
        if dice < 0.06:
            turn = city.dice.uniform(0, 2 * np.pi)
            end = city.node(city.x[start] + 60 * np.cos(turn), city.y[start] + 60 * np.sin(turn))
            city.ways.append(([start, end], {"highway": "service"}))
        elif dice < 0.14 and m <= 2 and across is not None:
            path = [start, *city.bent(start, across)]
            city.ways.append((path, {"highway": "footway"}))
            if dice < 0.08 and len(path) > 2:
                city.node_tags[path[1]] = {"barrier": "bollard"}
            elif dice < 0.10:
                city.ways[-1] = (path, {"highway": "steps"})


def expressways(city: City, at: dict[tuple[int, int], int], scale: float) -> None:
    """Add ring roads and radial expressways of two carriageways each, and their ramps."""
    places = list(at.values())
    tree = cKDTree(np.column_stack([np.take(city.x, places), np.take(city.y, places)]))
    crossings: list[int] = []
    for ring, km in enumerate(RINGS_KM):
        radius = 1000 * km * scale
        count = max(int(2 * np.pi * radius / 1200), 8)
        turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
        tags = {"highway": "trunk" if ring < 3 else "motorway", "oneway": "yes", "maxspeed": "80"}
        for r, way in ((radius - 15, -1), (radius + 15, 1)):  # right-hand traffic
            nodes = [city.node(r * np.cos(t), r * np.sin(t)) for t in turn[::way]]
            city.ways.append(([*nodes, nodes[0]], tags))
            crossings += _ramps(city, tree, places, nodes)
    for turn in np.linspace(0, 2 * np.pi, 12, endpoint=False) + 0.1:
        reach = np.arange(1000 * RINGS_KM[0] * scale, 1000 * scale * 60, 1500 * max(scale, 0.3))
        tags = {"highway": "motorway", "oneway": "yes", "maxspeed": "100"}
        for off, way in ((-15, 1), (15, -1)):
            nodes = [
                city.node(
                    r * np.cos(turn) - off * np.sin(turn), r * np.sin(turn) + off * np.cos(turn)
                )
                for r in reach[::way]
            ]
            city.ways.append((nodes, tags))
            _ramps(city, tree, places, nodes)
            near = cKDTree(
                np.column_stack([np.take(city.x, crossings), np.take(city.y, crossings)])
            )
            gap, which = near.query(
                np.column_stack([np.take(city.x, nodes), np.take(city.y, nodes)])
            )
            for n, g, w in zip(nodes, gap, which, strict=True):
                if g < 800:
                    city.ways.append(([n, crossings[w]], {"highway": "motorway_link"}))


def _ramps(city: City, tree: cKDTree, places: list[int], nodes: list[int]) -> list[int]:
    """Join every second node of a carriageway to the nearest street, on and off."""
    joined = nodes[::2]
    for n in joined:
        street = places[int(tree.query((city.x[n], city.y[n]))[1])]
        tags = {"highway": "motorway_link", "oneway": "yes"}
        city.ways.append(([n, *city.bent(n, street)], tags))
        city.ways.append(([street, *city.bent(street, n)], tags))
    return joined


def make(junctions: int = FULL, seed: int = 1) -> City:
    """Make a city that has at least so many junctions once its streets are merged."""
    scale = (junctions / FULL) ** 0.5
    city = City(seed, max(round(SIDE_KM * scale), 8))
    step = steps_per_cell(junctions, city.side)
    at = lattice(city, step)
    alleys(city, at, step)
    expressways(city, at, scale)
    return city


def write(city: City, path: Path) -> None:
    """Write the city as .osm.pbf, whole or not at all."""
    lon = CENTRE[0] + np.array(city.x) / (DEGREE_M * np.cos(np.radians(CENTRE[1])))
    lat = CENTRE[1] + np.array(city.y) / DEGREE_M
    used = {n for nodes, _ in city.ways for n in nodes}
    header = osmium.io.Header()
    header.set("generator", "venuenet benchmarks.osm_city")
    header.set("osmosis_replication_timestamp", "2026-01-01T00:00:00Z")
    new = path.with_name(f".{os.getpid()}.new.osm.pbf")
    try:
        with osmium.SimpleWriter(str(new), header=header, overwrite=True) as out:
            for n, place in enumerate(zip(lon.tolist(), lat.tolist(), strict=True)):
                if n in used:
                    out.add_node(Node(id=n + 1, location=place, tags=city.node_tags.get(n, {})))
            for w, (nodes, tags) in enumerate(city.ways):
                out.add_way(Way(id=w + 1, nodes=[n + 1 for n in nodes], tags=tags))
            for r, (came, via, went) in enumerate(city.turns):
                members = [("w", came + 1, "from"), ("n", via + 1, "via"), ("w", went + 1, "to")]
                tags = {"type": "restriction", "restriction": "no_left_turn"}
                out.add_relation(Relation(id=r + 1, members=members, tags=tags))
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def race(path: Path, city: City) -> None:
    """Print the section ``roads`` of benchmarks/RESULTS.md: how long reading the city takes."""
    start = time.perf_counter()
    streets, meta = read_osm(path, "EPSG:4548")
    read_s = time.perf_counter() - start
    scale = 1024 if sys.platform == "linux" else 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1e6
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "streets.arrow"
        save_streets(kept, streets, meta)
        size = kept.stat().st_size / 1e6
        start = time.perf_counter()
        load_streets(kept)
        load_s = time.perf_counter() - start
    print(f"## roads: a made-up city of {meta['junctions']:,} junctions\n")
    print(f"`python -m benchmarks.osm_city`, {datetime.now(UTC):%Y-%m-%d}; {machine()}\n")
    print(
        f"{path.stat().st_size / 1e6:.1f} MB, {len(city.x):,} nodes, {len(city.ways):,} ways, "
        f"{len(city.turns):,} turn restrictions; {meta['streets']:,} streets.\n"
    )
    print("| profile | junctions | streets | directed edges | streets outside the largest part |")
    print("|---|---:|---:|---:|---:|")
    for profile in ("walk", "cycle", "drive"):
        m = meta[profile]
        print(
            f"| {profile} | {m['junctions']:,} | {m['streets']:,} | {m['ways']:,} "
            f"| {m['streets_outside_largest']:,} |"
        )
    print(
        f"\nRead in {read_s:.1f} s; mapped again in {1000 * load_s:.1f} ms ({size:.0f} MB). "
        f"Peak memory {peak:.0f} MB, the generator's own included."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, nargs="?", help="kept nowhere without it")
    parser.add_argument("--junctions", type=int, default=FULL)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    city = make(asked.junctions, asked.seed)
    with tempfile.TemporaryDirectory() as folder:
        path = asked.out or Path(folder) / "city.osm.pbf"
        write(city, path)
        race(path, city)


if __name__ == "__main__":
    main()
