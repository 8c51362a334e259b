"""Columns of rows that came as payloads, made when a feature first asks for them.

What no feature reads is never turned into an array.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

import numpy as np

from riskml.features.batch import NO_TIME, Columns

__all__ = ["Row", "RowColumns", "extended", "microseconds", "objects"]

Row = Mapping[str, Any]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_NONE, _TEXT, _NUMBER = type(None), {str}, (bool, int, float, np.number)


class RowColumns(Mapping[str, np.ndarray]):
    """The columns of rows; one that holds nothing but missing values is not there.

    Parameters
    ----------
    rows : sequence of mappings
        Text, numbers, flags, aware datetimes, None.
    made : mapping, optional
        Columns that are arrays already; they come before those of the rows.
    """

    def __init__(self, rows: Sequence[Row], made: Columns | None = None) -> None:
        self._rows = rows
        self._made: dict[str, np.ndarray | None] = dict(made or {})

    def get(self, name: str, default: Any = None) -> Any:
        """Return a column, or the default if it holds nothing."""
        try:
            column = self._made[name]
        except KeyError:
            column = self._made[name] = _column(self._values(name))
        return default if column is None else column

    def _values(self, name: str) -> list[Any]:
        try:
            return list(map(itemgetter(name), self._rows))
        except KeyError:  # some row lacks it: a time, or a service's own column
            return [row.get(name) for row in self._rows]

    def extended(self, more: Columns) -> "RowColumns":
        """Return these columns and others."""
        return RowColumns(self._rows, {**_present(self._made), **more})

    def __getitem__(self, name: str) -> np.ndarray:
        column: np.ndarray | None = self.get(name)
        if column is None:
            raise KeyError(name)
        return column

    def __contains__(self, name: object) -> bool:
        return self.get(str(name)) is not None

    def __iter__(self) -> Iterator[str]:
        names = dict.fromkeys([*self._made, *(name for row in self._rows for name in row)])
        return (name for name in names if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def extended(columns: Columns, more: Columns) -> Columns:
    """Return columns and others, without making those that nobody has asked for."""
    return columns.extended(more) if isinstance(columns, RowColumns) else {**columns, **more}


def _present(made: Mapping[str, np.ndarray | None]) -> dict[str, np.ndarray]:
    return {name: column for name, column in made.items() if column is not None}


def _column(values: list[Any]) -> np.ndarray | None:
    kinds = set(map(type, values))
    kinds.discard(_NONE)
    if not kinds:
        return None
    if kinds == _TEXT:
        return objects(values)
    if all(issubclass(kind, _NUMBER) for kind in kinds):
        return np.array([np.nan if v is None else float(v) for v in values])
    if all(issubclass(kind, datetime) for kind in kinds):
        times = [NO_TIME if v is None else microseconds(v) for v in values]
        return np.array(times, dtype=np.int64)
    return objects(values)


def objects(values: Iterable[Any]) -> np.ndarray:
    """Return values as they are, in an array."""
    items = list(values)
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def microseconds(instant: datetime) -> int:
    """Return microseconds since the epoch of an aware datetime."""
    since = instant - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
