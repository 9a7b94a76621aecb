"""Each thing that can be wrong with a pack is found, in its place, and all at once."""

import csv
import json
import shutil

import numpy as np
import pytest

from venuenet import area, crs
from venuenet.errors import AreaPackError

ROOT = area.default_root()


@pytest.fixture
def pack(tmp_path):
    for path in ROOT.iterdir():
        shutil.copyfile(path, tmp_path / path.name)
    return tmp_path


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def put(pack, file, row, **cells):
    """Overwrite cells of one spreadsheet row (the header is row 1)."""
    rows = read(pack / file)
    assert set(cells) <= set(rows[row - 2])
    rows[row - 2].update(cells)
    write(pack / file, rows)


def drop_column(pack, file, column):
    rows = read(pack / file)
    write(pack / file, [{k: v for k, v in r.items() if k != column} for r in rows])


def told(pack):
    return {(f.file, f.row, f.column): f.what_en for f in area.check(pack)}


def row_of(pack, file, **where):
    rows = read(pack / file)
    return next(n for n, r in enumerate(rows, start=2) if all(r[k] == v for k, v in where.items()))


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (("districts.csv", 4, "area_km2"), "large", "'large' is not a number"),
        (("districts.csv", 4, "area_km2"), "-3", "-3 is outside"),
        (("districts.csv", 4, "area_km2"), "inf", "'inf' is not a number"),
        (("districts.csv", 4, "area_km2"), "nan", "'nan' is not a number"),
        (("districts.csv", 4, "area_km2"), "1,000", "'1,000' is not a number"),
        (("districts.csv", 4, "area_km2"), "", "must not be blank"),
        (("districts.csv", 3, "share_60plus"), "19.6", "outside 0..1"),
        (("townships.csv", 100, "adcode"), "110199", "does not exist in districts.csv"),
        (("townships.csv", 9, "residents"), "12.5", "is not whole"),
        (("townships.csv", 9, "name_zh"), "", "must not be blank"),
        (("townships.csv", 3, "township_code"), "110101001", "repeats row 2"),
        (("townships.csv", 3, "name_zh"), "东华门街道", "repeats row 2"),
        (("venues.csv", 30, "kind"), "museum", "'museum' is not allowed"),
        (("venues.csv", 30, "tier"), "core", "'core' is not allowed"),
        (("venues.csv", 30, "status"), "shut", "'shut' is not allowed"),
        (("venues.csv", 30, "confidence"), "sure", "'sure' is not allowed"),
        (("venues.csv", 30, "same_site_as"), "V0", "does not exist in venues.csv"),
        (("venues.csv", 30, "visits_per_year"), "-1", "is outside 0"),
        (("stations.csv", 5, "precision_m"), "", "must not be blank"),
        (("links.csv", 8, "from_id"), "BJS999", "does not exist in stations.csv"),
        (("links.csv", 8, "run_min"), "0", "is outside 0.01"),
        (("links.csv", 8, "trains_weekday_midday"), "", "must not be blank"),
        (("links.csv", 8, "line"), "99号线", "does not serve"),
        (("transfers.csv", 6, "station_id"), "BJS999", "does not exist in stations.csv"),
        (("transfers.csv", 6, "to_line"), "99号线", "does not serve"),
        (("transfers.csv", 6, "walk_min"), "soon", "is not a number"),
    ],
)
def test_broken_cell_is_found_where_it_is(pack, place, value, words):
    file, row, column = place
    put(pack, file, row, **{column: value})
    assert words in told(pack)[place]


def test_every_table_is_told_a_missing_column(pack):
    dropped = {
        "districts.csv": "people",
        "townships.csv": "residents",
        "venues.csv": "status",
        "stations.csv": "lines",
        "links.csv": "trains_weekend_daytime",
        "transfers.csv": "walk_min",
    }
    for file, column in dropped.items():
        drop_column(pack, file, column)
    assert told(pack) == {(f, None, c): "column is missing" for f, c in dropped.items()}


def test_group_column_named_by_area_yaml_must_exist(pack):
    text = (pack / "area.yaml").read_text(encoding="utf-8")
    text = text.replace("district_column: share_rural", "district_column: share_farmers")
    (pack / "area.yaml").write_text(text, encoding="utf-8")
    assert told(pack) == {("districts.csv", None, "share_farmers"): "column is missing"}


