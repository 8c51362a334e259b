"""Metrics within groups (offices, ports, modes): whether a score is more than its group.

A score that only knows which office finds most looks good over all offices. Inspecting the same
share of every office takes that away: the expected catch of random selection is then the rate
itself, in each office.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from riskml.evaluation.intervals import bootstrap_intervals, group_codes, wilson_interval
from riskml.evaluation.metrics import precision_of, rates_of
from riskml.evaluation.ranking import FloatArray, Ranking, rank
from riskml.evaluation.summary import Rows

__all__ = ["group_table", "recall_within", "within_groups"]

Parts = list[tuple[npt.NDArray[np.int64], Ranking]]


def within_groups(
    rows: Rows,
    scores: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    rate: float = 0.05,
    resamples: int = 500,
    seed: int = 0,
) -> dict[str, Any]:
    """Inspect the top ``rate`` of every group and pool what is caught.

    Parameters
    ----------
    rows : Rows
        Labels, weights and bootstrap groups.
    scores, groups : array-like, shape (n,)
        Score and group of each row.
    rate, resamples, seed
        Inspection rate in each group, and the bootstrap's parameters.

    Returns
    -------
    dict
        ``rate``, ``recall`` and ``lift`` (recall over the rate: 1 is random selection inside
        every group), each ``{value, low, high}``.
    """
    parts = _parts(scores, group_codes(groups, len(rows.labels)))

    def metrics(weights: FloatArray) -> dict[str, float | None]:
        recall = recall_within(rows, parts, weights, rate)
        return {"recall": recall, "lift": None if recall is None else recall / rate}

    intervals = bootstrap_intervals(
        metrics, rows.groups, weights=rows.weights, resamples=resamples, seed=seed
    )
    return {"rate": rate, **{name: value.to_dict() for name, value in intervals.items()}}


def recall_within(rows: Rows, parts: Parts, weights: FloatArray, rate: float) -> float | None:
    """Return the share of violations caught at ``rate`` in every part; None without any."""
    positives = float((weights * rows.labels).sum())
    if positives <= 0:
        return None
    caught = 0.0
    for members, ranking in parts:
        w = weights[members]
        amounts = w * rows.labels[members]
        caught += float(ranking.caught(amounts, w, np.array([rate * w.sum()]))[0])
    return caught / positives


def _parts(scores: npt.ArrayLike, codes: npt.NDArray[np.int64]) -> Parts:
    values = np.asarray(scores, dtype=np.float64)
    found = []
    for code in range(int(codes.max(initial=-1)) + 1):
        members = np.flatnonzero(codes == code)
        found.append((members, rank(values[members])))
    return found


def group_table(
    rows: Rows,
    scores: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    rate: float = 0.05,
    name: str = "office",
) -> list[dict[str, Any]]:
    """Measure each group on its own, the largest first.

    Parameters
    ----------
    rows : Rows
        Labels and weights.
    scores, probabilities, groups : array-like, shape (n,)
        Score, calibrated probability and group of each row; rows without group are one group.
    rate : float
        Inspection rate inside the group.
    name : str
        Key of the group's name.

    Returns
    -------
    list of dict
        Name, ``rows``, ``positives``, ``base_rate`` with its Wilson interval, ``expected`` (sum
        of probabilities), ``average_precision``, ``hit_rate``, ``recall`` and ``lift`` at the
        rate; ``None`` where undefined.
    """
    names = np.asarray(groups, dtype=object)
    named = np.array(["" if value is None or value != value else str(value) for value in names])
    s, p = np.asarray(scores, dtype=np.float64), np.asarray(probabilities, dtype=np.float64)
    table = [
        {name: str(group) or None, **_group_row(rows, s, p, named == group, rate)}
        for group in np.unique(named)
    ]
    return sorted(table, key=lambda row: -row["rows"])


def _group_row(
    rows: Rows, scores: FloatArray, p: FloatArray, here: npt.NDArray[np.bool_], rate: float
) -> dict[str, Any]:
    y, w = rows.labels[here], rows.weights[here]
    ranking = rank(scores[here])
    low, high = wilson_interval(float(y.sum()), len(y))
    found: dict[str, Any] = {
        "rows": len(y),
        "positives": int(y.sum()),
        "base_rate": {"value": float(y.mean()), "low": low, "high": high},
        "expected": float(p[here].sum()),
        "average_precision": precision_of(ranking, y, w) if (w * y).sum() > 0 else None,
    }
    if w.sum() > 0:
        measured = rates_of(ranking, y, w, (rate,))[0].to_dict()
        found.update({key: measured[key] for key in ("hit_rate", "recall", "lift")})
    return found
