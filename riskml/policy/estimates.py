"""Unbiased estimates from selected data: what the logged propensities allow to say.

Outcomes exist only where somebody looked. Where every arrival had a positive, logged chance to be
looked at, an inspected one stands for ``1 / propensity`` arrivals, and the violation rate of all
arrivals, or of those that another policy would have picked, can be estimated without bias.

Positives are few, often a handful with unequal weights, where normal and bootstrap intervals fail;
the intervals here are those of weighted sums of Poisson counts (Fay and Feuer 1997).
"""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv

from riskml.errors import InputError
from riskml.evaluation.intervals import Interval, wilson_interval

__all__ = ["Estimate", "Method", "Selected", "estimate_hit_rate", "estimate_naively"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Method = Literal["horvitz_thompson", "self_normalised", "doubly_robust"]


@dataclass(frozen=True)
class Selected:
    """Arrivals, which of them were looked at, and with which chance.

    Attributes
    ----------
    propensity : ndarray of float64, shape (n,)
        Logged probability with which each arrival was selected, above 0 and at most 1; NaN where
        it was not selected and none was logged.
    selected : ndarray of bool, shape (n,)
        Whether it was.
    label : ndarray of float64, shape (n,)
        1 for a violation, 0 for none; read only where selected, so NaN elsewhere.

    Raises
    ------
    InputError
        If a logged propensity is no probability above 0, or a selected arrival has no matured
        outcome.
    """

    propensity: FloatArray
    selected: BoolArray
    label: FloatArray

    def __post_init__(self) -> None:
        if not len(self.propensity) == len(self.selected) == len(self.label):
            raise InputError(
                f"{len(self.propensity)} propensities, {len(self.selected)} marks and "
                f"{len(self.label)} labels do not belong together",
                "give one of each for every arrival",
            )
        unlogged = np.isnan(self.propensity) & ~self.selected
        wrong = np.flatnonzero(~unlogged & ~((self.propensity > 0) & (self.propensity <= 1)))
        if len(wrong):
            raise InputError(
                f"propensity of arrival {wrong[0]} is {self.propensity[wrong[0]]}",
                "an arrival that could not be selected says nothing: leave it out of the claim",
            )
        unknown = np.flatnonzero(self.selected & ~np.isin(self.label, (0.0, 1.0)))
        if len(unknown):
            raise InputError(
                f"selected arrival {unknown[0]} has no outcome (and {len(unknown) - 1} others)",
                "wait until outcomes have matured, or correct for verification first",
            )


@dataclass(frozen=True)
class Estimate:
    """A rate with its interval, and what it rests on.

    Attributes
    ----------
    interval : Interval
        Point estimate and bounds.
    arrivals : int
        Arrivals of which the rate is claimed.
    inspected, positives : int
        Of those, selected, and found in violation.
    effective_size : float
        Kish's effective number of inspections, ``sum(w)**2 / sum(w**2)``.
    """

    interval: Interval
    arrivals: int
    inspected: int
    positives: int
    effective_size: float

    @property
    def width(self) -> float | None:
        """Width of the interval; None where there is none."""
        low, high = self.interval.low, self.interval.high
        return None if low is None or high is None else high - low


def estimate_hit_rate(
    data: Selected,
    picks: BoolArray | None = None,
    *,
    method: Method = "horvitz_thompson",
    model: FloatArray | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """Estimate the violation rate of all arrivals, or of those that a policy picks.

    Parameters
    ----------
    data : Selected
        Arrivals and what was learned of them, under whatever policy chose.
    picks : ndarray of bool, shape (n,), optional
        The arrivals of which the rate is claimed; by default all. They must not depend on the
        outcomes in ``data``.
    method : {"horvitz_thompson", "self_normalised", "doubly_robust"}
        Divide by the number of picks; or by the estimated one, which has less variance where
        propensities vary and a bias that vanishes with size; or correct a model by what was found.
    model : ndarray of float64, shape (n,), optional
        Probability of violation by a model that has not seen these outcomes; ``doubly_robust``
        needs it. It may be wrong: the propensities keep the estimate unbiased.
    confidence : float
        Nominal coverage.

    Returns
    -------
    Estimate

    Raises
    ------
    InputError
        If nothing is picked, or a model is missing or no probability.

    Notes
    -----
    D. G. Horvitz and D. J. Thompson (1952), JASA 47, 663-685; J. Hajek (1971); J. M. Robins,
    A. Rotnitzky and L. P. Zhao (1994), JASA 89, 846-866. Interval: M. P. Fay and E. J. Feuer
    (1997), Statistics in Medicine 16, 791-801, for the positives, combined with the normal part of
    ``doubly_robust`` by MOVER (G. Y. Zou and A. Donner 2008, Statistics in Medicine 27,
    1693-1702). Selections count as independent, which is conservative for a stratified draw.
    """
    chosen = np.ones(len(data.selected), dtype=np.bool_) if picks is None else picks
    arrivals = int(chosen.sum())
    if not arrivals:
        raise InputError("the policy picks no arrival", "a rate needs at least one")
    seen = chosen & data.selected
    weight = 1.0 / data.propensity[seen]
    found = data.label[seen] == 1
    # A positive that might have been found and was not could have weighed this much.
    heaviest = float(np.nanmax(1.0 / data.propensity[chosen], initial=1.0))
    if method == "doubly_robust":
        interval = _doubly_robust(data, chosen, seen, model, heaviest, confidence)
    else:
        interval = _weighted_share(weight[found], heaviest, float(arrivals), confidence)
        if method == "self_normalised":
            interval = _normalised(interval, float(weight[found].sum()), float(weight.sum()))
    return Estimate(
        _within_bounds(interval), arrivals, int(seen.sum()), int(found.sum()), _effective(weight)
    )


def estimate_naively(data: Selected, confidence: float = 0.95) -> Estimate:
    """Return the violation rate among those selected, as if they were a sample of all.

    They are not: a model selects what it deems risky, so the rate is too high for all arrivals,
    and what it never selects is not in it. For comparison with `estimate_hit_rate`.
    """
    inspected = int(data.selected.sum())
    found = int((data.label[data.selected] == 1).sum())
    if not inspected:
        return Estimate(Interval(None), len(data.selected), 0, 0, 0.0)
    low, high = wilson_interval(found, inspected, confidence)
    interval = Interval(found / inspected, low, high)
    return Estimate(interval, len(data.selected), inspected, found, float(inspected))


def _normalised(interval: Interval, total: float, size: float) -> Interval:
    """Divide by the estimated number of picks, which may be far off where few of them were seen.

    How far is not in the bounds of the sum, so they stay those of the known number, stretched to
    hold the estimate.
    """
    if size == 0 or interval.low is None or interval.high is None:
        return Interval(None)
    value = total / size
    return Interval(value, min(interval.low, value), max(interval.high, value))


def _weighted_share(
    weight: FloatArray, heaviest: float, size: float, confidence: float
) -> Interval:
    low, high = _sum_bounds(weight, weight, heaviest, confidence)
    return Interval(float(weight.sum()) / size, low / size, high / size)


def _sum_bounds(
    weight: FloatArray, adds: FloatArray, heaviest: float, confidence: float
) -> tuple[float, float]:
    """Bound the sum that weights of rare positives estimate.

    Those selected for certain are known, whatever the draw; the others are counts with weights.

    Parameters
    ----------
    weight : ndarray of float64, shape (k,)
        ``1 / propensity`` of each positive.
    adds : ndarray of float64, shape (k,)
        What it adds to the sum.
    heaviest : float
        Greatest weight that a positive could have had.
    confidence : float
        Nominal coverage.
    """
    certain = weight <= 1
    known = float(adds[certain].sum())
    drawn, chance = adds[~certain], 1 - 1 / weight[~certain]
    total, variance = float(drawn.sum()), float((drawn**2 * chance).sum())
    tail = (1 - confidence) / 2
    low = 0.0
    if total > 0:
        low = float(gammaincinv(total**2 / variance, tail)) * variance / total
    if heaviest <= 1:
        return known + total, known + total
    more, wider = total + heaviest, variance + heaviest**2
    high = float(gammaincinv(more**2 / wider, 1 - tail)) * wider / more
    return known + low, known + high


def _doubly_robust(
    data: Selected,
    chosen: BoolArray,
    seen: BoolArray,
    model: FloatArray | None,
    heaviest: float,
    confidence: float,
) -> Interval:
    """Correct the model's mean over the picks by the weighted errors that were seen.

    The sum parts in two: positives, each ``(1 - m) / p``, and what the model expected of the
    others, ``-m / p``, of which there are many, so that their sum is normal.
    """
    if model is None:
        raise InputError("doubly_robust needs a model's probabilities", "pass model")
    if len(model) != len(chosen) or not bool(np.all((model >= 0) & (model <= 1))):
        raise InputError(
            "the model's values are not one probability for each arrival", "pass probabilities"
        )
    weight, expected = 1.0 / data.propensity[seen], model[seen]
    found = data.label[seen] == 1
    adds = (1 - expected[found]) * weight[found]
    bounds = _sum_bounds(weight[found], adds, heaviest, confidence)
    positive = float(adds.sum())
    clean, clean_weight = expected[~found], weight[~found]
    rest = float(model[chosen].sum() - (clean * clean_weight).sum())
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    # What is estimated without error where everybody is selected has no variance.
    half = z * float(np.sqrt((clean**2 * clean_weight**2 * (1 - 1 / clean_weight)).sum()))
    low = positive + rest - np.hypot(positive - bounds[0], half)
    high = positive + rest + np.hypot(bounds[1] - positive, half)
    size = float(chosen.sum())
    return Interval((positive + rest) / size, float(low) / size, float(high) / size)


def _within_bounds(interval: Interval) -> Interval:
    """Cut the bounds, not the estimate, to what a rate can be."""
    if interval.low is None or interval.high is None:
        return interval
    return Interval(interval.value, max(0.0, interval.low), min(1.0, interval.high))


def _effective(weight: FloatArray) -> float:
    return float(weight.sum() ** 2 / (weight**2).sum()) if len(weight) else 0.0
