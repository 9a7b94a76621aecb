"""Access measures against published values: Ipea's `accessibility` (R) and PySAL's `access`."""

import csv
import gzip
import json
import math
from pathlib import Path

import numpy as np
import pytest

from venuenet.access.catchment import availability, two_step
from venuenet.access.decay import Decay
from venuenet.access.measures import cumulative, gravity, nearest_minutes
from venuenet.access.pairs import from_arrays, from_table

HERE = Path(__file__).parents[3] / "shared" / "validation"
pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(not HERE.is_dir(), reason="the published values are not beside here"),
]
WITHIN_45 = 45.0
LUO_QI = Decay("stepped", steps=((10, 1), (30, 0.68), (60, 0.22)))


@pytest.fixture(scope="module")
def expected():
    return json.loads((HERE / "expected.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def land():
    """Rows of Belo Horizonte's hexagons by id."""
    path = HERE / "r_accessibility" / "land_use_data.csv"
    with path.open(encoding="utf-8") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def five(expected, land):
    """Minutes, people and jobs of the five hexagons, in the order of the expected values."""
    order = expected["r_accessibility"]["fca_5x5_binary45"]["order"]
    with (HERE / "r_accessibility" / "od_5x5.csv").open(encoding="utf-8") as file:
        rows = {row["from_id"]: row for row in csv.DictReader(file)}
    minutes = np.array([[float(rows[a][b]) for b in order] for a in order])
    people, jobs = (np.array([float(land[i][c]) for i in order]) for c in ("population", "jobs"))
    return minutes, people, jobs


def test_jobs_within_half_an_hour_are_those_published(expected, land):
    path = HERE / "r_accessibility" / "travel_matrix_6_origins.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    origins = sorted({r["from_id"] for r in rows})
    hexes = list(land)
    number = {h: i for i, h in enumerate(hexes)}
    pairs = from_arrays(
        len(origins),
        len(hexes),
        [origins.index(r["from_id"]) for r in rows],
        [number[r["to_id"]] for r in rows],
        [float(r["travel_time"]) for r in rows],
    )
    jobs = np.array([float(land[h]["jobs"]) for h in hexes])
    found = dict(zip(origins, cumulative(pairs, jobs, 30), strict=True))
    published = expected["r_accessibility"]["A_cumulative_30min_jobs"]
    assert {i: found[i] for i in published} == published
    assert len(published) == 5


def test_two_steps_within_45_minutes_are_those_published(expected, five):
    minutes, people, jobs = five
    published = expected["r_accessibility"]["fca_5x5_binary45"]
    within = from_table(minutes).within(WITHIN_45)
    assert two_step(within, people, jobs) == pytest.approx(published["2sfca"], abs=5e-5)
    everywhere = two_step(from_table(minutes), people, jobs)
    assert everywhere == pytest.approx(published["weight_1_everywhere_2sfca"], abs=5e-5)


def test_a_trip_of_exactly_45_minutes_counts_and_leaving_it_out_would_show(expected, five):
    minutes, people, jobs = five
    assert (minutes == WITHIN_45).any()
    short = two_step(from_table(minutes).within(44.9), people, jobs)
    published = expected["r_accessibility"]["fca_5x5_binary45"]["2sfca"]
    assert short != pytest.approx(published, abs=5e-5)


def test_minutes_from_people_to_venues_are_used_in_both_steps(expected, five):
    minutes, people, jobs = five
    turned = two_step(from_table(minutes.T).within(WITHIN_45), people, jobs)
    published = expected["r_accessibility"]["fca_5x5_binary45"]["2sfca"]
    assert turned != pytest.approx(published, abs=5e-5)


def test_minutes_to_the_nearest_school_are_those_published(expected, land, five):
    """The list calls them jobs; only the hexagon with schools gives its numbers."""
    minutes, _, _ = five
    order = expected["r_accessibility"]["fca_5x5_binary45"]["order"]
    schools = np.array([int(land[i]["schools"]) for i in order])
    found = nearest_minutes(from_table(np.where(schools > 0, minutes, np.nan)))
    published = expected["r_accessibility"]["nearest_jobs_minutes_5x5"]
    assert dict(zip(order, found, strict=True)) == published


def test_spatial_availability_is_that_of_the_paper(expected):
    case = expected["r_accessibility"]["spatial_availability_soukhov2023"]
    names = sorted(case["population"])
    pairs = from_table([case["travel_time"][n] for n in names])
    people = np.array([case["population"][n] for n in names], dtype=float)
    decay = Decay("exponential", at=math.log(2) / 0.1)  # exp(-0.1 t)
    found = availability(pairs, people, np.array(case["jobs"], dtype=float), decay)
    assert found == pytest.approx([case["expected"][n] for n in names], abs=0.5)


def three_tracts(case, costs):
    """Minutes among three tracts: [into 3, out of 3, between 1 and 2]."""
    inward, outward, cross = costs
    own = case["self_cost"]
    return np.array([[own, cross, inward], [cross, own, inward], [outward, outward, own]], float)


@pytest.fixture(scope="module")
def tracts(expected):
    case = expected["pysal_access_3_tracts"]
    people, docs = (
        np.array([float(case[name][k]) for k in "123"]) for name in ("demand_pop", "supply_docs")
    )
    return case, people, docs


@pytest.mark.parametrize("scenario", ["s0", "s1"])
def test_catchments_of_an_asymmetric_matrix_are_those_of_pysal(tracts, scenario):
    case, people, docs = tracts
    published = case["scenarios"][scenario]
    pairs = from_table(three_tracts(case, published["costs_in_out_cross"]))
    plain = two_step(pairs.within(30), people, docs)
    assert plain == pytest.approx(published["plain2sfca_30"], abs=1e-12)
    stepped = two_step(pairs, people, docs, LUO_QI)
    assert stepped == pytest.approx(published["e2sfca_steps"], abs=1e-12)


S0 = (40, 40, 80)
MOVES = {
    "s1": ((20, 40, 80), (1, 1, -1)),
    "s2": ((40, 20, 80), (-1, -1, 1)),
    "s3": ((20, 20, 40), (1, 1, -1)),
}


@pytest.mark.parametrize("move", MOVES)
def test_a_shorter_way_helps_those_who_can_use_it_and_costs_the_others(tracts, move):
    """Weights of one over the minutes, up to 61: the signs PySAL's own tests assert."""
    case, people, docs = tracts
    costs, signs = MOVES[move]
    one_over = Decay("power", at=2)  # t^-1
    before, after = (
        two_step(from_table(three_tracts(case, c)).within(61), people, docs, one_over)
        for c in (S0, costs)
    )
    assert np.sign(after - before).tolist() == list(signs)


def test_gravity_counts_what_a_shorter_way_brings_and_takes_from_nobody(tracts):
    case, _, docs = tracts
    one_over = Decay("power", at=2)
    before, after = (
        gravity(from_table(three_tracts(case, c)).within(61), docs, one_over)
        for c in (S0, MOVES["s1"][0])
    )
    assert (after - before).tolist() == pytest.approx([100 / 20 - 100 / 40] * 2 + [0])
