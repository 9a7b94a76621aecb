"""Scenarios over HTTP: who may keep them, what is refused, what they change."""

import gc
import json
import shutil
import threading
import time
import warnings
import weakref
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api import scenario_memory
from api.app import create_app
from api.review_guard import TOKEN_HEADER
from api.routes.scenarios import LONGEST
from venuenet import pipeline
from venuenet.area import load
from venuenet.model import Question
from venuenet.publish.answers import coverage
from venuenet.publish.delta import delta, gap_delta
from venuenet.publish.snapshot import write
from venuenet.scenarios.apply import applied, edited
from venuenet.scenarios.file import parse_scenario
from venuenet.scenarios.pack import write_scenario_pack
from venuenet.scenarios.ready import ready
from venuenet.scenarios.words import in_words
from venuenet.store import SnapshotFolder, scenarios

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette would rather have httpx2, which is not httpx
    from starlette.testclient import TestClient

MINICITY = Path(__file__).parents[1] / "golden" / "minicity"
FILES = [MINICITY / name for name in ("pack", "standards.yaml", "assumptions.yaml")]
TOKEN = "a-token-of-this-start-0123456789"
HOST = "127.0.0.1:8000"
SCRIPT = {"Host": HOST, TOKEN_HEADER: TOKEN}
PAGE = {**SCRIPT, "Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin"}
WALK = Question(mode="walk", minutes=15)
ASKED = "mode=walk&minutes=15"
NEW = {"open": {"name_zh": "新馆", "kind": "base", "lon": 117.164, "lat": 40.004}}
ONE = {"name_zh": "新馆", "name_en": "a new one", "edits": [NEW]}
TWO = {"name_zh": "关闭乙区节点", "note": "试", "edits": [{"close": "乙区节点"}]}
NEEDING = {"decay", "decay_at", "steps", "interval", "measure"}
"""Parameters whose examples go with a measure of access."""
UNKNOWN = "0123456789ab"
ANSWERS = ["", "/coverage", "/gaps", "/gaps.geojson", "/delta"]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    root = tmp_path_factory.mktemp("minicity")
    snapshot = pipeline.compute(pipeline.Inputs(*FILES))
    SnapshotFolder(root).publish(snapshot, lambda folder: write(snapshot, folder))
    return root


@pytest.fixture
def copy(built, tmp_path):
    """A store of the test's own."""
    shutil.rmtree(built / "scenarios", ignore_errors=True)
    return Path(shutil.copytree(built, tmp_path / "data"))


@pytest.fixture
def begin(copy):
    """Start a service and ask it from an address."""
    clients = []

    def start(token=TOKEN, client=("127.0.0.1", 5000)):
        app = create_app(SnapshotFolder(copy), token=token)
        found = TestClient(app, client=client, raise_server_exceptions=False)
        clients.append(found.__enter__())
        return found

    yield start
    for each in clients:
        each.__exit__(None, None, None)


