"""Where to build, against PySAL's spopt with HiGHS and with CBC: equal optimum, build and solve.

Run ``python -m benchmarks.siting [--small]`` after ``make bench`` or ``pip install -r
requirements-bench.txt``; it prints the section ``siting`` of RESULTS.md. Everybody starts from the
same table of metres and people and ends with the chosen sites; each run is a process of its own,
whose peak memory stands beside it (the table itself included). Where spopt would take too long for
a race only ours is timed, with the gap it proves.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import statistics
import time
import warnings
from datetime import UTC, datetime

import numpy as np
import pulp
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, shortest_path
from scipy.spatial.distance import cdist
from spopt.locate import MCLP, PMedian

from benchmarks.build import machine
from venuenet.siting.cover import cover_most
from venuenet.siting.median import nearest_on_average
from venuenet.siting.types import Limits, Rules

RUNS = 3
MINUTE = 60


def plane(places: int, sites: int, seed: int):
    """Metres (places, sites) and people of places anywhere in a square of 60 km."""
    rng = np.random.default_rng(seed)
    at, spots = (rng.uniform(0, 60_000, (n, 2)) for n in (places, sites))
    return np.rint(cdist(at, spots)), rng.integers(1, 3_000, places)


def towns(places: int, sites: int, seed: int):
    """Metres and people of 25 towns, half the sites in them: many sites are nearly the same."""
    rng = np.random.default_rng(seed)
    towns = rng.uniform(0, 60_000, (25, 2))
    size = rng.pareto(1.2, 25) + 0.2
    home = rng.choice(25, places, p=size / size.sum())
    at = towns[home] + rng.normal(0, 4_000, (places, 2))
    half = sites // 2
    spots = np.concatenate(
        [at[rng.choice(places, half)], rng.uniform(0, 60_000, (sites - half, 2))]
    )
    return np.rint(cdist(at, spots)), rng.integers(1, 3_000, places)


def network(nodes: int, seed: int):
    """Lengths between all nodes of a general network, as Beasley's p-median problems have them."""
    rng = np.random.default_rng(seed)
    edges = nodes * nodes // 50
    # A path through all nodes first, so that every node can be reached.
    order = rng.permutation(nodes)
    a = np.concatenate([order[:-1], rng.integers(0, nodes, edges - nodes + 1)])
    b = np.concatenate([order[1:], rng.integers(0, nodes, edges - nodes + 1)])
    other = a != b
    length = rng.integers(1, 101, len(a)).astype(float)
    table = np.full((nodes, nodes), np.inf)
    np.minimum.at(table, (a[other], b[other]), length[other])
    table = np.minimum(table, table.T)
    rows, columns = np.nonzero(np.isfinite(table))
    graph = coo_array((table[rows, columns], (rows, columns)), shape=table.shape).tocsr()
    assert connected_components(graph)[0] == 1
    return shortest_path(graph, directed=False), np.ones(nodes, dtype=np.int64)


def made(case: tuple):
    kind, *sizes = case
    return {"plane": plane, "towns": towns, "network": network}[kind](*sizes)


def ours(model: str, metres, people, p: int, radius: float, gap: float):
    limits = Limits(seconds=MINUTE, gap=gap)
    if model == "MCLP":
        found = cover_most(metres <= radius, people, Rules(count=p), limits)
    else:
        found = nearest_on_average(metres, people, Rules(count=p), limits)
    return found.objective, found.bound, found.gap, f"{found.status}, {found.method}"


def theirs(solver: str, model: str, metres, people, p: int, radius: float):
    use = pulp.HiGHS(msg=False) if solver == "HiGHS" else pulp.PULP_CBC_CMD(msg=False)
    if model == "MCLP":
        asked = MCLP.from_cost_matrix(metres, people, radius, p_facilities=p).solve(use)
        chosen = [v.value() > 0.5 for v in asked.fac_vars]
        value = float(people[(metres[:, chosen] <= radius).any(axis=1)].sum())
    else:
        asked = PMedian.from_cost_matrix(metres, people, p_facilities=p).solve(use)
        chosen = [v.value() > 0.5 for v in asked.fac_vars]
        value = float(people @ metres[:, chosen].min(axis=1))
    assert sum(chosen) == p
    return value, value, 0.0, pulp.LpStatus[asked.problem.status].lower()


