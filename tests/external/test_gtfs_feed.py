"""The reader on the operator's feed, against the area pack and the yardstick's own reading."""

import datetime as dt
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_subway_gtfs import AT_ANY_SECOND, mean_seconds, read_day

from venuenet.travel.gtfs import read_feed
from venuenet.travel.gtfs_calendar import choose_day, service_period
from venuenet.travel.gtfs_frequency import frequency_tables
from venuenet.travel.gtfs_timetable import timetable
from venuenet.travel.subway import station_seconds

ROOT = Path(__file__).parents[2]
FEED = ROOT.parent / "shared" / "data" / "beijing_subway_gtfs.zip"
GEO = ROOT / "data" / "geo"
SUNDAY = dt.date(2026, 6, 7)
LINK = ["line", "direction", "from_id", "to_id"]

pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(not FEED.exists(), reason="the GTFS feed is not beside the project"),
]


@pytest.fixture(scope="module")
def feed():
    return read_feed(FEED)


@pytest.fixture(scope="module")
def tables(feed):
    return frequency_tables([feed], SUNDAY, 9 * 3600, 17 * 3600)


@pytest.fixture(scope="module")
def yardstick():
    return read_day(FEED, SUNDAY)


def test_the_feed_is_sound_and_whole(feed):
    assert (len(feed.stops), len(feed.trips), len(feed.calls)) == (965, 19_448, 397_231)
    assert feed.dropped == ()
    assert service_period(feed) == (dt.date(2026, 5, 19), dt.date(2027, 12, 31))
    assert choose_day([feed], "sunday", SUNDAY) == SUNDAY


def test_hops_and_changes_equal_the_yardsticks(feed, yardstick):
    table = timetable([feed], SUNDAY, 0, 48 * 3600)
    # The yardstick knows one day only: leave out Saturday's and Monday's trips.
    begins = pd.Series(table.leaves).groupby(table.trip).transform("min").to_numpy()
    own = (begins >= 4 * 3600) & (begins < 28 * 3600)
    ours = Counter(
        zip(
            np.array(table.stop_ids)[table.start[own]].tolist(),
            np.array(table.stop_ids)[table.end[own]].tolist(),
            table.leaves[own].tolist(),
            table.arrives[own].tolist(),
            strict=True,
        )
    )
    ids = platform_ids()
    theirs = Counter((ids[a], ids[b], out, into) for _, a, b, out, into in yardstick.hops)
    assert len(yardstick.hops) > 150_000
    assert ours == theirs
    change = {
        (table.stop_ids[i], table.stop_ids[table.change_to[at]], int(table.change_s[at]))
        for i in range(len(table.stop_ids))
        for at in range(table.change_at[i], table.change_at[i + 1])
    }
    assert change == {
        (ids[i], ids[j], s) for i, ways in enumerate(yardstick.changes) for j, s in ways
    }


def platform_ids():
    with zipfile.ZipFile(FEED) as archive:
        stops = pd.read_csv(archive.open("stops.txt"))
    return stops["stop_id"][stops["location_type"].eq(0)].tolist()


def test_trains_of_a_sunday_equal_the_packs_link_by_link(tables):
    pack = pd.read_csv(GEO / "links.csv")
    both = tables.links.merge(pack, on=LINK, how="outer")
    # The pack lists six links that only weekday trains run.
    only_pack = both["trains_window"].isna()
    assert only_pack.sum() == 6
    assert (both["trains_weekend_daytime"][only_pack] == 0).all()
    assert (both["trains_window"] == both["trains_weekend_daytime"])[~only_pack].all()
    # The pack's minutes are the mean over every trip of the feed, ours over a Sunday's daytime.
    off = (both["run_min_x"] - both["run_min_y"])[~only_pack].abs()
    assert off.max() < 0.75
    assert off.mean() < 0.12


def test_the_packs_running_times_are_the_mean_of_all_trips(feed):
    trip, stop = feed.calls["trip"].to_numpy(), feed.calls["stop"].to_numpy()
    at = np.flatnonzero(trip[1:] == trip[:-1])
    station = feed.stops["parent"].to_numpy()
    runs = pd.DataFrame(
        {
            "line": feed.trips["line"].to_numpy()[trip[at]],
            "direction": feed.trips["direction"].to_numpy()[trip[at]],
            "from_id": station[stop[at]],
            "to_id": station[stop[at + 1]],
            "run": feed.calls["leaves"].to_numpy()[at + 1] - feed.calls["leaves"].to_numpy()[at],
        }
    )
    mean = runs.groupby(LINK)["run"].mean().div(60).rename("mean").reset_index()
    both = pd.read_csv(GEO / "links.csv").merge(mean, on=LINK, how="outer")
    assert len(both) == 1034
    # The pack rounds to two digits; two links differ, one by 0.19 min, one by 0.014.
    off = (both["run_min"] - both["mean"]).abs().sort_values()
    assert off.iloc[-3] < 0.006
    assert off.iloc[-1] < 0.2


def test_stations_and_transfers_equal_the_packs(tables):
    pack = pd.read_csv(GEO / "stations.csv").set_index("station_id")["lines"]
    ours = tables.stations.set_index("station_id")["lines"]
    assert ours.str.split("|").map(sorted).to_dict() == pack.str.split("|").map(sorted).to_dict()
    given = pd.read_csv(GEO / "transfers.csv")
    key = ["station_id", "from_line", "to_line"]
    both = tables.transfers.merge(given, on=key, how="outer")
    assert len(both) == len(given) == len(tables.transfers)
    assert (both["walk_min_x"] - both["walk_min_y"]).abs().max() < 0.005


def test_the_model_on_the_feeds_tables_is_as_near_the_timetable_as_on_the_packs(tables, yardstick):
    ours = station_seconds(tables.stations, tables.links, tables.transfers, "window", 480) / 60
    ids = tables.stations["station_id"]
    ours = pd.DataFrame(ours, ids, ids).loc[yardstick.stations, yardstick.stations].to_numpy()
    real = mean_seconds(yardstick, AT_ANY_SECOND) / 60
    error = np.abs(ours - real)[~np.eye(len(real), dtype=bool)]
    print(f"\nMAE {error.mean():.2f}, p95 {np.quantile(error, 0.95):.2f} min")
    assert error.mean() <= 0.85
    assert np.quantile(error, 0.95) <= 2.5
