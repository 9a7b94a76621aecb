"""Have the compiled parts of the models ready before a clock runs. Pure.

The first run on a machine compiles for some seconds, which would eat up a model's time limit.
"""

from __future__ import annotations

import numpy as np

from venuenet.siting.types import Limits, Rules

_SIZE = (400, 200)
"""Large enough for ``cover_most`` to use its heuristic and its prices."""


def get_ready(*, by_time: bool) -> None:
    """Solve a small model that uses all that is compiled.

    Parameters
    ----------
    by_time : bool
        Whether a model of travel times is to come, or one of coverage.
    """
    rng = np.random.default_rng(0)
    table = rng.random(_SIZE)
    if by_time:
        from venuenet.siting.median import nearest_on_average  # noqa: PLC0415  numba comes with it

        nearest_on_average(table[:40, :20], np.ones(40), Rules(count=3), Limits(1))
    else:
        from venuenet.siting.cover import cover_most, cover_twice  # noqa: PLC0415  as above

        for model in (cover_most, cover_twice):
            model(table < 0.5, np.ones(_SIZE[0]), Rules(count=3), Limits(1, gap=0.05))
