"""The network's answers over HTTP and on the command line: every parameter counts or is refused."""

import csv
import io
import json
import warnings
from urllib.parse import quote

import pytest
from typer.testing import CliRunner

from api.app import create_app
from venuenet.cli import app
from venuenet.publish.answers import VENUE_COLUMNS
from venuenet.store import SnapshotFolder

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette would rather have httpx2, which is not httpx
    from starlette.testclient import TestClient

TIES = ["dependence", "closures", "redundancy", "communities", "flow"]
ALL = [*TIES, "system"]
ASKED = {"snapshot", "as_of", "sources", "mode", "minutes", "kinds", "group", "travel", "flags"}
CHANGES = ["mode=walk", "minutes=30", "standard=walk15", "kinds=base", "surface_transit=true"]
VENUE = {"venue_id", "name_zh", "name_en", "kind", "adcode"}


@pytest.fixture(scope="module")
def client(beijing_data):
    with TestClient(create_app(SnapshotFolder(beijing_data)), raise_server_exceptions=False) as c:
        yield c


@pytest.fixture(scope="module")
def get(client):
    def ask(path):
        response = client.get(f"/network/{path}")
        assert response.status_code == 200, response.text
        return response.json()

    return ask


@pytest.fixture(scope="module")
def refused(client):
    def ask(path):
        response = client.get(f"/network/{path}")
        assert response.status_code == 422, response.text
        assert response.headers["content-type"] == "application/problem+json"
        return response.json()

    return ask


def told(answer):
    """What an answer says beside the parameters it understood."""
    asked = {"standard", "mode", "minutes", "k", "group", "kinds", "surface_transit", "travel"}
    return {n: v for n, v in answer.items() if n not in asked}


@pytest.mark.parametrize("name", ALL)
def test_every_answer_carries_the_envelope_the_question_and_its_flags(get, name):
    answer = get(name)
    assert set(answer) >= ASKED
    assert answer["items"]
    assert "demand_modelled" in answer["flags"]
    assert "travel_estimated" in answer["flags"]


@pytest.mark.parametrize("name", TIES)
@pytest.mark.parametrize("change", CHANGES)
def test_every_parameter_of_a_question_changes_the_answer(get, name, change):
    assert told(get(f"{name}?{change}")) != told(get(name))


@pytest.mark.parametrize("name", ["dependence", "closures", "redundancy", "flow", "system"])
def test_the_group_changes_the_answer(get, name):
    assert told(get(f"{name}?group=seniors")) != told(get(name))
    assert "group_estimated" in get(f"{name}?group=seniors")["flags"]


def test_the_group_changes_who_is_shared(get):
    one, other = (get(f"communities?mode=walk&minutes=15{g}") for g in ("", "&group=seniors"))
    assert one["bridges"]
    assert {b["people"] for b in one["bridges"]} != {b["people"] for b in other["bridges"]}


@pytest.mark.parametrize("change", ["mode=walk", "minutes=30", "surface_transit=true"])
def test_every_parameter_of_the_system_changes_the_answer(get, change):
    assert told(get(f"system?{change}")) != told(get("system"))


@pytest.mark.parametrize("name", ["standard=walk15", "kinds=base", "district=海淀", "top=3"])
def test_the_system_refuses_what_it_does_not_ask(refused, name):
    problem = refused(f"system?{name}")
    assert problem["param"] == name.partition("=")[0]
    assert "minutes" in problem["allowed"]


def test_k_comes_with_its_standard(get):
    one, two = get("closures?minutes=60"), get("closures?standard=choice60")
    assert (one["k"], two["k"]) == (1, 2)
    assert [i["lost"] for i in one["items"]] != [i["lost"] for i in two["items"]]


# What cannot be asked


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("param", ["own_district", "capacitated"])
def test_own_venues_alone_and_capacities_are_refused_and_false_is_not(get, refused, name, param):
    problem = refused(f"{name}?{param}=true")
    assert problem["param"] == param
    assert problem["allowed"] == ["false"]
    assert told(get(f"{name}?{param}=false")) == told(get(name))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("nasty", "param"),
    [
        ("minutes=0", "minutes"),
        ("minutes=121", "minutes"),
        ("minutes=-5", "minutes"),
        ("minutes=NaN", "minutes"),
        ("minutes=1e9", "minutes"),
        ("minutes=" + "9" * 400, "minutes"),
        ("minutes=四十五", "minutes"),
        ("minutes=15&minutes=30", "minutes"),
        ("mode=飞", "mode"),
        ("mode=walk&surface_transit=true", "surface_transit"),
        ("surface_transit=perhaps", "surface_transit"),
        ("group=nobody", "group"),
        ("misspelt=1", "misspelt"),
        ("district=海淀&top=5&x=1", None),
    ],
)
def test_nasty_questions_are_refused_by_name(refused, name, nasty, param):
    problem = refused(f"{name}?{nasty}")
    assert param is None or problem["param"] == param
    assert problem["detail"]
    assert problem["detail_en"]


@pytest.mark.parametrize("name", TIES)
def test_unknown_kinds_and_standards_are_refused(refused, name):
    assert refused(f"{name}?kinds=zoo")["param"] == "kinds"
    assert refused(f"{name}?standard=zoo")["param"] == "standard"
    assert refused(f"{name}?standard=walk15&minutes=15")["param"] == "standard"


