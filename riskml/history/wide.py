"""Integers of 128 and 192 bits, as words of 64, for exact sums of squares.

Everything here works on ``uint64`` words, high word first. Signed numbers are in two's
complement, so that adding and subtracting need no case distinction.
"""

import numpy as np

from riskml.history.arrays import Float, Int, Word
from riskml.history.compiled import compiled
from riskml.history.instructions import high_product, leading_zeros

__all__ = ["add", "multiply", "real", "rounded", "spread", "square", "subtract", "widened"]

Wide = tuple[Word, Word]

_ZERO, _ONE = np.uint64(0), np.uint64(1)
_ALL = np.uint64(2**64 - 1)
_BITS, _LAST = np.uint64(64), np.uint64(63)
_SIGN, _HALF_WORD = np.uint64(2**63), np.uint64(2**31)
_ELEVEN, _FRACTION = np.uint64(11), np.uint64(53)
_ROOM, _LOWER = np.uint64(2**42), np.uint64(2**53 - 1)
_POWERS = 2.0 ** np.arange(129)


@compiled
def widened(value: Int) -> Wide:
    """Return a signed 64-bit number as 128 bits."""
    return (_ALL if value < 0 else _ZERO), np.uint64(value)


@compiled
def add(high: Word, low: Word, more_high: Word, more_low: Word) -> Wide:
    """Return the sum of two 128-bit numbers, modulo 2**128."""
    total = low + more_low
    carry = _ONE if total < low else _ZERO
    return high + more_high + carry, total


@compiled
def subtract(high: Word, low: Word, less_high: Word, less_low: Word) -> Wide:
    """Return the difference of two 128-bit numbers, modulo 2**128."""
    borrow = _ONE if low < less_low else _ZERO
    return high - less_high - borrow, low - less_low


@compiled
def multiply(a: Word, b: Word) -> Wide:
    """Return the 128-bit product of two unsigned words."""
    return high_product(a, b), a * b


@compiled
def square(value: Int) -> Wide:
    """Return the 128-bit square of a signed 64-bit number."""
    magnitude = np.uint64(-value if value < 0 else value)
    return multiply(magnitude, magnitude)


@compiled
def rounded(high: Word, middle: Word, low: Word) -> Float:
    """Return the float64 nearest to an unsigned 192-bit number, ties to even."""
    if high == _ZERO and middle < _ROOM:  # two halves of 53 bits, each exact: one rounding
        upper = (middle << _ELEVEN) | (low >> _FRACTION)
        return np.float64(np.int64(upper)) * _POWERS[53] + np.float64(np.int64(low & _LOWER))
    exponent = 128
    if high == _ZERO:
        high, middle, low, exponent = middle, low, _ZERO, 64
    # Gather the 64 leading bits in one word.
    left = leading_zeros(high)
    if left > _ZERO:
        high, middle = (high << left) | (middle >> (_BITS - left)), middle << left
    if middle != _ZERO or low != _ZERO:
        high |= _ONE  # far below the last bit kept: it only tells a tie from more than a tie
    return np.float64(high) * _POWERS[exponent - np.int64(left)]


@compiled
def real(high: Word, low: Word) -> Float:
    """Return the float64 nearest to a signed 128-bit number."""
    if high == _ZERO - (low >> _LAST):  # it fits in one signed word, as nearly all do
        return np.float64(np.int64(low))
    if high & _SIGN:
        high, low = subtract(_ZERO, _ZERO, high, low)
        return -rounded(_ZERO, high, low)
    return rounded(_ZERO, high, low)


@compiled
def spread(count: Word, sum_high: Word, sum_low: Word, high: Word, low: Word) -> Float:
    """Return ``count * squares - sum**2``, exact in 192 bits, as the nearest float64.

    Parameters
    ----------
    count : uint64
        How many numbers, below 2**32.
    sum_high, sum_low : uint64
        Their sum, of magnitude below 2**96.
    high, low : uint64
        The sum of their squares, unsigned.
    """
    if sum_high & _SIGN:
        sum_high, sum_low = subtract(_ZERO, _ZERO, sum_high, sum_low)
    if sum_high == _ZERO and high < _HALF_WORD and count < _HALF_WORD:  # it fits in 128 bits
        n_middle, n_low = multiply(low, count)
        s_middle, s_low = multiply(sum_low, sum_low)
        return rounded(_ZERO, *subtract(n_middle + high * count, n_low, s_middle, s_low))
    carry, n_low = multiply(low, count)
    n_high, n_middle = add(*multiply(high, count), _ZERO, carry)

    s_middle, s_low = multiply(sum_low, sum_low)
    cross_high, cross_low = multiply(sum_high, sum_low)
    s_high, s_middle = add(sum_high * sum_high, s_middle, cross_high, cross_low)
    s_high, s_middle = add(s_high, s_middle, cross_high, cross_low)

    borrow = _ONE if n_low < s_low else _ZERO
    top, middle = subtract(n_high, n_middle, s_high, s_middle)
    top, middle = subtract(top, middle, _ZERO, borrow)
    return rounded(top, middle, n_low - s_low)
