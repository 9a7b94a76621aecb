"""Each gap has one main cause: every row of docs/causes.md, and who wins where two hold."""

import dataclasses
import itertools
from pathlib import Path

import numpy as np
import pytest

from venuenet.causes import TYPES
from venuenet.evidence import Evidence
from venuenet.gaps import find_gaps
from venuenet.model import (
    BEYOND,
    KINDS,
    NEAREST,
    REASONS,
    SCIENCE_KINDS,
    UNREACHED,
    DemandPoints,
    LocatedVenue,
    Question,
    TravelTimes,
)
from venuenet.publish.answers import capacity_count, causes, coverage, gap_rows
from venuenet.publish.cause_words import CAUSES, evidence_words
from venuenet.publish.evidence import rooms_known, rooms_of, shut_times
from venuenet.questions import parse_question

DOC = Path(__file__).parents[2] / "docs" / "causes.md"
HOME, NEXT = 0, 1


@dataclasses.dataclass
class Way:
    """A venue some minutes away: as marked, and if it lies nearer."""

    venue: str
    kind: str
    minutes: float
    early: float
    district: int = HOME


def table(mode, ways, cells=1, estimated=True, reason=None, spread=False):
    """Times by hand; every cell is one point and has the same ways, or ``ways[cell]``."""
    each = ways if ways and isinstance(ways[0], list) else [ways] * cells
    ids = sorted({w.venue for some in each for w in some})
    near = np.full((3, len(KINDS), NEAREST, cells, 1), UNREACHED, np.int32)
    who = np.full(near.shape[1:], -1, np.int16)
    own = np.full((3, len(KINDS), cells, 1), BEYOND, np.uint16)
    for c, some in enumerate(each):
        for k, kind in enumerate(KINDS):
            mine = [w for w in some if w.kind == kind]
            for variant in (0, 1, 2):
                key = [(w.early if variant == 2 else w.minutes) * 60 for w in mine]
                order = sorted(range(len(mine)), key=key.__getitem__)
                for slot, i in enumerate(order):
                    near[variant, k, slot, c, 0] = key[i]
                    if variant == 0:
                        who[k, slot, c, 0] = ids.index(mine[i].venue)
                home = [s for s, w in zip(key, mine, strict=True) if w.district == HOME]
                own[variant, k, c, 0] = min([*home, int(BEYOND)])
    return TravelTimes(
        mode=mode, engine="by hand", surface_transit=False, estimated=estimated, period=None,
        cutoff_s=3600, venue_ids=tuple(ids), indptr=np.zeros(len(ids) + 1, np.int64),
        cell=np.zeros(0, np.int32), seconds=np.zeros(0, np.uint16), near_s=near, near_venue=who,
        samples=1, own_s=own, spread={"mean": np.zeros(0, np.uint16)} if spread else {},
        reason=None if reason is None else np.full(cells, REASONS.index(reason), np.uint8),
    )  # fmt: skip


def folk(number):
    """Cells side by side in one township, with so many people each."""
    n = len(number)
    at, none = np.arange(n, dtype=np.int32), np.zeros(n, np.int32)
    return DemandPoints(
        cell=at.astype(np.uint64) + 7, lon=at, lat=none, x=at, y=none, area_km2=np.ones(n),
        cell_district=none, cell_township=none, sample_xy=np.zeros((n, 1, 2)),
        neighbours=np.stack([at[:-1], at[1:]], axis=1), row_cell=at, row_township=none,
        people=np.array(number), groups={}, township_flags=((),), group_standing={},
        adcodes=("110101", "110102"),
    )  # fmt: skip


