"""Floating catchments against PySAL's access: the same pairs, answers compared, then timed.

Run ``python -m benchmarks.access [--places N] [--venues N] [--share S]`` after ``make bench`` or
``pip install -r requirements-bench.txt``; it prints the section ``access`` of RESULTS.md. Minutes
are random and asymmetric; each tool gets the pairs in the form it works on (ours: arrays by place,
PySAL's: a data frame), so that neither is charged for reading them. Memory is
the most one more call takes beside its input (tracemalloc), in a process of its own.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import time
import tracemalloc
import warnings
from collections.abc import Callable
from datetime import UTC, datetime

import access
import numpy as np
import pandas as pd
from access import weights

from benchmarks.build import machine
from venuenet.access.catchment import three_step, two_step
from venuenet.access.decay import Decay
from venuenet.access.pairs import Pairs, from_arrays

RUNS = 5
FAR = 60
STEPS = {10: 1, 30: 0.68, 60: 0.22}
DECAY = Decay("stepped", steps=tuple((float(k), float(v)) for k, v in STEPS.items()))


def case(places: int, venues: int, share: float, seed: int = 1):
    """Pairs within the hour for a share of all, people and supply; every place reaches some."""
    rng = np.random.default_rng(seed)
    each = max(1, round(venues * share))
    venue = np.argsort(rng.random((places, venues)), axis=1)[:, :each].ravel()
    place = np.repeat(np.arange(places), each)
    minutes = rng.uniform(1, FAR, len(place)).round(1)
    pairs = from_arrays(places, venues, place, venue, minutes)
    people, supply = (rng.integers(1, most, n) for most, n in ((3000, places), (50_000, venues)))
    return pairs, people.astype(float), supply.astype(float)


def frames(pairs: Pairs, people: np.ndarray, supply: np.ndarray):
    cost = pd.DataFrame({"origin": pairs.place, "dest": pairs.venue, "cost": pairs.minutes})
    demand, there = (
        pd.DataFrame({name: values}, index=pd.RangeIndex(len(values), name="geoid"))
        for name, values in (("demand", people), ("supply", supply))
    )
    return demand, there, cost


def theirs(kind: str, demand: pd.DataFrame, supply: pd.DataFrame, cost: pd.DataFrame):
    ask: Callable[..., pd.Series] = access.fca.two_stage_fca
    more = {"demand_index": True, "supply_index": True, "max_cost": FAR}
    if kind == "3SFCA":
        ask = access.fca.three_stage_fca
    if kind != "2SFCA":
        more["weight_fn"] = weights.step_fn(STEPS)
    return ask(demand, supply, cost, demand_name="demand", supply_name="supply", **more)


def ours(kind: str, pairs: Pairs, people: np.ndarray, supply: np.ndarray) -> np.ndarray:
    near = pairs.within(FAR)
    if kind == "3SFCA":
        return three_step(near, people, supply, DECAY)
    return (
        two_step(near, people, supply, DECAY)
        if kind == "E2SFCA"
        else two_step(near, people, supply)
    )


def agree(kind: str, pairs: Pairs, people: np.ndarray, supply: np.ndarray) -> float:
    """Largest relative difference; the race is off above 1e-9."""
    expected = theirs(kind, *frames(pairs, people, supply))
    expected = expected.reindex(range(pairs.places), fill_value=0).to_numpy()
    found = ours(kind, pairs, people, supply)
    worst = float(np.max(np.abs(found - expected) / np.maximum(np.abs(expected), 1e-300)))
    assert worst < 1e-9, (kind, worst)
    return worst


def timed(work: Callable[[], object]) -> float:
    took = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return statistics.median(took)


def _one(whose: str, kind: str, sizes: tuple[int, int, float], answer) -> None:
    """Seconds and MB of one tool, in a process of its own."""
    pairs, people, supply = case(*sizes)
    if whose == "theirs":
        tables = frames(pairs, people, supply)

        def work():
            return theirs(kind, *tables)
    else:

        def work():
            return ours(kind, pairs, people, supply)

    work()
    seconds = timed(work)
    tracemalloc.start()
    work()
    answer.put((seconds, tracemalloc.get_traced_memory()[1] / 1e6))


def apart(whose: str, kind: str, sizes: tuple[int, int, float]) -> tuple[float, float]:
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    process = context.Process(target=_one, args=(whose, kind, sizes, answer))
    process.start()
    found = answer.get()
    process.join()
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--places", type=int, default=30_000)
    parser.add_argument("--venues", type=int, default=1_000)
    parser.add_argument("--share", type=float, default=0.05)
    given = parser.parse_args()
    sizes = (given.places, given.venues, given.share)
    warnings.simplefilter("ignore")
    small = [
        case(int(n), int(m), s, seed)
        for seed, (n, m, s) in enumerate(
            [(1, 1, 1), (40, 7, 0.5), (200, 30, 0.2), (1000, 90, 0.05)]
        )
    ]
    worst = max(agree(k, *c) for k in ("2SFCA", "E2SFCA", "3SFCA") for c in small)
    whole = case(*sizes)
    worst = max([worst, *(agree(k, *whole) for k in ("2SFCA", "E2SFCA"))])
    print("## access: floating catchments\n")
    print(
        f"`python -m benchmarks.access`, medians of {RUNS}, {datetime.now(UTC):%Y-%m-%d}; "
        f"{machine()}\n"
    )
    print(
        f"{given.places:,} places x {given.venues:,} venues, {given.share:.0%} of the pairs "
        f"within the hour ({len(whole[0].place):,}), one thread each. Answers the same to "
        f"{worst:.0e} before timing (random asymmetric cases too; 3SFCA on these).\n"
    )
    print("| | venuenet, ms | MB | PySAL access, ms | MB | faster by | of its memory |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for kind in ("2SFCA", "E2SFCA", "3SFCA"):
        (a, mb_a), (b, mb_b) = (apart(who, kind, sizes) for who in ("ours", "theirs"))
        print(
            f"| {kind} | {1000 * a:.0f} | {mb_a:.0f} | {1000 * b:,.0f} | {mb_b:,.0f} | "
            f"{b / a:.0f} x | {mb_a / mb_b:.0%} |"
        )


if __name__ == "__main__":
    main()