@pytest.fixture(scope="module")
def started(built):
    app = create_app(SnapshotFolder(built), token=TOKEN)
    with TestClient(app, client=("127.0.0.1", 5000), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def service(started, built):
    """A service that keeps nothing yet; started once, which takes half a second."""
    shutil.rmtree(built / "scenarios", ignore_errors=True)
    memory = started.app.state.scenarios
    for id_ in list(memory._open):
        memory.forget(id_)
    return started


def base_of(client):
    return client.app.state.snapshot


def post(client, said=ONE, headers=SCRIPT):
    return client.post("/scenarios", json=said, headers=headers)


def kept(client, said=ONE):
    answer = post(client, said)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()["id"]


def got(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def after_of(client, said=ONE):
    base = base_of(client)
    scenario = parse_scenario(base.area, said)
    return applied(base, scenario.edits, name=(scenario.name_zh, scenario.name_en))


def refused(answer, status, param=None):
    """Check that a refusal is a whole problem in both languages; return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    for zh, en in (("title", "title_en"), ("detail", "detail_en")):
        assert any("\u4e00" <= c <= "\u9fff" for c in problem[zh])
        assert any(c.isascii() and c.isalpha() for c in problem[en])
    if param is not None:
        assert problem["param"] == param
    return problem


def nothing_kept(built):
    return not list((built / "scenarios").glob("*"))


# keeping


@pytest.mark.parametrize("headers", [SCRIPT, PAGE], ids=["a program", "our own page"])
def test_a_scenario_is_kept_under_its_id_and_once(service, built, headers):
    answer = post(service, headers=headers)
    assert answer.status_code == 201
    said = answer.json()
    assert answer.headers["location"] == f"/scenarios/{said['id']}"
    base = base_of(service).manifest.snapshot
    expected = {"name_zh": "新馆", "name_en": "a new one", "edits": 1, "snapshot": base}
    assert said == {"id": said["id"], **expected}
    again = post(service, headers=headers)
    assert (again.status_code, again.json()) == (200, said)
    assert again.headers["location"] == answer.headers["location"]
    assert [p.stem for p in (built / "scenarios").glob("*.yaml")] == [said["id"]]


def test_names_and_ids_of_the_same_venue_make_the_same_scenario(service):
    by_id = {**TWO, "edits": [{"close": "V5"}]}
    assert kept(service, TWO) == kept(service, by_id)
    assert kept(service, {**TWO, "name_zh": "另一个"}) != kept(service, TWO)


def test_the_list_tells_of_every_scenario_kept(service):
    assert got(service, "/scenarios") == {"most": scenarios.MOST, "items": []}
    ids = {kept(service, ONE), kept(service, TWO)}
    items = got(service, "/scenarios")["items"]
    assert {i["id"] for i in items} == ids
    assert {i["name_en"] for i in items} == {"a new one", "关闭乙区节点"}
    assert {i["edits"] for i in items} == {1}


def test_a_scenario_is_told_in_words_and_as_a_file_that_makes_it_again(service):
    id_ = kept(service, TWO)
    found = got(service, f"/scenarios/{id_}")
    assert found["note"] == "试"
    assert found["edits"] == [{"close": "V5"}]
    assert found["base"] == base_of(service).manifest.snapshot
    assert found["snapshot"] == after_of(service, TWO).manifest.snapshot != found["base"]
    area = base_of(service).area
    ((zh, en),) = in_words(area, parse_scenario(area, TWO).edits)
    assert found["scenario"]["edits"] == [{"zh": zh, "en": en}]
    assert kept(service, yaml.safe_load(found["yaml"])) == id_
    assert any(s["id"].startswith("scenario:") for s in found["sources"])


def test_scenarios_outlive_the_service(begin):
    id_ = kept(begin(), ONE)
    later = begin()
    assert got(later, f"/scenarios/{id_}")["scenario"]["name_zh"] == "新馆"
    assert got(later, f"/scenarios/{id_}/delta?{ASKED}")["items"][1]["change"]["covered"] > 0


def test_a_deleted_scenario_is_unknown_even_to_who_has_its_tag(service):
    id_ = kept(service)
    url = f"/scenarios/{id_}/delta?{ASKED}"
    tag = service.get(url).headers["etag"]
    answer = service.delete(f"/scenarios/{id_}", headers=SCRIPT)
    assert (answer.status_code, answer.json()) == (200, {"id": id_})
    for path in (*(f"/scenarios/{id_}{end}" for end in ANSWERS), url):
        refused(service.get(path, headers={"If-None-Match": tag}), 404)
    refused(service.delete(f"/scenarios/{id_}", headers=SCRIPT), 404)
    assert got(service, "/scenarios")["items"] == []


def test_one_deleted_from_outside_is_unknown_too(service, built):
    id_ = kept(service)
    (built / "scenarios" / f"{id_}.yaml").unlink()
    refused(service.get(f"/scenarios/{id_}/coverage"), 404, "id")
    assert post(service).status_code == 201


# who may


@pytest.mark.parametrize("wrong", [
    {TOKEN_HEADER: None}, {TOKEN_HEADER: TOKEN[:-1]}, {"Host": "evil.example"},
    {"X-Forwarded-For": "203.0.113.9"}, {"Origin": "https://evil.example"}, {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"}, {"Cookie": "a=b"},
])  # fmt: skip
def test_nobody_keeps_or_deletes_who_may_not(service, built, wrong):
    headers = {k: v for k, v in {**SCRIPT, **wrong}.items() if v is not None}
    problem = refused(post(service, headers=headers), 403)
    assert problem["type"].endswith("scenario-refused")
    assert nothing_kept(built)
    id_ = kept(service)
    refused(service.delete(f"/scenarios/{id_}", headers=headers), 403)
    assert service.app.state.scenarios.folder.has(id_)


def test_nobody_keeps_from_another_machine_but_everybody_reads(begin):
    id_ = kept(begin())
    far = begin(client=("10.0.0.8", 5000))
    refused(post(far), 403)
    refused(far.delete(f"/scenarios/{id_}", headers=SCRIPT), 403)
    assert got(far, f"/scenarios/{id_}/coverage")["scenario"]["id"] == id_


def test_nothing_is_kept_by_a_service_without_a_token(begin):
    off = begin(token=None)
    assert "VENUENET_REVIEW_TOKEN" in refused(post(off), 503)["detail_en"]
    assert got(off, "/scenarios")["items"] == []


@pytest.mark.parametrize(("body", "content_type", "status"), [
    (json.dumps(ONE), "text/plain", 415),
    (json.dumps(ONE), "", 415),
    ("{", "application/json", 422),
    ("", "application/json", 422),
    ('{"name_zh": NaN}', "application/json", 422),
    ("[" * 100_000, "application/json", 422),
    ("[]", "application/json", 422),
    ('"name_zh: 甲"', "application/json", 422),
    ("null", "application/json", 422),
    ('{"name_zh": "\\ud800", "edits": []}', "application/json", 422),
    (json.dumps({**ONE, "note": "x" * LONGEST}), "application/json", 413),
])  # fmt: skip
def test_a_body_that_is_no_scenario_is_refused(service, built, body, content_type, status):
    headers = {**SCRIPT, "Content-Type": content_type}
    refused(service.post("/scenarios", content=body.encode(), headers=headers), status)
    assert nothing_kept(built)


def test_all_faults_of_a_scenario_are_told_at_once_and_nothing_is_kept(service, built):
    edits = [{"close": "无此馆"}, {"move": {"venue": "V1", "lon": 1e999, "lat": 40}}, {"x": 1}]
    content = json.dumps({"name_zh": "", "edits": edits}).encode()
    headers = {**SCRIPT, "Content-Type": "application/json"}
    for body in (content, content.replace(b"Infinity", b"1e999")):
        answer = service.post("/scenarios", content=body, headers=headers)
        assert answer.status_code == 422
    problem = refused(answer, 422, "body")
    assert problem["type"].endswith("bad-scenario")
    at = {fault["at"] for fault in problem["faults"]}
    assert at == {"name_zh", "edits[1].close", "edits[2].move.lon", "edits[3]"}
    assert nothing_kept(built)


def test_there_is_room_for_so_many_and_no_more(service, built, monkeypatch):
    monkeypatch.setattr(scenarios, "MOST", 1)
    id_ = kept(service, ONE)
    refused(post(service, TWO), 409)
    assert post(service, ONE).status_code == 200
    assert [i["id"] for i in got(service, "/scenarios")["items"]] == [id_]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["name_zh", "edits", "open", "close", "move", "line", "population", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(said=json_values)
def test_whatever_is_posted_is_a_refusal_and_never_a_failure(service, built, said):
    content = json.dumps(said).encode()
    headers = {**SCRIPT, "Content-Type": "application/json"}
    answer = service.post("/scenarios", content=content, headers=headers)
    refused(answer, 422)
    assert nothing_kept(built)


# what is answered


@pytest.mark.parametrize("said", [ONE, TWO], ids=["one opened", "one closed"])
@pytest.mark.parametrize("level", ["district", "township"])
def test_coverage_of_a_scenario_is_that_of_a_build_of_its_pack(service, tmp_path, said, level):
    id_, base = kept(service, said), base_of(service)
    edits = parse_scenario(base.area, said).edits
    write_scenario_pack(edited(base.area, edits), tmp_path / "pack")
    rebuilt = pipeline.compute(pipeline.Inputs(tmp_path / "pack", *FILES[1:]))
    store = SnapshotFolder(tmp_path / "rebuilt")
    store.publish(rebuilt, lambda folder: write(rebuilt, folder))
    with TestClient(create_app(store)) as other:
        for asked in (ASKED, "minutes=30", "mode=drive&minutes=10&group=seniors", "measure=2sfca"):
            found = got(service, f"/scenarios/{id_}/coverage?{asked}&level={level}")
            expected = got(other, f"/coverage?{asked}&level={level}")
            for row in (*found["items"], found["total"]):
                assert row["flags"].pop(0) == "scenario"
            assert found["items"] == expected["items"]
            assert found["total"] == expected["total"]
            assert found["travel"] == expected["travel"]
        found = got(service, f"/scenarios/{id_}/gaps?{ASKED}")
        expected = got(other, f"/gaps?{ASKED}")
        for row in found["items"]:
            assert row["flags"].pop(0) == "scenario"
        assert (found["items"], found["causes"]) == (expected["items"], expected["causes"])
        assert found["items"]


def test_answers_name_base_and_scenario_and_leave_the_base_as_it_was(service):
    before = got(service, f"/coverage?{ASKED}")
    id_ = kept(service)
    own = after_of(service).manifest.snapshot
    for end in ("/coverage", "/gaps", "/delta"):
        found = got(service, f"/scenarios/{id_}{end}?{ASKED}")
        assert found["base"] == base_of(service).manifest.snapshot
        assert found["snapshot"] == own
        assert found["scenario"]["id"] == id_
        assert found["scenario"]["name_zh"] == "新馆"
        assert len(found["scenario"]["edits"]) == 1
        assert (found["mode"], found["minutes"]) == ("walk", 15)
        assert got(service, f"/scenarios/{id_}{end}?{ASKED}") == found
    assert got(service, f"/coverage?{ASKED}") == before
    assert "scenario" not in before["items"][0]["flags"]


def test_gaps_to_take_away_say_that_they_are_assumed(service):
    id_ = kept(service, TWO)
    answer = service.get(f"/scenarios/{id_}/gaps.geojson?{ASKED}&district=B")
    assert answer.headers["content-type"] == "application/geo+json"
    assert f"scenario_{id_}_gaps_" in answer.headers["content-disposition"]
    found = answer.json()
    gaps = got(service, f"/scenarios/{id_}/gaps?{ASKED}&district=B")["items"]
    assert [f["properties"]["gap_id"] for f in found["features"]] == [g["gap_id"] for g in gaps]
    assert all("scenario" in f["properties"]["flags"] for f in found["features"])
    assert found["scenario"]["id"] == id_
    assert "情景" in found["attribution"]


@pytest.mark.parametrize("level", ["district", "township", "city", "group"])
def test_a_delta_is_the_difference_at_every_level(service, level):
    id_ = kept(service)
    found = got(service, f"/scenarios/{id_}/delta?{ASKED}&level={level}")
    expected = delta(base_of(service), after_of(service), WALK, level)
    assert found["items"] == expected
    assert found["level"] == level
    assert found["gaps"] is None
    assert any(item["change"]["covered"] for item in found["items"])


def test_a_delta_tells_of_gaps_where_they_are_asked_for(service):
    id_ = kept(service, TWO)
    found = got(service, f"/scenarios/{id_}/delta?{ASKED}&gaps=true&district=乙区")
    expected = gap_delta(base_of(service), after_of(service, TWO), WALK, ["B"])
    assert {**found["gaps"], "items": expected["items"]} == expected
    assert found["gaps"]["people_change"] == -found["items"][0]["change"]["covered"] > 0
    assert [i["adcode"] for i in found["items"]] == ["B"]


def test_scenarios_are_put_side_by_side_in_the_order_asked(service):
    ids = [kept(service, TWO), kept(service, ONE)]
    asked = "&".join(f"id={i}" for i in ids)
    found = got(service, f"/scenarios/compare?{asked}&{ASKED}")
    assert [s["id"] for s in found["scenarios"]] == ids
    assert [i["adcode"] for i in found["items"]] == [None, "A", "B"]
    assert found["snapshot"] == base_of(service).manifest.snapshot
    for item in found["items"]:
        assert [one["id"] for one in item["scenarios"]] == ids
    whole = {r["adcode"]: r["covered"] for r in coverage(after_of(service), WALK, "city")}
    assert found["items"][0]["scenarios"][1]["after"]["covered"] == whole[None]
    lost, won = (one["change"]["covered"] for one in found["items"][2]["scenarios"])
    assert lost < 0 < won
    only = got(service, f"/scenarios/compare?{asked}&{ASKED}&district=A")
    assert [i["adcode"] for i in only["items"]] == [None, "A"]


@pytest.mark.parametrize(
    "query", ["", "id={0}", "id={0}&id={0}", "id={0}&id={1}&id={1}", "id={0}" + 5 * "&id={1}"]
)
def test_two_to_five_different_scenarios_are_compared(service, query):
    ids = kept(service, ONE), kept(service, TWO)
    problem = refused(service.get(f"/scenarios/compare?{query.format(*ids)}"), 422, "id")
    assert set(problem["allowed"]) == set(ids)


def test_a_comparison_with_one_that_is_not_kept_is_a_404(service):
    refused(service.get(f"/scenarios/compare?id={kept(service)}&id={UNKNOWN}"), 404, "id")


@pytest.mark.parametrize("id_", [UNKNOWN, "compare2", "情景", "..%2Fcurrent", "%00", "x" * 5000])
def test_an_unknown_scenario_is_a_404(service, id_):
    kept(service)
    for end in ANSWERS:
        refused(service.get(f"/scenarios/{id_}{end}"), 404)


REFUSED = [
    ("/delta?level=village", "level"),
    ("/delta?level=city&district=A", "district"),
    ("/delta?level=group&group=seniors", "group"),
    ("/delta?gaps=1", "gaps"),
    ("/delta?gaps=true&gaps=true", "gaps"),
    ("/delta?minutes=nan", "minutes"),
    ("/delta?minutes=-5", "minutes"),
    ("/delta?minutes=99999999999999999999", "minutes"),
    ("/delta?mode=飞", "mode"),
    ("/delta?measure=2sfca", "measure"),
    ("/delta?district=火星", "district"),
    ("/coverage?level=city", "level"),
    ("/coverage?standard=nothing", "standard"),
    ("/coverage?measure=x", "measure"),
    ("/gaps?level=township", "level"),
    ("/gaps.geojson?kinds=,", "kinds"),
    ("?mode=walk", "mode"),
]  # fmt: skip


def test_a_parameter_that_changes_nothing_is_refused(service):
    id_ = kept(service)
    for path, param in REFUSED:
        refused(service.get(f"/scenarios/{id_}{path}"), 422, param)
    refused(service.get("/scenarios?level=x"), 422, "level")


# tags and memory


def test_answers_are_tagged_by_base_scenario_and_question(service):
    ids = kept(service, ONE), kept(service, TWO)
    tags = set()
    for url in (
        *(f"/scenarios/{i}{end}?{ASKED}" for i in ids for end in ANSWERS if end),
        f"/scenarios/{ids[0]}/delta?mode=drive",
    ):
        answer = service.get(url)
        tags.add(answer.headers["etag"])
        again = service.get(url, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert len(tags) == 9
    for path in (
        "/scenarios",
        f"/scenarios/{ids[0]}",
        f"/scenarios/compare?id={ids[0]}&id={ids[1]}",
    ):
        assert "etag" not in service.get(path).headers


def test_only_the_last_few_scenarios_are_held_in_memory(service, monkeypatch):
    monkeypatch.setattr(scenario_memory, "MOST", 2)
    memory = service.app.state.scenarios
    held = weakref.WeakSet()
    for n in range(5):
        id_ = kept(service, {**ONE, "name_zh": f"情景{n}"})
        assert got(service, f"/scenarios/{id_}/delta?{ASKED}")["items"]
        held.add(memory.get(id_).snapshot)
        gc.collect()
        assert len(held) <= 2
    for note in got(service, "/scenarios")["items"]:
        service.delete(f"/scenarios/{note['id']}", headers=SCRIPT)
    gc.collect()
    assert not held


def test_those_asked_for_last_stay_in_memory(service, monkeypatch):
    monkeypatch.setattr(scenario_memory, "MOST", 2)
    memory = service.app.state.scenarios
    one, two, three = (kept(service, {**ONE, "name_zh": f"情景{n}"}) for n in range(3))
    first, second = memory.get(one), memory.get(two)
    assert memory.get(one) is first
    memory.get(three)
    assert memory.get(one) is first
    assert memory.get(two) is not second


def test_engines_are_made_once_the_first_scenario_is_kept(begin):
    client = begin()
    made = ready(base_of(client))._made
    kept(client)
    until = time.monotonic() + 60
    wanted = {(None, mode, False) for mode in base_of(client).times} | {(None, "transit", True)}
    while made.keys() != wanted:
        assert time.monotonic() < until, made.keys()
        time.sleep(0.02)


def test_a_scenario_asked_for_by_many_at_once_is_worked_out_once(service):
    id_ = kept(service)
    memory = service.app.state.scenarios
    memory.forget(id_)
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(memory.get(id_).snapshot.times["walk"]))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({id(table) for table in found}) == 1


def test_a_scenario_that_fits_the_snapshot_no_longer_says_so_and_stays_listed(
    begin, copy, tmp_path
):
    id_ = kept(begin(), TWO)
    pack = Path(shutil.copytree(FILES[0], tmp_path / "pack"))
    venues = (pack / "venues.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (pack / "venues.csv").write_text("".join(venues[:-1]), encoding="utf-8")  # without V5
    assert "V5" not in {v.venue_id for v in load(pack).venues}
    snapshot = pipeline.compute(pipeline.Inputs(pack, *FILES[1:]))
    SnapshotFolder(copy).publish(snapshot, lambda folder: write(snapshot, folder))
    later = begin()
    problem = refused(later.get(f"/scenarios/{id_}/delta"), 409, "id")
    assert "V5" in problem["detail"]
    assert [i["id"] for i in got(later, "/scenarios")["items"]] == [id_]
    assert later.delete(f"/scenarios/{id_}", headers=SCRIPT).status_code == 200


def test_every_scenario_path_is_in_the_document(service):
    paths = got(service, "/openapi.json")["paths"]
    ends = ("", *ANSWERS[1:])
    assert {f"/scenarios/{{scenario_id}}{end}" for end in ends} <= paths.keys()
    assert set(paths["/scenarios"]) == {"get", "post"}
    assert "/scenarios/compare" in paths
    assert {"201", "200", "403", "409", "413", "415", "422", "503"} <= paths["/scenarios"]["post"][
        "responses"
    ].keys()


def test_every_example_in_the_document_answers(service):
    ids = kept(service, ONE), kept(service, TWO)
    paths = got(service, "/openapi.json")["paths"]
    examples = 0
    for path in (p for p in paths if p.startswith("/scenarios/")):
        url = path.replace("{scenario_id}", ids[0])
        both = f"&id={ids[0]}&id={ids[1]}" if path.endswith("compare") else ""
        for parameter in paths[path]["get"].get("parameters", []):
            name, schema = parameter["name"], parameter["schema"]
            for value in schema.get("examples", []):
                if name in NEEDING or name == "district":  # Beijing's
                    continue
                answer = service.get(f"{url}?{name}={value}{both}")
                assert answer.status_code == 200, (answer.url, answer.text)
                examples += 1
    assert examples > 20
    said = paths["/scenarios"]["post"]["requestBody"]["content"]["application/json"]
    (example,) = said["schema"]["examples"]
    assert len(parse_scenario(load(), example).edits) == 2  # of Beijing
