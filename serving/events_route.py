"""``POST /v1/events`` and ``POST /v1/outcomes``: history as it happens, idempotent."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from riskml.ledger import EventReceipt, Principal
from serving.auth import check_office
from serving.errors import ApiError
from serving.limits import read_body
from serving.metrics import ITEMS, PHASE
from serving.normal import event_of, normal_row
from serving.payloads import decode_events, decode_row
from serving.responses import json_response
from serving.settings import ServiceSettings
from serving.worker import Worker

__all__ = ["events", "outcomes"]

_HAPPENED = (
    "submitted_at", "lodged_at", "selected_at", "scanned_at", "reviewed_at", "opened_at",
    "closed_at", "recorded_at",
)  # fmt: skip
"""Times of what has happened; an arrival may lie ahead."""


@dataclass(frozen=True)
class Checked:
    """A row ready for the log, or what is wrong with it."""

    table: str
    row: dict[str, Any]
    error: ApiError | None = None


async def events(request: Request, worker: Worker) -> Response:
    """Append manifests and declaration lines to history."""
    return await _append(request, worker, "events")


async def outcomes(request: Request, worker: Worker) -> Response:
    """Append scan findings and results to history."""
    return await _append(request, worker, "outcomes")


async def _append(request: Request, worker: Worker, route: str) -> Response:
    principal = await worker.authorise(request, route)
    body = await read_body(request, worker.options)
    worker.runtime.current()
    rows = decode_events(body, outcomes=route == "outcomes")
    request.state.items = len(rows)
    with worker.gate.items(len(rows)):
        checked = await worker.in_scoring_thread(_check, rows, principal, worker.options)
        results = await worker.in_thread(_write, worker, checked)
    refused = sum("error" in result for result in results)
    ITEMS.labels(route, "taken").inc(len(results) - refused)
    ITEMS.labels(route, "refused").inc(refused)
    watermark = worker.runtime.current().history.state.watermark
    return json_response(msgspec.json.encode({"results": results, "watermark": watermark}))


def _check(
    rows: Sequence[tuple[str, msgspec.Raw]], principal: Principal, options: ServiceSettings
) -> list[Checked]:
    now = datetime.now(UTC) + timedelta(seconds=options.future_tolerance_seconds)
    return [_check_row(table, raw, principal, now, options) for table, raw in rows]


def _check_row(
    table: str, raw: msgspec.Raw, principal: Principal, latest: datetime, options: ServiceSettings
) -> Checked:
    try:
        given, extra = decode_row(table, raw)
        row = normal_row(table, given, extra, commodity_system=options.commodity_system)
        check_office(principal, row["office"], "office")
        _check_times(row, latest)
    except ApiError as error:
        return Checked(table, {}, error)
    return Checked(table, event_of(row))


def _check_times(row: Mapping[str, Any], latest: datetime) -> None:
    for name in _HAPPENED:
        if name in row and row[name] > latest:
            raise ApiError(
                "future_event_time",
                "what happened cannot lie in the future",
                field=name,
                remedy="correct it, or check the sender's clock",
            )


def _write(worker: Worker, checked: Sequence[Checked]) -> list[dict[str, Any]]:
    """Write the sound rows, one transaction per table, and wait until history has them."""
    start = time.perf_counter()
    ledger, writer = worker.runtime.ledger, worker.runtime.writer
    receipts: dict[int, EventReceipt] = {}
    for table in dict.fromkeys(one.table for one in checked):
        positions = [
            position
            for position, one in enumerate(checked)
            if one.table == table and one.error is None
        ]
        written = ledger.append_events(table, [checked[p].row for p in positions], writer=writer)
        receipts |= dict(zip(positions, written, strict=True))
    PHASE.labels("events_commit").observe(time.perf_counter() - start)
    if receipts:
        worker.runtime.wait_for_event(max(receipt.seq for receipt in receipts.values()))
    return [_result(one, receipts.get(position)) for position, one in enumerate(checked)]


def _result(checked: Checked, receipt: EventReceipt | None) -> dict[str, Any]:
    if receipt is None:
        error = checked.error or ApiError("internal_error", "the row was not written")
        return {"table": checked.table, "error": error.to_dict()}
    if receipt.conflict:
        error = ApiError(
            "event_conflict",
            "this row was sent before with other content, which stands",
            field="revision",
            remedy="send a correction with a higher revision",
        )
        return {"table": checked.table, "seq": receipt.seq, "error": error.to_dict()}
    status = "duplicate" if receipt.duplicate else "new"
    return {"table": checked.table, "seq": receipt.seq, "status": status}
