"""A day's hops, stations and changes, by hand and against a plain expansion in Python."""

import datetime as dt
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_gtfs import BASE, added, changed, feed_zip

from venuenet.errors import BadQueryError, NetworkFileError
from venuenet.travel.gtfs import read_feed
from venuenet.travel.gtfs_changes import NOT_POSSIBLE_S
from venuenet.travel.gtfs_store import load_timetable, save_timetable, timetable_meta
from venuenet.travel.gtfs_timetable import timetable

WEDNESDAY = dt.date(2026, 6, 10)
HOUR = 3600
DAY = 24 * HOUR
FREQUENCIES = "trip_id,start_time,end_time,headway_secs,exact_times\n"
TRANSFERS = "from_stop_id,to_stop_id,transfer_type,min_transfer_time\n"
PATHWAYS = "pathway_id,from_stop_id,to_stop_id,pathway_mode,is_bidirectional,traversal_time\n"


def table_of(folder, from_s=0, to_s=DAY, day=WEDNESDAY, **changes):
    return timetable([read_feed(feed_zip(folder, **changes))], day, from_s, to_s)


def hops(table):
    return [
        (table.stop_ids[a], table.stop_ids[b], int(out), int(into))
        for a, b, out, into in zip(table.start, table.end, table.leaves, table.arrives, strict=True)
    ]


def changes(table):
    return {
        (table.stop_ids[i], table.stop_ids[table.change_to[at]]): int(table.change_s[at])
        for i in range(len(table.stop_ids))
        for at in range(table.change_at[i], table.change_at[i + 1])
    }


# From A (116.400, 39.900) to B (116.401, 39.901): 85.5 m east and 111.0 m north make 140.1 m.
ESTIMATED = {("A", "B"): 141, ("B", "A"): 141}
T1 = [("D", "A", 28800, 29100), ("A", "C", 29160, 29520)]
T2 = [("B", "C", 86100, 87600)]


def test_hops_come_as_they_leave_with_stops_stations_and_lines(tmp_path):
    table = table_of(tmp_path)
    assert hops(table) == T1 + T2
    assert table.stop_ids == ("A", "B", "C", "D")
    assert table.stop_names == ("中心一", "中心二", "东", "D")
    assert table.stop_lat.tolist() == [39.90, 39.901, 39.90, 39.90]
    assert table.stop_lon.tolist() == [116.40, 116.401, 116.45, 116.35]
    assert table.station.tolist() == [0, 0, 1, 2]
    assert table.trip.tolist() == [0, 0, 1]
    assert table.lines == ("1路 0", "2路 1")
    assert table.line.tolist() == [0, 1]
    assert table.boards.all()
    assert table.alights.all()


def test_the_window_takes_hops_that_leave_at_its_start_and_not_at_its_end(tmp_path):
    assert hops(table_of(tmp_path, 28800, 29160)) == T1[:1]
    assert hops(table_of(tmp_path, 28801, 29161)) == T1[1:]
    cut = table_of(tmp_path, 29160, DAY)
    assert cut.trip.tolist() == [0, 1]
    assert [cut.lines[i] for i in cut.line] == ["1路 0", "2路 1"]


def test_trips_of_the_day_before_and_after_are_there_where_they_fall(tmp_path):
    night = changed("stop_times", "T2,23:55:00,23:55:00", "T2,24:10:00,24:10:00")
    # The day before leaves at 00:10, this day at 24:10 and the next day's bus at 32:00.
    table = table_of(tmp_path, 0, 33 * HOUR, stop_times=night)
    assert hops(table) == [
        ("B", "C", 600, 1200),
        *T1,
        ("B", "C", DAY + 600, DAY + 1200),
        *[(a, b, out + DAY, into + DAY) for a, b, out, into in T1],
    ]
    assert table.trip.tolist() == [0, 1, 1, 2, 3, 3]
    # On a Monday nothing comes over from Sunday; 47:59 of Friday is on Sunday.
    assert hops(table_of(tmp_path, 0, DAY, dt.date(2026, 6, 8), stop_times=night)) == T1
    late = night.replace("24:10:00", "48:10:00").replace("24:20:00", "48:20:00")
    assert hops(table_of(tmp_path, 0, HOUR, dt.date(2026, 6, 10), stop_times=late)) == [
        ("B", "C", 600, 1200)
    ]


