"""Every sentence an area pack's fault can say, in both languages, and how to mend it."""

from __future__ import annotations

from collections.abc import Hashable

from venuenet.errors import Fault

# What a fault says: zh, en, and how to mend it, zh, en.
SAYS: dict[str, tuple[str, str, str, str]] = {
    "no_file": ("缺少该文件", "is missing", "补上该文件", "add the file"),
    "not_utf8": ("不是 UTF-8 编码", "is not UTF-8", "另存为 UTF-8", "save it as UTF-8"),
    "too_large": (
        "超过 {value} MB", "is larger than {value} MB",
        "拆分或简化该文件", "split or simplify the file",
    ),
    "unreadable": (
        "无法读取：{value}", "cannot be read: {value}",
        "见 docs/area-pack.md", "see docs/area-pack.md",
    ),
    "width": (
        "有 {value} 格，表头有 {total} 格", "has {value} cells, the header {total}",
        "检查逗号与引号", "check commas and quotes",
    ),
    "same_column": ("列名重复", "column appears twice", "改名或删去", "rename or drop one"),
    "no_column": ("缺少该列", "column is missing", "补上该列", "add the column"),
    "blank": ("不能为空", "must not be blank", "填上取值", "fill it in"),
    "number": ("“{value}”不是数字", "{value!r} is not a number", "只填数字", "digits only"),
    "whole": ("{value} 不是整数", "{value} is not whole", "填整数", "give a whole number"),
    "range": (
        "{value} 超出 {low}..{high}", "{value} is outside {low}..{high}",
        "核对数值与单位", "check the value and its unit",
    ),
    "allowed": (
        "“{value}”不是允许的取值", "{value!r} is not allowed",
        "改为其一：{allowed}", "use one of: {allowed}",
    ),
    "refers": (
        "“{value}”在 {refers} 中不存在", "{value!r} does not exist in {refers}",
        "改正代码或补上所指的行", "mend the code or add the row it means",
    ),
    "twice": (
        "“{value}”与第 {other} 行重复", "{value!r} repeats row {other}",
        "合并或改名", "merge the rows or rename one",
    ),
    "half_point": (
        "有坐标却缺此项，或只有一半坐标", "a point lacks this part",
        "补全 lon、lat、精度与方法，或全部留空", "give lon, lat, precision and method, or none",
    ),
    "swapped": (
        "经纬度颠倒", "longitude and latitude are swapped", "两列互换", "exchange the two columns",
    ),
    "outside": (
        "在所属区外 {metres:.0f} 米", "lies {metres:.0f} m outside its district",
        "核对坐标与所属区", "check the point and the district",
    ),
    "gcj02_point": (
        "在所属区外 {metres:.0f} 米，按 GCJ-02 纠正后在区内",
        "lies {metres:.0f} m outside its district, inside once read as GCJ-02",
        "转换为 WGS84", "convert to WGS84",
    ),
    "gcj02_table": (
        "区外的点按 GCJ-02 纠正后多数回到区内（合计 {metres:.0f} 米），疑混入 GCJ-02 坐标",
        "points outside come inside once read as GCJ-02 ({metres:.0f} m in all): a datum mix",
        "查明来源并转换为 WGS84", "find the rows' source and convert to WGS84",
    ),
    "gcj02_names": (
        "与同名站点/乡镇平均相差 {metres:.0f} 米，方向同 GCJ-02 偏移",
        "namesakes lie {metres:.0f} m apart along the GCJ-02 offset",
        "将本表转换为 WGS84", "convert this table to WGS84",
    ),
    "foreign": (
        "坐标来自“{value}”，未说明已转换", "point comes from {value!r}, not said to be converted",
        "转换为 WGS84 并在此注明", "convert to WGS84 and say so here",
    ),
    "track": (
        "两站直线距离比线路长 {metres:.0f} 米",
        "stations lie {metres:.0f} m further apart than the track is long",
        "核对两站坐标（基准混用？）与里程", "check both points (datum mix?) and the length",
    ),
    "line": (
        "“{value}”不经过 {station}", "{value!r} does not serve {station}",
        "改正线路名或车站的 lines", "mend the line or the station's lines",
    ),
    "total": (
        "合计 {value}，应为 {total}", "sums to {value}, should be {total}",
        "核对各区人口或 total_people", "check the districts' people or total_people",
    ),
    "no_township": (
        "{value} 没有街道乡镇", "{value} has no township",
        "在 townships.csv 中补上", "add one to townships.csv",
    ),
    "under": (
        "各街道乡镇人口都已知，合计 {value}，少于本区 {total}",
        "all townships are known and add up to {value}, less than the district's {total}",
        "核对街道乡镇人口", "check the townships' residents",
    ),
    "over": (
        "街道乡镇人口合计 {value}，超过全区 {total}",
        "townships hold {value} people, the district {total}",
        "核对街道乡镇人口", "check the townships' residents",
    ),
    "same_code": ("{value} 重复", "{value} appears twice", "合并边界", "merge the polygons"),
    "no_polygon": ("缺少 {value} 的边界", "{value} has no polygon", "补上边界", "add the polygon"),
    "shape": (
        "边界无效：{value}", "polygon is not valid: {value}",
        "修复几何", "repair the geometry",
    ),
    "overlap": (
        "与 {value} 重叠 {km2:.2f} km²", "overlaps {value} by {km2:.2f} km²",
        "修正公共边界", "mend the common border",
    ),
}  # fmt: skip


def say(
    code: str,
    file: str,
    row: Hashable = None,
    column: str | None = None,
    **words: str | float | None,
) -> Fault:
    """Word a fault.

    Parameters
    ----------
    code : str
        Key of ``SAYS``.
    file : str
        The file at fault.
    row : int, optional
        Position in the frame, from 0; told as the spreadsheet's number, the header being row 1.
    column : str, optional
        The column at fault.
    **words
        What the sentence's gaps are filled with.
    """
    number = int(str(row)) + 2 if row is not None else None
    zh, en, mend_zh, mend_en = (text.format(**words) for text in SAYS[code])
    return Fault(file, number, column, zh, en, mend_zh, mend_en)
