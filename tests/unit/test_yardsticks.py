"""Where areas stand against yardsticks: by hand, by scipy, and as properties that cannot bend."""

import csv
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from venuenet import yardsticks as pure
from venuenet.errors import BadQueryError
from venuenet.publish.answers import CITY, coverage
from venuenet.publish.metrics import measured
from venuenet.publish.yardsticks import (
    Ask,
    ask_yardsticks,
    definitions,
    yardstick_rows,
    yardsticks_csv,
)
from venuenet.questions import parse_question
from venuenet.standards.yardsticks import STANDING_ZH, Yardstick, Yardsticks, load_yardsticks

# Worked out by hand: target 30 m² per 10,000 people, near from 27.
#        people  known m²  venues known  unknown | m²/10k  status    m² short  people beyond  rank
HAND = """
甲    2000000     6000       2             0      30      met          0             0         2
乙    1000000     2700       1             0      27      near       300        100000         3
丙     500000      600       1             0      12      unmet      900        300000         4
丁     400000     2000       2             1      50      met          0             0         1
戊     100000      200       1             1      20      no_data    100         33334         -
己     300000        0       0             2       -      no_data      -             -         -
"""
TOL = pure.TOLERANCE


@pytest.fixture(scope="module")
def hand():
    rows = [line.split() for line in HAND.strip().splitlines()]
    names, *numbers = zip(*rows, strict=True)
    return names, numbers


def floats(texts):
    return np.array([math.nan if t == "-" else float(t) for t in texts])


def test_the_table_comes_out_as_worked_out_by_hand(hand):
    _, (people, m2, known, unknown, value, status, short, beyond, rank) = hand
    area = np.repeat(np.arange(6), np.array(known, int) + np.array(unknown, int)).astype(np.int32)
    amounts = []
    for total, k, u in zip(floats(m2), map(int, known), map(int, unknown), strict=True):
        amounts += [total / max(k, 1)] * k + [math.nan] * u
    total, n_known, n_unknown = pure.sum_known(area, np.array(amounts), 6)
    assert [int(x) for x in n_known] == [int(k) for k in known]
    assert [int(x) for x in n_unknown] == [int(u) for u in unknown]
    found = pure.per_head(total, n_known, n_unknown, floats(people), 10_000)
    assert np.allclose(found.value, floats(value), equal_nan=True)
    assert pure.statuses(found.low, found.high, [30.0] * 6, "at_least", 0.1) == list(status)
    got = pure.missing(found.amount, floats(people), 30, 10_000)
    assert np.allclose(got, floats(short), equal_nan=True)
    got = pure.people_beyond(found.amount, floats(people), 30, 10_000)
    assert np.allclose(got, floats(beyond), equal_nan=True)
    sure = np.where(n_unknown > 0, math.nan, found.value)
    sure[3] = found.value[3]  # ranked as if known, to see first place
    assert [str(r or "-") for r in pure.ranks(sure, "at_least")] == list(rank)


def test_thirty_m2_per_ten_thousand_mean_six_thousand_for_two_million():
    assert pure.implied(2_000_000, 30, 10_000) == 6000


def test_people_per_venue_is_infinite_without_a_venue_and_unknown_venues_leave_it_open():
    people = np.array([800_000.0, 800_000.0, 800_000.0, math.nan])
    found = pure.heads_per(np.array([2, 0, 1, 1]), np.array([0, 0, 1, 0]), people)
    assert found.value.tolist()[:3] == [400_000, math.inf, 800_000]
    assert math.isnan(found.value[3])
    status = pure.statuses(found.low, found.high, [500_000.0] * 4, "at_most", 0.1)
    # The third has one venue and perhaps a second: 400,000 or 800,000.
    assert status == ["met", "unmet", "no_data", "no_data"]


