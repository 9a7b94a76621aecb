"""GET /coverage: who can reach what, per district, township and group."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.deps import QUESTION, DistrictsDep, QuestionDep, SnapshotDep, known_only, wrap
from api.problems import RESPONSES, NotFoundError
from api.shapes import AccessAnswer, CoverageAnswer, DistrictAnswer
from venuenet.access.ask import ACCESS, AccessSpec, parse_access
from venuenet.area import resolve_district
from venuenet.errors import BadQueryError, UnknownNameError
from venuenet.publish.access import access_rows, describe_access
from venuenet.publish.answers import CITY, Row, coverage, groups
from venuenet.publish.snapshot import Snapshot

router = APIRouter(tags=["coverage"], responses=RESPONSES)
LEVELS = ("district", "township")


def get_access(
    question: QuestionDep,
    measure: Annotated[
        str | None,
        Query(
            description="covered（默认）| nearest | cumulative | cumulative_interval | gravity | "
            "2sfca | e2sfca | 3sfca | balanced | availability",
            examples=["e2sfca"],
        ),
    ] = None,
    decay: Annotated[
        str | None,
        Query(description="exponential | power | gaussian | logistic | stepped | binary"),
    ] = None,
    decay_at: Annotated[
        str | None,
        Query(description="权重降到一半的分钟数（默认 minutes 的一半）", examples=["30"]),
    ] = None,
    decay_spread: Annotated[
        str | None, Query(description="logistic 的标准差，分钟（默认 10）")
    ] = None,
    steps: Annotated[
        str | None, Query(description="stepped 的分级", examples=["10:1,30:0.68,60:0.22"])
    ] = None,
    interval: Annotated[
        str | None, Query(description="cumulative_interval 的时间区间", examples=["30-60"])
    ] = None,
    k: Annotated[str | None, Query(description="nearest：第几近的场馆，1..3")] = None,
    supply: Annotated[str | None, Query(description="venues（默认，每馆计 1）| capacity")] = None,
    unknown_capacity: Annotated[
        str | None, Query(description="leave_out（默认）| minimum | median；仅限 supply=capacity")
    ] = None,
) -> AccessSpec | None:
    """Understand the parameters of a measure; raises BadQueryError."""
    given = {
        "measure": measure,
        "decay": decay,
        "decay_at": decay_at,
        "decay_spread": decay_spread,
        "steps": steps,
        "interval": interval,
        "k": k,
        "supply": supply,
        "unknown_capacity": unknown_capacity,
    }
    return parse_access(question, given)


AccessDep = Annotated[AccessSpec | None, Depends(get_access)]


@router.get(
    "/coverage",
    dependencies=[known_only(*QUESTION, "district", "level", *ACCESS)],
    response_model=AccessAnswer | CoverageAnswer,
)
def get_coverage(
    snapshot: SnapshotDep,
    question: QuestionDep,
    districts: DistrictsDep,
    access: AccessDep,
    level: Annotated[str, Query(description="district（默认）| township")] = "district",
) -> Row:
    """Answer for every district or township; `total` is the whole city.

    With a `measure` every item carries its `access` too.

    各区（或街道乡镇）的覆盖人口、比例、区间与时间；给出 measure 时另附可达性指标。
    """
    if level not in LEVELS:
        raise BadQueryError(
            f"level 的值“{level[:60]}”无效，可用：{'、'.join(LEVELS)}",
            f"level cannot be {level[:60]!r}; allowed: {', '.join(LEVELS)}",
            param="level",
            allowed=LEVELS,
        )
    about = {}
    if access is None:
        rows, total = (coverage(snapshot, question, at) for at in (level, CITY))
    else:
        rows, total = (access_rows(snapshot, question, access, at) for at in (level, CITY))
        about = describe_access(snapshot, question, access)
    items = [r for r in rows if not districts or r["adcode"] in districts]
    return wrap(snapshot, question, **about, level=level, items=items, total=total[0])


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
