"""The shapes of the answers about equity, for /openapi.json and to keep the code to them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from api.shapes import Asked


class EquityNumbers(BaseModel):
    """How evenly some people share access; null is no data, its reason in `flags`."""

    people: int | None
    left_out: Annotated[
        int | None, Field(description="of them without a value: counted apart, in no number here")
    ]
    mean: Annotated[float | None, Field(description="people-weighted, in `unit`")]
    gini: Annotated[float | None, Field(description="0 equal, towards 1 unequal")]
    palma: Annotated[
        float | None, Field(description="top tenth's over bottom 40 %'s; 0.25 is equality")
    ]
    theil: Annotated[float | None, Field(description="Theil T, 0 equal")]
    fgt0: Annotated[float | None, Field(description="share of people on the poor side of `line`")]
    fgt1: Annotated[float | None, Field(description="mean gap to `line`, in lines")]
    fgt2: Annotated[float | None, Field(description="mean squared gap to `line`")]
    concentration: Annotated[
        float | None,
        Field(
            description="-1..1 by `rank_by`; above 0: more of it where the group's share is high"
        ),
    ]
    flags: list[str]


class EquityItem(EquityNumbers):
    """One district, group, or town and country."""

    part: Annotated[str, Field(examples=["110108"])]
    adcode: str | None
    group: str | None
    name_zh: str
    name_en: str


class EquityTotal(EquityNumbers):
    """All people asked about."""

    lorenz: Annotated[
        list[list[float]] | None,
        Field(description="[share of people, share of the value], 21 points"),
    ]
    theil_between: Annotated[float | None, Field(description="between districts, or town/country")]
    theil_within: float | None


class EquityAnswer(Asked):
    """GET /equity."""

    measure: Annotated[str, Field(examples=["nearest"])]
    unit: Annotated[str, Field(examples=["分钟 · minutes"])]
    cost: Annotated[bool, Field(description="less is better, and poor is above `line`")]
    nearest_k: int | None
    interval: list[int] | None
    decay: dict[str, Any] | None
    supply: dict[str, Any] | None
    by: Annotated[str, Field(description="district | group | urban_rural")]
    line: float | None
    rank_by: str | None
    items: list[EquityItem]
    total: EquityTotal
