"""The command line: build, serve, and every answer as a table, JSON or CSV."""

from __future__ import annotations

import datetime as dt
import gc
import json
import os
import secrets
import socket
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Annotated

import typer

import venuenet
from venuenet import cli_network, cli_registry, pipeline
from venuenet.area import check as check_area
from venuenet.area import load as load_area
from venuenet.area import resolve_district
from venuenet.cli_isochrone import isochrone_command
from venuenet.cli_network import networks_folder
from venuenet.console import (
    err,
    out,
    print_coverage,
    print_faults,
    print_gaps,
    print_json,
    print_quality,
    say,
)
from venuenet.engines import DEFAULT
from venuenet.errors import BadQueryError, NetworkFileError, SnapshotError
from venuenet.intake import seed
from venuenet.model import Question
from venuenet.options import (
    AsOfOption,
    DataOption,
    DistrictsArgument,
    Format,
    FormatOption,
    GroupOption,
    KindsOption,
    MinutesOption,
    ModeOption,
    StandardOption,
    SurfaceOption,
)
from venuenet.publish.answers import causes, coverage, gap_rows
from venuenet.publish.csv_files import coverage_csv, gaps_csv, quality_csv
from venuenet.publish.geo import gap_geojson
from venuenet.publish.quality import quality, to_confirm
from venuenet.publish.snapshot import MANIFEST, Snapshot
from venuenet.questions import parse_question
from venuenet.settings import Settings
from venuenet.store import SnapshotFolder, open_store, registry_exists
from venuenet.terminal import bars, told, write_file

app = typer.Typer(
    name="venuenet",
    help="科普场馆覆盖与缺口 · Where people can meet science, and where they cannot.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,
)
area_app = typer.Typer(help="区域数据包 · Area packs.", no_args_is_help=True)
AS_OF_NOTE = (
    "注意：--as-of 只还原场馆；人口、路网与时刻表仍为现有数据\n"
    "Note: --as-of goes back for venues only; people, roads and timetables are those embedded"
)
app.add_typer(area_app, name="area")
cli_registry.add_to(app)
app.add_typer(cli_network.app, name="network")
app.command("isochrone")(isochrone_command)


def _store(data: Path | None) -> SnapshotFolder:
    return SnapshotFolder(data or Settings().data)


@contextmanager
def _inputs(
    data: Path | None, given: pipeline.Inputs | None = None, as_of: dt.date | None = None
) -> Iterator[pipeline.Inputs]:
    """Give what a build reads: the area pack, with the registry's venues where there is one."""
    inputs = given or pipeline.Inputs(networks=networks_folder(data))
    if as_of is None and not registry_exists(data):
        yield inputs
        return
    with closing(open_store(data=data)) as registry:
        ledger = seed(registry, load_area(inputs.area))
    with pipeline.registered(inputs, ledger, as_of) as with_registry:
        yield with_registry


def _open(data: Path | None, as_of: dt.datetime | None = None) -> Snapshot:
    """Return the snapshot in force, building it first when there is none.

    With ``as_of``, the snapshot of that day instead, computed anew and put nowhere.
    """
    if as_of is not None:
        say(AS_OF_NOTE)
        with _inputs(data, as_of=as_of.date()) as inputs, bars() as stage:
            return pipeline.compute(inputs, stage)
    store = _store(data)
    if store.current_id() is None:
        with _inputs(data) as inputs:
            _build(store, inputs)
    return store.current()


