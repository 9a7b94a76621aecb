"""What the frequency model needs, from feeds: trains per window and running times per link."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from venuenet.travel.gtfs import Feed
from venuenet.travel.gtfs_changes import NOT_POSSIBLE_S
from venuenet.travel.gtfs_timetable import Day, build_day
from venuenet.travel.timetable import Timetable

_LONGEST_DWELL_S = 3600


class FrequencyTables(NamedTuple):
    """The frames ``subway.station_seconds`` takes with period ``window``, and where to board.

    Attributes
    ----------
    stations : DataFrame
        ``station_id``, ``lines`` joined by ``|``: stations with trains in the window. A stop
        without a parent is a station of its own.
    links : DataFrame
        ``line``, ``direction``, ``from_id``, ``to_id``, ``run_min`` (minutes, mean over the
        trains), ``trains_window``.
    transfers : DataFrame
        ``station_id``, ``from_line``, ``to_line``, ``walk_min``.
    platforms : DataFrame
        ``station_id``, ``line``, ``stop_id``, ``name``, ``lon``, ``lat`` (WGS84 degrees): one
        row per stop and line that serves it.
    """

    stations: pd.DataFrame
    links: pd.DataFrame
    transfers: pd.DataFrame
    platforms: pd.DataFrame


def frequency_tables(
    feeds: Sequence[Feed], day: dt.date, from_s: int, to_s: int
) -> FrequencyTables:
    """Count trains and average running times of a window, for rail and buses alike.

    A link runs from one stop to the next of a train: from leaving the one to leaving the other
    (dwell there included), at the last stop to arriving. Its running time is the mean over the
    trains, not the median: means add up along a line even where times are whole minutes.
    Changes between stops of different stations are walks and left to whoever adds these.

    Parameters
    ----------
    feeds, day, from_s, to_s
        As for :func:`gtfs_timetable.timetable`.

    Raises
    ------
    BadQueryError
        As :func:`gtfs_timetable.timetable` does.
    """
    # Trains that leave just before the window ends dwell at a stop beyond it.
    made = build_day(feeds, day, from_s, to_s + _LONGEST_DWELL_S)
    # The model joins a station's lines by "|".
    made.lines["line"] = made.lines["line"].str.replace("|", "/", regex=False)
    hops = _hops(made.table)
    hops = hops[hops["leaves"] < to_s]
    platforms = _platforms(made, hops)
    served = platforms.drop_duplicates(["station_id", "line"]).sort_values(["station_id", "line"])
    return FrequencyTables(
        stations=served.groupby("station_id")["line"].agg("|".join).rename("lines").reset_index(),
        links=_links(made, hops),
        transfers=_transfers(made, platforms),
        platforms=platforms,
    )


def _hops(table: Timetable) -> pd.DataFrame:
    """Return hops with their seconds from leaving to leaving."""
    order = np.argsort(table.trip, kind="stable")
    trip, leaves, arrives = table.trip[order], table.leaves[order], table.arrives[order]
    until = arrives.copy()
    goes_on = np.flatnonzero(trip[1:] == trip[:-1])
    until[goes_on] = leaves[goes_on + 1]
    return pd.DataFrame(
        {
            "line": table.line[trip],
            "start": table.start[order],
            "end": table.end[order],
            "leaves": leaves,
            "run": until - leaves,
        }
    )


def _links(made: Day, hops: pd.DataFrame) -> pd.DataFrame:
    """Return trains and mean running minutes per line, direction and pair of stations."""
    station = made.table.station
    grouped = (
        hops.assign(start=station[hops["start"]], end=station[hops["end"]])
        .groupby(["line", "start", "end"])["run"]
        .agg(["mean", "size"])
        .reset_index()
    )
    names = made.stops["station"].drop_duplicates().to_numpy()
    return pd.DataFrame(
        {
            "line": made.lines["line"].to_numpy()[grouped["line"]],
            "direction": made.lines["direction"].to_numpy()[grouped["line"]],
            "from_id": names[grouped["start"]],
            "to_id": names[grouped["end"]],
            "run_min": grouped["mean"] / 60,
            "trains_window": grouped["size"],
        }
    )


def _platforms(made: Day, hops: pd.DataFrame) -> pd.DataFrame:
    """Return which line calls at which stop."""
    calls = pd.DataFrame(
        {"stop": np.r_[hops["start"], hops["end"]], "line": np.r_[hops["line"], hops["line"]]}
    )
    calls["line"] = made.lines["line"].to_numpy()[calls["line"]]
    calls = calls.drop_duplicates().sort_values(["stop", "line"], ignore_index=True)
    at = made.stops.iloc[calls["stop"].to_numpy()].reset_index(drop=True)
    return pd.DataFrame(
        {
            "station_id": at["station"],
            "line": calls["line"],
            "stop_id": at["stop_id"],
            "name": at["name"],
            "lon": at["lon"],
            "lat": at["lat"],
        }
    )


def _transfers(made: Day, platforms: pd.DataFrame) -> pd.DataFrame:
    """Return the least walk between any two lines of a station; on one stop there is none."""
    table = made.table
    ids = np.array(table.stop_ids, dtype=object)
    start = np.repeat(np.arange(len(ids)), np.diff(table.change_at))
    told = pd.DataFrame({"start": start, "end": table.change_to, "s": table.change_s})
    here = pd.DataFrame({"start": np.arange(len(ids)), "end": np.arange(len(ids)), "s": 0})
    ways = pd.concat([told, here]).drop_duplicates(["start", "end"])
    ways = ways[ways["s"].lt(NOT_POSSIBLE_S)]
    ways = ways[table.station[ways["start"]] == table.station[ways["end"]]]
    lines = platforms[["stop_id", "station_id", "line"]]
    pairs = (
        pd.DataFrame({"start": ids[ways["start"]], "end": ids[ways["end"]], "s": ways["s"]})
        .merge(lines, left_on="start", right_on="stop_id")
        .merge(lines[["stop_id", "line"]], left_on="end", right_on="stop_id", suffixes=("", "_to"))
    )
    pairs = pairs[pairs["line"] != pairs["line_to"]]
    least = pairs.groupby(["station_id", "line", "line_to"])["s"].min().div(60)
    return (
        least.rename("walk_min")
        .reset_index()
        .set_axis(["station_id", "from_line", "to_line", "walk_min"], axis=1)
    )
