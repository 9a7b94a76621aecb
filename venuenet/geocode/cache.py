"""Keeps answers of online geocoders on disk, no longer than each provider's terms allow.

One SQLite file; a damaged one is put aside and begun again, and whatever else goes wrong with it
only costs a request.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

FILE = "geocode.sqlite"
EMPTY_DAYS = 7.0
"""How long "nothing is known" is believed; maps grow."""
_VERSION = 1
_TABLE = "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, until REAL, body TEXT)"


class AnswerCache:
    """Answers of online geocoders by provider and question.

    Safe between threads and processes. It never raises: an answer that cannot be read is
    missing, one that cannot be written is not kept.

    Parameters
    ----------
    folder : Path
        Made when the first answer is kept.
    clock : callable, optional
        Seconds since 1970.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.path = folder / FILE
        self._clock = clock

    def get(self, provider: str, question: str) -> Any:  # noqa: ANN401  any JSON was kept
        """Return the body kept for a question, None where there is none or it is too old."""
        if not self.path.is_file():
            return None
        wanted = (_key(provider, question), self._clock())
        row = self._run(
            lambda database: database.execute(
                "SELECT body FROM answers WHERE key = ? AND until > ?", wanted
            ).fetchone()
        )
        with suppress(ValueError, RecursionError):
            return None if row is None else json.loads(row[0])
        return None

    def put(self, provider: str, question: str, body: Any, days: float, *, empty: bool) -> None:  # noqa: ANN401
        """Keep a body for some days; one that found nothing for ``EMPTY_DAYS`` at most.

        ``days`` 0 keeps nothing.
        """
        days = min(days, EMPTY_DAYS) if empty else days
        if days <= 0:
            return
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        now = self._clock()
        row = (
            _key(provider, question),
            now + days * 86_400,
            json.dumps(body, ensure_ascii=False),
        )

        def write(database: sqlite3.Connection) -> None:
            database.execute("DELETE FROM answers WHERE until <= ?", (now,))
            database.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", row)

        self._run(write)

    def _run(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """Do one transaction; None where the file does not let us."""
        try:
            # Immediate: two that write wait for each other instead of giving up.
            opened = sqlite3.connect(self.path, timeout=30, isolation_level="IMMEDIATE")
            with closing(opened) as database, database:
                _prepare(database)
                return work(database)
        except (sqlite3.OperationalError, OSError):
            return None  # locked, read-only, full
        except sqlite3.DatabaseError:
            self._put_aside()
            return None

    def _put_aside(self) -> None:
        with suppress(OSError):
            self.path.replace(f"{self.path}.damaged-{os.getpid()}")


def _prepare(database: sqlite3.Connection) -> None:
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if version not in (0, _VERSION):
        raise sqlite3.DatabaseError("written by another version")
    if version == 0:
        database.execute(_TABLE)
        database.execute(f"PRAGMA user_version = {_VERSION}")


def _key(provider: str, question: str) -> str:
    return hashlib.sha256(f"{provider}\n{question}".encode()).hexdigest()
