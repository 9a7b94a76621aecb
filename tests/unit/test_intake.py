"""Lists into the registry: every row accounted for, nothing asked twice, everything undone."""

import csv
import dataclasses
import datetime as dt
import random
from pathlib import Path

import pytest

from venuenet import area as areas
from venuenet import crs
from venuenet.errors import BadQueryError, RegistryError, UnknownNameError
from venuenet.geocode.build import from_settings
from venuenet.geocode.model import GeoAnswer
from venuenet.geocode.settings import GeocodeSettings
from venuenet.intake import Options, import_lists, seed
from venuenet.registry.export import write_pack
from venuenet.registry.history import history
from venuenet.registry.model import Actor, Change
from venuenet.registry.resolve import register, resolve_id
from venuenet.registry.review import decide, decide_all, questions, split, undo
from venuenet.registry.settle import subject_of
from venuenet.store import open_store

SHARED = Path(__file__).parents[3] / "shared"
MESSY = SHARED / "data" / "messy_venues.csv"
ME = Actor("测试")
# A place in Haidian far from every venue known, and one in Changping.
SPOT, OTHER_SPOT = (116.2031, 40.0577), (116.2012, 40.2204)


@pytest.fixture(scope="module")
def area():
    return areas.load()


@pytest.fixture
def store(tmp_path, area):
    with_seed = open_store(data=tmp_path)
    seed(with_seed, area)
    yield with_seed
    with_seed.close()


@pytest.fixture
def take(store, area, tmp_path):
    """Import rows (dicts) as a CSV list, or a file."""

    def do(rows, name="list.csv", dry_run=False, actor=ME, datum="WGS84", **options):
        path = rows
        if not isinstance(rows, Path):
            path = tmp_path / name
            columns = list(dict.fromkeys(c for r in rows for c in r))
            with path.open("w", encoding="utf-8-sig", newline="") as file:
                writer = csv.DictWriter(file, columns)
                writer.writeheader()
                writer.writerows(rows)
        known = [subject_of(v) for v in register(store.ledger()).values()]
        geocoder = from_settings(area, known, GeocodeSettings(), None)
        told = Options(datum=datum, **options)
        return import_lists(
            store, area, [path], geocoder, actor=actor, options=told, dry_run=dry_run
        )

    return do


def row(name="海淀测试科技馆", district="海淀区", kind="科技馆", at=None, **more):
    found = {"名称": name, "所属区": district, "类别": kind, **more}
    if at is not None:
        found |= {"经度": f"{at[0]:.6f}", "纬度": f"{at[1]:.6f}"}
    return found


def outcomes(result):
    return [r.outcome for r in result.rows]


def state(store):
    return register(store.ledger())


def open_questions(store, area, **more):
    return questions(store, area, **more)


# -- the messy list ----------------------------------------------------------------------------


@pytest.fixture
def messy(take):
    if not MESSY.exists():
        pytest.skip("no ../shared/data beside the project")
    return take(MESSY)


def test_every_row_of_the_messy_list_is_accounted_for(messy):
    with MESSY.open(encoding="utf-8") as file:
        names = [r["name"] for r in csv.DictReader(file)]
    assert [r.raw["name"] for r in messy.rows] == names
    assert [r.ref.row for r in messy.rows] == list(range(2, 118))
    assert all(r.reason.zh and r.reason.en for r in messy.rows)
    assert sum(messy.counts.values()) == 116


def test_what_the_messy_list_says_of_known_venues_is_merged_with_them(messy, store):
    ledger = store.ledger()
    known = {
        "国家自然博物馆": "V110101-002",
        "北京天文馆": "V110102-003",
        "中国科学技术馆": "V110105-002",
        "北京科学中心": "V110102-001",
        "索尼探梦科技馆": "V110105-009",
    }
    for name, venue_id in known.items():
        mine = next(r for r in messy.rows if r.raw["name"] == name)
        assert (mine.outcome, mine.venue_id) == ("merged", venue_id)
    parts = [
        r for r in messy.rows if r.raw["name"] in ("北京天文馆A馆", "中国科学技术馆儿童科学乐园")
    ]
    assert [r.outcome for r in parts] == ["queued", "queued"]
    assert register(ledger)["V110105-009"].get("status") == "closed"


