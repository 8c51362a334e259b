"""Array types, sentinels and growth: the small vocabulary every module here shares."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "ABSENT",
    "DAY_US",
    "F64",
    "FOREVER",
    "I32",
    "I64",
    "MISSING",
    "U32",
    "U64",
    "UNSEEN",
    "WHOLE",
    "Array",
    "Float",
    "Int",
    "Scratch",
    "Word",
    "enlarged",
    "grown",
]

Array = npt.NDArray[Any]
F64 = npt.NDArray[np.float64]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]

Int = Any
Float = Any
Word = Any
"""Scalars inside compiled kernels (int64, float64, uint64): numba infers and checks them, where
static types of numpy's scalars would only get in the way."""

MISSING = -2
"""Code of a key of which a part is missing: every statistic of it is NaN."""

UNSEEN = -1
"""Code of an entity that no event has named yet: it has a history, an empty one."""

ABSENT = np.iinfo(np.int64).min
"""A stored number that was missing."""

FOREVER = np.iinfo(np.int64).max
"""The time at which an event expires that no revision has superseded."""

WHOLE = -1
"""Length of a window that covers the whole past."""

DAY_US = 86_400_000_000
"""Microseconds in a day."""


def grown(array: Array, size: int) -> Array:
    """Return ``array`` with room for ``size`` entries on its first axis.

    Room is at least doubled, so that growing one by one costs constant time each. Entries
    beyond the old ones are zero.
    """
    if len(array) >= size:
        return array
    larger = np.zeros((max(size, 2 * len(array)), *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger


def enlarged(array: Array, size: int) -> Array:
    """Return ``array`` with room for ``size`` entries, an eighth more than there were at least.

    For what there is one of for each event: doubling would leave a quarter of it empty.
    """
    if len(array) >= size:
        return array
    larger = np.empty((max(size, len(array) * 9 // 8), *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger


class Scratch:
    """Room that is used again and again: fresh memory costs more than the work done in it."""

    def __init__(self) -> None:
        self._rooms: dict[tuple[str, str], Array] = {}

    def take(self, name: str, shape: tuple[int, ...], dtype: Any) -> Array:
        """Return an array of any content; what the same name gave before is given again."""
        size, key = math.prod(shape), (name, np.dtype(dtype).str)
        room = self._rooms.get(key)
        if room is None or len(room) < size:
            room = self._rooms[key] = np.empty(size, dtype)
        return room[:size].reshape(shape)
