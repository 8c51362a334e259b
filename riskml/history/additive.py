"""What both kernels of everything that adds up have in common: the exceptions, row by row."""

import numpy as np

from riskml.history.arrays import DAY_US, WHOLE, Float, Int
from riskml.history.compiled import inlined
from riskml.history.formulas import put
from riskml.history.pending import live_before, pending_before
from riskml.history.seeking import seek
from riskml.history.sums import exclude, include
from riskml.history.views import (
    Answer,
    Frames,
    Own,
    Pending,
    Program,
    Rows,
)

__all__ = [
    "add_pending",
    "blank",
    "days_since",
    "drop_own",
    "inside",
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
def inside(span: Int, known: Int, time: Int) -> bool:
    """Tell whether a time lies in a window; the caller knows that it lies before its end."""
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
            if inside(program.windows[frame], pending.known[place], time):
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
            if inside(program.windows[frame], rows.known[row], time):
                frames.counts[frame] -= 1
                exclude(frames.words, frame, program.groups, rows.numbers, row)
        place += 1


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
