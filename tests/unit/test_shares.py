"""Imported shares: read whole or refused whole, kept whole, and counted to the person."""

import csv
import multiprocessing
import os
import signal
from dataclasses import replace
from fractions import Fraction
from math import floor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venuenet import area as areas
from venuenet.demand import shares_file, shares_read
from venuenet.demand.groups import share_out
from venuenet.demand.shares import TOLERANCE, Share, Shares, contradictions, merged, without
from venuenet.demand.shares_faults import SAYS
from venuenet.errors import SourceError
from venuenet.packformat import Group
from venuenet.standards.groups import load_groups

MINI = Path(__file__).parents[1] / "golden" / "minicity" / "pack"
HEADER = "区,街道乡镇,人群,比例,年份,来源,中文名,英文名"
AREA, RULES = areas.load(MINI), load_groups()


def taken(folder, *lines, header=HEADER, kept=None, name="list.csv"):
    path = folder / name
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return shares_file.read_list(path, AREA, RULES, kept)


def share(group, adcode, town, value):
    return Share(group, adcode, town, value, 2020, "某局")


# Reading


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("甲区,,seniors,0.25,2020,某局,,", ("seniors", "A", "", 0.25)),
        ("A,,老年人,25%,2020年,某局,,", ("seniors", "A", "", 0.25)),
        ("Jia,,Seniors,25 ％,2020,某局,,", ("seniors", "A", "", 0.25)),
        (",甲一街道,workers,0,2020,某局,,", ("workers", "A", "A1", 0)),
        ("甲区,甲一,workers,1,2020,某局,,", ("workers", "A", "A1", 1)),
        (",A2,残疾人,100%,2020,某局,,", ("disabled", "A", "A2", 1)),
        ("District B,Township B1,children,5e-2,2020,某局,,", ("children", "B", "B1", 0.05)),
        ("甲区,,pupils,0.1,2020,某局,中小学生,Pupils", ("pupils", "A", "", 0.1)),
    ],
)
def test_a_row_is_understood_as_people_write_it(tmp_path, line, expected):
    (row,) = taken(tmp_path, line).shares.rows
    assert (row.group, row.adcode, row.township, row.share) == expected
    assert (row.year, row.source) == (2020, "某局")


def test_under_a_percent_header_plain_figures_are_percent(tmp_path):
    header = HEADER.replace("比例", "占比（%）")
    (row,) = taken(tmp_path, "甲区,,seniors,12.5,2020,某局,,", header=header).shares.rows
    assert row.share == 0.125
    (row,) = taken(tmp_path, "甲区,,seniors,0.5%,2020,某局,,", header=header).shares.rows
    assert row.share == 0.005
    with pytest.raises(SourceError) as error:
        taken(tmp_path, "甲区,,seniors,0.5,2020,某局,,", header=header)
    assert "50 %" in error.value.faults[0].what_en


FAULTS = {
    "district": "丙区,,seniors,0.1,2020,某局,,",
    "township": "甲区,乙一镇,seniors,0.1,2020,某局,,",
    "no_area": ",,seniors,0.1,2020,某局,,",
    "group": "甲区,,蓝精灵,0.1,2020,某局,,",
    "names": "甲区,,pupils,0.1,2020,某局,中小学生,",
    "other_name": "甲区,,disabled,0.1,2020,某局,残障,",
    "number": "甲区,,seniors,很多,2020,某局,,",
    "range": "甲区,,seniors,1.01,2020,某局,,",
    "year": "甲区,,seniors,0.1,去年,某局,,",
    "blank": "甲区,,seniors,0.1,2020,,,",
    "long": f"甲区,,seniors,0.1,2020,{'某' * 201},,",
    "wide": "甲区,,seniors,0.1,2020,某局,,,多",
}


