"""Causes of gaps in the words people read, and the sentence each gap's numbers make. zh and en."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Words = tuple[str, str]
Numbers = Mapping[str, Any]

CAUSES: dict[str, Words] = {
    "venues_unlocated": ("相关场馆多数无位置，无法判断", "most venues asked for have no position"),
    "unmapped": ("附近没有路网数据，无法判断", "no street in the imported network near"),
    "position_uncertain": ("场馆位置精度不足，无法判断", "venue positions are too vague to tell"),
    "venue_unconfirmed": (
        "附近有场馆但类别未核实",
        "a venue is near, but its kind is not verified",
    ),
    "venue_unlocated_here": ("本乡镇有场馆但位置不明", "a venue here has no known position"),
    "residents_unplaced": ("居民所在乡镇位置不明", "residents of townships whose place is unknown"),
    "full": ("可达场馆容量已满", "the venues in reach are full"),
    "no_way": ("没有路通到任何场馆", "no way leads to any venue"),
    "relies_on_next_district": (
        "本区无可达场馆，依靠外区",
        "only venues of another district are in reach",
    ),
    "closed_or_lapsed": (
        "附近场馆已关闭、期满或尚在规划",
        "the venue that would serve is closed, lapsed or planned",
    ),
    "too_few_choices": ("可选场馆不足", "fewer venues in reach than the standard asks"),
    "too_far_to_walk": ("步行太远，公共交通可达", "too far to walk, within reach by transit"),
    "poor_transit": (
        "驾车可达，公共交通不便（驾车为估算）",
        "reached by car (estimated), not by transit",
    ),
    "no_venue_near": ("附近无场馆", "no venue near"),
}
"""In the order they are tried, and where driving is estimated; see :func:`cause_words`."""

STATUS: Mapping[str, Words] = {
    "closed": ("已关闭", "is closed"),
    "lapsed": ("已期满", "has lapsed"),
    "planned": ("尚在规划", "is planned"),
}


def cause_words(*, estimated: bool, car: bool = True) -> dict[str, Words]:
    """Return the causes in words, zh and en.

    Parameters
    ----------
    estimated : bool
        Whether the driving times are.
    car : bool
        Whether the traveller has a car. Without one nobody knows whether driving would help.
    """
    words = dict(CAUSES)
    if not estimated:
        words["poor_transit"] = ("驾车可达，公共交通不便", "reached by car, not by transit")
    if not car:
        words["no_venue_near"] = ("不驾车到不了", "out of reach without a car")
    return words


def evidence_words(cause: str, numbers: Numbers, names: Mapping[str, Words]) -> Words:
    """Say in one sentence, zh and en, by which numbers a cause holds; without a full stop.

    Parameters
    ----------
    cause : str
    numbers : mapping
        ``Gap.evidence``.
    names : mapping of venue id to (zh, en)
    """
    share = f"{100 * numbers['share']:.0f}%"
    zh, en = _SAYS[cause](numbers, _Names(names, numbers))
    return zh.format(share=share), en.format(share=share)


class _Names:
    """The venue the numbers name, and its minutes, ready to be put into a sentence."""

    def __init__(self, names: Mapping[str, Words], numbers: Numbers) -> None:
        zh, en = names.get(numbers.get("venue_id") or "", ("场馆", "a venue"))
        # Braces of a name must not be taken for a place to fill in.
        self.zh, self.en = f"“{_plain(zh)}”", f"“{_plain(en or zh)}”"
        minutes = numbers.get("minutes")
        about = ("约 ", "about ") if numbers.get("estimated") else ("", "")
        self.in_zh = "" if minutes is None else f"（{about[0]}{minutes} 分钟）"
        self.in_en = "" if minutes is None else f" ({about[1]}{minutes} min)"


def _plain(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _venues_unlocated(n: Numbers, _: _Names) -> Words:
    return (
        f"所问的 {n['open']} 处场馆中只有 {n['located']} 处有位置",
        f"of the {n['open']} venues asked for only {n['located']} have a position",
    )


def _unmapped(_: Numbers, __: _Names) -> Words:
    return (
        "其中 {share} 的居民附近没有已导入的道路",
        "no imported street is near {share} of these people",
    )


def _position_uncertain(n: Numbers, v: _Names) -> Words:
    off = n.get("precision_m")
    zh = "" if off is None else f"，位置精度 {off:.0f} 米"
    en = "" if off is None else f", known to {off:.0f} m"
    return (
        f"场馆若比所标位置更近，{{share}} 的居民即可达；最近为{v.zh}{v.in_zh}{zh}",
        f"{{share}} are within reach if venues lie nearer than marked; nearest is "
        f"{v.en}{v.in_en}{en}",
    )


def _venue_unconfirmed(_: Numbers, v: _Names) -> Words:
    return (
        f"类别未核实的{v.zh}{v.in_zh}若确属所问类别，{{share}} 的居民即可达",
        f"{{share}} are within reach if {v.en}{v.in_en}, whose kind is not verified, is what was "
        "asked for",
    )


def _venue_unlocated_here(n: Numbers, _: _Names) -> Words:
    count = len(n["venue_ids"])
    return (
        f"地址在本乡镇的 {count} 处开放场馆没有位置",
        f"{count} open venue{'s' if count > 1 else ''} with an address in this township "
        f"{'have' if count > 1 else 'has'} no position",
    )


def _residents_unplaced(_: Numbers, __: _Names) -> Words:
    return (
        "{share} 的居民属于位置不明的乡镇",
        "{share} of these people belong to townships whose place is unknown",
    )


def _full(n: Numbers, v: _Names) -> Words:
    return (
        f"{{share}} 的居民可达的 {n['venues']} 处场馆共可容 {n['room']:,} 人，"
        f"而可达这些场馆的居民有 {n['residents_in_reach']:,} 人；其中最大为{v.zh}",
        f"the {n['venues']} venues in reach of {{share}} have room for {n['room']:,} people, while "
        f"{n['residents_in_reach']:,} residents can reach them; the largest is {v.en}",
    )


def _no_way(_: Numbers, __: _Names) -> Words:
    return (
        "按已导入的路网，{share} 的居民没有路通到任何场馆",
        "on the imported network no way leads from {share} of these people to any venue",
    )


def _relies(_: Numbers, v: _Names) -> Words:
    return (
        f"{{share}} 的居民只能到达外区场馆，最近为{v.zh}{v.in_zh}",
        f"{{share}} reach only venues of another district, nearest {v.en}{v.in_en}",
    )


def _closed_or_lapsed(n: Numbers, v: _Names) -> Words:
    zh, en = STATUS.get(n.get("status") or "", ("未开放", "is not open"))
    return (
        f"{v.zh}{zh}；若开放，{{share}} 的居民即可达{v.in_zh}，时间按直线估算",
        f"{v.en} {en}; open, it would be within reach of {{share}}{v.in_en}, estimated on straight "
        "lines",
    )


def _too_few_choices(n: Numbers, v: _Names) -> Words:
    return (
        f"{{share}} 的居民可达{v.zh}{v.in_zh}，但不足 {n.get('asked', 2)} 处",
        f"{{share}} reach {v.en}{v.in_en}, but not {n.get('asked', 2)} venues",
    )


def _by_transit(n: Numbers, v: _Names) -> Words:
    asked = n["asked_minutes"]
    zh = "" if asked is None else f"，步行需 {asked} 分钟"
    en = "" if asked is None else f"; on foot {asked} min"
    return (
        f"{{share}} 的居民乘公共交通 {n['within']} 分钟内可达{v.zh}{v.in_zh}{zh}",
        f"{{share}} reach {v.en}{v.in_en} within {n['within']} min by transit{en}",
    )


def _by_car(n: Numbers, v: _Names) -> Words:
    asked = n["asked_minutes"]
    zh = "" if asked is None else f"，公共交通需 {asked} 分钟"
    en = "" if asked is None else f"; by transit {asked} min"
    if n["estimated"]:
        zh, en = f"{zh}（驾车为估算）", f"{en} (driving is estimated)"
    if (bus := n.get("assumed_bus_share")) is not None:
        zh = f"{zh}；若有假设的地面公交，{100 * bus:.0f}% 可达"
        en = f"{en}; with an assumed bus service {100 * bus:.0f}% arrive in time"
    return (
        f"{{share}} 的居民驾车 {n['within']} 分钟内可达{v.zh}{v.in_zh}{zh}",
        f"{{share}} reach {v.en}{v.in_en} within {n['within']} min by car{en}",
    )


def _no_venue_near(n: Numbers, _: _Names) -> Words:
    modes = {"walk": ("步行", "on foot"), "transit": ("公共交通", "by transit")}
    told = {**modes, "drive": ("驾车", "by car")}
    some = [(told[m], n[f"{m}_minutes"]) for m in told if n.get(f"{m}_minutes") is not None]
    if not some:
        return "任何方式都到不了场馆", "no mode leads to any venue"
    zh = "、".join(f"{w[0]} {minutes} 分钟" for w, minutes in some)
    en = ", ".join(f"{minutes} min {w[1]}" for w, minutes in some)
    return f"到最近场馆平均{zh}", f"to the nearest venue on average {en}"


_SAYS: Mapping[str, Callable[[Numbers, _Names], Words]] = {
    "venues_unlocated": _venues_unlocated,
    "unmapped": _unmapped,
    "position_uncertain": _position_uncertain,
    "venue_unconfirmed": _venue_unconfirmed,
    "venue_unlocated_here": _venue_unlocated_here,
    "residents_unplaced": _residents_unplaced,
    "full": _full,
    "no_way": _no_way,
    "relies_on_next_district": _relies,
    "closed_or_lapsed": _closed_or_lapsed,
    "too_few_choices": _too_few_choices,
    "too_far_to_walk": _by_transit,
    "poor_transit": _by_car,
    "no_venue_near": _no_venue_near,
}
