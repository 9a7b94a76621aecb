"""/scenarios: what-ifs that are kept, and what they change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Body, FastAPI
from fastapi.responses import Response

from api.deps import SnapshotDep, known_only, wrap
from api.problems import PROBLEM_JSON, PROBLEM_SCHEMA, RESPONSES, STATUS, problem_answer
from api.review_guard import TOKEN_RESPONSES, WRITE_RESPONSES, GuardedRoute, token_door
from api.routes import scenario_answers
from api.routes.scenario_answers import MemoryDep, ScenarioDep, about
from api.scenario_memory import ScenarioMemory, UnfitScenarioError
from api.shapes_scenarios import (
    EXAMPLE,
    DeletedAnswer,
    KeptAnswer,
    ScenarioAnswer,
    ScenariosAnswer,
)
from venuenet.errors import BadQueryError, FaultsError, VenuenetError
from venuenet.publish.answers import Row
from venuenet.scenarios.file import plain_edit, scenario_text
from venuenet.scenarios.words import ScenarioError
from venuenet.store.scenarios import MOST, TooManyScenariosError, UnknownScenarioError

LONGEST = 2**20
"""Bytes of a scenario."""


class ScenarioRefusedError(VenuenetError):
    """Somebody who may not keep or delete scenarios."""

    code = "scenario-refused"
    title = "不能在此保存情景"
    title_en = "No scenarios from here"


class ScenarioOffError(VenuenetError):
    """A service that was started without a token."""

    code = "scenario-off"
    title = "情景保存未开启"
    title_en = "Keeping scenarios is off"


STATUS[ScenarioRefusedError] = 403
STATUS[UnknownScenarioError] = 404
STATUS[UnfitScenarioError] = 409
STATUS[TooManyScenariosError] = 409
STATUS[ScenarioError] = 409
STATUS[ScenarioOffError] = 503


class ScenarioRoute(GuardedRoute):
    """A route for this machine's pages and programs, with the token of this start."""

    door = token_door(ScenarioRefusedError, ScenarioOffError, LONGEST)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Keep scenarios beside the snapshot in force while the service runs."""
    app.state.scenarios = ScenarioMemory(app.state.snapshot, app.state.store)
    yield


_PROBLEM = {PROBLEM_JSON: {"schema": PROBLEM_SCHEMA}}
_UNFIT: dict[int | str, dict[str, Any]] = {
    409: {"content": _PROBLEM, "description": "It does not fit the snapshot in force"}
}
router = APIRouter(tags=["scenarios"], responses={**RESPONSES, **_UNFIT}, lifespan=lifespan)
writes = APIRouter(route_class=ScenarioRoute, responses=TOKEN_RESPONSES)


@writes.post(
    "/scenarios",
    status_code=201,
    dependencies=[known_only()],
    response_model=KeptAnswer,
    responses={
        200: {"model": KeptAnswer, "description": "The same is kept already"},
        409: {"content": _PROBLEM, "description": f"{MOST} are kept already"},
        413: {"content": _PROBLEM, "description": f"A body above {LONGEST} bytes"},
        415: WRITE_RESPONSES[415],
    },
)
def post_scenario(
    response: Response,
    memory: MemoryDep,
    said: Annotated[object, Body(description="见 docs/scenarios.md", examples=[EXAMPLE])],
) -> Any:  # noqa: ANN401  what is kept, or all its faults
    """Keep a scenario; one with faults is refused whole, with all of them in `faults`.

    保存情景：同样的内容编号相同；有误则整体拒绝，一次列出全部问题。
    """
    if not isinstance(said, dict):
        raise BadQueryError(
            "请求内容须为 JSON 对象", "the body must be a JSON object", param="body"
        )
    try:
        opened, new = memory.keep(said)
    except FaultsError as error:
        faults = [{"detail": f.zh(), "detail_en": f.en(), "at": f.column} for f in error.faults]
        return problem_answer(422, error, param="body", faults=faults)
    memory.warm_up()
    response.status_code = 201 if new else 200
    response.headers["Location"] = f"/scenarios/{opened.id}"
    return {
        "id": opened.id,
        "name_zh": opened.scenario.name_zh,
        "name_en": opened.scenario.name_en,
        "edits": len(opened.scenario.edits),
        "snapshot": memory.base.manifest.snapshot,
    }


@router.get("/scenarios", dependencies=[known_only()], response_model=ScenariosAnswer)
def get_scenarios(response: Response, memory: MemoryDep) -> Row:
    """List the scenarios that are kept · 已保存的情景."""
    response.headers["Cache-Control"] = "no-cache"
    items = [
        {
            "id": note.id,
            "name_zh": note.name_zh,
            "name_en": note.name_en,
            "edits": note.edits,
            "saved": note.saved.isoformat(timespec="seconds"),
        }
        for note in memory.folder.notes()
    ]
    return {"most": MOST, "items": items}


router.include_router(scenario_answers.router)  # before what follows: an id is not "compare"


@router.get("/scenarios/{scenario_id}", dependencies=[known_only()], response_model=ScenarioAnswer)
def get_one(response: Response, snapshot: SnapshotDep, opened: ScenarioDep) -> Row:
    """Tell what a scenario changes, in words and as its file · 情景内容."""
    response.headers["Cache-Control"] = "no-cache"
    scenario = opened.scenario
    return about(
        snapshot,
        opened,
        wrap(opened.snapshot),
        note=scenario.note,
        edits=[plain_edit(edit) for edit in scenario.edits],
        yaml=scenario_text(scenario),
    )


@writes.delete(
    "/scenarios/{scenario_id}", dependencies=[known_only()], response_model=DeletedAnswer
)
def delete_scenario(memory: MemoryDep, scenario_id: str) -> Row:
    """Forget a scenario · 删除情景."""
    memory.forget(scenario_id)
    memory.folder.delete(scenario_id)
    return {"id": scenario_id}


router.include_router(writes)
