"""GET /equity and /equity/spots, and the commands beside them, over Beijing."""

import csv
import io
import json
import re
import warnings
from dataclasses import replace
from urllib.parse import quote, unquote

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, shape
from typer.testing import CliRunner

from api.app import create_app
from venuenet import equity
from venuenet.access.ask import MEASURES, AccessSpec
from venuenet.cli import app
from venuenet.coverage import kth_seconds
from venuenet.model import SCIENCE_KINDS, UNREACHED, Question
from venuenet.publish.equity import equity_answer
from venuenet.publish.equity_ask import EquityAsk
from venuenet.publish.spots import spot_words
from venuenet.spots import gi_star, local_moran
from venuenet.store import SnapshotFolder

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette would rather have httpx2, which is not httpx
    from starlette.testclient import TestClient

NUMBERS = ("mean", "gini", "palma", "theil", "fgt0", "fgt1", "fgt2", "concentration")
runner = CliRunner()


@pytest.fixture(scope="module")
def client(beijing_data):
    with TestClient(create_app(SnapshotFolder(beijing_data)), raise_server_exceptions=False) as c:
        yield c


@pytest.fixture(scope="module")
def get(client):
    """JSON of a path that must answer."""

    def ask(path):
        response = client.get(path)
        assert response.status_code == 200, response.text
        return response.json()

    return ask


def refused(client, path, param):
    """Ask what cannot be answered; return the problem, which names the parameter."""
    response = client.get(path)
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["param"] == param
    assert re.search(r"[\u4e00-\u9fff]", problem["detail"])
    assert re.search(r"[A-Za-z]{3}", problem["detail_en"])
    return problem


@pytest.fixture(scope="module")
def residents(beijing):
    """Minutes by transit, persons and district of every row, straight from the snapshot."""
    demand = beijing.demand
    seconds = kth_seconds(beijing.times["transit"], SCIENCE_KINDS)
    assert (seconds < UNREACHED).all()
    district = demand.cell_district[demand.row_cell]
    return (seconds / 60)[demand.row_cell], demand.people, district


# The numbers


def test_items_are_the_districts_in_order_and_add_up_to_the_city(get):
    answer = get("/equity")
    assert [i["adcode"] for i in answer["items"]] == [
        i["adcode"] for i in get("/coverage")["items"]
    ]
    assert sum(i["people"] for i in answer["items"]) == 21_893_095 == answer["total"]["people"]
    assert (answer["by"], answer["measure"], answer["line"]) == ("district", "nearest", 45)
    assert (answer["cost"], answer["rank_by"], answer["minutes"]) == (True, None, 45)
    assert "分钟" in answer["unit"]


def test_each_item_is_what_the_pure_measures_say_of_its_people(get, residents):
    minutes, people, district = residents
    answer = get("/equity")
    for d, item in enumerate(answer["items"]):
        here = district == d
        for name in ("mean", "gini", "palma", "theil"):
            expected = getattr(equity, name)(minutes[here], people[here])
            assert item[name] == pytest.approx(expected)
        expected = equity.fgt_excess(minutes[here], people[here], 45)
        assert [item[f"fgt{a}"] for a in (0, 1, 2)] == pytest.approx(expected)
    total = answer["total"]
    assert total["gini"] == pytest.approx(equity.gini(minutes, people))
    both = equity.theil_between_within(minutes, people, district)
    assert (total["theil_between"], total["theil_within"]) == pytest.approx(both)
    assert sum(both) == pytest.approx(total["theil"], abs=1e-12)


def test_the_lorenz_curve_of_the_total_has_at_most_21_points(get):
    lorenz = np.array(get("/equity")["total"]["lorenz"])
    assert lorenz.shape == (21, 2)
    assert lorenz[[0, -1]].tolist() == [[0, 0], [1, pytest.approx(1)]]
    assert (np.diff(lorenz[:, 1], 2) >= -1e-12).all()


def test_the_mean_and_the_people_agree_with_coverage(get):
    for ours, theirs in zip(get("/equity")["items"], get("/coverage")["items"], strict=True):
        assert ours["people"] == theirs["people"]
        assert round(ours["mean"], 1) == theirs["mean_minutes"]


