"""What the tables of a user's own numbers look like, and what their faults say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from venuenet.errors import Fault

What = Literal["population", "indicators", "objectives"]
WHATS: tuple[What, ...] = get_args(What)
MAX_ROWS = 2_000
"""Rows of one table: sixteen districts times more indicators than anybody reports."""
MAX_CHARS = 200
"""Of one cell of text."""
CITY = "city"
CITY_NAMES = (CITY, "全市", "市级", "合计")
DIRECTIONS = {
    "at_least": "at_least", "不低于": "at_least", "越高越好": "at_least", "≥": "at_least",
    "at_most": "at_most", "不高于": "at_most", "越低越好": "at_most", "≤": "at_most",
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column of a table: its name, the Chinese heading, and what its cells hold."""

    name: str
    zh: str
    kind: Literal["text", "id", "district", "number", "whole", "date", "direction"] = "text"
    filled: bool = False
    low: float = 0.0
    high: float = 1e12


_DISTRICT = Column("adcode", "区", "district", filled=True)
_SOURCE = Column("source", "数据来源", filled=True)
COLUMNS: dict[What, tuple[Column, ...]] = {
    "population": (
        _DISTRICT,
        Column("registered", "户籍人口", "whole", filled=True, low=1, high=1e9),
        Column("year", "年份", "whole", low=1949, high=2100),
        _SOURCE,
    ),
    "indicators": (
        Column("indicator", "指标编号", "id", filled=True),
        Column("name_zh", "指标名称", filled=True),
        Column("name_en", "英文名称"),
        Column("unit", "单位", filled=True),
        _DISTRICT,
        Column("value", "数值", "number"),
        Column("target", "目标值", "number", low=1e-9),
        Column("year", "年份", "whole", low=1949, high=2100),
        Column("direction", "方向", "direction", filled=True),
        _SOURCE,
    ),
    "objectives": (
        Column("objective", "目标编号", "id", filled=True),
        Column("name_zh", "目标名称", filled=True),
        Column("name_en", "英文名称"),
        _DISTRICT,
        Column("metric", "指标编号", "id", filled=True),
        Column("baseline", "基期值", "number"),
        Column("baseline_date", "基期日期", "date"),
        Column("target", "目标值", "number", filled=True),
        Column("target_date", "完成日期", "date", filled=True),
        Column("owner", "责任单位"),
        _SOURCE,
    ),
}
"""The tables. A heading may be the name, the Chinese heading, or both with a space between."""

KEYS: dict[What, tuple[str, ...]] = {
    "population": ("adcode",),
    "indicators": ("indicator", "adcode", "year"),
    "objectives": ("objective",),
}
SAME = ("name_zh", "name_en", "unit", "direction")
SAYS = {
    "rows": (
        f"超过 {MAX_ROWS} 行", f"has more than {MAX_ROWS} rows",
        "拆成几次，或删去多余行", "drop rows that are not needed",
    ),
    "empty": ("没有数据行", "has no rows", "表头下至少填一行", "fill in a row below the headings"),
    "sheets": ("不止一个工作表有内容", "has several filled sheets", "只留一个", "keep one"),
    "extra": ("不认识的列", "is no column of this table", "改为其一：{allowed}", "use: {allowed}"),
    "long": (
        f"超过 {MAX_CHARS} 字", f"is longer than {MAX_CHARS} characters", "缩短", "shorten it",
    ),
    "date": ("“{value}”不是日期", "{value!r} is no date", "如 2030-12-31", "such as 2030-12-31"),
    "id": (
        "“{value}”不能作编号", "{value!r} cannot be an id",
        "用 40 字以内的字母、数字、汉字、_ . -", "up to 40 letters, digits, _ . -",
    ),
    "district": (
        "没有名为“{value}”的区", "no district is called {value!r}",
        "填区名或六位代码，全市填 city", "a name or adcode; city for the whole city",
    ),
    "differs": (
        "同一指标“{value}”前后不一", "differs within indicator {value!r}",
        "统一名称、单位和方向", "give one name, unit and direction",
    ),
    "reserved": (
        "“{value}”是内置对标项", "{value!r} is a yardstick of the tool",
        "换一个编号，或用所测指标的编号", "choose another id, or the id of what it measures",
    ),
    "metric": (
        "没有指标“{value}”", "there is no metric {value!r}", "可用：{allowed}", "use: {allowed}",
    ),
    "share": (
        "“{value}”是人口比例，不能大于 1", "{value!r} is a share of people, at most 1",
        "60% 填 0.6", "write 0.6 for 60 %",
    ),
    "still": (
        "目标值与基期值相同", "target equals the baseline",
        "核对两者；没有差距就没有进度", "check both; without a way to go there is no progress",
    ),
    "backwards": (
        "完成日期不晚于基期日期", "target_date is not after baseline_date",
        "核对两个日期", "check both dates",
    ),
}  # fmt: skip


def word(
    code: str, file: str, row: int | None = None, column: str | None = None, **words: str
) -> Fault:
    """Word a fault of ``SAYS``; ``row`` as a spreadsheet shows it."""
    zh, en, mend_zh, mend_en = (text.format(**words) for text in SAYS[code])
    return Fault(file, row, column, zh, en, mend_zh, mend_en)
