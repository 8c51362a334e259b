"""Hash chains: every row carries the hash of the row that the same writer wrote before.

The hash of a row is ``sha256(prev_hash + canonical JSON of the row)``, both as ASCII text. The
JSON holds every column but the two hashes themselves, plus ``table``; bytes are base64. The first
row of a chain follows :data:`GENESIS`. ``heads`` counts each chain, so that a tail cut off shows.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection, Dialect, RowMapping

from riskml.ledger.canonical import canonical_json, clean_text, to_base64
from riskml.ledger.database import is_postgresql, run
from riskml.ledger.tables import CHAINED, heads

__all__ = [
    "GENESIS",
    "Head",
    "Name",
    "chain_names",
    "chained_json",
    "extend",
    "insert_ignoring",
    "read_heads",
    "read_rows",
    "row_hash",
    "whole",
]

GENESIS = "0" * 64
"""What the first row of a chain follows."""

_HASHES = ("prev_hash", "row_hash")
_BINARY = {
    name: tuple(column.name for column in table.c if isinstance(column.type, sa.LargeBinary))
    for name, table in CHAINED.items()
}

# Built once: putting a statement together costs as much as running it.
_OF_CHAIN = (
    heads.c.chain == sa.bindparam("of_chain"),
    heads.c.writer == sa.bindparam("of_writer"),
)
_INSERT = {name: table.insert() for name, table in CHAINED.items()}
_FIND_HEAD = sa.select(heads.c.position, heads.c.row_hash).where(*_OF_CHAIN).with_for_update()
_MOVE_HEAD = (
    heads.update()
    .where(*_OF_CHAIN)
    .values(position=sa.bindparam("position"), row_hash=sa.bindparam("row_hash"))
)

Name = tuple[str, str]
"""What names a chain: table and writer."""


class Head(NamedTuple):
    """Where a chain is said to end."""

    chain: str
    writer: str
    position: int
    row_hash: str


def chained_json(table: str, row: Mapping[str, Any] | RowMapping) -> str:
    """Return the canonical JSON of a row, which its hash covers."""
    content = {**row, "table": table}
    for column in _HASHES:
        content.pop(column, None)
    for column in _BINARY[table]:
        content[column] = to_base64(content[column])
    return canonical_json(content)


def row_hash(prev_hash: str, content: str) -> str:
    """Return the hexadecimal hash of a row's canonical JSON behind another row's hash."""
    return hashlib.sha256(f"{prev_hash}{content}".encode()).hexdigest()


def extend(
    connection: Connection,
    table: sa.Table,
    rows: Sequence[Mapping[str, Any]],
    writer: str,
    around: Sequence[tuple[str, str]] | None = None,
) -> None:
    """Append rows to a writer's chain, inside the caller's write transaction.

    Parameters
    ----------
    rows : sequence of mapping
        Every column of ``table`` but ``writer``, ``position`` and the hashes.
    writer : str
        Whose chain. Processes that share a name share the chain and wait for one another.
    around : sequence of (str, str), optional
        The canonical JSON of each row before its position, and from there to the writer, if
        somebody has written it already: both end where the value belongs.
    """
    if not rows:
        return
    clean_text(writer, "writer")
    end = f"{canonical_json(writer)}}}"
    last, previous = _lock_head(connection, table.name, writer)
    chained = []
    for number, row in enumerate(rows):
        full = {**row, "writer": writer, "position": last + 1 + number, "prev_hash": previous}
        if around is None:
            content = chained_json(table.name, full)
        else:
            before, after = around[number]
            content = f"{before}{last + 1 + number}{after}{end}"
        full["row_hash"] = previous = row_hash(previous, content)
        chained.append(full)
    _insert_many(connection, table, chained)
    head = {"position": last + len(rows), "row_hash": previous}
    _run(connection, _MOVE_HEAD, {"of_chain": table.name, "of_writer": writer, **head})


def read_heads(connection: Connection) -> dict[Name, Head]:
    """Return the stored end of every chain."""
    found = connection.execute(sa.select(heads))
    return {
        (row.chain, row.writer): Head(row.chain, row.writer, whole(row.position), row.row_hash)
        for row in found
    }


def whole(position: Any) -> int:
    """Return a position, or -1 for what never was one: SQLite lets a forger store text."""
    return position if isinstance(position, int) else -1


def chain_names(connection: Connection) -> set[Name]:
    """Return table and writer of every chain that has rows."""
    return {
        (name, row.writer)
        for name, table in CHAINED.items()
        for row in connection.execute(sa.select(table.c.writer).distinct())
    }


def read_rows(connection: Connection, table: str, writer: str) -> Iterator[RowMapping]:
    """Yield the rows of a chain by position, a few hundred in memory at a time."""
    if table not in CHAINED:
        return
    columns = CHAINED[table].c
    query = sa.select(CHAINED[table]).where(columns.writer == writer).order_by(columns.position)
    yield from connection.execution_options(yield_per=500).execute(query).mappings()


def _insert_many(
    connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert rows whose values need no conversion, straight through the driver.

    SQLAlchemy would look at each value of each row, which for a thousand scores of 27 columns
    costs more than the insert itself.
    """
    statement, order = _compiled(_INSERT[table.name], connection.dialect)
    run(connection, statement, [_in_order(row, order) for row in rows], many=True).close()


def insert_ignoring(connection: Connection, table: sa.Table) -> Any:
    """Return an insert that leaves a row alone whose primary key is already there."""
    dialect_insert = postgresql_insert if is_postgresql(connection) else sqlite_insert
    return dialect_insert(table).on_conflict_do_nothing()


@lru_cache(maxsize=32)
def _compiled(statement: Any, dialect: Dialect) -> tuple[str, tuple[str, ...]]:
    """Return a statement as the driver wants it and, if it takes positions, their order."""
    compiled = statement.compile(dialect=dialect)
    positions = getattr(compiled, "positiontup", None) or ()
    return str(compiled), tuple(positions)


def _in_order(values: Mapping[str, Any], order: tuple[str, ...]) -> Any:
    return tuple(values[name] for name in order) if order else dict(values)


def _run(connection: Connection, statement: Any, values: Mapping[str, Any]) -> Any:
    """Run a statement that was built once; return the first row of its result, if it has any."""
    text, order = _compiled(statement, connection.dialect)
    cursor = run(connection, text, _in_order(values, order))
    found = cursor.fetchone() if cursor.description else None
    cursor.close()
    return found


def _lock_head(connection: Connection, chain: str, writer: str) -> tuple[int, str]:
    """Return position and hash of the chain's last row, held until the transaction ends."""
    name = {"of_chain": chain, "of_writer": writer}
    head = _run(connection, _FIND_HEAD, name)
    if head is None:
        # Two processes may start one chain: the second insert waits, then finds the row.
        start = {"chain": chain, "writer": writer, "position": 0, "row_hash": GENESIS}
        connection.execute(insert_ignoring(connection, heads), start)
        head = _run(connection, _FIND_HEAD, name)
    position, previous = head
    return position, previous