def test_town_and_country_are_everybody_and_told_apart_by_estimate(get):
    answer = get("/equity?by=urban_rural")
    urban, rural = answer["items"]
    assert (urban["part"], rural["part"], rural["group"]) == ("urban", "rural", "rural")
    assert urban["people"] + rural["people"] == 21_893_095
    assert rural["mean"] > urban["mean"]
    for item in answer["items"]:
        assert {"group_estimated", "urban_rural_modelled"} <= set(item["flags"])
    total = answer["total"]
    assert total["theil_between"] + total["theil_within"] == pytest.approx(total["theil"])
    assert total["theil_between"] < get("/equity")["total"]["theil_between"]


def test_groups_nobody_knows_are_no_data_and_say_so(get):
    items = {i["group"]: i for i in get("/equity?by=group")["items"]}
    for group in ("farmers", "workers", "cadres"):
        assert all(items[group][n] is None for n in ("people", "left_out", *NUMBERS))
        assert "no_data:group_unknown" in items[group]["flags"]
    assert items["seniors"]["people"] == get("/coverage?group=seniors")["total"]["people"]
    assert "group_estimated" in items["seniors"]["flags"]
    assert items["seniors"]["gini"] > 0


def test_by_group_keeps_the_total_and_its_split_between_districts(get):
    assert get("/equity?by=group")["total"] == get("/equity")["total"]


@pytest.mark.parametrize("group", ["seniors", "youth", "rural"])
def test_a_group_is_measured_at_its_own_pace_as_if_asked_about_alone(get, group):
    item = next(i for i in get("/equity?by=group")["items"] if i["group"] == group)
    alone = get(f"/equity?group={group}&kinds=science")["total"]
    assert {n: item[n] for n in NUMBERS} == {n: alone[n] for n in NUMBERS}


def test_an_unknown_group_is_no_data_everywhere(get):
    answer = get("/equity?group=farmers")
    for row in (*answer["items"], answer["total"]):
        assert row["people"] is None
        assert row["gini"] is None
        assert "no_data:group_unknown" in row["flags"]
    assert answer["total"]["lorenz"] is None


def test_a_district_whose_share_is_known_is_not_told_as_estimated(get):
    flags = {i["adcode"]: i["flags"] for i in get("/equity?group=seniors")["items"]}
    assert "group_estimated" not in flags["110105"]
    assert "group_estimated" in flags["110101"]


def test_branches_without_a_position_are_no_data_not_zero(get):
    answer = get("/equity?kinds=center_district")
    for row in (*answer["items"], answer["total"]):
        assert row["people"] > 0
        assert all(row[n] is None for n in NUMBERS)
        assert "no_data:venues_unlocated" in row["flags"]


def test_people_nothing_reaches_are_counted_apart(beijing, get):
    far = replace(beijing.times["walk"], near_s=np.array(beijing.times["walk"].near_s))
    cells = beijing.demand.cell_district == 3
    far.near_s[:, :, :, cells] = UNREACHED
    cut_off = replace(beijing, times={**beijing.times, "walk": far})
    answer = equity_answer(
        cut_off, Question(mode="walk"), EquityAsk(AccessSpec("nearest"), line=45)
    )
    item = answer["items"][3]
    assert item["left_out"] == item["people"] > 0
    assert all(item[n] is None for n in NUMBERS)
    assert "no_data:unreached" in item["flags"]
    total = answer["total"]
    assert total["left_out"] == item["people"]
    assert "unreached_left_out" in total["flags"]
    before = get("/equity?mode=walk")
    assert answer["items"][4]["gini"] == before["items"][4]["gini"]
    kept = [i for i in before["items"] if i["adcode"] != item["adcode"]]
    mean = sum(i["people"] * i["mean"] for i in kept) / sum(i["people"] for i in kept)
    assert total["mean"] == pytest.approx(mean)


# Concentration


def test_long_journeys_concentrate_where_many_are_rural(get):
    total = get("/equity?rank_by=rural")["total"]
    assert 0 < total["concentration"] < 1
    assert "rank_estimated" in total["flags"]


def test_the_index_ranks_districts_by_their_share_of_the_group(beijing, get, residents):
    minutes, people, district = residents
    rural = beijing.demand.groups["rural"]
    share = np.bincount(district, rural) / np.bincount(district, people)
    by_hand = equity.concentration(minutes, people, np.round(share, 4)[district])
    assert get("/equity?rank_by=rural")["total"]["concentration"] == pytest.approx(by_hand)


