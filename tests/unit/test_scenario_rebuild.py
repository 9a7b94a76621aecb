"""A scenario's numbers are those of a build from its own area pack, exactly."""

import dataclasses

import numpy as np
import pytest

from venuenet import pipeline
from venuenet.area import load
from venuenet.model import KINDS, LocatedVenue, Question
from venuenet.publish.answers import coverage, gap_rows
from venuenet.scenarios.apply import applied, edited
from venuenet.scenarios.edits import (
    Close,
    Headway,
    Move,
    NewLine,
    NewStation,
    Open,
    Population,
    Upgrade,
)
from venuenet.scenarios.pack import write_scenario_pack
from venuenet.scenarios.ready import counted, ready

EDITS = 200
ARRAYS = ("indptr", "cell", "seconds", "near_s", "near_venue", "own_s")
QUESTIONS = (Question(), Question(mode="walk", minutes=15), Question(mode="drive", minutes=30))


def tables(snapshot):
    yield from ((mode, False, None) for mode in snapshot.times)
    yield ("transit", True, None)
    yield from ((mode, False, who) for who, own in snapshot.others.items() for mode in own)


def table(snapshot, mode, surface, who):
    if surface:
        return snapshot.surfaces[mode]
    return (snapshot.others[who] if who else snapshot.times)[mode]


def random_edit(rng, snapshot, name):
    """Open, close, move or change one venue, at the centre of some cell of Beijing."""
    demand, counting = snapshot.demand, counted(snapshot.area)
    venue = counting[rng.integers(len(counting))]
    cell = rng.integers(len(demand.cell))
    lon, lat = float(round(demand.lon[cell], 5)), float(round(demand.lat[cell], 5))
    adcode = demand.adcodes[demand.cell_district[cell]]
    made = dataclasses.replace(
        venue,
        venue_id=name,
        kind=KINDS[rng.integers(len(KINDS))],
        lon=lon,
        lat=lat,
        adcode=adcode,
        precision_m=float(rng.choice([0, 50, 2000])),
        status=str(rng.choice(["open", "unknown", "planned"])),
    )
    return (
        Open(made),
        Close(venue.venue_id),
        Move(venue.venue_id, lon, lat, precision_m=100.0, adcode=adcode),
        Upgrade(venue.venue_id, {"kind": KINDS[rng.integers(len(KINDS))], "status": "unknown"}),
    )[rng.integers(4)]


@pytest.fixture(scope="module")
def few(beijing):
    """Beijing of 150 cells: 200 rebuilds of all its tables are a matter of a minute."""
    rng = np.random.default_rng(6)
    cells = np.sort(rng.choice(len(beijing.demand.cell), 150, replace=False))
    demand = beijing.demand.some(cells)
    base = dataclasses.replace(beijing, demand=demand)
    made = ready(base)
    venues = counted(base.area)

    def built(mode, surface, who):
        return made.engine(who, mode, surface=surface).times(demand, venues, 3600)

    return dataclasses.replace(
        base,
        times={mode: built(mode, False, None) for mode in base.times},
        surfaces={"transit": built("transit", True, None)},
        others={w: {m: built(m, False, w) for m in own} for w, own in base.others.items()},
    )


def same_tables(after, few, made):
    """All tables are those of a full search in the area as edited."""
    venues = counted(after.area)
    for mode, surface, who in tables(few):
        found = table(after, mode, surface, who)
        engines = dataclasses.replace(made.engines(who), area=after.area)
        engine = engines.one(mode, few.demand, venues, surface)
        expected = engine.times(few.demand, venues, 3600)
        assert found.venue_ids == expected.venue_ids
        for name in ARRAYS:
            assert np.array_equal(getattr(found, name), getattr(expected, name)), (mode, name)


def test_two_hundred_random_edits_equal_a_full_search(few):
    rng = np.random.default_rng(2026)
    made = ready(few)
    changed = 0
    for i in range(EDITS):
        edits = [random_edit(rng, few, f"V{rng.integers(10**6):06}-{i}")]
        after = applied(few, edits)
        same_tables(after, few, made)
        changed += not np.array_equal(after.times["drive"].near_s, few.times["drive"].near_s)
    assert changed > EDITS / 2


