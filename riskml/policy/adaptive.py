"""How much to explore: driven by drift of the arrivals and by how well picks do.

Two signals, after Mai et al. (2021, arXiv 2109.14155, "Customs Fraud Detection in the Presence of
Concept Drift"): how far the arrivals of late lie from those the model learned from (there by
optimal transport between embeddings, here the Wasserstein distance between their scores, in
spreads), and how the hits of the model's picks hold up. Kim et al. (2022, arXiv 2010.14282,
"Active Learning for Human-in-the-Loop Customs Inspection") show why the share must not fall to
zero: what is never explored is never learned.
"""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import wasserstein_distance

if TYPE_CHECKING:
    from riskml.policy.day import Day

__all__ = ["HIGHEST", "LOWEST", "drift_of", "drop_of", "steer"]

FloatArray = npt.NDArray[np.float64]

LOWEST, HIGHEST = 0.02, 0.30
"""Bounds of the exploration share."""
RECENT, PAST = 28, 112
"""Days over which scores and hits are compared: of late, and before."""
DRIFT_WEIGHT, DROP_WEIGHT = 0.5, 0.5
"""By how much the share grows for a drift of one spread, and for a loss of all hits."""
FEWEST = 30
"""Known picks of each period below which nothing is said of their hits."""


def steer(day: "Day", scores: FloatArray) -> float:
    """Return today's exploration share.

    Half the house's share if nothing drifts and picks do as well as before; more with drift and
    with a drop of the hit rate; never outside ``[LOWEST, HIGHEST]``.
    """
    past = day.memory.setdefault("scores", [])
    past.append((day.today.toordinal(), np.quantile(scores, np.linspace(0, 1, 41))))
    del past[: max(0, len(past) - PAST)]
    today = day.today.toordinal()
    drift = drift_of(
        [q for when, q in past if when > today - RECENT],
        [q for when, q in past if when <= today - RECENT],
    )
    share = day.share / 2 + day.share * (DRIFT_WEIGHT * drift + DROP_WEIGHT * 2 * _drop(day))
    return float(np.clip(share, LOWEST, HIGHEST))


def drift_of(recent: list[FloatArray], before: list[FloatArray]) -> float:
    """Return how far recent scores lie from those before, in spreads of these.

    Parameters
    ----------
    recent, before : list of ndarray
        Quantiles of each day's scores.
    """
    if not recent or not before:
        return 0.0
    old = np.concatenate(before)
    spread = float(old.std())
    return float(wasserstein_distance(np.concatenate(recent), old)) / spread if spread > 0 else 0.0


def drop_of(hits: FloatArray, recent: npt.NDArray[np.bool_]) -> float:
    """Return how much of the hit rate was lost of late, from 0 to 1.

    Parameters
    ----------
    hits : ndarray of float64, shape (n,)
        1 for a known pick of the model that was in violation.
    recent : ndarray of bool, shape (n,)
    """
    if min(recent.sum(), (~recent).sum()) < FEWEST:
        return 0.0
    before = float(hits[~recent].mean())
    return float(np.clip(1 - hits[recent].mean() / before, 0.0, 1.0)) if before > 0 else 0.0


def _drop(day: "Day") -> float:
    since = day.now - pd.Timedelta(days=PAST)
    known = day.outcomes(since)
    explored = day.memory.get("explored", {})
    by_model = known["key"].map(explored).to_numpy(dtype=object) == "model"
    recent = (known["closed_at"] >= day.now - pd.Timedelta(days=RECENT)).to_numpy()
    return drop_of(known["violation"].to_numpy(np.float64)[by_model], recent[by_model])
