"""One shape for every error the service answers with, and the codes it may carry."""

from collections.abc import Mapping
from typing import Any

import msgspec

from riskml.errors import RiskmlError, ServiceError
from riskml.ledger import LedgerConflictError, LedgerUnavailableError

__all__ = ["ERROR_CODES", "ApiError", "error_body", "from_riskml"]

ERROR_CODES: Mapping[str, int] = {
    "malformed_json": 400,
    "invalid_request": 400,
    "missing_field": 400,
    "unknown_field": 400,
    "invalid_value": 400,
    "future_decision_time": 400,
    "future_event_time": 400,
    "mixed_consignment": 400,
    "too_many_items": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "other_office": 403,
    "not_found": 404,
    "unknown_consignment": 404,
    "method_not_allowed": 405,
    "request_timeout": 408,
    "event_conflict": 409,
    "idempotency_conflict": 409,
    "body_too_large": 413,
    "unsupported_media_type": 415,
    "not_additive": 500,
    "internal_error": 500,
    "ledger_unavailable": 503,
    "not_ready": 503,
    "overloaded": 503,
    "timeout": 504,
}
"""Every error code, with the HTTP status it has where it answers a whole request."""

RETRY_AFTER = "1"


class ApiError(ServiceError):
    """An answer that is an error, for a request or for one item of it.

    Parameters
    ----------
    code : str
        One of :data:`ERROR_CODES`.
    message : str
        What is wrong; never repeats content that was sent.
    field : str
        Path of the field that is wrong, such as ``manifest.gross_mass_kg``; empty if none is.
    remedy : str
        What to do about it.
    """

    def __init__(self, code: str, message: str, *, field: str = "", remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.code = code
        self.field = field
        self.status = ERROR_CODES[code]

    def to_dict(self) -> dict[str, Any]:
        """Return code, message, field and remedy."""
        return {
            "code": self.code,
            "message": self.message,
            "field": self.field or None,
            "remedy": self.remedy or None,
        }

    @property
    def headers(self) -> dict[str, str]:
        """Headers that go with the status."""
        if self.status == 503:
            return {"Retry-After": RETRY_AFTER}
        if self.status == 401:
            return {"WWW-Authenticate": "Bearer"}
        return {}


def error_body(error: ApiError) -> bytes:
    """Return the JSON body of an error that answers a whole request."""
    return msgspec.json.encode({"error": error.to_dict()})


def from_riskml(error: RiskmlError) -> ApiError:
    """Translate an error of the library into one that may be answered."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, LedgerUnavailableError):
        return ApiError(
            "ledger_unavailable",
            "the ledger cannot take the answer now, so none is given",
            remedy="send the same request again, with the same Idempotency-Key",
        )
    if isinstance(error, LedgerConflictError):
        return ApiError(
            "idempotency_conflict",
            "the Idempotency-Key was used before for another request",
            remedy="use a fresh key for each request",
        )
    return ApiError(
        "internal_error",
        "the service failed on this request",
        remedy="send the request id to whoever operates the service",
    )
