"""The format of an area pack: the keys of ``area.yaml``, the columns of every table.

docs/area-pack.md explains each to whoever fills one in; a test holds the two together.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)
from pyproj import CRS
from pyproj.exceptions import CRSError

from venuenet.model import KINDS, Source, Status, Tier

META = "area.yaml"
POLYGONS = "districts.geojson"


def _projected(code: str) -> str:
    """Refuse a CRS that does not exist or does not measure in metres."""
    try:
        found = CRS.from_user_input(code)
    except CRSError as error:
        raise ValueError("no such CRS") from error
    if not found.is_projected or {a.unit_name for a in found.axis_info} != {"metre"}:
        raise ValueError("not a projected CRS in metres")
    return code


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Tolerances(_Strict):
    """How far a point may lie outside the polygons, in metres."""

    venue_m: float = Field(ge=0)
    township_m: float = Field(ge=0)
    station_m: float = Field(ge=0)


class Period(_Strict):
    """A service period of the rail tables: whole hours of the day."""

    id: str
    name_zh: str
    name_en: str
    from_hour: int = Field(ge=0, le=23)
    to_hour: int = Field(ge=1, le=30)

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.to_hour <= self.from_hour:
            raise ValueError("to_hour must be later than from_hour")
        return self

    @property
    def hours(self) -> int:
        """Length of the period in hours."""
        return self.to_hour - self.from_hour


class Group(_Strict):
    """A group of residents: its share of the city (0..1), or where districts' shares stand."""

    id: str
    name_zh: str
    name_en: str
    city_share: float | None = Field(ge=0, le=1)
    district_column: str | None
    note_zh: str = ""
    note_en: str = ""


class PackSource(_Strict):
    """One source of the pack: which files it fed and what was derived from it."""

    id: str
    title: str
    title_en: str
    date: Annotated[str, BeforeValidator(str)]
    licence: str
    attribution: str
    files: tuple[str, ...]
    derived: str


class AreaMeta(_Strict):
    """``area.yaml``: what the tables are about. Shares 0..1, tolerances metres."""

    id: str
    name_zh: str
    name_en: str
    datum: Literal["WGS84", "CGCS2000"]
    crs_geographic: Literal["EPSG:4326", "EPSG:4490"]
    crs_metric: Annotated[str, AfterValidator(_projected)]
    h3_resolution: int = Field(ge=0, le=15)
    as_of: dt.date
    timezone: str
    total_people: int = Field(gt=0)
    tolerances: Tolerances
    periods: tuple[Period, ...] = ()
    default_period: str | None = None
    groups: tuple[Group, ...] = ()
    map_note_zh: str = ""
    map_note_en: str = ""
    review_number: str | None = None
    provenance: tuple[PackSource, ...] = Field(alias="sources")

    @property
    def sources(self) -> tuple[Source, ...]:
        """The sources as every download names them."""
        fields = set(Source.__dataclass_fields__)
        return tuple(Source(**p.model_dump(include=fields)) for p in self.provenance)

    @model_validator(mode="after")
    def _default_is_a_period(self) -> Self:
        if self.periods and self.default_period not in {p.id for p in self.periods}:
            raise ValueError("default_period names no period")
        return self


@dataclass(frozen=True)
class Column:
    """One column: what its cells may hold. ``filled`` forbids blanks, ``low``/``high`` include."""

    name: str
    kind: Literal["text", "number", "whole"] = "text"
    filled: bool = False
    low: float | None = None
    high: float | None = None
    allowed: tuple[str, ...] = ()
    refers: str | None = None


@dataclass(frozen=True)
class Table:
    """One file of the pack.

    Attributes
    ----------
    file : str
        Its name.
    key : tuple of str
        The columns that tell rows apart.
    columns : tuple of Column
        Columns it must have; others are kept as text.
    optional : bool
        Whether a city may do without it.
    placed : tuple of str
        For tables of points: the tolerance in ``area.yaml``, and the columns a point needs
        beside ``lon`` and ``lat``.
    """

    file: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    optional: bool = False
    placed: tuple[str, ...] = ()


def _share(name: str) -> Column:
    return Column(name, "number", low=0, high=1)


