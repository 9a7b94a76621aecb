"""One day of any number of feeds as a ``Timetable``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from venuenet.errors import BadQueryError
from venuenet.travel.gtfs import Feed
from venuenet.travel.gtfs_calendar import active_services, refuse_idle
from venuenet.travel.gtfs_changes import changes
from venuenet.travel.timetable import Timetable

DAY_S = 86_400
_Ints = NDArray[np.int32]


@dataclass(frozen=True)
class _Runs:
    """Hops of one feed within the window; ``run`` counts single journeys of a trip."""

    leaves: _Ints
    arrives: _Ints
    call: _Ints
    run: _Ints
    trips: _Ints  # which trip each run is one of


def timetable(feeds: Sequence[Feed], day: dt.date, from_s: int, to_s: int) -> Timetable:
    """Return all hops that leave within a window of a day.

    Trips of the day before that run past midnight are there, and those of the day after where
    the window goes past 24:00. A trip of ``frequencies.txt`` is repeated from the start of each
    period every headway, the end left out; where ``exact_times`` is 0 the true moments are not
    known and these stand in for them (headways are right, the phase is arbitrary). Stops riders
    must arrange by telephone or with the driver count as stops. Staying aboard from one trip to
    the next (``block_id``) counts as a change.

    Parameters
    ----------
    feeds : sequence of Feed
        Of one time zone. With several, ids and lines begin with the feed's name; between their
        stops there are no changes, whoever searches adds the walks.
    day : date
        The service day; days are 86,400 s apart (clock changes are not followed).
    from_s, to_s : int
        Seconds after the day's midnight; hops that leave at ``from_s`` are in, at ``to_s`` out.

    Returns
    -------
    Timetable
        All platforms of the feeds (``location_type`` 0), served within the window or not.

    Raises
    ------
    BadQueryError
        No feed, a window without length, two time zones, or a day on which nothing runs.
    """
    return build_day(feeds, day, from_s, to_s).table


@dataclass(frozen=True)
class Day:
    """A timetable, with what it does not keep apart.

    Attributes
    ----------
    table : Timetable
    stops : DataFrame
        Its stops: ``stop_id``, ``name``, ``lon``, ``lat``, ``station`` (id of the station).
    lines : DataFrame
        Its lines: ``line``, ``direction``.
    """

    table: Timetable
    stops: pd.DataFrame
    lines: pd.DataFrame


def build_day(feeds: Sequence[Feed], day: dt.date, from_s: int, to_s: int) -> Day:
    """Return what :func:`timetable` does, stations and directions by name."""
    _refuse(feeds, from_s, to_s)
    refuse_idle(feeds, day)
    stops, hops, ways, patterns = [], [], [], []
    first_stop = first_trip = 0
    for feed, mark in zip(feeds, _marks(feeds), strict=True):
        platforms = feed.stops[feed.stops["location_type"].eq(0)]
        station = platforms["parent"].where(platforms["parent"] != "", platforms["stop_id"])
        stops.append(platforms.assign(stop_id=mark + platforms["stop_id"], station=mark + station))
        number = np.full(len(feed.stops), -1, np.int32)
        number[platforms.index] = np.arange(len(platforms)) + first_stop
        runs = _runs(feed, day, from_s, to_s)
        calls = feed.calls
        hops.append(
            {
                "leaves": runs.leaves,
                "arrives": runs.arrives,
                "start": number[calls["stop"].to_numpy()[runs.call]],
                "end": number[calls["stop"].to_numpy()[runs.call + 1]],
                "boards": calls["boards"].to_numpy()[runs.call],
                "alights": calls["alights"].to_numpy()[runs.call + 1],
                "trip": runs.run + np.int32(first_trip),
            }
        )
        ridden = feed.trips.loc[runs.trips, ["line", "direction"]]
        patterns.append(ridden.assign(line=mark + ridden["line"]))
        between = changes(feed, pd.Index(platforms["stop_id"]))
        between[:, :2] += first_stop
        ways.append(between)
        first_stop += len(platforms)
        first_trip += len(runs.trips)
    return _joined(pd.concat(stops), hops, np.concatenate(ways), pd.concat(patterns))


def _joined(
    stops: pd.DataFrame,
    hops: list[dict[str, NDArray[np.generic]]],
    ways: _Ints,
    patterns: pd.DataFrame,
) -> Day:
    """Put the feeds' parts together and the hops in order."""
    hop = {key: np.concatenate([part[key] for part in hops]) for key in hops[0]}
    # A trip's hops come in their order, and lexsort keeps it where times are the same.
    order = np.lexsort((hop["arrives"], hop["leaves"]))
    line, lines = pd.factorize(pd.MultiIndex.from_frame(patterns))
    names = pd.DataFrame(list(lines), columns=["line", "direction"])
    table = Timetable(
        stop_ids=tuple(stops["stop_id"]),
        stop_names=tuple(stops["name"]),
        stop_lon=stops["lon"].to_numpy(np.float64),
        stop_lat=stops["lat"].to_numpy(np.float64),
        station=pd.factorize(stops["station"])[0].astype(np.int32),
        change_at=np.searchsorted(ways[:, 0], np.arange(len(stops) + 1)).astype(np.int64),
        change_to=np.ascontiguousarray(ways[:, 1]),
        change_s=np.ascontiguousarray(ways[:, 2]),
        lines=tuple(f"{name} {way}".rstrip() for name, way in lines),
        line=line.astype(np.int32),
        **{key: values[order] for key, values in hop.items()},
    )
    return Day(table, stops.reset_index(drop=True), names)


