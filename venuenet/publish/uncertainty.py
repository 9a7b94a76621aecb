"""Uncertainty for every outlet: bounds, what is usual among draws, and what matters most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from venuenet.coverage import covered_people, covered_rows, group_people, inside_without
from venuenet.draws import VenueDoubt, draw_covered
from venuenet.errors import BadQueryError
from venuenet.model import VARIANTS, LocatedVenue, Question
from venuenet.publish.answers import Row, coverage, demand_doubt, doubtful_venues, times_for
from venuenet.publish.csv_files import to_csv
from venuenet.publish.how import asked_traveller
from venuenet.publish.remembered import remembered
from venuenet.publish.snapshot import Snapshot
from venuenet.uncertainty import area_bounds

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
DRAWS, LEAST_DRAWS, MOST_DRAWS = 200, 50, 1000
SEED, MOST_SEED = 1, 2**32 - 1
LEVELS = {"p5": 5, "p50": 50, "p95": 95}
SOURCES = ("demand", "position_travel", "opening")
"""What may be off; positions and a day's departures are kept together and cannot be told apart."""

COLUMNS = (
    "adcode", "name_zh", "name_en", "people", "covered", "share", "low", "high", "p5", "p50",
    "p95", "mean", *(f"{source}_{end}" for source in SOURCES for end in ("low", "high")),
    "main_source", "flags",
)  # fmt: skip


@dataclass(frozen=True)
class Draws:
    """How many draws, and which: the same seed gives the same draws."""

    draws: int = DRAWS
    seed: int = SEED


def parse_draws(
    snapshot: Snapshot, question: Question, draws: str | None, seed: str | None
) -> Draws:
    """Understand ``draws`` and ``seed``, and refuse questions that cannot be drawn.

    Raises
    ------
    BadQueryError
        A number is not whole or out of bounds, or the question is ``own_district`` or
        ``capacitated``: times of these are kept without their venues.
    """
    own = [s.id for s in snapshot.standards if s.own_district]
    for name in ("own_district", "capacitated"):
        if getattr(question, name):
            brought = name == "own_district" and question.standard in own
            others = [s.id for s in snapshot.standards if s.id not in own]
            raise BadQueryError(
                f"{name} 的覆盖没有逐馆的时间可供抽样，请去掉该参数；其界限见 coverage",
                f"coverage under {name} keeps no times by venue to draw from; leave it out, or see "
                "coverage for its bounds",
                param="standard" if brought else name,
                allowed=others if brought else ["false"],
            )
    return Draws(
        _whole("draws", draws, LEAST_DRAWS, MOST_DRAWS, DRAWS),
        _whole("seed", seed, 0, MOST_SEED, SEED),
    )


def _whole(param: str, text: str | None, least: int, most: int, default: int) -> int:
    if text is None:
        return default
    if text.isascii() and text.isdigit() and len(text) <= len(str(most)):
        number = int(text)
        if least <= number <= most:
            return number
    raise BadQueryError(
        f"{param} 应为 {least} 到 {most} 的整数，收到“{text[:60]}”",
        f"{param} must be a whole number from {least} to {most}, got “{text[:60]}”",
        param=param,
        allowed=[f"{least}..{most}"],
    )


def describe_uncertainty(snapshot: Snapshot, asked: Draws) -> Row:
    """Return the parameters as understood, and what is assumed of how far things may be off."""
    assumed = snapshot.assumptions.uncertainty.model_dump(mode="json")
    return {"draws": asked.draws, "seed": asked.seed, "assumed": assumed}


@remembered(most=64)
def uncertainty_answer(
    snapshot: Snapshot, question: Question, asked: Draws, adcodes: tuple[str, ...] = ()
) -> Row:
    """Answer ``GET /uncertainty``: ``items`` and ``total``. Do not change them: they are shared.

    Parameters
    ----------
    adcodes : tuple of str
        Only these districts, in the total too; none means all.
    """
    rows = coverage(snapshot, question)
    wanted = [i for i, r in enumerate(rows) if not adcodes or r["adcode"] in adcodes]
    drawn = _drawn(snapshot, question, asked)
    sources = _by_source(snapshot, question)
    items = [
        {name: rows[i][name] for name in ("adcode", "name_zh", "name_en")}
        | _item([rows[i]], drawn, sources, [i])
        for i in wanted
    ]
    meta = snapshot.area.meta
    names = ("合计", "Total") if adcodes else (meta.name_zh, meta.name_en)
    total = {"adcode": None, "name_zh": names[0], "name_en": names[1]}
    return {
        "items": items,
        "total": total | _item([rows[i] for i in wanted], drawn, sources, wanted),
    }


