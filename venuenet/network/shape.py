"""The shape of the network: venues tied by the people who reach both. Pure.

Catchments come from the matrix of travel times: cells count as a whole, by their centres, up to the
matrix's cut-off. Capacities play no part: ``reach`` is who could come, not who would fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from venuenet.coverage import Ints
from venuenet.model import DemandPoints, TravelTimes

if TYPE_CHECKING:
    import networkx as nx
    from scipy.sparse import csr_array

SEED = 7
"""Louvain visits the venues in a random order; this one."""
BLOCK = 4096
"""Cells multiplied at a time: few enough for a city of thousands of venues."""


def cell_people(demand: DemandPoints, persons: Ints) -> NDArray[np.float64]:
    """Add persons up to cells, (n,)."""
    return np.bincount(demand.row_cell, persons, minlength=len(demand.cell)).astype(np.float64)


def _reached(
    demand: DemandPoints, times: TravelTimes, limit_s: int
) -> csr_array[np.float64, tuple[int, int]]:
    """Mark with 1 the cells that reach a venue, (venues, n)."""
    from scipy.sparse import csr_array  # noqa: PLC0415  only this needs it

    if limit_s > times.cutoff_s:
        raise ValueError(f"the matrix reaches {times.cutoff_s} s, not {limit_s}")
    within = (times.seconds <= limit_s).astype(np.float64)
    shape = (len(times.venue_ids), len(demand.cell))
    return csr_array((within, times.cell, times.indptr), shape=shape)


def reach(demand: DemandPoints, times: TravelTimes, persons: Ints, limit_s: int) -> Ints:
    """Count the people who reach each venue within ``limit_s``, capacities aside, (venues,)."""
    within = _reached(demand, times, limit_s)
    people: NDArray[np.float64] = np.asarray(within @ cell_people(demand, persons))
    return np.rint(people).astype(np.int64)


def shared_people(
    demand: DemandPoints,
    times: TravelTimes,
    persons: Ints,
    venues: NDArray[np.int64],
    limit_s: int,
) -> Ints:
    """Count the people who reach both of two venues within ``limit_s``, (venues, venues).

    Parameters
    ----------
    venues : (venues,) int64
        Which of ``times.venue_ids``, ascending.
    limit_s : int
        At most ``times.cutoff_s``; a venue exactly there is reached.

    Returns
    -------
    (venues, venues) int64
        Symmetric; on the diagonal the people who reach the venue at all.
    """
    reached = _reached(demand, times, limit_s)[venues].tocsc()
    people = cell_people(demand, persons)
    out = np.zeros((len(venues), len(venues)))
    for first in range(0, len(people), BLOCK):
        block = reached[:, first : first + BLOCK].toarray()
        out += (block * people[first : first + BLOCK]) @ block.T
    return np.rint(out).astype(np.int64)


@dataclass(frozen=True)
class WeakPoints:
    """Where the network of shared catchments would come apart.

    Attributes
    ----------
    parts : list of list of int
        Venues that hang together, the most first.
    bridges : list of (int, int)
        Pairs whose shared people alone tie two parts together.
    cut_venues : list of int
        Venues without which a part would fall in two (articulation points).
    """

    parts: list[list[int]]
    bridges: list[tuple[int, int]]
    cut_venues: list[int]


def weak_points(shared: Ints) -> WeakPoints:
    """Find parts, bridges and articulation points (Tarjan 1972; Hopcroft and Tarjan 1973)."""
    import networkx as nx  # noqa: PLC0415  others need not wait for its algorithms

    graph = _graph(shared)
    bridges = cast("list[tuple[int, int]]", list(nx.bridges(graph)))
    return WeakPoints(
        parts=sorted((sorted(part) for part in nx.connected_components(graph)), key=_by_size),
        bridges=sorted((min(pair), max(pair)) for pair in bridges),
        cut_venues=sorted(nx.articulation_points(graph)),
    )


def communities(shared: Ints) -> NDArray[np.int64]:
    """Group venues that share more people than chance would have them, (venues,).

    Louvain's method (Blondel et al. 2008) on modularity weighted by shared people. Communities are
    numbered from 0, the one of most venues first; a venue that shares nobody stands alone.
    """
    import networkx as nx  # noqa: PLC0415  as above

    found = nx.community.louvain_communities(_graph(shared), weight="people", seed=SEED)
    label = np.zeros(len(shared), dtype=np.int64)
    for number, members in enumerate(sorted((sorted(c) for c in found), key=_by_size)):
        label[members] = number
    return label


def _by_size(members: list[int]) -> tuple[int, int]:
    return -len(members), members[0]


def _graph(shared: Ints) -> nx.Graph[int]:
    """Make a graph of it; nodes are numbers, so that sets of them come in one order everywhere."""
    import networkx as nx  # noqa: PLC0415  as above

    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(range(len(shared)))
    for a, b in np.argwhere(np.triu(shared, 1)).tolist():
        graph.add_edge(a, b, people=int(shared[a, b]))
    return graph


def modularity(shared: Ints, label: NDArray[np.int64]) -> float | None:
    """Tell how much more people venues of one group share than by chance; None if nobody is shared.

    Newman (2004), eq. 4, weighted: the sum over groups of e/m - (d/2m)^2.
    """
    weight = shared.astype(np.float64) * (1 - np.eye(len(shared)))
    twice = float(weight.sum())
    if twice == 0:
        return None
    same = label[:, None] == label[None, :]
    degree = weight.sum(axis=1)
    expected = np.outer(degree, degree) / twice
    return float(((weight - expected) * same).sum() / twice)


def _contingency(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.float64]:
    _, a = np.unique(one, return_inverse=True)
    _, b = np.unique(other, return_inverse=True)
    table = np.zeros((a.max(initial=-1) + 1, b.max(initial=-1) + 1))
    np.add.at(table, (a, b), 1)
    return table


def adjusted_rand(one: NDArray[np.int64], other: NDArray[np.int64]) -> float | None:
    """Compare two groupings of the same things: 1 the same, 0 as alike as by chance.

    Hubert and Arabie (1985), eq. 5. None for fewer than two things.
    """
    if len(one) < 2:
        return None
    table = _contingency(one, other)

    def pairs(counts: NDArray[np.float64]) -> float:
        return float((counts * (counts - 1) / 2).sum())

    both, rows, columns = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    chance = rows * columns / (len(one) * (len(one) - 1) / 2)
    most = (rows + columns) / 2
    return 1.0 if most == chance else (both - chance) / (most - chance)


def mutual_information(one: NDArray[np.int64], other: NDArray[np.int64]) -> float | None:
    """Compare two groupings: what one tells of the other, 0..1, by the mean of their entropies.

    Normalised mutual information, Danon et al. (2005), eq. 2. None where there is nothing.
    """
    if not len(one):
        return None
    joint = _contingency(one, other) / len(one)
    rows, columns = joint.sum(axis=1), joint.sum(axis=0)

    def entropy(p: NDArray[np.float64]) -> float:
        p = p[p > 0]
        return float(-(p * np.log(p)).sum())

    apart = entropy(rows) + entropy(columns)
    told = apart - entropy(joint.ravel())
    return 1.0 if apart == 0 else max(0.0, 2 * told / apart)
