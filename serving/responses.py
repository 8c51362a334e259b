"""Responses: JSON bodies with the headers that every answer carries."""

from collections.abc import Mapping

from starlette.responses import Response

from serving.errors import ApiError, error_body

__all__ = ["SECURITY_HEADERS", "error_response", "json_response"]

SECURITY_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Sent with everything that is no page."""


def json_response(
    content: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a JSON answer."""
    return Response(
        content,
        status_code=status,
        media_type="application/json",
        headers={**SECURITY_HEADERS, **(headers or {})},
    )


def error_response(error: ApiError) -> Response:
    """Return an error as the answer to a whole request."""
    return json_response(error_body(error), status=error.status, headers=error.headers)
