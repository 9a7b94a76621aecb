"""Bounds that can be attained, and draws that stay inside them."""

import dataclasses

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from tests.unit.test_properties import (
    SECONDS_PER_METRE,
    areas_of,
    metres,
    people,
    placed,
    questions,
    travel,
)
from venuenet.coverage import coverage_by, covered_rows, group_people, inside, inside_without
from venuenet.draws import VenueDoubt, draw_covered
from venuenet.errors import BadQueryError
from venuenet.model import KINDS, NEAREST, DemandPoints, Question
from venuenet.standards import HERE, load_assumptions
from venuenet.uncertainty import (
    EXACT,
    DemandDoubt,
    area_bounds,
    exchange,
    flagged,
    kept_total,
    township_bounds,
)

NOWHERE = np.zeros(1, dtype=bool)
factors = st.sampled_from([1.0, 1.25, 2.0, 5.0])
doubts = st.builds(DemandDoubt, cell=factors, township=factors)
walks = questions.map(lambda q: dataclasses.replace(q, mode="walk", k=min(q.k, 2)))


def always(*strategies, **named):
    return lambda test: settings(deadline=None, max_examples=40)(given(*strategies, **named)(test))


@st.composite
def venues(draw, most=4):
    """Few enough that all of a kind are kept; some of unknown opening."""
    one = st.tuples(
        st.sampled_from(KINDS),
        st.tuples(metres, metres),
        st.sampled_from([0, 50, 500, 2000]),
        st.sampled_from(["open", "unknown"]),
    )
    return [placed(i, *v) for i, v in enumerate(draw(st.lists(one, min_size=1, max_size=most)))]


def doubtful(places):
    return frozenset(v.venue_id for v in places if v.status == "unknown")


def venue_doubt(places, chance=0.5, precise=False):
    off = [0.0 if precise else v.precision_m * SECONDS_PER_METRE for v in places]
    unknown = [v.status == "unknown" for v in places]
    return VenueDoubt(np.array(off), np.array(unknown), chance)


def one_district(persons, townships, flags, xy=None):
    """A cell per entry of ``persons``, all of one district, sampled at the centre."""
    n = len(persons)
    xy = np.array(xy if xy is not None else [(9000.0 * i, 0.0) for i in range(n)])
    return DemandPoints(
        cell=np.arange(n, dtype=np.uint64),
        lon=xy[:, 0], lat=xy[:, 1], x=xy[:, 0], y=xy[:, 1],
        area_km2=np.ones(n),
        cell_district=np.zeros(n, dtype=np.int32),
        cell_township=np.array(townships, dtype=np.int32),
        sample_xy=xy[:, None, :],
        neighbours=np.zeros((0, 2), dtype=np.int32),
        row_cell=np.arange(n, dtype=np.int32),
        row_township=np.array(townships, dtype=np.int32),
        people=np.array(persons, dtype=np.int64),
        groups={}, township_flags=tuple(flags), group_standing={}, adcodes=("A",),
    )  # fmt: skip


def best(cost, people_of, low, high):
    """The least ``cost @ x`` with x in [low, high] and the same people: a solver's answer."""
    found = linprog(cost, A_eq=[people_of], b_eq=[sum(people_of)], bounds=(low, high))
    assert found.status == 0, found.message
    return found.fun


# bounds ------------------------------------------------------------------------------------------


def test_a_township_counted_and_covered_in_part_is_bounded_as_worked_out():
    """1000 people, 400 covered, factor 2: 200 and 1000 - 600 x 2 < 0; 800 and 1000 - 600 / 2."""
    low, high = township_bounds(np.array([400.0]), np.array([1000.0]), 2, NOWHERE)
    assert (low[0], high[0]) == (200, 700)
    # 800 covered: half of them is less than what 200 x 2 uncovered leave
    low, high = township_bounds(np.array([800.0]), np.array([1000.0]), 2, NOWHERE)
    assert (low[0], high[0]) == (600, 900)


