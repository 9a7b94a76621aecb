"""The timetable engine on a real day of the subway, against trains followed in plain Python.

The yardstick reads the feed itself, with csv and dicts, and shares no code with the engine: a
forward connection scan (Dibbelt, Pajor, Strasser, Wagner 2018) from one station and one second at a
time. Its rules: one starts and ends on any platform of a station; a change takes the feed's
``min_transfer_time``, and none on one platform; lines of a station without an entry cannot be
changed between; Saturday's trains that run past midnight are there on Sunday.
"""

import csv
import datetime as dt
import io
import zipfile
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest

from venuenet.travel.gtfs import read_feed
from venuenet.travel.gtfs_timetable import timetable
from venuenet.travel.legs import Legs
from venuenet.travel.scan import NEVER, search

FEED = Path(__file__).parents[3] / "shared" / "data" / "beijing_subway_gtfs.zip"
SUNDAY = dt.date(2026, 6, 7)
END = 28 * 3600

pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(not FEED.exists(), reason="the GTFS feed is not beside the project"),
]

# When the first trains run, in the rush, by day, when the last trains run, and past midnight.
HOURS = [(0, 1), (4, 6), (7, 9), (10, 15), (17, 19), (21, 24)]
EACH = 10  # (station, second) pairs per row of HOURS, with all 424 other stations each


def rows(archive, name):
    with archive.open(f"{name}.txt") as raw:
        yield from csv.DictReader(io.TextIOWrapper(raw, "utf-8-sig"))


def clock(text):
    h, m, s = text.split(":")
    return int(h) * 3600 + int(m) * 60 + int(s)


def runs_on(calendar, day):
    text = f"{day:%Y%m%d}"
    return {
        r["service_id"]
        for r in calendar
        if r["start_date"] <= text <= r["end_date"] and r[f"{day:%A}".lower()] == "1"
    }


@pytest.fixture(scope="module")
def day():
    """Platforms of every station, ways to change, and hops by departure: plain lists and dicts."""
    with zipfile.ZipFile(FEED) as archive:
        assert {"calendar_dates.txt", "frequencies.txt"}.isdisjoint(archive.namelist())
        calendar = list(rows(archive, "calendar"))
        today, before = (runs_on(calendar, SUNDAY - dt.timedelta(days=n)) for n in (0, 1))
        service = {r["trip_id"]: r["service_id"] for r in rows(archive, "trips")}
        station = {r["stop_id"]: r["parent_station"] for r in rows(archive, "stops")}
        ways = {}
        for r in rows(archive, "transfers"):
            way = (r["to_stop_id"], int(r["min_transfer_time"]))
            ways.setdefault(r["from_stop_id"], []).append(way)
        calls = {}
        for r in rows(archive, "stop_times"):
            if service[r["trip_id"]] in today | before:
                call = (int(r["stop_sequence"]), clock(r["arrival_time"]))
                calls.setdefault(r["trip_id"], []).append(
                    (*call, clock(r["departure_time"]), r["stop_id"])
                )
    hops = []
    for trip, stops in calls.items():
        stops.sort()
        for (n, _, leaves, start), (_, arrives, _, end) in pairwise(stops):
            if service[trip] in today:
                hops.append((leaves, arrives, n, (trip, 0), start, end))
            if service[trip] in before and leaves >= 86_400:
                hops.append((leaves - 86_400, arrives - 86_400, n, (trip, -1), start, end))
    hops.sort()
    platforms = {}
    for stop, parent in station.items():
        if parent:
            platforms.setdefault(parent, []).append(stop)
    return platforms, ways, hops


def earliest_arrivals(day, origin, ready):
    """Earliest arrival on any platform of every station but the origin's own."""
    platforms, ways, hops = day
    stands = dict.fromkeys(platforms[origin], ready)
    arrived, aboard = {}, set()
    # Hops of no duration may come in the wrong order: go through the day until nothing changes.
    changed = True
    while changed:
        changed, aboard = False, set()
        for leaves, arrives, _, trip, start, end in hops:
            if leaves < ready or not (trip in aboard or stands.get(start, END * 2) <= leaves):
                continue
            aboard.add(trip)
            arrived[end] = min(arrives, arrived.get(end, arrives))
            for stop, seconds in [(end, 0), *ways.get(end, [])]:
                if arrives + seconds < stands.get(stop, END * 2):
                    stands[stop] = arrives + seconds
                    changed = changed or leaves == arrives
    return {
        name: min(arrived[stop] for stop in stops if stop in arrived)
        for name, stops in platforms.items()
        if name != origin and any(stop in arrived for stop in stops)
    }


@pytest.fixture(scope="module")
def table():
    return timetable([read_feed(FEED)], SUNDAY, 0, END)


def test_every_station_and_second_agrees_with_trains_followed_one_by_one(day, table):
    platforms, _, hops = day
    assert len(hops) == len(table.leaves)
    names = sorted(platforms)
    station_of = {stop: names.index(name) for name, stops in platforms.items() for stop in stops}
    stop_station = np.array([station_of[stop] for stop in table.stop_ids], dtype=np.int32)
    n = len(table.stop_ids)
    egress = Legs(np.arange(n + 1), stop_station, np.zeros(n, dtype=np.int32))

    rng = Random(7)
    compared = unreachable = 0
    for first, last in HOURS:
        window = (first * 3600, last * 3600)
        profiles = search(table, egress, window, None, 2)
        assert profiles.venue.tolist() == list(range(len(names)))
        at, time = profiles.boardings
        for i in range(EACH):
            ready = rng.randrange(*window)
            if i % 2:  # on the minute, as trains leave
                ready -= ready % 60
            origin = rng.choice(names)
            expected = earliest_arrivals(day, origin, ready)
            found = np.full(len(names), NEVER)
            for stop in np.flatnonzero(stop_station == names.index(origin)):
                row = at[stop] + np.searchsorted(time[at[stop] : at[stop + 1]], ready)
                if row < at[stop + 1]:
                    found = np.minimum(found, profiles.arrives[row])
            for v, name in enumerate(names):
                if name != origin:
                    assert found[v] == expected.get(name, NEVER), (origin, name, ready)
                    compared += 1
                    unreachable += name not in expected
    print(f"\n{compared} (station, station, second), {unreachable} without a way")
    assert compared == len(HOURS) * EACH * 424
    assert 0 < unreachable < compared / 2
