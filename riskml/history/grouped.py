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

_DRAWERS = 256
"""Into so many ranges of entities rows are dealt before each is sorted, if they are many."""

_MANY = 2**20
"""Rows that a processor's cache does not hold."""


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
    rows, shift = store.rows, _shift(placed, size)
    drawers, into = view.start[:: 1 << shift].copy(), view
    if shift:
        into = Sorted(
            view.start,
            view.length,
            scratch.take("dealt known", (placed + 1,), np.int64),
            scratch.take("dealt rows", (placed,), np.int32),
            scratch.take("dealt values", view.values.shape, np.int64),
        )
    _scatter(store.by_known(), settled, rows.known, rows.numbers, columns, shift, drawers, into)
    if shift:
        _sort_drawers(settled, into, view.start.copy(), view)
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
    cursor = np.zeros(size + 1, np.int64)
    _starts(codes, cursor)
    shift = _shift(len(codes), size)
    asked = Asked(
        scratch.take("order", codes.shape, np.int64),
        scratch.take("codes", codes.shape, np.int32),
        scratch.take("times", codes.shape, np.int64),
        units,
    )
    if not shift:
        _deal(codes, times, by_time, 0, cursor, asked)
        return asked
    dealt = Asked(  # where events were dealt: they lie in their groups by now
        scratch.take("dealt values", codes.shape, np.int64),
        scratch.take("dealt rows", codes.shape, np.int32),
        scratch.take("dealt known", codes.shape, np.int64),
        units,
    )
    _deal(codes, times, by_time, shift, cursor[:: 1 << shift].copy(), dealt)
    _sort_dealt(dealt, cursor, asked)
    return asked


def _shift(rows: int, entities: int) -> int:
    """Return how many bits of an entity to leave to a second pass; none if one will do.

    One pass writes to as many places as there are entities. Where neither these nor the rows fit
    in a cache, two passes are quicker: each writes to few places at a time.
    """
    return (entities // _DRAWERS).bit_length() if rows >= _MANY else 0


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
    order: I64,
    entities: I32,
    known: I64,
    numbers: I64,
    columns: I64,
    shift: int,
    cursor: I64,
    view: Sorted,
) -> None:
    """Lay rows, given by known time, into their groups, or into ranges of groups.

    ``cursor`` says where each range of ``2**shift`` entities begins.
    """
    for position in range(len(order)):
        if position + _AHEAD < len(order):
            ahead = entities[order[position + _AHEAD]]
            if ahead >= 0:
                place = cursor[ahead >> shift]
                prefetch(view.known, place)
                prefetch(view.rows, place)
                prefetch(view.values, place * len(columns))
        row = order[position]
        entity = entities[row]
        if entity >= 0:
            place = cursor[entity >> shift]
            cursor[entity >> shift] = place + 1
            view.known[place] = known[row]
            view.rows[place] = row
            for column in range(len(columns)):
                view.values[place, column] = numbers[row, columns[column]]


@compiled
def _sort_drawers(entities: I32, dealt: Sorted, cursor: I64, view: Sorted) -> None:
    """Lay rows from ranges of groups into their groups."""
    for position in range(len(dealt.rows)):
        if position + _AHEAD < len(dealt.rows):
            prefetch(entities, dealt.rows[position + _AHEAD])
        row = dealt.rows[position]
        place = cursor[entities[row]]
        cursor[entities[row]] = place + 1
        view.known[place] = dealt.known[position]
        view.rows[place] = row
        for column in range(view.values.shape[1]):
            view.values[place, column] = dealt.values[position, column]


@compiled
def _starts(codes: I32, cursor: I64) -> None:
    """Write where the queries of each code begin."""
    for code in codes:
        cursor[code - MISSING + 1] += 1
    for place in range(len(cursor) - 1):
        cursor[place + 1] += cursor[place]


@compiled
def _deal(codes: I32, times: I64, by_time: I64, shift: int, cursor: I64, asked: Asked) -> None:
    """Lay queries, given by time, into the order of their codes, or of ranges of codes."""
    for position in range(len(by_time)):
        if position + _AHEAD < len(by_time):
            place = cursor[(codes[by_time[position + _AHEAD]] - MISSING) >> shift]
            prefetch(asked.order, place)
            prefetch(asked.codes, place)
            prefetch(asked.times, place)
        query = by_time[position]
        code = codes[query]
        drawer = (code - MISSING) >> shift
        place = cursor[drawer]
        cursor[drawer] = place + 1
        asked.order[place] = query
        asked.codes[place] = code
        asked.times[place] = times[query]


@compiled
def _sort_dealt(dealt: Asked, cursor: I64, asked: Asked) -> None:
    """Lay queries from ranges of codes into the order of their codes."""
    for position in range(len(dealt.order)):
        code = dealt.codes[position]
        place = cursor[code - MISSING]
        cursor[code - MISSING] = place + 1
        asked.order[place] = dealt.order[position]
        asked.codes[place] = code
        asked.times[place] = dealt.times[position]
