"""Metrics of a ranking at inspection rates, and of probabilities.

Weights are how many arrivals a row stands for (inverse propensity, or a bootstrap count); all
metrics are then estimates for all arrivals, unbiased if every arrival had a positive, correctly
logged propensity. A metric that is undefined (recall without a violation) raises; it is never
NaN.
"""

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from riskml.errors import DataError, LabelError
from riskml.evaluation.ranking import FloatArray, Ranking, rank

__all__ = [
    "RATES",
    "AtRate",
    "at_rate",
    "average_precision",
    "brier_score",
    "check_rows",
    "expected_calibration_error",
    "log_loss",
    "observed_over_expected",
    "roc_auc",
]

RATES = (0.01, 0.02, 0.05, 0.10)
"""Inspection rates at which every table reports."""

SMALLEST_PROBABILITY = 1e-15
"""Probabilities are clipped to this distance from 0 and 1 inside the logarithm."""


@dataclass(frozen=True)
class AtRate:
    """What inspecting the top ``rate`` of arrivals catches.

    Attributes
    ----------
    rate : float
        Share of arrivals inspected.
    inspected : float
        ``rate`` times the number (weight) of arrivals; may be fractional.
    hits : float
        Violations among them, expected under random tie-breaking.
    hit_rate : float
        ``hits / inspected`` (precision).
    recall, lift : float or None
        Share of all violations caught; hit rate over base rate. Undefined without a violation.
    revenue_recall : float or None
        Share of all recovered revenue; undefined without any.
    """

    rate: float
    inspected: float
    hits: float
    hit_rate: float
    recall: float | None
    lift: float | None
    revenue_recall: float | None

    def to_dict(self) -> dict[str, float | None]:
        """Return the numbers by name."""
        return asdict(self)


