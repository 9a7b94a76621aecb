"""What one district's report and workbook say, gathered once from the answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from venuenet.model import KINDS, SCIENCE_KINDS, Question, Standard
from venuenet.publish.answers import (
    CITY,
    Row,
    causes,
    coverage,
    gap_rows,
    groups,
    times_for,
    venue_rows,
)
from venuenet.publish.how import median_note, surface_differs
from venuenet.publish.snapshot import Snapshot
from venuenet.publish.words import (
    Lang,
    decimal,
    flag_text,
    group_name,
    interval,
    no_data_reason,
    percent,
    persons,
    pick,
    question_text,
)
from venuenet.questions import parse_question

MARKS = "*†‡§‖¶#"
MARKED_FIRST = ("residents_estimated", "townships_unplaced", "residents_unplaced")
OPEN = ("open", "unknown")
LEVELS = ("national", "city", "district")


@dataclass(frozen=True)
class Rank:
    """Place among the districts that have an answer, from the highest share down."""

    place: int
    of: int
    tied: bool


@dataclass(frozen=True)
class Answer:
    """One question of one district, beside the city."""

    question: Question
    standard: Standard | None
    district: Row
    city: Row
    rank: Rank | None


@dataclass(frozen=True)
class GapPart:
    """The gaps of one type: all of them, and their sums by cause."""

    rows: list[Row]
    causes: list[Row]

    @property
    def people(self) -> int:
        """People of all these gaps."""
        return sum(c["people"] for c in self.causes)


@dataclass(frozen=True)
class DistrictFacts:
    """A district's answers: ``towns`` by uncovered people, ``venues`` by kind and id."""

    adcode: str
    name_zh: str
    name_en: str
    asked: Answer
    standards: list[Answer]
    towns: list[Row]
    groups: list[Row]
    service: GapPart
    data: GapPart
    venues: list[Row]
    homeless: int

    @property
    def numbers(self) -> dict[str, int]:
        """Number of every venue in the list, as the sketch map shows it."""
        return {v["venue_id"]: i for i, v in enumerate(self.venues, 1)}


def district_facts(snapshot: Snapshot, adcode: str, question: Question) -> DistrictFacts:
    """Gather the answers of one district; no number is made here."""
    rows = gap_rows(snapshot, question, [adcode])
    parts = [[r for r in rows if r["gap_type"] == kind] for kind in ("service", "data")]
    service, data = (GapPart(part, causes(part)) for part in parts)
    towns = [r for r in coverage(snapshot, question, "township") if r["adcode"] == adcode]
    venues = venue_rows(snapshot, KINDS)
    asked = _answer(snapshot, adcode, question)
    standards = [
        _answer(snapshot, adcode, parse_question(snapshot.standards, (), standard=s.id))
        for s in snapshot.standards
    ]
    return DistrictFacts(
        adcode=adcode,
        name_zh=asked.district["name_zh"],
        name_en=asked.district["name_en"],
        asked=asked,
        standards=standards,
        towns=sorted(towns, key=lambda r: (-(r["uncovered"] or 0), r["township_code"])),
        groups=groups(snapshot, dataclasses.replace(question, group="all"), adcode),
        service=service,
        data=data,
        venues=sorted(
            (v for v in venues if v["adcode"] == adcode),
            key=lambda v: (KINDS.index(v["kind"]), v["venue_id"]),
        ),
        homeless=sum(v["adcode"] is None for v in venues),
    )


def _answer(snapshot: Snapshot, adcode: str, question: Question) -> Answer:
    rows = coverage(snapshot, question)
    mine = next(r for r in rows if r["adcode"] == adcode)
    shares = [r["share"] for r in rows if r["share"] is not None]
    rank = None
    if mine["share"] is not None:
        place = 1 + sum(s > mine["share"] for s in shares)
        rank = Rank(place, len(shares), shares.count(mine["share"]) > 1)
    return Answer(
        question=question,
        standard=next((s for s in snapshot.standards if s.id == question.standard), None),
        district=mine,
        city=coverage(snapshot, question, CITY)[0],
        rank=rank,
    )


