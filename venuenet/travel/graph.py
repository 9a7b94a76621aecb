"""A directed graph for searches towards venues, and the points that lie on its arcs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]

FAR = np.int32(2**30)
"""Deciseconds that stand for "no way"; two of them still fit into 32 bits."""


@dataclass(frozen=True)
class Graph:
    """Arcs by the node they lead to: searches run from venues against the direction of travel.

    Attributes
    ----------
    indptr : (n + 1,) int32
        The arcs into node v are ``indptr[v]:indptr[v + 1]``.
    tail : (m,) int32
        Where an arc comes from.
    cost : (m,) int32
        Deciseconds it takes, >= 0.
    """

    indptr: Ints
    tail: Ints
    cost: Ints

    @property
    def nodes(self) -> int:
        """Number of nodes, n."""
        return len(self.indptr) - 1

    @cached_property
    def shift(self) -> int:
        """Searches' buckets are ``2 ** shift`` deciseconds wide: about the median arc."""
        median = int(np.median(self.cost)) if len(self.cost) else 1
        return max(median, 1).bit_length() - 1

    @cached_property
    def longest(self) -> int:
        """Deciseconds of the longest arc."""
        return int(self.cost.max(initial=0))


@dataclass(frozen=True)
class Ends:
    """How points and nodes are joined: for each point some nodes, and deciseconds between.

    For points people start from: from the point to the node. For venues: from the node to the
    venue. The joints of point i are ``at[i]:at[i + 1]``.

    Attributes
    ----------
    at : (p + 1,) int64
    node : (j,) int32
    cost : (j,) int32
    """

    at: NDArray[np.int64]
    node: Ints
    cost: Ints


def graph_of(n: int, tail: Ints, head: Ints, cost: Ints) -> Graph:
    """Sort arcs ``tail -> head`` by their head; of arcs between the same nodes all are kept."""
    order = np.lexsort((tail, head))
    counts = np.bincount(head, minlength=n)
    return Graph(
        indptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
        tail=tail[order].astype(np.int32),
        cost=cost[order].astype(np.int32),
    )


def spans(start: NDArray[np.int64], count: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return all positions ``start[i] .. start[i] + count[i] - 1``, one span after the other."""
    first = np.cumsum(count) - count
    return np.repeat(start - first, count) + np.arange(int(count.sum()))
