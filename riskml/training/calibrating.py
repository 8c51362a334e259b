"""Fit a calibrator on scores of later slices: strictly increasing, right in the large."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq, minimize
from scipy.special import expit

from riskml.bundle import Calibrator
from riskml.errors import LabelError
from riskml.evaluation.calibration import effective_size

__all__ = ["calibrate_for_arrivals", "fit_calibrator"]

FloatArray = npt.NDArray[np.float64]
SMALLEST_SLOPE = 0.05


def fit_calibrator(
    raw: FloatArray,
    labels: FloatArray,
    weights: FloatArray,
    *,
    method: str = "platt",
    shrinkage: float = 5.0,
) -> Calibrator:
    """Fit a calibrator by penalised maximum likelihood.

    Parameters
    ----------
    raw : ndarray of float64, shape (n,)
        Raw scores (log-odds) of rows the boosters were not trained on.
    labels, weights : ndarray of float64, shape (n,)
        Outcomes, and how many arrivals each row stands for.
    method : {"beta", "platt", "intercept"}
        See `riskml.bundle.Calibrator`; ``platt`` ties a and b, ``intercept`` keeps both at 1.
    shrinkage : float
        Strength of pulling the slopes to 1, in units of log-likelihood; with few violations the
        boosters' own slopes are the better guess.

    Returns
    -------
    Calibrator
        The weighted sum of its probabilities equals that of the labels: it is calibrated in the
        large over what the weights stand for. The likelihood is scaled to the effective sample
        size, so heavy weights do not feign certainty.

    Raises
    ------
    LabelError
        If the labels are of one class.
    """
    total = float(weights.sum())
    target = float((weights * labels).sum()) / total if total > 0 else 0.0
    if not 0 < target < 1:
        raise LabelError("calibration needs both classes", "use a later --until")
    slopes = (1.0, 1.0)
    if method != "intercept":
        w = weights / total * effective_size(weights)
        slopes = _slopes(raw, labels, w, method, shrinkage)
    c = _intercept(raw, weights, target, slopes)
    return Calibrator(method, slopes[0], slopes[1], c)


def calibrate_for_arrivals(
    raw: FloatArray,
    labels: FloatArray,
    weights: FloatArray,
    *,
    method: str = "platt",
    shrinkage: float = 5.0,
    selection_sd: float = 1.0,
) -> Calibrator:
    """Fit a calibrator for all arrivals from rows that were selected.

    Slopes are fitted without weights. Selection by what the features hold needs no weights
    either; selection by what they do not hold shifts the log-odds, and only the weights see it.
    That shift is unbiased but hangs on the few violations with large weights, so it is shrunk
    towards none, the more the less is known of it: by ``t2 / (t2 + 1 / k)`` with ``t`` the shift
    to be expected beforehand and ``k`` the effective number of violations.

    Parameters
    ----------
    raw, labels, weights : ndarray of float64, shape (n,)
        See `fit_calibrator`.
    method, shrinkage
        See `fit_calibrator`.
    selection_sd : float
        Standard deviation of the shift to be expected, in log-odds; 0 ignores the weights.

    Returns
    -------
    Calibrator
    """
    even = (weights > 0).astype(np.float64)
    selected = fit_calibrator(raw, labels, even, method=method, shrinkage=shrinkage)
    if np.ptp(weights[weights > 0]) == 0:
        return selected
    target = float((weights * labels).sum() / weights.sum())
    everyone = _intercept(raw, weights, target, (selected.a, selected.b))
    known = selection_sd**2 * effective_size(weights[labels == 1])
    return replace(selected, c=selected.c + (everyone - selected.c) * known / (known + 1))


def _odds(raw: FloatArray, a: float, b: float) -> FloatArray:
    return np.asarray(-a * np.logaddexp(0.0, -raw) + b * np.logaddexp(0.0, raw), dtype=np.float64)


def _slopes(
    raw: FloatArray, y: FloatArray, w: FloatArray, method: str, shrinkage: float
) -> tuple[float, float]:
    # With both slopes tied their parts add up to the raw score itself.
    tied = method == "platt"
    parts = (raw,) if tied else (-np.logaddexp(0.0, -raw), np.logaddexp(0.0, raw))
    ties = 2 / len(parts)

    def loss(x: FloatArray) -> tuple[float, FloatArray]:
        odds = x[0] + sum(slope * part for slope, part in zip(x[1:], parts, strict=True))
        likelihood = float((w * (np.logaddexp(0.0, odds) - y * odds)).sum())
        off = w * (expit(odds) - y)
        steps = [float(off.sum()), *(float((off * part).sum()) for part in parts)]
        pull = shrinkage * ties * (x[1:] - 1)
        penalty = shrinkage * ties / 2 * float(((x[1:] - 1) ** 2).sum())
        return likelihood + penalty, np.array(steps) + np.concatenate([[0.0], pull])

    start = np.array([0.0, *(1.0 for _ in parts)])
    bounds = [(None, None), *[(SMALLEST_SLOPE, None)] * len(parts)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return float(found[1]), float(found[-1])


def _intercept(raw: FloatArray, w: FloatArray, target: float, slopes: tuple[float, float]) -> float:
    odds = _odds(raw, *slopes)
    share = w / w.sum()

    def excess(c: float) -> float:
        return float((share * expit(odds + c)).sum() - target)

    width = float(np.abs(odds).max()) + 50.0
    return float(brentq(excess, -width, width, xtol=1e-12))
