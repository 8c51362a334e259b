"""What a policy's log would have said of another policy's hit rate, beside what that really was.

A service has the log of the one policy it runs, and asks of another: how many of its picks would
have been violations? Those of them that the log's policy inspected as well, each weighed by its
logged chance to be inspected, answer without bias, as long as every pick of the other had such a
chance. In a rehearsal both policies are run, so the answer can be held against the truth.

The chance must not depend on whom the other policy picks: each rehearsed policy draws lots of its
own (`riskml.policy.replay`), or the other's explored picks would be just those that the log drew.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.policy.estimates import Method, Selected, estimate_hit_rate
from riskml.policy.replay import Replay

__all__ = ["METHODS", "NO_SUPPORT", "chances_of", "estimate_from_log"]

METHODS: tuple[Method, ...] = ("horvitz_thompson", "self_normalised", "doubly_robust")
NO_SUPPORT = (
    "where a policy picks arrivals that the log's policy could not have inspected, no weighing can "
    "tell what it would have found: no estimate is given, and the share of such picks is"
)


def chances_of(done: Replay) -> pd.DataFrame:
    """Return what a policy's log holds of every rehearsed arrival, inspected or not.

    Returns
    -------
    DataFrame
        ``row, propensity, probability``; see `riskml.policy.replay.Replay`.
    """
    rows = np.flatnonzero(~np.isnan(done.propensity))
    return pd.DataFrame(
        {
            "row": rows,
            "propensity": done.propensity[rows],
            "probability": done.probability[rows],
        }
    )


def estimate_from_log(
    chances: pd.DataFrame, inspected: pd.DataFrame, picks: pd.DataFrame
) -> dict[str, Any]:
    """Estimate a policy's hit rate from the log of another.

    Parameters
    ----------
    chances : DataFrame
        From `chances_of` of the log's policy.
    inspected : DataFrame
        Its picks: ``row`` and ``finds`` (1 where the inspection found a violation).
    picks : DataFrame
        The other policy's picks, with the same columns.

    Returns
    -------
    dict
        In percent: ``truth`` (of the other's picks, how many an inspection finds in violation),
        ``shared`` (how many the log's policy inspected too), ``unsupported`` (how many it could
        not have), and for each of `METHODS` ``value, low, high, width`` at 95 %, or None where
        some picks have no support.
    """
    logged = chances.set_index("row").loc[picks["row"]]
    chance = logged["propensity"].to_numpy(np.float64)
    label = inspected.set_index("row")["finds"].reindex(picks["row"]).to_numpy(np.float64)
    found: dict[str, Any] = {
        "truth": 100 * float(picks["finds"].mean()),
        "shared": 100 * float(np.mean(~np.isnan(label))),
        "unsupported": 100 * float(np.mean(chance <= 0)),
    }
    if (chance <= 0).any():
        return found | dict.fromkeys(METHODS)
    data = Selected(chance, ~np.isnan(label), label)
    # Without a model nothing is expected of anybody, and the estimate is Horvitz and Thompson's.
    model = np.nan_to_num(logged["probability"].to_numpy(np.float64))
    return found | {method: _estimate(data, method, model) for method in METHODS}


def _estimate(
    data: Selected, method: Method, model: npt.NDArray[np.float64]
) -> dict[str, float] | None:
    estimate = estimate_hit_rate(data, method=method, model=model)
    value, low, high = estimate.interval.value, estimate.interval.low, estimate.interval.high
    if value is None or low is None or high is None:
        return None
    return {
        "value": 100 * value, "low": 100 * low, "high": 100 * high, "width": 100 * (high - low)
    }  # fmt: skip
