"""Values as JSON and a command line give them: understood, or refused by name. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

from venuenet.errors import BadQueryError

C = TypeVar("C", bound=str)
MOST_NAMED, MOST_TEXT = 1_000, 20
"""Names of a list, and characters of a text."""


def refuse(param: str, zh: str, en: str, allowed: Iterable[str] | None = None) -> NoReturn:
    """Raise BadQueryError."""
    raise BadQueryError(zh, en, param=param, allowed=None if allowed is None else list(allowed))


def shown(value: object) -> str:
    """Give the start of a value, fit to be repeated."""
    return " ".join(str(value)[:60].split())


def one_of(param: str, value: object, allowed: Sequence[C]) -> C:
    """Understand one of some words."""
    for choice in allowed:
        if choice == value:
            return choice
    told = shown(value)
    refuse(
        param,
        f"{param} 的值“{told}”无效，可用：{'、'.join(allowed)}",
        f"{param} cannot be “{told}”; allowed: {', '.join(allowed)}",
        allowed,
    )


def name_list(param: str, value: object) -> tuple[str, ...]:
    """Understand a list of names, or one string of them; each once, in the order given."""
    if isinstance(value, str):
        value = value.replace("，", ",").replace("、", ",").split(",")
    if not isinstance(value, list | tuple) or not all(isinstance(n, str) for n in value):
        refuse(param, f"{param} 应为名称的列表", f"{param} must be a list of names")
    names = tuple(dict.fromkeys(n.strip() for n in value if n.strip()))
    if len(names) > MOST_NAMED:
        refuse(
            param,
            f"{param} 最多 {MOST_NAMED:,} 个，收到 {len(names):,}",
            f"{param} takes at most {MOST_NAMED:,} names, got {len(names):,}",
        )
    return names


def several_of(param: str, value: object, allowed: Sequence[C]) -> tuple[C, ...]:
    """Understand some of some words; each once."""
    return tuple(one_of(param, name, allowed) for name in name_list(param, value))


def object_of(param: str, value: object) -> Mapping[str, Any]:
    """Understand an object of name: value."""
    if isinstance(value, Mapping) and all(isinstance(k, str) for k in value) and len(value) < 1000:
        return value
    refuse(param, f"{param} 应为“名称: 数值”的对象", f"{param} must be an object of name: number")


def text_of(param: str, value: object) -> str | None:
    """Understand a short text, or None."""
    if value is None:
        return None
    if isinstance(value, str) and 0 < len(value.strip()) <= MOST_TEXT:
        return value.strip()
    refuse(
        param,
        f"{param} 应为 1 到 {MOST_TEXT} 个字",
        f"{param} must have 1 to {MOST_TEXT} characters",
    )


def number_of(param: str, value: object, low: float, high: float) -> float:
    """Understand a finite number between two others."""
    try:
        number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not low <= number <= high:
        _out_of_range(param, value, low, high)
    return number


def whole_of(param: str, value: object, low: int, high: int) -> int:
    """Understand a whole number between two others."""
    number = number_of(param, value, low, high)
    if number != int(number):
        _out_of_range(param, value, low, high, zh="整数", en="a whole number")
    return int(number)


def _out_of_range(
    param: str, value: object, low: float, high: float, zh: str = "数", en: str = "a number"
) -> NoReturn:
    span, told = f"{low:g}..{high:g}", shown(value)
    refuse(
        param,
        f"{param} 应为 {span} 的{zh}，收到“{told}”",
        f"{param} must be {en} in {span}, got “{told}”",
        [span],
    )


def maybe_whole(given: Mapping[str, Any], param: str, low: int, high: int) -> int | None:
    """Understand a whole number where one is given."""
    return whole_of(param, given[param], low, high) if param in given else None


def maybe_number(given: Mapping[str, Any], param: str, low: float, high: float) -> float | None:
    """Understand a number where one is given."""
    return number_of(param, given[param], low, high) if param in given else None
