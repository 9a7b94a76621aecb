"""Reading feeds: every form they come in, every fault with its file and line."""

import hashlib
import struct
import zipfile

import pytest

from venuenet.errors import TravelDataError
from venuenet.travel.gtfs import read_feed
from venuenet.travel.gtfs_faults import LISTED, SAYS

BASE = {
    "agency": "agency_name,agency_url,agency_timezone\n京城公交,https://x.test,Asia/Shanghai\n",
    "stops": (
        "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n"
        "S,中心,39.90,116.40,1,\n"
        "A,中心一,39.90,116.40,0,S\n"
        "B,中心二,39.901,116.401,0,S\n"
        "C,东,39.90,116.45,,\n"
        "D,,39.90,116.35,,\n"
    ),
    "routes": "route_id,route_short_name,route_type\nR1,1路,3\nR2,2路,3\n",
    "trips": "route_id,service_id,trip_id,direction_id\nR1,WD,T1,0\nR2,WD,T2,1\n",
    "stop_times": (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        "T1,08:00:00,08:00:00,D,1\n"
        "T1,08:05:00,08:06:00,A,2\n"
        "T1,08:12:00,08:12:00,C,3\n"
        "T2,23:55:00,23:55:00,B,1\n"
        "T2,24:20:00,24:20:00,C,2\n"
    ),
    "calendar": (
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        "WD,1,1,1,1,1,0,0,20260601,20260630\n"
    ),
}


def feed_zip(folder, name="feed.zip", inner="", **changes):
    """Write BASE, with files replaced, added (text or bytes) or left out (None), as a zip."""
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, text in (BASE | changes).items():
            if text is not None:
                archive.writestr(f"{inner}{file}.txt", text)
    return path


def added(file, *lines):
    return BASE.get(file, "") + "".join(f"{line}\n" for line in lines)


def changed(file, old, new):
    assert old in BASE[file]
    return BASE[file].replace(old, new)


def faults_of(path, **options):
    with pytest.raises(TravelDataError) as caught:
        read_feed(path, **options)
    return caught.value


def places(error):
    return [(f.file.removesuffix(".txt"), f.row, f.column, f.kind, f.spoils) for f in error.faults]


def test_a_sound_feed_is_read_whole(tmp_path):
    path = feed_zip(tmp_path)
    feed = read_feed(path)
    assert feed.name == "feed.zip"
    assert feed.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert feed.agencies == ("京城公交",)
    assert feed.timezone == "Asia/Shanghai"
    assert feed.stops["stop_id"].tolist() == ["S", "A", "B", "C", "D"]
    assert feed.stops["name"].tolist() == ["中心", "中心一", "中心二", "东", "D"]
    assert feed.stops["parent"].tolist() == ["", "S", "S", "", ""]
    assert feed.stops["location_type"].tolist() == [1, 0, 0, 0, 0]
    assert feed.trips.to_numpy().tolist() == [["T1", "WD", "1路", "0"], ["T2", "WD", "2路", "1"]]
    assert feed.calls["trip"].tolist() == [0, 0, 0, 1, 1]
    assert feed.calls["stop"].tolist() == [4, 1, 3, 2, 3]
    assert feed.calls["arrives"].tolist() == [28800, 29100, 29520, 86100, 87600]
    assert feed.calls["leaves"].tolist() == [28800, 29160, 29520, 86100, 87600]
    assert feed.dropped == feed.notes == ()


def same(one, other):
    for name in ("stops", "trips", "calls"):
        assert getattr(one, name).equals(getattr(other, name)), name


def test_a_folder_reads_as_its_zip_does(tmp_path):
    for file, text in BASE.items():
        (tmp_path / f"{file}.txt").write_text(text, encoding="utf-8")
    (tmp_path / "notes.txt").write_bytes(b"\xff")
    folder = read_feed(tmp_path)
    same(folder, read_feed(feed_zip(tmp_path)))
    assert folder.sha256 == read_feed(tmp_path).sha256
    (tmp_path / "routes.txt").write_text(added("routes", "R3,3路,3"), encoding="utf-8")
    assert folder.sha256 != read_feed(tmp_path).sha256


