"""The review over HTTP: who may ask, what is asked, what a decision changes in a real registry."""

import datetime as dt
import json
import re
import shutil
import warnings

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.app import create_app, from_environment
from api.caching import CSP
from api.review_guard import MAX_BODY, TOKEN_HEADER
from api.routes.review import PAGE, merged_id
from venuenet.registry.claims import claim
from venuenet.registry.model import Change, Question, Reason, Row, RowRef, SourceInfo
from venuenet.registry.resolve import register, resolve_id
from venuenet.registry.review import question_id
from venuenet.settings import Settings
from venuenet.store import SnapshotFolder, open_store

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette would rather have httpx2, which is not httpx
    from starlette.testclient import TestClient

TOKEN = "a-token-of-this-start-0123456789"
HOST = "127.0.0.1:8000"
HEADERS = {"Host": HOST, TOKEN_HEADER: TOKEN, "Origin": f"http://{HOST}"}
DAY = dt.date(2026, 11, 1)
BAIT = "<img src=x onerror=alert(1)>"
FORMULA = '=HYPERLINK("http://evil.example","点我")'

KNOWN, TWIN, NEW, DOUBTFUL, HELD = "V110101-901", "RTWIN", "RNEW", "RPLACE", ("RHELD1", "RHELD2")


def point(lon, lat, precision_m=100.0):
    return {"point": {"lon": lon, "lat": lat, "precision_m": precision_m, "method": "list"}}


def said(venue_id, name, adcode, standing, **more):
    source = "pack" if venue_id == KNOWN else "list"
    fields = {"name_zh": name, "adcode": adcode, "standing": standing, "kind": "base", **more}
    return claim(venue_id, source, DAY, fields, "medium")


def row(venue_id, number, name, address):
    raw = {"名称": name, "地址": address, "备注": FORMULA}
    ref = RowRef("科普基地2026.xlsx", "城区", number)
    why = Reason("待核对", "to be settled")
    return Row("list", venue_id, venue_id, ref, "queued", venue_id, why, raw)


def asked(kind, ids, adcode, **evidence):
    key = f"{kind}:{'|'.join(sorted(ids))}"
    reasons = [{"zh": "名称相近", "en": "similar names"}]
    return Question(key, kind, ids, adcode, {"reasons": reasons, **evidence})


QUESTIONS = {
    "same": asked("same", (TWIN, KNOWN), "110101", score=0.83),
    "new": asked("new", (NEW,), "110105", candidates=[]),
    "place": asked(
        "place",
        (DOUBTFUL,),
        "110111",
        candidates=[
            {
                "lon": 115.9821, "lat": 39.7203, "precision_m": 100.0, "usable": False,
                "label_zh": "清单所给坐标", "label_en": "the list's own point",
            }
        ],
    ),
    "datum": asked("datum", HELD, None, source="list"),
}  # fmt: skip
IDS = {kind: question_id(q.key) for kind, q in QUESTIONS.items()}


def fill(store):
    """A registry as an import leaves it, with one question of each kind."""
    held = {"listed_point": [116.310, 39.990, 100.0], "memo": {"trusted": False}}
    now = dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
    seed = Change(
        "seed", now, "venuenet", "", "内置名录",
        sources=(SourceInfo("pack", "内置名录", DAY),),
        claims=(said(KNOWN, "北京自然博物馆", "110101", "confirmed", **point(116.3936, 39.8826)),),
    )  # fmt: skip
    store.commit(seed, 0)
    change = Change(
        "import", now, "赵", "年度更新", "科普基地",
        files={"科普基地2026.xlsx": "0" * 64},
        sources=(SourceInfo("list", "科普基地", DAY),),
        claims=(
            said(TWIN, "国家自然博物馆", "110101", "pending", phone="010-67024431",
                 address_zh="天桥南大街126号", **point(116.3941, 39.8830)),
            said(NEW, BAIT, "110105", "pending", address_zh=FORMULA),
            said(DOUBTFUL, "房山地质科普馆", "110111", "pending"),
            said(HELD[0], "测绘科普馆甲", "110108", "quarantined", **held),
            said(HELD[1], "测绘科普馆乙", "110108", "quarantined", **held),
        ),
        questions=tuple(QUESTIONS.values()),
        rows=(
            row(TWIN, 7, "国家自然博物馆", "天桥南大街126号"),
            row(NEW, 8, BAIT, FORMULA),
        ),
    )  # fmt: skip
    store.commit(change, 1)
    return store


