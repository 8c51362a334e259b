"""From text to small integers: dictionaries of columns, and the entities of a key.

Codes depend on the order in which values arrive; no statistic does.
"""

import sys
from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from riskml.errors import HistoryError
from riskml.history.arrays import I32, I64, MISSING, UNSEEN, Array, Int
from riskml.history.compiled import compiled, inlined
from riskml.history.instructions import int64s, prefetch

__all__ = ["EMPTY", "Dictionary", "KeySpace", "slot_of"]

_FEW = 256  # so few values are quicker looked up one by one
_MANY = 4096  # so many values are worth a pass that tells objects apart
_AHEAD = 12  # so many rows ahead memory is fetched
_PLAIN = frozenset((str, type(None)))
EMPTY = -1  # an unused slot of a pair table; packed pairs are never negative


class Dictionary:
    """The distinct texts of a column, numbered as they arrive."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._codes)

    @property
    def codes(self) -> Mapping[str, int]:
        """The code of each text."""
        return self._codes

    @property
    def memory_bytes(self) -> int:
        """Size of the dictionary and its texts; numbers and short texts take about 60 and 32."""
        return sys.getsizeof(self._codes) + sum(map(sys.getsizeof, self._codes)) + 32 * len(self)

    def state(self) -> dict[str, Any]:
        """Return the texts in the order of their codes, for a snapshot."""
        texts = pa.array(self._codes, pa.large_string())
        return {"texts": pa.table({"text": texts})}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        texts = state["texts"]["text"].to_pylist()
        self._codes.clear()  # the mapping stays the same: others look into it
        self._codes.update(zip(texts, range(len(texts)), strict=True))

    def add(self, values: Any, what: str) -> I32:
        """Return the codes of ``values``, ``MISSING`` where missing; new texts are added.

        Raises
        ------
        HistoryError
            If a value is neither text nor missing; nothing is added then.
        """
        few = _few_plain(values)
        if few is not None:
            codes = self._codes
            for value in few:
                if value is not None and value not in codes:
                    codes[value] = len(codes)
            return np.array([MISSING if v is None else codes[v] for v in few], dtype=np.int32)
        return self._encode(values, what, grow=True)

    def find(self, values: Any, what: str) -> I32:
        """Return the codes of ``values``, ``MISSING`` or ``UNSEEN`` where there is none."""
        few = _few_plain(values)
        if few is not None:
            known = self._codes
            return np.array(
                [MISSING if v is None else known.get(v, UNSEEN) for v in few], dtype=np.int32
            )
        return self._encode(values, what, grow=False)

    def _encode(self, values: Any, what: str, *, grow: bool) -> I32:
        positions, uniques = _distinct(values, what)
        mapped = np.full(len(uniques) + 1, MISSING, dtype=np.int32)
        mapped[:-1] = list(map(self._codes.get, uniques, repeat(UNSEEN)))
        if grow:
            fresh = np.flatnonzero(mapped == UNSEEN)
            texts = list(dict.fromkeys(uniques[place] for place in fresh.tolist()))
            self._codes.update(zip(texts, range(len(self._codes), 2**31), strict=False))
            mapped[fresh] = [self._codes[uniques[place]] for place in fresh.tolist()]
        return mapped[positions]  # position -1, a missing value, picks the last entry


def _few_plain(values: Any) -> list[str | None] | None:
    """Return values as a list if they are few, and text or None; None if they are not."""
    if len(values) > _FEW or not isinstance(values, np.ndarray):
        return None
    few: list[str | None] = values.tolist()
    return few if _PLAIN.issuperset(map(type, few)) else None


def _distinct(values: Any, what: str) -> tuple[I64, Sequence[str]]:
    """Return for each value its position in a list of texts, -1 if missing.

    A text may be in the list more than once.
    """
    if isinstance(values, pd.Categorical):
        categories = np.asarray(values.categories, dtype=object)
        places, uniques = _distinct(categories, what)
        return np.append(places, -1)[values.codes], uniques
    column = np.asarray(values, dtype=object)
    if len(column) == 1 and type(column[0]) is str:
        return np.zeros(1, dtype=np.int64), [column[0]]
    found = _distinct_objects(column) if len(column) >= _MANY else None
    if found is not None and all(type(value) is str or value is None for value in found[1]):
        positions, objects = found
        if None in objects:
            places = np.arange(len(objects))
            places[objects.index(None)] = -1
            return places[positions], ["" if value is None else value for value in objects]
        return positions, objects
    return _factorized(column, what)


def _distinct_objects(column: Array) -> tuple[I64, list[Any]] | None:
    """Return each value's position among the distinct *objects*; None if these are many.

    Columns that come from few categories hold the same few objects again and again: telling
    objects apart takes no look at their text.
    """
    column = np.ascontiguousarray(column)
    most = max(_MANY, len(column) // 16)
    slots = 1 << (4 * most - 1).bit_length()
    positions, first = np.empty(len(column), np.int64), np.empty(most, np.int64)
    room = np.zeros(slots, np.int64), np.zeros(slots, np.int32)
    address = int(column.__array_interface__["data"][0])
    count = _number_objects(address, *room, positions, first)
    return None if count < 0 else (positions, column[first[:count]].tolist())


def _factorized(column: Array, what: str) -> tuple[I64, Sequence[str]]:
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind not in ("string", "empty"):
        for value in column:
            if not isinstance(value, str) and not pd.isna(value):
                raise HistoryError(
                    f"{what} holds {value!r} of type {type(value).__name__} ({kind})",
                    "convert the whole column to text, None where missing",
                )
    positions, uniques = pd.factorize(column, use_na_sentinel=True)
    return positions, uniques.tolist()


@compiled
def _number_objects(address: Int, pointers: I64, numbers: I32, positions: I64, first: I64) -> Int:
    """Give each pointer at an address a number; return how many differ, -1 if too many."""
    column, count = int64s(address, len(positions)), 0
    for row in range(len(positions)):
        pointer = column[row]
        slot = slot_of(pointers, pointer, 0)
        if pointers[slot] == 0:
            if count == len(first):
                return -1
            pointers[slot] = pointer
            numbers[slot] = count
            first[count] = row
            count += 1
        positions[row] = numbers[slot]
    return count


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

    @property
    def tables(self) -> list[tuple[I64, I32]]:
        """The packed pairs and their codes, for each column after the first."""
        return [(table.packed, table.codes) for table in self._pairs]

    def state(self) -> dict[str, Any]:
        """Return the tables of pairs, for a snapshot."""
        return {
            str(level): {"packed": table.packed, "codes": table.codes, "size": table.size}
            for level, table in enumerate(self._pairs)
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        for level, table in enumerate(self._pairs):
            for name, value in state[str(level)].items():
                setattr(table, name, value)

    def trim(self) -> None:
        """Give back room reserved for entities that turned out to be known."""
        for table in self._pairs:
            table.resize(table.size * 10 // 7 + 16)

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
        self.packed = np.full(16, EMPTY, dtype=np.int64)
        self.codes = np.zeros(16, dtype=np.int32)
        self.size = 0

    def encode(self, left: I32, right: I32, *, grow: bool) -> I32:
        if grow:
            self._reserve(self.size + len(left))
        out = np.empty(len(left), dtype=np.int32)
        self.size = _encode_pairs(left, right, self.packed, self.codes, self.size, grow, out)
        return out

    def _reserve(self, entries: int) -> None:
        """Keep at most 70 % of the slots used, so that probing stays short."""
        if 10 * entries > 7 * len(self.packed):
            self.resize(max(entries * 10 // 7 + 16, len(self.packed) * 5 // 4))

    def resize(self, slots: int) -> None:
        """Move to so many slots."""
        packed = np.full(slots, EMPTY, dtype=np.int64)
        codes = np.zeros(slots, dtype=np.int32)
        _rehash(self.packed, self.codes, packed, codes)
        self.packed, self.codes = packed, codes


@inlined
def _home(key: Int, slots: Int) -> Int:
    """Return where a key belongs among any number of slots (splitmix64, without a division)."""
    mixed = np.uint64(key)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.int64(((mixed >> np.uint64(32)) * np.uint64(slots)) >> np.uint64(32))


@inlined
def slot_of(packed: I64, key: Int, empty: Int) -> Int:
    """Return the slot that holds ``key``, or the empty one where it belongs."""
    slot = _home(key, len(packed))
    while packed[slot] != empty and packed[slot] != key:
        slot = slot + 1 if slot + 1 < len(packed) else 0
    return slot


@compiled
def _encode_pairs(
    left: I32, right: I32, packed: I64, codes: I32, size: Int, grow: bool, out: I32
) -> Int:
    for row in range(len(left)):
        if row + _AHEAD < len(left):
            a, b = np.int64(left[row + _AHEAD]), np.int64(right[row + _AHEAD])
            home = _home((a << 32) | b, len(packed))
            prefetch(packed, home)
            prefetch(codes, home)
        a, b = np.int64(left[row]), np.int64(right[row])
        if a == MISSING or b == MISSING:
            out[row] = MISSING
        elif a == UNSEEN or b == UNSEEN:
            out[row] = UNSEEN
        else:
            key = (a << 32) | b
            slot = slot_of(packed, key, EMPTY)
            if packed[slot] == EMPTY:
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
        if packed[old] != EMPTY:
            slot = slot_of(new_packed, packed[old], EMPTY)
            new_packed[slot] = packed[old]
            new_codes[slot] = codes[old]