@pytest.mark.parametrize("code", FAULTS)
def test_every_fault_names_its_row_and_how_to_mend_it(tmp_path, code):
    with pytest.raises(SourceError) as error:
        taken(tmp_path, "乙区,,seniors,0.1,2020,某局,,", FAULTS[code])
    (fault,) = error.value.faults
    assert fault.row == 3
    assert fault.what_zh
    assert fault.what_en
    assert fault.mend_zh.startswith(SAYS[code][2].split("{")[0])
    assert fault.mend_en.startswith(SAYS[code][3].split("{")[0])


@pytest.mark.parametrize(
    "text", ["nan", "inf", "-inf", "1e999", "-0.1", "200%", "=0.1", "0,1", "٣"]
)
def test_no_share_is_made_of_what_is_none(tmp_path, text):
    with pytest.raises(SourceError) as error:
        taken(tmp_path, f'甲区,,seniors,"{text}",2020,某局,,')
    assert [f.column for f in error.value.faults] == ["比例"]


def test_all_faults_of_a_file_are_told_at_once(tmp_path):
    with pytest.raises(SourceError) as error:
        taken(tmp_path, *FAULTS.values())
    assert {f.row for f in error.value.faults} == set(range(2, 2 + len(FAULTS)))


@pytest.mark.parametrize("wrong", ["all", "Seniors2", "a b", "x" * 33, "../x"])
def test_a_new_group_needs_an_id_that_is_one(tmp_path, wrong):
    with pytest.raises(SourceError) as error:
        taken(tmp_path, f"甲区,,{wrong},0.1,2020,某局,某,Some")
    assert [f.column for f in error.value.faults] == ["人群"]


def test_a_group_and_area_given_twice_is_a_fault_whatever_it_is_called(tmp_path):
    with pytest.raises(SourceError) as error:
        taken(tmp_path, "甲区,,seniors,0.1,2020,某局,,", "A,,老年人,0.1,2021,别局,,")
    (fault,) = error.value.faults
    assert fault.row == 3
    assert "第 2 行" in fault.what_zh


def test_a_misspelt_column_is_not_passed_over(tmp_path):
    with pytest.raises(SourceError) as error:
        taken(tmp_path, "甲区,甲一,seniors,0.1,2020,某局", header="区,街道名儿,人群,比例,年份,来源")
    assert [(f.row, f.column) for f in error.value.faults] == [(1, "街道名儿")]
    with pytest.raises(SourceError) as error:
        taken(tmp_path, "甲区,A,seniors,0.1,2020,某局", header="区,区划代码,人群,比例,年份,来源")
    assert [f.column for f in error.value.faults] == ["区划代码"]


def test_a_table_without_its_columns_or_rows_is_refused(tmp_path):
    for header, line in (("区,人群,比例", "甲区,seniors,0.1"), (HEADER, "甲区,,seniors,,,,,")):
        with pytest.raises(SourceError):
            taken(tmp_path, line, header=header)


def test_a_township_of_two_districts_has_to_be_told_apart(tmp_path):
    towns = AREA.townships.copy()
    towns.loc[towns["township_code"] == "B1", "name_zh"] = "甲一镇"
    twins = replace(AREA, townships=towns)
    path = tmp_path / "list.csv"
    path.write_text(f"{HEADER}\n,甲一,seniors,0.1,2020,某局,,\n", encoding="utf-8")
    with pytest.raises(SourceError, match="A1 B1"):
        shares_file.read_list(path, twins, RULES)
    path.write_text(f"{HEADER}\n乙区,甲一,seniors,0.1,2020,某局,,\n", encoding="utf-8")
    assert shares_file.read_list(path, twins, RULES).shares.rows[0].township == "B1"


