"""docs/beijing.md says what a build says: its numbers are never older than the code."""

import importlib.util
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def rendered(beijing):
    spec = importlib.util.spec_from_file_location("write_beijing", DOCS / "beijing" / "write.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.render(beijing)


@pytest.mark.parametrize("name", ["beijing.zh.md", "beijing.md"])
def test_the_document_is_what_a_build_writes(rendered, name):
    # The snapshot's name follows the version of the code, the numbers do not.
    def without_name(text):
        return re.sub(r"`[0-9a-f]{16}`", "", text)

    written = (DOCS / name).read_text(encoding="utf-8")
    assert without_name(written) == without_name(rendered[name]), "run make beijing"


def test_the_maps_are_there_and_stand_alone(rendered):
    for name in ("beijing.zh.md", "beijing.md"):
        for picture in re.findall(r"\]\((images/\S+)\)", rendered[name]):
            written = (DOCS / picture).read_text(encoding="utf-8")
            assert written.count("<path") > 10
            assert written.replace("http://www.w3.org/2000/svg", "").count("http") == 0


def test_both_languages_give_the_same_shares(rendered):
    def shares(text):
        table = text.split("uncertainty --standard transit45`")[1].split("\n\n")[1]
        return [re.findall(r"\d+\.\d", row)[2:] for row in table.splitlines()[2:]]

    zh, en = shares(rendered["beijing.zh.md"]), shares(rendered["beijing.md"])
    assert zh == en
    assert len(zh) == 17
