"""Consignments in, explained scores out: what the service does with a model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from riskml.bundle import Bundle
from riskml.explanation import (
    Encode,
    ReasonBook,
    ReasonWriter,
    WrittenReasons,
    additivity_gaps,
)
from riskml.explanation.contributions import TOLERANCE
from riskml.scoring.batch import score_columns

__all__ = ["Scored", "Scorer"]


class Scored(NamedTuple):
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
    reasons : WrittenReasons
        The strongest groups of contributions, as JSON.
    adds_up : bool
        Whether base value and contributions give the raw score to 1e-6.
    """

    probability: float
    raw_score: float
    base_value: float
    features: np.ndarray
    categories: dict[str, str]
    contributions: np.ndarray
    reasons: WrittenReasons
    adds_up: bool


@dataclass(frozen=True)
class Scorer:
    """A model ready to answer: its bundle, and what writes its reasons."""

    bundle: Bundle
    writer: ReasonWriter

    @classmethod
    def of(cls, bundle: Bundle, encode: Encode) -> "Scorer":
        """Prepare a bundle.

        Parameters
        ----------
        bundle : Bundle
        encode : callable
            Writes JSON for the reasons, such as ``msgspec.json.encode``.
        """
        return cls(bundle, ReasonWriter(ReasonBook.of(bundle.feature_set), encode))

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
        reasons = self.writer.write(explanation.contributions, columns, scores.matrix)
        return list(
            map(
                Scored,
                scores.probability.tolist(),
                scores.raw.tolist(),
                explanation.base.tolist(),
                scores.matrix,
                self._categories(columns, len(scores.raw)),
                explanation.contributions,
                reasons,
                sound.tolist(),
            )
        )

    def _categories(self, columns: Mapping[str, np.ndarray], rows: int) -> list[dict[str, str]]:
        found: list[dict[str, str]] = [{} for _ in range(rows)]
        for name in self.bundle.feature_set.categories:
            for row, text in zip(found, columns[name].tolist(), strict=True):
                if text is not None:
                    row[name] = text
        return found