def test_limits_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(shares_read, "ROWS", 3)
    rows = [f"甲区,{t},seniors,0.1,2020,某局,," for t in ("A1", "A2", "")]
    assert len(taken(tmp_path, *rows[:2]).shares.rows) == 2
    with pytest.raises(SourceError, match="3 行"):
        taken(tmp_path, *rows)
    monkeypatch.setattr(shares_read, "GROUPS", 1)
    with pytest.raises(SourceError, match="1 类"):
        taken(tmp_path, rows[0], "甲区,,workers,0.1,2020,某局,,")
    monkeypatch.setattr(shares_file, "FILE_BYTES", 10)
    with pytest.raises(SourceError, match="MB"):
        taken(tmp_path, rows[0])


def test_a_workbook_is_read_like_a_text_file(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["2024 年各区老年人"])
    sheet.append(["区", "人群", "比例", "年份", "来源", "备注"])
    sheet.append(["甲区", "老年人", 0.2, 2024, "某局", "x"])
    sheet.append(["乙区", "老年人", "12%", 2024, "某局", None])
    book.save(tmp_path / "a.xlsx")
    found = shares_file.read_list(tmp_path / "a.xlsx", AREA, RULES)
    assert [(r.adcode, r.share, r.year) for r in found.shares.rows] == [
        ("A", 0.2, 2024),
        ("B", 0.12, 2024),
    ]


cells = st.one_of(
    st.sampled_from(
        ["区", "人群", "比例%", "甲区", "A1", "seniors", "50%", "1e400", "2020", "{x}", ""]
    ),
    st.text(max_size=8),
)


@given(st.lists(st.lists(cells, max_size=8), max_size=8), st.booleans())
@settings(deadline=None, max_examples=150)
def test_whatever_a_file_holds_it_is_read_or_refused_in_words(tmp_path_factory, rows, headed):
    path = tmp_path_factory.mktemp("fuzz") / "list.csv"
    with path.open("w", encoding="utf-8", newline="", errors="surrogatepass") as file:
        csv.writer(file).writerows([HEADER.split(","), *rows] if headed else rows)
    try:
        found = shares_file.read_list(path, AREA, RULES)
    except SourceError as error:
        assert all(f.what_zh and f.mend_en for f in error.faults)
    else:
        assert all(0 <= row.share <= 1 for row in found.shares.rows)


# What contradicts


@pytest.mark.parametrize(
    ("lines", "true"),
    [
        # A1 has 3500 of A's 9000: all of A1 are 38.9 % of A, none of A1 leaves 61.1 %.
        (["甲区,,seniors,0.38,2020,某局,,", ",A1,seniors,1,2020,某局,,"], False),
        (["甲区,,seniors,0.39,2020,某局,,", ",A1,seniors,1,2020,某局,,"], True),
        (["甲区,,seniors,0.62,2020,某局,,", ",A1,seniors,0,2020,某局,,"], False),
        (["甲区,,seniors,0.61,2020,某局,,", ",A1,seniors,0,2020,某局,,"], True),
        # B2's residents are not on record: whatever it has may be true.
        (["乙区,,seniors,0.5,2020,某局,,", ",B2,seniors,1,2020,某局,,"], True),
    ],
)
def test_a_district_and_its_townships_must_go_together(tmp_path, lines, true):
    if true:
        assert len(taken(tmp_path, *lines).shares.rows) == 2
        return
    with pytest.raises(SourceError) as error:
        taken(tmp_path, *lines)
    assert [f.row for f in error.value.faults] == [2]


def test_what_was_imported_before_contradicts_as_well(tmp_path):
    kept = taken(tmp_path, ",A1,seniors,1,2020,某局,,").shares
    with pytest.raises(SourceError):
        taken(tmp_path, "甲区,,seniors,0.1,2020,某局,,", kept=kept)
    # taken back in the same file, it does not
    both = ["甲区,,seniors,0.1,2020,某局,,", ",A1,seniors,0.1,2020,某局,,"]
    assert len(taken(tmp_path, *both, kept=kept).shares.rows) == 2