@pytest.mark.parametrize(
    ("value", "direction", "status"),
    [
        (100, "at_least", "met"),
        (99.999999, "at_least", "near"),
        (90, "at_least", "near"),
        (89.9, "at_least", "unmet"),
        (0, "at_least", "unmet"),
        (100, "at_most", "met"),
        (100.1, "at_most", "near"),
        (110, "at_most", "near"),
        (110.1, "at_most", "unmet"),
        (math.inf, "at_most", "unmet"),
        (math.nan, "at_least", "no_data"),
    ],
)
def test_the_target_itself_has_reached_and_a_tenth_is_near(value, direction, status):
    assert pure.statuses([value], [value], [100.0], direction, 0.1) == [status]


def test_without_a_target_nothing_is_judged():
    assert pure.statuses([1.0], [1.0], [math.nan], "at_least", 0.1) == ["no_data"]


def test_a_ratio_of_a_part_decides_nothing():
    found = pure.ratio(
        np.array([90.0, 90.0]), np.array([3.0, 3.0]), np.array([1, 1]), np.array([0, 1])
    )
    assert found.value.tolist() == [30, 30]
    target = [30.0, 30.0]
    assert pure.statuses(found.low, found.high, target, "at_least", 0.1) == ["met", "no_data"]


def test_a_count_of_none_is_an_answer_and_an_incomplete_list_a_lower_bound():
    found = pure.count(np.array([0, 3]), np.array([1, 0]), complete=False)
    assert found.value.tolist() == [0, 3]
    assert found.high.tolist() == [math.inf, math.inf]
    assert pure.count(np.array([3]), np.array([2])).high.tolist() == [5]


# ranks

values = st.lists(
    st.one_of(st.integers(0, 5).map(float), st.just(math.nan), st.just(math.inf)),
    min_size=1,
    max_size=16,
)


@given(values, st.sampled_from(["at_least", "at_most"]))
def test_ranks_are_scipys_competition_ranks_and_no_data_has_none(value, direction):
    value = np.array(value)
    known = ~np.isnan(value)
    want = np.zeros(len(value), dtype=int)
    sign = -1 if direction == "at_least" else 1
    want[known] = rankdata(sign * value[known], method="min")
    assert pure.ranks(value, direction).tolist() == want.tolist()


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["山", "原", ""])), min_size=1))
def test_ranks_in_a_zone_count_only_the_better_ones_of_that_zone(rows):
    value, zone = [float(v) for v, _ in rows], [z for _, z in rows]
    want = [
        1 + sum(w > v and y == z for w, y in rows) if z else 0
        for v, z in zip(value, zone, strict=True)
    ]
    assert pure.ranks_within(value, "at_least", zone).tolist() == want


# properties

people = st.integers(1, 30_000_000)
targets = st.floats(0.01, 1000)
amounts = st.floats(0, 1e7)
ORDER = ["unmet", "near", "met"]


@given(people, targets, amounts, st.booleans())
def test_the_distance_is_zero_if_and_only_if_the_target_is_met(n, target, m2, whole):
    m2 = math.floor(m2) if whole else m2
    found = pure.per_head(
        np.array([float(m2)]), np.array([1]), np.array([0]), np.array([float(n)]), 1e4
    )
    (status,) = pure.statuses(found.low, found.high, [target], "at_least", 0.1)
    edge = math.isclose(found.value[0], target * (1 - TOL), rel_tol=1e-12)
    if not edge:
        met = status == "met"
        assert (float(pure.missing(m2, n, target, 1e4, whole=whole)) == 0) == met
        assert (float(pure.people_beyond(m2, n, target, 1e4)) == 0) == met


@given(people, st.integers(0, 1000), st.floats(0.001, 1))
def test_so_many_more_covered_reach_a_share_and_one_fewer_does_not(n, per_mille, target):
    covered = n * per_mille // 1000
    lack = int(pure.missing(covered, n, target, 1, whole=True))
    assert lack >= 0
    assert covered + lack >= target * n * (1 - 2 * TOL)
    if lack:
        assert covered + lack - 1 < target * n


