"""The schemas of the document, derived from the types that the service decodes with."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from riskml.schemas import TABLES, Column
from serving.errors import ERROR_CODES
from serving.openapi.answers import ANSWERS
from serving.payloads import MAX_EVENTS, MAX_ITEMS, ScoreItem
from serving.tables import ROWS

__all__ = ["ITEM_CODES", "PREFIX", "Schema", "component_schemas", "narrowed", "ref"]

Schema = dict[str, Any]

PREFIX = "#/components/schemas/"
YEARS = "^(19[89][0-9]|20[0-9]{2})-"
"""Years that :mod:`serving.normal` takes; the format says the rest of a time."""
_CONTROL = r"\x00-\x1f\x7f"
_BLANK = rf"{_CONTROL}\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_NOT_BLANK = f"^[^{_CONTROL}]*[^{_BLANK}][^{_CONTROL}]*$"
_EXTRA = {
    "description": "a column of your own: kept with the row, not scored",
    "type": ["string", "number", "boolean", "null"],
    "maxLength": 500,
}
_KEY = {"type": "string", "pattern": _NOT_BLANK}

_READING = ("malformed_json", "invalid_request", "missing_field", "unknown_field", "invalid_value")
ITEM_CODES: Mapping[str, tuple[str, ...]] = {
    "score": (
        *_READING, "future_decision_time", "mixed_consignment", "other_office",
        "unknown_consignment", "not_additive", "ledger_unavailable", "internal_error",
    ),
    "row": (*_READING, "future_event_time", "other_office", "event_conflict", "internal_error"),
}  # fmt: skip
"""Codes that one item, or one row, may be refused with while the request itself is answered."""


def ref(name: str) -> Schema:
    """Return the reference to a schema of the document."""
    return {"$ref": PREFIX + name}


def narrowed(codes: Iterable[str]) -> Schema:
    """Return the schema of an error body that carries one of some codes."""
    code = {"enum": [code for code in ERROR_CODES if code in set(codes)]}
    error = {"properties": {"code": code}}
    return {**ref("ErrorBody"), "properties": {"error": error}}


def component_schemas() -> dict[str, Schema]:
    """Return every schema of the document by name."""
    types = [ScoreItem, *ROWS.values(), *ANSWERS]
    _, made = msgspec.json.schema_components(types, ref_template=PREFIX + "{name}")
    made = {name: _tidy(schema) for name, schema in made.items()}
    for table, kind in ROWS.items():
        _describe_row(made[kind.__name__], table)
    made |= _items(made.pop("ScoreItem")) | _requests() | _results() | _errors()
    return dict(sorted(made.items()))


def _tidy(value: Any) -> Any:
    """Leave out defaults of null, and write the end of a text as JSON Schema does."""
    if isinstance(value, list):
        return [_tidy(one) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {
        name: _tidy(one) for name, one in value.items() if not (name == "default" and one is None)
    }
    if isinstance(kept.get("pattern"), str):
        kept["pattern"] = kept["pattern"].replace(r"\Z", "$")
    return kept


def _describe_row(schema: Schema, table: str) -> None:
    """Say what the columns mean, and the rules that :mod:`serving.normal` checks on a row."""
    vocabulary = TABLES[table]
    properties = schema["properties"]
    for column in vocabulary.columns:
        properties[column.name] = _described(properties[column.name], column)
    schema["description"] = f"One row of {table}. A correction carries a higher revision."
    schema["patternProperties"] = {"^x_[A-Za-z0-9_]{1,60}$": _EXTRA}
    if table == "manifests":
        given = [_given("container_no"), _given("container_no_raw")]
        flagged = {"required": ["invalid_container_no"],
                   "properties": {"invalid_container_no": {"const": True}}}  # fmt: skip
        schema["anyOf"] = [*given, flagged]
    if table == "inspections":
        keys = ("bill_no", "container_no", "container_no_raw", "declaration_id")
        closed = {"required": ["closed_at"], "properties": {"closed_at": {"type": "string"}}}
        unknown = {"properties": {"result": {"type": "null"}}}
        schema["anyOf"] = [_given(key) for key in keys]
        schema["dependentSchemas"] = {"result": {"anyOf": [unknown, closed]}}


def _described(schema: Schema, column: Column) -> Schema:
    meaning = f"{column.meaning} ({column.unit})" if column.unit else column.meaning
    inner = schema["anyOf"][0] if "anyOf" in schema else schema
    if column.kind == "time":
        inner["pattern"] = YEARS
    if column.whole:
        del inner["multipleOf"]
        inner |= {"type": "integer", "minimum": int(column.low), "maximum": int(column.high)}
    if column.required and column.kind in ("identifier", "commodity"):
        inner["pattern"] = _NOT_BLANK
    return {"description": meaning, **schema}


def _given(name: str) -> Schema:
    return {"required": [name], "properties": {name: _KEY}}


def _items(item: Schema) -> dict[str, Schema]:
    """Return the four forms of an item, which :mod:`serving.items` tells apart."""
    every = item["properties"]
    every["decision_time"]["anyOf"][0]["pattern"] = YEARS
    every["decision_time"]["description"] = "default: receipt; never in the future"
    lines = {**every["declaration_lines"]["anyOf"][0], "minItems": 1}
    bill = every["bill_no"]["anyOf"][0]

    def form(title: str, stage: str, required: Iterable[str], **properties: Schema) -> Schema:
        return {
            "title": title,
            "type": "object",
            "properties": {
                "stage": {"const": stage},
                "decision_time": copy.deepcopy(every["decision_time"]),
                **properties,
            },
            "required": ["stage", *required],
            "additionalProperties": False,
        }

    by_keys = {name: every[name] for name in ("bill_no", "container_no", "declaration_id")}
    declared = form("A declaration of events sent before", "declaration", (), **by_keys)
    declared["anyOf"] = [
        {"required": [name], "properties": {name: {"type": "string"}}}
        for name in ("bill_no", "declaration_id")
    ]
    forms = {
        "ManifestItem": form(
            "A manifest with its content", "pre_arrival", ["manifest"], manifest=ref("Manifest")
        ),
        "DeclarationItem": form(
            "A declaration with its content, and its manifest if there is one", "declaration",
            ["declaration_lines"], declaration_lines=lines, manifest=every["manifest"],
        ),
        "ManifestKeys": form(
            "A manifest of events sent before", "pre_arrival", ["bill_no"], bill_no=bill,
            container_no=every["container_no"],
        ),
        "DeclarationKeys": declared,
    }  # fmt: skip
    union = {"description": item["description"], "oneOf": [ref(name) for name in forms]}
    return {**forms, "ScoreItem": union}


def _requests() -> dict[str, Schema]:
    def body(lists: Mapping[str, Schema], needed: list[Schema]) -> Schema:
        schema: Schema = {
            "type": "object", "properties": dict(lists), "additionalProperties": False,
        }  # fmt: skip
        return schema | (needed[0] if len(needed) == 1 else {"anyOf": needed})

    def rows(table: str) -> Schema:
        return {"type": "array", "maxItems": MAX_EVENTS, "items": ref(ROWS[table].__name__)}

    def some(table: str) -> Schema:
        return {"required": [table], "properties": {table: {"minItems": 1}}}

    items = {
        "type": "array", "minItems": 1, "maxItems": MAX_ITEMS, "items": ref("ScoreItem"),
    }  # fmt: skip
    events = {table: rows(table) for table in ("manifests", "declarations")}
    return {
        "ScoreRequest": body({"consignments": items}, [{"required": ["consignments"]}]),
        "EventsRequest": body(events, [some(table) for table in events]),
        "OutcomesRequest": body(
            {"inspections": {**rows("inspections"), "minItems": 1}}, [{"required": ["inspections"]}]
        ),
    }


def _results() -> dict[str, Schema]:
    def results(*kinds: str) -> Schema:
        return {
            "description": "one for each item, in the order in which they were sent",
            "type": "array",
            "items": {"oneOf": [ref(kind) for kind in kinds]},
        }

    def error(codes: Iterable[str]) -> Schema:
        return {**ref("Error"), **narrowed(codes)["properties"]["error"]}

    watermark = {"type": "integer", "minimum": 0, "description": "how far history has come"}
    refusals = {
        "ItemRefused": {"error": error(ITEM_CODES["score"])},
        "RowRefused": {
            "table": {"type": "string"},
            "seq": {"type": "integer", "description": "of the row that stands instead"},
            "error": error(ITEM_CODES["row"]),
        },
    }
    made: dict[str, Schema] = {
        name: {
            "description": "why one of them was refused; the others are answered all the same",
            "type": "object",
            "properties": properties,
            "required": [needed for needed in properties if needed != "seq"],
        }
        for name, properties in refusals.items()
    }
    made["ScoreAnswer"] = {
        "type": "object",
        "properties": {"results": results("Score", "ItemRefused")},
        "required": ["results"],
    }
    made["RowsAnswer"] = {
        "type": "object",
        "properties": {"results": results("RowTaken", "RowRefused"), "watermark": watermark},
        "required": ["results", "watermark"],
    }
    return made


def _errors() -> dict[str, Schema]:
    text = {"type": ["string", "null"]}
    error = {
        "description": "No error repeats what was sent.",
        "type": "object",
        "properties": {
            "code": ref("ErrorCode"),
            "message": {"type": "string", "description": "what is wrong"},
            "field": {**text, "description": "path of what is wrong, if it is one field"},
            "remedy": {**text, "description": "what to do about it"},
        },
        "required": ["code", "message", "field", "remedy"],
    }
    body = {"type": "object", "properties": {"error": ref("Error")}, "required": ["error"]}
    code = {"description": "stable: programs may rely on it", "enum": list(ERROR_CODES)}
    return {"Error": error, "ErrorBody": body, "ErrorCode": code}
