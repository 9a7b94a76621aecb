"""Put the service together: one snapshot, its routes, errors as problems, the page at /."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.staticfiles import StaticFiles

import venuenet
from api import problems
from api.caching import add_caching
from api.routes import coverage, gaps, network, quality, reports, service, venues
from api.routes import map as map_routes
from venuenet.settings import Settings
from venuenet.store import SnapshotFolder, SnapshotStore

STATIC = Path(__file__).parent / "static"
DESCRIPTION = """\
哪里能接触科学，哪里还不能：北京各区科普场馆的覆盖与缺口。

Where people can meet science, and where they cannot. Every answer carries `snapshot`, `as_of`
and `sources`; `null` means no data, with its reason in `flags`. Times run cell → venue; people
are modelled per cell and exact per district.
"""


def create_app(store: SnapshotStore) -> FastAPI:
    """Make the application that serves the snapshot in force in ``store``.

    The snapshot is read when the application starts and stays the same until it stops.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.snapshot = store.current()
        yield

    app = FastAPI(
        title="venuenet",
        version=venuenet.__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        license_info={"name": "Apache-2.0; data see sources"},
    )
    problems.install(app)
    add_caching(app)
    app.add_middleware(GZipMiddleware, minimum_size=2048, compresslevel=5)
    for module in (coverage, gaps, venues, network, quality, reports, map_routes, service):
        app.include_router(module.router)
    if STATIC.is_dir():
        app.mount("/", StaticFiles(directory=STATIC, html=True), name="page")
    return app


def from_environment() -> FastAPI:
    """Make the application over the embedded store that ``VENUENET_DATA`` names."""
    return create_app(SnapshotFolder(Settings().data))
