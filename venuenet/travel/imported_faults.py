"""Every sentence an imported matrix's fault can say, in zh and en, and how to mend it.

Faults are counted in full and listed up to a stated number per kind and column.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from venuenet.errors import Fault, TravelDataError, VenuenetError

LISTED = 20
"""Faults listed per kind and column; the rest are counted."""

# What a fault says: zh, en, and how to mend it, zh, en.
SAYS: dict[str, tuple[str, str, str, str]] = {
    "no_file": ("找不到该文件", "does not exist", "核对路径", "check the path"),
    "no_plain_file": ("不是普通文件", "is no regular file", "给出一个文件", "give one file"),
    "extension": (
        "不认识的文件类型“{value}”", "{value!r} is no kind of file taken here",
        "给出 {allowed}", "give {allowed}",
    ),
    "too_large": (
        "超过 {limit} MB", "is larger than {limit} MB",
        "只保留起点、终点、时间三列，或改存 Parquet",
        "keep origin, destination and time only, or save it as Parquet",
    ),
    "rows": (
        "超过 {limit:,} 行", "has more than {limit:,} rows",
        "只保留所需的起终点", "keep only the pairs that are needed",
    ),
    "pairs": (
        "起点 {origins:,} 个 × 场馆 {venues:,} 个，超过 {limit:,} 对",
        "has {origins:,} origins for {venues:,} venues, more than {limit:,} pairs",
        "减少每个格网的起点", "give fewer origins per cell",
    ),
    "encoding": (
        "既不是 UTF-8 也不是 GB18030 编码", "is neither UTF-8 nor GB18030",
        "另存为 UTF-8", "save it as UTF-8",
    ),
    "damaged": (
        "无法读取：{value}", "cannot be read: {value}", "重新导出该文件", "export the file again",
    ),
    "empty": ("没有数据行", "has no rows", "补上数据", "add its rows"),
    "width": (
        "有 {value} 格，表头有 {total} 格", "has {value} cells, the header {total}",
        "检查分隔符与引号", "check delimiters and quotes",
    ),
    "no_origin": (
        "缺少起点列", "has no column of origins",
        "将列名改为 origin、from_id 或“起点”", "call it origin or from_id",
    ),
    "no_destination": (
        "缺少终点列", "has no column of destinations",
        "将列名改为 destination、to_id 或“终点”", "call it destination or to_id",
    ),
    "no_time": (
        "缺少时间列，或列名没有说明单位", "has no column of times, or none that names its unit",
        "将列名改为 minutes（分钟）或 seconds（秒）", "call it minutes or seconds",
    ),
    "two_columns": (
        "与“{value}”含义相同", "means the same as {value!r}", "删去其一", "drop one of the two",
    ),
    "half_point": (
        "有经度无纬度，或有纬度无经度", "longitude and latitude come together or not at all",
        "补全 lon、lat 两列", "give both columns, lon and lat",
    ),
    "blank": ("不能为空", "must not be blank", "填上取值", "fill it in"),
    "number": ("“{value}”不是数字", "{value!r} is not a number", "只填数字", "digits only"),
    "negative": ("{value} 小于零", "{value} is negative", "删去该行", "drop the row"),
    "absurd": (
        "{value} 相当于 {hours:.0f} 小时，超过 {limit} 小时",
        "{value} is {hours:.0f} hours, more than {limit}",
        "核对单位（秒当成了分钟？），到不了的起终点请删去",
        "check the unit (seconds read as minutes?); leave out pairs that cannot be travelled",
    ),
    "unit": (
        "相距 {km} km 以上的起终点大多快于 {speed} km/h，单位有误",
        "most pairs over {km} km apart are faster than {speed} km/h: the unit is wrong",
        "核对时间列的单位并写入列名", "check the unit of the times and name it in the header",
    ),
    "cell": (
        "“{value}”不是 H3 格网编号", "{value!r} is no H3 cell",
        "改用 {resolution} 级 H3 编号，或补上起点的 lon、lat 两列",
        "use H3 cells of resolution {resolution}, or add the origins' lon and lat columns",
    ),
    "finer": (
        "“{value}”是 {found} 级格网，细于成果的 {resolution} 级",
        "{value!r} is of resolution {found}, finer than the build's {resolution}",
        "补上起点的 lon、lat 两列（按所在格网取中位数），或改用 {resolution} 级",
        "add the origins' lon and lat (a cell gets their median), or use resolution {resolution}",
    ),
    "coarser": (
        "“{value}”是 {found} 级格网，粗于成果的 {resolution} 级",
        "{value!r} is of resolution {found}, coarser than the build's {resolution}",
        "按 {resolution} 级格网重新计算", "compute it again for cells of resolution {resolution}",
    ),
    "degrees": (
        "{value} 不是经纬度", "{value} is no such coordinate",
        "填十进制度数", "give decimal degrees",
    ),
    "moved": (
        "起点“{value}”前后坐标不同", "origin {value!r} stood elsewhere in an earlier row",
        "一个起点只给一个坐标", "give each origin one point",
    ),
    "venue": (
        "场馆“{value}”不存在{hint}", "venue {value!r} is unknown{hint_en}",
        "填 venue_id 或场馆全称", "give a venue_id or a venue's full name",
    ),
    "namesakes": (
        "“{value}”有多个同名场馆：{ids}", "{value!r} is the name of several venues: {ids}",
        "改填 venue_id", "give the venue_id",
    ),
    "disagrees": (
        "为 {value} 秒，而同一起终点在前面的行为 {other} 秒",
        "says {value} s, an earlier row says {other} s for the same pair",
        "保留正确的一行", "keep the row that is right",
    ),
    "lonely": (
        "格网 {value}（{people:,} 人）没有任何时间", "cell {value} ({people:,} people) has no time",
        "补上该格网的行，或确认使用不完整的矩阵",
        "add its rows, or agree to a partial matrix",
    ),
    "more": (
        "同类问题还有 {value:,} 处", "has {value:,} more of these",
        "按前面所列的方法修改", "mend them as those listed above",
    ),
}  # fmt: skip


class Faults:
    """Gathers the faults of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._listed: list[Fault] = []
        self._counts: Counter[tuple[str, str | None]] = Counter()

    def __len__(self) -> int:
        """Count all faults, listed or not."""
        return self._counts.total()

    def add(
        self,
        kind: str,
        rows: Iterable[int | None] = (None,),
        column: str | None = None,
        *,
        each: Mapping[str, Sequence[object]] | None = None,
        **words: object,
    ) -> None:
        """Add faults of one kind in one column.

        Parameters
        ----------
        kind : str
            Key of ``SAYS``.
        rows : iterable of int, optional
            The rows at fault, one fault each; without, one fault of the file as a whole.
        column : str, optional
            The column as the file calls it.
        each : dict of sequences, optional
            Words of the sentence that differ from row to row.
        **words
            Words all rows share.
        """
        at = list(rows)
        room = max(LISTED - self._counts[kind, column], 0)
        self._counts[kind, column] += len(at)
        for i, row in enumerate(at[:room]):
            own = {key: values[i] for key, values in (each or {}).items()}
            says = (text.format(**words, **own) for text in SAYS[kind])
            self._listed.append(Fault(self.file, None if row is None else int(row), column, *says))

    def error(self) -> MatrixFaultsError:
        """Return all that was gathered as the error to raise."""
        listed = list(self._listed)
        for (_, column), count in self._counts.items():
            if count > LISTED:
                says = (text.format(value=count - LISTED) for text in SAYS["more"])
                listed.append(Fault(self.file, None, column, *says))
        listed.sort(key=lambda f: (f.row is None, f.row or 0, f.column or ""))
        return MatrixFaultsError(self.file, listed, len(self))

    def refuse_any(self) -> None:
        """Raise what was gathered, if anything was."""
        if len(self):
            raise self.error()


class MatrixFaultsError(TravelDataError):
    """A matrix with faults: lists up to ``LISTED`` of a kind and column, and counts all.

    Attributes
    ----------
    faults : list of Fault
        By row; where a kind has more than ``LISTED``, one more says how many.
    total : int
        All faults, listed or not.
    """

    def __init__(self, file: str, faults: Sequence[Fault], total: int) -> None:
        super().__init__(faults)
        self.total = total
        VenuenetError.__init__(
            self,
            f"{file} 共 {total} 处：" + "；".join(f.zh() for f in self.faults[:5]),
            f"{file}: {total} faults: " + "; ".join(f.en() for f in self.faults[:5]),
            param=file,
        )