def test_several_faults_are_told_at_once(pack):
    put(pack, "districts.csv", 2, people="708830")
    put(pack, "townships.csv", 5, area_km2="?")
    put(pack, "venues.csv", 40, kind="zoo")
    put(pack, "links.csv", 3, to_id="nowhere")
    (pack / "transfers.csv").write_bytes("station_id,from_line\n西直门,1\n".encode("gb18030"))
    assert set(told(pack)) == {
        ("districts.csv", None, "people"),
        ("townships.csv", 5, "area_km2"),
        ("venues.csv", 40, "kind"),
        ("links.csv", 3, "to_id"),
        ("transfers.csv", 2, None),
    }


def test_load_refuses_with_every_fault_in_both_languages(pack):
    put(pack, "venues.csv", 40, kind="zoo")
    put(pack, "venues.csv", 41, status="shut")
    with pytest.raises(AreaPackError) as refused:
        area.load(pack)
    assert [(f.row, f.column) for f in refused.value.faults] == [(40, "kind"), (41, "status")]
    assert "venues.csv:row 40:kind “zoo”不是允许的取值" in refused.value.detail
    assert "use one of: science_museum" in refused.value.detail_en


@pytest.mark.parametrize(
    "file", ["area.yaml", "districts.csv", "districts.geojson", "townships.csv", "venues.csv"]
)
def test_missing_file_is_told(pack, file):
    (pack / file).unlink()
    assert told(pack)[file, None, None] == "is missing"


def test_empty_folder_is_told_every_needed_file(tmp_path):
    assert set(told(tmp_path)) == {
        (file, None, None)
        for file in (
            "area.yaml", "districts.csv", "districts.geojson", "townships.csv", "venues.csv"
        )
    }  # fmt: skip


def test_city_without_rail_is_sound_and_its_tables_are_empty(pack):
    for file in ("stations.csv", "links.csv", "transfers.csv"):
        (pack / file).unlink()
    city = area.load(pack)
    assert len(city.stations) == len(city.links) == len(city.transfers) == 0
    assert {"run_min", "trains_weekend_daytime"} <= set(city.links)


def test_rail_must_be_whole(pack):
    (pack / "stations.csv").unlink()
    assert ("stations.csv", None, None) in told(pack)


def test_file_in_another_encoding_is_told_with_its_row(pack):
    text = (pack / "townships.csv").read_text(encoding="utf-8")
    (pack / "townships.csv").write_bytes(text.encode("gb18030"))
    assert told(pack)["townships.csv", 2, None] == "is not UTF-8"


def test_byte_order_mark_of_a_spreadsheet_is_accepted(pack):
    content = (pack / "venues.csv").read_bytes()
    (pack / "venues.csv").write_bytes(b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n"))
    assert told(pack) == {}


def test_row_of_another_width_is_told(pack):
    lines = (pack / "stations.csv").read_text(encoding="utf-8").split("\n")
    lines[6] += ",extra"
    (pack / "stations.csv").write_text("\n".join(lines), encoding="utf-8")
    assert told(pack) == {("stations.csv", 7, None): "has 9 cells, the header 8"}


def test_column_named_twice_is_told(pack):
    path = pack / "stations.csv"
    text = path.read_text(encoding="utf-8").replace("pinyin", "name_zh", 1)
    path.write_text(text, encoding="utf-8")
    assert told(pack)["stations.csv", None, "name_zh"] == "column appears twice"


def test_unknown_columns_are_kept(pack):
    rows = [r | {"phone": "010"} for r in read(pack / "venues.csv")]
    write(pack / "venues.csv", rows)
    assert set(area.load(pack).venue_table["phone"]) == {"010"}


def test_townships_may_not_hold_more_than_their_district(pack):
    row = row_of(pack, "townships.csv", adcode="110119")
    put(pack, "townships.csv", row, residents="345671")
    district = row_of(pack, "districts.csv", adcode="110119")
    assert "the district 345671" in told(pack)["districts.csv", district, "people"]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("crs_metric: EPSG:4548", "crs_metric: EPSG:4326", "crs_metric"),
        ("crs_metric: EPSG:4548", "crs_metric: EPSG:99999", "crs_metric"),
        ("datum: WGS84", "datum: GCJ-02", "datum"),
        ("h3_resolution: 8", "h3_resolution: 99", "h3_resolution"),
        ("as_of: 2026-10-07", "as_of: lately", "as_of"),
        ("city_share: 0.119", "city_share: 11.9", "groups.0.city_share"),
        ("station_m: 1000", "station: 1000", "tolerances.station_m"),
        ("default_period: weekend_daytime", "default_period: night", None),
        ("from_hour: 10, to_hour: 16", "from_hour: 16, to_hour: 10", "periods.1"),
    ],
)
def test_broken_key_of_area_yaml_is_named(pack, old, new, key):
    text = (pack / "area.yaml").read_text(encoding="utf-8")
    assert old in text
    (pack / "area.yaml").write_text(text.replace(old, new), encoding="utf-8")
    assert ("area.yaml", None, key) in told(pack)


