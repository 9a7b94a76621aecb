"""What a scenario says to people, zh and en: the faults of its file, and its edits in a sentence.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from venuenet.area import StudyArea
from venuenet.errors import Fault, FaultsError
from venuenet.publish.words import KINDS, LEVELS, STATUSES, TIERS
from venuenet.scenarios.edits import Close, Edit, Headway, Move, NewLine, Open, Population, Upgrade

MOST_FAULTS = 200
"""Faults told one by one; the rest are counted."""
Path = tuple[str | int, ...]
"""Where a value stands: keys, and places in lists counted from 0."""

# What a fault says: zh, en, and how to mend it, zh, en.
SAYS: dict[str, tuple[str, str, str, str]] = {
    "too_large": (
        "超过 {limit}", "is larger than {limit}", "拆成几个情景", "split it into several",
    ),
    "not_utf8": ("不是 UTF-8 编码", "is not UTF-8", "另存为 UTF-8", "save it as UTF-8"),
    "unreadable": (
        "无法读取：{value}", "cannot be read: {value}",
        "按 docs/scenarios.md 书写 YAML 或 JSON", "write YAML or JSON as in docs/scenarios.md",
    ),
    "alias": (
        "不支持 YAML 的锚点与引用（& *）", "YAML anchors and aliases (& *) are not taken",
        "把内容直接写出", "write the values out",
    ),
    "deep": (
        "嵌套超过 {limit} 层", "is nested more than {limit} deep",
        "见 docs/scenarios.md", "see docs/scenarios.md",
    ),
    "tag": (
        "不支持 YAML 标签 {value}", "the YAML tag {value} is not taken", "删去标签", "drop the tag",
    ),
    "twice_key": (
        "“{value}”写了两次", "{value!r} stands there twice", "只留一个", "keep one of them",
    ),
    "shape": (
        "应为{limit_zh}", "must be {limit}", "见 docs/scenarios.md", "see docs/scenarios.md",
    ),
    "missing": ("缺少该项", "is missing", "补上该项", "add it"),
    "unknown_key": (
        "不认识的项", "is no key of a scenario", "可用：{limit}", "use: {limit}",
    ),
    "one_key": (
        "每项改动只写一种，收到 {value}", "an edit has one key, got {value}",
        "可用：{limit}", "use one of: {limit}",
    ),
    "text": (
        "应为文字，收到 {value}", "must be text, got {value}",
        "加引号写成文字", "put it in quotes",
    ),
    "blank": ("不能为空", "must not be blank", "填上取值", "fill it in"),
    "long": ("超过 {limit} 个字符", "is longer than {limit} characters", "缩短", "shorten it"),
    "characters": (
        "含有不能使用的字符", "has characters that cannot be used",
        "删去控制字符；编号只用字母、数字、“-”“_”“.”；线路名不含“|”",
        "drop control characters; ids: letters, digits, - _ . only; lines: no “|”",
    ),
    "number": ("{value} 不是数字", "{value} is not a number", "只填数字", "digits only"),
    "whole": ("{value} 不是整数", "{value} is not whole", "填整数", "give a whole number"),
    "range": (
        "{value} 超出范围，应{limit}", "{value} is out of range, must be {limit}",
        "核对数值与单位", "check the value and its unit",
    ),
    "allowed": (
        "{value} 不是允许的取值", "{value} is not allowed",
        "改为其一：{limit}", "use one of: {limit}",
    ),
    "items": (
        "项数不对：应{limit}", "has a wrong number of items: must be {limit}",
        "增减到该数目", "add or drop some",
    ),
    "no_district": (
        "没有名为“{value}”的区", "no district is called {value!r}",
        "填本市一个区的名称或代码", "give a district's name or code",
    ),
    "same_district": (
        "“{value}”与另一项是同一个区", "{value!r} is a district named already",
        "只留一个", "keep one of them",
    ),
    "no_venue": (
        "没有编号或名称为“{value}”的场馆", "no venue has the id or the name {value!r}",
        "填场馆编号或全名（见场馆清单）", "give its id or its full name, as in the list of venues",
    ),
    "homonym": (
        "“{value}”不止一处", "{value!r} is the name of several",
        "改用编号：{limit}", "use an id: {limit}",
    ),
    "taken": (
        "“{value}”已经存在", "{value!r} is there already",
        "换一个，或直接引用已有的", "choose another, or name the one that is there",
    ),
    "outside": (
        "在{limit_zh}外 {value} 米", "lies {value} m outside {limit}",
        "核对经纬度与所属区；只用 WGS84，GCJ-02、BD-09 须先转换",
        "check the point and its district; WGS84 only, convert GCJ-02 and BD-09 first",
    ),
    "swapped": (
        "经纬度颠倒", "longitude and latitude are swapped", "两项互换", "exchange the two",
    ),
    "no_station": (
        "没有编号或名称为“{value}”的车站", "no station has the id or the name {value!r}",
        "填车站编号或站名；新站写 {{name, lon, lat}}",
        "give its id or name; for a new one write {{name, lon, lat}}",
    ),
    "one_of": (
        "districts 与 change 应写且只写一个", "takes districts or change, and one of them",
        "只留一个", "keep one of them",
    ),
    "nothing": (
        "没有写要改什么", "says nothing that changes",
        "至少写一项：{limit}", "give one or more of: {limit}",
    ),
    "refused": (
        "{limit_zh}", "{limit}", "见 docs/scenarios.md", "see docs/scenarios.md",
    ),
    "more": ("另有 {value} 处问题", "has {value} more faults", "先改以上各处", "mend these first"),
}  # fmt: skip


class ScenarioError(FaultsError):
    """A scenario that cannot be taken; nothing was changed. Carries every fault found."""

    code = "bad-scenario"
    title = "情景有误"
    title_en = "Bad scenario"


class Told(list[Fault]):
    """The faults of one scenario.

    Parameters
    ----------
    file : str
        What to call it.

    Attributes
    ----------
    lines : dict of Path to int
        The line of the file on which each value begins, where there is a file.
    """

    def __init__(self, file: str) -> None:
        super().__init__()
        self.file = file
        self.lines: dict[Path, int] = {}
        self._beyond = 0

    def say(self, code: str, at: Path = (), **words: object) -> None:
        """Note a fault; the words are what the sentence's gaps are filled with."""
        if len(self) == MOST_FAULTS:
            self._beyond += 1
            return
        gaps = {"value": "", "limit": ""} | {k: _short(v) for k, v in words.items()}
        gaps.setdefault("limit_zh", gaps["limit"])
        zh, en, mend_zh, mend_en = (text.format(**gaps) for text in SAYS[code])
        found = (self.lines.get(at[:n]) for n in range(len(at), -1, -1))
        line = next((n for n in found if n), None)
        self.append(Fault(self.file, line, named(at) or None, zh, en, mend_zh, mend_en))

    def refuse(self) -> None:
        """Raise ScenarioError if there is any fault."""
        if self._beyond:
            zh, en, mend_zh, mend_en = (t.format(value=self._beyond) for t in SAYS["more"])
            self.append(Fault(self.file, None, None, zh, en, mend_zh, mend_en))
        if self:
            raise ScenarioError(list(self))


