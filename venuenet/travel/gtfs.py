"""Transit feeds (GTFS): read, checked, and what is usable of them.

Feeds become a day's timetable in ``gtfs_timetable`` and frequency tables in ``gtfs_frequency``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from venuenet.travel.gtfs_calendar import service_days
from venuenet.travel.gtfs_calls import ordered_calls
from venuenet.travel.gtfs_checks import check_tables
from venuenet.travel.gtfs_faults import Dropped, Faults
from venuenet.travel.gtfs_format import FORMAT
from venuenet.travel.gtfs_open import MOST_BYTES, open_feed
from venuenet.travel.gtfs_tables import Table, read_tables

# Rows a feed may hold that are correct but not used: zh and en.
_GUARANTEE = (
    "transfers.txt 中 {n} 行只对某线路或某班次有效，未采用",
    "transfers.txt: {n} rows hold for single routes or trips only and are not used",
)
_IN_SEAT = (
    "transfers.txt 中 {n} 行为同车换班（类型 4、5），未采用",
    "transfers.txt: {n} in-seat transfers (types 4, 5) are not used",
)


@dataclass(frozen=True)
class Feed:
    """One feed, checked; what could not be used is left out and counted.

    Attributes
    ----------
    name, sha256 : str
        File or folder name and the hash of its content.
    agencies : tuple of str
    timezone : str
        Of the feed's times; blank if none is given.
    publisher, version, starts, ends : str
        From ``feed_info.txt``, dates as YYYY-MM-DD; blank where not given.
    stops : DataFrame
        Numbered from 0: ``stop_id``, ``name``, ``lon``, ``lat`` (WGS84 degrees; NaN where a
        station, node or boarding area has none), ``location_type``, ``parent`` (a stop_id or
        blank).
    trips : DataFrame
        Numbered from 0: ``trip_id``, ``service_id``, ``line`` (short, else long name of the
        route, made unique), ``direction`` (direction_id, else headsign, else blank).
    calls : DataFrame
        Stop times by trip and sequence: ``trip``, ``stop`` (numbers of the rows above),
        ``arrives``, ``leaves`` (seconds, given or interpolated), ``boards``, ``alights``.
    services : dict of str to array
        The days each service runs, ascending ordinals.
    frequencies : DataFrame
        ``trip`` (number), ``start``, ``end``, ``headway`` (seconds), ``exact`` (0 or 1).
    by_headway : (trips,) bool
        Trips that ``frequencies.txt`` names: their own times only say how long they take.
    transfers : DataFrame
        ``from_id``, ``to_id`` (stop_ids of platforms or stations), ``type`` (0..3), ``seconds``
        (NaN = not given).
    pathways : DataFrame
        ``from_id``, ``to_id``, ``both_ways``, ``seconds``; those with a time only.
    dropped : tuple of Dropped
    notes : tuple of (str, str)
        What is correct but not used, zh and en.
    """

    name: str
    sha256: str
    agencies: tuple[str, ...]
    timezone: str
    publisher: str
    version: str
    starts: str
    ends: str
    stops: pd.DataFrame
    trips: pd.DataFrame
    calls: pd.DataFrame
    services: dict[str, NDArray[np.int32]]
    frequencies: pd.DataFrame
    by_headway: NDArray[np.bool_]
    transfers: pd.DataFrame
    pathways: pd.DataFrame
    dropped: tuple[Dropped, ...]
    notes: tuple[tuple[str, str], ...]


def read_feed(path: Path, drop_faulty: bool = False, *, most_bytes: int = MOST_BYTES) -> Feed:
    """Read and check a feed.

    Parameters
    ----------
    path : Path
        A zip file or a folder, its files at the top or in one folder within; UTF-8 with or
        without a byte order mark.
    drop_faulty : bool
        Leave out the rows and trips at fault and use the rest; without, any fault raises.
    most_bytes : int
        Bytes the files read may have, unpacked.

    Raises
    ------
    FeedFaultsError
        A ``TravelDataError`` with every fault found: file, line, column, how to mend it. With
        ``drop_faulty`` only where a fault spoils the whole feed.
    """
    files = open_feed(Path(path), FORMAT, most_bytes=most_bytes)
    faults = Faults()
    tables = read_tables(files.texts, faults)
    check_tables(tables, faults)
    calls = ordered_calls(tables["stop_times.txt"], faults)
    if len(faults) and (faults.fatal or not drop_faulty):
        raise faults.error(files.name)
    feed = _usable(files.name, files.sha256, tables, calls, faults)
    if not len(feed.calls):
        faults.add("nothing_left", files.name)
        raise faults.error(files.name)
    return feed


def _usable(
    name: str, sha256: str, tables: Mapping[str, Table], calls: pd.DataFrame, faults: Faults
) -> Feed:
    """Put together what is left when rows and trips at fault are taken out, and all on them."""
    services = service_days(tables["calendar.txt"], tables["calendar_dates.txt"])
    services = {service: on for service, on in services.items() if len(on)}
    stops = _stops(tables["stops.txt"])
    trips, calls = _trips_and_calls(tables, calls, stops, services, faults)
    number = pd.Series(trips.index, trips["trip_id"])

    headways = tables["frequencies.txt"]
    rows = headways.rows[~headways.bad]
    rows = rows[rows["trip_id"].isin(number.index)]
    frequencies = pd.DataFrame(
        {
            "trip": number.loc[rows["trip_id"].astype(object)].to_numpy(),
            "start": rows["start_time"].to_numpy(),
            "end": rows["end_time"].to_numpy(),
            "headway": rows["headway_secs"].to_numpy(np.int32),
            "exact": rows["exact_times"].to_numpy(),
        }
    )
    transfers, notes = _transfers(tables["transfers.txt"])
    paths = tables["pathways.txt"]
    walked = paths.rows[~paths.bad & paths.rows["traversal_time"].notna()]
    agency, info = tables["agency.txt"].rows, tables["feed_info.txt"].rows
    return Feed(
        name=name,
        sha256=sha256,
        agencies=tuple(filter(None, agency["agency_name"].astype(object))),
        timezone=_first(agency["agency_timezone"]),
        publisher=_first(info["feed_publisher_name"]),
        version=_first(info["feed_version"]),
        starts=_first_date(info["feed_start_date"]),
        ends=_first_date(info["feed_end_date"]),
        stops=stops,
        trips=trips,
        calls=calls,
        services=services,
        frequencies=frequencies,
        by_headway=trips["trip_id"].isin(headways.rows["trip_id"].astype(object)).to_numpy(),
        transfers=transfers,
        pathways=pd.DataFrame(
            {
                "from_id": walked["from_stop_id"].astype(object),
                "to_id": walked["to_stop_id"].astype(object),
                "both_ways": walked["is_bidirectional"].astype(bool),
                "seconds": walked["traversal_time"].astype(np.int64),
            }
        ),
        dropped=tuple(faults.dropped),
        notes=notes,
    )


def _stops(table: Table) -> pd.DataFrame:
    """Return the stops that can be used; one without a name goes by its id."""
    rows = table.rows[~table.bad]
    stop_id = rows["stop_id"].astype(object)
    named = rows["stop_name"].astype(object)
    return pd.DataFrame(
        {
            "stop_id": stop_id,
            "name": named.where(named != "", stop_id),
            "lon": rows["stop_lon"],
            "lat": rows["stop_lat"],
            "location_type": rows["location_type"],
            "parent": rows["parent_station"].astype(object),
        }
    ).reset_index(drop=True)


def _trips_and_calls(
    tables: Mapping[str, Table],
    calls: pd.DataFrame,
    stops: pd.DataFrame,
    services: Mapping[str, NDArray[np.int32]],
    faults: Faults,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return trips that can be used and their calls, and count those that only follow."""
    table = tables["trips.txt"]
    lines = _lines(tables["routes.txt"])
    sound = table.rows[~table.bad & ~table.bad_trip]
    rows = sound[sound["route_id"].isin(lines.index) & sound["service_id"].isin(list(services))]
    stop = pd.Index(stops["stop_id"]).get_indexer(calls["stop_id"].cat.categories)
    calls = calls.assign(stop=stop[calls["stop_id"].cat.codes.to_numpy()])
    at_stop = calls["stop"].to_numpy() >= 0
    faults.follows("stop_times.txt", "row", int((~at_stop).sum()))
    calls = calls[at_stop]
    long_enough = calls["trip_id"].value_counts().loc[lambda n: n >= 2].index
    bad_times = tables["stop_times.txt"].rows["trip_id"][tables["stop_times.txt"].bad_trip]
    followers = sound[~sound["trip_id"].isin(bad_times.astype(object))]
    rows = rows[rows["trip_id"].isin(long_enough.astype(object))]
    faults.follows("trips.txt", "trip", len(followers) - len(rows))

    direction = rows["direction_id"].astype(str).astype(object)
    trip_id = rows["trip_id"].astype(object)
    trips = pd.DataFrame(
        {
            "trip_id": trip_id,
            "service_id": rows["service_id"].astype(object),
            "line": rows["route_id"].astype(object).map(lines),
            "direction": direction.where(direction != "-1", rows["trip_headsign"].astype(object)),
        }
    ).reset_index(drop=True)
    trip = pd.Index(trips["trip_id"]).get_indexer(calls["trip_id"].cat.categories)
    trip = trip[calls["trip_id"].cat.codes.to_numpy()]
    calls = pd.DataFrame(
        {
            "trip": trip.astype(np.int32),
            "stop": calls["stop"].to_numpy(np.int32),
            "arrives": calls["arrival_time"].to_numpy(np.int32),
            "leaves": calls["departure_time"].to_numpy(np.int32),
            "boards": calls["pickup_type"].to_numpy() != 1,
            "alights": calls["drop_off_type"].to_numpy() != 1,
        }
    )
    calls = calls[trip >= 0].sort_values("trip", kind="stable", ignore_index=True)
    return trips, calls


