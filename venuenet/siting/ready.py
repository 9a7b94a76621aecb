"""Have the compiled parts of the models ready before a clock runs. Pure.

The first run on a machine compiles for some seconds, which would eat up a model's time limit.
"""

from __future__ import annotations

import numpy as np

from venuenet.siting.types import Limits, Rules

_SIZE = (400, 200)
"""Large enough for the models of coverage to use their heuristics and prices."""


def get_ready(goal: str) -> None:
    """Solve a small model that uses all that is compiled for a goal.

    Parameters
    ----------
    goal : str
        A model's name: those that begin with ``nearest`` weigh travel times, the others cover.
    """
    table, one = np.random.default_rng(0).random(_SIZE), np.ones(_SIZE[0])
    rules, limits = Rules(count=3), Limits(1, gap=0.5)
    if goal.startswith("nearest"):
        from venuenet.siting.median import nearest_on_average  # noqa: PLC0415  numba comes with it

        nearest_on_average(table[:40, :20], one[:40], rules, limits)
    elif goal == "cover_with_room":
        from venuenet.siting.rooms import cover_with_room  # noqa: PLC0415  as above

        cover_with_room(table < 0.5, one, np.full(_SIZE[1], 20.0), rules, limits)
    elif goal == "cover_twice":
        from venuenet.siting.cover import cover_twice  # noqa: PLC0415  as above

        cover_twice(table < 0.5, one, rules, limits)
    elif goal == "cover_fairly":
        from venuenet.siting.fairly import cover_fairly  # noqa: PLC0415  as above

        cover_fairly(table < 0.5, one, np.arange(_SIZE[0]) % 2, rules, limits)
    else:
        from venuenet.siting.cover import cover_most  # noqa: PLC0415  as above

        cover_most(table < 0.5, one, rules, limits)
