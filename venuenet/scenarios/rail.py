"""The rail tables of an area after some edits: new lines and stations, other headways. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count, pairwise
from typing import Any

import pandas as pd

from venuenet.area import StudyArea
from venuenet.errors import BadQueryError, UnknownNameError
from venuenet.geocode.districts import Districts
from venuenet.model import SCENARIO
from venuenet.scenarios.edits import Edit, Headway, NewLine, NewStation

Tables = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]
BOTH_WAYS = ("往", "返")
LEAST_HEADWAY_MIN, MOST_HEADWAY_MIN = 0.5, 120.0
LEAST_RUN_MIN, MOST_RUN_MIN, MOST_CHANGE_MIN = 0.01, 600.0, 120.0


def edited_rail(area: StudyArea, edits: Sequence[Edit]) -> Tables:
    """Return stations, links and transfers after some edits, as ``StudyArea`` has them.

    A new line runs both ways. Of a line that is there, what is joined to its end runs through;
    what leaves it elsewhere has trains of its own, which one changes to on the same platform.
    Trains per period are whole numbers, at least one: a headway that does not divide a period is
    met as nearly as they allow.

    Parameters
    ----------
    area : StudyArea
    edits : sequence of Edit
        Those of no rail are passed over.

    Raises
    ------
    UnknownNameError
        There is no such line to change the headway of.
    BadQueryError
        A headway out of range, or a new line that is none: see :func:`line_faults`.
    """
    tables: Tables = (area.stations, area.links, area.transfers)
    for edit in edits:
        if isinstance(edit, Headway):
            tables = _with_headway(area, tables, edit)
        elif isinstance(edit, NewLine):
            tables = _with_line(area, tables, edit)
    return tables


def _trains(area: StudyArea, headway_min: float) -> dict[str, int]:
    """Trains per period at one headway, at least one."""
    if not LEAST_HEADWAY_MIN <= headway_min <= MOST_HEADWAY_MIN:
        raise BadQueryError(
            f"发车间隔应在 {LEAST_HEADWAY_MIN} 到 {MOST_HEADWAY_MIN:g} 分钟之间，"
            f"收到 {headway_min:g}",
            f"a headway lies between {LEAST_HEADWAY_MIN} and {MOST_HEADWAY_MIN:g} minutes, "
            f"got {headway_min:g}",
            param="headway_min",
        )
    return {f"trains_{p.id}": max(1, round(60 * p.hours / headway_min)) for p in area.meta.periods}


def _with_headway(area: StudyArea, tables: Tables, edit: Headway) -> Tables:
    stations, links, transfers = tables
    mine = (links["line"] == edit.line).to_numpy()
    if not mine.any():
        raise UnknownNameError(
            f"没有名为“{edit.line[:60]}”的线路",
            f"no line is called {edit.line[:60]!r}",
            param="line",
            allowed=sorted(set(links["line"])),
        )
    links = links.copy()
    for column, trains in _trains(area, edit.minutes).items():
        links.loc[mine, column] = trains
    return stations, links, transfers


def _with_line(area: StudyArea, tables: Tables, edit: NewLine) -> Tables:
    stations, links, transfers = tables
    for param, zh, en in _faults(area, tables, edit):
        raise BadQueryError(zh, en, param=param)
    stations = _with_stations(stations, edit.stations)
    lines = dict(zip(stations["station_id"], stations["lines"].str.split("|"), strict=True))
    rows, changes = [], []
    trains = _trains(area, edit.headway_min)
    for direction, order in zip(_directions(links, edit), (1, -1), strict=True):
        stops, minutes = edit.stops[::order], edit.run_min[::order]
        for (start, end), run in zip(pairwise(stops), minutes, strict=True):
            about: dict[str, Any] = {"line": edit.line, "direction": direction}
            rows.append({**about, "from_id": start, "to_id": end, "run_min": run, **trains})
    for stop in dict.fromkeys(edit.stops):
        others = [name for name in lines[stop] if name and name != edit.line]
        if edit.line in lines[stop]:
            continue  # the line was here before: its changes are known
        lines[stop] = [*others, edit.line]
        for other in others:
            for a, b in ((edit.line, other), (other, edit.line)):
                change = {"station_id": stop, "from_line": a, "to_line": b}
                changes.append({**change, "walk_min": edit.change_min})
    served = ["|".join(lines[station]) for station in stations["station_id"]]
    return stations.assign(lines=served), _below(links, rows), _below(transfers, changes)


def _directions(links: pd.DataFrame, edit: NewLine) -> list[str]:
    """Name the ways there and back.

    Trains of one line and direction run through (``travel.subway``). So a part that begins where a
    direction of the line ends, or ends where one begins, takes that direction's name; any other
    gets names of its own. What some train passes is no end of the line.
    """
    mine = links[links["line"] == edit.line]
    taken = set(mine["direction"])
    marks = ("" if n == 1 else str(n) for n in count(1))
    mark = next(m for m in marks if taken.isdisjoint(way + m for way in BOTH_WAYS))
    parts = [
        (str(direction), set(part["from_id"]), set(part["to_id"]))
        for direction, part in mine.groupby("direction", sort=False)
    ]
    passed = {stop for _, begins, ends in parts for stop in begins & ends}
    names = []
    for stops, way in ((edit.stops, BOTH_WAYS[0]), (edit.stops[::-1], BOTH_WAYS[1])):
        through = [
            direction
            for direction, begins, ends in parts
            if stops[0] in ends - passed or stops[-1] in begins - passed
        ]
        names.append(through[0] if through else way + mark)
    return names


def _with_stations(stations: pd.DataFrame, new: Sequence[NewStation]) -> pd.DataFrame:
    rows = [
        {
            "station_id": station.station_id,
            "name_zh": station.name_zh,
            "lines": "",
            "lon": station.lon,
            "lat": station.lat,
            "precision_m": 0.0,
            # The density model leaves such stations out: see demand.build.
            "method": SCENARIO,
        }
        for station in new
    ]
    return _below(stations, rows).sort_values("station_id", ignore_index=True)


def line_faults(area: StudyArea, edit: NewLine) -> Iterator[tuple[str, str, str]]:
    """Say everything that keeps a new line from being one in an area: parameter, zh, en."""
    yield from _faults(area, (area.stations, area.links, area.transfers), edit)


def _faults(area: StudyArea, tables: Tables, edit: NewLine) -> Iterator[tuple[str, str, str]]:
    stations, links, _ = tables
    yield from _station_faults(area, stations, edit.stations)
    known = {*stations["station_id"], *(s.station_id for s in edit.stations)}
    lost = [stop for stop in edit.stops if stop not in known]
    if lost:
        listed = ", ".join(lost[:5])
        yield "stops", f"没有编号为 {listed} 的车站", f"there is no station {listed}"
    yield from _stop_faults(links, edit)
    pairs = len(edit.stops) - 1
    if len(edit.run_min) != pairs:
        yield (
            "run_min",
            f"{pairs + 1} 站应有 {pairs} 个运行时间，收到 {len(edit.run_min)} 个",
            f"{pairs + 1} stops take {pairs} run_min, got {len(edit.run_min)}",
        )
    if not all(LEAST_RUN_MIN <= minutes <= MOST_RUN_MIN for minutes in edit.run_min):
        yield (
            "run_min",
            f"每个运行时间应在 {LEAST_RUN_MIN} 到 {MOST_RUN_MIN:g} 分钟之间",
            f"each run_min lies between {LEAST_RUN_MIN} and {MOST_RUN_MIN:g} minutes",
        )
    if not 0 <= edit.change_min <= MOST_CHANGE_MIN:
        yield (
            "change_min",
            f"换乘步行应在 0 到 {MOST_CHANGE_MIN:g} 分钟之间",
            f"change_min lies between 0 and {MOST_CHANGE_MIN:g} minutes",
        )


def _station_faults(
    area: StudyArea, stations: pd.DataFrame, new: Sequence[NewStation]
) -> Iterator[tuple[str, str, str]]:
    """Say which new stations have an id that is taken, or lie outside the area."""
    known = set(stations["station_id"])
    for station in new:
        if station.station_id in known:
            yield (
                "stations",
                f"车站编号 {station.station_id} 已被使用",
                f"there is a station {station.station_id} already",
            )
        known.add(station.station_id)
    if not new:
        return
    points = [s.lon for s in new], [s.lat for s in new]
    away, _ = Districts(area).outside_m(*points, [None] * len(new))
    most = area.meta.tolerances.station_m
    for station, metres in zip(new, away, strict=True):
        if not metres <= most:  # not a number beyond what the projection reaches
            yield (
                "stations",
                f"车站“{station.name_zh}”在{area.meta.name_zh}外 {most:g} 米以上："
                "核对经纬度（WGS84，经度在前）",
                f"the station {station.name_zh} lies more than {most:g} m outside "
                f"{area.meta.name_en}: check the point (WGS84, longitude first)",
            )


def _stop_faults(links: pd.DataFrame, edit: NewLine) -> Iterator[tuple[str, str, str]]:
    """Say what keeps the stops from being a line, or the rest of one."""
    if not edit.line.strip() or "|" in edit.line:
        yield "line", "线路须有名称，且不含“|”", "a line needs a name without “|”"
    pairs = list(pairwise(edit.stops))
    if not pairs:
        yield "stops", "一条线路至少两站", "a line has two stops or more"
    if any(a == b for a, b in pairs):
        yield "stops", "相邻两站不能是同一站", "neighbouring stops must be two stations"
    if len(set(map(frozenset, pairs))) < len(pairs):
        yield "stops", "同一区间不能经过两次", "no link may be passed twice"
    mine = links[links["line"] == edit.line]
    there = set(zip(mine["from_id"], mine["to_id"], strict=True))
    if any({pair, pair[::-1]} & there for pair in pairs):
        yield "stops", "该线路已有其中的区间", "the line has one of these links already"
    if there and {stop for pair in there for stop in pair}.isdisjoint(edit.stops):
        yield (
            "stops",
            f"“{edit.line}”已存在，延长时至少一站须是它的车站",
            f"{edit.line!r} is there: one stop of what is joined to it must be a station of it",
        )


def _below(frame: pd.DataFrame, rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Put rows below a frame; what they do not say is blank, numbers are NaN."""
    if not rows:
        return frame
    more = pd.DataFrame(rows)
    for column in frame.columns:
        if column not in more:
            number = pd.api.types.is_numeric_dtype(frame[column])
            more[column] = float("nan") if number else ""
    more = more[list(frame.columns)].astype(dict(frame.dtypes))
    return pd.concat([frame, more], ignore_index=True)
