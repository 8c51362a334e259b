"""The calibration table: expected and observed rates side by side, with intervals."""

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from riskml.evaluation.intervals import wilson_interval
from riskml.evaluation.metrics import bin_by_weight, check_rows
from riskml.evaluation.ranking import rank

__all__ = ["CalibrationBin", "calibration_table", "effective_size"]


@dataclass(frozen=True)
class CalibrationBin:
    """One bin of rows with similar probability.

    Attributes
    ----------
    rows, positives : int
        Number of rows, and of violations among them.
    expected, observed : float
        Weighted mean probability, and weighted rate of violations.
    low, high : float
        Wilson interval of the observed rate, on the effective sample size.
    """

    rows: int
    positives: int
    expected: float
    observed: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        """Return the numbers by name."""
        return asdict(self)


def effective_size(weights: npt.ArrayLike) -> float:
    """Return Kish's effective sample size, ``(sum w)**2 / sum w**2``; 0 without weight.

    Examples
    --------
    >>> effective_size([1, 1, 1, 1]), effective_size([4, 0, 0, 0])
    (4.0, 1.0)
    """
    w = np.asarray(weights, dtype=np.float64)
    squares = float((w**2).sum())
    return float(w.sum() ** 2 / squares) if squares > 0 else 0.0


def calibration_table(
    labels: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    bins: int = 10,
    confidence: float = 0.95,
) -> list[CalibrationBin]:
    """Return observed against expected rates in bins of equal weight, lowest first.

    Parameters
    ----------
    labels, probabilities : array-like, shape (n,)
        Outcomes and calibrated probabilities.
    weights : array-like, shape (n,), optional
        Arrivals each row stands for.
    bins : int
        At most; ties share a bin, empty bins are left out.
    confidence : float
        Of the intervals, which take rows as independent.

    Returns
    -------
    list of CalibrationBin
    """
    y, w = check_rows(labels, weights)
    p = np.asarray(probabilities, dtype=np.float64)
    codes = bin_by_weight(rank(p), w, bins)
    table = []
    for code in np.unique(codes):
        here = codes == code
        total = float(w[here].sum())
        if total <= 0:
            continue
        observed = float((w * y)[here].sum() / total)
        size = effective_size(w[here])
        low, high = wilson_interval(min(observed * size, size), size, confidence)
        expected = float((w * p)[here].sum() / total)
        positives = int(y[here].sum())
        table.append(CalibrationBin(int(here.sum()), positives, expected, observed, low, high))
    return table
