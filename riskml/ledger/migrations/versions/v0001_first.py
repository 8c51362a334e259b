"""The first tables: scores, events, records, heads, checkpoints, answers, keys."""

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "upgrade"]

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = ("events", "records", "scores", "checkpoints")


def upgrade() -> None:
    """Create the tables and the triggers that keep them append-only."""
    _create_scores()
    _create_events()
    _create_records()
    _create_heads()
    _create_answers_and_keys()
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def downgrade() -> None:
    """Drop everything."""
    for table in (*APPEND_ONLY, "heads", "answers", "keys"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION riskml_append_only()")
        op.execute("DROP FUNCTION riskml_head_grows()")


def _text(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, nullable=nullable)


def _number(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger, nullable=False)


def _chain() -> list["sa.Column[str] | sa.Column[int]"]:
    return [_text("writer"), _number("position"), _text("prev_hash"), _text("row_hash")]


def _create_scores() -> None:
    op.create_table(
        "scores",
        sa.Column("score_id", sa.Text, primary_key=True),
        _text("stage"),
        _text("bill_no", nullable=True),
        _text("container_no", nullable=True),
        _text("declaration_id", nullable=True),
        _text("office", nullable=True),
        _number("decision_time"),
        _number("scored_at"),
        _text("model_digest"),
        _text("model_name"),
        _text("model_version"),
        _text("feature_set_digest"),
        _number("history_watermark"),
        sa.Column("features", sa.LargeBinary, nullable=False),
        sa.Column("contributions", sa.LargeBinary, nullable=False),
        sa.Column("base_value", sa.Double, nullable=False),
        sa.Column("raw_score", sa.Double, nullable=False),
        sa.Column("probability", sa.Double, nullable=False),
        sa.Column("degraded", sa.Boolean, nullable=False),
        _text("reasons"),
        _text("request"),
        _text("principal"),
        _text("idempotency_key", nullable=True),
        *_chain(),
    )
    op.create_index("ux_scores_chain", "scores", ["writer", "position"], unique=True)
    op.create_index("ix_scores_scored_at", "scores", ["scored_at"])


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        _text("source"),
        _text("identity"),
        _number("revision"),
        _number("received_at"),
        _text("digest"),
        _text("payload"),
        *_chain(),
    )
    op.create_index("ux_events_chain", "events", ["writer", "position"], unique=True)
    identity = ["source", "identity", "revision"]
    op.create_index("ux_events_identity", "events", identity, unique=True)


def _create_records() -> None:
    op.create_table(
        "records",
        sa.Column("record_id", sa.Text, primary_key=True),
        _text("kind"),
        _number("recorded_at"),
        _text("payload"),
        *_chain(),
    )
    op.create_index("ux_records_chain", "records", ["writer", "position"], unique=True)
    op.create_index("ix_records_kind", "records", ["kind", "recorded_at"])


def _create_heads() -> None:
    op.create_table(
        "heads",
        sa.Column("chain", sa.Text, primary_key=True),
        sa.Column("writer", sa.Text, primary_key=True),
        _number("position"),
        _text("row_hash"),
    )
    op.create_table(
        "checkpoints",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        _text("statement"),
        _text("public_key"),
        _text("signature"),
    )


def _create_answers_and_keys() -> None:
    op.create_table(
        "answers",
        sa.Column("principal", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        _text("request_digest"),
        sa.Column("body", sa.LargeBinary, nullable=False),
        _number("answered_at"),
    )
    op.create_index("ix_answers_answered_at", "answers", ["answered_at"])
    op.create_table(
        "keys",
        sa.Column("key_id", sa.Text, primary_key=True),
        _text("secret_hash"),
        _text("role"),
        _text("office", nullable=True),
        _text("label"),
        _number("created_at"),
        sa.Column("revoked_at", sa.BigInteger),
    )


def _guard_sqlite() -> None:
    for table in APPEND_ONLY:
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} BEGIN "
                f"SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    # Answers may be forgotten, but never become others.
    op.execute(
        "CREATE TRIGGER answers_no_update BEFORE UPDATE ON answers BEGIN "
        "SELECT RAISE(ABORT, 'answers is append-only'); END"
    )
    op.execute(
        "CREATE TRIGGER heads_no_delete BEFORE DELETE ON heads BEGIN "
        "SELECT RAISE(ABORT, 'heads is append-only'); END"
    )
    op.execute(
        "CREATE TRIGGER heads_grow BEFORE UPDATE ON heads WHEN NEW.position <= OLD.position "
        "OR NEW.chain <> OLD.chain OR NEW.writer <> OLD.writer BEGIN "
        "SELECT RAISE(ABORT, 'heads is append-only'); END"
    )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION riskml_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    op.execute(
        "CREATE FUNCTION riskml_head_grows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.position <= OLD.position OR NEW.chain <> OLD.chain OR NEW.writer <> OLD.writer "
        "THEN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END IF; RETURN NEW; END $$"
    )
    for table in APPEND_ONLY:
        _forbid(table, "UPDATE OR DELETE OR TRUNCATE")
    _forbid("answers", "UPDATE")  # they may be forgotten, but never become others
    _forbid("heads", "DELETE OR TRUNCATE")
    op.execute(
        "CREATE TRIGGER heads_grow BEFORE UPDATE ON heads "
        "FOR EACH ROW EXECUTE FUNCTION riskml_head_grows()"
    )


def _forbid(table: str, deeds: str) -> None:
    # Per statement: also a change that would touch no row is refused.
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE {deeds} ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION riskml_append_only()"
    )
