"""The world as a rehearsed policy meets it: the truth stays inside, what was earned comes out.

A policy is shown a day's arrivals, names its picks, and gets the outcome of a pick once it is
closed. Of what it did not pick it never learns anything. Each consignment's outcome is fixed
beforehand, so that two policies that pick the same find the same.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.errors import DataError, LabelError, MissingColumnError, PolicyError
from riskml.selection.capacity import Capacity
from riskml.selection.strata import compete

__all__ = ["Environment"]

ARRIVAL_COLUMNS = ("key", "date", "office", "mode", "decision_time")
OUTCOME_COLUMNS = ("key", "violation", "revenue", "delay")
FINDING_COLUMNS = ("suspicious", "scan_delay")
"""What a scan says before anything is opened; a truth without them has no findings to tell."""
SECRETS = {
    "violation", "probability", "violation_type", "revenue", "delay", *FINDING_COLUMNS,
}  # fmt: skip
NEVER = np.iinfo(np.int64).max


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
        missing for one that is never closed); perhaps ``suspicious`` (0 or 1) and
        ``scan_delay`` (timedelta to the scan finding; missing where there is none).
    capacity : Capacity
        What can be inspected; a minimum rate alone sets it as in selection.
    before : sequence of str
        Keys inspected before the rehearsal begins, by whatever policy was in force: their outcomes
        are known after their delay too, and they can no longer be picked.

    Raises
    ------
    MissingColumnError
        If a column is absent.
    DataError
        If a key repeats, an arrival has no truth, a delay is negative, or a column of the truth
        stands among the arrivals, where a policy would see it.
    """

    def __init__(
        self,
        arrivals: pd.DataFrame,
        truth: pd.DataFrame,
        capacity: Capacity,
        before: Sequence[str] = (),
    ) -> None:
        _check(arrivals, truth)
        self._arrivals = arrivals.reset_index(drop=True)
        place = pd.Index(truth["key"].to_numpy(object)).get_indexer(_texts(self._arrivals))
        self._truth = truth.iloc[place].set_index("key")
        rows: Any = self._arrivals.groupby("date").indices
        self._rows: dict[date, np.ndarray] = {day: rows[day] for day in sorted(rows)}
        self._capacity = capacity
        self._decided = _microseconds(self._arrivals["decision_time"])
        self._closed = self._after("delay")
        self._scanned = self._after("scan_delay") if "scan_delay" in self._truth else None
        self._picked = np.zeros(len(self._arrivals), dtype=np.bool_)
        self._order = np.empty(0, dtype=np.int64)
        self._today: date | None = None
        own = pd.Index(_texts(self._arrivals)).get_indexer(pd.Index(before, dtype=object))
        self._inspect(own[own >= 0].astype(np.int64), 0)

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

        The list is made when the last of today's arrivals is decided on, so that nothing of what it
        names is known before.

        Raises
        ------
        PolicyError
            If a key is no arrival of today or picked twice, or an office's capacity is
            overspent; then nothing is inspected.
        """
        if self._today is None:
            raise PolicyError("no day has begun", "call arrive first")
        today = self.arrive(self._today)
        place = {key: row for row, key in enumerate(today["key"])}
        strange = [key for key in keys if key not in place]
        if strange:
            raise PolicyError(
                f"{self._today}: {min(strange)!r} did not arrive today ({len(strange)} such picks)",
                "pick among the arrivals that were shown",
            )
        rows = self._rows[self._today]
        chosen = rows[np.array([place[key] for key in keys], dtype=np.int64)]
        if len(set(keys)) < len(keys) or self._picked[chosen].any():
            raise PolicyError(f"{self._today}: a consignment is picked twice", "pick each once")
        picked = self._picked[rows] | np.isin(rows, chosen)
        self._check_capacity(today, picked)
        self._inspect(chosen, int(self._decided[rows].max()))

    def outcomes(self, instant: pd.Timestamp, since: pd.Timestamp | None = None) -> pd.DataFrame:
        """Return what is known of the picks strictly before an instant.

        Parameters
        ----------
        instant : Timestamp
        since : Timestamp, optional
            Leave out what was known strictly before this earlier instant.

        Returns
        -------
        DataFrame
            ``key, violation, revenue, closed_at``, in the order of the arrivals.

        Raises
        ------
        PolicyError
            If the instant lies after today: that would be a look into the future.
        """
        rows = self._known(self._closed, instant, since)
        found: pd.DataFrame = self._truth.iloc[rows][["violation", "revenue"]].reset_index()
        return found.assign(closed_at=_times(self._closed[rows]))

    def findings(self, instant: pd.Timestamp, since: pd.Timestamp | None = None) -> pd.DataFrame:
        """Return what the scans of the picks showed strictly before an instant.

        Returns
        -------
        DataFrame
            ``key, suspicious, scanned_at``; see `outcomes`. Empty if the truth has no findings.

        Raises
        ------
        PolicyError
            If the instant lies after today.
        """
        if self._scanned is None:
            return pd.DataFrame(
                {"key": [], "suspicious": [], "scanned_at": _times(self._order[:0])}
            )
        rows = self._known(self._scanned, instant, since)
        found: pd.DataFrame = self._truth.iloc[rows][["suspicious"]].reset_index()
        return found.assign(scanned_at=_times(self._scanned[rows]))

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
            own = (self._arrivals["key"] == key).to_numpy()
            why = "is not closed yet" if self._picked[own].any() else "was never picked"
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
            closings = self._closed[self._order]
            first = int(closings.min(initial=NEVER))
            remedy = f"the first is known {_times(np.array([first]))[0]}"
            raise LabelError(
                f"no outcome is known at {instant}", remedy if first < NEVER else "pick first"
            )
        return known

    def _after(self, column: str) -> npt.NDArray[np.int64]:
        delay = self._truth[column]
        length = delay.dt.total_seconds().to_numpy() * 1e6
        missing = np.isnan(length)
        after = self._decided + np.where(missing, 0.0, length).astype(np.int64)
        return np.where(missing, NEVER, after)

    def _inspect(self, rows: npt.NDArray[np.int64], at: int) -> None:
        """Begin inspections when the list is complete: nothing shows before that instant."""
        for known in (self._closed, self._scanned):
            if known is not None:
                known[rows] = np.maximum(known[rows], at)
        self._picked[rows] = True
        self._order = np.sort(np.concatenate([self._order, rows]))

    def _known(
        self, at: npt.NDArray[np.int64], instant: pd.Timestamp, since: pd.Timestamp | None
    ) -> npt.NDArray[np.int64]:
        """Return the rows of the picks with a known time before an instant."""
        self._check_present(instant)
        known = at[self._order]
        keep = known < _microsecond(instant)
        if since is not None:
            keep &= known >= _microsecond(since)
        return self._order[keep]

    def _check_present(self, instant: pd.Timestamp) -> None:
        if self._today is None:
            raise PolicyError("no day has begun", "call arrive first")
        last = int(self._decided[self._rows[self._today]].max())
        if _microsecond(instant) > last:
            raise PolicyError(
                f"{instant} lies in the future: the last decision of today is at"
                f" {_times(np.array([last]))[0]}",
                "ask for what is known now",
            )

    def _check_capacity(self, today: pd.DataFrame, picked: npt.NDArray[np.bool_]) -> None:
        assert self._today is not None  # noqa: S101 - for the type checker, `pick` has asked
        everyone = list(range(len(today)))
        for (_, office, mode), quota, rows in compete(today, self._today, everyone, self._capacity):
            budget, spent = quota.budget(len(rows)), int(np.count_nonzero(picked[rows]))
            if spent > budget:
                raise PolicyError(
                    f"{self._today}, office {office}, mode {mode}: {spent} picks,"
                    f" the capacity is {budget}",
                    "pick no more than can be scanned",
                )


def _texts(frame: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Return the keys as objects: look-ups in Arrow text are many times slower."""
    return np.asarray(frame["key"], dtype=object)


