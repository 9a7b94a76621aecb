"""What may stand in a scenario file, key by key; docs/scenarios.md explains each. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from venuenet.model import SCENARIO, Kind, Status, Tier
from venuenet.scenarios.people import MOST_PEOPLE
from venuenet.scenarios.rail import (
    LEAST_HEADWAY_MIN,
    LEAST_RUN_MIN,
    MOST_CHANGE_MIN,
    MOST_HEADWAY_MIN,
    MOST_RUN_MIN,
)
from venuenet.scenarios.words import Path, Told

MOST_EDITS, MOST_STOPS, NAME, NOTE = 200, 400, 200, 2000
"""Edits of a scenario, stops of a line, characters of a name and of a note."""
YEARS = 2000, 2100
LEAST_CHANGE, MOST_CHANGE = -0.9, 9.0
"""Of a district's people, as a share of what it has."""

Level = Literal["national", "city", "district", "unknown"]


def _printable(text: str) -> str:
    """Refuse what no table, page or YAML file could carry: controls, halves of pairs."""
    if not text.replace("\n", " ").isprintable():
        raise PydanticCustomError("characters", "characters")
    return text


def _one_line(text: str) -> str:
    if "\n" in text:
        raise PydanticCustomError("characters", "characters")
    return _printable(text)


def _line(text: str) -> str:
    if "|" in text:
        raise PydanticCustomError("characters", "characters")
    return text


Blank = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=NAME), AfterValidator(_one_line)
]
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME),
    AfterValidator(_one_line),
]
Note = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=NOTE), AfterValidator(_printable)
]
Id = Annotated[str, StringConstraints(max_length=80, pattern=r"^[A-Za-z0-9_.-]+$")]
Line = Annotated[Text, AfterValidator(_line)]
Lon = Annotated[float, Field(ge=-180, le=180)]
Lat = Lon
"""As wide as the other: what is swapped is told by its place."""
Precision = Annotated[float, Field(ge=0, le=5000)]
Amount = Annotated[float, Field(ge=0, le=1e9)]
Run = Annotated[float, Field(ge=LEAST_RUN_MIN, le=MOST_RUN_MIN)]
Every = Annotated[float, Field(ge=LEAST_HEADWAY_MIN, le=MOST_HEADWAY_MIN)]
Walk = Annotated[float, Field(ge=0, le=MOST_CHANGE_MIN)]
Change = Annotated[float, Field(ge=LEAST_CHANGE, le=MOST_CHANGE)]
People = Annotated[int, Field(ge=1, le=MOST_PEOPLE)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class OpenSaid(_Strict):
    """A new venue."""

    id: Id | None = None
    name_zh: Text
    name_en: Blank = ""
    kind: Kind
    lon: Lon
    lat: Lat
    precision_m: Precision = 0.0
    district: Text | None = None
    address_zh: Blank | None = None
    tier: Tier = "-"
    level: Level = "unknown"
    status: Status = "open"
    exhibition_m2: Amount | None = None
    visits_per_year: Amount | None = None
    method: Literal["scenario", "proposal"] = "scenario"
    source: Text = SCENARIO
    confidence: Literal["high", "medium", "low"] = "low"
    flags: list[Id] = Field([], max_length=20)
    note: Blank | None = None


class MoveSaid(_Strict):
    """A venue goes elsewhere."""

    venue: Text
    lon: Lon
    lat: Lat
    precision_m: Precision = 0.0
    district: Text | None = None


class UpgradeSaid(_Strict):
    """What a list says of a venue changes."""

    venue: Text
    kind: Kind = "other"
    tier: Tier = "-"
    level: Level = "unknown"
    status: Status = "open"
    exhibition_m2: Amount | None = None
    visits_per_year: Amount | None = None


class StationSaid(_Strict):
    """A stop that is not there yet."""

    id: Id | None = None
    name: Line
    lon: Lon
    lat: Lat


def _sort(value: object) -> str:
    return "=new" if isinstance(value, Mapping) else "=known"


Stop = Annotated[
    Annotated[Text, Tag("=known")] | Annotated[StationSaid, Tag("=new")], Discriminator(_sort)
]


class LineSaid(_Strict):
    """A rail line, both ways."""

    name: Line
    stops: list[Stop] = Field(min_length=2, max_length=MOST_STOPS)
    run_min: list[Run] = Field(min_length=1, max_length=MOST_STOPS)
    headway_min: Every
    change_min: Walk = 3.0


class HeadwaySaid(_Strict):
    """Trains of a line run every so many minutes."""

    line: Text
    minutes: Every


class PopulationSaid(_Strict):
    """Residents of a year: persons by district, or the change as a share."""

    year: Annotated[int, Field(ge=YEARS[0], le=YEARS[1])]
    districts: dict[str, People] | None = Field(None, min_length=1)
    change: Annotated[
        Annotated[Change, Tag("=known")]
        | Annotated[dict[str, Change], Field(min_length=1), Tag("=new")],
        Discriminator(_sort),
    ] | None = None  # fmt: skip

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.districts is None) == (self.change is None):
            raise PydanticCustomError("one_of", "one of")
        return self