def test_one_inner_folder_is_looked_into(tmp_path):
    path = feed_zip(tmp_path, "inner.zip", inner="gtfs/")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/stops.txt", "junk")
    same(read_feed(path), read_feed(feed_zip(tmp_path)))


def test_bom_crlf_quotes_blanks_order_and_unknown_columns_change_nothing(tmp_path):
    def dressed(text):
        lines = [line.split(",") for line in text.splitlines()]
        lines = [[*reversed(line), "extra, quoted"] for line in lines]
        return "\ufeff" + "\r\n".join(",".join(f'"{cell}"' for cell in line) for line in lines)

    odd = feed_zip(tmp_path, "odd.zip", **{file: dressed(text) for file, text in BASE.items()})
    same(read_feed(odd), read_feed(feed_zip(tmp_path)))
    spaced = {file: text.replace(",", " , ") for file, text in BASE.items()}
    same(read_feed(feed_zip(tmp_path, "b.zip", **spaced)), read_feed(feed_zip(tmp_path)))
    old_mac = {file: text.replace("\n", "\r") for file, text in BASE.items()}
    same(read_feed(feed_zip(tmp_path, "c.zip", **old_mac)), read_feed(feed_zip(tmp_path)))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param(
            {"routes": None},
            [("routes", None, None, "no_file", "feed")],
            id="a required file is missing",
        ),
        pytest.param(
            {"calendar": None},
            [("calendar", None, None, "no_calendar", "feed")],
            id="both calendars are missing",
        ),
        pytest.param(
            {"stop_times": changed("stop_times", "departure_time", "leaving")},
            [("stop_times", 1, "departure_time", "no_column", "feed")],
            id="a required column is missing",
        ),
        pytest.param(
            {"stops": BASE["stops"].encode("gb18030")},
            [("stops", 2, None, "not_utf8", "feed")],
            id="not UTF-8",
        ),
        pytest.param(
            {"routes": changed("routes", "route_type", "route_id")},
            [("routes", 1, None, "same_column", "feed")],
            id="a column twice",
        ),
        pytest.param(
            {"routes": "route_id,route_short_name\n"},
            [("routes", None, None, "empty", "feed")],
            id="a required file without rows",
        ),
        pytest.param(
            {"routes": added("routes", "R3,3路", "R4,4路,3,9", "R5,5路,3")},
            [("routes", 4, None, "width", "row"), ("routes", 5, None, "width", "row")],
            id="too few and too many cells",
        ),
        pytest.param(
            {"routes": added("routes", "", '"R3","3\n路",3', ",4路,3", ",,,,")},
            [
                ("routes", 5, None, "break", "row"),
                ("routes", 7, "route_id", "blank", "row"),
                ("routes", 8, None, "width", "row"),
            ],
            id="lines are counted past blank lines and breaks within quotes",
        ),
        pytest.param(
            {"routes": added("routes", 'R3,"3路,3', "R4,4路,3", "R5,5路,3")},
            [("routes", 4, None, "width", "row")],
            id="a quote that is not closed",
        ),
        pytest.param(
            {"routes": added("routes", 'R3,3路,"3', "R4,4路,3", "R5,5路,3")},
            [("routes", 4, None, "break", "row")],
            id="a quote in the last cell that is not closed",
        ),
        pytest.param(
            {"trips": added("trips", "R9,WD,T1,0")},
            [
                ("trips", 4, "route_id", "refers", "trip"),
                ("trips", 4, "trip_id", "twice", "row"),
            ],
            id="two faults on one line",
        ),
        pytest.param(
            {"stops": added("stops", "C,again,39.9,116.4,,")},
            [("stops", 7, "stop_id", "twice", "row")],
            id="a stop twice",
        ),
        pytest.param(
            {"stop_times": changed("stop_times", "A,2", "A,1")},
            [("stop_times", 3, "stop_sequence", "twice", "row")],
            id="a place in the order twice",
        ),
        pytest.param(
            {"stop_times": changed("stop_times", "A,2", "Z,2")},
            [("stop_times", 3, "stop_id", "refers", "row")],
            id="an unknown stop",
        ),
        pytest.param(
            {"stop_times": added("stop_times", "T9,08:00:00,08:00:00,A,1")},
            [("stop_times", 7, "trip_id", "refers", "row")],
            id="an unknown trip",
        ),
        pytest.param(
            {"trips": changed("trips", "R2,WD", "R2,XX")},
            [("trips", 3, "service_id", "refers", "trip")],
            id="an unknown service",
        ),
        pytest.param(
            {"stop_times": changed("stop_times", "08:05:00,08:06:00", "8h05,08:66:00")},
            [
                ("stop_times", 3, "arrival_time", "clock", "trip"),
                ("stop_times", 3, "departure_time", "clock", "trip"),
            ],
            id="times that are not times",
        ),
        pytest.param(
            {"stop_times": changed("stop_times", "08:05:00,08:06:00", "08:05:00,08:04:00")},
            [("stop_times", 3, "arrival_time", "backward", "trip")],
            id="leaves before it arrives",
        ),
        pytest.param(
            {"stop_times": changed("stop_times", "24:20:00,24:20:00", "00:20:00,00:20:00")},
            [("stop_times", 6, "arrival_time", "backward", "trip")],
            id="runs backwards past midnight",
        ),
        pytest.param(
            {"stop_times": changed("stop_times", "24:20:00,24:20:00", ",")},
            [("stop_times", 6, "arrival_time", "no_end", "trip")],
            id="no time at the last stop",
        ),
        pytest.param(
            {"stop_times": changed("stop_times", "A,2", "A,2.5")},
            [("stop_times", 3, "stop_sequence", "whole", "trip")],
            id="an order that is not whole",
        ),
        pytest.param(
            {"stop_times": changed("stop_times", "A,2", "A,-2")},
            [("stop_times", 3, "stop_sequence", "range", "trip")],
            id="a negative order",
        ),
        pytest.param(
            {"stop_times": changed("stop_times", "T2,24:20:00,24:20:00,C,2\n", "")},
            [("trips", 3, "trip_id", "no_calls", "trip")],
            id="a trip with one stop",
        ),
        pytest.param(
            {"trips": added("trips", "R1,WD,T3,0")},
            [("trips", 4, "trip_id", "no_calls", "trip")],
            id="a trip with no stop",
        ),
        pytest.param(
            {"stop_times": changed("stop_times", "A,2", "S,2")},
            [("stop_times", 3, "stop_id", "no_platform", "row")],
            id="a call at a station",
        ),
        pytest.param(
            {"stops": changed("stops", "39.90,116.45", ",116.45")},
            [("stops", 5, "stop_lat", "no_point", "row")],
            id="a stop without coordinates",
        ),
        pytest.param(
            {"stops": changed("stops", "39.90,116.45", "0.0,0")},
            [
                ("stops", 5, "stop_lat", "zero_point", "row"),
            ],
            id="a stop at (0, 0)",
        ),
        pytest.param(
            {"stops": changed("stops", "39.90,116.45", "39.90,16.45")},
            [("stops", 5, "stop_lat", "far", "row")],
            id="a stop far from all others",
        ),
        pytest.param(
            {
                "stops": BASE["stops"]
                .replace("39.90,116.40", "20.0,60.0")
                .replace("39.901,116.401", "20.0,60.0")
            },
            [
                ("stops", 2, "stop_lat", "far", "row"),
                ("stops", 3, "stop_lat", "far", "row"),
                ("stops", 4, "stop_lat", "far", "row"),
            ],
            id="a station far away with its platforms",
        ),
        pytest.param(
            {"stops": changed("stops", "39.90,116.45", "116.45,39.90")},
            [("stops", 5, "stop_lat", "range", "row")],
            id="swapped coordinates",
        ),
        pytest.param(
            {"stops": changed("stops", "39.90,116.45", "39.9o,nan")},
            [
                ("stops", 5, "stop_lat", "number", "row"),
                ("stops", 5, "stop_lon", "number", "row"),
            ],
            id="coordinates that are not numbers",
        ),
        pytest.param(
            {"stops": changed("stops", "0,S\nB", "0,Q\nB")},
            [("stops", 3, "parent_station", "refers", "cell")],
            id="an unknown parent",
        ),
        pytest.param(
            {"stops": changed("stops", "0,S\nB", "0,C\nB")},
            [("stops", 3, "parent_station", "parent", "cell")],
            id="a parent that is no station",
        ),
        pytest.param(
            {"stops": added("stops", "E,gate,39.9,116.4,2,")},
            [("stops", 7, "parent_station", "no_parent", "row")],
            id="an entrance to nothing",
        ),
        pytest.param(
            {"stops": added("stops", "E,,39.9,116.4,1,S", "F,,,,4,A", "G,,,,4,S", "H,,,,3,A")},
            [
                ("stops", 7, "parent_station", "parent", "cell"),
                ("stops", 9, "parent_station", "parent", "cell"),
                ("stops", 10, "parent_station", "parent", "cell"),
            ],
            id="parents of stations, boarding areas and nodes",
        ),
        pytest.param(
            {"stops": added("stops", "E,gate,39.9,116.4,7,")},
            [("stops", 7, "location_type", "choice", "row")],
            id="an unknown location type",
        ),
        pytest.param(
            {"calendar": added("calendar", "WE,0,0,0,0,0,0,0,20260601,20260630")},
            [("calendar", 3, "service_id", "never", "row")],
            id="a service that never runs",
        ),
        pytest.param(
            {"calendar_dates": "service_id,date,exception_type\nWE,20260606,2\n"},
            [("calendar_dates", 2, "service_id", "never", "row")],
            id="a service that is only taken away",
        ),
        pytest.param(
            {
                "calendar": added("calendar", "WE,0,0,0,0,0,0,0,20260601,20260630"),
                "calendar_dates": "service_id,date,exception_type\nWE,20260606,2\n",
            },
            [("calendar", 3, "service_id", "never", "row")],
            id="a service that never runs is told once",
        ),
        pytest.param(
            {
                "frequencies": "trip_id,start_time,end_time,headway_secs\n"
                "T1,07:00:00,08:00:00,60\nT1,08:00:00,09:00:00,60\nT1,08:30:00,08:40:00,60\n"
            },
            [("frequencies", 4, "start_time", "overlap", "row")],
            id="headways may meet, not overlap",
        ),
        pytest.param(
            {"calendar": added("calendar", "WE,1,0,0,0,0,0,0,20260630,20260601")},
            [("calendar", 3, "end_date", "ends_first", "row")],
            id="a service that ends first",
        ),
        pytest.param(
            {"calendar": added("calendar", "WE,1,0,0,0,0,0,x,20260231,2026-06-01")},
            [
                ("calendar", 3, "end_date", "date", "row"),
                ("calendar", 3, "start_date", "date", "row"),
                ("calendar", 3, "sunday", "choice", "row"),
            ],
            id="dates that are not dates",
        ),
        pytest.param(
            {
                "frequencies": "trip_id,start_time,end_time,headway_secs\n"
                "T1,07:00:00,08:00:00,-60\n"
                "T1,08:00:00,09:00:00,\n"
                "T1,09:00:00,10:00:00,0\n"
                "T1,11:00:00,10:00:00,600\n"
                "T1,12:00:00,13:00:00,600\n"
                "T1,12:59:59,14:00:00,600\n"
                "T7,12:00:00,13:00:00,600\n"
            },
            [
                ("frequencies", 2, "headway_secs", "range", "row"),
                ("frequencies", 3, "headway_secs", "blank", "row"),
                ("frequencies", 4, "headway_secs", "range", "row"),
                ("frequencies", 5, "end_time", "ends_first", "row"),
                ("frequencies", 7, "start_time", "overlap", "row"),
                ("frequencies", 8, "trip_id", "refers", "row"),
            ],
            id="headways",
        ),
        pytest.param(
            {
                "stops": added("stops", "E,gate,39.9,116.4,2,S"),
                "transfers": "from_stop_id,to_stop_id,transfer_type,min_transfer_time\n"
                "A,Z,2,60\n"
                "A,B,2,\n"
                ",B,0,\n"
                "E,B,2,30\n"
                "B,A,9,30\n"
                "B,A,2,30\n"
                "B,A,2,40\n",
            },
            [
                ("transfers", 2, "to_stop_id", "refers", "row"),
                ("transfers", 3, "min_transfer_time", "no_minutes", "row"),
                ("transfers", 4, "from_stop_id", "blank", "row"),
                ("transfers", 5, "from_stop_id", "no_platform", "row"),
                ("transfers", 6, "transfer_type", "choice", "row"),
                ("transfers", 8, "to_trip_id", "twice", "row"),
            ],
            id="transfers",
        ),
        pytest.param(
            {
                "pathways": "pathway_id,from_stop_id,to_stop_id,pathway_mode,is_bidirectional,"
                "traversal_time\nP,A,Q,1,1,60\nP,A,B,1,1,60\nP2,A,B,1,2,ten\n"
            },
            [
                ("pathways", 2, "to_stop_id", "refers", "row"),
                ("pathways", 3, "pathway_id", "twice", "row"),
                ("pathways", 4, "is_bidirectional", "choice", "row"),
                ("pathways", 4, "traversal_time", "number", "cell"),
            ],
            id="pathways",
        ),
    ],
)
def test_every_fault_is_told_with_file_line_and_column(tmp_path, changes, expected):
    error = faults_of(feed_zip(tmp_path, **changes))
    assert places(error) == expected
    assert error.total == len(expected)
    assert error.fatal == any(place[4] == "feed" for place in expected)
    for fault in error.faults:
        zh, en, mend_zh, mend_en = SAYS[fault.kind]
        assert fault.zh().startswith(f"{fault.file}")
        assert "{" not in fault.zh() + fault.en()
        assert zh.split("{")[0] in fault.zh()
        assert en.split("{")[0] in fault.en()
        assert mend_zh.split("{")[0] in fault.zh()
        assert mend_en.split("{")[0] in fault.en()


