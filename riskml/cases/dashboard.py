"""An office on a day: quota, capacity, hit rate, channels, what is overdue."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from riskml.cases.book import CaseBook, within
from riskml.cases.workflow import STATES, Actor, covers
from riskml.evaluation.intervals import wilson_interval
from riskml.ledger import Ledger, StoredRecord
from riskml.ledger.canonical import to_micros
from riskml.ledger.tables import case_steps, cases

__all__ = ["SELECTION_RECORD", "ChannelLine", "Dashboard", "dashboard"]

SELECTION_RECORD = "selection"


@dataclass(frozen=True, slots=True)
class ChannelLine:
    """One channel's cases.

    Attributes
    ----------
    cases, closed, hits : int
        All; closed after a scan; those of them in violation.
    hit_rate : float or None
    """

    channel: str
    cases: int
    closed: int
    hits: int
    hit_rate: float | None


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What an office sees of itself.

    Attributes
    ----------
    selected : int
        Cases selected on the day.
    capacity : int or None
        Scans the office can make that day, if a selection was recorded for it.
    closed, hits : int
        Of the whole time: closed after a scan, and those of them in violation.
    hit_rate : float or None
    interval : tuple of float or None
        Wilson, 95 %.
    overdue : int
    states : mapping of str to int
    channels : tuple of ChannelLine
    """

    selected: int
    capacity: int | None
    closed: int
    hits: int
    hit_rate: float | None
    interval: tuple[float, float] | None
    overdue: int
    states: Mapping[str, int]
    channels: tuple[ChannelLine, ...]


def dashboard(
    ledger: Ledger, book: CaseBook, user: Actor, *, office: str | None, day: date, zone: ZoneInfo
) -> Dashboard:
    """Return the figures of an office (None: of all in the user's scope) on a local day."""
    scope = sa.and_(within(cases.c.office, user.office), within(cases.c.office, office))
    counted = (
        sa.select(cases.c.channel, cases.c.state, cases.c.result, sa.func.count().label("number"))
        .where(scope)
        .group_by(cases.c.channel, cases.c.state, cases.c.result)
    )
    with ledger.reading() as connection:
        rows = [dict(row) for row in connection.execute(counted).mappings()]
        selected = int(connection.execute(_selected(scope, day, zone)).scalar() or 0)
    channels = tuple(_line(name, rows) for name in sorted({row["channel"] for row in rows}))
    closed, hits = sum(c.closed for c in channels), sum(c.hits for c in channels)
    states = Counter[str]()
    for row in rows:
        states[row["state"]] += row["number"]
    return Dashboard(
        selected=selected,
        capacity=_capacity(ledger.records(SELECTION_RECORD), office, day),
        closed=closed,
        hits=hits,
        hit_rate=_rate(hits, closed),
        interval=_interval(hits, closed),
        overdue=sum(covers(office, case.office) for case in book.overdue(user)),
        states={state: states[state] for state in STATES if states[state]},
        channels=channels,
    )


def _selected(scope: "sa.ColumnElement[bool]", day: date, zone: ZoneInfo) -> "sa.Select[int]":
    start = datetime.combine(day, time.min, zone)
    end = datetime.combine(day + timedelta(days=1), time.min, zone)
    return (
        sa.select(sa.func.count())
        .select_from(case_steps)
        .join(cases, cases.c.case_id == case_steps.c.case_id)
        .where(
            scope,
            case_steps.c.action == "select",
            case_steps.c.at >= to_micros(start, "day"),
            case_steps.c.at < to_micros(end, "day"),
        )
    )


def _line(channel: str, rows: Iterable[Mapping[str, Any]]) -> ChannelLine:
    own = [row for row in rows if row["channel"] == channel]
    # A proposal that was rejected was never scanned: it says nothing of the hit rate.
    closed = sum(
        row["number"] for row in own if row["state"] == "closed" and row["result"] != "rejected"
    )
    hits = sum(row["number"] for row in own if row["result"] == "violation")
    return ChannelLine(
        channel, sum(row["number"] for row in own), closed, hits, _rate(hits, closed)
    )


def _rate(hits: int, closed: int) -> float | None:
    return hits / closed if closed else None


def _interval(hits: int, closed: int) -> tuple[float, float] | None:
    if not closed:
        return None
    return wilson_interval(hits, closed)


def _capacity(selections: Iterable[StoredRecord], office: str | None, day: date) -> int | None:
    """Return what the newest recorded selection of the day says of the office's capacity."""
    known: dict[tuple[str, Any], int] = {}
    for record in selections:
        for stratum in record.payload.get("strata", ()):
            fits = stratum.get("date") == day.isoformat() and covers(office, stratum.get("office"))
            if fits and stratum.get("capacity") is not None:
                known[stratum["office"], stratum.get("mode")] = int(stratum["capacity"])
    return sum(known.values()) if known else None
