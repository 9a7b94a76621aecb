"""Walk, ride and walk over headways: what networkx finds on the whole graph, and on real data."""

import dataclasses
import math
from itertools import pairwise, product
from types import SimpleNamespace

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.test_street_times import venue
from venuenet.model import KINDS, NEAREST, UNREACHED, LocatedVenue
from venuenet.travel.estimate import TransitEstimate
from venuenet.travel.frequent import FrequentTransit
from venuenet.travel.legs import StraightWalking

PACE = 0.75
MINUTES = 480
spots = st.tuples(st.integers(0, 6000), st.integers(0, 6000))


@st.composite
def cities(draw):
    stations = draw(st.lists(spots, min_size=2, max_size=6, unique=True))
    lines = draw(
        st.lists(
            st.lists(st.integers(0, len(stations) - 1), min_size=2, max_size=5, unique=True),
            min_size=1,
            max_size=4,
        )
    )
    links = [
        (f"L{i}", 0, f"S{a}", f"S{b}", draw(st.integers(1, 6)), draw(st.sampled_from([0, 48, 96])))
        for i, line in enumerate(lines)
        for a, b in pairwise(line)
    ]
    at = sorted({(f"S{s}", f"L{i}") for i, line in enumerate(lines) for s in line})
    transfers = [
        (s, a, b, draw(st.integers(1, 9)) / 2)
        for s, a in at
        for t, b in at
        if s == t and a != b and draw(st.booleans())
    ]
    platforms = [(s, line, s, *stations[int(s[1:])]) for s, line in at]
    kinds = st.sampled_from(["base", "base", "center_n"])
    venues = st.lists(st.tuples(spots, kinds, st.integers(0, 500)), min_size=1, max_size=5)
    return SimpleNamespace(
        links=links,
        transfers=transfers,
        platforms=platforms,
        cells=draw(st.lists(spots, min_size=1, max_size=4)),
        venues=draw(venues),
        most_rides=draw(st.sampled_from([None, 1, 2])),
        walk_s=draw(st.sampled_from([300, 1200, 4000])),
        change_s=draw(st.sampled_from([0, 600])),
        tick=draw(st.sampled_from([0.0, 1.0])),
    )


def engine_of(city):
    xy = np.array([spot for spot, *_ in city.venues], dtype=float)
    # Longitude and latitude are metres here; venues are told by their number.
    venues = [
        dataclasses.replace(venue(i, kind, off), lon=float(xy[i, 0]), lat=float(xy[i, 1]))
        for i, (_, kind, off) in enumerate(city.venues)
    ]
    area = SimpleNamespace(metric=lambda x, y: (np.asarray(x, float), np.asarray(y, float)))
    names = ["station_id", "line", "stop_id", "lon", "lat"]
    link_names = ["line", "direction", "from_id", "to_id", "run_min", "trains_window"]
    change_names = ["station_id", "from_line", "to_line", "walk_min"]
    engine = FrequentTransit(
        area=area,
        platforms=pd.DataFrame(city.platforms, columns=names),
        links=pd.DataFrame(city.links, columns=link_names),
        transfers=pd.DataFrame(city.transfers, columns=change_names),
        minutes=MINUTES,
        tick_minutes=city.tick,
        period="test",
        walking=StraightWalking(PACE),
        walk_s=city.walk_s,
        change_walk_s=city.change_s,
        most_rides=city.most_rides,
        unsure_s_per_m=PACE,
        estimated=True,
    )
    return engine, venues


def walk(a, b):
    return round(math.dist(a, b) * PACE)


def whole_tick(minutes, tick):
    return math.ceil(minutes / tick - 1e-9) * tick if tick else minutes


def rides_from(city, line, start):
    """{platform: least minutes of wait and ride} in one vehicle of a line."""
    rows = [r for r in city.links if r[0] == line and r[5] > 0]
    best = {}
    for rare in {MINUTES / r[5] for r in rows}:
        graph = nx.DiGraph()
        for _, _, a, b, run, trains in rows:
            if rare >= MINUTES / trains and run < graph.get_edge_data(a, b, {"w": 1e9})["w"]:
                graph.add_edge(a, b, w=run)
        if start in graph:
            for end, ride in nx.single_source_dijkstra_path_length(
                graph, start, weight="w"
            ).items():
                total = ride + max(rare - city.tick, 0) / 2
                best[end, line] = min(best.get((end, line), math.inf), total)
    return best


def rides_by_networkx(city, where):
    """{platform: {platform: minutes}}, each platform there once for every number of rides left."""
    graph = nx.DiGraph()
    rides_left = 7 if city.most_rides is None else city.most_rides  # no trip needs more than 7
    graph.add_nodes_from((*here, left) for here in where for left in range(rides_left + 1))

    def edge(a, b, minutes):
        if minutes < graph.get_edge_data(a, b, {"weight": math.inf})["weight"]:
            graph.add_edge(a, b, weight=minutes)

    for left in range(rides_left + 1):
        for (here, spot), (there, other) in product(where.items(), repeat=2):
            if here[0] != there[0] and walk(spot, other) <= city.change_s:
                edge((*here, left), (*there, left), whole_tick(walk(spot, other) / 60, city.tick))
        for s, a, b, minutes in city.transfers:
            edge((s, a, left), (s, b, left), whole_tick(minutes, city.tick))
        for here in where if left else ():
            for end, minutes in rides_from(city, here[1], here[0]).items():
                edge((*here, left), (*end, left - 1), minutes)
    out = {}
    for here in where:
        out[here] = {}
        found = nx.single_source_dijkstra_path_length(graph, (*here, rides_left))
        for (s, line, _), minutes in found.items():
            out[here][s, line] = min(out[here].get((s, line), math.inf), minutes)
    return out


