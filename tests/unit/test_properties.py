"""Truths every city keeps, whatever its people, venues and questions."""

import dataclasses
import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from venuenet.causes import TYPES
from venuenet.coverage import (
    coverage_by,
    covered_people,
    covered_points,
    kth_seconds,
    located,
    nearest_venue,
)
from venuenet.errors import BadQueryError
from venuenet.evidence import Evidence
from venuenet.gaps import find_gaps
from venuenet.model import (
    KINDS,
    MODES,
    NEAREST,
    SCIENCE_KINDS,
    UNREACHED,
    DemandPoints,
    LocatedVenue,
    Question,
    Venue,
)
from venuenet.questions import parse_question
from venuenet.rounding import apportion
from venuenet.standards import load_assumptions, load_standards
from venuenet.travel.estimate import WalkEstimate

RULES = load_assumptions()
SECONDS_PER_METRE = 1.3 / (4.8 / 3.6)
CUTOFF_S = 3600
PLANE = SimpleNamespace(metric=lambda lon, lat: (np.multiply(lon, 1000), np.multiply(lat, 1000)))
STANDARDS = load_standards()
GROUPS = ("youth", "seniors")


def always(*strategies, **named):
    """Say of a test that it holds for whatever these strategies bring."""
    return lambda test: settings(deadline=None, max_examples=60)(given(*strategies, **named)(test))


metres = st.integers(0, 12_000)


@st.composite
def people(draw, samples=None):
    """A few cells of a few townships; rows of a cell may belong to a neighbouring township."""
    town_district = sorted(draw(st.lists(st.integers(0, 2), min_size=1, max_size=5)))
    n = draw(st.integers(1, 8))
    homes = draw(st.lists(st.integers(0, len(town_district) - 1), min_size=n, max_size=n))
    rows = []
    for cell, home in enumerate(homes):
        kin = [t for t, d in enumerate(town_district) if d == town_district[home]]
        living = draw(st.sets(st.sampled_from(kin), min_size=1, max_size=2))
        rows += [(cell, town, draw(st.integers(0, 3000))) for town in sorted(living)]
    cell, town, persons = np.array(rows, dtype=np.int64).T
    seniors = np.array([draw(st.integers(0, int(p))) for p in persons], dtype=np.int64)
    xy = np.array(draw(st.lists(st.tuples(metres, metres), min_size=n, max_size=n)), dtype=float)
    around = [(0, 0), (400, 0), (200, 350), (-200, 350), (-400, 0), (-200, -350), (200, -350)]
    m = samples or draw(st.sampled_from([1, 7]))
    every = [(i, j) for i in range(n) for j in range(i + 1, n)]
    edges = draw(st.lists(st.sampled_from(every), unique=True)) if every else []
    flags = st.sampled_from([(), ("residents_estimated",), ("point_unknown",)])
    return DemandPoints(
        cell=np.arange(n, dtype=np.uint64) + 0x8931AA23603FFFF,
        lon=xy[:, 0] / 1000,
        lat=xy[:, 1] / 1000,
        x=xy[:, 0],
        y=xy[:, 1],
        area_km2=np.full(n, 0.1),
        cell_district=np.array([town_district[h] for h in homes], dtype=np.int32),
        cell_township=np.array(homes, dtype=np.int32),
        sample_xy=xy[:, None, :] + np.array(around[:m], dtype=float),
        neighbours=np.array(edges, dtype=np.int32).reshape(-1, 2),
        row_cell=cell.astype(np.int32),
        row_township=town.astype(np.int32),
        people=persons,
        groups={"seniors": seniors},
        township_flags=tuple(draw(flags) for _ in town_district),
        group_standing={"seniors": dict.fromkeys("012", "known")},
    )


def placed(number, kind, xy, precision=0, status="open"):
    return LocatedVenue(
        f"V{number}", "馆", "hall", kind, "-", "city", None, None, status, "-", "high",
        lon=xy[0] / 1000, lat=xy[1] / 1000, precision_m=precision, method="-",
    )  # fmt: skip


