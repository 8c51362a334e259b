"""Files that are there whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from riskml.errors import LedgerError

__all__ = ["whole_file"]


@contextmanager
def whole_file(path: Path, what: str, *, replace: bool = True) -> Iterator[BinaryIO]:
    """Yield a file to write, readable by its owner alone; it appears when the block ends well.

    Parameters
    ----------
    path : Path
        Where it will lie.
    what : str
        What it is, for errors: ``the export``.
    replace : bool
        Whether a file that is there is replaced.

    Raises
    ------
    LedgerError
        If the file cannot be written.
    FileExistsError
        If it is there and is not to be replaced.
    """
    path = Path(path)
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            # Only a link refuses, in one step, where something is already.
            (os.replace if replace else os.link)(temporary, path)
        finally:
            Path(temporary).unlink(missing_ok=True)
    except FileExistsError:
        raise
    except OSError as error:
        raise LedgerError(
            f"{what} {path} cannot be written: {error.strerror}", "choose another place"
        ) from error
