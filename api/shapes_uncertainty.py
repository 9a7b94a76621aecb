"""The shapes of the answers about uncertainty, for /openapi.json and to keep the code to them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from api.shapes import Asked


class Ends(BaseModel):
    """Worst and best case, shares of people."""

    low: float
    high: float


class BySource(BaseModel):
    """The interval if one source alone were not known for sure; they do not add up."""

    demand: Annotated[Ends | None, Field(description="where people live within known totals")]
    position_travel: Annotated[
        Ends | None,
        Field(description="where venues lie and, with timetables, which departure; kept together"),
    ]
    opening: Annotated[Ends | None, Field(description="venues of unknown opening closed")]


class UncertaintyNumbers(BaseModel):
    """How far a share of people covered may be off; null is no data, its reason in `flags`."""

    people: int | None
    covered: int | None
    share: float | None
    low: Annotated[float | None, Field(description="worst case of everything at once")]
    high: Annotated[float | None, Field(description="best case of everything at once")]
    p5: Annotated[float | None, Field(description="5 % of draws lie below")]
    p50: float | None
    p95: Annotated[float | None, Field(description="5 % of draws lie above")]
    mean: Annotated[float | None, Field(description="of the draws")]
    by_source: BySource
    main_source: Annotated[
        str | None, Field(description="the widest of `by_source`: what to confirm first")
    ]
    flags: list[str]


class UncertaintyItem(UncertaintyNumbers):
    """One district; adcode is null for the total."""

    adcode: Annotated[str | None, Field(examples=["110108"])]
    name_zh: str
    name_en: str


class AssumedValue(BaseModel):
    """A value nobody measured, and why it is what it is."""

    value: float
    unit: str
    source: str
    confidence: str


class UncertaintyAnswer(Asked):
    """GET /uncertainty."""

    draws: Annotated[int, Field(examples=[200])]
    seed: Annotated[int, Field(examples=[1])]
    assumed: dict[str, AssumedValue]
    items: list[UncertaintyItem]
    total: UncertaintyItem
