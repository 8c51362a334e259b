"""An auditor's replay: whether a list was drawn as it says, and from these arrivals."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from riskml.errors import DataError, MissingColumnError
from riskml.selection.capacity import Capacity
from riskml.selection.choosing import PICK_COLUMNS, Selection, select
from riskml.selection.watchlist import WatchEntry

__all__ = ["Tampering", "replay"]


@dataclass(frozen=True)
class Tampering:
    """One way in which a selection differs from its replay.

    Attributes
    ----------
    consignment_id, date : str
        The row.
    column : str
        What differs; ``row`` if the whole row does.
    given, expected : object
        What the selection says, and what the replay says; None where there is no such row.
    """

    consignment_id: str
    date: str
    column: str
    given: Any
    expected: Any

    def __str__(self) -> str:
        """Say it in a line."""
        place = f"{self.consignment_id} on {self.date}"
        if self.column == "row":
            return f"{place}: {'added' if self.expected is None else 'removed'}"
        return f"{place}: {self.column} is {self.given!r}, the replay gives {self.expected!r}"


def replay(
    picks: pd.DataFrame,
    arrivals: pd.DataFrame,
    capacity: Capacity,
    *,
    watchlist: Sequence[WatchEntry] = (),
    by: str = "probability",
    seed: int | None = None,
) -> tuple[Tampering, ...]:
    """Repeat a selection and name every row that was added, removed or changed.

    Parameters
    ----------
    picks : DataFrame
        The selection to verify, `PICK_COLUMNS`.
    arrivals, capacity, watchlist, by
        What it was made from; see `riskml.selection.choosing.select`.
    seed : int, optional
        The seed as it was logged elsewhere; without it, the one most rows name. Only a seed from
        elsewhere shows that a whole list was drawn again with a luckier one.

    Returns
    -------
    tuple of Tampering
        Empty if the list is what it says.

    Raises
    ------
    MissingColumnError
        If the selection lacks a column.
    DataError
        If it has no row and no seed is given.
    """
    for name in PICK_COLUMNS:
        if name not in picks:
            raise MissingColumnError(f"the selection has no column {name!r}", "give it unchanged")
    if seed is None:
        if picks.empty:
            raise DataError("an empty selection does not say its seed", "give the logged seed")
        seed = int(picks["seed"].mode().iloc[0])
    truth: Selection = select(arrivals, capacity, seed=seed, watchlist=watchlist, by=by)
    return tuple(_differences(_rows(picks), _rows(truth.picks)))


def _rows(picks: pd.DataFrame) -> dict[tuple[str, str, int], dict[str, Any]]:
    """Return rows by date, consignment and occurrence, so that a repeated row is one too many."""
    rows: dict[tuple[str, str, int], dict[str, Any]] = {}
    seen: Counter[tuple[str, str]] = Counter()
    for record in picks[list(PICK_COLUMNS)].to_dict("records"):
        row = {str(name): _plain(value) for name, value in record.items()}
        row["date"] = str(row["date"])[:10]
        name = (row["date"], str(row["consignment_id"]))
        rows[*name, seen[name]] = row
        seen[name] += 1
    return rows


def _differences(
    given: dict[tuple[str, str, int], dict[str, Any]],
    expected: dict[tuple[str, str, int], dict[str, Any]],
) -> Iterator[Tampering]:
    for name in sorted(given.keys() | expected.keys()):
        day, consignment, _ = name
        if name not in expected:
            yield Tampering(consignment, day, "row", given[name], None)
        elif name not in given:
            yield Tampering(consignment, day, "row", None, expected[name])
        else:
            for column in PICK_COLUMNS:
                said, true = given[name][column], expected[name][column]
                if said != true:
                    yield Tampering(consignment, day, column, said, true)


def _plain(value: Any) -> Any:
    return None if pd.isna(value) else value
