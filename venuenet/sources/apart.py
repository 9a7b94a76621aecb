"""Runs ``child.py`` on a file's bytes, within bounds of time and memory, and reads its answer."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from venuenet.errors import Fault
from venuenet.sources import limits
from venuenet.sources.grid import Grid
from venuenet.sources.says import refused, say

CHILD = Path(__file__).with_name("child.py")


def grids(
    kind: Literal["excel", "geojson", "gpkg"], content: bytes, file: str
) -> tuple[list[Grid], list[Fault]]:
    """Read a file with a parser that is not trusted to survive it.

    Parameters
    ----------
    kind : {"excel", "geojson", "gpkg"}
        Which reader of ``child.py``.
    content : bytes
        The file.
    file : str
        Its name, for faults.

    Returns
    -------
    list of Grid, list of Fault
        The sheets that hold anything; what of them could not be read.

    Raises
    ------
    SourceError
        The file is damaged, protected, larger than a limit, or the parser did not come back.
    """
    found: list[Grid] = []
    faults: list[Fault] = []
    points: dict[int, tuple[float, float]] = {}
    for message in _messages(kind, content, file):
        if isinstance(message, list):
            number, cells, *point = message
            found[-1].rows.append((number, cells))
            if point:
                points[number] = (point[0], point[1])
        elif "sheet" in message:
            points = {}
            found.append(
                Grid(
                    name=message["sheet"],
                    rows=[],
                    merged=[(r, c, s, d) for r, c, s, d in message.get("merged", ())],
                    points=points if message.get("points") else None,
                    datum=message.get("datum"),
                    hidden=message.get("hidden", False),
                )
            )
        else:
            sheet = found[-1].name if found else None
            place = file if sheet is None else f"{file}[{sheet}]"
            words = message.get("words", {})
            faults.append(say(message["warn"], place, message.get("row"), **words))
    return [grid for grid in found if grid.rows], faults


def _messages(kind: str, content: bytes, file: str) -> Iterator[Any]:
    """Yield the child's lines as they were written; its end is told as a fault."""
    bounds = {name: value for name, value in vars(limits).items() if name.isupper()}
    # One thread: OpenBLAS otherwise reserves address space for every core there is.
    quiet = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "RUST_BACKTRACE": "0"}
    try:
        ended = subprocess.run(
            [sys.executable, "-P", str(CHILD), kind, json.dumps(bounds)],
            input=content,
            capture_output=True,
            timeout=limits.APART_SECONDS,
            env=quiet,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise refused("slow", file, limit=limits.APART_SECONDS) from None
    if ended.returncode == -getattr(signal, "SIGXCPU", 0):
        raise refused("slow", file, limit=limits.APART_SECONDS)
    if b"memory allocation of" in ended.stderr:
        raise refused("memory", file)
    if ended.returncode != 0:
        last = ended.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise refused("damaged", file, value=" ".join(last)[:200] or str(ended.returncode))
    for line in io.BytesIO(ended.stdout):
        message = json.loads(line)
        if isinstance(message, dict) and "refuse" in message:
            raise refused(message["refuse"], file, **message.get("words", {}))
        yield message
