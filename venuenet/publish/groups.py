"""Are seniors, pupils, farmers served as well as the average? Rows per area and group."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from venuenet.model import Question
from venuenet.publish.answers import Row, coverage
from venuenet.publish.csv_files import to_csv
from venuenet.publish.how import asked_traveller
from venuenet.publish.snapshot import Snapshot

GROUP_COLUMNS = [
    "adcode", "name_zh", "name_en", "group", "group_zh", "group_en", "standing", "people",
    "group_share", "covered", "uncovered", "share", "low", "high", "mean_minutes",
    "residents_share", "points", "ratio", "traveller", "mode", "minutes", "kinds", "flags",
]  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What is asked of every group.

    Attributes
    ----------
    question : Question
        As asked of all residents, or of the one group it names.
    own_mode, own_kinds : bool
        Whether each group goes by its own mode, and to the kinds that serve it: nobody said how.
    """

    question: Question
    own_mode: bool
    own_kinds: bool


def as_asked(question: Question, given: Collection[str]) -> Asked:
    """Tell by the parameters that were ``given`` what is left to the groups' rules."""
    plain = "standard" not in given
    return Asked(
        question,
        own_mode=plain and "mode" not in given and not question.surface_transit,
        own_kinds=plain and "kinds" not in given,
    )


def question_of(snapshot: Snapshot, asked: Asked, group: str) -> Question:
    """Return the question as it is put to one group."""
    habit = snapshot.groups.of(group).habit
    question = replace(asked.question, group=group)
    if asked.own_mode:
        question = replace(question, mode=habit.mode)
    return replace(question, kinds=habit.kinds) if asked.own_kinds else question


def group_rows(snapshot: Snapshot, asked: Asked, level: str = "district") -> list[Row]:
    """Answer for every area and group, beside all residents of the area.

    Parameters
    ----------
    asked : Asked
        Of the group its question names, or of every group.
    level : str
        ``district`` or ``city``.

    Returns
    -------
    list of dict
        The items of ``GET /groups``: areas in GB/T 2260 order, groups in the area pack's.
        ``group_share`` is the group's share of the residents; ``residents_share`` the share of all
        residents within reach by the same mode and minutes, at everybody's pace and of the kinds
        asked for; ``points`` the difference to it in percentage points, ``ratio`` their quotient.
        None with a flag where nothing is known.
    """
    groups = snapshot.area.meta.groups
    if asked.question.group != "all":
        groups = tuple(g for g in groups if g.id == asked.question.group)
    kinds = Question().kinds if asked.own_kinds else asked.question.kinds
    columns = []
    for group in groups:
        question = question_of(snapshot, asked, group.id)
        everybody = replace(question, group="all", kinds=kinds)
        names = {"group": group.id, "group_zh": group.name_zh, "group_en": group.name_en}
        about = {
            **names,
            "traveller": asked_traveller(snapshot, question)["id"],
            "mode": question.mode,
            "minutes": question.minutes,
            "kinds": list(question.kinds),
        }
        pairs = zip(
            coverage(snapshot, question, level), coverage(snapshot, everybody, level), strict=True
        )
        columns.append([_row(snapshot, mine, all_, about) for mine, all_ in pairs])
    return [row for rows in zip(*columns, strict=True) for row in rows]


def groups_csv(rows: Sequence[Row]) -> bytes:
    """Write the items as CSV; see ``csv_files.coverage_csv``."""
    return to_csv(GROUP_COLUMNS, rows)


def _row(snapshot: Snapshot, mine: Row, everybody: Row, about: Row) -> Row:
    share, average = mine["share"], everybody["share"]
    known = share is not None and average is not None
    return {
        **{name: mine[name] for name in ("adcode", "name_zh", "name_en")},
        **about,
        "standing": _standing(snapshot, about["group"], mine["adcode"]),
        **{n: mine[n] for n in ("people", "covered", "uncovered", "share", "low", "high")},
        "group_share": _quotient(mine["people"], everybody["people"]),
        "mean_minutes": mine["mean_minutes"],
        "residents_share": average,
        "points": round(100 * (share - average), 2) if known else None,
        "ratio": round(share / average, 4) if known and average else None,
        "flags": mine["flags"],
    }


def _quotient(part: int | None, whole: int | None) -> float | None:
    return part / whole if part is not None and whole else None


def _standing(snapshot: Snapshot, group: str, adcode: str | None) -> str:
    """Return what is known of the group in a district; of the city the least of its districts."""
    standing = snapshot.demand.group_standing[group]
    if adcode is not None:
        return standing[adcode]
    order: Sequence[str] = ("unknown", "estimated", "known")
    return min(standing.values(), key=order.index)