def test_without_pickup_nobody_boards_and_without_drop_off_nobody_alights(tmp_path):
    times = (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence,pickup_type,drop_off_type\n"
        "T1,08:00:00,08:00:00,D,1,0,\n"
        "T1,08:05:00,08:06:00,A,2,1,2\n"
        "T1,08:12:00,08:12:00,C,3,,1\n"
        "T2,09:00:00,09:00:00,B,1,3,1\nT2,09:20:00,09:20:00,C,2,1,3\n"
    )
    table = table_of(tmp_path, stop_times=times)
    assert table.boards.tolist() == [True, False, True]
    assert table.alights.tolist() == [True, False, True]


@pytest.mark.parametrize("exact", ["0", "1", ""])
def test_headways_repeat_a_trip_up_to_the_end_left_out(tmp_path, exact):
    table = table_of(
        tmp_path,
        frequencies=FREQUENCIES
        + f"T1,06:00:00,06:20:00,600,{exact}\nT1,06:20:00,06:40:01,1200,{exact}\n",
    )
    starts = [21600, 22200, 22800, 24000]
    expected = sorted(
        (out - 28800 + s, into - 28800 + s, a, b) for a, b, out, into in T1 for s in starts
    )
    assert [(out, into, a, b) for a, b, out, into in hops(table)] == [
        *expected, (86100, 87600, "B", "C")
    ]  # fmt: skip
    assert len(set(table.trip.tolist())) == 5


@pytest.mark.parametrize("span", ["23:30:00,24:30:00", "47:30:00,48:30:00"])
def test_headways_past_midnight_reach_into_later_days(tmp_path, span):
    table = table_of(tmp_path, 0, HOUR, frequencies=f"{FREQUENCIES}T1,{span},1800,0\n")
    # The run that begins half an hour before midnight has arrived by then.
    assert hops(table) == [("D", "A", 0, 300), ("A", "C", 360, 720)]


def test_a_hop_without_length_keeps_its_place_in_its_trip(tmp_path):
    times = (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        "T1,08:00:00,08:00:00,D,1\nT1,08:00:00,08:00:00,C,2\nT1,08:00:00,08:00:00,A,3\n"
        "T2,08:00:00,08:00:00,B,1\nT2,08:00:00,08:00:00,A,2\n"
    )
    table = table_of(tmp_path, stop_times=times)
    own = [(a, b) for (a, b, _, _), trip in zip(hops(table), table.trip, strict=True) if trip == 0]
    assert own == [("D", "C"), ("C", "A")]


def test_several_feeds_lie_side_by_side_under_their_names(tmp_path):
    one = read_feed(feed_zip(tmp_path, "rail.zip"))
    (tmp_path / "more").mkdir()
    two = read_feed(feed_zip(tmp_path / "more", "rail.zip", transfers=TRANSFERS + "A,B,2,60\n"))
    bus = read_feed(feed_zip(tmp_path, "bus.zip", routes="route_id\nR1\nR2\n"))
    table = timetable([one, two, bus], WEDNESDAY, 0, DAY)
    assert table.stop_ids[0] == "rail:A"
    assert table.stop_ids[4] == "rail#2:A"
    assert table.stop_ids[8] == "bus:A"
    assert table.station.tolist() == [0, 0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8]
    assert table.lines == tuple(
        f"{name}" for name in (
            "rail:1路 0", "rail:2路 1", "rail#2:1路 0", "rail#2:2路 1", "bus:R1 0", "bus:R2 1"
        )
    )  # fmt: skip
    assert changes(table) == {
        ("rail:A", "rail:B"): 141,
        ("rail:B", "rail:A"): 141,
        ("rail#2:A", "rail#2:B"): 60,
        ("bus:A", "bus:B"): 141,
        ("bus:B", "bus:A"): 141,
    }
    assert [table.lines[i] for i in table.line[table.trip[table.leaves == 28800]]] == [
        "rail:1路 0", "rail#2:1路 0", "bus:R1 0"
    ]  # fmt: skip
    assert Counter(hops(table)) == Counter(
        (f"{mark}:{a}", f"{mark}:{b}", out, into)
        for mark in ("rail", "rail#2", "bus")
        for a, b, out, into in T1 + T2
    )


