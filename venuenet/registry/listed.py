"""What follows once a quarantined list's datum is known: its rows are settled like any others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

import numpy as np

from venuenet.area import StudyArea
from venuenet.errors import BadQueryError
from venuenet.geocode.cascade import outside_m
from venuenet.registry.claims import claim
from venuenet.registry.decisions import Settlement
from venuenet.registry.model import (
    DATUMS,
    Answer,
    Claim,
    Datum,
    Ledger,
    Link,
    Question,
    Reason,
    RegisteredVenue,
)
from venuenet.registry.resolve import REVIEW
from venuenet.registry.settle import Newcomer, settle, subject_of
from venuenet.sources.datum import to_wgs84


def datum_change(
    area: StudyArea,
    ledger: Ledger,
    venues: Mapping[str, RegisteredVenue],
    waiting: Sequence[RegisteredVenue],
    answer: Answer,
    values: Mapping[str, Any],
    today: dt.date,
) -> Settlement:
    """Settle the quarantined venues of one list.

    Parameters
    ----------
    area, ledger, venues
        The registry and its venues.
    waiting : sequence of RegisteredVenue
        The list's quarantined venues, with the point as listed.
    answer : {"accept", "reject"}
        Accept ``values["datum"]`` as the list's datum, or drop its coordinates.
    today : date
        The day of the decision.
    """
    listed = np.array([_listed_point(ledger, v.venue_id) for v in waiting], dtype=np.float64)
    places: list[dict[str, Any] | None] = [None] * len(waiting)
    far = np.zeros(len(waiting))
    if answer == "accept":
        datum = _named_datum(values)
        lon, lat = to_wgs84(listed[:, 0], listed[:, 1], datum)
        far, _ = outside_m(area, lon, lat, [v.get("adcode") for v in waiting])
        how = "list" if datum in ("WGS84", "CGCS2000") else f"list ({datum} converted)"
        places = [
            {"lon": float(x), "lat": float(y), "precision_m": float(p), "method": how}
            for x, y, p in zip(lon, lat, listed[:, 2], strict=True)
        ]
    newcomers = [
        _newcomer(ledger, v, place, float(away), area.meta.tolerances.venue_m)
        for v, place, away in zip(waiting, places, far, strict=True)
    ]
    settled = settle(newcomers, ledger, venues, lambda _: None)
    claims: list[Claim] = []
    links: list[Link] = []
    questions: list[Question] = []
    for n, place in zip(newcomers, places, strict=True):
        outcome = settled[n.subject.id]
        # Merged ones leave the quarantine too, in the standing of what they were merged with.
        fields: dict[str, Any] = {"standing": outcome.standing or "pending", "memo": n.memo()}
        if n.located:
            fields["point"] = place
        claims.append(claim(n.subject.id, REVIEW, today, fields, "high"))
        links += outcome.links
        questions += outcome.questions
    return claims, links, questions


def _named_datum(values: Mapping[str, Any]) -> Datum:
    named = next((d for d in get_args(Datum) if d == values.get("datum")), None)
    if named is None:
        raise BadQueryError(
            f"请指明坐标基准：{'、'.join(DATUMS)}", f"name the datum: {', '.join(DATUMS)}",
            param="datum", allowed=DATUMS,
        )  # fmt: skip
    found: Datum = named
    return found


def _listed_point(ledger: Ledger, venue_id: str) -> list[float]:
    points = [
        c.fields["listed_point"] for c in ledger.claims[venue_id] if "listed_point" in c.fields
    ]
    found: list[float] = points[-1]
    return found


def _newcomer(
    ledger: Ledger,
    venue: RegisteredVenue,
    place: dict[str, Any] | None,
    metres: float,
    tolerance_m: float,
) -> Newcomer:
    memo = next(
        c.fields["memo"] for c in reversed(ledger.claims[venue.venue_id]) if "memo" in c.fields
    )
    subject = subject_of(venue)
    trusted = bool(memo.get("trusted"))
    if place is None:
        return Newcomer(subject, trusted=trusted)
    if metres <= tolerance_m:
        at = replace(subject, lon=place["lon"], lat=place["lat"], precision_m=place["precision_m"])
        return Newcomer(at, located=True, trusted=trusted)
    doubt = Reason(
        f"坐标在所写的区之外 {metres:,.0f} 米",
        f"the point lies {metres:,.0f} m outside the district named",
    )
    labels = {"label_zh": "清单所给坐标", "label_en": "the list's own point", "usable": False}
    return Newcomer(subject, trusted=trusted, doubt=doubt, candidates=({**place, **labels},))
