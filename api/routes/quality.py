"""GET /quality: which numbers are weak, and who can confirm them."""

from __future__ import annotations

from fastapi import APIRouter

from api.deps import DistrictsDep, SnapshotDep, known_only, wrap
from api.problems import RESPONSES
from api.shapes import QualityAnswer
from venuenet.publish.answers import Row
from venuenet.publish.quality import quality, to_confirm

router = APIRouter(tags=["quality"], responses=RESPONSES)


@router.get("/quality", dependencies=[known_only("district")], response_model=QualityAnswer)
def get_quality(snapshot: SnapshotDep, districts: DistrictsDep) -> Row:
    """Count what is known of each district's records; `to_confirm` lists the venues to settle.

    数据质量：各区场馆与街道乡镇资料的完整程度，及待核实的场馆。
    """
    rows = [r for r in quality(snapshot) if not districts or r["adcode"] in districts]
    return wrap(snapshot, items=rows, to_confirm=to_confirm(snapshot, districts))
