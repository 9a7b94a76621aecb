"""The shapes of GET /changes, for /openapi.json and to keep the code to them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from api.shapes import Asked


class Since(BaseModel):
    """The earlier snapshot."""

    snapshot: Annotated[str, Field(examples=["295c999e2036184d"])]
    as_of: Annotated[str, Field(examples=["2026-04-01"])]
    version: str


class Part(BaseModel):
    """One cause's part of a difference; the parts of an item sum to it."""

    cause: Annotated[str, Field(description="rule | people | travel | venues | unexplained")]
    cause_zh: str
    cause_en: str
    people: Annotated[int, Field(description="sum exactly to covered_change")]
    points: Annotated[float | None, Field(description="percentage points; sum to points")]


class VenuePart(BaseModel):
    """People one venue covers first, or no longer does, in one district."""

    venue_id: Annotated[str | None, Field(description="null where it cannot be told")]
    step: Annotated[str, Field(description="gained | lost")]
    people: Annotated[int, Field(description="whose nearest it is of the venues of this step")]
    shared: Annotated[int, Field(description="of them, with another venue of this step in reach")]


class ChangeItem(BaseModel):
    """One district before and after; null is no data, its reason in `flags`."""

    adcode: Annotated[str | None, Field(examples=["110108"])]
    name_zh: str
    name_en: str
    people_before: int | None
    people_after: int | None
    people_change: int | None
    covered_before: int | None
    covered_after: int | None
    covered_change: int | None
    share_before: float | None
    share_after: float | None
    points: Annotated[float | None, Field(description="percentage points")]
    low_before: float | None
    low_after: float | None
    high_before: float | None
    high_after: float | None
    why: list[Part]
    venues: list[VenuePart]
    text_zh: str
    text_en: str
    flags: list[str]


class VenueChange(BaseModel):
    """One way in which a venue differs."""

    change: Annotated[str, Field(examples=["added"])]
    change_zh: str
    change_en: str
    field: str | None
    before: Any
    after: Any
    metres: Annotated[float | None, Field(description="how far it moved, on the ellipsoid")]


class ChangedVenue(BaseModel):
    """One venue that differs."""

    venue_id: str
    name_zh: str
    name_en: str
    kind: str
    adcode: str | None
    adcode_before: str | None
    changes: list[VenueChange]
    gained_people: int | None
    gained_shared: int | None
    lost_people: int | None
    lost_shared: int | None


class ChangedGap(BaseModel):
    """Gaps of the two snapshots that share cells."""

    change: Annotated[str, Field(description="new | closed | grown | shrunk | same")]
    change_zh: str
    change_en: str
    adcode: str
    township_code: str
    gap_ids_before: list[str]
    gap_ids: list[str]
    people_before: int
    people_after: int
    cause_before: str | None
    cause_after: str | None
    cause_changed: bool
    flags: list[str]


class ChangedGaps(BaseModel):
    """Gaps that differ; `counts` tells of all, null where nothing is known of the group."""

    counts: dict[str, int] | None
    items: list[ChangedGap]


class ChangedInput(BaseModel):
    """One input of the builds; `-` where a snapshot does not have it."""

    input: Annotated[str, Field(examples=["assumptions.walk.speed_kmh.value"])]
    before: Any
    after: Any


class ChangedInputs(BaseModel):
    """Inputs that differ: all counted, the first hundred told."""

    count: int
    items: list[ChangedInput]


class ChangesAnswer(Asked):
    """GET /changes."""

    since: Since | None
    items: list[ChangeItem]
    total: ChangeItem | None
    venues: list[ChangedVenue]
    gaps: ChangedGaps
    inputs: ChangedInputs
    flags: list[str]
