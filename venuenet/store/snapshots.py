"""Snapshots in a folder: written beside, then moved into place, so a reader never sees half.

::

    DATA/current              the id of the snapshot in force
    DATA/snapshots/<id>/      one snapshot, complete or absent
    DATA/.lock                held while one is published
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from filelock import FileLock

from venuenet.errors import SnapshotError
from venuenet.publish.snapshot import FORMAT, MANIFEST, Snapshot, read

KEEP = 4
"""Snapshots kept, the one in force among them: Beijing's take about 340 MB each."""

_ID = re.compile(r"[0-9a-f]{16}")
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class SnapshotNote:
    """What is known of a kept snapshot without opening it; ``built`` is UTC."""

    id: str
    as_of: dt.date
    built: dt.datetime
    version: str
    area: str
    counts: Mapping[str, int]


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

    def history(self) -> list[SnapshotNote]:
        """List the snapshots kept, newest first; those that cannot be read are left out."""
        ...

    def open(self, snapshot_id: str) -> Snapshot:
        """Return a snapshot by its id. Raises SnapshotError when it is not kept or damaged."""
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

    def history(self) -> list[SnapshotNote]:
        """See SnapshotStore. Says in the log what was left out, and why."""
        notes = []
        for path in self.root.glob("snapshots/[!.]*"):
            try:
                notes.append(_note(path))
            except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
                _LOG.warning("snapshot %s left out: %s", path.name, error)
        return sorted(notes, key=lambda n: (n.built, n.id), reverse=True)

    def open(self, snapshot_id: str) -> Snapshot:
        """See SnapshotStore."""
        if not _ID.fullmatch(snapshot_id) or not self.folder(snapshot_id).is_dir():
            raise SnapshotError(
                f"没有快照 {snapshot_id[:60]}，可用 venuenet snapshots 查看",
                f"there is no snapshot {snapshot_id[:60]!r}; venuenet snapshots lists them",
            )
        return read(self.folder(snapshot_id))

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


def _note(folder: Path) -> SnapshotNote:
    """Read what the manifest says, without looking at the files it vouches for."""
    path = folder / MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8"))
    if manifest["snapshot"] != folder.name or not _ID.fullmatch(folder.name):
        raise ValueError("its folder has another name")
    if manifest["format"] != FORMAT:
        raise ValueError(f"format {manifest['format']}, not {FORMAT}")
    return SnapshotNote(
        id=folder.name,
        as_of=dt.date.fromisoformat(manifest["as_of"]),
        built=dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC),
        version=str(manifest["version"]),
        area=str(manifest["area"]),
        counts={str(n): int(c) for n, c in manifest["counts"].items()},
    )


def _is_whole(folder: Path) -> bool:
    try:
        read(folder)
    except SnapshotError:
        return False
    return True