@st.composite
def venues(draw, min_size=0):
    one = st.tuples(
        st.sampled_from(KINDS), st.tuples(metres, metres), st.sampled_from([0, 50, 500, 2000])
    )
    found = draw(st.lists(one, min_size=min_size, max_size=7))
    return [placed(i, *v) for i, v in enumerate(found)]


questions = st.builds(
    Question,
    mode=st.sampled_from(MODES),
    minutes=st.integers(1, 120),
    kinds=st.sets(st.sampled_from(KINDS), min_size=1).map(lambda s: tuple(sorted(s))),
    k=st.integers(1, NEAREST),
    group=st.sampled_from(["all", "seniors"]),
)


def travel(demand, places, mode="walk"):
    """Times by the walking estimate, other modes as walks at another speed."""
    pace = {"walk": 4.8, "transit": 9.0, "drive": 30.0}[mode]
    speed = RULES.walk.speed_kmh.model_copy(update={"value": pace})
    rules = RULES.model_copy(update={"walk": RULES.walk.model_copy(update={"speed_kmh": speed})})
    times = WalkEstimate(PLANE, rules).times(demand, places, CUTOFF_S)
    return dataclasses.replace(times, mode=mode)


def areas_of(demand):
    """Rows by district, by township and all together: what coverage is asked for."""
    district = demand.cell_district[demand.row_cell]
    return [
        (district, 3),
        (demand.row_township, len(demand.township_flags)),
        (np.zeros_like(demand.row_township), 1),
    ]


def answers(demand, times, question):
    return [
        (rows == a, answer)
        for rows, n in areas_of(demand)
        for a, answer in enumerate(coverage_by(demand, times, question, rows, n))
    ]


def persons(demand, question):
    return demand.people if question.group == "all" else demand.groups[question.group]


@always(people(), venues(), questions)
def test_covered_and_uncovered_are_all_people_of_every_area_and_group(demand, places, question):
    for mine, answer in answers(demand, travel(demand, places, question.mode), question):
        assert answer.people == persons(demand, question)[mine].sum()
        assert answer.covered + answer.uncovered == answer.people
        assert 0 <= answer.covered <= answer.people
        assert 0 <= answer.no_access <= answer.people
        if answer.people:
            assert answer.share == answer.covered / answer.people
        else:
            assert answer.share is answer.low is answer.high is None
            assert answer.flags == ("no_data:no_people",)


@always(people(), venues(), questions)
def test_districts_and_townships_add_up_to_the_city(demand, places, question):
    times = travel(demand, places, question.mode)
    (districts, townships, city) = (
        coverage_by(demand, times, question, rows, n) for rows, n in areas_of(demand)
    )
    for part in (districts, townships):
        for name in ("people", "covered", "uncovered", "no_access"):
            assert sum(getattr(a, name) for a in part) == getattr(city[0], name)


@always(people(), venues(), questions)
def test_the_share_lies_between_low_and_high(demand, places, question):
    for _, answer in answers(demand, travel(demand, places, question.mode), question):
        if answer.people:
            assert 0 <= answer.low <= answer.share <= answer.high <= 1


@always(people(), venues(), questions)
def test_exact_positions_leave_no_interval(demand, places, question):
    exact = [dataclasses.replace(v, precision_m=0) for v in places]
    for _, answer in answers(demand, travel(demand, exact, question.mode), question):
        assert answer.low == answer.share == answer.high


@always(people(), venues(), questions, st.integers(1, 119))
def test_a_longer_cut_off_never_covers_fewer(demand, places, question, more):
    longer = dataclasses.replace(question, minutes=min(120, question.minutes + more))
    times = travel(demand, places, question.mode)
    both = zip(answers(demand, times, question), answers(demand, times, longer), strict=True)
    for (_, short), (_, long) in both:
        assert short.covered <= long.covered
        if short.people:
            assert short.low <= long.low
            assert short.high <= long.high