def _refuse_taken(host: str, port: int) -> None:
    """Say so before the work is done when the address cannot be used."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise BadQueryError(
                f"无法监听 {host}:{port}（{error.strerror}），请用 --port 换一个端口",
                f"cannot listen on {host}:{port} ({error.strerror}); choose another --port",
                param="port",
            ) from error


def _is_outdated(store: SnapshotFolder, inputs: pipeline.Inputs) -> bool:
    """Whether a build now would give another snapshot than the one in force."""
    try:
        return pipeline.is_outdated(inputs, store.current().manifest)
    except (SnapshotError, NetworkFileError):
        return True


def _build(store: SnapshotFolder, inputs: pipeline.Inputs) -> Path:
    # A build makes millions of small things and hardly a cycle: looking for these takes a tenth of
    # its time.
    gc.disable()
    try:
        with bars() as stage:
            return pipeline.build(inputs, store, stage)
    finally:
        gc.enable()


def _question(
    snapshot: Snapshot,
    mode: str | None,
    minutes: str | None,
    standard: str | None,
    group: str | None = None,
    kinds: str | None = None,
    surface: bool = False,
) -> Question:
    return parse_question(
        snapshot.standards,
        [g.id for g in snapshot.area.meta.groups],
        mode=mode,
        minutes=minutes,
        standard=standard,
        group=group,
        kinds=kinds,
        surface_transit=surface,
    )


def _districts(snapshot: Snapshot, names: list[str] | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(resolve_district(snapshot.area, n) for n in names or []))


def _version(wanted: bool) -> None:
    if wanted:
        out.print(f"venuenet {venuenet.__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="版本 · Version.")
    ] = False,
) -> None:
    """科普场馆覆盖与缺口 · Where people can meet science, and where they cannot."""


@app.command()
def build(
    area: Annotated[
        Path | None, typer.Option(help="区域数据包目录（默认内置北京）· Area pack.")
    ] = None,
    standards: Annotated[Path | None, typer.Option(help="自定标准 YAML · Own standards.")] = None,
    assumptions: Annotated[
        Path | None, typer.Option(help="自定假设 YAML · Own assumptions.")
    ] = None,
    traveller: Annotated[
        str, typer.Option(help="为谁计算：adult | senior | child | no_car · Whose times.")
    ] = DEFAULT,
    travellers: Annotated[
        Path | None, typer.Option(help="自定出行者 YAML · Own travellers.")
    ] = None,
    estimates: Annotated[
        bool,
        typer.Option("--estimates", help="不用已导入的路网等 · Leave own networks aside."),
    ] = False,
    as_of: AsOfOption = None,
    data: DataOption = None,
) -> None:
    """计算一份成果快照 · Compute a snapshot and put it in force.

    用 venuenet network build 导入过路网、时刻表或矩阵时，自动取代相应估算。
    Networks made with venuenet network build take the place of the estimates.

    例 Example:  venuenet build --data ./out --traveller senior
    """
    with told():
        store = _store(data)
        folder = None if estimates else networks_folder(data)
        given = pipeline.Inputs(
            area, standards, assumptions,
            travellers=travellers, traveller=traveller, networks=folder,
        )  # fmt: skip
        # A pack of one's own stands for itself: the registry holds the embedded area's venues.
        day = None if as_of is None else as_of.date()
        if day is not None:
            say(AS_OF_NOTE)
        with nullcontext(given) if area is not None else _inputs(data, given, day) as inputs:
            folder = _build(store, inputs)
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    dense = manifest["checks"]["share_above_50000_per_km2"]
    told_of = (manifest["snapshot"], manifest["as_of"])
    out.print(f"快照 snapshot [bold]{told_of[0]}[/] 截至 as of {told_of[1]} → {folder}")
    out.print(
        f"人口密度高于 5 万/km² 的人口占 {100 * dense:.2f}% · "
        f"{100 * dense:.2f} % of people live above 50,000/km²"
    )


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="监听地址 · Address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="端口 · Port.", min=0, max=65535)] = 8000,
    data: DataOption = None,
    open_browser: Annotated[
        bool, typer.Option("--open", help="启动后打开浏览器 · Open a browser.")
    ] = False,
    refresh: Annotated[
        bool,
        typer.Option(
            "--refresh",
            help="快照过期或不可用时先按内置数据重算 · Rebuild an outdated snapshot "
            "from the embedded data first.",
        ),
    ] = False,
) -> None:
    """启动地图与接口 · Serve the map and the API; builds the snapshot on first start.

    例 Example:  venuenet serve --port 8080
    """
    import uvicorn  # noqa: PLC0415  the other commands should not wait for it

    with told():
        _refuse_taken(host, port)
        store = _store(data)
        with _inputs(data) as inputs:
            if store.current_id() is None or (refresh and _is_outdated(store, inputs)):
                _build(store, inputs)
            outdated = _is_outdated(store, inputs)
    if outdated:
        say(
            "注意：快照不是由当前版本和数据算出的；如需更新请运行 venuenet build\n"
            "Note: the snapshot was not made from this version and its data; "
            "to renew it run venuenet build"
        )
    os.environ["VENUENET_DATA"] = str(data or Settings().data)
    token = os.environ.setdefault("VENUENET_REVIEW_TOKEN", secrets.token_urlsafe(24))
    url = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}/"
    err.print(f"地图 · map: [bold]{url}[/]   接口 · API: {url}openapi.json   停止 · stop: Ctrl-C")
    if registry_exists(data):
        # Not wrapped: a broken address cannot be followed. Loopback only, see api/review_guard.py.
        say(f"核对 · review: [bold]http://127.0.0.1:{port}/review#token={token}[/]")
    if open_browser:
        threading.Timer(1.5, webbrowser.open, (url,)).start()
    uvicorn.run("api.app:from_environment", factory=True, host=host, port=port, log_level="warning")


@app.command("coverage")
def coverage_command(
    districts: DistrictsArgument = None,
    mode: ModeOption = None,
    minutes: MinutesOption = None,
    standard: StandardOption = None,
    group: GroupOption = None,
    kinds: KindsOption = None,
    surface_transit: SurfaceOption = False,
    level: Annotated[str, typer.Option(help="district | township")] = "district",
    as_of: AsOfOption = None,
    fmt: FormatOption = Format.table,
    data: DataOption = None,
) -> None:
    """各区覆盖 · Coverage per district.

    例 Example:  venuenet coverage 海淀区 --mode transit --minutes 45
    """
    with told():
        snapshot = _open(data, as_of)
        question = _question(snapshot, mode, minutes, standard, group, kinds, surface_transit)
        chosen = _districts(snapshot, districts)
        if level not in ("district", "township"):
            raise typer.BadParameter("district | township", param_hint="--level")
        rows = [
            r for r in coverage(snapshot, question, level) if not chosen or r["adcode"] in chosen
        ]
    if fmt is Format.json:
        print_json(snapshot, question, rows)
    elif fmt is Format.csv:
        sys.stdout.buffer.write(coverage_csv(rows))
    else:
        print_coverage(snapshot, question, rows)


@app.command("gaps")
def gaps_command(
    districts: DistrictsArgument = None,
    mode: ModeOption = None,
    minutes: MinutesOption = None,
    standard: StandardOption = None,
    group: GroupOption = None,
    kinds: KindsOption = None,
    surface_transit: SurfaceOption = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="写出 GeoJSON · Write GeoJSON.")
    ] = None,
    as_of: AsOfOption = None,
    fmt: FormatOption = Format.table,
    data: DataOption = None,
) -> None:
    """缺口清单或 GeoJSON · Gaps as a list or a GeoJSON file.

    例 Example:  venuenet gaps 昌平区 --standard transit45 -o gaps.geojson
    """
    with told():
        snapshot = _open(data, as_of)
        question = _question(snapshot, mode, minutes, standard, group, kinds, surface_transit)
        chosen = _districts(snapshot, districts)
        if output is not None:
            write_file(output, gap_geojson(snapshot, question, chosen))
            return
        rows = gap_rows(snapshot, question, chosen)
    if fmt is Format.json:
        print_json(snapshot, question, rows, causes=causes(rows))
    elif fmt is Format.csv:
        sys.stdout.buffer.write(gaps_csv(rows))
    else:
        print_gaps(snapshot, question, rows)


@app.command("map")
def map_command(
    output: Annotated[Path, typer.Option("-o", "--output", help="HTML 文件 · The page.")],
    mode: ModeOption = None,
    minutes: MinutesOption = None,
    standard: StandardOption = None,
    data: DataOption = None,
) -> None:
    """单文件离线地图，双击即开 · One page that works offline by double click.

    例 Example:  venuenet map -o map.html --standard walk15
    """
    from venuenet.publish.folium_page import folium_html  # noqa: PLC0415  other commands need not

    with told():
        snapshot = _open(data)
        question = _question(snapshot, mode, minutes, standard)
        write_file(output, folium_html(snapshot, question))


@app.command()
def report(
    district: Annotated[str, typer.Argument(help="区：代码、中文、英文或拼音 · The district.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="FILE.html 或 FILE.xlsx · The file.")
    ],
    lang: Annotated[str, typer.Option(help="zh | en")] = "zh",
    mode: ModeOption = None,
    minutes: MinutesOption = None,
    standard: StandardOption = None,
    data: DataOption = None,
) -> None:
    """区级缺口报告 · One district's report, as a page or a workbook.

    例 Example:  venuenet report 海淀区 -o 海淀.html
    """
    from venuenet.publish.report import report_html  # noqa: PLC0415  other commands need not
    from venuenet.publish.tables import report_xlsx  # noqa: PLC0415

    with told():
        snapshot = _open(data)
        question = _question(snapshot, mode, minutes, standard)
        adcode = resolve_district(snapshot.area, district)
        if output.suffix == ".xlsx":
            write_file(output, report_xlsx(snapshot, adcode, question))
        else:
            write_file(output, report_html(snapshot, adcode, question, lang))


@app.command("quality")
def quality_command(
    districts: DistrictsArgument = None,
    fmt: FormatOption = Format.table,
    data: DataOption = None,
) -> None:
    """数据质量：哪些数字薄弱、由谁核实 · Which numbers are weak, and who can confirm them.

    例 Example:  venuenet quality 房山 --format csv > quality.csv
    """
    with told():
        snapshot = _open(data)
        chosen = _districts(snapshot, districts)
    rows = [r for r in quality(snapshot) if not chosen or r["adcode"] in chosen]
    if fmt is Format.json:
        print_json(snapshot, None, rows, to_confirm=to_confirm(snapshot, chosen))
    elif fmt is Format.csv:
        sys.stdout.buffer.write(quality_csv(rows))
    else:
        print_quality(snapshot, rows)


@area_app.command("check")
def area_check(
    folder: Annotated[Path, typer.Argument(help="数据包目录 · The pack's folder.")],
) -> None:
    """检查区域数据包，一次列出全部问题 · Check an area pack; lists every fault at once.

    例 Example:  venuenet area check data/geo
    """
    faults = check_area(folder)
    if not faults:
        out.print("[green]数据包完好 · the pack is sound[/]")
        return
    print_faults(faults)
    raise typer.Exit(2)
