"""Door to door by timetable: worked out by hand, and by following every departure on its own."""

import csv
import dataclasses
import datetime as dt
import os
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venuenet import area
from venuenet.errors import BadQueryError
from venuenet.model import KINDS, UNREACHED, VARIANTS
from venuenet.standards import load_assumptions
from venuenet.travel.legs import Legs, StraightWalking
from venuenet.travel.scan import search, walks
from venuenet.travel.scheduled import (
    ScheduledTransit,
    departures,
    door_to_door,
    merge_exchange,
    nearest_ranks,
    shifted,
    with_walks,
)
from venuenet.travel.timetable import Timetable

MINICITY = Path(__file__).parents[1] / "golden" / "minicity"
SUNDAY = dt.date(2026, 6, 7)
NO_WAY = 10**9


def ints(values):
    return np.array(list(values), dtype=np.int32)


def sparse(rows):
    """Legs of lists of (to, seconds)."""
    at = np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64)
    return Legs(at, ints(t for r in rows for t, _ in r), ints(s for r in rows for _, s in r))


def day_of(trips, stops, changes=(), station=None, lon=None, lat=None):
    """A timetable of trips (lists of (stop, second)) and changes (from, to, seconds)."""
    hops = sorted(
        (leaves, arrives, start, end, trip)
        for trip, calls in enumerate(trips)
        for (start, leaves), (end, arrives) in pairwise(calls)
    )
    rows = sorted(changes)
    return Timetable(
        stop_ids=tuple(map(str, range(stops))),
        stop_names=tuple(map(str, range(stops))),
        stop_lon=np.zeros(stops) if lon is None else lon,
        stop_lat=np.zeros(stops) if lat is None else lat,
        station=ints(range(stops) if station is None else station),
        leaves=ints(h[0] for h in hops),
        arrives=ints(h[1] for h in hops),
        start=ints(h[2] for h in hops),
        end=ints(h[3] for h in hops),
        boards=np.ones(len(hops), dtype=bool),
        alights=np.ones(len(hops), dtype=bool),
        trip=ints(h[4] for h in hops),
        change_at=np.searchsorted([r[0] for r in rows], np.arange(stops + 1)).astype(np.int64),
        change_to=ints(r[1] for r in rows),
        change_s=ints(r[2] for r in rows),
        lines=("",),
        line=ints([0] * len(trips)),
    )


# --- the mini-city's rail line, a train every ten minutes ------------------------------------


def table(name):
    lines = (MINICITY / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader([x for x in lines if x and x[0] != "#"], delimiter="\t"))


@pytest.fixture(scope="module")
def city():
    return area.load(MINICITY / "pack")


@pytest.fixture(scope="module")
def venues(city):
    return [v for v in city.venues if v.venue_id in ("V1", "V2", "V5")]


@pytest.fixture(scope="module")
def cells():
    rows = {r["cell"]: (float(r["x"]), float(r["y"])) for r in table("demand.tsv")}
    xy = np.array(list(rows.values())) + np.array([500_000, 4_430_000])
    districts = np.zeros(len(rows), dtype=np.int32)
    return list(rows), SimpleNamespace(
        sample_xy=xy[:, None, :], cell_district=districts, adcodes=()
    )


@pytest.fixture(scope="module")
def engine(city):
    """Trains both ways from 8 to 13 o'clock; four minutes from S1 to S2, ten on to S3."""
    times = range(8 * 3600, 13 * 3600, 600)
    east = [[(0, t), (1, t + 240), (2, t + 840)] for t in times]
    west = [[(2, t), (1, t + 600), (0, t + 840)] for t in times]
    lon, lat = (city.stations[c].to_numpy() for c in ("lon", "lat"))
    return ScheduledTransit(
        area=city,
        rules=load_assumptions(MINICITY / "assumptions.yaml"),
        timetable=day_of(east + west, 3, lon=lon, lat=lat),
        walking=StraightWalking(0.75),  # seconds a metre, as in the mini-city's README
        day=SUNDAY,
        window=(9 * 3600, 9 * 3600 + 1200),
        step_s=1,
        walk_s=20_000,
        direct_s=20_000,
    )


def dense(times, name=None):
    """The matrix as {(venue, cell): seconds}."""
    values = times.seconds if name is None else times.spread[name]
    out = {}
    for v, venue in enumerate(times.venue_ids):
        for i in range(times.indptr[v], times.indptr[v + 1]):
            out[venue, int(times.cell[i])] = int(values[i])
    return out