def test_people_of_an_unplaced_township_may_live_wherever_the_pattern_goes():
    anywhere = np.ones(3, dtype=bool)
    low, high = township_bounds(np.array([400.0, 0, 9]), np.array([1000.0, 7, 9]), 2, anywhere)
    assert low.tolist() == [0, 0, 9]
    assert high.tolist() == [1000, 0, 9]


def test_two_estimated_townships_trade_people_as_worked_out():
    """1000 each, one covered: at most 2000 - 1000 / 1.6 live in it, at least 1000 / 1.6."""
    people_of, value = np.array([1000.0, 1000]), np.array([1000.0, 0])
    group = np.zeros(2, dtype=np.int64)
    assert exchange(value, people_of, group, 1, 1.6)[0] == 1375
    assert -exchange(-value, people_of, group, 1, 1.6)[0] == 625


@always(
    st.lists(st.tuples(st.integers(1, 900), st.booleans()), min_size=1, max_size=7),
    st.sampled_from([1.0, 1.5, 3.0]),
)
def test_a_solver_finds_no_better_township(cells, factor):
    persons = np.array([p for p, _ in cells], dtype=float)
    within = np.array([c for _, c in cells])
    low, high = township_bounds(
        np.array([persons[within].sum()]), np.array([persons.sum()]), factor, NOWHERE
    )
    cost = np.where(within, persons, 0)
    assert low[0] == pytest.approx(best(cost, persons, 1 / factor, factor), abs=1e-6)
    assert high[0] == pytest.approx(-best(-cost, persons, 1 / factor, factor), abs=1e-6)


@always(
    st.lists(
        st.tuples(st.integers(0, 9000), st.floats(0, 1), st.integers(0, 2)), min_size=1, max_size=9
    ),
    st.sampled_from([1.0, 1.3, 4.0]),
)
def test_a_solver_finds_no_better_exchange(towns, factor):
    people_of = np.array([p for p, _, _ in towns], dtype=float)
    value = people_of * [s for _, s, _ in towns]
    group = np.array([g for _, _, g in towns])
    found = exchange(value, people_of, group, 4, factor)
    for g in range(4):
        here = group == g
        if not here.any():
            assert found[g] == 0
        else:
            expected = -best(-value[here], people_of[here], 1 / factor, factor)
            assert found[g] == pytest.approx(expected, abs=1e-4)


def solved(demand, persons, within, doubt, sign):
    """Bound a district's covered people by one linear programme over rows and townships.

    Variables: persons of every row (r), and by how much each township's total is off (t).
    """
    r, n_towns = len(persons), len(demand.township_flags)
    trades, lost = flagged(demand, "residents_estimated"), flagged(demand, "point_unknown")
    total = np.bincount(demand.row_township, persons, n_towns)
    at_most, equal = [], []
    for i, p in enumerate(persons):
        t = demand.row_township[i]
        for side, factor in ((1, doubt.cell), (-1, 1 / doubt.cell)):
            if lost[t] and doubt.cell > 1:
                continue
            one = np.zeros(r + n_towns)
            one[i], one[r + t] = side, -side * factor * p
            at_most.append(one)
    for t in range(n_towns):
        one = np.zeros(r + n_towns)
        one[:r][demand.row_township == t] = 1
        one[r + t] = -total[t]
        equal.append(one)
    kept = np.zeros(r + n_towns)
    kept[r:] = np.where(trades, total, 0)
    equal.append(kept)
    g = doubt.township
    # Nobody can be put on ground where the model has nobody.
    bounds = [(0, None if p else 0) for p in persons]
    bounds += [(1 / g, g) if trade else (1, 1) for trade in trades]
    found = linprog(
        -sign * np.concatenate([within, np.zeros(n_towns)]),
        A_ub=at_most or None, b_ub=np.zeros(len(at_most)) if at_most else None,
        A_eq=equal, b_eq=[*np.zeros(n_towns), kept.sum()], bounds=bounds,
    )  # fmt: skip
    assert found.status == 0, found.message
    return -sign * found.fun


