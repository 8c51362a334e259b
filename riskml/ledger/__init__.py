"""The ledger: what was known, answered and decided, append-only and provable."""

from riskml.ledger.accounts import (
    USER_ROLES,
    Accounts,
    LoginError,
    Session,
    ThrottledError,
    User,
)
from riskml.ledger.audit import verify_export
from riskml.ledger.backup import back_up, restore
from riskml.ledger.encoding import encode_score
from riskml.ledger.faults import LedgerConflictError, LedgerUnavailableError
from riskml.ledger.ids import new_id
from riskml.ledger.lookups import Access, Proof
from riskml.ledger.records import (
    EVENT_TABLES,
    ROLES,
    Answer,
    ChainReport,
    EncodedJson,
    EncodedScore,
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
    "USER_ROLES",
    "Access",
    "Accounts",
    "Answer",
    "ChainReport",
    "EncodedJson",
    "EncodedScore",
    "EventReceipt",
    "KeyInfo",
    "Ledger",
    "LedgerConflictError",
    "LedgerUnavailableError",
    "LoginError",
    "Principal",
    "Problem",
    "Proof",
    "ScoreRecord",
    "Session",
    "StoredEvent",
    "StoredRecord",
    "Submission",
    "ThrottledError",
    "User",
    "VerifyReport",
    "back_up",
    "encode_score",
    "new_id",
    "restore",
    "verify_export",
]
