"""From text to small integers: dictionaries of columns, and the entities of a key.

Codes depend on the order in which values arrive; no statistic does.
"""

from collections.abc import Mapping, Sequence
from itertools import repeat

import numpy as np
import pandas as pd

from riskml.errors import HistoryError
from riskml.history.arrays import I32, I64, MISSING, UNSEEN, Array, Int
from riskml.history.compiled import compiled, inlined

__all__ = ["Dictionary", "KeySpace"]

_EMPTY = -1  # an unused slot of a pair table; packed pairs are never negative


class Dictionary:
    """The distinct texts of a column, numbered as they arrive."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._codes)

    def add(self, values: Array, what: str) -> I32:
        """Return the codes of ``values``, ``MISSING`` where missing; new texts are added.

        Raises
        ------
        HistoryError
            If a value is neither text nor missing; nothing is added then.
        """
        return self._encode(values, what, grow=True)

    def find(self, values: Array, what: str) -> I32:
        """Return the codes of ``values``, ``MISSING`` or ``UNSEEN`` where there is none."""
        return self._encode(values, what, grow=False)

    def _encode(self, values: Array, what: str, *, grow: bool) -> I32:
        positions, uniques = _distinct(np.asarray(values, dtype=object), what)
        mapped = np.full(len(uniques) + 1, MISSING, dtype=np.int32)
        mapped[:-1] = list(map(self._codes.get, uniques, repeat(UNSEEN)))
        if grow:
            fresh = np.flatnonzero(mapped == UNSEEN)
            texts = [uniques[place] for place in fresh.tolist()]
            mapped[fresh] = np.arange(len(self._codes), len(self._codes) + len(texts))
            self._codes.update(zip(texts, mapped[fresh].tolist(), strict=True))
        return mapped[positions]  # position -1, a missing value, picks the last entry


def _distinct(values: Array, what: str) -> tuple[I64, Sequence[str]]:
    """Return for each value its position among the distinct texts, -1 if missing."""
    if len(values) == 1 and type(values[0]) is str:
        return np.zeros(1, dtype=np.int64), [values[0]]
    kind = pd.api.types.infer_dtype(values, skipna=True)
    if kind not in ("string", "empty"):
        for value in values:
            if not isinstance(value, str) and not pd.isna(value):
                raise HistoryError(
                    f"{what} holds {value!r} of type {type(value).__name__} ({kind})",
                    "convert the whole column to text, None where missing",
                )
    positions, uniques = pd.factorize(values, use_na_sentinel=True)
    return positions, uniques.tolist()


class KeySpace:
    """The entities of one key: a code for every combination of column codes seen.

    A key of one column uses that column's codes. Longer keys are built pair by pair:
    ``(a, b)`` gets a code, then ``(that code, c)``.

    Parameters
    ----------
    columns : tuple of str
        The columns of the key; ``()`` has the one entity 0.
    """

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns = columns
        self._pairs = [_PairTable() for _ in columns[1:]]

    def add(self, codes: Mapping[str, I32], size: int) -> I32:
        """Return the entity of each row, ``MISSING`` if a part is; new ones are added."""
        return self._combine(codes, size, grow=True)

    def find(self, codes: Mapping[str, I32], size: int) -> I32:
        """Return the entity of each row, ``MISSING`` or ``UNSEEN`` where there is none."""
        return self._combine(codes, size, grow=False)

    @property
    def memory_bytes(self) -> int:
        """Size of the tables of pairs."""
        return sum(table.packed.nbytes + table.codes.nbytes for table in self._pairs)

    def _combine(self, codes: Mapping[str, I32], size: int, *, grow: bool) -> I32:
        if not self.columns:
            return np.zeros(size, dtype=np.int32)
        combined = codes[self.columns[0]]
        for table, column in zip(self._pairs, self.columns[1:], strict=True):
            combined = table.encode(combined, codes[column], grow=grow)
        return combined


class _PairTable:
    """An open-addressing hash table from pairs of codes to codes."""

    def __init__(self) -> None:
        self.packed = np.full(16, _EMPTY, dtype=np.int64)
        self.codes = np.zeros(16, dtype=np.int32)
        self.size = 0

    def encode(self, left: I32, right: I32, *, grow: bool) -> I32:
        if grow:
            self._reserve(self.size + len(left))
        out = np.empty(len(left), dtype=np.int32)
        self.size = _encode_pairs(left, right, self.packed, self.codes, self.size, grow, out)
        return out

    def _reserve(self, entries: int) -> None:
        """Keep the table at most half full, so that probing stays short."""
        if 2 * entries <= len(self.packed):
            return
        slots = 1 << (2 * entries - 1).bit_length()
        packed = np.full(slots, _EMPTY, dtype=np.int64)
        codes = np.zeros(slots, dtype=np.int32)
        _rehash(self.packed, self.codes, packed, codes)
        self.packed, self.codes = packed, codes


@inlined
def _slot(packed: I64, key: Int) -> Int:
    """Return the slot that holds ``key``, or the empty one where it belongs (splitmix64)."""
    mixed = np.uint64(key)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = mixed ^ (mixed >> np.uint64(31))
    mask = len(packed) - 1
    slot = np.int64(mixed & np.uint64(mask))
    while packed[slot] != _EMPTY and packed[slot] != key:
        slot = (slot + 1) & mask
    return slot


@compiled
def _encode_pairs(
    left: I32, right: I32, packed: I64, codes: I32, size: Int, grow: bool, out: I32
) -> Int:
    for row in range(len(left)):
        a, b = np.int64(left[row]), np.int64(right[row])
        if a == MISSING or b == MISSING:
            out[row] = MISSING
        elif a == UNSEEN or b == UNSEEN:
            out[row] = UNSEEN
        else:
            key = (a << 32) | b
            slot = _slot(packed, key)
            if packed[slot] == _EMPTY:
                if not grow:
                    out[row] = UNSEEN
                    continue
                packed[slot] = key
                codes[slot] = size
                size += 1
            out[row] = codes[slot]
    return size


@compiled
def _rehash(packed: I64, codes: I32, new_packed: I64, new_codes: I32) -> None:
    for old in range(len(packed)):
        if packed[old] != _EMPTY:
            slot = _slot(new_packed, packed[old])
            new_packed[slot] = packed[old]
            new_codes[slot] = codes[old]