def test_directions_go_by_number_else_by_headsign(tmp_path):
    trips = (
        "route_id,service_id,trip_id,trip_headsign,direction_id\nR1,WD,T1,东行,\nR2,WD,T2,东行,1\n"
    )
    assert table_of(tmp_path, trips=trips).lines == ("1路 东行", "2路 1")
    bare = "route_id,service_id,trip_id\nR1,WD,T1\nR2,WD,T2\n"
    assert table_of(tmp_path, trips=bare).lines == ("1路", "2路")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param("A,B,2,90", {("A", "B"): 90}, id="2 takes its time, one way"),
        pytest.param("A,B,0,45", {("A", "B"): 45}, id="0 takes its time if given"),
        pytest.param("A,B,,", {("A", "B"): 141}, id="0 without a time is estimated"),
        pytest.param("A,C,0,", ESTIMATED, id="0 without a time to another station is a walk"),
        pytest.param("S,S,0,", ESTIMATED, id="0 for a station without a time is estimated"),
        pytest.param("A,B,1,", {("A", "B"): 0}, id="1 waits"),
        pytest.param("A,B,1,30", {("A", "B"): 30}, id="1 takes its time if given"),
        pytest.param("A,B,3,", {("A", "B"): NOT_POSSIBLE_S}, id="3 is not possible"),
        pytest.param("A,A,2,120", {("A", "A"): 120, **ESTIMATED}, id="on one platform"),
        pytest.param(
            "S,C,2,60",
            {("A", "C"): 60, ("B", "C"): 60, **ESTIMATED},
            id="a station means its platforms",
        ),
        pytest.param(
            "S,S,2,60\nA,B,2,20\nB,S,3,",
            {
                ("A", "A"): 60,
                ("A", "B"): 20,
                ("B", "A"): NOT_POSSIBLE_S,
                ("B", "B"): NOT_POSSIBLE_S,
            },
            id="the nearer row counts",
        ),
        pytest.param(
            "A,B,2,20\nS,S,2,60",
            {("A", "A"): 60, ("A", "B"): 20, ("B", "A"): 60, ("B", "B"): 60},
            id="the nearer row counts in any order",
        ),
    ],
)
def test_transfers(tmp_path, row, expected):
    assert changes(table_of(tmp_path, transfers=TRANSFERS + row + "\n")) == expected


def test_transfers_for_single_routes_and_in_seat_are_left_out(tmp_path):
    rows = (
        "from_stop_id,to_stop_id,transfer_type,min_transfer_time,to_route_id\nA,B,2,9,R1\n,,5,,\n"
    )
    assert changes(table_of(tmp_path, transfers=rows)) == ESTIMATED


def test_an_estimated_change_takes_two_minutes_at_least(tmp_path):
    near = changed("stops", "39.901,116.401", "39.901,116.400")
    assert changes(table_of(tmp_path, stops=near)) == {("A", "B"): 120, ("B", "A"): 120}


WITH_NODES = added("stops", "E,口,39.9,116.4,2,S", "N,厅,,,3,S", "BA,候车区,,,4,B")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(
            "1,A,N,1,1,30\n2,N,B,2,0,40\n", {("A", "B"): 70}, id="ways add up, one way is one way"
        ),
        pytest.param(
            "1,A,N,1,1,30\n2,N,B,5,1,15\n3,N,B,2,1,40\n4,A,B,1,1,100\n",
            {("A", "B"): 45, ("B", "A"): 45},
            id="the least of several",
        ),
        pytest.param(
            "1,A,E,1,1,30\n2,E,N,2,1,0\n3,N,BA,1,1,5\n",
            {("A", "B"): 35, ("B", "A"): 35},
            id="through an entrance to a boarding area",
        ),
        pytest.param(
            "1,A,N,1,1,30\n2,N,B,2,1,\n", ESTIMATED, id="a way without a time is not walked"
        ),
        pytest.param("1,A,C,1,1,30\n", ESTIMATED, id="not to another station"),
    ],
)
def test_pathways(tmp_path, rows, expected):
    table = table_of(tmp_path, stops=WITH_NODES, pathways=PATHWAYS + rows)
    assert changes(table) == expected
    assert table.stop_ids == ("A", "B", "C", "D")


