"""Which questions are open: nobody answered, and what they ask still makes sense. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from venuenet.registry.model import Ledger, Question, RegisteredVenue
from venuenet.registry.resolve import register, resolve_id


def question_id(key: str) -> str:
    """Return the short name of a question: 12 hexadecimal digits."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]


def open_counts(ledger: Ledger) -> dict[str | None, int]:
    """Count open questions by district."""
    venues = register(ledger)
    counts: dict[str | None, int] = {}
    for q in ledger.questions.values():
        if is_open(ledger, venues, q):
            counts[q.adcode] = counts.get(q.adcode, 0) + 1
    return counts


def is_open(ledger: Ledger, venues: Mapping[str, RegisteredVenue], q: Question) -> bool:
    """Whether a question still waits for an answer, and still makes sense."""
    reply = ledger.replies.get(q.key)
    if reply is not None and reply.answer != "ask":
        return False
    if q.kind == "datum":
        return bool(quarantined(ledger, venues, q.evidence["source"]))
    now = [venues.get(resolve_id(ledger, i)) for i in q.venue_ids]
    if any(v is None for v in now):
        return False
    if q.kind == "same":
        return len({v.venue_id for v in now if v}) == 2 and all(
            v.standing != "rejected" for v in now if v
        )
    return q.kind == "place" or all(v.standing == "pending" for v in now if v)


def quarantined(
    ledger: Ledger, venues: Mapping[str, RegisteredVenue], source: str
) -> list[RegisteredVenue]:
    """Venues of a list that wait for its datum."""
    return [
        v
        for v in venues.values()
        if v.standing == "quarantined"
        and any(c.source == source for c in ledger.claims[v.venue_id])
    ]
