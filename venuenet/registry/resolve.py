"""What the live claims about a venue add up to, on any day. Pure: a ledger in, venues out."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from venuenet.registry.fields import FIELDS, Field
from venuenet.registry.model import Claim, FieldValue, Ledger, RegisteredVenue, Standing

REVIEW = "review"
"""The source of what people decided; it stands above every list."""

_SURENESS = {"high": 3, "medium": 2, "low": 1}
_DECIDED = 4


def resolve_id(ledger: Ledger, venue_id: str) -> str:
    """Return the id that a venue has today; merged ids resolve for ever, unknown ones to self."""
    while venue_id in ledger.links:
        venue_id = ledger.links[venue_id]
    return venue_id


def register(
    ledger: Ledger, as_of: dt.date | None = None, only: Iterable[str] | None = None
) -> dict[str, RegisteredVenue]:
    """Add up the claims of every venue.

    Parameters
    ----------
    ledger : Ledger
        The live part of the registry.
    as_of : date, optional
        The day in the world to describe; None is the newest state known. Corrections of what a
        venue is (its name, its position) hold for every day; what changes with time (status,
        validity, figures) is taken as the sources stated it up to that day.
    only : iterable of str, optional
        Ids to describe, merged or not; all by default.

    Returns
    -------
    dict of str to RegisteredVenue
        By the id kept, ascending.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    wanted = None if only is None else {resolve_id(ledger, i) for i in only}
    for venue_id in ledger.claims:
        kept = resolve_id(ledger, venue_id)
        if wanted is None or kept in wanted:
            groups[kept].append(venue_id)
    return {kept: _add_up(ledger, kept, groups[kept], as_of) for kept in sorted(groups)}


def _add_up(
    ledger: Ledger, kept: str, ids: Sequence[str], as_of: dt.date | None
) -> RegisteredVenue:
    ordered = sorted(ids, key=lambda i: (i != kept, i))
    claims = [c for i in ordered for c in ledger.claims[i]]
    stated: dict[str, list[Claim]] = {f.name: [] for f in FIELDS}
    for claim in claims:
        for name, value in claim.fields.items():
            if name in stated and value not in (None, "", []):
                stated[name].append(claim)
    fields = {f.name: _choose(f, stated[f.name], kept, as_of) for f in FIELDS if stated[f.name]}
    _remember_names(fields, claims)
    # A venue's own standing, not that of what was merged into it; a decision outlives new lists.
    standing: Standing = "pending"
    told = [c for c in claims if c.fields.get("standing")]
    if told:
        best = max(told, key=lambda c: (c.venue_id == kept, c.source == REVIEW, c.receipt))
        standing = best.fields["standing"]
    return RegisteredVenue(kept, tuple(ordered), standing, fields)


def _choose(field: Field, stated: list[Claim], kept: str, as_of: dt.date | None) -> FieldValue:
    """Pick the claim a field is taken from, and keep what the others say.

    A source speaks once, with its newest edition; then rank, then the field's own rule.
    """
    name = field.name
    if len(stated) == 1:
        only = stated[0]
        return FieldValue(only.fields[name], only.source, only.stated_on, only.receipt)
    if as_of is not None:
        told = [c for c in stated if _speaks_from(c, field) <= as_of]
        stated = told or [min(stated, key=lambda c: (_speaks_from(c, field), c.receipt))]
    latest: dict[tuple[str, str], Claim] = {}
    for claim in stated:
        latest[claim.venue_id, claim.source] = claim
    voices = list(latest.values())
    if field.rule == "union":
        values = dict.fromkeys(v for c in voices for v in c.fields[name])
        first = voices[0]
        return FieldValue(list(values), first.source, first.stated_on, first.receipt)
    best = max(voices, key=lambda c: _merit(field, c, kept))
    others = tuple(
        (c.fields[name], c.source, c.stated_on)
        for c in voices
        if c is not best and c.fields[name] != best.fields[name]
    )
    return FieldValue(best.fields[name], best.source, best.stated_on, best.receipt, others)


def _speaks_from(claim: Claim, field: Field) -> dt.date:
    """Day from which a claim describes the world: a correction always did, a state since told."""
    if claim.valid_from is not None:
        return claim.valid_from
    return claim.stated_on if field.rule == "newest" else dt.date.min


def _merit(field: Field, claim: Claim, kept: str) -> tuple[float, ...]:
    """Order of precedence of a claim for a field; higher wins.

    The first stays: own before merged, then the earlier receipt. The newest wins unless it is
    unsure (a scraped list must not close a venue). The finest position wins among the same.
    """
    decided = claim.source == REVIEW
    rank = _DECIDED if decided else _SURENESS[claim.confidence]
    own, early = float(claim.venue_id == kept), -float(claim.receipt)
    if field.rule == "newest":
        # A decision dates from its day like any statement; on the same day it stands above.
        return (float(rank > 1), claim.stated_on.toordinal(), rank, own, -early)
    if field.rule == "finest":
        fine = -float(claim.fields[field.name]["precision_m"])
        return (float(decided), -early if decided else 0.0, float(rank > 1), fine, own, early)
    return (rank, -early if decided else 0.0, own, early)


def _remember_names(fields: dict[str, FieldValue], claims: Sequence[Claim]) -> None:
    """Every name a venue was ever given stays one of its names."""
    if "name_zh" not in fields:
        return
    chosen = fields["name_zh"]
    told = fields.get("aliases")
    names = list(told.value) if told else []
    names += [c.fields["name_zh"] for c in claims if c.fields.get("name_zh")]
    names = [n for n in dict.fromkeys(names) if n != chosen.value]
    if names:
        by = told or chosen
        fields["aliases"] = FieldValue(names, by.source, by.stated_on, by.receipt)


def day(value: Any) -> dt.date | None:  # noqa: ANN401  a claim holds any JSON value
    """Read a date field's JSON value."""
    return dt.date.fromisoformat(value) if value else None


def status_on(venue: RegisteredVenue, as_of: dt.date) -> tuple[str, tuple[str, ...]]:
    """Return a venue's status on a day, and the flags that go with it.

    Dates outweigh the word: not yet opened is ``planned``, closed since is ``closed``. A base
    whose term (有效期) is over has ``lapsed``; a museum that also held the title stays open and is
    flagged ``validity_lapsed``.
    """
    status = venue.get("status") or "unknown"
    opened, closed = day(venue.get("opened_on")), day(venue.get("closed_on"))
    ends = day(venue.get("valid_until"))
    if opened is not None and opened > as_of:
        return "planned", ()
    if closed is not None:
        if closed <= as_of:
            return "closed", ()
        if status == "closed":
            status = "open"
    if ends is not None and ends < as_of and status in ("open", "unknown"):
        return ("lapsed", ()) if venue.get("kind") == "base" else (status, ("validity_lapsed",))
    return status, ()


def counts(venues: Mapping[str, RegisteredVenue]) -> dict[str, int]:
    """Count venues by standing."""
    found: dict[str, int] = defaultdict(int)
    for venue in venues.values():
        found[venue.standing] += 1
    return dict(found)
