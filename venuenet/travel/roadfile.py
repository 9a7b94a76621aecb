"""A street network from an extract, kept as one file: made once per input, then mapped."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from venuenet.errors import NetworkFileError
from venuenet.progress import Stage, silent
from venuenet.travel.arrayfile import read_arrays, write_arrays
from venuenet.travel.osm import check_file, read_extract
from venuenet.travel.roads import streets_of
from venuenet.travel.speeds import Speeds, load_speeds
from venuenet.travel.streets import CLOSED, Streets

Profile = Literal["walk", "cycle", "drive"]
VERSION = 1
"""Raised whenever the same file would give another network."""


def read_osm(
    path: Path,
    crs: str,
    clip: shapely.Geometry | None = None,
    speeds: Path | None = None,
    progress: Stage = silent,
) -> tuple[Streets, dict[str, Any]]:
    """Read the streets of an OpenStreetMap extract.

    Parameters
    ----------
    path : Path
        An .osm.pbf file of one date.
    crs : str
        The projected CRS of all metres, such as ``EPSG:4548``.
    clip : shapely geometry, optional
        WGS84 degrees; ways without a node inside are left out. The margin is the caller's.
    speeds : Path, optional
        A planner's changes to the speed table.
    progress : Stage, optional
        Told of the stages.

    Returns
    -------
    Streets
        The network, small unconnected parts included.
    dict
        What JSON can hold: counts per profile, what was ignored and why, the file's name, hash
        and date.

    Raises
    ------
    TravelDataError
        The extract or the speed table cannot be used.
    """
    table = load_speeds(speeds)
    digest = check_file(path)
    return _made(path, crs, clip, table, progress, digest)


def _made(
    path: Path,
    crs: str,
    clip: shapely.Geometry | None,
    speeds: Speeds,
    progress: Stage,
    digest: str,
) -> tuple[Streets, dict[str, Any]]:
    """Read a file whose hash is known."""
    found = read_extract(path, speeds, clip, progress)
    with progress("合并路段", "merging streets", 1) as tell:
        streets = streets_of(found, crs)
        tell(1)
    meta = {
        "file": path.name,
        "sha256": digest,
        "timestamp": found.timestamp,
        "ways": len(found.way_id),
        "ignored": {reason: count for reason, count in sorted(found.ignored.items()) if count},
        **_described(streets),
        "key": _key(digest, crs, clip, speeds),
    }
    return streets, meta


def save_streets(path: Path, streets: Streets, meta: dict[str, Any]) -> None:
    """Write a network to one file, whole or not at all."""
    arrays = {f.name: getattr(streets, f.name) for f in fields(Streets) if f.name != "crs"}
    write_arrays(path, "streets", arrays, {**meta, "crs": streets.crs})


def load_streets(path: Path) -> tuple[Streets, dict[str, Any]]:
    """Map a network of :func:`save_streets`: its arrays, not writable, and its meta data.

    Raises
    ------
    NetworkFileError
        No such file, damaged, or of another version.
    """
    arrays, meta = read_arrays(path, "streets")
    if set(arrays) != {f.name for f in fields(Streets)} - {"crs"}:
        raise NetworkFileError(path.name, "streets")
    return Streets(crs=meta["crs"], **arrays), meta


def network_for(
    osm: Path,
    crs: str,
    clip: shapely.Geometry | None,
    speeds: Path | None,
    cache_folder: Path,
    progress: Stage = silent,
) -> tuple[Streets, dict[str, Any]]:
    """Return the network of an extract: mapped where it was made before, else made and kept.

    The file in ``cache_folder`` is named by a hash of the extract's content, the speed table, the
    clip, the CRS and the version of this code; parameters are those of :func:`read_osm`.
    """
    table = load_speeds(speeds)
    digest = check_file(osm)
    key = _key(digest, crs, clip, table)
    kept = cache_folder / f"streets-{key[:16]}.arrow"
    try:
        streets, meta = load_streets(kept)
        if meta["key"] == key:
            return streets, meta
    except NetworkFileError:
        pass
    made, about = _made(osm, crs, clip, table, progress, digest)
    cache_folder.mkdir(parents=True, exist_ok=True)
    save_streets(kept, made, about)
    return load_streets(kept)


def main_part(streets: Streets, profile: Profile) -> NDArray[np.bool_]:
    """Tell which streets lie in the largest part of a network everybody can go around in.

    Parameters
    ----------
    streets : Streets
        The network.
    profile : {"walk", "cycle", "drive"}
        Whose network.

    Returns
    -------
    (e,) bool
        True where both junctions belong to the largest strongly connected component and the
        street may be used; of two equally large ones, the one that holds the first junction.
    """
    ways = _usable(streets, profile)
    inside = _largest(streets, ways)[0]
    return np.asarray(ways.any(axis=1) & inside[streets.start] & inside[streets.end])


def _usable(streets: Streets, profile: Profile) -> NDArray[np.bool_]:
    if profile == "walk":
        return streets.walk
    seconds = streets.cycle_ds if profile == "cycle" else streets.drive_ds
    return np.asarray(seconds != CLOSED)


def _largest(
    streets: Streets, ways: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which junctions lie in the largest strongly connected part, and which are used."""
    a = np.concatenate([streets.start[ways[:, 0]], streets.end[ways[:, 1]]])
    b = np.concatenate([streets.end[ways[:, 0]], streets.start[ways[:, 1]]])
    n = len(streets.junction_xy)
    graph = coo_array((np.ones(len(a), np.int8), (a, b)), shape=(n, n)).tocsr()
    part = connected_components(graph, directed=True, connection="strong")[1]
    used = np.zeros(n, np.bool_)
    used[a] = used[b] = True
    size = np.bincount(part[used], minlength=part.max() + 1)
    first = part[np.argmax(size[part] * used)]
    return (part == first) & used, used


def _described(streets: Streets) -> dict[str, Any]:
    """Count a network's streets per profile, and what lies outside its largest part."""
    counts: dict[str, Any] = {
        "junctions": len(streets.junction_xy),
        "streets": len(streets.start),
        "no_turns": len(streets.no_turn),
    }
    for profile in get_args(Profile):
        ways = _usable(streets, profile)
        inside, used = _largest(streets, ways)
        open_streets = int(ways.any(axis=1).sum())
        counts[profile] = {
            "streets": open_streets,
            "ways": int(ways.sum()),
            "junctions": int(used.sum()),
            "streets_outside_largest": open_streets - int(main_part(streets, profile).sum()),
            "junctions_outside_largest": int((used & ~inside).sum()),
        }
    return counts


def _key(digest: str, crs: str, clip: shapely.Geometry | None, speeds: Speeds) -> str:
    shape = b"" if clip is None else shapely.to_wkb(shapely.normalize(clip), byte_order=1)
    words = "\0".join([str(VERSION), digest, crs, speeds.model_dump_json(), ""])
    return hashlib.sha256(words.encode() + shape).hexdigest()