@given(
    people,
    targets,
    st.lists(st.one_of(st.floats(0, 1e6), st.just(math.nan)), max_size=6),
    st.floats(0, 1e6),
    st.booleans(),
)
def test_adding_area_never_lowers_a_status(n, target, figures, more, complete):
    def status(figures):
        area = np.zeros(len(figures), dtype=np.int32)
        summed = pure.sum_known(area, np.array(figures, dtype=float), 1)
        found = pure.per_head(*summed, np.array([float(n)]), 1e4, complete=complete)
        return pure.statuses(found.low, found.high, [target], "at_least", 0.1)[0]

    before, after = status(figures), status([*figures, more])
    if before in ORDER:
        assert ORDER.index(after) >= ORDER.index(before)


@given(targets, st.floats(0, 1000), st.floats(0, 1000), st.floats(0, 1))
def test_a_status_holds_everywhere_between_the_ends_it_was_given_for(target, a, b, at):
    low, high = sorted([a, b])
    (status,) = pure.statuses([low], [high], [target], "at_least", 0.1)
    inside = min(max(low + at * (high - low), low), high)
    if status != "no_data":
        assert pure.statuses([inside], [inside], [target], "at_least", 0.1) == [status]


# the YAML


def test_the_yardsticks_are_those_of_the_sources():
    y = {y.id: y for y in load_yardsticks().yardsticks}
    bands = [y["building_101"].target(n) for n in (4e6 + 1, 4e6, 2e6, 1e6)]
    assert bands == [(75, 75), (75, 75), (75, 80), (80, 100)]
    bands = [y["hall_101"].target(n) for n in (4e6 + 1, 4e6, 2e6, 1e6, 5e5)]
    assert bands == [(30, 36), (36, 42), (42, 48), (48, 60), (None, None)]
    assert y["hall_101"].target(None) == (None, None)
    plain = {k: v.value for k, v in y.items() if v.value is not None}
    assert plain == {
        "hall_china": 44.1, "visits_101": 30, "museums_2025": 1.2, "museums_2035": 2,
        "venue_china": 838_800, "venue_developed": 500_000, "literacy_2025": 28,
        "literacy_2035": 25,
    }  # fmt: skip
    assert y["visits_101"].high == 60
    assert {k for k, v in y.items() if v.standing == "draft"} == {"museums_2025", "museums_2035"}
    assert all(v.source and v.confidence for v in y.values())
    assert load_yardsticks().near_share.value == 0.1


def test_a_duty_is_a_reference_for_a_district_and_on_another_basis():
    y = next(y for y in load_yardsticks().yardsticks if y.id == "hall_101")
    assert y.standing_for("city", "registered") == "duty"
    assert y.standing_for("city", "resident") == "reference"
    assert y.standing_for("district", "registered") == "reference"


def test_nothing_is_called_a_score_of_the_appraisal():
    text = str(load_yardsticks()) + "".join(STANDING_ZH.values())
    assert "考核得分" not in text


def plain():
    return load_yardsticks().model_dump(mode="json")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d["yardsticks"][0].update(metric="nothing"),
        lambda d: d["yardsticks"][1].update(id=d["yardsticks"][0]["id"]),
        lambda d: d["metrics"][1].update(id=d["metrics"][0]["id"]),
        lambda d: d["yardsticks"][0].update(value=3),
        lambda d: d["yardsticks"][0]["bands"].reverse(),
        lambda d: d["yardsticks"][2].update(value=-1),
        lambda d: d["near_share"].update(value=1),
        lambda d: d.update(more=1),
    ],
)
def test_a_file_that_does_not_hold_together_is_refused(spoil):
    data = plain()
    Yardsticks.model_validate(data)
    spoil(data)
    with pytest.raises(ValueError, match=r"."):
        Yardsticks.model_validate(data)


# the real city


def with_extras(snapshot, **extras):
    m = snapshot.manifest
    return replace(snapshot, manifest=replace(m, parameters={**m.parameters, "extras": extras}))


