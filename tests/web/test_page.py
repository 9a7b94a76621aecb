"""The map as its user sees it, in a real Chromium that can reach only this machine."""

import json
import subprocess
import sys
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from selenium.webdriver.support.ui import Select

from tests.web.conftest import DESKTOP, PHONE, outside

pytestmark = pytest.mark.browser
HAIDIAN = "110108"


def answer(server, path):
    with urlopen(server + quote(path, safe="/?&=%"), timeout=60) as response:
        return json.load(response)


def shown(browser, adcode=HAIDIAN):
    browser.find("district-panel", f'[data-adcode="{adcode}"]')
    return int(browser.find("covered").get_attribute("data-value"))


def show_district(browser, adcode=HAIDIAN):
    row = browser.find("district-row", f'[data-adcode="{adcode}"]')
    browser.driver.execute_script("arguments[0].click()", row)
    browser.wait_ready()


def test_the_page_asks_nobody_but_its_own_server_and_logs_no_error(server, open_browser, pictures):
    browser = open_browser(DESKTOP)
    browser.driver.get(server)
    browser.wait_ready()
    browser.driver.save_screenshot(str(pictures / "map-desktop.png"))
    show_district(browser)
    browser.driver.save_screenshot(str(pictures / "map-district.png"))
    asked = browser.requests()
    assert any("/coverage" in u for u in asked)
    assert outside(asked) == []
    assert browser.errors() == []


def test_the_phone_shows_everything_within_its_width(server, open_browser, pictures):
    browser = open_browser(PHONE)
    browser.driver.get(server)
    browser.wait_ready()
    browser.driver.save_screenshot(str(pictures / "map-phone.png"))
    assert browser.overflow() <= 0
    show_district(browser)
    browser.driver.save_screenshot(str(pictures / "map-phone-district.png"))
    assert browser.overflow() <= 0
    assert outside(browser.requests()) == []


def test_a_clicked_district_shows_the_numbers_of_the_api(server, open_browser):
    browser = open_browser()
    browser.driver.get(server)
    browser.wait_ready()
    show_district(browser)
    item = answer(server, "/coverage?district=海淀区&mode=transit&minutes=45")["items"][0]
    assert shown(browser) == item["covered"]


def test_the_page_says_how_its_times_were_made_and_names_no_adult(server, open_browser):
    browser = open_browser()
    browser.driver.get(f"{server}/?mode=drive&minutes=20")
    browser.wait_ready()
    made = answer(server, "/coverage?mode=drive&minutes=20")["travel"]["zh"]
    assert made in browser.find("how", " li").get_attribute("textContent")
    options = Select(browser.find("mode")).options
    assert [o.text for o in options] == ["步行", "公共交通（轨道）", "驾车（估算）"]
    assert "出行者" not in browser.driver.find_element("tag name", "h1").text


def test_another_standard_and_other_minutes_change_the_numbers_as_the_api_does(
    server, open_browser
):
    browser = open_browser()
    browser.driver.get(server)
    browser.wait_ready()
    show_district(browser)
    Select(browser.find("standard")).select_by_value("walk15")
    browser.wait_ready()
    expected = answer(server, f"/coverage/{HAIDIAN}?standard=walk15")["item"]["covered"]
    browser.wait(lambda _: shown(browser) == expected)
    browser.driver.get(f"{server}/?mode=drive&minutes=20&district={HAIDIAN}")
    browser.wait_ready()
    expected = answer(server, f"/coverage/{HAIDIAN}?mode=drive&minutes=20")["item"]["covered"]
    assert shown(browser) == expected


def test_branches_without_a_position_read_no_data_not_zero(server, open_browser):
    browser = open_browser()
    browser.driver.get(f"{server}/?standard=branch45")
    browser.wait_ready()
    row = browser.find("district-row", f'[data-adcode="{HAIDIAN}"]')
    assert "无数据" in row.text
    assert "0.0" not in row.text


def test_the_language_button_turns_the_whole_page_english_and_back(server, open_browser):
    browser = open_browser()
    browser.driver.get(server)
    browser.wait_ready()
    browser.find("language").click()
    browser.wait_ready()
    assert "Haidian" in browser.find("district-row", f'[data-adcode="{HAIDIAN}"]').text
    browser.find("language").click()
    browser.wait_ready()
    assert "海淀" in browser.find("district-row", f'[data-adcode="{HAIDIAN}"]').text


def test_the_download_link_gives_the_gaps_of_the_shown_district(server, open_browser):
    browser = open_browser()
    browser.driver.get(f"{server}/?district={HAIDIAN}&standard=transit45")
    browser.wait_ready()
    link = browser.find("download-gaps").get_attribute("href")
    with urlopen(link, timeout=60) as response:
        gaps = json.load(response)
        assert "attachment" in response.headers["Content-Disposition"]
    item = answer(server, f"/coverage/{HAIDIAN}?standard=transit45")["item"]
    assert {f["properties"]["adcode"] for f in gaps["features"]} == {HAIDIAN}
    assert sum(f["properties"]["people"] for f in gaps["features"]) == item["uncovered"]


def test_the_folium_page_works_from_a_file_without_any_request(
    server, open_browser, pictures, tmp_path
):
    page = tmp_path / "map.html"
    data = tmp_path / "data"
    subprocess.run(
        [sys.executable, "-m", "venuenet", "map", "-o", str(page), "--data", str(data)], check=True
    )
    browser = open_browser(DESKTOP)
    browser.driver.get(page.as_uri())
    browser.wait(lambda d: d.find_elements("css selector", "path.leaflet-interactive"))
    browser.driver.save_screenshot(str(pictures / "map-folium.png"))
    assert [u for u in browser.requests() if not u.startswith(("file:", "data:", "blob:"))] == []
    assert browser.errors() == []
