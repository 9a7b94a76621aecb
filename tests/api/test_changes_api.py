"""GET /changes and `venuenet changes`: one answer, every parameter in it or refused."""

import csv
import dataclasses
import io
import json
import os
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from api.app import create_app
from tests.golden.test_minicity import people_by_hand
from venuenet import pipeline
from venuenet.cli import app
from venuenet.publish.changes import changes
from venuenet.publish.snapshot import write
from venuenet.questions import parse_question
from venuenet.store import SnapshotFolder

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette would rather have httpx2, which is not httpx
    from starlette.testclient import TestClient

MINI = Path(__file__).parents[1] / "golden" / "minicity"
NEW = (
    "V9,=新馆,New Base,,base,-,city,B,乙区,117.070266988,40.004220345,invented,0,open,,,,"
    "invented,high,,\n"
)  # on C07


def compute(pack):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "build_demand", lambda *_: people_by_hand())
        return pipeline.compute(
            pipeline.Inputs(pack, MINI / "standards.yaml", MINI / "assumptions.yaml")
        )


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """The mini-city, and the mini-city with a venue more and V2 called by another name."""
    pack = tmp_path_factory.mktemp("pack") / "pack"
    shutil.copytree(MINI / "pack", pack)
    venues = pack / "venues.csv"
    text = venues.read_text(encoding="utf-8").replace("甲区科技馆", "甲区新科技馆")
    venues.write_text(text + NEW, encoding="utf-8")
    return compute(MINI / "pack"), compute(pack)


def publish(root, *snapshots):
    """Publish one after the other, a minute apart."""
    store = SnapshotFolder(root)
    for i, snapshot in enumerate(snapshots):
        folder = store.publish(snapshot, lambda to, s=snapshot: write(s, to))
        os.utime(folder / "manifest.json", (1_700_000_000 + 60 * i,) * 2)
    return store


@pytest.fixture(scope="module")
def data(tmp_path_factory, two):
    """A foreign area's snapshot, one of long ago, the mini-city, and it with a venue more."""
    root = tmp_path_factory.mktemp("data")
    foreign = dataclasses.replace(two[0].manifest, snapshot="f" * 16, area="elsewhere")
    older = dataclasses.replace(two[1].manifest, snapshot="0123456789abcdef")
    publish(
        root,
        dataclasses.replace(two[0], manifest=foreign),
        dataclasses.replace(two[1], manifest=older),
        *two,
    )
    return root


@pytest.fixture(scope="module")
def client(data):
    with TestClient(create_app(SnapshotFolder(data)), raise_server_exceptions=False) as c:
        yield c


def get(client, **asked):
    response = client.get("/changes", params=asked)
    assert response.status_code == 200, response.text
    return response.json()


def refused(client, asked):
    response = client.get(f"/changes?{asked}")
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["detail"]
    assert problem["detail_en"]
    return problem


WALK = {"mode": "walk", "minutes": "15"}


def test_the_answer_is_that_of_the_two_snapshots_in_its_envelope(client, two):
    answer = get(client, **WALK)
    question = parse_question(two[1].standards, (), mode="walk", minutes="15")
    expected = json.loads(json.dumps(changes(*two, question)))
    assert {k: answer[k] for k in expected} == expected
    assert answer["snapshot"] == two[1].manifest.snapshot
    assert answer["since"]["snapshot"] == two[0].manifest.snapshot
    assert (answer["mode"], answer["minutes"]) == ("walk", 15)
    assert [i["covered_change"] for i in answer["items"]] == [0, 800]
    assert {v["venue_id"] for v in answer["venues"]} == {"V2", "V9"}


def test_what_changes_with_the_store_is_never_said_to_be_unchanged(client):
    assert "etag" not in client.get("/changes").headers


@pytest.mark.parametrize(
    ("asked", "differs"),
    [
        ({"since": "0123456789abcdef"}, "since"),
        ({"since": "012345"}, "since"),
        ({"district": "甲区"}, "items"),
        ({"mode": "drive"}, "items"),
        ({"minutes": "16"}, "items"),
        ({"group": "seniors"}, "items"),
        ({"kinds": "center_city"}, "items"),
        ({"own_district": "true"}, "items"),
    ],
)
def test_every_parameter_changes_the_answer(client, asked, differs):
    assert get(client, **{**WALK, **asked})[differs] != get(client, **WALK)[differs]


