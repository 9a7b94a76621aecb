"""Which measure of access is asked for, and how its parameters are understood. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

from venuenet.access.capacity import UNKNOWN_RULES, UnknownRule
from venuenet.access.decay import DECAYS, HALVED, SPREAD_MIN, Decay, DecayName, Step, thirds
from venuenet.errors import BadQueryError
from venuenet.model import MOST_CHOICES, Question

C = TypeVar("C", bound=str)
Measure = Literal[
    "nearest", "cumulative", "cumulative_interval", "gravity",
    "2sfca", "e2sfca", "3sfca", "balanced", "availability",
]  # fmt: skip
Counts = Literal["venues", "capacity"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
COUNTS: tuple[Counts, ...] = get_args(Counts)
COVERED = "covered"

_SMOOTH = ("decay", "decay_at", "decay_spread", "steps", "supply", "unknown_capacity")
PARAMETERS: Mapping[str, tuple[str, ...]] = {
    COVERED: (),
    "nearest": ("k",),
    "cumulative": ("supply", "unknown_capacity"),
    "cumulative_interval": ("interval", "supply", "unknown_capacity"),
    "gravity": _SMOOTH,
    "2sfca": ("supply", "unknown_capacity"),
    "e2sfca": _SMOOTH,
    "3sfca": _SMOOTH,
    "balanced": _SMOOTH,
    "availability": _SMOOTH,
}
"""What each measure can be told, beside the question itself."""

ACCESS = ("measure", "k", "interval", *_SMOOTH)
"""All parameters of this room, as HTTP and the command line name them."""

_SHARED_OUT = ("（按格摊分，只作比较）", ", shared among cells: for comparison only")
_EXPONENTIAL_FIRST = ("gravity", "availability")
CATCHMENTS: tuple[Measure, ...] = ("2sfca", "e2sfca", "3sfca", "balanced", "availability")
"""Measures in which people compete for what they reach."""

PER_PEOPLE = 100_000
"""Venues are told per so many people; capacity per person."""

HALF_WIDTH_MIN = 15
"""The interval measure looks so far below and above the question's minutes by default."""


@dataclass(frozen=True)
class AccessSpec:
    """A measure with everything it needs; the parameters as understood.

    ``k`` is for ``nearest``, ``interval`` (minutes, both ends in) for ``cumulative_interval``,
    ``decay`` for those that weigh by nearness, ``unknown`` for ``counts == "capacity"``.
    """

    measure: Measure
    counts: Counts = "venues"
    unknown: UnknownRule = "leave_out"
    decay: Decay | None = None
    k: int = 1
    interval: tuple[int, int] | None = None


def parse_access(question: Question, given: Mapping[str, str | None]) -> AccessSpec | None:
    """Understand the parameters of a measure; None for plain coverage.

    Parameters
    ----------
    question : Question
        Its minutes bound every catchment, and the ``k`` of its standard is the default.
    given : mapping of str to str or None
        Values by the names of ``ACCESS``; None where nothing was said.

    Raises
    ------
    BadQueryError
        A value cannot be understood, or the measure has no use for a parameter.
    """
    told = {name: given.get(name) for name in ACCESS}
    measure = _choice("measure", told.pop("measure"), (COVERED, *MEASURES), COVERED)
    for name, value in told.items():
        if value is not None and name not in PARAMETERS[measure]:
            useful = PARAMETERS[measure]
            raise BadQueryError(
                f"{name} 不适用于 measure={measure}；该指标可用：{'、'.join(useful) or '（无）'}",
                f"{name} does not apply to measure={measure}; it takes: "
                f"{', '.join(useful) or 'none'}",
                param=name,
                allowed=list(useful),
            )
    for known in MEASURES:
        if known == measure:
            return _spec(known, question, told)
    return None


def _spec(measure: Measure, question: Question, told: Mapping[str, str | None]) -> AccessSpec:
    counts = _choice("supply", told["supply"], COUNTS, "venues")
    if told["unknown_capacity"] is not None and counts != "capacity":
        raise BadQueryError(
            "unknown_capacity 只适用于 supply=capacity，请去掉该参数或改用 supply=capacity",
            "unknown_capacity applies to supply=capacity only; leave it out or ask for capacity",
            param="unknown_capacity",
            allowed=[],
        )
    return AccessSpec(
        measure,
        counts,
        _choice("unknown_capacity", told["unknown_capacity"], UNKNOWN_RULES, "leave_out"),
        _decay(measure, question.minutes, told) if "decay" in PARAMETERS[measure] else None,
        _k(question, told["k"]) if measure == "nearest" else 1,
        _interval(question, told["interval"]) if measure == "cumulative_interval" else None,
    )


def _choice(param: str, value: str | None, allowed: Sequence[C], default: C) -> C:
    if value is None:
        return default
    for choice in allowed:
        if choice == value:
            return choice
    raise _bad(param, value, allowed)


