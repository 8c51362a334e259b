"""Wide integers against Python's own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskml.history import wide

WORD = 2**64
unhurried = settings(deadline=None)  # the first example waits for the compiler


def words(number: int, count: int) -> list[np.uint64]:
    """Split into words, high word first, in two's complement."""
    number %= WORD**count
    return [np.uint64(number >> (64 * place) & (WORD - 1)) for place in reversed(range(count))]


def joined(parts: tuple[np.uint64, ...]) -> int:
    number = 0
    for part in parts:
        number = number << 64 | int(part)
    return number


wides = st.integers(0, WORD**2 - 1)


@unhurried
@given(wides, wides)
def test_sums_and_differences_wrap(one, other):
    assert joined(wide.add(*words(one, 2), *words(other, 2))) == (one + other) % WORD**2
    assert joined(wide.subtract(*words(one, 2), *words(other, 2))) == (one - other) % WORD**2


@unhurried
@given(st.integers(0, WORD - 1), st.integers(0, WORD - 1))
def test_products_have_all_their_bits(one, other):
    assert joined(wide.multiply(np.uint64(one), np.uint64(other))) == one * other


@unhurried
@given(st.integers(-(2**62), 2**62))
def test_squares_and_signs(number):
    assert joined(wide.square(np.int64(number))) == number * number
    assert joined(wide.widened(np.int64(number))) == number % WORD**2


@unhurried
@given(st.integers(0, WORD**3 - 1) | st.integers(0, 130).map(lambda power: 2**power))
def test_conversion_to_float_rounds_like_python(number):
    assert wide.rounded(*words(number, 3)) == float(number)


@pytest.mark.parametrize("power", [53, 54, 63, 64, 65, 100, 127, 128, 150, 190])
@pytest.mark.parametrize("odd", [0, 1])
@pytest.mark.parametrize("beside", [-1, 0, 1])
def test_ties_go_to_even(power, odd, beside):
    tie = 2**power + odd * 2 ** (power - 52) + 2 ** (power - 53) + beside
    assert wide.rounded(*words(tie, 3)) == float(tie)


@unhurried
@given(st.integers(-(2**127), 2**127 - 1))
def test_signed_conversion(number):
    assert wide.real(*words(number, 2)) == float(number)


@unhurried
@given(st.lists(st.integers(-(2**53) + 1, 2**53 - 1), min_size=1, max_size=50))
def test_spread_is_exact(numbers):
    total, squares = sum(numbers), sum(number**2 for number in numbers)
    found = wide.spread(np.uint64(len(numbers)), *words(total, 2), *words(squares, 2))
    assert found == float(len(numbers) * squares - total**2)
