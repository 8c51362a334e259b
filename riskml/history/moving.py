"""The kernel of what does not add up: distinct values, and the position of a price.

It keeps the content of one window as a count for each value: codes of a text column, or steps
of the price grid. Queries come by entity and time, so the window only moves forward: every
event enters and leaves it once at most, whether there are a million queries or one.
"""

import math

import numpy as np

from riskml.history.arrays import ABSENT, I32, MISSING, WHOLE, Float, Int
from riskml.history.compiled import compiled, inlined
from riskml.history.fixed import BIN_SHIFT, BINS, FIRST_BIN, OCTAVE
from riskml.history.formulas import put
from riskml.history.pending import live_before, pending_before
from riskml.history.seeking import seek
from riskml.history.views import Answer, Asked, Bag, Exceptions, Price, Program, Rows, Sorted

__all__ = ["MOVING_OPERATIONS", "answer_moving", "new_bag", "shift", "value_in", "write_values"]

DISTINCT, PRICE_COUNT, PERCENTILE, LOG_RATIO = range(4)

MOVING_OPERATIONS = {
    "distinct": DISTINCT,
    "price_count": PRICE_COUNT,
    "price_percentile": PERCENTILE,
    "price_log_ratio": LOG_RATIO,
}
"""The operation that computes each kind of statistic that does not add up."""

PRESENT, DIFFERENT = 0, 1  # entries of Bag.totals


def new_bag(size: int) -> Bag:
    """Return an empty bag for values below ``size``."""
    octaves = size // OCTAVE + 1
    return Bag(
        np.zeros(octaves * OCTAVE, np.int64), np.zeros(octaves, np.int64), np.zeros(2, np.int64)
    )


@inlined
def _step_of(bits: Int) -> Int:
    """Return the step of the price grid in which a price, given by its bits, lies."""
    return min(max((bits >> BIN_SHIFT) - FIRST_BIN, 0), BINS - 1)


