"""The fields a claim may carry: their names for people, and who wins when sources differ.

Values are JSON: text, numbers, ISO dates, lists of text. ``point`` is one value, so that a
longitude never comes from one source and its latitude from another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Rule = Literal["first", "newest", "finest", "union"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    Attributes
    ----------
    rule : {"first", "newest", "finest", "union"}
        Among claims of equal rank (a decision above a list, a surer list above a less sure one, a
        list's newer edition above its older): the first stays, the newest wins (figures and states
        that change with time), the finest position wins, or all are gathered.
    """

    name: str
    zh: str
    en: str
    rule: Rule = "first"


FIELDS: tuple[Field, ...] = (
    Field("name_zh", "名称", "name"),
    Field("name_en", "英文名称", "English name"),
    Field("aliases", "别名、曾用名", "other names", "union"),
    Field("kind", "类别", "kind"),
    Field("tier", "1+16+N 层级", "tier"),
    Field("level", "级别", "level"),
    Field("adcode", "所属区", "district"),
    Field("address_zh", "地址", "address"),
    Field("phone", "电话", "phone", "newest"),
    Field("point", "位置", "position", "finest"),
    Field("status", "状态", "status", "newest"),
    Field("opened_on", "开放日期", "opened on"),
    Field("closed_on", "关闭日期", "closed on", "newest"),
    Field("valid_until", "有效期至", "valid until", "newest"),
    Field("same_site_as", "同址场馆", "same site as"),
    Field("exhibition_m2", "展厅面积（m²）", "exhibition area (m²)", "newest"),
    Field("building_m2", "建筑面积（m²）", "building area (m²)", "newest"),
    Field("visits_per_year", "年接待量（人次）", "visits per year", "newest"),
    Field("open_days", "年开放天数", "days open per year", "newest"),
    Field("source", "出处", "source as the list names it"),
    Field("confidence", "可信度", "confidence"),
    Field("flags", "标记", "flags", "union"),
    Field("note", "备注", "note"),
    Field("standing", "登记状态", "standing", "newest"),
)
"""``point`` is {lon, lat, precision_m, method, level, confidence, reasons}: WGS84 degrees, metres.

``standing`` is a Standing; ``flags`` are the flags of the area pack (docs/area-pack.md).
"""

BY_NAME = {f.name: f for f in FIELDS}
