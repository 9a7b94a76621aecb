"""The table ``venue``: the state of every venue, worked out anew where a commit touches it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping

from pyproj import Geod
from sqlalchemy import ColumnElement, Connection, delete, func, literal_column, select

from venuenet.errors import BadQueryError, RegistryError
from venuenet.registry.model import Ledger, RegisteredVenue
from venuenet.registry.resolve import resolve_id
from venuenet.store import entries
from venuenet.store.schema import claim, link, venue

States = Callable[[Ledger], Mapping[str, RegisteredVenue]]
"""Works out states, by the id kept, from a ledger with all claims and links of some venues.

A state may depend on the venue's own claims and links, on sources and on receipts, on nothing else:
that ledger holds no questions, replies, rows or mappings.
"""

_WGS84 = Geod(ellps="WGS84")
# A degree of latitude is nowhere shorter, one of longitude nowhere shorter than its cosine.
_DEGREE_M = 110_500.0
# No two points on Earth lie further apart than this.
_ANYWHERE_M = 20_010_000.0


def touched_by(connection: Connection, receipts: Collection[int]) -> set[str]:
    """Return the ids that some receipts say anything of."""
    ids: set[str | None] = set()
    for table, column in ((claim, "venue_id"), (link, "gone"), (link, "kept")):
        query = select(table.c[column]).where(table.c.receipt.in_(receipts))
        ids.update(connection.scalars(query.distinct()))
    return {i for i in ids if i is not None}


def refresh(connection: Connection, touched: Collection[str] | None, states: States) -> None:
    """Work out the venues that some ids mean or meant; None for all of them.

    Raises
    ------
    RegistryError
        Links go round in a circle, so that no id in it would mean a venue.
    """
    receipts = entries.read_receipts(connection)
    dead = {receipt.number for receipt in receipts if receipt.undone_by is not None}
    links = entries.read_links(connection, dead)
    _refuse_circles(links)
    ids = None
    if touched is not None:
        merged = select(venue.c.venue_id, venue.c.merged_into).where(
            venue.c.merged_into.is_not(None)
        )
        before = (tuple(row) for row in connection.execute(merged))
        ids = _joined(touched, [*links.items(), *before])
        links = {gone: kept for gone, kept in links.items() if gone in ids}
    ledger = Ledger(
        revision=len(receipts),
        receipts=receipts,
        claims=entries.read_claims(connection, dead, None if ids is None else sorted(ids)),
        links=links,
        questions={},
        replies={},
        rows={},
        sources=entries.read_sources(connection),
        mappings={},
    )
    found = states(ledger)
    rows = [_entry(found[i]) for i in sorted(found)]
    for gone in sorted(links):
        if (kept := resolve_id(ledger, gone)) in found:
            rows.append((gone, kept, *(None,) * 7, "{}"))
    if ids is None:
        connection.execute(delete(venue))
    else:
        for part in entries.batches(sorted(ids)):
            connection.execute(delete(venue).where(venue.c.venue_id.in_(part)))
    entries.append(connection, venue, rows)


def near(connection: Connection, lon: float, lat: float, metres: float) -> list[str]:
    """Return the ids of confirmed venues within so many metres, nearest first.

    Parameters
    ----------
    lon, lat : float
        WGS84 degrees.
    metres : float
        Along the ellipsoid; a venue exactly so far is within.

    Notes
    -----
    The database's index finds candidates, a little further than asked; distances are those of
    Karney's algorithm (PROJ) on every database, so that all give the same ids in the same order.

    Raises
    ------
    BadQueryError
        The point is not on Earth.
    """
    if not (abs(lon) <= 180 and abs(lat) <= 90):
        raise BadQueryError(
            f"经纬度超出范围：{lon}, {lat}", f"no such point: {lon}, {lat}", param="lon, lat"
        )
    if not metres >= 0:
        return []
    reach = min(metres, _ANYWHERE_M) + 1.0
    places = _within if connection.dialect.name == "postgresql" else _boxed
    query = select(venue.c.venue_id, venue.c.lon, venue.c.lat).where(
        venue.c.standing == "confirmed", venue.c.lon.is_not(None), *places(lon, lat, reach)
    )
    found = connection.execute(query).all()
    if not found:
        return []
    ids, lons, lats = zip(*found, strict=True)
    here = len(ids)
    _, _, away = _WGS84.inv([lon] * here, [lat] * here, lons, lats)
    return [i for far, i in sorted(zip(away, ids, strict=True)) if far <= metres]


def _within(lon: float, lat: float, metres: float) -> list[ColumnElement[bool]]:
    here = func.ST_SetSRID(func.ST_MakePoint(lon, lat), 4326)
    return [func.ST_DWithin(literal_column("geom::geography"), func.geography(here), metres)]


def _boxed(lon: float, lat: float, metres: float) -> list[ColumnElement[bool]]:
    """Bound a circle by parallels, and by meridians where it holds neither pole nor ±180°.

    On the way to a point of the circle no parallel is shorter than that of the box's far edge.
    """
    high = metres / _DEGREE_M
    box: list[ColumnElement[bool]] = [venue.c.lat.between(lat - high, lat + high)]
    edge = abs(lat) + high
    wide = high / math.cos(math.radians(edge)) if edge < 90 else 360.0
    if abs(lon) + wide <= 180:
        box.append(venue.c.lon.between(lon - wide, lon + wide))
    return box


def _refuse_circles(links: Mapping[str, str]) -> None:
    sound: set[str] = set()
    for start in links:
        path: dict[str, None] = {}
        here = start
        while here in links and here not in sound:
            if here in path:
                raise RegistryError(
                    f"合并关系成环：{'、'.join(path)}", f"merged in a circle: {', '.join(path)}"
                )
            path[here] = None
            here = links[here]
        sound.update(path)


def _joined(ids: Collection[str], pairs: Iterable[tuple[str, str]]) -> set[str]:
    """Add to some ids all that pairs join to them, step by step."""
    beside: dict[str, set[str]] = defaultdict(set)
    for a, b in pairs:
        beside[a].add(b)
        beside[b].add(a)
    found, todo = set(ids), list(ids)
    while todo:
        fresh = beside[todo.pop()] - found
        found |= fresh
        todo += fresh
    return found


def _entry(state: RegisteredVenue) -> entries.Entry:
    values = {name: told.value for name, told in state.fields.items()}
    point = values.get("point") or {}
    told = (values.get(name) for name in ("name_zh", "kind", "adcode", "status"))
    row = (state.venue_id, None, state.standing, *told, point.get("lon"), point.get("lat"), values)
    return entries.written(venue, row)