class HeadSaid(_Strict):
    """What a scenario says of itself."""

    name_zh: Text
    name_en: Blank = ""
    note: Note = ""
    edits: list[Any] = Field(min_length=1, max_length=MOST_EDITS)


class CloseSaid(_Strict):
    """A venue is shut."""

    close: Text


ENTRIES: Mapping[str, type[_Strict]] = {
    "open": OpenSaid,
    "close": CloseSaid,
    "move": MoveSaid,
    "upgrade": UpgradeSaid,
    "line": LineSaid,
    "headway": HeadwaySaid,
    "population": PopulationSaid,
}
"""The keys an edit may have."""

_CODES = {
    "missing": "missing",
    "string_type": "text",
    "string_too_short": "blank",
    "string_too_long": "long",
    "string_pattern_mismatch": "characters",
    "string_unicode": "characters",
    "float_type": "number",
    "finite_number": "number",
    "int_type": "whole",
    "int_from_float": "whole",
    "literal_error": "allowed",
    "too_short": "items",
    "too_long": "items",
    **dict.fromkeys(("characters", "one_of"), ""),
    **dict.fromkeys(("greater_than_equal", "less_than_equal"), "range"),
}
_SHAPES = {
    "list_type": ("列表", "a list"),
    "model_type": ("对象", "a mapping"),
    "dict_type": ("对象", "a mapping"),
}
_BOUNDS = {"ge": "≥", "le": "≤", "min_length": "≥", "max_length": "≤"}


def entry(told: Told, value: object, at: Path) -> tuple[str, Any] | None:
    """Read one edit: its key and what it says; None after faults, which are all told."""
    if not isinstance(value, Mapping):
        told.say("shape", at, limit="a mapping", limit_zh="对象")
        return None
    keys = [str(key) for key in value]
    if len(keys) != 1 or keys[0] not in ENTRIES:
        got = ", ".join(keys[:5]) or "—"
        told.say("one_key", at, value=got, limit=", ".join(ENTRIES))
        return None
    key, said = keys[0], next(iter(value.values()))
    if key == "close":
        shut = read(told, CloseSaid, {key: said}, at)
        return None if shut is None else (key, shut)
    found = read(told, ENTRIES[key], said, (*at, key))
    return None if found is None else (key, found)


def read(told: Told, shape: type[_Strict], value: object, at: Path) -> Any:  # noqa: ANN401
    """Read what stands somewhere in one of the shapes; None after faults, which are all told."""
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        for found in error.errors(include_url=False):
            loc = tuple(p for p in found["loc"] if p not in ("=known", "=new", "[key]"))
            given, about = found.get("input"), found.get("ctx", {})
            words: dict[str, object] = {"value": _shown(given)}
            words["limit"] = next(
                (f"{_BOUNDS[k]} {v:g}" for k, v in about.items() if k in _BOUNDS), ""
            )
            kind = found["type"]
            code = _CODES.get(kind, "unreadable") or kind
            if kind == "string_type" and given is None:
                code = "blank"
            elif kind == "string_too_long":
                words["limit"] = about["max_length"]
            elif kind == "literal_error":
                words["limit"] = about["expected"].replace("'", "").replace(" or ", ", ")
            elif kind == "extra_forbidden":
                code, inner = "unknown_key", StationSaid if "=new" in found["loc"] else shape
                words["limit"] = ", ".join(inner.model_fields)
            elif kind in _SHAPES:
                code = "shape"
                words["limit_zh"], words["limit"] = _SHAPES[kind]
            told.say(code, (*at, *loc), **words)
        return None


def _shown(value: object) -> str:
    if isinstance(value, Mapping | list):
        return "{…}" if isinstance(value, Mapping) else "[…]"
    if isinstance(value, int) and value.bit_length() > 200:
        return "…"
    return "null" if value is None else str(value)[:60]
