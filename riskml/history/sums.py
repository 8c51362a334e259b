"""Running sums of a segment, and the difference of two of them: the sums of a window.

The sums of a number column take one word (a flag: how many are set), three (how many are
present, and their sum in 128 bits, low word first), or five (the sum of their squares too).
"""

import numpy as np

from riskml.history import wide
from riskml.history.arrays import ABSENT, I32, I64, U64, Int, Word
from riskml.history.compiled import inlined

__all__ = [
    "FLAG_WORDS",
    "SQUARE_WORDS",
    "SUM_WORDS",
    "accumulate",
    "difference",
    "exclude",
    "include",
    "window",
]

FLAG_WORDS, SUM_WORDS, SQUARE_WORDS = 1, 3, 5


@inlined
def _add_pair(sums: U64, place: Int, word: Int, high: Word, low: Word) -> None:
    sums[place, word + 1], sums[place, word] = wide.add(
        sums[place, word + 1], sums[place, word], high, low
    )


@inlined
def _subtract_pair(sums: U64, place: Int, word: Int, high: Word, low: Word) -> None:
    sums[place, word + 1], sums[place, word] = wide.subtract(
        sums[place, word + 1], sums[place, word], high, low
    )


@inlined
def include(sums: U64, place: Int, groups: I64, numbers: I64, row: Int) -> None:
    """Add the numbers of a row to the sums in ``place``."""
    for group in range(len(groups)):
        column, words, word = groups[group]
        value = numbers[row, column]
        if value == ABSENT:
            continue
        if words == FLAG_WORDS:
            sums[place, word] += np.uint64(value)
            continue
        sums[place, word] += np.uint64(1)
        high, low = wide.widened(value)
        _add_pair(sums, place, word + 1, high, low)
        if words == SQUARE_WORDS:
            high, low = wide.square(value)
            _add_pair(sums, place, word + 3, high, low)


@inlined
def exclude(sums: U64, place: Int, groups: I64, numbers: I64, row: Int) -> None:
    """Take the numbers of a row out of the sums in ``place``."""
    for group in range(len(groups)):
        column, words, word = groups[group]
        value = numbers[row, column]
        if value == ABSENT:
            continue
        if words == FLAG_WORDS:
            sums[place, word] -= np.uint64(value)
            continue
        sums[place, word] -= np.uint64(1)
        high, low = wide.widened(value)
        _subtract_pair(sums, place, word + 1, high, low)
        if words == SQUARE_WORDS:
            high, low = wide.square(value)
            _subtract_pair(sums, place, word + 3, high, low)


@inlined
def accumulate(
    sums: U64, rows: I32, groups: I64, numbers: I64, start: Int, begin: Int, end: Int
) -> None:
    """Recompute the running sums of places ``begin`` to ``end - 1`` of the segment at ``start``."""
    for place in range(start + begin, start + end):
        for word in range(sums.shape[1]):
            sums[place, word] = np.uint64(0) if place == start else sums[place - 1, word]
        include(sums, place, groups, numbers, rows[place])


@inlined
def window(
    frames: U64, frame: Int, groups: I64, sums: U64, start: Int, low: Int, high: Int
) -> None:
    """Write the sums of places ``low`` to ``high - 1`` of the segment at ``start``."""
    for word in range(sums.shape[1]):
        frames[frame, word] = sums[start + high - 1, word] if high > low else np.uint64(0)
    if low == 0 or high == low:
        return
    bottom = start + low - 1
    for group in range(len(groups)):
        words, word = groups[group, 1], groups[group, 2]
        frames[frame, word] -= sums[bottom, word]
        for pair in range(word + 1, word + words, 2):
            _subtract_pair(frames, frame, pair, sums[bottom, pair + 1], sums[bottom, pair])


@inlined
def difference(frames: U64, frame: Int, groups: I64, sums: U64, high: Int, low: Int) -> None:
    """Write running sums in ``high`` less those in ``low``."""
    for group in range(len(groups)):
        words, word = groups[group, 1], groups[group, 2]
        frames[frame, word] = sums[high, word] - sums[low, word]
        for pair in range(word + 1, word + words, 2):
            top, bottom = wide.subtract(
                sums[high, pair + 1], sums[high, pair], sums[low, pair + 1], sums[low, pair]
            )
            frames[frame, pair + 1], frames[frame, pair] = top, bottom
