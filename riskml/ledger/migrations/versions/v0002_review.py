"""Tables of the review pages: users, sessions, cases with their steps, the worklist."""

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "upgrade"]

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = ("case_steps",)
_TABLES = (
    "accesses",
    "case_steps",
    "cases",
    "login_failures",
    "score_numbers",
    "sessions",
    "users",
    "worklist",
    "worklist_progress",
)


def upgrade() -> None:
    """Create the tables, and keep the steps of cases append-only."""
    _create_cases()
    _create_worklist()
    _create_users()
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER case_steps_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "
            "case_steps FOR EACH STATEMENT EXECUTE FUNCTION riskml_append_only()"
        )
        # Identities that begin alike are found by this one, whatever the database's collation.
        op.execute("CREATE INDEX ix_events_prefix ON events (source, identity text_pattern_ops)")
        return
    for deed in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER case_steps_no_{deed.lower()} BEFORE {deed} ON case_steps BEGIN "
            "SELECT RAISE(ABORT, 'case_steps is append-only'); END"
        )


def downgrade() -> None:
    """Drop what `upgrade` made."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("ix_events_prefix", "events")
    for table in _TABLES:
        op.drop_table(table)


def _key(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, primary_key=True)


def _text(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _texts(*names: str, nullable: bool = False) -> list["sa.Column[str]"]:
    return [_text(name, nullable=nullable) for name in names]


def _create_cases() -> None:
    op.create_table(
        "case_steps",
        _key("case_id"),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        *_texts("action", "state", "who", "role", "why"),
        _number("at"),
        _text("details"),
        _text("writer"),
        _number("position"),
        *_texts("prev_hash", "row_hash"),
    )
    op.create_index("ux_case_steps_chain", "case_steps", ["writer", "position"], unique=True)
    op.create_table(
        "cases",
        _key("case_id"),
        *_texts("score_id", "stage", "consignment_id"),
        *_texts("bill_no", "container_no", "declaration_id", "office", nullable=True),
        sa.Column("probability", sa.Double, nullable=False),
        _text("channel"),
        sa.Column("propensity", sa.Double),
        *_texts("level", "state"),
        _number("version"),
        _text("proposer"),
        *_texts("reviewer", "finding", "result", nullable=True),
        _number("proposed_at"),
        _number("updated_at"),
        _number("suspicious_at", nullable=True),
    )
    op.create_index("ix_cases_consignment", "cases", ["consignment_id", "stage"])
    op.create_index("ix_cases_state", "cases", ["state", "office"])


def _create_worklist() -> None:
    op.create_table(
        "worklist",
        *(_key(name) for name in ("consignment_id", "stage")),
        *_texts("score_id", "day"),
        *_texts("office", "mode", "bill_no", "container_no", "declaration_id", nullable=True),
        _number("decision_time"),
        sa.Column("probability", sa.Double, nullable=False),
        sa.Column("revenue_at_stake", sa.Double),
        *_texts("party_name", "goods", "commodity_code", "origin_country", nullable=True),
        sa.Column("degraded", sa.Boolean, nullable=False),
        _text("search"),
        *_texts("channel", "state", "case_id", nullable=True),
    )
    for name, columns in (
        ("score", ["score_id"]),
        ("probability", ["probability"]),
        ("revenue", ["revenue_at_stake"]),
        ("time", ["decision_time"]),
        ("day", ["day", "office", "probability"]),
    ):
        op.create_index(f"ix_worklist_{name}", "worklist", columns)
    op.create_table("worklist_progress", _key("writer"), _number("position"))
    op.create_table("score_numbers", _key("number"), _key("score_id"))
    op.create_table("accesses", _key("record_id"), _text("score_id"))
    op.create_index("ix_accesses_score", "accesses", ["score_id"])


def _create_users() -> None:
    op.create_table(
        "users",
        _key("name"),
        *_texts("password_hash", "role"),
        _text("office", nullable=True),
        *_texts("full_name", "language"),
        _number("created_at"),
        _number("disabled_at", nullable=True),
    )
    op.create_table(
        "sessions",
        _key("token_hash"),
        *_texts("name", "csrf"),
        _number("opened_at"),
        _number("seen_at"),
    )
    op.create_index("ix_sessions_name", "sessions", ["name"])
    op.create_table("login_failures", _key("failure_id"), *_texts("name", "address"), _number("at"))
    op.create_index("ix_login_failures_name", "login_failures", ["name", "at"])
    op.create_index("ix_login_failures_address", "login_failures", ["address", "at"])
