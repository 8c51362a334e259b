"""Other append-only records: selections, promotions, keys, accesses to explanations."""

import json
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from riskml.errors import LedgerError
from riskml.ledger.canonical import canonical_json, clean_text, from_micros, to_micros
from riskml.ledger.chain import extend
from riskml.ledger.ids import new_id
from riskml.ledger.records import StoredRecord
from riskml.ledger.tables import records

__all__ = ["append", "listing"]


def append(connection: Connection, kind: str, payload: Mapping[str, Any], writer: str) -> str:
    """Append one record and return its identifier."""
    if not kind:
        raise LedgerError("a record has no kind", "name what it records")
    row = {
        "record_id": new_id(),
        "kind": clean_text(kind, "kind"),
        "recorded_at": time.time_ns() // 1000,
        "payload": canonical_json(dict(payload)),
    }
    extend(connection, records, [row], writer)
    return str(row["record_id"])


def listing(
    connection: Connection, kind: str | None, start: datetime | None, limit: int | None
) -> list[StoredRecord]:
    """Return records, oldest first."""
    query = sa.select(records).order_by(records.c.recorded_at, records.c.record_id).limit(limit)
    if kind is not None:
        query = query.where(records.c.kind == kind)
    if start is not None:
        query = query.where(records.c.recorded_at >= to_micros(start, "start"))
    return [
        StoredRecord(
            record_id=row.record_id,
            kind=row.kind,
            recorded_at=from_micros(row.recorded_at),
            writer=row.writer,
            payload=json.loads(row.payload),
        )
        for row in connection.execute(query)
    ]
