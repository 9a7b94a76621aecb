"""The shapes of GET /standards and GET /plan."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from api.shapes import Envelope, StandardItem


class AccessStandard(StandardItem):
    """One standard of access, and whose venues count for it."""

    own_district: Annotated[bool, Field(description="only venues of the own district count")]


class BandShape(BaseModel):
    """A target for cities of more than ``above`` people."""

    above: float
    low: float
    high: float


class YardstickItem(BaseModel):
    """One yardstick: what is measured, the target, and who set it."""

    id: Annotated[str, Field(examples=["hall_101"])]
    name_zh: str
    name_en: str
    metric: str
    metric_name_zh: str
    metric_name_en: str
    metric_note_zh: str
    metric_note_en: str
    unit: str
    unit_en: str
    direction: Annotated[str, Field(description="at_least | at_most")]
    value: Annotated[float | None, Field(description="the target; null where there is none")]
    high: Annotated[float | None, Field(description="upper end of the target's band")]
    bands: list[BandShape]
    standing: Annotated[str, Field(description="duty | reference | draft | suggested | own")]
    standing_zh: str
    suggested: Annotated[bool, Field(description="建议指标")]
    basis: Annotated[str | None, Field(description="resident 常住 | registered 户籍")]
    applies_to: Annotated[str, Field(description="city | district")]
    area: str | None
    year: int | None
    source: str
    confidence: str
    note_zh: str
    note_en: str


class YardstickRow(BaseModel):
    """Where one district, or the city, stands; null is no data, its reason in `flags`."""

    yardstick: str
    adcode: Annotated[str | None, Field(examples=["110108"])]
    name_zh: str
    name_en: str
    metric: str
    value: float | None
    target: float | None
    target_high: float | None
    unit: str
    unit_en: str
    status: Annotated[str, Field(description="met | near | unmet | no_data")]
    status_zh: Annotated[str, Field(description="达标 | 接近 | 未达 | 无数据")]
    standing: str
    standing_zh: str
    distance_people: Annotated[
        int | None, Field(description="people for whom there is nothing at the target's rate")
    ]
    distance_m2: Annotated[float | None, Field(description="m² missing; at most, if `partial`")]
    distance_venues: Annotated[int | None, Field(description="venues missing")]
    implied_m2: Annotated[float | None, Field(description="m² the target means in all")]
    implied_venues: int | None
    rank: Annotated[int | None, Field(description="1 is best; ties share a rank")]
    of: Annotated[int | None, Field(description="districts ranked")]
    zone_zh: str | None
    zone_rank: int | None
    zone_of: int | None
    people: int | None
    basis: Annotated[str, Field(description="resident | registered")]
    known: Annotated[int, Field(description="venues whose figure is known")]
    unknown: int
    value_year: int | None
    value_source: Annotated[str | None, Field(description="null: computed from this snapshot")]
    flags: list[str]


class StandardsAnswer(Envelope):
    """GET /standards."""

    basis: str
    level: str
    near_share: Annotated[float, Field(description="接近: within this share of the target")]
    items: list[AccessStandard]
    yardsticks: list[YardstickItem]
    districts: list[YardstickRow]


class PeriodShape(BaseModel):
    """A plan period."""

    id: str
    zh: str
    en: str
    first: int
    last: int


class ObjectiveItem(BaseModel):
    """One objective of the plan and how far it has come."""

    objective: str
    name_zh: str
    name_en: str | None
    adcode: str | None
    area_zh: str | None
    area_en: str | None
    metric: str
    metric_zh: str | None
    metric_en: str | None
    unit: str | None
    baseline: float | None
    baseline_date: str | None
    baseline_from: Annotated[str | None, Field(description="given | snapshot")]
    target: float
    target_date: str
    period: Annotated[str | None, Field(examples=["15"])]
    period_zh: Annotated[str | None, Field(examples=["十五五"])]
    period_en: str | None
    now: float | None
    now_date: str
    before: float | None
    before_date: str | None
    progress: Annotated[float | None, Field(description="0 at the baseline, 1 at the target")]
    expected: Annotated[float | None, Field(description="share of the time that has passed")]
    on_track: bool | None
    reached: bool | None
    owner: str | None
    source: str
    flags: list[str]


class PlanAnswer(Envelope):
    """GET /plan."""

    periods: list[PeriodShape]
    items: list[ObjectiveItem]