def _lines(table: Table) -> pd.Series:
    """Return a name for every route: short, else long, else its id; doubles add the id."""
    rows = table.rows[~table.bad].astype(object)
    name = rows["route_short_name"].where(rows["route_short_name"] != "", rows["route_long_name"])
    name = name.where(name != "", rows["route_id"])
    name = name.mask(name.duplicated(keep=False), name + " (" + rows["route_id"] + ")")
    return pd.Series(name.to_numpy(), rows["route_id"].to_numpy(), dtype=object)


def _transfers(table: Table) -> tuple[pd.DataFrame, tuple[tuple[str, str], ...]]:
    """Return transfers between stops, and notes on those that are not used."""
    rows = table.rows[~table.bad]
    in_seat = rows["transfer_type"].ge(4)
    single = pd.Series(False, index=rows.index)
    for column in ("from_route_id", "to_route_id", "from_trip_id", "to_trip_id"):
        single |= rows[column] != ""
    single &= ~in_seat
    used = rows[~in_seat & ~single]
    frame = pd.DataFrame(
        {
            "from_id": used["from_stop_id"].astype(object),
            "to_id": used["to_stop_id"].astype(object),
            "type": used["transfer_type"],
            "seconds": used["min_transfer_time"],
        }
    )
    told = ((_GUARANTEE, single), (_IN_SEAT, in_seat))
    notes = tuple(
        (zh.format(n=int(at.sum())), en.format(n=int(at.sum())))
        for (zh, en), at in told
        if at.any()
    )
    return frame, notes


def _first(words: pd.Series) -> str:
    return str(words.iloc[0]) if len(words) else ""


def _first_date(days: pd.Series) -> str:
    first = int(days.iloc[0]) if len(days) else 0
    return str(pd.Timestamp.fromordinal(first).date()) if first else ""
