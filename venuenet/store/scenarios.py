"""Named scenarios in a folder: one YAML file each, named by a hash of what stands in it.

::

    DATA/scenarios/<id>.yaml
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from venuenet.errors import BadQueryError, Fault, UnknownNameError
from venuenet.scenarios.plain import MOST_BYTES, plain_values
from venuenet.scenarios.words import ScenarioError, Told

MOST = 200
"""Scenarios kept at once."""

_ID = re.compile(r"[0-9a-f]{12}")
_LOG = logging.getLogger(__name__)


class UnknownScenarioError(UnknownNameError):
    """A scenario that is not kept, or no longer."""

    code = "unknown-scenario"


class TooManyScenariosError(BadQueryError):
    """There is no room for another scenario."""

    code = "too-many-scenarios"


@dataclass(frozen=True)
class ScenarioNote:
    """What is known of a kept scenario without a study area; ``saved`` is UTC."""

    id: str
    name_zh: str
    name_en: str
    edits: int
    saved: dt.datetime


class ScenarioFolder:
    """The scenarios beside some snapshots.

    Parameters
    ----------
    data : Path
        The folder of the snapshots; ``scenarios`` is made in it with the first one saved.
    """

    def __init__(self, data: Path) -> None:
        self.root = data / "scenarios"
        self._notes: dict[tuple[str, int], ScenarioNote] = {}

    def save(self, text: str) -> tuple[str, bool]:
        """Keep a scenario; its id, and whether it was not kept before.

        Parameters
        ----------
        text : str
            From :func:`venuenet.scenarios.file.scenario_text`: equal scenarios have equal texts,
            and so equal ids.

        Raises
        ------
        BadQueryError
            It is longer than ``MOST_BYTES`` bytes.
        TooManyScenariosError
            ``MOST`` are kept already; nothing was changed.
        """
        content = text.encode()
        if len(content) > MOST_BYTES:
            raise BadQueryError(
                f"情景超过 {MOST_BYTES} 字节，请拆成几个",
                f"the scenario is longer than {MOST_BYTES} bytes: split it",
                param="scenario",
            )
        id_ = _id(content)
        self.root.mkdir(parents=True, exist_ok=True)
        with FileLock(self.root / ".lock"):
            if self._file(id_).is_file():
                return id_, False
            if len(list(self._files())) >= MOST:
                raise TooManyScenariosError(
                    f"最多保存 {MOST} 个情景，请先删除一些（venuenet scenario delete）",
                    f"at most {MOST} scenarios are kept: delete some (venuenet scenario delete)",
                    param="scenario",
                )
            for stale in self.root.glob(".new-*"):
                stale.unlink(missing_ok=True)
            self._write(id_, content)
        return id_, True

    def read(self, scenario_id: str) -> str:
        """Return a scenario's text.

        Raises
        ------
        UnknownScenarioError
            It is not kept.
        ScenarioError
            Its file is no longer what was saved under this id.
        """
        try:
            content = self._known(scenario_id).read_bytes()
        except FileNotFoundError:
            raise _unknown(scenario_id) from None
        if _id(content) != scenario_id:
            raise _changed(scenario_id)
        return content.decode()

    def has(self, scenario_id: str) -> bool:
        """Whether a scenario is kept."""
        return bool(_ID.fullmatch(scenario_id)) and self._file(scenario_id).is_file()

    def notes(self) -> list[ScenarioNote]:
        """List the scenarios kept, latest first. Says in the log what cannot be read, and why."""
        notes = []
        for path in self._files():
            try:
                notes.append(self._note(path))
            except (OSError, ScenarioError, KeyError, TypeError) as error:
                _LOG.warning("scenario %s left out: %s", path.stem, error)
        return sorted(notes, key=lambda n: (n.saved, n.id), reverse=True)

    def delete(self, scenario_id: str) -> None:
        """Forget a scenario. Raises UnknownScenarioError where it is not kept."""
        try:
            self._known(scenario_id).unlink()
        except FileNotFoundError:
            raise _unknown(scenario_id) from None

    def _write(self, id_: str, content: bytes) -> None:
        """Write beside, then move into place: who reads never sees half a file."""
        handle, fresh = tempfile.mkstemp(prefix=".new-", dir=self.root)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(fresh).replace(self._file(id_))

    def _file(self, id_: str) -> Path:
        return self.root / f"{id_}.yaml"

    def _files(self) -> Iterator[Path]:
        return (p for p in self.root.glob("*.yaml") if _ID.fullmatch(p.stem) and p.is_file())

    def _known(self, id_: str) -> Path:
        """Return the file of an id; what is no id never becomes a path."""
        if not _ID.fullmatch(id_):
            raise _unknown(id_)
        return self._file(id_)

    def _note(self, path: Path) -> ScenarioNote:
        """Read what a list says of a scenario, once."""
        saved = path.stat().st_mtime_ns
        key = path.stem, saved
        if key not in self._notes:
            told = Told(path.name)
            plain = plain_values(told, self.read(path.stem))
            told.refuse()
            when = dt.datetime.fromtimestamp(saved / 1e9, dt.UTC)
            zh = str(plain["name_zh"])
            en = str(plain.get("name_en") or zh)
            self._notes[key] = ScenarioNote(path.stem, zh, en, len(plain["edits"]), when)
        return self._notes[key]


def _id(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def _unknown(scenario_id: str) -> UnknownScenarioError:
    return UnknownScenarioError(
        f"没有情景“{scenario_id[:60]}”，可用 venuenet scenario list 查看",
        f"there is no scenario {scenario_id[:60]!r}; venuenet scenario list shows them",
        param="id",
    )


def _changed(scenario_id: str) -> ScenarioError:
    fault = Fault(
        f"{scenario_id}.yaml",
        None,
        None,
        "内容已被改动，与编号不符",
        "is not what was saved under this id",
        "用 venuenet scenario save 重新保存",
        "save it anew with venuenet scenario save",
    )
    return ScenarioError([fault])