@given(
    residents=st.lists(st.integers(1, 5000), min_size=1, max_size=4),
    own=st.integers(0, 100),
    data=st.data(),
)
@settings(deadline=None)
def test_a_contradiction_is_what_no_choice_for_the_other_townships_can_mend(residents, own, data):
    given_ = [
        data.draw(st.one_of(st.none(), st.integers(0, 100)), label="share") for _ in residents
    ]
    city = SimpleNamespace(
        districts=pd.DataFrame({"adcode": ["A"], "people": [sum(residents)]}),
        townships=pd.DataFrame(
            {"township_code": [f"T{i}" for i in range(len(residents))], "residents": residents}
        ),
    )
    rows = [share("g", "A", f"T{i}", g / 100) for i, g in enumerate(given_) if g is not None]
    found = contradictions(Shares((*rows, share("g", "A", "", own / 100))), city)
    least = sum(Fraction(n * (g or 0), 100) for n, g in zip(residents, given_, strict=True))
    most = sum(
        Fraction(n * (100 if g is None else g), 100) for n, g in zip(residents, given_, strict=True)
    )
    total, wanted = sum(residents), Fraction(own * sum(residents), 100)
    room = Fraction(TOLERANCE).limit_denominator(1000) * total
    edge = min(abs(least - room - wanted), abs(most + room - wanted))
    if rows and edge > Fraction(total, 10**9):
        assert bool(found) == (not least - room <= wanted <= most + room)


# Keeping


def test_what_is_kept_is_read_back_and_may_be_imported_again(tmp_path):
    lines = [
        '甲区,,pupils,12.34567%,2020,"某局, 引""号""",中小学生,Pupils',
        ",B1,seniors,0.1,2021,某局,,",
    ]
    shares = taken(tmp_path, *lines).shares
    shares_file.store_shares(shares, tmp_path / "inputs")
    assert shares_file.load_shares(tmp_path / "inputs", AREA, RULES) == shares
    again = shares_file.read_list(tmp_path / "inputs" / "shares.csv", AREA, RULES, shares)
    assert merged(shares, again.shares) == shares
    assert shares_file.digest(shares) == shares_file.digest(again.shares)


def test_a_new_share_takes_the_place_of_the_old_of_its_area_alone(tmp_path):
    old = taken(tmp_path, "甲区,,seniors,0.1,2020,某局,,", "乙区,,seniors,0.2,2020,某局,,").shares
    new = taken(tmp_path, "甲区,,seniors,0.3,2021,某局,,", kept=old).shares
    assert [(r.adcode, r.share) for r in merged(old, new).rows] == [("A", 0.3), ("B", 0.2)]
    assert shares_file.digest(merged(old, new)) != shares_file.digest(old)
    assert without(old, ["seniors"]) == Shares()


def test_nothing_kept_is_no_file(tmp_path):
    shares_file.store_shares(Shares((share("seniors", "A", "", 0.1),)), tmp_path)
    assert (tmp_path / "shares.csv").exists()
    shares_file.store_shares(Shares(), tmp_path)
    shares_file.store_shares(Shares(), tmp_path)
    assert not (tmp_path / "shares.csv").exists()
    assert shares_file.load_shares(tmp_path, AREA, RULES) == Shares()
    assert shares_file.load_shares(None, AREA, RULES) == Shares()
    assert shares_file.digest(Shares()) is None


def test_kept_shares_of_another_area_stop_a_build_in_words(tmp_path):
    shares_file.store_shares(Shares((share("seniors", "110108", "", 0.1),)), tmp_path)
    with pytest.raises(SourceError, match="110108"):
        shares_file.load_shares(tmp_path, AREA, RULES)


def killed_while_writing(folder):
    os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
    shares_file.store_shares(Shares((share("workers", "A", "", 0.5),)), folder)


