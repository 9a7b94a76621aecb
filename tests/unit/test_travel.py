"""Times from real cells are what plain loops over every station and venue find."""

import dataclasses
import math

import numpy as np
import pytest

from venuenet.errors import BadQueryError
from venuenet.model import KINDS, NEAREST, UNREACHED, VARIANTS, LocatedVenue
from venuenet.pipeline import MATRIX_CUTOFF_S
from venuenet.travel import estimate
from venuenet.travel.estimate import DriveEstimate, TransitEstimate, WalkEstimate
from venuenet.travel.subway import station_seconds

SIGN = {"point": 0, "late": 1, "early": -1}
CELLS = 120


@pytest.fixture(scope="module")
def counted(beijing):
    """The venues the times are about."""
    byid = {v.venue_id: v for v in beijing.area.venues}
    return [byid[i] for i in beijing.times["walk"].venue_ids]


@pytest.fixture(scope="module")
def spots(beijing):
    """(cell, point of the cell, x, y) of a random sample; a third are the cells' centres."""
    rng = np.random.default_rng(11)
    cells = np.sort(rng.choice(len(beijing.demand.cell), CELLS, replace=False))
    points = rng.integers(0, beijing.demand.sample_xy.shape[1], CELLS)
    points[::3] = 0
    return [(c, p, *beijing.demand.sample_xy[c, p]) for c, p in zip(cells, points, strict=True)]


def where(area, venues):
    return list(zip(*area.metric([v.lon for v in venues], [v.lat for v in venues]), strict=True))


def walk_seconds(rules, metres):
    return round(metres * rules.walk.detour.value / (rules.walk.speed_kmh.value / 3.6))


def leg_seconds(rules, metres, surface):
    """One leg that is not a ride: on foot or, if assumed, by bus."""
    on_foot = metres * rules.walk.detour.value / (rules.walk.speed_kmh.value / 3.6)
    bus = rules.surface_transit
    if not surface or metres > 1000 * bus.reach_km.value:
        return round(on_foot)
    by_bus = 60 * (bus.wait_min.value + bus.access_min.value) + metres * 3.6 / bus.speed_kmh.value
    return round(min(on_foot, by_bus))


def rides_of(beijing):
    area, rules = beijing.area, beijing.assumptions
    period = rules.transit.period.value
    hours = next(p.hours for p in area.meta.periods if p.id == period)
    tables = (area.stations, area.links, area.transfers)
    return station_seconds(*tables, period, 60 * hours).astype(np.int64)


def transit_by_loops(beijing, venues, spots, surface):
    """Seconds (variant, spot, venue): every station to enter by, every station to leave by."""
    area, rules = beijing.area, beijing.assumptions
    stations = where(area, list(area.stations.itertuples()))
    rides = rides_of(beijing)
    places = where(area, venues)
    out = np.empty((len(VARIANTS), len(spots), len(venues)), dtype=np.int64)
    enter = np.array(
        [
            [leg_seconds(rules, math.dist((x, y), at), surface) for at in stations]
            for _, _, x, y in spots
        ]
    )
    for n, variant in enumerate(VARIANTS):
        for v, (venue, place) in enumerate(zip(venues, places, strict=True)):
            off = SIGN[variant] * venue.precision_m

            def metres(at, place=place, off=off):
                return max(0, math.dist(at, place) + off)

            leave = np.array([leg_seconds(rules, metres(at), surface) for at in stations])
            onward = np.array([(ride + leave).min() for ride in rides])
            for s, (_, _, x, y) in enumerate(spots):
                direct = leg_seconds(rules, metres((x, y)), surface)
                out[n, s, v] = min(direct, (enter[s] + onward).min())
    return out


@pytest.fixture(scope="module", params=[False, True], ids=["rail", "rail and assumed buses"])
def by_loops(request, beijing, counted, spots):
    return request.param, transit_by_loops(beijing, counted, spots, request.param)


def kept_nearest(times, counted, seconds, spot):
    """The few nearest of each kind as the table keeps them, and as the loops find them."""
    cell, point = spot[:2]
    for n in range(len(VARIANTS)):
        for k, kind in enumerate(KINDS):
            mine = [
                v
                for v, venue in enumerate(counted)
                if venue.kind == kind and (VARIANTS[n] != "late" or venue.status == "open")
            ]
            expected = sorted(seconds[n][v] for v in mine)[:NEAREST]
            expected += [UNREACHED] * (NEAREST - len(expected))
            yield times.near_s[n, k, :, cell, point].tolist(), expected