def test_a_standard_and_buses_change_it_too(client):
    assert get(client, standard="walk15")["items"] != get(client, standard="drive15")["items"]
    plain, buses = (
        get(client, minutes="30", surface_transit=s)["items"] for s in ("false", "true")
    )
    assert plain != buses


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ("since=abcdef", "since"),
        ("since=", "since"),
        ("since=01234", "since"),
        ("since=..%2F..%2F", "since"),
        ("since=ffffffffffffffff", "since"),
        ("since=最近", "since"),
        ("since=%00", "since"),
        ("since=" + "9" * 5000, "since"),
        ("since=012345&since=012345", "since"),
        ("mode=fly", "mode"),
        ("minutes=NaN", "minutes"),
        ("minutes=-1", "minutes"),
        ("minutes=1e9", "minutes"),
        ("standard=no", "standard"),
        ("standard=walk15&mode=walk", "standard"),
        ("group=nobody", "group"),
        ("kinds=circus", "kinds"),
        ("surface_transit=2", "surface_transit"),
        ("surface_transit=true&mode=walk", "surface_transit"),
        ("own_district=maybe", "own_district"),
        ("capacitated=true", "capacitated"),
        ("capacitated=perhaps", "capacitated"),
        ("district=丙区", "district"),
        ("level=township", "level"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_its_name(client, asked, param):
    assert refused(client, asked)["param"] == param


def test_a_snapshot_nobody_has_is_refused_with_those_of_this_area(client, two):
    allowed = refused(client, "since=abcdef")["allowed"]
    assert allowed == [two[1].manifest.snapshot, two[0].manifest.snapshot, "0123456789abcdef"]


def test_a_beginning_that_fits_two_is_refused(tmp_path, two):
    twins = [
        dataclasses.replace(
            s, manifest=dataclasses.replace(s.manifest, snapshot=f"abcdef{i}000000000")
        )
        for i, s in enumerate(two)
    ]
    with TestClient(create_app(publish(tmp_path, *twins))) as client:
        assert refused(client, "since=abcdef")["param"] == "since"
        assert get(client, since="abcdef0")["since"]["snapshot"] == "abcdef0000000000"


def test_without_an_earlier_snapshot_there_is_no_data_and_no_error(tmp_path, two):
    with TestClient(create_app(publish(tmp_path, two[0]))) as client:
        answer = get(client)
        assert answer["items"] == []
        assert answer["since"] is answer["total"] is None
        assert answer["flags"] == ["no_data:no_earlier_snapshot"]
        assert refused(client, "capacitated=true")["param"] == "capacitated"


def test_the_one_before_is_older_than_the_one_served(tmp_path, two):
    """Another may have been published since the service began."""
    store = publish(tmp_path, two[0])
    with TestClient(create_app(store)) as client:
        publish(tmp_path, *two)
        assert get(client)["since"] is None
        later = two[1].manifest.snapshot
        assert get(client, since=later)["since"]["snapshot"] == later


def test_an_earlier_snapshot_that_is_damaged_is_said_to_be(tmp_path, two):
    store = publish(tmp_path, *two)
    people = store.folder(two[0].manifest.snapshot) / "demand" / "people.npy"
    np.save(people, np.zeros(3))
    with TestClient(create_app(store), raise_server_exceptions=False) as client:
        assert client.get("/changes").status_code == 503


# The command line


@pytest.fixture
def run(data):
    def go(*arguments):
        return CliRunner().invoke(app, [*arguments, "--data", str(data)])

    return go


def test_json_in_the_terminal_is_the_answer_of_the_api(run, client):
    done = run("changes", "--mode", "walk", "--minutes", "15", "--format", "json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == get(client, **WALK)


def test_a_table_names_districts_causes_and_venues(run):
    done = run("changes", "乙区", "--mode", "walk", "--minutes", "15")
    assert done.exit_code == 0, done.output
    for text in ("乙区", "22.5%", "42.5%", "+20.0", "+800", "场馆", "=新馆", "新增"):
        assert text in done.stdout
    assert "甲区新科技馆" not in done.stdout


def test_csv_has_a_column_per_cause_and_no_formula(run):
    done = run("changes", "--mode", "walk", "--minutes", "15", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout_bytes.decode("utf-8-sig"))))
    assert [r["adcode"] for r in rows] == ["A", "B"]
    assert rows[1]["people_by_venues"] == "800"
    assert rows[1]["people_by_people"] == "0"
    assert float(rows[1]["points_by_venues"]) == pytest.approx(20)


@pytest.mark.parametrize(
    "given",
    [
        ["--since", "012345"],
        ["--mode", "drive"],
        ["--minutes", "16"],
        ["--group", "seniors"],
        ["--kinds", "base"],
        ["--own-district"],
        ["甲区"],
    ],
    ids=" ".join,
)
def test_every_option_changes_the_answer(run, given):
    asked = ["changes", "--mode", "walk", "--minutes", "15", "--format", "json"]
    plain, other = (json.loads(run(*asked, *more).stdout) for more in ([], given))
    assert plain["items"] != other["items"]


def test_a_standard_and_buses_change_what_is_printed(run):
    asked = ["changes", "--format", "json"]
    answers = [
        json.loads(run(*asked, *more).stdout)["items"]
        for more in (
            ["--standard", "walk15"],
            ["--minutes", "30"],
            ["--minutes", "30", "--surface-transit"],
        )
    ]
    assert answers[0] != answers[1] != answers[2]


def test_what_cannot_be_answered_ends_in_two(run):
    done = run("changes", "--since", "abcdef")
    assert done.exit_code == 2
    assert "0123456789abcdef" in done.stderr


def test_snapshots_are_listed_newest_first(run, two):
    rows = json.loads(run("snapshots", "--format", "json").stdout)["items"]
    assert [r["snapshot"] for r in rows] == [
        two[1].manifest.snapshot, two[0].manifest.snapshot, "0123456789abcdef", "f" * 16,
    ]  # fmt: skip
    assert [r["in_force"] for r in rows] == [True, False, False, False]
    assert rows[0]["venues"] == rows[1]["venues"] + 1
    assert rows[3]["built"] == "2023-11-14T22:13:20+00:00"
    table = run("snapshots").stdout
    assert all(r["snapshot"] in table for r in rows)
    assert "2023-11-14 22:13" in table
    lines = list(csv.DictReader(io.StringIO(
        run("snapshots", "--format", "csv").stdout_bytes.decode("utf-8-sig")
    )))  # fmt: skip
    assert [r["snapshot"] for r in lines] == [r["snapshot"] for r in rows]


def test_with_one_snapshot_the_terminal_says_so(tmp_path, two):
    publish(tmp_path, two[0])
    done = CliRunner().invoke(app, ["changes", "--data", str(tmp_path)])
    assert done.exit_code == 0
    assert "没有更早的快照" in done.stdout