def test_no_row_of_the_messy_list_is_in_coverage_on_its_own(messy, store, area, tmp_path):
    write_pack(area, store.ledger(), tmp_path / "pack")
    after = areas.load(tmp_path / "pack")
    assert {v.venue_id for v in after.venues} == {v.venue_id for v in area.venues}
    before = {v.venue_id: (v.status, v.kind) for v in area.venues}
    assert {v.venue_id: (v.status, v.kind) for v in after.venues} == before


def test_a_second_import_of_the_same_list_changes_nothing_and_asks_nothing(
    messy, take, store, area
):
    before, asked = store.ledger(), open_questions(store, area)
    again = take(MESSY)
    assert again.receipt is None
    assert again.questions == ()
    assert set(outcomes(again)) == {"unchanged"}
    assert store.ledger() == before
    assert open_questions(store, area) == asked


def test_what_people_turned_down_is_not_asked_again_when_another_list_names_it(
    messy, take, store, area
):
    asked = next(
        q for q in open_questions(store, area) if q["venues"][0]["name_zh"] == "蟹岛度假村"
    )
    decide(store, area, asked["id"], "reject", actor=ME, why="不存在")
    other = take([row("蟹岛度假村", "朝阳区", "其他", 地址="朝阳区蟹岛路1号")], "other.csv")
    assert outcomes(other) == ["rejected"]
    assert other.questions == ()


# -- new venues, changes, undo ------------------------------------------------------------------


def test_a_dry_run_shows_and_writes_nothing(take, store):
    before = store.ledger()
    shown = take([row(at=SPOT)], dry_run=True)
    assert (outcomes(shown), shown.receipt) == (["added"], None)
    assert store.ledger() == before
    assert outcomes(take([row(at=SPOT)])) == ["added"]


def test_a_venue_with_a_point_in_its_district_is_added_and_reaches_the_pack(
    take, store, area, tmp_path
):
    done = take([row(at=SPOT, 级别="区级", 展厅面积="1,200㎡")])
    write_pack(area, store.ledger(), tmp_path / "pack")
    after = areas.load(tmp_path / "pack")
    (venue,) = [v for v in after.venues if v.venue_id == done.rows[0].venue_id]
    assert (venue.name_zh, venue.kind, venue.adcode) == (
        "海淀测试科技馆",
        "science_museum",
        "110108",
    )
    assert (venue.lon, venue.lat) == pytest.approx(SPOT)
    assert (venue.exhibition_m2, venue.counts) == (1200, True)
    assert {s.id for s in after.meta.sources} - {s.id for s in area.meta.sources} == {"list:list"}


def test_a_building_area_reaches_the_pack_and_the_yardsticks_column(take, store, area, tmp_path):
    assert "building_m2" not in area.venue_table
    done = take([row(at=SPOT, 建筑面积="3,000㎡")])
    write_pack(area, store.ledger(), tmp_path / "pack")
    table = areas.load(tmp_path / "pack").venue_table.set_index("venue_id")["building_m2"]
    assert table[done.rows[0].venue_id] == "3000"
    assert (table != "").sum() == 1


def test_without_imports_the_registry_gives_the_pack_byte_for_byte(store, area, tmp_path):
    write_pack(area, store.ledger(), tmp_path / "pack")
    assert areas.load(tmp_path / "pack").digest == area.digest


