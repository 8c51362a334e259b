"""Judge a challenger on what came after its training slices, and promote it through its gates."""

from typing import Any

from riskml.config import settings
from riskml.ledger import Ledger
from riskml.training.promotion import PromotionDecision, carry_out, consider

__all__ = ["judge_and_promote"]


def judge_and_promote(stage: str, version: str) -> PromotionDecision:
    """Judge on the later slices that the run kept; make the version champion if it passes.

    The decision stands in MLflow and in the ledger, whichever way it went.

    Raises
    ------
    GateError
        If a gate refused it.
    """
    candidate = consider(stage, version)
    record_decision(candidate.decision.to_dict())
    carry_out(candidate)
    return candidate.decision


def record_decision(decision: dict[str, Any]) -> None:
    """Append a promotion decision to the ledger."""
    with Ledger.open(settings().ledger_url) as ledger:
        ledger.append_record("promotion", decision, "promotion")
