"""Roads out of real .osm.pbf files are the streets a person reading the tags would draw."""

import dataclasses
import math
from collections import Counter
from itertools import pairwise

import networkx as nx
import numpy as np
import osmium
import pytest
import shapely
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from osmium.osm.mutable import Node, Relation, Way

from benchmarks import osm_city
from venuenet import crs
from venuenet.errors import NetworkFileError, TravelDataError
from venuenet.travel import arrayfile, osm, roadfile
from venuenet.travel.osm_tags import parse_duration, parse_maxspeed
from venuenet.travel.roadfile import load_streets, main_part, network_for, read_osm, save_streets
from venuenet.travel.roads import hilbert
from venuenet.travel.speeds import HERE, load_speeds

CRS = "EPSG:4548"
LON, LAT = 116.4, 39.9
# Radii of the WGS84 ellipsoid at LAT (meridian M, prime vertical N): metres without pyproj.
A_M, E2 = 6_378_137.0, 0.00669437999014
W2 = 1 - E2 * math.sin(math.radians(LAT)) ** 2
NORTH_M = math.radians(A_M * (1 - E2) / W2**1.5)
EAST_M = math.radians(A_M / math.sqrt(W2) * math.cos(math.radians(LAT)))
PLAIN = {"highway": "residential"}
ELSEWHERE = {901: (5000, 5000), 902: (5000, 5100)}
TABLE = yaml.safe_load(HERE.read_text(encoding="utf-8"))


def degrees(x, y):
    """Degrees of a place in metres from the middle, as OSM keeps them."""
    return round(LON + x / EAST_M, 7), round(LAT + y / NORTH_M, 7)


def write(path, nodes, ways, relations=(), header=None):
    """Write a file: nodes {id: (x, y) or (x, y, tags)}, ways (id, nodes, tags), relations."""
    with osmium.SimpleWriter(str(path), header=header, overwrite=True) as out:
        for number, (x, y, *tags) in sorted(nodes.items()):
            out.add_node(Node(id=number, location=degrees(x, y), tags=tags[0] if tags else {}))
        for number, refs, tags in ways:
            out.add_way(Way(id=number, nodes=refs, tags=tags))
        for i, (members, tags) in enumerate(relations, start=1):
            bound = {"type": "restriction", **tags}
            out.add_relation(Relation(id=i, members=members, tags=bound))
    return path


@dataclasses.dataclass
class Roads:
    """What was read, in the words of the node numbers that were written."""

    streets: object
    meta: dict
    ids: list

    def open(self, profile):
        s = self.streets
        return {"walk": s.walk, "cycle": s.cycle_ds >= 0, "drive": s.drive_ds >= 0}[profile]

    def ways(self, profile):
        """(from, to) of every way a street may be used, node numbers."""
        rows = zip(self.streets.start, self.streets.end, self.open(profile), strict=True)
        found = []
        for a, b, (along, back) in rows:
            found += [(self.ids[a], self.ids[b])] * bool(along)
            found += [(self.ids[b], self.ids[a])] * bool(back)
        return sorted(found, key=str)

    def row(self, a, b):
        """The street between two nodes, and the column of the way from a to b."""
        pairs = [
            (self.ids[s], self.ids[e])
            for s, e in zip(self.streets.start, self.streets.end, strict=True)
        ]
        return (pairs.index((a, b)), 0) if (a, b) in pairs else (pairs.index((b, a)), 1)

    def reach(self, profile, a, b):
        return nx.has_path(nx.DiGraph([*self.ways(profile), (a, a), (b, b)]), a, b)


@pytest.fixture
def read(tmp_path):
    def reading(nodes, ways, relations=(), **more):
        path = write(tmp_path / "town.osm.pbf", nodes, ways, relations)
        streets, meta = read_osm(path, CRS, **more)
        xy = np.column_stack(
            crs.to_metric(*zip(*(degrees(*n[:2]) for n in nodes.values()), strict=True), CRS)
        )
        gap = np.hypot(*(streets.junction_xy[:, None] - xy).T).T
        numbers = list(nodes)
        ids = [numbers[g.argmin()] if g.min() < 0.02 else -i for i, g in enumerate(gap, start=1)]
        return Roads(streets, meta, ids)

    return reading


def sides(open_, column):
    """'>' along the way, '<' back, '<>' both, '' closed."""
    return "<" * bool(open_[1 - column]) + ">" * bool(open_[column])


