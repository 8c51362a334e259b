"""Finding single rows for the pages: scores by number, documents, who looked, proofs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from riskml.ledger import journal
from riskml.ledger.canonical import canonical_json, from_micros
from riskml.ledger.chain import GENESIS, chained_json, row_hash
from riskml.ledger.database import is_postgresql
from riskml.ledger.records import ScoreRecord
from riskml.ledger.scores import find
from riskml.ledger.tables import accesses, checkpoints, events, records, score_numbers, scores

__all__ = [
    "Access",
    "Proof",
    "accesses_of",
    "documents",
    "find_scores",
    "prove",
    "record_access",
]

ACCESS_RECORD = "explanation_access"
MOST_FOUND = 50


@dataclass(frozen=True, slots=True)
class Access:
    """Somebody looked at the explanation of a score.

    Attributes
    ----------
    at : datetime
    who, role : str
        Login name, or identifier of the key.
    what : str
        Where: ``page``, ``audit`` or ``api``.
    """

    at: datetime
    who: str
    role: str
    what: str


@dataclass(frozen=True, slots=True)
class Proof:
    """Where a score stands in its chain.

    Attributes
    ----------
    writer : str
    position : int
    prev_hash, row_hash : str
        As stored.
    intact : bool
        Its content has this hash, and the row before it has that one.
    checkpoint : int or None
        First signed checkpoint that vouches for it.
    """

    writer: str
    position: int
    prev_hash: str
    row_hash: str
    intact: bool
    checkpoint: int | None


def record_access(
    connection: Connection, score_id: str, who: str, role: str, what: str, writer: str
) -> None:
    """Keep that somebody looked at a score."""
    told = {"score_id": score_id, "key_id": who, "role": role, "what": what}
    record_id = journal.append(connection, ACCESS_RECORD, told, writer)
    connection.execute(accesses.insert(), {"record_id": record_id, "score_id": score_id})


def accesses_of(connection: Connection, score_id: str) -> list[Access]:
    """Return who looked at a score, the newest first."""
    query = (
        sa.select(records.c.recorded_at, records.c.payload)
        .join(accesses, accesses.c.record_id == records.c.record_id)
        .where(accesses.c.score_id == score_id)
        .order_by(records.c.recorded_at.desc())
        .limit(500)
    )
    return [_access(row.recorded_at, json.loads(row.payload)) for row in connection.execute(query)]


def _access(at: int, told: Mapping[str, Any]) -> Access:
    return Access(from_micros(at), told["key_id"], told["role"], told.get("what", "api"))


def find_scores(connection: Connection, number: str) -> list[ScoreRecord]:
    """Return the newest scores of a bill, a container or a declaration."""
    query = (
        sa.select(score_numbers.c.score_id)
        .where(score_numbers.c.number == number)
        .order_by(score_numbers.c.score_id.desc())
        .limit(MOST_FOUND)
    )
    found = connection.execute(query).scalars().all()
    return [record for score_id in found if (record := find(connection, score_id)) is not None]


def documents(
    connection: Connection, table: str, first: str | None, watermark: int
) -> list[dict[str, Any]]:
    """Return the rows of a bill or a declaration as they were known at a watermark.

    Parameters
    ----------
    table : {"manifests", "declarations"}
    first : str or None
        First part of the rows' identity: bill, or declaration number.
    watermark : int
        Sequence number of the last event that counts.

    Returns
    -------
    list of dict
        The newest revision of each row, in the order of their identities.
    """
    if first is None:
        return []
    # An identity is a JSON list: those that begin alike stand together in the index.
    start = canonical_json([first])[:-1] + ","
    query = (
        sa.select(events.c.identity, events.c.payload)
        .where(
            events.c.source == table,
            *_begins(connection, start),
            events.c.seq <= watermark,
        )
        .order_by(events.c.identity, events.c.revision)
    )
    newest = {row.identity: json.loads(row.payload) for row in connection.execute(query)}
    return sorted(newest.values(), key=lambda row: row.get("line_no") or 0)


def _begins(connection: Connection, start: str) -> tuple[Any, Any]:
    """Return conditions that an index answers byte by byte, whatever the collation is."""
    least, most = (">=", "<") if not is_postgresql(connection) else ("~>=~", "~<~")
    return events.c.identity.op(least)(start), events.c.identity.op(most)(start + "\x7f")


def prove(connection: Connection, score_id: str) -> Proof | None:
    """Hash a score's row again and see whether it fits its chain; None if there is no such."""
    row = connection.execute(sa.select(scores).where(scores.c.score_id == score_id)).mappings()
    found = row.first()
    if found is None:
        return None
    before = sa.select(scores.c.row_hash).where(
        scores.c.writer == found["writer"], scores.c.position == found["position"] - 1
    )
    previous = connection.execute(before).scalar() if found["position"] > 1 else GENESIS
    content = row_hash(found["prev_hash"], chained_json("scores", found))
    intact = content == found["row_hash"] and previous == found["prev_hash"]
    checkpoint = _checkpoint(connection, found["writer"], found["position"])
    return Proof(
        found["writer"],
        found["position"],
        found["prev_hash"],
        found["row_hash"],
        intact,
        checkpoint,
    )


def _checkpoint(connection: Connection, writer: str, position: int) -> int | None:
    from riskml.ledger.signing import Checkpoint

    for row in connection.execute(sa.select(checkpoints).order_by(checkpoints.c.number)):
        signed = Checkpoint(row.number, row.statement, row.public_key, row.signature)
        for table, of_writer, end, _ in signed.heads():
            if (table, of_writer) == ("scores", writer) and end >= position:
                return int(row.number)
    return None