@pytest.fixture
def registry(tmp_path):
    store = fill(open_store(Settings(data=tmp_path, database_url=None)))
    yield store
    store.close()


@pytest.fixture
def start(beijing_data):
    """Start a service and ask it from an address."""
    clients = []

    def begin(registry, token=TOKEN, client=("127.0.0.1", 5000), district=None):
        folder = SnapshotFolder(beijing_data)
        app = create_app(folder, registry=registry, token=token, district=district)
        found = TestClient(app, client=client, raise_server_exceptions=False)
        clients.append(found.__enter__())
        return found

    yield begin
    for each in clients:
        each.__exit__(None, None, None)


@pytest.fixture
def service(start, registry):
    return start(registry)


def listed(client, query="state=all"):
    """What is asked, by kind."""
    answer = client.get(f"/review/questions?{query}", headers=HEADERS)
    assert answer.status_code == 200, answer.text
    return {item["kind"]: item for item in answer.json()["items"]}


def decide(client, kind, answer, headers=HEADERS, **more):
    body = {"answer": answer, "who": "王审核", "why": "电话核实", **more}
    return client.post(f"/review/questions/{IDS[kind]}", json=body, headers=headers)


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

PATHS = ["/review/questions", f"/venues/{KNOWN}/history"]
WITHOUT = {
    "no token": {TOKEN_HEADER: None},
    "another token": {TOKEN_HEADER: TOKEN + "x"},
    "the start of the token": {TOKEN_HEADER: TOKEN[:-1]},
    "a token of other letters": {TOKEN_HEADER: "é" * 8},
    "a name that only resolves to here": {"Host": "evil.example:8000"},
    "a name that begins like this machine's": {"Host": "127.0.0.1.evil.example"},
    "a name that ends like this machine's": {"Host": "evil-localhost"},
    "a proxy in front": {"X-Forwarded-For": "203.0.113.9"},
    "a proxy by the standard's header": {"Forwarded": "for=203.0.113.9"},
    "a proxy that names the scheme only": {"X-Forwarded-Proto": "https"},
    "a proxy that names itself": {"Via": "1.1 proxy"},
}
POST_WITHOUT = {
    "no origin": {"Origin": None},
    "a foreign origin": {"Origin": "https://evil.example"},
    "an origin of another port": {"Origin": "http://127.0.0.1:8001"},
    "an origin of another scheme": {"Origin": f"https://{HOST}"},
    "the null origin of a file or a frame": {"Origin": "null"},
    "an origin of this machine's other name": {"Origin": "http://localhost:8000"},
}


def changed(headers):
    """The right headers but for one; bytes, because a client may send what is no ASCII."""
    wanted = {**HEADERS, **headers}
    return {k: v.encode("latin-1") for k, v in wanted.items() if v is not None}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("wrong", WITHOUT.values(), ids=WITHOUT.keys())
def test_nobody_reads_with(service, path, wrong):
    assert refused(service.get(path, headers=changed(wrong)), 403)["type"].endswith(
        "review-refused"
    )


@pytest.mark.parametrize(
    "wrong",
    [*WITHOUT.values(), *POST_WITHOUT.values()],
    ids=[*WITHOUT.keys(), *POST_WITHOUT.keys()],
)
def test_nobody_decides_with(service, registry, wrong):
    refused(decide(service, "same", "merge", headers=changed(wrong)), 403)
    assert registry.ledger().revision == 2


@pytest.mark.parametrize("address", ["10.0.0.8", "192.168.1.2", "testclient", "::ffff:10.0.0.8"])
def test_nobody_reviews_from_another_machine(start, registry, address):
    far = start(registry, client=(address, 5000))
    refused(far.get("/review/questions", headers=HEADERS), 403)
    refused(decide(far, "same", "merge"), 403)
    assert registry.ledger().revision == 2


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_this_machine_may_review_by_each_of_its_addresses(start, registry, address):
    near = start(registry, client=(address, 5000))
    assert near.get("/review/questions", headers=HEADERS).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8000", "LOCALHOST:1", "[::1]:8000"])
