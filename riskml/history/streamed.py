"""History of more rows than fit in memory: from Parquet to Parquet, one key at a time.

The rows of a key are dealt out to buckets on disk, each with all events of its entities; a bucket
is answered by the batch kernel, and its answers are put back in the order of the queries. What is
done is on disk under its final name and only then: a run that was killed goes on where it stopped.
"""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from riskml.errors import HistoryError
from riskml.files import whole_file
from riskml.history.arrays import F64, Array
from riskml.history.batch import BASE_RATE, Batch, Progress
from riskml.history.buckets import ROW, Source, deal, read_bucket, revised_events
from riskml.history.plan import Plan, make_plan
from riskml.history.records import Events, Queries
from riskml.history.statistics import Statistic

__all__ = ["ROWS_AT_ONCE", "stream_history"]

ROWS_AT_ONCE = 2_000_000
"""Rows of a bucket, on average; an entity with more of them makes its bucket larger."""

_MOST_BUCKETS = 512
_QUESTION = "history.json"
_ASKED = ".asked"
_OF_EVENTS = ("event_id", "revision", "known_at", "unit")
_OF_QUERIES = ("decision_time", "unit")


def stream_history(
    statistics: Sequence[Statistic],
    events: Mapping[str, Path],
    queries: Path,
    out: Path,
    *,
    base_rate: float = BASE_RATE,
    progress: Progress | None = None,
    rows_at_once: int = ROWS_AT_ONCE,
) -> dict[tuple[str, ...], Path]:
    """Compute statistics of Parquet files of any size, with the bits of ``compute``.

    Called again after it was interrupted, it goes on where it stopped.

    Parameters
    ----------
    statistics : sequence of Statistic
        Each read from the events of its own key alone: neither a rate, which is shrunk towards
        that of another key, nor a share.
    events : mapping of str to Path
        The Parquet file of each stream: ``event_id``, ``revision``, ``known_at`` (microseconds
        since 1970 UTC), ``unit``, and the columns of the statistics.
    queries : Path
        The Parquet file of the decisions: ``decision_time`` (the same unit), ``unit``, and the
        columns of the statistics. It may be one of the files of events.
    out : Path
        Folder for the answer, and for work that takes about as much room as one key's part of it.
    base_rate : float, default 0.01
        As for :func:`~riskml.history.compute`.
    progress : callable, optional
        Shows progress.
    rows_at_once : int, default 2 million
        How many rows to hold in memory, about.

    Returns
    -------
    dict of tuple of str to Path
        For each key a Parquet file with its statistics by name, a row for each query, in order.

    Raises
    ------
    HistoryError
        If a statistic needs another key, two have one name, a file lacks a column, ``out`` holds
        something else, or rows break a rule.

    Notes
    -----
    Contradictory records of one revision are found only where they fall into one bucket: the
    same event and revision under another entity goes unnoticed here.
    """
    plan = make_plan(statistics)
    if len(plan.statistics) > len(statistics):
        needed = plan.statistics[len(statistics)].name
        raise HistoryError(
            f"a statistic needs {needed} as well, which may be of another key",
            "stream counts (known, hits, count) and divide them",
        )
    if len({statistic.name for statistic in statistics}) < len(statistics):
        raise HistoryError("two statistics have one name", "stream them into two folders")
    sources, asked = _sources(plan, events, queries)
    largest = max(source.rows for source in (asked, *sources.values()))
    buckets = min(_MOST_BUCKETS, max(1, -(-largest // rows_at_once)))
    _remember(out, statistics, base_rate, buckets, [*sources.values(), asked])
    keys: dict[tuple[str, ...], list[Statistic]] = {}
    for statistic in statistics:
        keys.setdefault(statistic.key, []).append(statistic)
    run = _Run(out, events, queries, buckets, base_rate, rows_at_once)
    steps: Iterable[None] = (step for key in keys for step in run.steps(key, keys[key]))
    if progress is not None:
        steps = progress(steps, "History", len(keys) * (buckets + 2))
    for _ in steps:
        pass
    return {key: run.answer_of(key) for key in keys}


def _sources(
    plan: Plan, events: Mapping[str, Path], queries: Path
) -> tuple[dict[str, Source], Source]:
    """Return what a plan reads of the files of events, and of that of the queries."""
    sources = {}
    for stream, layout in plan.layouts.items():
        if stream not in events:
            raise HistoryError(f"no file of stream {stream!r}", "give events[stream]")
        numbers = tuple(sorted({number.column for number in layout.numbers}))
        sources[stream] = Source(Path(events[stream]), _OF_EVENTS, layout.texts, numbers)
    prices = {str(s.column) for s in plan.statistics if s.kind.startswith("price_")}
    texts = tuple(sorted(plan.asked))
    return sources, Source(Path(queries), _OF_QUERIES, texts, tuple(sorted(prices)))


def _remember(
    out: Path, statistics: Sequence[Statistic], base: float, buckets: int, sources: list[Source]
) -> None:
    """Write down what is asked for; refuse a folder that answers another question."""
    files = [
        (str(s.path.resolve()), s.path.stat().st_size, s.path.stat().st_mtime_ns) for s in sources
    ]
    asked = json.dumps([list(map(repr, statistics)), base, buckets, files], indent=1)
    path = out / _QUESTION
    if path.exists():
        if path.read_text() != asked:
            raise HistoryError(f"{out} holds the answer to another question", "name another folder")
        return
    if out.exists() and any(out.iterdir()):
        raise HistoryError(f"{out} is not empty", "name a new folder")
    out.mkdir(parents=True, exist_ok=True)
    with whole_file(path, private=False) as file:
        file.write(asked.encode())


@dataclass(frozen=True)
class _Run:
    """One call: what is asked of which files."""

    out: Path
    events: Mapping[str, Path]
    queries: Path
    buckets: int
    base: float
    rows_at_once: int

    def answer_of(self, key: tuple[str, ...]) -> Path:
        """Return the file that answers a key."""
        return self.out / f"{'.'.join(key) or 'all'}.parquet"

    def steps(self, key: tuple[str, ...], wanted: Sequence[Statistic]) -> Iterator[None]:
        """Answer one key: deal, answer each bucket, put in order."""
        answer = self.answer_of(key)
        work = self.out / f"{answer.stem}.work"
        if answer.exists():
            shutil.rmtree(work, ignore_errors=True)
            yield from (None for _ in range(self.buckets + 2))
            return
        sources, asked = _sources(make_plan(wanted), self.events, self.queries)
        for stream, source in sources.items():
            deal(source, key, self.buckets, work / stream, revised_events(source))
        deal(asked, key, self.buckets, work / _ASKED, pa.array([], pa.string()))
        yield
        for bucket in range(self.buckets):
            self._answer_bucket(bucket, wanted, sources, asked, work)
            yield
        self._put_in_order(answer, [statistic.name for statistic in wanted], asked.rows, work)
        shutil.rmtree(work)
        yield

    def _answer_bucket(
        self,
        bucket: int,
        wanted: Sequence[Statistic],
        sources: Mapping[str, Source],
        asked: Source,
        work: Path,
    ) -> None:
        found = work / f"found-{bucket:05d}"
        queries = read_bucket(work / _ASKED, bucket)
        if found.exists() or queries is None:
            return
        batch = Batch(wanted, self.base)
        for stream, source in sources.items():
            table = read_bucket(work / stream, bucket)
            if table is not None:
                batch.append(_events_of(stream, table, source))
        with whole_file(work / f"rows-{bucket:05d}", private=False) as file:
            file.write(queries[ROW].to_numpy().tobytes())
        with whole_file(found, private=False) as file:
            for first in range(0, len(queries), self.rows_at_once):
                some = _queries_of(queries.slice(first, self.rows_at_once), asked)
                file.write(batch.answer(some).data)

    def _put_in_order(self, answer: Path, names: list[str], size: int, work: Path) -> None:
        """Put the answers of all buckets in the order of the queries."""
        parts = [
            (np.fromfile(work / f"rows-{place.name[6:]}", np.int64), place)
            for place in sorted(work.glob("found-*"))
        ]
        schema = pa.schema([(name, pa.float64()) for name in names])
        step = max(1, min(self.rows_at_once, 1_000_000) // 4)
        with (
            whole_file(answer, private=False) as file,
            pq.ParquetWriter(file, schema, compression="zstd", use_dictionary=False) as writer,
        ):
            for first in range(0, size, step):
                block = np.empty((min(step, size - first), len(names)))
                for rows, path in parts:
                    low, high = np.searchsorted(rows, (first, first + len(block)))
                    block[rows[low:high] - first] = _slice(path, low, high, len(names))
                columns = [pa.array(np.ascontiguousarray(column)) for column in block.T]
                writer.write_table(pa.Table.from_arrays(columns, schema=schema))


def _slice(path: Path, low: int, high: int, width: int) -> F64:
    size = 8 * width
    return np.fromfile(path, np.float64, (high - low) * width, offset=low * size).reshape(-1, width)


def _events_of(stream: str, table: pa.Table, source: Source) -> Events:
    texts, numbers = _split(table, source)
    return Events(
        stream=stream,
        event_id=_objects(table["event_id"]),
        revision=table["revision"].to_numpy(),
        known_at=table["known_at"].to_numpy(),
        unit=_objects(table["unit"]),
        keys=texts,
        values=numbers,
    )


def _queries_of(table: pa.Table, source: Source) -> Queries:
    texts, numbers = _split(table, source)
    return Queries(table["decision_time"].to_numpy(), _objects(table["unit"]), texts, numbers)


def _split(table: pa.Table, source: Source) -> tuple[dict[str, Array], dict[str, F64]]:
    """Return text columns, as categories, and number columns."""
    numbers = {n: table[n].to_numpy().astype(np.float64) for n in source.numbers}
    return {name: _categories(table[name]) for name in source.texts}, numbers


def _categories(column: pa.ChunkedArray) -> Array:
    """Return texts as categories, which take four bytes for each row."""
    whole = pa.chunked_array([pa.concat_arrays(column.chunks)])
    categories: Array = whole.dictionary_encode().to_pandas().array
    return categories


def _objects(column: pa.ChunkedArray) -> Array:
    objects: Array = column.to_numpy().astype(object)
    return objects
