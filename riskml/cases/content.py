"""What a score was made of: the documents as they were known then."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from riskml.ledger import Ledger, ScoreRecord
from riskml.schemas import TABLES

__all__ = ["Content", "content_of", "documents_of"]

Row = Mapping[str, Any]
_TIMES = {
    column.name for table in TABLES.values() for column in table.columns if column.kind == "time"
}


@dataclass(frozen=True)
class Content:
    """The documents of a consignment.

    Attributes
    ----------
    manifest : mapping or None
    lines : sequence of mapping
        Declaration lines; none at ``pre_arrival``.
    """

    manifest: Row | None
    lines: Sequence[Row]

    @property
    def empty(self) -> bool:
        """Whether neither document is known."""
        return self.manifest is None and not self.lines


def content_of(ledger: Ledger, record: ScoreRecord) -> Content:
    """Return what was sent with the request, or the events that it named.

    A consignment that came with the base tables of the history, not as an event, is not in the
    ledger: then the content is empty, and the page says so.
    """
    manifest, lines = documents_of(
        record.request or {},
        {"manifests": record.bill_no, "declarations": record.declaration_id},
        record.container_no,
        lambda table, first: ledger.documents(table, first, record.history_watermark),
    )
    return Content(None if manifest is None else _typed(manifest), [_typed(line) for line in lines])


def documents_of(
    request: Mapping[str, Any],
    named: Mapping[str, str | None],
    container_no: str | None,
    read: Callable[[str, str | None], Sequence[Row]],
) -> tuple[Row | None, list[Row]]:
    """Return the manifest and the lines that were sent, or that the events speak of.

    Parameters
    ----------
    request : mapping
        What was asked; with ``keys`` it named events.
    named : mapping of str to (str or None)
        First part of the rows' identity, by table.
    container_no : str or None
        Of the consignment; of several manifest lines its own is taken.
    read : callable
        Returns the rows of a table that an identity begins, as they were known then.
    """
    if "keys" not in request:
        return request.get("manifest"), list(request.get("lines") or ())
    manifests, lines = (read(table, first) for table, first in named.items())
    own = [row for row in manifests if row.get("container_no") == container_no]
    return next(reversed(own or manifests), None), list(lines)


def _typed(row: Row) -> dict[str, Any]:
    """Return a row with its times as instants, which the ledger keeps as text."""
    return {
        name: datetime.fromisoformat(value) if name in _TIMES and isinstance(value, str) else value
        for name, value in row.items()
    }