def test_all_faults_of_all_files_come_at_once(tmp_path):
    error = faults_of(
        feed_zip(
            tmp_path,
            agency="agency_name\n京城公交\n",
            stops=changed("stops", "39.90,116.45", ","),
            routes=added("routes", "R1,again,3"),
            trips=added("trips", "R1,WD,T3,0", "R1,XX,T4,0"),
            stop_times=changed("stop_times", "08:12:00,08:12:00", "8:12,noon"),
            calendar=added("calendar", "WE,0,0,0,0,0,0,0,20260601,20260630"),
            frequencies="trip_id,start_time,end_time,headway_secs\nT2,07:00:00,08:00:00,x\n",
        )
    )
    assert places(error) == [
        ("agency", 1, "agency_timezone", "no_column", "feed"),
        ("calendar", 3, "service_id", "never", "row"),
        ("frequencies", 2, "headway_secs", "number", "row"),
        ("routes", 4, "route_id", "twice", "row"),
        ("stop_times", 4, "arrival_time", "clock", "trip"),
        ("stop_times", 4, "departure_time", "clock", "trip"),
        ("stops", 5, "stop_lat", "no_point", "row"),
        ("trips", 4, "trip_id", "no_calls", "trip"),
        ("trips", 5, "service_id", "refers", "trip"),
        ("trips", 5, "trip_id", "no_calls", "trip"),
    ]
    assert "stop_times.txt:row 4:arrival_time “8:12”不是时刻" in error.faults[4].zh()
    assert "stop_times.txt:row 4:arrival_time '8:12' is not a time" in error.faults[4].en()
    assert "routes.txt:row 4:route_id 'R1' repeats row 2" in error.faults[3].en()
    assert "feed.zip 共 10 处" in error.detail
    assert "feed.zip: 10 faults" in error.detail_en


