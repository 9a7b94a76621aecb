"""Siting over HTTP: who may ask, what is refused, how a job is followed, what comes of it."""

import csv
import io
import json
import os
import signal
import time
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.app import create_app, from_environment
from api.jobs import QUEUE, Jobs
from api.review_guard import TOKEN_HEADER
from api.routes.siting import LONGEST
from venuenet import pipeline
from venuenet.proposals.request import parse_request
from venuenet.proposals.solve import propose
from venuenet.publish.snapshot import write
from venuenet.store import SnapshotFolder

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette would rather have httpx2, which is not httpx
    from starlette.testclient import TestClient

MINICITY = Path(__file__).parents[1] / "golden" / "minicity"
TOKEN = "a-token-of-this-start-0123456789"
HOST = "127.0.0.1:8000"
SCRIPT = {"Host": HOST, TOKEN_HEADER: TOKEN}
PAGE = {**SCRIPT, "Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin"}
ONE = {"goal": "cover_most", "count": 1, "mode": "walk", "minutes": 15}
ENDS = {"done", "infeasible", "cancelled", "timed_out", "failed"}
TASKS = """
import time

def slow(folder, request, tell):
    tell("求解", "solving", 10.0, 12.5)
    time.sleep(600)

def quick(folder, request, tell):
    return {"status": "optimal"}

def nobody(folder, request, tell):
    return {"status": "infeasible", "reasons": [{"zh": "够不着", "en": "out of reach"}]}
"""


@pytest.fixture(scope="module")
def minicity(tmp_path_factory):
    """A store with the mini-city in it, built from its pack."""
    files = (MINICITY / name for name in ("pack", "standards.yaml", "assumptions.yaml"))
    store = SnapshotFolder(tmp_path_factory.mktemp("minicity"))
    snapshot = pipeline.compute(pipeline.Inputs(*files))
    store.publish(snapshot, lambda folder: write(snapshot, folder))
    return store


@pytest.fixture
def begin(minicity):
    """Start a service and ask it from an address."""
    clients = []

    def start(token=TOKEN, client=("127.0.0.1", 5000), **limits):
        found = TestClient(
            create_app(minicity, token=token), client=client, raise_server_exceptions=False
        )
        clients.append(found.__enter__())
        return found

    yield start
    for each in clients:
        each.__exit__(None, None, None)


@pytest.fixture
def service(begin):
    return begin()


