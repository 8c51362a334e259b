"""The batch kernel of everything that adds up: one walk answers all windows of a key.

Queries come by entity and time. Every event enters the running sums once; the sums of a window
are the difference of two rows of them, whose places only move forward. Room for running sums is
used again and again, so that it stays near the processor. The walk finds the places of a block of
queries; then come the exceptions, row by row and exactly: pending rows that count at the time, and
the query's own outcomes. Only then do integers become floats, a formula at a time.
"""

import numpy as np

from riskml.history.additive import blank
from riskml.history.arrays import I64, MISSING, U64, WHOLE, Float, Int
from riskml.history.blocks import BLOCK, evaluate, last, measure, mend, write
from riskml.history.compiled import compiled, inlined
from riskml.history.formulas import LAST
from riskml.history.instructions import fence, prefetch
from riskml.history.running import enter
from riskml.history.views import (
    Answer,
    Asked,
    Block,
    Exceptions,
    Frames,
    Program,
    Rows,
    Sorted,
)

__all__ = ["ROOM", "sweep_sums"]

ROOM = 4096
"""Rows of running sums after which the next entity begins at the first row again."""

_LINE = 8
"""Numbers in a line of the processor's cache."""


@inlined
def _side_by_side(program: Program, columns: Int) -> bool:
    """Tell whether the answers to a query fill lines of memory, or nearly."""
    first, end = columns, np.int64(0)
    for target in program.target:
        first, end = min(first, target), max(end, target + 1)
    return bool(end <= columns and end - first == len(program.target) and end - first >= _LINE)


@inlined
def _advance(known: I64, low: Int, high: Int, begin: Int) -> Int:
    """Return the first place from ``low`` on, up to ``high``, that is known at ``begin`` or later.

    Two steps without a branch: how far a window moves cannot be foreseen.
    """
    low += (low < high) & (known[low] < begin)
    low += (low < high) & (known[low] < begin)
    while low < high and known[low] < begin:
        low += 1
    return low


@compiled
def sweep_sums(
    asked: Asked,
    settled: Sorted,
    exceptions: Exceptions,
    rows: Rows,
    program: Program,
    groups: I64,
    lay: I64,
    frames: Frames,
    block: Block,
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
    lay : (g, 4) int64 array
        The words of running sums: :func:`~riskml.history.running.lay_out`.
    frames, block : Frames, Block
        Room for the windows of one query, and of a block of them.
    sums : (ROOM + 1 + longest, words) uint64 array
        Room for running sums.
    base : float
        The prior of the rate of everything.
    answer : Answer
        Where to write; the priors computed from other keys are already there.
    """
    lasts = False
    for item in range(len(program.operation)):
        lasts |= program.operation[item] >= LAST
    windows, known, columns = len(program.windows), settled.known, answer.asked.shape[1]
    excepted = len(exceptions.pending.entity) > 0 or len(exceptions.own.query) > 0
    streamed = _side_by_side(program, columns)
    entity, start, length = np.int64(-1), np.int64(0), np.int64(0)
    row, high, visit = np.int64(0), np.int64(0), np.int64(0)
    sums[0] = 0
    while visit < len(asked.order):
        size = np.int64(0)
        while size < BLOCK and visit < len(asked.order):
            query, code, time = asked.order[visit], np.int64(asked.codes[visit]), asked.times[visit]
            if code == MISSING:
                blank(answer, query, program)
                visit += 1
                continue
            if code != entity:
                if row + high > ROOM:
                    if size > 0:
                        break
                    row, high = np.int64(0), np.int64(0)
                    sums[0] = 0
                entity, row = code, row + high
                start, length, high = np.int64(0), np.int64(0), np.int64(0)
                frames.lows[:] = 0
                if 0 <= code < len(settled.start):
                    start, length = settled.start[code], settled.length[code]
            if not streamed:
                for target in program.target:
                    if target < columns:
                        prefetch(answer.asked, query * columns + target)
            while high < length and known[start + high] < time:
                enter(sums, lay, settled.values, start + high, row + high + 1)
                high += 1
            for frame in range(windows):
                low, span = frames.lows[frame], program.windows[frame]
                if span != WHOLE:
                    low = _advance(known, start + low, start + high, time - span) - start
                frames.lows[frame], block.bottom[frame, size] = low, row + low
            block.query[size], block.code[size], block.time[size] = query, code, time
            block.start[size], block.base[size], block.top[size] = start, row, row + high
            visit, size = visit + 1, size + 1
        measure(block, size, groups, lay, sums)
        if excepted:
            for i in range(size):
                unit = np.int64(asked.units[block.query[i]])
                mend(block, i, frames, program, groups, lay, sums, exceptions, rows, unit)
        for line in range(len(block.items)):
            item = block.items[line]
            if program.operation[item] < LAST:
                evaluate(block, size, program, line, answer, base)
                continue
            for i in range(size):
                unit = np.int64(asked.units[block.query[i]])
                block.results[line, i] = last(
                    block, i, program, item, settled, exceptions, rows, sums, lay, unit
                )
        write(block, size, program, answer, streamed)
    fence()
