"""``POST /v1/score``: answered once it is durable, each item on its own."""

import hashlib
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from riskml.ledger import Answer, Principal, Submission
from serving.engine import Answered, Answerer, Caller
from serving.errors import ApiError
from serving.limits import read_body
from serving.metrics import ITEMS, PHASE
from serving.payloads import split_items
from serving.responses import json_response
from serving.worker import Worker

__all__ = ["score"]

FEW = 2
"""Items that are scored where they are received, unless history is being written."""
CHUNK = 100
"""Items scored at a time: a request of 1,000 does not keep a request of 1 waiting."""
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


async def score(request: Request, worker: Worker) -> Response:
    """Answer 1 to 1,000 consignments."""
    principal = await worker.authorise(request, "score")
    caller = Caller(principal, datetime.now(UTC), _idempotency_key(request))
    body = await read_body(request, worker.options)
    digest = hashlib.sha256(b"POST /v1/score\n" + body).hexdigest()
    if caller.idempotency_key is not None:
        earlier = await _recall(worker, principal, caller.idempotency_key, digest)
        if earlier is not None:
            return earlier
    raws = split_items(body)
    request.state.items = len(raws)
    with worker.gate.items(len(raws)):
        answers = await _answer(worker, raws, caller)
        content = msgspec.json.encode({"results": [answer.body for answer in answers]})
        return await _commit(worker, caller, digest, answers, content)


async def _answer(worker: Worker, raws: Sequence[msgspec.Raw], caller: Caller) -> list[Answered]:
    """Score in chunks, all with the models that served when the request began."""
    start = time.perf_counter()
    answerer = Answerer(worker.runtime.current(), caller, worker.options)
    if len(raws) <= FEW and not answerer.state.history.busy:
        answers = answerer.answer(raws)  # quicker than a hop to a thread and back
    else:
        parts = [raws[first : first + CHUNK] for first in range(0, len(raws), CHUNK)]
        answers = [one for part in await worker.in_turn(answerer.answer, parts) for one in part]
    PHASE.labels("answer").observe(time.perf_counter() - start)
    return answers


async def _commit(
    worker: Worker, caller: Caller, digest: str, answers: Sequence[Answered], content: bytes
) -> Response:
    start = time.perf_counter()
    records = tuple(answer.record for answer in answers if answer.record is not None)
    remembered = None
    if caller.idempotency_key is not None:
        key_id = caller.principal.key_id
        remembered = Answer(key_id, caller.idempotency_key, digest, content)
    if records or remembered is not None:
        earlier = await worker.committer.commit(Submission(records, remembered))
        if earlier is not None:
            return _replay(earlier.request_digest, earlier.body, digest)
    PHASE.labels("commit").observe(time.perf_counter() - start)
    ITEMS.labels("score", "scored").inc(len(records))
    ITEMS.labels("score", "refused").inc(len(answers) - len(records))
    return json_response(content)


async def _recall(worker: Worker, principal: Principal, key: str, digest: str) -> Response | None:
    found = await worker.in_thread(worker.runtime.ledger.recall_answer, principal.key_id, key)
    return None if found is None else _replay(found[0], found[1], digest)


def _replay(earlier_digest: str, body: bytes, digest: str) -> Response:
    """Send an earlier answer again, if it was the answer to the same request."""
    if earlier_digest != digest:
        raise ApiError(
            "idempotency_conflict",
            "the Idempotency-Key was used before for another request",
            field="Idempotency-Key",
            remedy="use a fresh key for each request",
        )
    return json_response(body, headers={"Idempotent-Replay": "true"})


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise ApiError(
            "invalid_request",
            "the Idempotency-Key is empty, too long, or not printable ASCII",
            field="Idempotency-Key",
            remedy="send 1 to 200 characters, for instance a UUID",
        )
    return key
