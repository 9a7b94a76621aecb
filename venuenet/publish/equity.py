"""Equity for every outlet: how evenly access is shared by district, by group, by town and country.

The default value is minutes to the venue asked for: a cost, of which less is better. People
whom nothing reaches are counted apart (``left_out``), never averaged in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from venuenet import equity
from venuenet.access.ask import AccessSpec, unit_of
from venuenet.coverage import group_people, located
from venuenet.model import Question
from venuenet.publish.access import access_rows, cell_values, describe_access
from venuenet.publish.answers import CITY, Row
from venuenet.publish.csv_files import to_csv
from venuenet.publish.equity_ask import RURAL, By, EquityAsk, is_cost
from venuenet.publish.how import fitted, travel_flags
from venuenet.publish.remembered import remembered
from venuenet.publish.snapshot import Snapshot

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ALIKE = 1e-4
"""Districts whose shares of a group differ by less are ranked alike: whole persons do that."""

NUMBERS = ("mean", "gini", "palma", "theil", "fgt0", "fgt1", "fgt2", "concentration")
COLUMNS = (
    "part", "adcode", "group", "name_zh", "name_en", "people", "left_out", *NUMBERS, "flags",
)  # fmt: skip
OF_AREAS = ("some_unreached", "total_not_mean")
"""Flags of ``publish.access`` that are about sums over its areas; here each part has its own."""


@dataclass(frozen=True)
class _Part:
    """Some of the people: what they are called and asked, and persons per row; None if unknown."""

    names: Row
    question: Question
    persons: Ints | None
    flags: tuple[str, ...] = ()


@remembered(most=128)
def equity_answer(
    snapshot: Snapshot, question: Question, ask: EquityAsk, adcodes: tuple[str, ...] = ()
) -> Row:
    """Answer ``GET /equity``: ``items`` and ``total``. Do not change them: they are shared.

    Parameters
    ----------
    adcodes : tuple of str
        Only the people of these districts, in the total too; none means all.
    """
    demand, codes = snapshot.demand, snapshot.area.districts["adcode"]
    wanted = np.array([not adcodes or c in adcodes for c in codes])
    rank, of_rank = _rank(snapshot, ask.rank_by, wanted)

    def value(part: _Part) -> Floats:
        return cell_values(snapshot, part.question, ask.spec)[demand.row_cell]

    def row(part: _Part) -> Row:
        flags, reasons = measure_flags(snapshot, part.question, ask.spec)
        told = [*flags, *of_rank, *part.flags]
        if part.persons is None:
            return {**_blank(part.names), "flags": told}
        return _row(part.names, part.persons, value(part), rank, ask, told, reasons)

    everybody = _people(snapshot, question, wanted, {})
    parts = _parts(snapshot, question, ask.by, wanted)
    split = parts if ask.by == "urban_rural" else _parts(snapshot, question, "district", wanted)
    return {
        "items": [row(part) for part in parts],
        "total": {**row(everybody), **_spread(value(everybody), everybody, split)},
    }


def _people(snapshot: Snapshot, question: Question, wanted: NDArray[np.bool_], names: Row) -> _Part:
    """Take the people asked about in some districts; unknown where one's share is unknown."""
    demand, group = snapshot.demand, question.group
    here = wanted[demand.cell_district[demand.row_cell]]
    flags: tuple[str, ...] = ()
    if group != "all":
        standing = demand.group_standing[group]
        codes = snapshot.area.districts["adcode"]
        known = {standing[c] for c, w in zip(codes, wanted, strict=True) if w}
        if "unknown" in known:
            return _Part(names, question, None, ("no_data:group_unknown",))
        flags = ("group_estimated",) if "estimated" in known else ()
    persons = group_people(demand, group)
    return _Part(names, question, None if persons is None else persons * here, flags)


def _parts(
    snapshot: Snapshot, question: Question, by: By, wanted: NDArray[np.bool_]
) -> list[_Part]:
    area = snapshot.area
    if by == "group":
        # Each asked about on its own: a group may have a pace of its own.
        return [
            _people(
                snapshot,
                replace(question, group=g.id),
                wanted,
                _names(g.id, g.name_zh, g.name_en, group=g.id),
            )
            for g in area.meta.groups
        ]
    if by == "urban_rural":
        return _town_and_country(snapshot, question, wanted)
    places = list(area.districts.itertuples())
    return [
        _people(
            snapshot,
            question,
            np.arange(len(places)) == d,
            _names(place.adcode, place.name_zh, place.name_en, adcode=place.adcode),
        )
        for d, place in enumerate(places)
        if wanted[d]
    ]


def _town_and_country(
    snapshot: Snapshot, question: Question, wanted: NDArray[np.bool_]
) -> list[_Part]:
    """Tell residents apart by the group ``rural``, at everybody's pace: where they live counts."""
    everybody = _people(snapshot, question, wanted, {})
    rural = _people(snapshot, replace(question, group=RURAL), wanted, {})
    town = None
    if rural.persons is not None and everybody.persons is not None:
        town = everybody.persons - rural.persons
    # Who lives where in a district is its share at every place: no count tells them apart.
    flags = (*rural.flags, "urban_rural_modelled")
    country = _names(RURAL, "乡村", "Rural", group=RURAL)
    return [
        _Part(_names("urban", "城镇", "Urban"), question, town, flags),
        _Part(country, question, rural.persons, flags),
    ]


def _names(
    part: str, zh: str, en: str, *, adcode: str | None = None, group: str | None = None
) -> Row:
    return {"part": part, "adcode": adcode, "group": group, "name_zh": zh, "name_en": en}


def _blank(names: Row) -> Row:
    return {**names, "people": None, "left_out": None, **dict.fromkeys(NUMBERS)}