def test_undo_brings_back_what_was_and_a_new_import_the_same_ids(take, store):
    before = state(store)
    first = take([row(at=SPOT), row("北京天文馆", "西城区", "科技馆")])
    after = state(store)
    undo(store, first.receipt.number, actor=ME)
    assert state(store) == before
    take([row(at=SPOT), row("北京天文馆", "西城区", "科技馆")])
    assert {i: (v.ids, v.standing) for i, v in state(store).items()} == {
        i: (v.ids, v.standing) for i, v in after.items()
    }
    with pytest.raises(RegistryError):
        undo(store, first.receipt.number, actor=ME)
    with pytest.raises(RegistryError):
        undo(store, 1, actor=ME)


def test_what_rests_on_an_import_has_to_be_undone_first(take, store, area):
    done = take([row("蓝莓飞船馆", "门头沟区")])
    (asked,) = open_questions(store, area)
    decision = decide(store, area, asked["id"], "accept", actor=ME)
    with pytest.raises(RegistryError, match=str(decision.number)):
        undo(store, done.receipt.number, actor=ME)
    undo(store, decision.number, actor=ME)
    assert [q["id"] for q in open_questions(store, area)] == [asked["id"]]
    undo(store, done.receipt.number, actor=ME)
    assert open_questions(store, area) == []


def test_the_next_edition_updates_and_tells_what_is_gone(take, store):
    first = take([row(at=SPOT, 年接待量="1万"), row("昌平测试科技馆", "昌平区", at=OTHER_SPOT)],
                 "基地2025.csv", stated_on=dt.date(2025, 6, 1))  # fmt: skip
    venue_id = first.rows[0].venue_id
    second = take([row(at=SPOT, 年接待量="1.2万")], "基地2026.csv", stated_on=dt.date(2026, 6, 1))
    assert outcomes(second) == ["changed"]
    assert [v for _, v in second.missing] == [first.rows[1].venue_id]
    ledger = store.ledger()
    assert register(ledger)[venue_id].get("visits_per_year") == 12_000
    assert register(ledger, dt.date(2025, 12, 31))[venue_id].get("visits_per_year") == 10_000
    told = history(store, venue_id)
    assert [e["said"]["visits_per_year"] for e in told["events"]] == [10_000, 12_000]
    assert first.rows[1].venue_id in register(ledger)


def test_our_own_ids_in_a_list_of_high_confidence_correct_our_venues(take, store):
    told = take([row("国家自然博物馆", "东城区", 场馆编号="V110101-002", 展厅面积="8000")],
                confidence="high")  # fmt: skip
    assert [(r.outcome, r.venue_id) for r in told.rows] == [("changed", "V110101-002")]
    assert state(store)["V110101-002"].get("exhibition_m2") == 8000


def test_a_trusted_list_adds_what_it_cannot_place_and_asks_nothing(take, store):
    told = take([row("橙子齿轮馆", "延庆区")], confidence="high")
    assert (outcomes(told), told.questions) == (["added"], ())
    assert state(store)[told.rows[0].venue_id].get("point") is None


def test_a_list_imported_again_as_trusted_settles_what_waited(take, store, area):
    rows = [row("橙子齿轮馆", "延庆区")]
    assert outcomes(take(rows)) == ["queued"]
    assert outcomes(take(rows, confidence="high")) == ["added"]
    assert open_questions(store, area) == []


def test_rows_alike_within_a_list_are_one_venue(take, store):
    told = take([row(at=SPOT), row(at=SPOT), row("海淀 测试科技馆", at=SPOT)])
    assert outcomes(told) == ["added", "merged", "merged"]
    first = told.rows[0].venue_id
    ledger = store.ledger()
    assert [resolve_id(ledger, r.venue_id) for r in told.rows] == [first] * 3


def test_a_row_is_kept_as_it_stood_its_columns_in_order(take, store):
    cells = {
        "备注": "z",
        "名称": "海淀测试科技馆",
        "所属区": "海淀区",
        "联系人": "a",
        "类别": "科技馆",
    }
    done = take([cells])
    (kept,) = store.rows(done.receipt.number)
    assert list(kept.raw.items()) == list(cells.items())


