"""A recorded score explained in full: the four numbers, every feature, the reasons."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from riskml.errors import LedgerError
from riskml.explanation import code_of
from riskml.features import Feature, FeatureSet
from riskml.ledger import Ledger, ScoreRecord
from riskml.scoring.rules import RULES

__all__ = ["MODEL_RECORD", "by_reason", "explained"]

MODEL_RECORD = "model"
"""Kind of the ledger records that describe models."""


def explained(ledger: Ledger, record: ScoreRecord) -> dict[str, Any]:
    """Return everything that is known of a score, the four numbers under their labels.

    Raises
    ------
    LedgerError
        If the ledger does not describe the model that answered.
    """
    values = np.frombuffer(record.features, dtype="<f8")
    contributions = np.frombuffer(record.contributions, dtype="<f8")[:-1]
    features = _rule_features() if not record.model_digest else _features_of(ledger, record)
    request: Mapping[str, Any] = record.request or {}
    return {
        "score_id": record.score_id,
        "stage": record.stage,
        "bill_no": record.bill_no,
        "container_no": record.container_no,
        "declaration_id": record.declaration_id,
        "office": record.office,
        "decision_time": record.decision_time.isoformat(),
        "scored_at": record.scored_at.isoformat(),
        "history_watermark": record.history_watermark,
        "history_digest": request.get("history") or None,
        "model": {
            "name": record.model_name,
            "version": record.model_version,
            "digest": record.model_digest,
            "feature_set_digest": record.feature_set_digest,
        },
        "degraded": record.degraded,
        "degraded_cause": request.get("degraded") or None,
        "numbers": {
            "base_value": record.base_value,
            "sum_of_contributions": float(contributions.sum()),
            "raw_score": record.raw_score,
            "probability": record.probability,
        },
        "features": _feature_rows(features, values, contributions, request.get("categories", {})),
        "reasons": record.reasons,
    }


def by_reason(features: Iterable[Mapping[str, Any]]) -> list[tuple[str, float]]:
    """Return the sum of contributions of each reason code, the strongest first.

    Parameters
    ----------
    features : iterable of mapping
        ``code`` and ``contribution`` (log-odds) of every feature, as `explained` gives them.
    """
    sums: dict[str, float] = {}
    for feature in features:
        sums[feature["code"]] = sums.get(feature["code"], 0.0) + feature["contribution"]
    return sorted(sums.items(), key=lambda pair: -abs(pair[1]))


def _feature_rows(
    features: tuple[Feature, ...],
    values: np.ndarray,
    contributions: np.ndarray,
    categories: Mapping[str, str],
) -> list[dict[str, Any]]:
    return [
        {
            "feature": feature.name,
            "value": categories.get(feature.name) if feature.kind == "category" else _finite(value),
            "contribution": contribution,
            "code": code_of(feature),
            "description_en": feature.description_en,
            "description_vi": feature.description_vi,
            "unit": feature.unit,
        }
        for feature, value, contribution in zip(
            features, values.tolist(), contributions.tolist(), strict=True
        )
    ]


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _features_of(ledger: Ledger, record: ScoreRecord) -> tuple[Feature, ...]:
    """Return the features of the model that answered, which may have left long ago."""
    found = _FEATURES.get(record.model_digest)
    if found is None:
        for known in ledger.records(MODEL_RECORD):
            feature_set = FeatureSet.from_dict(known.payload["feature_set"])
            _FEATURES[str(known.payload["model_digest"])] = feature_set.features
        found = _FEATURES.get(record.model_digest)
    if found is None:
        raise LedgerError(
            f"the ledger does not describe the model of score {record.score_id}",
            "verify the ledger",
        )
    return found


_FEATURES: dict[str, tuple[Feature, ...]] = {}
"""Features of the models met so far, by digest of the model."""


@lru_cache(maxsize=1)
def _rule_features() -> tuple[Feature, ...]:
    return tuple(
        Feature(rule.name, "number", "rules", rule.text_en, rule.text_vi) for rule in RULES
    )
