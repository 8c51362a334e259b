"""Small files written by people: CSV or TOML, read as rows of text with their places."""

import csv
import io
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from riskml.errors import DataError, MissingColumnError, UnreadableFileError

__all__ = ["Line", "read_day", "read_lines"]


@dataclass(frozen=True)
class Line:
    """One row of a file; blank cells are left out.

    Attributes
    ----------
    place : str
        File and line (CSV) or table (TOML), for messages.
    cells : dict of str to str
        Text by column.
    """

    place: str
    cells: dict[str, str]


def read_lines(path: Path, table: str, columns: Sequence[str], needed: Sequence[str]) -> list[Line]:
    """Read a CSV with a header, or a TOML file with tables ``[[table]]``.

    Parameters
    ----------
    path : Path
        A ``.csv`` or ``.toml`` file, UTF-8.
    table : str
        Name of the TOML tables.
    columns, needed : sequence of str
        What a row may hold, and what the file must have.

    Raises
    ------
    UnreadableFileError
        If the file is absent, is no text, or not of its format.
    MissingColumnError
        If a needed column is absent.
    DataError
        If a column is unknown or repeated, or a row has more cells than the header.
    """
    parse = {".csv": _csv_lines, ".toml": _toml_lines}.get(path.suffix.lower())
    if parse is None:
        raise UnreadableFileError(f"{path} is neither .csv nor .toml", "give one of the two")
    lines = []
    for place, cells in parse(path, _read(path), table, needed):
        for name in cells:
            if name not in columns:
                raise DataError(
                    f"{place}: unknown column {name!r}", f"use one of {', '.join(columns)}"
                )
        lines.append(Line(place, {k: v.strip() for k, v in cells.items() if v.strip()}))
    return [line for line in lines if line.cells]


def read_day(line: Line, column: str) -> date | None:
    """Return the date in a cell, None where it is blank.

    Raises
    ------
    DataError
        If it is no date.
    """
    text = line.cells.get(column)
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise DataError(
            f"{line.place}, column {column}: {text!r} is no date", "write it as YYYY-MM-DD"
        ) from error


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UnreadableFileError(
            f"{path}: {error.strerror or error}", "give a file that exists"
        ) from error
    except UnicodeDecodeError as error:
        raise UnreadableFileError(
            f"{path}: byte {error.start} is not UTF-8", "save it as UTF-8"
        ) from error


def _csv_lines(
    path: Path, text: str, table: str, needed: Sequence[str]
) -> Iterator[tuple[str, dict[str, str]]]:
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells) or cells[0].startswith("#"):
                continue
            if not header:
                header = _header(path, cells, table, needed)
                continue
            place = f"{path}: line {reader.line_num}"
            if len(cells) > len(header):
                raise DataError(
                    f"{place} has {len(cells)} cells under {len(header)} columns",
                    "quote cells that hold the separator",
                )
            yield place, dict(zip(header, cells, strict=False))
    except csv.Error as error:
        raise UnreadableFileError(
            f"{path}: line {reader.line_num}: {error}", "save it as a plain CSV"
        ) from error
    if not header:
        raise UnreadableFileError(f"{path} has no header", f"start with: {','.join(needed)}")


def _header(path: Path, cells: Sequence[str], table: str, needed: Sequence[str]) -> list[str]:
    header = [cell.strip().casefold() for cell in cells]
    for name in needed:
        if name not in header:
            raise MissingColumnError(
                f"{path}: no column {name!r} (the {table} file has {', '.join(header)})",
                f"add {name}",
            )
    for name in header:
        if header.count(name) > 1:
            raise DataError(f"{path}: column {name!r} stands there twice", "remove one of them")
    return header


def _toml_lines(
    path: Path, text: str, table: str, needed: Sequence[str]
) -> Iterator[tuple[str, dict[str, str]]]:
    try:
        content: dict[str, Any] = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is a ValueError
        raise UnreadableFileError(f"{path}: no TOML: {error}", "correct that line") from error
    rows = content.pop(table, None)
    if content or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        named = next(iter(content), table)
        raise DataError(f"{path}: {named!r} is no list of [[{table}]]", f"write [[{table}]] tables")
    for number, row in enumerate(rows, start=1):
        place = f"{path}: {table}[{number}]"
        for name in needed:
            if name not in row:
                raise MissingColumnError(f"{place}: no key {name!r}", f"add {name} = ...")
        yield place, {name: str(value) for name, value in row.items()}