def rank_text(rank: Rank | None, lang: Lang) -> str:
    """Write a rank; a dash where there is no answer to rank."""
    if rank is None:
        return "—"
    tied = pick(("（并列）", " (tied)"), lang) if rank.tied else ""
    return f"{rank.place}/{rank.of}{tied}"


@dataclass(frozen=True)
class Marked:
    """Footnote marks of some rows, and what they stand for."""

    marks: list[str]
    legend: list[tuple[str, str]]
    everywhere: list[str]


def marked(rows: Sequence[Row], lang: Lang) -> Marked:
    """Give each flag that only some rows have a mark; flags of all rows are said once."""
    sets = [{f for f in r["flags"] if not f.startswith("no_data:")} for r in rows]
    common = set.intersection(*sets) if sets else set()
    some = set.union(*sets) - common if sets else set()
    first = [f for f in MARKED_FIRST if f in some]
    order = [*first, *sorted(some - set(first))]
    mark = {f: MARKS[i % len(MARKS)] * (1 + i // len(MARKS)) for i, f in enumerate(order)}
    return Marked(
        marks=["".join(mark[f] for f in order if f in flags) for flags in sets],
        legend=[(mark[f], flag_text(f, lang)) for f in order],
        everywhere=[flag_text(f, lang) for f in sorted(common)],
    )


def count_venues(facts: DistrictFacts, question: Question) -> list[Row]:
    """Count the district's venues by kind: level, status, position.

    The kinds of science venues, their sum (kind ``science``), then the other places.
    ``counted`` venues are open (or not known to be shut), have a position and a kind asked for.
    """
    by_kind = {k: [v for v in facts.venues if v["kind"] == k] for k in KINDS}
    science = [v for k in SCIENCE_KINDS for v in by_kind[k]]
    rows = [_count(k, by_kind[k], question) for k in SCIENCE_KINDS if by_kind[k]]
    rows.append(_count("science", science, question))
    others = [k for k in KINDS if k not in SCIENCE_KINDS and by_kind[k]]
    return rows + [_count(k, by_kind[k], question) for k in others]


def _count(kind: str, venues: Sequence[Row], question: Question) -> Row:
    precision = [v["precision_m"] for v in venues if v["precision_m"] is not None]
    return {
        "kind": kind,
        "total": len(venues),
        **{level: sum(v["level"] == level for v in venues) for level in LEVELS},
        "open": sum(v["status"] == "open" for v in venues),
        "unverified": sum(v["status"] == "unknown" for v in venues),
        "shut": sum(v["status"] not in OPEN for v in venues),
        "to_100_m": sum(p <= 100 for p in precision),
        "to_1_km": sum(100 < p <= 1000 for p in precision),
        "over_1_km": sum(p > 1000 for p in precision),
        "unlocated": len(venues) - len(precision),
        "counted": sum(
            v["precision_m"] is not None and v["status"] in OPEN and v["kind"] in question.kinds
            for v in venues
        ),
    }


def findings(snapshot: Snapshot, facts: DistrictFacts, lang: Lang) -> list[tuple[str, str]]:
    """Three findings, (heading, text): who is reached, the biggest gap and why, what is unknown."""
    zh = lang == "zh"
    return [
        (pick(("覆盖", "Coverage"), lang), (_reached_zh if zh else _reached_en)(snapshot, facts)),
        (pick(("最大缺口", "Biggest gap"), lang), (_biggest_zh if zh else _biggest_en)(facts)),
        (pick(("尚不清楚", "Not known"), lang), (_unknown_zh if zh else _unknown_en)(facts)),
    ]


def _reached_zh(snapshot: Snapshot, facts: DistrictFacts) -> str:
    a, row, city = facts.asked, facts.asked.district, facts.asked.city
    asked = question_text(snapshot, a.question, "zh")
    if row["share"] is None or a.rank is None:
        reason = no_data_reason(row["flags"], "zh")
        return (
            f"按“{asked}”衡量，{facts.name_zh}无数据：{reason}。无数据不等于零，不能据此判断高低。"
        )
    who = group_name(snapshot, a.question.group, "zh")
    text = (
        f"按“{asked}”衡量，{facts.name_zh}{who} {persons(row['people'], 'zh')}中，估算 "
        f"{persons(row['covered'], 'zh')}可达（{percent(row['share'], 'zh')}），"
        f"{persons(row['uncovered'], 'zh')}不可达。"
        "人口分布、场馆位置与开放情况都不完全确定，按最坏与最好估计，覆盖率在 "
        f"{interval(row['low'], row['high'], 'zh')} 之间。"
        f"全市同口径为 {percent(city['share'], 'zh')}；各区由高到低，本区"
        f"{'并列' if a.rank.tied else ''}第 {a.rank.place} 位（共 {a.rank.of} 区）。"
    )
    if "with_surface" in row:
        text += (
            f"若另计入假设的地面公交，覆盖率约为 {percent(row['with_surface']['share'], 'zh')}；"
            "这只是假设，不计入本报告其他数字。"
        )
        if surface_differs(snapshot):
            text += "该情景仍按直线估算，与上面的覆盖率口径不同，两者之差不是公交的作用。"
    if note := median_note(times_for(snapshot, a.question)):
        text += f"{note[0]}。"
    return text


def _reached_en(snapshot: Snapshot, facts: DistrictFacts) -> str:
    a, row, city = facts.asked, facts.asked.district, facts.asked.city
    asked = question_text(snapshot, a.question, "en")
    if row["share"] is None or a.rank is None:
        reason = no_data_reason(row["flags"], "en")
        return (
            f"Measured by “{asked}”, there is no data for {facts.name_en}: {reason}. "
            "No data is not zero: this says nothing of high or low."
        )
    who = group_name(snapshot, a.question.group, "en").lower()
    text = (
        f"Measured by “{asked}”, of {facts.name_en}'s {persons(row['people'], 'en')} ({who}) an "
        f"estimated {persons(row['covered'], 'en')} ({percent(row['share'], 'en')}) are within "
        f"reach and {persons(row['uncovered'], 'en')} are not. Where people live, where venues lie "
        "and which are open is not known for sure: from the worst to the best case the share lies "
        f"within {interval(row['low'], row['high'], 'en')}. The city as a whole "
        f"has {percent(city['share'], 'en')}; from the highest share down the district is number "
        f"{a.rank.place} of {a.rank.of}{' (tied)' if a.rank.tied else ''}."
    )
    if "with_surface" in row:
        text += (
            " With an assumed bus service on top the share would be about "
            f"{percent(row['with_surface']['share'], 'en')}: an assumption, in no other figure "
            "of this report."
        )
        if surface_differs(snapshot):
            text += (
                " That scenario is still estimated on straight lines: its difference to the share "
                "above is not what buses would add."
            )
    if note := median_note(times_for(snapshot, a.question)):
        text += f" {note[1]}."
    return text


def _biggest_zh(facts: DistrictFacts) -> str:
    if facts.asked.district["share"] is None:
        return "无数据，不能判断有无服务缺口；须先补数据，见下。"
    if not facts.service.rows:
        return "没有服务缺口。" + ("但有数据缺口，见下。" if facts.data.rows else "")
    top, cause = facts.service.rows[0], facts.service.causes[0]
    where = (
        f"到最近的{top['nearest_venue_zh']}平均约 {decimal(top['nearest_minutes'], 'zh')} 分钟"
        if top["nearest_minutes"] is not None
        else "以该方式到不了任何场馆"
    )
    return (
        f"服务缺口 {len(facts.service.rows)} 处，涉及 {persons(facts.service.people, 'zh')}；"
        f"首要原因是“{cause['cause_zh']}”（{cause['gaps']} 处，{persons(cause['people'], 'zh')}）。"
        f"人口最多的一处在{top['township_zh']}一带：{persons(top['people'], 'zh')}，{where}，"
        f"原因是“{top['cause_zh']}”。"
    )


def _biggest_en(facts: DistrictFacts) -> str:
    if facts.asked.district["share"] is None:
        return "Without data nothing can be said of service gaps: first mend the data, see below."
    if not facts.service.rows:
        return "There is no service gap." + (
            " There are data gaps, however: see below." if facts.data.rows else ""
        )
    top, cause = facts.service.rows[0], facts.service.causes[0]
    where = (
        f"about {decimal(top['nearest_minutes'], 'en')} minutes on average from "
        f"{top['nearest_venue_en'] or top['nearest_venue_zh']}, the nearest venue"
        if top["nearest_minutes"] is not None
        else "from where no venue can be reached that way"
    )
    return (
        f"{len(facts.service.rows)} service gaps concern {persons(facts.service.people, 'en')}; "
        f"the main cause is “{cause['cause_en']}” ({cause['gaps']} gaps, "
        f"{persons(cause['people'], 'en')}). The one with the most people is around "
        f"{top['township_en'] or top['township_zh']}: {persons(top['people'], 'en')}, {where} "
        f"(“{top['cause_en']}”)."
    )


def _unknown_zh(facts: DistrictFacts) -> str:
    lost, science = _unlocated(facts)
    estimated, unplaced = _weak_towns(facts)
    parts = []
    if facts.data.rows:
        why = "；".join(f"{c['cause_zh']} {persons(c['people'], 'zh')}" for c in facts.data.causes)
        parts.append(
            f"数据缺口 {len(facts.data.rows)} 处、{persons(facts.data.people, 'zh')}，"
            f"现有数据不足以判断是否可达（{why}）"
        )
    parts.append(f"名录中本区 {science} 处科普场馆有 {lost} 处没有位置，未计入覆盖")
    parts.append(
        f"{len(facts.towns)} 个街道乡镇中 {estimated} 个的人口为估计"
        + (f"，{unplaced} 个位置不明" if unplaced else "")
    )
    silent = [g["group_zh"] for g in facts.groups if g["standing"] == "unknown"]
    if silent:
        parts.append(f"{'、'.join(silent)}没有公开人口数据")
    return "；".join(parts) + "。"


def _unknown_en(facts: DistrictFacts) -> str:
    lost, science = _unlocated(facts)
    estimated, unplaced = _weak_towns(facts)
    parts = []
    if facts.data.rows:
        why = "; ".join(f"{c['cause_en']}: {persons(c['people'], 'en')}" for c in facts.data.causes)
        parts.append(
            f"For {len(facts.data.rows)} data gaps with {persons(facts.data.people, 'en')} the "
            f"data cannot tell whether a venue is within reach ({why})."
        )
    parts.append(
        f"{lost} of the district's {science} listed science venues have no position and cover "
        "nobody here."
    )
    parts.append(
        f"The residents of {estimated} of {len(facts.towns)} townships are estimated"
        + (f"; the location of {unplaced} is unknown." if unplaced else ".")
    )
    silent = [g["group_en"].lower() for g in facts.groups if g["standing"] == "unknown"]
    if silent:
        parts.append(f"There is no public figure for {', '.join(silent)}.")
    return " ".join(parts)


def _unlocated(facts: DistrictFacts) -> tuple[int, int]:
    science = [v for v in facts.venues if v["kind"] in SCIENCE_KINDS]
    return sum(v["precision_m"] is None for v in science), len(science)


def _weak_towns(facts: DistrictFacts) -> tuple[int, int]:
    flags = [r["flags"] for r in facts.towns]
    return (
        sum("residents_estimated" in f for f in flags),
        sum("townships_unplaced" in f for f in flags),
    )
