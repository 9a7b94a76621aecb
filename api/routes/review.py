"""/review: the page, its questions, and the decisions people make on them."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse
from starlette.exceptions import HTTPException

from api.deps import BoundDep, RegistryDep, SnapshotDep, get_districts, known_only
from api.problems import RESPONSES, NotFoundError
from api.review_guard import READ_RESPONSES, WRITE_RESPONSES, GuardedRoute
from api.shapes_review import (
    Decision,
    Parting,
    QuestionsAnswer,
    ReviewState,
    Settled,
    Undoing,
    VenueHistory,
)
from venuenet.errors import BadQueryError, UnknownNameError
from venuenet.publish.snapshot import Snapshot
from venuenet.registry import review
from venuenet.registry.cards import QuestionView
from venuenet.registry.history import history
from venuenet.registry.model import Actor, Ledger, QuestionKind, Receipt
from venuenet.store.protocol import Store

PAGE = Path(__file__).parents[1] / "static" / "review.html"
STATES = ("open", "answered", "all")
KINDS = get_args(QuestionKind)
OUTDATED = (
    "登记簿已更改，地图仍是更改前的快照；审核告一段落后请运行 venuenet build 重新计算",
    "The registry has changed, the map still shows the snapshot before; run venuenet build "
    "when you are done",
)

page = APIRouter(include_in_schema=False)
router = APIRouter(
    tags=["review"], route_class=GuardedRoute, responses={**RESPONSES, **READ_RESPONSES}
)


@page.get("/review", response_class=FileResponse)
def get_page() -> FileResponse:
    """Give the page; it holds no data."""
    if not PAGE.is_file():
        raise HTTPException(404)
    return FileResponse(PAGE, headers={"Cache-Control": "no-cache"})


@router.get(
    "/review/questions",
    dependencies=[known_only("state", "kind", "district")],
    response_model=QuestionsAnswer,
)
def get_questions(
    snapshot: SnapshotDep,
    registry: RegistryDep,
    district: Annotated[
        list[str] | None, Query(description="区：代码、中文名、英文名或拼音；可重复")
    ] = None,
    state: Annotated[str, Query(description="open（默认，含已询问）| answered | all")] = "open",
    kind: Annotated[str | None, Query(description="same | new | place | datum")] = None,
) -> dict[str, Any]:
    """List what only people can settle, and what they settled · 待核对事项."""
    _one_of("state", state, STATES)
    if kind is not None:
        _one_of("kind", kind, KINDS)
    districts = get_districts(snapshot, district)
    everything = review.questions(registry, snapshot.area, state="all")
    ledger = registry.ledger()
    wanted = [
        _item(ledger, q)
        for q in everything
        if (state == "all" or (q["state"] == "answered") == (state == "answered"))
        and (kind is None or q["kind"] == kind)
        and (not districts or q["adcode"] in districts)
    ]
    found = Counter(q["state"] for q in everything)
    return {
        "revision": ledger.revision,
        "items": wanted,
        "counts": {name: found[name] for name in get_args(ReviewState)},
    }


@router.post(
    "/review/questions/{question_id}",
    dependencies=[known_only()],
    response_model=Settled,
    responses=WRITE_RESPONSES,
)
def post_decision(
    snapshot: SnapshotDep,
    registry: RegistryDep,
    bound: BoundDep,
    question_id: str,
    decision: Decision,
) -> dict[str, Any]:
    """Answer a question · 作出决定."""
    try:
        receipt = review.decide(
            registry,
            snapshot.area,
            question_id,
            decision.answer,
            actor=Actor(decision.who, bound),
            why=decision.why,
            values=decision.values.model_dump(exclude_none=True),
        )
    except UnknownNameError as error:
        raise NotFoundError(error.detail, error.detail_en, param="question_id") from error
    question = _find(registry, snapshot, question_id)
    return _settled(receipt, question, changed=decision.answer != "ask")


@router.post(
    "/review/split",
    dependencies=[known_only()],
    response_model=Settled,
    responses=WRITE_RESPONSES,
)
def post_split(
    snapshot: SnapshotDep, registry: RegistryDep, bound: BoundDep, parting: Parting
) -> dict[str, Any]:
    """Part a venue from the one it was merged with · 拆分."""
    actor = Actor(parting.who, bound)
    receipt = review.split(registry, snapshot.area, parting.venue_id, actor=actor, why=parting.why)
    return _settled(receipt)


@router.post(
    "/review/undo", dependencies=[known_only()], response_model=Settled, responses=WRITE_RESPONSES
)
def post_undo(registry: RegistryDep, bound: BoundDep, undoing: Undoing) -> dict[str, Any]:
    """Take back a decision or an import · 撤销."""
    actor = Actor(undoing.who, bound)
    return _settled(review.undo(registry, undoing.receipt, actor=actor, why=undoing.why))


@router.get("/venues/{venue_id}/history", dependencies=[known_only()], response_model=VenueHistory)
def get_history(registry: RegistryDep, venue_id: str) -> dict[str, Any]:
    """Tell what was ever said of a venue, by whom and when · 场馆沿革."""
    try:
        return history(registry, venue_id)
    except UnknownNameError as error:
        raise NotFoundError(error.detail, error.detail_en, param="venue_id") from error


def _one_of(param: str, given: str, allowed: Sequence[str]) -> None:
    if given not in allowed:
        raise BadQueryError(
            f"{param} 只能是 {'、'.join(allowed)}",
            f"{param} is one of {', '.join(allowed)}",
            param=param,
            allowed=allowed,
        )


def _find(registry: Store, snapshot: Snapshot, question_id: str) -> dict[str, Any] | None:
    everything = review.questions(registry, snapshot.area, state="all")
    found = next((q for q in everything if q["id"] == question_id), None)
    return None if found is None else _item(registry.ledger(), found)


def _item(ledger: Ledger, question: QuestionView) -> dict[str, Any]:
    """Add to a question which id a split would part, where it ended in a merge."""
    merged = None
    reply, asked = question["reply"], ledger.questions.get(question["key"])
    if reply is not None and reply["answer"] == "merge" and asked is not None:
        first, *_, last = asked.venue_ids * 2
        merged = merged_id(ledger.links, first, reply["values"].get("into", last))
    return {**question, "merged_id": merged}


def merged_id(links: Mapping[str, str], a: str, b: str) -> str | None:
    """Return the id that was merged when two became one, None where they are two.

    Each id leads to the one it is kept under, and that one may have been merged again: the two
    chains meet in the id that was kept, and the one before it is the one that went.
    """
    of_a, of_b = _chain(links, a), _chain(links, b)
    meet = next((i for i in of_a if i in of_b), None)
    if meet is None:
        return None
    before = of_a[: of_a.index(meet)] or of_b[: of_b.index(meet)]
    return before[-1] if before else None


def _chain(links: Mapping[str, str], venue_id: str) -> list[str]:
    found = [venue_id]
    while found[-1] in links:
        found.append(links[found[-1]])
    return found


def _settled(
    receipt: Receipt, question: dict[str, Any] | None = None, *, changed: bool = True
) -> dict[str, Any]:
    note_zh, note_en = OUTDATED if changed else (None, None)
    return {
        "receipt": {**dataclasses.asdict(receipt), "at": receipt.at.isoformat(timespec="seconds")},
        "question": question,
        "snapshot_outdated": changed,
        "note_zh": note_zh,
        "note_en": note_en,
    }