def test_yaml_that_is_not_yaml_is_told(pack):
    (pack / "area.yaml").write_text("id: [", encoding="utf-8")
    assert "cannot be read" in told(pack)["area.yaml", None, None]


def polygons(pack):
    return json.loads((pack / "districts.geojson").read_text(encoding="utf-8"))


def test_missing_unknown_and_repeated_polygons_are_told(pack):
    found = polygons(pack)
    found["features"][2]["properties"]["adcode"] = "999999"
    found["features"][5]["properties"]["adcode"] = "110101"
    (pack / "districts.geojson").write_text(json.dumps(found), encoding="utf-8")
    faults = [(f.row, f.what_en) for f in area.check(pack)]
    assert (3, "'999999' does not exist in districts.csv:adcode") in faults
    assert (6, "110101 appears twice") in faults
    assert (None, "110105 has no polygon") in faults
    assert (None, "110108 has no polygon") in faults


def test_overlapping_and_self_crossing_polygons_are_told(pack):
    found = polygons(pack)
    bow = [[116.0, 40.0], [116.2, 40.2], [116.2, 40.0], [116.0, 40.2], [116.0, 40.0]]
    found["features"][0]["geometry"] = {"type": "Polygon", "coordinates": [bow]}
    found["features"][2]["geometry"] = found["features"][1]["geometry"]
    (pack / "districts.geojson").write_text(json.dumps(found), encoding="utf-8")
    faults = [(f.row, f.column, f.what_en) for f in area.check(pack)]
    assert any(r == 1 and "Self-intersection" in w for r, _, w in faults)
    assert any(r == 3 and "overlaps 110102" in w for r, _, w in faults)


@pytest.mark.parametrize("content", ["{", "[]", '{"type": "FeatureCollection", "features": []}'])
def test_polygons_that_cannot_be_read_are_told(pack, content):
    (pack / "districts.geojson").write_text(content, encoding="utf-8")
    assert any(f.file == "districts.geojson" for f in area.check(pack))


def test_point_outside_its_district_is_told_beyond_the_tolerance(pack):
    row = row_of(pack, "venues.csv", name_zh="北京天文馆")
    put(pack, "venues.csv", row, lon="117.1", lat="40.4")
    assert "outside its district" in told(pack)["venues.csv", row, "lon"]


def test_swapped_longitude_and_latitude_are_told(pack):
    row = row_of(pack, "townships.csv", name_zh="景山街道")
    put(pack, "townships.csv", row, lon="39.92538", lat="116.40425")
    assert "are swapped" in told(pack)["townships.csv", row, "lon"]


def test_half_a_point_is_told(pack):
    row = row_of(pack, "venues.csv", name_zh="北京天文馆")
    put(pack, "venues.csv", row, lat="", precision_m="")
    faults = told(pack)
    assert ("venues.csv", row, "lat") in faults
    assert ("venues.csv", row, "precision_m") in faults


def test_station_off_the_map_is_told(pack):
    put(pack, "stations.csv", 9, lon="118.2")
    assert ("stations.csv", 9, "lon") in told(pack)


