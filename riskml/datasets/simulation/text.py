"""Numbers as fixed-width text, vocabularies and times as Arrow arrays, without loops over rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa

__all__ = [
    "Words",
    "choice",
    "container_numbers",
    "digits",
    "fixed_text",
    "number_text",
    "reals",
    "times",
]

_ZERO = ord("0")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# ISO 6346: letters count from 10 on, skipping the multiples of 11.
_LETTER_VALUE = dict(zip(_LETTERS, [v for v in range(10, 39) if v % 11], strict=True))
_FOURS = np.array([[ord(c) for c in f"{n:04d}"] for n in range(10_000)], dtype=np.uint8)
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
    def of(cls, texts: Sequence[str]) -> Self:
        """Return the vocabulary of texts, numbered in their order."""
        coded = pa.array(texts, pa.string()).dictionary_encode()
        return cls(coded.dictionary, coded.indices.to_numpy(zero_copy_only=False))

    def followed_by(self, texts: Sequence[str]) -> "Words":
        """Return the vocabulary with further texts, numbered on."""
        both = Words.of([*self.distinct.to_pylist(), *texts])
        place = np.concatenate([both.place[self.place], both.place[len(self.distinct) :]])
        return Words(both.distinct, place)


def digits(values: np.ndarray, width: int) -> np.ndarray:
    """Return decimal digits as ASCII codes, shape (n, width), zeros in front."""
    # Four digits at a time from a table: division of 64-bit integers is slow.
    rest, fours = values.astype(np.int64), []
    for _ in range(-(-width // 4)):
        rest, last = np.divmod(rest, 10_000)
        fours.append(_FOURS[last])
    return np.hstack(fours[::-1])[:, -width:]


def fixed_text(letters: np.ndarray, valid: np.ndarray | None = None) -> pa.StringArray:
    """Return rows of ASCII codes as text, missing where not ``valid``.

    Parameters
    ----------
    letters : ndarray of uint8, shape (n, width)
    valid : ndarray of bool, shape (n,), optional
    """
    size, width = letters.shape
    offsets = np.arange(size + 1, dtype=np.int32) * np.int32(width)
    bits = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
    data = pa.py_buffer(np.ascontiguousarray(letters))
    return pa.StringArray.from_buffers(size, pa.py_buffer(offsets), data, bits)


def number_text(
    prefix: str, values: np.ndarray, width: int, valid: np.ndarray | None = None
) -> pa.StringArray:
    """Return a prefix followed by numbers of fixed width."""
    head = np.frombuffer(prefix.encode("ascii"), dtype=np.uint8)
    head = np.broadcast_to(head, (len(values), len(head)))
    return fixed_text(np.hstack([head, digits(values, width)]), valid)


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
    heads = np.array([[ord(letter) for letter in prefix] for prefix in prefixes], dtype=np.uint8)
    sums = np.array(
        [sum(_LETTER_VALUE[c] << i for i, c in enumerate(prefix)) for prefix in prefixes]
    )
    figures = digits(serial, 6)
    total = sums[owner] + ((figures.astype(np.int64) - _ZERO) << np.arange(4, 10)).sum(axis=1)
    check = (total % 11 % 10 + _ZERO).astype(np.uint8)
    return fixed_text(np.hstack([heads[owner], figures, check[:, None]]))


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
