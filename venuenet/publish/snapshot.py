"""The Snapshot: everything one build computed, immutable, named by the hash of its content."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import venuenet
from venuenet.area import StudyArea
from venuenet.area import load as load_area
from venuenet.coverage import share_above
from venuenet.demand.shares import with_groups
from venuenet.errors import SnapshotError
from venuenet.model import DemandPoints, Manifest, Mode, Source, Standard, TravelTimes
from venuenet.packformat import Group
from venuenet.standards import Assumptions
from venuenet.standards.groups import GroupRules, load_groups

FORMAT = 3
"""Raised when the files of a snapshot change shape."""

MANIFEST = "manifest.json"


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One build.

    ``times`` holds a table per mode without surface transit; ``surfaces`` that of transit with the
    surface assumption, never part of a headline figure. ``others`` holds, by traveller, the tables
    of those groups that ``groups`` lets travel as somebody else: what a traveller has no table of
    is everybody's.
    """

    area: StudyArea
    demand: DemandPoints
    times: Mapping[Mode, TravelTimes]
    surfaces: Mapping[Mode, TravelTimes]
    standards: tuple[Standard, ...]
    assumptions: Assumptions
    manifest: Manifest
    groups: GroupRules = field(default_factory=load_groups)
    others: Mapping[str, Mapping[Mode, TravelTimes]] = field(default_factory=dict)

    @property
    def surface(self) -> TravelTimes:
        """Transit with the surface assumption."""
        return self.surfaces["transit"]


