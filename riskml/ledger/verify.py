"""Verifying a ledger in its database."""

from collections.abc import Collection, Iterator
from pathlib import Path

from sqlalchemy.engine import Connection

from riskml.errors import LedgerError
from riskml.ledger.audit import read_export_heads
from riskml.ledger.chain import chain_names, chained_json, read_heads, read_rows, whole
from riskml.ledger.records import VerifyReport
from riskml.ledger.signing import check_checkpoints, read_checkpoints
from riskml.ledger.walk import Link, Marks, Progress, Walk, conclude, mark, quietly

__all__ = ["verify_database"]


def verify_database(
    connection: Connection,
    *,
    against: Path | None = None,
    trusted: Collection[str] = (),
    progress: Progress = quietly,
) -> VerifyReport:
    """Verify every chain of a database; see :meth:`riskml.ledger.Ledger.verify`."""
    signed, problems = check_checkpoints(read_checkpoints(connection), trusted)
    marks: Marks = {}
    for checkpoint in signed:
        mark(marks, checkpoint.heads(), f"checkpoint {checkpoint.number}")
    if against is not None:
        mark(marks, read_export_heads(against), f"the export {against.name}")
    stored = read_heads(connection)
    walks = []
    for name in sorted({*chain_names(connection), *stored, *marks}):
        walk = Walk(name, marks.get(name, {}))
        label, total = " ".join(name), stored[name].position if name in stored else None
        for link in progress(_links(connection, *name), label, total):
            walk.step(link)
        walk.finish(stored.get(name))
        walks.append(walk)
    return conclude(walks, signed, problems)


def _links(connection: Connection, table: str, writer: str) -> Iterator[Link]:
    for row in read_rows(connection, table, writer):
        try:
            content = chained_json(table, row)
        except LedgerError:  # a value that was never written by us, such as NaN
            content = None
        yield Link(whole(row["position"]), row["prev_hash"], row["row_hash"], content)
