"""The user's own networks are kept whole, take effect together, and say what they are."""

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import osmium
import pytest
from osmium.osm.mutable import Node, Way
from pyproj import Transformer

from tests.golden.test_minicity import HERE, ORIGIN, people_by_hand
from venuenet import area
from venuenet.demand import build as demand_build
from venuenet.errors import BadQueryError, NetworkFileError, TravelDataError
from venuenet.networks import OSM, Networks

PACK = HERE / "pack"
MINI = area.load(PACK)
DEGREES = Transformer.from_crs("EPSG:4548", "EPSG:4326", always_xy=True)
SUNDAY = dt.date(2026, 11, 22)
ALL_DAY = (9 * 3600, 17 * 3600)
RESIDENTIAL = {"highway": "residential"}
NODES = {
    1: (-1000, 0), 2: (1000, 0), 3: (1960, 0), 4: (4000, 0), 5: (17000, 0),
    6: (1000, 720), 7: (1960, 720), 8: (4000, 720),
}  # fmt: skip
WAYS = [
    (1, [1, 2, 3, 4, 5], RESIDENTIAL),
    (2, [2, 6, 7, 8, 4], {**RESIDENTIAL, "oneway": "yes"}),
    (3, [3, 7], {"highway": "steps"}),
]
"""A street through all cells, a one-way loop by V1 off it, and stairs straight up to V1."""


def write_osm(path, ways=WAYS, east=0):
    """Write the streets as a real .osm.pbf; places are the mini-city's metres."""
    with osmium.SimpleWriter(str(path), overwrite=True) as out:
        for number, (x, y) in NODES.items():
            lon, lat = DEGREES.transform(ORIGIN[0] + x + east, ORIGIN[1] + y)
            out.add_node(Node(id=number, location=(round(lon, 7), round(lat, 7))))
        for number, nodes, tags in ways:
            out.add_way(Way(id=number, nodes=nodes, tags=tags))
    return path


def clock(minute):
    return f"{minute // 60:02}:{minute % 60:02}:00"


def write_feed(path, agency="小城地铁", **changes):
    """Write the rail line S1-S2-S3 as GTFS: every ten minutes from 06:00 to 23:00, both ways."""
    trips, calls = [], []
    for k, start in enumerate(range(6 * 60, 23 * 60 + 1, 10)):
        for way, stops in enumerate(
            ([("01", 0), ("02", 4), ("03", 14)], [("03", 0), ("02", 10), ("01", 14)])
        ):
            trips.append(f"L1,ALL,T{k}-{way},{way}")
            for i, (stop, after) in enumerate(stops):
                at = clock(start + after)
                calls.append(f"T{k}-{way},{at},{at},{stop},{i}")
    station = MINI.stations
    stops = [f"0{i + 1},{s.name_zh},{s.lat},{s.lon}" for i, s in enumerate(station.itertuples())]
    files = {
        "agency": ["agency_name,agency_url,agency_timezone", f"{agency},https://x.test,Asia/Shanghai"],
        "stops": ["stop_id,stop_name,stop_lat,stop_lon", *stops],
        "routes": ["route_id,route_short_name,route_type", "L1,一号线,1"],
        "trips": ["route_id,service_id,trip_id,direction_id", *trips],
        "stop_times": ["trip_id,arrival_time,departure_time,stop_id,stop_sequence", *calls],
        "calendar": [
            "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date",
            "ALL,0,0,0,0,0,0,1,20260101,20261231",
        ],
    } | changes  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        for name, lines in files.items():
            archive.writestr(f"{name}.txt", "\n".join(lines) + "\n")
    return path


