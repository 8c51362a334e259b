"""Where the arrays of a live index lie in memory, for the one kernel that reads them all."""

from collections.abc import Iterable, Mapping, Sequence
from operator import is_
from typing import Any

import numpy as np

from riskml.history.arrays import F64, I64, Array
from riskml.history.encoding import Dictionary, KeySpace
from riskml.history.fixed import BINS, Number, price_centres
from riskml.history.moving import new_bag
from riskml.history.plan import LODGED, Place, Plan
from riskml.history.store import Store
from riskml.history.table import Table
from riskml.history.views import Pending, Settled

__all__ = ["Directory"]


class Directory:
    """What the live kernel is given, besides the queries.

    The steps of the plan lie flat, one behind the other; tables, streams and key spaces are rows
    of addresses and sizes. The arrays themselves are kept, so that no address outlives its array.

    Parameters
    ----------
    plan : Plan
        The steps.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._kept: dict[str, tuple[list[Array], I64]] = {}
        self._seen: dict[Place, tuple[Settled, Pending, list[int]]] = {}
        self.texts = plan.texts
        self.prices = sorted(
            {
                step.content.column
                for step in plan.steps
                if isinstance(step.content, Number) and step.content != LODGED
            }
        )
        self.places: list[Place] = sorted(plan.groups)
        self.streams = sorted(plan.layouts)
        programs = [step.program for step in plan.steps]
        self._items = _joined([np.array(program[2:9]) for program in programs], 1, (7, 0)).astype(
            np.int64
        )
        self._factor: F64 = _joined([program.factor for program in programs], 0, (0,))
        self._windows: I64 = _joined([p.windows for p in programs], 0, (0,)).astype(np.int64)
        self._groups: I64 = _joined([p.groups for p in programs], 0, (0, 3)).astype(np.int64)
        self._steps = self._step_rows()
        self._bags: dict[int, Any] = {}
        self._columns, self._first_column = self._key_columns()
        spans = max((len(program.windows) for program in programs), default=0)
        words = max((int(groups[:, 1].sum()) for groups in plan.groups.values()), default=0)
        counts, sums = np.zeros(spans, np.int64), np.zeros(spans * words, np.uint64)
        reals, totals = np.zeros(spans * words), np.zeros(2, np.int64)
        ends = np.zeros(2 * words, np.uint64)
        self._room = self._addresses("room", [counts, sums, reals, totals, ends])
        self._centres = price_centres()

    def arguments(
        self,
        stores: Mapping[str, Store],
        keyspaces: Mapping[tuple[str, ...], KeySpace],
        tables: Mapping[Place, Table],
        texts: Mapping[str, Dictionary],
    ) -> tuple[Array, ...]:
        """Return the first arguments of the kernel for the arrays as they are now."""
        pairs: list[tuple[int, int, int]] = []
        first = {}
        for key, keyspace in keyspaces.items():
            first[key] = len(pairs)
            for packed, codes in keyspace.tables:
                where = self._addresses(f"pairs {len(pairs)}", [packed, codes])
                pairs.append((int(where[0]), int(where[1]), len(packed)))
        rows = [self._stream_row(name, stores[name]) for name in self.streams]
        lines = [self._table_row(p, tables[p], stores[p[0]], first[p[1]]) for p in self.places]
        self._renew_bags(stores, texts)
        return (
            np.array(lines, np.int64).reshape(-1, 18),
            np.array(rows, np.int64).reshape(-1, 14),
            np.array(pairs, np.int64).reshape(-1, 3),
            self._columns,
            self._steps.copy(),
            self._items,
            self._factor,
            self._windows,
            self._groups,
            self._room,
        )

    @property
    def centres(self) -> F64:
        """The price in the middle of each step of the grid."""
        return self._centres

    def _addresses(self, name: str, arrays: Iterable[Array]) -> I64:
        """Return where arrays lie; asking numpy costs more than seeing that they are the same."""
        arrays = list(arrays)
        kept, where = self._kept.get(name, ((), None))
        if where is None or len(kept) != len(arrays) or not all(map(is_, kept, arrays)):
            where = np.array([a.__array_interface__["data"][0] for a in arrays], np.int64)
            self._kept[name] = arrays, where
        return where

    def _stream_row(self, name: str, store: Store) -> list[int]:
        rows, units = store.rows, store.units
        arrays: list[Array] = [
            rows.known,
            rows.expires,
            rows.unit,
            rows.scope,
            rows.texts,
            rows.numbers,
        ]
        known, expires, unit, scope, texts, numbers = self._addresses(f"rows {name}", arrays)
        head, before = self._addresses(f"units {name}", units)
        widths = rows.texts.shape[1], rows.numbers.shape[1]
        start = [store.size, known, expires, unit, scope, texts, widths[0], numbers, widths[1]]
        return [*start, store.layout.own, head, before, len(units.head), len(units.before)]

    def _table_row(self, place: Place, table: Table, store: Store, pairs: int) -> list[int]:
        view, pending = table.settled, table.pending
        seen = self._seen.get(place)
        if seen is not None and seen[0] is view and seen[1] is pending:
            row = seen[2]
            row[14], row[17] = pairs, store.scope_of(place[1])
            return row
        arrays: list[Array] = [view.start, view.length, view.stamp, view.rows, view.marks]
        where = self._addresses(f"table {place}", arrays)
        aside = self._addresses(f"pending {place}", pending)
        row = [
            len(view.start),
            len(view.stamp),
            *where.tolist(),
            view.marks.shape[1],
            *aside.tolist(),
            len(pending.entity),
            self.streams.index(place[0]),
            pairs,
            self._first_column[place],
            len(place[1]),
            store.scope_of(place[1]),
        ]
        self._seen[place] = view, pending, row
        return row

    def _step_rows(self) -> I64:
        """Return for each step its table, items, windows, groups and what it counts."""
        lines, item, window, group = [], 0, 0, 0
        for step in self._plan.steps:
            program, column, price, lodged = step.program, -1, -1, -1
            layout = self._plan.layouts[step.place[0]]
            if step.content == LODGED:
                lodged = layout.numbers.index(LODGED)
            elif step.content is not None:
                if isinstance(step.content, Number):
                    column = layout.numbers.index(step.content)
                    price = self.prices.index(step.content.column)
                else:
                    column = layout.texts.index(step.content)
            ends = item + len(program.target), window + len(program.windows)
            spans = [item, ends[0], window, ends[1], group, group + len(program.groups)]
            place = self.places.index(step.place)
            lines.append([place, *spans, column, price, 0, 0, 0, lodged])
            item, window, group = ends[0], ends[1], group + len(program.groups)
        return np.array(lines, np.int64).reshape(-1, 13)

    def _key_columns(self) -> tuple[I64, dict[Place, int]]:
        """Return where the columns of each key stand, in the queries and in the rows."""
        columns: list[int] = []
        first = {}
        for place in self.places:
            first[place] = len(columns)
            columns += [self.texts.index(name) for name in place[1]]
            columns += [self._plan.layouts[place[0]].texts.index(name) for name in place[1]]
        return np.array(columns, np.int64), first

    def _renew_bags(self, stores: Mapping[str, Store], texts: Mapping[str, Dictionary]) -> None:
        for number, step in enumerate(self._plan.steps):
            if step.content in (None, LODGED):
                continue
            size = BINS if isinstance(step.content, Number) else len(texts[str(step.content)])
            if number not in self._bags or len(self._bags[number].counts) <= size:
                bag = self._bags[number] = new_bag(max(2 * size, 64))
                where = self._addresses(f"bag {number}", [bag.counts, bag.octaves])
                self._steps[number, 9:12] = [*where.tolist(), len(bag.counts)]


def _joined(parts: Sequence[Array], axis: int, empty: tuple[int, ...]) -> Array:
    return np.ascontiguousarray(np.concatenate(parts, axis=axis)) if parts else np.zeros(empty)
