"""Tables of one's own: joined by name whatever their order, and refused with every fault."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from venuenet.errors import TravelDataError
from venuenet.siting import frames
from venuenet.siting.cover import cover_most
from venuenet.siting.frames import town
from venuenet.siting.types import Rules

DOC = Path(__file__).parents[2] / "docs" / "siting.md"


def tables(seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Ten places, five sites and most of the ways between them, rows in random order."""
    rng = np.random.default_rng(seed)
    pairs = [(f"p{i}", f"s{j}", float(100 * i + j)) for i in range(10) for j in range(5)]
    ways = pd.DataFrame(pairs, columns=["place", "site", "cost"]).sample(
        frac=0.8, random_state=seed
    )
    places = pd.DataFrame({"people": np.arange(10) + 1}, index=[f"p{i}" for i in range(10)])
    sites = pd.DataFrame(
        {"district": ["a", "b", "a", "b", None], "cost": [1.0, 2, 3, 4, 5]},
        index=[f"s{j}" for j in range(5)],
    )
    return ways, places.sample(frac=1, random_state=rng.integers(99)), sites.sample(frac=1)


@pytest.mark.parametrize("seed", range(5))
def test_every_way_comes_to_its_place_and_site(seed: int) -> None:
    ways, places, sites = tables(seed)
    here = town(ways, places, sites)
    given = {(p, s): c for p, s, c in ways.itertuples(index=False)}
    for i, place in enumerate(here.places):
        assert here.people[i] == int(place[1:]) + 1
        for j, site in enumerate(here.sites.index):
            assert here.cost[i, j] == given.get((place, site), np.inf)
    assert np.array_equal(here.within(500), here.cost <= 500)


def test_rules_go_by_names_and_the_chosen_come_back_as_rows() -> None:
    ways, places, sites = tables()
    sites = sites.sort_index().assign(status=["fixed", "forced", None, "forbidden", ""])
    here = town(ways, places, sites)
    rules = here.rules(budget=9, at_least={"a": 1}, at_most={"b": 1})
    assert (rules.fixed, rules.forced, rules.forbidden) == ((0,), (1,), (3,))
    assert rules.cost is not None
    assert rules.district is not None
    assert rules.cost.tolist() == [1, 2, 3, 4, 5]
    assert rules.district.tolist() == [0, 1, 0, 1, -1]
    assert (rules.budget, rules.at_least, rules.at_most) == (9, {0: 1}, {1: 1})
    plan = cover_most(here.within(500), here.people, rules)
    assert list(here.chosen(plan).index) == [f"s{j}" for j in plan.chosen]
    assert {"s1", "s2"} <= set(here.chosen(plan).index)
    with pytest.raises(KeyError, match="nowhere"):
        here.rules(at_least={"nowhere": 1})


def test_what_is_not_said_is_free() -> None:
    ways, places, sites = tables()
    rules = town(ways, places, sites[[]]).rules(count=2)
    assert rules.cost is not None
    assert rules.district is not None
    assert (rules.cost == 1).all()
    assert (rules.district == -1).all()
    assert (rules.fixed, rules.forced, rules.forbidden) == ((), (), ())
    assert rules.count == 2
    assert rules.budget is None


def test_every_fault_is_told_with_its_row() -> None:
    ways = pd.DataFrame(
        [
            ("p1", "s1", 10), ("p2", "s1", -1), ("p1", "s1", 12), ("q", "s1", 5), ("p1", "t", 5),
            ("p2", "s2", None), ("p2", "s3", np.inf),
        ],
        columns=["place", "site", "cost"],
    )  # fmt: skip
    places = pd.DataFrame({"people": [5, -3, "many"]}, index=["p1", "p2", "p1"])
    sites = pd.DataFrame({"status": ["", "open", ""]}, index=["s1", "s2", "s3"])
    with pytest.raises(TravelDataError) as refused:
        town(ways, places, sites)
    assert {(f.file, f.row, f.column) for f in refused.value.faults} == {
        ("ways", 3, "cost"), ("ways", 4, "site"), ("ways", 5, "place"), ("ways", 6, "site"),
        ("ways", 7, "cost"), ("ways", 8, "cost"), ("places", 3, "people"), ("places", 4, "people"),
        ("places", 4, "index"), ("sites", 3, "status"),
    }  # fmt: skip
    assert "repeats row 2" in str(refused.value)


