"""The pages: path, who may visit, and the view that makes each."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response

from serving.review import audit, consignment, entrance, model, office, queue
from serving.review.visits import Desk, Visit

__all__ = ["PAGES", "Page"]

View = Callable[[Desk, Visit], Response]


@dataclass(frozen=True)
class Page:
    """One page, or one thing that a form does.

    Attributes
    ----------
    path, method : str
        Where it is.
    name : str
        For metrics and logs.
    roles : frozenset of str or None
        Who may; None: anybody, before the login too.
    view : callable
        Makes the response; runs in a thread and may wait for the database.
    """

    path: str
    method: str
    name: str
    roles: frozenset[str] | None
    view: View


_STAFF = frozenset({"analyst", "supervisor", "auditor", "operator", "admin"})
_READERS = frozenset({"analyst", "supervisor", "auditor"})
_DOERS = frozenset({"analyst", "supervisor"})
_AUDITORS = frozenset({"auditor"})

PAGES = (
    Page("/review/", "GET", "start", _STAFF, entrance.start),
    Page("/review/login", "GET", "login", None, entrance.show_login),
    Page("/review/login", "POST", "log_in", None, entrance.log_in),
    Page("/review/logout", "POST", "log_out", _STAFF, entrance.log_out),
    Page("/review/language", "POST", "language", None, entrance.set_language),
    Page("/review/queue", "GET", "queue", _READERS, queue.show),
    Page("/review/scores/{score_id}", "GET", "consignment", _READERS, consignment.show),
    Page("/review/scores/{score_id}/propose", "POST", "propose", _DOERS, consignment.propose),
    Page("/review/cases/{case_id}", "GET", "case", _READERS, consignment.show_case),
    Page("/review/cases/{case_id}/{action}", "POST", "act", _DOERS, consignment.act),
    Page("/review/desk", "GET", "desk", _READERS, office.desk),
    Page("/review/office", "GET", "office", _READERS, office.dashboard),
    Page("/review/model", "GET", "model", _STAFF, model.show),
    Page("/review/model/{stage}", "GET", "card", _STAFF, model.card),
    Page("/review/audit", "GET", "audit", _AUDITORS, audit.show),
    Page("/review/audit/{score_id}", "GET", "audit_score", _AUDITORS, audit.show_score),
    Page("/review/audit/{score_id}/recompute", "POST", "recompute", _AUDITORS, audit.recompute),
)
"""Every page; the matrix test visits each as each role."""
