"""Applying a mapping: from the lines of a source to the rows of a table, still as given."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from riskml.datasets.grouping import Groups, group_lines, pick_lines
from riskml.datasets.labelling import label_outcomes, matching
from riskml.datasets.mapping import ColumnSpec, SourceSpec, TableSpec
from riskml.datasets.sources import SourceRows
from riskml.schemas import Origin, Reading, table_schema
from riskml.schemas.naming import is_extra
from riskml.schemas.reading import read_number, read_text

__all__ = ["MappedTable", "map_table", "needed_columns"]


@dataclass(frozen=True)
class MappedTable:
    """Rows of one table before validation.

    Attributes
    ----------
    frame : DataFrame
        Columns of the vocabulary, mostly as the text that the source holds.
    readings : dict of str to Reading
        How validation is to read them.
    origin : Origin
        File and row of each row; of merged lines, of the first.
    lines : int
        Lines of the source that were not filtered out.
    filtered : int
        Lines left out by ``keep_when`` and ``drop_when``.
    unexplained : int
        Rows whose outcome the label rule does not know.
    in_several_files : int
        Merged rows whose lines come from more than one file.
    """

    frame: pd.DataFrame
    readings: dict[str, Reading]
    origin: Origin
    lines: int
    filtered: int
    unexplained: int = 0
    in_several_files: int = 0


def needed_columns(table: TableSpec) -> set[str] | None:
    """Return the source columns that a table is made from; None if it may be any."""
    if table.same_names:
        return None
    found = set(table.one_row_per)
    conditions = [*table.keep_when, *table.drop_when]
    if table.result:
        conditions += [*table.result.violation_when, *table.result.no_violation_when]
    for condition in conditions:
        found.update(condition)
    for spec in table.columns.values():
        found.update(spec.join, spec.number_within or ())
        found.update([spec.source] if spec.source else [])
        found.update([spec.units.column] if spec.units else [])
    return found


def map_table(name: str, table: TableSpec, source: SourceSpec, rows: SourceRows) -> MappedTable:
    """Make the rows of a table.

    Parameters
    ----------
    name : str
        ``manifests``, ``declarations`` or ``inspections``.
    table : TableSpec
        What the mapping says of it.
    source : SourceSpec
        Its source, for the missing tokens.
    rows : SourceRows
        The lines read from the source.

    Returns
    -------
    MappedTable
    """
    chosen = _filter(rows.frame, table)
    lines = rows.frame.loc[chosen].reset_index(drop=True)
    origin = rows.origin.take(chosen)
    groups = group_lines(lines, table.one_row_per) if table.one_row_per else None
    columns: dict[str, pd.Series] = {}
    readings: dict[str, Reading] = {}
    for target, spec in _columns(name, table, lines).items():
        values, reading = _read_as(lines, target, spec, source)
        if groups is not None:
            values, reading = _merge(values, reading, spec, groups)
        columns[target] = values
        readings[target] = reading
    unexplained = 0
    if table.result:
        columns["result"], unexplained = label_outcomes(lines, table.result, groups)
    count = len(lines) if groups is None else groups.count
    return MappedTable(
        frame=pd.DataFrame(columns, index=pd.RangeIndex(count)),
        readings=readings,
        origin=origin if groups is None else origin.take(groups.first),
        lines=len(lines),
        filtered=len(rows.frame) - len(lines),
        unexplained=unexplained,
        in_several_files=0 if groups is None else _count_scattered(groups, origin),
    )


def _filter(frame: pd.DataFrame, table: TableSpec) -> np.ndarray:
    keep = np.ones(len(frame), dtype=bool)
    if table.keep_when:
        keep &= matching(frame, table.keep_when)
    if table.drop_when:
        keep &= ~matching(frame, table.drop_when)
    return np.flatnonzero(keep)


def _columns(name: str, table: TableSpec, lines: pd.DataFrame) -> Mapping[str, ColumnSpec]:
    if not table.same_names:
        return table.columns
    schema = table_schema(name)
    known = (*schema.names, *schema.companions)
    same = {
        column: ColumnSpec.model_validate({"from": column})
        for column in map(str, lines.columns)
        if column in known or is_extra(column)
    }
    return same | table.columns


def _read_as(
    lines: pd.DataFrame, target: str, spec: ColumnSpec, source: SourceSpec
) -> tuple[pd.Series, Reading]:
    reading = Reading(
        formats=spec.format,
        timezone=spec.timezone,
        offset_days=spec.offset_days,
        multiplier=_multiplier(lines, spec),
        decimal=spec.decimal,
        thousands=spec.thousands,
        number=spec.number and is_extra(target),
    )
    return _values(lines, spec, source), reading


def _values(lines: pd.DataFrame, spec: ColumnSpec, source: SourceSpec) -> pd.Series:
    if spec.constant:
        return pd.Series(spec.constant, index=lines.index, dtype="str")
    if spec.number_within is not None:
        return _running_number(lines, spec.number_within)
    if spec.join:
        return _join(lines, spec, source)
    values = _without_tokens(lines[spec.source], source)
    if not spec.codes and not spec.pad and not spec.prefix:
        return values
    text = read_text(values)
    if spec.codes:
        text = _translate(text, spec)
    if spec.pad:
        text = text.where(~text.str.isdigit().astype(bool), text.str.zfill(spec.pad))
    return _prefixed(text, spec)


def _without_tokens(values: pd.Series, source: SourceSpec) -> pd.Series:
    """Make missing tokens missing; typed columns without tokens of their own stay typed."""
    own = source.missing_by_column.get(str(values.name))
    tokens = source.missing if own is None else own
    typed = values.dtype.kind in "Mfiub"
    if typed and (own is None or values.dtype.kind == "M"):
        return values
    text = read_text(values)
    return text.mask(text.isin(tokens)) if tokens else text


def _translate(text: pd.Series, spec: ColumnSpec) -> pd.Series:
    translated = text.map(spec.codes).astype("str")
    return translated if spec.unlisted == "missing" else translated.fillna(text)


def _running_number(lines: pd.DataFrame, within: tuple[str, ...]) -> pd.Series:
    if not within:
        return pd.Series(np.arange(1, len(lines) + 1), index=lines.index)
    groups = pd.Series(group_lines(lines, within).of_line, index=lines.index)
    return groups.groupby(groups, sort=False).cumcount() + 1


def _join(lines: pd.DataFrame, spec: ColumnSpec, source: SourceSpec) -> pd.Series:
    joined = pd.Series("", index=lines.index, dtype="str")
    for column in spec.join:
        part = read_text(_without_tokens(lines[column], source)).fillna("")
        between = np.where((joined != "") & (part != ""), spec.separator, "")
        joined = joined + pd.Series(between, index=lines.index, dtype="str") + part
    return _prefixed(joined.mask(joined == ""), spec)


def _prefixed(text: pd.Series, spec: ColumnSpec) -> pd.Series:
    return text.radd(spec.prefix) if spec.prefix else text


def _multiplier(lines: pd.DataFrame, spec: ColumnSpec) -> float | np.ndarray:
    if spec.units is None:
        return spec.multiplier
    factors = read_text(lines[spec.units.column]).map(spec.units.factors)
    return spec.multiplier * factors.to_numpy(dtype="float64", na_value=np.nan)


def _merge(
    values: pd.Series, reading: Reading, spec: ColumnSpec, groups: Groups
) -> tuple[pd.Series, Reading]:
    if spec.pick == "sum":
        return _sum(values, reading, groups)
    positions = pick_lines(values, reading, spec.pick, groups)
    multiplier = reading.multiplier
    if isinstance(multiplier, np.ndarray):
        multiplier = multiplier[positions]
    return values.iloc[positions].reset_index(drop=True), replace(reading, multiplier=multiplier)


def _sum(values: pd.Series, reading: Reading, groups: Groups) -> tuple[pd.Series, Reading]:
    """Add the lines up; a line that cannot be read speaks for its group, so that it is named."""
    numbers, unreadable = read_number(values, reading)
    given = ~np.isnan(numbers)
    totals = np.bincount(groups.of_line, np.where(given, numbers, 0.0), groups.count)
    some = np.bincount(groups.of_line, given, groups.count) > 0
    totals = np.where(some, totals, np.nan)
    text = pd.Series(totals).map(repr).where(~np.isnan(totals)).astype("str")
    faulty = pd.Series(read_text(values)[unreadable].to_numpy(), groups.of_line[unreadable])
    text.update(faulty[~faulty.index.duplicated()])
    return text, Reading(number=reading.number)


def _count_scattered(groups: Groups, origin: Origin) -> int:
    files = pd.factorize(origin.file)[0]
    pairs = np.unique(np.column_stack([groups.of_line, files]), axis=0)
    return int((np.bincount(pairs[:, 0], minlength=groups.count) > 1).sum())
