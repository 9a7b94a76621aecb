"""The frequency model against the operator's timetable, scanned train by train.

The yardstick shares no code with the model: an earliest-arrival connection scan (Dibbelt, Pajor,
Strasser, Wagner 2018) over a Sunday's trains of the GTFS feed beside the project. Its rules:

- departures from 9:00 to 15:50, arrivals whenever they come (past 16:00, past 24:00);
- the traveller may start on any platform of the station and ends on any platform;
- a change to another line takes the feed's ``min_transfer_time``; two lines of a station without
  an entry cannot be changed between; a change on the same platform (stop) takes no time, so a
  train that leaves in the minute of arrival is caught;
- no street walking, no access time.
"""

from __future__ import annotations

import datetime as dt
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from venuenet.travel.subway import station_seconds

ROOT = Path(__file__).parents[2]
FEED = ROOT.parent / "shared" / "data" / "beijing_subway_gtfs.zip"
GEO = ROOT / "data" / "geo"
SUNDAY = dt.date(2026, 6, 7)
NEVER = np.int32(10**9)

pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(not FEED.exists(), reason="the GTFS feed is not beside the project"),
]


@dataclass(frozen=True)
class Timetable:
    """One day's hops from stop to stop in the order they leave, seconds after midnight."""

    stations: list[str]
    stop_station: list[int]
    hops: list[tuple[str, int, int, int, int]]  # trip, from stop, to stop, leaves, arrives
    changes: list[list[tuple[int, int]]]  # per stop: (other stop, seconds)


def clock(times: pd.Series) -> pd.Series:
    parts = times.str.split(":", expand=True).astype(int)
    return parts[0] * 3600 + parts[1] * 60 + parts[2]


def read_day(feed: Path, day: dt.date) -> Timetable:
    with zipfile.ZipFile(feed) as archive:
        assert "calendar_dates.txt" not in archive.namelist()
        calendar, trips, times, stops, transfers = (
            pd.read_csv(archive.open(f"{name}.txt"), dtype={"service_id": str})
            for name in ("calendar", "trips", "stop_times", "stops", "transfers")
        )
    runs = calendar[f"{day:%A}".lower()].eq(1)
    runs &= calendar["start_date"].le(int(f"{day:%Y%m%d}"))
    runs &= calendar["end_date"].ge(int(f"{day:%Y%m%d}"))
    today = trips["trip_id"][trips["service_id"].isin(calendar["service_id"][runs])]
    platforms = stops[stops["location_type"].eq(0)]
    at = {stop: i for i, stop in enumerate(platforms["stop_id"])}
    stations = sorted(platforms["parent_station"].unique())

    calls = times[times["trip_id"].isin(today)].sort_values(["trip_id", "stop_sequence"])
    after = calls.groupby("trip_id").shift(-1)
    hops = pd.DataFrame(
        {
            "trip": calls["trip_id"],
            "start": calls["stop_id"].map(at),
            "end": after["stop_id"].map(at),
            "leaves": clock(calls["departure_time"]),
            "arrives": clock(after["arrival_time"].fillna("99:00:00")),
            "sequence": calls["stop_sequence"],
        }
    )[after["stop_id"].notna()]
    assert hops["arrives"].ge(hops["leaves"]).all()
    hops = hops.sort_values(["leaves", "arrives", "sequence"], kind="stable")
    columns = ["trip", "start", "end", "leaves", "arrives"]
    changes: list[list[tuple[int, int]]] = [[] for _ in at]
    for row in transfers.itertuples():
        changes[at[row.from_stop_id]].append((at[row.to_stop_id], int(row.min_transfer_time)))
    return Timetable(
        stations=stations,
        stop_station=[stations.index(s) for s in platforms["parent_station"]],
        hops=list(hops[columns].astype({"end": int}).itertuples(index=False, name=None)),
        changes=changes,
    )


