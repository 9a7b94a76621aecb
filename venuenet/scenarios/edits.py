"""The edits a scenario is made of: plain values that name venues, stations and districts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from venuenet.model import LocatedVenue


@dataclass(frozen=True)
class Open:
    """A new venue; its id must be new."""

    venue: LocatedVenue


@dataclass(frozen=True)
class Close:
    """A venue is shut: it stays in the list, its status ``closed``."""

    venue_id: str


@dataclass(frozen=True)
class Move:
    """A venue moves to another point: WGS84 degrees, and how far off it may be, in metres."""

    venue_id: str
    lon: float
    lat: float
    precision_m: float = 0.0
    adcode: str | None = None
    """The district it moves to; None leaves it as it is."""


@dataclass(frozen=True)
class Upgrade:
    """What a list says of a venue changes.

    Attributes
    ----------
    venue_id : str
    changes : mapping
        New values of ``kind``, ``tier``, ``level``, ``status``, ``exhibition_m2`` or
        ``visits_per_year``.
    """

    venue_id: str
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class NewStation:
    """A stop of a new line that is not there yet: WGS84 degrees."""

    station_id: str
    name_zh: str
    lon: float
    lat: float


@dataclass(frozen=True)
class NewLine:
    """A rail line, both ways, or more stations for a line that is there.

    Attributes
    ----------
    line : str
        Its name; one that is there is extended.
    stops : tuple of str
        Ids of stations in order: existing ones, or of ``stations``.
    run_min : tuple of float
        Minutes between neighbours of ``stops``, dwell included; one fewer than ``stops``.
    headway_min : float
        Minutes between trains, at all times of day.
    change_min : float
        Minutes on foot between this line and each other line of a station.
    stations : tuple of NewStation
    """

    line: str
    stops: tuple[str, ...]
    run_min: tuple[float, ...]
    headway_min: float
    change_min: float = 3.0
    stations: tuple[NewStation, ...] = ()


@dataclass(frozen=True)
class Headway:
    """Trains of a line run every so many minutes, on all its links, at all times of day."""

    line: str
    minutes: float


@dataclass(frozen=True)
class Population:
    """Residents of another year.

    Attributes
    ----------
    year : int
    people : mapping of adcode to int
        Residents a district has then; those not named keep theirs. Townships follow in
        proportion, groups keep their shares.
    """

    year: int
    people: Mapping[str, int] = field(default_factory=dict)


VenueEdit = Open | Close | Move | Upgrade
RailEdit = NewLine | Headway
Edit = VenueEdit | RailEdit | Population
