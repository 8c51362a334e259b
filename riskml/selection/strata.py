"""Strata: which arrivals compete for which budget, and who of them is drawn."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.selection.capacity import EVERY, Capacity, Quota
from riskml.selection.lottery import Draw, draw

__all__ = ["IntArray", "Stratum", "compete", "draw_strata"]

IntArray = npt.NDArray[np.int64]

_Name = tuple[str, str, str]
"""Date, office and mode of a stratum, as they go into its tickets."""


@dataclass(frozen=True)
class Stratum:
    """The arrivals that compete for one budget, and who won.

    Attributes
    ----------
    name : tuple of str
        Date, office and mode.
    quota : Quota
        What they compete for.
    rows : ndarray of int64
        Their positions among all arrivals.
    drawn : Draw
        Its positions are those in ``rows``.
    """

    name: _Name
    quota: Quota
    rows: IntArray
    drawn: Draw

    @property
    def label(self) -> str:
        """What it is called in files."""
        return "|".join(self.name)

    @property
    def selected(self) -> IntArray:
        """Positions of the selected, in rank order."""
        return self.rows[self.drawn.selected]

    @property
    def overflow(self) -> IntArray:
        """Positions of the mandatory for which there was no room."""
        return self.rows[self.drawn.overflow]


def draw_strata(
    arrivals: pd.DataFrame, values: pd.Series, must: pd.Series, capacity: Capacity, seed: int
) -> Iterator[Stratum]:
    """Yield the strata of every day, each with its draw; nobody is selected on two days.

    Parameters
    ----------
    arrivals : DataFrame
        With ``key, date, office, mode``.
    values : Series of float
        What the model channel ranks by.
    must : Series of bool
        Who is mandatory.
    capacity : Capacity
    seed : int
    """
    keys = arrivals["key"].to_numpy(dtype=object)
    value, mandatory = values.to_numpy(dtype=np.float64), must.to_numpy(dtype=bool)
    gone: set[str] = set()
    for day, rows in _days(arrivals):
        waiting = [row for row in rows if keys[row] not in gone]
        for name, quota, members in compete(arrivals, day, waiting, capacity):
            drawn = draw(
                keys[members],
                value[members],
                mandatory[members],
                budget=quota.budget(len(members)),
                exploration=quota.exploration,
                seed=seed,
                stratum=name,
            )
            stratum = Stratum(name, quota, members, drawn)
            gone.update(keys[stratum.selected])
            yield stratum


def _days(arrivals: pd.DataFrame) -> list[tuple[date, list[int]]]:
    days: dict[date, list[int]] = {}
    for row, day in enumerate(arrivals["date"]):
        days.setdefault(day, []).append(row)
    return sorted(days.items())


def compete(
    arrivals: pd.DataFrame, day: date, rows: list[int], capacity: Capacity
) -> Iterator[tuple[_Name, Quota, IntArray]]:
    """Yield who competes for which quota: modes without one of their own share one."""
    offices = arrivals["office"].to_numpy(dtype=object)
    modes = arrivals["mode"].fillna("").to_numpy(dtype=object)
    pairs: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        pairs.setdefault((offices[row], modes[row]), []).append(row)
    strata: dict[_Name, tuple[Quota, list[int]]] = {}
    for (office, mode), members in pairs.items():
        quota = capacity.of(office, day, mode)
        name = (day.isoformat(), office, EVERY if quota.mode == EVERY else mode)
        strata.setdefault(name, (quota, []))[1].extend(members)
    for name, (quota, members) in sorted(strata.items()):
        yield name, quota, np.array(members, dtype=np.int64)
