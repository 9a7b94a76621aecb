"""Online geocoders against a real server on this machine that answers as they do, or worse."""

import json
import logging
import socket
import threading
import traceback
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError
from pyproj import Geod

from venuenet import area
from venuenet.errors import GeocodeError
from venuenet.geocode import _http, from_settings
from venuenet.geocode._http import Client, Limits
from venuenet.geocode.cache import AnswerCache
from venuenet.geocode.cascade import Cascade
from venuenet.geocode.districts import Districts
from venuenet.geocode.gazetteer import Gazetteer
from venuenet.geocode.model import GeoQuery
from venuenet.geocode.online import Online
from venuenet.geocode.providers import AMAP, BAIDU, NOMINATIM, TIANDITU, Ask
from venuenet.geocode.settings import GeocodeSettings
from venuenet.geocode.text import AddressReader

GEOD = Geod(ellps="WGS84")
BEIJING = area.load()
READER = AddressReader(BEIJING)
DISTRICTS = Districts(BEIJING)
KEY = "s3cr3t-K3Y-0123456789"
PLACES = Path(__file__).parents[3] / "shared" / "validation" / "gcj02" / "gcoord_china_cities.json"
DOOR = GeoQuery("某馆", "海淀区双清路30号", "110108")

# Bodies in the shape the providers document; 40.0 N 116.327 E is in Haidian in every datum.
TIANDITU_OK = {
    "msg": "ok",
    "location": {
        "score": 100, "level": "门址", "lon": "116.327", "lat": "40.0", "keyWord": "双清路30号",
    },
    "searchVersion": "6.4.9V",
    "status": "0",
}  # fmt: skip
AMAP_OK = {
    "status": "1", "info": "OK", "infocode": "10000", "count": "1",
    "geocodes": [
        {
            "formatted_address": "北京市海淀区双清路30号", "country": "中国", "province": "北京市",
            "citycode": "010", "city": "北京市", "district": "海淀区", "township": [],
            "neighborhood": {"name": [], "type": []}, "building": {"name": [], "type": []},
            "adcode": "110108", "street": "双清路", "number": "30号",
            "location": "116.333177,40.001314", "level": "门牌号",
        }
    ],
}  # fmt: skip
BAIDU_OK = {
    "status": 0,
    "result": {
        "location": {"lng": 116.339771, "lat": 40.006992}, "precise": 1, "confidence": 80,
        "comprehension": 100, "level": "门址",
    },
}  # fmt: skip
NOMINATIM_OK = [
    {
        "place_id": 1, "licence": "Data © OpenStreetMap contributors, ODbL 1.0",
        "osm_type": "way", "osm_id": 2, "lat": "40.0", "lon": "116.327", "category": "amenity",
        "type": "university", "place_rank": 30, "importance": 0.5, "addresstype": "amenity",
        "name": "某馆", "display_name": "某馆, 双清路, 海淀区, 北京市, 中国",
        "boundingbox": ["39.9990000", "40.0010000", "116.3250000", "116.3290000"],
    }
]  # fmt: skip
PROVIDERS = {
    "tianditu": (TIANDITU, TIANDITU_OK),
    "amap": (AMAP, AMAP_OK),
    "baidu": (BAIDU, BAIDU_OK),
    "nominatim": (NOMINATIM, NOMINATIM_OK),
}


class Server:
    """Answers each request with the next reply planned, the last one for ever."""

    def __init__(self):
        self.replies = [(200, {}, b"{}")]
        self.seen = []
        self.sent = 0
        self.dropped = threading.Event()
        self.quit = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                parts = urlsplit(self.path)
                outer.seen.append((parts.path, parse_qs(parts.query), dict(self.headers)))
                reply = outer.replies[min(len(outer.seen), len(outer.replies)) - 1]
                if callable(reply):
                    reply(self)
                    return
                status, headers, body = reply
                if not isinstance(body, bytes):
                    body = json.dumps(body, ensure_ascii=False).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with suppress(OSError):
                    self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def will(self, *replies):
        self.replies = [(200, {}, r) if isinstance(r, dict | list | bytes) else r for r in replies]
        return self

    def hang(self, _):
        self.quit.wait(20)

    def drip(self, head):
        """Send one byte after the other, for a minute if nobody hangs up."""

        def handle(handler):
            handler.close_connection = True
            with suppress(OSError):
                handler.wfile.write(head)
                for _ in range(1200):
                    handler.wfile.write(b"a")
                    self.sent += 1
                    if self.quit.wait(0.05):
                        break
                return
            self.dropped.set()

        return handle

    def stop(self):
        self.quit.set()
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


