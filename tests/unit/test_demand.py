"""Beijing's residents on its cells: every total exact, everything modelled says so."""

import dataclasses

import h3
import numpy as np
import pytest
import shapely

from venuenet import crs
from venuenet.coverage import share_above
from venuenet.demand.build import build_demand
from venuenet.errors import VenuenetError
from venuenet.model import DemandPoints

CENSUS = 21_893_095


@pytest.fixture(scope="module")
def demand(beijing):
    return beijing.demand


@pytest.fixture(scope="module")
def towns(beijing):
    return beijing.area.townships


@pytest.fixture(scope="module")
def town_people(demand, towns):
    return np.bincount(demand.row_township, demand.people, minlength=len(towns)).astype(int)


def sampled(n, size=200):
    return np.random.default_rng(20201101).choice(n, min(n, size), replace=False)


def name_of(cell):
    return h3.int_to_str(int(cell))


def test_everybody_is_somewhere_exactly_once(demand):
    assert demand.people.sum() == CENSUS
    assert demand.people.min() > 0
    rows = np.column_stack([demand.row_cell, demand.row_township])
    assert len(np.unique(rows, axis=0)) == len(rows)
    assert np.array_equal(np.unique(demand.row_cell), np.arange(len(demand.cell)))


def test_cells_add_up_to_townships_townships_to_districts_districts_to_the_census(
    beijing, demand, towns, town_people
):
    districts = beijing.area.districts
    by_district = dict.fromkeys(districts["adcode"], 0)
    for adcode, people in zip(towns["adcode"], town_people, strict=True):
        by_district[adcode] += people
    assert by_district == dict(zip(districts["adcode"], districts["people"], strict=True))
    by_cell = np.bincount(demand.cell_district[demand.row_cell], demand.people)
    assert by_cell.astype(int).tolist() == districts["people"].tolist()
    assert sum(by_district.values()) == CENSUS


def test_a_township_with_a_census_figure_keeps_it(towns, town_people):
    known = towns["residents"].notna().to_numpy()
    assert known.sum() == 104
    assert town_people[known].tolist() == towns.loc[known, "residents"].astype(int).tolist()


def test_a_township_without_one_shares_the_remainder_and_says_so(demand, towns, town_people):
    unknown = towns["residents"].isna().to_numpy()
    flagged = np.array(["residents_estimated" in f for f in demand.township_flags])
    assert np.array_equal(flagged, unknown)
    assert (town_people[unknown] > 0).all()


def test_nobody_lives_in_a_cell_of_another_district(beijing, demand, towns):
    codes = beijing.area.districts["adcode"].to_numpy()
    here = codes[demand.cell_district[demand.row_cell]]
    assert np.array_equal(here, towns["adcode"].to_numpy()[demand.row_township])
    home = towns["adcode"].to_numpy()[demand.cell_township]
    assert np.array_equal(home, codes[demand.cell_district])


def test_a_cell_lies_in_the_district_that_holds_its_centre(beijing, demand):
    shapes = beijing.area.districts.geometry
    for d, shape in enumerate(shapes):
        mine = demand.cell_district == d
        shapely.prepare(shape)
        inside = shapely.contains_xy(shape, demand.lon[mine], demand.lat[mine])
        assert inside.mean() > 0.999  # H3 draws a polygon's edges as great circles


def test_a_cell_s_own_township_is_the_nearest_placed_one_of_its_district(beijing, demand, towns):
    xy = np.column_stack(beijing.area.metric(towns["lon"], towns["lat"]))
    placed = np.isfinite(xy[:, 0])
    codes = beijing.area.districts["adcode"].to_numpy()
    for c in sampled(len(demand.cell)):
        rivals = placed & (towns["adcode"] == codes[demand.cell_district[c]]).to_numpy()
        away = np.hypot(xy[:, 0] - demand.x[c], xy[:, 1] - demand.y[c])
        assert away[demand.cell_township[c]] == pytest.approx(away[rivals].min())


def test_few_people_live_where_nobody_could(demand):
    assert share_above(demand, 50_000) <= 0.01
    people = np.bincount(demand.row_cell, demand.people)
    dense = people / demand.area_km2 > 50_000
    assert share_above(demand, 50_000) == pytest.approx(people[dense].sum() / CENSUS)


def test_a_known_group_share_is_met_to_the_person(beijing, demand):
    districts = beijing.area.districts
    known = 0
    for group in beijing.area.meta.groups:
        if group.id not in demand.groups or group.district_column is None:
            continue
        totals = np.bincount(demand.cell_district[demand.row_cell], demand.groups[group.id])
        for d, row in enumerate(districts.to_dict("records")):
            share = row[group.district_column]
            standing = demand.group_standing[group.id][row["adcode"]]
            assert (standing == "known") == np.isfinite(share)
            if standing == "known":
                known += 1
                assert totals[d] == round(share * row["people"])
    assert known > 10


