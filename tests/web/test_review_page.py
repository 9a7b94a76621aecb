"""The review in a real Chromium: a list imported, settled by keyboard, seen in the registry."""

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import uvicorn
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from api.app import create_app
from tests.web.conftest import PHONE, STATIC, outside
from venuenet.registry.resolve import register, resolve_id
from venuenet.settings import Settings
from venuenet.store import SnapshotFolder, open_store

pytestmark = pytest.mark.browser

WINDOW = (1280, 800)
TOKEN = "a-token-for-the-browser-tests_0123"
WHO = "王审核（市科协）"
BAIT = "<img src=x onerror=document.body.dataset.hacked=1>"
FORMULA = '=HYPERLINK("http://evil.example","点我")'
LIST = f"""\
名称,所属区,地址,电话,经度,纬度,备注
北京自然博物馆分馆,东城区,天桥南大街126号院内,010-67024431,116.3949,39.8825,二期
中国铁道博物馆,东城区,前门大街甲2号,010-67051638,,,未写明展馆
{BAIT},朝阳区,,,,,名称有误
"{FORMULA.replace('"', '""')}",通州区,,,,,公式
房山地质科普馆,房山区,长沟镇,,116.52,40.01,坐标在区外
延庆冰川科普驿站,延庆区,千家店镇某村,010-60188000,,,
"""
TWIN, RAILWAY, STATION = "V110101-002", "中国铁道博物馆", "延庆冰川科普驿站"
GEOLOGY = "房山地质科普馆"


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """A folder with a registry that has doubts about a list."""
    if not STATIC.with_name("review.html").is_file():
        pytest.fail("the page is not built: run `make web`")
    data = tmp_path_factory.mktemp("imported")
    file = data / "科普基地2026.csv"
    file.write_text(LIST, encoding="utf-8")
    command = [sys.executable, "-m", "venuenet", "import", str(file), "--datum", "wgs84"]
    subprocess.run([*command, "--who", "赵", "--data", str(data)], check=True, capture_output=True)
    return data


@pytest.fixture
def data(imported, tmp_path):
    """A registry of the test's own."""
    for file in imported.glob("registry.sqlite*"):
        shutil.copy(file, tmp_path)
    return tmp_path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def server(data, beijing_data):
    """The service over that registry."""
    port = free_port()
    with closing(open_store(Settings(data=data, database_url=None))) as registry:
        app = create_app(SnapshotFolder(beijing_data), registry=registry, token=TOKEN)
        config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning")
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run)
        thread.start()
        while not running.started:
            assert thread.is_alive()
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
        running.should_exit = True
        thread.join()


