"""GET /uncertainty and `venuenet uncertainty`, over Beijing."""

import csv
import dataclasses
import io
import json
import warnings
from urllib.parse import quote

import pytest
from typer.testing import CliRunner

from api.app import create_app
from venuenet.cli import app
from venuenet.coverage import coverage_by
from venuenet.model import Question
from venuenet.publish import answers
from venuenet.publish.uncertainty import COLUMNS, Draws, seconds_per_metre, uncertainty_answer
from venuenet.store import SnapshotFolder

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette would rather have httpx2, which is not httpx
    from starlette.testclient import TestClient

runner = CliRunner()
NUMBERS = ("covered", "share", "low", "high", "p5", "p50", "p95", "mean")


@pytest.fixture(scope="module")
def client(beijing_data):
    with TestClient(create_app(SnapshotFolder(beijing_data)), raise_server_exceptions=False) as c:
        yield c


@pytest.fixture(scope="module")
def get(client):
    """JSON of a path that must answer."""

    def ask(query=""):
        response = client.get(f"/uncertainty?draws=60&{query}" if "draws" not in query else
                              f"/uncertainty?{query}")  # fmt: skip
        assert response.status_code == 200, response.text
        return response.json()

    return ask


@pytest.fixture(scope="module")
def usual(get):
    return get()


def test_every_district_has_bounds_draws_and_sources_in_their_order(usual):
    assert len(usual["items"]) == 16
    for row in (*usual["items"], usual["total"]):
        assert row["low"] <= row["share"] <= row["high"]
        assert row["low"] <= row["p5"] <= row["p50"] <= row["p95"] <= row["high"]
        assert row["low"] <= row["mean"] <= row["high"]
        for ends in row["by_source"].values():
            assert row["low"] <= ends["low"] <= row["share"] <= ends["high"] <= row["high"]
        widths = {n: e["high"] - e["low"] for n, e in row["by_source"].items()}
        if row["main_source"] is None:
            assert max(widths.values()) == 0
        else:
            assert widths[row["main_source"]] == max(widths.values()) > 0


def test_the_bounds_are_those_of_coverage(usual, client):
    told = client.get("/coverage").json()["items"]
    for row, other in zip(usual["items"], told, strict=True):
        for name in ("adcode", "people", "covered", "flags"):
            assert row[name] == other[name]
        for name in ("share", "low", "high"):
            assert row[name] == pytest.approx(other[name])


def test_the_total_of_all_districts_is_the_city(usual, beijing):
    city = answers.coverage(beijing, Question(), "city")[0]
    total = usual["total"]
    assert (total["people"], total["covered"]) == (city["people"], city["covered"])
    # A district is rounded outwards to a person of its own.
    for end in ("low", "high"):
        assert total[end] * city["people"] == pytest.approx(city[end] * city["people"], abs=16)


def test_draws_of_districts_add_up_draw_by_draw(usual):
    total, rows = usual["total"], usual["items"]
    mean = sum(r["mean"] * r["people"] for r in rows) / total["people"]
    assert total["mean"] == pytest.approx(mean, abs=1e-3)


def test_people_are_off_by_the_factors_of_the_assumptions(usual, beijing):
    assumed = usual["assumed"]
    doubt = answers.demand_doubt(beijing)
    assert doubt.cell == assumed["cell_factor"]["value"] > 1
    assert doubt.township == assumed["township_factor"]["value"] > 1


def test_what_is_assumed_is_told_with_its_source(usual):
    assert set(usual["assumed"]) == {
        "cell_factor", "township_factor", "error_km", "open_probability",
    }  # fmt: skip
    assert all(v["source"] and v["confidence"] for v in usual["assumed"].values())


@pytest.mark.parametrize(
    "query",
    ["mode=walk", "minutes=30", "standard=walk15", "group=seniors", "kinds=base",
     "surface_transit=true", "seed=2", "draws=61"],
)  # fmt: skip
def test_a_parameter_changes_the_answer(get, usual, query):
    assert get(query)["items"] != usual["items"]


def test_districts_are_those_asked_for_and_the_total_is_theirs(get, usual):
    found = get(f"district={quote('海淀')}&district=yanqing")
    assert [r["adcode"] for r in found["items"]] == ["110108", "110119"]
    assert found["items"] == [r for r in usual["items"] if r["adcode"] in ("110108", "110119")]
    assert found["total"]["people"] == sum(r["people"] for r in found["items"])
    assert found["total"]["covered"] == sum(r["covered"] for r in found["items"])
    assert found["total"]["people"] < usual["total"]["people"]


def test_the_same_seed_gives_the_same_answer(get, usual):
    assert get("seed=1") == usual