def test_killed_while_it_writes_the_old_shares_stand(tmp_path):
    old = Shares((share("seniors", "A", "", 0.1),))
    shares_file.store_shares(old, tmp_path)
    child = multiprocessing.get_context("fork").Process(
        target=killed_while_writing, args=(tmp_path,)
    )
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert shares_file.load_shares(tmp_path, AREA, RULES) == old
    shares_file.store_shares(
        without(old, ["seniors"]), tmp_path
    )  # what is left over is no hindrance
    shares_file.store_shares(old, tmp_path)
    assert shares_file.load_shares(tmp_path, AREA, RULES) == old


def test_the_template_has_every_group_of_every_district_and_can_be_filled_in(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(shares_file.template(AREA, RULES))
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    groups = {line.split(",")[2] for line in lines[1:]}
    assert groups == {"seniors", "workers"} | RULES.groups.keys()
    assert len(lines) == 1 + 2 * len(groups)
    with pytest.raises(SourceError):
        shares_file.read_list(path, AREA, RULES)
    filled = lines[1].replace(",,,,", ",,").split(",")
    text = path.read_text(encoding="utf-8-sig").replace(
        lines[1], f"{filled[0]},,{lines[1].split(',')[2]},3%,2020,某局,"
    )
    path.write_text(text, encoding="utf-8")
    found = shares_file.read_list(path, AREA, RULES)
    assert len(found.shares.rows) == 1
    assert found.blank == len(lines) - 2


# Counting


def by_largest_remainder(persons, total, weights):
    """Whether persons share ``total`` by largest remainder, in exact fractions; ties either way."""
    if not sum(weights):
        weights = [1] * len(weights)
    quotas = [Fraction(total * w, sum(weights)) for w in weights]
    up = [q - floor(q) for p, q in zip(persons, quotas, strict=True) if p == floor(q) + 1]
    down = [q - floor(q) for p, q in zip(persons, quotas, strict=True) if p == floor(q)]
    fair = min(up, default=1) >= max(down, default=0)
    return sum(persons) == total and len(up) + len(down) == len(persons) and fair


def plan_of(towns, rows, own, by_town, city):
    """A city of townships in districts, as share_out wants it, with shares in percent."""
    column = [np.nan if s is None else s / 100 for s in own["pack"]]
    group = Group(id="g", name_zh="人", name_en="g", city_share=city, district_column="share_g")
    place = SimpleNamespace(
        districts=pd.DataFrame(
            {"adcode": [f"D{d}" for d in range(len(column))], "share_g": column}
        ),
        townships=pd.DataFrame({"township_code": [f"T{t}" for t in range(len(towns))]}),
        meta=SimpleNamespace(groups=(group,)),
    )
    told = [share("g", f"D{d}", "", s / 100) for d, s in enumerate(own["told"]) if s is not None]
    told += [
        share("g", f"D{towns[t]}", f"T{t}", s / 100) for t, s in enumerate(by_town) if s is not None
    ]
    town = np.array([t for t, _ in rows], dtype=np.int32)
    people = np.array([n for _, n in rows], dtype=np.int64)
    district = np.array(towns, dtype=np.int32)[town]
    groups, standing = share_out(place, district, town, people, Shares(tuple(told)))
    return groups.get("g"), list(standing["g"].values()), district, town, people


percent = st.one_of(st.none(), st.integers(0, 100))


@st.composite
def cities(draw):
    n = draw(st.integers(1, 3))
    towns = draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=6))
    rows = [
        (t, draw(st.integers(0, 60)))
        for t in range(len(towns))
        for _ in range(draw(st.integers(1, 3)))
    ]
    own = {key: draw(st.lists(percent, min_size=n, max_size=n)) for key in ("pack", "told")}
    by_town = draw(st.lists(percent, min_size=len(towns), max_size=len(towns)))
    return (
        towns,
        rows,
        own,
        by_town,
        draw(st.one_of(st.none(), st.sampled_from([0.0, 0.1, 0.5, 1.0]))),
    )


