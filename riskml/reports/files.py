"""Several files at once: all of them complete, or none of them touched."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from riskml.errors import DataError
from riskml.files import ordinary_mode

__all__ = ["write_files"]


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Write files, each in one step, after all of them have been written beside their places.

    Parameters
    ----------
    contents : mapping of Path to bytes
        What goes where; folders on the way are made.

    Raises
    ------
    DataError
        If a file cannot be written; then none of them has changed.
    """
    drafts: dict[Path, Path] = {}
    target = Path()
    try:
        for target, content in contents.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_dir():
                raise IsADirectoryError(None, "a folder has that name")
            drafts[target] = _draft(target, content)
        for target, draft in drafts.items():
            draft.replace(target)
    except OSError as error:
        raise DataError(
            f"cannot write {target} ({error.strerror or error})", "check the folder and its disk"
        ) from error
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)


def _draft(target: Path, content: bytes) -> Path:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(ordinary_mode())
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return draft
