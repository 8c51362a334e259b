"""Snapshots: all that a live history knows, on disk, mapped when it is opened again."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from riskml.history.batch import BASE_RATE
from riskml.history.compiled import sources_digest
from riskml.history.container import SnapshotError, read_tree, write_tree
from riskml.history.index import HistoryIndex
from riskml.history.publishing import published
from riskml.history.statistics import Statistic

__all__ = ["code_of", "load_index", "read_snapshot", "save_index", "write_snapshot"]


def write_snapshot(
    path: Path, still: AbstractContextManager[Mapping[str, Any]], *, code: str
) -> None:
    """Write a tree to a file, whole or not at all.

    Parameters
    ----------
    path : Path
        What lies there is replaced once the new file is safe on disk.
    still : context manager
        Yields the tree (see :mod:`riskml.history.container`), which must not change until it is
        left; whether it is safe on disk is waited for afterwards.
    code : str
        Digest of the code that knows what the tree means, :func:`code_of`.

    Raises
    ------
    SnapshotBusyError
        If another process is writing this file.
    SnapshotError
        If it cannot be written.
    """
    try:
        with published(path) as file, still as tree:
            write_tree(file, {"code": code, "tree": tree})
    except UnicodeEncodeError as cause:
        raise SnapshotError(
            f"snapshot {path} cannot be written: a key holds half of a surrogate pair",
            "correct the text where it comes from; the index itself goes on",
        ) from cause


def read_snapshot(path: Path, *, code: str) -> dict[str, Any]:
    """Return a tree that was written.

    Its arrays are mapped: memory is read when it is first needed, and what is changed is a copy
    of this process.

    Raises
    ------
    SnapshotError
        If the file is absent, truncated, altered, or was written by other code.
    """
    found = read_tree(path)
    if found["code"] != code:
        raise SnapshotError(
            f"snapshot {path.name} was written by another version", "history is rebuilt"
        )
    tree: dict[str, Any] = found["tree"]
    return tree


@lru_cache(maxsize=8)
def code_of(package: Path) -> str:
    """Return what the sources of a package and the libraries of its data come to."""
    libraries = (np.__version__, pd.__version__, pa.__version__)
    return "-".join((sources_digest(sorted(package.rglob("*.py"))), *libraries))


def save_index(index: HistoryIndex, path: Path) -> None:
    """Write an index to a file, whole or not at all; look-ups go on, appends wait.

    Raises
    ------
    SnapshotBusyError
        If another process is writing this file.
    SnapshotError
        If it cannot be written.
    """
    write_snapshot(path, _named(index), code=_code())


def load_index(
    path: Path, statistics: Sequence[Statistic], *, base_rate: float = BASE_RATE
) -> HistoryIndex:
    """Return the index that was written; it answers, and grows, as that one would have.

    Raises
    ------
    SnapshotError
        If the file is absent, truncated, altered, was written by another version of this
        package, or holds other statistics. Build the index from the events then.
    """
    tree = read_snapshot(path, code=_code())
    index = HistoryIndex(statistics, base_rate=base_rate)
    index.restore(tree["index"])
    return index


@contextmanager
def _named(index: HistoryIndex) -> Any:
    with index.still() as state:
        yield {"index": state}


def _code() -> str:
    """Return what this package comes to: what an index means stands in it."""
    return code_of(Path(__file__).parent)
