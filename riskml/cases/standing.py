"""A case as data: what its steps make of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from riskml.errors import LedgerError

__all__ = ["Case", "Step", "advanced", "inspection_row", "opened_case"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a case.

    Attributes
    ----------
    case_id : str
    number : int
        1, 2, 3, ...; the case's version after it.
    action, state : str
        What was done, and the state after it.
    who, role, why : str
    at : datetime
        Aware.
    details : mapping
        What the action asked for.
    """

    case_id: str
    number: int
    action: str
    state: str
    who: str
    role: str
    why: str
    at: datetime
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """Where a case stands.

    Attributes
    ----------
    case_id, score_id, stage, consignment_id : str
    bill_no, container_no, declaration_id, office : str or None
    probability : float
        As scored when the case was opened.
    channel : str
        Why it was chosen.
    propensity : float or None
        Probability with which it was selected, where it was drawn.
    level, state : str
    version : int
        Number of its newest step.
    proposer : str
    reviewer, finding, result : str or None
        Who reviewed the image; what the newest look at it found; the result.
    proposed_at, updated_at : datetime
    suspicious_at : datetime or None
        Since when a suspicious finding waits for the container to be opened or cleared.
    """

    case_id: str
    score_id: str
    stage: str
    consignment_id: str
    bill_no: str | None
    container_no: str | None
    declaration_id: str | None
    office: str | None
    probability: float
    channel: str
    propensity: float | None
    level: str
    state: str
    version: int
    proposer: str
    reviewer: str | None
    finding: str | None
    result: str | None
    proposed_at: datetime
    updated_at: datetime
    suspicious_at: datetime | None

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of the attributes, which are those of the table's columns."""
        return tuple(field.name for field in fields(cls))


_WAITS = ("scanned", "image_reviewed")


def opened_case(step: Step) -> Case:
    """Return the case that its first step opens; the details say of what."""
    told = step.details
    return Case(
        case_id=step.case_id,
        score_id=told["score_id"],
        stage=told["stage"],
        consignment_id=told["consignment_id"],
        bill_no=told["bill_no"],
        container_no=told["container_no"],
        declaration_id=told["declaration_id"],
        office=told["office"],
        probability=told["probability"],
        channel=told["channel"],
        propensity=told["propensity"],
        level=told["level"],
        state=step.state,
        version=step.number,
        proposer=step.who,
        reviewer=None,
        finding=None,
        result=None,
        proposed_at=step.at,
        updated_at=step.at,
        suspicious_at=None,
    )


def advanced(case: Case, step: Step) -> Case:
    """Return the case after a further step.

    Raises
    ------
    LedgerError
        If the step does not follow the case's newest.
    """
    if step.number != case.version + 1:
        raise LedgerError(
            f"step {step.number} of case {case.case_id} does not follow step {case.version}",
            "verify the ledger",
        )
    told = step.details
    finding = told.get("scan_finding") or told.get("finding") or case.finding
    waits = finding == "suspicious" and step.state in _WAITS
    return replace(
        case,
        state=step.state,
        version=step.number,
        reviewer=step.who if step.action == "review_image" else case.reviewer,
        finding=finding,
        result="rejected" if step.action == "reject" else told.get("result") or case.result,
        updated_at=step.at,
        suspicious_at=(case.suspicious_at or step.at) if waits else None,
    )


def inspection_row(case: Case, steps: Sequence[Step]) -> dict[str, Any] | None:
    """Return the row of ``inspections`` that the steps of a case amount to.

    Each step that tells something gives the row a further revision; the history engine counts
    the newest one that was known (DESIGN 3).

    Returns
    -------
    dict or None
        None if the newest step says nothing of the outcome.
    """
    newest = steps[-1]
    if newest.action not in ("scan", "review_image", "open", "clear", "close"):
        return None
    times = {step.action: step.at for step in steps}
    told = {name: value for step in steps for name, value in step.details.items()}
    row = {
        "inspection_id": case.case_id,
        "revision": newest.number,
        "bill_no": case.bill_no,
        "container_no": case.container_no,
        "declaration_id": case.declaration_id,
        "office": case.office,
        "scanner_id": told.get("scanner_id"),
        "channel": case.channel,
        "propensity": case.propensity,
        "selected_at": times.get("select"),
        "scanned_at": times.get("scan"),
        "scan_finding": told.get("finding") or told.get("scan_finding"),
        "image_uri": told.get("image_uri"),
        "reviewed_at": times.get("review_image"),
        "opened_at": times.get("open"),
        "result": told.get("result"),
        "violation_type": told.get("violation_type"),
        "severity": told.get("severity"),
        "revenue_recovered": told.get("revenue_recovered"),
        "closed_at": times.get("close"),
    }
    return {name: value for name, value in row.items() if value is not None}
