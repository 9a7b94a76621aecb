"""The network of venues: the coverage graph, and what it says of ties, losses and duties. Pure."""

from venuenet.network.graph import (
    EDGE_ATTRIBUTES,
    NODE_ATTRIBUTES,
    Graph,
    Names,
    coverage_graph,
)

__all__ = ["EDGE_ATTRIBUTES", "NODE_ATTRIBUTES", "Graph", "Names", "coverage_graph"]
