"""A city small enough to be worked out by hand (minicity/README.md) comes out as worked out."""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from venuenet import area, pipeline
from venuenet.errors import VenuenetError
from venuenet.model import (
    KINDS,
    SCIENCE_KINDS,
    UNREACHED,
    VARIANTS,
    DemandPoints,
    LocatedVenue,
    Question,
)
from venuenet.publish import answers
from venuenet.publish.files import snapshot_graph, write_graph
from venuenet.questions import parse_question
from venuenet.standards import load_assumptions
from venuenet.store import SnapshotFolder
from venuenet.travel.estimate import DriveEstimate, TransitEstimate, WalkEstimate

HERE = Path(__file__).parent / "minicity"
ORIGIN = np.array([500_000.0, 4_430_000.0])
SHIFTS = {"-": "point", "far": "late", "near": "early"}


def table(name):
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line and not line.startswith("#")]
    return list(csv.DictReader(kept, delimiter="\t"))


ROWS = table("demand.tsv")
CELLS = {r["cell"]: r for r in ROWS}
NAMES = {f"{int(r['h3'], 16):x}": cell for cell, r in CELLS.items()}
TOWNS, DISTRICTS = ["A1", "A2", "B1", "B2"], ["A", "B"]


def people_by_hand():
    """demand.tsv as DemandPoints: no density model in between, each cell one point."""
    cells = list(CELLS)
    at = {c: i for i, c in enumerate(cells)}
    first = list(CELLS.values())

    def column(name, dtype=float):
        return np.array([dtype(r[name]) for r in first])

    def persons(name):
        return np.array([int(r[name]) for r in ROWS], dtype=np.int64)

    pairs = [(at[r["a"]], at[r["b"]]) for r in table("neighbours.tsv")]
    return DemandPoints(
        cell=np.array([int(r["h3"], 16) for r in first], dtype=np.uint64),
        lon=column("lon"),
        lat=column("lat"),
        x=column("x") + ORIGIN[0],
        y=column("y") + ORIGIN[1],
        area_km2=column("km2"),
        cell_district=column("district", DISTRICTS.index).astype(np.int32),
        cell_township=column("home", TOWNS.index).astype(np.int32),
        sample_xy=(np.column_stack([column("x"), column("y")]) + ORIGIN)[:, None, :],
        neighbours=np.array(pairs, dtype=np.int32),
        row_cell=np.array([at[r["cell"]] for r in ROWS], dtype=np.int32),
        row_township=np.array([TOWNS.index(r["township"]) for r in ROWS], dtype=np.int32),
        people=persons("people"),
        groups={"seniors": persons("seniors")},
        township_flags=((), (), (), ("residents_estimated",)),
        group_standing={
            "seniors": {"A": "known", "B": "estimated"},
            "workers": {"A": "unknown", "B": "unknown"},
        },
    )


