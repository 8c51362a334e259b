"""What a replay found, day by day: the tidy frame that every figure and picture starts from.

The first frame has one row per day and policy. ``expected`` is the sum of the world's true
probabilities of the picks: what they find on average over the toss of the coins, and so the figure
with least noise. ``violations`` counts the picks in violation, ``found`` those of them that an
inspection finds.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.policy.rehearsal import Rehearsal
from riskml.policy.replay import Replay
from riskml.policy.truth import HONEST

__all__ = ["MEASURES", "account", "everything"]

MEASURES = ("expected", "violations", "found", "worth", "recovered", "newcomers")
"""Sums per day: true probabilities, violations, those found, revenue at stake, revenue recovered,
and violations of importers never seen before."""


def account(rehearsal: Rehearsal, done: Replay) -> pd.DataFrame:
    """Return what a replay found, one row per day.

    Returns
    -------
    DataFrame
        ``policy, date``, the columns of ``done.days``, ``explored`` (picks drawn at random),
        `MEASURES`, and ``type_<name>`` (violations of each type).
    """
    per_day = _per_day(rehearsal, done.picks["row"].to_numpy(np.int64))
    explored = (done.picks["channel"] == "exploration").groupby(done.picks["date"]).sum()
    days = done.days.set_index("date")
    days["explored"] = explored.reindex(days.index, fill_value=0)
    found = days.join(per_day).fillna(dict.fromkeys(per_day.columns, 0.0)).reset_index()
    found.insert(0, "policy", done.policy)
    return found


def everything(rehearsal: Rehearsal) -> pd.DataFrame:
    """Return what there was to find, one row per day: the measures over all arrivals."""
    inside = np.isin(rehearsal.arrivals["date"].to_numpy(object), np.array(rehearsal.days, object))
    rows = np.flatnonzero(inside)
    found = _per_day(rehearsal, rows)
    found.insert(0, "arrivals", rehearsal.arrivals["date"].iloc[rows].value_counts())
    return found.reindex(pd.Index(rehearsal.days, name="date"), fill_value=0.0).reset_index()


def _per_day(rehearsal: Rehearsal, rows: npt.NDArray[np.int64]) -> pd.DataFrame:
    sealed = rehearsal.envelope.iloc[rows]
    violation = sealed["violation"].to_numpy(np.float64)
    columns = {
        "expected": sealed["probability"].to_numpy(np.float64),
        "violations": violation,
        "found": sealed["finds"].to_numpy(np.float64),
        "worth": sealed["worth"].to_numpy(np.float64),
        "recovered": sealed["revenue"].to_numpy(np.float64),
        "newcomers": violation * rehearsal.newcomer[rows],
    }
    kind = sealed["kind"].to_numpy(object)
    for name in sorted(set(rehearsal.envelope["kind"]) - {HONEST}):
        columns[f"type_{name}"] = (kind == name).astype(np.float64)
    days = rehearsal.arrivals["date"].to_numpy(object)[rows]
    return pd.DataFrame(columns).groupby(pd.Index(days, name="date")).sum()
