"""Intervals: Wilson for a proportion, bootstrap by group for everything else.

The bootstrap resamples *groups* (a consignment, an entity, a day), because rows of one group
share their fate: intervals by row would be too narrow. A resample is a vector of weights, how
often each group was drawn, so that a metric that takes weights needs no copy of the data.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = [
    "Interval",
    "bootstrap_intervals",
    "group_codes",
    "resample_weights",
    "wilson_interval",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Metrics = Mapping[str, float | None]
WeightedMetrics = Callable[[FloatArray], Metrics]
"""Computes named metrics when each row counts with the given weight."""

SMALLEST_SHARE = 0.5
"""An interval is given only if at least this share of resamples defines the metric."""


@dataclass(frozen=True)
class Interval:
    """An estimate with its interval.

    Attributes
    ----------
    value, low, high : float or None
        Point estimate and bounds; ``None`` where the quantity is undefined, as is the recall
        of a period without a violation.
    """

    value: float | None
    low: float | None = None
    high: float | None = None

    def to_dict(self) -> dict[str, float | None]:
        """Return the three numbers by name."""
        return {"value": self.value, "low": self.low, "high": self.high}


def wilson_interval(
    successes: float, trials: float, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion.

    It stays inside [0, 1] and has positive width for 0 successes, unlike the normal
    approximation; its coverage is near nominal from a handful of trials on. It assumes
    independent trials: for clustered ones it is too narrow, use `bootstrap_intervals`.

    Parameters
    ----------
    successes, trials : float
        Counts, ``0 <= successes <= trials``. Zero trials say nothing: (0, 1).
    confidence : float
        Coverage, between 0 and 1.

    Returns
    -------
    tuple of float
        Lower and upper bound.

    Raises
    ------
    ValueError
        If the counts or the confidence are impossible.

    Notes
    -----
    E. B. Wilson (1927), Journal of the American Statistical Association 22, 209-212.

    Examples
    --------
    >>> low, high = wilson_interval(31, 6198)
    >>> f"{low:.4%} to {high:.4%}"
    '0.3526% to 0.7091%'
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes in {trials} trials are impossible")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    if trials == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / trials
    centre = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z * sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2)) / (1 + z**2 / trials)
    # At the ends the formula gives 0 and 1 exactly, rounding does not.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == trials else min(1.0, centre + half)
    return low, high


def group_codes(groups: object, size: int) -> IntArray:
    """Return the number of each row's group.

    Parameters
    ----------
    groups : array-like of shape (size,) or None
        Names of the groups; ``None`` makes every row a group of its own. A missing name is a
        group of its own as well: unknown entities are not one entity.
    size : int
        Number of rows.

    Returns
    -------
    ndarray of int64, shape (size,)
    """
    if groups is None:
        return np.arange(size, dtype=np.int64)
    series = pd.Series(groups).reset_index(drop=True)
    codes = pd.factorize(series)[0].astype(np.int64)
    alone = codes < 0
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(alone.sum())
    return codes


def resample_weights(codes: IntArray, resamples: int, seed: int) -> Iterator[FloatArray]:
    """Yield, for each bootstrap resample, how often each row's group was drawn.

    Parameters
    ----------
    codes : ndarray of int64, shape (n,)
        Group of each row, from 0 without gaps.
    resamples : int
        Number of resamples.
    seed : int
        The same seed gives the same resamples.

    Yields
    ------
    ndarray of float64, shape (n,)
    """
    generator = np.random.default_rng(seed)
    groups = int(codes.max(initial=-1)) + 1
    for _ in range(resamples):
        drawn = generator.integers(0, groups, groups)
        yield np.bincount(drawn, minlength=groups)[codes].astype(np.float64)


def bootstrap_intervals(
    metrics: WeightedMetrics,
    codes: IntArray,
    *,
    weights: FloatArray | None = None,
    resamples: int = 500,
    seed: int = 0,
    confidence: float = 0.95,
) -> dict[str, Interval]:
    """Return each metric with its percentile interval, resampling groups.

    Parameters
    ----------
    metrics : callable
        Given row weights, returns metrics by name, ``None`` for an undefined one.
    codes : ndarray of int64, shape (n,)
        Group of each row, see `group_codes`.
    weights : ndarray of float64, shape (n,), optional
        Weight of each row (inverse propensity); a resample multiplies it.
    resamples, seed, confidence
        Of the bootstrap.

    Returns
    -------
    dict of str to Interval
        Resamples in which a metric is undefined are left out of its interval, which is then
        conditional on being defined; with fewer than half defined there is no interval.

    Notes
    -----
    B. Efron and R. J. Tibshirani (1993), An Introduction to the Bootstrap, chapter 13. Few
    groups (under 20) make it too narrow.
    """
    base = np.ones(len(codes)) if weights is None else weights
    values = metrics(base)
    draws: dict[str, list[float]] = {name: [] for name in values}
    for drawn in resample_weights(codes, resamples, seed):
        for name, value in metrics(base * drawn).items():
            if value is not None:
                draws[name].append(value)
    return {
        name: _percentiles(value, draws[name], resamples, confidence)
        for name, value in values.items()
    }


def _percentiles(
    value: float | None, draws: list[float], resamples: int, confidence: float
) -> Interval:
    if value is None or len(draws) < max(1.0, SMALLEST_SHARE * resamples):
        return Interval(value)
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return Interval(value, float(low), float(high))
