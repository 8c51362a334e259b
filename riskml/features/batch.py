"""Columns of a batch of consignments as plain arrays: what every feature is computed from.

The same structure is filled from a million historic rows or from one arriving container, so a
feature has one implementation for both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from riskml.datasets.consignments import Rollup
from riskml.features.rolling import HOW, reduce_lines

__all__ = ["NO_TIME", "Batch", "Columns", "batch_of", "columns_of", "numbers_of", "roll", "text_of"]

Columns = Mapping[str, np.ndarray]
"""Text as object arrays (``None`` = missing), numbers and flags as float64, times as int64."""

NO_TIME = np.iinfo(np.int64).min
"""A missing time, in microseconds since the epoch."""


@dataclass(frozen=True)
class Batch:
    """Consignments at their decision, with their lines.

    Attributes
    ----------
    stage : str
        The decision point.
    head : dict of ndarray, shape (n,)
        Per consignment: ``consignment_id``, ``office``, ``mode``, ``decision_time`` (int64,
        microseconds) and further columns of the consignment.
    line : dict of ndarray, shape (n_lines,)
        Per line, grouped by consignment.
    manifest : dict of ndarray, shape (n,)
        Manifest row of each consignment; empty where the stage has none.
    owner : ndarray of int64, shape (n_lines,)
        Consignment of each line, ascending; every consignment has a line.
    """

    stage: str
    head: Columns
    line: Columns
    manifest: Columns
    owner: np.ndarray
    starts: np.ndarray = field(repr=False)

    def __len__(self) -> int:
        """Return the number of consignments."""
        return len(self.starts)

    def numbers(self, column: str, table: str = "line") -> np.ndarray:
        """Return a float64 column, all missing where the table lacks it."""
        return numbers_of(getattr(self, table), column, self._size(table))

    def text(self, column: str, table: str = "line") -> np.ndarray:
        """Return a text column, all missing where the table lacks it."""
        return text_of(getattr(self, table), column, self._size(table))

    def times(self, column: str, table: str = "line") -> np.ndarray:
        """Return a time column in microseconds, ``NO_TIME`` where missing."""
        columns: Columns = getattr(self, table)
        if column in columns:
            return columns[column]
        return np.full(self._size(table), NO_TIME)

    def _size(self, table: str) -> int:
        return len(self.owner) if table == "line" else len(self)


def numbers_of(columns: Columns, name: str, size: int) -> np.ndarray:
    """Return a column as float64; one that is absent, or without any value, is all missing."""
    column = columns.get(name)
    if column is None or (column.dtype == object and all(v is None for v in column)):
        return np.full(size, np.nan)
    return column.astype(np.float64, copy=False)


def text_of(columns: Columns, name: str, size: int) -> np.ndarray:
    """Return a column as text; one that is absent, or without any value, is all missing."""
    column = columns.get(name)
    if column is None or (column.dtype == np.float64 and np.isnan(column).all()):
        return np.full(size, None, dtype=object)
    if column.dtype == object:
        return column
    return np.array([None if v != v else f"{v:.12g}" for v in column], dtype=object)


def roll(batch: Batch, values: np.ndarray, how: str) -> np.ndarray:
    """Reduce a line column to its consignments.

    Parameters
    ----------
    batch : Batch
        Gives the grouping.
    values : ndarray, shape (n_lines,) or (n_lines, k)
        Float64 (``max``, ``min``, ``sum``, ``mean``; missing values are left out, a consignment
        with none left is missing) or text (``first``).
    how : {"max", "min", "sum", "mean", "first"}
        How to reduce.

    Returns
    -------
    ndarray, shape (n,) or (n, k)
    """
    starts = batch.starts
    # A consignment of one line is that line.
    if how == "first" or len(starts) == len(batch.owner):
        first: np.ndarray = values[starts]
        return first
    lines = values if values.ndim == 2 else values.reshape(-1, 1)
    if lines.dtype != np.float64 or not lines.flags.c_contiguous:
        lines = np.ascontiguousarray(lines, dtype=np.float64)
    found = np.empty((len(starts), lines.shape[1]))
    reduce_lines(lines, starts, HOW[how], found)
    return found if values.ndim == 2 else found.reshape(-1)


def columns_of(frame: pd.DataFrame) -> Columns:
    """Turn a DataFrame in normal form into plain arrays."""
    return {str(name): _array_of(frame[name]) for name in frame.columns}


def _array_of(series: pd.Series) -> np.ndarray:
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        return np.asarray(series.dt.as_unit("us").astype("int64"))
    if pd.api.types.is_bool_dtype(series.dtype) or pd.api.types.is_numeric_dtype(series.dtype):
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    values = series.astype(object).to_numpy()
    missing = series.isna().to_numpy()
    if missing.any():
        values = values.copy()
        values[missing] = None
    return values


def batch_of(rollup: Rollup) -> Batch:
    """Return the plain arrays of rolled-up consignments."""
    owner = rollup.owner
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    manifest: Mapping[str, np.ndarray] = {}
    if rollup.manifests is not None:
        manifest = columns_of(rollup.manifests)
    return Batch(
        rollup.stage,
        columns_of(rollup.consignments),
        columns_of(rollup.lines),
        dict(manifest),
        owner,
        starts,
    )
