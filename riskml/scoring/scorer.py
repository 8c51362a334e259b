"""Consignments in, explained scores out: what the service does with a model."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from riskml.bundle import Bundle
from riskml.explanation import Reason, ReasonBook, additivity_gaps, reasons_of
from riskml.explanation.contributions import TOLERANCE
from riskml.scoring.batch import score_columns

__all__ = ["Scored", "Scorer"]


@dataclass(frozen=True)
class Scored:
    """The explained score of one consignment.

    Attributes
    ----------
    probability, raw_score, base_value : float
        Calibrated probability; log-odds; expected log-odds of the model.
    features : ndarray of float64, shape (p,)
        As the model saw them, categories as codes.
    categories : dict of str to str
        Categories that had a value, as text.
    contributions : ndarray of float64, shape (p,)
        Log-odds, in feature-set order.
    reasons : tuple of Reason
        The strongest groups of contributions.
    adds_up : bool
        Whether base value and contributions give the raw score to 1e-6.
    """

    probability: float
    raw_score: float
    base_value: float
    features: np.ndarray
    categories: dict[str, str]
    contributions: np.ndarray
    reasons: tuple[Reason, ...]
    adds_up: bool


@dataclass(frozen=True)
class Scorer:
    """A model ready to answer: its bundle, and the grouping of its features into reasons."""

    bundle: Bundle
    book: ReasonBook

    @classmethod
    def of(cls, bundle: Bundle) -> "Scorer":
        """Prepare a bundle."""
        return cls(bundle, ReasonBook.of(bundle.feature_set))

    def score(self, columns: Mapping[str, np.ndarray]) -> list[Scored]:
        """Score and explain feature columns.

        Parameters
        ----------
        columns : mapping of str to ndarray, shape (n,)
            Every feature of the model: float64, or object (text, None = missing).

        Returns
        -------
        list of Scored
            One per row; each says whether it adds up, so that one that does not spoils none of
            the others.
        """
        scores = score_columns(self.bundle, columns)
        explanation = scores.explanation
        sound = additivity_gaps(explanation) <= TOLERANCE
        reasons = reasons_of(self.book, explanation.contributions, columns)
        names = self.bundle.feature_set.categories
        return [
            Scored(
                probability=float(scores.probability[row]),
                raw_score=float(scores.raw[row]),
                base_value=float(explanation.base[row]),
                features=scores.matrix[row],
                categories={n: columns[n][row] for n in names if columns[n][row] is not None},
                contributions=explanation.contributions[row],
                reasons=reasons[row],
                adds_up=bool(sound[row]),
            )
            for row in range(len(scores.raw))
        ]