@pytest.mark.parametrize("name", ["draws", "seed"])
@pytest.mark.parametrize(
    "value", ["-1", "0x10", "1e2", "NaN", "", "49.5", "9" * 400, "五十", "١٠٠", " 60", "4294967296"]
)
def test_numbers_that_are_none_are_refused_with_their_bounds(client, name, value):
    response = client.get(f"/uncertainty?{name}={quote(value)}")
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    told = response.json()
    assert told["param"] == name
    assert told["allowed"] == [{"draws": "50..1000", "seed": "0..4294967295"}[name]]


@pytest.mark.parametrize("value", ["49", "1001"])
def test_too_few_or_too_many_draws_are_refused(client, value):
    assert client.get(f"/uncertainty?draws={value}").status_code == 422


@pytest.mark.parametrize(
    ("query", "param"),
    [("own_district=true", "own_district"), ("capacitated=true", "capacitated"),
     ("sed=1", "sed"), ("level=township", "level"), ("group=nobody", "group"),
     ("mode=fly", "mode"), ("minutes=0", "minutes"), ("district=nowhere", "district"),
     (f"kinds={quote('科技')}", "kinds")],
)  # fmt: skip
def test_what_cannot_be_drawn_or_read_is_refused_by_name(client, query, param):
    response = client.get(f"/uncertainty?{query}")
    assert response.status_code == 422, response.text
    assert response.json()["param"] == param


def test_a_group_nobody_counted_is_no_data_with_a_reason(get):
    answer = get("group=farmers")
    for row in (*answer["items"], answer["total"]):
        assert all(row[name] is None for name in NUMBERS)
        assert set(row["by_source"].values()) == {None}
        assert "no_data:group_unknown" in row["flags"]


def test_kinds_mostly_without_a_position_are_no_data(get):
    answer = get("kinds=center_district")
    for row in (*answer["items"], answer["total"]):
        assert row["people"] is not None
        assert all(row[name] is None for name in NUMBERS)
        assert "no_data:venues_unlocated" in row["flags"]


def test_a_metre_costs_what_its_mode_and_traveller_make_of_it(beijing):
    assert seconds_per_metre(beijing, Question(mode="walk")) == pytest.approx(1.3 * 3.6 / 4.8)
    assert seconds_per_metre(beijing, Question(mode="drive")) == pytest.approx(1.4 * 3.6 / 30)
    slow = seconds_per_metre(beijing, Question(mode="walk", group="seniors"))
    assert slow > seconds_per_metre(beijing, Question(mode="walk"))


def test_the_command_gives_the_numbers_of_the_api(beijing_data, usual):
    said = ["uncertainty", "--draws", "60", "--data", str(beijing_data)]
    found = json.loads(runner.invoke(app, [*said, "--format", "json"]).stdout)
    assert found["items"] == usual["items"]
    assert found["total"] == usual["total"]
    assert (found["draws"], found["seed"]) == (60, 1)
    table = runner.invoke(app, [*said, "--mode", "walk", "海淀"]).stdout
    assert "海淀区" in table
    assert "朝阳区" not in table
    seeded = runner.invoke(app, [*said, "--seed", "9", "--format", "json"]).stdout
    assert json.loads(seeded)["items"] != usual["items"]
    text = runner.invoke(app, [*said, "--format", "csv"]).stdout_bytes.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 17
    assert float(rows[5]["p95"]) == usual["items"][5]["p95"]


@pytest.mark.parametrize("said", [["--draws", "5"], ["--seed", "x"], ["--own-district"]])
def test_the_command_refuses_what_the_api_refuses(beijing_data, said):
    assert runner.invoke(app, ["uncertainty", *said, "--data", str(beijing_data)]).exit_code == 2


def test_moved_venues_are_told_without_what_closing_them_costs(usual, beijing):
    demand, times = beijing.demand, beijing.times["transit"]
    district = demand.cell_district[demand.row_cell]
    by_venues = coverage_by(demand, times, Question(), district, 16)
    lost = []
    for row, item in zip(usual["items"], by_venues, strict=True):
        sources = row["by_source"]
        lost.append(row["share"] - sources["opening"]["low"])
        assert sources["position_travel"]["low"] == pytest.approx(item.low + lost[-1])
        assert sources["position_travel"]["high"] == pytest.approx(item.high)
    assert max(lost) > 0


def test_the_answer_is_the_same_however_it_is_asked_again(beijing):
    first = uncertainty_answer(beijing, Question(), Draws(60, 5))
    again = dataclasses.replace(beijing)  # of which nothing is remembered
    assert uncertainty_answer(again, Question(), Draws(60, 5)) == first
