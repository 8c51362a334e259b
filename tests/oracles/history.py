"""Every history statistic, recomputed from its definition: slow, plain and obvious.

No arrays, no index, no running sums: for each query look at every record, keep the latest
revision known before the decision, drop the query's own outcomes, filter by key and window,
and apply the definition with Python's exact integers.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from riskml.history import Events, Queries, Statistic

DAY = 86_400_000_000
STREAMS = {
    "known": "outcomes",
    "hits": "outcomes",
    "hit_rate": "outcomes",
    "days_since_last_hit": "outcomes",
    "mean_severity": "outcomes",
    "findings": "findings",
    "suspicious": "findings",
    "suspicious_rate": "findings",
}


@dataclass(frozen=True)
class Record:
    event_id: str
    revision: int
    known_at: int
    unit: str | None
    keys: dict[str, str | None]
    values: dict[str, float]
    only: tuple[str, ...] | None


@dataclass(frozen=True)
class Query:
    time: int
    unit: str | None
    keys: dict[str, str | None]
    values: dict[str, float]


def recompute(
    statistics: Sequence[Statistic],
    events: Iterable[Events],
    queries: Queries,
    base_rate: float = 0.01,
) -> np.ndarray:
    streams: dict[str, list[Record]] = {}
    for batch in events:
        streams.setdefault(batch.stream, []).extend(records_of(batch))
    answers = [
        [Answerer(streams, query, base_rate).answer(statistic) for statistic in statistics]
        for query in queries_of(queries)
    ]
    return np.array(answers, dtype=np.float64).reshape(len(queries), len(statistics))


def records_of(events: Events) -> list[Record]:
    return [
        Record(
            events.event_id[row],
            int(events.revision[row]),
            int(events.known_at[row]),
            events.unit[row],
            {name: column[row] for name, column in events.keys.items()},
            {name: float(column[row]) for name, column in events.values.items()},
            events.only,
        )
        for row in range(len(events))
    ]


def queries_of(queries: Queries) -> list[Query]:
    return [
        Query(
            int(queries.decision_time[row]),
            queries.unit[row],
            {name: column[row] for name, column in queries.keys.items()},
            {name: float(column[row]) for name, column in queries.values.items()},
        )
        for row in range(len(queries))
    ]


def visible(records: Iterable[Record], query: Query, stream: str) -> list[Record]:
    """Return the latest known revision of each event, without the query's own outcomes."""
    latest: dict[str, Record] = {}
    for record in records:
        if record.known_at < query.time:
            other = latest.get(record.event_id)
            if other is None or record.revision > other.revision:
                latest[record.event_id] = record
    return [
        record
        for record in latest.values()
        if stream == "lines" or query.unit is None or record.unit != query.unit
    ]


