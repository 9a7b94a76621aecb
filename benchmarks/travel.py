"""Travel times against networkx, scipy, python-igraph and pandana: same graph, answers compared.

Run ``python -m benchmarks.travel [--junctions N] [--venues N] [--cells N]`` after ``make bench`` or
``pip install -r requirements-bench.txt``; it prints the section ``travel`` of RESULTS.md. Cells and
venues are nodes of the peers' graph, joined to the streets they lie on, so that all answer the very
same question. Peers too slow for all venues run on some; figures are per venue or per call.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import igraph
import networkx as nx
import numpy as np
import pandana
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from benchmarks.build import machine
from benchmarks.osm_city import FULL, make, write
from venuenet.area import load as load_area
from venuenet.coverage import coverage_by
from venuenet.model import SCIENCE_KINDS, LocatedVenue, Question
from venuenet.travel.contract import contract
from venuenet.travel.graph import Ends, Graph, graph_of
from venuenet.travel.on_streets import Network, StreetEngine
from venuenet.travel.reach import Direct, nearest, rows, rows_by_sweep
from venuenet.travel.rides import rides
from venuenet.travel.roadfile import load_streets, main_part, read_osm, save_streets
from venuenet.travel.streets import CLOSED, Streets
from venuenet.travel.update import with_venues
from venuenet.travel.ways import Ways, plain_ways

HOUR_S = 3600
RUNS = 3
WALK_KMH = 4.8
K = 5
NO_WALKS = pd.DataFrame({"start": [], "end": [], "seconds": []})


@dataclass(frozen=True)
class Case:
    """One profile's graph with cells and venues on it."""

    name: str
    graph: Graph
    cells: Ends
    venues: Ends
    direct: Direct
    xy: np.ndarray
    cell_xy: np.ndarray
    venue_xy: np.ndarray

    def everything(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, int, int]:
        """Arcs from, to, deciseconds, with cells and venues as nodes; their first numbers."""
        n, c = self.graph.nodes, len(self.cells.at) - 1
        head = np.repeat(np.arange(n), np.diff(self.graph.indptr))
        cell = np.repeat(np.arange(c), np.diff(self.cells.at))
        venue = np.repeat(np.arange(len(self.venues.at) - 1), np.diff(self.venues.at))
        straight = np.repeat(np.arange(len(self.direct.at) - 1), np.diff(self.direct.at))
        return (
            np.concatenate([self.graph.tail, n + cell, self.venues.node, n + self.direct.point]),
            np.concatenate([head, self.cells.node, n + c + venue, n + c + straight]),
            np.concatenate([self.graph.cost, self.cells.cost, self.venues.cost, self.direct.cost]),
            n,
            n + c,
        )


def city(junctions: int, folder: Path) -> Streets:
    """Write a city as .osm.pbf and read it as a user would."""
    kept = folder / f"city-{junctions}.arrow"
    if not kept.exists():
        pbf = folder / f"city-{junctions}.osm.pbf"
        write(make(junctions), pbf)
        save_streets(kept, *read_osm(pbf, "EPSG:4548"))
    return load_streets(kept)[0]


def ways_of(streets: Streets, mode: str) -> Ways:
    if mode == "drive":
        return plain_ways(streets, streets.drive_ds)
    ds = np.rint(streets.length_m * 36 / WALK_KMH).astype(np.int32)
    return plain_ways(streets, np.where(streets.walk, ds[:, None], np.int32(CLOSED)))


def spots(streets: Streets, n: int, seed: int) -> np.ndarray:
    """Points near streets, metres."""
    rng = np.random.default_rng(seed)
    at = rng.integers(0, len(streets.junction_xy), n)
    return streets.junction_xy[at] + rng.normal(0, 60, (n, 2))


def case(streets: Streets, mode: str, cells: int, venues: int) -> tuple[Case, Network]:
    net = Network(streets, ways_of(streets, mode), WALK_KMH, 2000.0, main_part(streets, mode))
    cell_xy, venue_xy = spots(streets, cells, 1), spots(streets, venues, 2)
    here, leave = net.place(cell_xy)
    there, reach = net.place(venue_xy)
    ways = net.ways
    made = Case(
        mode,
        ways.graph,
        ways.leaving(here, leave),
        ways.reaching(there, reach),
        ways.between(here, leave, there, reach),
        streets.junction_xy,
        cell_xy,
        venue_xy,
    )
    return made, net


