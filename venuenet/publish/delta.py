"""What a scenario changes: the figures of coverage and the gaps, before and after it.

Pure but for reading the snapshots' arrays. What differs between two builds, and why, is told by
:mod:`.changes`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from venuenet.coverage import group_people
from venuenet.errors import BadQueryError
from venuenet.model import Question
from venuenet.publish.answers import CITY, Row, coverage, gaps
from venuenet.publish.changes import NO_GAPS_KNOWN
from venuenet.publish.changes_lists import gap_rows
from venuenet.publish.csv_files import to_csv
from venuenet.publish.snapshot import Snapshot

GROUP = "group"
LEVELS = ("district", "township", CITY, GROUP)
FLAG = "scenario"
"""Stands with every figure of a scenario: it is assumed, not as it is."""

_COUNTS = ("people", "covered", "uncovered")
_SHARES = ("share", "low", "high")
_MINUTES = ("mean_minutes", "median_minutes", "p90_minutes")
FIGURES = (*_COUNTS, *_SHARES, *_MINUTES, "no_access")
"""What is compared, under the names of ``GET /coverage``: persons, 0..1, minutes, persons."""

Place = tuple[str | None, str | None, str | None]
"""An area of a delta: adcode, township_code, group."""


def delta(
    base: Snapshot,
    after: Snapshot,
    question: Question,
    level: str = "district",
    adcodes: Sequence[str] = (),
) -> list[Row]:
    """Compare coverage after a scenario with that before it.

    Both sides are answers of :func:`venuenet.publish.answers.coverage`, so ``after`` is what a
    build of the scenario's own pack would answer. A change is

    .. math:: Δ_a(f) = f_a(after) - f_a(base)

    for every area *a* and figure *f*. Counts of people are whole persons: their changes add up from
    townships to districts and from districts to the city, exactly.

    Parameters
    ----------
    base, after : Snapshot
        Of one study area; ``after`` from :func:`venuenet.scenarios.apply.applied`.
    question : Question
    level : str
        ``district``, ``township``, ``city`` or ``group``: every group of the area, over the whole
        city or, where districts are named, in each of them.
    adcodes : sequence of str
        Districts to answer for; none means all.

    Returns
    -------
    list of dict
        Per area its names, ``before`` and ``after`` (the figures and ``nearest``), ``change`` (the
        figures) and ``flags``: of both sides, ``scenario``, and ``no_data:before`` or
        ``no_data:after`` where that side has no coverage. A change is None where either side is.

    Raises
    ------
    BadQueryError
        There is no such level; a city is asked for by district, or one group at level ``group``.
    """
    check_level(question, level, adcodes)
    sides = (_rows(snapshot, question, level, adcodes) for snapshot in (base, after))
    return [compared(one, other) for one, other in zip(*sides, strict=True)]


def check_level(question: Question, level: str, adcodes: Sequence[str] = ()) -> None:
    """Refuse a level nobody knows, or what would be read by nobody at it."""
    if level not in LEVELS:
        raise BadQueryError(
            f"level 的值“{level[:60]}”无效，可用：{'、'.join(LEVELS)}",
            f"level cannot be {level[:60]!r}; allowed: {', '.join(LEVELS)}",
            param="level",
            allowed=LEVELS,
        )
    if level == CITY and adcodes:
        raise BadQueryError(
            "level=city 是全市合计，不能再指定 district",
            "level=city is the whole city: leave out district",
            param="district",
        )
    if level == GROUP and question.group != "all":
        raise BadQueryError(
            "level=group 列出所有人群，不能再指定 group",
            "level=group lists every group: leave out group",
            param="group",
            allowed=["all"],
        )


def compared(one: Row, other: Row) -> Row:
    """Put two items of ``GET /coverage`` about one area side by side.

    Parameters
    ----------
    one, other : dict
        Before and after; they are not changed.
    """
    row: Row = {name: one[name] for name in ("adcode", "township_code", "name_zh", "name_en")
                if name in one}  # fmt: skip
    row |= {name: value for name, value in one.items() if name.startswith(GROUP)}
    row["before"], row["after"] = ({n: r[n] for n in (*FIGURES, "nearest")} for r in (one, other))
    row["change"] = {name: _change(name, one[name], other[name]) for name in FIGURES}
    sides = ((one, "before"), (other, "after"))
    flags = [FLAG, *one["flags"], *other["flags"]]
    flags += [f"no_data:{side}" for r, side in sides if r["covered"] is None]
    row["flags"] = list(dict.fromkeys(flags))
    return row


def gap_delta(
    base: Snapshot, after: Snapshot, question: Question, adcodes: Sequence[str] = ()
) -> Row:
    """Tell which gaps a scenario closes, opens or changes.

    Parameters
    ----------
    adcodes : sequence of str
        Districts to answer for; none means all.

    Returns
    -------
    dict
        ``people_before``, ``people_after`` and ``people_change`` (persons in gaps), ``gone`` and
        ``new`` (ids of gaps of one side only), ``counts`` and ``items`` (gaps that share cells, as
        in ``GET /changes``). All None, and no items, where nothing is known of the group.
    """
    wanted = set(adcodes or base.area.districts["adcode"])
    if any(group_people(s.demand, question.group) is None for s in (base, after)):
        people: Row = dict.fromkeys(("people_before", "people_after", "people_change"))
        return {**people, "gone": None, "new": None, **NO_GAPS_KNOWN}
    was, now = (
        {g.gap_id: g.people for g in gaps(snapshot, question) if g.adcode in wanted}
        for snapshot in (base, after)
    )
    before, later = sum(was.values()), sum(now.values())
    return {
        "people_before": before,
        "people_after": later,
        "people_change": later - before,
        "gone": sorted(was.keys() - now.keys()),
        "new": sorted(now.keys() - was.keys()),
        **gap_rows(base, question, after, question, wanted),
    }


def side_by_side(
    base: Snapshot,
    scenarios: Sequence[tuple[str, Callable[[], Snapshot]]],
    question: Question,
    adcodes: Sequence[str] = (),
) -> list[Row]:
    """Compare several scenarios: the whole city first, then its districts.

    Parameters
    ----------
    base : Snapshot
    scenarios : sequence of (str, callable)
        An id, and what opens its snapshot: one is let go of before the next is opened.
    adcodes : sequence of str
        Districts beside the city; none means all.

    Returns
    -------
    list of dict
        Per area its names, ``before``, and ``scenarios``: each with its ``id``, ``after``,
        ``change`` and ``flags``, as in :func:`delta`.
    """
    items: list[Row] = []
    for id_, opened in scenarios:
        after = opened()
        found = [*delta(base, after, question, CITY), *delta(base, after, question, "district")]
        found = [r for r in found if r["adcode"] is None or not adcodes or r["adcode"] in adcodes]
        if not items:
            shared = ("adcode", "name_zh", "name_en", "before")
            items = [{n: r[n] for n in shared} | {"scenarios": []} for r in found]
        for item, row in zip(items, found, strict=True):
            item["scenarios"].append({"id": id_} | {n: row[n] for n in _OF_ONE})
    return items


_OF_ONE = ("after", "change", "flags")


def delta_csv(rows: Sequence[Row]) -> bytes:
    """Write a delta as CSV, UTF-8 with a byte-order mark; blank is no data, never zero."""
    named = [n for n in ("adcode", "township_code", "name_zh", "name_en", "group", "group_zh",
                         "group_en") if any(n in row for row in rows)]  # fmt: skip
    sides = [f"{name}_{side}" for name in FIGURES for side in ("before", "after", "change")]
    nearest = [f"nearest_{name}_{side}" for side in ("before", "after") for name in _NEAREST]
    return to_csv([*named, *sides, *nearest, "flags"], [_flat(row) for row in rows])


_NEAREST = {"venue_id": "venue_id", "venue_zh": "name_zh", "minutes": "minutes"}


def _flat(row: Row) -> Row:
    flat = {n: value for n, value in row.items() if n not in ("before", "after", "change")}
    for side in ("before", "after", "change"):
        flat |= {f"{name}_{side}": row[side][name] for name in FIGURES}
    for side in ("before", "after"):
        venue = row[side]["nearest"] or {}
        flat |= {f"nearest_{n}_{side}": venue.get(key) for n, key in _NEAREST.items()}
    return flat


def _rows(snapshot: Snapshot, question: Question, level: str, adcodes: Sequence[str]) -> list[Row]:
    if level != GROUP:
        rows = coverage(snapshot, question, level, buses=False)
        return [r for r in rows if not adcodes or r["adcode"] in adcodes]
    found = []
    for group in snapshot.area.meta.groups:
        names = {"group": group.id, "group_zh": group.name_zh, "group_en": group.name_en}
        asked = dataclasses.replace(question, group=group.id)
        rows = coverage(snapshot, asked, "district" if adcodes else CITY, buses=False)
        found += [r | names for r in rows if not adcodes or r["adcode"] in adcodes]
    return found


def _change(name: str, before: Any, after: Any) -> Any:  # noqa: ANN401  int, float or None
    if before is None or after is None:
        return None
    # Minutes are told to a tenth; so is their difference, without what floats add to it.
    return round(after - before, 1) if name in _MINUTES else after - before
