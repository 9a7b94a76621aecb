"""Changes of the registry for tests, and what is looked at afterwards."""

import datetime as dt

from sqlalchemy import select

from venuenet.errors import RegistryError, StaleRegistryError
from venuenet.registry.model import (
    Change,
    Claim,
    Link,
    Question,
    Reason,
    Reply,
    Row,
    RowRef,
    SourceInfo,
)
from venuenet.store import DatabaseStore, schema
from venuenet.store.database import connect

DAY = dt.date(2026, 3, 31)
BEIJING_TIME = dt.timezone(dt.timedelta(hours=8))
AT = dt.datetime(2026, 11, 22, 8, 30, 15, 123456, tzinfo=BEIJING_TIME)
TEXTS = [
    "国家自然博物馆（原：北京自然博物馆）",
    "𠮷林·中國科學技術館",
    "🔬👩‍🔬🧪 labs",
    'O\'Brien said "quote" \\ back\\slash \\u0000 \\x00',
    "'; DROP TABLE receipt; --",
    "%s %(who)s :who ? {0} $1 {{",
    '{"json": [1, null]}',
    "NULL",
    "null",
    "",
    " leading and trailing\t",
    "two\r\nlines\x01\x7f\x85\u2028",
    "\ufeffmark \u202eright-to-left é e\u0301",
    "长" * 100_000,
]
VALUES = [
    None, True, False, 0, -1, 2**31, 2**63, 10**30, 0.1 + 0.2, 1.0, -1.5e-7, 5e-324,
    116.391275, 9_999_999_999_999_998.0, [], {}, [None, "", 0, False, [[]]],
    {"": {"深": [{"a": 1, "b": None}]}},
]  # fmt: skip


def change(**parts):
    base = {"kind": "import", "at": AT, "who": "市科协", "why": "年度更新", "title": "科普基地2026"}
    return Change(**base | parts)


def claims(*ids, source="list", **fields):
    return tuple(Claim(i, source, DAY, {"name_zh": f"馆{i}", **fields}) for i in ids)


def point(lon, lat):
    return {"lon": lon, "lat": lat, "precision_m": 10.0, "method": "test"}


def row(key, **parts):
    base = {
        "source": "list", "key": key, "fingerprint": "f" * 32, "ref": RowRef("基地.xlsx", "表1", 2),
        "outcome": "added", "venue_id": "A", "reason": Reason("新", "new"), "raw": {"名称": "馆"},
    }  # fmt: skip
    return Row(**base | parts)


def undo(number):
    return change(kind="undo", title=f"undo {number}", undoes=number)


def commit(store, *changes):
    """Commit one after the other; return the last receipt."""
    for one in changes:
        receipt = store.commit(one, store.ledger().revision)
    return receipt


def tables(store):
    """Every table as a list of rows, the order of what was appended included."""
    with store._engine.connect() as connection:
        return {
            table.name: [
                tuple(r)
                for r in connection.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in schema.metadata.sorted_tables
        }


def venues(store):
    return {r[0]: r for r in tables(store)["venue"]}


def confirmed(i, lon, lat, **fields):
    return claims(i, standing="confirmed", point=point(lon, lat), **fields)


def everything():
    """A change with every type in it, and every text and value in every place it may stand."""
    texts = range(len(TEXTS))
    raw = {f"列{n} {TEXTS[n][:20]}": TEXTS[n] for n in texts}
    return change(
        kind="import",
        who=TEXTS[3],
        why=TEXTS[-1],
        title=TEXTS[2],
        files={TEXTS[n][:50]: TEXTS[n] for n in texts},
        sources=tuple(SourceInfo(f"s{n}", TEXTS[n], DAY, TEXTS[-n]) for n in texts),
        claims=(
            *(Claim(f"T{n}", "list", DAY, {"note": TEXTS[n]}, "low", None) for n in texts),
            Claim("V", "list", dt.date(1, 1, 1), dict(enumerate_text(VALUES)), "high"),
            Claim("V", "list", DAY, {}, "medium", dt.date(9999, 12, 31)),
            Claim("馆 '\"%s", "", DAY, {"point": point(116.0, 40.0), "standing": "confirmed"}),
        ),
        links=(Link("T1", "V"), Link("T2", "T1"), Link("T3", None)),
        questions=(
            *(
                Question(f"q{n}", "place", ("V", TEXTS[n]), TEXTS[n] or None, {"t": TEXTS[n]})
                for n in texts
            ),
            Question("", "same", (), "", dict(enumerate_text(VALUES))),
        ),
        replies=tuple(Reply(f"q{n}", "move", {"pin": VALUES[n]}) for n in texts),
        rows=tuple(
            row(f"键{n}", ref=RowRef(TEXTS[n], sheet, n + 2), venue_id=venue, raw=raw)
            for n, sheet, venue in [(0, None, None), (1, "", ""), (2, TEXTS[3], "V")]
        ),
        mappings={text[:50]: {text: "name_zh"} for text in TEXTS},
    )


def enumerate_text(values):
    return ((str(n), value) for n, value in enumerate(values))


def commit_at_once(url, revision, gate, told):
    """Commit ten venues on a revision, at the same moment as the others."""
    store = DatabaseStore(connect(url))
    parts = change(claims=claims(*(f"{revision}-{n}" for n in range(10))))
    gate.wait(60)
    try:
        told.put(store.commit(parts, revision).number)
    except StaleRegistryError:
        told.put("stale")
    store.close()


def open_at_once(url, gate, told):
    gate.wait(60)
    try:
        store = DatabaseStore(connect(url))
        told.put(store.ledger().revision)
        store.close()
    except RegistryError as error:
        told.put(str(error))
