"""Groups travel at their own pace, by their own mode, to what serves them; all residents do not."""

import dataclasses
import json

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from tests.golden.test_minicity import HERE, people_by_hand
from venuenet import cli, pipeline
from venuenet.area import load as load_area
from venuenet.cli import app
from venuenet.demand.shares import Share, Shares
from venuenet.demand.shares_file import store_shares
from venuenet.errors import BadQueryError
from venuenet.model import KINDS, SCIENCE_KINDS, Question
from venuenet.publish import answers, how, words
from venuenet.publish.groups import as_asked, group_rows, groups_csv
from venuenet.publish.report import report_html
from venuenet.publish.snapshot import read, write
from venuenet.questions import Habit, parse_question
from venuenet.standards import HERE as STANDARDS
from venuenet.standards import load_travel_rules
from venuenet.standards.groups import load_groups
from venuenet.store import SnapshotFolder

PACK = HERE / "pack"
WALK15 = Question(mode="walk", minutes=15)


def inputs(**more):
    return pipeline.Inputs(PACK, HERE / "standards.yaml", HERE / "assumptions.yaml", **more)


def by_hand(**more):
    """The mini-city with the people of its demand.tsv."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "build_demand", lambda *_: people_by_hand())
        return pipeline.compute(inputs(**more))


def own_table(folder, **changes):
    """The shipped table of groups with values of some groups changed: ``seniors_mode="walk"``."""
    table = yaml.safe_load((STANDARDS / "groups.yaml").read_text(encoding="utf-8"))
    for name, value in changes.items():
        group, what = name.rsplit("_", 1)
        entry = table["default"] if group == "default" else table["groups"][group]
        entry[what]["value"] = value
    path = folder / "groups.yaml"
    path.write_text(yaml.safe_dump(table, allow_unicode=True), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def city():
    return by_hand()


@pytest.fixture(scope="module")
def alike(tmp_path_factory):
    """Everybody walks as adults do."""
    folder = tmp_path_factory.mktemp("alike")
    return by_hand(groups=own_table(folder, seniors_traveller="adult"))


def covered(snapshot, question):
    return [r["covered"] for r in answers.coverage(snapshot, question)]


# Own pace


def test_where_seniors_walk_more_slowly_fewer_of_them_arrive(city, alike):
    """README.md: C02's 100 seniors of A need 1200 s instead of 900; B's 90 at C09 arrive."""
    seniors = dataclasses.replace(WALK15, group="seniors")
    assert covered(alike, seniors) == [1480, 90]
    assert covered(city, seniors) == [1380, 90]


def test_who_travels_is_said_with_every_answer(city, alike):
    for mode, who in (("walk", "senior"), ("transit", "senior"), ("drive", "adult")):
        question = Question(mode=mode, group="seniors")
        flags = answers.coverage(city, question)[0]["flags"]
        assert how.describe_travel(city, question)["traveller"]["id"] == who
        assert ("traveller:senior" in flags) == (who == "senior")
        assert ("老年人，" in words.question_text(city, question, "zh") + "，") or who == "adult"
        assert how.describe_travel(alike, question)["traveller"]["id"] == "adult"
    named = how.asked_traveller_words(city, Question(group="seniors"))
    assert named == ("出行者：老年人", "traveller: senior")
    assert how.asked_traveller_words(city, Question(group="workers")) is None


def test_all_residents_are_answered_byte_for_byte_as_without_the_groups(city, alike):
    for question in (Question(), WALK15, Question(mode="drive"), Question(surface_transit=True)):
        for level in ("district", "township", "city"):
            one, other = (json.dumps(answers.coverage(s, question, level)) for s in (city, alike))
            assert one == other
        assert answers.gap_rows(city, question) == answers.gap_rows(alike, question)
        assert how.describe_travel(city, question) == how.describe_travel(alike, question)


def test_assumed_buses_are_everybodys_and_stand_beside_nobody_elses_times(city):
    seniors = Question(group="seniors")
    assert all("with_surface" not in r for r in answers.coverage(city, seniors))
    assert all("with_surface" in r for r in answers.coverage(city, Question()))
    assert all("with_surface" in r for r in answers.coverage(city, Question(group="workers")))
    assumed = dataclasses.replace(seniors, surface_transit=True)
    assert how.describe_travel(city, assumed)["traveller"]["id"] == "adult"
    assert how.table_for(city, assumed) is city.surface


def test_only_travellers_a_group_needs_are_computed_and_none_beside_one_chosen(city, alike):
    assert {who: set(tables) for who, tables in city.others.items()} == {
        "senior": {"walk", "transit"}
    }
    assert alike.others == {}
    chosen = by_hand(traveller="senior")
    assert chosen.others == {}
    assert how.asked_traveller(chosen, Question(group="workers"))["id"] == "senior"
    same = [chosen.times[m].near_s for m in ("walk", "transit")]
    for one, mode in zip(same, ("walk", "transit"), strict=True):
        assert np.array_equal(one, city.others["senior"][mode].near_s)


def test_a_group_without_cars_does_not_arrive_by_car(tmp_path):
    city = by_hand(groups=own_table(tmp_path, seniors_traveller="no_car"))
    assert set(city.others["no_car"]) == {"walk", "transit", "drive"}
    assert covered(city, Question(mode="drive", group="seniors")) == [0, 0]
    assert sum(covered(city, Question(mode="drive"))) > 0


def test_a_traveller_nobody_has_heard_of_is_refused(tmp_path):
    with pytest.raises(BadQueryError) as error:
        by_hand(groups=own_table(tmp_path, workers_traveller="robot"))
    assert error.value.param == "groups"
    assert error.value.allowed == list(load_travel_rules().travellers)


# Kept and named


def test_the_tables_of_others_are_read_back_bit_by_bit(city, tmp_path):
    write(city, tmp_path / "s")
    back = read(tmp_path / "s")
    assert back.groups == city.groups
    assert back.others.keys() == city.others.keys()
    for mode, times in city.others["senior"].items():
        for field in dataclasses.fields(times):
            one, other = (
                getattr(times, field.name),
                getattr(back.others["senior"][mode], field.name),
            )
            assert np.array_equal(one, other) if isinstance(one, np.ndarray) else one == other
    seniors = dataclasses.replace(WALK15, group="seniors")
    assert answers.coverage(back, seniors) == answers.coverage(city, seniors)


def test_a_snapshots_name_tells_whose_the_other_tables_are(city, alike, tmp_path):
    assert city.manifest.snapshot == by_hand().manifest.snapshot
    assert city.manifest.snapshot != alike.manifest.snapshot
    as_child = by_hand(groups=own_table(tmp_path, seniors_traveller="child"))
    assert as_child.manifest.snapshot != city.manifest.snapshot
    table = city.others["senior"]["walk"]
    from venuenet.publish.snapshot import _digest  # noqa: PLC0415  the name itself is meant

    one, other = (
        _digest({}, city.demand, {f"travel-walk@{who}": table}) for who in ("senior", "child")
    )
    assert one != other


def test_another_table_of_groups_or_new_shares_make_a_snapshot_outdated(city, tmp_path):
    extras = tmp_path / "inputs"
    assert not pipeline.is_outdated(inputs(extras=extras), city.manifest)
    own = own_table(tmp_path, seniors_mode="walk")
    assert pipeline.is_outdated(inputs(groups=own), city.manifest)
    store_shares(Shares((Share("workers", "A", "", 0.1, 2020, "某局"),)), extras)
    assert pipeline.is_outdated(inputs(extras=extras), city.manifest)


def test_shares_of_another_area_make_a_snapshot_outdated_but_served_all_the_same(city, tmp_path):
    SnapshotFolder(tmp_path).publish(city, lambda folder: write(city, folder))
    store_shares(Shares((Share("workers", "110108", "", 0.1, 2020, "某局"),)), tmp_path / "inputs")
    assert cli._is_outdated(SnapshotFolder(tmp_path), inputs(extras=tmp_path / "inputs"))


def test_what_users_keep_for_plans_is_part_of_the_manifest_only_where_there_is_any(
    city, tmp_path, monkeypatch
):
    assert "extras" not in city.manifest.parameters
    monkeypatch.setattr(pipeline, "read_extras", lambda folder: {"population": {"A": folder.name}})
    kept = by_hand(extras=tmp_path / "inputs")
    assert kept.manifest.parameters["extras"] == {"population": {"A": "inputs"}}
    assert pipeline.is_outdated(inputs(), kept.manifest)
    assert not pipeline.is_outdated(inputs(extras=tmp_path / "inputs"), kept.manifest)


# Own mode and fit


HABITS = {"seniors": Habit("walk", ("base", "center_city"))}


def ask(**words_):
    return parse_question((), ("seniors", "workers"), habits=HABITS, **words_)


def test_a_group_goes_by_its_mode_to_what_serves_it_unless_the_question_says_otherwise():
    asked = ask(group="seniors")
    assert (asked.mode, asked.kinds, asked.minutes) == ("walk", ("base", "center_city"), 45)
    assert ask(group="seniors", mode="drive").mode == "drive"
    assert ask(group="seniors", mode="drive").kinds == ("base", "center_city")
    assert ask(group="seniors", kinds="science").kinds == SCIENCE_KINDS
    assert ask(group="seniors", kinds="science").mode == "walk"
    assert ask(group="seniors", minutes=30).mode == "walk"
    assert ask(group="seniors", surface_transit="true").mode == "transit"


def test_nobody_else_is_touched_by_a_groups_habits():
    for words_ in ({}, {"group": "all"}):
        assert ask(**words_) == Question()
    assert ask(group="workers") == Question(group="workers")


def test_a_standard_is_the_same_for_every_group(city):
    standard = city.standards[0]
    question = parse_question(
        city.standards, ("seniors",), standard=standard.id, group="seniors", habits=HABITS
    )
    assert (question.mode, question.kinds, question.k) == (
        standard.mode, standard.kinds, standard.k,
    )  # fmt: skip


def test_kinds_chosen_by_the_fit_are_flagged(tmp_path):
    city = by_hand(groups=own_table(tmp_path, seniors_kinds=["science_museum"]))
    habits = city.groups.habits(["seniors", "workers"])
    question = parse_question(
        city.standards, ("seniors", "workers"), mode="walk", minutes=15, group="seniors",
        habits=habits,
    )  # fmt: skip
    assert question.kinds == ("science_museum",)
    rows = answers.coverage(city, question)
    assert all(r["flags"].count("group_fit") == 1 for r in rows)
    # V2 is the only science hall: 320 of C05 and 600 of C06
    assert [r["covered"] for r in rows] == [920, 0]
    everything = dataclasses.replace(question, kinds=SCIENCE_KINDS)
    assert all("group_fit" not in r["flags"] for r in answers.coverage(city, everything))
    everybody = dataclasses.replace(question, group="all")
    assert all("group_fit" not in r["flags"] for r in answers.coverage(city, everybody))
    assert how.fitted(city, question)
    assert not how.fitted(city, dataclasses.replace(question, standard="halls15"))
    assert "人群表" in words.flag_text("group_fit", "zh")


# Beside the average


def test_all_residents_have_no_fit_whatever_unnamed_groups_have(tmp_path, city):
    rules = load_groups(own_table(tmp_path, default_kinds=["base"]))
    odd = dataclasses.replace(city, groups=rules)
    assert not how.fitted(odd, Question(kinds=("base",)))
    assert how.fitted(odd, Question(group="pupils", kinds=("base",)))


def test_groups_stand_beside_all_residents(city):
    rows = group_rows(city, as_asked(WALK15, {"mode", "minutes"}))
    assert [(r["adcode"], r["group"]) for r in rows] == [
        ("A", "seniors"), ("A", "workers"), ("B", "seniors"), ("B", "workers"),
    ]  # fmt: skip
    a, nobody, b, _ = rows
    assert (a["people"], a["covered"], a["group_share"]) == (1800, 1380, 0.2)
    assert (a["share"], a["residents_share"]) == (1380 / 1800, 7400 / 9000)
    assert a["points"] == -5.56  # 76.67 - 82.22
    assert a["ratio"] == 0.9324
    assert (a["traveller"], a["standing"], b["standing"]) == ("senior", "known", "estimated")
    assert (b["share"], b["residents_share"], b["points"]) == (0.225, 0.225, 0)
    blank = ("people", "covered", "share", "low", "high", "points", "ratio", "group_share")
    assert [nobody[name] for name in blank] == [None] * len(blank)
    assert "no_data:group_unknown" in nobody["flags"]
    assert nobody["standing"] == "unknown"
    (total, _) = group_rows(city, as_asked(WALK15, {"mode"}), "city")
    assert (total["people"], total["covered"], total["standing"]) == (2200, 1470, "estimated")
    assert total["points"] == round(100 * (1470 / 2200 - 8300 / 13000), 2)
    assert "traveller:senior" in groups_csv(rows).decode()


def test_a_group_is_compared_by_its_own_mode_with_all_venues_of_all_residents(tmp_path):
    own = own_table(tmp_path, seniors_mode="drive", seniors_kinds=["science_museum"])
    city = by_hand(groups=own)
    for given, mode, kinds in (
        ((), "drive", ("science_museum",)),
        (("mode",), "transit", ("science_museum",)),
        (("kinds",), "drive", SCIENCE_KINDS),
        (("standard",), "transit", SCIENCE_KINDS),
    ):
        row = group_rows(city, as_asked(Question(minutes=15, group="seniors"), given))[0]
        assert (row["mode"], tuple(row["kinds"])) == (mode, kinds)
        everybody = answers.coverage(city, Question(mode=mode, minutes=15))[0]
        assert row["residents_share"] == everybody["share"]


def test_with_assumed_buses_every_group_goes_by_transit(tmp_path):
    city = by_hand(groups=own_table(tmp_path, seniors_mode="drive"))
    question = Question(minutes=30, surface_transit=True)
    rows = group_rows(city, as_asked(question, {"surface_transit"}))
    assert {r["mode"] for r in rows} == {"transit"}
    assert {r["traveller"] for r in rows} == {"adult"}


# Imported groups


def test_an_imported_group_exists_from_the_next_build_on(tmp_path):
    before = pipeline.compute(inputs())
    assert [g.id for g in before.area.meta.groups] == ["seniors", "workers"]
    shares = Shares(
        (
            Share("disabled", "A", "", 0.02, 2024, "残联"),
            Share("pupils", "B", "", 0.1, 2023, "教委"),
            Share("workers", "A", "A1", 0.5, 2022, "工会"),
        ),
        {"pupils": ("中小学生", "Pupils")},
    )
    store_shares(shares, tmp_path)
    after = pipeline.compute(inputs(extras=tmp_path))
    write(after, tmp_path / "s")
    for city in (after, read(tmp_path / "s")):
        groups = {g.id: g for g in city.area.meta.groups}
        assert list(groups) == ["seniors", "workers", "disabled", "pupils"]
        assert groups["disabled"].name_zh == "残疾人"
        assert groups["pupils"].name_en == "Pupils"
        assert "残联 2024" in groups["disabled"].note_zh
        assert (
            city.manifest.sources[-1].title == "导入的人群比例（残联 2024; 教委 2023; 工会 2022）"
        )
        rows = answers.coverage(city, Question(group="disabled"))
        assert [r["people"] for r in rows] == [180, None]
        assert "traveller:senior" in rows[0]["flags"]
        pupils = answers.coverage(city, Question(group="pupils"))
        assert [r["people"] for r in pupils] == [None, 400]
        # half of A1 alone says nothing of A2, and so of neither district
        assert [r["people"] for r in answers.coverage(city, Question(group="workers"))] == [
            None
        ] * 2
        page = report_html(city, "A", WALK15)
        assert "残联 2024" in page
        assert "时间按出行者“老年人”计算" in page
    for name in ("cell", "people", "row_cell"):
        assert np.array_equal(getattr(before.demand, name), getattr(after.demand, name))
    assert np.array_equal(before.demand.groups["seniors"], after.demand.groups["seniors"])
    assert json.dumps(answers.coverage(before, Question())) == json.dumps(
        answers.coverage(after, Question())
    )


def test_estimated_shares_stay_marked_beside_imported_ones(tmp_path):
    store_shares(Shares((Share("seniors", "B", "B1", 0.2, 2024, "某局"),)), tmp_path)
    city = pipeline.compute(inputs(extras=tmp_path))
    a, b = answers.coverage(city, Question(group="seniors"))
    assert "group_estimated" not in a["flags"]
    assert "group_estimated" in b["flags"]
    rows = group_rows(city, as_asked(Question(group="seniors"), ()))
    assert [r["standing"] for r in rows] == ["known", "estimated"]
    towns = answers.coverage(city, Question(group="seniors"), "township")
    assert towns[2]["people"] == round(0.2 * 800)
    # the city's 16.92 % of 13,000 is kept: 1800 of A, 160 of B1, the rest of B2
    assert sum(r["people"] for r in (a, b)) == round(0.1692 * 13_000)


def test_commands_take_shares_in_show_them_and_take_them_out(tmp_path):
    def run(*told, code=0):
        words_ = [*told, "--area", str(PACK), "--data", str(tmp_path)]
        result = CliRunner().invoke(app, ["groups", *words_])
        assert result.exit_code == code, result.output
        return result.output

    path = tmp_path / "list.csv"
    path.write_text("区,人群,比例,年份,来源\n甲区,残疾人,2%,2024,残联\n", encoding="utf-8")
    kept = tmp_path / "inputs" / "shares.csv"
    assert "added 1" in run("import", str(path), "--dry-run")
    assert not kept.exists()
    assert "added 1" in run("import", str(path))
    assert "unchanged 1" in run("import", str(path))
    first = kept.read_bytes()
    path.write_text(
        "区,人群,比例,年份,来源\n甲区,残疾人,3%,2024,残联\n乙区,残疾人,x,2024,\n", "utf-8"
    )
    assert "row" in run("import", str(path), code=2)
    assert kept.read_bytes() == first
    path.write_text("区,人群,比例,年份,来源\n甲区,残疾人,3%,2024,残联\n", "utf-8")
    assert "changed 1" in run("import", str(path))
    assert "甲区" in run("show")
    assert json.loads(run("show", "--format", "json"))["items"][0]["share"] == 0.03
    assert run("show", "--format", "csv").encode() == kept.read_bytes()
    assert "pupils" not in run("remove", "nobody", code=2)
    run("remove", code=2)
    run("remove", "disabled", "--all", code=2)
    run("remove", "disabled")
    assert not kept.exists()
    run("import", str(path))
    run("remove", "--all")
    assert not kept.exists()


def test_the_template_is_a_csv_or_refused(tmp_path):
    told = ["groups", "template", "--area", str(PACK), "-o"]
    assert CliRunner().invoke(app, [*told, str(tmp_path / "t.csv")]).exit_code == 0
    assert (tmp_path / "t.csv").read_text("utf-8-sig").startswith("区,街道乡镇,人群")
    assert CliRunner().invoke(app, [*told, str(tmp_path / "t.pdf")]).exit_code == 2


def test_the_answer_is_printed_in_every_form(tmp_path, city):
    SnapshotFolder(tmp_path).publish(city, lambda folder: write(city, folder))

    def run(*told):
        result = CliRunner().invoke(app, ["groups", "list", *told, "--data", str(tmp_path)])
        assert result.exit_code == 0, result.output
        return result.output

    assert "无数据" in run("--standard", "walk15")
    said = json.loads(run("甲区", "--mode", "walk", "--minutes", "15", "--format", "json"))
    assert said["items"][0]["points"] == -5.56
    assert {r["adcode"] for r in said["items"]} == {"A"}
    assert said["total"][0]["covered"] == 1470
    assert run("--format", "csv").count("\n") == 5


# The table


def test_every_group_of_the_embedded_area_has_its_rule_and_source():
    rules = load_groups()
    known = [g.id for g in load_area().meta.groups]
    assert set(known) | {"children", "disabled"} == set(rules.groups)
    for rule in (rules.default, *rules.groups.values()):
        for said in (rule.traveller, rule.mode, rule.kinds):
            assert said.source
            assert said.confidence in ("high", "medium", "low")
        # Nobody publishes which kinds serve whom: all of them serve everybody.
        assert rule.kinds.value == SCIENCE_KINDS
        assert rule.traveller.value in load_travel_rules().travellers
    assert rules.of("seniors").traveller.value == "senior"
    assert rules.of("nobody") is rules.default


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seniors_mode": "fly"}, "mode"),
        ({"seniors_kinds": []}, "kinds"),
        ({"seniors_kinds": ["zoo"]}, "kinds"),
        ({"seniors_kinds": "zoo"}, "kinds"),
        ({"seniors_traveller": "../x"}, "traveller"),
        ({"default_mode": 3, "seniors_mode": None}, "2"),
    ],
)
def test_a_faulty_table_is_refused_with_all_its_faults(tmp_path, change, said):
    with pytest.raises(BadQueryError, match=said):
        load_groups(own_table(tmp_path, **change))


def test_a_fit_is_the_same_question_in_any_order(tmp_path):
    path = own_table(tmp_path, seniors_kinds=["other", "base", "base"], workers_kinds="all")
    rules = load_groups(path)
    assert rules.of("seniors").habit.kinds == ("base", "other")
    assert rules.of("workers").habit.kinds == KINDS
