"""Who asks, and what they may: bearer keys, roles, office scopes (DESIGN 8)."""

import hashlib
import ipaddress
import time
from collections.abc import Mapping
from typing import Protocol

from riskml.ledger import ROLES, Principal
from serving.errors import ApiError

__all__ = ["ACCESS", "Authenticator", "allow", "check_office", "is_loopback", "read_bearer"]

ACCESS: Mapping[str, frozenset[str]] = {
    "score": frozenset({"engine"}),
    "events": frozenset({"engine"}),
    "outcomes": frozenset({"engine", "office"}),
    "explanation": frozenset({"engine", "analyst", "auditor"}),
    "model": frozenset(ROLES),
    "openapi": frozenset(ROLES),
    "metrics": frozenset({"operator"}),
}
"""Which roles may use which route."""

TTL = 2.0
"""Seconds for which an authentication is remembered: how long a revoked key lives on."""
MOST_REMEMBERED = 1000


class Keys(Protocol):
    """Knows whose secret is whose: the ledger."""

    def authenticate(self, secret: str) -> Principal | None:
        """Return whose secret it is, or None."""


class Authenticator:
    """Asks the ledger who a secret belongs to, at most once in :data:`TTL` seconds."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._known: dict[bytes, tuple[float, Principal | None]] = {}

    def recall(self, secret: str) -> tuple[bool, Principal | None]:
        """Return whether the secret was looked up lately, and whose it is."""
        found = self._known.get(_digest(secret))
        if found is None or found[0] < time.monotonic():
            return False, None
        return True, found[1]

    def look_up(self, secret: str) -> Principal | None:
        """Ask the ledger (this blocks) and remember the answer."""
        principal = self._keys.authenticate(secret)
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[_digest(secret)] = (time.monotonic() + TTL, principal)
        return principal


def read_bearer(header: str | None) -> str:
    """Return the secret of an ``Authorization`` header.

    Raises
    ------
    ApiError
        If there is none, or it is of another scheme.
    """
    scheme, _, secret = (header or "").partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not secret or len(secret) > 200:
        raise unauthorized()
    return secret


def unauthorized() -> ApiError:
    """Return the error of a request without a valid key."""
    return ApiError(
        "unauthorized",
        "this needs a valid key",
        field="Authorization",
        remedy="send 'Authorization: Bearer KEY'; an administrator makes one with "
        "'riskml keys create'",
    )


def allow(principal: Principal, route: str) -> None:
    """Raise unless the principal's role may use a route.

    Raises
    ------
    ApiError
        Names the roles that may.
    """
    if principal.role not in ACCESS[route]:
        raise ApiError(
            "forbidden",
            f"a key of role {principal.role} may not do this",
            field="Authorization",
            remedy=f"use a key of role {' or '.join(sorted(ACCESS[route]))}",
        )


def check_office(principal: Principal, office: str | None, field: str) -> None:
    """Raise if the principal is bound to another office.

    Raises
    ------
    ApiError
        If it is.
    """
    if principal.office is not None and principal.office != office:
        raise ApiError(
            "other_office",
            "this key is bound to another office",
            field=field,
            remedy=f"send rows of office {principal.office} only",
        )


def is_loopback(scope: Mapping[str, object], headers: Mapping[str, str]) -> bool:
    """Say whether a request comes from this machine itself, not through a proxy on it."""
    if any(name in headers for name in ("forwarded", "x-forwarded-for", "x-real-ip")):
        return False
    client = scope.get("client")
    if not isinstance(client, tuple | list) or not client:
        return False
    try:
        return ipaddress.ip_address(str(client[0])).is_loopback
    except ValueError:
        return False


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
