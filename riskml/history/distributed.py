"""History on many workers: the same kernel on partitions shuffled by key, the same bits.

For each key the rows of all streams and the queries are dealt out to partitions once; a partition
is answered by the kernel that answers everything in one process; answers come back with their row
numbers and are put in their rows. What depends on two keys, rates and shares, is worked out last.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from riskml.cluster import Cluster, Task
from riskml.errors import ClusterError
from riskml.history.arrays import F64, I64
from riskml.history.batch import BASE_RATE, Progress, compute, room_for
from riskml.history.compiled import sources_digest
from riskml.history.decomposed import Assembly, decompose
from riskml.history.encoding import Dictionary
from riskml.history.engine import Engine
from riskml.history.lookup import Encoded, encode_queries
from riskml.history.partitions import Chunk, Job, answer, chunks_of, deal, jobs_of
from riskml.history.plan import Plan, make_plan
from riskml.history.records import Events, Queries
from riskml.history.routing import make_routing
from riskml.history.statistics import Statistic, probability
from riskml.history.store import Store

__all__ = ["Shuffle", "compute_distributed", "engine_on"]

CHUNK = 50_000
"""Rows of a stream, or queries, that travel together: a few megabytes."""

SMALLEST, LARGEST = 2_000, 250_000
"""Queries of a key that are answered together: a task has a cost, and a worker a memory."""


class Shuffle:
    """Rows cut into chunks, and the jobs that deal them out.

    Parameters
    ----------
    statistics : sequence of Statistic
        None of them needs another key (:mod:`riskml.history.decomposed`).
    events, queries
        As for :func:`~riskml.history.compute`; they are checked in the same way.
    parts : int
        Into how many partitions each key is dealt.
    chunk : int
        Rows that travel together.

    Attributes
    ----------
    chunks : list of Chunk
    jobs : list of Job
    """

    def __init__(
        self,
        statistics: Sequence[Statistic],
        events: Sequence[Events],
        queries: Queries,
        *,
        parts: int,
        chunk: int,
    ) -> None:
        plan = make_plan(statistics)
        stores, texts, encoded = _encoded(plan, events, queries)
        sizes = [store.size for store in stores.values()]
        count = max(1, -(-max([len(encoded), *sizes]) // chunk))
        edges = {name: _edges(store.size, count) for name, store in stores.items()}
        keys = jobs_of(statistics)
        self.chunks = chunks_of(stores, encoded, list(keys), edges, _edges(len(encoded), count))
        values = {name: len(dictionary) for name, dictionary in texts.items()}
        self.jobs = [
            Job(
                key,
                tuple(statistics[place] for place in places),
                np.array(places, dtype=np.int64),
                make_routing([encoded.texts[name] for name in key], encoded.times, parts),
                values,
            )
            for key, places in keys.items()
        ]


def _encoded(
    plan: Plan, events: Sequence[Events], queries: Queries
) -> tuple[Mapping[str, Store], Mapping[str, Dictionary], Encoded]:
    stores = {name: Store(name, layout) for name, layout in plan.layouts.items()}
    texts, units = {name: Dictionary() for name in plan.texts}, Dictionary()
    for batch in events:
        if batch.stream in stores:
            stores[batch.stream].append(batch, texts, units)
    return stores, texts, encode_queries(queries, plan, texts, units, stores)


def _edges(size: int, count: int) -> I64:
    return np.arange(count + 1, dtype=np.int64) * size // count


def compute_distributed(
    cluster: Cluster,
    statistics: Sequence[Statistic],
    events: Sequence[Events],
    queries: Queries,
    *,
    base_rate: float = BASE_RATE,
    progress: Progress | None = None,
    out: F64 | None = None,
    parts: int | None = None,
    chunk: int = CHUNK,
) -> F64:
    """Return statistics of many queries, computed on the workers of a cluster.

    Parameters
    ----------
    cluster : Cluster
        Where to compute; its workers have this version of riskml.
    statistics, events, queries, base_rate, progress, out
        As for :func:`~riskml.history.compute`.
    parts : int, optional
        Into how many partitions each key is dealt; by default two for each thread of the
        cluster, more where they would be large, fewer where they would be tiny.
    chunk : int
        Rows that travel together.

    Returns
    -------
    (m, statistics) float64 array
        The same bits as :func:`~riskml.history.compute`, whatever the partitions, and whether or
        not workers were lost on the way.

    Raises
    ------
    HistoryError
        If events or queries break a rule, or ``out`` does not fit.
    ClusterError
        If the workers run another version, or too many were lost.
    """
    base, found = probability(base_rate), decompose(statistics)
    answered = room_for((len(queries), len(statistics)), out)
    require_same_code(cluster)
    if parts is None:
        parts = _parts_for(len(queries), cluster.threads)
    shuffle = Shuffle(found.parts, events, queries, parts=parts, chunk=chunk)
    assembly = Assembly(found, answered)
    tasks, jobs = _tasks(cluster, shuffle)
    arriving: Iterable[tuple[int, Any]] = cluster.results(tasks)
    if progress is not None:
        arriving = progress(arriving, "History", len(tasks))
    for number, (rows, values) in arriving:
        assembly.take(rows, jobs[number].columns, values)
    return assembly.finish(base)


def _parts_for(queries: int, threads: int) -> int:
    wanted = min(2 * threads, -(-queries // SMALLEST))
    return max(1, wanted, -(-queries // LARGEST))


def _tasks(cluster: Cluster, shuffle: Shuffle) -> tuple[list[Task], list[Job]]:
    """Return a task for each partition of each job, and the job of each task."""
    chunks = [cluster.put(chunk) for chunk in shuffle.chunks]
    tasks: list[Task] = []
    jobs: list[Job] = []
    for job in shuffle.jobs:
        count = job.routing.count
        given = cluster.put(job)
        dealt = [cluster.parts(cluster.call(deal, given, chunk), count) for chunk in chunks]
        for pieces in zip(*dealt, strict=True):
            tasks.append(cluster.call(_answer, given, *pieces))
            jobs.append(job)
    return tasks, jobs


def _answer(job: Job, *pieces: Chunk) -> tuple[I64, F64]:
    return answer(job, pieces)


def engine_on(cluster: Cluster | None, parts: int | None = None) -> Engine:
    """Return an engine whose work is done by a cluster, or in this process if there is none."""
    if cluster is None:
        return compute

    def compute_there(
        statistics: Sequence[Statistic],
        events: Sequence[Events],
        queries: Queries,
        *,
        progress: Progress | None = None,
    ) -> np.ndarray:
        return compute_distributed(
            cluster, statistics, events, queries, progress=progress, parts=parts
        )

    return compute_there


def require_same_code(cluster: Cluster) -> None:
    """Refuse workers whose history engine is not this one.

    Raises
    ------
    ClusterError
        If there are any; the first is named.
    """
    mine = _code_digest()
    for address, digest in sorted(cluster.everywhere(_code_digest).items()):
        if digest != mine:
            raise ClusterError(
                f"worker {address} runs another version of riskml.history",
                "install the same riskml on scheduler and workers",
            )


def _code_digest() -> str:
    return sources_digest(sorted(Path(__file__).parent.glob("*.py")))