@pytest.fixture
def running(begin, tmp_path, monkeypatch):
    """Start a service whose worker runs one of the functions above."""
    (tmp_path / "siting_http_tasks.py").write_text(TASKS, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def start(task, **limits):
        client = begin()
        client.app.state.jobs = Jobs(f"siting_http_tasks:{task}", **limits)
        return client

    return start


def post(client, request=ONE, headers=SCRIPT):
    return client.post("/siting", json=request, headers=headers)


def look(client, job_id, method="GET"):
    answer = client.request(method, f"/siting/{job_id}", headers=SCRIPT)
    assert answer.status_code == 200, answer.text
    return answer.json()


def follow(client, answer, states=ENDS):
    """The job once it is in one of some states."""
    assert answer.status_code == 202, answer.text
    until = time.monotonic() + 120
    while (found := look(client, answer.json()["id"]))["status"] not in states:
        assert time.monotonic() < until, found
        time.sleep(0.02)
    return found


def refused(response, status):
    """Check that a refusal is a whole problem in both languages; return it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    problem = response.json()
    assert problem["status"] == status
    for zh, en in (("title", "title_en"), ("detail", "detail_en")):
        assert any("\u4e00" <= c <= "\u9fff" for c in problem[zh])
        assert any(c.isascii() and c.isalpha() for c in problem[en])
    return problem


# who may ask

EVERYTHING = [
    ("POST", "/siting"),
    ("GET", "/siting"),
    ("GET", "/siting/0123456789abcdef"),
    ("DELETE", "/siting/0123456789abcdef"),
    ("GET", "/siting/0123456789abcdef/sites.geojson"),
    ("GET", "/siting/0123456789abcdef/sites.csv"),
]
WITHOUT = {
    "no token": {TOKEN_HEADER: None},
    "another token": {TOKEN_HEADER: TOKEN + "x"},
    "the start of the token": {TOKEN_HEADER: TOKEN[:-1]},
    "a name that only resolves to here": {"Host": "evil.example:8000"},
    "a name that begins like this machine's": {"Host": "127.0.0.1.evil.example"},
    "a proxy in front": {"X-Forwarded-For": "203.0.113.9"},
    "a proxy that names itself": {"Via": "1.1 proxy"},
}
WRITE_WITHOUT = {
    "a foreign origin": {"Origin": "https://evil.example"},
    "an origin of another port": {"Origin": "http://127.0.0.1:8001"},
    "an origin of another scheme": {"Origin": f"https://{HOST}"},
    "the null origin of a file or a frame": {"Origin": "null"},
    "an empty origin": {"Origin": ""},
    "fetch metadata of a browser and no origin": {"Sec-Fetch-Site": "cross-site"},
    "fetch metadata of our own page and no origin": {"Sec-Fetch-Mode": "cors"},
    "a page it came from and no origin": {"Referer": f"http://{HOST}/"},
    "client hints and no origin": {"Sec-CH-UA": '"Chromium";v="130"'},
    "cookies and no origin": {"Cookie": "a=b"},
}


def ask(client, method, path, headers):
    body = {"json": ONE} if method == "POST" else {}
    return client.request(method, path, headers=headers, **body)


def changed(headers):
    wanted = {**SCRIPT, **headers}
    return {k: v for k, v in wanted.items() if v is not None}


@pytest.mark.parametrize(("method", "path"), EVERYTHING)
def test_nobody_comes_in_who_may_not(service, method, path):
    for wrong in WITHOUT.values():
        problem = refused(ask(service, method, path, changed(wrong)), 403)
        assert problem["type"].endswith("siting-refused")
        assert TOKEN_HEADER in problem["detail_en"]
    assert service.app.state.jobs.all() == []


@pytest.mark.parametrize(("method", "path"), [e for e in EVERYTHING if e[0] != "GET"])
@pytest.mark.parametrize("wrong", WRITE_WITHOUT.values(), ids=WRITE_WITHOUT.keys())
def test_nobody_writes_from_a_page_that_is_not_ours(service, method, path, wrong):
    refused(ask(service, method, path, changed(wrong)), 403)
    assert service.app.state.jobs.all() == []


@pytest.mark.parametrize(("method", "path"), EVERYTHING)
def test_nobody_comes_in_from_another_machine(begin, method, path):
    far = begin(client=("10.0.0.8", 5000))
    refused(ask(far, method, path, PAGE), 403)


@pytest.mark.parametrize("headers", [SCRIPT, PAGE], ids=["a program", "our own page"])
def test_this_machine_may_put_a_job_and_cancel_it(running, headers):
    client = running("slow")
    answer = post(client, headers=headers)
    assert answer.status_code == 202
    path = answer.headers["location"]
    assert path == f"/siting/{answer.json()['id']}"
    assert client.delete(path, headers=headers).json()["status"] == "cancelled"


@pytest.mark.parametrize("token", [None, ""])
def test_without_a_token_siting_is_off_and_says_how_to_turn_it_on(begin, token):
    off = begin(token=token)
    problem = refused(post(off, headers=changed({TOKEN_HEADER: ""})), 503)
    assert "VENUENET_REVIEW_TOKEN" in problem["detail_en"]


def test_the_token_of_the_environment_works_where_there_is_no_registry(minicity, monkeypatch):
    monkeypatch.setenv("VENUENET_DATA", str(minicity.root))
    monkeypatch.setenv("VENUENET_REVIEW_TOKEN", TOKEN)
    with TestClient(from_environment(), client=("127.0.0.1", 5000)) as client:
        assert client.app.state.registry is None
        assert client.get("/siting", headers=SCRIPT).status_code == 200


def test_what_siting_answers_is_kept_nowhere(running):
    client = running("quick")
    path = post(client).headers["location"]
    for each in ("/siting", path):
        answer = client.get(each, headers={**SCRIPT, "If-None-Match": "*"})
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert "etag" not in answer.headers


# what is refused at once


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
def test_a_body_that_does_not_say_it_is_json_is_refused(service, kind):
    headers = {**SCRIPT, "Content-Type": kind} if kind else SCRIPT
    refused(service.post("/siting", content=json.dumps(ONE), headers=headers), 415)


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"count": NaN}', b'{"count": Infinity}', b"\xff", b"[" * 5000, b"null"]
)
def test_a_body_that_is_no_json_is_refused(service, body):
    headers = {**SCRIPT, "Content-Type": "application/json"}
    problem = refused(service.post("/siting", content=body, headers=headers), 422)
    assert problem["param"] in ("body", "asked")


@pytest.mark.parametrize("body", [[], [ONE], "cover_most", 1, True])
def test_a_body_that_is_no_object_is_refused(service, body):
    assert refused(post(service, body), 422)["param"] == "body"


def test_a_number_nobody_can_write_back_is_refused(service):
    site = b'{"name": "a", "lon": 116.4, "lat": 39.9, "row": 1e999}'
    body = b'{"goal": "cover_most", "count": 1, "sites": [%s]}' % site
    headers = {**SCRIPT, "Content-Type": "application/json"}
    problem = refused(service.post("/siting", content=body, headers=headers), 422)
    assert problem["param"] == "body"


def test_a_body_may_be_so_long_and_no_longer(running):
    client = running("quick")
    headers = {**SCRIPT, "Content-Type": "application/json"}
    text = json.dumps(ONE)
    for longer, status in ((0, 202), (1, 413)):
        body = text + " " * (LONGEST - len(text) + longer)
        answer = client.post("/siting", content=body, headers=headers)
        assert answer.status_code == status, answer.text


NASTY = [
    ({}, "count"),
    ({"goal": "best"}, "goal"),
    ({"goal": None, "count": -1}, "count"),
    ({**ONE, "count": 10**400}, "count"),
    ({**ONE, "count": 1.5}, "count"),
    ({**ONE, "count": "一"}, "count"),
    ({**ONE, "count": [1]}, "count"),
    ({**ONE, "count": True}, "count"),
    ({**ONE, "minutes": 1e308}, "minutes"),
    ({**ONE, "mode": "骑行"}, "mode"),
    ({**ONE, "mode": {"a": 1}}, "mode"),
    ({**ONE, "group": "火星人"}, "group"),
    ({**ONE, "kinds": ["x" * 1000]}, "kinds"),
    ({**ONE, "time_limit_s": 301}, "time_limit_s"),
    ({**ONE, "time_limit_s": 10**400}, "time_limit_s"),
    ({**ONE, "time_limit_s": 0}, "time_limit_s"),
    ({**ONE, "budget": -1}, "budget"),
    ({**ONE, "districts": ["丙区"]}, "districts"),
    ({**ONE, "residents": ["丙区"]}, "residents"),
    ({**ONE, "goal": "cover_with_room", "residents": ["甲区"]}, "residents"),
    ({**ONE, "sources": ["/etc/passwd"]}, "sources"),
    ({**ONE, "sites": "/etc/passwd"}, "sites"),
    ({**ONE, "file": "/etc/passwd"}, "file"),
    ({**ONE, "名": 1}, "名"),
    ({**ONE, "alternatives": 6}, "alternatives"),
    ({**ONE, "spacing_km": "-1"}, "spacing_km"),
    ({**ONE, "force": [None]}, "force"),
]


@pytest.mark.parametrize(("request_", "param"), NASTY, ids=lambda v: str(v)[:60])
def test_what_cannot_be_understood_is_never_queued(service, request_, param):
    assert refused(post(service, request_), 422)["param"] == param
    assert service.app.state.jobs.all() == []


def test_a_list_of_sites_is_refused_with_every_fault_it_has(service):
    sites = [{"name": "甲", "lon": 500, "lat": 40}, {"name": "乙", "lon": 116.4, "lat": "北"}]
    problem = refused(post(service, {**ONE, "sites": sites}), 422)
    assert len(problem["faults"]) == 2
    for fault in problem["faults"]:
        assert {"detail", "detail_en", "row", "column"} <= set(fault)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8) | st.sampled_from([-1, 0, 10**400, "110101", "甲区", "=1+1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)  # fmt: skip
NAMES = st.sampled_from(
    ["goal", "mode", "minutes", "kinds", "weights", "sources", "resolution", "districts",
     "residents", "sites",
     "options", "upgrades", "costs", "unit", "count", "budget", "share", "min_per_district",
     "max_per_district", "force", "forbid", "spacing_km", "time_limit_s", "gap", "alternatives",
     "differ", "standard", "own_district", "surface_transit"]
)  # fmt: skip


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.dictionaries(NAMES, VALUES, max_size=3))
def test_nothing_anybody_sends_breaks_the_service(service, more):
    service.app.state.jobs = Jobs("nowhere:nothing", queue=0)
    answer = post(service, {**ONE, **more})
    assert answer.status_code in (422, 429), answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/siting?status=done", 422),
        ("GET", "/siting/none", 404),
        ("GET", "/siting/%E6%B5%B7", 404),
        ("DELETE", "/siting/none", 404),
        ("GET", "/siting/none/sites.csv", 404),
        ("GET", "/siting/none/sites.geojson", 404),
        ("PUT", "/siting", 405),
        ("POST", "/siting?wait=1", 422),
    ],
)
def test_what_does_not_exist_is_said(service, method, path, status):
    refused(ask(service, method, path, SCRIPT), status)


# how a job is followed


def test_the_queue_takes_so_many_and_refuses_one_more(running):
    client = running("slow")
    first = post(client)
    follow(client, first, {"running"})
    waiting = [post(client) for _ in range(QUEUE)]
    assert [w.status_code for w in waiting] == [202] * QUEUE
    assert [w.json()["position"] for w in waiting] == list(range(1, QUEUE + 1))
    full = post(client)
    problem = refused(full, 429)
    assert problem["type"].endswith("queue-full")
    assert 1 <= int(full.headers["retry-after"]) <= 180
    listed = client.get("/siting", headers=SCRIPT).json()
    assert listed["queue"] == {"waiting": QUEUE, "most_waiting": QUEUE, "most_kept": 50}
    assert [i["status"] for i in listed["items"]] == ["queued"] * QUEUE + ["running"]
    for each in (first, *waiting):
        assert look(client, each.json()["id"], "DELETE")["status"] == "cancelled"
    assert client.get("/siting", headers=SCRIPT).json()["queue"]["waiting"] == 0


def test_a_running_job_tells_how_far_it_is(running):
    client = running("slow")
    answer = post(client, {**ONE, "time_limit_s": 30})
    follow(client, answer, {"running"})
    until = time.monotonic() + 60
    while not (found := look(client, answer.json()["id"]))["progress"]["stage_zh"]:
        assert time.monotonic() < until
    progress = found["progress"]
    assert (progress["stage_zh"], progress["stage_en"]) == ("求解", "solving")
    assert (progress["objective"], progress["bound"], progress["gap"]) == (10.0, 12.5, 0.25)
    assert progress["seconds"] >= 0
    assert (found["limit_s"], found["result"], found["position"]) == (150.0, None, None)
    assert found["request"]["time_limit_s"] == 30
    assert found["started"].endswith("+00:00")


def test_a_job_that_takes_too_long_says_so(running):
    client = running("slow", grace_s=0.0)
    found = follow(client, post(client, {**ONE, "time_limit_s": 1}))
    assert (found["status"], found["result"]) == ("timed_out", None)
    assert "1 s" in found["problem"]["detail_en"]
    refused(client.get(f"/siting/{found['id']}/sites.csv", headers=SCRIPT), 409)


def test_a_job_that_cannot_be_met_says_why(running):
    client = running("nobody")
    found = follow(client, post(client))
    assert found["status"] == "infeasible"
    assert found["result"]["reasons"] == [{"zh": "够不着", "en": "out of reach"}]
    assert found["problem"] is None


def test_a_worker_that_dies_is_told_and_the_next_job_runs(running):
    client = running("slow")
    first, second = post(client), post(client)
    follow(client, first, {"running"})
    pid = client.app.state.jobs._process.pid
    os.kill(pid, signal.SIGKILL)
    found = follow(client, first)
    assert (found["status"], found["problem"]["code"]) == ("failed", "worker-died")
    follow(client, second, {"running"})
    look(client, second.json()["id"], "DELETE")


def test_a_service_that_stops_leaves_no_worker(running):
    client = running("slow")
    jobs = client.app.state.jobs
    follow(client, post(client), {"running"})
    pid = jobs._process.pid
    client.__exit__(None, None, None)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    client.__enter__()


# what comes of it


def plain(plan):
    """A plan without how long it took."""
    return {name: value for name, value in plan.items() if name != "seconds"}


@pytest.mark.parametrize(
    "request_",
    [
        {"goal": "cover_most", "count": 1, "mode": "walk", "minutes": 15},
        {"goal": "cover_most", "count": 2, "mode": "drive", "minutes": 15, "alternatives": 1},
        {"goal": "cover_fairly", "count": 1, "mode": "walk", "minutes": 15},
    ],
    ids=lambda r: r["goal"],
)
def test_a_job_gives_the_plan_that_is_worked_out_here(service, minicity, request_):
    found = follow(service, post(service, request_))
    assert found["status"] == "done", found["problem"]
    snapshot = minicity.current()
    here = propose(snapshot, parse_request(snapshot, request_))
    assert plain(found["result"]) == plain(json.loads(json.dumps(here)))
    assert found["result"]["items"]
    assert found["snapshot"] == found["result"]["snapshot"] == minicity.current_id()
    assert found["problem"] is None


def test_the_sites_of_a_plan_can_be_taken_away(service):
    found = follow(service, post(service, {"goal": "cover_most", "count": 2, "mode": "drive"}))
    items = found["result"]["items"]
    path = f"/siting/{found['id']}/sites"
    table = service.get(f"{path}.csv", headers=SCRIPT)
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert [r["site_id"] for r in rows] == [i["site_id"] for i in items]
    assert [float(r["lon"]) for r in rows] == [i["lon"] for i in items]
    places = service.get(f"{path}.geojson", headers=SCRIPT)
    assert places.headers["content-type"] == "application/geo+json"
    features = places.json()["features"]
    assert [f["geometry"]["coordinates"] for f in features] == [[i["lon"], i["lat"]] for i in items]
    for answer in (table, places):
        name = answer.headers["content-disposition"]
        assert name.startswith(f'attachment; filename="siting_cover_most_{found["as_of"]}.')


def test_a_plan_nobody_can_make_says_what_stands_in_its_way(service):
    request_ = {"goal": "cover_all", "mode": "walk", "minutes": 1, "districts": ["甲区"]}
    found = follow(service, post(service, request_))
    assert found["status"] == "infeasible", found["problem"]
    assert found["result"]["reasons"]
    assert found["result"]["items"] == []
    problem = refused(service.get(f"/siting/{found['id']}/sites.csv", headers=SCRIPT), 409)
    assert "infeasible" in problem["detail_en"]


def test_a_job_that_is_refused_late_leaves_the_words_it_was_refused_with(service, minicity):
    folder = minicity.root / "snapshots" / ("0" * 16)
    job = service.app.state.jobs.submit(folder, ONE, 60)
    found = follow(service, SimpleNamespace(status_code=202, json=lambda: {"id": job.id}))
    assert found["status"] == "failed"
    assert found["problem"]["code"] == "bad-snapshot"


def test_five_branches_for_beijing(beijing_data):
    app = create_app(SnapshotFolder(beijing_data), token=TOKEN)
    with TestClient(app, client=("127.0.0.1", 5000)) as client:
        found = follow(client, post(client, {"goal": "cover_most", "count": 5, "mode": "walk"}))
        assert found["status"] == "done", found["problem"]
        plan = found["result"]
        assert plan["status"] == "optimal"
        assert plan["bound"] >= plan["objective"]
        assert len(plan["items"]) == 5
        before = client.get("/coverage?mode=walk").json()["total"]["covered"]
        assert plan["city"]["before"]["covered"] == before
        gains = [i["people_marginal"] for i in plan["items"]]
        assert abs(plan["city"]["gained"] - sum(gains)) <= 0.001 * sum(gains)
        assert gains == sorted(gains, reverse=True)
