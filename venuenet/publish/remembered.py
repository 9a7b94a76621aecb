"""Answers kept as long as the snapshot they are of, and no longer."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from venuenet.publish.snapshot import Snapshot

P = ParamSpec("P")
T = TypeVar("T")


def remembered(
    function: Callable[Concatenate[Snapshot, P], T],
) -> Callable[Concatenate[Snapshot, P], T]:
    """Keep what a function of a snapshot returns, by its other arguments (hashable).

    Unlike ``functools.lru_cache`` this holds no snapshot in memory: a past one that was opened to
    be compared is let go of. The answer must not refer to the snapshot itself.
    """
    kept: WeakKeyDictionary[Snapshot, dict[object, T]] = WeakKeyDictionary()

    @wraps(function)
    def asked(snapshot: Snapshot, /, *args: P.args, **more: P.kwargs) -> T:
        mine = kept.setdefault(snapshot, {})
        key = (args, tuple(sorted(more.items())))
        if key not in mine:
            mine[key] = function(snapshot, *args, **more)
        return mine[key]

    return asked
