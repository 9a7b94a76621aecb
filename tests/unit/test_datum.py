"""Lists whose datum must be told, asked about or refused; the score against scipy's densities."""

import dataclasses
import math

import numpy as np
import pytest
import shapely
from scipy import stats

from venuenet import crs
from venuenet.area import load
from venuenet.registry.model import DATUMS
from venuenet.sources.datum import HYPOTHESES, judge, known_places, plain_name, to_wgs84

SHIFT = {
    "WGS84": lambda lon, lat: (lon, lat),
    "CGCS2000": lambda lon, lat: (lon, lat),
    "GCJ-02": crs.gcj02_from_wgs84,
    "BD-09": crs.bd09_from_wgs84,
}
METRIC = "EPSG:4548"
area = load()
stations = area.stations.drop_duplicates("name_zh").iloc[::9].reset_index(drop=True)
NAMES = list(stations["name_zh"])
N = len(NAMES)
KNOWN = known_places(
    (n, (x, y, p)) for n, x, y, p in stations[["name_zh", "lon", "lat", "precision_m"]].to_numpy()
)


def points(rng=None):
    """The stations in WGS84, some 30 m off as a list has them."""
    x, y = crs.to_metric(stations["lon"], stations["lat"], METRIC)
    rng = rng or np.random.default_rng(4)
    return crs.to_degrees(x + rng.normal(0, 30, N), y + rng.normal(0, 30, N), METRIC)


def ask(lon, lat, declared=None, *, names=NAMES, known=KNOWN, adcodes=None, **options):
    adcodes = [None] * len(names) if adcodes is None else adcodes
    return judge(lon, lat, adcodes, names, known, area.districts, METRIC, declared, **options)


def homes(lon, lat):
    """The district each point lies in, or the nearest one."""
    shapes = area.districts.geometry.to_numpy()
    nearest = shapely.distance(shapely.points(lon, lat)[:, None], shapes[None]).argmin(axis=1)
    return [area.districts["adcode"][i] for i in nearest]


def first(count):
    """The first ``count`` known places only."""
    return {plain_name(n): KNOWN[plain_name(n)] for n in NAMES[:count]}


@pytest.mark.parametrize("datum", DATUMS)
def test_a_list_is_told_and_its_label_believed_or_contradicted(datum):
    lon, lat = SHIFT[datum](*points())
    same = {"WGS84", "CGCS2000"}
    told = ask(lon, lat)
    assert (told.standing, told.datum) == ("sure", "WGS84" if datum in same else datum)
    assert told.known == N
    assert min(told.offsets_m, key=told.offsets_m.get) == told.datum
    for declared in DATUMS:
        verdict = ask(lon, lat, declared)
        if declared == datum or {declared, datum} == same:
            assert (verdict.standing, verdict.datum, verdict.odd) == ("sure", declared, ())
        else:
            assert (verdict.standing, verdict.datum) == ("contradicted", None)
            assert declared in verdict.reasons[0].zh
            assert told.datum in verdict.reasons[0].en


def test_the_evidence_is_told_with_its_figures_in_both_languages():
    verdict = ask(*SHIFT["GCJ-02"](*points()), adcodes=["110105"] * N)
    zh, en = ("\n".join(getattr(r, k) for r in verdict.reasons) for k in ("zh", "en"))
    for datum, metres in verdict.offsets_m.items():
        assert f"{datum} {metres:.0f} 米" in zh
        assert f"{datum} {metres:.0f} m" in en
        assert f"{datum} {verdict.scores[datum]:.1f}" in zh
    assert set(verdict.offsets_m) == set(verdict.scores) == set(HYPOTHESES)
    assert f"{N} 行写明所属区" in zh


