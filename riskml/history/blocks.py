"""A block of queries from places to numbers: one formula at a time over all of them.

Which formula to use is decided once for a block, not once for a number, and a loop over
neighbours in memory is one the compiler can run four at a time.
"""

import numpy as np

from riskml.history import wide
from riskml.history.additive import add_pending, days_since, drop_own, last_pending
from riskml.history.arrays import I64, U64, Float, Int
from riskml.history.compiled import inlined
from riskml.history.formulas import (
    COUNT,
    FIRST,
    FLAG,
    LAST,
    MEAN,
    SHARE,
    STD,
    SUM,
    TREND,
    deviation_of,
    mean_of,
    prior_of,
    put,
    rate_of,
    sum_of,
)
from riskml.history.instructions import stream
from riskml.history.pending import live_before, pending_before
from riskml.history.running import squares_in, sum_in, words_in
from riskml.history.seeking import seek
from riskml.history.sums import FLAG_WORDS, SQUARE_WORDS
from riskml.history.views import Answer, Block, Exceptions, Frames, Program, Rows, Sorted

__all__ = ["BLOCK", "evaluate", "last", "measure", "mend", "new_block", "write"]

BLOCK = 64
"""Queries in a block: all its numbers lie in the first cache of the processor."""

_PAD = 8
"""Unused places after each line of a block: without them lines would share places in the cache."""


def new_block(program: Program) -> Block:
    """Return room for a block; kernels allocate nothing themselves."""
    windows, groups, items = len(program.windows), len(program.groups), len(program.target)
    room = BLOCK + _PAD
    sums, places = (windows, groups, room), np.zeros((6, room), np.int64)
    return Block(
        query=places[0],
        code=places[1],
        time=places[2],
        start=places[3],
        base=places[4],
        top=places[5],
        bottom=np.zeros((windows, room), np.int64),
        counts=np.zeros((windows, room)),
        present=np.zeros(sums),
        totals=np.zeros(sums),
        spreads=np.zeros(sums),
        results=np.zeros((items, room)),
        items=np.argsort(program.target),
    )


@inlined
def measure(block: Block, size: Int, groups: I64, lay: I64, sums: U64) -> None:
    """Turn the places of every window into its counts and sums."""
    for frame in range(len(block.bottom)):
        for i in range(size):
            block.counts[frame, i] = np.float64(block.top[i] - block.bottom[frame, i])
        for group in range(len(groups)):
            _present(block, frame, group, size, groups, lay, sums)
            _totals(block, frame, group, size, lay, sums)
            if groups[group, 1] == SQUARE_WORDS:
                _spreads(block, frame, group, size, lay, sums)


@inlined
def _present(
    block: Block, frame: Int, group: Int, size: Int, groups: I64, lay: I64, sums: U64
) -> None:
    word = lay[group, 0]
    if word < 0:
        for i in range(size):
            block.present[frame, group, i] = block.counts[frame, i]
    else:
        for i in range(size):
            count = sums[block.top[i], word] - sums[block.bottom[frame, i], word]
            block.present[frame, group, i] = np.float64(np.int64(count))


@inlined
def _totals(block: Block, frame: Int, group: Int, size: Int, lay: I64, sums: U64) -> None:
    low, high = lay[group, 1], lay[group, 2]
    if high < 0:
        for i in range(size):
            total = sums[block.top[i], low] - sums[block.bottom[frame, i], low]
            block.totals[frame, group, i] = np.float64(np.int64(total))
    else:
        for i in range(size):
            more, less = sum_in(sums, low, high, block.top[i], block.bottom[frame, i])
            block.totals[frame, group, i] = wide.real(more, less)


@inlined
def _spreads(block: Block, frame: Int, group: Int, size: Int, lay: I64, sums: U64) -> None:
    low, high, squares = lay[group, 1], lay[group, 2], lay[group, 3]
    for i in range(size):
        count, spread = block.present[frame, group, i], 0.0
        if count >= 2:
            top, bottom = block.top[i], block.bottom[frame, i]
            spread = wide.spread(
                np.uint64(np.int64(count)),
                *sum_in(sums, low, high, top, bottom),
                *squares_in(sums, squares, top, bottom),
            )
        block.spreads[frame, group, i] = spread


@inlined
def mend(
    block: Block,
    i: Int,
    frames: Frames,
    program: Program,
    groups: I64,
    lay: I64,
    sums: U64,
    exceptions: Exceptions,
    rows: Rows,
    unit: Int,
) -> None:
    """Correct a query by the exceptions, row by row and exactly, if there are any for it."""
    pending, own = exceptions.pending, exceptions.own
    query, entity, time = block.query[i], block.code[i], block.time[i]
    place = pending_before(pending, entity, time)
    some = live_before(pending, place, rows, entity, time, unit) >= 0
    mine = seek(own.query, 0, len(own.query), 0, query)
    if not some and (mine == len(own.query) or own.query[mine] != query):
        return
    for frame in range(len(program.windows)):
        frames.counts[frame] = block.top[i] - block.bottom[frame, i]
        words_in(frames.words, frame, groups, lay, sums, block.top[i], block.bottom[frame, i])
    add_pending(frames, program, pending, rows, entity, time, unit)
    drop_own(frames, program, own, rows, query, time)
    for frame in range(len(program.windows)):
        block.counts[frame, i] = np.float64(frames.counts[frame])
        for group in range(len(groups)):
            _take_over(block, i, frames, frame, group, groups)


