"""Isochrones as GeoJSON: pictures; their counts are the travel times', never the shapes'."""

from __future__ import annotations

import json
from collections.abc import Sequence

from venuenet.errors import BadQueryError
from venuenet.model import SCIENCE_KINDS, Kind, LocatedVenue, Mode, TravelTimes
from venuenet.publish import words
from venuenet.publish.answers import Row
from venuenet.publish.geo import Json, credits, outline, rounded
from venuenet.publish.how import made_of, traveller_of
from venuenet.publish.snapshot import Snapshot
from venuenet.travel.isochrone import Reach, kinds_reach, venue_reach

Target = str | tuple[Kind, ...]
"""A venue's id, or kinds: the nearest venue of any of them."""

LABEL_ZH = "示意图：由有人居住的格网合并而成；人数以出行时间矩阵计算为准，不由图形量算"
LABEL_EN = (
    "A picture: inhabited cells merged; people are counted from the travel-time matrix, "
    "never from the shape"
)
SCIENCE: words.Words = ("最近的科普场馆", "Nearest science venue")


def isochrone_collection(
    snapshot: Snapshot,
    target: Target,
    mode: Mode,
    minutes: Sequence[int],
    *,
    surface_transit: bool = False,
) -> Json:
    """Draw what lies within some minutes of a venue, or of the nearest of some kinds.

    Parameters
    ----------
    target : str or tuple of Kind
        A venue's id, or the kinds of which the nearest venue counts.
    minutes : sequence of int
        Cut-offs; for one venue at most the matrix's own.
    surface_transit : bool
        Whether assumed buses may be used; transit only.

    Returns
    -------
    dict
        A FeatureCollection (RFC 7946), the longest cut-off first so that the shorter ones are
        drawn over it; date, sources and the label are foreign members. A feature in reach of
        nothing has a null geometry.

    Raises
    ------
    BadQueryError
        Cut-offs or a venue that the travel times cannot answer.
    """
    times, reaches = reach_of(snapshot, target, mode, minutes, surface=surface_transit)
    about = who(snapshot, target)
    how = made_of(snapshot, times)
    total = int(snapshot.demand.people.sum())
    features = [
        {
            "type": "Feature",
            "geometry": rounded(outline(r.cell)) if len(r.cell) else None,
            "properties": {
                **about,
                "mode": mode,
                "minutes": r.minutes,
                "people": r.people,
                "people_share": round(r.people / total, 6) if total else None,
                "area_km2": round(r.area_km2, 3),
                "engine": times.engine,
                "period": times.period,
                "surface_transit": times.surface_transit,
                "estimated": times.estimated,
                "traveller": traveller_of(snapshot.manifest)["id"],
                "how_zh": how[0],
                "how_en": how[1],
                "label_zh": LABEL_ZH,
                "label_en": LABEL_EN,
            },
        }
        for r in reversed(reaches)
    ]
    label = {"label_zh": LABEL_ZH, "label_en": LABEL_EN}
    return {"type": "FeatureCollection", **credits(snapshot), **label, "features": features}


def isochrone_geojson(
    snapshot: Snapshot,
    target: Target,
    mode: Mode,
    minutes: Sequence[int],
    *,
    surface_transit: bool = False,
) -> bytes:
    """Give :func:`isochrone_collection` as the bytes of a .geojson file, UTF-8."""
    collection = isochrone_collection(
        snapshot, target, mode, minutes, surface_transit=surface_transit
    )
    return json.dumps(collection, ensure_ascii=False, separators=(",", ":")).encode()


def reach_of(
    snapshot: Snapshot, target: Target, mode: Mode, minutes: Sequence[int], *, surface: bool
) -> tuple[TravelTimes, list[Reach]]:
    """Return the travel times asked and what they reach, shortest cut-off first.

    Raises BadQueryError; see :func:`isochrone_collection`.
    """
    if surface and mode != "transit":
        raise BadQueryError(
            "surface_transit 只适用于公共交通（mode=transit），请去掉该参数或改用 transit",
            "surface_transit applies to mode=transit only; leave it out or ask for transit",
            param="surface_transit",
        )
    times = snapshot.surface if surface else snapshot.times[mode]
    if not isinstance(target, str):
        return times, kinds_reach(snapshot.demand, times, target, minutes)
    venue_of(snapshot, target)
    return times, venue_reach(snapshot.demand, times, target, minutes)


def venue_of(snapshot: Snapshot, venue_id: str) -> LocatedVenue:
    """Return a venue that has times; refuse one that has none, saying why."""
    venue = next((v for v in snapshot.area.venues if v.venue_id == venue_id), None)
    if isinstance(venue, LocatedVenue) and venue.counts:
        return venue
    if venue is None:
        zh, en = "没有该场馆", "there is no such venue"
    elif isinstance(venue, LocatedVenue):
        zh, en = f"{venue.name_zh}未开放，不计入可达", "the venue is not open and counts for no one"
    else:
        zh, en = f"{venue.name_zh}没有位置，请先补上", "the venue has no position yet; add it first"
    raise BadQueryError(f"{zh}（{venue_id[:60]}）", f"{en} ({venue_id[:60]!r})", param="venue")


def who(snapshot: Snapshot, target: Target) -> Row:
    """Say whom a picture is about: id or kinds, and a name in zh and en."""
    if isinstance(target, str):
        v = venue_of(snapshot, target)
        return {"venue_id": v.venue_id, "name_zh": v.name_zh, "name_en": v.name_en}
    zh, en = SCIENCE if set(target) == set(SCIENCE_KINDS) else _kind_names(target)
    return {"venue_id": None, "kinds": list(target), "name_zh": zh, "name_en": en}


def _kind_names(kinds: Sequence[Kind]) -> words.Words:
    zh = "或".join(words.KINDS[k][0] for k in kinds)
    return f"最近的{zh}", "Nearest of: " + "; ".join(words.KINDS[k][1] for k in kinds)
