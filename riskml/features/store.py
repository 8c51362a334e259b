"""Rows that a live history knows, found again by bill, container or declaration."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from riskml.datasets import Tables
from riskml.datasets.plain import PlainRow
from riskml.features.rowtable import RowTable

__all__ = ["RowStore"]

_NAMES = ("manifests", "declarations", "inspections")
_IDENTITY = {
    "manifests": ("bill_no", "container_no_raw"),
    "declarations": ("declaration_id", "line_no"),
    "inspections": ("inspection_id",),
}
_LINKS = ("bill_no", "container_no", "declaration_id")


class RowStore:
    """Every row known, base tables and what arrived since."""

    def __init__(self, tables: Tables | None) -> None:
        self._tables = {
            name: RowTable(name, None if tables is None else tables.get(name)) for name in _NAMES
        }

    @property
    def size(self) -> int:
        """Number of rows of all tables."""
        return sum(map(len, self._tables.values()))

    @property
    def sizes(self) -> dict[str, int]:
        """Number of rows of each table."""
        return {name: len(table) for name, table in self._tables.items()}

    def tables(self) -> Tables:
        """Return all rows."""
        manifests, declarations, inspections = (self._tables[n].all_rows() for n in _NAMES)
        return Tables(manifests, declarations, inspections)

    def append(self, name: str, rows: pd.DataFrame | Sequence[PlainRow]) -> None:
        """Add rows that :meth:`unseen` let through, in normal form or plain."""
        if isinstance(rows, pd.DataFrame):
            self._tables[name].append_frame(rows)
        else:
            self._tables[name].append(rows)

    def tidy(self) -> None:
        """Bring what was appended into order; whoever appends does so when nobody waits."""
        for table in self._tables.values():
            table.tidy()

    def state(self) -> dict[str, Any]:
        """Return all rows, for a snapshot."""
        return {name: table.state() for name, table in self._tables.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        for name, table in self._tables.items():
            table.restore(state[name])

    def unseen(self, name: str, rows: pd.DataFrame) -> pd.DataFrame:
        """Leave out rows whose identity and revision are known already."""
        identity = _IDENTITY[name]
        rows = _with_revision(rows)
        plain = [
            dict(zip((*identity, "revision"), values, strict=True))
            for values in rows[[*identity, "revision"]].astype(object).to_numpy().tolist()
        ]
        return rows[self._fresh(name, plain)]

    def unseen_plain(self, name: str, rows: Sequence[PlainRow]) -> list[PlainRow]:
        """Do the same for plain rows."""
        fresh = self._fresh(name, rows)
        return [row for row, new in zip(rows, fresh, strict=True) if new]

    def around(self, name: str, rows: pd.DataFrame) -> Tables:
        """Return all rows that can bear on the outcomes of what ``rows`` speak of."""
        named = [name for name in (*_LINKS,) if name in rows]
        values = rows[named].astype(object).where(rows[named].notna(), None)
        plain = [dict(zip(named, row, strict=True)) for row in values.to_numpy().tolist()]
        return self._tables_of(self._closure(self._wanted(name, plain)))

    def around_plain(
        self, name: str, rows: Sequence[PlainRow], columns: Mapping[str, Sequence[str]]
    ) -> dict[str, list[dict[str, Any]]]:
        """Return some columns of the same rows, by table."""
        wanted = self._closure(self._wanted(name, rows))
        return {table: self._tables[table].plain(wanted, columns[table]) for table in _NAMES}

    def of_keys(self, keys: Mapping[str, str | None]) -> Tables:
        """Return all rows of a bill or declaration."""
        bill, declaration = keys.get("bill_no"), keys.get("declaration_id")
        wanted = {
            "bill_no": {bill} if bill else set[str](),
            "declaration_id": {declaration} if declaration else set[str](),
            "container_no": set[str](),
        }
        return self._tables_of(self._closure(wanted))

    def _fresh(self, name: str, rows: Sequence[PlainRow]) -> list[bool]:
        """Return which rows are new, each identity and revision once."""
        identity = _IDENTITY[name]
        values = {row[identity[0]] for row in rows}
        stored = self._tables[name].plain({identity[0]: values}, [*identity, "revision"])
        known = {_identity_of(row, identity) for row in stored}
        fresh = []
        for row in rows:
            own = _identity_of(row, identity)
            fresh.append(own not in known)
            known.add(own)
        return fresh

    def _wanted(self, name: str, rows: Sequence[PlainRow]) -> dict[str, set[str]]:
        """Return which bills, declarations and containers rows bear on."""
        wanted = {column: _values(rows, column) for column in _LINKS}
        if name != "inspections":
            wanted["container_no"] = self._inspected_containers(wanted["container_no"])
        else:
            open_rows = [row for row in rows if row.get("bill_no") is None]
            wanted["container_no"] = _values(open_rows, "container_no")
        return wanted

    def _closure(self, wanted: dict[str, set[str]]) -> dict[str, set[str]]:
        """Follow declarations to their bills and back until nothing is added."""
        while True:
            size = sum(map(len, wanted.values()))
            for name in ("declarations", "inspections"):
                rows = self._tables[name].plain(wanted, ("bill_no", "declaration_id"))
                wanted["bill_no"] |= _values(rows, "bill_no")
                wanted["declaration_id"] |= _values(rows, "declaration_id")
            if sum(map(len, wanted.values())) == size:
                return wanted

    def _tables_of(self, wanted: Mapping[str, set[str]]) -> Tables:
        manifests, declarations, inspections = (self._tables[n].where(wanted) for n in _NAMES)
        return Tables(manifests, declarations, inspections)

    def _inspected_containers(self, containers: set[str]) -> set[str]:
        """Return the containers that some inspection names without a bill."""
        rows = self._tables["inspections"].plain(
            {"container_no": containers}, ("bill_no", "container_no")
        )
        return _values([row for row in rows if row["bill_no"] is None], "container_no")


def _identity_of(row: PlainRow, identity: Sequence[str]) -> tuple[Any, ...]:
    parts = (row.get(column) for column in identity)
    # Missing is written in several ways; none of them equals itself.
    return (*(None if part != part else part for part in parts), row.get("revision") or 0)


def _values(rows: Sequence[PlainRow], column: str) -> set[str]:
    found = {row.get(column) for row in rows}
    return {value for value in found if value is not None}


def _with_revision(rows: pd.DataFrame) -> pd.DataFrame:
    return rows if "revision" in rows else rows.assign(revision=0)
