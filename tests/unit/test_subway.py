"""Station-to-station times: hand-worked networks, truths of any network, and networkx."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venuenet.errors import AreaPackError, BadQueryError
from venuenet.model import UNREACHED
from venuenet.travel.subway import station_seconds

HOUR = 60


def stations(**lines):
    return pd.DataFrame({"station_id": list(lines), "lines": list(lines.values())})


def links(*rows):
    columns = ["line", "direction", "from_id", "to_id", "run_min", "trains_day"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(track_m=1000.0).astype({"run_min": float, "trains_day": int})


def transfers(*rows):
    columns = ["station_id", "from_line", "to_line", "walk_min"]
    return pd.DataFrame(rows, columns=columns).astype({"walk_min": float})


def minutes(stops, hops, changes=None, tick=1.0):
    """Minutes by (from, to); absent where unreached."""
    changes = transfers() if changes is None else changes
    seconds = station_seconds(stops, hops, changes, "day", HOUR, tick_minutes=tick)
    ids = stops["station_id"]
    return {
        (a, b): seconds[i, j] / 60
        for i, a in enumerate(ids)
        for j, b in enumerate(ids)
        if seconds[i, j] != UNREACHED
    }


ONE_LINE = stations(A="1", B="1", C="1")


def test_one_line_waits_half_a_headway_and_rides():
    hops = links(("1", "out", "A", "B", 3, 10), ("1", "out", "B", "C", 4, 10))

    assert minutes(ONE_LINE, hops) == {
        **{("A", "A"): 0, ("B", "B"): 0, ("C", "C"): 0},
        ("A", "B"): 3 + 3,
        ("A", "C"): 3 + 3 + 4,
        ("B", "C"): 3 + 4,
    }


def test_the_matrix_is_whole_seconds_in_station_order_with_a_mark_for_unreached():
    hops = links(("1", "out", "C", "A", 2.51, 60))

    seconds = station_seconds(ONE_LINE, hops, transfers(), "day", HOUR)

    never = UNREACHED
    assert seconds.dtype == np.int32
    assert seconds.tolist() == [[0, never, never], [never, 0, never], [181, never, 0]]


CROSS = stations(A="1", X="1|2", B="2")
CROSS_HOPS = links(("1", "out", "A", "X", 5, 10), ("2", "out", "X", "B", 7, 6))


@pytest.mark.parametrize(
    ("walk", "tick", "change"),
    [
        (2.5, 1, 3 + 4.5),  # trains of every whole minute: walk counts as 3, waits 0, 1 ... 9
        (3.0, 1, 3 + 4.5),
        (0.0, 1, 0 + 4.5),
        (2.5, 0, 2.5 + 5),  # timetables to the second: walk + half the headway
    ],
)
def test_a_transfer_walks_and_waits_for_the_next_line(walk, tick, change):
    got = minutes(CROSS, CROSS_HOPS, transfers(("X", "1", "2", walk)), tick)

    assert got["A", "B"] == 3 + 5 + change + 7
    assert got["X", "B"] == 5 + 7  # whoever starts here may start on any platform


def test_lines_without_a_transfer_cannot_be_changed_between():
    one_way = transfers(("X", "2", "1", 2))
    assert ("A", "B") not in minutes(CROSS, CROSS_HOPS)
    assert ("A", "B") not in minutes(CROSS, CROSS_HOPS, one_way)


def test_trains_that_turn_short_do_not_shorten_the_wait_of_those_who_ride_beyond():
    hops = links(("1", "out", "A", "B", 3, 12), ("1", "out", "B", "C", 4, 4))

    got = minutes(ONE_LINE, hops)

    assert got["A", "B"] == 2.5 + 3
    assert got["A", "C"] == 7.5 + 3 + 4
    assert got["B", "C"] == 7.5 + 4


@pytest.mark.parametrize(("express_trains", "expected"), [(12, 2.5 + 5), (2, 3 + 3 + 4)])
def test_an_express_is_taken_when_wait_and_ride_together_are_less(express_trains, expected):
    hops = links(
        ("1", "out", "A", "B", 3, 10),
        ("1", "out", "B", "C", 4, 10),
        ("1", "out", "A", "C", 5, express_trains),
    )
    assert minutes(ONE_LINE, hops)["A", "C"] == expected


def test_a_branch_is_reached_by_its_own_trains_and_branches_meet_only_by_a_change():
    stops = stations(A="1", B="1", C="1", D="1")
    trunk = [("1", "out", "A", "B", 2, 12), ("1", "in", "B", "A", 2, 12)]
    branches = [
        (line, way, *pair, 3, trains)
        for line, trains, end in [("1", 6, "C"), ("1", 4, "D")]
        for way, pair in [("out", ("B", end)), ("in", (end, "B"))]
    ]

    got = minutes(stops, links(*trunk, *branches))

    assert got["A", "C"] == 5 + 2 + 3
    assert got["A", "D"] == 7.5 + 2 + 3
    assert got["C", "D"] == 5 + 3 + (7.5 - 0.5) + 3  # alight at B, wait for a train to D


def test_a_loop_is_ridden_the_shorter_way_round():
    ring = ["A", "B", "C", "D", "A"]
    stops = stations(A="2", B="2", C="2", D="2")
    hops = links(
        *[("2", "inner", a, b, 3, 30) for a, b in pairwise(ring)],
        *[("2", "outer", b, a, 3, 10) for a, b in pairwise(ring)],
    )

    got = minutes(stops, hops)

    assert got["A", "B"] == 1 + 3
    assert got["D", "A"] == 1 + 3  # past the point where the ring was cut into a list
    assert got["A", "C"] == 1 + 6
    assert got["A", "D"] == 3 + 3  # the other way: one stop with the rarer train
    assert got["C", "C"] == 0


def test_a_link_without_trains_in_the_period_is_not_there():
    hops = links(("1", "out", "A", "B", 3, 10), ("1", "out", "B", "C", 4, 0))

    got = minutes(ONE_LINE, hops)

    assert ("A", "C") not in got
    assert ("B", "C") not in got
    assert got["A", "B"] == 6


def test_a_line_without_any_train_and_a_station_without_any_link_are_unreached():
    got = minutes(ONE_LINE, links(("1", "out", "A", "B", 3, 0)))
    assert set(got) == {("A", "A"), ("B", "B"), ("C", "C")}


def test_a_station_of_several_lines_starts_with_the_best_of_them():
    stops = stations(A="1|2", B="1|2")
    hops = links(("1", "out", "A", "B", 9, 30), ("2", "out", "A", "B", 5, 10))
    assert minutes(stops, hops)["A", "B"] == 3 + 5


def test_a_link_listed_twice_counts_once_with_the_better_time():
    hops = links(("1", "out", "A", "B", 9, 10), ("1", "out", "A", "B", 3, 10))
    assert minutes(ONE_LINE, hops)["A", "B"] == 3 + 3


def test_a_ride_of_no_minutes_is_still_a_ride():
    assert minutes(ONE_LINE, links(("1", "out", "A", "B", 0, 10)))["A", "B"] == 3


def test_the_period_names_the_column_and_its_length_the_headway():
    hops = links(("1", "out", "A", "B", 3, 10)).assign(trains_night=2)
    night = station_seconds(ONE_LINE, hops, transfers(), "night", 120)
    assert night[0, 1] == (30 + 3) * 60


def test_an_unknown_period_is_refused_with_those_there_are():
    with pytest.raises(BadQueryError) as refusal:
        station_seconds(CROSS, CROSS_HOPS, transfers(), "night", HOUR)
    assert refusal.value.param == "period"
    assert refusal.value.allowed == ["day"]


@pytest.mark.parametrize("length", [0, -1, float("nan")])
def test_a_period_without_length_is_refused(length):
    with pytest.raises(BadQueryError) as refusal:
        station_seconds(CROSS, CROSS_HOPS, transfers(), "day", length)
    assert refusal.value.param == "period_minutes"


def test_links_and_transfers_at_platforms_nobody_named_are_refused_all_at_once():
    strange = links(
        ("1", "out", "A", "X", 5, 10), ("1", "out", "Q", "X", 5, 10), ("9", "in", "A", "X", 5, 10)
    )
    with pytest.raises(AreaPackError) as refusal:
        station_seconds(CROSS, strange, transfers(), "day", HOUR)
    assert [(f.file, f.row, f.column) for f in refusal.value.faults] == [
        ("links.csv", 3, "from_id"),
        ("links.csv", 4, "from_id"),
    ]
    with pytest.raises(AreaPackError, match=r"transfers\.csv:row 2.*station A has no 2"):
        station_seconds(CROSS, CROSS_HOPS, transfers(("A", "1", "2", 1)), "day", HOUR)


@st.composite
def networks(draw):
    """Up to six stations and three lines; links of any shape, some without trains."""
    ids = [chr(65 + i) for i in range(draw(st.integers(2, 6)))]
    names = ["1", "2", "3"][: draw(st.integers(1, 3))]
    serves = {s: draw(st.sets(st.sampled_from(names), min_size=1)) for s in ids}
    hops, changes = [], []
    for line in names:
        own = [s for s in ids if line in serves[s]]
        for direction in ("out", "in"):
            for pair in draw(st.lists(st.permutations(own), max_size=6)) if own[1:] else []:
                run, trains = draw(st.integers(0, 90)) / 10, draw(st.integers(0, 20))
                hops.append((line, direction, *pair[:2], run, trains))
    for s in ids:
        for a in sorted(serves[s]):
            for b in sorted(serves[s] - {a}):
                if draw(st.booleans()):
                    changes.append((s, a, b, draw(st.integers(0, 20)) / 4))
    stops = stations(**{s: "|".join(sorted(serves[s])) for s in ids})
    return stops, links(*hops), transfers(*changes)


def plain_minutes(stops, hops, changes):
    """The model written a second time: every simple ride spelled out, then networkx."""
    rides = nx.MultiDiGraph()
    for (_, _), pattern in hops[hops.trains_day > 0].groupby(["line", "direction"]):
        way = nx.MultiDiGraph()
        for h in pattern.itertuples():
            way.add_edge(h.from_id, h.to_id, run=h.run_min, trains=h.trains_day)
        line = pattern.line.iloc[0]
        for a in way:
            for b in set(way) - {a}:
                for path in nx.all_simple_edge_paths(way, a, b):
                    edges = [way.edges[e] for e in path]
                    wait = max(HOUR / min(e["trains"] for e in edges) - 1, 0) / 2
                    ride = sum(e["run"] for e in edges)
                    rides.add_edge((a, line), (b, line), weight=wait + ride)
    for c in changes.itertuples():
        walk = -(-c.walk_min // 1)
        rides.add_edge((c.station_id, c.from_line), (c.station_id, c.to_line), weight=walk)
    best = {(s, s): 0.0 for s in stops.station_id}
    for (a, _), reached in nx.all_pairs_dijkstra_path_length(rides):
        for (b, _), length in reached.items():
            if a != b:
                best[a, b] = min(best.get((a, b), np.inf), length + 0.5)
    return best


@settings(max_examples=150, deadline=None)
@given(networks())
def test_any_network_agrees_with_its_plain_construction(network):
    got, expected = minutes(*network), plain_minutes(*network)
    assert got.keys() == expected.keys()
    for pair, value in expected.items():
        assert got[pair] == pytest.approx(value, abs=0.51 / 60)


@settings(max_examples=80, deadline=None)
@given(networks(), st.integers(0, 10**6), st.integers(1, 20))
def test_more_trains_are_never_slower(network, which, extra):
    stops, hops, changes = network
    more = hops.copy()
    if len(more):
        more.loc[which % len(more), "trains_day"] += extra
    before = station_seconds(stops, hops, changes, "day", HOUR)
    after = station_seconds(stops, more, changes, "day", HOUR)
    assert (after <= before).all()


@settings(max_examples=80, deadline=None)
@given(networks())
def test_no_detour_over_a_third_station_is_faster(network):
    """A detour starts twice, so it also waits twice: the direct answer is never worse.

    Only true where lines meet without a walk, hence free transfers everywhere.
    """
    stops, hops, _ = network
    meet = [
        (s.station_id, a, b, 0.0)
        for s in stops.itertuples()
        for a in s.lines.split("|")
        for b in s.lines.split("|")
        if a != b
    ]
    t = station_seconds(stops, hops, transfers(*meet), "day", HOUR).astype(np.int64)
    assert (t <= (t[:, :, None] + t[None, :, :]).min(axis=1) + 2).all()
