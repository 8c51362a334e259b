"""What each route is for, and which errors it answers with; paths and roles stand elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["EVERYWHERE", "EVERY_KEY", "OPERATIONS", "WAITING", "Operation"]

_BODY = (
    "malformed_json", "invalid_request", "missing_field", "unknown_field", "invalid_value",
    "too_many_items", "request_timeout", "body_too_large", "unsupported_media_type",
)  # fmt: skip


@dataclass(frozen=True)
class Operation:
    """What is said of one route.

    Attributes
    ----------
    summary, description : str
        What it does; the description in Markdown.
    codes : tuple of str
        Error codes of its own, beside those that every route with a key, or every route that
        waits its turn, may answer with.
    request, answer : str
        Names of the schemas of what is sent and of what is answered; none is a text.
    media_type : str
        Of the answer.
    """

    summary: str
    description: str
    codes: tuple[str, ...] = ()
    request: str = ""
    answer: str = ""
    media_type: str = "application/json"


OPERATIONS: Mapping[str, Operation] = {
    "score": Operation(
        "Score consignments",
        "Answers each consignment on its own, in order: a score, or an `error` of its own. One bad "
        "item never spoils the others, and the status is 200 as long as the request itself can be "
        "read. A score is durable in the ledger before it is answered. Content that is sent inline "
        "is scored, not added to history.",
        (*_BODY, "idempotency_conflict"),
        "ScoreRequest",
        "ScoreAnswer",
    ),
    "events": Operation(
        "Send manifests and declaration lines",
        "Appends rows to history as they arrive. A row sent again changes nothing; a correction "
        "carries a higher `revision`. Each row is answered on its own, manifests first, in order. "
        "When the answer comes, history has the rows.",
        _BODY,
        "EventsRequest",
        "RowsAnswer",
    ),
    "outcomes": Operation(
        "Send scan findings and results",
        "Appends inspections to history. What becomes known later of the same inspection, such as "
        "its result, is a row with a higher `revision`. Each row is answered on its own, in order.",
        _BODY,
        "OutcomesRequest",
        "RowsAnswer",
    ),
    "explanation": Operation(
        "Explain a score",
        "Everything that is known of a recorded score: the four numbers, every feature with its "
        "contribution, the reasons. The look is recorded, unless it is the engine's own.",
        ("not_found",),
        answer="Explanation",
    ),
    "model": Operation(
        "Say what serves",
        "Which model serves each stage and since when; how far history has come.",
        answer="ModelAnswer",
    ),
    "openapi": Operation(
        "Describe the service", "This document, with the limits of this service.", answer="Document"
    ),
    "livez": Operation("Say that the process lives", "A life sign.", media_type="text/plain"),
    "readyz": Operation(
        "Say that the service can answer",
        "Ready once the models and history are loaded.",
        ("not_ready",),
        media_type="text/plain",
    ),
    "metrics": Operation(
        "Expose metrics",
        "Metrics in the text format of Prometheus. This machine itself needs no key.",
        media_type="text/plain",
    ),
}
"""By name of the route."""

EVERY_KEY = (
    "unauthorized", "forbidden", "not_ready", "ledger_unavailable", "internal_error", "timeout",
)  # fmt: skip
"""Codes of every route that asks for a key."""
WAITING = ("overloaded",)
"""Codes of every route that waits its turn."""
EVERYWHERE = ("method_not_allowed",)
"""Codes of every path."""
