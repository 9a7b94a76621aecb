"""The shapes of the review: what is asked, what may be answered, what became of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from venuenet.registry.model import Answer, Datum, QuestionKind, Standing

ReviewState = Literal["open", "asked", "answered"]
Who = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Why = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]
VenueId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class _Given(BaseModel):
    """What somebody sends; a misspelt field must not be ignored in silence."""

    model_config = ConfigDict(extra="forbid", strict=True)


class DecisionValues(_Given):
    """What an answer needs beside its name: a pin, the venue it is, a datum."""

    lon: Annotated[float | None, Field(ge=-180, le=180, description="move: WGS84 degrees")] = None
    lat: Annotated[float | None, Field(ge=-90, le=90, description="move: WGS84 degrees")] = None
    into: Annotated[VenueId | None, Field(description="merge: the venue it really is")] = None
    datum: Annotated[Datum | None, Field(description="accept: the datum of the list")] = None


class Decision(_Given):
    """POST /review/questions/{question_id}."""

    answer: Answer
    who: Who
    why: Why = ""
    values: DecisionValues = DecisionValues()


class Parting(_Given):
    """POST /review/split."""

    venue_id: VenueId
    who: Who
    why: Why = ""


class Undoing(_Given):
    """POST /review/undo."""

    receipt: Annotated[int, Field(ge=1, le=2**31 - 1)]
    who: Who
    why: Why = ""


class ReasonShape(BaseModel):
    """One piece of evidence."""

    zh: str
    en: str


class ListRow(BaseModel):
    """The row of the list a card comes from, every cell as written."""

    file: str
    sheet: str | None
    row: int
    raw: dict[str, Any]


class CardShape(BaseModel):
    """One venue as the registry knows it; WGS84 degrees, metres."""

    venue_id: str
    name_zh: str | None
    name_en: str | None
    aliases: list[str]
    kind: str | None
    adcode: str | None
    district_zh: str | None
    address_zh: str | None
    phone: str | None
    status: str | None
    lon: float | None
    lat: float | None
    precision_m: float | None
    standing: Standing
    source: str | None
    stated_on: str | None
    row: ListRow | None


class CandidateShape(BaseModel):
    """A position a venue may have; WGS84 degrees, metres."""

    lon: float
    lat: float
    precision_m: float | None
    label_zh: str
    label_en: str
    usable: Annotated[bool, Field(description="may be taken over unseen")] = False


class ReplyShape(BaseModel):
    """How a question was answered, by whom."""

    answer: Answer
    values: dict[str, Any]
    who: str
    at: str
    why: str
    receipt: int


class QuestionItem(BaseModel):
    """One thing only people can settle."""

    id: str
    key: str
    kind: QuestionKind
    title_zh: str
    title_en: str
    adcode: str | None
    district_zh: str | None
    venues: list[CardShape]
    reasons: list[ReasonShape]
    score: float | None
    candidates: list[CandidateShape]
    answers: list[Answer]
    state: ReviewState
    reply: ReplyShape | None
    receipt: Annotated[int, Field(description="of the import that asks")]
    list_title: str
    merged_id: Annotated[str | None, Field(description="what POST /review/split would part")]


class Counts(BaseModel):
    """Questions by state, whatever was filtered."""

    open: int
    asked: int
    answered: int


class QuestionsAnswer(BaseModel):
    """GET /review/questions."""

    revision: int
    items: list[QuestionItem]
    counts: Counts


class ReceiptShape(BaseModel):
    """One change of the registry."""

    number: int
    kind: str
    at: str
    who: str
    why: str
    title: str
    undoes: int | None


class Settled(BaseModel):
    """What a decision, a split or an undo changed."""

    receipt: ReceiptShape
    question: QuestionItem | None
    snapshot_outdated: Annotated[bool, Field(description="the map still shows the state before")]
    note_zh: str | None
    note_en: str | None


class VenueHistory(BaseModel):
    """GET /venues/{venue_id}/history."""

    venue_id: str
    resolved: Annotated[str, Field(description="the id it has today")]
    ids: list[str]
    standing: Standing
    fields: list[dict[str, Any]]
    events: list[dict[str, Any]]
