"""Work too long for one answer: a bounded queue, one process at a time, kept results."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import math
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import venuenet
from api.job_state import (
    Job,
    Progress,
    QueueFullError,
    Status,
    UnknownJobError,
    died,
    too_long,
    too_slow,
)

WORKER = "venuenet.proposals.worker"
"""The module each process runs, by its name: the service itself never loads what it needs."""

QUEUE = 20
"""Jobs that may wait beside the one that runs."""

KEEP = 50
KEEP_BYTES = 64 * 2**20
"""Ended jobs that are kept, and what they may take together; the oldest go first."""

LONGEST_ANSWER = 16 * 2**20
"""Bytes of one result."""

GRACE_S = 120.0
"""Seconds a job has beside its solver's limit: to open the snapshot, to travel, to compare."""


class Jobs:
    """The queue of one service; thread-safe.

    A job is a process of its own at the lowest priority. It is ended by killing it and all it
    started, so nothing it does can keep it, and its memory goes with it.

    Parameters
    ----------
    run : str
        ``module:function`` that the worker calls as ``function(folder, request, tell)``.
    queue, keep, keep_bytes, longest, grace_s
        See the constants of this module.
    """

    def __init__(
        self,
        run: str = f"{WORKER}:plan",
        *,
        queue: int = QUEUE,
        keep: int = KEEP,
        keep_bytes: int = KEEP_BYTES,
        longest: int = LONGEST_ANSWER,
        grace_s: float = GRACE_S,
    ) -> None:
        self._run, self._queue, self._grace_s = run, queue, grace_s
        self._keep, self._keep_bytes, self._longest = keep, keep_bytes, longest
        self._jobs: dict[str, Job] = {}  # oldest first
        self._waiting: deque[str] = deque()
        self._ended: deque[str] = deque()
        self._process: subprocess.Popen[bytes] | None = None
        self._running: str | None = None
        self._since = 0.0
        self._closed = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def submit(self, folder: Path, request: Mapping[str, Any], time_limit_s: float) -> Job:
        """Put a job at the end of the queue.

        Parameters
        ----------
        folder : Path
            Of the snapshot it is about.
        request : mapping
            Plain values, understood before.
        time_limit_s : float
            Of the solver; the job itself has ``grace_s`` more.

        Raises
        ------
        QueueFullError
        """
        task = {"run": self._run, "folder": str(folder), "request": request}
        job = Job(secrets.token_hex(8), task, time_limit_s + self._grace_s)
        with self._changed:
            if len(self._waiting) >= self._queue or self._closed:
                raise QueueFullError(len(self._waiting), self._until_free())
            self._jobs[job.id] = job
            self._waiting.append(job.id)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="siting", daemon=True)
                self._thread.start()
            self._changed.notify_all()
            return self._seen(job.id)

    def get(self, job_id: str) -> Job:
        """Return a job as it stands.

        Raises
        ------
        UnknownJobError
        """
        with self._changed:
            if job_id not in self._jobs:
                raise UnknownJobError(
                    f"没有任务 {job_id[:60]}；服务只保留最近 {self._keep} 个已结束的任务，"
                    "重新启动后不保留",
                    f"there is no job {job_id[:60]!r}; the last {self._keep} that ended are kept, "
                    "until the service stops",
                    param="job_id",
                )
            return self._seen(job_id)

    def all(self) -> list[Job]:
        """List every job that is known, the latest first."""
        with self._changed:
            return [self._seen(job_id) for job_id in reversed(self._jobs)]

    def cancel(self, job_id: str) -> Job:
        """End a job that waits or runs; one that has ended stays as it is.

        Raises
        ------
        UnknownJobError
        """
        self._end(self.get(job_id).id, "cancelled")
        return self.get(job_id)

    def close(self) -> None:
        """End whatever waits or runs and take no more; returns when no process is left."""
        with self._changed:
            self._closed = True
            for job_id in [*self._waiting, *([self._running] if self._running else [])]:
                self._end(job_id, "cancelled")
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _seen(self, job_id: str) -> Job:
        job = self._jobs[job_id]
        if job.status == "queued":
            return replace(job, position=self._waiting.index(job_id) + 1)
        if job.status == "running":
            return replace(job, seconds=time.monotonic() - self._since)
        return job

    def _until_free(self) -> int:
        """Seconds after which the running job is ended at the latest."""
        if self._running is None or self._jobs[self._running].status != "running":
            return 1
        left = self._jobs[self._running].limit_s - (time.monotonic() - self._since)
        return max(1, math.ceil(left))

    def _work(self) -> None:
        """Run one job after the other until closed."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                job_id = self._running = self._waiting.popleft()
                now, self._since = dt.datetime.now(dt.UTC), time.monotonic()
                job = replace(self._jobs[job_id], status="running", started=now)
                self._jobs[job_id] = job
                try:
                    self._process = _start()
                except OSError as error:
                    self._end(job_id, "failed", problem=died(str(error)))
                    continue
            self._run_one(job, self._process)

    def _run_one(self, job: Job, process: subprocess.Popen[bytes]) -> None:
        # Ended by a clock, not by whoever reads: a worker may say nothing for hours.
        clock = threading.Timer(job.limit_s, self._end, (job.id, "timed_out"))
        clock.daemon = True
        clock.start()
        # A line that cannot be read is a worker gone wrong: it is ended as one that died.
        with contextlib.suppress(OSError, ValueError, TypeError):
            self._follow(job, process)
        clock.cancel()
        with self._changed:
            _kill(process)
            self._process = None  # once reaped, its number may be another's
        code = process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]  # both are pipes
        how = signal.Signals(-code).name if -code in set(signal.Signals) else f"exit {code}"
        self._end(job.id, "failed", problem=died(how))  # if nothing ended it before
        self._running = None

    def _follow(self, job: Job, process: subprocess.Popen[bytes]) -> None:
        """Hand the task over and take what the worker says, one line each, until its last."""
        stdin, stdout = process.stdin, process.stdout
        if stdin is None or stdout is None:
            raise TypeError("both are pipes")
        stdin.write(json.dumps(job.task).encode() + b"\n")
        stdin.flush()
        while line := stdout.readline(self._longest):
            kind, _, said = line.partition(b"\t")
            if len(line) == self._longest:
                self._end(job.id, "failed", problem=too_long(self._longest))
            elif not line.endswith(b"\n"):
                return  # it died in the middle of a word
            elif kind == b"progress":
                self._note(job.id, Progress(**json.loads(said)))
            elif kind == b"refused":
                self._end(job.id, "failed", problem=json.loads(said))
            elif kind == b"done":
                self._end(job.id, "done", result=said)
            elif kind == b"infeasible":
                self._end(job.id, "infeasible", result=said)
            else:
                raise ValueError("nothing a worker says")

    def _note(self, job_id: str, progress: Progress) -> None:
        with self._changed:
            if self._jobs[job_id].status == "running":
                self._jobs[job_id] = replace(self._jobs[job_id], progress=progress)

    def _end(self, job_id: str, status: Status, **what: Any) -> None:
        """Give a job its last status, once; the first to come decides."""
        with self._changed:
            job = self._jobs.get(job_id)
            if job is None or job.ended is not None:
                return
            seconds = None
            if job.status == "running":
                seconds = time.monotonic() - self._since
                if self._process is not None:
                    _kill(self._process)
            else:
                self._waiting.remove(job_id)
            if status == "timed_out":
                what["problem"] = too_slow(job.limit_s)
            self._jobs[job_id] = replace(
                job, status=status, ended=dt.datetime.now(dt.UTC), seconds=seconds, **what
            )
            self._ended.append(job_id)
            self._forget()

    def _forget(self) -> None:
        """Let go of the oldest results that are too many or too large together."""
        sizes = [len(self._jobs[j].result or b"") for j in self._ended]
        total = sum(sizes)
        while len(self._ended) > self._keep or (total > self._keep_bytes and len(self._ended) > 1):
            total -= len(self._jobs.pop(self._ended.popleft()).result or b"")


def _start() -> subprocess.Popen[bytes]:
    """Start a worker in a session of its own; it reads its task from standard input."""
    room = str(Path(venuenet.__file__).parents[1])
    known = {k: v for k, v in os.environ.items() if k != "VENUENET_REVIEW_TOKEN"}
    path = os.pathsep.join(filter(None, (room, known.get("PYTHONPATH"))))
    return subprocess.Popen(
        [sys.executable, "-P", "-m", WORKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**known, "PYTHONPATH": path},
        start_new_session=True,
    )


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a worker that is not reaped yet, and whatever it started."""
    with contextlib.suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:  # Windows
            process.kill()
