"""The register as an area pack reads it: confirmed venues on a day, as text for ``venues.csv``."""

from __future__ import annotations

import csv
import datetime as dt
import io
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from venuenet.area import StudyArea
from venuenet.packformat import META
from venuenet.registry.model import Ledger, RegisteredVenue
from venuenet.registry.resolve import REVIEW, register, status_on

COLUMNS = (
    "venue_id", "name_zh", "name_en", "aliases", "kind", "tier", "level", "adcode", "address_zh",
    "lon", "lat", "method", "precision_m", "status", "same_site_as", "exhibition_m2",
    "visits_per_year", "source", "confidence", "flags", "note",
)  # fmt: skip
BUILDING = "building_m2"
"""A column the pack need not have: written where some venue's building area is known."""


def newest_day(ledger: Ledger) -> dt.date:
    """Return the newest day any live source speaks of."""
    return max(c.stated_on for claims in ledger.claims.values() for c in claims)


def pack_row(venue: RegisteredVenue, as_of: dt.date) -> dict[str, str]:
    """Return a venue as a row of ``venues.csv`` (docs/area-pack.md), every cell text."""
    status, told = status_on(venue, as_of)
    flags = [*(venue.get("flags") or ()), *told]
    point = venue.get("point") or {}
    unlocated = "unlocated"
    if point and unlocated in flags:
        flags.remove(unlocated)
    elif not point and unlocated not in flags:
        flags.append(unlocated)
    if not venue.get("kind"):
        flags.append("kind_unverified")
    if status == "unknown" and "status_unverified" not in flags:
        flags.append("status_unverified")
    plain = {
        name: venue.get(name)
        for name in (
            "name_zh", "name_en", "adcode", "address_zh", "same_site_as", "exhibition_m2",
            "visits_per_year", "source", "note", BUILDING,
        )
    }  # fmt: skip
    row = {
        "venue_id": venue.venue_id,
        **plain,
        "aliases": "|".join(venue.get("aliases") or ()),
        "kind": venue.get("kind") or "other",
        "tier": venue.get("tier") or "-",
        "level": venue.get("level") or "unknown",
        **{name: f"{point[name]:.6f}" if point else "" for name in ("lon", "lat")},
        **{name: point.get(name) for name in ("method", "precision_m")},
        "status": status,
        "confidence": venue.get("confidence") or "medium",
        "flags": "|".join(dict.fromkeys(flags)),
    }
    return {name: _text(row[name]) for name in (*COLUMNS, BUILDING)}


def _text(value: Any) -> str:  # noqa: ANN401  a claim holds any JSON value
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return str(value)


def venues_csv(venues: Iterable[RegisteredVenue], as_of: dt.date) -> str:
    """Return the confirmed venues as the text of ``venues.csv``."""
    rows = [pack_row(v, as_of) for v in venues if v.standing == "confirmed"]
    here = {r["venue_id"] for r in rows}
    for row in rows:
        if row["same_site_as"] not in here:
            row["same_site_as"] = ""
    text = io.StringIO()
    known = any(row[BUILDING] for row in rows)
    columns = (*COLUMNS, BUILDING) if known else COLUMNS
    writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda r: r["venue_id"]))
    return text.getvalue()


def write_pack(
    area: StudyArea, ledger: Ledger, folder: Path, as_of: dt.date | None = None
) -> Mapping[str, RegisteredVenue]:
    """Write the area's pack with the registry's venues in place of its own.

    Parameters
    ----------
    area : StudyArea
        The pack the registry was seeded with.
    ledger : Ledger
        The registry.
    folder : Path
        Where the pack goes; must not exist.
    as_of : date, optional
        The day to describe; the newest any source speaks of by default.

    Returns
    -------
    mapping of id to RegisteredVenue
        All venues as of that day, the unconfirmed ones too.
    """
    day = as_of or newest_day(ledger)
    venues = register(ledger, as_of)
    folder.mkdir(parents=True)
    for path in sorted(p for p in area.root.iterdir() if p.is_file()):
        shutil.copyfile(path, folder / path.name)
    (folder / "venues.csv").write_text(
        venues_csv(venues.values(), day), encoding="utf-8", newline=""
    )
    meta = yaml.safe_load((folder / META).read_text(encoding="utf-8"))
    if meta["as_of"] != day or _own_sources(ledger):
        meta["as_of"] = day
        meta["sources"] += _own_sources(ledger)
        text = yaml.safe_dump(meta, allow_unicode=True, sort_keys=False)
        (folder / META).write_text(text, encoding="utf-8")
    return venues


def _own_sources(ledger: Ledger) -> list[dict[str, Any]]:
    """List the sources that live claims come from, beside the pack's own."""
    used = {c.source: c for claims in ledger.claims.values() for c in claims}
    return [
        {
            "id": f"list:{name}" if name != REVIEW else REVIEW,
            "title": ledger.sources[name].title if name in ledger.sources else "人工核对",
            "title_en": ledger.sources[name].title if name in ledger.sources else "Review",
            "date": used[name].stated_on.isoformat(),
            "licence": (ledger.sources[name].licence if name in ledger.sources else "")
            or "as the list's owner allows",
            "attribution": ledger.sources[name].title if name in ledger.sources else "人工核对",
            "files": ["venues.csv"],
            "derived": "Imported into the registry; every field keeps its source there.",
        }
        for name in sorted(used)
        if not name.startswith("pack:")
    ]
