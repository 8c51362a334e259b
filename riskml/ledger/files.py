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
def whole_file(path: Path, what: str) -> Iterator[BinaryIO]:
    """Yield a file to write, readable by its owner alone; it appears when the block ends well.

    Parameters
    ----------
    path : Path
        Where it will lie; a file that is there is replaced.
    what : str
        What it is, for errors: ``the export``.

    Raises
    ------
    LedgerError
        If the file cannot be written.
    """
    path = Path(path)
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise LedgerError(
            f"{what} {path} cannot be written: {error.strerror}", "choose another place"
        ) from error
