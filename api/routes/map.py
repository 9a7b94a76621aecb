"""GET /map/*: the shapes the page draws, and its words for flags."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fastapi import APIRouter

from api.deps import SnapshotDep, known_only
from venuenet.publish.flag_words import FLAGS
from venuenet.publish.geo import district_collection, subway_collection
from venuenet.publish.how import basis_of, traveller_of, traveller_words
from venuenet.publish.words import LANGS, flag_text

router = APIRouter(prefix="/map", tags=["map"], include_in_schema=False)


@router.get("/districts.geojson", dependencies=[known_only()])
def get_districts(snapshot: SnapshotDep) -> dict[str, Any]:
    """District polygons."""
    return _districts(snapshot)


@router.get("/subway.geojson", dependencies=[known_only()])
def get_subway(snapshot: SnapshotDep) -> dict[str, Any]:
    """Rail lines and stations."""
    return _subway(snapshot)


@router.get("/words", dependencies=[known_only()])
def get_words(snapshot: SnapshotDep) -> dict[str, Any]:
    """Every flag in plain words (zh, en), what each mode rests on, and a traveller's name."""
    flag = f"traveller:{traveller_of(snapshot.manifest)['id']}"
    return {
        "snapshot": snapshot.manifest.snapshot,
        "flags": {**FLAGS, flag: tuple(flag_text(flag, lang) for lang in LANGS)},
        "modes": {
            mode: {"basis": basis_of(times), "estimated": times.estimated}
            for mode, times in snapshot.times.items()
        },
        "traveller": traveller_words(snapshot.manifest),
    }


_districts = lru_cache(maxsize=2)(district_collection)
_subway = lru_cache(maxsize=2)(subway_collection)