def with_rail(made: Case, net: Network) -> Case:
    """The walk graph with the embedded subway in it: one graph, any number of rides.

    Waits are half a headway; platforms are joined to the streets they lie at, both ways.
    """
    area = load_area(None)
    period = "weekend_daytime"
    at = area.stations.assign(line=area.stations["lines"].str.split("|"))
    at = at.explode("line", ignore_index=True)
    minutes = 60 * next(p.hours for p in area.meta.periods if p.id == period)
    links = area.links.rename(columns={f"trains_{period}": "trains_window"})
    rail = rides(at, links, area.transfers, NO_WALKS, minutes)
    there, off = net.place(np.column_stack(area.metric(at["lon"], at["lat"])))
    n = made.graph.nodes
    out, into = net.ways.leaving(there, off), net.ways.reaching(there, off)
    walked, ridden = (
        np.repeat(np.arange(g.nodes), np.diff(g.indptr)) for g in (made.graph, rail.graph)
    )
    platform = n + rail.enter
    leave, come = (np.repeat(platform, np.diff(e.at)) for e in (out, into))
    graph = graph_of(
        n + rail.graph.nodes,
        np.concatenate([made.graph.tail, n + rail.graph.tail, leave, into.node]),
        np.concatenate([walked, n + ridden, out.node, come]),
        np.concatenate([made.graph.cost, rail.graph.cost, out.cost, into.cost + rail.first_ds]),
    )
    xy = np.concatenate([made.xy, np.zeros((rail.graph.nodes, 2))])
    return replace(made, name="walk and rail", graph=graph, xy=xy)


def timed(work: Callable[[], object], runs: int = RUNS) -> tuple[float, object]:
    """Median seconds of some runs, and the last answer."""
    took, answer = [], None
    for _ in range(runs):
        start = time.perf_counter()
        answer = work()
        took.append(time.perf_counter() - start)
    return statistics.median(took), answer


def seconds(ds: np.ndarray) -> np.ndarray:
    return (ds.astype(np.int64) + 5) // 10


# ---------------------------------------------------------------- peers, one venue after another


_shared: dict[str, object] = {}


