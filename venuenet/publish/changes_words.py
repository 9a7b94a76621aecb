"""What changed, in words: causes, kinds of change and a district's sentence, zh and en. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Words = tuple[str, str]

CAUSE_WORDS: Mapping[str, Words] = {
    "rule": ("标准定义", "standard"),
    "people": ("人口", "people"),
    "travel": ("出行时间", "travel times"),
    "venues": ("场馆", "venues"),
    "unexplained": ("无法归因", "unexplained"),
}
CHANGE_WORDS: Mapping[str, Words] = {
    "added": ("新增", "added"),
    "removed": ("移除", "removed"),
    "opened": ("开放", "opened"),
    "closed": ("关闭", "closed"),
    "status": ("状态变化", "status changed"),
    "moved": ("位置变动", "moved"),
    "located": ("补充位置", "position learned"),
    "unlocated": ("失去位置", "position lost"),
    "renamed": ("更名", "renamed"),
    "kind": ("类别变化", "kind changed"),
    "tier": ("层级变化", "tier changed"),
    "level": ("级别变化", "level changed"),
    "district": ("所属区变化", "district changed"),
    "address": ("地址变化", "address changed"),
    "precision_improved": ("位置更准", "position more precise"),
    "precision_worsened": ("位置更粗", "position less precise"),
    "capacity_learned": ("补充规模", "capacity learned"),
    "capacity_lost": ("规模缺失", "capacity lost"),
    "capacity_changed": ("规模变化", "capacity changed"),
    "new": ("新出现", "new"),
    "grown": ("扩大", "grown"),
    "shrunk": ("缩小", "shrunk"),
    "same": ("不变", "same"),
}
TOLD = ("added", "removed", "opened", "closed", "moved", "located", "unlocated")
"""Changes of venues a sentence counts; the others stand in the list."""

VISIBLE = 0.05
"""Percentage points below which a share reads the same with one decimal."""


def sentence(row: Mapping[str, Any], venues: Sequence[Mapping[str, Any]]) -> Words:
    """Say in a sentence what changed in a district, or in the whole area.

    Parameters
    ----------
    row : mapping
        An item of the changes, but for its text.
    venues : sequence of mapping
        The venues that differ; those of the row's district are counted, all for the whole area.
    """
    zh, en = _venues_said(row["adcode"], venues)
    more_zh, more_en = _coverage_said(row)
    said = [(z, e) for z, e in ((zh, en), (more_zh, more_en)) if z]
    if not said:
        return "没有变化。", "No change."
    text = "; ".join(e for _, e in said)
    return "；".join(z for z, _ in said) + "。", f"{text[0].upper()}{text[1:]}."


def _venues_said(adcode: str | None, venues: Sequence[Mapping[str, Any]]) -> Words:
    here = [v for v in venues if adcode in (None, v["adcode"], v["adcode_before"])]
    count = dict.fromkeys(TOLD, 0)
    for venue in here:
        for change in venue["changes"]:
            if change["change"] in count:
                count[change["change"]] += 1
    zh = [f"{CHANGE_WORDS[c][0]}{n}个" for c, n in count.items() if n]
    en = [f"{n} {CHANGE_WORDS[c][1]}" for c, n in count.items() if n]
    return ("场馆" + "、".join(zh), f"venues: {', '.join(en)}") if zh else ("", "")


def _coverage_said(row: Mapping[str, Any]) -> Words:
    change, points = row["covered_change"], row["points"]
    if change is None:
        return "至少一方没有覆盖数据，无法比较", "coverage cannot be compared: no data"
    if change == 0 and row["people_change"] == 0:
        return "", ""
    if points is None:
        zh, en = "", ""
    elif abs(points) < VISIBLE:
        now = f"{100 * row['share_after']:.1f}"
        zh, en = f"覆盖率仍为{now}%，", f"coverage stays at {now}%, "
    else:
        was, now = (f"{100 * row[f'share_{s}']:.1f}" for s in ("before", "after"))
        zh = f"覆盖率由{was}%{'升' if points > 0 else '降'}至{now}%（{points:+.1f}个百分点），"
        en = (
            f"coverage {'rose' if points > 0 else 'fell'} from {was}% to {now}% "
            f"({points:+.1f} points), "
        )
    why = [p for p in row["why"] if p["people"]]
    zh += f"覆盖人口{change:+,}人" if change else "覆盖人口不变"
    en += f"people covered {change:+,}" if change else "as many people covered"
    if why and (change or len(why) > 1):
        zh += "：" + "、".join(f"{p['cause_zh']}{p['people']:+,}" for p in why)
        en += ": " + ", ".join(f"{p['cause_en']} {p['people']:+,}" for p in why)
    return zh, en
