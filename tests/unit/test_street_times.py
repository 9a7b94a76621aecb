"""Times on random street networks are those networkx finds, pair by pair."""

import math
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import networkx as nx
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from venuenet.model import BEYOND, KINDS, NEAREST, REASONS, UNREACHED, VARIANTS, LocatedVenue
from venuenet.travel.contract import contract
from venuenet.travel.on_streets import Network, StreetEngine, StreetWalking
from venuenet.travel.reach import rows, rows_by_sweep
from venuenet.travel.streets import CLOSED, Streets
from venuenet.travel.ways import Turns, plain_ways, turning_ways

OFF_KMH, MOST_OFF = 4.5, 400.0
UNSURE = 0.9
LATE = VARIANTS.index("late")
TURNS = Turns(right=40, left=90, back=200)


def streets_of(junctions, rows, no_turn=()):
    """Rows of (start, end, corners between, cost there, cost back)."""
    lines = [[junctions[a], *mid, junctions[b]] for a, b, mid, *_ in rows]
    sizes = [len(line) for line in lines]
    cost = np.array([r[3:5] for r in rows], dtype=np.int32).reshape(-1, 2)
    return Streets(
        crs="EPSG:4548",
        junction_xy=np.array(junctions, dtype=float),
        start=np.array([r[0] for r in rows], dtype=np.int32),
        end=np.array([r[1] for r in rows], dtype=np.int32),
        length_m=np.array([1.0] * len(rows)),
        line_at=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        line_xy=np.array([xy for line in lines for xy in line], dtype=float).reshape(-1, 2),
        walk=cost != CLOSED,
        stairs=np.zeros(len(rows), dtype=bool),
        cycle_ds=cost,
        drive_ds=cost,
        no_turn=np.array(no_turn, dtype=np.int32).reshape(-1, 3),
    )


spots = st.tuples(st.integers(0, 1500), st.integers(0, 1500)).map(lambda p: (p[0] + 0.25, p[1]))
costs = st.one_of(st.just(CLOSED), st.integers(0, 3000))


@st.composite
def towns(draw):
    junctions = draw(st.lists(spots, min_size=2, max_size=9, unique=True))
    at = st.integers(0, len(junctions) - 1)
    row = st.tuples(at, at, st.lists(spots, max_size=2), costs, costs)
    rows = draw(st.lists(row, min_size=1, max_size=18))
    # A loop needs a corner elsewhere to have a length.
    rows = [r for r in rows if r[0] != r[1] or set(r[2]) - {junctions[r[0]]}]
    e = st.integers(0, max(len(rows) - 1, 0))
    bans = draw(st.lists(st.tuples(e, at, e), max_size=4)) if rows else []
    places = st.lists(spots, min_size=1, max_size=7)
    kinds = st.sampled_from(["base", "base", "base", "center_n", "other"])
    venues = draw(st.lists(st.tuples(spots, kinds, st.integers(0, 900)), min_size=1, max_size=7))
    return SimpleNamespace(
        junctions=junctions, rows=rows, bans=bans, cells=draw(places), venues=venues
    )


def nearest_on(rows, junctions, spot):
    """(metres, street, along) of the nearest usable street, by all its pieces."""
    best = (math.inf, -1, 0.0)
    for i, (a, b, mid, there, back) in enumerate(rows):
        if there == back == CLOSED:
            continue
        line = [junctions[a], *mid, junctions[b]]
        length = sum(math.dist(p, q) for p, q in pairwise(line))
        gone = 0.0
        for p, q in pairwise(line):
            piece = math.dist(p, q)
            if piece == 0:
                continue
            f = ((spot[0] - p[0]) * (q[0] - p[0]) + (spot[1] - p[1]) * (q[1] - p[1])) / piece**2
            f = min(max(f, 0), 1)
            metres = math.dist(spot, (p[0] + f * (q[0] - p[0]), p[1] + f * (q[1] - p[1])))
            if metres < best[0] - 1e-9:
                best = (metres, i, (gone + f * piece) / length)
            gone += piece
    return best if best[0] <= MOST_OFF else (math.nan, -1, 0.0)


def off_ds(metres):
    return 0 if math.isnan(metres) else round(metres * 36 / OFF_KMH)


def ways_of(town):
    """{(street, column): (from, to, deciseconds, corners)} of all open ways."""
    ways = {}
    for i, (a, b, mid, there, back) in enumerate(town.rows):
        line = [town.junctions[a], *mid, town.junctions[b]]
        if there != CLOSED:
            ways[i, 0] = (a, b, there, line)
        if back != CLOSED:
            ways[i, 1] = (b, a, back, line[::-1])
    return ways


