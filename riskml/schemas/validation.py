"""Whole-table validation: what is good proceeds, what is bad is named with all its reasons."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from riskml.errors import MissingColumnError
from riskml.schemas.codes import CommoditySystem
from riskml.schemas.columns import INTEGER_COLUMNS, RAW_CONTAINER, TableSchema
from riskml.schemas.frames import broken_rules
from riskml.schemas.naming import flag_name, is_extra, nearest
from riskml.schemas.normal import Finding, normalise
from riskml.schemas.reading import Reading, read_text
from riskml.schemas.vocabulary import table_schema

__all__ = [
    "QUARANTINE_COLUMNS",
    "Origin",
    "Summary",
    "Validated",
    "empty_quarantine",
    "validate",
]

QUARANTINE_COLUMNS = ("file", "row", "rule", "column", "value")


@dataclass(frozen=True)
class Origin:
    """Where each row of a frame was read.

    Attributes
    ----------
    file : ndarray of object, shape (n_rows,)
        Name of the file, or of the database table.
    row : ndarray of int64, shape (n_rows,)
        Number of the data row in it, counted from 1 without the header.
    """

    file: np.ndarray
    row: np.ndarray

    @classmethod
    def of_file(cls, name: str, rows: int) -> "Origin":
        """Return the origin of a frame that is the whole of one file."""
        return cls(np.full(rows, name, dtype=object), np.arange(1, rows + 1, dtype=np.int64))

    def take(self, positions: np.ndarray) -> "Origin":
        """Return the origin of some of the rows."""
        return Origin(self.file[positions], self.row[positions])


@dataclass(frozen=True)
class Summary:
    """How many rows of a table went where.

    Attributes
    ----------
    table : str
    rows, loaded, quarantined : int
        ``rows`` is the sum of the other two.
    by_rule : mapping of str to int
        Quarantined rows by rule; a row with several reasons counts under each.
    unknown_codes : mapping of str to int
        Loaded rows whose code was unknown, by column.
    dropped_columns : tuple of str
        Columns that are neither in the vocabulary nor ``x_*``.
    """

    table: str
    rows: int
    loaded: int
    quarantined: int
    by_rule: Mapping[str, int] = field(default_factory=dict)
    unknown_codes: Mapping[str, int] = field(default_factory=dict)
    dropped_columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Validated:
    """A validated table.

    Attributes
    ----------
    good : DataFrame
        The rows that keep every rule, in normal form and in their order.
    quarantine : DataFrame
        Columns ``file, row, rule, column, value``: one line for each reason of each bad row.
    summary : Summary
    """

    good: pd.DataFrame
    quarantine: pd.DataFrame
    summary: Summary


def validate(
    frame: pd.DataFrame,
    table: str,
    *,
    source: str = "",
    origin: Origin | None = None,
    readings: Mapping[str, Reading] | None = None,
    commodity_system: CommoditySystem | None = None,
) -> Validated:
    """Bring a table into normal form and part its good rows from the bad.

    Parameters
    ----------
    frame : DataFrame
        Rows under the names of the vocabulary, as text or typed.
    table : str
        ``manifests``, ``declarations`` or ``inspections``.
    source : str
        Name of the file, where all rows come from one and ``origin`` is not given.
    origin : Origin, optional
        File and row of each row.
    readings : mapping of str to Reading, optional
        How to read the columns that are not written the plain way.
    commodity_system : {"HS", "other"}, optional
        ``HS`` makes malformed commodity codes missing and flags them.

    Returns
    -------
    Validated

    Raises
    ------
    MissingColumnError
        If a required column is absent.

    Notes
    -----
    An unknown code is evidence, not a fault: it becomes missing and ``invalid_<column>`` says so.
    Of rows with the same identity and revision the first good one stays. Validating the result
    again changes nothing.
    """
    schema = table_schema(table)
    _require_columns(frame, schema, source)
    frame = frame.reset_index(drop=True)
    origin = origin or Origin.of_file(source, len(frame))
    kept = [name for name in frame.columns if _is_known(name, schema)]
    normal, findings = normalise(frame[kept], schema, readings or {}, commodity_system)
    findings += _without_unreadable(broken_rules(normal, table), findings)
    findings += _duplicates(normal, schema, findings)
    bad = np.zeros(len(frame), dtype=bool)
    for finding in findings:
        bad[finding.positions] = True
    good = _finish(normal.loc[~bad].reset_index(drop=True) if bad.any() else normal)
    quarantine = _quarantine(findings, frame, schema, origin)
    dropped = tuple(str(name) for name in frame.columns if name not in kept)
    return Validated(good, quarantine, _summary(schema, bad, findings, good, dropped))


def empty_quarantine() -> pd.DataFrame:
    """Return a quarantine without rows."""
    columns = {name: pd.Series(dtype="str") for name in QUARANTINE_COLUMNS}
    return pd.DataFrame(columns | {"row": pd.Series(dtype="int64")})[list(QUARANTINE_COLUMNS)]


def _require_columns(frame: pd.DataFrame, schema: TableSchema, source: str) -> None:
    present = set(frame.columns)
    if RAW_CONTAINER in present:
        present.add("container_no")
    absent = [name for name in schema.required if name not in present]
    if not absent:
        return
    where = f"{source}: " if source else ""
    hints = nearest(absent[0], [str(name) for name in frame.columns])
    raise MissingColumnError(
        f"{where}table {schema.name} has no column {', '.join(absent)}{hints}",
        "add it to the export, or map another column to it",
    )


def _is_known(name: object, schema: TableSchema) -> bool:
    text = str(name)
    return text in schema.names or text in schema.companions or is_extra(text)


def _without_unreadable(
    broken: list[tuple[str, str, np.ndarray]], unreadable: list[Finding]
) -> list[Finding]:
    """Drop "missing" where a value was given but could not be read: that is already said."""
    said = {finding.column: finding.positions for finding in unreadable}
    findings = []
    for rule, column, positions in broken:
        if rule in {"missing_value", "result_without_closing"} and column in said:
            positions = np.setdiff1d(positions, said[column])
        if len(positions):
            findings.append(Finding(rule, column, positions))
    return findings


def _duplicates(
    normal: pd.DataFrame, schema: TableSchema, findings: list[Finding]
) -> list[Finding]:
    """Find rows that repeat an identity and revision after the row that stays.

    The first good row of a group stays; where none is good, the first row. A row with an
    incomplete identity repeats nothing.
    """
    identity = list(schema.identity)
    keys = normal[identity].copy()
    whole = keys.notna().all(axis=1)
    keys["revision"] = normal["revision"].fillna(0) if "revision" in normal else 0
    repeated = whole & keys.duplicated(keep=False)
    if not repeated.any():
        return []
    bad = np.zeros(len(normal), dtype=bool)
    for finding in findings:
        bad[finding.positions] = True
    group = keys[repeated].groupby([*identity, "revision"]).ngroup().to_numpy()
    position = np.flatnonzero(repeated)
    order = np.lexsort((position, bad[position], group))
    first = order[np.diff(group[order], prepend=-1) != 0]
    stays = np.empty(len(first), dtype=np.int64)
    stays[group[first]] = position[first]
    extra = position[position > stays[group]]
    return [Finding("duplicate", identity[0], extra)] if len(extra) else []


def _finish(good: pd.DataFrame) -> pd.DataFrame:
    """Give the columns that may not be missing any more their integer type."""
    whole = {name: good[name].fillna(0).astype("int64") for name in INTEGER_COLUMNS if name in good}
    return good.assign(**whole)


def _quarantine(
    findings: list[Finding], given: pd.DataFrame, schema: TableSchema, origin: Origin
) -> pd.DataFrame:
    if not findings:
        return empty_quarantine()
    rank = {name: number for number, name in enumerate(schema.names)}
    parts = []
    for finding in findings:
        positions = finding.positions
        values = _given_text(given, finding.column, positions)
        parts.append(
            pd.DataFrame(
                {
                    "file": pd.Series(origin.file[positions], dtype="str"),
                    "row": origin.row[positions],
                    "rule": finding.rule,
                    "column": finding.column,
                    "value": values,
                    "_position": positions,
                    "_rank": rank.get(finding.column, len(rank)),
                }
            )
        )
    everything = pd.concat(parts, ignore_index=True)
    everything = everything.sort_values(["_position", "_rank"], kind="stable")
    return everything[list(QUARANTINE_COLUMNS)].reset_index(drop=True)


def _given_text(given: pd.DataFrame, column: str, positions: np.ndarray) -> pd.Series:
    if column not in given and column == RAW_CONTAINER:
        column = "container_no"
    if column not in given:
        return pd.Series([""] * len(positions), dtype="str")
    return read_text(given[column].iloc[positions]).fillna("").reset_index(drop=True)


def _summary(
    schema: TableSchema,
    bad: np.ndarray,
    findings: list[Finding],
    good: pd.DataFrame,
    dropped: tuple[str, ...],
) -> Summary:
    rows_by_rule: dict[str, np.ndarray] = {}
    for finding in findings:
        hit = rows_by_rule.setdefault(finding.rule, np.zeros(len(bad), dtype=bool))
        hit[finding.positions] = True
    flags = {c.name: int(good[flag_name(c.name)].sum()) for c in schema.coded if c.name in good}
    return Summary(
        table=schema.name,
        rows=len(bad),
        loaded=len(good),
        quarantined=int(bad.sum()),
        by_rule={rule: int(hit.sum()) for rule, hit in sorted(rows_by_rule.items())},
        unknown_codes={name: count for name, count in flags.items() if count},
        dropped_columns=dropped,
    )
