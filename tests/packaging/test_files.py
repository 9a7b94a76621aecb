"""The files that others build from: locks, container, Node's version."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKS = {
    "requirements.txt": PROJECT["dependencies"],
    "requirements-dev.txt": PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"],
}


def pins(lock):
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address_and_no_path(lock):
    text = (ROOT / lock).read_text()
    assert not re.search(r"://|^-", text, re.MULTILINE)


@pytest.mark.parametrize(("lock", "wanted"), LOCKS.items())
def test_a_lock_satisfies_pyproject(lock, wanted):
    pinned = pins(lock)
    needs = [Requirement(line) for line in wanted]
    stale = [
        str(need)
        for need in needs
        if (name := canonicalize_name(need.name)) not in pinned
        or not need.specifier.contains(pinned[name])
    ]
    assert not stale, f"run `make lock`: {stale}"


def test_the_locks_agree():
    assert pins("requirements.txt").items() <= pins("requirements-dev.txt").items()


def test_every_pin_has_a_hash():
    for lock in LOCKS:
        text = (ROOT / lock).read_text()
        assert len(re.findall(r"== ?\S+ \\\n +--hash=sha256:", text)) == len(pins(lock))


def test_the_web_lock_names_no_address():
    assert '"resolved": "http' not in (ROOT / "web/package-lock.json").read_text()


def test_the_build_hook_and_the_web_part_ask_for_the_same_node():
    major_minor = re.search(r"MIN_NODE = \((\d+), (\d+)\)", (ROOT / "hatch_build.py").read_text())
    engines = json.loads((ROOT / "web/package.json").read_text())["engines"]
    assert engines["node"].startswith(">=" + ".".join(major_minor.groups()))


def test_the_compose_file_keeps_to_its_schema():
    schema = ("--builtin-schema", "vendor.compose-spec")
    check = [sys.executable, "-m", "check_jsonschema", *schema, ROOT / "docker-compose.yml"]
    done = subprocess.run(check, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_container_takes_the_tested_steps():
    steps = re.findall(r"^RUN (.*)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert steps[0].startswith(".ci/install-wheel ")