def with_areas(snapshot, areas, **more):
    venues = tuple(
        replace(v, exhibition_m2=areas.get(v.venue_id, v.exhibition_m2), **more)
        if v.venue_id in areas
        else v
        for v in snapshot.area.venues
    )
    return replace(snapshot, area=replace(snapshot.area, venues=venues))


def indicator(name, adcode, value=None, target=None, year=2025, direction="at_least"):
    return {
        "indicator": name, "name_zh": "甲", "name_en": "A", "unit": "个", "adcode": adcode,
        "value": value, "target": target, "year": year, "direction": direction, "source": "自报",
    }  # fmt: skip


def rows_of(snapshot, yardstick, level="district", basis="resident"):
    return yardstick_rows(snapshot, Ask(basis, yardstick, level))


def only(rows, adcode):
    (row,) = [r for r in rows if r["adcode"] == adcode]
    return row


@pytest.mark.parametrize("yardstick", ["building_101", "hall_101", "hall_china", "visits_101"])
@pytest.mark.parametrize("level", ["district", CITY])
def test_areas_and_visits_nobody_told_are_no_data_with_a_reason_never_zero(
    beijing, yardstick, level
):
    rows = rows_of(beijing, yardstick, level)
    assert len(rows) == (16 if level == "district" else 1)
    for r in rows:
        assert (r["status"], r["status_zh"]) == ("no_data", "无数据")
        assert r["value"] is r["rank"] is r["distance_people"] is r["distance_m2"] is None
        assert any(f.startswith("no_data:") for f in r["flags"])
        assert r["known"] == 0


def test_the_city_s_targets_imply_these_square_metres(beijing):
    # 21,893,095 people x 30 m² and 75 m² per 10,000
    assert rows_of(beijing, "hall_101", CITY)[0]["implied_m2"] == 65_679.3
    assert rows_of(beijing, "building_101", CITY)[0]["implied_m2"] == 164_198.2


def test_a_known_part_is_a_lower_bound_and_decides_only_what_it_can(beijing):
    ours = [
        v.venue_id
        for v in beijing.area.venues
        if v.adcode == "110101" and v.kind == "science_museum" and v.status == "open"
    ]
    some = only(rows_of(with_areas(beijing, {ours[0]: 1000.0}), "hall_101"), "110101")
    assert (some["known"], some["unknown"]) == (1, len(ours) - 1)
    assert some["value"] == pytest.approx(1000 / 70.8829)
    assert (some["status"], some["rank"]) == ("no_data", None)
    assert some["distance_m2"] == pytest.approx(2126.5 - 1000, abs=0.1)
    assert "partial" in some["flags"]
    much = only(rows_of(with_areas(beijing, {ours[0]: 2200.0}), "hall_101"), "110101")
    assert (much["status_zh"], much["distance_m2"], much["rank"]) == ("达标", 0, None)
    every = dict.fromkeys(ours, 100.0)
    whole = only(rows_of(with_areas(beijing, every), "hall_101"), "110101")
    assert (whole["status_zh"], whole["unknown"], whole["rank"]) == ("未达", 0, 1)
    assert "partial" not in whole["flags"]


@pytest.mark.parametrize("status", ["unknown", "closed", "planned", "lapsed"])
def test_only_venues_known_to_be_open_are_added_up(beijing, status):
    one = next(
        v for v in beijing.area.venues
        if v.adcode == "110101" and v.kind == "science_museum" and v.status == "open"
    )  # fmt: skip
    before = only(rows_of(beijing, "hall_101"), "110101")
    after = only(
        rows_of(with_areas(beijing, {one.venue_id: 9e6}, status=status), "hall_101"), "110101"
    )
    assert after["value"] is None
    assert before["unknown"] - after["unknown"] == (status != "unknown")