@pytest.fixture
def started(data, beijing_data):
    """``venuenet serve`` as a planner starts it: the review address it prints."""
    for file in beijing_data.iterdir():
        (data / file.name).symlink_to(file)
    command = [sys.executable, "-m", "venuenet", "serve", "--port", str(free_port())]
    environment = {k: v for k, v in os.environ.items() if k != "VENUENET_REVIEW_TOKEN"}
    with subprocess.Popen(
        [*command, "--data", str(data)], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        said = ""
        while "#token=" not in said:
            line = process.stderr.readline()
            assert line, said
            said += line
        address = re.search(r"http://\S+/review#token=\S+", said)[0]
        for _ in range(240):
            try:
                urlopen(address, timeout=2).close()
                break
            except (URLError, OSError):
                time.sleep(0.25)
        yield address
        process.terminate()


class Desk:
    """The page, used as a reviewer uses it."""

    def __init__(self, browser, data):
        self.browser, self.driver, self.data = browser, browser.driver, data

    def registry(self):
        with closing(open_store(Settings(data=self.data, database_url=None))) as store:
            return store.ledger()

    def venue(self, name):
        found = register(self.registry()).values()
        return next(v for v in found if name in (v.get("name_zh"), *(v.get("aliases") or ())))

    def press(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def settled(self, receipts):
        """Wait until the registry has so many receipts and the page shows it."""
        self.browser.wait(lambda _: self.registry().revision == receipts)
        self.browser.wait_ready()

    def text(self, testid):
        """What is shown; asked in one step, for the page may lay itself out anew at any time."""
        script = "return document.querySelector(arguments[0])?.innerText ?? null"
        selector = f'[data-testid="{testid}"]'
        self.browser.wait(lambda d: d.execute_script(script, selector) is not None)
        return self.driver.execute_script(script, selector) or ""

    def left(self):
        """How many questions are left."""
        return int(re.search(r"\d+", self.text("remaining"))[0])

    def names(self):
        """What the listed questions are about, in order."""
        script = """return [...document.querySelectorAll('[data-testid="question"] b')]
            .map((each) => each.textContent)"""
        return self.driver.execute_script(script)

    def turn_to(self, name):
        """Turn pages by keyboard, to the first and on, until a question is shown."""
        count = len(self.names())
        for key in "k" * count + "j" * count:
            if name in self.text("title"):
                return
            self.press(key)
        assert name in self.text("title")

    def open(self, url, who=WHO):
        self.driver.get(f"{url}/review")
        if who:
            script = "localStorage.setItem('venuenet.review.who', arguments[0])"
            self.driver.execute_script(script, who)
        self.driver.get("about:blank")
        self.driver.get(f"{url}/review#token={TOKEN}")
        self.browser.wait_ready()


@pytest.fixture
def desk(open_browser, data):
    return Desk(open_browser(WINDOW), data)


def test_the_address_that_serve_prints_opens_the_review(started, desk):
    desk.driver.get(started)
    desk.browser.wait_ready()
    assert desk.left() == 6
    assert "token" not in desk.driver.current_url
    desk.turn_to(STATION)
    desk.press("a")
    desk.browser.find("who").send_keys(WHO, Keys.ENTER)
    desk.settled(3)
    assert desk.venue(STATION).standing == "confirmed"


def test_the_page_is_of_no_use_without_the_token_and_keeps_it_to_itself(server, desk):
    desk.driver.get(f"{server}/review")
    assert "venuenet serve" in desk.text("welcome")
    assert not any("/review/questions" in url for url in desk.browser.requests())
    desk.open(server)
    assert desk.driver.current_url.startswith(f"{server}/review?question=")
    asked = desk.browser.requests()
    sent = [url for url in asked if TOKEN in url.partition("#")[0]]
    assert any("/review/questions" in url for url in asked)
    assert (sent, outside(asked), desk.browser.errors()) == ([], [], [])
    desk.driver.refresh()
    desk.browser.wait_ready()
    assert desk.browser.find("question")


def test_a_token_of_an_earlier_start_is_refused_and_the_page_says_what_to_do(server, desk):
    desk.driver.get(f"{server}/review#token=old")
    assert "令牌缺失或已失效" in desk.text("problem")
    assert desk.driver.current_url == f"{server}/review"
    assert "venuenet serve" in desk.text("welcome")


def test_a_reviewer_merges_by_keyboard_is_asked_the_name_once_and_can_undo(server, desk, pictures):
    desk.open(server, who=None)
    desk.turn_to("北京自然博物馆分馆")
    assert desk.left() == 6
    name = desk.text("compare")
    assert "天桥南大街126号院内" in name
    assert "国家自然博物馆" in name
    assert "米" in desk.text("apart")
    rows = desk.text("source-row")
    assert "科普基地2026.csv" in rows
    assert "第 2 行" in rows
    assert "二期" in rows
    desk.press("m")
    desk.browser.find("who").send_keys(WHO, Keys.ENTER)
    desk.settled(3)
    ledger = desk.registry()
    newcomer = next(i for i, c in ledger.claims.items() if "分馆" in c[0].fields["name_zh"])
    assert resolve_id(ledger, newcomer) == TWIN
    assert ledger.receipts[-1].who == WHO
    assert desk.left() == 5
    assert "还有 5 条" in desk.text("said")
    assert "venuenet build" in desk.text("outdated")
    assert "北京自然博物馆分馆" not in desk.text("title")
    desk.turn_to(RAILWAY)
    desk.press("r")
    desk.settled(4)
    assert not desk.driver.find_elements("css selector", '[data-testid="who"]')
    desk.press("u")
    desk.settled(5)
    assert RAILWAY in desk.text("title")
    desk.press("u")
    desk.settled(6)
    assert resolve_id(desk.registry(), newcomer) == newcomer
    assert desk.left() == 6
    desk.press("u")
    assert "没有" in desk.text("said") or "还没有" in desk.text("said")
    assert desk.registry().revision == 6
    assert desk.browser.errors() == []


def test_a_key_the_question_does_not_take_does_nothing(server, desk):
    desk.open(server)
    desk.turn_to(GEOLOGY)
    assert not desk.driver.find_elements("css selector", '[data-testid="do-merge"]')
    desk.press("m")
    assert "不能这样处理" in desk.text("said")
    desk.press(Keys.CONTROL, "a")
    assert desk.registry().revision == 2


def test_a_key_struck_twice_decides_one_question(server, desk):
    """Once while the first is on its way, once the moment the next question is shown."""
    desk.open(server)
    desk.driver.execute_script("""
        const strike = () => document.dispatchEvent(new KeyboardEvent('keydown', {key: 'r'}));
        new MutationObserver(strike).observe(document.querySelector('.case'), {childList: true});
        strike(); strike();
    """)
    desk.settled(3)
    time.sleep(1)
    assert desk.registry().revision == 3
    desk.press("r")
    desk.settled(4)


def test_typing_a_reason_decides_nothing_and_goes_with_the_decision(server, desk):
    desk.open(server)
    desk.turn_to(STATION)
    desk.browser.find("why").send_keys("marpdu 电话核实")
    assert desk.registry().revision == 2
    desk.driver.execute_script("document.activeElement.blur()")
    desk.press("a")
    desk.settled(3)
    assert desk.registry().receipts[-1].why == "marpdu 电话核实"
    assert desk.venue(STATION).standing == "confirmed"


def test_a_pin_is_dragged_typed_nudged_and_given_up(server, desk, pictures):
    desk.open(server)
    desk.turn_to(GEOLOGY)
    desk.press("p")
    assert "图钉在" in desk.text("pin-odd")
    desk.press(Keys.ESCAPE)
    assert not desk.driver.find_elements("css selector", '[data-testid="pin"]')
    desk.press("p", Keys.ENTER)
    assert "不在所属区内" in desk.text("problem")
    for name, value in (("pin-lon", "115.99"), ("pin-lat", "39.70")):
        box = desk.browser.find(name)
        box.clear()
        box.send_keys(value, Keys.TAB)
    desk.browser.wait(lambda _: desk.text("pin-odd") == "")
    desk.driver.save_screenshot(str(pictures / "review-pin.png"))

    def shown():
        return tuple(
            float(desk.browser.find(name).get_attribute("value")) for name in ("pin-lon", "pin-lat")
        )

    assert shown() == (115.99, 39.70)
    pin = desk.browser.find("pin")
    ActionChains(desk.driver).drag_and_drop_by_offset(pin, 30, -20).perform()
    lon, lat = shown()
    assert lon > 115.99
    assert lat > 39.70
    desk.driver.execute_script("arguments[0].focus()", pin)
    desk.press(Keys.ARROW_LEFT, Keys.ARROW_DOWN)
    west, south = shown()
    assert (lon - west) * 85_600 == pytest.approx(10, abs=0.3)
    assert (lat - south) * 111_030 == pytest.approx(10, abs=0.3)
    desk.press(Keys.ENTER)
    desk.settled(3)
    point = desk.venue(GEOLOGY).get("point")
    assert (point["lon"], point["lat"]) == (west, south)
    assert desk.venue(GEOLOGY).standing == "confirmed"


def test_a_click_on_the_map_puts_the_pin_there(server, desk):
    desk.open(server)
    desk.turn_to(STATION)
    desk.press("p")
    before = desk.browser.find("pin-lon").get_attribute("value")
    canvas = desk.driver.find_element("css selector", ".maplibregl-canvas")
    ActionChains(desk.driver).move_to_element_with_offset(canvas, 60, 40).click().perform()
    desk.browser.wait(lambda _: desk.browser.find("pin-lon").get_attribute("value") > before)
    assert desk.registry().revision == 2


def test_what_lists_call_a_venue_is_text_and_nothing_else(server, desk):
    desk.open(server)
    for name in (BAIT, FORMULA):
        desk.turn_to(name)
        assert name in desk.text("title")
        assert name in desk.text("compare")
        assert name in desk.text("source-row")
    desk.press("d")
    assert FORMULA in desk.browser.find("message").get_attribute("value")
    desk.press(Keys.ESCAPE)
    desk.settled(3)
    desk.turn_to(BAIT)
    desk.press("m")
    assert BAIT in desk.text("into-window")
    desk.press(Keys.ESCAPE, "r")
    desk.settled(4)
    desk.browser.find("tab-answered").click()
    desk.browser.wait(lambda _: BAIT in desk.text("title"))
    assert desk.driver.execute_script("return document.body.dataset.hacked ?? null") is None
    assert desk.driver.find_elements("css selector", "main img, main script") == []
    assert desk.driver.find_elements("css selector", "main a") == []
    assert outside(desk.browser.requests()) == []
    assert desk.browser.errors() == []


def test_the_district_is_asked_with_the_row_it_can_find(server, desk, pictures):
    desk.open(server)
    desk.turn_to(STATION)
    desk.press("d")
    text = desk.browser.find("message").get_attribute("value")
    for part in ("延庆区科协", "科普基地2026.csv第 7 行", STATION, "010-60188000", WHO):
        assert part in text
    desk.driver.save_screenshot(str(pictures / "review-ask.png"))
    desk.press(Keys.ESCAPE)
    desk.settled(3)
    assert [r.answer for r in desk.registry().replies.values()] == ["ask"]
    assert desk.left() == 6
    desk.turn_to(STATION)
    assert "已询问" in desk.text("decided")
    desk.press("r")
    desk.settled(4)
    assert desk.venue(STATION).standing == "rejected"


def test_a_new_venue_is_merged_with_a_known_one_and_parted_again(server, desk):
    desk.open(server)
    desk.turn_to(STATION)
    desk.press("m")
    desk.browser.find("into").send_keys("天文馆")
    desk.browser.find("into-venue", '[data-id="V110102-003"]').click()
    desk.settled(3)
    assert desk.venue(STATION).venue_id == "V110102-003"
    desk.browser.find("tab-answered").click()
    desk.browser.wait(lambda _: desk.browser.find("do-split").is_displayed())
    assert WHO in desk.text("decided")
    desk.driver.execute_script("document.activeElement.blur()")
    desk.press("s")
    desk.settled(4)
    assert desk.venue(STATION).venue_id != "V110102-003"


def test_the_list_narrows_to_a_kind_and_a_district(server, desk):
    desk.open(server)
    assert len(desk.names()) == 6
    desk.browser.find("kind-same").click()
    assert len(desk.names()) == 2
    desk.browser.find("kind-all").click()
    desk.browser.find("district-filter").send_keys("房山")
    desk.browser.wait(lambda _: desk.names() == [GEOLOGY])
    assert "district=110111" in desk.driver.current_url


def test_the_language_button_turns_the_page_english_and_back(server, desk):
    desk.open(server)
    desk.browser.find("language").click()
    assert "6 to go" in desk.text("remaining")
    assert "Yanqing" in desk.driver.find_element("class name", "groups").text
    desk.browser.find("language").click()
    assert "还有 6 条" in desk.text("remaining")


def test_the_desk_and_the_phone_show_everything_within_their_width(
    server, desk, open_browser, data, pictures
):
    desk.open(server)
    desk.turn_to("北京自然博物馆分馆")
    desk.browser.wait_ready()
    desk.driver.save_screenshot(str(pictures / "review-desktop.png"))
    assert desk.browser.overflow() <= 0
    phone = Desk(open_browser(PHONE), data)
    phone.open(server)
    phone.turn_to("北京自然博物馆分馆")
    phone.browser.wait_ready()
    phone.driver.save_screenshot(str(pictures / "review-phone.png"))
    assert phone.browser.overflow() <= 0
    phone.browser.find("show-list").click()
    phone.driver.save_screenshot(str(pictures / "review-phone-list.png"))
    phone.browser.find("question", f'[data-id="{shown_id(phone, STATION)}"]').click()
    assert STATION in phone.text("title")
    phone.browser.find("do-move").click()
    assert phone.browser.overflow() <= 0
    phone.browser.find("pin-cancel").click()
    phone.browser.find("do-accept").click()
    phone.settled(3)
    assert phone.venue(STATION).standing == "confirmed"


def shown_id(desk, name):
    found = desk.driver.find_elements("css selector", '[data-testid="question"]')
    return next(each.get_attribute("data-id") for each in found if name in each.text)