def test_the_score_is_what_scipy_makes_of_the_equations():
    """Residuals by the bivariate Student, borders by Student's t, written down a second time."""
    codes = ["110108", "110105", None, *["110101"] * (N - 3)]
    lon, lat = SHIFT["GCJ-02"](*points())
    shapes = area.districts.to_crs(METRIC).set_index("adcode").geometry
    total = dict.fromkeys(HYPOTHESES, 0.0)
    square = [
        tuple(math.floor(v / 3000) for v in (x, y))
        for x, y in zip(*crs.to_metric(lon, lat, METRIC), strict=True)
    ]
    for datum in HYPOTHESES:
        x, y = crs.to_metric(*to_wgs84(lon, lat, datum), METRIC)
        for i, name in enumerate(NAMES):
            place = KNOWN[plain_name(name)]
            there = crs.to_metric(place[0], place[1], METRIC)
            scale = 50**2 + (place[2] / math.sqrt(2 * math.log(20))) ** 2
            near = stats.multivariate_t(loc=there, shape=np.eye(2) * scale, df=4)
            total[datum] += math.log(0.9 * near.pdf((x[i], y[i])) + 0.1 / (math.pi * 1000**2))
            if codes[i] is None:
                continue
            point, shape = shapely.Point(x[i], y[i]), shapes[codes[i]]
            far = point.distance(shape) or -point.distance(shape.boundary)
            crowd = sum(square[j] == square[i] for j in range(N) if codes[j])
            total[datum] += math.log(0.95 * stats.t(2).sf(far / 110) + 0.05) / crowd
    best = max(total.values())
    scores = ask(lon, lat, adcodes=codes).scores
    for datum in HYPOTHESES:
        assert scores[datum] == pytest.approx(total[datum] - best, abs=1e-6)


@pytest.mark.parametrize("count", range(5))
@pytest.mark.parametrize("declared", [None, "WGS84", "GCJ-02"])
def test_fewer_than_five_known_places_and_no_district_cannot_tell(count, declared):
    verdict = ask(*SHIFT["GCJ-02"](*points()), declared, known=first(count))
    assert (verdict.standing, verdict.datum) == ("cannot_tell", None)
    assert (verdict.known, len(verdict.offsets_m)) == (count, 3 if count else 0)


def test_five_known_places_tell():
    verdict = ask(*SHIFT["BD-09"](*points()), known=first(5))
    assert (verdict.standing, verdict.datum, verdict.known) == ("sure", "BD-09", 5)


def test_rows_that_name_one_place_count_once():
    lon, lat = (np.repeat(v[:4], 5) for v in SHIFT["GCJ-02"](*points()))
    names = [n for n in NAMES[:4] for _ in range(5)]
    verdict = ask(lon, lat, names=names)
    assert (verdict.standing, verdict.known) == ("cannot_tell", 4)


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_known_places_and_an_idle_district_do_not_decide(count):
    """That the first row lies deep in a district says nothing about the datum."""
    deep = area.districts.set_index("adcode").geometry["110111"].representative_point()
    lon, lat = (np.append(v, w) for v, w in zip(points(), (deep.x, deep.y), strict=True))
    verdict = ask(
        *SHIFT["GCJ-02"](lon, lat),
        "WGS84",
        names=[*NAMES, ""],
        known=first(count),
        adcodes=[*[None] * N, "110111"],
    )
    assert (verdict.standing, verdict.known) == ("cannot_tell", count)


def test_a_list_written_twice_says_no_more_than_once():
    lon, lat = SHIFT["GCJ-02"](*points())
    codes = homes(lon, lat)
    once = ask(lon, lat, adcodes=codes)
    again = ask(np.tile(lon, 2), np.tile(lat, 2), names=NAMES * 2, adcodes=codes * 2)
    assert again.scores == pytest.approx(once.scores)
    assert (again.known, again.offsets_m) == (once.known, once.offsets_m)


def test_places_known_coarsely_say_nothing():
    coarse = {name: (*place[:2], 301.0) for name, place in KNOWN.items()}
    verdict = ask(*SHIFT["GCJ-02"](*points()), known=coarse)
    assert (verdict.standing, verdict.known, verdict.offsets_m) == ("cannot_tell", 0, {})
    weak = {name: (*place[:2], 300.0) for name, place in KNOWN.items()}
    strong, weaker = ask(*SHIFT["GCJ-02"](*points())), ask(*SHIFT["GCJ-02"](*points()), known=weak)
    assert strong.scores["WGS84"] < weaker.scores["WGS84"] < -7


