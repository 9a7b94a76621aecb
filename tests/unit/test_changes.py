"""What changed is told with its cause, and the causes add up to the person."""

import csv
import dataclasses
import gc
import json
import shutil
import weakref
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.golden.test_minicity import people_by_hand
from venuenet import pipeline
from venuenet.errors import BadQueryError, SnapshotError
from venuenet.model import KINDS, NEAREST, UNREACHED, LocatedVenue, Question, TravelTimes
from venuenet.publish import answers, changes_lists
from venuenet.publish.changes import changes
from venuenet.publish.changes_why import CAUSES, Side, explain
from venuenet.publish.remembered import remembered
from venuenet.publish.snapshot import write
from venuenet.questions import parse_question
from venuenet.store import SnapshotFolder
from venuenet.store.snapshots import KEEP

MINI = Path(__file__).parents[1] / "golden" / "minicity"
CELLS = ["C01", "C02", "C03", "C04", "C05", "C06", "C07", "C08", "C09", "C10", "C11", "C12"]
PLACE = {
    "C01": ("117.000000000", "40.004241646"),
    "C07": ("117.070266988", "40.004220345"),
}
WALK15 = Question(mode="walk", minutes=15)
OPEN = {"precision_m": "0", "status": "open", "source": "invented", "confidence": "high"}


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    """Build a mini-city from a pack with some venues edited and other people or rules."""

    def build(venues=None, people=None, detour="1.25", walk15="15", cells=None):
        root = tmp_path_factory.mktemp("mini")
        shutil.copytree(MINI / "pack", root / "pack")
        edit_venues(root / "pack" / "venues.csv", venues or {})
        rules = (MINI / "assumptions.yaml").read_text(encoding="utf-8")
        rules = rules.replace("detour: {value: 1.25,", f"detour: {{value: {detour},")
        (root / "rules.yaml").write_text(rules, encoding="utf-8")
        text = (MINI / "standards.yaml").read_text(encoding="utf-8")
        text = text.replace("mode: walk, minutes: 15", f"mode: walk, minutes: {walk15}")
        (root / "standards.yaml").write_text(text, encoding="utf-8")
        demand = people_by_hand()
        rows = np.array(demand.people)
        for cell, count in (people or {}).items():
            rows[np.flatnonzero(demand.row_cell == CELLS.index(cell))[0]] = count
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                pipeline, "build_demand", lambda *_: dataclasses.replace(demand, people=rows)
            )
            return pipeline.compute(
                pipeline.Inputs(root / "pack", root / "standards.yaml", root / "rules.yaml")
            )

    return build


def edit_venues(path, edits):
    """Change fields by venue id; None takes a venue out, a new id adds one like V2."""
    with path.open(encoding="utf-8") as file:
        rows = {r["venue_id"]: r for r in csv.DictReader(file)}
    for name, fields in edits.items():
        if fields is None:
            del rows[name]
        else:
            rows[name] = {**rows.get(name, rows["V2"]), "venue_id": name, **fields}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows["V1"].keys())
        writer.writeheader()
        writer.writerows(rows.values())


def at(cell, name="V9", kind="base", adcode="B"):
    lon, lat = PLACE[cell]
    fields = {"name_zh": f"新馆{name}", "name_en": f"New {name}", "kind": kind, "adcode": adcode}
    return {name: {**OPEN, **fields, "lon": lon, "lat": lat}}


@pytest.fixture(scope="module")
def base(make):
    return make()


@pytest.fixture(scope="module")
def added(make):
    return make(at("C07"))


@pytest.fixture(scope="module")
def closed(make):
    return make({"V2": {"status": "closed"}})


@pytest.fixture(scope="module")
def moved(make):
    return make({"V1": dict(zip(("lon", "lat"), PLACE["C01"], strict=True))})


def of(answer, adcode):
    return next(i for i in answer["items"] if i["adcode"] == adcode)


def parts(item):
    """The parts that are not nothing."""
    return {p["cause"]: p["people"] for p in item["why"] if p["people"]}