@pytest.fixture
def server():
    running = Server()
    yield running
    running.stop()


class Clock:
    """A time that only passes while somebody sleeps."""

    def __init__(self):
        self.now = 1000.0
        self.slept = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


def online(server, name="amap", *, cache=None, clock=None, **limits):
    provider = PROVIDERS[name][0]
    wanted = {"per_second": 1000.0, "timeout_s": 5.0, "deadline_s": 10.0, "tries": 3} | limits
    client = Client(
        provider.zh,
        provider.en,
        server.url + provider.path,
        Limits(**wanted),
        (provider.key, KEY) if provider.key else None,
        **({"clock": clock, "sleep": clock.sleep} if clock else {}),
    )
    return Online(provider, client, BEIJING, READER, DISTRICTS, cache)


def fails(step, query=DOOR):
    with pytest.raises(GeocodeError) as caught:
        step.locate(query)
    return caught.value


# --- what is asked, what is understood ----------------------------------------------------------


@pytest.mark.parametrize("name", PROVIDERS)
def test_each_provider_s_answer_becomes_a_point_in_wgs84(server, name):
    _, body = PROVIDERS[name]
    found = online(server.will(body), name).locate(DOOR)
    assert abs(GEOD.inv(found.lon, found.lat, 116.327, 40.0)[2]) < 30
    assert (found.level, found.provider) == ("door", name)
    assert 100 <= found.precision_m <= 500
    assert 0.5 < found.confidence < 1
    assert found.raw == (body if isinstance(body, dict) else {"answers": body})
    assert all(r.zh and r.en for r in found.reasons)


@pytest.mark.skipif(not PLACES.is_file(), reason="the published places are not beside the project")
@pytest.mark.parametrize(("name", "datum"), [("amap", "GCJ02"), ("baidu", "BD09")])
def test_every_published_place_comes_back_in_wgs84(name, datum):
    """664 places whose coordinates in all three datums are published (gcoord)."""
    ask = Ask("x", "", "北京市", None, DISTRICTS.bounds)
    rows = json.loads(PLACES.read_text(encoding="utf-8"))
    assert len(rows) > 600
    for row in rows:
        lon, lat = row["coords"][datum]
        if name == "amap":
            body = {**AMAP_OK, "geocodes": [{"location": f"{lon},{lat}", "level": "门牌号"}]}
            found = AMAP.read(body, ask)
        else:
            result = {**BAIDU_OK["result"], "location": {"lng": lon, "lat": lat}}
            found = BAIDU.read({"status": 0, "result": result}, ask)
        assert abs(GEOD.inv(found.lon, found.lat, *row["coords"]["WGS84"])[2]) < 1


@pytest.mark.skipif(not PLACES.is_file(), reason="the published places are not beside the project")
def test_a_published_gcj02_point_of_beijing_comes_back_over_the_wire(server):
    row = next(
        r
        for r in json.loads(PLACES.read_text(encoding="utf-8"))
        if r["attrs"]["name"] == "北京城区"
    )
    lon, lat = row["coords"]["GCJ02"]
    place = {**AMAP_OK["geocodes"][0], "location": f"{lon},{lat}"}
    found = online(server.will({**AMAP_OK, "geocodes": [place]})).locate(DOOR)
    assert abs(GEOD.inv(found.lon, found.lat, *row["coords"]["WGS84"])[2]) < 1
    assert abs(GEOD.inv(found.lon, found.lat, lon, lat)[2]) > 400


