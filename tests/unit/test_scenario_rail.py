"""Lines of a scenario: minutes worked out by hand on the mini-city, and what holds of any line."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venuenet.area import check, load
from venuenet.errors import BadQueryError, VenuenetError
from venuenet.model import UNREACHED
from venuenet.scenarios.apply import edited
from venuenet.scenarios.edits import Close, Headway, NewLine, NewStation, Population
from venuenet.scenarios.pack import write_scenario_pack
from venuenet.scenarios.rail import edited_rail, line_faults
from venuenet.travel.subway import station_seconds

MINI = load(Path(__file__).parents[1] / "golden" / "minicity" / "pack")
BASE = (MINI.stations, MINI.links, MINI.transfers)
HOURS = 8  # one period, 9 to 17; 一号线 runs 48 trains in it: one every 10 minutes
NEW = NewStation("S9", "新站", 117.1, 40.004)


def seconds(tables):
    stations, links, transfers = tables
    found = station_seconds(stations, links, transfers, "day", 60 * HOURS)
    return dict(
        np.ndenumerate(np.where(found == UNREACHED, np.iinfo(np.int64).max, found.astype(np.int64)))
    ), list(stations["station_id"])


def minutes(edits):
    found, ids = seconds(edited_rail(MINI, edits))
    return {(ids[i], ids[j]): value / 60 for (i, j), value in found.items()}


def refused(edit, area=MINI):
    with pytest.raises(VenuenetError) as error:
        edited_rail(area, [edit])
    return error.value


# Minutes by hand


def test_the_line_that_is_there_waits_five_minutes_and_rides():
    assert minutes([])["S1", "S3"] == 5 + 4 + 10


def test_a_new_line_runs_both_ways_and_is_changed_to_on_foot():
    # 20 minutes headway: 10 to wait at first, (20 - 1) / 2 after a change on a whole minute.
    line = NewLine("二号线", ("S2", "S9"), (6.0,), 20.0, change_min=2.0, stations=(NEW,))
    got = minutes([line])
    assert got["S2", "S9"] == 10 + 6
    assert got["S9", "S2"] == 10 + 6
    assert got["S1", "S9"] == (5 + 4) + 2 + 9.5 + 6
    assert got["S9", "S3"] == (10 + 6) + 2 + 4.5 + 10
    assert got["S1", "S3"] == 5 + 4 + 10


def test_minutes_between_stops_count_from_either_end():
    line = NewLine("二号线", ("S1", "S9", "S3"), (2.0, 5.0), 2.0, stations=(NEW,))
    got = minutes([line])
    assert (got["S1", "S9"], got["S9", "S3"]) == (1 + 2, 1 + 5)
    assert (got["S3", "S9"], got["S9", "S1"]) == (1 + 5, 1 + 2)
    assert got["S1", "S3"] == 1 + 2 + 5


def test_half_the_headway_is_half_the_wait():
    got = minutes([Headway("一号线", 5.0)])
    assert got["S1", "S3"] == 2.5 + 4 + 10
    assert got["S2", "S1"] == 2.5 + 4


def test_a_headway_that_does_not_divide_the_period_is_met_in_whole_trains():
    _, links, _ = edited_rail(MINI, [Headway("一号线", 7.0)])
    assert set(links["trains_day"]) == {round(480 / 7)}
    _, links, _ = edited_rail(MINI, [Headway("一号线", 120.0)])
    assert set(links["trains_day"]) == {4}


@pytest.mark.parametrize("order", [1, -1])
def test_trains_run_through_to_what_is_joined_to_the_end_of_their_line(order):
    stops = ("S3", "S9")[::order]
    got = minutes([NewLine("一号线", stops, (3.0,), 10.0, stations=(NEW,))])
    assert got["S1", "S9"] == 5 + 4 + 10 + 3
    assert got["S9", "S1"] == 5 + 3 + 10 + 4


def test_a_branch_has_trains_of_its_own_to_be_waited_for():
    got = minutes([NewLine("一号线", ("S2", "S9"), (3.0,), 10.0, stations=(NEW,))])
    assert got["S2", "S9"] == 5 + 3
    assert got["S1", "S9"] == 5 + 4 + 4.5 + 3


def test_two_branches_do_not_become_one_line():
    far = NewStation("S8", "远站", 117.1, 40.005)
    branches = [
        NewLine("一号线", ("S2", "S9"), (3.0,), 10.0, stations=(NEW,)),
        NewLine("一号线", ("S8", "S2"), (3.0,), 10.0, stations=(far,)),
    ]
    got = minutes(branches)
    assert got["S8", "S9"] == 5 + 3 + 4.5 + 3
    assert got["S9", "S8"] == 5 + 3 + 4.5 + 3
    assert got["S8", "S3"] == 5 + 3 + 4.5 + 10
    assert got["S3", "S8"] == 5 + 10 + 4.5 + 3


def test_a_line_can_be_lengthened_and_thinned_once_it_is_there():
    far = NewStation("S8", "远站", 117.1, 40.005)
    edits = [
        NewLine("二号线", ("S3", "S9"), (3.0,), 4.0, stations=(NEW,)),
        NewLine("二号线", ("S9", "S8"), (2.0,), 4.0, stations=(far,)),
        Headway("二号线", 8.0),
    ]
    assert minutes(edits)["S3", "S8"] == 4 + 3 + 2


# Tables


def test_every_line_of_a_station_is_changed_to_and_from_once():
    edits = [
        NewLine("二号线", ("S2", "S9"), (6.0,), 20.0, 2.0, (NEW,)),
        NewLine("三号线", ("S1", "S2"), (3.0,), 20.0, 4.0),
        NewLine("三号线", ("S2", "S3"), (9.0,), 20.0, 7.0),
    ]
    stations, _, transfers = edited_rail(MINI, edits)
    assert dict(zip(stations["station_id"], stations["lines"], strict=True)) == {
        "S1": "一号线|三号线", "S2": "一号线|二号线|三号线", "S3": "一号线|三号线", "S9": "二号线",
    }  # fmt: skip
    rows = transfers[["station_id", "from_line", "to_line", "walk_min"]]
    at_s2 = {tuple(r)[1:] for r in rows.itertuples(index=False) if r.station_id == "S2"}
    assert at_s2 == {
        ("一号线", "二号线", 2.0), ("二号线", "一号线", 2.0), ("一号线", "三号线", 4.0),
        ("三号线", "一号线", 4.0), ("二号线", "三号线", 4.0), ("三号线", "二号线", 4.0),
    }  # fmt: skip
    assert not rows.duplicated(["station_id", "from_line", "to_line"]).any()


def test_other_edits_leave_the_very_tables_of_the_base():
    tables = edited_rail(MINI, [Close("V1"), Population(2035, {"A": 9100})])
    assert all(a is b for a, b in zip(tables, BASE, strict=True))


def test_the_base_is_left_as_it_was():
    before = [t.copy() for t in BASE]
    edited_rail(MINI, [Headway("一号线", 3.0), NewLine("二号线", ("S1", "S3"), (6.0,), 20.0)])
    for was, now in zip(before, BASE, strict=True):
        assert was.equals(now)


EDITS = {
    "new line": [NewLine("二号线", ("S2", "S9"), (6.5,), 20.0, 2.0, (NEW,))],
    "extension": [NewLine("一号线", ("S3", "S9"), (6.5,), 20.0, stations=(NEW,))],
    "headway": [Headway("一号线", 7.0)],
    "ring": [NewLine("环线", ("S1", "S2", "S3", "S1"), (4.0, 10.0, 9.0), 3.0)],
}


@pytest.mark.parametrize("name", EDITS)
def test_the_pack_of_an_edited_rail_is_sound_and_reads_back_the_same(name, tmp_path):
    area = edited(MINI, EDITS[name])
    write_scenario_pack(area, tmp_path / "pack")
    assert [f.en() for f in check(tmp_path / "pack")] == []
    back = load(tmp_path / "pack")
    for table in ("stations", "links", "transfers", "townships"):
        assert getattr(back, table).equals(getattr(area, table)), table


# Refused


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"stops": ("S1",), "run_min": ()}, "stops"),
        ({"stops": ("S1", "S1")}, "stops"),
        ({"stops": ("S1", "S2", "S1"), "run_min": (1.0, 1.0)}, "stops"),
        ({"stops": ("S1", "nowhere")}, "stops"),
        ({"line": "一号线"}, "stops"),
        ({"line": "一号线", "stops": ("S2", "S1")}, "stops"),
        ({"run_min": ()}, "run_min"),
        ({"run_min": (1.0, 2.0)}, "run_min"),
        ({"run_min": (0.0,)}, "run_min"),
        ({"run_min": (-1.0,)}, "run_min"),
        ({"run_min": (601.0,)}, "run_min"),
        ({"run_min": (float("nan"),)}, "run_min"),
        ({"change_min": -0.1}, "change_min"),
        ({"change_min": float("nan")}, "change_min"),
        ({"change_min": 121.0}, "change_min"),
        ({"headway_min": 0.4}, "headway_min"),
        ({"headway_min": 121.0}, "headway_min"),
        ({"headway_min": float("nan")}, "headway_min"),
        ({"line": " "}, "line"),
        ({"line": "二|三"}, "line"),
        ({"stations": (replace(NEW, station_id="S1"),)}, "stations"),
        ({"stations": (NEW, NEW)}, "stations"),
        ({"stations": (replace(NEW, lat=41.0),)}, "stations"),
        ({"stations": (replace(NEW, lon=-60.0),)}, "stations"),
    ],
)
def test_what_is_no_line_is_refused_by_name(change, param):
    line = replace(NewLine("二号线", ("S1", "S2"), (3.0,), 10.0), **change)
    error = refused(line)
    assert error.param == param
    assert error.detail != error.detail_en
    assert isinstance(error, BadQueryError)


def test_an_extension_touches_its_line():
    line = NewLine("一号线", ("S9", "S8"), (3.0,), 10.0)
    area = replace(MINI, stations=edited_rail(MINI, EDITS["new line"])[0])
    two = replace(line, stations=(replace(NEW, station_id="S8"),))
    assert "一号线" in refused(two, area).detail
    edited_rail(area, [replace(two, stops=("S9", "S8", "S1"), run_min=(3.0, 3.0))])


def test_a_link_that_runs_one_way_is_there_already():
    one_way = replace(MINI, links=MINI.links[MINI.links["direction"] == "东行"])
    assert refused(NewLine("一号线", ("S2", "S1"), (3.0,), 10.0), one_way).param == "stops"


@pytest.mark.parametrize(
    ("edit", "param"),
    [
        (Headway("九号线", 5.0), "line"),
        (Headway("一号线", 0.4), "headway_min"),
        (Headway("一号线", 121.0), "headway_min"),
        (Headway("一号线", float("inf")), "headway_min"),
    ],
)
def test_a_headway_nobody_can_run_is_refused(edit, param):
    assert refused(edit).param == param


def test_every_fault_of_a_line_is_told_at_once():
    line = NewLine("一|二", ("S1", "S1", "X"), (0.0,), 10.0, -1.0, (replace(NEW, lat=50.0),))
    assert [param for param, _, _ in line_faults(MINI, line)] == [
        "stations", "stops", "line", "stops", "run_min", "run_min", "change_min",
    ]  # fmt: skip


# What holds of any line

STATIONS = tuple(NewStation(f"T{i}", f"站{i}", 117.0 + 0.01 * i, 40.004) for i in range(4))
GROWN = replace(
    MINI,
    **dict(
        zip(
            ("stations", "links", "transfers"),
            edited_rail(
                MINI,
                [
                    NewLine("旧线", ("S2", *(s.station_id for s in STATIONS)), (3.0,) * 4, 6.0,
                            stations=STATIONS),
                ],
            ),
            strict=True,
        )
    ),
)  # fmt: skip
IDS = list(GROWN.stations["station_id"])


@st.composite
def lines(draw, name="新线"):
    stops = draw(st.lists(st.sampled_from(IDS), min_size=2, max_size=5, unique=True))
    run = [draw(st.integers(1, 400)) / 10 for _ in pairwise(stops)]
    headway = draw(st.sampled_from([0.5, 3.0, 7.0, 20.0, 120.0]))
    return NewLine(name, tuple(stops), tuple(run), headway, draw(st.integers(0, 20)) / 2)


def of(edits):
    return seconds(edited_rail(GROWN, edits))[0]


BEFORE = of([])


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["新线", "一号线", "旧线"]).flatmap(lines))
def test_a_new_line_makes_no_way_slower(line):
    if list(line_faults(GROWN, line)):
        return
    after = of([line])
    assert all(after[pair] <= BEFORE[pair] for pair in BEFORE)
    at = {station: i for i, station in enumerate(IDS)}
    for way, runs in ((line.stops, line.run_min), (line.stops[::-1], line.run_min[::-1])):
        trains = max(1, round(480 / line.headway_min))
        direct = 60 * (480 / trains / 2 + sum(runs))
        # A wait below the tick of a minute counts as half a tick.
        assert after[at[way[0]], at[way[-1]]] <= max(direct, 60 * (0.5 + sum(runs))) + 1


@settings(max_examples=40, deadline=None)
@given(lines("甲线"), lines("乙线"), st.sampled_from([2.0, 15.0]), st.permutations(range(3)))
def test_edits_that_do_not_meet_may_come_in_any_order(one, two, headway, order):
    two = replace(two, change_min=one.change_min)
    edits = [one, two, Headway("一号线", headway)]
    assert of(edits) == of([edits[i] for i in order])
