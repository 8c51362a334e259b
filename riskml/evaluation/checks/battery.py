"""All coded checks of one evaluation, in the order of their codes."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.datasets.consignments import Rollup
from riskml.evaluation.checks.drift import check_drift
from riskml.evaluation.checks.finding import Finding
from riskml.evaluation.checks.leak import Slices, check_golden_column, check_golden_tuple
from riskml.evaluation.checks.rows import (
    check_dead_features,
    check_known_before,
    check_overlap,
    check_positives,
    check_selection,
)
from riskml.features import FeatureSet

__all__ = ["Evidence", "raw_columns", "run_checks"]

IntArray = npt.NDArray[np.int64]

_ROW_IDENTIFIERS = {
    "consignment_id", "bill_no", "container_no", "container_no_raw", "declaration_id", "line_no",
    "revision", "known_at", "decision_time",
}  # fmt: skip
"""Columns that name a row: unique by design, and no value that could recur."""


@dataclass(frozen=True)
class Evidence:
    """What the checks look at.

    Attributes
    ----------
    frame : DataFrame
        Feature frame of labelled consignments with its label columns.
    feature_set : FeatureSet
        Its features.
    earlier, later : ndarray of int64
        Row numbers, in order of time: decided and known before the period, and the period.
    scores : ndarray of float64, shape (n_later,), optional
        The model's scores of the later rows.
    raw : DataFrame, optional
        Raw columns, row by row with ``frame``, see `raw_columns`.
    arrivals : int
        Consignments of the later period, inspected or not.
    trained_until : Timestamp, optional
        Labels known before it went into the model.
    """

    frame: pd.DataFrame
    feature_set: FeatureSet
    earlier: IntArray
    later: IntArray
    scores: npt.NDArray[np.float64] | None = None
    raw: pd.DataFrame | None = None
    arrivals: int = 0
    trained_until: pd.Timestamp | None = None


def run_checks(evidence: Evidence, *, seed: int = 0) -> list[Finding]:
    """Run every check; the length of the answer never depends on the data."""
    frame, earlier, later = evidence.frame, evidence.earlier, evidence.later
    labels = frame["label"].to_numpy(dtype=np.float64)
    raw = pd.DataFrame(index=frame.index) if evidence.raw is None else evidence.raw
    slices = Slices(raw, labels, earlier, later, evidence.scores)
    judged = frame.iloc[later]
    return [
        check_golden_tuple(slices, seed=seed),
        check_golden_column(slices),
        check_overlap(frame, earlier, later, evidence.trained_until),
        check_positives(labels[later]),
        check_drift(frame, evidence.feature_set, earlier, later),
        check_known_before(judged),
        check_selection(evidence.arrivals, judged),
        check_dead_features(frame, evidence.feature_set, earlier),
    ]


def raw_columns(rollup: Rollup, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the raw values behind each row of a feature frame.

    Parameters
    ----------
    rollup : Rollup
        Decisions with their lines.
    frame : DataFrame
        Rows named by ``consignment_id`` and ``decision_time``.

    Returns
    -------
    DataFrame
        The first line of each consignment without identifiers, times and flags; row by row with
        ``frame``.
    """
    first = rollup.lines.loc[np.diff(rollup.owner, prepend=-1) > 0].reset_index(drop=True)
    keep = [
        name
        for name in first.columns
        if name not in _ROW_IDENTIFIERS
        and not str(name).startswith(("invalid_", "_"))
        and not isinstance(first[name].dtype, pd.DatetimeTZDtype)
        and first[name].notna().any()
    ]
    decided = rollup.consignments[["consignment_id", "decision_time"]]
    rows = pd.MultiIndex.from_frame(decided)
    wanted = pd.MultiIndex.from_frame(frame[["consignment_id", "decision_time"]])
    return first[keep].iloc[rows.get_indexer(wanted)].reset_index(drop=True)