def test_the_requests_are_those_the_providers_document(server):
    for name, (_, body) in PROVIDERS.items():
        online(server.will(body), name).locate(DOOR)
    tianditu, amap, baidu, nominatim = server.seen
    text = "北京市海淀区双清路30号"
    assert tianditu[0] == "/geocoder"
    assert json.loads(tianditu[1]["ds"][0]) == {"keyWord": text}
    assert tianditu[1]["tk"] == [KEY]
    assert amap[0] == "/v3/geocode/geo"
    assert amap[1] == {"address": [text], "city": ["北京市"], "output": ["JSON"], "key": [KEY]}
    assert baidu[0] == "/geocoding/v3/"
    assert baidu[1] == {
        "address": [text], "city": ["北京市"], "output": ["json"],
        "ret_coordtype": ["bd09ll"], "ak": [KEY],
    }  # fmt: skip
    assert nominatim[0] == "/search"
    assert nominatim[1]["format"] == ["jsonv2"]
    west, north, east, south = map(float, nominatim[1]["viewbox"][0].split(","))
    assert (west, south) < (116.3, 39.9) < (east, north)
    for _, query, headers in server.seen:
        assert headers["User-Agent"].startswith("venuenet/")
        assert headers["Accept-Encoding"] == "identity"
        assert (KEY in str(query)) == (query is not nominatim[1])


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (GeoQuery("北京天文馆", "西城区西直门外大街138号"), "北京市西城区西直门外大街138号"),
        (GeoQuery("北京天文馆", "西直门外大街138号", "110102"), "北京市西城区西直门外大街138号"),
        (GeoQuery("植物园温室", "海淀区香山路", "110108"), "北京市海淀区植物园温室"),
        (GeoQuery("", "海淀区香山路"), "北京市海淀区香山路"),
        (GeoQuery("Beijing Planetarium"), "Beijing Planetarium"),
    ],
)
def test_the_door_is_asked_for_else_the_name_else_the_address(server, query, text):
    online(server.will(AMAP_OK)).locate(query)
    assert server.seen[0][1]["address"] == [text]


def test_nothing_to_ask_asks_nothing(server):
    assert online(server).locate(GeoQuery("", "")) is None
    assert server.seen == []


def test_baidu_gets_no_more_than_the_84_bytes_it_takes(server):
    online(server.will(BAIDU_OK), "baidu").locate(
        GeoQuery("", "海淀区" + "很长的地址" * 20 + "1号")
    )
    assert 81 <= len(server.seen[0][1]["address"][0].encode()) <= 84


