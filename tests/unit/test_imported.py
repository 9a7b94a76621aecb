"""A matrix made elsewhere gives back the times it holds, or says all that is wrong with it."""

import dataclasses
import hashlib

import h3
import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from venuenet import crs
from venuenet.errors import TravelDataError
from venuenet.model import REASONS, UNREACHED, LocatedVenue
from venuenet.pipeline import MATRIX_CUTOFF_S
from venuenet.travel import imported, imported_faults, imported_file
from venuenet.travel.imported import MatrixFile, read_matrix


@pytest.fixture(scope="module")
def counted(beijing):
    byid = {v.venue_id: v for v in beijing.area.venues}
    return [byid[i] for i in beijing.times["walk"].venue_ids]


@pytest.fixture(scope="module")
def pairs(beijing):
    """The real transit matrix as three columns: cell, venue id, seconds."""
    times, cell = beijing.times["transit"], beijing.demand.cell
    venue = np.repeat(np.arange(len(times.venue_ids)), np.diff(times.indptr))
    return pa.table(
        {
            "from_id": [h3.int_to_str(int(c)) for c in cell[times.cell]],
            "to_id": np.array(times.venue_ids)[venue].tolist(),
            "seconds": times.seconds.astype(np.int32),
        }
    )


@pytest.fixture(scope="module")
def ids(beijing):
    """A few inhabited cells, as text."""
    return [h3.int_to_str(int(c)) for c in beijing.demand.cell[:6]]


@pytest.fixture
def read(beijing, counted):
    def read(path, *, partial=True, mode="transit", **more):
        source = MatrixFile(path, mode, "test", partial=partial, **more)
        walk = beijing.assumptions.walk
        return read_matrix(source, beijing.area, beijing.demand, counted, walk)

    return read