def test_a_transfer_overrides_a_pathway(tmp_path):
    table = table_of(
        tmp_path,
        pathways=PATHWAYS + "1,A,B,1,1,30\n",
        transfers=TRANSFERS + "A,B,2,90\nB,A,0,\n",
    )
    assert changes(table) == {("A", "B"): 90, ("B", "A"): 30}


def test_what_no_timetable_can_be_made_of_is_refused(tmp_path):
    feed = read_feed(feed_zip(tmp_path))
    tokyo = read_feed(
        feed_zip(tmp_path, "t.zip", agency=changed("agency", "Asia/Shanghai", "Asia/Tokyo"))
    )
    for feeds, window, zh, en in (
        ([], (0, 1), "没有给出", "no feed was given"),
        ([feed], (5, 5), "没有长度", "no length"),
        ([feed, tokyo], (0, 1), "时区不同", "different time zones"),
    ):
        with pytest.raises(BadQueryError, match=zh) as caught:
            timetable(feeds, WEDNESDAY, *window)
        assert en in caught.value.detail_en


def test_a_saved_timetable_is_the_same_when_loaded(tmp_path):
    feed = read_feed(
        feed_zip(
            tmp_path,
            routes=added("routes", "R1,again,3"),
            transfers=TRANSFERS + "A,B,2,60\n",
            feed_info="feed_publisher_name,feed_publisher_url,feed_lang,feed_version,"
            "feed_start_date,feed_end_date\n公交集团,x,zh,v7,20260601,\n",
        ),
        drop_faulty=True,
    )
    table = timetable([feed], WEDNESDAY, 0, DAY)
    meta = timetable_meta([feed], WEDNESDAY, 0, DAY)
    save_timetable(tmp_path / "t.arrow", table, meta)
    again, about = load_timetable(tmp_path / "t.arrow")
    for name, value in vars(table).items():
        if isinstance(value, tuple):
            assert getattr(again, name) == value
        else:
            assert np.array_equal(getattr(again, name), value)
            assert getattr(again, name).dtype == value.dtype
    assert about == meta
    (told,) = about["feeds"]
    assert (about["day"], about["from_s"], about["to_s"]) == ("2026-06-10", 0, DAY)
    assert (told["name"], told["sha256"]) == ("feed.zip", feed.sha256)
    assert (told["publisher"], told["version"], told["agencies"]) == (
        "公交集团",
        "v7",
        ["京城公交"],
    )
    assert (told["starts"], told["ends"]) == ("2026-06-01", "")
    assert [(d["what"], d["count"]) for d in told["dropped"]] == [("row", 1)]
    (tmp_path / "broken.arrow").write_bytes(b"x")
    with pytest.raises(NetworkFileError):
        load_timetable(tmp_path / "broken.arrow")


def clock(seconds):
    return f"{seconds // HOUR}:{seconds % HOUR // 60:02d}:{seconds % 60:02d}"


@st.composite
def random_feed(draw):
    """Services, exceptions, trips with calls, headways; as plain Python values."""
    services = {
        f"W{i}": (draw(st.integers(1, 127)), draw(st.dictionaries(
            st.integers(5, 15), st.sampled_from([1, 2]), max_size=4)))
        for i in range(draw(st.integers(1, 3)))
    }  # fmt: skip
    trips = []
    for i in range(draw(st.integers(1, 5))):
        now, calls = draw(st.integers(0, 2 * DAY)), []
        for _ in range(draw(st.integers(2, 4))):
            now += draw(st.sampled_from([0, 60, 3599]))
            leaves = now + draw(st.sampled_from([0, 30]))
            calls.append((now, leaves, draw(st.sampled_from("ABCD")), draw(st.integers(0, 3))))
            now = leaves
        begins = draw(st.lists(st.integers(0, 30), max_size=2, unique=True))
        spans = [
            (h * HOUR, h * HOUR + draw(st.integers(1, HOUR)), draw(st.sampled_from([600, 1799])))
            for h in begins
        ]
        trips.append((f"T{i}", draw(st.sampled_from("RQ")), draw(st.sampled_from(sorted(services))),
                      calls, spans))  # fmt: skip
    return services, trips


