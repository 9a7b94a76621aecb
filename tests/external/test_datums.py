"""Datums against 331 published places of China, and there and back."""

import json
from pathlib import Path

import numpy as np
import pytest
from pyproj import Geod

from venuenet import crs

PLACES = Path(__file__).parents[3] / "shared" / "validation" / "gcj02" / "gcoord_china_cities.json"
pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(not PLACES.is_file(), reason="the published places are not beside here"),
]
WAYS = [
    ("WGS84", "GCJ02", crs.gcj02_from_wgs84),
    ("GCJ02", "WGS84", crs.wgs84_from_gcj02),
    ("GCJ02", "BD09", crs.bd09_from_gcj02),
    ("BD09", "GCJ02", crs.gcj02_from_bd09),
    ("WGS84", "BD09", crs.bd09_from_wgs84),
    ("BD09", "WGS84", crs.wgs84_from_bd09),
]


@pytest.fixture(scope="module")
def places():
    rows = json.loads(PLACES.read_text(encoding="utf-8"))
    assert len({r["attrs"]["name"] for r in rows}) > 300
    return {datum: np.array([r["coords"][datum] for r in rows]).T for datum in rows[0]["coords"]}


def metres(a, b):
    return np.abs(Geod(ellps="WGS84").inv(*a, *b)[2])


@pytest.mark.parametrize(("here", "there", "way"), WAYS)
def test_every_place_lands_within_a_metre_of_where_it_was_published(places, here, there, way):
    assert metres(way(*places[here]), places[there]).max() <= 1


@pytest.mark.parametrize(
    ("there", "back"),
    [
        (crs.gcj02_from_wgs84, crs.wgs84_from_gcj02),
        (crs.bd09_from_gcj02, crs.gcj02_from_bd09),
        (crs.bd09_from_wgs84, crs.wgs84_from_bd09),
    ],
)
def test_there_and_back_ends_where_it_began(places, there, back):
    assert metres(back(*there(*places["WGS84"])), places["WGS84"]).max() <= 0.01


def test_the_datums_are_far_enough_apart_to_matter(places):
    assert np.median(metres(places["WGS84"], places["GCJ02"])) > 300
    assert np.median(metres(places["GCJ02"], places["BD09"])) > 500
