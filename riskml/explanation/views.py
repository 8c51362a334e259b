"""Global views of a model's contributions: tables first, figures from the tables.

For data scientists: what moves the scores in general, how a feature moves them over its values,
which features change one another's effect, and whether the reasons of last month are those of
this one. Every function returns a tidy frame; `riskml.explanation.plots` draws them.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.errors import UsageError
from riskml.explanation.codes import code_of
from riskml.features import Feature, FeatureSet

__all__ = ["dependence", "interaction", "stability", "summary"]

FloatArray = npt.NDArray[np.float64]
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
MISSING = "missing"


def summary(
    features: FeatureSet,
    contributions: FloatArray,
    *,
    by: Literal["feature", "code"] = "feature",
) -> pd.DataFrame:
    """Say how much each feature, or each reason code, moves the scores.

    Parameters
    ----------
    features : FeatureSet
    contributions : ndarray of float64, shape (n, p)
        In feature-set order, log-odds, without the base value.
    by : {"feature", "code"}
        Contributions of one reason code are summed within a row first, as in a reason.

    Returns
    -------
    DataFrame
        ``name, code, mean_abs, share, q05, q25, q50, q75, q95``, the strongest first: mean
        absolute contribution, its share of all, and quantiles of the signed contribution.
    """
    _check(features, contributions)
    codes = [code_of(feature) for feature in features.features]
    if by == "feature":
        names, matrix = list(features.names), contributions
    else:
        names = sorted(set(codes))
        member = np.array([[code == name for name in names] for code in codes], dtype=np.float64)
        matrix = contributions @ member.reshape(len(codes), len(names))
        codes = names
    strength = np.abs(matrix).mean(axis=0) if len(matrix) else np.zeros(len(names))
    total = float(strength.sum())
    frame = pd.DataFrame({"name": names, "code": codes, "mean_abs": strength})
    frame["share"] = strength / total if total > 0 else 0.0
    spread = (
        np.quantile(matrix, QUANTILES, axis=0) if len(matrix) else np.full((5, len(names)), np.nan)
    )
    for quantile, row in zip(QUANTILES, spread, strict=True):
        frame[f"q{round(100 * quantile):02d}"] = row
    order = np.lexsort((np.arange(len(frame)), -frame["mean_abs"].to_numpy()))
    return frame.iloc[order].reset_index(drop=True)


def dependence(
    features: FeatureSet,
    contributions: FloatArray,
    columns: Mapping[str, np.ndarray],
    name: str,
    *,
    bins: int = 10,
) -> pd.DataFrame:
    """Say how a feature moves the score over its values.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n,)
        Feature values before encoding.
    name : str
        The feature.
    bins : int
        Numbers are cut at their quantiles into at most so many bins; categories stay as they
        are. Missing values are a bin of their own, the last.

    Returns
    -------
    DataFrame
        ``feature, bin, low, high, rows, mean, q10, q50, q90`` in order of value; ``low`` and
        ``high`` are missing for categories.

    Raises
    ------
    UsageError
        If there is no such feature.
    """
    _check(features, contributions)
    feature, own = _one(features, contributions, name)
    labels = _cut(feature, columns[name], bins)
    rows = []
    for label, low, high, inside in labels:
        part = own[inside]
        low_mid_high = np.quantile(part, (0.1, 0.5, 0.9))
        rows.append((name, label, low, high, len(part), float(part.mean()), *low_mid_high))
    names = ["feature", "bin", "low", "high", "rows", "mean", "q10", "q50", "q90"]
    return pd.DataFrame(rows, columns=names)


def interaction(
    features: FeatureSet,
    contributions: FloatArray,
    columns: Mapping[str, np.ndarray],
    name: str,
    other: str,
    *,
    bins: int = 5,
) -> pd.DataFrame:
    """Say how the effect of one feature changes with another.

    These are no Shapley interaction values. ``strength`` is the share of the variance of the
    feature's contribution *within* its own bins that the other feature's bins explain: 0 where
    the other changes nothing, 1 where it decides all that the feature itself leaves open.

    Returns
    -------
    DataFrame
        ``feature, bin, other, other_bin, rows, mean, strength``: mean contribution of the
        feature per pair of bins; ``strength`` is one number, repeated.

    Raises
    ------
    UsageError
        If there is no such feature.
    """
    _check(features, contributions)
    feature, own = _one(features, contributions, name)
    beside, _ = _one(features, contributions, other)
    first = _cut(feature, columns[name], bins)
    second = _cut(beside, columns[other], bins)
    rows, within, left = [], 0.0, 0.0
    for label, _, _, inside in first:
        within += _scatter(own[inside])
        for other_label, _, _, other_inside in second:
            part = own[inside & other_inside]
            if len(part):
                left += _scatter(part)
                rows.append((name, label, other, other_label, len(part), float(part.mean())))
    frame = pd.DataFrame(rows, columns=["feature", "bin", "other", "other_bin", "rows", "mean"])
    frame["strength"] = max(0.0, 1.0 - left / within) if within > 1e-12 else 0.0
    return frame


def stability(
    features: FeatureSet,
    contributions: FloatArray,
    times: "pd.Series[pd.Timestamp]",
    *,
    top: int = 3,
    frequency: str = "M",
) -> pd.DataFrame:
    """Say whether the reasons stay the same over time.

    Parameters
    ----------
    times : Series of datetime, shape (n,)
        Decision times.
    top : int
        How many of the codes that raise a row's risk most count as its reasons.
    frequency : str
        Period of pandas, ``M`` for months.

    Returns
    -------
    DataFrame
        ``period, code, rows, share, mean_abs, rank_correlation``: share of the period's rows
        with the code among their top reasons, mean absolute contribution, and Spearman's rank
        correlation of the codes' shares with the period before (missing in the first).
    """
    _check(features, contributions)
    codes = [code_of(feature) for feature in features.features]
    names = sorted(set(codes))
    member = np.array([[code == name for name in names] for code in codes], dtype=np.float64)
    sums = contributions @ member.reshape(len(codes), len(names))
    order = np.argsort(-sums, axis=1, kind="stable")[:, :top]
    among = np.zeros(sums.shape, dtype=bool)
    np.put_along_axis(among, order, np.take_along_axis(sums, order, axis=1) > 0, axis=1)
    naive = times.dt.tz_convert("UTC").dt.tz_localize(None) if times.dt.tz is not None else times
    periods = naive.dt.to_period(frequency)
    frames, before = [], None
    for period in sorted(periods.unique()):
        inside = (periods == period).to_numpy()
        share = among[inside].mean(axis=0)
        frame = pd.DataFrame({"period": str(period), "code": names, "rows": int(inside.sum())})
        frame["share"] = share
        frame["mean_abs"] = np.abs(sums[inside]).mean(axis=0)
        frame["rank_correlation"] = np.nan if before is None else _spearman(before, share)
        frames.append(frame)
        before = share
    names_out = ["period", "code", "rows", "share", "mean_abs", "rank_correlation"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=names_out)


Cut = list[tuple[str, float, float, npt.NDArray[np.bool_]]]


def _cut(feature: Feature, values: np.ndarray, bins: int) -> Cut:
    """Return bins as name, bounds and the rows inside; empty ones are left out."""
    found: Cut = []
    missing = pd.isna(values)
    if feature.kind == "category":
        for text in sorted({str(value) for value in values[~missing]}):
            found.append((text, np.nan, np.nan, np.asarray(values == text)))
    elif not missing.all():
        numbers = np.asarray(values, dtype=np.float64)
        place = _places(numbers, missing, bins)
        for at in range(int(place.max()) + 1):
            inside = (place == at) & ~missing
            if inside.any():
                low, high = float(numbers[inside].min()), float(numbers[inside].max())
                name = f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
                found.append((name, low, high, inside))
    if missing.any():
        found.append((MISSING, np.nan, np.nan, np.asarray(missing)))
    return found


def _places(
    numbers: FloatArray, missing: npt.NDArray[np.bool_], bins: int
) -> npt.NDArray[np.int64]:
    """Return the bin of each number; few different numbers are a bin each."""
    known = np.unique(numbers[~missing])
    if len(known) > bins:
        known = np.unique(np.quantile(numbers[~missing], np.linspace(0, 1, bins + 1)))[:-1]
    return np.maximum(np.searchsorted(known, numbers, side="right") - 1, 0).astype(np.int64)


def _scatter(part: FloatArray) -> float:
    return float(((part - part.mean()) ** 2).sum())


def _spearman(first: FloatArray, second: FloatArray) -> float:
    ranks = [pd.Series(values).rank().to_numpy() for values in (first, second)]
    if any(np.ptp(rank) == 0 for rank in ranks):
        return float("nan")
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def _one(features: FeatureSet, contributions: FloatArray, name: str) -> tuple[Feature, FloatArray]:
    if name not in features.names:
        raise UsageError(f"there is no feature {name!r} in {features.name}", "see its names")
    position = features.names.index(name)
    return features.features[position], contributions[:, position]


def _check(features: FeatureSet, contributions: FloatArray) -> None:
    if contributions.ndim != 2 or contributions.shape[1] != len(features.features):
        raise UsageError(
            f"contributions have shape {contributions.shape}, the feature set "
            f"{len(features.features)} features",
            "give them without the base value",
        )
