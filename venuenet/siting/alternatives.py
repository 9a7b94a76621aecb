"""Other plans that are nearly as good as the best one, and the sites they have in common. Pure.

A site that every good plan holds is a safe first step; one that comes and goes is a matter
of taste.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from venuenet.siting.types import Rules, Sites

_EQUAL = 1e-9
"""Share of the objective below which two plans are equally good: what adding floats may lose."""


def near_optimal(
    solve: Callable[[Rules], Sites],
    best: Sites,
    rules: Rules,
    *,
    sense: Literal[1, -1],
    most: int = 3,
    within: float = 0.01,
) -> tuple[Sites, ...]:
    """Give the best few distinct plans within a share of the best, one after another.

    Each plan is the best one that leaves out at least ``rules.differ`` sites of every plan before
    it: the row sum over a known plan K of x_j <= size of K - differ is added and the model solved
    again (modelling to generate alternatives: Brill, Chang & Hopkins 1982; for plans of one size
    the row is the canonical cut of Balas & Jeroslow 1972). A plan that holds a known plan whole
    is never one of them.

    Parameters
    ----------
    solve : callable
        The model, given everything but the rules.
    best : Sites
        What ``solve(rules)`` gave.
    rules : Rules
        ``other_than`` is kept and added to; ``differ`` says how distinct plans must be.
    sense : 1 or -1
        1 where less is better (costs, ways), -1 where more is (people).
    most : int
        Plans to give at most, ``best`` among them.
    within : float
        By which share of the best objective a plan may be worse, 0.01 for one per cent.

    Returns
    -------
    tuple of Sites
        ``best`` first, unless the solver was stopped early and met a better one since; best to
        worst. Empty when ``best`` is no answer. Fewer than ``most`` when there are no others, or
        none was found in the time ``solve`` gives itself.

    Raises
    ------
    ValueError
        When ``most`` is below 1, or ``within`` negative or no number.
    """
    if most < 1:
        raise ValueError(f"most must be at least 1, got {most}")
    if not within >= 0:
        raise ValueError(f"within must be a number, not negative, got {within}")
    if math.isnan(best.objective):
        return ()
    worst = sense * best.objective + (within + _EQUAL) * abs(best.objective)
    plans = [best]
    while len(plans) < most:
        known = tuple(plan.chosen for plan in plans)
        other = solve(replace(rules, other_than=(*rules.other_than, *known)))
        if not sense * other.objective <= worst:
            break
        plans.append(other)
    slack = _EQUAL * abs(best.objective)  # the best keeps its place among equals
    return tuple(sorted(plans, key=lambda p: sense * p.objective - slack * (p is best)))


def in_all(plans: Sequence[Sites]) -> tuple[int, ...]:
    """Sites that every plan chooses, ascending; empty without plans."""
    return tuple(site for site, plans_with in how_often(plans).items() if plans_with == len(plans))


def how_often(plans: Sequence[Sites]) -> dict[int, int]:
    """How many of the plans choose each site; ascending sites, none that no plan chooses."""
    return dict(sorted(Counter(site for plan in plans for site in plan.chosen).items()))