@always(people(), venues(min_size=1), questions, st.data())
def test_more_venues_never_cover_fewer(demand, places, question, data):
    fewer = data.draw(st.lists(st.sampled_from(places), unique=True))
    few = answers(demand, travel(demand, fewer, question.mode), question)
    all_of_them = answers(demand, travel(demand, places, question.mode), question)
    for (_, less), (_, more) in zip(few, all_of_them, strict=True):
        assert less.covered <= more.covered


@always(people(), venues(), questions)
def test_asking_for_more_choices_never_covers_more(demand, places, question):
    times = travel(demand, places, question.mode)
    counts = [
        [a.covered for _, a in answers(demand, times, dataclasses.replace(question, k=k))]
        for k in (1, 2, 3)
    ]
    assert all(a >= b >= c for a, b, c in zip(*counts, strict=True))


@always(people(), questions)
def test_without_venues_nobody_is_covered_and_no_time_is_told(demand, question):
    times = travel(demand, [], question.mode)
    assert (kth_seconds(times, question.kinds, question.k) == UNREACHED).all()
    assert (nearest_venue(times, question.kinds) == -1).all()
    for _, answer in answers(demand, times, question):
        assert (answer.covered, answer.no_access) == (0, answer.people)
        assert answer.mean_minutes is answer.median_minutes is answer.p90_minutes is None
        assert answer.nearest is None


@always(people(samples=1), st.integers(1, 60), st.integers(0, 6000))
def test_exactly_at_the_cut_off_is_inside_and_one_second_more_is_not(demand, minutes, y):
    at = placed(0, "base", (0, y))
    x = minutes * 60 / SECONDS_PER_METRE
    beyond = (minutes * 60 + 1) / SECONDS_PER_METRE
    for distance, inside in ((x, True), (beyond, False)):
        spots = np.full((len(demand.cell), 1, 2), [distance, y], dtype=float)
        moved = dataclasses.replace(demand, sample_xy=spots)
        asked = Question(mode="walk", minutes=minutes, kinds=("base",))
        for _, answer in answers(moved, travel(moved, [at]), asked):
            assert answer.covered == (answer.people if inside else 0)


def test_four_of_seven_points_within_reach_are_four_sevenths_of_the_people():
    """The venue reaches the centre and three of the six points around it: x >= -200."""
    ring = [(0, 0), (400, 0), (200, 350), (-200, 350), (-400, 0), (-200, -350), (200, -350)]
    xy = np.array(ring, dtype=float)[None]
    reach = Question(mode="walk", minutes=15, kinds=("base",))
    east = placed(0, "base", (15 * 60 / SECONDS_PER_METRE, 0))
    none = np.zeros(1, dtype=np.int32)
    demand = DemandPoints(
        cell=np.ones(1, np.uint64), lon=none, lat=none, x=none, y=none, area_km2=np.ones(1),
        cell_district=none, cell_township=none, sample_xy=xy,
        neighbours=np.zeros((0, 2), np.int32), row_cell=none, row_township=none,
        people=np.array([700]), groups={}, township_flags=((),), group_standing={},
    )  # fmt: skip
    (answer,) = coverage_by(demand, travel(demand, [east]), reach, none, 1)
    assert (answer.covered, answer.uncovered) == (400, 300)
    (gap,) = gaps_of(demand, [east], reach)
    assert gap.people == 300


@always(people(), st.data())
def test_people_in_reach_of_part_of_a_cell_are_rounded_within_half_a_person(demand, data):
    m = demand.sample_xy.shape[1]
    n = len(demand.cell)
    points = np.array(data.draw(st.lists(st.integers(0, m), min_size=n, max_size=n)))
    covered = covered_people(demand, demand.people, points, m)
    assert (covered >= 0).all()
    assert (covered <= demand.people).all()
    exact = demand.people * points[demand.row_cell] / m
    assert (np.abs(covered - exact) <= 1).all()
    for town in np.unique(demand.row_township):
        mine = demand.row_township == town
        assert abs(covered[mine].sum() - exact[mine].sum()) <= 0.5 + 1e-9


