"""Segments: for each entity its settled rows by known time, with running sums.

All segments lie in the same flat arrays. A segment has spare places behind it; one that is
full moves to the end with twice the room, so that appending costs constant time each.
"""

import numpy as np

from riskml.history.arrays import I32, I64, Int, grown
from riskml.history.compiled import compiled, inlined
from riskml.history.sums import accumulate
from riskml.history.views import Rows, Settled

__all__ = ["Segments", "seek"]

_LEAST_ROOM = 4
_SPARE = 8  # one spare place for so many rows


class Segments:
    """The settled rows of a table, grouped by entity.

    Parameters
    ----------
    groups : (g, 3) int64 array
        The number columns to sum (see :mod:`riskml.history.sums`).
    """

    def __init__(self, groups: I64) -> None:
        self.groups = groups
        self.used = 0
        self.count = 0
        none = np.zeros(0, np.int64)
        words = int(groups[:, 1].sum())
        self.view = Settled(
            start=none,
            length=none,
            capacity=none,
            known=none,
            rows=np.zeros(0, np.int32),
            sums=np.zeros((0, words), np.uint64),
        )

    def build(self, order: I64, entities: I32, size: int, rows: Rows, *, spare: bool) -> None:
        """Place rows at once.

        Parameters
        ----------
        order : int64 array
            The rows, by known time.
        entities : int32 array
            The entity of each of them, negative to leave it out.
        size : int
            Number of entities.
        rows : Rows
            The records themselves.
        spare : bool
            Leave room for rows to come: a segment without any moves as soon as one does.
        """
        length = np.bincount(entities[entities >= 0], minlength=size).astype(np.int64)
        capacity = length + length // _SPARE + 1 if spare else length
        start = np.cumsum(capacity) - capacity
        places = int(capacity.sum())
        self.view = Settled(
            start=start,
            length=np.zeros(size, np.int64),
            capacity=capacity.copy(),
            known=np.empty(places, np.int64),
            rows=np.empty(places, np.int32),
            sums=np.empty((places, self.view.sums.shape[1]), np.uint64),
        )
        _place(order, entities, rows, self.view)
        _accumulate_all(self.view, self.groups, rows.numbers)
        self.used, self.count = places, int(length.sum())

    def insert(self, order: I64, entities: I32, size: int, rows: Rows) -> None:
        """Add rows one by one; parameters as for :meth:`build`."""
        view = self.view
        self.view = view._replace(
            start=grown(view.start, size),
            length=grown(view.length, size),
            capacity=grown(view.capacity, size),
        )
        done = 0
        while True:
            done, self.used = _insert(
                order, entities, rows, self.view, self.groups, done, self.used
            )
            if done == len(order):
                break
            self._make_room(int(entities[done]))
        self.count += int((entities >= 0).sum())

    def remove(self, row: int, entity: int, rows: Rows) -> None:
        """Take out a row that is known to be there."""
        _remove(row, entity, rows, self.view, self.groups)
        self.count -= 1

    def _make_room(self, entity: int) -> None:
        view = self.view
        places = self.used + _room(int(view.length[entity]))
        self.view = view._replace(
            known=grown(view.known, places),
            rows=grown(view.rows, places),
            sums=grown(view.sums, places),
        )


@compiled
def _room(length: Int) -> Int:
    return max(_LEAST_ROOM, 2 * length)


@inlined
def seek(known: I64, start: Int, length: Int, hint: Int, time: Int) -> Int:
    """Return how many places of a segment are known before ``time``, strictly.

    ``hint`` is a guess, such as the last answer: the search gallops from it, so that queries
    in order of time cost next to nothing, and any others a binary search.
    """
    if hint > 0 and known[start + hint - 1] >= time:
        low, high = 0, hint - 1
    else:
        low, high, step = hint, hint, 1
        while high < length and known[start + high] < time:
            low = high + 1
            high = low + step
            step *= 2
        high = min(high, length)
    while low < high:
        middle = (low + high) // 2
        if known[start + middle] < time:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def _place(order: I64, entities: I32, rows: Rows, view: Settled) -> None:
    """Scatter rows, given by known time, to their segments (one pass of a radix sort)."""
    for position in range(len(order)):
        entity = entities[position]
        if entity >= 0:
            place = view.start[entity] + view.length[entity]
            view.known[place] = rows.known[order[position]]
            view.rows[place] = order[position]
            view.length[entity] += 1


@compiled
def _accumulate_all(view: Settled, groups: I64, numbers: I64) -> None:
    for entity in range(len(view.start)):
        accumulate(
            view.sums, view.rows, groups, numbers, view.start[entity], 0, view.length[entity]
        )


@inlined
def _move(view: Settled, entity: Int, target: Int, room: Int) -> None:
    start, length = view.start[entity], view.length[entity]
    for place in range(length):
        view.known[target + place] = view.known[start + place]
        view.rows[target + place] = view.rows[start + place]
        for word in range(view.sums.shape[1]):
            view.sums[target + place, word] = view.sums[start + place, word]
    view.start[entity] = target
    view.capacity[entity] = room


@compiled
def _insert(
    order: I64, entities: I32, rows: Rows, view: Settled, groups: I64, done: Int, used: Int
) -> tuple[Int, Int]:
    """Insert rows until done or out of room; return how many are done and places used."""
    for position in range(done, len(order)):
        entity, row = entities[position], order[position]
        if entity < 0:
            continue
        length = view.length[entity]
        if length == view.capacity[entity]:
            room = _room(length)
            if used + room > len(view.known):
                return position, used
            _move(view, entity, used, room)
            used += room
        start = view.start[entity]
        begin = seek(view.known, start, length, length, rows.known[row])
        for place in range(start + length, start + begin, -1):
            view.known[place] = view.known[place - 1]
            view.rows[place] = view.rows[place - 1]
        view.known[start + begin] = rows.known[row]
        view.rows[start + begin] = row
        view.length[entity] = length + 1
        accumulate(view.sums, view.rows, groups, rows.numbers, start, begin, length + 1)
    return len(order), used


@compiled
def _remove(row: Int, entity: Int, rows: Rows, view: Settled, groups: I64) -> None:
    start, length = view.start[entity], view.length[entity]
    begin = seek(view.known, start, length, 0, rows.known[row])
    while view.rows[start + begin] != row:
        begin += 1
    for place in range(start + begin, start + length - 1):
        view.known[place] = view.known[place + 1]
        view.rows[place] = view.rows[place + 1]
    view.length[entity] = length - 1
    accumulate(view.sums, view.rows, groups, rows.numbers, start, begin, length - 1)