def test_faults_past_the_limit_are_counted(tmp_path):
    path = feed_zip(tmp_path, trips=added("trips", *(f"R1,XX,N{i},0" for i in range(LISTED + 7))))
    error = faults_of(path)
    listed = [f for f in error.faults if f.kind == "refers"]
    more = [f for f in error.faults if f.kind == "more"]
    assert [f.row for f in listed] == list(range(4, 4 + LISTED))
    assert [(f.file, f.column, f.what_en) for f in more] == [
        ("trips.txt", "service_id", "7 more faults of this kind"),
        ("trips.txt", "trip_id", "7 more faults of this kind"),
    ]
    assert error.total == 2 * (LISTED + 7)
    dropped = {(d.file, d.kind): d.count for d in read_feed(path, drop_faulty=True).dropped}
    assert dropped == {("trips.txt", "refers"): 107, ("trips.txt", "no_calls"): 107}


def dropped_of(feed):
    return [(d.file.removesuffix(".txt"), d.kind, d.what, d.count) for d in feed.dropped]


def test_a_bad_stop_falls_out_and_its_trips_pass_it_by(tmp_path):
    path = feed_zip(tmp_path, stops=changed("stops", "39.90,116.40,0,S", ",,0,S"))
    feed = read_feed(path, drop_faulty=True)
    assert feed.stops["stop_id"].tolist() == ["S", "B", "C", "D"]
    assert feed.calls["arrives"].tolist() == [28800, 29520, 86100, 87600]
    assert dropped_of(feed) == [
        ("stops", "no_point", "row", 1),
        ("stop_times", "follows", "row", 1),
    ]
    assert feed.dropped[0].zh().startswith("stops.txt 略去 1 行：")
    assert feed.dropped[0].en().startswith("stops.txt: 1 rows left out: ")