def gaps_of(demand, places, question, **known):
    times = {mode: travel(demand, places, mode) for mode in MODES}
    evidence = Evidence(
        **{
            "times": times,
            "unlocated_here": {0: ("V99",)},
            "unplaced": np.zeros(len(demand.people), dtype=bool),
            "answerable": True,
            "high_people": 2000,
            "medium_people": 500,
            **known,
        }
    )
    codes = [f"T{t}" for t in range(len(demand.township_flags))]
    return find_gaps(demand, times[question.mode], question, evidence, list("012"), codes)


@always(people(), venues(), questions)
def test_gaps_share_out_the_uncovered_people_exactly(demand, places, question):
    found = gaps_of(demand, places, question)
    times = travel(demand, places, question.mode)
    districts = coverage_by(demand, times, question, demand.cell_district[demand.row_cell], 3)
    for code, district in zip("012", districts, strict=True):
        assert sum(g.people for g in found if g.adcode == code) == district.uncovered


@always(people(samples=1), venues(), questions)
def test_every_uncovered_cell_with_people_is_in_exactly_one_gap(demand, places, question):
    found = gaps_of(demand, places, question)
    seconds = kth_seconds(travel(demand, places, question.mode), question.kinds, question.k)
    living = np.bincount(demand.row_cell, persons(demand, question), minlength=len(demand.cell))
    out = np.flatnonzero((seconds > 60 * question.minutes) & (living > 0))
    assert sorted(c for g in found for c in g.cells) == out.tolist()
    assert len({g.gap_id for g in found}) == len(found)


@always(people(), venues(), questions)
def test_a_gap_hangs_together_in_one_township_and_no_two_could_be_one(demand, places, question):
    found = gaps_of(demand, places, question)
    gap_of = {c: g.gap_id for g in found for c in g.cells}
    touching = {frozenset(map(int, pair)) for pair in demand.neighbours}
    for gap in found:
        homes = {int(demand.cell_township[c]) for c in gap.cells}
        assert {f"T{t}" for t in homes} == {gap.township_code}
        reached, rest = {gap.cells[0]}, set(gap.cells[1:])
        while step := {c for c in rest if any({c, r} in touching for r in reached)}:
            reached, rest = reached | step, rest - step
        assert not rest
    for a, b in demand.neighbours:
        if a in gap_of and b in gap_of and demand.cell_township[a] == demand.cell_township[b]:
            assert gap_of[a] == gap_of[b]


@always(people(), venues(), questions, st.booleans(), st.data())
def test_a_gap_says_why_how_bad_and_how_far(demand, places, question, answerable, data):
    n = len(demand.people)
    unplaced = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), dtype=bool)
    found = gaps_of(demand, places, question, answerable=answerable, unplaced=unplaced)
    data_causes = {
        "venues_unlocated", "position_uncertain", "venue_unlocated_here", "residents_unplaced",
    }  # fmt: skip
    ids = {v.venue_id for v in places}
    assert [g.people for g in found] == sorted((g.people for g in found), reverse=True)
    for gap in found:
        assert gap.cause in TYPES
        assert (gap.gap_type == "data") == (gap.cause in data_causes)
        assert answerable or gap.cause == "venues_unlocated"
        level = "high" if gap.people >= 2000 else "medium" if gap.people >= 500 else "low"
        assert gap.severity == level
        assert (gap.nearest_venue_id is None) == (gap.nearest_minutes is None)
        assert gap.nearest_venue_id is None or gap.nearest_venue_id in ids
        assert "demand_modelled" in gap.flags


