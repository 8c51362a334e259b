"""Numbers as integers: fixed point for exact sums, and a grid of prices.

Sums of floating-point numbers depend on their order. Here every number becomes an integer of
``10**-decimals`` units, nearest and ties to even, so that sums and sums of squares are exact.
"""

import math
from dataclasses import dataclass

import numpy as np

from riskml.errors import HistoryError
from riskml.history import wide
from riskml.history.arrays import ABSENT, F64, I32, I64, Array, Float
from riskml.history.compiled import compiled
from riskml.history.records import named

__all__ = [
    "BINS",
    "BIN_SHIFT",
    "FIRST_BIN",
    "LARGEST",
    "OCTAVE",
    "Number",
    "encode",
    "price_centres",
    "price_steps",
    "sum_of_squares",
]

LARGEST = 2**53
"""A number must stay below so many units: beyond it a float64 has no unit precision."""

OCTAVE = 64
"""Steps of the price grid between a price and its double.

The grid is read off the bits of a float64: its exponent and the first 6 bits of its fraction.
Within each octave the steps are equal, so a step is 1.1 to 1.6 % of the price. No logarithm
is computed, which another processor might round otherwise.
"""

BIN_SHIFT = 52 - 6
FIRST_BIN = (1023 - 32) * OCTAVE
BINS = 96 * OCTAVE
"""The grid covers 2**-32 to 2**64; prices beyond fall into the outermost steps."""


@dataclass(frozen=True)
class Number:
    """A value column as it is stored.

    Attributes
    ----------
    column : str
        Its name.
    form : str
        ``"fixed"`` (fixed point), ``"flag"`` (1, 0 or missing), ``"price"`` (the bits of
        a positive float64; what is not positive is missing) or ``"time"`` (microseconds).
    decimals : int
        For ``"fixed"``.
    """

    column: str
    form: str
    decimals: int = 0

    @property
    def units(self) -> float:
        """Units per one, an exact power of ten."""
        return float(10**self.decimals)


def encode(number: Number, values: F64, what: str, labels: Array) -> I64:
    """Return ``values`` in stored form, ``ABSENT`` where missing.

    Raises
    ------
    HistoryError
        If a flag is neither 0 nor 1, or a number has too many units.
    """
    if number.form == "price":
        bits = np.ascontiguousarray(values).view(np.int64)
        return np.where(values > 0, bits, ABSENT)
    fixed = np.empty(len(values), np.int64)
    # A copy: kernels are compiled for writable arrays only.
    if _scale(np.array(values, np.float64), number.units, number.form == "flag", fixed):
        return fixed
    absent = np.isnan(values)
    scaled = np.rint(np.where(absent, 0.0, values) * number.units)
    if number.form == "flag":
        wrong = (scaled != 0) & (scaled != 1) | (~absent & (scaled != values))
        remedy = "0, 1 or NaN"
    else:
        wrong = np.abs(scaled) >= LARGEST
        remedy = f"less than {LARGEST / number.units:.6g}, or fewer decimals in the statistic"
    rows = np.flatnonzero(wrong)
    raise HistoryError(
        f"{what}: column {number.column!r} is {values[rows[0]]:g} in {named(rows, labels)}",
        f"give {remedy}",
    )


@compiled
def _scale(values: F64, units: Float, flag: bool, fixed: I64) -> bool:
    """Write numbers in units; tell whether all can be."""
    for row in range(len(values)):
        value = values[row]
        if math.isnan(value):
            fixed[row] = ABSENT
            continue
        scaled = np.rint(value * units)
        wrong = abs(scaled) >= LARGEST
        if flag:
            wrong = scaled != value or (scaled != 0.0 and scaled != 1.0)
        if wrong:
            return False
        fixed[row] = np.int64(scaled)
    return True


def price_centres() -> F64:
    """Return the price in the middle of each step of the grid, exactly."""
    bits = ((np.arange(BINS, dtype=np.int64) + FIRST_BIN) << BIN_SHIFT) | (1 << (BIN_SHIFT - 1))
    return bits.view(np.float64)


def price_steps(bits: I64) -> I32:
    """Return the step of the grid in which each price, given by its bits, lies; -1 if missing."""
    steps = np.clip((bits >> BIN_SHIFT) - FIRST_BIN, 0, BINS - 1)
    return np.where(bits == ABSENT, -1, steps).astype(np.int32)


def sum_of_squares(values: I64) -> int:
    """Return the exact sum of the squares of stored fixed-point numbers."""
    high, low = _sum_of_squares(values)
    return (int(high) << 64) | int(low)


@compiled
def _sum_of_squares(values: I64) -> tuple[np.uint64, np.uint64]:
    high, low = np.uint64(0), np.uint64(0)
    for value in values:
        if value != ABSENT:
            more_high, more_low = wide.square(value)
            high, low = wide.add(high, low, more_high, more_low)
    return high, low
