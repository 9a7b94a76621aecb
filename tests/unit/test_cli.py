"""The command line gives the numbers of the API, and leaves with the right code."""

import csv
import io
import json
import shutil
import warnings
from urllib.parse import urlencode

import pytest
from typer.testing import CliRunner

from api.app import create_app
from venuenet import area
from venuenet.cli import app
from venuenet.model import Question
from venuenet.publish.answers import coverage, gap_rows
from venuenet.publish.geo import describe, gap_geojson
from venuenet.questions import parse_question
from venuenet.store import SnapshotFolder

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette would rather have httpx2, which is not httpx
    from starlette.testclient import TestClient

COMMANDS = [
    ["build"], ["serve"], ["coverage"], ["gaps"], ["map"], ["report"], ["network"],
    ["area"], ["area", "check"],
]  # fmt: skip
QUESTIONS = [
    {},
    {"standard": "walk15"},
    {"standard": "branch45"},
    {"mode": "drive", "minutes": "20"},
    {"group": "seniors", "mode": "walk"},
    {"kinds": "base"},
    {"surface_transit": "true"},
]


@pytest.fixture(scope="module")
def run(beijing_data):
    """Run a command on the published snapshot."""

    def go(*arguments, data=beijing_data):
        where = [] if data is None else ["--data", str(data)]
        return CliRunner().invoke(app, [*arguments, *where])

    return go


def options(question):
    given = []
    for name, value in question.items():
        given += ["--surface-transit"] if name == "surface_transit" else [f"--{name}", value]
    return given


def understood(snapshot, question):
    return parse_question(snapshot.standards, [g.id for g in snapshot.area.meta.groups], **question)


@pytest.fixture(scope="module")
def over_http(beijing_data):
    """What the service answers to a path, as JSON."""
    with TestClient(create_app(SnapshotFolder(beijing_data))) as client:
        yield lambda path: client.get(path).json()


def without_nulls(rows):
    return [{k: v for k, v in row.items() if v is not None} for row in rows]


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_the_command_line_and_the_service_say_the_same_to_the_person(run, over_http, question):
    for command in ("coverage", "gaps"):
        result = run(command, "--format", "json", *options(question))
        assert result.exit_code == 0
        told = json.loads(result.stdout)
        answer = over_http(f"/{command}?{urlencode(question)}")
        assert without_nulls(told.pop("items")) == without_nulls(answer["items"])
        assert told == {k: answer[k] for k in told}
        assert {"snapshot", "as_of", "sources", *describe(Question())} <= set(told)


def test_townships_and_single_districts_are_the_same_too(run, over_http):
    told = json.loads(run("coverage", "--level", "township", "--format", "json").stdout)
    answer = over_http("/coverage?level=township")
    assert without_nulls(told["items"]) == without_nulls(answer["items"])
    told = json.loads(run("gaps", "海淀", "110117", "--format", "json").stdout)
    assert told["items"] == over_http("/gaps?district=haidian&district=平谷")["items"]


@pytest.mark.parametrize("name", ["海淀区", "海淀", "110108", "haidian", "Haidian District"])
def test_a_district_answers_to_all_its_names(run, name):
    answer = json.loads(run("coverage", name, "--format", "json").stdout)
    assert [i["adcode"] for i in answer["items"]] == ["110108"]


def rows_of_csv(result):
    text = result.stdout_bytes.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_holds_the_same_people(beijing, run):
    rows = rows_of_csv(run("coverage", "--standard", "walk15", "--format", "csv"))
    asked = understood(beijing, {"standard": "walk15"})
    assert [(r["adcode"], int(r["covered"])) for r in rows] == [
        (i["adcode"], i["covered"]) for i in coverage(beijing, asked)
    ]
    gaps = rows_of_csv(run("gaps", "--standard", "walk15", "--format", "csv"))
    assert [(g["gap_id"], int(g["people"])) for g in gaps] == [
        (g["gap_id"], g["people"]) for g in gap_rows(beijing, asked)
    ]


def test_the_table_names_every_district_and_no_data_is_not_zero(run):
    result = run("coverage")
    assert result.exit_code == 0
    for name in ("东城", "海淀", "延庆"):
        assert name in result.stdout
    lost = run("coverage", "海淀", "--standard", "branch45")
    assert "无数据" in lost.stdout
    assert "0.0%" not in lost.stdout


def test_gaps_are_written_as_the_file_the_api_gives(beijing, run, tmp_path):
    out = tmp_path / "gaps.geojson"
    result = run("gaps", "昌平", "--standard", "transit45", "-o", str(out))
    assert result.exit_code == 0
    asked = understood(beijing, {"standard": "transit45"})
    assert out.read_bytes() == gap_geojson(beijing, asked, ("110114",))
    assert [p.name for p in tmp_path.iterdir()] == ["gaps.geojson"]


@pytest.mark.parametrize("cells", [True, False])
def test_the_graph_is_written_with_and_without_cells(beijing, run, tmp_path, cells):
    out = tmp_path / "network.json"
    assert run("network", "-o", str(out), "--cells" if cells else "--no-cells").exit_code == 0
    nodes = [n["id"] for n in json.loads(out.read_text(encoding="utf-8"))["nodes"]]
    found = sum(n.startswith("cell:") for n in nodes)
    assert found == (len(beijing.demand.cell) if cells else 0)
    assert len(nodes) - found == 16 + 343 + 233


