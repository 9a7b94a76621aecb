"""What the service has a process of its own do: open a snapshot, work out a plan, tell how it goes.

Run as ``python -m venuenet.proposals.worker`` by ``api/jobs.py``. It reads one line of JSON from
standard input, ``{"run": "module:function", "folder": …, "request": …}``, calls
``function(folder, request, tell)`` and writes lines, a word, a tab and JSON:

==============  ===================================================================
``progress``    ``stage_zh, stage_en, objective, bound``; the last one counts
``done``        the answer; no line follows
``infeasible``  the same, where the answer's ``status`` says so
``refused``     why there is none: ``code, title, detail, param, allowed``, zh and en
==============  ===================================================================

Standard input stays open as long as the service lives: when it ends, so does this process.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from venuenet.errors import VenuenetError

APART_S = 0.2
"""Seconds between two messages about one stage: more are for nobody."""


class Tell(Protocol):
    """How whoever works says how far it has come."""

    def __call__(
        self,
        stage_zh: str,
        stage_en: str,
        objective: float | None = None,
        bound: float | None = None,
    ) -> None:
        """Say what is done now, and the best plan's objective and bound where they are known."""


def plan(folder: str, request: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Work out what is asked of the snapshot in a folder.

    Parameters
    ----------
    folder : str
        Of the snapshot, inside its store; the user's networks lie beside the snapshots.
    request : mapping
        See :func:`venuenet.proposals.request.parse_request`.
    tell : Tell
    """
    tell("读取快照", "opening the snapshot")
    # Heavy, and not needed to say that it starts.
    from venuenet.proposals.request import parse_request  # noqa: PLC0415
    from venuenet.proposals.solve import propose  # noqa: PLC0415
    from venuenet.publish.snapshot import read  # noqa: PLC0415

    snapshot = read(Path(folder))
    travel = snapshot.manifest.parameters.get("travel") or {}
    # A snapshot of the estimates stays one, whatever networks were imported since.
    networks = Path(folder).parents[1] / "networks" if travel.get("networks") else None
    asked = parse_request(snapshot, request)
    return propose(snapshot, asked, networks=networks, tell=tell)


class _Teller:
    """Writes lines to the service."""

    def __init__(self, out: BinaryIO) -> None:
        self.out, self.stage, self.last = out, "", -math.inf

    def __call__(
        self,
        stage_zh: str,
        stage_en: str,
        objective: float | None = None,
        bound: float | None = None,
    ) -> None:
        now = time.monotonic()
        if stage_en == self.stage and now - self.last < APART_S:
            return
        self.stage, self.last = stage_en, now
        self.say(
            "progress",
            {
                "stage_zh": stage_zh,
                "stage_en": stage_en,
                "objective": _known(objective),
                "bound": _known(bound),
            },
        )

    def say(self, word: str, what: Mapping[str, Any]) -> None:
        line = json.dumps(what, ensure_ascii=False, allow_nan=False)
        self.out.write(f"{word}\t{line}\n".encode())
        self.out.flush()


def _known(value: float | None) -> float | None:
    """Return a number, None where a solver says nothing yet by an infinite one."""
    return None if value is None or not math.isfinite(value) else float(value)


def _ended(answer: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return how a task ended by what its solver says; one that failed has no answer."""
    status = answer["status"]
    if status in ("failed", "unbounded"):
        return "refused", _problem(
            f"求解器未能求解（{status}）", f"the solver gave up ({status})", "solver-failed"
        )
    return ("infeasible" if status == "infeasible" else "done"), answer


def _refusal(error: Exception) -> dict[str, Any]:
    if isinstance(error, VenuenetError):
        return {
            "code": error.code,
            "title": error.title,
            "title_en": error.title_en,
            "detail": error.detail,
            "detail_en": error.detail_en,
            "param": error.param,
            "allowed": error.allowed,
        }
    if isinstance(error, MemoryError):
        zh, en = "内存不足，可减少候选点后重试", "out of memory; try again with fewer candidates"
    else:
        what = f"{type(error).__name__}: {error}"[:200]
        zh, en = f"计算出错（{what}），详见服务日志", f"{what}; the service's log holds the rest"
    return _problem(zh, en)


def _problem(zh: str, en: str, code: str = "worker-failed") -> dict[str, Any]:
    return {
        "code": code, "title": "计算失败", "title_en": "The work failed",
        "detail": zh, "detail_en": en,
    }  # fmt: skip


def _step_back() -> None:
    """Let everything else on the machine go first, and be the first to go when memory is short."""
    if hasattr(os, "nice"):
        os.nice(19)
    with contextlib.suppress(OSError):  # only Linux has it
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _leave_with_service() -> None:
    """End, with whatever was started, when the service that started this is no more."""
    while os.read(0, 1):
        pass
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)


def main() -> None:
    """Do one task and leave."""
    # A library that prints must not speak to the service: what it says goes to the log.
    tell = _Teller(os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)
    _step_back()
    task = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_leave_with_service, daemon=True).start()
    module, _, name = task["run"].partition(":")
    try:
        answer = getattr(import_module(module), name)(task["folder"], task["request"], tell)
        tell.say(*_ended(answer))
    except Exception as error:  # whatever it is, the service has to be told
        if not isinstance(error, VenuenetError):
            traceback.print_exc()
        tell.say("refused", _refusal(error))
    # Not by the interpreter's way: tables of gigabytes are given back at once.
    os._exit(0)


if __name__ == "__main__":
    main()
