"""Files that are there whole or not at all, and locks that go with their process.

What fails here is an :class:`OSError`; callers say what it means in their own words.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

__all__ = ["locked", "ordinary_mode", "whole_file"]


@contextmanager
def whole_file(path: Path, *, private: bool = True, replace: bool = True) -> Iterator[BinaryIO]:
    """Yield a file to write; it appears, safe on disk, when the block ends well.

    Parameters
    ----------
    path : Path
        Where it will lie, in a folder that is there.
    private : bool
        Whether its owner alone may read it; else it has the rights of any new file.
    replace : bool
        Whether a file that is there is replaced.

    Raises
    ------
    FileExistsError
        If it is there and is not to be replaced.
    OSError
        If it cannot be written; what was there stays.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if not private:
            Path(name).chmod(ordinary_mode())
        # Only a link refuses, in one step, where something is already.
        (os.replace if replace else os.link)(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file for this process; the lock goes with the process, however it ends.

    Raises
    ------
    BlockingIOError
        If somebody else holds it.
    OSError
        If it cannot be made.
    """
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def ordinary_mode() -> int:
    """Return the rights of any new file; what `tempfile` makes is private."""
    current = os.umask(0)
    os.umask(current)
    return 0o666 & ~current
