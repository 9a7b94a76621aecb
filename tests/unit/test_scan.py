"""The profile scan finds what trips followed one by one find, for every second one may set out."""

from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venuenet.errors import BadQueryError
from venuenet.travel import scan as scanning
from venuenet.travel.legs import Legs
from venuenet.travel.scan import NEVER, day_from, scan, search
from venuenet.travel.timetable import Timetable

FIRST, LAST = 10, 70  # the seconds one may be ready at


@dataclass
class Plan:
    """A day as people would write it down."""

    stops: int
    trips: list  # of calls (stop, arrives, leaves, boards, alights)
    changes: dict = field(default_factory=dict)  # (from, to): seconds
    egress: dict = field(default_factory=dict)  # (stop, venue): seconds
    venues: int = 1
    shuffle: int = 0


def arrays(plan):
    """The plan as Timetable and Legs; hops of different trips that tie come in any order."""
    rng = Random(plan.shuffle)
    hops = []
    for trip, calls in enumerate(plan.trips):
        tie = rng.random()
        for i, (a, b) in enumerate(pairwise(calls)):
            hops.append((a[2], b[1], tie, i, a[0], b[0], a[3], b[4], trip))
    hops.sort()
    column = list(zip(*hops, strict=True)) or [[]] * 9
    rows = sorted((a, b, s) for (a, b), s in plan.changes.items())
    legs = sorted((a, v, s) for (a, v), s in plan.egress.items())

    def starts(pairs):
        counts = np.bincount([p[0] for p in pairs], minlength=plan.stops) if pairs else [0]
        return np.concatenate([[0], np.cumsum(np.resize(counts, plan.stops))]).astype(np.int64)

    def ints(values):
        return np.array(values, dtype=np.int32)

    timetable = Timetable(
        stop_ids=tuple(str(s) for s in range(plan.stops)),
        stop_names=tuple(str(s) for s in range(plan.stops)),
        stop_lon=np.zeros(plan.stops),
        stop_lat=np.zeros(plan.stops),
        station=ints(range(plan.stops)),
        leaves=ints(column[0]),
        arrives=ints(column[1]),
        start=ints(column[4]),
        end=ints(column[5]),
        boards=np.array(column[6], dtype=bool),
        alights=np.array(column[7], dtype=bool),
        trip=ints(column[8]),
        change_at=starts(rows),
        change_to=ints([r[1] for r in rows]),
        change_s=ints([r[2] for r in rows]),
        lines=("",),
        line=ints([0] * len(plan.trips)),
    )
    egress = Legs(starts(legs), ints([g[1] for g in legs]), ints([g[2] for g in legs]))
    return timetable, egress


def by_rounds(plan, stop, ready, most_rides=None):
    """Earliest arrival at every venue: ride everything that can be ridden, change, and again."""
    ways = {(s, s): 0 for s in range(plan.stops)} | plan.changes
    arrival = dict.fromkeys(range(plan.venues))
    stands = {stop: ready}
    best = dict(stands)
    rides = 0
    while stands and (most_rides is None or rides < most_rides):
        rides += 1
        gets_off = {}
        for calls in plan.trips:
            on = False
            for i, (at, arrives, leaves, boards, alights) in enumerate(calls):
                if on and alights and arrives < gets_off.get(at, 10**9):
                    gets_off[at] = arrives
                if i < len(calls) - 1 and boards and stands.get(at, 10**9) <= leaves:
                    on = True
        stands = {}
        for at, arrives in gets_off.items():
            for (a, venue), seconds in plan.egress.items():
                if a == at and (arrival[venue] is None or arrives + seconds < arrival[venue]):
                    arrival[venue] = arrives + seconds
            for (a, b), seconds in ways.items():
                # Being at a stop later, with a ride more, than one was already is of no use.
                if a == at and arrives + seconds < min(stands.get(b, 10**9), best.get(b, 10**9)):
                    stands[b] = arrives + seconds
        for b, seconds in stands.items():
            best[b] = min(seconds, best.get(b, 10**9))
    return [arrival[v] for v in range(plan.venues)]


