"""Named arrays and their meta data in one memory-mapped file: an Arrow file of one row.

A column is one list; read back, arrays lie in the map and are not copied.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from venuenet.errors import NetworkFileError

VERSION = 1


def write_arrays(
    path: Path, kind: str, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]
) -> None:
    """Write arrays to ``path``, whole or not at all.

    Parameters
    ----------
    path : Path
        The file to make or to replace; its folder exists.
    kind : str
        What the file holds, such as ``streets``; asked for again by :func:`read_arrays`.
    arrays : mapping of name to array
        Of any shape; numbers and booleans.
    meta : mapping
        Whatever JSON can hold.
    """
    shapes = {name: list(a.shape) for name, a in arrays.items()}
    about = {"version": VERSION, "kind": kind, "shapes": shapes, "meta": dict(meta)}
    columns, fields = [], []
    for name, array in arrays.items():
        flat = np.ascontiguousarray(array).reshape(-1)
        values = pa.array(flat.view(np.uint8) if flat.dtype == np.bool_ else flat)
        fields.append(
            pa.field(name, pa.large_list(values.type), metadata={"dtype": flat.dtype.str})
        )
        columns.append(pa.LargeListArray.from_arrays(pa.array([0, len(flat)], pa.int64()), values))
    schema = pa.schema(fields, metadata={"venuenet": json.dumps(about, ensure_ascii=False)})
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with pa.OSFile(str(new), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
            writer.write_batch(pa.record_batch(columns, schema=schema))
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def read_arrays(path: Path, kind: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Map a file of :func:`write_arrays`: its arrays, not writable, and its meta data.

    Raises
    ------
    NetworkFileError
        No such file, not one of ours, of another kind or of another version.
    """
    try:
        batch = pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0)
        about = json.loads((batch.schema.metadata or {})[b"venuenet"])
    except (OSError, pa.ArrowInvalid, KeyError, ValueError) as error:
        raise NetworkFileError(path.name, kind) from error
    if about["kind"] != kind or about["version"] != VERSION:
        raise NetworkFileError(path.name, kind)
    arrays = {}
    for field, column in zip(batch.schema, batch.columns, strict=True):
        flat = column.values.to_numpy(zero_copy_only=True)
        dtype = np.dtype((field.metadata or {})[b"dtype"].decode())
        arrays[field.name] = flat.view(dtype).reshape(about["shapes"][field.name])
    return arrays, about["meta"]
