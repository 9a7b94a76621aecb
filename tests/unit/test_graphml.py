"""The GraphML file holds byte for byte what networkx would write, and networkx reads it back."""

import networkx as nx
import pytest

from venuenet.publish.files import snapshot_graph
from venuenet.publish.graphml import write_graphml


def awkward():
    """Every type, one name with two of them, nothing at all, and marks that XML needs."""
    graph = nx.MultiDiGraph(name='a "q" & <b>\n', drawn=True)
    graph.add_node("tab\t\"quotes'<&>\n\r中", name_zh="门头沟区")
    graph.add_node("y", a=1, b=2.5, blank="", no=False, marks=" & <\n'\">")
    graph.add_node("z", a="one", b=1)
    graph.add_edge("z", "y")
    graph.add_edge("z", "y", key="serves:walk", w=1e-7, a=1)
    graph.add_edge("y", "tab\t\"quotes'<&>\n\r中", key='"&"', a=2)
    return graph


@pytest.mark.parametrize("make", ["awkward", "beijing"])
def test_the_file_is_the_one_networkx_writes(make, request, tmp_path):
    if make == "beijing":
        graph = snapshot_graph(request.getfixturevalue("beijing"), cells=False)
    else:
        graph = awkward()
    write_graphml(graph, tmp_path / "ours.graphml")
    nx.write_graphml_xml(graph, tmp_path / "theirs.graphml")
    ours = (tmp_path / "ours.graphml").read_bytes()
    assert ours == (tmp_path / "theirs.graphml").read_bytes()


def test_networkx_reads_it_back(tmp_path):
    graph = awkward()
    graph.remove_node("y")  # what is blank there comes back as nothing
    write_graphml(graph, tmp_path / "graph.graphml")
    back = nx.read_graphml(tmp_path / "graph.graphml", force_multigraph=True)
    assert dict(back.nodes(data=True)) == dict(graph.nodes(data=True))


def test_a_value_graphml_has_no_type_for_is_refused(tmp_path):
    graph = nx.MultiDiGraph()
    graph.add_node("x", flags=["a", "b"])
    with pytest.raises(TypeError, match="flags"):
        write_graphml(graph, tmp_path / "graph.graphml")
    assert not (tmp_path / "graph.graphml").exists()