@pytest.mark.parametrize(
    ("name", "change", "level", "precision"),
    [
        ("tianditu", {"level": "兴趣点"}, "exact", 300),
        ("tianditu", {"level": "道路"}, "street", 2500),
        ("tianditu", {"level": "乡镇"}, "township", 6000),
        ("tianditu", {"level": "兴趣点", "score": 80}, "door", 300),
        ("amap", {"level": "兴趣点", "formatted_address": "北京市海淀区某馆"}, "exact", 300),
        ("amap", {"level": "兴趣点", "formatted_address": "北京市海淀区某某馆"}, "door", 300),
        ("amap", {"level": "门牌号"}, "door", 200),
        ("amap", {"level": "区县"}, "district", 20000),
        ("amap", {"level": "公交地铁站点"}, "street", 500),
        ("amap", {"level": "村庄"}, "street", 1500),
        ("baidu", {"level": "旅游景点", "confidence": 100}, "exact", 500),
        ("baidu", {"level": "旅游景点", "comprehension": 90}, "door", 500),
        ("baidu", {"level": "旅游景点", "precise": 0}, "door", 500),
        ("baidu", {"level": "门址", "confidence": 50}, "door", 1000),
        ("baidu", {"level": "门址", "confidence": 80, "comprehension": 60}, "door", 1000),
        ("baidu", {"level": "门址", "confidence": 10}, "door", 10000),
        ("baidu", {"level": "道路", "confidence": 80}, "street", 2500),
        ("nominatim", {"place_rank": 12}, "district", None),
        ("nominatim", {"place_rank": 16}, "township", None),
        ("nominatim", {"place_rank": 26}, "street", None),
        ("nominatim", {"name": "某馆停车场"}, "door", None),
        ("nominatim", {}, "exact", None),
    ],
)
def test_each_level_is_ours_with_its_precision(server, name, change, level, precision):
    body = json.loads(json.dumps(PROVIDERS[name][1]))
    place = {
        "tianditu": lambda: body["location"],
        "amap": lambda: body["geocodes"][0],
        "baidu": lambda: body["result"],
        "nominatim": lambda: body[0],
    }[name]()
    place |= change
    found = online(server.will(body), name).locate(GeoQuery("某馆", "", "110108"))
    assert found.level == level
    # Nominatim: half the diagonal of the bounding box, 222 m by 341 m here
    assert found.precision_m == (precision or pytest.approx(203, abs=3))


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("tianditu", {"status": "101", "msg": "no result"}),
        ("tianditu", {"status": "0", "msg": "ok", "location": {}}),
        ("tianditu", {**TIANDITU_OK, "location": {**TIANDITU_OK["location"], "level": "市"}}),
        ("amap", {"status": "1", "info": "OK", "infocode": "10000", "geocodes": []}),
        ("amap", {**AMAP_OK, "geocodes": [{**AMAP_OK["geocodes"][0], "level": "省"}]}),
        ("baidu", {"status": 1, "msg": "Internal Service Error:无相关结果", "results": []}),
        ("baidu", {"status": 0, "result": {**BAIDU_OK["result"], "level": "城市"}}),
        ("nominatim", []),
        ("nominatim", [{**NOMINATIM_OK[0], "place_rank": 8}]),
    ],
)
def test_knowing_nothing_or_only_the_city_is_no_answer(server, name, body):
    assert online(server.will(body), name).locate(DOOR) is None
    assert len(server.seen) == 1


def test_of_several_answers_the_one_in_the_district_is_taken(server):
    here = AMAP_OK["geocodes"][0]
    elsewhere = {**here, "adcode": "110105", "location": "116.48,39.99"}
    found = online(server.will({**AMAP_OK, "geocodes": [elsewhere, here]})).locate(DOOR)
    assert found.lon == pytest.approx(116.327, abs=0.001)


def test_terms_that_restrict_storing_are_told_with_the_point(server):
    for name, (provider, body) in PROVIDERS.items():
        found = online(server.will(body), name).locate(DOOR)
        assert any("条款" in r.zh for r in found.reasons) == (provider.keep_days == 0)


# --- what goes wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "reply"),
    [
        ("tianditu", (403, {}, {"code": 301001, "msg": "非法key", "resolve": "重新申请"})),
        ("tianditu", {"code": 301012, "msg": "权限类型错误"}),
        ("tianditu", (418, {}, b"<html>CloudWAF</html>")),
        ("amap", {"status": "0", "info": "INVALID_USER_KEY", "infocode": "10001"}),
        ("amap", {"status": "0", "info": "DAILY_QUERY_OVER_LIMIT", "infocode": "10003"}),
        ("amap", {"status": "0", "info": "USER_DAILY_QUERY_OVER_LIMIT", "infocode": "10044"}),
        ("baidu", {"status": 4, "message": "Quota Failure"}),
        ("baidu", {"status": 302, "message": "天配额超限，限制访问"}),
        ("baidu", {"status": 200, "message": f"APP不存在，AK有误 {KEY}"}),
        ("baidu", {"status": 240, "message": "APP 服务被禁用"}),
        ("nominatim", (403, {}, b"Usage limit reached")),
    ],
)
def test_a_refused_key_or_a_spent_quota_stops_the_provider_for_the_run(server, name, reply):
    step = online(server.will(reply, PROVIDERS[name][1]), name)
    first = fails(step)
    assert "本次运行不再请求" in first.detail
    assert PROVIDERS[name][0].zh in first.detail
    assert "not asked again" in first.detail_en
    for _ in range(3):
        assert fails(step, GeoQuery("别馆", "海淀区学院路1号")) is first
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"status": "0", "info": "INVALID_PARAMS", "infocode": "20000"},
        {"status": "0", "info": "ENGINE_RESPONSE_DATA_ERROR", "infocode": "30001"},
    ],
)
def test_a_query_that_is_not_understood_says_nothing_about_the_next(server, body):
    step = online(server.will(*[body] * 5, AMAP_OK))
    for n in range(5):
        error = fails(step, GeoQuery(f"馆{n}", "", "110108"))
        assert "不再请求" not in error.detail
    assert step.locate(DOOR) is not None
    assert len(server.seen) == 6


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_passing_fault_is_tried_again_with_growing_waits(server, status):
    clock = Clock()
    step = online(server.will((status, {}, b""), (status, {}, b""), AMAP_OK), clock=clock)
    assert step.locate(DOOR) is not None
    assert len(server.seen) == 3
    waits = [s for s in clock.slept if s > 0.01]
    assert 0.375 <= waits[0] <= 0.625
    assert 0.75 <= waits[1] <= 1.25