@always(people(samples=1), venues(), questions, st.integers(0, CUTOFF_S))
def test_the_kth_nearest_agrees_with_the_sparse_matrix_up_to_the_cut_off(
    demand, places, question, within
):
    times = travel(demand, places)
    mine = [v for v, p in enumerate(places) if p.kind in question.kinds]
    count = np.zeros(len(demand.cell), dtype=int)
    for v in mine:
        part = slice(times.indptr[v], times.indptr[v + 1])
        np.add.at(count, times.cell[part][times.seconds[part] <= within], 1)
    for k in range(1, NEAREST + 1):
        assert ((kth_seconds(times, question.kinds, k) <= within) == (count >= k)).all()


@always(people(), venues(), questions)
def test_times_are_the_formula_for_every_point_and_shift(demand, places, question):
    """kth_seconds and covered_points against plain loops over points and venues."""
    times = travel(demand, places)
    mine = [v for v in places if v.kind in question.kinds]
    for variant, sign in (("point", 0), ("late", 1), ("early", -1)):
        points = covered_points(times, question, variant)
        seconds = kth_seconds(times, question.kinds, question.k, variant)
        for cell, spots in enumerate(demand.sample_xy):
            kth = []
            for x, y in spots:
                away = [math.dist((x, y), (1000 * v.lon, 1000 * v.lat)) for v in mine]
                shifted = [
                    max(0, d + sign * v.precision_m) for d, v in zip(away, mine, strict=True)
                ]
                ranked = sorted(round(d * SECONDS_PER_METRE) for d in shifted)
                kth.append(ranked[question.k - 1] if len(ranked) >= question.k else UNREACHED)
            assert points[cell] == sum(s <= 60 * question.minutes for s in kth)
            expected = UNREACHED if UNREACHED in kth else sum(kth) / len(kth)
            assert abs(int(seconds[cell]) - expected) <= 0.5


@always(people(), venues(), questions)
def test_mean_median_and_p90_are_those_of_the_people_one_by_one(demand, places, question):
    times = travel(demand, places, question.mode)
    seconds = kth_seconds(times, question.kinds, question.k)[demand.row_cell]
    for mine, answer in answers(demand, times, question):
        each = np.sort(np.repeat(seconds[mine], persons(demand, question)[mine]))
        assert answer.no_access == (each > 120 * 60).sum()
        for share, told in ((0.5, answer.median_minutes), (0.9, answer.p90_minutes)):
            at = each[math.ceil(share * len(each)) - 1] if len(each) else UNREACHED
            assert told == (None if at == UNREACHED else round(float(at) / 60, 1))
        reached = each[each < UNREACHED]
        if len(reached):
            assert answer.mean_minutes == pytest.approx(reached.mean() / 60, abs=0.051)
        else:
            assert answer.mean_minutes is None


@always(people(), venues(), questions)
def test_the_nearest_venue_of_an_area_is_nearest_to_most_of_its_people(demand, places, question):
    times = travel(demand, places, question.mode)
    venue = nearest_venue(times, question.kinds)[demand.row_cell]
    for mine, answer in answers(demand, times, question):
        tally = {}
        for v, p in zip(venue[mine], persons(demand, question)[mine], strict=True):
            if v >= 0 and p:
                tally[f"V{v}"] = tally.get(f"V{v}", 0) + p
        if tally:
            assert tally[answer.nearest[0]] == max(tally.values())
        else:
            assert answer.nearest is None


@always(people(samples=7), venues(min_size=1), st.data())
def test_points_without_a_way_count_for_no_area_s_minutes(demand, places, data):
    """On a network a cell's centre may have a way to a venue, and another of its points none."""
    times = travel(demand, places)
    cut = data.draw(st.integers(0, len(demand.cell) - 1))
    near_s = times.near_s.copy()
    near_s[:, :, :, cut, 3] = UNREACHED
    times = dataclasses.replace(times, near_s=near_s)
    for _, answer in answers(demand, times, Question(mode="walk", kinds=KINDS)):
        assert answer.nearest is None or answer.nearest[1] < 24 * 60


