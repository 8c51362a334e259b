"""Lookups in tables that stay: take the steps of the plan, table by table."""

from collections.abc import Mapping

import numpy as np

from riskml.history.additive import answer_sums, new_frames
from riskml.history.arrays import MISSING, Scratch
from riskml.history.encoding import Dictionary, KeySpace
from riskml.history.fixed import BINS, Number
from riskml.history.grouped import visiting_order
from riskml.history.lookup import Encoded, content_of, own_of, price_of
from riskml.history.moving import answer_moving, new_bag
from riskml.history.plan import Step
from riskml.history.store import Store
from riskml.history.table import Table
from riskml.history.views import Answer, Exceptions, Sorted

__all__ = ["take_step"]


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
    own = own_of(step.place[0], encoded, store, keyspace, codes)
    units = encoded.units if store.layout.own else np.full(len(codes), MISSING, np.int32)
    entities = len(table.settled.start)
    asked = visiting_order(codes, encoded.times, encoded.by_time, units, entities, Scratch())
    exceptions = Exceptions(table.pending, own)
    settled, rows, program = table.settled, store.rows, step.program
    if step.content is None:
        frames = new_frames(len(program.windows), settled.sums.shape[1])
        answer_sums(asked, settled, exceptions, rows, program, frames, base, answer)
        return
    column = store.content_column(step.content)
    # Spare places hold no row yet; they are never counted, whatever they are said to contain.
    content = content_of(step.content, store, np.clip(settled.rows, 0, max(store.size - 1, 0)))
    size = BINS if isinstance(step.content, Number) else len(texts[step.content])
    view = Sorted(
        settled.start, settled.length, settled.known, settled.rows, np.zeros((0, 0), np.int64)
    )
    price, bag = price_of(step, encoded), new_bag(size)
    answer_moving(asked, view, exceptions, rows, column, content, price, bag, program, answer)