def _short(value: object) -> str:
    text = str(value)
    text = "".join(c if c.isprintable() else "�" for c in text[:300])
    return text if len(text) < 300 else f"{text[:299]}…"


def named(at: Path) -> str:
    """Write where a value stands as people count: ``edits[1].open.lon`` is in the first edit."""
    text = ""
    for part in at:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{_short(part)[:60]}"
    return text.removeprefix(".")


def in_words(area: StudyArea, edits: Sequence[Edit]) -> list[tuple[str, str]]:
    """Say each edit in a sentence, zh and en.

    Parameters
    ----------
    area : StudyArea
        The base's, or the edited one: names are looked up in it and in the edits.
    edits : sequence of Edit
    """
    venues = {v.venue_id: (v.name_zh, v.name_en or v.name_zh) for v in area.venues}
    table = area.districts
    pairs = zip(table["name_zh"], table["name_en"], strict=True)
    districts = dict(zip(table["adcode"], pairs, strict=True))
    stations = dict(zip(area.stations["station_id"], area.stations["name_zh"], strict=True))
    for edit in edits:
        if isinstance(edit, Open):
            new = edit.venue
            venues[new.venue_id] = new.name_zh, new.name_en or new.name_zh
        elif isinstance(edit, NewLine):
            stations |= {s.station_id: s.name_zh for s in edit.stations}
    return [_sentence(edit, venues, districts, stations) for edit in edits]


