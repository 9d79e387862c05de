"""What the user sees: talk on stderr, data on stdout, one JSON value when asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from checks.errors import ExitCode

SCHEMA_VERSION = 1


def say(text: str) -> None:
    """A line for the person, on stderr."""
    print(text, file=sys.stderr)


def data(text: str) -> None:
    """A line of data, on stdout."""
    print(text)


def emit_json(value: dict[str, Any]) -> None:
    """The one JSON value of a ``--json`` call."""
    print(json.dumps({"schema_version": SCHEMA_VERSION, **value}, ensure_ascii=False, indent=2, default=str))


def fail(message: str, code: ExitCode, *, as_json: bool) -> ExitCode:
    """Tell an error to the person, and to the program that reads JSON."""
    say(f"错误：{message}")
    if as_json:
        emit_json({"ok": False, "exit_code": int(code), "error": message})
    return code


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int, str], None]]:
    """A progress bar on a terminal, nothing elsewhere; call it with (done, total, what)."""
    if not sys.stderr.isatty():
        yield lambda done, total, what: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[what]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None, what="")
        yield lambda done, total, what: bar.update(task, completed=done, total=total, what=what[-40:])


def print_table(title: str, headings: list[str], rows: list[list[Any]], *, numeric: set[int] | None = None) -> None:
    """A table on stdout, aligned also where Chinese text is wide; numbers to the right."""
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title=title or None, title_justify="left", show_edge=False, pad_edge=False, box=None, header_style="bold"
    )
    for position, heading in enumerate(headings):
        right = numeric is not None and position in numeric
        table.add_column(heading, justify="right" if right else "left", no_wrap=right, overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    console = Console(file=sys.stdout, highlight=False, markup=False, width=None if sys.stdout.isatty() else 160)
    console.print(table)