def by_venue(item):
    return {(v["venue_id"], v["step"]): (v["people"], v["shared"]) for v in item["venues"]}


def told(answer, venue_id):
    row = next(v for v in answer["venues"] if v["venue_id"] == venue_id)
    return [c["change"] for c in row["changes"]]


# Worked out by hand from tests/golden/minicity/README.md; 15 min on foot are 1200 m


def test_a_venue_added_covers_the_people_of_its_cell_and_nobody_else_anew(base, added):
    """On C07 itself: C07's 800 were one second out of reach; C06 (1000 m) is V2's already."""
    answer = changes(base, added, WALK15)
    item = of(answer, "B")
    assert (item["covered_before"], item["covered_after"], item["covered_change"]) == (
        900, 1700, 800,
    )  # fmt: skip
    assert (item["share_before"], item["share_after"]) == (900 / 4000, 1700 / 4000)
    assert item["points"] == pytest.approx(20)
    assert parts(item) == {"venues": 800}
    assert by_venue(item) == {("V9", "gained"): (800, 0)}
    assert told(answer, "V9") == ["added"]
    assert item["text_zh"] == (
        "场馆新增1个；覆盖率由22.5%升至42.5%（+20.0个百分点），覆盖人口+800人：场馆+800。"
    )
    assert item["text_en"] == (
        "Venues: 1 added; coverage rose from 22.5% to 42.5% (+20.0 points), "
        "people covered +800: venues +800."
    )
    assert of(answer, "A")["text_zh"] == "没有变化。"
    assert answer["gaps"]["counts"] == {
        "new": 0, "closed": 1, "grown": 0, "shrunk": 0, "same": 4, "cause_changed": 0,
    }  # fmt: skip
    (gap,) = answer["gaps"]["items"]
    assert (gap["change"], gap["people_before"], gap["people_after"]) == ("closed", 800, 0)


def test_a_venue_closed_is_missed_by_those_it_alone_covered(base, closed):
    """C05 1600 + C06 3000; the gap of C04, 600, grows by them."""
    answer = changes(base, closed, WALK15)
    item = of(answer, "A")
    assert parts(item) == {"venues": -4600}
    assert by_venue(item) == {("V2", "lost"): (4600, 0)}
    assert told(answer, "V2") == ["closed"]
    grown = [g for g in answer["gaps"]["items"] if g["change"] == "grown"]
    assert [(g["people_before"], g["people_after"]) for g in grown] == [(600, 5200)]


def test_a_venue_moved_is_lost_where_it_was_and_gained_where_it_is(base, moved):
    """From C02-C03 to C01: it had C02 500 and C03 2300, it has C01 1000 and C02 500."""
    answer = changes(base, moved, WALK15)
    item = of(answer, "A")
    assert parts(item) == {"venues": -1300}
    assert by_venue(item) == {("V1", "lost"): (2800, 0), ("V1", "gained"): (1500, 0)}
    (change,) = next(v for v in answer["venues"] if v["venue_id"] == "V1")["changes"]
    assert change["change"] == "moved"
    assert change["metres"] == pytest.approx((1960**2 + 720**2) ** 0.5, abs=0.2)
    row = answer["venues"][0]
    assert (row["lost_people"], row["gained_people"]) == (2800, 1500)


def test_people_who_come_to_a_covered_cell_are_people(make, base):
    answer = changes(base, make(people={"C09": 1000}), WALK15)
    item = of(answer, "B")
    assert (item["people_change"], item["covered_change"]) == (100, 100)
    assert parts(item) == {"people": 100}
    assert item["points"] == pytest.approx(100 * (1000 / 4100 - 900 / 4000))
    assert answer["venues"] == []


def test_whoever_comes_with_a_venue_is_counted_with_the_venue(make, base):
    """People first, with the old venues: C07 was not covered, so all 1000 are the venue's."""
    answer = changes(base, make(at("C07"), people={"C07": 1000}), WALK15)
    assert parts(of(answer, "B")) == {"venues": 1000}
    answer = changes(base, make(at("C07"), people={"C09": 1000}), WALK15)
    assert parts(of(answer, "B")) == {"people": 100, "venues": 800}


