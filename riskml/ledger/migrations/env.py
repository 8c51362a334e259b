"""Runs the migrations on the connection that :mod:`riskml.ledger.schema` hands over.

The connection is inside a transaction already, so a migration that fails leaves nothing behind:
both SQLite and PostgreSQL can roll back changes of tables.
"""

from alembic import context

from riskml.ledger.tables import metadata

__all__ = ["migrate"]


def migrate() -> None:
    """Run the revisions that are missing."""
    context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()


if hasattr(context, "config"):  # Alembic loads this file; other importers only read it
    migrate()
