"""The only place that wires the stages together: from an area pack to a published snapshot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import venuenet
from venuenet.area import StudyArea
from venuenet.area import load as load_area
from venuenet.demand.build import build_demand
from venuenet.errors import BadQueryError
from venuenet.model import DemandPoints, LocatedVenue, Manifest, TravelTimes
from venuenet.progress import Stage, silent
from venuenet.publish.files import write_files
from venuenet.publish.snapshot import Snapshot, assemble, describe_inputs, write
from venuenet.registry.export import write_pack
from venuenet.registry.model import Ledger
from venuenet.registry.questions import open_counts
from venuenet.standards import load_assumptions, load_standards
from venuenet.store import SnapshotStore
from venuenet.travel.engine import TravelEngine
from venuenet.travel.estimate import DriveEstimate, TransitEstimate, WalkEstimate

MATRIX_CUTOFF_S = 60 * 60
"""The sparse matrices keep pairs up to the longest embedded standard."""

MAX_VENUES = np.iinfo(np.int16).max
"""TravelTimes names a cell's nearest venues in 16 bits."""


@dataclass(frozen=True)
class Inputs:
    """What a build reads: an area pack and, instead of the embedded ones, own YAML files.

    ``registry`` says of which state of the registry the pack's venues are; see :func:`registered`.
    """

    area: Path | None = None
    standards: Path | None = None
    assumptions: Path | None = None
    registry: Mapping[str, Any] | None = None


@contextmanager
def registered(inputs: Inputs, ledger: Ledger, as_of: dt.date | None = None) -> Iterator[Inputs]:
    """Give inputs whose area pack holds the registry's confirmed venues, while the context lasts.

    Parameters
    ----------
    inputs : Inputs
        The pack the registry was seeded with.
    ledger : Ledger
        The registry, seeded.
    as_of : date, optional
        The day to describe; the newest any source speaks of by default.
    """
    with TemporaryDirectory(prefix="venuenet-") as folder:
        pack = Path(folder) / "pack"
        write_pack(load_area(inputs.area), ledger, pack, as_of)
        waiting = {adcode or "": n for adcode, n in open_counts(ledger).items()}
        yield replace(inputs, area=pack, registry={"waiting": waiting})


def is_outdated(inputs: Inputs, manifest: Manifest) -> bool:
    """Whether a snapshot was made from other inputs, or by another version, than a build now."""
    now = describe_inputs(
        load_area(inputs.area),
        load_standards(inputs.standards),
        load_assumptions(inputs.assumptions),
        inputs.registry,
    )
    return manifest.version != venuenet.__version__ or manifest.parameters != now


def compute(inputs: Inputs, stage: Stage = silent) -> Snapshot:
    """Run every stage in memory: area, demand, travel times by each mode.

    Raises
    ------
    VenuenetError
        The inputs do not hold together; nothing has been written.
    """
    with stage("读取区域数据", "reading the area pack", 0):
        area = load_area(inputs.area)
        standards = load_standards(inputs.standards)
        rules = load_assumptions(inputs.assumptions)
    with stage("估算人口分布", "spreading residents over cells", 0):
        demand = build_demand(area, rules.demand)
    engines: list[tuple[str, str, TravelEngine]] = [
        ("步行时间", "walking times", WalkEstimate(area, rules)),
        ("公共交通时间", "transit times", TransitEstimate(area, rules)),
        ("驾车时间（估算）", "driving times (estimated)", DriveEstimate(area, rules)),
        ("公交假设情景", "transit with assumed buses", TransitEstimate(area, rules, surface=True)),
    ]
    tables = [_times(area, demand, zh, en, engine, stage) for zh, en, engine in engines]
    return assemble(
        area,
        demand,
        {t.mode: t for t in tables if not t.surface_transit},
        next(t for t in tables if t.surface_transit),
        standards,
        rules,
        inputs.registry,
    )


def _times(
    area: StudyArea,
    demand: DemandPoints,
    zh: str,
    en: str,
    engine: TravelEngine,
    stage: Stage,
) -> TravelTimes:
    venues = [v for v in area.venues if isinstance(v, LocatedVenue) and v.counts]
    if len(venues) > MAX_VENUES:
        raise BadQueryError(
            f"计入覆盖的场馆有 {len(venues):,} 个，最多 {MAX_VENUES:,} 个",
            f"{len(venues):,} venues would count; at most {MAX_VENUES:,} may",
        )
    with stage(zh, en, len(demand.cell)) as progress:
        return engine.times(demand, venues, MATRIX_CUTOFF_S, progress)


def build(inputs: Inputs, store: SnapshotStore, stage: Stage = silent) -> Path:
    """Compute a snapshot and put it in force, all at once; returns its folder."""
    snapshot = compute(inputs, stage)

    def fill(folder: Path) -> None:
        write(snapshot, folder)
        write_files(snapshot, folder)

    with stage("写出成果", "writing the snapshot", 0):
        return store.publish(snapshot, fill)
