"""Equity and hot spots against values others published (shared/validation/expected.json)."""

import csv
import gzip
import json
from collections import defaultdict
from pathlib import Path

import pytest

from venuenet.equity import fgt, gini, theil, theil_between_within
from venuenet.spots import gi_star

SHARED = Path(__file__).parents[3] / "shared" / "validation"
pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(
        not (SHARED / "expected.json").is_file(), reason="the published values are not beside here"
    ),
]


@pytest.fixture(scope="module")
def expected():
    return json.loads((SHARED / "expected.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def belo_horizonte(expected):
    """Jobs within 30 minutes and residents of five hexes, in one order of their ids."""
    folder = SHARED / "r_accessibility"
    with (folder / "land_use_data.csv").open(encoding="utf-8") as file:
        rows = {r["id"]: r for r in csv.DictReader(file)}
    jobs = defaultdict(int)
    with gzip.open(folder / "travel_matrix_6_origins.csv.gz", "rt", encoding="utf-8") as file:
        for trip in csv.DictReader(file):
            if float(trip["travel_time"]) <= 30:
                jobs[trip["from_id"]] += int(rows[trip["to_id"]]["jobs"])
    published = expected["r_accessibility"]["A_cumulative_30min_jobs"]
    assert {place: jobs[place] for place in published} == published
    places = sorted(published)
    return places, [jobs[p] for p in places], [int(rows[p]["population"]) for p in places]


@pytest.fixture(scope="module", params=["A", "A_without_89a88cdb5cfffff"])
def sample(request, belo_horizonte):
    """All five hexes, or all but the one named after ``without``."""
    left_out = request.param.partition("_without_")[2]
    kept = [row for row in zip(*belo_horizonte, strict=True) if row[0] != left_out]
    assert len(kept) == (4 if left_out else 5)
    _, jobs, people = zip(*kept, strict=True)
    return request.param, jobs, people


def test_gini_of_belo_horizonte(expected, sample):
    name, jobs, people = sample
    assert round(gini(jobs, people), 4) == expected["r_accessibility"]["gini"][name]


def test_poverty_of_belo_horizonte(expected, sample):
    name, jobs, people = sample
    published = expected["r_accessibility"]["fgt_line_100000"][name]
    found = [round(p, 4) for p in fgt(jobs, people, 100_000)]
    assert found == [published["FGT0"], published["FGT1"], published["FGT2"]]


def test_a_hex_without_residents_weighs_nothing(belo_horizonte):
    places, jobs, people = belo_horizonte
    empty = people.index(0)
    without = [[v for i, v in enumerate(row) if i != empty] for row in (jobs, people)]
    assert gini(jobs, people) == gini(*without)
    assert fgt(jobs, people, 100_000) == fgt(*without, 100_000)
    assert places[empty] == "89a88cd909bffff"


def test_gini_of_the_states_of_mexico(expected):
    with (SHARED / "pysal_examples" / "mexico.csv").open(encoding="utf-8") as file:
        income = [float(r["pcgdp1940"]) for r in csv.DictReader(file)]
    published = expected["pysal_inequality"]["gini_pcgdp1940"]
    assert len(income) == 32
    assert gini(income, [1] * 32) == pytest.approx(published, abs=1e-12)


def test_theil_of_two_halves_of_whom_one_has_nothing(expected):
    published = expected["pysal_inequality"]["theil_0_0_0_10_10_10"]
    value, one_each, half = [0, 0, 0, 10, 10, 10], [1] * 6, [0, 0, 0, 1, 1, 1]
    assert theil(value, one_each) == pytest.approx(published["T"], abs=1e-12)
    between, within = theil_between_within(value, one_each, half)
    assert between == pytest.approx(published["between"], abs=1e-12)
    assert within == pytest.approx(published["within"], abs=1e-12)


def test_gi_star_of_six_points(expected):
    case = expected["esda"]
    found = gi_star(case["y"], case["points"], 15)
    assert found.z == pytest.approx(case["Gi_star_Z"], abs=1e-9, nan_ok=True)
