"""What a user installs works away from the checkout: map, data and service included."""

import json
import os
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIRST_START_S = 180


def run(*command, **options):
    """Run a command away from the checkout; its output is the failure message."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment |= {"PYTHON": sys.executable} | options.pop("env", {})
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def copy_of_the_sources(to):
    """Copy what a clone would hold, and nothing that make has built."""
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    for name in filter(None, listed.split("\0")):
        source, target = ROOT / name, to / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
            target.chmod(source.stat().st_mode)
    return to


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    return copy_of_the_sources(tmp_path_factory.mktemp("clone"))


@pytest.fixture(scope="module")
def installed(clone, tmp_path_factory):
    """The wheel in an empty environment, by the steps the container takes."""
    venv = tmp_path_factory.mktemp("user") / "venv"
    run(clone / ".ci/install-wheel", venv, cwd=venv.parent)
    return venv


@pytest.fixture(scope="module")
def no_node(tmp_path_factory):
    """An environment whose Node is too old to build the map."""
    folder = tmp_path_factory.mktemp("old")
    for program in ("node", "npm"):
        (folder / program).write_text("#!/bin/sh\necho v18.19.0\n")
        (folder / program).chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def package_files(folder):
    return {
        path.relative_to(folder).as_posix()
        for top in ("venuenet", "api")
        for path in (folder / top).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts  # .pyc, and what numba keeps
    }


def site_packages(venv):
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return Path(run(venv / "bin/python", "-c", code).strip())


def test_the_wheel_carries_the_map_and_the_data(installed):
    held = package_files(site_packages(installed))
    data = {f"venuenet/{p.relative_to(ROOT)}" for p in (ROOT / "data/geo").iterdir()}
    assert data
    assert data <= held
    assert {"api/static/index.html", "api/static/review.html"} <= held
    assert any(name.endswith(".js") for name in held if name.startswith("api/static/"))


def test_the_installed_command_tells_its_use(installed, tmp_path):
    assert "serve" in run(installed / "bin/venuenet", "--help", cwd=tmp_path)


def test_the_installed_command_makes_a_registry_and_takes_a_list(installed, tmp_path):
    (tmp_path / "list.csv").write_text("名称,所属区,类别\n北京天文馆,西城区,科技馆\n", "utf-8")
    command = (installed / "bin/venuenet", "import", "list.csv", "--data", tmp_path / "data")
    told = subprocess.run(
        [*command, "--format", "json"], cwd=tmp_path, check=True, capture_output=True
    )
    answer = json.loads(told.stdout)
    assert (answer["receipt"], answer["counts"]) == (2, {"merged": 1})


def test_the_installed_package_serves_the_map(installed, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    log = tmp_path / "log"
    command = [installed / "bin/venuenet", "serve", "--host", "127.0.0.1", "--port", str(port)]
    with (
        log.open("w") as output,
        subprocess.Popen(
            [*command, "--data", tmp_path / "data"],
            cwd=tmp_path,
            env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as server,
    ):
        try:
            wait_until_healthy(server, address, log)
            with urlopen(f"{address}/", timeout=30) as page:
                assert "text/html" in page.headers["Content-Type"]
            with urlopen(f"{address}/coverage", timeout=30) as answer:
                assert json.load(answer)["items"]
        finally:
            server.terminate()


def wait_until_healthy(server, address, log):
    end = time.monotonic() + FIRST_START_S
    while time.monotonic() < end and server.poll() is None:
        try:
            with urlopen(f"{address}/healthz", timeout=5):
                return
        except URLError:
            time.sleep(0.3)
    pytest.fail(f"never healthy (ended: {server.poll()}):\n{log.read_text()}")


def test_pip_installs_a_clone_without_make_or_node(installed, no_node, tmp_path):
    fresh = copy_of_the_sources(tmp_path / "clone")
    target = tmp_path / "target"
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps")
    run(*pip, "--target", target, fresh, cwd=tmp_path, env=no_node)
    assert package_files(target) == package_files(site_packages(installed))


def test_the_sdist_carries_the_built_map(installed, clone, no_node, tmp_path):
    build = (sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path)
    run(*build, "--sdist", clone)
    (sdist,) = tmp_path.glob("*.tar.gz")
    run("tar", "-xzf", sdist, cwd=tmp_path)
    run(*build, "--wheel", tmp_path / sdist.name.removesuffix(".tar.gz"), env=no_node)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = {n for n in archive.namelist() if n.startswith(("venuenet/", "api/"))}
    assert held == package_files(site_packages(installed))
