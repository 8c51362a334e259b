"""Why a score is what it is: contributions that add up, and reasons that people can check."""

from riskml.explanation.codes import GENERIC, REASON_CODES, ReasonCode, code_of
from riskml.explanation.contributions import (
    TOLERANCE,
    Engine,
    Explanation,
    additivity_gaps,
    check_additivity,
    engine_of,
    explain,
    raw_scores,
)
from riskml.explanation.pieces import Encode
from riskml.explanation.reasons import Evidence, Reason, ReasonBook, reasons_of
from riskml.explanation.similar import SimilarCase, SimilarCases, pack_cases
from riskml.explanation.written import ReasonWriter, WrittenReasons

__all__ = [
    "GENERIC",
    "REASON_CODES",
    "TOLERANCE",
    "Encode",
    "Engine",
    "Evidence",
    "Explanation",
    "Reason",
    "ReasonBook",
    "ReasonCode",
    "ReasonWriter",
    "SimilarCase",
    "SimilarCases",
    "WrittenReasons",
    "additivity_gaps",
    "check_additivity",
    "code_of",
    "engine_of",
    "explain",
    "pack_cases",
    "raw_scores",
    "reasons_of",
]
