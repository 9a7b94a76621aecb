"""Objectives of the five-year plan: progress from baseline to target, and whether in time. Pure.

Progress is linear in the value, (now - baseline) / (target - baseline), so it holds for targets
that are reached from above (people per venue) as well. Expected progress is linear in days.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

PERIODS = (
    ("14", "十四五", "14th five-year plan", 2021, 2025),
    ("15", "十五五", "15th five-year plan", 2026, 2030),
)
"""Plan periods: id, names, first and last year."""


@dataclass(frozen=True)
class Progress:
    """How far an objective has come; None where a number is missing.

    Attributes
    ----------
    done : float, optional
        0 at the baseline, 1 at the target; below 0 where things went the wrong way, above 1
        beyond the target.
    expected : float, optional
        The share of the time that has passed, 0..1.
    on_track : bool, optional
        Whether ``done`` is at least ``expected``.
    reached : bool, optional
        Whether the target is reached.
    """

    done: float | None
    expected: float | None
    on_track: bool | None
    reached: bool | None


def progress(
    baseline: float | None,
    target: float,
    now: float | None,
    begins: dt.date | None,
    ends: dt.date,
    today: dt.date,
) -> Progress:
    """Measure an objective's progress.

    Parameters
    ----------
    baseline, target, now : float
        The metric's values, one unit; None unknown.
    begins, ends : date
        Days of the baseline and of the target.
    today : date
        Day of ``now``.

    Returns
    -------
    Progress
        A target that equals its baseline has no way to go and no progress, None.
    """
    passed = None
    if begins is not None and ends > begins:
        passed = min(max((today - begins).days / (ends - begins).days, 0.0), 1.0)
    if baseline is None or now is None or target == baseline:
        return Progress(None, passed, None, None)
    done = (now - baseline) / (target - baseline)
    reached = now >= target if target > baseline else now <= target
    on_track = None if passed is None else done >= passed
    return Progress(done, passed, on_track, reached)


def period_of(day: dt.date) -> tuple[str, str, str] | None:
    """Return the plan period of a day: id, Chinese and English name; None outside all of them."""
    for key, zh, en, first, last in PERIODS:
        if first <= day.year <= last:
            return key, zh, en
    return None