@always(
    st.lists(
        st.tuples(st.integers(0, 3000), st.integers(0, 3), st.booleans()), min_size=1, max_size=9
    ),
    st.lists(
        st.sets(st.sampled_from(["residents_estimated", "point_unknown"])), min_size=4, max_size=4
    ),
    doubts,
)
def test_cells_and_townships_off_together_are_bounded_as_one_programme_bounds_them(
    rows, flags, doubt
):
    demand = one_district(
        [p for p, _, _ in rows], [t for _, t, _ in rows], [tuple(sorted(f)) for f in flags]
    )
    within = np.array([w for _, _, w in rows])
    covered = demand.people * within
    area = np.zeros(len(rows), dtype=np.int32)
    (low,), (high,) = area_bounds(demand, demand.people, covered, covered, area, 1, doubt)
    assert low == pytest.approx(solved(demand, demand.people, within, doubt, -1), abs=1.001)
    assert high == pytest.approx(solved(demand, demand.people, within, doubt, 1), abs=1.001)
    assert low <= solved(demand, demand.people, within, doubt, -1) + 1e-3
    assert high >= solved(demand, demand.people, within, doubt, 1) - 1e-3


@always(people(), venues(), walks, doubts)
def test_the_interval_holds_the_answer_as_given_and_never_leaves_the_people(
    demand, places, question, doubt
):
    times = travel(demand, places)
    for rows, n in areas_of(demand):
        for item in coverage_by(demand, times, question, rows, n, doubt=doubt):
            if item.people:
                assert 0 <= item.low <= item.share <= item.high <= 1


@always(people(), venues(), walks, doubts, factors)
def test_surer_people_and_surer_places_make_a_narrower_interval(
    demand, places, question, doubt, more
):
    """Less doubt, or venues known to half the distance: low rises, high falls."""
    wide = DemandDoubt(doubt.cell * more, doubt.township * more)
    sure = [dataclasses.replace(v, precision_m=v.precision_m / 2) for v in places]
    rows, n = areas_of(demand)[0]
    inner = coverage_by(demand, travel(demand, sure), question, rows, n, doubt=doubt)
    outer = coverage_by(demand, travel(demand, places), question, rows, n, doubt=wide)
    for a, b in zip(inner, outer, strict=True):
        assert not a.people or b.low <= a.low <= a.high <= b.high


@always(people(), venues(), walks)
def test_people_taken_at_their_word_leave_what_the_venues_do(demand, places, question):
    times = travel(demand, places)
    persons = group_people(demand, question.group)
    for rows, n in areas_of(demand):
        for a, item in enumerate(coverage_by(demand, times, question, rows, n, doubt=EXACT)):
            for end, variant in ((item.low, "late"), (item.high, "early")):
                covered = covered_rows(demand, times, question, persons, variant)[rows == a].sum()
                assert end is None or round(end * item.people, 6) == covered


@always(people(), venues(), walks, doubts)
def test_the_city_is_bounded_by_the_sum_of_its_districts(demand, places, question, doubt):
    times = travel(demand, places)
    (rows, n), _, (whole, one) = areas_of(demand)
    parts = coverage_by(demand, times, question, rows, n, doubt=doubt)
    (city,) = coverage_by(demand, times, question, whole, one, doubt=doubt)
    if city.people:
        for end in ("low", "high"):
            total = sum(getattr(p, end) * p.people for p in parts if p.people)
            # Each district is rounded outwards to a person of its own.
            assert getattr(city, end) * city.people == pytest.approx(total, abs=n)


