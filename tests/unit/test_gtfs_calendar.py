"""Which services run on which day, and which day stands for others."""

import datetime as dt

import pytest
from test_gtfs import BASE, added, feed_zip

from venuenet.errors import BadQueryError
from venuenet.travel.gtfs import read_feed
from venuenet.travel.gtfs_calendar import active_services, choose_day, days, service_period
from venuenet.travel.gtfs_timetable import timetable

WEEK = BASE["calendar"].splitlines()[0] + "\n"
DATES = "service_id,date,exception_type\n"


def june(day):
    return dt.date(2026, 6, day)  # the first was a Monday


def test_a_service_runs_on_its_weekdays_between_its_dates_both_included(tmp_path):
    feed = read_feed(feed_zip(tmp_path, calendar=WEEK + "WD,1,0,0,0,0,0,1,20260607,20260615\n"))
    on = [d for d in range(1, 31) if active_services(feed, june(d))]
    assert on == [7, 8, 14, 15]
    assert [dt.date.fromordinal(d).day for d in days(feed)] == on
    assert service_period(feed) == (june(7), june(15))


def test_single_dates_add_and_take_away(tmp_path):
    feed = read_feed(
        feed_zip(
            tmp_path,
            calendar=WEEK + "WD,1,0,0,0,0,0,0,20260601,20260630\n",
            calendar_dates=DATES + "WD,20260608,2\nWD,20260610,1\nWD,20260615,1\nWD,20260709,1\n",
        )
    )
    on = [dt.date.fromordinal(d).isoformat() for d in days(feed)]
    assert on == [
        "2026-06-01",
        "2026-06-10",
        "2026-06-15",
        "2026-06-22",
        "2026-06-29",
        "2026-07-09",
    ]
    assert active_services(feed, june(10)) == {"WD"}
    assert active_services(feed, june(8)) == frozenset()


def test_single_dates_alone_are_enough(tmp_path):
    feed = read_feed(feed_zip(tmp_path, calendar=None, calendar_dates=DATES + "WD,20260604,1\n"))
    assert service_period(feed) == (june(4), june(4))


def test_days_of_services_without_trips_do_not_count(tmp_path):
    feed = read_feed(
        feed_zip(tmp_path, calendar=added("calendar", "XX,1,1,1,1,1,1,1,20250101,20271231"))
    )
    assert service_period(feed) == (june(1), june(30))


def test_the_nearest_day_of_its_kind_is_chosen(tmp_path):
    every = WEEK + "WD,1,1,1,1,1,1,1,20260601,20260630\n"
    feed = read_feed(feed_zip(tmp_path, calendar=every))
    assert choose_day([feed], "weekday", june(10)) == june(10)
    assert choose_day([feed], "weekday", june(13)) == june(12)
    assert choose_day([feed], "saturday", june(10)) == june(13)
    assert choose_day([feed], "sunday", june(10)) == june(7)
    assert choose_day([feed], "sunday", dt.date(2030, 1, 1)) == june(28)
    # Monday lies between the Friday before and itself; Sunday is two days from Friday, one from
    # Monday.
    assert choose_day([feed], "weekday", june(7)) == june(8)


def test_of_two_days_equally_near_the_later_is_chosen(tmp_path):
    feed = read_feed(feed_zip(tmp_path, calendar=WEEK + "WD,0,1,0,1,0,0,0,20260601,20260630\n"))
    assert choose_day([feed], "weekday", june(10)) == june(11)


def test_a_holiday_with_fewer_trips_does_not_stand_for_weekdays(tmp_path):
    feed = read_feed(
        feed_zip(
            tmp_path,
            calendar=added("calendar", "HO,1,1,1,1,1,0,0,20260601,20260630"),
            trips=BASE["trips"].replace("R2,WD", "R2,HO"),
            calendar_dates=DATES + "HO,20260610,2\n",
        )
    )
    assert choose_day([feed], "weekday", june(10)) == june(11)


def test_only_days_on_which_all_feeds_run_are_chosen(tmp_path):
    one = read_feed(feed_zip(tmp_path, "one.zip"))
    late = WEEK + "WD,1,1,1,1,1,0,0,20260617,20260730\n"
    other = read_feed(feed_zip(tmp_path, "other.zip", calendar=late))
    assert choose_day([one, other], "weekday", june(1)) == june(17)
    assert choose_day([one, other], "weekday", dt.date(2026, 7, 30)) == june(30)


def test_a_kind_of_day_on_which_nothing_runs_is_refused(tmp_path):
    feed = read_feed(feed_zip(tmp_path))
    with pytest.raises(BadQueryError) as caught:
        choose_day([feed], "sunday", june(10))
    assert "feed.zip 2026-06-01—2026-06-30" in caught.value.detail
    assert "no sunday on which every feed runs" in caught.value.detail_en
    with pytest.raises(BadQueryError) as caught:
        choose_day([feed], "funday", june(10))
    assert caught.value.allowed == ["weekday", "saturday", "sunday"]


def test_a_day_on_which_nothing_runs_or_a_feed_has_run_out_is_refused(tmp_path):
    one = read_feed(feed_zip(tmp_path, "one.zip"))
    week = WEEK + "WD,1,1,1,1,1,1,1,20260610,20260730\n"
    other = read_feed(feed_zip(tmp_path, "other.zip", calendar=week))
    for feeds, day, named in (
        ([one], june(6), "one.zip"),
        ([one, other], june(9), "other.zip"),
        ([one, other], dt.date(2026, 7, 1), "one.zip"),
    ):
        with pytest.raises(BadQueryError, match=f"运行期：{named} 2026-06") as caught:
            timetable(feeds, day, 0, 86400)
        assert f"nothing runs on {day}" in caught.value.detail_en
    # On a Saturday one feed rests within its period and the other runs.
    assert len(timetable([one, other], june(13), 0, 86400).leaves)
