"""San Francisco's 205 tracts and 16 stores: the answers PySAL's spopt publishes."""

import json
from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest

from venuenet.siting.cover import cover_all, cover_most
from venuenet.siting.frames import town
from venuenet.siting.median import nearest_on_average
from venuenet.siting.types import Rules

VALIDATION = Path(__file__).parents[3] / "shared" / "validation"
pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(not VALIDATION.is_dir(), reason="no known answers beside the project"),
]


@pytest.fixture(scope="module")
def city():
    """(metres 205 x 16, people 205, names of the stores)."""
    folder = VALIDATION / "spopt_sf"
    ways = pd.read_csv(
        folder / "SF_network_distance_candidateStore_16_censusTract_205_new.csv",
        dtype={"DestinationName": str},
    ).rename(columns={"DestinationName": "place", "name": "site", "distance": "cost"})
    tracts = pd.read_csv(
        folder / "SF_demand_205_centroid_uniform_weight.csv", dtype={"NAME": str}, index_col="NAME"
    ).rename(columns={"POP2000": "people"})
    stores = pd.read_csv(folder / "SF_store_site_16_longlat.csv", index_col="NAME")
    here = town(ways, tracts, stores)
    return here.cost, here.people, list(stores.index)


@pytest.fixture(scope="module")
def published():
    return json.loads((VALIDATION / "expected.json").read_text())["spopt_sf"]


def test_eight_stores_are_within_five_kilometres_of_everybody(city, published):
    metres, people, _ = city
    assert metres.shape == (205, 16)
    assert people.sum() == 955_113
    found = cover_all(metres <= 5000)
    assert len(found.chosen) == found.objective == published["LSCP_radius_5000"]["facilities"]
    assert (found.status, found.gap) == ("optimal", 0)
    assert (metres[:, list(found.chosen)] <= 5000).any(axis=1).all()


def test_four_stores_have_the_published_people_within_five_kilometres(city, published):
    metres, people, stores = city
    found = cover_most(metres <= 5000, people, Rules(count=4))
    known = published["MCLP_radius_5000_p4"]
    covered = people[(metres[:, list(found.chosen)] <= 5000).any(axis=1)].sum()
    assert covered == found.objective == known["covered_population"]
    assert sorted(stores[j] for j in found.chosen) == known["sites"]
    assert covered / people.sum() == pytest.approx(known["share_of_population"], abs=1e-12)
    assert (found.status, found.gap) == ("optimal", 0)


def test_four_stores_are_as_near_on_average_as_published(city, published):
    metres, people, stores = city
    found = nearest_on_average(metres, people, Rules(count=4))
    known = published["PMEDIAN_p4"]
    assert found.objective == pytest.approx(known["objective"], rel=1e-12)
    assert found.objective / people.sum() == pytest.approx(known["weighted_mean_distance"])
    assert sorted(stores[j] for j in found.chosen) == known["sites"]


@pytest.mark.parametrize("p", [1, 2, 3, 4, 5])
def test_no_other_choice_is_better(city, p):
    metres, people, stores = city
    choices = [list(c) for c in combinations(range(len(stores)), p)]
    most = max(people[(metres[:, c] <= 5000).any(axis=1)].sum() for c in choices)
    least = min(people @ metres[:, c].min(axis=1) for c in choices)
    assert cover_most(metres <= 5000, people, Rules(count=p)).objective == pytest.approx(
        most, rel=1e-12
    )
    assert nearest_on_average(metres, people, Rules(count=p)).objective == pytest.approx(
        least, rel=1e-12
    )
