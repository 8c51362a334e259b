"""Into normal form: every column read by its kind, unknown codes flagged, order of columns."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskml.schemas.codes import CommoditySystem, read_codes
from riskml.schemas.columns import RAW_CONTAINER, Column, TableSchema
from riskml.schemas.naming import flag_name, is_extra
from riskml.schemas.reading import PLAIN, Reading, read_flag, read_number, read_text, read_time

__all__ = ["Finding", "normalise"]


@dataclass(frozen=True)
class Finding:
    """Rows that break one rule in one column.

    Attributes
    ----------
    rule, column : str
    positions : ndarray of int64
        Positions of the rows, ascending.
    """

    rule: str
    column: str
    positions: np.ndarray


def normalise(
    frame: pd.DataFrame,
    schema: TableSchema,
    readings: Mapping[str, Reading],
    commodity_system: CommoditySystem | None = None,
) -> tuple[pd.DataFrame, list[Finding]]:
    """Read every column of a table by its kind.

    Parameters
    ----------
    frame : DataFrame
        Known columns only, with an index that counts from 0.
    schema : TableSchema
        Vocabulary of the table.
    readings : mapping of str to Reading
        How to read the columns that are not written the plain way.
    commodity_system : {"HS", "other"}, optional
        See ``riskml.schemas.codes.read_codes``.

    Returns
    -------
    normal : DataFrame
        In normal form and in the order of the vocabulary, then ``x_*``; ``line_no`` and
        ``revision`` are still float64, as they may be missing in bad rows.
    findings : list of Finding
        What was given but could not be read.
    """
    columns: dict[str, pd.Series | np.ndarray] = {}
    findings: list[Finding] = []
    for column in schema.columns:
        if column.kind == "container":
            columns |= _container(frame, column)
        elif column.name not in frame:
            continue
        elif column.is_coded:
            columns |= _coded(frame, column, commodity_system)
        else:
            reading = readings.get(column.name, PLAIN)
            columns[column.name], unreadable = _plain(frame[column.name], column, reading)
            findings += _finding(column, unreadable)
    for name in frame.columns:
        if is_extra(name):
            columns[name], unreadable = _extra(frame[name], readings.get(name, PLAIN))
            findings += _unreadable("unreadable_number", name, unreadable)
    return pd.DataFrame(columns, index=frame.index), findings


def _plain(
    values: pd.Series, column: Column, reading: Reading
) -> tuple[pd.Series | np.ndarray, np.ndarray]:
    if column.kind == "time":
        return read_time(values, reading)
    if column.is_number:
        return read_number(values, reading)
    text = read_text(values)
    if column.kind == "choice":
        text = _spell_choices(text, column.choices)
    return text, np.zeros(len(values), dtype=bool)


def _spell_choices(text: pd.Series, choices: tuple[str, ...]) -> pd.Series:
    """Spell choices as the vocabulary does, whatever their case."""
    spelling = {choice.casefold(): choice for choice in choices}
    respell = {
        given: spelling[given.casefold()]
        for given in text.dropna().unique()
        if given not in choices and given.casefold() in spelling
    }
    return text.replace(respell) if respell else text


def _coded(
    frame: pd.DataFrame, column: Column, commodity_system: CommoditySystem | None
) -> dict[str, pd.Series | np.ndarray]:
    codes, unknown = read_codes(read_text(frame[column.name]), column.kind, commodity_system)
    return {column.name: codes, flag_name(column.name): unknown | _stored_flag(frame, column)}


def _container(frame: pd.DataFrame, column: Column) -> dict[str, pd.Series | np.ndarray]:
    """Check container numbers; what was given stays in ``container_no_raw``."""
    if column.name not in frame and RAW_CONTAINER not in frame:
        return {}
    given = read_text(frame[RAW_CONTAINER if column.name not in frame else column.name])
    raw = read_text(frame[RAW_CONTAINER]).fillna(given) if RAW_CONTAINER in frame else given
    codes, unknown = read_codes(given, column.kind)
    flag = unknown | _stored_flag(frame, column)
    return {column.name: codes, RAW_CONTAINER: raw, flag_name(column.name): flag}


def _stored_flag(frame: pd.DataFrame, column: Column) -> np.ndarray:
    name = flag_name(column.name)
    if name not in frame:
        return np.zeros(len(frame), dtype=bool)
    # A flag beside a present code would contradict it.
    absent = read_text(frame[column.name]).isna().to_numpy() if column.name in frame else True
    return read_flag(frame[name]) & absent


def _extra(values: pd.Series, reading: Reading) -> tuple[pd.Series | np.ndarray, np.ndarray]:
    is_bool = pd.api.types.is_bool_dtype(values)
    if reading.number or (pd.api.types.is_numeric_dtype(values) and not is_bool):
        numbers, unreadable = read_number(values, reading)
        # No rule speaks of a service's own columns: an endless number is simply missing.
        return np.where(np.isfinite(numbers), numbers, np.nan), unreadable
    return read_text(values), np.zeros(len(values), dtype=bool)


def _finding(column: Column, unreadable: np.ndarray) -> list[Finding]:
    rule = "unreadable_time" if column.kind == "time" else "unreadable_number"
    return _unreadable(rule, column.name, unreadable)


def _unreadable(rule: str, column: str, unreadable: np.ndarray) -> list[Finding]:
    positions = np.flatnonzero(unreadable)
    return [Finding(rule, column, positions)] if len(positions) else []