@pytest.fixture(scope="module")
def city():
    """The mini-city through the whole pipeline, but for its people: these are given."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "build_demand", lambda *_: people_by_hand())
        return pipeline.compute(
            pipeline.Inputs(HERE / "pack", HERE / "standards.yaml", HERE / "assumptions.yaml")
        )


@pytest.fixture(scope="module")
def confirmed(tmp_path_factory):
    """The same city, where V5 is known to be open: only its place is not known for sure."""
    pack = tmp_path_factory.mktemp("confirmed") / "pack"
    shutil.copytree(HERE / "pack", pack)
    swap(("venues.csv", "500,unknown", "500,open"))(pack)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "build_demand", lambda *_: people_by_hand())
        return pipeline.compute(
            pipeline.Inputs(pack, HERE / "standards.yaml", HERE / "assumptions.yaml")
        )


def ask(city, standard, group="all"):
    return parse_question(city.standards, ("seniors", "workers"), standard=standard, group=group)


def test_the_pack_is_sound():
    assert area.check(HERE / "pack") == []


def test_degrees_are_where_the_metres_say(city):
    for lon, lat, x, y in (
        [(float(r["lon"]), float(r["lat"]), float(r["x"]), float(r["y"])) for r in ROWS]
        + [(v.lon, v.lat, *VENUES[v.venue_id]) for v in city.area.venues if v.venue_id in VENUES]
        + [(s.lon, s.lat, STATIONS[s.station_id], 0) for s in city.area.stations.itertuples()]
    ):
        assert np.allclose(np.ravel(city.area.metric([lon], [lat])) - ORIGIN, [x, y], atol=1e-3)


VENUES = {"V1": (1960, 720), "V2": (4799, 0), "V3": (14000, 0), "V5": (10752, 0)}
STATIONS = {"S1": -400, "S2": 5199, "S3": 16400}


def test_a_closed_venue_and_one_without_a_place_are_listed_and_never_travelled_to(city):
    assert [v.venue_id for v in city.area.venues] == ["V1", "V2", "V3", "V4", "V5"]
    for times in (*city.times.values(), city.surface):
        assert times.venue_ids == ("V1", "V2", "V5")


def test_minutes_from_every_cell_to_every_venue_are_those_worked_out(confirmed):
    city = confirmed
    tables = {**city.times, "bus": city.surface}
    # one venue of each kind, so a kind's nearest is that venue; no cut-off there
    kind = {v.venue_id: KINDS.index(v.kind) for v in city.area.venues}
    for row in table("minutes.tsv"):
        variant, cell = VARIANTS.index(SHIFTS[row["shift"]]), list(CELLS).index(row["cell"])
        got = {
            name: int(times.near_s[variant, kind[row["venue"]], 0].reshape(12, -1)[cell, 0])
            for name, times in tables.items()
        }
        assert got == {name: int(row[name]) for name in tables}, row


def test_with_an_open_venue_moved_away_its_place_alone_makes_the_low(confirmed):
    """V5 far: C09 939 s on foot; C09 939 and C10 1311 s by transit; C11 922 s by car."""
    low = {"walk15": 0, "transit30": 3000, "drive15": 3500, "choice60": 1900}
    for standard, persons in low.items():
        item = answers.coverage(confirmed, ask(confirmed, standard))[1]
        assert round(item["low"] * 4000) == persons
        assert "opening_unknown" not in item["flags"]
        assert ("position_uncertain" in item["flags"]) == (standard != "choice60")


def test_a_venue_nobody_confirmed_is_shut_in_the_late_variant(city):
    for times in (*city.times.values(), city.surface):
        assert (times.near_s[VARIANTS.index("late"), KINDS.index("center_n")] == UNREACHED).all()


def test_a_venue_whose_place_is_exact_has_no_far_and_near(city):
    for times in (*city.times.values(), city.surface):
        for kind in ("center_city", "science_museum"):
            point, late, early = times.near_s[:, KINDS.index(kind)]
            assert (point == late).all()
            assert (point == early).all()


def test_the_sparse_matrix_holds_the_same_minutes_up_to_an_hour(city):
    for name, times in {**city.times, "bus": city.surface}.items():
        expected = {
            (r["venue"], r["cell"]): int(r[name])
            for r in table("minutes.tsv")
            if r["shift"] == "-" and int(r[name]) <= 3600
        }
        got = {
            (venue, list(CELLS)[times.cell[at]]): int(times.seconds[at])
            for v, venue in enumerate(times.venue_ids)
            for at in range(times.indptr[v], times.indptr[v + 1])
        }
        assert got == expected, name


@pytest.mark.parametrize("row", table("coverage.tsv"), ids=lambda r: " ".join(list(r.values())[:3]))
def test_coverage_is_as_worked_out(city, row):
    where = row["area"]
    level = "city" if where == "city" else "district" if where in DISTRICTS else "township"
    places = {"city": ["city"], "district": DISTRICTS, "township": TOWNS}[level]
    question = ask(city, row["question"], row["group"])
    item = answers.coverage(city, question, level)[places.index(where)]
    people = item["people"]

    def persons(share):
        return "null" if share is None else f"{share * people:.6f}".removesuffix(".000000")

    nearest = item["nearest"] or {"venue_id": "null", "minutes": None}
    extra = item.get("with_surface")
    got = {
        "people": people,
        "covered": item["covered"],
        "low": persons(item["low"]),
        "high": persons(item["high"]),
        "bus": extra["covered"] if extra else "-",
        "mean": item["mean_minutes"],
        "median": item["median_minutes"],
        "p90": item["p90_minutes"],
        "nearest": nearest["venue_id"],
        "minutes": nearest["minutes"],
        "flags": "|".join(sorted(item["flags"])),
    }
    assert {k: "null" if v is None else str(v) for k, v in got.items()} == {k: row[k] for k in got}
    if people is not None and item["covered"] is not None:
        assert item["covered"] + item["uncovered"] == people
        assert item["share"] == item["covered"] / people
        assert item["no_access"] == 0


@pytest.mark.parametrize("standard", ["walk15", "transit30", "drive15", "branch45", "choice60"])
def test_gaps_are_as_worked_out(city, standard):
    question = ask(city, standard)
    found = answers.gaps(city, question)
    rows = answers.gap_rows(city, question)
    got = []
    for gap, row in zip(found, rows, strict=True):
        cells = [list(CELLS)[c] for c in gap.cells]
        assert row["gap_id"] == f"{row['township_code']}-{int(CELLS[cells[0]]['h3'], 16):x}"
        assert row["adcode"] == row["township_code"][0]
        values = {
            "question": standard,
            "gap": f"{row['township_code']}: {' '.join(cells)}",
            "people": row["people"],
            "km2": row["area_km2"],
            "nearest": row["nearest_venue_id"],
            "minutes": row["nearest_minutes"],
            "cause": row["cause"],
            "type": row["gap_type"],
            "severity": row["severity"],
            "flags": "|".join(sorted(row["flags"])),
        }
        got.append({k: "null" if v is None else str(v) for k, v in values.items()})
    assert got == [r for r in table("gaps.tsv") if r["question"] == standard]


@pytest.mark.parametrize("minutes", [30, 45])
def test_the_train_makes_the_difference_for_one_cell_alone(city, minutes):
    by_rail = answers.coverage(city, Question(minutes=minutes), "city")[0]["covered"]
    on_foot = answers.coverage(city, Question(mode="walk", minutes=minutes), "city")[0]["covered"]
    assert by_rail - on_foot == 100  # the people of C12


def test_a_quarter_of_an_hour_on_foot_ends_at_the_second(city):
    """C02 is 900 s from V1, C07 901 s from V2: 15 min reach the one, 16 min both."""
    at_15, at_16 = (
        answers.coverage(city, Question(mode="walk", minutes=m), "township") for m in (15, 16)
    )
    at_14 = answers.coverage(city, Question(mode="walk", minutes=14), "township")
    assert at_15[0]["covered"] - at_14[0]["covered"] == 500
    assert (at_15[2]["covered"], at_16[2]["covered"]) == (0, 800)


def test_an_open_branch_with_a_place_would_be_an_answer(city):
    """No data is not zero, and zero is not no data: give V4 a place and the answer is a number."""
    placed = tuple(
        LocatedVenue(**vars(v), lon=117.0, lat=40.0, precision_m=0, method="invented")
        if v.venue_id == "V4"
        else v
        for v in city.area.venues
    )
    moved = replace(city, area=replace(city.area, venues=placed))
    rows = answers.coverage(moved, ask(city, "branch45"))
    assert [r["covered"] for r in rows] == [0, 0]


def test_half_of_the_asked_venues_with_a_place_are_enough_to_answer(city):
    """Of hub and branch one has a place: 0.5, as much as the rules ask for."""
    both = Question(mode="walk", minutes=15, kinds=("center_city", "center_district"))
    rows = answers.coverage(city, both)
    assert [r["covered"] for r in rows] == [500 + 2300, 0]


def line_of(city, node, attributes):
    """One node as graph.txt has it: degrees told as the mini-city's metres."""
    told = dict(attributes)
    if "lon" in told:
        x, y = np.ravel(city.area.metric([told.pop("lon")], [told.pop("lat")])) - ORIGIN
        told |= {"x": round(x), "y": round(y) + 0}
    return " ".join([named(node), *(f"{k}={v}" for k, v in told.items())])


