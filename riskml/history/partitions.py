"""History in partitions: cut rows into chunks, deal them out by key, answer each partition.

Every function here is pure, takes codes and numbers rather than texts, and knows nothing of who
calls it where. Rows carry until when they count, worked out over the whole stream, so that a
partition needs no revision but those it counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from sys import getsizeof

import numpy as np

from riskml.history.arrays import F64, FOREVER, I32, I64, U64, WHOLE, Array
from riskml.history.batch import Walk
from riskml.history.fixed import Number, price_centres
from riskml.history.identities import Identities
from riskml.history.lookup import Encoded
from riskml.history.plan import LODGED, Plan, make_plan, place_of
from riskml.history.revisions import Chains, link_units
from riskml.history.routing import Reach, Routing, hashed
from riskml.history.statistics import Statistic, microseconds
from riskml.history.store import EVERY_KEY, Layout, Store
from riskml.history.views import Answer, Price, Rows

__all__ = ["Asking", "Chunk", "Job", "Piece", "Stream", "answer", "chunks_of", "deal", "jobs_of"]


@dataclass(frozen=True)
class Stream:
    """Some events of a stream.

    Attributes
    ----------
    layout : Layout
        What the columns of ``rows`` are.
    rows : Rows
        Without identities: ``event`` and ``revision`` are empty.
    scopes : mapping of key to int
        For each key the scope of the rows that count under it alone.
    """

    layout: Layout
    rows: Rows
    scopes: Mapping[tuple[str, ...], int]

    def take(self, rows: I64, layout: Layout) -> "Stream":
        """Return some rows with the columns of another layout; they count under every key."""
        own, mine = self.rows, self.layout
        texts = np.array([mine.texts.index(name) for name in layout.texts], np.int64)
        numbers = np.array([mine.numbers.index(number) for number in layout.numbers], np.int64)
        taken = own._replace(
            known=own.known[rows],
            expires=own.expires[rows],
            unit=own.unit[rows] if layout.own else own.unit[:0],
            scope=np.full(len(rows), EVERY_KEY, np.int32),
            texts=own.texts[np.ix_(rows, texts)],
            numbers=own.numbers[np.ix_(rows, numbers)],
        )
        return Stream(layout, taken, {})

    def __sizeof__(self) -> int:
        return sum(column.nbytes for column in self.rows)


@dataclass(frozen=True)
class Asking:
    """Some queries.

    Attributes
    ----------
    rows : (m,) int64 array
        Their row numbers.
    times : (m,) int64 array
    units : (m,) int32 array
    texts : mapping of str to (m,) int32 array
    prices : mapping of str to (bits, value), (m,) int64 and float64 arrays
    """

    rows: I64
    times: I64
    units: I32
    texts: Mapping[str, I32]
    prices: Mapping[str, tuple[I64, F64]]

    def take(self, rows: I64 | slice, texts: Sequence[str], prices: Sequence[str]) -> "Asking":
        """Return some queries with some of the columns."""
        return Asking(
            self.rows[rows],
            self.times[rows],
            self.units[rows],
            {name: self.texts[name][rows] for name in texts},
            {name: (self.prices[name][0][rows], self.prices[name][1][rows]) for name in prices},
        )

    def __sizeof__(self) -> int:
        prices = (column for pair in self.prices.values() for column in pair)
        columns = (self.rows, self.times, self.units, *self.texts.values(), *prices)
        return sum(column.nbytes for column in columns)


@dataclass(frozen=True)
class Chunk:
    """A slice of every stream and of the queries, in the order in which they came.

    It tells its size: by that a worker of a cluster decides what to move to disk, and when.
    """

    streams: Mapping[str, Stream]
    asking: Asking

    def __sizeof__(self) -> int:
        return sum(map(getsizeof, (*self.streams.values(), self.asking)))


Piece = Chunk
"""What one chunk has for one partition."""


@dataclass(frozen=True)
class Job:
    """All statistics of one key, and how its rows are dealt out.

    Attributes
    ----------
    key : tuple of str
    statistics : tuple of Statistic
        Of that key; none needs another key.
    columns : (k,) int64 array
        Where they stand among all statistics.
    routing : Routing
    values : mapping of str to int
        How many different texts each text column has.
    """

    key: tuple[str, ...]
    statistics: tuple[Statistic, ...]
    columns: I64
    routing: Routing
    values: Mapping[str, int]

    @property
    def plan(self) -> Plan:
        """The plan of its statistics."""
        return _plan_of(self.statistics)


@lru_cache(maxsize=256)
def _plan_of(statistics: tuple[Statistic, ...]) -> Plan:
    return make_plan(statistics)


def jobs_of(statistics: Sequence[Statistic]) -> dict[tuple[str, ...], list[int]]:
    """Return the statistics of each key: one shuffle answers them, whatever their streams."""
    found: dict[tuple[str, ...], list[int]] = {}
    for place, statistic in enumerate(statistics):
        found.setdefault(place_of(statistic)[1], []).append(place)
    return found


def chunks_of(
    stores: Mapping[str, Store],
    encoded: Encoded,
    keys: Iterable[tuple[str, ...]],
    edges: Mapping[str, I64],
    asked: I64,
) -> list[Chunk]:
    """Cut stores and queries into chunks.

    Parameters
    ----------
    stores : mapping of str to Store
        The streams.
    encoded : Encoded
        The queries.
    keys : iterable of key
        Every key that rows will be dealt out by.
    edges : mapping of str to (chunks + 1,) int64 array
        For each stream the first row of each chunk, and the number of rows.
    asked : (chunks + 1,) int64 array
        The same for the queries.
    """
    prices = {name: (price.bits, price.value) for name, price in encoded.prices.items()}
    rows = np.arange(len(encoded))
    everything = Asking(rows, encoded.times, encoded.units, encoded.texts, prices)
    chunks = []
    for number, (begin, end) in enumerate(pairwise(asked.tolist())):
        streams = {
            name: _slice(store, keys, int(edges[name][number]), int(edges[name][number + 1]))
            for name, store in stores.items()
        }
        own = everything.take(slice(begin, end), list(encoded.texts), list(prices))
        chunks.append(Chunk(streams, own))
    return chunks


def _slice(store: Store, keys: Iterable[tuple[str, ...]], begin: int, end: int) -> Stream:
    rows, nothing = store.rows, slice(0, 0)
    taken = Rows(
        known=rows.known[begin:end],
        expires=rows.expires[begin:end],
        revision=rows.revision[nothing],
        event=rows.event[nothing],
        unit=rows.unit[begin:end] if store.layout.own else rows.unit[nothing],
        scope=rows.scope[begin:end],
        texts=rows.texts[begin:end],
        numbers=rows.numbers[begin:end],
    )
    scopes = {key: store.scope_of(key) for key in keys}
    return Stream(store.layout, taken, scopes)


def deal(job: Job, chunk: Chunk) -> list[Piece]:
    """Return what a chunk has for each partition of a job."""
    plan, routing = job.plan, job.routing
    askings = _deal_queries(job, chunk.asking)
    streams = {
        name: _deal_events(job, chunk.streams[name], layout, _reach(plan, name))
        for name, layout in plan.layouts.items()
    }
    return [
        Chunk({name: parts[number] for name, parts in streams.items()}, askings[number])
        for number in range(routing.count)
    ]


def _deal_queries(job: Job, asking: Asking) -> list[Asking]:
    codes = [asking.texts[name] for name in job.key]
    rows = job.routing.queries(*_with_times(codes, asking.times))
    contents = {s.content for s in job.plan.steps if isinstance(s.content, Number)} - {LODGED}
    prices = sorted({number.column for number in contents})
    return [asking.take(part, job.key, prices) for part in rows]


def _with_times(codes: Sequence[I32], times: I64) -> tuple[U64, I64, Array]:
    entities, present = hashed(codes, len(times))
    return entities, times, present


def _deal_events(job: Job, stream: Stream, layout: Layout, reach: Reach) -> list[Stream]:
    rows, texts = stream.rows, stream.layout.texts
    codes = [np.ascontiguousarray(rows.texts[:, texts.index(name)]) for name in job.key]
    entities, known, present = _with_times(codes, rows.known)
    present &= (rows.scope == EVERY_KEY) | (rows.scope == stream.scopes[job.key])
    settled = rows.expires == FOREVER
    parts = job.routing.events(entities, known, present, settled, reach)
    return [stream.take(part, layout) for part in parts]


def _reach(plan: Plan, stream: str) -> Reach:
    """Return how far back the statistics of a stream look."""
    own = [statistic for statistic in plan.statistics if statistic.source == stream]
    longest = max(0, *(max(_windows(statistic)) for statistic in own))
    whole = {statistic.kind for statistic in own if WHOLE in _windows(statistic)}
    if not whole:
        return Reach(longest)
    # A consignment's own outcomes may be the latest ones, and these it must not see.
    if plan.layouts[stream].own or whole - {"days_since_last", "first_seen"}:
        return Reach(WHOLE)
    return Reach(longest, latest=True)


def _windows(statistic: Statistic) -> list[int]:
    lengths = [statistic.window]
    return [*lengths, microseconds(statistic.long_days)] if statistic.kind == "trend" else lengths


def answer(job: Job, pieces: Sequence[Piece]) -> tuple[I64, F64]:
    """Answer a partition.

    Parameters
    ----------
    job : Job
    pieces : sequence of Piece
        What each chunk has for it.

    Returns
    -------
    rows : (m,) int64 array
        Row numbers of the partition's queries.
    values : (m, statistics) float64 array
    """
    plan, asking = job.plan, _joined_queries([piece.asking for piece in pieces])
    values = np.empty((len(asking.rows), len(job.statistics)))
    if not len(values):
        return asking.rows, values
    stores = {
        name: _store_of(name, [piece.streams[name] for piece in pieces]) for name in plan.layouts
    }
    centres = price_centres()
    encoded = Encoded(
        times=asking.times,
        by_time=np.argsort(asking.times, kind="stable"),
        texts=asking.texts,
        prices={name: Price(*own, centres) for name, own in asking.prices.items()},
        units=asking.units,
        own={name: store.own(asking.times, asking.units) for name, store in stores.items()},
    )
    texts = {name: range(size) for name, size in job.values.items()}
    nothing_hidden = np.empty((len(values), 0))
    walk = Walk(plan, stores, texts, encoded, 0.0, Answer(values, nothing_hidden))
    for _ in walk.steps(1):
        pass
    return asking.rows, values


def _joined_queries(parts: Sequence[Asking]) -> Asking:
    first = parts[0]
    return Asking(
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.times for part in parts]),
        np.concatenate([part.units for part in parts]),
        {name: np.concatenate([part.texts[name] for part in parts]) for name in first.texts},
        {
            name: (
                np.concatenate([part.prices[name][0] for part in parts]),
                np.concatenate([part.prices[name][1] for part in parts]),
            )
            for name in first.prices
        },
    )


def _store_of(name: str, parts: Sequence[Stream]) -> Store:
    """Return a store of rows that another one has checked, linked and numbered."""
    layout = parts[0].layout
    columns = zip(*(part.rows for part in parts), strict=True)
    rows = Rows(*(np.concatenate(column) for column in columns))
    chains = Chains(
        np.zeros(int(rows.unit.max(initial=-1)) + 1, np.int32), np.zeros(len(rows.unit), np.int32)
    )
    if layout.own:
        link_units(rows, chains, 0, len(rows.unit))
    store = Store(name, layout)
    store.restore(
        {
            "rows": rows._asdict(),
            "revised": bool((rows.expires != FOREVER).any()),
            "events": Identities().state(),
            "revisions": Chains(rows.event, rows.event)._asdict(),
            "units": chains._asdict(),
            "squares": [],
            "scopes": [],
        }
    )
    return store
