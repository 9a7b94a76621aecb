"""How travel times were made, and for whom, in the words every outlet uses: zh and en.

Pure: all of it is read from the tables' own notes and the manifest, nothing from the networks.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Mapping
from typing import Any, Literal, cast

from venuenet.model import SCIENCE_KINDS, Manifest, Mode, Question, Reason, TravelTimes
from venuenet.publish.snapshot import Snapshot

Words = tuple[str, str]
Basis = Literal["straight", "headways", "streets", "feed", "timetable", "matrix", "no_car", "other"]
"""What a table rests on: straight lines, rail by headways, streets, an imported feed by expected
waits or by its timetable, an imported matrix, nothing at all, or an engine of somebody else."""

ADULT = "adult"

_BASES: Mapping[str, Basis] = {
    "straight-line walk": "straight",
    "zonal-speed drive": "straight",
    "walk and rail by frequency": "headways",
    "walk and rail by frequency and assumed surface": "headways",
    "walk on streets": "streets",
    "drive on streets": "streets",
    "no car": "no_car",
}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MATRIX = re.compile(r"imported matrix (?P<file>.*?\.\w+|.*?) \((?P<by>.*)\)", re.DOTALL)

REASON_WORDS: Mapping[Reason, Words] = {
    "no_street": ("附近没有道路", "no street near"),
    "no_way": ("没有路通到任何场馆", "no way to any venue"),
}

_STRAIGHT: Mapping[Mode, Words] = {
    "walk": (
        "步行按直线距离乘绕行系数估算，不走真实路网",
        "Walking is estimated: the straight line times a detour, not a street network",
    ),
    "drive": (
        "驾车按直线距离和分区车速估算",
        "Driving is estimated from straight lines and zonal speeds",
    ),
}
_STREETS: Mapping[Mode, Words] = {
    "walk": ("步行沿导入的路网计算", "Walking follows the imported street network"),
    "drive": (
        "驾车沿导入的路网计算，按各级道路车速和转弯耗时，另加取车停车；不含实时路况",
        "Driving follows the imported street network, with speeds by class of road, time for turns "
        "and for parking; no live traffic",
    ),
}
_MODES: Mapping[Mode, Words] = {
    "walk": ("步行", "on foot"),
    "transit": ("公共交通", "by transit"),
    "drive": ("驾车", "by car"),
}
_QUALIFIED: Mapping[tuple[Mode, Basis], Words] = {
    ("transit", "headways"): ("公共交通（步行+轨道）", "by transit (walking and rail)"),
    ("transit", "feed"): (
        "公共交通（步行+导入班次）",
        "by transit (walking and imported services)",
    ),
    ("transit", "timetable"): (
        "公共交通（步行+导入班次）",
        "by transit (walking and imported services)",
    ),
    ("walk", "matrix"): ("步行（导入矩阵）", "on foot (imported matrix)"),
    ("transit", "matrix"): ("公共交通（导入矩阵）", "by transit (imported matrix)"),
    ("drive", "matrix"): ("驾车（导入矩阵）", "by car (imported matrix)"),
    ("drive", "straight"): ("驾车（估算）", "by car (estimated)"),
    ("drive", "no_car"): ("驾车（出行者无车）", "by car (the traveller has none)"),
}


def basis_of(times: TravelTimes) -> Basis:
    """Tell what a table rests on, by its engine's name."""
    if times.engine == "walk and ride by frequency":
        return "feed" if _DAY.match(times.period or "") else "headways"
    if times.engine.startswith("walk and timetable"):
        return "timetable"
    if _MATRIX.fullmatch(times.engine):
        return "matrix"
    return _BASES.get(times.engine, "other")


def how_made(times: TravelTimes, periods: Mapping[str, Words] | None = None) -> Words:
    """Say in a sentence, zh and en, how the times of a mode were made; without a full stop.

    Parameters
    ----------
    times : TravelTimes
    periods : mapping of id to (zh, en), optional
        Names of the area pack's periods; a period that has none is called by its id.
    """
    basis = basis_of(times)
    if basis in ("straight", "streets"):
        return (_STRAIGHT if basis == "straight" else _STREETS)[times.mode]
    if basis == "no_car":
        return "出行者无车，驾车一律算作不可达", "The traveller has no car: nobody arrives by car"
    if match := _MATRIX.fullmatch(times.engine):
        file, by = match["file"], match["by"]
        return (
            f"时间取自导入的矩阵 {file}（提供者：{by}），按其自身设定，不因出行者而变",
            f"Times are those of the imported matrix {file} (made by {by}), as it was made, "
            "whoever travels",
        )
    if basis == "other":
        return f"时间由 {times.engine} 算出", f"Times were made by {times.engine}"
    walk = _STRAIGHT["walk"] if times.estimated else _STREETS["walk"]
    ride = _ride(times, basis, periods or {})
    if times.surface_transit:
        ride = (
            f"{ride[0]}；另加假设的地面公交",
            f"{ride[1]}; with an assumed bus service on top",
        )
    return f"{walk[0]}；{ride[0]}", f"{walk[1]}; {ride[1]}"


