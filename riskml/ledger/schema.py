"""Bringing the tables up to date when a ledger is opened.

One query decides; Alembic is imported only when there is something to do.
"""

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from riskml.errors import LedgerError
from riskml.ledger.database import is_postgresql, reading, writing
from riskml.ledger.tables import HEAD_REVISION

__all__ = ["migrate", "no_ledger", "upgrade"]

MIGRATION_LOCK = 0x7269736B_6D6967
"""Advisory lock of PostgreSQL held while migrating."""

_version = sa.table("alembic_version", sa.column("version_num", sa.String))


def upgrade(engine: Engine, place: str, *, create: bool = True) -> None:
    """Migrate the tables, unless they are as this code expects them.

    Processes that open an empty database at once wait for the first, then find its work done.

    Parameters
    ----------
    create : bool
        Whether to make the tables in an empty database.

    Raises
    ------
    LedgerError
        If the tables were made by a newer riskml, or are not there and may not be made.
    """
    with reading(engine) as connection:
        revision = _current(connection)
    if revision == HEAD_REVISION:
        return
    if revision is None and not create:
        raise no_ledger(place)
    with writing(engine) as connection:
        if is_postgresql(connection):
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
        revision = _current(connection)
        if revision != HEAD_REVISION:
            migrate(connection, revision, place)


def no_ledger(place: str) -> LedgerError:
    """Return the error that says that there is no ledger."""
    return LedgerError(
        f"there is no ledger at {place}", "check RISKML_HOME and RISKML_DATABASE_URL"
    )


def _current(connection: Connection) -> str | None:
    """Return the revision of the tables, None in an empty database."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.select(_version.c.version_num)).scalar()


def migrate(connection: Connection, revision: str | None, place: str, target: str = "head") -> None:
    """Bring tables of a revision (None: there are none) to another, in the caller's transaction.

    Raises
    ------
    LedgerError
        If one of the revisions is a newer riskml's.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "riskml.ledger:migrations")
    config.set_main_option("path_separator", "os")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    for asked in (revision, target):
        if asked is not None and asked != "head" and asked not in known:
            raise LedgerError(
                f"the ledger {place} has tables of a newer riskml (revision {asked})",
                "upgrade riskml on this machine",
            )
    config.attributes["connection"] = connection
    command.upgrade(config, target)
