"""How complete an imported matrix is: which cells and venues it says nothing of, and for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from venuenet.model import UNREACHED, DemandPoints

SHOWN = 10
"""Venues without a time that a sentence names; ``Completeness`` has them all."""


@dataclass(frozen=True, eq=False)
class Completeness:
    """What a file gives and leaves out.

    A pair it leaves out is *absent*: farther than the file goes, or never asked for. That is not
    the same as unreachable, of which such files say nothing.

    Attributes
    ----------
    rows : int
        Of the file that hold anything.
    blank : int
        Of these, rows without a time.
    other_cells, other_venues : int
        Rows of cells where nobody lives, and of venues that do not count (closed, no position).
    repeated : int
        Rows that say again what an earlier one said.
    cells, venues : int
        What the build has.
    given : int
        Pairs of cell and venue with a time.
    longest_s : int
        The longest time given, seconds; beyond it the file answers nothing.
    people : int
    cells_without : (m,) int32
        Positions of the inhabited cells without a time to any venue, most people first.
    people_without : int
        Who lives there.
    venues_without : tuple of str
        Ids of the venues without a time from anywhere.
    """

    rows: int
    blank: int
    other_cells: int
    other_venues: int
    repeated: int
    cells: int
    venues: int
    given: int
    longest_s: int
    people: int
    cells_without: NDArray[np.int32]
    people_without: int
    venues_without: tuple[str, ...]

    @property
    def share(self) -> float:
        """Share of pairs with a time, 0..1."""
        return self.given / (self.cells * self.venues) if self.cells * self.venues else 0.0

    @property
    def cells_reached_share(self) -> float:
        """Share of cells with a time to at least one venue, 0..1."""
        return 1 - len(self.cells_without) / self.cells if self.cells else 0.0

    def plain(self) -> dict[str, object]:
        """Return it as JSON values, for a manifest; cells are counted, not listed."""
        return {
            "rows": self.rows,
            "rows_blank": self.blank,
            "rows_other_cells": self.other_cells,
            "rows_other_venues": self.other_venues,
            "rows_repeated": self.repeated,
            "pairs_given": self.given,
            "pairs_share": round(self.share, 4),
            "longest_s": self.longest_s,
            "cells_without": len(self.cells_without),
            "people_without": self.people_without,
            "venues_without": list(self.venues_without),
        }

    def lines(self) -> list[tuple[str, str]]:
        """Return what a reader should know, sentence by sentence, zh and en."""
        longest = f"{self.longest_s / 60:.1f}"
        cells = len(self.cells_without)
        said = [
            (
                f"共 {self.rows:,} 行；{self.share:.1%} 的“格网—场馆”有时间",
                f"{self.rows:,} rows; {self.share:.1%} of the pairs of cell and venue have a time",
            ),
            (
                f"最长 {longest} 分钟；文件没有的起终点只是“未给出”，不等于到不了，"
                f"超过 {longest} 分钟的问题不能据此回答",
                f"the longest is {longest} min; pairs not in the file are absent, which is not "
                f"unreachable: questions beyond {longest} min have no answer here",
            ),
        ]
        if cells:
            share = self.people_without / self.people if self.people else 0.0
            said.append(
                (
                    f"{cells:,} 个有人格网没有任何时间（{self.people_without:,} 人，{share:.2%}）",
                    f"{cells:,} inhabited cells have no time at all "
                    f"({self.people_without:,} people, {share:.2%})",
                )
            )
        if self.venues_without:
            names = ", ".join(self.venues_without[:SHOWN])
            more = "…" if len(self.venues_without) > SHOWN else ""
            said.append(
                (
                    f"{len(self.venues_without)} 个场馆没有任何时间：{names}{more}",
                    f"{len(self.venues_without)} venues have no time at all: {names}{more}",
                )
            )
        for count, zh, en in (
            (self.blank, "行没有时间", "rows have no time"),
            (self.other_cells, "行的起点无人居住，略去", "rows start where nobody lives; left out"),
            (
                self.other_venues,
                "行的场馆不计入，略去",
                "rows of venues that do not count; left out",
            ),
            (self.repeated, "行重复且一致", "rows repeat an earlier one and agree"),
        ):
            if count:
                said.append((f"{count:,} {zh}", f"{count:,} {en}"))
        return said


def completeness(
    seconds: NDArray[np.int32],
    demand: DemandPoints,
    venue_ids: Sequence[str],
    counts: Mapping[str, int],
) -> Completeness:
    """Check a matrix.

    Parameters
    ----------
    seconds : (n, v) int32
        UNREACHED where there is no time.
    demand : DemandPoints
        Its n cells.
    venue_ids : sequence of str
        Its v venues.
    counts : mapping
        ``rows``, ``blank``, ``other_cells``, ``other_venues``, ``repeated``; see Completeness.
    """
    given = seconds < UNREACHED
    people = np.bincount(demand.row_cell, demand.people, minlength=len(demand.cell))
    lonely = np.flatnonzero(~given.any(axis=1))
    lonely = lonely[np.argsort(-people[lonely], kind="stable")]
    silent = np.flatnonzero(~given.any(axis=0))
    return Completeness(
        **counts,
        cells=len(demand.cell),
        venues=len(venue_ids),
        given=int(np.count_nonzero(given)),
        longest_s=int(seconds.max(initial=0, where=given)),
        people=int(demand.people.sum()),
        cells_without=lonely.astype(np.int32),
        people_without=int(people[lonely].sum()),
        venues_without=tuple(venue_ids[i] for i in silent.tolist()),
    )
