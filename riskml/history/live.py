"""The kernel of the live index: one call answers all keys, windows and statistics of a query.

It sees the tables by the addresses of their arrays (:mod:`riskml.history.directory`), because a
compiled function takes microseconds to unpack a hundred arrays. What it computes with is shared
with the batch kernel: the sums of a window are exact integers, however they were found, and one
formula turns them into a number.
"""

import numpy as np

from riskml.history.additive import add_pending, blank, days_since, inside, last_pending
from riskml.history.arrays import F64, FOREVER, I32, I64, MISSING, UNSEEN, WHOLE, Float, Int
from riskml.history.compiled import compiled, inlined
from riskml.history.encoding import EMPTY, slot_of
from riskml.history.formulas import LAST, LAST_HIT, convert, put, value_of
from riskml.history.instructions import (
    float64_rows,
    int32_rows,
    int32s,
    int64_rows,
    int64s,
    uint32s,
    uint64_rows,
)
from riskml.history.lodged import clear, take_lodged, take_pending_lodged
from riskml.history.moving import shift, value_in, write_values
from riskml.history.pending import live_before, pending_before
from riskml.history.segments import BLOCK, prefix, seek_live
from riskml.history.sums import difference, exclude
from riskml.history.views import Answer, Bag, Frames, Pending, Price, Program, Rows, Settled

__all__ = ["answer_all"]


@inlined
def _entity(pairs: I64, first: Int, columns: I64, codes: I32, query: Int) -> Int:
    """Return the entity of a query under a key."""
    if len(columns) == 0:
        return np.int64(0)
    combined = np.int64(codes[query, columns[0]])
    for level in range(len(columns) - 1):
        code = np.int64(codes[query, columns[level + 1]])
        if combined == MISSING or code == MISSING:
            combined = np.int64(MISSING)
        elif combined == UNSEEN or code == UNSEEN:
            combined = np.int64(UNSEEN)
        else:
            packed = int64s(pairs[first + level, 0], pairs[first + level, 2])
            slot = slot_of(packed, (combined << 32) | code, EMPTY)
            if packed[slot] == EMPTY:
                combined = np.int64(UNSEEN)
            else:
                combined = np.int64(int32s(pairs[first + level, 1], pairs[first + level, 2])[slot])
    return combined


@inlined
def _rows(stream: I64) -> Rows:
    n = stream[0]
    none = int64s(stream[1], 0)
    no_codes = int32s(stream[3], 0)
    return Rows(
        int64s(stream[1], n),
        int64s(stream[2], n),
        none,
        no_codes,
        int32s(stream[3], n if stream[9] > 0 else 0),
        int32s(stream[4], n),
        int32_rows(stream[5], n, stream[6]),
        int64_rows(stream[7], n, stream[8]),
    )