def test_tries_are_bounded(server):
    step = online(server.will((500, {}, b"")), clock=Clock(), tries=4)
    assert "HTTP 500" in fails(step).detail
    assert len(server.seen) == 4


@pytest.mark.parametrize("status", [400, 404, 302, 301])
def test_a_lasting_fault_is_not_tried_again(server, status):
    moved = (status, {"Location": f"{server.url}/elsewhere"}, b"")
    step = online(server.will(moved, AMAP_OK))
    fails(step)
    assert [path for path, *_ in server.seen] == [AMAP.path]


def test_in_body_too_fast_is_as_429(server):
    fast = {"status": "0", "info": "CUQPS_HAS_EXCEEDED_THE_LIMIT", "infocode": "10021"}
    step = online(server.will(fast, fast, AMAP_OK), clock=Clock())
    assert step.locate(DOOR) is not None
    assert len(server.seen) == 3


def test_a_provider_that_stays_too_fast_is_left_alone(server):
    step = online(server.will((429, {}, b"slow down")), clock=Clock())
    assert "不再请求" in fails(step).detail
    fails(step)
    assert len(server.seen) == 3


def test_retry_after_is_kept_to(server):
    clock = Clock()
    step = online(
        server.will((429, {"Retry-After": "7"}, b""), (503, {"Retry-After": "x"}, b""), AMAP_OK),
        clock=clock,
        deadline_s=30.0,
    )
    assert step.locate(DOOR) is not None
    waits = [s for s in clock.slept if s > 0.01]
    assert waits[0] == 7
    assert waits[1] < 2


@pytest.mark.parametrize("after", ["3600", "Wed, 21 Oct 2099 07:28:00 GMT", "inf"])
def test_a_wait_beyond_the_deadline_is_not_waited(server, after):
    clock = Clock()
    step = online(server.will((503, {"Retry-After": after}, b""), AMAP_OK), clock=clock)
    fails(step)
    assert len(server.seen) == 1
    assert sum(clock.slept) < 1


def test_a_date_that_has_passed_is_no_wait(server):
    clock = Clock()
    past = (503, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, b"")
    assert online(server.will(past, AMAP_OK), clock=clock).locate(DOOR) is not None
    assert sum(clock.slept) < 1


def test_three_queries_without_an_answer_are_enough(server):
    step = online(server.will((500, {}, b"")), tries=1)
    for n in range(5):
        fails(step, GeoQuery(f"馆{n}", "", "110108"))
    assert len(server.seen) == _http.GIVE_UP_AFTER


