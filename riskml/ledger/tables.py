"""The ledger's tables, as SQLAlchemy sees them; ``migrations`` creates them.

Times are microseconds since 1970 in UTC (SQLite has no time type); JSON is text, because its
exact bytes are what the chain hashes.
"""

import sqlalchemy as sa

__all__ = [
    "APPEND_ONLY",
    "CHAINED",
    "HEAD_REVISION",
    "answers",
    "checkpoints",
    "events",
    "heads",
    "keys",
    "metadata",
    "records",
    "scores",
]

HEAD_REVISION = "0001"
"""The migration this code works with; start-up compares one row with it."""

metadata = sa.MetaData()


def _chain() -> tuple[sa.Column[int] | sa.Column[str], ...]:
    """Return the columns that every chained table ends with."""
    return (
        sa.Column("writer", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("prev_hash", sa.Text, nullable=False),
        sa.Column("row_hash", sa.Text, nullable=False),
    )


scores = sa.Table(
    "scores",
    metadata,
    sa.Column("score_id", sa.Text, primary_key=True),
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("bill_no", sa.Text),
    sa.Column("container_no", sa.Text),
    sa.Column("declaration_id", sa.Text),
    sa.Column("office", sa.Text),
    sa.Column("decision_time", sa.BigInteger, nullable=False),
    sa.Column("scored_at", sa.BigInteger, nullable=False),
    sa.Column("model_digest", sa.Text, nullable=False),
    sa.Column("model_name", sa.Text, nullable=False),
    sa.Column("model_version", sa.Text, nullable=False),
    sa.Column("feature_set_digest", sa.Text, nullable=False),
    sa.Column("history_watermark", sa.BigInteger, nullable=False),
    sa.Column("features", sa.LargeBinary, nullable=False),
    sa.Column("contributions", sa.LargeBinary, nullable=False),
    sa.Column("base_value", sa.Double, nullable=False),
    sa.Column("raw_score", sa.Double, nullable=False),
    sa.Column("probability", sa.Double, nullable=False),
    sa.Column("degraded", sa.Boolean, nullable=False),
    sa.Column("reasons", sa.Text, nullable=False),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("idempotency_key", sa.Text),
    *_chain(),
    sa.Index("ux_scores_chain", "writer", "position", unique=True),
    sa.Index("ix_scores_scored_at", "scored_at"),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("identity", sa.Text, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("received_at", sa.BigInteger, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    *_chain(),
    sa.Index("ux_events_chain", "writer", "position", unique=True),
    sa.Index("ux_events_identity", "source", "identity", "revision", unique=True),
)

records = sa.Table(
    "records",
    metadata,
    sa.Column("record_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.BigInteger, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    *_chain(),
    sa.Index("ux_records_chain", "writer", "position", unique=True),
    sa.Index("ix_records_kind", "kind", "recorded_at"),
)

heads = sa.Table(
    "heads",
    metadata,
    sa.Column("chain", sa.Text, primary_key=True),
    sa.Column("writer", sa.Text, primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("row_hash", sa.Text, nullable=False),
)

checkpoints = sa.Table(
    "checkpoints",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("statement", sa.Text, nullable=False),
    sa.Column("public_key", sa.Text, nullable=False),
    sa.Column("signature", sa.Text, nullable=False),
)

answers = sa.Table(
    "answers",
    metadata,
    sa.Column("principal", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("request_digest", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("answered_at", sa.BigInteger, nullable=False),
    sa.Index("ix_answers_answered_at", "answered_at"),
)

keys = sa.Table(
    "keys",
    metadata,
    sa.Column("key_id", sa.Text, primary_key=True),
    sa.Column("secret_hash", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("office", sa.Text),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("revoked_at", sa.BigInteger),
)

CHAINED = {table.name: table for table in (events, records, scores)}
"""The tables whose rows are chained per writer, by name."""

APPEND_ONLY = (*CHAINED, "checkpoints")
"""The tables whose rows triggers keep from being changed or deleted."""