def write_matrix(
    path, minutes=7, cells=None, venues=("V1", "V2", "V5"), header="cell,venue,minutes"
):
    """Write the same minutes from every cell to every venue."""
    cells = people_by_hand().cell if cells is None else cells
    rows = [f"{int(c):x},{v},{minutes}" for c in cells for v in venues]
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def contents(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(autouse=True)
def _people(monkeypatch):
    monkeypatch.setattr(demand_build, "build_demand", lambda *_: people_by_hand())


@pytest.fixture
def networks(tmp_path):
    """All three kinds, taken in at once."""
    found = Networks(tmp_path / "networks")
    with found.changed() as new:
        new.add_streets(write_osm(tmp_path / "mini.osm.pbf"), MINI)
        new.add_feeds([write_feed(tmp_path / "rail.zip")], "frequency", ALL_DAY, day=SUNDAY)
        csv = write_matrix(tmp_path / "amap.csv")
        new.add_matrix(csv, "drive", "AMap", "2026-11-22", False, MINI)
    return found


def test_what_is_taken_in_is_told_and_credited(networks):
    said = networks.describe()
    assert json.loads(json.dumps(said)) == said
    assert said["streets"]["file"] == "mini.osm.pbf"
    assert (said["transit"]["day"], said["transit"]["model"]) == ("2026-11-22", "frequency")
    assert "frequency" not in said["transit"]  # the tables: they do not belong into a manifest
    matrix = said["matrix_drive"]
    assert (matrix["file"], matrix["made_by"], matrix["pairs_share"]) == ("amap.csv", "AMap", 1)
    credits_ = {s.id: s.attribution for s in networks.sources()}
    assert credits_ == {"streets": OSM, "feed-1": "小城地铁", "matrix-drive": "AMap"}


def test_the_day_read_back_is_the_one_taken_in_with_ids_that_look_like_numbers(networks):
    transit = networks.transit()
    assert transit.timetable.stop_ids == ("01", "02", "03")
    assert transit.tables.platforms["stop_id"].tolist() == ["01", "02", "03"]
    links = transit.tables.links[["from_id", "to_id", "direction", "run_min", "trains_window"]]
    assert sorted(links.itertuples(index=False, name=None)) == [
        ("01", "02", "0", 4, 48), ("02", "01", "1", 4, 48),
        ("02", "03", "0", 10, 48), ("03", "02", "1", 10, 48),
    ]  # fmt: skip
    assert transit.tick_minutes == 1
    assert transit.window == ALL_DAY


def test_a_timetable_to_the_second_is_not_taken_for_whole_minutes(tmp_path):
    networks = Networks(tmp_path / "n")
    write_feed(tmp_path / "f.zip")
    with zipfile.ZipFile(tmp_path / "f.zip") as archive:
        calls = archive.read("stop_times.txt").decode().replace(":00:00,", ":00:30,").splitlines()
    feed = write_feed(tmp_path / "g.zip", stop_times=calls)
    networks.add_feeds([feed], "frequency", ALL_DAY, day=SUNDAY)
    assert networks.transit().tick_minutes == 0


def test_the_same_matrix_name_with_other_times_is_another_network(networks, tmp_path):
    """One row of 8 minutes among those of 7, the first or the last: all counts are the same."""
    csv = write_matrix(tmp_path / "amap.csv")
    head, *rows = csv.read_text(encoding="utf-8").splitlines()
    found = []
    for odd in (0, -1):
        changed = list(rows)
        changed[odd] = changed[odd].replace(",7", ",8")
        csv.write_text("\n".join([head, *changed]), encoding="utf-8")
        with networks.changed() as new:
            new.add_matrix(csv, "drive", "AMap", "2026-11-22", False, MINI)
        found.append(networks.describe())
        path, _ = networks.matrices()["drive"]
        assert path.read_bytes() == csv.read_bytes()
        assert len(list(networks.folder.glob("matrix-drive-*"))) == 1
    assert found[0] != found[1]


def test_a_fault_in_one_of_them_keeps_all_as_they_were(networks, tmp_path):
    before = contents(networks.folder)
    osm = write_osm(tmp_path / "other.osm.pbf", WAYS[:1])
    bad = write_matrix(tmp_path / "bad.csv", venues=("V1", "V9"))
    with pytest.raises(TravelDataError, match="V9"), networks.changed() as new:
        new.add_streets(osm, MINI)
        new.add_matrix(bad, "walk", "me", "2026-11-22", False, MINI)
    assert contents(networks.folder) == before
    assert not list(networks.folder.glob(".new-*"))


def test_what_a_killed_process_left_is_swept_up_a_day_later(networks):
    for name, age in (("old", 90_000), ("running", 60)):
        left = networks.folder / f".new-{name}"
        left.mkdir()
        when = left.stat().st_mtime - age
        os.utime(left, (when, when))
    with networks.changed():
        pass
    assert [p.name for p in networks.folder.glob(".new-*")] == [".new-running"]


def test_removing_tells_whether_it_was_there_and_leaves_the_rest(networks):
    for what in ("streets", "transit", "matrix-drive"):
        left = len(networks.describe())
        assert networks.remove(what)
        assert len(networks.describe()) == left - 1
        assert not networks.remove(what)
    assert list(networks.folder.iterdir()) == []


@pytest.mark.parametrize("name", ["streets.arrow", "transit.arrow", "matrix-drive.json"])
def test_a_damaged_file_is_named_and_can_be_removed(networks, name):
    (networks.folder / name).write_bytes(b"{}")
    with pytest.raises(NetworkFileError, match=name.replace(".", r"\.")):
        networks.describe()
    networks.remove(name.partition(".")[0])
    networks.describe()


def test_a_window_or_a_day_without_trains_is_refused(tmp_path):
    feed = write_feed(tmp_path / "f.zip")
    networks = Networks(tmp_path / "n")
    for window, day, param in (
        ((3600, 7200), SUNDAY, "window"),  # trains begin at six, within the six hours kept beyond
        (ALL_DAY, SUNDAY - dt.timedelta(1), "day"),
        (ALL_DAY, SUNDAY.replace(year=2031), "day"),
    ):
        with pytest.raises(BadQueryError) as caught:
            networks.add_feeds([feed], "timetable", window, day=day)
        assert caught.value.param == param
    assert not networks.folder.exists()


def test_telling_what_is_there_loads_neither_compiler_nor_map_reader_nor_tables(networks):
    """``serve`` asks at every start; None in sys.modules refuses an import."""
    code = (
        "import sys\n"
        "for m in ('numba', 'osmium', 'venuenet.travel.gtfs', 'venuenet.travel.roadfile'):\n"
        "    sys.modules[m] = None\n"
        "import venuenet.cli\n"
        "from pathlib import Path\n"
        "from venuenet.networks import Networks\n"
        "n = Networks(Path(sys.argv[1]))\n"
        "print(len(n.describe()), len(n.sources()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, networks.folder], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("3 3\n", "")


KILLED = """
import datetime as dt, os, signal, sys
from pathlib import Path
from venuenet.demand import build as demand_build
from tests.unit.test_networks import MINI, SUNDAY, ALL_DAY, people_by_hand
from venuenet.networks import Networks

demand_build.build_demand = lambda *_: people_by_hand()
made, kept = Path(sys.argv[1]), Path(sys.argv[2])
plain = Path.replace

def dies_at(step):
    moves = []

    def replace(self, target):
        if len(moves) == step:
            os.kill(os.getpid(), signal.SIGKILL)
        moves.append(target)
        return plain(self, target)

    return replace


step = 0
while True:
    child = os.fork()
    if child == 0:
        Path.replace = dies_at(step)
        with Networks(kept).changed() as new:
            new.add_streets(made / "new.osm.pbf", MINI)
            new.add_feeds([made / "new.zip"], "timetable", ALL_DAY, day=SUNDAY)
            new.add_matrix(made / "new.csv", "drive", "new", "2026-11-22", False, MINI)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    found = Networks(kept)
    street = len(found.streets()[0].start)
    path, about = found.matrices()["drive"]
    print(status, street, found.transit().model, about["made_by"], path.stat().st_size, flush=True)
    if status == 0:
        break
    step += 1
"""


def test_killed_at_any_step_each_network_is_the_old_or_the_new_one_and_readable(networks, tmp_path):
    """A child for each move of a file into place, killed just before it."""
    made = tmp_path / "made"
    made.mkdir()
    write_osm(made / "new.osm.pbf", WAYS[:1])
    write_feed(made / "new.zip")
    write_matrix(made / "new.csv", minutes=1234.5)
    old_size = networks.matrices()["drive"][0].stat().st_size
    new_size = (made / "new.csv").stat().st_size
    old_streets = len(networks.streets()[0].start)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, made, networks.folder],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    lines = [line.split() for line in done.stdout.splitlines()]
    assert len(lines) > 6  # written and then moved: two arrow files, a matrix and its card
    for status, street, model, made_by, size in lines[:-1]:
        assert status == "9"
        assert int(street) in (old_streets, 1)
        assert model in ("frequency", "timetable")
        assert (made_by, int(size)) in {("AMap", old_size), ("new", new_size)}
    assert lines[0][1:4] == [str(old_streets), "frequency", "AMap"]
    assert lines[-1] == ["0", "1", "timetable", "new", str(new_size)]
    shutil.rmtree(networks.folder)