def _sentence(  # noqa: PLR0911  one per edit
    edit: Edit,
    venues: Mapping[str, tuple[str, str]],
    districts: Mapping[str, tuple[str, str]],
    stations: Mapping[str, str],
) -> tuple[str, str]:
    match edit:
        case Open(venue):
            zh, en = KINDS[venue.kind]
            where = districts.get(venue.adcode or "", ("", ""))
            there = f" ({where[1]})" if where[1] else ""
            return (
                f"新开{where[0]}“{venue.name_zh}”（{zh}）",
                f"open {venue.name_en or venue.name_zh}, {en}{there}",
            )
        case Close(venue_id):
            zh, en = venues.get(venue_id, (venue_id, venue_id))
            return f"关闭“{zh}”", f"close {en}"
        case Move(venue_id, lon, lat):
            zh, en = venues.get(venue_id, (venue_id, venue_id))
            return f"“{zh}”迁至 {lon:.5f}, {lat:.5f}", f"move {en} to {lon:.5f}, {lat:.5f}"
        case Upgrade(venue_id, changes):
            zh, en = venues.get(venue_id, (venue_id, venue_id))
            said = [_change(name, value) for name, value in changes.items()]
            return (
                f"“{zh}”改为：{'，'.join(s[0] for s in said)}",
                f"{en} becomes: {', '.join(s[1] for s in said)}",
            )
        case NewLine():
            ends = [stations.get(stop, stop) for stop in (edit.stops[0], edit.stops[-1])]
            via = f"{len(edit.stops)} 站，每 {edit.headway_min:g} 分钟一班"
            return (
                f"{edit.line}：{ends[0]} 至 {ends[1]}（{via}）",
                f"line {edit.line}: {ends[0]} to {ends[1]} ({len(edit.stops)} stops, "
                f"a train every {edit.headway_min:g} min)",
            )
        case Headway(line, minutes):
            return (
                f"{line}改为每 {minutes:g} 分钟一班",
                f"line {line}: a train every {minutes:g} min",
            )
        case Population():
            return _people(edit, districts)


def _change(name: str, value: Any) -> tuple[str, str]:  # noqa: ANN401  what a list may say
    tables = {"kind": KINDS, "tier": TIERS, "level": LEVELS, "status": STATUSES}
    columns = {
        "kind": ("类别", "kind"), "tier": ("层级", "tier"), "level": ("级别", "level"),
        "status": ("状态", "status"), "exhibition_m2": ("展厅面积 m²", "exhibition m²"),
        "visits_per_year": ("年接待人次", "visits a year"),
    }  # fmt: skip
    zh, en = columns[name]
    if name in tables:
        word = tables[name].get(value, (value, value))
        return f"{zh} {word[0]}", f"{en} {word[1]}"
    if value is None:
        return f"{zh} 无数据", f"{en} unknown"
    return f"{zh} {value:,g}", f"{en} {value:,g}"


def _people(edit: Population, districts: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    def listed(lang: int) -> Iterable[str]:
        for adcode, people in sorted(edit.people.items()):
            yield f"{districts.get(adcode, (adcode, adcode))[lang]} {people:,}"

    return (
        f"{edit.year} 年人口：{'，'.join(listed(0))}",
        f"residents of {edit.year}: {', '.join(listed(1))}",
    )
