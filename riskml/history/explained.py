"""The events that a statistic counted, one by one: for people, and for whoever doubts a number."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from riskml.errors import HistoryError
from riskml.history.arrays import Array
from riskml.history.plan import place_of
from riskml.history.records import Events, Queries
from riskml.history.statistics import LINES, Statistic, microseconds

__all__ = ["explain_feature"]


def explain_feature(
    row: int, name: str, statistics: Sequence[Statistic], events: Iterable[Events], queries: Queries
) -> pd.DataFrame:
    """List the events that a statistic of a query counted.

    It asks each record by itself whether it counts, without an index, a window sum or a kernel.

    Parameters
    ----------
    row : int
        Which of the queries.
    name : str
        Name of the statistic.
    statistics : sequence of Statistic
        Those asked for.
    events : iterable of Events
        Everything that may have been known.
    queries : Queries
        The decisions.

    Returns
    -------
    DataFrame
        Event, revision, known time (UTC), age in days at the decision, consignment, and the
        columns of the event; by known time. Empty where nothing counted.

    Raises
    ------
    HistoryError
        If there is no such statistic or row.

    Notes
    -----
    A rate also leans on the events of its parent: ask for those by the parent's own name.
    """
    statistic = _named(name, statistics)
    if not 0 <= row < len(queries):
        raise HistoryError(f"there is no row {row}", f"give 0 to {len(queries) - 1}")
    time = int(queries.decision_time[row])
    key = place_of(statistic)[1]
    wanted = {column: queries.keys[column][row] for column in key}
    parts = [
        _known(batch, wanted, time)
        for batch in events
        if batch.stream == statistic.source and batch.only in (None, key)
    ]
    if not parts:
        return _frame([], [])
    found = _latest(pd.concat(parts, ignore_index=True))
    own = found["unit"] == queries.unit[row]
    if statistic.source != LINES and isinstance(queries.unit[row], str):
        found = found[~own.to_numpy(dtype=bool, na_value=False)]
    days = statistic.long_days if statistic.kind == "trend" else statistic.days
    begin = 0 if days is None else time - microseconds(days)
    within = found["lodged_at"] if statistic.lodged else found["known_at"]
    found = found[found.pop("under") & (within >= begin)]
    found = found.sort_values(["known_at", "event_id"], ignore_index=True)
    found.insert(3, "days_before", (time - found["known_at"]) / microseconds(1.0))
    found["known_at"] = pd.to_datetime(found["known_at"], unit="us", utc=True)
    return found


def _named(name: str, statistics: Sequence[Statistic]) -> Statistic:
    for statistic in statistics:
        if statistic.name == name:
            return statistic
    raise HistoryError(
        f"there is no statistic {name!r}",
        f"give one of {', '.join(sorted({s.name for s in statistics}))}",
    )


def _known(batch: Events, wanted: dict[str, Any], time: int) -> pd.DataFrame:
    """Return the records known by the time, with a mark where they lie under the key."""
    known = np.flatnonzero(np.asarray(batch.known_at) < time)
    under = np.ones(len(known), dtype=bool)
    for column, value in wanted.items():
        texts = np.asarray(batch.keys[column], dtype=object)[known]
        under &= np.array([isinstance(text, str) and text == value for text in texts], dtype=bool)
    columns = {name: np.asarray(column, dtype=object)[known] for name, column in batch.keys.items()}
    values = {name: np.asarray(column)[known] for name, column in batch.values.items()}
    ids = [batch.event_id, batch.revision, batch.known_at]
    frame = _frame([np.asarray(part)[known] for part in ids], [np.asarray(batch.unit)[known]])
    return frame.assign(**columns, **values, under=under)


def _frame(first: Sequence[Array], second: Sequence[Array]) -> pd.DataFrame:
    names = ("event_id", "revision", "known_at", "unit")
    columns = [*first, *second] or [np.zeros(0, dtype=object)] * len(names)
    return pd.DataFrame(dict(zip(names, columns, strict=True)))


def _latest(records: pd.DataFrame) -> pd.DataFrame:
    """Keep of each event the highest revision known, alone."""
    ordered = records.sort_values(["event_id", "revision"], kind="stable")
    return ordered.drop_duplicates("event_id", keep="last")
