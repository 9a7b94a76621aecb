"""The registry's commands: what they print, what they leave behind, how they refuse."""

import csv
import datetime as dt
import io
import json

import pytest
from typer.testing import CliRunner

from venuenet import area as areas
from venuenet import pipeline
from venuenet.cli import app
from venuenet.intake import seed
from venuenet.publish.quality import quality
from venuenet.registry.model import Actor
from venuenet.registry.resolve import register
from venuenet.registry.review import questions
from venuenet.review_terminal import ask_all
from venuenet.store import open_store

ROWS = """场馆名称,所属区,类别,地址,经度,纬度
蓝莓飞船馆,门头沟区,科技馆,大峪街道,,
海淀测试科技馆,海淀区,科技馆,,116.2031,40.0577
=1+1科技馆<script>,昌平区,科技馆,,,
"""


@pytest.fixture
def run(tmp_path):
    def do(*words, code=0):
        result = CliRunner().invoke(app, [*map(str, words), "--data", str(tmp_path / "data")])
        assert result.exit_code == code, result.output
        return result

    return do


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "清单.csv"
    path.write_text(ROWS, encoding="gb18030")
    return path


def test_an_import_prints_what_became_of_every_row_and_how_to_undo_it(run, rows):
    shown = run("import", rows, "--datum", "wgs84", "--dry-run").output
    assert "预演，未写入" in shown
    done = run("import", rows, "--datum", "wgs84").output
    for said in ("新增 1 added", "待核对 2 queued", "venuenet undo 2", "venuenet review"):
        assert said in done
    again = run("import", rows, "--datum", "wgs84").output
    assert "没有变化，未写入" in again
    run("undo", 2, "--why", "试")
    told = json.loads(run("receipts", "--format", "json").stdout)
    assert [(r["receipt"], r["kind"], r["undone_by"]) for r in told] == [
        (3, "undo", None), (2, "import", 3), (1, "seed", None),
    ]  # fmt: skip
    run("undo", 2, code=1)


def test_csv_and_json_account_for_every_row_and_no_cell_is_a_formula(run, rows):
    out = run("import", rows, "--datum", "wgs84", "--dry-run", "--format", "csv").stdout_bytes
    told = list(csv.DictReader(io.StringIO(out.decode("utf-8-sig"))))
    assert [(r["row"], r["outcome"]) for r in told] == [
        ("2", "queued"), ("3", "added"), ("4", "queued"),
    ]  # fmt: skip
    assert told[2]["name"] == "'=1+1科技馆<script>"
    answer = json.loads(run("import", rows, "--datum", "wgs84", "--format", "json").stdout)
    assert (answer["receipt"], answer["counts"]) == (2, {"added": 1, "queued": 2})
    assert answer["columns"]["清单.csv"]["场馆名称"] == "name_zh"


@pytest.mark.parametrize(("words", "said"), [
    (["--datum", "mars"], "gcj02"),
    (["--column", "馆名"], "表头=字段"),
    (["--area", "nowhere"], "nowhere"),
])  # fmt: skip
def test_a_wrong_option_is_told_in_both_languages(run, rows, words, said):
    assert said in run("import", rows, *words, code=2).output


def test_a_file_that_is_no_list_is_refused_with_a_table_and_changes_nothing(run, tmp_path):
    path = tmp_path / "x.xlsx"
    path.write_bytes(b"PK\x03\x04 no")
    assert "x.xlsx" in run("import", path, code=2).output
    told = json.loads(run("receipts", "--format", "json").stdout)
    assert [r["kind"] for r in told] == ["seed"]


def test_review_lists_answers_and_remembers_who_and_why(run, rows):
    run("import", rows, "--datum", "wgs84")
    listed = json.loads(run("review", "--list", "--format", "json").stdout)
    assert [q["kind"] for q in listed] == ["new", "new"]
    berry = next(q for q in listed if q["adcode"] == "110109")
    assert berry["id"] in run("review", "--list", "--district", "门头沟").output
    run("review", berry["id"], "merge", code=2)
    run("review", berry["id"], "move", "--at", "116.1,39.94", "--who", "王", "--why", "现场核实")
    run("review", berry["id"], "accept", code=1)
    told = json.loads(run("history", berry["venues"][0]["venue_id"], "--format", "json").stdout)
    assert told["standing"] == "confirmed"
    last = told["events"][-1]
    assert (last["who"], last["why"], last["kind"]) == ("王", "现场核实", "decision")
    assert "现场核实" in run("history", berry["venues"][0]["venue_id"]).output
    run("history", "V404", code=2)


