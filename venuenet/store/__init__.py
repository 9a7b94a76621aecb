"""Where things are kept: snapshots in a folder, the registry in SQLite or PostGIS."""

from venuenet.store.database import DatabaseStore, open_store, registry_exists
from venuenet.store.protocol import Store
from venuenet.store.snapshots import SnapshotFolder, SnapshotStore

__all__ = [
    "DatabaseStore",
    "SnapshotFolder",
    "SnapshotStore",
    "Store",
    "open_store",
    "registry_exists",
]
