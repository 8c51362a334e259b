"""What rows of a table say, whether they come as a frame or a few at a time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.datasets.consignments import known_at
from riskml.datasets.plain import PlainRow
from riskml.features.rows import objects

__all__ = ["Rows", "column_of", "known_times"]

Rows = pd.DataFrame | Sequence[PlainRow]


def column_of(rows: Rows, name: str) -> "pd.Series[Any] | npt.NDArray[np.object_]":
    """Return a column as it is; one that is absent is all missing."""
    if isinstance(rows, pd.DataFrame):
        return rows[name] if name in rows else objects([None] * len(rows))
    return objects(row.get(name) for row in rows)


def known_times(rows: Rows, event: str) -> npt.NDArray[np.int64]:
    """Return when each row could be known, in microseconds since 1970 UTC.

    Parameters
    ----------
    rows : DataFrame or sequence of mappings
        In normal form, or plain.
    event : str
        Column of the event time.
    """
    if isinstance(rows, pd.DataFrame):
        return np.asarray(known_at(rows, event).dt.as_unit("us").astype("int64"))
    times = ((row[event], row.get("recorded_at")) for row in rows)
    late = [at if recorded is None else max(at, recorded) for at, recorded in times]
    return np.array(late, dtype=np.int64)