@always(people(samples=1), venues(), walks, doubts, st.randoms(use_true_random=False))
def test_splitting_rows_moves_no_bound(demand, places, question, doubt, dice):
    """Halves of a cell's people, told apart, are the same people."""
    persons = demand.people
    first = np.array([dice.randint(0, int(p)) for p in persons], dtype=np.int64)
    split = dataclasses.replace(
        demand,
        row_cell=np.tile(demand.row_cell, 2),
        row_township=np.tile(demand.row_township, 2),
        people=np.concatenate([first, persons - first]),
    )
    question = dataclasses.replace(question, group="all")
    times = travel(demand, places)
    rows, n = areas_of(demand)[0]
    whole = coverage_by(demand, times, question, rows, n, doubt=doubt)
    parts = coverage_by(split, times, question, np.tile(rows, 2), n, doubt=doubt)
    assert [(a.low, a.high) for a in whole] == [(a.low, a.high) for a in parts]


@always(people(), venues(), walks)
def test_closing_venues_by_what_is_kept_is_closing_them(demand, places, question):
    """Recomputed without them, and never less than what the late variant is sure of."""
    closed = doubtful(places)
    left = [v for v in places if v.venue_id not in closed]
    kept = inside_without(travel(demand, places), question, closed)
    assert (kept == inside(travel(demand, left), question)).all()


def test_a_farther_venue_that_is_not_kept_still_counts_where_the_late_variant_knows_it():
    """Four nearer ones are kept, all of them closed; the fifth, open, is within reach."""
    places = [placed(i, "base", (100 + i, 0), 0, "unknown") for i in range(NEAREST)]
    places.append(placed(NEAREST, "base", (500, 0)))
    times = travel(one_district([5], [0], [()]), places)
    question = Question(mode="walk", minutes=15)
    assert inside_without(times, question, doubtful(places)).all()


def test_times_kept_without_their_venues_cannot_be_closed():
    demand = one_district([5], [0], [()])
    times = travel(demand, [placed(0, "base", (0, 0))])
    for asked in ({"own_district": True}, {"capacitated": True}):
        question = Question(mode="walk", **asked)
        assert inside_without(times, question, frozenset()) is None
        with pytest.raises(ValueError, match="cannot be drawn"):
            draw_covered(
                demand, times, question, demand.people, venue_doubt([]), EXACT, 1.0,
                draws=1, seed=1,
            )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "precision", "metres_off", "flags"),
    [
        ("open", 0, 900, set()),
        ("open", 300, 900, {"position_uncertain"}),
        ("open", 300, 1100, {"position_uncertain"}),
        ("open", 300, 400, set()),
        ("unknown", 0, 900, {"opening_unknown"}),
        ("unknown", 0, 1100, set()),
        ("unknown", 300, 1100, {"position_uncertain"}),
    ],
)
def test_what_moves_an_answer_is_flagged_and_nothing_else(status, precision, metres_off, flags):
    """15 minutes on foot are 923 m."""
    demand = one_district([100], [0], [()])
    places = [placed(0, "base", (metres_off, 0), precision, status)]
    (item,) = coverage_by(
        demand, travel(demand, places), Question(mode="walk", minutes=15),
        np.zeros(1, dtype=np.int32), 1, doubtful=doubtful(places),
    )  # fmt: skip
    assert set(item.flags) == flags


def test_where_nothing_tells_positions_from_openings_both_are_flagged():
    demand = dataclasses.replace(one_district([100], [0], [()]), adcodes=("A",))
    for status in ("unknown", "open"):
        venue = dataclasses.replace(placed(0, "base", (900, 0), 300, status), adcode="A")
        apart = placed(1, "other", (900, 0), 0, "unknown")
        times = travel(demand, [venue, apart])
        (item,) = coverage_by(
            demand, times, Question(mode="walk", minutes=15, kinds=("base",), own_district=True),
            np.zeros(1, dtype=np.int32), 1, doubtful=doubtful([venue, apart]),
        )  # fmt: skip
        both = {"position_uncertain", "opening_unknown"}
        assert set(item.flags) == (both if status == "unknown" else {"position_uncertain"})