def looked_up(profiles, plan, stop, ready):
    """The same by the profiles: the first boarding one can take."""
    at, time = profiles.boardings
    found = [None] * plan.venues
    row = at[stop] + np.searchsorted(time[at[stop] : at[stop + 1]], ready)
    if row < at[stop + 1]:
        for venue, arrives in zip(profiles.venue, profiles.arrives[row], strict=True):
            found[venue] = int(arrives) if arrives < NEVER else None
    return found


def assert_same(plan, most_rides=None, threads=1):
    timetable, egress = arrays(plan)
    profiles = search(timetable, egress, (FIRST, LAST), most_rides, threads)
    # Between two boardings nothing changes but which is the next: these seconds say all.
    seconds = {FIRST, LAST}
    for calls in plan.trips:
        seconds |= {s for c in calls for s in (c[2], c[2] + 1) if FIRST <= s <= LAST}
    for stop in range(plan.stops):
        for ready in seconds:
            expected = by_rounds(plan, stop, ready, most_rides)
            assert looked_up(profiles, plan, stop, ready) == expected, (stop, ready)


@st.composite
def plans(draw):
    stops = draw(st.integers(2, 6))
    some_stop = st.integers(0, stops - 1)
    few = st.sampled_from([0, 0, 1, 3, 10])
    yes = st.sampled_from([True, True, True, False])
    trips = []
    for _ in range(draw(st.integers(1, 7))):
        now, calls = draw(st.integers(-5, 60)), []
        for _ in range(draw(st.integers(2, 5))):
            arrives = now
            now += draw(few)
            calls.append((draw(some_stop), arrives, now, draw(yes), draw(yes)))
            now += draw(few)
        trips.append(calls)
    pairs = st.tuples(some_stop, some_stop)
    venues = draw(st.integers(1, 3))
    return Plan(
        stops,
        trips,
        draw(st.dictionaries(pairs, st.integers(0, 9), max_size=6)),
        draw(
            st.dictionaries(
                st.tuples(some_stop, st.integers(0, venues - 1)),
                st.integers(0, 40),
                min_size=1,
                max_size=4,
            )
        ),
        venues,
        draw(st.integers(0, 99)),
    )


@settings(max_examples=400, deadline=None)
@given(plans(), st.sampled_from([None, None, 1, 2, 3]))
def test_random_days_are_ridden_as_if_every_trip_were_followed(plan, most_rides):
    assert_same(plan, most_rides)


def test_nobody_gets_off_before_boarding_though_the_second_is_the_same():
    """Trip 0 calls at 0, 1 and 2 in one second; who boards at 1 is not at 1 by having ridden."""
    calls = [(s, 20, 20, True, True) for s in range(3)]
    back = [(s, 20, 20, True, True) for s in (2, 3)]
    plan = Plan(4, [calls, back], egress={(1, 0): 5})
    assert by_rounds(plan, 1, 15) == [None]
    assert by_rounds(plan, 0, 15) == [25]
    assert_same(plan)


@pytest.mark.parametrize("shuffle", range(6))
def test_trips_that_take_no_time_lead_into_each_other_in_any_order(shuffle):
    """0 to 3 by three trips within one second, whatever order their hops are listed in.

    From 0, 1 and 2 there is also a train to 4, by which one arrives a second later.
    """
    trips = [[(s, 20, 20, True, True), (s + 1, 20, 20, True, True)] for s in (1, 0, 2)]
    trips += [[(s, 20, 20, True, True), (4, 21, 21, True, True)] for s in range(3)]
    plan = Plan(5, trips, egress={(3, 0): 1, (4, 0): 1}, shuffle=shuffle)
    assert by_rounds(plan, 0, 20) == [21]
    assert_same(plan)
    assert_same(plan, most_rides=2)


def small_day():
    """Worked out by hand; minutes of trips: A 0-1-2, B 1-3, night train N 2-3 past midnight.

    A leaves 0 at 20, is at 1 from 30 to 31 and at 2 at 40. B leaves 1 at 35 for 3 at 50. Changing
    at 1 takes 4 s, from 2 to 3 on foot 9 s, stop 3 is 2 s from the venue.
    """
    a = [(0, 20, 20, True, True), (1, 30, 31, True, True), (2, 40, 40, True, True)]
    b = [(1, 35, 35, True, True), (3, 50, 50, True, True)]
    return Plan(4, [a, b], {(1, 1): 4}, {(3, 0): 2})


