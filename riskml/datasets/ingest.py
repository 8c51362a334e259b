"""Ingestion: map an export, validate it, and write the tables with their quarantine."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from riskml.datasets.mapping import ExportMapping, TableSpec
from riskml.datasets.mapping_file import load_mapping
from riskml.datasets.sources import Progress, SourceFile, SourceRows, read_source
from riskml.datasets.transform import MappedTable, map_table, needed_columns
from riskml.errors import EmptyTableError, TooManyBadRowsError, UnreadableFileError, UsageError
from riskml.schemas import Summary, validate

__all__ = [
    "DEFAULT_MAX_BAD_SHARE",
    "IngestedTable",
    "Ingestion",
    "ingest",
    "outcomes_before_decision",
]

DEFAULT_MAX_BAD_SHARE = 0.2


@dataclass(frozen=True)
class IngestedTable:
    """One table after mapping and validation.

    Attributes
    ----------
    good : DataFrame
        Rows in normal form.
    quarantine : DataFrame
        ``file, row, rule, column, value``: malformed lines, then rows that break a rule.
    mapped : MappedTable
        What the mapping made, with its counts.
    malformed : int
        Lines that could not be split into fields.
    summary : Summary
        Of the validation.
    """

    good: pd.DataFrame
    quarantine: pd.DataFrame
    mapped: MappedTable
    malformed: int
    summary: Summary

    @property
    def rows(self) -> int:
        """Rows the table could have had: loaded and quarantined ones."""
        return self.summary.rows + self.malformed

    @property
    def quarantined(self) -> int:
        """Rows that were left out."""
        return self.summary.quarantined + self.malformed

    @property
    def by_rule(self) -> dict[str, int]:
        """Quarantined rows by rule."""
        extra = {"wrong_field_count": self.malformed} if self.malformed else {}
        return dict(self.summary.by_rule) | extra


@dataclass(frozen=True)
class Ingestion:
    """Everything that an ingestion found.

    Attributes
    ----------
    mapping : ExportMapping
    files : mapping of str to tuple of SourceFile
        Files read, by source.
    tables : mapping of str to IngestedTable
    early_outcomes : int
        See ``outcomes_before_decision``.
    """

    mapping: ExportMapping
    files: dict[str, tuple[SourceFile, ...]]
    tables: dict[str, IngestedTable]
    early_outcomes: int


def ingest(
    mapping_file: Path,
    folder: Path,
    *,
    max_bad_share: float = DEFAULT_MAX_BAD_SHARE,
    progress: Progress | None = None,
) -> Ingestion:
    """Map and validate an export; nothing is written.

    Parameters
    ----------
    mapping_file : Path
        TOML mapping.
    folder : Path
        Folder that holds the export.
    max_bad_share : float
        Share of bad rows of a table above which the export is refused, 0 to 1.
    progress : Progress, optional
        Told of files and tables as they pass.

    Returns
    -------
    Ingestion

    Raises
    ------
    ConfigError, UsageError
        If the mapping or the share is impossible.
    UnreadableFileError, MissingColumnError, EmptyTableError
        If the export cannot be read.
    TooManyBadRowsError
        If more rows are bad than allowed.
    """
    if not 0.0 <= max_bad_share <= 1.0:
        raise UsageError(f"--max-bad-share {max_bad_share} is no share", "give 0 to 1")
    mapping = load_mapping(mapping_file)
    show = progress or _silently
    sources = _read_sources(mapping, folder, show)
    tables: dict[str, IngestedTable] = {}
    for name, table in show(list(mapping.tables.items()), "validating"):
        rows = sources.get(table.source)
        if rows is not None:
            tables[name] = _ingest_table(mapping, name, table, rows)
            _refuse_bad(name, tables[name], max_bad_share)
    if not tables:
        raise UnreadableFileError(
            f"{folder} holds no file of the mapping {mapping.name}", "check --source"
        )
    return Ingestion(
        mapping=mapping,
        files={name: rows.files for name, rows in sources.items()},
        tables=tables,
        early_outcomes=outcomes_before_decision({n: t.good for n, t in tables.items()}),
    )


def outcomes_before_decision(tables: dict[str, pd.DataFrame]) -> int:
    """Count inspections that were closed before their consignment was decided.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Tables in normal form.

    Returns
    -------
    int
        Such rows stay: history counts their outcome as known at the decision, never earlier. The
        decision is the first lodging of the declaration, else of the bill; without a
        declaration the submission of the bill's manifest, else the selection itself.
    """
    inspections = tables.get("inspections")
    if inspections is None or "closed_at" not in inspections:
        return 0
    decided = pd.Series(pd.NaT, index=inspections.index, dtype=inspections["closed_at"].dtype)
    for table, key, time in (
        ("declarations", "declaration_id", "lodged_at"),
        ("declarations", "bill_no", "lodged_at"),
        ("manifests", "bill_no", "submitted_at"),
    ):
        rows = tables.get(table)
        if rows is not None and key in rows and key in inspections:
            first = rows.dropna(subset=[key]).groupby(key)[time].min()
            decided = decided.fillna(inspections[key].map(first))
    decided = decided.fillna(inspections["selected_at"])
    return int((inspections["closed_at"] < decided).sum())


def _silently(items: Iterable[Any], _label: str) -> Iterable[Any]:
    return items


def _read_sources(
    mapping: ExportMapping, folder: Path, progress: Progress
) -> dict[str, SourceRows]:
    found: dict[str, SourceRows] = {}
    for name, spec in mapping.sources.items():
        readers = [table for table in mapping.tables.values() if table.source == name]
        if not readers:
            continue
        rows = read_source(spec, folder, _needed(readers), progress)
        if rows is not None:
            found[name] = rows
    return found


def _needed(tables: list[TableSpec]) -> set[str] | None:
    found: set[str] = set()
    for table in tables:
        columns = needed_columns(table)
        if columns is None:
            return None
        found |= columns
    return found


def _ingest_table(
    mapping: ExportMapping, name: str, table: TableSpec, rows: SourceRows
) -> IngestedTable:
    mapped = map_table(name, table, mapping.sources[table.source], rows)
    checked = validate(
        mapped.frame,
        name,
        source=", ".join(file.name for file in rows.files),
        origin=mapped.origin,
        readings=mapped.readings,
        commodity_system=mapping.commodity_system,
    )
    return IngestedTable(
        good=checked.good,
        quarantine=pd.concat([rows.malformed, checked.quarantine], ignore_index=True),
        mapped=mapped,
        malformed=len(rows.malformed),
        summary=checked.summary,
    )


def _refuse_bad(name: str, table: IngestedTable, allowed: float) -> None:
    if table.rows == 0:
        raise EmptyTableError(
            f"table {name}: the mapping's filters leave no row", "check keep_when and drop_when"
        )
    share = table.quarantined / table.rows
    if share <= allowed and len(table.good):
        return
    rule, count = max(table.by_rule.items(), key=lambda item: (item[1], item[0]))
    first = table.quarantine[table.quarantine["rule"] == rule].iloc[0]
    raise TooManyBadRowsError(
        f"table {name}: {table.quarantined} of {table.rows} rows are bad ({share:.1%}, allowed "
        f"{allowed:.1%}), most often {rule} ({count}), first in {first['file']} row {first['row']} "
        f"column {first['column'] or '-'} value {str(first['value'])[:60]!r}",
        "correct the export or the mapping, or raise --max-bad-share",
    )
