"""What becomes of newcomers: merged with a venue, a question, or a venue of their own. Pure.

The flow: pairs that are surely one venue form groups around at most one known venue; pairs that
may be one become questions; who is left alone is confirmed only with a position of its own inside
its district, or on a trusted list. A thing people decided before is neither asked nor merged again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from venuenet.geocode.model import GeoAnswer
from venuenet.registry.match import pairs
from venuenet.registry.model import (
    Ledger,
    Link,
    Outcome,
    Pair,
    Question,
    Reason,
    RegisteredVenue,
    Standing,
    Subject,
)
from venuenet.registry.resolve import resolve_id

MAX_ASKED = 3
"""Doubtful twins asked about per newcomer: the likeliest ones."""

OURS = frozenset({"list", "registry", "gazetteer"})
"""Geocoders that know what we know: they place a venue, they do not prove that there is one."""

PROVIDERS_ZH = {
    "list": "清单", "registry": "登记簿", "gazetteer": "内置地名库", "tianditu": "天地图",
    "amap": "高德", "baidu": "百度", "nominatim": "Nominatim",
}  # fmt: skip
LEVELS_ZH = {
    "exact": "场馆",
    "door": "门牌",
    "street": "道路",
    "township": "街道乡镇",
    "district": "区",
}

USABLE_M = 500.0
"""A geocoded position is used when it is known to this many metres or better."""


@dataclass(frozen=True)
class Newcomer:
    """A row's venue before it is settled.

    Attributes
    ----------
    subject : Subject
        Its own point only where the list gives one and it may be used.
    located : bool
        Whether that is so.
    trusted : bool
        Whether the list is one its maintainers answer for (``--confidence high``).
    doubt : Reason, optional
        Why the position given must be looked at.
    candidates : tuple of mapping
        Positions to show: {lon, lat, precision_m, label_zh, label_en}.
    """

    subject: Subject
    located: bool = False
    trusted: bool = False
    doubt: Reason | None = None
    candidates: tuple[Mapping[str, Any], ...] = ()

    def memo(self, answer: GeoAnswer | None = None) -> dict[str, Any]:
        """Return what a later decision needs to know of it, as JSON."""
        shown = [dict(c) for c in self.candidates]
        raw = None
        if answer is not None:
            shown.append(candidate(answer))
            raw = dict(answer.raw)
        return {
            "located": self.located,
            "trusted": self.trusted,
            "doubt": None if self.doubt is None else wordy(self.doubt),
            "candidates": shown,
            "raw": raw,
        }


@dataclass(frozen=True)
class Settled:
    """What became of one newcomer."""

    outcome: Outcome
    reason: Reason
    standing: Standing | None
    links: tuple[Link, ...] = ()
    questions: tuple[Question, ...] = ()
    answer: GeoAnswer | None = None


@dataclass
class _Groups:
    """Union-find over ids; a group has at most one known venue, which it is named after."""

    known: set[str]
    up: dict[str, str] = field(default_factory=dict)

    def root(self, i: str) -> str:
        while i in self.up:
            i = self.up[i]
        return i

    def join(self, a: str, b: str, rank: Mapping[str, int]) -> bool:
        """Put two groups together; False when that would make one of two known venues."""
        a, b = self.root(a), self.root(b)
        if a == b:
            return True
        if a in self.known and b in self.known:
            return False
        first, other = sorted((a, b), key=lambda i: (i not in self.known, rank.get(i, 0)))
        self.up[other] = first
        return True


def wordy(reason: Reason) -> dict[str, str]:
    """Return a reason as JSON."""
    return {"zh": reason.zh, "en": reason.en}


def same_key(a: str, b: str) -> str:
    """Return the key of the question whether two ids are one venue."""
    return "same:" + "|".join(sorted((a, b)))


def subject_of(venue: RegisteredVenue) -> Subject:
    """Return what is compared of a registered venue."""
    point = venue.get("point") or {}
    return Subject(
        id=venue.venue_id,
        names=tuple(
            dict.fromkeys(
                n
                for n in (venue.get("name_zh"), *(venue.get("aliases") or ()), venue.get("name_en"))
                if n
            )
        ),
        adcode=venue.get("adcode"),
        address=venue.get("address_zh") or "",
        phone=venue.get("phone") or "",
        lon=point.get("lon"),
        lat=point.get("lat"),
        precision_m=point.get("precision_m"),
        kind=venue.get("kind"),
    )


def told_apart(ledger: Ledger) -> set[frozenset[str]]:
    """Pairs of venues people decided are two, by the ids kept today."""
    found = set()
    for key, reply in ledger.replies.items():
        question = ledger.questions.get(key)
        if question and question.kind == "same" and reply.answer == "reject":
            found.add(frozenset(resolve_id(ledger, i) for i in question.venue_ids))
    return found


def settle(
    newcomers: Sequence[Newcomer],
    ledger: Ledger,
    venues: Mapping[str, RegisteredVenue],
    locate: Callable[[Newcomer], GeoAnswer | None],
    progress: Callable[[int], None] | None = None,
) -> dict[str, Settled]:
    """Settle newcomers among the venues registered.

    Parameters
    ----------
    newcomers : sequence of Newcomer
        In the order of their lists; the first of several alike keeps its id.
    ledger, venues
        The registry and its venues (:func:`resolve.register`).
    locate : callable
        Finds a position for a newcomer without a usable one.
    progress : callable, optional
        Told of candidates compared.

    Returns
    -------
    dict of venue id to Settled
    """
    if not newcomers:
        return {}
    known = [subject_of(v) for v in venues.values() if v.standing != "quarantined"]
    subjects = [n.subject for n in newcomers]
    rank = {s.id: r for r, s in enumerate(subjects)}
    apart = told_apart(ledger)
    groups = _Groups({s.id for s in known})
    found = pairs(subjects, known, progress=progress)
    found = [p for p in found if frozenset((p.a, p.b)) not in apart]
    doubtful = [p for p in found if p.verdict == "ask"]
    why: dict[str, Pair] = {}
    for pair in sorted(
        (p for p in found if p.verdict == "merge"), key=lambda p: (-p.score, p.a, p.b)
    ):
        if not groups.join(pair.a, pair.b, rank):
            doubtful.append(pair)
        for i in (pair.a, pair.b):
            why.setdefault(i, pair)
    asked = _questions(doubtful, groups, rank, apart, {n.subject.id: n for n in newcomers})
    return {n.subject.id: _outcome(n, groups, asked, venues, why, locate, rank) for n in newcomers}


def _questions(
    doubtful: Iterable[Pair],
    groups: _Groups,
    rank: Mapping[str, int],
    apart: set[frozenset[str]],
    newcomers: Mapping[str, Newcomer],
) -> dict[str, list[Question]]:
    """Doubtful pairs as questions, by the newcomer (group) that asks; each asked once."""
    asked: dict[str, list[Question]] = defaultdict(list)
    seen = set(apart)
    for pair in sorted(doubtful, key=lambda p: (-p.score, p.a, p.b)):
        ends = sorted((groups.root(pair.a), groups.root(pair.b)), key=lambda i: rank.get(i, -1))
        both = frozenset(ends)
        if len(both) < 2 or both in seen:
            continue
        asker = ends[1] if ends[1] in rank else None
        # Two known venues were compared when the later of them came; only newcomers ask.
        if asker is None or len(asked[asker]) >= MAX_ASKED:
            continue
        seen.add(both)
        evidence = {"score": round(pair.score, 3), "reasons": [wordy(r) for r in pair.reasons]}
        adcode = newcomers[asker].subject.adcode
        asked[asker].append(Question(same_key(*ends), "same", (asker, ends[0]), adcode, evidence))
    return asked


def _outcome(
    newcomer: Newcomer,
    groups: _Groups,
    asked: Mapping[str, list[Question]],
    venues: Mapping[str, RegisteredVenue],
    why: Mapping[str, Pair],
    locate: Callable[[Newcomer], GeoAnswer | None],
    rank: Mapping[str, int],
) -> Settled:
    me = newcomer.subject.id
    root = groups.root(me)
    if root != me:
        pair = why[me]
        links = (Link(me, root),)
        if root in venues and venues[root].standing == "rejected":
            return Settled(
                "rejected",
                Reason(
                    f"与此前已判定不予登记的 {root} 相同", f"the same as {root}, turned down before"
                ),
                None,
                links,
            )
        name = venues[root].get("name_zh") if root in venues else None
        told = "；".join(r.zh for r in pair.reasons), "; ".join(r.en for r in pair.reasons)
        what = (
            (f"{root} {name}",) * 2 if name else ("本次导入的另一行", "another row of this import")
        )
        return Settled(
            "merged", Reason(f"并入{what[0]}：{told[0]}", f"merged with {what[1]}: {told[1]}"),
            None, links,
        )  # fmt: skip
    if asked.get(me):
        return Settled(
            "queued",
            Reason("可能与已有场馆为同一处，待核对", "may be a venue already known; to be settled"),
            "pending",
            questions=tuple(asked[me]),
        )
    answer = None if newcomer.located or newcomer.doubt else locate(newcomer)
    standing, question, reason = alone(newcomer, answer)
    outcome: Outcome = "added" if standing == "confirmed" else "queued"
    return Settled(
        outcome, reason, standing, questions=(question,) if question else (), answer=answer
    )


def is_usable(answer: GeoAnswer | None) -> bool:
    """Whether a geocoded position may stand as a venue's position."""
    return (
        answer is not None
        and answer.ok
        and answer.precision_m <= USABLE_M
        and answer.level in ("exact", "door")
    )


