"""What may be asked, and how it is understood: the one parser for HTTP, CLI and reports. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from venuenet.errors import BadQueryError
from venuenet.model import (
    KINDS,
    LONGEST_OWN_MIN,
    MODES,
    SCIENCE_KINDS,
    Kind,
    Mode,
    Question,
    Standard,
)

C = TypeVar("C", bound=str)
MIN_MINUTES, MAX_MINUTES = 1, 120


@dataclass(frozen=True)
class Habit:
    """What a group's question is answered for unless it says otherwise: how, and to what."""

    mode: Mode
    kinds: tuple[Kind, ...]


def parse_question(
    standards: Sequence[Standard],
    groups: Sequence[str],
    *,
    mode: str | None = None,
    minutes: str | int | None = None,
    standard: str | None = None,
    group: str | None = None,
    kinds: str | None = None,
    surface_transit: str | bool | None = None,
    own_district: str | bool | None = None,
    capacitated: str | bool | None = None,
    habits: Mapping[str, Habit] | None = None,
) -> Question:
    """Understand the parameters of a coverage question.

    Parameters
    ----------
    standards, groups : sequences
        What this snapshot can be asked for.
    mode : str, optional
        ``walk``, ``transit`` (default) or ``drive``; with a group, the group's own by default.
    minutes : str or int, optional
        Whole minutes 1..120, default 45.
    standard : str, optional
        Id of a standard; excludes ``mode`` and ``minutes``.
    group : str, optional
        ``all`` (default) or a group's id.
    kinds : str, optional
        ``science`` (default), ``all``, or kinds joined by commas; with a group, those that
        serve it by default. A standard brings its own.
    surface_transit : str or bool, optional
        Whether assumed buses may be used; transit only.
    own_district : str or bool, optional
        Whether only venues of the residents' own district count; up to 60 minutes, k = 1.
    capacitated : str or bool, optional
        Whether venues whose capacity is known serve no more people than they have room for.
    habits : mapping of group to Habit, optional
        How groups travel and what serves them unless the question says so itself.

    Raises
    ------
    BadQueryError
        Naming the parameter and the values that are allowed.
    """
    question = Question(group=_choice("group", group, ("all", *groups), "all"))
    habit = (habits or {}).get(question.group)
    surface = _flag("surface_transit", surface_transit)
    if standard is not None:
        given = [n for n, v in (("mode", mode), ("minutes", minutes)) if v is not None]
        if given:
            raise BadQueryError(
                f"standard 已包含出行方式和时间，不能与 {'、'.join(given)} 同时给出，请去掉其一",
                f"standard already sets mode and minutes; leave out {' and '.join(given)}",
                param="standard",
            )
        question = replace(_from_standard(standards, standard), group=question.group)
    else:
        # Assumed buses are asked for by name: they are transit, whatever the group goes by.
        own: Mode = habit.mode if habit and not surface else "transit"
        question = replace(
            question,
            mode=_choice("mode", mode, MODES, own),
            minutes=_minutes(minutes),
            kinds=habit.kinds if habit else question.kinds,
        )
    if kinds is not None:
        question = replace(question, kinds=parse_kinds(kinds))
    question = replace(question, own_district=_own(question, own_district))
    question = replace(question, capacitated=_capacitated(question, capacitated))
    if surface and question.mode != "transit":
        raise BadQueryError(
            "surface_transit 只适用于公共交通（mode=transit），请去掉该参数或改用 transit",
            "surface_transit applies to mode=transit only; leave it out or ask for transit",
            param="surface_transit",
            allowed=["false"],
        )
    return replace(question, surface_transit=surface)


def _from_standard(standards: Sequence[Standard], wanted: str) -> Question:
    for s in standards:
        if s.id == wanted:
            return Question(
                mode=s.mode,
                minutes=s.minutes,
                kinds=s.kinds,
                k=s.k,
                standard=s.id,
                own_district=s.own_district,
            )
    raise _not_allowed("standard", wanted, [s.id for s in standards])


def _not_allowed(param: str, value: object, allowed: Sequence[str]) -> BadQueryError:
    shown = str(value)[:60]
    return BadQueryError(
        f"{param} 的值“{shown}”无效，可用：{'、'.join(allowed)}",
        f"{param} cannot be “{shown}”; allowed: {', '.join(allowed)}",
        param=param,
        allowed=allowed,
    )


def _choice(param: str, value: str | None, allowed: Sequence[C], default: C) -> C:
    if value is None:
        return default
    for choice in allowed:
        if choice == value:
            return choice
    raise _not_allowed(param, value, allowed)


def _minutes(value: str | int | None) -> int:
    if value is None:
        return 45
    text = str(value)
    if text.isascii() and text.isdigit() and len(text) <= 3:
        number = int(text)
        if MIN_MINUTES <= number <= MAX_MINUTES:
            return number
    raise BadQueryError(
        f"minutes 应为 {MIN_MINUTES} 到 {MAX_MINUTES} 的整数（分钟），收到“{text[:60]}”",
        f"minutes must be a whole number from {MIN_MINUTES} to {MAX_MINUTES}, got “{text[:60]}”",
        param="minutes",
        allowed=[f"{MIN_MINUTES}..{MAX_MINUTES}"],
    )


def parse_kinds(value: str) -> tuple[Kind, ...]:
    """Understand ``science``, ``all`` or kinds joined by commas. Raises BadQueryError."""
    if value == "science":
        return SCIENCE_KINDS
    if value == "all":
        return KINDS
    names = [n.strip() for n in value.split(",") if n.strip()]
    unknown = [n for n in names if n not in KINDS]
    if unknown or not names:
        raise _not_allowed("kinds", ",".join(unknown) or value, ["science", "all", *KINDS])
    return tuple(k for k in KINDS if k in names)


def _flag(name: str, value: str | bool | None) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    return _choice(name, value, ("true", "false"), "false") == "true"


def _capacitated(question: Question, value: str | bool | None) -> bool:
    wanted = _flag("capacitated", value)
    given = [n for n, v in (("k", question.k > 1), ("own_district", question.own_district)) if v]
    if wanted and given:
        raise BadQueryError(
            f"capacitated 不能与 {'、'.join(given)} 同时使用，请去掉其一",
            f"capacitated cannot be asked together with {' and '.join(given)}; leave one out",
            param="capacitated",
            allowed=["false"],
        )
    return wanted


def _own(question: Question, value: str | bool | None) -> bool:
    wanted = question.own_district if value is None else _flag("own_district", value)
    if wanted and question.k > 1:
        raise BadQueryError(
            "own_district 只适用于要求一个场馆的标准（k=1），请去掉该参数或换一个标准",
            "own_district applies to standards of one venue (k=1); leave it out or change these",
            param="own_district",
            allowed=["false"],
        )
    if wanted and question.minutes > LONGEST_OWN_MIN:
        raise BadQueryError(
            f"own_district 最长 {LONGEST_OWN_MIN} 分钟，收到 {question.minutes}",
            f"own_district reaches up to {LONGEST_OWN_MIN} minutes, got {question.minutes}",
            param="minutes",
            allowed=[f"{MIN_MINUTES}..{LONGEST_OWN_MIN}"],
        )
    return wanted
