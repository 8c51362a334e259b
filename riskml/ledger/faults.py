"""What a database says when it fails, in words that help.

::

    LedgerError
    |-- LedgerUnavailableError      not now: unreachable, locked, full, read-only; a retry may help
    `-- LedgerConflictError         an idempotency key was used again for something else
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from riskml.errors import LedgerError

__all__ = ["LedgerConflictError", "LedgerUnavailableError", "translate", "translated"]


class LedgerUnavailableError(LedgerError):
    """The database cannot take or give anything now; nothing was written."""


class LedgerConflictError(LedgerError):
    """An idempotency key was used before for another request."""


# Words of the driver -> (what is wrong, what to do). The first that matches counts.
_UNAVAILABLE = (
    ("disk is full", "the disk under the ledger is full", "free space; nothing was written"),
    ("no space left", "the disk under the ledger is full", "free space; nothing was written"),
    ("database is locked", "the ledger stayed locked by another process", "retry, or stop it"),
    ("lock timeout", "the ledger stayed locked by another session", "retry, or end it"),
    ("readonly database", "the ledger's file is read-only", "allow writing to it and its folder"),
    ("read-only transaction", "the ledger's database is read-only", "connect to the primary"),
    ("unable to open", "the ledger's file cannot be opened", "check RISKML_HOME and its rights"),
    ("disk i/o error", "the disk under the ledger fails", "check the disk and the free space"),
)
_BROKEN = (
    ("not a database", "the file is no SQLite database", "check RISKML_DATABASE_URL"),
    ("malformed", "the ledger's file is damaged", "restore a backup, then run ledger verify"),
    ("append-only", "the ledger is append-only", "append a new row instead of changing one"),
    ("unique", "a row with this identifier is already recorded", "use a fresh identifier"),
)
# Classes of SQLSTATE that say "not now": connection, resources, intervention, rollback, system.
_TRANSIENT_STATES = ("08", "28", "3D", "40", "53", "55", "57", "58")


def translate(error: SQLAlchemyError, place: str) -> LedgerError:
    """Return the error of ours that says what the database meant.

    Parameters
    ----------
    error : SQLAlchemyError
        What SQLAlchemy raised.
    place : str
        The ledger's URL without its password.
    """
    words = " ".join(str(getattr(error, "orig", None) or error).split())
    for patterns, kind in ((_UNAVAILABLE, LedgerUnavailableError), (_BROKEN, LedgerError)):
        for pattern, what, remedy in patterns:
            if pattern in words.lower():
                return kind(f"{what} ({place})", remedy)
    if _is_transient(error):
        return LedgerUnavailableError(
            f"the ledger's database cannot be reached ({place}): {words[:200]}",
            "check RISKML_DATABASE_URL and that the database runs",
        )
    return LedgerError(
        f"the ledger's database refused ({place}): {words[:200]}", "run riskml ledger verify"
    )


def _is_transient(error: SQLAlchemyError) -> bool:
    if not isinstance(error, DBAPIError):
        return True  # the pool gave no connection in time
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return str(state)[:2] in _TRANSIENT_STATES
    # A failing connection attempt has no SQLSTATE; SQLite's operational errors are listed above.
    return type(error.orig).__name__ == "OperationalError" and not isinstance(
        error.orig, sqlite3.Error
    )


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Turn what SQLAlchemy raises inside into a :class:`LedgerError`."""
    try:
        yield
    except SQLAlchemyError as error:
        raise translate(error, place) from error