def test_this_machine_may_review_by_each_of_its_names(service, host):
    headers = {**HEADERS, "Host": host, "Origin": f"http://{host}"}
    assert service.get("/review/questions", headers=headers).status_code == 200
    assert decide(service, "same", "ask", headers=headers).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
def test_a_body_that_does_not_say_it_is_json_is_refused(service, registry, kind):
    body = json.dumps({"answer": "merge", "who": "王"})
    headers = changed({"Content-Type": kind})
    refused(service.post(f"/review/questions/{IDS['same']}", content=body, headers=headers), 415)
    assert registry.ledger().revision == 2


def test_a_json_body_may_name_its_charset(service):
    headers = {**HEADERS, "Content-Type": "application/json; charset=utf-8"}
    body = json.dumps({"answer": "ask", "who": "王"})
    path = f"/review/questions/{IDS['same']}"
    assert service.post(path, content=body, headers=headers).status_code == 200


@pytest.mark.parametrize("streamed", [False, True], ids=["of a declared length", "in pieces"])
def test_a_body_may_be_so_long_and_no_longer(service, registry, streamed):
    body = json.dumps({"answer": "ask", "who": "王", "why": ""}).encode()
    path, kind = f"/review/questions/{IDS['same']}", {"Content-Type": "application/json"}

    def post(size):
        padded = body[:-1] + b" " * (size - len(body)) + b"}"
        pieces = (padded[i : i + 5000] for i in range(0, size, 5000))
        content = pieces if streamed else padded
        return service.post(path, content=content, headers={**HEADERS, **kind})

    refused(post(MAX_BODY + 1), 413)
    assert registry.ledger().revision == 2
    assert post(MAX_BODY).status_code == 200


@pytest.mark.parametrize("token", [None, ""])
def test_without_a_token_the_review_is_off_and_says_how_to_turn_it_on(start, registry, token):
    off = start(registry, token=token)
    problem = refused(off.get("/review/questions", headers=changed({TOKEN_HEADER: ""})), 503)
    assert "venuenet serve" in problem["detail"]
    assert "VENUENET_REVIEW_TOKEN" in problem["detail_en"]


def test_without_a_registry_the_review_is_off(start):
    off = start(None)
    problem = refused(off.get("/review/questions", headers=HEADERS), 503)
    assert "venuenet import" in problem["detail_en"]
    refused(decide(off, "same", "merge"), 503)


def test_the_map_answers_anybody_as_before(start, registry):
    far = start(registry, client=("10.0.0.8", 5000))
    assert far.get("/coverage").status_code == 200
    assert far.get("/healthz").status_code == 200


def test_no_method_but_the_right_one_answers(service):
    for method, path in (("DELETE", "/review/questions"), ("GET", "/review/undo")):
        response = service.request(method, path, headers=HEADERS)
        assert response.status_code in (404, 405)
        assert response.headers["cache-control"] == "no-store"


def test_another_page_is_told_nothing_by_a_preflight(service):
    asked = {
        **HEADERS,
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": TOKEN_HEADER,
    }
    headers = service.options("/review/questions", headers=asked).headers
    assert not [name for name in headers if name.startswith("access-control")]


# what is asked


def test_the_questions_come_with_cards_rows_and_counts(service):
    answer = service.get("/review/questions", headers=HEADERS)
    body = answer.json()
    assert body["revision"] == 2
    assert body["counts"] == {"open": 4, "asked": 0, "answered": 0}
    items = {item["kind"]: item for item in body["items"]}
    assert {kind: item["id"] for kind, item in items.items()} == IDS
    twin, known = items["same"]["venues"]
    assert (twin["venue_id"], known["venue_id"]) == (TWIN, KNOWN)
    assert (twin["lon"], twin["lat"], twin["precision_m"]) == (116.3941, 39.8830, 100.0)
    assert twin["phone"] == "010-67024431"
    assert twin["row"]["row"] == 7
    assert twin["row"]["raw"]["备注"] == FORMULA
    assert items["new"]["venues"][0]["name_zh"] == BAIT
    assert items["place"]["candidates"][0]["lon"] == 115.9821
    assert items["place"]["candidates"][0]["usable"] is False


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("", {"same", "new", "place", "datum"}),
        ("kind=place", {"place"}),
        ("district=东城区", {"same"}),
        ("district=chaoyang&district=110111", {"new", "place"}),
        ("district=东城区&kind=new", set()),
        ("state=answered", set()),
    ],
)
def test_the_questions_can_be_narrowed(service, query, kinds):
    assert set(listed(service, query)) == kinds


