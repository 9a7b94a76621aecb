"""The types that cross a border between stages; nothing else.

Times are whole seconds, people whole persons, points WGS84 degrees, lengths metres,
areas square kilometres unless a name says otherwise.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Kind = Literal["science_museum", "base", "center_city", "center_district", "center_n", "other"]
Mode = Literal["walk", "transit", "drive"]
Tier = Literal["hub", "branch", "node", "-"]
Status = Literal["open", "closed", "planned", "lapsed", "unknown"]
GroupStanding = Literal["known", "estimated", "unknown"]
Variant = Literal["point", "late", "early"]

KINDS: tuple[Kind, ...] = get_args(Kind)
SCIENCE_KINDS: tuple[Kind, ...] = tuple(k for k in KINDS if k != "other")
MODES: tuple[Mode, ...] = get_args(Mode)
VARIANTS: tuple[Variant, ...] = get_args(Variant)

NEAREST = 4
"""How many nearest venues of each kind are kept for every point, without a cut-off."""

LONGEST_OWN_MIN = 60
"""Minutes: times to venues of the own district are kept as far as the matrices reach."""

MOST_CHOICES = NEAREST - 1
"""The largest k a question may ask for: with one more at hand it is known who steps in."""

Spread = Literal["mean", "p15", "p85"]
SPREAD: tuple[Spread, ...] = get_args(Spread)
"""What a timetable's day says beside the median of its travel times."""

Reason = Literal["reached", "no_street", "no_way"]
REASONS: tuple[Reason, ...] = get_args(Reason)
"""Why a cell has no time at all: no street near it, or no way from it to any venue."""

SCENARIO = "scenario"
"""``method`` of a venue's or station's position that a scenario made up."""

UNREACHED = np.iinfo(np.int32).max
"""Seconds that stand for "no venue of this kind can be reached at all"."""

BEYOND = np.iinfo(np.uint16).max
"""Seconds that stand for "beyond the matrix's cut-off" where 16 bits are kept."""


@dataclass(frozen=True)
class Source:
    """Where a number comes from; printed under every table and in every download."""

    id: str
    title: str
    title_en: str
    date: str
    licence: str
    attribution: str


@dataclass(frozen=True)
class Venue:
    """A place where people meet science, as the lists name it."""

    venue_id: str
    name_zh: str
    name_en: str
    kind: Kind
    tier: Tier
    level: str
    adcode: str | None
    address_zh: str | None
    status: Status
    source: str
    confidence: str
    note: str | None = None
    flags: tuple[str, ...] = ()
    exhibition_m2: float | None = None
    visits_per_year: float | None = None


@dataclass(frozen=True)
class LocatedVenue(Venue):
    """A venue with a point: WGS84 degrees, and how far off the point may be, in metres."""

    lon: float = field(kw_only=True)
    lat: float = field(kw_only=True)
    precision_m: float = field(kw_only=True)
    method: str = field(kw_only=True)

    @property
    def counts(self) -> bool:
        """Whether the venue can cover anyone: closed, planned and lapsed ones never do."""
        return self.status in ("open", "unknown")