def _item(
    rows: list[Row],
    drawn: Floats | None,
    sources: Mapping[str, tuple[Ints, Ints] | None],
    at: list[int],
) -> Row:
    """Answer for districts taken together: bounds add up, draws are added draw by draw."""
    flags = list(dict.fromkeys(flag for row in rows for flag in row["flags"]))
    known = all(row["people"] is not None for row in rows)
    people = sum(row["people"] for row in rows) if known else None
    if drawn is None or not people or any(r["share"] is None and r["people"] for r in rows):
        numbers = dict.fromkeys(("covered", "share", "low", "high", *LEVELS, "mean"))
        blank = dict.fromkeys(SOURCES)
        return {
            "people": people,
            **numbers,
            "by_source": blank,
            "main_source": None,
            "flags": flags,
        }
    # A district's bounds are whole persons over its people.
    ends = {e: sum(round((r[e] or 0) * r["people"]) for r in rows) for e in ("low", "high")}
    share = np.clip(drawn[:, at].sum(axis=1), ends["low"], ends["high"]) / people
    covered = sum(row["covered"] or 0 for row in rows)
    by_source = {
        name: None
        if found is None
        else {"low": int(found[0][at].sum()) / people, "high": int(found[1][at].sum()) / people}
        for name, found in sources.items()
    }
    width = {n: s["high"] - s["low"] for n, s in by_source.items() if s is not None}
    widest = max(width, key=lambda name: width[name])
    return {
        "people": people,
        "covered": covered,
        "share": covered / people,
        **{end: value / people for end, value in ends.items()},
        **{name: float(np.percentile(share, level)) for name, level in LEVELS.items()},
        "mean": float(share.mean()),
        "by_source": by_source,
        "main_source": widest if width[widest] > 0 else None,
        "flags": flags,
    }


def _drawn(snapshot: Snapshot, question: Question, asked: Draws) -> Floats | None:
    """Persons covered by draw and district; None where nothing is known of the group."""
    demand, times = snapshot.demand, times_for(snapshot, question)
    persons = group_people(demand, question.group)
    if persons is None:
        return None
    rules = snapshot.assumptions.uncertainty
    precision = {
        v.venue_id: v.precision_m for v in snapshot.area.venues if isinstance(v, LocatedVenue)
    }
    doubtful = doubtful_venues(snapshot)
    pace = seconds_per_metre(snapshot, question)
    venues = VenueDoubt(
        off_s=np.array([precision[v] * pace for v in times.venue_ids], dtype=np.float64),
        doubtful=np.array([v in doubtful for v in times.venue_ids], dtype=np.bool_),
        open_probability=rules.open_probability.value,
    )
    return draw_covered(
        demand, times, question, persons, venues, demand_doubt(snapshot),
        1000 * rules.error_km.value, draws=asked.draws, seed=asked.seed,
    )  # fmt: skip


def seconds_per_metre(snapshot: Snapshot, question: Question) -> float:
    """Seconds a metre of a venue's position costs: the last metres are walked, or driven.

    Draws alone use it, and never leave what the times with venues moved say, so an average will do.
    """
    rules = snapshot.assumptions
    if question.mode == "drive":
        return rules.drive.detour.value * 3.6 / rules.drive.default_speed_kmh.value
    who, said = asked_traveller(snapshot, question)["id"], snapshot.manifest.parameters
    known = {
        **((said.get("travel") or {}).get("rules") or {}).get("travellers", {}),
        **((said.get("groups") or {}).get("travellers") or {}),
    }.get(who)
    ratio = 1.0 if known is None else known["walk_ratio"]["value"]
    return float(rules.walk.detour.value * 3.6 / (rules.walk.speed_kmh.value * ratio))


def _by_source(snapshot: Snapshot, question: Question) -> Mapping[str, tuple[Ints, Ints] | None]:
    """Persons covered per district, fewest and most, where one source alone is not known for sure.

    ``demand``: people off by their factors, everything else as given. ``opening``: the venues of
    unknown opening closed; they count as open in the answer, so its high is the answer.
    ``position_travel``: ``late`` and ``early``, with what closing them costs given back; nothing
    kept tells a moved venue from a slow departure.
    """
    demand, times = snapshot.demand, times_for(snapshot, question)
    persons = group_people(demand, question.group)
    if persons is None:
        return dict.fromkeys(SOURCES)
    district, n = demand.cell_district[demand.row_cell], len(snapshot.area.districts)

    def total(rows: Ints) -> Ints:
        return np.bincount(district, rows, n).astype(np.int64)

    found = {v: covered_rows(demand, times, question, persons, v) for v in VARIANTS}
    point, closed = found["point"], found["point"]
    doubtful = doubtful_venues(snapshot).intersection(times.venue_ids)
    where = inside_without(times, question, doubtful) if doubtful else None
    if where is not None:
        closed = covered_people(demand, persons, np.count_nonzero(where, axis=1), times.samples)
    given = total(point)
    lost = given - total(closed)
    doubt = demand_doubt(snapshot)
    return {
        "demand": area_bounds(demand, persons, point, point, district, n, doubt),
        "position_travel": (total(found["late"]) + lost, total(found["early"])),
        "opening": (given - lost, given),
    }


def uncertainty_csv(answer: Row) -> bytes:
    """Write items and total as CSV, UTF-8 with a byte-order mark; blank means no data."""
    flat = [
        row
        | {
            f"{source}_{end}": None if ends is None else ends[end]
            for source, ends in row["by_source"].items()
            for end in ("low", "high")
        }
        for row in (*answer["items"], answer["total"])
    ]
    return to_csv(COLUMNS, flat)
