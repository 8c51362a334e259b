"""Rows that a live history knows, found again by bill, container or declaration."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from riskml.datasets import Tables

__all__ = ["RowStore"]

_NAMES = ("manifests", "declarations", "inspections")
_IDENTITY = {
    "manifests": ["bill_no", "container_no_raw"],
    "declarations": ["declaration_id", "line_no"],
    "inspections": ["inspection_id"],
}
_FINDABLE = ("bill_no", "container_no", "declaration_id", "inspection_id")
_MERGE_AT = 20_000


class _Finder:
    """Finds the rows of a frame whose column has one of some values."""

    def __init__(self, column: pd.Series) -> None:
        hashes = pd.util.hash_array(column.astype(object).to_numpy())
        self._order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[self._order]

    def rows(self, values: Iterable[str]) -> np.ndarray:
        wanted = np.array(sorted(set(values)), dtype=object)
        if not len(wanted):
            return np.empty(0, dtype=np.int64)
        hashes = pd.util.hash_array(wanted)
        starts = np.searchsorted(self._hashes, hashes)
        ends = np.searchsorted(self._hashes, hashes, side="right")
        found = [self._order[a:b] for a, b in zip(starts, ends, strict=True)]
        return np.concatenate(found)


class _Table:
    """A large sorted base and a small tail of one table's rows."""

    def __init__(self, name: str, rows: pd.DataFrame | None) -> None:
        self.name = name
        self.base = rows
        self.tail: pd.DataFrame | None = None
        self._finders: dict[str, _Finder] = {}

    def all_rows(self) -> pd.DataFrame | None:
        parts = [part for part in (self.base, self.tail) if part is not None]
        if len(parts) < 2:
            return parts[0] if parts else None
        return pd.concat(parts, ignore_index=True)

    def append(self, rows: pd.DataFrame) -> None:
        self.tail = (
            rows.reset_index(drop=True)
            if self.tail is None
            else pd.concat([self.tail, rows], ignore_index=True)
        )
        if len(self.tail) > _MERGE_AT:
            self.base, self.tail = self.all_rows(), None
            self._finders = {}

    def where(self, wanted: Mapping[str, set[str]]) -> pd.DataFrame | None:
        """Return the rows in which any of the columns has one of its wanted values."""
        parts: list[pd.DataFrame] = []
        if self.base is not None:
            positions = [
                self._finder(name).rows(values)
                for name, values in wanted.items()
                if values and name in self.base
            ]
            rows = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *positions]))
            parts.append(_matching(self.base.iloc[rows], wanted))
        if self.tail is not None:
            parts.append(_matching(self.tail, wanted))
        if not parts:
            return None
        return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)

    def _finder(self, column: str) -> _Finder:
        if column not in self._finders:
            assert self.base is not None  # noqa: S101 - the caller has a base
            self._finders[column] = _Finder(self.base[column])
        return self._finders[column]


def _matching(rows: pd.DataFrame, wanted: Mapping[str, set[str]]) -> pd.DataFrame:
    mask = np.zeros(len(rows), dtype=bool)
    for name, values in wanted.items():
        if values and name in rows:
            mask |= rows[name].isin(values).to_numpy()
    return rows[mask]


class RowStore:
    """Every row known, base tables and what arrived since."""

    def __init__(self, tables: Tables | None) -> None:
        self._tables = {
            name: _Table(name, None if tables is None else getattr(tables, name)) for name in _NAMES
        }

    @property
    def size(self) -> int:
        """Number of rows of all tables."""
        return sum(
            len(part)
            for table in self._tables.values()
            for part in (table.base, table.tail)
            if part is not None
        )

    def tables(self) -> Tables:
        """Return all rows."""
        return Tables(
            manifests=self._tables["manifests"].all_rows(),
            declarations=self._tables["declarations"].all_rows(),
            inspections=self._tables["inspections"].all_rows(),
        )

    def append(self, name: str, rows: pd.DataFrame) -> None:
        """Add rows that :meth:`unseen` let through."""
        self._tables[name].append(rows)

    def unseen(self, name: str, rows: pd.DataFrame) -> pd.DataFrame:
        """Leave out rows whose identity and revision are known already."""
        identity = _IDENTITY[name]
        rows = _with_revision(rows).drop_duplicates([*identity, "revision"])
        known = self._tables[name].where({identity[0]: _texts(rows, identity[0])})
        if known is None or not len(known):
            return rows
        keys = [*identity, "revision"]
        seen = pd.MultiIndex.from_frame(_with_revision(known)[keys])
        return rows[~pd.MultiIndex.from_frame(rows[keys]).isin(seen)]

    def around(self, name: str, rows: pd.DataFrame) -> Tables:
        """Return all rows that can bear on the outcomes of what ``rows`` speak of."""
        wanted = {column: _texts(rows, column) for column in _FINDABLE[:3]}
        if name != "inspections":
            wanted["container_no"] = self._inspected_containers(wanted["container_no"])
        elif wanted["container_no"] and "bill_no" in rows:
            open_rows = rows[rows["bill_no"].isna()]
            wanted["container_no"] = _texts(open_rows, "container_no")
        return self._closure(wanted)

    def of_keys(self, keys: Mapping[str, str | None]) -> Tables:
        """Return all rows of a bill or declaration."""
        bill, declaration = keys.get("bill_no"), keys.get("declaration_id")
        wanted = {
            "bill_no": {bill} if bill else set(),
            "declaration_id": {declaration} if declaration else set(),
            "container_no": set(),
        }
        return self._closure(wanted)

    def _closure(self, wanted: dict[str, set[str]]) -> Tables:
        """Follow declarations to their bills and back until nothing is added."""
        while True:
            declarations = self._tables["declarations"].where(wanted)
            inspections = self._tables["inspections"].where(wanted)
            size = sum(map(len, wanted.values()))
            for rows in (declarations, inspections):
                if rows is not None:
                    wanted["bill_no"] |= _texts(rows, "bill_no")
                    wanted["declaration_id"] |= _texts(rows, "declaration_id")
            if sum(map(len, wanted.values())) == size:
                break
        return Tables(
            manifests=self._tables["manifests"].where(wanted),
            declarations=declarations,
            inspections=inspections,
        )

    def _inspected_containers(self, containers: set[str]) -> set[str]:
        """Return the containers that some inspection names without a bill."""
        rows = self._tables["inspections"].where({"container_no": containers})
        if rows is None or not len(rows):
            return set()
        if "bill_no" in rows:
            rows = rows[rows["bill_no"].isna()]
        return _texts(rows, "container_no")


def _texts(rows: pd.DataFrame, column: str) -> set[str]:
    return set(rows[column].dropna()) if column in rows else set()


def _with_revision(rows: pd.DataFrame) -> pd.DataFrame:
    return rows if "revision" in rows else rows.assign(revision=0)
