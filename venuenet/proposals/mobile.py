"""Mobile hall routes for those whom no venue covers: stops, days and times as plain values.

Everything that is not data is an assumption and stands in the answer under ``assumptions``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from venuenet.proposals.mobile_apart import routes_apart
from venuenet.proposals.mobile_ask import MobileRequest, clock
from venuenet.proposals.mobile_places import (
    MOST_STOPS,
    Depot,
    Floats,
    Ints,
    Stop,
    district_rows,
    drive_seconds,
    find_depot,
    find_stops,
    in_reach,
    uncovered_people,
)
from venuenet.publish.answers import Row, is_answerable
from venuenet.publish.csv_files import to_csv
from venuenet.publish.geo import Json, credits, describe
from venuenet.publish.how import describe_travel, travel_flags
from venuenet.publish.snapshot import Snapshot
from venuenet.siting.daytrips import Season
from venuenet.siting.routes import Routes, best_routes, day_seconds, shortest, too_far
from venuenet.siting.types import Limits

STOP_COLUMNS = [
    "day", "order", "stop_id", "source", "name_zh", "name_en", "adcode", "township_code", "lon",
    "lat", "arrive", "leave", "drive_minutes", "people", "people_in_reach", "flags",
]  # fmt: skip
REASONS: dict[str, tuple[str, str]] = {
    "nobody": ("附近没有未覆盖的居民", "nobody uncovered lives in reach"),
    "too_far": ("一天内无法往返", "too far to be there and back within a day"),
    "served": ("其居民可到其他所选站点", "its people reach other stops of the plan"),
    "season": ("天数不够", "the season is too short"),
    "fewest": (
        "超出站点上限，人数最少",
        "beyond the number of stops looked at, with fewest people",
    ),
}
LABEL = (
    "示意图：直线表示站点顺序，不是道路走向",
    "A sketch: straight lines show the order of stops, not the roads",
)


@dataclass(frozen=True)
class _Ground:
    """What the plan is made on: stops, who is in their reach, and the ways between them.

    ``cells`` are those with uncovered people; ``metres`` (cells, stops) inf beyond the reach;
    ``drive`` (stops + 1, stops + 1) seconds, the depot first; ``fewest`` were not looked at.
    """

    depot: Depot
    stops: Sequence[Stop]
    cells: Ints
    people: Ints
    metres: Floats
    drive: Floats
    engine: str
    estimated: bool
    fewest: NDArray[np.bool_]


@lru_cache(maxsize=64)
def mobile_answer(
    snapshot: Snapshot,
    request: MobileRequest,
    networks: Path | None = None,
    *,
    apart: bool = False,
) -> Row:
    """Plan a season of the mobile hall.

    Parameters
    ----------
    snapshot : Snapshot
    request : MobileRequest
    networks : Path, optional
        The folder of the user's own roads.
    apart : bool
        Whether to search in a process of its own, as a service must.

    Returns
    -------
    dict
        The answer of ``GET /mobile`` but for its envelope; shared, not to be changed. People are
        None with a flag where coverage is not known.

    Raises
    ------
    BadQueryError, UnknownNameError
        A depot that cannot be used.
    """
    depot = find_depot(snapshot, request)
    left = uncovered_people(snapshot, request)
    why = _no_data(snapshot, request, left)
    if why is not None or left is None:
        return _answer(snapshot, request, depot, None, None, [why or ""])
    ground = _ground(snapshot, request, depot, left, networks)
    reach = np.isfinite(ground.metres) & ~ground.fewest
    search = routes_apart if apart else best_routes
    routes = search(
        ground.drive, reach, ground.people, season_of(request), Limits(request.time_limit_s)
    )
    return _answer(snapshot, request, depot, ground, routes, [])


def season_of(request: MobileRequest) -> Season:
    """Return a request's days as the model counts them."""
    stop = 60 * (request.stop_minutes + request.set_up_minutes)
    return Season(request.days, int(3600 * request.hours), stop)


def _no_data(snapshot: Snapshot, request: MobileRequest, left: Ints | None) -> str | None:
    if left is None or not district_rows(snapshot, request):
        return "no_data:group_unknown"
    return None if is_answerable(snapshot, request.question) else "no_data:venues_unlocated"


def _ground(
    snapshot: Snapshot, request: MobileRequest, depot: Depot, left: Ints, networks: Path | None
) -> _Ground:
    stops = find_stops(snapshot, request, left)
    cells = np.flatnonzero(left > 0)
    metres = in_reach(snapshot, stops, cells, request.reach_km)
    size = left[cells] @ np.isfinite(metres)
    fewest = np.ones(len(stops), dtype=np.bool_)
    fewest[np.argsort(-size, kind="stable")[:MOST_STOPS]] = False
    drive, engine, estimated = drive_seconds(snapshot, depot, stops, networks)
    return _Ground(depot, stops, cells, left[cells], metres, drive, engine, estimated, fewest)


