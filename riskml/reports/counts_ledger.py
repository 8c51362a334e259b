"""The counts of a period from the ledger's log of events."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pandas as pd

from riskml.config import settings
from riskml.errors import LedgerError
from riskml.ledger import Ledger, StoredEvent
from riskml.reports.counts import PeriodCounts, Source
from riskml.reports.counts_table import count_inspections, mode_of_inspections

__all__ = ["count_default_ledger", "count_ledger"]

PAGE = 5000
"""Events asked for at a time."""

_PLACE = ("bill_no", "declaration_id", "mode")
_COLUMNS = {
    "manifests": _PLACE,
    "declarations": _PLACE,
    "inspections": (
        "inspection_id", "revision", "office", "channel", "bill_no", "declaration_id",
        "selected_at", "scanned_at", "scan_finding", "opened_at", "result",
    ),
}  # fmt: skip
_TIMES = ("selected_at", "scanned_at", "opened_at")


def count_default_ledger(
    *, first: date | None = None, last: date | None = None, office: str | None = None
) -> PeriodCounts:
    """Count the scans of a period in the ledger of this installation; see `count_ledger`.

    Raises
    ------
    LedgerError
        If there is no ledger, or it holds no inspection.
    """
    try:
        opened = Ledger.open(settings().ledger_url, create=False)
    except LedgerError as error:
        remedy = f"give --data DIR or --counts FILE, or {error.remedy}"
        raise LedgerError(error.message, remedy) from error
    with opened as ledger:
        return count_ledger(ledger, Source("riskml ledger"), first=first, last=last, office=office)


def count_ledger(
    ledger: Ledger,
    source: Source,
    *,
    first: date | None = None,
    last: date | None = None,
    office: str | None = None,
) -> PeriodCounts:
    """Count the scans of a period from all events that the ledger holds.

    Parameters
    ----------
    ledger : Ledger
        Only read.
    source, first, last, office
        See `riskml.reports.counts_table.count_inspections`, also for the errors.

    Returns
    -------
    PeriodCounts
        Counts in all, by office, channel, mode and month.
    """
    rows: dict[str, list[dict[str, Any]]] = {table: [] for table in _COLUMNS}
    for event in _events(ledger):
        columns = _COLUMNS[event.table]
        rows[event.table].append({name: event.payload.get(name) for name in columns})
    frames = {table: _frame(table, found) for table, found in rows.items()}
    inspections = frames["inspections"]
    if inspections.empty:
        raise LedgerError(
            "the ledger holds no inspection",
            "send outcomes (riskml outcomes), or give --data DIR or --counts FILE",
        )
    mode = mode_of_inspections(inspections, frames["manifests"], frames["declarations"])
    return count_inspections(inspections, source, first=first, last=last, office=office, mode=mode)


def _events(ledger: Ledger) -> Iterator[StoredEvent]:
    seq = 0
    while page := ledger.events_after(seq, PAGE):
        yield from page
        seq = page[-1].seq


def _frame(table: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return rows of events in normal form, also when there are none."""
    columns: dict[str, pd.Series] = {}
    for name in _COLUMNS[table]:
        values = [row[name] for row in rows]
        if name in _TIMES:
            parsed = pd.to_datetime(pd.Series(values, dtype="object"), utc=True, format="ISO8601")
            columns[name] = parsed.dt.as_unit("us")
        elif name == "revision":
            columns[name] = pd.Series([value or 0 for value in values], dtype="int64")
        else:
            columns[name] = pd.Series(values, dtype="str")
    return pd.DataFrame(columns)
