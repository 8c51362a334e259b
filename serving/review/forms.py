"""Forms and addresses: read within limits, never trusted."""

import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import ClientDisconnect, Request

from serving.errors import ApiError

__all__ = ["check_origin", "parameters", "read_form", "same_secret"]

MOST_BYTES = 64_000
MOST_FIELDS = 60


async def read_form(request: Request) -> dict[str, str]:
    """Read a submitted form; of equal names the last one counts.

    Raises
    ------
    ApiError
        If it is too long, or of another type.
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise ApiError("unsupported_media_type", "this is no form", remedy="use the page's form")
    content = bytearray()
    try:
        async for chunk in request.stream():
            content += chunk
            if len(content) > MOST_BYTES:
                raise ApiError("body_too_large", "the form is too long", remedy="shorten the text")
    except ClientDisconnect:
        raise ApiError("request_timeout", "the browser went away") from None
    return parameters(bytes(content).decode("utf-8", "replace"))


def parameters(query: str) -> dict[str, str]:
    """Return the parameters of an address or a form, without control characters.

    Raises
    ------
    ApiError
        If there are too many.

    Examples
    --------
    >>> parameters("text=sa%20t&page=2&page=3")
    {'text': 'sa t', 'page': '3'}
    """
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise ApiError("invalid_request", "there are too many parameters") from None
    # A password is taken as it was typed.
    return {name: value if name == "password" else _clean(value) for name, value in pairs}


def _clean(text: str) -> str:
    kept = (c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text.replace("\r\n", "\n"))
    return "".join(kept).strip()


def check_origin(headers: Mapping[str, str]) -> bool:
    """Say whether a submitted form comes from our own page, as far as the browser tells.

    The form's own secret is what protects; this also covers the login, which has none yet.
    """
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    return urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


def same_secret(given: str, expected: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
