"""Rows that count for a limited time: those a later revision superseded.

They are few, and those that count at one given time are fewer still. A query scans them back
in time and stops where every earlier one has expired.
"""

import numpy as np

from riskml.history.arrays import FOREVER, I32, I64, Int
from riskml.history.compiled import compiled, inlined
from riskml.history.views import Pending, Rows

__all__ = ["live_before", "pending_before", "pending_rows"]


def pending_rows(rows: Rows, candidates: I64, entities: I32) -> Pending:
    """Keep those of ``candidates`` that count for a limited time, in the order of scanning."""
    known, expires = rows.known[candidates], rows.expires[candidates]
    limited = np.flatnonzero((known < expires) & (expires < FOREVER) & (entities >= 0))
    limited = limited[np.lexsort((known[limited], entities[limited]))]
    entity = entities[limited].astype(np.int32)
    latest = expires[limited]
    _running_maximum(entity, latest)
    return Pending(entity, candidates[limited].astype(np.int32), known[limited], latest)


@compiled
def _running_maximum(entity: I32, latest: I64) -> None:
    for place in range(1, len(entity)):
        if entity[place] == entity[place - 1]:
            latest[place] = max(latest[place], latest[place - 1])


@inlined
def pending_before(pending: Pending, entity: Int, time: Int) -> Int:
    """Return how many places lie before ``(entity, time)``."""
    low, high = 0, len(pending.entity)
    while low < high:
        middle = (low + high) // 2
        other = pending.entity[middle]
        if other < entity or (other == entity and pending.known[middle] < time):
            low = middle + 1
        else:
            high = middle
    return low


@inlined
def live_before(pending: Pending, place: Int, rows: Rows, entity: Int, time: Int, unit: Int) -> Int:
    """Return the nearest earlier place whose row counts at ``time``, -1 if there is none.

    Rows of the consignment ``unit`` do not count.
    """
    while place > 0:
        place -= 1
        if pending.entity[place] != entity or pending.latest[place] < time:
            return -1
        row = pending.rows[place]
        if rows.expires[row] >= time and (unit < 0 or rows.unit[row] != unit):
            return place
    return -1
