"""What a geocoder is asked and what it answers. WGS84 degrees, metres."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from venuenet.registry.model import Reason

MatchLevel = Literal["exact", "door", "street", "township", "district"]


@dataclass(frozen=True, slots=True)
class GeoQuery:
    """Where is this? ``adcode`` is the district the list names, None where it names none.

    ``lon, lat`` are the list's own point, already WGS84, where it has one.
    """

    name: str
    address: str = ""
    adcode: str | None = None
    lon: float | None = None
    lat: float | None = None
    precision_m: float | None = None


@dataclass(frozen=True)
class GeoAnswer:
    """A point and how far to trust it.

    Attributes
    ----------
    lon, lat : float
        WGS84 degrees.
    precision_m : float
        The true place lies within this many metres in 95 of 100 cases, as far as is known.
    level : MatchLevel
        What was found: the thing itself, its door, its street, its township, its district.
    confidence : float
        0..1, with ``reasons``.
    provider : str
        Who answered; printed as the position's method.
    raw : mapping
        The provider's answer as it came.
    ok : bool
        False when the point contradicts the text (outside the district named by more than the
        tolerance): it goes to review and is never used as it stands.
    """

    lon: float
    lat: float
    precision_m: float
    level: MatchLevel
    confidence: float
    provider: str
    reasons: tuple[Reason, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict)
    ok: bool = True


class Geocoder(Protocol):
    """One way to find a place."""

    name: str

    def locate(self, query: GeoQuery) -> GeoAnswer | None:
        """Return the best answer, None when nothing is known.

        Raises
        ------
        GeocodeError
            The provider cannot answer at all (quota, key, network); the cascade goes on.
        """
        ...
