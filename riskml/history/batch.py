"""Many queries at once: group a stream by a key, walk through it, drop it, take the next key."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from riskml.errors import HistoryError
from riskml.history.additive import new_frames
from riskml.history.arrays import F64, I32, MISSING, Scratch
from riskml.history.encoding import Dictionary, KeySpace
from riskml.history.fixed import BINS, Number
from riskml.history.grouped import Grouped, group, visiting_order
from riskml.history.lookup import Encoded, content_of, encode_queries, own_of, price_of
from riskml.history.moving import answer_moving, new_bag
from riskml.history.plan import Place, Plan, Step, last_steps, make_plan
from riskml.history.records import Events, Queries
from riskml.history.statistics import Statistic, probability
from riskml.history.store import Store
from riskml.history.sweep import sweep_sums
from riskml.history.views import Answer, Asked, Exceptions

__all__ = ["BASE_RATE", "Progress", "compute"]

BASE_RATE = 0.01
"""The prior of the rate of everything, when nothing is known at all."""

Progress = Callable[[Iterable[Any], str, int], Iterable[Any]]
"""Wraps an iterable, given a label and its length, to show how far it is."""


def compute(
    statistics: Sequence[Statistic],
    events: Sequence[Events],
    queries: Queries,
    *,
    base_rate: float = BASE_RATE,
    progress: Progress | None = None,
    out: F64 | None = None,
) -> F64:
    """Return statistics of many queries at once.

    One key at a time is grouped and dropped, so that memory does not grow with the keys.

    Parameters
    ----------
    statistics : sequence of Statistic
        The columns of the answer.
    events : sequence of Events
        Everything that may have been known; several batches of one stream are fine.
    queries : Queries
        The decisions.
    base_rate : float, default 0.01
        The prior of the rate of everything.
    progress : callable, optional
        Shows progress, such as :func:`riskml.cli.console.progress`.
    out : (m, statistics) float64 array, optional
        Where to write the answer; fresh memory costs as much as the work, if it is large.

    Returns
    -------
    (m, statistics) float64 array
        The same bits as :meth:`~riskml.history.HistoryIndex.lookup`.

    Raises
    ------
    HistoryError
        If events or queries break a rule, or ``out`` does not fit.
    """
    base, plan = probability(base_rate), make_plan(statistics)
    stores = {name: Store(name, layout) for name, layout in plan.layouts.items()}
    texts = {name: Dictionary() for name in plan.texts}
    units = Dictionary()
    for batch in events:
        if batch.stream in stores:
            stores[batch.stream].append(batch, texts, units)
    encoded = encode_queries(queries, plan, texts, units, stores)
    asked, hidden = len(statistics), len(plan.statistics) - len(statistics)
    room = _room((len(encoded), asked), out)
    answer = Answer(room, np.empty((len(encoded), hidden)))
    steps: Iterable[tuple[int, Step]] = list(enumerate(plan.steps))
    if progress is not None:
        steps = progress(steps, "History", len(plan.steps))
    walk = _Walk(plan, stores, texts, encoded, base, answer)
    for number, step in steps:
        walk.take(number, step)
    return answer.asked


def _room(shape: tuple[int, int], out: F64 | None) -> F64:
    if out is None:
        return np.empty(shape)
    if out.shape != shape or out.dtype != np.float64 or not out.flags.c_contiguous:
        raise HistoryError(
            f"out is of type {out.dtype} and shape {out.shape}",
            f"give C-contiguous float64 of shape {shape}",
        )
    return out


class _Walk:
    """The steps of one batch; remembers what the next step over the same table needs."""

    def __init__(
        self,
        plan: Plan,
        stores: Mapping[str, Store],
        texts: Mapping[str, Dictionary],
        encoded: Encoded,
        base: float,
        answer: Answer,
    ) -> None:
        self._plan, self._stores, self._texts = plan, stores, texts
        self._encoded, self._base, self._answer = encoded, base, answer
        self._last = last_steps(plan)
        self._scratch = Scratch()
        self._kept: dict[Place, tuple[KeySpace, Grouped, I32, Asked]] = {}

    def take(self, number: int, step: Step) -> None:
        """Run one pass over one table."""
        store, encoded = self._stores[step.place[0]], self._encoded
        keyspace, grouped, codes, asked = self._grouped(step.place, number)
        if self._last[step.place] == number:
            del self._kept[step.place]
        own = own_of(step, encoded, store, keyspace, codes)
        exceptions = Exceptions(grouped.pending, own)
        if step.content is None:
            self._sums(step, asked, grouped, exceptions, store)
            return
        content = content_of(step.content, store, grouped.settled.rows)
        size = BINS if isinstance(step.content, Number) else len(self._texts[step.content])
        answer_moving(
            asked,
            grouped.settled,
            exceptions,
            store.rows,
            store.content_column(step.content),
            content,
            price_of(step, encoded),
            new_bag(size),
            step.program,
            self._answer,
        )

    def _sums(
        self, step: Step, asked: Asked, grouped: Grouped, exceptions: Exceptions, store: Store
    ) -> None:
        program, settled = step.program, grouped.settled
        groups = program.groups.copy()
        groups[:, 0] = np.arange(len(groups))
        words = int(groups[:, 1].sum())
        longest = int(settled.length.max(initial=0))
        sums = self._scratch.take("sums", (1 + longest, words), np.uint64)
        sums[0] = 0
        sweep_sums(
            asked,
            settled,
            exceptions,
            store.rows,
            program,
            groups,
            new_frames(len(program.windows), words),
            sums,
            self._base,
            self._answer,
        )

    def _grouped(self, place: Place, number: int) -> tuple[KeySpace, Grouped, I32, Asked]:
        """Return the table of a step, grouped if the step before has not left it."""
        if place not in self._kept:
            keyspace, encoded = KeySpace(place[1]), self._encoded
            # What a later step needs again must not lie where the next one writes.
            scratch = self._scratch if self._last[place] == number else Scratch()
            columns = self._plan.groups[place][:, 0]
            grouped = group(self._stores[place[0]], keyspace, columns, scratch)
            codes = keyspace.find(encoded.texts, len(encoded))
            own = self._stores[place[0]].layout.own
            units = encoded.units if own else np.full(len(codes), MISSING, np.int32)
            times, entities = encoded.times, len(grouped.settled.start)
            asked = visiting_order(codes, times, encoded.by_time, units, entities, scratch)
            self._kept[place] = keyspace, grouped, codes, asked
        return self._kept[place]
