"""The queue: what was scored, by office and route desk, in the order the visitor wants."""

from datetime import date, datetime, timedelta

from starlette.responses import Response

from riskml.cases import WorkQuery, WorkQueryError
from riskml.cases.workflow import STATES as CASE_STATES
from riskml.config import STAGES
from serving.review.problems import PageError
from serving.review.rendering import render
from serving.review.responses import page
from serving.review.visits import Desk, Visit
from serving.review.words import CHANNELS, MODES

__all__ = ["show"]

SORTS = ("probability", "revenue", "age")
PAGE_SIZE = 50
CATCH_UP = 2000
"""Scores brought in before the page is shown; a background thread follows all the time."""


def show(desk: Desk, visit: Visit) -> Response:
    """Show one page of the queue."""
    desk.worklist.catch_up(limit=CATCH_UP)
    query = _query(visit, datetime.now(desk.zone).date())
    try:
        found = desk.worklist.page(visit.user, query)
    except WorkQueryError as error:
        raise PageError("invalid_search") from error
    html = render(
        visit,
        "queue.html.j2",
        found=found,
        query=query,
        day=visit.query.get("day", "today"),
        offices=desk.worklist.offices(visit.user),
        stages=STAGES,
        modes=tuple(MODES),
        states=("none", *CASE_STATES),
        channels=tuple(CHANNELS),
        sorts=SORTS,
    )
    return page(html)


def _query(visit: Visit, today: date) -> WorkQuery:
    given = visit.query
    sort = given.get("sort", "probability")
    return WorkQuery(
        day=_days(given.get("day", "today"), today),
        office=given.get("office") or None,
        mode=_one_of(given.get("mode"), tuple(MODES)),
        stage=_one_of(given.get("stage"), STAGES),
        state=_one_of(given.get("state"), ("none", *CASE_STATES)),
        channel=_one_of(given.get("channel"), tuple(CHANNELS)),
        text=given.get("text") or None,
        sort=sort if sort in SORTS else "probability",
        descending=given.get("order", "down") != "up",
        page=_number(given.get("page")),
        size=PAGE_SIZE,
    )


def _days(given: str, today: date) -> tuple[date, date] | None:
    """Return first and last day that is asked for; None means all."""
    if given == "all":
        return None
    if given == "week":
        return today - timedelta(days=6), today
    if given in ("", "today"):
        return today, today
    try:
        day = date.fromisoformat(given)
    except ValueError:
        raise PageError("invalid_search") from None
    return day, day


def _one_of(given: str | None, allowed: tuple[str, ...]) -> str | None:
    if not given:
        return None
    if given not in allowed:
        raise PageError("invalid_search")
    return given


def _number(given: str | None) -> int:
    text = given or "1"
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise PageError("invalid_search")
    return max(1, int(text))
