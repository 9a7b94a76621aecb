"""A build on the user's own networks gives the times worked out by hand, each mode by its engine.

The mini-city with the streets of test_networks: 6 km/h on foot makes 0.6 s per metre on streets
(no detour), residential streets are driven at 20 km/h (0.18 s per metre), 360 s beside every drive.
"""

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.golden.test_minicity import CELLS, HERE, people_by_hand, table
from tests.unit.test_networks import (
    ALL_DAY,
    MINI,
    PACK,
    SUNDAY,
    WAYS,
    write_feed,
    write_matrix,
    write_osm,
)
from venuenet import pipeline, standards
from venuenet.demand import build as demand_build
from venuenet.engines import Engines
from venuenet.errors import BadQueryError, TravelDataError
from venuenet.model import KINDS, REASONS, UNREACHED
from venuenet.networks import Networks
from venuenet.publish.snapshot import read, write
from venuenet.standards import load_assumptions, load_travel_rules

KIND = {v.venue_id: KINDS.index(v.kind) for v in MINI.venues}
ORDER = list(CELLS)
ESTIMATED = {(r["cell"], r["venue"]): r for r in table("minutes.tsv") if r["shift"] == "-"}


@pytest.fixture(autouse=True, scope="module")
def _people():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demand_build, "build_demand", lambda *_: people_by_hand())
        patch.setattr(pipeline, "build_demand", lambda *_: people_by_hand())
        yield


def inputs(networks=None, **more):
    return pipeline.Inputs(
        PACK, HERE / "standards.yaml", HERE / "assumptions.yaml",
        networks=networks and networks.folder, **more,
    )  # fmt: skip


def seconds(snapshot, mode, cell, venue):
    """From the cell's centre to the venue, the only one of its kind; None: no way."""
    near = snapshot.times[mode].near_s[0, KIND[venue], 0].reshape(len(ORDER), -1)
    found = int(near[ORDER.index(cell), 0])
    return None if found == UNREACHED else found


def entries(times, values, cell, venue):
    """What the sparse matrix says of one pair."""
    v = times.venue_ids.index(venue)
    at = slice(times.indptr[v], times.indptr[v + 1])
    return int(values[at][times.cell[at] == ORDER.index(cell)].item())


