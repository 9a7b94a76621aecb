"""`venuenet coverage --measure …` gives what the service gives."""

import csv
import io
import json
import warnings

import pytest
from typer.testing import CliRunner

from api.app import create_app
from venuenet.access.ask import ACCESS
from venuenet.cli import app
from venuenet.store import SnapshotFolder

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

ASKED = [
    {"measure": "nearest", "k": "2"},
    {"measure": "cumulative_interval", "interval": "20-40"},
    {"measure": "gravity", "decay": "logistic", "decay_at": "20", "decay_spread": "5"},
    {"measure": "e2sfca", "steps": "10:1,45:0.5"},
    {"measure": "2sfca", "supply": "capacity", "unknown_capacity": "minimum"},
]


def options(given):
    return [
        part for name, value in given.items() for part in (f"--{name.replace('_', '-')}", value)
    ]


@pytest.fixture(scope="module")
def run(beijing_data):
    def go(*arguments):
        return CliRunner().invoke(app, ["coverage", *arguments, "--data", str(beijing_data)])

    return go


def test_every_parameter_is_tried():
    assert {name for given in ASKED for name in given} == set(ACCESS)


@pytest.mark.parametrize("given", ASKED, ids=lambda g: g["measure"])
@pytest.mark.parametrize("level", ["district", "township"])
def test_json_says_what_the_service_says(run, beijing_data, given, level):
    found = json.loads(run(*options(given), "--level", level, "--format", "json").stdout)
    with TestClient(create_app(SnapshotFolder(beijing_data))) as client:
        answer = client.get("/coverage", params={**given, "level": level}).json()
    for name in ("measure", "unit", "nearest_k", "interval", "decay", "supply"):
        assert found[name] == answer[name]
    assert [i["access"] for i in found["items"]] == [i["access"] for i in answer["items"]]


@pytest.mark.parametrize("given", ASKED, ids=lambda g: g["measure"])
def test_csv_and_table_name_every_district_and_its_value(run, given):
    items = json.loads(run(*options(given), "--format", "json").stdout)["items"]
    text = run(*options(given), "--format", "csv").stdout_bytes.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [r["adcode"] for r in rows] == [i["adcode"] for i in items]
    assert [float(r["value"]) for r in rows] == [i["access"]["value"] for i in items]
    table = run(*options(given)).stdout
    assert all(i["name_zh"][:2] in table for i in items)  # narrow terminals fold names
    assert given["measure"] in table


def test_no_data_is_written_as_such(run):
    given = {"measure": "2sfca", "supply": "capacity"}
    assert "无数据" in run(*options(given), "--kinds", "base").stdout


@pytest.mark.parametrize(
    "given",
    [
        {"measure": "nearest", "decay": "gaussian"},
        {"measure": "2sfca", "minutes": "90"},
        {"measure": "zsfca"},
        {"k": "2"},
    ],
)
def test_what_does_not_go_together_leaves_with_2(run, given):
    result = run(*options(given))
    assert result.exit_code == 2
    assert result.stdout == ""