def test_an_unknown_group_has_no_data_and_no_gaps():
    none = np.zeros(1, dtype=np.int32)
    empty = SimpleNamespace(people=np.array([5]), groups={}, row_cell=none)
    (answer,) = coverage_by(empty, None, Question(group="workers"), none, 1)
    assert answer.flags == ("no_data:group_unknown",)
    assert answer.people is answer.covered is answer.share is answer.low is None
    assert find_gaps(empty, None, Question(group="workers"), None, [], []) == []


@pytest.mark.parametrize(
    ("status", "counts"),
    [("open", True), ("unknown", True), ("closed", False), ("planned", False), ("lapsed", False)],
)
def test_only_open_venues_and_those_of_unknown_status_count(status, counts):
    assert placed(0, "base", (0, 0), status=status).counts is counts
    assert located([placed(0, "base", (0, 0), status=status)], SCIENCE_KINDS).open == counts


@always(st.lists(st.tuples(st.sampled_from(KINDS), st.booleans(), st.booleans())))
def test_the_located_share_counts_open_venues_of_the_asked_kinds(rows):
    every = []
    for i, (kind, is_open, has_place) in enumerate(rows):
        one = placed(i, kind, (0, 0), status="open" if is_open else "closed")
        fields = {f.name: getattr(one, f.name) for f in dataclasses.fields(Venue)}
        every.append(one if has_place else Venue(**fields))
    count = located(every, SCIENCE_KINDS)
    asked = [r for r in rows if r[0] != "other" and r[1]]
    assert (count.open, count.located) == (len(asked), sum(r[2] for r in asked))
    assert count.share == (count.located / count.open if asked else 0)


weights = st.lists(
    st.one_of(st.just(0.0), st.floats(1e-6, 1e9)) | st.integers(0, 10_000).map(float),
    min_size=1,
    max_size=60,
)


@always(st.integers(0, 30_000_000), weights)
@example(1, [0.0, 0.0])
@example(3, [1.0, 1.0])
def test_apportioned_persons_are_whole_sum_exactly_and_stay_within_one_of_their_quota(total, w):
    shares = apportion(total, w)
    assert shares.dtype == np.int64
    assert shares.sum() == total
    assert (shares >= 0).all()
    if sum(w) > 0:
        for got, weight in zip(shares, w, strict=True):
            assert abs(int(got) - total * weight / sum(w)) < 1 + 1e-6
    assert (apportion(total, w) == shares).all()


@always(st.integers(0, 1_000_000), weights)
def test_who_weighs_nothing_gets_nobody_unless_all_weigh_nothing(total, w):
    shares = apportion(total, w)
    if any(w):
        assert all(s == 0 for s, weight in zip(shares, w, strict=True) if weight == 0)
    else:
        assert max(shares) - min(shares) <= 1


@always(st.integers(0, 1_000_000), weights)
def test_who_weighs_more_never_gets_fewer(total, w):
    shares = apportion(total, w)
    ranked = sorted(zip(w, shares, strict=True))
    for (lighter, few), (heavier, many) in itertools.pairwise(ranked):
        assert lighter == heavier or few <= many


@always(st.integers(0, 10_000), st.integers(1, 60))
def test_ties_for_the_last_persons_go_to_the_first_places(total, n):
    each, over = divmod(total, n)
    assert apportion(total, [1.0] * n).tolist() == [each + 1] * over + [each] * (n - over)


def test_a_tie_for_the_last_person_goes_to_the_first_place():
    assert apportion(1, [1, 1, 1]).tolist() == [1, 0, 0]
    assert apportion(5, [1, 1, 1]).tolist() == [2, 2, 1]
    assert apportion(0, []).tolist() == []


