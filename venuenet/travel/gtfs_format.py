"""Which files and columns of a feed are read, and what their cells may hold.

Source: General Transit Feed Specification, Schedule reference, https://gtfs.org/schedule/reference
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from venuenet.travel.gtfs_faults import Spoils

Kind = Literal["text", "number", "clock", "date", "choice"]


@dataclass(frozen=True)
class Column:
    """What the cells of a column hold.

    Attributes
    ----------
    kind : str
        ``text``; ``number`` (NaN = blank); ``clock``, seconds (``BLANK`` = blank); ``date``, day
        number of ``datetime.date.toordinal`` (0 = blank); ``choice``, a small whole number.
    required : bool
        The column must be there.
    filled : bool
        No cell may be blank.
    spoils : str
        What a bad cell spoils.
    low, high : float
        Bounds of a number, both allowed.
    whole : bool
        Numbers must be whole.
    choices : tuple of int
        Values of a choice; blank means the first.
    refers : str
        The file whose first column (its id) must hold the value, unless blank.
    """

    kind: Kind = "text"
    required: bool = False
    filled: bool = False
    spoils: Spoils = "row"
    low: float = 0
    high: float = 1e9
    whole: bool = False
    choices: tuple[int, ...] = ()
    refers: str | None = None


def _id(refers: str | None = None, spoils: Spoils = "row") -> Column:
    return Column(required=True, filled=True, refers=refers, spoils=spoils)


def _choice(*choices: int, required: bool = False, spoils: Spoils = "cell") -> Column:
    return Column("choice", required, required, spoils, choices=choices)


_TEXT = Column()
_DATE = Column("date", required=True, filled=True)
_DAY = _choice(0, 1, required=True, spoils="row")

FORMAT: dict[str, dict[str, Column]] = {
    "agency.txt": {
        "agency_name": Column(required=True, filled=True, spoils="cell"),
        "agency_timezone": Column(required=True, filled=True, spoils="cell"),
    },
    "stops.txt": {
        "stop_id": _id(),
        "stop_name": _TEXT,
        "stop_lat": Column("number", required=True, low=-90, high=90),
        "stop_lon": Column("number", required=True, low=-180, high=180),
        "location_type": _choice(0, 1, 2, 3, 4, spoils="row"),
        "parent_station": Column(refers="stops.txt", spoils="cell"),
    },
    "routes.txt": {
        "route_id": _id(),
        "route_short_name": _TEXT,
        "route_long_name": _TEXT,
    },
    "trips.txt": {
        "trip_id": _id(spoils="trip"),
        "route_id": _id("routes.txt", "trip"),
        "service_id": _id(spoils="trip"),
        "trip_headsign": _TEXT,
        "direction_id": Column("choice", spoils="cell", choices=(-1, 0, 1)),
    },
    "stop_times.txt": {
        "trip_id": _id("trips.txt"),
        "stop_id": _id("stops.txt"),
        "stop_sequence": Column("number", required=True, filled=True, whole=True, spoils="trip"),
        "arrival_time": Column("clock", required=True, spoils="trip"),
        "departure_time": Column("clock", required=True, spoils="trip"),
        "pickup_type": _choice(0, 1, 2, 3),
        "drop_off_type": _choice(0, 1, 2, 3),
        "shape_dist_traveled": Column("number", spoils="cell"),
    },
    "calendar.txt": {
        "service_id": _id(),
        "monday": _DAY,
        "tuesday": _DAY,
        "wednesday": _DAY,
        "thursday": _DAY,
        "friday": _DAY,
        "saturday": _DAY,
        "sunday": _DAY,
        "start_date": _DATE,
        "end_date": _DATE,
    },
    "calendar_dates.txt": {
        "service_id": _id(),
        "date": _DATE,
        "exception_type": _choice(1, 2, required=True, spoils="row"),
    },
    "frequencies.txt": {
        "trip_id": _id("trips.txt"),
        "start_time": Column("clock", required=True, filled=True),
        "end_time": Column("clock", required=True, filled=True),
        "headway_secs": Column("number", required=True, filled=True, whole=True, low=1, high=86400),
        "exact_times": _choice(0, 1),
    },
    "transfers.txt": {
        "from_stop_id": Column(refers="stops.txt"),
        "to_stop_id": Column(refers="stops.txt"),
        "transfer_type": _choice(0, 1, 2, 3, 4, 5, spoils="row"),
        "min_transfer_time": Column("number", whole=True, high=86400),
        "from_route_id": _TEXT,
        "to_route_id": _TEXT,
        "from_trip_id": _TEXT,
        "to_trip_id": _TEXT,
    },
    "pathways.txt": {
        "pathway_id": _id(),
        "from_stop_id": _id("stops.txt"),
        "to_stop_id": _id("stops.txt"),
        "is_bidirectional": _choice(0, 1, required=True, spoils="row"),
        "traversal_time": Column("number", whole=True, high=86400, spoils="cell"),
    },
    "feed_info.txt": {
        "feed_publisher_name": _TEXT,
        "feed_version": _TEXT,
        "feed_start_date": Column("date", spoils="cell"),
        "feed_end_date": Column("date", spoils="cell"),
    },
}

KEYS: dict[str, tuple[str, ...]] = {
    "stops.txt": ("stop_id",),
    "routes.txt": ("route_id",),
    "trips.txt": ("trip_id",),
    "stop_times.txt": ("trip_id", "stop_sequence"),
    "calendar.txt": ("service_id",),
    "calendar_dates.txt": ("service_id", "date"),
    "transfers.txt": tuple(c for c in FORMAT["transfers.txt"] if c.endswith("_id")),
    "pathways.txt": ("pathway_id",),
}
"""Columns whose values together appear once in the file."""

REQUIRED = ("agency.txt", "stops.txt", "routes.txt", "trips.txt", "stop_times.txt")
CALENDARS = ("calendar.txt", "calendar_dates.txt")
"""At least one of these."""
