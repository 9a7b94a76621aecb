"""The types of the registry: rows of lists, claims, links, questions, receipts. No behaviour.

The registry is a ledger. Nothing in it is ever overwritten: an import, a decision and an undo
each append one *receipt* and what belongs to it, in one transaction. A venue is what the live
claims about it add up to; an undone receipt's claims are no longer live.

Points of lists are in the list's own datum until it is known; everything else is WGS84 degrees,
longitude first. Lengths are metres, floor areas square metres.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from venuenet.errors import Fault
from venuenet.model import Kind, Status

Datum = Literal["WGS84", "CGCS2000", "GCJ-02", "BD-09"]
DATUMS: tuple[Datum, ...] = get_args(Datum)

Outcome = Literal["added", "changed", "unchanged", "merged", "queued", "quarantined", "rejected"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

Standing = Literal["confirmed", "pending", "quarantined", "rejected"]
"""Only ``confirmed`` venues reach coverage."""

QuestionKind = Literal["same", "new", "place", "datum"]
Answer = Literal["accept", "reject", "move", "merge", "ask", "split"]
ANSWERS: Mapping[QuestionKind, tuple[Answer, ...]] = {
    "same": ("merge", "reject", "ask"),
    "new": ("accept", "reject", "move", "merge", "ask"),
    "place": ("accept", "move", "reject", "ask"),
    "datum": ("accept", "reject", "ask"),
}
"""What each kind of question may be answered with.

