"""What twenty siting jobs cost those who only look at the map.

Run ``python -m benchmarks.siting_load [--data DIR]``. A real ``venuenet serve`` over Beijing; the
same 200 pairs of GET /coverage, evenly paced, while nothing else runs and while twenty jobs are
queued. One of a pair was asked before (the service remembers it), the other is worked out.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import os
import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks._service import ask, get, started

JOBS, PAIRS, PAUSE_S, MOST = 20, 200, 0.15, 2.0
JOB = {
    "goal": "cover_most",
    "count": 20,
    "mode": "transit",
    "minutes": 45,
    "sources": ["townships", "stations", "cells"],
    "alternatives": 2,
}
REMEMBERED = "/coverage?mode=transit&minutes=45"
# Each is asked once: odd minutes while idle, even ones under load, so none is remembered.
QUESTIONS = [
    "/coverage?" + "&".join(f"{k}={v}" for k, v in zip(("mode", "kinds"), pair, strict=True))
    for pair in itertools.product(("transit", "walk", "drive"), ("science", "all"))
]


def main() -> None:
    """Measure, and fail where the load is felt more than it may be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a store; by default the user's own")
    data = parser.parse_args().data
    with started(data) as (service, pid):
        measure(service, pid)


def measure(service: http.client.HTTPConnection, pid: int) -> None:
    """Print medians of an idle and of a busy service, their ratios, and what is left behind."""
    for question in (REMEMBERED, *(f"{q}&minutes=60" for q in QUESTIONS)):
        get(service, question)  # what is worked out once for all minutes is not counted
    idle = _times(service, odd=True)
    before = _resident(pid)
    jobs = [_post(service) for _ in range(JOBS)]
    _until_running(service, jobs[0])
    busy = _times(service, odd=False)
    states = [_job(service, job)["status"] for job in jobs]
    ended = [state for state in states if state not in ("queued", "running")]
    if set(ended) - {"done"} or len(ended) == JOBS:
        raise SystemExit(f"the load was none: {states}")
    for job in jobs:
        _job(service, job, "DELETE")
    time.sleep(1)
    ratios = [b / i for b, i in zip(busy, idle, strict=True)]
    print(f"{JOBS} jobs, {len(ended)} of them done meanwhile; medians of {PAIRS}, ms")
    print("| GET /coverage | idle | with the jobs | ratio |")
    print("|---|---:|---:|---:|")
    for name, i, b, ratio in zip(("remembered", "worked out"), idle, busy, ratios, strict=True):
        print(f"| {name} | {1e3 * i:.1f} | {1e3 * b:.1f} | {ratio:.2f} |")
    left = [p for f in Path(f"/proc/{pid}/task").glob("*/children") for p in f.read_text().split()]
    print(f"service: {before:.0f} MB before, {_resident(pid):.0f} MB after; workers left: {left}")
    if max(ratios) > MOST or left:
        raise SystemExit(1)


def _times(service: http.client.HTTPConnection, *, odd: bool) -> tuple[float, float]:
    """Medians, in seconds, of what is remembered and of what is worked out."""
    minutes = range(1 if odd else 2, 121, 2)
    asked = [f"{q}&minutes={m}" for m, q in itertools.product(minutes, QUESTIONS)][:PAIRS]
    told, worked = [], []
    for question in asked:
        told.append(get(service, REMEMBERED))
        worked.append(get(service, question))
        time.sleep(PAUSE_S)
    return statistics.median(told), statistics.median(worked)


def _post(service: http.client.HTTPConnection) -> str:
    return str(ask(service, "POST", "/siting", JOB)["id"])


def _job(service: http.client.HTTPConnection, job: str, method: str = "GET") -> Any:
    return ask(service, method, f"/siting/{job}")


def _until_running(service: http.client.HTTPConnection, job: str) -> None:
    while _job(service, job)["status"] == "queued":
        time.sleep(0.02)


def _resident(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
