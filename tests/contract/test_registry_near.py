"""Which venues are near: the same on every database as measuring them all."""

import random

import pytest
from pyproj import Geod
from sqlalchemy import event, text

from tests.contract.changes import change, claims, commit, confirmed, point
from venuenet.errors import BadQueryError
from venuenet.registry.model import (
    Link,
)
from venuenet.store import DatabaseStore
from venuenet.store.database import connect

GEOD = Geod(ellps="WGS84")


@pytest.fixture
def scattered(store):
    """Venues around Beijing and all over the world, some on one spot, some not confirmed."""
    rng = random.Random(20261122)
    spots = [(rng.gauss(116.4, 0.3), rng.gauss(39.9, 0.2)) for _ in range(600)]
    spots += [(rng.uniform(-180, 180), rng.uniform(-90, 90)) for _ in range(300)]
    spots += [(x, y) for x in (-180, -179.999, 0, 179.999, 180) for y in (-90, -89.9, 0, 89.9, 90)]
    spots += spots[:20]
    names = [f"V{n:04}" for n in range(len(spots))]
    rng.shuffle(names)
    places = dict(zip(names, spots, strict=True))
    hidden = {i: ("pending", "rejected", "quarantined")[n % 3] for n, i in enumerate(names[:30])}
    parts = [
        claims(i, standing=hidden.get(i, "confirmed"), point=point(*spot))
        for i, spot in places.items()
    ]
    merged, kept = names[30:32]
    parts.append(claims("nowhere", standing="confirmed"))
    store.commit(change(claims=sum(parts, ()), links=(Link(merged, kept),)), 0)
    return {i: spot for i, spot in places.items() if i not in hidden and i != merged}


def by_force(places, lon, lat, metres):
    away = {i: GEOD.inv(lon, lat, *spot)[2] for i, spot in places.items()}
    return sorted((i for i in away if away[i] <= metres), key=lambda i: (away[i], i))


def test_near_is_what_measuring_every_venue_gives(store, scattered):
    rng = random.Random(7)
    centres = [(rng.gauss(116.4, 0.3), rng.gauss(39.9, 0.2)) for _ in range(15)]
    centres += [(rng.uniform(-180, 180), rng.uniform(-90, 90)) for _ in range(15)]
    centres += [(180, 0), (-180, 10), (179.99, -45), (0, 90), (12, -90), (5, 89.99), (-90, 89.8)]
    seen = set()
    for lon, lat in centres:
        for metres in (0, 500, 5_000, 50_000, 2e6, 1e7, 1.99e7, 2.1e7, float("inf")):
            expected = by_force(scattered, lon, lat, metres)
            assert list(store.near(lon, lat, metres)) == expected, (lon, lat, metres)
            seen.add(len(expected))
    assert len(seen) > 50
    assert max(seen) == len(scattered)


def test_a_venue_exactly_so_far_is_near(store, scattered):
    for i, (lon, lat) in list(scattered.items())[:40]:
        away = GEOD.inv(116.4, 39.9, lon, lat)[2]
        assert i in store.near(116.4, 39.9, away)
        assert i not in store.near(116.4, 39.9, away * (1 - 1e-12) - 1e-9)


def test_near_knows_no_point_off_the_earth_and_no_negative_reach(store, scattered):
    assert list(store.near(116.4, 39.9, -1)) == []
    assert list(store.near(116.4, 39.9, float("nan"))) == []
    for lon, lat in ((181, 0), (0, 90.5), (float("nan"), 0), (0, float("nan"))):
        with pytest.raises(BadQueryError, match="经纬度"):
            store.near(lon, lat, 10)


def test_postgis_keeps_a_point_and_finds_by_its_index(postgis_url):
    store = DatabaseStore(connect(postgis_url))
    commit(store, change(claims=confirmed("A", 116.5, 39.75) + claims("B")))
    with store._engine.connect() as connection:
        found = "SELECT venue_id, ST_AsEWKT(geom) FROM venue ORDER BY venue_id"
        assert connection.execute(text(found)).all() == [
            ("A", "SRID=4326;POINT(116.5 39.75)"), ("B", None),
        ]  # fmt: skip
    asked = []
    event.listen(store._engine, "before_cursor_execute", lambda *a: asked.append(a[2:4]))
    assert list(store.near(116.5, 39.75, 10.0)) == ["A"]
    (query,) = [q for q in asked if "ST_DWithin" in q[0]]
    with store._engine.connect() as connection:
        connection.execute(text("SET enable_seqscan = off"))
        plan = connection.exec_driver_sql(f"EXPLAIN {query[0]}", query[1]).scalars().all()
    assert any("ix_venue_geography" in line for line in plan), plan
    store.close()