def named(node):
    kind, _, code = node.partition(":")
    return f"{kind}:{NAMES.get(code, code)}"


def text_of(city, graph):
    nodes = [line_of(city, n, d) for n, d in graph.nodes(data=True)]
    edges = []
    for a, b, key, d in graph.edges(keys=True, data=True):
        assert key == (f"{d['relation']}:{d['mode']}" if "mode" in d else d["relation"])
        more = [f"{k}={d[k]}" for k in ("minutes", "people") if k in d]
        assert set(d) <= {"relation", "mode", "minutes", "people"}
        edges.append(" ".join([named(a), key, named(b), *more]))
    return sorted(nodes + edges)


def test_the_graph_is_as_worked_out(city):
    lines = (HERE / "graph.txt").read_text(encoding="utf-8").splitlines()
    expected = sorted(line for line in lines if line and not line.startswith("#"))
    graph = snapshot_graph(city, cells=True)
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (23, 67)
    assert text_of(city, graph) == expected


def test_with_townships_for_cells_a_tie_carries_all_its_people(city):
    graph = snapshot_graph(city, cells=False)
    ties = {
        (a, b, d["mode"]): (d["people"], d["minutes"])
        for a, b, d in graph.edges(data=True)
        if d["relation"] == "serves" and d["mode"] == "transit"
    }
    assert not [n for n in graph if n.startswith("cell:")]
    assert ties == {
        ("venue:V2", "township:A1", "transit"): (1000, 19.0),  # C01 by rail
        ("venue:V1", "township:A1", "transit"): (2500, 10.2),  # (500 x 900 + 2000 x 541) / 2500
        ("venue:V1", "township:A2", "transit"): (900, 13.6),  # (300 x 541 + 600 x 949) / 900
        ("venue:V2", "township:A2", "transit"): (4600, 5.1),
        ("venue:V2", "township:B1", "transit"): (800, 15.0),
        ("venue:V2", "township:B2", "transit"): (100, 25.0),
        ("venue:V5", "township:B2", "transit"): (3100, 20.7),
    }


