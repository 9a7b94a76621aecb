"""`venuenet scenario`: trying, keeping, comparing and exporting what-ifs in the terminal."""

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from venuenet import cli_scenario, pipeline
from venuenet.cli import app
from venuenet.errors import BadQueryError
from venuenet.model import Question
from venuenet.publish.answers import coverage
from venuenet.publish.delta import delta, gap_delta, side_by_side
from venuenet.publish.snapshot import write
from venuenet.scenarios.apply import applied
from venuenet.scenarios.file import parse_scenario
from venuenet.store import SnapshotFolder
from venuenet.store.scenarios import ScenarioFolder

MINICITY = Path(__file__).parents[1] / "golden" / "minicity"
FILES = [MINICITY / name for name in ("pack", "standards.yaml", "assumptions.yaml")]
WALK = Question(mode="walk", minutes=15)
ASKED = ("--mode", "walk", "--minutes", "15")
OPENED = """
name_zh: 新馆[b]
name_en: a new one
edits:
- open: {name_zh: 新馆, kind: base, lon: 117.164, lat: 40.004}
"""
CLOSED = "name_zh: 关闭\nedits:\n- close: 乙区节点\n"


@pytest.fixture(scope="module")
def base():
    return pipeline.compute(pipeline.Inputs(*FILES))


@pytest.fixture
def data(base, tmp_path):
    root = tmp_path / "data"
    SnapshotFolder(root).publish(base, lambda folder: write(base, folder))
    return root


@pytest.fixture
def files(tmp_path):
    """Two scenario files."""
    found = tmp_path / "开馆.yaml", tmp_path / "关馆.json"
    found[0].write_text(OPENED, encoding="utf-8")
    found[1].write_text(
        json.dumps({"name_zh": "关闭", "edits": [{"close": "V5"}]}), encoding="utf-8"
    )
    return found


@pytest.fixture
def run(data):
    def call(*args, code=0):
        result = CliRunner(env={"COLUMNS": "120"}).invoke(
            app, ["scenario", *map(str, args), "--data", str(data)]
        )
        assert result.exit_code == code, result.output
        return result

    return call


def after(base, text):
    scenario = parse_scenario(base.area, text)
    return applied(base, scenario.edits, name=(scenario.name_zh, scenario.name_en))


def numbers(row):
    return [word for word in row.split() if any(c.isdigit() for c in word)]


def test_a_scenario_is_tried_without_being_kept(base, run, files, data):
    printed = run("try", files[0], *ASKED).stdout
    assert "新馆[b]" in printed
    assert "新开乙区“新馆”" in printed
    row = delta(base, after(base, OPENED), WALK)[1]
    line = next(line for line in printed.splitlines() if line.strip().startswith("乙区"))
    expected = [
        f"{row['before']['covered']:,}",
        f"{row['change']['covered']:+,}",
        f"{100 * row['before']['share']:.1f}%",
        f"{100 * row['after']['share']:.1f}%",
        f"{100 * row['change']['share']:+.1f}",
        str(row["after"]["median_minutes"]),
        f"{row['change']['median_minutes']:+.1f}",
    ]
    assert numbers(line) == expected
    still = next(line for line in printed.splitlines() if line.strip().startswith("甲区"))
    assert numbers(still)[1] == "0"
    assert not (data / "scenarios").exists()


@pytest.mark.parametrize("level", ["district", "township", "city", "group"])
def test_a_delta_is_printed_as_the_service_answers_it(base, run, files, level):
    asked = (*ASKED, "--level", level, "--gaps", "--format", "json")
    found = json.loads(run("try", files[0], *asked).stdout)
    then = after(base, OPENED)
    assert found["items"] == delta(base, then, WALK, level)
    assert found["gaps"] == gap_delta(base, then, WALK)
    assert found["base"] == base.manifest.snapshot
    assert found["snapshot"] == then.manifest.snapshot
    assert found["scenario"]["name_zh"] == "新馆[b]"
    assert found["level"] == level
    assert (found["mode"], found["minutes"]) == ("walk", 15)
    assert run("try", files[0], *ASKED, "--level", level).stdout


def test_a_delta_as_csv_has_a_row_per_area(base, run, files):
    printed = run("try", files[0], *ASKED, "--level", "township", "--format", "csv").stdout_bytes
    rows = list(csv.DictReader(io.StringIO(printed.decode("utf-8-sig"))))
    expected = delta(base, after(base, OPENED), WALK, "township")
    assert [int(r["covered_change"]) for r in rows] == [r["change"]["covered"] for r in expected]
    assert [r["township_code"] for r in rows] == ["A1", "A2", "B1", "B2"]


def test_every_option_of_the_question_is_read(base, run, files):
    for option, question in (
        (("--mode", "drive", "--minutes", "10"), Question(mode="drive", minutes=10)),
        (("--group", "seniors"), Question(group="seniors")),
        (("--kinds", "base"), Question(kinds=("base",))),
        (("--surface-transit",), Question(surface_transit=True)),
        (("--own-district",), Question(own_district=True)),
        (("--capacitated",), Question(capacitated=True)),
    ):
        found = json.loads(run("try", files[1], *option, "--format", "json").stdout)
        items = delta(base, after(base, CLOSED), question)
        assert found["items"] == items, option
    found = json.loads(run("try", files[1], "--district", "乙区", "--format", "json").stdout)
    assert [i["adcode"] for i in found["items"]] == ["B"]


