"""Reading CSV as text: every value as it stands, every line that is out of form by its number."""

import csv
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv

from riskml.datasets.mapping import SourceSpec
from riskml.errors import EmptyTableError, MissingColumnError, UnreadableFileError
from riskml.schemas import QUARANTINE_COLUMNS, empty_quarantine
from riskml.schemas.naming import nearest

__all__ = ["read_csv"]

_BLOCK = 1 << 24


def read_csv(
    path: Path, name: str, spec: SourceSpec, needed: Collection[str] | None
) -> tuple[pd.DataFrame, np.ndarray, pd.DataFrame]:
    """Read a CSV file.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        Its name in the quarantine.
    spec : SourceSpec
        Encoding, delimiter and quotation mark.
    needed : collection of str or None
        Columns to read; None reads all.

    Returns
    -------
    frame : DataFrame of str
        Values as they stand in the file; blank is an empty text.
    row : ndarray of int64, shape (n_rows,)
        Number of each data row, from 1; blank lines are not counted.
    malformed : DataFrame
        Quarantine of the lines with more or fewer fields than the header.

    Raises
    ------
    UnreadableFileError
        If the file is not text in that encoding, or not CSV.
    MissingColumnError
        If a needed column is not in the header.
    EmptyTableError
        If there is not even a header.
    """
    header = _read_header(path, spec)
    wanted = _wanted(path, header, needed)
    out_of_form: list[Any] = []

    def set_aside(line: Any) -> str:
        out_of_form.append(line)
        return "skip"

    try:
        table = pacsv.read_csv(
            path,
            # One thread: only then does Arrow number the lines that are out of form.
            read_options=pacsv.ReadOptions(
                use_threads=False, block_size=_BLOCK, encoding=spec.encoding
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=spec.delimiter,
                quote_char=spec.quote or False,
                newlines_in_values=bool(spec.quote),
                invalid_row_handler=set_aside,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.large_string()),
                include_columns=wanted,
                strings_can_be_null=False,
            ),
        )
    except (pa.ArrowException, UnicodeError) as error:
        raise _unreadable(path, spec, error) from error
    _check_last_quote(path, table, spec)
    frame = table.to_pandas().rename(columns=str.strip)
    malformed = _malformed(name, out_of_form)
    total = len(frame) + len(malformed)
    row = np.setdiff1d(np.arange(1, total + 1), malformed["row"].to_numpy())
    return frame, row.astype(np.int64), malformed


def _read_header(path: Path, spec: SourceSpec) -> list[str]:
    encoding = "utf-8-sig" if spec.encoding.lower().replace("_", "-") == "utf-8" else spec.encoding
    try:
        with path.open(encoding=encoding, newline="") as stream:
            header = next((line for line in _csv_lines(stream, spec) if line), None)
    except (UnicodeError, csv.Error, OSError) as error:
        raise _unreadable(path, spec, error) from error
    if header is None:
        raise EmptyTableError(f"{path} is empty", "export it again")
    return header


def _csv_lines(stream: TextIO, spec: SourceSpec) -> Iterator[list[str]]:
    if spec.quote:
        return csv.reader(stream, delimiter=spec.delimiter, quotechar=spec.quote)
    return csv.reader(stream, delimiter=spec.delimiter, quoting=csv.QUOTE_NONE)


def _wanted(path: Path, header: list[str], needed: Collection[str] | None) -> list[str]:
    """Return the columns to read as the header spells them, which may be with blanks around."""
    spelled: dict[str, str] = {}
    for name in header:
        tidy = name.strip()
        if tidy in spelled and (needed is None or tidy in needed):
            raise UnreadableFileError(
                f"{path} has two columns {tidy!r}", "name them apart in the export"
            )
        spelled[tidy] = name
    lacking = [name for name in sorted(needed or ()) if name not in spelled]
    if lacking:
        hint = nearest(lacking[0], spelled)
        raise MissingColumnError(
            f"{path} has no column {lacking[0]!r}{hint}",
            "the mapping reads it: correct the mapping, its delimiter, or the export",
        )
    return [spelling for tidy, spelling in spelled.items() if needed is None or tidy in needed]


def _unreadable(path: Path, spec: SourceSpec, error: Exception) -> UnreadableFileError:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    if isinstance(error, UnicodeError) or "UTF8" in text:
        return UnreadableFileError(
            f"{path} is not {spec.encoding} text",
            "set encoding in the mapping, for instance latin-1 or cp1258",
        )
    return UnreadableFileError(
        f"{path} cannot be read as CSV ({text})", "check delimiter and quote in the mapping"
    )


def _check_last_quote(path: Path, table: pa.Table, spec: SourceSpec) -> None:
    """Refuse a file whose last quotation mark is never closed: it has swallowed rows.

    Arrow reads on to the end of the file in silence; the sign of it is a line break in the
    last row together with an odd number of quotation marks.
    """
    if not spec.quote or not len(table):
        return
    last = [str(column[-1]) for column in table.columns]
    if not any("\n" in value for value in last):
        return
    with path.open(encoding=spec.encoding, newline="") as stream:
        marks = sum(line.count(spec.quote) for line in stream)
    if marks % 2:
        raise UnreadableFileError(
            f"{path}: a quotation mark in data row {len(table)} or so is never closed",
            'correct it, or set quote = "" in the mapping',
        )


def _malformed(name: str, lines: list[Any]) -> pd.DataFrame:
    if not lines:
        return empty_quarantine()
    return pd.DataFrame(
        {
            "file": name,
            # Arrow counts the header as row 1.
            "row": np.array([line.number - 1 for line in lines], dtype=np.int64),
            "rule": "wrong_field_count",
            "column": "",
            "value": [
                f"{line.actual_columns} fields instead of {line.expected_columns}: {line.text}"
                for line in lines
            ],
        }
    )[list(QUARANTINE_COLUMNS)].astype({"file": "str", "rule": "str", "value": "str"})
