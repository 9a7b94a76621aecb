"""Which earlier snapshot somebody means: by id, by the beginning of one, or the one before."""

from __future__ import annotations

from collections.abc import Sequence

from venuenet.errors import BadQueryError
from venuenet.model import Manifest
from venuenet.store.snapshots import SnapshotNote

SHORTEST = 6
"""Characters of an id that must be given."""


def find_earlier(
    notes: Sequence[SnapshotNote], now: Manifest, since: str | None
) -> SnapshotNote | None:
    """Find the snapshot to compare with.

    Parameters
    ----------
    notes : sequence of SnapshotNote
        What is kept, newest first.
    now : Manifest
        Of the snapshot answered from.
    since : str, optional
        An id or at least its first six characters; by default the snapshot built last before
        ``now``.

    Returns
    -------
    SnapshotNote or None
        None if nothing was asked for and nothing earlier is kept.

    Raises
    ------
    BadQueryError
        None of this area begins so, or several do; ``allowed`` names the ids.
    """
    here = [n for n in notes if n.area == now.area]
    if since is None:
        mine = next((n for n in here if n.id == now.snapshot), None)
        before = [n for n in here if mine is None or (n.built, n.id) < (mine.built, mine.id)]
        return next((n for n in before if n.id != now.snapshot), None)
    found = [n for n in here if len(since) >= SHORTEST and n.id.startswith(since)]
    if len(found) == 1:
        return found[0]
    shown = since[:60]
    raise BadQueryError(
        f"since 的值“{shown}”没有唯一对应的快照，请给出编号或其前 {SHORTEST} 位以上",
        f"since “{shown}” is no one snapshot; give an id or at least its first {SHORTEST} "
        "characters",
        param="since",
        allowed=[n.id for n in here],
    )
