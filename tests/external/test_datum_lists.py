"""Lists drawn from Beijing meet the bars; lists of published coordinates are told."""

import json
from pathlib import Path

import numpy as np
import pytest
from pyproj import Geod

from benchmarks.datum import ALARMS, FEW, HYPOTHESES, KNOWN, SHIFT, count, read_world, run, told
from venuenet.sources.datum import judge, known_places, to_wgs84

PLACES = Path(__file__).parents[3] / "shared" / "validation" / "gcj02" / "gcoord_china_cities.json"
PUBLISHED = {"WGS84": "WGS84", "GCJ-02": "GCJ02", "BD-09": "BD09"}
SEED, LISTS = 20261122, 120

pytestmark = pytest.mark.external
published = pytest.mark.skipif(
    not PLACES.is_file(), reason="the published places are not beside here"
)


@pytest.fixture(scope="module")
def world():
    return read_world()


@pytest.fixture(scope="module")
def trials(world):
    return run(world, SEED, LISTS, KNOWN)


@pytest.fixture(scope="module")
def places():
    rows = json.loads(PLACES.read_text(encoding="utf-8"))
    return {r["attrs"]["name"]: r["coords"] for r in rows}


def test_wrong_labels_are_caught(trials):
    assert count(trials, "wrong", *ALARMS) >= 0.95 * LISTS


def test_right_labels_are_left_in_peace(trials):
    assert count(trials, "right", *ALARMS) <= 0.01 * LISTS


def test_unlabelled_lists_are_told_or_asked_about_but_never_told_wrong(trials):
    right, asked, wrong = told(trials)
    assert right >= 0.95 * LISTS
    assert (asked, wrong) == (LISTS - right, 0)


def test_mixed_lists_are_caught_where_both_datums_show(trials):
    both = [t for t in trials if t.lesser >= 2]
    assert len(both) > LISTS / 2
    assert count(both, "mixed", *ALARMS) >= 0.95 * len(both)


def test_lists_converted_twice_are_caught(trials):
    assert count(trials, "twice", *ALARMS) >= 0.95 * LISTS


def test_few_known_places_and_no_district_are_always_asked_about(world):
    few = run(world, SEED, 40, FEW, district=False)
    assert {t.right.known for t in few} == {0, 1, 2, 3, 4}
    for case in ("right", "wrong", "none", "mixed", "twice"):
        assert count(few, case, "cannot_tell") == len(few)


@published
@pytest.mark.parametrize("datum", PUBLISHED)
def test_published_places_of_china_tell_their_datum(places, world, datum):
    known = known_places((n, (*c["WGS84"], 100.0)) for n, c in places.items())
    rng = np.random.default_rng(SEED)
    for _ in range(20):
        names = list(rng.choice(sorted(places), 25, replace=False))
        lon, lat = np.array([places[n][PUBLISHED[datum]] for n in names]).T
        for declared in (None, *HYPOTHESES):
            verdict = judge(
                lon, lat, [None] * 25, names, known, world.area.districts, "EPSG:4548", declared
            )
            assert verdict.known >= 20
            if declared in (None, datum):
                assert (verdict.standing, verdict.datum) == ("sure", datum)
            else:
                assert (verdict.standing, verdict.datum) == ("contradicted", None)


@published
@pytest.mark.parametrize("datum", PUBLISHED)
def test_conversion_agrees_with_what_is_published_and_goes_back(places, datum):
    metres = Geod(ellps="WGS84").inv
    here = np.array([c[PUBLISHED[datum]] for c in places.values()]).T
    true = np.array([c["WGS84"] for c in places.values()]).T
    found = to_wgs84(*here, datum)
    assert np.abs(metres(*found, *true)[2]).max() <= 1
    assert np.abs(metres(*SHIFT[datum](*true), *here)[2]).max() <= 1
    assert np.abs(metres(*SHIFT[datum](*found), *here)[2]).max() <= 0.01
