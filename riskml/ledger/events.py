"""The durable event log: what history is rebuilt from, in the order in which it was committed."""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from riskml.errors import LedgerError
from riskml.ledger.canonical import canonical_json, clean_text, from_micros, plain_row
from riskml.ledger.chain import extend
from riskml.ledger.database import is_postgresql
from riskml.ledger.records import EVENT_TABLES, EventReceipt, StoredEvent
from riskml.ledger.tables import events, heads

__all__ = ["after", "append", "digest_at", "prepare", "watermark"]

IDENTITY = {
    "manifests": ("bill_no", "container_no"),
    "declarations": ("declaration_id", "line_no"),
    "inspections": ("inspection_id",),
}
"""Which columns name a row of each table (DESIGN 2)."""

LOG_LOCK = 0x7269736B_6C6F67
"""Advisory lock of PostgreSQL behind which sequence numbers are given out."""

LOOKUP = 500
"""Identities asked for in one query."""

Name = tuple[str, int]
"""Canonical identity and revision."""


def append(
    connection: Connection, table: str, prepared: Sequence[Mapping[str, Any]], writer: str
) -> list[EventReceipt]:
    """Append prepared rows to the log; see :meth:`riskml.ledger.Ledger.append_events`."""
    _lock_log(connection)
    known = _known(connection, table, prepared)
    last = watermark(connection)
    receipts, fresh = [], []
    for row in prepared:
        name = (row["identity"], row["revision"])
        if name in known:
            seq, digest = known[name]
            same = digest == row["digest"]
            receipts.append(EventReceipt(seq, duplicate=same, conflict=not same))
            continue
        last += 1
        known[name] = (last, row["digest"])
        fresh.append({**row, "seq": last})
        receipts.append(EventReceipt(last))
    extend(connection, events, fresh, writer)
    return receipts


def after(connection: Connection, seq: int, limit: int) -> list[StoredEvent]:
    """Return up to ``limit`` events behind ``seq``, in order."""
    query = sa.select(events).where(events.c.seq > seq).order_by(events.c.seq).limit(limit)
    return [
        StoredEvent(
            seq=row.seq,
            table=row.source,
            identity=tuple(json.loads(row.identity)),
            revision=row.revision,
            received_at=from_micros(row.received_at),
            payload=json.loads(row.payload),
        )
        for row in connection.execute(query)
    ]


def watermark(connection: Connection) -> int:
    """Return the sequence number of the last event, 0 before the first."""
    return int(connection.execute(sa.select(sa.func.max(events.c.seq))).scalar() or 0)


def digest_at(connection: Connection, seq: int) -> str:
    """Return what the log up to an event comes to: where the chain of each writer stood then.

    A ledger restored from a backup gives out the same numbers again, for other events; their
    hashes tell.
    """
    digest = hashlib.sha256()
    query = sa.select(heads.c.writer).where(heads.c.chain == events.name).order_by(heads.c.writer)
    for (writer,) in connection.execute(query).all():
        last = (
            sa.select(events.c.position, events.c.row_hash)
            .where(events.c.writer == writer, events.c.seq <= seq)
            .order_by(events.c.position.desc())
            .limit(1)
        )
        for position, row_hash in connection.execute(last):
            digest.update(f"{writer}\0{position}\0{row_hash}\0".encode())
    return digest.hexdigest()


def prepare(table: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Check and encode rows, before a transaction holds up other writers.

    Raises
    ------
    LedgerError
        Names the row and the column of what cannot be stored; nothing is written then.
    """
    if table not in EVENT_TABLES:
        raise LedgerError(f"unknown event table {table!r}", f"use one of {', '.join(EVENT_TABLES)}")
    now = time.time_ns() // 1000
    return [_prepare(table, row, f"{table}, row {number}", now) for number, row in enumerate(rows)]


def _prepare(table: str, row: Mapping[str, Any], place: str, now: int) -> dict[str, Any]:
    plain = plain_row(row, place)
    identity, revision = _identity(table, plain, place), _revision(plain, place)
    # What says nothing is left out, or one event sent in two ways would contradict itself.
    silent = [name for name, value in plain.items() if value is False]
    for name in silent if revision else (*silent, "revision"):
        plain.pop(name, None)
    payload = canonical_json(plain)
    return {
        "source": table,
        "identity": identity,
        "revision": revision,
        "received_at": now,
        "digest": hashlib.sha256(payload.encode()).hexdigest(),
        "payload": payload,
    }


def _identity(table: str, plain: Mapping[str, Any], place: str) -> str:
    values = []
    for column in IDENTITY[table]:
        # A container number that failed its check digit still names the row.
        value = plain.get(f"{column}_raw", plain.get(column))
        if value is None and column != "container_no":
            raise LedgerError(f"{place}: {column} is missing", "every event needs its identity")
        if column != "line_no" and value is not None:
            value = clean_text(str(value), f"{place}, column {column}")
        values.append(value)
    return canonical_json(values)


def _revision(plain: Mapping[str, Any], place: str) -> int:
    revision = plain.get("revision", 0)
    if not isinstance(revision, int) or not 0 <= revision < 2**63:
        raise LedgerError(
            f"{place}: revision {revision!r} is no whole number from 0", "correct the revision"
        )
    return revision


def _lock_log(connection: Connection) -> None:
    """Let one writer at a time give out numbers, so that their order is that of the commits.

    A poller that has seen number n has then seen all below n. SQLite's ``BEGIN IMMEDIATE``
    already sees to it.
    """
    if is_postgresql(connection):
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOG_LOCK)))


def _known(
    connection: Connection, table: str, prepared: Sequence[Mapping[str, Any]]
) -> dict[Name, tuple[int, str]]:
    """Return sequence number and digest of the rows that are already stored."""
    known: dict[Name, tuple[int, str]] = {}
    identities = list({row["identity"] for row in prepared})
    for start in range(0, len(identities), LOOKUP):
        query = sa.select(
            events.c.identity, events.c.revision, events.c.seq, events.c.digest
        ).where(events.c.source == table, events.c.identity.in_(identities[start : start + LOOKUP]))
        for row in connection.execute(query):
            known[row.identity, row.revision] = (row.seq, row.digest)
    return known
