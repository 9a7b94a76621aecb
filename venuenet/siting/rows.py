"""The rules a choice of sites keeps to, as rows and bounds of a programme. Pure.

Every model shares them; ``keeps`` says the same of one choice without a solver.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from venuenet.siting.types import Floats, Rules

_TOLERANCE = 1e-6
"""By how much a budget may be overdrawn: what HiGHS takes for equal."""


def checked(rules: Rules, sites: int) -> Rules:
    """Give the rules with whole arrays, or say what is wrong with them.

    Rules that contradict one another are no error: no choice keeps them, and the models say so.

    Parameters
    ----------
    rules : Rules
    sites : int
        Columns of the model's matrix.

    Returns
    -------
    Rules
        ``cost`` filled in; arrays of the right kind.

    Raises
    ------
    ValueError
        In a plain sentence.
    """
    if rules.count is not None and rules.count < 0:
        raise ValueError(f"count must not be negative, got {rules.count}")
    if rules.budget is not None and not rules.budget >= 0:
        raise ValueError(f"budget must be a number, not negative, got {rules.budget}")
    if rules.differ < 1:
        raise ValueError(f"differ must be at least 1, got {rules.differ}")
    cost = np.ones(sites) if rules.cost is None else np.asarray(rules.cost, dtype=np.float64)
    if cost.shape != (sites,) or not (np.isfinite(cost) & (cost >= 0)).all():
        raise ValueError(f"cost must be one finite number for each of {sites} sites, not negative")
    for name, columns in (
        ("fixed", rules.fixed),
        ("forced", rules.forced),
        ("forbidden", rules.forbidden),
        ("apart", [site for pair in rules.apart for site in pair]),
        ("other_than", [site for known in rules.other_than for site in known]),
    ):
        _check_columns(name, columns, sites)
    if set(rules.fixed) & set(rules.forced):
        raise ValueError("a fixed site is there already and cannot be forced")
    if any(len(pair) != 2 or pair[0] == pair[1] for pair in rules.apart):
        raise ValueError("apart must be pairs of two different sites")
    if any(len(set(known)) != len(known) for known in rules.other_than):
        raise ValueError("a choice in other_than names a site twice")
    if (rules.at_least or rules.at_most) and rules.district is None:
        raise ValueError("at_least and at_most need the district of each site")
    if any(number < 0 for number in (*rules.at_least.values(), *rules.at_most.values())):
        raise ValueError("at_least and at_most must not be negative")
    return replace(
        rules,
        cost=cost,
        district=_numbers("district", rules.district, sites),
        place=_numbers("place", rules.place, sites),
    )


def site_bounds(rules: Rules, sites: int) -> tuple[Floats, Floats]:
    """Lower and upper bound of every site's x: 1 if forced, 0 if fixed, forbidden or too near.

    A fixed site is there without being chosen, so its x is 0: what it reaches belongs into the
    model's data. A site that is both forced and forbidden has a lower bound above its upper one.
    """
    lower, upper = np.zeros(sites), np.ones(sites)
    lower[list(rules.forced)] = 1
    upper[list(rules.forbidden)] = 0
    upper[list(rules.fixed)] = 0
    fixed = set(rules.fixed)
    for one, other in rules.apart:
        if one in fixed:
            upper[other] = 0
        if other in fixed:
            upper[one] = 0
    return lower, upper


def rule_rows(
    rules: Rules, sites: int, first: int = 0, width: int | None = None
) -> tuple[csr_array, Floats, Floats]:
    """Write the rules as ``low <= rows @ x <= high``; what ``site_bounds`` says is not repeated.

    With x_j = 1 for a chosen site, sums over the sites that are not fixed::

        count               sum x_j = count
        budget              sum cost_j x_j <= budget
        at_least, at_most   at_least_d <= sum over district d of x_j <= at_most_d
        place               sum over one place of x_j <= 1
        apart               x_j + x_k <= 1
        other_than          sum over a known choice K of x_j <= |K| - differ

    Parameters
    ----------
    rules : Rules
        Checked.
    sites : int
    first : int
        Column of the first site in the programme.
    width : int, optional
        Columns of the programme; ``first + sites`` by default.

    Returns
    -------
    rows : (m, width) csr_array of float64
    low, high : (m,) float64
    """
    free = np.ones(sites, dtype=np.bool_)
    free[list(rules.fixed)] = False
    cost = np.ones(sites) if rules.cost is None else rules.cost
    columns: list[NDArray[np.intp]] = []
    values: list[Floats] = []
    low: list[float] = []
    high: list[float] = []

    def add(chosen: NDArray[np.intp], least: float, most: float, value: Floats) -> None:
        columns.append(chosen)
        values.append(value)
        low.append(least)
        high.append(most)

    def count(chosen: NDArray[np.intp], least: float, most: float) -> None:
        add(chosen, least, most, np.ones(len(chosen)))

    everywhere = np.flatnonzero(free)
    if rules.count is not None:
        count(everywhere, rules.count, rules.count)
    if rules.budget is not None and np.isfinite(rules.budget):
        add(everywhere, -np.inf, rules.budget, cost[everywhere])
    for district in sorted({*rules.at_least, *rules.at_most}):
        count(
            np.flatnonzero(free & (rules.district == district)),
            rules.at_least.get(district, 0),
            rules.at_most.get(district, np.inf),
        )
    for options in shared_places(rules, sites):
        count(options, -np.inf, 1)
    fixed = set(rules.fixed)
    for pair in sorted({(min(pair), max(pair)) for pair in rules.apart}):
        if not fixed & set(pair):
            count(np.array(pair), -np.inf, 1)
    for known in rules.other_than:
        mine = np.array([site for site in known if free[site]], dtype=np.intp)
        count(mine, -np.inf, len(known) - rules.differ)

    ends = np.cumsum([0, *(len(chosen) for chosen in columns)])
    rows = csr_array(
        (
            np.concatenate([*values, np.zeros(0)]),
            first + np.concatenate([*columns, np.zeros(0, dtype=np.intp)]),
            ends,
        ),
        shape=(len(columns), first + sites if width is None else width),
    )
    return rows, np.array(low, dtype=np.float64), np.array(high, dtype=np.float64)


def shared_places(rules: Rules, sites: int) -> list[NDArray[np.intp]]:
    """Sites that are options at one place, fixed ones left out, for every place with several."""
    if rules.place is None:
        return []
    free = np.ones(sites, dtype=np.bool_)
    free[list(rules.fixed)] = False
    candidates = np.flatnonzero(free & (rules.place >= 0))
    candidates = candidates[np.argsort(rules.place[candidates], kind="stable")]
    borders = np.flatnonzero(np.diff(rules.place[candidates])) + 1
    return [options for options in np.split(candidates, borders) if len(options) > 1]


def keeps(rules: Rules, sites: int, chosen: Collection[int]) -> bool:
    """Whether a choice keeps every rule."""
    x = np.zeros(sites)
    x[list(chosen)] = 1
    lower, upper = site_bounds(rules, sites)
    rows, low, high = rule_rows(rules, sites)
    sums = rows @ x
    return bool(
        (lower <= x).all()
        and (x <= upper).all()
        and (low - _TOLERANCE <= sums).all()
        and (sums <= high + _TOLERANCE).all()
    )


def _check_columns(name: str, columns: Iterable[int], sites: int) -> None:
    for site in columns:
        if not 0 <= site < sites:
            raise ValueError(f"{name} names site {site}; there are {sites}, numbered from 0")


def _numbers(name: str, given: ArrayLike | None, sites: int) -> NDArray[np.int64] | None:
    if given is None:
        return None
    numbers = np.asarray(given)
    if numbers.shape != (sites,) or not np.issubdtype(numbers.dtype, np.integer):
        raise ValueError(f"{name} must be one whole number for each of {sites} sites")
    return numbers.astype(np.int64)
