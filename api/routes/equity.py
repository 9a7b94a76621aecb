"""GET /equity and /equity/spots: how evenly access is shared, and where it clusters."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from api.deps import QUESTION, DistrictsDep, QuestionDep, SnapshotDep, known_only, wrap
from api.problems import RESPONSES
from api.routes.gaps import attachment
from api.shapes_equity import EquityAnswer
from venuenet.publish.answers import Row
from venuenet.publish.equity import describe_equity, equity_answer
from venuenet.publish.equity_ask import EQUITY, SPOTS, parse_equity, parse_spots
from venuenet.publish.spots import spots_file_name, spots_geojson

router = APIRouter(tags=["equity"], responses=RESPONSES)
Given = dict[str, str | None]


def get_measure(
    measure: Annotated[
        str | None,
        Query(description="nearest（默认，分钟）| cumulative | gravity | 2sfca | e2sfca | …"),
    ] = None,
    k: Annotated[str | None, Query(description="第几近的场馆，仅限 nearest")] = None,
    interval: Annotated[
        str | None, Query(description="cumulative_interval 的分钟区间", examples=["30-60"])
    ] = None,
    decay: Annotated[str | None, Query(description="距离衰减，见 /coverage")] = None,
    decay_at: Annotated[str | None, Query(description="权重减半的分钟数")] = None,
    decay_spread: Annotated[str | None, Query(description="logistic 的离散程度，分钟")] = None,
    steps: Annotated[
        str | None, Query(description="阶梯衰减", examples=["10:1,30:0.68,60:0.22"])
    ] = None,
    supply: Annotated[str | None, Query(description="venues（默认）| capacity")] = None,
    unknown_capacity: Annotated[
        str | None, Query(description="容量未知的场馆如何计：leave_out | minimum | median")
    ] = None,
) -> Given:
    """Collect what was said of the measure."""
    said = (measure, k, interval, decay, decay_at, decay_spread, steps, supply, unknown_capacity)
    names = (
        "measure", "k", "interval", "decay", "decay_at", "decay_spread", "steps", "supply",
        "unknown_capacity",
    )  # fmt: skip
    return dict(zip(names, said, strict=True))


MeasureDep = Annotated[Given, Depends(get_measure)]


@router.get(
    "/equity",
    dependencies=[known_only(*QUESTION, *EQUITY, "district")],
    response_model=EquityAnswer,
)
def get_equity(
    request: Request,
    snapshot: SnapshotDep,
    question: QuestionDep,
    districts: DistrictsDep,
    measure: MeasureDep,
    by: Annotated[str | None, Query(description="district（默认）| group | urban_rural")] = None,
    line: Annotated[
        str | None, Query(description="达标线，按指标单位；nearest 默认取 minutes", examples=["60"])
    ] = None,
    rank_by: Annotated[
        str | None, Query(description="按该人群占比排序，计算集中指数", examples=["seniors"])
    ] = None,
) -> Row:
    """Tell how evenly access is shared, people-weighted: Gini, Palma, Theil, FGT, concentration.

    公平性：基尼系数、帕尔马比、泰尔指数（区间、区内）、FGT 与集中指数；均按人口加权。
    """
    given = {**measure, "by": by, "line": line, "rank_by": rank_by}
    ask = parse_equity(snapshot, question, given, request.query_params.keys())
    return wrap(
        snapshot,
        question,
        **describe_equity(snapshot, question, ask),
        **equity_answer(snapshot, question, ask, districts),
    )


@router.get(
    "/equity/spots",
    dependencies=[known_only(*QUESTION, *SPOTS, "district")],
    response_class=Response,
    responses={200: {"content": {"application/geo+json": {}}}},
)
def get_spots(
    request: Request,
    snapshot: SnapshotDep,
    question: QuestionDep,
    districts: DistrictsDep,
    measure: MeasureDep,
    statistic: Annotated[
        str | None, Query(description="gi（默认，Getis-Ord Gi*）| moran（局部莫兰）")
    ] = None,
    band_m: Annotated[
        str | None, Query(description="邻域距离，1000..6000 米（默认 3000）", examples=["3000"])
    ] = None,
    significance: Annotated[
        str | None, Query(description="显著性水平，至多 0.2（默认 0.05），经错误发现率校正")
    ] = None,
) -> Response:
    """Download where poor or good access clusters, cell by cell (RFC 7946) · 可达性聚集区下载."""
    given = {**measure, "statistic": statistic, "band_m": band_m, "significance": significance}
    ask = parse_spots(question, given, request.query_params.keys())
    return Response(
        spots_geojson(snapshot, question, ask, districts),
        media_type="application/geo+json",
        headers={
            "Content-Disposition": attachment(spots_file_name(snapshot, question, ask, districts))
        },
    )
