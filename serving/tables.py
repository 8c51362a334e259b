"""What one row of each table may hold when it arrives over HTTP.

The strict decoders are derived from the vocabulary (:mod:`riskml.schemas`), so that the service
and the batch validation cannot disagree about a column. A row in normal form may be sent as it
is: the flags and the container number as given are known fields, too. Extra ``x_*`` columns are
taken apart before decoding (:mod:`serving.payloads`).
"""

import re
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from riskml.schemas import TABLES as VOCABULARY
from riskml.schemas import Column, TableSchema

__all__ = ["LONGEST_TEXT", "PRINTABLE_ROWS", "ROWS", "identifier_type"]

LONGEST_TEXT = 10_000
LONGEST_IDENTIFIER = 200
# \Z, because $ would let a newline pass at the end.
_PRINTABLE = r"^[^\x00-\x1f\x7f]*\Z"
_WITHOUT_NUL = r"^[^\x00]*\Z"

identifier_type = Annotated[str, Meta(max_length=LONGEST_IDENTIFIER, pattern=_PRINTABLE)]


def _type_of(column: Column, printable: bool) -> Any:
    if column.kind == "time":
        return Annotated[datetime, Meta(tz=True)]
    if column.kind == "choice":
        return Literal[column.choices]
    if column.kind == "text" and printable:
        return Annotated[str, Meta(max_length=LONGEST_TEXT)]
    if column.kind == "text":
        return Annotated[str, Meta(max_length=LONGEST_TEXT, pattern=_WITHOUT_NUL)]
    if column.whole:
        # A float, because 2.0 is a whole number in JSON, too; the normal form makes it an integer.
        return Annotated[float, Meta(ge=column.low, le=column.high, multiple_of=1)]
    if column.is_number:
        if column.above_low:
            return Annotated[float, Meta(gt=column.low, le=column.high)]
        return Annotated[float, Meta(ge=column.low, le=column.high)]
    return _identifier_of(printable)


def _identifier_of(printable: bool) -> Any:
    return Annotated[str, Meta(max_length=LONGEST_IDENTIFIER)] if printable else identifier_type


def _struct_of(schema: TableSchema, *, printable: bool = False) -> type[Struct]:
    """Return the strict form of a table's rows; a container may be given under its raw name."""
    fields: list[Any] = []
    for column in schema.columns:
        kind = _type_of(column, printable)
        if column.required and column.kind != "container":
            fields.append((column.name, kind))
        else:
            fields.append((column.name, kind | None, None))
    for name in schema.companions:
        kind = bool if name.startswith("invalid_") else _identifier_of(printable)
        fields.append((name, kind | None, None))
    title = re.sub("s$", "", schema.name).title()
    return msgspec.defstruct(title, fields, kw_only=True, forbid_unknown_fields=True)


ROWS: dict[str, type[Struct]] = {name: _struct_of(schema) for name, schema in VOCABULARY.items()}
"""The strict form of each table's rows, by name of the table."""

PRINTABLE_ROWS = {name: _struct_of(schema, printable=True) for name, schema in VOCABULARY.items()}
"""The same for content that holds no control character: texts are checked for their length only."""
