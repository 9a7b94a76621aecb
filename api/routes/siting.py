"""/siting: plans of where to build, worked out beside the service, one after the other."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, FastAPI, Request
from fastapi.responses import JSONResponse, Response

from api.deps import SnapshotDep, known_only, wrap
from api.job_state import Job, QueueFullError, UnknownJobError
from api.jobs import KEEP, QUEUE, Jobs
from api.problems import PROBLEM_JSON, PROBLEM_SCHEMA, RESPONSES, STATUS, problem_answer
from api.review_guard import TOKEN_RESPONSES, WRITE_RESPONSES, GuardedRoute, token_door
from api.routes.gaps import attachment
from api.shapes_siting import EXAMPLE, Accepted, JobAnswer, JobsAnswer
from venuenet.errors import BadQueryError, FaultsError, VenuenetError
from venuenet.proposals.answer import SITE_COLUMNS, sites_geojson
from venuenet.proposals.request import parse_request
from venuenet.publish.csv_files import to_csv
from venuenet.publish.snapshot import Snapshot

LONGEST = 2 * 2**20
"""Bytes of a request: the longest list of candidates of one's own takes about half."""


class SitingRefusedError(VenuenetError):
    """Somebody who may not keep this machine busy."""

    code = "siting-refused"
    title = "不能在此提交选址任务"
    title_en = "No siting from here"


class SitingOffError(VenuenetError):
    """A service that was started without a token."""

    code = "siting-off"
    title = "选址未开启"
    title_en = "Siting is off"


class NoSitesError(VenuenetError):
    """Sites are asked of a job that has none, or none yet."""

    code = "no-sites"
    title = "没有可下载的结果"
    title_en = "No sites to download"


STATUS[SitingRefusedError] = 403
STATUS[UnknownJobError] = 404
STATUS[NoSitesError] = 409
STATUS[QueueFullError] = 429
STATUS[SitingOffError] = 503


