"""The shapes of siting: what is queued, how far it is, what came of it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from api.job_state import Status
from api.shapes import Envelope

EXAMPLE = {
    "goal": "cover_most",
    "count": 5,
    "mode": "transit",
    "minutes": 45,
    "sources": ["townships"],
    "time_limit_s": 60,
}


class Accepted(BaseModel):
    """POST /siting: where to look for the job (also in `Location`)."""

    id: str
    status: Status
    position: Annotated[int | None, Field(description="place in the queue, 1 is next")]


class ProgressShape(BaseModel):
    """How far a job is; null is not known yet."""

    stage_zh: str
    stage_en: str
    objective: float | None
    bound: Annotated[float | None, Field(description="no plan does better than this")]
    gap: Annotated[float | None, Field(description="distance of the two as a share, 0..1")]
    seconds: Annotated[float | None, Field(description="it has run, or ran")]


class JobProblem(BaseModel):
    """Why a job failed or was ended; as in problem+json, without an HTTP status."""

    code: str
    title: str
    title_en: str
    detail: str
    detail_en: str
    param: str | None = None
    allowed: list[str] | None = None


class JobItem(Accepted):
    """One job without its result."""

    goal: str
    submitted: Annotated[str, Field(description="UTC, ISO 8601")]
    started: str | None
    ended: str | None
    limit_s: Annotated[float, Field(description="seconds after which it is ended for certain")]
    progress: ProgressShape
    problem: JobProblem | None


class QueueShape(BaseModel):
    """How much waits, and how much may."""

    waiting: int
    most_waiting: int
    most_kept: int


class JobsAnswer(BaseModel):
    """GET /siting: the latest first; results by their ids."""

    queue: QueueShape
    items: list[JobItem]


class JobAnswer(Envelope, JobItem):
    """GET /siting/{id} and DELETE /siting/{id}."""

    request: Annotated[dict[str, Any], Field(description="as it was sent")]
    result: Annotated[
        dict[str, Any] | None,
        Field(
            description="the plan, or why there is none (status infeasible); its own `status` "
            "is time_limit where the solver stopped before its proof. See docs/siting.md"
        ),
    ]