@pytest.mark.parametrize("top", ["0", "-1", "1001", "NaN", "ten", "十", "1.5", "", "²"])
def test_top_is_a_whole_number_within_limits(refused, top):
    problem = refused(f"closures?top={quote(top)}")
    assert problem["param"] == "top"
    assert problem["allowed"] == ["1..1000"]


def test_communities_reach_no_further_than_the_matrix(get, refused):
    assert get("communities?minutes=60")["items"]
    problem = refused("communities?minutes=61")
    assert (problem["param"], problem["allowed"]) == ("minutes", ["1..60"])


# Closures


def test_closures_are_ranked_by_their_loss(get):
    answer = get("closures?top=1000")
    lost = [i["lost"] for i in answer["items"]]
    assert lost == sorted(lost, reverse=True)
    assert [i["rank"] for i in answer["items"]] == list(range(1, answer["venues"] + 1))
    for item in answer["items"]:
        assert set(item) >= VENUE
        assert item["lost"] == sum(d["lost"] for d in item["districts"])
        assert item["extra_person_minutes"] >= 0


def test_top_lists_the_first_of_them(get):
    every, some = get("closures"), get("closures?top=3")
    assert some["items"] == every["items"][:3]
    assert (some["top"], every["top"], len(every["items"])) == (3, 50, 50)
    assert some["venues"] == every["venues"]


def test_a_district_counts_its_own_residents_losses(get):
    whole, part = get("closures?top=1000"), get("closures?district=大兴&top=1000")
    assert part["district"] == ["110115"]
    lost = {i["venue_id"]: i["districts"] for i in whole["items"]}
    for item in part["items"]:
        mine = [d["lost"] for d in lost[item["venue_id"]] if d["adcode"] == "110115"]
        assert item["lost"] == sum(mine)
        assert {d["adcode"] for d in item["districts"]} <= {"110115"}
    assert part["venues"] < whole["venues"]
    two = get("closures?district=大兴&district=fangshan&top=1000")
    assert sum(i["lost"] for i in two["items"]) == sum(
        i["lost"]
        for d in ("大兴", "fangshan")
        for i in get(f"closures?district={d}&top=1000")["items"]
    )


def test_an_unknown_district_is_refused(client):
    assert client.get("/network/closures?district=上海").status_code == 422


def test_venues_go_by_the_ids_of_the_list(get, client):
    known = {v["venue_id"]: v for v in client.get("/venues").json()["items"]}
    assert set(VENUE_COLUMNS) >= VENUE
    for item in get("closures")["items"]:
        assert {n: known[item["venue_id"]][n] for n in VENUE} == {n: item[n] for n in VENUE}


# The graph and the command line


def test_the_graph_itself_is_still_served(client):
    answer = client.get("/network").json()
    assert {"nodes", "edges"} <= set(answer["items"])
    assert client.get("/network?minutes=30").status_code == 422


@pytest.fixture(scope="module")
def run(beijing_data):
    def go(*arguments):
        return CliRunner().invoke(app, ["network", *arguments, "--data", str(beijing_data)])

    return go


@pytest.mark.parametrize("name", ALL)
def test_the_command_line_gives_the_numbers_of_the_api(get, run, name):
    result = run(
        name, "--mode", "walk", "--minutes", "30", "--group", "seniors", "--format", "json"
    )
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == get(f"{name}?mode=walk&minutes=30&group=seniors")


def test_the_command_line_takes_districts_and_top(get, run):
    result = run("closures", "海淀", "changping", "--top", "4", "--format", "json")
    assert json.loads(result.stdout) == get("closures?district=海淀&district=changping&top=4")


@pytest.mark.parametrize("name", ALL)
def test_a_spreadsheet_holds_a_row_per_item(get, run, name):
    result = run(name, "--format", "csv")
    assert result.exit_code == 0, result.output
    text = result.stdout_bytes.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    items = get(f"{name}?" + ("top=50" if name == "closures" else ""))["items"]
    assert len(rows) == len(items)
    for row, item in zip(rows, items, strict=True):
        for column in set(row) & set(item):
            value = item[column]
            if isinstance(value, int | float | None):
                assert row[column] == ("" if value is None else str(value))


@pytest.mark.parametrize("name", ALL)
def test_a_table_says_what_it_rests_on(run, name):
    result = run(name)
    assert result.exit_code == 0, result.output
    assert "截至" in result.stdout
    assert "demand_modelled" in "".join(result.stdout.split())


def test_a_table_shows_no_data_as_such(run):
    assert "无数据" in run("system").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("closures", "--top", "0"),
        ("closures", "上海"),
        ("communities", "--minutes", "61"),
        ("flow", "--minutes", "NaN"),
        ("dependence", "--group", "nobody"),
        ("redundancy", "--kinds", "zoo"),
    ],
    ids=" ".join,
)
def test_the_command_line_leaves_with_2_at_bad_input(run, arguments):
    assert run(*arguments).exit_code == 2


@pytest.mark.parametrize(
    ("name", "fmt"), [("closures", "csv"), ("communities", "table"), ("system", "csv")]
)
def test_an_empty_answer_is_still_an_answer(run, name, fmt):
    result = run(name, "--group", "workers", "--format", fmt)
    assert result.exit_code == 0, result.output
    assert result.stdout
