"""GET /network: the coverage graph as node-link JSON."""

from __future__ import annotations

from functools import lru_cache

import networkx as nx
from fastapi import APIRouter

from api.deps import SnapshotDep, known_only, wrap
from api.shapes import NetworkAnswer
from venuenet.publish.answers import Row
from venuenet.publish.files import snapshot_graph
from venuenet.publish.snapshot import Snapshot

router = APIRouter(tags=["network"])


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
