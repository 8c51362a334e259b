"""The hit rate of everybody, as a policy's own log tells it, and as it is."""

from typing import Any

import numpy as np

from riskml.policy.estimates import Selected, estimate_hit_rate, estimate_naively
from riskml.policy.rehearsal import Rehearsal
from riskml.policy.replay import Replay

__all__ = ["WHY", "rate_estimates"]

WHY = (
    "the naive rate counts the inspected alone: they were chosen because they looked risky, so it "
    "says how good the choice was and nothing about the arrivals; weighed by the logged chance to "
    "be inspected, the picks drawn at random speak for all of them"
)


def rate_estimates(rehearsal: Rehearsal, done: Replay) -> dict[str, Any]:
    """Estimate the share of arrivals in which an inspection finds a violation.

    Returns
    -------
    dict
        ``truth`` (over all rehearsed arrivals), ``naive`` (over the inspected) and, where every
        arrival had a positive chance, ``unbiased`` (Horvitz-Thompson), each as ``value, low, high``
        in percent; else ``unbiased`` is None.
    """
    inside = np.flatnonzero(~np.isnan(done.propensity))
    finds = rehearsal.envelope["finds"].to_numpy(np.float64)
    selected = np.zeros(len(rehearsal), dtype=np.bool_)
    selected[done.picks["row"].to_numpy()] = True
    chance = np.where(done.propensity > 0, done.propensity, np.nan)[inside]
    label = np.where(selected, finds, np.nan)[inside]
    data = Selected(chance, selected[inside], label)
    naive = estimate_naively(data).interval
    found: dict[str, Any] = {
        "truth": 100 * float(finds[inside].mean()),
        "naive": _percent(naive.value, naive.low, naive.high),
        "unbiased": None,
    }
    if not np.isnan(chance).any():
        own = estimate_hit_rate(data).interval
        found["unbiased"] = _percent(own.value, own.low, own.high)
    return found


def _percent(*bounds: float | None) -> dict[str, float | None]:
    names = ("value", "low", "high")
    return {n: None if v is None else 100 * v for n, v in zip(names, bounds, strict=True)}
