"""Running sums of a batch: one row of words after each event, as narrow as the numbers allow.

Rows follow one another through all entities: a window is the difference of two rows, whatever was
added before both. A word that can be derived is not kept: how many numbers are present where none
is missing, the high word of sums that provably stay below 2**63. Either way a window has the same
integers.
"""

import numpy as np

from riskml.history import wide
from riskml.history.arrays import ABSENT, F64, I64, U64, Int, Word
from riskml.history.compiled import compiled, inlined
from riskml.history.sums import FLAG_WORDS, SQUARE_WORDS

__all__ = ["enter", "lay_out", "squares_in", "sum_in", "summarise", "words_in"]

_NONE = -1
_SAFE = 2.0**62
"""Sums of magnitudes, added up as floats, are wrong by far less than the other half."""


def summarise(numbers: I64) -> tuple[I64, F64]:
    """Return, for each stored number column, how many are missing and the sum of magnitudes."""
    absent = np.zeros(numbers.shape[1], np.int64)
    magnitude = np.zeros(numbers.shape[1])
    _summarise(numbers, absent, magnitude)
    return absent, magnitude


def lay_out(groups: I64, absent: I64, magnitude: F64) -> tuple[I64, int]:
    """Return the words to keep of each group of sums, and how many these are in all.

    Parameters
    ----------
    groups : (g, 3) int64 array
        Of a program.
    absent, magnitude : arrays
        What :func:`summarise` says of the number columns.

    Returns
    -------
    (g, 4) int64 array
        Where to find how many are present, the low and the high word of the sum, and the
        low word of the sum of squares; negative where it is not kept.
    """
    lay, first = np.full((len(groups), 4), _NONE, np.int64), 0
    for group, (column, words, _) in enumerate(groups.tolist()):
        kept = [1]
        if words > FLAG_WORDS:
            kept += [0] if absent[column] else []
            kept += [2] if magnitude[column] >= _SAFE else []
        for place in sorted(kept):
            lay[group, place], first = first, first + 1
        if words == SQUARE_WORDS:
            lay[group, 3], first = first, first + 2
    return lay, first


@compiled
def _summarise(numbers: I64, absent: I64, magnitude: F64) -> None:
    for row in range(len(numbers)):
        for column in range(len(absent)):
            value = numbers[row, column]
            if value == ABSENT:
                absent[column] += 1
            else:
                magnitude[column] += abs(np.float64(value))


@inlined
def enter(sums: U64, lay: I64, values: I64, event: Int, place: Int) -> None:
    """Write the row of ``place``: the one before it, and the numbers of an event."""
    for word in range(sums.shape[1]):
        sums[place, word] = sums[place - 1, word]
    for group in range(len(lay)):
        value = values[event, group]
        if value == ABSENT:
            continue
        present, low, high, squares = lay[group]
        if present >= 0:
            sums[place, present] += np.uint64(1)
        if high >= 0:
            more_high, more_low = wide.widened(value)
            sums[place, high], sums[place, low] = wide.add(
                sums[place, high], sums[place, low], more_high, more_low
            )
        else:
            sums[place, low] += np.uint64(value)
        if squares >= 0:
            more_high, more_low = wide.square(value)
            sums[place, squares + 1], sums[place, squares] = wide.add(
                sums[place, squares + 1], sums[place, squares], more_high, more_low
            )


@inlined
def sum_in(sums: U64, low: Int, high: Int, top: Int, bottom: Int) -> tuple[Word, Word]:
    """Return the sum between two rows, as 128 bits; ``low`` and ``high`` are its words."""
    if high >= 0:
        return wide.subtract(sums[top, high], sums[top, low], sums[bottom, high], sums[bottom, low])
    return wide.widened(np.int64(sums[top, low] - sums[bottom, low]))


@inlined
def squares_in(sums: U64, squares: Int, top: Int, bottom: Int) -> tuple[Word, Word]:
    """Return the sum of squares between two rows, as 128 bits."""
    return wide.subtract(
        sums[top, squares + 1], sums[top, squares], sums[bottom, squares + 1], sums[bottom, squares]
    )


@inlined
def words_in(
    words: U64, frame: Int, groups: I64, lay: I64, sums: U64, top: Int, bottom: Int
) -> None:
    """Write all words of the window between two rows, as a program lays them out."""
    for group in range(len(groups)):
        first = groups[group, 2]
        present, low, high, squares = lay[group]
        if groups[group, 1] == FLAG_WORDS:
            words[frame, first] = sums[top, low] - sums[bottom, low]
            continue
        words[frame, first] = np.uint64(top - bottom)
        if present >= 0:
            words[frame, first] = sums[top, present] - sums[bottom, present]
        words[frame, first + 2], words[frame, first + 1] = sum_in(sums, low, high, top, bottom)
        if squares >= 0:
            words[frame, first + 4], words[frame, first + 3] = squares_in(
                sums, squares, top, bottom
            )