def _ride(times: TravelTimes, basis: Basis, periods: Mapping[str, Words]) -> Words:
    """Say how the riding part was made."""
    period = times.period or ""
    if basis == "headways":
        zh, en = periods.get(period, (period, period))
        return (
            f"轨道交通按{zh}的发车间隔，候车按半个间隔",
            f"rail by its headways ({en}), with half a headway as the wait",
        )
    if basis == "feed":
        return (
            f"乘车按导入班次在 {period} 的发车间隔，候车按半个间隔",
            f"rides by the headways of the imported services, {period}, with half a headway as "
            "the wait",
        )
    zh, en = departures_of(times)
    return (
        f"乘车按导入的时刻表，取 {zh} 各出发时刻所需时间的中位数（p50）",
        f"rides by the imported timetable: the median (p50) over departures of {en}",
    )


def departures_of(times: TravelTimes) -> Words:
    """Name the day and the window of a timetable's departures."""
    day = _DAY.search(times.engine)
    said = " ".join(filter(None, (day and day[0], times.period)))
    return said, said


def median_note(times: TravelTimes) -> Words | None:
    """Say that times are medians, and of which departures; None where there is no spread."""
    if not times.spread:
        return None
    zh, en = departures_of(times)
    return (
        f"所用时间是 {zh} 各出发时刻的中位数（p50）：一半的出发时刻更慢",
        f"The times are medians (p50) over departures of {en}: half the departures take longer",
    )


def mode_words(times: TravelTimes) -> Words:
    """Name a mode as a phrase that promises no more than its table holds."""
    return _QUALIFIED.get((times.mode, basis_of(times)), _MODES[times.mode])


def tables_for(snapshot: Snapshot, group: str) -> Mapping[Mode, TravelTimes]:
    """Return the table of each mode for a group: its own traveller's, else everybody's."""
    who = snapshot.groups.of(group).traveller.value if group != "all" else None
    # A chain, not a merged dict: a scenario's tables are worked out when they are looked at.
    own: Mapping[Mode, TravelTimes] = snapshot.others.get(who or "", {})
    return ChainMap(cast("dict[Mode, TravelTimes]", own), cast("Any", snapshot.times))


def table_for(snapshot: Snapshot, question: Question) -> TravelTimes:
    """Return the travel times a question is asked of; assumed buses are everybody's."""
    if question.surface_transit:
        return snapshot.surface
    return tables_for(snapshot, question.group)[question.mode]


def asked_traveller(snapshot: Snapshot, question: Question) -> dict[str, str]:
    """Say whose times answer a question: id, name_zh and name_en."""
    if not own_pace(snapshot, question):
        return traveller_of(snapshot.manifest)
    who = snapshot.groups.of(question.group).traveller.value
    rules = snapshot.manifest.parameters["groups"]["travellers"][who]
    return {"id": who, "name_zh": rules["name_zh"], "name_en": rules["name_en"]}


def fitted(snapshot: Snapshot, question: Question) -> bool:
    """Whether only the kinds that are said to serve the group asked for count."""
    fit = snapshot.groups.of(question.group).kinds.value
    narrowed = question.group != "all" and question.standard is None and fit != SCIENCE_KINDS
    return narrowed and question.kinds == fit


def own_pace(snapshot: Snapshot, question: Question) -> bool:
    """Whether a question is answered by another's times than everybody's."""
    everybody = snapshot.surface if question.surface_transit else snapshot.times[question.mode]
    return table_for(snapshot, question) is not everybody


def describe_travel(snapshot: Snapshot, question: Question) -> dict[str, Any]:
    """Say in plain values how the times of a question were made, and for whom."""
    times = table_for(snapshot, question)
    zh, en = made_of(snapshot, times)
    return {
        "mode": times.mode,
        "engine": times.engine,
        "basis": basis_of(times),
        "estimated": times.estimated,
        "period": times.period,
        "zh": zh,
        "en": en,
        "traveller": asked_traveller(snapshot, question),
    }


def travel_flags(snapshot: Snapshot, question: Question) -> list[str]:
    """Flag times that are estimated, in full or on foot only, and a traveller but an adult."""
    times = table_for(snapshot, question)
    flags = []
    if times.estimated:
        rides = basis_of(times) in ("feed", "timetable")
        flags.append("walk_estimated" if rides else "travel_estimated")
    who = asked_traveller(snapshot, question)["id"]
    return flags if who == ADULT else [*flags, f"traveller:{who}"]


def made_of(snapshot: Snapshot, times: TravelTimes) -> Words:
    """Say how a snapshot's times of a mode were made; see :func:`how_made`."""
    periods = {p.id: (p.name_zh, p.name_en) for p in snapshot.area.meta.periods}
    return how_made(times, periods)


def is_estimate(times: TravelTimes) -> bool:
    """Whether a table rests on nothing but the embedded estimates."""
    return times.estimated and basis_of(times) in ("straight", "headways")


