"""The commands of the registry: import, review, undo, history, receipts."""

from __future__ import annotations

import datetime as dt
import getpass
import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, get_args

import typer

from venuenet.area import StudyArea, resolve_district
from venuenet.area import load as load_area
from venuenet.console import out
from venuenet.console_registry import (
    import_json,
    print_history,
    print_import,
    print_questions,
    print_receipts,
    rows_csv,
)
from venuenet.errors import BadQueryError
from venuenet.geocode.build import from_settings
from venuenet.geocode.settings import GeocodeSettings
from venuenet.intake import Options, import_lists, seed
from venuenet.options import DataOption, Format, FormatOption, WhoOption, WhyOption
from venuenet.registry.history import history, receipts
from venuenet.registry.model import Actor, Confidence, Datum
from venuenet.registry.resolve import register
from venuenet.registry.review import QuestionView, decide, decide_all, questions, split, undo
from venuenet.registry.settle import subject_of
from venuenet.review_terminal import ask_all
from venuenet.settings import Settings
from venuenet.store import open_store
from venuenet.store.protocol import Store
from venuenet.terminal import bars, told

DATUM_NAMES = {name.lower().replace("-", ""): name for name in get_args(Datum)}


class Sureness(StrEnum):
    """How far a list's maintainers answer for it."""

    high = "high"
    medium = "medium"
    low = "low"


def _area(name: str) -> StudyArea:
    """Load the area somebody names: the embedded one by its id, or a folder."""
    embedded = load_area()
    if name == embedded.meta.id:
        return embedded
    if not Path(name).is_dir():
        raise BadQueryError(
            f"没有名为“{name}”的区域，也没有这样的目录",
            f"there is no area {name!r}, nor a folder of that name",
            param="area", allowed=[embedded.meta.id],
        )  # fmt: skip
    return load_area(Path(name))


AreaOption = Annotated[
    str, typer.Option("--area", help="区域：beijing 或数据包目录 · Area, or a pack's folder.")
]


def actor(area: StudyArea, who: str | None) -> Actor:
    """Return who acts: as told, or as the environment says; with the district it is bound to."""
    settings = Settings()
    bound, name = settings.district, who or settings.who or getpass.getuser()
    return Actor(name, resolve_district(area, bound) if bound else None)


@contextmanager
def _opened(data: Path | None, area: StudyArea) -> Iterator[Store]:
    with closing(open_store(data=data)) as store:
        seed(store, area)
        yield store


def import_command(
    files: Annotated[list[Path], typer.Argument(help="清单文件 · Lists.", metavar="FILE...")],
    area: AreaOption = "beijing",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只预演，不写入 · Show, write nothing.")
    ] = False,
    source: Annotated[
        str | None,
        typer.Option(help="清单名称（默认取自文件名）· The list's name; same name, same list."),
    ] = None,
    date: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="清单所述日期（默认今天）· The list's date."),
    ] = None,
    datum: Annotated[
        str | None,
        typer.Option(
            help="坐标基准 wgs84|cgcs2000|gcj02|bd09；会检验 · Datum; tested all the same."
        ),
    ] = None,
    confidence: Annotated[
        Sureness,
        typer.Option(
            help="high：主管单位核定，新场馆不再逐一核实 · high: new rows need no review."
        ),
    ] = Sureness.medium,
    licence: Annotated[str, typer.Option(help="许可 · Licence of the list.")] = "",
    column: Annotated[
        list[str] | None,
        typer.Option("--column", help="指定列，如 --column 馆名=name_zh；会记住 · Name a column."),
    ] = None,
    who: WhoOption = None,
    why: WhyOption = "",
    fmt: FormatOption = Format.table,
    data: DataOption = None,
) -> None:
    """导入清单 · Take lists into the registry: .xlsx .xls .csv .tsv .geojson .gpkg.

    例 Example:  venuenet import 海淀科普基地.xlsx --dry-run

    例 Example:  venuenet import amap.csv --datum gcj02 --date 2026-11-01
    """
    with told():
        study = _area(area)
        chosen: Confidence = confidence.value
        options = Options(
            source=source,
            stated_on=date.date() if date else None,
            datum=_datum(datum),
            confidence=chosen,
            licence=licence,
            mapping=_columns(column),
        )
        with _opened(data, study) as store, bars() as stage:
            subjects = [
                subject_of(v)
                for v in register(store.ledger()).values()
                if v.standing == "confirmed"
            ]
            cache = (data or Settings().data) / "geocode"
            result = import_lists(
                store,
                study,
                files,
                from_settings(study, subjects, GeocodeSettings(), cache),
                actor=actor(study, who),
                why=why,
                options=options,
                dry_run=dry_run,
                stage=stage,
            )
    if fmt is Format.json:
        sys.stdout.write(import_json(result) + "\n")
    elif fmt is Format.csv:
        sys.stdout.buffer.write(rows_csv(result))
    else:
        print_import(result, dry_run=dry_run)