def by_networkx(city):
    """Seconds (cell, venue)."""
    where = {(s, line): (x, y) for s, line, _, x, y in city.platforms}
    ride = rides_by_networkx(city, where)
    out = np.array([[walk(cell, place) for place, *_ in city.venues] for cell in city.cells], float)
    for v, (place, *_) in enumerate(city.venues):
        leave = {p: walk(spot, place) for p, spot in where.items()}
        leave = {p: seconds for p, seconds in leave.items() if seconds <= city.walk_s}
        for here, spot in where.items():
            ways = [60 * ride[here][p] + s for p, s in leave.items() if p in ride[here]]
            onward = min(ways, default=math.inf) + 30 * city.tick
            for c, cell in enumerate(city.cells):
                if walk(cell, spot) <= city.walk_s:
                    out[c, v] = min(out[c, v], walk(cell, spot) + onward)
    return out


@given(city=cities())
@settings(max_examples=220, deadline=None)
def test_every_pair_takes_as_long_as_networkx_says(city):
    expected = by_networkx(city)
    engine, venues = engine_of(city)
    demand = SimpleNamespace(
        sample_xy=np.array(city.cells, dtype=float)[:, None, :],
        cell_district=np.zeros(len(city.cells), dtype=np.int32),
        adcodes=(),
    )
    times = engine.times(demand, venues, 65_535)
    found = np.full(expected.shape, UNREACHED)
    of = np.repeat(np.arange(len(venues)), np.diff(times.indptr))
    found[times.cell, of] = times.seconds
    # Halves of a second may fall either way: rides are summed in tenths.
    assert np.abs(found - expected).max() <= 1
    for k, kind in enumerate(KINDS):
        mine = [v for v, one in enumerate(venues) if one.kind == kind]
        for c in range(len(city.cells)):
            kept = sorted(found[c, v] for v in mine)[:NEAREST]
            kept += [UNREACHED] * (NEAREST - len(kept))
            assert times.near_s[0, k, :, c, 0].tolist() == kept


def pack_engine(beijing):
    area, rules = beijing.area, beijing.assumptions
    period = rules.transit.period.value
    at = area.stations.assign(line=area.stations["lines"].str.split("|")).explode("line")
    return FrequentTransit(
        area=area,
        platforms=at.assign(stop_id=at["station_id"])[
            ["station_id", "line", "stop_id", "lon", "lat"]
        ].reset_index(drop=True),
        links=area.links.rename(columns={f"trains_{period}": "trains_window"}),
        transfers=area.transfers,
        minutes=60 * next(p.hours for p in area.meta.periods if p.id == period),
        tick_minutes=1.0,
        period=period,
        walking=StraightWalking(rules.walk.detour.value / (rules.walk.speed_kmh.value / 3.6)),
        walk_s=65_535,
        change_walk_s=0,
        most_rides=None,
        unsure_s_per_m=rules.walk.detour.value / (rules.walk.speed_kmh.value / 3.6),
        estimated=True,
    )


def test_on_the_embedded_subway_it_agrees_with_the_estimate(beijing):
    rng = np.random.default_rng(2)
    cells = np.sort(rng.choice(len(beijing.demand.cell), 250, replace=False))
    names = ("cell", "lon", "lat", "x", "y", "area_km2", "cell_district", "sample_xy")
    few = dataclasses.replace(
        beijing.demand, **{name: getattr(beijing.demand, name)[cells] for name in names}
    )
    venues = [v for v in beijing.area.venues if isinstance(v, LocatedVenue) and v.counts]
    ours = pack_engine(beijing).times(few, venues, 7200)
    theirs = TransitEstimate(beijing.area, beijing.assumptions).times(few, venues, 7200)

    inside = theirs.near_s[0] < 60_000
    assert inside.sum() > 10_000
    assert np.abs(ours.near_s[0][inside] - theirs.near_s[0][inside]).max() <= 1
    assert abs(len(ours.cell) - len(theirs.cell)) <= len(theirs.cell) // 500


def test_a_cap_on_rides_never_shortens_a_trip(beijing):
    names = ("cell", "lon", "lat", "x", "y", "area_km2", "cell_district", "sample_xy")
    few = dataclasses.replace(
        beijing.demand, **{name: getattr(beijing.demand, name)[::200] for name in names}
    )
    venues = [v for v in beijing.area.venues if isinstance(v, LocatedVenue) and v.counts]
    engine = dataclasses.replace(pack_engine(beijing), walk_s=1200)
    near = [
        dataclasses.replace(engine, most_rides=most).times(few, venues, 3600).near_s[0].astype(int)
        for most in (0, 1, 2, 4, None)
    ]
    for fewer, more in pairwise(near):
        assert (fewer >= more).all()
    assert (near[0] > near[2]).any()
    assert (near[3] == near[4]).mean() > 0.95


def test_a_link_at_an_unlisted_platform_is_refused():
    city = SimpleNamespace(
        links=[("L1", 0, "S1", "S9", 3, 48)],
        transfers=[],
        platforms=[("S1", "L1", "S1", 0, 0)],
        venues=[((0, 0), "base", 0)],
        walk_s=600, change_s=0, most_rides=None, tick=1.0,
    )  # fmt: skip
    engine, venues = engine_of(city)
    demand = SimpleNamespace(
        sample_xy=np.zeros((1, 1, 2)), cell_district=np.zeros(1, dtype=np.int32), adcodes=()
    )
    with pytest.raises(ValueError, match="not listed"):
        engine.times(demand, venues, 60)
