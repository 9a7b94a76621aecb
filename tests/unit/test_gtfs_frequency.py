"""Trains per window and running times, for rail and buses, as the frequency model takes them."""

import datetime as dt

import pytest
from test_gtfs import added, feed_zip

from venuenet.model import UNREACHED
from venuenet.travel.gtfs import read_feed
from venuenet.travel.gtfs_frequency import frequency_tables
from venuenet.travel.subway import station_seconds

WEDNESDAY = dt.date(2026, 6, 10)
TIMES = "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"


def tables_of(folder, start="07:00", end="09:00", **files):
    hours = [int(clock[:2]) * 3600 + int(clock[3:]) * 60 for clock in (start, end)]
    return frequency_tables([read_feed(feed_zip(folder, **files))], WEDNESDAY, *hours)


def rows(frame):
    return [tuple(row) for row in frame.itertuples(index=False)]


EVERY_TEN_MINUTES = {
    # 1路 D - A - C, one minute at A; 2路 B - C; both every ten minutes from 7:00 to 8:50.
    "frequencies": "trip_id,start_time,end_time,headway_secs\n"
    "T1,06:00:00,10:00:00,600\nT2,06:00:00,10:00:00,600\n",
    "transfers": "from_stop_id,to_stop_id,transfer_type,min_transfer_time\n"
    "A,B,2,150\nB,A,3,\nA,D,2,30\n",
}


def test_links_count_trains_that_leave_in_the_window_and_average_their_runs(tmp_path):
    tables = tables_of(tmp_path, **EVERY_TEN_MINUTES)
    assert rows(tables.links) == [
        # 8:00 to leaving A at 8:06; from leaving A to arriving at the last stop, 6 minutes
        ("1路", "0", "S", "C", 6.0, 12),
        ("1路", "0", "D", "S", 6.0, 12),
        ("2路", "1", "S", "C", 25.0, 12),
    ]
    assert list(tables.links.columns) == [
        "line", "direction", "from_id", "to_id", "run_min", "trains_window"
    ]  # fmt: skip


def test_stations_lines_transfers_and_platforms(tmp_path):
    tables = tables_of(tmp_path, **EVERY_TEN_MINUTES)
    assert rows(tables.stations) == [("C", "1路|2路"), ("D", "1路"), ("S", "1路|2路")]
    # On one stop (C) there is no walk; what type 3 forbids and what leads to another station
    # is not there.
    assert rows(tables.transfers) == [
        ("C", "1路", "2路", 0.0),
        ("C", "2路", "1路", 0.0),
        ("S", "1路", "2路", 2.5),
    ]
    assert rows(tables.platforms) == [
        ("S", "1路", "A", "中心一", 116.40, 39.90),
        ("S", "2路", "B", "中心二", 116.401, 39.901),
        ("C", "1路", "C", "东", 116.45, 39.90),
        ("C", "2路", "C", "东", 116.45, 39.90),
        ("D", "1路", "D", "D", 116.35, 39.90),
    ]


def test_the_frequency_model_takes_them_as_they_are(tmp_path):
    tables = tables_of(tmp_path, **EVERY_TEN_MINUTES)
    seconds = station_seconds(
        tables.stations, tables.links, tables.transfers, "window", 120, tick_minutes=0
    )
    c, d, s = 0, 1, 2
    assert seconds[d, s] == (5 + 6) * 60  # half of ten minutes, then the ride
    assert seconds[d, c] == (5 + 6 + 6) * 60
    assert seconds[s, c] == (5 + 6) * 60
    assert seconds[c, s] == UNREACHED


def test_a_train_that_leaves_as_the_window_ends_is_not_counted(tmp_path):
    assert tables_of(tmp_path, "07:00", "08:00", **EVERY_TEN_MINUTES).links[
        "trains_window"
    ].tolist() == [6, 6, 6]
    # The train that leaves D at 8:00 stays at A until 8:06, past the end of the window.
    late = tables_of(tmp_path, "08:00", "08:01")
    assert rows(late.links) == [("1路", "0", "D", "S", 6.0, 1)]
    assert rows(late.stations) == [("D", "1路"), ("S", "1路")]


def test_runs_of_different_length_count_by_their_mean(tmp_path):
    times = TIMES + (
        "T1,07:00:00,07:00:00,D,1\nT1,07:04:00,07:04:00,C,2\n"
        "T2,08:00:00,08:00:00,D,1\nT2,08:05:00,08:05:00,C,2\n"
        "T3,08:30:00,08:30:00,D,1\nT3,08:35:00,08:35:00,C,2\n"
    )
    trips = "route_id,service_id,trip_id\nR1,WD,T1\nR1,WD,T2\nR1,WD,T3\n"
    (link,) = rows(tables_of(tmp_path, stop_times=times, trips=trips).links)
    assert link == ("1路", "", "D", "C", pytest.approx(14 / 3), 3)


def test_an_express_has_links_of_its_own(tmp_path):
    times = TIMES + (
        "T1,08:00:00,08:00:00,D,1\nT1,08:05:00,08:05:00,A,2\nT1,08:12:00,08:12:00,C,3\n"
        "T2,08:20:00,08:20:00,D,1\nT2,08:28:00,08:28:00,C,2\n"
    )
    trips = "route_id,service_id,trip_id,direction_id\nR1,WD,T1,0\nR1,WD,T2,0\n"
    assert rows(tables_of(tmp_path, stop_times=times, trips=trips).links) == [
        ("1路", "0", "S", "C", 7.0, 1),
        ("1路", "0", "D", "S", 5.0, 1),
        ("1路", "0", "D", "C", 8.0, 1),
    ]


def test_the_bar_that_joins_lines_is_taken_out_of_their_names(tmp_path):
    tables = tables_of(tmp_path, routes="route_id,route_short_name\nR1,a|b\nR2,c\n")
    assert tables.stations["lines"].tolist() == ["a/b", "a/b", "a/b"]
    assert set(tables.links["line"]) == set(tables.platforms["line"]) == {"a/b"}


def test_buses_on_both_sides_of_a_street_are_stations_of_their_own(tmp_path):
    stops = (
        "stop_id,stop_lat,stop_lon\nE1,39.9,116.4\nE2,39.9,116.41\nW1,39.9,116.4\nW2,39.9,116.41\n"
    )
    times = TIMES + (
        "T1,08:00:00,08:00:00,E1,1\nT1,08:02:00,08:02:00,E2,2\n"
        "T2,08:00:00,08:00:00,W2,1\nT2,08:03:00,08:03:00,W1,2\n"
    )
    tables = tables_of(
        tmp_path, stops=stops, stop_times=times, trips=added("trips").replace("R2", "R1")
    )
    assert tables.stations["station_id"].tolist() == ["E1", "E2", "W1", "W2"]
    assert rows(tables.links) == [
        ("1路", "0", "E1", "E2", 2.0, 1),
        ("1路", "1", "W2", "W1", 3.0, 1),
    ]
    assert tables.transfers.empty