def describe_inputs(
    area: StudyArea,
    standards: tuple[Standard, ...],
    assumptions: Assumptions,
    registry: Mapping[str, Any] | None = None,
    travel: Mapping[str, Any] | None = None,
    groups: Mapping[str, Any] | None = None,
    extras: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Everything a build depends on beside the code, as plain JSON values.

    ``registry`` tells how many questions about venues wait, by adcode (``waiting``); ``travel``
    of the user's networks and the traveller, None for an adult and the estimates; ``groups`` of
    the groups (``rules``, ``travellers``, ``declared``, and a digest of the imported ``shares``);
    ``extras`` are the tables users keep beside their snapshots.
    """
    parameters = {
        "h3_resolution": area.meta.h3_resolution,
        "assumptions": assumptions.model_dump(mode="json"),
        "standards": [dataclasses.asdict(s) for s in standards],
        "area_digest": area.digest,
        "registry": registry or {},
        **({} if travel is None else {"travel": travel}),
        **({} if groups is None else {"groups": groups}),
        **({"extras": extras} if extras else {}),
    }
    plain: dict[str, Any] = json.loads(json.dumps(parameters))
    return plain


def assemble(
    area: StudyArea,
    demand: DemandPoints,
    times: Mapping[Mode, TravelTimes],
    surface: TravelTimes,
    standards: tuple[Standard, ...],
    assumptions: Assumptions,
    registry: Mapping[str, Any] | None = None,
    travel: Mapping[str, Any] | None = None,
    sources: Sequence[Source] = (),
    groups: Mapping[str, Any] | None = None,
    extras: Mapping[str, Any] | None = None,
    others: Mapping[str, Mapping[Mode, TravelTimes]] | None = None,
) -> Snapshot:
    """Name a build by its content and describe it; ``sources`` come beside the area pack's."""
    parameters = describe_inputs(area, standards, assumptions, registry, travel, groups, extras)
    tables = dict(_named_tables(times, surface, others or {}))
    manifest = Manifest(
        snapshot=_digest(parameters, demand, tables),
        as_of=area.meta.as_of,
        area=area.meta.id,
        version=venuenet.__version__,
        sources=(*area.meta.sources, *sources),
        parameters=parameters,
        counts={
            "people": int(demand.people.sum()),
            "cells": len(demand.cell),
            "rows": len(demand.people),
            "districts": len(area.districts),
            "townships": len(area.townships),
            "venues": len(area.venues),
            "venues_counted": len(surface.venue_ids),
        },
        checks={"share_above_50000_per_km2": round(share_above(demand, 50_000), 4)},
    )
    return Snapshot(
        area,
        demand,
        times,
        {surface.mode: surface},
        standards,
        assumptions,
        manifest,
        _rules(parameters),
        others or {},
    )


def _rules(parameters: Mapping[str, Any]) -> GroupRules:
    """Return the groups' rules a build was made with."""
    said = parameters.get("groups")
    return load_groups() if said is None else GroupRules.model_validate(said["rules"])


_NAMED = {"group": "groups", "spread": "spread"}
"""Mappings of arrays, by what the names of their files begin with."""

_OWN = ("reason", "snap_m", "own_s")


def _arrays(thing: DemandPoints | TravelTimes) -> dict[str, np.ndarray[Any, Any]]:
    found = {}
    for f in dataclasses.fields(thing):
        value = getattr(thing, f.name)
        if isinstance(value, np.ndarray):
            found[f.name] = value
    for start, some in _NAMED.items():
        found |= {f"{start}_{n}": values for n, values in getattr(thing, some, {}).items()}
    return found


def _plain(thing: DemandPoints | TravelTimes) -> dict[str, Any]:
    skip = {*_arrays(thing), *_NAMED.values()}
    plain = {f.name: getattr(thing, f.name) for f in dataclasses.fields(thing)}
    # None is the default of what only networks tell: left out, and so not part of the name.
    return {n: v for n, v in plain.items() if n not in skip and not (n in _OWN and v is None)}


def _digest(
    parameters: Mapping[str, Any], demand: DemandPoints, tables: Mapping[str, TravelTimes]
) -> str:
    digest = hashlib.sha256(f"{venuenet.__version__} {FORMAT}".encode())
    digest.update(json.dumps(parameters, sort_keys=True, ensure_ascii=False).encode())
    things: dict[str, DemandPoints | TravelTimes] = {"": demand, **tables}
    for name, thing in things.items():
        # Whose times they are stands in the table's name alone.
        digest.update(name.partition("@")[2].encode())
        digest.update(json.dumps(_plain(thing), sort_keys=True, ensure_ascii=False).encode())
        for field_name, values in sorted(_arrays(thing).items()):
            digest.update(field_name.encode())
            digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()[:16]


def _named_tables(
    times: Mapping[Mode, TravelTimes],
    surface: TravelTimes,
    others: Mapping[str, Mapping[Mode, TravelTimes]],
) -> Iterator[tuple[str, TravelTimes]]:
    """Name every table as its folder is called: ``travel-walk``, ``travel-walk@senior``."""
    yield from ((f"travel-{table.mode}", table) for table in times.values())
    yield "travel-transit-surface", surface
    for who in sorted(others):
        yield from ((f"travel-{t.mode}@{who}", t) for t in others[who].values())


def write(snapshot: Snapshot, folder: Path) -> None:
    """Write a snapshot's numbers into an empty folder; the caller makes the folder appear.

    Arrays are plain ``.npy`` files that are mapped, not read, when a service starts. The area
    pack goes along, so that the folder stands alone.
    """
    (folder / "area").mkdir(parents=True)
    for path in sorted(p for p in snapshot.area.root.iterdir() if p.is_file()):
        shutil.copyfile(path, folder / "area" / path.name)
    _write_thing(snapshot.demand, folder / "demand")
    for name, times in _named_tables(snapshot.times, snapshot.surface, snapshot.others):
        _write_thing(times, folder / name)
    m = snapshot.manifest
    text = {**dataclasses.asdict(m), "as_of": m.as_of.isoformat(), "format": FORMAT}
    text["files"] = _checksums(folder)
    (folder / MANIFEST).write_text(
        json.dumps(text, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )


def _checksums(folder: Path) -> dict[str, str]:
    """SHA-256 of what a snapshot is read from, by path."""
    files = sorted(p for p in folder.glob("*/*") if p.is_file())
    found = {}
    for path in files:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
        found[path.relative_to(folder).as_posix()] = digest.hexdigest()
    return found


def _write_thing(thing: DemandPoints | TravelTimes, folder: Path) -> None:
    folder.mkdir()
    for name, values in _arrays(thing).items():
        np.save(folder / f"{name}.npy", values)
    (folder / "plain.json").write_text(
        json.dumps(_plain(thing), ensure_ascii=False), encoding="utf-8"
    )


def read(folder: Path) -> Snapshot:
    """Read a snapshot back.

    Raises
    ------
    SnapshotError
        The folder is incomplete, damaged, or of another format.
    """
    try:
        manifest = _read_manifest(folder)
        parameters = manifest["parameters"]
        found = {p.name: _read_times(p) for p in sorted(folder.glob("travel-*"))}
        tables = [table for name, table in found.items() if "@" not in name]
        groups = parameters.get("groups", {})
        declared = [Group.model_validate(g) for g in groups.get("declared", ())]
        return Snapshot(
            area=with_groups(load_area(folder / "area"), declared),
            demand=_read_demand(folder / "demand"),
            times={t.mode: t for t in tables if not t.surface_transit},
            surfaces={t.mode: t for t in tables if t.surface_transit},
            standards=tuple(
                Standard(**{**s, "kinds": tuple(s["kinds"])}) for s in parameters["standards"]
            ),
            assumptions=Assumptions.model_validate(parameters["assumptions"]),
            groups=_rules(parameters),
            others=_others(found),
            manifest=Manifest(
                **{
                    **manifest,
                    "as_of": dt.date.fromisoformat(manifest["as_of"]),
                    "sources": tuple(Source(**s) for s in manifest["sources"]),
                }
            ),
        )
    except SnapshotError:
        raise
    except (OSError, EOFError, KeyError, TypeError, ValueError, StopIteration) as error:
        raise SnapshotError(
            f"快照 {folder.name} 不完整或已损坏（{error}），请重新运行 venuenet build",
            f"snapshot {folder.name} is incomplete or damaged ({error}); run venuenet build again",
        ) from error


def _others(found: Mapping[str, TravelTimes]) -> dict[str, dict[Mode, TravelTimes]]:
    """Gather the tables of other travellers from the names of their folders."""
    others: dict[str, dict[Mode, TravelTimes]] = {}
    for name, table in found.items():
        who = name.partition("@")[2]
        if who:
            others.setdefault(who, {})[table.mode] = table
    return others


def _read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest, having seen that the files are as they were written."""
    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    if manifest.pop("format") != FORMAT:
        raise SnapshotError(
            f"快照 {folder.name} 由其他版本写成，请重新运行 venuenet build",
            f"snapshot {folder.name} was written by another version; run venuenet build again",
        )
    if manifest.pop("files") != _checksums(folder):
        raise ValueError("文件与写出时不同 · files are not as they were written")
    return manifest


def _load_arrays(folder: Path) -> dict[str, Any]:
    return {p.stem: np.load(p, mmap_mode="r") for p in sorted(folder.glob("*.npy"))}


def _read_demand(folder: Path) -> DemandPoints:
    plain = json.loads((folder / "plain.json").read_text(encoding="utf-8"))
    arrays = _load_arrays(folder)
    groups = _taken(arrays, "group_")
    plain["adcodes"] = tuple(plain["adcodes"])
    plain["township_flags"] = tuple(tuple(f) for f in plain["township_flags"])
    return DemandPoints(**arrays, **plain, groups=groups)


def _read_times(folder: Path) -> TravelTimes:
    plain = json.loads((folder / "plain.json").read_text(encoding="utf-8"))
    plain["venue_ids"] = tuple(plain["venue_ids"])
    arrays = _load_arrays(folder)
    spread = _taken(arrays, "spread_")
    return TravelTimes(**arrays, **plain, spread=spread)


def _taken(arrays: dict[str, Any], start: str) -> dict[Any, Any]:
    """Take the arrays whose names begin so out of ``arrays``."""
    return {n.removeprefix(start): arrays.pop(n) for n in list(arrays) if n.startswith(start)}