@pytest.fixture
def write(tmp_path):
    def write(text, name="m.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


def refused(read, path, **more):
    with pytest.raises(TravelDataError) as caught:
        read(path, **more)
    return [(f.row, f.column, f.what_en) for f in caught.value.faults]


def given(matrix, beijing, cell, venue_id):
    at = np.searchsorted(beijing.demand.cell, np.uint64(h3.str_to_int(cell)))
    return int(matrix.seconds[at, matrix.venue_ids.index(venue_id)])


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_an_exported_matrix_comes_back_the_same(
    kind, pairs, read, beijing, counted, tmp_path, monkeypatch
):
    monkeypatch.setattr(imported_file, "BLOCK_BYTES", 2**18)
    monkeypatch.setattr(imported_file, "BATCH_ROWS", 10_000)
    path = tmp_path / f"m.{kind}"
    (pacsv.write_csv if kind == "csv" else pq.write_table)(pairs, path)
    matrix = read(path)
    times = matrix.times(beijing.demand, counted, MATRIX_CUTOFF_S)
    truth = beijing.times["transit"]
    for name in ("indptr", "cell", "seconds"):
        np.testing.assert_array_equal(getattr(times, name), getattr(truth, name))
    assert times.venue_ids == truth.venue_ids
    centre = truth.near_s[0, :, :, :, 0]
    held = centre <= MATRIX_CUTOFF_S
    for sample in range(times.samples):
        np.testing.assert_array_equal(times.near_s[0, :, :, :, sample][held], centre[held])
    assert (times.near_s[0, :, :, :, 0][~held] == UNREACHED).all()
    for sample in range(times.samples):
        np.testing.assert_array_equal(
            times.near_venue[..., sample][held], truth.near_venue[..., 0][held]
        )
    assert times.mode == "transit"
    assert not times.estimated
    assert times.engine == f"imported matrix m.{kind} (test)"
    assert matrix.check.rows == matrix.check.given == len(pairs)
    assert matrix.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert matrix.meta()["sha256"] == matrix.sha256


def test_cells_without_any_time_have_the_reason_no_way(pairs, read, beijing, counted, tmp_path):
    pq.write_table(pairs, tmp_path / "m.parquet")
    times = read(tmp_path / "m.parquet").times(beijing.demand, counted, MATRIX_CUTOFF_S)
    reached = np.zeros(len(beijing.demand.cell), bool)
    reached[beijing.times["transit"].cell] = True
    assert reached.any()
    assert not reached.all()
    said = [REASONS[r] for r in times.reason]
    assert said == ["reached" if r else "no_way" for r in reached]


@pytest.mark.parametrize("minutes", [12, 2])
def test_late_and_early_are_the_walk_of_the_venues_uncertainty(
    minutes, read, write, beijing, counted, ids
):
    venue = max(counted, key=lambda v: v.precision_m)
    vague = dataclasses.replace(venue, precision_m=710.0)
    path = write(f"origin,destination,minutes\n{ids[0]},{venue.venue_id},{minutes}\n")
    times = read(path).times(beijing.demand, [vague], MATRIX_CUTOFF_S)
    walk = beijing.assumptions.walk
    off = round(710 * walk.detour.value / (walk.speed_kmh.value / 3.6))
    near = times.near_s[:, :, 0, 0].min(axis=1)
    assert 2 * 60 < off < 12 * 60
    np.testing.assert_array_equal(near[0], 60 * minutes)
    np.testing.assert_array_equal(near[1], 60 * minutes + off)
    np.testing.assert_array_equal(near[2], max(60 * minutes - off, 0))
    assert (times.near_s[:, :, :, 1:] == UNREACHED).all()


def test_other_cells_and_venues_than_were_read_are_unreached(read, write, beijing, counted, ids):
    path = write(f"origin,destination,minutes\n{ids[0]},{counted[-1].venue_id},12\n")
    stranger = dataclasses.replace(counted[-1], venue_id="V999999-999")
    times = read(path).times(beijing.demand, [stranger, counted[-1]], MATRIX_CUTOFF_S)
    assert np.diff(times.indptr).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("header", "row", "seconds"),
    [
        ("origin,destination,minutes", "{c},{v},7.5", 450),
        ("from_id,to_id,travel_time_p50", "{c},{v},8", 480),
        ("from_id;to_id;Travel Time (min)", "{c};{v};8", 480),
        ("cell\tvenue\tduration", "{c}\t{v}\t481", 481),
        ("起点,终点,时间（秒）", "{c},{v},480.6", 481),
        ("出发,到达,分钟", " {c} , {n} ,9", 540),
        ("起点,场馆名称,用时（分钟）", "{c},“,9", None),
        ("id,x,出发,到达,分钟,travel_time_p25", "1,2,{C},{n},9,4", 540),
        ("origin,destination,minutes", '{c},"{v}","1e1"', 600),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_columns_are_known_by_the_names_people_use(
    header, row, seconds, encoding, read, write, beijing, counted, ids
):
    venue = counted[3]
    words = {"c": ids[0], "C": ids[0].upper(), "v": venue.venue_id, "n": venue.name_zh}
    path = write(f"{header}\r\n{row.format(**words)}\r\n", encoding=encoding)
    if seconds is None:
        assert refused(read, path)[0][:2] == (2, "场馆名称")
    else:
        assert given(read(path), beijing, ids[0], venue.venue_id) == seconds


def test_every_fault_is_told_at_once_with_row_and_column(read, write, beijing, counted, ids):
    a, b = counted[0].venue_id, counted[1].venue_id
    finer = h3.cell_to_center_child(ids[0])
    coarser = h3.cell_to_parent(ids[0])
    lines = [
        "origin,destination,minutes",
        f"{ids[0]},{a},10",
        f"{ids[1]},中国科学技木馆,10",
        f"nowhere,{a},10",
        f"{finer},{a},10",
        f"{coarser},{a},10",
        f"{ids[2]},{a},-1",
        f"{ids[2]},{b},1441",
        f"{ids[3]},{a},soon",
        f"{ids[0]},{a},11",
        f"{ids[3]}",
        "",
        f",{a},5",
        f"{ids[4]},,5",
        f"{ids[4]},{a},inf",
    ]
    assert refused(read, write("\n".join(lines) + "\n")) == [
        (3, "destination", "venue '中国科学技木馆' is unknown; is it '中国科学技术馆'?"),
        (4, "origin", "'nowhere' is no H3 cell"),
        (5, "origin", f"'{finer}' is of resolution 9, finer than the build's 8"),
        (6, "origin", f"'{coarser}' is of resolution 7, coarser than the build's 8"),
        (7, "minutes", "-1.0 is negative"),
        (8, "minutes", "1441.0 is 24 hours, more than 24"),
        (9, "minutes", "'soon' is not a number"),
        (10, "minutes", "says 660 s, an earlier row says 600 s for the same pair"),
        (11, None, "has 1 cells, the header 3"),
        (13, "origin", "must not be blank"),
        (14, "destination", "must not be blank"),
        (15, "minutes", "'inf' is not a number"),
    ]


def test_row_numbers_hold_across_blocks(read, write, counted, ids, monkeypatch):
    monkeypatch.setattr(imported_file, "BLOCK_BYTES", 4096)
    lines = [f"{ids[0]},{counted[0].venue_id},10"] * 3000
    for bad in (17, 1800):
        lines[bad] = "short"
    lines[2500] = f"{ids[0]},{counted[0].venue_id},x"
    lines[2700] = f"{ids[0]},{counted[0].venue_id},12"
    found = refused(read, write("origin,destination,minutes\n" + "\n".join(lines)))
    assert [f[0] for f in found] == [19, 1802, 2502, 2702]


def test_of_many_faults_some_are_listed_and_all_counted(read, write, counted, ids, monkeypatch):
    monkeypatch.setattr(imported_file, "BLOCK_BYTES", 256)
    rows = "".join(f"{ids[0]},{counted[0].venue_id},x{i}\n" for i in range(55))
    with pytest.raises(TravelDataError) as caught:
        read(write("origin,destination,minutes\n" + rows))
    assert caught.value.total == 55
    assert len(caught.value.faults) == imported_faults.LISTED + 1
    assert caught.value.faults[-1].what_en == "has 35 more of these"
    assert "共 55 处" in str(caught.value)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("a,destination,minutes", (1, None, "has no column of origins")),
        ("origin,b,minutes", (1, None, "has no column of destinations")),
        ("origin,destination,时间", (1, None, "has no column of times")),
        ("origin,destination,minutes,seconds", (1, "seconds", "means the same as 'minutes'")),
        ("origin,起点,destination,minutes", (1, "起点", "means the same as 'origin'")),
        ("origin,destination,minutes,lon", (1, "lon", "longitude and latitude come together")),
    ],
)
def test_headers_that_cannot_be_understood_are_refused(header, told, read, write):
    found = refused(read, write(f"{header}\n1,2,3,4\n"))
    assert [(r, c) for r, c, _ in found] == [told[:2]]
    assert found[0][2].startswith(told[2])


