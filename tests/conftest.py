"""What several suites share."""

from pathlib import Path

import pytest

from venuenet.pipeline import Inputs, compute
from venuenet.publish.snapshot import Snapshot, write
from venuenet.store import SnapshotFolder

pytest_plugins = ["tests.contract.postgres"]


@pytest.fixture(scope="session")
def beijing() -> Snapshot:
    """The embedded data, computed once."""
    return compute(Inputs())


@pytest.fixture(scope="session")
def beijing_data(beijing: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store's folder with the embedded data published in it; only to be read."""
    root = tmp_path_factory.mktemp("data")
    SnapshotFolder(root).publish(beijing, lambda folder: write(beijing, folder))
    return root
