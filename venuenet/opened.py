"""What every command opens first: the snapshot in force, and the question asked of it."""

from __future__ import annotations

import datetime as dt
import gc
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from venuenet import pipeline
from venuenet.area import load as load_area
from venuenet.area import resolve_district
from venuenet.cli_network import networks_folder
from venuenet.console import say
from venuenet.intake import seed
from venuenet.model import Question
from venuenet.publish.snapshot import Snapshot
from venuenet.questions import parse_question
from venuenet.settings import Settings
from venuenet.store import SnapshotFolder, open_store, registry_exists
from venuenet.terminal import bars

AS_OF_NOTE = (
    "注意：--as-of 只还原场馆；人口、路网与时刻表仍为现有数据\n"
    "Note: --as-of goes back for venues only; people, roads and timetables are those embedded"
)


def snapshot_folder(data: Path | None) -> SnapshotFolder:
    """Return the folder of snapshots: the one named, or the user's own."""
    return SnapshotFolder(data or Settings().data)


def inputs_folder(data: Path | None) -> Path:
    """Return where the tables lie that users import beside venues: the next build reads them."""
    return (data or Settings().data) / "inputs"


@contextmanager
def inputs_for(
    data: Path | None, given: pipeline.Inputs | None = None, as_of: dt.date | None = None
) -> Iterator[pipeline.Inputs]:
    """Give what a build reads: the area pack, with the registry's venues where there is one."""
    inputs = given or pipeline.Inputs(networks=networks_folder(data), extras=inputs_folder(data))
    if as_of is None and not registry_exists(data):
        yield inputs
        return
    with closing(open_store(data=data)) as registry:
        ledger = seed(registry, load_area(inputs.area))
    with pipeline.registered(inputs, ledger, as_of) as with_registry:
        yield with_registry


def open_snapshot(data: Path | None, as_of: dt.datetime | None = None) -> Snapshot:
    """Return the snapshot in force, building it first when there is none.

    With ``as_of``, the snapshot of that day instead, computed anew and put nowhere.
    """
    if as_of is not None:
        say(AS_OF_NOTE)
        with inputs_for(data, as_of=as_of.date()) as inputs, bars() as stage:
            return pipeline.compute(inputs, stage)
    store = snapshot_folder(data)
    if store.current_id() is None:
        with inputs_for(data) as inputs:
            build_into(store, inputs)
    return store.current()


def build_into(store: SnapshotFolder, inputs: pipeline.Inputs) -> Path:
    """Build with bars in the terminal; returns the snapshot's folder."""
    # A build makes millions of small things and hardly a cycle: looking for these takes a tenth of
    # its time.
    gc.disable()
    try:
        with bars() as stage:
            return pipeline.build(inputs, store, stage)
    finally:
        gc.enable()


def ask(
    snapshot: Snapshot,
    mode: str | None,
    minutes: str | None,
    standard: str | None,
    group: str | None = None,
    kinds: str | None = None,
    surface: bool = False,
    own: bool = False,
    capacitated: bool = False,
) -> Question:
    """Understand the options of a question; raises BadQueryError."""
    return parse_question(
        snapshot.standards,
        [g.id for g in snapshot.area.meta.groups],
        mode=mode,
        minutes=minutes,
        standard=standard,
        group=group,
        kinds=kinds,
        surface_transit=surface,
        own_district=own or None,
        capacitated=capacitated,
        habits=snapshot.groups.habits([g.id for g in snapshot.area.meta.groups]),
    )


def chosen(snapshot: Snapshot, names: list[str] | None) -> tuple[str, ...]:
    """Resolve the districts somebody names, each once; none means all."""
    return tuple(dict.fromkeys(resolve_district(snapshot.area, n) for n in names or []))
