"""Examples of the document; tests validate each, and send those of requests to a live service."""

from collections.abc import Mapping
from typing import Any

from serving.auth import unauthorized
from serving.errors import ApiError

__all__ = ["ANSWER_EXAMPLES", "REQUEST_EXAMPLES", "SCORE_ID", "error_example"]

Examples = Mapping[str, Mapping[str, Any]]

SCORE_ID = "01a209e1-e9dc-7b89-ad5d-1b3d90812ff3"
_DIGEST = "4b227777d4dd1fc61c6f884f48641d02b4d121d3fd328cb08b5531fcacdabf8a"
_KEYS = {"bill_no": "EXAMPLE-1", "container_no": "CSQU3054383"}
_MANIFEST = {
    **_KEYS,
    "submitted_at": "2024-05-02T08:30:00+07:00",
    "arrival_at": "2024-05-06T05:00:00+07:00",
    "office": "VNHPH",
    "mode": "sea",
    "cargo_type": "FCL",
    "consignee_id": "0101234567",
    "shipper_id": "CN-8812",
    "port_of_loading": "CNSHA",
    "commodity_code": "620342",
    "goods_description": "cotton trousers",
    "gross_mass_kg": 18250,
    "packages": 940,
}
_LINE = {
    "declaration_id": "EXAMPLE-TK-1",
    "line_no": 1,
    **_KEYS,
    "lodged_at": "2024-05-06T02:00:00Z",
    "office": "VNHPH",
    "mode": "sea",
    "commodity_code": "620342",
    "importer_id": "0101234567",
    "origin_country": "CN",
    "departure_country": "CN",
    "customs_value": 52000.0,
    "net_mass_kg": 17400,
}
_INSPECTION = {
    "inspection_id": "EXAMPLE-I1",
    **_KEYS,
    "office": "VNHPH",
    "channel": "model",
    "propensity": 1.0,
    "selected_at": "2024-05-06T06:00:00+07:00",
    "scanned_at": "2024-05-06T09:00:00+07:00",
    "scan_finding": "suspicious",
}
_RESULT = {
    **_INSPECTION,
    "revision": 1,
    "opened_at": "2024-05-06T13:00:00+07:00",
    "result": "violation",
    "violation_type": "undervaluation",
    "revenue_recovered": 8400.0,
    "closed_at": "2024-05-07T16:00:00+07:00",
}

REQUEST_EXAMPLES: Mapping[str, Examples] = {
    "score": {
        "manifest": {
            "summary": "A manifest with its content",
            "value": {"consignments": [{"stage": "pre_arrival", "manifest": _MANIFEST}]},
        },
        "declaration": {
            "summary": "A declaration with its manifest, decided at a given time",
            "value": {
                "consignments": [
                    {
                        "stage": "declaration",
                        "decision_time": "2024-05-06T09:30:00+07:00",
                        "manifest": _MANIFEST,
                        "declaration_lines": [_LINE],
                    }
                ]
            },
        },
        "keys": {
            "summary": "Consignments of events sent before",
            "value": {
                "consignments": [
                    {"stage": "pre_arrival", **_KEYS},
                    {"stage": "declaration", "declaration_id": "EXAMPLE-TK-1"},
                ]
            },
        },
    },
    "events": {
        "arrived": {
            "summary": "A manifest and a declaration line",
            "value": {"manifests": [_MANIFEST], "declarations": [_LINE]},
        }
    },
    "outcomes": {
        "finding": {"summary": "What the scan found", "value": {"inspections": [_INSPECTION]}},
        "result": {"summary": "What was found in it later", "value": {"inspections": [_RESULT]}},
    },
}
"""By route, then by name."""