@inlined
def _take_over(block: Block, i: Int, frames: Frames, frame: Int, group: Int, groups: I64) -> None:
    words, first = frames.words, groups[group, 2]
    count = np.float64(words[frame, first])
    block.present[frame, group, i] = block.totals[frame, group, i] = count
    if groups[group, 1] == FLAG_WORDS:
        return
    high, low = words[frame, first + 2], words[frame, first + 1]
    block.totals[frame, group, i] = wide.real(high, low)
    if groups[group, 1] == SQUARE_WORDS:
        block.spreads[frame, group, i] = wide.spread(
            words[frame, first], high, low, words[frame, first + 4], words[frame, first + 3]
        )


@inlined
def _group_of(groups: I64, word: Int) -> Int:
    """Return the group of sums that begins with a word."""
    for group in range(len(groups)):
        if groups[group, 2] == word:
            return group
    return 0


@inlined
def evaluate(
    block: Block,
    size: Int,
    program: Program,
    line: Int,
    answer: Answer,
    base: Float,
) -> None:
    """Compute one line of results for all queries; not a time since the last event."""
    item = block.items[line]
    operation, frame = program.operation[item], program.window[item]
    group, factor = _group_of(program.groups, program.word[item]), program.factor[item]
    if operation == COUNT:
        for i in range(size):
            block.results[line, i] = block.counts[frame, i]
    elif operation == FLAG:
        for i in range(size):
            block.results[line, i] = block.totals[frame, group, i]
    elif operation == SUM:
        for i in range(size):
            block.results[line, i] = sum_of(block.totals[frame, group, i], factor)
    elif operation == MEAN:
        for i in range(size):
            block.results[line, i] = mean_of(
                block.totals[frame, group, i], block.present[frame, group, i], factor
            )
    elif operation == STD:
        for i in range(size):
            block.results[line, i] = deviation_of(
                block.spreads[frame, group, i], block.present[frame, group, i], factor
            )
    else:
        _compare(block, size, program, line, group, answer, base)


@inlined
def _compare(
    block: Block, size: Int, program: Program, line: Int, group: Int, answer: Answer, base: Float
) -> None:
    """Compute a statistic that divides one count by another, or asks whether it is none."""
    item = block.items[line]
    operation, frame, other = program.operation[item], program.window[item], program.other[item]
    for i in range(size):
        count = block.counts[frame, i]
        if operation == FIRST:
            value = 1.0 if count == 0 else 0.0
        elif operation == TREND:
            value = count / block.counts[other, i]
        else:
            prior = prior_of(answer, block.query[i], program, item, base)
            if operation == SHARE:
                value = count / prior
            else:
                flagged = block.totals[frame, group, i]
                value = rate_of(flagged, count, program.factor[item], prior)
        block.results[line, i] = value


@inlined
def last(
    block: Block,
    i: Int,
    program: Program,
    item: Int,
    settled: Sorted,
    exceptions: Exceptions,
    rows: Rows,
    sums: U64,
    lay: I64,
    unit: Int,
) -> Float:
    """Return the days since the last event, or the last flagged one."""
    entity, time = block.code[i], block.time[i]
    column: Int = np.int64(-1)
    found: Int = np.int64(-1)
    if program.operation[item] == LAST:
        found = _last(block, i, settled, rows, unit)
    else:
        column = program.other[item]
        word = lay[_group_of(program.groups, program.word[item]), 1]
        found = _last_flagged(block, i, settled, rows, sums, word, unit)
    return days_since(
        max(found, last_pending(exceptions.pending, rows, entity, time, unit, column)), time
    )


@inlined
def _last(block: Block, i: Int, settled: Sorted, rows: Rows, unit: Int) -> Int:
    """Return the known time of the last event that is not the query's own, -1 if none."""
    start = block.start[i]
    for place in range(start + block.top[i] - block.base[i] - 1, start - 1, -1):
        if unit < 0 or rows.unit[settled.rows[place]] != unit:
            return settled.known[place]
    return -1


@inlined
def _last_flagged(
    block: Block, i: Int, settled: Sorted, rows: Rows, sums: U64, word: Int, unit: Int
) -> Int:
    """Return the same for flagged events: the running sum of the flag rises exactly there."""
    start, base = block.start[i], block.base[i]
    flagged = sums[block.top[i], word]
    while flagged > sums[base, word]:
        low, top = base, block.top[i] - 1
        while low < top:
            middle = (low + top) // 2
            if sums[middle + 1, word] < flagged:
                low = middle + 1
            else:
                top = middle
        place = start + low - base
        if unit < 0 or rows.unit[settled.rows[place]] != unit:
            return settled.known[place]
        flagged -= np.uint64(1)
    return -1


@inlined
def write(block: Block, size: Int, program: Program, answer: Answer, streamed: bool) -> None:
    """Write the results; past the caches if ``streamed``: then their columns are neighbours."""
    items, columns = len(program.target), answer.asked.shape[1]
    first = np.int64(program.target[block.items[0]]) if streamed else np.int64(0)
    for i in range(size):
        query = block.query[i]
        if streamed:
            place = query * columns + first
            for line in range(items):
                stream(answer.asked, place + line, block.results[line, i])
        else:
            for line in range(items):
                put(answer, query, program.target[block.items[line]], block.results[line, i])