def test_names_of_another_kind_are_no_match() -> None:
    ways, places, sites = tables()
    ways["place"] = [int(place[1:]) for place in ways["place"]]
    with pytest.raises(TravelDataError) as refused:
        town(ways, places, sites)
    *listed, rest = refused.value.faults
    assert len(listed) == frames.LISTED
    assert {f.column for f in listed} == {"place"}
    assert rest.row is None
    assert f"{len(ways) - frames.LISTED} more" in rest.en()


@pytest.mark.parametrize(
    "cells",
    [
        pd.to_timedelta([60, 70], unit="s"),
        pd.to_datetime(["2026-01-01", "2026-01-02"]),
        pd.to_timedelta([60, 70], unit="s").astype(object),
        [True, False],
        [1j, 2],
        ["1,200", "十"],
        pd.array([None, None], dtype="Int64"),
    ],
)
def test_what_is_no_number_is_never_read_as_one(cells: Any) -> None:
    ways = pd.DataFrame({"place": ["p", "p"], "site": ["s", "t"], "cost": cells})
    with pytest.raises(TravelDataError) as refused:
        town(ways, pd.DataFrame({"people": [5]}, index=["p"]), pd.DataFrame(index=["s", "t"]))
    assert [(f.row, f.column) for f in refused.value.faults] == [(2, "cost"), (3, "cost")]


def test_numbers_as_text_and_status_as_a_category_are_read() -> None:
    ways = pd.DataFrame({"place": ["p", "p"], "site": ["s", "t"], "cost": ["1", "2.5"]})
    places = pd.DataFrame({"people": ["5"]}, index=["p"])
    status = pd.Categorical(["forced", None], categories=["forced"])
    here = town(
        ways, places, pd.DataFrame({"status": status, "cost": ["3", "4"]}, index=["s", "t"])
    )
    assert here.cost.tolist() == [[1, 2.5]]
    assert here.people.tolist() == [5]
    rules = here.rules()
    assert rules.forced == (0,)
    assert rules.cost is not None
    assert rules.cost.tolist() == [3, 4]


def test_missing_columns_and_too_many_pairs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    ways, places, sites = tables()
    with pytest.raises(TravelDataError) as refused:
        town(ways.drop(columns="cost"), places.drop(columns="people"), sites)
    assert [(f.file, f.column) for f in refused.value.faults] == [
        ("ways", "cost"), ("places", "people"),
    ]  # fmt: skip
    with pytest.raises(TravelDataError, match="appears twice"):
        town(pd.concat([ways, ways[["cost"]]], axis=1), places, sites)
    monkeypatch.setattr(frames, "MOST_PAIRS", 49)
    with pytest.raises(TravelDataError, match="50 pairs"):
        town(ways, places, sites)
    monkeypatch.setattr(frames, "MOST_PAIRS", 50)
    town(ways, places, sites)


def test_the_example_in_the_docs_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    code = DOC.read_text(encoding="utf-8").split("```python")[1].split("```")[0]
    exec(code, {})
    said = re.findall(r"print\(.*# (?:.*: )?(.+)", code)
    assert capsys.readouterr().out.splitlines() == said
    assert len(said) == 2


def test_a_rule_from_names_is_the_rule_from_columns() -> None:
    ways, places, sites = tables()
    here = town(ways, places, sites[["cost"]])
    by_hand = Rules(count=2, cost=sites["cost"].to_numpy())
    assert (
        cover_most(here.within(500), here.people, here.rules(count=2)).objective
        == cover_most(here.cost <= 500, here.people, by_hand).objective
    )
