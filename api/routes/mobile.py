"""GET /mobile and /mobile.geojson: where the mobile science hall should go, day by day."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import BoundedSemaphore
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import Response

from api.deps import QUESTION, DistrictsDep, QuestionDep, SnapshotDep, known_only, wrap
from api.problems import RESPONSES, STATUS
from api.routes.gaps import attachment
from api.shapes_mobile import MobileAnswer
from venuenet.proposals.mobile import mobile_answer, mobile_geojson
from venuenet.proposals.mobile_apart import SearchFailedError
from venuenet.proposals.mobile_ask import PARAMETERS, MobileRequest, parse_mobile
from venuenet.publish.answers import Row
from venuenet.publish.snapshot import Snapshot

STATUS[SearchFailedError] = 503
router = APIRouter(tags=["mobile"], responses=RESPONSES)
SEARCHES = BoundedSemaphore(1)
"""Routes are searched one at a time."""
WAIT_S = 30
"""Seconds a request waits for its turn before it is told to come back."""
KNOWN = known_only(*QUESTION, "district", *PARAMETERS)


def get_request(
    question: QuestionDep,
    districts: DistrictsDep,
    days: Annotated[str | None, Query(description="出车天数 1..120（默认 10）")] = None,
    hours: Annotated[str | None, Query(description="每天小时 1..14（默认 8），含往返")] = None,
    stop_minutes: Annotated[
        str | None, Query(description="每站开放分钟 15..600（默认 90）")
    ] = None,
    set_up_minutes: Annotated[
        str | None, Query(description="每站布展收展分钟 0..240（默认 30）")
    ] = None,
    reach_km: Annotated[
        str | None, Query(description="居民前来的直线公里 0.5..20（默认 3）")
    ] = None,
    start: Annotated[str | None, Query(description="出发时刻 HH:MM（默认 08:00）")] = None,
    depot: Annotated[
        str | None, Query(alias="from", description="起点：场馆编号、全称或 lon,lat")
    ] = None,
    stops: Annotated[str | None, Query(description="townships（默认）| gaps，逗号分隔")] = None,
    time_limit_s: Annotated[str | None, Query(description="1..20 秒（默认 15）")] = None,
) -> MobileRequest:
    """Understand the parameters of a season; raises BadQueryError."""
    return parse_mobile(
        question,
        tuple(sorted(districts)),
        days=days,
        hours=hours,
        stop_minutes=stop_minutes,
        set_up_minutes=set_up_minutes,
        reach_km=reach_km,
        start=start,
        depot=depot,
        stops=stops,
        time_limit_s=time_limit_s,
    )


RequestDep = Annotated[MobileRequest, Depends(get_request)]


@router.get("/mobile", dependencies=[KNOWN], response_model=MobileAnswer)
def get_mobile(http: Request, snapshot: SnapshotDep, asked: RequestDep) -> Row:
    """Plan days out for people no venue covers: stops, times, and a bound no plan exceeds.

    流动科技馆路线：为未覆盖居民安排站点与日程；`bound` 是任何方案的上限。假设见 `assumptions`。
    """
    return wrap(snapshot, asked.question, **_planned(http, snapshot, asked))


@router.get(
    "/mobile.geojson",
    dependencies=[KNOWN],
    response_class=Response,
    responses={200: {"content": {"application/geo+json": {}}}},
)
def get_mobile_geojson(http: Request, snapshot: SnapshotDep, asked: RequestDep) -> Response:
    """Download the plan as schematic lines and stops (RFC 7946) · 路线示意下载."""
    answer = _planned(http, snapshot, asked)
    name = f"mobile_{_where(snapshot, asked)}_{snapshot.manifest.as_of.isoformat()}.geojson"
    return Response(
        mobile_geojson(snapshot, asked, answer),
        media_type="application/geo+json",
        headers={"Content-Disposition": attachment(name)},
    )


def _planned(http: Request, snapshot: Snapshot, asked: MobileRequest) -> Row:
    folder: Path | None = getattr(http.app.state.store, "root", None)
    roads = None if folder is None else folder / "networks"
    with _turn():
        return mobile_answer(
            snapshot, asked, roads if roads and roads.is_dir() else None, apart=True
        )


@contextmanager
def _turn() -> Iterator[None]:
    """Wait for one's turn to search; 429 when that takes too long."""
    if not SEARCHES.acquire(timeout=WAIT_S):
        raise HTTPException(429, headers={"Retry-After": str(WAIT_S)})
    try:
        yield
    finally:
        SEARCHES.release()


def _where(snapshot: Snapshot, asked: MobileRequest) -> str:
    codes, names = snapshot.area.districts["adcode"], snapshot.area.districts["name_zh"]
    named = dict(zip(codes, names, strict=True))
    where = "-".join(named[a] for a in asked.districts[:3]) or snapshot.area.meta.name_zh
    return where + ("等" if len(asked.districts) > 3 else "")
