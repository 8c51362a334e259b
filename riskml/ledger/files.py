"""Whole files, with the ledger's words for what goes wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from riskml import files
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
    try:
        with files.whole_file(Path(path), replace=replace) as file:
            yield file
    except FileExistsError:
        raise
    except OSError as error:
        raise LedgerError(
            f"{what} {path} cannot be written: {error.strerror}", "choose another place"
        ) from error
