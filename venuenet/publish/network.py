"""The network's ties as rows: dependence, closures, redundancy.

Communities and flows are in ``network_shape``, 1+16+N in ``network_system``. Where coverage has no
data for the city, these have none either, and carry its flags.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from venuenet.coverage import Ints, group_people
from venuenet.errors import BadQueryError
from venuenet.model import Question, TravelTimes, Venue
from venuenet.network import ties
from venuenet.network.closures import closures
from venuenet.publish.answers import CITY, Row, coverage, times_for
from venuenet.publish.remembered import remembered
from venuenet.publish.snapshot import Snapshot

MOST_ROWS = 1000
"""How many venues ``top`` may ask for."""
LEANS = 0.5
"""A township leans on another district when more of its covered people are served from there."""
UNKNOWN = {"adcode": None, "name_zh": "区属不明", "name_en": "district unknown"}


def refuse_unknown(snapshot: Snapshot, question: Question) -> None:
    """Refuse what the network's answers do not know.

    Raises
    ------
    BadQueryError
        The question counts venues of the own district only, or capacities.
    """
    if question.capacitated:
        raise BadQueryError(
            "网络分析不计容量，请去掉 capacitated",
            "the network's answers know no capacities; leave out capacitated",
            param="capacitated",
            allowed=["false"],
        )
    if question.own_district:
        own = [s.id for s in snapshot.standards if s.own_district]
        named = question.standard in own
        raise BadQueryError(
            "网络分析计入所有区的场馆，不能只计本区",
            "the network's answers count venues of all districts, not only the own one",
            param="standard" if named else "own_district",
            allowed=[s.id for s in snapshot.standards if s.id not in own] if named else ["false"],
        )


def parse_top(value: str | int | None) -> int:
    """Understand how many venues are asked for; 50 by default. Raises BadQueryError."""
    text = "50" if value is None else str(value)
    if text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MOST_ROWS:
        return int(text)
    raise BadQueryError(
        f"top 应为 1 到 {MOST_ROWS} 的整数，收到“{text[:60]}”",
        f"top must be a whole number from 1 to {MOST_ROWS}, got “{text[:60]}”",
        param="top",
        allowed=[f"1..{MOST_ROWS}"],
    )


def city_flags(snapshot: Snapshot, question: Question) -> list[str]:
    """Give the flags of the city's coverage: what is modelled, estimated or unknown."""
    flags: list[str] = coverage(snapshot, question, CITY)[0]["flags"]
    return list(flags)


def no_data(flags: Sequence[str]) -> list[str]:
    """Pick the flags that say why there is no answer."""
    return [f for f in flags if f.startswith("no_data")]


def asked_people(snapshot: Snapshot, question: Question) -> Ints | None:
    """Give the people asked about per demand row; None where the city has no data."""
    if no_data(city_flags(snapshot, question)):
        return None
    return group_people(snapshot.demand, question.group)


def residents(snapshot: Snapshot, question: Question) -> list[int | None]:
    """Give the people asked about per district; None where nothing is known of the group."""
    return [row["people"] for row in coverage(snapshot, question)]


def district_names(snapshot: Snapshot) -> list[Row]:
    """Give codes and names of the districts, in order."""
    table = snapshot.area.districts
    return [
        {"adcode": d.adcode, "name_zh": d.name_zh, "name_en": d.name_en} for d in table.itertuples()
    ]


def venue_names(venue: Venue) -> Row:
    """Give what every row about a venue begins with."""
    return {
        "venue_id": venue.venue_id,
        "name_zh": venue.name_zh,
        "name_en": venue.name_en,
        "kind": venue.kind,
        "adcode": venue.adcode,
    }


def travelled(snapshot: Snapshot, times: TravelTimes) -> list[Venue]:
    """Give the venues of a table of times, in its order."""
    named = {v.venue_id: v for v in snapshot.area.venues}
    return [named[i] for i in times.venue_ids]


def address_district(snapshot: Snapshot, venues: Sequence[Venue]) -> NDArray[np.int32]:
    """Address district of venues as positions in the area's table; -1 where unknown."""
    place = {adcode: i for i, adcode in enumerate(snapshot.area.districts["adcode"])}
    return np.array([place.get(v.adcode or "", -1) for v in venues], dtype=np.int32)


def _share(part: int, of: int) -> float | None:
    return part / of if of else None


@remembered(most=64)
def dependence(snapshot: Snapshot, question: Question) -> Row:
    """Tell who serves whose residents: items per district, and the townships that lean on others.

    Do not change it: it is shared.
    """
    flags = city_flags(snapshot, question)
    names = district_names(snapshot)
    persons = asked_people(snapshot, question)
    people = residents(snapshot, question)
    if persons is None:
        items = [_no_dependence(n, p, flags) for n, p in zip(names, people, strict=True)]
        return {"items": items, "townships": [], "flags": flags}
    demand, times = snapshot.demand, times_for(snapshot, question)
    home = address_district(snapshot, travelled(snapshot, times))
    found = ties.dependence(demand, times, question, persons, home)
    items = []
    for d, name in enumerate(names):
        row, own = found.people[d], int(found.people[d, d])
        covered = int(row.sum())
        reach = None if found.own_reach is None else int(found.own_reach[d])
        imported, exported = int(found.imported[d]), int(found.exported[d])
        items.append(
            {
                **name,
                "people": people[d],
                "covered": covered,
                "own": own,
                "own_share": _share(own, covered),
                "imported": imported,
                "exported": exported,
                "net_export": exported - imported,
                "unknown": int(row[-1]),
                "own_reach": reach,
                "needs_others": None if reach is None else covered - reach,
                "served_by": _served_by(row, names),
                "flags": [] if reach is not None else ["no_data:own_district_times"],
            }
        )
    return {"items": items, "townships": _leaning(snapshot, found, names), "flags": flags}


