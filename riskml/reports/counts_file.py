"""Published counts from a file: TOML, JSON or CSV, whichever is at hand.

TOML (JSON has the same shape)::

    title = "Reference quarter"        # all four optional
    from = 2020-07-01
    to = 2020-09-30
    source = "who published it"

    [total]                            # optional: the sum of the offices, if absent
    scans = 6198
    suspicious = 144
    violations = 31

    [[office]]                         # likewise [[channel]], [[mode]], [[month]]
    name = "Hai Phong"
    scans = 2699                       # a count that is left out is unknown, not zero
    violations = 22

CSV, one row per office and one for the total (named ``total``, ``all``, or blank)::

    # from = 2020-07-01                (the four keys, as comments, optional)
    office,scans,suspicious,violations
    total,6198,144,31
    Hai Phong,2699,,22

A further count ``violations_clear`` holds those violations that were found although the image
had been read as clear.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from riskml.errors import DataError, UnreadableFileError
from riskml.reports.counts import PeriodCounts, Source
from riskml.reports.counts_check import COUNTS, GROUPS, KEYS, Document, Entry, build_counts
from riskml.reports.counts_csv import parse_csv

__all__ = ["read_counts"]


def read_counts(path: Path) -> PeriodCounts:
    """Read and check the counts of a period.

    Parameters
    ----------
    path : Path
        A ``.toml``, ``.json`` or ``.csv`` file, UTF-8.

    Returns
    -------
    PeriodCounts
        Checked counts, with the file and its digest as their source.

    Raises
    ------
    UnreadableFileError
        If the file is absent, is not text, or not of the format its name promises.
    MissingColumnError
        If a CSV has no column ``office`` or none of the counts.
    EmptyTableError
        If it holds no count.
    DataError
        If a count is impossible: negative, broken, or in conflict with another one.
    """
    content = _read(path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFileError(
            f"{path}: byte {error.start} is not UTF-8", "save it as UTF-8"
        ) from error
    parse = {".toml": _parse_toml, ".json": _parse_json, ".csv": parse_csv}.get(path.suffix.lower())
    if parse is None:
        raise UnreadableFileError(
            f"{path}: no counts format is called {path.suffix or 'nothing'!r}",
            "give a .toml, .json or .csv file",
        )
    document = parse(path, text)
    source = Source(path.name, hashlib.sha256(content).hexdigest(), document.keys.get("source", ""))
    return build_counts(document, source)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise UnreadableFileError(
            f"{path}: {reason}", "give --counts a file that exists"
        ) from error


def _parse_toml(path: Path, text: str) -> Document:
    try:
        return _from_mapping(path, tomllib.loads(text))
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is a ValueError
        raise UnreadableFileError(f"{path}: no TOML: {error}", "correct that line") from error


def _parse_json(path: Path, text: str) -> Document:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(f"{path}: no JSON: {error}", "correct that line") from error
    if not isinstance(content, dict):
        raise UnreadableFileError(f"{path}: the JSON is no object", 'write {"total": {...}, ...}')
    return _from_mapping(path, content)


def _from_mapping(path: Path, content: Mapping[str, Any]) -> Document:
    document = Document(path)
    for key, value in content.items():
        group = key.removesuffix("s")
        if key in KEYS:
            document.keys[key] = str(value)
        elif key == "total":
            document.total = _entry(path, "total", "", value)
        elif group in GROUPS:
            document.groups[group] = list(_entries(path, key, value))
        else:
            known = ", ".join((*KEYS, "total", *GROUPS))
            raise DataError(f"{path}: unknown key {key!r}", f"use one of {known}")
    return document


def _entries(path: Path, key: str, value: Any) -> Iterator[Entry]:
    """Read a list of tables with names, or a table of tables under their names."""
    if isinstance(value, dict) and all(isinstance(part, dict) for part in value.values()):
        value = [{"name": name, **part} for name, part in value.items()]
    if not isinstance(value, list):
        raise DataError(
            f"{path}: {key} is no list of tables", f"write each as [[{key}]] with a name"
        )
    for number, part in enumerate(value, start=1):
        place = f"{key}[{number}]"
        if not isinstance(part, dict):
            raise DataError(f"{path}: {place} is no table", f"write it as [[{key}]] with a name")
        name = part.get("name", part.get(key.removesuffix("s")))
        if not isinstance(name, str) or not name.strip():
            raise DataError(f"{path}: {place} has no name", 'add name = "..."')
        yield _entry(path, f"{place} ({name.strip()})", name.strip(), part)


def _entry(path: Path, place: str, name: str, value: Any) -> Entry:
    if not isinstance(value, dict):
        raise DataError(f"{path}: {place} is no table", f"write [{place}] and the counts below")
    counts = {key: count for key, count in value.items() if key not in {"name", *GROUPS}}
    unknown = sorted(set(counts) - set(COUNTS))
    if unknown:
        raise DataError(
            f"{path}: {place}: unknown key {unknown[0]!r}", f"use one of {', '.join(COUNTS)}"
        )
    return Entry(place, name, counts)
