"""The batch kernel of everything that adds up: one walk answers all windows of a key.

Queries come by entity and time. Every event enters the running sums of its entity once; the sums
of a window are the difference of two of them, whose places only move forward. The room for
running sums is used again for the next entity, so that it stays near the processor. Then come the
exceptions, row by row and exactly: pending rows that count at the time, and the query's own
outcomes. Only then do integers become floats.
"""

import numpy as np

from riskml.history.additive import add_pending, blank, days_since, drop_own, last_pending
from riskml.history.arrays import I64, MISSING, U64, WHOLE, Float, Int
from riskml.history.compiled import compiled, inlined
from riskml.history.formulas import LAST, LAST_HIT, convert, put, value_of
from riskml.history.instructions import prefetch
from riskml.history.sums import difference, include
from riskml.history.views import Answer, Asked, Exceptions, Frames, Program, Rows, Sorted

__all__ = ["sweep_sums"]


_AHEAD = 8
"""So many queries ahead the memory for the answer is fetched: a batch answers out of order."""

_LINE = 8
"""Numbers in a line of the processor's cache."""


@inlined
def _enter(sums: U64, groups: I64, settled: Sorted, start: Int, high: Int) -> None:
    """Add one more event of the group at ``start`` to its running sums."""
    for word in range(sums.shape[1]):
        sums[high + 1, word] = sums[high, word]
    include(sums, high + 1, groups, settled.values, start + high)


@inlined
def _last(settled: Sorted, rows: Rows, start: Int, high: Int, unit: Int) -> Int:
    """Return the known time of the last event that is not the query's own, -1 if none."""
    for place in range(start + high - 1, start - 1, -1):
        if unit < 0 or rows.unit[settled.rows[place]] != unit:
            return settled.known[place]
    return -1


@inlined
def _last_flagged(
    settled: Sorted, rows: Rows, sums: U64, start: Int, high: Int, unit: Int, word: Int
) -> Int:
    """Return the same for flagged events: the running sum of the flag rises exactly there."""
    flagged = sums[high, word]
    while flagged > np.uint64(0):
        low, top = 0, high - 1
        while low < top:
            middle = (low + top) // 2
            if sums[middle + 1, word] < flagged:
                low = middle + 1
            else:
                top = middle
        if unit < 0 or rows.unit[settled.rows[start + low]] != unit:
            return settled.known[start + low]
        flagged -= np.uint64(1)
    return -1


@inlined
def _span(program: Program, columns: Int) -> tuple[Int, Int]:
    """Return the columns to fetch ahead: none if those of this key do not lie side by side."""
    first, last = columns, np.int64(0)
    for target in program.target:
        if target < columns:
            first, last = min(first, target), max(last, target + 1)
    if last - first > 2 * len(program.target):
        return np.int64(0), np.int64(0)
    return first, last


@compiled
def sweep_sums(
    asked: Asked,
    settled: Sorted,
    exceptions: Exceptions,
    rows: Rows,
    program: Program,
    groups: I64,
    frames: Frames,
    sums: U64,
    base: Float,
    answer: Answer,
) -> None:
    """Answer all additive statistics of one key, and the times since its last event.

    Parameters
    ----------
    asked : Asked
        The queries, in the order to take them: by entity, then by time.
    settled, exceptions, rows : Sorted, Exceptions, Rows
        The grouped rows, what does not count as it lies there, and the stream.
    program : Program
        What to compute.
    groups : (g, 3) int64 array
        Of the program, with the columns of ``settled.values``.
    frames : Frames
        Room for the windows of a query.
    sums : (1 + longest, words) uint64 array
        Room for the running sums of the longest group, after a row of zeros.
    base : float
        The prior of the rate of everything.
    answer : Answer
        Where to write; the priors computed from other keys are already there.
    """
    lasts = False
    for item in range(len(program.operation)):
        lasts |= program.operation[item] >= LAST
    spans, pending, own = len(program.windows), exceptions.pending, exceptions.own
    entity, start, length, high = np.int64(-1), np.int64(0), np.int64(0), np.int64(0)
    excepted = len(pending.entity) > 0 or len(own.query) > 0
    columns, visits = answer.asked.shape[1], len(asked.order)
    first, last_column = _span(program, columns)
    unit = np.int64(MISSING)
    for visit in range(visits):
        query, code, time = asked.order[visit], np.int64(asked.codes[visit]), asked.times[visit]
        if visit + _AHEAD < visits:
            ahead = asked.order[visit + _AHEAD] * columns
            for column in range(first, last_column, _LINE):
                prefetch(answer.asked, ahead + column)
        if excepted or lasts:
            unit = np.int64(asked.units[query])
        if code == MISSING:
            blank(answer, query, program)
            continue
        if code != entity:
            entity, start, length, high = code, np.int64(0), np.int64(0), np.int64(0)
            frames.lows[:] = 0
            if 0 <= code < len(settled.start):
                start, length = settled.start[code], settled.length[code]
        while high < length and settled.known[start + high] < time:
            _enter(sums, groups, settled, start, high)
            high += 1
        for frame in range(spans):
            low, span = frames.lows[frame], program.windows[frame]
            if span != WHOLE:
                while low < high and settled.known[start + low] < time - span:
                    low += 1
            frames.lows[frame], frames.counts[frame] = low, high - low
            difference(frames.words, frame, groups, sums, high, low)
        if len(pending.entity) > 0:
            add_pending(frames, program, pending, rows, entity, time, unit)
        if len(own.query) > 0:
            drop_own(frames, program, own, rows, query, time)
        convert(frames, groups)
        for item in range(len(program.target)):
            operation = program.operation[item]
            if operation == LAST:
                last = _last(settled, rows, start, high, unit)
                last = max(last, last_pending(pending, rows, entity, time, unit, -1))
                value = days_since(last, time)
            elif operation == LAST_HIT:
                last = _last_flagged(settled, rows, sums, start, high, unit, program.word[item])
                column = program.other[item]
                last = max(last, last_pending(pending, rows, entity, time, unit, column))
                value = days_since(last, time)
            else:
                value = value_of(frames, program, item, answer, query, base)
            put(answer, query, program.target[item], value)
