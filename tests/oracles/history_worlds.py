"""Small random histories for property tests: ties, revisions, duplicates, own outcomes."""

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from riskml.history import Events, Queries, Statistic

DAY = 86_400_000_000
WINDOWS = (1 / DAY, 7 / DAY, 20 / DAY, 10_000.0, None)
NUMBERS = (float("nan"), 0.0, 1.5, -2.25, 0.1, 0.00005, 123456.7891, 9e11, -9e11)
PRICES = (float("nan"), -1.0, 0.0, 0.5, 1.0, 1.001, 1.02, 3.0, 1000.0, 1e-12, 1e25)

A, AB, B = ("a",), ("a", "b"), ("b",)


def all_statistics() -> list[Statistic]:
    """Every kind, on several keys and windows."""
    found = [Statistic(AB, kind) for kind in ("days_since_last", "days_since_last_hit")]
    found += [Statistic(key, "first_seen") for key in (A, AB, ())]
    found += [Statistic((), "days_since_last"), Statistic((), "days_since_last_hit")]
    for days in WINDOWS:
        for key in (A, AB, ("c", "a", "b"), ()):
            found += [Statistic(key, kind, days=days) for kind in ("count", "known", "hits")]
        for key in (A, ()):
            found += [
                Statistic(key, kind, column="v", days=days) for kind in ("sum", "mean", "std")
            ]
        found += [
            Statistic(AB, "hit_rate", days=days, parent=B),
            Statistic(A, "hit_rate", days=days, parent=B, strength=0.5),
            Statistic(B, "hit_rate", days=days, parent=A),
            Statistic((), "suspicious_rate", days=days),
            Statistic(A, "suspicious_rate", days=days),
            Statistic(B, "findings", days=days),
            Statistic(B, "suspicious", days=days),
            Statistic(A, "distinct", column="b", days=days),
            Statistic((), "distinct", column="a", days=days),
            Statistic(A, "share", column="b", days=days),
            Statistic(A, "share", column="a", days=days),
            Statistic(B, "price_count", column="p", days=days),
            Statistic(B, "price_percentile", column="p", days=days),
            Statistic(B, "price_log_ratio", column="p", days=days),
            Statistic(A, "mean_severity", days=days),
            Statistic(A, "sum", column="v", days=days, decimals=0),
            Statistic(B, "distinct", column="a", days=days, stream="outcomes"),
        ]
    for days in WINDOWS[:-1]:
        found += [
            Statistic(AB, "known", days=days, lodged=True),
            Statistic((), "hits", days=days, lodged=True),
            Statistic(AB, "hit_rate", days=days, parent=B, lodged=True),
            Statistic(A, "suspicious_rate", days=days, lodged=True),
            Statistic(B, "mean_severity", days=days, lodged=True),
        ]
    found.append(Statistic(A, "trend", days=WINDOWS[0], long_days=WINDOWS[2]))
    found.append(Statistic(A, "trend", days=WINDOWS[1]))
    return found


@dataclass(frozen=True)
class World:
    """One random history and what is asked of it."""

    events: list[Events]
    queries: Queries


@dataclass(frozen=True)
class Row:
    """A record of any stream, before it becomes arrays."""

    event_id: str
    revision: int
    known_at: int
    unit: str | None
    a: str | None
    b: str | None
    c: str | None
    v: float
    p: float
    flag: float
    delay: int = 0


texts = {
    "a": st.sampled_from(["a0", "a0", "a1", None]),
    "b": st.sampled_from(["b0", "b1", None]),
    "c": st.sampled_from(["c0", "c0", "c1", None]),
}
units = st.sampled_from(["u0", "u1", "u2", None])
numbers = st.sampled_from(NUMBERS) | st.floats(-1e6, 1e6)
prices = st.sampled_from(PRICES) | st.floats(1e-3, 1e6)
rows = st.builds(
    Row,
    event_id=st.sampled_from([f"e{i}" for i in range(7)]),
    revision=st.integers(0, 3),
    known_at=st.integers(0, 30),
    unit=units,
    v=numbers,
    p=prices,
    delay=st.integers(0, 25),
    flag=st.sampled_from([0.0, 1.0, 1.0, float("nan")]),
    **texts,
)


def events_of(stream: str, found: list[Row], only: tuple[str, ...] | None = None) -> Events:
    def text(name: str) -> np.ndarray:
        column = np.empty(len(found), dtype=object)
        column[:] = [getattr(row, name) for row in found]
        return column

    def number(name: str) -> np.ndarray:
        return np.array([getattr(row, name) for row in found], dtype=np.float64)

    return Events(
        stream=stream,
        event_id=text("event_id"),
        revision=np.array([row.revision for row in found], dtype=np.int64),
        known_at=np.array([row.known_at for row in found], dtype=np.int64),
        unit=text("unit"),
        keys={name: text(name) for name in "abc"},
        values={
            "v": number("v"),
            "p": number("p"),
            "severity": number("v"),
            "lodged_at": np.array([lodged_at(row) for row in found], dtype=np.float64),
            "hit": number("flag"),
            "suspicious": number("flag"),
        },
        only=only,
    )


def lodged_at(row: Row) -> float:
    """Return when the consignment was lodged, before the record was known; seldom it is missing."""
    return float("nan") if row.delay == 25 else float(max(row.known_at - row.delay, 0))


def without_contradictions(found: list[Row]) -> list[Row]:
    """Give each revision of an event one content; repeat the first where it recurs."""
    first: dict[tuple[str, int], Row] = {}
    return [first.setdefault((row.event_id, row.revision), row) for row in found]


@dataclass(frozen=True)
class Asked:
    """A query, before it becomes arrays."""

    time: int
    unit: str | None
    a: str | None
    b: str | None
    c: str | None
    p: float


def queries_of(found: list[Asked]) -> Queries:
    def text(name: str) -> np.ndarray:
        column = np.empty(len(found), dtype=object)
        column[:] = [getattr(row, name) for row in found]
        return column

    return Queries(
        decision_time=np.array([row.time for row in found], dtype=np.int64),
        unit=text("unit"),
        keys={name: text(name) for name in "abc"},
        values={"p": np.array([row.p for row in found], dtype=np.float64)},
    )


asked = st.builds(
    Asked,
    time=st.integers(0, 33),
    unit=units,
    a=texts["a"] | st.just("unseen"),
    b=texts["b"] | st.just("unseen"),
    c=texts["c"],
    p=prices,
)


def records(draw: st.DrawFn, size: int) -> list[Row]:
    """Draw up to ``size`` records, as often many as few (lists alone would be short)."""
    count = draw(st.integers(0, size))
    return draw(st.lists(rows, min_size=count, max_size=count))


@st.composite
def worlds(draw: st.DrawFn, size: int = 24, questions: int = 6) -> World:
    """Draw a history of all three streams with up to ``size`` records each, and queries."""
    events = [
        events_of(stream, without_contradictions(records(draw, size)))
        for stream in ("lines", "outcomes", "findings")
    ]
    if draw(st.booleans()):
        scoped = [replace(row, event_id=f"s{row.event_id}") for row in records(draw, size)]
        key = draw(st.sampled_from([A, AB, ()]))
        events.append(events_of("outcomes", without_contradictions(scoped), only=key))
    return World(events, queries_of(draw(st.lists(asked, min_size=1, max_size=questions))))


def shuffled(world: World, seed: int) -> World:
    """Return the same records in another order."""
    rng = np.random.default_rng(seed)
    events = [batch.take(rng.permutation(len(batch))) for batch in world.events]
    return World([events[i] for i in rng.permutation(len(events))], world.queries)