@dataclasses.dataclass
class World:
    """A place of which everything is known, and nothing near: no_venue_near."""

    question: dict = dataclasses.field(default_factory=dict)
    ways: list = dataclasses.field(
        default_factory=lambda: [Way("V1", "base", 90, 90), Way("V5", "base", 95, 95)]
    )
    others: dict = dataclasses.field(default_factory=dict)
    reason: str | None = None
    unplaced: bool = False
    shut: list = dataclasses.field(default_factory=list)
    spread: bool = False
    known: dict = dataclasses.field(default_factory=dict)

    def gap(self):
        demand = folk([1000])
        question = Question(kinds=SCIENCE_KINDS, **self.question)
        far = [dataclasses.replace(w, minutes=w.minutes + 60) for w in self.ways[:2]]
        times = {mode: table(mode, self.others.get(mode, far)) for mode in ("walk", "transit")}
        times["drive"] = table("drive", self.others.get("drive", far))
        mine = table(question.mode, self.ways, reason=self.reason, spread=self.spread)
        times[question.mode] = mine
        every = [*self.ways, *self.shut]
        evidence = Evidence(
            **{
                "times": times,
                "unplaced": np.array([self.unplaced]),
                "answerable": True,
                "high_people": 2000,
                "medium_people": 500,
                "district": {w.venue: w.district for w in every},
                "shut": table(question.mode, self.shut) if self.shut else None,
                "shut_status": {w.venue: "lapsed" for w in self.shut},
                **self.known,
            }
        )
        (gap,) = find_gaps(demand, mine, question, evidence, ["110101", "110102"], ["T0"])
        return gap


def near(world):
    """The same venues, all within half an hour."""
    return [dataclasses.replace(w, minutes=30, early=30) for w in world.ways[:2]]


def venues_unlocated(world):
    world.known |= {"answerable": False, "open": 17, "located": 1}


def unmapped(world):
    world.reason = "no_street"


def position_uncertain(world):
    world.ways = [dataclasses.replace(w, early=min(w.early, 40)) for w in world.ways]
    world.known |= {"precision_m": {"V1": 2500.0}}


def venue_unconfirmed(world):
    world.ways = [*world.ways, Way("V2", "other", 25, 25)]
    world.known |= {"unconfirmed": frozenset({"V2"})}


def venue_unlocated_here(world):
    world.known |= {"unlocated_here": {0: ("V8", "V9")}}


def residents_unplaced(world):
    world.unplaced = True


def full(world):
    world.question |= {"capacitated": True}
    world.ways = [dataclasses.replace(w, minutes=20, early=20) for w in world.ways]
    world.known |= {"rooms": {"V1": 100, "V5": 150}}


def no_way(world):
    world.reason = "no_way"


def relies_on_next_district(world):
    world.question |= {"own_district": True}
    world.ways = [*world.ways, Way("V3", "science_museum", 30, 30, NEXT)]


def closed_or_lapsed(world):
    world.shut = [Way("V4", "science_museum", 35, 35)]


def too_few_choices(world):
    world.question |= {"k": 2}
    first = dataclasses.replace(world.ways[0], minutes=30, early=30)
    world.ways = [first, *world.ways[1:]]


def too_far_to_walk(world):
    world.question |= {"mode": "walk"}
    world.others |= {"transit": near(world)}


def poor_transit(world):
    world.others |= {"drive": near(world)}


def no_venue_near(world):
    pass


FACTS = {cause: globals()[cause] for cause in TYPES}
AWAY = {
    "unmapped", "position_uncertain", "venue_unconfirmed", "no_way", "relies_on_next_district",
    "closed_or_lapsed", "too_few_choices", "too_far_to_walk", "poor_transit",
}  # fmt: skip
NEVER_BOTH = (
    {frozenset({"full", cause}) for cause in AWAY}  # who has a venue in reach is not out of reach
    | {
        frozenset({"unmapped", "no_way"}),  # a cell has one reason
        frozenset({"too_far_to_walk", "poor_transit"}),  # a question has one mode
        frozenset({"relies_on_next_district", "too_few_choices"}),  # own district: k = 1
    }
)
PAIRS = [p for p in itertools.combinations(TYPES, 2) if frozenset(p) not in NEVER_BOTH]