BOTH, ALONG, BACK, NO = "<>", ">", "<", ""
# tags; on foot, by bicycle, by car
WHO_MAY = [
    ("highway=residential", BOTH, BOTH, BOTH),
    ("highway=trunk", BOTH, BOTH, BOTH),
    ("highway=trunk motorroad=yes", NO, NO, BOTH),
    ("highway=primary expressway=yes", NO, NO, BOTH),
    ("highway=trunk sidewalk=no", NO, BOTH, BOTH),
    ("highway=trunk sidewalk=no foot=yes", BOTH, BOTH, BOTH),
    ("highway=residential sidewalk=no", BOTH, BOTH, BOTH),
    ("highway=motorway", NO, NO, ALONG),
    ("highway=motorway oneway=no", NO, NO, BOTH),
    ("highway=motorway foot=yes bicycle=yes", NO, NO, ALONG),
    ("highway=motorway_link", NO, NO, BOTH),
    ("highway=footway", BOTH, NO, NO),
    ("highway=footway access=yes", BOTH, NO, NO),
    ("highway=footway bicycle=yes", BOTH, BOTH, NO),
    ("highway=footway bicycle=dismount oneway=yes", BOTH, BOTH, NO),
    ("highway=path", BOTH, BOTH, NO),
    ("highway=path foot=no", NO, BOTH, NO),
    ("highway=pedestrian", BOTH, NO, NO),
    ("highway=pedestrian motor_vehicle=yes", BOTH, NO, BOTH),
    ("highway=pedestrian area=yes", BOTH, NO, NO),
    ("highway=pedestrian area=yes motor_vehicle=yes", BOTH, NO, NO),
    ("highway=living_street", BOTH, BOTH, BOTH),
    ("highway=track", BOTH, BOTH, NO),
    ("highway=track motorcar=designated", BOTH, BOTH, BOTH),
    ("highway=bridleway", BOTH, NO, NO),
    ("highway=cycleway", BOTH, BOTH, NO),
    ("highway=cycleway oneway=yes", BOTH, ALONG, NO),
    ("highway=steps", BOTH, NO, NO),
    ("highway=steps bicycle=yes", BOTH, NO, NO),
    ("highway=steps conveying=forward", ALONG, NO, NO),
    ("highway=steps conveying=backward", BACK, NO, NO),
    ("highway=steps conveying=reversible", BOTH, NO, NO),
    ("railway=platform", BOTH, NO, NO),
    ("public_transport=platform area=yes", BOTH, NO, NO),
    ("highway=corridor", BOTH, NO, NO),
    ("highway=service access=private", NO, NO, NO),
    ("highway=service access=no foot=yes", BOTH, NO, NO),
    ("highway=service access=private foot=permissive vehicle=destination", BOTH, BOTH, BOTH),
    ("highway=residential access=destination", BOTH, BOTH, BOTH),
    ("highway=residential access=customers", BOTH, BOTH, BOTH),
    ("highway=residential access=delivery", NO, NO, NO),
    ("highway=residential vehicle=no", BOTH, NO, NO),
    ("highway=residential vehicle=no bicycle=yes", BOTH, BOTH, NO),
    ("highway=residential motor_vehicle=no", BOTH, BOTH, NO),
    ("highway=residential motor_vehicle=no motorcar=yes", BOTH, BOTH, BOTH),
    ("highway=residential motor_vehicle=private", BOTH, BOTH, NO),
    ("highway=residential foot=no", NO, BOTH, BOTH),
    ("highway=residential foot=use_sidepath bicycle=use_sidepath", NO, NO, BOTH),
    ("highway=residential access=whatever", BOTH, BOTH, BOTH),
    ("highway=residential foot=whatever", BOTH, BOTH, BOTH),
    ("highway=residential foot=whatever access=no", NO, NO, NO),
    ("highway=residential oneway=yes", BOTH, ALONG, ALONG),
    ("highway=residential oneway=1", BOTH, ALONG, ALONG),
    ("highway=residential oneway=-1", BOTH, BACK, BACK),
    ("highway=residential oneway=reverse", BOTH, BACK, BACK),
    ("highway=residential oneway=no", BOTH, BOTH, BOTH),
    ("highway=residential oneway=reversible", BOTH, NO, NO),
    ("highway=residential oneway=alternating", BOTH, BOTH, BOTH),
    ("highway=residential oneway=broken", BOTH, BOTH, BOTH),
    ("highway=residential junction=roundabout", BOTH, ALONG, ALONG),
    ("highway=residential junction=roundabout oneway=no", BOTH, BOTH, BOTH),
    ("highway=residential oneway=yes oneway:bicycle=no", BOTH, BOTH, ALONG),
    ("highway=residential oneway:bicycle=-1", BOTH, BACK, BOTH),
    ("highway=residential oneway=yes cycleway=opposite", BOTH, BOTH, ALONG),
    ("highway=residential oneway=yes cycleway:left=opposite_lane", BOTH, BOTH, ALONG),
    ("highway=residential oneway=yes cycleway:left:oneway=-1", BOTH, BOTH, ALONG),
    ("highway=residential oneway=yes cycleway=lane", BOTH, ALONG, ALONG),
    ("highway=footway oneway=yes", BOTH, NO, NO),
    ("highway=footway oneway:foot=yes", ALONG, NO, NO),
    ("route=ferry", BOTH, BOTH, NO),
    ("route=ferry motor_vehicle=yes", BOTH, BOTH, BOTH),
    ("route=ferry bicycle=no", BOTH, NO, NO),
    ("route=bus", NO, NO, NO),
    ("railway=rail", NO, NO, NO),
    ("highway=construction construction=primary", NO, NO, NO),
    ("highway=proposed", NO, NO, NO),
    ("highway=abandoned", NO, NO, NO),
    ("highway=bus_stop", NO, NO, NO),
    ("highway=busway", NO, NO, NO),
    ("highway=service area=yes", NO, NO, NO),
    ("highway=residential tunnel=yes layer=-1", BOTH, BOTH, BOTH),
    ("highway=residential bridge=yes", BOTH, BOTH, BOTH),
]


@pytest.mark.parametrize(("tags", "walk", "cycle", "drive"), WHO_MAY, ids=lambda v: v or "-")
def test_tags_say_who_may_use_a_street_and_which_way(read, tags, walk, cycle, drive):
    tags = dict(t.split("=", 1) for t in tags.split())
    nodes = {1: (0, 0), 2: (100, 0), **ELSEWHERE}
    roads = read(nodes, [(1, [1, 2], tags), (9, [901, 902], PLAIN)])
    if not walk + cycle + drive:
        assert set(roads.ids) == {901, 902}
        return
    row, column = roads.row(1, 2)
    for profile, said in (("walk", walk), ("cycle", cycle), ("drive", drive)):
        assert sides(roads.open(profile)[row], column) == said, profile
    assert roads.streets.stairs[row] == (tags.get("highway") == "steps")


# tags; km/h by car along and back, km/h by bicycle
HOW_FAST = [
    ("highway=residential", 20, 20, 14),
    ("highway=primary", 36, 36, 15),
    ("highway=primary maxspeed=30", 27, 27, 15),
    ("highway=primary maxspeed=80", 36, 36, 15),
    ("highway=primary maxspeed=20_mph", 28.968192, 28.968192, 15),
    ("highway=primary maxspeed=30_km/h", 27, 27, 15),
    ("highway=primary maxspeed:backward=20", 36, 18, 15),
    ("highway=motorway oneway=no maxspeed=CN:urban", 45, 45, None),
    ("highway=primary maxspeed=walk", 36, 36, 15),
    ("highway=primary maxspeed=none", 36, 36, 15),
    ("highway=primary maxspeed=0", 36, 36, 15),
    ("highway=primary maxspeed=-30", 36, 36, 15),
    ("highway=primary maxspeed=999", 36, 36, 15),
    ("highway=residential surface=gravel", 12, 12, 10.5),
    ("highway=residential surface=sett", 14, 14, 10.5),
    ("highway=residential surface=asphalt", 20, 20, 14),
    ("highway=footway bicycle=dismount", None, None, 4),
    ("route=ferry motorcar=yes", 10, 10, 10),
    ("route=ferry motorcar=yes duration=00:06", 10.0, 10.0, 10.0),
    ("route=ferry motorcar=yes duration=2", 30, 30, 30),
    ("route=ferry motorcar=yes duration=PT4M", 15, 15, 15),
    ("route=ferry motorcar=yes duration=00:00:05", 10, 10, 10),
    ("route=ferry motorcar=yes duration=soon", 10, 10, 10),
]


