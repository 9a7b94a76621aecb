"""What keeps the registry: one protocol, SQLite and PostGIS behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from venuenet.registry.model import Change, Ledger, Receipt, Row


class Store(Protocol):
    """Keeps the registry's ledger; every commit is one transaction."""

    def ledger(self) -> Ledger:
        """Read the live part of the registry at one revision."""
        ...

    def commit(self, change: Change, revision: int) -> Receipt:
        """Append a change as the next receipt: all of it or nothing.

        Parameters
        ----------
        change : Change
            What to append; with ``undoes`` that receipt's entries stop being live.
        revision : int
            The revision the change was planned on.

        Raises
        ------
        StaleRegistryError
            Another receipt came between; nothing was written.
        """
        ...

    def rows(self, receipt: int) -> Sequence[Row]:
        """Return what became of each row of an import, in file order."""
        ...

    def near(self, lon: float, lat: float, metres: float) -> Sequence[str]:
        """Return the ids of confirmed venues within so many metres (geodesic), nearest first."""
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...
