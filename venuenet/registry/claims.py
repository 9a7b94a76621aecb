"""From a row of a list to what it claims: ids, keys, fingerprints, field values. Pure."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from venuenet.area import StudyArea
from venuenet.model import Kind
from venuenet.registry.model import Claim, Confidence, VenueRecord
from venuenet.registry.names import normalise

TIERS: Mapping[Kind, str] = {"center_city": "hub", "center_district": "branch", "center_n": "node"}
_DATES = ("opened_on", "closed_on", "valid_until")
_PLAIN = (
    "name_zh", "name_en", "kind", "level", "adcode", "address_zh", "phone", "status",
    "exhibition_m2", "building_m2", "visits_per_year", "open_days", "note",
)  # fmt: skip


def source_id(file: str) -> str:
    """Name a list after its file, so that next year's edition is the same list.

    Dates, version numbers, copy marks and the ending do not count: ``科普基地2025(1).xlsx`` and
    ``科普基地2026-终版.csv`` are both ``科普基地``.
    """
    stem = PurePath(file).stem
    plain = re.sub(
        r"(副本|copy|终版|最终版|final|年|月|日|版)|[\d\s()（）._\-]+", "_", stem, flags=re.I
    )
    return plain.strip("_") or stem


def row_key(record: VenueRecord) -> str:
    """Tell a row from the others of its list, also in its next edition."""
    if record.venue_id:
        return f"id:{record.venue_id}"
    return f"{normalise(record.name_zh) or record.name_zh}|{record.adcode or record.district_text}"


def fingerprint(record: VenueRecord, declared: str = "") -> str:
    """Hash all that a row says; the same row hashes alike whatever its line number.

    ``declared`` is what was declared about the whole list and changes its meaning.
    """
    text = json.dumps([declared, dict(record.raw)], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def new_id(area: StudyArea, source: str, key: str) -> str:
    """Return the id of the venue a row introduces: the same row always introduces the same id."""
    digest = hashlib.sha256(f"{area.meta.id}\n{source}\n{key}".encode()).digest()
    return "R" + base64.b32encode(digest)[:10].decode("ascii")


def fields_of(record: VenueRecord, title: str, confidence: Confidence) -> dict[str, Any]:
    """Return what a row claims, without position and standing."""
    fields = {name: getattr(record, name) for name in _PLAIN}
    fields |= {n: d.isoformat() for n in _DATES if (d := getattr(record, n)) is not None}
    fields["aliases"] = list(record.aliases)
    if record.kind is not None:
        fields["tier"] = TIERS.get(record.kind, "-")
    fields["source"] = title
    fields["confidence"] = record.confidence or confidence
    return {name: value for name, value in fields.items() if value not in (None, "", [])}


def claim(
    venue_id: str,
    source: str,
    stated_on: dt.date,
    fields: Mapping[str, Any],
    confidence: Confidence,
) -> Claim:
    """Make a claim; a closing or opening that is dated speaks from its date."""
    dated = fields.get("closed_on") if fields.get("status") == "closed" else None
    valid_from = dt.date.fromisoformat(dated) if dated else None
    return Claim(venue_id, source, stated_on, dict(fields), confidence, valid_from)


def seed_fields(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a row of an area pack's ``venues.csv`` claims."""
    fields = {
        name: row[name]
        for name in (
            "name_zh", "name_en", "kind", "tier", "level", "adcode", "address_zh", "status",
            "same_site_as", "source", "confidence", "note",
        )
    }  # fmt: skip
    fields |= {name: [t for t in row[name].split("|") if t] for name in ("aliases", "flags")}
    for name in ("exhibition_m2", "visits_per_year"):
        fields[name] = None if row[name] != row[name] else row[name]  # NaN is unknown
    if row["lon"] == row["lon"]:  # NaN is no position
        fields["point"] = {
            "lon": row["lon"], "lat": row["lat"],
            "precision_m": row["precision_m"], "method": row["method"],
        }  # fmt: skip
    fields["standing"] = "confirmed"
    return {name: value for name, value in fields.items() if value not in (None, "", [])}