def shift(pack, file, rows=slice(None)):
    """Write these rows' points in GCJ-02, as a list from a Chinese web map has them."""
    table = read(pack / file)
    placed = [r for r in table if r["lon"]][rows]
    lon, lat = (np.array([float(r[c]) for r in placed]) for c in ("lon", "lat"))
    for row, there in zip(placed, zip(*crs.gcj02_from_wgs84(lon, lat), strict=True), strict=True):
        row["lon"], row["lat"] = (f"{v:.6f}" for v in there)
    write(pack / file, table)


@pytest.mark.parametrize("file", ["venues.csv", "townships.csv", "stations.csv"])
def test_table_shifted_to_gcj02_is_found(pack, file):
    shift(pack, file)
    faults = told(pack)
    assert any(f == file and r is None and c == "lon" for f, r, c in faults)
    assert any("GCJ-02" in words for words in faults.values())


def test_pack_shifted_as_a_whole_is_found(pack):
    for file in ("venues.csv", "townships.csv", "stations.csv"):
        shift(pack, file)
    found = {f for (f, _, _), words in told(pack).items() if "GCJ-02" in words}
    assert found == {"venues.csv", "townships.csv"}


@pytest.mark.parametrize("file", ["venues.csv", "townships.csv"])
def test_half_a_table_shifted_is_found(pack, file):
    shift(pack, file, slice(0, None, 2))
    assert any("GCJ-02" in words for words in told(pack).values())


def test_homonyms_stand_at_different_places(pack):
    table = read(pack / "venues.csv")
    like = next(r for r in table if r["name_zh"] == "北京天文馆")
    table.append(like | {"venue_id": "T1", "address_zh": "另一处", "aliases": ""})
    write(pack / "venues.csv", table)
    assert told(pack) == {}
    table.append(like | {"venue_id": "T2", "aliases": ""})
    write(pack / "venues.csv", table)
    (words,) = told(pack).values()
    assert "repeats row" in words


@pytest.mark.parametrize("seed", range(4))
def test_many_honest_points_at_the_borders_are_no_datum_mix(pack, seed):
    """A long list has points some way outside their district on every side."""
    dice, city = np.random.default_rng(seed), area.load(pack)
    shapes = city.districts.set_index("adcode").geometry.to_crs(city.meta.crs_metric)
    table = read(pack / "venues.csv")
    like = next(r for r in table if r["name_zh"] == "北京天文馆")
    for code, shape in shapes.items():
        edge = shape.exterior if shape.geom_type == "Polygon" else shape.geoms[0].exterior
        for n, along in enumerate(dice.random(60)):
            spot = edge.interpolate(along, normalized=True)
            x, y = spot.x + dice.uniform(-200, 200), spot.y + dice.uniform(-200, 200)
            lon, lat = (f"{float(v):.6f}" for v in crs.to_degrees(x, y, city.meta.crs_metric))
            name = f"{code}边界{n}馆"
            more = {"venue_id": f"T{code}-{n}", "name_zh": name, "adcode": code, "lon": lon}
            table.append(like | more | {"lat": lat, "aliases": "", "flags": ""})
    write(pack / "venues.csv", table)
    assert told(pack) == {}


def test_one_shifted_station_is_found_by_its_track(pack):
    row = row_of(pack, "stations.csv", name_zh="五棵松")
    shift(pack, "stations.csv", slice(row - 2, row - 1))
    assert any("than the track is long" in words for words in told(pack).values())


def test_method_that_names_a_foreign_datum_must_say_it_was_converted(pack):
    row = row_of(pack, "venues.csv", name_zh="北京天文馆")
    put(pack, "venues.csv", row, method="AMap POI (GCJ-02)")
    assert "not said to be converted" in told(pack)["venues.csv", row, "method"]
    put(pack, "venues.csv", row, method="AMap POI (GCJ-02, converted)")
    assert told(pack) == {}


def test_a_file_beyond_the_limit_is_refused_unread(pack):
    with (pack / "venues.csv").open("r+b") as file:
        file.truncate(area.MAX_BYTES + 1)
    faults = area.check(pack)
    assert [(f.file, f.what_en) for f in faults] == [("venues.csv", "is larger than 64 MB")]