@pytest.mark.parametrize("cells", [True, False])
def test_graphml_brings_back_the_same_graph(city, tmp_path, cells):
    graph = snapshot_graph(city, cells=cells)
    write_graph(graph, tmp_path / "g.graphml")
    back = nx.read_graphml(tmp_path / "g.graphml", force_multigraph=True)
    assert isinstance(back, nx.MultiDiGraph)
    assert text_of(city, back) == text_of(city, graph)


@pytest.mark.parametrize("cells", [True, False])
def test_node_link_json_brings_back_the_same_graph(city, tmp_path, cells):
    graph = snapshot_graph(city, cells=cells)
    write_graph(graph, tmp_path / "g.json")
    back = nx.node_link_graph(
        json.loads((tmp_path / "g.json").read_text(encoding="utf-8")), edges="edges"
    )
    assert nx.utils.graphs_equal(back, graph)


@pytest.mark.parametrize(
    ("engine", "name"),
    [(WalkEstimate, "walk"), (TransitEstimate, "transit"), (DriveEstimate, "drive")],
)
def test_without_any_venue_nobody_is_covered_and_nothing_breaks(city, engine, name):
    rules = load_assumptions(HERE / "assumptions.yaml")
    empty = engine(city.area, rules).times(city.demand, [], 3600)
    assert (empty.near_s == UNREACHED).all()
    assert len(empty.seconds) == 0
    bare = replace(city, times={**city.times, name: empty}, surfaces={"transit": empty})
    question = Question(mode=name, minutes=120, kinds=SCIENCE_KINDS)
    for item in answers.coverage(bare, question):
        assert (item["covered"], item["share"], item["high"]) == (0, 0, 0)
        assert item["median_minutes"] is item["mean_minutes"] is item["nearest"] is None
        assert item["no_access"] == item["people"]


