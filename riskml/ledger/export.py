"""The whole ledger in one file that proves itself, line by line JSON.

::

    {"format":"riskml-ledger","version":1}
    {"checkpoint":{...}}                                        signed statements, oldest first
    {"head":{...}}                                              where each chain ends
    {"prev_hash":...,"row":{...,"table":...},"row_hash":...}    rows by table, writer, position
    {"end":{"rows":N,"sha256":...}}                             digest of all bytes before it

A row's hash is ``sha256(prev_hash + row)`` with ``row`` exactly as it stands in the line, so
an auditor needs no more than SHA-256, Ed25519 and a JSON parser to check the file
(:mod:`riskml.ledger.audit` does).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.engine import Connection

from riskml.ledger.canonical import canonical_json
from riskml.ledger.chain import chain_names, chained_json, read_heads, read_rows
from riskml.ledger.files import whole_file
from riskml.ledger.signing import read_checkpoints
from riskml.ledger.walk import Progress, quietly

__all__ = ["FORMAT", "write_export"]

FORMAT = {"format": "riskml-ledger", "version": 1}
"""The first line of every export."""


def write_export(connection: Connection, path: Path, *, progress: Progress = quietly) -> int:
    """Write the file atomically and return the number of rows in it.

    Raises
    ------
    LedgerError
        If the file cannot be written.
    """
    with whole_file(path, "the export") as file:
        return _write(file, connection, progress)


def _write(file: BinaryIO, connection: Connection, progress: Progress) -> int:
    digest = hashlib.sha256()
    rows = 0
    for line in _lines(connection, progress):
        content = f"{line}\n".encode()
        digest.update(content)
        file.write(content)
        rows += line.startswith('{"prev_hash":')
    end = canonical_json({"end": {"rows": rows, "sha256": digest.hexdigest()}})
    file.write(f"{end}\n".encode())
    return rows


def _lines(connection: Connection, progress: Progress) -> Iterator[str]:
    """Yield every line but the last."""
    yield canonical_json(FORMAT)
    for checkpoint in read_checkpoints(connection):
        yield canonical_json({"checkpoint": asdict(checkpoint)})
    stored = read_heads(connection)
    for name in sorted(stored):
        yield canonical_json({"head": stored[name]._asdict()})
    for table, writer in sorted({*chain_names(connection), *stored}):
        head = stored.get((table, writer))
        rows = read_rows(connection, table, writer)
        for row in progress(rows, f"{table} {writer}", head and head.position):
            hashes = (canonical_json(row["prev_hash"]), canonical_json(row["row_hash"]))
            content = chained_json(table, row)
            yield f'{{"prev_hash":{hashes[0]},"row":{content},"row_hash":{hashes[1]}}}'