def test_trains_every_ten_minutes_take_what_the_mini_city_expects_of_them(engine, cells, venues):
    """minutes.tsv waits 300 s; of all seconds of ten minutes, half wait 299 s or less."""
    names, demand = cells
    times = engine.times(demand, venues, 60_000)
    assert times.mode == "transit"
    assert times.engine == "walk and timetable, 2026-06-07, 09:00-09:20"
    assert times.period == "09:00-09:20"
    assert times.estimated
    found = dense(times)
    kind = {v.venue_id: KINDS.index(v.kind) for v in venues}
    assert len(found) == 36
    assert len(set(kind.values())) == 3  # so that each is the nearest of its kind
    by_rail = 0
    for row in table("minutes.tsv"):
        ridden = "to S" in row["way"]
        by_rail += ridden
        cell, expected = names.index(row["cell"]), int(row["transit"]) - ridden
        variant = {"-": "point", "far": "late", "near": "early"}[row["shift"]]
        percentile = {"point": None, "late": "p85", "early": "p15"}[variant]
        at = (row["venue"], cell)
        shifted = max(expected + dense(times, percentile)[at] - found[at], 0)
        told = times.near_s[VARIANTS.index(variant), kind[row["venue"]], 0, cell, 0]
        assert told == (UNREACHED if at[0] == "V5" and variant == "late" else shifted), row
        if row["shift"] == "-":
            assert found[row["venue"], cell] == expected, row
    assert by_rail > 10


def test_the_spread_of_a_wait_is_that_of_the_seconds_between_trains(engine, cells, venues):
    """C01 to V2: 300 s to S1, wait 0..599 s, ride 240, 300 to V2. Mean 839.5 + 300, half up."""
    times = engine.times(cells[1], venues, 60_000)
    at = ("V2", cells[0].index("C01"))
    assert dense(times)[at] == 840 + 299
    assert dense(times, "mean")[at] == 840 + 300
    assert dense(times, "p15")[at] == 840 + 89
    assert dense(times, "p85")[at] == 840 + 509


def test_the_spread_of_a_walk_is_none(engine, cells, venues):
    times = engine.times(cells[1], venues, 60_000)
    at = ("V1", cells[0].index("C02"))
    assert {dense(times, name)[at] for name in (None, "mean", "p15", "p85")} == {900}


def test_some_departures_walk_and_some_ride(engine, cells, venues):
    """C07 to V1 walks 3078 s, by rail 2692 + wait: whoever would wait longer than 386 s walks.

    The mean: waits 0..386 add up to 74,691, 213 more walk; (2692 x 387 + 74,691 + 213 x 3078) /
    600 = 2953.5 (half up: 2954). p85 is the walk.
    """
    times = engine.times(cells[1], venues, 60_000)
    at = ("V1", cells[0].index("C07"))
    total = sum(min(2692 + wait, 3078) for wait in range(600))
    assert dense(times, "mean")[at] == (total + 300) // 600
    assert dense(times, "p85")[at] == 3078
    assert dense(times)[at] == 2692 + 299


def test_a_venue_exactly_at_the_cut_off_is_kept(engine, cells, venues):
    at = ("V2", cells[0].index("C01"))
    assert dense(engine.times(cells[1], venues, 1139))[at] == 1139
    assert at not in dense(engine.times(cells[1], venues, 1138))


def test_a_walk_exactly_as_long_as_anybody_walks_is_walked(engine, cells, venues):
    at = ("V2", cells[0].index("C01"))  # 300 s at either end
    for walk_s, seconds in ((300, 1139), (299, 3599)):
        capped = dataclasses.replace(engine, walk_s=walk_s)
        assert dense(capped.times(cells[1], venues, 60_000))[at] == seconds
    at = ("V5", cells[0].index("C01"))  # S1 is near, but S2 4165 s from V5: on foot all the way
    capped = dataclasses.replace(engine, walk_s=300)
    assert dense(capped.times(cells[1], venues, 60_000))[at] == 8064
    at = ("V1", cells[0].index("C02"))  # 900 s on foot
    for direct_s, found in ((900, True), (899, False)):
        capped = dataclasses.replace(engine, walk_s=300, direct_s=direct_s)
        assert (at in dense(capped.times(cells[1], venues, 60_000))) == found
    capped = dataclasses.replace(engine, walk_s=300, direct_s=None)
    times = capped.times(cells[1], venues, 900)
    assert dense(times)[at] == 900
    # Beyond the cut-off the nearest of each kind are still walked to: C01 to V5 is 8064 s.
    kind = KINDS.index(next(v.kind for v in venues if v.venue_id == "V5"))
    assert times.near_s[0, kind, 0, cells[0].index("C01"), 0] == 8064


