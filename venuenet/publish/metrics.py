"""What districts are measured by: the metrics of a snapshot, and what users told instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from venuenet import yardsticks as pure
from venuenet.coverage import located
from venuenet.model import Standard
from venuenet.publish.answers import CITY, Row, coverage
from venuenet.publish.remembered import remembered
from venuenet.publish.snapshot import Snapshot
from venuenet.questions import parse_question
from venuenet.standards.yardsticks import (
    Basis,
    Metric,
    Yardstick,
    load_yardsticks,
)
from venuenet.yardsticks import Floats, Measured


@dataclass(frozen=True)
class Told:
    """What a user's indicators or a survey say of one metric in one area."""

    value: float
    year: int | None
    source: str
    flag: str


@dataclass(frozen=True)
class Book:
    """Everything a snapshot is held against: the tool's yardsticks, its standards, the user's own.

    ``targets`` and ``told`` are by id (yardstick, metric) and adcode, None for the city.
    """

    metrics: Mapping[str, Metric]
    yardsticks: Mapping[str, Yardstick]
    targets: Mapping[tuple[str, str | None], float]
    told: Mapping[tuple[str, str | None], Told]


@remembered(most=8)
def book(snapshot: Snapshot) -> Book:
    """Gather what a snapshot is held against."""
    shipped, area = load_yardsticks(), snapshot.area.meta.id
    metrics = {m.id: m for m in shipped.metrics} | {s.id: _share(s) for s in snapshot.standards}
    sticks = {y.id: y for y in shipped.yardsticks if y.area in (None, area)}
    sticks |= {s.id: _access(s) for s in snapshot.standards}
    told: dict[tuple[str, str | None], Told] = {
        (m.id, None): Told(o.value, o.year, o.source, f"value_of:{o.year}")
        for m in shipped.metrics
        for o in m.observed
        if o.area == area
    }
    targets: dict[tuple[str, str | None], float] = {}
    rows = sorted(extras(snapshot).get("indicators", []), key=lambda r: r["year"] or 0)
    for row in rows:  # the latest year last: it stands
        key = row["indicator"], row["adcode"]
        if row["value"] is not None:
            told[key] = Told(row["value"], row["year"], row["source"], "user_value")
        metrics.setdefault(row["indicator"], _given(row))
        if row["target"] is not None:
            targets[key] = row["target"]
        if row["target"] is not None or metrics[row["indicator"]].measure == "given":
            sticks[row["indicator"]] = _own(row)
    return Book(metrics, sticks, targets, told)


def extras(snapshot: Snapshot) -> Mapping[str, Any]:
    """Return what the user imported before the build: population, indicators, objectives."""
    found: Mapping[str, Any] = snapshot.manifest.parameters.get("extras") or {}
    return found


def _share(standard: Standard) -> Metric:
    return Metric(
        id=standard.id, name_zh=f"{standard.name_zh}人口比例",
        name_en=f"{standard.name_en}, share of people",
        unit="比例", unit_en="share", measure="share",
    )  # fmt: skip


def _access(standard: Standard) -> Yardstick:
    return Yardstick(
        id=standard.id, name_zh=f"{standard.name_zh}人口比例",
        name_en=f"{standard.name_en}, share of people", metric=standard.id,
        direction="at_least", standing="suggested", applies_to="district",
        source=standard.source, confidence=standard.confidence,
    )  # fmt: skip


def _given(row: Row) -> Metric:
    return Metric(
        id=row["indicator"], name_zh=row["name_zh"], name_en=row["name_en"] or row["name_zh"],
        unit=row["unit"], unit_en=row["unit"], measure="given",
    )  # fmt: skip


def _own(row: Row) -> Yardstick:
    return Yardstick(
        id=row["indicator"], name_zh=row["name_zh"], name_en=row["name_en"] or row["name_zh"],
        metric=row["indicator"], direction=row["direction"], standing="own",
        applies_to="district", year=row["year"], source=row["source"], confidence="自定",
    )  # fmt: skip


@remembered(most=64)
def people_of(snapshot: Snapshot, level: str, basis: Basis) -> Floats:
    """Return the people of each area; NaN where nobody told."""
    frame = snapshot.area.districts
    if basis == "resident":
        people: Floats = frame["people"].to_numpy(np.float64)
        return people if level != CITY else people.sum(keepdims=True)
    given = extras(snapshot).get("population", {})
    people = np.array([given.get(a, {}).get("registered", np.nan) for a in frame["adcode"]], float)
    if level == CITY:
        return np.array([given.get(CITY, {}).get("registered", people.sum())], dtype=np.float64)
    return people