@pytest.mark.parametrize("group", ["youth", "seniors_65"])
def test_a_share_that_is_the_citys_everywhere_ranks_nobody(get, group):
    total = get(f"/equity?rank_by={group}")["total"]
    assert total["concentration"] is None
    assert "no_data:ranked_alike" in total["flags"]


def test_a_district_has_one_share_and_no_index_of_its_own(get):
    for item in get("/equity?rank_by=rural")["items"]:
        assert item["concentration"] is None
        assert "no_data:ranked_alike" in item["flags"]


def test_a_township_with_a_share_of_its_own_ranks_by_it(beijing):
    demand = beijing.demand
    rows = np.flatnonzero(demand.cell_district[demand.row_cell] == 5)
    towns = np.unique(demand.row_township[rows])
    moved = rows[np.isin(demand.row_township[rows], towns[: len(towns) // 2])]
    youth = np.array(demand.groups["youth"])
    youth[moved] = demand.people[moved] // 2
    known = replace(demand, groups={**demand.groups, "youth": youth})
    asked = EquityAsk(AccessSpec("nearest"), line=45, rank_by="youth")
    answer = equity_answer(replace(beijing, demand=known), Question(), asked)
    told = [i["concentration"] is not None for i in answer["items"]]
    assert told == [d == 5 for d in range(16)]
    assert answer["total"]["concentration"] is not None


def test_a_rank_nobody_knows_is_no_data(get):
    for row in (
        get("/equity?rank_by=farmers")["total"],
        get("/equity?rank_by=farmers")["items"][0],
    ):
        assert row["concentration"] is None
        assert row["gini"] is not None
        assert "no_data:rank_unknown" in row["flags"]


def test_without_rank_by_there_is_no_index_and_no_complaint(get):
    row = get("/equity")["total"]
    assert row["concentration"] is None
    assert not any(f.startswith("no_data:rank") for f in row["flags"])


# Benefits


def test_for_venues_in_reach_poor_is_below_the_line(get):
    answer = get("/equity?measure=cumulative&line=3")
    assert answer["cost"] is False
    for row in (*answer["items"], answer["total"]):
        assert 1 >= row["fgt0"] >= row["fgt1"] >= row["fgt2"] >= 0
    centre, edge = answer["items"][0], answer["items"][-1]
    assert centre["mean"] > edge["mean"]
    assert centre["fgt0"] < edge["fgt0"]


def test_without_a_line_a_benefit_has_no_poverty(get):
    answer = get("/equity?measure=cumulative")
    assert answer["line"] is None
    assert answer["total"]["fgt0"] is None
    assert "no_data:no_line" in answer["total"]["flags"]
    assert answer["total"]["gini"] is not None


def test_an_unknown_capacity_is_no_data_with_its_reason(get):
    total = get("/equity?measure=cumulative&supply=capacity&kinds=center_city")["total"]
    if total["gini"] is None:
        assert any(f.startswith("no_data:") for f in total["flags"])
    answer = get("/equity?measure=2sfca&supply=capacity")
    assert {"capacity_unknown", "capacity_assumed"} & set(answer["total"]["flags"])


def test_availability_is_told_per_head(get):
    answer = get("/equity?measure=availability&decay=binary")
    assert "合计" not in answer["unit"]
    shared = get("/equity?measure=2sfca")
    assert answer["total"]["mean"] == pytest.approx(shared["total"]["mean"])


@pytest.mark.parametrize("measure", MEASURES)
def test_every_measure_of_access_can_be_asked_about(get, measure):
    answer = get(f"/equity?measure={measure}")
    assert answer["measure"] == measure
    assert 0 < answer["total"]["gini"] < 1


# Every parameter changes the answer, or is refused

CHANGES = [
    ("by=group", ""),
    ("by=urban_rural", ""),
    ("line=60", ""),
    ("line=44.5", ""),
    ("rank_by=rural", ""),
    ("rank_by=seniors", "rank_by=rural"),
    ("measure=cumulative", ""),
    ("k=2", ""),
    ("measure=gravity&decay=power", "measure=gravity"),
    ("measure=gravity&decay_at=10", "measure=gravity"),
    ("measure=gravity&decay=logistic&decay_spread=5", "measure=gravity&decay=logistic"),
    ("measure=e2sfca&steps=10:1,45:0.2", "measure=e2sfca"),
    ("measure=cumulative_interval&interval=20-40", "measure=cumulative_interval"),
    ("measure=cumulative&supply=capacity", "measure=cumulative"),
    (
        "measure=cumulative&supply=capacity&unknown_capacity=minimum",
        "measure=cumulative&supply=capacity",
    ),
    ("mode=walk", ""),
    ("minutes=30", ""),
    ("standard=walk15", ""),
    ("standard=choice60", "standard=transit60"),
    ("group=seniors", ""),
    ("kinds=base", ""),
    ("surface_transit=true", ""),
    ("own_district=true", ""),
    ("district=海淀", ""),
]


@pytest.mark.parametrize(("query", "than"), CHANGES)
def test_every_parameter_changes_the_numbers(get, query, than):
    one, other = get(f"/equity?{query}"), get(f"/equity?{than}")
    assert (one["items"], one["total"]) != (other["items"], other["total"])


def test_a_district_is_all_the_answer_is_about(get):
    answer = get("/equity?district=海淀区&district=110114&by=district")
    assert [i["adcode"] for i in answer["items"]] == ["110108", "110114"]
    assert answer["total"]["people"] == sum(i["people"] for i in answer["items"])
    whole = {i["adcode"]: i for i in get("/equity")["items"]}
    assert answer["items"][0] == whole["110108"]
    one = get("/equity?district=海淀区")["total"]
    assert {n: one[n] for n in NUMBERS} == {n: whole["110108"][n] for n in NUMBERS}
    assert one["theil_between"] == pytest.approx(0)


REFUSED = [
    ("by=province", "by"),
    ("by=", "by"),
    ("line=0", "line"),
    ("line=-1", "line"),
    ("line=nan", "line"),
    ("line=inf", "line"),
    ("line=1e3", "line"),
    ("line=99999999999999999999", "line"),
    ("line=四十五", "line"),
    ("rank_by=all", "rank_by"),
    ("rank_by=老年人", "rank_by"),
    ("measure=covered", "measure"),
    ("measure=gini", "measure"),
    ("measure=" + quote("x" * 5000), "measure"),
    ("k=0", "k"),
    ("k=9", "k"),
    ("measure=cumulative&k=2", "k"),
    ("decay=power", "decay"),
    ("supply=capacity", "supply"),
    ("interval=10-20", "interval"),
    ("steps=10:1", "steps"),
    ("decay_at=10", "decay_at"),
    ("decay_spread=10", "decay_spread"),
    ("unknown_capacity=minimum", "unknown_capacity"),
    ("capacitated=true", "capacitated"),
    ("minutes=30&line=40", "minutes"),
    ("by=group&group=seniors", "group"),
    ("by=urban_rural&group=seniors", "group"),
    ("group=nobody", "group"),
    ("district=上海", "district"),
    ("unheard=1", "unheard"),
    ("by=group&by=group", "by"),
]


@pytest.mark.parametrize(("query", "param"), REFUSED)
def test_what_cannot_be_understood_or_would_change_nothing_is_refused(client, query, param):
    refused(client, f"/equity?{query}", param)


SPOTS_REFUSED = [
    ("statistic=hot", "statistic"),
    ("band_m=999", "band_m"),
    ("band_m=6001", "band_m"),
    ("band_m=nan", "band_m"),
    ("band_m=-3000", "band_m"),
    ("significance=0", "significance"),
    ("significance=0.3", "significance"),
    ("significance=nan", "significance"),
    ("measure=covered", "measure"),
    ("group=seniors", "group"),
    ("minutes=30", "minutes"),
    ("capacitated=true", "capacitated"),
    ("by=district", "by"),
    ("line=30", "line"),
    ("permutations=9", "permutations"),
    ("decay=power", "decay"),
    ("district=上海", "district"),
]


@pytest.mark.parametrize(("query", "param"), SPOTS_REFUSED)
def test_hot_spots_refuse_what_would_change_nothing(client, query, param):
    refused(client, f"/equity/spots?{query}", param)


@given(
    name=st.sampled_from(
        ["by", "line", "rank_by", "measure", "k", "statistic", "band_m", "significance", "steps"]
    ),
    value=st.text(max_size=30),
)
@settings(max_examples=60, deadline=None)
def test_no_input_is_ever_a_failure_of_the_service(client, name, value):
    for path in ("/equity", "/equity/spots"):
        answer = client.get(f"{path}?district=延庆&{name}={quote(value)}")
        assert answer.status_code in (200, 422)


# Hot spots


@pytest.fixture(scope="module")
def layer(get):
    return get("/equity/spots")


def test_the_layer_is_a_download_that_tells_where_it_is_from(client, layer):
    response = client.get("/equity/spots?district=海淀区")
    assert response.headers["content-type"] == "application/geo+json"
    name = unquote(response.headers["content-disposition"])
    assert name.startswith("attachment")
    assert "海淀区" in name
    assert layer["as_of"] in name
    assert layer["attribution"]
    assert layer["note_zh"].startswith("示意图")
    told = {k: layer[k] for k in ("statistic", "band_m", "significance", "measure")}
    assert told == {
        "statistic": "gi", "band_m": 3000, "significance": 0.05, "measure": "nearest",
    }  # fmt: skip


def test_every_cell_with_people_is_there_once_where_it_lies(beijing, layer):
    cells = [f["properties"]["cell"] for f in layer["features"]]
    assert len(set(cells)) == len(cells) == len(beijing.demand.cell)
    assert layer["cells_left_out"] == 0
    for i in range(0, len(cells), 500):
        centre = Point(beijing.demand.lon[i], beijing.demand.lat[i])
        assert shape(layer["features"][i]["geometry"]).contains(centre)


@pytest.mark.parametrize(("statistic", "judge"), [("gi", gi_star), ("moran", local_moran)])
def test_the_layer_holds_what_the_pure_statistic_says(beijing, get, statistic, judge):
    demand = beijing.demand
    minutes = kth_seconds(beijing.times["transit"], SCIENCE_KINDS) / 60
    found = judge(minutes, np.column_stack([demand.x, demand.y]), 3000)
    told = [f["properties"] for f in get(f"/equity/spots?statistic={statistic}")["features"]]
    assert [p["z"] for p in told] == pytest.approx(found.z, rel=1e-5)
    assert [p["p"] for p in told] == pytest.approx(found.p, rel=1e-5)
    assert [p["p_adjusted"] for p in told] == pytest.approx(found.p_adjusted, rel=1e-5)
    assert [p["value"] for p in told] == pytest.approx(minutes, rel=1e-5)
    assert [p["class"] for p in told] == found.spot.tolist()


def test_hot_minutes_are_called_poor_access_and_hot_venues_good():
    minutes, venues = AccessSpec("nearest"), AccessSpec("cumulative")
    assert spot_words("high", minutes)[0].startswith("可达性差聚集")
    assert spot_words("low", minutes)[0].startswith("可达性好聚集")
    assert spot_words("high", venues)[0].startswith("可达性好聚集")
    assert spot_words("low", venues)[0].startswith("可达性差聚集")
    assert "poor" in spot_words("high_high", minutes)[1]
    assert spot_words("high_low", minutes) == (
        "周边好、此处差（高-低）", "poor access amid good (high-low)",
    )  # fmt: skip
    assert spot_words("low_high", minutes)[0] == "周边差、此处好（低-高）"
    assert spot_words("none", minutes)[0] == "不显著"


def test_the_farthest_cells_cluster_as_poor_and_the_centre_as_good(layer):
    told = sorted((f["properties"] for f in layer["features"]), key=lambda p: p["value"])
    assert told[-1]["class_zh"].startswith("可达性差聚集")
    dongcheng = [p for p in told if p["adcode"] == "110101"]
    assert {p["class"] for p in dongcheng} == {"low"}
    assert sum(layer["classes"].values()) == len(told)


def test_a_district_is_judged_among_the_whole_city(layer, get):
    here = get("/equity/spots?district=海淀区")["features"]
    assert here == [f for f in layer["features"] if f["properties"]["adcode"] == "110108"]
    assert len(here) > 100


SPOTS_CHANGE = [
    "statistic=moran", "band_m=1500", "significance=0.000001", "measure=cumulative",
    "k=2", "mode=walk", "standard=choice60", "kinds=base", "surface_transit=true",
    "own_district=true", "measure=cumulative&minutes=20", "district=延庆",
]  # fmt: skip


@pytest.mark.parametrize("query", SPOTS_CHANGE)
def test_every_parameter_changes_the_layer(get, query):
    one, other = (get(f"/equity/spots?district=朝阳{more}") for more in (f"&{query}", ""))
    assert one["features"] != other["features"]


def test_unlocated_branches_have_no_layer_and_say_why(get):
    answer = get("/equity/spots?kinds=center_district")
    assert answer["features"] == []
    assert "no_data:venues_unlocated" in answer["flags"]
    assert answer["cells_left_out"] > 10_000


# The commands


def run(data, *args):
    return runner.invoke(app, [*args, "--data", str(data)])


def test_the_command_gives_what_the_interface_gives(beijing_data, get):
    asked = ["equity", "海淀", "--by", "urban_rural", "--rank-by", "rural", "--format", "json"]
    answer = json.loads(run(beijing_data, *asked).stdout)
    theirs = get("/equity?district=海淀&by=urban_rural&rank_by=rural")
    assert answer == theirs


def test_the_table_names_every_district_and_the_total(beijing_data):
    result = run(beijing_data, "equity", "--rank-by", "rural")
    assert result.exit_code == 0
    for words in ("东城区", "延庆区", "合计", "21,893,095", "基尼", "集中", "截至", "数据来源"):
        assert words in result.stdout


def test_the_table_says_no_data_where_there_is_none(beijing_data):
    result = run(beijing_data, "equity", "--by", "group")
    assert result.stdout.count("无数据") >= 3


def test_the_csv_leaves_no_data_blank(beijing_data):
    result = run(beijing_data, "equity", "--by", "group", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout.removeprefix("\ufeff"))))
    farmers = next(r for r in rows if r["group"] == "farmers")
    assert farmers["gini"] == farmers["people"] == ""
    assert "no_data:group_unknown" in farmers["flags"]
    assert float(next(r for r in rows if r["group"] == "rural")["gini"]) > 0


EQUITY_OPTIONS = [
    ("--measure", "cumulative"), ("--line", "60"), ("--rank-by", "rural"), ("--by", "group"),
    ("--k", "2"), ("--mode", "walk"), ("--minutes", "30"), ("--standard", "walk15"),
    ("--group", "seniors"), ("--kinds", "base"), ("--surface-transit",), ("--own-district",),
]  # fmt: skip


@pytest.fixture(scope="module")
def plain(beijing_data):
    return run(beijing_data, "equity", "--format", "csv").stdout


@pytest.mark.parametrize("option", EQUITY_OPTIONS)
def test_every_option_changes_the_answer(beijing_data, plain, option):
    changed = run(beijing_data, "equity", "--format", "csv", *option)
    assert changed.exit_code == 0
    assert changed.stdout != plain


MEASURE_OPTIONS = [
    ("--measure", "gravity", "--decay", "power"), ("--measure", "gravity", "--decay-at", "10"),
    ("--measure", "gravity", "--decay", "logistic", "--decay-spread", "5"),
    ("--measure", "gravity", "--decay", "stepped", "--steps", "10:1,45:0.2"),
    ("--measure", "cumulative_interval", "--interval", "20-40"),
    ("--measure", "gravity", "--supply", "capacity"),
    ("--measure", "gravity", "--supply", "capacity", "--unknown-capacity", "minimum"),
]  # fmt: skip


def test_the_measures_options_each_change_the_answer(beijing_data):
    said = [run(beijing_data, "equity", "--format", "json", *o).stdout for o in MEASURE_OPTIONS]
    means = [json.loads(text)["total"]["mean"] for text in said]
    assert len(set(means)) == len(means)


def test_a_bad_option_leaves_with_two_and_says_what_is_allowed(beijing_data):
    result = run(beijing_data, "equity", "--by", "province")
    assert result.exit_code == 2
    assert "urban_rural" in result.stderr


def test_the_layer_is_written_as_the_interface_gives_it(beijing_data, tmp_path, client):
    file = tmp_path / "聚集区.geojson"
    result = run(
        beijing_data, "spots", "延庆", "-o", str(file), "--statistic", "moran", "--band-m", "2000",
        "--significance", "0.1", "--k", "2",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    path = "/equity/spots?district=延庆&statistic=moran&band_m=2000&significance=0.1&k=2"
    assert file.read_bytes() == client.get(path).content


def test_a_refused_layer_leaves_no_file(beijing_data, tmp_path):
    file = tmp_path / "spots.geojson"
    result = run(beijing_data, "spots", "-o", str(file), "--band-m", "5")
    assert result.exit_code == 2
    assert not file.exists()
    assert run(beijing_data, "spots", "-o", str(file), "--minutes", "30").exit_code == 2
