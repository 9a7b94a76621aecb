"""What is asked of a proposal, and the sites it may choose from. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from venuenet.model import LocatedVenue, Question
from venuenet.standards.siting import Origin

Goal = Literal[
    "cover_most", "cover_share", "cover_all", "cover_twice", "cover_fairly", "cover_with_room",
    "nearest_on_average", "nearest_at_worst", "nearest_with_room",
]  # fmt: skip
GOALS: tuple[Goal, ...] = get_args(Goal)
CHEAPEST: tuple[Goal, ...] = ("cover_share", "cover_all")
"""Goals that look for the least cost: they need neither a number of sites nor a budget."""
BY_TIME: tuple[Goal, ...] = ("nearest_on_average", "nearest_at_worst", "nearest_with_room")
"""Goals that weigh travel times: nothing is in or out of reach."""
WITH_ROOM: tuple[Goal, ...] = ("cover_with_room", "nearest_with_room")

MOST_SITES = 5_000
"""Candidates a proposal may choose from."""


@dataclass(frozen=True)
class UserSite:
    """A place of the user's own list: WGS84 degrees; ``cost`` in the user's own unit."""

    name_zh: str
    lon: float
    lat: float
    adcode: str | None = None
    sort: str | None = None
    cost: float | None = None


@dataclass(frozen=True)
class Request:
    """What is asked; the parameters as understood.

    Attributes
    ----------
    goal : Goal
    question : Question
        What counts as reaching a venue, and which venues count.
    weights : mapping of group to float
        By how much a resident of a group counts beside the 1 of everybody.
    sources : tuple of Origin
        Where candidates for new sites come from.
    resolution : int
        Of the H3 cells among the candidates.
    districts : tuple of adcode
        Where new sites and upgrades may be; empty for the whole area.
    residents : tuple of adcode
        Whose people count; empty for everybody's.
    sites : tuple of UserSite
    options, upgrades : tuple of str
        Kinds of new site and of upgrade on offer; see ``standards/siting.yaml``.
    costs : mapping of option to float
        The user's own, in the place of the assumed ones.
    unit : str, optional
        Of the user's own costs.
    count, budget, share
        How many sites are chosen; what they may cost; which share of people must be in reach.
    at_least, at_most : mapping of adcode to int
        Sites per district.
    force, forbid : tuple of str
        Candidates, by place (``T110229001``) or by place and option (``T110229001:corner``).
    spacing_km : float, optional
        New sites lie at least so far from one another.
    time_limit_s, gap
        How long may be thought, and how far from proof one may stop.
    alternatives, differ : int
        How many other plans are looked for, and how many sites each must do without of the others'.
    """

    goal: Goal
    question: Question
    weights: Mapping[str, float] = field(default_factory=dict)
    sources: tuple[Origin, ...] = ("townships",)
    resolution: int = 7
    districts: tuple[str, ...] = ()
    residents: tuple[str, ...] = ()
    sites: tuple[UserSite, ...] = ()
    options: tuple[str, ...] = ("branch",)
    upgrades: tuple[str, ...] = ()
    costs: Mapping[str, float] = field(default_factory=dict)
    unit: str | None = None
    count: int | None = None
    budget: float | None = None
    share: float | None = None
    at_least: Mapping[str, int] = field(default_factory=dict)
    at_most: Mapping[str, int] = field(default_factory=dict)
    force: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()
    spacing_km: float | None = None
    time_limit_s: float = 60.0
    gap: float = 0.0
    alternatives: int = 0
    differ: int = 1


@dataclass(frozen=True)
class Site:
    """One thing that may be done: an option at a place, or an upgrade of a venue.

    Attributes
    ----------
    site_id : str
        ``place:option``.
    place : str
        Options at one place exclude each other.
    option : str
    source : str
        An Origin, or ``upgrade``.
    venue : LocatedVenue
        The venue there would be.
    township : int
        Position in the area's townships; -1 unknown.
    cost : float
    cost_assumed : bool
    room : float
        Persons it has room for, or makes room for; infinite where that is unknown.
    upgrades : str, optional
        The venue that is changed; None for a new one.
    flags : tuple of str
    """

    site_id: str
    place: str
    option: str
    source: str
    venue: LocatedVenue
    township: int
    cost: float
    cost_assumed: bool
    room: float
    upgrades: str | None = None
    flags: tuple[str, ...] = ()
