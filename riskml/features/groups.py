"""Parties behind their numbers: a new tax number is linked to an old party by name and dealings.

A number is linked once, when it first becomes known, to the earlier number that is most like it
among those met with the same partners; or to none. What counts is what was known strictly before
that instant, so a link may come later than one would wish but never changes an earlier answer.
Numbers linked in a chain are one group, called by the first of them. A number that a decision meets
before it is known is judged as of the decision, in the same way.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from riskml.features.batch import Columns, text_of
from riskml.features.kinship import (
    ADDRESS_POINTS,
    ALIKE,
    NAME_POINTS,
    First,
    Kinship,
    Stated,
    StatedFrame,
    Values,
    comparable,
    stated,
)
from riskml.features.names import likeness
from riskml.features.rows import objects
from riskml.features.said import Rows

__all__ = ["PartyGroups"]

Objects = npt.NDArray[np.object_]
IntArray = npt.NDArray[np.int64]


class PartyGroups:
    """The numbers known so far, what was said of them and when, and the links between them."""

    def __init__(self, kinship: Kinship) -> None:
        self._kinship = kinship
        self._first: dict[str, First] = {}
        self._parent: dict[str, str | None] = {}
        self._said: dict[str, dict[str, dict[str, int]]] = {}
        self._blocks: dict[tuple[str | None, ...], dict[str, int]] = {}
        self._started: dict[tuple[str | None, ...], set[str]] = {}
        self._met: dict[str, set[tuple[str | None, ...]]] = {}
        self._latest = -1

    def append(self, rows: Rows) -> bool:
        """Take in rows in normal form or plain; return whether a link made before has changed.

        Their order does not matter. A link changes only when a row becomes known later than
        others that were known after it.
        """
        found = stated(rows, self._kinship)
        self._remember(found)
        firsts = found.firsts(self._kinship.party)
        moved = [number for number, first in firsts.items() if self._is_new(number, first)]
        affected = self._affected(firsts) if self._parent else set()
        before = {number: self._parent[number] for number in affected}
        self._start(moved, firsts)
        for number in {*moved, *affected}:
            self._parent[number] = self._link(number)
        return any(self._parent[number] != parent for number, parent in before.items())

    def group_of(self, numbers: Objects) -> Objects:
        """Return the group of each number that is known; None is missing."""
        groups = {number: self._root(number) for number in set(numbers.tolist()) - {None}}
        return objects(groups.get(number) for number in numbers.tolist())

    def as_of(self, columns: Mapping[str, Objects], times: IntArray) -> Objects:
        """Return the group of each row's number as it was known strictly before a time.

        Parameters
        ----------
        columns : mapping of str to ndarray of object, shape (n,)
            The kinship's columns; None is missing, a column may be absent.
        times : ndarray of int64, shape (n,)
            Microseconds since 1970 UTC.
        """
        numbers = columns[self._kinship.party]
        firsts = {number: self._first.get(number) for number in set(numbers.tolist())}
        found = objects([None] * len(numbers))
        cache: dict[tuple[Any, ...], str] = {}
        for row, (number, time) in enumerate(zip(numbers.tolist(), times.tolist(), strict=True)):
            if number is None:
                continue
            first = firsts[number]
            if first is not None and first.known < time:
                found[row] = self._root(number)
                continue
            values = {name: column[row] for name, column in columns.items()}
            asked = (*values.values(), time)
            if asked not in cache:
                kin = self._kin(number, comparable(values, self._kinship), time)
                cache[asked] = number if kin is None else self._root(kin)
            found[row] = cache[asked]
        return found

    @property
    def kinship(self) -> Kinship:
        """By what parties are linked."""
        return self._kinship

    def known_column(self, columns: Columns, size: int) -> dict[str, Objects]:
        """Return the group column of rows that were taken in."""
        return {self._kinship.group: self.group_of(text_of(columns, self._kinship.party, size))}

    def column_as_of(self, columns: Columns, times: IntArray) -> dict[str, Objects]:
        """Return the group column of lines, as it was known strictly before each one's time."""
        size = len(times)
        read = {name: text_of(columns, name, size) for name in self._kinship.columns}
        return {self._kinship.group: self.as_of(read, times)}

    def links(self) -> dict[str, str]:
        """Return the group of every number known."""
        return {number: self._root(number) for number in self._first}

    def _remember(self, found: Stated | StatedFrame) -> None:
        kinship = self._kinship
        for name in kinship.columns[1:]:
            for (number, value), known in found.first([kinship.party, name]).items():
                times = self._said.setdefault(number, {}).setdefault(name, {})
                times[value] = min(known, times.get(value, known))
        for block in kinship.blocks:
            for (number, *values), known in found.first([kinship.party, *block]).items():
                times = self._blocks.setdefault((*block, *values), {})
                times[number] = min(known, times.get(number, known))
                self._met.setdefault(number, set()).add((*block, *values))

    def _is_new(self, number: str, first: First) -> bool:
        held = self._first.get(number)
        return held is None or (first.known, first.row) < (held.known, held.row)

    def _start(self, moved: Sequence[str], firsts: Mapping[str, First]) -> None:
        for number in moved:
            if number in self._first:
                for place in self._places(self._first[number].values):
                    self._started[place].discard(number)
            first = self._first[number] = firsts[number]
            self._latest = max(self._latest, first.known)
            for place in self._places(first.values):
                self._started.setdefault(place, set()).add(number)

    def _affected(self, firsts: Mapping[str, First]) -> set[str]:
        """Return numbers that may be linked otherwise: met with one of these, and known later."""
        found = {number for number in firsts if number in self._first}
        found = {number for number in found if self._is_new(number, firsts[number])}
        if all(first.known >= self._latest for first in firsts.values()):
            return found
        for number, first in firsts.items():
            for place in self._met.get(number, ()):
                later = self._started.get(place, ())
                found |= {n for n in later if self._first[n].known > first.known}
        return found

    def _link(self, number: str) -> str | None:
        first = self._first[number]
        return self._kin(number, first.values, first.known)

    def _root(self, number: str) -> str:
        while (parent := self._parent.get(number)) is not None:
            number = parent
        return number

    def _places(self, values: Values) -> list[tuple[str | None, ...]]:
        """Return the blocks that a row belongs to."""
        named = [(block, [values.get(c) for c in block]) for block in self._kinship.blocks]
        return [(*block, *each) for block, each in named if None not in each]

    def _kin(self, number: str, values: Values, time: int) -> str | None:
        """Return the number, known before a time, that a row's number is linked to."""
        best: tuple[float, int, str] | None = None
        met = {
            other
            for place in self._places(values)
            for other, since in self._blocks.get(place, {}).items()
            if since < time and other != number
        }
        for other in met:
            points = self._points(self._said[other], values, time)
            rank = (-points, self._first[other].known, other)
            if points >= self._kinship.enough and (best is None or rank < best):
                best = rank
        return None if best is None else best[2]

    def _points(self, said: Mapping[str, Mapping[str, int]], values: Values, time: int) -> float:
        kinship, points = self._kinship, 0.0
        for name, worth in kinship.points.items():
            since = said.get(name, {}).get(values.get(name) or "")
            points += worth if since is not None and since < time else 0.0
        address = values.get(kinship.address)
        if address is not None and self._likest(said, kinship.address, address, time) >= ALIKE:
            points += ADDRESS_POINTS
        own = values.get(kinship.name)
        if own is None or points + NAME_POINTS < kinship.enough:
            return points
        return points + NAME_POINTS * self._likest(said, kinship.name, own, time)

    @staticmethod
    def _likest(said: Mapping[str, Mapping[str, int]], column: str, value: str, time: int) -> float:
        known = (other for other, since in said.get(column, {}).items() if since < time)
        return max((likeness(value, other) for other in known), default=0.0)
