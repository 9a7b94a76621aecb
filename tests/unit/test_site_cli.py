"""venuenet site: the same plan as a table, JSON, CSV, GeoJSON, a map and a scenario."""

import csv
import io
import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from venuenet.area import load
from venuenet.cli import app
from venuenet.pipeline import Inputs, compute
from venuenet.publish.snapshot import write
from venuenet.scenarios.file import parse_scenario, plain_edit
from venuenet.store import SnapshotFolder

HERE = Path(__file__).parents[1] / "golden" / "minicity"
ASKED = ["site", "--count", "2", "--mode", "walk", "--minutes", "12"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    city = compute(Inputs(HERE / "pack", HERE / "standards.yaml", HERE / "assumptions.yaml"))
    root = tmp_path_factory.mktemp("site-data")
    SnapshotFolder(root).publish(city, lambda folder: write(city, folder))
    return root


def run(data, *args, code=0):
    result = CliRunner().invoke(app, [*map(str, args), "--data", str(data)], terminal_width=200)
    assert result.exit_code == code, result.output
    return result


def test_one_plan_is_said_in_four_ways(data):
    plan = json.loads(run(data, *ASKED, "--format", "json").stdout)
    assert len(plan["items"]) == 2
    rows = list(
        csv.DictReader(io.StringIO(run(data, *ASKED, "--format", "csv").stdout.lstrip("\ufeff")))
    )
    assert [r["site_id"] for r in rows] == [i["site_id"] for i in plan["items"]]
    assert [int(r["people_marginal"]) for r in rows] == [
        i["people_marginal"] for i in plan["items"]
    ]
    drawn = json.loads(run(data, *ASKED, "--format", "geojson").stdout)
    assert [f["properties"]["site_id"] for f in drawn["features"]] == [r["site_id"] for r in rows]
    assert drawn["snapshot"] == plan["snapshot"]
    table = run(data, *ASKED).stdout
    for item in plan["items"]:
        assert item["site_id"] in table
    assert f"{plan['city']['gained']:,}" in table
    assert "已证明最优" in table
    assert "相对单位" in table


def test_every_option_reaches_the_request(data):
    said = json.loads(
        run(
            data, "site", "--goal", "cover_share", "--share", "0.5", "--budget", "90",
            "--source", "townships,stations", "--source", "cells", "--resolution", "7",
            "--district", "甲区", "--district", "乙区", "--option", "node", "--upgrade", "reopen",
            "--cost", "node=30", "--cost", "reopen=10", "--unit", "万元", "--weight", "seniors=1",
            "--min-per-district", "乙区=0", "--max-per-district", "5", "--force", "TA1",
            "--forbid", "TA2", "--spacing-km", "0.5", "--time-limit", "30", "--gap", "0.01",
            "--alternatives", "1", "--differ", "1", "--mode", "walk", "--minutes", "14",
            "--kinds", "science", "--group", "all", "--own-district", "--format", "json",
        ).stdout
    )["request"]  # fmt: skip
    assert said["sources"] == ["townships", "stations", "cells"]
    assert (said["goal"], said["share"], said["budget"]) == ("cover_share", 0.5, 90)
    assert said["districts"] == ["A", "B"]
    assert (said["options"], said["upgrades"]) == (["node"], ["reopen"])
    assert said["costs"] == {"node": 30, "reopen": 10}
    assert (said["unit"], said["weights"]) == ("万元", {"seniors": 1})
    assert said["min_per_district"] == {"B": 0}
    assert said["max_per_district"] == {"A": 5, "B": 5}
    assert (said["force"], said["forbid"]) == (["TA1"], ["TA2"])
    assert (said["spacing_km"], said["time_limit_s"], said["gap"]) == (0.5, 30, 0.01)
    assert (said["alternatives"], said["differ"], said["minutes"]) == (1, 1, 14)
    assert said["own_district"] is True


def test_the_map_opens_without_a_network_and_shows_every_site(data, tmp_path):
    page = tmp_path / "选址.html"
    plan = json.loads(run(data, *ASKED, "--format", "json", "--map", page).stdout)
    html = page.read_text(encoding="utf-8")
    assert "<script src" not in html
    for item in plan["items"]:
        assert item["name_zh"] in html
    assert "不作为划界依据" in html
    assert "审图号" in html


def test_a_plan_is_kept_as_a_scenario(data, tmp_path):
    file = tmp_path / "plan.yaml"
    plan = json.loads(run(data, *ASKED, "--format", "json", "--save-scenario", file).stdout)
    kept = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert kept["edits"] == plan["edits"]
    assert len(kept["edits"]) == 2
    scenario = parse_scenario(load(HERE / "pack"), file.read_text(encoding="utf-8"))
    assert [plain_edit(edit) for edit in scenario.edits] == plan["edits"]


def test_a_list_of_ones_own_is_taken_and_its_faults_are_told_by_row(data, tmp_path):
    good = tmp_path / "图书馆.csv"
    good.write_text("名称,经度,纬度,造价\n甲馆,117.03,40.005,30\n乙馆,117.14,40.004,20\n", "utf-8")
    args = ["site", "--count", "1", "--sites", good, "--unit", "万元", "--format", "json"]
    plan = json.loads(run(data, *args).stdout)
    assert plan["candidates"] == {"file": 2}
    assert plan["cost_unit"] == "万元"
    bad = tmp_path / "坏.csv"
    bad.write_text("名称,经度,纬度\n甲馆,121.5,31.2\n,117.1,40\n", "utf-8")
    result = run(data, "site", "--count", "1", "--sites", bad, code=2)
    assert "坏.csv" in result.output


def test_bad_input_leaves_with_two_and_writes_nothing(data, tmp_path):
    page = tmp_path / "x.txt"
    for args in (
        ["site"],
        ["site", "--count", "nan"],
        ["site", "--count", "1", "--goal", "夺魁"],
        ["site", "--count", "1", "--map", page],
        ["site", "--count", "1", "--map", tmp_path / "none" / "x.html"],
        ["site", "--count", "1", "--cost", "branch"],
        ["site", "--count", "1", "--weight", "=1"],
        ["site", "--count", "1", "--sites", tmp_path / "none.csv"],
    ):
        run(data, *args, code=2)
    assert list(tmp_path.iterdir()) == []


def test_a_plan_that_cannot_be_leaves_with_one_and_says_why(data):
    result = run(data, "site", "--goal", "cover_all", "--mode", "walk", "--minutes", "1", code=1)
    assert "无方案" in result.output