def test_the_number_of_threads_changes_nothing(engine, cells, venues, monkeypatch):
    told = []
    found = []
    for threads in (1, 2):
        monkeypatch.setattr(os, "cpu_count", lambda threads=threads: threads)
        found.append(engine.times(cells[1], venues, 3600, told.append))
    one, two = found
    assert sum(told) == 2 * len(cells[0])
    for name in ("indptr", "cell", "seconds", "near_s", "near_venue"):
        assert np.array_equal(getattr(one, name), getattr(two, name))
    for name in one.spread:
        assert np.array_equal(one.spread[name], two.spread[name])


def test_a_venue_cannot_be_nearer_than_on_the_spot(engine, cells, venues):
    """C09 is 564 s from V5, known to 1 km (750 s): it may be next door."""
    vague = [dataclasses.replace(v, precision_m=1000.0) for v in venues if v.venue_id == "V5"]
    vague = [dataclasses.replace(v, status="open") for v in vague]
    times = engine.times(cells[1], vague, 3600)
    k, cell = KINDS.index(vague[0].kind), cells[0].index("C09")
    assert times.near_s[:, k, 0, cell, 0].tolist() == [564, 564 + 750, 0]


def test_no_way_is_no_way_however_well_the_venue_is_known(engine, cells, venues):
    stuck = dataclasses.replace(engine, walk_s=0, direct_s=0)
    assert (stuck.times(cells[1], venues, 3600).near_s == UNREACHED).all()


def test_a_cap_on_rides_and_on_walks_between_stations_reaches_the_search(engine, cells, venues):
    """The line cut in two at S2, where 40 m (30 s) lie between its halves' stations."""
    times = range(8 * 3600, 13 * 3600, 60)
    trips = [[(0, t), (1, t + 240)] for t in times] + [[(2, t), (3, t + 600)] for t in times]
    lon, lat = engine.timetable.stop_lon, engine.timetable.stop_lat
    near = lon[1] + 40 * (lon[2] - lon[1]) / 11_201
    cut = day_of(trips, 4, lon=np.array([*lon[:2], near, lon[2]]), lat=lat[[0, 1, 1, 2]])
    base = dataclasses.replace(engine, timetable=cut, walk_s=400, direct_s=0)
    east = [dataclasses.replace(venues[0], lon=float(lon[2]), lat=float(lat[2]), precision_m=0.0)]
    cell = cells[0].index("C01")
    for change_walk_s, most_rides, reached in (
        (30, None, True),
        (29, None, False),
        (30, 2, True),
        (30, 1, False),
    ):
        capped = dataclasses.replace(base, change_walk_s=change_walk_s, most_rides=most_rides)
        found = dense(capped.times(cells[1], east, 60_000))
        assert (("V1", cell) in found) == reached, (change_walk_s, most_rides)


def test_nobody_travels_without_venues_or_stops(engine, cells, venues):
    nowhere = day_of([], 0)
    walk_only = dataclasses.replace(engine, timetable=nowhere)
    assert dense(walk_only.times(cells[1], venues, 900))["V1", 1] == 900
    assert len(engine.times(cells[1], [], 900).seconds) == 0


# --- every departure on its own -----------------------------------------------------------------


def follow(timetable, access, ready):
    """Earliest arrival at every stop by the day's hops in order; none of them is of no length."""
    stands = {}
    for stop, seconds in access:
        stands[stop] = min(ready + seconds, stands.get(stop, NO_WAY))
    gets_off, aboard = {}, set()
    order = np.lexsort((timetable.arrives, timetable.leaves))
    for h in order.tolist():
        start, end, trip = (int(x[h]) for x in (timetable.start, timetable.end, timetable.trip))
        leaves, arrives = int(timetable.leaves[h]), int(timetable.arrives[h])
        if trip in aboard or stands.get(start, NO_WAY) <= leaves:
            aboard.add(trip)
            gets_off[end] = min(arrives, gets_off.get(end, NO_WAY))
            a, b = timetable.change_at[end : end + 2]
            own = [(end, 0)]
            for to, s in [*own, *zip(timetable.change_to[a:b], timetable.change_s[a:b])]:  # noqa: B905
                stands[int(to)] = min(arrives + int(s), stands.get(int(to), NO_WAY))
    return gets_off