NUMBERS = {
    "venues_unlocated": {"share": 1.0, "open": 17, "located": 1},
    "unmapped": {"share": 1.0},
    "position_uncertain": {
        "share": 1.0, "venue_id": "V1", "minutes": 90.0, "precision_m": 2500.0,
    },
    "venue_unconfirmed": {"share": 1.0, "venue_id": "V2", "minutes": 25.0},
    "venue_unlocated_here": {"share": 1.0, "venue_ids": ["V8", "V9"]},
    "residents_unplaced": {"share": 1.0},
    "full": {
        "share": 1.0, "venue_id": "V5", "venues": 2, "room": 250, "residents_in_reach": 1000,
    },
    "no_way": {"share": 1.0},
    "relies_on_next_district": {
        "share": 1.0, "venue_id": "V3", "minutes": 30.0, "adcode": "110102",
    },
    "closed_or_lapsed": {
        "share": 1.0, "venue_id": "V4", "minutes": 35.0, "status": "lapsed", "estimated": True,
    },
    "too_few_choices": {"share": 1.0, "venue_id": "V1", "minutes": 30.0, "asked": 2},
    "too_far_to_walk": {
        "share": 1.0, "venue_id": "V1", "minutes": 30.0, "within": 45, "estimated": True,
        "asked_minutes": 90.0,
    },
    "poor_transit": {
        "share": 1.0, "venue_id": "V1", "minutes": 30.0, "within": 45, "estimated": True,
        "asked_minutes": 90.0,
    },
    "no_venue_near": {
        "share": 1.0, "walk_minutes": 150.0, "transit_minutes": 90.0, "drive_minutes": 150.0,
    },
}  # fmt: skip


@pytest.mark.parametrize("cause", TYPES)
def test_a_cause_is_found_where_it_alone_holds_with_its_numbers(cause):
    world = World()
    FACTS[cause](world)
    gap = world.gap()
    assert (gap.cause, gap.gap_type) == (cause, TYPES[cause])
    assert gap.evidence == NUMBERS[cause]
    assert gap.people == (750 if cause == "full" else 1000)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_where_two_hold_the_first_of_the_table_is_the_cause(first, second):
    world = World()
    for cause in (second, first):
        FACTS[cause](world)
    assert world.gap().cause == first
    world = World()
    for cause in (first, second):
        FACTS[cause](world)
    assert world.gap().cause == first


def test_every_neighbouring_pair_of_the_table_is_tried_or_can_never_be():
    neighbours = set(itertools.pairwise(TYPES))
    assert neighbours - set(PAIRS) == {
        ("full", "no_way"), ("too_far_to_walk", "poor_transit"),
    }  # fmt: skip


def test_the_document_lists_the_causes_in_the_order_they_are_tried():
    rows = [line.split("|") for line in DOC.read_text(encoding="utf-8").splitlines()]
    told = [r[2].strip().strip("`") for r in rows if len(r) > 5 and r[1].strip().isdigit()]
    assert told == list(TYPES) == list(CAUSES)


@pytest.mark.parametrize(("people", "cause"), [([600, 400], "poor_transit"),
                                               ([400, 600], "no_venue_near"),
                                               ([500, 500], "no_venue_near")])  # fmt: skip
def test_a_cause_must_hold_for_more_than_half_of_a_gap_s_people(people, cause):
    far, close = [Way("V1", "base", 90, 90)], [Way("V1", "base", 30, 30)]
    times = {m: table(m, far, cells=2) for m in ("walk", "transit")}
    times["drive"] = table("drive", [close, far], cells=2)
    evidence = Evidence(times, np.zeros(2, bool), True, 2000, 500)
    (gap,) = find_gaps(folk(people), times["transit"], Question(), evidence, ["1"], ["T0"])
    assert gap.cause == cause
    assert gap.evidence["share"] == (0.6 if cause == "poor_transit" else 1.0)


