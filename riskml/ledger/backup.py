"""A backup of the whole ledger, taken while it is written to, restorable into either database.

A gzip file of JSON lines::

    {"format":"riskml-backup","version":1,"revision":"...","made_at":...}
    {"table":"scores","columns":[...]}       then one array per row, bytes as {"b":"base64"}
    ...
    {"end":{"rows":N,"sha256":...}}          digest of all bytes before it

It holds everything but sessions and failed logins: a stolen backup opens no session. Keys and
passwords are in it as hashes. It is no proof; that is what an export is (:mod:`.export`).
"""

import gzip
import hashlib
import json
import time
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from riskml.errors import LedgerError
from riskml.ledger import schema
from riskml.ledger.canonical import canonical_json, from_base64, to_base64
from riskml.ledger.database import connect, drop_file, file_exists, make_file
from riskml.ledger.files import whole_file
from riskml.ledger.store import Ledger
from riskml.ledger.tables import HEAD_REVISION, login_failures, metadata, sessions
from riskml.ledger.verify import verify_database
from riskml.ledger.walk import Progress, quietly

__all__ = ["FORMAT", "back_up", "restore"]

FORMAT = {"format": "riskml-backup", "version": 1}
LEFT_OUT = frozenset((sessions.name, login_failures.name))
"""Tables of passing interest, of which nothing is kept."""

BATCH = 500
_LONGEST_LINE = 256 * 2**20


def back_up(
    ledger: Ledger, path: Path, *, key_folder: Path | None = None, progress: Progress = quietly
) -> int:
    """Sign the heads, then write everything to one file, as of one moment.

    Others go on writing meanwhile; what they add is not in it.

    Parameters
    ----------
    ledger : Ledger
        What to back up.
    path : Path
        The file to write, readable by its owner alone.
    key_folder : Path, optional
        Where the signing key lies; default ``RISKML_HOME/keys``.
    progress : callable
        Wraps the rows: ``progress(rows, table, total)``.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    LedgerError
        If the file cannot be written, or the database fails.
    """
    ledger.sign_heads(key_folder)
    with (
        whole_file(path, "the backup") as file,
        ledger.reading(snapshot=True) as connection,
    ):
        return _write(file, connection, progress)


def restore(
    url: str, path: Path, *, lock_timeout: float = 30.0, progress: Progress = quietly
) -> int:
    """Fill an empty database, or a SQLite file that is not there yet, from a backup.

    All of it is restored and verified in one transaction: if that fails, or is interrupted, there
    is no ledger.

    Parameters
    ----------
    url : str
        Where to, as for :meth:`Ledger.open`.
    path : Path
        The backup.
    lock_timeout : float
        Seconds to wait for another session.
    progress : callable
        Wraps the rows, and the chains while they are verified.

    Returns
    -------
    int
        Rows restored.

    Raises
    ------
    LedgerError
        If there is anything in the database; if the file is no backup, of a newer riskml, cut off
        or altered; if its ledger does not verify.
    """
    ledger = Ledger(connect(url, lock_timeout))
    new = not file_exists(ledger.engine)
    try:
        make_file(ledger.engine)
        with ledger.writing() as connection:
            return _read(path, connection, progress)
    except BaseException:
        ledger.close()
        if new:
            drop_file(ledger.engine)
        raise
    finally:
        ledger.close()


def _write(file: BinaryIO, connection: Connection, progress: Progress) -> int:
    digest, rows = hashlib.sha256(), 0
    # Without name and time in the gzip header the same ledger gives the same bytes but for made_at.
    with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=3, mtime=0) as packed:
        for line, is_row in _lines(connection, progress):
            content = f"{line}\n".encode()
            digest.update(content)
            packed.write(content)
            rows += is_row
        end = {"end": {"rows": rows, "sha256": digest.hexdigest()}}
        packed.write(f"{canonical_json(end)}\n".encode())
    return rows