def test_two_files_of_one_list_at_once_are_refused(store, area, tmp_path):
    for name in ("基地2025.csv", "基地2026.csv"):
        (tmp_path / name).write_text("名称,所属区\n甲科技馆,海淀区\n", encoding="utf-8")
    geocoder = from_settings(area, [], GeocodeSettings(), None)
    files = [tmp_path / "基地2025.csv", tmp_path / "基地2026.csv"]
    with pytest.raises(BadQueryError):
        import_lists(store, area, files, geocoder, actor=ME)


def test_nobody_writes_outside_their_district(take, store, area):
    bound = Actor("海淀", "110108")
    told = take([row(at=SPOT), row("昌平测试科技馆", "昌平区", at=OTHER_SPOT)], actor=bound)
    assert outcomes(told) == ["added", "rejected"]
    take([row("葡萄火箭馆", "昌平区")], "b.csv")
    (asked,) = open_questions(store, area)
    with pytest.raises(RegistryError):
        decide(store, area, asked["id"], "accept", actor=bound)
    with pytest.raises(RegistryError):
        undo(store, store.ledger().revision, actor=bound)


def test_a_row_one_district_could_not_write_comes_in_when_another_may(take, store):
    rows = [row(at=SPOT), row("昌平测试科技馆", "昌平区", at=OTHER_SPOT)]
    assert outcomes(take(rows, actor=Actor("海淀", "110108"))) == ["added", "rejected"]
    assert outcomes(take(rows)) == ["unchanged", "added"]


def test_a_change_by_somebody_else_meanwhile_is_planned_upon(take, store, area, tmp_path):
    """The other change names the same venue: the import must see it, not overwrite it."""
    path = tmp_path / "list.csv"
    path.write_text("名称,所属区,类别\n蓝莓飞船馆,门头沟区,科技馆\n", encoding="utf-8")
    inner = from_settings(area, [], GeocodeSettings(), None)
    calls = []

    class Meddler:
        name = "meddler"

        def locate(self, query):
            if not calls:
                calls.append(query)
                note = Change("decision", dt.datetime.now(dt.UTC), "其他人", "", "同时")
                store.commit(note, store.ledger().revision)
            return inner.locate(query)

    result = import_lists(store, area, [path], Meddler(), actor=ME)
    assert calls
    assert result.receipt.number == 3


# -- questions ----------------------------------------------------------------------------------


def test_a_venue_nobody_knows_waits_until_somebody_confirms_it(take, store, area, tmp_path):
    done = take([row("蓝莓飞船馆", "门头沟区", 地址="门头沟区大峪街道")])
    assert outcomes(done) == ["queued"]
    (asked,) = open_questions(store, area)
    assert (asked["kind"], asked["adcode"]) == ("new", "110109")
    assert asked["venues"][0]["row"]["raw"]["名称"] == "蓝莓飞船馆"
    with pytest.raises(BadQueryError):
        decide(store, area, asked["id"], "move", actor=ME, values={"lon": 116.4, "lat": 39.9})
    decide(store, area, asked["id"], "move", actor=ME, values={"lon": 116.1, "lat": 39.94})
    venue = state(store)[done.rows[0].venue_id]
    assert (venue.standing, venue.get("point")["method"]) == ("confirmed", "review")
    assert open_questions(store, area) == []
    with pytest.raises(RegistryError):
        decide(store, area, asked["id"], "reject", actor=ME)
    (told,) = open_questions(store, area, state="answered")
    assert (told["reply"]["answer"], told["reply"]["who"]) == ("move", "测试")


def test_asking_the_district_keeps_the_question_open(take, store, area):
    take([row("蓝莓飞船馆", "门头沟区")])
    (asked,) = open_questions(store, area)
    decide(store, area, asked["id"], "ask", actor=ME)
    (now,) = open_questions(store, area)
    assert now["state"] == "asked"
    decide(store, area, asked["id"], "reject", actor=ME)
    assert open_questions(store, area) == []


