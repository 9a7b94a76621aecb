"""A feed's text files from a zip or a folder, with limits on what is unpacked.

Nothing is extracted to disk and only files the reader knows are opened.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from venuenet.travel.gtfs_faults import Faults

MOST_BYTES = 2_000_000_000
"""Bytes all files read of one feed may have, unpacked."""


@dataclass(frozen=True)
class FeedFiles:
    """The files of one feed.

    Attributes
    ----------
    name : str
        File or folder name, without its path.
    sha256 : str
        Of the zip file; of a folder, of the names and contents of the files read.
    texts : dict of str to bytes
        Contents by file name.
    """

    name: str
    sha256: str
    texts: dict[str, bytes]


def open_feed(path: Path, wanted: Iterable[str], *, most_bytes: int = MOST_BYTES) -> FeedFiles:
    """Read a feed's files as they are.

    Parameters
    ----------
    path : Path
        A zip file or a folder; the files lie at its top or in one folder within.
    wanted : iterable of str
        File names to read where they are present.
    most_bytes : int
        Bytes they may have altogether, unpacked.

    Raises
    ------
    FeedFaultsError
        No such file, no zip, damaged, encrypted, too large, or no ``stops.txt`` in it.
    """
    names = tuple(wanted)
    if path.is_dir():
        return _from_folder(path, names, most_bytes)
    if not path.is_file():
        raise _refusal(path.name, "no_feed", value="没有该文件", value_en="no such file")
    try:
        with zipfile.ZipFile(path) as archive:
            texts = _from_zip(path.name, archive, names, most_bytes)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        raise _refusal(
            path.name, "no_feed", value="不是 zip 文件或已损坏", value_en="no zip file, or damaged"
        ) from error
    with path.open("rb") as packed:
        return FeedFiles(path.name, hashlib.file_digest(packed, "sha256").hexdigest(), texts)


def _from_folder(path: Path, names: tuple[str, ...], most_bytes: int) -> FeedFiles:
    """Read the files at the top of a folder or in the one folder within."""
    tops = [p.parent for p in (path / "stops.txt", *path.glob("*/stops.txt")) if p.is_file()]
    top = path / _only(path.name, [t.relative_to(path).as_posix() for t in tops])
    found = {name: top / name for name in names if (top / name).is_file()}
    if sum(file.stat().st_size for file in found.values()) > most_bytes:
        raise _refusal(path.name, "too_large", value=most_bytes // 1_000_000)
    texts = {name: file.read_bytes() for name, file in found.items()}
    digest = hashlib.sha256()
    for name in sorted(texts):
        digest.update(f"{name}\0{len(texts[name])}\0".encode())
        digest.update(texts[name])
    return FeedFiles(path.name, digest.hexdigest(), texts)


def _from_zip(
    name: str, archive: zipfile.ZipFile, names: tuple[str, ...], most_bytes: int
) -> dict[str, bytes]:
    """Read the files at the top of a zip or in the one folder within."""
    members = {
        PurePosixPath(info.filename.replace("\\", "/")): info
        for info in archive.infolist()
        if not info.is_dir()
    }
    tops = [
        str(m.parent)
        for m in members
        if m.name == "stops.txt" and len(m.parts) <= 2 and m.parts[0] != "__MACOSX"
    ]
    top = PurePosixPath(_only(name, tops))
    found = {file: members[top / file] for file in names if top / file in members}
    if any(info.flag_bits & 1 for info in found.values()):
        raise _refusal(name, "encrypted")
    if sum(info.file_size for info in found.values()) > most_bytes:
        raise _refusal(name, "too_large", value=most_bytes // 1_000_000)
    texts = {}
    for file, info in found.items():
        with archive.open(info) as member:
            # A bounded read: a zip that lies about sizes cannot unpack beyond what it states.
            texts[file] = member.read(info.file_size + 1)
    return texts


def _only(name: str, tops: list[str]) -> str:
    """Return the folder that holds the feed: the top, or else the only one within."""
    if "." in tops:
        return "."
    if len(tops) == 1:
        return tops[0]
    if tops:
        raise _refusal(
            name, "no_feed", value="含有多个文件夹的数据", value_en="feeds in several folders"
        )
    raise _refusal(name, "no_feed", value="没有 stops.txt", value_en="there is no stops.txt")


def _refusal(name: str, kind: str, **words: object) -> Exception:
    faults = Faults()
    faults.add(kind, name, words=words)
    return faults.error(name)
