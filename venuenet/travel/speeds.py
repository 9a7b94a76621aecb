"""The speed table: what streets and junctions cost riders and drivers, and a planner's changes.

``speeds.yaml`` is the embedded table; a file of a planner's own replaces single values of it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from venuenet.errors import Fault, TravelDataError
from venuenet.standards import Value

DriveClass = Literal[
    "motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link", "secondary",
    "secondary_link", "tertiary", "tertiary_link", "unclassified", "residential", "living_street",
    "pedestrian", "service", "track", "road", "ferry",
]  # fmt: skip
CycleClass = Literal[
    "trunk", "trunk_link", "primary", "primary_link", "secondary", "secondary_link", "tertiary",
    "tertiary_link", "unclassified", "residential", "living_street", "pedestrian", "service",
    "track", "road", "cycleway", "path", "footway", "bridleway", "ferry",
]  # fmt: skip
Surface = Literal["unpaved", "cobbled"]
DelayAt = Literal[
    "traffic_signals", "stop", "give_way", "crossing", "mini_roundabout", "level_crossing"
]
HERE = Path(__file__).parent / "speeds.yaml"
MOST_BYTES = 1_000_000


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Speed(Value[float]):
    """A speed with its reason."""

    value: float = Field(ge=1, le=200, allow_inf_nan=False)
    unit: Literal["km/h"]


class Share(Value[float]):
    """A factor that slows down."""

    value: float = Field(gt=0.05, le=1, allow_inf_nan=False)
    unit: Literal["ratio"]


class Delay(Value[float]):
    """Seconds lost on the way."""

    value: float = Field(ge=0, le=600, allow_inf_nan=False)
    unit: Literal["s"]


class DriveSpeeds(_Strict):
    """What drivers make of streets."""

    speed_kmh: dict[DriveClass, Speed]
    surface_share: dict[Surface, Share]
    limit_share: Share
    delay_s: dict[DelayAt, Delay]


class CycleSpeeds(_Strict):
    """What riders make of streets."""

    speed_kmh: dict[CycleClass, Speed]
    surface_share: dict[Surface, Share]
    dismount_kmh: Speed
    delay_s: dict[DelayAt, Delay]


class Speeds(_Strict):
    """The whole table, as ``speeds.yaml`` gives it."""

    version: Literal[1]
    drive: DriveSpeeds
    cycle: CycleSpeeds


# pydantic's kinds of fault, in Chinese; its own words are kept in English.
_ZH = {
    "missing": "缺少该项",
    "extra_forbidden": "没有这一项",
    "literal_error": "不是允许的取值",
    "float_parsing": "不是数字",
    "float_type": "不是数字",
    "finite_number": "不是有限的数",
    "greater_than": "数值过小",
    "greater_than_equal": "数值过小",
    "less_than_equal": "数值过大",
    "string_type": "应为文字",
}


def load_speeds(path: Path | None = None) -> Speeds:
    """Read the speed table.

    Parameters
    ----------
    path : Path, optional
        A YAML file that gives the values that differ from the embedded table, each whole: value,
        unit, source, confidence.

    Raises
    ------
    TravelDataError
        Naming every fault of the file at once.
    """
    if path is None:
        return Speeds.model_validate(_embedded())
    try:
        return Speeds.model_validate(_over(_embedded(), _read(path)))
    except ValidationError as error:
        raise TravelDataError(
            [
                Fault(
                    file=path.name,
                    row=None,
                    column=".".join(str(p) for p in e["loc"] if p != "[key]"),
                    what_zh=_ZH.get(e["type"], "取值有误"),
                    what_en=e["msg"][:1].lower() + e["msg"][1:],
                    mend_zh="对照 docs/roads.md 的速度表改正",
                    mend_en="mend it after the speed table in docs/roads.md",
                )
                for e in error.errors()
            ]
        ) from error


@cache
def _embedded() -> object:
    return yaml.safe_load(HERE.read_text(encoding="utf-8"))


def _read(path: Path) -> dict[object, object]:
    why = "no table of values"
    try:
        with path.open("rb") as file:
            found = yaml.safe_load(file.read(MOST_BYTES))
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        found, why = None, " ".join(str(error).split())
    if isinstance(found, dict):
        return found
    raise TravelDataError(
        [
            Fault(
                file=path.name,
                row=None,
                column=None,
                what_zh=f"不是可读的 UTF-8 YAML 速度表（{why}）",
                what_en=f"is not a readable UTF-8 YAML speed table ({why})",
                mend_zh="见 docs/roads.md 的示例",
                mend_en="see the example in docs/roads.md",
            )
        ]
    )


def _over(table: object, change: object) -> object:
    """Lay a planner's values over the table; a value with its reason is replaced whole."""
    if not isinstance(table, dict) or not isinstance(change, dict) or "value" in table:
        return change
    return {**table, **{k: _over(table.get(k), v) for k, v in change.items()}}
