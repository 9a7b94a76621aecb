"""The commands of networks: roads, timetables and matrices in, the coverage graph out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import typer

from venuenet import pipeline
from venuenet.area import StudyArea
from venuenet.area import load as load_area
from venuenet.console import out, say
from venuenet.engines import Engines
from venuenet.errors import BadQueryError
from venuenet.intake import seed
from venuenet.model import MODES, Mode
from venuenet.networks import Model, Networks
from venuenet.options import DataOption
from venuenet.publish.files import snapshot_graph, write_graph
from venuenet.settings import Settings
from venuenet.standards import load_assumptions, load_travel_rules
from venuenet.store import SnapshotFolder, open_store, registry_exists
from venuenet.terminal import bars, told

app = typer.Typer(invoke_without_command=True)
DAYS = ("weekday", "saturday", "sunday")


@dataclass(frozen=True)
class When:
    """Which day of the feeds, and between which seconds after midnight people leave."""

    model: Model
    day: dt.date | None
    kind: Literal["weekday", "saturday", "sunday"]
    window: tuple[int, int]


def networks_folder(data: Path | None) -> Path | None:
    """Return where the user's networks lie; None if there are none."""
    folder = _folder(data)
    return folder if folder.is_dir() and any(folder.iterdir()) else None


def _folder(data: Path | None) -> Path:
    return (data or Settings().data) / "networks"


@app.callback()
def network(
    context: typer.Context,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="FILE.graphml 或 FILE.json · The coverage graph."),
    ] = None,
    cells: Annotated[bool, typer.Option(help="是否包含格网 · With every cell.")] = True,
    data: DataOption = None,
) -> None:
    """路网、时刻表与矩阵的导入；覆盖网络的导出 · Networks in, the coverage graph out.

    不带子命令时，写出覆盖网络（GraphML 或 node-link JSON）· Alone: the coverage graph as a file.

    例 Example:  venuenet network -o beijing.graphml --no-cells
    """
    if context.invoked_subcommand is not None:
        return
    if output is None:
        out.print(context.get_help())
        raise typer.Exit(2)
    with told():
        graph = snapshot_graph(SnapshotFolder(data or Settings().data).current(), cells=cells)
        write_graph(graph, output)
    out.print(f"{graph.number_of_nodes()} nodes, {graph.number_of_edges()} edges → {output}")


@app.command("build")
def build(
    osm: Annotated[
        Path | None, typer.Option(help="道路：OpenStreetMap 的 .osm.pbf · Roads.")
    ] = None,
    speeds: Annotated[Path | None, typer.Option(help="自定车速 YAML · Own speeds.")] = None,
    gtfs: Annotated[
        list[Path] | None,
        typer.Option(help="时刻表：GTFS 的 zip 或目录，可多次 · Timetables; repeatable."),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            help="frequency（期望候车）| timetable（逐班次）· Expected waits or every trip."
        ),
    ] = "frequency",
    day: Annotated[str, typer.Option(help="weekday | saturday | sunday | 2026-11-22")] = "sunday",
    window: Annotated[str, typer.Option(help="出发时段 · When people leave.")] = "09:00-17:00",
    drop_faulty: Annotated[
        bool,
        typer.Option("--drop-faulty", help="舍弃有误的行，用其余部分 · Use what is not faulty."),
    ] = False,
    matrix: Annotated[
        list[str] | None,
        typer.Option(help="MODE=FILE：出行时间矩阵，csv 或 parquet · Travel-time matrix."),
    ] = None,
    made_by: Annotated[
        str, typer.Option(help="矩阵由谁、用什么算出 · Who made the matrix, with what.")
    ] = "",
    partial: Annotated[
        bool, typer.Option("--partial", help="允许矩阵缺部分网格 · Cells may be missing.")
    ] = False,
    area: Annotated[
        Path | None, typer.Option(help="区域数据包目录（默认内置北京）· Area pack.")
    ] = None,
    data: DataOption = None,
) -> None:
    """导入道路、时刻表或矩阵，供 venuenet build 使用 · Take networks in for venuenet build.

    例 Example:  venuenet network build --osm beijing.osm.pbf --gtfs subway.zip --model timetable

    例 Example:  venuenet network build --matrix drive=amap.csv --made-by "AMap, 2026-10"
    """
    with told():
        if not (osm or gtfs or matrix):
            raise BadQueryError(
                "请给出 --osm、--gtfs 或 --matrix",
                "give --osm, --gtfs or --matrix",
                param="network",
            )
        matrices = _matrices(matrix or [], made_by)
        when = _when(model, day, window)
        with Networks(_folder(data)).changed() as new, _area(area, data) as place:
            if osm:
                with bars() as stage:
                    meta = new.add_streets(osm, place, speeds, stage)
                _tell_streets(meta)
            if gtfs:
                meta = new.add_feeds(
                    gtfs, when.model, when.window,
                    day=when.day, weekday=when.kind, drop_faulty=drop_faulty,
                )  # fmt: skip
                _tell_transit(meta)
            for mode, path in matrices.items():
                check = new.add_matrix(path, mode, made_by, f"{dt.date.today()}", partial, place)
                out.print(f"矩阵 matrix {mode}: {path.name}")
                for zh, en in check.lines():
                    out.print(f"  {zh} · {en}")
    say("下次 venuenet build 起使用 · used from the next venuenet build on")


