"""Randomness that does not depend on order: a stream per component and week, and hashes.

Each component of the world (arrivals, prices, selection, ...) has its own stream for each
calendar week, so that a change in one component does not reshuffle another and a week is the same
whatever span it is part of. Properties of parties come from a hash of their number.
"""

import zlib

import numpy as np

__all__ = ["Streams", "hash_normal", "hash_uniform", "mix", "pick"]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


class Streams:
    """Independent random streams, each named by its component and numbers.

    Parameters
    ----------
    seed : int
        Seed of the world, not negative.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def of(self, component: str, *numbers: int) -> np.random.Generator:
        """Return the stream of a component; the same call always returns the same numbers."""
        key = (zlib.crc32(component.encode()), *numbers)
        return np.random.Generator(
            np.random.SFC64(np.random.SeedSequence(self.seed, spawn_key=key))
        )

    def salt(self, component: str) -> int:
        """Return a 64-bit number that stands for a component in hashes."""
        return int(self.of(component).integers(0, 2**63))


def mix(salt: int, *numbers: np.ndarray | int) -> np.ndarray:
    """Hash tuples of integers to 64 bits (SplitMix64, Steele, Lea and Flood 2014).

    Parameters
    ----------
    salt : int
        Names the property that is hashed.
    *numbers : ndarray of int64 or int
        Broadcast against each other.

    Returns
    -------
    ndarray of uint64
    """
    with np.errstate(over="ignore"):
        state = np.asarray(salt, dtype=np.uint64)
        for number in numbers:
            state = _scramble(state + np.asarray(number).astype(np.uint64) * _GOLDEN + _GOLDEN)
    return np.asarray(state)


def hash_uniform(salt: int, *numbers: np.ndarray | int) -> np.ndarray:
    """Hash tuples of integers to numbers in [0, 1)."""
    return (mix(salt, *numbers) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def hash_normal(salt: int, *numbers: np.ndarray | int) -> np.ndarray:
    """Hash tuples of integers to standard normal numbers (Box and Muller 1958)."""
    radius = np.sqrt(-2.0 * np.log1p(-hash_uniform(salt, *numbers)))
    normal: np.ndarray = radius * np.cos(2.0 * np.pi * hash_uniform(salt ^ 0x5DEECE66D, *numbers))
    return normal


def pick(weight: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Draw a column of each row, in proportion to the row's weights.

    Parameters
    ----------
    weight : ndarray of float64, shape (n, k)
        Not negative, not all 0 in any row.
    uniform : ndarray of float64, shape (n,)
        Numbers in [0, 1).

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    edges = np.cumsum(weight, axis=1)
    drawn = (uniform[:, None] * edges[:, -1:] >= edges).sum(axis=1)
    column: np.ndarray = np.minimum(drawn, weight.shape[1] - 1)
    return column


def _scramble(state: np.ndarray) -> np.ndarray:
    state = (state ^ (state >> np.uint64(30))) * _FIRST
    state = (state ^ (state >> np.uint64(27))) * _SECOND
    scrambled: np.ndarray = state ^ (state >> np.uint64(31))
    return scrambled
