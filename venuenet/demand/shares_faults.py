"""Every sentence a table of shares can be refused with, in both languages, and how to mend it."""

from __future__ import annotations

from venuenet.errors import Fault

# What a fault says: zh, en, and how to mend it, zh, en.
SAYS: dict[str, tuple[str, str, str, str]] = {
    "too_large": (
        "超过 {limit} MB", "is larger than {limit} MB",
        "只保留比例表", "keep only the table of shares",
    ),
    "rows": (
        "超过 {limit} 行", "has more than {limit} rows", "拆成几个文件", "split it into several",
    ),
    "groups": (
        "人群超过 {limit} 类", "names more than {limit} groups",
        "合并或删去一些", "merge or drop some",
    ),
    "no_header": (
        "没有表头：须有 人群、比例、年份、来源，以及 区 或 街道乡镇",
        "has no header with group, share, year, source, and district or township",
        "用 venuenet groups template -o FILE.csv 取模板",
        "take the template: venuenet groups template -o FILE.csv",
    ),
    "no_rows": (
        "没有一行填了比例", "has no row with a share", "填上比例", "fill in shares",
    ),
    "column": (
        "不认识的列", "unknown column",
        "删去或改名；可用：{allowed}", "drop or rename it; known: {allowed}",
    ),
    "twice_column": (
        "与“{value}”是同一项", "is the same as {value!r}", "删去一列", "drop one of them",
    ),
    "wide": (
        "比表头多出 {value} 格", "has {value} cells beyond the header",
        "检查逗号与引号", "check commas and quotes",
    ),
    "blank": ("不能为空", "must not be blank", "填上取值", "fill it in"),
    "long": (
        "超过 {limit} 个字符", "is longer than {limit} characters", "缩短", "shorten it",
    ),
    "no_area": (
        "区与街道乡镇都为空", "names neither a district nor a township",
        "至少填一项", "give one of them",
    ),
    "district": (
        "没有名为“{value}”的区", "no district is called {value!r}",
        "填本市一个区的名称或代码", "give a district's name or code",
    ),
    "township": (
        "{where}没有名为“{value}”的街道乡镇", "no township of {where} is called {value!r}",
        "填全称或代码，并核对所属区", "give its full name or code, and check the district",
    ),
    "which_township": (
        "“{value}”可指 {allowed}", "{value!r} may be any of {allowed}",
        "填代码或所属区", "give the code or the district",
    ),
    "group": (
        "没有名为“{value}”的人群", "no group is called {value!r}",
        "用已有人群：{allowed}；新人群请用小写字母编号，并填中文名和英文名",
        "use one of: {allowed}; a new group has an id in lower case letters, name_zh and name_en",
    ),
    "names": (
        "新人群“{value}”缺中文名或英文名", "the new group {value!r} lacks name_zh or name_en",
        "在任一行填上两者", "give both in any of its rows",
    ),
    "other_name": (
        "“{value}”与该人群已有的名称“{other}”不同", "{value!r} is not the group's name {other!r}",
        "改为一致，或留空", "make them the same, or leave it blank",
    ),
    "number": (
        "“{value}”不是数字", "{value!r} is no number",
        "填 0 到 1 的小数，或带 % 的百分数", "give a share from 0 to 1, or a percentage with %",
    ),
    "range": (
        "“{value}”超出 0 到 1（0% 到 100%）", "{value!r} is outside 0..1 (0 % to 100 %)",
        "核对数值；百分数请写上 %", "check it; write a percentage with its %",
    ),
    "percent": (
        "列名是百分数，“{value}”不知是 {value}% 还是 {hundred:g}%",
        "the column is in percent: {value!r} may be {value} % or {hundred:g} %",
        "在格内写上 %", "write the % in the cell",
    ),
    "year": (
        "“{value}”不是年份", "{value!r} is no year", "填四位年份，如 2020", "give one such as 2020",
    ),
    "twice": (
        "与第 {value} 行是同一人群、同一地方", "repeats row {value}: the same group and area",
        "只留一行", "keep one of them",
    ),
    "contradicts": (
        "{where}：{group} 全区占 {value:.1%}，但已给的街道乡镇只容许 {low:.1%} 到 {high:.1%}",
        "{where}: {group} is {value:.1%} of all, its townships leave {low:.1%} to {high:.1%}",
        "核对区与街道乡镇的比例（允许相差 0.5 个百分点）",
        "check the district's and the townships' shares (half a point of difference is allowed)",
    ),
}  # fmt: skip


def say(
    code: str, file: str, row: int | None = None, column: str | None = None, **words: str | float
) -> Fault:
    """Word a fault; ``row`` as the spreadsheet shows it, a quoted ``value`` cut short."""
    short = {k: v[:80] if k == "value" and isinstance(v, str) else v for k, v in words.items()}
    zh, en, mend_zh, mend_en = (text.format(**short) for text in SAYS[code])
    return Fault(file, row, column, zh, en, mend_zh, mend_en)
