"""ETags from the snapshot's hash, and headers that keep the page inside its own walls."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from starlette.datastructures import State

CSP = (
    "default-src 'self'; worker-src 'self' blob:; img-src 'self' data: blob:; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'self'; base-uri 'self'; form-action 'self'"
)
COMPUTED = (
    "/coverage",
    "/equity",
    "/gaps",
    "/groups",
    "/venues",
    "/standards",
    "/network",
    "/plan",
    "/quality",
    "/reports",
    "/uncertainty",
    "/map",
    "/openapi",
)
_OF_SCENARIO = re.compile(r"/scenarios/([0-9a-f]{12})/")
"""What is computed from a scenario: its id is a hash of its content."""


def add_caching(app: FastAPI) -> None:
    """Tag what is computed from the snapshot; answer 304 to those who have it, HEAD to all."""

    @app.middleware("http")
    async def tag(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        head = request.method == "HEAD"
        if head:
            request.scope["method"] = "GET"
        etag = _etag(request)
        if etag and _has(request.headers.get("if-none-match", ""), etag):
            return Response(status_code=304, headers={"ETag": etag})
        response = await call_next(request)
        if etag and response.status_code == 200:
            response.headers["ETag"] = etag
            response.headers["Cache-Control"] = "no-cache"
        response.headers["Content-Security-Policy"] = CSP
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        return Response(None, response.status_code, dict(response.headers)) if head else response


def _etag(request: Request) -> str | None:
    """Tag of an answer that depends on nothing but the snapshot and the address; else None."""
    path, state = request.url.path, request.app.state
    if request.method != "GET" or not (path.startswith(COMPUTED) or _of_kept(path, state)):
        return None
    snapshot = state.snapshot.manifest.snapshot
    asked = f"{snapshot} {path}?{request.url.query}"
    return f'W/"{hashlib.sha256(asked.encode()).hexdigest()[:20]}"'


def _of_kept(path: str, state: State) -> bool:
    """Whether a path is an answer about a scenario that is still kept."""
    found = _OF_SCENARIO.match(path)
    return found is not None and state.scenarios.folder.has(found[1])


def _has(if_none_match: str, etag: str) -> bool:
    """Whether If-None-Match names the tag, by weak comparison (RFC 9110, 13.1.2)."""
    if if_none_match.strip() == "*":
        return True
    known = {t.strip().removeprefix("W/") for t in if_none_match.split(",")}
    return etag.removeprefix("W/") in known
