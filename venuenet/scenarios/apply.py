"""A snapshot after some edits: the same types, and the numbers a build from scratch would give.

Only what an edit touches is worked out again, and only when it is asked for: one venue opened,
closed or moved costs one search per table (:mod:`venuenet.travel.update`); a new line or headway
costs the transit tables; another population costs the spreading of residents. Nothing is written.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from venuenet.area import StudyArea
from venuenet.coverage import share_above
from venuenet.errors import BadQueryError
from venuenet.model import DemandPoints, Manifest, Mode, Source, TravelTimes
from venuenet.publish.snapshot import Snapshot
from venuenet.scenarios.edits import Edit, Headway, NewLine, Population
from venuenet.scenarios.people import edited_demand, edited_people
from venuenet.scenarios.rail import edited_rail
from venuenet.scenarios.ready import Ready, counted, ready
from venuenet.scenarios.venues import edited_venues, venue_table
from venuenet.travel.update import with_venues

K = TypeVar("K")


def applied(
    snapshot: Snapshot,
    edits: Sequence[Edit],
    *,
    networks: Path | None = None,
    name: tuple[str, str] = ("情景", "scenario"),
) -> Snapshot:
    """Return the snapshot as it would be after some edits, one after the other.

    Parameters
    ----------
    snapshot : Snapshot
        The base; nothing of it changes.
    edits : sequence of Edit
    networks : Path, optional
        The folder of the user's own networks, where the base was built with some.
    name : (str, str)
        What to call it, zh and en: it becomes a source beside the base's.

    Returns
    -------
    Snapshot
        Its tables are worked out when they are first looked at. A new line changes how people
        travel, not where they live.

    Raises
    ------
    VenuenetError
        An edit does not fit the base, or the networks are no longer those of the base.
    """
    base = ready(snapshot, networks)
    rail = any(isinstance(edit, NewLine | Headway) for edit in edits)
    if rail and base.engines(None).networks_ride():
        raise BadQueryError(
            "该快照的公共交通来自导入的班次或矩阵，不能用情景改动线路；请在导入的数据中改动后重算",
            "the snapshot's transit comes from an imported feed or matrix: lines cannot be changed "
            "in a scenario; change the feed and build again",
            param="line",
        )
    area = edited(snapshot.area, edits)
    demand = snapshot.demand
    if any(isinstance(edit, Population) for edit in edits):
        demand = edited_demand(snapshot, area)
    after = _After(base, snapshot, area, demand, rail=rail)
    return dataclasses.replace(
        snapshot,
        area=area,
        demand=demand,
        times=_Later(list(snapshot.times), partial(after.table, None)),
        surfaces=_Later(list(snapshot.surfaces), partial(after.table, None, surface=True)),
        others={
            who: _Later(list(tables), partial(after.table, who))
            for who, tables in snapshot.others.items()
        },
        manifest=_manifest(snapshot, area, demand, edits, name),
    )


def edited(area: StudyArea, edits: Sequence[Edit]) -> StudyArea:
    """Return the study area after some edits.

    Raises
    ------
    VenuenetError
        An edit does not fit the area.
    """
    venues = edited_venues(area, edits)
    stations, links, transfers = edited_rail(area, edits)
    districts, townships, meta = edited_people(area, edits)
    said = json.dumps([_plain(edit) for edit in edits], sort_keys=True, ensure_ascii=False)
    return dataclasses.replace(
        area,
        meta=meta,
        districts=districts,
        townships=townships,
        venues=venues,
        venue_table=venue_table(area, venues),
        stations=stations,
        links=links,
        transfers=transfers,
        digest=hashlib.sha256(f"{area.digest}\n{said}".encode()).hexdigest(),
    )


def _plain(edit: Edit) -> tuple[str, dict[str, object]]:
    return type(edit).__name__, dataclasses.asdict(edit)


@dataclasses.dataclass(frozen=True)
class _After:
    """What the tables of a scenario are worked out from."""

    base: Ready
    snapshot: Snapshot
    area: StudyArea
    demand: DemandPoints
    rail: bool

    def table(self, who: str | None, mode: Mode, *, surface: bool = False) -> TravelTimes:
        """Work out one table; ``who`` is a traveller of some group, None for everybody's."""
        was = self.snapshot
        old = was.surfaces[mode] if surface else (was.others[who] if who else was.times)[mode]
        before, after = counted(was.area), counted(self.area)
        here = np.array_equal(self.demand.cell, was.demand.cell)
        engines = self.base.engines(who)
        if here and not (self.rail and mode == "transit") and not engines.imported(mode):
            if before == after:
                return old
            engine = self.base.engine(who, mode, surface=surface)
            return with_venues(old, engine, was.demand, before, after)
        engine = dataclasses.replace(engines, area=self.area).one(
            mode, self.demand, after, surface=surface
        )
        return engine.times(self.demand, after, old.cutoff_s)


class _Later(Mapping[K, TravelTimes]):
    """Tables that are worked out when they are first looked at, once."""

    def __init__(self, names: Sequence[K], make: Callable[[K], TravelTimes]) -> None:
        self._names, self._make = names, make
        self._made: dict[K, TravelTimes] = {}
        self._locks = {name: threading.Lock() for name in names}

    def __getitem__(self, name: K) -> TravelTimes:
        with self._locks[name]:
            if name not in self._made:
                self._made[name] = self._make(name)
            return self._made[name]

    def __iter__(self) -> Iterator[K]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _manifest(
    snapshot: Snapshot,
    area: StudyArea,
    demand: DemandPoints,
    edits: Sequence[Edit],
    name: tuple[str, str],
) -> Manifest:
    """Describe a scenario as a snapshot of its own."""
    base, (zh, en) = snapshot.manifest, name
    digest = hashlib.sha256(f"{base.snapshot} {area.digest}".encode()).hexdigest()[:16]
    source = Source(
        id=f"scenario:{digest}",
        title=f"情景“{zh}”：假设，非现状",
        title_en=f"Scenario “{en}”: assumed, not as it is",
        date=base.as_of.isoformat(),
        licence="—",
        attribution=f"情景“{zh}”",
    )
    return dataclasses.replace(
        base,
        snapshot=digest,
        sources=(*base.sources, source),
        parameters={
            **base.parameters,
            "area_digest": area.digest,
            "scenario": {"base": base.snapshot, "name_zh": zh, "name_en": en, "edits": len(edits)},
        },
        counts={
            **base.counts,
            "people": int(demand.people.sum()),
            "cells": len(demand.cell),
            "rows": len(demand.people),
            "venues": len(area.venues),
            "venues_counted": len(counted(area)),
        },
        checks=base.checks
        if demand is snapshot.demand
        else {"share_above_50000_per_km2": round(share_above(demand, 50_000), 4)},
    )