def _bad(param: str, value: str, allowed: Sequence[str]) -> BadQueryError:
    return BadQueryError(
        f"{param} 的值“{value[:60]}”无效，可用：{'、'.join(allowed)}",
        f"{param} cannot be “{value[:60]}”; allowed: {', '.join(allowed)}",
        param=param,
        allowed=allowed,
    )


def _k(question: Question, value: str | None) -> int:
    most = 1 if question.own_district else MOST_CHOICES
    allowed = [str(k) for k in range(1, most + 1)]
    if value is None:
        return question.k
    return int(_choice("k", value, allowed, "1"))


def _interval(question: Question, value: str | None) -> tuple[int, int]:
    """Understand ``30-60``; by default a quarter of an hour on either side of the minutes."""
    if value is None:
        low = max(1, question.minutes - HALF_WIDTH_MIN)
        return low, question.minutes + HALF_WIDTH_MIN
    found = re.fullmatch(r"([0-9]{1,3})-([0-9]{1,3})", value)
    low, high = (int(part) for part in found.groups()) if found else (0, 0)
    if not 1 <= low < high:
        raise _bad("interval", value, ["30-60"])
    return low, high


def _decay(measure: Measure, minutes: int, told: Mapping[str, str | None]) -> Decay:
    """Understand the decay; half the weight at half the minutes by default."""
    usual: DecayName = "exponential" if measure in _EXPONENTIAL_FIRST else "stepped"
    name = _choice("decay", told["decay"], DECAYS, usual)
    takes = {"decay_at": name in HALVED, "decay_spread": name == "logistic"}
    takes["steps"] = name == "stepped"
    for param, wanted in takes.items():
        if told[param] is not None and not wanted:
            raise BadQueryError(
                f"{param} 不适用于 decay={name}，请去掉该参数",
                f"{param} does not apply to decay={name}; leave it out",
                param=param,
                allowed=[p for p, w in takes.items() if w],
            )
    if name == "stepped":
        steps = told["steps"]
        return thirds(minutes) if steps is None else _steps(steps, minutes)
    at = _number("decay_at", told["decay_at"], minutes / 2) if name in HALVED else None
    spread = None
    if name == "logistic":
        spread = _number("decay_spread", told["decay_spread"], SPREAD_MIN)
    if name == "power" and at is not None and told["decay_at"] is None:
        at = max(at, 2.0)
    return Decay(name, at, spread)


def _number(param: str, value: str | None, default: float) -> float:
    """Understand minutes with at most two decimals, above 0 and up to 240."""
    if value is None:
        return default
    if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,2})?", value) and 0 < float(value) <= 240:
        return float(value)
    raise _bad(param, value, ["0.01..240"])


def _steps(text: str, minutes: int) -> Decay:
    """Understand ``10:1,30:0.68,60:0.22``: minutes and weights."""
    steps: list[Step] = []
    for part in text.split(",")[:100]:
        found = re.fullmatch(r"\s*([0-9]{1,3})\s*:\s*([0-9]{1,2}(?:\.[0-9]{1,6})?)\s*", part)
        if not found:
            raise _bad("steps", text, ["10:1,30:0.68,60:0.22"])
        steps.append((float(found[1]), float(found[2])))
    decay = Decay("stepped", steps=tuple(steps))
    if steps[-1][0] > minutes:
        raise BadQueryError(
            f"steps 到 {steps[-1][0]:.0f} 分钟，超过了 minutes={minutes}；请把 minutes 调大",
            f"steps go to {steps[-1][0]:.0f} minutes, beyond minutes={minutes}; raise minutes",
            param="steps",
            allowed=[f"..{minutes}"],
        )
    return decay


def scale_of(spec: AccessSpec) -> int:
    """Tell by what a value per person is multiplied."""
    return PER_PEOPLE if spec.counts == "venues" and spec.measure in CATCHMENTS else 1


def unit_of(spec: AccessSpec) -> str:
    """Name the unit of a measure's values, zh and en."""
    venues = spec.counts == "venues"
    if spec.measure == "nearest":
        return "分钟 · minutes"
    if spec.measure == "availability":
        if venues:
            return "居民分得的场馆数（合计） · venues that fall to the residents, in all"
        return "居民分得的年接待人次（合计） · visits a year that fall to the residents, in all"
    if spec.measure in CATCHMENTS:
        zh, en = (
            ("每10万人场馆数", "venues per 100,000 people")
            if venues
            else ("每人每年可接待人次", "visits per person per year")
        )
        more = _SHARED_OUT if spec.measure == "balanced" else ("", "")
        return f"{zh}{more[0]} · {en}{more[1]}"
    zh, en = ("可达场馆数", "venues") if venues else ("可达年接待人次", "visits a year")
    near = ("（按远近折算）", ", weighted by nearness") if spec.measure == "gravity" else ("", "")
    return f"{zh}{near[0]} · {en} in reach{near[1]}"
