"""A first run says that it compiles, later ones load what it kept and say nothing."""

import os
import subprocess
import sys

import pytest

MODULE = """
from venuenet.travel.compiled import kernel

@kernel
def twice(x):
    return x + x
"""
SCRIPT = """
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
sys.path.insert(0, sys.argv[1])
from venuenet.travel.compiled import announced

@contextmanager
def stage(zh, en, total):
    print("open", total, zh, "|", en)
    yield lambda n: None
    print("closed")

with announced(stage, 7):
    print("begun")
    import doubling
    with ThreadPoolExecutor(2) as pool:
        print(*pool.map(doubling.twice, [4, 2.5]))
print("ended")
"""


@pytest.fixture
def run(tmp_path):
    """Run the script in a process of its own; give the lines it prints."""
    (tmp_path / "doubling.py").write_text(MODULE, encoding="utf-8")

    def lines():
        env = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA")}
        env |= {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONUTF8": "1"}
        command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
        done = subprocess.run(
            command, env=env, capture_output=True, text=True, check=True, encoding="utf-8"
        )
        return done.stdout.splitlines()

    return lines


FIRST = "open 0 首次运行：编译（约 7 秒） | first run: compiling (about 7 s)"
SILENT = ["begun", "8 5.0", "ended"]


def test_the_first_run_announces_once_that_it_compiles_the_second_says_nothing(run):
    """Two types are two things to compile, in two threads."""
    assert run() == ["begun", FIRST, "8 5.0", "closed", "ended"]
    assert run() == SILENT


def test_where_the_package_cannot_be_written_the_users_cache_folder_serves(run, tmp_path):
    (tmp_path / "__pycache__").write_text("a file where a folder should be")
    assert FIRST in run()
    assert list((tmp_path / "cache").rglob("*.nbi"))
    assert run() == SILENT


def test_where_nothing_can_be_kept_it_still_runs_and_says_that_every_run_compiles(run, tmp_path):
    (tmp_path / "__pycache__").write_text("a file where a folder should be")
    (tmp_path / "cache").write_text("and another")
    for _ in range(2):
        said = run()
        assert "8 5.0" in said
        assert "NUMBA_CACHE_DIR" in said[1]
        assert FIRST not in said


def test_commands_that_build_nothing_do_not_wait_for_the_compiler():
    code = "import sys, venuenet.cli; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
