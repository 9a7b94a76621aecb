"""GET /healthz: whether the service is up, and with which snapshot."""

from __future__ import annotations

from fastapi import APIRouter

import venuenet
from api.deps import SnapshotDep
from api.shapes import Health
from venuenet.publish.answers import Row

router = APIRouter(tags=["service"])


@router.get("/healthz", response_model=Health)
def get_health(snapshot: SnapshotDep) -> Row:
    """Up, and serving this snapshot."""
    return {
        "status": "ok",
        "version": venuenet.__version__,
        "snapshot": snapshot.manifest.snapshot,
        "as_of": snapshot.manifest.as_of.isoformat(),
    }
