"""The laboratory: what a way of choosing would have found, and how sure that is."""

from riskml.policy.environment import Environment
from riskml.policy.estimates import Estimate, Selected, estimate_hit_rate, estimate_naively
from riskml.policy.verification import Verification, correct_verification

__all__ = [
    "Environment",
    "Estimate",
    "Selected",
    "Verification",
    "correct_verification",
    "estimate_hit_rate",
    "estimate_naively",
]
