"""What was ever said of a venue, by whom and when; and the registry's receipts."""

from __future__ import annotations

from typing import Any

from venuenet.errors import UnknownNameError
from venuenet.registry.fields import BY_NAME
from venuenet.registry.model import Ledger, Receipt
from venuenet.registry.resolve import register, resolve_id
from venuenet.store.protocol import Store

HIDDEN = frozenset({"memo", "listed_point"})
"""What an import notes for later decisions; not a statement about the venue."""


def history(store: Store, venue_id: str) -> dict[str, Any]:
    """Tell a venue's fields with their sources, and everything that happened to it.

    Parameters
    ----------
    store : Store
    venue_id : str
        Any id the venue ever had.

    Returns
    -------
    dict
        JSON-ready: ``venue_id`` as asked, ``resolved`` (today's id), ``ids``, ``standing``,
        ``fields`` (name, zh, en, value, source, source_title, stated_on, others) and ``events``
        in order of receipt.

    Raises
    ------
    UnknownNameError
        No venue ever had this id.
    """
    ledger = store.ledger()
    kept = resolve_id(ledger, venue_id)
    venue = register(ledger, only=[venue_id]).get(kept)
    if venue is None:
        raise UnknownNameError(
            f"登记簿中没有 {venue_id[:40]}", f"the registry has no venue {venue_id[:40]!r}",
            param="venue_id",
        )  # fmt: skip
    fields = [
        {
            "name": name,
            "zh": BY_NAME[name].zh,
            "en": BY_NAME[name].en,
            "value": told.value,
            "source": told.source,
            "source_title": _title(ledger, told.source),
            "stated_on": told.stated_on.isoformat(),
            "receipt": told.receipt,
            "others": [
                {
                    "value": value,
                    "source": source,
                    "source_title": _title(ledger, source),
                    "stated_on": day.isoformat(),
                }
                for value, source, day in told.others
            ],
        }
        for name, told in venue.fields.items()
    ]
    return {
        "venue_id": venue_id,
        "resolved": kept,
        "ids": list(venue.ids),
        "standing": venue.standing,
        "fields": fields,
        "events": _events(ledger, venue.ids),
    }


def _title(ledger: Ledger, source: str) -> str:
    found = ledger.sources.get(source)
    return found.title if found else {"review": "人工核对 · review"}.get(source, source)


def _events(ledger: Ledger, ids: tuple[str, ...]) -> list[dict[str, Any]]:
    """Everything live that was said of the ids, receipt by receipt."""
    receipts = {r.number: r for r in ledger.receipts}
    events: list[tuple[int, dict[str, Any]]] = []
    for venue_id in ids:
        for c in ledger.claims[venue_id]:
            said = {k: v for k, v in c.fields.items() if k not in HIDDEN}
            events.append((c.receipt, {"venue_id": venue_id, "source": c.source, "said": said}))
        if venue_id in ledger.links:
            merged = {"venue_id": venue_id, "merged_into": ledger.links[venue_id]}
            events.append((ledger.claims[venue_id][0].receipt, merged))
    for key, reply in ledger.replies.items():
        question = ledger.questions.get(key)
        if question and set(question.venue_ids) & set(ids):
            told = {"asked": question.kind, "venue_ids": list(question.venue_ids)}
            events.append((reply.receipt, {**told, "answer": reply.answer}))
    events.sort(key=lambda e: e[0])
    return [{**_receipt(receipts[number]), **event} for number, event in events]


def _receipt(receipt: Receipt) -> dict[str, Any]:
    return {
        "receipt": receipt.number,
        "kind": receipt.kind,
        "at": receipt.at.isoformat(timespec="seconds"),
        "who": receipt.who,
        "why": receipt.why,
        "title": receipt.title,
    }


def receipts(store: Store) -> list[dict[str, Any]]:
    """List every change of the registry, the newest first."""
    return [
        {**_receipt(r), "counts": dict(r.counts), "undone_by": r.undone_by, "undoes": r.undoes}
        for r in reversed(store.ledger().receipts)
    ]