# draws -------------------------------------------------------------------------------------------


@always(people(), venues(most=7), walks, doubts, st.integers(0, 99))
def test_every_draw_lies_within_the_bounds(demand, places, question, doubt, seed):
    times = travel(demand, places)
    persons = group_people(demand, question.group)
    drawn = draw_covered(
        demand, times, question, persons, venue_doubt(places), doubt, 500.0, draws=60, seed=seed
    )
    rows = demand.cell_district[demand.row_cell]
    late, early = (covered_rows(demand, times, question, persons, v) for v in ("late", "early"))
    low, high = area_bounds(demand, persons, late, early, rows, drawn.shape[1], doubt)
    # Covered people are rounded along each township, half a person each, and factors stretch it.
    slack = len(demand.township_flags) * (0.5 * doubt.cell * doubt.township) + 1e-3
    assert (drawn >= low - slack).all()
    assert (drawn <= high + slack).all()


@always(people(), venues(), walks, st.sampled_from([0.0, 1.0]))
def test_with_nothing_else_in_doubt_draws_open_or_close_venues(demand, places, question, chance):
    """Never open: the city without them. Always open: the city as given."""
    exact = [dataclasses.replace(v, precision_m=0) for v in places]
    persons = group_people(demand, question.group)
    drawn = draw_covered(
        demand, travel(demand, exact), question, persons, venue_doubt(exact, chance), EXACT, 500.0,
        draws=3, seed=1,
    )  # fmt: skip
    left = [v for v in exact if chance == 1 or v.status == "open"]
    part = inside(travel(demand, left), question).mean(axis=1)
    district = demand.cell_district[demand.row_cell]
    expected = np.bincount(district, persons * part[demand.row_cell], drawn.shape[1])
    assert drawn == pytest.approx(np.tile(expected, (3, 1)))


def draw_one(places, metres_off, k=1, seed=7, spread=None, early=None, late=None):
    """Share of 1000 draws in which a lone cell is covered."""
    demand = one_district([100], [0], [()])
    moved = [dataclasses.replace(v, lon=metres_off / 1000) for v in places]
    times = travel(demand, moved)
    if spread is not None:
        near = np.array(times.near_s)
        near[1, ..., 0] = np.where(near[1, ..., 0] < 10**6, late, near[1, ..., 0])
        near[2, ..., 0] = np.where(near[2, ..., 0] < 10**6, early, near[2, ..., 0])
        times = dataclasses.replace(times, spread=spread, near_s=near)
    drawn = draw_covered(
        demand, times, Question(mode="walk", minutes=15, k=k), demand.people,
        venue_doubt(places), EXACT, 500.0, draws=1000, seed=seed,
    )  # fmt: skip
    assert set(np.unique(drawn)) <= {0, 100}
    return (drawn == 100).mean()


def test_a_venue_is_as_often_in_reach_as_its_place_allows():
    """923 m are in reach; a place 1000 m away known to 400 m is, for u <= -77 / 400: 40 %."""
    share = draw_one([placed(0, "base", (0, 0), 400)], 1000)
    assert share == pytest.approx((1 - 77 / 400) / 2, abs=0.04)


def test_a_venue_of_unknown_opening_is_as_often_open_as_assumed():
    places = [placed(0, "base", (0, 0), 0, "unknown")]
    assert draw_one(places, 500) == pytest.approx(0.5, abs=0.05)
    assert draw_one(places, 1000) == 0


def test_the_next_venue_steps_in_where_the_nearest_is_closed():
    places = [placed(i, "base", (0, 0), 0, "unknown") for i in range(3)]
    assert draw_one(places, 500) == pytest.approx(1 - 0.5**3, abs=0.04)
    assert draw_one(places, 500, k=2) == pytest.approx(0.5, abs=0.04)