def test_all_missing_columns_are_told_together(read, write):
    assert len(refused(read, write("a,b\n1,2\n"))) == 3


def test_files_that_are_none_are_refused(read, write, tmp_path, monkeypatch):
    assert refused(read, tmp_path / "no.csv")[0][2] == "does not exist"
    (tmp_path / "folder.csv").mkdir()
    assert refused(read, tmp_path / "folder.csv")[0][2] == "is no regular file"
    assert "no kind of file" in refused(read, write("x", "m.xlsx"))[0][2]
    assert refused(read, write(""))[0][2] == "has no rows"
    assert refused(read, write("origin,destination,minutes\n\n"))[0][2] == "has no rows"
    assert "cannot be read" in refused(read, write("PAR1 not", "m.parquet"))[0][2]
    assert "neither UTF-8" in refused(read, _raw(tmp_path, b"origin,\xff\xff,minutes\n"))[0][2]
    assert "neither UTF-8" in refused(read, _raw(tmp_path, "origin".encode("utf-16")))[0][2]
    monkeypatch.setattr(imported_file, "FILE_BYTES", 3)
    assert "larger than" in refused(read, write("origin,destination,minutes\n"))[0][2]


def _raw(folder, content):
    path = folder / "raw.csv"
    path.write_bytes(content)
    return path


