"""Many queries at once: group a stream by a key, walk through it, drop it, take the next key."""

import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import numpy as np

from riskml.errors import HistoryError
from riskml.history.additive import new_frames
from riskml.history.arrays import F64, MISSING, Scratch
from riskml.history.blocks import new_block
from riskml.history.encoding import Dictionary, KeySpace
from riskml.history.fixed import BINS, Number
from riskml.history.grouped import Grouped, group, visiting_order
from riskml.history.lodged import answer_lodged
from riskml.history.lookup import Encoded, content_of, encode_queries, own_of, price_of
from riskml.history.moving import answer_moving, new_bag
from riskml.history.plan import LODGED, Place, Plan, Step, Work, make_plan, rounds
from riskml.history.records import Events, Queries
from riskml.history.running import lay_out, summarise
from riskml.history.statistics import Statistic, probability
from riskml.history.store import Store
from riskml.history.sweep import ROOM, sweep_sums
from riskml.history.views import Answer, Asked, Exceptions

__all__ = ["BASE_RATE", "Batch", "Progress", "Walk", "compute", "room_for"]

BASE_RATE = 0.01
"""The prior of the rate of everything, when nothing is known at all."""

LINE_BYTES = 64
"""Length of a line of the processor's cache."""

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
    threads: int = 1,
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
    threads : int, default 1
        How many keys to work on at once.

    Returns
    -------
    (m, statistics) float64 array
        The same bits as :meth:`~riskml.history.HistoryIndex.lookup`.

    Raises
    ------
    HistoryError
        If events or queries break a rule, or ``out`` does not fit.
    """
    batch = Batch(statistics, base_rate)
    for some in events:
        batch.append(some)
    return batch.answer(queries, progress=progress, out=out, threads=threads)


class Batch:
    """Events gathered once, to answer batches of queries.

    Parameters
    ----------
    statistics : sequence of Statistic
        The columns of the answers.
    base_rate : float, default 0.01
        The prior of the rate of everything.
    """

    def __init__(self, statistics: Sequence[Statistic], base_rate: float = BASE_RATE) -> None:
        self._base, self._plan = probability(base_rate), make_plan(statistics)
        self._asked = len(statistics)
        self._stores = {name: Store(name, layout) for name, layout in self._plan.layouts.items()}
        self._texts = {name: Dictionary() for name in self._plan.texts}
        self._units = Dictionary()

    def append(self, events: Events) -> None:
        """Add events; those of a stream that no statistic reads are left out."""
        if events.stream in self._stores:
            self._stores[events.stream].append(events, self._texts, self._units)

    def answer(
        self,
        queries: Queries,
        *,
        progress: Progress | None = None,
        out: F64 | None = None,
        threads: int = 1,
    ) -> F64:
        """Return the statistics of queries, as :func:`compute` does."""
        plan, stores = self._plan, self._stores
        encoded = encode_queries(queries, plan, self._texts, self._units, stores)
        hidden = len(plan.statistics) - self._asked
        room = room_for((len(encoded), self._asked), out)
        answer = Answer(room, np.empty((len(encoded), hidden)))
        walk = Walk(plan, stores, self._texts, encoded, self._base, answer)
        steps: Iterable[Step] = walk.steps(threads)
        if progress is not None:
            steps = progress(steps, "History", len(plan.steps))
        for _ in steps:
            pass
        return answer.asked


def room_for(shape: tuple[int, int], out: F64 | None) -> F64:
    """Return where to write an answer: ``out``, or fresh memory.

    Raises
    ------
    HistoryError
        If ``out`` does not fit.
    """
    if out is None:
        line = LINE_BYTES // np.dtype(np.float64).itemsize
        room = np.empty(math.prod(shape) + line)
        first = -room.ctypes.data % LINE_BYTES // room.itemsize  # rows then touch fewer lines
        return room[first : first + math.prod(shape)].reshape(shape)
    if out.shape != shape or out.dtype != np.float64 or not out.flags.c_contiguous:
        raise HistoryError(
            f"out is of type {out.dtype} and shape {out.shape}",
            f"give C-contiguous float64 of shape {shape}",
        )
    return out


class Walk:
    """The steps of one batch.

    Parameters
    ----------
    plan : Plan
        What to compute.
    stores : mapping of str to Store
        The streams.
    texts : mapping of str to a sized
        As long as each text column has different texts.
    encoded : Encoded
        The queries.
    base : float
        The prior of the rate of everything.
    answer : Answer
        Where to write.
    """

    def __init__(
        self,
        plan: Plan,
        stores: Mapping[str, Store],
        texts: Mapping[str, Sized],
        encoded: Encoded,
        base: float,
        answer: Answer,
    ) -> None:
        self._plan, self._stores, self._texts = plan, stores, texts
        self._encoded, self._base, self._answer = encoded, base, answer
        self._summaries = {
            name: summarise(store.rows.numbers[: store.size]) for name, store in stores.items()
        }

    def steps(self, threads: int) -> Iterator[Step]:
        """Take all steps, each after those it needs; yield each when it is done."""
        if threads == 1:
            scratch = Scratch()
            for work in rounds(self._plan.steps):
                for place, steps in work:
                    yield from self._take(place, steps, scratch)
            return
        own = threading.local()

        def take(work: Work) -> list[Step]:
            own.scratch = getattr(own, "scratch", None) or Scratch()
            return list(self._take(*work, own.scratch))

        with ThreadPoolExecutor(threads) as pool:
            for work in rounds(self._plan.steps):
                for done in as_completed([pool.submit(take, part) for part in work]):
                    yield from done.result()

    def _take(self, place: Place, steps: Sequence[Step], scratch: Scratch) -> Iterator[Step]:
        """Group a stream by a key, and run all passes over it."""
        store, keyspace, encoded = self._stores[place[0]], KeySpace(place[1]), self._encoded
        grouped = group(store, keyspace, self._plan.groups[place][:, 0], scratch)
        codes = keyspace.find(encoded.texts, len(encoded))
        units = encoded.units if store.layout.own else np.full(len(codes), MISSING, np.int32)
        entities = len(grouped.settled.start)
        asked = visiting_order(codes, encoded.times, encoded.by_time, units, entities, scratch)
        own = own_of(place[0], encoded, store, keyspace, codes)
        exceptions = Exceptions(grouped.pending, own)
        for step in steps:
            if step.content == LODGED:
                self._lodged(step, asked, grouped)
            elif step.content is None:
                self._sums(step, asked, grouped, exceptions, scratch)
            else:
                self._content(step, asked, grouped, exceptions)
            yield step

    def _lodged(self, step: Step, asked: Asked, grouped: Grouped) -> None:
        store, program = self._stores[step.place[0]], step.program
        answer_lodged(
            asked,
            grouped.settled,
            grouped.pending,
            store.rows,
            store.content_column(LODGED),
            program,
            new_frames(len(program.windows), int(program.groups[:, 1].sum())),
            self._base,
            self._answer,
        )

    def _content(self, step: Step, asked: Asked, grouped: Grouped, exceptions: Exceptions) -> None:
        assert step.content is not None  # noqa: S101 - the caller has looked
        store = self._stores[step.place[0]]
        size = BINS if isinstance(step.content, Number) else len(self._texts[step.content])
        answer_moving(
            asked,
            grouped.settled,
            exceptions,
            store.rows,
            store.content_column(step.content),
            content_of(step.content, store, grouped.settled.rows),
            price_of(step, self._encoded),
            new_bag(size),
            step.program,
            self._answer,
        )

    def _sums(
        self,
        step: Step,
        asked: Asked,
        grouped: Grouped,
        exceptions: Exceptions,
        scratch: Scratch,
    ) -> None:
        rows = self._stores[step.place[0]].rows
        program, settled = step.program, grouped.settled
        groups = program.groups.copy()
        groups[:, 0] = np.arange(len(groups))
        lay, words = lay_out(program.groups, *self._summaries[step.place[0]])
        room = ROOM + 1 + int(settled.length.max(initial=0))
        sweep_sums(
            asked,
            settled,
            exceptions,
            rows,
            program,
            groups,
            lay,
            new_frames(len(program.windows), int(groups[:, 1].sum())),
            new_block(program),
            scratch.take("sums", (room, words), np.uint64),
            self._base,
            self._answer,
        )