def by_networkx(town, turns):
    """Deciseconds (cell, venue) in a graph that holds every cell and venue as a node."""
    graph = nx.MultiDiGraph()
    ways = ways_of(town)
    for way, (a, b, cost, _) in ways.items():
        if turns is None:
            graph.add_edge(("j", a), ("j", b), weight=cost)
            continue
        graph.add_node(("w", way))
        for other, turn in onward(town, ways, way, turns):
            graph.add_edge(("w", way), ("w", other), weight=turn + ways[other][2])
    on = {
        (sort, i): nearest_on(town.rows, town.junctions, spot)
        for sort, spots_ in (("c", town.cells), ("v", [v[0] for v in town.venues]))
        for i, spot in enumerate(spots_)
    }
    graph.add_nodes_from(on)
    for c in range(len(town.cells)):
        for node, cost in leave_by(on["c", c], ways, turns):
            graph.add_edge(("c", c), node, weight=cost)
    for v in range(len(town.venues)):
        for node, cost in reach_by(town, on["v", v], ways, turns):
            graph.add_edge(node, ("v", v), weight=cost)
        for c in range(len(town.cells)):
            for cost in along_one_street(on["c", c], on["v", v], ways):
                graph.add_edge(("c", c), ("v", v), weight=cost)
    out = np.full((len(town.cells), len(town.venues)), math.inf)
    for c in range(len(town.cells)):
        found = nx.single_source_dijkstra_path_length(graph, ("c", c))
        for v in range(len(town.venues)):
            out[c, v] = found.get(("v", v), math.inf)
    return out, on


def leave_by(on, ways, turns):
    metres, street, along = on
    for col, left in ((0, 1 - along), (1, along)):
        if (street, col) in ways:
            _, b, cost, _ = ways[street, col]
            node = ("j", b) if turns is None else ("w", (street, col))
            yield node, round(left * cost) + off_ds(metres)


def reach_by(town, on, ways, turns):
    metres, street, along = on
    for col, left in ((0, along), (1, 1 - along)):
        if (street, col) not in ways:
            continue
        a, _, cost, _ = ways[street, col]
        gone = round(left * cost) + off_ds(metres)
        if turns is None:
            yield ("j", a), gone
            continue
        for before in ways:
            for other, turn in onward(town, ways, before, turns):
                if other == (street, col):
                    yield ("w", before), turn + gone


def along_one_street(cell, venue, ways):
    gap = round(venue[2] - cell[2], 9)
    for col, ahead in ((0, gap), (1, -gap)):
        if cell[1] == venue[1] and (cell[1], col) in ways and ahead >= 0:
            yield round(ahead * ways[cell[1], col][2]) + off_ds(cell[0]) + off_ds(venue[0])


def onward(town, ways, way, turns):
    """Ways that may follow a way, and what the turn costs."""
    a, b, _, line = ways[way]
    exits = [w for w in ways if ways[w][0] == b]
    for other in exits:
        _, _, _, path = ways[other]
        u_turn = other == (way[0], 1 - way[1]) and a != b
        if (way[0], b, other[0]) in town.bans or (u_turn and len(exits) > 1):
            continue
        into = (line[-1][0] - line[-2][0], line[-1][1] - line[-2][1])
        out = (path[1][0] - path[0][0], path[1][1] - path[0][1])
        cross, dot = into[0] * out[1] - into[1] * out[0], into[0] * out[0] + into[1] * out[1]
        angle = math.degrees(math.atan2(cross, dot))
        cost = turns.left if angle > 45 else turns.right if angle < -45 else 0
        yield other, turns.back if u_turn else cost


def venue(i, kind, precision):
    return LocatedVenue(
        venue_id=f"V{i}", name_zh="馆", name_en="Hall", kind=kind, tier="-", level="city",
        adcode=(None, "odd", "even")[i % 3], address_zh=None,
        status="unknown" if i % 4 == 3 else "open", source="test", confidence="high",
        lon=0.0, lat=0.0, precision_m=precision, method="test",
    )  # fmt: skip


