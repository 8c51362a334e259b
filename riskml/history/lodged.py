"""Windows of when a consignment was lodged, of what is known of it: counted row by row.

An outcome that is known lies in such a window if its *consignment* was lodged in it. What was
lodged in a window became known in it too (nothing is known of a consignment before it is lodged),
so the rows to look at are those known in the window; those lodged before it are left out.
Running sums by known time cannot tell them apart, and therefore each row is looked at.
"""

import numpy as np

from riskml.history.additive import blank
from riskml.history.arrays import I64, MISSING, Float, Int
from riskml.history.compiled import compiled, inlined
from riskml.history.formulas import convert, put, value_of
from riskml.history.pending import live_before, pending_before
from riskml.history.seeking import seek
from riskml.history.sums import include
from riskml.history.views import Answer, Asked, Frames, Pending, Program, Rows, Sorted

__all__ = ["answer_lodged", "clear", "take_lodged", "take_pending_lodged"]


@inlined
def clear(frames: Frames, frame: Int) -> None:
    """Make a window empty."""
    frames.counts[frame] = 0
    for word in range(frames.words.shape[1]):
        frames.words[frame, word] = np.uint64(0)


@inlined
def take_lodged(
    frames: Frames,
    frame: Int,
    groups: I64,
    rows: Rows,
    row: Int,
    column: Int,
    begin: Int,
    unit: Int,
) -> None:
    """Count a settled row that was lodged at ``begin`` or later, unless it is the query's own."""
    if rows.numbers[row, column] < begin or (unit >= 0 and rows.unit[row] == unit):
        return
    frames.counts[frame] += 1
    include(frames.words, frame, groups, rows.numbers, row)


@inlined
def take_pending_lodged(
    frames: Frames,
    frame: Int,
    groups: I64,
    pending: Pending,
    rows: Rows,
    column: Int,
    entity: Int,
    begin: Int,
    time: Int,
    unit: Int,
) -> None:
    """Count the superseded rows that still count at ``time`` and were lodged in the window."""
    place = live_before(pending, pending_before(pending, entity, time), rows, entity, time, unit)
    while place >= 0 and pending.known[place] >= begin:
        take_lodged(frames, frame, groups, rows, pending.rows[place], column, begin, -1)
        place = live_before(pending, place, rows, entity, time, unit)


@compiled
def answer_lodged(
    asked: Asked,
    settled: Sorted,
    pending: Pending,
    rows: Rows,
    column: Int,
    program: Program,
    frames: Frames,
    base: Float,
    answer: Answer,
) -> None:
    """Answer the statistics of lodged windows of one key.

    Parameters
    ----------
    asked : Asked
        The queries.
    settled : Sorted
        The rows by entity.
    pending : Pending
        Superseded rows.
    rows : Rows
        The stream.
    column : int
        The number column that holds when the consignment was lodged.
    program : Program
        The statistics.
    frames : Frames
        Room for the windows of a query.
    base : float
        The prior of the rate of everything.
    answer : Answer
        Where to write.
    """
    for position in range(len(asked.order)):
        query, code, time = asked.order[position], asked.codes[position], asked.times[position]
        if code == MISSING:
            blank(answer, query, program)
            continue
        unit = np.int64(asked.units[query])
        start, length = np.int64(0), np.int64(0)
        if 0 <= code < len(settled.start):
            start, length = settled.start[code], settled.length[code]
        high = seek(settled.known, start, length, length, time)
        for frame in range(len(program.windows)):
            begin = time - program.windows[frame]
            clear(frames, frame)
            low = seek(settled.known, start, high, high, begin)
            for place in range(start + low, start + high):
                row = settled.rows[place]
                take_lodged(frames, frame, program.groups, rows, row, column, begin, unit)
            take_pending_lodged(
                frames, frame, program.groups, pending, rows, column, code, begin, time, unit
            )
        convert(frames, program.groups)
        for item in range(len(program.target)):
            value = value_of(frames, program, item, answer, query, base)
            put(answer, query, program.target[item], value)