class Answerer:
    def __init__(self, streams: dict[str, list[Record]], query: Query, base_rate: float) -> None:
        self.query = query
        self.base_rate = base_rate
        self.seen = {name: visible(records, query, name) for name, records in streams.items()}

    def answer(self, statistic: Statistic) -> float:
        if any(self.query.keys[name] is None for name in statistic.key):
            return math.nan
        rows = self.rows(statistic, statistic.days)
        kind = statistic.kind
        if kind.startswith("price_"):
            return price(kind, rows, str(statistic.column), self.query)
        if kind in ("sum", "mean", "std", "mean_severity"):
            column = "severity" if kind == "mean_severity" else str(statistic.column)
            return moment(kind, units_of(rows, column, statistic.decimals), statistic.decimals)
        if kind in ("hit_rate", "suspicious_rate"):
            return self.rate(statistic, rows)
        if kind == "distinct":
            values = {record.keys[str(statistic.column)] for record in rows}
            return float(len(values - {None}))
        if kind == "share":
            return self.share(statistic, rows)
        if kind == "trend":
            longer = self.rows(statistic, statistic.long_days)
            return len(rows) / len(longer) if longer else math.nan
        return {
            "count": lambda: float(len(rows)),
            "known": lambda: float(len(rows)),
            "findings": lambda: float(len(rows)),
            "hits": lambda: float(len(flagged(rows, "hit"))),
            "suspicious": lambda: float(len(flagged(rows, "suspicious"))),
            "first_seen": lambda: 0.0 if rows else 1.0,
            "days_since_last": lambda: self.since(rows),
            "days_since_last_hit": lambda: self.since(flagged(rows, "hit")),
        }[kind]()

    def rows(self, statistic: Statistic, days: float | None) -> list[Record]:
        """Return the visible records of the query's entity, known within the window."""
        stream = statistic.stream or STREAMS.get(statistic.kind, "lines")
        start = 0 if days is None else self.query.time - round(days * DAY)
        return [
            record
            for record in self.seen.get(stream, [])
            if record.only in (None, statistic.key)
            and all(record.keys[name] == self.query.keys[name] for name in statistic.key)
            and (record.values["lodged_at"] if statistic.lodged else record.known_at) >= start
        ]

    def rate(self, statistic: Statistic, rows: list[Record]) -> float:
        hits = len(flagged(rows, "hit" if statistic.kind == "hit_rate" else "suspicious"))
        prior = self.base_rate
        if statistic.key:
            everything = self.rate_of(statistic, ())
            parent = everything
            if statistic.parent and all(self.query.keys[n] is not None for n in statistic.parent):
                parent = self.rate_of(statistic, statistic.parent)
            prior = parent
        strength = statistic.strength
        return (hits + strength * prior) / (len(rows) + strength)

    def rate_of(self, statistic: Statistic, key: tuple[str, ...]) -> float:
        wider = Statistic(
            key,
            statistic.kind,
            days=statistic.days,
            strength=statistic.strength,
            stream=statistic.stream,
            lodged=statistic.lodged,
        )
        return self.rate(wider, self.rows(wider, wider.days))

    def share(self, statistic: Statistic, rows: list[Record]) -> float:
        own = self.query.keys[str(statistic.column)]
        if own is None or not rows:
            return math.nan
        return sum(record.keys[str(statistic.column)] == own for record in rows) / len(rows)

    def since(self, rows: list[Record]) -> float:
        if not rows:
            return math.nan
        return (self.query.time - max(record.known_at for record in rows)) / DAY


def flagged(rows: list[Record], column: str) -> list[Record]:
    return [record for record in rows if record.values[column] == 1.0]


def units_of(rows: list[Record], column: str, decimals: int) -> list[int]:
    present = [record.values[column] for record in rows if not math.isnan(record.values[column])]
    return [round(value * 10.0**decimals) for value in present]


def moment(kind: str, units: list[int], decimals: int) -> float:
    """Exact integers up to the last, rounded step."""
    count, total, scale = len(units), sum(units), float(10**decimals)
    if kind == "sum":
        return float(total) / scale
    if kind in ("mean", "mean_severity"):
        return float(total) / (scale * count) if count else math.nan
    if count < 2:
        return math.nan
    spread = count * sum(unit * unit for unit in units) - total * total
    return math.sqrt(float(spread) / (float(count) * (count - 1))) / scale


def step_of(price: float) -> tuple[int, int]:
    """Octave of a price, and which of its 64 equal steps; the grid ends at 2**-32 and 2**64."""
    if price < 2.0**-32:
        return -32, 0
    if price >= 2.0**64:
        return 63, 63
    mantissa, exponent = math.frexp(price)
    return exponent - 1, math.floor((2.0 * mantissa - 1.0) * 64.0)


def price(kind: str, rows: list[Record], column: str, query: Query) -> float:
    prices = [record.values[column] for record in rows]
    steps = sorted(step_of(value) for value in prices if value > 0.0)
    if kind == "price_count":
        return float(len(steps))
    own = query.values[column]
    if not own > 0.0 or not steps:
        return math.nan
    if kind == "price_percentile":
        mine = step_of(own)
        below = sum(step < mine for step in steps)
        return (below + 0.5 * steps.count(mine)) / len(steps)
    octave, step = steps[(len(steps) - 1) // 2]
    centre = 2.0**octave * (1.0 + (step + 0.5) / 64.0)
    return math.log(own) - math.log(centre)


def same(left: np.ndarray, right: np.ndarray) -> Any:
    """Equal to the last bit, any NaN equal to any NaN."""
    one, other = np.ascontiguousarray(left), np.ascontiguousarray(right)
    if one.shape != other.shape:
        return False
    bits = one.view(np.int64) == other.view(np.int64)
    return bool(np.all(bits | (np.isnan(one) & np.isnan(other))))