def test_slower_and_faster_ways_are_travel(make, base):
    """A detour of 1.2 makes 1250 m of 15 min: C07 (1201 m) and C10 (1248 m) come in."""
    answer = changes(base, make(detour="1.2"), WALK15)
    assert parts(of(answer, "A")) == {}
    assert parts(of(answer, "B")) == {"travel": 2000}
    assert {i["input"]: (i["before"], i["after"]) for i in answer["inputs"]["items"]} == {
        "assumptions.walk.detour.value": (1.25, 1.2)
    }


def test_a_standard_defined_otherwise_is_rule(make, base):
    """20 min are 1200 s: C04 (949), C07 (901) and C10 (936) come in."""
    after = make(walk15="20")
    question = parse_question(after.standards, (), standard="walk15")
    answer = changes(base, after, question)
    assert parts(of(answer, "A")) == {"rule": 600}
    assert parts(of(answer, "B")) == {"rule": 2000}
    assert of(answer, "B")["covered_before"] == 900
    assert answer["flags"] == ["standard_redefined"]
    assert {i["input"]: (i["before"], i["after"]) for i in answer["inputs"]["items"]} == {
        "standards.walk15.minutes": (15, 20)
    }
    kinds = parse_question(after.standards, (), standard="walk15", kinds="center_n")
    answer = changes(base, after, kinds)
    assert [of(answer, "A")[f"covered_{s}"] for s in ("before", "after")] == [0, 0]


def test_a_standard_that_is_new_is_asked_of_both_and_said_so(base):
    bare = dataclasses.replace(base, standards=())
    question = parse_question(base.standards, (), standard="walk15")
    answer = changes(bare, base, question)
    assert of(answer, "A")["covered_before"] == 7400
    assert answer["flags"] == ["standard_not_before"]


def test_several_causes_at_once_are_told_apart(make, base):
    """V2 closes, C09 grows, ways get shorter, and V9 opens on C07."""
    after = make(
        {"V2": {"status": "closed"}, **at("C07")}, people={"C09": 1000}, detour="1.2"
    )  # fmt: skip
    answer = changes(base, after, WALK15)
    # Without V2 only V5's 1200 of C10 come in by shorter ways; C07 waits for V9, as does C06.
    assert parts(of(answer, "B")) == {"people": 100, "travel": 1200, "venues": 800}
    assert parts(of(answer, "A")) == {"venues": -4600 + 3000}
    assert by_venue(of(answer, "A")) == {("V2", "lost"): (4600, 0), ("V9", "gained"): (3000, 0)}


FOUR = {k: v for i in range(4) for k, v in at("C07", f"W{i}", "science_museum").items()}


def test_what_the_stored_times_cannot_tell_is_unexplained_and_never_guessed(make, base):
    """Four new halls hide whether shorter ways alone would have brought C07 to V2."""
    item = of(changes(base, make(FOUR, detour="1.2"), WALK15), "B")
    assert parts(item) == {"unexplained": 800, "travel": 1200}
    assert "unexplained" in item["flags"]


def test_where_no_time_changed_the_same_is_the_venues(make, base):
    item = of(changes(base, make(FOUR), WALK15), "B")
    assert parts(item) == {"venues": 800}
    assert "unexplained" not in item["flags"]
    # W0 is named first, and each of them would do alone.
    assert by_venue(item) == {("W0", "gained"): (800, 800)}


def test_other_cells_cannot_be_compared(make, base):
    coarse = dataclasses.replace(base.demand, cell=base.demand.cell - (np.uint64(1) << 52))
    item = of(changes(dataclasses.replace(base, demand=coarse), make(at("C07")), WALK15), "B")
    assert parts(item) == {"unexplained": 800}


