"""What a visitor is told when a page cannot be shown: what happened, and what to do."""

from dataclasses import dataclass

from riskml.errors import RiskmlError
from riskml.ledger import LedgerUnavailableError
from serving.errors import ApiError
from serving.review.words import N_

__all__ = ["PageError", "Problem", "problem_of"]


@dataclass(frozen=True)
class Problem:
    """A helpful page instead of the one that was asked for.

    Attributes
    ----------
    status : int
        HTTP status.
    title, remedy : str
        English, translated where they are shown.
    """

    status: int
    title: str
    remedy: str


_OF_CODE = {
    "not_found": Problem(
        404,
        N_("There is no such page"),
        N_("Go to the queue, or search there for the consignment."),
    ),
    "unknown_score": Problem(
        404,
        N_("There is no such score, or it belongs to another office"),
        N_("Search the queue by bill, container or declaration number."),
    ),
    "unknown_case": Problem(
        404,
        N_("There is no such case, or it belongs to another office"),
        N_("Search the queue by bill, container or declaration number."),
    ),
    "forbidden": Problem(
        403,
        N_("Your role may not do this"),
        N_("Ask a supervisor, or log in with an account that may."),
    ),
    "stale_form": Problem(
        403,
        N_("The form has expired"),
        N_("Go back, reload the page and send it again. Nothing was changed."),
    ),
    "invalid_search": Problem(
        400,
        N_("The search cannot be answered"),
        N_("Use at most 100 characters, and dates such as 2026-11-24."),
    ),
    "invalid_request": Problem(
        400,
        N_("The address or the form cannot be read"),
        N_("Go back and try again."),
    ),
    "body_too_large": Problem(
        413,
        N_("The form is too long"),
        N_("Go back and shorten the text. Nothing was changed."),
    ),
    "not_ready": Problem(
        503,
        N_("The service is still loading"),
        N_("Try again in a moment."),
    ),
    "unavailable": Problem(
        503,
        N_("The ledger does not answer"),
        N_("Nothing was changed. Try again in a moment."),
    ),
    "busy": Problem(
        503,
        N_("Too many people are using the pages at once"),
        N_("Try again in a moment."),
    ),
}
_UNEXPECTED = Problem(
    500,
    N_("Something went wrong on our side"),
    N_("Try again; if it happens again, tell the operator the request number below."),
)


class PageError(RiskmlError):
    """A page that cannot be shown; ``code`` names the problem."""

    def __init__(self, code: str) -> None:
        super().__init__(_OF_CODE[code].title, _OF_CODE[code].remedy)
        self.code = code


def problem_of(error: Exception) -> Problem:
    """Return what to tell the visitor; what nobody foresaw says nothing of its inside."""
    if isinstance(error, PageError):
        return _OF_CODE[error.code]
    if isinstance(error, LedgerUnavailableError):
        return _OF_CODE["unavailable"]
    if isinstance(error, ApiError):
        return _OF_CODE.get(
            error.code, _OF_CODE["invalid_request" if error.status < 500 else "busy"]
        )
    return _UNEXPECTED
