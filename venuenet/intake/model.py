"""What an import is told, what it gathers while it is worked out, and what it answers."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from venuenet.errors import Fault
from venuenet.registry.claims import claim, fields_of
from venuenet.registry.model import (
    Claim,
    Confidence,
    Datum,
    Link,
    Outcome,
    Question,
    Reason,
    Receipt,
    Row,
    SourceInfo,
    VenueRecord,
)
from venuenet.sources.datum import DatumVerdict

LIST_PRECISION_M = 100.0
"""What a list's own coordinates are taken to be good for, where it does not say."""


@dataclass(frozen=True)
class Options:
    """What whoever imports says about the lists.

    Attributes
    ----------
    source : str, optional
        Name of the list; by default each file's name without dates (:func:`claims.source_id`).
    stated_on : date, optional
        The day the list speaks of; today by default.
    datum : Datum, optional
        What its coordinates are said to be; tested all the same.
    confidence : Confidence
        ``high``: its maintainers answer for every row; new venues need no confirmation.
    licence : str
        Printed with the source.
    mapping : mapping, optional
        Header → field, where recognition goes wrong; remembered for the list's next editions.
    """

    source: str | None = None
    stated_on: dt.date | None = None
    datum: Datum | None = None
    confidence: Confidence = "medium"
    licence: str = ""
    mapping: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Result:
    """What an import did or, where ``receipt`` is None, would do.

    Attributes
    ----------
    rows : tuple of Row
        Every row of every list, with its outcome and reason.
    faults : tuple of Fault
        Cells that could not be read, and why rows were turned down.
    verdicts : mapping of file to DatumVerdict
        For lists with coordinates.
    columns : mapping of file to (header → field)
    missing : tuple of (row key, venue id)
        Rows of the last edition of a list that this one no longer has; nothing is done about them.
    """

    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]
    questions: tuple[Question, ...]
    verdicts: Mapping[str, DatumVerdict]
    columns: Mapping[str, Mapping[str, str]]
    missing: tuple[tuple[str, str], ...]
    receipt: Receipt | None = None

    @property
    def counts(self) -> dict[str, int]:
        """Rows by outcome."""
        return dict(Counter(r.outcome for r in self.rows))


@dataclass(frozen=True)
class Fresh:
    """A row that says something new; ``lon, lat`` WGS84 once the list's datum is settled.

    ``doubt`` says why its point must be looked at before it is used.
    """

    record: VenueRecord
    source: SourceInfo
    key: str
    venue_id: str
    fingerprint: str
    confidence: Confidence
    lon: float | None = None
    lat: float | None = None
    method: str = ""
    doubt: Reason | None = None

    def fields(self) -> dict[str, Any]:
        """Return what the row claims, without position and standing."""
        return fields_of(self.record, self.source.title, self.confidence)

    def claim(self, fields: Mapping[str, Any]) -> Claim:
        """Make the row's claim."""
        return claim(self.venue_id, self.source.id, self.source.date, fields, self.confidence)

    def row(self, outcome: Outcome, venue_id: str | None, why: Reason) -> Row:
        """Account for the row."""
        r = self.record
        return Row(self.source.id, self.key, self.fingerprint, r.ref, outcome, venue_id, why, r.raw)

    def point(self) -> dict[str, Any]:
        """Return the row's own position as the value of the field ``point``."""
        precision_m = self.record.precision_m or LIST_PRECISION_M
        return {
            "lon": self.lon, "lat": self.lat, "precision_m": precision_m, "method": self.method,
        }  # fmt: skip


@dataclass
class Plan:
    """What an import gathers while it is worked out."""

    claims: list[Claim] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    sources: dict[str, SourceInfo] = field(default_factory=dict)
    verdicts: dict[str, DatumVerdict] = field(default_factory=dict)
    missing: list[tuple[str, str]] = field(default_factory=list)