def _datum(text: str | None) -> Datum | None:
    if text is None:
        return None
    named = DATUM_NAMES.get(text.lower().replace("-", "").replace("_", ""))
    if named is None:
        raise BadQueryError(
            f"没有“{text}”这种坐标基准", f"there is no datum {text!r}",
            param="datum", allowed=list(DATUM_NAMES),
        )  # fmt: skip
    found: Datum = named
    return found


def _columns(given: list[str] | None) -> dict[str, str] | None:
    if not given:
        return None
    pairs = [g.partition("=") for g in given]
    if any(not sign for _, sign, _ in pairs):
        raise BadQueryError(
            "--column 的写法是 表头=字段，如 馆名=name_zh",
            "--column takes header=field, such as 馆名=name_zh",
            param="column",
        )
    return {header: name for header, _, name in pairs}


def review_command(
    question: Annotated[str | None, typer.Argument(help="问题编号 · A question's id.")] = None,
    answer: Annotated[
        str | None, typer.Argument(help="accept|reject|merge|move|ask · The answer.")
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="只列出待核对的问题 · List the open questions.")
    ] = False,
    all_of: Annotated[
        str | None,
        typer.Option("--all", help="对所列问题一并作答，如 reject · One answer for all listed."),
    ] = None,
    kind: Annotated[str | None, typer.Option(help="same|new|place|datum · One kind.")] = None,
    district: Annotated[str | None, typer.Option(help="只看一区 · One district.")] = None,
    matching: Annotated[
        str | None, typer.Option(help="名称或清单原文含此字样 · Whose name or row has this text.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="move 的位置：经度,纬度（WGS84）· Pin as lon,lat.")
    ] = None,
    into: Annotated[str | None, typer.Option(help="并入的场馆编号 · Merge into this id.")] = None,
    datum: Annotated[str | None, typer.Option(help="清单的坐标基准 · The list's datum.")] = None,
    who: WhoOption = None,
    why: WhyOption = "",
    area: AreaOption = "beijing",
    fmt: FormatOption = Format.table,
    data: DataOption = None,
) -> None:
    """逐条核对 · Settle what the machine may not: one by one, or one by its id.

    例 Example:  venuenet review --district 海淀

    例 Example:  venuenet review 3f2a9c01b7de merge --why 同一院内

    例 Example:  venuenet review --kind new --matching 公园 --all reject --why 不属科普场馆
    """
    with told():
        study = _area(area)
        adcode = resolve_district(study, district) if district else None
        with _opened(data, study) as store:
            me = actor(study, who)
            if question is not None and answer is not None:
                values = _values(at, into, datum)
                done = decide(store, study, question, answer, actor=me, why=why, values=values)
                out.print(f"已记录 · recorded: 回执 receipt {done.number}")
                return
            found = questions(store, study, kind=kind, adcode=adcode)
            if question is not None:
                found = [q for q in found if q["id"] == question]
            if matching:
                found = [q for q in found if _says(q, matching)]
            if all_of is not None:
                ids = [q["id"] for q in found]
                done = decide_all(store, study, ids, all_of, actor=me, why=why)
                out.print(f"{len(ids)} 个问题已答 · answered: 回执 receipt {done.number}")
                return
            if fmt is Format.json:
                sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=1) + "\n")
            elif listed or not sys.stdin.isatty():
                print_questions(found)
            else:
                ask_all(store, study, found, me)