@app.command("prepare")
def prepare(
    area: Annotated[
        Path | None, typer.Option(help="区域数据包目录（默认内置北京）· Area pack.")
    ] = None,
    data: DataOption = None,
) -> None:
    """预处理道路：驾车时间不变，计算快很多；大城市需几分钟 · Faster driving times, same numbers.

    只在场馆很多、反复计算时值得 · Worth it for many venues, asked for again and again.

    例 Example:  venuenet network prepare
    """
    with told(), bars() as stage:
        engines = Engines(
            load_area(area),
            load_assumptions(),
            load_travel_rules(),
            networks=Networks(_folder(data)),
        )
        nodes = engines.prepare(stage)
    out.print(f"已预处理 prepared: {nodes:,} 节点 nodes")


@app.command("show")
def show(data: DataOption = None) -> None:
    """列出已导入的路网、时刻表和矩阵 · What networks there are.

    例 Example:  venuenet network show
    """
    with told():
        networks = Networks(_folder(data))
        streets, transit, matrices = (
            networks.streets_meta(), networks.transit_meta(), networks.matrices(),
        )  # fmt: skip
        if streets:
            _tell_streets(streets)
        if transit:
            _tell_transit(transit)
        for mode, (path, about) in matrices.items():
            out.print(f"矩阵 matrix {mode}: {path.name} ({about['made_by']}, {about['date']})")
        if not (streets or transit or matrices):
            out.print("没有导入过，全部按估算 · none: everything is estimated")


@app.command("remove")
def remove(
    what: Annotated[str, typer.Argument(help="streets | transit | matrix-walk …")],
    data: DataOption = None,
) -> None:
    """移除一份，恢复估算 · Remove one; its times are estimated again.

    例 Example:  venuenet network remove streets
    """
    allowed = ["streets", "transit", *(f"matrix-{m}" for m in MODES)]
    with told():
        if what not in allowed:
            raise BadQueryError(
                f"没有“{what}”", f"there is no {what!r}", param="what", allowed=allowed
            )
        there = Networks(_folder(data)).remove(what)
    out.print("已移除 · removed" if there else "本来就没有 · there was none")


@contextmanager
def _area(given: Path | None, data: Path | None) -> Iterator[StudyArea]:
    """Give the area a build would read: a pack, or the embedded one with the registry's venues."""
    if given is not None or not registry_exists(data):
        yield load_area(given)
        return
    with closing(open_store(data=data)) as registry:
        ledger = seed(registry, load_area(None))
    with pipeline.registered(pipeline.Inputs(), ledger) as inputs:
        yield load_area(inputs.area)


def _matrices(given: Sequence[str], made_by: str) -> dict[Mode, Path]:
    found: dict[Mode, Path] = {}
    for text in given:
        mode, _, path = text.partition("=")
        if mode not in MODES or not path:
            raise BadQueryError(
                f"“{text}”应写作 MODE=FILE",
                f"{text!r} should be MODE=FILE",
                param="matrix",
                allowed=list(MODES),
            )
        if mode in found:
            raise BadQueryError(
                f"{mode} 给出了两个矩阵", f"there are two matrices for {mode}", param="matrix"
            )
        found[mode] = Path(path)
    if found and not made_by.strip():
        raise BadQueryError(
            "请用 --made-by 说明矩阵由谁、用什么算出",
            "say with --made-by who made the matrix and with what",
            param="made-by",
        )
    return found


def _when(model: str, day: str, window: str) -> When:
    if model not in ("frequency", "timetable"):
        raise BadQueryError(
            f"没有“{model}”这种算法", f"there is no model {model!r}",
            param="model", allowed=["frequency", "timetable"],
        )  # fmt: skip
    try:
        first, last = (_clock(part) for part in window.split("-"))
        fixed = None if day in DAYS else dt.date.fromisoformat(day)
    except ValueError as error:
        raise BadQueryError(
            f"看不懂 --day {day} 或 --window {window}："
            "日期写作 weekday、saturday、sunday 或 2026-11-22，时段写作 09:00-17:00",
            f"--day {day} or --window {window} cannot be understood: "
            "a day is weekday, saturday, sunday or 2026-11-22, a window is 09:00-17:00",
            param="day/window",
        ) from error
    if first >= last:
        raise BadQueryError(
            f"时段 {window} 应先早后晚",
            f"the window {window} ends before it begins",
            param="window",
        )
    kind = cast("Any", "sunday" if fixed else day)
    return When(cast("Model", model), fixed, kind, (first, last))


def _clock(text: str) -> int:
    hours, minutes = text.strip().split(":")
    if not (0 <= int(hours) <= 47 and 0 <= int(minutes) <= 59):
        raise ValueError(text)
    return int(hours) * 3600 + int(minutes) * 60


def _tell_streets(meta: dict[str, Any]) -> None:
    out.print(f"道路 streets: {meta['file']}（{meta['timestamp'] or '日期不明 no date'}）")
    for profile in ("walk", "cycle", "drive"):
        counts = meta[profile]
        out.print(
            f"  {profile}: {counts['streets']:,} 条路段 streets，"
            f"{counts['junctions']:,} 个路口 junctions，"
            f"与主网不连通 outside the largest part: {counts['streets_outside_largest']:,}"
        )
    if meta.get("ignored"):
        told = "、".join(f"{why} {count:,}" for why, count in meta["ignored"].items())
        out.print(f"  未采用 left out: {told}")


def _tell_transit(meta: dict[str, Any]) -> None:
    clock = "-".join(f"{s // 3600:02}:{s // 60 % 60:02}" for s in (meta["from_s"], meta["to_s"]))
    names = "、".join(feed["name"] for feed in meta["feeds"])
    out.print(f"时刻表 timetable: {names}，{meta['day']} {clock}，{meta['model']}")
    for feed in meta["feeds"]:
        for dropped in feed["dropped"]:
            out.print(f"  舍弃 dropped: {dropped['zh']} · {dropped['en']}")
