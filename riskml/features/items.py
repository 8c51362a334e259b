"""Payloads of arriving consignments turned into a batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from riskml.errors import HistoryError
from riskml.features.batch import Batch, Columns
from riskml.features.rows import Row, RowColumns, microseconds, objects

__all__ = ["Item", "batch_of_items", "consignment_id_of"]


@dataclass(frozen=True)
class Item:
    """One consignment to score, with its content.

    Attributes
    ----------
    manifest : mapping or None
        Manifest row: text, numbers, aware datetimes; needed at ``pre_arrival``.
    lines : sequence of mappings
        Declaration lines; at least one at ``declaration``.
    decision_time : datetime
        Aware instant; history is seen as known strictly before it.
    """

    manifest: Row | None
    lines: Sequence[Row]
    decision_time: datetime


def batch_of_items(stage: str, items: Sequence[Item]) -> Batch:
    """Fill a batch from payloads.

    Raises
    ------
    HistoryError
        If an item lacks the content its stage is decided on.
    """
    lines: list[Row] = []
    owner: list[int] = []
    for position, item in enumerate(items):
        own = _own_lines(stage, item, position)
        lines += own
        owner += [position] * len(own)
    owners = np.array(owner, dtype=np.int64)
    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    manifests = [] if stage == "pre_arrival" else [item.manifest or {} for item in items]
    head = _heads(items, lines, starts)
    return Batch(stage, head, RowColumns(lines), RowColumns(manifests), owners, starts)


def _own_lines(stage: str, item: Item, position: int) -> list[Row]:
    if stage == "pre_arrival":
        if item.manifest is None:
            raise HistoryError(f"item {position} has no manifest", "a pre_arrival item needs one")
        return [item.manifest]
    if not item.lines:
        raise HistoryError(
            f"item {position} has no declaration line", "a declaration item needs at least one"
        )
    return sorted(
        item.lines, key=lambda row: (str(row.get("declaration_id")), row.get("line_no") or 0)
    )


def _heads(items: Sequence[Item], lines: Sequence[Row], starts: np.ndarray) -> Columns:
    firsts = [lines[start] for start in starts]
    names = ("bill_no", "container_no", "declaration_id", "office", "mode")
    heads = {name: objects(row.get(name) for row in firsts) for name in names}
    heads["consignment_id"] = objects(map(consignment_id_of, firsts))
    times = [microseconds(item.decision_time) for item in items]
    heads["decision_time"] = np.array(times, dtype=np.int64)
    return heads


def consignment_id_of(row: Row) -> str:
    """Spell the identifier as :func:`riskml.datasets.consignments.consignment_id` does."""
    bill, container = row.get("bill_no"), row.get("container_no")
    if bill is None:
        return f"declaration:{row.get('declaration_id')}"
    return bill if container is None else f"{bill}|{container}"