@pytest.mark.parametrize("declared", [None, "WGS84", "GCJ-02"])
def test_a_mixed_list_is_mixed_and_its_odd_rows_are_named(declared):
    lon, lat = points()
    moved = np.arange(N) % 3 == 0
    lon, lat = (
        np.where(moved, b, a) for a, b in zip((lon, lat), SHIFT["GCJ-02"](lon, lat), strict=True)
    )
    verdict = ask(lon, lat, declared)
    assert (verdict.standing, verdict.datum) == ("mixed", None)
    assert verdict.odd == tuple(np.flatnonzero(moved))


def test_one_odd_row_of_five_is_doubted_and_one_of_many_is_only_named():
    lon, lat = (np.array(v) for v in points())
    lon[2], lat[2] = SHIFT["BD-09"](lon[2], lat[2])
    few = ask(lon, lat, known=first(5))
    assert (few.standing, few.datum, few.odd) == ("doubtful", None, (2,))
    many = ask(lon, lat)
    assert (many.standing, many.datum, many.odd) == ("sure", "WGS84", (2,))


@pytest.mark.parametrize("declared", [None, "WGS84", "GCJ-02"])
@pytest.mark.parametrize(
    "twice",
    [
        crs.wgs84_from_gcj02,
        lambda lon, lat: crs.gcj02_from_wgs84(*crs.gcj02_from_wgs84(lon, lat)),
    ],
)
def test_a_list_converted_twice_fits_none(twice, declared):
    lon, lat = points()
    verdict = ask(*twice(lon, lat), declared, adcodes=homes(lon, lat))
    assert (verdict.standing, verdict.datum) == ("doubtful", None)
    assert "三种坐标系都不符" in verdict.reasons[0].zh


def test_rows_at_the_borders_do_not_pass_a_double_conversion_off_as_a_mix():
    """GCJ-02 and BD-09 each bring half of them home: the known places know better."""
    x, y, codes = [], [], []
    for code, shape in area.districts.to_crs(METRIC).set_index("adcode").geometry.items():
        ring = shape.buffer(-250).boundary
        spots = shapely.get_coordinates(ring.interpolate(np.arange(0, ring.length, 4000)))
        x, y, codes = [*x, *spots[:, 0]], [*y, *spots[:, 1]], [*codes, *[code] * len(spots)]
    border = crs.to_degrees(x, y, METRIC)
    lon, lat = (np.append(v, w) for v, w in zip(points(), border, strict=True))
    verdict = ask(
        *crs.gcj02_from_wgs84(*crs.gcj02_from_wgs84(lon, lat)),
        names=[*NAMES, *[""] * len(codes)],
        adcodes=[*[None] * N, *codes],
    )
    assert verdict.standing == "doubtful"
    assert "三种坐标系都不符" in verdict.reasons[0].zh


def test_a_small_common_offset_is_not_another_datum():
    """150 m is what a coarse geocoder does to a list, and a third of the least shift."""
    x, y = crs.to_metric(*points(), METRIC)
    verdict = ask(*crs.to_degrees(x + 90, y + 120, METRIC), "WGS84")
    assert (verdict.standing, verdict.datum) == ("sure", "WGS84")
    assert 120 < verdict.offsets_m["WGS84"] < 180


def test_points_strewn_about_are_doubted():
    rng = np.random.default_rng(1)
    lon, lat = points()
    verdict = ask(lon + rng.normal(0, 0.1, N), lat + rng.normal(0, 0.1, N), "WGS84")
    assert verdict.standing == "doubtful"


def test_a_wrong_place_does_not_hurt():
    lon, lat = (np.array(v) for v in points())
    lon[3] += 0.2
    verdict = ask(lon, lat, "WGS84")
    assert (verdict.standing, verdict.odd) == ("sure", ())


