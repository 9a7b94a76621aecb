"""GET /standards and /plan, and the commands beside them: every parameter changes the answer."""

import csv
import io
import json
import warnings
from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from api.app import create_app
from venuenet.cli import app
from venuenet.publish.snapshot import write
from venuenet.store import SnapshotFolder

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette would rather have httpx2, which is not httpx
    from starlette.testclient import TestClient

OBJECTIVE = {
    "objective": "o1", "name_zh": "步行可达", "name_en": None, "adcode": "110101",
    "metric": "walk15", "baseline": 0.2, "baseline_date": "2025-12-31", "target": 0.6,
    "target_date": "2030-12-31", "owner": "区科协", "source": "规划",
}  # fmt: skip
EXTRAS = {
    "objectives": [OBJECTIVE, {**OBJECTIVE, "objective": "o2", "adcode": None}],
    "population": {"110101": {"registered": 900_000, "year": 2024, "source": "公安"}},
}


@pytest.fixture(scope="module")
def data(beijing, tmp_path_factory):
    """A store of the embedded data with a user's own tables in its build."""
    m = beijing.manifest
    m = replace(m, snapshot="feedfeedfeedfeed", parameters={**m.parameters, "extras": EXTRAS})
    own, root = replace(beijing, manifest=m), tmp_path_factory.mktemp("own")
    SnapshotFolder(root).publish(own, lambda folder: write(own, folder))
    return root


@pytest.fixture(scope="module")
def client(data):
    with TestClient(create_app(SnapshotFolder(data)), raise_server_exceptions=False) as c:
        yield c


@pytest.fixture(scope="module")
def get(client):
    def ask(path):
        response = client.get(path)
        assert response.status_code == 200, response.text
        return response.json()

    return ask


@pytest.fixture(scope="module")
def run(data):
    def go(*arguments, where=data):
        return CliRunner().invoke(app, [*arguments, "--data", str(where)])

    return go


def test_standards_keep_their_items_and_gain_yardsticks_and_districts(get):
    answer = get("/standards")
    assert {"snapshot", "as_of", "sources"} <= set(answer)
    assert "walk15" in [s["id"] for s in answer["items"]]
    ids = [y["id"] for y in answer["yardsticks"]]
    assert {"building_101", "hall_101", "venue_china", "walk15"} <= set(ids)
    assert len(answer["districts"]) == 16 * len(ids)
    assert all(y["source"] and y["standing_zh"] and y["unit"] for y in answer["yardsticks"])
    for row in answer["districts"]:
        assert row["status_zh"] in ("达标", "接近", "未达", "无数据")
        assert row["yardstick"] in ids
        if row["status"] == "no_data":
            assert row["flags"]
        if row["value"] is None:
            assert any("no_" in f for f in row["flags"])


def test_level_gives_the_city_in_place_of_the_districts(get):
    rows = get("/standards?level=city")["districts"]
    assert {r["name_zh"] for r in rows} == {"北京市"}
    assert len(rows) * 16 == len(get("/standards?level=district")["districts"])


def test_basis_counts_other_people(get):
    def dongcheng(basis):
        rows = get(f"/standards?basis={basis}&yardstick=venue_china&district=东城")["districts"]
        assert len(rows) == 1
        return rows[0]

    assert dongcheng("resident")["people"] == 708_829
    assert dongcheng("registered")["people"] == 900_000
    assert dongcheng("registered")["value"] == 900_000 / 7


def test_yardstick_gives_one_and_district_those_named(get):
    answer = get("/standards?yardstick=hall_101&district=海淀&district=110101")
    assert [y["id"] for y in answer["yardsticks"]] == ["hall_101"]
    assert [r["name_zh"] for r in answer["districts"]] == ["东城区", "海淀区"]


BAD = [
    ("basis=x", "basis"), ("basis=", "basis"), ("basis=resident&basis=registered", "basis"),
    ("yardstick=hall", "yardstick"), ("yardstick=" + quote("对标"), "yardstick"),
    ("yardstick=%00", "yardstick"), ("yardstick=" + "9" * 4000, "yardstick"),
    ("level=township", "level"), ("level=NaN", "level"), ("level=city&district=海淀", "level"),
    ("yardstick=walk15&basis=registered", "basis"), ("district=上海", "district"), ("x=1", "x"),
    ("mode=walk", "mode"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "param"), BAD)
def test_what_cannot_be_answered_is_refused_with_what_can(client, query, param):
    response = client.get(f"/standards?{query}")
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["param"] == param
    assert problem["detail"]
    assert problem["detail_en"]
    if query != "basis=resident&basis=registered":
        assert problem["allowed"]


def test_the_plan_is_empty_until_objectives_are_imported(beijing_data):
    with TestClient(create_app(SnapshotFolder(beijing_data))) as client:
        answer = client.get("/plan").json()
    assert answer["items"] == []
    assert [p["zh"] for p in answer["periods"]] == ["十四五", "十五五"]


