"""A data folder: the three tables as Parquet files, validated on reading, written atomically."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import pandas as pd
import pyarrow as pa

from riskml.errors import DataError, EmptyTableError, MissingColumnError, UnreadableFileError
from riskml.files import whole_file
from riskml.schemas import TABLE_NAMES, Validated, validate

__all__ = ["Tables", "load_tables", "read_parquet", "write_table"]


@dataclass(frozen=True)
class Tables:
    """The three tables in normal form; a table that the folder does not hold is None.

    Attributes
    ----------
    manifests, declarations, inspections : DataFrame or None
        Times are datetime64[us, UTC], text is ``str``, numbers are float64 (``line_no`` and
        ``revision`` int64); each coded column has its ``invalid_<column>``.
    quarantined : mapping of str to DataFrame
        What was left out, for each table that had bad rows: ``file, row, rule, column, value``.
    """

    manifests: pd.DataFrame | None = None
    declarations: pd.DataFrame | None = None
    inspections: pd.DataFrame | None = None
    quarantined: Mapping[str, pd.DataFrame] = field(default_factory=lambda: MappingProxyType({}))

    def get(self, name: str) -> pd.DataFrame | None:
        """Return a table by name, or None where the folder holds none."""
        table: pd.DataFrame | None = getattr(self, name)
        return table

    def require(self, name: str) -> pd.DataFrame:
        """Return a table by name.

        Raises
        ------
        UnreadableFileError
            If the folder does not hold it.
        """
        table = self.get(name)
        if table is None:
            raise UnreadableFileError(
                f"this needs the table {name}, and the data folder has none",
                f"add {name}.parquet to it (riskml ingest and riskml simulate write it)",
            )
        return table


def load_tables(directory: Path | str, need: Sequence[str] = ()) -> Tables:
    """Read and validate the tables of a data folder.

    Parameters
    ----------
    directory : Path or str
        Holds ``manifests.parquet``, ``declarations.parquet`` and ``inspections.parquet``.
    need : sequence of str
        Tables that must be there and must have rows.

    Returns
    -------
    Tables
        In normal form. Rows that break a rule are left out and named in ``quarantined``.

    Raises
    ------
    UnreadableFileError
        If the folder or a needed file is absent, or a file is not Parquet.
    MissingColumnError
        If a table lacks a required column.
    EmptyTableError
        If a needed table has no row, or none that keeps the rules.
    """
    folder = Path(directory)
    _require_files(folder, need)
    found: dict[str, pd.DataFrame] = {}
    quarantined: dict[str, pd.DataFrame] = {}
    for name in TABLE_NAMES:
        path = folder / f"{name}.parquet"
        if not path.exists():
            continue
        checked = _load_table(path, name, needed=name in need)
        found[name] = checked.good
        if len(checked.quarantine):
            quarantined[name] = checked.quarantine
    return Tables(**found, quarantined=MappingProxyType(quarantined))


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a Parquet file.

    Raises
    ------
    UnreadableFileError
        If it is absent, truncated or not Parquet.
    """
    try:
        return pd.read_parquet(path)
    except FileNotFoundError as error:
        raise UnreadableFileError(f"{path} does not exist", "check the folder") from error
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableFileError(
            f"{path} cannot be read as Parquet ({_first_line(error)})", "write the file again"
        ) from error


def write_table(frame: pd.DataFrame, path: Path | str) -> None:
    """Write a frame to a Parquet file, all of it or nothing.

    Parameters
    ----------
    frame : DataFrame
        Its index is not written.
    path : Path or str
        Folders on the way are made.

    Raises
    ------
    DataError
        If the file cannot be written.
    """
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(target, private=False) as file:
            frame.to_parquet(file, index=False)
    except OSError as error:
        raise DataError(
            f"cannot write {target} ({error.strerror or error})", "check the folder and its disk"
        ) from error


def _require_files(folder: Path, need: Sequence[str]) -> None:
    if not folder.is_dir():
        raise UnreadableFileError(
            f"there is no data folder {folder}",
            "give the folder that riskml ingest or riskml simulate wrote",
        )
    for name in need:
        if not (folder / f"{name}.parquet").exists():
            held = sorted(path.name for path in folder.glob("*.parquet"))
            raise UnreadableFileError(
                f"{folder} has no {name}.parquet (it holds {', '.join(held) or 'no Parquet file'})",
                f"add the {name} table with riskml ingest, or give another folder",
            )


def _load_table(path: Path, name: str, *, needed: bool) -> Validated:
    frame = read_parquet(path)
    if frame.empty and needed:
        raise EmptyTableError(f"{path} has no row", "ingest a period that has some")
    try:
        checked = validate(frame, name, source=path.name)
    except MissingColumnError as error:
        raise MissingColumnError(f"{path.parent / error.message}", error.remedy) from error
    if checked.good.empty and needed:
        first = checked.quarantine.iloc[0]
        raise EmptyTableError(
            f"{path}: all {len(frame)} rows break a rule (row 1: {first['rule']} in "
            f"{first['column']})",
            "ingest the table again and read its quarantine file",
        )
    return checked


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