def _scipy_chunk(chunk: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Cells within the hour of some venues, and seconds; what scipy gives is dense."""
    matrix, first_cell, cells, first_venue, limit = _shared["scipy"]
    dense = dijkstra(matrix, indices=first_venue + chunk, limit=limit)
    dense = dense[:, first_cell : first_cell + cells]
    out = []
    for row in dense:
        at = np.flatnonzero(np.isfinite(row))
        out.append((at.astype(np.int32), seconds(row[at]).astype(np.uint16)))
    return out


def scipy_rows(made: Case, venues: int, processes: int, chunk: int) -> tuple[float, set]:
    tail, head, cost, first_cell, first_venue = made.everything()
    n = first_venue + len(made.venues.at) - 1
    # Turned around: from venues to cells. Its matrices hold no parallel arcs and no arcs of 0.
    order = np.lexsort((cost, tail, head))
    keep = np.r_[True, (np.diff(head[order]) != 0) | (np.diff(tail[order]) != 0)]
    at = order[keep]
    matrix = csr_matrix((np.maximum(cost[at], 1e-6).astype(float), (head[at], tail[at])), (n, n))
    limit = 10.0 * HOUR_S + 4.5
    _shared["scipy"] = (matrix, first_cell, len(made.cells.at) - 1, first_venue, limit)
    chunks = [np.arange(i, min(i + chunk, venues)) for i in range(0, venues, chunk)]
    start = time.perf_counter()
    if processes == 1:
        found = [_scipy_chunk(c) for c in chunks]
    else:
        with multiprocessing.get_context("fork").Pool(processes) as pool:
            found = pool.map(_scipy_chunk, chunks, chunksize=1)
    took = time.perf_counter() - start
    rows_ = [row for part in found for row in part]
    pairs = {
        (v, int(c), int(s))
        for v, (cells, secs) in enumerate(rows_)
        for c, s in zip(cells, secs, strict=True)
    }
    return took / venues, pairs


def networkx_rows(made: Case, venues: int) -> tuple[float, set]:
    tail, head, cost, first_cell, first_venue = made.everything()
    graph = nx.DiGraph()
    order = np.argsort(-cost, kind="stable")  # of parallel arcs the shortest is written last
    graph.add_weighted_edges_from(
        zip(head[order].tolist(), tail[order].tolist(), cost[order].tolist(), strict=True)
    )
    start, pairs = time.perf_counter(), set()
    for v in range(venues):
        found = nx.single_source_dijkstra_path_length(
            graph, first_venue + v, cutoff=10 * HOUR_S + 4
        )
        pairs |= {
            (v, node - first_cell, (ds + 5) // 10)
            for node, ds in found.items()
            if first_cell <= node < first_venue
        }
    return (time.perf_counter() - start) / venues, pairs


def igraph_rows(made: Case, venues: int) -> tuple[float, set]:
    tail, head, cost, first_cell, first_venue = made.everything()
    graph = igraph.Graph(
        n=first_venue + len(made.venues.at) - 1,
        edges=np.column_stack([head, tail]),
        directed=True,
    )
    weights = cost.astype(float).tolist()
    targets = list(range(first_cell, first_venue))
    start, pairs = time.perf_counter(), set()
    for v in range(venues):
        ds = np.array(graph.distances(first_venue + v, targets, weights=weights)[0])
        at = np.flatnonzero(ds <= 10 * HOUR_S + 4)
        pairs |= set(zip([v] * len(at), at.tolist(), seconds(ds[at]).tolist(), strict=True))
    return (time.perf_counter() - start) / venues, pairs


def pandana_network(made: Case) -> tuple[pandana.Network, float]:
    tail, head, cost, _, _ = made.everything()
    xy = np.concatenate([made.xy, made.cell_xy, made.venue_xy])
    start = time.perf_counter()
    net = pandana.Network(
        pd.Series(xy[:, 0]),
        pd.Series(xy[:, 1]),
        pd.Series(tail.astype(np.int64)),
        pd.Series(head.astype(np.int64)),
        pd.DataFrame({"ds": cost.astype(float)}),
        twoway=False,
    )
    return net, time.perf_counter() - start


def pandana_pairs(made: Case, net: pandana.Network, venues: int) -> tuple[float, set]:
    """All cells to some venues by its one-to-one queries."""
    *_, first_cell, first_venue = made.everything()
    cells = np.arange(first_cell, first_venue)
    start, pairs = time.perf_counter(), set()
    for v in range(venues):
        ds = np.array(net.shortest_path_lengths(cells, np.full(len(cells), first_venue + v)))
        at = np.flatnonzero(ds <= 10 * HOUR_S + 4)
        pairs |= set(zip([v] * len(at), at.tolist(), seconds(ds[at]).tolist(), strict=True))
    return (time.perf_counter() - start) / venues, pairs


def pandana_nearest(made: Case, net: pandana.Network) -> tuple[float, np.ndarray]:
    """Deciseconds from each cell to its five nearest venues; the set-up is not counted."""
    *_, first_cell, first_venue = made.everything()
    far = float(24 * HOUR_S * 10)
    net.set_pois("v", far, K, pd.Series(made.venue_xy[:, 0]), pd.Series(made.venue_xy[:, 1]))
    took, table = timed(lambda: net.nearest_pois(far, "v", num_pois=K), 1)  # over a minute
    return took, table.to_numpy()[first_cell:first_venue]


# ---------------------------------------------------------------- the race


def race(made: Case, venues: int, some: dict[str, int], hierarchy) -> None:
    size = f"{made.graph.nodes:,} nodes, {len(made.graph.tail):,} arcs"
    cells = len(made.cells.at) - 1
    print(f"\n### {made.name}, 60 minutes: {size}, {venues:,} venues, {cells:,} cells\n")
    ours: dict[tuple[str, int], float] = {}
    answer = None
    engines = [("kernel", None)] + ([("kernel, hierarchy", hierarchy)] if hierarchy else [])
    for name, h in engines:
        for threads in (1, 2):
            asked = (made.cells, made.venues, made.direct, HOUR_S)
            if h is None:
                work = partial(rows, made.graph, *asked, threads=threads)
            else:
                work = partial(rows_by_sweep, h, *asked, threads=threads)
            work()
            took, found = timed(work)
            ours[name, threads] = took / venues
            if answer is not None:
                assert np.array_equal(found.point, answer.point)
                assert np.array_equal(found.seconds, answer.seconds)
            answer = found
    per_venue = pairs_of_some(answer, max(some.values()))
    table = [(f"venuenet, {name}", f"{t}", ours[name, t], venues) for name, t in ours]
    runs = {
        "scipy dijkstra(limit)": lambda n: scipy_rows(made, n, 1, some["chunk"]),
        "scipy, 2 processes": lambda n: scipy_rows(made, n, 2, some["chunk"]),
        "networkx (cutoff)": lambda n: networkx_rows(made, n),
        "igraph distances (no cutoff)": lambda n: igraph_rows(made, n),
    }
    for name, run in runs.items():
        n = min(some[name.split(maxsplit=1)[0].rstrip(",")], venues)
        took, pairs = run(n)
        assert pairs == {p for p in per_venue if p[0] < n}, name
        table.append((name, "2 processes" if "2 proc" in name else "1", took, n))
    best = {t: min(v for (_, u), v in ours.items() if u == t) for t in (1, 2)}
    print(f"{len(answer.point):,} pairs within the hour; every peer's answers were the same.\n")
    print("| | threads | ms per venue | measured on | ours at 1 / 2 threads is faster by |")
    print("|---|---:|---:|---:|---:|")
    for name, threads, took, n in table:
        faster = "" if "venuenet" in name else f"{took / best[1]:.1f} / {took / best[2]:.1f}"
        print(f"| {name} | {threads} | {1000 * took:.2f} | {n:,} venues | {faster} |")


def pairs_of_some(found, n: int) -> set[tuple[int, int, int]]:
    """The first n venues' pairs: all of them as Python objects would fill the memory."""
    n = min(n, len(found.at) - 1)
    starts = found.at
    end = starts[n]
    venue = np.repeat(np.arange(n), np.diff(starts[: n + 1]))
    return set(
        zip(venue.tolist(), found.point[:end].tolist(), found.seconds[:end].tolist(), strict=True)
    )


def race_nearest(made: Case) -> None:
    took, (time_ds, _) = timed(lambda: nearest(made.graph, made.cells, made.venues, made.direct, K))
    net, setup = pandana_network(made)
    theirs, table = pandana_nearest(made, net)
    assert np.allclose(np.minimum(time_ds, 24 * HOUR_S * 10), table, atol=0.01)
    pairs, found = pandana_pairs(made, net, 2)
    print(f"\n### {made.name}: the nearest {K} venues, however far\n")
    print("| | threads | seconds | faster by |\n|---|---:|---:|---:|")
    print(f"| venuenet `nearest` | 1 | {took:.2f} | |")
    print(f"| pandana `nearest_pois` (preprocessing of {setup:.0f} s not counted) | "
          f"all | {theirs:.2f} | {theirs / took:.1f} |")  # fmt: skip
    print(f"\npandana's pairs (`shortest_path_lengths`): {1000 * pairs:.0f} ms per venue "
          f"({len(found):,} pairs of 2 venues).")  # fmt: skip


def change(net: Network, streets: Streets, made: Case) -> None:
    """Add a venue and work out all coverage again, in process; and how long others wait."""
    cells, venues = len(made.cells.at) - 1, len(made.venues.at) - 1
    places = np.concatenate([made.venue_xy, spots(streets, RUNS * 5, 9)])
    area = SimpleNamespace(metric=lambda lon, lat: places[np.asarray(lat, dtype=int)].T)
    engine = StreetEngine(area, net, "drive", "benchmark", 0.3)
    rng = np.random.default_rng(4)
    demand = SimpleNamespace(
        sample_xy=made.cell_xy[:, None, :],
        cell=np.arange(cells),
        row_cell=np.arange(cells),
        row_township=np.arange(cells) % 343,
        people=rng.integers(0, 2000, cells),
        groups={},
    )
    district = (demand.row_township % 16).astype(np.int32)
    question = Question(mode="drive", minutes=30)
    all_of = [venue(i) for i in range(venues)]
    times = engine.times(demand, all_of, HOUR_S)
    search, answer = [], []
    for i in range(RUNS * 5):
        start = time.perf_counter()
        more = with_venues(times, engine, demand, all_of, [*all_of, venue(venues + i)])
        searched = time.perf_counter()
        coverage_by(demand, more, question, district, 16)
        search.append(searched - start)
        answer.append(time.perf_counter() - searched)
    both = [a + b for a, b in zip(search, answer, strict=True)]
    print("\n### One venue more\n")
    print(f"{cells:,} cells, {venues:,} venues, drive: median {1000 * statistics.median(both):.0f} "
          f"ms, worst {1000 * max(both):.0f} ms, of which search and new times "
          f"{1000 * statistics.median(search):.0f} ms, the whole answer for 16 districts (low, "
          f"high, quantiles, nearest) {1000 * statistics.median(answer):.0f} ms.")  # fmt: skip

    gaps, stop = [], threading.Event()

    def work() -> None:
        rows(made.graph, made.cells, made.venues, made.direct, HOUR_S)
        stop.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not stop.is_set():
        start = time.perf_counter()
        time.sleep(0.001)
        gaps.append(time.perf_counter() - start - 0.001)
    thread.join()
    print(f"\nMeanwhile the main thread, asking for 1 ms naps during a search of all venues on 2 "
          f"threads, waited {1000 * max(gaps):.1f} ms longer at worst "
          f"(99.9 %: {1000 * np.quantile(gaps, 0.999):.1f} ms, {len(gaps):,} naps).")  # fmt: skip


def venue(i: int) -> LocatedVenue:
    return LocatedVenue(
        venue_id=f"V{i}", name_zh="馆", name_en="hall", kind=SCIENCE_KINDS[i % 4], tier="-",
        level="city", adcode=None, address_zh=None, status="open", source="", confidence="high",
        lon=0.0, lat=float(i), precision_m=float(i % 5) * 100, method="",
    )  # fmt: skip


def large(folder: Path) -> None:
    """300,000 cells x 2,000 venues in a process of its own: peak memory is the process's."""
    streets = city(FULL, folder)
    made, _ = case(streets, "drive", 300_000, 2_000)
    start = time.perf_counter()
    found = rows(made.graph, made.cells, made.venues, made.direct, HOUR_S)
    took = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    print(f"\n### 300,000 cells x 2,000 venues, drive, 60 minutes\n\n"
          f"{len(found.point):,} pairs ({6 * len(found.point) / 1e9:.2f} GB at 6 bytes) in "
          f"{took:.0f} s on 2 threads; peak memory of the process {peak:.2f} GB.")  # fmt: skip


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--junctions", type=int, default=FULL)
    ask.add_argument("--venues", type=int, default=1000)
    ask.add_argument("--cells", type=int, default=30_000)
    ask.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    ask.add_argument("--large", action="store_true", help="only the memory test")
    given = ask.parse_args()
    if given.large:
        large(given.folder)
        return
    print("## travel: many venues, many cells\n")
    print(f"`python -m benchmarks.travel`, medians of {RUNS}, {datetime.now(UTC):%Y-%m-%d}; "
          f"{machine()}")  # fmt: skip
    small = city(5000, given.folder)
    some = {"chunk": 16, "scipy": 100, "networkx": 20, "igraph": 50}
    for mode in ("drive", "walk"):
        made, _ = case(small, mode, 2000, 100)
        race(made, 100, some, None)
    streets = city(given.junctions, given.folder)
    for mode in ("drive", "walk"):
        made, net = case(streets, mode, given.cells, given.venues)
        hierarchy = None
        if mode == "drive":
            took, hierarchy = timed(lambda m=made: contract(m.graph), 1)
            print(f"\nHierarchy of the drive graph: made in {took:.1f} s, once per network.")
        few = {"chunk": 16, "scipy": 100, "networkx": 6, "igraph": 10}
        if mode == "walk":  # short searches: many, so that all run on the same mix of venues
            few = {"chunk": 16, "scipy": 1000, "networkx": 200, "igraph": 10}
        race(made, given.venues, few, hierarchy)
        if mode == "walk":
            race(with_rail(made, net), given.venues, few, None)
        if mode == "drive":
            race_nearest(made)
            change(net, streets, made)
    subprocess.run(
        [sys.executable, "-m", "benchmarks.travel", "--large", "--folder", given.folder],
        check=True,
    )


if __name__ == "__main__":
    main()
