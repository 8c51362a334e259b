"""The ledger: what was known, answered and decided, append-only and provable."""

from riskml.ledger.audit import verify_export
from riskml.ledger.faults import LedgerConflictError, LedgerUnavailableError
from riskml.ledger.ids import new_id
from riskml.ledger.records import (
    EVENT_TABLES,
    ROLES,
    Answer,
    ChainReport,
    EventReceipt,
    KeyInfo,
    Principal,
    Problem,
    ScoreRecord,
    StoredEvent,
    StoredRecord,
    Submission,
    VerifyReport,
)
from riskml.ledger.store import Ledger

__all__ = [
    "EVENT_TABLES",
    "ROLES",
    "Answer",
    "ChainReport",
    "EventReceipt",
    "KeyInfo",
    "Ledger",
    "LedgerConflictError",
    "LedgerUnavailableError",
    "Principal",
    "Problem",
    "ScoreRecord",
    "StoredEvent",
    "StoredRecord",
    "Submission",
    "VerifyReport",
    "new_id",
    "verify_export",
]
