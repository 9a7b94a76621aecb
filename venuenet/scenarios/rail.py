"""The rail tables of an area after some edits: new lines and stations, other headways. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from venuenet.area import StudyArea
from venuenet.errors import BadQueryError, UnknownNameError
from venuenet.model import SCENARIO
from venuenet.scenarios.edits import Edit, Headway, NewLine, NewStation

Tables = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]
BOTH_WAYS = ("往", "返")
LEAST_HEADWAY_MIN, MOST_HEADWAY_MIN = 0.5, 120.0


def edited_rail(area: StudyArea, edits: Sequence[Edit]) -> Tables:
    """Return stations, links and transfers after some edits, as ``StudyArea`` has them.

    Raises
    ------
    UnknownNameError
        An edit names a line or station that is not there.
    BadQueryError
        A new line whose stops, minutes or headway make no line.
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
    stations = _with_stations(stations, edit.stations)
    _check(stations, links, edit)
    lines = dict(zip(stations["station_id"], stations["lines"].str.split("|"), strict=True))
    rows, changes = [], []
    trains = _trains(area, edit.headway_min)
    for direction, order in zip(BOTH_WAYS, (1, -1), strict=True):
        stops, minutes = edit.stops[::order], edit.run_min[::order]
        for start, end, run in zip(stops[:-1], stops[1:], minutes, strict=True):
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


def _with_stations(stations: pd.DataFrame, new: Sequence[NewStation]) -> pd.DataFrame:
    rows = []
    for station in new:
        if station.station_id in set(stations["station_id"]):
            raise BadQueryError(
                f"车站编号 {station.station_id} 已被使用",
                f"there is a station {station.station_id} already",
                param="stations",
            )
        rows.append(
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
        )
    return _below(stations, rows).sort_values("station_id", ignore_index=True)


def _check(stations: pd.DataFrame, links: pd.DataFrame, edit: NewLine) -> None:
    known = set(stations["station_id"])
    lost = [stop for stop in edit.stops if stop not in known]
    if lost:
        raise UnknownNameError(
            f"没有编号为 {'、'.join(lost[:5])} 的车站",
            f"there is no station {', '.join(lost[:5])}",
            param="stops",
        )
    pairs = list(zip(edit.stops, edit.stops[1:], strict=False))
    there = set(links.loc[links["line"] == edit.line, ["from_id", "to_id"]].itertuples(index=False))
    faults = {
        "stops": len(edit.stops) < 2
        or any(a == b for a, b in pairs)
        or len(set(pairs)) < len(pairs)
        or any(tuple(pair) in there or tuple(pair[::-1]) in there for pair in pairs),
        "run_min": len(edit.run_min) != len(pairs) or not all(0 < m <= 600 for m in edit.run_min),
        "change_min": not 0 <= edit.change_min <= 120,
        "line": not edit.line or "|" in edit.line,
    }
    for param, bad in faults.items():
        if bad:
            raise BadQueryError(
                "新线路至少两站，相邻两站不同且该线尚无此区间；run_min 比车站少一个，每个在 0 到 "
                "600 分钟之间；change_min 在 0 到 120 之间；线路名不含“|”",
                "a line has two stops or more, no link twice and none it has already; run_min is "
                "one fewer than the stops, each up to 600 minutes; change_min is 0 to 120; no “|” "
                "in its name",
                param=param,
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
