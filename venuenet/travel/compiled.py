"""Compiled functions: kept between runs where that is possible, announced where it is not.

numba is imported when a function is compiled or loaded, never before: it costs half a second.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar, cast

from venuenet.progress import Stage

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile a function when it is first called, without the interpreter's lock.

    numba keeps the machine code in ``__pycache__`` beside the source, else in the user's cache
    folder, or in ``NUMBA_CACHE_DIR`` if that is set. Where none of them can be written, every
    process compiles anew.
    """
    from numba import njit  # noqa: PLC0415  see above

    try:
        return cast("F", njit(cache=True, nogil=True)(function))
    except RuntimeError:  # numba found no folder to keep the code in
        return cast("F", njit(nogil=True)(function))


@contextmanager
def announced(stage: Stage, about_s: int) -> Iterator[None]:
    """Open a stage as soon as anything is compiled meanwhile, in whatever thread or module.

    Loading what an earlier run compiled is no compiling, and says nothing.

    Parameters
    ----------
    stage : Stage
        Told at most once; its stage ends with the context.
    about_s : int
        How many seconds to speak of.
    """
    from numba.core import event  # noqa: PLC0415  see above

    lock = threading.Lock()
    with ExitStack() as opened:

        class Teller(event.Listener):
            told = False

            def on_start(self, begun: event.Event) -> None:
                with lock:
                    if not Teller.told:
                        Teller.told = True
                        kept = begun.data["dispatcher"].stats.cache_path is not None
                        opened.enter_context(stage(*_words(about_s, kept=kept), 0))

            def on_end(self, done: event.Event) -> None:
                """Leave the stage open: the next function may follow."""

        with event.install_listener("numba:compile", Teller()):
            yield


def _words(about_s: int, *, kept: bool) -> tuple[str, str]:
    """Say it in one short line: it stands before a progress bar."""
    if kept:
        return f"首次运行：编译（约 {about_s} 秒）", f"first run: compiling (about {about_s} s)"
    return (
        f"编译（约 {about_s} 秒，无处缓存）",
        f"compiling (about {about_s} s; NUMBA_CACHE_DIR would keep it)",
    )