@pytest.mark.parametrize("bad", [(-1, [1]), (1, []), (1, [-1.0]), (1, [math.nan]), (1, [math.inf])])
def test_nonsense_is_not_apportioned(bad):
    with pytest.raises(ValueError, match="apportion"):
        apportion(*bad)


def ask(**given_):
    return parse_question(STANDARDS, GROUPS, **given_)


def test_nothing_asked_is_the_headline_question():
    assert ask() == Question("transit", 45, SCIENCE_KINDS, 1, "all", False, None)


@always(st.sampled_from(MODES), st.integers(1, 120), st.sampled_from(("all", *GROUPS)))
def test_every_allowed_value_is_understood(mode, minutes, group):
    question = ask(mode=mode, minutes=str(minutes), group=group)
    assert (question.mode, question.minutes, question.group) == (mode, minutes, group)


@pytest.mark.parametrize("standard", STANDARDS, ids=lambda s: s.id)
def test_a_standard_stands_for_its_mode_minutes_kinds_and_k(standard):
    question = ask(standard=standard.id)
    for name in ("mode", "minutes", "kinds", "k"):
        assert getattr(question, name) == getattr(standard, name)
    assert question.standard == standard.id


ALLOWED = {
    "mode": list(MODES),
    "minutes": ["1..120"],
    "standard": [s.id for s in STANDARDS],
    "group": ["all", *GROUPS],
    "kinds": ["science", "all", *KINDS],
    "surface_transit": ["true", "false"],
}


@pytest.mark.parametrize("name", ALLOWED)
@always(value=st.text(max_size=200))
@example(value="")
@example(value=" ")
@example(value="0")
@example(value="121")
@example(value="-5")
@example(value="4.5")
@example(value="1e2")
@example(value="٤٥")
@example(value="45 ")
@example(value="1_0")
@example(value="Walk")
@example(value="TRUE")
@example(value="base,zoo")
@example(value=",")
@example(value="\x00")
def test_every_value_not_allowed_is_refused_with_the_allowed_ones(name, value):
    right = {*ALLOWED[name], *(str(m) for m in range(1, 121))} if name == "minutes" else {}
    if value in right or value in ALLOWED[name]:
        return
    if name == "minutes" and value.isascii() and value.isdigit() and 1 <= int(value) <= 120:
        return  # 045
    if name == "kinds" and {n.strip() for n in value.split(",")} - {""} <= set(KINDS):
        assert value.replace(",", "").strip() == "" or ask(kinds=value)
        if value.replace(",", "").strip():
            return
    with pytest.raises(BadQueryError) as refused:
        ask(**{name: value})
    error = refused.value
    assert error.param == name
    assert error.allowed == ALLOWED[name]
    for text in (error.detail, error.detail_en):
        assert name in text
        assert len(text) < 400
    assert all(a.replace("..", " ").split()[0] in error.detail_en for a in error.allowed)


@pytest.mark.parametrize("extra", [{"mode": "walk"}, {"minutes": "30"}, {"minutes": 45}])
def test_a_standard_excludes_mode_and_minutes(extra):
    with pytest.raises(BadQueryError) as refused:
        ask(standard="walk15", **extra)
    assert refused.value.param == "standard"
    assert next(iter(extra)) in refused.value.detail_en


@pytest.mark.parametrize("asked", [{"mode": "walk"}, {"mode": "drive"}, {"standard": "walk15"}])
def test_assumed_buses_are_for_transit_only(asked):
    with pytest.raises(BadQueryError) as refused:
        ask(**asked, surface_transit="true")
    assert refused.value.param == "surface_transit"
    assert refused.value.allowed == ["false"]
    assert ask(**asked, surface_transit="false").surface_transit is False


def test_kinds_keep_one_order_whatever_the_order_they_are_asked_in():
    assert ask(kinds="base, science_museum,base").kinds == ("science_museum", "base")
    assert ask(kinds="all").kinds == KINDS
    assert ask(kinds="science").kinds == SCIENCE_KINDS
