"""The rows of a stream grouped by entity, in order of known time: what a batch walks through.

Nothing here grows: a group is built for one pass over one key and thrown away. Numbers lie
beside the times, in the order in which the pass needs them, so that memory is read forwards.
"""

from dataclasses import dataclass

import numpy as np

from riskml.history.arrays import FOREVER, I32, I64, MISSING, Scratch
from riskml.history.compiled import compiled
from riskml.history.encoding import KeySpace
from riskml.history.instructions import prefetch
from riskml.history.pending import pending_rows
from riskml.history.store import Store
from riskml.history.views import Asked, Pending, Sorted

__all__ = ["Grouped", "entities_of", "group", "visiting_order"]

_AHEAD = 12
"""So many rows ahead memory is fetched."""


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


def group(store: Store, keyspace: KeySpace, columns: I64, scratch: Scratch) -> Grouped:
    """Group the rows of a stream by a key.

    Parameters
    ----------
    store : Store
        The stream.
    keyspace : KeySpace
        The key.
    columns : (g,) int64 array
        The number columns to lay beside the times.
    scratch : Scratch
        Where the result lies.
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
        known=scratch.take("known", (placed + 1,), np.int64),  # one to look at beyond the last
        rows=scratch.take("rows", (placed,), np.int32),
        values=scratch.take("values", (placed, len(columns)), np.int64),
    )
    rows = store.rows
    _scatter(store.by_known(), settled, rows.known, rows.numbers, columns, view.start.copy(), view)
    return Grouped(view, pending)


def visiting_order(
    codes: I32, times: I64, by_time: I64, units: I32, entities: int, scratch: Scratch
) -> Asked:
    """Return queries by entity, then by time.

    Counting sort where it pays: it is linear in queries and entities.
    """
    if 8 * len(codes) < entities:
        order = by_time[np.argsort(codes[by_time], kind="stable")]
        return Asked(order, codes[order], times[order], units)
    size = int(codes.max(initial=0)) + 1 - MISSING
    asked = Asked(
        scratch.take("order", codes.shape, np.int64),
        scratch.take("codes", codes.shape, np.int32),
        scratch.take("times", codes.shape, np.int64),
        units,
    )
    _counting_sort(codes, times, by_time, size, np.zeros(size + 1, np.int64), asked)
    return asked


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
    for position in range(len(order)):
        if position + _AHEAD < len(order):
            ahead = entities[order[position + _AHEAD]]
            if ahead >= 0:
                place = cursor[ahead]
                prefetch(view.known, place)
                prefetch(view.rows, place)
                prefetch(view.values, place * len(columns))
        row = order[position]
        entity = entities[row]
        if entity >= 0:
            place = cursor[entity]
            cursor[entity] = place + 1
            view.known[place] = known[row]
            view.rows[place] = row
            for column in range(len(columns)):
                view.values[place, column] = numbers[row, columns[column]]


@compiled
def _counting_sort(
    codes: I32, times: I64, by_time: I64, size: int, cursor: I64, asked: Asked
) -> None:
    for code in codes:
        cursor[code - MISSING + 1] += 1
    for place in range(size):
        cursor[place + 1] += cursor[place]
    for position in range(len(by_time)):
        if position + _AHEAD < len(by_time):
            place = cursor[codes[by_time[position + _AHEAD]] - MISSING]
            prefetch(asked.order, place)
            prefetch(asked.codes, place)
            prefetch(asked.times, place)
        query = by_time[position]
        code = codes[query]
        place = cursor[code - MISSING]
        cursor[code - MISSING] = place + 1
        asked.order[place] = query
        asked.codes[place] = code
        asked.times[place] = times[query]
