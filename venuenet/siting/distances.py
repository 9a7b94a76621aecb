"""What the distance models share: costs checked, and sites that nobody would miss. Pure."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from venuenet.siting.rows import keeps
from venuenet.siting.types import Floats, Ints, Rules


def checked_costs(cost: ArrayLike, people: ArrayLike | None) -> tuple[Floats, Floats]:
    """Give costs and weights as arrays of float64, or say what is wrong with them.

    Parameters
    ----------
    cost : (places, sites) array_like
        Infinite where there is no way.
    people : (places,) array_like, optional
        1 each by default.

    Raises
    ------
    ValueError
    """
    table = np.asarray(cost, dtype=np.float64)
    if table.ndim != 2 or np.isnan(table).any() or (table < 0).any():
        raise ValueError("cost must be a table of places by sites, not negative, without NaN")
    weight = np.ones(len(table)) if people is None else np.asarray(people, dtype=np.float64)
    if weight.shape != (len(table),) or not (np.isfinite(weight) & (weight >= 0)).all():
        raise ValueError("people must be one finite number per place, not negative")
    return table, weight


def without_idle(rules: Rules, sites: int, chosen: Ints, as_good: Callable[[Ints], bool]) -> Ints:
    """Drop sites nobody would miss, the dearest first, as far as the rules allow.

    Parameters
    ----------
    rules : Rules
        Checked.
    sites : int
    chosen : (k,) int64
        Columns of the model's matrix.
    as_good : callable
        Says whether a smaller choice serves as well.
    """
    cost = np.ones(sites) if rules.cost is None else rules.cost
    for site in chosen[np.argsort(-cost[chosen], kind="stable")]:
        rest = chosen[chosen != site]
        if keeps(rules, sites, rest) and as_good(rest):
            chosen = rest
    return chosen
