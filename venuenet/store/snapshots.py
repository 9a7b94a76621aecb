"""Snapshots in a folder: written beside, then moved into place, so a reader never sees half.

::

    DATA/current              the id of the snapshot in force
    DATA/snapshots/<id>/      one snapshot, complete or absent
    DATA/.lock                held while one is published
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from filelock import FileLock

from venuenet.errors import SnapshotError
from venuenet.publish.snapshot import Snapshot, read

KEEP = 3
"""Snapshots kept, the one in force among them."""


class SnapshotStore(Protocol):
    """Keeps snapshots and knows which one is in force."""

    def current_id(self) -> str | None:
        """Return the id of the snapshot in force, None before the first."""
        ...

    def current(self) -> Snapshot:
        """Return the snapshot in force. Raises SnapshotError when there is none."""
        ...

    def folder(self, snapshot_id: str) -> Path:
        """Return the folder that holds a snapshot's files."""
        ...

    def publish(self, snapshot: Snapshot, write: Callable[[Path], None]) -> Path:
        """Have ``write`` fill a folder, then put it in force all at once."""
        ...


class SnapshotFolder:
    """A SnapshotStore in one folder of the local disk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.lock = FileLock(root / ".lock")

    def current_id(self) -> str | None:
        """See SnapshotStore."""
        try:
            name = (self.root / "current").read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            raise SnapshotError(
                f"{self.root / 'current'} 已损坏，请重新运行 venuenet build",
                f"{self.root / 'current'} is damaged; run venuenet build again",
            ) from error
        return name or None

    def current(self) -> Snapshot:
        """See SnapshotStore."""
        name = self.current_id()
        if name is None:
            raise SnapshotError(
                f"{self.root} 中还没有快照，请先运行 venuenet build",
                f"no snapshot in {self.root} yet; run venuenet build first",
            )
        try:
            return read(self.folder(name))
        except SnapshotError:
            # Others may have published so often meanwhile that this one is forgotten already.
            if self.current_id() == name:
                raise
            return self.current()

    def folder(self, snapshot_id: str) -> Path:
        """See SnapshotStore."""
        return self.root / "snapshots" / snapshot_id

    def publish(self, snapshot: Snapshot, write: Callable[[Path], None]) -> Path:
        """See SnapshotStore. The same content, there already and whole, is not written again."""
        final = self.folder(snapshot.manifest.snapshot)
        final.parent.mkdir(exist_ok=True)
        with self.lock:
            for stale in final.parent.glob(".new-*"):
                shutil.rmtree(stale, ignore_errors=True)
            if not _is_whole(final):
                fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=final.parent))
                write(fresh / "it")
                if final.exists():
                    final.rename(fresh / "damaged")
                (fresh / "it").rename(final)
                shutil.rmtree(fresh)
            self._point_to(final.name)
            self._forget_old(final.name)
        return final

    def _point_to(self, name: str) -> None:
        fresh = self.root / ".current-new"
        with fresh.open("w", encoding="ascii") as file:
            file.write(name + "\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.root / "current")

    def _forget_old(self, current: str) -> None:
        others = [p for p in (self.root / "snapshots").iterdir() if p.name != current]
        others.sort(key=lambda p: p.stat().st_mtime, reverse=True)
        for path in others[KEEP - 1 :]:
            shutil.rmtree(path, ignore_errors=True)


def _is_whole(folder: Path) -> bool:
    try:
        read(folder)
    except SnapshotError:
        return False
    return True
