"""The command line: build, serve, and every answer as a table, JSON or CSV."""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import webbrowser
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

import venuenet
from venuenet import (
    cli_answers,
    cli_changes,
    cli_equity,
    cli_groups,
    cli_network,
    cli_registry,
    cli_scenario,
    cli_standards,
    cli_ties,
    cli_uncertainty,
    pipeline,
)
from venuenet.area import check as check_area
from venuenet.cli_isochrone import isochrone_command
from venuenet.cli_mobile import mobile_command
from venuenet.cli_network import networks_folder
from venuenet.cli_site import site_command
from venuenet.console import (
    err,
    out,
    print_faults,
    say,
)
from venuenet.engines import DEFAULT
from venuenet.errors import BadQueryError, NetworkFileError, SnapshotError, SourceError
from venuenet.opened import AS_OF_NOTE, build_into, inputs_folder, inputs_for, snapshot_folder
from venuenet.options import (
    AsOfOption,
    DataOption,
)
from venuenet.publish.snapshot import MANIFEST
from venuenet.settings import Settings
from venuenet.store import SnapshotFolder, registry_exists
from venuenet.terminal import told

app = typer.Typer(
    name="venuenet",
    help="科普场馆覆盖与缺口 · Where people can meet science, and where they cannot.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,
)
area_app = typer.Typer(help="区域数据包 · Area packs.", no_args_is_help=True)
app.add_typer(area_app, name="area")
cli_answers.add_to(app)
cli_changes.add_to(app)
cli_equity.add_to(app)
cli_registry.add_to(app)
cli_standards.add_to(app)
cli_uncertainty.add_to(app)
app.add_typer(cli_network.app, name="network")
app.add_typer(cli_groups.app, name="groups")
app.add_typer(cli_scenario.app, name="scenario")
cli_ties.add_to(cli_network.app)
app.command("isochrone")(isochrone_command)
app.command("mobile")(mobile_command)
app.command("site")(site_command)


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
    except (SnapshotError, NetworkFileError, SourceError):
        return True


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
    groups: Annotated[
        Path | None, typer.Option(help="自定人群表 YAML · Own table of groups.")
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
        store = snapshot_folder(data)
        folder = None if estimates else networks_folder(data)
        given = pipeline.Inputs(
            area, standards, assumptions,
            travellers=travellers, traveller=traveller, networks=folder,
            groups=groups, extras=inputs_folder(data),
        )  # fmt: skip
        # A pack of one's own stands for itself: the registry holds the embedded area's venues.
        day = None if as_of is None else as_of.date()
        if day is not None:
            say(AS_OF_NOTE)
        with nullcontext(given) if area is not None else inputs_for(data, given, day) as inputs:
            folder = build_into(store, inputs)
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
        store = snapshot_folder(data)
        with inputs_for(data) as inputs:
            if store.current_id() is None or (refresh and _is_outdated(store, inputs)):
                build_into(store, inputs)
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
    # For programs of this machine: venuenet site asks no service. See docs/siting-jobs.md.
    say(f"选址 · siting: [bold]POST http://127.0.0.1:{port}/siting[/]   X-Venuenet-Token: {token}")
    if open_browser:
        threading.Timer(1.5, webbrowser.open, (url,)).start()
    uvicorn.run("api.app:from_environment", factory=True, host=host, port=port, log_level="warning")


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
