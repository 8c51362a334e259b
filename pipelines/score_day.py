"""Send a day of arrivals to the scoring service, as the selection engine would."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from riskml.datasets import Tables
from riskml.datasets.consignments import Rollup, roll_up, with_manifests
from riskml.errors import ServiceError
from riskml.history import Progress

__all__ = ["arrivals_of", "score_day"]

_WHOLE = ("revision", "line_no")
_NOT_SENT = ("known_at", "consignment_id", "decision_time", "container_no_raw", "lodging")


def score_day(
    tables: Tables,
    stage: str,
    start: datetime,
    end: datetime,
    *,
    url: str,
    key: str,
    batch: int = 500,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Score the arrivals decided in ``[start, end)`` over HTTP.

    Parameters
    ----------
    tables : Tables
        Holds the arrivals.
    stage : str
        The decision point.
    start, end : datetime
        Aware instants.
    url, key : str
        Address of the service and an engine's credential.
    batch : int
        Consignments in a request, at most 1,000.
    progress : callable, optional
        Wraps an iterable to show how far it is.

    Returns
    -------
    list of dict
        The service's answers, in order.

    Raises
    ------
    ServiceError
        If the service refuses a request.
    """
    items = arrivals_of(tables, stage, start, end)
    cuts: Any = range(0, len(items), batch)
    if progress is not None:
        cuts = progress(cuts, "Scoring over HTTP", len(cuts))
    answers: list[dict[str, Any]] = []
    for cut in cuts:
        answers += _post(f"{url}/v1/score", key, {"consignments": items[cut : cut + batch]})
    return answers


def arrivals_of(tables: Tables, stage: str, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Return the payloads of the consignments decided in ``[start, end)``."""
    rollup = roll_up(tables, stage)
    decided = rollup.consignments["decision_time"]
    day = rollup.take(((decided >= start) & (decided < end)).to_numpy())
    return list(_payloads(with_manifests(day, tables)))


def _payloads(rollup: Rollup) -> Iterator[dict[str, Any]]:
    lines = [_payload(row) for row in rollup.lines.to_dict("records")]
    owned: list[list[dict[str, Any]]] = [[] for _ in range(len(rollup))]
    for owner, line in zip(rollup.owner.tolist(), lines, strict=True):
        owned[owner].append(line)
    ships = (
        [None] * len(rollup) if rollup.manifests is None else rollup.manifests.to_dict("records")
    )
    heads = rollup.consignments.to_dict("records")
    for head, ship, own in zip(heads, ships, owned, strict=True):
        item: dict[str, Any] = {
            "stage": rollup.stage,
            "decision_time": _text(head["decision_time"]),
        }
        if rollup.stage == "pre_arrival":
            item["manifest"] = own[0]
        else:
            item["declaration_lines"] = own
            if ship is not None and not pd.isna(ship["bill_no"]):
                item["manifest"] = _payload(ship)
        yield item


def _payload(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a row as the service takes it: what was given, nothing derived."""
    sent = {
        name: int(value) if name in _WHOLE else _text(value)
        for name, value in row.items()
        if not pd.isna(value) and name not in _NOT_SENT and not name.startswith("invalid_")
    }
    if "container_no" not in sent and not pd.isna(row.get("container_no_raw")):
        sent["container_no"] = row["container_no_raw"]
    return sent


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, pd.Timestamp) else value


def _post(url: str, key: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    request = urllib.request.Request(  # noqa: S310 - our own service, by http
        url,
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
            results: list[dict[str, Any]] = json.load(answer)["results"]
    except urllib.error.HTTPError as error:
        detail = error.read().decode(errors="replace")[:300]
        raise ServiceError(
            f"{url} answered {error.code}: {detail}", "see the service's log"
        ) from error
    except OSError as error:
        raise ServiceError(f"{url} does not answer: {error}", "is the service running?") from error
    return results