def test_doubtful_twins_are_asked_about_and_stay_apart_once_told(take, store, area):
    rows = [row("北京天文馆A馆", "西城区", "科技馆", 地址="西城区西直门外大街138号")]
    done = take(rows)
    (asked,) = open_questions(store, area)
    assert asked["kind"] == "same"
    assert {v["venue_id"] for v in asked["venues"]} == {done.rows[0].venue_id, "V110102-003"}
    decide(store, area, asked["id"], "reject", actor=ME)
    (left,) = open_questions(store, area)
    assert left["kind"] == "new"
    again = take([rows[0] | {"备注": "改"}])
    assert (outcomes(again), again.questions) == (["queued"], ())


def test_merged_by_people_parted_by_people_and_ids_resolve_all_along(take, store, area):
    done = take([row("北京天文馆A馆", "西城区", "科技馆", 地址="西城区西直门外大街138号")])
    mine = done.rows[0].venue_id
    (asked,) = open_questions(store, area)
    decide(store, area, asked["id"], "merge", actor=ME, why="同一馆")
    assert resolve_id(store.ledger(), mine) == "V110102-003"
    assert history(store, mine)["resolved"] == "V110102-003"
    split(store, area, mine, actor=ME, why="不是")
    assert resolve_id(store.ledger(), mine) == mine
    assert [q["kind"] for q in open_questions(store, area)] == ["new"]
    with pytest.raises(RegistryError):
        split(store, area, mine, actor=ME)


def test_an_automatic_merge_can_be_parted_and_is_not_made_again(take, store, area):
    told = take([row("北京天文馆", "西城区", "科技馆", 地址="西城区西直门外大街138号")])
    assert outcomes(told) == ["merged"]
    mine = next(i for i in state(store)["V110102-003"].ids if i != "V110102-003")
    split(store, area, mine, actor=ME)
    other = take([row("北京天文馆", "西城区", "科技馆", 备注="新")])
    assert other.counts.keys() <= {"changed", "queued"}
    ledger = store.ledger()
    assert resolve_id(ledger, mine) == mine
    assert [c.fields["note"] for c in ledger.claims[mine] if "note" in c.fields] == ["新"]
    assert all(c.source != "list" for c in ledger.claims["V110102-003"])


def test_many_questions_take_one_answer_with_one_receipt(take, store, area):
    take([row(f"{n}公园", "门头沟区", "公园") for n in ("蓝莓", "齿轮", "飞船")])
    ids = [q["id"] for q in open_questions(store, area)]
    before = store.ledger().revision
    decide_all(store, area, ids, "reject", actor=ME, why="不属科普场馆")
    assert store.ledger().revision == before + 1
    assert open_questions(store, area) == []
    with pytest.raises(UnknownNameError):
        decide(store, area, "0" * 12, "reject", actor=ME)


# -- positions and datums -------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["accept", "move", "reject"])
def test_a_point_outside_its_district_goes_to_review(take, store, area, answer):
    done = take([row("海淀测试科技馆", "海淀区", at=OTHER_SPOT)])
    assert outcomes(done) == ["queued"]
    venue_id = done.rows[0].venue_id
    assert state(store)[venue_id].get("point") is None
    (asked,) = open_questions(store, area)
    assert asked["kind"] == "place"
    values = {"lon": SPOT[0], "lat": SPOT[1]} if answer == "move" else {}
    decide(store, area, asked["id"], answer, actor=ME, values=values)
    venue = state(store)[venue_id]
    point = venue.get("point") or {}
    assert venue.standing == "confirmed"
    assert (point.get("lon"), venue.get("adcode")) == {
        "accept": (pytest.approx(OTHER_SPOT[0], abs=1e-6), "110114"),
        "move": (SPOT[0], "110108"),
        "reject": (None, "110108"),
    }[answer]


