"""The routes of the service as one ASGI application, with one shape for every error."""

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from riskml.errors import RiskmlError
from serving.auth import is_loopback
from serving.errors import ApiError, from_riskml
from serving.events_route import events, outcomes
from serving.explain_route import explanation, model
from serving.logs import log
from serving.metrics import CONTENT_TYPE, LATENCY, REQUESTS, exposition
from serving.openapi import document_bytes
from serving.responses import SECURITY_HEADERS, error_response, json_response
from serving.review.site import review_routes
from serving.routes import API_ROUTES, ApiRoute
from serving.score_route import score
from serving.worker import Worker

__all__ = ["build_app"]

Endpoint = Callable[[Request, Worker], Awaitable[Response]]
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def build_app(worker: Worker) -> Starlette:
    """Return the application of a worker."""
    endpoints: Mapping[str, Endpoint] = {
        "score": score,
        "events": events,
        "outcomes": outcomes,
        "explanation": explanation,
        "model": model,
        "openapi": _openapi(document_bytes(worker.options)),
        "metrics": metrics,
    }
    plain = {"livez": livez, "readyz": _readyz(worker)}
    routes: list[BaseRoute] = [
        Route(
            route.path,
            _endpoint(route, endpoints[route.name], worker)
            if route.guarded
            else _identified(plain[route.name]),
            methods=[route.method],
        )
        for route in API_ROUTES
    ]
    routes += review_routes(worker)
    return Starlette(routes=routes, exception_handlers={HTTPException: _no_route})


async def metrics(request: Request, worker: Worker) -> Response:
    """Expose metrics to operators, and to this machine itself."""
    if not is_loopback(request.scope, request.headers):
        await worker.authorise(request, "metrics")
    return Response(exposition(), media_type=CONTENT_TYPE, headers=dict(SECURITY_HEADERS))


def _openapi(document: bytes) -> Endpoint:
    async def openapi(request: Request, worker: Worker) -> Response:
        await worker.authorise(request, "openapi")
        return json_response(document)

    return openapi


async def livez(_request: Request) -> Response:
    """Say that the process lives."""
    return PlainTextResponse("ok\n", headers=dict(SECURITY_HEADERS))


def _readyz(worker: Worker) -> Callable[[Request], Awaitable[Response]]:
    async def readyz(_request: Request) -> Response:
        if not worker.runtime.ready:
            return error_response(ApiError("not_ready", "the service is still loading"))
        return PlainTextResponse("ok\n", headers=dict(SECURITY_HEADERS))

    return readyz


def _identified(
    endpoint: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """Wrap a life sign: it has the request's identifier, and leaves no line in the log."""

    async def answer(request: Request) -> Response:
        response = await endpoint(request)
        response.headers["X-Request-ID"] = _request_id(request)
        return response

    return answer


def _endpoint(
    route: ApiRoute, endpoint: Endpoint, worker: Worker
) -> Callable[[Request], Awaitable[Response]]:
    """Wrap an endpoint: limits, errors, metrics, the log line, the request's identifier."""

    async def answer(request: Request) -> Response:
        start = time.perf_counter()
        request_id = _request_id(request)
        try:
            with worker.gate.request() if route.waits else nullcontext():
                async with asyncio.timeout(worker.options.request_timeout_seconds):
                    response = await endpoint(request, worker)
        except TimeoutError:
            response = error_response(_too_late())
        except Exception as error:
            response = _failed(error, route.name, request_id)
        response.headers["X-Request-ID"] = request_id
        _observe(route.name, request, response, time.perf_counter() - start, request_id)
        return response

    return answer


def _too_late() -> ApiError:
    return ApiError(
        "timeout",
        "the answer took too long",
        remedy="send fewer consignments, or the same request again with its Idempotency-Key",
    )


def _failed(error: Exception, name: str, request_id: str) -> Response:
    if isinstance(error, ApiError):
        return error_response(error)
    log("request_failed", level=logging.ERROR, route=name, request_id=request_id,
        error=type(error).__name__, exc_info=True)  # fmt: skip
    if isinstance(error, RiskmlError):
        return error_response(from_riskml(error))
    return error_response(from_riskml(RiskmlError("unexpected")))


def _observe(
    name: str, request: Request, response: Response, seconds: float, request_id: str
) -> None:
    REQUESTS.labels(name, str(response.status_code)).inc()
    LATENCY.labels(name).observe(seconds)
    log(
        "request",
        request_id=request_id,
        route=name,
        status=response.status_code,
        milliseconds=round(seconds * 1000, 2),
        items=getattr(request.state, "items", None),
        key_id=getattr(request.state, "key_id", None),
    )


def _request_id(request: Request) -> str:
    given = request.headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


async def _no_route(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.status_code == 405:
        response = error_response(ApiError("method_not_allowed", "this path has other methods",
                                           remedy="see the header Allow"))  # fmt: skip
        response.headers["Allow"] = (error.headers or {}).get("Allow", "")
    else:
        response = error_response(ApiError("not_found", "there is nothing at this path",
                                           remedy="see serving/README.md"))  # fmt: skip
    response.headers["X-Request-ID"] = _request_id(request)
    return response
