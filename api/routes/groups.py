"""GET /groups: whether each group of residents is served as well as the average."""

from __future__ import annotations

from fastapi import APIRouter, Request

from api.deps import QUESTION, DistrictsDep, QuestionDep, SnapshotDep, known_only, wrap
from api.problems import RESPONSES
from api.shapes_groups import GroupsAnswer
from venuenet.publish.answers import CITY, Row
from venuenet.publish.groups import as_asked, group_rows

router = APIRouter(tags=["groups"], responses=RESPONSES)


@router.get(
    "/groups", dependencies=[known_only(*QUESTION, "district")], response_model=GroupsAnswer
)
def get_groups(
    request: Request, snapshot: SnapshotDep, question: QuestionDep, districts: DistrictsDep
) -> Row:
    """Answer for every district and group, or for one `group`; `total` is the whole city.

    Each group at its own pace; unless `mode`, `kinds` or `standard` are given, by its own mode and
    to the kinds of venue that serve it. The envelope's `travel` is that of the question as asked.

    各区各类人群的覆盖，与全体居民之差（百分点）。
    """
    asked = as_asked(question, request.query_params.keys())
    rows = group_rows(snapshot, asked)
    items = [r for r in rows if not districts or r["adcode"] in districts]
    return wrap(snapshot, question, items=items, total=group_rows(snapshot, asked, CITY))