same: two venues are one (merge) or two (reject). new: nobody confirmed this venue; accept it as it
stands, move gives its pin and accepts it, merge names the venue it really is, reject keeps it out
for ever. place: its position is doubtful; reject drops the position, not the venue. datum: a whole
list; accept names its datum, reject drops its coordinates. ask: the district is asked; stays open.
"""

Confidence = Literal["high", "medium", "low"]
ReceiptKind = Literal["seed", "import", "decision", "undo"]


@dataclass(frozen=True, slots=True)
class RowRef:
    """Where a row stands: file name, sheet (None where a file has none), row as shown, from 1."""

    file: str
    sheet: str | None
    row: int

    def where(self) -> str:
        """Return the file, with its sheet in brackets: what ``Fault.file`` holds."""
        return self.file if self.sheet is None else f"{self.file}[{self.sheet}]"


@dataclass(frozen=True, slots=True)
class VenueRecord:
    """One row of a list, understood; None and "" where the list says nothing.

    ``lon, lat`` are degrees in the list's own datum. ``adcode`` only where the list gives a
    district that exists. ``raw`` holds every cell by its header as written, unknown columns too.
    """

    ref: RowRef
    name_zh: str
    name_en: str = ""
    venue_id: str | None = None
    aliases: tuple[str, ...] = ()
    kind: Kind | None = None
    kind_text: str = ""
    level: str | None = None
    adcode: str | None = None
    district_text: str = ""
    address_zh: str = ""
    phone: str = ""
    lon: float | None = None
    lat: float | None = None
    precision_m: float | None = None
    status: Status | None = None
    opened_on: dt.date | None = None
    closed_on: dt.date | None = None
    valid_until: dt.date | None = None
    exhibition_m2: float | None = None
    building_m2: float | None = None
    visits_per_year: float | None = None
    open_days: float | None = None
    confidence: Confidence | None = None
    note: str = ""
    raw: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SourceList:
    """One file, read: its understood rows, and all that was wrong with it.

    Attributes
    ----------
    file : str
        Name without folder.
    sha256 : str
        Of the file's bytes.
    records : tuple of VenueRecord
        Rows that can be used, in file order.
    rejected : tuple of (RowRef, raw, Fault)
        Rows that cannot (no name, not a venue ...); accounted for, never silently dropped.
    faults : tuple of Fault
        Cells that could not be read and count as unknown; the row itself is kept.
    columns : mapping of str to str
        Header as written → field of VenueRecord it was taken for; unknown columns are absent.
    datum : Datum, optional
        Where the file itself declares it (a GeoPackage's CRS, a column called 经度(WGS84)).
    """

    file: str
    sha256: str
    records: tuple[VenueRecord, ...]
    rejected: tuple[tuple[RowRef, Mapping[str, str], Fault], ...]
    faults: tuple[Fault, ...]
    columns: Mapping[str, str]
    datum: Datum | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """What is compared when two records might be one venue; WGS84 degrees."""

    id: str
    names: tuple[str, ...]
    adcode: str | None = None
    address: str = ""
    phone: str = ""
    lon: float | None = None
    lat: float | None = None
    precision_m: float | None = None
    kind: Kind | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """One piece of evidence, worded for people."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two subjects that may be one venue: how sure (0-1), what to do, and why."""

    a: str
    b: str
    score: float
    verdict: Literal["merge", "ask", "apart"]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """What one source says of one venue.

    ``fields`` are JSON values by field name (see ``venuenet/registry/fields.py``). ``valid_from``
    dates what it says in the world (None: unknown), ``stated_on`` is the day the source said it.
    """

    venue_id: str
    source: str
    stated_on: dt.date
    fields: Mapping[str, Any]
    confidence: Confidence = "medium"
    valid_from: dt.date | None = None
    receipt: int = 0


@dataclass(frozen=True, slots=True)
class Link:
    """``gone`` is the same venue as ``kept`` from this receipt on; kept None parts them again."""

    gone: str
    kept: str | None
    receipt: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """Something only people can settle; ``key`` is the same whenever the same thing is asked."""

    key: str
    kind: QuestionKind
    venue_ids: tuple[str, ...]
    adcode: str | None
    evidence: Mapping[str, Any]
    receipt: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer to a question: what, with which values (a pin, a datum, a venue id)."""

    key: str
    answer: Answer
    values: Mapping[str, Any]
    receipt: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one row of an imported list."""

    source: str
    key: str
    fingerprint: str
    ref: RowRef
    outcome: Outcome
    venue_id: str | None
    reason: Reason
    raw: Mapping[str, str]
    receipt: int = 0


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """A list that claims come from: printed as the source of what it says."""

    id: str
    title: str
    date: dt.date
    licence: str = ""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes the registry; with ``district`` (an adcode) only that district's venues."""

    who: str
    district: str | None = None


@dataclass(frozen=True)
class Receipt:
    """One change of the registry: who, when, why, and how many rows it touched."""

    number: int
    kind: ReceiptKind
    at: dt.datetime
    who: str
    why: str
    title: str
    files: Mapping[str, str]
    counts: Mapping[str, int]
    undoes: int | None = None
    undone_by: int | None = None


@dataclass(frozen=True)
class Change:
    """All that one receipt appends; the store writes it in one transaction or not at all."""

    kind: ReceiptKind
    at: dt.datetime
    who: str
    why: str
    title: str
    files: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[SourceInfo, ...] = ()
    claims: tuple[Claim, ...] = ()
    links: tuple[Link, ...] = ()
    questions: tuple[Question, ...] = ()
    replies: tuple[Reply, ...] = ()
    rows: tuple[Row, ...] = ()
    undoes: int | None = None
    mappings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Ledger:
    """The live part of the registry, read at one revision; undone receipts' entries are absent.

    Attributes
    ----------
    revision : int
        Number of the last receipt, 0 for an empty registry; a commit names the revision it was
        planned on and is refused when another came between.
    receipts : tuple of Receipt
        All of them, undone ones too, in order.
    claims : mapping of venue id to tuple of Claim
        In order of receipt.
    links : mapping of gone to kept
        The last live link of each id; parted ones are absent.
    questions : mapping of key to Question
    replies : mapping of key to Reply
        The last live reply of each question.
    rows : mapping of (source, row key) to (fingerprint, venue id or None)
        The last live row of each key.
    sources : mapping of id to SourceInfo
    mappings : mapping of source id to (header → field)
        Columns somebody mapped by hand, remembered per list; these survive an undo.
    """

    revision: int
    receipts: tuple[Receipt, ...]
    claims: Mapping[str, tuple[Claim, ...]]
    links: Mapping[str, str]
    questions: Mapping[str, Question]
    replies: Mapping[str, Reply]
    rows: Mapping[tuple[str, str], tuple[str, str | None]]
    sources: Mapping[str, SourceInfo]
    mappings: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class FieldValue:
    """A field's value with where it comes from; ``others`` holds what other sources say."""

    value: Any
    source: str
    stated_on: dt.date
    receipt: int
    others: tuple[tuple[Any, str, dt.date], ...] = ()


@dataclass(frozen=True)
class RegisteredVenue:
    """What the live claims about a venue add up to, on a day.

    ``ids`` are all ids that mean this venue, its own first. ``fields`` maps the names of
    ``venuenet/registry/fields.py`` to values with their sources.
    """

    venue_id: str
    ids: tuple[str, ...]
    standing: Standing
    fields: Mapping[str, FieldValue]

    def get(self, name: str) -> Any:  # noqa: ANN401  a claim holds any JSON value
        """Return a field's value, None where no claim has one."""
        found = self.fields.get(name)
        return None if found is None else found.value