def mean_seconds(timetable: Timetable, departures: np.ndarray) -> np.ndarray:
    """Mean (arrival - departure) from every station to every other, one scan for all at once."""
    n = len(timetable.stations)
    ready = np.full((len(timetable.stop_station), n, len(departures)), NEVER)
    arrival = np.full((n, n, len(departures)), NEVER)  # to, from, departure
    for stop, station in enumerate(timetable.stop_station):
        ready[stop, station] = departures
    last = {hop[0]: i for i, hop in enumerate(timetable.hops)}
    aboard: dict[str, np.ndarray] = {}
    for i, (trip, start, end, leaves, arrives) in enumerate(timetable.hops):
        if leaves < departures[0]:
            continue
        on = ready[start] <= leaves
        if trip in aboard:
            on |= aboard[trip]
        aboard[trip] = on
        there = np.where(on, np.int32(arrives), NEVER)
        for stop, seconds in [(end, 0), *timetable.changes[end]]:
            np.minimum(ready[stop], there + np.int32(seconds), out=ready[stop])
        station = timetable.stop_station[end]
        np.minimum(arrival[station], there, out=arrival[station])
        if last[trip] == i:
            del aboard[trip]
    assert (arrival < NEVER).sum() >= (n - 1) * n * len(departures)
    mean = (arrival - departures).mean(axis=2).T
    np.fill_diagonal(mean, 0)
    return mean


@pytest.fixture(scope="module")
def timetable() -> Timetable:
    return read_day(FEED, SUNDAY)


@pytest.fixture(scope="module")
def model() -> pd.DataFrame:
    stations, links, transfers = (
        pd.read_csv(GEO / f"{name}.csv") for name in ("stations", "links", "transfers")
    )
    seconds = station_seconds(stations, links, transfers, "weekend_daytime", 480)
    return pd.DataFrame(seconds, stations["station_id"], stations["station_id"])


EVERY_TEN_MINUTES = np.arange(9 * 3600, 16 * 3600, 600, dtype=np.int32)
# The whole-minute timetable lets those who come on a whole minute wait half a minute less, and
# lines with a train every ten minutes always show them the same gap. A random second in each of
# the ten-minute slots shows neither.
AT_ANY_SECOND = EVERY_TEN_MINUTES + np.random.default_rng(42).integers(0, 600, 42, np.int32)


@pytest.mark.parametrize(
    ("departures", "mean_limit", "p95_limit"),
    [
        pytest.param(EVERY_TEN_MINUTES, 1.5, 3.5, id="every ten minutes"),
        pytest.param(AT_ANY_SECOND, 1.0, 2.8, id="at any second"),
    ],
)
def test_expected_times_agree_with_the_timetable(
    timetable, model, departures, mean_limit, p95_limit
):
    real = mean_seconds(timetable, departures) / 60
    ours = model.loc[timetable.stations, timetable.stations].to_numpy() / 60

    pairs = ~np.eye(len(real), dtype=bool)
    error = (ours - real)[pairs]
    size = np.abs(error)
    worst = np.unravel_index(np.argmax(np.abs(ours - real)), real.shape)
    print(
        f"\n{pairs.sum()} pairs, timetable mean {real[pairs].mean():.2f} min: "
        f"MAE {size.mean():.2f}, p95 {np.quantile(size, 0.95):.2f}, "
        f"within 3.5 min {(size <= 3.5).mean():.1%}, bias {error.mean():+.2f}, "
        f"worst {timetable.stations[worst[0]]} -> {timetable.stations[worst[1]]} "
        f"{ours[worst]:.1f} for {real[worst]:.1f}"
    )
    assert len(real) == len(model) == 425
    assert size.mean() <= mean_limit
    assert np.quantile(size, 0.95) <= p95_limit


def test_the_day_holds_trains_past_midnight_and_every_station(timetable):
    assert max(hop[4] for hop in timetable.hops) > 24 * 3600
    assert {timetable.stop_station[hop[1]] for hop in timetable.hops} == set(range(425))