_MODEL = {"name": "riskml-pre_arrival", "version": "12", "digest": _DIGEST}
_EVIDENCE = {"feature": "consignee_violation_rate", "value": 0.31, "contribution": 0.83}
_REASON = {
    "code": "CONSIGNEE_RECORD",
    "direction": "raises",
    "contribution": 0.83,
    "value": 0.31,
    "text_en": "The consignee's record: 31 % of its inspections found a violation",
    "text_vi": "Hồ sơ người nhận: 31 % lượt kiểm tra phát hiện vi phạm",
    "features": [_EVIDENCE],
}
_NUMBERS = {"probability": 0.214, "raw_score": -1.3, "base_value": -2.13}
_SCORE: dict[str, Any] = {
    "score_id": SCORE_ID,
    "stage": "pre_arrival",
    **_KEYS,
    "declaration_id": None,
    "decision_time": "2024-05-02T01:31:00+00:00",
    **_NUMBERS,
    "model": _MODEL,
    "reasons": [_REASON],
    "degraded": False,
    "degraded_cause": None,
}
_UNKNOWN = ApiError(
    "unknown_consignment",
    "no event sent before speaks of this consignment",
    field="declaration_id",
    remedy="send its events first, or its content with the item",
)
_CONFLICT = ApiError(
    "event_conflict",
    "this row was sent before with other content, which stands",
    field="revision",
    remedy="send a correction with a higher revision",
)
_FEATURE = {
    **_EVIDENCE,
    "code": "CONSIGNEE_RECORD",
    "description_en": "share of the consignee's inspections that found a violation",
    "description_vi": "tỷ lệ lượt kiểm tra người nhận phát hiện vi phạm",
    "unit": "",
}
_EXPLANATION = {
    **{name: value for name, value in _SCORE.items() if name not in _NUMBERS},
    "office": "VNHPH",
    "scored_at": "2024-05-02T01:31:00+00:00",
    "history_watermark": 48211,
    "history_digest": _DIGEST,
    "model": {**_MODEL, "feature_set_digest": _DIGEST},
    "numbers": {**_NUMBERS, "sum_of_contributions": 0.83},
    "features": [_FEATURE],
}
_SERVING = {
    "stage": "pre_arrival",
    **_MODEL,
    "feature_set_digest": _DIGEST,
    "since": "2024-05-01T00:00:00+00:00",
    "explanations_by": "kernel",
}

ANSWER_EXAMPLES: Mapping[str, Examples] = {
    "score": {
        "scored": {
            "summary": "A score, and an item that was refused",
            "value": {"results": [_SCORE, {"error": _UNKNOWN.to_dict()}]},
        }
    },
    "events": {
        "taken": {
            "summary": "A new row, one that was there, and one that contradicts what was sent",
            "value": {
                "results": [
                    {"table": "manifests", "seq": 48212, "status": "new"},
                    {"table": "manifests", "seq": 48212, "status": "duplicate"},
                    {"table": "manifests", "seq": 48212, "error": _CONFLICT.to_dict()},
                ],
                "watermark": 48212,
            },
        }
    },
    "outcomes": {
        "taken": {
            "summary": "A new row",
            "value": {
                "results": [{"table": "inspections", "seq": 48213, "status": "new"}],
                "watermark": 48213,
            },
        }
    },
    "explanation": {"explained": {"summary": "A score in full", "value": _EXPLANATION}},
    "model": {
        "serving": {
            "summary": "One stage is served",
            "value": {
                "models": [_SERVING],
                "history": {"watermark": 48213, "newest": "2024-05-07T09:00:00+00:00"},
            },
        }
    },
    "openapi": {
        "document": {
            "summary": "How it begins",
            "value": {"openapi": "3.1.0", "info": {"title": "riskml", "version": "1"}, "paths": {}},
        }
    },
    "livez": {"alive": {"summary": "It lives", "value": "ok\n"}},
    "readyz": {"ready": {"summary": "It can answer", "value": "ok\n"}},
    "metrics": {
        "exposed": {
            "summary": "One counter",
            "value": "# HELP riskml_requests_total Requests answered.\n"
            "# TYPE riskml_requests_total counter\n"
            'riskml_requests_total{route="score",status="200"} 3.0\n',
        }
    },
}
"""By route, then by name."""

_ERRORS: Mapping[int, ApiError] = {
    error.status: error
    for error in (
        ApiError("missing_field", "consignments is missing", field="consignments",
                 remedy="send it"),
        unauthorized(),
        ApiError("forbidden", "a key of role auditor may not do this", field="Authorization",
                 remedy="use a key of role engine"),
        ApiError("not_found", "there is no such score", field="score_id",
                 remedy="send an identifier that POST /v1/score answered"),
        ApiError("method_not_allowed", "this path has other methods",
                 remedy="see the header Allow"),
        ApiError("request_timeout", "the body did not arrive in time", remedy="send it in one go"),
        ApiError("idempotency_conflict",
                 "the Idempotency-Key was used before for another request",
                 field="Idempotency-Key", remedy="use a fresh key for each request"),
        ApiError("body_too_large", "the body is too long", remedy="split the request"),
        ApiError("unsupported_media_type", "the body is no JSON", field="Content-Type",
                 remedy="send application/json"),
        ApiError("internal_error", "the service failed on this request",
                 remedy="send the request id to whoever operates the service"),
        ApiError("not_ready", "the service is still loading"),
        ApiError("timeout", "the answer took too long",
                 remedy="send fewer consignments, or the same request again with its "
                 "Idempotency-Key"),
    )
}  # fmt: skip


def error_example(status: int) -> dict[str, Any]:
    """Return the body of an error with a status."""
    return {"error": _ERRORS[status].to_dict()}
