"""What every store of the registry must keep, on SQLite and on PostGIS alike."""

import dataclasses
import datetime as dt
import random
from itertools import pairwise

import pytest

from tests.contract.changes import (
    AT,
    DAY,
    VALUES,
    change,
    claims,
    commit,
    confirmed,
    enumerate_text,
    everything,
    point,
    row,
    tables,
    undo,
    venues,
)
from venuenet.errors import RegistryError, StaleRegistryError
from venuenet.registry.model import (
    Claim,
    Ledger,
    Link,
    Question,
    Reply,
    RowRef,
    SourceInfo,
)
from venuenet.registry.resolve import register
from venuenet.store import DatabaseStore, entries
from venuenet.store.database import connect

# What goes in comes out


def test_an_empty_registry(store):
    assert store.ledger() == Ledger(0, (), {}, {}, {}, {}, {}, {}, {})
    assert list(store.rows(1)) == []
    assert list(store.near(116.4, 39.9, 1e9)) == []


def as_kept(items):
    return tuple(dataclasses.replace(item, receipt=1) for item in items)


def test_every_type_comes_back_as_it_was(store, reopen):
    given_ = everything()
    receipt = store.commit(given_, 0)
    ledger = reopen().ledger()
    assert ledger.revision == 1
    assert ledger.receipts == (receipt,)
    for name in ("kind", "at", "who", "why", "title", "files", "undoes"):
        assert getattr(receipt, name) == getattr(given_, name)
    assert tuple(c for about in ledger.claims.values() for c in about) == as_kept(given_.claims)
    assert ledger.links == {"T1": "V", "T2": "T1"}
    assert tuple(ledger.questions.values()) == as_kept(given_.questions)
    assert tuple(ledger.replies.values()) == as_kept(given_.replies)
    assert tuple(ledger.sources.values()) == given_.sources
    assert ledger.mappings == given_.mappings
    assert tuple(store.rows(1)) == as_kept(given_.rows)
    assert ledger.rows == {(r.source, r.key): (r.fingerprint, r.venue_id) for r in given_.rows}


def test_values_keep_their_types(store):
    store.commit(change(claims=(Claim("V", "s", DAY, dict(enumerate_text(VALUES))),)), 0)
    (found,) = store.ledger().claims["V"]
    assert [repr(found.fields[str(n)]) for n in range(len(VALUES))] == [repr(v) for v in VALUES]


@pytest.mark.parametrize("value", [1e16, 1e23, 1.7976931348623157e308, -1e300])
def test_a_float_too_large_to_have_decimals_comes_back_equal(store, value):
    store.commit(change(claims=(Claim("V", "s", DAY, {"number": value}),)), 0)
    assert store.ledger().claims["V"][0].fields["number"] == value


def test_none_is_not_an_empty_text(store):
    rows = (row("a", venue_id=None), row("b", venue_id="", ref=RowRef("f", "", 1)))
    store.commit(change(rows=rows), 0)
    first, second = store.rows(1)
    assert (first.venue_id, second.venue_id, second.ref.sheet) == (None, "", "")


def test_moments_come_back_in_utc(store, reopen):
    receipt = store.commit(change(), 0)
    for found in (receipt, reopen().ledger().receipts[0]):
        assert found.at == AT
        assert found.at.utcoffset() == dt.timedelta(0)


def test_receipts_are_numbered_from_one_and_count_what_they_append(store):
    rows = (row("a"), row("b", outcome="merged"), row("c", outcome="added"))
    parts = {"links": (Link("C", "A"),), "replies": (Reply("q", "ask", {}),)}
    first = commit(store, change(claims=claims("A", "B"), rows=rows, **parts))
    assert first.counts == {"added": 2, "merged": 1, "claims": 2, "links": 1, "replies": 1}
    receipts = [commit(store, change()) for _ in range(12)]
    assert [r.number for r in receipts] == list(range(2, 14))
    assert store.ledger().receipts == (first, *receipts)
    assert receipts[-1].counts == {}