def test_no_station_is_left_out_that_would_be_faster(beijing, counted, spots, by_loops):
    """Every venue, however far: the engine's raw seconds, one cell at a time."""
    surface, expected = by_loops
    cells = [c for c, *_ in spots]
    demand = dataclasses.replace(
        beijing.demand,
        **{
            name: getattr(beijing.demand, name)[cells]
            for name in ("cell", "lon", "lat", "x", "y", "area_km2", "cell_district")
        },
        sample_xy=np.array([[[x, y]] for _, _, x, y in spots]),
    )
    raw = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(estimate, "collect", lambda block, *_, **__: raw.update(block=block))
        engine = TransitEstimate(beijing.area, beijing.assumptions, surface)
        engine.times(demand, counted, MATRIX_CUTOFF_S)
    for i in range(len(cells)):
        got = raw["block"](np.array([i]))
        for n, variant in enumerate(VARIANTS):
            assert got[variant].tolist() == expected[n, i : i + 1].tolist()


def test_the_kept_nearest_are_the_nearest_by_transit(beijing, counted, spots, by_loops):
    surface, expected = by_loops
    times = beijing.surface if surface else beijing.times["transit"]
    for i, spot in enumerate(spots):
        for got, wanted in kept_nearest(times, counted, expected[:, i], spot):
            assert got == wanted


def matrix_of(times, cell):
    """Seconds by venue of one cell in the sparse matrix."""
    rows = np.repeat(np.arange(len(times.venue_ids)), np.diff(times.indptr))
    mine = times.cell == cell
    return dict(zip(rows[mine].tolist(), times.seconds[mine].tolist(), strict=True))


def test_the_matrix_holds_every_venue_within_the_cut_off_by_transit(spots, beijing, by_loops):
    surface, expected = by_loops
    times = beijing.surface if surface else beijing.times["transit"]
    assert times.cutoff_s == MATRIX_CUTOFF_S
    centres = [(i, spot[0]) for i, spot in enumerate(spots) if spot[1] == 0]
    assert len(centres) >= CELLS // 3
    for i, cell in centres:
        near = {v: int(s) for v, s in enumerate(expected[0, i]) if s <= MATRIX_CUTOFF_S}
        assert matrix_of(times, cell) == near


def by_formula(beijing, venues, spots, mode):
    """Seconds (variant, spot, venue) on foot or by car."""
    area, rules = beijing.area, beijing.assumptions
    drive = rules.drive
    zones = dict(zip(area.districts["adcode"], area.districts["zone_zh"], strict=True))
    codes = list(area.districts["adcode"])

    def pace(adcode):
        speed = drive.default_speed_kmh
        if adcode:
            speed = drive.speed_kmh.get(zones[adcode], speed)
        return 3.6 / speed.value

    def seconds(metres, cell, venue):
        if mode == "walk":
            return walk_seconds(rules, metres)
        here = pace(codes[beijing.demand.cell_district[cell]])
        mean_pace = (here + pace(venue.adcode)) / 2
        return round(metres * drive.detour.value * mean_pace + 60 * drive.terminal_min.value)

    places = where(area, venues)
    return np.array(
        [
            [
                [
                    seconds(max(0, math.dist((x, y), at) + SIGN[n] * v.precision_m), cell, v)
                    for v, at in zip(venues, places, strict=True)
                ]
                for cell, _, x, y in spots
            ]
            for n in VARIANTS
        ]
    )


@pytest.mark.parametrize("mode", ["walk", "drive"])
def test_walking_and_driving_are_distance_times_a_factor(beijing, counted, spots, mode):
    times, expected = beijing.times[mode], by_formula(beijing, counted, spots, mode)
    for i, spot in enumerate(spots):
        for got, wanted in kept_nearest(times, counted, expected[:, i], spot):
            assert got == wanted
        if spot[1] == 0:
            near = {v: int(s) for v, s in enumerate(expected[0, i]) if s <= MATRIX_CUTOFF_S}
            assert matrix_of(times, spot[0]) == near