def test_departures_are_drawn_between_the_quick_and_the_slow_one():
    """The median, 975 s, is 75 s too late; the quick departure saves 300: 37.5 %."""
    spread = {"mean": np.array([975]), "p15": np.array([675]), "p85": np.array([1275])}
    spread = {name: values.astype(np.uint16) for name, values in spread.items()}
    places = [placed(0, "base", (0, 0))]
    share = draw_one(places, 1000, spread=spread, early=675, late=1275)
    assert share == pytest.approx((1 - 75 / 300) / 2, abs=0.04)
    # 800 m take 780 s, 120 less than the limit; the slow one takes 480 s more, or has no way
    spread["p85"][0] = 1260
    share = draw_one(places, 800, spread=spread, early=675, late=1260)
    assert share == pytest.approx(0.5 + 120 / 480 / 2, abs=0.04)
    spread["p85"][0] = 65535
    share = draw_one(places, 800, spread=spread, early=675, late=2**31 - 1)
    assert share == pytest.approx(0.5, abs=0.05)


def town_and_country(flags):
    """Two townships of 1000 in one district; a venue reaches a cell of the first, none of 2's."""
    demand = one_district(
        [500, 500, 1000], [0, 0, 1], flags, [(0.0, 0.0), (5000.0, 900.0), (9000.0, 0.0)]
    )
    return demand, travel(demand, [placed(0, "base", (0, 0))])


def draws_of(demand, times, doubt, seed=3, draws=400):
    return draw_covered(
        demand, times, Question(mode="walk", minutes=15), demand.people,
        VenueDoubt(np.zeros(1), np.zeros(1, dtype=bool), 1.0), doubt, 500.0,
        draws=draws, seed=seed,
    )[:, 0]  # fmt: skip


def test_people_of_cells_are_drawn_around_the_model_and_towns_keep_theirs():
    """500 of 1000 covered, factor 2: between 250 and 750, on both sides, and not all alike."""
    drawn = draws_of(*town_and_country([(), ()]), DemandDoubt(cell=2))
    assert 250 <= drawn.min() < 450 < np.median(drawn) < 550 < drawn.max() <= 750
    assert np.median(drawn) == pytest.approx(500, abs=25)


def test_estimated_totals_are_drawn_and_counted_ones_are_not():
    estimated = ("residents_estimated",)
    demand, times = town_and_country([estimated, estimated])
    drawn = draws_of(demand, times, DemandDoubt(township=1.6))
    assert 312.5 - 1e-6 <= drawn.min() < 400
    assert 600 < drawn.max() <= 687.5 + 1e-6
    demand, times = town_and_country([estimated, ()])
    # alone it has nobody to trade with
    assert draws_of(demand, times, DemandDoubt(township=1.6)) == pytest.approx(500)


def test_an_unplaced_township_is_drawn_like_a_placed_one_of_its_district():
    """Its own pattern is as good as any while the model is taken at its word."""
    demand, times = town_and_country([(), ("point_unknown",)])
    assert draws_of(demand, times, DemandDoubt(cell=1.0)) == pytest.approx(500)
    # Townships 0 (600, all covered) and 1 (200, nobody); 1000 more live in both cells.
    demand = dataclasses.replace(
        demand,
        row_cell=np.array([0, 1, 0, 1], dtype=np.int32),
        row_township=np.array([0, 1, 2, 2], dtype=np.int32),
        people=np.array([600, 200, 500, 500]),
        township_flags=((), (), ("point_unknown",)),
    )
    drawn = draws_of(demand, times, DemandDoubt(cell=1.5), draws=1000)
    assert set(np.round(drawn, 6)) == {600, 1600}
    assert (drawn > 1000).mean() == pytest.approx(600 / 800, abs=0.04)
    # Where its district's pattern reaches nobody, being like the first one brings nobody either.
    demand = dataclasses.replace(demand, row_cell=np.array([0, 1, 1, 1], dtype=np.int32))
    assert draws_of(demand, times, DemandDoubt(cell=1.5)) == pytest.approx(600)