@pytest.mark.parametrize("name", ["r.html", "r.xlsx"])
def test_a_report_is_written_by_its_ending(run, tmp_path, name):
    out = tmp_path / name
    result = run("report", "海淀", "-o", str(out), "--standard", "walk15")
    assert result.exit_code == 0
    assert out.read_bytes()[:2] == (b"PK" if name.endswith("xlsx") else b"<!")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_explains_in_both_languages_and_shows_an_example(run, command):
    result = run(*command, "--help", data=None)
    assert result.exit_code == 0
    assert any("\u4e00" <= c <= "\u9fff" for c in result.stdout)
    assert command == ["area"] or "Example" in result.stdout


def test_version_is_told(run, beijing):
    result = run("--version", data=None)
    assert (result.exit_code, beijing.manifest.version in result.stdout) == (0, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["coverage", "天津"],
        ["coverage", "--mode", "bike"],
        ["coverage", "--minutes", "0"],
        ["coverage", "--minutes", "half"],
        ["coverage", "--standard", "walk15", "--mode", "walk"],
        ["coverage", "--mode", "walk", "--surface-transit"],
        ["coverage", "--level", "city"],
        ["coverage", "--group", "everyone"],
        ["coverage", "--format", "xml"],
        ["coverage", "--colour", "red"],
        ["gaps", "nowhere"],
        ["gaps", "--kinds", "zoo"],
        ["report", "nowhere", "-o", "x.html"],
        ["report", "海淀", "-o", "x.html", "--lang", "fr"],
        ["build", "--area", "/nowhere"],
        ["build", "--standards", "/nowhere.yaml"],
        ["frobnicate"],
    ],
    ids=" ".join,
)
def test_bad_input_leaves_with_2_and_says_why(run, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments, data=tmp_path / "none" if arguments[0] == "build" else None)
    assert result.exit_code == 2, result.output
    assert result.stderr.strip()
    assert "Traceback" not in result.output
    assert not list(tmp_path.glob("*.html"))


@pytest.fixture(autouse=True)
def _data_is_the_published_one(beijing_data, monkeypatch):
    monkeypatch.setenv("VENUENET_DATA", str(beijing_data))


def test_what_is_refused_is_told_in_both_languages_with_the_allowed_values(run):
    result = run("coverage", "--mode", "bike")
    assert "参数有误" in result.stderr
    assert "Bad parameter" in result.stderr
    assert "walk, transit, drive" in " ".join(result.stderr.split())


@pytest.mark.parametrize("name", ["[/x]", "[bold]", "[/]"])
def test_brackets_in_a_name_are_told_as_they_are(run, name):
    result = run("coverage", name)
    assert result.exit_code == 2
    assert name in result.stderr


def test_a_damaged_snapshot_is_a_failure_not_bad_input(run, beijing_data, tmp_path):
    copy = tmp_path / "data"
    shutil.copytree(beijing_data, copy)
    (manifest,) = copy.glob("snapshots/*/manifest.json")
    manifest.unlink()
    result = run("coverage", data=copy)
    assert result.exit_code == 1
    assert "venuenet build" in result.stderr
    assert "Traceback" not in result.output


def test_a_file_that_cannot_be_written_is_a_failure_in_words(run, tmp_path):
    result = run("gaps", "海淀", "-o", str(tmp_path / "no" / "such" / "folder.geojson"))
    assert result.exit_code == 1
    assert "folder.geojson" in result.stderr


def test_a_sound_pack_is_found_sound(run):
    result = run("area", "check", str(area.default_root()), data=None)
    assert result.exit_code == 0
    assert "sound" in result.stdout


def test_a_broken_pack_is_told_all_its_faults_and_leaves_with_2(run, tmp_path):
    for path in area.default_root().iterdir():
        shutil.copyfile(path, tmp_path / path.name)
    text = (tmp_path / "venues.csv").read_text(encoding="utf-8")
    (tmp_path / "venues.csv").write_text(text.replace("science_museum", "zoo"), encoding="utf-8")
    (tmp_path / "townships.csv").unlink()
    result = run("area", "check", str(tmp_path), data=None)
    assert result.exit_code == 2
    assert "townships.csv" in result.stderr
    assert result.stderr.count("venues.csv") > 10


def test_a_fault_with_brackets_in_it_is_told_as_it_is(run, tmp_path):
    for path in area.default_root().iterdir():
        shutil.copyfile(path, tmp_path / path.name)
    text = (tmp_path / "venues.csv").read_text(encoding="utf-8")
    (tmp_path / "venues.csv").write_text(text.replace("science_museum", "[/]"), encoding="utf-8")
    result = run("area", "check", str(tmp_path), data=None)
    assert result.exit_code == 2
    assert "[/]" in result.stderr


def test_a_build_from_a_broken_pack_tells_every_fault_and_changes_nothing(run, tmp_path):
    pack, data = tmp_path / "pack", tmp_path / "data"
    shutil.copytree(area.default_root(), pack)
    text = (pack / "venues.csv").read_text(encoding="utf-8")
    (pack / "venues.csv").write_text(text.replace("science_museum", "zoo"), encoding="utf-8")
    result = run("build", "--area", str(pack), data=data)
    assert result.exit_code == 2
    assert result.stderr.count("venues.csv") == text.count("science_museum")
    assert not (data / "current").exists()