def _one(whose: str, case: tuple, model: str, p: int, radius: float, gap: float, runs: int, answer):
    warnings.simplefilter("ignore")
    metres, people = made(case)
    if whose == "ours":  # compiled code is loaded before the clock starts
        ours(model, metres[:60, :30], people[:60], 3, radius, gap)
    took = []
    for _ in range(runs):
        start = time.perf_counter()
        if whose == "ours":
            found = ours(model, metres, people, p, radius, gap)
        else:
            found = theirs(whose, model, metres, people, p, radius)
        took.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    answer.put((statistics.median(took), peak, *found))


def apart(whose: str, case: tuple, model: str, p: int, radius: float, gap=0.0, runs=RUNS):
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    given = (whose, case, model, p, radius, gap, runs, answer)
    process = context.Process(target=_one, args=given)
    process.start()
    found = answer.get()
    process.join()
    return found


RACES = (
    ("MCLP, 5,000 x 1,000, p = 20", ("plane", 5_000, 1_000, 1), "MCLP", 20, 5_000.0),
    ("p-median, 200 x 200, p = 5", ("plane", 200, 200, 2), "p-median", 5, 0.0),
)
SMALL = (
    ("MCLP, 500 x 100, p = 5", ("plane", 500, 100, 1), "MCLP", 5, 5_000.0),
    ("p-median, 60 x 40, p = 4", ("plane", 60, 40, 2), "p-median", 4, 0.0),
)
ALONE = (
    *(("MCLP, 30,000 x 2,000, p = 50, plane", ("plane", 30_000, 2_000, s), "MCLP", 50, r, 0.001)
      for s, r in ((1, 2_000.0), (1, 3_000.0), (2, 3_000.0), (3, 3_000.0), (1, 3_600.0))),
    ("the same, 72 % reached", ("plane", 30_000, 2_000, 1), "MCLP", 50, 4_000.0, 0.001),
    ("the same, 95 % reached", ("plane", 30_000, 2_000, 1), "MCLP", 50, 5_000.0, 0.001),
    ("the same, towns", ("towns", 30_000, 2_000, 1), "MCLP", 50, 3_000.0, 0.001),
    *(("p-median, 5,000 x 1,000, p = 20, plane", ("plane", 5_000, 1_000, s), "p-median", 20, 0.0,
       0.002) for s in (1, 2)),
    ("the same, towns", ("towns", 5_000, 1_000, 1), "p-median", 20, 0.0, 0.002),
    *(("p-median, network of 900 nodes, p = 90", ("network", 900, s), "p-median", 90, 0.0, 0.0)
      for s in (1, 2, 3)),
    ("the same, p = 5", ("network", 900, 1), "p-median", 5, 0.0, 0.0),
)  # fmt: skip


def race(name: str, case: tuple, model: str, p: int, radius: float) -> None:
    mine = apart("ours", case, model, p, radius)
    ms, peak, value, status = 1000 * mine[0], mine[1], mine[2], mine[5]
    print(f"| {name} | venuenet | {ms:,.0f} | | {peak:,.0f} | {value:,.0f} | {status} |")
    for solver in ("HiGHS", "CBC"):
        peer = apart(solver, case, model, p, radius, runs=1)
        assert abs(peer[2] - value) <= 1e-6 * value, (name, solver, peer[2], value)
        print(
            f"| {name} | spopt, {solver} | {1000 * peer[0]:,.0f} | {peer[0] / mine[0]:,.0f}x "
            f"| {peer[1]:,.0f} | {peer[2]:,.0f} | {peer[5]} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--small", action="store_true", help="a minute's worth, to see it works")
    given = parser.parse_args()
    print("## siting: where to build\n")
    print(f"`python -m benchmarks.siting{' --small' if given.small else ''}`, "
          f"{datetime.now(UTC):%Y-%m-%d}; {machine()}\n")  # fmt: skip
    print(f"Ours median of {RUNS}, spopt once; build + solve from one table of metres.\n")
    print("| problem | who | ms | ratio | peak MB | objective | status |")
    print("|---|---|---:|---:|---:|---:|---|")
    for one in SMALL if given.small else RACES:
        race(*one)
    if given.small:
        return
    print("\nToo large for a race; at most 60 s, once each:\n")
    print("| problem | seed, radius | s | proven gap | peak MB | objective | bound | status |")
    print("|---|---:|---:|---:|---:|---:|---:|---|")
    for name, case, model, p, radius, gap in ALONE:
        took, peak, value, bound, left, status = apart("ours", case, model, p, radius, gap, 1)
        told = f"{case[-1]}, {radius / 1000:g} km" if radius else f"{case[-1]}"
        print(f"| {name} | {told} | {took:.1f} | {100 * left:.3f} % | {peak:,.0f} "
              f"| {value:,.0f} | {bound:,.0f} | {status} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