def test_building_areas_are_read_from_the_list_s_own_column(beijing):
    table = beijing.area.venue_table.copy()
    table["building_m2"] = [
        "7000" if i == "V110102-001" else "-5" if i == "V110101-001" else ""
        for i in table["venue_id"]
    ]
    with_column = replace(beijing, area=replace(beijing.area, venue_table=table))
    row = only(rows_of(with_column, "building_101"), "110102")
    assert row["value"] == pytest.approx(7000 / 110.6214)
    assert only(rows_of(with_column, "building_101"), "110101")["value"] is None
    assert pd.isna(table["building_m2"]).sum() == 0


def test_museums_and_venues_are_those_a_plain_reading_of_the_list_finds(beijing):
    with (beijing.area.root / "venues.csv").open(encoding="utf-8-sig") as file:
        listed = [r for r in csv.DictReader(file) if r["status"] == "open"]
    people = dict(
        zip(beijing.area.districts["adcode"], beijing.area.districts["people"], strict=True)
    )
    for row in rows_of(beijing, "museums_2025"):
        words = ("博物馆", "博物院", "陈列馆", "纪念馆")
        n = sum(
            r["adcode"] == row["adcode"] and any(w in r["name_zh"] for w in words) for r in listed
        )
        assert row["known"] == n
        assert row["value"] == pytest.approx(n * 1e5 / people[row["adcode"]])
        assert row["distance_venues"] == max(math.ceil(1.2 * people[row["adcode"]] / 1e5 - n), 0)
        assert row["status"] == ("met" if row["value"] >= 1.2 else "no_data")
        assert "as_listed" in row["flags"]
    for row in rows_of(beijing, "venue_china"):
        n = sum(
            r["adcode"] == row["adcode"] and r["kind"] in ("science_museum", "center_city")
            for r in listed
        )
        assert row["value"] == (people[row["adcode"]] / n if n else None)
        assert ("no_venue" in row["flags"]) == (n == 0)
        if n == 0 and row["unknown"] == 0:
            assert (row["status"], row["distance_people"]) == ("unmet", people[row["adcode"]])


def test_the_city_counts_venues_of_no_known_district_too(beijing):
    by_district = rows_of(beijing, "bases")
    lost = sum(
        v.adcode is None and v.kind == "base" and v.status == "open" for v in beijing.area.venues
    )
    (city,) = rows_of(beijing, "bases", CITY)
    assert lost > 0
    assert city["value"] == sum(r["value"] for r in by_district) + lost
    assert city["adcode"] is city["rank"] is city["zone_zh"] is None


@pytest.mark.parametrize("level", ["district", CITY])
def test_access_is_the_share_of_coverage_and_has_no_target_until_told(beijing, level):
    for standard in beijing.standards:
        question = parse_question(beijing.standards, (), standard=standard.id)
        rows = rows_of(beijing, standard.id, level)
        assert [r["value"] for r in rows] == [
            c["share"] for c in coverage(beijing, question, level)
        ]
        for r in rows:
            assert (r["status"], r["target"]) == ("no_data", None)
            assert "no_target" in r["flags"]
            assert "demand_modelled" in r["flags"]


def test_a_user_s_target_for_access_tells_how_many_people_are_missing(beijing):
    told = with_extras(
        beijing,
        indicators=[
            indicator("walk15", None, target=0.3),
            indicator("walk15", "110108", target=0.2),
        ],
    )
    rows = rows_of(told, "walk15")
    question = parse_question(beijing.standards, (), standard="walk15")
    for row, c in zip(rows, coverage(beijing, question), strict=True):
        target = 0.2 if row["adcode"] == "110108" else 0.3
        assert row["target"] == target
        assert row["distance_people"] == max(math.ceil(target * c["people"] - c["covered"]), 0)
        assert (row["distance_people"] == 0) == (row["status"] == "met")
        assert row["standing_zh"] == "自定指标"
    about = next(d for d in definitions(told) if d["id"] == "walk15")
    assert about["standing"] == "own"
    assert next(d for d in definitions(beijing) if d["id"] == "walk15")["suggested"]


