"""What a receipt introduced, and which later receipts rest on it. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from venuenet.registry.model import Ledger


def touched_by(ledger: Ledger, number: int) -> set[str]:
    """Ids of the venues a receipt speaks of."""
    return {i for i, claims in ledger.claims.items() if any(c.receipt == number for c in claims)}


def resting_on(ledger: Ledger, number: int) -> list[int]:
    """Later receipts that speak of venues, or answer questions, that this one introduced."""
    born = {i for i, claims in ledger.claims.items() if claims[0].receipt == number}
    asked = {k for k, q in ledger.questions.items() if q.receipt == number}
    later = {c.receipt for i in born for c in ledger.claims[i]}
    later |= {r.receipt for k, r in ledger.replies.items() if k in asked}
    later |= _linked_later(ledger, born)
    return sorted(n for n in later if n > number)


def _linked_later(ledger: Ledger, born: Iterable[str]) -> set[int]:
    """Receipts that linked other venues to venues of ``born``."""
    ids = set(born)
    return {
        ledger.claims[gone][0].receipt
        for gone, kept in ledger.links.items()
        if kept in ids and gone not in ids and gone in ledger.claims
    }
