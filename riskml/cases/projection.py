"""What the queue shows of a score: parties, goods and duty, from the documents it was made of."""

import json
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection, RowMapping

from riskml.cases.content import documents_of
from riskml.features.items import consignment_id_of
from riskml.ledger.canonical import from_micros
from riskml.ledger.lookups import documents

__all__ = ["folded", "projected"]

LONGEST_SHOWN = 300


def projected(connection: Connection, score: RowMapping, zone: ZoneInfo) -> dict[str, Any]:
    """Return the row that the queue has for a score, without what its case adds.

    Parameters
    ----------
    connection : Connection
        Where the documents are read that the score names by their keys.
    score : RowMapping
        A row of the table of scores.
    zone : ZoneInfo
        Of the business day.
    """
    manifest, lines = _documents(connection, score)
    own: Mapping[str, Any] = manifest or {}
    first = lines[0] if lines else {}
    shown = {
        "party_name": _first(
            (first, "importer_name"), (first, "importer_id"),
            (own, "consignee_name"), (own, "consignee_id"),
        ),
        "goods": _first((first, "goods_description"), (own, "goods_description")),
        "commodity_code": _first((first, "commodity_code"), (own, "commodity_code")),
        "origin_country": _first((first, "origin_country")),
    }  # fmt: skip
    numbers = {name: score[name] for name in ("bill_no", "container_no", "declaration_id")}
    instant = from_micros(score["decision_time"])
    words = [value for value in (*numbers.values(), *shown.values()) if value]
    return {
        "consignment_id": consignment_id_of(numbers),
        "stage": score["stage"],
        "score_id": score["score_id"],
        "day": instant.astimezone(zone).date().isoformat(),
        "office": score["office"],
        "mode": _first((first, "mode"), (own, "mode")),
        **numbers,
        "decision_time": score["decision_time"],
        "probability": score["probability"],
        "revenue_at_stake": _stake(lines),
        **shown,
        "degraded": score["degraded"],
        "search": folded(" ".join(map(str, words))),
    }


def folded(text: str) -> str:
    """Return text without case, accents and the strokes of Vietnamese.

    Examples
    --------
    >>> folded("Công ty ĐẠI PHÁT")
    'cong ty dai phat'
    """
    plain = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(c for c in plain if not unicodedata.combining(c))


def _documents(
    connection: Connection, score: RowMapping
) -> tuple[Mapping[str, Any] | None, list[Mapping[str, Any]]]:
    """Return what the score was made of: sent along, or the events that it named."""
    return documents_of(
        json.loads(score["request"]) or {},
        {"manifests": score["bill_no"], "declarations": score["declaration_id"]},
        score["container_no"],
        lambda table, first: documents(connection, table, first, score["history_watermark"]),
    )


def _stake(lines: Iterable[Mapping[str, Any]]) -> float | None:
    """Return the duty of all lines: as declared, else value times rate."""
    known = [duty for line in lines if (duty := _duty(line)) is not None]
    return sum(known) if known else None


def _duty(line: Mapping[str, Any]) -> float | None:
    if isinstance(line.get("duty_amount"), int | float):
        return float(line["duty_amount"])
    value, rate = line.get("customs_value"), line.get("duty_rate")
    if isinstance(value, int | float) and isinstance(rate, int | float):
        return float(value) * float(rate) / 100.0
    return None


def _first(*places: tuple[Mapping[str, Any], str]) -> str | None:
    for row, column in places:
        if row.get(column) is not None:
            return str(row[column])[:LONGEST_SHOWN]
    return None
