"""The ledger's tables, as SQLAlchemy sees them; ``migrations`` creates them.

Times are microseconds since 1970 in UTC (SQLite has no time type); JSON is text, because its
exact bytes are what the chain hashes.
"""

from typing import Any

import sqlalchemy as sa

__all__ = [
    "APPEND_ONLY",
    "CHAINED",
    "HEAD_REVISION",
    "accesses",
    "answers",
    "case_steps",
    "cases",
    "checkpoints",
    "events",
    "heads",
    "keys",
    "login_failures",
    "metadata",
    "records",
    "score_numbers",
    "scores",
    "sessions",
    "users",
    "worklist",
    "worklist_progress",
]

HEAD_REVISION = "0002"
"""The migration this code works with; start-up compares one row with it."""

metadata = sa.MetaData()


class Flag(sa.Boolean):
    """A yes or no, read as it is stored.

    SQLite keeps whatever a forger writes, and SQLAlchemy would read an empty text as no.
    """

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Any:
        """Return what reads a cell: 0 and 1 are no and yes, all else is left for proofs to see."""
        if dialect.supports_native_boolean:
            return super().result_processor(dialect, coltype)  # type: ignore[no-untyped-call]
        return lambda value: bool(value) if type(value) is int and value in (0, 1) else value


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
    sa.Column("degraded", Flag, nullable=False),
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
    # Identities that begin alike are found by this one, whatever the database's collation.
    sa.Index(
        "ix_events_prefix",
        "source",
        "identity",
        postgresql_ops={"identity": "text_pattern_ops"},
    ).ddl_if(dialect="postgresql"),
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

case_steps = sa.Table(
    "case_steps",
    metadata,
    sa.Column("case_id", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("details", sa.Text, nullable=False),
    *_chain(),
    sa.Index("ux_case_steps_chain", "writer", "position", unique=True),
)
"""Every step of every case. The key is what lets one of two simultaneous steps win."""

cases = sa.Table(
    "cases",
    metadata,
    sa.Column("case_id", sa.Text, primary_key=True),
    sa.Column("score_id", sa.Text, nullable=False),
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("consignment_id", sa.Text, nullable=False),
    sa.Column("bill_no", sa.Text),
    sa.Column("container_no", sa.Text),
    sa.Column("declaration_id", sa.Text),
    sa.Column("office", sa.Text),
    sa.Column("probability", sa.Double, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("propensity", sa.Double),
    sa.Column("level", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("proposer", sa.Text, nullable=False),
    sa.Column("reviewer", sa.Text),
    sa.Column("finding", sa.Text),
    sa.Column("result", sa.Text),
    sa.Column("proposed_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("suspicious_at", sa.BigInteger),
    sa.Index("ix_cases_consignment", "consignment_id", "stage"),
    sa.Index("ix_cases_state", "state", "office"),
)
"""Where each case stands; made of its steps, and can be made again from them."""

worklist = sa.Table(
    "worklist",
    metadata,
    sa.Column("consignment_id", sa.Text, primary_key=True),
    sa.Column("stage", sa.Text, primary_key=True),
    sa.Column("score_id", sa.Text, nullable=False),
    sa.Column("day", sa.Text, nullable=False),
    sa.Column("office", sa.Text),
    sa.Column("mode", sa.Text),
    sa.Column("bill_no", sa.Text),
    sa.Column("container_no", sa.Text),
    sa.Column("declaration_id", sa.Text),
    sa.Column("decision_time", sa.BigInteger, nullable=False),
    sa.Column("probability", sa.Double, nullable=False),
    sa.Column("revenue_at_stake", sa.Double),
    sa.Column("party_name", sa.Text),
    sa.Column("goods", sa.Text),
    sa.Column("commodity_code", sa.Text),
    sa.Column("origin_country", sa.Text),
    sa.Column("degraded", Flag, nullable=False),
    sa.Column("search", sa.Text, nullable=False),
    sa.Column("channel", sa.Text),
    sa.Column("state", sa.Text),
    sa.Column("case_id", sa.Text),
    sa.Index("ix_worklist_score", "score_id"),
    sa.Index("ix_worklist_probability", "probability"),
    sa.Index("ix_worklist_revenue", "revenue_at_stake"),
    sa.Index("ix_worklist_time", "decision_time"),
    sa.Index("ix_worklist_day", "day", "office", "probability"),
)
"""The newest score of each consignment and stage, as the queue shows it."""

worklist_progress = sa.Table(
    "worklist_progress",
    metadata,
    sa.Column("writer", sa.Text, primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
)
"""How far each writer's scores are in the worklist."""

score_numbers = sa.Table(
    "score_numbers",
    metadata,
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("score_id", sa.Text, primary_key=True),
)
"""Scores by the numbers of their consignments; filled beside the worklist, off the hot path."""

accesses = sa.Table(
    "accesses",
    metadata,
    sa.Column("record_id", sa.Text, primary_key=True),
    sa.Column("score_id", sa.Text, nullable=False),
    sa.Index("ix_accesses_score", "score_id"),
)
"""Which records say who looked at a score."""

users = sa.Table(
    "users",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("office", sa.Text),
    sa.Column("full_name", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("disabled_at", sa.BigInteger),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("token_hash", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("csrf", sa.Text, nullable=False),
    sa.Column("opened_at", sa.BigInteger, nullable=False),
    sa.Column("seen_at", sa.BigInteger, nullable=False),
    sa.Index("ix_sessions_name", "name"),
)

login_failures = sa.Table(
    "login_failures",
    metadata,
    sa.Column("failure_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Index("ix_login_failures_name", "name", "at"),
    sa.Index("ix_login_failures_address", "address", "at"),
)

CHAINED = {table.name: table for table in (case_steps, events, records, scores)}
"""The tables whose rows are chained per writer, by name."""

APPEND_ONLY = (*CHAINED, "checkpoints")
"""The tables whose rows triggers keep from being changed or deleted."""
