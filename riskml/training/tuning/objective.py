"""What a trial is worth: what it finds at the inspection rate, or its average precision."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.errors import LabelError
from riskml.evaluation.intervals import Interval, bootstrap_intervals, group_codes
from riskml.evaluation.metrics import precision_of
from riskml.evaluation.ranking import Ranking, rank
from riskml.training.space import Tuning

__all__ = ["Objective"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Slice = tuple[IntArray, Ranking]
"""Numbers of the rows of a slice, and their ranking."""


@dataclass(frozen=True)
class Objective:
    """Measures scores of later slices, each slice inspected at the rate on its own.

    Slices are pooled: found in all over present in all (average precision: averaged by
    violations). Rows count once each, so the figure speaks of consignments like those that were
    inspected, not of all arrivals.

    Attributes
    ----------
    kind : {"violations", "revenue", "average_precision"}
    rate : float
        Share of each slice that is inspected.
    labels, revenue : ndarray of float64, shape (n,)
        Outcomes, and money recovered (0 where there was none).
    groups : ndarray of int64, shape (n,)
        What the bootstrap draws: consignments.
    """

    kind: str
    rate: float
    labels: FloatArray
    revenue: FloatArray
    groups: IntArray

    @classmethod
    def of(cls, rows: pd.DataFrame, tuning: Tuning) -> "Objective":
        """Take labels and revenue from learnable rows.

        Raises
        ------
        LabelError
            If revenue is asked for and none was ever recovered.
        """
        labels = rows["label"].to_numpy(dtype=np.float64)
        revenue = np.nan_to_num(rows["revenue_recovered"].to_numpy(dtype=np.float64)) * labels
        if tuning.objective == "revenue" and not revenue.sum() > 0:
            raise LabelError(
                "no inspection recovered any revenue", 'tune with objective = "violations"'
            )
        groups = group_codes(rows["consignment_id"], len(rows))
        return cls(tuning.objective, tuning.rate, labels, revenue, groups)

    @property
    def sentence(self) -> str:
        """What the value is, in words."""
        if self.kind == "average_precision":
            return "average precision on later slices"
        what = "all violations" if self.kind == "violations" else "all revenue recovered"
        return f"share of {what} found in the riskiest {self.rate:.1%} of each later slice"

    def value(
        self, raw: FloatArray, fold: IntArray, weights: FloatArray | None = None
    ) -> float | None:
        """Return the objective.

        Parameters
        ----------
        raw : ndarray of float64, shape (n,)
            Raw scores.
        fold : ndarray of int64, shape (n,)
            Slice of each row; rows with -1 do not count.
        weights : ndarray of float64, shape (n,), optional
            What each row counts.

        Returns
        -------
        float or None
            None if the slices hold nothing that could be found.
        """
        return self._pooled(self._slices(raw, fold), weights)

    def gain(
        self, raw: FloatArray, rival: FloatArray, fold: IntArray, confidence: float = 0.95
    ) -> Interval:
        """Return what ``raw`` finds above ``rival``, by a paired bootstrap over consignments."""
        # Ranked once, weighed many times.
        ours, theirs = self._slices(raw, fold), self._slices(rival, fold)

        def difference(weights: FloatArray) -> dict[str, float | None]:
            mine, other = self._pooled(ours, weights), self._pooled(theirs, weights)
            return {"gain": None if mine is None or other is None else mine - other}

        return bootstrap_intervals(difference, self.groups, confidence=confidence)["gain"]

    def _slices(self, raw: FloatArray, fold: IntArray) -> list[Slice]:
        rows = [np.flatnonzero(fold == number) for number in np.unique(fold[fold >= 0])]
        return [(here, rank(raw[here])) for here in rows]

    def _pooled(self, slices: list[Slice], weights: FloatArray | None) -> float | None:
        worth = self.revenue if self.kind == "revenue" else self.labels
        found = present = 0.0
        for here, ranking in slices:
            w = np.ones(len(here)) if weights is None else weights[here]
            total = float((w * worth[here]).sum())
            if total > 0:
                present += total
                found += self._found(ranking, w, worth[here], total)
        return found / present if present > 0 else None

    def _found(self, ranking: Ranking, w: FloatArray, worth: FloatArray, total: float) -> float:
        if self.kind == "average_precision":
            return total * precision_of(ranking, worth, w)
        capacity = np.array([self.rate * w.sum()])
        return float(ranking.caught(w * worth, w, capacity)[0])
