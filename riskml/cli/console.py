"""What commands print: tables for people, JSON for programs, one line for errors."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from riskml.errors import RiskmlError

__all__ = ["fail", "print_table", "progress", "say"]


def say(text: str) -> None:
    """Print one line to standard output."""
    sys.stdout.write(f"{text}\n")


def fail(error: RiskmlError) -> NoReturn:
    """Print an error of ours as one line and leave with its exit code."""
    line = " ".join(str(error).split())
    sys.stderr.write(f"riskml: error: {line}\n")
    sys.exit(error.exit_code)


def print_table(rows: Sequence[Mapping[str, Any]], *, as_json: bool, title: str = "") -> None:
    """Print rows as an aligned table, or as a JSON list when ``as_json``."""
    if as_json:
        say(json.dumps([dict(row) for row in rows], default=str, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title or None, title_justify="left")
    columns = list(rows[0]) if rows else []
    for column in columns:
        numeric = all(isinstance(row[column], int | float | None) for row in rows)
        table.add_column(column, justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*(_cell(row[column]) for column in columns))
    width = None if sys.stdout.isatty() else 160
    Console(width=width, markup=False).print(table)


def progress(items: Iterable[Any], label: str, total: int | None = None) -> Iterable[Any]:
    """Yield ``items`` behind a progress bar on standard error; silent without a terminal."""
    from rich.console import Console
    from rich.progress import track

    terminal = sys.stderr.isatty()
    console = Console(stderr=True)
    yield from track(
        items, description=label, total=total, console=console, disable=not terminal, transient=True
    )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)
