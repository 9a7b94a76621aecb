"""GET /mobile and `venuenet mobile`, over Beijing."""

import json
import warnings

import pytest
from typer.testing import CliRunner

from api.app import create_app
from venuenet.cli import app
from venuenet.model import Question
from venuenet.proposals import mobile_apart
from venuenet.proposals.mobile import mobile_answer
from venuenet.proposals.mobile_ask import parse_mobile
from venuenet.proposals.mobile_map import mobile_html
from venuenet.store import SnapshotFolder

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette would rather have httpx2, which is not httpx
    from starlette.testclient import TestClient

runner = CliRunner()
ASKED = "district=延庆&days=4"


@pytest.fixture(scope="module")
def client(beijing_data):
    with TestClient(create_app(SnapshotFolder(beijing_data)), raise_server_exceptions=False) as c:
        yield c


@pytest.fixture(scope="module")
def plan(client):
    response = client.get(f"/mobile?{ASKED}")
    assert response.status_code == 200, response.text
    return response.json()


def test_the_stops_add_up_and_never_exceed_the_uncovered(plan, client):
    told = client.get("/coverage?district=延庆").json()["items"][0]
    assert plan["uncovered"] == told["uncovered"]
    assert plan["people"] == sum(r["people"] for r in plan["items"])
    assert plan["people"] == sum(d["people"] for d in plan["day_totals"])
    assert 0 < plan["people"] <= plan["bound"] <= plan["in_reach_of_stops"] <= plan["uncovered"]


def test_every_day_keeps_the_hours_and_no_stop_is_made_twice(plan):
    assert all(d["hours"] <= 8 and d["back"] <= "16:00" for d in plan["day_totals"])
    assert len(plan["day_totals"]) <= 4
    stops = [r["stop_id"] for r in plan["items"]]
    left = [r["stop_id"] for r in plan["left_out"]]
    assert len(stops) == len(set(stops))
    assert len(stops) + len(left) == sum(plan["candidates"].values())
    assert not set(stops) & set(left)


def test_assumptions_and_the_estimate_are_labelled(plan):
    names = {a["name"] for a in plan["assumptions"]}
    assert {"hours", "start", "stop_minutes", "set_up_minutes", "reach_km", "depot"} <= names
    assert plan["drive"]["estimated"]
    assert {"mobile_assumptions", "drive_estimated"} <= set(plan["flags"])
    assert plan["depot"]["default"]


@pytest.mark.parametrize(
    "query",
    [
        "days=0", "hours=nan", "stop_minutes=1e9", "set_up_minutes=-1", "reach_km=三",
        "start=25:00", "from=没有这个馆", "from=0,0", "from=nan,nan", "stops=x", "time_limit_s=21",
        "village=1", "days=1&days=2", "minutes=0",
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_its_name(client, query):
    for path in ("/mobile", "/mobile.geojson"):
        response = client.get(f"{path}?{query}")
        assert response.status_code == 422, response.text
        assert response.json()["param"] == query.partition("=")[0]


def test_the_drawing_has_the_depot_the_days_and_the_stops(client, plan):
    response = client.get(f"/mobile.geojson?{ASKED}")
    assert "attachment" in response.headers["content-disposition"]
    drawn = response.json()
    kinds = [f["properties"]["what"] for f in drawn["features"]]
    assert kinds.count("depot") == 1
    assert kinds.count("day") == len(plan["day_totals"])
    assert kinds.count("stop") == len(plan["items"])
    assert drawn["label_zh"].startswith("示意图")


def test_the_command_gives_the_same_plan(plan, beijing_data):
    given = ["mobile", "--district", "延庆", "--days", "4", "--data", str(beijing_data)]
    told = runner.invoke(app, [*given, "--format", "json"])
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["items"] == plan["items"]
    assert runner.invoke(app, [*given, "--hours", "99"]).exit_code == 2


def test_where_venues_have_no_position_there_is_no_data(beijing):
    only = Question(kinds=("center_district",))
    answer = mobile_answer(beijing, parse_mobile(only, ("110119",)))
    assert (answer["people"], answer["status"]) == (None, "no_data")
    assert answer["flags"] == ["no_data:venues_unlocated"]
    assert "无数据" in mobile_html(beijing, parse_mobile(only, ("110119",)), answer)


def test_a_search_that_does_not_end_is_ended_and_told(client, monkeypatch):
    monkeypatch.setattr(mobile_apart, "GRACE_S", -14.99)  # of 15 s: too short even to start
    answer = client.get(f"/mobile?{ASKED}&stop_minutes=77")
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:venuenet:problem:search-failed"
    assert answer.json()["detail_en"].startswith("the search for routes did not finish")
