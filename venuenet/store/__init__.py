"""Where snapshots live: one Store protocol, an embedded folder for now."""

from venuenet.store.embedded import EmbeddedStore, Store

__all__ = ["EmbeddedStore", "Store"]