@dataclass(frozen=True)
class DemandPoints:
    """People per cell and township.

    Attributes
    ----------
    cell : (n,) uint64
        H3 index of every cell with people, ascending.
    lon, lat : (n,) float64
        Cell centres, WGS84 degrees.
    x, y : (n,) float64
        Cell centres, metres in the area's projected CRS.
    area_km2 : (n,) float64
        ``h3.cell_area`` of each cell.
    cell_district, cell_township : (n,) int32
        Position of the district that holds the centre, and of the nearest placed township in it.
    sample_xy : (n, m, 2) float64
        Points a cell is sampled at, metres: the centres of its H3 children, its own centre
        first. Each stands for an equal share of the cell's people.
    neighbours : (e, 2) int32
        Pairs of cells with people that share an edge.
    row_cell, row_township : (r,) int32
        One row per (cell, township): positions in ``cell`` and in the area's township table.
    people : (r,) int64
        Residents of the row; sums exactly to townships, districts and the census total.
    groups : mapping of group to (r,) int64
        Residents by group; only groups whose share is known or estimated.
    township_flags : tuple of tuple of str
        Per township: what is modelled about it (``residents_estimated``, ``point_unknown``).
    group_standing : mapping of group to mapping of adcode to GroupStanding
        Whether a district's share was known, taken from the city, or unknown.
    adcodes : tuple of str
        Codes of the districts that ``cell_district`` counts.
    origin : str
        ``modelled``: every cell value is a model's, never a count.
    """

    cell: NDArray[np.uint64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    area_km2: NDArray[np.float64]
    cell_district: NDArray[np.int32]
    cell_township: NDArray[np.int32]
    sample_xy: NDArray[np.float64]
    neighbours: NDArray[np.int32]
    row_cell: NDArray[np.int32]
    row_township: NDArray[np.int32]
    people: NDArray[np.int64]
    groups: Mapping[str, NDArray[np.int64]]
    township_flags: tuple[tuple[str, ...], ...]
    group_standing: Mapping[str, Mapping[str, GroupStanding]]
    adcodes: tuple[str, ...] = ()
    origin: Literal["modelled", "census"] = "modelled"

    def some(self, cells: NDArray[np.intp]) -> DemandPoints:
        """Return what concerns the places of some cells; rows and neighbours are left as empty."""
        names = ("cell", "lon", "lat", "x", "y", "area_km2", "cell_district", "cell_township")
        none = np.empty(0, dtype=np.int32)
        return replace(
            self,
            **{name: getattr(self, name)[cells] for name in (*names, "sample_xy")},
            neighbours=np.empty((0, 2), dtype=np.int32),
            row_cell=none,
            row_township=none,
            people=none.astype(np.int64),
            groups={},
        )


@dataclass(frozen=True)
class TravelTimes:
    """Times cell → venue of one mode, in whole seconds.

    A sparse venue x cell matrix up to ``cutoff_s`` (CSR: venue ``v`` owns entries
    ``indptr[v]:indptr[v+1]``), and without a cut-off the ``NEAREST`` nearest venues of each kind.

    Attributes
    ----------
    venue_ids : tuple of str
        Rows of the matrix: located venues that count.
    samples : int
        Points a cell is sampled at, m. The matrix holds the centre's times; coverage counts the
        share of a cell's points within the cut-off.
    near_s : (3, kinds, NEAREST, n, m) int32
        Seconds by variant: ``point``; ``late``, with every venue shifted away by its position
        precision, those whose opening is unknown closed, and where departures are known a slow
        one (85th percentile); ``early``, with every venue shifted nearer and a quick departure
        (15th). ``UNREACHED`` where there is none.
    near_venue : (kinds, NEAREST, n, m) int16
        Which venue that is in the ``point`` variant; -1 where there is none.
    own_s : (3, kinds, n, m) uint16, optional
        Seconds by variant to the nearest venue of the cell's own district (the district of the
        venue's address); ``BEYOND`` where it takes longer than ``cutoff_s``.
    estimated : bool
        True where no network was used for the street part.
    spread : mapping of Spread to (entries,) uint16
        Beside each entry of ``seconds`` (a median then), the mean and percentiles of the times of
        all departures; empty where an engine knows expected times only. 65535 where the
        percentile has no way at all, or one longer than that.
    reason : (n,) uint8, optional
        Position in ``REASONS`` for each cell's centre; None where no network was used.
    snap_m : (n,) float32, optional
        Metres from a cell's centre to the street it was set on, NaN where there is none near.
    """

    mode: Mode
    engine: str
    surface_transit: bool
    estimated: bool
    period: str | None
    cutoff_s: int
    venue_ids: tuple[str, ...]
    indptr: NDArray[np.int64]
    cell: NDArray[np.int32]
    seconds: NDArray[np.uint16]
    near_s: NDArray[np.int32]
    near_venue: NDArray[np.int16]
    samples: int
    spread: Mapping[Spread, NDArray[np.uint16]] = field(default_factory=dict)
    reason: NDArray[np.uint8] | None = None
    snap_m: NDArray[np.float32] | None = None
    own_s: NDArray[np.uint16] | None = None


@dataclass(frozen=True)
class Standard:
    """A yardstick of access: k venues of some kinds within some minutes by a mode.

    Under ``own_district`` only venues of the residents' own district count.
    """

    id: str
    name_zh: str
    name_en: str
    mode: Mode
    minutes: int
    kinds: tuple[Kind, ...]
    k: int
    source: str
    confidence: str
    own_district: bool = False


@dataclass(frozen=True)
class Question:
    """What one coverage answer is about; the parameters as understood.

    ``own_district``: only venues of the residents' own district count. ``capacitated``: nobody
    is covered by a venue beyond the persons it has room for, where that is known.
    """

    mode: Mode = "transit"
    minutes: int = 45
    kinds: tuple[Kind, ...] = SCIENCE_KINDS
    k: int = 1
    group: str = "all"
    surface_transit: bool = False
    standard: str | None = None
    own_district: bool = False
    capacitated: bool = False


@dataclass(frozen=True)
class Gap:
    """Uncovered cells of one township that hang together.

    ``cells`` are positions in DemandPoints; ``minutes`` is the people-weighted mean to the
    venue nearest to most of the gap's people; ``evidence`` holds the numbers behind the cause.
    """

    gap_id: str
    adcode: str
    township_code: str
    people: int
    area_km2: float
    cells: NDArray[np.int32]
    nearest_venue_id: str | None
    nearest_minutes: float | None
    cause: str
    gap_type: Literal["service", "data"]
    severity: Literal["high", "medium", "low"]
    flags: tuple[str, ...]
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """What a snapshot was made from; its hash is the ETag of all that is served from it."""

    snapshot: str
    as_of: dt.date
    area: str
    version: str
    sources: tuple[Source, ...]
    parameters: Mapping[str, Any]
    counts: Mapping[str, int]
    checks: Mapping[str, float]


Frame = pd.DataFrame