@pytest.mark.parametrize(
    ("query", "param"),
    [("state=x", "state"), ("kind=x", "kind"), ("district=x", "district"), ("limit=3", "limit")],
)
def test_a_filter_nobody_knows_is_refused(service, query, param):
    problem = refused(service.get(f"/review/questions?{query}", headers=HEADERS), 422)
    assert problem["param"] == param


def test_what_the_review_answers_is_kept_nowhere(service):
    for path in PATHS:
        first = service.get(path, headers=HEADERS)
        assert first.status_code == 200
        assert first.headers["cache-control"] == "no-store"
        assert "etag" not in first.headers
        again = service.get(path, headers={**HEADERS, "If-None-Match": "*"})
        assert again.status_code == 200
        assert service.head(path, headers=HEADERS).status_code == 200
        assert service.head(path).status_code == 403


# what a decision changes


def venue(registry, venue_id):
    ledger = registry.ledger()
    return register(ledger)[resolve_id(ledger, venue_id)]


def test_a_merge_is_written_with_who_and_why(service, registry):
    settled = decide(service, "same", "merge")
    assert settled.status_code == 200, settled.text
    assert settled.headers["cache-control"] == "no-store"
    body = settled.json()
    assert body["receipt"]["number"] == 3
    assert body["question"]["state"] == "answered"
    assert body["question"]["merged_id"] == TWIN
    assert body["snapshot_outdated"] is True
    assert "venuenet build" in body["note_zh"]
    assert "venuenet build" in body["note_en"]
    receipt = registry.ledger().receipts[-1]
    assert (receipt.who, receipt.why) == ("王审核", "电话核实")
    assert resolve_id(registry.ledger(), TWIN) == KNOWN
    reply = listed(service, "state=answered")["same"]["reply"]
    assert (reply["answer"], reply["who"], reply["why"]) == ("merge", "王审核", "电话核实")


def test_a_service_bound_to_a_district_writes_no_other_s(start, registry):
    bound = start(registry, district="延庆")
    revision = registry.ledger().revision
    for kind, answer in (("same", "merge"), ("place", "reject")):
        assert "本区" in refused(decide(bound, kind, answer), 409)["detail"]
    assert registry.ledger().revision == revision


def test_asking_the_district_leaves_the_question_open_and_the_map_as_it_is(service, registry):
    before = register(registry.ledger())
    body = decide(service, "place", "ask").json()
    assert (body["question"]["state"], body["snapshot_outdated"]) == ("asked", False)
    assert body["note_zh"] is None
    assert register(registry.ledger()) == before
    counts = service.get("/review/questions", headers=HEADERS).json()["counts"]
    assert counts == {"open": 3, "asked": 1, "answered": 0}


def test_a_moved_pin_is_the_venue_s_position(service, registry):
    pin = {"lon": 115.99, "lat": 39.73}
    assert decide(service, "place", "move", values=pin).status_code == 200
    found = venue(registry, DOUBTFUL)
    assert found.standing == "confirmed"
    assert {k: found.get("point")[k] for k in pin} == pin


def test_a_pin_outside_its_district_is_refused(service, registry):
    problem = refused(decide(service, "place", "move", values={"lon": 116.9, "lat": 40.5}), 422)
    assert problem["type"].endswith("bad-query")
    assert registry.ledger().revision == 2


def test_a_new_venue_can_be_turned_down_or_be_a_known_one(service, registry):
    assert decide(service, "new", "merge", values={"into": KNOWN}).status_code == 200
    assert resolve_id(registry.ledger(), NEW) == KNOWN
    assert listed(service)["new"]["merged_id"] == NEW
    undone = {"receipt": 3, "who": "王"}
    assert service.post("/review/undo", json=undone, headers=HEADERS).status_code == 200
    assert decide(service, "new", "reject").status_code == 200
    assert venue(registry, NEW).standing == "rejected"


def test_a_list_s_datum_frees_its_venues(service, registry):
    refused(decide(service, "datum", "accept"), 422)
    settled = decide(service, "datum", "accept", values={"datum": "GCJ-02"})
    assert settled.status_code == 200, settled.text
    found = venue(registry, HELD[0])
    assert found.standing != "quarantined"
    # GCJ-02 moves Beijing some 530 m east: the true place is west of the listed one.
    assert 0.005 < 116.310 - found.get("point")["lon"] < 0.0075