def test_a_status_the_positions_could_change_is_flagged(beijing):
    question = parse_question(beijing.standards, (), standard="walk15")
    c = next(r for r in coverage(beijing, question) if r["low"] < r["share"])
    target = c["share"]
    told = with_extras(beijing, indicators=[indicator("walk15", c["adcode"], target=target)])
    row = only(rows_of(told, "walk15"), c["adcode"])
    assert row["status"] == "met"
    assert "status_uncertain" in row["flags"]
    sure = with_extras(beijing, indicators=[indicator("walk15", c["adcode"], target=1.0)])
    assert "status_uncertain" not in only(rows_of(sure, "walk15"), c["adcode"])["flags"]


def test_a_user_s_value_takes_the_place_of_what_would_be_computed(beijing):
    told = with_extras(
        beijing,
        indicators=[
            indicator("hall_m2_per_10k", "110108", value=40.0, year=2025),
            indicator("hall_m2_per_10k", "110108", value=10.0, year=2020),
            indicator("hall_m2_per_10k", "110101", value=29.0),
        ],
    )
    rows = rows_of(told, "hall_101")
    here, other = only(rows, "110108"), only(rows, "110101")
    assert (here["value"], here["status_zh"], here["rank"], here["of"]) == (40, "达标", 1, 2)
    assert (here["value_year"], here["value_source"]) == (2025, "自报")
    assert (other["value"], other["status_zh"], other["rank"]) == (29, "接近", 2)
    assert other["distance_m2"] == pytest.approx(70.8829, abs=0.06)
    assert "user_value" in here["flags"]
    assert only(rows, "110105")["status"] == "no_data"


def test_an_indicator_of_the_user_s_own_is_a_yardstick_of_its_own(beijing):
    told = with_extras(
        beijing,
        indicators=[
            indicator("科普活动", "110101", value=50, target=40, direction="at_most"),
            indicator("科普活动", "110102", value=30, target=40, direction="at_most"),
        ],
    )
    rows = rows_of(told, "科普活动")
    assert [only(rows, a)["status_zh"] for a in ("110101", "110102", "110105")] == [
        "未达", "达标", "无数据",
    ]  # fmt: skip
    assert [only(rows, a)["rank"] for a in ("110101", "110102", "110105")] == [2, 1, None]
    assert only(rows, "110105")["flags"] == ["no_data:not_imported", "no_target"]


def test_literacy_is_the_survey_s_for_the_city_and_nobody_s_for_a_district(beijing):
    (city,) = rows_of(beijing, "literacy_2025", CITY)
    assert (city["value"], city["target"], city["status_zh"]) == (24.07, 28, "未达")
    assert (city["standing_zh"], city["flags"]) == ("应达标准", ["value_of:2020"])
    for row in rows_of(beijing, "literacy_2025"):
        assert (row["value"], row["standing_zh"]) == (None, "参考值")
        assert row["flags"] == ["no_data:not_imported"]


def test_without_registered_people_that_basis_is_no_data_with_its_reason(beijing):
    for yardstick in ("hall_101", "museums_2025", "venue_china"):
        for level in ("district", CITY):
            for row in rows_of(beijing, yardstick, level, "registered"):
                assert (row["value"], row["status"], row["people"]) == (None, "no_data", None)
                assert "no_data:no_registered_population" in row["flags"]