def test_a_trip_left_with_one_stop_follows(tmp_path):
    path = feed_zip(tmp_path, stops=changed("stops", "39.901,116.401", ","))
    feed = read_feed(path, drop_faulty=True)
    assert feed.trips["trip_id"].tolist() == ["T1"]
    assert dropped_of(feed)[1:] == [
        ("stop_times", "follows", "row", 1),
        ("trips", "follows", "trip", 1),
    ]


@pytest.mark.parametrize(
    ("times", "kinds"),
    [("8.05,8.06", ["clock", "clock"]), ("08:05:00,08:04:00", ["backward"])],
)
def test_a_trip_with_a_bad_time_falls_out_whole(tmp_path, times, kinds):
    path = feed_zip(tmp_path, stop_times=changed("stop_times", "08:05:00,08:06:00", times))
    feed = read_feed(path, drop_faulty=True)
    assert feed.trips["trip_id"].tolist() == ["T2"]
    assert feed.calls["trip"].tolist() == [0, 0]
    assert dropped_of(feed) == [("stop_times", kind, "trip", 1) for kind in kinds]


def test_a_bad_parent_is_forgotten_and_the_platform_stays(tmp_path):
    path = feed_zip(tmp_path, stops=changed("stops", "0,S\nB", "0,Q\nB"))
    feed = read_feed(path, drop_faulty=True)
    assert feed.stops["parent"].tolist() == ["", "", "S", "", ""]
    assert dropped_of(feed) == [("stops", "refers", "cell", 1)]


