"""Rows of a Parquet file dealt out by key, so that each bucket fits in memory.

All rows of an entity come to one bucket. Revisions of an event may name different entities: these
few events go to every bucket that any of their revisions names, where they count as they would in
the whole; under entities of other buckets nobody asks there.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from riskml.errors import HistoryError
from riskml.history.arrays import I64, Array

__all__ = ["ROW", "Source", "deal", "read_bucket", "revised_events"]

ROW = "__row"
"""Number of a query in its file."""

_BATCH = 131_072
_MIXER = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Source:
    """A Parquet file of events or queries.

    Attributes
    ----------
    path : Path
    fixed, texts, numbers : tuples of str
        Columns to read: those every such file has, those that name entities, and numbers.
    """

    path: Path
    fixed: tuple[str, ...]
    texts: tuple[str, ...]
    numbers: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns to read."""
        return self.fixed + self.texts + self.numbers

    def __post_init__(self) -> None:
        try:
            present = pq.read_schema(self.path).names
        except (OSError, pa.ArrowException) as cause:
            raise HistoryError(f"{self.path}: no Parquet file ({cause})", "name one") from cause
        for name in self.columns:
            if name not in present:
                raise HistoryError(
                    f"{self.path}: column {name!r} is absent (present: {', '.join(present)})",
                    "add it, all missing if it is not known",
                )

    @property
    def rows(self) -> int:
        """How many rows the file has."""
        return int(pq.read_metadata(self.path).num_rows)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Return the rows, some at a time, texts as plain texts."""
        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(_BATCH, columns=list(columns)):
                table = pa.Table.from_batches([batch])
                for place, field in enumerate(table.schema):
                    if pa.types.is_dictionary(field.type):
                        plain = table.column(place).cast(field.type.value_type)
                        table = table.set_column(place, field.name, plain)
                yield table


def revised_events(source: Source) -> pa.Array:
    """Return the identities of events that have another revision than 0."""
    found = set()
    for table in source.batches(("event_id", "revision")):
        other = pc.not_equal(table["revision"], 0)
        if pc.any(other).as_py():
            found.update(table["event_id"].filter(other).to_pylist())
    return pa.array(sorted(found), pa.string())


def deal(
    source: Source, key: tuple[str, ...], buckets: int, folder: Path, revised: pa.Array
) -> None:
    """Write each row to the bucket of its entity; a folder that is there is whole.

    Parameters
    ----------
    source : Source
    key : tuple of str
    buckets : int
        How many files to write.
    folder : Path
        Where to write them.
    revised : array of str
        What :func:`revised_events` says of events; empty for queries.
    """
    if folder.exists():
        return
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    held, first = [], 0
    with ExitStack() as stack:
        writers: dict[int, pa.RecordBatchStreamWriter] = {}

        def write(table: pa.Table, places: I64) -> None:
            order = np.argsort(places, kind="stable")
            ends = np.searchsorted(places[order], np.arange(buckets + 1))
            table = table.take(order)
            for bucket in np.flatnonzero(np.diff(ends)).tolist():
                if bucket not in writers:
                    path = str(part / _name(bucket))
                    writers[bucket] = stack.enter_context(pa.ipc.new_stream(path, table.schema))
                size = int(ends[bucket + 1] - ends[bucket])
                writers[bucket].write_table(table.slice(int(ends[bucket]), size))

        for table in source.batches(source.columns):
            table = table.append_column(ROW, pa.array(np.arange(first, first + len(table))))
            first += len(table)
            if len(revised):
                some = pc.is_in(table["event_id"], value_set=revised)
                held.append(table.filter(some))
                table = table.filter(pc.invert(some))
            write(table, _buckets_of(table, key, buckets))
        if held:
            everywhere = pa.concat_tables(held)
            rows, places = _every_bucket(everywhere, key, buckets)
            write(everywhere.take(rows), places)
    part.replace(folder)


def read_bucket(folder: Path, bucket: int) -> pa.Table | None:
    """Return the rows of a bucket, None if there are none."""
    path = folder / _name(bucket)
    if not path.exists():
        return None
    with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as reader:
        return reader.read_all()


def _name(bucket: int) -> str:
    return f"{bucket:05d}.arrows"


def _every_bucket(table: pa.Table, key: tuple[str, ...], buckets: int) -> tuple[Array, I64]:
    """Return each row with each bucket that any revision of its event names."""
    ids = table["event_id"].to_numpy(zero_copy_only=False)
    named = pd.DataFrame({"id": ids, "bucket": _buckets_of(table, key, buckets)}).drop_duplicates()
    rows = pd.DataFrame({"id": ids, "row": np.arange(len(ids))})
    both = rows.merge(named, on="id")
    return both["row"].to_numpy(), both["bucket"].to_numpy()


def _buckets_of(table: pa.Table, key: tuple[str, ...], buckets: int) -> I64:
    """Return the bucket of each row: the same for the same texts, in every file and batch."""
    mixed = np.zeros(len(table), np.uint64)
    for name in key:
        column = table[name].combine_chunks().dictionary_encode()
        if isinstance(column, pa.ChunkedArray):
            column = column.combine_chunks()
        texts = column.dictionary.to_numpy(zero_copy_only=False).astype(object)
        hashes = np.append(pd.util.hash_array(texts, categorize=False), np.uint64(0))
        codes = column.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)
        mixed = (mixed ^ hashes[codes]) * _MIXER
        mixed ^= mixed >> np.uint64(32)
    return (mixed % np.uint64(buckets)).astype(np.int64)
