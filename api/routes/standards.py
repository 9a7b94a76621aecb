"""GET /standards and /plan: by which yardstick, where the districts stand, how the plan goes."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import DistrictsDep, SnapshotDep, known_only, wrap
from api.problems import RESPONSES
from api.shapes_standards import PlanAnswer, StandardsAnswer
from venuenet.publish.answers import Row
from venuenet.publish.plan import periods, plan_rows
from venuenet.publish.yardsticks import ask_yardsticks, definitions, yardstick_rows
from venuenet.standards.yardsticks import load_yardsticks

router = APIRouter(tags=["standards"], responses=RESPONSES)


@router.get(
    "/standards",
    dependencies=[known_only("district", "basis", "yardstick", "level")],
    response_model=StandardsAnswer,
)
def get_standards(
    snapshot: SnapshotDep,
    districts: DistrictsDep,
    basis: Annotated[
        str | None, Query(description="人口口径：resident 常住（默认）| registered 户籍")
    ] = None,
    yardstick: Annotated[str | None, Query(description="对标项编号，默认全部")] = None,
    level: Annotated[str | None, Query(description="district（默认）| city")] = None,
) -> Row:
    """List the standards and yardsticks with their sources, and where every district stands.

    覆盖标准、对标项与各区现状：现值、目标、达标/接近/未达/无数据、差距、位次。
    """
    ask = ask_yardsticks(snapshot, basis, yardstick, level, districts)
    rows = yardstick_rows(snapshot, ask)
    return wrap(
        snapshot,
        basis=ask.basis,
        level=ask.level,
        near_share=load_yardsticks().near_share.value,
        items=[dataclasses.asdict(s) for s in snapshot.standards],
        yardsticks=[y for y in definitions(snapshot) if yardstick in (None, y["id"])],
        districts=[r for r in rows if not districts or r["adcode"] in districts],
    )


@router.get("/plan", dependencies=[known_only("district")], response_model=PlanAnswer)
def get_plan(snapshot: SnapshotDep, districts: DistrictsDep) -> Row:
    """List the plan's objectives as the user imported them, with their progress.

    规划目标及进度；没有导入时为空。
    """
    return wrap(snapshot, periods=periods(), items=plan_rows(snapshot, None, districts))