def keep(file, wanted):
    """Keep the header and the rows of a table that are wanted."""

    def edit(pack):
        rows = list(csv.DictReader((pack / file).read_text(encoding="utf-8").splitlines()))
        with (pack / file).open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(row for row in rows if wanted(row))

    return edit


def swap(*edits):
    """Replace text in files: (file, old, new)."""

    def edit(pack):
        for file, old, new in edits:
            text = (pack / file).read_text(encoding="utf-8")
            assert old in text
            (pack / file).write_text(text.replace(old, new), encoding="utf-8")

    return edit


def without_rail(pack):
    for file in ("stations.csv", "links.csv", "transfers.csv"):
        (pack / file).unlink()


NOBODY_IN_B = swap(
    ("districts.csv", "28.75,4000", "28.75,0"),
    ("townships.csv", ",800,", ",0,"),
    ("area.yaml", "total_people: 13000", "total_people: 9000"),
)
OTHER_CITIES = {
    "as it is": swap(),
    "finer cells": swap(("area.yaml", "h3_resolution: 9", "h3_resolution: 10")),
    "no rail": without_rail,
    "no trains": keep("links.csv", lambda row: False),
    "only venues without a place": keep("venues.csv", lambda row: row["venue_id"] == "V4"),
    "no venues": keep("venues.csv", lambda row: False),
    "a venue of no district": swap(("venues.csv", "node,city,B", "node,city,")),
    "a district without townships": keep("townships.csv", lambda row: row["adcode"] == "A"),
    "a district without people": NOBODY_IN_B,
    "cells larger than the city": swap(("area.yaml", "h3_resolution: 9", "h3_resolution: 5")),
}


@pytest.mark.parametrize("edit", OTHER_CITIES.values(), ids=OTHER_CITIES.keys())
def test_a_pack_found_sound_is_built_or_refused_in_words(tmp_path, edit):
    pack = tmp_path / "pack"
    shutil.copytree(HERE / "pack", pack)
    edit(pack)
    if area.check(pack):
        return
    inputs = pipeline.Inputs(pack, HERE / "standards.yaml", HERE / "assumptions.yaml")
    try:
        path = pipeline.build(inputs, SnapshotFolder(tmp_path / "data"))
    except VenuenetError:
        return
    snapshot = SnapshotFolder(tmp_path / "data").current()
    assert path.name == snapshot.manifest.snapshot
    for question in (ask(snapshot, "walk15"), ask(snapshot, "transit30", "seniors")):
        rows = answers.coverage(snapshot, question)
        if question.group == "all":
            assert [r["people"] for r in rows] == snapshot.area.districts["people"].tolist()


def test_known_townships_that_do_not_fill_their_district_are_not_changed_in_silence(tmp_path):
    """B1 800 and B2 3100 are both counted, the district has 4000: 100 people too many."""
    pack = tmp_path / "pack"
    shutil.copytree(HERE / "pack", pack)
    swap(("townships.csv", "0,,,,,,,,,,residents_unknown", "0,,,3100,invented,,,,,,"))(pack)
    faults = area.check(pack)
    if faults:
        assert {f.file for f in faults} == {"districts.csv"}
        return
    inputs = pipeline.Inputs(pack, HERE / "standards.yaml", HERE / "assumptions.yaml")
    demand = pipeline.compute(inputs).demand
    people = np.bincount(demand.row_township, demand.people)
    assert people[2:].tolist() == [800, 3100] or all(demand.township_flags[2:])


def test_a_group_known_of_one_district_only_is_known_there(tmp_path):
    pack = tmp_path / "pack"
    shutil.copytree(HERE / "pack", pack)
    swap(("area.yaml", "city_share: 0.1692", "city_share: null"))(pack)
    snapshot = pipeline.compute(
        pipeline.Inputs(pack, HERE / "standards.yaml", HERE / "assumptions.yaml")
    )
    in_a, in_b = answers.coverage(snapshot, ask(snapshot, "walk15", "seniors"))
    assert in_a["people"] == 1800
    assert in_b["people"] is None
