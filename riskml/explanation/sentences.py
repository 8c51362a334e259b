"""What a sentence of evidence is: a function of the values of one consignment."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Places", "Sentence", "Value", "exponential", "number"]

Value = float | str | None
"""A feature's value; missing and infinite numbers are None."""

Sentence = Callable[[Sequence[Value]], str]
"""Writes the evidence of one feature from the values of a consignment and a None behind them."""


@dataclass(frozen=True)
class Places:
    """Where the values stand that a sentence speaks of.

    Attributes
    ----------
    own : int
        Of the feature itself.
    numbers : mapping of str to int
        Of every feature that is a number.
    """

    own: int
    numbers: Mapping[str, int]

    def of(self, name: str) -> int:
        """Return where another number stands; one that is not there is found missing."""
        return self.numbers.get(name, -1)


def number(value: Value) -> float | None:
    """Return a value that is a number."""
    return None if isinstance(value, str) else value


def exponential(value: float | None) -> float | None:
    """Return the exponential of a number, unless it is too far out to be worth telling."""
    return None if value is None or abs(value) > 50 else math.exp(value)