def _runs(feed: Feed, day: dt.date, from_s: int, to_s: int) -> _Runs:
    """Return a feed's hops within the window, run by run."""
    trip = feed.calls["trip"].to_numpy()
    call = np.flatnonzero(trip[1:] == trip[:-1])
    leaves = feed.calls["leaves"].to_numpy(np.int64)
    arrives = feed.calls["arrives"].to_numpy(np.int64)[call + 1]
    bounds = np.searchsorted(trip[call], np.arange(len(feed.trips) + 1))
    shift, runs = _starts(feed, day, from_s, to_s)
    size = np.diff(bounds)[runs]
    run = np.repeat(np.arange(len(runs)), size)
    hop = (bounds[runs] - np.cumsum(size) + size)[run] + np.arange(len(run))
    out = leaves[call[hop]] + shift[run]
    inside = np.flatnonzero((out >= from_s) & (out < to_s))
    out, hop, run = out[inside], hop[inside], run[inside]
    into = arrives[hop] + shift[run]
    used, run = np.unique(run, return_inverse=True)
    trips = np.zeros(len(used), np.int32)
    trips[run] = trip[call[hop]]
    return _Runs(
        leaves=out.astype(np.int32),
        arrives=into.astype(np.int32),
        call=call[hop].astype(np.int32),
        run=run.astype(np.int32),
        trips=trips,
    )


def _starts(
    feed: Feed, day: dt.date, from_s: int, to_s: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return by how many seconds each run of the days around the window is shifted, and its trip.

    Runs come by service day and trip, those by headway last.
    """
    calls = feed.calls
    begins = calls.groupby("trip")["leaves"].first().to_numpy(np.int64)
    latest = int(calls["leaves"].max())
    if len(feed.frequencies):
        longest = int((calls.groupby("trip")["leaves"].last().to_numpy() - begins).max())
        latest = max(latest, int(feed.frequencies["end"].max()) + longest)
    shifts, trips = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for later in range(-((latest - from_s) // DAY_S), (to_s - 1) // DAY_S + 1):
        on = active_services(feed, day + dt.timedelta(days=later))
        runs = feed.trips["service_id"].isin(list(on)).to_numpy()
        plain = np.flatnonzero(runs & ~feed.by_headway)
        shifts.append(np.full(len(plain), later * DAY_S))
        trips.append(plain)
        for trip, start, end, headway, _ in feed.frequencies.itertuples(index=False):
            if runs[trip]:
                starts = np.arange(start, end, headway, dtype=np.int64)
                shifts.append(starts - begins[trip] + later * DAY_S)
                trips.append(np.full(len(starts), trip))
    return np.concatenate(shifts), np.concatenate(trips)


def _refuse(feeds: Sequence[Feed], from_s: int, to_s: int) -> None:
    """Refuse what no timetable can be made of."""
    if not feeds:
        raise BadQueryError("没有给出 GTFS 数据", "no feed was given", param="feeds")
    if not from_s < to_s:
        raise BadQueryError(
            f"时段 {from_s}–{to_s} 秒没有长度",
            f"the window {from_s}..{to_s} s has no length",
            param="from_s",
        )
    zones = {feed.timezone for feed in feeds}
    if len(zones) > 1:
        told = ", ".join(f"{feed.name} {feed.timezone}" for feed in feeds)
        raise BadQueryError(
            f"各数据时区不同：{told}，请分别使用",
            f"the feeds are of different time zones: {told}; use them one by one",
            param="feeds",
        )


def _marks(feeds: Sequence[Feed]) -> list[str]:
    """Return what each feed's ids begin with: nothing for a single one."""
    if len(feeds) == 1:
        return [""]
    names = [PurePath(feed.name).stem for feed in feeds]
    doubles = [names[:i].count(name) for i, name in enumerate(names)]
    return [
        f"{name}#{count + 1}:" if count else f"{name}:"
        for name, count in zip(names, doubles, strict=True)
    ]
