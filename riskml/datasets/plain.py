"""Rows as the event log keeps them, and frames in normal form made of such rows.

A *plain* row holds what is known and nothing else: text, numbers, flags that are set, and times
in microseconds since 1970 UTC. It is what a live history is fed with row by row, where a frame
would cost more than all that is done with it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from riskml.schemas import TABLES, Column

__all__ = ["PlainRow", "frame_of", "microseconds", "plain_row", "times_of_table"]

PlainRow = Mapping[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NO_TIME = np.iinfo(np.int64).min


def microseconds(text: str) -> int:
    """Return the microseconds since 1970 UTC of an instant in ISO 8601."""
    return (datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND


@cache
def times_of_table(table: str) -> frozenset[str]:
    """Return the names of the columns of a table that hold instants."""
    return frozenset(c.name for c in TABLES[table].columns if c.kind == "time")


def plain_row(table: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plain row of what the event log holds, whose times are ISO 8601 text."""
    times, names = times_of_table(table), _names(table)
    return {
        name: microseconds(value) if name in times else value
        for name, value in payload.items()
        if value is not None and (name in names or name.startswith("x_"))
    }


def frame_of(table: str, rows: Sequence[PlainRow]) -> pd.DataFrame:
    """Return plain rows as a frame in normal form.

    Returns
    -------
    DataFrame
        With every column of the table and every extra one that a row has: text ``str``, numbers
        float64, times UTC in microseconds, flags bool.
    """
    schema = TABLES[table]
    columns = {c.name: _typed(c, [row.get(c.name) for row in rows]) for c in schema.columns}
    for name in schema.companions:
        values = [row.get(name) for row in rows]
        if name.startswith("invalid_"):
            columns[name] = pd.Series([value is True for value in values], dtype=bool)
        else:
            columns[name] = pd.Series(values, dtype="str")
    extras = dict.fromkeys(name for row in rows for name in row if name.startswith("x_"))
    columns |= {name: _extra([row.get(name) for row in rows]) for name in extras}
    return pd.DataFrame(columns)


@cache
def _names(table: str) -> frozenset[str]:
    return frozenset((*TABLES[table].names, *TABLES[table].companions))


def _typed(column: Column, values: list[Any]) -> "pd.Series[Any]":
    if column.kind == "time":
        times = np.array([_NO_TIME if v is None else v for v in values], dtype=np.int64)
        return pd.Series(times.view("datetime64[us]")).dt.tz_localize("UTC")
    if column.whole:
        return pd.Series([0 if v is None else v for v in values], dtype="int64")
    return pd.Series(values, dtype="float64" if column.is_number else "str")


def _extra(values: list[Any]) -> "pd.Series[Any]":
    numbers = all(isinstance(value, int | float) for value in values if value is not None)
    return pd.Series(values, dtype="float64" if numbers else "str")
