"""Sweeps down a contraction hierarchy say what plain searches say, to the decisecond."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from unittest.mock import patch

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from venuenet.travel import contract as contraction
from venuenet.travel.arrayfile import read_arrays, write_arrays
from venuenet.travel.contract import Hierarchy, contract
from venuenet.travel.graph import FAR, Ends, Graph, graph_of
from venuenet.travel.sweep import LANES, restrict, room_for, sweep

NO_LIMIT = int(FAR)


@dataclass(frozen=True)
class Case:
    """Arcs as people travel them, venues as lists of (node, deciseconds), and targets."""

    n: int
    arcs: list[tuple[int, int, int]]
    venues: list[list[tuple[int, int]]]
    targets: list[int]

    def graph(self) -> Graph:
        tail, head, cost = np.array(self.arcs, dtype=np.int32).reshape(-1, 3).T
        return graph_of(self.n, tail, head, cost)


def ends(venues):
    at = np.cumsum([0, *map(len, venues)])
    flat = np.array(list(itertools.chain(*venues)), dtype=np.int32).reshape(-1, 2)
    return Ends(at.astype(np.int64), flat[:, 0].copy(), flat[:, 1].copy())


def swept(hierarchy, targets, venues, limit=NO_LIMIT, batch=LANES):
    """Times (targets, venues) of all batches, one after the other in the same room."""
    part = restrict(hierarchy, np.array(targets, dtype=np.int32))
    room, table = room_for(part), ends(venues)
    columns = [np.empty((len(targets), 0), dtype=np.int32)]
    for first in range(0, len(venues), batch):
        last = min(first + batch, len(venues))
        columns.append(sweep(part, table, first, last, limit, room)[:, : last - first].copy())
    assert not room.todo.any()
    return np.hstack(columns)


def by_networkx(case, limit=NO_LIMIT):
    """Times (targets, venues): one more node for each venue, and networkx from it backwards."""
    roads = nx.MultiDiGraph()
    roads.add_nodes_from(range(case.n))
    roads.add_weighted_edges_from((head, tail, cost) for tail, head, cost in case.arcs)
    times = np.full((len(case.targets), len(case.venues)), FAR)
    for v, seeds in enumerate(case.venues):
        roads.add_node("venue")
        roads.add_weighted_edges_from(("venue", node, cost) for node, cost in seeds)
        found = nx.single_source_dijkstra_path_length(roads, "venue", cutoff=limit)
        roads.remove_node("venue")
        times[:, v] = [found.get(t, FAR) for t in case.targets]
    return times


def by_scipy(graph, targets, venues, limit=NO_LIMIT):
    """Times (targets, venues) from scipy, for graphs without parallel arcs."""
    shape = (graph.nodes, graph.nodes)
    matrix = csr_array((graph.cost.astype(float), graph.tail, graph.indptr), shape=shape)
    times = np.full((len(targets), len(venues)), float(FAR))
    for v, seeds in enumerate(venues):
        for node, cost in seeds:
            found = dijkstra(matrix, indices=node)[targets] + cost
            times[:, v] = np.minimum(times[:, v], np.where(found <= limit, found, FAR))
    return times.astype(np.int32)


def city(side, seed):
    """Return a grid of streets with gaps, one-ways, and every sixth row and column fast."""
    rng = np.random.default_rng(seed)
    node = np.arange(side * side).reshape(side, side)
    pairs = np.concatenate(
        [
            np.column_stack([node[:, :-1].ravel(), node[:, 1:].ravel()]),
            np.column_stack([node[:-1].ravel(), node[1:].ravel()]),
        ]
    )
    pairs = pairs[rng.random(len(pairs)) < 0.8]
    row, column = pairs // side, pairs % side
    fast = (row == row[:, :1]).all(1) & (row[:, 0] % 6 == 0)
    fast |= (column == column[:, :1]).all(1) & (column[:, 0] % 6 == 0)
    cost = np.where(fast, 130, 300) + rng.integers(0, 60, len(pairs))
    both = rng.random(len(pairs)) < 0.75
    tail = np.concatenate([pairs[:, 0], pairs[both, 1]])
    head = np.concatenate([pairs[:, 1], pairs[both, 0]])
    return graph_of(side * side, tail, head, np.concatenate([cost, cost[both]]))


@st.composite
def cases(draw):
    n = draw(st.integers(1, 14))
    node = st.integers(0, n - 1)
    cost = st.integers(0, draw(st.sampled_from([1, 6, 1000])))
    return Case(
        n=n,
        arcs=draw(st.lists(st.tuples(node, node, cost), max_size=50)),
        venues=draw(st.lists(st.lists(st.tuples(node, cost), max_size=3), max_size=LANES + 2)),
        targets=draw(st.lists(node, max_size=20)),
    )


@settings(max_examples=300, deadline=None)
@given(case=cases(), limit=st.one_of(st.just(NO_LIMIT), st.integers(0, 12)))
def test_any_graph_gives_what_networkx_finds(case, limit):
    times = swept(contract(case.graph()), case.targets, case.venues, limit)
    assert (times == by_networkx(case, limit)).all()


@pytest.mark.parametrize("seed", range(25))
def test_dense_random_graphs_of_many_ties_give_what_networkx_finds(seed):
    rng = np.random.default_rng(seed)
    n, m = 60, int(rng.integers(80, 600))
    arcs = np.column_stack([rng.integers(0, n, (m, 2)), rng.integers(0, 4, m)])
    venues = [[(int(v), 0)] for v in rng.integers(0, n, LANES)]
    case = Case(n, [tuple(map(int, arc)) for arc in arcs], venues, list(range(n)))
    assert (swept(contract(case.graph()), case.targets, venues) == by_networkx(case)).all()


@pytest.fixture(scope="module")
def town():
    return city(60, seed=1)


@pytest.fixture(scope="module")
def town_hierarchy(town):
    return contract(town)


@pytest.fixture(scope="module")
def town_venues(town):
    rng = np.random.default_rng(2)
    seeds = np.stack([rng.integers(0, town.nodes, (40, 2)), rng.integers(0, 300, (40, 2))], axis=2)
    return [[(node, cost) for node, cost in venue] for venue in seeds.tolist()]


@pytest.mark.parametrize("limit", [NO_LIMIT, 6000, 1500, 0])
def test_a_town_gives_what_scipy_finds(town, town_hierarchy, town_venues, limit):
    targets = np.random.default_rng(3).integers(0, town.nodes, 500)
    times = swept(town_hierarchy, targets, town_venues, limit)
    expected = by_scipy(town, targets, town_venues, limit)
    assert (times == expected).all()
    assert limit == 0 or (expected < FAR).any()


def test_all_nodes_of_another_town_give_what_scipy_finds():
    graph = city(75, seed=9)
    targets, venues = np.arange(graph.nodes), [[(v, 0)] for v in range(0, graph.nodes, 300)]
    assert (swept(contract(graph), targets, venues) == by_scipy(graph, targets, venues)).all()


def test_a_time_exactly_at_the_limit_is_in_and_one_more_is_out():
    hierarchy = contract(Case(3, [(0, 1, 5), (1, 2, 5)], [], []).graph())
    assert swept(hierarchy, [0, 1, 2], [[(2, 3)]], limit=13).T.tolist() == [[13, 8, 3]]
    assert swept(hierarchy, [0, 1, 2], [[(2, 3)]], limit=12).T.tolist() == [[FAR, 8, 3]]
    assert swept(hierarchy, [0, 1, 2], [[(2, 3)]], limit=2**40).T.tolist() == [[13, 8, 3]]


def test_times_do_not_depend_on_batches(town, town_hierarchy, town_venues):
    targets = np.arange(0, town.nodes, 7)
    whole = swept(town_hierarchy, targets, town_venues, limit=4000)
    for batch in (1, 3, LANES - 1):
        assert (swept(town_hierarchy, targets, town_venues, 4000, batch) == whole).all()
    backwards = swept(town_hierarchy, targets, town_venues[::-1], limit=4000)
    assert (backwards[:, ::-1] == whole).all()


def test_threads_with_rooms_of_their_own_do_not_disturb_each_other(town_hierarchy, town_venues):
    targets = np.arange(0, 3600, 5)
    whole = swept(town_hierarchy, targets, town_venues)
    with ThreadPoolExecutor(4) as pool:
        again = pool.map(lambda _: swept(town_hierarchy, targets, town_venues, batch=2), range(8))
        assert all((times == whole).all() for times in again)


def test_a_way_of_far_or_more_is_no_way():
    near, far = NO_LIMIT - 1, NO_LIMIT
    arcs = [(0, 1, near), (1, 2, 1), (2, 3, near), (3, 4, near), (5, 4, far)]
    hierarchy = contract(Case(6, arcs, [], []).graph())
    times = swept(hierarchy, range(6), [[(2, 0)], [(4, 0)], [(1, 0)], [(4, 0), (2, 7)]])
    assert times.T.tolist() == [
        [FAR, 1, 0, FAR, FAR, FAR],
        [FAR, FAR, FAR, near, 0, FAR],
        [near, 0, FAR, FAR, FAR, FAR],
        [FAR, 8, 7, near, 0, FAR],
    ]


@pytest.mark.parametrize("room", ["_SPARE", "_SHORT"])
def test_lists_and_shortcuts_grow_when_their_room_runs_out(room):
    rng = np.random.default_rng(4)
    tangle = graph_of(300, *rng.integers(0, 300, (2, 1500)), rng.integers(0, 1000, 1500))
    ample = contract(tangle)
    grow = patch.object(contraction, "_larger", wraps=contraction._larger)
    with patch.object(contraction, room, 0), grow as larger:
        small = contract(tangle)
    assert larger.call_count > 2
    for name, array in vars(ample).items():
        assert (array == getattr(small, name)).all(), name


def test_contraction_adds_few_arcs_and_orders_places(town, town_hierarchy):
    h = town_hierarchy
    assert len(h.up_to) + len(h.down_from) < 3 * len(town.tail)
    assert sorted(h.place) == list(range(town.nodes))
    for at, other in ((h.up_at, h.up_to), (h.down_at, h.down_from)):
        assert (other < np.repeat(np.arange(town.nodes), np.diff(at))).all()


def test_of_two_equal_ways_one_is_enough():
    ring = [(v, (v + step) % 4, 1) for v in range(4) for step in (1, 3)]
    hierarchy = contract(Case(4, ring, [], []).graph())
    assert len(hierarchy.up_to) + len(hierarchy.down_from) == len(ring)


def test_a_sweep_looks_only_at_what_its_targets_need(town, town_hierarchy):
    few = restrict(town_hierarchy, np.array([17, 17, 4], dtype=np.int32))
    everything = restrict(town_hierarchy, np.arange(town.nodes, dtype=np.int32))
    assert len(everything.down_at) - 1 == town.nodes
    assert len(few.down_at) - 1 < town.nodes / 10


def test_progress_adds_up_and_can_stop_the_work(town):
    told = []
    contract(town, told.append)
    assert sum(told) == town.nodes
    assert len(told) > 1

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        contract(town, stop)


def test_a_hierarchy_read_from_its_file_gives_the_same(tmp_path, town_hierarchy, town_venues):
    write_arrays(tmp_path / "h.arrow", "hierarchy", vars(town_hierarchy), {})
    arrays, _ = read_arrays(tmp_path / "h.arrow", "hierarchy")
    targets = [0, 5, 3599]
    again = swept(Hierarchy(**arrays), targets, town_venues)
    assert (again == swept(town_hierarchy, targets, town_venues)).all()


def test_a_hierarchy_cannot_be_written_to(town_hierarchy):
    with pytest.raises(ValueError, match="read-only"):
        town_hierarchy.up_cost[0] = 0


def test_more_venues_than_lanes_are_refused(town_hierarchy):
    part = restrict(town_hierarchy, np.array([0], dtype=np.int32))
    with pytest.raises(ValueError, match="up to 16 venues, not 17"):
        sweep(part, ends([[(0, 0)]] * 17), 0, 17, 100, room_for(part))