def _venues(snapshot: Snapshot, metric: Metric, level: str) -> tuple[NDArray[np.int32], Row]:
    """Return the area of every venue of the metric's class, -1 for others, and their figures."""
    venues = snapshot.area.venues
    position = {a: i for i, a in enumerate(snapshot.area.districts["adcode"])}
    area = np.full(len(venues), -1, dtype=np.int32)
    for i, v in enumerate(venues):
        named = not metric.words or any(w in v.name_zh for w in metric.words)
        if named and v.kind in metric.kinds and v.status in ("open", "unknown"):
            area[i] = 0 if level == CITY else position.get(v.adcode or "", -1)
    surely = np.array([v.status == "open" for v in venues], dtype=bool)
    # A list's own column: a Venue does not carry it.
    building = pd.to_numeric(
        snapshot.area.venue_table.get("building_m2", pd.Series(np.nan, range(len(venues)))),
        errors="coerce",
    ).to_numpy(np.float64)
    figures: Row = {
        "venues": np.ones(len(venues)),
        "building_m2": np.where(building >= 0, building, np.nan),
        "exhibition_m2": np.array([v.exhibition_m2 for v in venues], dtype=np.float64),
        "visits": np.array([v.visits_per_year for v in venues], dtype=np.float64),
    }
    return area, {k: np.where(surely, x, np.nan) for k, x in figures.items()}


@remembered(most=512)
def measured(
    snapshot: Snapshot, metric_id: str, level: str = "district", basis: Basis = "resident"
) -> tuple[Measured, list[list[str]], list[Told | None]]:
    """Measure one metric of every district, or of the city.

    Returns
    -------
    Measured
        In the metric's unit; a user's own value takes the place of what would be computed.
    list of list of str
        Flags by area.
    list of Told, optional
        Who told the value, where it was not computed.
    """
    metric = book(snapshot).metrics[metric_id]
    people = people_of(snapshot, level, basis)
    n = len(people)
    if metric.measure == "share":
        found, flags = _covered(snapshot, metric_id, level)
    elif metric.measure == "given":
        nothing, none = np.full(n, np.nan), np.zeros(n, dtype=np.int64)
        found = Measured(nothing, nothing, nothing, nothing, none, none)
        flags = [["no_data:not_imported"] for _ in range(n)]
    else:
        found, flags = _listed(snapshot, metric, level, people)
    if metric.per_person:
        for a in np.flatnonzero(np.isnan(people)):
            flags[a] = ["no_data:no_registered_population"]
    codes = [None] if level == CITY else list(snapshot.area.districts["adcode"])
    tell = [book(snapshot).told.get((metric_id, code)) for code in codes]
    given = np.array([np.nan if t is None else t.value for t in tell])
    flags = [f if t is None else [t.flag] for f, t in zip(flags, tell, strict=True)]
    return _replaced(found, given, metric, people), flags, tell


def _covered(snapshot: Snapshot, standard: str, level: str) -> tuple[Measured, list[list[str]]]:
    question = parse_question(snapshot.standards, (), standard=standard)
    rows = coverage(snapshot, question, level)
    share, low, high, covered = (
        np.array([r[name] for r in rows], dtype=np.float64)
        for name in ("share", "low", "high", "covered")
    )
    seen = located(snapshot.area.venues, question.kinds)
    known = np.full(len(rows), seen.located, dtype=np.int64)
    found = Measured(share, low, high, covered, known, seen.open - known)
    return found, [list(r["flags"]) for r in rows]


def _listed(
    snapshot: Snapshot, metric: Metric, level: str, people: Floats
) -> tuple[Measured, list[list[str]]]:
    """Measure what the venue list tells."""
    area, figures = _venues(snapshot, metric, level)
    n, complete = len(people), not metric.incomplete
    amounts = figures[metric.of or "visits"]
    if metric.measure == "visits_per_m2":
        hall = figures["exhibition_m2"]
        both = np.where(hall > 0, amounts, np.nan) + 0 * hall
        top, known, unknown = pure.sum_known(area, both, n)
        bottom, *_ = pure.sum_known(area, np.where(np.isnan(both), np.nan, hall), n)
        found = pure.ratio(top, bottom, known, unknown)
    else:
        total, known, unknown = pure.sum_known(area, amounts, n)
        if metric.measure == "count":
            found = pure.count(known, unknown, complete=complete)
        elif metric.measure == "heads_per":
            found = pure.heads_per(known, unknown, people)
        elif metric.of == "venues":
            found = pure.counted_per_head(known, unknown, people, metric.per, complete=complete)
        else:
            found = pure.per_head(total, known, unknown, people, metric.per)
    counted = metric.of == "venues"
    return found, [
        _told_flags(counted, metric, int(k), int(u)) for k, u in zip(known, unknown, strict=True)
    ]


def _told_flags(counted: bool, metric: Metric, known: int, unknown: int) -> list[str]:
    """Tell what the list does not say of one area's venues."""
    flags = ["as_listed"] if counted else []
    if not counted and known == 0:
        return ["no_data:figures_unknown" if unknown else "no_data:no_venue"]
    if counted and metric.measure == "heads_per" and known == 0:
        flags.append("no_venue")
    if unknown:
        flags.append("status_unverified" if counted else "partial")
    return [*flags, *metric.flags]


def _replaced(found: Measured, given: Floats, metric: Metric, people: Floats) -> Measured:
    """Put a user's own values in the place of those computed."""
    own = ~np.isnan(given)
    amount = {
        "per_head": given * people / metric.per,
        "share": given * people,
        "count": given,
        "heads_per": people / np.where(given > 0, given, np.nan),
    }.get(metric.measure, given)
    return replace(
        found,
        value=np.where(own, given, found.value),
        low=np.where(own, given, found.low),
        high=np.where(own, given, found.high),
        amount=np.where(own, amount, found.amount),
    )
