"""The state of the records: every venue and every estimated resident is in one count."""

import json
from collections import Counter

import pytest
from typer.testing import CliRunner

from venuenet.cli import app
from venuenet.model import LocatedVenue
from venuenet.publish.quality import BEYOND, PRECISIONS, UNCONFIRMED, quality, to_confirm
from venuenet.publish.words import FLAGS


@pytest.fixture(scope="module")
def rows(beijing):
    return quality(beijing)


def test_every_venue_is_in_exactly_one_row(beijing, rows):
    assert sum(r["venues"] for r in rows) == len(beijing.area.venues) == 233
    assert [r["adcode"] for r in rows] == [*beijing.area.districts["adcode"], None]
    counted = Counter(v.adcode for v in beijing.area.venues)
    assert [r["venues"] for r in rows] == [counted[r["adcode"]] for r in rows]


def test_located_venues_fall_into_one_class_of_precision_each(beijing, rows):
    for row in rows:
        classes = [row[name] for _, name in PRECISIONS] + [row[BEYOND]]
        assert sum(classes) == row["located"] == row["venues"] - row["unlocated"]
    placed = [v for v in beijing.area.venues if isinstance(v, LocatedVenue)]
    assert sum(r[BEYOND] for r in rows) == sum(v.precision_m > 1000 for v in placed)
    assert sum(r["within_100_m"] for r in rows) == sum(v.precision_m <= 100 for v in placed)


def test_no_branch_has_a_position_and_every_district_is_told_so(rows):
    assert [r["branches_unlocated"] for r in rows[:16]] == [1] * 16


def test_estimated_residents_are_those_of_townships_without_a_census_figure(beijing, rows):
    towns = beijing.area.townships
    known = towns["residents"].groupby(towns["adcode"]).sum()
    for row, people in zip(rows[:16], beijing.area.districts["people"], strict=True):
        assert row["people_estimated"] == people - known[row["adcode"]]
    assert sum(r["townships"] for r in rows) == 343
    assert sum(r["townships_without_census"] for r in rows) == 343 - 104
    assert sum(r["townships_without_point"] for r in rows) == 20


def test_what_is_to_settle_has_a_reason_in_plain_words(beijing, rows):
    items = to_confirm(beijing)
    ids = {i["venue_id"] for i in items}
    for v in beijing.area.venues:
        weak = not isinstance(v, LocatedVenue) or bool(UNCONFIRMED & set(v.flags))
        assert (v.venue_id in ids) == weak
    assert all(i["why"] and set(i["why"]) <= set(FLAGS) for i in items)
    haidian = to_confirm(beijing, ["110108"])
    assert {i["adcode"] for i in haidian} == {"110108"}


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_the_command_tells_the_same(beijing_data, rows, form):
    arguments = ["quality", "房山", "--format", form, "--data", str(beijing_data)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    fangshan = next(r for r in rows if r["adcode"] == "110111")
    if form == "json":
        assert json.loads(result.stdout)["items"] == [fangshan]
    else:
        people = fangshan["people_estimated"]
        assert (f"{people:,}" if form == "table" else str(people)) in result.stdout
