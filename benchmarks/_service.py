"""A real ``venuenet serve`` for benchmarks, and how to ask it."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TOKEN = secrets.token_urlsafe(24)


@contextmanager
def started(data: Path | None) -> Iterator[tuple[http.client.HTTPConnection, int]]:
    """Serve a store (the user's own by default); gives a connection and the process's id."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "venuenet", "serve", "--port", str(port)]
    service = subprocess.Popen(
        [*command, *(["--data", str(data)] if data else [])],
        env={**os.environ, "VENUENET_REVIEW_TOKEN": TOKEN},
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(port, service)
        yield http.client.HTTPConnection("127.0.0.1", port), service.pid
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(30)


def get(service: http.client.HTTPConnection, path: str) -> float:
    """Ask for a page; returns the seconds it took."""
    began = time.perf_counter()
    service.request("GET", path)
    answer = service.getresponse()
    answer.read()
    if answer.status != http.HTTPStatus.OK:
        raise SystemExit(f"{path}: {answer.status}")
    return time.perf_counter() - began


def ask(service: http.client.HTTPConnection, method: str, path: str, body: Any = None) -> Any:
    """Ask with the token, and JSON; returns the answer's."""
    headers = {"X-Venuenet-Token": TOKEN}
    if body is not None:
        headers["Content-Type"] = "application/json"
    service.request(method, path, None if body is None else json.dumps(body), headers)
    answer = service.getresponse()
    said = json.loads(answer.read())
    if answer.status >= http.HTTPStatus.BAD_REQUEST:
        raise SystemExit(f"{path}: {said}")
    return said


def _wait(port: int, service: subprocess.Popen[bytes]) -> None:
    while service.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the service did not start")
