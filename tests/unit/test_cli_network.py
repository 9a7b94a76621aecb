"""The commands of networks, from a file to the answers and back to the estimates."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from tests.golden.test_minicity import HERE, people_by_hand
from tests.unit.test_networks import PACK, WAYS, contents, write_feed, write_matrix, write_osm
from venuenet import area, pipeline, standards
from venuenet.cli import app
from venuenet.cli_network import networks_folder
from venuenet.demand import build as demand_build
from venuenet.demand.build import build_demand
from venuenet.networks import OSM
from venuenet.standards import load_assumptions
from venuenet.store import SnapshotFolder
from venuenet.travel import on_streets

MINI = ["--area", PACK]


@pytest.fixture(autouse=True, scope="module")
def _people():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demand_build, "build_demand", lambda *_: people_by_hand())
        patch.setattr(pipeline, "build_demand", lambda *_: people_by_hand())
        yield


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def run(data):
    """Run a command; it is expected to end well."""

    def go(*words, code=0):
        done = CliRunner().invoke(app, [*map(str, words), "--data", str(data)])
        assert done.exit_code == code, done.output
        # a terminal may break lines anywhere
        return " ".join(done.output.split())

    return go


@pytest.fixture
def build(run, data):
    """Build the mini-city; give the snapshot."""

    def go(*words, code=0):
        rules = ["--standards", HERE / "standards.yaml", "--assumptions", HERE / "assumptions.yaml"]
        said = run("build", *MINI, *rules, *words, code=code)
        return SnapshotFolder(data).current() if code == 0 else said

    return go


@pytest.fixture
def refused(run, data):
    """Run a command that is refused with code 2 and changes nothing; give what it says."""

    def go(*words):
        before = contents(data / "networks") if data.exists() else {}
        said = run("network", "build", *words, code=2)
        assert (contents(data / "networks") if data.exists() else {}) == before
        assert "Traceback" not in said
        return said

    return go


def by_hand(snapshot):
    """Seconds on foot C07-V2, by rail C01-V2 and by car C09-V5: the first cells' centres."""
    kinds = {"walk": (6, 1, "V2"), "transit": (0, 1, "V2"), "drive": (8, 5, "V5")}
    found = {}
    for mode, (cell, _, venue) in kinds.items():
        times = snapshot.times[mode]
        v = times.venue_ids.index(venue)
        at = slice(times.indptr[v], times.indptr[v + 1])
        found[mode] = times.seconds[at][times.cell[at] == cell].tolist()
    return found


ESTIMATED = {"walk": [901], "transit": [1140], "drive": [473]}
ON_STREETS = {"walk": [721], "transit": [1020], "drive": [495]}


def outdated(data, **more):
    inputs = pipeline.Inputs(
        PACK, HERE / "standards.yaml", HERE / "assumptions.yaml",
        networks=networks_folder(data), **more,
    )  # fmt: skip
    return pipeline.is_outdated(inputs, SnapshotFolder(data).current().manifest)


def test_streets_take_the_place_of_the_estimates_and_go_again(run, build, data, tmp_path):
    plain = build()
    assert by_hand(plain) == ESTIMATED
    assert "none: everything is estimated" in run("network", "show")
    osm = write_osm(tmp_path / "mini.osm.pbf")
    assert "mini.osm.pbf" in run("network", "build", "--osm", osm, *MINI)
    assert outdated(data)
    on = build()
    assert not outdated(data)
    assert by_hand(on) == ON_STREETS
    assert {s.attribution for s in on.manifest.sources} == {"nobody", OSM}
    assert "mini.osm.pbf" in run("network", "show")
    assert build("--estimates").manifest == plain.manifest
    assert "removed" in run("network", "remove", "streets")
    assert "there was none" in run("network", "remove", "streets")
    assert "none: everything is estimated" in run("network", "show")
    assert build().manifest == plain.manifest


