"""Which services of a feed run on which day, and which day stands for others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from venuenet.errors import BadQueryError
from venuenet.travel.gtfs_tables import Table

if TYPE_CHECKING:
    from venuenet.travel.gtfs import Feed

Weekday = Literal["weekday", "saturday", "sunday"]
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MEANT: dict[Weekday, tuple[int, ...]] = {
    "weekday": (0, 1, 2, 3, 4),
    "saturday": (5,),
    "sunday": (6,),
}
_ADDED = 1

Days = NDArray[np.int32]


def service_days(week: Table, dates: Table) -> dict[str, Days]:
    """Return the days each service runs, as ascending ``datetime.date.toordinal`` numbers.

    Parameters
    ----------
    week, dates : Table
        ``calendar.txt`` and ``calendar_dates.txt``; either may have no rows. Bad rows are left
        out, of two rows of one service in the calendar both count.
    """
    days: dict[str, set[int]] = {}
    if week.has("service_id", "start_date", "end_date", *_WEEK):
        rows = week.rows[~week.bad]
        on = rows[list(_WEEK)].to_numpy(bool)
        for service, start, end, runs in zip(
            rows["service_id"], rows["start_date"], rows["end_date"], on, strict=True
        ):
            span = np.arange(start, end + 1)
            # Ordinal 1 was a Monday.
            days.setdefault(service, set()).update(span[runs[(span - 1) % 7]].tolist())
    if dates.has("service_id", "date", "exception_type"):
        rows = dates.rows[~dates.bad]
        for service, day, kind in zip(
            rows["service_id"], rows["date"], rows["exception_type"], strict=True
        ):
            running = days.setdefault(service, set())
            (running.add if kind == _ADDED else running.discard)(int(day))
    return {service: np.array(sorted(on), np.int32) for service, on in days.items()}


def days(feed: Feed) -> Days:
    """Return the days on which any trip of a feed runs, ascending ordinals."""
    used = [feed.services[service] for service in feed.trips["service_id"].unique()]
    return np.unique(np.concatenate(used)) if used else np.array([], np.int32)


def service_period(feed: Feed) -> tuple[dt.date, dt.date]:
    """Return the first and the last day on which any trip of a feed runs."""
    on = days(feed)
    return dt.date.fromordinal(int(on[0])), dt.date.fromordinal(int(on[-1]))


def active_services(feed: Feed, day: dt.date) -> frozenset[str]:
    """Return the services that run on a day."""
    number = day.toordinal()
    return frozenset(service for service, on in feed.services.items() if number in on)


def choose_day(feeds: Sequence[Feed], weekday: Weekday, near: dt.date) -> dt.date:
    """Choose the day that stands for its kind: the nearest ordinary one to ``near``.

    Of the days of that kind on which every feed runs, those with at least nine tenths of the
    busiest such day's trips are ordinary (holidays run fewer). The nearest to ``near`` is taken,
    the later of two.

    Parameters
    ----------
    feeds : sequence of Feed
        At least one.
    weekday : {"weekday", "saturday", "sunday"}
        Monday to Friday count as ``weekday``, holidays among them too.
    near : date
        Any day.

    Raises
    ------
    BadQueryError
        No day of that kind on which every feed runs.
    """
    if weekday not in _MEANT:
        raise BadQueryError(
            f"没有“{weekday}”这种日子", f"no such kind of day: {weekday!r}",
            param="weekday", allowed=list(_MEANT),
        )  # fmt: skip
    common = days(feeds[0])
    for feed in feeds[1:]:
        common = np.intersect1d(common, days(feed))
    common = common[np.isin((common - 1) % 7, _MEANT[weekday])]
    if not len(common):
        spans = "、".join(
            f"{feed.name} {'—'.join(map(str, service_period(feed)))}" for feed in feeds
        )
        raise BadQueryError(
            f"没有一个 {weekday} 是各数据都有车次的（{spans}），请换日期种类或更新数据",
            f"no {weekday} on which every feed runs ({spans}); "
            "choose another kind of day or newer feeds",
            param="weekday",
        )
    trips = np.zeros(len(common))
    for feed in feeds:
        for service, count in feed.trips["service_id"].value_counts().items():
            trips += np.isin(common, feed.services[str(service)]) * count
    ordinary = common[trips >= 0.9 * trips.max()]
    away = np.abs(ordinary - near.toordinal())
    return dt.date.fromordinal(int(ordinary[away == away.min()].max()))


def refuse_idle(feeds: Sequence[Feed], day: dt.date) -> None:
    """Refuse a day outside a feed's period, or on which no trip of any feed runs.

    A feed may rest on a day within its period; one that has run out would leave its lines empty
    without a word.

    Raises
    ------
    BadQueryError
        Names the feeds that do not run and the days they do.
    """
    spans = [service_period(feed) for feed in feeds]
    idle = [not first <= day <= last for first, last in spans]
    if not any(day.toordinal() in days(feed) for feed in feeds):
        idle = [True] * len(feeds)
    if any(idle):
        told = "、".join(
            f"{feed.name} {first}—{last}"
            for feed, (first, last), out in zip(feeds, spans, idle, strict=True)
            if out
        )
        raise BadQueryError(
            f"{day} 没有车次，数据的运行期：{told}，请换一天或更新数据",
            f"nothing runs on {day}; the feeds run: {told}; choose another day or newer feeds",
            param="day",
        )
