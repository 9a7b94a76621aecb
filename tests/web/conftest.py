"""A real server on the real Beijing, and a real Chromium that can reach nothing else."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "api" / "static" / "index.html"
DESKTOP, PHONE = (1440, 900), (390, 844)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """``venuenet serve`` as a planner starts it, on an empty data folder."""
    if not STATIC.is_file():
        pytest.fail("the page is not built: run `make web`")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = tmp_path_factory.mktemp("data")
    command = [sys.executable, "-m", "venuenet", "serve", "--port", str(port), "--data", str(data)]
    with subprocess.Popen(command, cwd=data, stderr=subprocess.PIPE) as process:
        url = f"http://127.0.0.1:{port}"
        for _ in range(240):
            if process.poll() is not None:
                raise RuntimeError(process.stderr.read().decode())
            try:
                urlopen(f"{url}/healthz", timeout=2).close()
                break
            except (URLError, OSError):
                time.sleep(0.5)
        yield url
        process.terminate()


@dataclass
class Browser:
    """Chromium with everything it asked for on record."""

    driver: webdriver.Chrome

    def wait(self, condition: Callable[[webdriver.Chrome], object], seconds: int = 60) -> object:
        return WebDriverWait(self.driver, seconds, poll_frequency=0.1).until(condition)

    def wait_ready(self) -> None:
        self.wait(lambda d: d.execute_script("return document.body.dataset.ready") == "true")

    def find(self, testid: str, more: str = "") -> object:
        selector = f'[data-testid="{testid}"]{more}'
        return self.wait(lambda d: next(iter(d.find_elements("css selector", selector)), None))

    def requests(self) -> list[str]:
        """Every address the page asked for, since the last call."""
        messages = [
            json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")
        ]
        return [
            m["params"]["request"]["url"]
            for m in messages
            if m["method"] == "Network.requestWillBeSent"
        ]

    def errors(self) -> list[str]:
        return [e["message"] for e in self.driver.get_log("browser") if e["level"] == "SEVERE"]

    def overflow(self) -> int:
        """Pixels by which the page is wider than the window."""
        return self.driver.execute_script(
            "return document.documentElement.scrollWidth - window.innerWidth"
        )


def outside(urls: list[str]) -> list[str]:
    """Addresses that are neither this machine's nor part of the page itself."""
    inner = ("blob", "data", "file", "about", "chrome")
    return [
        u for u in urls if urlsplit(u).scheme not in inner and urlsplit(u).hostname != "127.0.0.1"
    ]


@pytest.fixture
def open_browser() -> Iterator[Callable[..., Browser]]:
    """Open windows of a size; all are closed at the end."""
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and chromedriver):
        missing = "Chromium and its driver are not installed (see .ci/system-packages)"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    drivers = []

    def start(size: tuple[int, int] = DESKTOP) -> Browser:
        options = webdriver.ChromeOptions()
        options.binary_location = chromium
        for argument in (
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--use-gl=angle",
            "--use-angle=swiftshader",
            "--enable-unsafe-swiftshader",
            "--hide-scrollbars",
            "--disable-component-update",
            "--disable-background-networking",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        ):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        driver = webdriver.Chrome(options=options, service=Service(chromedriver))
        drivers.append(driver)
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1}
        driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride", metrics | {"mobile": size == PHONE}
        )
        return Browser(driver)

    yield start
    for driver in drivers:
        driver.quit()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: docs/images under `make screenshots`, else a folder to throw away."""
    wanted = os.environ.get("VENUENET_SCREENSHOTS")
    folder = Path(wanted) if wanted else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
