"""How a command talks while it works: progress bars, refusals with their exit codes, files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from venuenet.console import err, print_faults, say
from venuenet.errors import (
    FaultsError,
    NetworkFileError,
    RegistryError,
    SnapshotError,
    VenuenetError,
)
from venuenet.progress import Stage


@contextmanager
def told() -> Iterator[None]:
    """Print what venuenet refuses in both languages and leave with the right code."""
    try:
        yield
    except FaultsError as error:
        print_faults(error.faults)
        raise typer.Exit(2) from error
    except VenuenetError as error:
        say(f"[bold red]{error.title}[/] {escape(error.detail)}")
        say(f"[bold red]{error.title_en}[/] {escape(error.detail_en)}")
        if error.allowed and error.allowed[0] not in error.detail:
            say(f"可用 allowed: {escape('、'.join(error.allowed))}")
        # 1: it could not be done; 2: it was asked for wrongly.
        could_not = isinstance(error, SnapshotError | RegistryError | NetworkFileError)
        raise typer.Exit(1 if could_not else 2) from error
    except OSError as error:
        say(f"[bold red]无法读写[/] {escape(str(error))}")
        say(f"[bold red]Cannot read or write[/] {escape(str(error))}")
        raise typer.Exit(1) from error


@contextmanager
def bars() -> Iterator[Stage]:
    """Show a progress bar per stage on stderr."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    # Drawing competes with the work for the interpreter.
    with Progress(*columns, console=err, refresh_per_second=3) as shown:

        @contextmanager
        def stage(zh: str, en: str, total: int) -> Iterator[Callable[[int], None]]:
            task = shown.add_task(f"{zh} · {en}", total=total or 1)

            def advance(done: int) -> None:
                shown.update(task, advance=done)

            yield advance
            shown.update(task, completed=total or 1)

        def staged(zh: str, en: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
            return stage(zh, en, total)

        yield staged


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file all at once: beside first, then moved into place."""
    fresh = path.with_name(f".{path.name}.new")
    if isinstance(content, str):
        fresh.write_text(content, encoding="utf-8")
    else:
        fresh.write_bytes(content)
    fresh.replace(path)
    say(f"已写出 · wrote [bold]{escape(str(path))}[/]")
