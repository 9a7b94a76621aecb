"""A question as people see it: the venues side by side, why it is asked, what may be answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

from venuenet.registry.model import (
    ANSWERS,
    Ledger,
    Question,
    Receipt,
    RegisteredVenue,
    Row,
)
from venuenet.registry.resolve import resolve_id

TITLES: Mapping[str, tuple[str, str]] = {
    "same": ("是否同一场馆？", "One venue or two?"),
    "new": ("是否确有此场馆？", "Does this venue exist?"),
    "place": ("位置是否正确？", "Is the position right?"),
    "datum": ("这份清单用的是哪种坐标？", "Which datum is this list in?"),
}


class Card(TypedDict):
    """One venue, as a card; WGS84 degrees, metres."""

    venue_id: str
    name_zh: str | None
    name_en: str | None
    aliases: list[str]
    kind: str | None
    adcode: str | None
    district_zh: str | None
    address_zh: str | None
    phone: str | None
    status: str | None
    lon: float | None
    lat: float | None
    precision_m: float | None
    standing: str
    source: str | None
    stated_on: str | None
    row: dict[str, Any] | None


class QuestionView(TypedDict):
    """One question; ``state`` is open, asked (the district was) or answered."""

    id: str
    key: str
    kind: str
    title_zh: str
    title_en: str
    adcode: str | None
    district_zh: str | None
    venues: list[Card]
    reasons: list[dict[str, str]]
    score: float | None
    candidates: list[dict[str, Any]]
    answers: list[str]
    state: str
    reply: dict[str, Any] | None
    receipt: int
    list_title: str


@dataclass(frozen=True)
class Waiting:
    """What a question is shown with."""

    ledger: Ledger
    venues: Mapping[str, RegisteredVenue]
    receipts: Mapping[int, Receipt]
    rows: Mapping[str, Row]
    names: Mapping[str, str]


def card(waiting: Waiting, venue: RegisteredVenue, listed_id: str | None = None) -> Card:
    """Show a venue; ``listed_id`` is the id its row was imported under."""
    point = venue.get("point") or {}
    name = venue.fields.get("name_zh")
    row = waiting.rows.get(listed_id or venue.venue_id)
    source = waiting.ledger.sources.get(name.source) if name else None
    return Card(
        venue_id=venue.venue_id,
        name_zh=venue.get("name_zh"),
        name_en=venue.get("name_en"),
        aliases=list(venue.get("aliases") or ()),
        kind=venue.get("kind"),
        adcode=venue.get("adcode"),
        district_zh=waiting.names.get(venue.get("adcode") or ""),
        address_zh=venue.get("address_zh"),
        phone=venue.get("phone"),
        status=venue.get("status"),
        lon=point.get("lon"),
        lat=point.get("lat"),
        precision_m=point.get("precision_m"),
        standing=venue.standing,
        source=source.title if source else None,
        stated_on=name.stated_on.isoformat() if name else None,
        row=None
        if row is None
        else {
            "file": row.ref.file,
            "sheet": row.ref.sheet,
            "row": row.ref.row,
            "raw": dict(row.raw),
        },
    )


def view(waiting: Waiting, q: Question, short: str, *, is_open: bool) -> QuestionView | None:
    """Show a question; None for one that was settled another way and never answered."""
    ledger = waiting.ledger
    reply = ledger.replies.get(q.key)
    if reply is None and not is_open:
        return None
    answered = reply is not None and reply.answer != "ask"
    if not answered and not is_open:
        return None
    told = waiting.receipts.get(reply.receipt) if reply else None
    shown = []
    for venue_id in q.venue_ids:
        venue = waiting.venues.get(resolve_id(ledger, venue_id))
        if venue is not None:
            shown.append(card(waiting, venue, venue_id))
    asked_by = waiting.receipts.get(q.receipt)
    zh, en = TITLES[q.kind]
    return QuestionView(
        id=short,
        key=q.key,
        kind=q.kind,
        title_zh=zh,
        title_en=en,
        adcode=q.adcode,
        district_zh=waiting.names.get(q.adcode or ""),
        venues=shown,
        reasons=list(q.evidence.get("reasons", ())),
        score=q.evidence.get("score"),
        candidates=list(q.evidence.get("candidates", ())),
        answers=list(ANSWERS[q.kind]),
        state="answered" if answered else "asked" if reply else "open",
        reply=None
        if reply is None
        else {
            "answer": reply.answer,
            "values": dict(reply.values),
            "who": told.who if told else "",
            "at": told.at.isoformat(timespec="seconds") if told else "",
            "why": told.why if told else "",
            "receipt": reply.receipt,
        },
        receipt=q.receipt,
        list_title=asked_by.title if asked_by else "",
    )