def test_rail_without_anything_else_equals_a_full_search(few):
    area, made = few.area, ready(few)
    ends = [str(s) for s in area.stations["station_id"].iloc[[3, 200]]]
    new = NewStation("S-00000001", "情景站", 116.95, 40.35)
    line = NewLine("情景线", (ends[0], new.station_id, ends[1]), (9.0, 14.0), 6.0, stations=(new,))
    busiest = str(area.links["line"].value_counts().index[0])
    for edits in ([line], [Headway(busiest, 60.0)]):
        after = applied(few, edits)
        same_tables(after, few, made)
        for who in (None, *few.others):
            was, now = (table(s, "transit", False, who) for s in (few, after))
            assert not np.array_equal(now.near_s, was.near_s)
        assert np.array_equal(after.times["walk"].near_s, few.times["walk"].near_s)


def whole(beijing, edits, folder):
    """Apply edits, and build the same from the pack they make; both snapshots."""
    after = applied(beijing, edits)
    write_scenario_pack(edited(beijing.area, edits), folder)
    return after, pipeline.compute(pipeline.Inputs(area=folder))


def same_numbers(after, built):
    for name in ("cell", "sample_xy", "row_cell", "row_township", "people"):
        assert np.array_equal(getattr(after.demand, name), getattr(built.demand, name)), name
    assert after.demand.groups.keys() == built.demand.groups.keys()
    for mode, surface, who in tables(built):
        found, expected = (table(s, mode, surface, who) for s in (after, built))
        assert found.venue_ids == expected.venue_ids
        for name in ARRAYS:
            assert np.array_equal(getattr(found, name), getattr(expected, name)), (mode, name)
    for question in QUESTIONS:
        for level in ("district", "township", "city"):
            assert coverage(after, question, level) == coverage(built, question, level)
        assert gap_rows(after, question) == gap_rows(built, question)
    assert after.manifest.counts == built.manifest.counts
    assert after.manifest.checks == built.manifest.checks


def test_a_scenario_of_venues_equals_a_build_of_its_pack(beijing, tmp_path):
    rng = np.random.default_rng(11)
    edits = [random_edit(rng, beijing, f"V99-{i}") for i in range(12)]
    assert {type(e) for e in edits} == {Open, Close, Move, Upgrade}
    first = {}
    for edit in edits:  # one venue is edited once here; twice is another test
        key = edit.venue.venue_id if isinstance(edit, Open) else edit.venue_id
        first.setdefault(key, edit)
    same_numbers(*whole(beijing, list(first.values()), tmp_path / "pack"))


def test_a_scenario_of_rail_and_people_equals_a_build_of_its_pack(beijing, tmp_path):
    area = beijing.area
    line = str(area.links["line"].iloc[0])
    ends = [str(s) for s in area.stations["station_id"].iloc[[3, 200]]]
    new = NewStation("S-00000001", "情景站", 116.95, 40.35)
    edits = [
        Headway(line, 12.0),
        NewLine("情景线", (ends[0], new.station_id, ends[1]), (9.0, 14.0), 6.0, stations=(new,)),
        Population(2035, {str(area.districts["adcode"].iloc[9]): 1_900_000}),
    ]
    after, built = whole(beijing, edits, tmp_path / "pack")
    same_numbers(after, built)
    people = after.manifest.counts["people"] - beijing.manifest.counts["people"]
    assert people == 1_900_000 - int(area.districts["people"].iloc[9])


def test_the_base_is_as_it_was_and_nothing_is_worked_out_unasked(beijing):
    before = beijing.times["walk"].near_s.copy()
    venue = next(v for v in beijing.area.venues if isinstance(v, LocatedVenue) and v.counts)
    after = applied(beijing, [Close(venue.venue_id)])
    assert not after.times._made
    assert venue.venue_id not in after.times["walk"].venue_ids
    assert list(after.times._made) == ["walk"]
    assert np.array_equal(beijing.times["walk"].near_s, before)
    assert after.manifest.snapshot != beijing.manifest.snapshot


def test_no_edit_at_all_gives_the_base_s_own_tables(beijing):
    after = applied(beijing, [])
    assert all(after.times[mode] is beijing.times[mode] for mode in beijing.times)
    assert load(beijing.area.root).venues == after.area.venues