@pytest.mark.parametrize(
    ("what", "stop", "ready", "most_rides", "arrival"),
    [
        ("change at 1, at 34, into B at 35", 0, 20, None, 52),
        ("the train has left", 0, 21, None, None),
        ("who walks up to 1 needs no time to change", 1, 35, None, 52),
        ("one ride does not do", 0, 20, 1, None),
        ("two do", 0, 20, 2, 52),
        ("standing at 3 is not riding there", 3, 20, None, None),
    ],
)
def test_a_small_day_by_hand(what, stop, ready, most_rides, arrival):
    plan = small_day()
    timetable, egress = arrays(plan)
    profiles = search(timetable, egress, (FIRST, LAST), most_rides, 1)
    assert looked_up(profiles, plan, stop, ready) == [arrival], what


def test_a_change_that_takes_a_second_too_long_misses_the_train():
    plan = small_day()
    plan.changes[1, 1] = 6
    assert by_rounds(plan, 0, 20) == [None]
    assert_same(plan)


def test_staying_aboard_needs_no_time_to_change():
    plan = small_day()
    plan.egress = {(2, 0): 0}
    assert by_rounds(plan, 0, 20) == [40]
    assert_same(plan)


def test_trains_that_leave_after_midnight_or_before_the_day_are_told_apart():
    late = [(0, 86_500, 86_500, True, True), (1, 86_600, 86_600, True, True)]
    early = [(0, 5, 5, True, True), (1, 30, 30, True, True), (2, 40, 40, True, True)]
    plan = Plan(3, [late, early], egress={(1, 0): 1, (2, 0): 1})
    assert by_rounds(plan, 0, FIRST) == [86_601]
    assert by_rounds(plan, 1, FIRST) == [41]
    assert_same(plan)


def big_plan(seed=3):
    rng = Random(seed)
    trips = []
    for _ in range(120):
        now, calls = rng.randrange(60), []
        for _ in range(6):
            calls.append((rng.randrange(20), now, now + rng.choice([0, 1]), True, True))
            now += rng.randrange(9) + 1
        trips.append(calls)
    egress = {(rng.randrange(20), v): rng.randrange(30) for v in range(40)}
    return Plan(20, trips, {(2, 3): 3, (3, 2): 3}, egress, venues=41)


@pytest.mark.parametrize("most_rides", [None, 2])
def test_neither_threads_nor_batches_change_anything(monkeypatch, most_rides):
    timetable, egress = arrays(big_plan())
    one = search(timetable, egress, (FIRST, LAST), most_rides, 1)
    two = search(timetable, egress, (FIRST, LAST), most_rides, 2)
    monkeypatch.setattr(scanning, "SCAN_BYTES", 50_000)
    batches = search(timetable, egress, (FIRST, LAST), most_rides, 2)
    assert len(one.venue) == 40  # venue 40 lies near no stop
    for other in (two, batches):
        assert np.array_equal(one.arrives, other.arrives)
        assert np.array_equal(one.boardings.time, other.boardings.time)


def test_a_dense_day_of_many_venues_is_right_too():
    assert_same(big_plan(), threads=2)
    assert_same(big_plan(), most_rides=3, threads=2)


def test_a_day_without_trips_or_venues_is_empty():
    timetable, egress = arrays(Plan(2, [], egress={(0, 0): 1}))
    assert search(timetable, egress, (FIRST, LAST), None, 2).arrives.shape == (0, 1)
    timetable, egress = arrays(Plan(2, [[(0, 20, 20, True, True), (1, 30, 30, True, True)]]))
    assert search(timetable, egress, (FIRST, LAST), None, 2).arrives.shape == (1, 0)


def test_no_ride_at_all_is_refused():
    timetable, _ = arrays(small_day())
    with pytest.raises(BadQueryError, match="at least 1"):
        scan(day_from(timetable, 0), np.zeros((4, 1), np.int32), 0)


def test_a_failing_part_fails_the_whole():
    def do(part):
        if part == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scanning._all_done(2, do, range(4))
