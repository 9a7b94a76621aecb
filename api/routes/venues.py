"""GET /venues: what is measured."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import DistrictsDep, SnapshotDep, known_only, wrap
from api.problems import RESPONSES, NotFoundError
from api.shapes import VenueAnswer, VenuesAnswer
from venuenet.model import KINDS
from venuenet.publish.answers import Row, venue_rows
from venuenet.questions import parse_kinds

router = APIRouter(tags=["venues"], responses=RESPONSES)


@router.get("/venues", dependencies=[known_only("district", "kinds")], response_model=VenuesAnswer)
def get_venues(
    snapshot: SnapshotDep,
    districts: DistrictsDep,
    kinds: Annotated[str, Query(description="all（默认）| science | 逗号分隔的类别")] = "all",
) -> Row:
    """List every venue; those without a position have null coordinates, never a guess.

    场馆名录；没有位置的场馆也列出，坐标为 null。
    """
    rows = venue_rows(snapshot, parse_kinds(kinds))
    items = [r for r in rows if not districts or r["adcode"] in districts]
    return wrap(snapshot, kinds=list(parse_kinds(kinds)), items=items)


@router.get("/venues/{venue_id}", dependencies=[known_only()], response_model=VenueAnswer)
def get_venue(snapshot: SnapshotDep, venue_id: str) -> Row:
    """Give one venue · 一个场馆."""
    for row in venue_rows(snapshot, KINDS):
        if row["venue_id"] == venue_id:
            return wrap(snapshot, item=row)
    raise NotFoundError(
        f"没有编号为 {venue_id[:60]} 的场馆，编号见 /venues",
        f"no venue has the id {venue_id[:60]!r}; /venues lists them",
        param="venue_id",
    )
