"""Whatever stands in a feed's cells, it is read or refused, never a crash; agreed or not."""

import datetime as dt

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_gtfs import BASE, feed_zip

from venuenet.errors import BadQueryError, TravelDataError
from venuenet.travel.gtfs import read_feed
from venuenet.travel.gtfs_frequency import frequency_tables
from venuenet.travel.gtfs_timetable import timetable

FULL = BASE | {
    "calendar_dates": "service_id,date,exception_type\nWD,20260606,1\nWD,20260610,2\n",
    "frequencies": "trip_id,start_time,end_time,headway_secs,exact_times\n"
    "T1,06:00:00,07:00:00,900,1\n",
    "transfers": "from_stop_id,to_stop_id,transfer_type,min_transfer_time,from_route_id\n"
    "A,B,2,60,\nS,C,0,,\nB,A,3,,\n",
    "pathways": "pathway_id,from_stop_id,to_stop_id,pathway_mode,is_bidirectional,traversal_time\n"
    "P,A,B,1,1,30\n",
    "feed_info": "feed_publisher_name,feed_version,feed_start_date\nx,1,20260601\n",
}
CELLS = ["", " ", "0", "-1", "99999999999999999999", "1e400", "nan", "25:61:00", "99:59:59",
         "20260230", "A", "S", "T1", "T2", "R1", "WD", '"', '""', '"a\nb"', ",", "\n", "中", "\x00",
         "True", "0x1", "3", "١٢"]  # fmt: skip


def spoilt(texts, changes):
    lines = {file: [row.split(",") for row in text.splitlines()] for file, text in texts.items()}
    for file, row, cell, word in changes:
        table = lines[file]
        at = table[row % len(table)]
        at[cell % len(at)] = word
    return {file: "\n".join(",".join(row) for row in rows) for file, rows in lines.items()}


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    changes=st.lists(
        st.tuples(
            st.sampled_from(sorted(FULL)),
            st.integers(0, 20),
            st.integers(0, 12),
            st.sampled_from(CELLS),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_any_cells_are_read_or_refused(tmp_path, changes):
    path = feed_zip(tmp_path, **spoilt(FULL, changes))
    error = None
    try:
        read_feed(path)
    except TravelDataError as caught:
        error = caught
        assert error.faults
        assert error.total >= len(error.faults)
        for fault in error.faults:
            assert fault.zh()
            assert fault.en()
    try:
        feed = read_feed(path, drop_faulty=True)
    except TravelDataError as caught:
        assert error is not None
        assert caught.fatal
        return
    assert bool(feed.dropped) == (error is not None)
    assert error is None or not error.fatal
    for day in (8, 13):
        try:
            table = timetable([feed], dt.date(2026, 6, day), 0, 30 * 3600)
            frequency_tables([feed], dt.date(2026, 6, day), 0, 86400)
        except BadQueryError:
            continue
        assert (table.arrives >= table.leaves).all()
        assert (table.start >= 0).all()
        assert (table.end < len(table.stop_ids)).all()


def test_the_full_feed_itself_is_sound(tmp_path):
    assert read_feed(feed_zip(tmp_path, **FULL)).dropped == ()
