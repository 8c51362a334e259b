"""``GET /v1/scores/{score_id}`` and ``GET /v1/model``: what was answered, and by what."""

import re

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from riskml.scoring.explained import explained
from serving.errors import ApiError
from serving.responses import json_response
from serving.worker import Worker

__all__ = ["explanation", "model"]

_SCORE_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ANSWERS_ONLY = frozenset({"engine"})
"""Roles whose look at a score is no access to be recorded: it is the engine's own answer."""


async def model(request: Request, worker: Worker) -> Response:
    """Say which models serve."""
    await worker.authorise(request, "model")
    state = worker.runtime.current()
    models = [served.to_dict() for served in state.models.values()]
    history = state.history.state
    newest = history.newest.isoformat() if history.newest is not None else None
    content = {
        "models": models,
        "history": {"watermark": history.watermark, "newest": newest},
    }
    return json_response(msgspec.json.encode(content))


async def explanation(request: Request, worker: Worker) -> Response:
    """Explain one score in full; who looked is recorded."""
    principal = await worker.authorise(request, "explanation")
    score_id = str(request.path_params["score_id"])
    record = None
    if _SCORE_ID.fullmatch(score_id):
        record = await worker.in_thread(worker.runtime.ledger.score, score_id)
    if record is None or (principal.office is not None and principal.office != record.office):
        raise ApiError("not_found", "there is no such score", field="score_id",
                       remedy="send an identifier that POST /v1/score answered")  # fmt: skip
    if principal.role not in _ANSWERS_ONLY:
        await worker.in_thread(
            worker.runtime.ledger.record_access,
            *(record.score_id, principal.key_id, principal.role, "api", worker.runtime.writer),
        )
    content = await worker.in_thread(explained, worker.runtime.ledger, record)
    return json_response(msgspec.json.encode(content))
