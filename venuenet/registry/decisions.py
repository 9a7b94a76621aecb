"""What an answer about one or two venues changes. Pure: the registry in, claims and links out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from venuenet.area import StudyArea
from venuenet.errors import BadQueryError
from venuenet.geocode.cascade import check_point
from venuenet.registry.claims import claim
from venuenet.registry.model import (
    Answer,
    Claim,
    Ledger,
    Link,
    Question,
    Reason,
    RegisteredVenue,
)
from venuenet.registry.questions import is_open
from venuenet.registry.resolve import REVIEW, resolve_id
from venuenet.registry.settle import Newcomer, alone, subject_of

Settlement = tuple[list[Claim], list[Link], list[Question]]
"""What an answer appends."""

PIN_M = 50.0
"""What a pin set by hand is taken to be good for."""


def _say(venue_id: str, today: dt.date, fields: Mapping[str, Any]) -> Claim:
    return claim(venue_id, REVIEW, today, fields, "high")


def settle_answer(
    area: StudyArea,
    ledger: Ledger,
    venues: Mapping[str, RegisteredVenue],
    q: Question,
    answer: Answer,
    values: Mapping[str, Any],
    today: dt.date,
    now: Collection[str],
) -> Settlement:
    """Work out what an answer about one or two venues changes.

    ``now`` are the keys of all questions answered with it: they no longer wait.
    """
    me = venues[resolve_id(ledger, q.venue_ids[0])]
    if q.kind == "same":
        other = venues[resolve_id(ledger, q.venue_ids[1])]
        if answer == "merge":
            return [], [_merge(ledger, me, other)], []
        return _apart(ledger, venues, me, today, now)
    if answer == "merge":
        into = venues.get(resolve_id(ledger, str(values.get("into", ""))))
        if into is None or into.venue_id == me.venue_id:
            raise BadQueryError(
                "请用 into 给出要并入的场馆编号", "give the id of the venue to merge with as into",
                param="into",
            )  # fmt: skip
        return [], [Link(me.venue_id, into.venue_id)], []
    fields: dict[str, Any] = {}
    if answer == "move":
        fields = {"point": _pin(area, values, me), "standing": "confirmed"}
    elif q.kind == "new":
        fields = {"standing": "confirmed" if answer == "accept" else "rejected"}
        if answer == "accept":
            fields |= _best(area, me, q, only_usable=True)
    else:
        fields = {"standing": "confirmed"}
        if answer == "accept":
            fields |= _best(area, me, q, only_usable=False)
    return [_say(me.venue_id, today, fields)], [], []


def _merge(ledger: Ledger, a: RegisteredVenue, b: RegisteredVenue) -> Link:
    """Link the newer of two venues to the one known longer, a confirmed one first."""

    def seniority(v: RegisteredVenue) -> tuple[bool, int, str]:
        return v.standing != "confirmed", ledger.claims[v.venue_id][0].receipt, v.venue_id

    kept, gone = sorted((a, b), key=seniority)
    return Link(gone.venue_id, kept.venue_id)


def _apart(
    ledger: Ledger,
    venues: Mapping[str, RegisteredVenue],
    me: RegisteredVenue,
    today: dt.date,
    now: Collection[str],
) -> Settlement:
    """Two venues are two; the newer one, when nothing else is asked of it, is settled alone."""
    waits = any(
        o.key not in now and me.venue_id in {resolve_id(ledger, i) for i in o.venue_ids}
        and is_open(ledger, venues, o)
        for o in ledger.questions.values()
    )  # fmt: skip
    if waits or me.standing != "pending":
        return [], [], []
    return on_its_own(ledger, me, today)


def on_its_own(ledger: Ledger, me: RegisteredVenue, today: dt.date) -> Settlement:
    """Settle a venue that is nobody's twin as its import would have: confirmed, or asked about."""
    memo = memo_of(ledger, me.venue_id)
    newcomer = Newcomer(
        subject_of(me),
        located=memo.get("located", me.get("point") is not None),
        trusted=memo.get("trusted", False),
        doubt=Reason(**memo["doubt"]) if memo.get("doubt") else None,
        candidates=tuple(memo.get("candidates", ())),
    )
    standing, question, _ = alone(newcomer, None)
    claims = [_say(me.venue_id, today, {"standing": standing})] if standing != "pending" else []
    return claims, [], [question] if question else []


def memo_of(ledger: Ledger, venue_id: str) -> dict[str, Any]:
    """Return what the import noted about a newcomer."""
    memos = [c.fields["memo"] for c in ledger.claims.get(venue_id, ()) if "memo" in c.fields]
    return dict(memos[-1]) if memos else {}


def _pin(area: StudyArea, values: Mapping[str, Any], me: RegisteredVenue) -> dict[str, Any]:
    try:
        lon, lat = float(values["lon"]), float(values["lat"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadQueryError(
            "移动位置需要 lon 与 lat（WGS84 度）",
            "moving the pin takes lon and lat, WGS84 degrees",
            param="lon",
        ) from error
    metres, holder = check_point(area, lon, lat, me.get("adcode"))
    if not metres <= area.meta.tolerances.venue_m:
        names = area.districts.set_index("adcode")[["name_zh", "name_en"]]
        zh, en = names.loc[holder] if holder else ("市外", "outside the city")
        raise BadQueryError(
            f"该点不在所属区内（{zh}）", f"the pin is not in its district ({en})", param="lon"
        )
    return {"lon": lon, "lat": lat, "precision_m": PIN_M, "method": "review"}


def _best(
    area: StudyArea, me: RegisteredVenue, q: Question, *, only_usable: bool
) -> dict[str, Any]:
    """Return the position shown with the question, as fields; its district wins with it.

    Accepting a list's point outside the district the list names means that the district is wrong.
    """
    shown = [c for c in q.evidence.get("candidates", ()) if c.get("usable") or not only_usable]
    if not shown or (only_usable and me.get("point")):
        return {}
    best = min(shown, key=lambda c: c["precision_m"])
    metres, holder = check_point(area, best["lon"], best["lat"], me.get("adcode"))
    point = {
        "lon": best["lon"],
        "lat": best["lat"],
        "precision_m": best["precision_m"],
        "method": best.get("method", REVIEW),
    }
    if metres <= area.meta.tolerances.venue_m:
        return {"point": point}
    if holder is None:
        raise BadQueryError(
            "该点不在本市范围内，不能采用；可移动位置或退回",
            "the point lies outside the city: move it or reject it",
            param="answer",
        )
    return {"point": point, "adcode": holder}