def _lines(connection: Connection, progress: Progress) -> Iterator[tuple[str, bool]]:
    """Yield each line, and whether it is a row."""
    made = {"revision": HEAD_REVISION, "made_at": time.time_ns() // 1000}
    yield canonical_json({**FORMAT, **made}), False
    for table in metadata.sorted_tables:
        if table.name in LEFT_OUT:
            continue
        yield canonical_json({"table": table.name, "columns": [c.name for c in table.c]}), False
        query = sa.select(table).order_by(*table.primary_key.columns)
        total = connection.execute(sa.select(sa.func.count()).select_from(table)).scalar()
        found = connection.execution_options(yield_per=BATCH).execute(query)
        for row in progress(found, table.name, total):
            yield canonical_json([_written(value) for value in row]), True


def _written(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return {"b": to_base64(bytes(value))}
    return value


def _read(path: Path, connection: Connection, progress: Progress) -> int:
    """Restore and verify in a transaction that is rolled back if this raises."""
    if sa.inspect(connection).get_table_names():
        raise LedgerError(
            "the database is not empty", "restore into a new database; nothing is overwritten"
        )
    reader = _Reader(path)
    schema.migrate(connection, None, str(path), reader.revision)
    for table, columns, rows in reader.tables():
        _fill(connection, table, columns, progress(rows, table, None))
    if reader.revision != HEAD_REVISION:
        schema.migrate(connection, reader.revision, str(path))
    report = verify_database(connection, progress=progress)
    if not report.ok:
        first = report.problems[0]
        raise LedgerError(
            f"{path}: the ledger in the backup does not verify: {first.table} of {first.writer}, "
            f"position {first.position}: {first.what}",
            "restore an older backup, and find out who altered this one",
        )
    return reader.rows


def _fill(
    connection: Connection, table: str, columns: list[str], rows: Iterable[list[Any]]
) -> None:
    into = sa.table(table, *(sa.column(name) for name in columns))
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(dict(zip(columns, row, strict=True)))
        if len(batch) == BATCH:
            connection.execute(into.insert(), batch)
            batch = []
    if batch:
        connection.execute(into.insert(), batch)


class _Reader:
    """Reads a backup line by line, and checks that it is whole and as it was written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._digest = hashlib.sha256()
        self._lines = self._read()
        self.rows = 0
        head: Any = next(self._lines, None)
        if not isinstance(head, dict) or {k: head.get(k) for k in FORMAT} != FORMAT:
            raise LedgerError(f"{path} is no backup of a ledger", "name a file of ledger backup")
        self.revision = str(head.get("revision"))

    def tables(self) -> Iterator[tuple[str, list[str], Iterator[list[Any]]]]:
        """Yield name, columns and rows of each table; the rows are to be read before the next."""
        line = next(self._lines, None)
        while isinstance(line, dict) and "table" in line:
            self._next: Any = None
            yield str(line["table"]), list(map(str, line["columns"])), self._rows()
            line = self._next
        if not isinstance(line, dict) or "end" not in line:
            raise self._broken("it is cut off")
        # The last line is not part of its own digest; it was left out by _read.
        if line["end"] != {"rows": self.rows, "sha256": self._digest.hexdigest()}:
            raise self._broken("its content was altered")
        if next(self._lines, None) is not None:
            raise self._broken("something follows its end")

    def _rows(self) -> Iterator[list[Any]]:
        for line in self._lines:
            if isinstance(line, dict):
                self._next = line
                return
            self.rows += 1
            yield [self._value(value) for value in line]

    def _value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        try:
            return from_base64(value["b"])
        except (KeyError, TypeError, ValueError) as error:
            raise self._broken("its content was altered") from error

    def _read(self) -> Iterator[Any]:
        try:
            with gzip.open(self._path, "rb") as packed:
                while line := packed.readline(_LONGEST_LINE):
                    content = json.loads(line)
                    if not (isinstance(content, dict) and "end" in content):
                        self._digest.update(line)
                    yield content
        except FileNotFoundError:
            raise LedgerError(f"there is no backup {self._path}", "check the path") from None
        except (EOFError, zlib.error, gzip.BadGzipFile, ValueError) as error:
            raise self._broken(f"it cannot be read ({type(error).__name__})") from error
        except OSError as error:
            raise self._broken(f"it cannot be read ({error.strerror})") from error

    def _broken(self, what: str) -> LedgerError:
        return LedgerError(
            f"the backup {self._path} is damaged: {what}", "restore another; nothing was restored"
        )
