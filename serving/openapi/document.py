"""The document itself: operations, headers and errors put together."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from serving.auth import ACCESS
from serving.errors import ERROR_CODES
from serving.openapi.examples import (
    ANSWER_EXAMPLES,
    REQUEST_EXAMPLES,
    SCORE_ID,
    error_example,
)
from serving.openapi.operations import EVERY_KEY, EVERYWHERE, OPERATIONS, WAITING, Operation
from serving.openapi.schemas import Schema, component_schemas, narrowed, ref
from serving.payloads import MAX_EVENTS, MAX_ITEMS
from serving.routes import API_ROUTES, ApiRoute
from serving.settings import ServiceSettings

__all__ = ["build_document", "document_bytes"]

_TITLES: Mapping[int, str] = {
    400: "The request is wrong", 401: "There is no valid key",
    403: "The role of the key may not do this", 404: "There is no such thing",
    405: "The path has other methods", 408: "The body came too slowly",
    409: "The Idempotency-Key was used for another request", 413: "The body is too long",
    415: "The body is no plain JSON", 500: "The service failed",
    503: "The service cannot answer now", 504: "The answer took too long",
}  # fmt: skip
_TEXT = {"type": "string"}


def document_bytes(options: ServiceSettings) -> bytes:
    """Return the document as JSON; the same settings give the same bytes."""
    return msgspec.json.encode(build_document(options))


def build_document(options: ServiceSettings) -> dict[str, Any]:
    """Return the OpenAPI document of a service.

    Parameters
    ----------
    options : ServiceSettings
        Whose limits it names.
    """
    paths: dict[str, Any] = {}
    for route in API_ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, options)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "riskml scoring service",
            "version": "1",
            "description": _about(options),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": component_schemas() | {"Document": _document_schema()},
            "headers": _headers(),
            "parameters": _parameters(options),
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key that `riskml keys create` made. It carries a role, and "
                    "may be bound to an office: rows of others are then refused one by one.",
                }
            },
        },
    }


def _about(options: ServiceSettings) -> str:
    return (
        "How probable is a violation in a consignment, and why? "
        f"A request body is plain JSON of at most {options.max_body_bytes:,} bytes, with at most "
        f"{MAX_ITEMS:,} consignments or {MAX_EVENTS:,} rows, and arrives within "
        f"{options.body_timeout_seconds:g} s; an answer takes at most "
        f"{options.request_timeout_seconds:g} s. Times carry an offset; a sender's clock may be "
        f"{options.future_tolerance_seconds:g} s ahead. Every error has one shape: code, message, "
        "field, remedy. Fields may be added to answers within /v1; none is renamed or dropped."
    )


def _operation(route: ApiRoute, options: ServiceSettings) -> dict[str, Any]:
    operation = OPERATIONS[route.name]
    parameters = ["X-Request-ID"]
    if route.name == "score":
        parameters.append("Idempotency-Key")
    if "{score_id}" in route.path:
        parameters.append("score_id")
    made: dict[str, Any] = {
        "operationId": route.name,
        "summary": operation.summary,
        "description": f"{operation.description}\n\n{_who(route)}",
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in parameters],
        "responses": {"200": _answer(route, operation), **_errors(route, operation)},
        "security": _security(route),
    }
    if operation.request:
        made["requestBody"] = {
            "required": True,
            "description": f"At most {options.max_body_bytes:,} bytes, not compressed.",
            "content": {
                "application/json": {
                    "schema": ref(operation.request),
                    "examples": REQUEST_EXAMPLES[route.name],
                }
            },
        }
    return made


def _who(route: ApiRoute) -> str:
    if not route.guarded:
        return "Open to anybody."
    return f"Roles: {', '.join(sorted(ACCESS[route.name]))}."


def _security(route: ApiRoute) -> list[dict[str, list[str]]]:
    if not route.guarded:
        return []
    return [{"key": []}, {}] if route.name == "metrics" else [{"key": []}]


def _answer(route: ApiRoute, operation: Operation) -> dict[str, Any]:
    names = ["X-Request-ID", *(["Idempotent-Replay"] if route.name == "score" else [])]
    made: dict[str, Any] = {
        "description": operation.summary,
        "headers": _header_refs(names),
        "content": {
            operation.media_type: {
                "schema": ref(operation.answer) if operation.answer else _TEXT,
                "examples": ANSWER_EXAMPLES[route.name],
            }
        },
    }
    if route.name == "score":
        made["links"] = {
            "explanation": {
                "operationId": "explanation",
                "parameters": {"score_id": "$response.body#/results/0/score_id"},
                "description": "The first score in full.",
            }
        }
    return made


def _errors(route: ApiRoute, operation: Operation) -> dict[str, Any]:
    codes = {*operation.codes, *EVERYWHERE}
    codes |= set(EVERY_KEY) if route.guarded else set()
    codes |= set(WAITING) if route.waits else set()
    statuses = sorted({ERROR_CODES[code] for code in codes})
    return {
        str(status): _error(status, [code for code in codes if ERROR_CODES[code] == status])
        for status in statuses
    }


def _error(status: int, codes: Iterable[str]) -> dict[str, Any]:
    names = ["X-Request-ID"]
    names += {401: ["WWW-Authenticate"], 405: ["Allow"], 503: ["Retry-After"]}.get(status, [])
    return {
        "description": _TITLES[status],
        "headers": _header_refs(names),
        "content": {
            "application/json": {
                "schema": narrowed(codes),
                "examples": {"error": {"summary": _TITLES[status], "value": error_example(status)}},
            }
        },
    }


def _header_refs(names: Iterable[str]) -> Schema:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _headers() -> dict[str, Any]:
    def header(description: str, schema: Schema, *, required: bool = True) -> dict[str, Any]:
        return {"description": description, "required": required, "schema": schema}

    return {
        "Allow": header("the methods that the path has", _TEXT),
        "Idempotent-Replay": header(
            "the answer was given before and is sent again", {"const": "true"}, required=False
        ),
        "Retry-After": header("seconds to wait", {"type": "integer", "minimum": 1}),
        "WWW-Authenticate": header("how to say who asks", {"const": "Bearer"}),
        "X-Request-ID": header(
            "name of this request in the log of the service", {"type": "string", "minLength": 1}
        ),
    }


def _parameters(options: ServiceSettings) -> dict[str, Any]:
    return {
        "Idempotency-Key": {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "Under one key the same request gets the same answer, and one entry in "
            f"the ledger, for {options.answer_memory_hours:g} h; for instance a UUID.",
            "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,200}$"},
        },
        "X-Request-ID": {
            "name": "X-Request-ID",
            "in": "header",
            "description": "Name of the request; one of 1 to 64 letters, digits, dots, dashes and "
            "underscores is kept, anything else is replaced.",
            "schema": _TEXT,
        },
        "score_id": {
            "name": "score_id",
            "in": "path",
            "required": True,
            "description": "What POST /v1/score answered.",
            "example": SCORE_ID,
            "schema": {
                "type": "string",
                "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
            },
        },
    }


def _document_schema() -> Schema:
    return {
        "description": "An OpenAPI 3.1 document.",
        "type": "object",
        "properties": {
            "openapi": {"const": "3.1.0"},
            "info": {"type": "object"},
            "paths": {"type": "object"},
        },
        "required": ["openapi", "info", "paths"],
    }