def engine_of(town, turns, threads=2):
    streets = streets_of(town.junctions, town.rows, town.bans)
    ways = (
        plain_ways(streets, streets.drive_ds)
        if turns is None
        else turning_ways(streets, streets.drive_ds, turns)
    )
    network = Network(streets, ways, OFF_KMH, MOST_OFF, (ways.cost != CLOSED).any(axis=1))
    xy = np.array([spot for spot, *_ in town.venues])
    area = SimpleNamespace(metric=lambda lon, lat: (xy[: len(lon), 0], xy[: len(lat), 1]))
    engine = StreetEngine(area, network, "drive", "test", UNSURE, threads=threads)
    venues = [venue(i, kind, off) for i, (_, kind, off) in enumerate(town.venues)]
    return engine, venues


def demand_of(town):
    return SimpleNamespace(
        sample_xy=np.array(town.cells, dtype=float)[:, None, :],
        cell_district=np.arange(len(town.cells), dtype=np.int32) % 2,
        adcodes=("even", "odd"),
    )


def whole(ds):
    return UNREACHED if ds == math.inf else int((ds + 5) // 10)


@pytest.mark.parametrize("turns", [None, TURNS], ids=["free turns", "costly turns"])
@given(town=towns(), cutoff=st.integers(0, 900))
@settings(max_examples=250, deadline=None)
def test_every_pair_takes_as_long_as_networkx_says(turns, town, cutoff):
    assume(town.rows)
    expected, on = by_networkx(town, turns)
    engine, venues = engine_of(town, turns)
    times = engine.times(demand_of(town), venues, cutoff)

    pairs = {
        (int(c), v): int(s)
        for v in range(len(venues))
        for c, s in zip(
            times.cell[times.indptr[v] : times.indptr[v + 1]],
            times.seconds[times.indptr[v] : times.indptr[v + 1]],
            strict=True,
        )
    }
    assert pairs == {
        (c, v): whole(ds) for (c, v), ds in np.ndenumerate(expected) if whole(ds) <= cutoff
    }
    shift = [round(10 * UNSURE * v.precision_m) for v in venues]
    for k, kind in enumerate(KINDS):
        mine = [v for v, one in enumerate(venues) if one.kind == kind]
        for c in range(len(town.cells)):
            for n, sign in ((0, 0), (1, 1), (2, -1)):
                sure = [v for v in mine if n != LATE or venues[v].status == "open"]
                some = sorted(max(expected[c, v] + sign * shift[v], 0) for v in sure)[:NEAREST]
                kept = [whole(ds) for ds in some]
                kept += [UNREACHED] * (NEAREST - len(kept))
                assert times.near_s[n, k, :, c, 0].tolist() == kept, (kind, VARIANTS[n])
            order = sorted((expected[c, v], v) for v in mine if expected[c, v] < math.inf)
            who = [v for _, v in order][:NEAREST]
            assert times.near_venue[k, :, c, 0].tolist() == who + [-1] * (NEAREST - len(who))
    own_is_the_nearest_of_its_district(times, town, venues, expected, cutoff)
    for c in range(len(town.cells)):
        reached = bool((expected[c] < math.inf).any())
        reason = "reached" if reached else "no_street" if on["c", c][1] < 0 else "no_way"
        assert REASONS[times.reason[c]] == reason
        assert times.snap_m[c] == pytest.approx(on["c", c][0], nan_ok=True, abs=1e-3)


def own_is_the_nearest_of_its_district(times, town, venues, expected, cutoff):
    for (n, k, c), seconds in np.ndenumerate(times.own_s[..., 0]):
        mine = [
            max(expected[c, v] + (0, 1, -1)[n] * round(10 * UNSURE * one.precision_m), 0)
            for v, one in enumerate(venues)
            if one.kind == KINDS[k] and one.adcode == ("even", "odd")[c % 2]
            if n != LATE or one.status == "open"
        ]
        best = whole(min(mine, default=math.inf))
        assert seconds == (best if best <= cutoff else BEYOND), (n, k, c)


@given(town=towns(), most=st.integers(0, 900))
@settings(max_examples=60, deadline=None)
def test_walking_legs_are_the_same_pairs_by_point(town, most):
    assume(town.rows)
    expected, _ = by_networkx(town, None)
    streets = streets_of(town.junctions, town.rows)
    ways = plain_ways(streets, streets.drive_ds)
    network = Network(streets, ways, OFF_KMH, MOST_OFF, (ways.cost != CLOSED).any(axis=1))
    places = np.array([spot for spot, *_ in town.venues])
    legs = StreetWalking(network).legs(np.array(town.cells), places, most)
    found = [
        (c, int(legs.to[i]), int(legs.seconds[i]))
        for c in range(len(town.cells))
        for i in range(legs.at[c], legs.at[c + 1])
    ]
    assert found == [
        (c, v, whole(ds)) for (c, v), ds in np.ndenumerate(expected) if whole(ds) <= most
    ]


@pytest.mark.parametrize("turns", [None, TURNS], ids=["free turns", "costly turns"])
@given(town=towns(), most=st.integers(0, 900), threads=st.integers(1, 2))
@settings(max_examples=120, deadline=None)
def test_sweeps_down_a_hierarchy_find_the_same_rows(turns, town, most, threads):
    assume(town.rows)
    engine, venues = engine_of(town, turns)
    network = engine.network
    here, leave = network.place(np.array(town.cells))
    there, reach = network.place(np.array([spot for spot, *_ in town.venues] * 6))  # two sweeps
    asked = (
        network.ways.leaving(here, leave),
        network.ways.reaching(there, reach),
        network.ways.between(here, leave, there, reach),
        most,
    )
    plain = rows(network.ways.graph, *asked)
    hierarchy = contract(network.ways.graph)
    swept = rows_by_sweep(hierarchy, *asked, threads=threads)
    assert np.array_equal(plain.at, swept.at)
    assert np.array_equal(plain.point, swept.point)
    assert np.array_equal(plain.seconds, swept.seconds)
    assert plain.seconds.dtype == swept.seconds.dtype
    faster = replace(engine, hierarchy=hierarchy)
    one, other = (e.times(demand_of(town), venues, most) for e in (engine, faster))
    assert np.array_equal(one.seconds, other.seconds)
    assert np.array_equal(one.cell, other.cell)


@given(town=towns())
@settings(max_examples=40, deadline=None)
def test_one_thread_and_many_give_the_same(town):
    assume(town.rows)
    one, two = (
        engine.times(demand_of(town), venues, 600)
        for engine, venues in (engine_of(town, None, n) for n in (1, 3))
    )
    for name in ("indptr", "cell", "seconds", "near_s", "near_venue", "own_s", "reason"):
        assert np.array_equal(getattr(one, name), getattr(two, name)), name


def test_a_venue_at_exactly_the_cutoff_is_inside_and_one_second_beyond_is_not():
    # 100 m at 1 m/s: the cell stands on one end of the street, the venue on the other.
    town = SimpleNamespace(
        junctions=[(0.0, 0.0), (100.0, 0.0)],
        rows=[(0, 1, [], 1000, 1000)],
        bans=[],
        cells=[(0.0, 0.0)],
        venues=[((100.0, 0.0), "base", 0)],
    )
    engine, venues = engine_of(town, None)
    assert engine.times(demand_of(town), venues, 100).seconds.tolist() == [100]
    assert engine.times(demand_of(town), venues, 99).seconds.tolist() == []


@pytest.mark.parametrize(("ds", "seconds"), [(1000, 100), (1004, 100), (1005, 101)])
def test_a_junction_at_exactly_the_cutoff_is_inside(ds, seconds):
    # The cell stands at the end of a one-way street: all its ways lead through that junction.
    town = SimpleNamespace(
        junctions=[(0.0, 0.0), (100.0, 0.0), (200.0, 0.0), (300.0, 0.0)],
        rows=[(0, 1, [], 1000, CLOSED), (1, 2, [], ds - 100, ds), (2, 3, [], 100, 100)],
        bans=[],
        cells=[(100.0, 0.0)],
        venues=[((300.0, 0.0), "base", 0)] * 2,
    )
    engine, venues = engine_of(town, None)
    for faster in (engine, replace(engine, hierarchy=contract(engine.network.ways.graph))):
        assert faster.times(demand_of(town), venues, seconds).seconds.tolist() == [seconds] * 2
        assert faster.times(demand_of(town), venues, seconds - 1).seconds.tolist() == []


def test_progress_adds_up_to_the_cells():
    town = SimpleNamespace(
        junctions=[(0.0, 0.0), (100.0, 0.0)],
        rows=[(0, 1, [], 1000, 1000)],
        bans=[],
        cells=[(10.0 * i, 0.0) for i in range(10)],
        venues=[((100.0, 0.0), "base", 0)] * 37,
    )
    engine, venues = engine_of(town, None)
    told = []
    engine.times(demand_of(town), venues, 100, told.append)
    assert sum(told) == 10
    assert len(told) > 1