def same_as_estimated(snapshot, mode):
    return {
        (c, v): seconds(snapshot, mode, c, v) for c, v in ESTIMATED
    } == {pair: int(row[mode]) for pair, row in ESTIMATED.items()}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Where each of the three networks lies alone."""
    root = tmp_path_factory.mktemp("made")
    found = {what: Networks(root / what) for what in ("streets", "frequency", "timetable")}
    found["streets"].add_streets(write_osm(root / "mini.osm.pbf"), MINI)
    feed = write_feed(root / "rail.zip")
    for model in ("frequency", "timetable"):
        found[model].add_feeds([feed], model, ALL_DAY, day=SUNDAY)
    return found


@pytest.fixture(scope="module")
def plain():
    return pipeline.compute(inputs())


@pytest.fixture(scope="module")
def streets(made):
    return pipeline.compute(inputs(made["streets"]))


@pytest.mark.parametrize(
    ("cell", "venue", "expected"),
    [
        ("C07", "V2", 721),  # 1201 m: 720.6 s, and 901 s by the estimate
        ("C03", "V1", 456),  # 40 m back and 720 m up the stairs
        ("C02", "V1", 1008),  # 960 + 720 m over the stairs, or 720 + 960 m round: 1680
        ("C05", "V1", 1656),  # against the one-way street, 720 + 2040 m: walkers may
        ("C12", "V5", 3149),  # 5248 m
    ],
)
def test_people_walk_along_the_streets(streets, cell, venue, expected):
    assert seconds(streets, "walk", cell, venue) == expected


@pytest.mark.parametrize(
    ("cell", "venue", "expected"),
    [
        ("C09", "V5", 495),  # 752 m: 135.4 s
        ("C01", "V1", 850),  # 1000 + 720 + 960 m: 482.4 s, and 8 s for a left turn
        ("C03", "V1", 845),  # back 1000 m, 3 s for a right turn, then round: 1680 m; no stairs
        ("C05", "V1", 1205),  # 3000 + 1680 m: never against the one-way street
    ],
)
def test_people_drive_along_the_streets(streets, cell, venue, expected):
    assert seconds(streets, "drive", cell, venue) == expected


@pytest.mark.parametrize(
    ("cell", "venue", "expected"),
    [
        ("C01", "V2", 1020),  # 400 m to S1: 240; 9 min; 400 m from S2 to V2: 240
        ("C12", "V2", 1380),  # 240 + 15 min + 240
        ("C11", "V2", 2580),  # 2400 m to S3: 1440 s, less than the 30 min people walk to a stop
        ("C10", "V2", 4321),  # 4400 m to S3 is more, so all the way on foot: 7201 m
        ("C03", "V1", 456),
    ],
)
def test_people_ride_the_packs_rail_and_walk_to_it_along_the_streets(
    streets, cell, venue, expected
):
    assert seconds(streets, "transit", cell, venue) == expected


def test_times_on_streets_are_no_estimates_and_those_with_assumed_buses_are(streets, plain):
    assert {m: t.estimated for m, t in streets.times.items()} == dict.fromkeys(
        ("walk", "transit", "drive"), False
    )
    assert streets.surface.estimated
    assert all(t.estimated for t in plain.times.values())
    assert (streets.surface.near_s == plain.surface.near_s).all()


def test_cells_tell_how_far_their_street_is_also_when_read_back(streets, tmp_path):
    write(streets, tmp_path / "s")
    for snapshot in (streets, read(tmp_path / "s")):
        walk = snapshot.times["walk"]
        assert walk.reason.tolist() == [REASONS.index("reached")] * 12
        assert np.allclose(walk.snap_m, 0, atol=0.02)  # the file's degrees are a centimetre apart
        assert snapshot.manifest == streets.manifest


def test_a_cell_far_from_any_street_says_so(tmp_path):
    """The main street alone, and cells moved 999 and 1001 m off it; 1000 m is the most."""
    networks = Networks(tmp_path / "n")
    networks.add_streets(write_osm(tmp_path / "m.osm.pbf", WAYS[:1]), MINI)
    demand = people_by_hand()
    demand.sample_xy[5, :, 1] += 999
    demand.sample_xy[6, :, 1] += 1001
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "build_demand", lambda *_: demand)
        found = pipeline.compute(inputs(networks))
    assert seconds(found, "walk", "C06", "V2") == 720  # 999 + 201 m
    assert seconds(found, "walk", "C07", "V2") is None
    walk = found.times["walk"]
    assert [REASONS[r] for r in walk.reason[5:7]] == ["reached", "no_street"]
    assert np.isnan(walk.snap_m[6])


def test_a_feed_that_says_what_the_pack_says_gives_the_same_times_to_the_second(made):
    """48 trains in eight hours, 4 and 10 minutes: the pack's own line."""
    found = pipeline.compute(inputs(made["frequency"]))
    for pair in (("C01", "V2"), ("C12", "V2"), ("C06", "V2"), ("C03", "V1")):
        assert seconds(found, "transit", *pair) == int(ESTIMATED[pair]["transit"])
    assert same_as_estimated(found, "walk")
    assert same_as_estimated(found, "drive")
    assert found.times["transit"].estimated  # the walks to and from the trains are
    assert found.times["transit"].spread == {}


def by_hand():
    """C01 to V2 for each minute of the window: 300 s, the next train each 10 min, 240, 300 s."""
    golden = (math.sqrt(5) - 1) / 2
    leaves = [
        ALL_DAY[0] + 60 * j + math.floor((j + 1) * golden % 1 * 60) for j in range(8 * 60)
    ]  # fmt: skip
    return sorted(300 + (-(t + 300)) % 600 + 240 + 300 for t in leaves)


