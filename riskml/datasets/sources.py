"""Reading what a mapping names: CSV and Parquet files found by glob, or a database table."""

import hashlib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from riskml.datasets.csv_file import read_csv
from riskml.datasets.mapping import SourceSpec
from riskml.errors import EmptyTableError, MissingColumnError, UnreadableFileError
from riskml.schemas import Origin, empty_quarantine
from riskml.schemas.naming import nearest

__all__ = ["Progress", "SourceFile", "SourceRows", "read_source"]

Progress = Callable[[Iterable[Any], str], Iterable[Any]]
"""Passes items on while it shows how far things are, under a label."""

_CHUNK = 1 << 20


@dataclass(frozen=True)
class SourceFile:
    """A file that was read, for the record.

    Attributes
    ----------
    name : str
        Path inside the source folder, or the name of the database table.
    sha256 : str
        Digest of its bytes; of its rows, for a database table.
    size : int
        Bytes; 0 for a database table.
    rows : int
        Data rows, malformed ones included.
    copy_of : str
        Name of an earlier file with the same bytes, which was read instead of this one.
    """

    name: str
    sha256: str
    size: int
    rows: int
    copy_of: str = ""


@dataclass(frozen=True)
class SourceRows:
    """The rows of a source: all its files, one after the other.

    Attributes
    ----------
    frame : DataFrame
        The columns that the mapping uses; text from CSV, typed from Parquet and databases.
    origin : Origin
        File and row of each row.
    malformed : DataFrame
        Quarantine of lines that could not be split into fields.
    files : tuple of SourceFile
    """

    frame: pd.DataFrame
    origin: Origin
    malformed: pd.DataFrame
    files: tuple[SourceFile, ...] = field(default_factory=tuple)


def read_source(
    spec: SourceSpec, folder: Path, needed: Collection[str] | None, progress: Progress
) -> SourceRows | None:
    """Read a source.

    Parameters
    ----------
    spec : SourceSpec
        Where and how to read.
    folder : Path
        The source folder, in which files are looked for.
    needed : collection of str or None
        Columns to read; None reads all.
    progress : Progress
        Told of each file.

    Returns
    -------
    SourceRows or None
        None where an optional source has no file.

    Raises
    ------
    UnreadableFileError
        If no file matches, or one cannot be read.
    MissingColumnError
        If a file lacks a needed column.
    EmptyTableError
        If there is no row at all.
    """
    if spec.is_database:
        from riskml.datasets.database import read_database

        frame, name = read_database(spec, folder, needed)
        record = SourceFile(name, _frame_digest(frame), 0, len(frame))
        parts = [(frame, Origin.of_file(name, len(frame)), empty_quarantine(), record)]
    else:
        paths = _find(spec, folder)
        if not paths:
            return None
        parts = _read_files(spec, folder, paths, needed, progress)
    rows = SourceRows(
        frame=pd.concat([part[0] for part in parts], ignore_index=True),
        origin=_concatenate([part[1] for part in parts]),
        malformed=pd.concat([part[2] for part in parts], ignore_index=True),
        files=tuple(part[3] for part in parts),
    )
    if rows.frame.empty and rows.malformed.empty:
        names = ", ".join(file.name for file in rows.files)
        raise EmptyTableError(f"{names} in {folder} has no data row", "check the export")
    return rows


_Part = tuple[pd.DataFrame, Origin, pd.DataFrame, SourceFile]


def _find(spec: SourceSpec, folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise UnreadableFileError(f"there is no source folder {folder}", "check --source")
    found = {path for pattern in spec.files for path in folder.glob(pattern) if path.is_file()}
    if not found and not spec.optional:
        held = sorted(path.name for path in folder.iterdir())[:5]
        raise UnreadableFileError(
            f"no file in {folder} matches {' or '.join(spec.files)} "
            f"(it holds {', '.join(held) or 'nothing'})",
            "check --source, or the mapping's files",
        )
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def _read_files(
    spec: SourceSpec,
    folder: Path,
    paths: list[Path],
    needed: Collection[str] | None,
    progress: Progress,
) -> list[_Part]:
    parts: list[_Part] = []
    seen: dict[str, str] = {}
    for path in progress(paths, "reading"):
        name = path.relative_to(folder).as_posix()
        digest = _file_digest(path)
        size = path.stat().st_size
        if digest in seen:
            record = SourceFile(name, digest, size, 0, copy_of=seen[digest])
            nothing = parts[0][0].iloc[:0]
            parts.append((nothing, Origin.of_file(name, 0), empty_quarantine(), record))
            continue
        seen[digest] = name
        if spec.format == "parquet":
            frame = _read_parquet(path, needed)
            origin, malformed = Origin.of_file(name, len(frame)), empty_quarantine()
        else:
            frame, row, malformed = read_csv(path, name, spec, needed)
            origin = Origin(np.full(len(frame), name, dtype=object), row)
        total = len(frame) + len(malformed)
        parts.append((frame, origin, malformed, SourceFile(name, digest, size, total)))
    return parts


def _read_parquet(path: Path, needed: Collection[str] | None) -> pd.DataFrame:
    try:
        present = pq.read_schema(path).names
        lacking = [name for name in sorted(needed or ()) if name not in present]
        if lacking:
            raise MissingColumnError(
                f"{path} has no column {lacking[0]!r}{nearest(lacking[0], present)}",
                "the mapping reads it: correct the mapping or the export",
            )
        columns = None if needed is None else [name for name in present if name in needed]
        frame: pd.DataFrame = pd.read_parquet(path, columns=columns)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableFileError(f"{path} cannot be read as Parquet", "export it again") from error
    return frame.reset_index(drop=True)


def _concatenate(origins: list[Origin]) -> Origin:
    return Origin(
        np.concatenate([origin.file for origin in origins]),
        np.concatenate([origin.row for origin in origins]),
    )


def _file_digest(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise UnreadableFileError(
            f"cannot read {path} ({error.strerror})", "check its permissions"
        ) from error
    return digest.hexdigest()


def _frame_digest(frame: pd.DataFrame) -> str:
    hashes = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    return hashlib.sha256(hashes.tobytes()).hexdigest()
