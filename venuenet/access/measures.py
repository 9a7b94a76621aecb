"""Measures that count what is in reach, whoever else wants it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from venuenet.access.decay import Decay, interval_weights
from venuenet.access.pairs import Pairs

Floats = NDArray[np.float64]


def nearest_minutes(pairs: Pairs, k: int = 1) -> Floats:
    """Minutes to the k-th nearest venue of every place, (places,); NaN where fewer are in reach.

    Raises
    ------
    ValueError
        ``k`` is below 1.
    """
    if k < 1:
        raise ValueError("k must be at least 1")
    order = np.lexsort((pairs.minutes, pairs.place))
    at = pairs.at
    out = np.full(pairs.places, np.nan)
    enough = np.diff(at) >= k
    out[enough] = pairs.minutes[order][at[:-1][enough] + k - 1]
    return out


def cumulative(pairs: Pairs, supply: Floats, minutes: float) -> Floats:
    """Supply within a cut-off, (places,): A_i = sum of S_j over t_ij <= minutes.

    The cumulative-opportunity measure (Wachs & Kumagai 1973, Socio-Economic Planning Sciences 7).

    Parameters
    ----------
    supply : (venues,) float64
        What a venue counts: 1, or its capacity. Finite and not negative.
    """
    near = pairs.within(minutes)
    return near.per_place(checked("supply", supply, pairs.venues)[near.venue])


def cumulative_interval(pairs: Pairs, supply: Floats, low: int, high: int) -> Floats:
    """Mean of :func:`cumulative` over the cut-offs low, low + 1, ..., high, (places,).

    Spares the choice of one cut-off: Tomasiello et al. (2023), see
    :func:`~venuenet.access.decay.interval_weights`.
    """
    worth = interval_weights(pairs.minutes, low, high)
    return np.asarray(pairs.matrix(worth) @ checked("supply", supply, pairs.venues))


def gravity(pairs: Pairs, supply: Floats, decay: Decay) -> Floats:
    """Supply weighted by nearness, (places,): A_i = sum_j S_j f(t_ij).

    Hansen (1959), Journal of the American Institute of Planners 25. Only pairs that are there
    count: a smooth decay ends where the pairs do.
    """
    worth = decay.weights(pairs.minutes)
    return np.asarray(pairs.matrix(worth) @ checked("supply", supply, pairs.venues))


def by_people(
    values: Floats, persons: NDArray[np.int64], levels: Sequence[float]
) -> tuple[float, Floats]:
    """Mean and quantiles of places' values, each weighted by its people.

    Parameters
    ----------
    values : (n,) float64
        No NaN.
    persons : (n,) int64
        Somebody must be there.
    levels : sequence of float
        0..1: a quantile is the least value that so large a share of the people do not exceed.
    """
    order = np.argsort(values, kind="stable")
    run = np.cumsum(persons[order])
    at = np.searchsorted(run, np.ceil(np.array(levels) * run[-1]))
    return float(np.dot(values, persons) / run[-1]), values[order][at]


def checked(name: str, values: Floats, n: int) -> Floats:
    """Return values as (n,) float64.

    Raises
    ------
    ValueError
        They are not n, or one is NaN, infinite or negative.
    """
    out = np.asarray(values, dtype=np.float64)
    if out.shape != (n,):
        raise ValueError(f"{name} must be {n} numbers, not of shape {out.shape}")
    if not (np.isfinite(out) & (out >= 0)).all():
        raise ValueError(f"{name} must be finite and not negative")
    return out
