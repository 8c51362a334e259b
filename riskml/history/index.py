"""The live index of history: events go in as they become known, statistics come out at once."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from riskml.errors import HistoryError
from riskml.history.arrays import F64, I32, I64, MISSING, UNSEEN, Array
from riskml.history.batch import BASE_RATE
from riskml.history.container import SnapshotError
from riskml.history.directory import Directory
from riskml.history.encoding import Dictionary, KeySpace
from riskml.history.fixed import Number, encode
from riskml.history.live import answer_all
from riskml.history.plan import Place, make_plan
from riskml.history.records import Events, Queries, column_of, numbers_of, times_of
from riskml.history.retention import retained
from riskml.history.statistics import Statistic, probability
from riskml.history.store import Store
from riskml.history.table import Table
from riskml.history.views import Rows

__all__ = ["HistoryIndex"]

_answer: Any = answer_all
_WHAT = "queries"
_SLICE = 512
"""So many events, or queries, are taken while others wait."""


class _One(NamedTuple):
    """Room for a single query."""

    codes: I32
    times: I64
    units: I32
    bits: I64
    prices: F64
    hidden: F64


class HistoryIndex:
    """Events of any number of streams, ready for point-in-time lookups.

    Events may come in any order, late, repeated and corrected: a lookup depends only on which
    records were given, never on the order or the batches they came in.

    Any number of threads may append and look up. A batch is checked and encoded beside the
    lookups; only while 512 events at a time are put in their places does a lookup wait. A
    batch of up to 512 events is seen as a whole or not at all.

    Parameters
    ----------
    statistics : sequence of Statistic
        What lookups answer, in this order.
    base_rate : float, default 0.01
        The prior of the rate of everything.

    Raises
    ------
    HistoryError
        If the base rate is no probability.
    """

    def __init__(self, statistics: Sequence[Statistic], *, base_rate: float = BASE_RATE) -> None:
        self.statistics = tuple(statistics)
        self._base = probability(base_rate)
        self._plan = make_plan(self.statistics)
        self._stores = {name: Store(name, lay) for name, lay in self._plan.layouts.items()}
        self._texts = {name: Dictionary() for name in self._plan.texts}
        self._units = Dictionary()
        self._keyspaces = {place[1]: KeySpace(place[1]) for place in self._plan.groups}
        self._tables = {place: self._empty(place) for place in self._plan.groups}
        self._directory = Directory(self._plan)
        self._columns = [
            (self._directory.texts.index(name), name, self._texts[name].codes)
            for name in sorted(self._plan.asked)
        ]
        self._one = _One(
            codes=np.full((1, len(self._texts)), MISSING, np.int32),
            times=np.zeros(1, np.int64),
            units=np.zeros(1, np.int32),
            bits=np.zeros((0, 1), np.int64),
            prices=np.zeros((0, 1)),
            hidden=np.empty((1, len(self._plan.statistics) - len(self.statistics))),
        )
        self._horizon = 0
        self._writing = threading.Lock()
        self._lock = threading.Lock()
        self._publish()

    def append(self, *batches: Events) -> None:
        """Add events; repeated ones and streams that no statistic reads are ignored.

        Parameters
        ----------
        *batches : Events
            Of any streams, taken together: 512 events or fewer are seen as a whole or not at all.

        Raises
        ------
        HistoryError
            If they break a rule (see :class:`Events`), an event is given twice with one
            revision and different content, or a number is out of range. Nothing is added then.
        """
        with self._writing:
            staged = {
                stream: self._stores[stream].stage(given, self._texts, self._units)
                for stream, given in _by_stream(batches).items()
                if stream in self._stores
            }
            for stream, rows in list(staged.items()):
                if len(rows.known) > max(self._stores[stream].size, _SLICE):
                    self._take_many(stream, staged.pop(stream))
            if sum(len(rows.known) for rows in staged.values()) <= _SLICE:
                self._take(staged)
                return
            for stream, rows in staged.items():
                for first in range(0, len(rows.known), _SLICE):
                    part = Rows._make(column[first : first + _SLICE] for column in rows)
                    self._take({stream: part})

    def _take_many(self, stream: str, rows: Rows) -> None:
        """Add rows where most of a stream is new: its tables are quicker built than added to."""
        with self._lock:
            self._stores[stream].commit(rows, len(self._units))
            places = [place for place in self._tables if place[0] == stream]
            self._tables.update({place: self._built(place) for place in places})
            self._publish()

    def _take(self, staged: Mapping[str, Rows]) -> None:
        """Add rows of some streams while look-ups wait."""
        with self._lock:
            for stream, rows in staged.items():
                if not len(rows.known):
                    continue
                change = self._stores[stream].commit(rows, len(self._units))
                codes = self._stores[stream].text_codes(slice(change.first, change.last))
                for place in [place for place in self._tables if place[0] == stream]:
                    self._tables[place].apply(change, codes)
                    if self._tables[place].wasteful:
                        self._tables[place] = self._built(place)
            self._publish()

    def extend(self, batches: Iterable[Events]) -> None:
        """Add many batches, as :meth:`append` would one by one, and build the tables once.

        This is how a whole history is loaded; lookups wait until it is done.

        Raises
        ------
        HistoryError
            As :meth:`append`; the batches before the refused one stay.
        """
        with self._writing, self._lock:
            grown = set()
            try:
                for events in batches:
                    store = self._stores.get(events.stream)
                    if store is not None:
                        store.append(events, self._texts, self._units)
                        grown.add(events.stream)
            finally:
                places = [place for place in self._tables if place[0] in grown]
                self._tables.update({place: self._built(place) for place in places})
                self._publish()

    def retain(self, horizon: int) -> int:
        """Drop what no look-up at ``horizon`` or later can reach; earlier ones are refused then.

        Look-ups go on meanwhile. A stream of which some statistic looks at the whole past stays
        whole, unless that is the time since the last line or whether there was one: of these the
        last rows of each entity stay.

        Parameters
        ----------
        horizon : int
            Microseconds since 1970 UTC.

        Returns
        -------
        int
            How many rows were dropped.

        Notes
        -----
        A record that was dropped and is given again is added again, which changes no answer.
        """
        dropped = 0
        with self._writing:
            for stream, store in list(self._stores.items()):
                tables = {p: t for p, t in self._tables.items() if p[0] == stream}
                fresh = retained(self._plan.statistics, store, tables, horizon)
                if fresh is None:
                    continue
                dropped += store.size - fresh.size
                built = {place: self._built(place, fresh) for place in tables}
                with self._lock:
                    self._stores[stream] = fresh
                    self._tables.update(built)
                    self._publish()
            with self._lock:
                self._horizon = max(self._horizon, horizon)
        return dropped

    def lookup(self, queries: Queries) -> F64:
        """Return the statistics of each query as of its decision time.

        Returns
        -------
        (m, statistics) float64 array
            NaN where a key is missing or a statistic is not defined.

        Raises
        ------
        HistoryError
            If a key column is absent or not text, or a time lies before 1970.
        """
        size = len(queries)
        if size == 1:
            answer = self._lookup_one(queries)
            if answer is not None:
                return answer
        # A copy: kernels are compiled for writable arrays only.
        times = np.array(times_of(queries.decision_time, "decision_time", size, _WHAT))
        if times.min(initial=self._horizon) < self._horizon:
            raise HistoryError(
                f"{_WHAT}: history before microsecond {self._horizon} is not retained",
                "ask for later decisions, or retain more",
            )
        with self._lock:  # a text that is unknown here may be known when the kernel looks
            codes, units = self._codes(queries, size)
        bits, prices = self._prices(queries, size)
        asked = np.empty((size, len(self.statistics)))
        hidden = np.empty((size, len(self._plan.statistics) - len(self.statistics)))
        centres, base = self._directory.centres, self._base
        for first in range(0, size, _SLICE):
            part = slice(first, first + _SLICE)
            with self._lock:
                own_bits, own = (np.ascontiguousarray(rows[:, part]) for rows in (bits, prices))
                _answer(
                    *self._arguments, codes[part], times[part], units[part],
                    own_bits, own, centres, base, asked[part], hidden[part],
                )  # fmt: skip
        return asked

    def _lookup_one(self, queries: Queries) -> F64 | None:
        """Answer one query without a detour over arrays; None if anything is out of the ordinary.

        What is left out here is what :meth:`lookup` does: its checks name what is wrong.
        """
        time, unit = queries.decision_time, queries.unit[0]
        if len(self._directory.prices) or getattr(time, "dtype", None) != np.int64:
            return None
        if time[0] < self._horizon:
            return None
        asked = np.empty((1, len(self.statistics)))
        with self._lock:
            one = self._one
            for place, name, known in self._columns:
                value = queries.keys[name][0] if name in queries.keys else 0
                if type(value) is str:
                    one.codes[0, place] = known.get(value, UNSEEN)
                elif value is None:
                    one.codes[0, place] = MISSING
                else:
                    return None
            if type(unit) is not str and unit is not None:
                return None
            one.times[0] = time[0]
            one.units[0] = MISSING if unit is None else self._units.codes.get(unit, UNSEEN)
            _answer(
                *self._arguments, one.codes, one.times, one.units, one.bits, one.prices,
                self._directory.centres, self._base, asked, one.hidden,
            )  # fmt: skip
        return asked

    @contextmanager
    def still(self) -> Iterator[dict[str, Any]]:
        """Yield all that the index holds, for a snapshot: appends wait meanwhile, look-ups do not.

        Yields
        ------
        dict
            Arrays and plain values (see :mod:`riskml.history.container`); they are the index's
            own, and change once the block has ended.
        """
        with self._writing:
            yield {
                "statistics": self._described,
                "horizon": self._horizon,
                **{
                    kind: {name: part.state() for name, part in parts.items()}
                    for kind, parts in self._parts.items()
                },
            }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`still` yielded, in place of all that the index holds.

        Raises
        ------
        SnapshotError
            If it belongs to other statistics.
        """
        if state["statistics"] != self._described:
            raise SnapshotError(
                "the snapshot holds other statistics than those asked for", "history is rebuilt"
            )
        with self._writing, self._lock:
            for kind, parts in self._parts.items():
                for name, part in parts.items():
                    part.restore(state[kind][name])
            self._horizon = state["horizon"]
            self._publish()

    @property
    def _described(self) -> list[str]:
        return [repr(self._base), *map(repr, self.statistics)]

    @property
    def size(self) -> int:
        """Number of records held, revisions included."""
        return sum(store.size for store in self._stores.values())

    @property
    def memory_bytes(self) -> int:
        """Size of everything: arrays, texts and identities."""
        stores = sum(store.memory_bytes for store in self._stores.values())
        keys = sum(keyspace.memory_bytes for keyspace in self._keyspaces.values())
        texts = sum(text.memory_bytes for text in (*self._texts.values(), self._units))
        return stores + keys + texts + sum(table.memory_bytes for table in self._tables.values())

    def _empty(self, place: Place, store: Store | None = None) -> Table:
        store, keyspace = store or self._stores[place[0]], self._keyspaces[place[1]]
        return Table(store, keyspace, self._plan.groups[place])

    def _built(self, place: Place, store: Store | None = None) -> Table:
        table = self._empty(place, store)
        table.build()
        return table

    @property
    def _parts(self) -> dict[str, dict[str, Any]]:
        """Everything that grows, by kind and name: what a snapshot holds."""
        return {
            "stores": dict(self._stores),
            "texts": dict(self._texts),
            "units": {"units": self._units},
            "keyspaces": {".".join(key): space for key, space in self._keyspaces.items()},
            "tables": {f"{s}:{'.'.join(key)}": t for (s, key), t in self._tables.items()},
        }

    def _publish(self) -> None:
        """Tell the kernel where everything lies now."""
        self._arguments = self._directory.arguments(
            self._stores, self._keyspaces, self._tables, self._texts
        )

    def _codes(self, queries: Queries, size: int) -> tuple[I32, I32]:
        """Return the text codes of queries, and those of their consignments."""
        codes = np.empty((size, len(self._texts)), np.int32)
        for place, name, _ in self._columns:
            column = column_of(queries.keys, name, size, _WHAT)
            codes[:, place] = self._texts[name].find(column, f"{_WHAT}: column {name!r}")
        unit = column_of({"unit": queries.unit}, "unit", size, _WHAT)
        if not any(store.layout.own for store in self._stores.values()):
            return codes, np.full(size, MISSING, np.int32)
        return codes, self._units.find(unit, f"{_WHAT}: column 'unit'")

    def _prices(self, queries: Queries, size: int) -> tuple[Array, Array]:
        """Return own prices in stored form and as numbers, one row for each column."""
        names = self._directory.prices
        prices, bits = np.empty((len(names), size)), np.empty((len(names), size), np.int64)
        for place, name in enumerate(names):
            prices[place] = numbers_of(queries.values, name, size, _WHAT)
            number = Number(name, "price")
            bits[place] = encode(number, prices[place], _WHAT, np.arange(size))
        return bits, prices


def _by_stream(batches: Iterable[Events]) -> dict[str, list[Events]]:
    found: dict[str, list[Events]] = {}
    for events in batches:
        if len(events):
            found.setdefault(events.stream, []).append(events)
    return found
