"""The only place that wires the stages together: from an area pack to a published snapshot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
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
from venuenet.demand.shares import Shares, as_source
from venuenet.demand.shares_file import described, digest, load_shares
from venuenet.engines import DEFAULT, Engines
from venuenet.errors import BadQueryError
from venuenet.indicators import read_extras
from venuenet.model import LONGEST_OWN_MIN, LocatedVenue, Manifest, TravelTimes
from venuenet.networks import Networks
from venuenet.progress import Stage, silent
from venuenet.publish.files import write_files
from venuenet.publish.snapshot import Snapshot, assemble, describe_inputs, write
from venuenet.registry.export import write_pack
from venuenet.registry.model import Ledger
from venuenet.registry.questions import open_counts
from venuenet.standards import TravelRules, load_assumptions, load_standards, load_travel_rules
from venuenet.standards.groups import GroupRules, load_groups
from venuenet.store import SnapshotStore
from venuenet.travel.compiled import announced
from venuenet.travel.engine import TravelEngine

MATRIX_CUTOFF_S = 60 * LONGEST_OWN_MIN
"""The sparse matrices keep pairs up to the longest embedded standard."""

COMPILE_S = 25
"""About how long the first compile takes; told, never waited for."""

MAX_VENUES = np.iinfo(np.int16).max
"""TravelTimes names a cell's nearest venues in 16 bits."""


@dataclass(frozen=True)
class Inputs:
    """What a build reads: an area pack and, instead of the embedded ones, own YAML files.

    ``registry`` says of which state of the registry the pack's venues are; see :func:`registered`.
    ``networks`` is the folder of the user's own networks, ``traveller`` whose times are computed;
    ``extras`` the folder of the tables users import beside venues, such as shares of groups.
    """

    area: Path | None = None
    standards: Path | None = None
    assumptions: Path | None = None
    registry: Mapping[str, Any] | None = None
    travellers: Path | None = None
    traveller: str = DEFAULT
    networks: Path | None = None
    groups: Path | None = None
    extras: Path | None = None

    def travel(self) -> dict[str, Any] | None:
        """Say in plain values what differs from the estimates for an adult; None if nothing."""
        found = Networks(self.networks).describe() if self.networks else {}
        if not found and self.traveller == DEFAULT and self.travellers is None:
            return None
        rules = load_travel_rules(self.travellers).model_dump(mode="json")
        return {"networks": found, "traveller": self.traveller, "rules": rules}

    def extra_tables(self) -> dict[str, Any]:
        """Return what the user keeps for yardsticks and plans, as plain values."""
        return read_extras(self.extras) if self.extras else {}


@dataclass(frozen=True)
class Counted:
    """Who is counted, and as whom they travel.

    Attributes
    ----------
    area : StudyArea
        With the groups that imports bring.
    rules : GroupRules
    shares : Shares
    others : tuple of str
        Travellers, beside the build's own, that a group of the area travels as.
    travel : TravelRules
    """

    area: StudyArea
    rules: GroupRules
    shares: Shares
    others: tuple[str, ...]
    travel: TravelRules

    @classmethod
    def of(cls, inputs: Inputs) -> Counted:
        """Read the area, the groups and their shares.

        Raises
        ------
        BadQueryError
            The groups' rules are faulty, or name a traveller nobody has heard of.
        SourceError
            The imported shares are of another area.
        """
        pack = load_area(inputs.area)
        rules, travel = load_groups(inputs.groups), load_travel_rules(inputs.travellers)
        shares = load_shares(inputs.extras, pack, rules)
        area = described(pack, rules, shares)
        named = {rules.of(group.id).traveller.value for group in area.meta.groups}
        lost = sorted(named - travel.travellers.keys())
        if lost:
            raise BadQueryError(
                f"人群表所用的出行者“{'、'.join(lost)}”不存在",
                f"the groups travel as {', '.join(lost)}, whom the travellers' file does not have",
                param="groups",
                allowed=list(travel.travellers),
            )
        # A build for one traveller is for nobody else.
        named = named - {inputs.traveller} if inputs.traveller == DEFAULT else set()
        return cls(area, rules, shares, tuple(sorted(named)), travel)

    def said(self) -> dict[str, Any]:
        """Say all of it in plain values, for the manifest."""
        imported = self.shares.groups()
        return {
            "rules": self.rules.model_dump(mode="json"),
            "travellers": {
                who: self.travel.travellers[who].model_dump(mode="json") for who in self.others
            },
            "declared": [
                g.model_dump(mode="json") for g in self.area.meta.groups if g.id in imported
            ],
            "shares": digest(self.shares),
        }


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
    counted = Counted.of(inputs)
    now = describe_inputs(
        counted.area,
        load_standards(inputs.standards),
        load_assumptions(inputs.assumptions),
        inputs.registry,
        inputs.travel(),
        counted.said(),
        inputs.extra_tables(),
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
        counted = Counted.of(inputs)
        area, extras = counted.area, inputs.extra_tables()
        standards = load_standards(inputs.standards)
        rules = load_assumptions(inputs.assumptions)
    with stage("估算人口分布", "spreading residents over cells", 0):
        demand = build_demand(area, rules.demand, None, counted.shares)
    venues = _counted(area)
    networks = Networks(inputs.networks) if inputs.networks else None
    # Asked before they are used: what replaces a network meanwhile was not used.
    travel, sources = inputs.travel(), networks.sources() if networks else ()
    engines = Engines(area, rules, counted.travel, inputs.traveller, networks)

    def run(stages: Iterator[tuple[str, str, TravelEngine]]) -> list[TravelTimes]:
        tables = []
        for zh, en, engine in stages:
            with stage(zh, en, len(demand.cell)) as progress:
                tables.append(engine.times(demand, venues, MATRIX_CUTOFF_S, progress))
        return tables

    with announced(stage, COMPILE_S):
        tables = run(engines.each(demand, venues))
        others = {
            who: {t.mode: t for t in run(replace(engines, traveller=who).own())}
            for who in counted.others
        }
    return assemble(
        area,
        demand,
        {t.mode: t for t in tables if not t.surface_transit},
        next(t for t in tables if t.surface_transit),
        standards,
        rules,
        inputs.registry,
        travel,
        (*sources, *as_source(counted.shares)),
        counted.said(),
        extras,
        others,
    )


def _counted(area: StudyArea) -> list[LocatedVenue]:
    venues = [v for v in area.venues if isinstance(v, LocatedVenue) and v.counts]
    if len(venues) > MAX_VENUES:
        raise BadQueryError(
            f"计入覆盖的场馆有 {len(venues):,} 个，最多 {MAX_VENUES:,} 个",
            f"{len(venues):,} venues would count; at most {MAX_VENUES:,} may",
        )
    return venues


def build(inputs: Inputs, store: SnapshotStore, stage: Stage = silent) -> Path:
    """Compute a snapshot and put it in force, all at once; returns its folder."""
    snapshot = compute(inputs, stage)

    def fill(folder: Path) -> None:
        folder.mkdir()
        # Arrays and their checksums are written while the files for people are put together.
        with ThreadPoolExecutor(1) as pool:
            arrays = pool.submit(write, snapshot, folder)
            write_files(snapshot, folder)
            arrays.result()

    with stage("写出成果", "writing the snapshot", 0):
        return store.publish(snapshot, fill)