def runs_on(service, date):
    week, exceptions = service
    if date.month == 6 and date.day in exceptions:
        return exceptions[date.day] == 1
    return bool(week >> date.weekday() & 1) and date.month == 6


def plain_expansion(services, trips, day, from_s, to_s):
    found = Counter()
    for later in range(-5, 5):
        for _, line, service, calls, spans in trips:
            if not runs_on(services[service], day + dt.timedelta(days=later)):
                continue
            begins = [s for a, b, step in spans for s in range(a, b, step)]
            for begin in begins if spans else [calls[0][1]]:
                shift = begin - calls[0][1] + later * DAY
                run = tuple(
                    (a[1] + shift, b[0] + shift, a[2], b[2], a[3] != 1, b[3] != 1)
                    for a, b in pairwise(calls)
                    if from_s <= a[1] + shift < to_s
                )
                if run:
                    found[line, run] += 1
    return found


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    feed=random_feed(),
    day=st.integers(6, 14),
    from_s=st.integers(0, DAY),
    length=st.integers(1, 2 * DAY),
)
def test_hops_equal_a_plain_expansion(tmp_path, feed, day, from_s, length):
    services, trips = feed
    date = dt.date(2026, 6, day)
    ridden = {trip[2] for trip in trips}
    if not any(runs_on(services[service], date) for service in ridden):
        return
    weekly = {
        name: "".join(f",{week >> i & 1}" for i in range(7)) for name, (week, _) in services.items()
    }
    rows = [(name, calls) for name, _, _, calls, _ in trips]
    path = feed_zip(
        tmp_path,
        stops="stop_id,stop_lat,stop_lon\n" + "".join(f"{s},39.9,116.4\n" for s in "ABCD"),
        routes="route_id\nR\nQ\n",
        trips="trip_id,route_id,service_id\n" + "".join(f"{t},{r},{s}\n" for t, r, s, *_ in trips),
        stop_times="trip_id,arrival_time,departure_time,stop_id,stop_sequence,pickup_type,"
        "drop_off_type\n"
        + "".join(
            f"{name},{clock(a)},{clock(d)},{stop},{i * 5},{kind},{kind}\n"
            for name, calls in rows
            for i, (a, d, stop, kind) in enumerate(calls)
        ),
        calendar=BASE["calendar"].splitlines()[0] + "\n"
        + "".join(f"{name}{week},20260601,20260630\n" for name, week in weekly.items()),
        calendar_dates="service_id,date,exception_type\n"
        + "".join(
            f"{name},202606{d:02d},{kind}\n"
            for name, (_, dates) in services.items()
            for d, kind in dates.items()
        ),
        frequencies=FREQUENCIES
        + "".join(
            f"{name},{clock(a)},{clock(b)},{step},1\n"
            for name, _, _, _, spans in trips
            for a, b, step in spans
        ),
    )  # fmt: skip
    table = timetable([read_feed(path)], date, from_s, from_s + length)
    found = {}
    for i, trip in enumerate(table.trip.tolist()):
        stops = table.stop_ids[table.start[i]], table.stop_ids[table.end[i]]
        rules = bool(table.boards[i]), bool(table.alights[i])
        hop = (int(table.leaves[i]), int(table.arrives[i]), *stops, *rules)
        found.setdefault(trip, []).append(hop)
    ours = Counter((table.lines[table.line[trip]], tuple(run)) for trip, run in found.items())
    assert ours == plain_expansion(services, trips, date, from_s, from_s + length)
    assert len(table.line) == len(found)
    key = list(zip(table.leaves.tolist(), table.arrives.tolist(), strict=True))
    assert key == sorted(key)
