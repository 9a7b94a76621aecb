"""Persons of every group in every row: exact to the shares that are known. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from venuenet.area import StudyArea
from venuenet.demand.shares import TOLERANCE, Shares
from venuenet.model import GroupStanding
from venuenet.rounding import apportion

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def share_out(
    area: StudyArea,
    row_district: NDArray[np.int32],
    row_town: NDArray[np.int32],
    people: Ints,
    shares: Shares,
) -> tuple[dict[str, Ints], dict[str, dict[str, GroupStanding]]]:
    """Count the persons of every group in each row.

    A township's own share goes before what its district says: an imported share, else the pack's;
    else what is left of the city's published total once all that is known is taken off, so that
    the groups add up to it; else nothing. What a district says is about all its residents: the
    townships without a share of their own get what it leaves.

    Parameters
    ----------
    area : StudyArea
    row_district, row_town : (r,) int32
        Positions of each row's district and township.
    people : (r,) int64
        Residents of each row.
    shares : Shares

    Returns
    -------
    mapping of group to (r,) int64
        Whole persons, never more than the row's people; a township's sum to its share, a
        district's to its own, by largest remainder. Groups nothing is known of are left out.
    mapping of group to mapping of adcode to GroupStanding
        ``known`` where a district's own share or its townships' tell of all its residents.
    """
    groups: dict[str, Ints] = {}
    standing: dict[str, dict[str, GroupStanding]] = {}
    codes = list(area.districts["adcode"])
    for group in area.meta.groups:
        own = (
            area.districts[group.district_column].to_numpy(float).copy()
            if group.district_column
            else np.full(len(area.districts), np.nan)
        )
        by_town = np.full(len(area.townships), np.nan)
        for row in shares.of(group.id):
            if row.township:
                by_town[list(area.townships["township_code"]).index(row.township)] = row.share
            else:
                own[codes.index(row.adcode)] = row.share
        one = _Group(row_district, row_town, people, own, by_town, group.city_share)
        standing[group.id] = dict(zip(codes, one.standing(), strict=True))
        if group.city_share is not None or np.isfinite(own).any() or np.isfinite(by_town).any():
            groups[group.id] = one.persons()
    return groups, standing


@dataclass(frozen=True)
class _Group:
    """One group's shares: ``own`` by district, ``by_town`` by township, NaN unknown; the city's."""

    row_district: NDArray[np.int32]
    row_town: NDArray[np.int32]
    people: Ints
    own: Floats
    by_town: Floats
    city: float | None

    @cached_property
    def given(self) -> NDArray[np.bool_]:
        """Rows of townships with a share of their own, (r,)."""
        return np.isfinite(self.by_town)[self.row_town]

    @cached_property
    def told(self) -> Ints:
        """Persons in those rows, (r,)."""
        out = np.zeros(len(self.people), dtype=np.int64)
        for town in np.flatnonzero(np.isfinite(self.by_town)):
            rows = self.row_town == town
            total = round(float(self.by_town[town]) * int(self.people[rows].sum()))
            out[rows] = apportion(total, self.people[rows])
        return out

    def _sums(self, persons: Ints) -> Ints:
        """Sum over districts."""
        n = len(self.own)
        return np.bincount(self.row_district, persons, minlength=n).astype(np.int64)

    @cached_property
    def rest(self) -> tuple[Ints, NDArray[np.bool_]]:
        """Members in each district's other rows, and whether its own share could be kept."""
        residents, told = self._sums(self.people), self._sums(self.told)
        room = self._sums(np.where(self.given, 0, self.people))
        known = np.isfinite(self.own)
        left = 0.0
        if self.city is not None:
            left = self.city
            if room[~known].sum():
                said = (self.own * residents)[known].sum() + told[~known].sum()
                left = (self.city * float(residents.sum()) - said) / room[~known].sum()
        out = np.zeros(len(room), dtype=np.int64)
        kept = np.ones(len(room), dtype=bool)
        for d in range(len(room)):
            # Without a city's share a district of unknown standing has nobody counted: answers.py
            # gives it no data, not zero.
            share = float(np.clip(left, 0, 1))
            wanted = round(share * int(room[d]))
            if known[d]:
                wanted = round(float(self.own[d]) * int(residents[d])) - int(told[d])
            out[d] = min(max(wanted, 0), int(room[d]))
            kept[d] = abs(wanted - int(out[d])) <= TOLERANCE * int(residents[d])
        return out, kept

    def persons(self) -> Ints:
        """Members in each row, (r,)."""
        out = self.told.copy()
        for d, members in enumerate(self.rest[0]):
            rows = (self.row_district == d) & ~self.given
            if rows.any():
                out[rows] = apportion(int(members), self.people[rows])
        return out

    def standing(self) -> list[GroupStanding]:
        """Tell what is known of each district."""
        by_towns = self._sums(np.where(self.given, self.people, 0))
        whole = (by_towns > 0) & (by_towns == self._sums(self.people))
        known = (np.isfinite(self.own) & self.rest[1]) | whole
        less: GroupStanding = "unknown" if self.city is None else "estimated"
        return [
            "known" if k else "estimated" if np.isfinite(o) else less
            for k, o in zip(known, self.own, strict=True)
        ]