@inlined
def shift(bag: Bag, value: Int, sign: Int) -> None:
    """Put a value into the bag (``sign`` 1) or take it out (-1); a negative one is missing."""
    if value < 0:
        return
    bag.counts[value] += sign
    bag.octaves[value // OCTAVE] += sign
    bag.totals[PRESENT] += sign
    if bag.counts[value] == max(sign, 0):
        bag.totals[DIFFERENT] += sign


@inlined
def value_in(rows: Rows, row: Int, column: Int, priced: bool) -> Int:
    """Return what a row counts as: a text code or a price step, negative if missing."""
    if not priced:
        return np.int64(rows.texts[row, column])
    bits = rows.numbers[row, column]
    return np.int64(-1) if bits == ABSENT else _step_of(bits)


@inlined
def _shift_settled(bag: Bag, content: I32, first: Int, end: Int, sign: Int) -> None:
    for place in range(first, end):
        shift(bag, np.int64(content[place]), sign)


@inlined
def _shift_exceptions(
    bag: Bag,
    exceptions: Exceptions,
    rows: Rows,
    column: Int,
    priced: bool,
    entity: Int,
    time: Int,
    unit: Int,
    query: Int,
    begin: Int,
    sign: Int,
) -> None:
    """Put in the superseded rows that still count, take out the query's own; -1 undoes it."""
    pending, own = exceptions.pending, exceptions.own
    if len(pending.entity) > 0:
        place = pending_before(pending, entity, time)
        place = live_before(pending, place, rows, entity, time, unit)
        while place >= 0 and pending.known[place] >= begin:
            shift(bag, value_in(rows, np.int64(pending.rows[place]), column, priced), sign)
            place = live_before(pending, place, rows, entity, time, unit)
    if len(own.query) > 0:
        mine = seek(own.query, 0, len(own.query), 0, query)
        while mine < len(own.query) and own.query[mine] == query:
            if rows.known[own.row[mine]] >= begin:
                shift(bag, value_in(rows, own.row[mine], column, priced), -sign)
            mine += 1


@inlined
def _percentile(bag: Bag, bits: Int) -> Float:
    """Return the share of prices in lower steps, and half of those in the same step."""
    if bits == ABSENT or bag.totals[PRESENT] == 0:
        return np.nan
    step = _step_of(bits)
    octave = step // OCTAVE
    below = np.int64(0)
    for lower in range(octave):
        below += bag.octaves[lower]
    for lower in range(octave * OCTAVE, step):
        below += bag.counts[lower]
    return (below + 0.5 * bag.counts[step]) / bag.totals[PRESENT]


@inlined
def _median_step(bag: Bag) -> Int:
    """Return the step that holds the (lower) median of a bag that is not empty."""
    rank, octave = (bag.totals[PRESENT] - 1) // 2, np.int64(0)
    while bag.octaves[octave] <= rank:
        rank -= bag.octaves[octave]
        octave += 1
    step = octave * OCTAVE
    while bag.counts[step] <= rank:
        rank -= bag.counts[step]
        step += 1
    return step


@inlined
def _value_of(bag: Bag, operation: Int, price: Price, query: Int) -> Float:
    if operation == DISTINCT:
        return np.float64(bag.totals[DIFFERENT])
    if operation == PRICE_COUNT:
        return np.float64(bag.totals[PRESENT])
    bits = price.bits[query]
    if operation == PERCENTILE:
        return _percentile(bag, bits)
    if bits == ABSENT or bag.totals[PRESENT] == 0:
        return np.nan
    return math.log(price.value[query]) - math.log(price.centres[_median_step(bag)])


@inlined
def write_values(
    bag: Bag, program: Program, frame: Int, price: Price, query: Int, known: bool, answer: Answer
) -> None:
    """Write the statistics of one window; NaN where the key is missing."""
    for item in range(len(program.target)):
        if program.window[item] == frame:
            value = _value_of(bag, program.operation[item], price, query) if known else np.nan
            put(answer, query, program.target[item], value)


@compiled
def answer_moving(
    asked: Asked,
    settled: Sorted,
    exceptions: Exceptions,
    rows: Rows,
    column: Int,
    content: I32,
    price: Price,
    bag: Bag,
    program: Program,
    answer: Answer,
) -> None:
    """Answer the distinct counts, or the price positions, of one column under one key.

    Parameters
    ----------
    asked, settled, exceptions, rows, program, answer
        As for :func:`~riskml.history.sweep.sweep_sums`.
    column : int
        Place of the text or number column.
    content : int32 array
        The same column, as text codes or price steps, in the order of ``settled``.
    price : Price
        The queries' own prices; empty if the column is text.
    bag : Bag
        Empty, with room for every value; it is left empty.
    """
    priced = len(price.centres) > 0
    for frame in range(len(program.windows)):
        span = program.windows[frame]
        entity, start, length = np.int64(-1), np.int64(0), np.int64(0)
        low, high = np.int64(0), np.int64(0)
        for visit in range(len(asked.order)):
            query, code = asked.order[visit], np.int64(asked.codes[visit])
            time, unit = asked.times[visit], asked.units[query]
            if code == MISSING:
                write_values(bag, program, frame, price, query, False, answer)
                continue
            if code != entity:
                _shift_settled(bag, content, start + low, start + high, -1)
                entity, start, length = code, np.int64(0), np.int64(0)
                low, high = np.int64(0), np.int64(0)
                if 0 <= code < len(settled.start):
                    start, length = settled.start[code], settled.length[code]
            begin = np.int64(0) if span == WHOLE else time - span
            top = seek(settled.known, start, length, high, time)
            bottom = seek(settled.known, start, length, low, begin)
            # A window that jumps ahead of itself is emptied, and filled again.
            end, first = start + min(bottom, high), start + max(bottom, high)
            _shift_settled(bag, content, start + low, end, -1)
            _shift_settled(bag, content, first, start + top, 1)
            low, high = bottom, top
            _shift_exceptions(
                bag, exceptions, rows, column, priced, code, time, unit, query, begin, 1
            )
            write_values(bag, program, frame, price, query, True, answer)
            _shift_exceptions(
                bag, exceptions, rows, column, priced, code, time, unit, query, begin, -1
            )
        _shift_settled(bag, content, start + low, start + high, -1)
