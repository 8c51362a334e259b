"""Judge a challenger on what came after its training slices, and promote it through its gates."""

from riskml.training.promotion import PromotionDecision, promote

__all__ = ["judge_and_promote"]


def judge_and_promote(stage: str, version: str) -> PromotionDecision:
    """Judge on the later slices that the run kept; make the version champion if it passes.

    The decision stands in MLflow and in the ledger, whichever way it went.

    Raises
    ------
    GateError
        If a gate refused it.
    """
    return promote(stage, version)
