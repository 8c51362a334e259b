"""What a sentence of evidence is: a function of the values of one consignment."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from riskml.explanation.catalogue import Fragments

__all__ = [
    "MOST_REMEMBERED",
    "Places",
    "Sentence",
    "Told",
    "Value",
    "Values",
    "exponential",
    "number",
]

MOST_REMEMBERED = 300
"""Wordings that are remembered for one feature; in all languages some 600 bytes each."""

Value = float | str | None
"""A feature's value; missing and infinite numbers are None."""

Values = Sequence[Value] | Mapping[int, Value]
"""Values by their places."""

Sentence = Callable[[Values], Fragments]
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
    read : list of int
        Of every value that a sentence built from these places looks at.
    """

    own: int
    numbers: Mapping[str, int]
    read: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.read.append(self.own)

    def of(self, name: str) -> int:
        """Return where another number stands; one that is not there is found missing."""
        place = self.numbers.get(name, -1)
        self.read.append(place)
        return place


class Told:
    """The evidence of one feature in several languages, each wording remembered.

    Consignments resemble one another: the same counts, flags and rates are told again and again,
    and looking a text up takes a tenth of the time of writing it.

    Parameters
    ----------
    sentences : sequence of (Places, Sentence)
        By language.

    Attributes
    ----------
    places : tuple of int
        Of every value that the evidence rests on.
    """

    __slots__ = ("_known", "_read", "_sentences", "places")

    def __init__(self, sentences: Sequence[tuple[Places, Sentence]]) -> None:
        self.places = tuple(dict.fromkeys(place for each, _ in sentences for place in each.read))
        self._read = itemgetter(*self.places)
        self._sentences = tuple(sentence for _, sentence in sentences)
        self._known: dict[Any, tuple[str, ...]] = {}

    def __call__(self, values: Sequence[Value]) -> tuple[str, ...]:
        """Return the evidence in each language."""
        key = self._read(values)
        told = self._known.get(key)
        if told is None:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            told = self._known[key] = tuple(map("".join, self.written(values)))
        return told

    def written(self, values: Values) -> tuple[Fragments, ...]:
        """Write the evidence in each language, in fragments, remembering nothing."""
        return tuple([write(values) for write in self._sentences])


def number(value: Value) -> float | None:
    """Return a value that is a number."""
    return None if isinstance(value, str) else value


def exponential(value: float | None) -> float | None:
    """Return the exponential of a number, unless it is too far out to be worth telling."""
    return None if value is None or abs(value) > 50 else math.exp(value)