def test_people_in_gaps_are_told_in_the_table(base, run, files):
    printed = run("try", files[1], *ASKED, "--gaps").stdout
    found = gap_delta(base, after(base, CLOSED), WALK)
    assert f"{found['people_before']:,} → {found['people_after']:,}" in printed
    assert f"gone {len(found['gone'])}" in printed
    unknown = run("try", files[1], *ASKED, "--gaps", "--group", "workers").stdout
    assert "缺口：无数据" in unknown
    assert "乙区" in unknown


def test_a_saved_scenario_is_listed_shown_tried_and_deleted(base, run, files, data, tmp_path):
    id_ = run("save", files[0]).stdout.strip()
    again = run("save", files[0])
    assert again.stdout.strip() == id_
    assert "早已保存" in again.stderr
    assert [n.id for n in ScenarioFolder(data).notes()] == [id_]
    assert id_ in run("list").stdout
    assert "新馆[b]" in run("list").stdout
    listed = json.loads(run("list", "--format", "json").stdout)["items"]
    assert [(i["id"], i["name_en"], i["edits"]) for i in listed] == [(id_, "a new one", 1)]
    shown = run("show", id_)
    assert "新开乙区“新馆”" in shown.stderr
    (tmp_path / "again.yaml").write_text(shown.stdout, encoding="utf-8")
    assert run("save", tmp_path / "again.yaml").stdout.strip() == id_
    of_id, of_file = (
        json.loads(run("try", named, *ASKED, "--format", "json").stdout)
        for named in (id_, files[0])
    )
    assert of_id == of_file
    run("delete", id_)
    assert "还没有" in run("list").stdout
    for command in ("show", "delete", "try"):
        assert id_ in run(command, id_, code=2).stderr


def test_scenarios_are_compared_whether_kept_or_in_a_file(base, run, files):
    id_ = run("save", files[1]).stdout.strip()
    found = json.loads(run("compare", id_, files[0], *ASKED, "--format", "json").stdout)
    named = [(id_, lambda: after(base, CLOSED)), (str(files[0]), lambda: after(base, OPENED))]
    assert found["items"] == side_by_side(base, named, WALK)
    assert [s["name_zh"] for s in found["scenarios"]] == ["关闭", "新馆[b]"]
    printed = run("compare", id_, files[0], *ASKED).stdout
    lost, won = (
        delta(base, after(base, text), WALK, "city")[0]["change"]["covered"]
        for text in (CLOSED, OPENED)
    )
    assert f"{lost:+,}" in printed
    assert f"{won:+,}" in printed
    only = json.loads(run("compare", id_, files[0], "--district", "A", "--format", "json").stdout)
    assert [i["adcode"] for i in only["items"]] == [None, "A"]


def test_an_exported_scenario_builds_to_the_same_numbers(base, run, files, tmp_path):
    printed = run("export", files[0], "--to", tmp_path / "pack")
    assert "venuenet build --area" in printed.stderr
    built = pipeline.compute(pipeline.Inputs(tmp_path / "pack", *FILES[1:]))
    assert coverage(built, WALK) == coverage(after(base, OPENED), WALK)
    assert coverage(built, WALK) != coverage(base, WALK)
    before = sorted((tmp_path / "pack").iterdir())
    assert "已经存在" in run("export", files[1], "--to", tmp_path / "pack", code=2).stderr
    assert sorted((tmp_path / "pack").iterdir()) == before


@pytest.mark.parametrize(("args", "told"), [
    (["try", "没有.yaml"], "无法读取"),
    (["try", "{0}", "--level", "village"], "level"),
    (["try", "{0}", "--level", "city", "--district", "A"], "district"),
    (["try", "{0}", "--level", "group", "--group", "seniors"], "group"),
    (["try", "{0}", "--minutes", "nan"], "minutes"),
    (["try", "{0}", "--district", "火星"], "火星"),
    (["try", "{0}", "--gaps", "--format", "csv"], "csv"),
    (["list", "--format", "csv"], "json"),
    (["show", "../data/current"], "没有情景"),
    (["show", "{0}"], "没有情景"),
    (["delete", ".."], "没有情景"),
    (["compare", "{0}"], "2 至 5"),
    (["compare", "{0}", "{0}"], "2 至 5"),
    (["compare", "{0}", "{1}", "--format", "csv"], "json"),
    (["compare", "{0}", "0123456789ab"], "没有情景"),
])  # fmt: skip
def test_what_cannot_be_understood_is_refused_in_both_languages(run, files, data, args, told):
    given = [arg.format(*files) for arg in args]
    said = run(*given, code=2).stderr
    assert told in said.replace("\n", "")
    assert any(c.isascii() and c.isalpha() for c in said)
    assert not (data / "scenarios").exists()


def test_every_fault_of_a_file_is_told_and_nothing_is_kept(run, tmp_path, data):
    path = tmp_path / "坏.yaml"
    path.write_text("name_zh: 坏\nedits:\n- close: 无此馆\n- opeen: 1\n", encoding="utf-8")
    said = run("save", path, code=2).stderr
    assert "无此馆" in said
    assert "opeen" in said
    path.write_text("name_zh: 坏\nedits:\n- headway: {line: 九号线, minutes: 3}\n", "utf-8")
    assert "九号线" in run("save", path, code=2).stderr
    assert not (data / "scenarios").exists()


def test_what_the_snapshot_cannot_carry_is_not_kept(run, files, data, monkeypatch):
    def refuse(*_, **__):
        raise BadQueryError("线路来自导入的班次", "lines are those of a feed", param="line")

    monkeypatch.setattr(cli_scenario, "applied", refuse)
    assert "lines are those of a feed" in run("save", files[0], code=2).stderr
    assert not (data / "scenarios").exists()
