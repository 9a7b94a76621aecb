"""Roads from an OpenStreetMap extract (.osm.pbf): two passes, the ways and then their nodes.

What the tags mean is in osm_tags.py; how streets are made of it, in roads.py.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import shapely
from numpy.typing import NDArray
from osmium.osm import NODE, RELATION, WAY, Relation, Way

from venuenet.errors import Fault, TravelDataError
from venuenet.progress import Stage, silent
from venuenet.travel.osm_tags import WAY_KEYS, Rule, node_delay, node_passes, way_rule
from venuenet.travel.osm_turns import Restriction, restriction
from venuenet.travel.speeds import Speeds

MOST_BYTES = 2 * 1024**3
MOST_WAYS = 4_000_000
MOST_ID = 2**40
_TOLD = 10_000

# What a fault says: zh, en, and how to mend it, zh, en.
_SAYS = {
    "no_file": (
        "无法读取该文件", "cannot be read",
        "核对路径与权限", "check the path and the rights",
    ),
    "empty": (
        "文件为空", "is empty",
        "重新下载该文件", "download it again",
    ),
    "not_pbf": (
        "不是 OpenStreetMap 的 .osm.pbf 文件，或已被加密、压缩",
        "is no .osm.pbf file of OpenStreetMap, or it was encrypted or zipped",
        "请提供解密、解压后的 .osm.pbf，其他格式先用 osmium cat 转换",
        "give the plain .osm.pbf; turn other formats into it with osmium cat",
    ),
    "damaged": (
        "文件损坏或下载不完整：{value}", "is damaged or not complete: {value}",
        "重新下载并核对校验和", "download it again and compare its checksum",
    ),
    "history": (
        "是历史文件，同一道路有多个版本", "is a history file: roads occur in several versions",
        "用 osmium time-filter 取出一个日期的版本",
        "take one date out of it with osmium time-filter",
    ),
    "ids": (
        "含有负数或过大的编号", "holds negative or enormous ids",
        "用 osmium renumber 重新编号", "number it anew with osmium renumber",
    ),
    "too_large": (
        "有 {value} MB，上限 {most} MB", "has {value} MB, the most is {most} MB",
        "用 osmium extract 截取本区域", "cut the area out of it with osmium extract",
    ),
    "too_many": (
        "道路超过 {most} 条", "holds more than {most} roads",
        "用 osmium extract 截取本区域", "cut the area out of it with osmium extract",
    ),
    "no_roads": (
        "没有可用的道路", "holds no road anybody may use",
        "核对该文件是否为道路数据", "check that it is an extract with roads",
    ),
    "outside": (
        "区域内没有道路", "holds no road within the area",
        "核对该文件是否覆盖本区域", "check that the extract covers the area",
    ),
    "crs": (
        "有坐标无法投影到 {value}", "has positions that {value} cannot project",
        "改用本区域的投影坐标系，或用 osmium extract 截取本区域",
        "use a projected CRS of the area, or cut the area out with osmium extract",
    ),
    "no_places": (
        "道路的节点没有坐标", "gives no positions for the nodes of its roads",
        "导出时包含节点（osmium extract -s complete_ways）",
        "export it with its nodes (osmium extract -s complete_ways)",
    ),
}  # fmt: skip


@dataclass
class Extract:
    """The roads of a file as it gives them.

    Attributes
    ----------
    way_id, way_rule : (w,) int64, int32
        Ids, and positions in ``rules``.
    way_at : (w + 1,) int64
        Way i runs through ``ref[way_at[i]:way_at[i + 1]]``, positions of nodes.
    lon, lat : (n,) float64
        WGS84 degrees, NaN where the file does not say.
    passes : dict
        Barriers: node to who passes it (on foot, by bicycle, by car).
    delay_s : dict of profile to (n, 2) float64
        Seconds lost at a node by those who come along its way, and those who come back.
    restrictions : list of Restriction
        ``via`` is a position of nodes here, -1 where no street runs through it.
    ignored : Counter
        How often something was left out, and why.
    """

    path: Path
    rules: list[Rule] = field(default_factory=list)
    way_id: Any = field(default_factory=lambda: array("q"))
    way_rule: Any = field(default_factory=lambda: array("i"))
    way_at: Any = field(default_factory=lambda: array("q", [0]))
    ref: Any = field(default_factory=lambda: array("q"))
    node_id: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    lon: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    lat: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    passes: dict[int, tuple[bool, bool, bool]] = field(default_factory=dict)
    delay_s: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    restrictions: list[Restriction] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
    timestamp: str | None = None


def fault(path: Path, code: str, **words: object) -> TravelDataError:
    """Word the one fault that makes a file useless."""
    zh, en, mend_zh, mend_en = (text.format(**words) for text in _SAYS[code])
    return TravelDataError([Fault(path.name, None, None, zh, en, mend_zh, mend_en)])


def check_file(path: Path) -> str:
    """Look at a file from outside, and return the SHA-256 of its content.

    Raises
    ------
    TravelDataError
        Not there, empty, no .osm.pbf, or larger than ``MOST_BYTES``.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(24)
            file.seek(0)
            if size == 0:
                raise fault(path, "empty")
            if start[4:15] != b"\n\tOSMHeader":
                raise fault(path, "not_pbf")
            if size > MOST_BYTES:
                raise fault(path, "too_large", value=size // 2**20, most=MOST_BYTES // 2**20)
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise fault(path, "no_file") from error


def read_extract(
    path: Path, speeds: Speeds, clip: shapely.Geometry | None, progress: Stage = silent
) -> Extract:
    """Read the roads of a file that have a node within ``clip``.

    Parameters
    ----------
    path : Path
        An .osm.pbf file, looked at by :func:`check_file`.
    speeds : Speeds
        The speed table.
    clip : shapely geometry, optional
        WGS84 degrees.
    progress : Stage
        Told of two stages.

    Raises
    ------
    TravelDataError
        One fault: what makes the file useless.
    """
    with _damage(path):
        found = _ways(path, speeds, progress)
        if not found.way_id:
            raise fault(path, "no_roads")
        _frozen(path, found)
        _nodes(path, found, speeds, progress)
    if not np.isfinite(found.lon).any():
        raise fault(path, "no_places")
    if clip is not None and not _clipped(found, clip):
        raise fault(path, "outside")
    return found


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """Turn what the reader says of broken files into one fault."""
    try:
        yield
    except TravelDataError:
        raise
    except (RuntimeError, OSError, ValueError) as error:
        raise fault(path, "damaged", value=error) from error


def _ways(path: Path, speeds: Speeds, progress: Stage) -> Extract:
    """Collect the streets and the turn restrictions."""
    source = osmium.FileProcessor(osmium.io.File(str(path), "pbf"), WAY | RELATION)
    header = source.header
    if header.has_multiple_object_versions:
        raise fault(path, "history")
    streets = osmium.filter.KeyFilter("highway", "route", "railway", "public_transport")
    turns = osmium.filter.TagFilter(("type", "restriction"))
    streets.enable_for(WAY)
    turns.enable_for(RELATION)
    things: Iterable[Any] = source.with_filter(streets).with_filter(turns)
    found = Extract(path, timestamp=header.get("osmosis_replication_timestamp") or None)
    newest = None
    known: dict[tuple[tuple[str, str], ...], Rule | int | str | None] = {}
    number: dict[Rule, int] = {}
    with progress("读取道路", "reading roads", 0) as tell:
        for count, thing in enumerate(things, start=1):
            if count % _TOLD == 0:
                tell(_TOLD)
            if found.timestamp is None and (newest is None or thing.timestamp > newest):
                newest = thing.timestamp
            if not thing.is_way():
                _turn(thing, found)
                continue
            tags = tuple([(k, v) for k, v in thing.tags if k in WAY_KEYS])
            if tags not in known:
                rule = way_rule(dict(tags), speeds)
                if isinstance(rule, Rule) and rule.ferry_s is None:
                    known[tags] = number.setdefault(rule, len(number))
                    found.rules += [rule] * (len(number) - len(found.rules))
                else:
                    known[tags] = rule
            _way(path, thing, found, known[tags])
    if newest is not None and newest.timestamp() > 0:
        found.timestamp = newest.strftime("%Y-%m-%dT%H:%M:%SZ")
    return found


def _way(path: Path, way: Way, found: Extract, rule: Rule | int | str | None) -> None:
    """Keep a way, or count why not."""
    if rule is None:
        return
    refs = [node.ref for node in way.nodes]
    if isinstance(rule, str) or len(refs) < 2:
        found.ignored[rule if isinstance(rule, str) else "short"] += 1
        return
    if isinstance(rule, Rule):  # its speed follows from its length: a rule of its own
        found.rules.append(rule)
        rule = len(found.rules) - 1
    if len(found.way_id) == MOST_WAYS:
        raise fault(path, "too_many", most=MOST_WAYS)
    found.way_id.append(way.id)
    found.way_rule.append(rule)
    found.ref.extend(refs)
    found.way_at.append(len(found.ref))


def _turn(relation: Relation, found: Extract) -> None:
    """Keep a turn restriction, or count why not."""
    rule = restriction(dict(relation.tags), [(m.role, m.type, m.ref) for m in relation.members])
    if isinstance(rule, Restriction):
        found.restrictions.append(rule)
    else:
        found.ignored[rule] += 1


def _frozen(path: Path, found: Extract) -> None:
    """Turn the growing arrays into numpy's, and ids of nodes into positions."""
    found.way_id = np.array(found.way_id, np.int64)
    found.way_rule = np.array(found.way_rule, np.int32)
    found.way_at = np.array(found.way_at, np.int64)
    ref = np.array(found.ref, np.int64)
    found.ref = array("q")
    found.node_id, at = np.unique(ref, return_inverse=True)
    found.ref = at.astype(np.int32)
    vias = np.array([r.via for r in found.restrictions], np.int64)
    at = np.minimum(np.searchsorted(found.node_id, vias), len(found.node_id) - 1)
    at[found.node_id[at] != vias] = -1
    found.restrictions = [
        replace(r, via=int(i)) for r, i in zip(found.restrictions, at, strict=True)
    ]
    if len(np.unique(found.way_id)) < len(found.way_id):
        raise fault(path, "history")
    ids = (found.node_id[0], found.node_id[-1], found.way_id.min(), found.way_id.max())
    if min(ids) < 0 or max(ids) >= MOST_ID:
        raise fault(path, "ids")


def _nodes(path: Path, found: Extract, speeds: Speeds, progress: Stage) -> None:
    """Find where the streets' nodes are, and what stands on them."""
    n = len(found.node_id)
    found.lon, found.lat = np.full(n, np.nan), np.full(n, np.nan)
    tables = {"cycle": speeds.cycle.delay_s, "drive": speeds.drive.delay_s}
    found.delay_s = {profile: np.zeros((n, 2)) for profile in tables}
    ids, lon, lat = array("q"), array("d"), array("d")
    tagged: list[tuple[int, dict[str, str]]] = []
    source = osmium.FileProcessor(osmium.io.File(str(path), "pbf"), NODE)
    nodes: Iterable[Any] = source.with_filter(osmium.filter.IdFilter(found.node_id))
    with progress("读取路口位置", "reading junctions", n) as tell:
        for count, node in enumerate(nodes, start=1):
            if count % _TOLD == 0:
                tell(_TOLD)
            place = node.location
            if place.valid():
                ids.append(node.id)
                lon.append(place.lon)
                lat.append(place.lat)
            if len(node.tags):
                tagged.append((node.id, dict(node.tags)))
    at = np.searchsorted(found.node_id, np.array(ids, np.int64))
    found.lon[at], found.lat[at] = lon, lat
    places = np.searchsorted(found.node_id, np.array([i for i, _ in tagged], np.int64))
    for position, (_, tags) in zip(places.tolist(), tagged, strict=True):
        passes, delay = node_passes(tags), node_delay(tags)
        if passes is not None:
            found.passes[position] = passes
        if delay is not None:
            kind, ways = delay
            for profile, table in tables.items():
                found.delay_s[profile][position] = table[kind].value * np.array(ways)
    found.ignored["nodes_without_position"] = int(np.isnan(found.lon).sum())


def _clipped(found: Extract, clip: shapely.Geometry) -> bool:
    """Drop the ways without a node in the clip; tell whether any is left."""
    shapely.prepare(clip)
    inside = shapely.intersects_xy(clip, found.lon, found.lat)
    keep = np.logical_or.reduceat(inside[found.ref], found.way_at[:-1])
    counts = np.diff(found.way_at)
    found.ignored["outside_area"] = int((~keep).sum())
    found.ref = found.ref[np.repeat(keep, counts)]
    found.way_id, found.way_rule = found.way_id[keep], found.way_rule[keep]
    found.way_at = np.concatenate([[0], np.cumsum(counts[keep])])
    return bool(keep.any())
