"""The records of one stream: what was known, since when, and until when it counts.

A row is never changed or removed, except that ``expires`` may move earlier: it is the earliest
time at which a higher revision of the same event became known. At a time ``T`` a row counts
when ``known < T <= expires``, which is the rule "the latest revision known before T, alone,
at its own known time" without ever taking anything back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from riskml.errors import HistoryError
from riskml.history.arrays import I32, I64, MISSING, Array, enlarged
from riskml.history.encoding import Dictionary
from riskml.history.fixed import Number, encode, sum_of_squares
from riskml.history.identities import Identities
from riskml.history.records import Events, column_of, integers_of, numbers_of, times_of
from riskml.history.revisions import (
    Chains,
    find_duplicates,
    link_revisions,
    link_units,
    own_rows,
    repeated,
)
from riskml.history.views import Own, Rows

__all__ = ["SQUARES_LIMIT", "Change", "Layout", "Store"]

SQUARES_LIMIT = 2**128
"""Sums of squares have 128 bits: the squares of a whole column must fit."""

EVERY_KEY = -1
"""Scope of a row that counts under every key."""

_LARGEST_ROW = 2**31 - 1


@dataclass(frozen=True)
class Layout:
    """What a stream keeps of its events.

    Attributes
    ----------
    texts : tuple of str
        Columns kept as codes: parts of keys, and columns counted for distinct values.
    numbers : tuple of Number
        Value columns, in stored form.
    own : bool
        Whether a query must not see events of its own consignment.
    """

    texts: tuple[str, ...]
    numbers: tuple[Number, ...]
    own: bool


@dataclass(frozen=True)
class Change:
    """What an append did to a stream.

    Attributes
    ----------
    first, last : int
        The new rows are ``first`` to ``last - 1``.
    demoted : int64 array
        Older rows that counted for ever and expire now.
    revised : bool
        Whether the expiry of any row, old or new, may have become limited.
    """

    first: int
    last: int
    demoted: I64
    revised: bool


class Store:
    """The rows of one stream, and the chains that link the revisions of an event.

    Parameters
    ----------
    stream : str
        Its name, for messages.
    layout : Layout
        What to keep.
    """

    def __init__(self, stream: str, layout: Layout) -> None:
        self.stream = stream
        self.layout = layout
        self.size = 0
        self.revised = False
        self.rows = _empty_rows(layout, 0)
        self._what = f"events of stream {stream!r}"
        self._events = Identities()
        self._revisions = Chains(np.zeros(0, np.int32), np.zeros(0, np.int32))
        self._units = Chains(np.zeros(0, np.int32), np.zeros(0, np.int32))
        self._squares = [0] * len(layout.numbers)
        self._by_known: I64 | None = None
        self._scopes: dict[tuple[str, ...], int] = {}

    def append(self, events: Events, texts: Mapping[str, Dictionary], units: Dictionary) -> Change:
        """Add records: :meth:`stage` them, then :meth:`commit` them."""
        return self.commit(self.stage([events], texts, units), len(units))

    def stage(
        self, batches: Sequence[Events], texts: Mapping[str, Dictionary], units: Dictionary
    ) -> Rows:
        """Check and encode records, without those that are stored already.

        Raises
        ------
        HistoryError
            If a column is absent or of the wrong type, a time lies before 1970, a number is
            infinite or out of range, or a revision is given twice with different content.
            The rows are unchanged then.
        """
        parts = [self._stage(events, texts, units) for events in batches]
        staged = parts[0] if len(parts) == 1 else _joined(parts)
        suspects = repeated(staged.event, self._revisions)
        if len(suspects):
            staged = self._without_duplicates(staged, suspects)
        self._squares_with(staged.numbers)
        if self.size + len(staged.known) > _LARGEST_ROW:
            raise HistoryError(f"{self._what}: more than {_LARGEST_ROW} rows", "split the stream")
        return staged

    def state(self) -> dict[str, Any]:
        """Return all rows and chains without their spare room, for a snapshot."""
        rows = {f: getattr(self.rows, f) for f in self.kept_fields}
        return {
            "rows": {name: column[: self.size] for name, column in rows.items()},
            "revised": self.revised,
            "events": self._events.state(),
            "revisions": self._revisions._asdict(),
            "units": self._units._asdict(),
            "squares": list(map(str, self._squares)),
            "scopes": list(map(list, self._scopes)),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state` returned; the stream and its layout must be the same."""
        self.rows = _empty_rows(self.layout, 0)._replace(**state["rows"])
        self.size, self.revised = len(self.rows.known), state["revised"]
        self._events.restore(state["events"])
        self._revisions, self._units = Chains(**state["revisions"]), Chains(**state["units"])
        self._squares = list(map(int, state["squares"]))
        self._scopes = {tuple(key): number for number, key in enumerate(state["scopes"])}
        self._by_known = None

    def events_of(self, codes: I64) -> dict[str, Any]:
        """Return the identities of some codes, in their order, as :meth:`restore` takes them."""
        return self._events.subset(codes).state()

    def by_known(self) -> I64:
        """Return all rows in order of known time."""
        if self._by_known is None:
            known = self.rows.known[: self.size]
            sorted_already = bool((known[1:] >= known[:-1]).all())
            self._by_known = (
                np.arange(self.size) if sorted_already else np.argsort(known, kind="stable")
            )
        return self._by_known

    def text_codes(self, rows: I64 | slice) -> dict[str, I32]:
        """Return the codes of ``rows`` for each text column."""
        texts = self.rows.texts[: self.size][rows]
        return {
            name: np.ascontiguousarray(texts[:, place])
            for place, name in enumerate(self.layout.texts)
        }

    def own(self, times: I64, units: I32) -> Own:
        """Return the settled rows that each query sees of its own consignment."""
        room = 16
        while True:
            query, row = np.empty(room, np.int64), np.empty(room, np.int64)
            count = own_rows(times, units, self.rows, self._units, query, row)
            if count <= room:
                return Own(query[:count], row[:count])
            room = count

    def content_column(self, content: str | Number) -> int:
        """Return where a text or number column is kept."""
        if isinstance(content, str):
            return self.layout.texts.index(content)
        return self.layout.numbers.index(content)

    @property
    def kept_fields(self) -> list[str]:
        """Columns of the rows; consignments only where a query must not see its own events."""
        return [field for field in Rows._fields if field != "unit" or self.layout.own]

    @property
    def units(self) -> Chains:
        """The rows of each consignment; without any where a stream does not need them."""
        return self._units

    def scope_of(self, key: tuple[str, ...]) -> int:
        """Return the number of a key among those under which alone some rows count."""
        return self._scopes.get(key, len(self._scopes))

    @property
    def scoped(self) -> bool:
        """Whether any row counts under one key alone."""
        return bool(self._scopes)

    @property
    def memory_bytes(self) -> int:
        """Size of all arrays, identities included."""
        arrays = sum(array.nbytes for array in (*self.rows, *self._revisions, *self._units))
        return arrays + self._events.memory_bytes

    def _stage(self, events: Events, texts: Mapping[str, Dictionary], units: Dictionary) -> Rows:
        """Check and encode a batch; dictionaries may grow, the rows stay as they are."""
        size, what = len(events), self._what
        ids = column_of({"event_id": events.event_id}, "event_id", size, what)
        staged = _empty_rows(self.layout, size)
        staged.known[:] = times_of(events.known_at, "known_at", size, what, ids)
        staged.revision[:] = integers_of(events.revision, "revision", size, what)
        for place, number in enumerate(self.layout.numbers):
            values = numbers_of(events.values, number.column, size, what, ids)
            staged.numbers[:, place] = encode(number, values, what, ids)
        staged.texts[:] = MISSING
        for place, name in enumerate(self.layout.texts):
            if events.only is None or name in events.only or name in events.keys:
                column = column_of(events.keys, name, size, what)
                staged.texts[:, place] = texts[name].add(column, f"{what}: column {name!r}")
        if events.only is not None:
            only = () if events.only == ("all",) else events.only
            staged.scope[:] = self._scopes.setdefault(only, len(self._scopes))
        if self.layout.own:
            unit = column_of({"unit": events.unit}, "unit", size, what)
            staged.unit[:] = units.add(unit, f"{what}: column 'unit'")
        staged.event[:] = self._events.add(ids, what)
        return staged

    def counts_under(self, key: tuple[str, ...], rows: I64 | slice) -> Array:
        """Return which of ``rows`` count under a key."""
        scope = self.rows.scope[: self.size][rows]
        mask: Array = (scope == EVERY_KEY) | (scope == self.scope_of(key))
        return mask

    def _without_duplicates(self, staged: Rows, suspects: I64) -> Rows:
        order = suspects[np.lexsort((staged.revision[suspects], staged.event[suspects]))]
        keep = np.ones(len(staged.known), dtype=bool)
        row, other = find_duplicates(order, staged, self.rows, self._revisions, keep)
        if row >= 0:
            where = "stored" if other < 0 else f"in row {other}"
            event, revision = self._events[int(staged.event[row])], staged.revision[row]
            raise HistoryError(
                f"{self._what}: event {event!r}, revision {revision}, "
                f"row {row}, differs from the same revision {where}",
                "give a correction a higher revision",
            )
        return staged._replace(**{f: getattr(staged, f)[keep] for f in self.kept_fields})

    def _squares_with(self, numbers: I64) -> list[int]:
        """Return the sums of squares of all columns, the batch included."""
        totals = list(self._squares)
        for place, number in enumerate(self.layout.numbers):
            if number.form == "fixed":
                totals[place] += sum_of_squares(np.ascontiguousarray(numbers[:, place]))
            if totals[place] >= SQUARES_LIMIT:
                raise HistoryError(
                    f"{self._what}: the squares of column {number.column!r} leave the range of "
                    "exact sums",
                    "use fewer decimals in its statistics",
                )
        return totals

    def commit(self, staged: Rows, units: int) -> Change:
        """Add staged records; ``units`` is how many consignments are known."""
        self._by_known = None
        self._squares = self._squares_with(staged.numbers)
        first, last = self.size, self.size + len(staged.known)
        fields = self.kept_fields
        rows = self.rows._replace(**{f: enlarged(getattr(self.rows, f), last) for f in fields})
        for field in fields:
            getattr(rows, field)[first:last] = getattr(staged, field)
        self.rows = rows
        self._revisions = Chains(
            _zeroed(self._revisions.head, len(self._events)),
            _zeroed(self._revisions.before, last),
        )
        demoted = np.empty(last - first, np.int64)
        count, revised = link_revisions(self.rows, self._revisions, first, last, demoted)
        if self.layout.own:
            self._units = Chains(
                _zeroed(self._units.head, units), _zeroed(self._units.before, last)
            )
            link_units(self.rows, self._units, first, last)
        self.size = last
        self.revised |= bool(revised)
        return Change(first, last, demoted[:count], revised)


def _joined(parts: Sequence[Rows]) -> Rows:
    return Rows._make(np.concatenate(columns) for columns in zip(*parts, strict=True))


def _zeroed(chain: I32, size: int) -> I32:
    """Return a chain with room for ``size``; new links lead nowhere."""
    larger = enlarged(chain, size)
    larger[len(chain) :] = 0
    return larger


def _empty_rows(layout: Layout, size: int) -> Rows:
    return Rows(
        known=np.zeros(size, np.int64),
        expires=np.zeros(size, np.int64),
        revision=np.zeros(size, np.int64),
        event=np.zeros(size, np.int32),
        unit=np.full(size if layout.own else 0, MISSING, np.int32),
        scope=np.full(size, EVERY_KEY, np.int32),
        texts=np.zeros((size, len(layout.texts)), np.int32),
        numbers=np.zeros((size, len(layout.numbers)), np.int64),
    )
