"""Which partitions a row belongs to: by its entity, and for a heavy entity by time as well.

Entities are dealt out by a hash of their key. An entity with more queries than a partition should
have is cut into spans of time, each a partition of its own. A span gets the events known before
its end, back to the longest window before its beginning, and of the earlier ones those that a
statistic of the whole past needs (`Reach`). That is everything its queries can see, so an answer
cannot tell how its key was cut. Two keys with the same hash share their partitions; the kernel
tells them apart.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from riskml.history.arrays import I32, I64, MISSING, U64, WHOLE, Array

__all__ = ["Reach", "Routing", "hashed", "make_routing"]

_SAMPLE = 50_000
"""So many queries show which entities are heavy."""

_HEAVY = 0.5
"""From this share of a partition's queries on an entity has partitions of its own."""


@dataclass(frozen=True)
class Reach:
    """How far back the statistics of a key look into one stream.

    Attributes
    ----------
    longest : int
        The longest window in microseconds, or ``WHOLE``.
    latest : bool
        Whether, beyond that window, only the latest event matters: to the time since the last
        event, and to whether there was any.
    """

    longest: int
    latest: bool = False


@dataclass(frozen=True)
class Routing:
    """How the rows of one key are dealt out.

    Attributes
    ----------
    parts : int
        Partitions that entities are dealt to by hash.
    heavy : (h,) uint64 array
        Hashes of the entities that are cut, sorted.
    cuts : tuple of int64 arrays
        For each of them where a span ends and the next begins.
    """

    parts: int
    heavy: U64
    cuts: tuple[I64, ...]

    @property
    def firsts(self) -> list[int]:
        """The partition of each heavy entity's first span, and the number of all partitions."""
        spans = [len(cuts) + 1 for cuts in self.cuts]
        return [self.parts, *(self.parts + np.cumsum(spans, dtype=np.int64)).tolist()]

    @property
    def count(self) -> int:
        """The number of all partitions."""
        return self.firsts[-1]

    def queries(self, entities: U64, times: I64, present: Array) -> list[I64]:
        """Return the queries of each partition; those whose key is missing are in none."""
        parts = np.where(present, (entities % np.uint64(self.parts)).astype(np.int64), -1)
        for hashed_key, cuts, first in zip(self.heavy, self.cuts, self.firsts, strict=False):
            own = np.flatnonzero(present & (entities == hashed_key))
            parts[own] = first + np.searchsorted(cuts, times[own], side="right")
        return _by_part(np.arange(len(parts)), parts, self.count)

    def events(
        self, entities: U64, known: I64, present: Array, settled: Array, reach: Reach
    ) -> list[I64]:
        """Return the events of each partition; those of a heavy entity lie in several.

        Parameters
        ----------
        entities : (n,) uint64 array
            Hashes of their keys.
        known : (n,) int64 array
        present : (n,) bool array
            Whether an event counts under the key at all.
        settled : (n,) bool array
            Whether no revision supersedes it.
        reach : Reach
            How far back queries look.
        """
        parts = np.where(present, (entities % np.uint64(self.parts)).astype(np.int64), -1)
        rows, places = [np.arange(len(parts))], [parts]
        for hashed_key, cuts, first in zip(self.heavy, self.cuts, self.firsts, strict=False):
            own = np.flatnonzero(present & (entities == hashed_key))
            parts[own] = -1
            for span, seen in enumerate(_spans(own, known[own], settled[own], cuts, reach)):
                rows.append(seen)
                places.append(np.full(len(seen), first + span))
        return _by_part(np.concatenate(rows), np.concatenate(places), self.count)


def _spans(rows: I64, known: I64, settled: Array, cuts: I64, reach: Reach) -> Iterator[I64]:
    """Yield the events of a heavy entity that each span of time needs."""
    earliest = np.searchsorted(cuts, known, side="right")
    last = np.full(len(rows), len(cuts))
    if reach.longest != WHOLE:
        last = np.searchsorted(cuts, known + reach.longest, side="right")
    for span in range(len(cuts) + 1):
        needed = (earliest <= span) & (span <= last)
        if reach.latest:
            old = np.flatnonzero(last < span)
            needed[old[~settled[old]]] = True
            old = old[settled[old]]
            needed[old[np.argmax(known[old])] if len(old) else old] = True
        yield rows[needed]


def _by_part(rows: I64, parts: I64, count: int) -> list[I64]:
    order = np.argsort(parts, kind="stable")
    ends = np.searchsorted(parts[order], np.arange(count), side="right")
    return np.split(rows[order], [np.searchsorted(parts[order], 0), *ends])[1:-1]


def hashed(codes: Sequence[I32], size: int) -> tuple[U64, Array]:
    """Return a hash of each row's key, and whether no part of the key is missing."""
    found, present = np.zeros(size, np.uint64), np.ones(size, dtype=bool)
    for column in codes:
        present &= column != MISSING
        found = _mixed(found ^ column.astype(np.uint64))
    return found, present


def _mixed(words: U64) -> U64:
    """Return well-mixed words (the finaliser of splitmix64); never the same for two words."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: U64 = words ^ (words >> np.uint64(31))
    return mixed


def make_routing(codes: Sequence[I32], times: I64, parts: int) -> Routing:
    """Return how to deal out a key, from a sample of the queries.

    Parameters
    ----------
    codes : sequence of (m,) int32 arrays
        The columns of the key.
    times : (m,) int64 array
        Decision times.
    parts : int
        Into how many partitions of about equal size.
    """
    step = max(1, len(times) // _SAMPLE)
    times = times[::step]
    entities, present = hashed([column[::step] for column in codes], len(times))
    entities, times = entities[present], times[present]
    found, counts = np.unique(entities, return_counts=True)
    shares = counts * parts / max(1, len(times))
    heavy = np.flatnonzero(shares >= _HEAVY)
    spans = np.ceil(shares).astype(np.int64)
    cuts = [_cuts(np.sort(times[entities == found[i]]), int(spans[i])) for i in heavy]
    return Routing(parts, found[heavy], tuple(cuts))


def _cuts(times: I64, spans: int) -> I64:
    """Return where to cut sorted times into spans with as many queries each."""
    places = np.arange(1, spans) * len(times) // spans
    cuts: I64 = np.unique(times[places])
    return cuts
