"""RK005: features whose distribution moved between the slices."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.evaluation.checks.finding import Finding
from riskml.features import FeatureSet

__all__ = ["check_drift", "population_stability"]

IntArray = npt.NDArray[np.int64]

BINS = 10
MOST_CATEGORIES = 20
LIMIT = 0.25
"""The usual rule of thumb for a population that has moved."""
FEWEST_ROWS = 50
SHOWN = 10


def check_drift(
    frame: pd.DataFrame, feature_set: FeatureSet, earlier: IntArray, later: IntArray
) -> Finding:
    """RK005: compare every feature's distribution in the earlier and the later slice.

    Parameters
    ----------
    frame : DataFrame
        Feature frame.
    feature_set : FeatureSet
        Its features.
    earlier, later : ndarray of int64
        Row numbers of the slices.
    """
    title = "Drift between the slices"
    if min(len(earlier), len(later)) < FEWEST_ROWS:
        sentence = f"Not looked for: a slice has under {FEWEST_ROWS} rows."
        return Finding("RK005", title, "not_applicable", sentence)
    moved = {}
    for feature in feature_set.features:
        column = frame[feature.name]
        before, after = column.iloc[earlier], column.iloc[later]
        value, noise = population_stability(before, after)
        if value > LIMIT + 2 * noise:
            moved[feature.name] = value
    if not moved:
        sentence = f"No feature has a population stability index above {LIMIT:g}."
        return Finding("RK005", title, "ok", sentence, {"limit": LIMIT, "index": {}})
    ordered = dict(sorted(moved.items(), key=lambda item: -item[1]))
    worst = ", ".join(f"{name} ({value:.2f})" for name, value in list(ordered.items())[:3])
    sentence = (
        f"{len(moved)} of {len(feature_set.features)} features moved (population stability index "
        f"above {LIMIT:g}), most of all {worst}."
    )
    shown = dict(list(ordered.items())[:SHOWN])
    return Finding("RK005", title, "found", sentence, {"limit": LIMIT, "index": shown})


def population_stability(before: pd.Series, after: pd.Series) -> tuple[float, float]:
    """Return the population stability index of a column, and what chance alone gives.

    Parameters
    ----------
    before, after : Series
        The column in both slices; numbers are cut at the deciles of ``before``, text at its most
        frequent values; missing is a bin of its own.

    Returns
    -------
    tuple of float
        ``sum (q - p) ln(q / p)``, half a row added to each bin, and its expectation for two
        samples of one population, ``(bins - 1) (1 / n + 1 / m)``.
    """
    if pd.api.types.is_numeric_dtype(before.dtype):
        codes_before, codes_after, bins = _number_bins(before, after)
    else:
        codes_before, codes_after, bins = _text_bins(before, after)
    p = np.bincount(codes_before, minlength=bins) + 0.5
    q = np.bincount(codes_after, minlength=bins) + 0.5
    occupied = (p + q) > 1
    p, q = p[occupied] / p[occupied].sum(), q[occupied] / q[occupied].sum()
    noise = (int(occupied.sum()) - 1) * (1 / len(before) + 1 / len(after))
    return float(((q - p) * np.log(q / p)).sum()), float(noise)


def _number_bins(before: pd.Series, after: pd.Series) -> tuple[IntArray, IntArray, int]:
    known = before.to_numpy(dtype=np.float64)
    known = known[~np.isnan(known)]
    cuts = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if len(known) else known
    missing = len(cuts) + 1

    def codes(column: pd.Series) -> IntArray:
        values = column.to_numpy(dtype=np.float64)
        found = np.searchsorted(cuts, values, side="left")
        return np.where(np.isnan(values), missing, found).astype(np.int64)

    return codes(before), codes(after), missing + 1


def _text_bins(before: pd.Series, after: pd.Series) -> tuple[IntArray, IntArray, int]:
    common = before.value_counts().index[:MOST_CATEGORIES]
    other, missing = len(common), len(common) + 1

    def codes(column: pd.Series) -> IntArray:
        found = common.get_indexer(pd.Index(column))
        found = np.where(found < 0, other, found)
        return np.where(column.isna().to_numpy(), missing, found).astype(np.int64)

    return codes(before), codes(after), missing + 1
