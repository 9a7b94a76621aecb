"""GET /coverage: who can reach what, per district, township and group."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import QUESTION, DistrictsDep, QuestionDep, SnapshotDep, known_only, wrap
from api.problems import RESPONSES, NotFoundError
from api.shapes import CoverageAnswer, DistrictAnswer
from venuenet.area import resolve_district
from venuenet.errors import BadQueryError, UnknownNameError
from venuenet.publish.answers import CITY, Row, coverage, groups
from venuenet.publish.snapshot import Snapshot

router = APIRouter(tags=["coverage"], responses=RESPONSES)
LEVELS = ("district", "township")


@router.get(
    "/coverage",
    dependencies=[known_only(*QUESTION, "district", "level")],
    response_model=CoverageAnswer,
)
def get_coverage(
    snapshot: SnapshotDep,
    question: QuestionDep,
    districts: DistrictsDep,
    level: Annotated[str, Query(description="district（默认）| township")] = "district",
) -> Row:
    """Answer for every district or township; `total` is the whole city.

    各区（或街道乡镇）的覆盖人口、比例、区间与时间。
    """
    if level not in LEVELS:
        raise BadQueryError(
            f"level 的值“{level[:60]}”无效，可用：{'、'.join(LEVELS)}",
            f"level cannot be {level[:60]!r}; allowed: {', '.join(LEVELS)}",
            param="level",
            allowed=LEVELS,
        )
    rows = coverage(snapshot, question, level)
    items = [r for r in rows if not districts or r["adcode"] in districts]
    total = coverage(snapshot, question, CITY)[0]
    return wrap(snapshot, question, level=level, items=items, total=total)


@router.get(
    "/coverage/{district}", dependencies=[known_only(*QUESTION)], response_model=DistrictAnswer
)
def get_district(snapshot: SnapshotDep, question: QuestionDep, district: str) -> Row:
    """Answer for one district: its item, its townships and every group.

    一个区的覆盖：本区、各街道乡镇、各类人群。
    """
    adcode = district_in_path(snapshot, district)
    item = next(r for r in coverage(snapshot, question) if r["adcode"] == adcode)
    towns = [r for r in coverage(snapshot, question, "township") if r["adcode"] == adcode]
    return wrap(
        snapshot,
        question,
        item=item,
        townships=towns,
        groups=groups(snapshot, question, adcode),
    )


def district_in_path(snapshot: Snapshot, text: str) -> str:
    """Resolve a district named in the path; an unknown one is a 404."""
    try:
        return resolve_district(snapshot.area, text)
    except UnknownNameError as error:
        raise NotFoundError(
            error.detail, error.detail_en, param=error.param, allowed=error.allowed
        ) from error