@pytest.mark.parametrize(("tags", "along", "back", "cycle"), HOW_FAST)
def test_a_street_takes_its_length_by_the_speed_of_its_class_surface_and_limit(
    read, tags, along, back, cycle
):
    tags = {k: v.replace("_", " ", 1) if k == "maxspeed" else v
            for k, v in (t.split("=", 1) for t in tags.split())}  # fmt: skip
    roads = read({1: (0, 0), 2: (400, 0), 3: (1000, 0)}, [(1, [1, 2, 3], tags)])
    row, column = roads.row(1, 3)

    def ds(kmh):
        return -1 if kmh is None else pytest.approx(1000 / kmh * 36, abs=1.1)

    assert roads.streets.drive_ds[row, column] == ds(along)
    assert roads.streets.drive_ds[row, 1 - column] == ds(back)
    assert roads.streets.cycle_ds[row, column] == ds(cycle)


@pytest.mark.parametrize(
    ("text", "kmh"),
    [("50", 50), (" 50 ", 50), ("30 mph", 48.28032), ("CN:rural", 70), ("DE:motorway", 120),
     ("50;60", None), ("abc", None), ("", None), ("4", None), ("201", None), ("CN:", None)],
)  # fmt: skip
def test_maxspeed_is_read_or_ignored(text, kmh):
    assert parse_maxspeed(text) == (kmh if kmh is None else pytest.approx(kmh))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("20", 1200), ("1:30", 5400), ("00:01:30", 90), ("PT1H5M", 3900), ("PT", None), ("", None),
     ("0", None), ("1 h", None)],
)  # fmt: skip
def test_a_duration_is_read_or_ignored(text, seconds):
    assert parse_duration(text) == seconds


def test_ways_are_cut_where_they_meet_and_drawn_through_their_bends(read):
    nodes = {1: (0, 0), 2: (100, 10), 3: (200, 0), 4: (300, 0), 5: (200, 90)}
    roads = read(nodes, [(1, [1, 2, 3, 4], PLAIN), (2, [3, 5], PLAIN)])
    assert roads.ways("walk") == [(1, 3), (3, 1), (3, 4), (3, 5), (4, 3), (5, 3)]
    row, _ = roads.row(1, 3)
    s = roads.streets
    line = s.line_xy[s.line_at[row] : s.line_at[row + 1]]
    assert len(line) == 3
    assert (line[[0, -1]] == s.junction_xy[[s.start[row], s.end[row]]]).all()
    assert s.length_m[row] == pytest.approx(2 * math.hypot(100, 10), abs=0.03)
    assert roads.meta["junctions"] == 4 and roads.meta["streets"] == 3


def test_ways_of_the_same_rules_are_one_street_whichever_way_they_were_drawn(read):
    nodes = {1: (0, 0), 2: (100, 0), 3: (200, 0), 4: (300, 0)}
    ways = [(1, [2, 1], PLAIN), (2, [2, 3], PLAIN | {"name": "b"}), (3, [4, 3], PLAIN)]
    assert read(nodes, ways).ways("drive") == [(1, 4), (4, 1)]
    oneway = [
        (1, [2, 1], PLAIN | {"oneway": "-1"}),
        (2, [2, 3], PLAIN | {"oneway": "yes"}),
        (3, [4, 3], PLAIN | {"oneway": "-1"}),
    ]
    assert read(nodes, oneway).ways("drive") == [(1, 4)]


@pytest.mark.parametrize(
    "other",
    ["highway=tertiary", "highway=residential oneway=yes", "highway=footway",
     "highway=residential maxspeed=10"],
)  # fmt: skip
def test_a_street_ends_where_the_rules_change(read, other):
    tags = dict(t.split("=") for t in other.split())
    nodes = {1: (0, 0), 2: (100, 0), 3: (200, 0)}
    assert set(read(nodes, [(1, [1, 2], PLAIN), (2, [2, 3], tags)]).ids) == {1, 2, 3}


def test_stairs_are_never_merged_into_a_footway(read):
    nodes = {1: (0, 0), 2: (100, 0), 3: (200, 0)}
    ways = [(1, [1, 2], {"highway": "footway"}), (2, [2, 3], {"highway": "steps"})]
    roads = read(nodes, ways)
    assert [bool(roads.streets.stairs[roads.row(*pair)[0]]) for pair in ((1, 2), (2, 3))] == [
        False,
        True,
    ]


def test_rings_loops_and_parallel_streets_are_kept(read):
    nodes = {
        1: (0, 0), 2: (100, 0), 3: (50, 50), 4: (200, 0), 5: (250, 50), 6: (250, -50),
        11: (900, 0), 12: (950, 0), 13: (950, 50), 7: (-50, 0),
    }  # fmt: skip
    ways = [
        (1, [1, 2], PLAIN),
        (2, [1, 3, 2], PLAIN),
        (3, [2, 4], PLAIN),
        (4, [4, 5, 6, 4], PLAIN),
        (5, [11, 12, 13, 11], PLAIN),
        (6, [7, 1], PLAIN),
    ]
    roads = read(nodes, ways)
    pairs = [(roads.ids[a], roads.ids[b])
             for a, b in zip(roads.streets.start, roads.streets.end, strict=True)]  # fmt: skip
    assert sorted(tuple(sorted(p)) for p in pairs) == [
        (1, 2), (1, 2), (1, 7), (2, 4), (4, 4), (11, 11),
    ]  # fmt: skip


def test_repeated_nodes_and_missing_nodes_break_nothing(read):
    nodes = {1: (0, 0), 2: (100, 0), 3: (200, 0), 5: (400, 0), 6: (500, 0)}
    roads = read(nodes, [(1, [1, 2, 2, 3, 4, 5, 6], PLAIN), (2, [6], PLAIN)])
    assert roads.ways("walk") == [(1, 3), (3, 1), (5, 6), (6, 5)]
    assert roads.meta["ignored"] == {
        "nodes_without_position": 1, "pieces_without_position": 2, "short": 1,
    }  # fmt: skip


# tags of the node; who gets past: on foot, by bicycle, by car
WHO_PASSES = [
    ("barrier=gate", "wcd"),
    ("barrier=lift_gate", "wcd"),
    ("barrier=gate access=private", ""),
    ("barrier=gate access=no foot=yes", "w"),
    ("barrier=gate motor_vehicle=no", "wc"),
    ("barrier=gate locked=yes", ""),
    ("barrier=gate locked=yes foot=yes", "w"),
    ("barrier=bollard", "wc"),
    ("barrier=bollard motorcar=yes", "wcd"),
    ("barrier=bollard bicycle=no", "w"),
    ("barrier=block", "wc"),
    ("barrier=cycle_barrier", "wc"),
    ("barrier=stile", "w"),
    ("barrier=turnstile", "w"),
    ("barrier=toll_booth", "wcd"),
    ("barrier=wall", ""),
    ("barrier=never_heard_of", "wc"),
    ("access=no", "wcd"),
]


