"""Numbers as fixed-width text, vocabularies and times as Arrow arrays, without loops over rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute

__all__ = [
    "FixedText",
    "Words",
    "choice",
    "container_numbers",
    "fours",
    "joined",
    "number_text",
    "reals",
    "scrambled",
    "taken",
    "times",
]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# ISO 6346: letters count from 10 on, skipping the multiples of 11.
_LETTER_VALUE = dict(zip(_LETTERS, [v for v in range(10, 39) if v % 11], strict=True))
_FOURS = np.array([f"{n:04d}".encode() for n in range(10_000)], dtype="S4").view("<u4")
_SPARE = 4
# Weighted sums of the three upper and three lower figures of a serial number, places 4 to 9.
_THREE = np.arange(1000)[:, None] // np.array([100, 10, 1]) % 10
_UPPER_SUM, _LOWER_SUM = (_THREE << np.arange(4, 7)).sum(1), (_THREE << np.arange(7, 10)).sum(1)
_CHECK_FIGURE = (np.arange(11) % 10 + ord("0")).astype(np.uint8)
TIME = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class Words:
    """A vocabulary: words by their numbers.

    A word may stand under several numbers, but is kept once: where an Arrow dictionary holds a
    word twice, the page that Parquet makes of it ends in uninitialised memory, so that files would
    differ from run to run and leak what the process held.

    Attributes
    ----------
    distinct : pyarrow.StringArray
        Each word once.
    place : ndarray of int32, shape (n,)
        Where the word of each number stands in ``distinct``.
    """

    distinct: pa.StringArray
    place: np.ndarray

    def __len__(self) -> int:
        """Return how many numbers there are."""
        return len(self.place)

    @classmethod
    def of(cls, texts: Sequence[str] | pa.StringArray) -> Self:
        """Return the vocabulary of texts, numbered in their order."""
        coded = pa.array(texts, pa.string()).dictionary_encode()
        return cls(coded.dictionary, coded.indices.to_numpy(zero_copy_only=False))

    @classmethod
    def side_by_side(cls, columns: Sequence[pa.StringArray]) -> Self:
        """Return the vocabulary of columns of ``n`` rows, numbered row by row."""
        below = cls.of(pa.concat_arrays(columns))
        return cls(below.distinct, below.place.reshape(len(columns), -1).T.ravel())

    def followed_by(self, texts: Sequence[str]) -> "Words":
        """Return the vocabulary with further texts, numbered on."""
        both = Words.of(pa.concat_arrays([self.distinct, pa.array(texts, pa.string())]))
        place = np.concatenate([both.place[self.place], both.place[len(self.distinct) :]])
        return Words(both.distinct, place)


def taken(texts: Sequence[str], numbers: np.ndarray) -> pa.StringArray:
    """Return texts by their numbers."""
    return pa.array(texts, pa.string()).take(pa.array(numbers))


def joined(*parts: pa.StringArray | str) -> pa.StringArray:
    """Return the parts of each row one after the other; a single text goes into every row."""
    return pa.compute.binary_join_element_wise(*parts, "")


class FixedText:
    """Rows of ASCII text of one width in the making, filled from left to right.

    Four characters are written at a time, as one 32-bit number looked up in a table: division of
    64-bit integers and single characters are slow. Figures whose number four does not divide begin
    up to three places early, over what stands there; so what stands before figures is written after
    them, and the buffer begins three spare places before its first row.

    Parameters
    ----------
    size : int
        Number of rows.
    width : int
        Characters of a row.
    """

    def __init__(self, size: int, width: int) -> None:
        self._size, self._width = size, width
        self._buffer = np.empty(_SPARE + size * width, dtype=np.uint8)

    def figures(self, place: int, values: np.ndarray, count: int) -> None:
        """Write the last ``count`` decimal digits of numbers, four at least, zeros in front."""
        groups, rest = [], values
        for _ in range(-(-count // 4)):
            upper = rest // 10_000
            groups.append(rest - upper * 10_000)
            rest = upper
        end = place + count
        for before_end in range(len(groups), 0, -1):
            self.four(end - 4 * before_end, _FOURS[groups[before_end - 1]])

    def four(self, place: int, codes: np.ndarray) -> None:
        """Write four characters of each row, given as one number of 32 bits (see `fours`)."""
        self._column("<u4", place)[...] = codes

    def letters(self, place: int, codes: np.ndarray | int) -> None:
        """Write one character of each row, given by its ASCII code."""
        self._column("u1", place)[...] = codes

    def finish(self, valid: np.ndarray | None = None) -> pa.StringArray:
        """Return the rows as text, missing where not ``valid``."""
        offsets = np.arange(self._size + 1, dtype=np.int32) * np.int32(self._width)
        bits = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
        data = pa.py_buffer(self._buffer[_SPARE:])
        return pa.StringArray.from_buffers(self._size, pa.py_buffer(offsets), data, bits)

    def _column(self, kind: str, place: int) -> np.ndarray:
        return np.ndarray((self._size,), kind, self._buffer, _SPARE + place, (self._width,))


def fours(texts: Sequence[str]) -> np.ndarray:
    """Return ASCII texts of four characters as numbers of 32 bits, shape (n,)."""
    return np.array([text.encode("ascii") for text in texts], dtype="S4").view("<u4")


def number_text(
    prefix: str, values: np.ndarray, width: int, valid: np.ndarray | None = None
) -> pa.StringArray:
    """Return a prefix followed by numbers of fixed width."""
    text = FixedText(len(values), len(prefix) + width)
    text.figures(len(prefix), values, width)
    for place, letter in enumerate(prefix.encode("ascii")):
        text.letters(place, letter)
    return text.finish(valid)


def scrambled(values: np.ndarray, width: int) -> np.ndarray:
    """Permute the numbers of ``width`` digits, so that neighbours look unrelated."""
    modulus = 10**width
    # An odd factor that 5 does not divide has an inverse: no two numbers become the same.
    factor = 61_803_399 % modulus
    permuted: np.ndarray = (values.astype(np.int64) % modulus * factor + 271_828_183) % modulus
    return permuted


def container_numbers(
    prefixes: Sequence[str], owner: np.ndarray, serial: np.ndarray
) -> pa.StringArray:
    """Return container numbers with their check digit (ISO 6346).

    Parameters
    ----------
    prefixes : sequence of str
        Owner code and category, four letters each.
    owner : ndarray of int64, shape (n,)
        Numbers into ``prefixes``.
    serial : ndarray of int64, shape (n,)
        Below one million.
    """
    sums = np.array(
        [sum(_LETTER_VALUE[c] << i for i, c in enumerate(prefix)) for prefix in prefixes]
    )
    thousands = serial // 1000
    total = sums[owner] + _UPPER_SUM[thousands] + _LOWER_SUM[serial - 1000 * thousands]
    text = FixedText(len(serial), 11)
    text.figures(4, serial, 6)
    text.four(0, fours(prefixes)[owner])
    text.letters(10, _CHECK_FIGURE[total % 11])
    return text.finish()


def choice(
    numbers: np.ndarray, words: Words | Sequence[str], valid: np.ndarray | None = None
) -> pa.DictionaryArray:
    """Return words by their numbers, missing where a number is negative or not ``valid``."""
    missing = numbers < 0 if valid is None else (numbers < 0) | ~valid
    vocabulary = words if isinstance(words, Words) else Words.of(words)
    place = vocabulary.place[np.where(missing, 0, numbers)]
    return pa.DictionaryArray.from_arrays(pa.array(place, mask=missing), vocabulary.distinct)


def reals(values: np.ndarray, valid: np.ndarray | None = None) -> pa.DoubleArray:
    """Return numbers, missing where not ``valid``."""
    mask = None if valid is None else ~valid
    return pa.array(np.ascontiguousarray(values, dtype=np.float64), mask=mask)


def times(values: np.ndarray, valid: np.ndarray | None = None) -> pa.TimestampArray:
    """Return microseconds since 1970 as UTC times, missing where not ``valid``."""
    mask = None if valid is None else ~valid
    return pa.array(np.ascontiguousarray(values, dtype=np.int64), mask=mask).cast(TIME)
