"""Credentials: shown once, stored hashed, compared in constant time."""

import hashlib
import hmac
import secrets
import time

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from riskml.errors import LedgerError, UsageError
from riskml.ledger import journal
from riskml.ledger.canonical import clean_text, from_micros
from riskml.ledger.records import ROLES, KeyInfo, Principal
from riskml.ledger.tables import keys

__all__ = ["authenticate", "create", "listing", "revoke"]

PREFIX = "rk"
WRITER = "keys"


def create(connection: Connection, role: str, office: str | None, label: str) -> tuple[str, str]:
    """Store a new credential and return its identifier and its secret.

    The secret holds 256 random bits, so a plain SHA-256 keeps it as well as a slow hash would,
    and costs no milliseconds on each request.
    """
    if role not in ROLES:
        raise UsageError(f"unknown role {role!r}", f"use one of {', '.join(ROLES)}")
    if office is not None:
        clean_text(office, "office")
    key_id, random_part = secrets.token_hex(6), secrets.token_urlsafe(32)
    secret = f"{PREFIX}_{key_id}_{random_part}"
    shown = {"key_id": key_id, "role": role, "office": office, "label": clean_text(label, "label")}
    row = {**shown, "secret_hash": _hash(secret), "created_at": time.time_ns() // 1000}
    connection.execute(keys.insert(), row)
    journal.append(connection, "key_created", shown, WRITER)
    return key_id, secret


def authenticate(connection: Connection, secret: str) -> Principal | None:
    """Return whose secret it is; None if nobody's, or if it was revoked."""
    parts = secret.split("_", 2)
    key_id = parts[1] if len(parts) == 3 and parts[1].isalnum() and parts[1].isascii() else ""
    row = connection.execute(sa.select(keys).where(keys.c.key_id == key_id)).first()
    stored = row.secret_hash if row is not None else _hash("")
    matches = hmac.compare_digest(stored, _hash(secret))
    if row is None or not matches or row.revoked_at is not None:
        return None
    return Principal(row.key_id, row.role, row.office)


def revoke(connection: Connection, key_id: str) -> None:
    """Make a credential useless from now on.

    Raises
    ------
    LedgerError
        If there is no such key, or it is revoked already.
    """
    update = keys.update().where(keys.c.key_id == key_id, keys.c.revoked_at.is_(None))
    if connection.execute(update, {"revoked_at": time.time_ns() // 1000}).rowcount != 1:
        raise LedgerError(
            f"there is no active key {key_id[:40]!r}", "see riskml keys list for those there are"
        )
    journal.append(connection, "key_revoked", {"key_id": key_id}, WRITER)


def listing(connection: Connection) -> list[KeyInfo]:
    """Return all credentials, oldest first, without their hashes."""
    query = sa.select(keys).order_by(keys.c.created_at, keys.c.key_id)
    return [
        KeyInfo(
            key_id=row.key_id,
            role=row.role,
            office=row.office,
            label=row.label,
            created_at=from_micros(row.created_at),
            revoked_at=None if row.revoked_at is None else from_micros(row.revoked_at),
        )
        for row in connection.execute(query)
    ]


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