class SitingRoute(GuardedRoute):
    """A route for this machine's pages and programs, with the token of this start."""

    door = token_door(SitingRefusedError, SitingOffError, LONGEST)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Keep the queue while the service runs; what still runs when it stops is ended."""
    app.state.jobs = Jobs()
    try:
        yield
    finally:
        app.state.jobs.close()


def get_jobs(request: Request) -> Jobs:
    """Return the queue of this service."""
    jobs: Jobs = request.app.state.jobs
    return jobs


JobsDep = Annotated[Jobs, Depends(get_jobs)]

_PROBLEM = {PROBLEM_JSON: {"schema": PROBLEM_SCHEMA}}
router = APIRouter(
    tags=["siting"],
    route_class=SitingRoute,
    lifespan=lifespan,
    responses={**RESPONSES, **TOKEN_RESPONSES},
)
_NO_SITES: dict[int | str, dict[str, Any]] = {
    409: {"content": _PROBLEM, "description": "The job has no sites, or none yet"}
}


@router.post(
    "/siting",
    status_code=202,
    dependencies=[known_only()],
    response_model=Accepted,
    responses={
        **{k: v for k, v in WRITE_RESPONSES.items() if k == 415},
        413: {"content": _PROBLEM, "description": f"A body above {LONGEST} bytes"},
        429: {"content": _PROBLEM, "description": "The queue is full; see Retry-After"},
    },
)
def post_siting(
    request: Request,
    response: Response,
    snapshot: SnapshotDep,
    jobs: JobsDep,
    asked: Annotated[object, Body(description="见 docs/siting.md", examples=[EXAMPLE])],
) -> Any:  # noqa: ANN401  a job, or that there is no room for it
    """Queue a question of siting; what cannot be understood is refused at once.

    提交选址任务：立即返回任务编号，用 GET /siting/{id} 查看进度与结果。
    """
    if not isinstance(asked, dict):
        raise BadQueryError(
            "请求内容须为 JSON 对象", "the body must be a JSON object", param="body"
        )
    try:
        json.dumps(asked, allow_nan=False)
    except ValueError as error:  # 1e999 is JSON, but no number of ours
        raise BadQueryError("有数值超出范围", "a number is too large", param="body") from error
    folder = request.app.state.store.folder(snapshot.manifest.snapshot)
    try:
        understood = parse_request(snapshot, asked)
        job = jobs.submit(folder, asked, understood.time_limit_s)
    except FaultsError as error:
        return _faulty(error)
    except QueueFullError as error:
        return _full(error)
    response.headers["Location"] = f"/siting/{job.id}"
    return _shown(job)


@router.get("/siting", dependencies=[known_only()], response_model=JobsAnswer)
def get_siting(jobs: JobsDep) -> dict[str, Any]:
    """List the jobs that wait, run or ended not long ago · 任务列表."""
    items = [_shown(job) for job in jobs.all()]
    waiting = sum(item["status"] == "queued" for item in items)
    return {
        "queue": {"waiting": waiting, "most_waiting": QUEUE, "most_kept": KEEP},
        "items": items,
    }


@router.get("/siting/{job_id}", dependencies=[known_only()], response_model=JobAnswer)
def get_job(snapshot: SnapshotDep, jobs: JobsDep, job_id: str) -> dict[str, Any]:
    """Tell how far a job is, and what came of it · 任务进度与结果."""
    return _answer(snapshot, jobs.get(job_id))


@router.delete("/siting/{job_id}", dependencies=[known_only()], response_model=JobAnswer)
def delete_job(snapshot: SnapshotDep, jobs: JobsDep, job_id: str) -> dict[str, Any]:
    """Cancel a job; one that has ended stays as it is · 取消任务."""
    return _answer(snapshot, jobs.cancel(job_id))


@router.get(
    "/siting/{job_id}/sites.geojson",
    dependencies=[known_only()],
    response_class=Response,
    responses={200: {"content": {"application/geo+json": {}}}, **_NO_SITES},
)
def get_geojson(snapshot: SnapshotDep, jobs: JobsDep, job_id: str) -> Response:
    """Download the sites of a plan (RFC 7946) · 选址结果下载."""
    job = jobs.get(job_id)
    found = json.dumps(sites_geojson(_result(job)), ensure_ascii=False).encode()
    return _file(found, "application/geo+json", _name(snapshot, job, "geojson"))


@router.get(
    "/siting/{job_id}/sites.csv",
    dependencies=[known_only()],
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}, **_NO_SITES},
)
def get_csv(snapshot: SnapshotDep, jobs: JobsDep, job_id: str) -> Response:
    """Download the sites of a plan for a spreadsheet · 选址结果下载（表格）."""
    job = jobs.get(job_id)
    found = to_csv(SITE_COLUMNS, _result(job)["items"])
    return _file(found, "text/csv; charset=utf-8", _name(snapshot, job, "csv"))


def _full(error: QueueFullError) -> JSONResponse:
    """Refuse a job there is no room for, and say when to come again."""
    return problem_answer(429, error, headers={"Retry-After": str(error.retry_after_s)})


def _faulty(error: FaultsError) -> JSONResponse:
    """Refuse a list of sites with every fault it has."""
    faults = [
        {"detail": f.zh(), "detail_en": f.en(), "row": f.row, "column": f.column}
        for f in error.faults
    ]
    return problem_answer(422, error, param="sites", faults=faults)


def _shown(job: Job) -> dict[str, Any]:
    progress = job.progress
    return {
        "id": job.id,
        "status": job.status,
        "position": job.position,
        "goal": job.task["request"].get("goal", "cover_most"),
        "submitted": _when(job.submitted),
        "started": _when(job.started),
        "ended": _when(job.ended),
        "limit_s": job.limit_s,
        "progress": {
            **dataclasses.asdict(progress),
            "gap": progress.gap,
            "seconds": None if job.seconds is None else round(job.seconds, 1),
        },
        "problem": job.problem,
    }


def _answer(snapshot: Snapshot, job: Job) -> dict[str, Any]:
    return wrap(snapshot, **_shown(job), request=job.task["request"], result=job.answer())


def _when(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def _result(job: Job) -> dict[str, Any]:
    """Return a plan with sites; a job that is infeasible, or out of time too early, has none."""
    found: dict[str, Any] = job.answer() or {}
    if job.status != "done" or found["objective"] is None:
        raise NoSitesError(
            f"任务 {job.id} 的状态是 {job.status}，没有选址结果；用 GET /siting/{job.id} 查看",
            f"the job {job.id} is {job.status}: it has no sites; see GET /siting/{job.id}",
            param="job_id",
        )
    return found


def _name(snapshot: Snapshot, job: Job, ending: str) -> str:
    """Name a download by goal and date."""
    goal = job.task["request"].get("goal", "cover_most")
    return f"siting_{goal}_{snapshot.manifest.as_of.isoformat()}.{ending}"


def _file(content: bytes, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": attachment(name)}
    return Response(content, media_type=media_type, headers=headers)
