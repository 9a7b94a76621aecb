"""Every sentence the readers of lists can say, in both languages, and how to mend it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from venuenet.errors import Fault, SourceError
from venuenet.registry.model import RowRef
from venuenet.sources import limits

# What a fault says: zh, en, and how to mend it, zh, en.
SAYS: dict[str, tuple[str, str, str, str]] = {
    # The file as a whole.
    "no_file": ("找不到该文件", "does not exist", "核对路径", "check the path"),
    "no_plain_file": (
        "不是普通文件", "is not a regular file",
        "请指定一个文件，而不是文件夹", "name a file, not a folder",
    ),
    "unreadable": (
        "无法打开：{value}", "cannot be opened: {value}",
        "检查权限", "check permissions",
    ),
    "empty": ("文件是空的", "is empty", "重新导出清单", "export the list again"),
    "too_large": (
        "超过 {limit} MB", "is larger than {limit} MB",
        "拆成几个文件，或删去图片等无关内容", "split it, or drop pictures and the like",
    ),
    "extension": (
        "不认识的文件类型“{value}”", "unknown kind of file {value!r}",
        "可用：{allowed}", "use one of: {allowed}",
    ),
    "password": (
        "有密码保护", "is protected by a password",
        "在 Excel 或 WPS 中去掉密码后另存", "save it without a password in Excel or WPS",
    ),
    "web_page": (
        "实为网页或 XML，只是扩展名为 Excel", "is a web page or XML under an Excel name",
        "用 Excel 或 WPS 打开后另存为 .xlsx", "open it in Excel or WPS and save it as .xlsx",
    ),
    "not_excel": (
        "不是 Excel 工作簿", "is not an Excel workbook",
        "用 Excel 或 WPS 另存为 .xlsx；文本请改名为 .csv",
        "save it as .xlsx in Excel or WPS; rename plain text to .csv",
    ),
    "damaged": (
        "已损坏，无法读取：{value}", "is damaged and cannot be read: {value}",
        "用原程序打开后另存，或重新下载", "open and save it anew, or download it again",
    ),
    "zip_size": (
        "解压后超过 {limit} MB 或条目过多", "unpacks to more than {limit} MB or too many entries",
        "只保留清单工作表后另存", "keep only the list's sheets and save it anew",
    ),
    "zip_ratio": (
        "压缩比超过 {limit}:1，疑似压缩炸弹", "unpacks to over {limit} times its size",
        "删去空白区域与重复内容后另存", "drop blank areas and repeated content, save it anew",
    ),
    "zip_lies": (
        "压缩包目录与内容不符", "holds other sizes than its zip directory declares",
        "用 Excel 或 WPS 打开后另存", "open it in Excel or WPS and save it anew",
    ),
    "slow": (
        "{limit} 秒内未能读完", "could not be read within {limit} s",
        "删去多余的行、列和格式后另存", "drop needless rows, columns and formats, save it anew",
    ),
    "memory": (
        "读取所需内存过大（常因远处有零星单元格）",
        "takes too much memory (often a stray cell far from the table)",
        "删去表格之外的行列后另存", "delete rows and columns outside the table, save it anew",
    ),
    "sheets": (
        "有 {value} 个工作表，最多 {limit} 个", "has {value} sheets; {limit} are taken",
        "拆成几个文件", "split it into several files",
    ),
    "rows": (
        "超过 {limit} 行", "has more than {limit} rows",
        "拆成几个文件", "split it into several files",
    ),
    "columns": (
        "超过 {limit} 列", "has more than {limit} columns",
        "删去无关的列", "drop columns that are not needed",
    ),
    "cells": (
        "内容超过 {limit} 个单元格或过长", "holds more than {limit} filled cells, or too much text",
        "删去无关的列，或拆成几个文件", "drop columns that are not needed, or split it",
    ),
    "tables": (
        "有 {limit} 个以上表头", "has more than {limit} headers",
        "每个工作表只放一张表", "keep one table to a sheet",
    ),
    "encoding": (
        "不是 UTF-8、UTF-16（带 BOM）或 GB18030 文本",
        "is not text in UTF-8, UTF-16 with a BOM, or GB18030",
        "另存为“CSV UTF-8”", "save it as CSV UTF-8",
    ),
    "damaged_utf8": (
        "是 UTF-8 文本，但此处有损坏的字节", "is UTF-8 with damaged bytes here",
        "重新导出，或改正该行", "export it again, or mend that line",
    ),
    "nul": (
        "含 {value} 个空字符，已去掉", "holds {value} NUL characters; they were dropped",
        "核对来源程序的导出", "check the program it came from",
    ),
    "open_quote": (
        "从此行起有一个引号没有闭合，其后各行无法分辨",
        "a quote opened here is never closed: the rows after it cannot be told apart",
        "补上或删去该引号", "close the quote or delete it",
    ),
    "not_json": (
        "不是 JSON：{value}", "is not JSON: {value}",
        "重新导出为 GeoJSON", "export it as GeoJSON again",
    ),
    "not_geojson": (
        "不是 GeoJSON 要素集合", "is JSON but no GeoJSON feature collection",
        "导出为 FeatureCollection，或另存为表格", "export a FeatureCollection, or a table",
    ),
    "not_gpkg": (
        "不是 GeoPackage", "is not a GeoPackage",
        "在 QGIS 中另存为 GeoPackage", "save it as a GeoPackage in QGIS",
    ),
    "no_header": (
        "没有一个工作表有可识别的表头（至少要有名称列）",
        "no sheet has a header that can be recognised (a name column at least)",
        "在前 {limit} 行内加上“名称”等列名，或指定各列的含义",
        "put column names such as 名称 in the first {limit} rows, or map the columns",
    ),
    "bad_mapping": (
        "指定的字段“{value}”不存在", "is mapped to {value!r}, which is no field",
        "可用：{allowed}", "use one of: {allowed}",
    ),
    # A sheet or a column.
    "sheet_no_header": (
        "该工作表没有可识别的表头，未读取",
        "this sheet has no header that can be recognised; not read",
        "若是清单，请加上“名称”等列名", "if it is a list, name its columns, 名称 at least",
    ),
    "hidden_sheet": (
        "该工作表是隐藏的，也已读取", "this sheet is hidden; it was read as well",
        "若不应导入，请删去该工作表", "delete it if it should not be imported",
    ),
    "layer_view": (
        "图层“{value}”是视图或虚拟表，未读取",
        "layer {value!r} is a view or virtual table; not read",
        "导出为普通图层", "export it as a plain layer",
    ),
    "crs": (
        "坐标系无法可靠换算为经纬度，坐标未采用：{value}",
        "coordinate system cannot be turned into degrees reliably; points dropped: {value}",
        "在 QGIS 中转为 EPSG:4326 或 EPSG:4490", "save it as EPSG:4326 or EPSG:4490 in QGIS",
    ),
    "geometry": (
        "几何无法读取，坐标按未知处理", "geometry cannot be read; the point counts as unknown",
        "修复该要素的几何", "repair the feature's geometry",
    ),
    "datum_mixed": (
        "各工作表或坐标列声明的坐标基准不一致，整份清单按基准未知处理",
        "its sheets do not agree on a datum; the list's datum counts as unknown",
        "每个文件只用一种基准", "keep one datum to a file",
    ),
    "datum_other": (
        "声明为 {value}，与前面的 {other} 不同，本表坐标未采用",
        "declares {value}, an earlier sheet {other}: this sheet's points were not taken",
        "拆成两个文件分别导入", "import it as a file of its own",
    ),
    "two_columns": (
        "与“{other}”同指{zh}，采用后者", "means the {en} as {other!r} does; the latter is taken",
        "删去一列，或指定各列的含义", "drop one, or map the columns",
    ),
    "not_meant": (
        "列名像是{zh}，内容却不是，按未知列保留",
        "is named like the {en} but holds something else; kept as is",
        "核对该列，或指定其含义", "check the column, or map it",
    ),
    "mapping_absent": (
        "为该列指定了含义，但文件中没有这一列", "is mapped, but the file has no such column",
        "核对列名", "check the column's name",
    ),
    "wider": (
        "比表头多出 {value} 格，该行内容可能错位",
        "has {value} cells beyond the header: columns may have shifted",
        "检查逗号与引号", "check commas and quotes",
    ),
    "more": (
        "该列另有 {value} 格有同样问题，不再逐条列出",
        "{value} more cells here have the same fault",
        "{zh}", "{en}",
    ),
    # A cell that counts as unknown.
    "long": (
        "超过 {limit} 个字符，已截断", "is longer than {limit} characters and was cut",
        "缩短该格", "shorten the cell",
    ),
    "number": (
        "“{value}”读不出数值，按未知处理", "{value!r} is no clear number; unknown",
        "只填一个数字", "give one plain number",
    ),
    "number_range": (
        "“{value}”是一个范围，按未知处理", "{value!r} is a range; unknown",
        "填一个数值", "give one figure",
    ),
    "not_finite": (
        "“{value}”不是有效数值，按未知处理", "{value!r} is not a finite number; unknown",
        "填数字或留空", "give a number or leave it blank",
    ),
    "absurd": (
        "“{value}”即 {number:g}，超出 {low:g}..{high:g}，按未知处理",
        "{value!r} is {number:g}, outside {low:g}..{high:g}; unknown",
        "核对数值与单位", "check the value and its unit",
    ),
    "unit": (
        "“{value}”的单位与该列不符，按未知处理", "{value!r} has a unit of another kind; unknown",
        "核对单位", "check the unit",
    ),
    "coordinate": (
        "“{value}”读不出坐标，按未知处理", "{value!r} is no coordinate that can be read; unknown",
        "填十进制度，如 116.391", "give decimal degrees such as 116.391",
    ),
    "half_point": (
        "经纬度只有一半，坐标按未知处理", "only half of the point is there; unknown",
        "补全经度和纬度", "give both longitude and latitude",
    ),
    "swapped": (
        "“{value}”经纬度颠倒，坐标按未知处理",
        "{value!r}: longitude and latitude are swapped; unknown",
        "对调经度与纬度", "exchange longitude and latitude",
    ),
    "zero": (
        "坐标为零，按未知处理", "the point is zero; unknown",
        "填真实坐标或留空", "give the true point or leave it blank",
    ),
    "radians": (
        "“{value}”像是弧度而非度，坐标按未知处理", "{value!r} looks like radians; unknown",
        "换算为度", "convert to degrees",
    ),
    "metres": (
        "“{value}”像是投影坐标（米）而非度，坐标按未知处理",
        "{value!r} looks like projected metres; unknown",
        "换算为经纬度", "convert to degrees",
    ),
    "outside": (
        "“{value}”超出经纬度范围，坐标按未知处理",
        "{value!r} is outside the range of degrees; unknown",
        "核对坐标", "check the point",
    ),
    "date": (
        "“{value}”读不出日期，按未知处理", "{value!r} is no date that can be read; unknown",
        "填如 2025-12-31", "give one such as 2025-12-31",
    ),
    "date_range": (
        "“{value}”是一段时间，按未知处理", "{value!r} is a span of time; unknown",
        "填一个日期", "give one date",
    ),
    "kind": (
        "类别“{value}”不认识，按未知处理", "kind {value!r} is not known; unknown",
        "填科技馆、科普基地等", "give one such as 科技馆 or 科普基地",
    ),
    "level": (
        "级别“{value}”不认识，按未知处理", "level {value!r} is not known; unknown",
        "填国家级、市级或区级", "give 国家级, 市级 or 区级",
    ),
    "district": (
        "没有名为“{value}”的区，按未知处理", "no district is called {value!r}; unknown",
        "填本市一个区的全称", "give the full name of one district",
    ),
    "status": (
        "状态“{value}”不认识，按未填处理", "status {value!r} is not known; taken as not given",
        "填开放、关闭、在建或到期", "give 开放, 关闭, 在建 or 到期",
    ),
    "confidence": (
        "可信度“{value}”不认识，按未填处理",
        "confidence {value!r} is not known; taken as not given",
        "填高、中或低", "give 高, 中 or 低",
    ),
    "venue_id": (
        "“{value}”不是本系统的场馆编号，未采用",
        "{value!r} is no venue id of this system; not taken",
        "填如 V110108-001，或留空", "give one such as V110108-001, or leave it blank",
    ),
    # A row that is no venue.
    "title": (
        "表头之上的标题或说明", "a title or remark above the header",
        "无需处理", "nothing to do",
    ),
    "header_again": ("重复的表头", "the header again", "无需处理", "nothing to do"),
    "total": ("合计行", "a row of totals", "无需处理", "nothing to do"),
    "remark": (
        "表中的标题或表下的说明", "a heading or remark in the table",
        "无需处理", "nothing to do",
    ),
    "no_name": ("没有名称", "has no name", "补上名称", "fill in the name"),
    "long_name": (
        "名称超过 {limit} 个字符", "name is longer than {limit} characters",
        "缩短名称，其余移到备注", "shorten it and move the rest to a note",
    ),
    "no_letter": (
        "名称“{value}”没有汉字或字母", "name {value!r} has no letter or Chinese character",
        "填上真实名称", "give the true name",
    ),
    "elsewhere": (
        "在外地：{value}", "lies in another place: {value}",
        "只导入本市的场馆", "import venues of this city only",
    ),
}  # fmt: skip


def say(
    code: str,
    file: str,
    row: int | None = None,
    column: str | None = None,
    **words: str | float,
) -> Fault:
    """Word a fault.

    Parameters
    ----------
    code : str
        Key of ``SAYS``.
    file : str
        The file at fault, with its sheet: ``RowRef.where()``.
    row : int, optional
        As the spreadsheet shows it, from 1.
    column : str, optional
        Header as written.
    **words
        What the sentence's gaps are filled with; text is cut to 80 characters.
    """
    short = {k: v[:80] if isinstance(v, str) and k == "value" else v for k, v in words.items()}
    zh, en, mend_zh, mend_en = (text.format(**short) for text in SAYS[code])
    return Fault(file, row, column, zh, en, mend_zh, mend_en)


def refused(code: str, file: str, row: int | None = None, **words: str | float) -> SourceError:
    """Return the error that refuses a whole file for one fault."""
    return SourceError([say(code, file, row, None, **words)])


@dataclass
class Told:
    """The faults of a file's cells, as they are found; of many alike only the first are kept."""

    faults: list[Fault] = field(default_factory=list)
    seen: Counter[tuple[str, str, str | None]] = field(default_factory=Counter)

    def tell(self, code: str, ref: RowRef, column: str | None, **words: str | float) -> None:
        """Keep a fault of a row's cell, or count it."""
        key = code, ref.where(), column
        self.seen[key] += 1
        if self.seen[key] <= limits.SAME_FAULTS:
            self.faults.append(say(code, ref.where(), ref.row, column, **words))

    def everything(self) -> list[Fault]:
        """Return the faults kept, and for each kind and column how many more there are."""
        more = [
            say("more", where, None, column, value=n - limits.SAME_FAULTS, zh=say_zh, en=say_en)
            for (code, where, column), n in self.seen.items()
            if n > limits.SAME_FAULTS
            for _, _, say_zh, say_en in (SAYS[code],)
        ]
        return self.faults + more
