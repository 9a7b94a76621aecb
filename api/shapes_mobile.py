"""The shapes of the mobile hall's answer, for /openapi.json and to keep the code to them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from api.shapes import Asked


class MobileAsked(BaseModel):
    """The parameters as understood; `from` as it was given."""

    district: list[str]
    days: int
    hours: float
    stop_minutes: int
    set_up_minutes: int
    reach_km: float
    start: Annotated[str, Field(examples=["08:00"])]
    depot: Annotated[str | None, Field(alias="from")]
    stops: list[str]
    time_limit_s: float


class DepotShape(BaseModel):
    """Where every day starts and ends; `default` when nobody named it."""

    venue_id: str | None
    name_zh: str
    name_en: str
    lon: float
    lat: float
    default: bool


class MobileAssumption(BaseModel):
    """What nobody measured, and what it means."""

    name: str
    value: float | str
    unit: str
    zh: str
    en: str
    confidence: str


class Drive(BaseModel):
    """How the drives between stops were found."""

    engine: str
    estimated: bool
    zh: str
    en: str


class StopShape(BaseModel):
    """A place the hall may stop at: a township's seat, or the fullest cell of a gap."""

    stop_id: str
    source: Annotated[str, Field(description="townships | gaps")]
    name_zh: str
    name_en: str
    adcode: str
    township_code: str
    lon: float
    lat: float


class Visit(StopShape):
    """A stop of the plan."""

    day: int
    order: int
    arrive: Annotated[str, Field(examples=["08:25"])]
    leave: Annotated[str, Field(description="set-up, visiting and packing done")]
    drive_minutes: Annotated[float, Field(description="from the stop before, or the depot")]
    people: Annotated[int, Field(description="uncovered, nearest to this stop of the plan")]
    people_in_reach: Annotated[int, Field(description="uncovered; other stops may share them")]
    flags: list[str]


class DayTotal(BaseModel):
    """One day out."""

    day: int
    stops: int
    people: int
    drive_minutes: float
    hours: float
    start: str
    back: str


class LeftOut(StopShape):
    """A stop the plan does without."""

    people_in_reach: int
    people_unserved: Annotated[int, Field(description="in reach of no stop of the plan")]
    reason: Annotated[str, Field(description="nobody | too_far | served | season | fewest")]
    reason_zh: str
    reason_en: str


class MobileAnswer(Asked):
    """GET /mobile; people are null with a reason in `flags` where coverage is not known."""

    request: MobileAsked
    depot: DepotShape
    assumptions: list[MobileAssumption]
    uncovered: int | None
    in_reach_of_stops: int | None
    people: int | None
    bound: Annotated[int | None, Field(description="no plan under these assumptions reaches more")]
    gap: Annotated[float | None, Field(description="(bound - people) / people; 0 is proven best")]
    status: Annotated[str, Field(description="optimal | time_limit | no_data")]
    method: Annotated[str | None, Field(description="exact | heuristic")]
    cut_short: Annotated[bool, Field(description="the clock ended the search")]
    candidates: dict[str, int]
    drive: Drive | None
    day_totals: list[DayTotal]
    items: list[Visit]
    left_out: list[LeftOut]
    flags: list[str]