@pytest.mark.filterwarnings("error")
def test_rows_without_a_usable_point_change_nothing():
    lon, lat = SHIFT["GCJ-02"](*points())
    whole = ask(lon, lat, "WGS84")
    more = ask(
        [*lon, np.nan, np.inf, 4.4e6, 0],
        [*lat, 39.9, np.nan, 5e5, 0],
        "WGS84",
        names=[*NAMES, *NAMES[:3], "某地"],
        adcodes=[*[None] * N, "110101", "110101", "110101", None],
    )
    assert more.scores == pytest.approx(whole.scores)
    assert dataclasses.replace(more, scores=whole.scores) == whole


def test_an_empty_list_cannot_be_told():
    verdict = ask([], [], "BD-09", names=[])
    assert (verdict.standing, verdict.datum, verdict.odd) == ("cannot_tell", None, ())


def test_the_order_of_the_rows_does_not_matter():
    lon, lat = (np.array(v) for v in points())
    lon[::4], lat[::4] = SHIFT["BD-09"](lon[::4], lat[::4])
    order = np.random.default_rng(7).permutation(N)
    straight = ask(lon, lat)
    turned = ask(lon[order], lat[order], names=[NAMES[i] for i in order])
    assert sorted(order[list(turned.odd)]) == list(straight.odd)
    assert turned.scores == pytest.approx(straight.scores)
    assert (turned.standing, turned.reasons[0]) == (straight.standing, straight.reasons[0])


@pytest.mark.parametrize("datum", HYPOTHESES)
def test_the_packs_townships_tell_their_datum_by_district_alone(datum):
    """Real points of 323 townships: a right label stands, BD-09 is told from the other two."""
    towns = area.townships[area.townships["lon"].notna()]
    lon, lat = SHIFT[datum](towns["lon"].to_numpy(), towns["lat"].to_numpy())
    codes, names = list(towns["adcode"]), [""] * len(towns)
    for declared in HYPOTHESES:
        verdict = ask(lon, lat, declared, names=names, known={}, adcodes=codes)
        assert verdict.known == 0
        if declared == datum:
            assert (verdict.standing, verdict.datum) == ("sure", datum)
        else:
            assert verdict.standing == (
                "contradicted" if "BD-09" in (datum, declared) else "cannot_tell"
            )


def test_a_crowd_in_one_place_has_one_vote():
    """A border that is drawn 500 m wrong at one spot must not contradict a label."""
    dongcheng = area.districts.to_crs(METRIC).geometry.iloc[0]
    lon, lat = crs.to_degrees(*np.tile(dongcheng.boundary.coords[0], (200, 1)).T, METRIC)
    verdict = ask(lon - 0.006, lat, "WGS84", names=[""] * 200, known={}, adcodes=["110101"] * 200)
    assert verdict.standing == "cannot_tell"
    assert min(verdict.scores.values()) > -3


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("北京市 （西城）少年宫", "西城少年宫"),
        ("北京动物园", "动物园"),
        ("北京站", "北京站"),
        ("北京", "北京"),
        ("ＡＢＣ Hall", "abchall"),
        ("市民广场", "市民广场"),
    ],
)
def test_names_are_folded(written, folded):
    assert plain_name(written) == folded


def test_names_of_places_apart_mean_none_of_them():
    zoo, station = (116.3317, 39.9389, 80.0), (116.3391, 39.9381, 50.0)
    door = (116.3340, 39.9389, 150.0)
    assert known_places([("北京动物园", zoo), ("动物园", station)]) == {}
    assert known_places([("北京动物园", zoo), ("动物园", door)]) == {"动物园": zoo}
    assert known_places([("甲", zoo), ("", station)], str.strip) == {"甲": zoo}


def test_the_callers_normaliser_is_used():
    known = {f"<{n}>": KNOWN[plain_name(n)] for n in NAMES}
    verdict = ask(*points(), known=known, normalise=lambda n: f"<{n}>")
    assert (verdict.known, verdict.datum) == (N, "WGS84")