def all_estimated(snapshot: Snapshot) -> bool:
    """Whether every mode rests on nothing but the embedded estimates."""
    return all(map(is_estimate, _tables(snapshot)))


def _tables(snapshot: Snapshot) -> list[TravelTimes]:
    return [snapshot.times[m] for m in _MODES if m in snapshot.times]


def surface_differs(snapshot: Snapshot) -> bool:
    """Whether transit rests on something else than the scenario with assumed buses does."""
    return not is_estimate(snapshot.times["transit"])


def ways_made(snapshot: Snapshot) -> list[Words]:
    """Say of every mode how its times were made, and of the bus scenario where it differs."""
    said = [_of_mode(t, made_of(snapshot, t)) for t in _tables(snapshot)]
    if surface_differs(snapshot):
        said.append(
            (
                "“含假设公交”一栏仍按直线和内置轨道发车间隔估算，与上述公共交通口径不同，不宜相减",
                "Figures “incl. assumed surface transit” are still estimated, on straight lines "
                "and the embedded rail headways: not to be compared with transit as made here",
            )
        )
    return said


def _of_mode(times: TravelTimes, made: Words) -> Words:
    """Put the mode's name before a sentence that does not begin with it."""
    if basis_of(times) in ("straight", "streets"):
        return made
    names = {"walk": ("步行", "On foot"), "transit": ("公共交通", "Transit")}
    zh, en = names.get(times.mode, ("驾车", "By car"))
    return f"{zh}：{made[0]}", f"{en}: {made[1][0].lower()}{made[1][1:]}"


def traveller_of(manifest: Manifest) -> dict[str, str]:
    """Say whose times a snapshot holds: id, name_zh and name_en; an adult's where not said."""
    travel = manifest.parameters.get("travel") or {}
    id_ = travel.get("traveller", ADULT)
    rules = travel.get("rules", {}).get("travellers", {}).get(id_, {})
    plain = {"name_zh": "成年人", "name_en": "adult"} if id_ == ADULT else {}
    return {
        "id": id_,
        "name_zh": rules.get("name_zh", plain.get("name_zh", id_)),
        "name_en": rules.get("name_en", plain.get("name_en", id_)),
    }


def traveller_words(manifest: Manifest) -> Words | None:
    """Name the traveller for a title; None for an adult, whom nobody has to be told of."""
    return _named(traveller_of(manifest))


def asked_traveller_words(snapshot: Snapshot, question: Question) -> Words | None:
    """Name whose times answer a question, for a caption; None for an adult."""
    return _named(asked_traveller(snapshot, question))


def _named(who: Mapping[str, str]) -> Words | None:
    if who["id"] == ADULT:
        return None
    return f"出行者：{who['name_zh']}", f"traveller: {who['name_en']}"


def traveller_suffix(manifest: Manifest, lang: Literal["zh", "en"]) -> str:
    """Give what a title line ends with: `` · 出行者：老年人``, or nothing for an adult."""
    named = traveller_words(manifest)
    return "" if named is None else f" · {named[lang == 'en']}"


def traveller_note(snapshot: Snapshot) -> Words | None:
    """Say what a traveller other than an adult means for the numbers; None for an adult."""
    named = traveller_words(snapshot.manifest)
    if named is None:
        return None
    speed = snapshot.assumptions.walk.speed_kmh.value
    travel = snapshot.manifest.parameters["travel"]
    rules = travel["rules"]["travellers"][travel["traveller"]]
    pace = f"{speed * rules['walk_ratio']['value']:.2g}"
    on_streets = any(basis_of(t) == "streets" for t in snapshot.times.values())
    no_stairs = not rules["stairs"] and on_streets
    return (
        f"{named[0]}。步行每小时 {pace} 公里{'，不走已知的台阶' if no_stairs else ''}；"
        "无论统计哪类居民，时间都按这一出行者计算，不代表所有人",
        f"{named[1][0].upper()}{named[1][1:]}. Walks {pace} km/h"
        f"{', no known stairs' if no_stairs else ''}; "
        "whichever residents are counted, the times are this traveller's and not everybody's",
    )


def group_note(snapshot: Snapshot, group: str) -> Words:
    """Say where a group's figure comes from, and as whom it travels where not as everybody."""
    known = next(g for g in snapshot.area.meta.groups if g.id == group)
    who = snapshot.groups.of(group).traveller.value
    if who not in snapshot.others:
        return known.note_zh, known.note_en
    rules = snapshot.manifest.parameters["groups"]["travellers"][who]
    zh = f"步行和公共交通时间按出行者“{rules['name_zh']}”计算"
    en = f"walking and transit times are those of the traveller “{rules['name_en']}”"
    return "；".join(filter(None, (known.note_zh, zh))), "; ".join(
        filter(None, (known.note_en, en))
    )


def network_table(snapshot: Snapshot) -> TravelTimes | None:
    """Return the table that tells how cells lie to streets: walking, else driving; or None."""
    return next((t for t in _tables(snapshot) if t.reason is not None), None)