def test_the_plan_tells_progress_and_takes_districts(get, client):
    both = get("/plan")["items"]
    assert [r["objective"] for r in both] == ["o1", "o2"]
    assert [r["objective"] for r in get("/plan?district=东城")["items"]] == ["o1"]
    assert get("/plan?district=西城")["items"] == []
    row = both[0]
    assert row["progress"] == pytest.approx((row["now"] - 0.2) / 0.4)
    for query in ("district=nowhere", "since=x", "level=city"):
        response = client.get(f"/plan?{query}")
        assert response.status_code == 422
        assert response.json()["param"] == query.partition("=")[0]


anything = st.text(max_size=40) | st.sampled_from(["resident", "city", "hall_101", "海淀", "\x00"])


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["/standards", "/plan"]),
    st.lists(
        st.tuples(st.sampled_from(["basis", "yardstick", "level", "district", "x"]), anything),
        max_size=4,
    ),
)
def test_no_question_is_the_service_s_fault(client, path, asked):
    response = client.get(path, params=asked)
    assert response.status_code in (200, 422)
    if response.status_code == 422:
        assert response.json()["param"]


# the command line


@pytest.mark.parametrize(
    ("options", "query"),
    [
        ([], ""),
        (["海淀"], "district=海淀"),
        (["--basis", "registered"], "basis=registered"),
        (["--yardstick", "hall_101"], "yardstick=hall_101"),
        (["--level", "city"], "level=city"),
        (
            ["show", "海淀", "东城", "--yardstick", "walk15"],
            "yardstick=walk15&district=海淀&district=东城",
        ),
    ],
)
def test_the_command_gives_the_numbers_of_the_service(run, get, options, query):
    result = run("standards", *options, "--format", "json")
    assert result.exit_code == 0, result.output
    told, answer = json.loads(result.stdout), get(f"/standards?{query}")
    for name in ("items", "districts", "basis", "level", "snapshot"):
        assert told[name] == answer[name]
    shown = run("standards", *options)
    assert shown.exit_code == 0
    assert "无数据" in shown.stdout


def test_the_command_s_csv_has_a_row_per_district_and_yardstick(run, get):
    result = run("standards", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout.removeprefix("\ufeff"))))
    assert len(rows) == len(get("/standards")["districts"])


@pytest.mark.parametrize(
    "options",
    [
        ["--basis", "x"],
        ["--yardstick", "x"],
        ["--level", "x"],
        ["上海"],
        ["海淀", "--level", "city"],
    ],
)
def test_the_command_leaves_with_2_for_what_cannot_be_answered(run, options):
    assert run("standards", *options).exit_code == 2


def test_the_plan_s_command_gives_the_numbers_of_the_service(run, get, data):
    told = json.loads(run("plan", "--format", "json").stdout)
    assert told["items"] == get("/plan")["items"]
    assert json.loads(run("plan", "东城", "--format", "json").stdout)["items"] == told["items"][:1]
    assert "步行可达" in run("plan").stdout
    assert len(run("plan", "--format", "csv").stdout.splitlines()) == 3
    for since in ("feedfeedfeedfeed", str(data / "snapshots" / "feedfeedfeedfeed")):
        rows = json.loads(run("plan", "--since", since, "--format", "json").stdout)["items"]
        assert rows[0]["before"] == rows[0]["now"]
    for since in ("nothing", "../..", "\x00", "."):
        assert run("plan", "--since", since).exit_code in (1, 2)


def test_a_table_is_imported_for_the_next_build_and_its_faults_change_nothing(run, tmp_path):
    table, where = tmp_path / "t.csv", tmp_path / "data"
    assert run("standards", "template", "-o", str(table), "--what", "x", where=where).exit_code != 0
    made = CliRunner().invoke(
        app, ["standards", "template", "-o", str(table), "--what", "objectives"]
    )
    assert made.exit_code == 0
    good = "o1,甲,,东城,walk15,0.1,2025,0.6,2030,,规划\n"
    table.write_text(table.read_text("utf-8-sig") + good, "utf-8")
    args = ["standards", "import", str(table), "--what"]
    assert run(*args, "objectives", where=where).exit_code == 0
    kept = where / "inputs" / "objectives.csv"
    before = kept.read_bytes()
    assert "110101" in before.decode()
    table.write_text(table.read_text("utf-8") + good.replace("walk15", "nothing"), "utf-8")
    refused = run(*args, "objectives", where=where)
    assert refused.exit_code == 2
    assert kept.read_bytes() == before
    assert run(*args, "population", where=where).exit_code == 2
    assert run(*args, "scores", where=where).exit_code == 2
    assert [p.name for p in kept.parent.iterdir()] == ["objectives.csv"]