def _answer(
    snapshot: Snapshot,
    request: MobileRequest,
    depot: Depot,
    ground: _Ground | None,
    routes: Routes | None,
    flags: list[str],
) -> Row:
    answer: Row = {
        "request": describe_request(request),
        "depot": {**depot.__dict__},
        "assumptions": assumptions(request, depot),
        "uncovered": None,
        "in_reach_of_stops": None,
        "people": None,
        "bound": None,
        "gap": None,
        "status": "no_data",
        "method": None,
        "cut_short": False,
        "candidates": dict.fromkeys(request.stops, 0),
        "drive": None,
        "day_totals": [],
        "items": [],
        "left_out": [],
        "flags": flags,
    }
    if ground is None or routes is None:
        return answer
    ways = shortest(ground.drive)
    days, items = _days(request, ground, routes, ways)
    gap = None if not np.isfinite(routes.gap) else round(routes.gap, 6)
    more = ["mobile_assumptions", "demand_modelled", *travel_flags(snapshot, request.question)]
    if ground.estimated:
        more.append("drive_estimated")
    if routes.cut_short:
        more.append("time_limit")
    zh, en = _drive_words(ground)
    return answer | {
        "uncovered": int(ground.people.sum()),
        "in_reach_of_stops": int(ground.people[np.isfinite(ground.metres).any(axis=1)].sum()),
        "people": routes.people,
        "bound": routes.bound,
        "gap": gap,
        "status": routes.status,
        "method": routes.method,
        "cut_short": routes.cut_short,
        "candidates": {s: sum(x.source == s for x in ground.stops) for s in request.stops},
        "drive": {"engine": ground.engine, "estimated": ground.estimated, "zh": zh, "en": en},
        "day_totals": days,
        "items": items,
        "left_out": _left_out(request, ground, routes, ways),
        "flags": [*flags, *more],
    }


def _drive_words(ground: _Ground) -> tuple[str, str]:
    if ground.estimated:
        return (
            "车程按直线距离和分区车速估算，含停车；未用真实道路",
            "Drives are estimated from straight lines and zonal speeds, parking included; no roads",
        )
    return (
        "车程沿导入的路网计算，含停车；不含实时路况",
        "Drives follow the imported roads, parking included; no live traffic",
    )


def _days(
    request: MobileRequest, ground: _Ground, routes: Routes, ways: Ints
) -> tuple[list[Row], list[Row]]:
    """Write the days and their stops, each resident counted at the nearest stop of the plan."""
    counted = _counted(ground, [s for day in routes.days for s in day])
    people = ground.people @ np.isfinite(ground.metres)
    season = season_of(request)
    days, items = [], []
    for d, day in enumerate(routes.days, start=1):
        now, at, driven = 60 * request.start, 0, 0
        for order, s in enumerate(day, start=1):
            drive = int(ways[at, s + 1])
            now, at, driven = now + drive, s + 1, driven + drive
            stop = ground.stops[s]
            items.append(
                {"day": d, "order": order, **stop.__dict__}
                | {
                    "arrive": clock(now),
                    "leave": clock(now + season.stop_s),
                    "drive_minutes": round(drive / 60, 1),
                    "people": counted[s],
                    "people_in_reach": int(people[s]),
                    "flags": ["drive_estimated"] if ground.estimated else [],
                }
            )
            now += season.stop_s
        back = int(ways[at, 0])
        days.append(
            {
                "day": d,
                "stops": len(day),
                "people": sum(counted[s] for s in day),
                "drive_minutes": round((driven + back) / 60, 1),
                "hours": round(day_seconds(ways, day, season) / 3600, 2),
                "start": clock(60 * request.start),
                "back": clock(now + back),
            }
        )
    return days, items


def _counted(ground: _Ground, visited: Sequence[int]) -> dict[int, int]:
    """Count every resident in reach of the plan at the nearest of its stops."""
    if not visited:
        return {}
    metres = ground.metres[:, visited]
    nearest = metres.argmin(axis=1)
    some = np.isfinite(metres).any(axis=1)
    sums = np.bincount(nearest[some], ground.people[some], minlength=len(visited))
    return {s: int(n) for s, n in zip(visited, sums, strict=True)}


