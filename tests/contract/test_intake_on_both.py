"""The whole way of a list, on SQLite and on PostGIS: the same outcomes, ids and venues."""

from pathlib import Path

import pytest

from venuenet import area as areas
from venuenet.geocode.build import from_settings
from venuenet.geocode.settings import GeocodeSettings
from venuenet.intake import Options, import_lists, seed
from venuenet.registry.model import Actor
from venuenet.registry.resolve import register
from venuenet.registry.review import decide, questions, undo

MESSY = Path(__file__).parents[3] / "shared" / "data" / "messy_venues.csv"
ME = Actor("测试")


@pytest.fixture(scope="module")
def area():
    return areas.load()


def take(store, area, path, **options):
    geocoder = from_settings(area, [], GeocodeSettings(), None)
    return import_lists(store, area, [path], geocoder, actor=ME, options=Options(**options))


def test_the_messy_list_on_every_kind_of_store(store, area):
    if not MESSY.exists():
        pytest.skip("no ../shared/data beside the project")
    seed(store, area)
    before = register(store.ledger())
    done = take(store, area, MESSY)
    assert len(done.rows) == len(store.rows(done.receipt.number)) == 116
    assert take(store, area, MESSY).receipt is None
    asked = next(q for q in questions(store, area, kind="same"))
    merged = decide(store, area, asked["id"], "merge", actor=ME)
    undo(store, merged.number, actor=ME)
    undo(store, done.receipt.number, actor=ME)
    assert register(store.ledger()) == before


def test_a_venue_that_came_in_is_found_near_its_point(store, area, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(
        "名称,所属区,类别,经度,纬度\n蓝莓飞船馆,海淀区,科技馆,116.2031,40.0577\n", "utf-8"
    )
    done = take(store, area, path, datum="WGS84")
    assert store.near(116.2031, 40.0577, 200) == [done.rows[0].venue_id]


def test_columns_named_by_hand_are_remembered_for_the_next_edition(store, area, tmp_path):
    first, second = tmp_path / "基地2025.csv", tmp_path / "基地2026.csv"
    first.write_text("单元,所属区,类别\n蓝莓飞船馆,海淀区,科技馆\n", "utf-8")
    second.write_text("单元,所属区,类别\n橙子齿轮馆,海淀区,科技馆\n", "utf-8")
    take(store, area, first, mapping={"单元": "name_zh"})
    done = take(store, area, second)
    names = [register(store.ledger())[r.venue_id].get("name_zh") for r in done.rows]
    assert names == ["橙子齿轮馆"]
