"""The index of history: events go in as they become known, statistics come out at any time."""

import threading
from collections.abc import Sequence

import numpy as np

from riskml.history.arrays import F64
from riskml.history.batch import BASE_RATE
from riskml.history.encoding import Dictionary, KeySpace
from riskml.history.lookup import encode_queries
from riskml.history.plan import Place, make_plan
from riskml.history.records import Events, Queries
from riskml.history.resident import take_step
from riskml.history.statistics import Statistic, probability
from riskml.history.store import Store
from riskml.history.table import Table
from riskml.history.views import Answer

__all__ = ["HistoryIndex"]


class HistoryIndex:
    """Events of any number of streams, ready for point-in-time lookups.

    Events may come in any order, late, repeated and corrected: a lookup depends only on which
    records were given, never on the order or the batches they came in. One thread at a time
    appends or looks up.

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
        self._tables: dict[Place, Table] = {}
        self._lock = threading.RLock()

    def append(self, events: Events) -> None:
        """Add events of one stream; repeated ones and streams no statistic reads are ignored.

        Raises
        ------
        HistoryError
            If they break a rule (see :class:`Events`), an event is given twice with one
            revision and different content, or a number is out of range. Nothing is added then.
        """
        store = self._stores.get(events.stream)
        if store is None:
            return
        with self._lock:
            change = store.append(events, self._texts, self._units)
            for place in [place for place in self._tables if place[0] == events.stream]:
                # A table that would be renewed anyway is dropped, and built when asked for.
                if change.last > 2 * change.first or self._tables[place].wasteful:
                    del self._tables[place]
                else:
                    self._tables[place].apply(change)

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
        with self._lock:
            return self._answer(queries)

    @property
    def size(self) -> int:
        """Number of records held, revisions included."""
        return sum(store.size for store in self._stores.values())

    @property
    def memory_bytes(self) -> int:
        """Size of all arrays; the texts themselves are left out."""
        stores = sum(store.memory_bytes for store in self._stores.values())
        keys = sum(keyspace.memory_bytes for keyspace in self._keyspaces.values())
        return stores + keys + sum(table.memory_bytes for table in self._tables.values())

    def _answer(self, queries: Queries) -> F64:
        plan, asked = self._plan, len(self.statistics)
        encoded = encode_queries(queries, plan, self._texts, self._units, self._stores)
        hidden = len(plan.statistics) - asked
        answer = Answer(np.empty((len(encoded), asked)), np.empty((len(encoded), hidden)))
        for step in plan.steps:
            table, (stream, key) = self._table(step.place), step.place
            store, keyspace = self._stores[stream], self._keyspaces[key]
            take_step(step, encoded, table, store, keyspace, self._texts, self._base, answer)
        return answer.asked

    def _table(self, place: Place) -> Table:
        """Return a table, built if it is not there."""
        if place not in self._tables:
            store, keyspace = self._stores[place[0]], self._keyspaces[place[1]]
            groups = self._plan.groups[place]
            self._tables[place] = Table(store, keyspace, groups, spare=True)
        return self._tables[place]