def test_a_timetable_gives_median_mean_and_percentiles_of_all_departures(made, tmp_path):
    found = pipeline.compute(inputs(made["timetable"]))
    every = by_hand()
    wanted = {
        "mean": math.floor(sum(every) / len(every) + 0.5),
        "p15": every[math.ceil(0.15 * len(every)) - 1],
        "p85": every[math.ceil(0.85 * len(every)) - 1],
    }
    median = every[len(every) // 2 - 1]
    assert 1130 < median < 1150  # 840 s and half of ten minutes
    write(found, tmp_path / "s")
    for snapshot in (found, read(tmp_path / "s")):
        times = snapshot.times["transit"]
        assert seconds(snapshot, "transit", "C01", "V2") == median
        assert entries(times, times.seconds, "C01", "V2") == median
        assert {n: entries(times, v, "C01", "V2") for n, v in times.spread.items()} == wanted
        # on foot nobody waits
        assert {
            n: entries(times, v, "C06", "V2") for n, v in times.spread.items()
        } == dict.fromkeys(wanted, 151)
    assert found.manifest.snapshot == read(tmp_path / "s").manifest.snapshot


def test_feed_and_streets_together_ride_by_the_feed_and_walk_on_streets(made, tmp_path):
    both = Networks(tmp_path / "both")
    with both.changed() as new:
        for file in [*made["streets"].folder.iterdir(), *made["frequency"].folder.iterdir()]:
            (new.folder / file.name).write_bytes(file.read_bytes())
    found = pipeline.compute(inputs(both))
    assert seconds(found, "transit", "C01", "V2") == 1020
    assert not found.times["transit"].estimated


def test_two_feeds_are_ridden_together_though_their_ids_are_the_same(tmp_path):
    """Twice the same line: no one waits less by the frequency of a line, all stops stay apart."""
    feeds = [write_feed(tmp_path / "a.zip", "甲"), write_feed(tmp_path / "b.zip", "乙")]
    networks = Networks(tmp_path / "n")
    networks.add_feeds(feeds, "timetable", ALL_DAY, day=SUNDAY)
    assert len(set(networks.transit().timetable.stop_ids)) == 6
    assert [s.attribution for s in networks.sources()] == ["甲", "乙"]
    found = pipeline.compute(inputs(networks))
    assert seconds(found, "transit", "C01", "V2") == by_hand()[239]


SLOW = {
    ("C07", "V2"): 961,  # 1201 m at 0.8 s
    ("C03", "V1"): 2144,  # not by the stairs: 1000 + 1680 m
    ("C05", "V1"): 2208,  # 2760 m
}


def test_a_senior_walks_at_three_quarters_of_the_speed_and_on_no_stairs(made):
    found = pipeline.compute(inputs(made["streets"], traveller="senior"))
    assert {pair: seconds(found, "walk", *pair) for pair in SLOW} == SLOW
    # 20 minutes are 1500 m for them: S3 is too far from C11, not from C12
    assert seconds(found, "transit", "C12", "V2") == 320 + 900 + 320
    assert seconds(found, "transit", "C11", "V2") == round(9201 * 0.8)
    assert seconds(found, "drive", "C09", "V5") == 495


def test_a_child_walks_at_four_fifths_of_the_speed_and_on_stairs(made):
    found = pipeline.compute(inputs(made["streets"], traveller="child"))
    assert seconds(found, "walk", "C03", "V1") == 570  # 760 m at 0.75 s


def test_without_a_car_there_is_no_drive_even_where_a_matrix_knows_one(made, tmp_path):
    networks = Networks(tmp_path / "n")
    csv = write_matrix(tmp_path / "m.csv")
    networks.add_matrix(csv, "drive", "AMap", "2026-11-22", False, MINI)
    for given in (None, made["streets"], networks):
        found = pipeline.compute(inputs(given, traveller="no_car"))
        assert (found.times["drive"].near_s == UNREACHED).all()
        assert len(found.times["drive"].seconds) == 0
    assert same_as_estimated(found, "walk")


def test_an_unknown_traveller_is_refused_with_those_there_are():
    with pytest.raises(BadQueryError) as caught:
        pipeline.compute(inputs(traveller="cyclist"))
    assert caught.value.param == "traveller"
    assert caught.value.allowed == ["adult", "senior", "child", "no_car"]


def test_a_matrix_takes_the_place_of_its_mode_alone(tmp_path):
    networks = Networks(tmp_path / "n")
    csv = write_matrix(tmp_path / "amap.csv", minutes=7)
    networks.add_matrix(csv, "drive", "AMap, 2026-10", "2026-11-22", False, MINI)
    found = pipeline.compute(inputs(networks))
    drive = found.times["drive"]
    assert {seconds(found, "drive", c, v) for c, v in ESTIMATED} == {420}
    assert not drive.estimated
    assert "AMap, 2026-10" in drive.engine
    assert "amap.csv" in drive.engine
    assert same_as_estimated(found, "walk")
    assert same_as_estimated(found, "transit")
    told = found.manifest.parameters["travel"]["networks"]["matrix_drive"]
    assert (told["pairs_share"], told["rows"]) == (1, 36)


def test_a_matrix_that_no_longer_fits_is_refused_when_building(tmp_path, monkeypatch):
    """A venue is gone, and a cell has come that the file says nothing of."""
    networks = Networks(tmp_path / "n")
    csv = write_matrix(tmp_path / "m.csv", cells=people_by_hand().cell[:11])
    networks.add_matrix(csv, "walk", "me", "2026-11-22", True, MINI)
    pipeline.compute(inputs(networks))
    card = networks.folder / "matrix-walk.json"
    card.write_text(card.read_text(encoding="utf-8").replace('"partial": true', '"partial": false'))
    with pytest.raises(TravelDataError, match="8931aa2365bffff"):
        pipeline.compute(inputs(networks))
    gone = replace(MINI, venues=tuple(v for v in MINI.venues if v.venue_id != "V5"))
    monkeypatch.setattr(pipeline, "load_area", lambda _: gone)
    with pytest.raises(TravelDataError, match="V5"):
        pipeline.compute(inputs(networks))


def test_streets_of_another_area_are_refused(made):
    for other in ({"id": "elsewhere"}, {"crs_metric": "EPSG:4549"}):
        moved = replace(MINI, meta=MINI.meta.model_copy(update=other))
        rules = load_assumptions(HERE / "assumptions.yaml")
        engines = Engines(moved, rules, load_travel_rules(), networks=made["streets"])
        with pytest.raises(BadQueryError, match="minicity"):
            next(iter(engines.each(people_by_hand(), [])))


def test_without_networks_the_name_is_that_of_the_estimates_and_with_them_another(
    plain, streets, made, tmp_path
):
    empty = Networks(tmp_path)
    assert pipeline.compute(inputs(empty)).manifest == plain.manifest
    assert "travel" not in plain.manifest.parameters
    assert streets.manifest.snapshot != plain.manifest.snapshot
    assert not pipeline.is_outdated(inputs(), plain.manifest)
    assert pipeline.is_outdated(inputs(made["streets"]), plain.manifest)
    assert not pipeline.is_outdated(inputs(made["streets"]), streets.manifest)
    assert pipeline.is_outdated(inputs(made["frequency"]), streets.manifest)


def test_travellers_with_faults_are_refused_with_all_of_them(tmp_path):
    text = standards.HERE / "travellers.yaml"
    good = text.read_text(encoding="utf-8")
    bad = good
    for old, new in (
        ("{value: 1000, unit: m", "{value: -1, unit: m"),
        ("walk_ratio: {value: 0.75", "walk_ratio: {value: 0"),
        ("walk_ratio: {value: 0.8", "walk_ratio: {value: .nan"),
        ("stairs: false", "stairs: maybe"),
        ("most_rides: 3", "most_rides: 11"),
        ("longest_walk_min: {value: 20", "longest_walk_min: {value: .inf"),
        ("longest_change_min: {value: 8", "longest_changes_min: {value: 8"),
    ):
        assert old in bad
        bad = bad.replace(old, new)
    (tmp_path / "own.yaml").write_text(bad, encoding="utf-8")
    with pytest.raises(BadQueryError) as caught:
        load_travel_rules(tmp_path / "own.yaml")
    told = caught.value.detail_en
    assert "has 12 faults" in told
    for where in (
        "streets.most_off_m.value", "senior.walk_ratio.value", "child.walk_ratio.value",
        "senior.stairs", "senior.most_rides", "child.most_rides", "senior.longest_walk_min.value",
        "child.longest_walk_min.value", "senior.longest_changes_min", "senior.longest_change_min",
        "child.longest_changes_min", "child.longest_change_min",
    ):  # fmt: skip
        assert where in told
    (tmp_path / "own.yaml").write_text(good.replace("0.75", "0.5"), encoding="utf-8")
    assert load_travel_rules(tmp_path / "own.yaml").travellers["senior"].walk_ratio.value == 0.5