def test_an_answer_in_between_clears_the_count(server):
    bad, ok = (500, {}, b""), AMAP_OK
    step = online(server.will(bad, bad, ok, bad, bad, ok), tries=1)
    for n, answers in enumerate([False, False, True, False, False, True]):
        query = GeoQuery(f"馆{n}", "", "110108")
        assert step.locate(query) if answers else fails(step, query)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"<html></html>", b"\xff\xfe\x00", b"null", b"[1, 2]", b'"text"', b"12",
        b"[" * 100_000,
        {**AMAP_OK, "geocodes": [{"location": [], "level": "x"}]},
        {**AMAP_OK, "geocodes": [{"location": "116.3", "level": "x"}]},
        {**AMAP_OK, "geocodes": [{"location": "NaN,40.0", "level": "x"}]},
        {**AMAP_OK, "geocodes": [{"location": "116.3,400.0", "level": "x"}]},
        {**AMAP_OK, "geocodes": ["text"]},
        {**AMAP_OK, "geocodes": {"a": 1}},
        {"status": "1"} | {"geocodes": 5},
    ],
)  # fmt: skip
def test_what_is_not_an_answer_is_an_error_and_not_tried_again(server, body):
    fails(online(server.will(body)))
    assert len(server.seen) == 1


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("body", [{}, {"status": "0"}, {"status": 0, "result": 5}, [5], [{}], "x"])
def test_no_shape_of_json_breaks_a_reader(server, name, body):
    step = online(server.will(json.dumps(body).encode()), name, tries=1)
    with suppress(GeocodeError):
        assert step.locate(DOOR) is None


def test_a_body_without_end_is_not_read_to_its_end(server):
    fails(online(server.will(b'{"a": "' + b"x" * (_http.MAX_BYTES * 4) + b'"}')))
    assert len(server.seen) == 1


def test_a_server_that_hangs_is_left_and_tried_again(server):
    step = online(server.will(server.hang), timeout_s=0.2, tries=2)
    assert "超时" in fails(step).detail
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 90000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
    ],
    ids=["body", "headers"],
)
def test_a_server_that_drips_cannot_hold_a_query_beyond_its_deadline(server, head):
    step = online(server.will(server.drip(head)), timeout_s=2.0, deadline_s=0.5, tries=1)
    fails(step)
    assert server.dropped.wait(10)
    assert server.sent < 1200


def test_nobody_listening_is_an_error(server):
    step = online(server, tries=2, timeout_s=1.0)
    server.stop()
    assert "无法连接" in fails(step).detail


# --- how often ----------------------------------------------------------------------------------


def test_requests_are_evenly_spaced_and_in_order(server):
    clock = Clock()
    step = online(server.will(NOMINATIM_OK), "nominatim", clock=clock, per_second=1.0)
    for n in range(4):
        step.locate(GeoQuery(f"第{n}馆", "", "110108"))
    assert [q["q"][0] for _, q, _ in server.seen] == [f"北京市海淀区第{n}馆" for n in range(4)]
    assert clock.slept == [1.0, 1.0, 1.0]


def test_retries_wait_their_turn_too(server):
    clock = Clock()
    step = online(server.will((500, {}, b""), AMAP_OK), clock=clock, per_second=0.1, deadline_s=60)
    step.locate(DOOR)
    assert sum(clock.slept) == pytest.approx(10.0)


def test_the_same_question_is_asked_once_a_run(server):
    step = online(server.will(AMAP_OK))
    assert step.locate(DOOR) == step.locate(DOOR)
    assert len(server.seen) == 1
    step.locate(GeoQuery("某馆", "海淀区双清路31号", "110108"))
    assert len(server.seen) == 2


def test_the_public_nominatim_is_not_asked_in_bulk(server):
    step = online(server.will(NOMINATIM_OK), "nominatim", in_all=2)
    for n in range(2):
        step.locate(GeoQuery(f"第{n}馆"))
    assert "不得批量" in fails(step, GeoQuery("第三馆")).detail
    fails(step, GeoQuery("第四馆"))
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("url", "per_second", "in_all"),
    [
        ("https://nominatim.openstreetmap.org/", 1.0, 100),
        ("http://osm.bureau.example/nominatim", 20.0, None),
    ],
)
def test_only_one_s_own_nominatim_may_be_asked_faster(url, per_second, in_all):
    settings = GeocodeSettings(nominatim_url=url, nominatim_per_second=20)
    limits = from_settings(BEIJING, [], settings).steps[-1]._client._limits
    assert (limits.per_second, limits.in_all) == (per_second, in_all)


