"""Writing an ingestion: tables, quarantine files and a summary, all of it or nothing."""

import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from riskml import __version__
from riskml.datasets.ingest import IngestedTable, Ingestion
from riskml.datasets.quarantine import write_quarantine
from riskml.datasets.tables import write_table
from riskml.errors import DataError
from riskml.schemas import table_schema

__all__ = ["check_writable", "summarise", "write_ingestion"]

SUMMARY_FORMAT = 1


def check_writable(folder: Path) -> None:
    """Refuse a folder that cannot be written, before hours of work go into what it should hold.

    Raises
    ------
    DataError
        If the folder, or the one that it would be made in, cannot be written.
    """
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    try:
        with tempfile.TemporaryDirectory(dir=existing, prefix=".riskml-"):
            pass
    except OSError as error:
        raise _unwritable(folder, error) from error


def summarise(ingestion: Ingestion) -> dict[str, Any]:
    """Return what an ingestion did, as plain data.

    Notes
    -----
    It holds no time of day: the same export and mapping give the same summary.
    """
    tables = {name: _summarise_table(name, table) for name, table in ingestion.tables.items()}
    return {
        "format": SUMMARY_FORMAT,
        "riskml": __version__,
        "mapping": ingestion.mapping.name,
        "sources": [
            {
                "source": source,
                "file": file.name,
                "sha256": file.sha256,
                "bytes": file.size,
                "rows": file.rows,
                "copy_of": file.copy_of or None,
            }
            for source, files in ingestion.files.items()
            for file in files
        ],
        "tables": tables,
        "outcomes_before_decision": ingestion.early_outcomes,
        "notes": _notes(ingestion),
    }


def write_ingestion(ingestion: Ingestion, folder: Path) -> dict[str, Any]:
    """Write ``<table>.parquet``, ``quarantine/<table>.csv`` and ``summary.json`` into a folder.

    Parameters
    ----------
    ingestion : Ingestion
        What to write.
    folder : Path
        Made if absent; files of the same names are replaced, others stay.

    Returns
    -------
    dict
        The summary, with the digests of the written tables.

    Raises
    ------
    DataError
        If something cannot be written; then no file has been replaced.

    Notes
    -----
    Everything is first written into a temporary folder beside its place and then moved, the
    summary last: a summary beside the tables says that they are whole.
    """
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".ingest-") as name:
            stage = Path(name)
            summary = _stage(ingestion, stage)
            (folder / "quarantine").mkdir(exist_ok=True)
            for path in _in_order(stage):
                path.replace(folder / path.relative_to(stage))
    except (OSError, DataError) as error:
        if made:
            shutil.rmtree(folder, ignore_errors=True)
        raise _unwritable(folder, error) from error
    return summary


def _stage(ingestion: Ingestion, stage: Path) -> dict[str, Any]:
    (stage / "quarantine").mkdir()
    summary = summarise(ingestion)
    for name, table in ingestion.tables.items():
        path = stage / f"{name}.parquet"
        write_table(table.good, path)
        write_quarantine(table.quarantine, stage / "quarantine" / f"{name}.csv")
        summary["tables"][name]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    text = json.dumps(summary, indent=2, ensure_ascii=False) + "\n"
    (stage / "summary.json").write_text(text, encoding="utf-8")
    return summary


def _in_order(stage: Path) -> list[Path]:
    files = sorted(path for path in stage.rglob("*") if path.is_file())
    return sorted(files, key=lambda path: path.name == "summary.json")


def _summarise_table(name: str, table: IngestedTable) -> dict[str, Any]:
    times = table.good[table_schema(name).event_time]
    found: dict[str, Any] = {
        "lines_read": table.mapped.lines + table.mapped.filtered + table.malformed,
        "lines_filtered": table.mapped.filtered,
        "rows": table.rows,
        "loaded": table.summary.loaded,
        "quarantined": table.quarantined,
        "quarantined_by_rule": table.by_rule,
        "unknown_codes": dict(table.summary.unknown_codes),
        "dropped_columns": list(table.summary.dropped_columns),
        "from": times.min().isoformat(),
        "to": times.max().isoformat(),
    }
    if name == "inspections":
        found["results"] = _count_results(table.good)
    return found


def _count_results(inspections: pd.DataFrame) -> dict[str, int]:
    if "result" not in inspections:
        return {"none": len(inspections)}
    counts = inspections["result"].fillna("none").value_counts().sort_index()
    return {str(result): int(count) for result, count in counts.items()}


def _notes(ingestion: Ingestion) -> list[str]:
    """Return sentences on what a careful reader should know."""
    notes = []
    if ingestion.early_outcomes:
        notes.append(
            f"{ingestion.early_outcomes} inspections were closed before their consignment was "
            "decided; they are kept, and their outcome counts as known at the decision"
        )
    for files in ingestion.files.values():
        notes += [
            f"{file.name} has the same content as {file.copy_of} and was read once"
            for file in files
            if file.copy_of
        ]
    for name, table in ingestion.tables.items():
        notes += _table_notes(name, table)
    return notes


def _table_notes(name: str, table: IngestedTable) -> list[str]:
    notes = []
    for column, count in table.summary.unknown_codes.items():
        notes.append(f"{name}: {count} unknown codes in {column} became missing and are flagged")
    if table.summary.dropped_columns:
        names = ", ".join(table.summary.dropped_columns)
        notes.append(f"{name}: columns outside the vocabulary were dropped ({names})")
    if table.mapped.unexplained:
        notes.append(f"{name}: the label rule says nothing of {table.mapped.unexplained} rows")
    if table.mapped.in_several_files:
        notes.append(
            f"{name}: the lines of {table.mapped.in_several_files} rows come from several files; "
            "check that no period was exported twice"
        )
    return notes


def _unwritable(folder: Path, error: OSError | DataError) -> DataError:
    cause = error.message if isinstance(error, DataError) else error.strerror or error
    return DataError(
        f"cannot write into {folder} ({cause})",
        "give --out a folder that can be written, on a disk with room",
    )
