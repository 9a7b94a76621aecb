"""The engines a snapshot was built with, made once and kept as long as it is."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from venuenet.area import StudyArea
from venuenet.engines import DEFAULT, Engines
from venuenet.errors import BadQueryError
from venuenet.model import DemandPoints, LocatedVenue, Mode
from venuenet.networks import Networks
from venuenet.publish.snapshot import Snapshot
from venuenet.standards import TravelRules, load_travel_rules
from venuenet.travel.engine import TravelEngine
from venuenet.travel.estimate import TransitEstimate

_KEPT: WeakKeyDictionary[Snapshot, Ready] = WeakKeyDictionary()
_LOCK = threading.Lock()


def ready(snapshot: Snapshot, networks: Path | None = None) -> Ready:
    """Return what a snapshot's times are searched with, the same for every scenario of it.

    Parameters
    ----------
    networks : Path, optional
        The folder of the user's own networks.

    Raises
    ------
    BadQueryError
        The snapshot was built with networks that are not there, or no longer the same.
    """
    with _LOCK:
        if snapshot not in _KEPT:
            _KEPT[snapshot] = Ready(snapshot, networks)
        return _KEPT[snapshot]


def counted(area: StudyArea) -> list[LocatedVenue]:
    """Return the venues that count, in the order of ``TravelTimes.venue_ids``."""
    return [v for v in area.venues if isinstance(v, LocatedVenue) and v.counts]


class Ready:
    """The engines of one snapshot, each made when it is first asked for.

    It holds the snapshot's area and people, not the snapshot: that one may be let go of.
    """

    def __init__(self, snapshot: Snapshot, networks: Path | None) -> None:
        said = snapshot.manifest.parameters.get("travel")
        used = dict(said["networks"]) if said else {}
        found = Networks(networks) if networks and used else None
        if used and (found is None or found.describe() != used):
            raise BadQueryError(
                "快照所用的路网、时刻表或矩阵已经更换或不在原处，请先运行 venuenet build",
                "the networks this snapshot was built with have changed or are gone; "
                "run venuenet build first",
                param="networks",
            )
        self._said: Mapping[str, Any] | None = said
        self._travellers = snapshot.manifest.parameters.get("groups", {}).get("travellers", {})
        self._area, self._assumptions = snapshot.area, snapshot.assumptions
        self._demand: DemandPoints = snapshot.demand
        self._networks = found
        self._engines: dict[str | None, Engines] = {}
        self._made: dict[tuple[str | None, Mode, bool], TravelEngine] = {}
        self._lock = threading.RLock()

    def engines(self, who: str | None) -> Engines:
        """Return the engines of a traveller of some group, or of everybody's."""
        with self._lock:
            if who not in self._engines:
                self._engines[who] = Engines(
                    self._area, self._assumptions, self._rules(who), self._name(who), self._networks
                )
            return self._engines[who]

    def engine(self, who: str | None, mode: Mode, *, surface: bool = False) -> TravelEngine:
        """Return one engine for the snapshot's people, or those of some of its cells."""
        with self._lock:
            key = who, mode, surface
            if key not in self._made:
                made = self.engines(who).one(mode, self._demand, counted(self._area), surface)
                if isinstance(made, TransitEstimate):
                    made = made.prepared(self._demand)
                self._made[key] = made
            return self._made[key]

    def _name(self, who: str | None) -> str:
        return who or (self._said["traveller"] if self._said else DEFAULT)

    def _rules(self, who: str | None) -> TravelRules:
        """Return the rules the snapshot was built with; they may be newer now."""
        rules = load_travel_rules(None)
        if self._said:
            rules = TravelRules.model_validate(self._said["rules"])
        if who:
            plain = rules.model_dump(mode="json")
            plain["travellers"] = {**plain["travellers"], **self._travellers}
            rules = TravelRules.model_validate(plain)
        return rules
