"""What an item came to: the model's explained score, or the rule profile's, with its history."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
import numpy as np

from riskml.explanation import WrittenReasons
from riskml.scoring import RULE_BASE, RuleScore, Scored
from serving.errors import ApiError
from serving.history import HistoryState
from serving.models import Served

__all__ = ["RULE_MODEL", "Outcome", "model_outcome", "rule_outcome"]

RULE_MODEL = "rule-profile"
"""Name under which degraded answers are given."""
RULE_VERSION = "1"


@dataclass(frozen=True)
class Outcome:
    """A score with all that is answered and recorded of it.

    Attributes
    ----------
    probability, raw_score, base_value : float
        As answered.
    features, contributions : ndarray of float64, shape (p,)
        In feature-set order, or in the order of the rules.
    reasons : WrittenReasons
        The strongest first, as JSON.
    history : HistoryState
        What history had seen.
    served : Served or None
        The model; None if the rule profile answered.
    degraded : str
        Why the rule profile answered: ``no_model`` or ``old_history``; empty otherwise.
    categories : mapping of str to str
        Categories among the features, as text.
    """

    probability: float
    raw_score: float
    base_value: float
    features: np.ndarray
    contributions: np.ndarray
    reasons: WrittenReasons
    history: HistoryState
    served: Served | None
    degraded: str = ""
    categories: Mapping[str, str] = field(default_factory=dict)

    @property
    def model(self) -> dict[str, str]:
        """Name, version and digest of what answered."""
        if self.served is None:
            return {"name": RULE_MODEL, "version": RULE_VERSION, "digest": ""}
        return {
            "name": self.served.name,
            "version": self.served.version,
            "digest": self.served.digest,
        }


def model_outcome(scored: Scored, served: Served, history: HistoryState) -> Outcome:
    """Return the outcome of a model's score.

    Raises
    ------
    ApiError
        If base value and contributions do not add up to the raw score: an answer that cannot be
        explained is no answer.
    """
    if not scored.adds_up:
        raise ApiError(
            "not_additive",
            "the contributions do not add up to the raw score",
            remedy="report the model's digest to whoever trained it",
        )
    return Outcome(
        probability=scored.probability,
        raw_score=scored.raw_score,
        base_value=scored.base_value,
        features=scored.features,
        contributions=scored.contributions,
        reasons=scored.reasons,
        history=history,
        served=served,
        categories=scored.categories,
    )


def rule_outcome(score: RuleScore, history: HistoryState, cause: str) -> Outcome:
    """Return the outcome of the rule profile."""
    return Outcome(
        probability=score.probability,
        raw_score=score.raw_score,
        base_value=RULE_BASE,
        features=score.flags,
        contributions=score.contributions,
        reasons=WrittenReasons.of(
            msgspec.json.encode([reason.to_dict() for reason in score.reasons])
        ),
        history=history,
        served=None,
        degraded=cause,
    )
