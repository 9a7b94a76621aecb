"""Every kind of store, behind one fixture."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from venuenet.store import DatabaseStore
from venuenet.store.database import connect

KINDS = ("sqlite", "postgis")


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / '登记簿 registry.sqlite'}"
    return request.getfixturevalue("postgis_url")


@pytest.fixture
def reopen(url: str) -> Iterator[Callable[[], DatabaseStore]]:
    """Open the same database once more."""
    stores = []

    def again() -> DatabaseStore:
        stores.append(DatabaseStore(connect(url)))
        return stores[-1]

    yield again
    for store in stores:
        store.close()


@pytest.fixture
def store(reopen: Callable[[], DatabaseStore]) -> DatabaseStore:
    """An empty registry in each kind of database."""
    return reopen()
