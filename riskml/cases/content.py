"""What a score was made of: the documents as they were known then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from riskml.ledger import Ledger, ScoreRecord
from riskml.schemas import TABLES

__all__ = ["Content", "content_of"]

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
    request: Mapping[str, Any] = record.request or {}
    if "keys" not in request:
        manifest = request.get("manifest")
        lines = [_typed(line) for line in request.get("lines") or ()]
        return Content(None if manifest is None else _typed(manifest), lines)
    manifests = ledger.documents("manifests", record.bill_no, record.history_watermark)
    own = [row for row in manifests if row.get("container_no") == record.container_no]
    lines = ledger.documents("declarations", record.declaration_id, record.history_watermark)
    return Content(
        _typed((own or manifests)[-1]) if manifests else None, [_typed(line) for line in lines]
    )


def _typed(row: Row) -> dict[str, Any]:
    """Return a row with its times as instants, which the ledger keeps as text."""
    return {
        name: datetime.fromisoformat(value) if name in _TIMES and isinstance(value, str) else value
        for name, value in row.items()
    }
