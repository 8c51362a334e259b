"""Why a score is what it is: contributions that add up, and reasons that people can check."""

from riskml.explanation.codes import GENERIC, REASON_CODES, ReasonCode, code_of
from riskml.explanation.contributions import (
    TOLERANCE,
    Explanation,
    additivity_gaps,
    check_additivity,
    explain,
)
from riskml.explanation.reasons import Evidence, Reason, ReasonBook, reasons_of

__all__ = [
    "GENERIC",
    "REASON_CODES",
    "TOLERANCE",
    "Evidence",
    "Explanation",
    "Reason",
    "ReasonBook",
    "ReasonCode",
    "additivity_gaps",
    "check_additivity",
    "code_of",
    "explain",
    "reasons_of",
]
