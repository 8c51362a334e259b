"""Identities of events: text kept as bytes in one place, numbered as it arrives.

A Python dictionary would take 150 bytes for each identity; here it is its own bytes and 15 more.
Identities are compared byte for byte: their hashes only say where to look, and a byte of a hash
beside each slot, which of those met on the way are not worth a look.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from riskml.errors import HistoryError
from riskml.history.arrays import I32, I64, U64, UNSEEN, Array, Int, Word, enlarged
from riskml.history.compiled import compiled, inlined
from riskml.history.instructions import prefetch

__all__ = ["Identities", "text_hashes"]

_EMPTY = -1
_AHEAD = 12


class _Slots(NamedTuple):
    """A table with open addressing.

    Attributes
    ----------
    code : int32 array
        The identity in each slot, ``_EMPTY`` if there is none.
    tag : uint8 array
        The last byte of its hash.
    """

    code: I32
    tag: Array


def _no_slots(size: int) -> _Slots:
    return _Slots(np.full(size, _EMPTY, np.int32), np.zeros(size, np.uint8))


class Identities:
    """The distinct identities given so far.

    Attributes
    ----------
    text : uint8 array
        Their bytes, one behind the other; there may be room behind the last.
    ends : (n + 1,) int64 array
        Where each ends, after a zero.
    """

    def __init__(self) -> None:
        self.text: Array = np.zeros(0, np.uint8)
        self.ends: I64 = np.zeros(1, np.int64)
        self.size = 0
        self._slots = _no_slots(16)

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, code: int) -> str:
        """Return the identity of a code."""
        return bytes(self.text[self.ends[code] : self.ends[code + 1]]).decode()

    @property
    def memory_bytes(self) -> int:
        """Size of all arrays."""
        return sum(array.nbytes for array in (self.text, self.ends, *self._slots))

    def add(self, values: Any, what: str) -> I32:
        """Return the code of each identity; new ones are added.

        Raises
        ------
        HistoryError
            If one is missing, or is no text; nothing is added then.
        """
        text, ends = _as_bytes(values, what)
        size, used = len(ends) - 1, int(self.ends[self.size])
        self.text = enlarged(self.text, used + len(text))
        self.ends = enlarged(self.ends, self.size + size + 1)
        self._slots = _with_room(self._slots, self.size + size, self.text, self.ends, self.size)
        codes = np.empty(size, np.int32)
        hashes = np.empty(size, np.uint64)
        _hash_all(text, ends, hashes)
        self.size = _add(text, ends, hashes, self.text, self.ends, self._slots, self.size, codes)
        return codes

    def find(self, values: Any, what: str) -> I32:
        """Return the code of each identity, ``UNSEEN`` where there is none."""
        text, ends = _as_bytes(values, what)
        codes = np.empty(len(ends) - 1, np.int32)
        _find(text, ends, self.text, self.ends, self._slots, codes)
        return codes

    def subset(self, codes: I64) -> "Identities":
        """Return some of the identities, numbered anew in the given order."""
        begins = self.ends[codes]
        sizes = self.ends[codes + 1] - begins
        found = Identities()
        found.ends = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
        found.text = np.empty(int(found.ends[-1]), np.uint8)
        _gather(self.text, begins, found.text, found.ends)
        found.size = len(codes)
        found._slots = _slots_of(found.text, found.ends, len(codes), 16)
        return found

    def state(self) -> dict[str, Any]:
        """Return the arrays without their spare room, for a snapshot."""
        used = int(self.ends[self.size])
        return {
            "text": self.text[:used],
            "ends": self.ends[: self.size + 1],
            "slots": self._slots._asdict(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        self.text, self.ends, self._slots = state["text"], state["ends"], _Slots(**state["slots"])
        self.size = len(self.ends) - 1


def text_hashes(texts: pa.LargeStringArray) -> U64:
    """Return a hash of each text; that of a missing one is of no use."""
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1].copy()
    held = np.frombuffer(data, np.uint8) if data else np.zeros(0, np.uint8)
    begin, end = int(ends[0]), int(ends[-1])
    hashes = np.empty(len(texts), np.uint64)
    _hash_all(held[begin:end].copy(), ends - begin, hashes)  # kernels take writable arrays only
    return hashes


def _as_bytes(values: Any, what: str) -> tuple[Array, I64]:
    """Return the bytes of texts, and where each ends after a zero."""
    column = np.asarray(values, dtype=object)
    if set(map(type, column.tolist())) - {str}:
        _check_texts(column, what)
    try:
        texts = pa.array(column, type=pa.large_string())
    except (pa.ArrowException, UnicodeError) as cause:
        raise HistoryError(
            f"{what}: column 'event_id' holds text that is not Unicode", "correct it"
        ) from cause
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int64, len(column) + 1).copy()
    text = np.frombuffer(data, np.uint8, int(ends[-1])) if len(column) and data else None
    return (np.zeros(0, np.uint8) if text is None else text.copy()), ends


def _check_texts(column: Array, what: str) -> None:
    """Refuse a column that holds anything but texts."""
    missing = np.flatnonzero(pd.isna(column))
    if len(missing):
        raise HistoryError(
            f"{what}: event_id is missing in row {missing[0]}", "give every event an id"
        )
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind not in ("string", "empty"):
        wrong = next(value for value in column if not isinstance(value, str))
        raise HistoryError(
            f"{what}: column 'event_id' holds {wrong!r} of type {type(wrong).__name__} ({kind})",
            "convert the whole column to text",
        )


def _with_room(slots: _Slots, entries: int, text: Array, ends: I64, size: int) -> _Slots:
    """Return slots for so many identities, at most 70 % of them used."""
    held = len(slots.code)
    if 10 * entries <= 7 * held:
        return slots
    return _slots_of(text, ends, size, max(entries * 10 // 7 + 1, held * 5 // 4))


def _slots_of(text: Array, ends: I64, size: int, least: int) -> _Slots:
    """Return slots that hold so many identities, at most 70 % of them used."""
    # Not doubled: a table twice too large would be the largest part of an index.
    slots = _no_slots(max(size * 10 // 7 + 1, least))
    hashes = np.empty(size, np.uint64)
    _hash_all(text, ends[: size + 1], hashes)
    _fill(hashes, slots)
    return slots


@inlined
def _hash(text: Array, begin: Int, end: Int) -> Word:
    """Return a hash of some bytes: eight at a time, each time multiplied and folded."""
    mixed = np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(end - begin)
    place = begin
    while place < end:
        word, shift = np.uint64(0), np.uint64(0)
        for byte in text[place : min(place + 8, end)]:
            word |= np.uint64(byte) << shift
            shift += np.uint64(8)
        mixed = (mixed ^ word) * np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(29)
        place += 8
    mixed *= np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(32))


@inlined
def _home(mixed: Word, slots: _Slots) -> Int:
    """Return the slot where a hash belongs, of any number of slots, without a division."""
    return np.int64(((mixed >> np.uint64(32)) * np.uint64(len(slots.code))) >> np.uint64(32))


@inlined
def _equal(one: Array, i: Int, end: Int, other: Array, j: Int, stop: Int) -> bool:
    if end - i != stop - j:
        return False
    for place in range(end - i):  # noqa: SIM110 - the compiler knows no generators
        if one[i + place] != other[j + place]:
            return False
    return True


@compiled
def _hash_all(text: Array, ends: I64, hashes: U64) -> None:
    for row in range(len(hashes)):
        hashes[row] = _hash(text, ends[row], ends[row + 1])


@compiled
def _gather(text: Array, begins: I64, into: Array, ends: I64) -> None:
    for code in range(len(begins)):
        for place in range(ends[code + 1] - ends[code]):
            into[ends[code] + place] = text[begins[code] + place]


@compiled
def _fill(hashes: U64, slots: _Slots) -> None:
    for code in range(len(hashes)):
        if code + _AHEAD < len(hashes):
            prefetch(slots.code, _home(hashes[code + _AHEAD], slots))
        slot = _home(hashes[code], slots)
        while slots.code[slot] != _EMPTY:
            slot = slot + 1 if slot + 1 < len(slots.code) else 0
        slots.code[slot], slots.tag[slot] = code, np.uint8(hashes[code])


@inlined
def _slot_of(
    text: Array, begin: Int, end: Int, mixed: Word, known: Array, ends: I64, slots: _Slots
) -> Int:
    """Return the slot that holds some bytes, or the empty one where they belong."""
    slot, tag = _home(mixed, slots), np.uint8(mixed)
    while slots.code[slot] != _EMPTY:
        if slots.tag[slot] == tag:
            code = slots.code[slot]
            if _equal(text, begin, end, known, ends[code], ends[code + 1]):
                return slot
        slot = slot + 1 if slot + 1 < len(slots.code) else 0
    return slot


@compiled
def _add(
    text: Array,
    rows: I64,
    hashes: U64,
    known: Array,
    ends: I64,
    slots: _Slots,
    size: Int,
    codes: I32,
) -> Int:
    for row in range(len(codes)):
        if row + _AHEAD < len(codes):
            home = _home(hashes[row + _AHEAD], slots)
            prefetch(slots.code, home)
            prefetch(slots.tag, home)
        begin, end = rows[row], rows[row + 1]
        slot = _slot_of(text, begin, end, hashes[row], known, ends, slots)
        if slots.code[slot] == _EMPTY:
            slots.code[slot], slots.tag[slot] = size, np.uint8(hashes[row])
            for place in range(end - begin):
                known[ends[size] + place] = text[begin + place]
            ends[size + 1] = ends[size] + end - begin
            size += 1
        codes[row] = slots.code[slot]
    return size


@compiled
def _find(text: Array, rows: I64, known: Array, ends: I64, slots: _Slots, codes: I32) -> None:
    for row in range(len(codes)):
        begin, end = rows[row], rows[row + 1]
        mixed = _hash(text, begin, end)
        found = slots.code[_slot_of(text, begin, end, mixed, known, ends, slots)]
        codes[row] = UNSEEN if found == _EMPTY else found
