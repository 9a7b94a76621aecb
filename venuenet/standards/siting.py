"""What may be built or improved, as ``siting.yaml`` tells it: costs, effects and their sources."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from venuenet.model import Kind, Status, Tier
from venuenet.standards import HERE, Factor, Value, _load, _Strict
from venuenet.standards.capacity import Above

Origin = Literal["townships", "stations", "cells", "file"]


class Cost(Value[float]):
    """Relative units, or money where a user says so; not negative."""

    value: float = Field(ge=0, le=1e9, allow_inf_nan=False)


class NewSite(_Strict):
    """A kind of new site: what it counts as, where it fits, what it costs and takes.

    ``hosts``: sorts of building of a user's list that can take it in; any where there is none.
    """

    name_zh: str
    name_en: str
    kind: Kind
    tier: Tier
    level: str
    at: tuple[Origin, ...]
    hosts: tuple[str, ...] = ()
    permanent: bool = True
    cost: Cost
    visits: Above


class Improvement(_Strict):
    """A change of an existing venue: whom it fits, what it changes and costs."""

    name_zh: str
    name_en: str
    from_status: tuple[Status, ...] = ()
    from_kinds: tuple[Kind, ...] = ()
    to_kind: Kind | None = None
    to_tier: Tier | None = None
    visits_factor: Factor | None = None
    cost: Cost

    @model_validator(mode="after")
    def _does_one_thing(self) -> Improvement:
        does = [bool(self.from_status), self.to_kind is not None, self.visits_factor is not None]
        if sum(does) != 1:
            raise ValueError("an upgrade reopens, changes the kind, or makes room: one of them")
        return self


class SitingRules(_Strict):
    """Everything in ``siting.yaml``."""

    version: float | str
    new: dict[str, NewSite] = Field(min_length=1)
    upgrades: dict[str, Improvement]


@lru_cache(maxsize=4)
def load_siting_rules(path: Path | None = None) -> SitingRules:
    """Read the kinds of site and upgrade; the embedded ones without a path. BadQueryError."""
    return _load(SitingRules, path or HERE / "siting.yaml")
