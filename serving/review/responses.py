"""Pages as responses, with the headers that keep them safe."""

from collections.abc import Mapping
from urllib.parse import quote

from starlette.responses import HTMLResponse, RedirectResponse, Response

__all__ = ["COOKIE", "LANGUAGE_COOKIE", "PAGE_HEADERS", "page", "redirect", "safe_target"]

COOKIE = "riskml_session"
LANGUAGE_COOKIE = "riskml_language"
ROOT = "/review"

PAGE_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""No inline script or style, nothing from elsewhere, no page of ours inside another."""


def page(html: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a page."""
    return HTMLResponse(html, status_code=status, headers={**PAGE_HEADERS, **(headers or {})})


def redirect(target: str) -> Response:
    """Send the browser to another page with GET, so that reloading repeats nothing."""
    return RedirectResponse(target, status_code=303, headers=dict(PAGE_HEADERS))


def login_target(path: str) -> str:
    """Return the address of the login that leads back to a page."""
    return f"{ROOT}/login?next={quote(path, safe='')}"


def safe_target(given: str | None) -> str:
    r"""Return where to go after the login: a page of ours, whatever the address says.

    Examples
    --------
    >>> safe_target("/review/office"), safe_target("//evil.example"), safe_target("/review/\\x")
    ('/review/office', '/review/', '/review/')
    """
    target = given or ""
    ours = target.startswith(f"{ROOT}/") and len(target) < 2000
    clean = all(character.isprintable() and character != "\\" for character in target)
    return target if ours and clean and "//" not in target.split("?")[0] else f"{ROOT}/"


def remember(response: Response, name: str, value: str, *, secure: bool, seconds: int) -> None:
    """Set a cookie that scripts cannot read and other sites cannot send along."""
    response.set_cookie(
        name, value, max_age=seconds, path=ROOT, secure=secure, httponly=True, samesite="lax"
    )