@given(cities())
@settings(deadline=None, max_examples=300)
def test_every_person_of_a_group_is_counted_once_and_where_its_share_says(city):
    _, _, own, by_town, city_share = city
    persons, standing, district, town, people = plan_of(*city)
    share_of = [t if t is not None else p for p, t in zip(own["pack"], own["told"], strict=True)]
    if persons is None:
        assert city_share is None
        assert not [s for s in (*share_of, *by_town) if s is not None]
        assert set(standing) == {"unknown"}
        return
    assert (persons >= 0).all()
    assert (persons <= people).all()
    for t, percent_ in enumerate(by_town):
        if percent_ is not None:
            mine = people[town == t].tolist()
            total = round(percent_ / 100 * sum(mine))
            assert by_largest_remainder(persons[town == t].tolist(), total, mine)
    for d, percent_ in enumerate(share_of):
        here = district == d
        told = here & np.array([by_town[t] is not None for t in town])
        rest = here & ~told
        if percent_ is not None:
            wanted = round(percent_ / 100 * int(people[here].sum())) - int(persons[told].sum())
            left = min(max(wanted, 0), int(people[rest].sum()))
            assert by_largest_remainder(persons[rest].tolist(), left, people[rest].tolist())
            assert (standing[d] == "known") or left != wanted
        elif here.any() and told.any() and people[rest].sum() == 0 and people[told].sum():
            assert standing[d] == "known"
        else:
            assert standing[d] == ("unknown" if city_share is None else "estimated")
            if city_share is None:
                assert persons[rest].sum() == 0


@given(cities())
@settings(deadline=None)
def test_where_the_citys_share_fills_the_rest_the_groups_add_up_to_it(city):
    towns, _, own, by_town, city_share = city
    if city_share is None:
        return
    persons, _, district, town, people = plan_of(*city)
    share_of = [t if t is not None else p for p, t in zip(own["pack"], own["told"], strict=True)]
    free = np.array(
        [share_of[d] is None and by_town[t] is None for d, t in zip(district, town, strict=True)]
    )
    left = city_share * people.sum() - persons[~free].sum()
    if 0 <= left <= people[free].sum():
        slack = len(towns) + len(share_of)  # one rounding for each place that has a share
        assert abs(persons[free].sum() - left) <= slack


def test_a_townships_share_goes_before_its_districts_and_the_rest_gets_what_is_left():
    """100 + 300 people, 25 % of all 400 are 100; half of the first 100 leaves 50 for the 300."""
    rows = [(0, 60), (0, 40), (1, 300)]
    own = {"pack": [None], "told": [25]}
    persons, standing, *_ = plan_of([0, 0], rows, own, [50, None], None)
    assert persons.tolist() == [30, 20, 50]
    assert standing == ["known"]


def test_an_imported_share_goes_before_the_packs_and_the_packs_before_the_citys():
    rows = [(0, 100), (1, 100), (2, 200)]
    own = {"pack": [10, 10, None], "told": [40, None, None]}
    persons, standing, *_ = plan_of([0, 1, 2], rows, own, [None] * 3, 0.25)
    assert persons.tolist() == [40, 10, 50]
    assert standing == ["known", "known", "estimated"]


def test_some_townships_of_a_district_leave_it_estimated_all_of_them_known():
    rows, own = [(0, 100), (1, 100)], {"pack": [None], "told": [None]}
    assert plan_of([0, 0], rows, own, [20, None], 0.1)[1] == ["estimated"]
    assert plan_of([0, 0], rows, own, [20, None], None)[1] == ["unknown"]
    assert plan_of([0, 0], rows, own, [20, 30], None)[1] == ["known"]


def test_a_districts_share_its_townships_leave_no_room_for_is_not_called_known():
    rows, own = [(0, 100), (1, 100)], {"pack": [90], "told": [None]}
    persons, standing, *_ = plan_of([0, 0], rows, own, [10, None], None)
    assert persons.tolist() == [10, 100]
    assert standing == ["estimated"]
