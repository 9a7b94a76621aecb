"""What people must settle: the open questions, and every decision as one receipt.

A question is open as long as it still makes sense: nobody answered it, and what it asks about was
not settled another way. A decision may be undone like any other receipt.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from venuenet.area import StudyArea
from venuenet.errors import BadQueryError, RegistryError, UnknownNameError
from venuenet.registry.cards import Card, QuestionView, Waiting, view
from venuenet.registry.decisions import Settlement, on_its_own, settle_answer
from venuenet.registry.listed import datum_change
from venuenet.registry.model import (
    ANSWERS,
    Actor,
    Answer,
    Change,
    Link,
    Question,
    Receipt,
    Reply,
)
from venuenet.registry.questions import is_open, quarantined, question_id
from venuenet.registry.resolve import register
from venuenet.registry.settle import same_key
from venuenet.registry.undoing import resting_on, touched_by
from venuenet.store.protocol import Store

__all__ = ["Card", "QuestionView", "decide", "decide_all", "questions", "split", "undo"]

STATES = ("open", "answered", "all")


def questions(
    store: Store,
    area: StudyArea,
    *,
    state: str = "open",
    kind: str | None = None,
    adcode: str | None = None,
) -> list[QuestionView]:
    """List what people must settle, or have settled, by district and kind.

    Parameters
    ----------
    store : Store
    area : StudyArea
    state : {"open", "answered", "all"}
        ``open`` includes what the district was asked about.
    kind : QuestionKind, optional
    adcode : str, optional
        Only this district's.
    """
    if state not in STATES:
        raise BadQueryError(
            f"state 只能是 {'、'.join(STATES)}", f"state is one of {', '.join(STATES)}",
            param="state", allowed=STATES,
        )  # fmt: skip
    if kind is not None and kind not in ANSWERS:
        raise BadQueryError(
            f"没有“{kind}”类问题", f"there is no question of kind {kind!r}",
            param="kind", allowed=list(ANSWERS),
        )  # fmt: skip
    ledger = store.ledger()
    venues = register(ledger)
    asked = [
        q
        for q in ledger.questions.values()
        if (kind is None or q.kind == kind) and (adcode is None or q.adcode == adcode)
    ]
    rows = {
        row.venue_id: row
        for number in sorted({q.receipt for q in asked})
        for row in store.rows(number)
        if row.venue_id is not None
    }
    waiting = Waiting(
        ledger,
        venues,
        {r.number: r for r in ledger.receipts},
        rows,
        dict(zip(area.districts["adcode"], area.districts["name_zh"], strict=True)),
    )
    seen = [view(waiting, q, question_id(q.key), is_open=is_open(ledger, venues, q)) for q in asked]
    found = [
        v
        for v in seen
        if v is not None and (state == "all" or (v["state"] == "answered") == (state == "answered"))
    ]
    order = {code: i for i, code in enumerate(area.districts["adcode"])}
    found.sort(
        key=lambda v: (order.get(v["adcode"] or "", 99), v["kind"], -(v["score"] or 0), v["key"])
    )
    return found


def decide(
    store: Store,
    area: StudyArea,
    question: str,
    answer: str,
    *,
    actor: Actor,
    why: str = "",
    values: Mapping[str, Any] | None = None,
) -> Receipt:
    """Settle a question.

    Parameters
    ----------
    store : Store
    area : StudyArea
    question : str
        Its id (12 hexadecimal digits).
    answer : Answer
        One of ``ANSWERS[kind]``.
    actor : Actor
        Who decides; with a district, only questions of that district.
    why : str
        Kept in the history.
    values : mapping, optional
        ``lon`` and ``lat`` (WGS84) for ``move``, ``into`` (a venue id) for merging a ``new`` one,
        ``datum`` for accepting a list.

    Raises
    ------
    UnknownNameError, BadQueryError
        No such question, or an answer it does not take.
    RegistryError
        It is settled already, or somebody else's district.
    StaleRegistryError
        The registry changed meanwhile; look again.
    """
    return decide_all(store, area, [question], answer, actor=actor, why=why, values=values)


def decide_all(
    store: Store,
    area: StudyArea,
    asked: Sequence[str],
    answer: str,
    *,
    actor: Actor,
    why: str = "",
    values: Mapping[str, Any] | None = None,
) -> Receipt:
    """Give several questions one answer, as one receipt; see :func:`decide`.

    All are settled or, when one cannot be, none.
    """
    ledger = store.ledger()
    venues = register(ledger)
    by_id = {question_id(q.key): q for q in ledger.questions.values()}
    at = dt.datetime.now(dt.UTC)
    given = dict(values or {})
    now = {q.key for short, q in by_id.items() if short in set(asked)}
    settled: list[Settlement] = []
    replies: list[Reply] = []
    for short in dict.fromkeys(asked):
        q = by_id.get(short)
        if q is None:
            raise UnknownNameError(
                f"没有编号为 {short[:40]} 的问题", f"there is no question {short[:40]!r}",
                param="question",
            )  # fmt: skip
        chosen = _allowed(q, answer)
        _refuse_foreign(actor, q.adcode)
        if not is_open(ledger, venues, q):
            raise RegistryError(
                "此问题已有结论；如需更改请先撤销原决定",
                "this question is settled; undo that decision first",
            )
        replies.append(Reply(q.key, chosen, given))
        if chosen == "ask":
            continue
        if q.kind == "datum":
            waiting = quarantined(ledger, venues, q.evidence["source"])
            settled.append(datum_change(area, ledger, venues, waiting, chosen, given, at.date()))
        else:
            settled.append(settle_answer(area, ledger, venues, q, chosen, given, at.date(), now))
    if not replies:
        raise BadQueryError("没有要作答的问题", "there is nothing to answer", param="question")
    links = [li for s in settled for li in s[1]]
    if len({li.gone for li in links}) < len(links):
        raise BadQueryError(
            "同一场馆不能一次并入两处，请逐条作答",
            "one venue cannot be merged with two at once; answer one by one",
            param="question",
        )
    new = {q.key: q for s in settled for q in s[2] if q.key not in ledger.questions}
    change = Change(
        kind="decision",
        at=at,
        who=actor.who,
        why=why,
        title=f"{answer} × {len(replies)}" if len(replies) > 1 else replies[0].key,
        claims=tuple(c for s in settled for c in s[0]),
        links=tuple(links),
        questions=tuple(new.values()),
        replies=tuple(replies),
    )
    return store.commit(change, ledger.revision)


def _allowed(q: Question, answer: str) -> Answer:
    allowed = ANSWERS[q.kind]
    chosen = next((a for a in allowed if a == answer), None)
    if chosen is None:
        raise BadQueryError(
            f"此问题可答：{'、'.join(allowed)}", f"this question takes: {', '.join(allowed)}",
            param="answer", allowed=allowed,
        )  # fmt: skip
    return chosen


def _refuse_foreign(actor: Actor, *adcodes: str | None) -> None:
    if actor.district is not None and any(a != actor.district for a in adcodes):
        raise RegistryError(
            "只能处理本区的场馆", "you may decide on your own district's venues only"
        )


def split(store: Store, area: StudyArea, venue_id: str, *, actor: Actor, why: str = "") -> Receipt:
    """Part a venue from the one it was merged with; they are never merged by machine again."""
    ledger = store.ledger()
    if venue_id not in ledger.links:
        raise RegistryError(
            f"{venue_id[:40]} 没有与其他场馆合并",
            f"{venue_id[:40]!r} is not merged with another venue",
        )
    other = ledger.links[venue_id]
    links = {g: k for g, k in ledger.links.items() if g != venue_id}
    parted = replace(ledger, links=links)
    me = register(parted, only=[venue_id])[venue_id]
    _refuse_foreign(actor, me.get("adcode"))
    today = dt.datetime.now(dt.UTC)
    key = same_key(venue_id, other)
    asked = [] if key in ledger.questions else [
        Question(key, "same", (venue_id, other), me.get("adcode"), {"reasons": [], "split": True})
    ]  # fmt: skip
    claims, _, more = on_its_own(parted, me, today.date())
    change = Change(
        kind="decision",
        at=today,
        who=actor.who,
        why=why,
        title=f"split: {venue_id}",
        claims=tuple(claims),
        links=(Link(venue_id, None),),
        questions=(*asked, *(m for m in more if m.key not in ledger.questions)),
        replies=(Reply(key, "reject", {}),),
    )
    return store.commit(change, ledger.revision)


def undo(store: Store, number: int, *, actor: Actor, why: str = "") -> Receipt:
    """Take back an import or a decision, unless later ones rest on it.

    Raises
    ------
    RegistryError
        No such receipt, undone already, the area's own venues, or others rest on it (named).
    """
    ledger = store.ledger()
    receipt = next((r for r in ledger.receipts if r.number == number), None)
    if receipt is None or receipt.undone_by is not None or receipt.kind in ("seed", "undo"):
        raise RegistryError(
            f"回执 {number} 不存在、已撤销或不可撤销",
            f"receipt {number} does not exist, is undone already or cannot be undone",
        )
    if actor.district is not None:
        touched = register(ledger, only=touched_by(ledger, number))
        _refuse_foreign(actor, *(v.get("adcode") for v in touched.values()))
    rest = resting_on(ledger, number)
    if rest:
        told = "、".join(str(n) for n in rest[:10])
        raise RegistryError(
            f"请先撤销其后的回执：{told}", f"undo the receipts that rest on it first: {told}"
        )
    change = Change(
        kind="undo",
        at=dt.datetime.now(dt.UTC),
        who=actor.who,
        why=why,
        title=f"undo {number}",
        undoes=number,
    )
    return store.commit(change, ledger.revision)
