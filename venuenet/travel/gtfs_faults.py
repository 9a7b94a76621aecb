"""Every sentence a transit feed's fault can say, in zh and en, and what each fault spoils.

Faults are gathered, counted in full and listed up to a stated number per kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from venuenet.errors import Fault, TravelDataError, VenuenetError

Spoils = Literal["feed", "trip", "row", "cell"]
"""What cannot be used: the whole feed, the trip, the row, or only the cell (read as blank)."""

LISTED = 100
"""Faults listed per kind, file and column; the rest are counted."""

# What a fault says: zh, en, and how to mend it, zh, en.
SAYS: dict[str, tuple[str, str, str, str]] = {
    "no_feed": (
        "不是 GTFS 数据：{value}", "is no GTFS feed: {value_en}",
        "给出 zip 文件或文件夹，内含 stops.txt", "give a zip file or a folder with stops.txt in it",
    ),
    "encrypted": (
        "已加密，无法读取", "is encrypted and cannot be read",
        "解密后重新打包", "pack it again without a password",
    ),
    "too_large": (
        "解压后超过 {value} MB", "is larger than {value} MB unpacked",
        "只保留所需地区与时段", "keep only the area and dates that are needed",
    ),
    "no_file": ("缺少该文件", "is missing", "补上该文件", "add the file"),
    "no_calendar": (
        "缺少 calendar.txt 与 calendar_dates.txt", "and calendar_dates.txt are both missing",
        "至少补上其一", "add one of them",
    ),
    "not_utf8": ("不是 UTF-8 编码", "is not UTF-8", "另存为 UTF-8", "save it as UTF-8"),
    "empty": ("没有数据行", "has no rows", "补上数据", "add its rows"),
    "same_column": (
        "列名“{value}”重复", "column {value!r} appears twice", "改名或删去", "rename or drop one",
    ),
    "no_column": ("缺少该列", "column is missing", "补上该列", "add the column"),
    "width": (
        "有 {value} 格，表头有 {total} 格", "has {value} cells, the header {total}",
        "检查逗号与引号", "check commas and quotes",
    ),
    "break": (
        "某格内有换行（引号未闭合？）", "has a line break within a cell (an unclosed quote?)",
        "检查引号，删去换行", "check its quotes and take out the line break",
    ),
    "blank": ("不能为空", "must not be blank", "填上取值", "fill it in"),
    "number": ("“{value}”不是数字", "{value!r} is not a number", "只填数字", "digits only"),
    "range": (
        "{value} 超出 {low}..{high}", "{value} is outside {low}..{high}",
        "核对数值与单位", "check the value and its unit",
    ),
    "whole": ("{value} 不是整数", "{value} is not whole", "填整数", "give a whole number"),
    "clock": (
        "“{value}”不是时刻", "{value!r} is not a time",
        "写成 HH:MM:SS，次日凌晨写作 24:00:00 以后",
        "write HH:MM:SS, after midnight 24:00:00 and on",
    ),
    "date": (
        "“{value}”不是日期", "{value!r} is not a date", "写成 YYYYMMDD", "write YYYYMMDD",
    ),
    "choice": (
        "“{value}”不是允许的取值", "{value!r} is not allowed",
        "改为其一：{allowed}", "use one of: {allowed}",
    ),
    "refers": (
        "“{value}”在 {refers} 中不存在", "{value!r} does not exist in {refers}",
        "改正编号或补上所指的行", "mend the id or add the row it means",
    ),
    "twice": (
        "“{value}”与第 {other} 行重复", "{value!r} repeats row {other}",
        "合并或改名", "merge the rows or rename one",
    ),
    "no_point": (
        "车站“{value}”没有坐标", "stop {value!r} has no coordinates",
        "填上 stop_lat、stop_lon", "give stop_lat and stop_lon",
    ),
    "zero_point": (
        "车站“{value}”的坐标是 (0, 0)", "stop {value!r} lies at (0, 0)",
        "填上真实坐标", "give its true coordinates",
    ),
    "far": (
        "车站“{value}”距其他车站都超过 {km} 公里", "stop {value!r} is over {km} km from all others",
        "核对坐标（经纬度颠倒？）", "check the coordinates (swapped?)",
    ),
    "parent": (
        "“{value}”不能作上级站", "{value!r} cannot be its parent",
        "站台与出入口的上级须是 location_type=1 的车站，候车区的上级须是站台",
        "for a platform or entrance name a stop of location_type 1, for a boarding area a platform",
    ),
    "no_parent": (
        "出入口、通道点、候车区须有上级站", "an entrance, node or boarding area needs a parent",
        "填上 parent_station", "give its parent_station",
    ),
    "no_platform": (
        "“{value}”不是可乘车的站台", "{value!r} is not a stop people board at",
        "改为 location_type=0 的站点", "name a stop of location_type 0",
    ),
    "never": (
        "运行日“{value}”没有任何一天", "service {value!r} never runs",
        "核对星期、起止日期与 calendar_dates.txt",
        "check its weekdays, dates and calendar_dates.txt",
    ),
    "no_calls": (
        "班次“{value}”的停站少于两个", "trip {value!r} has fewer than two stops",
        "补上停站或删去该班次", "add its stops or drop the trip",
    ),
    "no_end": (
        "班次“{value}”的首站或末站没有时刻", "trip {value!r} has no time at its first or last stop",
        "补上时刻", "give the time",
    ),
    "backward": (
        "班次“{value}”的时刻倒退", "the times of trip {value!r} run backwards",
        "核对时刻与 stop_sequence；过午夜写作 24:00:00 以后",
        "check times and stop_sequence; past midnight write 24:00:00 and on",
    ),
    "no_minutes": (
        "缺少换乘时间", "a transfer of type 2 needs its time",
        "填上 min_transfer_time（秒）", "give min_transfer_time (seconds)",
    ),
    "overlap": (
        "班次“{value}”的时段与第 {other} 行重叠",
        "the period of trip {value!r} overlaps row {other}",
        "改为首尾相接", "let one end where the next begins",
    ),
    "ends_first": (
        "结束早于开始", "ends before it begins", "核对起止", "check start and end",
    ),
    "nothing_left": (
        "没有可用的班次", "holds no usable trip", "先改正其余错误", "mend the other faults first",
    ),
    "more": (
        "另有 {value} 处同样的错误", "{value} more faults of this kind", "同上", "as above",
    ),
}  # fmt: skip

_SPOILT = {
    "feed": ("数据", "feed"),
    "trip": ("个班次", "trips"),
    "row": ("行", "rows"),
    "cell": ("格", "cells"),
}


@dataclass(frozen=True)
class FeedFault(Fault):
    """A fault of a feed; ``row`` is the line in the text file, the header being line 1."""

    kind: str
    spoils: Spoils


@dataclass(frozen=True)
class Dropped:
    """What was left out of a feed for one reason.

    Attributes
    ----------
    file : str
        Where the fault lies.
    kind : str
        Key of ``SAYS``, or ``follows``: what hangs on something left out.
    what : {"trip", "row", "cell"}
        What ``count`` counts; a cell left out is read as blank.
    count : int
    why_zh, why_en : str
        The first such fault.
    """

    file: str
    kind: str
    what: Spoils
    count: int
    why_zh: str
    why_en: str

    def zh(self) -> str:
        """Return it as one Chinese sentence."""
        return f"{self.file} 略去 {self.count} {_SPOILT[self.what][0]}：{self.why_zh}"

    def en(self) -> str:
        """Return it as one English sentence."""
        return f"{self.file}: {self.count} {_SPOILT[self.what][1]} left out: {self.why_en}"


class FeedFaultsError(TravelDataError):
    """A feed with faults: lists up to ``LISTED`` of a kind, and counts all.

    Attributes
    ----------
    faults : list of Fault
        By file and line; where a kind has more than ``LISTED``, its last says how many more.
    total : int
        All faults, listed or not.
    fatal : bool
        Whether the feed is of no use even without what is at fault.
    """

    def __init__(self, name: str, faults: Sequence[Fault], total: int, *, fatal: bool) -> None:
        super().__init__(faults)
        self.total = total
        self.fatal = fatal
        zh = "" if fatal else "；其余部分可用，确认后可略去有误的行与班次"
        en = "" if fatal else "; the rest is usable if you agree to leave these out"
        VenuenetError.__init__(
            self,
            f"{name} 共 {total} 处：" + "；".join(f.zh() for f in self.faults[:5]) + zh,
            f"{name}: {total} faults: " + "; ".join(f.en() for f in self.faults[:5]) + en,
            param=name,
        )


class Faults:
    """Gathers the faults of one feed."""

    def __init__(self) -> None:
        self.fatal = False
        self.dropped: list[Dropped] = []
        self._listed: list[FeedFault] = []
        self._counts: Counter[tuple[str, str, str | None]] = Counter()

    def __len__(self) -> int:
        """Count all faults, listed or not."""
        return self._counts.total()

    def add(
        self,
        kind: str,
        file: str,
        lines: Iterable[int | None] = (None,),
        column: str | None = None,
        *,
        spoils: Spoils = "feed",
        spoilt: int | None = None,
        each: Mapping[str, Sequence[object]] | None = None,
        words: Mapping[str, object] | None = None,
    ) -> None:
        """Add faults of one kind in one file and column.

        Parameters
        ----------
        kind : str
            Key of ``SAYS``.
        file, column : str
            Where they are.
        lines : iterable of int, optional
            The lines at fault, one fault each; without, one fault of the file as a whole.
        spoils : str
            What cannot be used for it.
        spoilt : int, optional
            How many of these; as many as there are lines unless given.
        each : mapping of sequences, optional
            Words of the sentence that differ from line to line.
        words : mapping, optional
            Words all lines share.
        """
        at = list(lines)
        if not at:
            return
        seen = self._counts[kind, file, column]
        self._counts[kind, file, column] += len(at)
        self.fatal |= spoils == "feed"
        for i, line in enumerate(at[: max(LISTED - seen, 0)]):
            own = {key: _plain(values[i]) for key, values in (each or {}).items()}
            number = None if line is None else int(line)
            fault = _worded(kind, file, number, column, spoils, {**(words or {}), **own})
            self._listed.append(fault)
            if i == 0 and spoils != "feed":
                count = len(at) if spoilt is None else spoilt
                self.dropped.append(Dropped(file, kind, spoils, count, fault.zh(), fault.en()))

    def follows(self, file: str, what: Spoils, count: int) -> None:
        """Count what has no fault of its own but hangs on something left out."""
        if count:
            zh, en = "所依据的行或班次已略去", "what they refer to was left out"
            self.dropped.append(Dropped(file, "follows", what, count, zh, en))

    def error(self, name: str) -> FeedFaultsError:
        """Return all that was gathered as the error to raise."""
        listed: list[FeedFault] = list(self._listed)
        for (_, file, column), count in self._counts.items():
            if count > LISTED:
                words = {"value": count - LISTED}
                listed.append(_worded("more", file, None, column, "row", words))
        listed.sort(key=lambda f: (f.file, f.row is None, f.row or 0, f.column or ""))
        return FeedFaultsError(name, listed, len(self), fatal=self.fatal)


def _worded(
    kind: str,
    file: str,
    line: int | None,
    column: str | None,
    spoils: Spoils,
    words: Mapping[str, object],
) -> FeedFault:
    """Word a fault in both languages."""
    zh, en, mend_zh, mend_en = (text.format(**words) for text in SAYS[kind])
    return FeedFault(file, line, column, zh, en, mend_zh, mend_en, kind, spoils)


def _plain(value: object) -> object:
    """Return numpy scalars as Python's, so that sentences show the bare value."""
    if isinstance(value, np.generic):
        value = value.item()
    return f"{value:g}" if isinstance(value, float) else value
