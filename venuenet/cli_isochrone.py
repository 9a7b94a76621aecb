"""The command that draws isochrones: who reaches a venue, or the nearest of some kinds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rapidfuzz import fuzz, process

from venuenet.errors import BadQueryError, UnknownNameError
from venuenet.model import Mode, Venue
from venuenet.options import DataOption, KindsOption, ModeOption, SurfaceOption
from venuenet.publish.isochrones import Target, isochrone_geojson
from venuenet.publish.snapshot import Snapshot
from venuenet.questions import parse_kinds, parse_question
from venuenet.settings import Settings
from venuenet.store import SnapshotFolder
from venuenet.terminal import told, write_file

SUGGESTED = 5
ALIKE = 50
"""Least likeness (rapidfuzz, 0-100) of a name that is suggested for an unknown one."""
PAGE, GEOJSON = (".html", ".htm"), (".geojson", ".json")


def resolve_venue(venues: tuple[Venue, ...], text: str) -> str:
    """Find the venue someone means: by its id, or a name that only it has; case aside.

    Raises
    ------
    UnknownNameError
        Nothing is called that, or several are; ``allowed`` lists what might be meant.
    """
    wanted = text.strip().casefold()
    names = {v.venue_id: (v.venue_id, v.name_zh, v.name_en) for v in venues}
    found = [i for i, own in names.items() if wanted in {n.strip().casefold() for n in own if n}]
    if len(found) == 1:
        return found[0]
    if found:
        raise UnknownNameError(
            f"“{text[:60]}”是多个场馆的名称，请改填编号",
            f"{text[:60]!r} is the name of several venues; give an id instead",
            param="venue",
            allowed=found,
        )
    known = {f"{v.name_zh}（{v.venue_id}）": v.name_zh for v in venues}
    english = {f"{v.name_en} ({v.venue_id})": v.name_en for v in venues if v.name_en}
    near = process.extract(
        text, known | english, scorer=fuzz.WRatio, limit=SUGGESTED, score_cutoff=ALIKE
    )
    raise UnknownNameError(
        f"没有名为“{text[:60]}”的场馆",
        f"no venue is called {text[:60]!r}",
        param="venue",
        allowed=[shown for *_, shown in near],
    )


def isochrone_command(
    venue: Annotated[
        str | None, typer.Argument(help="场馆编号或全称 · A venue's id or its name.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="FILE.geojson 或 FILE.html · The file."),
    ] = None,
    mode: ModeOption = None,
    minutes: Annotated[
        str, typer.Option(help="一个或多个分钟数，用逗号分开 · Minutes, joined by commas.")
    ] = "15,30,45",
    kinds: KindsOption = None,
    surface_transit: SurfaceOption = False,
    data: DataOption = None,
) -> None:
    """等时圈示意图：谁能到达某场馆，或某几类中最近的场馆 · Who reaches a venue, as a picture.

    人数以出行时间矩阵计算为准，不由图形量算 · People are counted from the travel times.

    例 Example:  venuenet isochrone 中国科学技术馆 --mode transit --minutes 15,30,45 -o 科技馆.html

    例 Example:  venuenet isochrone --kinds base --mode walk --minutes 15 -o bases.geojson
    """
    from venuenet.publish.isochrone_page import isochrone_html  # noqa: PLC0415  others need not

    with told():
        if output is None or output.suffix.lower() not in (*PAGE, *GEOJSON):
            raise BadQueryError(
                "请用 -o 给出要写出的文件，.geojson 或 .html",
                "say with -o which file to write, .geojson or .html",
                param="output",
                allowed=[*GEOJSON, *PAGE],
            )
        if (venue is None) == (kinds is None):
            raise BadQueryError(
                "请给出一个场馆，或用 --kinds 给出类别，二者选一",
                "name a venue, or kinds with --kinds: one of the two",
                param="venue",
            )
        snapshot = SnapshotFolder(data or Settings().data).current()
        target = _target(snapshot, venue, kinds)
        by = _mode(mode)
        cutoffs = _cutoffs(minutes)
        if output.suffix.lower() in PAGE:
            page = isochrone_html(snapshot, target, by, cutoffs, surface_transit=surface_transit)
            write_file(output, page)
        else:
            drawn = isochrone_geojson(
                snapshot, target, by, cutoffs, surface_transit=surface_transit
            )
            write_file(output, drawn)


def _target(snapshot: Snapshot, venue: str | None, kinds: str | None) -> Target:
    if venue is not None:
        return resolve_venue(snapshot.area.venues, venue)
    return parse_kinds(kinds or "")


def _mode(mode: str | None) -> Mode:
    return parse_question((), (), mode=mode).mode


def _cutoffs(minutes: str) -> list[int]:
    """Understand minutes joined by commas (Chinese ones too); each as other commands do."""
    words = [w.strip() for w in minutes.replace("，", ",").replace("、", ",").split(",")]
    return [parse_question((), (), minutes=w).minutes for w in words]
