"""Errors as RFC 9457 problem+json, in Chinese and English; bad input is never a 5xx."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from venuenet.errors import BadQueryError, SnapshotError, UnknownNameError, VenuenetError

PROBLEM_JSON = "application/problem+json"
PROBLEM_SCHEMA = {"$ref": "#/components/schemas/Problem"}
STATUS: dict[type[VenuenetError], int] = {
    BadQueryError: 422,
    UnknownNameError: 422,
    SnapshotError: 503,
}
TITLES = {
    404: ("查无此项", "Not found"),
    405: ("方法不允许", "Method not allowed"),
}


class NotFoundError(UnknownNameError):
    """An unknown thing in the path."""


STATUS[NotFoundError] = 404


class Problem(BaseModel):
    """RFC 9457, with the English beside and the values that would have been allowed."""

    type: str
    title: str
    title_en: str
    status: int
    detail: str
    detail_en: str
    param: str | None = None
    allowed: list[str] | None = None


RESPONSES: dict[int | str, dict[str, Any]] = {
    404: {"model": Problem, "description": "Unknown name in the path"},
    422: {"model": Problem, "description": "Bad or conflicting parameter"},
}


def install(app: FastAPI) -> None:
    """Answer every error of the application as a problem, and say so in its document."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        document = plain()
        for path in document["paths"].values():
            for operation in path.values():
                for status, response in operation["responses"].items():
                    if status.startswith("4") and "content" in response:
                        response["content"] = {PROBLEM_JSON: {"schema": PROBLEM_SCHEMA}}
        return document

    # FastAPI's documented way to extend the document.
    app.openapi = openapi  # type: ignore[method-assign]

    @app.exception_handler(VenuenetError)
    async def _ours(_: Request, error: VenuenetError) -> JSONResponse:
        status = next((STATUS[t] for t in type(error).__mro__ if t in STATUS), 500)
        return problem_answer(status, error)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        zh, en = TITLES.get(error.status_code, ("请求有误", "Request failed"))
        return _answer(
            Problem(
                type=f"urn:venuenet:problem:http-{error.status_code}",
                title=zh,
                title_en=en,
                status=error.status_code,
                detail=f"{request.method} {request.url.path[:100]}：{zh}；接口列表见 /openapi.json",
                detail_en=f"{request.method} {request.url.path[:100]}: {en}; see /openapi.json",
            ),
            headers=dict(error.headers or {}),
        )

    @app.exception_handler(RequestValidationError)
    async def _validation(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        name = str(first["loc"][-1])
        return _answer(
            Problem(
                type="urn:venuenet:problem:bad-query",
                title=BadQueryError.title,
                title_en=BadQueryError.title_en,
                status=422,
                detail=f"参数 {name} 有误：{first['msg']}",
                detail_en=f"parameter {name}: {first['msg']}",
                param=name,
            )
        )


def problem_answer(
    status: int, error: VenuenetError, headers: dict[str, str] | None = None, **more: object
) -> JSONResponse:
    """Tell one of our errors; ``more`` stands beside what every problem says."""
    problem = Problem(
        type=f"urn:venuenet:problem:{error.code}",
        title=error.title,
        title_en=error.title_en,
        status=status,
        detail=error.detail,
        detail_en=error.detail_en,
        param=error.param,
        allowed=error.allowed,
    )
    content = {**problem.model_dump(exclude_none=True), **more}
    return JSONResponse(content, status, headers, PROBLEM_JSON)


def _answer(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status_code=problem.status,
        media_type=PROBLEM_JSON,
        headers=headers,
    )
