"""Frames in, a siting model's arrays out: ways, places and sites joined by their names. Pure.

For those who work in Python with tables of their own. Rows may stand in any order and places
without a way are no mistake; a name that is in one table only, a way given twice or a number that
is none is, and is told with its row. ``venuenet site`` does not come through here: it reads a
snapshot (:mod:`venuenet.proposals.matrix`).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from venuenet.errors import Fault, TravelDataError
from venuenet.faults import say
from venuenet.model import Frame
from venuenet.siting.types import Floats, Rules, Sites

LISTED = 20
"""Faults of one kind in one column that are listed."""
MOST_PAIRS = 200_000_000
"""Pairs of place and site at most: the table holds 8 bytes for each."""
STATUS = ("", "fixed", "forced", "forbidden")


@dataclass(frozen=True)
class Town:
    """Places, sites and the ways between them.

    Attributes
    ----------
    cost : (p, s) float64
        In the unit of the ways; infinite where there is none.
    people : (p,) float64
    places : (p,) Index
    sites : (s rows) DataFrame
        As given, ``cost``, ``district`` and ``status`` filled in.
    """

    cost: Floats
    people: Floats
    places: pd.Index
    sites: Frame

    def within(self, most: float) -> NDArray[np.bool_]:
        """Tell who reaches which site for at most so much, (p, s)."""
        return self.cost <= most

    def rules(
        self,
        *,
        count: int | None = None,
        budget: float | None = None,
        at_least: Mapping[Hashable, int] | None = None,
        at_most: Mapping[Hashable, int] | None = None,
    ) -> Rules:
        """Say what a choice must keep to; districts by their names in ``sites``.

        Raises
        ------
        KeyError
            No site is in that district.
        """
        code, names = pd.factorize(self.sites["district"])
        number = {name: i for i, name in enumerate(names)}
        fixed, forced, forbidden = (
            tuple(np.flatnonzero(self.sites["status"] == status).tolist()) for status in STATUS[1:]
        )
        return Rules(
            count=count,
            budget=budget,
            cost=self.sites["cost"].to_numpy(np.float64),
            fixed=fixed,
            forced=forced,
            forbidden=forbidden,
            district=code.astype(np.int64),
            at_least={number[name]: n for name, n in (at_least or {}).items()},
            at_most={number[name]: n for name, n in (at_most or {}).items()},
        )

    def chosen(self, plan: Sites) -> Frame:
        """Give the rows of the sites a model chose."""
        return self.sites.iloc[list(plan.chosen)]


def town(ways: Frame, places: Frame, sites: Frame) -> Town:
    """Join tables of ways, places and sites.

    Parameters
    ----------
    ways : DataFrame
        A row per pair: ``place``, ``site``, ``cost`` (seconds or metres, not negative). Pairs
        that are not there have no way.
    places : DataFrame
        ``people`` (not negative), indexed by place.
    sites : DataFrame
        Indexed by site. Optional: ``cost`` of choosing it (1), ``district`` (none), and ``status``:
        ``fixed`` for what is there already, ``forced``, ``forbidden`` or blank.

    Raises
    ------
    TravelDataError
        With every fault found; beyond ``LISTED`` of a kind and column they are counted.
    """
    whole = sites.assign(**{c: d for c, d in _DEFAULTS.items() if c not in sites})
    faults = [*_columns(ways, places, whole)]
    if not faults:
        whole["status"] = whole["status"].astype(object).fillna("")
        faults = [*_size(places, sites), *_faults(ways, places, whole)]
    if faults:
        raise TravelDataError(faults)
    cost = np.full((len(places), len(sites)), np.inf)
    at = (
        places.index.get_indexer(pd.Index(ways["place"])),
        sites.index.get_indexer(pd.Index(ways["site"])),
    )
    cost[at] = _numbers(ways["cost"])
    whole["cost"] = _numbers(whole["cost"])
    return Town(cost, _numbers(places["people"]), places.index, whole)


_DEFAULTS: Mapping[str, float | str | None] = {"cost": 1.0, "district": None, "status": ""}


def _columns(ways: Frame, places: Frame, sites: Frame) -> Iterator[Fault]:
    """Report columns that are missing, or there twice."""
    for name, frame, columns in (
        ("ways", ways, ("place", "site", "cost")),
        ("places", places, ("people",)),
        ("sites", sites, tuple(_DEFAULTS)),
    ):
        for column in columns:
            count = int((frame.columns == column).sum())
            if count != 1:
                yield say("same_column" if count else "no_column", name, column=column)


def _size(places: Frame, sites: Frame) -> Iterator[Fault]:
    """Report tables that are too large to be joined."""
    if (pairs := len(places) * len(sites)) > MOST_PAIRS:
        yield Fault(
            "ways", None, None,
            f"地点与站点共 {pairs:,} 对，超过 {MOST_PAIRS:,}",
            f"{pairs:,} pairs of place and site, more than {MOST_PAIRS:,}",
            "合并地点或减少站点", "put places together or give fewer sites",
        )  # fmt: skip


def _faults(ways: Frame, places: Frame, sites: Frame) -> Iterator[Fault]:
    """List what is wrong with tables that have all their columns."""
    yield from _repeats("places", pd.DataFrame({"index": places.index}))
    yield from _repeats("sites", pd.DataFrame({"index": sites.index}))
    yield from _repeats("ways", ways[["place", "site"]])
    for column, known in (("place", places.index), ("site", sites.index)):
        unknown = ~ways[column].isin(known)
        yield from _rows("refers", "ways", ways[column], unknown, refers=f"{column}s")
    for name, cells in (
        ("ways", ways["cost"]), ("places", places["people"]), ("sites", sites["cost"]),
    ):  # fmt: skip
        number = _numbers(cells)
        yield from _rows("number", name, cells, ~np.isfinite(number))
        yield from _rows("range", name, cells, number < 0, low=0, high=np.inf)
    strange = ~sites["status"].isin(STATUS)
    allowed = ", ".join(filter(None, STATUS))
    yield from _rows("allowed", "sites", sites["status"], strange, allowed=allowed)


def _numbers(cells: pd.Series) -> Floats:
    """Read cells as numbers, NaN where they are none: dates, spans and yes or no are none."""
    if cells.dtype.kind in "bcmM":
        return np.full(len(cells), np.nan)
    return pd.to_numeric(cells, errors="coerce").to_numpy(np.float64, na_value=np.nan)


def _rows(
    code: str, name: str, cells: pd.Series, wrong: ArrayLike, **words: str | float
) -> Iterator[Fault]:
    """Report the first cells that are wrong, and how many more there are."""
    rows, column = np.flatnonzero(wrong), str(cells.name)
    for row in rows[:LISTED].tolist():
        yield say(code, name, row, column, value=cells.iloc[row], **words)
    yield from _more(name, column, len(rows))


def _repeats(name: str, keys: Frame) -> Iterator[Fault]:
    """Report the first rows that repeat an earlier one, and how many more there are."""
    group = keys.groupby(list(keys), sort=False, dropna=False).ngroup().to_numpy()
    _, first = np.unique(group, return_index=True)
    rows, column = np.flatnonzero(first[group] != np.arange(len(group))), keys.columns[-1]
    for row in rows[:LISTED].tolist():
        key = " ".join(str(cell) for cell in keys.iloc[row])
        yield say("twice", name, row, column, value=key, other=int(first[group[row]]) + 2)
    yield from _more(name, column, len(rows))


def _more(name: str, column: str, count: int) -> Iterator[Fault]:
    if (more := count - LISTED) > 0:
        yield Fault(
            name, None, column, f"同类问题还有 {more:,} 处", f"has {more:,} more of these",
            "按前面所列的方法修改", "mend them as those listed above",
        )  # fmt: skip