@st.composite
def cities(draw):
    stops, venues = draw(st.integers(2, 6)), draw(st.integers(1, 4))
    a_stop = st.integers(0, stops - 1)
    trips = []
    for _ in range(draw(st.integers(1, 10))):
        now, calls = draw(st.integers(0, 500)), []
        for _ in range(draw(st.integers(2, 4))):
            calls.append((draw(a_stop), now))
            now += draw(st.integers(1, 200))
        trips.append(calls)
    changes = draw(st.dictionaries(st.tuples(a_stop, a_stop), st.integers(0, 60), max_size=4))
    changes = [(a, b, s) for (a, b), s in changes.items() if a != b]

    def legs(places, most):
        rows = st.dictionaries(st.integers(0, places - 1), st.integers(0, most), max_size=3)
        return rows.map(lambda d: sorted(d.items()))

    samples, cells = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    many = samples * cells
    access = draw(st.lists(legs(stops, 120), min_size=many, max_size=many))
    direct = draw(st.lists(legs(venues, 700), min_size=many, max_size=many))
    egress = draw(st.lists(legs(venues, 120), min_size=stops, max_size=stops))
    n = draw(st.integers(1, 25))
    first = draw(st.integers(0, 200))
    departs = departures((first, first + 12 * n), 12)
    return day_of(trips, stops, changes), samples, access, direct, egress, venues, departs


@settings(max_examples=250, deadline=None)
@given(cities())
def test_percentiles_and_means_are_those_of_every_departure_on_its_own(city):
    assert_followed(*city)


def test_more_venues_than_are_sorted_at_a_time_are_all_right():
    rng = np.random.default_rng(5)
    venues, stops = 150, 8
    trips = [
        list(zip(rng.permutation(stops)[:4].tolist(), [t, t + 50, t + 70, t + 90], strict=True))
        for t in range(0, 400, 20)
    ]

    def legs(many, places, most):
        return [
            sorted({int(k): int(rng.integers(most)) for k in rng.integers(places, size=5)}.items())
            for _ in range(many)
        ]

    egress = [[(v, int(rng.integers(99))) for v in range(s, venues, stops)] for s in range(stops)]
    access, direct = legs(4, stops, 60), legs(4, venues, 600)
    departs = departures((0, 240), 12)
    assert_followed(day_of(trips, stops), 2, access, direct, egress, venues, departs)


