"""From the durable event log back to rows of history, in normal form."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from riskml.datasets.plain import frame_of, plain_row
from riskml.ledger import EVENT_TABLES, StoredEvent
from riskml.schemas import TABLES

__all__ = ["EventLog", "base_digest", "event_frames", "events_until", "normal_values"]

CHUNK = 2000
"""Events replayed at a time."""


class EventLog(Protocol):
    """The durable log of events: the ledger."""

    def events_after(self, seq: int, limit: int) -> list[StoredEvent]:
        """Return events above ``seq``, in order."""

    def watermark(self) -> int:
        """Return the number of the last event."""

    def events_digest(self, seq: int) -> str:
        """Return a digest of the log up to an event."""


def event_frames(events: Sequence[StoredEvent]) -> dict[str, pd.DataFrame]:
    """Return the rows of events, one frame per table that has any.

    Parameters
    ----------
    events : sequence of StoredEvent
        In the order of the log.

    Returns
    -------
    dict of str to DataFrame
        In normal form, with every column of the table and every extra one that an event has:
        text ``str``, numbers float64, times UTC in microseconds, flags bool.
    """
    frames = {}
    for table in EVENT_TABLES:
        rows = [plain_row(table, event.payload) for event in events if event.table == table]
        if rows:
            frames[table] = frame_of(table, rows)
    return frames


def events_until(log: EventLog, watermark: int) -> Iterator[list[StoredEvent]]:
    """Yield the events of the log in order, in chunks, up to and with number ``watermark``."""
    seq = 0
    while seq < watermark:
        found = log.events_after(seq, min(CHUNK, watermark - seq))
        if not found:
            return
        yield found
        seq = found[-1].seq


def normal_values(table: str, plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row in normal form from the values that were kept of it.

    Parameters
    ----------
    table : str
        ``manifests``, ``declarations`` or ``inspections``.
    plain : mapping
        Values that were known, times as ISO text.

    Returns
    -------
    dict
        Every column of the table but times that are missing: text (None = missing), float
        (NaN = missing), whole numbers, flags, aware times; then the extra columns.
    """
    schema = TABLES[table]
    row: dict[str, Any] = {}
    for column in schema.columns:
        value = plain.get(column.name)
        if column.kind == "time":
            if value is not None:
                row[column.name] = datetime.fromisoformat(value)
        elif column.whole:
            row[column.name] = 0 if value is None else int(value)
        elif column.is_number:
            row[column.name] = float("nan") if value is None else float(value)
        else:
            row[column.name] = value
    for name in schema.companions:
        row[name] = bool(plain.get(name)) if name.startswith("invalid_") else plain.get(name)
    return row | {name: value for name, value in plain.items() if name.startswith("x_")}


def base_digest(folder: Path) -> str:
    """Return the SHA-256 of the tables that a history starts from, empty when there is none."""
    digest = hashlib.sha256()
    present = [path for name in EVENT_TABLES if (path := folder / f"{name}.parquet").is_file()]
    for path in present:
        digest.update(path.name.encode())
        with path.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest() if present else ""
