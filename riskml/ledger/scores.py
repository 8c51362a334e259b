"""Scores, and the answers that are remembered with them."""

import json
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from riskml.ledger.canonical import clean_text, from_micros, is_storable, to_micros
from riskml.ledger.chain import extend, insert_ignoring
from riskml.ledger.encoding import NUMBERS, TEXTS, encode_score
from riskml.ledger.records import Answer, EncodedScore, ScoreRecord, Submission
from riskml.ledger.tables import answers, scores

__all__ = [
    "append",
    "claim_answers",
    "count",
    "find",
    "find_answer",
    "forget_answers",
    "prepare",
    "since",
]

Prepared = tuple[list[EncodedScore], Answer | None]
"""What one request hands in."""


def prepare(submissions: Sequence[Submission]) -> list[Prepared]:
    """Check and encode submissions, before a transaction holds up other writers.

    Raises
    ------
    LedgerError
        Names what cannot be recorded.
    """
    return [
        (
            [r if isinstance(r, EncodedScore) else encode_score(r) for r in each.records],
            each.answer,
        )
        for each in submissions
    ]


def append(
    connection: Connection, prepared: Sequence[Prepared], writer: str
) -> list[Answer | None]:
    """Write the submissions whose key is new; return the earlier answer of each other one."""
    earlier = claim_answers(connection, [answer for _, answer in prepared])
    fresh = [
        score
        for (encoded_scores, _), stands in zip(prepared, earlier, strict=True)
        if stands is None
        for score in encoded_scores
    ]
    if fresh:
        extend(connection, scores, [score.values for score in fresh], writer,
               [(score.before, score.after) for score in fresh])  # fmt: skip
    return earlier


def claim_answers(connection: Connection, given: Sequence[Answer | None]) -> list[Answer | None]:
    """Store the answers whose key is new; return, aligned, the earlier ones of the others.

    Of two answers with one key in ``given`` the first is stored and the second finds it.
    """
    first: dict[tuple[str, str], Answer] = {}
    for answer in given:
        if answer is not None:
            clean_text(answer.principal, "principal")
            clean_text(answer.key, "idempotency key")
            first.setdefault((answer.principal, answer.key), answer)
    fresh = _insert_answers(connection, first) if first else set()
    earlier: list[Answer | None] = []
    for answer in given:
        if answer is None:
            earlier.append(None)
        elif (answer.principal, answer.key) in fresh:
            earlier.append(None)
            fresh.remove((answer.principal, answer.key))
        else:
            earlier.append(find_answer(connection, answer.principal, answer.key))
    return earlier


def _insert_answers(
    connection: Connection, first: dict[tuple[str, str], Answer]
) -> set[tuple[str, str]]:
    now = time.time_ns() // 1000
    # Sorted, so that two hosts which claim the same keys wait in one order and never for another.
    rows = [
        {
            "principal": principal,
            "key": key,
            "request_digest": answer.request_digest,
            "body": answer.body,
            "answered_at": now,
        }
        for (principal, key), answer in sorted(first.items(), key=lambda item: item[0])
    ]
    insert = insert_ignoring(connection, answers).returning(answers.c.principal, answers.c.key)
    return {(row.principal, row.key) for row in connection.execute(insert, rows)}


def find_answer(connection: Connection, principal: str, key: str) -> Answer | None:
    """Return the answer remembered under a principal's key."""
    if not (is_storable(principal) and is_storable(key)):
        return None
    query = sa.select(answers).where(answers.c.principal == principal, answers.c.key == key)
    row = connection.execute(query).first()
    if row is None:
        return None
    return Answer(row.principal, row.key, row.request_digest, bytes(row.body))


def forget_answers(connection: Connection, before: datetime) -> int:
    """Delete the answers given before a moment; return how many there were."""
    old = answers.c.answered_at < to_micros(before, "before")
    return connection.execute(answers.delete().where(old)).rowcount


def find(connection: Connection, score_id: str) -> ScoreRecord | None:
    """Return one score."""
    if not is_storable(score_id):
        return None
    row = connection.execute(sa.select(scores).where(scores.c.score_id == score_id)).first()
    return None if row is None else _to_record(row)


def since(connection: Connection, limit: int | None, **filters: Any) -> list[ScoreRecord]:
    """Return the scores that pass the filters of :func:`_passing`, oldest first."""
    query = sa.select(scores).where(*_passing(**filters))
    query = query.order_by(scores.c.scored_at, scores.c.score_id).limit(limit)
    return [_to_record(row) for row in connection.execute(query)]


def count(connection: Connection, **filters: Any) -> int:
    """Return how many scores pass the filters."""
    query = sa.select(sa.func.count()).select_from(scores).where(*_passing(**filters))
    return int(connection.execute(query).scalar_one())


def _passing(
    start: datetime | None = None,
    until: datetime | None = None,
    stage: str | None = None,
    office: str | None = None,
) -> Iterable[sa.ColumnElement[bool]]:
    if start is not None:
        yield scores.c.scored_at >= to_micros(start, "start")
    if until is not None:
        yield scores.c.scored_at < to_micros(until, "until")
    if stage is not None:
        yield scores.c.stage == stage
    if office is not None:
        yield scores.c.office == office


def _to_record(row: Any) -> ScoreRecord:
    values = {name: getattr(row, name) for name in (*TEXTS, *NUMBERS)}
    return ScoreRecord(
        **values,
        decision_time=from_micros(row.decision_time),
        scored_at=from_micros(row.scored_at),
        history_watermark=row.history_watermark,
        features=bytes(row.features),
        contributions=bytes(row.contributions),
        degraded=row.degraded,
        reasons=json.loads(row.reasons),
        request=json.loads(row.request),
    )