def test_one_answer_for_all_that_match(run, rows):
    run("import", rows, "--datum", "wgs84")
    run("review", "--kind", "new", "--matching", "蓝莓", "--all", "reject", "--why", "不存在")
    left = json.loads(run("review", "--list", "--format", "json").stdout)
    assert [q["adcode"] for q in left] == ["110114"]


def test_the_review_in_the_terminal_goes_from_question_to_question(run, rows, tmp_path):
    run("import", rows, "--datum", "wgs84")
    store, area = open_store(data=tmp_path / "data"), areas.load()
    found = questions(store, area)
    typed = iter(["x", "p", "核实", "0,0", "p", "核实", "116.1,39.94", "u", "r", "假", "q"])
    prompts = []

    def ask(prompt):
        prompts.append(prompt)
        return next(typed)

    assert ask_all(store, area, found, Actor("李"), ask) == 1
    standings = {v.get("name_zh"): v.standing for v in register(store.ledger()).values()}
    assert standings["蓝莓飞船馆"] == "rejected"
    assert "撤销上一个 undo" in prompts[0]
    store.close()


def test_a_day_in_the_past_has_the_venues_of_that_day(tmp_path, run):
    path = tmp_path / "新馆.csv"
    path.write_text(
        "场馆名称,所属区,类别,经度,纬度,开放日期,有效期\n"
        "海淀测试科技馆,海淀区,科技馆,116.2031,40.0577,2026-03-01,\n"
        "密云测试基地,密云区,科普基地,116.8500,40.3800,,2021-2025\n",
        encoding="utf-8",
    )
    run("import", path, "--datum", "wgs84", "--date", "2026-06-01")
    store = open_store(data=tmp_path / "data")
    ledger = seed(store, areas.load())
    store.close()

    def counted(day):
        with pipeline.registered(pipeline.Inputs(), ledger, day) as inputs:
            area = areas.load(inputs.area)
        assert area.meta.as_of == (day or dt.date(2026, 10, 7))
        return {v.name_zh: v.status for v in area.venues if "测试" in v.name_zh}

    assert counted(dt.date(2025, 12, 31)) == {
        "海淀测试科技馆": "planned",
        "密云测试基地": "unknown",
    }
    assert counted(dt.date(2026, 3, 1)) == {"海淀测试科技馆": "unknown", "密云测试基地": "lapsed"}
    assert counted(None)["密云测试基地"] == "lapsed"


def test_a_build_counts_imported_venues_and_tells_how_many_questions_wait(run, tmp_path):
    path = tmp_path / "清单.csv"
    path.write_text(ROWS, encoding="utf-8")
    before = json.loads(run("coverage", "--standard", "walk15", "--format", "json").stdout)
    run("import", path, "--datum", "wgs84")
    run("build")
    after = json.loads(run("coverage", "--standard", "walk15", "--format", "json").stdout)
    gained = {
        a["name_zh"]: a["covered"] - b["covered"]
        for a, b in zip(after["items"], before["items"], strict=True)
    }
    assert gained.pop("海淀区") > 0
    assert set(gained.values()) == {0}
    assert {s["id"] for s in after["sources"]} > {s["id"] for s in before["sources"]}
    told = json.loads(run("quality", "--format", "json").stdout)
    waiting = {r["name_zh"]: r["questions_open"] for r in told["items"]}
    assert (waiting["门头沟区"], waiting["昌平区"], waiting["海淀区"]) == (1, 1, 0)


def test_quality_without_a_registry_has_nothing_waiting(beijing):
    assert {r["questions_open"] for r in quality(beijing)} == {0}
    assert sum(r["validity_over"] for r in quality(beijing)) == 11
