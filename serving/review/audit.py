"""The auditor's pages: any score, its proof in the ledger, its recomputation, who looked."""

import re
from typing import Any

from starlette.responses import Response

from riskml.errors import RiskmlError
from riskml.ledger import ScoreRecord
from riskml.scoring.recompute import recompute as compute_again
from serving.review.problems import PageError
from serving.review.rendering import render
from serving.review.responses import page, redirect
from serving.review.visits import Desk, Visit

__all__ = ["recompute", "show", "show_score"]

CATCH_UP = 2000
"""Scores made searchable before the search; a background thread follows all the time."""
_SCORE_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def show(desk: Desk, visit: Visit) -> Response:
    """Search a score by its identifier, or consignments by number."""
    given = visit.query.get("text", "")
    if _SCORE_ID.fullmatch(given.lower()):
        return redirect(f"/review/audit/{given.lower()}")
    if len(given) > 100:
        raise PageError("invalid_search")
    desk.worklist.catch_up(limit=CATCH_UP)
    known = desk.ledger.find_scores(given) if given else []
    found = [record for record in known if desk.cases.covers(visit.user, record.office)]
    return page(render(visit, "audit.html.j2", text=given, found=found))


def show_score(desk: Desk, visit: Visit) -> Response:
    """Show the proof of one score."""
    record = _score(desk, visit)
    return page(_html(desk, visit, record, None, None))


def recompute(desk: Desk, visit: Visit) -> Response:
    """Compute a score again from the recorded events, and show the comparison."""
    record = _score(desk, visit)
    failure, result = None, None
    try:
        result = compute_again(
            record.score_id, ledger=desk.ledger, history=desk.runtime.options.history_folder()
        )
    except RiskmlError as error:
        failure = error
    return page(_html(desk, visit, record, result, failure))


def _score(desk: Desk, visit: Visit) -> ScoreRecord:
    score_id = visit.places["score_id"]
    record = desk.ledger.score(score_id) if _SCORE_ID.fullmatch(score_id) else None
    if record is None or not desk.cases.covers(visit.user, record.office):
        raise PageError("unknown_score")
    desk.cases.record_access(visit.user, score_id, "audit")
    return record


def _html(
    desk: Desk, visit: Visit, record: ScoreRecord, result: Any, failure: RiskmlError | None
) -> str:
    return render(
        visit,
        "audit_score.html.j2",
        record=record,
        proof=desk.ledger.proof(record.score_id),
        accesses=desk.cases.accesses(record.score_id),
        result=result,
        failure=failure,
    )
