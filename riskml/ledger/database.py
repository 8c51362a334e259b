"""Engines for the two databases, and the transactions the ledger runs in them."""

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from riskml.errors import LedgerError
from riskml.ledger.faults import LedgerUnavailableError

__all__ = [
    "connect",
    "drop_file",
    "file_exists",
    "is_postgresql",
    "make_file",
    "reading",
    "reserve_log",
    "run",
    "writing",
]

LOG_PAGES = 8000
"""Pages of 4 KiB after which SQLite copies its log back: seldom and long, rather than a stall in
one commit of a hundred."""
LOG_BYTES = LOG_PAGES * (4096 + 24) + 32
"""Length of a log of so many pages, each behind a header of its own."""
STEP = 1 << 22
WRITE = "riskml_write"
"""Execution option of a connection that is about to write."""


def connect(url: str, lock_timeout: float) -> Engine:
    """Return an engine for a SQLite file or a PostgreSQL database.

    SQLite runs in WAL mode with ``synchronous=FULL``: what was committed survives a power cut.
    PostgreSQL sessions insist on ``synchronous_commit`` whatever the server's default is.

    Parameters
    ----------
    url : str
        ``sqlite:///path`` or ``postgresql://user:password@host/database``.
    lock_timeout : float
        Seconds to wait for another writer before giving up.

    Raises
    ------
    LedgerError
        If the URL is malformed or names a database that cannot keep a ledger.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed, lock_timeout)
    return _postgresql(parsed, lock_timeout)


def is_postgresql(connection: Connection) -> bool:
    """Say whether the connection leads to PostgreSQL (else it is SQLite)."""
    return connection.dialect.name == "postgresql"


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Yield a connection in a write transaction; commit at the end, or roll back.

    On SQLite the write lock is taken at once (``BEGIN IMMEDIATE``), so what was read inside is
    still true when it is written.
    """
    with engine.connect() as connection:
        connection = connection.execution_options(**{WRITE: True})
        with connection.begin():
            yield connection


@contextmanager
def reading(engine: Engine, *, snapshot: bool = False) -> Iterator[Connection]:
    """Yield a connection for reading; with ``snapshot`` all its queries see one moment.

    On SQLite they always do.
    """
    with engine.connect() as connection:
        if snapshot and is_postgresql(connection):
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


def run(connection: Connection, statement: str, values: Any = (), *, many: bool = False) -> Any:
    """Run a statement as the driver knows it, and return the driver's cursor.

    SQLAlchemy looks at a statement, its values and its result for longer than SQLite takes to run
    it. What the driver fails with is raised as SQLAlchemy raises it.

    Parameters
    ----------
    values : sequence or mapping
        As the driver wants them; with ``many`` a list of them.
    """
    cursor = connection.connection.cursor()
    try:
        (cursor.executemany if many else cursor.execute)(statement, values)
    except connection.dialect.loaded_dbapi.Error as error:
        raw = connection.connection.driver_connection
        gone = connection.dialect.is_disconnect(error, raw, cursor)
        if gone:
            connection.invalidate(error)
        raise DBAPIError.instance(
            statement, None, error, connection.dialect.loaded_dbapi.Error,
            hide_parameters=True, connection_invalidated=gone, dialect=connection.dialect,
        ) from error  # fmt: skip
    return cursor


def reserve_log(engine: Engine) -> None:
    """Give SQLite's log the length that it will have anyway; nothing is done for PostgreSQL.

    A commit into a log of full length changes nothing but its data. One that makes the file
    longer has to wait for the file system's own journal as well, about twice as long. SQLite
    looks at no byte behind the last frame of its log, which zeros cannot be.
    """
    path = _file(engine)
    if path is None:
        return
    log = path.with_name(f"{path.name}-wal")
    while True:
        with writing(engine):  # as long as this lasts nobody else makes the file longer
            if not log.exists():  # SQLite alone knows with which rights to make it
                return
            missing = LOG_BYTES - log.stat().st_size
            if missing <= 0 or shutil.disk_usage(path.parent).free < 10 * LOG_BYTES:
                return
            with log.open("ab") as file:
                file.write(bytes(min(missing, STEP)))
                file.flush()
                os.fsync(file.fileno())


def file_exists(engine: Engine) -> bool:
    """Say whether a SQLite engine's file is there; of PostgreSQL only the server knows."""
    path = _file(engine)
    return path is None or path.exists()


def make_file(engine: Engine) -> None:
    """Make a SQLite engine's file, unless it is there, readable by its owner alone.

    The ledger holds names of people; SQLite gives its other files the rights of this one.

    Raises
    ------
    LedgerUnavailableError
        If the folder or the file cannot be made.
    """
    path = _file(engine)
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError as error:
        raise LedgerUnavailableError(
            f"the ledger {path} cannot be made: {error.strerror}",
            "check RISKML_HOME and its rights",
        ) from error


def drop_file(engine: Engine) -> None:
    """Remove a SQLite engine's file that nothing was kept in, with what SQLite put beside it."""
    path = _file(engine)
    if path is not None:
        for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
            path.with_name(name).unlink(missing_ok=True)


def _file(engine: Engine) -> Path | None:
    """Return the file behind an engine, None if it has none or a URI of SQLite's names it."""
    url = engine.url
    if url.get_backend_name() != "sqlite" or "uri" in url.query:
        return None
    return Path(str(url.database))


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise LedgerError(
            "the ledger's URL cannot be read",
            "set RISKML_DATABASE_URL to sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME",
        ) from error
    backend = parsed.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise LedgerError(f"a ledger cannot live in {backend!r}", "use a sqlite or postgresql URL")
    if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise LedgerError("a ledger cannot live in memory", "name a file: sqlite:///FILE")
    return parsed


def _sqlite(url: URL, lock_timeout: float) -> Engine:
    engine = sa.create_engine(url, connect_args={"timeout": lock_timeout})

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not open transactions of its own
        _switch_to_wal(connection, lock_timeout)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA cache_size=-32000")
        connection.execute(f"PRAGMA wal_autocheckpoint={LOG_PAGES}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get(WRITE, False)
        run(connection, "BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _switch_to_wal(connection: sqlite3.Connection, lock_timeout: float) -> None:
    """Switch the file to WAL; SQLite does not wait by itself when two processes do so at once."""
    deadline = time.monotonic() + lock_timeout
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _postgresql(url: URL, lock_timeout: float) -> Engine:
    milliseconds = max(1, int(lock_timeout * 1000))
    options = f"-c lock_timeout={milliseconds} -c synchronous_commit=on -c timezone=UTC"
    if given := url.query.get("options"):
        options = f"{given} {options}"
    arguments: dict[str, Any] = {"connect_timeout": 5, "options": options}
    if "connect_timeout" in url.query:
        del arguments["connect_timeout"]
    try:
        return sa.create_engine(
            url.difference_update_query(["options"]),
            connect_args=arguments,
            pool_pre_ping=True,  # a restarted database costs no request
            pool_timeout=lock_timeout,
        )
    except ImportError as error:
        raise LedgerError(
            "the PostgreSQL driver is not installed", "pip install 'riskml[serving]'"
        ) from error