def test_the_nearest_venue_is_named_with_its_time(beijing, counted, spots):
    expected = by_formula(beijing, counted, spots, "walk")
    for i, (cell, point, *_) in enumerate(spots):
        for k in range(len(KINDS)):
            for rank in range(NEAREST):
                v = beijing.times["walk"].near_venue[k, rank, cell, point]
                told = beijing.times["walk"].near_s[0, k, rank, cell, point]
                assert told == (UNREACHED if v < 0 else expected[0, i, v])
                assert v < 0 or counted[v].kind == KINDS[k]


def test_transit_is_never_slower_than_walking_nor_buses_than_none(beijing):
    walk, rail, bus = (
        t.near_s for t in (beijing.times["walk"], beijing.times["transit"], beijing.surface)
    )
    assert (rail <= walk).all()
    assert (bus <= rail).all()
    assert (rail < walk).mean() > 0.1


def test_a_venue_farther_off_is_never_nearer_and_one_nearer_never_farther(beijing):
    for times in (*beijing.times.values(), beijing.surface):
        point, late, early = times.near_s
        assert (early <= point).all()
        assert (point <= late).all()
        assert (np.diff(times.near_s.astype(np.int64), axis=2) >= 0).all()


def test_times_are_asked_of_open_located_venues_only(beijing, counted):
    assert all(isinstance(v, LocatedVenue) and v.counts for v in counted)
    left_out = {v.venue_id for v in beijing.area.venues} - {v.venue_id for v in counted}
    for venue in beijing.area.venues:
        if venue.venue_id in left_out:
            assert not (isinstance(venue, LocatedVenue) and venue.counts)
    names = {v.name_zh for v in beijing.area.venues if v.venue_id in left_out}
    assert "索尼探梦科技馆" in names


def test_every_table_says_what_it_is(beijing):
    assert {m: t.mode for m, t in beijing.times.items()} == {
        "walk": "walk",
        "transit": "transit",
        "drive": "drive",
    }
    for times in (*beijing.times.values(), beijing.surface):
        assert times.estimated
        assert times.samples == beijing.demand.sample_xy.shape[1]
    assert beijing.times["transit"].period == beijing.surface.period == "weekend_daytime"
    assert [t.surface_transit for t in beijing.times.values()] == [False] * 3
    assert beijing.surface.surface_transit


@pytest.mark.parametrize("engine", [WalkEstimate, DriveEstimate, TransitEstimate])
def test_progress_is_told_of_every_cell_once(beijing, counted, engine):
    few = slice(0, 300)
    demand = dataclasses.replace(
        beijing.demand,
        cell=beijing.demand.cell[few],
        sample_xy=beijing.demand.sample_xy[few, :1],
        cell_district=beijing.demand.cell_district[few],
    )
    done = []
    engine(beijing.area, beijing.assumptions).times(demand, counted[:5], 3600, done.append)
    assert sum(done) == 300


def test_a_period_the_rail_tables_lack_is_refused_with_those_there_are(beijing, counted):
    rules = beijing.assumptions
    night = rules.transit.period.model_copy(update={"value": "night"})
    rules = rules.model_copy(update={"transit": rules.transit.model_copy(update={"period": night})})
    with pytest.raises(BadQueryError) as refused:
        TransitEstimate(beijing.area, rules).times(beijing.demand, counted, 3600)
    assert refused.value.allowed == [p.id for p in beijing.area.meta.periods]


def test_a_city_without_rail_walks(beijing, counted):
    bare = dataclasses.replace(
        beijing.area,
        stations=beijing.area.stations.iloc[:0],
        links=beijing.area.links.iloc[:0],
        transfers=beijing.area.transfers.iloc[:0],
    )
    few = slice(0, 50)
    demand = dataclasses.replace(
        beijing.demand, cell=beijing.demand.cell[few], sample_xy=beijing.demand.sample_xy[few]
    )
    on_foot = WalkEstimate(bare, beijing.assumptions).times(demand, counted, 3600)
    transit = TransitEstimate(bare, beijing.assumptions).times(demand, counted, 3600)
    assert np.array_equal(on_foot.near_s, transit.near_s)
