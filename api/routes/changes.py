"""GET /changes: what changed since an earlier snapshot, and why."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Query, Request

from api.deps import QUESTION, DistrictsDep, QuestionDep, SnapshotDep, known_only, wrap
from api.problems import RESPONSES
from api.shapes_changes import ChangesAnswer
from venuenet.earlier import find_earlier
from venuenet.model import Question
from venuenet.publish.answers import Row
from venuenet.publish.changes import changes, no_changes
from venuenet.publish.snapshot import Snapshot
from venuenet.store import SnapshotStore

router = APIRouter(tags=["changes"], responses=RESPONSES)


@router.get(
    "/changes",
    dependencies=[known_only(*QUESTION, "district", "since")],
    response_model=ChangesAnswer,
)
def get_changes(
    request: Request,
    snapshot: SnapshotDep,
    question: QuestionDep,
    districts: DistrictsDep,
    since: Annotated[
        str | None,
        Query(description="较早快照的编号或其前 6 位以上（默认：上一份）"),
    ] = None,
) -> Row:
    """Compare with an earlier snapshot: venues, coverage with its causes, gaps, inputs.

    与较早快照比较：场馆、覆盖（按原因分解，合计不差一人）、缺口与输入。
    """
    store: SnapshotStore = request.app.state.store
    earlier = find_earlier(store.history(), snapshot.manifest, since)
    if earlier is None:
        return wrap(snapshot, question, **no_changes(question))
    return wrap(
        snapshot, question, **_changes(store.open, earlier.id, snapshot, question, districts)
    )


@lru_cache(maxsize=16)
def _changes(
    open_: Callable[[str], Snapshot],
    earlier: str,
    snapshot: Snapshot,
    question: Question,
    districts: tuple[str, ...],
) -> Row:
    """Keep the answers: they are plain values and hold no past snapshot open."""
    return changes(_opened(open_, earlier), snapshot, question, districts)


@lru_cache(maxsize=1)
def _opened(open_: Callable[[str], Snapshot], earlier: str) -> Snapshot:
    """Keep open the one past snapshot that was asked about last."""
    return open_(earlier)