def test_a_trip_whose_headways_are_all_bad_does_not_run_by_its_own_times(tmp_path):
    frequencies = "trip_id,start_time,end_time,headway_secs\nT2,07:00:00,08:00:00,0\n"
    feed = read_feed(feed_zip(tmp_path, frequencies=frequencies), drop_faulty=True)
    assert feed.by_headway.tolist() == [False, True]
    assert feed.frequencies.empty


def test_a_fatal_fault_raises_even_when_faults_may_be_dropped(tmp_path):
    error = faults_of(feed_zip(tmp_path, routes=None), drop_faulty=True)
    assert error.fatal
    assert "其余部分可用" not in error.detail
    usable = faults_of(feed_zip(tmp_path, routes=added("routes", "R1,again,3")))
    assert "其余部分可用" in usable.detail
    assert "the rest is usable if you agree" in usable.detail_en


def test_a_feed_of_which_nothing_is_left_raises(tmp_path):
    bad = BASE["stop_times"].replace("08:00:00", "x").replace("24:20:00", "y")
    error = faults_of(feed_zip(tmp_path, stop_times=bad), drop_faulty=True)
    assert ("feed.zip", None, None, "nothing_left", "feed") in places(error)


def test_times_left_out_are_spread_evenly(tmp_path):
    times = (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence,timepoint\n"
        "T1,08:00:00,08:02:00,D,1,1\nT1,,,A,4,0\nT1,,,B,5,0\nT1,08:12:00,,C,9,1\n"
        "T2,10:00:00,10:00:00,C,1,\nT2,10:20:00,10:20:00,D,2,\n"
    )
    calls = read_feed(feed_zip(tmp_path, stop_times=times)).calls
    # 08:02 to 08:12 in three parts of 200 s
    assert calls["arrives"].tolist()[:4] == [28800, 29120, 29320, 29520]
    assert calls["leaves"].tolist()[:4] == [28920, 29120, 29320, 29520]
    assert calls["arrives"].tolist()[4:] == [36000, 37200]


