"""GET /uncertainty: how far coverage may be off, what is usual, and which doubt matters most."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import QUESTION, DistrictsDep, QuestionDep, SnapshotDep, known_only, wrap
from api.problems import RESPONSES
from api.shapes_uncertainty import UncertaintyAnswer
from venuenet.publish.answers import Row
from venuenet.publish.uncertainty import describe_uncertainty, parse_draws, uncertainty_answer

router = APIRouter(tags=["uncertainty"], responses=RESPONSES)


@router.get(
    "/uncertainty",
    dependencies=[known_only(*QUESTION, "district", "draws", "seed")],
    response_model=UncertaintyAnswer,
)
def get_uncertainty(
    snapshot: SnapshotDep,
    question: QuestionDep,
    districts: DistrictsDep,
    draws: Annotated[
        str | None, Query(description="抽样次数，50..1000（默认 200）", examples=["200"])
    ] = None,
    seed: Annotated[
        str | None, Query(description="随机种子，0..4294967295（默认 1）", examples=["1"])
    ] = None,
) -> Row:
    """Tell how far coverage may be off: bounds, percentiles of seeded draws, the main source.

    覆盖率的不确定性：最坏至最好的界限、抽样的第 5、50、95 百分位，以及哪种来源影响最大。
    """
    asked = parse_draws(snapshot, question, draws, seed)
    return wrap(
        snapshot,
        question,
        **describe_uncertainty(snapshot, asked),
        **uncertainty_answer(snapshot, question, asked, districts),
    )
