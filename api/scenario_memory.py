"""The scenarios that were asked about last, applied to the snapshot in force."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from venuenet.errors import VenuenetError
from venuenet.model import Mode
from venuenet.publish.snapshot import Snapshot
from venuenet.scenarios.apply import applied
from venuenet.scenarios.file import Scenario, parse_scenario, scenario_text
from venuenet.scenarios.ready import ready
from venuenet.store import SnapshotStore
from venuenet.store.scenarios import ScenarioFolder

MOST = 3
"""Scenarios kept in memory: the tables of one take up to about 100 MB."""


class UnfitScenarioError(VenuenetError):
    """A kept scenario that names what the snapshot in force does not have."""

    code = "scenario-unfit"
    title = "情景与现快照不符"
    title_en = "The scenario does not fit the snapshot"


@dataclass(frozen=True)
class Opened:
    """One scenario, and the snapshot it makes of the one in force."""

    id: str
    scenario: Scenario
    snapshot: Snapshot


class ScenarioMemory:
    """Opens kept scenarios, and keeps those open that were asked for last.

    Parameters
    ----------
    base : Snapshot
        The snapshot in force.
    store : SnapshotStore
        Where it lies: ``scenarios`` and the user's ``networks`` are beside the snapshots.
    """

    def __init__(self, base: Snapshot, store: SnapshotStore) -> None:
        self.base, self._store = base, store
        self._open: OrderedDict[str, Opened] = OrderedDict()
        self._lock = threading.Lock()
        self._warm = False

    @cached_property
    def folder(self) -> ScenarioFolder:
        """Where scenarios are kept."""
        return ScenarioFolder(self._data())

    def keep(self, said: Mapping[str, Any]) -> tuple[Opened, bool]:
        """Understand a scenario, prove that it fits, and keep it; whether it is new.

        Raises
        ------
        VenuenetError
            It has faults (``ScenarioError`` tells all), or there is no room; nothing was kept.
        """
        scenario = parse_scenario(self.base.area, said)
        snapshot = self._applied(scenario)  # before it is kept: it may be refused
        id_, new = self.folder.save(scenario_text(scenario))
        return self._remember(Opened(id_, scenario, snapshot)), new

    def get(self, scenario_id: str) -> Opened:
        """Open a kept scenario.

        Raises
        ------
        UnknownScenarioError
            It is not kept, or no longer.
        UnfitScenarioError
            It does not fit the snapshot in force.
        """
        if not self.folder.has(scenario_id):
            self.forget(scenario_id)
        with self._lock:
            if scenario_id in self._open:
                self._open.move_to_end(scenario_id)
                return self._open[scenario_id]
        text = self.folder.read(scenario_id)
        try:
            scenario = parse_scenario(self.base.area, text, f"{scenario_id}.yaml")
            snapshot = self._applied(scenario)
        except VenuenetError as error:
            raise UnfitScenarioError(
                f"情景 {scenario_id} 与快照 {self.base.manifest.snapshot} 不符：{error.detail}",
                f"the scenario {scenario_id} does not fit the snapshot "
                f"{self.base.manifest.snapshot}: {error.detail_en}",
                param="id",
            ) from error
        return self._remember(Opened(scenario_id, scenario, snapshot))

    def forget(self, scenario_id: str) -> None:
        """Let go of a scenario's snapshot."""
        with self._lock:
            self._open.pop(scenario_id, None)

    def warm_up(self) -> None:
        """Make the engines of the snapshot in force, in the background, once.

        The first scenario is asked about soon after it was posted; its answer should not wait for
        what every scenario shares.
        """
        with self._lock:
            if self._warm:
                return
            self._warm = True
        threading.Thread(target=self._make_engines, daemon=True).start()

    def _make_engines(self) -> None:
        modes: list[tuple[Mode, bool]] = [(mode, False) for mode in self.base.times]
        for mode, surface in [*modes, ("transit", True)]:
            try:
                ready(self.base, self._networks()).engine(None, mode, surface=surface)
            except (VenuenetError, OSError):
                return  # whoever asks is told

    def _data(self) -> Path:
        return self._store.folder(self.base.manifest.snapshot).parents[1]

    def _networks(self) -> Path | None:
        travel = self.base.manifest.parameters.get("travel") or {}
        # A snapshot of the estimates stays one, whatever networks were imported since.
        return self._data() / "networks" if travel.get("networks") else None

    def _applied(self, scenario: Scenario) -> Snapshot:
        names = scenario.name_zh, scenario.name_en
        return applied(self.base, scenario.edits, networks=self._networks(), name=names)

    def _remember(self, opened: Opened) -> Opened:
        with self._lock:
            # Of two that opened it at once, all read the first's: its tables are worked out once.
            found = self._open.setdefault(opened.id, opened)
            self._open.move_to_end(opened.id)
            while len(self._open) > MOST:
                self._open.popitem(last=False)
        return found
