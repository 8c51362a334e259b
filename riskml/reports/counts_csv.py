"""The CSV form of published counts: one row per office and one for the total."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from riskml.errors import DataError, MissingColumnError, UnreadableFileError
from riskml.reports.counts_check import COUNTS, KEYS, Document, Entry

__all__ = ["parse_csv"]

TOTAL_NAMES = {"", "*", "all", "all offices", "total", "tổng", "tổng cộng", "toàn quốc", "cộng"}
"""Names of the row that holds the total, in any case."""

_ALIASES = {"name": "office", "đơn vị": "office", "suspicions": "suspicious"}


def parse_csv(path: Path, text: str) -> Document:
    """Parse a CSV separated by commas, semicolons or tabs.

    Lines that start with ``#`` are comments; ``# from = 2020-07-01`` and the like are read.

    Raises
    ------
    UnreadableFileError
        If it is no CSV, or has no header.
    MissingColumnError
        If the header lacks ``office`` or every count.
    DataError
        If the header has an unknown or repeated column, a row is longer than the header, or
        there are two totals.
    """
    document = Document(path)
    columns: list[str] = []
    for line, cells in _records(path, text):
        if cells[0].lstrip().startswith("#"):
            _read_comment(document, ",".join(cells))
        elif not columns:
            columns = _header(path, cells)
        else:
            _read_row(document, columns, cells, f"line {line}")
    if not columns:
        raise UnreadableFileError(f"{path}: no header", "start with: office,scans,violations")
    return document


def _records(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise UnreadableFileError(
            f"{path}: line {reader.line_num}: {error}", "save it as a plain CSV"
        ) from error


def _delimiter(text: str) -> str:
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    header = next(lines, "")
    return max(",;\t", key=header.count)


def _read_comment(document: Document, comment: str) -> None:
    key, separator, value = comment.strip().lstrip("# ").partition("=")
    if separator and key.strip().casefold() in KEYS:
        document.keys[key.strip().casefold()] = value.strip().strip("\"'")


def _header(path: Path, cells: Sequence[str]) -> list[str]:
    given = [cell.strip().casefold() for cell in cells]
    columns = [_ALIASES.get(name, name) for name in given]
    known = ("office", *COUNTS)
    for name in columns:
        if name not in known:
            raise DataError(f"{path}: unknown column {name!r}", f"use {', '.join(known)}")
        if columns.count(name) > 1:
            raise DataError(f"{path}: column {name!r} stands there twice", "remove one of them")
    if "office" not in columns or not set(columns) & set(COUNTS):
        raise MissingColumnError(
            f"{path}: the columns are {', '.join(columns)}",
            "give office and at least one of scans, suspicious, violations",
        )
    return columns


def _read_row(document: Document, columns: Sequence[str], cells: Sequence[str], line: str) -> None:
    if any(cell.strip() for cell in cells[len(columns) :]):
        raise DataError(
            f"{document.path}: {line} has {len(cells)} cells under {len(columns)} columns",
            'quote numbers such as "6,198"',
        )
    values = dict(zip(columns, cells, strict=False))
    name = values.pop("office", "").strip()
    if name.casefold() not in TOTAL_NAMES:
        entry = Entry(f"{line} ({name})", name, values)
        document.groups.setdefault("office", []).append(entry)
        return
    if document.total is not None:
        raise DataError(
            f"{document.path}: {line} is a second total, after {document.total.place}",
            "name the office, or remove one of them",
        )
    document.total = Entry(f"{line} (total)", "", values)
