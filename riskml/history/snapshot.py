"""A live index on disk: written beside the look-ups, mapped when it is opened again."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from riskml.history.batch import BASE_RATE
from riskml.history.compiled import sources_digest
from riskml.history.container import SnapshotError, read_tree, write_tree
from riskml.history.index import HistoryIndex
from riskml.history.publishing import published
from riskml.history.statistics import Statistic

__all__ = ["load_index", "save_index"]


def save_index(index: HistoryIndex, path: Path) -> None:
    """Write an index to a file, whole or not at all; look-ups go on, appends wait.

    Raises
    ------
    SnapshotBusyError
        If another process is writing this file.
    SnapshotError
        If it cannot be written.
    """
    try:
        with published(path) as file, index.still() as state:
            write_tree(file, {"code": _code(), "index": state})
    except UnicodeEncodeError as cause:
        raise SnapshotError(
            f"snapshot {path} cannot be written: a key holds half of a surrogate pair",
            "correct the text where it comes from; the index itself goes on",
        ) from cause


def load_index(
    path: Path, statistics: Sequence[Statistic], *, base_rate: float = BASE_RATE
) -> HistoryIndex:
    """Return the index that was written; it answers, and grows, as that one would have.

    Its arrays are mapped: memory is read when it is first needed, and what an append changes
    is a copy of this process.

    Raises
    ------
    SnapshotError
        If the file is absent, truncated, altered, was written by another version of this
        package, or holds other statistics. Build the index from the events then.
    """
    tree = read_tree(path)
    if tree["code"] != _code():
        raise SnapshotError(
            f"snapshot {path.name} was written by another version", "history is rebuilt"
        )
    index = HistoryIndex(statistics, base_rate=base_rate)
    index.restore(tree["index"])
    return index


@lru_cache(maxsize=1)
def _code() -> str:
    """Return what the package's sources come to: what a snapshot means stands in them."""
    return sources_digest(sorted(Path(__file__).parent.rglob("*.py")))