def assert_followed(day, samples, access, direct, egress, venues, departs):
    walk_in = walks(sparse(access))
    ready = (int(departs[0]), int(departs[-1]) + int(walk_in.seconds.max(initial=0)))
    profiles = search(day, sparse(egress), ready, None, 1)
    median = np.empty((len(access), venues), dtype=np.int32)
    spread = np.empty((3, len(access) // samples, venues), dtype=np.int32)
    door_to_door(
        np.arange(len(access)),
        samples,
        departs,
        walk_in,
        walks(sparse(direct)),
        profiles,
        median,
        spread,
    )
    for p in range(len(access)):
        seconds = np.full((len(departs), venues), NO_WAY)
        for j, leaves in enumerate(departs.tolist()):
            for venue, walk in direct[p]:
                seconds[j, venue] = walk
            for stop, arrives in follow(day, access[p], leaves).items():
                for venue, walk in egress[stop]:
                    seconds[j, venue] = min(seconds[j, venue], arrives + walk - leaves)
        ranked = np.percentile(seconds, [50, 15, 85], axis=0, method="inverted_cdf")
        ranked[ranked == NO_WAY] = UNREACHED
        assert median[p].tolist() == ranked[0].tolist()
        if p % samples == 0:
            mean = np.floor(seconds.mean(axis=0) + 0.5)
            mean[seconds.max(axis=0) == NO_WAY] = UNREACHED
            expected = [mean, ranked[1], ranked[2]]
            assert spread[:, p // samples].tolist() == [e.tolist() for e in expected]


@pytest.mark.parametrize("n", [1, 2, 3, 7, 20, 64, 120, 121, 480])
def test_wanted_ranks_are_put_into_their_places(n):
    rng = np.random.default_rng(n)
    for wanted in (nearest_ranks(n), nearest_ranks(n)[:1]):
        for _ in range(20):
            values = rng.integers(0, 1 + n // 2, n)
            ordered = sorted(values)
            for i, k in merge_exchange(n, wanted):
                values[i], values[k] = sorted((values[i], values[k]))
            assert [values[r] for r in wanted] == [ordered[r] for r in wanted]


def test_percentiles_are_ranks_that_occur():
    assert nearest_ranks(1) == (0, 0, 0)
    assert nearest_ranks(2) == (0, 0, 1)
    assert nearest_ranks(20) == (9, 2, 16)
    assert nearest_ranks(120) == (59, 17, 101)


# --- when people leave, and where they may walk between rides ---------------------------------


def test_one_person_leaves_in_every_step_and_their_seconds_are_spread_evenly():
    seconds = departures((9 * 3600, 11 * 3600), 60)
    assert len(seconds) == 120
    assert ((seconds - 9 * 3600) // 60).tolist() == list(range(120))
    within = np.bincount(seconds % 60, minlength=60)
    assert within.min() >= 1  # two of every second of the minute, give or take one
    assert within.max() <= 3


def test_with_a_step_of_a_second_everybody_leaves():
    assert departures((5, 9), 1).tolist() == [5, 6, 7, 8]


@pytest.mark.parametrize("window", [(10, 10), (20, 10), (-60, 60), (0, 49 * 3600)])
def test_a_window_that_makes_no_sense_is_refused(window):
    with pytest.raises(BadQueryError, match="no window from") as refused:
        departures(window, 60)
    assert refused.value.param == "window"


@pytest.mark.parametrize("step", [0, -60, 50, 121])
def test_a_step_that_does_not_divide_the_window_is_refused(step):
    with pytest.raises(BadQueryError, match=f"step of {step} s") as refused:
        departures((0, 120), step)
    assert refused.value.param == "step_s"


def test_between_stations_people_walk_within_one_only_the_timetable_knows_the_way():
    """Stops 0 and 1 are one station, 2 and 3 two more; the timetable has 0-1 and 0-2."""
    day = day_of([[(0, 5), (1, 9)]], 4, [(0, 1, 90), (0, 2, 200)], station=[0, 0, 1, 2])
    near = [(s, 10 * s) for s in range(4)]
    walked = with_walks(day, sparse([near] * 4))
    start = np.repeat(np.arange(4), np.diff(walked.change_at))
    ways = sorted(zip(start, walked.change_to, walked.change_s, strict=True))
    assert ways == [
        (0, 1, 90),
        (0, 2, 200),
        (0, 3, 30),
        (1, 2, 20),
        (1, 3, 30),
        (2, 0, 0),
        (2, 1, 10),
        (2, 3, 30),
        (3, 0, 0),
        (3, 1, 10),
        (3, 2, 20),
    ]


def test_a_walk_between_stations_joins_two_lines():
    """S3 to S2 by train, over the street, and on with a line that leaves from there."""
    trips = [[(0, 36_000), (1, 36_300)], [(2, 36_400), (3, 36_500)]]
    day = day_of(trips, 4)
    egress = sparse([[], [], [], [(0, 10)]])
    for seconds, reached in ((100, True), (101, False)):
        walked = with_walks(day, sparse([[], [(2, seconds)], [], []]))
        arrives = search(walked, egress, (36_000, 36_000), None, 1).arrives
        assert (arrives[0, 0] == 36_510) == reached


def test_a_slow_departure_is_as_much_slower_at_every_point_of_a_cell_as_at_its_centre():
    """Two cells of two points; the second cell's percentile has no way to the first venue."""
    none = UNREACHED
    median = np.array([[100, 500], [130, none], [200, 300], [210, 310]], dtype=np.int32)
    percentile = np.array([[160, 480], [none, 300]], dtype=np.int32)
    off = np.array([7, 0], dtype=np.int32)
    assert shifted(median, median[::2], percentile, off).tolist() == [
        [100 + 60 + 7, 480],
        [130 + 60 + 7, none],
        [none, 300],
        [none, 310],
    ]
    # A centre without a way says nothing of its cell's other points.
    median[0, 0] = none
    assert shifted(median, median[::2], percentile, off)[1, 0] == 137
    assert shifted(median, median[::2], percentile, -1000 * (1 + off)).min() == 0
