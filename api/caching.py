"""ETags from the snapshot's hash, and headers that keep the page inside its own walls."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response

CSP = (
    "default-src 'self'; worker-src 'self' blob:; img-src 'self' data: blob:; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'self'; base-uri 'self'; form-action 'self'"
)
UNTAGGED = ("/healthz", "/assets/")


def add_caching(app: FastAPI) -> None:
    """Tag what is computed from the snapshot; answer 304 to those who have it already."""

    @app.middleware("http")
    async def tag(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        path = request.url.path
        computed = request.method == "GET" and path != "/" and not path.startswith(UNTAGGED)
        etag = ""
        if computed:
            snapshot = request.app.state.snapshot.manifest.snapshot
            asked = f"{snapshot} {path}?{request.url.query}"
            etag = f'W/"{hashlib.sha256(asked.encode()).hexdigest()[:20]}"'
            if request.headers.get("if-none-match") == etag:
                return Response(status_code=304, headers={"ETag": etag})
        response = await call_next(request)
        if computed and response.status_code == 200:
            response.headers["ETag"] = etag
            response.headers["Cache-Control"] = "no-cache"
        response.headers["Content-Security-Policy"] = CSP
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        return response
