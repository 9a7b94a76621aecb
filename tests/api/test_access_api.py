"""GET /coverage?measure=…: every parameter changes the answer or is refused by its name."""

import json
import warnings
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.app import create_app
from venuenet.access.ask import ACCESS, MEASURES, PARAMETERS
from venuenet.store import SnapshotFolder

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

ABOUT = {"measure", "unit", "nearest_k", "interval", "decay", "supply"}


@pytest.fixture(scope="module")
def client(beijing_data):
    with TestClient(create_app(SnapshotFolder(beijing_data)), raise_server_exceptions=False) as c:
        yield c


@pytest.fixture(scope="module")
def get(client):
    def ask(query):
        response = client.get(f"/coverage?{query}")
        assert response.status_code == 200, response.text
        return response.json()

    return ask


@pytest.fixture(scope="module")
def refused(client):
    def ask(query):
        response = client.get(f"/coverage?{query}")
        assert response.status_code == 422, response.text
        assert response.headers["content-type"] == "application/problem+json"
        return response.json()

    return ask


@pytest.mark.parametrize("level", ["district", "township"])
def test_plain_coverage_is_the_same_to_the_byte_whether_asked_by_name_or_not(client, level):
    plain = client.get(f"/coverage?level={level}").content
    assert client.get(f"/coverage?level={level}&measure=covered").content == plain
    assert b'"access"' not in plain
    assert not ABOUT & set(json.loads(plain))


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("level", ["district", "township"])
def test_a_measure_stands_beside_what_coverage_says(get, measure, level):
    plain, found = get(f"level={level}"), get(f"level={level}&measure={measure}")
    assert set(found) == set(plain) | ABOUT
    assert found["measure"] == measure
    for item, bare in zip(
        [*found["items"], found["total"]], [*plain["items"], plain["total"]], strict=True
    ):
        access = item.pop("access")
        assert item == bare
        assert set(access) == {"value", "p10", "median", "p90", "people_zero", "unit", "flags"}
        assert access["value"] is not None
        assert access["unit"] == found["unit"]


# parameter: (what is asked beside it, two values that must differ)
CHANGES = {
    "measure": ("", ("2sfca", "gravity")),
    "k": ("measure=nearest", ("1", "3")),
    "interval": ("measure=cumulative_interval", ("20-40", "30-60")),
    "decay": ("measure=e2sfca", ("gaussian", "binary")),
    "decay_at": ("measure=gravity", ("10", "30")),
    "decay_spread": ("measure=gravity&decay=logistic", ("2", "20")),
    "steps": ("measure=e2sfca", ("10:1,45:0.5", "20:1,45:0.1")),
    "supply": ("measure=2sfca&unknown_capacity=minimum", ("capacity",)),
    "unknown_capacity": ("measure=2sfca&supply=capacity", ("minimum", "median")),
    "mode": ("measure=2sfca", ("walk", "drive")),
    "minutes": ("measure=2sfca", ("30", "60")),
    "standard": ("measure=2sfca", ("walk15", "transit60")),
    "group": ("measure=2sfca", ("all", "seniors")),
    "kinds": ("measure=2sfca", ("base", "science_museum")),
    "surface_transit": ("measure=2sfca", ("true", "false")),
    "own_district": ("measure=2sfca", ("true", "false")),
    "level": ("measure=2sfca", ("district", "township")),
    "district": ("measure=2sfca", ("海淀", "密云")),
}


@pytest.mark.parametrize("param", CHANGES)
def test_a_parameter_changes_the_answer(get, param):
    beside, values = CHANGES[param]
    if param == "supply":
        found = [get("measure=2sfca"), get(f"{beside}&supply={values[0]}")]
    else:
        found = [get(f"{beside}&{param}={quote(v)}") for v in values]
    one, other = ([i["access"]["value"] for i in f["items"]] for f in found)
    assert one != other


def test_every_parameter_of_a_measure_is_tried():
    assert set(ACCESS) <= set(CHANGES)


