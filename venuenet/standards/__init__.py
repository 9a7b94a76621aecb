"""The yardsticks and the assumptions: versioned YAML with unit, source and confidence."""

from __future__ import annotations

from pathlib import Path
from typing import Generic, Literal, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from venuenet.errors import BadQueryError
from venuenet.model import KINDS, LONGEST_OWN_MIN, MOST_CHOICES, SCIENCE_KINDS, Kind, Mode, Standard

T = TypeVar("T", float, str)
M = TypeVar("M", bound=BaseModel)
HERE = Path(__file__).parent
MOST_TOLD = 100
"""Faults of a file that are told one by one; all are counted."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Value(_Strict, Generic[T]):
    """A number (or name) with the reason it is what it is."""

    value: T
    unit: str
    source: str
    confidence: str


class Amount(Value[float]):
    """A number that cannot be negative, nor infinite."""

    value: float = Field(ge=0, le=100_000, allow_inf_nan=False)


class Ratio(Value[float]):
    """A factor that neither stops anybody nor makes them fly."""

    value: float = Field(ge=0.1, le=5, allow_inf_nan=False)


class Walk(_Strict):
    """Walking: straight distance x detour / speed."""

    speed_kmh: Value[float]
    detour: Value[float]


class Transit(_Strict):
    """Which period's headways a trip meets."""

    period: Value[str]


class Drive(_Strict):
    """A zonal-speed estimate of driving."""

    detour: Value[float]
    terminal_min: Value[float]
    speed_kmh: dict[str, Value[float]]
    default_speed_kmh: Value[float]


class StreetRules(_Strict):
    """What is assumed of street networks beside their speeds (``travel/speeds.yaml``)."""

    most_off_m: Amount
    turn_right_s: Amount
    turn_left_s: Amount
    turn_back_s: Amount


class Traveller(_Strict):
    """Whose times are computed: how fast they walk, and what they can and will do."""

    name_zh: str
    name_en: str
    walk_ratio: Ratio
    stairs: bool
    car: bool
    longest_walk_min: Amount
    longest_change_min: Amount
    most_rides: int = Field(ge=0, le=10)


class TravelRules(_Strict):
    """Everything in ``travellers.yaml``."""

    streets: StreetRules
    travellers: dict[str, Traveller] = Field(min_length=1)


class SurfaceTransit(_Strict):
    """Four numbers that stand for a bus network nobody has data of."""

    speed_kmh: Value[float]
    wait_min: Value[float]
    access_min: Value[float]
    reach_km: Value[float]


class Demand(_Strict):
    """How residents of a township spread over its cells."""

    floor_per_km2: Value[float]
    cap_per_km2: Value[float]
    slack: Value[float]
    uniform_per_km2: Value[float]
    station_pull: Value[float]
    station_reach_m: Value[float]
    unknown_station_decay: Value[float]


class GapRules(_Strict):
    """People from which a gap counts as high or medium."""

    severity_high: Value[float]
    severity_medium: Value[float]


class NoData(_Strict):
    """When a standard has no answer."""

    min_located_share: Value[float]


class Factor(Value[float]):
    """How many times more or less something may be; 1 is exact."""

    value: float = Field(ge=1, le=100, allow_inf_nan=False)


class Distance(Value[float]):
    """Kilometres, more than none."""

    value: float = Field(ge=0.1, le=1000, allow_inf_nan=False)


class Probability(Value[float]):
    """A chance between never and always."""

    value: float = Field(ge=0, le=1, allow_inf_nan=False)


class Uncertainty(_Strict):
    """How far modelled people and unverified venues may be off (``docs/uncertainty.md``)."""

    cell_factor: Factor
    township_factor: Factor
    error_km: Distance
    open_probability: Probability


def _embedded_uncertainty() -> Uncertainty:
    return load_assumptions().uncertainty


class Assumptions(_Strict):
    """Every assumed value of the estimates, as ``assumptions.yaml`` gives them."""

    walk: Walk
    transit: Transit
    drive: Drive
    surface_transit: SurfaceTransit
    demand: Demand
    gaps: GapRules
    no_data: NoData
    # Files and snapshots older than this section are still read.
    uncertainty: Uncertainty = Field(default_factory=_embedded_uncertainty)


class _StandardRow(_Strict):
    id: str
    name_zh: str
    name_en: str
    mode: Mode
    minutes: int = Field(ge=1, le=120)
    kinds: Literal["science", "all"] | tuple[Kind, ...]
    k: int = Field(default=1, ge=1, le=MOST_CHOICES)
    source: str
    confidence: str
    own_district: bool = False

    @field_validator("kinds")
    @classmethod
    def _named(cls, kinds: Literal["science", "all"] | tuple[Kind, ...]) -> tuple[Kind, ...]:
        if kinds == "science":
            return SCIENCE_KINDS
        return KINDS if kinds == "all" else kinds

    @model_validator(mode="after")
    def _answerable(self) -> Self:
        if self.own_district and self.k > 1:
            raise ValueError("own_district is answered for k = 1 only")
        if self.own_district and self.minutes > LONGEST_OWN_MIN:
            raise ValueError(f"own_district is answered up to {LONGEST_OWN_MIN} minutes")
        return self


class _StandardFile(_Strict):
    version: float | str
    standards: list[_StandardRow] = Field(min_length=1)


def _read(path: Path) -> object:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadQueryError(
            f"{path.name} 不是可读的 UTF-8 YAML 文件（{error}）",
            f"{path.name} is not a readable UTF-8 YAML file ({error})",
            param=path.name,
        ) from error


def _refuse(path: Path, error: ValidationError) -> BadQueryError:
    where = "; ".join(
        f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors()[:MOST_TOLD]
    )
    return BadQueryError(
        f"{path.name} 有 {error.error_count()} 处错误：{where}",
        f"{path.name} has {error.error_count()} faults: {where}",
        param=path.name,
    )


def load_standards(path: Path | None = None) -> tuple[Standard, ...]:
    """Read the standards of access; the embedded ones without a path.

    Raises
    ------
    BadQueryError
        Naming every fault of the file at once.
    """
    path = path or HERE / "default.yaml"
    try:
        rows = _StandardFile.model_validate(_read(path)).standards
    except ValidationError as error:
        raise _refuse(path, error) from error
    ids = [r.id for r in rows]
    if len(set(ids)) < len(ids):
        raise BadQueryError(
            f"{path.name} 的标准编号重复", f"{path.name} repeats a standard id", param=path.name
        )
    return tuple(Standard(**r.model_dump()) for r in rows)


def load_assumptions(path: Path | None = None) -> Assumptions:
    """Read the assumptions; the embedded ones without a path. Raises BadQueryError."""
    return _load(Assumptions, path or HERE / "assumptions.yaml")


def load_travel_rules(path: Path | None = None) -> TravelRules:
    """Read the travellers; the embedded ones without a path. Raises BadQueryError."""
    return _load(TravelRules, path or HERE / "travellers.yaml")


def _load(model: type[M], path: Path) -> M:
    try:
        return model.model_validate(_read(path))
    except ValidationError as error:
        raise _refuse(path, error) from error