def placed(area, n=24):
    venues = [v for v in area.venues if getattr(v, "precision_m", 1e9) <= 100 and v.adcode]
    return random.Random(5).sample(venues, n)


def as_rows(area, convert, extra=()):
    rows = []
    for v in placed(area):
        name = area.districts.set_index("adcode")["name_zh"][v.adcode]
        lon, lat = convert(v.lon, v.lat)
        rows.append(row(v.name_zh, name, "科技馆", at=(float(lon), float(lat))))
    return [*rows, *extra]


@pytest.mark.parametrize("convert", [crs.gcj02_from_wgs84, crs.bd09_from_wgs84])
def test_a_list_in_another_datum_is_told_and_converted(take, area, store, convert):
    at = tuple(float(d) for d in convert(*SPOT))
    done = take(as_rows(area, convert, [row(at=at)]), datum=None)
    assert done.rows[-1].outcome == "added"
    point = state(store)[done.rows[-1].venue_id].get("point")
    assert (point["lon"], point["lat"]) == pytest.approx(SPOT, abs=1e-5)
    assert "converted" in point["method"]


def test_a_list_with_the_wrong_label_is_quarantined_until_somebody_names_its_datum(
    take, store, area, tmp_path
):
    at = tuple(float(d) for d in crs.gcj02_from_wgs84(*SPOT))
    done = take(as_rows(area, crs.gcj02_from_wgs84, [row(at=at)]), datum="WGS84")
    assert set(outcomes(done)) == {"quarantined"}
    write_pack(area, store.ledger(), tmp_path / "pack")
    assert len(areas.load(tmp_path / "pack").venues) == len(area.venues)
    (asked,) = open_questions(store, area)
    assert asked["kind"] == "datum"
    with pytest.raises(BadQueryError):
        decide(store, area, asked["id"], "accept", actor=ME)
    decide(store, area, asked["id"], "accept", actor=ME, values={"datum": "GCJ-02"})
    ledger = store.ledger()
    mine = register(ledger)[done.rows[-1].venue_id]
    assert mine.standing == "confirmed"
    assert (mine.get("point")["lon"], mine.get("point")["lat"]) == pytest.approx(SPOT, abs=1e-5)
    merged = [resolve_id(ledger, r.venue_id) for r in done.rows[:-1]]
    assert merged == [v.venue_id for v in placed(area)]


def test_a_list_whose_datum_cannot_be_told_is_asked_about_not_guessed(take, store, area):
    bare = [
        {"名称": f"无人知晓的{n}科技馆", "经度": 116.3 + n / 100, "纬度": 39.95} for n in range(6)
    ]
    done = take(bare, datum=None)
    assert set(outcomes(done)) == {"quarantined"}
    assert [q["kind"] for q in open_questions(store, area)] == ["datum"]
    again = take(bare, datum="GCJ-02")
    assert "quarantined" not in outcomes(again)
    assert "datum" not in [q["kind"] for q in open_questions(store, area)]


def test_a_row_in_another_datum_than_its_list_is_asked_about_not_averaged_in(take, store, area):
    rows = as_rows(area, lambda x, y: (x, y))
    v = next(v for v in area.venues if v.name_zh == "国家自然博物馆")
    lon, lat = crs.gcj02_from_wgs84(v.lon, v.lat)
    name = "东城区"
    odd = [row(v.name_zh, name, "科技馆", at=(float(lon), float(lat)), 精度="10")]
    done = take([*(r for r in rows if r["名称"] != v.name_zh), *odd], datum=None)
    assert (done.rows[-1].outcome, done.rows[-1].venue_id) == ("merged", v.venue_id)
    point = state(store)[v.venue_id].get("point")
    assert (point["lon"], point["lat"]) == (v.lon, v.lat)