def _says(q: QuestionView, text: str) -> bool:
    """Whether the venue asked about, or its row, has a text."""
    mine = q["venues"][0]
    row = mine["row"]["raw"].values() if mine["row"] else ()
    return any(text in t for t in (mine["name_zh"] or "", *row))


def _values(at: str | None, into: str | None, datum: str | None) -> dict[str, object]:
    values: dict[str, object] = {}
    if at is not None:
        lon, _, lat = at.partition(",")
        values |= {"lon": lon, "lat": lat}
    if into is not None:
        values["into"] = into
    if datum is not None:
        values["datum"] = _datum(datum)
    return values


def split_command(
    venue: Annotated[str, typer.Argument(help="被并入的场馆编号 · The id that was merged.")],
    who: WhoOption = None,
    why: WhyOption = "",
    area: AreaOption = "beijing",
    data: DataOption = None,
) -> None:
    """拆分误并的场馆 · Part a venue from the one it was merged with.

    例 Example:  venuenet split RABCDEFGHIJ --why 两处不同院落
    """
    with told():
        study = _area(area)
        with _opened(data, study) as store:
            done = split(store, study, venue, actor=actor(study, who), why=why)
    out.print(f"已拆分 · parted: 回执 receipt {done.number}")


def undo_command(
    receipt: Annotated[int, typer.Argument(help="回执号 · The receipt's number.")],
    who: WhoOption = None,
    why: WhyOption = "",
    area: AreaOption = "beijing",
    data: DataOption = None,
) -> None:
    """撤销一次导入或决定 · Take back an import or a decision.

    例 Example:  venuenet undo 4 --why 传错了文件
    """
    with told():
        study = _area(area)
        with _opened(data, study) as store:
            done = undo(store, receipt, actor=actor(study, who), why=why)
    out.print(f"已撤销回执 {receipt} · receipt {receipt} undone: 回执 receipt {done.number}")


def history_command(
    venue: Annotated[str, typer.Argument(help="场馆编号（旧编号亦可）· Any id it ever had.")],
    fmt: FormatOption = Format.table,
    area: AreaOption = "beijing",
    data: DataOption = None,
) -> None:
    """一处场馆的来龙去脉 · What was ever said of a venue, by whom and when.

    例 Example:  venuenet history V110101-002
    """
    with told(), _opened(data, _area(area)) as store:
        found = history(store, venue)
    if fmt is Format.json:
        say_json(found)
    else:
        print_history(found)


def receipts_command(
    fmt: FormatOption = Format.table,
    area: AreaOption = "beijing",
    data: DataOption = None,
) -> None:
    """登记簿的全部回执 · Every change of the registry, the newest first.

    例 Example:  venuenet receipts
    """
    with told(), _opened(data, _area(area)) as store:
        found = receipts(store)
    if fmt is Format.json:
        say_json(found)
    else:
        print_receipts(found)


def say_json(answer: object) -> None:
    """Print an answer as JSON."""
    sys.stdout.write(json.dumps(answer, ensure_ascii=False, indent=1) + "\n")


def add_to(app: typer.Typer) -> None:
    """Add the registry's commands to the command line."""
    app.command("import")(import_command)
    app.command("review")(review_command)
    app.command("split")(split_command)
    app.command("undo")(undo_command)
    app.command("history")(history_command)
    app.command("receipts")(receipts_command)
