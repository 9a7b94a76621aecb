"""Proves that a workbook's zip unpacks to what its directory says, and that this is bearable."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from venuenet.sources import limits
from venuenet.sources.says import refused

_STEP = 2**14  # of packed bytes: deflate makes at most a thousand times as many of them
_LOCAL = struct.Struct("<4s22xHH")  # signature, lengths of the name and of the extra field
_ENCRYPTED = 0x1


def check(content: bytes, file: str) -> None:
    """Refuse a zip that is damaged, encrypted, too large unpacked, or lies about its sizes.

    Directory sizes are looked at first; then every entry is inflated, a piece at a time, to see
    that they are true: another reader may trust the data rather than the directory.

    Raises
    ------
    SourceError
        With what is wrong.
    """
    try:
        entries = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
        raise refused("damaged", file, value=str(error)) from None
    declared = sum(e.file_size for e in entries)
    if len(entries) > limits.ZIP_ENTRIES or declared > limits.UNZIPPED_BYTES:
        raise refused("zip_size", file, limit=limits.UNZIPPED_BYTES // 2**20)
    packed = sum(e.compress_size for e in entries)
    if declared >= limits.RATIO_FROM_BYTES and declared > limits.UNZIP_RATIO * max(packed, 1):
        raise refused("zip_ratio", file, limit=limits.UNZIP_RATIO)
    if packed > len(content):
        raise refused("zip_lies", file)
    for entry in entries:
        if entry.flag_bits & _ENCRYPTED:
            raise refused("password", file)
        if _inflated(content, entry, file) != entry.file_size:
            raise refused("zip_lies", file)


def _inflated(content: bytes, entry: zipfile.ZipInfo, file: str) -> int:
    """Return how many bytes an entry really unpacks to, counted no further than it declares."""
    head = content[entry.header_offset : entry.header_offset + _LOCAL.size]
    if len(head) < _LOCAL.size or head[:4] != b"PK\x03\x04":
        raise refused("damaged", file, value=entry.filename[:60])
    _, name, extra = _LOCAL.unpack(head)
    start = entry.header_offset + _LOCAL.size + name + extra
    packed = content[start : start + entry.compress_size]
    if entry.compress_type == zipfile.ZIP_STORED:
        return len(packed)
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        raise refused("damaged", file, value=f"compression {entry.compress_type}")
    inflater, total = zlib.decompressobj(-zlib.MAX_WBITS), 0
    try:
        for at in range(0, len(packed), _STEP):
            total += len(inflater.decompress(packed[at : at + _STEP]))
            if total > entry.file_size:
                break
    except zlib.error as error:
        raise refused("damaged", file, value=str(error)) from None
    return total
