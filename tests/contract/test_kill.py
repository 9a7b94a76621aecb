"""Killed at any moment of an import, a merge or an undo, the registry is as before or as after."""

import csv
import json
import multiprocessing
import os
import random
import signal
import time

import pytest
from sqlalchemy import select

from venuenet import area as areas
from venuenet.geocode.build import from_settings
from venuenet.geocode.settings import GeocodeSettings
from venuenet.intake import Options, import_lists, seed
from venuenet.registry.model import Actor
from venuenet.registry.resolve import register
from venuenet.registry.review import decide_all, questions, undo
from venuenet.store import DatabaseStore
from venuenet.store.database import connect
from venuenet.store.schema import venue as venue_table

KILLS = 50
ROWS = 400
ME = Actor("测试")


class Recorder:
    """A real store that also remembers the changes it was given."""

    def __init__(self, store):
        self.store, self.changes = store, []

    def commit(self, change, revision):
        self.changes.append(change)
        return self.store.commit(change, revision)

    def __getattr__(self, name):
        return getattr(self.store, name)


def content(ledger):
    """What is live, whatever the receipts' numbers."""
    plain = [
        (i, c.source, json.dumps(c.fields, sort_keys=True))
        for i, claims in ledger.claims.items()
        for c in claims
    ]
    answers = {k: r.answer for k, r in ledger.replies.items()}
    return sorted(plain), dict(ledger.links), sorted(ledger.questions), answers, dict(ledger.rows)


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """A seed, then import, merge, undo, undo: the changes, and what is live after each."""
    folder = tmp_path_factory.mktemp("story")
    area, path = areas.load(), folder / "list.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["名称", "所属区", "地址", "类别"])
        for n in range(ROWS):
            writer.writerow(
                [f"第{n}号{'星云' * (n % 3)}蓝莓馆", "海淀区", f"蓝莓路{n}号", "科技馆"]
            )
        writer.writerow(["北京天文馆A馆", "西城区", "西城区西直门外大街138号", "科技馆"])
        writer.writerow(["北京天文馆B馆", "西城区", "西城区西直门外大街138号", "科技馆"])
    store = Recorder(DatabaseStore(connect(f"sqlite:///{folder / 'r.sqlite'}")))
    seed(store, area)
    geocoder = from_settings(area, [], GeocodeSettings(), None)
    import_lists(store, area, [path], geocoder, actor=ME, options=Options(confidence="high"))
    twins = [q["id"] for q in questions(store, area, kind="same") if q["adcode"] == "110102"]
    assert len(twins) >= 2
    merged = decide_all(store, area, twins[:2], "merge", actor=ME)
    undo(store, merged.number, actor=ME)
    undo(store, merged.number - 1, actor=ME)
    assert [c.kind for c in store.changes] == ["seed", "import", "decision", "undo", "undo"]
    store.close()
    after = []
    again = DatabaseStore(connect(f"sqlite:///{folder / 'again.sqlite'}"))
    for revision, change in enumerate(store.changes):
        again.commit(change, revision)
        after.append(content(again.ledger()))
    again.close()
    assert after[1] != after[2] != after[3]
    assert (after[3], after[4]) == (after[1], after[0])
    return store.changes, after


def work(url, changes, ready):
    """Commit import, merge, undo, undo over and over, until killed."""
    store = DatabaseStore(connect(url))
    ready.set()
    while True:
        step(store, changes)


def step(store, changes):
    """Commit the next change of the cycle; what it undoes is so many receipts back."""
    done = len(store.ledger().receipts)
    change = changes[(done - 1) % 4 + 1]
    if change.undoes is not None:
        back = {3: 1, 0: 3}[done % 4]
        change = type(change)(**{**vars(change), "undoes": done + 1 - back})
    store.commit(change, done)


def whole(store, after):
    """The registry is one of the story's states, and its table of venues says the same."""
    ledger = store.ledger()
    done = len(ledger.receipts)
    assert [r.number for r in ledger.receipts] == list(range(1, done + 1))
    assert content(ledger) == after[(done - 1) % 4]
    with store._engine.connect() as connection:
        columns = (venue_table.c.venue_id, venue_table.c.standing, venue_table.c.merged_into)
        kept = {i: s for i, s, into in connection.execute(select(*columns)) if into is None}
    assert kept == {i: v.standing for i, v in register(ledger).items()}
    return done


def test_a_kill_at_any_moment_leaves_the_registry_whole(url, story):
    changes, after = story
    dice = random.Random(20261122)
    store = DatabaseStore(connect(url))
    store.commit(changes[0], 0)
    start = time.perf_counter()
    for _ in range(4):
        step(store, changes)
    cycle = time.perf_counter() - start
    store.close()
    processes = multiprocessing.get_context("fork")
    ends = set()
    done = 5
    for _ in range(KILLS):
        ready = processes.Event()
        child = processes.Process(target=work, args=(url, changes, ready), daemon=True)
        child.start()
        assert ready.wait(60)
        time.sleep(dice.random() * 1.5 * cycle)
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        store = DatabaseStore(connect(url))
        before, done = done, whole(store, after)
        assert done >= before
        ends.add((done - 1) % 4)
        store.close()
    # The kills fell in more than one kind of change.
    assert len(ends) >= 3
    store = DatabaseStore(connect(url))
    step(store, changes)
    assert whole(store, after) == done + 1
    store.close()