def test_a_merged_row_far_from_the_venue_does_not_move_it(take, store, area):
    v = next(v for v in area.venues if v.name_zh == "国家自然博物馆")
    told = take([row(v.name_zh, "东城区", "科技馆", at=(v.lon, v.lat - 0.006), 精度="5")])
    assert outcomes(told) in (["merged"], ["queued"])
    assert state(store)[v.venue_id].get("point")["method"] == "OSM"


def test_nor_does_its_next_edition(take, store, area):
    v = next(v for v in area.venues if v.name_zh == "国家自然博物馆")
    assert outcomes(take([row(v.name_zh, "东城区", "科技馆")])) == ["merged"]
    far = row(v.name_zh, "东城区", "科技馆", at=(v.lon, v.lat - 0.006), 精度="5")
    assert outcomes(take([far])) == ["changed"]
    assert state(store)[v.venue_id].get("point")["method"] == "OSM"


def test_a_venue_that_an_online_map_knows_is_added_and_passes_the_packs_contract(
    store, area, tmp_path
):
    path = tmp_path / "list.csv"
    path.write_text("名称,所属区,类别\n蓝莓飞船馆,海淀区,科技馆\n", encoding="utf-8")

    class Map:
        name = "amap"

        def locate(self, query):
            return GeoAnswer(*SPOT, 60, "exact", 0.9, self.name)

    done = import_lists(store, area, [path], Map(), actor=ME)
    assert outcomes(done) == ["added"]
    write_pack(area, store.ledger(), tmp_path / "pack")
    assert any(v.name_zh == "蓝莓飞船馆" for v in areas.load(tmp_path / "pack").venues)


def test_accepting_a_new_point_of_a_known_venue_moves_it(take, store, area):
    first = take([row(at=SPOT)])
    assert outcomes(take([row(at=OTHER_SPOT)])) == ["changed"]
    (asked,) = open_questions(store, area)
    decide(store, area, asked["id"], "accept", actor=ME)
    venue = state(store)[first.rows[0].venue_id]
    assert venue.get("adcode") == "110114"
    assert venue.get("point")["lon"] == pytest.approx(OTHER_SPOT[0], abs=1e-6)


# -- whatever people answer, in whatever order ---


@pytest.mark.parametrize("seed_", range(6))
def test_who_waits_always_has_an_open_question_and_undoing_all_brings_the_seed_back(
    take, store, area, seed_
):
    dice = random.Random(seed_)
    start = state(store)
    rows = [
        row("北京天文馆A馆", "西城区", "科技馆", 地址="西城区西直门外大街138号"),
        row("北京天文馆B馆", "西城区", "科技馆", 地址="西城区西直门外大街138号"),
        row("蓝莓飞船馆", "门头沟区"),
        row("海淀测试科技馆", "海淀区", at=OTHER_SPOT),
        row("北京植物园温室", "海淀区", "科普馆", 地址="海淀区香山路北京植物园内"),
    ]
    take(rows)
    for _ in range(14):
        left = open_questions(store, area)
        done = [
            r.number for r in store.ledger().receipts if r.kind == "decision" and not r.undone_by
        ]
        if done and (not left or dice.random() < 0.3):
            undo(store, dice.choice(done[-1:]), actor=ME)
        elif left:
            asked = dice.choice(left)
            answer = dice.choice([a for a in asked["answers"] if a != "move"])
            into = {"into": "V110102-003"} if answer == "merge" and asked["kind"] == "new" else {}
            decide(store, area, asked["id"], answer, actor=ME, values=into)
        waiting = {i for i, v in state(store).items() if v.standing == "pending"}
        asked_of = {v["venue_id"] for q in open_questions(store, area) for v in q["venues"]}
        assert waiting <= asked_of
    live = [r.number for r in store.ledger().receipts if r.kind != "undo" and not r.undone_by]
    for number in reversed(live[1:]):
        undo(store, number, actor=ME)
    assert {i: dataclasses.asdict(v) for i, v in state(store).items()} == {
        i: dataclasses.asdict(v) for i, v in start.items()
    }
