"""Queries as codes and numbers, encoded once for all steps of a plan."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from riskml.history.arrays import I32, I64, MISSING
from riskml.history.encoding import Dictionary, KeySpace
from riskml.history.fixed import Number, encode, price_centres, price_steps
from riskml.history.plan import LODGED, Plan, Step
from riskml.history.records import Queries, column_of, numbers_of, times_of
from riskml.history.store import Store
from riskml.history.views import Own, Price

__all__ = ["Encoded", "content_of", "encode_queries", "own_of", "price_of"]

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
    in_order = bool((times[1:] >= times[:-1]).all())
    codes = {}
    for name in names:
        column = column_of(queries.keys, name, size, _WHAT)
        codes[name] = texts[name].find(column, f"{_WHAT}: column {name!r}")
    unit = column_of({"unit": queries.unit}, "unit", size, _WHAT)
    if any(store.layout.own for store in stores.values()):
        unit = units.find(unit, f"{_WHAT}: column 'unit'")
    else:
        unit = np.full(size, MISSING, np.int32)
    contents = {s.content for s in plan.steps if isinstance(s.content, Number)} - {LODGED}
    return Encoded(
        times=np.array(times),  # a copy: kernels are compiled for writable arrays only
        by_time=np.arange(size) if in_order else np.argsort(times, kind="stable"),
        texts=codes,
        prices={number.column: _own_price(queries, number) for number in contents},
        units=unit,
        own={stream: store.own(times, unit) for stream, store in stores.items()},
    )


def content_of(content: str | Number, store: Store, rows: I32) -> I32:
    """Return what a pass counts: for each of ``rows`` a text code or a price step, or negative."""
    column = store.content_column(content)
    if isinstance(content, str):
        return np.ascontiguousarray(store.rows.texts[:, column][rows])
    return price_steps(store.rows.numbers[:, column][rows])


def price_of(step: Step, encoded: Encoded) -> Price:
    """Return the own prices a pass compares with; empty where it counts texts."""
    return encoded.prices[step.content.column] if isinstance(step.content, Number) else _NO_PRICE


def _own_price(queries: Queries, number: Number) -> Price:
    values = numbers_of(queries.values, number.column, len(queries), _WHAT)
    bits = encode(number, values, _WHAT, np.arange(len(values)))
    return Price(bits, np.array(values), price_centres())


def own_of(stream: str, encoded: Encoded, store: Store, keyspace: KeySpace, codes: I32) -> Own:
    """Return the settled rows of the queries' own consignments that lie under their key."""
    own = encoded.own[stream]
    if not len(own.query):
        return own
    entities = keyspace.find(store.text_codes(own.row), len(own.row))
    same = (entities == codes[own.query]) & (entities >= 0)
    same &= store.counts_under(keyspace.columns, own.row)
    return Own(own.query[same], own.row[same])
