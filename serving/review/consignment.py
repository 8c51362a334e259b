"""One consignment: documents, reasons, history, similar cases; its case and what may be done."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from riskml.cases import (
    Case,
    CaseConflictError,
    CaseExistsError,
    IllegalStepError,
    NotAllowedError,
    StepFieldError,
    actions_for,
)
from riskml.cases.comparison import compare
from riskml.cases.content import Content, content_of
from riskml.cases.workflow import ACTIONS
from riskml.errors import RiskmlError
from riskml.ledger import ScoreRecord
from riskml.scoring.explained import explained
from serving.review.pictures import PartyChart, party_charts, waterfall
from serving.review.problems import PageError
from serving.review.rendering import render
from serving.review.responses import page, redirect
from serving.review.visits import Desk, Visit
from serving.review.words import DOCUMENTS, FIELDS

__all__ = ["act", "propose", "show", "show_case"]

PROPOSE = "propose"


def show(desk: Desk, visit: Visit) -> Response:
    """Show a consignment as it was scored; who looked is recorded."""
    record = _score(desk, visit, visit.places["score_id"])
    desk.cases.record_access(visit.user, record.score_id, "page")
    return page(_html(desk, visit, record))


def show_case(desk: Desk, visit: Visit) -> Response:
    """Lead to the consignment of a case."""
    case = _case(desk, visit)
    return redirect(f"/review/scores/{case.score_id}#case")


def propose(desk: Desk, visit: Visit) -> Response:
    """Open a case."""
    record = _score(desk, visit, visit.places["score_id"])
    try:
        desk.cases.propose(
            record.score_id,
            visit.user,
            visit.form.get("why", ""),
            level=visit.form.get("level") or None,
        )
    except (CaseExistsError, StepFieldError, NotAllowedError, IllegalStepError) as error:
        return _refused(desk, visit, record, PROPOSE, error)
    return redirect(f"/review/scores/{record.score_id}#case")


def act(desk: Desk, visit: Visit) -> Response:
    """Take a step of a case; what was entered survives a refusal."""
    case, action = _case(desk, visit), visit.places["action"]
    record = _score(desk, visit, case.score_id)
    version = visit.form.get("version", "")
    if action not in ACTIONS or not (version.isascii() and version.isdigit() and len(version) < 9):
        raise PageError("invalid_request")
    details = {field.name: visit.form.get(field.name, "") for field in ACTIONS[action].fields}
    try:
        desk.cases.act(
            case.case_id,
            action,
            visit.user,
            {name: value for name, value in details.items() if value},
            visit.form.get("why", ""),
            expected_version=int(version),
        )
    except (CaseConflictError, StepFieldError, NotAllowedError, IllegalStepError) as error:
        return _refused(desk, visit, record, action, error)
    return redirect(f"/review/scores/{record.score_id}#case")


def _refused(
    desk: Desk, visit: Visit, record: ScoreRecord, action: str, error: RiskmlError
) -> Response:
    """Show the page again with what was entered, and say why it was not taken."""
    status = 403 if isinstance(error, NotAllowedError) else 409
    if isinstance(error, StepFieldError):
        status = 422
    return page(_html(desk, visit, record, refused=error, action=action), status=status)


def _score(desk: Desk, visit: Visit, score_id: str) -> ScoreRecord:
    record = desk.ledger.score(score_id) if len(score_id) == 36 else None
    if record is None or not desk.cases.covers(visit.user, record.office):
        raise PageError("unknown_score")
    return record


def _case(desk: Desk, visit: Visit) -> Case:
    case_id = visit.places["case_id"]
    case = desk.cases.case(case_id) if len(case_id) == 36 else None
    if case is None or not desk.cases.covers(visit.user, case.office):
        raise PageError("unknown_case")
    return case


def _html(
    desk: Desk,
    visit: Visit,
    record: ScoreRecord,
    *,
    refused: RiskmlError | None = None,
    action: str = "",
) -> str:
    explanation = explained(desk.ledger, record)
    content = content_of(desk.ledger, record)
    case = desk.cases.case_of(record)
    numbers = explanation["numbers"]
    return render(
        visit,
        "consignment.html.j2",
        record=record,
        explanation=explanation,
        reasons=_reasons(record.reasons),
        pairs=compare(content.manifest, content.lines),
        documents=DOCUMENTS,
        lines=content.lines,
        bars=waterfall(numbers["base_value"], explanation["features"], numbers["raw_score"]),
        charts=_charts(desk, record, content),
        similar=desk.similar(record),
        case=case,
        timeline=() if case is None else desk.cases.timeline(case.case_id),
        actions=() if case is None else actions_for(case, visit.user),
        may_propose=case is None and visit.user.role in ACTIONS[PROPOSE].roles,
        propose_action=ACTIONS[PROPOSE],
        refused=refused,
        refused_kind="" if refused is None else type(refused).__name__,
        refused_action=action,
        entered=visit.form,
        shown_fields=tuple(FIELDS),
    )


def _reasons(given: Any) -> dict[str, list[Mapping[str, Any]]]:
    """Return the reasons for and against, the strongest first."""
    known = given if isinstance(given, list) else []
    return {
        direction: [reason for reason in known if reason.get("direction") == direction]
        for direction in ("raises", "lowers")
    }


def _charts(desk: Desk, record: ScoreRecord, content: Content) -> list[PartyChart]:
    state = desk.state()
    if state is None or record.stage not in state.models or content.empty:
        return []
    if record.stage == "declaration" and not content.lines:
        return []
    return party_charts(
        state.history, record.stage, content.manifest, content.lines, record.decision_time
    )
