"""Search routes in a process of its own: OR-tools would hold up every other answer of a service."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys

from venuenet.errors import VenuenetError
from venuenet.siting.daytrips import Bools, Ints, Season
from venuenet.siting.routes import Floats, Routes, best_routes
from venuenet.siting.types import Limits

GRACE_S = 20
"""Seconds beyond the limit after which the process is ended: it has to start and to import."""
NICE = 10


class SearchFailedError(VenuenetError):
    """The process that searches died, or did not end in time."""

    code = "search-failed"
    title = "路线计算未完成"
    title_en = "The search for routes failed"


def routes_apart(
    drive: Floats, reach: Bools, people: Ints, season: Season, limits: Limits
) -> Routes:
    """Do what :func:`~venuenet.siting.routes.best_routes` does, elsewhere and at low priority.

    Raises
    ------
    SearchFailedError
        The process died or did not end.
    """
    # Pickles only travel between this process and a child of its own.
    asked = pickle.dumps((drive, reach, people, season, limits.seconds))
    command = [sys.executable, "-m", "venuenet.proposals.mobile_apart"]
    try:
        done = subprocess.run(
            command, input=asked, capture_output=True, timeout=limits.seconds + GRACE_S, check=True
        )
    except subprocess.SubprocessError as error:
        raise SearchFailedError(
            "路线计算进程未能完成，请稍后再试或减少天数与区",
            "the search for routes did not finish; try again, or fewer days or districts",
        ) from error
    answer: Routes = pickle.loads(done.stdout)
    return answer


def main() -> None:
    """Read one question from stdin, write its answer to stdout."""
    os.nice(NICE)
    drive, reach, people, season, seconds = pickle.load(sys.stdin.buffer)
    found = best_routes(drive, reach, people, season, Limits(seconds))
    sys.stdout.buffer.write(pickle.dumps(found))


if __name__ == "__main__":
    main()
