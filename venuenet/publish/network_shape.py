"""The network's shape as rows: communities beside district borders, weak points, service flow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from venuenet.coverage import Ints
from venuenet.errors import BadQueryError
from venuenet.model import Question, Venue
from venuenet.network import shape, ties
from venuenet.publish.answers import Row, times_for
from venuenet.publish.network import (
    UNKNOWN,
    address_district,
    asked_people,
    city_flags,
    district_names,
    travelled,
    venue_names,
)
from venuenet.publish.remembered import remembered
from venuenet.publish.snapshot import Snapshot

SIMILAR, SOME = 0.75, 0.4
"""Mutual information from which communities are said to follow the districts, or partly to."""


def _longest(snapshot: Snapshot, question: Question) -> int:
    return times_for(snapshot, question).cutoff_s // 60


def _catchments(snapshot: Snapshot, question: Question, persons: Ints) -> tuple[Ints, list[Venue]]:
    """Give the people who reach both of two venues of the asked kinds, and the venues."""
    times = times_for(snapshot, question)
    venues = travelled(snapshot, times)
    mine = np.array([i for i, v in enumerate(venues) if v.kind in question.kinds], dtype=np.int64)
    shared = shape.shared_people(snapshot.demand, times, persons, mine, 60 * question.minutes)
    return shared, [venues[i] for i in mine]


@remembered(most=64)
def communities(snapshot: Snapshot, question: Question) -> Row:
    """Group venues that share people and compare the groups with the districts.

    The question's k plays no part. Do not change it: it is shared.

    Returns
    -------
    dict
        ``items``, one per community of two or more venues; ``alone``, venues that share with
        nobody; ``borders``, the comparison; ``bridges``, ``cut_venues`` and ``parts``.

    Raises
    ------
    BadQueryError
        More minutes than the matrix of times holds.
    """
    longest = _longest(snapshot, question)
    if question.minutes > longest:
        fits = [s.id for s in snapshot.standards if s.minutes <= longest]
        raise BadQueryError(
            f"共同服务圈最长算到 {longest} 分钟，收到 {question.minutes}",
            f"shared catchments reach up to {longest} minutes, got {question.minutes}",
            param="standard" if question.standard else "minutes",
            allowed=fits if question.standard else [f"1..{longest}"],
        )
    persons = asked_people(snapshot, question)
    flags = [*city_flags(snapshot, question), "cell_centres"]
    if persons is None:
        empty: Row = {n: [] for n in ("items", "alone", "bridges", "cut_venues")}
        return {**empty, "parts": None, "borders": None, "flags": flags}
    shared, venues = _catchments(snapshot, question, persons)
    label, weak = shape.communities(shared), shape.weak_points(shared)
    home = address_district(snapshot, venues)
    names = [*district_names(snapshot), UNKNOWN]
    groups = [np.flatnonzero(label == c) for c in range(int(label.max(initial=-1)) + 1)]
    return {
        "items": [
            {
                "community": number,
                "venues": [venue_names(venues[v]) for v in members],
                "districts": _districts(home[members], names),
            }
            for number, members in enumerate((g for g in groups if len(g) > 1), start=1)
        ],
        "alone": [venue_names(venues[g[0]]) for g in groups if len(g) == 1],
        "borders": _borders(shared, label, home),
        "bridges": [
            {
                "venues": [venue_names(venues[a]), venue_names(venues[b])],
                "people": int(shared[a, b]),
            }
            for a, b in weak.bridges
        ],
        "cut_venues": [venue_names(venues[v]) for v in weak.cut_venues],
        "parts": len(weak.parts),
        "flags": flags,
    }


def _districts(home: NDArray[np.int32], names: list[Row]) -> list[Row]:
    count = np.bincount(np.where(home < 0, len(names) - 1, home), minlength=len(names))
    order = np.argsort(-count, kind="stable")
    return [{**names[d], "venues": int(count[d])} for d in order if count[d]]


def _borders(shared: Ints, label: NDArray[np.int64], home: NDArray[np.int32]) -> Row:
    """Compare communities with address districts, over the venues whose district is known."""
    known = np.flatnonzero(home >= 0)
    mine, district = label[known], home[known].astype(np.int64)
    told = shape.mutual_information(mine, district)
    some = shared[np.ix_(known, known)]
    if told is None:
        said = ("没有可比较的场馆", "there are no venues to compare")
    elif told >= SIMILAR:
        said = ("场馆群与区界大体一致", "communities mostly follow the district borders")
    elif told >= SOME:
        said = ("场馆群与区界部分一致", "communities partly follow the district borders")
    else:
        said = ("场馆群跨区，与区界不一致", "communities cross the district borders")
    return {
        "compared": len(known),
        "adjusted_rand": shape.adjusted_rand(mine, district),
        "mutual_information": told,
        "modularity": shape.modularity(some, mine),
        "modularity_of_districts": shape.modularity(some, district),
        "zh": said[0],
        "en": said[1],
    }


@remembered(most=64)
def flow(snapshot: Snapshot, question: Question) -> Row:
    """Tell from which district people go to which venue, each to the nearest one.

    Do not change it: it is shared.

    Returns
    -------
    dict
        ``items``, home district - venue - its district, most people first, adding up to the covered
        people; ``venues``, with ``nearest`` (who go there) and ``reach`` (who could, capacities
        aside; None beyond the matrix's cut-off); ``flags``.
    """
    persons = asked_people(snapshot, question)
    flags = city_flags(snapshot, question)
    if persons is None:
        return {"items": [], "venues": [], "flags": flags}
    demand, times = snapshot.demand, times_for(snapshot, question)
    table = ties.by_district(demand, ties.served(demand, times, question, persons))
    venues = travelled(snapshot, times)
    home = address_district(snapshot, venues)
    names = district_names(snapshot)
    places = [*names, UNKNOWN]
    some = np.argwhere(table)
    order = np.argsort(-table[tuple(some.T)], kind="stable")
    items = [
        {
            "from_adcode": names[d]["adcode"],
            "from_zh": names[d]["name_zh"],
            "from_en": names[d]["name_en"],
            "venue_id": venues[v].venue_id,
            "venue_zh": venues[v].name_zh,
            "venue_en": venues[v].name_en,
            "to_adcode": places[home[v]]["adcode"],
            "to_zh": places[home[v]]["name_zh"],
            "to_en": places[home[v]]["name_en"],
            "people": int(table[d, v]),
        }
        for d, v in some[order].tolist()
    ]
    known = question.minutes <= _longest(snapshot, question)
    could = shape.reach(demand, times, persons, 60 * question.minutes) if known else None
    nearest = table.sum(axis=0)
    listed = [v for v, venue in enumerate(venues) if venue.kind in question.kinds]
    return {
        "items": items,
        "venues": [
            {
                **venue_names(venues[v]),
                "nearest": int(nearest[v]),
                "reach": None if could is None else int(could[v]),
            }
            for v in sorted(listed, key=lambda v: (-int(nearest[v]), v))
        ],
        "flags": [*flags, "reach_by_cell_centres" if known else "no_data:reach_beyond_matrix"],
    }
