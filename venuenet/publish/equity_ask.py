"""What may be asked about equity and hot spots, and how it is understood. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

from venuenet.access.ask import ACCESS, MEASURES, AccessSpec, parse_access
from venuenet.errors import BadQueryError
from venuenet.model import Question
from venuenet.publish.snapshot import Snapshot
from venuenet.spots import STATISTICS, Statistic

T = TypeVar("T", bound=str)
By = Literal["district", "group", "urban_rural"]
BYS: tuple[By, ...] = get_args(By)
NEAREST_FIRST = "nearest"
RURAL = "rural"
"""The group that tells country from town."""

EQUITY = ("by", "line", "rank_by", *ACCESS)
SPOTS = ("statistic", "band_m", "significance", *ACCESS)
"""All parameters beside the question's, as HTTP and the command line name them."""

BAND_M, LEAST_BAND_M, MOST_BAND_M = 3000, 1000, 6000
"""Metres within which cells are neighbours: the default and what may be asked for. Nearer than a
kilometre a cell has no neighbour; beyond six, pairs by the million take many seconds."""

SIGNIFICANCE, MOST_SIGNIFICANCE = 0.05, 0.2


@dataclass(frozen=True)
class EquityAsk:
    """What an equity answer is about, beside the question.

    ``line`` is the standard poverty is counted against, in the measure's unit; None where there
    is none. ``rank_by`` is the group whose share of a place's people ranks them.
    """

    spec: AccessSpec
    by: By = "district"
    line: float | None = None
    rank_by: str | None = None


@dataclass(frozen=True)
class SpotsAsk:
    """What is asked about hot spots, beside the question."""

    spec: AccessSpec
    statistic: Statistic = "gi"
    band_m: float = BAND_M
    significance: float = SIGNIFICANCE


def is_cost(spec: AccessSpec) -> bool:
    """Whether less is better: minutes."""
    return spec.measure == "nearest"


def parse_equity(
    snapshot: Snapshot,
    question: Question,
    given: Mapping[str, str | None],
    asked: Collection[str],
) -> EquityAsk:
    """Understand the parameters of an equity answer.

    Parameters
    ----------
    given : mapping of str to str or None
        Values by the names of ``EQUITY``; None where nothing was said.
    asked : collection of str
        Names of the question's own parameters somebody gave.

    Raises
    ------
    BadQueryError
        A value cannot be understood, or a parameter would change nothing.
    """
    spec = _measure(question, given)
    by = _choice("by", given.get("by"), BYS)
    groups = [g.id for g in snapshot.area.meta.groups]
    rank_by = given.get("rank_by")
    if rank_by is not None and rank_by not in groups:
        raise _bad("rank_by", rank_by, groups)
    if by != "district" and question.group != "all":
        raise _useless("group", f"by={by} 已按人群分列", f"by={by} already tells people apart")
    if by == "urban_rural" and RURAL not in groups:
        raise _bad("by", by, BYS[:2])
    line = _number("line", given.get("line"), 1e-6, 1e9)
    if is_cost(spec):
        if line is not None and "minutes" in asked:
            raise _useless("minutes", "已给出 line", "line is given")
        line = float(question.minutes) if line is None else line
    return EquityAsk(spec, by, line, rank_by)


def parse_spots(
    question: Question, given: Mapping[str, str | None], asked: Collection[str]
) -> SpotsAsk:
    """Understand the parameters of a map of hot spots; see :func:`parse_equity`.

    Raises
    ------
    BadQueryError
        A value cannot be understood, or a parameter would change nothing.
    """
    spec = _measure(question, given)
    if question.group != "all":
        raise _useless(
            "group", "热点按网格计算，与人群无关", "hot spots are of places, whoever lives there"
        )
    if is_cost(spec) and "minutes" in asked:
        raise _useless(
            "minutes", "热点用到达时间本身，不设上限", "hot spots look at times, with no cut-off"
        )
    band = _number("band_m", given.get("band_m"), LEAST_BAND_M, MOST_BAND_M)
    significance = _number("significance", given.get("significance"), 1e-6, MOST_SIGNIFICANCE)
    return SpotsAsk(
        spec,
        _choice("statistic", given.get("statistic"), STATISTICS),
        BAND_M if band is None else band,
        SIGNIFICANCE if significance is None else significance,
    )


def _measure(question: Question, given: Mapping[str, str | None]) -> AccessSpec:
    """Understand the measure: minutes to the venues of the question unless another is named."""
    if question.capacitated:
        raise _useless("capacitated", "这里只看远近，不看容量", "this is of nearness, not of room")
    _choice("measure", given.get("measure"), MEASURES)
    told = {name: given.get(name) for name in ACCESS}
    spec = parse_access(question, {**told, "measure": told["measure"] or NEAREST_FIRST})
    return spec or AccessSpec("nearest", k=question.k)


def _choice(param: str, value: str | None, allowed: Sequence[T]) -> T:
    """Find what was named; the first where nothing was."""
    for choice in allowed:
        if value is None or choice == value:
            return choice
    raise _bad(param, str(value), allowed)


def _number(param: str, text: str | None, least: float, most: float) -> float | None:
    """Understand a plain number within bounds, both allowed."""
    if text is None:
        return None
    if re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,9})?", text) and least <= float(text) <= most:
        return float(text)
    raise _bad(param, text, [f"{least:.10g}..{most:.10g}"])


def _bad(param: str, value: str, allowed: Sequence[str]) -> BadQueryError:
    shown = value[:60]
    return BadQueryError(
        f"{param} 的值“{shown}”无效，可用：{'、'.join(allowed)}",
        f"{param} cannot be “{shown}”; allowed: {', '.join(allowed)}",
        param=param,
        allowed=allowed,
    )


def _useless(param: str, zh: str, en: str) -> BadQueryError:
    return BadQueryError(
        f"{param} 在此不起作用：{zh}，请去掉该参数",
        f"{param} would change nothing: {en}; leave it out",
        param=param,
        allowed=[],
    )