@inlined
def _settled(table: I64) -> Settled:
    size, places = table[0], table[1]
    return Settled(
        int32s(table[2], size),
        int32s(table[3], size),
        int32s(table[3], 0),
        uint32s(table[4], places),
        int32s(table[5], places),
        uint64_rows(table[6], places // BLOCK + 2, table[7]),
    )


@inlined
def _pending(table: I64) -> Pending:
    n = table[12]
    return Pending(
        int32s(table[8], n), int32s(table[9], n), int64s(table[10], n), int64s(table[11], n)
    )


@inlined
def _is_own(rows: Rows, row: Int, own: I64, codes: I32, query: Int, scope: Int, time: Int) -> bool:
    """Tell whether a settled row of the query's unit lies under the query's key."""
    if rows.known[row] >= time or rows.expires[row] != FOREVER:
        return False
    if rows.scope[row] >= 0 and rows.scope[row] != scope:
        return False
    half = len(own) // 2
    for place in range(half):
        if rows.texts[row, own[half + place]] != codes[query, own[place]]:
            return False
    return True


@inlined
def _last(settled: Settled, rows: Rows, start: Int, high: Int, unit: Int) -> Int:
    for place in range(start + high - 1, start - 1, -1):
        row = settled.rows[place]
        if unit < 0 or rows.unit[row] != unit:
            return rows.known[row]
    return -1


@inlined
def _last_flagged(
    settled: Settled, rows: Rows, start: Int, high: Int, unit: Int, column: Int, word: Int
) -> Int:
    """Return the same for flagged events, skipping blocks without any."""
    place = start + high - 1
    while place >= start:
        mark = place // BLOCK
        whole = place % BLOCK == BLOCK - 1 and mark * BLOCK > start
        if whole and settled.marks[mark, word] == settled.marks[mark + 1, word]:
            place -= BLOCK
            continue
        row = settled.rows[place]
        if rows.numbers[row, column] == 1 and (unit < 0 or rows.unit[row] != unit):
            return rows.known[row]
        place -= 1
    return -1


@compiled
def answer_all(
    tables: I64,
    streams: I64,
    pairs: I64,
    columns: I64,
    steps: I64,
    items: I64,
    factor: F64,
    windows: I64,
    groups: I64,
    room: I64,
    codes: I32,
    times: I64,
    units: I32,
    bits: I64,
    prices: F64,
    centres: F64,
    base: Float,
    asked: F64,
    hidden: F64,
) -> None:
    """Answer all statistics of some queries.

    Parameters
    ----------
    tables, streams, pairs, columns, steps, items, factor, windows, groups, room
        See :class:`~riskml.history.directory.Directory`.
    codes : (m, texts) int32 array
        The text codes of the queries.
    times, units : (m,) int64 and int32 arrays
    bits, prices : (p, m) int64 and float64 arrays
        Own prices, in stored form and as numbers.
    centres : float64 array
        The price in the middle of each step of the grid.
    base : float
        The prior of the rate of everything.
    asked, hidden : (m, statistics) float64 arrays
        Where to write.
    """
    answer = Answer(asked, hidden)
    for query in range(len(times)):
        time = times[query]
        for number in range(len(steps)):
            step = steps[number]
            table = tables[step[0]]
            stream = streams[table[13]]
            first, last = step[1], step[2]
            program = Program(
                windows[step[3] : step[4]],
                groups[step[5] : step[6]],
                items[0][first:last],
                items[1][first:last],
                items[2][first:last],
                items[3][first:last],
                items[4][first:last],
                items[5][first:last],
                items[6][first:last],
                factor[first:last],
            )
            own = columns[table[15] : table[15] + 2 * table[16]]
            code = _entity(pairs, table[14], own[: table[16]], codes, query)
            if code == MISSING:
                blank(answer, query, program)
                continue
            settled, rows, pending = _settled(table), _rows(stream), _pending(table)
            unit = np.int64(units[query]) if stream[9] > 0 else np.int64(MISSING)
            start, length = np.int64(0), np.int64(0)
            if 0 <= code < len(settled.start):
                start, length = np.int64(settled.start[code]), np.int64(settled.length[code])
            high = seek_live(settled, rows, start, length, time)
            link = np.int64(0)
            if 0 <= unit < stream[12]:
                link = np.int64(int32s(stream[10], stream[12])[unit])
            before = int32s(stream[11], stream[13])
            if step[7] >= 0:  # values are counted one by one
                value_bag = Bag(
                    int64s(step[9], step[11]), int64s(step[10], step[11]), int64s(room[3], 2)
                )
                priced = step[8] >= 0
                column = step[7]
                own_price = max(step[8], 0)
                price = Price(bits[own_price], prices[own_price], centres)
                for frame in range(len(program.windows)):
                    span = program.windows[frame]
                    begin = np.int64(0) if span == WHOLE else time - span
                    low = seek_live(settled, rows, start, high, begin)
                    for sign in (1, -1):
                        for place in range(start + low, start + high):
                            row = np.int64(settled.rows[place])
                            shift(value_bag, value_in(rows, row, column, priced), sign)
                        place = pending_before(pending, code, time)
                        place = live_before(pending, place, rows, code, time, unit)
                        while place >= 0 and pending.known[place] >= begin:
                            row = np.int64(pending.rows[place])
                            shift(value_bag, value_in(rows, row, column, priced), sign)
                            place = live_before(pending, place, rows, code, time, unit)
                        mine = link
                        while mine > 0:
                            row = mine - 1
                            if rows.known[row] >= begin and _is_own(
                                rows, row, own, codes, query, table[17], time
                            ):
                                shift(value_bag, value_in(rows, row, column, priced), -sign)
                            mine = np.int64(before[row])
                        if sign == 1:
                            write_values(value_bag, program, frame, price, query, True, answer)
                continue
            words, spans = settled.marks.shape[1], len(program.windows)
            frames = Frames(
                int64s(room[0], spans),
                uint64_rows(room[1], spans, words),
                float64_rows(room[2], spans, words),
                int64s(room[0], 0),
            )
            if step[12] >= 0:  # what was lodged in a window is told row by row
                for frame in range(spans):
                    begin = time - program.windows[frame]
                    clear(frames, frame)
                    low = seek_live(settled, rows, start, high, begin)
                    for place in range(start + low, start + high):
                        row = np.int64(settled.rows[place])
                        take_lodged(frames, frame, program.groups, rows, row, step[12], begin, unit)
                    take_pending_lodged(
                        frames, frame, program.groups, pending, rows, step[12], code, begin, time,
                        unit,
                    )  # fmt: skip
                convert(frames, program.groups)
                for item in range(len(program.target)):
                    value = value_of(frames, program, item, answer, query, base)
                    put(answer, query, program.target[item], value)
                continue
            ends = uint64_rows(room[4], 2, words)
            prefix(ends, 0, program.groups, settled, rows.numbers, start, length, start + high)
            for frame in range(spans):
                span, low = program.windows[frame], np.int64(0)
                if span != WHOLE:
                    low = seek_live(settled, rows, start, high, time - span)
                prefix(ends, 1, program.groups, settled, rows.numbers, start, length, start + low)
                frames.counts[frame] = high - low
                difference(frames.words, frame, program.groups, ends, 0, 1)
            if len(pending.entity) > 0:
                add_pending(frames, program, pending, rows, code, time, unit)
            while link > 0:
                row = link - 1
                if _is_own(rows, row, own, codes, query, table[17], time):
                    for frame in range(spans):
                        if inside(program.windows[frame], rows.known[row], time):
                            frames.counts[frame] -= 1
                            exclude(frames.words, frame, program.groups, rows.numbers, row)
                link = np.int64(before[row])
            convert(frames, program.groups)
            for item in range(len(program.target)):
                operation = program.operation[item]
                if operation == LAST:
                    latest = _last(settled, rows, start, high, unit)
                    latest = max(latest, last_pending(pending, rows, code, time, unit, -1))
                    value = days_since(latest, time)
                elif operation == LAST_HIT:
                    column, word = program.other[item], program.word[item]
                    latest = _last_flagged(settled, rows, start, high, unit, column, word)
                    latest = max(latest, last_pending(pending, rows, code, time, unit, column))
                    value = days_since(latest, time)
                else:
                    value = value_of(frames, program, item, answer, query, base)
                put(answer, query, program.target[item], value)
