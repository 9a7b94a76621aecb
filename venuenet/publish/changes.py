"""What changed between two snapshots, and why: venues, coverage, gaps, inputs.

Pure but for reading the snapshots' arrays. How a difference is split: :mod:`.changes_why`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from venuenet.coverage import group_people
from venuenet.errors import BadQueryError
from venuenet.model import LONGEST_OWN_MIN, LocatedVenue, Question
from venuenet.publish.answers import CITY, Row, coverage, times_for
from venuenet.publish.changes_lists import gap_rows, input_rows, venue_rows
from venuenet.publish.changes_why import Share, Side, Why, explain
from venuenet.publish.changes_words import CAUSE_WORDS, sentence
from venuenet.publish.snapshot import Snapshot

NO_GAPS_KNOWN: Row = {"counts": None, "items": []}
"""Where nothing is known: of the group in any district asked for, or of any earlier day."""


def changes(
    before: Snapshot, after: Snapshot, question: Question, adcodes: Sequence[str] = ()
) -> Row:
    """Tell what changed from one snapshot to another.

    Nothing of ``before`` is remembered, so that a past snapshot can be let go of.

    Parameters
    ----------
    before, after : Snapshot
        Of one study area.
    question : Question
        As understood with ``after``'s standards; a standard that ``before`` defined otherwise is
        asked of it as it was defined.
    adcodes : sequence of str
        Districts to answer for; none means all. ``total`` is always the whole area.

    Returns
    -------
    dict
        ``since`` (the earlier snapshot), ``items`` (one per district, each with its parts in
        ``why``), ``total``, ``venues``, ``gaps``, ``inputs`` and ``flags``; docs/changes.md.

    Raises
    ------
    BadQueryError
        The snapshots are of different areas, or the question is ``capacitated``: who is turned
        away depends on everybody else, so no difference has parts.
    """
    _refuse_capacitated(question)
    if before.manifest.area != after.manifest.area:
        raise BadQueryError(
            f"快照 {before.manifest.snapshot} 属于另一区域 {before.manifest.area}，不能比较",
            f"snapshot {before.manifest.snapshot} is of another area, {before.manifest.area}",
            param="since",
        )
    asked, flags = _asked_before(before, after, question)
    places = _districts(before) | _districts(after)
    codes = sorted(places)
    whys = _whys(before, after, asked, question, codes)
    venues = venue_rows(before, after, question, whys)
    items = [
        _item(places[code], one, other, why, venues)
        for code, one, other, why in zip(
            codes, *_rows(before, asked, after, question, codes), whys[:-1], strict=True
        )
    ]
    total = _item(
        {"adcode": None, "name_zh": after.area.meta.name_zh, "name_en": after.area.meta.name_en},
        coverage(before, asked, CITY)[0],
        coverage(after, question, CITY)[0],
        whys[-1],
        venues,
    )
    unknown = {i["adcode"] for i in items if "no_data:group_unknown" in i["flags"]}
    wanted = set(adcodes) or set(codes)
    if not adcodes:
        wanted.add("")
    told = [v for v in venues if {v["adcode"] or "", v["adcode_before"] or ""} & wanted]
    m = before.manifest
    return {
        "since": {"snapshot": m.snapshot, "as_of": m.as_of.isoformat(), "version": m.version},
        "items": [i for i in items if i["adcode"] in wanted],
        "total": total,
        "venues": told,
        "gaps": gap_rows(before, asked, after, question, wanted - unknown)
        if wanted - unknown - {""}
        else NO_GAPS_KNOWN,
        "inputs": input_rows(before, after),
        "flags": flags,
    }


def no_changes(question: Question) -> Row:
    """Give the answer where no earlier snapshot is kept; refuses what ``changes`` would."""
    _refuse_capacitated(question)
    return {
        "since": None,
        "items": [],
        "total": None,
        "venues": [],
        "gaps": NO_GAPS_KNOWN,
        "inputs": {"count": 0, "items": []},
        "flags": ["no_data:no_earlier_snapshot"],
    }


def _refuse_capacitated(question: Question) -> None:
    if question.capacitated:
        raise BadQueryError(
            "变化分析不支持 capacitated，请去掉该参数",
            "changes cannot be asked for with capacitated; leave it out",
            param="capacitated",
            allowed=["false"],
        )


def _asked_before(
    before: Snapshot, after: Snapshot, question: Question
) -> tuple[Question, list[str]]:
    """Understand the question as ``before`` defined its standard."""
    if question.standard is None:
        return question, []
    then = {s.id: s for s in before.standards}.get(question.standard)
    now = {s.id: s for s in after.standards}[question.standard]
    if then is None:
        return question, ["standard_not_before"]
    own = then.own_district if question.own_district == now.own_district else question.own_district
    asked = dataclasses.replace(
        question,
        mode=then.mode,
        minutes=then.minutes,
        k=then.k,
        # What was asked for beside the standard holds for both.
        kinds=then.kinds if question.kinds == now.kinds else question.kinds,
        own_district=own and then.k == 1 and then.minutes <= LONGEST_OWN_MIN,
        surface_transit=question.surface_transit and then.mode == "transit",
    )
    return asked, [] if asked == question else ["standard_redefined"]


def _districts(snapshot: Snapshot) -> dict[str, Row]:
    return {
        d.adcode: {"adcode": d.adcode, "name_zh": d.name_zh, "name_en": d.name_en}
        for d in snapshot.area.districts.itertuples()
    }


def _rows(
    before: Snapshot, asked: Question, after: Snapshot, question: Question, codes: Sequence[str]
) -> Iterator[list[Row | None]]:
    # Past the cache, which would keep a past snapshot open.
    for rows in (coverage(before, asked), coverage(after, question)):
        found = {r["adcode"]: r for r in rows}
        yield [found.get(code) for code in codes]


def _side(snapshot: Snapshot, question: Question) -> Side:
    times = times_for(snapshot, question)
    venues = {v.venue_id: v for v in snapshot.area.venues if isinstance(v, LocatedVenue)}
    return Side(
        snapshot.demand,
        times,
        question,
        tuple(snapshot.area.districts["adcode"]),
        tuple(venues[name] for name in times.venue_ids),
    )


def _whys(
    before: Snapshot, after: Snapshot, asked: Question, question: Question, codes: Sequence[str]
) -> Sequence[Why | None]:
    """Return the parts of each district's difference, the whole area's last."""
    if any(group_people(s.demand, question.group) is None for s in (before, after)):
        return [None] * (len(codes) + 1)
    was = times_for(before, asked), asked
    return explain(_side(before, question), _side(after, question), codes, was)


def _item(
    place: Row, one: Row | None, other: Row | None, why: Why | None, venues: Sequence[Row]
) -> Row:
    """Give a district's figures before and after, its parts and a sentence; None is no data."""
    row: Row = dict(place)
    for name in ("people", "covered", "share", "low", "high"):
        row[f"{name}_before"] = None if one is None else one[name]
        row[f"{name}_after"] = None if other is None else other[name]
    for name in ("people", "covered"):
        row[f"{name}_change"] = _minus(row[f"{name}_after"], row[f"{name}_before"])
    points = _minus(row["share_after"], row["share_before"])
    row["points"] = None if points is None else 100 * points
    known = row["covered_change"] is not None and why is not None
    row["why"] = _parts(why) if known and why is not None else []
    row["venues"] = (
        [_of_venue(s, step) for step in ("gained", "lost") for s in getattr(why, step)]
        if known
        else []
    )
    flags = [f for r in (one, other) if r is not None for f in r["flags"]]
    flags += [
        f"no_data:{side}"
        for r, side in ((one, "before"), (other, "after"))
        if r is None or r["covered"] is None
    ]
    if known and why is not None and why.people["unexplained"]:
        flags.append("unexplained")
    row["flags"] = list(dict.fromkeys(flags))
    row["text_zh"], row["text_en"] = sentence(row, venues)
    return row


def _minus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _parts(why: Why) -> list[Row]:
    return [
        {
            "cause": cause,
            "cause_zh": CAUSE_WORDS[cause][0],
            "cause_en": CAUSE_WORDS[cause][1],
            "people": people,
            "points": None if why.points is None else why.points[cause],
        }
        for cause, people in why.people.items()
    ]


def _of_venue(share: Share, step: str) -> Row:
    return {
        "venue_id": share.venue_id,
        "step": step,
        "people": share.people,
        "shared": share.shared,
    }