def test_roads_prepared_give_the_same_snapshot(run, build, data, tmp_path):
    assert "--osm" in run("network", "prepare", *MINI, code=2)
    run("network", "build", "--osm", write_osm(tmp_path / "mini.osm.pbf"), *MINI)
    plain = build()
    assert "prepared" in run("network", "prepare", *MINI)
    assert (data / "networks" / "hierarchy.arrow").is_file()
    swept = []
    with pytest.MonkeyPatch.context() as patch:
        real = on_streets.rows_by_sweep
        patch.setattr(on_streets, "rows_by_sweep", lambda *a, **k: swept.append(1) or real(*a, **k))
        assert build().manifest == plain.manifest
    assert swept == [1]  # the drivers' matrix, and nobody else's


@pytest.mark.parametrize("model", ["frequency", "timetable"])
def test_a_feed_is_ridden_credited_and_shown(run, build, tmp_path, model):
    feed = write_feed(tmp_path / "rail.zip")
    when = ["--day", "2026-11-22", "--window", "10:00-11:00"]
    said = run("network", "build", "--gtfs", feed, "--model", model, *when, *MINI)
    assert f"rail.zip，2026-11-22 10:00-11:00，{model}" in said
    assert said.split(" 下次")[0] == run("network", "show")
    snapshot = build()
    assert abs(by_hand(snapshot)["transit"][0] - 1140) <= 10
    assert set(snapshot.times["transit"].spread) == (
        {"mean", "p15", "p85"} if model == "timetable" else set()
    )
    assert "小城地铁" in {s.attribution for s in snapshot.manifest.sources}
    told = snapshot.manifest.parameters["travel"]
    assert told["networks"]["transit"]["model"] == model
    assert told["traveller"] == "adult"


def test_a_kind_of_day_is_the_nearest_such_day(run, tmp_path):
    feed = write_feed(tmp_path / "rail.zip")
    said = run("network", "build", "--gtfs", feed, "--day", "sunday", *MINI)
    assert "2026-" in said


@pytest.mark.parametrize(
    ("options", "zh", "en"),
    [
        (["--day", "weekday"], "没有一个 weekday", "no weekday on which every feed runs"),
        (["--day", "2026-11-23"], "2026-11-23 没有车次", "nothing runs on 2026-11-23"),
        (["--day", "2031-11-23"], "2031-11-23 没有车次", "nothing runs on 2031-11-23"),
        (["--day", "22/11"], "看不懂 --day 22/11", "--day 22/11 or"),
        (["--window", "9-17"], "--window 9-17", "--window 9-17 cannot"),
        (["--window", "17:00-09:00"], "应先早后晚", "ends before it begins"),
        (["--window", "01:00-02:00"], "时段内没有车次", "nothing leaves within that window"),
        (["--window", "09:00-99:00"], "--window 09:00-99:00", "cannot be understood"),
        (["--model", "raptor"], "没有“raptor”这种算法", "no model 'raptor'"),
    ],
)
def test_a_wrong_day_window_or_model_is_one_clear_refusal(refused, tmp_path, options, zh, en):
    feed = write_feed(tmp_path / "rail.zip")
    said = refused("--gtfs", feed, *MINI, "--day", "2026-11-22", *options)
    assert zh in said
    assert en in said


def test_a_broken_feed_is_refused_with_all_its_faults_and_used_without_them_if_agreed(
    run, refused, build, tmp_path
):
    run("network", "build", "--gtfs", write_feed(tmp_path / "good.zip"), *MINI)
    feed = write_feed(
        tmp_path / "bad.zip",
        routes=["route_id,route_short_name,route_type", "L1,一号线,1", "L1,二号线,1"],
        calendar=[
            "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date",
            "ALL,0,0,0,0,0,0,1,20260101,20261231",
            "NONE,0,0,0,0,0,0,1,20260101,20261331",
        ],
    )
    osm = write_osm(tmp_path / "mini.osm.pbf")
    said = refused("--osm", osm, "--gtfs", feed, *MINI)
    for what in ("routes.txt", "calendar.txt", "L1", "20261331"):
        assert what in said
    assert "good.zip" in run("network", "show")
    said = run("network", "build", "--gtfs", feed, "--drop-faulty", *MINI)
    assert said.count("dropped") == 2
    assert by_hand(build())["transit"] == [1140]


