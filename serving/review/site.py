"""The routes of the review pages: who may visit, what is checked first, what an error becomes."""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from riskml.ledger import Session
from serving.logs import log
from serving.metrics import LATENCY, REQUESTS
from serving.review.forms import check_origin, parameters, read_form, same_secret
from serving.review.language import chosen_language
from serving.review.pages import PAGES, Page
from serving.review.problems import PageError, problem_of
from serving.review.rendering import STATIC, render
from serving.review.responses import COOKIE, LANGUAGE_COOKIE, login_target, page, redirect
from serving.review.visits import Desk, Visit
from serving.worker import Worker

__all__ = ["review_routes"]

MOST_VISITS = 24
"""Pages a worker makes at once; scoring must not starve behind them."""
SLOW_SECONDS = 30.0


def review_routes(worker: Worker) -> list[BaseRoute]:
    """Return the routes of the pages of a worker."""
    site = _Site(worker)
    routes: list[BaseRoute] = [
        Route(made.path, site.endpoint(made), methods=[made.method]) for made in PAGES
    ]
    routes.append(Route("/review/static/{name}", _static, methods=["GET"]))
    routes.append(Route("/review", lambda _request: redirect("/review/"), methods=["GET"]))
    routes.append(Route("/review/{rest:path}", site.endpoint(_NOWHERE), methods=["GET", "POST"]))
    return routes


def _nowhere(_desk: Desk, _visit: Visit) -> Response:
    raise PageError("not_found")


_NOWHERE = Page("/review/{rest:path}", "GET", "nowhere", None, _nowhere)


async def _static(request: Request) -> Response:
    """Send a file of ours; its address carries a digest, so that it may be kept for long."""
    found = {path.name: path for path in STATIC.iterdir()}.get(request.path_params["name"])
    if found is None:
        return Response("not found\n", status_code=404, media_type="text/plain")
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
    }
    return FileResponse(found, headers=headers)


@dataclass
class _Site:
    """Answers visits to one worker."""

    worker: Worker
    _desk: Desk | None = None
    _visits: int = 0

    def endpoint(self, made: Page) -> Callable[[Request], Awaitable[Response]]:
        """Return the handler of a page."""

        async def answer(request: Request) -> Response:
            start, request_id = time.perf_counter(), uuid.uuid4().hex
            response = await self._guarded(made, request, request_id)
            response.headers["X-Request-ID"] = request_id
            seconds = time.perf_counter() - start
            route = f"review_{made.name}"
            REQUESTS.labels(route, str(response.status_code)).inc()
            LATENCY.labels(route).observe(seconds)
            log("request", request_id=request_id, route=route, status=response.status_code,
                milliseconds=round(seconds * 1000, 2))  # fmt: skip
            return response

        return answer

    async def _guarded(self, made: Page, request: Request, request_id: str) -> Response:
        visit = _bare_visit(request, request_id)
        if self._visits >= MOST_VISITS:
            return _problem_page(visit, PageError("busy"))
        self._visits += 1
        try:
            async with asyncio.timeout(SLOW_SECONDS):
                visit = replace(visit, query=parameters(request.url.query[:20_000]))
                if request.method == "POST":
                    if not check_origin(request.headers):
                        raise PageError("stale_form")
                    visit = replace(visit, form=await read_form(request))
                return await self.worker.in_thread(self._answer, made, visit, _token(request))
        except Exception as error:
            return _failed(made, visit, error)
        finally:
            self._visits -= 1

    def _answer(self, made: Page, visit: Visit, token: str) -> Response:
        if self._desk is None:
            self._desk = Desk.of(self.worker.runtime)
        desk = self._desk
        session = desk.accounts.session(token) if token else None
        if session is not None:
            language = chosen_language(session.user.language, None)
            visit = replace(visit, session=session, language=language)
        try:
            refused = _refused(made, visit, session)
            return made.view(desk, visit) if refused is None else refused
        except Exception as error:
            # Here the visitor is known: the page that helps carries the menu and the language.
            return _failed(made, visit, error)


def _refused(made: Page, visit: Visit, session: Session | None) -> Response | None:
    if made.roles is None:
        return None
    if session is None:
        return redirect(login_target(visit.path if made.method == "GET" else "/review/"))
    if session.user.role not in made.roles:
        raise PageError("forbidden")
    if made.method == "POST" and not same_secret(visit.form.get("csrf", ""), session.csrf):
        raise PageError("stale_form")
    return None


def _failed(made: Page, visit: Visit, error: Exception) -> Response:
    if not isinstance(error, PageError):
        log("page_failed", level=logging.ERROR, route=made.name, request_id=visit.request_id,
            error=type(error).__name__, exc_info=True)  # fmt: skip
    return _problem_page(visit, error)


def _problem_page(visit: Visit, error: Exception) -> Response:
    problem = problem_of(error)
    headers = {"Retry-After": "2"} if problem.status == 503 else {}
    html = render(visit, "problem.html.j2", problem=problem)
    return page(html, status=problem.status, headers=headers)


def _bare_visit(request: Request, request_id: str) -> Visit:
    client = request.client
    return Visit(
        path=request.url.path,
        places={name: str(value) for name, value in request.path_params.items()},
        query={},
        form={},
        address=client.host if client is not None else "",
        secure=request.url.scheme == "https",
        language=chosen_language(
            request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language")
        ),
        request_id=request_id,
    )


def _token(request: Request) -> str:
    return request.cookies.get(COOKIE, "")[:200]
