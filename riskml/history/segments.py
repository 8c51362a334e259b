"""Segments: for each entity its settled rows by known time, in as little room as will do.

All segments of a table lie in the same flat arrays. Each place holds the row and a rough time of
it; the exact time and the numbers are read from the row itself. At every 32nd place stand the
running sums of the segment up to there, so that a sum adds up 16 rows at most. A segment that is
full moves to half as much room again; what it leaves serves the next that grows to its size.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from riskml.history.arrays import I32, I64, U64, Array, Int, enlarged
from riskml.history.compiled import compiled, inlined
from riskml.history.sums import exclude, include
from riskml.history.views import Rows, Settled

__all__ = ["BLOCK", "Segments", "prefix", "seek_live", "stamp_of"]

BLOCK = 32

_SIZES = np.unique(np.concatenate(([1, 2, 3], 2 ** np.arange(2, 31), 3 * 2 ** np.arange(1, 29))))
_STAMP = 20  # a rough time is a multiple of 2**20 microseconds, about a second
_LATEST = np.int64(2**32 - 1)


class Segments:
    """The settled rows of a table, grouped by entity.

    Parameters
    ----------
    groups : (g, 3) int64 array
        The number columns to sum (see :mod:`riskml.history.sums`).
    """

    def __init__(self, groups: I64) -> None:
        self.groups = groups
        self.words = int(groups[:, 1].sum())
        self.count = 0
        self._used = np.zeros(1, np.int64)
        self._free = np.full(len(_SIZES), -1, np.int64)
        none = np.zeros(0, np.int32)
        self.view = Settled(none, none, none, np.zeros(0, np.uint32), none, self._marks(0))

    @property
    def wasteful(self) -> bool:
        """Whether most places are unused, so that building anew pays."""
        return int(self._used[0]) > 2 * self.count + 4096

    def state(self) -> dict[str, Any]:
        """Return all arrays, for a snapshot; beyond the places used there is nothing to keep."""
        used = int(self._used[0])
        flat = {"stamp": used, "rows": used, "marks": used // BLOCK + 2}
        view = {name: array[: flat.get(name)] for name, array in self.view._asdict().items()}
        return {"view": view, "used": self._used, "free": self._free, "count": self.count}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        self.view, self.count = Settled(**state["view"]), state["count"]
        self._used, self._free = state["used"], state["free"]

    def build(self, order: I64, entities: I32, size: int, rows: Rows) -> None:
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
        """
        length = np.bincount(entities[entities >= 0], minlength=size)
        places = int(length.sum())
        self.view = Settled(
            start=(np.cumsum(length) - length).astype(np.int32),
            length=np.zeros(size, np.int32),
            capacity=length.astype(np.int32),
            stamp=np.empty(places, np.uint32),
            rows=np.empty(places, np.int32),
            marks=self._marks(places),
        )
        _place(order, entities, rows, self.view)
        _mark_all(self.view, self.groups, rows.numbers)
        self._used[0], self.count = places, places
        self._free[:] = -1

    def insert(self, order: I64, entities: I32, size: int, rows: Rows) -> None:
        """Add rows one by one; parameters as for :meth:`build`."""
        view = self.view
        if size > len(view.start):
            lengths = enlarged(view.length, size)
            lengths[len(view.length) :] = 0
            capacity = enlarged(view.capacity, size)
            capacity[len(view.length) :] = 0
            self.view = view = view._replace(
                start=enlarged(view.start, size), length=lengths, capacity=capacity
            )
        done = 0
        while True:
            done, needed = _insert(
                order, entities, rows, view, self.groups, _SIZES, self._free, self._used, done
            )
            if done == len(order):
                break
            places = int(self._used[0]) + needed
            stamp = enlarged(view.stamp, places)
            self.view = view = view._replace(
                stamp=stamp,
                rows=enlarged(view.rows, len(stamp)),
                marks=enlarged(view.marks, len(stamp) // BLOCK + 2),
            )
        self.count += int((entities >= 0).sum())

    def remove(self, row: int, entity: int, rows: Rows) -> None:
        """Take out a row that is known to be there."""
        _remove(row, entity, rows, self.view, self.groups)
        self.count -= 1

    def _marks(self, places: int) -> U64:
        return np.zeros((places // BLOCK + 2, self.words), np.uint64)


@inlined
def stamp_of(known: Int) -> Int:
    """Return the rough time of a time."""
    return np.uint32(min(max(known >> _STAMP, 0), _LATEST))


@inlined
def seek_live(view: Settled, rows: Rows, start: Int, length: Int, time: Int) -> Int:
    """Return how many of the first ``length`` places of a segment are known before ``time``."""
    low, high, rough = np.int64(0), np.int64(length), stamp_of(time)
    step = np.int64(1)
    while low < high:  # gallop back from the end: what is asked for is mostly recent
        middle = max(high - step, low)
        if _before(view, rows, start + middle, rough, time):
            low = middle + 1
            break
        high = middle
        step *= 2
    while low < high:
        middle = (low + high) // 2
        if _before(view, rows, start + middle, rough, time):
            low = middle + 1
        else:
            high = middle
    return low


@inlined
def _before(view: Settled, rows: Rows, place: Int, rough: Int, time: Int) -> bool:
    stamp = view.stamp[place]
    if stamp != rough:
        return bool(stamp < rough)
    return bool(rows.known[view.rows[place]] < time)


@inlined
def prefix(
    sums: U64,
    into: Int,
    groups: I64,
    view: Settled,
    numbers: I64,
    start: Int,
    length: Int,
    end: Int,
) -> None:
    """Write the sums of the first places of a segment, from the nearer of two marks.

    Parameters
    ----------
    sums, into
        Where to write.
    start, length
        The segment.
    end
        Where the places end, from the beginning of the flat arrays.
    """
    begin = end // BLOCK * BLOCK
    if end - begin > BLOCK // 2 and begin + BLOCK <= start + length:
        for word in range(sums.shape[1]):
            sums[into, word] = view.marks[begin // BLOCK + 1, word]
        for place in range(end, begin + BLOCK):
            exclude(sums, into, groups, numbers, view.rows[place])
        return
    if begin > start:
        for word in range(sums.shape[1]):
            sums[into, word] = view.marks[begin // BLOCK, word]
    else:
        begin = np.int64(start)
        for word in range(sums.shape[1]):
            sums[into, word] = np.uint64(0)
    for place in range(begin, end):
        include(sums, into, groups, numbers, view.rows[place])


@inlined
def _mark(view: Settled, groups: I64, numbers: I64, start: Int, begin: Int, end: Int) -> None:
    """Write the running sums behind places ``begin`` to ``end - 1`` of a segment."""
    if view.marks.shape[1] == 0:
        return
    mark = (start + begin) // BLOCK + 1
    while mark * BLOCK <= start + end:
        first = (mark - 1) * BLOCK
        for word in range(view.marks.shape[1]):
            earlier = view.marks[mark - 1, word] if first > start else np.uint64(0)
            view.marks[mark, word] = earlier
        for place in range(max(first, start), mark * BLOCK):
            include(view.marks, mark, groups, numbers, view.rows[place])
        mark += 1


@compiled
def _place(order: I64, entities: I32, rows: Rows, view: Settled) -> None:
    """Scatter rows, given by known time, to their segments (one pass of a radix sort)."""
    for position in range(len(order)):
        entity = entities[position]
        if entity >= 0:
            place = view.start[entity] + view.length[entity]
            view.stamp[place] = stamp_of(rows.known[order[position]])
            view.rows[place] = order[position]
            view.length[entity] += 1


@compiled
def _mark_all(view: Settled, groups: I64, numbers: I64) -> None:
    for entity in range(len(view.start)):
        start = np.int64(view.start[entity])
        _mark(view, groups, numbers, start, 0, np.int64(view.length[entity]))


@inlined
def _class_of(size: Int, sizes: Array) -> Int:
    """Return the largest class that fits into ``size`` places."""
    low, high = 0, len(sizes) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if sizes[middle] <= size:
            low = middle
        else:
            high = middle - 1
    return low


@compiled
def _insert(
    order: I64,
    entities: I32,
    rows: Rows,
    view: Settled,
    groups: I64,
    sizes: I64,
    free: I64,
    used: I64,
    done: Int,
) -> tuple[Int, Int]:
    """Insert rows until done or out of room; return how many are done and the places needed."""
    for position in range(done, len(order)):
        entity, row = entities[position], order[position]
        if entity < 0:
            continue
        length, start = np.int64(view.length[entity]), np.int64(view.start[entity])
        if length == view.capacity[entity]:
            wider = _class_of(length, sizes) + 1 if length > 0 else 0
            target = free[wider]
            if target >= 0:
                free[wider] = view.rows[target]
            else:
                target = used[0]
                if target + sizes[wider] > len(view.stamp):
                    return position, sizes[wider]
                used[0] += sizes[wider]
            for place in range(length):
                view.stamp[target + place] = view.stamp[start + place]
                view.rows[target + place] = view.rows[start + place]
            if length > 0:
                left = _class_of(length, sizes)
                view.rows[start] = free[left]
                free[left] = start
            start = target
            view.start[entity] = start
            view.capacity[entity] = sizes[wider]
            _mark(view, groups, rows.numbers, start, 0, length)
        begin = seek_live(view, rows, start, length, rows.known[row])
        for place in range(start + length, start + begin, -1):
            view.stamp[place] = view.stamp[place - 1]
            view.rows[place] = view.rows[place - 1]
        view.stamp[start + begin] = stamp_of(rows.known[row])
        view.rows[start + begin] = row
        view.length[entity] = length + 1
        _mark(view, groups, rows.numbers, start, begin, length + 1)
    return len(order), 0


@compiled
def _remove(row: Int, entity: Int, rows: Rows, view: Settled, groups: I64) -> None:
    start, length = np.int64(view.start[entity]), np.int64(view.length[entity])
    begin = seek_live(view, rows, start, length, rows.known[row])
    while view.rows[start + begin] != row:
        begin += 1
    for place in range(start + begin, start + length - 1):
        view.stamp[place] = view.stamp[place + 1]
        view.rows[place] = view.rows[place + 1]
    view.length[entity] = length - 1
    _mark(view, groups, rows.numbers, start, begin, length - 1)
