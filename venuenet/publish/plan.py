"""How far the plan's objectives have come: the rows of ``GET /plan`` and ``venuenet plan``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np

from venuenet.plan import PERIODS, period_of, progress
from venuenet.publish.answers import CITY, Row
from venuenet.publish.csv_files import to_csv
from venuenet.publish.metrics import book, extras, measured
from venuenet.publish.snapshot import Snapshot

COLUMNS = [
    "objective", "name_zh", "name_en", "adcode", "area_zh", "area_en", "metric", "metric_zh",
    "metric_en", "unit", "baseline", "baseline_date", "baseline_from", "target", "target_date",
    "period", "period_zh", "period_en", "now", "now_date", "before", "before_date", "progress",
    "expected", "on_track", "reached", "owner", "source", "flags",
]  # fmt: skip


def periods() -> list[Row]:
    """Return the plan periods that are named: id, names, first and last year."""
    return [dict(zip(("id", "zh", "en", "first", "last"), p, strict=True)) for p in PERIODS]


def plan_rows(
    snapshot: Snapshot, earlier: Snapshot | None = None, adcodes: Sequence[str] = ()
) -> list[Row]:
    """Measure every objective the user imported.

    Parameters
    ----------
    snapshot : Snapshot
        As things stand; its as-of date is today.
    earlier : Snapshot, optional
        An earlier build: the value ``before``, and the baseline of objectives without one.
    adcodes : sequence of str
        Districts; none means all, objectives of the whole city among them.

    Returns
    -------
    list of dict
        In the order imported. ``progress`` 0 at the baseline, 1 at the target, linear between;
        None with a reason in ``flags`` where a number is missing.
    """
    rows = extras(snapshot).get("objectives", [])
    return [_row(r, snapshot, earlier) for r in rows if not adcodes or r["adcode"] in adcodes]


def _row(asked: Row, snapshot: Snapshot, earlier: Snapshot | None) -> Row:
    metric = book(snapshot).metrics.get(asked["metric"])
    now, flags = _value(snapshot, asked["metric"], asked["adcode"])
    today = snapshot.manifest.as_of
    before, before_date = None, None
    if earlier is not None:
        before, _ = _value(earlier, asked["metric"], asked["adcode"])
        before_date = earlier.manifest.as_of
    baseline, begins, source = asked["baseline"], _day(asked["baseline_date"]), "given"
    if baseline is None:
        baseline, begins, source = before, before_date, "snapshot"
    ends = dt.date.fromisoformat(asked["target_date"])
    done = progress(baseline, asked["target"], now, begins, ends, today)
    if baseline is None:
        flags.append("no_baseline")
    if begins is None:
        flags.append("no_baseline_date")
    if today > ends and not done.reached:
        flags.append("overdue")
    period = period_of(ends) or (None, None, None)
    zh, en = _names(snapshot, asked["adcode"])
    return {
        **{n: asked[n] for n in ("objective", "name_zh", "name_en", "adcode")},
        "area_zh": zh,
        "area_en": en,
        "metric": asked["metric"],
        "metric_zh": metric.name_zh if metric else None,
        "metric_en": metric.name_en if metric else None,
        "unit": metric.unit if metric else None,
        "baseline": baseline,
        "baseline_date": begins.isoformat() if begins else None,
        "baseline_from": source if baseline is not None else None,
        "target": asked["target"],
        "target_date": asked["target_date"],
        **dict(zip(("period", "period_zh", "period_en"), period, strict=True)),
        "now": now,
        "now_date": today.isoformat(),
        "before": before,
        "before_date": before_date.isoformat() if before_date else None,
        "progress": done.done,
        "expected": done.expected,
        "on_track": done.on_track,
        "reached": done.reached,
        "owner": asked["owner"],
        "source": asked["source"],
        "flags": flags,
    }


def _value(snapshot: Snapshot, metric: str, adcode: str | None) -> tuple[float | None, list[str]]:
    """Return a metric's value in one area, on residents; None where there is no data."""
    if metric not in book(snapshot).metrics:
        return None, ["no_data:unknown_metric"]
    codes = list(snapshot.area.districts["adcode"])
    if adcode is not None and adcode not in codes:
        return None, ["no_data:unknown_district"]
    found, flags, _ = measured(snapshot, metric, CITY if adcode is None else "district")
    at = 0 if adcode is None else codes.index(adcode)
    value = float(found.value[at])
    return value if np.isfinite(value) else None, list(flags[at])


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _names(snapshot: Snapshot, adcode: str | None) -> tuple[str | None, str | None]:
    if adcode is None:
        return snapshot.area.meta.name_zh, snapshot.area.meta.name_en
    for d in snapshot.area.districts.itertuples():
        if d.adcode == adcode:
            return str(d.name_zh), str(d.name_en)
    return None, None


def plan_csv(rows: Sequence[Row]) -> bytes:
    """Write the rows as CSV for a spreadsheet; blank is no data, never zero."""
    return to_csv(COLUMNS, rows)