@pytest.mark.parametrize("measure", PARAMETERS)
@pytest.mark.parametrize("param", sorted(set(ACCESS) - {"measure"}))
def test_a_parameter_without_use_is_refused_with_those_of_use(refused, measure, param):
    if param in PARAMETERS[measure]:
        return
    problem = refused(f"measure={measure}&{param}=1")
    assert problem["param"] == param
    assert problem["allowed"] == list(PARAMETERS[measure])
    assert measure in problem["detail"]
    assert measure in problem["detail_en"]


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("measure=3fca", "measure"),
        ("measure=e2sfca&decay=linear", "decay"),
        ("measure=e2sfca&decay=gaussian&decay_at=nan", "decay_at"),
        ("measure=gravity&decay_at=-3", "decay_at"),
        ("measure=gravity&decay_at=1e400", "decay_at"),
        ("measure=gravity&decay=power&decay_at=0.5", "decay_at"),
        ("measure=gravity&steps=10:1", "steps"),
        ("measure=gravity&decay_spread=3", "decay_spread"),
        ("measure=e2sfca&steps=10:0.5,20:0.9", "steps"),
        ("measure=e2sfca&steps=10:1,60:0.2", "steps"),
        ("measure=e2sfca&steps=十:一", "steps"),
        ("measure=nearest&k=4", "k"),
        ("measure=nearest&k=99999999999999999999", "k"),
        ("measure=cumulative_interval&interval=30-61", "interval"),
        ("measure=cumulative_interval&minutes=60", "interval"),
        ("measure=2sfca&minutes=61", "minutes"),
        ("measure=2sfca&supply=doctors", "supply"),
        ("measure=2sfca&unknown_capacity=minimum", "unknown_capacity"),
        ("measure=2sfca&supply=capacity&unknown_capacity=guess", "unknown_capacity"),
        ("measure=2sfca&measure=gravity", "measure"),
        ("measure=2sfca&mesure=1", "mesure"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name_in_both_languages(refused, query, param):
    problem = refused(query)
    assert problem["param"] == param
    assert any("\u4e00" <= c <= "\u9fff" for c in problem["detail"])
    assert problem["detail_en"]


def test_the_decay_is_told_as_understood(get):
    decay = get("measure=e2sfca&minutes=30")["decay"]
    assert decay["steps"] == [[10, 1], [20, 0.68], [30, 0.22]]
    assert decay["formula"] == "t <= 10: 1; t <= 20: 0.68; t <= 30: 0.22; t > 30: 0"
    decay = get("measure=gravity&decay=logistic&decay_at=20")["decay"]
    assert (decay["name"], decay["at"], decay["spread"]) == ("logistic", 20, 10)
    assert get("measure=2sfca")["decay"]["formula"] == "1; t > 45: 0"
    assert get("measure=nearest")["decay"] is None


def test_unknown_capacity_is_null_with_its_reason(get):
    answer = get("measure=2sfca&supply=capacity&kinds=base")
    for item in [*answer["items"], answer["total"]]:
        assert item["access"]["value"] is None
        assert item["access"]["flags"] == ["no_data:capacity_unknown"]
    assert answer["supply"]["left_out"] == 57
    assert answer["supply"]["rule"] == "leave_out"


@settings(max_examples=40, deadline=None)
@given(
    query=st.dictionaries(
        st.sampled_from(ACCESS),
        st.sampled_from(
            [*MEASURES, "covered", "60", "0", "capacity", "gaussian", "10:1", "海", ""]
        ),
    )
)
def test_no_input_is_a_failure_of_the_service(client, query):
    response = client.get("/coverage", params=query)
    assert response.status_code in (200, 422)


def test_the_document_describes_measures(client):
    document = client.get("/openapi.json").json()
    names = {p["name"] for p in document["paths"]["/coverage"]["get"]["parameters"]}
    assert set(ACCESS) <= names
    assert "access" in document["components"]["schemas"]["AccessItem"]["properties"]
