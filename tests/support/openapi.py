"""The OpenAPI document as tests use it: closed, and as validators of its parts."""

import copy
from typing import Any

from jsonschema import Draft202012Validator

__all__ = ["closed", "problems", "validator"]


def closed(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document whose answers may have no field beside those described.

    Clients must be ready for further fields, so the document leaves its answers open. For a test
    a field that nobody described is an omission.
    """
    document = copy.deepcopy(document)
    for name, schema in document["components"]["schemas"].items():
        if schema.get("type") == "object" and name != "Document":
            schema.setdefault("additionalProperties", False)
    return document


def validator(document: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    """Return the validator of one schema of a document."""
    return Draft202012Validator({**schema, "components": document["components"]})


def problems(document: dict[str, Any], operation: dict[str, Any], answer: Any) -> list[str]:
    """Return what an answer to an operation has that its document does not say."""
    described = operation["responses"].get(str(answer.status_code))
    if described is None:
        return [f"status {answer.status_code} is not described"]
    kind = answer.headers["Content-Type"].split(";")[0]
    if kind not in described["content"]:
        return [f"content type {kind} is not described"]
    content = answer.json() if kind == "application/json" else answer.text
    check = validator(document, described["content"][kind]["schema"])
    return [error.message for error in check.iter_errors(content)]
