"""The review in the terminal: one question after the other, one key each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from rich.markup import escape

from venuenet.area import StudyArea
from venuenet.console import make_table, out
from venuenet.errors import VenuenetError
from venuenet.registry.cards import Card, QuestionView
from venuenet.registry.model import DATUMS, Actor
from venuenet.registry.review import decide, undo
from venuenet.store.protocol import Store

KEYS = {
    "a": ("accept", "采用", "accept"),
    "r": ("reject", "否", "reject"),
    "m": ("merge", "合并", "merge"),
    "p": ("move", "移动位置", "move the pin"),
    "d": ("ask", "请所属区核实", "ask the district"),
}
_COMPARED = (
    ("name_zh", "名称"), ("aliases", "别名"), ("kind", "类别"), ("district_zh", "区"),
    ("address_zh", "地址"), ("phone", "电话"), ("lon", "经度"), ("lat", "纬度"),
    ("precision_m", "精度 m"), ("status", "状态"), ("standing", "登记"), ("source", "出处"),
)  # fmt: skip

Ask = Callable[[str], str]


def ask_all(
    store: Store,
    area: StudyArea,
    found: Sequence[QuestionView],
    actor: Actor,
    ask: Ask | None = None,
) -> int:
    """Go through questions until all are settled or somebody stops; returns decisions made.

    Parameters
    ----------
    ask : callable, optional
        Prompts and returns a line; the terminal by default.
    """
    ask = ask or out.input
    done: list[tuple[int, int]] = []
    if not found:
        out.print("[green]没有待核对的问题 · nothing to settle[/]")
    at = 0
    while at < len(found):
        q = found[at]
        _show(q, at + 1, len(found))
        key = ask(_prompt(q)).strip().lower()
        if key == "q":
            break
        if key in ("", "s"):
            at += 1
        elif key == "u" and done:
            number, before = done.pop()
            if _try(partial(undo, store, number, actor=actor, why="review")) is not None:
                at = before
        elif key not in KEYS or KEYS[key][0] not in q["answers"]:
            out.print("请按所列的键 · one of the keys shown, please")
        else:
            answer = KEYS[key][0]
            why, values = ask("原因（可空）why: ").strip(), _values(q, answer, ask)
            settle = partial(decide, store, area, q["id"], answer)
            receipt = _try(partial(settle, actor=actor, why=why, values=values))
            if receipt is not None:
                done.append((receipt.number, at))
                out.print(f"已记录 · recorded: 回执 receipt {receipt.number}")
                at += 1
    return len(done)


def _try(act: Callable[[], Any]) -> Any:  # noqa: ANN401  passes on what the act returns
    """Do something; what is refused is told, and the question is asked again."""
    try:
        return act()
    except VenuenetError as error:
        out.print(f"[red]{escape(error.detail)}[/]\n[red]{escape(error.detail_en)}[/]")
        return None


def _prompt(q: QuestionView) -> str:
    keys = [f"{k} {zh} {en}" for k, (name, zh, en) in KEYS.items() if name in q["answers"]]
    return "  ".join((*keys, "s 跳过 skip", "u 撤销上一个 undo", "q 结束 quit")) + "：\n> "


def _show(q: QuestionView, number: int, total: int) -> None:
    where = q["district_zh"] or ""
    out.rule(escape(f"{number}/{total} {where} {q['title_zh']} {q['title_en']}"))
    columns = [("", "", False), *((v["venue_id"], "", False) for v in q["venues"][:3])]
    table = make_table(columns, None)
    for name, zh in _COMPARED:
        cells = [_cell(v, name) for v in q["venues"][:3]]
        if any(cells):
            table.add_row(zh, *(escape(c) for c in cells))
    out.print(table)
    for reason in q["reasons"]:
        out.print(f"· {escape(reason['zh'])} | {escape(reason['en'])}", highlight=False)
    for c in q["candidates"]:
        place = f"{c['lon']:.5f},{c['lat']:.5f} ±{c['precision_m']:.0f} m"
        out.print(f"→ {place} {escape(str(c['label_zh']))}", highlight=False)


def _cell(card: Card, name: str) -> str:
    value = dict(card).get(name)
    if isinstance(value, list):
        return "、".join(str(v) for v in value)
    return "" if value is None else str(value)


def _values(q: QuestionView, answer: str, ask: Ask) -> dict[str, object]:
    if answer == "move":
        lon, _, lat = ask("经度,纬度（WGS84）lon,lat: ").partition(",")
        return {"lon": lon, "lat": lat}
    if answer == "merge" and q["kind"] == "new":
        return {"into": ask("并入哪个编号 into which id: ").strip()}
    if answer == "accept" and q["kind"] == "datum":
        return {"datum": ask(f"坐标基准 datum（{'、'.join(DATUMS)}）: ").strip()}
    return {}
