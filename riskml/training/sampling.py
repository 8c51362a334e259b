"""Learning from a sample of the rows without violation, with the prior put right afterwards.

Violations are few and teach most; the many rows without one cost most of the time. A booster may
learn from all violations and a random share ``b`` of the other rows. In such a sample the odds of
a violation are ``1 / b`` times the true odds everywhere (G. King and L. Zeng, "Logistic Regression
in Rare Events Data", Political Analysis 9(2), 2001, section 4.1; C. Elkan, "The Foundations of
Cost-Sensitive Learning", IJCAI 2001, theorem 2), so ``log b`` is added to the raw score, a
log-odds. This holds when the share does not depend on the features; what sampling costs is the
precision with which rows without violation are known.
"""

import math

import numpy as np
import numpy.typing as npt

__all__ = ["sample_negatives"]

FloatArray = npt.NDArray[np.float64]


def sample_negatives(
    y: FloatArray, w: FloatArray, share: float, seed: int
) -> tuple[npt.NDArray[np.bool_], float]:
    """Draw the rows that a booster learns from.

    Parameters
    ----------
    y, w : ndarray of float64, shape (n,)
        Labels of 0 and 1, and weights.
    share : float
        Probability with which a row without violation is kept, in (0, 1].
    seed : int
        Of the draw.

    Returns
    -------
    keep : ndarray of bool, shape (n,)
        All rows in violation, and a random share of the others; all where the draw would keep
        none of them.
    offset : float
        To be added to the raw scores of what learns from them: the logarithm of the share of
        weight that was kept, as it turned out rather than as it was asked for.
    """
    everything = np.ones(len(y), dtype=bool)
    if share >= 1:
        return everything, 0.0
    drawn = np.random.default_rng([seed, len(y)]).random(len(y)) < share
    keep = (y > 0) | drawn
    weight, kept = float(w[y == 0].sum()), float(w[keep & (y == 0)].sum())
    return (keep, math.log(kept / weight)) if kept > 0 else (everything, 0.0)
