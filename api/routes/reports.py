"""GET /reports/{district}: the printable gap report, and its tables as a workbook."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response

from api.deps import QUESTION, QuestionDep, SnapshotDep, known_only
from api.problems import RESPONSES
from api.routes.coverage import district_in_path
from api.routes.gaps import attachment
from venuenet.publish.report import report_html
from venuenet.publish.tables import report_xlsx

router = APIRouter(prefix="/reports", tags=["reports"], responses=RESPONSES)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get(
    "/{district}.xlsx",
    dependencies=[known_only(*QUESTION)],
    response_class=Response,
    responses={200: {"content": {XLSX: {}}}},
)
def get_workbook(snapshot: SnapshotDep, question: QuestionDep, district: str) -> Response:
    """Give the report's tables as a workbook · 报告附表."""
    adcode = district_in_path(snapshot, district)
    names = snapshot.area.districts.set_index("adcode")["name_zh"]
    name = f"report_{names[adcode]}_{snapshot.manifest.as_of.isoformat()}.xlsx"
    return Response(
        report_xlsx(snapshot, adcode, question),
        media_type=XLSX,
        headers={"Content-Disposition": attachment(name)},
    )


@router.get(
    "/{district}", dependencies=[known_only(*QUESTION, "lang")], response_class=HTMLResponse
)
def get_report(
    snapshot: SnapshotDep,
    question: QuestionDep,
    district: str,
    lang: Annotated[str, Query(description="zh（默认）| en")] = "zh",
) -> HTMLResponse:
    """Give one district's printable report · 区级缺口报告."""
    adcode = district_in_path(snapshot, district)
    return HTMLResponse(report_html(snapshot, adcode, question, lang))