# --- what is kept -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROVIDERS)
def test_only_what_the_terms_allow_is_kept_on_disk(server, tmp_path, name):
    provider, body = PROVIDERS[name]
    first = online(server.will(body), name, cache=AnswerCache(tmp_path)).locate(DOOR)
    second = online(server, name, cache=AnswerCache(tmp_path)).locate(DOOR)
    assert first == second
    assert len(server.seen) == (1 if provider.keep_days else 2)
    assert any(tmp_path.iterdir()) == bool(provider.keep_days)


def test_that_a_provider_knows_nothing_is_kept_too(server, tmp_path):
    for _ in range(2):
        step = online(server.will([]), "nominatim", cache=AnswerCache(tmp_path))
        assert step.locate(DOOR) is None
    assert len(server.seen) == 1


def test_errors_are_never_kept(server, tmp_path):
    bodies = [{"status": "404", "msg": "出错"}, TIANDITU_OK]
    step = online(server.will(*bodies), "tianditu", cache=AnswerCache(tmp_path))
    fails(step)
    assert step.locate(DOOR) is not None


def test_a_kept_answer_that_makes_no_sense_is_asked_for_again(server, tmp_path):
    class Odd(AnswerCache):
        def get(self, provider, question):
            return {"what": ["is", "this"]}

    found = online(server.will(TIANDITU_OK), "tianditu", cache=Odd(tmp_path)).locate(DOOR)
    assert found.level == "door"
    assert len(server.seen) == 1


# --- the key ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reply",
    [
        (403, {}, {"code": 301001, "msg": f"非法key {KEY}"}),
        (500, {}, f"error for ?tk={KEY}".encode()),
        (302, {"Location": f"http://127.0.0.1/?tk={KEY}"}, b""),
        {"status": "404", "msg": f"tk={KEY}"},
        b"{" + KEY.encode(),
        lambda handler: handler.connection.shutdown(socket.SHUT_RDWR),
    ],
)
def test_the_key_is_in_no_error_and_no_log(server, caplog, reply):
    caplog.set_level(logging.DEBUG)
    error = fails(online(server.will(reply), "tianditu", tries=1))
    told = "".join(traceback.format_exception(error, chain=True))
    chain = [error, error.__cause__, error.__context__]
    told += "".join(f"{e!r}{e}{vars(e) if e else ''}" for e in chain)
    told += caplog.text
    assert len(server.seen) == 1
    assert KEY in str(server.seen[0][1])
    assert KEY not in told


def test_the_key_is_in_no_answer_log_or_file(server, caplog, tmp_path):
    caplog.set_level(logging.DEBUG)
    echo = {**TIANDITU_OK, "request": f"tk={KEY}"}
    found = online(server.will(echo), "tianditu", cache=AnswerCache(tmp_path)).locate(DOOR)
    assert "127.0.0.1" in caplog.text
    assert KEY not in caplog.text
    assert found.raw["request"] == "tk=***"
    assert KEY not in repr(found)
    files = list(tmp_path.iterdir())
    assert files
    assert all(KEY.encode() not in f.read_bytes() for f in files)


def test_settings_come_from_the_environment_and_hide_their_keys(monkeypatch, server):
    for name in ("TIANDITU", "AMAP", "BAIDU"):
        monkeypatch.setenv(f"VENUENET_{name}_KEY", KEY)
        monkeypatch.setenv(f"VENUENET_{name}_URL", server.url + "/")
    monkeypatch.setenv("VENUENET_NOMINATIM_URL", server.url)
    settings = GeocodeSettings()
    assert KEY not in repr(settings) + str(settings.model_dump())
    server.will((403, {}, b""), (403, {}, b""), (403, {}, b""), NOMINATIM_OK)
    line = from_settings(BEIJING, [], settings)
    names = ["registry", "gazetteer", "tianditu", "amap", "baidu", "nominatim"]
    assert [s.name for s in line.steps] == names
    found = line.locate(GeoQuery("某馆", "海淀区双清路30号"))
    assert found.provider == "nominatim"
    assert set(line.failures) == {"tianditu", "amap", "baidu"}
    assert [path for path, *_ in server.seen] == [
        p.path for p in (TIANDITU, AMAP, BAIDU, NOMINATIM)
    ]


