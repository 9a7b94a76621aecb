"""Measures of access over a snapshot: per cell, per area, as the map, API and CLI give them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from venuenet.access.ask import CATCHMENTS, AccessSpec, scale_of, unit_of
from venuenet.access.capacity import Capacity, capacities
from venuenet.access.catchment import BINARY, balanced, three_step, two_step, unclaimed
from venuenet.access.measures import by_people, cumulative, cumulative_interval, gravity
from venuenet.access.pairs import Pairs, from_times
from venuenet.coverage import group_people, kth_seconds
from venuenet.errors import BadQueryError
from venuenet.model import UNREACHED, Question, TravelTimes, Venue
from venuenet.publish.answers import CITY, Row, coverage, is_answerable, times_for
from venuenet.publish.csv_files import to_csv
from venuenet.publish.remembered import remembered
from venuenet.publish.snapshot import Snapshot
from venuenet.standards.capacity import CapacityRules, load_capacity_rules

Floats = NDArray[np.float64]
LEVELS = (0.1, 0.5, 0.9)
ACCESS_COLUMNS = (
    "adcode", "township_code", "name_zh", "name_en", "people", "measure", "value", "p10",
    "median", "p90", "people_zero", "unit", "flags",
)  # fmt: skip


@dataclass(frozen=True)
class Supply:
    """What venues count in a measure, by position in ``TravelTimes.venue_ids``.

    ``counted`` tells the venues of the kinds asked for; ``capacity`` is None where each counts 1.
    """

    counted: NDArray[np.bool_]
    weight: Floats
    capacity: Capacity | None

    @property
    def untold(self) -> NDArray[np.bool_]:
        """Venues that count, but whose capacity is neither known nor assumed, (v,)."""
        if self.capacity is None:
            return np.zeros_like(self.counted)
        return self.counted & ~self.capacity.known & ~self.capacity.assumed

    @property
    def nothing_known(self) -> bool:
        """Whether capacities were asked for and not one is known or assumed."""
        return self.capacity is not None and bool((self.untold == self.counted).all())


@lru_cache(maxsize=1)
def _rules() -> CapacityRules:
    return load_capacity_rules()


def _venues(snapshot: Snapshot, times: TravelTimes) -> list[Venue]:
    by_id = {v.venue_id: v for v in snapshot.area.venues}
    return [by_id[i] for i in times.venue_ids]


def venue_capacities(snapshot: Snapshot, times: TravelTimes, spec: AccessSpec) -> Capacity:
    """Work out what the venues of a table can take in a year, in its order."""
    venues, rules = _venues(snapshot, times), _rules()
    return capacities(
        np.array([np.nan if v.visits_per_year is None else v.visits_per_year for v in venues]),
        np.array([np.nan if v.exhibition_m2 is None else v.exhibition_m2 for v in venues]),
        [v.kind for v in venues],
        rules.visits_per_m2.value,
        {kind: value.value for kind, value in rules.least_visits.items()},
        spec.unknown,
    )


@remembered(most=64)
def supply_for(snapshot: Snapshot, question: Question, spec: AccessSpec) -> Supply:
    """Tell what each venue counts: 1, or its capacity, or 0 if it is of no kind asked for."""
    times = times_for(snapshot, question)
    counted = np.array([v.kind in question.kinds for v in _venues(snapshot, times)], dtype=np.bool_)
    if spec.counts == "venues":
        return Supply(counted, counted.astype(np.float64), None)
    capacity = venue_capacities(snapshot, times, spec)
    return Supply(counted, capacity.visits * counted, capacity)


def pairs_for(snapshot: Snapshot, question: Question, minutes: int | None = None) -> Pairs:
    """Give cells' centres and the venues a question counts, within its minutes (or others).

    Raises
    ------
    BadQueryError
        More minutes than the matrices hold.
    """
    times = times_for(snapshot, question)
    venues = _venues(snapshot, times)
    counted = np.array([v.kind in question.kinds for v in venues], dtype=np.bool_)
    demand = snapshot.demand
    pairs = from_times(times, minutes or question.minutes, len(demand.cell), counted)
    if question.own_district:
        codes = list(snapshot.area.districts["adcode"])
        home = np.array([codes.index(v.adcode) if v.adcode in codes else -1 for v in venues])
        pairs = pairs.only(home[pairs.venue] == demand.cell_district[pairs.place])
    return pairs


def cell_people(snapshot: Snapshot) -> Floats:
    """Count the residents of every cell, (n,): all compete, whichever group is asked about."""
    demand = snapshot.demand
    return np.bincount(demand.row_cell, demand.people, len(demand.cell)).astype(np.float64)


@remembered(most=64)
def cell_values(snapshot: Snapshot, question: Question, spec: AccessSpec) -> Floats:
    """Measure the access of every cell, (n,), in the unit of :func:`unit_of`; do not change it.

    NaN is no data: nothing is known of the capacity of all venues in reach; in ``nearest`` no way
    to so many venues. ``availability`` is given per head here (per 100,000 people for venues), so
    that cells compare; areas add it up.

    Raises
    ------
    BadQueryError
        The measure looks further than the matrices of times reach (60 minutes).
    """
    n = len(snapshot.demand.cell)
    if not is_answerable(snapshot, question):
        return np.full(n, np.nan)
    if spec.measure == "nearest":
        times, own = times_for(snapshot, question), question.own_district
        seconds = kth_seconds(times, question.kinds, spec.k, own=own)
        return np.where(seconds < UNREACHED, seconds / 60, np.nan)
    pairs = pairs_for(snapshot, question, _farthest(snapshot, question, spec))
    supply = supply_for(snapshot, question, spec)
    if supply.nothing_known:
        return np.full(n, np.nan)
    crowd = _rivals(snapshot, question) if spec.measure in CATCHMENTS else None
    values = _measured(pairs, cell_people(snapshot), supply.weight, question, spec, crowd)
    # Whoever reaches venues, but none of known capacity, has an unknown access, not none.
    blind = np.zeros(n, dtype=np.bool_)
    blind[pairs.place[supply.untold[pairs.venue]]] = True
    return np.where(blind & (values == 0), np.nan, values)


def _farthest(snapshot: Snapshot, question: Question, spec: AccessSpec) -> int:
    if spec.interval is None:
        return question.minutes
    longest = times_for(snapshot, question).cutoff_s // 60
    if spec.interval[1] > longest:
        raise BadQueryError(
            f"interval 到 {spec.interval[1]} 分钟，而时间矩阵只到 {longest} 分钟",
            f"the interval ends at {spec.interval[1]} minutes, the matrix of times at {longest}",
            param="interval",
            allowed=[f"1-{longest}"],
        )
    return spec.interval[1]


def _rivals(snapshot: Snapshot, question: Question) -> Pairs | None:
    """Give everybody's pairs where the group asked about travels otherwise."""
    everybody = replace(question, group="all")
    mine, theirs = times_for(snapshot, question), times_for(snapshot, everybody)
    if mine is theirs:
        return None
    if mine.venue_ids != theirs.venue_ids:
        raise ValueError("the tables of a snapshot must hold the same venues")
    return pairs_for(snapshot, everybody)