@pytest.mark.parametrize(
    ("cell", "people", "cause"),
    [
        ("C09", 900, "people"),  # V5 has it and always had
        ("C07", 800, "venues"),  # nobody but V9 has it
    ],
)
def test_a_cell_nobody_lived_in_counts_as_if_kept_venues_were_as_near_then(
    base, added, cell, people, cause
):
    demand = base.demand
    gone = CELLS.index(cell)
    rows = demand.row_cell != gone
    keep = np.arange(12) != gone
    per_cell = ("cell", "lon", "lat", "x", "y", "area_km2", "cell_district", "cell_township",
                "sample_xy")  # fmt: skip
    fewer = dataclasses.replace(
        demand,
        **{name: getattr(demand, name)[keep] for name in per_cell},
        row_cell=(demand.row_cell - (demand.row_cell > gone))[rows],
        row_township=demand.row_township[rows],
        people=demand.people[rows],
        groups={g: v[rows] for g, v in demand.groups.items()},
        neighbours=np.zeros((0, 2), dtype=np.int32),
    )
    times = {
        mode: dataclasses.replace(
            t,
            near_s=t.near_s[:, :, :, keep],
            near_venue=t.near_venue[:, :, keep],
            indptr=np.zeros_like(t.indptr),
            cell=t.cell[:0],
            seconds=t.seconds[:0],
            own_s=None if t.own_s is None else t.own_s[:, :, keep],
        )
        for mode, t in base.times.items()
    }
    before = dataclasses.replace(base, demand=fewer, times=times)
    others = {} if cell == "C07" else {"venues": 800}
    item, back = (of(changes(*two, WALK15), "B") for two in ((before, added), (added, before)))
    assert item["people_change"] == people
    assert parts(item) == {**others, cause: people}
    assert parts(back) == {c: -n for c, n in parts(item).items()}


# What is not known


def test_a_group_nobody_knows_of_has_no_change_either(base, added):
    answer = changes(base, added, dataclasses.replace(WALK15, group="workers"))
    for item in [*answer["items"], answer["total"]]:
        assert item["covered_change"] is item["points"] is None
        assert item["why"] == item["venues"] == []
        assert {"no_data:group_unknown", "no_data:before", "no_data:after"} <= set(item["flags"])
        assert "无法比较" in item["text_zh"]
    assert answer["gaps"] == {"counts": None, "items": []}
    assert answer["venues"][0]["gained_people"] is None


def test_branches_without_a_place_have_no_change_either(base, added):
    question = parse_question(base.standards, (), standard="branch45")
    item = of(changes(base, added, question), "A")
    assert item["covered_change"] is None
    assert item["people_change"] == 0
    assert "no_data:venues_unlocated" in item["flags"]


def test_the_flags_of_the_figures_stay_with_their_differences(base, added):
    flags = set(of(changes(base, added, WALK15), "B")["flags"])
    assert {"demand_modelled", "travel_estimated", "residents_estimated"} <= flags


def test_snapshots_of_two_areas_are_not_compared(base):
    manifest = dataclasses.replace(base.manifest, area="elsewhere")
    with pytest.raises(BadQueryError, match="elsewhere"):
        changes(dataclasses.replace(base, manifest=manifest), base, WALK15)


def test_capacity_is_refused(base, added):
    with pytest.raises(BadQueryError, match="capacitated"):
        changes(base, added, dataclasses.replace(WALK15, capacitated=True))


def test_a_past_snapshot_is_let_go_of(base, added):
    past = dataclasses.replace(base)
    answer = changes(past, added, WALK15)
    seen = weakref.ref(past)
    del past
    gc.collect()
    assert answer["items"]
    assert seen() is None


def test_what_a_snapshot_is_remembered_by_is_worked_out_once_and_forgotten_with_it(base):
    asked = []

    @remembered(most=3)
    def answer(snapshot, *words, **more):
        asked.append((words, more))
        return len(asked)

    past = dataclasses.replace(base)
    assert [answer(past, "a"), answer(past, "a"), answer(past, "b"), answer(past, x=1)] == [
        1, 1, 2, 3,
    ]  # fmt: skip
    assert answer(base, "a") == 4
    # The one not asked for longest goes first.
    assert [answer(past, "a"), answer(past, "c"), answer(past, "a")] == [1, 5, 1]
    assert answer(past, "b") == 6
    seen = weakref.ref(past)
    del past
    gc.collect()
    assert seen() is None


