"""Where things are kept: snapshots in a folder, the registry in SQLite or PostGIS."""

from venuenet.store.snapshots import SnapshotFolder, SnapshotStore

__all__ = ["SnapshotFolder", "SnapshotStore"]
