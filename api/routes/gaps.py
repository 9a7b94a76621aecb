"""GET /gaps and /gaps.geojson: where people are out of reach, and why."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import Response

from api.deps import QUESTION, DistrictsDep, QuestionDep, SnapshotDep, known_only, wrap
from api.problems import RESPONSES
from api.shapes import GapsAnswer
from venuenet.model import Question
from venuenet.publish.answers import Row, capacity_count, causes, gap_rows
from venuenet.publish.geo import gap_geojson
from venuenet.publish.snapshot import Snapshot

router = APIRouter(tags=["gaps"], responses=RESPONSES)


@router.get("/gaps", dependencies=[known_only(*QUESTION, "district")], response_model=GapsAnswer)
def get_gaps(snapshot: SnapshotDep, question: QuestionDep, districts: DistrictsDep) -> Row:
    """List gaps, most people first; `gap_type` tells service gaps from data gaps.

    缺口清单，人数多者在前；`causes` 按原因汇总。
    """
    rows = gap_rows(snapshot, question, districts)
    count = capacity_count(snapshot, question)
    return wrap(snapshot, question, items=rows, causes=causes(rows), capacity=count)


@router.get(
    "/gaps.geojson",
    dependencies=[known_only(*QUESTION, "district")],
    response_class=Response,
    responses={200: {"content": {"application/geo+json": {}}}},
)
def get_gaps_geojson(
    snapshot: SnapshotDep, question: QuestionDep, districts: DistrictsDep
) -> Response:
    """Download the gaps' outlines (RFC 7946), to open in QGIS · 缺口范围下载."""
    name = file_name(snapshot, question, districts)
    return Response(
        gap_geojson(snapshot, question, districts),
        media_type="application/geo+json",
        headers={"Content-Disposition": attachment(name)},
    )


def file_name(snapshot: Snapshot, question: Question, adcodes: tuple[str, ...]) -> str:
    """Name a download by district, standard and date."""
    names = dict(
        zip(snapshot.area.districts["adcode"], snapshot.area.districts["name_zh"], strict=True)
    )
    where = "-".join(names[a] for a in adcodes[:3]) if adcodes else snapshot.area.meta.name_zh
    if len(adcodes) > 3:
        where += "等"
    what = question.standard or f"{question.mode}{question.minutes}"
    return f"gaps_{where}_{what}_{snapshot.manifest.as_of.isoformat()}.geojson"


def attachment(name: str) -> str:
    """Content-Disposition for a name with Chinese in it (RFC 6266)."""
    plain = name.encode("ascii", "ignore").decode()
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
