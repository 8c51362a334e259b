"""Consignments in, answers and ledger records out: everything between parsing and commit."""

import logging
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import numpy as np

from riskml.errors import RiskmlError
from riskml.ledger import (
    EncodedJson,
    EncodedScore,
    Principal,
    ScoreRecord,
    encode_score,
    new_id,
)
from riskml.scoring import rule_score
from serving.auth import check_office
from serving.errors import ApiError, from_riskml
from serving.history import History, HistoryState, Looked
from serving.items import Asked, asked_of, plain_content
from serving.logs import log
from serving.metrics import DEGRADED, PHASE, PROBABILITY
from serving.models import Served
from serving.outcomes import Outcome, model_outcome, rule_outcome
from serving.payloads import decode_item
from serving.settings import ServiceSettings

__all__ = ["Answered", "Answerer", "Caller", "ServingState"]

_NUMBER = struct.Struct("<d")


@dataclass(frozen=True)
class ServingState:
    """Everything an answer is made of; replaced as a whole, so no answer mixes two models."""

    models: Mapping[str, Served]
    history: History


@dataclass(frozen=True)
class Caller:
    """Who asks, when, and under which idempotency key."""

    principal: Principal
    received: datetime
    idempotency_key: str | None = None


@dataclass(frozen=True)
class Answered:
    """The answer to one item: its body, and the ledger record if it is a score."""

    body: dict[str, Any]
    record: EncodedScore | None = None


@dataclass(frozen=True)
class Answerer:
    """Answers the items of one request with one state of models and history."""

    state: ServingState
    caller: Caller
    settings: ServiceSettings

    def answer(self, raws: Sequence[msgspec.Raw]) -> list[Answered]:
        """Answer each item on its own, in order; a bad one is an error and spoils no other."""
        asked = [self._asked(raw) for raw in raws]
        outcomes: list[Outcome | ApiError | None] = [None] * len(asked)
        for positions in self._batches(asked):
            group = [one for one in (asked[p] for p in positions) if isinstance(one, Asked)]
            for position, outcome in zip(positions, self._score_together(group), strict=True):
                outcomes[position] = outcome
        return [self._answered(a, o) for a, o in zip(asked, outcomes, strict=True)]

    def _asked(self, raw: msgspec.Raw) -> Asked | ApiError:
        try:
            asked = asked_of(
                decode_item(raw), self.caller.principal, self.caller.received, self.settings
            )
            return asked if asked.item is not None else self._identified(asked)
        except Exception as error:
            return _reported(error)

    def _identified(self, asked: Asked) -> Asked:
        """Find what events know of a consignment that was asked for by its keys."""
        known = self.state.history.identify(asked.stage, asked.keys, asked.decision_time)
        if known is None:
            raise ApiError(
                "unknown_consignment",
                "no event sent before speaks of this consignment",
                field="bill_no" if asked.keys.get("bill_no") else "declaration_id",
                remedy="send its events first, or its content with the item",
            )
        check_office(self.caller.principal, known.get("office"), "office")
        keys = {name: known.get(name) for name in asked.keys}
        return replace(asked, keys=keys, office=known.get("office"), known=known)

    def _batches(self, asked: Sequence[Asked | ApiError]) -> list[list[int]]:
        """Group the positions of items that one look-up can answer."""
        together: dict[str, list[int]] = {}
        alone: list[list[int]] = []
        for position, one in enumerate(asked):
            if isinstance(one, ApiError):
                continue
            if one.item is not None and one.stage in self.state.models:
                together.setdefault(one.stage, []).append(position)
            else:
                alone.append([position])
        return [*together.values(), *alone]

    def _score_together(self, group: Sequence[Asked]) -> list[Outcome | ApiError]:
        """Score a group at once; if something in it cannot be scored, one by one."""
        try:
            return self._score(group)
        except Exception as error:
            if len(group) == 1:
                return [_reported(error)]
            return [self._score_together([asked])[0] for asked in group]

    def _score(self, group: Sequence[Asked]) -> list[Outcome | ApiError]:
        first = group[0]
        served = self.state.models.get(first.stage)
        if served is None:
            return [self._by_rules(first, "no_model", self.state.history.state)]
        with PHASE.labels("features").time():
            looked = self._look_up(group)
        with PHASE.labels("explain").time():
            scored = served.scorer.score(looked.columns)
        outcomes: list[Outcome | ApiError] = []
        for asked, score in zip(group, scored, strict=True):
            if self._is_old(looked.state, asked.decision_time):
                outcomes.append(self._by_rules(asked, "old_history", looked.state))
                continue
            try:
                outcomes.append(model_outcome(score, served, looked.state))
            except ApiError as error:
                outcomes.append(_reported(error))
        return outcomes

    def _look_up(self, group: Sequence[Asked]) -> Looked:
        first = group[0]
        items = [asked.item for asked in group if asked.item is not None]
        if items:
            return self.state.history.look_up(first.stage, items)
        looked = self.state.history.look_up_known(first.stage, first.keys, first.decision_time)
        if looked is None:
            raise ApiError("unknown_consignment", "the consignment is not known any more",
                           remedy="send its events again")  # fmt: skip
        return looked

    def _by_rules(self, asked: Asked, cause: str, history: HistoryState) -> Outcome:
        DEGRADED.labels(cause).inc()
        manifest, lines = asked.rows
        return rule_outcome(rule_score(manifest, lines), history, cause)

    def _is_old(self, history: HistoryState, decision_time: datetime) -> bool:
        if not self.settings.max_history_age_hours:
            return False
        oldest = decision_time - timedelta(hours=self.settings.max_history_age_hours)
        return history.newest is None or history.newest < oldest

    def _answered(self, asked: Asked | ApiError, outcome: Outcome | ApiError | None) -> Answered:
        if isinstance(asked, ApiError):
            return Answered({"error": asked.to_dict()})
        if outcome is None or isinstance(outcome, ApiError):
            error = outcome or ApiError("internal_error", "the item was not scored")
            return Answered({"error": error.to_dict()})
        score_id = new_id()
        PROBABILITY.labels(asked.stage).observe(outcome.probability)
        return Answered(
            _body(score_id, asked, outcome),
            encode_score(self._record(score_id, asked, outcome)),
        )

    def _record(self, score_id: str, asked: Asked, outcome: Outcome) -> ScoreRecord:
        served = outcome.served
        return ScoreRecord(
            score_id=score_id,
            stage=asked.stage,
            bill_no=asked.keys.get("bill_no"),
            container_no=asked.keys.get("container_no"),
            declaration_id=asked.keys.get("declaration_id"),
            office=asked.office,
            decision_time=asked.decision_time,
            scored_at=self.caller.received,
            model_digest=outcome.model["digest"],
            model_name=outcome.model["name"],
            model_version=outcome.model["version"],
            feature_set_digest=served.feature_set_digest if served is not None else "",
            history_watermark=outcome.history.watermark,
            features=_bits(outcome.features),
            contributions=_bits(outcome.contributions) + _NUMBER.pack(outcome.base_value),
            base_value=outcome.base_value,
            raw_score=outcome.raw_score,
            probability=outcome.probability,
            degraded=bool(outcome.degraded),
            reasons=EncodedJson(*outcome.reasons),
            request=_request(asked, outcome, self.state.history.base_digest),
            principal=self.caller.principal.key_id,
            idempotency_key=self.caller.idempotency_key,
        )


