"""What a choice of sites must keep to, how long may be thought about it, and the answer. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from venuenet.siting.solver import Status

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Tell = Callable[[float, float], None]
"""Told of the best objective found so far and of the proven bound, in the model's own unit; NaN
where there is none yet. May raise to stop the work."""

Method = Literal["exact", "heuristic"]


@dataclass(frozen=True)
class Rules:
    """What every choice of sites must keep to; sites are columns of the model's matrix.

    Attributes
    ----------
    count : int, optional
        Exactly so many sites are chosen, ``fixed`` ones not counted; None: as many as pay.
    cost : (sites,) float64, optional
        What choosing each costs, not negative; 1 each by default. Fixed sites cost nothing.
    budget : float, optional
        The costs of the chosen sites may add up to this.
    fixed : tuple of int
        Existing venues: always there, free, never counted and never part of the answer.
    forced, forbidden : tuple of int
        Sites that must, and must not, be chosen.
    district : (sites,) int64, optional
        Which district each site lies in, -1 in none.
    at_least, at_most : mapping of district to int
        How many sites are chosen there, fixed ones not counted.
    place : (sites,) int64, optional
        Options at one and the same place share a number: at most one of them is chosen. -1: alone.
    apart : tuple of (int, int)
        Pairs of sites too near each other: at most one of the two is chosen. With a fixed site the
        other is forbidden.
    other_than : tuple of tuple of int
        Choices already known: the answer leaves out at least ``differ`` sites of each.
    differ : int
    """

    count: int | None = None
    cost: Floats | None = None
    budget: float | None = None
    fixed: tuple[int, ...] = ()
    forced: tuple[int, ...] = ()
    forbidden: tuple[int, ...] = ()
    district: Ints | None = None
    at_least: Mapping[int, int] = field(default_factory=dict)
    at_most: Mapping[int, int] = field(default_factory=dict)
    place: Ints | None = None
    apart: tuple[tuple[int, int], ...] = ()
    other_than: tuple[tuple[int, ...], ...] = ()
    differ: int = 1


@dataclass(frozen=True)
class Limits:
    """How long may be thought, and how far from proof one may stop.

    Attributes
    ----------
    seconds : float
        Of the whole model, building it included; then the best found is given.
    gap : float
        Share of the objective that may be left unproven.
    tell : Tell, optional
    """

    seconds: float = 60.0
    gap: float = 0.0
    tell: Tell | None = None


@dataclass(frozen=True)
class Sites:
    """Which sites to choose, and what is proven of the choice.

    Attributes
    ----------
    chosen : tuple of int
        Columns of the matrix, ascending, without the fixed ones; empty when there is no answer.
    objective : float
        What they reach together with the fixed sites, in the model's own unit; NaN when there is
        no answer.
    bound : float
        No choice does better than this.
    gap : float
        Distance between the two as a share of the objective; 0 when the choice is proven best.
    status : Status
    seconds : float
        Of the wall clock, from arrays to answer.
    seen : int
        Candidates looked at, fixed and forbidden ones not counted.
    method : Method
        Whether branch and bound had the last word, or an interchange heuristic beside a bound.
    """

    chosen: tuple[int, ...]
    objective: float
    bound: float
    gap: float
    status: Status
    seconds: float = 0.0
    seen: int = 0
    method: Method = "exact"
