"""A timetable as one memory-mapped file, with what it was made of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from venuenet.travel.arrayfile import read_arrays, write_arrays
from venuenet.travel.gtfs import Feed
from venuenet.travel.timetable import Timetable

KIND = "timetable"
_WORDS = ("stop_ids", "stop_names", "lines")


def timetable_meta(feeds: Sequence[Feed], day: dt.date, from_s: int, to_s: int) -> dict[str, Any]:
    """Return where a timetable comes from: feeds, day, window, and what was left out."""
    return {
        "day": day.isoformat(),
        "from_s": from_s,
        "to_s": to_s,
        "feeds": [
            {
                "name": feed.name,
                "sha256": feed.sha256,
                "agencies": list(feed.agencies),
                "timezone": feed.timezone,
                "publisher": feed.publisher,
                "version": feed.version,
                "starts": feed.starts,
                "ends": feed.ends,
                "dropped": [
                    {"what": out.what, "count": out.count, "zh": out.zh(), "en": out.en()}
                    for out in feed.dropped
                ],
                "notes": [{"zh": zh, "en": en} for zh, en in feed.notes],
            }
            for feed in feeds
        ],
    }


def save_timetable(path: Path, table: Timetable, meta: Mapping[str, Any]) -> None:
    """Write a timetable, whole or not at all.

    Parameters
    ----------
    path : Path
        The file to make or to replace; its folder exists.
    table : Timetable
    meta : mapping
        As :func:`timetable_meta` gives it; anything JSON can hold.
    """
    parts = {field.name: getattr(table, field.name) for field in fields(Timetable)}
    words = {name: list(parts.pop(name)) for name in _WORDS}
    write_arrays(path, KIND, parts, {"words": words, "meta": dict(meta)})


def load_timetable(path: Path) -> tuple[Timetable, dict[str, Any]]:
    """Map a timetable file: the timetable (arrays not writable) and its meta data.

    Raises
    ------
    NetworkFileError
        No such file, or none of :func:`save_timetable`.
    """
    arrays, about = read_arrays(path, KIND)
    parts: dict[str, Any] = {name: tuple(values) for name, values in about["words"].items()}
    parts.update(arrays)
    return Timetable(**parts), about["meta"]
