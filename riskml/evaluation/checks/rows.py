"""RK003, RK004, RK006, RK007 and RK008: whether the rows can carry the conclusion."""

from math import sqrt

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.evaluation.checks.finding import Finding
from riskml.features import FeatureSet

__all__ = [
    "check_dead_features",
    "check_known_before",
    "check_overlap",
    "check_positives",
    "check_selection",
]

IntArray = npt.NDArray[np.int64]

FEWEST_POSITIVES = 30
LOW_SHARE_KNOWN = 0.001


def check_overlap(
    frame: pd.DataFrame,
    earlier: IntArray,
    later: IntArray,
    trained_until: pd.Timestamp | None,
) -> Finding:
    """RK003: the model was trained on consignments that it is judged by.

    Parameters
    ----------
    frame : DataFrame
        Feature frame with ``consignment_id`` and ``decision_time``.
    earlier, later : ndarray of int64
        Row numbers of the slices.
    trained_until : Timestamp or None
        Labels known before it went into the model; None when that is unknown.
    """
    title = "Overlap of training and evaluation"
    if not len(later):
        return Finding("RK003", title, "not_applicable", "There is no later slice.")
    ids = frame["consignment_id"]
    again = ids.iloc[later].isin(ids.iloc[earlier])
    inside = pd.Series(False, index=again.index)
    if trained_until is not None:
        inside = frame["decision_time"].iloc[later] < trained_until
    details = {
        "seen_in_both": int(again.sum()),
        "decided_before_training_ended": int(inside.sum()),
        "rows": len(later),
    }
    if again.any() or inside.any():
        sentence = (
            f"Of {len(later)} consignments, {details['seen_in_both']} occur in the earlier slice "
            f"too and {details['decided_before_training_ended']} were decided before the model's "
            "training ended: the metrics flatter the model."
        )
        return Finding("RK003", title, "found", sentence, details)
    if trained_until is None:
        sentence = "No consignment occurs in both slices; when training ended is not known."
        return Finding("RK003", title, "not_applicable", sentence, details)
    sentence = "No consignment occurs in both slices, and training ended before the later one."
    return Finding("RK003", title, "ok", sentence, details)


def check_positives(labels: npt.NDArray[np.float64]) -> Finding:
    """RK004: there are too few violations to tell models apart."""
    title = "Too few violations"
    positives, rows = int(labels.sum()), len(labels)
    details = {"positives": positives, "rows": rows, "needed": FEWEST_POSITIVES}
    if positives >= FEWEST_POSITIVES:
        sentence = f"{positives} violations in {rows} rows."
        return Finding("RK004", title, "ok", sentence, details)
    spread = 0.98 / sqrt(max(positives, 1))
    sentence = (
        f"Only {positives} violations in {rows} rows ({FEWEST_POSITIVES} are wanted): a recall "
        f"near one half is known to about {spread:.0%} either way, so smaller differences "
        "mean nothing."
    )
    return Finding("RK004", title, "found", sentence, details)


def check_known_before(frame: pd.DataFrame) -> Finding:
    """RK006: an outcome is dated no later than the decision that should predict it."""
    title = "Outcome known before the decision"
    labelled = frame["label"].notna()
    early = labelled & (frame["label_known_at"] <= frame["decision_time"])
    count, share = int(early.sum()), float(early.sum() / max(int(labelled.sum()), 1))
    details = {"rows": count, "share": share}
    if not labelled.any():
        return Finding("RK006", title, "not_applicable", "There is no labelled row.")
    if share > LOW_SHARE_KNOWN:
        sentence = (
            f"{count} outcomes ({share:.1%}) are dated no later than their decision; they enter "
            "history only at the decision, but columns of such rows may have been written after "
            "the inspection."
        )
        return Finding("RK006", title, "found", sentence, details)
    sentence = f"{count} of {int(labelled.sum())} outcomes are dated no later than their decision."
    return Finding("RK006", title, "ok", sentence, details)


def check_selection(arrivals: int, frame: pd.DataFrame) -> Finding:
    """RK007: the labelled rows do not speak for all arrivals.

    Parameters
    ----------
    arrivals : int
        Consignments of the period, inspected or not.
    frame : DataFrame
        The labelled ones.
    """
    title = "Selective labels"
    share = len(frame) / max(arrivals, 1)
    known = float(frame["propensity"].notna().mean()) if len(frame) else 0.0
    details = {"arrivals": arrivals, "labelled_share": share, "propensity_known": known}
    if not len(frame):
        return Finding("RK007", title, "not_applicable", "There is no labelled row.", details)
    if share >= 0.99:
        return Finding("RK007", title, "ok", "Nearly every arrival has an outcome.", details)
    if known > 0:
        sentence = (
            f"{share:.1%} of arrivals have an outcome, {known:.0%} of these a logged propensity: "
            "see the propensity-weighted figures for all arrivals."
        )
        return Finding("RK007", title, "ok", sentence, details)
    sentence = (
        f"Only {share:.1%} of arrivals have an outcome and no propensity was logged: the figures "
        "speak for consignments that somebody chose, not for all arrivals."
    )
    return Finding("RK007", title, "found", sentence, details)


def check_dead_features(frame: pd.DataFrame, feature_set: FeatureSet, earlier: IntArray) -> Finding:
    """RK008: features that never vary on the earlier slice cannot be learned from."""
    title = "Constant features"
    if not len(earlier):
        return Finding("RK008", title, "not_applicable", "There is no earlier slice.")
    rows = frame.iloc[earlier]
    empty = [name for name in feature_set.names if rows[name].isna().all()]
    constant = [
        name for name in feature_set.names if name not in set(empty) and _is_constant(rows[name])
    ]
    details = {"missing": empty, "constant": constant}
    if not empty and not constant:
        return Finding("RK008", title, "ok", "Every feature varies.", details)
    sentence = (
        f"Of {len(feature_set.features)} features, {len(empty)} are always missing and "
        f"{len(constant)} constant on the earlier slice; the model cannot use them."
    )
    return Finding("RK008", title, "found", sentence, details)


def _is_constant(column: pd.Series) -> bool:
    """Return whether all values are equal; a missing one is a value of its own."""
    return bool((column.isna().all()) or (column == column.iloc[0]).all())