def test_the_other_districts_share_what_is_left_of_the_city(beijing, demand):
    districts = beijing.area.districts
    for group in beijing.area.meta.groups:
        if group.city_share is None:
            continue
        standing = demand.group_standing[group.id]
        estimated = [d for d, code in enumerate(districts["adcode"]) if standing[code] != "known"]
        totals = np.bincount(demand.cell_district[demand.row_cell], demand.groups[group.id])
        rest = totals[estimated] / districts["people"].to_numpy()[estimated]
        assert np.ptp(rest) < 1e-5
        assert {standing[districts["adcode"].iloc[d]] for d in estimated} <= {"estimated"}
        if rest.min() > 0:
            assert abs(totals.sum() - group.city_share * CENSUS) <= len(districts)


def test_a_group_nobody_counted_is_absent_not_zero(beijing, demand):
    for group in ("farmers", "workers", "cadres"):
        assert group not in demand.groups
        assert set(demand.group_standing[group].values()) == {"unknown"}
    assert {g.id for g in beijing.area.meta.groups} == set(demand.group_standing)


def test_a_group_is_never_more_than_the_people(demand):
    for persons in demand.groups.values():
        assert (persons >= 0).all()
        assert (persons <= demand.people).all()


def test_a_township_without_a_point_takes_the_pattern_of_its_district(demand, towns, town_people):
    lost = np.flatnonzero(towns["lon"].isna())
    assert len(lost) == 20
    flagged = [t for t, flags in enumerate(demand.township_flags) if "point_unknown" in flags]
    assert flagged == lost.tolist()
    placed = ~np.isin(demand.row_township, lost)
    n = len(demand.cell)
    pattern = np.bincount(demand.row_cell[placed], demand.people[placed], minlength=n)
    district = towns["adcode"].to_numpy()[demand.cell_township]
    for town in lost:
        mine = demand.row_township == town
        got = np.bincount(demand.row_cell[mine], demand.people[mine], minlength=n)
        share = np.where(district == towns["adcode"].iloc[town], pattern, 0)
        assert (np.abs(got - town_people[town] * share / share.sum()) < 1 + 1e-6).all()


def test_neighbours_share_an_edge_and_each_pair_stands_once(demand):
    pairs = demand.neighbours
    assert (pairs[:, 0] < pairs[:, 1]).all()
    assert len(np.unique(pairs, axis=0)) == len(pairs)
    for a, b in pairs[sampled(len(pairs))]:
        assert h3.are_neighbor_cells(name_of(demand.cell[a]), name_of(demand.cell[b]))


def test_no_pair_of_neighbours_is_missing(demand):
    at = {int(c): i for i, c in enumerate(demand.cell)}
    pairs = {(int(a), int(b)) for a, b in demand.neighbours}
    for i in sampled(len(demand.cell)):
        for other in h3.grid_ring(name_of(demand.cell[i]), 1):
            j = at.get(h3.str_to_int(other))
            assert j is None or (min(i, j), max(i, j)) in pairs


def test_cells_are_h3_cells_with_their_own_centre_and_area(beijing, demand):
    assert (np.diff(demand.cell.astype(np.int64)) > 0).all()
    resolution = beijing.manifest.parameters["h3_resolution"]
    x, y = beijing.area.metric(demand.lon, demand.lat)
    assert np.allclose([x, y], [demand.x, demand.y])
    for c in sampled(len(demand.cell), 60):
        name = name_of(demand.cell[c])
        assert h3.get_resolution(name) == resolution
        assert h3.latlng_to_cell(demand.lat[c], demand.lon[c], resolution) == name
        assert demand.area_km2[c] == pytest.approx(h3.cell_area(name, unit="km^2"))


def test_a_cell_is_sampled_at_its_children_its_own_centre_first(beijing, demand):
    assert np.allclose(demand.sample_xy[:, 0], np.column_stack([demand.x, demand.y]), atol=0.01)
    resolution = beijing.manifest.parameters["h3_resolution"]
    for c in sampled(len(demand.cell), 40):
        lon, lat = crs.to_degrees(*demand.sample_xy[c].T, beijing.area.meta.crs_metric)
        children = {h3.latlng_to_cell(*p, resolution + 1) for p in zip(lat, lon, strict=True)}
        assert children == set(h3.cell_to_children(name_of(demand.cell[c])))


def test_every_cell_says_that_it_is_modelled(demand):
    assert demand.origin == "modelled"


def test_the_same_facts_give_the_same_people(beijing):
    rules = beijing.assumptions.demand
    one, two = (build_demand(beijing.area, rules, resolution=6) for _ in range(2))
    for field in dataclasses.fields(DemandPoints):
        a, b = getattr(one, field.name), getattr(two, field.name)
        if isinstance(a, np.ndarray):
            assert np.array_equal(a, b), field.name
        elif field.name == "groups":
            assert a.keys() == b.keys()
            assert all(np.array_equal(a[g], b[g]) for g in a)
        else:
            assert a == b, field.name


@pytest.mark.parametrize("resolution", [6, 7])
def test_totals_are_exact_at_any_resolution(beijing, resolution):
    coarse = build_demand(beijing.area, beijing.assumptions.demand, resolution)
    by_district = np.bincount(coarse.cell_district[coarse.row_cell], coarse.people, minlength=16)
    assert by_district.tolist() == beijing.area.districts["people"].tolist()


def test_cells_too_coarse_for_a_district_are_refused_in_words(beijing):
    with pytest.raises(VenuenetError) as refused:
        build_demand(beijing.area, beijing.assumptions.demand, resolution=5)
    assert "h3_resolution" in refused.value.detail_en