def _left_out(request: MobileRequest, ground: _Ground, routes: Routes, ways: Ints) -> list[Row]:
    """List the stops the plan does without, most people first, and why."""
    visited = {s for day in routes.days for s in day}
    inside = np.isfinite(ground.metres)
    served = inside[:, sorted(visited)].any(axis=1)
    size = ground.people @ inside
    new = (ground.people * ~served) @ inside
    far = too_far(ways, season_of(request))
    rows = []
    for s, stop in enumerate(ground.stops):
        if s in visited:
            continue
        reason = "season"
        if size[s] == 0:
            reason = "nobody"
        elif far[s]:
            reason = "too_far"
        elif ground.fewest[s]:
            reason = "fewest"
        elif new[s] == 0:
            reason = "served"
        zh, en = REASONS[reason]
        numbers = {"people_in_reach": int(size[s]), "people_unserved": int(new[s])}
        rows.append(
            {**stop.__dict__, **numbers, "reason": reason, "reason_zh": zh, "reason_en": en}
        )
    return sorted(rows, key=lambda r: (-r["people_unserved"], -r["people_in_reach"], r["stop_id"]))


def describe_request(request: MobileRequest) -> Row:
    """Return the parameters as understood, under the API's names."""
    return {
        "district": list(request.districts),
        "days": request.days,
        "hours": request.hours,
        "stop_minutes": request.stop_minutes,
        "set_up_minutes": request.set_up_minutes,
        "reach_km": request.reach_km,
        "start": clock(60 * request.start),
        "from": request.depot,
        "stops": list(request.stops),
        "time_limit_s": request.time_limit_s,
    }


def assumptions(request: MobileRequest, depot: Depot) -> list[Row]:
    """List what nobody measured: value, unit and what it means, zh and en."""
    told: list[tuple[str, float | str, str, str, str]] = [
        ("hours", request.hours, "h", "每天出车时长，含往返", "a day out, drives included"),
        ("start", clock(60 * request.start), "HH:MM", "每天出发时刻", "when a day begins"),
        ("stop_minutes", request.stop_minutes, "min", "每站开放时间", "open to visitors at a stop"),
        ("set_up_minutes", request.set_up_minutes, "min", "每站布展与收展", "setting up, packing"),
        (
            "reach_km", request.reach_km, "km", "居民前来的直线距离",
            "how far people come, in a straight line",
        ),
        (
            "one_visit", 1, "visit", "每站每季只去一次，各站都能接待前来的人",
            "each stop is visited once a season and has room for all who come",
        ),
        (
            "depot", depot.name_zh, "", "每天从此出发并返回，只有一辆车",
            "every day starts and ends here; there is one vehicle",
        ),
    ]  # fmt: skip
    if "townships" in request.stops:
        told.append(
            (
                "stop_place", "seat", "", "乡镇政府驻地有可停放的场地",
                "a township's seat has a place to park and set up",
            )
        )  # fmt: skip
    return [
        {"name": name, "value": value, "unit": unit, "zh": zh, "en": en, "confidence": "assumed"}
        for name, value, unit, zh, en in told
    ]


def mobile_csv(answer: Row) -> bytes:
    """Write the stops of a plan as CSV for a spreadsheet, UTF-8 with a byte-order mark."""
    return to_csv(STOP_COLUMNS, answer["items"])


def mobile_collection(snapshot: Snapshot, request: MobileRequest, answer: Row) -> Json:
    """Draw a plan: the depot, a straight line per day, the stops (RFC 7946, WGS84)."""
    depot = answer["depot"]
    home = _point(depot)
    features: list[Json] = [_feature("Point", home, {"what": "depot", **depot})]
    for day in answer["day_totals"]:
        stops = [r for r in answer["items"] if r["day"] == day["day"]]
        line = [home, *(_point(r) for r in stops), home]
        features.append(_feature("LineString", line, {"what": "day", **day}))
    features += [_feature("Point", _point(r), {"what": "stop", **r}) for r in answer["items"]]
    return {
        "type": "FeatureCollection",
        **credits(snapshot),
        "question": describe(request.question),
        "travel": describe_travel(snapshot, request.question),
        "label_zh": LABEL[0],
        "label_en": LABEL[1],
        **{k: v for k, v in answer.items() if k not in ("items", "left_out", "day_totals")},
        "features": features,
    }


def mobile_geojson(snapshot: Snapshot, request: MobileRequest, answer: Row) -> bytes:
    """Give :func:`mobile_collection` as the bytes of a .geojson file, UTF-8."""
    collection = mobile_collection(snapshot, request, answer)
    return json.dumps(collection, ensure_ascii=False, separators=(",", ":")).encode()


def _point(row: Row) -> list[float]:
    return [round(row["lon"], 6), round(row["lat"], 6)]


def _feature(kind: str, coordinates: Sequence[object], properties: Row) -> Json:
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "geometry": geometry, "properties": properties}
