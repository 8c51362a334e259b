"""Scoring of feature columns: the one way from features to probability, reasons included."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from riskml.bundle import Bundle
from riskml.errors import EmptyTableError, MissingColumnError
from riskml.explanation import (
    Explanation,
    Reason,
    ReasonBook,
    check_additivity,
    raw_scores,
    reasons_of,
)
from riskml.explanation import explain as explained
from riskml.history import Progress

__all__ = [
    "SCORE_COLUMNS",
    "Scores",
    "check_frame",
    "chunks_of",
    "score_columns",
    "score_frame",
    "score_rows",
]

SCORE_COLUMNS = ("bill_no", "container_no", "stage", "decision_time", "probability", "raw_score")
"""First columns of a scores file (DESIGN 7)."""

_CARRIED = ("consignment_id", "declaration_id", "office", "mode")
CHUNK = 5000
"""Rows explained at a time: a contribution matrix of a million rows would not fit."""


@dataclass(frozen=True)
class Scores:
    """Explained scores of n consignments.

    Attributes
    ----------
    matrix : ndarray of float64, shape (n, p)
        Encoded features.
    raw, probability : ndarray of float64, shape (n,)
        Raw score (log-odds) and calibrated probability.
    explanation : Explanation
        Base values and contributions.
    """

    matrix: np.ndarray
    raw: np.ndarray
    probability: np.ndarray
    explanation: Explanation


def score_columns(bundle: Bundle, columns: Mapping[str, np.ndarray]) -> Scores:
    """Score and explain feature columns.

    Parameters
    ----------
    bundle : Bundle
        The model.
    columns : mapping of str to ndarray, shape (n,)
        Every feature of the bundle's feature set: float64, or object for categories.
    """
    matrix = bundle.encode(columns)
    explanation = explained(bundle, matrix)
    return Scores(matrix, explanation.raw, bundle.probabilities(explanation.raw), explanation)


def score_frame(
    bundle: Bundle,
    frame: pd.DataFrame,
    *,
    explain: bool = False,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Score a feature frame.

    Parameters
    ----------
    bundle : Bundle
        The model.
    frame : DataFrame
        Identifiers and features, as ``riskml features`` writes them.
    explain : bool
        Adds ``base_value`` (log-odds), ``contributions`` (JSON object, feature to log-odds) and
        ``reasons`` (JSON list).
    progress : callable, optional
        Wraps the chunks to show how far it is; see `riskml.history.Progress`.

    Returns
    -------
    DataFrame
        One row per row of ``frame``, in its order: :data:`SCORE_COLUMNS`, identifiers that the
        frame has beside them, and what ``explain`` adds.

    Raises
    ------
    EmptyTableError
        If the frame has no row.
    MissingColumnError
        If the frame lacks a feature of the model or an identifier.
    BundleError
        If contributions do not add up to a raw score.
    """
    check_frame(bundle, frame)
    book = ReasonBook.of(bundle.feature_set) if explain else None
    chunks, count = chunks_of(bundle, frame)
    if progress is not None:
        chunks = progress(chunks, "scoring", count)
    return pd.concat([score_rows(bundle, rows, book) for rows in chunks])


def chunks_of(bundle: Bundle, frame: pd.DataFrame) -> tuple[Iterable[pd.DataFrame], int]:
    """Return what scoring needs of a frame, a chunk of rows at a time, and the number of chunks."""
    carried = [name for name in _CARRIED if name in frame]
    needed = list(dict.fromkeys([*SCORE_COLUMNS[:4], *carried, *bundle.feature_set.names]))
    starts = range(0, len(frame), CHUNK)
    return (frame.iloc[start : start + CHUNK][needed] for start in starts), len(starts)


def check_frame(bundle: Bundle, frame: pd.DataFrame) -> None:
    """Refuse a frame without rows, or without a column that the model needs.

    Raises
    ------
    EmptyTableError, MissingColumnError
        See `score_frame`.
    """
    if not len(frame):
        raise EmptyTableError("there is no consignment to score", "choose another data folder")
    needed = [*SCORE_COLUMNS[:4], *bundle.feature_set.names]
    missing = [name for name in needed if name not in frame]
    if missing:
        shown = ", ".join(missing[:5]) + (" ..." if len(missing) > 5 else "")
        raise MissingColumnError(
            f"the feature frame lacks {shown}",
            "compute the features again with this model's feature set",
        )


def score_rows(bundle: Bundle, rows: pd.DataFrame, book: ReasonBook | None) -> pd.DataFrame:
    """Score a chunk of a frame, and explain it if there is a book of reasons.

    Raises
    ------
    BundleError
        If contributions do not add up to a raw score.
    """
    columns = feature_arrays(bundle, rows)
    if book is None:
        raw = raw_scores(bundle, bundle.encode(columns))
        return _answer_frame(rows, bundle.probabilities(raw), raw)
    scores = score_columns(bundle, columns)
    check_additivity(scores.explanation)
    contributions = scores.explanation.contributions
    return _answer_frame(rows, scores.probability, scores.raw).assign(
        base_value=scores.explanation.base,
        contributions=_contribution_texts(bundle.feature_set.names, contributions),
        reasons=[reasons_text(each) for each in reasons_of(book, contributions, columns)],
    )


def _answer_frame(rows: pd.DataFrame, probability: np.ndarray, raw: np.ndarray) -> pd.DataFrame:
    carried = [name for name in _CARRIED if name in rows]
    scored = rows[[*SCORE_COLUMNS[:4], *carried]].assign(probability=probability, raw_score=raw)
    return scored[[*SCORE_COLUMNS, *carried]]


def feature_arrays(bundle: Bundle, rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the model's features of a frame as arrays: float64, or object with None."""
    categories = set(bundle.feature_set.categories)
    return {
        name: _text_array(rows[name]) if name in categories else rows[name].to_numpy(np.float64)
        for name in bundle.feature_set.names
    }


def reasons_text(reasons: tuple[Reason, ...]) -> str:
    """Return reasons as a JSON list."""
    return json.dumps([reason.to_dict() for reason in reasons], ensure_ascii=False)


def _text_array(series: "pd.Series[Any]") -> np.ndarray:
    values = np.array(series.astype(object), dtype=object)
    values[series.isna().to_numpy()] = None
    return values


def _contribution_texts(names: tuple[str, ...], contributions: np.ndarray) -> list[str]:
    return [json.dumps(dict(zip(names, row, strict=True))) for row in contributions.tolist()]