def _amount(name: str, *, filled: bool = False) -> Column:
    return Column(name, "number", filled=filled, low=0)


def _count(name: str, *, filled: bool = False) -> Column:
    return Column(name, "whole", filled=filled, low=0)


def _name(name: str) -> Column:
    return Column(name, filled=True)


_POINT = (Column("lon", "number"), Column("lat", "number"))

TABLES: tuple[Table, ...] = (
    Table(
        "districts.csv",
        ("adcode",),
        (
            *map(_name, ("adcode", "name_zh", "name_en")),
            Column("pinyin"),
            Column("area_km2", "number", filled=True, low=0.01),
            _count("people", filled=True),
            Column("zone_zh"),
            *map(_share, ("share_0_14", "share_60plus", "share_65plus", "share_rural")),
            _name("people_source"),
            *map(Column, ("area_source", "note")),
        ),
    ),
    Table(
        "townships.csv",
        ("township_code",),
        (
            *map(_name, ("township_code", "name_zh")),
            Column("name_en"),
            Column("adcode", filled=True, refers="districts.csv:adcode"),
            *_POINT,
            Column("point_source"),
            _amount("point_precision_m"),
            Column("area_km2", "number", low=0.01),
            Column("area_source"),
            _count("residents"),
            Column("residents_source"),
            *map(_count, ("communities", "units", "residents_other")),
            Column("residents_other_year", "whole", low=1900, high=2100),
            *map(Column, ("residents_other_source", "flags")),
        ),
        placed=("township_m", "point_precision_m", "point_source"),
    ),
    Table(
        "venues.csv",
        ("venue_id",),
        (
            *map(_name, ("venue_id", "name_zh")),
            *map(Column, ("name_en", "aliases")),
            Column("kind", filled=True, allowed=KINDS),
            Column("tier", filled=True, allowed=get_args(Tier)),
            _name("level"),
            Column("adcode", refers="districts.csv:adcode"),
            Column("address_zh"),
            *_POINT,
            Column("method"),
            _amount("precision_m"),
            Column("status", filled=True, allowed=get_args(Status)),
            Column("same_site_as", refers="venues.csv:venue_id"),
            _amount("exhibition_m2"),
            _amount("visits_per_year"),
            _name("source"),
            Column("confidence", filled=True, allowed=("high", "medium", "low")),
            *map(Column, ("flags", "note")),
        ),
        placed=("venue_m", "precision_m", "method"),
    ),
    Table(
        "stations.csv",
        ("station_id",),
        (
            *map(_name, ("station_id", "name_zh")),
            Column("pinyin"),
            _name("lines"),
            Column("lon", "number", filled=True),
            Column("lat", "number", filled=True),
            _amount("precision_m", filled=True),
            Column("method"),
        ),
        optional=True,
        placed=("station_m", "precision_m", "method"),
    ),
    Table(
        "links.csv",
        ("line", "direction", "from_id", "to_id"),
        (
            *map(_name, ("line", "direction")),
            Column("from_id", filled=True, refers="stations.csv:station_id"),
            Column("to_id", filled=True, refers="stations.csv:station_id"),
            _amount("track_m"),
            Column("run_min", "number", filled=True, low=0.01, high=600),
        ),
        optional=True,
    ),
    Table(
        "transfers.csv",
        ("station_id", "from_line", "to_line"),
        (
            Column("station_id", filled=True, refers="stations.csv:station_id"),
            *map(_name, ("from_line", "to_line")),
            Column("walk_min", "number", filled=True, low=0, high=120),
            _amount("walk_m"),
        ),
        optional=True,
    ),
)


def columns_of(table: Table, meta: AreaMeta | None) -> tuple[Column, ...]:
    """Return a table's columns with those ``area.yaml`` asks for: group shares, trains."""
    extra: list[Column] = []
    if meta is not None and table.file == "districts.csv":
        extra = [_share(g.district_column) for g in meta.groups if g.district_column]
    if meta is not None and table.file == "links.csv":
        extra = [_count(f"trains_{p.id}", filled=True) for p in meta.periods]
    known = {c.name for c in table.columns}
    return (*table.columns, *(c for c in extra if c.name not in known))
