"""By what parties are linked, and what rows say of it.

The points are assumed, in proportion to the log-likelihood ratios of a record linkage (Fellegi and
Sunter, *Journal of the American Statistical Association* 64, 1969): a name that has changed takes
the same partners to be linked, and partners alone link nobody. What they find is measured by
``benchmarks/entities.py``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.features.names import address_key, name_key
from riskml.features.said import Rows, column_of, known_times

__all__ = ["ADDRESS_POINTS", "ALIKE", "GROUPS", "NAME_POINTS", "First", "Kinship", "Stated",
           "StatedFrame", "Values", "comparable", "stated"]  # fmt: skip

Values = Mapping[str, str | None]

NAME_POINTS = 10.0
"""Points of the same name; one half as like gets half of them."""
ADDRESS_POINTS = 3.0
MANY = 1_000
"""Above so many rows pandas is quicker than a loop."""
ALIKE = 0.9
"""Likeness from which two addresses are the same."""


@dataclass(frozen=True)
class Kinship:
    """By what the parties of a stage are linked.

    Attributes
    ----------
    group : str
        Column of the group.
    table : str
        Where they are named.
    party, name, address : str
        Columns of the number, the name, and the address where a service has one.
    event_time : str
        Column of the event time.
    identity : tuple of str
        Columns that identify a row; of the rows known first, the lowest speaks for the number.
    points : mapping of str to float
        Columns whose agreement counts, and for how much.
    blocks : tuple of tuple of str
        Columns by one of which two numbers must agree to be compared.
    enough : float
        Points from which a number is linked.
    """

    group: str
    table: str
    party: str
    name: str
    address: str
    event_time: str
    identity: tuple[str, str]
    points: Mapping[str, float]
    blocks: tuple[tuple[str, ...], ...]
    enough: float

    @property
    def read(self) -> tuple[str, ...]:
        """The columns of the table that a group is made of, the party's number first."""
        points = ("commodity_code" if name == "heading" else name for name in self.points)
        return (self.party, self.name, *points)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read; ``heading`` is derived."""
        return (self.party, self.name, self.address, *self.points)


GROUPS: Mapping[str, Kinship] = {
    "declaration": Kinship(
            "importer_group",
            "declarations", "importer_id", "importer_name", "x_importer_address", "lodged_at",
            ("declaration_id", "line_no"),
            {"exporter_id": 2.0, "declarant_id": 1.5, "heading": 1.5, "office": 1.0},
            (("exporter_id",), ("declarant_id", "heading")),
            13.0,
    ),
    "pre_arrival": Kinship(
            "consignee_group",
            "manifests", "consignee_id", "consignee_name", "x_consignee_address", "submitted_at",
            ("bill_no", "container_no_raw"),
            {"shipper_id": 2.5, "heading": 2.0, "office": 1.0},
            (("shipper_id",),),
            12.0,
    ),
}  # fmt: skip
"""By what parties are linked at each stage."""


class First(NamedTuple):
    """The first row of a number: when it was known, which row it was, what it said."""

    known: int
    row: tuple[Any, ...]
    values: Values


class Stated(NamedTuple):
    """What rows say of their numbers, when it was known, and which row each is."""

    columns: dict[str, list[str | None]]
    known: list[int]
    row: list[tuple[Any, ...]]

    def first(self, names: Sequence[str]) -> dict[tuple[str, ...], int]:
        """Return each complete combination of values, with the first time it was known."""
        found: dict[tuple[Any, ...], int] = {}
        for *values, known in zip(*[self.columns[n] for n in names], self.known, strict=True):
            key = tuple(values)
            if None not in key:
                found[key] = min(known, found.get(key, known))
        return found

    def firsts(self, party: str) -> dict[str, First]:
        """Return the first row of each number."""
        place: dict[str, int] = {}
        keys = list(zip(self.known, self.row, strict=True))
        for at, number in enumerate(self.columns[party]):
            held = None if number is None else place.get(number)
            if number is not None and (held is None or keys[at] < keys[held]):
                place[number] = at
        return {
            number: First(*keys[at], {name: column[at] for name, column in self.columns.items()})
            for number, at in place.items()
        }


class StatedFrame(NamedTuple):
    """What the rows of a large frame say: as `Stated`, but each text is looked at once.

    Attributes
    ----------
    codes : dict of str to ndarray of int64, shape (n,)
        Number of each row's value in a column, -1 where it is missing.
    texts : dict of str to list of str
        The values by number.
    known : ndarray of int64, shape (n,)
        When each row was known.
    identity : DataFrame, shape (n, k)
        Which row each is.
    """

    codes: dict[str, npt.NDArray[np.int64]]
    texts: dict[str, list[str]]
    known: npt.NDArray[np.int64]
    identity: pd.DataFrame

    def first(self, names: Sequence[str]) -> dict[tuple[str, ...], int]:
        """Return each complete combination of values, with the first time it was known."""
        codes = [self.codes[name] for name in names]
        rows = np.flatnonzero(np.min(codes, axis=0) >= 0)
        key = codes[0][rows]
        for name, column in zip(names[1:], codes[1:], strict=True):
            key = pd.factorize(key * len(self.texts[name]) + column[rows])[0]
        order = np.lexsort((self.known[rows], key))
        at = rows[order[np.flatnonzero(np.diff(key[order], prepend=-1))]]
        values = [self._values(name, at) for name in names]
        return dict(zip(zip(*values, strict=True), self.known[at].tolist(), strict=True))

    def firsts(self, party: str) -> dict[str, First]:
        """Return the first row of each number."""
        code = self.codes[party]
        rows = np.flatnonzero(code >= 0)
        earliest = np.full(len(self.texts[party]), np.iinfo(np.int64).max)
        np.minimum.at(earliest, code[rows], self.known[rows])
        candidates = rows[self.known[rows] == earliest[code[rows]]]
        columns = {name: self._values(name, candidates) for name in self.codes}
        identity = zip(
            *(self.identity[n].take(candidates).tolist() for n in self.identity), strict=True
        )
        best: dict[str, First] = {}
        for place, (number, known, row) in enumerate(
            zip(columns[party], self.known[candidates].tolist(), identity, strict=True)
        ):
            held = best.get(str(number))
            if held is None or row < held.row:
                values = {name: column[place] for name, column in columns.items()}
                best[str(number)] = First(known, row, values)
        return best

    def _values(self, name: str, rows: npt.NDArray[np.intp]) -> list[str | None]:
        texts: list[str | None] = [*self.texts[name], None]
        return [texts[code] for code in self.codes[name][rows].tolist()]


def stated(rows: Rows, kinship: Kinship) -> Stated | StatedFrame:
    """Return what rows in normal form, or plain ones, say of the parties."""
    known = known_times(rows, kinship.event_time)
    given = {
        name: column_of(rows, "commodity_code" if name == "heading" else name)
        for name in kinship.columns
    }
    if isinstance(rows, pd.DataFrame) and len(rows) > MANY:
        coded = {name: _coded(name, column, kinship) for name, column in given.items()}
        identity = pd.DataFrame({n: column_of(rows, n) for n in kinship.identity}, copy=False)
        return StatedFrame(
            {name: codes for name, (codes, _) in coded.items()},
            {name: texts for name, (_, texts) in coded.items()},
            known,
            identity,
        )
    columns = {n: [_made(n, text, kinship) for text in c.tolist()] for n, c in given.items()}
    own = zip(*(column_of(rows, name).tolist() for name in kinship.identity), strict=True)
    return Stated(columns, known.tolist(), list(own))


def _coded(name: str, column: Any, kinship: Kinship) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Return the number of each value, -1 where it is missing, and the values."""
    codes, distinct = pd.factorize(column)
    made = [_made(name, text, kinship) for text in distinct]
    texts = list(dict.fromkeys(text for text in made if text is not None))
    number = {text: place for place, text in enumerate(texts)}
    numbers = [-1 if text is None else number[text] for text in made]
    return np.array([*numbers, -1], dtype=np.int64)[codes], texts


def _made(name: str, text: Any, kinship: Kinship) -> str | None:
    if text is None or text != text:
        return None
    if name == "heading":
        return str(text)[:4]
    if name == kinship.name:
        return name_key(text)
    return address_key(text) if name == kinship.address else str(text)


def comparable(values: Mapping[str, Any], kinship: Kinship) -> dict[str, str | None]:
    """Return a row's values with its name and address made comparable."""
    found = dict(values)
    for column, key in ((kinship.name, name_key), (kinship.address, address_key)):
        text = found.get(column)
        found[column] = None if text is None else key(text)
    return found
