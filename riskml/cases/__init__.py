"""Cases, each followed from proposal to result, and the queue they come from."""

from riskml.cases.book import CaseBook, CaseConflictError, CaseExistsError
from riskml.cases.dashboard import Dashboard, dashboard
from riskml.cases.selected import Recorded, record_selection
from riskml.cases.standing import Case, Step
from riskml.cases.workflow import (
    Action,
    Field,
    IllegalStepError,
    NotAllowedError,
    StepFieldError,
    actions_for,
)
from riskml.cases.worklist import Worklist, WorkPage, WorkQuery, WorkQueryError, WorkRow

__all__ = [
    "Action",
    "Case",
    "CaseBook",
    "CaseConflictError",
    "CaseExistsError",
    "Dashboard",
    "Field",
    "IllegalStepError",
    "NotAllowedError",
    "Recorded",
    "Step",
    "StepFieldError",
    "WorkPage",
    "WorkQuery",
    "WorkQueryError",
    "WorkRow",
    "Worklist",
    "actions_for",
    "dashboard",
    "record_selection",
]
