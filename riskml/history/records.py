"""Events and queries as columns of arrays, and the checks they must pass."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from riskml.errors import HistoryError
from riskml.history.arrays import F64, I64, Array

__all__ = ["Events", "Queries", "column_of", "integers_of", "named", "numbers_of", "times_of"]


@dataclass(frozen=True, eq=False)
class Events:
    """Records of one stream, in any order.

    Attributes
    ----------
    stream : str
        ``"lines"``, ``"outcomes"``, ``"findings"`` or any name a statistic reads.
    event_id : (n,) array of str
        Identity; revisions of one event share it.
    revision : (n,) int64 array
        Of the revisions known before a decision the highest counts, alone.
    known_at : (n,) int64 array
        When the record could be known, in microseconds since 1970 UTC.
    unit : (n,) array of str or None
        Consignment the record belongs to; None if it belongs to none.
    keys : mapping of str to (n,) array of str or None
        Columns that name entities; None is missing. A pandas Categorical is fine, and faster.
    values : mapping of str to (n,) float64 array
        Numbers; NaN is missing.
    only : tuple of str or None
        Count these records under this key alone. An outcome that speaks of several lines is
        given once for each different entity of a key, and so once for each key.
    """

    stream: str
    event_id: Array
    revision: I64
    known_at: I64
    unit: Array
    keys: Mapping[str, Array]
    values: Mapping[str, F64]
    only: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.known_at)

    def take(self, keep: Array) -> "Events":
        """Return the records where the boolean mask ``keep`` is true."""
        return replace(
            self,
            event_id=self.event_id[keep],
            revision=self.revision[keep],
            known_at=self.known_at[keep],
            unit=self.unit[keep],
            keys={name: column[keep] for name, column in self.keys.items()},
            values={name: column[keep] for name, column in self.values.items()},
        )


@dataclass(frozen=True, eq=False)
class Queries:
    """What to look up: the state of history just before each decision.

    Attributes
    ----------
    decision_time : (m,) int64 array
        Microseconds since 1970 UTC; events known at or after it are not seen.
    unit : (m,) array of str or None
        Consignment decided on; its own outcomes are never counted.
    keys : mapping of str to (m,) array of str or None
        The entities asked for; None is missing.
    values : mapping of str to (m,) float64 array
        Own numbers, for the position of the own price; NaN is missing.
    """

    decision_time: I64
    unit: Array
    keys: Mapping[str, Array]
    values: Mapping[str, F64]

    def __len__(self) -> int:
        return len(self.decision_time)


def named(rows: I64, labels: Array | None) -> str:
    """Name the first three of ``rows``, by label if there are labels."""
    if labels is None:
        return "row " + ", ".join(str(row) for row in rows[:3])
    return "event " + ", ".join(repr(labels[row]) for row in rows[:3])


def integers_of(array: Any, name: str, size: int, what: str) -> I64:
    """Return a column of integers as int64.

    Raises
    ------
    HistoryError
        If they are no integers, or not one for each row.
    """
    integers = np.asarray(array)
    if integers.shape != (size,) or (integers.dtype.kind not in "iu" and size):
        raise HistoryError(
            f"{what}: {name} is of type {integers.dtype} and shape {integers.shape}",
            f"give {size} values of int64",
        )
    return integers.astype(np.int64, copy=False)


def times_of(array: Any, name: str, size: int, what: str, labels: Array | None = None) -> I64:
    """Return microseconds since 1970 as int64.

    Raises
    ------
    HistoryError
        If they are no integers, or one is missing or lies before 1970.
    """
    times = integers_of(array, name, size, what)
    early = np.flatnonzero(times < 0)
    if len(early):
        raise HistoryError(
            f"{what}: {name} is before 1970 or missing in {len(early)} of {size} rows "
            f"({named(early, labels)})",
            "give microseconds since 1970 UTC, or drop these rows",
        )
    return times


def column_of(columns: Mapping[str, Any], name: str, size: int, what: str) -> Any:
    """Return a column of the right length.

    Raises
    ------
    HistoryError
        If it is absent or of another length.
    """
    if name not in columns:
        present = ", ".join(sorted(columns)) or "none"
        raise HistoryError(
            f"{what}: column {name!r} is absent (present: {present})",
            "add it, all missing if it is not known",
        )
    column: Any = columns[name]
    if not isinstance(column, pd.Categorical):
        column = np.asarray(column)
    if column.shape != (size,):
        raise HistoryError(
            f"{what}: column {name!r} has shape {column.shape}", f"give {size} values"
        )
    return column


def numbers_of(
    columns: Mapping[str, F64], name: str, size: int, what: str, labels: Array | None = None
) -> F64:
    """Return a column of numbers as float64, NaN where missing.

    Raises
    ------
    HistoryError
        If it is absent, of another length, no numbers, or holds an infinity.
    """
    column = column_of(columns, name, size, what)
    if column.dtype.kind not in "fiub":
        raise HistoryError(
            f"{what}: column {name!r} is of type {column.dtype}", "give float64, NaN where missing"
        )
    numbers: F64 = column.astype(np.float64, copy=False)
    infinite = np.flatnonzero(np.isinf(numbers))
    if len(infinite):
        raise HistoryError(
            f"{what}: column {name!r} is infinite in {named(infinite, labels)}",
            "correct it or make it missing (NaN)",
        )
    return numbers