def test_too_many_rows_or_pairs_are_refused(read, write, counted, ids, monkeypatch):
    text = f"origin,destination,minutes\n{ids[0]},{counted[0].venue_id},1\n" + (
        f"{ids[1]},{counted[0].venue_id},1\n"
    )
    monkeypatch.setattr(imported_file, "ROWS", 2)
    read(write(text))
    monkeypatch.setattr(imported_file, "ROWS", 1)
    assert refused(read, write(text))[0][2] == "has more than 1 rows"
    monkeypatch.setattr(imported_file, "ROWS", 100)
    monkeypatch.setattr(imported, "PAIRS", 1000)
    assert "more than 1,000 pairs" in refused(read, write(text))[0][2]


def test_seconds_called_minutes_and_minutes_called_seconds_are_found(
    read, write, beijing, counted, pairs
):
    few = pairs.slice(0, 4000)
    rows = list(zip(*(few.column(i).to_pylist() for i in range(3)), strict=True))
    text = "".join(f"{c},{v},{s}\n" for c, v, s in rows)
    found = refused(read, write("origin,destination,minutes\n" + text))
    assert all("hours, more than 24" in f[2] for f in found[:-1])
    text = "".join(f"{c},{v},{s / 60:.1f}\n" for c, v, s in rows)
    assert "the unit is wrong" in refused(read, write("origin,destination,seconds\n" + text))[0][2]
    assert read(write("origin,destination,minutes\n" + text)).check.given == 4000


def test_a_name_must_be_one_venues_only(read, write, beijing, counted, ids):
    twin = dataclasses.replace(counted[1], venue_id="V110101-999", name_zh=counted[0].name_zh)
    walk = beijing.assumptions.walk
    path = write(f"origin,destination,minutes\n{ids[0]},{counted[0].name_zh},5\n")
    source = MatrixFile(path, "walk", "test", partial=True)
    with pytest.raises(TravelDataError) as caught:
        read_matrix(source, beijing.area, beijing.demand, [*counted, twin], walk)
    fault = caught.value.faults[0]
    assert (fault.row, fault.column) == (2, "destination")
    assert counted[0].venue_id in fault.what_en
    assert "V110101-999" in fault.what_en


def test_rows_that_say_nothing_here_are_left_out_and_counted(read, write, beijing, counted, ids):
    idle = next(
        v for v in beijing.area.venues if not (isinstance(v, LocatedVenue) and v.counts)
    ).venue_id
    empty = h3.latlng_to_cell(0.0, 0.0, 8)
    a = counted[0].venue_id
    text = f"""from_id,to_id,travel_time_p50
{ids[0]},{a},10
{ids[0]},{a},10.0
{empty},{a},10
{ids[1]},{idle},10
{ids[2]},{a},NA
{ids[3]},{a},
"""
    check = read(write(text)).check
    assert check.rows == 6
    assert (check.repeated, check.other_cells, check.other_venues, check.blank) == (1, 1, 1, 2)
    assert check.given == 1


