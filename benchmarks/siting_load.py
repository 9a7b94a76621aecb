"""What twenty siting jobs cost those who only look at the map.

Run ``python -m benchmarks.siting_load [--data DIR]``. A real ``venuenet serve`` over Beijing; the
same 200 pairs of GET /coverage, evenly paced, while nothing else runs and while twenty jobs are
queued. One of a pair was asked before (the service remembers it), the other is worked out.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

TOKEN = secrets.token_urlsafe(24)
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
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "venuenet", "serve", "--port", str(port)]
    service = subprocess.Popen(
        [*command, *(["--data", str(data)] if data else [])],
        env={**os.environ, "VENUENET_REVIEW_TOKEN": TOKEN},
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(port, service)
        measure(http.client.HTTPConnection("127.0.0.1", port), service.pid)
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(30)


def measure(service: http.client.HTTPConnection, pid: int) -> None:
    """Print medians of an idle and of a busy service, their ratios, and what is left behind."""
    for question in (REMEMBERED, *(f"{q}&minutes=60" for q in QUESTIONS)):
        _get(service, question)  # what is worked out once for all minutes is not counted
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
        told.append(_get(service, REMEMBERED))
        worked.append(_get(service, question))
        time.sleep(PAUSE_S)
    return statistics.median(told), statistics.median(worked)


def _get(service: http.client.HTTPConnection, path: str) -> float:
    began = time.perf_counter()
    service.request("GET", path)
    answer = service.getresponse()
    answer.read()
    if answer.status != http.HTTPStatus.OK:
        raise SystemExit(f"{path}: {answer.status}")
    return time.perf_counter() - began


def _ask(service: http.client.HTTPConnection, method: str, path: str, body: Any = None) -> Any:
    headers = {"X-Venuenet-Token": TOKEN}
    if body is not None:
        headers["Content-Type"] = "application/json"
    service.request(method, path, None if body is None else json.dumps(body), headers)
    answer = service.getresponse()
    said = json.loads(answer.read())
    if answer.status >= http.HTTPStatus.BAD_REQUEST:
        raise SystemExit(f"{path}: {said}")
    return said


def _post(service: http.client.HTTPConnection) -> str:
    return str(_ask(service, "POST", "/siting", JOB)["id"])


def _job(service: http.client.HTTPConnection, job: str, method: str = "GET") -> Any:
    return _ask(service, method, f"/siting/{job}")


def _until_running(service: http.client.HTTPConnection, job: str) -> None:
    while _job(service, job)["status"] == "queued":
        time.sleep(0.02)


def _wait(port: int, service: subprocess.Popen[bytes]) -> None:
    while service.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the service did not start")


def _resident(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
