"""Scores as the ledger keeps them: the values of a row, and the JSON that its hash covers.

`riskml.ledger.chain.chained_json` says what that JSON is, for rows of every table. Here the same
bytes are written for rows of one table, whose columns are known, in a tenth of the time: by far
the most rows are scores, and somebody waits for each.
"""

from json.encoder import encode_basestring_ascii
from typing import Any

from riskml.errors import LedgerError
from riskml.ledger.canonical import canonical_json, clean_text, finite, to_base64, to_micros
from riskml.ledger.records import EncodedJson, EncodedScore, ScoreRecord

__all__ = ["NUMBERS", "TEXTS", "encode_score"]

TEXTS = (
    "score_id",
    "stage",
    "bill_no",
    "container_no",
    "declaration_id",
    "office",
    "model_digest",
    "model_name",
    "model_version",
    "feature_set_digest",
    "principal",
    "idempotency_key",
)
NUMBERS = ("base_value", "raw_score", "probability")

NULLABLE = frozenset(("bill_no", "container_no", "declaration_id", "office", "idempotency_key"))


def encode_score(record: ScoreRecord) -> EncodedScore:
    """Check and encode a score, before a transaction holds up other writers.

    Raises
    ------
    LedgerError
        Names what cannot be recorded.
    """
    values: dict[str, Any] = {name: _text(record, name) for name in TEXTS}
    for name in NUMBERS:
        values[name] = finite(getattr(record, name), name)
    values["decision_time"] = to_micros(record.decision_time, "decision_time")
    values["scored_at"] = to_micros(record.scored_at, "scored_at")
    values["history_watermark"] = int(record.history_watermark)
    values["features"] = record.features
    values["contributions"] = record.contributions
    values["degraded"] = bool(record.degraded)
    values["reasons"], reasons = _json(record.reasons)
    values["request"], request = _json(record.request)
    return EncodedScore(values, *_parts(values, reasons, request))


def _text(record: ScoreRecord, name: str) -> str | None:
    value = getattr(record, name)
    if value is None and name in NULLABLE:
        return None
    if value == "" and name == "score_id":
        raise LedgerError("a score has no score_id", "make one with riskml.ledger.new_id()")
    return clean_text(value, name)


def _json(content: Any) -> tuple[str, str]:
    """Return content as JSON text, and as it reads in a string of the canonical JSON.

    Bytes are JSON already, from a faster encoder.
    """
    if isinstance(content, EncodedJson):
        return content.content.decode(), f'"{content.quoted}"'
    if not isinstance(content, bytes):
        text = canonical_json(content)
    else:
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            raise LedgerError(
                "encoded JSON is no UTF-8", "encode it with msgspec or json"
            ) from error
    return text, encode_basestring_ascii(text)


def _parts(values: dict[str, Any], reasons: str, request: str) -> tuple[str, str]:
    """Return the canonical JSON around what the chain adds to a row, keys in their order."""
    quoted = {
        name: "null" if (text := values[name]) is None else encode_basestring_ascii(text)
        for name in TEXTS
    }
    numbers = {name: float.__repr__(values[name]) for name in NUMBERS}
    before = (
        f'{{"base_value":{numbers["base_value"]},"bill_no":{quoted["bill_no"]},'
        f'"container_no":{quoted["container_no"]},'
        f'"contributions":"{to_base64(values["contributions"])}",'
        f'"decision_time":{values["decision_time"]},'
        f'"declaration_id":{quoted["declaration_id"]},'
        f'"degraded":{"true" if values["degraded"] else "false"},'
        f'"feature_set_digest":{quoted["feature_set_digest"]},'
        f'"features":"{to_base64(values["features"])}",'
        f'"history_watermark":{values["history_watermark"]},'
        f'"idempotency_key":{quoted["idempotency_key"]},"model_digest":{quoted["model_digest"]},'
        f'"model_name":{quoted["model_name"]},"model_version":{quoted["model_version"]},'
        f'"office":{quoted["office"]},"position":'
    )
    after = (
        f',"principal":{quoted["principal"]},"probability":{numbers["probability"]},'
        f'"raw_score":{numbers["raw_score"]},"reasons":{reasons},"request":{request},'
        f'"score_id":{quoted["score_id"]},"scored_at":{values["scored_at"]},'
        f'"stage":{quoted["stage"]},"table":"scores","writer":'
    )
    return before, after
