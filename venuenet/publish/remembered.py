"""Answers kept as long as the snapshot they are of, and no longer."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from venuenet.publish.snapshot import Snapshot

P = ParamSpec("P")
T = TypeVar("T")
Answer = Callable[Concatenate[Snapshot, P], T]


def remembered(most: int) -> Callable[[Answer[P, T]], Answer[P, T]]:
    """Keep what a function of a snapshot returns, by its other arguments (hashable).

    Unlike ``functools.lru_cache`` this holds no snapshot in memory: a past one that was opened to
    be compared, or a scenario, is let go of. The answer must not refer to the snapshot itself.

    Parameters
    ----------
    most : int
        How many answers are kept of one snapshot; those not asked for longest go first.
    """

    def of(function: Answer[P, T]) -> Answer[P, T]:
        kept: WeakKeyDictionary[Snapshot, OrderedDict[object, T]] = WeakKeyDictionary()
        lock = threading.Lock()

        @wraps(function)
        def asked(snapshot: Snapshot, /, *args: P.args, **more: P.kwargs) -> T:
            key = (args, tuple(sorted(more.items())))
            with lock:
                mine = kept.setdefault(snapshot, OrderedDict())
                if key in mine:
                    mine.move_to_end(key)
                    return mine[key]
            answer = function(snapshot, *args, **more)
            with lock:
                mine[key] = answer
                while len(mine) > most:
                    mine.popitem(last=False)
            return answer

        return asked

    return of
