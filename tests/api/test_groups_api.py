"""GET /groups over the mini-city, whose numbers are worked out by hand; and groups in /coverage."""

import dataclasses
import warnings
from urllib.parse import quote

import pytest
import yaml

from api.app import create_app
from tests.golden.test_minicity import HERE, people_by_hand
from venuenet import pipeline
from venuenet.publish.snapshot import write
from venuenet.standards import HERE as STANDARDS
from venuenet.store import SnapshotFolder

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette would rather have httpx2, which is not httpx
    from starlette.testclient import TestClient


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Seniors go on foot, and only science halls serve them; workers are as shipped."""
    folder = tmp_path_factory.mktemp("groups")
    table = yaml.safe_load((STANDARDS / "groups.yaml").read_text(encoding="utf-8"))
    table["groups"]["seniors"]["mode"]["value"] = "walk"
    table["groups"]["seniors"]["kinds"]["value"] = ["science_museum"]
    (folder / "groups.yaml").write_text(yaml.safe_dump(table), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        people = dataclasses.replace(people_by_hand(), adcodes=("A", "B"))
        patch.setattr(pipeline, "build_demand", lambda *_: people)
        snapshot = pipeline.compute(
            pipeline.Inputs(
                HERE / "pack",
                HERE / "standards.yaml",
                HERE / "assumptions.yaml",
                groups=folder / "groups.yaml",
            )
        )
    store = SnapshotFolder(folder / "data")
    store.publish(snapshot, lambda fresh: write(snapshot, fresh))
    with TestClient(create_app(store), raise_server_exceptions=False) as c:
        yield c


@pytest.fixture(scope="module")
def get(client):
    def ask(query=""):
        response = client.get(f"/groups?{query}")
        assert response.status_code == 200, response.text
        return response.json()

    return ask


def seniors(answer):
    return [r for r in answer["items"] if r["group"] == "seniors"]


def test_each_group_is_answered_by_its_own_pace_mode_and_fit(get):
    answer = get("minutes=15")
    assert (answer["mode"], answer["group"], answer["minutes"]) == ("transit", "all", 15)
    assert {"snapshot", "as_of", "sources", "travel"} <= answer.keys()
    a, b = seniors(answer)
    assert (a["mode"], a["kinds"], a["traveller"]) == ("walk", ["science_museum"], "senior")
    # C05's 320 and C06's 600, of 1800; 7400 of all 9000 residents walk to any venue
    assert (a["covered"], a["share"], a["residents_share"]) == (920, 920 / 1800, 7400 / 9000)
    assert a["points"] == round(100 * (920 / 1800 - 7400 / 9000), 2)
    assert b["covered"] == 0
    assert {"group_fit", "traveller:senior"} <= set(a["flags"])
    workers = [r for r in answer["items"] if r["group"] == "workers"]
    assert all(r["people"] is None and r["points"] is None for r in workers)
    assert all("no_data:group_unknown" in r["flags"] for r in workers)
    assert [r["covered"] for r in answer["total"]] == [920, None]
    assert answer["total"][0]["adcode"] is None


@pytest.mark.parametrize(
    ("query", "field", "expected"),
    [
        ("mode=drive&minutes=15", "mode", ["drive", "drive"]),
        ("minutes=20", "minutes", [20, 20]),
        ("standard=transit30", "mode", ["transit", "transit"]),
        ("standard=transit30", "traveller", ["senior", "senior"]),
        ("kinds=center_n&minutes=15", "covered", [0, 90]),
        ("kinds=science&minutes=15", "covered", [1380, 90]),
        ("surface_transit=true", "traveller", ["adult", "adult"]),
        ("surface_transit=true", "mode", ["transit", "transit"]),
        ("district=乙区", "adcode", ["B"]),
        ("district=乙区&district=A", "adcode", ["A", "B"]),
        ("group=seniors", "group", ["seniors", "seniors"]),
        ("group=all", "group", ["seniors", "seniors"]),
    ],
)
def test_every_parameter_changes_the_answer(get, query, field, expected):
    assert [r[field] for r in seniors(get(query))] == expected


def test_one_group_may_be_asked_for(get):
    assert {r["group"] for r in get("group=workers")["items"]} == {"workers"}
    answer = get("group=seniors&minutes=15")
    assert (answer["mode"], answer["kinds"]) == ("walk", ["science_museum"])
    assert answer["travel"]["traveller"]["id"] == "senior"
    assert seniors(answer) == seniors(get("minutes=15"))


def test_own_district_venues_and_capacities_are_passed_on(get):
    """C07 of B lies 1201 m from V2, which is A's."""
    near = get("mode=walk&minutes=25&kinds=science&group=seniors")
    own = get("mode=walk&minutes=25&kinds=science&group=seniors&own_district=true")
    assert [r["covered"] for r in seniors(near)] == [1600, 290]
    assert [r["covered"] for r in seniors(own)] == [1600, 210]
    assert get("capacitated=true")["capacitated"] is True


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("group=nobody", "group"),
        ("group=" + quote("老年人") * 40, "group"),
        ("group=seniors&group=workers", "group"),
        ("mode=fly", "mode"),
        ("minutes=0", "minutes"),
        ("minutes=1e9", "minutes"),
        ("minutes=nan", "minutes"),
        ("minutes=-5", "minutes"),
        ("standard=walk15&mode=walk", "standard"),
        ("standard=none", "standard"),
        ("kinds=zoo", "kinds"),
        ("surface_transit=maybe", "surface_transit"),
        ("surface_transit=true&mode=walk", "surface_transit"),
        ("own_district=1", "own_district"),
        ("own_district=true&minutes=61", "minutes"),
        ("capacitated=yes", "capacitated"),
        ("district=" + quote("丙区"), "district"),
        ("level=township", "level"),
        ("groups=seniors", "groups"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_name(client, query, param):
    response = client.get(f"/groups?{query}")
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["param"] == param
    assert problem["detail"]
    assert problem["detail_en"]


def test_coverage_of_a_group_goes_by_its_habits_and_says_so(client):
    def ask(query):
        return client.get(f"/coverage?{query}").json()

    answer = ask("group=seniors&minutes=15")
    assert (answer["mode"], answer["kinds"]) == ("walk", ["science_museum"])
    assert answer["travel"]["traveller"] == {
        "id": "senior", "name_zh": "老年人", "name_en": "senior",
    }  # fmt: skip
    assert [i["covered"] for i in answer["items"]] == [920, 0]
    assert ask("minutes=15")["mode"] == "transit"
    assert ask("minutes=15")["travel"]["traveller"]["id"] == "adult"
    assert ask("minutes=15") == ask("minutes=15&group=all")


def test_a_districts_groups_each_travel_at_their_own_pace(client):
    answer = client.get("/coverage/A?standard=walk15").json()
    (row,) = [g for g in answer["groups"] if g["group"] == "seniors"]
    assert row["covered"] == 1380
    assert "traveller:senior" in row["flags"]
