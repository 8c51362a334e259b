"""One byte string for one content: what the chains hash and the event log compares."""

import base64
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from riskml.errors import LedgerError

__all__ = [
    "TIME_COLUMNS",
    "canonical_json",
    "clean_text",
    "finite",
    "from_base64",
    "from_micros",
    "is_storable",
    "iso",
    "plain_row",
    "to_base64",
    "to_micros",
]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
TIME_COLUMNS = frozenset(
    (
        "submitted_at",
        "arrival_at",
        "lodged_at",
        "selected_at",
        "scanned_at",
        "reviewed_at",
        "opened_at",
        "closed_at",
        "recorded_at",
    )
)
"""The columns of events that hold times (DESIGN 2)."""

LONGEST_TEXT = 500
"""Characters of an indexed text: PostgreSQL cannot index texts of some kilobytes."""

# Pure ASCII: control characters and lone surrogates are escaped, so any text can be stored.
_encoder = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
)


def canonical_json(content: Any) -> str:
    """Return JSON with sorted keys and no spaces, in ASCII.

    Raises
    ------
    LedgerError
        If the content holds what JSON cannot: NaN, infinity, an unknown type, a loop.
    """
    try:
        return _encoder.encode(content)
    except (TypeError, ValueError, RecursionError) as error:
        raise LedgerError(
            f"content cannot be written as JSON: {error}", "pass finite numbers and text only"
        ) from error


def to_micros(moment: datetime, name: str) -> int:
    """Return microseconds since 1970 of an aware datetime called ``name``.

    Raises
    ------
    LedgerError
        If the datetime has no time zone.
    """
    if moment.tzinfo is None:
        raise LedgerError(f"{name} has no time zone", "pass an aware datetime, in UTC")
    return (moment - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the aware UTC datetime that many microseconds after 1970."""
    return EPOCH + micros * MICROSECOND


def iso(moment: datetime) -> str:
    """Return an aware datetime as UTC text with microseconds, ``2020-07-01T00:00:00.000000Z``."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


def finite(value: float, name: str) -> float:
    """Return a finite float; negative zero becomes zero, which is all that SQLite can hold.

    Raises
    ------
    LedgerError
        If it is NaN or infinite.
    """
    number = float(value)
    if not math.isfinite(number):
        raise LedgerError(f"{name} is {number}", "only finite numbers can be recorded")
    return number + 0.0


def clean_text(value: str, name: str) -> str:
    """Return a text that every database can store and index.

    Raises
    ------
    LedgerError
        If it is no text, too long, or holds a NUL or half a surrogate pair.
    """
    if not isinstance(value, str):
        raise LedgerError(f"{name} is a {type(value).__name__}", "pass text")
    if len(value) > LONGEST_TEXT:
        raise LedgerError(f"{name} has {len(value)} characters", f"at most {LONGEST_TEXT} fit")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise LedgerError(f"{name} holds half a character", "send valid UTF-8") from error
    if "\0" in value:
        raise LedgerError(f"{name} holds a NUL character", "remove it")
    return value


def is_storable(value: str) -> bool:
    """Say whether a text could be in the database at all; if not, looking for it is vain."""
    try:
        clean_text(value, "text")
    except LedgerError:
        return False
    return True


def to_base64(content: bytes) -> str:
    """Return bytes as base64 text.

    Raises
    ------
    LedgerError
        If they are no bytes.
    """
    if not isinstance(content, bytes):
        raise LedgerError(f"a {type(content).__name__} stands where bytes belong", "pass bytes")
    return base64.b64encode(content).decode("ascii")


def from_base64(text: str) -> bytes:
    """Return the bytes that :func:`to_base64` wrote.

    Raises
    ------
    ValueError
        If it is no base64 text.
    """
    return base64.b64decode(text, validate=True)


def plain_row(row: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return the columns of an event that have a value, in types that JSON has.

    Missing values (None, NaN, NaT) are left out, whole floats become integers, numpy scalars
    Python ones, and times (datetimes, and text in :data:`TIME_COLUMNS`) ISO text in UTC: the same
    event reads the same whether it came from a data frame or over HTTP.

    Raises
    ------
    LedgerError
        Names ``place`` and the column of the value that cannot be stored.
    """
    plain = {}
    for column, value in row.items():
        try:
            stored = _plain(str(column), value)
        except (ValueError, TypeError, OverflowError) as error:
            raise LedgerError(f"{place}, column {column}: {error}", "correct the value") from error
        if stored is not None:
            plain[str(column)] = stored
    return plain


def _plain(column: str, value: Any) -> str | int | float | None:
    if value is None or type(value).__name__ in ("NaTType", "NAType"):
        return None
    if isinstance(value, str):
        return iso(_moment(datetime.fromisoformat(value))) if column in TIME_COLUMNS else value
    if isinstance(value, datetime):
        return iso(_moment(value))
    if hasattr(value, "item"):  # a numpy scalar
        value = value.item()
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return _plain_float(value)
    raise TypeError(f"a {type(value).__name__} is neither text, number nor time")


def _plain_float(value: float) -> int | float | None:
    if math.isnan(value):
        return None
    if math.isinf(value):
        raise ValueError("the number is infinite")
    return int(value) if value.is_integer() else value


def _moment(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("the time has no time zone")
    return moment
