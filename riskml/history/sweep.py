"""The batch kernel of everything that adds up: one walk answers all windows of a key.

Queries come by entity and time. Every event enters a running sum once, and leaves each window
once: the sums of a window are what has entered less what has left it. Then come the
exceptions, row by row and exactly: pending rows that count at the time, and the query's own
outcomes. Only then do integers become floats.
"""

import numpy as np

from riskml.history.additive import add_pending, blank, days_since, drop_own, last_pending
from riskml.history.arrays import I32, I64, MISSING, U64, WHOLE, Float, Int
from riskml.history.compiled import compiled, inlined
from riskml.history.formulas import LAST, LAST_HIT, put, value_of
from riskml.history.sums import difference, include
from riskml.history.views import Answer, Asked, Exceptions, Frames, Program, Rows, Sorted

__all__ = ["new_trail", "sweep_sums"]


def new_trail(program: Program, settled: Sorted) -> I32:
    """Return room for the places of flagged events, for each time since the last of them."""
    wanted = int((program.operation == LAST_HIT).sum())
    longest = int(settled.length.max(initial=0)) if wanted else 0
    return np.empty((len(program.operation) if wanted else 0, longest), np.int32)


@inlined
def _enter(
    entered: U64, groups: I64, program: Program, settled: Sorted, place: Int, trail: I32, tops: I64
) -> None:
    """Add an event; remember where it lies if it is flagged."""
    include(entered, 0, groups, settled.values, place)
    for item in range(len(trail)):
        if program.operation[item] == LAST_HIT:
            for group in range(len(groups)):
                if groups[group, 2] == program.word[item] and settled.values[place, group] == 1:
                    trail[item, tops[item]] = place
                    tops[item] += 1


@inlined
def _last(settled: Sorted, rows: Rows, start: Int, high: Int, unit: Int) -> Int:
    """Return the known time of the last event that is not the query's own, -1 if none."""
    for place in range(start + high - 1, start - 1, -1):
        if unit < 0 or rows.unit[settled.rows[place]] != unit:
            return settled.known[place]
    return -1


@inlined
def _last_flagged(settled: Sorted, rows: Rows, trail: I32, tops: I64, item: Int, unit: Int) -> Int:
    for top in range(tops[item] - 1, -1, -1):
        place = trail[item, top]
        if unit < 0 or rows.unit[settled.rows[place]] != unit:
            return settled.known[place]
    return -1


@compiled
def sweep_sums(
    asked: Asked,
    settled: Sorted,
    exceptions: Exceptions,
    rows: Rows,
    program: Program,
    groups: I64,
    frames: Frames,
    entered: U64,
    left: U64,
    trail: I32,
    tops: I64,
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
    entered, left : (1, words), (w, words) uint64 arrays
        Room for running sums.
    trail, tops : (items, longest) int32 array, (items,) int64 array
        Room for the places of flagged events.
    base : float
        The prior of the rate of everything.
    answer : Answer
        Where to write; the priors computed from other keys are already there.
    """
    spans, pending, own = len(program.windows), exceptions.pending, exceptions.own
    entity, start, length, high = np.int64(-1), np.int64(0), np.int64(0), np.int64(0)
    for query in asked.order:
        code, time, unit = np.int64(asked.codes[query]), asked.times[query], asked.units[query]
        if code == MISSING:
            blank(answer, query, program)
            continue
        if code != entity:
            entity, start, length, high = code, np.int64(0), np.int64(0), np.int64(0)
            frames.lows[:] = 0
            entered[:] = np.uint64(0)
            left[:] = np.uint64(0)
            tops[:] = 0
            if 0 <= code < len(settled.start):
                start, length = settled.start[code], settled.length[code]
        while high < length and settled.known[start + high] < time:
            _enter(entered, groups, program, settled, start + high, trail, tops)
            high += 1
        for frame in range(spans):
            low, span = frames.lows[frame], program.windows[frame]
            if span != WHOLE:
                while low < high and settled.known[start + low] < time - span:
                    include(left, frame, groups, settled.values, start + low)
                    low += 1
            frames.lows[frame], frames.counts[frame] = low, high - low
            difference(frames.words, frame, groups, entered, 0, left, frame)
        if len(pending.entity) > 0:
            add_pending(frames, program, pending, rows, entity, time, unit)
        if len(own.query) > 0:
            drop_own(frames, program, own, rows, query, time)
        for item in range(len(program.target)):
            operation = program.operation[item]
            if operation == LAST:
                last = _last(settled, rows, start, high, unit)
                last = max(last, last_pending(pending, rows, entity, time, unit, -1))
                value = days_since(last, time)
            elif operation == LAST_HIT:
                last = _last_flagged(settled, rows, trail, tops, item, unit)
                column = program.other[item]
                last = max(last, last_pending(pending, rows, entity, time, unit, column))
                value = days_since(last, time)
            else:
                value = value_of(frames, program, item, answer, query, base)
            put(answer, query, program.target[item], value)
