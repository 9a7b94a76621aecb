"""What venues can take, as ``capacity.yaml`` tells it: each value with source and confidence."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from venuenet.model import KINDS, Kind
from venuenet.standards import HERE, Value, _load


class Above(Value[float]):
    """A finite number above 0."""

    value: float = Field(gt=0, le=1e9, allow_inf_nan=False)


class CapacityRules(BaseModel):
    """Everything in ``capacity.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    visits_per_m2: Above
    visits_per_person: Above
    least_visits: dict[Kind, Above]

    @model_validator(mode="after")
    def _whole(self) -> CapacityRules:
        if missing := [k for k in KINDS if k not in self.least_visits]:
            raise ValueError(f"least_visits lacks {', '.join(missing)}")
        return self


def load_capacity_rules(path: Path | None = None) -> CapacityRules:
    """Read the rules of capacity; the embedded ones without a path. Raises BadQueryError."""
    return _load(CapacityRules, path or HERE / "capacity.yaml")
