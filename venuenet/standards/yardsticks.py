"""The yardsticks (对标) as ``yardsticks.yaml`` gives them: metrics, targets, who says so."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from venuenet.model import KINDS, Kind
from venuenet.standards import HERE, Value, _load, _Strict

Basis = Literal["resident", "registered"]
Direction = Literal["at_least", "at_most"]
Standing = Literal["duty", "reference", "draft", "suggested", "own"]
Confidence = Literal["high", "medium", "low"]
BASES: tuple[Basis, ...] = get_args(Basis)
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
STANDING_ZH: dict[Standing, str] = {
    "duty": "应达标准",
    "reference": "参考值",
    "draft": "征求意见稿",
    "suggested": "建议指标",
    "own": "自定指标",
}
"""How a yardstick is called. What is not a duty is never told as one, nor as 考核得分."""


class Share(Value[float]):
    """A share of the target."""

    value: float = Field(ge=0, lt=1, allow_inf_nan=False)


class Observed(_Strict):
    """A published value of a whole area, by the id of its pack."""

    area: str
    value: float
    year: int
    source: str
    confidence: Confidence


class Metric(_Strict):
    """What is measured.

    Attributes
    ----------
    measure : str
        ``per_head``: an amount per ``per`` people; ``heads_per``: people per venue; ``count``:
        venues; ``visits_per_m2``: visits over hall area; ``share``: people covered (the standards
        of access); ``given``: users and surveys say it.
    of : str, optional
        The amount: ``venues`` (each counts one), ``building_m2`` or ``exhibition_m2``.
    kinds, words : tuple of str
        Which venues: of these kinds, and whose Chinese name holds one of these words, if any.
    incomplete : bool
        The venue list is known to lack venues of this class: what it gives is a lower bound.
    flags : tuple of str
        Told with every value computed.
    """

    id: str
    name_zh: str
    name_en: str
    unit: str
    unit_en: str
    measure: Literal["per_head", "heads_per", "count", "visits_per_m2", "share", "given"]
    of: Literal["venues", "building_m2", "exhibition_m2"] | None = None
    per: float = Field(default=1, gt=0)
    kinds: tuple[Kind, ...] = ()
    words: tuple[str, ...] = ()
    incomplete: bool = False
    flags: tuple[str, ...] = ()
    observed: tuple[Observed, ...] = ()
    note_zh: str = ""
    note_en: str = ""

    @field_validator("kinds", mode="before")
    @classmethod
    def _all(cls, kinds: object) -> object:
        return KINDS if kinds == "all" else kinds

    @property
    def per_person(self) -> bool:
        """Whether it depends on whose people are counted: residents or registered."""
        return self.measure in ("per_head", "heads_per")


class Band(_Strict):
    """A target for cities of more than ``above`` people, up to the next band's."""

    above: float = Field(ge=0)
    low: float = Field(gt=0)
    high: float = Field(gt=0)


class Yardstick(_Strict):
    """A target and who set it; without ``value`` and ``bands`` there is none.

    Attributes
    ----------
    value, high : float, optional
        The target in the metric's unit; where it is a band, its lower and upper end.
    bands : tuple of Band
        Targets by size of the city instead, largest first.
    basis : str, optional
        Whose people it is meant for.
    applies_to : str
        ``city``: for a district it is a reference value only.
    area : str, optional
        The pack it was set for; None for any.
    year : int, optional
        The year it is for, or of.
    """

    id: str
    name_zh: str
    name_en: str
    metric: str
    direction: Direction
    value: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    high: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    bands: tuple[Band, ...] = ()
    standing: Standing
    basis: Basis | None = None
    applies_to: Literal["city", "district"]
    area: str | None = None
    year: int | None = None
    source: str
    confidence: Confidence | str
    note_zh: str = ""
    note_en: str = ""

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if self.bands and self.value is not None:
            raise ValueError("give value or bands, not both")
        above = [b.above for b in self.bands]
        if above != sorted(set(above), reverse=True):
            raise ValueError("bands must go from the largest city to the smallest")
        return self

    def target(self, city_people: float | None) -> tuple[float | None, float | None]:
        """Return the target and the upper end of its band for a city of so many people."""
        if not self.bands:
            return self.value, self.high
        for band in self.bands:
            if city_people is not None and city_people > band.above:
                return band.low, band.high
        return None, None

    def standing_for(self, level: str, basis: Basis | None) -> Standing:
        """Return the standing at a level and on a basis: a duty elsewhere is a reference."""
        elsewhere = level == "district" and self.applies_to == "city"
        other = self.basis is not None and basis is not None and basis != self.basis
        return "reference" if self.standing == "duty" and (elsewhere or other) else self.standing


class Yardsticks(_Strict):
    """Everything in ``yardsticks.yaml``."""

    version: float | str
    near_share: Share
    metrics: tuple[Metric, ...] = Field(min_length=1)
    yardsticks: tuple[Yardstick, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _refers(self) -> Self:
        for name, ids in (("metric", self.metrics), ("yardstick", self.yardsticks)):
            said = [one.id for one in ids]
            if len(set(said)) < len(said):
                raise ValueError(f"a {name} id appears twice")
        lost = {y.metric for y in self.yardsticks} - {m.id for m in self.metrics}
        if lost:
            raise ValueError(f"no such metric: {', '.join(sorted(lost))}")
        return self


@cache
def load_yardsticks(path: Path | None = None) -> Yardsticks:
    """Read the yardsticks; the embedded ones without a path.

    Raises
    ------
    BadQueryError
        Naming every fault of the file at once.
    """
    return _load(Yardsticks, path or HERE / "yardsticks.yaml")