@pytest.mark.parametrize(
    "url", ["ftp://example.org", "api.tianditu.gov.cn", "http://", "file:///x"]
)
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(ValidationError):
        GeocodeSettings(tianditu_url=url)


def test_without_keys_there_is_nothing_that_could_reach_the_network(monkeypatch, tmp_path):
    for name in ("TIANDITU_KEY", "AMAP_KEY", "BAIDU_KEY", "NOMINATIM_URL"):
        monkeypatch.setenv(f"VENUENET_{name}", "")

    def refuse(*_, **__):
        raise AssertionError("a client was made")

    monkeypatch.setattr(_http.Client, "__init__", refuse)
    line = from_settings(BEIJING, [], cache_folder=tmp_path / "cache")
    assert [s.name for s in line.steps] == ["registry", "gazetteer"]
    assert line.locate(GeoQuery("北京天文馆")).level == "exact"
    assert not (tmp_path / "cache").exists()


# --- the rule over the wire ---------------------------------------------------------------------


def whole(*steps):
    return Cascade([Gazetteer(BEIJING, READER, DISTRICTS), *steps], BEIJING, READER, DISTRICTS)


def test_an_online_answer_in_another_city_is_refused_and_the_next_is_asked(server):
    """科技馆 in Shijiazhuang: a right name in a wrong city."""
    there = {**AMAP_OK["geocodes"][0], "location": "114.5210,38.0440", "adcode": "130102"}
    server.will({**AMAP_OK, "geocodes": [there]}, BAIDU_OK)
    found = whole(online(server, "amap"), online(server, "baidu")).locate(DOOR)
    assert (found.provider, found.ok) == ("baidu", True)
    assert any("高德地图" in r.zh and "不在北京市" in r.zh for r in found.reasons)


def test_a_homonym_in_another_district_is_refused(server):
    """A geological museum in Xicheng, for a list that says Daxing."""
    there = {**TIANDITU_OK["location"], "lon": "116.366109", "lat": "39.921862"}
    step = online(server.will({**TIANDITU_OK, "location": there}), "tianditu")
    found = whole(step).locate(GeoQuery("地质博物馆", "", "110115"))
    assert (found.level, found.ok) == ("district", True)
    assert any("落在西城区" in r.zh and "in Xicheng" in r.en for r in found.reasons)
    alone = Cascade([step], BEIJING, READER, DISTRICTS)
    assert not alone.locate(GeoQuery("地质博物馆", "", "110115")).ok


def test_what_is_known_here_is_not_asked_for(server):
    assert whole(online(server)).locate(GeoQuery("北京天文馆", "", "110102")).level == "exact"
    assert server.seen == []


def test_a_provider_out_of_quota_is_told_of_and_the_next_is_asked(server):
    spent = {"status": "0", "info": "DAILY_QUERY_OVER_LIMIT", "infocode": "10003"}
    server.will(spent, TIANDITU_OK)
    line = whole(online(server, "amap"), online(server, "tianditu"))
    for n in (30, 32, 34):
        found = line.locate(GeoQuery("某馆", f"海淀区双清路{n}号", "110108"))
        assert found.provider == "tianditu"
        assert any("配额用尽" in r.zh and "quota" in r.en for r in found.reasons)
    assert [path for path, *_ in server.seen].count(AMAP.path) == 1


# --- the document -------------------------------------------------------------------------------


def test_the_document_names_every_setting_and_says_how_long_answers_are_kept():
    text = (Path(__file__).parents[2] / "docs" / "geocoding.md").read_text(encoding="utf-8")
    missing = [n for n in GeocodeSettings.model_fields if f"VENUENET_{n.upper()}" not in text]
    assert missing == []
    rows = {line.split("|")[1].strip(): line for line in text.splitlines() if "|" in line}
    kept = [
        "never" if not p.keep_days else f"{p.keep_days:.0f} days" for p, _ in PROVIDERS.values()
    ]
    assert [c.strip() for c in rows["on disk"].split("|")[2:-1]] == kept
    asked = [int(c.split()[0]) for c in rows["requests per second"].split("|")[2:-1]]
    assert asked == [p.per_second for p, _ in PROVIDERS.values()]
