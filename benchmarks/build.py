"""How long a full build of Beijing takes from a cold process, and how much memory it needs.

Run ``python -m benchmarks.build``: it prints the section ``build`` of benchmarks/RESULTS.md.
Three modes and the surface assumption, all standards, GeoPackage and graph written.
"""

from __future__ import annotations

import os
import platform
import re
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

RUNS = 5
HERE = Path(__file__).parent


def build_once(folder: Path) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak MB of one build in its own process."""
    command = [sys.executable, "-m", "venuenet", "build", "--data", str(folder)]
    start = time.perf_counter()
    child = os.posix_spawn(
        sys.executable,
        command,
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ],
    )
    _, status, used = os.wait4(child, 0)
    if status:
        raise SystemExit(f"the build failed with status {status}")
    # Linux counts ru_maxrss in KiB, macOS in bytes.
    scale = 1024 if sys.platform == "linux" else 1
    wall = time.perf_counter() - start
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss * scale / 1e6


def machine() -> str:
    model = "unknown processor"
    info = Path("/proc/cpuinfo")
    if info.exists() and (found := re.search(r"model name\s*: (.+)", info.read_text())):
        model = found[1]
    return (
        f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    )


def main() -> None:
    runs = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(build_once(Path(folder)))
    print("## build: the embedded Beijing from a cold process\n")
    print(f"`python -m benchmarks.build`, {RUNS} runs, {datetime.now(UTC):%Y-%m-%d}; {machine()}\n")
    print("| | min | median | max |\n|---|---:|---:|---:|")
    names = ("wall, s", "CPU, s", "peak memory, MB")
    for name, values in zip(names, zip(*runs, strict=True), strict=True):
        low, mid, high = min(values), statistics.median(values), max(values)
        print(f"| {name} | {low:.1f} | {mid:.1f} | {high:.1f} |")


if __name__ == "__main__":
    main()