@pytest.mark.parametrize(("tags", "who"), WHO_PASSES)
@pytest.mark.parametrize("ways", [[[1, 2, 3]], [[1, 2], [2, 3]], [[3, 2], [1, 2]]])
def test_a_barrier_lets_pass_whom_its_tags_or_its_kind_say(read, tags, who, ways):
    tags = dict(t.split("=") for t in tags.split())
    roads = read(
        {1: (0, 0), 2: (50, 0, tags), 3: (100, 0)},
        [(i, refs, PLAIN) for i, refs in enumerate(ways, start=1)],
    )
    for profile in ("walk", "cycle", "drive"):
        assert roads.reach(profile, 1, 3) == roads.reach(profile, 3, 1) == (profile[0] in who)
    # Whoever does not pass may use all of the street but a metre of it.
    metres = roads.streets.length_m[roads.open("drive").all(axis=1)].sum()
    assert metres == pytest.approx(100 if "d" in who else 99, abs=0.03)


def test_two_barriers_close_a_street_at_both(read):
    nodes = {1: (0, 0), 2: (50, 0, {"barrier": "stile"}), 3: (51, 0, {"barrier": "wall"}),
             4: (100, 0)}  # fmt: skip
    roads = read(nodes, [(1, [1, 2, 3, 4], PLAIN)])
    assert not roads.reach("walk", 1, 4)
    assert roads.streets.length_m.sum() == pytest.approx(99, abs=0.03)  # nobody's metre is gone


def test_a_barrier_where_streets_meet_closes_nothing_and_is_counted(read):
    nodes = {1: (0, 0), 2: (50, 0, {"barrier": "bollard"}), 3: (100, 0), 4: (50, 50)}
    roads = read(nodes, [(1, [1, 2, 3], PLAIN), (2, [2, 4], PLAIN)])
    assert roads.reach("drive", 1, 3)
    assert roads.meta["ignored"]["barrier_at_junction"] == 1


# tags of the node; deciseconds lost by car coming from 1, coming from 3; by bicycle from 1
DELAYS = [
    ("highway=traffic_signals", 120, 120, 150),
    ("highway=traffic_signals traffic_signals:direction=forward", 120, 0, 150),
    ("highway=traffic_signals direction=backward", 0, 120, 0),
    ("highway=stop", 60, 60, 20),
    ("highway=give_way direction=forward", 30, 0, 10),
    ("highway=crossing", 10, 10, 0),
    ("highway=crossing crossing=traffic_signals", 120, 120, 150),
    ("railway=level_crossing", 150, 150, 150),
    ("highway=street_lamp", 0, 0, 0),
]


@pytest.mark.parametrize(("tags", "there", "back", "cycle"), DELAYS)
def test_the_delay_at_a_junction_is_paid_by_who_arrives(read, tags, there, back, cycle):
    tags = dict(t.split("=") for t in tags.split())
    roads = read({1: (0, 0), 2: (100, 0, tags), 3: (200, 0)}, [(1, [1, 2, 3], PLAIN)])
    graph = {p: nx.DiGraph() for p in ("drive", "cycle")}
    s = roads.streets
    for a, b, drive, ride in zip(s.start, s.end, s.drive_ds, s.cycle_ds, strict=True):
        for profile, ds in (("drive", drive), ("cycle", ride)):
            graph[profile].add_edge(roads.ids[a], roads.ids[b], ds=ds[0])
            graph[profile].add_edge(roads.ids[b], roads.ids[a], ds=ds[1])
    lost = [
        nx.shortest_path_length(graph[p], a, b, "ds") - 200 / kmh * 36
        for p, a, b, kmh in (("drive", 1, 3, 20), ("drive", 3, 1, 20), ("cycle", 1, 3, 14))
    ]
    assert lost == pytest.approx([there, back, cycle], abs=1.2)


def test_a_street_ends_at_a_delay_so_that_its_pace_is_even(read):
    nodes = {1: (0, 0), 2: (100, 0, {"highway": "traffic_signals"}), 3: (200, 0)}
    assert set(read(nodes, [(1, [1, 2, 3], PLAIN)]).ids) == {1, 2, 3}


def test_each_ferry_is_timed_by_its_own_length(read):
    tags = {"route": "ferry", "duration": "00:03"}
    nodes = {1: (0, 0), 2: (500, 0), 3: (0, 900), 4: (1000, 900)}
    roads = read(nodes, [(1, [1, 2], tags), (2, [3, 4], tags)])
    assert roads.streets.cycle_ds == pytest.approx(np.full((2, 2), 1800), abs=1)


def test_a_delay_where_streets_cross_is_paid_from_all_sides(read):
    nodes = {1: (0, 0), 2: (100, 0, {"highway": "stop", "direction": "forward"}),
             3: (200, 0), 4: (100, 100)}  # fmt: skip
    roads = read(nodes, [(1, [1, 2, 3], PLAIN), (2, [2, 4], PLAIN)])
    for a in (1, 3, 4):
        row, column = roads.row(a, 2)
        assert roads.streets.drive_ds[row, [column, 1 - column]] == pytest.approx([240, 180], abs=1)


CROSS = {1: (0, 0), 2: (200, 0), 3: (100, -100), 4: (100, 100), 5: (100, 0)}
ARMS = [(11, [1, 5], PLAIN), (12, [5, 2], PLAIN), (13, [3, 5], PLAIN), (14, [5, 4], PLAIN)]


def turn(came, went, via=5):
    return [("w", came, "from"), ("n", via, "via"), ("w", went, "to")]


def turns(roads):
    """no_turn as (node the street comes from, node it meets, node the other leads to)."""
    s = roads.streets

    def far(street, near):
        return roads.ids[s.end[street] if s.start[street] == near else s.start[street]]

    return sorted((far(a, j), roads.ids[j], far(b, j)) for a, j, b in s.no_turn)