# Venues, field by field

FIELDS = [
    ("V5", {"status": "open"}, "status", "status"),
    ("V3", {"status": "open"}, "opened", "closed"),
    ("V2", {"status": "lapsed"}, "closed", "opened"),
    ("V2", {"name_zh": "甲区新馆"}, "renamed", "renamed"),
    ("V2", {"kind": "base"}, "kind", "kind"),
    ("V2", {"tier": "node"}, "tier", "tier"),
    ("V2", {"level": "district"}, "level", "level"),
    ("V2", {"address_zh": "甲区"}, "address", "address"),
    ("V5", {"precision_m": "100"}, "precision_improved", "precision_worsened"),
    ("V2", {"exhibition_m2": "1500"}, "capacity_learned", "capacity_lost"),
    ("V2", {"visits_per_year": "20000"}, "capacity_learned", "capacity_lost"),
    (
        "V4",
        {"lon": PLACE["C07"][0], "lat": PLACE["C07"][1], "precision_m": "0", "method": "invented",
         "flags": ""},
        "located",
        "unlocated",
    ),
    ("V5", None, "removed", "added"),
]  # fmt: skip


@pytest.mark.parametrize(("venue", "fields", "change", "back"), FIELDS)
def test_a_venue_is_told_by_what_differs_forth_and_back(make, base, venue, fields, change, back):
    after = make({venue: fields})
    for one, other, wanted in ((base, after, change), (after, base, back)):
        answer = changes(one, other, WALK15)
        assert [v["venue_id"] for v in answer["venues"]] == [venue]
        assert told(answer, venue) == [wanted]
    if fields is not None and len(fields) == 1:
        ((field, value),) = fields.items()
        (row,) = changes(base, after, WALK15)["venues"][0]["changes"]
        number = field in ("precision_m", "exhibition_m2", "visits_per_year")
        assert (row["field"], row["after"]) == (field, float(value) if number else value)


def test_capacity_that_differs_is_told_as_changed(make):
    one, other = (make({"V2": {"exhibition_m2": m2}}) for m2 in ("1500", "1600"))
    assert told(changes(one, other, WALK15), "V2") == ["capacity_changed"]


def test_a_venue_of_another_kind_is_of_no_interest(base, added):
    assert changes(base, added, dataclasses.replace(WALK15, kinds=("center_n",)))["venues"] == []


def test_districts_asked_for_are_the_ones_answered_the_total_stays(base, added):
    whole, part = changes(base, added, WALK15), changes(base, added, WALK15, ("A",))
    assert [i["adcode"] for i in part["items"]] == ["A"]
    assert part["venues"] == part["gaps"]["items"] == []
    assert part["total"] == whole["total"]
    assert changes(base, added, WALK15, ("B",))["venues"] == whole["venues"]


# Gaps


def test_a_gap_that_stays_but_for_its_cause_is_told(make, base):
    """With V4's address naming B2, C07's gap is no data gap any more."""
    after = make({"V4": {"address_zh": "乙区乙二镇4号"}})
    rows = changes(base, after, WALK15)["gaps"]["items"]
    row = next(r for r in rows if r["people_after"] == 800)
    assert (row["change"], row["cause_changed"]) == ("same", True)
    assert (row["cause_before"], row["cause_after"]) == ("venue_unlocated_here", "too_far_to_walk")


def test_gaps_are_matched_by_their_cells_not_by_their_names(make, base):
    """C10-C12 loses C10: the gap's name, its first cell, is another, the gap is not."""
    after = make({"V3": {"status": "open", "precision_m": "0", "lon": "117.163956048"}})
    rows = changes(base, after, WALK15)["gaps"]["items"]
    row = next(r for r in rows if r["people_before"] == 1700)
    assert (row["change"], row["people_after"]) == ("shrunk", 1300)
    # C11 is covered: what is left hangs together no more, and is still one entry.
    assert len(row["gap_ids"]) == 2
    assert len(row["gap_ids_before"]) == 1


# Inputs