@pytest.mark.parametrize(
    ("distances", "expected"),
    [
        pytest.param(("0", "1", "4", "5"), [28920 + 120, 28920 + 480], id="by distance"),
        pytest.param(("0", "", "4", "5"), [29120, 29320], id="one is not given"),
        pytest.param(("0", "4", "1", "5"), [29120, 29320], id="they fall"),
        pytest.param(("5", "5", "5", "5"), [29120, 29320], id="they stand still"),
    ],
)
def test_times_left_out_follow_the_distance_where_there_is_one(tmp_path, distances, expected):
    rows = zip(
        ("T1,08:00:00,08:02:00,D,1", "T1,,,A,4", "T1,,,B,5", "T1,08:12:00,08:12:00,C,9"),
        distances, strict=True,
    )  # fmt: skip
    times = (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence,shape_dist_traveled\n"
        "T2,10:00:00,10:00:00,C,1,\nT2,10:20:00,10:20:00,D,2,\n"
    ) + "".join(f"{row},{distance}\n" for row, distance in rows)
    calls = read_feed(feed_zip(tmp_path, stop_times=times)).calls
    assert calls["arrives"].tolist()[1:3] == expected


def test_calls_come_in_the_order_of_their_numbers_not_of_the_file(tmp_path):
    header, *rows = BASE["stop_times"].splitlines()
    shuffled = "\n".join([header, *reversed(rows)])
    same(read_feed(feed_zip(tmp_path, stop_times=shuffled)), read_feed(feed_zip(tmp_path)))


def test_lines_go_by_short_else_long_name_and_doubles_by_their_id(tmp_path):
    routes = "route_id,route_short_name,route_long_name\nR1,,长安街\nR2,长安街,\n"
    feed = read_feed(feed_zip(tmp_path, routes=routes))
    assert feed.trips["line"].tolist() == ["长安街 (R1)", "长安街 (R2)"]
    nameless = read_feed(feed_zip(tmp_path, routes="route_id\nR1\nR2\n"))
    assert nameless.trips["line"].tolist() == ["R1", "R2"]