def test_rows_come_in_file_order(store):
    keys = [f"k{n}" for n in random.Random(1).sample(range(300), 300)]
    store.commit(change(rows=tuple(row(key) for key in keys)), 0)
    assert [r.key for r in store.rows(1)] == keys


# The ledger


def test_a_change_planned_on_another_revision_is_refused(store):
    commit(store, change(claims=claims("A")), change(claims=claims("B")))
    before = tables(store)
    for revision in (0, 1, 3, -1):
        with pytest.raises(StaleRegistryError):
            store.commit(change(claims=claims("C")), revision)
    assert tables(store) == before
    assert commit(store, change(claims=claims("C"))).number == 3


def test_an_undone_receipt_leaves_no_trace_in_the_ledger_but_its_receipt(store):
    parts = {
        "sources": (SourceInfo("list", "名录", DAY),),
        "links": (Link("B", "A"),),
        "questions": (Question("q", "new", ("A",), "110101", {}),),
        "replies": (Reply("q", "accept", {}),),
        "rows": (row("a"),),
        "mappings": {"list": {"名": "name_zh"}},
    }
    first = commit(store, change(claims=claims("A", "B"), **parts))
    ledger = store.ledger()
    receipt = commit(store, undo(1))
    after = store.ledger()
    assert (after.claims, after.links, after.questions, after.replies, after.rows) == ({},) * 5
    assert (after.sources, after.mappings) == (ledger.sources, ledger.mappings)
    assert after.sources
    assert after.mappings
    assert after.receipts == (dataclasses.replace(first, undone_by=2), receipt)
    assert receipt.undoes == 1
    assert venues(store) == {}
    assert len(store.rows(1)) == 1


def test_what_is_undone_or_missing_cannot_be_undone(store):
    commit(store, change(claims=claims("A")), undo(1))
    before = tables(store)
    with pytest.raises(RegistryError, match=r"第 2 号撤销.*undone by receipt 2"):
        store.commit(undo(1), 2)
    for missing in (3, 99, 0, -1):
        with pytest.raises(RegistryError, match="no receipt"):
            store.commit(undo(missing), 2)
    assert tables(store) == before


def test_undoing_an_undo_brings_back_what_was(store):
    commit(store, change(claims=claims("A")))
    was = store.ledger(), venues(store)
    commit(store, undo(1), undo(2))
    ledger = store.ledger()
    assert (ledger.claims, venues(store)) == (was[0].claims, was[1])
    assert [r.undone_by for r in ledger.receipts] == [None, 3, None]
    commit(store, undo(3))
    assert store.ledger().claims == {}
    commit(store, undo(4))
    assert [r.undone_by for r in store.ledger().receipts] == [None, 3, None, 5, None]
    assert store.ledger().claims == was[0].claims


def test_the_last_live_link_holds_and_parting_takes_it_back(store):
    commit(store, change(claims=claims("A", "B", "C"), links=(Link("C", "A"), Link("C", "B"))))
    assert store.ledger().links == {"C": "B"}
    assert venues(store)["C"][1] == "B"
    assert venues(store)["B"][-1]["aliases"] == ["馆C"]
    commit(store, change(kind="decision", links=(Link("C", None),)))
    assert store.ledger().links == {}
    assert venues(store)["C"][1] is None
    assert "aliases" not in venues(store)["B"][-1]
    commit(store, change(kind="decision", links=(Link("C", "A"),)))
    assert store.ledger().links == {"C": "A"}
    commit(store, undo(3))
    assert store.ledger().links == {}
    commit(store, undo(2))
    assert store.ledger().links == {"C": "B"}
    assert venues(store)["B"][-1]["aliases"] == ["馆C"]


