"""A file that appears whole, and that one process at a time may write."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from riskml.files import locked, whole_file
from riskml.history.container import SnapshotError

__all__ = ["SnapshotBusyError", "published"]


class SnapshotBusyError(SnapshotError):
    """Another process, or another thread, is writing the same snapshot."""


@contextmanager
def published(path: Path) -> Iterator[BinaryIO]:
    """Yield a file to write; it takes the place of ``path`` once it is safe on disk.

    Whoever has mapped the file that lay there keeps what it has mapped.

    Parameters
    ----------
    path : Path
        Its folder is made. Beside it lies an empty ``.lock``, held while one writes.

    Raises
    ------
    SnapshotBusyError
        If somebody else is writing it.
    SnapshotError
        If the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Another file than the snapshot: that one is replaced, and a lock would go with it.
        with locked(path.with_name(f"{path.name}.lock")):
            _sweep(path)
            with whole_file(path) as file:
                yield file
            _sync_folder(path.parent)
    except BlockingIOError as cause:
        raise SnapshotBusyError(
            f"snapshot {path} is being written by another process", "let it finish"
        ) from cause
    except OSError as cause:
        raise SnapshotError(
            f"snapshot {path} cannot be written ({cause.strerror or cause})",
            "check the folder and its disk",
        ) from cause


def _sweep(path: Path) -> None:
    """Remove what a killed writer left; nobody else writes while we hold the lock."""
    for left in path.parent.glob(f".{path.name}.*"):
        left.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
