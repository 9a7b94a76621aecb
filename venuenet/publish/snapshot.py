"""The Snapshot: everything one build computed, immutable, named by the hash of its content."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import venuenet
from venuenet.area import StudyArea
from venuenet.area import load as load_area
from venuenet.coverage import share_above
from venuenet.errors import SnapshotError
from venuenet.model import DemandPoints, Manifest, Mode, Source, Standard, TravelTimes
from venuenet.standards import Assumptions

FORMAT = 2
"""Raised when the files of a snapshot change shape."""

MANIFEST = "manifest.json"


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One build.

    ``times`` holds a table per mode without surface transit; ``surface`` is transit with the
    surface assumption, never part of a headline figure.
    """

    area: StudyArea
    demand: DemandPoints
    times: Mapping[Mode, TravelTimes]
    surface: TravelTimes
    standards: tuple[Standard, ...]
    assumptions: Assumptions
    manifest: Manifest


def describe_inputs(
    area: StudyArea,
    standards: tuple[Standard, ...],
    assumptions: Assumptions,
    registry: Mapping[str, Any] | None = None,
    travel: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Everything a build depends on beside the code, as plain JSON values.

    ``registry`` tells how many questions about venues wait, by adcode (``waiting``); ``travel``
    of the user's networks and the traveller, None for an adult and the estimates.
    """
    parameters = {
        "h3_resolution": area.meta.h3_resolution,
        "assumptions": assumptions.model_dump(mode="json"),
        "standards": [dataclasses.asdict(s) for s in standards],
        "area_digest": area.digest,
        "registry": registry or {},
        **({} if travel is None else {"travel": travel}),
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
) -> Snapshot:
    """Name a build by its content and describe it; ``sources`` come beside the area pack's."""
    parameters = describe_inputs(area, standards, assumptions, registry, travel)
    manifest = Manifest(
        snapshot=_digest(parameters, demand, [*times.values(), surface]),
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
    return Snapshot(area, demand, times, surface, standards, assumptions, manifest)


_NAMED = {"group": "groups", "spread": "spread"}
"""Mappings of arrays, by what the names of their files begin with."""

_OWN = ("reason", "snap_m")


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


def _digest(parameters: Mapping[str, Any], demand: DemandPoints, times: list[TravelTimes]) -> str:
    digest = hashlib.sha256(f"{venuenet.__version__} {FORMAT}".encode())
    digest.update(json.dumps(parameters, sort_keys=True, ensure_ascii=False).encode())
    things: list[DemandPoints | TravelTimes] = [demand, *times]
    for thing in things:
        digest.update(json.dumps(_plain(thing), sort_keys=True, ensure_ascii=False).encode())
        for name, values in sorted(_arrays(thing).items()):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()[:16]


def _table_name(times: TravelTimes) -> str:
    return f"travel-{times.mode}{'-surface' if times.surface_transit else ''}"


def write(snapshot: Snapshot, folder: Path) -> None:
    """Write a snapshot's numbers into an empty folder; the caller makes the folder appear.

    Arrays are plain ``.npy`` files that are mapped, not read, when a service starts. The area
    pack goes along, so that the folder stands alone.
    """
    (folder / "area").mkdir(parents=True)
    for path in sorted(p for p in snapshot.area.root.iterdir() if p.is_file()):
        shutil.copyfile(path, folder / "area" / path.name)
    _write_thing(snapshot.demand, folder / "demand")
    for times in (*snapshot.times.values(), snapshot.surface):
        _write_thing(times, folder / _table_name(times))
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
        tables = [_read_times(p) for p in sorted(folder.glob("travel-*"))]
        return Snapshot(
            area=load_area(folder / "area"),
            demand=_read_demand(folder / "demand"),
            times={t.mode: t for t in tables if not t.surface_transit},
            surface=next(t for t in tables if t.surface_transit),
            standards=tuple(
                Standard(**{**s, "kinds": tuple(s["kinds"])}) for s in parameters["standards"]
            ),
            assumptions=Assumptions.model_validate(parameters["assumptions"]),
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