@pytest.mark.parametrize(
    "steps",
    [
        [change(links=(Link("A", "B"), Link("B", "A")))],
        [change(links=(Link("A", "B"),)), change(links=(Link("B", "C"), Link("C", "A")))],
        [
            change(links=(Link("A", "B"),)),
            change(links=(Link("A", None),)),
            change(links=(Link("B", "A"),)),
            undo(2),
        ],
    ],
    ids=["in one change", "over three", "by an undo"],
)
def test_venues_are_not_merged_in_a_circle(store, steps):
    commit(store, change(claims=claims("A", "B", "C")))
    steps = [dataclasses.replace(s, undoes=s.undoes and s.undoes + 1) for s in steps]
    for step in steps[:-1]:
        commit(store, step)
    before = tables(store)
    with pytest.raises(RegistryError, match=r"成环.*circle"):
        commit(store, steps[-1])
    assert tables(store) == before


def test_the_last_live_reply_row_source_and_mapping_hold(store):
    def edition(year, answer):
        return change(
            sources=(SourceInfo("list", f"名录{year}", dt.date(year, 1, 1)),),
            questions=(Question("q", "new", ("A",), None, {"year": year}),),
            replies=(Reply("q", "ask", {}), Reply("q", answer, {"year": year})),
            rows=(row("a", fingerprint=str(year), venue_id=answer),),
            mappings={"list": {str(year): "name_zh"}},
        )

    commit(store, edition(2025, "accept"), edition(2026, "reject"))
    ledger = store.ledger()
    assert ledger.replies == {"q": Reply("q", "reject", {"year": 2026}, 2)}
    assert ledger.questions["q"].evidence == {"year": 2026}
    assert ledger.rows == {("list", "a"): ("2026", "reject")}
    commit(store, undo(2))
    ledger = store.ledger()
    assert ledger.replies == {"q": Reply("q", "accept", {"year": 2025}, 1)}
    assert ledger.questions["q"].receipt == 1
    assert ledger.rows == {("list", "a"): ("2025", "accept")}
    assert ledger.sources["list"].title == "名录2026"
    assert ledger.mappings == {"list": {"2026": "name_zh"}}


# What is refused is refused whole

LONG = "x" * 401
REFUSED = {
    "receipt kind": {"kind": "raid"},
    "undo of nothing": {"kind": "undo"},
    "confidence": {"claims": (Claim("A", "s", DAY, {}, "certain"),)},
    "empty id": {"claims": (Claim("", "s", DAY, {}),)},
    "endless id": {"claims": (Claim(LONG, "s", DAY, {}),)},
    "endless key": {"rows": (row(LONG),)},
    "outcome": {"rows": (row("a", outcome="lost"),)},
    "same row twice": {"rows": (row("a"), row("b"), row("a"))},
    "same source twice": {"sources": (SourceInfo("s", "", DAY),) * 2},
    "question kind": {"questions": (Question("q", "why", (), None, {}),)},
    "answer": {"replies": (Reply("q", "maybe", {}),)},
    "merged with itself": {"links": (Link("A", "A"),)},
    "longitude": {"claims": claims("A", point=point(180.001, 39))},
    "latitude": {"claims": claims("A", point=point(116, -91))},
    "half a point": {"claims": claims("A", point={"lon": 116.0, "precision_m": 1})},
    "kind": {"claims": claims("A", kind="zoo")},
    "status": {"claims": claims("A", status="haunted")},
    "standing": {"claims": claims("A", standing="sitting")},
    "no zone": {"at": AT.replace(tzinfo=None)},
    "NUL in a reason": {"why": "a\0b"},
    "NUL in a file": {"files": {"a\0": ""}},
    "NUL in a claim": {"claims": claims("A", note="a\0b")},
    "NUL in a cell": {"rows": (row("a", raw={"x": "\0"}),)},
    "NUL in a header": {"rows": (row("a", raw={"\0": "x"}),)},
    "NUL in a file name": {"rows": (row("a", ref=RowRef("\0", None, 1)),)},
    "NUL in a mapping": {"mappings": {"a": {"b": "\0"}}},
    "half a surrogate": {"claims": claims("A", note=["\ud83d"])},
    "NaN": {"claims": claims("A", exhibition_m2=float("nan"))},
    "infinity": {"replies": (Reply("q", "move", {"pin": [float("inf")]}),)},
    "bytes": {"claims": claims("A", note=b"bytes")},
    "a date in JSON": {"claims": claims("A", opened_on=DAY)},
    "keys of two kinds": {"questions": (Question("q", "new", (), None, {1: 2, "1": 3}),)},
    "a row beyond counting": {"rows": (row("a", ref=RowRef("f", None, 2**70)),)},
    "no date": {"claims": (Claim("A", "s", None, {}),)},
    "a number where text is meant": {"claims": (Claim("A", None, DAY, {}),)},
}


