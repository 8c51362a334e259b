"""What the ledger keeps and what it answers with: plain, frozen data."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

__all__ = [
    "EVENT_TABLES",
    "ROLES",
    "Answer",
    "ChainReport",
    "EncodedJson",
    "EncodedScore",
    "EventReceipt",
    "KeyInfo",
    "Principal",
    "Problem",
    "ScoreRecord",
    "StoredEvent",
    "StoredRecord",
    "Submission",
    "VerifyReport",
]

ROLES = ("engine", "office", "analyst", "supervisor", "auditor", "operator", "admin")
"""What a credential may be for (DESIGN 8)."""

EVENT_TABLES = ("manifests", "declarations", "inspections")
"""The tables whose rows are events of history (DESIGN 2)."""


class EncodedJson(NamedTuple):
    """JSON that somebody has encoded already.

    Attributes
    ----------
    content : bytes
        UTF-8.
    quoted : str
        The same as it reads in a string of ASCII JSON, without the quotation marks.
    """

    content: bytes
    quoted: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreRecord:
    """One answered score, with all that is needed to explain and to recompute it.

    Parameters
    ----------
    score_id : str
        Time-ordered identifier (:func:`riskml.ledger.new_id`).
    stage : str
        ``pre_arrival`` or ``declaration``.
    bill_no, container_no, declaration_id, office : str or None
        What was scored, and where.
    decision_time, scored_at : datetime
        Aware. No feature saw anything known at ``decision_time`` or later; ``scored_at`` is the
        clock when the answer was made.
    model_digest, model_name, model_version, feature_set_digest : str
        Which model answered; empty strings when none could (``degraded``).
    history_watermark : int
        Sequence number of the last event that the history had seen.
    features, contributions : bytes
        Little-endian float64 in feature-set order (contributions end with the base value). The
        names are those of the feature set with ``feature_set_digest``.
    base_value, raw_score, probability : float
        Finite. Negative zero is kept as zero, because SQLite cannot hold it.
    degraded : bool
        Whether the answer came without a model, or from a history that was too old.
    reasons, request : Any
        What JSON can hold: the reasons answered, and the content that was scored. ``bytes`` are
        taken as UTF-8 JSON that is encoded already (ten times as fast when the caller has
        msgspec); `EncodedJson` spares the ledger even to escape it. What is read back is decoded
        either way.
    principal : str
        Identifier of the key that asked.
    idempotency_key : str or None
        The key under which the answer is remembered.
    """

    score_id: str
    stage: str
    bill_no: str | None = None
    container_no: str | None = None
    declaration_id: str | None = None
    office: str | None = None
    decision_time: datetime
    scored_at: datetime
    model_digest: str
    model_name: str
    model_version: str
    feature_set_digest: str
    history_watermark: int
    features: bytes
    contributions: bytes
    base_value: float
    raw_score: float
    probability: float
    degraded: bool = False
    reasons: Any = None
    request: Any = None
    principal: str = ""
    idempotency_key: str | None = None


class EncodedScore(NamedTuple):
    """A score on its way into the table.

    Attributes
    ----------
    values : dict
        Every column but those of the chain.
    before, after : str
        The canonical JSON before the row's position in its chain, and between the position and
        the name of the writer.
    """

    values: dict[str, Any]
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to a request that carried an idempotency key.

    Parameters
    ----------
    principal, key : str
        Whose key; two principals may use the same key without meeting.
    request_digest : str
        Digest of the request. The same key with another digest is a conflict.
    body : bytes
        The answer as it was sent.
    """

    principal: str
    key: str
    request_digest: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Submission:
    """The scores of one request and, if it carried an idempotency key, its answer.

    Scores may be encoded already (:func:`riskml.ledger.encode_score`), which takes a while.
    """

    records: tuple[ScoreRecord | EncodedScore, ...]
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class EventReceipt:
    """What became of one event.

    Parameters
    ----------
    seq : int
        Sequence number under which this identity and revision is stored.
    duplicate : bool
        It was stored before with the same content; nothing was written.
    conflict : bool
        It was stored before with *other* content, which stands; nothing was written.
    """

    seq: int
    duplicate: bool = False
    conflict: bool = False

    @property
    def new(self) -> bool:
        """Whether this call wrote the event."""
        return not (self.duplicate or self.conflict)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event of the durable log, in the order in which it was committed.

    Parameters
    ----------
    seq : int
        1, 2, 3, ... without a gap over all tables and writers.
    table : str
        ``manifests``, ``declarations`` or ``inspections``.
    identity : tuple
        Key values of the row (DESIGN 2), text or whole number.
    revision : int
        Revision of that row; 0 when none was given.
    received_at : datetime
        Aware, UTC: when the ledger took it.
    payload : dict
        The columns that had a value. Times are ISO 8601 text in UTC (``...Z``, microseconds);
        whole numbers are ``int``.
    """

    seq: int
    table: str
    identity: tuple[Any, ...]
    revision: int
    received_at: datetime
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """One other append-only record: a selection, a promotion, an access to an explanation."""

    record_id: str
    kind: str
    recorded_at: datetime
    writer: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a secret belongs to."""

    key_id: str
    role: str
    office: str | None


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What may be shown of a credential."""

    key_id: str
    role: str
    office: str | None
    label: str
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken promise of a chain.

    Parameters
    ----------
    table, writer : str
        Which chain.
    position : int
        Where in it (0: the chain as a whole).
    what : str
        What is wrong, in a sentence.
    """

    table: str
    writer: str
    position: int
    what: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """How many rows of one chain were checked, and where it ends."""

    table: str
    writer: str
    rows: int
    row_hash: str


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """The outcome of a verification.

    Parameters
    ----------
    chains : tuple of ChainReport
        What was checked, per table and writer.
    problems : tuple of Problem
        Everything that is wrong (at most a hundred per chain are listed).
    checkpoints : int
        Signed statements of all heads that were checked.
    unsigned_rows : int
        Rows appended after the newest checkpoint: their removal shows in the stored heads, but
        no signature vouches for them yet.
    signers : tuple of str
        Hexadecimal public keys that signed, for comparison with the published ones.
    """

    chains: tuple[ChainReport, ...]
    problems: tuple[Problem, ...] = ()
    checkpoints: int = 0
    unsigned_rows: int = 0
    signers: tuple[str, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    @property
    def rows(self) -> int:
        """Rows checked in all chains."""
        return sum(chain.rows for chain in self.chains)
