"""Shares of groups that users bring: what a row says, what contradicts, what is kept. Pure.

One table, the user's file and the kept one alike: a row gives the share of one group among the
residents of a district or of a township, with its year and its source. Reading and writing files
is done by ``shares_read`` and ``shares_file``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from venuenet.area import StudyArea
from venuenet.model import Source
from venuenet.packformat import Group

TOLERANCE = 0.005
"""How far figures of one district may disagree, as a share of its residents: published shares are
rounded, and of other years than the census."""


@dataclass(frozen=True)
class Share:
    """One share, 0..1, of a group among the residents of a district or of one of its townships.

    Attributes
    ----------
    group, adcode : str
    township : str
        Its code; "" for the whole district.
    share : float
    year : int
    source : str
        Who says so.
    row : int, optional
        Where it stands in the file it was read from.
    """

    group: str
    adcode: str
    township: str
    share: float
    year: int
    source: str
    row: int | None = field(default=None, compare=False)

    @property
    def key(self) -> tuple[str, str, str]:
        """What there is one share of."""
        return self.group, self.adcode, self.township


@dataclass(frozen=True)
class Shares:
    """Everything imported.

    Attributes
    ----------
    rows : tuple of Share
        By group, district, township.
    names : mapping of group to (zh, en)
        Groups the imports declare: neither the area pack nor the groups' rules have them.
    """

    rows: tuple[Share, ...] = ()
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def groups(self) -> list[str]:
        """Return the groups there are shares of."""
        return list(dict.fromkeys(row.group for row in self.rows))

    def of(self, group: str) -> tuple[Share, ...]:
        """Return the shares of one group."""
        return tuple(row for row in self.rows if row.group == group)


def merged(old: Shares, new: Shares) -> Shares:
    """Put new shares beside the old ones; a new one takes the place of the old of its area."""
    rows = {row.key: replace(row, row=None) for row in old.rows}
    rows |= {row.key: row for row in new.rows}
    return Shares(tuple(rows[key] for key in sorted(rows)), {**old.names, **new.names})


def without(shares: Shares, groups: Iterable[str]) -> Shares:
    """Take some groups out."""
    gone = set(groups)
    return Shares(
        tuple(row for row in shares.rows if row.group not in gone),
        {group: names for group, names in shares.names.items() if group not in gone},
    )


@dataclass(frozen=True)
class Contradiction:
    """A district's share and its townships' do not go together.

    Attributes
    ----------
    district : Share
        The district's.
    townships : Share
        One of its townships'.
    low, high : float
        What the townships leave possible for the district's share.
    """

    district: Share
    townships: Share
    low: float
    high: float


def contradictions(shares: Shares, area: StudyArea) -> list[Contradiction]:
    """Find districts whose own share cannot be true beside those of their townships.

    With P residents, of whom those of townships with a share are K and their group members T, the
    district's share lies in [T / P, (T + P - K) / P]; townships whose residents are not on record
    can only widen that. ``TOLERANCE`` is allowed for.
    """
    people = dict(zip(area.districts["adcode"], area.districts["people"], strict=True))
    known = dict(zip(area.townships["township_code"], area.townships["residents"], strict=True))
    found = []
    for own in (row for row in shares.rows if not row.township):
        towns = [
            row
            for row in shares.rows
            if (row.group, row.adcode) == (own.group, own.adcode) and row.township
        ]
        residents = np.nan_to_num(np.array([known[row.township] for row in towns], dtype=float))
        members = float(residents @ np.array([row.share for row in towns]))
        total = float(people[own.adcode])
        if not towns or total == 0:
            continue
        low, high = members / total, (members + total - residents.sum()) / total
        if not low - TOLERANCE <= own.share <= high + TOLERANCE:
            told = next((row for row in towns if row.row is not None), towns[0])
            found.append(Contradiction(own, told, low, high))
    return found


def declared(area: StudyArea, shares: Shares, names: Mapping[str, tuple[str, str]]) -> list[Group]:
    """Describe the groups the imports bring or say something new of, as an area pack would.

    Parameters
    ----------
    area : StudyArea
        As its pack has it.
    shares : Shares
    names : mapping of group to (zh, en)
        Of groups the pack does not have.
    """
    have = {group.id: group for group in area.meta.groups}
    found = []
    for group in shares.groups():
        zh, en = {**names, **shares.names}.get(group, (group, group))
        plain = Group(id=group, name_zh=zh, name_en=en, city_share=None, district_column=None)
        rows = shares.of(group)
        told = have.get(group, plain)
        note = _note(rows, told)
        found.append(told.model_copy(update={"note_zh": note[0], "note_en": note[1]}))
    return found


def _note(rows: Sequence[Share], group: Group) -> tuple[str, str]:
    """Say where a group's imported shares come from, and what the pack says of the rest."""
    towns = sum(bool(row.township) for row in rows)
    said = said_by(rows)
    return (
        f"导入的比例：{len(rows) - towns} 个区、{towns} 个街道乡镇（{said}）；"
        f"其余：{group.note_zh or '无数据'}",
        f"Imported shares: {len(rows) - towns} districts, {towns} townships ({said}); "
        f"for the rest: {group.note_en or 'no data'}",
    )


def said_by(rows: Sequence[Share]) -> str:
    """Name the sources of shares with their years, three at most."""
    sources = list(dict.fromkeys(f"{row.source} {row.year}" for row in rows))
    more = f" +{len(sources) - 3}" if len(sources) > 3 else ""
    return "; ".join(sources[:3]) + more


def as_source(shares: Shares) -> tuple[Source, ...]:
    """Describe the imports as a source of a snapshot; none where there are none."""
    if not shares.rows:
        return ()
    years = sorted({row.year for row in shares.rows})
    return (
        Source(
            id="imported_shares",
            title=f"导入的人群比例（{said_by(shares.rows)}）",
            title_en=f"Imported shares of groups ({said_by(shares.rows)})",
            date=str(years[0]) if len(years) == 1 else f"{years[0]}-{years[-1]}",
            licence="用户提供 · as the user has it",
            attribution=said_by(shares.rows),
        ),
    )


def with_groups(area: StudyArea, groups: Sequence[Group]) -> StudyArea:
    """Give the area the groups that imports declare: in place of its own of that id, or after."""
    fresh = {group.id: group for group in groups}
    kept = [fresh.pop(group.id, group) for group in area.meta.groups]
    meta = area.meta.model_copy(update={"groups": (*kept, *fresh.values())})
    return replace(area, meta=meta)