@always(
    st.lists(st.tuples(st.integers(1, 9000), st.integers(0, 2)), min_size=1, max_size=8),
    st.sampled_from([1.0, 1.6, 3.0]),
    st.integers(0, 9),
)
def test_drawn_totals_keep_their_district_and_their_bounds(towns, factor, seed):
    people_of = np.array([p for p, _ in towns], dtype=float)
    group = np.array([g for _, g in towns])
    wanted = factor ** np.random.default_rng(seed).uniform(-1, 1, (5, len(towns)))
    x = kept_total(wanted, people_of, group, factor)
    assert (x >= 1 / factor - 1e-12).all()
    assert (x <= factor + 1e-12).all()
    for g in set(group.tolist()):
        here = group == g
        assert x[:, here] @ people_of[here] == pytest.approx([people_of[here].sum()] * 5)


def test_a_seed_gives_the_same_draws_and_more_of_them_begin_alike():
    demand, times = town_and_country([("residents_estimated",), ("residents_estimated",)])
    doubt = DemandDoubt(2, 1.6)
    first = draws_of(demand, times, doubt)
    assert (first == draws_of(demand, times, doubt)).all()
    assert (first[:120] == draws_of(demand, times, doubt, draws=120)).all()
    assert (first != draws_of(demand, times, doubt, seed=4)).any()


def test_places_near_one_another_are_misjudged_alike():
    """Where errors reach over the whole city nothing differs within a township."""
    demand, times = town_and_country([(), ()])
    far = draw_covered(
        demand, times, Question(mode="walk", minutes=15), demand.people,
        VenueDoubt(np.zeros(1), np.zeros(1, dtype=bool), 1.0), DemandDoubt(cell=2), 1e9,
        draws=50, seed=1,
    )  # fmt: skip
    assert far == pytest.approx(500, abs=0.1)


@pytest.mark.parametrize(
    ("name", "value"),
    [("cell_factor", 0.9), ("cell_factor", 101), ("township_factor", 0), ("error_km", 0),
     ("open_probability", 1.1), ("open_probability", -0.1), ("cell_factor", float("nan"))],
)  # fmt: skip
def test_assumptions_that_make_no_sense_are_refused(tmp_path, name, value):
    said = yaml.safe_load((HERE / "assumptions.yaml").read_text(encoding="utf-8"))
    said["uncertainty"][name]["value"] = value
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(said), encoding="utf-8")
    with pytest.raises(BadQueryError, match=name):
        load_assumptions(file)


def test_assumptions_written_before_there_were_any_of_doubt_are_still_read(tmp_path):
    said = yaml.safe_load((HERE / "assumptions.yaml").read_text(encoding="utf-8"))
    del said["uncertainty"]
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(said), encoding="utf-8")
    assert load_assumptions(file).uncertainty == load_assumptions().uncertainty


def test_townships_of_two_districts_trade_nobody_even_in_the_sum_of_the_city():
    """Each the only estimated one of its district: the whole city is as sure as they are."""
    flags = [("residents_estimated",), ("residents_estimated",)]
    demand = one_district([700, 900], [0, 1], flags)
    demand = dataclasses.replace(demand, cell_district=np.array([0, 1], dtype=np.int32))
    covered, city = np.array([700, 0]), np.zeros(2, dtype=np.int32)
    found = area_bounds(demand, demand.people, covered, covered, city, 1, DemandDoubt(1, 2))
    assert [int(end[0]) for end in found] == [700, 700]
    demand = dataclasses.replace(demand, cell_district=np.zeros(2, dtype=np.int32))
    found = area_bounds(demand, demand.people, covered, covered, city, 1, DemandDoubt(1, 2))
    # of one district: 700 / 2; 1600 - 900 / 2
    assert [int(end[0]) for end in found] == [350, 1150]
