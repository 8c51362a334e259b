"""The rows of one stream grouped by one key: settled segments and pending rows."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from riskml.history.arrays import FOREVER, I32, I64, MISSING
from riskml.history.encoding import KeySpace
from riskml.history.grouped import entities_of
from riskml.history.pending import pending_rows
from riskml.history.segments import Segments
from riskml.history.store import Change, Store
from riskml.history.views import Pending, Settled

__all__ = ["Table"]


class Table:
    """An index of a stream by a key.

    Rows that no revision supersedes are *settled*: they count at every time after they were
    known, and lie in segments with running sums. Rows that were superseded later count for a
    limited time only; these few are *pending*, kept aside and looked at one by one. Rows that
    never count are in neither.

    Parameters
    ----------
    store : Store
        The stream.
    keyspace : KeySpace
        The key; it may be shared with tables of other streams.
    groups : (g, 3) int64 array
        The number columns to sum.
    """

    def __init__(self, store: Store, keyspace: KeySpace, groups: I64) -> None:
        self._store = store
        self._keyspace = keyspace
        self._segments = Segments(groups)
        self.pending = pending_rows(store.rows, np.zeros(0, np.int64), np.zeros(0, np.int32))

    def build(self) -> None:
        """Group all rows of the stream."""
        store, keyspace = self._store, self._keyspace
        rows = np.arange(store.size)
        entities = entities_of(store, keyspace, slice(None), store.size)
        keyspace.trim()
        settled = np.where(store.rows.expires[: store.size] == FOREVER, entities, -1)
        order = store.by_known()
        self._segments.build(order, settled[order], _size(entities), store.rows)
        self.pending = pending_rows(store.rows, rows, entities)

    def state(self) -> dict[str, Any]:
        """Return all arrays, for a snapshot."""
        return {"segments": self._segments.state(), "pending": self.pending._asdict()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        self._segments.restore(state["segments"])
        self.pending = Pending(**state["pending"])

    @property
    def settled(self) -> Settled:
        """The settled rows."""
        return self._segments.view

    @property
    def wasteful(self) -> bool:
        """Whether most places of the segments are unused, so that rebuilding pays."""
        return self._segments.wasteful

    @property
    def memory_bytes(self) -> int:
        """Size of the arrays."""
        return sum(array.nbytes for array in (*self.settled, *self.pending))

    def apply(self, change: Change, codes: Mapping[str, I32]) -> None:
        """Bring the table up to date with its stream; ``codes`` are the texts of the new rows."""
        store, size = self._store, change.last - change.first
        demoted = np.zeros(0, np.int32)
        if len(change.demoted):
            demoted = entities_of(store, self._keyspace, change.demoted, len(change.demoted))
        for row, entity in zip(change.demoted.tolist(), demoted.tolist(), strict=True):
            if entity >= 0:
                self._segments.remove(row, entity, store.rows)
        new = np.arange(change.first, change.last)
        entities = self._keyspace.add(codes, size)
        if store.scoped:
            counts = store.counts_under(self._keyspace.columns, slice(change.first, change.last))
            entities = np.where(counts, entities, MISSING).astype(np.int32)
        settled = entities
        if change.revised:
            settled = np.where(store.rows.expires[new] == FOREVER, entities, -1).astype(np.int32)
        if (settled >= 0).any():
            known = store.rows.known[change.first : change.last]
            order = new
            if size > 1 and (known[1:] < known[:-1]).any():
                sorting = np.argsort(known, kind="stable")
                order, settled = new[sorting], settled[sorting]
            self._segments.insert(order, settled, _size(settled), store.rows)
        if change.revised:
            self.pending = pending_rows(
                store.rows,
                np.concatenate((self.pending.rows, change.demoted, new)),
                np.concatenate((self.pending.entity, demoted, entities)),
            )


def _size(entities: I32) -> int:
    return int(entities.max(initial=-1)) + 1
