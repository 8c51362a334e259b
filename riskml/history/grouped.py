"""The rows of a stream grouped by entity, in order of known time: what a batch walks through.

Nothing here grows: a group is built for one pass over one key and thrown away. Numbers lie
beside the times, in the order in which the pass needs them, so that memory is read forwards.
"""

from dataclasses import dataclass

import numpy as np

from riskml.history.arrays import FOREVER, I32, I64, MISSING, Array
from riskml.history.compiled import compiled
from riskml.history.encoding import KeySpace
from riskml.history.pending import pending_rows
from riskml.history.store import Store
from riskml.history.views import Pending, Sorted

__all__ = ["Grouped", "entities_of", "group", "visiting_order"]


@dataclass(frozen=True)
class Grouped:
    """A stream by a key.

    Attributes
    ----------
    settled : Sorted
        Rows that no revision supersedes: they count at every time after they were known.
    pending : Pending
        Rows that count for a limited time only, kept aside.
    """

    settled: Sorted
    pending: Pending


def entities_of(store: Store, keyspace: KeySpace, rows: I64 | slice, size: int) -> I32:
    """Return the entity under which each of ``rows`` counts, ``MISSING`` if under none."""
    entities = keyspace.add(store.text_codes(rows), size)
    if store.scoped:
        counts = store.counts_under(keyspace.columns, rows)
        entities = np.where(counts, entities, MISSING).astype(np.int32)
    return entities


def group(store: Store, keyspace: KeySpace, columns: I64) -> Grouped:
    """Group the rows of a stream by a key.

    Parameters
    ----------
    store : Store
        The stream.
    keyspace : KeySpace
        The key.
    columns : (g,) int64 array
        The number columns to lay beside the times.
    """
    entities = entities_of(store, keyspace, slice(None), store.size)
    settled, pending = entities, pending_rows(store.rows, np.zeros(0, np.int64), entities[:0])
    if store.revised:
        limited = store.rows.expires[: store.size] != FOREVER
        settled = np.where(limited, np.int32(MISSING), entities)
        candidates = np.flatnonzero(limited)
        pending = pending_rows(store.rows, candidates, entities[candidates])
    size = int(settled.max(initial=-1)) + 1
    length = np.zeros(size, np.int64)
    placed = _count(settled, length)
    view = Sorted(
        start=np.cumsum(length) - length,
        length=length,
        known=np.empty(placed, np.int64),
        rows=np.empty(placed, np.int32),
        values=np.empty((placed, len(columns)), np.int64),
    )
    rows = store.rows
    _scatter(store.by_known(), settled, rows.known, rows.numbers, columns, view.start.copy(), view)
    return Grouped(view, pending)


def visiting_order(codes: I32, by_time: I64, entities: int) -> I64:
    """Return queries by entity, then by time.

    Counting sort where it pays: it is linear in queries and entities.
    """
    if 8 * len(codes) < entities:
        order: I64 = by_time[np.argsort(codes[by_time], kind="stable")]
        return order
    size = int(codes.max(initial=0)) + 1 - MISSING
    order = np.empty(len(codes), np.int64)
    _counting_sort(codes, by_time, size, np.zeros(size + 1, np.int64), order)
    return order


@compiled
def _count(entities: I32, length: I64) -> int:
    placed = 0
    for entity in entities:
        if entity >= 0:
            length[entity] += 1
            placed += 1
    return placed


@compiled
def _scatter(
    order: I64, entities: I32, known: I64, numbers: I64, columns: I64, cursor: I64, view: Sorted
) -> None:
    """Lay rows, given by known time, into their groups (one pass of a radix sort)."""
    for row in order:
        entity = entities[row]
        if entity >= 0:
            place = cursor[entity]
            cursor[entity] = place + 1
            view.known[place] = known[row]
            view.rows[place] = row
            for column in range(len(columns)):
                view.values[place, column] = numbers[row, columns[column]]


@compiled
def _counting_sort(codes: I32, by_time: I64, size: int, cursor: I64, order: Array) -> None:
    for code in codes:
        cursor[code - MISSING + 1] += 1
    for place in range(size):
        cursor[place + 1] += cursor[place]
    for query in by_time:
        slot = codes[query] - MISSING
        order[cursor[slot]] = query
        cursor[slot] += 1