def _measured(
    pairs: Pairs,
    people: Floats,
    supply: Floats,
    question: Question,
    spec: AccessSpec,
    crowd: Pairs | None,
) -> Floats:
    decay = spec.decay or BINARY
    if spec.measure == "cumulative":
        return cumulative(pairs, supply, question.minutes)
    if spec.measure == "cumulative_interval" and spec.interval is not None:
        return cumulative_interval(pairs, supply, *spec.interval)
    if spec.measure == "gravity":
        return gravity(pairs, supply, decay)
    if spec.measure == "3sfca":
        shared = three_step(pairs, people, supply, decay, crowd)
    elif spec.measure == "balanced":
        shared = balanced(pairs, people, supply, decay, crowd)
    else:
        # Availability per head is the two-step measure; areas multiply by their people again.
        shared = two_step(pairs, people, supply, decay, crowd)
    return shared * scale_of(spec)


def describe_access(snapshot: Snapshot, question: Question, spec: AccessSpec) -> Row:
    """Give the measure as understood: decay with its formula, supply with what is known of it."""
    decay = None
    if spec.decay is not None or spec.measure in ("cumulative", "2sfca"):
        decay = (spec.decay or BINARY).told(question.minutes)
    return {
        "measure": spec.measure,
        "unit": unit_of(spec),
        "nearest_k": spec.k if spec.measure == "nearest" else None,
        "interval": list(spec.interval) if spec.interval else None,
        "decay": decay,
        "supply": _describe_supply(snapshot, question, spec),
    }


def _describe_supply(snapshot: Snapshot, question: Question, spec: AccessSpec) -> Row:
    supply = supply_for(snapshot, question, spec)
    counted, capacity = supply.counted, supply.capacity
    known = counted if capacity is None else counted & capacity.known
    assumed = np.zeros_like(counted) if capacity is None else counted & capacity.assumed
    idle = None
    if spec.measure in CATCHMENTS:
        people = cell_people(snapshot)
        pairs = _rivals(snapshot, question) or pairs_for(snapshot, question)
        idle = int(unclaimed(pairs, people, supply.weight, spec.decay or BINARY).sum())
    return {
        "counts": spec.counts,
        "rule": spec.unknown if capacity else None,
        "known": int(known.sum()),
        "from_area": int((counted & capacity.from_area).sum()) if capacity else 0,
        "assumed": int(assumed.sum()),
        "left_out": int(supply.untold.sum()),
        "unclaimed": idle,
        "unit": "人次/年 · visits per year" if capacity else "场馆 · venues",
    }