def _microseconds(times: pd.Series) -> npt.NDArray[np.int64]:
    return np.asarray(times.dt.as_unit("us").astype("int64"), dtype=np.int64)


def _microsecond(instant: pd.Timestamp) -> int:
    return int(instant.value // 1000)  # nanoseconds, whatever its unit


def _times(microseconds: npt.NDArray[np.int64]) -> pd.DatetimeIndex:
    return pd.to_datetime(microseconds, unit="us", utc=True).as_unit("us")


def _check(arrivals: pd.DataFrame, truth: pd.DataFrame) -> None:
    tables = (("arrivals", arrivals, ARRIVAL_COLUMNS), ("truth", truth, OUTCOME_COLUMNS))
    for table, frame, columns in tables:
        for name in columns:
            if name not in frame:
                raise MissingColumnError(f"the {table} have no column {name!r}", "add it")
        if len(set(_texts(frame))) < len(frame):
            raise DataError(f"the {table} name a consignment twice", "give each once")
    shown = sorted(SECRETS & {*arrivals})
    if shown:
        raise DataError(f"the arrivals show {shown[0]!r}, which is truth", "leave it out")
    absent = len(set(_texts(arrivals)) - set(_texts(truth)))
    if absent:
        raise DataError(f"{absent} arrivals have no truth", "give it for each of them")
    for name in ("delay", "scan_delay"):
        if name in truth and (truth[name] < pd.Timedelta(0)).any():
            raise DataError(
                f"the truth, column {name}: a delay is negative", "give one of 0 or more"
            )
