"""Retention: which rows no look-up from a time on can reach, and how a stream goes on without.

A window of ``w`` at a decision from ``horizon`` on begins at ``horizon - w`` or later: what was
known before, and is not superseded later, is out of reach. Only statistics without a window look
further. Of these, the time since the last event and whether there was one need nothing but the
last rows of each entity, and these stay; any other keeps its stream whole.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from riskml.history.arrays import FOREVER, I32, I64, Array, Int
from riskml.history.compiled import compiled
from riskml.history.plan import Place
from riskml.history.revisions import Chains, link_units
from riskml.history.statistics import KINDS, Statistic, microseconds
from riskml.history.store import Store
from riskml.history.table import Table
from riskml.history.views import Settled

__all__ = ["longest_window", "retained"]

LAST_ROWS = 2
"""So many of the last rows of each entity stay, so that one of them may still be corrected away."""

_LAST_KINDS = ("days_since_last", "first_seen")


def retained(
    statistics: Iterable[Statistic], store: Store, tables: Mapping[Place, Table], horizon: int
) -> Store | None:
    """Return a stream without what no look-up at ``horizon`` or later can reach.

    Parameters
    ----------
    statistics : iterable of Statistic
        All that are answered.
    store : Store
        The stream; it stays as it is.
    tables : mapping of Place to Table
        Its tables.
    horizon : int
        In microseconds since 1970 UTC.

    Returns
    -------
    Store or None
        None if nothing can be dropped.
    """
    mine = [statistic for statistic in statistics if statistic.source == store.stream]
    longest = longest_window(mine, store.stream, own=store.layout.own)
    if longest is None:
        return None
    last = {statistic.key for statistic in mine if statistic.kind in _LAST_KINDS}
    keep = _reachable(store, horizon, horizon - longest)
    for place, table in tables.items():
        if place[1] in last:
            _keep_last(table.settled, store.rows.known, horizon - longest, LAST_ROWS, keep)
    return None if keep.all() else _thinned(store, keep)


def longest_window(statistics: Iterable[Statistic], stream: str, *, own: bool) -> int | None:
    """Return the longest window of a stream in microseconds; None if it must stay whole.

    Where a query leaves out its own consignment, the last row may be one that does not count:
    such a stream stays whole for the sake of its last rows.
    """
    longest = 0
    for statistic in statistics:
        if statistic.source != stream:
            continue
        if not own and statistic.kind in _LAST_KINDS:
            continue
        days = statistic.long_days if statistic.kind == "trend" else statistic.days
        if days is None or not KINDS[statistic.kind].windowed:
            return None
        longest = max(longest, microseconds(days))
    return longest


def _reachable(store: Store, horizon: int, cutoff: int) -> Array:
    """Return which rows count at ``horizon`` or later, and are in reach or superseded then.

    The few that were superseded late stay: each may have been the last one until then.
    """
    known, expires = store.rows.known[: store.size], store.rows.expires[: store.size]
    keep: Array = (expires >= horizon) & ((known >= cutoff) | (expires < FOREVER))
    return keep


def _thinned(store: Store, keep: Array) -> Store:
    """Return a store with some of the rows of another one, which stays as it is."""
    places = np.flatnonzero(keep)
    old = store.rows
    events, codes = np.unique(old.event[places], return_inverse=True)
    fields = {name: getattr(old, name)[places] for name in store.kept_fields}
    fields["event"] = codes.astype(np.int32)
    rows = old._replace(**fields)
    none = np.zeros(0, np.int32)
    revisions = Chains(np.zeros(len(events), np.int32), np.zeros(len(places), np.int32))
    _link(rows.event, revisions.head, revisions.before)
    units = Chains(none, none)
    if store.layout.own:
        units = Chains(np.zeros(len(store.units.head), np.int32), np.zeros(len(places), np.int32))
        link_units(rows, units, 0, len(places))
    revised = bool((rows.expires != FOREVER).any())
    state = {
        **store.state(),
        "events": store.events_of(events.astype(np.int64)),
        "revised": revised,
    }
    state["rows"] = {name: getattr(rows, name) for name in store.kept_fields}
    state["revisions"], state["units"] = revisions._asdict(), units._asdict()
    fresh = Store(store.stream, store.layout)
    fresh.restore(state)
    return fresh


@compiled
def _keep_last(view: Settled, known: I64, cutoff: Int, count: Int, keep: Array) -> None:
    for entity in range(len(view.start)):
        left = np.int64(count)
        place = view.start[entity] + view.length[entity] - 1
        while left > 0 and place >= view.start[entity]:
            row = view.rows[place]
            if known[row] < cutoff:
                keep[row] = True
                left -= 1
            place -= 1


@compiled
def _link(codes: I32, head: I32, before: I32) -> None:
    """Chain rows that share a code, from the newest to the oldest."""
    for row in range(len(codes)):
        before[row] = head[codes[row]]
        head[codes[row]] = row + 1
