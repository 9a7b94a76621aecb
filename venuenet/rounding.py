"""Whole persons from fractions without losing anyone: the largest-remainder rule."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def apportion(total: int, weights: ArrayLike) -> NDArray[np.int64]:
    """Share ``total`` persons by ``weights`` into whole persons that sum to it exactly.

    Hamilton's method: everyone gets the floor of their quota, the persons left over go to the
    largest fractions, the earlier place winning a tie.

    Parameters
    ----------
    total : int
        Persons to share, >= 0.
    weights : (n,) array_like
        Non-negative; all zero counts as all equal.

    Returns
    -------
    (n,) int64
        Never more than one person off the exact quota.
    """
    w = np.asarray(weights, dtype=np.float64)
    if total < 0 or np.any(w < 0) or not np.all(np.isfinite(w)):
        raise ValueError("apportion needs a total >= 0 and finite weights >= 0")
    if len(w) == 0:
        if total:
            raise ValueError("apportion: people but no place to put them")
        return np.zeros(0, dtype=np.int64)
    if w.sum() == 0:
        w = np.ones_like(w)
    quota = total * (w / w.sum())
    whole: NDArray[np.int64] = np.floor(quota).astype(np.int64)
    left = int(total - whole.sum())
    order = np.argsort(-(quota - whole), kind="stable")
    whole[order[:left]] += 1
    return whole
