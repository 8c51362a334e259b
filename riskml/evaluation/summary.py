"""All metrics of one score, each with its bootstrap interval, as one plain dictionary."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from riskml.evaluation.intervals import (
    Interval,
    bootstrap_intervals,
    group_codes,
    wilson_interval,
)
from riskml.evaluation.metrics import (
    RATES,
    area_of,
    bin_by_weight,
    brier_score,
    calibration_distance,
    check_rows,
    log_loss,
    observed_over_expected,
    precision_of,
    rates_of,
)
from riskml.evaluation.ranking import FloatArray, Ranking, rank

__all__ = ["Rows", "difference", "summarise"]

BINS = 10
_AT_RATE = ("hit_rate", "recall", "lift", "revenue_recall")


@dataclass(frozen=True)
class Rows:
    """Labelled rows to measure on.

    Attributes
    ----------
    labels : ndarray of float64, shape (n,)
        0 or 1.
    weights : ndarray of float64, shape (n,)
        Arrivals each row stands for.
    groups : ndarray of int64, shape (n,)
        What the bootstrap draws: consignments, entities or days.
    revenue : ndarray of float64, shape (n,) or None
        Money recovered; missing counts as none.
    """

    labels: FloatArray
    weights: FloatArray
    groups: npt.NDArray[np.int64]
    revenue: FloatArray | None = None

    @classmethod
    def of(
        cls,
        labels: npt.ArrayLike,
        *,
        weights: npt.ArrayLike | None = None,
        groups: object = None,
        revenue: npt.ArrayLike | None = None,
    ) -> "Rows":
        """Check and convert; see `check_rows` for what is refused."""
        y, w = check_rows(labels, weights)
        money = None if revenue is None else np.nan_to_num(np.asarray(revenue, dtype=np.float64))
        return cls(y, w, group_codes(groups, len(y)), money)

    def take(self, keep: npt.NDArray[np.bool_]) -> "Rows":
        """Return the rows where ``keep`` is true; groups that are left out are not drawn."""
        money = None if self.revenue is None else self.revenue[keep]
        groups = np.unique(self.groups[keep], return_inverse=True)[1].astype(np.int64)
        return Rows(self.labels[keep], self.weights[keep], groups, money)


def summarise(
    rows: Rows,
    scores: npt.ArrayLike,
    *,
    probabilities: npt.ArrayLike | None = None,
    rates: tuple[float, ...] = RATES,
    resamples: int = 500,
    seed: int = 0,
    confidence: float = 0.95,
) -> dict[str, Any]:
    """Measure a score.

    Parameters
    ----------
    rows : Rows
        Labels, weights and bootstrap groups.
    scores : array-like, shape (n,)
        Ranks the rows.
    probabilities : array-like, shape (n,), optional
        Adds the metrics of calibration.
    rates, resamples, seed, confidence
        Inspection rates, and the bootstrap's parameters.

    Returns
    -------
    dict
        ``average_precision``, ``roc_auc`` and, with probabilities, ``brier``, ``log_loss``,
        ``ece`` and ``observed_over_expected``, each ``{value, low, high}``; under ``at``, per
        rate (``"0.05"``), ``inspected`` and ``hits`` as numbers and ``hit_rate``, ``recall``,
        ``lift``, ``revenue_recall`` with intervals. ``None`` stands where a metric is undefined.
        A proportion of 0 or 1, on which the bootstrap is blind, has its Wilson interval.
    """
    ranking = rank(scores)
    p = None if probabilities is None else np.asarray(probabilities, dtype=np.float64)
    bins = None if p is None else bin_by_weight(rank(p), rows.weights, BINS)

    def metrics(weights: FloatArray) -> dict[str, float | None]:
        found = _ranking_metrics(ranking, rows, weights, rates)
        if p is not None and bins is not None:
            found.update(_probability_metrics(rows, p, weights, bins))
        return found

    intervals = bootstrap_intervals(
        metrics,
        rows.groups,
        weights=rows.weights,
        resamples=resamples,
        seed=seed,
        confidence=confidence,
    )
    return _nested(intervals, ranking, rows, rates, confidence)


def _ranking_metrics(
    ranking: Ranking, rows: Rows, weights: FloatArray, rates: tuple[float, ...]
) -> dict[str, float | None]:
    found: dict[str, float | None] = {"average_precision": None, "roc_auc": None}
    positives, total = float((weights * rows.labels).sum()), float(weights.sum())
    if positives > 0:
        found["average_precision"] = precision_of(ranking, rows.labels, weights)
    if 0 < positives < total:
        found["roc_auc"] = area_of(ranking, rows.labels, weights)
    for measured in rates_of(ranking, rows.labels, weights, rates, rows.revenue):
        for name in _AT_RATE:
            found[f"{measured.rate:g}/{name}"] = getattr(measured, name)
    return found


def _probability_metrics(
    rows: Rows, p: FloatArray, weights: FloatArray, bins: npt.NDArray[np.int64]
) -> dict[str, float | None]:
    return {
        "brier": brier_score(rows.labels, p, weights),
        "log_loss": log_loss(rows.labels, p, weights),
        "ece": calibration_distance(bins, rows.labels, p, weights, BINS),
        "observed_over_expected": observed_over_expected(rows.labels, p, weights),
    }


def _nested(
    intervals: Mapping[str, Interval],
    ranking: Ranking,
    rows: Rows,
    rates: tuple[float, ...],
    confidence: float,
) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: interval.to_dict() for name, interval in intervals.items() if "/" not in name
    }
    found["at"] = {}
    for measured in rates_of(ranking, rows.labels, rows.weights, rates, rows.revenue):
        at: dict[str, Any] = {"inspected": measured.inspected, "hits": measured.hits}
        for name in _AT_RATE:
            at[name] = intervals[f"{measured.rate:g}/{name}"]
        positives = float((rows.weights * rows.labels).sum())
        at["hit_rate"] = _widened(at["hit_rate"], measured.inspected, confidence)
        at["recall"] = _widened(at["recall"], positives, confidence)
        found["at"][f"{measured.rate:g}"] = {
            name: value.to_dict() if isinstance(value, Interval) else value
            for name, value in at.items()
        }
    return found


def _widened(interval: Interval, trials: float, confidence: float) -> Interval:
    """Give a proportion that never varied in the bootstrap its Wilson interval."""
    if interval.value is None or interval.low is None or interval.low != interval.high:
        return interval
    low, high = wilson_interval(min(interval.value * trials, trials), trials, confidence)
    return Interval(interval.value, low, high)


def difference(
    rows: Rows,
    scores: npt.ArrayLike,
    rival: npt.ArrayLike,
    *,
    rates: tuple[float, ...] = RATES,
    resamples: int = 500,
    seed: int = 0,
    confidence: float = 0.95,
) -> dict[str, dict[str, float | None]]:
    """Return what ``scores`` has above ``rival``, by a paired bootstrap.

    Both scores are measured on the same resamples, so what the rows share cancels out.

    Parameters
    ----------
    rows : Rows
        Labels, weights and bootstrap groups.
    scores, rival : array-like, shape (n,)
        The two scores.
    rates, resamples, seed, confidence
        Inspection rates, and the bootstrap's parameters.

    Returns
    -------
    dict
        ``average_precision``, ``roc_auc``, ``hit_rate@0.05``, ``recall@0.05`` and so on, each
        ``{value, low, high}``.
    """
    ours, theirs = rank(scores), rank(rival)

    def metrics(weights: FloatArray) -> dict[str, float | None]:
        a = _ranking_metrics(ours, rows, weights, rates)
        b = _ranking_metrics(theirs, rows, weights, rates)
        return {name: _minus(a[name], b[name]) for name in a}

    intervals = bootstrap_intervals(
        metrics,
        rows.groups,
        weights=rows.weights,
        resamples=resamples,
        seed=seed,
        confidence=confidence,
    )
    return {_flat(name): interval.to_dict() for name, interval in intervals.items()}


def _minus(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def _flat(name: str) -> str:
    rate, _, metric = name.rpartition("/")
    return f"{metric}@{rate}" if rate else metric
