"""What is public is explained, and what the documents list is what there is."""

import ast
from pathlib import Path

import pytest
import yaml

from venuenet import causes, network, standards
from venuenet.faults import SAYS
from venuenet.model import KINDS, SCIENCE_KINDS
from venuenet.publish.answers import gap_rows
from venuenet.publish.cause_words import CAUSES
from venuenet.publish.files import snapshot_graph
from venuenet.questions import parse_question

ROOT = Path(__file__).parents[2]
MODULES = sorted(p for room in ("venuenet", "api") for p in (ROOT / room).rglob("*.py"))
NETWORK_DOC = ROOT / "docs" / "network.md"


@pytest.fixture(scope="module", params=[True, False], ids=["cells", "townships"])
def graph(request, beijing):
    return snapshot_graph(beijing, cells=request.param)


def test_every_node_attribute_is_documented(graph):
    found = {name for _, data in graph.nodes(data=True) for name in data}
    assert found <= set(network.NODE_ATTRIBUTES)
    assert "type" in found


def test_every_edge_attribute_is_documented(graph):
    found = {name for *_, data in graph.edges(data=True) for name in data}
    assert found == set(network.EDGE_ATTRIBUTES)


def test_every_documented_node_attribute_occurs(beijing):
    cells = snapshot_graph(beijing, cells=True)
    found = {name for _, data in cells.nodes(data=True) for name in data}
    assert found == set(network.NODE_ATTRIBUTES)


def test_the_types_and_relations_named_in_the_table_are_those_that_occur(beijing):
    graph = snapshot_graph(beijing, cells=True)
    types = {data["type"] for _, data in graph.nodes(data=True)}
    relations = {data["relation"] for *_, data in graph.edges(data=True)}
    modes = {data["mode"] for *_, data in graph.edges(data=True) if "mode" in data}
    assert types == {"district", "township", "cell", "venue"}
    assert relations == {"serves", "adjacent", "part_of", "affiliated"}
    assert all(t in network.NODE_ATTRIBUTES["type"] for t in types)
    assert all(r in network.EDGE_ATTRIBUTES["relation"] for r in relations)
    assert all(m in network.EDGE_ATTRIBUTES["mode"] for m in modes)


@pytest.mark.parametrize("name", sorted({*network.NODE_ATTRIBUTES, *network.EDGE_ATTRIBUTES}))
def test_an_attribute_of_the_graph_stands_in_its_document(name):
    assert f"`{name}`" in NETWORK_DOC.read_text(encoding="utf-8")


def table_of_causes():
    """(cause, type) of every row of the table in the docstring of causes, in its order."""
    lines = causes.__doc__.splitlines()
    rules = [i for i, line in enumerate(lines) if line.startswith("====")]
    rows = [line.split() for line in lines[rules[1] + 1 : rules[2]] if not line.startswith(" ")]
    return [(row[0], row[1]) for row in rows]


def test_every_cause_of_a_gap_has_its_row_in_the_order_they_are_tried():
    assert [cause for cause, _ in table_of_causes()] == list(causes.TYPES) == list(CAUSES)
    assert dict(table_of_causes()) == causes.TYPES


def test_every_cause_is_told_in_both_languages():
    for zh, en in CAUSES.values():
        assert any("\u4e00" <= c <= "\u9fff" for c in zh)
        assert en.isascii()


def test_the_causes_that_occur_are_of_the_type_the_table_gives(beijing):
    told = dict(table_of_causes())
    for standard in beijing.standards:
        for row in gap_rows(beijing, parse_question(beijing.standards, (), standard=standard.id)):
            assert told[row["cause"]] == row["gap_type"]


def public_parts(tree):
    """(name, node) of every public function, class and method of a module."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if node.name.startswith("_"):
                continue
            yield node.name, node
            if isinstance(node, ast.ClassDef):
                for part in node.body:
                    if isinstance(part, ast.FunctionDef) and not part.name.startswith("_"):
                        yield f"{node.name}.{part.name}", part


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_everything_public_has_a_docstring(path):
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    assert not source.strip() or ast.get_docstring(tree), "the module itself"
    bare = [name for name, node in public_parts(tree) if not ast.get_docstring(node)]
    assert bare == []


def test_every_assumption_has_a_unit_a_source_and_a_confidence():
    plain = yaml.safe_load((standards.HERE / "assumptions.yaml").read_text(encoding="utf-8"))

    def values(node):
        if isinstance(node, dict):
            if "value" in node:
                yield node
            else:
                for part in node.values():
                    yield from values(part)

    found = list(values(plain))
    assert len(found) > 15
    for value in found:
        assert value["unit"]
        assert value["source"]
        assert value["confidence"] in ("high", "medium", "low")


def test_every_standard_names_its_source_and_standing():
    for standard in standards.load_standards():
        assert standard.source
        assert standard.confidence
        assert set(standard.kinds) <= set(KINDS)
    assert "other" not in SCIENCE_KINDS


@pytest.mark.parametrize("code", SAYS)
def test_every_fault_says_what_and_how_to_mend_it_in_both_languages(code):
    zh, en, mend_zh, mend_en = SAYS[code]
    for text in (zh, mend_zh):
        assert any("\u4e00" <= c <= "\u9fff" for c in text)
    for text in (en, mend_en):
        assert text
        assert not any("\u4e00" <= c <= "\u9fff" for c in text)