def test_own_origins_take_the_median_of_their_cell(read, write, beijing, counted):
    """The longer middle one of an even number; a pair not given counts for nothing."""
    cell = h3.int_to_str(int(beijing.demand.cell[100]))
    lat, lon = h3.cell_to_latlng(cell)
    a, b = counted[0].venue_id, counted[1].venue_id
    text = "origin,lon,lat,to_id,minutes\n"
    for i, (to_a, to_b) in enumerate([(30, 7), (10, 9), (50, None), (20, None)]):
        place = f"p{i},{lon + i * 1e-4:.6f},{lat:.6f}"
        text += f"{place},{a},{to_a}\n"
        if to_b is not None:
            text += f"{place},{b},{to_b}\n"
    text += f"far,0.5,0.5,{a},3\n"
    matrix = read(write(text))
    assert given(matrix, beijing, cell, a) == 30 * 60
    assert given(matrix, beijing, cell, b) == 9 * 60
    assert matrix.check.given == 2
    assert matrix.check.other_cells == 1


def test_own_origins_in_another_datum_are_converted(read, write, beijing, counted):
    cell = h3.int_to_str(int(beijing.demand.cell[100]))
    lat, lon = h3.cell_to_latlng(cell)
    glon, glat = crs.bd09_from_wgs84(lon, lat)
    assert h3.latlng_to_cell(float(glat), float(glon), 8) != cell
    a = counted[0].venue_id
    path = write(f"origin,lon,lat,to_id,minutes\nhome,{glon:.6f},{glat:.6f},{a},3\n")
    assert given(read(path, datum="BD-09"), beijing, cell, a) == 180


def test_own_origins_faults_are_told(read, write, beijing, counted):
    a, b = counted[0].venue_id, counted[1].venue_id
    text = f"""origin,lon,lat,to_id,minutes
p,116.4,39.9,{a},3
p,116.4,39.8,{b},3
q,200,39.9,{a},3
r,116.4,,{a},3
,116.4,39.9,{a},3
"""
    assert refused(read, write(text)) == [
        (3, "lat", "origin 'p' stood elsewhere in an earlier row"),
        (4, "lon", "200.0 is no such coordinate"),
        (5, "lat", "must not be blank"),
        (6, "origin", "must not be blank"),
    ]


def test_an_incomplete_matrix_needs_consent(read, beijing, pairs, tmp_path):
    path = tmp_path / "m.parquet"
    pq.write_table(pairs, path)
    people = dict.fromkeys(range(len(beijing.demand.cell)), 0)
    for c, p in zip(beijing.demand.row_cell.tolist(), beijing.demand.people.tolist(), strict=True):
        people[c] += p
    lonely = set(people) - set(beijing.times["transit"].cell.tolist())
    found = refused(read, path, partial=False)
    worst = max(lonely, key=lambda c: people[c])
    cell = h3.int_to_str(int(beijing.demand.cell[worst]))
    assert found[0] == (None, None, f"cell {cell} ({people[worst]:,} people) has no time")
    assert found[-1][2] == f"has {len(lonely) - imported_faults.LISTED:,} more of these"
    check = read(path, partial=True).check
    assert set(check.cells_without.tolist()) == lonely
    assert check.people_without == sum(people[c] for c in lonely)
    times = beijing.times["transit"]
    none = np.flatnonzero(np.diff(times.indptr) == 0)
    assert check.venues_without == tuple(times.venue_ids[i] for i in none)
    assert check.longest_s == beijing.times["transit"].seconds.max()
    assert check.share == pytest.approx(len(pairs) / check.cells / check.venues)
    share = 1 - len(lonely) / len(people)
    read(path, partial=False, require_complete=share)
    refused(read, path, partial=False, require_complete=share + 1e-6)
    assert check.plain()["cells_without"] == len(lonely)
    assert any(
        f"{check.people_without:,}" in zh and "没有任何时间" in zh for zh, _ in check.lines()
    )


def test_venues_nobody_has_a_time_to_are_named(read, write, counted, ids):
    check = read(write(f"origin,destination,minutes\n{ids[0]},{counted[4].venue_id},5\n")).check
    assert set(check.venues_without) == {v.venue_id for v in counted} - {counted[4].venue_id}