def test_a_quick_departure_is_no_doubt_about_a_position():
    """Where departures are known, `early` holds both; only what the position explains counts."""
    for metres, cause in ((0.0, "no_venue_near"), (4000.0, "position_uncertain")):
        world = World(spread=True)
        position_uncertain(world)
        world.known |= {"precision_m": {"V1": metres}, "s_per_m": 0.75}
        assert world.gap().cause == cause  # 90 min less 4 km at 0.75 s/m is 40


@pytest.mark.parametrize("fact", [venue_unconfirmed, closed_or_lapsed])
def test_under_own_district_only_own_venues_are_missed(fact):
    world = World()
    world.question |= {"own_district": True}
    fact(world)
    for way in (*world.ways[2:], *world.shut):
        way.district = NEXT
    assert world.gap().cause == "no_venue_near"


def test_one_more_venue_does_not_help_where_two_are_missing():
    world = World(question={"k": 2})
    closed_or_lapsed(world)
    assert world.gap().cause == "no_venue_near"
    too_few_choices(world)
    assert world.gap().cause == "closed_or_lapsed"


def test_a_venue_of_verified_kind_that_was_not_asked_for_is_no_doubt():
    world = World()
    venue_unconfirmed(world)
    world.known = {}
    assert world.gap().cause == "no_venue_near"


def test_a_venue_asked_for_is_not_counted_twice_for_its_unverified_kind():
    world = World()
    too_few_choices(world)
    world.known |= {"unconfirmed": frozenset({"V1"})}
    assert world.gap().cause == "too_few_choices"


def test_the_gap_of_a_full_venue_is_as_large_as_its_cell():
    world = World()
    full(world)
    assert world.gap().area_km2 == 1.0


@pytest.mark.parametrize(("district", "flagged"), [(HOME, False), (NEXT, True)])
def test_leaning_on_the_next_district_is_a_flag_where_its_venue_is_nearest(district, flagged):
    world = World(ways=[Way("V1", "base", 90, 90, district)])
    gap = world.gap()
    assert gap.cause == "no_venue_near"
    assert ("relies_on_next_district" in gap.flags) is flagged


@pytest.mark.parametrize("cause", TYPES)
def test_the_numbers_of_every_cause_make_a_sentence_in_both_languages(cause):
    names = {f"V{i}": (f"{{{{场}}}}馆{i}", f"{{hall}} {i}") for i in range(10)}  # a name has braces
    zh, en = evidence_words(cause, NUMBERS[cause], names)
    assert any("\u4e00" <= c <= "\u9fff" for c in zh)
    assert not any("\u4e00" <= c <= "\u9fff" for c in en)
    assert "None" not in zh + en
    venue = NUMBERS[cause].get("venue_id")
    if venue:
        assert f"{{{{场}}}}馆{venue[1]}" in zh
        assert f"{{hall}} {venue[1]}" in en
    for key in ("minutes", "room", "located", "precision_m"):
        if key in NUMBERS[cause]:
            assert f"{NUMBERS[cause][key]:g}" in zh
            assert f"{NUMBERS[cause][key]:g}" in en


ASKED = [
    {"standard": "transit45"}, {"standard": "walk15"}, {"mode": "drive", "minutes": "30"},
    {"own_district": "true"}, {"capacitated": "true"}, {"standard": "choice60"},
]  # fmt: skip


@pytest.mark.parametrize("asked", ASKED, ids=lambda a: "-".join(map(str, a.values())))
def test_in_beijing_every_gap_has_one_cause_and_people_add_up(beijing, asked):
    question = parse_question(beijing.standards, (), **asked)
    rows = gap_rows(beijing, question)
    assert rows
    for row in rows:
        assert TYPES[row["cause"]] == row["gap_type"]
        assert row["evidence_zh"]
        assert 0.5 < row["evidence"]["share"] <= 1
    uncovered = sum(r["uncovered"] for r in coverage(beijing, question))
    assert sum(r["people"] for r in rows) == uncovered
    assert sum(c["people"] for c in causes(rows)) == uncovered


