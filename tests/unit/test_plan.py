"""Objectives of the plan: progress by hand, in time or late, and nothing made up."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuenet.plan import Progress, period_of, progress
from venuenet.publish.answers import CITY, coverage
from venuenet.publish.plan import plan_csv, plan_rows
from venuenet.questions import parse_question

DAY = dt.date
# baseline, target, now | begins, ends, today | done, expected, on track, reached
HAND = """
0.40 0.60 0.50  2025-12-31 2030-12-31 2028-06-30  0.50  0.499  yes no
0.40 0.60 0.45  2025-12-31 2030-12-31 2028-06-30  0.25  0.499  no  no
0.40 0.60 0.30  2025-12-31 2030-12-31 2026-01-01 -0.50  0.001  no  no
0.40 0.60 0.70  2025-12-31 2030-12-31 2025-12-31  1.50  0      yes yes
800  500  650   2021-01-01 2025-12-31 2026-05-01  0.50  1      no  no
800  500  500   2021-01-01 2025-12-31 2026-05-01  1     1      yes yes
800  500  400   2021-01-01 2025-12-31 2020-05-01  1.333 0      yes yes
"""


@pytest.mark.parametrize("line", HAND.strip().splitlines())
def test_progress_is_as_worked_out_by_hand(line):
    base, target, now, begins, ends, today, done, expected, track, reached = line.split()
    got = progress(
        float(base), float(target), float(now),
        *(dt.date.fromisoformat(d) for d in (begins, ends, today)),
    )  # fmt: skip
    assert got.done == pytest.approx(float(done), abs=5e-4)
    assert got.expected == pytest.approx(float(expected), abs=5e-4)
    assert (got.on_track, got.reached) == (track == "yes", reached == "yes")


DATES = DAY(2026, 1, 1), DAY(2030, 12, 31), DAY(2027, 1, 1)


def test_a_missing_number_is_no_progress_never_zero():
    for baseline, now in ((None, 0.5), (0.1, None)):
        got = progress(baseline, 1.0, now, *DATES)
        assert got.done is got.on_track is got.reached is None
        assert got.expected is not None
    assert progress(0.5, 0.5, 0.5, *DATES) == Progress(None, got.expected, None, None)


def test_without_a_day_of_the_baseline_nobody_is_late():
    got = progress(0.0, 1.0, 0.5, None, DATES[1], DATES[2])
    assert got == Progress(0.5, None, None, False)
    assert progress(0.0, 1.0, 0.5, DATES[1], DATES[1], DATES[2]).expected is None


numbers = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))


@given(numbers, numbers, numbers, st.floats(0.1, 100))
def test_progress_does_not_depend_on_the_unit_and_is_whole_at_the_target(base, target, now, unit):
    if abs(target - base) < 0.01:
        return
    one = progress(base, target, now, *DATES)
    other = progress(base * unit, target * unit, now * unit, *DATES)
    assert one.done == pytest.approx(other.done, rel=1e-6, abs=1e-6)
    assert progress(base, target, target, *DATES).done == 1
    assert progress(base, target, target, *DATES).on_track
    assert progress(base, target, base, *DATES).done == 0


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (DAY(2020, 12, 31), None), (DAY(2021, 1, 1), "十四五"), (DAY(2025, 12, 31), "十四五"),
        (DAY(2026, 1, 1), "十五五"), (DAY(2030, 12, 31), "十五五"), (DAY(2031, 1, 1), None),
    ],
)  # fmt: skip
def test_every_day_of_a_plan_period_is_in_it(day, name):
    found = period_of(day)
    assert (found[1] if found else None) == name


def objective(**more):
    return {
        "objective": "o1", "name_zh": "步行可达", "name_en": None, "adcode": "110101",
        "metric": "walk15", "baseline": 0.2, "baseline_date": "2025-12-31", "target": 0.6,
        "target_date": "2030-12-31", "owner": "区科协", "source": "规划", **more,
    }  # fmt: skip


def planned(snapshot, *objectives, as_of=None, indicators=()):
    m = snapshot.manifest
    extras = {"objectives": list(objectives), "indicators": list(indicators)}
    m = replace(m, parameters={**m.parameters, "extras": extras}, as_of=as_of or m.as_of)
    return replace(snapshot, manifest=m)


def test_no_objectives_no_rows(beijing):
    assert plan_rows(beijing) == []


def test_now_is_the_value_of_the_snapshot(beijing):
    question = parse_question(beijing.standards, (), standard="walk15")
    share = coverage(beijing, question)[0]["share"]
    (row,) = plan_rows(planned(beijing, objective()))
    assert row["now"] == share
    assert row["progress"] == pytest.approx((share - 0.2) / 0.4)
    passed = (beijing.manifest.as_of - DAY(2025, 12, 31)) / (DAY(2030, 12, 31) - DAY(2025, 12, 31))
    assert row["expected"] == pytest.approx(passed)
    assert row["on_track"] is (row["progress"] >= passed)
    assert (row["period_zh"], row["baseline_from"], row["area_zh"]) == ("十五五", "given", "东城区")
    assert "demand_modelled" in row["flags"]


def test_a_city_s_objective_is_measured_on_the_city(beijing):
    question = parse_question(beijing.standards, (), standard="transit45")
    (row,) = plan_rows(planned(beijing, objective(adcode=None, metric="transit45")))
    assert row["now"] == coverage(beijing, question, CITY)[0]["share"]
    assert row["area_zh"] == "北京市"


def test_an_earlier_snapshot_is_the_baseline_of_objectives_without_one(beijing):
    asked = objective(baseline=None, baseline_date=None, metric="bases", target=10)
    now = planned(beijing, asked)
    (row,) = plan_rows(now)
    assert (row["progress"], row["baseline_from"], row["before"]) == (None, None, None)
    assert {"no_baseline", "no_baseline_date"} <= set(row["flags"])
    fewer = tuple(
        replace(v, status="closed") if v.adcode == "110101" and v.kind == "base" else v
        for v in beijing.area.venues
    )
    before = replace(
        planned(beijing, as_of=DAY(2026, 1, 1)), area=replace(beijing.area, venues=fewer)
    )
    (row,) = plan_rows(now, before)
    assert (row["baseline"], row["now"], row["progress"]) == (0, 4, 0.4)
    assert (row["baseline_date"], row["baseline_from"]) == ("2026-01-01", "snapshot")
    assert (row["before"], row["before_date"]) == (0, "2026-01-01")
    (given,) = plan_rows(planned(beijing, {**asked, "baseline": 2.0}), before)
    assert (given["baseline"], given["progress"]) == (2, 0.25)


@pytest.mark.parametrize(
    ("more", "flag"),
    [
        ({"metric": "gone"}, "no_data:unknown_metric"),
        ({"adcode": "310101"}, "no_data:unknown_district"),
        ({"metric": "hall_m2_per_10k"}, "no_data:figures_unknown"),
        ({"metric": "science_literacy"}, "no_data:not_imported"),
        ({"target_date": "2026-01-01", "target": 1.0}, "overdue"),
    ],
)
def test_what_is_not_known_or_overdue_is_said(beijing, more, flag):
    (row,) = plan_rows(planned(beijing, objective(**more)))
    assert flag in row["flags"]
    if flag.startswith("no_data"):
        assert row["now"] is row["progress"] is row["on_track"] is None


def test_a_user_s_own_indicator_can_be_an_objective(beijing):
    told = {
        "indicator": "活动", "name_zh": "活动", "name_en": None, "unit": "次", "adcode": "110101",
        "value": 30.0, "target": None, "year": 2026, "direction": "at_least", "source": "自报",
    }  # fmt: skip
    asked = objective(metric="活动", baseline=20.0, target=40.0)
    (row,) = plan_rows(planned(beijing, asked, indicators=[told]))
    assert (row["now"], row["progress"], row["unit"]) == (30, 0.5, "次")
    assert "user_value" in row["flags"]


def test_objectives_are_those_of_the_districts_asked_for(beijing):
    two = planned(beijing, objective(), objective(objective="o2", adcode="110102"))
    assert [r["objective"] for r in plan_rows(two)] == ["o1", "o2"]
    assert [r["objective"] for r in plan_rows(two, None, ["110102"])] == ["o2"]


def test_the_csv_runs_no_formula(beijing):
    told = plan_csv(plan_rows(planned(beijing, objective(name_zh="=1+1"))))
    assert "'=1+1" in told.decode("utf-8-sig")
