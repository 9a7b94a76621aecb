"""One job of the queue as it stands, and what is said when it went wrong."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from venuenet.errors import UnknownNameError, VenuenetError

Status = Literal["queued", "running", "done", "infeasible", "cancelled", "timed_out", "failed"]
STATUSES: tuple[Status, ...] = get_args(Status)


class QueueFullError(VenuenetError):
    """As many jobs wait as may; ``retry_after_s`` is when a place is free at the latest."""

    code = "queue-full"
    title = "排队已满"
    title_en = "The queue is full"

    def __init__(self, waiting: int, retry_after_s: int) -> None:
        super().__init__(
            f"已有 {waiting} 个选址任务在排队，请稍后再试（最迟 {retry_after_s} 秒后有空位），"
            "或用 DELETE /siting/{id} 取消不再需要的任务",
            f"{waiting} siting jobs are waiting already; try again later (a place is free within "
            f"{retry_after_s} s) or cancel one with DELETE /siting/{{id}}",
        )
        self.retry_after_s = retry_after_s


class UnknownJobError(UnknownNameError):
    """No job of this id, or one let go of since."""


@dataclass(frozen=True)
class Progress:
    """How far a job has come.

    Attributes
    ----------
    stage_zh, stage_en : str
    objective, bound : float, optional
        Of the best plan so far, and what no plan does better than; None while unknown.
    """

    stage_zh: str = ""
    stage_en: str = ""
    objective: float | None = None
    bound: float | None = None

    @property
    def gap(self) -> float | None:
        """Distance between the two as a share of the objective; None while unknown."""
        if self.objective is None or self.bound is None:
            return None
        return abs(self.objective - self.bound) / max(abs(self.objective), 1e-9)


@dataclass(frozen=True)
class Job:
    """One job as it stands; each change makes another.

    Attributes
    ----------
    id : str
    task : mapping
        What the worker is given, plain values.
    limit_s : float
        Seconds of the wall clock after which it is ended.
    status : Status
    position : int, optional
        Place in the queue, 1 is next; None when it does not wait.
    submitted, started, ended : datetime, optional
        UTC.
    seconds : float, optional
        It has run, or ran; None before.
    progress : Progress
    result : bytes, optional
        JSON as the worker wrote it.
    problem : mapping, optional
        Why it failed or was ended: ``code, title, title_en, detail, detail_en`` and, where a
        value was refused, ``param`` and ``allowed``.
    """

    id: str
    task: Mapping[str, Any]
    limit_s: float
    status: Status = "queued"
    position: int | None = None
    submitted: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    started: dt.datetime | None = None
    ended: dt.datetime | None = None
    seconds: float | None = None
    progress: Progress = Progress()
    result: bytes | None = None
    problem: Mapping[str, Any] | None = None

    def answer(self) -> Any:  # noqa: ANN401  whatever the worker answered
        """Return the result as plain values; None where there is none."""
        return None if self.result is None else json.loads(self.result)


def _problem(code: str, title: str, title_en: str, zh: str, en: str) -> dict[str, Any]:
    return {"code": code, "title": title, "title_en": title_en, "detail": zh, "detail_en": en}


def died(how: str) -> dict[str, Any]:
    """Say that the worker ended without an answer, and how."""
    return _problem(
        "worker-died", "计算进程中断", "The worker died",
        f"计算进程意外中断（{how}），多因内存不足；可减少候选点后重试",
        f"the process that worked on it died ({how}), most often for want of memory; "
        "try again with fewer candidates",
    )  # fmt: skip


def too_slow(limit_s: float) -> dict[str, Any]:
    """Say that the job was ended at its limit."""
    return _problem(
        "timed-out", "超过时限", "Out of time",
        f"任务超过 {limit_s:g} 秒的时限，已终止；可减少候选点或放宽 gap",
        f"the job was ended at its limit of {limit_s:g} s; try fewer candidates or a wider gap",
    )  # fmt: skip


def too_long(limit: int) -> dict[str, Any]:
    """Say that the result was too long to keep."""
    return _problem(
        "result-size", "结果过大", "Result too large",
        f"结果超过 {limit} 字节，未保留；请缩小问题",
        f"the result is longer than {limit} bytes and was not kept; ask for less",
    )  # fmt: skip