def _is_known_outside(answer: GeoAnswer) -> bool:
    """Whether somebody else's map has the venue itself, not just its address."""
    return answer.level == "exact" and answer.provider not in OURS


def candidate(answer: GeoAnswer) -> dict[str, Any]:
    """Return a geocoder's answer as a position to show."""
    who = PROVIDERS_ZH.get(answer.provider, answer.provider)
    return {
        "lon": answer.lon,
        "lat": answer.lat,
        "precision_m": answer.precision_m,
        "label_zh": f"{who}（{LEVELS_ZH[answer.level]}）："
        + "；".join(r.zh for r in answer.reasons),
        "label_en": f"{answer.provider} ({answer.level}): "
        + "; ".join(r.en for r in answer.reasons),
        "provider": answer.provider,
        "method": _method(answer),
        "level": answer.level,
        "confidence": answer.confidence,
        "usable": is_usable(answer),
    }


def alone(newcomer: Newcomer, answer: GeoAnswer | None) -> tuple[Standing, Question | None, Reason]:
    """Settle a newcomer that is nobody's twin: confirmed, or asked about."""
    s = newcomer.subject
    shown = [dict(c) for c in newcomer.candidates]
    if answer is not None:
        shown.append(candidate(answer))
    if newcomer.doubt is not None:
        evidence = {"reasons": [wordy(newcomer.doubt)], "candidates": shown}
        return (
            "pending",
            Question(f"place:{s.id}", "place", (s.id,), s.adcode, evidence),
            newcomer.doubt,
        )
    if newcomer.located:
        return (
            "confirmed",
            None,
            Reason("新场馆，位置在所属区内", "new, its position in its district"),
        )
    if newcomer.trusted:
        if is_usable(answer):
            return "confirmed", None, Reason("新场馆，按地址定位", "new, placed by its address")
        return "confirmed", None, Reason("新场馆，尚无位置", "new, not yet placed")
    if answer is not None and is_usable(answer) and _is_known_outside(answer):
        return "confirmed", None, Reason("新场馆，地图服务可查", "new, a map service knows it")
    reason = Reason("名录与地图均未见，待核实是否存在", "known to no list or map; does it exist?")
    evidence = {"reasons": [wordy(reason)], "candidates": shown}
    return "pending", Question(f"new:{s.id}", "new", (s.id,), s.adcode, evidence), reason


def _method(answer: GeoAnswer) -> str:
    """Name how a position was found; a foreign map's datum is said to be dealt with."""
    return answer.provider if answer.provider in OURS else f"{answer.provider} (converted)"


def answered_point(answer: GeoAnswer) -> dict[str, Any]:
    """Return a geocoder's answer as the value of the field ``point``."""
    return {
        "lon": answer.lon,
        "lat": answer.lat,
        "precision_m": answer.precision_m,
        "method": _method(answer),
        "level": answer.level,
        "confidence": answer.confidence,
        "reasons": [wordy(r) for r in answer.reasons],
    }