def test_rows_for_single_routes_and_in_seat_transfers_are_noted(tmp_path):
    transfers = (
        "from_stop_id,to_stop_id,transfer_type,min_transfer_time,from_route_id,from_trip_id\n"
        "A,B,2,60,,\nA,B,2,90,R1,\n,,4,,,T1\n"
    )
    feed = read_feed(feed_zip(tmp_path, transfers=transfers))
    assert feed.transfers["seconds"].tolist() == [60]
    assert [zh for zh, _ in feed.notes] == [
        "transfers.txt 中 1 行只对某线路或某班次有效，未采用",
        "transfers.txt 中 1 行为同车换班（类型 4、5），未采用",
    ]


def test_what_is_no_feed_is_refused(tmp_path):
    text = tmp_path / "a.zip"
    text.write_text("not a zip")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("readme.md", "nothing here")
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("one/stops.txt", "")
        archive.writestr("two/stops.txt", "")
    for name, zh, en in (
        ("a.zip", "不是 zip 文件或已损坏", "no zip file, or damaged"),
        ("b.zip", "没有 stops.txt", "there is no stops.txt"),
        ("c.zip", "多个文件夹", "several folders"),
        ("d.zip", "没有该文件", "no such file"),
    ):
        error = faults_of(tmp_path / name, drop_faulty=True)
        assert places(error) == [(name, None, None, "no_feed", "feed")]
        assert zh in error.detail
        assert en in error.detail_en


def test_a_damaged_zip_is_refused(tmp_path):
    path = tmp_path / "stored.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in BASE.items():
            archive.writestr(f"{file}.txt", text)
    path.write_bytes(path.read_bytes().replace("中心一".encode(), "中心七".encode()))
    assert places(faults_of(path))[0][3] == "no_feed"


def test_an_encrypted_zip_is_refused(tmp_path):
    path = feed_zip(tmp_path)
    data = bytearray(path.read_bytes())
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(magic)
        while at >= 0:
            data[at + flags] |= 1
            at = data.find(magic, at + 1)
    path.write_bytes(data)
    assert [f.kind for f in faults_of(path).faults] == ["encrypted"]


def test_a_feed_that_unpacks_too_large_is_refused(tmp_path):
    size = sum(len(text.encode()) for text in BASE.values())
    path = feed_zip(tmp_path, "z.zip", shapes="x" * 10**6)  # not read, does not count
    assert len(read_feed(path, most_bytes=size).calls) == 5
    assert [f.kind for f in faults_of(path, most_bytes=size - 1).faults] == ["too_large"]
    for file, text in BASE.items():
        (tmp_path / f"{file}.txt").write_text(text, encoding="utf-8")
    (tmp_path / "z.zip").unlink()
    assert len(read_feed(tmp_path, most_bytes=size).calls) == 5
    assert [f.kind for f in faults_of(tmp_path, most_bytes=size - 1).faults] == ["too_large"]


def test_a_zip_that_lies_about_its_sizes_is_refused(tmp_path):
    path = feed_zip(tmp_path, stops=BASE["stops"] + "\n" * 10**6)
    data = bytearray(path.read_bytes())
    at = data.find(b"PK\x01\x02", 0)
    while at >= 0:
        data[at + 24 : at + 28] = struct.pack("<I", 100)
        at = data.find(b"PK\x01\x02", at + 1)
    path.write_bytes(data)
    assert [f.kind for f in faults_of(path, most_bytes=1000).faults] == ["no_feed"]


@pytest.mark.parametrize("kind", SAYS)
def test_every_fault_says_what_and_how_to_mend_it_in_both_languages(kind):
    zh, en, mend_zh, mend_en = SAYS[kind]
    for text in (zh, mend_zh):
        assert any("\u4e00" <= c <= "\u9fff" for c in text)
    for text in (en, mend_en):
        assert text
        assert text.isascii()
