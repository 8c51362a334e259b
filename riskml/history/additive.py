"""The kernel of everything that adds up: one pass answers all windows of a key.

A window's sums are the difference of two running sums, whose places are found from those of
the query before. Then come the exceptions, row by row and exactly: pending rows that count at
the time, and the query's own outcomes. Only then do integers become floats.
"""

import numpy as np

from riskml.history.arrays import DAY_US, MISSING, WHOLE, Float, Int
from riskml.history.compiled import compiled, inlined
from riskml.history.formulas import LAST, LAST_HIT, convert, put, value_of
from riskml.history.pending import live_before, pending_before
from riskml.history.segments import seek
from riskml.history.sums import exclude, include, window
from riskml.history.views import (
    Answer,
    Asked,
    Exceptions,
    Frames,
    Own,
    Pending,
    Program,
    Rows,
    Settled,
)

__all__ = [
    "add_pending",
    "answer_sums",
    "blank",
    "days_since",
    "drop_own",
    "last_pending",
    "new_frames",
]


def new_frames(windows: int, words: int) -> Frames:
    """Return room for the windows of one query; kernels allocate nothing themselves."""
    return Frames(
        np.zeros(windows, np.int64),
        np.zeros((windows, words), np.uint64),
        np.zeros((windows, words)),
        np.zeros(windows, np.int64),
    )


@inlined
def blank(answer: Answer, query: Int, program: Program) -> None:
    """Answer a query whose key is missing."""
    for target in program.target:
        put(answer, query, target, np.nan)


@inlined
def _inside(span: Int, known: Int, time: Int) -> bool:
    if span == WHOLE:
        return True
    return bool(known >= time - span)


@inlined
def add_pending(
    frames: Frames,
    program: Program,
    pending: Pending,
    rows: Rows,
    entity: Int,
    time: Int,
    unit: Int,
) -> None:
    """Add the superseded rows that still count at ``time`` to the windows they lie in."""
    place = pending_before(pending, entity, time)
    place = live_before(pending, place, rows, entity, time, unit)
    while place >= 0:
        for frame in range(len(frames.counts)):
            if _inside(program.windows[frame], pending.known[place], time):
                frames.counts[frame] += 1
                include(frames.words, frame, program.groups, rows.numbers, pending.rows[place])
        place = live_before(pending, place, rows, entity, time, unit)


@inlined
def drop_own(frames: Frames, program: Program, own: Own, rows: Rows, query: Int, time: Int) -> None:
    """Take the events of the query's own consignment out of the windows they lie in."""
    place = seek(own.query, 0, len(own.query), 0, query)
    while place < len(own.query) and own.query[place] == query:
        row = own.row[place]
        for frame in range(len(frames.counts)):
            if _inside(program.windows[frame], rows.known[row], time):
                frames.counts[frame] -= 1
                exclude(frames.words, frame, program.groups, rows.numbers, row)
        place += 1


@inlined
def _last(settled: Settled, rows: Rows, start: Int, high: Int, unit: Int) -> Int:
    """Return the known time of the last event that is not the query's own, -1 if none."""
    for place in range(start + high - 1, start - 1, -1):
        if unit < 0 or rows.unit[settled.rows[place]] != unit:
            return settled.known[place]
    return -1


@inlined
def _last_flagged(settled: Settled, rows: Rows, start: Int, high: Int, unit: Int, word: Int) -> Int:
    """Return the same for flagged events: the running sum of the flag rises exactly there."""
    flagged = settled.sums[start + high - 1, word] if high > 0 else np.uint64(0)
    while flagged > np.uint64(0):
        low, top = 0, high - 1
        while low < top:
            middle = (low + top) // 2
            if settled.sums[start + middle, word] < flagged:
                low = middle + 1
            else:
                top = middle
        if unit < 0 or rows.unit[settled.rows[start + low]] != unit:
            return settled.known[start + low]
        flagged -= np.uint64(1)
    return -1


@inlined
def last_pending(
    pending: Pending, rows: Rows, entity: Int, time: Int, unit: Int, column: Int
) -> Int:
    """Return the same for pending rows that count; any row if ``column`` is negative."""
    place = pending_before(pending, entity, time)
    place = live_before(pending, place, rows, entity, time, unit)
    while place >= 0 and column >= 0 and rows.numbers[pending.rows[place], column] != 1:
        place = live_before(pending, place, rows, entity, time, unit)
    return pending.known[place] if place >= 0 else -1


@inlined
def days_since(last: Int, time: Int) -> Float:
    """Return the days from ``last`` to ``time``, NaN if ``last`` is negative."""
    return (time - last) / np.float64(DAY_US) if last >= 0 else np.nan


@compiled
def answer_sums(
    asked: Asked,
    settled: Settled,
    exceptions: Exceptions,
    rows: Rows,
    program: Program,
    frames: Frames,
    base: Float,
    answer: Answer,
) -> None:
    """Answer all additive statistics of one key, and the times since its last event.

    Parameters
    ----------
    asked : Asked
        The queries, in the order to take them.
    settled, exceptions, rows : Settled, Exceptions, Rows
        The table, what does not count as it lies there, and the stream.
    program : Program
        What to compute.
    frames : Frames
        Room to work in.
    base : float
        The prior of the rate of everything.
    answer : Answer
        Where to write; the priors computed from other keys are already there.
    """
    spans, pending, own = len(program.windows), exceptions.pending, exceptions.own
    entity, start, length, high = np.int64(-1), np.int64(0), np.int64(0), np.int64(0)
    for visit in range(len(asked.order)):
        query, code, time = asked.order[visit], np.int64(asked.codes[visit]), asked.times[visit]
        unit = asked.units[query]
        if code == MISSING:
            blank(answer, query, program)
            continue
        if code != entity:
            entity, start, length, high = code, np.int64(0), np.int64(0), np.int64(0)
            frames.lows[:] = 0
            if 0 <= code < len(settled.start):
                start, length = settled.start[code], settled.length[code]
        high = seek(settled.known, start, length, high, time)
        for frame in range(spans):
            low, span = frames.lows[frame], program.windows[frame]
            if span != WHOLE:
                low = seek(settled.known, start, length, low, time - span)
            frames.lows[frame], frames.counts[frame] = low, high - low
            window(frames.words, frame, program.groups, settled.sums, start, low, high)
        if len(pending.entity) > 0:
            add_pending(frames, program, pending, rows, entity, time, unit)
        if len(own.query) > 0:
            drop_own(frames, program, own, rows, query, time)
        convert(frames, program.groups)
        for item in range(len(program.target)):
            operation = program.operation[item]
            if operation == LAST:
                last = _last(settled, rows, start, high, unit)
                last = max(last, last_pending(pending, rows, entity, time, unit, -1))
                value = days_since(last, time)
            elif operation == LAST_HIT:
                last = _last_flagged(settled, rows, start, high, unit, program.word[item])
                column = program.other[item]
                last = max(last, last_pending(pending, rows, entity, time, unit, column))
                value = days_since(last, time)
            else:
                value = value_of(frames, program, item, answer, query, base)
            put(answer, query, program.target[item], value)
