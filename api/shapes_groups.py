"""The shapes of GET /groups."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from api.shapes import Asked


class GroupRow(BaseModel):
    """One group in one area beside all of its residents; null is no data, why in `flags`."""

    adcode: Annotated[str | None, Field(examples=["110108"], description="null: the whole city")]
    name_zh: str
    name_en: str
    group: Annotated[str, Field(examples=["seniors"])]
    group_zh: str
    group_en: str
    standing: Annotated[str, Field(description="known | estimated | unknown")]
    people: int | None
    group_share: Annotated[float | None, Field(description="of the area's residents, 0..1")]
    covered: int | None
    uncovered: int | None
    share: Annotated[float | None, Field(description="of the group within reach, 0..1")]
    low: float | None
    high: float | None
    mean_minutes: float | None
    residents_share: Annotated[
        float | None,
        Field(description="of all residents within reach, same mode and minutes, everybody's pace"),
    ]
    points: Annotated[
        float | None, Field(description="share minus residents_share, percentage points")
    ]
    ratio: Annotated[float | None, Field(description="share over residents_share")]
    traveller: Annotated[str, Field(description="whose times were used", examples=["senior"])]
    mode: str
    minutes: int
    kinds: list[str]
    flags: list[str]


class GroupsAnswer(Asked):
    """GET /groups."""

    items: list[GroupRow]
    total: list[GroupRow]
