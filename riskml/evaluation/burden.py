"""False scans of honest traders: who bears more than their share of them.

Of honest consignments (those without violation) a ranking selects some. Over all of them that is
the rate of false scans; a group bears more than its share if its own rate is higher. What a group
bears for its own violations is not held against the model: only honest consignments count.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from riskml.evaluation.intervals import bootstrap_intervals
from riskml.evaluation.ranking import FloatArray, Ranking, rank
from riskml.evaluation.summary import Rows

__all__ = ["FEWEST_HONEST", "burden_table", "selected_shares"]

FEWEST_HONEST = 30
"""Groups with fewer honest consignments are pooled: an interval of theirs would say nothing."""
POOLED = "(small groups)"
NO_NAME = "(none)"


def selected_shares(ranking: Ranking, weights: FloatArray, rate: float) -> FloatArray:
    """Return the share of each row that is inspected within the top ``rate``, shape (n,).

    A block of ties that capacity ends in is inspected in part, each row of it alike; see
    `riskml.evaluation.ranking`.
    """
    ends = ranking.cumulate(weights)
    capacity = rate * ends[-1]
    inspected = np.minimum(ends, capacity)
    sizes = np.diff(ends)
    share = np.divide(np.diff(inspected), sizes, out=np.zeros(len(sizes)), where=sizes > 0)
    blocks = np.diff(np.concatenate([[0], ranking.ends]))
    found = np.empty(len(weights))
    found[ranking.order] = np.repeat(share, blocks)
    return found


def burden_table(
    rows: Rows,
    scores: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    rate: float = 0.05,
    resamples: int = 500,
    seed: int = 0,
    confidence: float = 0.95,
) -> list[dict[str, Any]]:
    """Measure the false scans of each group, the largest group first.

    Parameters
    ----------
    rows : Rows
        Labels, weights, and what the bootstrap draws.
    scores, groups : array-like, shape (n,)
        Score and group of each row; rows without a group are one.
    rate : float
        Share of all rows that is inspected.
    resamples, seed, confidence
        Of the bootstrap; the threshold is found anew in every resample.

    Returns
    -------
    list of dict
        ``group``, ``honest`` (rows without violation), ``false_scans`` (expected number of them
        inspected), ``share`` of honest rows inspected and ``ratio`` of that to the share over all
        groups, each ``{value, low, high}``; ``verdict``: ``more``, ``less`` or ``not told
        apart`` from 1. Empty if there are fewer than two groups to compare.
    """
    named = _named(groups, rows.labels)
    names = sorted(set(named.tolist()))
    if len(names) < 2:
        return []
    members = {name: named == name for name in names}
    ranking = rank(scores)

    def metrics(weights: FloatArray) -> dict[str, float | None]:
        picked = selected_shares(ranking, weights, rate)
        honest = weights * (1.0 - rows.labels)
        total = _ratio(float((honest * picked).sum()), float(honest.sum()))
        found: dict[str, float | None] = {}
        for name, here in members.items():
            share = _ratio(float((honest * picked)[here].sum()), float(honest[here].sum()))
            found[f"{name}/share"] = share
            found[f"{name}/ratio"] = _ratio(share, total)
        return found

    intervals = bootstrap_intervals(
        metrics,
        rows.groups,
        weights=rows.weights,
        resamples=resamples,
        seed=seed,
        confidence=confidence,
    )
    picked = selected_shares(ranking, rows.weights, rate) * rows.weights * (1.0 - rows.labels)
    table = [
        {
            "group": name,
            "honest": int((rows.labels[here] == 0).sum()),
            "false_scans": float(picked[here].sum()),
            "share": intervals[f"{name}/share"].to_dict(),
            "ratio": intervals[f"{name}/ratio"].to_dict(),
            "verdict": _verdict(intervals[f"{name}/ratio"].low, intervals[f"{name}/ratio"].high),
        }
        for name, here in members.items()
    ]
    return sorted(table, key=lambda row: (-row["honest"], row["group"]))


def _named(groups: npt.ArrayLike, labels: FloatArray) -> npt.NDArray[np.object_]:
    values = np.asarray(groups, dtype=object)
    named = np.array(
        [NO_NAME if value is None or value != value else str(value) for value in values],
        dtype=object,
    )
    names, codes = np.unique(named.astype(str), return_inverse=True)
    honest = np.bincount(codes, weights=labels == 0, minlength=len(names))
    return np.asarray(np.where(honest[codes] < FEWEST_HONEST, POOLED, named), dtype=object)


def _ratio(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole


def _verdict(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "not told apart"
    return "more" if low > 1 else "less" if high < 1 else "not told apart"
