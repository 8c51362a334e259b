"""People who log in to the review pages: names, passwords, sessions, throttled attempts."""

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from riskml.errors import LedgerError, UsageError
from riskml.ledger import journal
from riskml.ledger.canonical import clean_text, from_micros, to_micros
from riskml.ledger.ids import new_id
from riskml.ledger.store import Ledger
from riskml.ledger.tables import login_failures, sessions, users

if TYPE_CHECKING:
    from argon2 import PasswordHasher

__all__ = ["USER_ROLES", "Accounts", "LoginError", "Session", "ThrottledError", "User"]

USER_ROLES = ("analyst", "supervisor", "auditor", "operator", "admin")
"""What a person may be; the other roles are for programs, which have keys."""

LANGUAGES = ("vi", "en")
IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
TOUCH_EVERY = timedelta(minutes=1)
WINDOW = timedelta(minutes=15)
MOST_FAILURES_OF_NAME = 5
MOST_FAILURES_OF_ADDRESS = 20
WRITER = "accounts"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
_SHORTEST, _LONGEST = 12, 200


class LoginError(LedgerError):
    """Name and password do not fit; it is not said which of them is wrong."""

    def __init__(self) -> None:
        super().__init__("name or password is wrong", "try again, or ask an administrator")


class ThrottledError(LedgerError):
    """Too many attempts failed; ``retry_after`` says in how many seconds to come back."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("too many failed attempts", f"try again in {retry_after:.0f} s")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in.

    Attributes
    ----------
    name : str
        Login name, lower case.
    role : str
        One of :data:`USER_ROLES`.
    office : str or None
        Whose consignments this person sees, with the offices below; None: all of them.
    full_name, language : str
    created_at, disabled_at : datetime
        Aware; ``disabled_at`` is None for those who may log in.
    """

    name: str
    role: str
    office: str | None
    full_name: str
    language: str
    created_at: datetime
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A login that lasts.

    Attributes
    ----------
    token : str
        What the cookie holds; the database has only its hash.
    csrf : str
        Secret of this session's forms.
    user : User
    expires_at : datetime
        When it ends at the latest, if nothing is done until then.
    """

    token: str
    csrf: str
    user: User
    expires_at: datetime


class Accounts:
    """Users and their sessions, in the ledger's database.

    Parameters
    ----------
    ledger : Ledger
    clock : callable
        Returns the present as an aware datetime.
    """

    def __init__(
        self, ledger: Ledger, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._ledger = ledger
        self._clock = clock

    def create_user(
        self,
        name: str,
        password: str,
        role: str,
        *,
        office: str | None = None,
        full_name: str = "",
        language: str = "vi",
    ) -> User:
        """Let somebody log in.

        Raises
        ------
        UsageError
            If name, password, role or language is impossible, or the name is taken.
        """
        name = name.strip().lower()
        if not _NAME.fullmatch(name):
            raise UsageError(
                "this is no login name", "use 2 to 40 of a-z, 0-9, dot, dash and underscore"
            )
        if role not in USER_ROLES:
            raise UsageError(f"unknown role {role!r}", f"use one of {', '.join(USER_ROLES)}")
        if language not in LANGUAGES:
            raise UsageError(f"unknown language {language!r}", f"use {' or '.join(LANGUAGES)}")
        shown = {
            "name": name,
            "role": role,
            "office": None if office is None else clean_text(office, "office"),
            "full_name": "" if not full_name else clean_text(full_name, "full name"),
            "language": language,
        }
        row = {**shown, "password_hash": _hashed(password), "created_at": self._now()}
        with self._ledger.writing() as connection:
            if _find(connection, name) is not None:
                raise UsageError(f"there is a user {name!r} already", "choose another name")
            connection.execute(users.insert(), row)
            journal.append(connection, "user_created", shown, WRITER)
            found = _find(connection, name)
        return _user(found)

    def set_password(self, name: str, password: str) -> None:
        """Give somebody a new password; their sessions end.

        Raises
        ------
        UsageError
            If there is no such user, or the password is too short or too long.
        """
        self._change(name, {"password_hash": _hashed(password)}, "user_password_set")

    def disable_user(self, name: str) -> None:
        """Keep somebody from logging in; their sessions end.

        Raises
        ------
        UsageError
            If there is no such user.
        """
        self._change(name, {"disabled_at": self._now()}, "user_disabled")

    def users(self) -> list[User]:
        """Return everybody, disabled ones too, by name."""
        with self._ledger.reading() as connection:
            return [_user(row) for row in connection.execute(sa.select(users).order_by("name"))]

    def log_in(self, name: str, password: str, *, address: str) -> Session:
        """Open a session.

        An unknown name, a disabled user and a wrong password cannot be told apart, by the answer
        or by its time. Failures are counted in the database, so the limit holds over workers.

        Raises
        ------
        ThrottledError
            If too many attempts with this name, or from this address, failed lately.
        LoginError
            If name and password do not fit.
        """
        name, address = name.strip().lower()[:40], address[:100]
        with self._ledger.reading() as connection:
            self._check_throttle(connection, name, address)
            row = _find(connection, name)
        stored = row.password_hash if row is not None else _nobodys_hash()
        fits = _verified(stored, password)
        if row is None or not fits or row.disabled_at is not None:
            self._note_failure(name, address)
            raise LoginError
        return self._open(row, address)

    def session(self, token: str) -> Session | None:
        """Return the session of a token, if it has not ended; using it keeps it alive."""
        now = self._now()
        query = (
            sa.select(sessions.c.csrf, sessions.c.opened_at, sessions.c.seen_at, users)
            .join(users, users.c.name == sessions.c.name)
            .where(sessions.c.token_hash == _digest(token))
        )
        with self._ledger.reading() as connection:
            row = connection.execute(query).first()
        if row is None or row.disabled_at is not None or now >= _end(row.opened_at, row.seen_at):
            return None
        seen = row.seen_at
        if now - seen >= _micros(TOUCH_EVERY):
            seen = now
            with self._ledger.writing() as connection:
                change = sessions.update().where(sessions.c.token_hash == _digest(token))
                connection.execute(change, {"seen_at": now})
        return Session(token, row.csrf, _user(row), from_micros(_end(row.opened_at, seen)))

    def log_out(self, token: str) -> None:
        """End a session."""
        with self._ledger.writing() as connection:
            connection.execute(sessions.delete().where(sessions.c.token_hash == _digest(token)))

    def set_language(self, token: str, language: str) -> None:
        """Remember the language that the user of a session reads.

        Raises
        ------
        UsageError
            If there is no such language.
        """
        if language not in LANGUAGES:
            raise UsageError(f"unknown language {language!r}", f"use {' or '.join(LANGUAGES)}")
        owner = sa.select(sessions.c.name).where(sessions.c.token_hash == _digest(token))
        with self._ledger.writing() as connection:
            change = users.update().where(users.c.name == owner.scalar_subquery())
            connection.execute(change, {"language": language})

    def _open(self, row: Any, address: str) -> Session:
        token, csrf, now = secrets.token_urlsafe(32), secrets.token_urlsafe(32), self._now()
        opened = {"token_hash": _digest(token), "name": row.name, "csrf": csrf}
        with self._ledger.writing() as connection:
            stale = sessions.c.opened_at <= now - _micros(LONGEST)
            connection.execute(sessions.delete().where(stale))
            connection.execute(login_failures.delete().where(login_failures.c.name == row.name))
            connection.execute(sessions.insert(), {**opened, "opened_at": now, "seen_at": now})
            journal.append(connection, "login", {"name": row.name, "address": address}, WRITER)
        return Session(token, csrf, _user(row), from_micros(_end(now, now)))

    def _note_failure(self, name: str, address: str) -> None:
        now = self._now()
        row = {"failure_id": new_id(), "name": name, "address": address, "at": now}
        with self._ledger.writing() as connection:
            old = login_failures.c.at < now - _micros(WINDOW)
            connection.execute(login_failures.delete().where(old))
            connection.execute(login_failures.insert(), row)
            # A name that was mistyped may be a password: only known names are kept for good.
            known = name if _find(connection, name) is not None else None
            told = {"name": known, "address": address}
            journal.append(connection, "login_failed", told, WRITER)

    def _check_throttle(self, connection: Connection, name: str, address: str) -> None:
        now = self._now()
        for column, value, most in (
            (login_failures.c.name, name, MOST_FAILURES_OF_NAME),
            (login_failures.c.address, address, MOST_FAILURES_OF_ADDRESS),
        ):
            recent = (column == value, login_failures.c.at > now - _micros(WINDOW))
            query = (
                sa.select(login_failures.c.at).where(*recent).order_by(login_failures.c.at.desc())
            )
            times = connection.execute(query.limit(most)).scalars().all()
            if len(times) == most:
                raise ThrottledError((times[-1] + _micros(WINDOW) - now) / 1e6)

    def _change(self, name: str, values: dict[str, Any], kind: str) -> None:
        name = name.strip().lower()
        with self._ledger.writing() as connection:
            change = users.update().where(users.c.name == name)
            if connection.execute(change, values).rowcount != 1:
                raise UsageError(f"there is no user {name[:40]!r}", "see riskml users list")
            connection.execute(sessions.delete().where(sessions.c.name == name))
            journal.append(connection, kind, {"name": name}, WRITER)

    def _now(self) -> int:
        return to_micros(self._clock(), "clock")


def _find(connection: Connection, name: str) -> Any:
    return connection.execute(sa.select(users).where(users.c.name == name)).first()


def _user(row: Any) -> User:
    disabled = None if row.disabled_at is None else from_micros(row.disabled_at)
    return User(
        row.name,
        row.role,
        row.office,
        row.full_name,
        row.language,
        from_micros(row.created_at),
        disabled,
    )


def _end(opened_at: int, seen_at: int) -> int:
    return min(opened_at + _micros(LONGEST), seen_at + _micros(IDLE))


def _micros(span: timedelta) -> int:
    return span // timedelta(microseconds=1)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


@lru_cache(maxsize=1)
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher()  # argon2id with the parameters of RFC 9106, second choice


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    """Return a hash that no password fits, so that an unknown name takes as long as a known."""
    return _hasher().hash(secrets.token_urlsafe(32))


def _hashed(password: str) -> str:
    if not _SHORTEST <= len(password) <= _LONGEST:
        raise UsageError(
            f"a password has {_SHORTEST} to {_LONGEST} characters", "choose a longer phrase"
        )
    return _hasher().hash(password)


def _verified(stored: str, password: str) -> bool:
    from argon2.exceptions import VerifyMismatchError

    try:
        return _hasher().verify(stored, password[:_LONGEST])
    except VerifyMismatchError:
        return False