def test_an_undo_brings_the_question_back(service, registry):
    number = decide(service, "same", "merge").json()["receipt"]["number"]
    body = {"receipt": number, "who": "李", "why": "看错了"}
    undone = service.post("/review/undo", json=body, headers=HEADERS)
    assert undone.status_code == 200
    assert undone.json()["receipt"]["undoes"] == number
    assert resolve_id(registry.ledger(), TWIN) == TWIN
    assert listed(service)["same"]["state"] == "open"
    refused(service.post("/review/undo", json=body, headers=HEADERS), 409)


def test_a_split_parts_what_was_merged(service, registry):
    decide(service, "same", "merge")
    body = {"venue_id": listed(service)["same"]["merged_id"], "who": "王"}
    assert service.post("/review/split", json=body, headers=HEADERS).status_code == 200
    assert resolve_id(registry.ledger(), TWIN) == TWIN
    answered = listed(service)["same"]
    assert (answered["reply"]["answer"], answered["merged_id"]) == ("reject", None)
    refused(service.post("/review/split", json=body, headers=HEADERS), 409)


def test_what_is_settled_is_not_settled_again(service):
    assert decide(service, "same", "merge").status_code == 200
    refused(decide(service, "same", "reject"), 409)


def test_an_answer_the_question_does_not_take_is_refused_with_those_it_does(service):
    problem = refused(decide(service, "same", "move", values={"lon": 116.4, "lat": 39.9}), 422)
    assert problem["allowed"] == ["merge", "reject", "ask"]


def test_a_question_nobody_asked_is_not_found(service):
    body = {"answer": "ask", "who": "王"}
    for name in ("0" * 12, "%00", "问"):
        response = service.post(f"/review/questions/{name}", json=body, headers=HEADERS)
        refused(response, 404)


def test_who_comes_second_is_told_so(start, registry):
    """Another decision between reading and writing: the store refuses, the service says 409."""

    class Racing:
        def __getattr__(self, name):
            return getattr(registry, name)

        def commit(self, change, revision):
            other = Change("decision", change.at, "李", "", "比我快")
            registry.commit(other, registry.ledger().revision)
            return registry.commit(change, revision)

    problem = refused(decide(start(Racing()), "same", "merge"), 409)
    assert problem["type"].endswith("registry-stale")
    assert resolve_id(registry.ledger(), TWIN) == TWIN


# what is no decision

GOOD = {"answer": "ask", "who": "王"}
BAD = [
    b"", b"{", b"[]", b"null", b"1", b'"ask"', b"\xff\xfe", b'{"answer": "ask"}',
    b'{"answer": "ask", "who": "\\ud800"}', b'{"answer": "ask", "who": "\xed\xa0\x80"}',
    b'{"answer": "ask", "who": "x", "\\ud800": 1}',
    b'{"answer": "ask", "who": "x", "values": {"lon": NaN}}',
    b'{"answer": "ask", "who": "x", "values": {"lon": 1e999}}',
    b"[" * 30_000 + b"]" * 30_000,
    *(
        json.dumps({**GOOD, **more}, ensure_ascii=False).encode()
        for more in (
            {"who": ""}, {"who": "  "}, {"who": "x" * 81}, {"who": 5}, {"who": None},
            {"why": "x" * 1001}, {"why": None}, {"answer": "drop table"}, {"answer": ["ask"]},
            {"values": []}, {"values": {"lon": "116"}}, {"values": {"lon": 181, "lat": 0}},
            {"values": {"lon": 10**400}}, {"values": {"lat": True}}, {"values": {"datum": "WGS"}},
            {"values": {"into": "x" * 101}}, {"values": {"point": 1}}, {"Who": "x"},
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize("body", BAD, ids=range(len(BAD)))
def test_what_is_no_decision_is_refused_and_changes_nothing(service, registry, body):
    headers = {**HEADERS, "Content-Type": "application/json"}
    path = f"/review/questions/{IDS['same']}"
    refused(service.post(path, content=body, headers=headers), 422)
    assert registry.ledger().revision == 2


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from([f"/review/questions/{IDS['place']}", "/review/split", "/review/undo"]),
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["answer", "who", "why", "values", "venue_id", "receipt", "lon"]),
                inner | st.sampled_from(["ask", "move", "王", KNOWN]),
                max_size=5,
            )
        ),
    ).map(lambda value: json.dumps(value).encode()),
)
def test_no_body_breaks_the_service(service, path, body):
    headers = {**HEADERS, "Content-Type": "application/json"}
    response = service.post(path, content=body, headers=headers)
    assert response.status_code < 500, response.text
    json.loads(response.content)