def test_all_inputs_that_differ_are_counted_and_the_first_are_told(make, base, monkeypatch):
    after = make(at("C07"), detour="1.2", walk15="20")
    monkeypatch.setattr(changes_lists, "INPUTS_TOLD", 2)
    found = changes(base, after, WALK15)["inputs"]
    assert found["count"] == 3
    assert [i["input"] for i in found["items"]] == ["area_digest", "assumptions.walk.detour.value"]


def test_an_input_only_one_of_them_has_is_told_from_one_that_is_null(base):
    manifest = dataclasses.replace(
        base.manifest, parameters={**base.manifest.parameters, "x": None}
    )
    more = dataclasses.replace(base, manifest=manifest)
    for one, other, wanted in ((base, more, ("-", None)), (more, base, (None, "-"))):
        (row,) = changes(one, other, WALK15)["inputs"]["items"]
        assert (row["before"], row["after"]) == wanted


# Truths

QUESTIONS = [
    WALK15,
    Question(mode="walk", minutes=16),
    Question(),
    Question(mode="drive", minutes=10),
    Question(minutes=60, k=2),
    Question(minutes=60, own_district=True),
    Question(minutes=30, surface_transit=True),
    Question(mode="walk", minutes=15, group="seniors"),
]


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_the_figures_are_those_of_coverage_and_the_parts_add_up(
    base, added, closed, moved, question
):
    for before in (base, added, closed, moved):
        for after in (base, added, closed, moved):
            answer = changes(before, after, question)
            rows = [answers.coverage(s, question) for s in (before, after)]
            for item, one, other in zip(answer["items"], *rows, strict=True):
                assert (item["covered_before"], item["covered_after"]) == (
                    one["covered"], other["covered"],
                )  # fmt: skip
                check_sums(item)
            check_sums(answer["total"])
            for cause in CAUSES:
                assert sum(parts(i).get(cause, 0) for i in answer["items"]) == parts(
                    answer["total"]
                ).get(cause, 0)


def check_sums(item):
    assert sum(p["people"] for p in item["why"]) == item["covered_change"]
    assert sum(p["points"] for p in item["why"]) == pytest.approx(item["points"], abs=1e-9)
    if item["adcode"] is not None:
        steps = {s: sum(v["people"] for v in item["venues"] if v["step"] == s)
                 for s in ("gained", "lost")}  # fmt: skip
        assert steps["gained"] - steps["lost"] == parts(item).get("venues", 0)


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_between_a_snapshot_and_itself_there_is_nothing(added, question):
    answer = changes(added, added, question)
    assert answer["venues"] == answer["inputs"]["items"] == answer["gaps"]["items"] == []
    for item in [*answer["items"], answer["total"]]:
        assert parts(item) == {}
        assert item["venues"] == []
        assert item["text_zh"] == "没有变化。"
    counts = answer["gaps"]["counts"]
    assert {n for c, n in counts.items() if c != "same"} == {0}


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_back_is_the_mirror_of_forth(make, base, added, closed, moved, question):
    for one, other in ((base, added), (added, closed), (closed, moved), (base, make(detour="1.2"))):
        forth, back = changes(one, other, question), changes(other, one, question)
        for a, b in zip([*forth["items"], forth["total"]], [*back["items"], back["total"]],
                        strict=True):  # fmt: skip
            assert {c: -n for c, n in parts(a).items()} == parts(b)
            assert a["covered_change"] == -b["covered_change"]
        swap = {"new": "closed", "grown": "shrunk", "closed": "new", "shrunk": "grown"}
        counts, mirrored = forth["gaps"]["counts"], back["gaps"]["counts"]
        assert {swap.get(c, c): n for c, n in counts.items()} == mirrored


# Against brute force: every time known, nothing but the definition


