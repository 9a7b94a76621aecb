"""The plain words people read for every code, and how numbers are written, in zh and en."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from venuenet.errors import BadQueryError
from venuenet.model import SCIENCE_KINDS, Question
from venuenet.publish.flag_words import FLAGS
from venuenet.publish.how import asked_traveller_words, mode_words, table_for
from venuenet.publish.snapshot import Snapshot

Lang = Literal["zh", "en"]
LANGS: tuple[Lang, ...] = get_args(Lang)
Words = tuple[str, str]
Table = Mapping[str, Words]

KINDS: Table = {
    "science_museum": ("科技馆、科技博物馆", "Science hall or museum"),
    "base": ("科普基地", "Science base"),
    "center_city": ("科学中心（1）", "Science centre (hub)"),
    "center_district": ("分中心（16）", "District branch (16)"),
    "center_n": ("节点（N）", "Node (N)"),
    "other": ("其他场所", "Other place"),
}
TIERS: Table = {
    "hub": ("1 中心", "hub"),
    "branch": ("16 分中心", "branch"),
    "node": ("N 节点", "node"),
    "-": ("—", "—"),
}
LEVELS: Table = {
    "national": ("国家级", "National"),
    "city": ("市级", "City"),
    "district": ("区级", "District"),
    "unknown": ("级别未明", "Level unknown"),
}
STATUSES: Table = {
    "open": ("开放", "open"),
    "closed": ("关闭", "closed"),
    "planned": ("规划", "planned"),
    "lapsed": ("期满", "lapsed"),
    "unknown": ("状态未核实", "not verified"),
}
CONFIDENCES: Table = {
    "high": ("高", "high"),
    "medium": ("中", "medium"),
    "low": ("低", "low"),
    "参考值": ("参考值", "reference value"),
}
GAP_TYPES: Table = {
    "service": ("服务缺口", "service gap"),
    "data": ("数据缺口", "data gap"),
}
SEVERITIES: Table = {
    "high": ("高", "high"),
    "medium": ("中", "medium"),
    "low": ("低", "low"),
}
STANDINGS: Table = {
    "known": ("已知", "known"),
    "estimated": ("估计（由全市数推算）", "estimated (from the city's figure)"),
    "unknown": ("未知", "unknown"),
}
STANDARD_SOURCES: Table = {
    "建议指标": ("建议指标", "suggested indicator"),
    "1+16+N 体系; 建议指标": ("1+16+N 体系；建议指标", "1+16+N system; suggested indicator"),
    "GB 50180-2018 十五分钟生活圈 (access yardstick only: the code has no science-venue item)": (
        "GB 50180-2018 十五分钟生活圈（仅借其时间，规范无科普场馆项）",
        "GB 50180-2018 15-minute life circle (for the time only: the code has no science venues)",
    ),
}
ASSUMPTIONS: Table = {
    "walk.speed_kmh": ("步行速度", "Walking speed"),
    "walk.detour": ("步行绕行系数（路程÷直线距离）", "Walking detour (path / straight line)"),
    "transit.period": ("轨道交通发车间隔取用时段", "Period whose train headways are used"),
    "drive.detour": ("驾车绕行系数", "Driving detour"),
    "drive.terminal_min": ("取车、停车与步行", "To the car, parking and walking in"),
    "drive.speed_kmh": ("驾车速度", "Driving speed"),
    "drive.default_speed_kmh": ("驾车速度：其他", "Driving speed: elsewhere"),
    "surface_transit.speed_kmh": ("假设公交：速度（直线）", "Assumed bus: speed (straight line)"),
    "surface_transit.wait_min": ("假设公交：候车", "Assumed bus: wait"),
    "surface_transit.access_min": ("假设公交：步行进出站", "Assumed bus: walk to and from stops"),
    "surface_transit.reach_km": ("假设公交：最长乘距", "Assumed bus: longest ride"),
    "travel.walk_ratio": (
        "出行者步行速度（上列步行速度的倍数）",
        "Traveller's pace (× walking speed)",
    ),
    "travel.longest_walk_min": (
        "进出站步行上限（有导入网络时）",
        "Longest walk to a stop (networks)",
    ),
    "travel.longest_change_min": (
        "换乘步行上限（有导入网络时）",
        "Longest walk to change (networks)",
    ),
    "travel.most_off_m": ("离道路多远以内算在路上", "Farthest from a street to be on it"),
    "travel.turn_right_s": ("驾车右转耗时（有导入路网时）", "Driving: right turn (streets)"),
    "travel.turn_left_s": ("驾车左转耗时（有导入路网时）", "Driving: left turn (streets)"),
    "travel.turn_back_s": ("驾车掉头耗时（有导入路网时）", "Driving: turning round (streets)"),
    "demand.floor_per_km2": ("视为无人居住的密度下限", "Density taken as uninhabited below"),
    "demand.cap_per_km2": ("网格人口密度上限", "Highest density of a cell"),
    "demand.slack": (
        "乡镇可住空间相对人口的余量",
        "Room a township reaches for, relative to its people",
    ),
    "demand.uniform_per_km2": (
        "衰减距离等于乡镇半径的密度",
        "Density at which people spread over the township's radius",
    ),
    "demand.station_pull": ("车站旁人口集聚程度", "Extra density beside stations"),
    "demand.station_reach_m": ("车站吸引范围", "Catchment of a station"),
    "demand.unknown_station_decay": (
        "乡镇人口未知时随车站距离的衰减指数",
        "Decay with distance to a station where residents are unknown",
    ),
    "gaps.severity_high": ("缺口程度“高”的起点", "Gap severity 'high' from"),
    "gaps.severity_medium": ("缺口程度“中”的起点", "Gap severity 'medium' from"),
    "no_data.min_located_share": (
        "低于此有位置场馆比例，不作回答",
        "Located share of venues below which there is no answer",
    ),
    "uncertainty.cell_factor": (
        "低—高区间：网格人口可能偏离模型的倍数",
        "Interval: people of a cell may be off by",
    ),
    "uncertainty.township_factor": (
        "低—高区间：估计的乡镇人口可能偏离的倍数",
        "Interval: estimated township residents may be off by",
    ),
    "uncertainty.error_km": (
        "抽样：多远以内的人口误差方向相同",
        "Draws: places misjudged alike lie within",
    ),
    "uncertainty.open_probability": (
        "抽样：开放情况不明的场馆实际开放的概率",
        "Draws: chance that an unverified venue is open",
    ),
}
LICENCES: Table = {
    "public official statistics": ("公开的官方统计", "public official statistics"),
    "public facts; each figure names its page": (
        "公开事实，逐条注明出处",
        "public facts; each figure names its page",
    ),
    "public facts; each row names its source": (
        "公开事实，逐行注明出处",
        "public facts; each row names its source",
    ),
    "data terms unverified; 示意图 (sketch map) only": (
        "数据条款未核实，仅用于示意图",
        "data terms unverified; sketch map only",
    ),
}
UNITS: Table = {
    "km/h": ("公里/小时", "km/h"),
    "ratio": ("比值", "ratio"),
    "min": ("分钟", "min"),
    "s": ("秒", "s"),
    "km": ("公里", "km"),
    "m": ("米", "m"),
    "persons": ("人", "persons"),
    "persons/km²": ("人/平方公里", "persons/km²"),
    "exponent": ("指数", "exponent"),
    "period of the area pack": ("时段", "period"),
}


def checked_lang(lang: str) -> Lang:
    """Return the language asked for. Raises BadQueryError for one that is not offered."""
    for known in LANGS:
        if lang == known:
            return known
    raise BadQueryError(
        f"不支持语言“{lang[:20]}”，可用：{'、'.join(LANGS)}",
        f"language “{lang[:20]}” is not offered; allowed: {', '.join(LANGS)}",
        param="lang",
        allowed=LANGS,
    )


def pick(words: Words, lang: Lang) -> str:
    """Return the text of one language."""
    return words[LANGS.index(lang)]


def picked(words: Words | None, lang: Lang) -> str | None:
    """Return the text of one language, None where there is nothing to say."""
    return None if words is None else pick(words, lang)


def word(table: Table, code: str, lang: Lang) -> str:
    """Return the word for a code; a code nobody has put into words stays as it is."""
    return pick(table[code], lang) if code in table else code


def flag_text(flag: str, lang: Lang) -> str:
    """Explain a flag in a few plain words."""
    if flag.startswith("traveller:") and flag not in FLAGS:
        who = flag.removeprefix("traveller:")
        return pick((f"时间按出行者“{who}”计算", f"times are those of the traveller “{who}”"), lang)
    return word(FLAGS, flag, lang)


def no_data_reason(flags: Sequence[str], lang: Lang) -> str:
    """Say why there is no data, from the flags of a row; empty where there is data."""
    reasons = [flag_text(f, lang) for f in flags if f.startswith("no_data:")]
    return pick(("；", "; "), lang).join(reasons)


def question_text(snapshot: Snapshot, question: Question, lang: Lang) -> str:
    """Say what is asked in one phrase: the standard's name, or mode, minutes and kinds."""
    standard = next((s for s in snapshot.standards if s.id == question.standard), None)
    if standard is not None:
        parts = [pick((standard.name_zh, standard.name_en), lang)]
    else:
        mode = pick(mode_words(table_for(snapshot, question)), lang)
        least = "" if question.k == 1 else f"至少{question.k}处"
        parts = [
            f"{mode}{question.minutes}分钟内可达{least}场馆"
            if lang == "zh"
            else f"At least {question.k} venue{'s' if question.k > 1 else ''} "
            f"within {question.minutes} minutes {mode}"
        ]
    if question.kinds != (standard.kinds if standard else SCIENCE_KINDS):
        names = [word(KINDS, k, lang) for k in question.kinds]
        parts.append(f"限{'、'.join(names)}" if lang == "zh" else f"only: {', '.join(names)}")
    if question.group != "all":
        parts.append(group_name(snapshot, question.group, lang))
    if question.surface_transit:
        parts.append("含假设的地面公交" if lang == "zh" else "with an assumed bus service")
    traveller = asked_traveller_words(snapshot, question)
    if traveller is not None:
        parts.append(pick(traveller, lang))
    return ("，" if lang == "zh" else "; ").join(parts)


