"""Put the service together: one snapshot, its routes, errors as problems, the page at /."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.staticfiles import StaticFiles

import venuenet
from api import problems, review_guard
from api.caching import add_caching
from api.routes import (
    changes,
    coverage,
    equity,
    gaps,
    groups,
    mobile,
    network,
    quality,
    reports,
    review,
    scenarios,
    service,
    siting,
    standards,
    uncertainty,
    venues,
)
from api.routes import map as map_routes
from venuenet.settings import Settings
from venuenet.store import SnapshotFolder, SnapshotStore, Store, open_store, registry_exists

STATIC = Path(__file__).parent / "static"
DESCRIPTION = """\
哪里能接触科学，哪里还不能：北京各区科普场馆的覆盖与缺口。

Where people can meet science, and where they cannot. Every answer carries `snapshot`, `as_of`
and `sources`; `null` means no data, with its reason in `flags`. Times run cell → venue; people
are modelled per cell and exact per district.
"""


def create_app(
    store: SnapshotStore,
    *,
    registry: Store | None = None,
    token: str | None = None,
    district: str | None = None,
) -> FastAPI:
    """Make the application that serves the snapshot in force in ``store``.

    The snapshot is read when the application starts and stays the same until it stops.

    Parameters
    ----------
    store : SnapshotStore
    registry : Store, optional
        What the review decides on; whoever opened it closes it.
    token : str, optional
        What the review asks for (:mod:`api.review_guard`). Without both the review is off.
    district : str, optional
        The one district whose venues may be written from here; all by default.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.snapshot, app.state.store = store.current(), store
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
    app.state.registry, app.state.review_token, app.state.district = registry, token, district
    problems.install(app)
    add_caching(app)
    review_guard.keep_nothing(app)
    app.add_middleware(GZipMiddleware, minimum_size=2048, compresslevel=5)
    for module in (
        coverage,
        changes,
        equity,
        gaps,
        groups,
        venues,
        standards,
        uncertainty,
        network,
        quality,
        reports,
        map_routes,
        service,
        siting,
        mobile,
        scenarios,
    ):
        app.include_router(module.router)
    app.include_router(review.page)
    app.include_router(review.router)
    if STATIC.is_dir():
        app.mount("/", StaticFiles(directory=STATIC, html=True), name="page")
    return app


def from_environment() -> FastAPI:
    """Make the application over the embedded store that ``VENUENET_DATA`` names.

    ``VENUENET_REVIEW_TOKEN`` turns the review on, where there is a registry;
    ``VENUENET_DISTRICT`` binds it to one district.
    """
    settings, token = Settings(), os.environ.get("VENUENET_REVIEW_TOKEN")
    registry = open_store(settings) if token and registry_exists() else None
    folder = SnapshotFolder(settings.data)
    return create_app(folder, registry=registry, token=token, district=settings.district)
