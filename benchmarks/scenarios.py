"""What a what-if takes: one venue opened, closed or moved, asked over HTTP, by each mode.

Run ``python -m benchmarks.scenarios [--data DIR]``; it prints the section ``scenarios`` of
RESULTS.md. A real ``venuenet serve`` over Beijing; each what-if is new: POST /scenarios, then GET
/scenarios/{id}/delta of all districts.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks._service import ask, get, started
from benchmarks.build import machine

EACH, WARM_UP = 20, 4
MODES = {"walk": 15, "transit": 45, "drive": 30}


def edit(kind: str, venue: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    if kind == "close":
        return {"close": venue["venue_id"]}
    if kind == "move":
        there = {"lon": round(venue["lon"] + rng.uniform(-0.01, 0.01), 6), "lat": venue["lat"]}
        return {"move": {"venue": venue["venue_id"], **there}}
    at = {"lon": round(rng.uniform(116.2, 116.6), 6), "lat": round(rng.uniform(39.8, 40.05), 6)}
    return {"open": {"name_zh": f"新馆 {rng.random()}", "kind": "base", **at}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a store; by default the user's own")
    rng = random.Random(7)
    with started(parser.parse_args().data) as (service, _):
        service.request("GET", "/venues")
        venues = [
            v
            for v in json.loads(service.getresponse().read())["items"]
            if v["lon"] and v["adcode"] and v["status"] in ("open", "unknown")
        ]
        print("## scenarios: one venue more, less or elsewhere\n")
        print(f"`python -m benchmarks.scenarios`, {datetime.now(UTC):%Y-%m-%d}; {machine()}\n")
        print(f"{EACH} new what-ifs each, after {WARM_UP}; POST and GET together, ms.\n")
        print("| mode | open | close | move | all: median | worst |")
        print("|---|---:|---:|---:|---:|---:|")
        for mode, minutes in MODES.items():
            took: dict[str, list[float]] = {"open": [], "close": [], "move": []}
            for i in range(WARM_UP + EACH):
                for kind, times in took.items():
                    body = {"name_zh": f"{mode} {kind} {i} {rng.random()}"}
                    body["edits"] = [edit(kind, rng.choice(venues), rng)]
                    began = time.perf_counter()
                    made = ask(service, "POST", "/scenarios", body)
                    get(service, f"/scenarios/{made['id']}/delta?mode={mode}&minutes={minutes}")
                    if i >= WARM_UP:
                        times.append(time.perf_counter() - began)
                    ask(service, "DELETE", f"/scenarios/{made['id']}")
            every = [t for times in took.values() for t in times]
            cells = [1000 * statistics.median(times) for times in took.values()]
            cells += [1000 * statistics.median(every), 1000 * max(every)]
            print(f"| {mode} | {' | '.join(f'{c:.0f}' for c in cells)} |", flush=True)


if __name__ == "__main__":
    main()
