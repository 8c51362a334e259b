"""One row at a time into normal form: the same rules as the batch validation, without frames.

:mod:`riskml.schemas` reads whole columns with pandas, which costs milliseconds for one row. Here
the same rules are spelled out for single values; a test compares the two on many rows.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import astuple
from stdnum import iso6346

from riskml.schemas import TABLES, Column, CommoditySystem, TableSchema, country_codes
from riskml.schemas.columns import RAW_CONTAINER
from serving.errors import ApiError

__all__ = ["EARLIEST", "LATEST", "event_of", "normal_row"]

Row = dict[str, Any]

EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)

_CONTAINER = re.compile(r"[A-Z]{3}[UJZR][0-9]{7}", re.ASCII)
_PORT = re.compile(r"[A-Z]{2}[A-Z2-9]{3}", re.ASCII)
_HS = re.compile(r"[0-9]{4,10}", re.ASCII)


def normal_row(
    table: str,
    given: Struct,
    extra: Mapping[str, Any],
    *,
    place: str = "",
    commodity_system: CommoditySystem = "HS",
) -> Row:
    """Bring a decoded row into normal form.

    Parameters
    ----------
    table : str
        ``manifests``, ``declarations`` or ``inspections``.
    given : Struct
        The decoded row.
    extra : mapping
        Its ``x_*`` columns.
    place : str
        Path of the row in the request, for errors.
    commodity_system : {"HS", "other"}
        Under ``HS`` a malformed commodity code becomes missing and is flagged.

    Returns
    -------
    dict
        Every column of the table: text (None = missing), float (NaN = missing), bool flags, and
        the times that were given; then the extra columns.

    Raises
    ------
    ApiError
        If a required text is blank, a time impossible, or a row breaks a rule of its table.
    """
    row, values, plan = dict(_BLANK[table]), astuple(given), _PLANS[table]
    for at, name in plan.texts:
        if (value := values[at]) is not None:
            row[name] = _text(value)
    for at, name in plan.numbers:
        if (value := values[at]) is not None:
            row[name] = value
    for at, name in plan.times:
        if (value := values[at]) is not None:
            row[name] = _time(value, place, name)
    for at, name in plan.wholes:
        if (value := values[at]) is not None:
            row[name] = int(value)
    for at, name, kind, flag in plan.codes:
        if (value := values[at]) is not None:
            row[name], row[flag] = _coded(kind, value, commodity_system)
    for at, name, of in plan.flags:
        # It speaks of a code that was unknown before; one that is given speaks for itself.
        if values[at] and row[of] is None:
            row[name] = True
    if RAW_CONTAINER in row:
        row.update(zip(_CONTAINER_COLUMNS, _container(*_container_of(given)), strict=True))
    _check(TABLES[table], row, place)
    for name, value in extra.items():
        row[name] = _extra(value)
    return row


def _kind(column: Column) -> str:
    if column.kind in ("time", "container") or column.is_coded:
        return column.kind
    if column.whole:
        return "whole"
    return "number" if column.is_number else "text"


def _companion_kind(name: str) -> str:
    return "container" if name in _CONTAINER_COLUMNS else "flag"


def _blank(schema: TableSchema) -> Row:
    """Return a row of which nothing is known; a time that is missing is not there at all."""
    return {
        name: False if name.startswith("invalid_") else _NOTHING[kind]
        for name, kind in _KINDS[schema.name]
        if kind != "time"
    }


_CONTAINER_COLUMNS = ("container_no", "invalid_container_no", RAW_CONTAINER)
_container_of = attrgetter("container_no", "invalid_container_no", RAW_CONTAINER)
_NOTHING: Mapping[str, Any] = {
    "text": None,
    "number": float("nan"),
    "whole": 0,
    "container": None,
    "country": None,
    "port": None,
    "commodity": None,
}
"""What stands for a missing value, by kind of column."""

_KINDS = {
    name: (
        *((column.name, _kind(column)) for column in schema.columns),
        *((companion, _companion_kind(companion)) for companion in schema.companions),
    )
    for name, schema in TABLES.items()
}
"""Name and kind of each column: a way to treat it, or the code list it is of; in decoded order."""

_BLANK = {name: _blank(schema) for name, schema in TABLES.items()}


class _Plan(NamedTuple):
    """Where the columns of a table stand in a decoded row, by the way they are treated."""

    texts: tuple[tuple[int, str], ...]
    numbers: tuple[tuple[int, str], ...]
    times: tuple[tuple[int, str], ...]
    wholes: tuple[tuple[int, str], ...]
    codes: tuple[tuple[int, str, str, str], ...]
    flags: tuple[tuple[int, str, str], ...]


def _plan(table: str) -> _Plan:
    placed = [(at, name, kind) for at, (name, kind) in enumerate(_KINDS[table])]

    def of(wanted: str) -> tuple[tuple[int, str], ...]:
        return tuple((at, name) for at, name, kind in placed if kind == wanted)

    codes = ((at, n, kind, f"invalid_{n}") for at, n, kind in placed if kind in _CHECKS)
    flags = ((at, n, n.removeprefix("invalid_")) for at, n in of("flag"))
    return _Plan(of("text"), of("number"), of("time"), of("whole"), tuple(codes), tuple(flags))


_NEEDED = {
    name: tuple(c.name for c in schema.columns if c.required and c.kind != "time")
    for name, schema in TABLES.items()
}
"""The columns that must hold something; times were decoded as such."""


def event_of(row: Mapping[str, Any]) -> Row:
    """Return what the event log keeps of a row in normal form.

    Missing values, flags that are not set and revision 0 are left out: they say nothing, and the
    same event must read the same however it was sent.
    """
    kept = {
        name: value
        for name, value in row.items()
        if value is not None and value is not False and value == value
    }
    if kept.get("revision") == 0:
        del kept["revision"]
    return kept


def _text(value: str) -> str | None:
    trimmed = value.strip()
    if not trimmed.isascii():
        trimmed = unicodedata.normalize("NFC", trimmed)
    return trimmed or None


def _extra(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text(value) if isinstance(value, str) else float(value)


def _time(value: datetime, place: str, name: str) -> datetime:
    # Compared before the conversion: the first and last years have no equivalent in UTC.
    if not EARLIEST <= value < LATEST:
        raise ApiError(
            "invalid_value",
            "the time is impossible",
            field=place + name,
            remedy=f"send a time from {EARLIEST.year} to {LATEST.year - 1}",
        )
    return value.astimezone(UTC)


@lru_cache(maxsize=4096)
def _container(
    number: str | None, flag: bool | None, raw: str | None
) -> tuple[str | None, bool, str | None]:
    """Check a container number; what was given stays as it was."""
    raw = None if raw is None else _text(raw)
    given = None if number is None else _text(number)
    code = given if number is not None or raw is None else raw
    tidy, known = (None, True) if code is None else _check_container(code)
    stored = bool(flag) and given is None
    return tidy if known else None, not known or stored, raw or given


@lru_cache(maxsize=4096)
def _coded(kind: str, value: str, system: CommoditySystem) -> tuple[str | None, bool]:
    """Return a code in normal form, and whether it is there but unknown."""
    text = _text(value)
    if text is None:
        return None, False
    if kind == "commodity" and system != "HS":
        return text, False
    tidy, known = _CHECKS[kind](text)
    return tidy if known else None, not known


def _check_country(code: str) -> tuple[str, bool]:
    tidy = code.upper()
    return tidy, tidy in country_codes()


def _check_port(code: str) -> tuple[str, bool]:
    tidy = code.upper().replace(" ", "")
    return tidy, bool(_PORT.fullmatch(tidy)) and tidy[:2] in country_codes()


def _check_commodity(code: str) -> tuple[str, bool]:
    tidy = re.sub(r"[\s.]", "", code)
    return tidy, bool(_HS.fullmatch(tidy))


def _check_container(number: str) -> tuple[str, bool]:
    tidy = re.sub(r"[\s\-./]", "", number.upper())
    # The pattern comes first: python-stdnum raises on some malformed numbers.
    return tidy, bool(_CONTAINER.fullmatch(tidy)) and iso6346.is_valid(tidy)


_CHECKS: Mapping[str, Callable[[str], tuple[str, bool]]] = {
    "country": _check_country,
    "port": _check_port,
    "commodity": _check_commodity,
}


_PLANS = {name: _plan(name) for name in TABLES}


def _check(schema: TableSchema, row: Row, place: str) -> None:
    for name in _NEEDED[schema.name]:
        if row[name] is None and not row.get(f"invalid_{name}", False):
            raise _missing(name, place)
    if schema.name != "inspections":
        return
    if not (row["bill_no"] or row["container_no_raw"] or row["declaration_id"]):
        raise _missing("bill_no", place, "name the bill, the container or the declaration")
    if row["result"] is not None and "closed_at" not in row:
        raise _missing("closed_at", place, "say when the result became known")


def _missing(name: str, place: str, remedy: str = "send it") -> ApiError:
    return ApiError("missing_field", f"{place}{name} is missing", field=place + name, remedy=remedy)