def check_rows(
    labels: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return labels and weights as float64 arrays of shape (n,).

    Raises
    ------
    LabelError
        If there is no row, or a label is not 0 or 1.
    DataError
        If a weight is negative or missing, or lengths differ.
    """
    y = np.asarray(labels, dtype=np.float64)
    if y.ndim != 1 or not len(y):
        raise LabelError("there is no labelled row", "choose a period with closed inspections")
    if not np.isin(y, (0.0, 1.0)).all():
        raise LabelError("a label is neither 0 nor 1", "leave rows without outcome out")
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=np.float64)
    if w.shape != y.shape:
        raise DataError(f"{len(w)} weights for {len(y)} labels", "give one weight per row")
    if not (w >= 0).all() or not np.isfinite(w).all():
        raise DataError("a weight is negative or missing", "give finite weights of at least 0")
    return y, w


def at_rate(
    labels: npt.ArrayLike,
    scores: npt.ArrayLike,
    rate: float,
    *,
    weights: npt.ArrayLike | None = None,
    revenue: npt.ArrayLike | None = None,
) -> AtRate:
    """Measure the inspection of the top ``rate`` of arrivals.

    Parameters
    ----------
    labels, scores : array-like, shape (n,)
        0 or 1, and the score (higher is riskier).
    rate : float
        In (0, 1]. Ties and fractional capacity: see `riskml.evaluation.ranking`.
    weights, revenue : array-like, shape (n,), optional
        Arrivals a row stands for; money recovered where it is in violation.

    Returns
    -------
    AtRate

    Examples
    --------
    >>> at_rate([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1], 0.5).recall
    0.5
    """
    y, w = check_rows(labels, weights)
    money = None if revenue is None else np.nan_to_num(np.asarray(revenue, dtype=np.float64))
    return rates_of(rank(scores), y, w, (rate,), money)[0]


def rates_of(
    ranking: Ranking,
    y: FloatArray,
    w: FloatArray,
    rates: tuple[float, ...],
    revenue: FloatArray | None = None,
) -> list[AtRate]:
    """Measure several rates on a ranking that was made before; see `at_rate`."""
    if not all(0 < rate <= 1 for rate in rates):
        raise DataError(f"inspection rates {rates} are impossible", "use rates in (0, 1]")
    capacity = np.asarray(rates) * w.sum()
    hits = ranking.caught(w * y, w, capacity)
    positives, total = float((w * y).sum()), float(w.sum())
    if total <= 0:
        raise DataError("all weights are zero", "give some row a weight")
    shares = _revenue_shares(ranking, y, w, capacity, revenue)
    return [
        AtRate(
            rate,
            float(size),
            float(hit),
            float(hit / size),
            float(hit / positives) if positives > 0 else None,
            float(hit / size / (positives / total)) if positives > 0 else None,
            share,
        )
        for rate, size, hit, share in zip(rates, capacity, hits, shares, strict=True)
    ]


def _revenue_shares(
    ranking: Ranking,
    y: FloatArray,
    w: FloatArray,
    capacity: FloatArray,
    revenue: FloatArray | None,
) -> list[float | None]:
    if revenue is None:
        return [None] * len(capacity)
    amounts = w * y * revenue
    total = float(amounts.sum())
    if total <= 0:
        return [None] * len(capacity)
    return [float(x / total) for x in ranking.caught(amounts, w, capacity)]


def average_precision(
    labels: npt.ArrayLike, scores: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> float:
    """Return the average precision: precision averaged over the steps of recall.

    Tied rows enter together, as one threshold, so a constant score has exactly the base rate.

    Raises
    ------
    LabelError
        If no row is in violation.
    """
    y, w = check_rows(labels, weights)
    return precision_of(rank(scores), y, w)


def precision_of(ranking: Ranking, y: FloatArray, w: FloatArray) -> float:
    """Return the average precision of a ranking that was made before."""
    hits, inspected = ranking.cumulate(w * y), ranking.cumulate(w)
    if hits[-1] <= 0:
        raise LabelError(
            "average precision is undefined without a violation", "choose a longer period"
        )
    seen = inspected[1:] > 0
    precision = hits[1:][seen] / inspected[1:][seen]
    return float((np.diff(hits)[seen] * precision).sum() / hits[-1])


def roc_auc(
    labels: npt.ArrayLike, scores: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> float:
    """Return the area under the ROC curve; a tie counts one half, its expected value.

    Raises
    ------
    LabelError
        If only one class occurs.
    """
    y, w = check_rows(labels, weights)
    return area_of(rank(scores), y, w)


def area_of(ranking: Ranking, y: FloatArray, w: FloatArray) -> float:
    """Return the area under the ROC curve of a ranking that was made before."""
    hits, misses = ranking.cumulate(w * y), ranking.cumulate(w * (1 - y))
    if hits[-1] <= 0 or misses[-1] <= 0:
        raise LabelError("the ROC curve is undefined with one class", "choose a longer period")
    below = misses[-1] - (misses[1:] + misses[:-1]) / 2
    return float((np.diff(hits) * below).sum() / (hits[-1] * misses[-1]))


def brier_score(
    labels: npt.ArrayLike, probabilities: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> float:
    """Return the mean squared distance of probability and outcome (a proper score)."""
    y, w = check_rows(labels, weights)
    p = np.asarray(probabilities, dtype=np.float64)
    return float((w * (p - y) ** 2).sum() / w.sum())


def log_loss(
    labels: npt.ArrayLike, probabilities: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> float:
    """Return the mean negative log-likelihood (a proper score), clipped at 1e-15."""
    y, w = check_rows(labels, weights)
    p = np.asarray(probabilities, dtype=np.float64)
    p = np.clip(p, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    return float(-(w * (y * np.log(p) + (1 - y) * np.log1p(-p))).sum() / w.sum())


def observed_over_expected(
    labels: npt.ArrayLike, probabilities: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> float:
    """Return observed over expected violations: 1 when calibrated in the large.

    Raises
    ------
    DataError
        If no violation is expected at all.
    """
    y, w = check_rows(labels, weights)
    expected = float((w * np.asarray(probabilities, dtype=np.float64)).sum())
    if expected <= 0:
        raise DataError("no violation is expected", "give probabilities above zero")
    return float((w * y).sum() / expected)


def expected_calibration_error(
    labels: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    bins: int = 10,
) -> float:
    """Return the mean distance of observed and expected rate over bins of equal weight.

    It is biased upwards when bins hold few violations: a perfect probability does not reach 0.

    Notes
    -----
    M. P. Naeini, G. F. Cooper, M. Hauskrecht (2015), AAAI; here with equal-weight bins, since
    equal-width ones would put half a percent of base rate into a single bin.
    """
    y, w = check_rows(labels, weights)
    p = np.asarray(probabilities, dtype=np.float64)
    codes = bin_by_weight(rank(p), w, bins)
    return calibration_distance(codes, y, p, w, bins)


def bin_by_weight(ranking: Ranking, w: FloatArray, bins: int) -> npt.NDArray[np.int64]:
    """Return the bin of each row, from 0 (lowest scores), bins of nearly equal weight.

    Ties share a bin, so there may be fewer bins than asked for.
    """
    middle = (ranking.cumulate(w)[1:] + ranking.cumulate(w)[:-1]) / 2
    sizes = np.diff(np.concatenate([[0], ranking.ends]))
    share = 1 - np.repeat(middle, sizes) / w.sum()
    codes = np.empty(len(w), dtype=np.int64)
    codes[ranking.order] = np.minimum((share * bins).astype(np.int64), bins - 1)
    return codes


def calibration_distance(
    codes: npt.NDArray[np.int64], y: FloatArray, p: FloatArray, w: FloatArray, bins: int
) -> float:
    """Return the weighted mean over bins of the distance of observed and expected rate."""
    gap = np.bincount(codes, weights=w * (y - p), minlength=bins)
    return float(np.abs(gap).sum() / w.sum())