TURNS = [
    ([(turn(11, 14), "no_left_turn")], [(1, 5, 4)], {}),
    ([(turn(11, 11), "no_u_turn")], [(1, 5, 1)], {}),
    ([(turn(11, 12), "only_straight_on")], [(1, 5, 1), (1, 5, 3), (1, 5, 4)], {}),
    ([([("w", 11, "from"), ("w", 12, "from"), ("n", 5, "via"), ("w", 14, "to")], "no_entry")],
     [(1, 5, 4), (2, 5, 4)], {}),
    ([(turn(11, 14), "no_left_turn")] * 2, [(1, 5, 4)], {}),
    ([(turn(11, 99), "no_left_turn")], [], {"restriction_no_such_turn": 1}),
    ([(turn(11, 14, via=77), "no_left_turn")], [], {"restriction_no_such_turn": 1}),
    ([(turn(11, 14, via=1), "no_left_turn")], [], {"restriction_no_such_turn": 1}),
    ([([("w", 11, "from"), ("w", 12, "via"), ("w", 14, "to")], "no_u_turn")], [],
     {"restriction_via_way": 1}),
    ([(turn(11, 14)[:2], "no_u_turn")], [], {"restriction_incomplete": 1}),
    ([(turn(11, 14), "nonsense")], [], {"restriction_other": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("relations", "rows", "ignored"), TURNS)
def test_restrictions_become_turns_nobody_may_drive(read, relations, rows, ignored):
    relations = [(members, {"restriction": kind}) for members, kind in relations]
    roads = read(CROSS, ARMS, relations)
    assert turns(roads) == rows
    assert roads.meta["ignored"] == ignored
    assert roads.meta["no_turns"] == len(rows)


@pytest.mark.parametrize(
    ("tags", "why"),
    [({"restriction": "no_left_turn", "except": "psv;motorcar"}, "restriction_except"),
     ({"restriction:conditional": "no_left_turn @ (07:00-09:00)"}, "restriction_conditional"),
     ({"restriction:hgv": "no_left_turn"}, "restriction_other")],
)  # fmt: skip
def test_restrictions_that_bind_no_driver_are_counted(read, tags, why):
    roads = read(CROSS, ARMS, [(turn(11, 14), tags)])
    assert turns(roads) == [] and roads.meta["ignored"] == {why: 1}


def test_a_restriction_on_a_way_that_passes_through_is_not_guessed_at(read):
    through = [(11, [1, 5, 2], PLAIN), *ARMS[2:]]
    roads = read(CROSS, through, [(turn(11, 14), {"restriction": "no_left_turn"})])
    assert turns(roads) == [] and roads.meta["ignored"] == {"restriction_ambiguous": 1}
    oneway = [(11, [1, 5, 2], PLAIN | {"oneway": "yes"}), *ARMS[2:]]
    roads = read(CROSS, oneway, [(turn(11, 14), {"restriction": "no_left_turn"})])
    assert turns(roads) == [(1, 5, 4)]


def test_a_restriction_for_cars_alone_binds_drivers(read):
    roads = read(CROSS, ARMS, [(turn(11, 14), {"restriction:motorcar": "no_left_turn"})])
    assert turns(roads) == [(1, 5, 4)]


def test_turns_one_way_streets_rule_out_are_not_listed(read):
    away = [(11, [5, 1], PLAIN | {"oneway": "yes"}), *ARMS[1:]]
    roads = read(CROSS, away, [(turn(11, 14), {"restriction": "no_left_turn"})])
    assert turns(roads) == [] and roads.meta["ignored"] == {"restriction_no_such_turn": 1}
    towards = [*ARMS[:3], (14, [4, 5], PLAIN | {"oneway": "yes"})]
    roads = read(CROSS, towards, [(turn(11, 14), {"restriction": "no_left_turn"})])
    assert turns(roads) == [] and roads.meta["ignored"] == {"restriction_no_such_turn": 1}
    roads = read(CROSS, towards, [(turn(11, 12), {"restriction": "only_straight_on"})])
    assert turns(roads) == [(1, 5, 1), (1, 5, 3)]


def test_a_restriction_at_a_street_that_begins_and_ends_there_is_not_guessed_at(read):
    loop = [*ARMS[:3], (14, [5, 4, 6, 5], PLAIN | {"oneway": "yes"})]
    roads = read(CROSS | {6: (200, 100)}, loop, [(turn(11, 14), {"restriction": "no_left_turn"})])
    assert turns(roads) == [] and roads.meta["ignored"] == {"restriction_ambiguous": 1}


def test_a_restriction_keeps_its_node_a_junction(read):
    ways = [(11, [1, 5], PLAIN), (12, [5, 2], PLAIN)]
    roads = read(CROSS, ways, [(turn(11, 12), {"restriction": "no_straight_on"})])
    assert turns(roads) == [(1, 5, 2)]


def test_ways_without_a_node_in_the_area_are_left_out_and_others_kept_whole(read):
    nodes = {1: (0, 0), 2: (100, 0), 3: (4000, 0), 4: (4000, 0), 5: (4100, 0)}
    (west, south), (east, north) = degrees(-50, -50), degrees(50, 50)
    roads = read(nodes, [(1, [1, 2, 3], PLAIN), (2, [4, 5], PLAIN)],
                 clip=shapely.box(west, south, east, north))  # fmt: skip
    assert roads.streets.length_m == pytest.approx([4000], abs=0.1)
    assert roads.meta["ignored"] == {"outside_area": 1}


def test_the_meta_data_counts_what_is_cut_off_and_what_was_ignored(read):
    nodes = {1: (0, 0), 2: (100, 0), 3: (200, 0), 4: (900, 0), 5: (1000, 0)}
    ways = [
        (1, [1, 2], PLAIN),
        (2, [2, 3], PLAIN | {"oneway": "yes"}),
        (3, [4, 5], {"highway": "footway"}),
        (4, [1, 3], {"highway": "construction"}),
        (5, [1, 3], {"highway": "service", "access": "no"}),
        (6, [1, 3], {"highway": "bus_stop"}),
        (7, [1, 3, 2, 1], {"highway": "service", "area": "yes"}),
    ]
    roads = read(nodes, ways)
    meta = roads.meta
    parts = {p: main_part(roads.streets, p) for p in ("walk", "drive")}
    assert [roads.row(1, 2)[0]] == np.flatnonzero(parts["drive"])
    assert parts["walk"].sum() == 2 and not parts["walk"][roads.row(4, 5)[0]]
    assert meta["ignored"] == {"area": 1, "closed": 1, "not_in_use": 1, "other_highway": 1}
    assert meta["walk"] == {
        "streets": 3, "ways": 6, "junctions": 5,
        "streets_outside_largest": 1, "junctions_outside_largest": 2,
    }  # fmt: skip
    assert meta["drive"] == {
        "streets": 2, "ways": 3, "junctions": 3,
        "streets_outside_largest": 1, "junctions_outside_largest": 1,
    }  # fmt: skip


def test_the_date_is_the_headers_or_that_of_the_newest_road(tmp_path):
    header = osmium.io.Header()
    header.set("osmosis_replication_timestamp", "2026-03-04T05:06:07Z")
    nodes = {1: (0, 0), 2: (100, 0)}
    path = write(tmp_path / "a.osm.pbf", nodes, [(1, [1, 2], PLAIN)], header=header)
    assert read_osm(path, CRS)[1]["timestamp"] == "2026-03-04T05:06:07Z"
    path = write(tmp_path / "b.osm.pbf", nodes, [(1, [1, 2], PLAIN)])
    assert read_osm(path, CRS)[1]["timestamp"] is None
    with osmium.SimpleWriter(str(path), overwrite=True) as out:
        for i in (1, 2):
            out.add_node(Node(id=i, location=degrees(i, 0)))
        for i, day in ((1, "2025-01-02T00:00:00Z"), (2, "2024-01-02T00:00:00Z")):
            out.add_way(Way(id=i, nodes=[1, 2], tags=PLAIN, timestamp=day, version=1))
    assert read_osm(path, CRS)[1]["timestamp"] == "2025-01-02T00:00:00Z"


def test_hilbert_numbers_step_from_neighbour_to_neighbour():
    grid = np.array([(x, y) for x in range(64) for y in range(64)], float)
    path = grid[np.argsort(hilbert(grid))]
    assert (np.abs(np.diff(path, axis=0)).sum(axis=1) == 1).all()


# An independent reading of a few tags: metres and seconds from node to node, nothing merged.
CLASSES = {
    "residential": {"highway": "residential"},
    "oneway": {"highway": "residential", "oneway": "yes"},
    "against": {"highway": "tertiary", "oneway": "-1"},
    "footway": {"highway": "footway"},
    "steps": {"highway": "steps"},
    "motorway": {"highway": "motorway"},
}
DRIVEN = {"residential": "<>", "oneway": ">", "against": "<", "motorway": ">"}
SIGNALS_S = TABLE["drive"]["delay_s"]["traffic_signals"]["value"]


@st.composite
def towns(draw):
    n = draw(st.integers(3, 12))
    spot = st.tuples(st.integers(-400, 400), st.integers(-400, 400))
    places = draw(st.lists(spot, min_size=n, max_size=n, unique=True))
    signals = draw(st.sets(st.integers(1, n), max_size=2))
    refs = st.lists(st.integers(1, n), min_size=2, max_size=6)
    ways = draw(st.lists(st.tuples(refs, st.sampled_from(sorted(CLASSES))), min_size=1, max_size=8))
    return places, signals, ways


def plain_graphs(places, signals, ways):
    """Walk (metres) and drive (seconds) graphs over all nodes, straight from the lists."""
    walk, drive = nx.DiGraph(), nx.DiGraph()

    def add(graph, a, b, cost):
        if cost < graph.get_edge_data(a, b, {"cost": math.inf})["cost"]:
            graph.add_edge(a, b, cost=cost)

    for refs, kind in ways:
        for a, b in pairwise(refs):
            (x, y), (x2, y2) = (degrees(*places[i - 1]) for i in (a, b))
            mid = math.radians((y + y2) / 2)
            w2 = 1 - E2 * math.sin(mid) ** 2
            north = math.radians(y2 - y) * A_M * (1 - E2) / w2**1.5
            east = math.radians(x2 - x) * A_M / math.sqrt(w2) * math.cos(mid)
            metres = math.hypot(north, east)
            if kind != "motorway":
                add(walk, a, b, metres)
                add(walk, b, a, metres)
            name = CLASSES[kind]["highway"]
            if kind in DRIVEN:
                seconds = metres * 3.6 / TABLE["drive"]["speed_kmh"][name]["value"]
                for u, v, way in ((a, b, ">"), (b, a, "<")):
                    if way in DRIVEN[kind]:
                        add(drive, u, v, seconds + SIGNALS_S * (v in signals))
    return walk, drive


@given(town=towns())
@settings(max_examples=80, deadline=None)
def test_the_merged_network_is_as_far_as_the_unmerged_one(town, tmp_path_factory):
    places, signals, ways = town
    lit = {"highway": "traffic_signals"}
    nodes = {
        i: (*place, lit if i in signals else {}) for i, place in enumerate(places, start=1)
    } | ELSEWHERE
    path = write(
        tmp_path_factory.mktemp("town") / "town.osm.pbf",
        nodes,
        [(9, [901, 902], PLAIN)]
        + [(i, refs, CLASSES[kind]) for i, (refs, kind) in enumerate(ways, start=10)],
    )
    s, _ = read_osm(path, CRS)
    walk, drive = plain_graphs(places, signals, ways)
    xy = np.column_stack(crs.to_metric(*zip(*(degrees(*p) for p in places), strict=True), CRS))
    near = np.hypot(*(s.junction_xy[:, None] - xy).T)  # (places, junctions)
    number = {j: int(near[:, j].argmin()) + 1 for j in np.flatnonzero(near.min(axis=0) < 0.01)}
    arms = Counter(end for refs, _ in ways for a, b in pairwise(refs) if a != b for end in (a, b))
    crossings = {n for n, count in arms.items() if count != 2}
    assert crossings <= set(number.values())
    merged = {"walk": nx.DiGraph(), "drive": nx.DiGraph()}
    for row, (a, b) in enumerate(zip(s.start, s.end, strict=True)):
        for u, v, column in ((a, b, 0), (b, a, 1)):
            for profile, usable, cost in (
                ("walk", s.walk[row, column], s.length_m[row]),
                ("drive", s.drive_ds[row, column] >= 0, s.drive_ds[row, column] / 10),
            ):
                known = merged[profile].get_edge_data(u, v, {"cost": math.inf})["cost"]
                if usable and cost < known:
                    merged[profile].add_edge(u, v, cost=cost)
    for profile, plain, slack in (
        ("walk", walk, 1e-4),
        ("drive", drive, 0.06 * len(s.start) + 0.1),
    ):
        for a, place in number.items():
            want = (
                nx.single_source_dijkstra_path_length(plain, place, weight="cost")
                if (place in plain)
                else {place: 0}
            )
            got = (
                nx.single_source_dijkstra_path_length(merged[profile], a, weight="cost")
                if (a in merged[profile])
                else {a: 0}
            )
            got = {number[j]: cost for j, cost in got.items()}
            assert got == pytest.approx(
                {p: want[p] for p in want if p in number.values()}, abs=slack
            )


def small(folder, name="town.osm.pbf", tags=PLAIN):
    nodes = {1: (0, 0), 2: (300, 40), 3: (500, 0), 4: (300, 400)}
    return write(folder / name, nodes, [(1, [1, 2, 3], tags), (2, [4, 2], {"highway": "steps"})])


def arrays(streets):
    return {f.name: getattr(streets, f.name) for f in dataclasses.fields(streets)}


def test_a_saved_network_comes_back_as_it_was_and_cannot_be_written_to(tmp_path):
    streets, meta = read_osm(small(tmp_path), CRS)
    save_streets(tmp_path / "kept.arrow", streets, meta)
    back, about = load_streets(tmp_path / "kept.arrow")
    assert about == {**meta, "crs": CRS} and back.crs == CRS
    for name, array in arrays(streets).items():
        if name != "crs":
            kept = getattr(back, name)
            assert kept.dtype == array.dtype and kept.shape == array.shape
            assert kept.tobytes() == array.tobytes()
            assert not kept.flags.writeable


def test_junctions_are_numbered_along_the_curve_and_streets_by_their_junctions(tmp_path):
    osm_city.write(osm_city.make(500), tmp_path / "town.osm.pbf")
    streets, _ = read_osm(tmp_path / "town.osm.pbf", CRS)
    assert (np.diff(hilbert(streets.junction_xy)) >= 0).all()
    assert sorted(zip(streets.start, streets.end, strict=True)) == list(
        zip(streets.start, streets.end, strict=True)
    )


def test_the_same_input_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        save_streets(tmp_path / name, *read_osm(small(tmp_path), CRS))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_arrays_have_the_types_the_engines_expect(tmp_path):
    streets, _ = read_osm(small(tmp_path), CRS)
    types = {n: a.dtype.name for n, a in arrays(streets).items() if n != "crs"}
    assert types == {
        "junction_xy": "float64", "start": "int32", "end": "int32", "length_m": "float64",
        "line_at": "int64", "line_xy": "float64", "walk": "bool", "stairs": "bool",
        "cycle_ds": "int32", "drive_ds": "int32", "no_turn": "int32",
    }  # fmt: skip
    assert streets.no_turn.shape == (0, 3)


def test_a_write_that_fails_leaves_the_old_network(tmp_path, monkeypatch):
    streets, meta = read_osm(small(tmp_path), CRS)
    kept = tmp_path / "kept.arrow"
    save_streets(kept, streets, meta)
    before = kept.read_bytes()

    def half(*_args, **_more):
        raise OSError("disk full")

    monkeypatch.setattr(arrayfile.pa.ipc.RecordBatchFileWriter, "write_batch", half, raising=False)
    monkeypatch.setattr(arrayfile.pa, "record_batch", half)
    with pytest.raises(OSError, match="disk full"):
        save_streets(kept, streets, {"other": 1})
    assert kept.read_bytes() == before
    assert {p.name for p in tmp_path.iterdir()} == {"kept.arrow", "town.osm.pbf"}


@pytest.mark.parametrize(
    "spoil", [lambda b: b[: len(b) // 2], lambda _b: b"", lambda _b: b"x" * 99]
)
def test_a_spoilt_network_file_is_refused(tmp_path, spoil):
    kept = tmp_path / "kept.arrow"
    save_streets(kept, *read_osm(small(tmp_path), CRS))
    kept.write_bytes(spoil(kept.read_bytes()))
    with pytest.raises(NetworkFileError):
        load_streets(kept)


def test_a_network_is_made_once_per_input(tmp_path, monkeypatch):
    source, cache = small(tmp_path), tmp_path / "cache"
    made = []
    plain = roadfile.read_extract
    monkeypatch.setattr(roadfile, "read_extract", lambda *a: made.append(1) or plain(*a))
    first, meta = network_for(source, CRS, None, None, cache)
    again, same = network_for(source, CRS, None, None, cache)
    assert len(made) == 1 and same == meta
    assert again.drive_ds.tobytes() == first.drive_ds.tobytes()
    slower = tmp_path / "mine.yaml"
    change = {"value": 10, "unit": "km/h", "source": "counted", "confidence": "high"}
    slower.write_text(yaml.safe_dump({"drive": {"speed_kmh": {"residential": change}}}))
    area = shapely.box(LON - 1, LAT - 1, LON + 1, LAT + 1)
    slow, _ = network_for(source, CRS, None, slower, cache)
    assert slow.drive_ds.max() == pytest.approx(2 * first.drive_ds.max(), abs=1)
    network_for(source, CRS, area, None, cache)
    network_for(source, "EPSG:32650", None, None, cache)
    network_for(small(tmp_path, tags={"highway": "primary"}), CRS, None, None, cache)
    assert len(made) == 5 and len(list(cache.iterdir())) == 5


def test_a_spoilt_kept_network_is_made_anew(tmp_path):
    source, cache = small(tmp_path), tmp_path / "cache"
    network_for(source, CRS, None, None, cache)
    kept = next(cache.iterdir())
    whole = kept.read_bytes()
    kept.write_bytes(whole[:200])
    network_for(source, CRS, None, None, cache)
    assert kept.read_bytes() == whole


def refused(path, **more):
    """The one fault of a file, checked for what every fault must say."""
    with pytest.raises(TravelDataError) as told:
        read_osm(path, CRS, **more)
    (fault,) = told.value.faults
    assert fault.file == path.name and str(path.parent) not in told.value.detail
    assert fault.mend_zh and fault.mend_en and fault.what_zh != fault.what_en
    return fault.what_en


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"<?xml version='1.0'?><osm version='0.6'/>", "is no .osm.pbf"),
        (b"PK\x03\x04" + bytes(100), "is no .osm.pbf"),
        (bytes(range(256)) * 9, "is no .osm.pbf"),
        (b"\0\0\0\r\n\tOSMHeader\x18\x7f", "is damaged"),
    ],
)
def test_what_is_no_pbf_is_refused(tmp_path, content, says):
    path = tmp_path / "town.osm.pbf"
    path.write_bytes(content)
    assert refused(path).startswith(says)


def test_a_missing_file_is_refused(tmp_path):
    assert refused(tmp_path / "none.osm.pbf") == "cannot be read"


@given(share=st.floats(0, 0.999), flip=st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_cut_or_spoilt_file_is_refused_or_read_but_never_crashes(tmp_path_factory, share, flip):
    path = small(tmp_path_factory.mktemp("cut"))
    data = bytearray(path.read_bytes())
    at = int(share * len(data))
    if flip:
        data[at] ^= 0xFF
    path.write_bytes(data if flip else data[:at])
    try:
        read_osm(path, CRS)
    except TravelDataError as error:
        assert len(error.faults) == 1
    else:
        assert flip


def test_files_with_nothing_to_use_are_refused(tmp_path):
    nodes = {1: (0, 0), 2: (100, 0)}
    path = tmp_path / "town.osm.pbf"
    assert refused(write(path, nodes, [])).startswith("holds no road anybody")
    closed = [(1, [1, 2], {"highway": "proposed"})]
    assert refused(write(path, nodes, closed)).startswith("holds no road anybody")
    assert refused(write(path, {}, [(1, [1, 2], PLAIN)])).startswith("gives no positions")
    assert refused(write(path, {1: (0, 0)}, [(1, [1, 2], PLAIN)])).startswith("gives no positions")
    between = [(1, [1, 8], PLAIN), (2, [2, 9], PLAIN)]
    assert refused(write(path, nodes, between)).startswith("gives no positions")
    assert refused(write(path, nodes, [(1, [1, 1], PLAIN)])).startswith("holds no road anybody")
    away = shapely.box(10, 50, 11, 51)
    assert refused(write(path, {}, [(1, [1, 2], PLAIN)]), clip=away).startswith("gives no")
    assert refused(small(tmp_path), clip=away) == "holds no road within the area"
    one_spot = {1: (0, 0), 2: (0, 0)}
    streets, _ = read_osm(write(path, one_spot, [(1, [1, 2], PLAIN)]), CRS)
    assert streets.length_m == 0 and (streets.drive_ds == 1).all()


def test_history_files_and_odd_ids_are_refused(tmp_path):
    nodes = {1: (0, 0), 2: (100, 0)}
    path = tmp_path / "town.osm.pbf"
    with osmium.SimpleWriter(osmium.io.File(str(path), "pbf,history=true")) as out:
        out.add_way(Way(id=1, nodes=[1, 2], tags=PLAIN))
    assert "history" in refused(path)
    assert "history" in refused(write(path, nodes, [(1, [1, 2], PLAIN)] * 2))
    assert "ids" in refused(write(path, {-1: (0, 0), 2: (9, 0)}, [(1, [-1, 2], PLAIN)]))
    assert "ids" in refused(write(path, nodes, [(-7, [1, 2], PLAIN)]))
    assert "ids" in refused(write(path, nodes, [(1, [1, 2**62], PLAIN)]))


def test_files_past_the_limits_are_refused(tmp_path, monkeypatch):
    path = small(tmp_path)
    monkeypatch.setattr(osm, "MOST_WAYS", 1)
    assert refused(path) == "holds more than 1 roads"
    monkeypatch.setattr(osm, "MOST_BYTES", 10)
    assert "the most is" in refused(path)


def test_places_the_projection_does_not_know_are_refused(tmp_path):
    with osmium.SimpleWriter(str(tmp_path / "far.osm.pbf")) as out:
        out.add_node(Node(id=1, location=(27.0, 0.0)))
        out.add_node(Node(id=2, location=(27.001, 0.0)))
        out.add_way(Way(id=1, nodes=[1, 2], tags=PLAIN))
    with pytest.raises(TravelDataError, match="cannot project"):
        read_osm(tmp_path / "far.osm.pbf", CRS)


def test_a_refused_extract_leaves_nothing_behind(tmp_path):
    path = tmp_path / "town.osm.pbf"
    path.write_bytes(small(tmp_path, "other.osm.pbf").read_bytes()[:-9])
    with pytest.raises(TravelDataError):
        network_for(path, CRS, None, None, tmp_path / "cache")
    assert {p.name for p in tmp_path.iterdir()} == {"town.osm.pbf", "other.osm.pbf"}


def test_every_fault_of_a_speed_table_is_told_at_once(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        """
drive:
  speed_kmh:
    residential: {value: fast, unit: km/h, source: me, confidence: low}
    motorway: {value: 900, unit: mph, source: me, confidence: low}
    boulevard: {value: 30, unit: km/h, source: me, confidence: low}
  limit_share: {value: .nan, unit: ratio, source: me, confidence: low}
cycle:
  delay_s:
    stop: {value: -1, unit: s, source: me}
wings: 1
""",
        encoding="utf-8",
    )
    with pytest.raises(TravelDataError) as told:
        load_speeds(path)
    assert {f.column for f in told.value.faults} == {
        "drive.speed_kmh.residential.value", "drive.speed_kmh.motorway.value",
        "drive.speed_kmh.motorway.unit", "drive.speed_kmh.boulevard", "drive.limit_share.value",
        "cycle.delay_s.stop.value", "cycle.delay_s.stop.confidence", "wings",
    }  # fmt: skip
    assert all(f.file == "mine.yaml" and f.what_zh != f.what_en for f in told.value.faults)


@pytest.mark.parametrize("text", ["- 1", "", "a: [", "\xff", "{" * 2000, "drive: 3", "drive:"])
def test_what_is_no_speed_table_is_refused(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(TravelDataError):
        load_speeds(path)


def test_a_planners_table_changes_only_what_it_names(tmp_path):
    path = tmp_path / "mine.yaml"
    change = {"value": 11, "unit": "km/h", "source": "counted", "confidence": "high"}
    path.write_text(yaml.safe_dump({"cycle": {"speed_kmh": {"path": change}}}))
    usual, mine = load_speeds().model_dump(), load_speeds(path).model_dump()
    assert mine["cycle"]["speed_kmh"].pop("path") == change
    usual["cycle"]["speed_kmh"].pop("path")
    assert mine == usual


def test_every_value_of_the_embedded_table_says_where_it_is_from():
    def values(node):
        if isinstance(node, dict) and "value" in node:
            yield node
        elif isinstance(node, dict):
            for part in node.values():
                yield from values(part)

    found = list(values(TABLE))
    assert len(found) > 50
    assert all(v["source"] and v["confidence"] in ("low", "medium", "high") for v in found)


def test_the_made_up_city_is_as_large_as_asked_and_always_the_same(tmp_path):
    for name in ("a.osm.pbf", "b.osm.pbf"):
        osm_city.write(osm_city.make(2000), tmp_path / name)
    assert (tmp_path / "a.osm.pbf").read_bytes() == (tmp_path / "b.osm.pbf").read_bytes()
    _, meta = read_osm(tmp_path / "a.osm.pbf", CRS)
    assert 2000 <= meta["drive"]["junctions"] < 2600
    assert meta["drive"]["ways"] >= 2.6 * meta["drive"]["junctions"]
    for profile in ("walk", "cycle", "drive"):
        assert meta[profile]["streets_outside_largest"] < 0.02 * meta["streets"]
    assert meta["no_turns"] and meta["ignored"] == {}