@remembered(most=64)
def access_rows(
    snapshot: Snapshot, question: Question, spec: AccessSpec, level: str = "district"
) -> list[Row]:
    """Give the items of :func:`~venuenet.publish.answers.coverage`, each with its ``access``.

    Parameters
    ----------
    level : str
        ``district``, ``township`` or ``city``.
    """
    covered = coverage(snapshot, question, level)
    values = cell_values(snapshot, question, spec)
    demand = snapshot.demand
    persons = group_people(demand, question.group)
    flags = _flags(snapshot, question, spec)
    least = snapshot.assumptions.no_data.min_located_share.value
    area = _row_areas(snapshot, level)
    at = np.argsort(area, kind="stable")
    bounds = np.searchsorted(area[at], np.arange(len(covered) + 1))
    rows = []
    for a, row in enumerate(covered):
        if row["share"] is None or persons is None:
            one = _blank(spec, [*_reasons(row), *flags])
        else:
            part = at[bounds[a] : bounds[a + 1]]
            one = _summed(spec, values[demand.row_cell[part]], persons[part], flags, least)
        rows.append({**row, "access": one})
    return rows


def _row_areas(snapshot: Snapshot, level: str) -> NDArray[np.int32]:
    demand = snapshot.demand
    if level == "township":
        return demand.row_township
    if level == CITY:
        return np.zeros(len(demand.people), dtype=np.int32)
    return demand.cell_district[demand.row_cell]


def _reasons(row: Row) -> list[str]:
    return [f for f in row["flags"] if f.startswith("no_data:")]


def _flags(snapshot: Snapshot, question: Question, spec: AccessSpec) -> list[str]:
    """Tell what is assumed behind the measure itself."""
    supply = supply_for(snapshot, question, spec)
    out = [] if spec.measure == "nearest" else ["cell_centre_times"]
    if supply.capacity is None:
        return out
    if supply.nothing_known:
        return ["no_data:capacity_unknown"]
    counted, c = supply.counted, supply.capacity
    for flag, some in (
        ("capacity_from_area", c.from_area),
        ("capacity_assumed", c.assumed),
        ("capacity_unknown", supply.untold),
    ):
        if (counted & some).any():
            out.append(flag)
    return out


def _blank(spec: AccessSpec, flags: Sequence[str]) -> Row:
    empty = dict.fromkeys(("value", "p10", "median", "p90", "people_zero"))
    return {**empty, "unit": unit_of(spec), "flags": list(dict.fromkeys(flags))}


def _summed(
    spec: AccessSpec,
    values: Floats,
    persons: NDArray[np.int64],
    flags: Sequence[str],
    least: float,
) -> Row:
    """Weigh an area's values by its people; no value for those who have none.

    Nor for an area where less than the share ``least`` of its people have one: more unknown than
    known is not an answer.
    """
    if "no_data:capacity_unknown" in flags:
        return _blank(spec, flags)
    here = ~np.isnan(values) & (persons > 0)
    some, weight = values[here], persons[here]
    lost = int(persons[np.isnan(values)].sum())
    nearest = spec.measure == "nearest"
    row = _blank(spec, flags)
    if lost:
        row["flags"].append("some_unreached" if nearest else "some_unknown")
    if not weight.sum() or (not nearest and weight.sum() < least * persons.sum()):
        row["flags"].append("no_data:unreached" if nearest else "no_data:capacity_unknown")
        row["people_zero"] = lost if nearest else None
        return row
    row["people_zero"] = int(weight[some == 0].sum()) + (lost if nearest else 0)
    mean, quantiles = by_people(some, weight, LEVELS)
    if spec.measure == "availability":
        row["value"] = _short(mean * weight.sum() / scale_of(spec))
        row["flags"].append("total_not_mean")
        return row
    row["value"] = _short(mean)
    row |= zip(("p10", "median", "p90"), map(_short, quantiles), strict=True)
    return row


def _short(value: float) -> float:
    """Keep six digits: more would claim what nobody measured."""
    return float(f"{value:.6g}")


def access_csv(rows: Sequence[Row], spec: AccessSpec) -> bytes:
    """Write items of :func:`access_rows` as CSV, as ``csv_files.coverage_csv`` does coverage."""
    columns = [c for c in ACCESS_COLUMNS if c != "township_code" or any(c in r for r in rows)]
    flat = [
        {
            **row,
            **row["access"],
            "measure": spec.measure,
            "flags": list(dict.fromkeys([*row["flags"], *row["access"]["flags"]])),
        }
        for row in rows
    ]
    return to_csv(columns, flat)