def _row(
    names: Row,
    persons: Ints,
    value: Floats,
    rank: Floats | None,
    ask: EquityAsk,
    told: list[str],
    reasons: Sequence[str],
) -> Row:
    """Measure one part; every None has its reason in ``flags``, which ``told`` becomes."""
    some = np.isfinite(value) & (persons > 0)
    had, who = value[some], persons[some]
    people, left_out = int(persons.sum()), int(persons.sum() - who.sum())
    row = {**_blank(names), "people": people, "left_out": left_out, "flags": told}
    if len(who) == 0:
        told += ["no_data:no_people"] if people == 0 else reasons
        return row
    if left_out:
        told.append("unreached_left_out" if is_cost(ask.spec) else "unmeasured_left_out")
    row |= {n: getattr(equity, n)(had, who) for n in ("mean", "gini", "palma", "theil")}
    if row["gini"] is None:
        told.append("no_data:all_zero")
    elif row["palma"] is None:
        told.append("no_data:bottom_has_nothing")
    if ask.line is None:
        told.append("no_data:no_line")
    else:
        poverty = (equity.fgt_excess if is_cost(ask.spec) else equity.fgt)(had, who, ask.line)
        row |= dict(zip(("fgt0", "fgt1", "fgt2"), poverty or (), strict=True))
    if rank is not None:
        row["concentration"] = equity.concentration(had, who, rank[some])
        if row["concentration"] is None:
            told.append("no_data:ranked_alike")
    return row


def _spread(value: Floats, everybody: _Part, split: Sequence[_Part]) -> Row:
    """Give the Lorenz curve of everybody, and the Theil index between and within the parts."""
    row: Row = {"lorenz": None, "theil_between": None, "theil_within": None}
    persons = [p.persons for p in split if p.persons is not None]
    if everybody.persons is None or len(persons) < len(split):
        return row
    some = np.isfinite(value)
    curve = equity.lorenz(value[some], everybody.persons[some])
    who = np.concatenate([p[some] for p in persons])
    label = np.repeat(np.arange(len(persons)), int(some.sum()))
    both = equity.theil_between_within(np.tile(value[some], len(persons)), who, label)
    row["lorenz"] = None if curve is None else curve.tolist()
    row["theil_between"], row["theil_within"] = both or (None, None)
    return row


def _rank(
    snapshot: Snapshot, group: str | None, wanted: NDArray[np.bool_]
) -> tuple[Floats | None, list[str]]:
    """Rank every row by a group's share of its people, (r,), and say how that is known.

    The share is the district's, for whole persons leave no more than noise below it; a
    township's own only where it differs by more than rounding its rows can.
    """
    if group is None:
        return None, []
    demand = snapshot.demand
    known = _people(snapshot, Question(group=group), wanted, {})
    if known.persons is None:
        return None, ["no_data:rank_unknown"]
    flags = ["rank_estimated"] if known.flags else []
    district = demand.cell_district[demand.row_cell].astype(np.int64)
    counted = demand.groups[group]
    share = _share(counted, demand.people, district)
    order = np.argsort(share)
    step = np.diff(share[order], prepend=-1) > ALIKE
    share[order] = share[order][np.maximum.accumulate(np.where(step, np.arange(len(step)), 0))]
    _, town = np.unique(
        district * (int(demand.row_township.max()) + 1) + demand.row_township, return_inverse=True
    )
    persons, rows = np.bincount(town, demand.people)[town], np.bincount(town)[town]
    off = np.abs(np.bincount(town, counted)[town] - share[district] * persons)
    own = off > rows + ALIKE * persons
    return np.where(own, _share(counted, demand.people, town)[town], share[district]), flags


def _share(counted: Ints, people: Ints, of: NDArray[np.int64]) -> Floats:
    """Share of people who are counted, by area; 0 where there is nobody."""
    total = np.bincount(of, people)
    return np.asarray(np.bincount(of, counted) / np.maximum(total, 1))


def measure_flags(
    snapshot: Snapshot, question: Question, spec: AccessSpec
) -> tuple[list[str], list[str]]:
    """Tell what is modelled or assumed behind every number, and why there may be none at all."""
    flags = ["demand_modelled", *travel_flags(snapshot, question)]
    if question.surface_transit:
        flags.append("surface_transit_assumed")
    count = located(snapshot.area.venues, question.kinds)
    if count.located < count.open:
        flags.append("venues_unlocated")
    if question.own_district:
        flags.append("own_district_up_to_60")
    if fitted(snapshot, question):
        flags.append("group_fit")
    city = access_rows(snapshot, replace(question, group="all"), spec, CITY)[0]["access"]["flags"]
    flags += [f for f in city if not f.startswith("no_data:") and f not in OF_AREAS]
    reasons = [f for f in city if f.startswith("no_data:")]
    return flags, reasons or ["no_data:unreached"]


def describe_equity(snapshot: Snapshot, question: Question, ask: EquityAsk) -> Row:
    """Return the parameters as understood, under the API's names."""
    return {
        **describe_access(snapshot, question, ask.spec),
        "unit": unit_per_head(ask.spec),
        "cost": is_cost(ask.spec),
        "by": ask.by,
        "line": ask.line,
        "rank_by": ask.rank_by,
    }


def unit_per_head(spec: AccessSpec) -> str:
    """Name the unit of a cell's value: availability is per head here, as it is for 2SFCA."""
    return unit_of(replace(spec, measure="2sfca") if spec.measure == "availability" else spec)


def equity_csv(rows: Sequence[Row]) -> bytes:
    """Write equity items as CSV, UTF-8 with a byte-order mark; blank means no data, never zero."""
    return to_csv(COLUMNS, rows)
