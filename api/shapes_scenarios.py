"""The shapes of scenarios: what is kept, and what it changes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from api.shapes import (
    AccessAnswer,
    Asked,
    CoverageAnswer,
    Envelope,
    GapsAnswer,
    Nearest,
)
from api.shapes_changes import ChangedGap

EXAMPLE = {
    "name_zh": "在延庆开分中心，1 号线加密",
    "edits": [
        {
            "open": {
                "name_zh": "延庆分中心",
                "kind": "center_district",
                "lon": 115.985,
                "lat": 40.465,
            }
        },
        {"headway": {"line": "1号线", "minutes": 3}},
    ],
}
Id = Annotated[str, Field(examples=["0f3c9a7be03d"])]


class Words(BaseModel):
    """One edit in a sentence."""

    zh: str
    en: str


class Kept(BaseModel):
    """A kept scenario."""

    id: Id
    name_zh: str
    name_en: str


class KeptAnswer(Kept):
    """POST /scenarios: 201, or 200 where the same was kept already (see `Location`)."""

    edits: Annotated[int, Field(description="how many")]
    snapshot: Annotated[str, Field(description="of the base")]


class ScenarioItem(Kept):
    """One line of the list."""

    edits: int
    saved: Annotated[str, Field(description="UTC, ISO 8601")]


class ScenariosAnswer(BaseModel):
    """GET /scenarios: the latest first."""

    most: Annotated[int, Field(description="how many may be kept")]
    items: list[ScenarioItem]


class Told(Kept):
    """The scenario behind an answer, its edits in words."""

    edits: list[Words]


class _Assumed(BaseModel):
    base: Annotated[str, Field(description="snapshot the scenario changes; `snapshot` is its own")]
    scenario: Told


class ScenarioAnswer(_Assumed, Envelope):
    """GET /scenarios/{id}."""

    note: str
    edits: Annotated[list[dict[str, Any]], Field(description="as in a scenario file")]
    yaml: Annotated[str, Field(description="the scenario file")]


class DeletedAnswer(BaseModel):
    """DELETE /scenarios/{id}."""

    id: Id


class ScenarioCoverage(_Assumed, CoverageAnswer):
    """GET /scenarios/{id}/coverage."""


class ScenarioAccess(_Assumed, AccessAnswer):
    """GET /scenarios/{id}/coverage with a measure."""


class ScenarioGaps(_Assumed, GapsAnswer):
    """GET /scenarios/{id}/gaps."""


class Change(BaseModel):
    """After less before; null where either is."""

    people: int | None
    covered: int | None
    uncovered: int | None
    share: float | None
    low: float | None
    high: float | None
    mean_minutes: float | None
    median_minutes: float | None
    p90_minutes: float | None
    no_access: int | None


class Figures(Change):
    """The figures of one side, as in GET /coverage; null is no data."""

    nearest: Nearest | None


class DeltaItem(BaseModel):
    """One area before and after; the reasons of null are in `flags`."""

    adcode: Annotated[str | None, Field(examples=["110108"])]
    name_zh: str
    name_en: str
    before: Figures
    after: Figures
    change: Change
    flags: list[str]


class TownshipDelta(DeltaItem):
    """One township before and after."""

    township_code: str


class GroupDelta(DeltaItem):
    """One group before and after."""

    group: str
    group_zh: str
    group_en: str


class GapDelta(BaseModel):
    """Gaps before and after; null where nothing is known of the group."""

    people_before: int | None
    people_after: int | None
    people_change: int | None
    gone: Annotated[list[str] | None, Field(description="ids of gaps that are no more")]
    new: Annotated[list[str] | None, Field(description="ids of gaps that were not")]
    counts: dict[str, int] | None
    items: Annotated[list[ChangedGap], Field(description="gaps that share cells and differ")]


class DeltaAnswer(_Assumed, Asked):
    """GET /scenarios/{id}/delta."""

    level: str
    items: list[TownshipDelta | GroupDelta | DeltaItem]
    gaps: Annotated[GapDelta | None, Field(description="only with gaps=true")]


class OneOf(BaseModel):
    """One scenario's figures in one area."""

    id: Id
    after: Figures
    change: Change
    flags: list[str]


class Beside(BaseModel):
    """One area, before and after each scenario."""

    adcode: str | None
    name_zh: str
    name_en: str
    before: Figures
    scenarios: list[OneOf]


class CompareAnswer(Asked):
    """GET /scenarios/compare: the whole city first; `snapshot` is the base."""

    scenarios: list[Told]
    items: list[Beside]
