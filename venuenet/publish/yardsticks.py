"""Where districts stand against the yardsticks (对标): the rows every outlet gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from venuenet import yardsticks as pure
from venuenet.errors import BadQueryError
from venuenet.publish.answers import CITY, Row
from venuenet.publish.csv_files import to_csv
from venuenet.publish.metrics import book, measured, people_of
from venuenet.publish.remembered import remembered
from venuenet.publish.snapshot import Snapshot
from venuenet.standards.yardsticks import (
    BASES,
    STANDING_ZH,
    Basis,
    Metric,
    Yardstick,
    load_yardsticks,
)
from venuenet.yardsticks import Floats, Measured

LEVELS = ("district", CITY)
COLUMNS = [
    "yardstick", "adcode", "name_zh", "name_en", "metric", "value", "target", "target_high",
    "unit", "unit_en", "status", "status_zh", "standing", "standing_zh", "distance_people",
    "distance_m2", "distance_venues", "implied_m2", "implied_venues", "rank", "of", "zone_zh",
    "zone_rank", "zone_of", "people", "basis", "known", "unknown", "value_year", "value_source",
    "flags",
]  # fmt: skip


@dataclass(frozen=True)
class Ask:
    """What is asked of the yardsticks; the parameters as understood."""

    basis: Basis = "resident"
    yardstick: str | None = None
    level: str = "district"


def ask_yardsticks(
    snapshot: Snapshot,
    basis: str | None = None,
    yardstick: str | None = None,
    level: str | None = None,
    districts: Sequence[str] = (),
) -> Ask:
    """Understand the parameters.

    Raises
    ------
    BadQueryError
        Naming the parameter and what is allowed; also where it could not change the answer.
    """
    known = book(snapshot)
    for name, value, allowed in (
        ("basis", basis, BASES),
        ("yardstick", yardstick, tuple(known.yardsticks)),
        ("level", level, LEVELS),
    ):
        if value is not None and value not in allowed:
            raise BadQueryError(
                f"{name} 的值“{value[:60]}”无效，可用：{'、'.join(allowed)}",
                f"{name} cannot be {value[:60]!r}; allowed: {', '.join(allowed)}",
                param=name,
                allowed=allowed,
            )
    if districts and level == CITY:
        raise BadQueryError(
            "level=city 是全市一行，不能再选区，请去掉其一",
            "level=city is one row for the whole city; leave out either it or district",
            param="level",
            allowed=["district"],
        )
    registered = basis == "registered"
    if (
        registered
        and yardstick
        and not known.metrics[known.yardsticks[yardstick].metric].per_person
    ):
        raise BadQueryError(
            f"{yardstick} 与人口口径无关，请去掉 basis",
            f"{yardstick} does not depend on whose people are counted; leave out basis",
            param="basis",
            allowed=["resident"],
        )
    return Ask("registered" if registered else "resident", yardstick, level or "district")


def definitions(snapshot: Snapshot) -> list[Row]:
    """Return what each yardstick is, with its metric: ``yardsticks`` of ``GET /standards``."""
    known, out = book(snapshot), []
    for y in known.yardsticks.values():
        m = known.metrics[y.metric]
        about = {f"metric_{k}": getattr(m, k) for k in ("name_zh", "name_en", "note_zh", "note_en")}
        out.append(
            {
                **y.model_dump(mode="json"),
                **about,
                "unit": m.unit,
                "unit_en": m.unit_en,
                "standing_zh": STANDING_ZH[y.standing],
                "suggested": y.standing == "suggested",
            }
        )
    return out


@remembered(most=64)
def yardstick_rows(snapshot: Snapshot, ask: Ask) -> list[Row]:
    """Hold every district, or the city, against the yardsticks asked for.

    Returns
    -------
    list of dict
        ``districts`` of ``GET /standards``: by yardstick, then in GB/T 2260 order. No data is
        None with its reason in ``flags``; where flags hold ``partial`` or ``as_listed`` the
        value is a lower bound (of people per venue an upper one) and distances are upper bounds.
        Do not change them: they are shared.
    """
    known = book(snapshot).yardsticks
    sticks = known.values() if ask.yardstick is None else [known[ask.yardstick]]
    return [row for y in sticks for row in _rows(snapshot, y, ask)]


def _rows(snapshot: Snapshot, y: Yardstick, ask: Ask) -> list[Row]:
    metric = book(snapshot).metrics[y.metric]
    basis: Basis = ask.basis if metric.per_person else "resident"
    keys = _keys(snapshot, ask.level)
    found, flags, told = measured(snapshot, y.metric, ask.level, basis)
    city = people_of(snapshot, CITY, basis)[0]
    target, high = y.target(None if np.isnan(city) else float(city))
    targets = _targets(snapshot, y, [k["adcode"] for k in keys], target)
    status, unsure = _statuses(metric, y, found, targets)
    people = people_of(snapshot, ask.level, basis)
    apart = _distances(metric, y, found, people, targets)
    standing = y.standing_for(ask.level, basis if metric.per_person else None)
    zones = [k.pop("zone_zh") for k in keys]
    sure = np.where(["partial" in f for f in flags], np.nan, found.value)
    rank, zone_rank = pure.ranks(sure, y.direction), pure.ranks_within(sure, y.direction, zones)
    if ask.level == CITY:
        rank = zone_rank = np.zeros_like(rank)
    rows = []
    for a, key in enumerate(keys):
        in_zone = sum(z == zones[a] and r > 0 for z, r in zip(zones, zone_rank, strict=True))
        said = told[a]
        rows.append(
            {
                "yardstick": y.id,
                **key,
                "metric": metric.id,
                "value": _number(found.value[a]),
                "target": _number(targets[a]),
                "target_high": high if targets[a] == target else None,
                "unit": metric.unit,
                "unit_en": metric.unit_en,
                "status": status[a],
                "status_zh": pure.STATUS_ZH[status[a]],
                "standing": standing,
                "standing_zh": STANDING_ZH[standing],
                **{name: _number(x[a], name) for name, x in apart.items()},
                "rank": int(rank[a]) or None,
                "of": int(np.count_nonzero(rank)) or None,
                "zone_zh": zones[a] or None,
                "zone_rank": int(zone_rank[a]) or None,
                "zone_of": int(in_zone) or None,
                "people": None if np.isnan(people[a]) else int(people[a]),
                "basis": basis,
                "known": int(found.known[a]),
                "unknown": int(found.unknown[a]),
                "value_year": said.year if said else None,
                "value_source": said.source if said else None,
                "flags": [*flags[a], *_more_flags(metric, found, targets, high, a), *unsure[a]],
            }
        )
    return rows


def _keys(snapshot: Snapshot, level: str) -> list[Row]:
    area = snapshot.area
    if level == CITY:
        names = {"name_zh": area.meta.name_zh, "name_en": area.meta.name_en}
        return [{"adcode": None, **names, "zone_zh": ""}]
    frame = area.districts[["adcode", "name_zh", "name_en", "zone_zh"]]
    return [dict(zip(frame.columns, r, strict=True)) for r in frame.itertuples(index=False)]


def _targets(
    snapshot: Snapshot, y: Yardstick, codes: Sequence[str | None], shipped: float | None
) -> Floats:
    """Return each area's target: its own, else the user's for the whole city, else the shipped."""
    own = book(snapshot).targets
    asked = [own.get((y.id, c), own.get((y.id, None), shipped)) for c in codes]
    return np.array([np.nan if t is None else t for t in asked], dtype=np.float64)


def _statuses(
    metric: Metric, y: Yardstick, found: Measured, target: Floats
) -> tuple[list[pure.Status], list[list[str]]]:
    """Grade every area; a share by its value, flagged where its interval does not agree."""
    near = load_yardsticks().near_share.value
    sure = pure.statuses(found.low, found.high, target, y.direction, near)
    if metric.measure != "share":
        return sure, [[] for _ in sure]
    status = pure.statuses(found.value, found.value, target, y.direction, near)
    return status, [
        ["status_uncertain"] if a != b else [] for a, b in zip(status, sure, strict=True)
    ]


def _distances(
    metric: Metric, y: Yardstick, found: Measured, people: Floats, target: Floats
) -> dict[str, Floats]:
    """Return how far areas are from their targets, in people, m² and venues; NaN where unasked."""
    none = np.full(len(people), np.nan)
    names = ("distance_people", "distance_m2", "distance_venues", "implied_m2", "implied_venues")
    out = dict.fromkeys(names, none)
    natural = "at_most" if metric.measure == "heads_per" else "at_least"
    if y.direction != natural:
        return out
    if metric.measure == "share":
        out["distance_people"] = pure.missing(found.amount, people, target, 1, whole=True)
    elif metric.measure == "count":
        out["distance_venues"] = pure.missing(found.amount, 1, target, 1, whole=True)
    elif metric.per_person:
        # One venue for so many people is one per so many people.
        rate, per = (1.0, target) if metric.measure == "heads_per" else (target, metric.per)
        venues = metric.of == "venues"
        unit = "venues" if venues else "m2"
        wanted = pure.implied(people, rate, per)
        out[f"implied_{unit}"] = np.ceil(wanted * (1 - pure.TOLERANCE)) if venues else wanted
        out[f"distance_{unit}"] = pure.missing(found.amount, people, rate, per, whole=venues)
        out["distance_people"] = pure.people_beyond(found.amount, people, rate, per)
    return out


def _more_flags(
    metric: Metric, found: Measured, target: Floats, high: float | None, a: int
) -> list[str]:
    flags = ["no_target"] if np.isnan(target[a]) else []
    crowded = metric.measure == "visits_per_m2" and high is not None and found.value[a] > high
    return [*flags, "above_band"] if crowded else flags


def _number(value: float, name: str = "") -> float | int | None:
    """Return a plain number, whole for persons and venues; None for NaN and inf."""
    if not np.isfinite(value):
        return None
    if name.endswith(("people", "venues")):
        return int(value)
    return round(float(value), 1) if name.endswith("m2") else float(value)


def yardsticks_csv(rows: Sequence[Row]) -> bytes:
    """Write the rows as CSV for a spreadsheet; blank is no data, never zero."""
    return to_csv(COLUMNS, rows)
