"""The duty desk, where alerts are seen, and the dashboard of an office."""

from datetime import UTC, date, datetime

from starlette.responses import Response

from riskml.cases import dashboard as office_figures
from serving.review.problems import PageError
from serving.review.rendering import render
from serving.review.responses import page
from serving.review.visits import Desk, Visit

__all__ = ["dashboard", "desk"]


def desk(desk: Desk, visit: Visit) -> Response:
    """Show what waits too long: suspicious images that nobody opened in time."""
    html = render(
        visit,
        "desk.html.j2",
        overdue=desk.cases.overdue(visit.user),
        waiting=desk.cases.waiting(visit.user),
        alert_hours=desk.cases.alert_hours,
        moment=datetime.now(UTC),
    )
    return page(html)


def dashboard(desk: Desk, visit: Visit) -> Response:
    """Show quota, capacity and hit rate of an office on a day."""
    office = visit.query.get("office") or visit.user.office
    if not desk.cases.covers(visit.user, office):
        raise PageError("forbidden")
    day = _day(visit.query.get("day"), datetime.now(desk.zone).date())
    board = office_figures(
        desk.ledger, desk.cases, visit.user, office=office, day=day, zone=desk.zone
    )
    offices = desk.worklist.offices(visit.user)
    return page(
        render(visit, "office.html.j2", board=board, office=office, offices=offices, day=day)
    )


def _day(given: str | None, today: date) -> date:
    if not given:
        return today
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise PageError("invalid_search") from None