def _bits(numbers: np.ndarray) -> bytes:
    """Return little-endian float64."""
    return numbers.astype("<f8", copy=False).tobytes()


def _request(asked: Asked, outcome: Outcome, base_digest: str) -> bytes:
    """Return what is kept so that the score can be explained and computed again."""
    content = {"keys": dict(asked.keys)} if asked.item is None else plain_content(asked.item)
    return msgspec.json.encode(
        {
            **content,
            "categories": dict(outcome.categories),
            "history": base_digest,
            "degraded": outcome.degraded,
        }
    )


def _body(score_id: str, asked: Asked, outcome: Outcome) -> dict[str, Any]:
    return {
        "score_id": score_id,
        "stage": asked.stage,
        **asked.keys,
        "decision_time": asked.decision_time.isoformat(),
        "probability": outcome.probability,
        "raw_score": outcome.raw_score,
        "base_value": outcome.base_value,
        "model": outcome.model,
        "reasons": msgspec.Raw(outcome.reasons.content),
        "degraded": bool(outcome.degraded),
        "degraded_cause": outcome.degraded or None,
    }


def _reported(error: Exception) -> ApiError:
    """Return the error to answer with; what should not happen is logged, without content."""
    if isinstance(error, ApiError) and error.code != "not_additive":
        return error
    log("item_failed", level=logging.ERROR, error=type(error).__name__, exc_info=True)
    if isinstance(error, RiskmlError):
        return from_riskml(error)
    return ApiError(
        "internal_error",
        "the service failed on this item",
        remedy="send the request id to whoever operates the service",
    )