def _no_dependence(name: Row, people: int | None, flags: Sequence[str]) -> Row:
    numbers = (
        "covered", "own", "own_share", "imported", "exported", "net_export", "unknown",
        "own_reach", "needs_others",
    )  # fmt: skip
    blank = dict.fromkeys(numbers)
    return {**name, "people": people, **blank, "served_by": [], "flags": no_data(flags)}


def _served_by(row: Ints, names: Sequence[Row]) -> list[Row]:
    order = np.argsort(-row, kind="stable")
    return [{**[*names, UNKNOWN][j], "people": int(row[j])} for j in order if row[j]]


def _leaning(snapshot: Snapshot, found: ties.Dependence, names: Sequence[Row]) -> list[Row]:
    """List townships most of whose covered people are served by other districts."""
    towns = list(snapshot.area.townships.itertuples())
    home = ties.town_district(snapshot.demand)
    out = []
    for t in np.flatnonzero(home >= 0):
        row, covered = found.towns[t], int(found.towns[t].sum())
        others = covered - int(row[home[t]]) - int(row[-1])
        if others > LEANS * covered:
            out.append(
                {
                    "township_code": towns[t].township_code,
                    "name_zh": towns[t].name_zh,
                    "name_en": towns[t].name_en,
                    "adcode": towns[t].adcode,
                    "covered": covered,
                    "from_others": others,
                    "share": others / covered,
                    "served_by": _served_by(row, names),
                }
            )
    return sorted(out, key=lambda r: (-r["from_others"], r["township_code"]))


@remembered(most=64)
def closure_rows(
    snapshot: Snapshot, question: Question, adcodes: tuple[str, ...] = (), top: int = 50
) -> Row:
    """Tell what is lost if each venue closed alone, the greatest loss first.

    Parameters
    ----------
    adcodes : tuple of str
        Only residents of these districts are counted, and only venues that serve some of them
        listed; all by default.
    top : int
        How many venues to list.

    Returns
    -------
    dict
        ``items``, ``venues`` (how many serve anybody), ``flags``. Do not change it: it is shared.
    """
    flags = city_flags(snapshot, question)
    persons = asked_people(snapshot, question)
    if persons is None:
        return {"items": [], "venues": None, "flags": flags}
    times = times_for(snapshot, question)
    loss = closures(snapshot.demand, times, question, persons)
    names = district_names(snapshot)
    here = np.array([not adcodes or n["adcode"] in adcodes for n in names])
    lost, nearest = loss.lost[:, here].sum(axis=1), loss.nearest[:, here].sum(axis=1)
    moved, extra = loss.moved[:, here].sum(axis=1), loss.extra_s[:, here].sum(axis=1)
    stranded = loss.stranded[:, here].sum(axis=1)
    order = [int(v) for v in np.lexsort((-extra, -lost)) if moved[v] or stranded[v]]
    venues = travelled(snapshot, times)
    items = [
        {
            "rank": rank,
            **venue_names(venues[v]),
            "status": venues[v].status,
            "lost": int(lost[v]),
            "nearest": int(nearest[v]),
            "extra_person_minutes": round(float(extra[v]) / 60),
            "mean_extra_minutes": round(float(extra[v] / moved[v]) / 60, 1) if moved[v] else None,
            "stranded": round(float(stranded[v])),
            "districts": [
                {**names[d], "lost": int(loss.lost[v, d])}
                for d in np.argsort(-loss.lost[v], kind="stable")
                if here[d] and loss.lost[v, d]
            ],
            "flags": list(venues[v].flags),
        }
        for rank, v in enumerate(order[:top], start=1)
    ]
    return {"items": items, "venues": len(order), "flags": flags}


@remembered(most=64)
def redundancy(snapshot: Snapshot, question: Question) -> Row:
    """Tell how many people can choose from 0, 1, 2, 3 and more venues within the cut-off.

    ``critical``: people with exactly the question's k, who lose the standard with any one of them.
    Do not change it: it is shared.
    """
    flags = city_flags(snapshot, question)
    names = district_names(snapshot)
    persons = asked_people(snapshot, question)
    meta = snapshot.area.meta
    city = {"adcode": None, "name_zh": meta.name_zh, "name_en": meta.name_en}
    if persons is None:
        blank = dict.fromkeys(("none", "one", "two", "three_plus", "critical"))
        people = residents(snapshot, question)
        whole = coverage(snapshot, question, CITY)[0]["people"]
        return {
            "items": [{**n, "people": p, **blank} for n, p in zip(names, people, strict=True)],
            "total": {**city, "people": whole, **blank},
            "venues": [],
            "flags": flags,
        }
    times = times_for(snapshot, question)
    by_choices, only = ties.redundancy(snapshot.demand, times, question, persons)
    table = ties.by_district(snapshot.demand, by_choices)
    sole = only.sum(axis=0)
    venues = travelled(snapshot, times)
    return {
        "items": [{**n, **_counted(row, question.k)} for n, row in zip(names, table, strict=True)],
        "total": {**city, **_counted(table.sum(axis=0), question.k)},
        "venues": [
            {**venue_names(venues[v]), "only_choice_of": int(sole[v])}
            for v in np.argsort(-sole, kind="stable")
            if sole[v]
        ],
        "flags": flags,
    }


def _counted(row: Ints, k: int) -> Row:
    none, one, two = (int(n) for n in row[:3])
    more = int(row[3:].sum())
    return {
        "people": none + one + two + more,
        "none": none,
        "one": one,
        "two": two,
        "three_plus": more,
        "critical": int(row[k]),
    }
