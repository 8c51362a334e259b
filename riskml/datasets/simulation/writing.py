"""Writing a world as Parquet: streaming, deterministic, all four files or none."""

import os
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from riskml.errors import DataError, UsageError

__all__ = ["write_tables"]

_ROWS_PER_GROUP = 131_072
_FEW_WORDS = 1_000


def write_tables(
    parts: Iterable[Mapping[str, pa.Table]], names: Iterable[str], folder: Path
) -> dict[str, int]:
    """Write tables that come in parts, each to ``folder/NAME.parquet``.

    The files appear under their names only when all of them are complete.

    Parameters
    ----------
    parts : iterable of mapping
        Rows of each table; every part has the same tables and columns.
    names : iterable of str
        Tables to write.
    folder : Path
        Made if it is not there.

    Returns
    -------
    dict of int
        Rows written of each table.

    Raises
    ------
    UsageError
        If ``folder`` is a file.
    DataError
        If the files cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--out {folder} is a file", "name a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            writers = {name: stack.enter_context(_Writer(folder, name)) for name in names}
            for part in parts:
                for name, writer in writers.items():
                    writer.add(part[name])
            for writer in writers.values():
                writer.finish()
            for writer in writers.values():
                writer.publish()
            return {name: writer.rows for name, writer in writers.items()}
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"cannot write to {folder}: {reason}", "check space and rights") from error


class _Writer:
    """One Parquet file in the making, beside its final place; removed unless published."""

    def __init__(self, folder: Path, name: str) -> None:
        self.target = folder / f"{name}.parquet"
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name}.parquet.")
        os.close(handle)
        self.temporary = Path(temporary)
        self.rows = 0
        self._waiting: list[pa.Table] = []
        self._waiting_rows = 0
        self._file: pq.ParquetWriter | None = None

    def __enter__(self) -> "_Writer":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
        self.temporary.unlink(missing_ok=True)

    def add(self, table: pa.Table) -> None:
        """Take in rows; they are written in groups of a size that depends on rows alone."""
        self._waiting.append(table)
        self._waiting_rows += table.num_rows
        if self._waiting_rows >= _ROWS_PER_GROUP:
            self._flush()

    def finish(self) -> None:
        """Write what waits and close the file."""
        self._flush()
        if self._file is not None:
            self._file.close()
            self._file = None
        self.temporary.chmod(0o666 & ~_umask())

    def publish(self) -> None:
        """Put the finished file in its place."""
        self.temporary.replace(self.target)

    def _flush(self) -> None:
        if not self._waiting:
            return
        table = _used_words_only(pa.concat_tables(self._waiting))
        if self._file is None:
            self._file = _open(self.temporary, table.schema)
        self._file.write_table(table, row_group_size=max(table.num_rows, 1))
        self.rows += table.num_rows
        self._waiting, self._waiting_rows = [], 0


def _used_words_only(table: pa.Table) -> pa.Table:
    """Leave words that no row uses out of the large vocabularies.

    A row group repeats the whole vocabulary of its columns; names of years would cost more than
    all the rest of it.
    """
    for place, name in enumerate(table.column_names):
        if not pa.types.is_dictionary(table.schema.field(place).type):
            continue
        coded = table.column(place).combine_chunks()
        if len(coded.dictionary) > _FEW_WORDS:
            table = table.set_column(place, name, _shortened(coded))
    return table


def _shortened(coded: pa.DictionaryArray) -> pa.DictionaryArray:
    number = coded.indices.fill_null(0).to_numpy(zero_copy_only=False)
    used = np.zeros(len(coded.dictionary), dtype=bool)
    used[number] = True
    place = np.cumsum(used, dtype=np.int32) - 1
    mask = coded.is_null().to_numpy(zero_copy_only=False) if coded.null_count else None
    words = coded.dictionary.take(pa.array(np.flatnonzero(used)))
    return pa.DictionaryArray.from_arrays(pa.array(place[number], pa.int32(), mask=mask), words)


def _open(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    # A dictionary of values that hardly repeat costs time and is thrown away.
    words = [field.name for field in schema if pa.types.is_dictionary(field.type)]
    moments = [field.name for field in schema if pa.types.is_timestamp(field.type)]
    # Without the Arrow schema in the file, vocabularies are read back as plain text. Least and
    # greatest values are kept of times only, by which readers skip: of text they cost too much.
    return pq.ParquetWriter(
        path,
        schema,
        # Half as dear as zstd, for half as much again on the disk.
        compression="snappy",
        use_dictionary=words,
        write_statistics=moments,
        store_schema=False,
    )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