def world(rng, n, demand, times, venues):
    """A Side from full times (venues, n), and the people and the kept venues' dense times."""
    near_s = np.full((3, len(KINDS), NEAREST, n, 1), UNREACHED, dtype=np.int32)
    near_venue = np.full((len(KINDS), NEAREST, n, 1), -1, dtype=np.int16)
    for k, kind in enumerate(KINDS):
        mine = np.array([i for i, v in enumerate(venues) if v.kind == kind], dtype=int)
        if len(mine):
            order = np.argsort(times[mine], axis=0, kind="stable")[:NEAREST]
            near_s[:, k, : len(order), :, 0] = np.take_along_axis(times[mine], order, axis=0)
            near_venue[k, : len(order), :, 0] = mine[order]
    within = times <= 3600
    table = TravelTimes(
        mode="walk", engine="invented", surface_transit=False, estimated=True, period=None,
        cutoff_s=3600, venue_ids=tuple(v.venue_id for v in venues),
        indptr=np.append(0, np.cumsum(within.sum(axis=1))), cell=np.nonzero(within)[1].astype("i4"),
        seconds=times[within].astype(np.uint16), near_s=near_s, near_venue=near_venue, samples=1,
    )  # fmt: skip
    return Side(demand, table, Question(mode="walk", minutes=10), ("A", "B"), tuple(venues))


def invented(rng, names):
    return [
        LocatedVenue(
            venue_id=f"v{i:02}", name_zh="", name_en="", kind=KINDS[i % 2], tier="-", level="",
            adcode="A", address_zh=None, status="open", source="", confidence="",
            lon=float(rng.integers(2)) if i % 5 == 0 else 0.0, lat=0.0, precision_m=0.0, method="",
        )
        for i in names
    ]  # fmt: skip


def crowd(rng, n):
    base = people_by_hand()
    ids = np.sort(rng.choice(20, n, replace=False)).astype(np.uint64) + (np.uint64(9) << 52)
    people = rng.integers(0, 50, n).astype(np.int64)
    return dataclasses.replace(
        base, cell=ids, cell_district=(ids % 2).astype(np.int32), row_cell=np.arange(n),
        row_township=(ids % 2).astype(np.int32), people=people, groups={},
    )  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from([1, 2, 3]), st.booleans())
@example(0, 1, False)
@example(18536, 2, True)  # exactly as many venues of a kind as are kept: nothing is hidden
def test_parts_are_those_of_a_recomputation_that_knows_every_time(seed, k, same_times):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(3, 15, 2)
    full = rng.integers(0, 2000, (14, 20))
    later = full if same_times else np.maximum(full + rng.integers(-300, 300, full.shape), 0)
    names = [np.flatnonzero(rng.random(14) < share) for share in rng.uniform(0.2, 0.9, 2)]
    venues = [invented(rng, some) for some in names]
    demands = [crowd(rng, int(n)) for n in sizes]
    # A venue somewhere else has other times: those of its other place.
    elsewhere = rng.integers(0, 2000, full.shape)
    sides = []
    dense = []
    for demand, some, table in zip(demands, venues, (full, later), strict=True):
        number = [int(v.venue_id[1:]) for v in some]
        at_cells = (demand.cell & np.uint64(31)).astype(int)
        rows = [(elsewhere[i] if v.lon else table[i]) for i, v in zip(number, some, strict=True)]
        times = np.array(rows, dtype=np.int32).reshape(-1, 20)[:, at_cells]
        side = world(rng, len(demand.cell), demand, times, some)
        sides.append(dataclasses.replace(side, question=Question(mode="walk", minutes=10, k=k)))
        dense.append(times)
    before, after = sides
    was = before.times, Question(mode="walk", minutes=12, k=1)
    found = explain(before, after, ("A", "B"), was)
    expected, certain = by_hand(sides, dense, k, was[1])
    for i in range(2):
        assert sum(found[i].people.values()) == sum(expected[i].values())
        assert found[i].people["rule"] == expected[i]["rule"]
        if same_times:
            assert found[i].people["travel"] == found[i].people["unexplained"] == 0
        if found[i].people["unexplained"] == 0 and certain:
            assert {c: n for c, n in found[i].people.items() if n} == {
                c: n for c, n in expected[i].items() if n
            }