@pytest.mark.parametrize("parts", REFUSED.values(), ids=list(REFUSED))
def test_a_change_that_breaks_a_rule_writes_nothing(store, parts):
    commit(store, change(claims=claims("A"), rows=(row("a"),)))
    before = tables(store)
    sound = {"claims": claims("B"), "sources": (SourceInfo("list", "", DAY),), "rows": (row("z"),)}
    with pytest.raises(RegistryError) as refusal:
        store.commit(change(**sound | parts), 1)
    assert any("\u4e00" <= c <= "\u9fff" for c in refusal.value.detail)
    assert not isinstance(refusal.value, StaleRegistryError)
    assert tables(store) == before
    assert commit(store, change(**sound)).number == 2


# The table of states


def test_the_state_of_a_venue_follows_its_claims(store):
    commit(
        store,
        change(claims=confirmed("A", 116.5, 39.75, kind="base", adcode="110105", status="open")),
        change(claims=claims("B", source="other", phone="010-1"), links=(Link("B", "A"),)),
    )
    found = venues(store)
    assert found["A"][:-1] == (
        "A", None, "confirmed", "馆A", "base", "110105", "open", 116.5, 39.75,
    )  # fmt: skip
    assert found["B"] == ("B", "A", *(None,) * 7, {})
    assert found["A"][-1] == {
        "name_zh": "馆A", "kind": "base", "adcode": "110105", "status": "open", "phone": "010-1",
        "point": point(116.5, 39.75), "standing": "confirmed", "aliases": ["馆B"],
    }  # fmt: skip
    commit(store, change(kind="decision", claims=claims("B", source="review", status="closed")))
    assert venues(store)["A"][6] == "closed"


def test_more_venues_than_a_query_can_bind(store, monkeypatch):
    monkeypatch.setattr(entries, "MOST_BOUND", 7)
    ids = [f"V{n:02}" for n in range(30)]
    pairs = tuple(Link(gone, kept) for kept, gone in pairwise(ids[:9]))
    commit(store, change(claims=claims(*ids)), change(claims=claims(*ids, status="open")))
    assert [r[6] for r in venues(store).values()] == ["open"] * 30
    commit(store, change(links=pairs))
    assert [r[1] for r in venues(store).values()][:10] == [None, *[ids[0]] * 8, None]
    commit(store, undo(2))
    assert {r[6] for r in venues(store).values()} == {None}
    assert len(venues(store)) == 30
    commit(store, undo(3))
    assert [r[1] for r in venues(store).values()] == [None] * 30
    commit(store, undo(1))
    assert venues(store) == {}


def test_states_are_what_the_store_is_told_they_are(url):
    def nameless(ledger):
        return {i: dataclasses.replace(v, fields={}) for i, v in register(ledger).items()}

    store = DatabaseStore(connect(url), nameless)
    commit(store, change(claims=claims("A")))
    assert venues(store)["A"][3] is None
    store.close()
    store = DatabaseStore(connect(url))
    assert venues(store)["A"][3] is None
    store.rebuild()
    assert venues(store)["A"][3] == "馆A"
    store.close()
