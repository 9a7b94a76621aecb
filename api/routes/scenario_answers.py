"""What is answered about scenarios: coverage, gaps, delta, and several side by side."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from api.deps import QUESTION, DistrictsDep, QuestionDep, SnapshotDep, known_only, wrap
from api.routes.coverage import AccessDep, get_coverage
from api.routes.gaps import attachment, file_name, get_gaps
from api.scenario_memory import Opened, ScenarioMemory
from api.shapes_scenarios import (
    CompareAnswer,
    DeltaAnswer,
    ScenarioAccess,
    ScenarioCoverage,
    ScenarioGaps,
)
from venuenet.access.ask import ACCESS
from venuenet.errors import BadQueryError
from venuenet.publish.answers import Row
from venuenet.publish.delta import FLAG, delta, gap_delta, side_by_side
from venuenet.publish.geo import gap_geojson
from venuenet.publish.snapshot import Snapshot
from venuenet.scenarios.words import in_words

FEWEST, MOST_COMPARED = 2, 5
"""Scenarios side by side."""
router = APIRouter()


def get_memory(request: Request) -> ScenarioMemory:
    """Return the scenarios of this service."""
    memory: ScenarioMemory = request.app.state.scenarios
    return memory


MemoryDep = Annotated[ScenarioMemory, Depends(get_memory)]


def get_scenario(memory: MemoryDep, scenario_id: str) -> Opened:
    """Open the scenario the path names; an unknown one is a 404."""
    return memory.get(scenario_id)


ScenarioDep = Annotated[Opened, Depends(get_scenario)]


@router.get(
    "/scenarios/compare",
    dependencies=[known_only(*QUESTION, "district", "id", often=("district", "id"))],
    response_model=CompareAnswer,
)
def get_compare(
    snapshot: SnapshotDep,
    memory: MemoryDep,
    question: QuestionDep,
    districts: DistrictsDep,
    id_: Annotated[
        list[str] | None, Query(alias="id", description="情景编号，2 至 5 个，重复给出")
    ] = None,
) -> Row:
    """Put scenarios side by side: the whole city, then its districts · 情景并列比较."""
    ids = list(dict.fromkeys(id_ or []))
    if not FEWEST <= len(ids) <= MOST_COMPARED or len(ids) != len(id_ or []):
        raise BadQueryError(
            f"id 须给出 {FEWEST} 至 {MOST_COMPARED} 个不同的情景编号",
            f"give {FEWEST} to {MOST_COMPARED} different ids of scenarios",
            param="id",
            allowed=[n.id for n in memory.folder.notes()],
        )
    told = [_told(snapshot, memory.get(i)) for i in ids]
    opened = [(i, lambda i=i: memory.get(i).snapshot) for i in ids]
    items = side_by_side(snapshot, opened, question, districts)
    return wrap(snapshot, question, scenarios=told, items=items)


@router.get(
    "/scenarios/{scenario_id}/coverage",
    dependencies=[known_only(*QUESTION, "district", "level", *ACCESS)],
    response_model=ScenarioAccess | ScenarioCoverage,
)
def get_scenario_coverage(
    snapshot: SnapshotDep,
    opened: ScenarioDep,
    question: QuestionDep,
    districts: DistrictsDep,
    access: AccessDep,
    level: Annotated[str, Query(description="district（默认）| township")] = "district",
) -> Row:
    """Answer as GET /coverage does, after the scenario · 情景下的覆盖."""
    found = get_coverage(opened.snapshot, question, districts, access, level)
    assumed = {"items": _flagged(found["items"]), "total": _flagged([found["total"]])[0]}
    return about(snapshot, opened, found, **assumed)


@router.get(
    "/scenarios/{scenario_id}/gaps",
    dependencies=[known_only(*QUESTION, "district")],
    response_model=ScenarioGaps,
)
def get_scenario_gaps(
    snapshot: SnapshotDep, opened: ScenarioDep, question: QuestionDep, districts: DistrictsDep
) -> Row:
    """List gaps as GET /gaps does, after the scenario · 情景下的缺口."""
    found = get_gaps(opened.snapshot, question, districts)
    return about(snapshot, opened, found, items=_flagged(found["items"]))


@router.get(
    "/scenarios/{scenario_id}/gaps.geojson",
    dependencies=[known_only(*QUESTION, "district")],
    response_class=Response,
    responses={200: {"content": {"application/geo+json": {}}}},
)
def get_scenario_gaps_geojson(
    snapshot: SnapshotDep, opened: ScenarioDep, question: QuestionDep, districts: DistrictsDep
) -> Response:
    """Download the gaps' outlines after the scenario (RFC 7946) · 情景下的缺口范围下载."""
    found = json.loads(gap_geojson(opened.snapshot, question, districts))
    for feature in found["features"]:
        feature["properties"]["flags"].append(FLAG)
    name = file_name(opened.snapshot, question, districts)
    return Response(
        json.dumps(about(snapshot, opened, found), ensure_ascii=False, separators=(",", ":")),
        media_type="application/geo+json",
        headers={"Content-Disposition": attachment(f"scenario_{opened.id}_{name}")},
    )


@router.get(
    "/scenarios/{scenario_id}/delta",
    dependencies=[known_only(*QUESTION, "district", "level", "gaps")],
    response_model=DeltaAnswer,
)
def get_delta(
    snapshot: SnapshotDep,
    opened: ScenarioDep,
    question: QuestionDep,
    districts: DistrictsDep,
    level: Annotated[
        str, Query(description="district（默认）| township | city | group（各类人群）")
    ] = "district",
    gaps: Annotated[str, Query(description="true 时另列缺口的变化", examples=["false"])] = "false",
) -> Row:
    """Compare with the base: every figure before, after and its change.

    情景与现状之差：各项数值的前、后与变化；gaps=true 时另列消失、新增与变化的缺口。
    """
    if gaps not in ("true", "false"):
        raise BadQueryError(
            f"gaps 的值“{gaps[:60]}”无效，可用：true、false",
            f"gaps cannot be {gaps[:60]!r}; allowed: true, false",
            param="gaps",
            allowed=["true", "false"],
        )
    after = opened.snapshot
    return about(
        snapshot,
        opened,
        wrap(after, question),
        level=level,
        items=delta(snapshot, after, question, level, districts),
        gaps=gap_delta(snapshot, after, question, districts) if gaps == "true" else None,
    )


def about(base: Snapshot, opened: Opened, found: Row, **more: Any) -> Row:
    """Say beside an answer which scenario it is of, and of which base."""
    return {
        **found,
        "base": base.manifest.snapshot,
        "scenario": _told(base, opened),
        **more,
    }


def _told(base: Snapshot, opened: Opened) -> Row:
    words = in_words(base.area, opened.scenario.edits)
    return {
        "id": opened.id,
        "name_zh": opened.scenario.name_zh,
        "name_en": opened.scenario.name_en,
        "edits": [{"zh": zh, "en": en} for zh, en in words],
    }


def _flagged(rows: list[Row]) -> list[Row]:
    """Say of each item that it is assumed; the rows themselves are shared."""
    return [{**row, "flags": [FLAG, *row["flags"]]} for row in rows]
