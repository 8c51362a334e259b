"""All that is known of one decision: the score, its reasons, what became of it, its proofs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from riskml.bundle import Bundle
from riskml.cases import Case, CaseBook, Step
from riskml.cases.content import Content, content_of
from riskml.config import settings
from riskml.errors import BundleError, LedgerError, RiskmlError
from riskml.explanation.similar import SimilarCase, SimilarCases
from riskml.ledger import Ledger, ScoreRecord
from riskml.ledger.lookups import Access, Proof
from riskml.scoring.explained import explained
from riskml.scoring.recompute import Recomputation, bundle_of, recompute

__all__ = ["Decision", "gather", "gather_from_default_ledger"]


@dataclass(frozen=True)
class Decision:
    """One score with everything that speaks of it.

    Attributes
    ----------
    record : ScoreRecord
        As it stands in the ledger.
    explanation : mapping
        As `riskml.scoring.explained.explained` gives it.
    content : Content
        The documents, as they were known then.
    similar : sequence of SimilarCase or None
        Similar past cases; None if the model that answered is not here any more.
    recomputation : Recomputation or None
        What computing it again came to; None if that failed.
    failure : str
        Why it failed, and what to do.
    proof : Proof
        Its place in the hash chain.
    accesses : sequence of Access
        Who looked at it, the newest first.
    case : Case or None
        The newest case of the consignment at this stage.
    timeline : sequence of Step
        The case's steps, the first one first.
    """

    record: ScoreRecord
    explanation: Mapping[str, Any]
    content: Content
    similar: Sequence[SimilarCase] | None
    recomputation: Recomputation | None
    failure: str
    proof: Proof
    accesses: Sequence[Access]
    case: Case | None
    timeline: Sequence[Step]


def gather_from_default_ledger(score_id: str) -> Decision:
    """Gather what the ledger of this installation knows; see `gather`."""
    with Ledger.open(settings().ledger_url, create=False) as ledger:
        return gather(ledger, score_id)


def gather(ledger: Ledger, score_id: str, *, history: Path | None = None) -> Decision:
    """Gather what is known of a score; nothing is written.

    Parameters
    ----------
    ledger : Ledger
        Only read: whoever opens a report file is not known here, so no access is recorded.
    score_id : str
        The identifier that was answered.
    history : Path, optional
        Folder of the base tables, as for `riskml.scoring.recompute.recompute`.

    Raises
    ------
    LedgerError
        If there is no such score.
    """
    record = ledger.score(score_id)
    proof = None if record is None else ledger.proof(record.score_id)
    if record is None or proof is None:
        raise LedgerError(f"there is no score {score_id!r}", "give the score_id of an answer")
    book = CaseBook(ledger)
    case = book.case_of(record)
    recomputation, failure = _again(ledger, record, history)
    return Decision(
        record=record,
        explanation=explained(ledger, record),
        content=content_of(ledger, record),
        similar=_similar(record),
        recomputation=recomputation,
        failure=failure,
        proof=proof,
        accesses=book.accesses(record.score_id),
        case=case,
        timeline=() if case is None else book.timeline(case.case_id),
    )


def _again(
    ledger: Ledger, record: ScoreRecord, history: Path | None
) -> tuple[Recomputation | None, str]:
    try:
        return recompute(record.score_id, ledger=ledger, history=history), ""
    except RiskmlError as error:
        return None, str(error)


def _similar(record: ScoreRecord) -> list[SimilarCase] | None:
    if not record.model_digest:
        return None
    try:
        bundle: Bundle = bundle_of(record)
    except BundleError:
        return None
    itself = {name: getattr(record, name) for name in ("bill_no", "container_no", "declaration_id")}
    row = np.frombuffer(record.features, dtype="<f8")
    return SimilarCases(bundle).lookup(row, record.decision_time, exclude=itself)