def test_a_matrix_is_checked_told_and_used(run, build, tmp_path):
    csv = write_matrix(tmp_path / "amap.csv", minutes=7)
    given = ["--matrix", f"drive={csv}", "--made-by", "AMap, 2026-10"]
    said = run("network", "build", *given, *MINI)
    assert "36 rows; 100.0% of the pairs of cell and venue have a time" in said
    assert "amap.csv (AMap, 2026-10, 20" in run("network", "show")
    snapshot = build()
    assert by_hand(snapshot) == {**ESTIMATED, "drive": [420]}
    assert "AMap, 2026-10" in {s.attribution for s in snapshot.manifest.sources}
    run("network", "remove", "matrix-drive")
    assert by_hand(build()) == ESTIMATED


def test_a_matrix_nobody_vouches_for_or_of_no_mode_or_twice_is_refused(refused, tmp_path):
    csv = write_matrix(tmp_path / "amap.csv")
    assert "say with --made-by" in refused("--matrix", f"drive={csv}", *MINI)
    assert "say with --made-by" in refused("--matrix", f"drive={csv}", "--made-by", " ", *MINI)
    who = ["--made-by", "me", *MINI]
    for wrong in (f"fly={csv}", csv, "drive="):
        said = refused("--matrix", wrong, *who)
        assert "MODE=FILE" in said
        assert "walk、transit、drive" in said
    assert "no file" in refused("--matrix", f"drive={tmp_path / 'none.csv'}", *who)
    assert "two matrices" in refused("--matrix", f"walk={csv}", "--matrix", f"walk={csv}", *who)


def test_a_matrix_that_leaves_cells_out_is_refused_unless_that_is_agreed_to(
    run, refused, build, tmp_path
):
    csv = write_matrix(tmp_path / "m.csv", cells=people_by_hand().cell[:10])
    given = ["--matrix", f"walk={csv}", "--made-by", "me", *MINI]
    said = refused(*given)
    assert "8931aa23657ffff" in said
    assert "8931aa2365bffff" in said
    said = run("network", "build", *given, "--partial")
    assert "2 inhabited cells have no time at all (500 people, 3.85%)" in said
    assert (build().times["walk"].reason == [0] * 10 + [2] * 2).all()


def test_a_venue_gone_since_the_matrix_was_taken_in_stops_the_build(run, build, data, tmp_path):
    csv = write_matrix(tmp_path / "m.csv")
    run("network", "build", "--matrix", f"walk={csv}", "--made-by", "me", *MINI)
    before = build().manifest
    pack = shutil.copytree(PACK, tmp_path / "pack")
    venues = (pack / "venues.csv").read_text(encoding="utf-8").splitlines()
    kept = [line for line in venues if not line.startswith("V5")]
    (pack / "venues.csv").write_text("\n".join(kept) + "\n", encoding="utf-8")
    said = build("--area", pack, code=2)
    assert "V5" in said
    assert "m.csv" in said
    assert SnapshotFolder(data).current().manifest == before


def test_nothing_to_take_in_and_nothing_of_that_name_are_refused(run, refused):
    assert "give --osm, --gtfs or --matrix" in refused(*MINI)
    said = run("network", "remove", "roads", code=2)
    for name in ("streets", "transit", "matrix-walk", "matrix-transit", "matrix-drive"):
        assert name in said