def test_registered_people_are_the_basis_where_they_were_imported(beijing):
    one = {"registered": 500_000, "year": 2024, "source": "公安"}
    told = with_extras(beijing, population={"110101": one})
    row = only(rows_of(told, "venue_china", basis="registered"), "110101")
    assert (row["value"], row["people"], row["basis"]) == (500_000 / 7, 500_000, "registered")
    assert rows_of(told, "venue_china", CITY, "registered")[0]["people"] is None
    every = dict.fromkeys(beijing.area.districts["adcode"], one)
    told = with_extras(beijing, population=every)
    (city,) = rows_of(told, "hall_101", CITY, "registered")
    assert (city["people"], city["target"], city["standing_zh"]) == (8_000_000, 30, "应达标准")
    told = with_extras(beijing, population={**every, "city": {**one, "registered": 3_000_000}})
    (city,) = rows_of(told, "hall_101", CITY, "registered")
    assert (city["people"], city["target"], city["target_high"]) == (3_000_000, 36, 42)
    row = only(rows_of(told, "hall_101", basis="registered"), "110101")
    assert (row["target"], row["implied_m2"]) == (36, 1800)


def test_ranks_are_among_sixteen_and_within_the_functional_zone(beijing):
    zone = dict(
        zip(beijing.area.districts["adcode"], beijing.area.districts["zone_zh"], strict=True)
    )
    rows = rows_of(beijing, "walk15")
    for r in rows:
        mates = [s for s in rows if zone[s["adcode"]] == zone[r["adcode"]]]
        assert r["zone_zh"] == zone[r["adcode"]]
        assert (r["of"], r["zone_of"]) == (16, len(mates))
        assert r["rank"] == 1 + sum(s["value"] > r["value"] for s in rows)
        assert r["zone_rank"] == 1 + sum(s["value"] > r["value"] for s in mates)


def test_crowded_halls_are_flagged_above_the_band(beijing):
    one = next(v for v in beijing.area.venues if v.venue_id == "V110102-001")
    venues = tuple(
        replace(v, exhibition_m2=1000.0, visits_per_year=70_000.0) if v is one else v
        for v in beijing.area.venues
    )
    busy = replace(beijing, area=replace(beijing.area, venues=venues))
    row = only(rows_of(busy, "visits_101"), "110102")
    assert (row["value"], row["status"]) == (70, "no_data")  # six others are not known
    assert {"partial", "above_band"} <= set(row["flags"])


def test_the_csv_is_blank_where_there_is_no_data(beijing):
    text = yardsticks_csv(rows_of(beijing, "hall_101")).decode("utf-8-sig")
    first, *others = csv.DictReader(text.splitlines())
    assert (first["value"], first["distance_m2"], first["status_zh"]) == ("", "", "无数据")
    assert len(others) == 15


@pytest.mark.parametrize(
    ("param", "asked"),
    [
        ("basis", {"basis": "户籍"}),
        ("yardstick", {"yardstick": "nothing"}),
        ("yardstick", {"yardstick": "\x00" * 5000}),
        ("level", {"level": "township"}),
        ("level", {"level": "city", "districts": ["110101"]}),
        ("basis", {"basis": "registered", "yardstick": "walk15"}),
        ("basis", {"basis": "registered", "yardstick": "bases"}),
    ],
)
def test_what_cannot_be_answered_names_its_parameter_and_what_is_allowed(beijing, param, asked):
    with pytest.raises(BadQueryError) as refused:
        ask_yardsticks(beijing, **asked)
    assert refused.value.param == param
    assert refused.value.allowed


def test_yardsticks_of_one_city_are_not_held_against_another(beijing):
    elsewhere = replace(
        beijing,
        area=replace(beijing.area, meta=beijing.area.meta.model_copy(update={"id": "elsewhere"})),
    )
    ids = {d["id"] for d in definitions(elsewhere)}
    assert ids.isdisjoint({"museums_2025", "literacy_2025"})
    assert "hall_101" in ids
    found, _, told = measured(elsewhere, "science_literacy", CITY)
    assert np.isnan(found.value).all()
    assert told == [None]


def test_a_yardstick_takes_no_target_of_nothing():
    with pytest.raises(ValueError, match="greater than 0"):
        Yardstick(
            id="x", name_zh="x", name_en="x", metric="x", direction="at_least", value=0,
            standing="own", applies_to="city", source="x", confidence="low",
        )  # fmt: skip