def by_hand(sides, dense, k, old):
    """The parts, cell by cell, from all times; and whether no list was cut short."""
    new = sides[1].question
    key = [{(v.venue_id, v.lon) for v in s.venues} for s in sides]
    both = key[0] & key[1]
    kept = [[(v.venue_id, v.lon) in both for v in s.venues] for s in sides]

    def reached(which, cell, question, only_kept):
        column = [
            t for t, stays in zip(dense[which][:, cell], kept[which], strict=True)
            if stays or not only_kept
        ]  # fmt: skip
        return int(sum(t <= 60 * question.minutes for t in column) >= question.k)

    out = [dict.fromkeys(CAUSES, 0) for _ in range(2)]
    places = [{int(c): i for i, c in enumerate(s.demand.cell)} for s in sides]
    for cell in places[0].keys() | places[1].keys():
        b, a = (p.get(cell) for p in places)
        mine = out[cell % 2]
        here = [
            0 if i is None else int(s.demand.people[i]) for i, s in zip((b, a), sides, strict=True)
        ]
        left = reached(0, b, new, True) if b is not None else None
        stays = reached(1, a, new, True) if a is not None else None
        if b is not None:
            first = reached(0, b, new, False)
            mine["rule"] += here[0] * (first - reached(0, b, old, False))
            mine["venues"] += here[0] * (left - first)
        carried = stays if left is None else left
        mine["people"] += (here[1] if a is not None else 0) * carried
        mine["people"] -= (here[0] * left) if b is not None else 0
        if a is not None:
            mine["travel"] += here[1] * (stays - carried)
            mine["venues"] += here[1] * (reached(1, a, new, False) - stays)
    certain = all(sum(v.kind == kind for v in s.venues) <= NEAREST for s in sides for kind in KINDS)
    return out, certain


# The store's history


def named(snapshot, letter):
    manifest = dataclasses.replace(snapshot.manifest, snapshot=letter * 16)
    return dataclasses.replace(snapshot, manifest=manifest)


def test_the_store_lists_what_it_keeps_newest_first_and_opens_it(tmp_path, base):
    store = SnapshotFolder(tmp_path)
    assert store.history() == []
    for letter in "abcdef":
        store.publish(named(base, letter), lambda f, s=named(base, letter): write(s, f))
    notes = store.history()
    assert [n.id[0] for n in notes] == ["f", "e", "d", "c"][:KEEP]
    assert notes[0].counts["people"] == 13_000
    assert notes[0].as_of == base.manifest.as_of
    assert (notes[0].version, notes[0].area) == (base.manifest.version, "minicity")
    assert notes[0].built >= notes[1].built
    assert store.open("e" * 16).manifest.snapshot == "e" * 16


@pytest.mark.parametrize("damage", ["{", "[]", '{"format": 3}', '{"format": 99}', "null"])
def test_what_cannot_be_read_is_left_out_and_logged(tmp_path, base, damage, caplog):
    store = SnapshotFolder(tmp_path)
    for letter in "ab":
        store.publish(named(base, letter), lambda f, s=named(base, letter): write(s, f))
    (store.folder("a" * 16) / "manifest.json").write_text(damage, encoding="utf-8")
    (tmp_path / "snapshots" / "notes").mkdir()
    assert [n.id[0] for n in store.history()] == ["b"]
    assert "a" * 16 in caplog.text
    assert "notes" in caplog.text


def test_a_folder_by_another_name_or_of_another_format_is_foreign(tmp_path, base):
    store = SnapshotFolder(tmp_path)
    store.publish(named(base, "a"), lambda f: write(named(base, "a"), f))
    store.folder("a" * 16).rename(store.folder("b" * 16))
    assert store.history() == []
    store.folder("b" * 16).rename(store.folder("a" * 16))
    manifest = store.folder("a" * 16) / "manifest.json"
    text = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps({**text, "format": 99}), encoding="utf-8")
    assert store.history() == []


@pytest.mark.parametrize("name", ["", "..", "../..", "c" * 16, "A" * 16, "a" * 17, "快照"])
def test_only_what_is_kept_is_opened(tmp_path, base, name):
    store = SnapshotFolder(tmp_path)
    store.publish(named(base, "a"), lambda f: write(named(base, "a"), f))
    with pytest.raises(SnapshotError):
        store.open(name)