def group_name(snapshot: Snapshot, group: str, lang: Lang) -> str:
    """Name the people who are counted: all residents, or one group."""
    for known in snapshot.area.meta.groups:
        if known.id == group:
            return pick((known.name_zh, known.name_en), lang)
    return pick(("常住人口", "Residents"), lang)


def no_data(lang: Lang) -> str:
    """Say that there is no data, which is never zero."""
    return pick(("无数据", "no data"), lang)


def whole(value: float | None, lang: Lang) -> str:
    """Write a whole number with separators."""
    return no_data(lang) if value is None else f"{value:,.0f}"


def decimal(value: float | None, lang: Lang) -> str:
    """Write a number with one decimal."""
    return no_data(lang) if value is None else f"{value:,.1f}"


def percent(value: float | None, lang: Lang) -> str:
    """Write a share with one decimal; a share that is neither none nor all never looks so."""
    if value is None:
        return no_data(lang)
    if 0 < value < 0.0005:
        return "<0.1%"
    if 0.9995 <= value < 1:
        return ">99.9%"
    return f"{100 * value:.1f}%"


def interval(low: float | None, high: float | None, lang: Lang) -> str:
    """Write an interval of shares."""
    if low is None or high is None:
        return no_data(lang)
    return f"{percent(low, lang)}–{percent(high, lang)}"


def persons(value: int | None, lang: Lang) -> str:
    """Write people in a sentence: 万人 with one decimal, in English thousands."""
    if value is None:
        return no_data(lang)
    if lang == "zh":
        return f"{value:,} 人" if value < 10_000 else f"{value / 10_000:,.1f} 万人"
    if value < 10_000:
        return f"{value:,} {'person' if value == 1 else 'people'}"
    return f"{round(value, -3):,} people"