def test_an_extract_that_misses_the_area_or_is_none_is_refused(refused, tmp_path):
    osm = write_osm(tmp_path / "mini.osm.pbf")
    far = write_osm(tmp_path / "far.osm.pbf", east=40_000)
    assert "holds no road within" in refused("--osm", far, *MINI)
    (tmp_path / "x.osm.pbf").write_text("no")
    assert "x.osm.pbf" in refused("--osm", tmp_path / "x.osm.pbf", *MINI)
    (tmp_path / "own.yaml").write_text("drive: {speed_kmh: {residential: {value: 0}}}")
    assert "own.yaml" in refused("--osm", osm, "--speeds", tmp_path / "own.yaml", *MINI)


def test_streets_of_one_area_are_refused_for_another_and_left_aside_if_wanted(run, build, tmp_path):
    run("network", "build", "--osm", write_osm(tmp_path / "mini.osm.pbf", WAYS[:1]), *MINI)
    pack = shutil.copytree(PACK, tmp_path / "pack")
    meta = (pack / "area.yaml").read_text(encoding="utf-8")
    (pack / "area.yaml").write_text(meta.replace("id: minicity", "id: other"), encoding="utf-8")
    said = build("--area", pack, code=2)
    assert "minicity" in said
    assert "--estimates" in said
    assert by_hand(build("--area", pack, "--estimates")) == ESTIMATED


def test_a_traveller_without_a_car_has_answers_everywhere(run, build):
    """Nobody is covered by car, all are in gaps, and every outlet can say so."""
    snapshot = build("--traveller", "no_car")
    assert by_hand(snapshot) == {**ESTIMATED, "drive": []}
    rows = json.loads(run("coverage", "--mode", "drive", "--format", "json"))["items"]
    assert {r["covered"] for r in rows} == {0}
    assert json.loads(run("gaps", "--mode", "drive", "--format", "json"))["items"]
    for outlet, name in (
        (("report", "A"), "r.html"),
        (("report", "A"), "r.xlsx"),
        (("map",), "m.html"),
    ):
        run(*outlet, "-o", snapshot.area.root.parent / name)
    run("network", "-o", snapshot.area.root.parent / "g.json")
    run("isochrone", "V2", "--mode", "drive", "-o", snapshot.area.root.parent / "i.geojson")


def test_the_senior_of_the_planners_own_file_is_the_one_who_walks(build, tmp_path):
    assert by_hand(build("--traveller", "senior"))["walk"] == [1201]  # 1201 m at 1 s
    text = (standards.HERE / "travellers.yaml").read_text(encoding="utf-8")
    (tmp_path / "own.yaml").write_text(text.replace("value: 0.75", "value: 0.6"), encoding="utf-8")
    own = ["--travellers", tmp_path / "own.yaml"]
    assert by_hand(build("--traveller", "senior", *own))["walk"] == [1501]
    assert "adult、senior、child、no_car" in build("--traveller", "nobody", code=2)
    (tmp_path / "own.yaml").write_text(text.replace("value: 0.75", "value: -1"), encoding="utf-8")
    assert "travellers.senior.walk_ratio.value" in build("--traveller", "senior", *own, code=2)


def test_a_matrix_may_name_the_venues_of_the_registry(run, refused, tmp_path, monkeypatch):
    beijing = area.load()
    demand = build_demand(beijing, load_assumptions().demand)
    monkeypatch.setattr(demand_build, "build_demand", lambda *_: demand)
    venues = tmp_path / "list.csv"
    row = "海淀测试科技馆,海淀区,科技馆,116.2031,40.0577"
    venues.write_text(f"场馆名称,所属区,类别,经度,纬度\n{row}\n", encoding="utf-8")
    run("import", venues, "--datum", "wgs84")
    csv = write_matrix(tmp_path / "m.csv", cells=demand.cell[:1], venues=["海淀测试科技馆"])
    given = ["--matrix", f"walk={csv}", "--made-by", "me", "--partial"]
    assert "m.csv" in refused(*given, "--area", beijing.root)
    assert "m.csv" in run("network", "build", *given)
