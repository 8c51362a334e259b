"""Login, logout, and the choice of language."""

from starlette.responses import Response

from riskml.ledger import LoginError, ThrottledError
from serving.review.language import LANGUAGES
from serving.review.rendering import render
from serving.review.responses import (
    COOKIE,
    LANGUAGE_COOKIE,
    page,
    redirect,
    remember,
    safe_target,
)
from serving.review.visits import Desk, Visit

__all__ = ["log_in", "log_out", "set_language", "show_login", "start"]

SESSION_SECONDS = 12 * 3600
YEAR_SECONDS = 365 * 24 * 3600
_FIRST_PAGE = {"auditor": "/review/audit", "operator": "/review/model", "admin": "/review/model"}


def start(_desk: Desk, visit: Visit) -> Response:
    """Lead everybody to where their work is."""
    return redirect(_FIRST_PAGE.get(visit.user.role, "/review/queue"))


def show_login(_desk: Desk, visit: Visit) -> Response:
    """Ask for name and password; who is logged in goes on."""
    target = safe_target(visit.query.get("next"))
    if visit.session is not None:
        return redirect(target)
    expired = visit.query.get("next") is not None
    return page(render(visit, "login.html.j2", target=target, failure=None, expired=expired))


def log_in(desk: Desk, visit: Visit) -> Response:
    """Open a session; a wrong password and an unknown name look the same."""
    target = safe_target(visit.form.get("next"))
    name, password = visit.form.get("name", ""), visit.form.get("password", "")
    try:
        session = desk.accounts.log_in(name, password, address=visit.address)
    except ThrottledError as error:
        minutes = max(1, round(error.retry_after / 60))
        html = render(visit, "login.html.j2", target=target, failure=minutes, expired=False)
        return page(html, status=429, headers={"Retry-After": str(round(error.retry_after))})
    except LoginError:
        html = render(visit, "login.html.j2", target=target, failure=0, expired=False)
        return page(html, status=401)
    chosen = visit.form.get("language", "")
    if chosen in LANGUAGES:
        desk.accounts.set_language(session.token, chosen)
    response = redirect(target)
    remember(response, COOKIE, session.token, secure=visit.secure, seconds=SESSION_SECONDS)
    return response


def log_out(desk: Desk, visit: Visit) -> Response:
    """End the session, here and in the database."""
    if visit.session is not None:
        desk.accounts.log_out(visit.session.token)
    response = redirect("/review/login")
    response.delete_cookie(COOKIE, path="/review")
    return response


def set_language(desk: Desk, visit: Visit) -> Response:
    """Change the language and go back."""
    chosen = visit.form.get("language", "")
    response = redirect(safe_target(visit.form.get("back")))
    if chosen in LANGUAGES:
        if visit.session is not None:
            desk.accounts.set_language(visit.session.token, chosen)
        remember(response, LANGUAGE_COOKIE, chosen, secure=visit.secure, seconds=YEAR_SECONDS)
    return response
