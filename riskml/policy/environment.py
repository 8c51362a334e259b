"""The world as a rehearsed policy meets it: the truth stays inside, what was earned comes out.

A policy is shown a day's arrivals, names its picks, and gets the outcome of a pick once it is
closed. Of what it did not pick it never learns anything. Each consignment's outcome is fixed
beforehand, so that two policies that pick the same find the same.
"""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from riskml.errors import DataError, LabelError, MissingColumnError, PolicyError
from riskml.selection.capacity import Capacity
from riskml.selection.strata import compete

__all__ = ["Environment"]

ARRIVAL_COLUMNS = ("key", "date", "office", "mode", "decision_time")
OUTCOME_COLUMNS = ("key", "violation", "revenue", "delay")


class Environment:
    """Arrivals under capacity, with outcomes for those who are picked.

    Parameters
    ----------
    arrivals : DataFrame
        As `riskml.selection.prepare_arrivals` gives them: ``key`` (text, unique), ``date``,
        ``office, mode, decision_time`` (UTC) and whatever a policy may see.
    truth : DataFrame
        One row per arrival: ``key, violation`` (0 or 1, what an inspection finds), ``revenue``
        (reporting currency), ``delay`` (timedelta from the decision to the closing, positive;
        missing for one that is never closed).
    capacity : Capacity
        What can be inspected; a minimum rate alone sets it as in selection.

    Raises
    ------
    MissingColumnError
        If a column is absent.
    DataError
        If a key repeats, an arrival has no truth, a delay is negative, or a column of the truth
        stands among the arrivals, where a policy would see it.
    """

    def __init__(self, arrivals: pd.DataFrame, truth: pd.DataFrame, capacity: Capacity) -> None:
        _check(arrivals, truth)
        self._arrivals = arrivals.reset_index(drop=True)
        self._truth = truth.set_index("key").loc[self._arrivals["key"]]
        rows: Any = self._arrivals.groupby("date").indices
        self._rows: dict[date, np.ndarray] = {day: rows[day] for day in sorted(rows)}
        self._capacity = capacity
        self._picked: dict[str, date] = {}
        decided = self._arrivals.set_index("key")["decision_time"]
        self._closed_at = decided + self._truth["delay"]
        self._today: date | None = None

    @property
    def days(self) -> list[date]:
        """Every day with arrivals, in order."""
        return list(self._rows)

    def arrive(self, day: date) -> pd.DataFrame:
        """Return the arrivals of a day, a copy; days come in order.

        Raises
        ------
        PolicyError
            If the day lies before one that was shown already, or has no arrival.
        """
        if self._today is not None and day < self._today:
            raise PolicyError(f"{day} is over, it is {self._today}", "take the days in order")
        if day not in self._rows:
            raise PolicyError(f"nothing arrives on {day}", "choose one of the environment's days")
        self._today = day
        return self._arrivals.iloc[self._rows[day]].reset_index(drop=True)

    def pick(self, keys: list[str]) -> None:
        """Inspect some of today's arrivals; their outcomes follow after their delay.

        Raises
        ------
        PolicyError
            If a key is no arrival of today or picked twice, or an office's capacity is
            overspent; then nothing is inspected.
        """
        if self._today is None:
            raise PolicyError("no day has begun", "call arrive first")
        today = self.arrive(self._today)
        strange = set(keys) - set(today["key"])
        if strange:
            raise PolicyError(
                f"{self._today}: {min(strange)!r} did not arrive today ({len(strange)} such picks)",
                "pick among the arrivals that were shown",
            )
        if len(set(keys)) < len(keys) or not self._picked.keys().isdisjoint(keys):
            raise PolicyError(f"{self._today}: a consignment is picked twice", "pick each once")
        self._check_capacity(today, keys)
        self._picked.update(dict.fromkeys(keys, self._today))

    def outcomes(self, instant: pd.Timestamp) -> pd.DataFrame:
        """Return what is known of the picks strictly before an instant.

        Returns
        -------
        DataFrame
            ``key, violation, revenue, closed_at``, in the order of the arrivals.

        Raises
        ------
        PolicyError
            If the instant lies after today: that would be a look into the future.
        """
        self._check_present(instant)
        known = self._closed_at[self._closed_at.index.isin(self._picked)]
        known = known[known < instant]
        found = self._truth.loc[known.index, ["violation", "revenue"]]
        return found.assign(closed_at=known).reset_index()

    def outcome_of(self, key: str, instant: pd.Timestamp) -> pd.Series:
        """Return the outcome of one consignment that is known at an instant.

        Raises
        ------
        PolicyError
            If it is not known: not picked, or not closed yet.
        """
        known = self.outcomes(instant)
        row = known[known["key"] == key]
        if row.empty:
            why = "is not closed yet" if key in self._picked else "was never picked"
            raise PolicyError(
                f"{key!r} {why}: its outcome is not known at {instant}",
                "read known outcomes alone",
            )
        return row.iloc[0]

    def require_labels(self, instant: pd.Timestamp) -> pd.DataFrame:
        """Return the known outcomes, at least one.

        Raises
        ------
        LabelError
            If there is none; the message says on which date the first pick's is known.
        """
        known = self.outcomes(instant)
        if known.empty:
            closings = self._closed_at[self._closed_at.index.isin(self._picked)].dropna()
            remedy = f"the first is known {closings.min()}" if len(closings) else "pick first"
            raise LabelError(f"no outcome is known at {instant}", remedy)
        return known

    def _check_present(self, instant: pd.Timestamp) -> None:
        if self._today is None:
            raise PolicyError("no day has begun", "call arrive first")
        last = self._arrivals["decision_time"].iloc[self._rows[self._today]].max()
        if instant > last:
            raise PolicyError(
                f"{instant} lies in the future: the last decision of today is at {last}",
                "ask for what is known now",
            )

    def _check_capacity(self, today: pd.DataFrame, keys: list[str]) -> None:
        assert self._today is not None  # noqa: S101 - for the type checker, `pick` has asked
        earlier = {key for key, day in self._picked.items() if day == self._today}
        picked = today["key"].isin(earlier.union(keys)).to_numpy()
        everyone = list(range(len(today)))
        for (_, office, mode), quota, rows in compete(today, self._today, everyone, self._capacity):
            budget, spent = quota.budget(len(rows)), int(np.count_nonzero(picked[rows]))
            if spent > budget:
                raise PolicyError(
                    f"{self._today}, office {office}, mode {mode}: {spent} picks,"
                    f" the capacity is {budget}",
                    "pick no more than can be scanned",
                )


def _check(arrivals: pd.DataFrame, truth: pd.DataFrame) -> None:
    tables = (("arrivals", arrivals, ARRIVAL_COLUMNS), ("truth", truth, OUTCOME_COLUMNS))
    for table, frame, columns in tables:
        for name in columns:
            if name not in frame:
                raise MissingColumnError(f"the {table} have no column {name!r}", "add it")
        if not frame["key"].is_unique:
            raise DataError(f"the {table} name a consignment twice", "give each once")
    shown = sorted({"violation", "probability", "violation_type", "revenue", "delay"} & {*arrivals})
    if shown:
        raise DataError(f"the arrivals show {shown[0]!r}, which is truth", "leave it out")
    absent = ~arrivals["key"].isin(truth["key"])
    if absent.any():
        raise DataError(f"{int(absent.sum())} arrivals have no truth", "give it for each of them")
    if (truth["delay"] < pd.Timedelta(0)).any():
        raise DataError("the truth, column delay: a delay is negative", "give one of 0 or more")
