"""Decoding of request bodies: strict, item by item, with an error that names its field."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, TypeVar, cast

import msgspec
from msgspec import Meta, Struct

from serving.errors import ApiError
from serving.quick import LONGEST_EXTRA, QuickDecoders, extra_of, may_hold_controls
from serving.tables import ROWS, identifier_type

__all__ = [
    "MAX_EVENTS",
    "MAX_ITEMS",
    "DecodedItem",
    "ScoreItem",
    "decode_events",
    "decode_item",
    "decode_row",
    "split_items",
]

MAX_ITEMS = 1000
"""Most consignments in one request."""
MAX_EVENTS = 5000
"""Most rows of one table in one request of events or outcomes."""
MAX_LINES = 2000
"""Most declaration lines of one consignment."""

if TYPE_CHECKING:
    Manifest: TypeAlias = Struct
    DeclarationLine: TypeAlias = Struct
else:
    Manifest, DeclarationLine = ROWS["manifests"], ROWS["declarations"]
StructT = TypeVar("StructT", bound=Struct)


class ScoreItem(Struct, forbid_unknown_fields=True, kw_only=True):
    """One consignment to score: its content, or the keys of events sent before."""

    stage: Literal["pre_arrival", "declaration"]
    decision_time: Annotated[datetime, Meta(tz=True)] | None = None
    manifest: Manifest | None = None
    declaration_lines: Annotated[list[DeclarationLine], Meta(max_length=MAX_LINES)] | None = None
    bill_no: identifier_type | None = None
    container_no: identifier_type | None = None
    declaration_id: identifier_type | None = None


@dataclass(frozen=True)
class DecodedItem:
    """A decoded consignment with the extra ``x_*`` columns of its rows.

    Attributes
    ----------
    item : ScoreItem
        What was sent.
    manifest_extra : mapping
        Extra columns of the manifest.
    lines_extra : sequence of mapping
        Extra columns of each declaration line; empty when no row of the item has any.
    """

    item: ScoreItem
    manifest_extra: Mapping[str, Any] = field(default_factory=dict)
    lines_extra: Sequence[Mapping[str, Any]] = ()


class _Batch(Struct, forbid_unknown_fields=True):
    consignments: list[msgspec.Raw]


class _Events(Struct, forbid_unknown_fields=True):
    manifests: list[msgspec.Raw] = []
    declarations: list[msgspec.Raw] = []


class _Outcomes(Struct, forbid_unknown_fields=True):
    inspections: list[msgspec.Raw] = []


_KINDS: tuple[type[Struct], ...] = (ScoreItem, _Batch, _Events, _Outcomes, *ROWS.values())
_DECODERS = {kind: msgspec.json.Decoder(kind) for kind in _KINDS}
_QUICK = QuickDecoders(ScoreItem, MAX_LINES)
_EXTRA = re.compile(rb'"(x_[A-Za-z0-9_]{1,60})"\s*:')
_EXTRA_NAME = re.compile(r"x_[A-Za-z0-9_]{1,60}")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`", re.DOTALL)
_PLACE = re.compile(r"^(?P<what>.*) - at `(?P<path>.*)`$", re.DOTALL)
_ENUM = re.compile(r"Invalid enum value .*", re.DOTALL)


def split_items(body: bytes) -> list[msgspec.Raw]:
    """Take a scoring request apart without looking into its items.

    Raises
    ------
    ApiError
        If the body is no JSON, not of the form ``{"consignments": [...]}``, or has no item or
        more than :data:`MAX_ITEMS`.
    """
    items: list[msgspec.Raw] = _decode(_Batch, body).consignments
    if not items:
        raise ApiError(
            "invalid_request", "there is no consignment", field="consignments", remedy="send 1"
        )
    if len(items) > MAX_ITEMS:
        raise ApiError(
            "too_many_items",
            f"{len(items)} consignments in one request",
            field="consignments",
            remedy=f"send at most {MAX_ITEMS} and the rest in further requests",
        )
    return items


def decode_item(raw: msgspec.Raw | bytes) -> DecodedItem:
    """Decode one consignment.

    Raises
    ------
    ApiError
        Names the field that is wrong and, if it is unknown, the nearest known one.
    """
    content = bytes(raw)
    names = frozenset(name.decode() for name in _EXTRA.findall(content))
    item = None if may_hold_controls(content) else _QUICK.decode(content, names)
    if item is not None:
        lines = [extra_of(line, names) for line in item.declaration_lines or ()] if names else ()
        return DecodedItem(item, extra_of(item.manifest, names), lines)
    if not names:
        return DecodedItem(_decode(ScoreItem, content))
    return _convert_item(_decode_any(content))


def decode_events(body: bytes, *, outcomes: bool = False) -> list[tuple[str, msgspec.Raw]]:
    """Take a request of events (or of outcomes) apart into (table, row), in the order sent.

    Raises
    ------
    ApiError
        If the body has another form, no row, or more than :data:`MAX_EVENTS` of a table.
    """
    kind = _Outcomes if outcomes else _Events
    groups = _decode(kind, body)
    rows = [(table, raw) for table in kind.__struct_fields__ for raw in getattr(groups, table)]
    tables = " or ".join(kind.__struct_fields__)
    if not rows:
        raise ApiError("invalid_request", "there is no row", remedy=f"send rows of {tables}")
    for table in kind.__struct_fields__:
        count = len(getattr(groups, table))
        if count > MAX_EVENTS:
            raise ApiError(
                "too_many_items",
                f"{count} rows of {table} in one request",
                field=table,
                remedy=f"send at most {MAX_EVENTS} and the rest in further requests",
            )
    return rows


def decode_row(table: str, raw: msgspec.Raw | bytes) -> tuple[Struct, dict[str, Any]]:
    """Decode one row of a table; return it and its extra ``x_*`` columns.

    Raises
    ------
    ApiError
        Names the field that is wrong.
    """
    content = bytes(raw)
    kind = ROWS[table]
    if not _EXTRA.search(content):
        return _decode(kind, content), {}
    plain = _decode_any(content)
    extra = _take_extra(plain, "")
    return _convert(plain, kind), extra


def _decode(kind: type[StructT], content: bytes) -> StructT:
    try:
        decoded = _DECODERS[kind].decode(content)
    except msgspec.ValidationError as error:
        raise _explain(str(error), kind) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _malformed(error) from None
    except RecursionError:
        raise ApiError(
            "malformed_json", "the JSON is nested too deeply", remedy="send flat rows"
        ) from None
    return cast(StructT, decoded)


def _decode_any(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except msgspec.ValidationError as error:  # a number that no float can hold
        raise _explain(str(error), ScoreItem) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _malformed(error) from None
    except RecursionError:
        raise ApiError(
            "malformed_json", "the JSON is nested too deeply", remedy="send flat rows"
        ) from None


def _malformed(error: Exception) -> ApiError:
    where = re.search(r"\((?:byte|char) \d+\)", str(error))
    return ApiError(
        "malformed_json",
        "the body is no valid JSON" + (f" {where[0]}" if where else ""),
        remedy="send UTF-8 JSON; it knows neither NaN nor Infinity: leave missing values out",
    )


def _convert_item(plain: Any) -> DecodedItem:
    if not isinstance(plain, dict):
        raise ApiError("invalid_value", "an item is an object", remedy="see serving/README.md")
    manifest = plain.get("manifest")
    manifest_extra = _take_extra(manifest, "manifest.")
    lines = plain.get("declaration_lines")
    lines = lines if isinstance(lines, list) else []
    lines_extra = [
        _take_extra(line, f"declaration_lines[{number}].") for number, line in enumerate(lines)
    ]
    return DecodedItem(_convert(plain, ScoreItem), manifest_extra, lines_extra)


def _convert(plain: Any, kind: type[StructT]) -> StructT:
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        raise _explain(str(error), kind) from None


def _take_extra(row: Any, place: str) -> dict[str, Any]:
    """Remove the ``x_*`` columns of a decoded row and return them; each is a text or a number."""
    if not isinstance(row, dict):
        return {}
    extra = {name: row.pop(name) for name in list(row) if _EXTRA_NAME.fullmatch(name)}
    for name, value in extra.items():
        if not isinstance(value, str | int | float | None) or len(str(value)) > LONGEST_EXTRA:
            raise ApiError(
                "invalid_value",
                "an extra column holds a short text or a number",
                field=f"{place}{name}",
                remedy=f"send a text of at most {LONGEST_EXTRA} characters, a number, or nothing",
            )
    return {name: value for name, value in extra.items() if value is not None}


def _explain(text: str, kind: type[Struct]) -> ApiError:
    """Turn msgspec's sentence into an error that names the field but repeats no content."""
    placed = _PLACE.match(text)
    what, path = (placed["what"], placed["path"]) if placed else (text, "$")
    path = path.removeprefix("$").removeprefix(".")
    prefix = f"{path}." if path else ""
    if found := _MISSING.fullmatch(what):
        place = prefix + found["name"]
        return ApiError("missing_field", f"{place} is missing", field=place, remedy="send it")
    if found := _UNKNOWN.fullmatch(what):
        name = found["name"][:80]
        known = _known_fields(kind, path)
        near = difflib.get_close_matches(name, known, n=1)
        remedy = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
        return ApiError("unknown_field", f"{prefix}{name} is unknown", field=prefix + name,
                        remedy=remedy)  # fmt: skip
    if _ENUM.fullmatch(what):
        what = "not one of the known words"
    if "matching regex" in what:
        what = "the text holds characters that cannot be printed"
    return ApiError("invalid_value", what, field=path, remedy=_remedy(what))


def _known_fields(kind: type[Struct], path: str) -> Sequence[str]:
    names: Mapping[str, Sequence[str]] = {
        "manifest": Manifest.__struct_fields__,
        "declaration_lines": DeclarationLine.__struct_fields__,
    }
    own = kind.__struct_fields__
    return names.get(path.split("[")[0], own) if kind is ScoreItem else own


def _remedy(what: str) -> str:
    if "RFC3339" in what or "timezone" in what:
        return "write times as 2020-07-01T08:30:00Z or 2020-07-01T15:30:00+07:00"
    if "out of range" in what:
        return "send a finite number"
    return "see data/README.md for the columns and their limits"