def test_the_closed_science_hall_in_chaoyang_is_missed_on_foot(beijing):
    rows = gap_rows(beijing, parse_question(beijing.standards, (), standard="walk15"))
    (gap,) = [r for r in rows if r["cause"] == "closed_or_lapsed"]
    assert gap["evidence"]["venue_id"] == "V110105-009"
    assert gap["evidence"]["status"] == "closed"
    assert gap["evidence"]["estimated"] is True
    assert "索尼探梦" in gap["evidence_zh"]
    assert gap["adcode"] == "110105"


@pytest.mark.parametrize("mode", ["walk", "transit", "drive"])
def test_times_to_a_closed_venue_are_those_the_build_would_have_estimated(beijing, mode):
    """Open the hall's neighbour's table: a venue that counts, asked as if it were shut."""
    area = beijing.area
    some = next(v for v in area.venues if isinstance(v, LocatedVenue) and v.kind == "center_city")
    gone = tuple(dataclasses.replace(v, status="closed") if v == some else v for v in area.venues)
    only = tuple(v for v in gone if v.venue_id == some.venue_id)
    shut = shut_times(
        dataclasses.replace(beijing, area=dataclasses.replace(area, venues=only)), mode
    )
    k = KINDS.index(some.kind)
    built = beijing.times[mode]
    assert np.array_equal(shut.near_s[0, k, 0], built.near_s[0, k, 0])
    assert shut.venue_ids == (some.venue_id,)


def with_visits(snapshot, room):
    """The snapshot, where just these venues tell their visits a year, and none its area."""
    venues = tuple(
        dataclasses.replace(v, visits_per_year=room.get(v.venue_id), exhibition_m2=None)
        for v in snapshot.area.venues
    )
    return dataclasses.replace(snapshot, area=dataclasses.replace(snapshot.area, venues=venues))


def test_venues_of_known_capacity_fill_and_their_gaps_say_so(beijing):
    """Every located science venue takes 1,500 visits a year: 10,000 persons at 0.15 each."""
    small = with_visits(beijing, {v.venue_id: 1500.0 for v in beijing.area.venues})
    question = Question(capacitated=True)
    assert set(rooms_of(small).values()) == {10_000}
    assert rooms_known(small, question)[1] == 0
    served = sum(r["covered"] for r in coverage(small, question))
    plain = sum(r["covered"] for r in coverage(small, Question()))
    assert 0 < served <= 10_000 * rooms_known(small, question)[0] < plain
    rows = gap_rows(small, question)
    assert sum(r["people"] for r in rows) == sum(r["uncovered"] for r in coverage(small, question))
    assert "full" in {r["cause"] for r in rows}
    assert not any("capacity_unknown" in r["flags"] for r in rows)
    for row in rows:
        if row["cause"] == "full":
            assert row["evidence"]["residents_in_reach"] > row["evidence"]["room"]


def test_unknown_capacity_limits_nobody_and_is_flagged(beijing):
    unknown = with_visits(beijing, {})
    assert rooms_of(unknown) == {}
    plain = [r["covered"] for r in coverage(unknown, Question())]
    assert [r["covered"] for r in coverage(unknown, Question(capacitated=True))] == plain
    (known, not_known) = rooms_known(unknown, Question())
    assert known == 0
    assert capacity_count(unknown, Question()) is None
    counted = capacity_count(unknown, Question(capacitated=True))
    assert counted == {"known": 0, "unknown": not_known}
    full_rows = gap_rows(unknown, Question(capacitated=True))
    assert all("capacity_unknown" in r["flags"] for r in full_rows)
    assert not any("capacity_unknown" in r["flags"] for r in gap_rows(unknown, Question()))
    for row in coverage(unknown, Question(capacitated=True)):
        assert "capacity_unknown" in row["flags"]
