"""GET /network and below: the coverage graph, and what it says of ties, losses and duties."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Annotated

import networkx as nx
from fastapi import APIRouter, Depends, Query

from api.deps import QUESTION, DistrictsDep, QuestionDep, SnapshotDep, known_only, wrap
from api.problems import RESPONSES
from api.shapes import NetworkAnswer
from api.shapes_network import (
    ClosuresAnswer,
    CommunitiesAnswer,
    DependenceAnswer,
    FlowAnswer,
    RedundancyAnswer,
    SystemAnswer,
)
from venuenet.model import Question
from venuenet.publish import network, network_shape, network_system
from venuenet.publish.answers import Row
from venuenet.publish.files import snapshot_graph
from venuenet.publish.snapshot import Snapshot

router = APIRouter(tags=["network"])
OF_SYSTEM = tuple(n for n in QUESTION if n not in ("standard", "kinds"))


def get_tied_question(snapshot: SnapshotDep, question: QuestionDep) -> Question:
    """Understand a question the network can answer; raises BadQueryError."""
    network.refuse_unknown(snapshot, question)
    return question


TiedQuestion = Annotated[Question, Depends(get_tied_question)]
ASKED = known_only(*QUESTION)


@router.get("/network", dependencies=[known_only()], response_model=NetworkAnswer)
def get_network(snapshot: SnapshotDep) -> Row:
    """Give districts, townships and venues with their ties, townships standing for their cells.

    覆盖网络：区、街道乡镇、场馆及其关系（街道乡镇级；格网级用 `venuenet network`）。
    """
    return wrap(snapshot, level="township", items=_node_link(snapshot))


@lru_cache(maxsize=2)
def _node_link(snapshot: Snapshot) -> Row:
    data: Row = nx.node_link_data(snapshot_graph(snapshot, cells=False), edges="edges")
    return data


@router.get(
    "/network/dependence",
    dependencies=[ASKED],
    response_model=DependenceAnswer,
    responses=RESPONSES,
)
def get_dependence(snapshot: SnapshotDep, question: TiedQuestion) -> Row:
    """Tell whose venues are nearest to whose residents, and which townships lean on others.

    跨区依赖：各区达标居民的最近场馆在哪个区；`needs_others` 是没有外区场馆就不达标的人数。
    """
    return wrap(snapshot, question, **network.dependence(snapshot, question))


@router.get(
    "/network/closures",
    dependencies=[known_only(*QUESTION, "district", "top")],
    response_model=ClosuresAnswer,
    responses=RESPONSES,
)
def get_closures(
    snapshot: SnapshotDep,
    question: TiedQuestion,
    districts: DistrictsDep,
    top: Annotated[
        str | None, Query(description="列出多少个场馆，1..1000（默认 50）", examples=["50"])
    ] = None,
) -> Row:
    """Tell what is lost if a venue closes, for every venue, the greatest loss first.

    关停影响：逐一假设关闭，按失去覆盖的人数排序；`district` 只计这些区的居民。
    """
    many = network.parse_top(top)
    answer = network.closure_rows(snapshot, question, districts, many)
    return wrap(snapshot, question, district=list(districts), top=many, **answer)


@router.get(
    "/network/redundancy",
    dependencies=[ASKED],
    response_model=RedundancyAnswer,
    responses=RESPONSES,
)
def get_redundancy(snapshot: SnapshotDep, question: TiedQuestion) -> Row:
    """Tell how many people can choose from 0, 1, 2, 3 and more venues.

    可选场馆数：各区居民有 0、1、2、3 处及以上可选的人数；`venues` 是某处为唯一选择的人数。
    """
    return wrap(snapshot, question, **network.redundancy(snapshot, question))


@router.get(
    "/network/system",
    dependencies=[known_only(*OF_SYSTEM)],
    response_model=SystemAnswer,
    responses=RESPONSES,
)
def get_system(snapshot: SnapshotDep, question: TiedQuestion) -> Row:
    """Tell what hub and branches do for each district, and which branch a base could join.

    1+16+N：各区能否到达中心与分中心，分中心的服务人数与半径，基地可就近归属的分中心。
    """
    asked = replace(question, kinds=network_system.LOOKED_AT)
    return wrap(snapshot, asked, **network_system.system(snapshot, asked))


@router.get(
    "/network/communities",
    dependencies=[ASKED],
    response_model=CommunitiesAnswer,
    responses=RESPONSES,
)
def get_communities(snapshot: SnapshotDep, question: TiedQuestion) -> Row:
    """Group venues that share people, beside the district borders; bridges and cut venues.

    场馆群：共享服务人口的场馆分组，与区界比较；另列桥与割点。最长 60 分钟。
    """
    return wrap(snapshot, question, **network_shape.communities(snapshot, question))


@router.get("/network/flow", dependencies=[ASKED], response_model=FlowAnswer, responses=RESPONSES)
def get_flow(snapshot: SnapshotDep, question: TiedQuestion) -> Row:
    """Tell from which district people go to which venue, each to the nearest.

    服务流向：居住区 → 最近场馆 → 场馆所在区。
    """
    return wrap(snapshot, question, **network_shape.flow(snapshot, question))