# which id a split parts


@pytest.mark.parametrize(
    ("links", "asked", "gone"),
    [
        ({"a": "b"}, ("a", "b"), "a"),
        ({"b": "a"}, ("a", "b"), "b"),
        ({"a": "c", "c": "b"}, ("a", "b"), "c"),
        ({"a": "b", "b": "d"}, ("a", "b"), "a"),
        ({"b": "c", "c": "a"}, ("a", "b"), "c"),
        ({}, ("a", "b"), None),
        ({"a": "x", "b": "y"}, ("a", "b"), None),
    ],
)
def test_a_split_parts_the_id_that_the_merge_took(links, asked, gone):
    assert merged_id(links, *asked) == gone
    if gone:
        parted = {k: v for k, v in links.items() if k != gone}
        assert merged_id(parted, *asked) is None


# the history of a venue


def test_the_history_tells_fields_sources_and_events(service):
    decide(service, "same", "merge")
    answer = service.get(f"/venues/{TWIN}/history", headers=HEADERS)
    told = answer.json()
    assert (told["resolved"], set(told["ids"])) == (KNOWN, {KNOWN, TWIN})
    fields = {field["name"]: field for field in told["fields"]}
    assert fields["name_zh"]["value"] == "北京自然博物馆"
    assert fields["phone"]["source"] == "list"
    assert [event["who"] for event in told["events"]][-1] == "王审核"


def test_a_venue_nobody_registered_has_no_history(service):
    refused(service.get("/venues/V000000-000/history", headers=HEADERS), 404)


# the page and the document


@pytest.mark.skipif(not PAGE.is_file(), reason="the page is not built here")
def test_the_page_is_served_to_anybody_without_any_data(start, registry):
    far = start(registry, client=("10.0.0.8", 5000))
    response = far.get("/review")
    assert response.status_code == 200
    assert response.headers["content-security-policy"] == CSP
    assert BAIT not in response.text
    assets = re.findall(r'(?:src|href)="([^"]+)"', response.text)
    assert assets
    for asset in assets:
        assert not asset.startswith(("http:", "https:", "//"))
        assert far.get(asset).status_code == 200
    assert not re.search(r"<script(?![^>]*\ssrc=)|\son\w+=|javascript:", response.text)


def test_the_document_tells_the_review_s_shapes(service):
    document = service.get("/openapi.json").json()
    for path, method in (
        ("/review/questions", "get"),
        ("/review/questions/{question_id}", "post"),
        ("/review/split", "post"),
        ("/review/undo", "post"),
        ("/venues/{venue_id}/history", "get"),
    ):
        operation = document["paths"][path][method]
        assert {"200", "403", "422", "503"} <= set(operation["responses"])
        for status, answer in operation["responses"].items():
            if status != "200":
                assert set(answer["content"]) == {"application/problem+json"}
    schema = document["components"]["schemas"]["QuestionsAnswer"]
    whole = {**schema, "components": document["components"]}
    jsonschema.validate(service.get("/review/questions", headers=HEADERS).json(), whole)


def test_the_environment_turns_the_review_on(beijing_data, tmp_path, monkeypatch):
    data = tmp_path / "data"
    shutil.copytree(beijing_data, data)
    monkeypatch.setenv("VENUENET_DATA", str(data))
    monkeypatch.setenv("VENUENET_REVIEW_TOKEN", TOKEN)
    monkeypatch.delenv("VENUENET_DATABASE_URL", raising=False)

    def status():
        with TestClient(from_environment(), client=("127.0.0.1", 5000)) as client:
            return client.get("/review/questions", headers=HEADERS).status_code

    assert status() == 503
    fill(open_store(Settings(data=data))).close()
    assert status() == 200
    monkeypatch.delenv("VENUENET_REVIEW_TOKEN")
    assert status() == 503
