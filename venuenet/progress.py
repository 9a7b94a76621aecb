"""How long work tells of its progress: a stage is announced, then told what is done."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

Stage = Callable[[str, str, int], AbstractContextManager[Callable[[int], None]]]
"""Announces a stage (zh, en, amount of work) and is told of its progress."""


def silent(_zh: str, _en: str, _total: int) -> AbstractContextManager[Callable[[int], None]]:
    """Tell nobody."""
    return nullcontext(lambda _n: None)
