"""Any run of changes against a plain model, and both databases against each other."""

import dataclasses
import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from tests.contract.changes import (
    BEIJING_TIME,
    change,
    claims,
    commit,
    confirmed,
    everything,
    point,
    row,
    tables,
    undo,
    venues,
)
from venuenet.errors import RegistryError
from venuenet.registry.model import (
    Claim,
    Ledger,
    Link,
    Question,
    Receipt,
    Reply,
    SourceInfo,
)
from venuenet.registry.resolve import register
from venuenet.settings import Settings
from venuenet.store import DatabaseStore, open_store, schema
from venuenet.store.database import FILE, connect


class Model:
    """The registry in thirty lines: every change kept, everything worked out from them anew."""

    def __init__(self):
        self.changes = []

    def dead(self, changes):
        dead = {}
        for number in range(len(changes), 0, -1):
            if number not in dead and changes[number - 1].undoes:
                dead[changes[number - 1].undoes] = number
        return dead

    def commit(self, new):
        """Append a change; False when it may not be made."""
        undoes, changes = new.undoes, [*self.changes, new]
        if undoes is not None and not 0 < undoes < len(changes):
            return False
        if undoes in self.dead(self.changes) or self.goes_round(self.ledger(changes).links):
            return False
        self.changes = changes
        return True

    def goes_round(self, links):
        for start in links:
            here = start
            for _ in links:
                here = links.get(here)
            if here is not None and here in links:
                return True
        return False

    def ledger(self, changes=None):
        changes = self.changes if changes is None else changes
        dead, out = self.dead(changes), Ledger(len(changes), (), {}, {}, {}, {}, {}, {}, {})
        receipts = []
        for n, c in enumerate(changes, start=1):
            found = {o: sum(r.outcome == o for r in c.rows) for o in {r.outcome for r in c.rows}}
            found |= {k: len(getattr(c, k)) for k in ("claims", "links", "questions", "replies")}
            base = {k: getattr(c, k) for k in ("kind", "at", "who", "why", "title", "files")}
            found = {k: v for k, v in found.items() if v}
            receipts.append(
                Receipt(n, **base, counts=found, undoes=c.undoes, undone_by=dead.get(n))
            )
            out.sources.update({s.id: s for s in c.sources})
            out.mappings.update(c.mappings)
            if n in dead:
                continue
            for x in c.claims:
                mine = dataclasses.replace(x, receipt=n)
                out.claims[x.venue_id] = (*out.claims.get(x.venue_id, ()), mine)
            out.links.update({x.gone: x.kept for x in c.links})
            out.questions.update({x.key: dataclasses.replace(x, receipt=n) for x in c.questions})
            out.replies.update({x.key: dataclasses.replace(x, receipt=n) for x in c.replies})
            out.rows.update({(x.source, x.key): (x.fingerprint, x.venue_id) for x in c.rows})
        links = {gone: kept for gone, kept in out.links.items() if kept is not None}
        return dataclasses.replace(out, receipts=tuple(receipts), links=links)


IDS = st.sampled_from("ABC")
KEYS = st.sampled_from(["q1", "q2", "馆"])
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "name_zh": WORDS,
        "status": st.sampled_from(["open", "closed"]),
        "standing": st.sampled_from(["confirmed", "pending"]),
        "point": st.builds(point, st.floats(-180, 180), st.floats(-90, 90)),
        "visits_per_year": st.floats(0, 1e30) | st.integers(0, 10**20),
    },
)
DAYS = st.dates(dt.date(2020, 1, 1), dt.date(2027, 1, 1))
CLAIMS = st.builds(
    Claim, IDS, KEYS, DAYS, FIELDS, st.sampled_from(["high", "low"]), st.none() | DAYS
)
LINKS = st.sampled_from([Link(a, b) for a in "ABC" for b in (None, *"ABC") if a != b])
CHANGES = st.builds(
    change,
    who=WORDS,
    at=st.datetimes(timezones=st.sampled_from([dt.UTC, BEIJING_TIME])),
    files=st.dictionaries(WORDS, WORDS, max_size=2),
    sources=st.lists(
        st.builds(SourceInfo, KEYS, WORDS, DAYS, WORDS), max_size=2, unique_by=lambda x: x.id
    ).map(tuple),
    claims=st.lists(CLAIMS, max_size=4).map(tuple),
    links=st.lists(LINKS, max_size=2).map(tuple),
    questions=st.lists(
        st.builds(
            Question, KEYS, st.just("same"), st.lists(IDS).map(tuple), st.none() | KEYS, FIELDS
        ),
        max_size=2,
    ).map(tuple),
    replies=st.lists(
        st.builds(Reply, KEYS, st.sampled_from(["accept", "ask"]), FIELDS), max_size=2
    ).map(tuple),
    rows=st.lists(
        st.builds(
            lambda key, outcome, venue: row(key, outcome=outcome, venue_id=venue),
            KEYS, st.sampled_from(["added", "changed", "rejected"]), st.none() | IDS,
        ),
        max_size=3, unique_by=lambda x: x.key,
    ).map(tuple),
    mappings=st.dictionaries(KEYS, st.dictionaries(WORDS, WORDS, max_size=2), max_size=2),
)  # fmt: skip
# An undo is told by how many receipts back, so that most of them can be made.
UNDOS = st.integers(-1, 3)
MERGES = LINKS.map(lambda link: change(kind="decision", links=(link,)))
STEPS = st.lists(CHANGES | MERGES | UNDOS, min_size=2, max_size=9)


def emptied(store):
    with store._engine.begin() as connection:
        for table in reversed(schema.metadata.sorted_tables):
            connection.execute(delete(table))
    return store


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_any_run_of_commits_and_undos_gives_what_the_model_gives(store, steps):
    emptied(store)
    model = Model()
    for drawn in steps:
        revision = len(model.changes)
        step = undo(revision - drawn) if isinstance(drawn, int) else drawn
        if model.commit(step):
            assert store.commit(step, revision).number == revision + 1
        else:
            with pytest.raises(RegistryError):
                store.commit(step, revision)
    ledger = store.ledger()
    assert ledger == model.ledger()
    # The table of states, brought up to date step by step, is what working out everything gives.
    states = venues(store)
    found = register(ledger)
    assert {i for i, r in states.items() if r[1] is None} == set(found)
    assert {i: r[2] for i, r in states.items() if r[1] is None} == {
        i: v.standing for i, v in found.items()
    }
    store.rebuild()
    assert venues(store) == states


def test_both_databases_hold_the_same(postgis_url, tmp_path):
    urls = [f"sqlite:///{tmp_path / 'a.sqlite'}", postgis_url]
    held = []
    for url in urls:
        store = DatabaseStore(connect(url))
        commit(
            store,
            everything(),
            change(claims=confirmed("V", 116.1, 39.9), links=(Link("T3", "V"),)),
            undo(2),
        )
        held.append((store.ledger(), tables(store)))
        store.close()
    assert held[0] == held[1]


def test_the_same_imports_make_the_same_file_byte_by_byte(tmp_path):
    files = [tmp_path / folder / FILE for folder in "ab"]
    for file in files:
        store = open_store(Settings(database_url=None), file.parent)
        ids = [f"V{n}" for n in range(50)]
        commit(
            store,
            everything(),
            change(claims=claims(*ids), links=tuple(Link(a, b) for a, b in pairwise(ids))),
            undo(1),
        )
        store.close()
    assert files[0].read_bytes() == files[1].read_bytes()
