"""Answering queries: encode them once, then take the steps of the plan, table by table."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from riskml.history.additive import answer_sums, new_frames
from riskml.history.arrays import I32, I64, MISSING
from riskml.history.compiled import compiled
from riskml.history.encoding import Dictionary, KeySpace
from riskml.history.fixed import BINS, Number, encode, price_centres
from riskml.history.moving import answer_moving, new_bag
from riskml.history.plan import Plan, Step
from riskml.history.records import Queries, column_of, numbers_of, times_of
from riskml.history.store import Store
from riskml.history.table import Table
from riskml.history.views import Answer, Asked, Exceptions, Own, Price

__all__ = ["Encoded", "encode_queries", "take_step"]

_WHAT = "queries"
_NO_PRICE = Price(np.zeros(0, np.int64), np.zeros(0), np.zeros(0))


@dataclass(frozen=True)
class Encoded:
    """Queries as codes and numbers.

    Attributes
    ----------
    times : (m,) int64 array
    by_time : (m,) int64 array
        The queries in order of time.
    texts : mapping of str to (m,) int32 array
        Codes of every text column the steps use.
    prices : mapping of str to Price
        Own prices by column.
    units : (m,) int32 array
    own : dict of str to Own
        By stream, the settled rows of the queries' own consignments.
    """

    times: I64
    by_time: I64
    texts: Mapping[str, I32]
    prices: Mapping[str, Price]
    units: I32
    own: Mapping[str, Own]

    def __len__(self) -> int:
        return len(self.times)


def encode_queries(
    queries: Queries,
    plan: Plan,
    texts: Mapping[str, Dictionary],
    units: Dictionary,
    stores: Mapping[str, Store],
) -> Encoded:
    """Check and encode queries.

    Raises
    ------
    HistoryError
        If a key or price column is absent or of the wrong type, or a time lies before 1970.
    """
    size = len(queries)
    times = times_of(queries.decision_time, "decision_time", size, _WHAT)
    names = sorted({name for step in plan.steps for name in step.place[1]})
    codes = {}
    for name in names:
        column = column_of(queries.keys, name, size, _WHAT)
        codes[name] = texts[name].find(column, f"{_WHAT}: column {name!r}")
    unit = column_of({"unit": queries.unit}, "unit", size, _WHAT)
    if any(store.layout.own for store in stores.values()):
        unit = units.find(unit, f"{_WHAT}: column 'unit'")
    else:
        unit = np.full(size, MISSING, np.int32)
    contents = [step.content for step in plan.steps if isinstance(step.content, Number)]
    return Encoded(
        times=np.array(times),  # a copy: kernels are compiled for writable arrays only
        by_time=np.argsort(times, kind="stable"),
        texts=codes,
        prices={number.column: _own_price(queries, number) for number in contents},
        units=unit,
        own={stream: store.own(times, unit) for stream, store in stores.items()},
    )


def take_step(
    step: Step,
    encoded: Encoded,
    table: Table,
    store: Store,
    keyspace: KeySpace,
    texts: Mapping[str, Dictionary],
    base: float,
    answer: Answer,
) -> None:
    """Run one pass over one table."""
    codes = keyspace.find(encoded.texts, len(encoded))
    order = _visiting_order(codes, encoded.by_time, len(table.settled.start))
    own = _own(step, encoded, store, keyspace, codes)
    units = encoded.units if store.layout.own else np.full(len(codes), MISSING, np.int32)
    asked = Asked(order, codes, encoded.times, units)
    exceptions = Exceptions(table.pending, own)
    settled, rows, program = table.settled, store.rows, step.program
    if step.content is None:
        frames = new_frames(len(program.windows), settled.sums.shape[1])
        answer_sums(asked, settled, exceptions, rows, program, frames, base, answer)
    elif isinstance(step.content, Number):
        column, bag = store.layout.numbers.index(step.content), new_bag(BINS)
        price = encoded.prices[step.content.column]
        answer_moving(asked, settled, exceptions, rows, column, price, bag, program, answer)
    else:
        column, bag = store.layout.texts.index(step.content), new_bag(len(texts[step.content]))
        answer_moving(asked, settled, exceptions, rows, column, _NO_PRICE, bag, program, answer)


def _own_price(queries: Queries, number: Number) -> Price:
    values = numbers_of(queries.values, number.column, len(queries), _WHAT)
    bits = encode(number, values, _WHAT, np.arange(len(values)))
    return Price(bits, np.array(values), price_centres())


def _own(step: Step, encoded: Encoded, store: Store, keyspace: KeySpace, codes: I32) -> Own:
    """Return the settled rows of the queries' own consignments that lie under their key."""
    own = encoded.own[step.place[0]]
    if not len(own.query):
        return own
    entities = keyspace.find(store.text_codes(own.row), len(own.row))
    same = (entities == codes[own.query]) & (entities >= 0)
    same &= store.counts_under(keyspace.columns, own.row)
    return Own(own.query[same], own.row[same])


def _visiting_order(codes: I32, by_time: I64, entities: int) -> I64:
    """Return the queries by entity, then by time.

    Counting sort where it pays: it is linear in queries and entities.
    """
    if 8 * len(codes) < entities:
        order: I64 = by_time[np.argsort(codes[by_time], kind="stable")]
        return order
    size = int(codes.max(initial=0)) + 1 - MISSING
    order = np.empty(len(codes), np.int64)
    _counting_sort(codes, by_time, size, np.zeros(size + 1, np.int64), order)
    return order


@compiled
def _counting_sort(codes: I32, by_time: I64, size: int, cursor: I64, order: I64) -> None:
    for code in codes:
        cursor[code - MISSING + 1] += 1
    for place in range(size):
        cursor[place + 1] += cursor[place]
    for query in by_time:
        slot = codes[query] - MISSING
        order[cursor[slot]] = query
        cursor[slot] += 1
